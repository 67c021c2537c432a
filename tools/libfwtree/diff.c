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
			fwt_region_protocol(&c->sp, &box[*n], c->world);
		if (ok)
			rest = fwt_dd_minus(dd, rest, fwt_region_set(&c->sp, &box[(*n)++]));
	}
	free(support);
	return ok && rest == FWT_DD_NO && !dd->over;
}

/* Boxes in words; each has what those before it have not. */
static u32 parts(struct comparing *c, const struct fwt_region *box, u32 n, u32 set,
		 struct part *part)
{
	struct fwt_dd *dd = &c->sp.dd;
	u32 i;

	for (i = 0; i < n; i++) {
		fwt_region_words(&c->sp, &box[i], part[i].words, sizeof(part[i].words));
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
	n = parts(c, own, n, set, part);
	if (n > 1 || !whole) {
		fwt_dd_support(dd, fwt_dd_minus(dd, c->world, set), support, vars);
		fwt_region_hull(&c->sp, hull, set, c->world, support);
		rest = fwt_dd_and(dd, c->world, fwt_region_set(&c->sp, hull));
		rest = fwt_dd_minus(dd, rest, set);
		if (boxes(c, rest, set, except,
			  whole ? min(n + EXCEPT_MAX, (u32)BOXES_MAX) : BOXES_MAX, &n_less)) {
			n_less = parts(c, except, n_less, rest, less);
			if (n_less <= EXCEPT_MAX && (!whole || n_less < n)) {
				fwt_region_words(&c->sp, hull, all->words,
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

static void compare(struct comparing *c, u32 hook, const struct fwt_ast_hook *at)
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
	c->world = fwt_space_world(&c->sp, hook, at);
	rest = fwt_dd_where(dd, c->world, c->f[0], c->f[1]);
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

static bool has_device(const struct fwt_ast_hook *h, const struct fwt_value *v)
{
	const struct fwt_value *i;

	for (i = h->devices.first; i; i = i->next)
		if (!strcmp(i->text, v->text) && i->flags == v->flags)
			return true;
	return false;
}

static const struct fwt_ir_tree *tree_at(const struct fwt_sema *s, u32 hook,
					 const struct fwt_value *device)
{
	const struct fwt_ir_tree *t;

	for (t = s->trees; t; t = t->next)
		if (t->ast_hook && hook_number(t->ast_hook) == hook &&
		    (!device || has_device(t->ast_hook, device)))
			return t;
	return NULL;
}

/* Each device's trees; of devices that both name the ones of A say the words. */
static void compare_devices(struct comparing *c, u32 which)
{
	const struct fwt_ir_tree *t;
	const struct fwt_value *v;

	for (t = c->s[which].trees; t && !c->sp.dd.over; t = t->next) {
		if (!t->ast_hook || !t->ast_hook->device)
			continue;
		for (v = t->ast_hook->devices.first; v; v = v->next) {
			struct fwt_ast_hook alone = *t->ast_hook;
			struct fwt_value device = *v;
			u32 hook = hook_number(t->ast_hook), i;

			for (i = 0; i < 2; i++)
				c->tree[i] = tree_at(&c->s[i], hook, v);
			if (which && c->tree[0])
				continue;
			device.next = NULL;
			alone.devices.first = &device;
			c->hook = t->name;
			compare(c, hook, &alone);
		}
	}
}

/* Too large to be exact: what generated packets show. */
static int try_packets(struct comparing *c, u64 seed)
{
	struct fwt_oracle o[2] = { { .ast = c->ast[0] }, { .ast = c->ast[1] } };
	struct fwt_env env = { .ops = &fwt_nowhere_ops };
	const struct fwt_ast_hook *hook, *other;
	struct fwt_oracle_result r[2];
	char words[300], error[200];
	struct fwt_packet_text text;
	struct fwt_sampler s;
	struct fwt_packet p, q;
	u32 i, n;

	c->diff->outgrew = true;
	c->diff->seed = seed ? seed : 1;
	c->diff->count = 0;
	c->diff->more = false;
	for (i = 0; i < 2; i++) {
		o[i].resolver = fwt_resolver_alloc();
		if (!o[i].resolver)
			c->sp.failed = true;
	}
	for (n = 0; n < 2 && !c->sp.failed; n++) {
		if (fwt_sampler_init(&s, c->ast[n], c->diff->seed + n)) {
			c->sp.failed = true;
			break;
		}
		for (i = 0; i < TRIES && c->diff->count < TRIES_TOLD; i++) {
			struct fwt_diff_class *class;
			u32 side;

			for (hook = c->ast[n]->hooks; hook && hook->device; hook = hook->next)
				;
			if (!hook)
				break;
			fwt_sampler_packet(&s, hook, &p);
			/* As its words are read: else nobody could try it. */
			fwt_sample_words(&p, words, sizeof(words));
			if (fwt_packet_read(&text, words, error, sizeof(error)))
				continue;
			p = text.p;
			p.hook = hook->egress ? FWT_HOOK_EGRESS : FWT_HOOK_INGRESS;
			for (side = 0; side < 2; side++) {
				for (other = c->ast[side]->hooks; other; other = other->next)
					if (!other->device && other->egress == hook->egress)
						break;
				memset(&r[side], 0, sizeof(r[side]));
				q = p;
				if (other)
					fwt_oracle_walk(&o[side], other, &q, &env, &r[side]);
			}
			c->diff->tried++;
			if (r[0].verdict == r[1].verdict)
				continue;
			c->hook = hook->egress ? "egress" : "ingress";
			class = new_class(c);
			if (!class)
				break;
			memcpy(class->packet, words, sizeof(words));
			for (side = 0; side < 2; side++) {
				struct fwt_diff_side *to = &class->side[side];

				snprintf(to->becomes, sizeof(to->becomes), "%s",
					 r[side].verdict == FWT_VERDICT_ACCEPT ? "accept" :
					 r[side].verdict == FWT_VERDICT_DROP ? "drop" : "reject");
				if (!r[side].rule)
					continue;
				to->file = file_of(c->ast[side], r[side].rule);
				to->line = r[side].rule->loc.line;
			}
		}
		fwt_sampler_clean(&s);
	}
	for (i = 0; i < 2; i++)
		if (o[i].resolver)
			fwt_resolver_free(o[i].resolver);
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
			c.tree[i] = tree_at(&c.s[i], hook, NULL);
		c.hook = inet[hook];
		if (c.tree[0] || c.tree[1])
			compare(&c, hook, NULL);
	}
	compare_devices(&c, 0);
	compare_devices(&c, 1);
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
