// SPDX-License-Identifier: GPL-2.0
/*
 * Rules that one rule before them covers, among very many.
 *
 * A rule is the box of the ranges that it asks for, and questions besides: what is no
 * range (a named set, a list with gaps, a mask, "not", an interface's addresses). What
 * covers it asks for less of source and destination, prefixes that hold the rule's; and
 * no question that the rule does not ask, too, word by word: what a set holds need not
 * be known for that. So rules are found by hash of the two prefixes, one look-up for
 * each pair of prefix lengths that there is: no tree of a hundred thousand rules has
 * many, and only those are looked up of which some rule has a source like this one's,
 * and some a destination (@seen). Rules without addresses are found by protocol and
 * port, and those with a question by that as well.
 *
 * Where a rule that goes on changes a field, what was asked of it before holds no more.
 */
#include <stdlib.h>

#include "analyse.h"
#include "arena.h"
#include "progress.h"

#define ASKS_MAX	6u
#define QUESTIONS_MAX	4u
#define SEEN_BITS	16u	/* of which a rule's three set one and a half */
#define STEPS_MAX	(400ull << 20)	/* some ten seconds */

struct ask {
	u8 field;
	struct fwt_wide low, high;
};

/* Two are the same where their conditions are, word by word. */
struct question {
	u64 hash;
	const struct fwt_cond *cond;
};

/* What rules are found by, see key_of(). Those of one source length stand together, and
 * @next is behind them.
 */
struct tuple {
	u8 family;
	u8 plen[2];
	bool asks;	/* a question */
	u8 protocol;	/* without addresses: it is one alone */
	u8 port;	/* likewise: bits of the destination port */
	u32 next;
};

/**
 * struct box - what a rule asks for
 * @family: 4, 6, or 0: any
 * @exact: it asks for nothing else, and nothing that it matches goes on behind it: it
 *	can cover another one
 * @never: nothing is like it
 * @fields: FWT_FIELD_BIT() of what is asked
 */
struct box {
	u8 family;
	u8 n;
	u8 n_questions;
	bool exact;
	bool never;
	u8 plen[2];
	struct ask addr[2];
	struct ask ask[ASKS_MAX];
	struct question question[QUESTIONS_MAX];
	u64 fields;
};

/* A box in the table, and the next one in its place: its hash says nearly always that
 * it is not the one, and the box need not be looked at.
 */
struct link {
	u32 hash;
	u32 next;
};

/* Of a rule, by side and length: the hash of the prefix of that length that holds its
 * address, if any rule has that; or one of these.
 */
enum { UNASKED, NONE_HAS };

/**
 * struct covers - at work
 * @seen: SEEN_BITS a slot, by hash: prefixes, and keys, that rules in the table have
 * @changed: FWT_FIELD_BIT() of what rules of the block that go on have changed
 * @changed_at: by field: the last one that did
 */
struct covers {
	struct fwt_analyser *a;
	struct box *box;
	struct link *link;
	u32 *slot;
	u32 slots;
	u64 *seen;
	struct fwt_vec tuple;
	u64 steps;
	u64 changed;
	u32 changed_at[64];
};

/* Questions */

static void question(struct covers *c, struct box *b, const struct fwt_cond *cond)
{
	if (b->n_questions == QUESTIONS_MAX || !fwt_cond_steady(c->a->s, cond)) {
		b->exact = false;
		return;
	}
	b->question[b->n_questions++] = (struct question){
		.hash = fwt_cond_hash(c->a->s, cond), .cond = cond,
	};
}

static bool asks(const struct covers *c, const struct box *b, const struct question *q)
{
	u32 i;

	for (i = 0; i < b->n_questions; i++)
		if (b->question[i].hash == q->hash &&
		    fwt_cond_same(c->a->s, b->question[i].cond, q->cond))
			return true;
	return false;
}

/* The one that a rule is found by. */
static u64 first_question(const struct box *b)
{
	u64 least = ~0ull;
	u32 i;

	for (i = 0; i < b->n_questions; i++)
		least = min(least, b->question[i].hash);
	return least;
}

/* Boxes */

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

