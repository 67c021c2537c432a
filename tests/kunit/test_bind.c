// SPDX-License-Identifier: GPL-2.0
/* Which ports a translation gets: bind.c. */
#include <linux/in.h>
#include <linux/timekeeping.h>

#include "across.h"
#include "binds.h"
#include "mapping.h"
#include "test.h"

#define MANY	20000

/* R1, R2: each port of a large range once, by the first who asks, then an end; and
 * each search is short.
 */
static void nearly_full(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	struct fwt_bind b = range(10000, 10000 + MANY - 1);
	struct fwt_conn *c, *last = NULL;
	u64 t0, slow = 0, late = 0, full = 0;
	u32 n = 0, got = 0, tries;
	unsigned long *seen;
	u16 port;

	seen = bitmap_zalloc(65536, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, seen);
	while (got < MANY) {
		u64 took;

		/* By the time that it is nearly full, the map is complete. */
		t0 = ktime_get_ns();
		if (bind_next(test, fn, n++, FWT_IPPROTO_UDP, &b, &c))
			break;
		took = ktime_get_ns() - t0;
		slow = max(slow, took);
		if (got >= MANY - 100)
			late += took;
		port = c->ends.port[FWT_N];
		if (port < b.lo || port > b.hi || test_and_set_bit(port, seen))
			break;
		last = c;
		if (!(++got % 1000))
			cond_resched();
	}
	KUNIT_EXPECT_EQ_MSG(test, got, MANY, "each port once");

	t0 = ktime_get_ns();
	for (tries = 0; tries < 1000; tries++)
		KUNIT_ASSERT_EQ(test, bind_next(test, fn, n++, FWT_IPPROTO_UDP, &b, &c),
				-EADDRINUSE);
	full = ktime_get_ns() - t0;
	kunit_info(test, "of %u ports: the last 100 %llu ns each, the longest %llu ns, refused in %llu ns\n",
		   MANY, div_u64(late, 100), slow, div_u64(full, 1000));

	/* One that becomes free is found at once, by the first who asks. */
	KUNIT_ASSERT_NOT_NULL(test, last);
	port = last->ends.port[FWT_N];
	rcu_read_lock();
	fwt_conn_end(last, FWT_END_DELETED);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, bind_next(test, fn, n++, FWT_IPPROTO_UDP, &b, &c), 0);
	KUNIT_EXPECT_EQ(test, c ? c->ends.port[FWT_N] : 0, port);

	/* Another destination's are all free (R3). */
	fwt_test_end(&b.end, 4, 8, 0);
	KUNIT_EXPECT_EQ(test, bind_next(test, fn, n++, FWT_IPPROTO_UDP, &b, &c), 0);
	bitmap_free(seen);
}

/* The decision of egress, which failed behind the binding for want of memory, is asked
 * for again, by another packet of the connection, before the first one has ended it: it
 * has its port already. With another one it would stand in the hash twice by one link.
 */
static void twice(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	struct fwt_bind b = range(10000, 20000);
	struct fwt_conn *c;
	u16 port;
	int ret;

	KUNIT_ASSERT_EQ(test, bind_next(test, fn, 0, FWT_IPPROTO_UDP, &b, &c), 0);
	port = c->ends.port[FWT_N];
	KUNIT_EXPECT_EQ(test, atomic_read(&fn->conns.links), 2);
	rcu_read_lock();
	spin_lock_bh(&c->lock);
	ret = fwt_bind_source(c, &b);
	spin_unlock_bh(&c->lock);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, c->ends.port[FWT_N], port);
	KUNIT_EXPECT_EQ(test, atomic_read(&fn->conns.links), 2);
	KUNIT_EXPECT_TRUE(test, fwt_test_end_conn(c));
	KUNIT_EXPECT_EQ(test, atomic_read(&fn->conns.links), 0);
}

/* R2: a port that a connection of another VRF has here is taken, and the other way round;
 * in other VRFs it is free.
 */
