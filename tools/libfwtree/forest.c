// SPDX-License-Identifier: GPL-2.0
/*
 * From boxes to trees: where to cut.
 *
 * A tree is grown from the root. At each node that place is sought, over all
 * dimensions, where a cut divides the boxes most evenly and slices fewest. What
 * it slices is left to the next tree (*spilled*), which does the same with what
 * came together there; or, where few boxes are left, copied to both sides. So a
 * rule with any source is no burden to a tree that cuts by sources: it comes to
 * lie in one that cuts by destinations.
 *
 * Spilling keeps memory linear in the rules: a tree that copies wherever it cuts
 * grows by a factor of 20 to 40 on sets as firewalls have them. What it costs is
 * more trees to walk; there is a limit to those, too, and the last one has to
 * take what comes.
 *
 * Candidates are the ends of boxes. Of many boxes a sample serves: what matters
 * is that the halves are about equal, not that they are exactly so.
 */
#include <stdlib.h>

#include "forest.h"

#define LEAF		12	/* boxes for which nothing is spilled any more */
#define FINE		3	/* boxes that are not cut any more in a small tree */
#define FEW		16384	/* boxes of a small tree */
#define SAMPLE		128	/* boxes that are looked at for a cut */
#define DEPTH		48	/* of a tree */
#define TREES		16
#define SMALL		64	/* a part of the space there is */
#define COPY_BYTES	10	/* of copies for each box */
#define COPY_BELOW	64	/* boxes: above, slices are spilled */

struct twig {
	u32 at;			/* of a leaf: its first box in order */
	u32 dim;		/* FWT_CUT_LEAF for a leaf */
	u32 left, right;	/* of a leaf: left is how many boxes */
};

struct grow {
	const struct fwt_forest_boxes *boxes;
	struct fwt_forest *f;
	struct fwt_vec twigs;
	struct fwt_vec list;	/* u32: a stack of lists of boxes */
	struct fwt_vec leaves;	/* u32: the boxes of this tree's leaves */
	struct fwt_vec spilled;	/* u32: for the next tree */
	u32 copies;		/* that may still be made */
	u32 fine;		/* boxes that are not cut any more */
	bool last;		/* there is no next tree */
	u32 *lo, *hi;		/* for finding a cut: SAMPLE each */
};

struct cut {
	u32 dim;
	u32 at;
	u32 cost;
	u32 left, right, sliced;
};

static void sort(u32 *v, u32 n)
{
	while (n > 24) {
		u32 mid = v[n / 2], i = 0, k = n - 1, swap;

		/* of three */
		if ((v[0] > mid) != (v[0] > v[n - 1]))
			mid = v[0];
		else if ((v[n - 1] > mid) != (v[n - 1] > v[0]))
			mid = v[n - 1];
		for (;; i++, k--) {
			while (v[i] < mid)
				i++;
			while (v[k] > mid)
				k--;
			if (i >= k)
				break;
			swap = v[i];
			v[i] = v[k];
			v[k] = swap;
		}
		/* The smaller part by calling, so that the stack stays small. */
		k++;
		if (k < n - k) {
			sort(v, k);
			v += k;
			n -= k;
		} else {
			sort(v + k, n - k);
			n = k;
		}
	}
	for (u32 i = 1, k; i < n; i++) {
		u32 x = v[i];

		for (k = i; k && v[k - 1] > x; k--)
			v[k] = v[k - 1];
		v[k] = x;
	}
}

/* What a cut is worth: the larger side, and what is sliced on top. */
static u32 cost_of(u32 left, u32 right, u32 sliced, bool copy)
{
	return max(left, right) + (copy ? 2 : 3) * sliced;
}

/* The best cut by one dimension, from the sorted ends of @n boxes. */
static void best_of(struct grow *g, u32 dim, u32 n, bool copy, struct cut *best)
{
	const u32 *lo = g->lo, *hi = g->hi;
	u32 below = 0, above = 0, i;

	for (i = 0; i < n; i = below) {
		u32 at = hi[i], sliced, cost;

		while (below < n && hi[below] == at)
			below++;
		while (above < n && lo[above] <= at)
			above++;
		if (above == n)		/* none is on the right */
			return;
		sliced = above - below;
		cost = cost_of(below, n - above, sliced, copy);
		if (cost < best->cost)
			*best = (struct cut){ dim, at, cost, below, n - above, sliced };
	}
}

