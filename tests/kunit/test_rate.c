// SPDX-License-Identifier: GPL-2.0
/*
 * Limits, quotas and turns under several CPUs: never more than is stated (kmod/rate.h),
 * also while a table of buckets moves to a larger one; and what stays when a policy
 * is replaced. Threads do what hooks do, a walk and then the charge, softirqs off.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/prandom.h>

#include "packets.h"
#include "policy.h"
#include "prog.h"
#include "rate.h"
#include "way.h"
#include "core/limit.h"

#define THREADS		4
#define RACE_TIME	HZ

static struct fwt_test_ns *ns;

/* The objects of the program that rate_apply() puts in force. */
enum { ALL, KEYED, QUOTA, TURNS, N_OBJECTS };

static void put_u64(u32 *p, u64 v)
{
	p[0] = v;
	p[1] = v >> 32;
}

/* A walk of ingress meets them all. */
static struct fwt_test_prog *rate_prog(struct kunit *test, u64 rate, u64 burst)
{
	struct fwt_test_prog *p = fwt_test_prog_new(test);
	u32 rule = fwt_test_rule(p, 77), i;
	static const u8 kind[N_OBJECTS] = {
		FWT_OBJECT_LIMIT, FWT_OBJECT_LIMIT, FWT_OBJECT_QUOTA, FWT_OBJECT_SPLIT,
	};

	for (i = 0; i < N_OBJECTS; i++) {
		struct fwt_prog_object *o = &p->object[i];

		o->key = 1000 + i;
		o->kind = kind[i];
		o->name = FWT_NONE;
		o->param[FWT_LIMIT_RULE] = rule;
		if (kind[i] == FWT_OBJECT_LIMIT) {
			o->param[FWT_LIMIT_WHICH] = i;
			o->param[FWT_LIMIT_FLAGS] = i == KEYED ? FWT_LIMIT_KEYED : 0;
			o->param[FWT_LIMIT_KEY] = i == KEYED ? 5 : 0;
			/* One an hour for each key: what passes is the burst. */
			o->param[FWT_LIMIT_PER] = i == KEYED ? 3600 : 1;
			put_u64(&o->param[FWT_LIMIT_RATE], i == KEYED ? 1 : rate);
			put_u64(&o->param[FWT_LIMIT_BURST], i == KEYED ? 2 : burst);
		} else if (kind[i] == FWT_OBJECT_QUOTA) {
			put_u64(&o->param[FWT_QUOTA_SIZE], 1000000);
		} else {
			o->param[FWT_SPLIT_TURNS] = 5;
		}
	}
	p->n[FWT_SEC_OBJECTS] = N_OBJECTS;
	for (i = 0; i < 3; i++)
		p->test[i] = (struct fwt_prog_test){
			.op = i == QUOTA ? FWT_TEST_QUOTA : FWT_TEST_LIMIT,
			.n_fields = i == KEYED, .field = { FWT_FIELD_SADDR },
			.set = { i, FWT_NONE }, .mask = { FWT_NONE, FWT_NONE },
		};
	p->test[3] = (struct fwt_prog_test){
		.op = FWT_TEST_SPLIT_TURN, .set = { 0, TURNS }, .mask = { FWT_NONE, FWT_NONE },
	};
	p->n[FWT_SEC_TESTS] = 4;
	p->word[0] = 0;
	p->word[1] = 1;
	p->word[2] = 2;
	p->word[3] = 4;
	p->word[4] = 4;	/* nodes */
	p->word[5] = 5;
	p->n[FWT_SEC_WORDS] = 6;
	p->set[0] = (struct fwt_prog_set){
		.kind = FWT_SET_RANGES, .words = 1, .n_dims = 1, .dim = { 1 }, .count = 2,
		.data = 0, .value = 4,
	};
	p->n[FWT_SEC_SETS] = 1;
	for (i = 0; i < 3; i++)
		fwt_test_node(p, FWT_NODE_TEST, i, i + 1, 5);
	fwt_test_node(p, FWT_NODE_SELECT, 3, 0, 5);
	fwt_test_verdict(p, FWT_VERDICT_ACCEPT, rule);
	fwt_test_verdict(p, FWT_VERDICT_DROP, rule);
	fwt_test_hook(p, FWT_HOOK_INGRESS, 0, NULL);
	return p;
}

