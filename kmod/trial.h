/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A policy on trial: unless somebody confirms it in time, the one before it comes
 * back by itself. The kernel keeps that one, with its counters, its connections'
 * rules and its objects, and has the clock; so it comes back also if nobody who
 * could say so can reach this machine any more.
 *
 * Life-cycle: applying for a time begins a trial; the policy that was in force
 * then, the former one, is not retired but kept, or that there was none is
 * remembered. Another policy applied for a time takes the place of that on trial
 * and begins the time anew; the former one stays. A patch changes what is on
 * trial. It ends when confirmed (the former policy is retired), rolled back by hand
 * or by the clock (that on trial is), or with fwctl flush (both are).
 *
 * Going back never fails for want of memory for the policy itself: it was put by
 * when the trial began. A device hook can need some, and elements of sets that the
 * policy on trial did not have: then it is tried again.
 *
 * Synchronization: all of it under fwt_net.lock.
 */
#ifndef FWT_TRIAL_H
#define FWT_TRIAL_H

#include <linux/types.h>
#include <linux/workqueue.h>

struct fwt_net;
struct fwt_policy;
struct netlink_ext_ack;

#define FWT_TRIAL_MS_MAX	(24u * 3600 * 1000)

/**
 * struct fwt_trial - of a namespace
 * @on: there is one
 * @former: what was in force before; NULL for nothing
 * @spare: memory for going back to it; NULL if nothing was
 * @until: jiffies (64 bits) when the time is over
 * @clock: goes back then
 */
struct fwt_trial {
	bool on;
	struct fwt_policy *former;
	struct fwt_policy *spare;
	u64 until;
	struct delayed_work clock;
};

void fwt_trial_init(struct fwt_net *fn);

/* The module goes: from now on no clock goes back, as that may bind devices. It waits for
 * work that takes RTNL.
 */
void fwt_trials_stop(void);

/* The namespace ends; there is no trial, and its clock does not run any more. */
void fwt_trial_clean(struct fwt_net *fn);

/**
 * fwt_trial_begin() - the policy that was just published is on trial
 * @fn: namespace, its lock held
 * @former: was in force before; the trial keeps it
 * @spare: memory of a policy, the trial's by now
 * @ms: for how long
 */
void fwt_trial_begin(struct fwt_net *fn, struct fwt_policy *former,
		     struct fwt_policy *spare, u32 ms);

/* Ends it, and retires the former policy. fwt_net.lock is held. */
void fwt_trial_end(struct fwt_net *fn);

/**
 * fwt_trial_confirm() - keep what is on trial
 * @fn: namespace
 * @extack: told why not
 * @gen: set to the generation in force
 *
 * Context: process; takes fn->lock.
 * Return: 0; -ENOENT where nothing is on trial.
 */
int fwt_trial_confirm(struct fwt_net *fn, struct netlink_ext_ack *extack, u32 *gen);

/**
 * fwt_trial_rollback() - go back to what was in force before the trial
 * @fn: namespace
 * @extack: told why not
 * @gen: set to the new generation
 *
 * Context: process; takes RTNL and fn->lock.
 * Return: 0; -ENOENT where nothing is on trial; what registering hooks says, and
 * then it goes on.
 */
int fwt_trial_rollback(struct fwt_net *fn, struct netlink_ext_ack *extack, u32 *gen);

/* Milliseconds that are left, at least 1; 0 where nothing is on trial. */
u32 fwt_trial_left(const struct fwt_net *fn);

#endif /* FWT_TRIAL_H */
