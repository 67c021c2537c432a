// SPDX-License-Identifier: GPL-2.0
/*
 * Two policies, compared.
 *
 * Packets that come to the same two outcomes are one set; a set is told by the
 * boxes that it is made of, or as the least box around it but for what is not in
 * it, whichever are fewer.
 */
#include <stdlib.h>

#include "diff.h"
#include "diff_data.h"
#include "diff_names.h"
#include "diff_region.h"
#include "diff_try.h"
#include "prove_pick.h"
#include "prove_walk.h"

#define EXCEPT_MAX	FWT_DIFF_EXCEPT
#define BOXES_MAX	128	/* of one set: then it is told as far as that */

struct comparing {
	const struct fwt_policy_ast *ast[2];
	struct fwt_diag diag[2];
	struct fwt_sema s[2];
	struct fwt_space sp;
	struct fwt_outcomes out;
	struct fwt_prove prove[2];
	struct fwt_diff *diff;
	u32 world;
	const struct fwt_ir_tree *tree[2];
	u32 f[2];
	const char *hook;
};

struct fwt_diff_class *fwt_diff_new(struct fwt_diff *diff, const char *hook)
{
	struct fwt_diff_class *class;

	class = realloc(diff->class, (diff->count + 1) * sizeof(*class));
	if (!class)
		return NULL;
	diff->class = class;
	class += diff->count++;
	memset(class, 0, sizeof(*class));
	snprintf(class->hook, sizeof(class->hook), "%s", hook);
	return class;
}

static struct fwt_diff_class *new_class(struct comparing *c)
{
	struct fwt_diff_class *class = fwt_diff_new(c->diff, c->hook);

	c->sp.failed |= !class;
	return class;
}

const char *fwt_diff_file(const struct fwt_policy_ast *ast, const struct fwt_rule *r)
{
	return ast->sources->source[r->loc.file]->name;
}

static void one_side(struct comparing *c, u32 i, const struct fwt_witness *w,
		     struct fwt_diff_side *side)
{
	const struct fwt_ir_rule *by = NULL;
	u8 *bits;

	fwt_outcome_words(&c->out, fwt_dd_at(&c->sp.dd, c->f[i], w->bits), side->becomes,
			  sizeof(side->becomes));
	bits = calloc(c->sp.vars + 64, 1);
	if (!bits || !c->tree[i]) {
		free(bits);
		return;
	}
	memcpy(bits, w->bits, w->vars);
	by = fwt_prove_follow(&c->prove[i], c->tree[i], bits);
	free(bits);
	if (!by)
		return;
	side->file = fwt_diff_file(c->ast[i], by->ast);
	side->line = by->ast->loc.line;
}

/**
 * struct part - a part of a set of packets, to be told
 * @words: of it; values that are told together are parted by \001
 * @set: its packets
 */
struct part {
	char words[512];
	u32 set;
};

/**
 * struct change - packets that come to one outcome in A and to another one in B
 * @set: them
 * @first: of it the packet, and both sides
 * @part: what it is made of; where it is told by what is not in it, a hull and then that
 * @n: how many parts
 * @hull: it is
 * @whole: it has no packets besides
 */
struct change {
	u32 set;
	struct fwt_diff_class first;
	struct part *part;
	u32 n;
	bool hull;
	bool whole;
};

/* A packet of @set, and what becomes of it; false where there is none. */
static bool show(struct comparing *c, u32 hook, u32 set, struct fwt_diff_class *class)
{
	struct fwt_witness w;
	bool ok = !fwt_space_pick(&c->sp, set, hook, &w);
	u32 i;

	if (ok) {
		memcpy(class->packet, w.words, sizeof(class->packet));
		memcpy(class->given, w.given, sizeof(class->given));
		for (i = 0; i < 2; i++)
			one_side(c, i, &w, &class->side[i]);
		ok = !c->sp.dd.over;
	}
	fwt_witness_clean(&w);
	return ok;
}