static void rate_apply(struct kunit *test, u64 rate, u64 burst)
{
	size_t len;
	void *blob = fwt_test_build(test, rate_prog(test, rate, burst), &len);

	fwt_test_apply(test, ns, blob, len);
}

static void figures(u32 object, struct fwt_limit_figures *f)
{
	mutex_lock(&ns->fn->lock);
	fwt_limit_read(fwt_policy_locked(ns->fn)->object[object], f);
	mutex_unlock(&ns->fn->lock);
}

static noinline bool under_now(const struct fwt_policy *pol, u32 object, u32 key, u32 len,
			       u64 *hash)
{
	struct fwt_world world = { .pol = pol, .bytes = len };

	return fwt_world_under(&world.env, object, &key, object == KEYED, NULL, hash);
}

/* One packet of @len bytes of a key at one object; is it let pass. */
static bool ask(u32 object, u32 key, u32 len)
{
	const struct fwt_policy *pol;
	struct fwt_decision d;
	bool under = true;

	d.n_charges = 1;
	d.charge[0] = (struct fwt_decision_charge){ .object = object };
	local_bh_disable();
	rcu_read_lock();
	pol = rcu_dereference(ns->fn->policy);
	if (object != TURNS)
		under = under_now(pol, object, key, len, &d.charge[0].hash);
	d.charge[0].over = !under;
	fwt_limits_charge(pol, &d, len, false);
	rcu_read_unlock();
	local_bh_enable();
	return under;
}

struct racer {
	struct task_struct *task;
	struct rnd_state rnd;
	u32 object;
	u32 keys;
	u64 passed;
	u64 asked;
};

static int race(void *data)
{
	struct racer *r = data;

	while (!kthread_should_stop()) {
		u32 key = r->keys ? prandom_u32_state(&r->rnd) % r->keys : 0;

		r->passed += ask(r->object, key, 100);
		r->asked++;
		if (!(r->asked & 63))
			cond_resched();
	}
	return 0;
}

static void race_of(struct kunit *test, u32 object, u32 keys, unsigned long ticks,
		    struct racer *sum)
{
	struct racer *r = kunit_kzalloc(test, THREADS * sizeof(*r), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, r);
	memset(sum, 0, sizeof(*sum));
	for (i = 0; i < THREADS; i++) {
		prandom_seed_state(&r[i].rnd, 1 + i);
		r[i].object = object;
		r[i].keys = keys;
		r[i].task = kthread_run(race, &r[i], "fwtree_rate/%u", i);
		KUNIT_ASSERT_FALSE(test, IS_ERR(r[i].task));
	}
	schedule_timeout_uninterruptible(ticks);
	for (i = 0; i < THREADS; i++) {
		kthread_stop(r[i].task);
		sum->passed += r[i].passed;
		sum->asked += r[i].asked;
	}
}

/* One for all, by several CPUs: burst + rate * t + a packet for each other CPU. */
static void one_for_all(struct kunit *test)
{
	struct fwt_limit_figures f;
	struct racer sum;
	u64 begin, most;

	begin = ktime_get_ns();
	rate_apply(test, 2000, 100);
	race_of(test, ALL, 0, RACE_TIME, &sum);
	most = 100 + div_u64((ktime_get_ns() - begin) * 2000, NSEC_PER_SEC) +
	       num_possible_cpus() - 1;
	figures(ALL, &f);
	kunit_info(test, "%llu asked, %llu passed, %llu at most\n", sum.asked, sum.passed, most);
	KUNIT_EXPECT_LE(test, sum.passed, most);
	KUNIT_EXPECT_GE(test, sum.passed, 100u);
	KUNIT_EXPECT_EQ_MSG(test, f.under, sum.passed, "told as it was");
	KUNIT_EXPECT_EQ(test, f.under + f.over, sum.asked);
	fwt_test_clear(test, ns);
}