static void across(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	struct fwt_bind b = range(500, 500), there = range(500, 500);
	struct fwt_conn *c, *none;
	int ret;

	there.across = true;
	there.scope = 5;
	KUNIT_ASSERT_EQ(test, bind_next(test, fn, 0, FWT_IPPROTO_UDP, &there, &c), 0);
	KUNIT_EXPECT_TRUE(test, fwt_conn_is(c, FWT_CONN_ACROSS));
	KUNIT_EXPECT_EQ(test, atomic_read(&fn->n_across), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&fn->conns.links), 1);
	/* Asked again it has it already. */
	rcu_read_lock();
	spin_lock_bh(&c->lock);
	ret = fwt_bind_source(c, &there);
	spin_unlock_bh(&c->lock);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fn->n_across), 1);

	KUNIT_EXPECT_EQ(test, bind_next(test, fn, 1, FWT_IPPROTO_UDP, &there, &none), -EADDRINUSE);
	/* Of scope 0 itself. */
	KUNIT_EXPECT_EQ(test, bind_next(test, fn, 2, FWT_IPPROTO_UDP, &b, &none), 0);
	there.scope = 0;
	KUNIT_EXPECT_EQ(test, bind_next(test, fn, 3, FWT_IPPROTO_UDP, &there, &none), -EADDRINUSE);
	KUNIT_EXPECT_TRUE(test, fwt_test_end_conn(c));
	KUNIT_EXPECT_EQ(test, atomic_read(&fn->n_across), 0);
	fwt_conns_flush(fn);
	/* Come there from elsewhere, first. */
	KUNIT_ASSERT_EQ(test, bind_next(test, fn, 4, FWT_IPPROTO_UDP, &there, &c), 0);
	KUNIT_EXPECT_EQ(test, bind_next(test, fn, 5, FWT_IPPROTO_UDP, &b, &none), -EADDRINUSE);
	KUNIT_EXPECT_TRUE(test, fwt_test_end_conn(c));
	KUNIT_EXPECT_EQ(test, bind_next(test, fn, 6, FWT_IPPROTO_UDP, &b, &none), 0);
}

/* Likewise the pair C-S of one that is led elsewhere; an endpoint-independent port is one
 * VRF's; and what stands across with its own end is not taken for bound to another one.
 */
static void across_others(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	struct fwt_bind b = range(500, 500), here = range(500, 501), elsewhere = range(600, 600);
	struct fwt_conn *c, *more, *other;
	struct fwt_end server;
	struct fwt_tuple t;
	int ret;

	b.across = true;
	b.scope = 5;
	b.mapped = true;
	here.mapped = true;
	KUNIT_ASSERT_EQ(test, bind_next(test, fn, 0, FWT_IPPROTO_UDP, &b, &c), 0);
	/* In VRF 5: 7:500, led to 9:80, which is what the server there sees. */
	t = fwt_test_tuple(4, 7, 500, 11, 80);
	t.scope = 5;
	fwt_test_end(&server, 4, 9, 80);
	KUNIT_EXPECT_EQ(test, fwt_test_insert(fn, &t, &server, &more), -EADDRINUSE);
	t.scope = 6;
	KUNIT_EXPECT_EQ(test, fwt_test_insert(fn, &t, &server, &more), 0);

	/* The same client, and address, by its own VRF, where 500 is a stranger's. */
	t = fwt_test_tuple(4, 0x20000, 1000, 12, 80);
	KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, NULL, &other), 0);
	KUNIT_ASSERT_EQ(test, fwt_test_bind(other, &b.end, 500, 500), 0);
	t = fwt_test_tuple(4, 0x10000, 1000, 12, 80);
	KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, NULL, &more), 0);
	rcu_read_lock();
	spin_lock_bh(&more->lock);
	ret = fwt_bind_source(more, &here);
	more->flags |= BIT(FWT_CONN_SNAT);
	spin_unlock_bh(&more->lock);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, more->ends.port[FWT_N], 501);
	KUNIT_EXPECT_TRUE_MSG(test, fwt_conn_is(more, FWT_CONN_MAPPED), "by a mapping of this VRF");

	/* Across, by its own end. */
	t = fwt_test_tuple(4, 0x30000, 1000, 9, 80);
	KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, NULL, &c), 0);
	rcu_read_lock();
	spin_lock_bh(&c->lock);
	KUNIT_EXPECT_EQ(test, fwt_across_link(c, 5, &other), 0);
	elsewhere.across = true;
	elsewhere.scope = 5;
	KUNIT_EXPECT_EQ(test, fwt_bind_source(c, &elsewhere), -EBUSY);
	fwt_ends_get(&c->ends, FWT_C, &elsewhere.end);
	KUNIT_EXPECT_EQ(test, fwt_bind_source(c, &elsewhere), 0);
	spin_unlock_bh(&c->lock);
	rcu_read_unlock();
	KUNIT_EXPECT_TRUE(test, fwt_test_end_conn(c));
}

