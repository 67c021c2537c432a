/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Limits by rate: what a bucket of tokens is, and the arithmetic of it.
 *
 * A bucket holds as many tokens as the limit's burst, and the limit's rate fills
 * it; a packet (or each of its bytes) takes one. What is remembered of a bucket is
 * a single number: when it will be full again. So an empty memory is a full bucket,
 * taking a token moves that time on by what a token takes to come, and a bucket
 * whose time is over need not be remembered at all. (This is the virtual scheduling
 * algorithm of ITU-T I.371, annex A, and the token bucket of RFC 2697 in other words.)
 *
 * Time is in sixteenths of a nanosecond, 64 bits of it last for 36 years: a token of
 * a hundred million a second takes 160 of them, so that rounding (up, always: never
 * more than the rate) is less than a percent. No division but when a limit is made.
 */
#ifndef FWT_CORE_LIMIT_H
#define FWT_CORE_LIMIT_H

#include "os.h"
#include "fwtree_program.h"

/* From nanoseconds. */
#define FWT_LIMIT_TIME(ns)	((u64)(ns) << 4)

/**
 * struct fwt_limit_rate - a limit, ready to be asked
 * @mult: time of a token, shifted left by @shift
 * @shift: see @mult
 * @bytes: a packet takes a token for each byte, else one
 * @burst: time that an empty bucket takes to be full
 */
struct fwt_limit_rate {
	u64 mult;
	u64 burst;
	u8 shift;
	bool bytes;
};

/* A packet of more bytes counts as one of these: it keeps products in 64 bits. */
#define FWT_LIMIT_BYTES_MAX	(1u << 20)

/**
 * fwt_limit_check() - are the parameters of a LIMIT within their bounds
 * @param: of a struct fwt_prog_object, see enum fwt_limit_param
 *
 * Return: NULL, or what is wrong.
 */
const char *fwt_limit_check(const u32 *param);

/**
 * fwt_limit_rate_init() - from parameters to what is asked
 * @r: filled in
 * @param: they passed fwt_limit_check()
 */
void fwt_limit_rate_init(struct fwt_limit_rate *r, const u32 *param);

static inline u64 fwt_limit_u64(const u32 *param)
{
	return (u64)param[1] << 32 | param[0];
}

/* What a packet of @len bytes takes. */
static inline u64 fwt_limit_cost(const struct fwt_limit_rate *r, u32 len)
{
	if (!r->bytes)
		return r->mult;
	len = min(len, FWT_LIMIT_BYTES_MAX);
	return (len * r->mult + (BIT_ULL(r->shift) - 1)) >> r->shift;
}

/**
 * fwt_limit_under() - are there tokens for a packet
 * @r: the limit
 * @full: when the bucket is full; 0 for one that nobody remembers
 * @now: FWT_LIMIT_TIME() of a clock that only goes forward
 * @len: bytes of the packet
 *
 * Nothing is taken. A packet of more bytes than the burst never gets any.
 */
static inline bool fwt_limit_under(const struct fwt_limit_rate *r, u64 full, u64 now,
				   u32 len)
{
	u64 debt = full > now ? full - now : 0;

	return debt + fwt_limit_cost(r, len) <= r->burst;
}

/**
 * fwt_limit_take() - the tokens of a packet are taken, whether they are there or not
 * @r: the limit
 * @full: as above
 * @now: likewise
 * @len: likewise
 *
 * Return: when the bucket is full then.
 */
static inline u64 fwt_limit_take(const struct fwt_limit_rate *r, u64 full, u64 now, u32 len)
{
	return max(full, now) + fwt_limit_cost(r, len);
}

/* Tokens that are there, for people. */
u64 fwt_limit_tokens(const struct fwt_limit_rate *r, u64 full, u64 now);

/* Buckets of keys. A key is known by 40 bits of a keyed hash of it: FWT_LIMIT_LOW
 * of them and more, as the table grows, say in which set its bucket is, 32 which one
 * it is there. That two keys that come at the same time are one is as likely as one
 * in a million where there are a million; nobody can choose such, not knowing the
 * hash's key. A set is 60 bytes and a lock, a line of memory.
 */
#define FWT_LIMIT_WAYS	5
#define FWT_LIMIT_LOW	8

/* The set that a key's bucket is in. */
static inline u32 fwt_limit_index(u64 hash, u32 mask)
{
	return (u32)hash & mask;
}

static inline u32 fwt_limit_tag(u64 hash)
{
	return (u32)(hash >> FWT_LIMIT_LOW);
}

/* What is known of the hash of a bucket's key. */
static inline u64 fwt_limit_hash(u32 tag, u32 index)
{
	return (u64)tag << FWT_LIMIT_LOW | (index & ((1u << FWT_LIMIT_LOW) - 1));
}

/* Which of a set's buckets is a key's; FWT_LIMIT_WAYS if none is. */
static inline u32 fwt_limit_find(const u32 *tag, u32 wanted)
{
	u32 i;

	for (i = 0; i < FWT_LIMIT_WAYS; i++)
		if (tag[i] == wanted)
			break;
	return i;
}

/**
 * fwt_limit_place() - a bucket for a key that has none
 * @full: of the set's buckets
 * @now: as above
 *
 * Return: one that is full, and so is missed by nobody; else that which is the
 * closest to be: its key gets those of its tokens that had not come yet.
 */
static inline u32 fwt_limit_place(const u64 *full, u64 now)
{
	u32 best = 0, i;

	for (i = 0; i < FWT_LIMIT_WAYS; i++) {
		if (full[i] <= now)
			return i;
		if (full[i] < full[best])
			best = i;
	}
	return best;
}

/**
 * fwt_share_fits() - may one of many who share some memory have so much of it
 * @own: what it would have
 * @used: what all would have together, its own included
 * @all: what there is
 *
 * It may have no more than a quarter of what is left over then (Choudhury and Hahne,
 * "Dynamic queue length thresholds", 1998, with alpha 1/4): who has none yet gets some,
 * and nobody has to give anything back, or needs to know who else there is. One alone has
 * a fifth of all, ten who want what they can get have from there down to a 37th, and the
 * twentieth has a 350th.
 */
static inline bool fwt_share_fits(u64 own, u64 used, u64 all)
{
	return 4 * own + used <= all;
}

/* Choices */

/* @which of a split; those of "random" are less than FWT_COUNTS_RULE. */
#define FWT_CHOICE_SPLIT	0x100

/**
 * fwt_choice() - a number that a connection and a rule have together
 * @seed: the connection's
 * @key: the rule's
 * @which: of that rule's choices
 *
 * Return: 32 bits, as good as random; the same for the same.
 */
u32 fwt_choice(u32 seed, u64 key, u32 which);

/**
 * fwt_choice_words() - the same of a key in place of a connection
 * @word: the key
 * @n: words of it
 * @key: the rule's
 * @which: likewise
 */
u32 fwt_choice_words(const u32 *word, u32 n, u64 key, u32 which);

#endif /* FWT_CORE_LIMIT_H */
