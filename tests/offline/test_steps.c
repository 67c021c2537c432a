// SPDX-License-Identifier: GPL-2.0
/*
 * Steps of a walk: the bound, held against programs that no compiler makes (the module's
 * own test of it has the same, tests/kunit/test_verify.c), and what each kind of step counts
 * as in Documentation/program-format.rst.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "ast.h"
#include "compile.h"
#include "diag.h"
#include "parse.h"
#include "tree.h"
#include "../kunit/chain.h"

struct made {
	struct fwt_blob blob;
	struct fwt_program prog;
	struct fwt_verify_error err;
	int ret;
};

static void prove(struct made *m)
{
	void *scratch = malloc(fwt_verify_scratch(m->blob.data, m->blob.len));

	assert_non_null(scratch);
	m->ret = fwt_verify(m->blob.data, m->blob.len, scratch, &m->prog, &m->err);
	free(scratch);
}

static void make(struct made *m, const char *text)
{
	struct fwt_compile_opts opts = { .no_warnings = true, .forest_min = FWT_NONE };
	struct fwt_policy_ast *ast;
	struct fwt_diag diag;

	memset(m, 0, sizeof(*m));
	fwt_diag_init(&diag);
	ast = fwt_parse_buffer("t.fw", text, strlen(text), &diag, NULL);
	if (!ast || fwt_compile(ast, &diag, &opts, &m->blob)) {
		fwt_diag_print(&diag, stderr);
		fail_msg("%s", text);
	}
	fwt_ast_free(ast);
	fwt_diag_clean(&diag);
	prove(m);
	assert_int_equal(m->ret, 0);
}

/* A chain of the tests of a policy of two rules, the slow one and the plain one. */
static void lengthen(struct made *m, struct fwt_test_links *l)
{
	size_t len = fwt_test_chain_bytes((u32)m->blob.len, l);
	void *data = aligned_alloc(64, (len + 63) / 64 * 64);
	const struct fwt_prog_node *root = &m->prog.node[m->prog.hook[0].root];

	assert_non_null(data);
	assert_int_equal(root->type, FWT_NODE_TEST);
	assert_int_equal(m->prog.node[root->no].type, FWT_NODE_TEST);
	l->slow = root->arg;
	l->plain = m->prog.node[root->no].arg;
	memcpy(data, m->blob.data, m->blob.len);
	fwt_test_chain(data, (u32)m->blob.len, l);
	fwt_blob_free(&m->blob);
	m->blob = (struct fwt_blob){ .data = data, .len = len };
	prove(m);
}

static void walk(const struct made *m, struct fwt_decision *d)
{
	struct fwt_packet p = {
		.have = FWT_HAVE_IP | FWT_HAVE_TCP | FWT_HAVE_PORTS, .family = 6,
		.protocol = FWT_IPPROTO_TCP, .sport = 1, .dport = 2, .ttl = 64,
		.saddr = { 0x20010db8, 0, 0, 1 }, .daddr = { 0x20010db8, 0, 0, 2 },
	};

	fwt_walk(&m->prog, m->prog.root[FWT_HOOK_INGRESS], &p, NULL, d);
}

static const struct {
	const char *text;
	u32 cost;	/* steps of a node with the first rule's test */
} kinds[] = {
	{ "ingress {\nmark 7 drop\nttl 1 drop\naccept\n}\n", 1 },
	{ "ingress {\nsaddr >= daddr drop\nttl 1 drop\naccept\n}\n", 2 },
	{ "ingress {\nip6 saddr . ip6 daddr . sport . dport . mark "
	  "{ 2001:db8::1 . 2001:db8::2 . 1 . 2 . 7 } drop\nttl 1 drop\naccept\n}\n", 3 },
	{ "ingress {\nip6 saddr . ip6 daddr . sport . dport . mark "
	  "{ 2001:db8::1 . 2001:db8::2 . 1 . 1-2 . 7, "
	  "2001:db8::1 . 2001:db8::2 . 1 . 2-3 . 9 } drop\nttl 1 drop\naccept\n}\n", 7 },
};

