// SPDX-License-Identifier: GPL-2.0
/*
 * Decision diagrams.
 *
 * What operations remember lies in a table in which a newer memory takes the
 * place of an older one: forgetting costs time, never truth.
 */
#include <stdlib.h>

#include "arena.h"
#include "prove_dd.h"

enum { OP_ITE = 1, OP_MEET, OP_DIFFER, OP_WHERE, OP_OWN };

static u32 mix(u32 a, u32 b, u32 c, u32 d)
{
	u64 h = ((u64)a << 32 | b) * 0x9e3779b97f4a7c15ull;

	h ^= ((u64)c << 32 | d) + (h >> 29);
	h *= 0xbf58476d1ce4e5b9ull;
	return (u32)(h >> 32) ^ (u32)h;
}

int fwt_dd_init(struct fwt_dd *dd, u32 budget)
{
	memset(dd, 0, sizeof(*dd));
	dd->budget = budget < 16 ? 16 : budget >= FWT_DD_LEAF ? FWT_DD_LEAF - 1 : budget;
	dd->most = FWT_DD_STEPS * dd->budget;
	dd->ops = OP_OWN;
	/* Half as many memories again as nodes would save no step that a fresh page
	 * of theirs does not cost: 100 rules, 25,000 nodes, are two thirds pages.
	 */
	dd->room = 1024;
	dd->buckets = 4096;
	dd->memos = 1024;
	dd->node = malloc(dd->room * sizeof(*dd->node));
	dd->bucket = malloc(dd->buckets * sizeof(*dd->bucket));
	dd->memo = calloc(dd->memos, sizeof(*dd->memo));
	if (!dd->node || !dd->bucket || !dd->memo) {
		fwt_dd_clean(dd);
		return -ENOMEM;
	}
	memset(dd->bucket, 0xff, dd->buckets * sizeof(*dd->bucket));
	return 0;
}

void fwt_dd_clean(struct fwt_dd *dd)
{
	free(dd->node);
	free(dd->bucket);
	free(dd->memo);
	memset(dd, 0, sizeof(*dd));
}

void fwt_dd_share(struct fwt_dd *dd, u32 of, struct fwt_dd_limits *whole)
{
	whole->nodes = dd->budget;
	whole->steps = dd->most;
	dd->budget = dd->count + (dd->budget - dd->count) / of;
	dd->most = dd->steps + (dd->most - dd->steps) / of;
}

void fwt_dd_whole(struct fwt_dd *dd, const struct fwt_dd_limits *whole)
{
	dd->budget = whole->nodes;
	dd->most = whole->steps;
	if (!dd->over)
		return;
	/* Every node there is stands for what it did; what was remembered may be of an
	 * operation that ended halfway.
	 */
	memset(dd->memo, 0, dd->memos * sizeof(*dd->memo));
	dd->over = dd->steps > dd->most;
}

/* Twice as much of everything. What was remembered is lost, which is cheaper than
 * to carry it over.
 */
static bool grow(struct fwt_dd *dd)
{
	u32 room = dd->room * 2, buckets = room * 2, i, *b;
	struct fwt_dd_node *node;
	struct fwt_dd_memo *memo;

	node = realloc(dd->node, (size_t)room * sizeof(*node));
	if (!node)
		return false;
	fwt_prefault(node + dd->room, (size_t)dd->room * sizeof(*node));
	dd->node = node;
	dd->room = room;
	b = malloc((size_t)buckets * sizeof(*b));
	if (!b)
		return false;
	free(dd->bucket);
	dd->bucket = b;
	dd->buckets = buckets;
	fwt_prefault(b, (size_t)buckets * sizeof(*b));
	memset(b, 0xff, (size_t)buckets * sizeof(*b));
	for (i = 0; i < dd->count; i++) {
		u32 h = mix(node[i].var, node[i].lo, node[i].hi, 0) & (buckets - 1);

		node[i].next = b[h];
		b[h] = i;
	}
	if (dd->memos >= 1u << 22)
		return true;
	memo = calloc((size_t)dd->memos * 2, sizeof(*memo));
	if (memo) {
		fwt_prefault(memo, (size_t)dd->memos * 2 * sizeof(*memo));
		free(dd->memo);
		dd->memo = memo;
		dd->memos *= 2;
	}
	return true;
}

