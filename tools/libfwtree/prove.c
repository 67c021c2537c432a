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
	u32 in, pieces, world_in;
	u32 starts, world_out;
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
		return fwt_space_opaque(&p->sp, "local", "for this machine", ~0ull,
					false);
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

/* A hook's tree, with what stands behind it. */
static u32 through(struct fwt_prover *p, const struct fwt_ir_tree *t, u32 f)
{
	p->prove.accepted = f;
	return t ? fwt_prove_hook(&p->prove, t) : f;
}

/* What a device's tree, on the way in or out, lets pass goes on to @f. */
static u32 behind_devices(struct fwt_prover *p, u32 f, bool egress)
{
	const struct fwt_ir_tree *t;
	u32 here, to = f;

	if (!egress)
		f = fwt_prove_received(&p->prove, f);
	for (t = p->s.trees; t; t = t->next) {
		if (!t->ast_hook || !t->ast_hook->device || t->ast_hook->egress != egress)
			continue;
		here = fwt_space_frames(&p->sp, p->ast, t->ast_hook);
		to = fwt_dd_ite(&p->sp.dd, here, through(p, t, f), to);
	}
	return to;
}

static u32 lets_by(void *ctx, u32 leaf)
{
	const struct fwt_outcomes *o = ctx;

	return fwt_outcome(o, leaf)->verdict == FWT_VERDICT_ACCEPT ? FWT_DD_YES : FWT_DD_NO;
}

static bool asks(struct fwt_prover *p, u32 f, u32 axis)
{
	const struct fwt_axis *a = &p->sp.axis[axis];
	u8 *asked = malloc(p->sp.vars + 1);
	bool any = !asked;
	u32 i;

	if (asked)
		fwt_dd_support(&p->sp.dd, f, asked, p->sp.vars);
	for (i = 0; asked && i < a->bits; i++)
		any |= asked[a->first + i];
	free(asked);
	return any;
}

/* What comes in fragments that the device's tree @t lets by, each for itself, goes on to @f
 * as one packet. Of others, and where it makes no difference, nothing is said: @none.
 */
static u32 in_pieces(struct fwt_prover *p, const struct fwt_ir_tree *t, u32 f, u32 none)
{
	static const struct fwt_outcome accept = {
		.verdict = FWT_VERDICT_ACCEPT, .effect = FWT_NONE,
	};
	u32 all = through(p, t, fwt_prove_leaf(&p->prove, &accept)), first, later;
	struct fwt_dd *dd = &p->sp.dd;

	if (!asks(p, all, FWT_AXIS_FRAGMENT) && !asks(p, all, FWT_AXIS_LENGTH))
		return none;
	first = fwt_dd_leaves(dd, fwt_prove_first_piece(&p->prove, all), lets_by, &p->out);
	later = fwt_dd_leaves(dd, fwt_prove_later_piece(&p->prove, all), lets_by, &p->out);
	f = through(p, t, fwt_prove_whole(&p->prove, f));
	return fwt_dd_ite(dd, fwt_dd_and(dd, first, later), fwt_prove_first_piece(&p->prove, f),
			  none);
}

/* They are put together where a policy has "ingress" or "egress". */
static u32 pieces(struct fwt_prover *p, u32 f)
{
	static const struct fwt_outcome nothing = {
		.verdict = FWT_OUT_EXPIRES, .effect = FWT_NONE,
	};
	u32 none = fwt_prove_leaf(&p->prove, &nothing), to = none, here;
	const struct fwt_ir_tree *t;

	if (!hook_of(p, false) && !hook_of(p, true))
		return none;
	for (t = p->s.trees; t; t = t->next) {
		if (!t->ast_hook || !t->ast_hook->device || t->ast_hook->egress)
			continue;
		here = fwt_space_frames(&p->sp, p->ast, t->ast_hook);
		to = fwt_dd_ite(&p->sp.dd, here, in_pieces(p, t, f, none), to);
	}
	return to;
}

