/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The hash of connections: an array of buckets of one cache line each; see
 * conn_hash.c. A connection stands in it under up to three pairs of its ends
 * (core/tuple.h).
 */
#ifndef FWT_CONN_HASH_H
#define FWT_CONN_HASH_H

#include <linux/atomic.h>
#include <linux/rcupdate.h>
#include <linux/siphash.h>
#include <linux/workqueue.h>

#include "core/tuple.h"

struct fwt_conn;
struct fwt_hash_table;

/**
 * struct fwt_hash - a namespace's hash of connections
 * @table: buckets; replaced by the worker @resize alone, read under RCU
 * @key: of the hash function, random, never changed
 * @links: that stand in it
 * @grow_at: number of links from which it grows
 * @bits: log2 of how many buckets there are
 * @shrink: the worker may make it smaller
 * @failed: jiffies when there was no memory for a wider one: it tries again a second later
 * @resize: the worker
 */
struct fwt_hash {
	struct fwt_hash_table __rcu *table;
	siphash_key_t key;
	u32 grow_at;
	u8 bits;
	bool shrink;
	unsigned long failed;
	struct work_struct resize;
	atomic_t links ____cacheline_aligned_in_smp;
};

/* A place in the hash, for visiting; begin with { }. @most: links of the fullest
 * bucket that was met.
 */
struct fwt_hash_walk {
	u64 at;
	bool done;
	u32 most;
};

int fwt_hash_init(struct fwt_hash *h);

/* Nobody looks anything up any more, and nothing stands in it. May sleep. */
void fwt_hash_clean(struct fwt_hash *h);

/* SipHash-1-3 of two words: what the kernel's hsiphash() is on 64-bit machines, for tables;
 * all 64 bits of it, since walks go by hashes. Half the rounds of siphash_2u64(), and no call
 * (Aumasson, Bernstein: SipHash, 2012). What others see, a port, is not made of it alone:
 * bind.c.
 */
static inline u64 fwt_hash_two(u64 a, u64 b, const siphash_key_t *key)
{
	const u64 end = (u64)(sizeof(a) + sizeof(b)) << 56;
	u64 v0 = SIPHASH_CONST_0 ^ key->key[0], v1 = SIPHASH_CONST_1 ^ key->key[1];
	u64 v2 = SIPHASH_CONST_2 ^ key->key[0], v3 = SIPHASH_CONST_3 ^ key->key[1];

	v3 ^= a;
	SIPHASH_PERMUTATION(v0, v1, v2, v3);
	v0 ^= a;
	v3 ^= b;
	SIPHASH_PERMUTATION(v0, v1, v2, v3);
	v0 ^= b;
	v3 ^= end;
	SIPHASH_PERMUTATION(v0, v1, v2, v3);
	v0 ^= end;
	v2 ^= 0xff;
	SIPHASH_PERMUTATION(v0, v1, v2, v3);
	SIPHASH_PERMUTATION(v0, v1, v2, v3);
	SIPHASH_PERMUTATION(v0, v1, v2, v3);
	return (v0 ^ v1) ^ (v2 ^ v3);
}

/* The hash of a packet's tuple, and that of a connection's pair; equal where
 * fwt_ends_match() holds.
 */
static inline u64 fwt_hash_key(const struct fwt_hash *h, const struct fwt_key *k)
{
	if (likely(k->n == 2))
		return fwt_hash_two(k->w[0], k->w[1], &h->key);
	return siphash(k->w, sizeof(k->w), &h->key);
}

static inline u64 fwt_hash_tuple(const struct fwt_hash *h, const struct fwt_tuple *t)
{
	struct fwt_key k FWT_UNSET;

	fwt_tuple_key(t, &k);
	return fwt_hash_key(h, &k);
}

static inline u64 fwt_hash_pair(const struct fwt_hash *h, const struct fwt_ends *e,
				enum fwt_pair pair)
{
	struct fwt_key k FWT_UNSET;

	fwt_ends_key(e, pair, &k);
	return fwt_hash_key(h, &k);
}

/* What a look-up reads first is asked for, to be there by then; @insert: what is written to,
 * too, where it seems that nobody will be found. Under RCU.
 */
void fwt_hash_soon(const struct fwt_hash *h, u64 hash, bool insert);

/**
 * fwt_hash_find() - who stands under a tuple
 * @h: hash
 * @hash: fwt_hash_tuple() of @t
 * @t: tuple, either way round
 * @dir: set to the direction of @t in it; or NULL
 *
 * Context: RCU read lock; takes no lock.
 * Return: a record, perhaps one that is over; or NULL.
 */
struct fwt_conn *fwt_hash_find(const struct fwt_hash *h, u64 hash,
			       const struct fwt_tuple *t, enum fwt_dir *dir);

/**
 * fwt_hash_absent() - is it plain that fwt_hash_find() would find nobody
 * @h: hash
 * @hash: fwt_hash_tuple() of the tuple
 *
 * By the head of the bucket alone; no record is looked at.
 *
 * Context: RCU read lock; takes no lock.
 * Return: true: it would have returned NULL; false: it is to be asked.
 */
bool fwt_hash_absent(const struct fwt_hash *h, u64 hash);

/**
 * fwt_hash_insert() - let a record be found by one of its pairs
 * @h: hash
 * @hash: fwt_hash_pair() of @c and @pair
 * @c: record, not in the hash by @pair; its ends are set
 * @pair: the pair
 *
 * Context: RCU read lock, softirqs off.
 * Return: NULL; the record that stands under the same pair; ERR_PTR(-ENOSPC)
 * where its bucket has FWT_HASH_MOST links already, and eight times its share.
 */
struct fwt_conn *fwt_hash_insert(struct fwt_hash *h, u64 hash, struct fwt_conn *c,
				 enum fwt_pair pair);

/**
 * fwt_hash_remove() - nobody finds it by this pair any more
 * @h: hash
 * @c: record that stands in it
 * @pair: by that
 *
 * The record must be freed by RCU, and never stand under @pair again: who looks
 * up may just be coming by it.
 *
 * Context: RCU read lock, softirqs off.
 */
void fwt_hash_remove(struct fwt_hash *h, struct fwt_conn *c, enum fwt_pair pair);

/* Bytes of its table. What is chained behind full buckets is so by the records' own links. */
u64 fwt_hash_memory(const struct fwt_hash *h);

/* A quarter of its buckets would do; let it be made smaller. */
bool fwt_hash_sparse(const struct fwt_hash *h);
void fwt_hash_shrink(struct fwt_hash *h);

/* Links that a bucket holds at most, by chance: as full as the table is before it
 * grows, one of 10^24 has more.
 */
#define FWT_HASH_MOST	40

/**
 * fwt_hash_next() - the connections of the next bucket
 * @h: hash
 * @w: place
 * @c: filled in, FWT_HASH_MOST at most: those that stand in it by C-V, in the
 *	order of their hashes
 * @at: their hashes. Who does not want to go on behind the i-th one sets
 *	@w->at to at[i], and @w->done to false
 *
 * Places are hashes, which a table that is made anew does not change: each
 * connection that is there throughout a walk is met, and met once.
 *
 * Context: RCU read lock.
 * Return: how many. With none of them @w->done may still be false.
 */
u32 fwt_hash_next(struct fwt_hash *h, struct fwt_hash_walk *w, struct fwt_conn **c,
		  u64 *at);

#endif /* FWT_CONN_HASH_H */
