// SPDX-License-Identifier: GPL-2.0
/*
 * Pools: what becomes of servers and their connections when policies and people
 * change them, and all of it at once with packets.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/prandom.h>

#include "packets.h"
#include "policy.h"
#include "pool.h"
#include "prog.h"
#include "test_race.h"

static struct fwt_test_ns *ns;

#define HOSTS	6

/* Balance everything over a pool of @n IPv4 servers from host @first on, and one of
 * IPv6.
 */
static void apply(struct kunit *test, u32 scheduling, u32 flags, u32 first, u32 n,
		  const char *name)
{
	struct fwt_test_prog *p = fwt_test_prog_new(test);
	struct fwt_prog_mod m = { .type = FWT_MOD_BALANCE };
	u32 r = fwt_test_rule(p, 1), i;
	size_t len;
	void *blob;

	for (i = 0; i < n; i++)
		fwt_test_server(p, 4, first + i, 80, 1);
	fwt_test_server(p, 6, 1, 80, 1);
	m.a = fwt_test_pool(p, name, scheduling, flags);
	fwt_test_mod(p, &m, 1);
	fwt_test_verdict(p, FWT_VERDICT_ACCEPT, r);
	fwt_test_hook(p, FWT_HOOK_INGRESS, 0, NULL);
	blob = fwt_test_build(test, p, &len);
	fwt_test_apply(test, ns, blob, len);
}

static struct fwt_prog_server host(u32 n)
{
	return (struct fwt_prog_server){
		.addr = { 0x0a000000 + n }, .port_lo = 80, .port_hi = 80, .family = 4,
		.weight = 1,
	};
}

/* fwt_net.lock is held. */
static struct fwt_pool *pool(void)
{
	struct fwt_object *o = fwt_object_find(ns->fn, FWT_OBJECT_POOL, "p");

	return o ? container_of(o, struct fwt_pool, obj) : NULL;
}

/* The server that a flow is led to, its last byte; 0 where it is dropped. */
static u32 led_by(u8 protocol, u32 flow)
{
	struct fwt_test_pkt k = {
		.family = 4, .protocol = protocol, .src = { 0xc0000264 + (flow >> 16) },
		.dst = { 0xcb007150 }, .sport = 1024 + (flow & 0xffff), .dport = 53,
		.tcp_flags = FWT_TCP_SYN, .payload = protocol == IPPROTO_UDP ? 10 : 0,
	};
	struct sk_buff *skb = fwt_test_skb(&k, ns->in);
	u32 to;

	if (!skb || fwt_test_pass(ns, NF_INET_PRE_ROUTING, skb) != NF_ACCEPT)
		return 0;
	fwt_test_read(skb, &k);
	to = k.dst[0] & 0xff;
	kfree_skb(skb);
	return to;
}

static u32 led(u32 flow)
{
	return led_by(IPPROTO_UDP, flow);
}

#define LOCKED(call) ({							\
	int __ret;							\
									\
	mutex_lock(&ns->fn->lock);					\
	__ret = (call);							\
	mutex_unlock(&ns->fn->lock);					\
	__ret; })

static struct fwt_server *server(u32 n)
{
	struct fwt_prog_server is = host(n);
	struct fwt_server *s, *found = NULL;
	unsigned long i;

	mutex_lock(&ns->fn->lock);
	xa_for_each(&ns->fn->servers, i, s)
		if (!fwt_balance_order(&s->is, &is))
			found = s;
	mutex_unlock(&ns->fn->lock);
	return found;
}

/* Nothing of a pool is left. */
static void clear(struct kunit *test)
{
	fwt_test_clear(test, ns);
	rcu_barrier();
	/* The last one's work lets go of its objects. */
	flush_workqueue(fwt_wq);
	rcu_barrier();
	mod_delayed_work(fwt_wq, &ns->fn->pools, 0);
	flush_delayed_work(&ns->fn->pools);
	KUNIT_EXPECT_TRUE_MSG(test, xa_empty(&ns->fn->servers), "servers left");
	KUNIT_EXPECT_TRUE(test, list_empty(&ns->fn->servers_out));
}