/* What starts here; what leaves by lo comes in again. */
static u32 start(struct fwt_prover *p, const struct fwt_ir_tree *in,
		 const struct fwt_ir_tree *out, u32 ok)
{
	u32 lo = fwt_space_range(&p->sp, FWT_AXIS_OIF, FWT_WIDE_LO, FWT_WIDE_LO, NULL), f;

	p->prove.loops = true;
	f = behind_devices(p, through(p, in, ok), false);
	p->prove.loops = false;
	f = fwt_dd_ite(&p->sp.dd, lo, fwt_prove_loop(&p->prove, f), ok);
	return through(p, out, fwt_prove_sent(&p->prove, behind_devices(p, f, true)));
}

/* What comes in has been given no priority by ingress. */
static u32 ungiven(struct fwt_prover *p, u32 f)
{
	const struct fwt_axis *a = &p->sp.axis[FWT_AXIS_GIVEN_PRIORITY];
	const u8 no[1] = { 0 };

	return fwt_dd_assign(&p->sp.dd, f, a->first, a->bits, no);
}

static int make(struct fwt_prover *p)
{
	static const struct fwt_outcome accept = {
		.verdict = FWT_VERDICT_ACCEPT, .effect = FWT_NONE,
	};
	const struct fwt_ir_tree *in = hook_of(p, false), *out = hook_of(p, true);
	const struct fwt_property *pr = p->property.data;
	struct fwt_dd *dd = &p->sp.dd;
	bool starts = false;
	u32 i, next, ok;

	fwt_outcomes_init(&p->out);
	if (fwt_space_init(&p->sp, p->opts.budget))
		return -ENOMEM;
	p->made = true;
	fwt_prove_init(&p->prove, &p->sp, &p->out, &p->s);
	/* Openers, and what is never tracked, whatever the policy asks for. */
	p->sp.per_packet = false;
	p->sp.tracks = true;
	for (i = 0; i < p->property.count; i++) {
		fwt_property_cut(&pr[i], &p->sp);
		starts |= pr[i].out;
	}
	cut_local(p);
	if (starts)
		fwt_space_cut(&p->sp, FWT_AXIS_OIF, FWT_WIDE_LO, FWT_WIDE_LO);
	fwt_space_cut_hop(&p->sp);
	if (fwt_space_fix(&p->sp))
		return -ENOMEM;
	ok = fwt_prove_leaf(&p->prove, &accept);
	if (starts)
		p->starts = start(p, in, out, ok);
	/* What ingress accepts goes out again, if it is not for this machine. */
	next = fwt_prove_sent(&p->prove, behind_devices(p, ok, true));
	next = fwt_prove_hop(&p->prove, through(p, out, next));
	next = fwt_dd_ite(dd, local(p), ok, next);
	next = ungiven(p, through(p, in, next));
	p->in = behind_devices(p, next, false);
	p->pieces = pieces(p, fwt_prove_received(&p->prove, next));
	p->world_in = fwt_space_world(&p->sp, FWT_HOOK_INGRESS, FWT_DD_YES);
	p->world_out = fwt_space_world(&p->sp, FWT_HOOK_EGRESS, FWT_DD_YES);
	return p->sp.failed ? -ENOMEM : 0;
}

struct wanted {
	const struct fwt_outcomes *o;
	u8 verdict;
	bool unknown;
};

/* What is not known is against the property; what goes nowhere is nothing to it. */
static u32 comes_to(void *ctx, u32 leaf)
{
	const struct wanted *w = ctx;
	u8 v = fwt_outcome(w->o, leaf)->verdict;

	if (v == FWT_OUT_UNKNOWN)
		return w->unknown ? FWT_DD_YES : FWT_DD_NO;
	if (v == FWT_OUT_EXPIRES)
		return w->unknown ? FWT_DD_NO : FWT_DD_YES;
	/* The program behind a queue may let it go on, or not. */
	if (v == FWT_OUT_QUEUE && w->unknown && w->verdict == FWT_VERDICT_ACCEPT)
		return FWT_DD_YES;
	return v == w->verdict ? FWT_DD_YES : FWT_DD_NO;
}

