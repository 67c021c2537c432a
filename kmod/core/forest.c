// SPDX-License-Identifier: GPL-2.0
/*
 * Looking a packet up in a forest: long runs of rules at the price of short ones.
 *
 * Theory of operation
 *
 * A rule is a box: a range of source and destination addresses, of ports and of
 * protocols. Whichever boxes hold the packet's point, the one with the least
 * node is the rule that matches first.
 *
 * A tree cuts space in two at each node, by one comparison, until few boxes are
 * left; those lie side by side in a leaf, and all their ranges are compared. A
 * box that a cut would slice is left to the next tree, or copied to both sides
 * where that is cheap, which is the compiler's business: here any tree is right
 * as long as the boxes that hold a point are in the leaf where the point leads.
 *
 * Trees come in the order of their first rule. So once a rule is found, trees
 * whose first rule comes later can't better it, and the search ends.
 *
 * What takes time is waiting, for memory above all: where the next cut lies is
 * known only when this one is there. The way down a tree does not depend on that
 * down another, so four are walked in step, which takes hardly longer than one:
 * on sets as they are that is all of them, or all but the last. The boxes of
 * leaves are asked for before they are compared.
 *
 * The two children of a cut lie in one line. Both are fetched while the packet's
 * value is compared; choosing between them is then all that waits for the
 * comparison, where else fetching would.
 */
#include "box.h"
#include "tree.h"

#define LINE		64	/* bytes that come at once */
#define FETCH_LINES	4	/* of a leaf */
#define LANES		4	/* trees that are walked in step */

/* A packet's values; of IPv4, and of no IP at all, there are fewer, and behind them the
 * packet as packed boxes are asked about it.
 */
struct point {
	union {
		struct {
			u32 dim[__FWT_DIM6_MAX];
			u8 flags;	/* FWT_BOX_PORTS, if there are any */
		};
		struct {
			u32 dim4[__FWT_DIM_MAX];
			struct fwt_box_key box;
		};
	};
};

static void key4(struct point *k, const struct fwt_packet *p)
{
	bool ports = p->have & FWT_HAVE_PORTS;

	k->dim[FWT_DIM_SADDR] = p->saddr[0];
	k->dim[FWT_DIM_DADDR] = p->daddr[0];
	k->dim[FWT_DIM_SPORT] = ports ? p->sport : 0;
	k->dim[FWT_DIM_DPORT] = ports ? p->dport : 0;
	k->dim[FWT_DIM_PROTOCOL] = p->protocol;
	fwt_box_ask(&k->box, k->dim[FWT_DIM_SADDR], k->dim[FWT_DIM_DADDR],
		    k->dim[FWT_DIM_SPORT], k->dim[FWT_DIM_DPORT], p->protocol, ports);
}

static void key6(struct point *k, const struct fwt_packet *p)
{
	bool ports = p->have & FWT_HAVE_PORTS;

	memcpy(k->dim + FWT_DIM6_SADDR, p->saddr, 4 * sizeof(u32));
	memcpy(k->dim + FWT_DIM6_DADDR, p->daddr, 4 * sizeof(u32));
	k->dim[FWT_DIM6_SPORT] = ports ? p->sport : 0;
	k->dim[FWT_DIM6_DPORT] = ports ? p->dport : 0;
	k->dim[FWT_DIM6_PROTOCOL] = p->protocol;
	k->flags = ports ? FWT_BOX_PORTS : 0;
}

/* One comparison a dimension, and no branch between them. */
#define WITHIN(v, lo, hi) ((u32)(v) - (lo) <= (u32)(hi) - (lo))

