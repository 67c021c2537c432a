/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Elements of a set that are more than one key: ranges, prefixes, and joined ones with
 * such a part. Immutable; who changes a set makes another one and swaps them.
 *
 * They lie sorted by where they begin, in one of their parts, and are a search tree by
 * halves of that array; each knows the last end of those in its subtree. So a look-up
 * leaves out subtrees that end before the key and those that begin behind it. Of one
 * part that takes twice the logarithm of their number: where a subtree begins before
 * the key and ends behind it, one of it holds the key. Of several parts those must be
 * looked at besides whose first part holds the key and the others do not.
 *
 * See Cormen et al., Introduction to Algorithms, 14.3, and Li, cgranges (2019).
 */
#ifndef FWT_SET_RANGES_H
#define FWT_SET_RANGES_H

#include <linux/rcupdate.h>
#include <linux/types.h>
#include "core/set_shape.h"

/**
 * struct fwt_set_ranges - ranges of one family
 * @n: how many
 * @shape: of the set
 * @six: family
 * @by: the part that they are sorted by
 * @off: where it begins in a key
 * @stride: words of each: low key, high key, last end of the subtree, lease, value
 * @rcu: frees it when no reader is left
 */
struct fwt_set_ranges {
	u32 n;
	const struct fwt_set_shape *shape;
	bool six;
	u8 by;
	u8 off;
	u16 stride;
	struct rcu_head rcu;
	u32 data[];
};

/* Room for @n; elements are then to be filled in by fwt_set_ranges_add(). */
struct fwt_set_ranges *fwt_set_ranges_new(const struct fwt_set_shape *shape, bool six, u32 n);
void fwt_set_ranges_add(struct fwt_set_ranges *r, const u32 *low, const u32 *high, u32 lease,
			const u32 *value);

/* The lease of one of them, its low key, behind which is the high one, and its value. */
u32 fwt_set_ranges_at(const struct fwt_set_ranges *r, u32 i, const u32 **low,
		      const u32 **value);

/* All are there: put them in order. */
void fwt_set_ranges_build(struct fwt_set_ranges *r);

/**
 * fwt_set_ranges_find() - is a key in one of them
 * @r: ranges
 * @key: words of a key
 * @live: is a lease good at @now
 * @now: handed to @live
 * @value: NULL, or where to leave the value: of the range that begins last
 * @looks: as fwt_set_has()
 */
bool fwt_set_ranges_find(const struct fwt_set_ranges *r, const u32 *key,
			 bool (*live)(u32 lease, u32 now), u32 now, u32 *value,
			 u32 *looks);

#endif /* FWT_SET_RANGES_H */