#define THERE	1000

/* One that has its port here, and stands across with it: when it ends the port is free there,
 * too, at once, though that VRF's ports are so short that they are mapped.
 */
static void across_with_own(struct kunit *test)
{
	struct fwt_bind b = range(500, 500), there = range(500, 500 + THERE - 1);
	struct fwt_net *fn = fwt_test_net(test);
	struct fwt_conn *c, *more, *other;
	u32 n = 0;

	b.mapped = true;
	KUNIT_ASSERT_EQ(test, bind_next(test, fn, n++, FWT_IPPROTO_UDP, &b, &c), 0);
	rcu_read_lock();
	spin_lock_bh(&c->lock);
	KUNIT_EXPECT_EQ(test, fwt_across_link(c, 5, &other), 0);
	spin_unlock_bh(&c->lock);
	rcu_read_unlock();
	there.across = true;
	there.scope = 5;
	while (n <= THERE && !bind_next(test, fn, n, FWT_IPPROTO_UDP, &there, &more))
		n++;
	KUNIT_EXPECT_EQ_MSG(test, n, THERE, "all but that one");
	KUNIT_EXPECT_TRUE(test, READ_ONCE(fn->has_ports));

	KUNIT_EXPECT_TRUE(test, fwt_test_end_conn(c));
	KUNIT_EXPECT_EQ(test, bind_next(test, fn, ++n, FWT_IPPROTO_UDP, &there, &more), 0);
	KUNIT_EXPECT_EQ(test, more ? more->ends.port[FWT_N] : 0, 500);
	/* And here. */
	KUNIT_EXPECT_EQ(test, bind_next(test, fn, ++n, FWT_IPPROTO_UDP, &b, &more), 0);
}

/* A client whose own pair stands in another part of the hash than @place. */
static u32 apart_from(struct fwt_net *fn, u64 place, u32 n)
{
	struct fwt_tuple t;

	do {
		t = fwt_test_tuple(4, 0x10000 + ++n, 1000, 9, 80);
	} while (fwt_hash_tuple(&fn->conns, &t) >> 58 == place >> 6);
	return n;
}

/* A port whose bucket of the hash takes no more is passed over, and one of another bucket
 * taken. Where there is none it is not for want of ports.
 */
static void crammed(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	struct fwt_tuple t = fwt_test_tuple(4, 7, 500, 9, 80);
	u64 place = fwt_hash_tuple(&fn->conns, &t) >> 52;
	struct fwt_bind b = range(500, 500);
	u32 i, n, in = 0;
	struct fwt_conn *c;

	for (i = 0; i < 1u << 20 && in < FWT_HASH_MOST; i++) {
		t = fwt_test_tuple(4, i, 1000, 0xffff02, 53);
		if (fwt_hash_tuple(&fn->conns, &t) >> 52 != place)
			continue;
		KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, NULL, &c), 0);
		in++;
	}
	KUNIT_ASSERT_EQ(test, in, FWT_HASH_MOST);
	n = apart_from(fn, place, 0);
	KUNIT_EXPECT_EQ(test, bind_next(test, fn, n, FWT_IPPROTO_UDP, &b, &c), -ENOSPC);
	b.keep = true;
	b.end.port = 500;
	b.lo = 501;
	b.hi = 510;
	n = apart_from(fn, place, n);
	KUNIT_EXPECT_EQ(test, bind_next(test, fn, n, FWT_IPPROTO_UDP, &b, &c), 0);
	KUNIT_EXPECT_GT(test, c ? c->ends.port[FWT_N] : 0, 500);
}

