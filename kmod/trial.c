// SPDX-License-Identifier: GPL-2.0
/* Policies on trial: see trial.h. */
#include <linux/jiffies.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "hook.h"
#include "netlink.h"
#include "policy.h"

/* The module goes: nothing is bound to devices any more that nobody would take away. */
static bool leaving;

/* The same policy once more, with a generation to come: that which was in force
 * may still be walked by somebody, and does not change.
 */
static struct fwt_policy *again(struct fwt_trial *t)
{
	struct fwt_policy *p = t->spare;

	*p = *t->former;
	p->applied = ktime_get_real_seconds();
	return p;
}

/* Rules that both policies have say again where they stand in this one. */
static void place(struct fwt_net *fn, const struct fwt_policy *p)
{
	fwt_slots_place(fn, &p->base->prog, false, p->base->slot);
	fwt_objects_publish(&p->base->prog, p->base->object);
	if (!p->change)
		return;
	fwt_slots_place(fn, &p->change->patch.prog, true, p->change->slot);
	fwt_objects_publish_added(&p->change->patch, p->change->object);
}

/* The former policy is in force again. Returns what it took the place of. */
static struct fwt_policy *go_back(struct fwt_net *fn, struct netlink_ext_ack *extack)
{
	struct fwt_policy *old = fwt_policy_locked(fn), *p = again(&fn->trial);
	int ret;

	ret = fwt_objects_prepare(fn, &p->base->prog, p->base->object, extack);
	if (ret)
		return ERR_PTR(ret);
	ret = fwt_hooks_get(fn, p, extack);
	if (ret) {
		fwt_objects_cancel(p->base->object, p->base->prog.n[FWT_SEC_OBJECTS]);
		return ERR_PTR(ret);
	}
	p->base->users++;
	if (p->change)
		p->change->users++;
	place(fn, p);
	fwt_policy_publish(fn, p);
	/* What holds nflog is p's by now. */
	fn->trial.former->nflog = false;
	fn->trial.spare = NULL;
	fwt_trial_end(fn);
	fwt_hooks_settle(fn);
	return old;
}

/* @late: only if the time is over. */
static int rollback(struct fwt_net *fn, bool late, struct netlink_ext_ack *extack, u32 *gen)
{
	struct fwt_trial *t = &fn->trial;
	struct fwt_policy *old;
	bool flushed = false;
	int ret = -ENOENT;

	fwt_policy_alone(fn);
	rtnl_lock();
	mutex_lock(&fn->lock);
	if (!t->on) {
		NL_SET_ERR_MSG(extack, "no policy is on trial");
		goto out;
	}
	if (late && (READ_ONCE(leaving) || time_before64(get_jiffies_64(), t->until)))
		goto out;
	if (t->former) {
		old = go_back(fn, extack);
		ret = PTR_ERR_OR_ZERO(old);
		if (ret)
			goto out;
	} else {
		old = fwt_policy_take(fn);
		flushed = true;
		ret = 0;
	}
	*gen = fn->generation;
	mutex_unlock(&fn->lock);
	rtnl_unlock();
	if (flushed)
		fwt_policy_taken(fn, old);
	else
		fwt_policy_retire(old);
	fwt_netlink_policy_event(fn, FWTREE_EVENT_ROLLED_BACK, *gen);
	return 0;
out:
	mutex_unlock(&fn->lock);
	rtnl_unlock();
	return ret;
}

static void time_is_over(struct work_struct *work)
{
	struct fwt_net *fn = container_of(to_delayed_work(work), struct fwt_net, trial.clock);
	u32 gen;
	int ret;

	ret = rollback(fn, true, NULL, &gen);
	if (!ret || ret == -ENOENT)
		return;
	pr_warn_ratelimited("fwtree: going back to the former policy failed (%d): trying again\n",
			    ret);
	queue_delayed_work(fwt_wq, &fn->trial.clock, HZ);
}

void fwt_trials_stop(void)
{
	WRITE_ONCE(leaving, true);
	/* What did not see it yet. */
	flush_workqueue(fwt_wq);
}

void fwt_trial_init(struct fwt_net *fn)
{
	INIT_DELAYED_WORK(&fn->trial.clock, time_is_over);
}

void fwt_trial_clean(struct fwt_net *fn)
{
	cancel_delayed_work_sync(&fn->trial.clock);
}

void fwt_trial_begin(struct fwt_net *fn, struct fwt_policy *former,
		     struct fwt_policy *spare, u32 ms)
{
	struct fwt_trial *t = &fn->trial;
	unsigned long time = msecs_to_jiffies(ms);

	lockdep_assert_held(&fn->lock);
	if (t->on) {
		/* What was on trial till now was nobody's last word. */
		fwt_policy_retire(former);
		kfree(spare);
	} else {
		t->on = true;
		t->former = former;
		t->spare = spare;
	}
	t->until = get_jiffies_64() + time;
	mod_delayed_work(fwt_wq, &t->clock, time);
}

void fwt_trial_end(struct fwt_net *fn)
{
	struct fwt_trial *t = &fn->trial;

	lockdep_assert_held(&fn->lock);
	if (!t->on)
		return;
	t->on = false;
	cancel_delayed_work(&t->clock);
	fwt_policy_retire(t->former);
	kfree(t->spare);
	t->former = NULL;
	t->spare = NULL;
}

int fwt_trial_confirm(struct fwt_net *fn, struct netlink_ext_ack *extack, u32 *gen)
{
	int ret = 0;

	/* Device hooks that only the former policy wanted go. */
	rtnl_lock();
	mutex_lock(&fn->lock);
	if (!fn->trial.on) {
		NL_SET_ERR_MSG(extack, "no policy is on trial");
		ret = -ENOENT;
	} else {
		fwt_trial_end(fn);
		fwt_hooks_settle(fn);
	}
	*gen = fn->generation;
	mutex_unlock(&fn->lock);
	rtnl_unlock();
	if (!ret)
		fwt_netlink_policy_event(fn, FWTREE_EVENT_CONFIRMED, *gen);
	return ret;
}

int fwt_trial_rollback(struct fwt_net *fn, struct netlink_ext_ack *extack, u32 *gen)
{
	return rollback(fn, false, extack, gen);
}

u32 fwt_trial_left(const struct fwt_net *fn)
{
	s64 left;

	if (!fn->trial.on)
		return 0;
	left = (s64)(fn->trial.until - get_jiffies_64());
	return left > 0 ? jiffies_to_msecs(left) ? : 1 : 1;
}