static bool find_cut(struct grow *g, const u32 *list, u32 n, bool copy, struct cut *best)
{
	u32 stride = n > SAMPLE ? n / SAMPLE : 1, m = n / stride, d, i;

	m = min(m, (u32)SAMPLE);
	best->cost = ~0u;
	for (d = 0; d < g->boxes->n_dims; d++) {
		const u32 *lo = g->boxes->lo[d], *hi = g->boxes->hi[d];
		u32 least = ~0u, most = 0;

		for (i = 0; i < m; i++) {
			u32 box = list[i * stride];

			g->lo[i] = lo[box];
			g->hi[i] = hi[box];
			most = max(most, g->lo[i]);
			least = min(least, g->hi[i]);
		}
		if (least >= most)	/* all have a value in common */
			continue;
		sort(g->lo, m);
		sort(g->hi, m);
		best_of(g, d, m, copy, best);
	}
	return best->cost != ~0u;
}

static void count_sides(const struct grow *g, const u32 *list, u32 n, struct cut *c)
{
	const u32 *lo = g->boxes->lo[c->dim], *hi = g->boxes->hi[c->dim];
	u32 i;

	c->left = 0;
	c->right = 0;
	for (i = 0; i < n; i++) {
		c->left += hi[list[i]] <= c->at;
		c->right += lo[list[i]] > c->at;
	}
	c->sliced = n - c->left - c->right;
}

static bool push(struct fwt_vec *v, const u32 *list, u32 n)
{
	u32 *to = fwt_vec_add(v, n);

	if (to && n)
		memcpy(to, list, n * sizeof(u32));
	return to;
}

static u32 *list_at(struct grow *g, u32 at)
{
	return (u32 *)g->list.data + at;
}

/* A leaf of the list's boxes. */
static u32 leaf(struct grow *g, u32 from, u32 n)
{
	struct twig t = { .at = g->leaves.count, .dim = FWT_CUT_LEAF, .left = n };
	struct twig *to = fwt_vec_add(&g->twigs, 1);

	if (!to || !push(&g->leaves, list_at(g, from), n))
		return FWT_NONE;
	*to = t;
	return g->twigs.count - 1;
}

/* Is a cut that copies worth it. Of many boxes it has to take a quarter off each
 * side. Few are compared one by one, which costs about as much as a cut: half of
 * what both sides have, and one for the cut, must not be more than there are.
 */
static bool pays(const struct cut *c, u32 n)
{
	if (n <= LEAF)
		return (c->left + c->right) / 2 + c->sliced + 1 <= n;
	return max(c->left, c->right) + c->sliced <= n - n / 4;
}

/* Whether to cut, and where. @copy says what becomes of what is sliced. */
static bool choose(struct grow *g, u32 from, u32 n, u32 copies, struct cut *c, bool *copy)
{
	*copy = g->last || n <= COPY_BELOW;
	if (*copy && copies) {
		if (!find_cut(g, list_at(g, from), n, true, c))
			return false;
		count_sides(g, list_at(g, from), n, c);
		if (c->sliced <= copies && c->left && c->right && pays(c, n))
			return true;
	}
	*copy = false;
	if (!find_cut(g, list_at(g, from), n, false, c))
		return false;
	count_sides(g, list_at(g, from), n, c);
	if (!c->left || !c->right)
		return false;
	/* What few boxes spill makes the next trees, which cost more. */
	return !c->sliced || (!g->last && n > LEAF);
}

/* The list's boxes, @n from @from on, become a tree; it is the last on the stack
 * and taken from it. Of @copies each side may make its part, or the left side of
 * the first tree would take them all. Returns a twig, FWT_NONE without memory.
 */
static u32 grow(struct grow *g, u32 from, u32 n, u32 depth, u32 copies)
{
	u32 twig, left, right, i, l, r, nl, nr, share;
	const u32 *lo, *hi;
	struct twig *t;
	struct cut c;
	bool copy;

	if (!(g->twigs.count % FWT_PROGRESS_RULES))
		fwt_progress(g->boxes->progress, "building search trees", g->leaves.count,
			     g->boxes->count);
	if (n <= g->fine || depth == DEPTH || !choose(g, from, n, copies, &c, &copy)) {
		twig = leaf(g, from, n);
		g->list.count = from;
		return twig;
	}
	lo = g->boxes->lo[c.dim];
	hi = g->boxes->hi[c.dim];
	nl = c.left + (copy ? c.sliced : 0);
	nr = c.right + (copy ? c.sliced : 0);
	if (copy) {
		copies -= c.sliced;
		g->copies -= c.sliced;
	}
	r = g->list.count;
	l = r + nr;
	if (!fwt_vec_add(&g->list, nl + nr))
		return FWT_NONE;
	for (i = 0; i < n; i++) {
		u32 box = list_at(g, from)[i];
		bool in_l = hi[box] <= c.at, in_r = lo[box] > c.at;

		if (in_l || (copy && !in_r))
			list_at(g, l++)[0] = box;
		if (in_r || (copy && !in_l))
			list_at(g, r++)[0] = box;
		if (!in_l && !in_r && !copy && !push(&g->spilled, &box, 1))
			return FWT_NONE;
	}
	twig = g->twigs.count;
	if (!fwt_vec_add(&g->twigs, 1))
		return FWT_NONE;
	share = (u32)((u64)copies * nl / (nl + nr));
	left = grow(g, l - nl, nl, depth + 1, share);
	right = left == FWT_NONE ? FWT_NONE : grow(g, r - nr, nr, depth + 1, copies - share);
	if (right == FWT_NONE)
		return FWT_NONE;
	g->list.count = from;
	t = (struct twig *)g->twigs.data + twig;
	*t = (struct twig){ c.at, c.dim, left, right };
	return twig;
}

