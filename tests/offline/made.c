// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "ast.h"
#include "made.h"
#include "parse.h"

void made_with(struct made *m, const char *text, u32 forest_min)
{
	const struct fwt_compile_opts opts = { .forest_min = forest_min };
	struct fwt_verify_error err;

	memset(m, 0, sizeof(*m));
	fwt_diag_init(&m->diag);
	m->ast = fwt_parse_buffer("t.fw", text, strlen(text), &m->diag, NULL);
	assert_non_null(m->ast);
	m->ret = fwt_compile(m->ast, &m->diag, &opts, &m->blob);
	if (m->ret)
		return;
	m->scratch = malloc(fwt_verify_scratch(m->blob.data, m->blob.len));
	assert_non_null(m->scratch);
	assert_int_equal(fwt_verify(m->blob.data, m->blob.len, m->scratch, &m->prog, &err), 0);
}

void made_clean(struct made *m)
{
	free(m->scratch);
	fwt_blob_free(&m->blob);
	fwt_ast_free(m->ast);
	fwt_diag_clean(&m->diag);
}
