/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tables of a set's hash: how they lie in memory, see set_hash.h.
 *
 * Hashes and names. A bucket is the hash as a fraction of all hashes, times the number of
 * buckets: so there are as many as are needed, not a power of two of them, and they stand
 * in the order of the hashes of what they hold, in a table of any size.
 *
 * The hash of a key of one word tells which key it is, given 16 bits more. The key's
 * halves are high and low:
 *
 *	mixed = low ^ universal(high)
 *	hash = siphash(mixed) ^ high << 16
 *
 * Whoever has @hash and @mixed has @high, hence @low. Two keys with the same @mixed are
 * never in the same place of 2^16, two others only by chance, whoever chose them: what
 * SipHash says of one and of the other is independent; and keys of which many have the
 * same @mixed can't be found without knowing the universal function, a multiplication of
 * whose result the upper bits are taken: two are the same one time in 2^15 at most
 * (Dietzfelbinger et al., A Reliable Randomized Algorithm for the Closest-Pair Problem,
 * 1997). Another one before it makes that no sequence of a kind does it. The rounds are
 * those of Naor and Reingold, On the Construction of Pseudorandom Permutations, 1999: a
 * universal function, then a pseudo-random one.
 *
 * Wide buckets hold 13 words: of keys of one word the key, of longer ones a hash, where
 * the key lies beside the bucket. Narrow ones are for many keys of one word: a bucket of
 * more than 2^15 has hashes that differ in their lower 17 bits, so @mixed and bit 16 of
 * the hash tell a key from all others there. That makes 28 slots of 17 bits: of a million
 * IPv4 addresses, 3 MB. A core's second cache holds a third of that, where the third one
 * is shared with others; and its pages are few enough for the TLB.
 *
 * What is in free slots. A name that no key of this bucket has. Of wide ones: 0. Of keys
 * of one word, one may be 0 itself, and belongs to one bucket; there it is another key,
 * that belongs to another bucket. Of narrow ones: one of which 17 bits would be those of
 * a hash that the bucket does not reach to; there are some, since it has less than 2^17
 * of them. So who looks a key up finds it where it is, and nowhere else.
 */
#ifndef FWT_SET_TABLE_H
#define FWT_SET_TABLE_H

#include <linux/math64.h>
#include <linux/workqueue.h>

#include "set_hash.h"

#define FWT_SET_WIDE		13
#define FWT_SET_NARROW		28
#define FWT_SET_BUCKETS_MIN	2u
#define FWT_SET_BUCKETS_MAX	(1u << 26)
/* Of narrow ones: an eighth more than 2^15, so that one name in nine is nobody's. */
#define FWT_SET_NARROW_MIN	(9u << 12)

/**
 * struct fwt_set_bucket - a line
 * @seq: odd while it is written to
 * @seq_too: the same
 * @wide: names
 * @over: the bucket behind it, with what is beside that
 * @high: bit 16 of narrow names, see fwt_set_high_bit(); and FWT_SET_OVER
 * @low: the other bits
 */
struct fwt_set_bucket {
	union {
		struct {
			u32 seq;
			u32 wide[FWT_SET_WIDE];
			union {
				struct fwt_set_bucket *over;
				u64 pad;
			};
		};
		struct {
			u32 seq_too;
			u32 high;
			u16 low[FWT_SET_NARROW];
		};
	};
};

#define FWT_SET_OVER	BIT(31)

static_assert(sizeof(struct fwt_set_bucket) == 64);
static_assert(offsetof(struct fwt_set_bucket, wide[1]) % sizeof(u64) == 0);
static_assert(offsetof(struct fwt_set_bucket, low) % sizeof(u64) == 0);
static_assert(FWT_SET_WIDE % 2 == 1 && FWT_SET_NARROW % 4 == 0);

/**
 * struct fwt_set_beside - what lies beside a narrow bucket, before all else
 * @over: the bucket behind it, if it has FWT_SET_OVER
 * @nobody: what is in its free slots
 */
struct fwt_set_beside {
	union {
		struct fwt_set_bucket *over;
		u64 pad;
	};
	u32 nobody;
	u32 pad2;
};

