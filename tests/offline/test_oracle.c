// SPDX-License-Identifier: GPL-2.0
/*
 * Compiler and walk against the oracle: policies at random, packets drawn from
 * their values, and no difference in verdict, deciding rule, effects or packet.
 *
 * FWT_PAIRS says how many pairs of policy and packet (default 300,000), FWT_SEED
 * the first policy. A difference is shown with the smallest policy that has it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "compile.h"
#include "sema_sample.h"
#include "oracle.h"
#include "parse.h"
#include "gen_policy.h"

#define PACKETS 250	/* of each policy */

struct policy {
	struct fwt_policy_ast *ast;
	struct fwt_blob blob;
	void *scratch;
	struct fwt_program prog;
	struct fwt_oracle oracle;
	struct fwt_sampler sampler;
};

/* The world: which address is whose is a matter of arithmetic. */
static bool mock_ifaddr(const struct fwt_env *env, const char *ifname, u8 family,
			const u32 *addr, bool subnet)
{
	u32 last = addr[family == 6 ? 3 : 0];

	(void)env;
	if (subnet)
		return (last >> 8 & 1) == (u32)(ifname[0] & 1);
	return (last & 3) == (u32)(ifname[0] & 3);
}

static bool mock_source(const struct fwt_env *env, const struct fwt_packet *p, u32 *addr)
{
	(void)env;
	if (p->oif && !strcmp(p->oif, "lo"))
		return false;
	memset(addr, 0, 4 * sizeof(u32));
	addr[0] = p->family == 6 ? 0x20010db8 : 0x0a000001;
	return true;
}

static bool mock_local(const struct fwt_env *env, const char *ifname,
		       const struct fwt_packet *p, u32 *addr)
{
	(void)env;
	if (!strncmp(ifname, "wg", 2))
		return false;
	memset(addr, 0, 4 * sizeof(u32));
	addr[0] = p->family == 6 ? 0xfd000000 : 0x0a000000 + (u32)strlen(ifname);
	return true;
}

static const struct fwt_env_ops mock_ops = {
	.ifaddr = mock_ifaddr, .source = mock_source, .local = mock_local,
};

/* Returns false where the policy was refused; with @show its messages are. */
static bool make(struct policy *w, const char *text, u64 seed, bool show)
{
	/* Half of them as they would be compiled, some rule by rule. */
	struct fwt_compile_opts opts = {
		.no_warnings = true,
		.forest_min = seed & 1 ? 0 : seed & 2 ? 2 : FWT_NONE,
	};
	struct fwt_verify_error err;
	struct fwt_diag diag;
	int ret = -1;

	memset(w, 0, sizeof(*w));
	fwt_diag_init(&diag);
	w->ast = fwt_parse_buffer("gen.fw", text, strlen(text), &diag, NULL);
	if (w->ast)
		ret = fwt_compile(w->ast, &diag, &opts, &w->blob);
	if (show && ret)
		fwt_diag_print(&diag, stderr);
	fwt_diag_clean(&diag);
	if (ret) {
		fwt_ast_free(w->ast);
		return false;
	}
	w->scratch = malloc(fwt_verify_scratch(w->blob.data, w->blob.len));
	assert_non_null(w->scratch);
	assert_int_equal(fwt_verify(w->blob.data, w->blob.len, w->scratch, &w->prog, &err), 0);
	w->oracle.ast = w->ast;
	w->oracle.resolver = fwt_resolver_alloc();
	assert_non_null(w->oracle.resolver);
	assert_int_equal(fwt_sampler_init(&w->sampler, w->ast, seed), 0);
	return true;
}

static void unmake(struct policy *w)
{
	fwt_sampler_clean(&w->sampler);
	fwt_resolver_free(w->oracle.resolver);
	free(w->scratch);
	fwt_blob_free(&w->blob);
	fwt_ast_free(w->ast);
}

