// SPDX-License-Identifier: GPL-2.0
/*
 * Two policies, compared where a diagram is too large to be exact: what generated
 * packets show.
 */
#include "diff.h"
#include "diff_try.h"
#include "oracle.h"
#include "packet_text.h"
#include "prove_space.h"
#include "sema_sample.h"

#define TRIES		20000u
#define TRIES_TOLD	10u

struct trying {
	struct fwt_diff *diff;
	const struct fwt_policy_ast *const *ast;
	const struct fwt_sema *sema;
	struct fwt_oracle o[2];
	struct fwt_sampler s;
};

/* The tree that @side has for a packet, and its verdict. */
static const struct fwt_ast_hook *try_side(struct trying *t, u32 side,
					   const struct fwt_packet *p,
					   struct fwt_oracle_result *r)
{
	const struct fwt_ast_hook *h = fwt_space_hook(t->ast[side], p->hook, p);
	struct fwt_env env = { .ops = &fwt_nowhere_ops };
	struct fwt_packet q = *p;

	memset(r, 0, sizeof(*r));
	if (h)
		fwt_oracle_walk(&t->o[side], h, &q, &env, r);
	return h;
}

static const char *name_of(const struct trying *t, u32 side, const struct fwt_ast_hook *h)
{
	const struct fwt_ir_tree *tree;

	for (tree = t->sema[side].trees; tree && tree->ast_hook != h; tree = tree->next)
		;
	return tree ? tree->name : "";
}

static void try_side_words(const struct trying *t, u32 side, const struct fwt_oracle_result *r,
			   struct fwt_diff_side *to)
{
	snprintf(to->becomes, sizeof(to->becomes), "%s",
		 r->verdict == FWT_VERDICT_ACCEPT ? "accept" :
		 r->verdict == FWT_VERDICT_DROP ? "drop" : "reject");
	if (!r->rule)
		return;
	to->file = fwt_diff_file(t->ast[side], r->rule);
	to->line = r->rule->loc.line;
}

/* One packet, at a hook of policy @n; false without memory. */
static bool try_packet(struct trying *t, u32 n, const struct fwt_ast_hook *hook)
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
		return true;
	text.p.hook = (u8)(hook->egress + 2u * hook->device);
	text.p.ct_state = fwt_space_state(&text.p, false);
	for (side = 0; side < 2; side++)
		h[side] = try_side(t, side, &text.p, &r[side]);
	t->diff->tried++;
	if (r[0].verdict == r[1].verdict || !h[n])
		return true;
	class = fwt_diff_new(t->diff, name_of(t, n, h[n]));
	if (!class)
		return false;
	memcpy(class->packet, words, sizeof(words));
	for (side = 0; side < 2; side++)
		try_side_words(t, side, &r[side], &class->side[side]);
	return true;
}

int fwt_diff_try(struct fwt_diff *diff, const struct fwt_policy_ast *const ast[2],
		 const struct fwt_sema *sema, u64 seed)
{
	struct trying t = {
		.diff = diff, .ast = ast, .sema = sema,
		.o = { { .ast = ast[0] }, { .ast = ast[1] } },
	};
	const struct fwt_ast_hook *hook;
	bool ok = true;
	u32 i, n;

	diff->outgrew = true;
	diff->seed = seed ? seed : 1;
	diff->count = 0;
	diff->more = false;
	for (i = 0; i < 2; i++) {
		t.o[i].resolver = fwt_resolver_alloc();
		ok &= !!t.o[i].resolver;
	}
	for (n = 0; n < 2 && ok; n++) {
		if (fwt_sampler_init(&t.s, ast[n], diff->seed + n)) {
			ok = false;
			break;
		}
		hook = ast[n]->hooks;
		for (i = 0; i < TRIES && diff->count < TRIES_TOLD && hook && ok; i++) {
			ok = try_packet(&t, n, hook);
			hook = hook->next ? hook->next : ast[n]->hooks;
		}
		fwt_sampler_clean(&t.s);
	}
	for (i = 0; i < 2; i++)
		if (t.o[i].resolver)
			fwt_resolver_free(t.o[i].resolver);
	return ok ? 0 : -ENOMEM;
}
