// SPDX-License-Identifier: GPL-2.0
/* Policies on trial: the clock that goes back by itself, and what keeps it from that. */
#include <linux/delay.h>

#include "packets.h"
#include "policy.h"
#include "prog.h"

static struct fwt_test_ns *ns;

#define LEAST_MS	1		/* a trial's shortest time */
#define PATIENCE	(60 * HZ)	/* against what never happens */

static u32 generation(void)
{
	u32 gen;

	mutex_lock(&ns->fn->lock);
	gen = ns->fn->generation;
	mutex_unlock(&ns->fn->lock);
	return gen;
}

static bool on_trial(void)
{
	bool on;

	mutex_lock(&ns->fn->lock);
	on = ns->fn->trial.on;
	mutex_unlock(&ns->fn->lock);
	return on;
}

static u32 in_force(struct kunit *test, u8 verdict)
{
	size_t len;
	void *blob = fwt_test_always(test, verdict, &len);

	fwt_test_apply(test, ns, blob, len);
	return generation();
}

/* Begins a trial; returns the generation that is on trial. */
static u32 try_policy(struct kunit *test, u8 verdict, u32 ms)
{
	struct netlink_ext_ack extack = { };
	u32 gen = 0;
	size_t len;
	void *blob = fwt_test_always(test, verdict, &len);

	KUNIT_ASSERT_EQ(test, fwt_policy_try(ns->fn, blob, len, FWT_GENERATION_ANY, ms, &extack,
					     &gen), 0);
	return gen;
}

/* Packets of both families pass, each the first one of a connection; or none does. */
static void expect_passes(struct kunit *test, bool passes, const char *what)
{
	static u16 port = 2000;
	struct fwt_test_pkt k;
	struct sk_buff *skb;
	u32 i;

	for (i = 0; i < 2; i++) {
		k = fwt_test_between(i ? 6 : 4, IPPROTO_UDP);
		k.sport = port++;
		skb = fwt_test_skb(&k, ns->in);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		skb = fwt_test_forward(ns, skb, false);
		KUNIT_EXPECT_EQ_MSG(test, !!skb, passes, "%s, IPv%u", what, k.family);
		kfree_skb(skb);
	}
}

static void wait_for_the_end(struct kunit *test)
{
	unsigned long end = jiffies + PATIENCE;

	while (on_trial() && time_before(jiffies, end))
		usleep_range(1000, 2000);
	KUNIT_ASSERT_FALSE_MSG(test, on_trial(), "the clock did not go back");
}

/* Nobody confirms it, and nobody rolls it back. */
static void goes_back(struct kunit *test)
{
	u32 first = in_force(test, FWT_VERDICT_ACCEPT);

	expect_passes(test, true, "before");
	KUNIT_EXPECT_EQ(test, try_policy(test, FWT_VERDICT_DROP, LEAST_MS), first + 1);
	wait_for_the_end(test);
	KUNIT_EXPECT_EQ_MSG(test, generation(), first + 2, "came back, and once");
	expect_passes(test, true, "after");
	KUNIT_EXPECT_NULL(test, ns->fn->trial.former);
	KUNIT_EXPECT_NULL(test, ns->fn->trial.spare);

	/* Tried in a row: what was in force before all of them comes back. */
	try_policy(test, FWT_VERDICT_DROP, FWT_TRIAL_MS_MAX);
	KUNIT_EXPECT_TRUE(test, on_trial());
	expect_passes(test, false, "on trial");
	try_policy(test, FWT_VERDICT_DROP, LEAST_MS);
	wait_for_the_end(test);
	expect_passes(test, true, "after two");
	fwt_test_clear(test, ns);
}

/* There was none before: nothing is in force again. */
static void goes_back_to_nothing(struct kunit *test)
{
	struct fwt_test_books b;

	try_policy(test, FWT_VERDICT_DROP, LEAST_MS);
	wait_for_the_end(test);
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(ns->fn->policy));
	/* What is to be done then is done without the lock. */
	flush_workqueue(fwt_wq);
	KUNIT_EXPECT_FALSE(test, !!ns->fn->hooks);
	fwt_test_books(ns->fn, &b);
	KUNIT_EXPECT_EQ(test, b.records, 0);
}

/* Who is stopped between the two for longer than the trial takes is too late, and tries for
 * longer.
 */
static void confirmed_stays(struct kunit *test)
{
	struct netlink_ext_ack extack = { };
	u32 gen, tried, ms;
	u64 until;
	int ret;

	in_force(test, FWT_VERDICT_ACCEPT);
	for (ms = 50, ret = -ENOENT; ret == -ENOENT && ms < 60000; ms *= 4) {
		tried = try_policy(test, FWT_VERDICT_DROP, ms);
		mutex_lock(&ns->fn->lock);
		until = ns->fn->trial.until;
		mutex_unlock(&ns->fn->lock);
		ret = fwt_trial_confirm(ns->fn, &extack, &gen);
	}
	KUNIT_ASSERT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, gen, tried);
	KUNIT_EXPECT_FALSE(test, on_trial());
	/* Its time comes, and a tick more, and nothing of it is being done. */
	while (time_before_eq64(get_jiffies_64(), until))
		schedule_timeout_uninterruptible(1);
	flush_workqueue(fwt_wq);
	KUNIT_EXPECT_EQ_MSG(test, generation(), tried, "it is in force still");
	expect_passes(test, false, "confirmed");
	KUNIT_EXPECT_NULL(test, ns->fn->trial.former);
	KUNIT_EXPECT_EQ_MSG(test, fwt_trial_confirm(ns->fn, &extack, &gen), -ENOENT,
			    "there is none any more");
	KUNIT_EXPECT_EQ(test, fwt_trial_rollback(ns->fn, &extack, &gen), -ENOENT);
	expect_passes(test, false, "as ever");
	fwt_test_clear(test, ns);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(goes_back),
	KUNIT_CASE(goes_back_to_nothing),
	KUNIT_CASE(confirmed_stays),
	{ }
};

FWT_TEST_SUITE_IN_NS("fwtree-trial", ns, cases);