u32 fwt_dd_node(struct fwt_dd *dd, u32 var, u32 lo, u32 hi)
{
	struct fwt_dd_node *n;
	u32 h, i;

	if (lo == hi)
		return lo;
	if (dd->over)
		return FWT_DD_NO;
	h = mix(var, lo, hi, 0) & (dd->buckets - 1);
	for (i = dd->bucket[h]; i != ~0u; i = dd->node[i].next)
		if (dd->node[i].var == var && dd->node[i].lo == lo && dd->node[i].hi == hi)
			return i;
	if (dd->count >= dd->budget || (dd->count == dd->room && !grow(dd))) {
		dd->over = true;
		return FWT_DD_NO;
	}
	h = mix(var, lo, hi, 0) & (dd->buckets - 1);
	n = &dd->node[dd->count];
	n->var = var;
	n->lo = lo;
	n->hi = hi;
	n->next = dd->bucket[h];
	dd->bucket[h] = dd->count;
	return dd->count++;
}

static struct fwt_dd_memo *memo_of(struct fwt_dd *dd, u32 op, u32 a, u32 b, u32 c)
{
	return &dd->memo[mix(op, a, b, c) & (dd->memos - 1)];
}

static bool known(const struct fwt_dd_memo *m, u32 op, u32 a, u32 b, u32 c)
{
	return m->op == op && m->a == a && m->b == b && m->c == c;
}

/* Looked up anew: the table may have grown meanwhile. */
static u32 remember(struct fwt_dd *dd, u32 op, u32 a, u32 b, u32 c, u32 value)
{
	struct fwt_dd_memo *m = memo_of(dd, op, a, b, c);

	m->op = op;
	m->a = a;
	m->b = b;
	m->c = c;
	m->value = value;
	return value;
}

static bool step(struct fwt_dd *dd)
{
	return fwt_dd_work(dd, 1);
}

static u32 var_of(const struct fwt_dd *dd, u32 f)
{
	return fwt_dd_is_leaf(f) ? ~0u : dd->node[f].var;
}

static u32 half(const struct fwt_dd *dd, u32 f, u32 var, bool hi)
{
	if (fwt_dd_is_leaf(f) || dd->node[f].var != var)
		return f;
	return hi ? dd->node[f].hi : dd->node[f].lo;
}

static u32 first_of(const struct fwt_dd *dd, u32 f, u32 g, u32 h)
{
	u32 a = var_of(dd, f), b = var_of(dd, g), c = var_of(dd, h);

	return min(a, min(b, c));
}

u32 fwt_dd_ite(struct fwt_dd *dd, u32 f, u32 g, u32 h)
{
	struct fwt_dd_memo *m;
	u32 var, lo, hi;

	if (f == FWT_DD_YES || g == h)
		return g;
	if (f == FWT_DD_NO)
		return h;
	if (g == f)
		g = FWT_DD_YES;
	if (h == f)
		h = FWT_DD_NO;
	if (g == FWT_DD_YES && h == FWT_DD_NO)
		return f;
	m = memo_of(dd, OP_ITE, f, g, h);
	if (known(m, OP_ITE, f, g, h))
		return m->value;
	if (!step(dd))
		return FWT_DD_NO;
	var = first_of(dd, f, g, h);
	lo = fwt_dd_ite(dd, half(dd, f, var, false), half(dd, g, var, false),
			half(dd, h, var, false));
	hi = fwt_dd_ite(dd, half(dd, f, var, true), half(dd, g, var, true),
			half(dd, h, var, true));
	return remember(dd, OP_ITE, f, g, h, fwt_dd_node(dd, var, lo, hi));
}

u32 fwt_dd_any(struct fwt_dd *dd, u32 *f, u32 n)
{
	u32 i, to;

	if (!n)
		return FWT_DD_NO;
	/* Neighbours first: what stands together is alike, and stays small. */
	while (n > 1) {
		for (i = 0, to = 0; i < n; i += 2, to++)
			f[to] = i + 1 < n ? fwt_dd_or(dd, f[i], f[i + 1]) : f[i];
		n = to;
	}
	return f[0];
}

