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
 * box that holds them all and a test.
 */
#include <stdlib.h>

#include "forest.h"
#include "sema.h"

#define ALTS_MAX	8	/* boxes of a rule */

struct range {
	u32 lo;
	u32 hi;
};

/* What a packet of some kind must hold. */
struct box {
	struct range dim[__FWT_DIM6_MAX];
	u8 flags;
};

/* Alternatives, and whether they say all there is to say. */
struct boxes {
	struct box box[ALTS_MAX];
	u32 count;
	bool exact;
};

static u32 n_dims(enum fwt_part part)
{
	return part == FWT_PART_IPV6 ? (u32)__FWT_DIM6_MAX : (u32)__FWT_DIM_MAX;
}

static void anything(struct box *b, enum fwt_part part)
{
	u32 addrs = part == FWT_PART_IPV6 ? 8 : 2, d;

	memset(b, 0, sizeof(*b));
	for (d = 0; d < addrs; d++)
		b->dim[d].hi = ~0u;
	b->dim[addrs].hi = 0xffff;
	b->dim[addrs + 1].hi = 0xffff;
	b->dim[addrs + 2].hi = 0xff;
}

static bool narrow(struct range *r, u32 lo, u32 hi)
{
	r->lo = max(r->lo, lo);
	r->hi = min(r->hi, hi);
	return r->lo <= r->hi;
}

/* Where a field lies in a box. */
struct place {
	u8 dim;
	u8 words;	/* 0: boxes don't have it */
	u8 flags;
	u8 protocol;	/* that it implies, 0 for none */
	bool never;	/* packets of this kind don't have it */
};

static struct place place_of(u8 field, enum fwt_part part)
{
	bool six = part == FWT_PART_IPV6;
	u8 addr = six ? 4 : 1, ports = 2 * addr;
	struct place p = { .never = part == FWT_PART_OTHER };

	switch (field) {
	case FWT_FIELD_IP_SADDR:
	case FWT_FIELD_IP6_SADDR:
	case FWT_FIELD_SADDR:
		p.never |= field != FWT_FIELD_SADDR && (field == FWT_FIELD_IP6_SADDR) != six;
		p.words = addr;
		break;
	case FWT_FIELD_IP_DADDR:
	case FWT_FIELD_IP6_DADDR:
	case FWT_FIELD_DADDR:
		p.never |= field != FWT_FIELD_DADDR && (field == FWT_FIELD_IP6_DADDR) != six;
		p.words = addr;
		p.dim = addr;
		break;
	case FWT_FIELD_SPORT:
	case FWT_FIELD_TCP_SPORT:
	case FWT_FIELD_UDP_SPORT:
	case FWT_FIELD_DPORT:
	case FWT_FIELD_TCP_DPORT:
	case FWT_FIELD_UDP_DPORT:
		p.words = 1;
		p.dim = ports + (field == FWT_FIELD_DPORT || field == FWT_FIELD_TCP_DPORT ||
				 field == FWT_FIELD_UDP_DPORT);
		p.flags = FWT_BOX_PORTS;
		if (field == FWT_FIELD_TCP_SPORT || field == FWT_FIELD_TCP_DPORT)
			p.protocol = FWT_IPPROTO_TCP;
		if (field == FWT_FIELD_UDP_SPORT || field == FWT_FIELD_UDP_DPORT)
			p.protocol = FWT_IPPROTO_UDP;
		break;
	case FWT_FIELD_PROTOCOL:
		p.words = 1;
		p.dim = ports + 2;
		break;
	case FWT_FIELD_TCP_FLAGS:
	case FWT_FIELD_TCP_SEQ:
	case FWT_FIELD_TCP_ACK:
	case FWT_FIELD_TCP_WINDOW:
	case FWT_FIELD_TCP_OPTION_MSS:
		p.protocol = FWT_IPPROTO_TCP;
		break;
	case FWT_FIELD_ICMP_TYPE:
	case FWT_FIELD_ICMP_CODE:
	case FWT_FIELD_ICMP_ID:
		p.never |= six;
		p.protocol = FWT_IPPROTO_ICMP;
		break;
	case FWT_FIELD_ICMPV6_TYPE:
	case FWT_FIELD_ICMPV6_CODE:
	case FWT_FIELD_ICMPV6_ID:
		p.never |= !six;
		p.protocol = FWT_IPPROTO_ICMPV6;
		break;
	case FWT_FIELD_FAMILY:
	case FWT_FIELD_DSCP:
	case FWT_FIELD_TTL:
	case FWT_FIELD_LENGTH:
	case FWT_FIELD_FRAGMENT:
		break;
	default:
		p.never = false;
		break;
	}
	return p;
}