/**
 * struct fwt_set_table - buckets, and behind them what is beside each
 * @n: buckets
 * @narrow: they are
 * @slots: of each
 * @value_at: what is beside a bucket: its struct fwt_set_beside, or keys, if they have
 *	more than a word; from this word on values
 * @lease_at: from this one leases
 * @side_words: all of it
 * @odd: of wide ones, that which key 0 belongs to; @n where there is none
 * @nobody: what is in that one's free slots
 * @side: what is beside the first
 * @size: of all this, bytes
 * @taken: bytes that are the share's, of this and of the buckets that came behind
 * @charged: the table itself is, for packets made it grow; and what is moved to it
 * @pad: the head is a line of its own: so buckets are lines
 * @bucket: buckets
 */
struct fwt_set_table {
	u32 n;
	bool narrow;
	u8 slots;
	u16 value_at;
	u16 lease_at;
	u16 side_words;
	u32 odd;
	u64 size;
	u64 taken;
	u32 nobody;
	bool charged;
	u8 pad[27 - sizeof(u32 *)];
	u32 *side;
	struct fwt_set_bucket bucket[];
};

static_assert(offsetof(struct fwt_set_table, bucket) == 64);

/**
 * struct fwt_set_table_end - what stands behind all that, and no look-up needs
 * @free: work that frees the table when no reader is left
 * @memory: what it was taken of
 * @t: the table
 */
struct fwt_set_table_end {
	struct rcu_work free;
	struct fwt_share *memory;
	struct fwt_set_table *t;
};

/**
 * struct fwt_set_name - what a key is known by
 * @hash: its bucket's place
 * @wide: in a wide bucket
 * @narrow: in a narrow one
 */
struct fwt_set_name {
	u32 hash;
	u32 wide;
	u32 narrow;
};

#define FWT_SET_NARROW_BITS	0x1ffffu

static __always_inline u32 fwt_set_mixed(const struct fwt_set_hash *h, u32 low, u32 high)
{
	u64 far = high * h->mul[0] + h->add;

	return low ^ (u32)(((far ^ far >> 32) * h->mul[1]) >> 48);
}

static __always_inline struct fwt_set_name
fwt_set_name_of(const struct fwt_set_hash *h, const u32 *key)
{
	struct fwt_set_name name;

	if (likely(h->words == 1)) {
		u32 mixed = fwt_set_mixed(h, key[0] & 0xffff, key[0] >> 16);

		name.hash = hsiphash_1u32(mixed, &h->key) ^ (key[0] & 0xffff0000);
		name.wide = key[0];
		name.narrow = mixed | (name.hash & 0x10000);
	} else {
		name.hash = hsiphash(key, h->words * sizeof(u32), &h->key);
		/* The bucket takes the upper bits: the lower ones tell apart. */
		name.wide = name.hash | 1;
		name.narrow = 0;
	}
	return name;
}

/* The bucket of a hash, of @n. */
static __always_inline u32 fwt_set_bucket_of(u32 n, u32 hash)
{
	return ((u64)hash * n) >> 32;
}

/* The first hash of a bucket; of the one behind the last, 2^32. */
static inline u64 fwt_set_first_of(u32 n, u32 i)
{
	return div_u64(((u64)i << 32) + n - 1, n);
}

/* The key of a narrow name in a bucket. */
u32 fwt_set_key_of(const struct fwt_set_hash *h, u32 n, u32 i, u32 name);

/* Names in slots. Which slot it is, nobody can foretell, so there is no branch for each
 * when they are searched.
 */

#define FWT_SET_EACH2	0x0000000100000001ull
#define FWT_SET_EACH4	0x0001000100010001ull

/* The highest bit of a half stays set where that was 0, of the lower one at least if
 * both were.
 */
static __always_inline bool fwt_set_wide_has(const struct fwt_set_bucket *b, u32 name)
{
	const u64 *two = (const u64 *)&b->wide[1];
	u64 wanted = name * FWT_SET_EACH2, zero = 0;
	u32 i;

	for (i = 0; i < FWT_SET_WIDE / 2; i++) {
		u64 differ = READ_ONCE(two[i]) ^ wanted;

		zero |= (differ - FWT_SET_EACH2) & ~differ;
	}
	return (READ_ONCE(b->wide[0]) == name) | !!(zero & FWT_SET_EACH2 << 31);
}