static void test_bound(void **state)
{
	struct fwt_decision d;
	struct made m;
	u32 i, more;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		for (more = 0; more < 2; more++) {
			u32 slow = (FWT_STEPS_MAX - 1) / kinds[i].cost;
			struct fwt_test_links l = { .n_slow = slow };

			l.n = slow + FWT_STEPS_MAX - slow * kinds[i].cost + more;
			make(&m, kinds[i].text);
			lengthen(&m, &l);
			assert_int_equal(m.prog.steps_max, FWT_STEPS_MAX + more);
			assert_int_equal(m.ret, more ? -E2BIG : 0);
			if (more) {
				assert_string_equal(m.err.text, "hook 0: a walk from here could "
						    "take too many steps");
			} else {
				walk(&m, &d);
				assert_int_equal(d.verdict, FWT_VERDICT_ACCEPT);
				assert_int_equal(d.node, l.n - 1);
			}
			fwt_blob_free(&m.blob);
		}
}

/* What lies between rules that take part, as often as a walk has room for one. */
static void test_stretches(void **state)
{
	u32 every = FWT_STEPS_MAX / (FWT_EFFECTS_MAX + 1), more;
	struct fwt_decision d;
	struct made m;

	(void)state;
	for (more = 0; more < 2; more++) {
		struct fwt_test_links l = { .every = every + more, .n = 2 * FWT_STEPS_MAX };

		make(&m, kinds[0].text);
		lengthen(&m, &l);
		assert_int_equal(m.prog.steps_max, (FWT_EFFECTS_MAX + 1) * l.every);
		assert_int_equal(m.ret, more ? -E2BIG : 0);
		if (!more) {
			walk(&m, &d);
			assert_int_equal(d.reason, FWT_REASON_EFFECTS);
			assert_int_equal(d.n_effects, FWT_EFFECTS_MAX);
			assert_int_equal(d.node, m.prog.steps_max - 1);
		}
		fwt_blob_free(&m.blob);
	}
}

/* All of a walk through a rule that accepts: its tests, and their nodes, its modifiers, and
 * theirs, and the verdict; where it does not hold it is shorter.
 */
static void test_costs(void **state)
{
	static const struct {
		const char *rule;
		u32 steps;
	} cost[] = {
		{ "mark 7 accept", 2 },
		{ "sport < dport accept", 3 },
		{ "random 1/2 accept", 3 },
		{ "quota 1 accept", 3 },
		{ "limit 1/hour accept", 2 + 4 },
		{ "limit 1/hour by saddr . daddr accept", 2 + 4 + 2 },
		{ "ct count by saddr > 1 accept", 2 + 4 + 1 },
		{ "route oif none accept", 2 + 4 },
		{ "saddr addr(eth0) accept", 2 + 32 },
		{ "daddr net(eth0) accept", 2 + 32 },
		{ "saddr addr(wg*) accept", 2 + 512 },
		{ "saddr @none accept", 2 + 8 },
		/* Sixteen ranges are halved four times. */
		{ "dport @ranges accept", 2 + 8 + 2 * 4 },
		{ "redirect accept", 2 + 32 },
		{ "dnat to addr(eth0) accept", 2 + 32 },
		{ "balance @turns accept", 2 + 8 },
		{ "balance @least accept", 2 + 8 + 3 },
	};
	char text[1024];
	struct made m;
	u32 i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cost); i++) {
		snprintf(text, sizeof(text),
			 "set none : addr { }\n"
			 "set ranges : port { elements = { 10-11, 20-21, 30-31, 40-41, 50-51, 60-61, "
			 "70-71, 80-81, 90-91, 100-101, 110-111, 120-121, 130-131, 140-141, 150-151, "
			 "160-161 } }\n"
			 "pool turns { scheduler round-robin; 10.0.0.1; 10.0.0.2; 10.0.0.3 }\n"
			 "pool least { scheduler least-conn; 10.0.0.1; 10.0.0.2; 10.0.0.3 }\n"
			 "ingress {\n%s\naccept\n}\n", cost[i].rule);
		make(&m, text);
		if (m.prog.steps_max != cost[i].steps)
			fail_msg("%s: %u steps", cost[i].rule, m.prog.steps_max);
		fwt_blob_free(&m.blob);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bound), cmocka_unit_test(test_stretches),
		cmocka_unit_test(test_costs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