bool fwt_dd_meet(struct fwt_dd *dd, u32 f, u32 g)
{
	struct fwt_dd_memo *m;
	bool meet;
	u32 var;

	if (f == FWT_DD_NO || g == FWT_DD_NO)
		return false;
	if (f == FWT_DD_YES || g == FWT_DD_YES || f == g)
		return true;
	m = memo_of(dd, OP_MEET, f, g, 0);
	if (known(m, OP_MEET, f, g, 0))
		return m->value;
	if (!step(dd))
		return true;
	var = first_of(dd, f, g, FWT_DD_NO);
	meet = fwt_dd_meet(dd, half(dd, f, var, false), half(dd, g, var, false)) ||
	       fwt_dd_meet(dd, half(dd, f, var, true), half(dd, g, var, true));
	return remember(dd, OP_MEET, f, g, 0, meet);
}

bool fwt_dd_differ(struct fwt_dd *dd, u32 set, u32 f, u32 g)
{
	struct fwt_dd_memo *m;
	bool differ;
	u32 var;

	if (set == FWT_DD_NO || f == g)
		return false;
	if (fwt_dd_is_leaf(f) && fwt_dd_is_leaf(g))
		return true;
	m = memo_of(dd, OP_DIFFER, set, f, g);
	if (known(m, OP_DIFFER, set, f, g))
		return m->value;
	if (!step(dd))
		return true;
	var = first_of(dd, set, f, g);
	differ = fwt_dd_differ(dd, half(dd, set, var, false), half(dd, f, var, false),
			       half(dd, g, var, false)) ||
		 fwt_dd_differ(dd, half(dd, set, var, true), half(dd, f, var, true),
			       half(dd, g, var, true));
	return remember(dd, OP_DIFFER, set, f, g, differ);
}

u32 fwt_dd_where(struct fwt_dd *dd, u32 set, u32 f, u32 g)
{
	struct fwt_dd_memo *m;
	u32 var, lo, hi;

	if (set == FWT_DD_NO || f == g)
		return FWT_DD_NO;
	if (fwt_dd_is_leaf(f) && fwt_dd_is_leaf(g))
		return set;
	m = memo_of(dd, OP_WHERE, set, f, g);
	if (known(m, OP_WHERE, set, f, g))
		return m->value;
	if (!step(dd))
		return FWT_DD_NO;
	var = first_of(dd, set, f, g);
	lo = fwt_dd_where(dd, half(dd, set, var, false), half(dd, f, var, false),
			  half(dd, g, var, false));
	hi = fwt_dd_where(dd, half(dd, set, var, true), half(dd, f, var, true),
			  half(dd, g, var, true));
	return remember(dd, OP_WHERE, set, f, g, fwt_dd_node(dd, var, lo, hi));
}

u32 fwt_dd_op(struct fwt_dd *dd)
{
	return dd->ops++;
}

/* Operations with something of their own: what they remember is theirs alone. */

struct change {
	struct fwt_dd *dd;
	u32 op;
	u32 (*to)(void *ctx, u32 leaf);
	void *ctx;
	u32 first, bits;
	const u8 *value;
	const u32 *name;
	u32 names;
};

static u32 leaves(const struct change *c, u32 f)
{
	struct fwt_dd *dd = c->dd;
	struct fwt_dd_memo *m;
	u32 lo, hi, var, low;

	/* Where the budget ended there is nothing that an outcome stands for. */
	if (f == FWT_DD_NO || f == FWT_DD_YES)
		return f;
	if (fwt_dd_is_leaf(f))
		return c->to(c->ctx, f);
	m = memo_of(dd, c->op, f, 0, 0);
	if (known(m, c->op, f, 0, 0))
		return m->value;
	if (!step(dd))
		return FWT_DD_NO;
	var = dd->node[f].var;
	low = dd->node[f].lo;
	hi = leaves(c, dd->node[f].hi);
	lo = leaves(c, low);
	if (var < var_of(dd, lo) && var < var_of(dd, hi))
		f = remember(dd, c->op, f, 0, 0, fwt_dd_node(dd, var, lo, hi));
	else
		f = remember(dd, c->op, f, 0, 0,
			     fwt_dd_ite(dd, fwt_dd_var(dd, var), hi, lo));
	return f;
}

u32 fwt_dd_leaves(struct fwt_dd *dd, u32 f, u32 (*to)(void *ctx, u32 leaf), void *ctx)
{
	struct change c = { .dd = dd, .op = fwt_dd_op(dd), .to = to, .ctx = ctx };

	return leaves(&c, f);
}

