/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Nodes of other modules, as a walk meets them: it asks the world (env.h), takes
 * nothing that is said on trust, and writes down what is to be done.
 */
#ifndef FWT_CORE_FOREIGN_H
#define FWT_CORE_FOREIGN_H

#include "tree.h"

/* Is it the key of a SELECT whose set is there for its branches alone. */
static inline bool fwt_test_picks(const struct fwt_prog_test *t)
{
	return fwt_test_splits(t) || t->op == FWT_TEST_NODE_SELECT;
}

/**
 * fwt_foreign_match() - does a node say yes
 * @prog: verified program
 * @t: FWT_TEST_NODE
 * @p: packet
 * @env: the world; NULL where there is none: no
 * @d: where the walk is to end here, how it ended
 * @step: NULL, or where to leave the answer
 *
 * Return: 1, 0; -1 where the walk is to end.
 */
int fwt_foreign_match(const struct fwt_program *prog, const struct fwt_prog_test *t,
		      struct fwt_packet *p, const struct fwt_env *env,
		      struct fwt_decision *d, struct fwt_walk_step *step);

/**
 * fwt_foreign_select() - the branch that a node chooses
 * @prog: verified program
 * @n: the SELECT
 * @p: packet; changed as the node says, where it is a selecting modifier
 * @env: likewise
 * @d: likewise; and told what is to be changed
 * @step: likewise
 *
 * Return: the next node; FWT_NONE where the walk is to end.
 */
u32 fwt_foreign_select(const struct fwt_program *prog, const struct fwt_prog_node *n,
		       struct fwt_packet *p, const struct fwt_env *env,
		       struct fwt_decision *d, struct fwt_walk_step *step);

/**
 * fwt_foreign_modify() - a node changes the packet
 * @prog: verified program
 * @m: FWT_MOD_NODE
 * @p: likewise
 * @env: likewise
 * @d: likewise
 *
 * Return: false where the walk is to end.
 */
bool fwt_foreign_modify(const struct fwt_program *prog, const struct fwt_prog_mod *m,
			struct fwt_packet *p, const struct fwt_env *env,
			struct fwt_decision *d);

#endif /* FWT_CORE_FOREIGN_H */
