/* SPDX-License-Identifier: GPL-2.0 */
/* Sets of packets as boxes, and boxes in words. */
#ifndef FWT_DIFF_REGION_H
#define FWT_DIFF_REGION_H

#include "prove_space.h"

/**
 * struct fwt_region_side - a range of an axis
 * @axis: or FWT_AXIS_NONE: question number @first of the space's, and @last says
 *	whether it is answered yes
 * @first: piece; of a raw axis the value's low word
 * @last: likewise
 * @mask: of a raw axis: what its value is masked by; 0 where it is not
 */
struct fwt_region_side {
	u32 axis;
	struct fwt_wide first, last;
	struct fwt_wide mask;
};

#define FWT_REGION_SIDES	40

/** struct fwt_region - packets that are within all of its sides */
struct fwt_region {
	u32 n;
	struct fwt_region_side side[FWT_REGION_SIDES];
};

static inline bool fwt_region_masked(const struct fwt_region_side *s)
{
	return s->mask.h | s->mask.l;
}

/** fwt_region_set() - the packets of a box */
u32 fwt_region_set(struct fwt_space *sp, const struct fwt_region *b);

/**
 * fwt_region_grow() - the box of a packet, grown as far as it goes
 * @b: filled in
 * @bits: the packet
 * @outside: what must not be in it
 * @support: bits that matter at all
 *
 * Return: false where it has more sides than there is room for.
 */
bool fwt_region_grow(struct fwt_space *sp, struct fwt_region *b, const u8 *bits,
		     u32 outside, const u8 *support);

/** fwt_region_narrow() - a range of protocols, interfaces or families that comes down to
 * one is that one
 */
void fwt_region_narrow(struct fwt_space *sp, struct fwt_region *b, u32 world);

/** fwt_region_hull() - the least box that holds a set */
void fwt_region_hull(struct fwt_space *sp, struct fwt_region *b, u32 set, u32 world,
		     const u8 *support);

/**
 * fwt_region_words() - as matches of a rule
 * @within: NULL, or the box whose words stand before: what it is not
 *
 * Return: @buf.
 */
const char *fwt_region_words(const struct fwt_space *sp, const struct fwt_region *b,
			     const struct fwt_region *within, char *buf, size_t size);

/**
 * fwt_region_join() - words that differ in one become a list
 * @words: gets the other's one
 * @other: as fwt_region_words() makes them, or joined before
 *
 * Return: whether they do.
 */
bool fwt_region_join(char *words, const char *other, size_t size);

/** fwt_region_lists() - words that were joined, with their lists in braces; @buf */
const char *fwt_region_lists(const char *words, char *buf, size_t size);

#endif /* FWT_DIFF_REGION_H */
