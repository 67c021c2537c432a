/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A hash of elements that lie in its buckets themselves.
 *
 * What a look-up among a million costs is the cache lines that it touches, and which
 * cache they are in. So a bucket is a line of nothing but what tells elements apart, see
 * set_table.h. The rest of an element lies beside, where a look-up seldom goes: its lease,
 * which says nothing while those of all elements hold for ever; the key, if it has more
 * than a word; and, in maps, the value. What does not fit goes to further buckets behind
 * it. Nothing points to an element, so none needs memory of its own.
 *
 * Synchronization: readers under RCU, without a lock; each bucket has a sequence that
 * is odd while a writer is in it. Writers hold the lock of the set that the hash is
 * of. Resizing (one at a time) moves buckets under that lock, a few at a time, into
 * another table, which readers ask next.
 */
#ifndef FWT_SET_HASH_H
#define FWT_SET_HASH_H

#include <linux/bits.h>
#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "share.h"

struct fwt_set_table;

/**
 * struct fwt_set_hash - elements of one shape
 * @tab: the table
 * @next: what it is moved to just now, or NULL
 * @key: of the hash function: who is added to a set may choose the keys
 * @mul: likewise, see set_table.h
 * @add: likewise
 * @used: there are elements
 * @timed: there are some whose lease must be looked at
 * @words: of an element's key
 * @value_words: of its value
 * @sure: does an element with this lease hold, whatever the time
 * @lock: of the set
 * @memory: the share that packets have for its tables and buckets
 * @count: elements
 * @unsure: those among them that are not sure
 */
struct fwt_set_hash {
	struct fwt_set_table __rcu *tab;
	struct fwt_set_table __rcu *next;
	hsiphash_key_t key;
	u64 mul[2];
	u64 add;
	bool used;
	bool timed;
	u16 words;
	u16 value_words;
	/* What a look-up does not need. */
	bool (*sure)(u32 lease);
	spinlock_t *lock;
	struct fwt_share *memory;
	u32 count;
	u32 unsure;
};

int fwt_set_hash_init(struct fwt_set_hash *h, u32 words, u32 value_words,
		      bool (*sure)(u32 lease), spinlock_t *lock, struct fwt_share *memory);
void fwt_set_hash_clean(struct fwt_set_hash *h);	/* no reader is left */

/**
 * fwt_set_hash_find() - the lease of a key
 * @h: hash
 * @key: @h->words
 *
 * Context: RCU.
 * Return: the lease, 0 where there is no such key.
 */
u32 fwt_set_hash_find(const struct fwt_set_hash *h, const u32 *key);

#define FWT_SET_SURE	U32_MAX

/**
 * fwt_set_hash_look() - likewise, for who wants to know whether it holds
 * @h: hash
 * @key: @h->words
 * @value: NULL, or where to leave the value
 *
 * Context: RCU.
 * Return: as fwt_set_hash_find(), or FWT_SET_SURE, which stands for any lease that holds
 * whatever the time.
 */
u32 fwt_set_hash_look(const struct fwt_set_hash *h, const u32 *key, u32 *value);

/* What follows is for writers, who hold the lock. */

/**
 * fwt_set_hash_put() - add a key, or change its lease and value
 * @h: hash
 * @key: @h->words
 * @lease: not 0
 * @value: @h->value_words, or NULL: those of a key that is there stay
 * @charged: a packet adds it: where that takes memory it is of the share
 *
 * Return: 0, -ENOMEM.
 */
int fwt_set_hash_put(struct fwt_set_hash *h, const u32 *key, u32 lease, const u32 *value,
		     bool charged);

/* Returns whether it was there. */
bool fwt_set_hash_remove(struct fwt_set_hash *h, const u32 *key);

/* Where walks end: behind the last hash. */
#define FWT_SET_HASHES	BIT_ULL(32)

/**
 * fwt_set_hash_walk() - meet each element of some buckets
 * @h: hash
 * @at: the hash to begin at, from 0; set to where to go on, FWT_SET_HASHES at the end.
 *	Elements that stay are met once, whatever is added and resized meanwhile
 * @buckets: how many
 * @fn: returns the element's lease, another one to change it, 0 to remove it
 * @ctx: handed to @fn
 *
 * Context: the lock is held.
 */
void fwt_set_hash_walk(struct fwt_set_hash *h, u64 *at, u32 buckets,
		       u32 (*fn)(void *ctx, const u32 *key, u32 lease, const u32 *value),
		       void *ctx);

/**
 * fwt_set_hash_part() - the same of a bucket, or of a part of it
 * @h: hash
 * @from: where to begin
 * @fine: the bucket is halved so often
 * @fn: as above
 * @ctx: as above
 *
 * Return: where to go on.
 */
u64 fwt_set_hash_part(struct fwt_set_hash *h, u64 from, u8 fine,
		      u32 (*fn)(void *ctx, const u32 *key, u32 lease, const u32 *value),
		      void *ctx);

/**
 * fwt_set_hash_resize() - make room
 * @h: hash
 * @count: elements that it shall have room for
 * @charged: for packets: the table is of the share
 *
 * Context: process, without the lock; one at a time.
 * Return: 0; -ENOMEM, -EDQUOT where the share has none: it stays as it is, only slower.
 */
int fwt_set_hash_resize(struct fwt_set_hash *h, u32 count, bool charged);

/* How many places its table has. The mutex of who resizes is held. */
u32 fwt_set_hash_places(const struct fwt_set_hash *h);

/* Is it so full, or so empty, that another size would serve it better. */
bool fwt_set_hash_misfit(const struct fwt_set_hash *h);

#endif /* FWT_SET_HASH_H */