static __always_inline bool holds6(const struct fwt_prog_box6 *b, const struct point *k)
{
	u32 in = 1, i;

	for (i = 0; i < 8; i++)
		in &= WITHIN(k->dim[i], b->addr_lo[i], b->addr_hi[i]);
	return in &
	       WITHIN(k->dim[FWT_DIM6_SPORT], b->sport_lo, b->sport_hi) &
	       WITHIN(k->dim[FWT_DIM6_DPORT], b->dport_lo, b->dport_hi) &
	       WITHIN(k->dim[FWT_DIM6_PROTOCOL], b->protocol_lo, b->protocol_hi) &
	       ((b->flags & FWT_BOX_PORTS & ~k->flags) == 0);
}

/* Where a box's tests lead, FWT_NONE if its rule does not match. */
static noinline u32 pass(const struct fwt_program *prog, u32 at,
			 const struct fwt_packet *p, const struct fwt_env *env)
{
	for (;;) {
		const struct fwt_prog_node *n = &prog->node[at];
		const struct fwt_prog_test *t;

		if (n->type == FWT_NODE_MISS)
			return FWT_NONE;
		if (n->type != FWT_NODE_TEST)
			return at;
		t = &prog->test[n->arg];
		/* The walk that goes on here will ask it; or say that it can't. */
		if (unlikely(fwt_test_noted(t)) ||
		    (unlikely(p->unknown) && fwt_test_unknown(t, p)))
			return at;
		at = fwt_test_holds(prog, t, p, env, NULL) ? n->yes : n->no;
	}
}

/**
 * struct search - one look-up
 * @prog: program
 * @p: packet
 * @env: the world
 * @key: the packet's point
 * @gone: bitmap of nodes whose boxes do not count, or NULL; known when compiled
 * @after: boxes count whose nodes lie behind this one
 * @best: the least node of a box that holds the packet
 * @next: where the walk goes on
 */
struct search {
	const struct fwt_program *prog;
	const struct fwt_packet *p;
	const struct fwt_env *env;
	struct point key;
	const u32 *gone;
	u32 after;
	u32 best;
	u32 next;
};

/* @hit is a box that holds the packet; false where its tests do not. */
static __always_inline bool take(struct search *s, u32 node, u8 tests)
{
	u32 next = node;

	if (s->gone && s->gone[node / 32] >> (node % 32) & 1)
		return false;
	if (unlikely(tests)) {
		next = pass(s->prog, node, s->p, s->env);
		if (next == FWT_NONE)
			return false;
	}
	if (s->prog->row)
		prefetch(&s->prog->row[next / FWT_ROW]);
	else
		prefetch(&s->prog->node[next]);
	s->best = node;
	s->next = next;
	return true;
}

/* Whether a box that holds is the one: those of a leaf stand in the order of their
 * nodes, and the first one that does is it. Nodes of those that do not hold are not
 * looked at, which would cost more than it spares.
 */
static __always_inline bool found(struct search *s, u32 node, u8 tests)
{
	return node >= s->best || (node > s->after && take(s, node, tests));
}

static __always_inline void compare4(struct search *s, const struct fwt_prog_box *b, u32 n)
{
	const struct fwt_prog_box *end = b + n;

	for (; b < end; b++)
		if (unlikely(fwt_box_holds(b, &s->key.box)) &&
		    found(s, fwt_box_node(b), fwt_box_tests(b)))
			return;
}

static __always_inline void compare6(struct search *s, const struct fwt_prog_box6 *b, u32 n)
{
	const struct fwt_prog_box6 *end = b + n;

	for (; b < end; b++)
		if (unlikely(holds6(b, &s->key)) &&
		    found(s, b->node, b->flags & FWT_BOX_TESTS))
			return;
}

/* A cut in a register: where it is, and above that where it leads. */
static __always_inline u64 load(const struct fwt_prog_cut *c)
{
	return (u64)c->to << 32 | c->at;
}

static __always_inline void leaf(struct search *s, u64 cut, bool six)
{
	u32 at = (u32)cut, n = cut >> 32 & FWT_CUT_MAX;

	if (six)
		compare6(s, s->prog->box6 + at, n);
	else
		compare4(s, s->prog->box + at, n);
}