/* Part @i of a change; false where the budget ends. */
static bool tell(struct comparing *c, u32 hook, const struct change *change, u32 i)
{
	const struct part *part = &change->part[i];
	struct fwt_diff_class class = change->first, *to;
	u32 k;

	if (part->set != change->set && !show(c, hook, part->set, &class))
		return false;
	fwt_region_lists(part->words, class.words, sizeof(class.words));
	for (k = 1; change->hull && k < change->n; k++)
		fwt_region_lists(change->part[k].words, class.except[k - 1],
				 sizeof(class.except[k - 1]));
	to = new_class(c);
	if (!to)
		return false;
	memcpy(class.hook, to->hook, sizeof(class.hook));
	*to = class;
	return true;
}

/* What differs in one word is told as one, with a list in that word's place. */
static u32 join(struct comparing *c, struct part *part, u32 n)
{
	u32 i, j;

	for (i = 0; i < n; i++)
		for (j = i + 1; j < n;) {
			if (!fwt_region_join(part[i].words, part[j].words,
					     sizeof(part[i].words))) {
				j++;
				continue;
			}
			part[i].set = fwt_dd_or(&c->sp.dd, part[i].set, part[j].set);
			memmove(&part[j], &part[j + 1], (--n - j) * sizeof(*part));
			j = i + 1;
		}
	return n;
}

/* The boxes of a set, each as far as it goes; false where @max are not enough. */
static bool boxes(struct comparing *c, u32 set, u32 outside, struct fwt_region *box, u32 max,
		  u32 *n)
{
	struct fwt_dd *dd = &c->sp.dd;
	u32 vars = c->sp.vars, rest = set;
	u8 *support = malloc(2 * (size_t)vars + 64), *bits = support + vars;
	bool ok = support;

	*n = 0;
	while (ok && rest != FWT_DD_NO && *n < max && !dd->over) {
		u32 at = rest;

		memset(bits, 0, vars);
		while (!fwt_dd_is_leaf(at)) {
			bool hi = dd->node[at].lo == FWT_DD_NO;

			bits[dd->node[at].var] = hi;
			at = hi ? dd->node[at].hi : dd->node[at].lo;
		}
		fwt_dd_support(dd, outside, support, vars);
		ok = fwt_region_grow(&c->sp, &box[*n], bits, outside, support);
		if (ok)
			fwt_region_narrow(&c->sp, &box[*n], c->world);
		ok &= !dd->over;
		if (ok)
			rest = fwt_dd_minus(dd, rest, fwt_region_set(&c->sp, &box[(*n)++]));
	}
	free(support);
	return ok && rest == FWT_DD_NO && !dd->over;
}

/* Boxes in words, of what is said @within others; each has what those before it have not. */
static u32 parts(struct comparing *c, const struct fwt_region *box, u32 n, u32 set,
		 const struct fwt_region *within, struct part *part)
{
	struct fwt_dd *dd = &c->sp.dd;
	u32 i;

	for (i = 0; i < n; i++) {
		fwt_region_words(&c->sp, &box[i], within, part[i].words,
				 sizeof(part[i].words));
		part[i].set = fwt_dd_and(dd, set, fwt_region_set(&c->sp, &box[i]));
		set = fwt_dd_minus(dd, set, part[i].set);
	}
	return join(c, part, n);
}

/* Room for the boxes of one change. */
struct making {
	struct fwt_region own[BOXES_MAX];
	struct fwt_region except[BOXES_MAX];
	struct fwt_region hull;
	struct part part[BOXES_MAX];
	struct part less[BOXES_MAX + 1];
	u8 *support;
};

/* The hull of @set and what is in it besides, where these are fewer words than @n. */
static bool around(struct comparing *c, struct making *m, u32 set, bool whole, u32 n, u32 *n_less)
{
	struct fwt_dd *dd = &c->sp.dd;
	struct part *all = m->less;
	u32 rest;

	fwt_dd_support(dd, fwt_dd_minus(dd, c->world, set), m->support, c->sp.vars);
	fwt_region_hull(&c->sp, &m->hull, set, c->world, m->support);
	rest = fwt_dd_and(dd, c->world, fwt_region_set(&c->sp, &m->hull));
	rest = fwt_dd_minus(dd, rest, set);
	if (!boxes(c, rest, set, m->except,
		   whole ? min(n + EXCEPT_MAX, (u32)BOXES_MAX) : BOXES_MAX, n_less))
		return false;
	*n_less = parts(c, m->except, *n_less, rest, &m->hull, m->less + 1);
	if (dd->over || *n_less > EXCEPT_MAX || (whole && *n_less >= n))
		return false;
	fwt_region_words(&c->sp, &m->hull, NULL, all->words, sizeof(all->words));
	all->set = set;
	return true;
}

