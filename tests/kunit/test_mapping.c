// SPDX-License-Identifier: GPL-2.0
/* Endpoint-independent mappings that two CPUs make at once: mapping.c, bind.c. */
#include <linux/kthread.h>
#include <linux/random.h>

#include "across.h"
#include "bind.h"
#include "conns.h"
#include "mapping.h"
#include "test.h"
#include "test_race.h"

#define ROUNDS	(num_online_cpus() > 1 ? 2000u : 50u)

/* What an inside socket says to a server, again and again. */
struct speaker {
	struct fwt_net *fn;
	struct completion ended;
	atomic_t *meet;
	u32 client;
	u32 server;
	u16 lo;
	u16 hi;
	struct fwt_conn *c;	/* of this round */
	int ret;
};

struct pair {
	struct speaker s[2];
	atomic_t meet;
	u32 rounds;
	u32 alike;		/* rounds in which both got the same port */
	u32 both;		/* in which both got one */
	u32 none;
	u32 unmapped;		/* connections that count in no mapping */
};

/* Waits till both are here, for the @n-th time. */
static void meet(struct speaker *s, u32 n)
{
	atomic_inc(s->meet);
	while (atomic_read(s->meet) < 2 * n)
		cond_resched();
}

static int bind(struct speaker *s)
{
	struct fwt_bind b = { .mapped = true, .lo = s->lo, .hi = s->hi };
	int ret;

	fwt_test_end(&b.end, 4, 99, 1000);
	s->c->seed = get_random_u32();
	rcu_read_lock();
	spin_lock_bh(&s->c->lock);
	ret = fwt_bind_source(s->c, &b);
	if (!ret)
		s->c->flags |= BIT(FWT_CONN_SNAT);
	spin_unlock_bh(&s->c->lock);
	rcu_read_unlock();
	return ret;
}

static void compare(struct pair *p)
{
	const struct speaker *a = &p->s[0], *b = &p->s[1];

	p->none += a->ret && b->ret;
	p->unmapped += (!a->ret && !fwt_conn_is(a->c, FWT_CONN_MAPPED)) +
		       (!b->ret && !fwt_conn_is(b->c, FWT_CONN_MAPPED));
	if (a->ret || b->ret)
		return;
	p->both++;
	p->alike += a->c->ends.port[FWT_N] == b->c->ends.port[FWT_N];
}

static int speak(void *data)
{
	struct speaker *s = data;
	struct pair *p = container_of(s->meet, struct pair, meet);
	struct fwt_tuple t = fwt_test_tuple(4, s->client, 1000, s->server, 80);
	u32 round, n = 0;
	bool there;

	for (round = 0; round < ROUNDS; round++) {
		s->ret = fwt_test_insert(s->fn, &t, NULL, &s->c);
		there = !s->ret;
		meet(s, ++n);
		if (there)
			s->ret = bind(s);
		meet(s, ++n);
		if (s == p->s)
			compare(p);
		meet(s, ++n);
		if (there)
			fwt_test_end_conn(s->c);
	}
	complete(&s->ended);
	return 0;
}

/* ROUNDS times. */
static void talk(struct kunit *test, struct fwt_net *fn, struct pair *p)
{
	struct task_struct *task[2];
	u32 i;

	atomic_set(&p->meet, 0);
	for (i = 0; i < 2; i++) {
		struct speaker *s = &p->s[i];

		s->fn = fn;
		s->meet = &p->meet;
		init_completion(&s->ended);
		task[i] = kthread_create(speak, s, "fwt-speak/%u", i);
		KUNIT_ASSERT_FALSE(test, IS_ERR(task[i]));
		if (i < num_online_cpus())
			kthread_bind(task[i], i);
	}
	for (i = 0; i < 2; i++)
		wake_up_process(task[i]);
	for (i = 0; i < 2; i++)
		wait_for_completion(&p->s[i].ended);
	p->rounds += ROUNDS;
	KUNIT_EXPECT_EQ_MSG(test, fn->n_mappings, 0, "mappings that are left");
}

static void run(struct kunit *test, struct pair *p)
{
	struct fwt_net *fn = fwt_test_net(test);
	unsigned long begun = jiffies;

	do {
		talk(test, fn, p);
	} while (fwt_test_race_goes_on(test, begun));
}

/* R3: a socket's first packets to two servers, as those of who asks two STUN servers for
 * its outside end, have one port, though two CPUs choose it (RFC 4787, REQ-1).
 */
