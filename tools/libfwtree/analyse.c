// SPDX-License-Identifier: GPL-2.0
/*
 * What is odd about a policy.
 */
#include <stdlib.h>

#include "analyse.h"
#include "prove_pick.h"

/* A packet that falls is looked for while a policy is compiled: not for long. */
#define ESCAPE_BUDGET	1000000u

static void begin_space(struct fwt_analyser *a)
{
	fwt_prove_init(&a->prove, &a->sp, &a->out, a->s);
	if (fwt_space_fix(&a->sp))
		a->sp.dd.over = true;
}

/* What is asked apart then is read once more: nothing of that is the program's. */
static int tell(struct fwt_analyser *a)
{
	struct fwt_builder program = a->s->b;

	if (!fwt_builder_copy(&a->s->b, &program)) {
		a->s->b = program;
		return -ENOMEM;
	}
	fwt_analyse_tell(a);
	fwt_analyse_world(a);
	fwt_builder_clean(&a->s->b);
	a->s->b = program;
	return 0;
}

int fwt_analyse_understood(struct fwt_sema *s, struct fwt_diag *diag,
			   const struct fwt_analyse_opts *opts, struct fwt_analysis *found)
{
	static const struct fwt_analyse_opts usual;
	struct fwt_analyser a = { .s = s, .diag = diag };
	struct fwt_diag *told = s->diag;
	const struct fwt_ir_tree *t;
	u32 budget;
	int ret;

	if (!opts)
		opts = &usual;
	budget = opts->budget ? opts->budget : FWT_DD_BUDGET;
	memset(found, 0, sizeof(*found));
	fwt_outcomes_init(&a.out);
	ret = fwt_space_init(&a.sp, budget);
	if (ret)
		goto out;
	s->diag = diag;
	a.n = s->b.sec[FWT_SEC_RULES].count;
	found->rules = a.n;
	a.found = calloc((size_t)a.n + 1, sizeof(*a.found));
	if (!a.found) {
		ret = -ENOMEM;
		goto clean;
	}
	fwt_analyse_sets(&a);
	if (opts->ssh)
		fwt_analyse_ssh(s, diag, opts->ssh, FWT_WARNING);
	/* Before the rest, for a place has one warning. */
	fwt_analyse_room(&a, budget);
	begin_space(&a);
	for (t = s->trees; t && !a.sp.dd.over; t = t->next)
		if (t->ast_hook)
			fwt_analyse_hook(&a, t);
	found->exact = !a.sp.dd.over;
	found->nodes = a.sp.dd.count;
	if (found->exact)
		ret = tell(&a);
	else
		found->compared = fwt_analyse_covers(&a);
	fwt_diag_sort(diag);
clean:
	free(a.found);
	fwt_prove_clean(&a.prove);
	fwt_space_clean(&a.sp);
out:
	s->diag = told;
	fwt_outcomes_clean(&a.out);
	return ret;
}

int fwt_analyse(const struct fwt_policy_ast *ast, struct fwt_diag *diag,
		const struct fwt_analyse_opts *opts, struct fwt_analysis *found)
{
	struct fwt_diag none;
	struct fwt_sema s;
	int ret;

	memset(found, 0, sizeof(*found));
	fwt_diag_init(&none);
	ret = fwt_understand(&s, ast, &none, false, opts ? opts->progress : NULL);
	if (!ret)
		ret = fwt_analyse_understood(&s, diag, opts, found);
	fwt_understand_end(&s);
	fwt_diag_clean(&none);
	return ret;
}

struct escape {
	const struct fwt_outcomes *out;
	u32 way;
};

/* Modifiers on the way have made one leaf many. */
static u32 falls(void *ctx, u32 leaf)
{
	const struct escape *e = ctx;
	const struct fwt_outcome *o = fwt_outcome(e->out, leaf);

	return o->verdict == FWT_OUT_FALLS && o->queue == e->way ? FWT_DD_YES : FWT_DD_NO;
}

int fwt_analyse_escape(struct fwt_sema *s, const struct fwt_ir_tree *hook,
		       const struct fwt_ir_tree *t, bool returns, char *buf, size_t size)
{
	u32 at = (u32)__builtin_ctz(hook->hooks), f, frames;
	struct fwt_outcomes out;
	struct fwt_witness w;
	struct fwt_space sp;
	struct fwt_prove p;
	struct escape e;
	int ret = -1;

	fwt_outcomes_init(&out);
	if (fwt_space_init(&sp, ESCAPE_BUDGET))
		return -1;
	fwt_prove_init(&p, &sp, &out, s);
	if (!fwt_space_fix(&sp)) {
		p.ends_of = t;
		p.bare = true;
		f = fwt_prove_hook(&p, hook);
		e = (struct escape){
			&out, fwt_outcome(&out, returns ? p.returned : p.fell)->queue,
		};
		f = fwt_dd_leaves(&sp.dd, f, falls, &e);
		frames = fwt_space_frames(&sp, s->ast, hook->ast_hook);
		f = fwt_dd_and(&sp.dd, f, fwt_space_world(&sp, at, frames));
		if (!sp.dd.over)
			ret = f != FWT_DD_NO;
		if (ret == 1 && fwt_space_pick(&sp, f, at, &w))
			ret = -1;
		if (ret == 1) {
			snprintf(buf, size, "%s%s%s%s", w.words, w.given[0] ? " (" : "",
				 w.given, w.given[0] ? ")" : "");
			fwt_witness_clean(&w);
		}
	}
	fwt_prove_clean(&p);
	fwt_space_clean(&sp);
	fwt_outcomes_clean(&out);
	return ret;
}