static u32 root_of(const struct policy *w, const struct fwt_ast_hook *hook)
{
	u32 kind = hook->egress + 2 * hook->device, i;

	for (i = 0; i < w->prog.n[FWT_SEC_HOOKS]; i++) {
		const struct fwt_prog_hook *h = &w->prog.hook[i];

		if (h->hook == kind &&
		    (h->dev == FWT_NONE ||
		     !strcmp(w->prog.string + h->dev, hook->devices.first->text)))
			return h->root;
	}
	return FWT_NONE;
}

static bool same_rule(const struct policy *w, u32 index, const struct fwt_rule *rule)
{
	const struct fwt_prog_rule *r = &w->prog.rule[index];

	if (index == FWT_NONE || !rule)
		return index == FWT_NONE && !rule;
	return r->line == rule->loc.line && r->file == rule->loc.file &&
	       r->text == w->prog.file[r->file].text + rule->text.start;
}

static bool same_mod(const struct policy *w, u32 index, const struct fwt_oracle_effect *e)
{
	static const u8 kind[__FWT_MOD_MAX] = {
		[FWT_MOD_SNAT] = FWT_AST_MOD_SNAT,
		[FWT_MOD_MASQUERADE] = FWT_AST_MOD_MASQUERADE,
		[FWT_MOD_DNAT] = FWT_AST_MOD_DNAT,
		[FWT_MOD_SET_MARK] = FWT_AST_MOD_SET,
		[FWT_MOD_LOG] = FWT_AST_MOD_LOG,
		[FWT_MOD_COUNT] = FWT_AST_MOD_COUNT,
		[FWT_MOD_REDIRECT] = FWT_AST_MOD_REDIRECT,
		[FWT_MOD_NETMAP] = FWT_AST_MOD_NETMAP,
	};
	const struct fwt_prog_mod *m = &w->prog.mod[index];
	const char *string = w->prog.string;

	if (!e->mod || kind[m->type] != e->mod->kind || !same_rule(w, m->rule, e->rule))
		return false;
	if (m->type == FWT_MOD_COUNT)
		return !strcmp(string + w->prog.counter[m->a], e->mod->count.text);
	if (m->type == FWT_MOD_LOG && e->mod->log.prefix.text)
		return !strcmp(string + m->a, e->mod->log.prefix.text);
	return true;
}

/* What differs, NULL if nothing does. */
static const char *difference(const struct policy *w, const struct fwt_decision *d,
			      const struct fwt_oracle_result *r,
			      const struct fwt_packet *a, const struct fwt_packet *b)
{
	u32 i;

	if (!r->ended && !r->reason)
		return "the oracle ran off the end";
	if (d->verdict != r->verdict)
		return "verdict";
	if (!same_rule(w, d->rule, r->rule))
		return "deciding rule";
	if (d->verdict == FWT_VERDICT_REJECT && d->reject != r->reject)
		return "kind of reject";
	if (d->reason != r->reason)
		return "reason";
	if (d->flags != r->flags)
		return "flags";
	if (d->n_effects != r->n_effects)
		return "number of effects";
	for (i = 0; i < d->n_effects; i++) {
		u32 e = d->effect[i];

		if (e & FWT_EFFECT_MOD) {
			if (!same_mod(w, e & ~FWT_EFFECT_MOD, &r->effect[i]))
				return "a modifier";
		} else if (r->effect[i].mod || !same_rule(w, e, r->effect[i].rule)) {
			return "a rule that took part";
		}
	}
	return memcmp(a, b, sizeof(*a)) ? "the packet afterwards" : NULL;
}

struct counted {
	u64 steps;
};

static void count_step(void *ctx, const struct fwt_walk_step *s)
{
	struct counted *c = ctx;

	(void)s;
	c->steps++;
}

static const char *pair(const struct policy *w, const struct fwt_ast_hook *hook,
			const struct fwt_packet *p, u32 seed)
{
	struct fwt_env env = { .ops = &mock_ops, .seed = seed };
	struct fwt_packet a = *p, b = *p, c = *p;
	struct counted counted = { 0 };
	struct fwt_oracle_result r;
	struct fwt_decision d, traced;
	u32 root = root_of(w, hook);
	const char *what;

	if (root == FWT_NONE)
		return "the hook is not in the program";
	fwt_walk(&w->prog, root, &a, &env, &d);
	fwt_oracle_walk(&w->oracle, hook, &b, &env, &r);
	what = difference(w, &d, &r, &a, &b);
	if (what || seed & 15)
		return what;
	fwt_walk_traced(&w->prog, root, &c, &env, &traced, count_step, &counted);
	if (counted.steps > w->prog.steps_max)
		return "more steps than were promised";
	if (traced.verdict != d.verdict || traced.rule != d.rule || traced.node != d.node)
		return "the traced walk";
	return NULL;
}

