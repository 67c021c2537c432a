/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The room that a walk has for what it writes down (kmod/core/tree.h): a packet that
 * meets more than there is room for is dropped, too-many-effects, whatever the policy
 * says.
 *
 * sema_room.c counts without regard to what rules match: what every packet that comes
 * to a place has met for certain is an error where it is too much. How much one can have
 * met at most says of most policies at once that there is room enough; of the others
 * analyse_room.c knows which packets, if any, meet too much.
 */
#ifndef FWT_ROOM_H
#define FWT_ROOM_H

#include "sema.h"

enum fwt_room_kind {
	FWT_ROOM_EFFECTS,
	FWT_ROOM_UPDATES,
	FWT_ROOM_COUNTS,
	FWT_ROOM_CHARGES,
	FWT_ROOMS,
};

/** struct fwt_room_info - one kind: so many, what they are called, and what they are */
struct fwt_room_info {
	u32 room;
	const char *words;
	const char *hint;
};

extern const struct fwt_room_info fwt_room_info[FWT_ROOMS];

#define FWT_ROOM_NEVER	0xffffu		/* of @leaves: nothing does */

/**
 * struct fwt_room - what walks meet from a tree's first statement on
 * @leaves: at least, of those that leave it without a verdict
 * @leaves_most: at most
 * @peak: at least, of those that come to the place in it where that is most
 * @most: at most, of all
 */
struct fwt_room {
	u32 leaves[FWT_ROOMS];
	u32 leaves_most[FWT_ROOMS];
	u32 peak[FWT_ROOMS];
	u32 most[FWT_ROOMS];
};

/** fwt_room_asks() - a condition is a test that a walk writes down; @kind: as what */
bool fwt_room_asks(const struct fwt_sema *s, const struct fwt_cond *c,
		   enum fwt_room_kind *kind);

/** fwt_room_turns() - a rule is a split by turns, each of which is written down */
bool fwt_room_turns(const struct fwt_ir_rule *r);

/** fwt_room_changes() - a modifier adds to a set, or removes: the test with its key */
const struct fwt_prog_test *fwt_room_changes(const struct fwt_sema *s,
					     const struct fwt_prog_mod *m);

#endif /* FWT_ROOM_H */
