/* SPDX-License-Identifier: GPL-2.0 */
/* Two policies, compared by packets that are tried. */
#ifndef FWT_DIFF_TRY_H
#define FWT_DIFF_TRY_H

#include "os.h"

struct fwt_diff;
struct fwt_diff_class;
struct fwt_policy_ast;
struct fwt_rule;
struct fwt_sema;

/** fwt_diff_new() - one more class, empty but for its hook; NULL without memory */
struct fwt_diff_class *fwt_diff_new(struct fwt_diff *diff, const char *hook);

/** fwt_diff_file() - the name of the file that a rule stands in */
const char *fwt_diff_file(const struct fwt_policy_ast *ast, const struct fwt_rule *r);

/**
 * fwt_diff_try() - packets at the edges of rules, and which of them differ
 * @diff: gets some of these, each a class of its own, in place of what it has
 * @ast: both policies
 * @sema: array: both, understood
 * @seed: 0 for the usual
 *
 * Return: 0 or -ENOMEM.
 */
int fwt_diff_try(struct fwt_diff *diff, const struct fwt_policy_ast *const ast[2],
		 const struct fwt_sema *sema, u64 seed);

#endif /* FWT_DIFF_TRY_H */
