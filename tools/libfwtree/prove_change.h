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
 * @asks: FWT_FIELD_BIT() of what it goes by: by others it is another one
 * @keeps: FWT_FIELD_BIT() of what it could have changed, and leaves to those before it
 * @from: a field that it copies: of what lacks it nothing is changed; or __FWT_FIELD_MAX
 * @slot: of its effect
 * @translates: addresses or ports
 * @of_source: those of the source
 * @again: a second time it changes nothing more
 * @least: the value of what only lowers; else 0
 * @untracks: what has a connection is left as it is
 * @walked: a walk ends before them: what it may have changed for the next one is asked anew
 * @text: its words: what it leaves unknown is named by them
 */
struct fwt_axis_changes {
	struct fwt_axis_change change[FWT_CHANGES_MAX];
	u32 n;
	u64 fields;
	u64 asks;
	u64 keeps;
	u32 from;
	u32 slot;
	u32 least;
	bool again;
	bool translates;
	bool of_source;
	bool untracks;
	bool walked;
	char text[240];
};

/** fwt_changes_add() - one more; none, where @axis is FWT_AXIS_NONE */
void fwt_changes_add(struct fwt_axis_changes *c, u32 axis, bool known, struct fwt_wide value);

/**
 * fwt_changes_modifier() - what a modifier changes
 * @kind: in packets of this family
 *
 * Return: false where it leaves no trace.
 */
bool fwt_changes_modifier(struct fwt_prove *p, const struct fwt_ir_rule *r,
			  const struct fwt_modifier *m, u32 kind, struct fwt_axis_changes *c);

/** fwt_changes_by_map() - what a map says, or nothing */
bool fwt_changes_by_map(const struct fwt_modifier *m);

/** fwt_changes_has() - the packets that its map has something for, as they are when it is asked */
u32 fwt_changes_has(struct fwt_prove *p, const struct fwt_ir_rule *r,
		    const struct fwt_modifier *m);

/** fwt_changes_put() - @f, of what stands behind the changes, of what stands before them */
u32 fwt_changes_put(struct fwt_prove *p, const struct fwt_axis_changes *c, u32 f);

/** fwt_changes_bits() - one packet, a byte each bit, changed */
void fwt_changes_bits(struct fwt_prove *p, const struct fwt_axis_changes *c, u8 *bits);

#endif /* FWT_PROVE_CHANGE_H */
