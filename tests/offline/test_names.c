// SPDX-License-Identifier: GPL-2.0
/*
 * Interfaces by name: of a few the walk compares letters, of many words; strcmp() is the
 * twin of both. The names are near each other: one a beginning of the other, or another
 * last letter of the 15 that one has at most.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "ast.h"
#include "compile.h"
#include "diag.h"
#include "parse.h"
#include "tree.h"

#define NAME_MAX	15
#define MOST		12	/* names of a set: more than are compared one by one */
#define SETS		2000
#define PACKETS		40

static u32 below(u32 n)
{
	return (u32)rand() % n;
}

static void draw(char *name)
{
	u32 len = below(4) ? 1 + below(4) : NAME_MAX - below(3), i;

	for (i = 0; i < len; i++)
		name[i] = "ab"[i + 1 < len ? below(8) == 0 : below(2)];
	name[len] = 0;
}

/* Near one of them, or it. */
static void draw_near(char *name, char (*of)[NAME_MAX + 1], u32 n)
{
	size_t len = strlen(strcpy(name, of[below(n)]));

	switch (below(4)) {
	case 0:
		name[len - 1] = 0;
		break;
	case 1:
		name[len - 1] ^= 'a' ^ 'b';
		break;
	case 2:
		strcpy(name + len, len < NAME_MAX ? "a" : "");
		break;
	}
}

static void make(const char *text, struct fwt_blob *blob, struct fwt_program *prog)
{
	struct fwt_compile_opts opts = { .no_warnings = true };
	struct fwt_verify_error err;
	struct fwt_policy_ast *ast;
	struct fwt_diag diag;
	void *scratch;

	fwt_diag_init(&diag);
	ast = fwt_parse_buffer("t.fw", text, strlen(text), &diag, NULL);
	if (!ast || fwt_compile(ast, &diag, &opts, blob)) {
		fwt_diag_print(&diag, stderr);
		fail_msg("%s", text);
	}
	fwt_ast_free(ast);
	fwt_diag_clean(&diag);
	scratch = malloc(fwt_verify_scratch(blob->data, blob->len));
	assert_non_null(scratch);
	assert_int_equal(fwt_verify(blob->data, blob->len, scratch, prog, &err), 0);
	free(scratch);
}

/* The verifier asks for the order of keys alone: a key with something behind the end of its
 * name is no interface's.
 */
static void bend(struct fwt_program *prog)
{
	u32 i, k, *word = (u32 *)prog->word;

	for (i = 0; i < prog->n[FWT_SEC_SETS]; i++) {
		const struct fwt_prog_set *s = &prog->set[i];

		if (s->kind != FWT_SET_KEYS || s->words != 4)
			continue;
		for (k = 0; k < s->count; k++)
			word[s->data + 4 * k + 3] |= 1;
	}
}

static void test_names(void **state)
{
	char of[MOST][NAME_MAX + 1], name[NAME_MAX + 2], text[512];
	u32 k, i, n, at, met = 0, short_ones = 0;

	(void)state;
	srand(1);
	for (k = 0; k < SETS; k++) {
		bool out = below(2), not = below(2), bent = !below(4);
		struct fwt_program prog;
		struct fwt_blob blob;

		n = 1 + below(MOST);
		at = (u32)sprintf(text, "%s {\n%s %s{ ", out ? "egress" : "ingress",
				  out ? "oif" : "iif", not ? "!= " : "");
		for (i = 0; i < n; i++) {
			draw(of[i]);
			at += (u32)sprintf(text + at, "%s%s", i ? ", " : "", of[i]);
		}
		strcpy(text + at, " } accept\ndrop\n}\n");
		make(text, &blob, &prog);
		if (bent)
			bend(&prog);
		for (i = 0; i < PACKETS; i++) {
			struct fwt_packet p = {
				.have = FWT_HAVE_IP, .family = below(2) ? 4 : 6, .ttl = 64,
				.hook = out ? FWT_HOOK_EGRESS : FWT_HOOK_INGRESS,
			};
			struct fwt_decision d;
			bool has = false;

			draw_near(name, of, n);
			if (out)
				p.oif = name;
			else
				p.iif = name;
			for (at = 0; at < n; at++)
				has = has || (!bent && !strcmp(of[at], name));
			met += has;
			short_ones += !*name;
			fwt_walk(&prog, prog.root[p.hook], &p, NULL, &d);
			if ((d.verdict == FWT_VERDICT_ACCEPT) != (has != not))
				fail_msg("'%s': %s", name, text);
		}
		fwt_blob_free(&blob);
	}
	assert_in_range(met, SETS * PACKETS / 5, SETS * PACKETS / 2);
	assert_in_range(short_ones, SETS, SETS * PACKETS / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
