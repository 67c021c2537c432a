/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of live sets share: set.c has elements by walks and by processes,
 * set_base.c those of policies.
 */
#ifndef FWT_SET_PRIVATE_H
#define FWT_SET_PRIVATE_H

#include <linux/jiffies.h>

#include "set.h"

/* Leases, see set.h */

#define LEASE_FILES	3u	/* lease_file() of both phases */
#define LEASE_SHIFT	2
#define UNIT_SHIFT	6	/* ms */
#define UNITS_MASK	(~0u >> LEASE_SHIFT)
#define UNTIL_NEVER	1u	/* no lease of its own */
#define UNTIL_FOREVER	2u
#define UNTIL_FIRST	3u

static inline u32 units_now(void)
{
	return (u32)(jiffies64_to_msecs(get_jiffies_64()) >> UNIT_SHIFT) & UNITS_MASK;
}

static inline u32 lease_file(u32 phase)
{
	return 1u << phase;
}

static inline u32 until(u32 lease)
{
	return lease >> LEASE_SHIFT;
}

static inline u32 lease_until(u32 units)
{
	return units << LEASE_SHIFT;
}

/* Never shorter than was said, and up to 128 ms longer. */
static inline u32 units_of(u64 ms, u32 now)
{
	if (ms == FWT_SET_FOREVER)
		return UNTIL_FOREVER;
	return max((u32)(now + (ms >> UNIT_SHIFT) + 2) & UNITS_MASK, UNTIL_FIRST);
}

/* Units are compared in a circle of 2^30. */
static inline s32 units_left(u32 lease, u32 now)
{
	return (s32)((until(lease) - now) << LEASE_SHIFT) >> LEASE_SHIFT;
}

static inline bool own_lease(u32 lease, u32 now)
{
	return until(lease) == UNTIL_FOREVER ||
	       (until(lease) >= UNTIL_FIRST && units_left(lease, now) > 0);
}

static inline bool live(u32 lease, u32 now, u32 phase)
{
	return lease & lease_file(phase) || own_lease(lease, now);
}

/* Whatever the time. */
static inline bool held(u32 lease, u32 phase)
{
	return lease & lease_file(phase) || until(lease) == UNTIL_FOREVER;
}

/* And whichever policy asks. */
static inline bool sure(u32 lease)
{
	return (lease & LEASE_FILES) == LEASE_FILES || until(lease) == UNTIL_FOREVER;
}

static inline u64 ms_left(u32 lease, u32 now, u32 phase)
{
	if (held(lease, phase))
		return FWT_SET_FOREVER;
	return (u64)units_left(lease, now) << UNIT_SHIFT;
}

/* 0 where nothing holds it any more. */
static inline u32 lease_or_none(u32 lease)
{
	return lease == lease_until(UNTIL_NEVER) ? 0 : lease;
}

/* Of both phases what one says. */
static inline u32 lease_of_phase(u32 lease, u32 phase)
{
	return lease & lease_file(phase) ? lease | LEASE_FILES : lease & ~LEASE_FILES;
}

/* Elements */

static inline struct fwt_set_hash *fwt_set_hash_at(struct fwt_set *s, u32 i)
{
	return i & 1 ? &s->part[i / 2].ranges : &s->part[i / 2].keys;
}

static inline u32 fwt_set_n_hashes(const struct fwt_set *s)
{
	return s->shape.split ? 4 : 2;
}

static inline bool fwt_set_is_key(const struct fwt_set *s, const struct fwt_set_elem *e)
{
	return !memcmp(e->low, e->high, s->shape.words[e->six] * sizeof(u32));
}

/* By what an element is known in its hash; @pair has room for two keys. */
static inline struct fwt_set_hash *
fwt_set_hash_for(struct fwt_set *s, const struct fwt_set_elem *e, const u32 **key, u32 *pair)
{
	u32 words = s->shape.words[e->six];

	*key = e->low;
	if (fwt_set_is_key(s, e))
		return &s->part[e->six].keys;
	memcpy(pair, e->low, words * sizeof(u32));
	memcpy(pair + words, e->high, words * sizeof(u32));
	*key = pair;
	return &s->part[e->six].ranges;
}

/* Each element of all hashes, a few at a time; as fwt_set_hash_walk(). */
void fwt_set_all_hashes(struct fwt_set *s,
			u32 (*fn)(void *ctx, const u32 *key, u32 lease, const u32 *value),
			void *ctx);

/* The ranges that there are in a phase, with room for @more; @strange: but for those that
 * its policy has. NULL where there is no room for any, or -ENOMEM. Their number can't
 * change under the mutex.
 */
struct fwt_set_ranges *fwt_set_gather(struct fwt_set *s, bool six, u32 phase, u32 more,
				      bool strange);
/* All are there: in order, to be searched; NULL for none. */
struct fwt_set_ranges *fwt_set_in_order(struct fwt_set_ranges *r);
void fwt_set_array_swap(struct fwt_set *s, bool six, u32 phase, struct fwt_set_ranges *r);

/* What a map gives for a key that is there, already. Under RCU. */
bool fwt_set_gives(const struct fwt_set_hash *h, const u32 *key, const u32 *value);

void fwt_set_work_soon(struct fwt_set *s, unsigned long delay);

/* struct fwt_object_ops */
void fwt_set_read_params(struct fwt_set *s, const u32 *p);
bool fwt_set_alike(const struct fwt_object *o, const struct fwt_program *prog, u32 i);
int fwt_set_prepare(struct fwt_object *o, const struct fwt_program *prog, u32 i,
		    struct netlink_ext_ack *extack);
void fwt_set_cancel(struct fwt_object *o);
void fwt_set_publish(struct fwt_object *o, const struct fwt_program *prog, u32 i);

#endif /* FWT_SET_PRIVATE_H */
