// SPDX-License-Identifier: GPL-2.0
/*
 * Long runs of rules -> forests.
 *
 * A rule of a run becomes boxes, for each kind of packet its own, and nodes: the
 * tests that boxes can't express, which end in MISS, and then what the rule does.
 * A rule that does not end the walk goes on at a FOREST node of its own, made
 * between its nodes and those of the rules behind it: so it looks among these.
 *
 * A match on several values becomes several boxes while they are few, else the
 * box that holds them all and a test. Where the test would try one value after the
 * other (joined fields with ranges), each value is a box of its own, however many.
 */
#include <stdlib.h>

#include "box.h"
#include "compile_boxes.h"
#include "forest.h"

/* A run of rules on its way to be a forest */

/* The boxes of one kind of packet, in the order of rules. */
struct part {
	struct fwt_vec box;	/* struct fwt_box, cut behind its dimensions */
	struct fwt_vec rule;	/* u32: number in the run */
	struct fwt_forest f;
};

struct run {
	struct fwt_gen *g;
	const struct fwt_ir_rule *rule;
	u32 count;
	u32 *node;		/* by rule */
	u8 *tests;		/* by rule: whether it has any */
	struct part part[__FWT_PART_MAX];
	u64 room;		/* boxes that rules may have besides one each */
	u64 elements;		/* of sets, that may become boxes */
};

static bool exists(const struct fwt_ir_rule *rule, enum fwt_part part)
{
	static const u8 family[__FWT_PART_MAX] = {
		[FWT_PART_IPV4] = FWT_FAMILY_4, [FWT_PART_IPV6] = FWT_FAMILY_6,
		[FWT_PART_OTHER] = FWT_FAMILY_4 | FWT_FAMILY_6,
	};

	return (rule->families & family[part]) == family[part];
}

static bool add_box(struct part *p, const struct fwt_box *b, u32 number)
{
	void *box = fwt_vec_add(&p->box, 1);
	u32 *rule = fwt_vec_add(&p->rule, 1);

	if (!box || !rule)
		return false;
	memcpy(box, b, p->box.size);
	*rule = number;
	return true;
}

static struct fwt_box box_at(const struct part *p, u32 i)
{
	struct fwt_box b;

	memcpy(&b, (u8 *)p->box.data + (size_t)i * p->box.size, p->box.size);
	return b;
}

/* A condition that the walk writes down: they stand last. */
static bool noted(const struct fwt_gen *g, const struct fwt_cond *c)
{
	const struct fwt_prog_test *t = g->b->sec[FWT_SEC_TESTS].data;

	return c->kind == FWT_COND_TEST && fwt_test_noted(&t[c->test]);
}

/* Each element of @t's set with each of @from. */
static bool add_elements(struct run *r, u32 number, enum fwt_part part,
			 const struct fwt_boxes *from, const struct fwt_prog_test *t, bool *exact)
{
	const struct fwt_prog_set *s = fwt_box_set(r->g, t, part);
	u32 i, k;

	for (k = 0; k < from->count; k++)
		for (i = 0; i < s->count; i++) {
			struct fwt_box b = from->box[k];

			if (fwt_box_element(r->g, t, s, i, part, &b, exact) &&
			    !add_box(&r->part[part], &b, number))
				return false;
		}
	return true;
}

/* The boxes of a rule. Conditions that they do not express are marked. */
static bool boxes_of(struct run *r, u32 number, enum fwt_part part, u64 *inexact)
{
	const struct fwt_ir_rule *rule = &r->rule[number];
	const struct fwt_prog_test *test = r->g->b->sec[FWT_SEC_TESTS].data;
	struct fwt_boxes two[2], *now = &two[0], *then = &two[1], *swap;
	struct part *p = &r->part[part];
	const struct fwt_prog_test *many = NULL;
	const struct fwt_cond *c;
	u64 marks = 0, many_mark = 0;
	u32 at = 0, room;
	bool exact = true;

	now->count = 1;
	fwt_box_anything(&now->box[0], part);
	room = r->room >= FWT_BOX_ALTS ? FWT_BOX_ALTS : 1;
	for (c = rule->conds; c && !noted(r->g, c) && now->count; c = c->next, at++) {
		u64 mark = 1ull << min(at, 63u);

		if (c->kind != FWT_COND_TEST) {
			marks |= mark;
			continue;
		}
		if (!many && fwt_box_long_set(r->g, &test[c->test], part)) {
			many = &test[c->test];
			many_mark = mark;
		}
		fwt_boxes_cross(r->g, &test[c->test], part, now, room, then);
		if (!then->exact)
			marks |= mark;
		swap = now;
		now = then;
		then = swap;
	}
	if (!now->count)
		return true;
	if (many) {
		u64 elements = (u64)fwt_box_set(r->g, many, part)->count * now->count;

		if (elements > r->elements) {
			many = NULL;
		} else {
			r->elements -= elements;
			if (!add_elements(r, number, part, now, many, &exact))
				return false;
			/* The mark of the last ones is others', too. */
			if (exact && many_mark != 1ull << 63)
				marks &= ~many_mark;
		}
	}
	/* The last mark stands for all that follow it, too. */
	*inexact |= marks;
	if (many)
		return true;
	r->room -= min(r->room, (u64)now->count - 1);
	for (at = 0; at < now->count; at++)
		if (!add_box(p, &now->box[at], number))
			return false;
	return true;
}

