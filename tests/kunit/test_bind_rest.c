// SPDX-License-Identifier: GPL-2.0
/* Ports that rest after their TCP connections: bind.c. */
#include "binds.h"

static void set_tcp(struct fwt_conn *c, u8 state, u8 timeout, u32 end)
{
	c->tcp.state = state;
	c->tcp.peer[FWT_ORIGINAL].end = end;
	c->timeout = timeout;
}

/* R14: a port rests after its TCP connection; a SYN further on may have it. */
static void resting(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	struct fwt_bind b = range(500, 500);
	struct fwt_conn *old, *c;
	u32 n = 0;

	KUNIT_ASSERT_EQ(test, bind_next(test, fn, n++, FWT_IPPROTO_TCP, &b, &old), 0);
	b.opens = true;
	b.seq = 5000;
	set_tcp(old, FWT_TCPS_ESTABLISHED, FWT_TIMEOUT_TCP_ESTABLISHED, 4000);
	KUNIT_EXPECT_EQ_MSG(test, bind_next(test, fn, n++, FWT_IPPROTO_TCP, &b, &c),
			    -EADDRINUSE, "in use");
	set_tcp(old, FWT_TCPS_TIME_WAIT, FWT_TIMEOUT_TCP_TIME_WAIT, 5001);
	KUNIT_EXPECT_EQ_MSG(test, bind_next(test, fn, n++, FWT_IPPROTO_TCP, &b, &c),
			    -EADDRINUSE, "closed; its sequence is further on");
	set_tcp(old, FWT_TCPS_TIME_WAIT, FWT_TIMEOUT_TCP_TIME_WAIT, 5000);
	b.opens = false;
	KUNIT_EXPECT_EQ_MSG(test, bind_next(test, fn, n++, FWT_IPPROTO_TCP, &b, &c),
			    -EADDRINUSE, "not for what is no SYN");
	b.opens = true;
	KUNIT_EXPECT_EQ_MSG(test, bind_next(test, fn, n++, FWT_IPPROTO_TCP, &b, &c), 0,
			    "taken over");
	KUNIT_EXPECT_EQ(test, c ? c->ends.port[FWT_N] : 0, 500);
	/* With another port free it goes on resting. */
	set_tcp(c, FWT_TCPS_TIME_WAIT, FWT_TIMEOUT_TCP_TIME_WAIT, 1000);
	b.hi = 501;
	old = c;
	KUNIT_EXPECT_EQ(test, bind_next(test, fn, n++, FWT_IPPROTO_TCP, &b, &c), 0);
	KUNIT_EXPECT_EQ(test, c ? c->ends.port[FWT_N] : 0, 501);
	KUNIT_EXPECT_FALSE(test, fwt_conn_is(old, FWT_CONN_DEAD));
}

/* R13, R14: the port of a resting connection is another one's, where its client has more
 * connections by the mapping that it has; and where more rest than would be tried at
 * once, one that may be had is found behind those that may not.
 */
static void resting_mapped(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	struct fwt_bind b = range(500, 507);
	struct fwt_conn *c[8], *live, *late;
	struct fwt_tuple t;
	u32 i, at = 0;
	int ret;

	b.mapped = true;
	for (i = 0; i < 8; i++) {
		KUNIT_ASSERT_EQ(test, bind_next(test, fn, i, FWT_IPPROTO_TCP, &b, &c[i]), 0);
		set_tcp(c[i], FWT_TCPS_ESTABLISHED, FWT_TIMEOUT_TCP_ESTABLISHED, 4000);
	}
	/* The one of port 507, which is asked for late whatever the start is. */
	for (i = 0; i < 8; i++)
		if (c[i]->ends.port[FWT_N] == 507)
			at = i;
	set_tcp(c[at], FWT_TCPS_TIME_WAIT, FWT_TIMEOUT_TCP_TIME_WAIT, 4000);
	t = fwt_test_tuple(4, 0x10000 + at, 1000, 10, 80);
	t.protocol = FWT_IPPROTO_TCP;
	KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, NULL, &live), 0);
	rcu_read_lock();
	spin_lock_bh(&live->lock);
	ret = fwt_bind_source(live, &b);
	live->flags |= BIT(FWT_CONN_SNAT);
	spin_unlock_bh(&live->lock);
	rcu_read_unlock();
	KUNIT_ASSERT_EQ(test, ret, 0);
	KUNIT_ASSERT_EQ(test, live->ends.port[FWT_N], 507);

	b.opens = true;
	b.seq = 5000;
	KUNIT_EXPECT_EQ_MSG(test, bind_next(test, fn, 8, FWT_IPPROTO_TCP, &b, &late), -EADDRINUSE,
			    "its client has another connection by it");
	KUNIT_EXPECT_FALSE(test, fwt_conn_is(c[at], FWT_CONN_DEAD));
	b.mapped = false;
	KUNIT_EXPECT_EQ_MSG(test, bind_next(test, fn, 8, FWT_IPPROTO_TCP, &b, &late), -EADDRINUSE,
			    "nor does who has no mapping get it");
	b.mapped = true;
	KUNIT_ASSERT_TRUE(test, fwt_test_end_conn(live));
	KUNIT_EXPECT_EQ_MSG(test, bind_next(test, fn, 8, FWT_IPPROTO_TCP, &b, &late), 0,
			    "with the last one it may be had");
	KUNIT_EXPECT_EQ(test, late ? late->ends.port[FWT_N] : 0, 507);
	KUNIT_EXPECT_TRUE_MSG(test, late && fwt_conn_is(late, FWT_CONN_MAPPED),
			      "and is its new client's mapping");
	/* Two rest; whose sequence is further on is passed over, wherever it stands. */
	for (i = 0; i < 8; i++)
		if (i != at)
			set_tcp(c[i], FWT_TCPS_TIME_WAIT, FWT_TIMEOUT_TCP_TIME_WAIT,
				i == (at ? 0 : 1) ? 5000 : 6000);
	KUNIT_EXPECT_EQ_MSG(test, bind_next(test, fn, 9, FWT_IPPROTO_TCP, &b, &late), 0,
			    "one of those that rest may be had");
	KUNIT_EXPECT_TRUE(test, fwt_conn_is(c[at ? 0 : 1], FWT_CONN_DEAD));
}