/* Of each quarter the highest bit, set where it is not 0: exactly, since adding carries
 * nothing over. Those of the i-th word are shifted by i, which makes them bits 9 to 15
 * of a quarter; then quarters are brought together.
 */
static __always_inline bool fwt_set_narrow_has(const struct fwt_set_bucket *b, u32 name)
{
	const u64 most = 0x7fff * FWT_SET_EACH4, top = 0x8000 * FWT_SET_EACH4;
	const u64 *four = (const u64 *)b->low;
	u64 wanted = (name & 0xffff) * FWT_SET_EACH4, same = 0;
	u32 i, high = READ_ONCE(b->high);

	for (i = 0; i < FWT_SET_NARROW / 4; i++) {
		u64 differ = READ_ONCE(four[i]) ^ wanted;

		same |= (~(((differ & most) + most) | differ) & top) >> i;
	}
	return ((u32)(same >> 9) | (u32)(same >> 34)) & (name >> 16 ? high : ~high);
}

/* Where that has the bit of a slot. */
static inline u32 fwt_set_high_bit(u32 slot)
{
	static const u8 quarter[4] = { 6, 22, 13, 29 };
#ifdef __BIG_ENDIAN
	slot ^= 3;
#endif
	return BIT(quarter[slot & 3] - slot / 4);
}

static inline u32 fwt_set_slot_get(const struct fwt_set_table *t, const struct fwt_set_bucket *b,
				   u32 slot)
{
	if (!t->narrow)
		return READ_ONCE(b->wide[slot]);
	return READ_ONCE(b->low[slot]) |
	       (READ_ONCE(b->high) & fwt_set_high_bit(slot) ? 0x10000 : 0);
}

static inline void fwt_set_slot_put(const struct fwt_set_table *t, struct fwt_set_bucket *b,
				    u32 slot, u32 name)
{
	u32 bit;

	if (!t->narrow) {
		WRITE_ONCE(b->wide[slot], name);
		return;
	}
	bit = fwt_set_high_bit(slot);
	WRITE_ONCE(b->low[slot], (u16)name);
	WRITE_ONCE(b->high, (b->high & ~bit) | (name >> 16 ? bit : 0));
}

static __always_inline u32 *fwt_set_side(const struct fwt_set_table *t, u32 i)
{
	return t->side + (size_t)i * t->side_words;
}

/* What is beside a bucket that stands behind another one. */
static __always_inline u32 *fwt_set_side_over(const struct fwt_set_bucket *b)
{
	return (u32 *)(b + 1);
}

/* The bucket behind one, or NULL. */
static __always_inline struct fwt_set_bucket *fwt_set_over(const struct fwt_set_table *t,
							   const struct fwt_set_bucket *b,
							   const u32 *side)
{
	if (!t->narrow)
		return READ_ONCE(b->over);
	if (likely(!(READ_ONCE(b->high) & FWT_SET_OVER)))
		return NULL;
	return READ_ONCE(((const struct fwt_set_beside *)side)->over);
}

/* What is in the free slots of a bucket, and of those behind it. */
static inline u32 fwt_set_nobody(const struct fwt_set_table *t, u32 i)
{
	if (t->narrow)
		return ((const struct fwt_set_beside *)fwt_set_side(t, i))->nobody;
	return i == t->odd ? t->nobody : 0;
}

/* @charged: taken of the share, which may have none left: -EDQUOT; else -ENOMEM. */
struct fwt_set_table *fwt_set_table_alloc(const struct fwt_set_hash *h, u32 n, bool narrow,
					  bool charged);
void fwt_set_table_free(const struct fwt_set_hash *h, struct fwt_set_table *t);
/* Likewise, when those that read it now are done; nobody else finds it any more. */
void fwt_set_table_retire(const struct fwt_set_hash *h, struct fwt_set_table *t);

/* Of a bucket that stands behind another one. */
static inline size_t fwt_set_over_bytes(const struct fwt_set_table *t)
{
	return sizeof(struct fwt_set_bucket) + t->side_words * sizeof(u32);
}

void fwt_set_bucket_fill(const struct fwt_set_table *t, struct fwt_set_bucket *b, u32 name);

#endif /* FWT_SET_TABLE_H */