static void turns(struct kunit *test)
{
	struct fwt_prog_server s;
	u32 i;

	apply(test, FWT_SCHEDULE_ROUND_ROBIN, 0, 1, 3, "p");
	for (i = 0; i < 6; i++)
		KUNIT_EXPECT_EQ(test, led(i), 1 + i % 3);
	for (i = 0; i < 6; i++)
		KUNIT_EXPECT_EQ_MSG(test, led(i), 1 + i % 3, "and stays there");
	KUNIT_EXPECT_EQ(test, fwt_server_conns(server(1)), 2);
	KUNIT_EXPECT_EQ(test, (u32)atomic64_read(&server(1)->total), 2);

	s = host(4);
	KUNIT_EXPECT_EQ(test, LOCKED(fwt_pool_server_add(pool(), &s)), 0);
	KUNIT_EXPECT_EQ(test, LOCKED(fwt_pool_server_add(pool(), &s)), -EEXIST);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, led(100 + i), 1 + i);
	s = host(2);
	KUNIT_EXPECT_EQ(test, LOCKED(fwt_pool_server_drain(pool(), &s)), 0);
	for (i = 0; i < 30; i++)
		KUNIT_EXPECT_NE(test, led(200 + i), 2);
	KUNIT_EXPECT_EQ_MSG(test, led(1), 2, "drained: what it has goes on");
	KUNIT_EXPECT_EQ(test, LOCKED(fwt_pool_server_delete(pool(), &s, false)), 0);
	KUNIT_EXPECT_EQ(test, LOCKED(fwt_pool_server_delete(pool(), &s, false)), -ENOENT);
	KUNIT_EXPECT_EQ_MSG(test, led(1), 2, "deleted: what it has goes on");
	KUNIT_EXPECT_EQ(test, LOCKED(fwt_pool_server_delete(pool(), &s, true)), 0);
	KUNIT_EXPECT_EQ_MSG(test, led(1), 0, "reset: what it has ends");
	KUNIT_EXPECT_NE_MSG(test, led(1), 2, "and begins anew elsewhere");
	clear(test);
}

static void policies(struct kunit *test)
{
	struct fwt_prog_server s = host(5);
	struct fwt_server *one;

	apply(test, FWT_SCHEDULE_ROUND_ROBIN, 0, 1, 2, "p");
	KUNIT_EXPECT_EQ(test, led(0), 1);
	KUNIT_EXPECT_EQ(test, led(1), 2);
	one = server(1);
	KUNIT_EXPECT_EQ(test, LOCKED(fwt_pool_server_add(pool(), &s)), 0);

	/* The same: nothing changes. */
	apply(test, FWT_SCHEDULE_ROUND_ROBIN, 0, 1, 2, "p");
	KUNIT_EXPECT_PTR_EQ(test, server(1), one);
	KUNIT_EXPECT_NOT_NULL_MSG(test, server(5), "what was added by hand stays");
	/* Another scheduler alone. */
	apply(test, FWT_SCHEDULE_MAGLEV, 0, 1, 2, "p");
	KUNIT_EXPECT_NOT_NULL(test, server(5));
	KUNIT_EXPECT_EQ(test, led(0), 1);
	KUNIT_EXPECT_EQ(test, led(1), 2);
	/* Others: 2 stays, with its count. */
	apply(test, FWT_SCHEDULE_MAGLEV, 0, 2, 2, "p");
	KUNIT_EXPECT_EQ(test, LOCKED(pool()->n), 3);
	KUNIT_EXPECT_EQ(test, (u32)atomic64_read(&server(2)->total), 1);
	KUNIT_EXPECT_EQ_MSG(test, led(1), 2, "who is in both keeps its connections");
	KUNIT_EXPECT_EQ_MSG(test, led(0), 0, "who is not does not");
	/* A pool of another name takes over whom it has, too. */
	apply(test, FWT_SCHEDULE_ROUND_ROBIN, 0, 1, 3, "q");
	KUNIT_EXPECT_EQ(test, led(1), 2);
	KUNIT_EXPECT_TRUE(test, LOCKED(!pool()));
	clear(test);
}

