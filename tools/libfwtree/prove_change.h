/* SPDX-License-Identifier: GPL-2.0 */
/* Changes of packets, by modifiers and between two hooks. */
#ifndef FWT_PROVE_CHANGE_H
#define FWT_PROVE_CHANGE_H

#include "prove_walk.h"

#define FWT_CHANGES_MAX	8

/** struct fwt_axis_change - an axis has the value; or one that is not @known */
struct fwt_axis_change {
	u32 axis;
	bool known;
	struct fwt_wide value;
};

/**
 * struct fwt_axis_changes - what a modifier changes in packets of one family
 * @change: axes
 * @n: how many
 * @fields: FWT_FIELD_BIT() of what is not what it was: questions about them are new
 * @asks: FWT_FIELD_BIT() of what it is found by in a map: by others it is another one
 * @slot: of its effect
 * @translates: addresses or ports
 * @of_source: those of the source
 * @untracks: what has a connection is left as it is
 * @walked: a walk ends before them: what it may have changed for the next one is asked anew
 * @text: its words: what it leaves unknown is named by them
 */
struct fwt_axis_changes {
	struct fwt_axis_change change[FWT_CHANGES_MAX];
	u32 n;
	u64 fields;
	u64 asks;
	u32 slot;
	bool translates;
	bool of_source;
	bool untracks;
	bool walked;
	char text[240];
};

/** fwt_changes_add() - one more; none, where @axis is FWT_AXIS_NONE */
void fwt_changes_add(struct fwt_axis_changes *c, u32 axis, bool known, struct fwt_wide value);

/** fwt_changes_put() - @f, of what stands behind the changes, of what stands before them */
u32 fwt_changes_put(struct fwt_prove *p, const struct fwt_axis_changes *c, u32 f);

/** fwt_changes_bits() - one packet, a byte each bit, changed */
void fwt_changes_bits(struct fwt_prove *p, const struct fwt_axis_changes *c, u8 *bits);

#endif /* FWT_PROVE_CHANGE_H */