/* Ask for the lines of a leaf, the first few. */
static __always_inline void fetch(const struct fwt_program *prog, u64 cut, bool six)
{
	const char *box = six ? (const char *)(prog->box6 + (u32)cut) :
				(const char *)(prog->box + (u32)cut);
	u32 i;

	for (i = 0; i < FETCH_LINES; i++)
		prefetch(box + i * LINE);
}

static __always_inline bool step(const struct fwt_prog_cut *base, u64 *cut, const u32 *key)
{
	u32 to = *cut >> 32, dim = to >> FWT_CUT_SHIFT;
	const struct fwt_prog_cut *child = base + (to & FWT_CUT_MAX);

	if (dim == FWT_CUT_LEAF)
		return false;
	*cut = fwt_if_above(key[dim], (u32)*cut, load(child + 1), load(child));
	return true;
}

/* The next @n trees. One more than needed is walked in vain where an earlier one has
 * the rule; its boxes are not compared.
 */
static __always_inline void find_in(struct search *s, const struct fwt_prog_tree *t,
				    const u32 n, bool six)
{
	const struct fwt_prog_cut *base = s->prog->cut;
	u64 cut[LANES];
	bool more;
	u32 i;

	fwt_for_each(i, n)
		cut[i] = load(base + t[i].root);
	do {
		more = false;
		fwt_for_each(i, n)
			more |= step(base, &cut[i], s->key.dim);
	} while (more);
	fwt_for_each(i, n)
		fetch(s->prog, cut[i], six);
	fwt_for_each(i, n) {
		if (t[i].first >= s->best)
			return;
		leaf(s, cut[i], six);
	}
}

static __always_inline void find(struct search *s, const struct fwt_prog_tree *t,
				 u32 n, bool six)
{
	for (; n >= LANES && t->first < s->best; n -= LANES, t += LANES)
		find_in(s, t, LANES, six);
	if (!n || t->first >= s->best)
		return;
	switch (n) {
	case 1:
		find_in(s, t, 1, six);
		break;
	case 2:
		find_in(s, t, 2, six);
		break;
	default:
		find_in(s, t, 3, six);
		break;
	}
}

static __always_inline u32 look(const struct fwt_program *prog, u32 at,
				const struct fwt_packet *p, const struct fwt_env *env,
				const u32 *gone, u32 after, u32 *best)
{
	const struct fwt_prog_node *n = &prog->node[at];
	const struct fwt_prog_forest *f = &prog->forest[n->arg];
	struct search s = {
		.prog = prog, .p = p, .env = env, .gone = gone,
		.after = after, .best = *best, .next = n->no,
	};

	if (p->have & FWT_HAVE_IP && p->family == 6) {
		key6(&s.key, p);
		find(&s, prog->tree + f->tree[FWT_PART_IPV6], f->n_trees[FWT_PART_IPV6],
		     true);
	} else {
		enum fwt_part part = FWT_PART_IPV4;

		if (p->have & FWT_HAVE_IP) {
			key4(&s.key, p);
		} else {
			memset(&s.key, 0, sizeof(s.key));
			fwt_box_ask(&s.key.box, 0, 0, 0, 0, 0, false);
			part = FWT_PART_OTHER;
		}
		find(&s, prog->tree + f->tree[part], f->n_trees[part], false);
	}
	*best = s.best;
	return s.next;
}

u32 fwt_forest_find(const struct fwt_program *prog, u32 at,
		    const struct fwt_packet *p, const struct fwt_env *env)
{
	u32 best = FWT_NONE;

	return look(prog, at, p, env, NULL, at, &best);
}

u32 fwt_forest_find_within(const struct fwt_program *prog, u32 at,
			   const struct fwt_packet *p, const struct fwt_env *env,
			   const u32 *gone, u32 after, u32 *best)
{
	return look(prog, at, p, env, gone, after, best);
}