/* A hook on the way of a packet; @device: the tree of its interface; @after: it was there. */
struct stage {
	bool device;
	bool egress;
	void (*before)(struct fwt_prove *p, u8 *bits);
	void (*after)(struct fwt_prove *p, u8 *bits);
};

static const struct stage way_in[] = {
	{ true, false, NULL, fwt_prove_received_bits }, { false, false, NULL, NULL },
	{ false, true, fwt_prove_hop_bits, NULL }, { true, true, fwt_prove_sent_bits, NULL },
};

static void reassembled(struct fwt_prove *p, u8 *bits)
{
	fwt_prove_whole_bits(p, bits);
	fwt_prove_received_bits(p, bits);
}

static const struct stage way_in_pieces[] = {
	{ true, false, fwt_prove_first_piece_bits, reassembled }, { false, false, NULL, NULL },
	{ false, true, fwt_prove_hop_bits, NULL }, { true, true, fwt_prove_sent_bits, NULL },
};

static const struct stage way_out[] = {
	{ false, true, NULL, NULL }, { true, true, fwt_prove_sent_bits, NULL },
	{ true, false, fwt_prove_loop_bits, fwt_prove_received_bits },
	{ false, false, NULL, NULL },
};

static const struct fwt_ir_tree *tree_at(struct fwt_prover *p, const struct stage *s,
					 const u8 *bits)
{
	const struct fwt_ir_tree *t;
	u32 here;

	if (!s->device)
		return hook_of(p, s->egress);
	for (t = p->s.trees; t; t = t->next) {
		if (!t->ast_hook || !t->ast_hook->device || t->ast_hook->egress != s->egress)
			continue;
		here = fwt_space_frames(&p->sp, p->ast, t->ast_hook);
		if (fwt_dd_at(&p->sp.dd, here, bits) == FWT_DD_YES)
			return t;
	}
	return NULL;
}

/* What went by a queue, and is refused behind it, is not the queue's. */
static bool lets_on(const struct fwt_prover *p, const struct fwt_ir_rule *by, u8 verdict)
{
	return !p->prove.refused &&
	       (by->end == FWT_END_ACCEPT ||
		(by->end == FWT_END_QUEUE && verdict != FWT_OUT_QUEUE));
}

/* The rule that decides. Whoever lets on is not who refuses: the last one is. */
static void place(struct fwt_prover *p, const struct stage *way,
		  struct fwt_witness *w, u8 verdict, struct fwt_proof *proof)
{
	bool accepted = verdict == FWT_VERDICT_ACCEPT;
	const struct fwt_ir_rule *by = NULL;
	u8 *bits = calloc(p->sp.vars + 64, 1);
	const struct fwt_ir_tree *t;
	const struct stage *s;
	u32 i;

	if (!bits)
		return;
	memcpy(bits, w->bits, w->vars);
	for (i = 0; i < ARRAY_SIZE(way_in); i++) {
		s = &way[i];
		if (s->before)
			s->before(&p->prove, bits);
		t = tree_at(p, s, bits);
		by = t ? fwt_prove_follow(&p->prove, t, bits) : NULL;
		if ((t && !by) || (by && !lets_on(p, by, verdict)) ||
		    (accepted && !s->device))
			break;
		if (t && s->after)
			s->after(&p->prove, bits);
	}
	if (by && (!lets_on(p, by, verdict) || accepted)) {
		proof->file = p->ast->sources->source[by->ast->loc.file]->name;
		proof->line = by->ast->loc.line;
	}
	free(bits);
}