/* That the packet has the field at all. False if it can't. */
static bool present(struct box *b, const struct place *p, enum fwt_part part)
{
	b->flags |= p->flags;
	return !p->never &&
	       (!p->protocol || narrow(&b->dim[n_dims(part) - 1], p->protocol, p->protocol));
}

/* A field from @lo to @hi. Of an address of four words each word is a range of
 * its own, which is exact for prefixes; for other ranges it holds too much.
 */
static bool within(struct box *b, const struct place *p, const u32 *lo, const u32 *hi,
		   bool *exact)
{
	u32 i;

	for (i = 0; i < p->words; i++) {
		if (!narrow(&b->dim[p->dim + i], lo[i], hi[i]))
			return false;
		if (lo[i] != hi[i])
			break;
	}
	for (i++; i < p->words; i++)
		*exact &= !lo[i] && hi[i] == ~0u;
	return true;
}

static const struct fwt_prog_set *set_of(const struct fwt_gen *g,
					 const struct fwt_prog_test *t, enum fwt_part part)
{
	u32 set = t->set[part == FWT_PART_IPV6];

	return set == FWT_NONE ? NULL :
		(const struct fwt_prog_set *)g->b->sec[FWT_SEC_SETS].data + set;
}

static const u32 *element(const struct fwt_gen *g, const struct fwt_prog_set *s, u32 i,
			  const u32 **hi)
{
	const u32 *word = g->b->sec[FWT_SEC_WORDS].data;
	const u32 *lo = word + s->data +
		(size_t)i * s->words * (s->kind == FWT_SET_KEYS ? 1 : 2);

	*hi = s->kind == FWT_SET_KEYS ? lo : lo + s->words;
	return lo;
}

/* @from with a test's element @i; false where nothing is left. */
static bool with_element(const struct fwt_gen *g, const struct fwt_prog_test *t,
			 const struct fwt_prog_set *s, u32 i, enum fwt_part part,
			 struct box *b, bool *exact)
{
	const u32 *hi, *lo = element(g, s, i, &hi);
	u32 d, at = 0;

	for (d = 0; d < t->n_fields; at += s->dim[d++]) {
		struct place p = place_of(t->field[d], part);

		if (!present(b, &p, part))
			return false;
		if (!p.words)
			*exact = false;
		else if (!within(b, &p, lo + at, hi + at, exact))
			return false;
	}
	return true;
}

/* What lies between the elements of a sorted set of one word: the gap before
 * element @i, or behind the last one.
 */
static bool gap(const struct fwt_gen *g, const struct fwt_prog_set *s, u32 i, u32 most,
		struct range *r)
{
	const u32 *lo, *hi;

	r->lo = 0;
	r->hi = most;
	if (i) {
		element(g, s, i - 1, &hi);
		if (*hi >= most)
			return false;
		r->lo = *hi + 1;
	}
	if (i < s->count) {
		lo = element(g, s, i, &hi);
		if (!*lo)
			return false;
		r->hi = *lo - 1;
	}
	return r->lo <= r->hi;
}

static void cross_gaps(const struct fwt_gen *g, const struct fwt_prog_test *t,
		       const struct fwt_prog_set *s, enum fwt_part part,
		       const struct boxes *from, u32 room, struct boxes *to)
{
	struct place p = place_of(t->field[0], part);
	u32 bits = fwt_field_info[t->field[0]].bits, i, k;
	u32 most = bits == 32 ? ~0u : (1u << bits) - 1;
	bool fits = p.words == 1 && (s ? s->count + 1 : 1) * from->count <= room;

	to->exact = fits;
	for (k = 0; k < from->count; k++) {
		struct box b = from->box[k];
		struct range r;

		if (!present(&b, &p, part))
			continue;
		if (!fits || !s) {
			to->box[to->count++] = b;
			continue;
		}
		for (i = 0; i <= s->count; i++) {
			struct box one = b;

			if (gap(g, s, i, most, &r) && narrow(&one.dim[p.dim], r.lo, r.hi))
				to->box[to->count++] = one;
		}
	}
	if (!s)		/* nothing is in it: to be there is all */
		to->exact = t->n_fields == 1 && (p.words || p.never);
}