/* Laying a tree out
 *
 * Cuts that are met one after the other should lie in one cache line: a line has
 * room for a pair of children and the two pairs below, six cuts, if it begins
 * with them. So a way down takes half as many lines as it has cuts.
 */

#define LINE	8	/* cuts */

/* A twig that has its place, and whose children do not. */
struct bud {
	u32 twig;
	u32 place;
};

static struct twig *twig_at(const struct grow *g, u32 i)
{
	return (struct twig *)g->twigs.data + i;
}

static struct fwt_prog_cut *cut_at(const struct grow *g, u32 i)
{
	return (struct fwt_prog_cut *)g->f->cuts.data + i;
}

static void fill(struct grow *g, u32 from, u32 to)
{
	for (; from < to; from++)
		*cut_at(g, from) = (struct fwt_prog_cut){ 0, FWT_CUT_LEAF << FWT_CUT_SHIFT };
}

static bool place(struct grow *g, u32 twig, u32 at)
{
	const struct twig *t = twig_at(g, twig);
	struct fwt_vec *order = &g->f->order;
	u32 first = order->count;

	if (t->dim != FWT_CUT_LEAF) {
		*cut_at(g, at) = (struct fwt_prog_cut){ t->at, t->dim << FWT_CUT_SHIFT };
		return true;
	}
	if (!push(order, (u32 *)g->leaves.data + t->at, t->left))
		return false;
	*cut_at(g, at) = (struct fwt_prog_cut){
		first, FWT_CUT_LEAF << FWT_CUT_SHIFT | t->left };
	return true;
}

/* Two cuts side by side, the children of @bud. */
static bool pair(struct grow *g, const struct bud *bud, u32 at)
{
	const struct twig *t = twig_at(g, bud->twig);

	cut_at(g, bud->place)->to |= at;
	return place(g, t->left, at) && place(g, t->right, at + 1);
}

static bool lay_out(struct grow *g, u32 root)
{
	struct fwt_vec *cuts = &g->f->cuts;
	struct bud stack[2 * DEPTH + 2], bud;
	u32 n = 0, at = cuts->count;

	if (!fwt_vec_add(cuts, 1) || !place(g, root, at))
		return false;
	if (twig_at(g, root)->dim != FWT_CUT_LEAF)
		stack[n++] = (struct bud){ root, at };
	while (n) {
		struct bud below[2];
		u32 n_below = 0, size, side, room;

		bud = stack[--n];
		for (side = 0; side < 2; side++) {
			u32 child = side ? twig_at(g, bud.twig)->right :
					   twig_at(g, bud.twig)->left;

			if (twig_at(g, child)->dim != FWT_CUT_LEAF)
				below[n_below++] = (struct bud){ child, side };
		}
		size = 2 + 2 * n_below;
		at = cuts->count;
		room = LINE - at % LINE;
		if (room < size) {
			if (!fwt_vec_add(cuts, room))
				return false;
			fill(g, at, at + room);
			at += room;
		}
		if (!fwt_vec_add(cuts, size) || !pair(g, &bud, at))
			return false;
		for (side = 0; side < n_below; side++) {
			u32 to = at + 2 + 2 * side, i;
			const struct twig *t;

			below[side].place += at;
			if (!pair(g, &below[side], to))
				return false;
			t = twig_at(g, below[side].twig);
			for (i = 0; i < 2; i++) {
				u32 child = i ? t->right : t->left;

				if (twig_at(g, child)->dim != FWT_CUT_LEAF)
					stack[n++] = (struct bud){ child, to + i };
			}
		}
	}
	return true;
}

/* How many boxes of the list are small in a dimension, measured by how far they
 * lie apart. With @spill the others are left to the next tree.
 */
static bool sieve(struct grow *g, u32 dim, bool spill, u32 *small)
{
	const u32 *lo = g->boxes->lo[dim], *hi = g->boxes->hi[dim];
	u32 *list = g->list.data, n = g->list.count, least = ~0u, most = 0, i;

	*small = 0;
	for (i = 0; i < n; i++) {
		least = min(least, lo[list[i]]);
		most = max(most, lo[list[i]]);
	}
	for (i = 0; i < n; i++) {
		if (hi[list[i]] - lo[list[i]] <= (most - least) / SMALL) {
			if (spill)
				list[*small] = list[i];
			++*small;
		} else if (spill && !push(&g->spilled, &list[i], 1)) {
			return false;
		}
	}
	return true;
}