/* R12: when one address of a range is full the next one is tried; all of them. */
static void next_address(struct kunit *test)
{
	static const struct { u16 ports; u32 addrs; } of[] = { { 2, 3 }, { 70, 5 } };
	struct fwt_prog_mod m = { .type = FWT_MOD_SNAT, .family = 4 };
	struct fwt_net *fn = fwt_test_net(test);
	struct fwt_conn *c;
	struct fwt_bind b;
	u32 i, n = 0, got;

	for (i = 0; i < ARRAY_SIZE(of); i++) {
		b = range(100, 100 + of[i].ports - 1);
		b.range = &m;
		m.addr_lo[0] = b.end.addr[0] - 1;
		m.addr_hi[0] = m.addr_lo[0] + of[i].addrs - 1;
		for (got = 0; !bind_next(test, fn, n++, FWT_IPPROTO_UDP, &b, &c); got++)
			;
		KUNIT_EXPECT_EQ(test, got, of[i].ports * of[i].addrs);
		fwt_conns_flush(fn);
	}
}

/* R12: likewise of what has no ports: clients that talk to one server are told apart by the
 * address alone.
 */
static void next_address_alone(struct kunit *test)
{
	struct fwt_prog_mod m = { .type = FWT_MOD_SNAT, .family = 4 };
	struct fwt_net *fn = fwt_test_net(test);
	struct fwt_bind b = range(0, 0);
	struct fwt_conn *c;
	struct fwt_end end;
	u32 n, seen = 0;

	b.keep = true;
	b.range = &m;
	m.addr_lo[0] = b.end.addr[0] - 1;
	m.addr_hi[0] = m.addr_lo[0] + 3;
	for (n = 0; n < 4; n++) {
		KUNIT_ASSERT_EQ(test, bind_next(test, fn, n, IPPROTO_GRE, &b, &c), 0);
		fwt_ends_get(&c->ends, FWT_N, &end);
		KUNIT_ASSERT_LT(test, end.addr[0] - m.addr_lo[0], 4);
		KUNIT_EXPECT_EQ(test, end.port, 0);
		seen |= 1u << (end.addr[0] - m.addr_lo[0]);
	}
	KUNIT_EXPECT_EQ_MSG(test, seen, 0xf, "each address once");
	KUNIT_EXPECT_EQ(test, bind_next(test, fn, n++, IPPROTO_GRE, &b, &c), -EADDRINUSE);
	/* Of a longer range 16 are tried: from the second one on, which is b.end's. */
	m.addr_hi[0] = m.addr_lo[0] + 99;
	for (n = 4; n < 17; n++)
		KUNIT_EXPECT_EQ(test, bind_next(test, fn, n, IPPROTO_GRE, &b, &c), 0);
	KUNIT_EXPECT_EQ(test, bind_next(test, fn, n, IPPROTO_GRE, &b, &c), -EADDRINUSE);
}

