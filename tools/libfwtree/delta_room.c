// SPDX-License-Identifier: GPL-2.0
/*
 * Has a walk room for what a delta adds (room.h): without a look at the whole policy, where
 * that is easily said.
 *
 * The base says how much one of its walks can meet at most. A walk with the delta meets no
 * more than that and all that was added, each once, as long as it stands in hooks; in a tree
 * it may be met as often as that is called.
 */
#include "ast.h"
#include "delta.h"
#include "room.h"

_Static_assert(FWT_DELTA_ROOMS == FWT_ROOMS, "kinds of room");

void fwt_delta_count(struct fwt_delta *d, const struct fwt_rule *r, bool once)
{
	const struct fwt_modifier *mod;
	const struct fwt_match *m;
	u32 takes[FWT_ROOMS] = { 0 }, k;

	for (m = r->matches; m; m = m->next) {
		takes[FWT_ROOM_COUNTS] += m->kind == FWT_MATCH_CT_COUNT;
		takes[FWT_ROOM_CHARGES] += m->kind == FWT_MATCH_LIMIT ||
					   m->kind == FWT_MATCH_QUOTA;
	}
	for (mod = r->modifiers; mod; mod = mod->next) {
		takes[FWT_ROOM_EFFECTS]++;
		takes[FWT_ROOM_UPDATES] += mod->kind == FWT_AST_MOD_ADD ||
					   mod->kind == FWT_AST_MOD_REMOVE;
	}
	/* That it took part. */
	takes[FWT_ROOM_EFFECTS] += !fwt_end_decides(r->end.kind);
	for (k = 0; k < FWT_ROOMS; k++) {
		d->counted |= takes[k] > 0;
		d->takes[k] += once || !takes[k] ? takes[k] : FWT_ROOM_NEVER;
	}
}

void fwt_delta_print_room(FILE *out, const struct fwt_sema *s)
{
	u32 most[FWT_ROOMS] = { 0 }, k;
	const struct fwt_ir_tree *t;

	for (t = s->order; t; t = t->after)
		for (k = 0; t->hooks && t->room && k < FWT_ROOMS; k++)
			most[k] = max(most[k], t->room->most[k]);
	fprintf(out, FWT_DELTA_ROOM "%u %u %u %u\n", most[0], most[1], most[2], most[3]);
}

bool fwt_delta_room(const struct fwt_delta *d, const char *defines)
{
	u32 most[FWT_ROOMS], k;

	/* It is the first line. */
	if (!defines || sscanf(defines, FWT_DELTA_ROOM "%u %u %u %u", &most[0], &most[1],
			       &most[2], &most[3]) != FWT_ROOMS)
		return false;
	for (k = 0; k < FWT_ROOMS; k++)
		if (d->takes[k] && most[k] + (u64)d->takes[k] > fwt_room_info[k].room)
			return false;
	return true;
}