/* The family is what the kind of packet says. */
static bool same_family(const struct fwt_gen *g, const struct fwt_prog_set *s,
			enum fwt_part part)
{
	u32 family = part == FWT_PART_IPV6 ? 6 : 4, i;
	const u32 *lo, *hi;

	for (i = 0; s && i < s->count; i++) {
		lo = element(g, s, i, &hi);
		if (*lo <= family && family <= *hi)
			return true;
	}
	return false;
}

static void copy(const struct boxes *from, struct boxes *to)
{
	to->count = from->count;
	memcpy(to->box, from->box, from->count * sizeof(from->box[0]));
}

/* The boxes of @from that pass a test, too. */
static void cross(const struct fwt_gen *g, const struct fwt_prog_test *t,
		  enum fwt_part part, const struct boxes *from, u32 room,
		  struct boxes *to)
{
	bool negate = t->flags & FWT_TEST_NEGATE;
	const struct fwt_prog_set *s;
	u32 i, k, d;

	to->count = 0;
	to->exact = false;
	if (t->op != FWT_TEST_IN || t->mask[part == FWT_PART_IPV6] != FWT_NONE ||
	    (negate && t->n_fields != 1)) {
		for (k = 0; k < from->count; k++) {
			struct box b = from->box[k];
			bool there = true;

			for (d = 0; d < t->n_fields; d++) {
				struct place p = place_of(t->field[d], part);

				there &= present(&b, &p, part);
			}
			if (there)
				to->box[to->count++] = b;
		}
		return;
	}
	s = set_of(g, t, part);
	if (t->n_fields == 1 && t->field[0] == FWT_FIELD_FAMILY) {
		to->exact = true;
		if (part != FWT_PART_OTHER && same_family(g, s, part) != negate)
			copy(from, to);
		return;
	}
	if (negate) {
		cross_gaps(g, t, s, part, from, room, to);
		return;
	}
	to->exact = true;
	if (!s)
		return;
	if ((u64)s->count * from->count <= room) {
		for (k = 0; k < from->count; k++)
			for (i = 0; i < s->count; i++) {
				struct box b = from->box[k];

				if (with_element(g, t, s, i, part, &b, &to->exact))
					to->box[to->count++] = b;
			}
		return;
	}
	/* All of them in one: keys and ranges are sorted, their ends will do. */
	to->exact = false;
	for (k = 0; k < from->count; k++) {
		struct place p = place_of(t->field[0], part);
		const u32 *lo, *hi, *end;
		struct box b = from->box[k];
		bool there = true, any = true;

		for (d = 0; d < t->n_fields; d++) {
			struct place q = place_of(t->field[d], part);

			there &= present(&b, &q, part);
		}
		if (there && t->n_fields == 1 && p.words) {
			lo = element(g, s, 0, &hi);
			element(g, s, s->count - 1, &end);
			there = within(&b, &p, lo, end, &any);
		}
		if (there)
			to->box[to->count++] = b;
	}
}

/* A run of rules on its way to be a forest */

/* The boxes of one kind of packet, in the order of rules. */
struct part {
	struct fwt_vec box;	/* struct box */
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
};

static bool exists(const struct fwt_ir_rule *rule, enum fwt_part part)
{
	static const u8 family[__FWT_PART_MAX] = {
		[FWT_PART_IPV4] = FWT_FAMILY_4, [FWT_PART_IPV6] = FWT_FAMILY_6,
		[FWT_PART_OTHER] = FWT_FAMILY_4 | FWT_FAMILY_6,
	};

	return (rule->families & family[part]) == family[part];
}

