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
#include "oracle.h"
#include "packet_text.h"
#include "prove_pick.h"
#include "prove_walk.h"
#include "sema_sample.h"

#define EXCEPT_MAX	FWT_DIFF_EXCEPT
#define BOXES_MAX	128	/* of one set: then it is told as far as that */
#define TRIES		20000u
#define TRIES_TOLD	10u

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

static struct fwt_diff_class *new_class(struct comparing *c)
{
	struct fwt_diff_class *class;

	if (c->diff->count == FWT_DIFF_CLASSES) {
		c->diff->more = true;
		return NULL;
	}
	class = realloc(c->diff->class, (c->diff->count + 1) * sizeof(*class));
	if (!class) {
		c->sp.failed = true;
		return NULL;
	}
	c->diff->class = class;
	class += c->diff->count++;
	memset(class, 0, sizeof(*class));
	snprintf(class->hook, sizeof(class->hook), "%s", c->hook);
	return class;
}

static const char *file_of(const struct fwt_policy_ast *ast, const struct fwt_rule *r)
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
	side->file = file_of(c->ast[i], by->ast);
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

static void tell(struct comparing *c, u32 hook, const struct part *part,
		 const struct part *except, u32 n_except)
{
	struct fwt_diff_class *class;
	struct fwt_witness w;
	u32 i;

	if (fwt_space_pick(&c->sp, part->set, hook, &w)) {
		fwt_witness_clean(&w);
		return;
	}
	class = new_class(c);
	if (class) {
		fwt_region_lists(part->words, class->words, sizeof(class->words));
		for (i = 0; i < n_except && i < EXCEPT_MAX; i++)
			fwt_region_lists(except[i].words, class->except[i],
					 sizeof(class->except[i]));
		memcpy(class->packet, w.words, sizeof(class->packet));
		memcpy(class->given, w.given, sizeof(class->given));
		for (i = 0; i < 2; i++)
			one_side(c, i, &w, &class->side[i]);
	}
	fwt_witness_clean(&w);
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

/* All packets of one change. */
static void tell_set(struct comparing *c, u32 hook, u32 set)
{
	struct fwt_region *own = malloc((2 * BOXES_MAX + 1) * sizeof(*own));
	struct part *part = malloc((2 * BOXES_MAX + 1) * sizeof(*part));
	struct fwt_region *except, *hull;
	struct part *less, *all;
	u32 n = 0, n_less = 0, i, rest, vars = c->sp.vars;
	u8 *support = malloc(vars + 64);
	struct fwt_dd *dd = &c->sp.dd;
	bool whole;

	if (!own || !support || !part) {
		c->sp.failed = true;
		goto out;
	}
	except = own + BOXES_MAX;
	hull = except + BOXES_MAX;
	less = part + BOXES_MAX;
	all = less + BOXES_MAX;
	whole = boxes(c, set, fwt_dd_minus(dd, c->world, set), own, BOXES_MAX, &n);
	n = parts(c, own, n, set, NULL, part);
	if (n > 1 || !whole) {
		fwt_dd_support(dd, fwt_dd_minus(dd, c->world, set), support, vars);
		fwt_region_hull(&c->sp, hull, set, c->world, support);
		rest = fwt_dd_and(dd, c->world, fwt_region_set(&c->sp, hull));
		rest = fwt_dd_minus(dd, rest, set);
		if (boxes(c, rest, set, except,
			  whole ? min(n + EXCEPT_MAX, (u32)BOXES_MAX) : BOXES_MAX, &n_less)) {
			n_less = parts(c, except, n_less, rest, hull, less);
			if (n_less <= EXCEPT_MAX && (!whole || n_less < n)) {
				fwt_region_words(&c->sp, hull, NULL, all->words,
						 sizeof(all->words));
				all->set = set;
				tell(c, hook, all, less, n_less);
				goto out;
			}
		}
	}
	for (i = 0; i < n && !dd->over; i++)
		tell(c, hook, &part[i], NULL, 0);
	c->diff->more |= !whole;
out:
	free(own);
	free(part);
	free(support);
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
	u32 i, rest, part, pass = fwt_prove_leaf(&c->prove[0], &accept);
	struct same same;
	u8 *bits;

	for (i = 0; i < 2; i++)
		c->f[i] = c->tree[i] ? fwt_prove_hook(&c->prove[i], c->tree[i]) : pass;
	c->world = fwt_space_world(&c->sp, hook, of);
	rest = fwt_dd_where(dd, fwt_dd_and(dd, c->world, here), c->f[0], c->f[1]);
	bits = calloc(c->sp.vars + 64, 1);
	while (bits && rest != FWT_DD_NO && !dd->over && !c->diff->more && !c->sp.failed) {
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
		if (dd->over)
			break;
		tell_set(c, hook, part);
		rest = fwt_dd_minus(dd, rest, part);
	}
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

/* Too large to be exact: what generated packets show. */

struct trying {
	struct fwt_oracle o[2];
	struct fwt_sampler s;
};

/* The tree that @side has for a packet, and its verdict. */
static const struct fwt_ast_hook *try_side(struct comparing *c, struct trying *t, u32 side,
					   const struct fwt_packet *p,
					   struct fwt_oracle_result *r)
{
	const struct fwt_ast_hook *h = fwt_space_hook(c->ast[side], p->hook, p);
	struct fwt_env env = { .ops = &fwt_nowhere_ops };
	struct fwt_packet q = *p;

	memset(r, 0, sizeof(*r));
	if (h)
		fwt_oracle_walk(&t->o[side], h, &q, &env, r);
	return h;
}

static const char *name_of(const struct comparing *c, u32 side, const struct fwt_ast_hook *h)
{
	const struct fwt_ir_tree *t;

	for (t = c->s[side].trees; t && t->ast_hook != h; t = t->next)
		;
	return t ? t->name : "";
}

static void try_side_words(struct comparing *c, u32 side, const struct fwt_oracle_result *r,
			   struct fwt_diff_side *to)
{
	snprintf(to->becomes, sizeof(to->becomes), "%s",
		 r->verdict == FWT_VERDICT_ACCEPT ? "accept" :
		 r->verdict == FWT_VERDICT_DROP ? "drop" : "reject");
	if (!r->rule)
		return;
	to->file = file_of(c->ast[side], r->rule);
	to->line = r->rule->loc.line;
}

/* One packet, at a hook of policy @n. */
static void try_packet(struct comparing *c, struct trying *t, u32 n,
		       const struct fwt_ast_hook *hook)
{
	struct fwt_packet_text text;
	struct fwt_oracle_result r[2];
	const struct fwt_ast_hook *h[2];
	struct fwt_diff_class *class;
	char words[300], error[200];
	struct fwt_packet p;
	u32 side;

	fwt_sampler_packet(&t->s, hook, &p);
	/* As its words are read: else nobody could try it. */
	fwt_sample_words(&p, words, sizeof(words));
	if (fwt_packet_read(&text, words, error, sizeof(error)))
		return;
	text.p.hook = (u8)hook_number(hook);
	text.p.ct_state = fwt_space_state(&text.p, false);
	for (side = 0; side < 2; side++)
		h[side] = try_side(c, t, side, &text.p, &r[side]);
	c->diff->tried++;
	if (r[0].verdict == r[1].verdict || !h[n])
		return;
	c->hook = name_of(c, n, h[n]);
	class = new_class(c);
	if (!class)
		return;
	memcpy(class->packet, words, sizeof(words));
	for (side = 0; side < 2; side++)
		try_side_words(c, side, &r[side], &class->side[side]);
}

static int try_packets(struct comparing *c, u64 seed)
{
	struct trying t = { .o = { { .ast = c->ast[0] }, { .ast = c->ast[1] } } };
	const struct fwt_ast_hook *hook;
	u32 i, n;

	c->diff->outgrew = true;
	c->diff->seed = seed ? seed : 1;
	c->diff->count = 0;
	c->diff->more = false;
	for (i = 0; i < 2; i++) {
		t.o[i].resolver = fwt_resolver_alloc();
		if (!t.o[i].resolver)
			c->sp.failed = true;
	}
	for (n = 0; n < 2 && !c->sp.failed; n++) {
		if (fwt_sampler_init(&t.s, c->ast[n], c->diff->seed + n)) {
			c->sp.failed = true;
			break;
		}
		hook = c->ast[n]->hooks;
		for (i = 0; i < TRIES && c->diff->count < TRIES_TOLD && hook; i++) {
			try_packet(c, &t, n, hook);
			hook = hook->next ? hook->next : c->ast[n]->hooks;
		}
		fwt_sampler_clean(&t.s);
	}
	for (i = 0; i < 2; i++)
		if (t.o[i].resolver)
			fwt_resolver_free(t.o[i].resolver);
	return c->sp.failed ? -ENOMEM : 0;
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
	if (c.sp.dd.over && !diff->count && !c.sp.failed)
		ret = try_packets(&c, seed);
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