/* A fast one, of which CPUs have stocks: the same at most; they meet seldom, and what is
 * refused is so for want of tokens. What a stock holds is there for who reads.
 */
static void fast_for_all(struct kunit *test)
{
	const u64 rate = 100000, burst = 25600;
	struct fwt_limit_figures f;
	struct racer sum;
	u64 begin, most;

	rate_apply(test, rate, burst);
	begin = ktime_get_ns();
	KUNIT_EXPECT_TRUE(test, ask(ALL, 0, 100));
	figures(ALL, &f);
	KUNIT_EXPECT_EQ(test, f.met, 1u);
	KUNIT_EXPECT_GE(test, f.tokens, burst - 1);
	race_of(test, ALL, 0, RACE_TIME, &sum);
	sum.passed++;
	sum.asked++;
	most = burst + div_u64((ktime_get_ns() - begin) * rate, NSEC_PER_SEC) +
	       num_possible_cpus() - 1;
	figures(ALL, &f);
	kunit_info(test, "%llu asked, %llu passed, %llu at most, met %llu times\n", sum.asked,
		   sum.passed, most, f.met);
	KUNIT_EXPECT_LE(test, sum.passed, most);
	KUNIT_EXPECT_GE(test, sum.passed, min(sum.asked, burst) * 31 / 32);
	KUNIT_EXPECT_EQ(test, f.under, sum.passed);
	KUNIT_EXPECT_EQ(test, f.under + f.over, sum.asked);
	if (num_online_cpus() == 1)
		KUNIT_EXPECT_EQ_MSG(test, f.met, sum.passed, "one CPU has no stock");
	else
		KUNIT_EXPECT_LE(test, f.met, sum.passed / 2);
	fwt_test_clear(test, ns);
}

/* Many keys: each has its burst, and the table grows under the threads' feet. */
static void many_keys(struct kunit *test)
{
	const u32 keys = FWT_TEST_MANY(100000);
	struct fwt_limit_figures f, before;
	u32 cpus = num_possible_cpus(), i, passed = 0;
	struct racer sum;

	rate_apply(test, 1, 1);
	figures(KEYED, &before);
	KUNIT_EXPECT_EQ(test, before.keys, 0u);
	race_of(test, KEYED, keys, 4 * RACE_TIME, &sum);
	for (i = 0; i < keys; i++) {
		sum.passed += ask(KEYED, i, 100);
		sum.passed += ask(KEYED, i, 100);
		if (!(i & 63))
			cond_resched();
	}
	figures(KEYED, &f);
	kunit_info(test, "%llu asked, %llu passed of %u keys; %u remembered, room for %u, %llu evicted, %llu bytes\n",
		   sum.asked, sum.passed, keys, f.keys, f.keys_max, f.evicted, f.memory);
	/* Two a key; what was evicted begins full once more, and then owes no more
	 * than what another CPU's packet cost.
	 */
	KUNIT_EXPECT_GE(test, sum.passed, 2ull * keys);
	KUNIT_EXPECT_LE(test, sum.passed, 2ull * (keys + f.evicted) + keys / 50 + 64 * cpus);
	KUNIT_EXPECT_GT_MSG(test, f.keys_max, before.keys_max, "the table grew");
	KUNIT_EXPECT_LE_MSG(test, f.memory, ((u64)totalram_pages() << PAGE_SHIFT) / 64,
			    "and is bounded");
	KUNIT_EXPECT_LE(test, f.keys, f.keys_max);
	/* Who was over a moment ago is so. */
	for (i = 0; i < 1000; i++) {
		passed += ask(KEYED, keys - 1 - i, 100);
		passed += ask(KEYED, keys - 1 - i, 100);
	}
	KUNIT_EXPECT_LE(test, passed, 100u);
	fwt_test_clear(test, ns);
}

