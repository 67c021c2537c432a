// SPDX-License-Identifier: GPL-2.0
/*
 * Which packets meet more than a walk has room for: see room.h.
 *
 * Of each packet, as prove_walk.c does it, how much it meets from a place on until its
 * walk ends; made back to front. The numbers are outcomes, so that changes are put into
 * them as into all others. Trees that sema_room.c finds room enough for are not looked
 * at, which are nearly all.
 */
#include <stdlib.h>

#include "analyse.h"
#include "nat.h"
#include "prove_pick.h"
#include "room.h"

/* What an outcome's verdict is here, its number in @queue. */
#define MET	FWT_OUT_UNKNOWN

#define GIVEN_MAX	200

/**
 * struct looking - for one kind
 * @kind: which
 * @by: to be added to an outcome
 */
struct looking {
	struct fwt_sema *s;
	struct fwt_prove p;
	struct fwt_space sp;
	struct fwt_outcomes out;
	enum fwt_room_kind kind;
	u32 by;
};

static u32 block(struct looking *l, const struct fwt_ir_block *b, struct fwt_ways ways);
static u32 rule(struct looking *l, const struct fwt_ir_rule *r, struct fwt_ways ways);

static u32 number(struct looking *l, u32 n)
{
	struct fwt_outcome o = { .verdict = MET, .queue = n, .effect = FWT_NONE };

	return fwt_prove_leaf(&l->p, &o);
}

/* What modifiers have written into it is not asked. One more than the room is enough. */
static u32 plus(void *ctx, u32 leaf)
{
	struct looking *l = ctx;
	struct fwt_outcome o = *fwt_outcome(&l->out, leaf);

	o.effect = FWT_NONE;
	if (o.verdict == MET)
		o.queue = min(o.queue + l->by, fwt_room_info[l->kind].room + 1);
	return fwt_prove_leaf(&l->p, &o);
}

static u32 more(struct looking *l, u32 f, u32 set, u32 by)
{
	struct fwt_dd *dd = &l->sp.dd;

	if (set == FWT_DD_NO || dd->over)
		return f;
	l->by = by;
	return fwt_dd_ite(dd, set, fwt_dd_leaves(dd, f, plus, l), f);
}

/* Packets that have all fields of a test. */
static u32 there(struct looking *l, const struct fwt_prog_test *t)
{
	struct fwt_space *sp = &l->sp;
	u32 kind, i, f = FWT_DD_NO, have;

	for (kind = 0; kind < FWT_KINDS && !sp->dd.over; kind++) {
		have = fwt_space_kind(sp, kind);
		for (i = 0; i < t->n_fields; i++)
			have = fwt_dd_and(&sp->dd, have,
					  fwt_space_have(sp, t->field[i], kind));
		f = fwt_dd_or(&sp->dd, f, have);
	}
	return f;
}

static u32 alone(struct looking *l, const struct fwt_ir_rule *r, const struct fwt_cond *c)
{
	struct fwt_cond one = *c;

	one.next = NULL;
	return fwt_prove_conds(&l->p, r, &one);
}

/* Its matches: those that are asked, since the ones before hold. */
static u32 asked(struct looking *l, const struct fwt_ir_rule *r, u32 f)
{
	const struct fwt_prog_test *t;
	struct fwt_dd *dd = &l->sp.dd;
	u32 before = FWT_DD_YES, holds, set;
	const struct fwt_cond *c;
	enum fwt_room_kind kind;

	for (c = r->conds; c && !dd->over; c = c->next) {
		holds = alone(l, r, c);
		if (fwt_room_asks(l->s, c, &kind) && kind == l->kind) {
			t = (struct fwt_prog_test *)l->s->b.sec[FWT_SEC_TESTS].data + c->test;
			set = fwt_dd_and(dd, before, there(l, t));
			if (kind == FWT_ROOM_CHARGES)
				set = t->flags & FWT_TEST_NEGATE ? fwt_dd_minus(dd, set, holds) :
								   fwt_dd_and(dd, set, holds);
			f = more(l, f, set, 1);
		}
		before = fwt_dd_and(dd, before, holds);
	}
	return f;
}