/* What a change is made of, as far as @share of what is left of the budget goes. */
static void make(struct comparing *c, struct change *change, struct making *m, u32 share)
{
	struct fwt_dd *dd = &c->sp.dd;
	struct fwt_dd_limits limits;
	u32 n = 0, n_less = 0;

	if (dd->over)
		return;
	fwt_dd_share(dd, share, &limits);
	change->whole = boxes(c, change->set, fwt_dd_minus(dd, c->world, change->set), m->own,
			      BOXES_MAX, &n);
	if (dd->over) {
		c->diff->cut = true;
		fwt_dd_whole(dd, &limits);
		fwt_dd_share(dd, share, &limits);
	}
	n = parts(c, m->own, n, change->set, NULL, m->part);
	if (dd->over)
		n = 0;
	change->whole &= n > 0;
	if (n != 1 || !change->whole)
		change->hull = around(c, m, change->set, change->whole, n, &n_less);
	/* What has whole words was only to have shorter ones. */
	c->diff->cut |= dd->over && !change->whole;
	fwt_dd_whole(dd, &limits);
	change->whole |= change->hull;
	change->n = change->hull ? n_less + 1 : n;
	change->part = malloc((change->n + 1) * sizeof(*change->part));
	if (change->part)
		memcpy(change->part, change->hull ? m->less : m->part,
		       change->n * sizeof(*change->part));
	else
		c->sp.failed = true;
}

/* Classes that a change asks for. */
static u32 wants(const struct change *change)
{
	if (change->hull || !change->n)
		return 1;
	return change->whole ? change->n : min(change->n, (u32)FWT_DIFF_FEW);
}

/* What each may have of @room at most; there are no more changes than that. */
static u32 fair(const struct change *change, u32 n, u32 room)
{
	u32 most = room, sum, i;

	for (; most > 1; most--) {
		for (i = 0, sum = 0; i < n; i++)
			sum += min(wants(&change[i]), most);
		if (sum <= room)
			break;
	}
	return most;
}

static void tell_change(struct comparing *c, u32 hook, const struct change *change, u32 most)
{
	u32 n = wants(change), i, count = c->diff->count;
	struct fwt_diff_class *class;
	bool more = !change->whole;

	if (n > most) {
		n = min(most, (u32)FWT_DIFF_FEW);
		more = true;
	}
	for (i = 0; i < n && i < change->n && tell(c, hook, change, i); i++)
		;
	more |= i < n;
	if (c->diff->count == count) {
		class = new_class(c);
		if (!class)
			return;
		memcpy(class->packet, change->first.packet, sizeof(class->packet));
		memcpy(class->given, change->first.given, sizeof(class->given));
		memcpy(class->side, change->first.side, sizeof(class->side));
		more = true;
	}
	c->diff->class[c->diff->count - 1].more = more;
	c->diff->more |= more;
}

/* All of a hook's: each is told something of before any is told much of. */
static void tell_changes(struct comparing *c, u32 hook, struct change *change, u32 n, u32 room)
{
	struct making *m = malloc(sizeof(*m));
	u32 i, most;

	if (m)
		m->support = malloc(c->sp.vars + 64);
	if (!m || !m->support)
		c->sp.failed = true;
	/* A share is left for their packets, and for the hooks behind. */
	for (i = 0; i < n && !c->sp.failed; i++)
		make(c, &change[i], m, n - i + 1);
	most = fair(change, n, room);
	for (i = 0; i < n && !c->sp.failed; i++)
		tell_change(c, hook, &change[i], most);
	if (m)
		free(m->support);
	free(m);
}

struct same {
	u32 leaf;
};

static u32 is_leaf(void *ctx, u32 leaf)
{
	const struct same *s = ctx;

	return leaf == s->leaf ? FWT_DD_YES : FWT_DD_NO;
}

