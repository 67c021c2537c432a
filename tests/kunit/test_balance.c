// SPDX-License-Identifier: GPL-2.0
/* Which servers of a pool get how many connections: each scheduler, both families, weights. */
#include "packets.h"
#include "policy.h"
#include "pool.h"
#include "prog.h"

static struct fwt_test_ns *ns;

#define FLOWS	400
#define SOURCES	64
#define PORTS	8
#define SERVERS	4

/* Balance everything over a pool of @n servers of each family, of weight 1 but for the first. */
static void apply(struct kunit *test, u32 scheduling, u32 flags, u32 n, u32 first_weight)
{
	struct fwt_test_prog *p = fwt_test_prog_new(test);
	struct fwt_prog_mod m = {
		.type = FWT_MOD_BALANCE,
		.flags = flags & FWT_POOL_PERSISTENT ? FWT_MOD_PERSISTENT : 0,
	};
	u32 r = fwt_test_rule(p, 1), i;
	size_t len;
	void *blob;

	for (i = 0; i < 2 * n; i++)
		fwt_test_server(p, i < n ? 4 : 6, 1 + i % n, 80, i % n ? 1 : first_weight);
	m.a = fwt_test_pool(p, "p", scheduling, flags);
	fwt_test_mod(p, &m, 1);
	fwt_test_verdict(p, FWT_VERDICT_ACCEPT, r);
	fwt_test_hook(p, FWT_HOOK_INGRESS, 0, NULL);
	blob = fwt_test_build(test, p, &len);
	fwt_test_apply(test, ns, blob, len);
}

/* The server, 1 to SERVERS, that a source's connection from a port is led to; 0 for none. */
static u32 led(u8 family, u32 source, u16 port)
{
	struct fwt_test_pkt k = {
		.family = family, .protocol = IPPROTO_UDP, .sport = port, .dport = 53,
		.payload = 10,
	};
	bool six = family == 6;
	struct sk_buff *skb;
	u32 to;

	if (six) {
		memcpy(k.src, (u32[4]) { 0x20010db8, 0x10000, 0, 100 + source }, sizeof(k.src));
		memcpy(k.dst, (u32[4]) { 0x20010db8, 0x20000, 0, 0x50 }, sizeof(k.dst));
	} else {
		k.src[0] = 0xc0000264 + source;
		k.dst[0] = 0xcb007150;
	}
	skb = fwt_test_skb(&k, ns->in);
	if (skb)
		skb = fwt_test_forward(ns, skb, false);
	if (!skb)
		return 0;
	fwt_test_read(skb, &k);
	to = k.dst[six ? 3 : 0] & 0xff;
	kfree_skb(skb);
	return to <= SERVERS ? to : 0;
}

/* Nothing of a pool is left: the next one's servers are others. */
static void clear(struct kunit *test)
{
	fwt_test_clear(test, ns);
	rcu_barrier();
	flush_workqueue(fwt_wq);
	rcu_barrier();
	mod_delayed_work(fwt_wq, &ns->fn->pools, 0);
	flush_delayed_work(&ns->fn->pools);
	KUNIT_ASSERT_TRUE_MSG(test, xa_empty(&ns->fn->servers), "servers left");
}

/* FLOWS connections of a family, of which the first server, with three times the other one's
 * weight, is to get @least to @most.
 */
static void shares(struct kunit *test, u32 scheduling, u32 least, u32 most)
{
	u32 family, to[SERVERS + 1], i;

	apply(test, scheduling, 0, 2, 3);
	for (family = 4; family <= 6; family += 2) {
		memset(to, 0, sizeof(to));
		for (i = 0; i < FLOWS; i++)
			to[led(family, i % 100, 1024 + i)]++;
		KUNIT_EXPECT_EQ_MSG(test, to[1] + to[2], FLOWS, "IPv%u: led to either",
				    family);
		KUNIT_EXPECT_GE_MSG(test, to[1], least, "IPv%u", family);
		KUNIT_EXPECT_LE_MSG(test, to[1], most, "IPv%u", family);
	}
	clear(test);
}