/* Of which packets a modifier is counted. */
static u32 counted(struct looking *l, const struct fwt_ir_rule *r, u32 i)
{
	const struct fwt_prog_test *t = fwt_room_changes(l->s, &r->mods[i]);
	struct fwt_space *sp = &l->sp;
	u32 set = FWT_DD_YES;

	if (l->kind == FWT_ROOM_UPDATES)
		return t ? there(l, t) : FWT_DD_NO;
	if (l->kind != FWT_ROOM_EFFECTS)
		return FWT_DD_NO;
	if (r->mod_family[i])
		set = fwt_space_kind(sp, r->mod_family[i] == FWT_FAMILY_6 ? FWT_KIND_IPV6 :
				     FWT_KIND_IPV4);
	if (fwt_nat_is(&r->mods[i]))
		set = fwt_dd_minus(&sp->dd, set,
				   fwt_space_is(sp, FWT_AXIS_CT_STATE, FWT_CT_UNTRACKED,
						FWT_CT_UNTRACKED));
	return set;
}

static u32 tree(struct looking *l, const struct fwt_ir_tree *t, u32 back)
{
	struct fwt_ways ways = { back, back };
	u32 f = back, again;

	if (!t || fwt_prove_recall(&l->p, t, back, &f))
		return f;
	again = fwt_prove_enter(&l->p, t);
	f = block(l, &t->body, ways);
	fwt_prove_leave(&l->p, again);
	fwt_prove_learn(&l->p, t, back, f);
	return f;
}

static u32 branches(struct looking *l, const struct fwt_ir_rule *r, struct fwt_ways ways)
{
	u32 count, f, i, *branch;
	const struct fwt_ir_rule *to = fwt_prove_branches(r, &count);
	struct fwt_prove *p = &l->p;

	if (!count)
		return ways.next;
	branch = malloc((count + 1) * sizeof(*branch));
	if (!branch) {
		p->sp->dd.over = true;
		return ways.next;
	}
	fwt_prove_picks(p, r, branch);
	f = fwt_prove_selected(p, r, ways.next);
	for (i = count; i-- > 0;)
		f = fwt_dd_ite(&p->sp->dd, branch[i],
			       fwt_prove_selected(p, r, rule(l, &to[i], ways)), f);
	free(branch);
	if (l->kind == FWT_ROOM_CHARGES && fwt_room_turns(r))
		f = more(l, f, FWT_DD_YES, 1);
	return f;
}

static u32 end(struct looking *l, const struct fwt_ir_rule *r, struct fwt_ways ways)
{
	switch (r->end) {
	case FWT_END_ACCEPT:
	case FWT_END_DROP:
	case FWT_END_REJECT:
	case FWT_END_QUEUE:
		return number(l, 0);
	case FWT_END_GOTO:
		return tree(l, r->target, ways.back);
	case FWT_END_CALL:
		return tree(l, r->target, ways.next);
	case FWT_END_RETURN:
		return ways.back;
	case FWT_END_BLOCK:
		return block(l, &r->block, ways);
	case FWT_END_SELECT:
	case FWT_END_SPLIT:
		return branches(l, r, ways);
	}
	return ways.next;
}

/* Its effects and end. Where a map has nothing those before it alone are met; of several maps
 * it is the last one that has nothing.
 */
static u32 done(struct looking *l, const struct fwt_ir_rule *r, struct fwt_ways ways)
{
	u32 f = end(l, r, ways), miss = ways.next, first = r->n_mods, last = 0, i;

	for (i = 0; i < r->n_mods; i++)
		if (r->mods[i].flags & FWT_MOD_MAP) {
			first = min(first, i);
			last = i;
		}
	for (i = first; i < r->n_mods; i++) {
		f = more(l, f, counted(l, r, i), 1);
		if (i < last)
			miss = more(l, miss, counted(l, r, i), 1);
	}
	f = fwt_prove_changed(&l->p, r, f, miss);
	l->by = 0;
	f = fwt_dd_leaves(&l->sp.dd, f, plus, l);
	for (i = 0; i < first; i++)
		f = more(l, f, counted(l, r, i), 1);
	return f;
}