static void one_socket(struct kunit *test)
{
	struct pair *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, p);
	for (i = 0; i < 2; i++) {
		p->s[i].client = 1;
		p->s[i].server = 8 + i;
		p->s[i].lo = 10000;
		p->s[i].hi = 19999;
	}
	run(test, p);
	KUNIT_EXPECT_EQ(test, p->both, p->rounds);
	KUNIT_EXPECT_EQ_MSG(test, p->alike, p->rounds, "one port for both");
	KUNIT_EXPECT_EQ_MSG(test, p->unmapped, 0, "both count in the mapping");
}

/* R3: and no other socket is lent it meanwhile, towards whomever: of two that want the only
 * one, one gets it.
 */
static void two_sockets(struct kunit *test)
{
	struct pair *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, p);
	for (i = 0; i < 2; i++) {
		p->s[i].client = 1 + i;
		p->s[i].server = 8 + i;
		p->s[i].lo = 10000;
		p->s[i].hi = 10000;
	}
	run(test, p);
	KUNIT_EXPECT_EQ_MSG(test, p->both, 0, "both got it");
	KUNIT_EXPECT_EQ_MSG(test, p->none, 0, "nobody got it");
	KUNIT_EXPECT_EQ(test, p->unmapped, 0);
}

/* A socket of another VRF with the same end is another one: it is not lent the port, though
 * it is towards another server, and by a rule that makes no mapping.
 */
static void other_vrf(struct kunit *test)
{
	struct fwt_bind b = { .lo = 10000, .hi = 10000, .across = true, .scope = 5 };
	struct fwt_net *fn = fwt_test_net(test);
	struct fwt_conn *c[3];
	int ret[3];
	u32 i;

	/* Who has the mapping, in VRF 1; the same end in VRF 2; and the first one again. */
	fwt_test_end(&b.end, 4, 99, 1000);
	for (i = 0; i < 3; i++) {
		struct fwt_tuple t = fwt_test_tuple(4, 1, 1000, 8 + i, 80);

		t.scope = i == 1 ? 2 : 1;
		b.mapped = !i;
		KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, NULL, &c[i]), 0);
		rcu_read_lock();
		spin_lock_bh(&c[i]->lock);
		ret[i] = fwt_bind_source(c[i], &b);
		if (!ret[i])
			c[i]->flags |= BIT(FWT_CONN_SNAT);
		spin_unlock_bh(&c[i]->lock);
		rcu_read_unlock();
	}
	KUNIT_EXPECT_EQ(test, ret[0], 0);
	KUNIT_EXPECT_TRUE(test, fwt_conn_is(c[0], FWT_CONN_MAPPED));
	KUNIT_EXPECT_EQ(test, ret[1], -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, ret[2], 0);
	for (i = 0; i < 3; i++)
		fwt_test_end_conn(c[i]);
	KUNIT_EXPECT_EQ(test, fn->n_mappings, 0);
}

/* Host 1 dials the outside end of host 2, @shown, and is led to it: as fwt_track_new(). */
static struct fwt_conn *led_in(struct kunit *test, struct fwt_net *fn, u8 family,
			       const struct fwt_end *shown)
{
	struct fwt_bind b = { .mapped = true, .hairpin = true, .lo = 10000, .hi = 19999 };
	struct fwt_tuple t = fwt_test_tuple(family, 1, 1000, 0, 0);
	struct fwt_conn *c, *other;
	struct fwt_end inside;
	int ret = -ENOENT;

	t.dst = *shown;
	c = fwt_test_alloc(fn, &t);
	KUNIT_ASSERT_FALSE(test, IS_ERR(c));
	fwt_test_end(&inside, family, 2, 1000);
	fwt_ends_set(&c->ends, FWT_S, &inside);
	c->flags |= BIT(FWT_CONN_DNAT);
	c->expires = (u32)jiffies + 600 * HZ;
	fwt_test_end(&b.end, family, 99, 1000);
	local_bh_disable();
	rcu_read_lock();
	if (fwt_mapping_join(c))
		ret = fwt_conn_insert(c, fwt_hash_tuple(&fn->conns, &t), &b, &other);
	rcu_read_unlock();
	local_bh_enable();
	if (ret)
		fwt_conn_discard(c);
	KUNIT_ASSERT_EQ(test, ret, 0);
	return c;
}