/* A tree is either for boxes that are small by their sources, or for such by
 * their destinations, whichever are more: those that are wide would be sliced by
 * nearly each of its cuts. They come to lie in a tree of the other kind; what is
 * wide in both, in one that cuts by ports.
 */
static bool choose_boxes(struct grow *g)
{
	u32 other = g->boxes->n_dims == __FWT_DIM6_MAX ? FWT_DIM6_DADDR : FWT_DIM_DADDR;
	u32 n = g->list.count, by_source, by_other;

	if (g->last || n < 4 * LEAF)
		return true;
	if (!sieve(g, 0, false, &by_source) || !sieve(g, other, false, &by_other))
		return false;
	if (max(by_source, by_other) < n / 4)
		return true;
	return sieve(g, by_source >= by_other ? 0 : other, true, &g->list.count);
}

/* A tree of the boxes in @g->list; what it spills is the next one's list. */
static bool plant(struct grow *g, struct fwt_prog_tree *tree)
{
	u32 from = g->leaves.count, i;
	struct fwt_vec swap;

	g->spilled.count = 0;
	if (!choose_boxes(g))
		return false;
	/* Where a tree is in the processor's caches, a cut is cheaper than comparing
	 * a box; else what counts is how much of it there is.
	 */
	g->fine = g->list.count <= FEW ? FINE : LEAF;
	tree->root = grow(g, 0, g->list.count, 0, g->last ? g->copies : g->copies / 3);
	if (tree->root == FWT_NONE)
		return false;
	tree->first = ~0u;
	for (i = from; i < g->leaves.count; i++)
		tree->first = min(tree->first, ((u32 *)g->leaves.data)[i]);
	g->list.count = 0;
	swap = g->list;
	g->list = g->spilled;
	g->spilled = swap;
	/* Where it was spilled from says nothing about the order. */
	sort(g->list.data, g->list.count);
	return true;
}

/* In the order in which they are walked. */
static bool lay_out_all(struct grow *g, struct fwt_prog_tree *tree, u32 n)
{
	struct fwt_prog_tree t;
	u32 i, k;
	void *to;

	for (i = 0; i < n; i++) {
		for (k = i + 1; k < n; k++) {
			if (tree[k].first >= tree[i].first)
				continue;
			t = tree[i];
			tree[i] = tree[k];
			tree[k] = t;
		}
		t = tree[i];
		t.root = g->f->cuts.count;
		to = fwt_vec_add(&g->f->trees, 1);
		if (!to)
			return false;
		memcpy(to, &t, sizeof(t));
		if (!lay_out(g, tree[i].root))
			return false;
	}
	return true;
}

static void init(struct fwt_vec *v, u32 size)
{
	memset(v, 0, sizeof(*v));
	v->size = size;
}

bool fwt_forest_grow(const struct fwt_forest_boxes *boxes, struct fwt_forest *f)
{
	struct grow g = { .boxes = boxes, .f = f };
	struct fwt_prog_tree tree[TREES];
	u32 i, *list, n = 0;
	bool ok;

	init(&f->trees, sizeof(struct fwt_prog_tree));
	init(&f->cuts, sizeof(struct fwt_prog_cut));
	init(&f->order, sizeof(u32));
	init(&g.twigs, sizeof(struct twig));
	init(&g.list, sizeof(u32));
	init(&g.leaves, sizeof(u32));
	init(&g.spilled, sizeof(u32));
	g.lo = malloc(2 * (SAMPLE + 1) * sizeof(u32));
	g.hi = g.lo + SAMPLE + 1;
	g.copies = (u32)((u64)boxes->count * COPY_BYTES /
			 (boxes->n_dims == __FWT_DIM6_MAX ? sizeof(struct fwt_prog_box6) :
							    sizeof(struct fwt_prog_box)));
	list = fwt_vec_add(&g.list, boxes->count);
	ok = g.lo && list;
	for (i = 0; ok && i < boxes->count; i++)
		list[i] = i;
	while (ok && g.list.count) {
		g.last = n + 1 == TREES;
		ok = plant(&g, &tree[n++]);
	}
	ok = ok && lay_out_all(&g, tree, n);
	free(g.lo);
	free(g.twigs.data);
	free(g.list.data);
	free(g.leaves.data);
	free(g.spilled.data);
	return ok;
}

void fwt_forest_clean(struct fwt_forest *f)
{
	free(f->trees.data);
	free(f->cuts.data);
	free(f->order.data);
}
