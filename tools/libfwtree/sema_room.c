// SPDX-License-Identifier: GPL-2.0
/*
 * Is there room for all that a walk meets: counted, see room.h.
 */
#include "room.h"

const struct fwt_room_info fwt_room_info[FWT_ROOMS] = {
	[FWT_ROOM_EFFECTS] = {
		FWT_EFFECTS_MAX, "rules and modifiers that take effect",
		"blocks, rules without a verdict, and modifiers are counted",
	},
	[FWT_ROOM_UPDATES] = {
		FWT_DECISION_UPDATES, "changes of sets", "'add' and 'remove' are counted",
	},
	[FWT_ROOM_COUNTS] = {
		FWT_DECISION_COUNTS, "'ct count'", "each that is asked is counted",
	},
	[FWT_ROOM_CHARGES] = {
		FWT_DECISION_CHARGES, "limits, quotas and splits by turns",
		"those that a packet is under are counted",
	},
};

bool fwt_room_asks(const struct fwt_sema *s, const struct fwt_cond *c,
		   enum fwt_room_kind *kind)
{
	const struct fwt_prog_test *t = s->b.sec[FWT_SEC_TESTS].data;

	if (c->kind != FWT_COND_TEST || c->test >= s->b.sec[FWT_SEC_TESTS].count)
		return false;
	switch (t[c->test].op) {
	case FWT_TEST_COUNT:
		*kind = FWT_ROOM_COUNTS;
		return true;
	case FWT_TEST_LIMIT:
	case FWT_TEST_QUOTA:
		*kind = FWT_ROOM_CHARGES;
		return true;
	}
	return false;
}

bool fwt_room_turns(const struct fwt_ir_rule *r)
{
	return r->end == FWT_END_SPLIT && r->split && r->split->test.op == FWT_TEST_SPLIT_TURN;
}

const struct fwt_prog_test *fwt_room_changes(const struct fwt_sema *s,
					     const struct fwt_prog_mod *m)
{
	const struct fwt_prog_test *t = s->b.sec[FWT_SEC_TESTS].data;

	if ((m->type != FWT_MOD_SET_ADD && m->type != FWT_MOD_SET_REMOVE) ||
	    m->a >= s->b.sec[FWT_SEC_TESTS].count)
		return NULL;
	return t + m->a;
}

/**
 * struct met - on the ways to a place
 * @least: by all of them; FWT_ROOM_NEVER where there is none
 * @most: by one of them
 */
struct met {
	u32 least[FWT_ROOMS];
	u32 most[FWT_ROOMS];
};

/* What leaves a part of a tree, as in struct fwt_ways. */
struct leaving {
	struct met next;
	struct met back;
};

/**
 * struct counting - a tree
 * @room: of it, so far
 * @told: kinds of which an error was told
 */
struct counting {
	struct fwt_sema *s;
	const struct fwt_ir_tree *tree;
	struct fwt_room *room;
	u32 told;
};

static const struct met nobody = {
	.least = { FWT_ROOM_NEVER, FWT_ROOM_NEVER, FWT_ROOM_NEVER, FWT_ROOM_NEVER },
};

static void join(struct met *a, const struct met *b)
{
	u32 k;

	for (k = 0; k < FWT_ROOMS; k++) {
		a->least[k] = min(a->least[k], b->least[k]);
		a->most[k] = max(a->most[k], b->most[k]);
	}
}

/* Trees lead to others, so numbers multiply. */
static u32 sum(u32 a, u32 b)
{
	return min(a + b, FWT_ROOM_NEVER);
}

/* Here packets have met so much, from the tree's first statement on. */
static void place(struct counting *c, const struct fwt_rule *at, u32 k, u32 least, u32 most)
{
	const struct fwt_room_info *info = &fwt_room_info[k];

	c->room->most[k] = max(c->room->most[k], most);
	if (least == FWT_ROOM_NEVER || least <= c->room->peak[k])
		return;
	c->room->peak[k] = least;
	/* Between rules of a patch stand those of its base: fwt_delta_room(). */
	if (c->s->patch)
		return;
	if (least <= info->room || c->told & BIT(k) || !c->tree->hooks)
		return;
	c->told |= BIT(k);
	fwt_error_hint(c->s->diag, &at->loc, info->hint,
		       "each packet that goes this way meets %u %s: with more than %u it is dropped, whatever rules say",
		       least, info->words, info->room);
}

static void meet(struct counting *c, const struct fwt_rule *at, struct met *m, u32 k,
		 bool sure)
{
	m->most[k] = sum(m->most[k], 1);
	if (m->least[k] < FWT_ROOM_NEVER - 1)
		m->least[k] += sure;
	place(c, at, k, m->least[k], m->most[k]);
}

/* No IP packet lacks these. */
#define ALWAYS (FWT_FIELD_BIT(SADDR) | FWT_FIELD_BIT(DADDR) | FWT_FIELD_BIT(PROTOCOL) | \
		FWT_FIELD_BIT(FAMILY) | FWT_FIELD_BIT(MARK))

static bool always(const struct counting *c, const struct fwt_prog_test *t)
{
	u32 i;

	if (c->tree->hooks & ~FWT_HOOKS_INET)
		return false;
	for (i = 0; i < t->n_fields; i++)
		if (!(ALWAYS >> t->field[i] & 1))
			return false;
	return true;
}