static u32 assign(const struct change *c, u32 f)
{
	struct fwt_dd *dd = c->dd;
	struct fwt_dd_memo *m;
	u32 var = var_of(dd, f), lo, hi, n = f;

	if (fwt_dd_is_leaf(f) || var >= c->first + c->bits)
		return f;
	if (var >= c->first)
		return assign(c, c->value[var - c->first] ? dd->node[f].hi : dd->node[f].lo);
	m = memo_of(dd, c->op, f, 0, 0);
	if (known(m, c->op, f, 0, 0))
		return m->value;
	if (!step(dd))
		return FWT_DD_NO;
	hi = dd->node[f].hi;
	lo = assign(c, dd->node[f].lo);
	hi = assign(c, hi);
	return remember(dd, c->op, n, 0, 0, fwt_dd_node(dd, var, lo, hi));
}

u32 fwt_dd_assign(struct fwt_dd *dd, u32 f, u32 first, u32 bits, const u8 *value)
{
	struct change c = {
		.dd = dd, .op = fwt_dd_op(dd), .first = first, .bits = bits, .value = value,
	};

	return bits ? assign(&c, f) : f;
}

static u32 forget(const struct change *c, u32 f)
{
	struct fwt_dd *dd = c->dd;
	struct fwt_dd_memo *m;
	u32 var = var_of(dd, f), lo, hi, was = f;

	if (fwt_dd_is_leaf(f) || var >= c->first + c->bits)
		return f;
	m = memo_of(dd, c->op, f, 0, 0);
	if (known(m, c->op, f, 0, 0))
		return m->value;
	if (!step(dd))
		return FWT_DD_NO;
	hi = dd->node[f].hi;
	lo = forget(c, dd->node[f].lo);
	hi = forget(c, hi);
	f = var >= c->first ? fwt_dd_or(dd, lo, hi) : fwt_dd_node(dd, var, lo, hi);
	return remember(dd, c->op, was, 0, 0, f);
}

u32 fwt_dd_forget(struct fwt_dd *dd, u32 f, u32 first, u32 bits)
{
	struct change c = {
		.dd = dd, .op = fwt_dd_op(dd), .first = first, .bits = bits,
	};

	return bits ? forget(&c, f) : f;
}

static u32 rename_in(const struct change *c, u32 f)
{
	struct fwt_dd *dd = c->dd;
	struct fwt_dd_memo *m;
	u32 var = var_of(dd, f), lo, hi, was = f;

	if (fwt_dd_is_leaf(f))
		return f;
	m = memo_of(dd, c->op, f, 0, 0);
	if (known(m, c->op, f, 0, 0))
		return m->value;
	if (!step(dd))
		return FWT_DD_NO;
	hi = dd->node[f].hi;
	lo = rename_in(c, dd->node[f].lo);
	hi = rename_in(c, hi);
	if (var < c->names && c->name[var] != FWT_DD_LEAF)
		var = c->name[var];
	f = fwt_dd_ite(dd, fwt_dd_var(dd, var), hi, lo);
	return remember(dd, c->op, was, 0, 0, f);
}

u32 fwt_dd_rename(struct fwt_dd *dd, u32 f, const u32 *to, u32 n)
{
	struct change c = { .dd = dd, .op = fwt_dd_op(dd), .name = to, .names = n };

	return rename_in(&c, f);
}

u32 fwt_dd_at(const struct fwt_dd *dd, u32 f, const u8 *bits)
{
	while (!fwt_dd_is_leaf(f))
		f = bits[dd->node[f].var] ? dd->node[f].hi : dd->node[f].lo;
	return f;
}

static void support(const struct fwt_dd *dd, u32 f, u8 *bits, u32 n, u8 *seen)
{
	while (!fwt_dd_is_leaf(f) && !(seen[f / 8] & 1 << f % 8)) {
		seen[f / 8] |= (u8)(1 << f % 8);
		if (dd->node[f].var < n)
			bits[dd->node[f].var] = 1;
		support(dd, dd->node[f].lo, bits, n, seen);
		f = dd->node[f].hi;
	}
}

void fwt_dd_support(const struct fwt_dd *dd, u32 f, u8 *bits, u32 n)
{
	u8 *seen = calloc(dd->count / 8 + 1, 1);

	memset(bits, seen ? 0 : 1, n);	/* without memory: all, which is never wrong */
	if (seen)
		support(dd, f, bits, n, seen);
	free(seen);
}
