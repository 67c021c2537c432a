// SPDX-License-Identifier: GPL-2.0
/*
 * Rules that one rule before them covers, among very many.
 *
 * A rule is the box of the ranges that it asks for. What covers it asks for less of
 * source and destination: prefixes that hold the rule's. So rules are found by hash
 * of the two, one look-up for each pair of prefix lengths that there is: no tree of
 * a hundred thousand rules has many.
 */
#include <stdlib.h>

#include "analyse.h"

#define ASKS_MAX	6u
#define STEPS_MAX	(400ull << 20)	/* some ten seconds */

struct ask {
	u8 field;
	struct fwt_wide low, high;
};

/**
 * struct box - what a rule asks for
 * @family: 4, 6, or 0: any
 * @exact: it asks for nothing else, and can cover another one
 * @verdict: nothing that it matches goes on behind it
 */
struct box {
	u8 family;
	u8 n;
	bool exact;
	bool never;
	u8 plen[2];
	struct ask addr[2];
	struct ask ask[ASKS_MAX];
	u32 next;	/* in its place of the table */
};

struct tuple {
	u8 family;
	u8 plen[2];
};

struct covers {
	struct fwt_analyser *a;
	struct box *box;
	u32 *slot;
	u32 slots;
	struct fwt_vec tuple;
	u64 steps;
};

static u32 width_of(const struct box *b)
{
	return b->family == 6 ? 128 : 32;
}

static struct fwt_wide masked(struct fwt_wide v, u32 width, u32 plen)
{
	u32 off = width - plen;

	if (off >= 128)
		return fwt_wide(0, 0);
	if (off >= 64)
		return fwt_wide(off == 64 ? v.h : v.h >> (off - 64) << (off - 64), 0);
	return fwt_wide(v.h, off ? v.l >> off << off : v.l);
}

/* The longest prefix that holds a range. */
static u8 prefix_of(const struct ask *r, u32 width)
{
	u32 plen = width;

	while (plen && fwt_wide_cmp(masked(r->low, width, plen), masked(r->high, width, plen)))
		plen--;
	return (u8)plen;
}

static u64 hash_of(u8 family, const u8 *plen, struct fwt_wide s, struct fwt_wide d)
{
	u64 h = fwt_hash(FWT_HASH_SEED, &s, sizeof(s));

	h = fwt_hash(h, &d, sizeof(d));
	h = fwt_hash(h, plen, 2);
	return fwt_hash(h, &family, 1);
}

static void restrict_to(struct ask *r, const struct ask *more)
{
	if (fwt_wide_cmp(more->low, r->low) > 0)
		r->low = more->low;
	if (fwt_wide_cmp(more->high, r->high) < 0)
		r->high = more->high;
}

static void ask_for(struct box *b, const struct ask *r)
{
	u32 i;

	for (i = 0; i < b->n; i++)
		if (b->ask[i].field == r->field) {
			restrict_to(&b->ask[i], r);
			return;
		}
	if (b->n == ASKS_MAX)
		b->exact = false;
	else
		b->ask[b->n++] = *r;
}

static void protocol(struct box *b, u64 value)
{
	struct ask r = {
		.field = FWT_FIELD_PROTOCOL, .low = { 0, value }, .high = { 0, value },
	};

	ask_for(b, &r);
}

static void be_of(struct box *b, u8 family)
{
	if (b->family && b->family != family)
		b->never = true;
	b->family = family;
}

/* All of a set, as one range: more than it has where it has gaps. */
static bool hull(const struct fwt_sema *s, u32 index, struct ask *r)
{
	const struct fwt_prog_set *set = s->b.sec[FWT_SEC_SETS].data;
	const u32 *data;
	u32 n;

	set += index;
	data = (u32 *)s->b.sec[FWT_SEC_WORDS].data + set->data;
	n = set->kind == FWT_SET_KEYS ? set->words : 2 * set->words;
	r->low = fwt_wide_words(data, set->words);
	data += (size_t)(set->count - 1) * n;
	r->high = fwt_wide_words(data + n - set->words, set->words);
	return set->count == 1;
}

