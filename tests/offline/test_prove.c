// SPDX-License-Identifier: GPL-2.0
/*
 * Decision diagrams against the oracle: policies at random, and packets drawn from
 * their values must come to the leaf that the oracle comes to. Properties against
 * trying every packet there is, where fields are small.
 *
 * FWT_POLICIES says how many policies (default 60), FWT_SEED the first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "analyse.h"
#include "gen_policy.h"
#include "oracle.h"
#include "parse.h"
#include "prove.h"
#include "prove_pick.h"
#include "sema_sample.h"

#define PACKETS 150	/* of each policy and hook */

static u64 setting(const char *name, u64 usual)
{
	const char *s = getenv(name);

	return s && *s ? strtoull(s, NULL, 0) : usual;
}

static struct fwt_policy_ast *parse(const char *text)
{
	struct fwt_policy_ast *ast;
	struct fwt_diag diag;

	fwt_diag_init(&diag);
	ast = fwt_parse_buffer("gen.fw", text, strlen(text), &diag, NULL);
	assert_non_null(ast);
	if (fwt_diag_failed(&diag))
		fwt_diag_print(&diag, stderr);
	assert_false(fwt_diag_failed(&diag));
	fwt_diag_clean(&diag);
	return ast;
}

/* A policy as a function, and the oracle that it is held against. */
struct policy {
	struct fwt_policy_ast *ast;
	struct fwt_diag diag;
	struct fwt_sema s;
	struct fwt_space sp;
	struct fwt_outcomes out;
	struct fwt_prove prove;
	struct fwt_oracle oracle;
	struct fwt_sampler sampler;
};

/* False where the policy was refused: some of the generator's are. */
static bool make(struct policy *w, const char *text, u64 seed)
{
	memset(w, 0, sizeof(*w));
	w->ast = parse(text);
	fwt_diag_init(&w->diag);
	if (fwt_understand(&w->s, w->ast, &w->diag, false, NULL)) {
		fwt_understand_end(&w->s);
		fwt_diag_clean(&w->diag);
		fwt_ast_free(w->ast);
		return false;
	}
	fwt_outcomes_init(&w->out);
	assert_int_equal(fwt_space_init(&w->sp, FWT_DD_BUDGET), 0);
	fwt_prove_init(&w->prove, &w->sp, &w->out, &w->s);
	assert_int_equal(fwt_space_fix(&w->sp), 0);
	w->oracle.ast = w->ast;
	w->oracle.resolver = fwt_resolver_alloc();
	assert_int_equal(fwt_sampler_init(&w->sampler, w->ast, seed), 0);
	return true;
}

static void unmake(struct policy *w)
{
	fwt_sampler_clean(&w->sampler);
	fwt_resolver_free(w->oracle.resolver);
	fwt_prove_clean(&w->prove);
	fwt_space_clean(&w->sp);
	fwt_outcomes_clean(&w->out);
	fwt_understand_end(&w->s);
	fwt_diag_clean(&w->diag);
	fwt_ast_free(w->ast);
}

/* The questions about two fields have an answer for a given packet; those of state
 * and interfaces are answered no by a world that is nowhere. False where the leaf
 * hangs on what a translation came to.
 */
static bool answer(struct policy *w, const struct fwt_packet *p,
		   const struct fwt_env *env, u32 f, u8 *bits)
{
	const struct fwt_opaque *o = w->sp.opaque.data;
	u32 i, a, b, x[4], y[4];

	for (i = 0; i < w->sp.opaque.count; i++) {
		const char *eq = strstr(o[i].key, " == ");

		if (!eq || !strncmp(o[i].key, "after", 5))
			continue;
		for (a = 0; a < __FWT_FIELD_MAX; a++)
			if (strlen(fwt_field_info[a].name) == (size_t)(eq - o[i].key) &&
			    !strncmp(fwt_field_info[a].name, o[i].key, (size_t)(eq - o[i].key)))
				break;
		for (b = 0; b < __FWT_FIELD_MAX && strcmp(fwt_field_info[b].name, eq + 4); b++)
			;
		assert_true(a < __FWT_FIELD_MAX && b < __FWT_FIELD_MAX);
		a = (u32)fwt_field(p, env, a, x);
		b = (u32)fwt_field(p, env, b, y);
		bits[o[i].var] = a && a == b && !memcmp(x, y, a * sizeof(u32));
	}
	while (!fwt_dd_is_leaf(f)) {
		u32 var = w->sp.dd.node[f].var;

		for (i = 0; i < w->sp.opaque.count; i++)
			if (o[i].var == var && (!strncmp(o[i].key, "after", 5) ||
						o[i].key[0] <= '9'))
				return false;
		f = bits[var] ? w->sp.dd.node[f].hi : w->sp.dd.node[f].lo;
	}
	return true;
}

