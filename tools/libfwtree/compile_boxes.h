/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From a rule's matches to the boxes that hold what passes them: a range in each
 * dimension, for one kind of packet.
 */
#ifndef FWT_COMPILE_BOXES_H
#define FWT_COMPILE_BOXES_H

#include "sema.h"

#define FWT_BOX_ALTS	8	/* boxes of a rule, but for long sets */

struct fwt_box_range {
	u32 lo;
	u32 hi;
};

/**
 * struct fwt_box - what a packet of some kind must hold
 * @flags: FWT_BOX_*
 * @dim: by enum fwt_dim, or enum fwt_dim6; where many are kept, no more than there are
 */
struct fwt_box {
	u8 flags;
	struct fwt_box_range dim[__FWT_DIM6_MAX];
};

/**
 * struct fwt_boxes - alternatives
 * @exact: they say all there is to say
 */
struct fwt_boxes {
	struct fwt_box box[FWT_BOX_ALTS];
	u32 count;
	bool exact;
};

/* Dimensions of boxes for one kind of packet. */
u32 fwt_box_dims(enum fwt_part part);

/* The box that holds every packet of a kind. */
void fwt_box_anything(struct fwt_box *b, enum fwt_part part);

/* The set that a test looks into for a kind of packet, NULL for none. */
const struct fwt_prog_set *fwt_box_set(const struct fwt_gen *g,
				       const struct fwt_prog_test *t, enum fwt_part part);

/* The same if it is one that is tried element by element, and they are many. */
const struct fwt_prog_set *fwt_box_long_set(const struct fwt_gen *g,
					    const struct fwt_prog_test *t, enum fwt_part part);

/**
 * fwt_boxes_cross() - what passes a test, too
 * @g: program that is being made
 * @t: test
 * @part: kind of packet
 * @from: what passed the ones before
 * @room: the most boxes that may come of it
 * @to: filled in; holds too much where it is not exact, never too little
 */
void fwt_boxes_cross(const struct fwt_gen *g, const struct fwt_prog_test *t,
		     enum fwt_part part, const struct fwt_boxes *from, u32 room,
		     struct fwt_boxes *to);

/**
 * fwt_box_element() - narrow a box by one element of a test's set
 * @g: program that is being made
 * @t: test
 * @s: its set
 * @i: element
 * @part: kind of packet
 * @b: narrowed
 * @exact: set to false where the box holds too much
 *
 * Return: false where nothing is left.
 */
bool fwt_box_element(const struct fwt_gen *g, const struct fwt_prog_test *t,
		     const struct fwt_prog_set *s, u32 i, enum fwt_part part,
		     struct fwt_box *b, bool *exact);

#endif /* FWT_COMPILE_BOXES_H */