/* Is all of @says that would be tracked in the middle of something: none of it in @all. */
static bool opens_nothing(struct fwt_prover *p, u32 says, u32 all)
{
	struct fwt_space *sp = &p->sp;

	return sp->tracks &&
	       !fwt_dd_meet(&sp->dd, all, fwt_space_is(sp, FWT_AXIS_CT_STATE, FWT_CT_NEW,
						       FWT_CT_NEW)) &&
	       fwt_dd_meet(&sp->dd, says, fwt_space_is(sp, FWT_AXIS_CT_STATE, FWT_CT_INVALID,
						       FWT_CT_INVALID));
}

/* Of a packet in fragments: as in_pieces() has it; the length is that of the whole. */
static u32 as_pieces(struct fwt_prover *p, u32 all)
{
	struct fwt_dd *dd = &p->sp.dd;

	all = fwt_prove_whole(&p->prove, all);
	all = fwt_dd_and(dd, all, fwt_space_is(&p->sp, FWT_AXIS_FRAGMENT, 0, 0));
	return fwt_dd_and(dd, all, fwt_space_is(&p->sp, FWT_AXIS_KIND, FWT_KIND_IPV4,
						FWT_KIND_IPV6));
}

/* The packets of @all that are against a property. */
static u32 against(struct fwt_prover *p, const struct fwt_property *pr, u32 all, u32 f)
{
	struct wanted want = { &p->out, pr->verdict, !pr->always };
	u32 are = fwt_dd_leaves(&p->sp.dd, f, comes_to, &want);

	return pr->always ? fwt_dd_minus(&p->sp.dd, all, are) : fwt_dd_and(&p->sp.dd, all, are);
}

int fwt_prover_run(struct fwt_prover *p, int n, struct fwt_proof *proof)
{
	const struct fwt_property *pr = (struct fwt_property *)p->property.data + n;
	const struct stage *way = pr->out ? way_out : way_in;
	struct fwt_dd *dd = &p->sp.dd;
	struct fwt_witness w;
	u32 says, all, bad, f;
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
	f = pr->out ? p->starts : p->in;
	says = fwt_dd_and(dd, fwt_property_says(pr, &p->sp), pr->out ? p->world_out : p->world_in);
	all = fwt_dd_and(dd, says, fwt_property_first(&p->sp));
	bad = against(p, pr, all, f);
	if (bad == FWT_DD_NO && !pr->out) {
		bad = against(p, pr, as_pieces(p, all), p->pieces);
		f = p->pieces;
		way = way_in_pieces;
	}
	proof->nodes = dd->count;
	if (dd->over)
		return fwt_prove_samples(p->ast, pr, &p->opts, proof);
	if (all == FWT_DD_NO || bad == FWT_DD_NO) {
		bool strays = opens_nothing(p, says, all);

		if (dd->over)
			return fwt_prove_samples(p->ast, pr, &p->opts, proof);
		proof->is = all == FWT_DD_NO || strays ? FWT_PROOF_EMPTY : FWT_PROOF_HOLDS;
		if (strays)
			snprintf(proof->given, sizeof(proof->given),
				 "such packets open no connection: they are 'invalid'");
		return 0;
	}
	proof->is = FWT_PROOF_FAILS;
	ret = fwt_space_pick(&p->sp, bad, pr->out ? FWT_HOOK_EGRESS : FWT_HOOK_INGRESS, &w);
	if (ret == -ENOENT)	/* the budget ended here */
		return fwt_prove_samples(p->ast, pr, &p->opts, proof);
	if (ret)
		return ret;
	memcpy(proof->packet, w.words, sizeof(proof->packet));
	if (way == way_in_pieces)
		snprintf(proof->given, sizeof(proof->given), FWT_PROOF_PIECES "%s%.360s",
			 w.given[0] ? ", " : "", w.given);
	else
		memcpy(proof->given, w.given, sizeof(proof->given));
	fwt_outcome_words(&p->out, fwt_dd_at(dd, f, w.bits), proof->becomes,
			  sizeof(proof->becomes));
	place(p, way, &w, fwt_outcome(&p->out, fwt_dd_at(dd, f, w.bits))->verdict, proof);
	fwt_witness_clean(&w);
	return 0;
}