/* The generator draws some things that no packet has. */
static void make_sound(struct fwt_packet *p)
{
	u32 t = p->icmp_type;

	p->have &= ~(u32)FWT_HAVE_ICMP_ID;
	if ((p->have & FWT_HAVE_ICMP && (t == 0 || t == 8 || (t >= 13 && t <= 18))) ||
	    (p->have & FWT_HAVE_ICMPV6 && (t == 128 || t == 129)))
		p->have |= FWT_HAVE_ICMP_ID;
}

/* A translation to what is not known: the leaf may be clear, the way to it is not. */
static bool unclear(const struct policy *w)
{
	const struct fwt_opaque *o = w->sp.opaque.data;
	u32 i;

	for (i = 0; i < w->sp.opaque.count; i++)
		if (!strncmp(o[i].key, "after", 5))
			return true;
	return false;
}

static u32 hold(const char *text, u64 seed, u32 *pairs)
{
	struct fwt_env env = { .ops = &fwt_nowhere_ops };
	const struct fwt_ir_tree *t;
	struct fwt_oracle_result r;
	struct fwt_packet p, q;
	struct policy w;
	char words[256];
	u32 i, f, bad = 0;
	u8 *bits;

	if (!make(&w, text, seed))
		return 0;
	for (t = w.s.trees; t; t = t->next) {
		if (!t->ast_hook)
			continue;
		f = fwt_prove_hook(&w.prove, t);
		assert_false(w.sp.dd.over);
		bits = calloc(w.sp.vars + 64, 1);
		for (i = 0; i < PACKETS && !bad; i++) {
			const struct fwt_outcome *o;
			const struct fwt_ir_rule *by;

			fwt_sampler_packet(&w.sampler, t->ast_hook, &p);
			make_sound(&p);
			fwt_space_place(&w.sp, &p, &env, bits);
			if (!answer(&w, &p, &env, f, bits))
				continue;
			o = fwt_outcome(&w.out, fwt_dd_at(&w.sp.dd, f, bits));
			q = p;
			fwt_oracle_walk(&w.oracle, t->ast_hook, &q, &env, &r);
			(*pairs)++;
			if (r.reason == FWT_REASON_EFFECTS || r.reason == FWT_REASON_NO_ADDRESS)
				continue;
			by = r.rule ? fwt_prove_follow(&w.prove, t, bits) : NULL;
			bad += o->verdict != r.verdict;
			bad += o->verdict == FWT_VERDICT_REJECT && o->reject != r.reject;
			bad += r.rule && r.reason != FWT_REASON_DNAT_LATE && !unclear(&w) &&
			       (!by || by->ast != r.rule);
			if (!bad)
				continue;
			fwt_sample_words(&p, words, sizeof(words));
			print_error("seed %llu, %s: %s\noracle %u line %u, diagram %u line %u\n%s",
				    (unsigned long long)seed, t->name, words, r.verdict,
				    r.rule ? r.rule->loc.line : 0, o->verdict,
				    by ? by->ast->loc.line : 0, text);
		}
		free(bits);
	}
	unmake(&w);
	return bad;
}

static void diagrams_are_the_oracle(void **state)
{
	u64 n = setting("FWT_POLICIES", 60), seed = setting("FWT_SEED", 1), i;
	u32 pairs = 0;

	(void)state;
	for (i = 0; i < n; i++) {
		char *text = gen_policy(seed + i);

		assert_int_equal(hold(text, seed + i, &pairs), 0);
		free(text);
	}
	print_message("%llu policies, %u packets\n", (unsigned long long)n, pairs);
	assert_true(pairs > n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(diagrams_are_the_oracle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
