/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A parsed policy -> a program.
 *
 * The way: sema*.c resolves names, checks types and hooks, and leaves a typed
 * tree whose tests stand in the program already (sema.h); sema_flow.c proves
 * that every path ends in a verdict; compile.c makes nodes of it, last ones
 * first. Everything wrong is reported, as much as can be found in one run.
 */
#ifndef FWT_COMPILE_H
#define FWT_COMPILE_H

#include "program.h"

struct fwt_policy_ast;
struct fwt_diag;
struct fwt_dns_book;
struct fwt_progress;
struct fwt_sema;

/**
 * struct fwt_compile_opts - how to compile
 * @check_only: report and make no program
 * @no_warnings: errors alone
 * @forest_min: consecutive rules that become search trees; 0 for the usual
 *	number, FWT_NONE for never: they are tried one after the other
 * @patch: it is that of a patch: sets that no rule uses are no objects of the program, and
 *	rules of forests may ask what the walk writes down, and go on wherever they stand
 * @book: what DNS names in sets stand for; NULL: nothing
 * @elements: the policy is but elements of a set or map: trees that it names are
 *	those of another one
 * @more_files: names, ended by NULL, that are told of as files without a text; or NULL
 * @prog: NULL, or filled in with the program made, as fwt_verify() does; its
 *	pointers lead into it
 * @progress: told how far it is, or NULL
 * @understood: NULL, or called where the policy has no errors, before its program is made
 * @ctx: for it
 */
struct fwt_compile_opts {
	bool check_only;
	bool no_warnings;
	u32 forest_min;
	bool patch;
	const struct fwt_dns_book *book;
	bool elements;
	const char *const *more_files;
	struct fwt_program *prog;
	const struct fwt_progress *progress;
	void (*understood)(void *ctx, struct fwt_sema *s);
	void *ctx;
};

/**
 * fwt_compile() - check a policy and make its program
 * @ast: from fwt_parse_*(). One that had errors is checked all the same, to
 *	report as much as there is, and makes no program
 * @diag: told of what is wrong
 * @opts: NULL for the usual
 * @out: the program, to be let go of with fwt_blob_free(); empty unless 0 is
 *	returned, and with @opts->check_only
 *
 * Not for two threads on one @ast: its nodes' @priv are used meanwhile.
 *
 * Return: 0; -EINVAL where @diag has errors; -EOPNOTSUPP where a patch names a tree, a map or
 * a pool, which only the whole policy has; -E2BIG where the program is over a
 * limit, which @diag says too; -ENOMEM.
 */
int fwt_compile(const struct fwt_policy_ast *ast, struct fwt_diag *diag,
		const struct fwt_compile_opts *opts, struct fwt_blob *out);

#endif /* FWT_COMPILE_H */