/* RFC 4787, REQ-3a: a port below 1024 stays below, while there is one. */
static void low_ports(struct kunit *test)
{
	static const struct { u16 client, lo, hi; } of[] = { { 800, 512, 1023 }, { 7, 1, 511 } };
	struct fwt_net *fn = fwt_test_net(test);
	struct fwt_bind b = range(1024, 65535);
	struct fwt_tuple t;
	struct fwt_conn *c;
	u32 i, k, n, port;

	b.low = true;
	for (i = 0; i < ARRAY_SIZE(of); i++) {
		n = of[i].hi - of[i].lo + 1;
		for (k = 0; k <= n; k++) {
			t = fwt_test_tuple(4, 0x10000 + k, of[i].client, 9, 80);
			KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, NULL, &c), 0);
			rcu_read_lock();
			spin_lock_bh(&c->lock);
			KUNIT_EXPECT_EQ(test, fwt_bind_source(c, &b), 0);
			spin_unlock_bh(&c->lock);
			rcu_read_unlock();
			port = c->ends.port[FWT_N];
			if (k < n)
				KUNIT_ASSERT_TRUE(test, port >= of[i].lo && port <= of[i].hi);
			else
				KUNIT_EXPECT_GE(test, port, 1024);
		}
	}
	/* Not where a range is written. */
	b.low = false;
	fwt_conns_flush(fn);
	t = fwt_test_tuple(4, 0x10000, 800, 9, 80);
	KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, NULL, &c), 0);
	KUNIT_ASSERT_EQ(test, fwt_test_bind(c, &b.end, 1024, 65535), 0);
	KUNIT_EXPECT_GE(test, c->ends.port[FWT_N], 1024);
}

/* A packet that found no port ends its connection; not if another one, on another CPU, has
 * found one meanwhile.
 */
static void undecided(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	struct fwt_bind b = range(500, 501);
	struct fwt_conn *c, *decided;

	KUNIT_ASSERT_EQ(test, bind_next(test, fn, 0, FWT_IPPROTO_UDP, &b, &c), 0);
	KUNIT_ASSERT_EQ(test, bind_next(test, fn, 1, FWT_IPPROTO_UDP, &b, &decided), 0);
	fwt_test_flag(decided, BIT(FWT_CONN_EGRESS));
	rcu_read_lock();
	KUNIT_EXPECT_TRUE(test, fwt_conn_end_undecided(c, FWT_END_NO_PORT));
	KUNIT_EXPECT_FALSE(test, fwt_conn_end_undecided(decided, FWT_END_NO_PORT));
	rcu_read_unlock();
	KUNIT_EXPECT_FALSE(test, fwt_conn_is(decided, FWT_CONN_DEAD));
}

/* A client's connection to @dialled, led to @server, where it has one by that very port
 * already: it stands apart by another one, if there is one. As fwt_conn_insert().
 */
static int insert_apart(struct kunit *test, struct fwt_net *fn, u32 dialled, u32 server,
			struct fwt_conn **c)
{
	struct fwt_tuple t = fwt_test_tuple(4, 1, 1000, dialled, 80);
	struct fwt_bind b = { .end = t.src, .apart = true, .lo = 10000, .hi = 10999 };
	struct fwt_conn *other;
	struct fwt_end end;
	int ret;

	*c = fwt_test_alloc(fn, &t);
	KUNIT_ASSERT_FALSE(test, IS_ERR(*c));
	fwt_test_end(&end, 4, server, 80);
	fwt_ends_set(&(*c)->ends, FWT_S, &end);
	(*c)->flags |= BIT(FWT_CONN_DNAT);
	(*c)->expires = (u32)jiffies + 600 * HZ;
	local_bh_disable();
	rcu_read_lock();
	ret = fwt_conn_insert(*c, fwt_hash_tuple(&fn->conns, &t), &b, &other);
	rcu_read_unlock();
	local_bh_enable();
	if (ret)
		fwt_conn_discard(*c);
	return ret;
}

/* R2: a port that was chosen for a connection which then can't be inserted is free again,
 * also for those who ask the map of a range that is nearly full.
 */
