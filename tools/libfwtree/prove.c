// SPDX-License-Identifier: GPL-2.0
/*
 * Properties, proved or tried.
 */
#include <limits.h>
#include <stdlib.h>

#include "prove.h"
#include "prove_pick.h"
#include "prove_sample.h"
#include "prove_text.h"
#include "prove_walk.h"

struct fwt_prover {
	const struct fwt_policy_ast *ast;
	struct fwt_prove_opts opts;
	struct fwt_diag diag;
	struct fwt_sema s;
	struct fwt_vec property;
	/* made when the first one is run */
	bool made;
	struct fwt_space sp;
	struct fwt_outcomes out;
	struct fwt_prove prove;
	u32 in, world_in;
	u32 leaving, world_out;
};

struct fwt_prover *fwt_prover_open(const struct fwt_policy_ast *ast,
				   const struct fwt_prove_opts *opts)
{
	struct fwt_prover *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->ast = ast;
	if (opts)
		p->opts = *opts;
	if (!p->opts.budget)
		p->opts.budget = FWT_DD_BUDGET;
	if (!p->opts.samples)
		p->opts.samples = 20000;
	if (!p->opts.seed)
		p->opts.seed = 1;
	p->property.size = sizeof(struct fwt_property);
	fwt_diag_init(&p->diag);
	if (!fwt_understand(&p->s, ast, &p->diag, false, NULL))
		return p;
	fwt_prover_close(p);
	return NULL;
}

static void unmake(struct fwt_prover *p)
{
	if (!p->made)
		return;
	fwt_prove_clean(&p->prove);
	fwt_outcomes_clean(&p->out);
	fwt_space_clean(&p->sp);
	p->made = false;
}

void fwt_prover_close(struct fwt_prover *p)
{
	if (!p)
		return;
	unmake(p);
	fwt_understand_end(&p->s);
	fwt_diag_clean(&p->diag);
	free(p->property.data);
	free(p);
}

int fwt_prover_add(struct fwt_prover *p, const char *text, char *error, size_t size)
{
	struct fwt_property pr, *to;
	int ret = fwt_property_read(&pr, text, error, size);

	if (ret)
		return -ret;
	to = fwt_vec_add(&p->property, 1);
	if (!to)
		return INT_MIN;
	*to = pr;
	unmake(p);
	return (int)p->property.count - 1;
}

static const struct fwt_ir_tree *hook_of(const struct fwt_prover *p, bool egress)
{
	const struct fwt_ir_tree *t;

	for (t = p->s.trees; t; t = t->next)
		if (t->ast_hook && !t->ast_hook->device && t->ast_hook->egress == egress)
			return t;
	return NULL;
}

/* Destinations that are this machine's: those said, or any that may be. */
static u32 local(struct fwt_prover *p)
{
	u32 f = FWT_DD_NO, i, axis, one;

	if (!p->opts.n_local)
		return fwt_space_opaque(&p->sp, "local", "for this machine", ~0ull);
	for (i = 0; i < p->opts.n_local; i++) {
		const struct fwt_prove_address *a = &p->opts.local[i];
		struct fwt_wide v = fwt_wide_words(a->addr, a->family == 6 ? 4 : 1);

		axis = a->family == 6 ? FWT_AXIS_DADDR6 : FWT_AXIS_DADDR4;
		one = fwt_space_kind(&p->sp, a->family == 6 ? FWT_KIND_IPV6 : FWT_KIND_IPV4);
		one = fwt_dd_and(&p->sp.dd, one, fwt_space_range(&p->sp, axis, v, v, NULL));
		f = fwt_dd_or(&p->sp.dd, f, one);
	}
	return f;
}

static void cut_local(struct fwt_prover *p)
{
	u32 i;

	for (i = 0; i < p->opts.n_local; i++) {
		const struct fwt_prove_address *a = &p->opts.local[i];
		struct fwt_wide v = fwt_wide_words(a->addr, a->family == 6 ? 4 : 1);

		fwt_space_cut(&p->sp, a->family == 6 ? FWT_AXIS_DADDR6 : FWT_AXIS_DADDR4, v, v);
	}
}

static u32 is_accept(void *ctx, u32 leaf)
{
	const struct fwt_outcomes *o = ctx;

	return fwt_outcome(o, leaf)->verdict == FWT_VERDICT_ACCEPT ? FWT_DD_YES : FWT_DD_NO;
}

/* What a device's tree, on the way in or out, lets pass goes on to @f. */
static u32 behind_devices(struct fwt_prover *p, u32 f, bool egress)
{
	const struct fwt_ir_tree *t;
	const struct fwt_value *v;
	struct fwt_dd *dd = &p->sp.dd;
	u32 here, there, pass;

	for (t = p->s.trees; t; t = t->next) {
		if (!t->ast_hook || !t->ast_hook->device || t->ast_hook->egress != egress)
			continue;
		here = FWT_DD_NO;
		for (v = t->ast_hook->devices.first; v; v = v->next) {
			struct fwt_wide lo, hi;

			fwt_space_device(v, &lo, &hi);
			here = fwt_dd_or(dd, here,
					 fwt_space_range(&p->sp, egress ? FWT_AXIS_OIF :
							 FWT_AXIS_IIF, lo, hi, NULL));
		}
		there = fwt_prove_hook(&p->prove, t);
		pass = fwt_dd_leaves(dd, there, is_accept, &p->out);
		f = fwt_dd_ite(dd, fwt_dd_minus(dd, here, pass), there, f);
	}
	return f;
}