static void none(struct kunit *test)
{
	struct fwt_prog_server s = host(1);
	struct fwt_stats sum;

	apply(test, FWT_SCHEDULE_LEAST_CONN, 0, 1, 1, "p");
	KUNIT_EXPECT_EQ(test, led(0), 1);
	KUNIT_EXPECT_EQ(test, LOCKED(fwt_pool_server_delete(pool(), &s, false)), 0);
	KUNIT_EXPECT_EQ(test, led(0), 1);
	mutex_lock(&ns->fn->lock);
	fwt_stats_reset(ns->fn);
	mutex_unlock(&ns->fn->lock);
	KUNIT_EXPECT_EQ(test, led(1), 0);
	fwt_stats_read(ns->fn, &sum);
	KUNIT_EXPECT_EQ(test, sum.reason[FWT_REASON_NO_SERVER], 1);
	KUNIT_EXPECT_EQ(test, LOCKED(fwt_pool_server_add(pool(), &s)), 0);
	KUNIT_EXPECT_EQ_MSG(test, (u32)atomic64_read(&server(1)->total), 1, "the same one");
	KUNIT_EXPECT_EQ(test, led(1), 1);
	clear(test);
}

/* What was to be done about servers is done. */
static void attended(void)
{
	mod_delayed_work(fwt_wq, &ns->fn->pools, 0);
	flush_delayed_work(&ns->fn->pools);
}

/* Who tries a server may end without a word of it: then the next one tries. */
static void tries(struct kunit *test)
{
	struct fwt_server *s;

	apply(test, FWT_SCHEDULE_ROUND_ROBIN, FWT_POOL_PASSIVE, 1, 1, "p");
	s = server(1);
	KUNIT_ASSERT_NOT_NULL(test, s);
	WRITE_ONCE(s->health, FWT_HEALTH_TRYING);
	KUNIT_EXPECT_EQ(test, led(0), 1);
	KUNIT_EXPECT_EQ_MSG(test, s->health, FWT_HEALTH_TRYING, "UDP proves nothing");
	KUNIT_EXPECT_EQ(test, led_by(IPPROTO_TCP, 1), 1);
	KUNIT_EXPECT_EQ(test, s->health, FWT_HEALTH_TRIED);
	KUNIT_EXPECT_EQ_MSG(test, led_by(IPPROTO_TCP, 2), 0, "by one at a time");
	fwt_conns_flush(ns->fn);
	KUNIT_EXPECT_EQ_MSG(test, s->health, FWT_HEALTH_TRYING, "ended, and said nothing");
	attended();
	KUNIT_EXPECT_EQ(test, led_by(IPPROTO_TCP, 3), 1);
	KUNIT_EXPECT_EQ(test, s->health, FWT_HEALTH_TRIED);
	attended();
	KUNIT_EXPECT_EQ(test, s->health, FWT_HEALTH_TRIED);
	WRITE_ONCE(s->retry, (u32)jiffies - 1);
	attended();
	KUNIT_EXPECT_EQ_MSG(test, s->health, FWT_HEALTH_TRYING, "of whom nothing is heard");
	KUNIT_EXPECT_EQ_MSG(test, led_by(IPPROTO_TCP, 7), 1, "another one tries");
	KUNIT_EXPECT_EQ(test, s->health, FWT_HEALTH_TRIED);

	/* Nobody asks any more. */
	apply(test, FWT_SCHEDULE_ROUND_ROBIN, 0, 1, 1, "p");
	KUNIT_EXPECT_EQ(test, s->health, FWT_HEALTH_UP);
	KUNIT_EXPECT_EQ(test, led_by(IPPROTO_TCP, 4), 1);
	apply(test, FWT_SCHEDULE_ROUND_ROBIN, FWT_POOL_PASSIVE, 1, 1, "p");
	WRITE_ONCE(s->health, FWT_HEALTH_DOWN);
	KUNIT_EXPECT_EQ(test, led_by(IPPROTO_TCP, 5), 0);
	apply(test, FWT_SCHEDULE_ROUND_ROBIN, 0, 1, 1, "p");
	KUNIT_EXPECT_EQ_MSG(test, led_by(IPPROTO_TCP, 6), 1, "not passive: up");
	clear(test);
}

/* Three connections of that age, to @s: they are over without a word of it, or refused. */
static void fail_old(struct fwt_conn *c, struct fwt_server *s, bool refuses)
{
	u32 i;

	for (i = 0; i < FWT_HEALTH_FAILURES; i++) {
		c->server_bits = 0;
		c->created = (u32)jiffies - 240 * HZ;
		if (!refuses) {
			fwt_pool_ended(c, FWT_END_TIMEOUT);
			continue;
		}
		spin_lock_bh(&c->lock);
		fwt_pool_answered(c, false);
		spin_unlock_bh(&c->lock);
	}
}