static void in_vain(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	struct fwt_conn *c, *one = NULL;
	struct fwt_tuple t;
	u32 i, late = 0;

	/* All ports of the range are the client's own towards server 9; and 1000 is. */
	for (i = 0; i <= 1000; i++) {
		t = fwt_test_tuple(4, 1, i < 1000 ? 10000 + i : 1000, 9, 80);
		KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, NULL, &c), 0);
		if (i == 900)
			one = c;
	}
	/* Who dials 20 is refused for what he dials: it talks to that client as one does. */
	t = fwt_test_tuple(4, 20, 80, 1, 1000);
	KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, NULL, &c), 0);
	/* Till the map knows all of them. */
	for (i = 0; i < 16; i++)
		KUNIT_ASSERT_EQ(test, insert_apart(test, fn, 21, 9, &c), -EADDRINUSE);
	KUNIT_ASSERT_TRUE(test, fn->has_ports);
	KUNIT_ASSERT_TRUE(test, fwt_test_end_conn(one));
	/* Nobody told it of that one, which had no translation: a search that finds nothing
	 * looks at so many more that it is found before long.
	 */
	for (i = 0; i < 16 && insert_apart(test, fn, 21, 9, &c); i++)
		;
	KUNIT_ASSERT_LT(test, i, 16);
	KUNIT_EXPECT_EQ(test, c->ends.port[FWT_N], 10900);
	for (i = 0; i < 16; i++) {
		KUNIT_ASSERT_TRUE(test, fwt_test_end_conn(c));
		KUNIT_ASSERT_EQ(test, insert_apart(test, fn, 20, 9, &c), -EEXIST);
		/* It would be found by chance once in seven times. */
		if (insert_apart(test, fn, 21, 9, &c)) {
			late++;
			while (insert_apart(test, fn, 21, 9, &c))
				;
		}
		KUNIT_EXPECT_EQ(test, c->ends.port[FWT_N], 10900);
	}
	KUNIT_EXPECT_EQ_MSG(test, late, 0, "the port is given back at once");
}

/* Host @n's socket has a mapping by a connection to server 9: its outside end. */
static struct fwt_conn *shown_outside(struct kunit *test, struct fwt_net *fn, u8 family, u32 n,
				      struct fwt_end *end)
{
	struct fwt_tuple t = fwt_test_tuple(family, n, 1000, 9, 80);
	struct fwt_bind b = { .mapped = true, .lo = 500, .hi = 599 };
	struct fwt_conn *c;
	int ret;

	KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, NULL, &c), 0);
	fwt_test_end(&b.end, family, 99, 1000);
	rcu_read_lock();
	spin_lock_bh(&c->lock);
	ret = fwt_bind_source(c, &b);
	c->flags |= BIT(FWT_CONN_SNAT);
	spin_unlock_bh(&c->lock);
	rcu_read_unlock();
	KUNIT_ASSERT_EQ(test, ret, 0);
	KUNIT_ASSERT_TRUE(test, fwt_conn_is(c, FWT_CONN_MAPPED));
	fwt_ends_get(&c->ends, FWT_N, end);
	return c;
}

/* Host @n dials the outside end of @to's socket. */
static int dial(struct kunit *test, struct fwt_net *fn, u8 family, u32 n, u32 to,
		const struct fwt_end *outside, struct fwt_conn **c, struct fwt_conn **other)
{
	struct fwt_tuple t = fwt_test_tuple(family, n, 1000, 0, 0);
	struct fwt_bind b = { .mapped = true, .hairpin = true, .lo = 500, .hi = 599 };
	struct fwt_end inside;
	int ret;

	t.dst = *outside;
	*c = fwt_test_alloc(fn, &t);
	KUNIT_ASSERT_FALSE(test, IS_ERR(*c));
	fwt_test_end(&inside, family, to, 1000);
	fwt_ends_set(&(*c)->ends, FWT_S, &inside);
	(*c)->flags |= BIT(FWT_CONN_DNAT);
	(*c)->expires = (u32)jiffies + 600 * HZ;
	fwt_test_end(&b.end, family, 99, 1000);
	local_bh_disable();
	rcu_read_lock();
	ret = -ENOENT;
	if (fwt_mapping_join(*c))
		ret = fwt_conn_insert(*c, fwt_hash_tuple(&fn->conns, &t), &b, other);
	rcu_read_unlock();
	local_bh_enable();
	if (ret)
		fwt_conn_discard(*c);
	return ret;
}

