/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A policy twice: compiled and walked, and read by the oracle as it was written, in one
 * world, which is made up.
 */
#ifndef TWIN_H
#define TWIN_H

#include "mock_pool.h"
#include "mock_set.h"
#include "oracle.h"
#include "sema_sample.h"

struct twin {
	struct fwt_policy_ast *ast;
	struct fwt_blob blob;
	void *scratch;
	struct fwt_row *row;
	struct fwt_program prog;
	struct fwt_mock_sets sets;
	struct fwt_oracle oracle;
	struct fwt_oracle_state state;
	struct fwt_sampler sampler;
	struct fwt_mock_pools pools;
};

/**
 * twin_make() - both of a policy
 * @w: filled in
 * @text: the policy
 * @seed: of the packets; says, too, which rules become forests, and of one in eight that
 *	some statements are files that it includes
 * @show: its messages, where it is refused
 *
 * Return: false where it is; then there is nothing to clean.
 */
bool twin_make(struct twin *w, const char *text, u64 seed, bool show);
void twin_clean(struct twin *w);

/** twin_root() - where the walks of a hook begin, FWT_NONE where the program lacks it */
u32 twin_root(const struct twin *w, const struct fwt_ast_hook *hook);

/** twin_walk() - the compiled one alone; @p is modified */
void twin_walk(struct twin *w, const struct fwt_ast_hook *hook, struct fwt_packet *p, u32 seed,
	       struct fwt_decision *d);

/**
 * twin_differ() - both decide a packet
 * @seed: of its connection
 *
 * Return: what differs in verdict, deciding rule, effects or packet; NULL where nothing does.
 */
const char *twin_differ(struct twin *w, const struct fwt_ast_hook *hook,
			const struct fwt_packet *p, u32 seed);

#endif /* TWIN_H */