/* What was lost before the server answered somebody is known much later, and is old. */
static void answered_since(struct kunit *test)
{
	struct fwt_conn *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	struct fwt_server *s;

	KUNIT_ASSERT_NOT_NULL(test, c);
	apply(test, FWT_SCHEDULE_ROUND_ROBIN, FWT_POOL_PASSIVE, 1, 1, "p");
	s = server(1);
	KUNIT_ASSERT_NOT_NULL(test, s);
	spin_lock_init(&c->lock);
	c->fn = ns->fn;
	c->ends.protocol = IPPROTO_TCP;
	c->tcp.owner = s->index;

	WRITE_ONCE(s->answered, (u32)jiffies - 0x80001000);
	fail_old(c, s, false);
	KUNIT_EXPECT_EQ_MSG(test, s->health, FWT_HEALTH_DOWN, "it answered weeks ago");
	spin_lock_bh(&c->lock);
	fwt_pool_answered(c, true);
	spin_unlock_bh(&c->lock);
	KUNIT_EXPECT_EQ(test, s->health, FWT_HEALTH_UP);
	fail_old(c, s, false);
	KUNIT_EXPECT_EQ_MSG(test, s->health, FWT_HEALTH_UP, "it answered since");
	KUNIT_EXPECT_EQ(test, (u32)atomic64_read(&s->failed), 2 * FWT_HEALTH_FAILURES);
	fail_old(c, s, true);
	KUNIT_EXPECT_EQ_MSG(test, s->health, FWT_HEALTH_DOWN, "a refusal is of now");
	clear(test);
}

/* While one is being tried, the others have its share, by the scheduler's rule. */
static void lent(struct kunit *test)
{
	static const u32 scheduler[] = {
		FWT_SCHEDULE_LEAST_CONN, FWT_SCHEDULE_ROUND_ROBIN, FWT_SCHEDULE_MAGLEV,
	};
	u32 i, k, to[HOSTS + 1], flow = 100;

	for (i = 0; i < ARRAY_SIZE(scheduler); i++) {
		memset(to, 0, sizeof(to));
		apply(test, scheduler[i], FWT_POOL_PASSIVE, 1, 3, "p");
		WRITE_ONCE(server(1)->health, FWT_HEALTH_TRYING);
		for (k = 0; READ_ONCE(server(1)->health) == FWT_HEALTH_TRYING && k < 100; k++)
			led_by(IPPROTO_TCP, flow++);
		KUNIT_ASSERT_EQ(test, server(1)->health, FWT_HEALTH_TRIED);
		fwt_conns_flush(ns->fn);
		WRITE_ONCE(server(1)->retry, (u32)jiffies + 1000 * HZ);
		WRITE_ONCE(server(1)->health, FWT_HEALTH_TRIED);
		attended();
		for (k = 0; k < 200; k++)
			to[min_t(u32, led(flow++), HOSTS)]++;
		KUNIT_EXPECT_EQ(test, to[1], 0);
		KUNIT_EXPECT_EQ(test, to[2] + to[3], 200);
		KUNIT_EXPECT_LE_MSG(test, to[2], 130, "scheduler %u", scheduler[i]);
		KUNIT_EXPECT_LE_MSG(test, to[3], 130, "scheduler %u", scheduler[i]);
		clear(test);
	}
}