/* @n keys more, each once: a table that is full asks for a larger one. */
static u32 places_after(u32 *key, u32 n)
{
	struct fwt_limit_figures f;

	while (n--)
		ask(KEYED, (*key)++, 100);
	flush_workqueue(fwt_wq);
	figures(KEYED, &f);
	return f.keys_max;
}

/* A larger table that is refused is not asked for again with each packet. */
static void no_memory(struct kunit *test)
{
	const size_t all = totalram_pages() << PAGE_SHIFT;
	unsigned long begun = jiffies;
	u32 key = 0, places, now, i;

	rate_apply(test, 1, 1);
	fwt_share_must(&ns->fn->limits, all);
	places = places_after(&key, 3000);
	KUNIT_EXPECT_EQ_MSG(test, places, places_after(&key, 100), "there is no memory");
	fwt_share_give(&ns->fn->limits, all);
	now = places_after(&key, 3000);
	if (time_before(jiffies, begun + HZ))
		KUNIT_EXPECT_EQ_MSG(test, now, places, "it waits before it asks again");
	else
		kunit_info(test, "too slow to see it wait");
	for (i = 0; i < 200 && now == places; i++) {
		msleep(20);
		now = places_after(&key, 100);
	}
	KUNIT_EXPECT_GT_MSG(test, now, places, "then it does");
	fwt_test_clear(test, ns);
}

/* One key of many CPUs, whose bucket moves from table to table. */
static void one_key(struct kunit *test)
{
	struct racer sum;
	u32 round;

	for (round = 0; round < 20; round++) {
		u32 cpus = num_possible_cpus(), i, passed = 0;

		rate_apply(test, 1, 1);
		race_of(test, KEYED, 1, 1, &sum);
		KUNIT_EXPECT_LE(test, sum.passed, 2u + cpus - 1);
		/* It is remembered while others make the table grow. */
		for (i = 1; i < 3000; i++) {
			ask(KEYED, i, 100);
			if (!(i & 255))
				passed += ask(KEYED, 0, 100);
		}
		KUNIT_EXPECT_LE(test, passed, 3u);
		fwt_test_clear(test, ns);
	}
}

static void quota(struct kunit *test)
{
	struct fwt_limit_figures f;
	struct racer sum;

	rate_apply(test, 1, 1);
	race_of(test, QUOTA, 0, RACE_TIME, &sum);
	figures(QUOTA, &f);
	KUNIT_EXPECT_EQ(test, f.used, sum.passed * 100);
	KUNIT_EXPECT_LE(test, f.used, 1000000u + (num_possible_cpus() - 1) * 100);
	KUNIT_EXPECT_GT(test, f.used, 1000000u - 100);
	mutex_lock(&ns->fn->lock);
	fwt_limits_reset(ns->fn, false);
	mutex_unlock(&ns->fn->lock);
	KUNIT_EXPECT_FALSE_MSG(test, ask(QUOTA, 0, 100), "counters alone were reset");
	mutex_lock(&ns->fn->lock);
	fwt_limits_reset(ns->fn, true);
	mutex_unlock(&ns->fn->lock);
	KUNIT_EXPECT_TRUE(test, ask(QUOTA, 0, 100));
	figures(QUOTA, &f);
	KUNIT_EXPECT_EQ(test, f.under, 1u);
	KUNIT_EXPECT_EQ(test, f.used, 100u);
	fwt_test_clear(test, ns);
}

static void turns(struct kunit *test)
{
	struct fwt_limit_figures f;
	struct racer sum;

	rate_apply(test, 1, 1);
	race_of(test, TURNS, 0, RACE_TIME / 4, &sum);
	figures(TURNS, &f);
	KUNIT_EXPECT_EQ_MSG(test, f.turn, sum.asked % 5, "none is lost, none is had twice");
	fwt_test_clear(test, ns);
}