/* Two that are inside meet by their outside ends, and the one who is dialled is reached by
 * another VRF now: when that is over both ports are free.
 */
static void led_across(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	struct fwt_conn *out, *c, *other;
	struct fwt_tuple t;
	struct fwt_end n;
	u8 family;
	int ret;

	for (family = 4; family <= 6; family += 2) {
		struct fwt_bind b = { .lo = 10000, .hi = 19999, .mapped = true };

		t = fwt_test_tuple(family, 2, 1000, 9, 80);
		fwt_test_end(&b.end, family, 99, 1000);
		KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, NULL, &out), 0);
		rcu_read_lock();
		spin_lock_bh(&out->lock);
		ret = fwt_bind_source(out, &b);
		out->flags |= BIT(FWT_CONN_SNAT);
		spin_unlock_bh(&out->lock);
		rcu_read_unlock();
		KUNIT_ASSERT_EQ(test, ret, 0);
		fwt_ends_get(&out->ends, FWT_N, &n);
		c = led_in(test, fn, family, &n);
		rcu_read_lock();
		spin_lock_bh(&c->lock);
		ret = fwt_across_link(c, 5, &other);
		spin_unlock_bh(&c->lock);
		rcu_read_unlock();
		KUNIT_EXPECT_EQ(test, ret, 0);
		KUNIT_EXPECT_TRUE(test, fwt_conn_is(c, FWT_CONN_MAPPED));
		KUNIT_EXPECT_TRUE(test, fwt_test_end_conn(out));
		KUNIT_EXPECT_EQ(test, fn->n_mappings, 2);
		KUNIT_EXPECT_TRUE(test, fwt_test_end_conn(c));
		KUNIT_EXPECT_EQ_MSG(test, fn->n_mappings, 0, "IPv%u", family);
		KUNIT_EXPECT_EQ(test, atomic_read(&fn->n_across), 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&fn->conns.links), 0);
	}
}

#define PORTS	1000

/* Another socket each, to @server, by a mapping if one is to be had. */
static int another(struct kunit *test, struct fwt_net *fn, u32 n, u32 server,
		   struct fwt_conn **c)
{
	struct speaker s = { .fn = fn, .lo = 10000, .hi = 10000 + PORTS - 1 };
	struct fwt_tuple t = fwt_test_tuple(4, 0x10000 + n, 1000, server, 80);

	KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, NULL, &s.c), 0);
	s.ret = bind(&s);
	if (s.ret)
		fwt_test_end_conn(s.c);
	*c = s.ret ? NULL : s.c;
	return s.ret;
}

/* A port that was an inside socket's is free towards all when its mapping goes: also for
 * who asks the map of another destination than the one that it was used for.
 */
static void mapped_elsewhere(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	struct fwt_conn **made, *c;
	u32 n, i, late = 0;
	u16 port;

	made = kunit_kcalloc(test, PORTS, sizeof(*made), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, made);
	for (n = 0; n < PORTS; n++)
		KUNIT_ASSERT_EQ(test, another(test, fn, n, 9, &made[n]), 0);
	KUNIT_ASSERT_EQ(test, fn->n_mappings, PORTS);
	/* Till the other one's map knows all of them. */
	for (i = 0; i < 4; i++)
		KUNIT_ASSERT_EQ(test, another(test, fn, n++, 10, &c), -EADDRINUSE);
	KUNIT_ASSERT_TRUE(test, READ_ONCE(fn->has_ports));
	/* Each would be found by chance once in seven times. */
	for (i = 0; i < 20; i++) {
		port = made[i * 50]->ends.port[FWT_N];
		KUNIT_ASSERT_TRUE(test, fwt_test_end_conn(made[i * 50]));
		if (another(test, fn, n++, 10, &c))
			late++;
		else
			KUNIT_EXPECT_EQ(test, c->ends.port[FWT_N], port);
	}
	KUNIT_EXPECT_EQ_MSG(test, late, 0, "found at once");
}

static struct kunit_case cases[] = {
	KUNIT_CASE_SLOW(one_socket),
	KUNIT_CASE_SLOW(two_sockets),
	KUNIT_CASE(other_vrf),
	KUNIT_CASE(led_across),
	KUNIT_CASE(mapped_elsewhere),
	{ }
};

static struct kunit_suite suite = {
	.name = "fwtree-mapping",
	.test_cases = cases,
};

kunit_test_suite(suite);