/* R8, R23: first packets of two that are inside, who dial each other's outside end at once,
 * on two CPUs: one is the other's answer, whichever comes first. What does not come to be
 * lets both mappings go.
 */
static void crossing(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	struct fwt_conn *a, *b, *c, *late, *other;
	struct fwt_end out_a, out_b;
	struct fwt_tuple t;
	u8 family;

	for (family = 4; family <= 6; family += 2) {
		a = shown_outside(test, fn, family, 1, &out_a);
		b = shown_outside(test, fn, family, 2, &out_b);
		KUNIT_EXPECT_EQ(test, fn->n_mappings, 2);
		KUNIT_ASSERT_EQ(test, dial(test, fn, family, 1, 2, &out_b, &c, &other), 0);
		KUNIT_EXPECT_EQ(test, c->ends.port[FWT_N], out_a.port);
		KUNIT_EXPECT_EQ_MSG(test, dial(test, fn, family, 2, 1, &out_a, &late, &other),
				    -EEXIST, "IPv%u, the other way", family);
		KUNIT_EXPECT_PTR_EQ(test, other, c);
		KUNIT_EXPECT_EQ_MSG(test, dial(test, fn, family, 1, 2, &out_b, &late, &other),
				    -EEXIST, "IPv%u, the same again", family);
		KUNIT_EXPECT_PTR_EQ(test, other, c);
		/* It counts in both, and no more than once. */
		KUNIT_EXPECT_TRUE(test, fwt_test_end_conn(a));
		KUNIT_EXPECT_TRUE(test, fwt_test_end_conn(b));
		KUNIT_EXPECT_EQ_MSG(test, fn->n_mappings, 2, "IPv%u", family);
		KUNIT_EXPECT_TRUE(test, fwt_test_end_conn(c));
		KUNIT_EXPECT_EQ_MSG(test, fn->n_mappings, 0, "IPv%u", family);

		/* Where the first pair is another's a port was chosen already. */
		b = shown_outside(test, fn, family, 2, &out_b);
		t = fwt_test_tuple(family, 3, 1000, 0, 0);
		t.dst = out_b;
		KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, NULL, &c), 0);
		KUNIT_EXPECT_EQ_MSG(test, dial(test, fn, family, 3, 2, &out_b, &late, &other),
				    -EEXIST, "IPv%u, its first pair", family);
		KUNIT_EXPECT_EQ_MSG(test, fn->n_mappings, 1, "IPv%u, given back", family);
		KUNIT_EXPECT_TRUE(test, fwt_test_end_conn(c));
		KUNIT_EXPECT_TRUE(test, fwt_test_end_conn(b));
		KUNIT_EXPECT_EQ(test, fn->n_mappings, 0);
		KUNIT_EXPECT_EQ_MSG(test, dial(test, fn, family, 3, 2, &out_b, &late, &other),
				    -ENOENT, "IPv%u, nobody is shown by that", family);
	}
}

static struct kunit_case bind_cases[] = {
	KUNIT_CASE(in_vain),
	KUNIT_CASE(undecided),
	KUNIT_CASE(low_ports),
	KUNIT_CASE(crossing),
	KUNIT_CASE(nearly_full),
	KUNIT_CASE(across),
	KUNIT_CASE(across_others),
	KUNIT_CASE(across_with_own),
	KUNIT_CASE(crammed),
	KUNIT_CASE(next_address),
	KUNIT_CASE(next_address_alone),
	KUNIT_CASE(twice),
	{}
};

static struct kunit_suite bind_suite = {
	.name = "fwtree-bind",
	.test_cases = bind_cases,
};

kunit_test_suite(bind_suite);