static void take_test(struct covers *c, const struct fwt_prog_test *t, struct box *b)
{
	u8 field = t->field[0];
	struct ask r = { .field = field };
	u32 which;

	if (t->op != FWT_TEST_IN || t->flags || t->n_fields != 1 || t->mask[0] != FWT_NONE ||
	    t->mask[1] != FWT_NONE) {
		b->exact = false;
		return;
	}
	if (t->set[0] != t->set[1]) {
		if (t->set[0] != FWT_NONE && t->set[1] != FWT_NONE) {
			b->exact = false;
			return;
		}
		be_of(b, t->set[0] != FWT_NONE ? 4 : 6);
	}
	which = t->set[0] == FWT_NONE;
	if (t->set[which] == FWT_NONE) {
		b->never = true;
		return;
	}
	b->exact &= hull(&c->a->s, t->set[which], &r);
	switch (field) {
	case FWT_FIELD_FAMILY:
		if (fwt_wide_cmp(r.low, r.high))
			b->exact = false;
		else
			be_of(b, (u8)r.low.l);
		return;
	case FWT_FIELD_IP_SADDR:
	case FWT_FIELD_IP6_SADDR:
		be_of(b, field == FWT_FIELD_IP_SADDR ? 4 : 6);
		restrict_to(&b->addr[0], &r);
		return;
	case FWT_FIELD_IP_DADDR:
	case FWT_FIELD_IP6_DADDR:
		be_of(b, field == FWT_FIELD_IP_DADDR ? 4 : 6);
		restrict_to(&b->addr[1], &r);
		return;
	case FWT_FIELD_SADDR:
	case FWT_FIELD_DADDR:
		restrict_to(&b->addr[field == FWT_FIELD_DADDR], &r);
		return;
	case FWT_FIELD_TCP_SPORT:
	case FWT_FIELD_TCP_DPORT:
		protocol(b, FWT_IPPROTO_TCP);
		r.field = field == FWT_FIELD_TCP_SPORT ? FWT_FIELD_SPORT : FWT_FIELD_DPORT;
		break;
	case FWT_FIELD_UDP_SPORT:
	case FWT_FIELD_UDP_DPORT:
		protocol(b, FWT_IPPROTO_UDP);
		r.field = field == FWT_FIELD_UDP_SPORT ? FWT_FIELD_SPORT : FWT_FIELD_DPORT;
		break;
	}
	ask_for(b, &r);
}

static void take_rule(struct covers *c, const struct fwt_ir_rule *r, struct box *b)
{
	const struct fwt_prog_test *t = c->a->s.b.sec[FWT_SEC_TESTS].data;
	const struct fwt_cond *cond;
	u32 i;

	memset(b, 0, sizeof(*b));
	b->exact = r->end == FWT_END_ACCEPT || r->end == FWT_END_DROP ||
		   r->end == FWT_END_REJECT || r->end == FWT_END_GOTO;
	for (i = 0; i < 2; i++)
		b->addr[i].high = fwt_wide(~0ull, ~0ull);
	if (r->families == FWT_FAMILY_4 || r->families == FWT_FAMILY_6)
		be_of(b, r->families == FWT_FAMILY_4 ? 4 : 6);
	for (cond = r->conds; cond; cond = cond->next) {
		if (cond->kind != FWT_COND_TEST)
			b->exact = false;
		else
			take_test(c, t + cond->test, b);
	}
	for (i = 0; i < 2; i++) {
		if (!b->family) {
			b->plen[i] = 0;
			continue;
		}
		if (b->family == 4 && b->addr[i].high.h)
			b->addr[i].high = fwt_wide(0, 0xffffffff);
		b->plen[i] = prefix_of(&b->addr[i], width_of(b));
	}
}

static bool within(const struct ask *in, const struct ask *of)
{
	return fwt_wide_cmp(in->low, of->low) >= 0 && fwt_wide_cmp(in->high, of->high) <= 0;
}

/* Everything that @of asks for, @in asks for at least. */
static bool covers(const struct box *of, const struct box *in)
{
	u32 i, j;

	if (of->family && of->family != in->family)
		return false;
	for (i = 0; of->family && i < 2; i++)
		if (!within(&in->addr[i], &of->addr[i]))
			return false;
	for (i = 0; i < of->n; i++) {
		for (j = 0; j < in->n; j++)
			if (in->ask[j].field == of->ask[i].field)
				break;
		if (j == in->n || !within(&in->ask[j], &of->ask[i]))
			return false;
	}
	return true;
}