/* Its matches: whether or not they hold. */
static void asked(struct counting *c, const struct fwt_ir_rule *r, struct met *m)
{
	const struct fwt_prog_test *t = c->s->b.sec[FWT_SEC_TESTS].data;
	const struct fwt_cond *i;
	enum fwt_room_kind kind;

	for (i = r->conds; i; i = i->next)
		if (fwt_room_asks(c->s, i, &kind))
			/* Under a limit is who it lets be. */
			meet(c, r->ast, m, kind, i == r->conds && kind == FWT_ROOM_COUNTS &&
			     always(c, t + i->test));
}

static void modifiers(struct counting *c, const struct fwt_ir_rule *r, struct met *m)
{
	const struct fwt_prog_test *t;
	u32 i;

	for (i = 0; i < r->n_mods; i++) {
		bool sure = !r->maps && !r->mod_family[i] && !fwt_nat_is(&r->mods[i]);

		/* Of targets of both families it is one. */
		if (i && r->mod_family[i] && r->mod_family[i - 1] &&
		    r->mod_family[i] != r->mod_family[i - 1])
			continue;
		t = fwt_room_changes(c->s, &r->mods[i]);
		if (t)
			meet(c, r->ast, m, FWT_ROOM_UPDATES, sure && always(c, t));
		meet(c, r->ast, m, FWT_ROOM_EFFECTS, sure);
	}
}

static struct leaving block(struct counting *c, const struct fwt_ir_block *b,
			    const struct met *in);
static void rule(struct counting *c, const struct fwt_ir_rule *r, const struct met *in,
		 struct leaving *out);

/* Into another tree, and out of it. */
static struct met tree(struct counting *c, const struct fwt_ir_rule *r, const struct met *in)
{
	const struct fwt_room *room = r->target ? r->target->room : NULL;
	struct met out = *in;
	u32 k;

	for (k = 0; room && k < FWT_ROOMS; k++) {
		place(c, r->ast, k, sum(in->least[k], room->peak[k]),
		      sum(in->most[k], room->most[k]));
		out.least[k] = sum(in->least[k], room->leaves[k]);
		out.most[k] = sum(in->most[k], room->leaves_most[k]);
	}
	return room && !r->target->back ? nobody : out;
}

static void branches(struct counting *c, const struct fwt_ir_rule *branch, u32 n,
		     const struct met *in, struct leaving *out)
{
	u32 i;

	for (i = 0; i < n; i++)
		rule(c, &branch[i], in, out);
}

/* What a rule lets by is joined to @out. */
static void rule(struct counting *c, const struct fwt_ir_rule *r, const struct met *in,
		 struct leaving *out)
{
	struct leaving l = { nobody, nobody };
	struct met m = *in;

	asked(c, r, &m);
	if (r->goes_on && (r->conds || r->maps || r->families != (FWT_FAMILY_4 | FWT_FAMILY_6)))
		join(&out->next, &m);
	if (r->enter)
		meet(c, r->ast, &m, FWT_ROOM_EFFECTS, true);
	modifiers(c, r, &m);
	/* Where a map has nothing, what stands before it was met. */
	if (r->goes_on && r->maps)
		join(&out->next, &m);
	switch (r->end) {
	case FWT_END_GOTO:
		l.back = tree(c, r, &m);
		break;
	case FWT_END_CALL:
		l.next = tree(c, r, &m);
		break;
	case FWT_END_RETURN:
		l.back = m;
		break;
	case FWT_END_BLOCK:
		l = block(c, &r->block, &m);
		break;
	case FWT_END_SELECT:
		if (!r->select || r->select->fallback == FWT_NONE)
			l.next = m;
		if (r->select)
			branches(c, r->select->branch, r->select->count, &m, &l);
		break;
	case FWT_END_SPLIT:
		if (fwt_room_turns(r))
			meet(c, r->ast, &m, FWT_ROOM_CHARGES, true);
		if (r->split)
			branches(c, r->split->branch, r->split->count, &m, &l);
		break;
	case FWT_END_ACCEPT:
	case FWT_END_DROP:
	case FWT_END_REJECT:
	case FWT_END_QUEUE:
		break;
	default:
		l.next = m;
		break;
	}
	join(&out->next, &l.next);
	join(&out->back, &l.back);
}

static struct leaving block(struct counting *c, const struct fwt_ir_block *b,
			    const struct met *in)
{
	struct leaving l = { *in, nobody };
	struct met here;
	u32 i;

	for (i = 0; i < b->live; i++) {
		here = l.next;
		l.next = nobody;
		rule(c, &b->rule[i], &here, &l);
	}
	return l;
}

void fwt_room_check(struct fwt_sema *s)
{
	struct fwt_ir_tree *t;
	struct leaving l;
	struct met none;

	memset(&none, 0, sizeof(none));
	for (t = s->order; t; t = t->after) {
		struct counting c = { .s = s, .tree = t };

		c.room = fwt_sema_alloc(s, sizeof(*c.room));
		if (!c.room)
			return;
		t->room = c.room;
		l = block(&c, &t->body, &none);
		join(&l.next, &l.back);
		memcpy(c.room->leaves, l.next.least, sizeof(c.room->leaves));
		memcpy(c.room->leaves_most, l.next.most, sizeof(c.room->leaves_most));
	}
}