/* Of who was taken out while it was down nothing is known when it is put in again. */
static void down_and_back(struct kunit *test)
{
	struct fwt_prog_server s = host(1);
	u32 i, flow = 100;

	for (i = 0; i < 2; i++) {
		apply(test, FWT_SCHEDULE_ROUND_ROBIN, FWT_POOL_PASSIVE, 1, 1, "p");
		KUNIT_EXPECT_EQ(test, led(flow++), 1);
		WRITE_ONCE(server(1)->wait, FWT_HEALTH_RETRY_MOST);
		WRITE_ONCE(server(1)->retry, (u32)jiffies + 1000 * HZ);
		WRITE_ONCE(server(1)->health, FWT_HEALTH_DOWN);
		attended();
		KUNIT_EXPECT_EQ(test, led(flow++), 0);
		KUNIT_EXPECT_EQ(test, LOCKED(fwt_pool_server_delete(pool(), &s, false)), 0);
		KUNIT_ASSERT_NOT_NULL_MSG(test, server(1), "it has a connection");
		if (!i) {
			KUNIT_EXPECT_EQ(test, LOCKED(fwt_pool_server_add(pool(), &s)), 0);
		} else {
			/* The same by policies: without it, and with it. */
			apply(test, FWT_SCHEDULE_ROUND_ROBIN, FWT_POOL_PASSIVE, 2, 1, "p");
			apply(test, FWT_SCHEDULE_ROUND_ROBIN, FWT_POOL_PASSIVE, 1, 1, "p");
			attended();
		}
		KUNIT_EXPECT_EQ(test, server(1)->health, FWT_HEALTH_UP);
		KUNIT_EXPECT_EQ(test, server(1)->wait, FWT_HEALTH_RETRY);
		KUNIT_EXPECT_EQ_MSG(test, led(flow++), 1, "by %s", i ? "policies" : "hand");
		clear(test);
	}
}

/* Reset is reset, also of whom is back before the connection has said a word. */
static void reset_and_back(struct kunit *test)
{
	struct fwt_prog_server s = host(1);
	struct fwt_server *was;

	apply(test, FWT_SCHEDULE_ROUND_ROBIN, 0, 1, 1, "p");
	KUNIT_EXPECT_EQ(test, led(0), 1);
	was = server(1);
	KUNIT_EXPECT_EQ(test, LOCKED(fwt_pool_server_delete(pool(), &s, true)), 0);
	KUNIT_EXPECT_EQ(test, LOCKED(fwt_pool_server_add(pool(), &s)), 0);
	KUNIT_EXPECT_EQ_MSG(test, led(0), 0, "what it had has ended");
	KUNIT_EXPECT_EQ_MSG(test, led(0), 1, "and begins anew");
	KUNIT_EXPECT_PTR_NE(test, server(1), was);
	/* The same by a policy. */
	KUNIT_EXPECT_EQ(test, LOCKED(fwt_pool_server_delete(pool(), &s, true)), 0);
	apply(test, FWT_SCHEDULE_ROUND_ROBIN, 0, 1, 2, "p");
	KUNIT_EXPECT_EQ_MSG(test, led(0), 0, "and what it had before the policy");
	KUNIT_EXPECT_NE(test, led(0), 0);
	clear(test);
}

/* A policy that is refused leaves nothing behind. */
static void refused(struct kunit *test)
{
	struct netlink_ext_ack extack = { };
	struct fwt_test_prog *p;
	u32 gen, r, n = 0;
	unsigned long i;
	struct fwt_server *s;
	size_t len;
	void *blob;

	apply(test, FWT_SCHEDULE_ROUND_ROBIN, 0, 1, 1, "p");
	p = fwt_test_prog_new(test);
	r = fwt_test_rule(p, 1);
	fwt_test_server(p, 4, 1, 80, 1);
	fwt_test_server(p, 4, 2, 80, 1);
	fwt_test_pool(p, "p", FWT_SCHEDULE_MAGLEV, 0);
	fwt_test_server(p, 4, 3, 80, 1);
	fwt_test_pool(p, "q", FWT_SCHEDULE_MAGLEV, 0);
	p->object[1].key = p->object[0].key;
	fwt_test_verdict(p, FWT_VERDICT_ACCEPT, r);
	fwt_test_hook(p, FWT_HOOK_INGRESS, 0, NULL);
	blob = fwt_test_build(test, p, &len);
	KUNIT_EXPECT_EQ(test, fwt_policy_apply(ns->fn, blob, len, FWT_GENERATION_ANY, &extack,
					       &gen), -EINVAL);
	xa_for_each(&ns->fn->servers, i, s)
		n++;
	KUNIT_EXPECT_EQ_MSG(test, n, 2, "servers of the policy in force");
	KUNIT_EXPECT_TRUE(test, LOCKED(!pool()->next));
	clear(test);
}