/* At a hook, where the trees that @c names meet: of frames of @of those that are @here. */
static void compare(struct comparing *c, u32 hook, u32 of, u32 here)
{
	static const struct fwt_outcome accept = {
		.verdict = FWT_VERDICT_ACCEPT, .effect = FWT_NONE,
	};
	struct fwt_dd *dd = &c->sp.dd;
	u32 count = c->diff->count, n = 0, i, rest, part, pass, room = FWT_DIFF_FEW;
	struct change *change;
	struct same same;
	u8 *bits;

	if (count + room < FWT_DIFF_CLASSES)
		room = FWT_DIFF_CLASSES - count;
	pass = fwt_prove_leaf(&c->prove[0], &accept);
	for (i = 0; i < 2; i++)
		c->f[i] = c->tree[i] ? fwt_prove_hook(&c->prove[i], c->tree[i]) : pass;
	c->world = fwt_space_world(&c->sp, hook, of);
	rest = fwt_dd_where(dd, fwt_dd_and(dd, c->world, here), c->f[0], c->f[1]);
	bits = calloc(c->sp.vars + 64, 1);
	change = calloc(room, sizeof(*change));
	if (!bits || !change)
		c->sp.failed = true;
	while (n < room && rest != FWT_DD_NO && !dd->over && !c->sp.failed) {
		u32 at_leaf = rest;

		memset(bits, 0, c->sp.vars);
		while (!fwt_dd_is_leaf(at_leaf)) {
			bool hi = dd->node[at_leaf].lo == FWT_DD_NO;

			bits[dd->node[at_leaf].var] = hi;
			at_leaf = hi ? dd->node[at_leaf].hi : dd->node[at_leaf].lo;
		}
		for (i = 0, part = rest; i < 2; i++) {
			same.leaf = fwt_dd_at(dd, c->f[i], bits);
			part = fwt_dd_and(dd, part,
					  fwt_dd_leaves(dd, c->f[i], is_leaf, &same));
		}
		/* Its packet comes first: whatever happens to the rest, it is told. */
		if (show(c, hook, part, &change[n].first))
			change[n++].set = part;
		else
			c->diff->more = true;
		rest = fwt_dd_minus(dd, rest, part);
	}
	c->diff->more |= rest != FWT_DD_NO;
	tell_changes(c, hook, change, n, room);
	for (i = 0; i < n; i++)
		free(change[i].part);
	free(change);
	free(bits);
}

static u32 hook_number(const struct fwt_ast_hook *h)
{
	return h->egress + 2u * h->device;
}

static const struct fwt_ir_tree *tree_at(const struct fwt_sema *s, u32 hook)
{
	const struct fwt_ir_tree *t;

	for (t = s->trees; t; t = t->next)
		if (t->ast_hook && hook_number(t->ast_hook) == hook)
			return t;
	return NULL;
}

/** struct seat - a device's tree and its frames; or none, and those of no tree's device */
struct seat {
	const struct fwt_ir_tree *t;
	u32 frames;
};

/* The last one is none. */
static struct seat *seats(struct comparing *c, u32 side, u32 hook, u32 *n)
{
	const struct fwt_ir_tree *t;
	u32 rest = FWT_DD_YES, i = 0;
	struct seat *seat;

	for (*n = 1, t = c->s[side].trees; t; t = t->next)
		*n += t->ast_hook && hook_number(t->ast_hook) == hook;
	seat = calloc(*n, sizeof(*seat));
	for (t = c->s[side].trees; seat && t; t = t->next) {
		if (!t->ast_hook || hook_number(t->ast_hook) != hook)
			continue;
		seat[i].t = t;
		seat[i++].frames = fwt_space_frames(&c->sp, c->ast[side], t->ast_hook);
		rest = fwt_dd_minus(&c->sp.dd, rest, fwt_space_devices(&c->sp, t->ast_hook));
	}
	if (seat)
		seat[i].frames = rest;
	return seat;
}

/* Where a frame meets one tree in A and another one in B. The words are of the tree whose
 * devices these are, or else of A's, and say which of its devices.
 */