/* Of 400 that go there with a chance of 3/4 each, less than 242 or more than 351 do once in
 * seven thousand million times: that is six standard deviations, of 8.7, from 300.
 */
static void by_chance(struct kunit *test)
{
	shares(test, FWT_SCHEDULE_RANDOM, 242, 351);
}

/* The packets are always the same, and so is what they are hashed to: this never changes by
 * itself. But what a hash makes of them is to be as good as chance.
 */
static void by_hash(struct kunit *test)
{
	shares(test, FWT_SCHEDULE_MAGLEV, 242, 351);
}

static void in_turn(struct kunit *test)
{
	shares(test, FWT_SCHEDULE_ROUND_ROBIN, 300, 300);
}

static struct fwt_server *server(u8 family, u32 n)
{
	struct fwt_server *s, *found = NULL;
	unsigned long i;

	mutex_lock(&ns->fn->lock);
	xa_for_each(&ns->fn->servers, i, s)
		if (s->is.family == family && (s->is.addr[family == 6 ? 3 : 0] & 0xff) == n)
			found = s;
	mutex_unlock(&ns->fn->lock);
	return found;
}

/* Whoever has least for its weight: 3 : 1 of those that there are. Who has lost some gets
 * those that come until that is so again.
 */
static void by_load(struct kunit *test)
{
	u32 family, to[SERVERS + 1], i;

	apply(test, FWT_SCHEDULE_LEAST_CONN, 0, 2, 3);
	for (family = 4; family <= 6; family += 2) {
		KUNIT_ASSERT_TRUE(test, server(family, 1) && server(family, 2));
		memset(to, 0, sizeof(to));
		for (i = 0; i < FLOWS; i++)
			to[led(family, i % 100, 1024 + i)]++;
		KUNIT_EXPECT_EQ(test, to[1], 300);
		KUNIT_EXPECT_EQ(test, to[2], 100);
		KUNIT_EXPECT_EQ(test, fwt_server_conns(server(family, 1)), 300);
		KUNIT_EXPECT_EQ(test, fwt_server_conns(server(family, 2)), 100);
		/* As if 60 of the second one's were over. */
		atomic_sub(60, &server(family, 2)->active);
		memset(to, 0, sizeof(to));
		for (i = 0; i < 50; i++)
			to[led(family, i, 5000 + i)]++;
		atomic_add(60, &server(family, 2)->active);
		KUNIT_EXPECT_EQ_MSG(test, to[2], 50, "IPv%u: who has less", family);
	}
	clear(test);
}

/* All ports of a source lead to one server, and not all sources to the same. */
static void one_server_each(struct kunit *test, u32 scheduling, u32 flags)
{
	u32 family, source, i, first, astray, used;

	apply(test, scheduling, flags, SERVERS, 1);
	for (family = 4; family <= 6; family += 2) {
		astray = 0;
		used = 0;
		for (source = 0; source < SOURCES; source++) {
			first = led(family, source, 1024);
			KUNIT_ASSERT_NE(test, first, 0);
			used |= BIT(first);
			for (i = 1; i < PORTS; i++)
				astray += led(family, source, 1024 + 77 * i) != first;
		}
		KUNIT_EXPECT_EQ_MSG(test, astray, 0, "IPv%u: of a source, led elsewhere", family);
		KUNIT_EXPECT_EQ_MSG(test, hweight32(used), SERVERS, "IPv%u: servers used", family);
	}
	clear(test);
}

static void by_source(struct kunit *test)
{
	one_server_each(test, FWT_SCHEDULE_SOURCE_HASH, 0);
}

/* Whatever the scheduler is. */
static void persistent(struct kunit *test)
{
	u32 scheduling;

	for (scheduling = 0; scheduling < __FWT_SCHEDULE_MAX; scheduling++)
		one_server_each(test, scheduling, FWT_POOL_PERSISTENT);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(by_chance),
	KUNIT_CASE(by_hash),
	KUNIT_CASE(in_turn),
	KUNIT_CASE(by_load),
	KUNIT_CASE(by_source),
	KUNIT_CASE(persistent),
	{ }
};

FWT_TEST_SUITE_IN_NS("fwtree-balance", ns, cases);