#define RANGE	100	/* ports: more than what is searched without a map */

/* R14: likewise where a map has all ports as taken, of which nobody asks for one then. The
 * ports of a range in which all rest go from one to another, and of one where a single one
 * may be had that one is found.
 */
static void resting_by_map(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	struct fwt_bind b = range(500, 500 + RANGE - 1);
	struct fwt_conn **c, *late;
	u32 i, n;

	c = kunit_kcalloc(test, RANGE, sizeof(*c), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, c);
	for (n = 0; n < RANGE; n++) {
		KUNIT_ASSERT_EQ(test, bind_next(test, fn, n, FWT_IPPROTO_TCP, &b, &c[n]), 0);
		set_tcp(c[n], FWT_TCPS_ESTABLISHED, FWT_TIMEOUT_TCP_ESTABLISHED, 5000);
	}
	b.opens = true;
	b.seq = 5001;
	/* Till the map knows all of them. */
	for (i = 0; i < 16; i++)
		KUNIT_ASSERT_EQ(test, bind_next(test, fn, n++, FWT_IPPROTO_TCP, &b, &late),
				-EADDRINUSE);
	KUNIT_ASSERT_TRUE(test, fn->has_ports);
	set_tcp(c[RANGE / 2], FWT_TCPS_TIME_WAIT, FWT_TIMEOUT_TCP_TIME_WAIT, 5000);
	i = c[RANGE / 2]->ends.port[FWT_N];
	KUNIT_ASSERT_EQ_MSG(test, bind_next(test, fn, n++, FWT_IPPROTO_TCP, &b, &late), 0,
			    "one rests");
	KUNIT_EXPECT_EQ(test, late->ends.port[FWT_N], i);
	KUNIT_EXPECT_TRUE(test, fwt_conn_is(c[RANGE / 2], FWT_CONN_DEAD));
	c[RANGE / 2] = late;

	for (i = 0; i < RANGE; i++)
		set_tcp(c[i], FWT_TCPS_TIME_WAIT, FWT_TIMEOUT_TCP_TIME_WAIT, 5000);
	for (i = 0; i < 2 * RANGE; i++) {
		KUNIT_ASSERT_EQ_MSG(test, bind_next(test, fn, n++, FWT_IPPROTO_TCP, &b, &late), 0,
				    "all rest, %u", i);
		set_tcp(late, FWT_TCPS_TIME_WAIT, FWT_TIMEOUT_TCP_TIME_WAIT, 5000);
	}
	/* Not for one whose sequence lies before. */
	b.seq = 4999;
	KUNIT_EXPECT_EQ(test, bind_next(test, fn, n++, FWT_IPPROTO_TCP, &b, &late), -EADDRINUSE);
}

/* R14: what begins a connection anew, by a record of its own, asks for the port that the
 * former one was seen by, which was free the moment that this ended.
 */
static void again(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	struct fwt_bind b = range(500, 599);
	struct fwt_conn *c, *other;
	u32 n;

	for (n = 0; n < 20; n++) {
		b.again = 500 + 5 * n;
		KUNIT_ASSERT_EQ(test, bind_next(test, fn, n, FWT_IPPROTO_TCP, &b, &c), 0);
		KUNIT_EXPECT_EQ(test, c->ends.port[FWT_N], b.again);
	}
	/* Unless somebody has it, or the policy was changed, and it is none of the range. */
	KUNIT_ASSERT_EQ(test, bind_next(test, fn, n++, FWT_IPPROTO_TCP, &b, &other), 0);
	KUNIT_EXPECT_NE(test, other->ends.port[FWT_N], b.again);
	b.again = 600;
	KUNIT_ASSERT_EQ(test, bind_next(test, fn, n++, FWT_IPPROTO_TCP, &b, &other), 0);
	KUNIT_EXPECT_LT(test, other->ends.port[FWT_N], 600);
	/* A socket's port towards all is that one, too. */
	b.mapped = true;
	b.again = other->ends.port[FWT_N];
	KUNIT_ASSERT_TRUE(test, fwt_test_end_conn(other));
	KUNIT_ASSERT_EQ(test, bind_next(test, fn, n++, FWT_IPPROTO_TCP, &b, &c), 0);
	KUNIT_EXPECT_EQ(test, c->ends.port[FWT_N], b.again);
	KUNIT_EXPECT_TRUE(test, fwt_conn_is(c, FWT_CONN_MAPPED));
}

static struct kunit_case rest_cases[] = {
	KUNIT_CASE(resting),
	KUNIT_CASE(resting_mapped),
	KUNIT_CASE(resting_by_map),
	KUNIT_CASE(again),
	{}
};

static struct kunit_suite rest_suite = {
	.name = "fwtree-bind-rest",
	.test_cases = rest_cases,
};

kunit_test_suite(rest_suite);