static void take_test(struct covers *c, const struct fwt_cond *cond, struct box *b)
{
	const struct fwt_prog_test *t = c->a->s->b.sec[FWT_SEC_TESTS].data;
	struct ask r;
	u32 which;
	u8 field;

	t += cond->test;
	field = t->field[0];
	r = (struct ask){ .field = field };
	if (t->op != FWT_TEST_IN || t->flags || t->n_fields != 1 || t->mask[0] != FWT_NONE ||
	    t->mask[1] != FWT_NONE) {
		question(c, b, cond);
		return;
	}
	if (t->set[0] != t->set[1]) {
		if (t->set[0] != FWT_NONE && t->set[1] != FWT_NONE) {
			question(c, b, cond);
			return;
		}
		be_of(b, t->set[0] != FWT_NONE ? 4 : 6);
	}
	which = t->set[0] == FWT_NONE;
	if (t->set[which] == FWT_NONE) {
		b->never = true;
		return;
	}
	if (!hull(c->a->s, t->set[which], &r))
		question(c, b, cond);
	switch (field) {
	case FWT_FIELD_FAMILY:
		if (!fwt_wide_cmp(r.low, r.high))
			be_of(b, (u8)r.low.l);
		else
			b->exact = false;
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

/* Nothing that a rule matches goes on behind it. */
static bool ends(const struct fwt_ir_rule *r)
{
	const struct fwt_ir_rule *branch;
	u32 i, count;

	if (r->maps)
		return false;
	if (fwt_end_decides(r->end))
		return true;
	switch (r->end) {
	case FWT_END_BLOCK:
		return r->block.live && !r->block.rule[r->block.live - 1].goes_on;
	case FWT_END_SELECT:
		if (r->select->fallback == FWT_NONE)
			return false;
		break;
	case FWT_END_SPLIT:
		break;
	default:
		return false;
	}
	branch = fwt_prove_branches(r, &count);
	for (i = 0; i < count; i++)
		if (branch[i].goes_on)
			return false;
	return count;
}

static u64 changed_by(const struct fwt_prog_mod *m)
{
	switch (m->type) {
	case FWT_MOD_LOG:
	case FWT_MOD_NFLOG:
	case FWT_MOD_COUNT:
	case FWT_MOD_SET_ADD:	/* when the walk ends */
	case FWT_MOD_SET_REMOVE:
		return 0;
	case FWT_MOD_SET_MARK:
		return FWT_FIELD_BIT(MARK) | FWT_FIELDS_ROUTE;
	case FWT_MOD_SET_CT_MARK:
		return FWT_FIELD_BIT(CT_MARK);
	case FWT_MOD_SET_PRIORITY:
		return FWT_FIELD_BIT(PRIORITY);
	case FWT_MOD_SET_DSCP:
		return FWT_FIELD_BIT(DSCP) | FWT_FIELDS_ROUTE;
	case FWT_MOD_SET_TTL:
		return FWT_FIELD_BIT(TTL);
	case FWT_MOD_SET_MSS:
	case FWT_MOD_MSS_CLAMP:
		return FWT_FIELD_BIT(TCP_OPTION_MSS);
	case FWT_MOD_SET_VLAN:
		return FWT_FIELD_BIT(VLAN_ID) | FWT_FIELD_BIT(VLAN_PCP);
	}
	return ~0ull;
}

static u64 changes(const struct fwt_ir_rule *r)
{
	const struct fwt_ir_rule *branch;
	u64 fields = 0;
	u32 i, count;

	for (i = 0; i < r->n_mods; i++)
		fields |= changed_by(&r->mods[i]);
	if (r->end == FWT_END_CALL || (r->select && r->select->foreign != FWT_NONE))
		return ~0ull;
	for (i = 0; i < r->block.live; i++)
		fields |= changes(&r->block.rule[i]);
	branch = fwt_prove_branches(r, &count);
	for (i = 0; i < count; i++)
		fields |= changes(&branch[i]);
	return fields;
}

static void note_changes(struct covers *c, const struct fwt_ir_rule *r, u32 at)
{
	u64 fields = r->n_mods || r->end >= FWT_END_CALL ? changes(r) : 0, f;

	if (!fields || ends(r))
		return;
	c->changed |= fields;
	for (f = fields; f; f &= f - 1)
		c->changed_at[__builtin_ctzll(f)] = at;
}

/* Has a field that it asks for changed, behind it? */
static bool stale(const struct covers *c, u32 at)
{
	u64 f = c->box[at].fields & c->changed;

	for (; f; f &= f - 1)
		if (c->changed_at[__builtin_ctzll(f)] > at)
			return true;
	return false;
}

static void take_rule(struct covers *c, const struct fwt_ir_rule *r, struct box *b)
{
	const struct fwt_cond *cond;
	u32 i;

	memset(b, 0, sizeof(*b));
	b->exact = ends(r);
	for (i = 0; i < 2; i++)
		b->addr[i].high = fwt_wide(~0ull, ~0ull);
	if (r->families == FWT_FAMILY_4 || r->families == FWT_FAMILY_6)
		be_of(b, r->families == FWT_FAMILY_4 ? 4 : 6);
	for (cond = r->conds; cond; cond = cond->next) {
		b->fields |= fwt_cond_fields(c->a->s, cond);
		if (cond->kind != FWT_COND_TEST)
			question(c, b, cond);
		else
			take_test(c, cond, b);
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
static bool covers(const struct covers *c, const struct box *of, const struct box *in)
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
	for (i = 0; i < of->n_questions; i++)
		if (!asks(c, in, &of->question[i]))
			return false;
	return true;
}

/* The table */

static const struct ask *ask_of(const struct box *b, u8 field)
{
	u32 i;

	for (i = 0; i < b->n; i++)
		if (b->ask[i].field == field)
			return &b->ask[i];
	return NULL;
}

static u8 port_bits(const struct box *b)
{
	const struct ask *r = ask_of(b, FWT_FIELD_DPORT);

	return r ? prefix_of(r, 16) : 0;
}

static bool one_protocol(const struct box *b)
{
	const struct ask *r = ask_of(b, FWT_FIELD_PROTOCOL);

	return r && !fwt_wide_cmp(r->low, r->high);
}

static struct tuple tuple_of(const struct box *b)
{
	struct tuple t = { .family = b->family, .asks = b->n_questions };

	memcpy(t.plen, b->plen, sizeof(t.plen));
	if (b->family)
		return t;
	t.protocol = one_protocol(b);
	t.port = port_bits(b);
	return t;
}

static bool same_tuple(const struct tuple *a, const struct tuple *b)
{
	return a->family == b->family && a->plen[0] == b->plen[0] &&
	       a->plen[1] == b->plen[1] && a->asks == b->asks && a->protocol == b->protocol &&
	       a->port == b->port;
}

/* Prefixes of a rule's address, one side of it. */
static u64 hash_prefix(const struct box *b, u32 side, u32 plen)
{
	struct fwt_wide v = masked(b->addr[side].low, width_of(b), plen);
	u64 h = (v.h ^ side << 16 ^ (u32)b->family << 8 ^ plen) * 0x9e3779b97f4a7c15ull;

	h = (h ^ h >> 32 ^ v.l) * 0xbf58476d1ce4e5b9ull;
	return h ^ h >> 32;
}

/* Of a rule, and of all that @t holds and that could cover it; of a family by the hashes
 * of its prefixes.
 */
static u64 key_of(const struct tuple *t, const struct box *b, u64 asked, u64 source,
		  u64 destination)
{
	u64 h = FWT_HASH_SEED;
	struct fwt_wide v;

	if (t->family) {
		h = (source ^ destination << 17) * 0x9e3779b97f4a7c15ull;
		h = (h ^ h >> 29 ^ destination) * 0xbf58476d1ce4e5b9ull;
		h ^= h >> 32;
	}
	if (t->protocol)
		h = fwt_hash(h, &ask_of(b, FWT_FIELD_PROTOCOL)->low, sizeof(v));
	if (t->port) {
		v = masked(ask_of(b, FWT_FIELD_DPORT)->low, 16, t->port);
		h = fwt_hash(h, &v, sizeof(v));
		h = fwt_hash(h, &t->port, 1);
	}
	return t->asks ? fwt_hash(h, &asked, sizeof(asked)) : h;
}

static bool seen(const struct covers *c, u64 hash)
{
	u64 bit = hash & ((u64)c->slots * SEEN_BITS - 1);

	return c->seen[bit / 64] >> bit % 64 & 1;
}

static void see(struct covers *c, u64 hash)
{
	u64 bit = hash & ((u64)c->slots * SEEN_BITS - 1);

	c->seen[bit / 64] |= 1ull << bit % 64;
}

static u32 covered_in(struct covers *c, u64 key, const struct box *b, u32 best)
{
	u32 at;

	c->steps++;
	if (!seen(c, key >> 8))
		return best;
	for (at = c->slot[key & (c->slots - 1)]; at != FWT_NONE; at = c->link[at].next) {
		c->steps++;
		if (at < best && c->link[at].hash == key >> 32 && covers(c, &c->box[at], b) &&
		    !stale(c, at))
			best = at;
	}
	return best;
}

/* Whether any rule in the table has such a prefix; its hash where one may. */
static u64 has_prefix(const struct covers *c, const struct box *b, u64 (*hash)[129],
		      u32 side, u32 plen)
{
	u64 *known = &hash[side][plen];

	if (*known == UNASKED) {
		*known = hash_prefix(b, side, plen);
		if (!seen(c, *known))
			*known = NONE_HAS;
	}
	return *known;
}

static u32 covered_by(struct covers *c, const struct box *b)
{
	const struct tuple own = tuple_of(b), *t;
	u64 hash[2][129], from = 0, to = 0;
	u32 i, q, best = FWT_NONE;

	for (i = 0; b->family && i < 2; i++)
		memset(hash[i], 0, (b->plen[i] + 1) * sizeof(hash[i][0]));
	for (i = 0; i < c->tuple.count; i++) {
		t = (struct tuple *)c->tuple.data + i;
		/* Could one that is found by it ask for no more than this? */
		if (!t->family) {
			if (t->protocol > one_protocol(b) || t->port > port_bits(b))
				continue;
		} else {
			from = t->family == own.family && t->plen[0] <= own.plen[0] ?
			       has_prefix(c, b, hash, 0, t->plen[0]) : NONE_HAS;
			if (from == NONE_HAS) {
				i = t->next - 1;
				continue;
			}
			if (t->plen[1] > own.plen[1])
				continue;
			to = has_prefix(c, b, hash, 1, t->plen[1]);
			if (to == NONE_HAS)
				continue;
		}
		if (!t->asks)
			best = covered_in(c, key_of(t, b, 0, from, to), b, best);
		for (q = 0; t->asks && q < b->n_questions; q++)
			best = covered_in(c, key_of(t, b, b->question[q].hash, from, to), b,
					  best);
	}
	return best;
}

static bool one_source(const struct tuple *a, const struct tuple *b)
{
	return a->family == b->family && a->plen[0] == b->plen[0];
}

static void add_tuple(struct covers *c, const struct tuple *own)
{
	struct tuple *t = c->tuple.data;
	u32 n = c->tuple.count, i, at;

	for (at = 0; at < n && !one_source(&t[at], own); at = t[at].next)
		;
	for (i = at; i < n && one_source(&t[i], own); i++)
		if (same_tuple(&t[i], own))
			return;
	if (!fwt_vec_add(&c->tuple, 1))
		return;
	t = c->tuple.data;
	memmove(&t[at + 1], &t[at], (n - at) * sizeof(*t));
	t[at] = *own;
	for (i = n + 1; i-- > 0;)
		t[i].next = i < n && one_source(&t[i], &t[i + 1]) ? t[i + 1].next : i + 1;
}

static void put(struct covers *c, u32 n)
{
	struct box *b = &c->box[n];
	struct tuple own = tuple_of(b);
	u64 from = hash_prefix(b, 0, b->plen[0]), to = hash_prefix(b, 1, b->plen[1]);
	u64 key = key_of(&own, b, first_question(b), from, to);
	u32 *slot = &c->slot[key & (c->slots - 1)];

	see(c, from);
	see(c, to);
	see(c, key >> 8);
	c->link[n] = (struct link){ .hash = (u32)(key >> 32), .next = *slot };
	*slot = n;
	add_tuple(c, &own);
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
	c->link = malloc(b->live * sizeof(*c->link));
	c->slot = malloc(c->slots * sizeof(*c->slot));
	c->seen = calloc(c->slots, SEEN_BITS / 8);
	if (c->box)
		fwt_prefault(c->box, b->live * sizeof(*c->box));
	c->tuple.count = 0;
	c->changed = 0;
	memset(c->changed_at, 0, sizeof(c->changed_at));
	if (c->slot)
		memset(c->slot, 0xff, c->slots * sizeof(*c->slot));
	for (i = 0; c->box && c->link && c->slot && c->seen && i < b->live && c->steps < STEPS_MAX;
	     i++, n++) {
		if (!(i % FWT_PROGRESS_RULES))
			fwt_progress(c->a->s->progress, "holding rules against each other", i,
				     b->live);
		take_rule(c, &b->rule[i], &c->box[i]);
		note_changes(c, &b->rule[i], i);
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
	free(c->link);
	free(c->slot);
	free(c->seen);
	return n;
}

/* Returns how many rules were compared with those before them. */
u32 fwt_analyse_covers(struct fwt_analyser *a)
{
	struct covers c = { .a = a, .tuple = { .size = sizeof(struct tuple) } };
	const struct fwt_ir_tree *t;
	u32 n = 0;

	for (t = a->s->trees; t; t = t->next)
		if (t->hooks)
			n += of_block(&c, &t->body);
	free(c.tuple.data);
	return n;
}
