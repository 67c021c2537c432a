// SPDX-License-Identifier: GPL-2.0
/*
 * A policy of several files that are not those of the file system, as the one in force
 * is read again; and which definitions a rule of which file may use.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ast.h"
#include "delta.h"
#include "diag.h"
#include "parse.h"
#include "source.h"

#define FILE_OF(name, text) { name, text, sizeof(text) - 1 }

static struct fwt_policy_ast *parse(const struct fwt_parse_files *files, struct fwt_diag *diag)
{
	const struct fwt_parse_given *first = files->file;
	struct fwt_parse_opts opts = { .files = files };
	char *dir = fwt_source_dir(first->name);
	struct fwt_policy_ast *ast;

	assert_non_null(dir);
	opts.base = dir;
	fwt_diag_init(diag);
	ast = fwt_parse_buffer(first->name, first->text, first->len, diag, &opts);
	free(dir);
	assert_non_null(ast);
	return ast;
}

static void clean(struct fwt_policy_ast *ast, struct fwt_diag *diag)
{
	fwt_diag_sources(diag, NULL);
	fwt_ast_free(ast);
	fwt_diag_clean(diag);
}

/* Absolute names, parents, patterns, elements; and one that is two by now. */
static void test_names(void **state)
{
	struct fwt_parse_given file[] = {
		FILE_OF("etc/main.fw", "include \"/nowhere/names.fw\"\ninclude \"../up.fw\"\n"
			"set s : port { elements file \"ports\" }\ningress {\n"
			"include \"site/*.fw\"\ninclude \"none/*.fw\"\ninclude \"two.fw\"\n"
			"include \"two.fw\"\ndrop\n}\n"),
		FILE_OF("/nowhere/names.fw", "define a = 80\n"),
		FILE_OF("etc/../up.fw", "define b = 81\n"),
		FILE_OF("etc/ports", "90\n91\n"),
		FILE_OF("etc/site/a.fw", "tcp dport $a accept\ninclude \"deep/x.fw\"\n"),
		FILE_OF("etc/site/deep/x.fw", "tcp dport @s drop\n"),
		FILE_OF("etc/site/b.fw", "tcp dport $b accept\n"),
		FILE_OF("etc/two.fw", "udp dport 1 accept\n"),
		FILE_OF("etc/two.fw", "udp dport 1 accept\nudp dport 2 accept\n"),
	};
	const struct fwt_parse_files files = { sizeof(file) / sizeof(*file), file };
	struct fwt_policy_ast *ast;
	struct fwt_diag diag;
	uint32_t i;

	(void)state;
	ast = parse(&files, &diag);
	fwt_diag_print(&diag, stderr);
	assert_int_equal(diag.count, 0);
	assert_int_equal(ast->sources->count, files.n);
	for (i = 0; i < files.n; i++) {
		assert_string_equal(ast->sources->source[i]->name, file[i].name);
		assert_string_equal(ast->sources->source[i]->text, file[i].text);
	}
	assert_int_equal(ast->rules, 7);
	clean(ast, &diag);
}

/* What lies beside this test is no part of the policy. */
static void test_others(void **state)
{
	static char text[4200];
	struct fwt_parse_given file = { "main.fw", text, 0 };
	const struct fwt_parse_files files = { 1, &file };
	struct fwt_policy_ast *ast;
	struct fwt_diag diag;

	(void)state;
	snprintf(text, sizeof(text), "include \"/etc/pass*\"\ninclude \"%s\"\ningress { drop }\n",
		 "/etc/passwd");
	file.len = strlen(text);
	ast = parse(&files, &diag);
	assert_int_equal(diag.errors, 1);
	assert_non_null(strstr(diag.entries[0].message, "/etc/passwd is no file of this policy"));
	assert_int_equal(ast->sources->count, 1);
	clean(ast, &diag);
}

static bool all(const struct fwt_value *v)
{
	(void)v;
	return true;
}

static void test_late(void **state)
{
	static const struct {
		u32 file;
		u32 before;
		char *rule;
		bool sees;
	} rules[] = {
		{ 0, 4, "tcp dport $early accept", true },
		{ 1, 1, "tcp dport $early accept", true },
		{ 0, 4, "tcp dport $late accept", false },
		{ 0, 4, "tcp dport { 1, $\"late\" } accept", false },
		{ 0, 10, "tcp dport $late accept", true },
		{ 1, 1, "tcp dport $late accept", false },
		{ 2, 2, "tcp dport $late accept", true },
		{ 2, 1, "tcp dport $inner accept", false },
		{ 2, 2, "tcp dport $inner accept", true },
		{ 0, 4, "tcp dport $inner accept", false },
		{ 1, 1, "tcp dport $inner accept", false },
		{ 0, 10, "tcp dport $inner accept", true },
		{ 0, 4, "tcp dport 5 accept comment \"late\"", true },
	};
	struct fwt_parse_given file[] = {
		FILE_OF("main.fw", "define early = 80\ningress {\ninclude \"a.fw\"\n"
			"tcp dport $early accept\ndrop\n}\ndefine late = 81\ninclude \"b.fw\"\n"
			"egress {\naccept\n}\n"),
		FILE_OF("a.fw", "tcp dport 1 drop\n"),
		FILE_OF("b.fw", "define inner = 82\ntree t {\ndrop\n}\n"),
	};
	const struct fwt_parse_files files = { sizeof(file) / sizeof(*file), file };
	struct fwt_policy_ast *ast;
	struct fwt_delta delta;
	struct fwt_diag diag;
	size_t len, i;
	char *text;
	FILE *out;

	(void)state;
	ast = parse(&files, &diag);
	assert_int_equal(diag.count, 0);
	out = open_memstream(&text, &len);
	assert_non_null(out);
	fwt_ast_print_defines(out, ast, all);
	assert_int_equal(fclose(out), 0);
	fwt_delta_init(&delta);
	assert_true(fwt_delta_defines(&delta, text, len));
	for (i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		const struct fwt_delta_line line = {
			.file = rules[i].file, .before = rules[i].before, .has_rule = true,
			.rule = rules[i].rule,
		};

		if (fwt_delta_sees(&delta, &line) != rules[i].sees)
			fail_msg("file %u, before line %u: %s; of\n%s", line.file, line.before,
				 line.rule, text);
	}
	free(text);
	fwt_delta_clean(&delta);
	clean(ast, &diag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names), cmocka_unit_test(test_others),
		cmocka_unit_test(test_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
