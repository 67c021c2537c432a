/* SPDX-License-Identifier: GPL-2.0 */
/* A policy as tests of the compiler make it: what came of it, or what was said. */
#ifndef FWT_TEST_MADE_H
#define FWT_TEST_MADE_H

#include "compile.h"
#include "diag.h"

struct made {
	struct fwt_diag diag;
	struct fwt_policy_ast *ast;
	struct fwt_blob blob;
	void *scratch;
	struct fwt_program prog;
	int ret;
};

/**
 * made_with() - parse, compile, verify
 * @m: filled in, to be cleaned in every case; @m->ret says whether it compiled
 * @text: which parses
 * @forest_min: see struct fwt_compile_opts
 */
void made_with(struct made *m, const char *text, u32 forest_min);
void made_clean(struct made *m);

#endif /* FWT_TEST_MADE_H */