/* What another policy takes over, and what it does not. */
static void replaced(struct kunit *test)
{
	struct fwt_limit_figures f;
	u32 i;

	rate_apply(test, 1, 10);
	for (i = 0; i < 4; i++) {
		ask(ALL, 0, 1);
		ask(KEYED, 7, 1);
		ask(QUOTA, 0, 1000);
		ask(TURNS, 0, 1);
	}
	rate_apply(test, 1, 10);
	figures(ALL, &f);
	KUNIT_EXPECT_GE(test, f.tokens, 6u);
	KUNIT_EXPECT_LT(test, f.tokens, 10u);
	KUNIT_EXPECT_EQ(test, f.under, 4u);
	KUNIT_EXPECT_FALSE(test, ask(KEYED, 7, 1));
	KUNIT_EXPECT_TRUE(test, ask(KEYED, 8, 1));
	figures(TURNS, &f);
	KUNIT_EXPECT_EQ(test, f.turn, 4u);
	rate_apply(test, 1, 11);
	figures(ALL, &f);
	KUNIT_EXPECT_EQ_MSG(test, f.tokens, 11u, "another limit begins full");
	KUNIT_EXPECT_EQ(test, f.under, 0u);
	figures(QUOTA, &f);
	KUNIT_EXPECT_EQ(test, f.used, 4000u);
	KUNIT_EXPECT_FALSE_MSG(test, ask(KEYED, 7, 1), "the others stay");
	fwt_test_clear(test, ns);
}

/* A walk writes down what it met, and takes nothing. */
static void walks(struct kunit *test)
{
	struct fwt_packet p = { .have = FWT_HAVE_IP, .family = 4, .saddr = { 0x0a000001 } };
	static struct fwt_decision d;	/* not on the stack, all together */
	static struct fwt_world world;
	static struct fwt_way w;
	struct fwt_limit_figures f;
	u32 i;

	rate_apply(test, 1, 2);
	memset(&w, 0, sizeof(w));
	w.fn = ns->fn;
	w.state = &(const struct nf_hook_state){ .hook = NF_INET_PRE_ROUTING };
	w.p.length = 100;
	w.skb = alloc_skb(0, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, w.skb);
	local_bh_disable();
	rcu_read_lock();
	w.pol = rcu_dereference(ns->fn->policy);
	for (i = 0; i < 100; i++) {
		fwt_world_init(&world, &w, i);
		fwt_walk(&w.pol->prog, w.pol->prog.root[0], &p, &world.env, &d);
		KUNIT_EXPECT_EQ(test, d.verdict, FWT_VERDICT_ACCEPT);
		KUNIT_EXPECT_EQ(test, d.n_charges, 4u);
		KUNIT_EXPECT_EQ(test, d.turn, 1u);
	}
	/* Applied twice, there is nothing left, but for a connection that is there. */
	for (i = 0; i < 3; i++) {
		fwt_world_init(&world, &w, i);
		fwt_walk(&w.pol->prog, w.pol->prog.root[0], &p, &world.env, &d);
		KUNIT_EXPECT_EQ(test, d.verdict, i < 2 ? FWT_VERDICT_ACCEPT : FWT_VERDICT_DROP);
		fwt_limits_charge(w.pol, &d, 100, false);
	}
	world.again = true;
	world.env.turn = 5;
	fwt_walk(&w.pol->prog, w.pol->prog.root[0], &p, &world.env, &d);
	KUNIT_EXPECT_EQ(test, d.verdict, FWT_VERDICT_DROP);	/* by its turn, the last one */
	KUNIT_EXPECT_EQ(test, d.turn, 5u);
	world.env.turn = 1;
	fwt_walk(&w.pol->prog, w.pol->prog.root[0], &p, &world.env, &d);
	KUNIT_EXPECT_EQ(test, d.verdict, FWT_VERDICT_ACCEPT);
	/* A later packet of a connection takes tokens, and no turn. */
	fwt_limits_charge(w.pol, &d, 100, true);
	rcu_read_unlock();
	local_bh_enable();
	figures(ALL, &f);
	KUNIT_EXPECT_EQ(test, f.under, 3u);
	KUNIT_EXPECT_EQ(test, f.over, 1u);
	figures(TURNS, &f);
	KUNIT_EXPECT_EQ(test, f.turn, 2u);
	kfree_skb(w.skb);
	fwt_test_clear(test, ns);
}