/* The conditions that are left to test, last ones first made. */
static u32 emit_tests(struct run *r, const struct fwt_cond *c, u32 at, u64 inexact,
		      u32 yes, u32 miss)
{
	struct fwt_cond one;

	if (!c || noted(r->g, c))
		return yes;
	yes = emit_tests(r, c->next, at + 1, inexact, yes, miss);
	if (!(inexact >> min(at, 63u) & 1))
		return yes;
	one = *c;
	one.next = NULL;
	return fwt_emit_conds(r->g, &one, yes, miss);
}

static bool goes_on(const struct run *r, const struct fwt_ir_rule *rule)
{
	const struct fwt_cond *c;

	for (c = rule->conds; c; c = c->next)
		if (noted(r->g, c))
			return true;
	return rule->maps || !fwt_end_decides(rule->end);
}

/* What the walk itself asks, of a rule that was found. */
static u32 emit_noted(struct run *r, const struct fwt_ir_rule *rule, u32 yes, u32 no)
{
	const struct fwt_cond *c = rule->conds;

	while (c && !noted(r->g, c))
		c = c->next;
	return fwt_emit_conds(r->g, c, yes, no);
}

static bool grow(struct part *p, u32 dims, const struct fwt_progress *progress)
{
	struct fwt_forest_boxes boxes = {
		.n_dims = dims, .count = p->box.count, .progress = progress,
	};
	u32 *values, d, i;
	bool ok;

	values = malloc(((size_t)2 * dims * boxes.count + 1) * sizeof(u32));
	if (!values)
		return false;
	fwt_prefault(values, (size_t)2 * dims * boxes.count * sizeof(u32));
	for (d = 0; d < dims; d++) {
		boxes.lo[d] = values + (size_t)2 * d * boxes.count;
		boxes.hi[d] = boxes.lo[d] + boxes.count;
	}
	for (i = 0; i < boxes.count; i++) {
		struct fwt_box b = box_at(p, i);

		for (d = 0; d < dims; d++) {
			boxes.lo[d][i] = b.dim[d].lo;
			boxes.hi[d][i] = b.dim[d].hi;
		}
	}
	ok = fwt_forest_grow(&boxes, &p->f);
	free(values);
	return ok;
}

static void write_box4(const struct fwt_box *from, u32 node, struct fwt_prog_box *to)
{
	struct fwt_box4 b = {
		.saddr_lo = from->dim[FWT_DIM_SADDR].lo,
		.saddr_hi = from->dim[FWT_DIM_SADDR].hi,
		.daddr_lo = from->dim[FWT_DIM_DADDR].lo,
		.daddr_hi = from->dim[FWT_DIM_DADDR].hi,
		.sport_lo = (u16)from->dim[FWT_DIM_SPORT].lo,
		.sport_hi = (u16)from->dim[FWT_DIM_SPORT].hi,
		.dport_lo = (u16)from->dim[FWT_DIM_DPORT].lo,
		.dport_hi = (u16)from->dim[FWT_DIM_DPORT].hi,
		.protocol_lo = (u8)from->dim[FWT_DIM_PROTOCOL].lo,
		.protocol_hi = (u8)from->dim[FWT_DIM_PROTOCOL].hi,
		.flags = from->flags, .node = node,
	};

	*to = fwt_box_pack(&b);
}