static u32 rule(struct looking *l, const struct fwt_ir_rule *r, struct fwt_ways ways)
{
	u32 match, f = ways.next;
	struct fwt_dd *dd = &l->sp.dd;

	if (!fwt_prove_step(&l->p))
		return ways.next;
	match = fwt_prove_match(&l->p, r);
	if (match != FWT_DD_NO && !dd->over) {
		f = done(l, r, ways);
		if (r->enter && l->kind == FWT_ROOM_EFFECTS)
			f = more(l, f, FWT_DD_YES, 1);
		f = fwt_dd_ite(dd, match, f, ways.next);
	}
	return asked(l, r, f);
}

static u32 block(struct looking *l, const struct fwt_ir_block *b, struct fwt_ways ways)
{
	u32 i;

	for (i = b->live; i-- > 0 && !l->sp.dd.over;)
		ways.next = rule(l, &b->rule[i], ways);
	return ways.next;
}

static u32 too_many(void *ctx, u32 leaf)
{
	const struct looking *l = ctx;
	const struct fwt_outcome *o = fwt_outcome(&l->out, leaf);

	return o->verdict == MET && o->queue > fwt_room_info[l->kind].room ? FWT_DD_YES :
									     FWT_DD_NO;
}

static void tell(struct looking *l, const struct fwt_ir_tree *t, u32 set,
		 struct fwt_diag *diag)
{
	const struct fwt_room_info *info = &fwt_room_info[l->kind];
	const struct fwt_ir_rule *r = NULL;
	struct fwt_witness w;
	char hint[800];

	hint[0] = 0;
	if (!fwt_space_pick(&l->sp, set, l->p.hook, &w)) {
		/* That it is under each of many limits needs no telling. */
		if (strlen(w.given) > GIVEN_MAX)
			w.given[0] = 0;
		snprintf(hint, sizeof(hint), "such a packet: %s%s%s%s", w.words,
			 w.given[0] ? " (" : "", w.given, w.given[0] ? ")" : "");
		r = fwt_prove_follow(&l->p, t, w.bits);
		fwt_witness_clean(&w);
	}
	fwt_diag_add(diag, FWT_WARNING, r ? &r->ast->loc : &t->loc,
		     hint[0] ? hint : info->hint,
		     "'%s' drops a packet that this would decide: it can meet more than %u %s",
		     t->name, info->room, info->words);
}

static void look(struct fwt_analyser *a, const struct fwt_ir_tree *t, u32 k, u32 budget)
{
	const struct fwt_room_info *info = &fwt_room_info[k];
	struct looking l = { .s = a->s, .kind = k };
	struct fwt_ways ways;
	u32 f;

	fwt_outcomes_init(&l.out);
	if (fwt_space_init(&l.sp, budget))
		return;
	fwt_prove_init(&l.p, &l.sp, &l.out, l.s);
	if (fwt_space_fix(&l.sp))
		l.sp.dd.over = true;
	l.p.hook = (u32)__builtin_ctz(t->hooks);
	ways.next = number(&l, 0);
	ways.back = ways.next;
	f = block(&l, &t->body, ways);
	if (!l.sp.dd.over)
		f = fwt_dd_leaves(&l.sp.dd, f, too_many, &l);
	f = fwt_dd_and(&l.sp.dd, f,
		       fwt_space_world(&l.sp, l.p.hook,
				       fwt_space_frames(&l.sp, l.s->ast, t->ast_hook)));
	if (l.sp.dd.over)
		fwt_diag_add(a->diag, FWT_WARNING, &t->loc, info->hint,
			     "'%s' drops a packet that meets more than %u %s: there are %u, and whether one meets so many of them is too much to tell",
			     t->name, info->room, info->words, t->room->most[k]);
	else if (f != FWT_DD_NO)
		tell(&l, t, f, a->diag);
	fwt_prove_clean(&l.p);
	fwt_space_clean(&l.sp);
	fwt_outcomes_clean(&l.out);
}

void fwt_analyse_room(struct fwt_analyser *a, u32 budget)
{
	const struct fwt_ir_tree *t;
	u32 k;

	for (t = a->s->trees; t; t = t->next)
		for (k = 0; t->ast_hook && t->room && k < FWT_ROOMS; k++)
			if (t->room->most[k] > fwt_room_info[k].room)
				look(a, t, k, budget);
}