static int make(struct fwt_prover *p)
{
	static const struct fwt_outcome accept = {
		.verdict = FWT_VERDICT_ACCEPT, .effect = FWT_NONE,
	};
	const struct fwt_ir_tree *in = hook_of(p, false), *out = hook_of(p, true);
	const struct fwt_property *pr = p->property.data;
	struct fwt_dd *dd = &p->sp.dd;
	u32 i, leave, ok;

	fwt_outcomes_init(&p->out);
	if (fwt_space_init(&p->sp, p->opts.budget))
		return -ENOMEM;
	p->made = true;
	fwt_prove_init(&p->prove, &p->sp, &p->out, &p->s);
	p->sp.per_packet = false;	/* openers, and what is never tracked */
	for (i = 0; i < p->property.count; i++)
		fwt_property_cut(&pr[i], &p->sp);
	cut_local(p);
	if (fwt_space_fix(&p->sp))
		return -ENOMEM;
	ok = fwt_prove_leaf(&p->prove, &accept);
	leave = behind_devices(p, ok, true);
	p->prove.accepted = leave;
	p->leaving = out ? fwt_prove_hook(&p->prove, out) : leave;
	/* What ingress accepts goes out again, if it is not for this machine. */
	p->prove.accepted = fwt_dd_ite(dd, local(p), ok, p->leaving);
	p->in = in ? fwt_prove_hook(&p->prove, in) : p->prove.accepted;
	p->prove.accepted = 0;
	p->in = behind_devices(p, p->in, false);
	p->world_in = fwt_space_world(&p->sp, FWT_HOOK_INGRESS, NULL);
	p->world_out = fwt_space_world(&p->sp, FWT_HOOK_EGRESS, NULL);
	return p->sp.failed ? -ENOMEM : 0;
}

struct wanted {
	const struct fwt_outcomes *o;
	u8 verdict;
	bool unknown;
};

/* What is not known is against the property. */
static u32 comes_to(void *ctx, u32 leaf)
{
	const struct wanted *w = ctx;
	u8 v = fwt_outcome(w->o, leaf)->verdict;

	if (v == FWT_OUT_UNKNOWN)
		return w->unknown ? FWT_DD_YES : FWT_DD_NO;
	return v == w->verdict ? FWT_DD_YES : FWT_DD_NO;
}

static void place(struct fwt_prover *p, const struct fwt_property *pr,
		  struct fwt_witness *w, bool accepted, struct fwt_proof *proof)
{
	const struct fwt_ir_tree *t = hook_of(p, pr->out);
	const struct fwt_ir_rule *by = NULL;
	u8 *bits = calloc(p->sp.vars + 64, 1);

	if (!bits)
		return;
	memcpy(bits, w->bits, w->vars);
	if (t)
		by = fwt_prove_follow(&p->prove, t, bits);
	/* Whoever lets in is not who refuses: egress, or a device's tree, has the last word. */
	if (by && by->end == FWT_END_ACCEPT && !accepted) {
		t = pr->out ? NULL : hook_of(p, true);
		by = t ? fwt_prove_follow(&p->prove, t, bits) : NULL;
		if (by && by->end == FWT_END_ACCEPT)
			by = NULL;
	}
	if (by) {
		proof->file = p->ast->sources->source[by->ast->loc.file]->name;
		proof->line = by->ast->loc.line;
	}
	free(bits);
}

int fwt_prover_run(struct fwt_prover *p, int n, struct fwt_proof *proof)
{
	const struct fwt_property *pr = (struct fwt_property *)p->property.data + n;
	struct wanted want = { &p->out, 0, false };
	struct fwt_dd *dd = &p->sp.dd;
	struct fwt_witness w;
	u32 all, bad, f;
	int ret;

	memset(proof, 0, sizeof(*proof));
	proof->seed = p->opts.seed;
	if (n < 0 || (u32)n >= p->property.count)
		return -EINVAL;
	if (!p->made) {
		ret = make(p);
		if (ret)
			return ret;
	}
	f = pr->out ? p->leaving : p->in;
	all = fwt_dd_and(dd, fwt_property_set(pr, &p->sp), pr->out ? p->world_out : p->world_in);
	want.verdict = pr->verdict;
	want.unknown = !pr->always;
	bad = fwt_dd_leaves(dd, f, comes_to, &want);
	bad = pr->always ? fwt_dd_minus(dd, all, bad) : fwt_dd_and(dd, all, bad);
	proof->nodes = dd->count;
	if (dd->over)
		return fwt_prove_samples(p->ast, pr, &p->opts, proof);
	if (all == FWT_DD_NO || bad == FWT_DD_NO) {
		proof->is = all == FWT_DD_NO ? FWT_PROOF_EMPTY : FWT_PROOF_HOLDS;
		return 0;
	}
	proof->is = FWT_PROOF_FAILS;
	ret = fwt_space_pick(&p->sp, bad, pr->out ? FWT_HOOK_EGRESS : FWT_HOOK_INGRESS, &w);
	if (ret == -ENOENT)	/* the budget ended here */
		return fwt_prove_samples(p->ast, pr, &p->opts, proof);
	if (ret)
		return ret;
	memcpy(proof->packet, w.words, sizeof(proof->packet));
	memcpy(proof->given, w.given, sizeof(proof->given));
	fwt_outcome_words(&p->out, fwt_dd_at(dd, f, w.bits), proof->becomes,
			  sizeof(proof->becomes));
	place(p, pr, &w, fwt_outcome(&p->out, fwt_dd_at(dd, f, w.bits))->verdict ==
	      FWT_VERDICT_ACCEPT, proof);
	fwt_witness_clean(&w);
	return 0;
}
