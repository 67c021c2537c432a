// SPDX-License-Identifier: GPL-2.0
/*
 * The verifier's part for forests.
 *
 * Trees are owned in order: the first forest has the first trees, for IPv4, then
 * those for IPv6, then the others; and each tree has the cuts from its root to
 * the next tree's. So whatever lies in CUTS belongs to one tree, and that to one
 * kind of packet, whose dimensions and boxes are known. Within a tree a child
 * lies behind its cut: one pass backward says how many steps a way down can take.
 *
 * A node begins a rule of one forest at most, so that what follows from it can
 * be handed to that forest's nodes in the same passes as everything else.
 */
#include "box.h"
#include "verify_private.h"

/* What a leaf asks of a box, whatever its addresses are. */
struct box {
	u32 node;
	u8 flags;
	bool sane;
};

static struct box read_box(const struct fwt_program *prog, u32 i, bool six)
{
	struct box box;

	if (six) {
		const struct fwt_prog_box6 *b = &prog->box6[i];

		box = (struct box){ b->node, b->flags,
			!b->pad && b->sport_lo <= b->sport_hi &&
			b->dport_lo <= b->dport_hi && b->protocol_lo <= b->protocol_hi };
	} else {
		struct fwt_box4 b = fwt_box_unpack(&prog->box[i]);
		struct fwt_prog_box same = fwt_box_pack(&b);

		box = (struct box){ b.node, b.flags,
			!memcmp(&same, &prog->box[i], sizeof(same)) && b.sport_lo <= b.sport_hi &&
			b.dport_lo <= b.dport_hi && b.protocol_lo <= b.protocol_hi };
	}
	return box;
}

/* A leaf: its boxes one by one. Returns the steps, or a negative error. */
static s64 check_leaf(struct fwt_verify *c, u32 i, u32 forest, u32 first, bool six)
{
	const struct fwt_prog_cut *cut = &c->prog->cut[i];
	u32 section = six ? FWT_SEC_BOXES6 : FWT_SEC_BOXES;
	u32 n = cut->to & FWT_CUT_MAX, k, last = first;
	u64 steps = 1;

	if (cut->at > c->prog->n[section] || n > c->prog->n[section] - cut->at)
		return bad(c, FWT_SEC_CUTS, i, "boxes outside of their section");
	if (!spend(c, n))
		return refuse(c, -E2BIG, FWT_SEC_CUTS, i, "leaves overlap too much");
	for (k = cut->at; k < cut->at + n; k++) {
		struct box b = read_box(c->prog, k, six);
		struct fwt_verify_node *s;

		if (fwt_rest(k - cut->at))
			return -EINTR;
		if (b.flags & ~(FWT_BOX_PORTS | FWT_BOX_TESTS) || !b.sane)
			return bad(c, section, k, "an impossible box");
		if (!index_ok(c, FWT_SEC_NODES, b.node))
			return bad(c, section, k, "no such node");
		if (b.node < last)
			return bad(c, section, k, "boxes out of order");
		last = b.node;
		s = &c->node[b.node];
		if (s->forest && s->forest != forest + 1)
			return bad(c, section, k, "a rule of two forests");
		c->forest[forest].count += !s->forest;
		s->forest = forest + 1;
		if (s->misses && !(b.flags & FWT_BOX_TESTS))
			return bad(c, section, k, "has tests and does not say so");
		steps += 1 + (b.flags & FWT_BOX_TESTS ? s->tests : 0);
	}
	return min(steps, (u64)FWT_STEPS_MANY);
}

static int check_tree(struct fwt_verify *c, u32 t, u32 forest, enum fwt_part part)
{
	const struct fwt_program *p = c->prog;
	u32 from = p->tree[t].root;
	u32 to = t + 1 < p->n[FWT_SEC_TREES] ? p->tree[t + 1].root : p->n[FWT_SEC_CUTS];
	bool six = part == FWT_PART_IPV6;
	u32 i;

	if ((!t && from) || from >= to || to > p->n[FWT_SEC_CUTS])
		return bad(c, FWT_SEC_TREES, t, "cuts out of order");
	for (i = to; i-- > from;) {
		u32 dim = p->cut[i].to >> FWT_CUT_SHIFT, child = p->cut[i].to & FWT_CUT_MAX;
		s64 steps;

		if (fwt_rest(i))
			return -EINTR;
		if (dim == FWT_CUT_LEAF) {
			steps = check_leaf(c, i, forest, p->tree[t].first, six);
			if (steps < 0)
				return steps;
		} else {
			if (dim >= (six ? (u32)__FWT_DIM6_MAX : (u32)__FWT_DIM_MAX))
				return bad(c, FWT_SEC_CUTS, i, "no such dimension");
			if (child <= i || child >= to || child + 1 >= to)
				return bad(c, FWT_SEC_CUTS, i, "leads back, or nowhere");
			steps = 1 + max(c->cut[child], c->cut[child + 1]);
		}
		c->cut[i] = min(steps, (s64)FWT_STEPS_MANY);
	}
	return 0;
}

int fwt_verify_forests(struct fwt_verify *c)
{
	const struct fwt_program *p = c->prog;
	u32 next = 0, f, t;
	int ret;

	for (f = 0; f < p->n[FWT_SEC_FORESTS]; f++) {
		const struct fwt_prog_forest *forest = &p->forest[f];
		u64 steps, most = 0;
		enum fwt_part part;

		if (fwt_rest(f))
			return -EINTR;
		for (part = 0; part < __FWT_PART_MAX; part++) {
			u32 n = forest->n_trees[part];

			if (forest->tree[part] != next || n > p->n[FWT_SEC_TREES] - next)
				return bad(c, FWT_SEC_FORESTS, f, "trees out of order");
			steps = 0;
			for (t = next; t < next + n; t++) {
				if (t > next && p->tree[t].first < p->tree[t - 1].first)
					return bad(c, FWT_SEC_TREES, t, "rules out of order");
				ret = check_tree(c, t, f, part);
				if (ret)
					return ret;
				steps += c->cut[p->tree[t].root];
			}
			most = max(most, steps);
			next += n;
		}
		c->forest[f].steps = min(most, (u64)FWT_STEPS_MANY);
	}
	if (next != p->n[FWT_SEC_TREES])
		return bad(c, FWT_SEC_TREES, next, "a tree of no forest");
	return 0;
}