/* Who is out is tried again, also where the policy was another one meanwhile. */
static void rolled_back(struct kunit *test)
{
	struct netlink_ext_ack extack = { };
	struct fwt_server *s;
	unsigned long end;
	size_t len;
	void *blob;
	u32 gen;

	apply(test, FWT_SCHEDULE_ROUND_ROBIN, FWT_POOL_PASSIVE, 1, 1, "p");
	s = server(1);
	WRITE_ONCE(s->retry, (u32)jiffies + HZ / 10);
	WRITE_ONCE(s->health, FWT_HEALTH_DOWN);
	blob = fwt_test_always(test, FWT_VERDICT_ACCEPT, &len);
	KUNIT_ASSERT_EQ(test, fwt_policy_try(ns->fn, blob, len, FWT_GENERATION_ANY, 60000,
					     &extack, &gen), 0);
	mod_delayed_work(fwt_wq, &ns->fn->pools, 0);
	flush_delayed_work(&ns->fn->pools);
	KUNIT_EXPECT_FALSE(test, delayed_work_pending(&ns->fn->pools));
	KUNIT_ASSERT_EQ(test, fwt_trial_rollback(ns->fn, &extack, &gen), 0);
	end = jiffies + 5 * HZ;
	while (READ_ONCE(s->health) == FWT_HEALTH_DOWN && time_before(jiffies, end))
		msleep(20);
	KUNIT_EXPECT_EQ(test, s->health, FWT_HEALTH_TRYING);
	clear(test);
}

struct racer {
	struct task_struct *task;
	struct rnd_state rnd;
	u32 n;
	u32 done;
};

static int send(void *ctx)
{
	struct racer *r = ctx;

	while (!kthread_should_stop()) {
		u32 x = prandom_u32_state(&r->rnd);

		led((x & 0x3ff) | r->n << 16);
		r->done++;
		if (!(r->done & 63)) {
			/* Some of them end. */
			if (!(x >> 28))
				fwt_conns_flush(ns->fn);
			cond_resched();
		}
	}
	return 0;
}

/* Two that send, while servers come and go and policies are swapped. */
static void race(struct kunit *test)
{
	u32 schedule, sent = 0, i, k, turn = 0;
	unsigned long end;
	struct racer r[2] = { };
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 3);
	apply(test, FWT_SCHEDULE_ROUND_ROBIN, 0, 1, 3, "p");
	for (i = 0; i < ARRAY_SIZE(r); i++) {
		prandom_seed_state(&r[i].rnd, i + 1);
		r[i].n = i;
		r[i].task = kthread_run(send, &r[i], "fwtree pool");
		KUNIT_ASSERT_FALSE(test, IS_ERR(r[i].task));
	}
	end = jiffies + fwt_test_race_time(3 * HZ);
	while (time_before(jiffies, end) || turn < 20) {
		for (k = 0; k < 8; k++) {
			u32 x = prandom_u32_state(&rnd);
			struct fwt_prog_server s = host(1 + (x >> 8) % HOSTS);

			s.weight = 1 + (x >> 16 & 3);
			switch (x & 7) {
			case 0:
			case 1:
			case 2:
				LOCKED(fwt_pool_server_add(pool(), &s));
				break;
			case 3:
				LOCKED(fwt_pool_server_drain(pool(), &s));
				break;
			case 4:
				LOCKED(fwt_pool_server_weight(pool(), &s));
				break;
			default:
				LOCKED(fwt_pool_server_delete(pool(), &s, x & 1));
			}
			usleep_range(100, 200);
		}
		mutex_lock(&ns->fn->lock);
		fwt_pools_count(ns->fn);
		mutex_unlock(&ns->fn->lock);
		schedule = turn++ % __FWT_SCHEDULE_MAX;
		apply(test, schedule, 0, 1 + turn % 3, turn % 4, "p");
	}
	for (i = 0; i < ARRAY_SIZE(r); i++) {
		kthread_stop(r[i].task);
		sent += r[i].done;
	}
	kunit_info(test, "%u packets, %u policies", sent, turn);
	KUNIT_EXPECT_GT(test, sent, 100);
	clear(test);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(turns),
	KUNIT_CASE(policies),
	KUNIT_CASE(none),
	KUNIT_CASE(tries),
	KUNIT_CASE(answered_since),
	KUNIT_CASE(lent),
	KUNIT_CASE(down_and_back),
	KUNIT_CASE(reset_and_back),
	KUNIT_CASE(refused),
	KUNIT_CASE(rolled_back),
	KUNIT_CASE_SLOW(race),
	{ }
};

FWT_TEST_SUITE_IN_NS("fwtree-pool", ns, cases);
