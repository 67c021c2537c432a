// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "diag.h"
#include "given.h"
#include "parse.h"

u64 setting(const char *name, u64 usual)
{
	const char *s = getenv(name);

	return s && *s ? strtoull(s, NULL, 0) : usual;
}

struct fwt_policy_ast *parse_good(const char *text)
{
	struct fwt_policy_ast *ast;
	struct fwt_diag diag;

	fwt_diag_init(&diag);
	ast = fwt_parse_buffer("gen.fw", text, strlen(text), &diag, NULL);
	if (!ast || fwt_diag_failed(&diag)) {
		fwt_diag_print(&diag, stderr);
		abort();
	}
	fwt_diag_clean(&diag);
	return ast;
}