static u32 covered_by(struct covers *c, const struct box *b)
{
	const struct tuple *t = c->tuple.data;
	u32 i, at, best = FWT_NONE, w = width_of(b);
	u64 hash;

	for (i = 0; i < c->tuple.count; i++, t++) {
		if (t->family && (t->family != b->family || t->plen[0] > b->plen[0] ||
				  t->plen[1] > b->plen[1]))
			continue;
		hash = t->family ? hash_of(t->family, t->plen,
					   masked(b->addr[0].low, w, t->plen[0]),
					   masked(b->addr[1].low, w, t->plen[1])) :
		       hash_of(0, t->plen, fwt_wide(0, 0), fwt_wide(0, 0));
		c->steps++;
		for (at = c->slot[hash & (c->slots - 1)]; at != FWT_NONE; at = c->box[at].next) {
			c->steps++;
			if (at < best && covers(&c->box[at], b))
				best = at;
		}
	}
	return best;
}

static void put(struct covers *c, u32 n)
{
	struct box *b = &c->box[n];
	struct tuple *t = c->tuple.data;
	u32 i, w = width_of(b), *slot;

	slot = &c->slot[(b->family ? hash_of(b->family, b->plen,
					     masked(b->addr[0].low, w, b->plen[0]),
					     masked(b->addr[1].low, w, b->plen[1])) :
			 hash_of(0, b->plen, fwt_wide(0, 0), fwt_wide(0, 0))) & (c->slots - 1)];
	b->next = *slot;
	*slot = n;
	for (i = 0; i < c->tuple.count; i++)
		if (t[i].family == b->family && t[i].plen[0] == b->plen[0] &&
		    t[i].plen[1] == b->plen[1])
			return;
	t = fwt_vec_add(&c->tuple, 1);
	if (!t)
		return;
	t->family = b->family;
	t->plen[0] = b->plen[0];
	t->plen[1] = b->plen[1];
}

static u32 of_block(struct covers *c, const struct fwt_ir_block *b)
{
	const struct fwt_ir_rule *branch;
	u32 i, n = 0, by, count;

	for (i = 0; i < b->live; i++) {
		n += of_block(c, &b->rule[i].block);
		branch = fwt_prove_branches(&b->rule[i], &count);
		for (by = 0; by < count; by++)
			n += of_block(c, &branch[by].block);
	}
	if (b->live < 2)
		return n;
	for (c->slots = 16; c->slots < 2 * b->live; c->slots *= 2)
		;
	c->box = malloc(b->live * sizeof(*c->box));
	c->slot = malloc(c->slots * sizeof(*c->slot));
	c->tuple.count = 0;
	if (c->slot)
		memset(c->slot, 0xff, c->slots * sizeof(*c->slot));
	for (i = 0; c->box && c->slot && i < b->live && c->steps < STEPS_MAX; i++, n++) {
		take_rule(c, &b->rule[i], &c->box[i]);
		if (c->box[i].never)
			continue;
		by = covered_by(c, &c->box[i]);
		if (by != FWT_NONE) {
			fwt_warning(c->a->diag, &b->rule[i].ast->loc,
				    "never matches: line %u takes all that is like this",
				    b->rule[by].ast->loc.line);
			fwt_note(c->a->diag, &b->rule[by].ast->loc, "this hides line %u",
				 b->rule[i].ast->loc.line);
		} else if (c->box[i].exact) {
			put(c, i);
		}
	}
	free(c->box);
	free(c->slot);
	return n;
}

/* Returns how many rules were compared with those before them. */
u32 fwt_analyse_covers(struct fwt_analyser *a)
{
	struct covers c = { .a = a, .tuple = { .size = sizeof(struct tuple) } };
	const struct fwt_ir_tree *t;
	u32 n = 0;

	for (t = a->s.trees; t; t = t->next)
		if (t->hooks)
			n += of_block(&c, &t->body);
	free(c.tuple.data);
	return n;
}