/* The boxes of a rule. Conditions that they do not express are marked. */
static bool boxes_of(struct run *r, u32 number, enum fwt_part part, u64 *inexact)
{
	const struct fwt_ir_rule *rule = &r->rule[number];
	const struct fwt_prog_test *test = r->g->b->sec[FWT_SEC_TESTS].data;
	struct boxes two[2], *now = &two[0], *then = &two[1], *swap;
	struct part *p = &r->part[part];
	const struct fwt_cond *c;
	u64 marks = 0;
	u32 at = 0, room;
	void *boxes, *rules;

	now->count = 1;
	anything(&now->box[0], part);
	room = r->room >= ALTS_MAX ? ALTS_MAX : 1;
	for (c = rule->conds; c && now->count; c = c->next, at++) {
		u64 mark = 1ull << min(at, 63u);

		if (c->kind != FWT_COND_TEST) {
			marks |= mark;
			continue;
		}
		cross(r->g, &test[c->test], part, now, room, then);
		if (!then->exact)
			marks |= mark;
		swap = now;
		now = then;
		then = swap;
	}
	if (!now->count)
		return true;
	/* The last mark stands for all that follow it, too. */
	*inexact |= marks;
	r->room -= min(r->room, (u64)now->count - 1);
	boxes = fwt_vec_add(&p->box, now->count);
	rules = fwt_vec_add(&p->rule, now->count);
	if (!boxes || !rules)
		return false;
	memcpy(boxes, now->box, now->count * sizeof(now->box[0]));
	for (at = 0; at < now->count; at++)
		((u32 *)rules)[at] = number;
	return true;
}

/* The conditions that are left to test, last ones first made. */
static u32 emit_tests(struct run *r, const struct fwt_cond *c, u32 at, u64 inexact,
		      u32 yes, u32 miss)
{
	struct fwt_cond one;

	if (!c)
		return yes;
	yes = emit_tests(r, c->next, at + 1, inexact, yes, miss);
	if (!(inexact >> min(at, 63u) & 1))
		return yes;
	one = *c;
	one.next = NULL;
	return fwt_emit_conds(r->g, &one, yes, miss);
}

static bool goes_on(const struct fwt_ir_rule *rule)
{
	switch (rule->end) {
	case FWT_END_ACCEPT:
	case FWT_END_DROP:
	case FWT_END_REJECT:
	case FWT_END_GOTO:
	case FWT_END_RETURN:
		return false;
	default:
		return true;
	}
}

static bool grow(struct part *p, u32 dims, const struct fwt_progress *progress)
{
	struct fwt_forest_boxes boxes = {
		.n_dims = dims, .count = p->box.count, .progress = progress,
	};
	const struct box *box = p->box.data;
	u32 *values, d, i;
	bool ok;

	values = malloc(((size_t)2 * dims * boxes.count + 1) * sizeof(u32));
	if (!values)
		return false;
	fwt_prefault(values, (size_t)2 * dims * boxes.count * sizeof(u32));
	for (d = 0; d < dims; d++) {
		boxes.lo[d] = values + (size_t)2 * d * boxes.count;
		boxes.hi[d] = boxes.lo[d] + boxes.count;
		for (i = 0; i < boxes.count; i++) {
			boxes.lo[d][i] = box[i].dim[d].lo;
			boxes.hi[d][i] = box[i].dim[d].hi;
		}
	}
	ok = fwt_forest_grow(&boxes, &p->f);
	free(values);
	return ok;
}

static void write_box4(const struct box *from, u32 node, struct fwt_prog_box *to)
{
	*to = (struct fwt_prog_box){
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
}

static void write_box6(const struct box *from, u32 node, struct fwt_prog_box6 *to)
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
		struct box b = ((struct box *)p->box.data)[order[i]];
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
		if (!grow(&r->part[part], n_dims(part), r->g->s->progress) ||
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
		if (goes_on(rule) && i + 1 < r->count)
			on = fwt_builder_node(r->g->b, FWT_NODE_FOREST, forest, FWT_NONE, next);
		body = fwt_emit_end(r->g, rule, on);
		body = fwt_emit_deeds(r->g, rule, body);
		r->tests[i] = !!inexact[i];
		r->node[i] = emit_tests(r, rule->conds, 0, inexact[i], body, miss);
		record = r->g->b->sec[FWT_SEC_RULES].data;
		record[rule->record].node = r->node[i];
	}
	return !r->g->b->failed;
}

bool fwt_forest_takes(const struct fwt_ir_rule *rule)
{
	/* What is asked of more than the packet is written down by the walk. */
	return !rule->stateful &&
	       (rule->conds || rule->families != (FWT_FAMILY_4 | FWT_FAMILY_6));
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
	ok = inexact && r.node && r.tests;
	for (part = 0; part < __FWT_PART_MAX; part++) {
		r.part[part].box.size = sizeof(struct box);
		r.part[part].rule.size = sizeof(u32);
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