/* Making a policy smaller, line by line, while it keeps a difference */

static bool differs(const char *text, u64 seed, char *words, size_t size,
		    const char **what)
{
	const struct fwt_ast_hook *hook;
	struct fwt_packet p;
	struct policy w;
	bool found = false;
	u32 i;

	if (!make(&w, text, seed, false))
		return false;
	for (i = 0; i < 4 * PACKETS && !found; i++)
		for (hook = w.ast->hooks; hook && !found; hook = hook->next) {
			fwt_sampler_packet(&w.sampler, hook, &p);
			*what = pair(&w, hook, &p, i);
			found = *what;
			if (found)
				fwt_sample_words(&p, words, size);
		}
	unmake(&w);
	return found;
}

/* The end of the statement that begins at @from: its line, or its block. */
static size_t statement_end(const char *text, size_t from)
{
	int depth = 0;
	size_t at = from;

	do {
		size_t end = at + strcspn(text + at, "\n");

		if (end > at && text[end - 1] == '{')
			depth++;
		if (text[at + strspn(text + at, "\t")] == '}')
			depth--;
		at = text[end] ? end + 1 : end;
	} while (depth > 0 && text[at]);
	return at;
}

static void smaller(char *text, u64 seed, char *words, size_t size, const char **what)
{
	char *trial = malloc(strlen(text) + 1);
	bool shrunk = true;

	assert_non_null(trial);
	while (shrunk) {
		size_t at = 0, end;

		shrunk = false;
		while (text[at]) {
			end = statement_end(text, at);
			memcpy(trial, text, at);
			memcpy(trial + at, text + end, strlen(text + end) + 1);
			if (differs(trial, seed, words, size, what)) {
				memcpy(text, trial, strlen(trial) + 1);
				shrunk = true;
			} else {
				at += strcspn(text + at, "\n");
				at += !!text[at];
			}
		}
	}
	free(trial);
	differs(text, seed, words, size, what);
}

static u64 number_of(const char *name, u64 other)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : other;
}

static void test_pairs(void **state)
{
	u64 pairs = number_of("FWT_PAIRS", 300000), done = 0, policies = 0, refused = 0;
	u64 seed = number_of("FWT_SEED", 1), verdicts[3] = { 0 };
	const struct fwt_ast_hook *hook;
	struct fwt_packet p;
	char words[256];
	struct policy w;
	u32 i;

	(void)state;
	for (; done < pairs; seed++) {
		char *text = gen_policy(seed);
		const char *what = NULL;

		assert_non_null(text);
		policies++;
		if (!make(&w, text, seed, getenv("FWT_VERBOSE"))) {
			refused++;
			free(text);
			assert_true(policies < 100 || refused < policies);
			continue;
		}
		for (i = 0; i < PACKETS && !what; i++)
			for (hook = w.ast->hooks; hook && !what; hook = hook->next) {
				fwt_sampler_packet(&w.sampler, hook, &p);
				what = pair(&w, hook, &p, i);
				done++;
			}
		if (what) {
			fwt_sample_words(&p, words, sizeof(words));
			smaller(text, seed, words, sizeof(words), &what);
			fprintf(stderr, "seed %llu: %s\n%s\npacket: %s\n",
				(unsigned long long)seed, what, text, words);
		}
		unmake(&w);
		free(text);
		assert_null(what);
	}
	(void)verdicts;
	printf("%llu pairs, %llu policies, %llu of them refused\n",
	       (unsigned long long)done, (unsigned long long)policies,
	       (unsigned long long)refused);
	/* The generator means them to be valid; what is left are rules whose
	 * translations are of two families.
	 */
	assert_true(refused * 5 < policies);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
