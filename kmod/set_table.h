/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tables of a set's hash: how they lie in memory, see set_hash.h.
 *
 * A million IPv4 addresses have 6.6 MB of buckets: a core's second cache holds a part of
 * that, the third all, and the pages are few enough for the second TLB. Which is why a
 * table has as many buckets as it needs, not a power of two of them: the bucket is the
 * hash as a fraction of all hashes, times their number. So buckets stand in the order of
 * the hashes of what they hold, in a table of any size.
 *
 * What is in free slots. A word that no key of this bucket has: 0. Of keys of one word,
 * one may be 0 itself, and belongs to one bucket; there it is another key, that belongs
 * to another bucket. So who looks a key up finds it where it is, and nowhere else.
 */
#ifndef FWT_SET_TABLE_H
#define FWT_SET_TABLE_H

#include "set_hash.h"

#define FWT_SET_SLOTS		13
#define FWT_SET_BUCKETS_MIN	2u
#define FWT_SET_BUCKETS_MAX	(1u << 26)

/**
 * struct fwt_set_bucket - a line
 * @seq: odd while it is written to
 * @tag: of each slot: the key, or its hash
 * @over: the bucket behind it, with what is beside that
 */
struct fwt_set_bucket {
	u32 seq;
	u32 tag[FWT_SET_SLOTS];
	union {
		struct fwt_set_bucket *over;
		u64 pad;
	};
};

static_assert(sizeof(struct fwt_set_bucket) == 64);

/**
 * struct fwt_set_table - buckets, and behind them what is beside each
 * @n: buckets
 * @odd: the one that key 0 belongs to; @n where keys have more than a word
 * @size: of all this, bytes
 * @nobody: what is in the odd one's free slots
 * @pad: the head is a line of its own: so buckets are lines
 * @side: what is beside the first
 * @bucket: buckets
 */
struct fwt_set_table {
	u32 n;
	u32 odd;
	u64 size;
	u32 nobody;
	u8 pad[44 - sizeof(u32 *)];
	u32 *side;
	struct fwt_set_bucket bucket[];
};

static_assert(offsetof(struct fwt_set_table, bucket) == 64);

static __always_inline u32 fwt_set_hash_of(const struct fwt_set_hash *h, const u32 *key)
{
	if (h->words == 1)
		return hsiphash_1u32(key[0], &h->key);
	return hsiphash(key, h->words * sizeof(u32), &h->key);
}

/* The bucket of a hash, of @n. */
static __always_inline u32 fwt_set_bucket_of(u32 n, u32 hash)
{
	return ((u64)hash * n) >> 32;
}

struct fwt_set_table *fwt_set_table_alloc(const struct fwt_set_hash *h, u32 n);
void fwt_set_table_free(const struct fwt_set_hash *h, struct fwt_set_table *t);

/**
 * fwt_set_over_alloc() - a bucket to be put behind another one
 * @h: hash
 * @gfp: flags
 * @must: half of a table is moved, so that the limit does not count any more. It is
 *	passed by no more than the elements there are, until the former table goes
 */
struct fwt_set_bucket *fwt_set_over_alloc(const struct fwt_set_hash *h, gfp_t gfp, bool must);
void fwt_set_over_free(const struct fwt_set_hash *h, struct fwt_set_bucket *b);

/* What is in the free slots of a bucket, and of those behind it. */
static inline u32 fwt_set_nobody(const struct fwt_set_table *t, u32 i)
{
	return i == t->odd ? t->nobody : 0;
}

static inline void fwt_set_bucket_fill(struct fwt_set_bucket *b, u32 tag)
{
	u32 k;

	for (k = 0; k < FWT_SET_SLOTS; k++)
		b->tag[k] = tag;
}

#endif /* FWT_SET_TABLE_H */