/* What the kernel is told of objects that can't be. */
static void refused(struct kunit *test)
{
	static const struct {
		u32 object;
		u32 param;
		u32 value;
		int error;
	} bend[] = {
		{ ALL, FWT_LIMIT_FLAGS, 0x80, -EINVAL }, { ALL, FWT_LIMIT_RULE, 99, -EINVAL },
		{ ALL, FWT_LIMIT_WHICH, 8, -EINVAL }, { ALL, FWT_LIMIT_RATE, 0, -EINVAL },
		{ ALL, FWT_LIMIT_RATE + 1, 64, -EINVAL }, { ALL, FWT_LIMIT_PER, 61, -EINVAL },
		{ ALL, FWT_LIMIT_BURST, 0, -EINVAL }, { KEYED, FWT_LIMIT_BURST, 1 << 20, -EINVAL },
		{ ALL, 11, 1, -EOPNOTSUPP }, { QUOTA, 0, 1, -EINVAL },
		{ QUOTA, FWT_QUOTA_SIZE, 0, -EINVAL }, { QUOTA, 5, 1, -EOPNOTSUPP },
		{ TURNS, FWT_SPLIT_TURNS, 4, -EINVAL }, { TURNS, FWT_SPLIT_TURNS, 256, -EINVAL },
		{ KEYED, FWT_LIMIT_FLAGS, 0, -EINVAL },
	};
	struct netlink_ext_ack extack;
	struct fwt_test_prog *p;
	size_t len;
	void *blob;
	u32 i, gen;

	for (i = 0; i < ARRAY_SIZE(bend); i++) {
		extack = (struct netlink_ext_ack){ };
		p = rate_prog(test, 1, 1);
		p->object[bend[i].object].param[bend[i].param] = bend[i].value;
		blob = fwt_test_build(test, p, &len);
		KUNIT_EXPECT_EQ_MSG(test, fwt_policy_apply(ns->fn, blob, len, FWT_GENERATION_ANY,
							   &extack, &gen), bend[i].error,
				    "bend %u", i);
		KUNIT_EXPECT_NOT_NULL_MSG(test, extack._msg, "bend %u: and why", i);
	}
	extack = (struct netlink_ext_ack){ };
	p = rate_prog(test, 1, 1);
	p->object[KEYED].key = p->object[ALL].key;
	blob = fwt_test_build(test, p, &len);
	KUNIT_EXPECT_EQ_MSG(test, fwt_policy_apply(ns->fn, blob, len, FWT_GENERATION_ANY, &extack,
						   &gen), -EINVAL, "two of one key");
	KUNIT_EXPECT_NOT_NULL(test, extack._msg);
	fwt_test_clear(test, ns);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(walks),
	KUNIT_CASE(replaced),
	KUNIT_CASE(refused),
	KUNIT_CASE(turns),
	KUNIT_CASE(quota),
	KUNIT_CASE_SLOW(one_for_all),
	KUNIT_CASE_SLOW(fast_for_all),
	KUNIT_CASE_SLOW(one_key),
	KUNIT_CASE_SLOW(many_keys),
	KUNIT_CASE(no_memory),
	{ }
};

FWT_TEST_SUITE_IN_NS("fwtree-rate", ns, cases);
