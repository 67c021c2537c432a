// SPDX-License-Identifier: GPL-2.0
/*
 * Policy text, whatever it is: no crash, every message prints, what parses
 * without an error prints as text that parses to the same again, and what the
 * compiler takes it makes a program of that the kernel would take too.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ast.h"
#include "compile.h"
#include "diag.h"
#include "parse.h"

static const struct fwt_parse_opts opts = { .no_include = true };

static char *canonical(const struct fwt_policy_ast *ast, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	if (!out)
		abort();
	fwt_ast_print(out, ast);
	fclose(out);
	return text;
}

static void print_messages(const struct fwt_diag *diag)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		abort();
	fwt_diag_print(diag, out);
	fclose(out);
	free(text);
}

static void rule_texts(const struct fwt_policy_ast *ast, const struct fwt_block *block)
{
	const struct fwt_rule *r;
	char buf[64];

	for (r = block->first; r; r = r->next) {
		fwt_ast_rule_text(ast, r, buf, sizeof(buf));
		if (r->end.kind == FWT_END_BLOCK)
			rule_texts(ast, &r->end.block);
	}
}

/* fwt_compile() proves its program by the verifier, and reports where it can't */
static void compile(const struct fwt_policy_ast *ast, struct fwt_diag *diag, bool failed)
{
	struct fwt_blob blob;
	int ret = fwt_compile(ast, diag, NULL, &blob);
	size_t i;

	if (!ret != !fwt_diag_failed(diag) || !ret != !!blob.data || (failed && !ret))
		abort();
	for (i = 0; i < diag->count; i++)
		/* From its begin: a message may quote what the input says. */
		if (!strncmp(diag->entries[i].message, "the program made is refused", 27))
			abort();
	fwt_blob_free(&blob);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fwt_policy_ast *ast, *again;
	const struct fwt_tree *t;
	struct fwt_diag diag;
	char *one, *two;
	size_t n, m;
	bool failed;

	fwt_diag_init(&diag);
	ast = fwt_parse_buffer("fuzz", (const char *)data, size, &diag, &opts);
	failed = fwt_diag_failed(&diag);
	if (ast)
		compile(ast, &diag, failed);
	print_messages(&diag);
	if (!ast || failed)
		goto out;
	fwt_diag_clean(&diag);
	for (t = ast->trees; t; t = t->next)
		rule_texts(ast, &t->block);

	one = canonical(ast, &n);
	again = fwt_parse_buffer("printed", one, n, &diag, &opts);
	if (!again || fwt_diag_failed(&diag)) {
		fwt_diag_print(&diag, stderr);
		fprintf(stderr, "%s\n", one);
		abort();
	}
	two = canonical(again, &m);
	if (n != m || memcmp(one, two, n)) {
		fprintf(stderr, "%s\n---\n%s\n", one, two);
		abort();
	}
	free(one);
	free(two);
	fwt_ast_free(again);
out:
	fwt_ast_free(ast);
	fwt_diag_clean(&diag);
	return 0;
}
