/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Policies: built aside, verified, published in one pointer swap, retired after
 * a grace period.
 */
#ifndef FWT_POLICY_H
#define FWT_POLICY_H

#include <linux/netlink.h>
#include <linux/workqueue.h>
#include "netns.h"
#include "core/tree.h"

/**
 * struct fwt_policy - a policy, immutable once published
 * @prog: the program, verified
 * @gen: its generation
 * @opt: options
 * @slot: by rule, then by named counter
 * @applied: wall clock, seconds
 * @fn: namespace
 * @blob: the program's bytes
 * @len: how many
 * @free: frees it after a grace period
 */
struct fwt_policy {
	struct fwt_program prog;
	u32 gen;
	struct fwt_options opt;
	u32 *slot;
	time64_t applied;
	struct fwt_net *fn;
	void *blob;
	size_t len;
	struct rcu_work free;
};

#define FWT_GENERATION_ANY	U32_MAX

/**
 * fwt_policy_apply() - put a program in force
 * @fn: namespace
 * @blob: kvmalloc'ed, hostile; taken over in every case
 * @len: bytes
 * @expect: generation that must be in force for it to happen, 0 for none yet, or
 *	FWT_GENERATION_ANY
 * @extack: told why not
 * @gen: set to the new generation
 *
 * Context: process; takes fn->lock.
 * Return: 0; -EAGAIN where the generation moved; what fwt_verify() says;
 * -ENOMEM. Where it fails, what was in force stays.
 */
int fwt_policy_apply(struct fwt_net *fn, void *blob, size_t len, u32 expect,
		     struct netlink_ext_ack *extack, u32 *gen);

/* No policy any more: hooks go, connections end. Takes fn->lock. Returns true
 * if there was one.
 */
bool fwt_policy_flush(struct fwt_net *fn);

/* The policy in force, with fn->lock held. */
static inline struct fwt_policy *fwt_policy_locked(struct fwt_net *fn)
{
	return rcu_dereference_protected(fn->policy, lockdep_is_held(&fn->lock));
}

#endif /* FWT_POLICY_H */