static void write_box6(const struct fwt_box *from, u32 node, struct fwt_prog_box6 *to)
{
	u32 i;

	*to = (struct fwt_prog_box6){
		.sport_lo = (u16)from->dim[FWT_DIM6_SPORT].lo,
		.sport_hi = (u16)from->dim[FWT_DIM6_SPORT].hi,
		.dport_lo = (u16)from->dim[FWT_DIM6_DPORT].lo,
		.dport_hi = (u16)from->dim[FWT_DIM6_DPORT].hi,
		.protocol_lo = (u8)from->dim[FWT_DIM6_PROTOCOL].lo,
		.protocol_hi = (u8)from->dim[FWT_DIM6_PROTOCOL].hi,
		.flags = from->flags, .node = node,
	};
	for (i = 0; i < 8; i++) {
		to->addr_lo[i] = from->dim[i].lo;
		to->addr_hi[i] = from->dim[i].hi;
	}
}

/* Trees, cuts and boxes of one kind of packet. */
static bool write_part(struct run *r, enum fwt_part part)
{
	struct fwt_vec *sec = r->g->b->sec, *cuts = &sec[FWT_SEC_CUTS];
	struct fwt_vec *boxes = &sec[part == FWT_PART_IPV6 ? FWT_SEC_BOXES6 : FWT_SEC_BOXES];
	struct part *p = &r->part[part];
	const struct fwt_prog_tree *tree = p->f.trees.data;
	const struct fwt_prog_cut *cut = p->f.cuts.data;
	const u32 *order = p->f.order.data, *rule = p->rule.data;
	u32 first_cut, first_box, i;

	/* They were laid out for lines of memory that begin with the first. */
	if (!fwt_builder_pad(r->g->b, 8))
		return false;
	first_cut = cuts->count;
	first_box = boxes->count;
	if (!fwt_vec_add(cuts, p->f.cuts.count) || !fwt_vec_add(boxes, p->f.order.count))
		return false;
	for (i = 0; i < p->f.cuts.count; i++) {
		struct fwt_prog_cut c = cut[i];

		if (c.to >> FWT_CUT_SHIFT == FWT_CUT_LEAF)
			c.at += first_box;
		else
			c.to += first_cut;
		((struct fwt_prog_cut *)cuts->data)[first_cut + i] = c;
	}
	for (i = 0; i < p->f.order.count; i++) {
		struct fwt_box b = box_at(p, order[i]);
		u32 number = rule[order[i]];

		if (r->tests[number])
			b.flags |= FWT_BOX_TESTS;
		if (part == FWT_PART_IPV6)
			write_box6(&b, r->node[number],
				   (struct fwt_prog_box6 *)boxes->data + first_box + i);
		else
			write_box4(&b, r->node[number],
				   (struct fwt_prog_box *)boxes->data + first_box + i);
	}
	for (i = 0; i < p->f.trees.count; i++) {
		struct fwt_prog_tree t = {
			.root = first_cut + tree[i].root,
			.first = r->node[rule[tree[i].first]],
		};

		fwt_builder_add(r->g->b, FWT_SEC_TREES, &t);
	}
	return true;
}

static bool write_forest(struct run *r, u32 forest)
{
	struct fwt_vec *sec = r->g->b->sec;
	struct fwt_prog_forest f = { 0 };
	enum fwt_part part;

	for (part = 0; part < __FWT_PART_MAX; part++) {
		f.tree[part] = sec[FWT_SEC_TREES].count;
		if (!grow(&r->part[part], fwt_box_dims(part), r->g->s->progress) ||
		    !write_part(r, part))
			return false;
		f.n_trees[part] = sec[FWT_SEC_TREES].count - f.tree[part];
	}
	fwt_builder_trees(r->g->b, forest, &f);
	return !r->g->b->failed;
}

/* The nodes of a run, last rules first, all but the FOREST node before it. */
static bool emit_rules(struct run *r, u32 forest, u32 next, const u64 *inexact)
{
	u32 miss = fwt_builder_node(r->g->b, FWT_NODE_MISS, 0, FWT_NONE, FWT_NONE);
	u32 i = r->count, on, body;
	struct fwt_prog_rule *record;

	while (i-- > 0) {
		const struct fwt_ir_rule *rule = &r->rule[i];

		on = next;
		/* Behind the last one of a patch stand others. */
		if (goes_on(r, rule) && (i + 1 < r->count || r->g->s->patch))
			on = fwt_builder_node(r->g->b, FWT_NODE_FOREST, forest, FWT_NONE, next);
		body = fwt_emit_end(r->g, rule, on);
		body = fwt_emit_deeds(r->g, rule, body, on);
		body = emit_noted(r, rule, body, on);
		r->tests[i] = !!inexact[i];
		r->node[i] = emit_tests(r, rule->conds, 0, inexact[i], body, miss);
		record = r->g->b->sec[FWT_SEC_RULES].data;
		record[rule->record].node = r->node[i];
	}
	return !r->g->b->failed;
}