static void compare_seats(struct comparing *c, u32 hook, const struct seat *a,
			  const struct seat *b)
{
	u32 here = fwt_dd_and(&c->sp.dd, a->frames, b->frames), of[2], i, by = !a->t;

	if ((!a->t && !b->t) || here == FWT_DD_NO)
		return;
	c->tree[0] = a->t;
	c->tree[1] = b->t;
	for (i = 0; i < 2; i++)
		of[i] = c->tree[i] ? fwt_space_devices(&c->sp, c->tree[i]->ast_hook) :
				     FWT_DD_NO;
	if (of[0] != here && of[1] == here)
		by = 1;
	c->hook = c->tree[by]->name;
	compare(c, hook, of[by], here);
}

static void compare_devices(struct comparing *c, u32 hook)
{
	u32 n = 0, m = 0, i, j;
	struct seat *a = seats(c, 0, hook, &n), *b = seats(c, 1, hook, &m);

	if (!a || !b)
		c->sp.failed = true;
	for (i = 0; a && b && i < n; i++)
		for (j = 0; j < m && !c->sp.dd.over; j++)
			compare_seats(c, hook, &a[i], &b[j]);
	free(a);
	free(b);
}

/* In the policies' own words. */
static int rename_all(struct comparing *c)
{
	struct fwt_vec names;
	int ret = fwt_diff_names(&names, c->ast[0], c->ast[1]);
	u32 i, k;

	for (i = 0; i < c->diff->count && !ret; i++) {
		struct fwt_diff_class *class = &c->diff->class[i];

		fwt_diff_rename(&names, class->words, sizeof(class->words));
		for (k = 0; k < FWT_DIFF_EXCEPT; k++)
			fwt_diff_rename(&names, class->except[k], sizeof(class->except[k]));
	}
	fwt_diff_names_clean(&names);
	return ret;
}

int fwt_diff(const struct fwt_policy_ast *a, const struct fwt_policy_ast *b, u32 budget,
	     u64 seed, struct fwt_diff *diff)
{
	static const char *const inet[] = { "ingress", "egress" };
	struct comparing c = { .ast = { a, b }, .diff = diff };
	u32 i, hook;
	int ret = 0;

	memset(diff, 0, sizeof(*diff));
	fwt_outcomes_init(&c.out);
	for (i = 0; i < 2; i++) {
		int one;

		fwt_diag_init(&c.diag[i]);
		one = fwt_understand(&c.s[i], c.ast[i], &c.diag[i], false, NULL);
		ret = ret ? ret : one;
	}
	if (!ret)
		ret = fwt_space_init(&c.sp, budget ? budget : FWT_DD_BUDGET);
	if (ret)
		goto out;
	for (i = 0; i < 2; i++)
		fwt_prove_init(&c.prove[i], &c.sp, &c.out, &c.s[i]);
	if (fwt_space_fix(&c.sp))
		c.sp.failed = true;
	for (hook = FWT_HOOK_INGRESS; hook <= FWT_HOOK_EGRESS && !c.sp.dd.over; hook++) {
		for (i = 0; i < 2; i++)
			c.tree[i] = tree_at(&c.s[i], hook);
		c.hook = inet[hook];
		if (c.tree[0] || c.tree[1])
			compare(&c, hook, FWT_DD_YES, FWT_DD_YES);
	}
	for (; hook <= FWT_HOOK_DEV_EGRESS; hook++)
		compare_devices(&c, hook);
	diff->nodes = c.sp.dd.count;
	/* What was told is true; what was not reached may be more. */
	diff->more |= c.sp.dd.over;
	diff->cut |= c.sp.dd.over;
	if (c.sp.dd.over && !diff->count && !c.sp.failed)
		ret = fwt_diff_try(diff, c.ast, c.s, seed);
	else if (c.sp.failed)
		ret = -ENOMEM;
	if (!ret)
		ret = rename_all(&c);
	if (!ret)
		ret = fwt_diff_data(diff, &c.s[0], &c.s[1]);
	for (i = 0; i < 2; i++)
		fwt_prove_clean(&c.prove[i]);
	fwt_space_clean(&c.sp);
out:
	for (i = 0; i < 2; i++) {
		fwt_understand_end(&c.s[i]);
		fwt_diag_clean(&c.diag[i]);
	}
	fwt_outcomes_clean(&c.out);
	return ret;
}

void fwt_diff_clean(struct fwt_diff *diff)
{
	free(diff->class);
	fwt_diff_data_clean(diff);
	memset(diff, 0, sizeof(*diff));
}