bool fwt_forest_pays(const struct fwt_gen *g, const struct fwt_ir_rule *rule)
{
	const struct fwt_prog_test *test = g->b->sec[FWT_SEC_TESTS].data;
	const struct fwt_cond *c;

	for (c = rule->conds; c; c = c->next)
		if (c->kind == FWT_COND_TEST &&
		    (fwt_box_long_set(g, &test[c->test], FWT_PART_IPV4) ||
		     fwt_box_long_set(g, &test[c->test], FWT_PART_IPV6)))
			return true;
	return false;
}

/* Elements that may become boxes: twice those that there are, so that a set that
 * stands in many rules does not become as many times what it is.
 */
static u64 elements_of(const struct fwt_gen *g)
{
	const struct fwt_prog_set *s = g->b->sec[FWT_SEC_SETS].data;
	u64 sum = 0;
	u32 i;

	for (i = 0; i < g->b->sec[FWT_SEC_SETS].count; i++)
		sum += s[i].kind == FWT_SET_BOXES ? s[i].count : 0;
	return 2 * sum;
}

/* Of what is asked of more than the packet, what a patch has. */
static bool patch_asks(const struct fwt_gen *g, const struct fwt_cond *c)
{
	const struct fwt_prog_test *t = g->b->sec[FWT_SEC_TESTS].data;

	for (; c; c = c->next)
		if (c->kind != FWT_COND_TEST ? !patch_asks(g, c->inner) :
		    t[c->test].op == FWT_TEST_BPF || t[c->test].op == FWT_TEST_NODE)
			return false;
	return true;
}

/* What delta_build.c puts between forests. */
static bool parts(const struct fwt_ir_rule *rule)
{
	return rule->end == FWT_END_NONE && rule->n_mods == 1 &&
	       rule->mods[0].type == FWT_MOD_LOG && rule->mods[0].a == FWT_NONE;
}

bool fwt_forest_takes(const struct fwt_gen *g, const struct fwt_ir_rule *rule)
{
	bool matches = rule->conds || rule->families != (FWT_FAMILY_4 | FWT_FAMILY_6);

	/* What goes on has others behind it, of the base at least. */
	if (g->s->patch)
		return (matches || (!fwt_end_decides(rule->end) && !parts(rule))) &&
		       patch_asks(g, rule->conds);
	/* What is asked of more than the packet is written down by the walk. */
	return !rule->stateful && matches;
}

u32 fwt_emit_forest(struct fwt_gen *g, const struct fwt_ir_rule *rule, u32 count, u32 next)
{
	struct run r = { .g = g, .rule = rule, .count = count, .room = 2ull * count + 64 };
	u64 *inexact = calloc(count, sizeof(*inexact));
	enum fwt_part part;
	u32 forest, i;
	bool ok;

	r.node = calloc(count, sizeof(u32));
	r.tests = calloc(count, 1);
	r.elements = elements_of(g);
	ok = inexact && r.node && r.tests;
	for (part = 0; part < __FWT_PART_MAX; part++) {
		r.part[part].box.size = offsetof(struct fwt_box, dim[fwt_box_dims(part)]);
		r.part[part].rule.size = sizeof(u32);
		fwt_vec_expect(&r.part[part].box, 3ull * count);
		fwt_vec_expect(&r.part[part].rule, 3ull * count);
	}
	for (i = 0; ok && i < count; i++) {
		if (!(i % FWT_PROGRESS_RULES))
			fwt_progress(g->s->progress, "compiling", i, count);
		for (part = 0; ok && part < __FWT_PART_MAX; part++)
			ok = !exists(&rule[i], part) || boxes_of(&r, i, part, &inexact[i]);
	}
	if (ok) {
		forest = fwt_builder_forest(g->b);
		ok = emit_rules(&r, forest, next, inexact) && write_forest(&r, forest);
		next = fwt_builder_node(g->b, FWT_NODE_FOREST, forest, FWT_NONE, next);
	}
	g->b->failed |= !ok;
	for (part = 0; part < __FWT_PART_MAX; part++) {
		free(r.part[part].box.data);
		free(r.part[part].rule.data);
		fwt_forest_clean(&r.part[part].f);
	}
	free(inexact);
	free(r.node);
	free(r.tests);
	return next;
}
