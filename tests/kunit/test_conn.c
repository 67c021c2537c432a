// SPDX-License-Identifier: GPL-2.0
/* One connection after the other: what conn.h promises, by family. */
#include <linux/delay.h>
#include <linux/module.h>

#include "conns.h"
#include "test.h"

static const u8 families[] = { 4, 6 };

static void family_name(const u8 *family, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "IPv%u", *family);
}

KUNIT_ARRAY_PARAM(family, families, family_name);

#define FAMILY(test) (*(const u8 *)(test)->param_value)

static void find_both_ways(struct kunit *test)
{
	struct fwt_tuple t = fwt_test_tuple(FAMILY(test), 1, 1000, 2, 53), o;
	u32 size = sizeof(struct fwt_conn) + (FAMILY(test) == 6 ? 64 : 0);
	struct fwt_net *fn = fwt_test_net(test);
	struct fwt_test_books b;
	struct fwt_conn *c;
	int dir;

	KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, NULL, &c), 0);
	KUNIT_EXPECT_PTR_EQ(test, fwt_test_find(fn, &t, &dir), c);
	KUNIT_EXPECT_EQ(test, dir, FWT_ORIGINAL);
	o = fwt_test_turn(&t);
	KUNIT_EXPECT_PTR_EQ(test, fwt_test_find(fn, &o, &dir), c);
	KUNIT_EXPECT_EQ(test, dir, FWT_REPLY);

	o = t;
	o.scope = 1;
	KUNIT_EXPECT_NULL_MSG(test, fwt_test_find(fn, &o, &dir), "another scope");
	o = t;
	o.protocol = FWT_IPPROTO_TCP;
	KUNIT_EXPECT_NULL_MSG(test, fwt_test_find(fn, &o, &dir), "another protocol");
	o = t;
	swap(o.src.port, o.dst.port);
	KUNIT_EXPECT_NULL_MSG(test, fwt_test_find(fn, &o, &dir), "ports exchanged");
	o = t;
	o.dst.addr[FAMILY(test) == 6 ? 3 : 0]++;
	KUNIT_EXPECT_NULL_MSG(test, fwt_test_find(fn, &o, &dir), "another host");

	KUNIT_EXPECT_GE(test, fwt_conns_memory(fn), size);
	KUNIT_EXPECT_LE(test, fwt_conns_memory(fn), size + 64);
	KUNIT_EXPECT_TRUE(test, fwt_test_end_conn(c));
	KUNIT_EXPECT_NULL(test, fwt_test_find(fn, &t, &dir));
	fwt_test_books(fn, &b);
	KUNIT_EXPECT_EQ(test, b.created, 1);
	KUNIT_EXPECT_EQ(test, b.ended, 1);
	KUNIT_EXPECT_EQ(test, b.records, 0);
	KUNIT_EXPECT_EQ(test, fwt_conns_memory(fn), 0);
}

/* What few have, counts too. */
static void memory(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	struct fwt_tuple t = fwt_test_tuple(FAMILY(test), 1, 1000, 2, 53);
	struct fwt_conn_more more = { .mark_in = 1 };
	struct fwt_conn *c;
	u64 bare, marked;

	KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, NULL, &c), 0);
	bare = fwt_conns_memory(fn);
	spin_lock_bh(&c->lock);
	KUNIT_EXPECT_EQ(test, fwt_conn_keep(c, &more), 0);
	marked = fwt_conns_memory(fn);
	KUNIT_EXPECT_GE(test, marked, bare + sizeof(more));
	more.by[0].what = FWT_DECISION_MARK;
	KUNIT_EXPECT_EQ(test, fwt_conn_keep(c, &more), 0);
	KUNIT_EXPECT_EQ_MSG(test, fwt_conns_memory(fn), marked, "another takes its place");
	more = (struct fwt_conn_more){ };
	KUNIT_EXPECT_EQ(test, fwt_conn_keep(c, &more), 0);
	KUNIT_EXPECT_EQ_MSG(test, fwt_conns_memory(fn), bare, "nothing is kept any more");
	more.ct_mark = 1;
	KUNIT_EXPECT_EQ(test, fwt_conn_keep(c, &more), 0);
	spin_unlock_bh(&c->lock);
	KUNIT_EXPECT_TRUE(test, fwt_test_end_conn(c));
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, fwt_conns_memory(fn), 0);
}

static void ends_once(struct kunit *test)
{
	struct fwt_tuple t = fwt_test_tuple(FAMILY(test), 1, 1000, 2, 53);
	struct fwt_net *fn = fwt_test_net(test);
	struct fwt_test_books b;
	struct fwt_conn *c;

	KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, NULL, &c), 0);
	rcu_read_lock();
	KUNIT_EXPECT_TRUE(test, fwt_conn_end(c, FWT_END_DELETED));
	KUNIT_EXPECT_FALSE_MSG(test, fwt_conn_end(c, FWT_END_DELETED), "ended a second time");
	KUNIT_EXPECT_FALSE(test, fwt_conn_alive(c));
	rcu_read_unlock();
	fwt_test_books(fn, &b);
	KUNIT_EXPECT_EQ(test, b.ended, 1);
	KUNIT_EXPECT_EQ(test, b.records, 0);
}

/* Under each distinct pair, and from each the right way round; both directions are
 * made, and end, together (R5).
 */
static void pairs_of(struct kunit *test, bool dnat, bool snat)
{
	u8 family = FAMILY(test);
	struct fwt_tuple t = fwt_test_tuple(family, 1, 1000, 2, 53), seen, back;
	struct fwt_net *fn = fwt_test_net(test);
	struct fwt_end server, shown;
	struct fwt_conn *c;
	int dir;

	fwt_test_end(&server, family, 3, 5353);
	fwt_test_end(&shown, family, 4, 0);
	KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, dnat ? &server : NULL, &c), 0);
	if (snat) {
		KUNIT_ASSERT_EQ(test, fwt_test_bind(c, &shown, 2000, 2000), 0);
		shown.port = 2000;
	}
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&fn->conns.links), 1 + dnat + snat,
			    "links, dnat %d snat %d", dnat, snat);

	seen = t;
	KUNIT_EXPECT_PTR_EQ(test, fwt_test_find(fn, &seen, &dir), c);
	KUNIT_EXPECT_EQ(test, dir, FWT_ORIGINAL);
	if (dnat)
		seen.dst = server;
	KUNIT_EXPECT_PTR_EQ_MSG(test, fwt_test_find(fn, &seen, &dir), c, "C-S");
	KUNIT_EXPECT_EQ(test, dir, FWT_ORIGINAL);
	back = fwt_test_turn(&seen);
	KUNIT_EXPECT_PTR_EQ_MSG(test, fwt_test_find(fn, &back, &dir), c, "S-C");
	KUNIT_EXPECT_EQ(test, dir, FWT_REPLY);
	if (snat)
		seen.src = shown;
	KUNIT_EXPECT_PTR_EQ_MSG(test, fwt_test_find(fn, &seen, &dir), c, "N-S");
	KUNIT_EXPECT_EQ(test, dir, FWT_ORIGINAL);
	back = fwt_test_turn(&seen);
	KUNIT_EXPECT_PTR_EQ_MSG(test, fwt_test_find(fn, &back, &dir), c, "S-N");
	KUNIT_EXPECT_EQ(test, dir, FWT_REPLY);

	KUNIT_EXPECT_TRUE(test, fwt_test_end_conn(c));
	KUNIT_EXPECT_EQ(test, atomic_read(&fn->conns.links), 0);
}

static void pairs(struct kunit *test)
{
	pairs_of(test, false, false);
	pairs_of(test, false, true);
	pairs_of(test, true, false);
	pairs_of(test, true, true);
}

static void no_two_alike(struct kunit *test)
{
	u8 family = FAMILY(test);
	struct fwt_tuple t = fwt_test_tuple(family, 1, 1000, 2, 53), u;
	struct fwt_net *fn = fwt_test_net(test);
	struct fwt_conn *c, *twin, *other = NULL;
	struct fwt_end server, server2;
	struct fwt_test_books b;
	int dir;

	fwt_test_end(&server, family, 3, 53);
	fwt_test_end(&server2, family, 4, 53);
	KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, &server, &c), 0);

	twin = fwt_test_alloc(fn, &t);
	KUNIT_ASSERT_FALSE(test, IS_ERR(twin));
	fwt_ends_set(&twin->ends, FWT_S, &server2);
	KUNIT_EXPECT_EQ_MSG(test, fwt_test_link(twin, &t, &other), -EEXIST,
			    "the same first pair");
	KUNIT_EXPECT_PTR_EQ_MSG(test, other, c, "who has it");
	fwt_conn_discard(twin);
	u = t;
	u.dst = server2;
	KUNIT_EXPECT_NULL_MSG(test, fwt_test_find(fn, &u, &dir),
			      "C-S of the one that lost");

	/* Another address dialled, the same server: its answers look alike. */
	u = fwt_test_tuple(family, 1, 1000, 7, 53);
	KUNIT_EXPECT_EQ(test, fwt_test_insert(fn, &u, &server, &twin), -EADDRINUSE);
	KUNIT_EXPECT_NULL(test, fwt_test_find(fn, &u, &dir));
	/* The server dialled directly. */
	u = t;
	u.dst = server;
	KUNIT_EXPECT_EQ(test, fwt_test_insert(fn, &u, NULL, &twin), -EEXIST);
	/* The other way round is the same key. */
	u = fwt_test_turn(&u);
	KUNIT_EXPECT_EQ(test, fwt_test_insert(fn, &u, NULL, &twin), -EEXIST);
	KUNIT_EXPECT_EQ(test, atomic_read(&fn->conns.links), 2);

	/* One that is over makes room, whether it was collected or not. */
	spin_lock_bh(&c->lock);
	c->expires = (u32)jiffies;
	spin_unlock_bh(&c->lock);
	KUNIT_EXPECT_EQ_MSG(test, fwt_test_insert(fn, &t, NULL, &twin), 0,
			    "over one that has expired");
	fwt_test_books(fn, &b);
	KUNIT_EXPECT_EQ(test, b.created, 2);
	KUNIT_EXPECT_EQ(test, b.ended, 1);
	KUNIT_EXPECT_EQ(test, b.records, 1);
}

#define PORTS_LO 1024
#define PORTS_HI 65535

/* Every port of the range but three is taken; those three are found, and then
 * it is said that there is none, whatever the range.
 */
static void last_ports(struct kunit *test, u8 family, u16 lo, u16 hi)
{
	static const u32 hole[2] = { 0, 7 };
	struct fwt_net *fn = fwt_test_net(test);
	u32 size = (u32)hi - lo + 1, i, k, found = 0;
	struct fwt_tuple t;
	struct fwt_end shown;
	u64 begin, best[2] = { U64_MAX, U64_MAX };
	struct fwt_conn *c;

	for (i = 0; i < size; i++) {
		if (i == hole[0] || i == hole[1] || i == size - 1)
			continue;
		t = fwt_test_tuple(family, 100 + i, 1000, 2, 53);
		KUNIT_ASSERT_EQ_MSG(test, fwt_test_insert(fn, &t, NULL, &c), 0,
				    "connection %u of %u", i, size);
		fwt_test_end(&shown, family, 4, lo + i);
		KUNIT_ASSERT_EQ_MSG(test, fwt_test_bind(c, &shown, 0, 0), 0,
				    "port %u", lo + i);
		if (i % 1024 == 0)
			cond_resched();
	}
	for (k = 0; k < 5; k++) {
		int ret;

		t = fwt_test_tuple(family, 100 + size + k, 1000, 2, 53);
		KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, NULL, &c), 0);
		fwt_test_end(&shown, family, 4, 0);
		/* A search looks at some 1024 ports, and not for ever: it may take
		 * several to see all of a range that was filled behind its back.
		 */
		for (i = 0; i < 1 + size / 1024; i++) {
			begin = ktime_get_ns();
			ret = fwt_test_bind(c, &shown, lo, hi);
			best[k < 3] = min(best[k < 3], ktime_get_ns() - begin);
			if (ret != -EADDRINUSE)
				break;
		}
		if (k < 3) {
			u16 port = c->ends.port[FWT_N];

			KUNIT_EXPECT_EQ_MSG(test, ret, 0, "free port %u of 3", k);
			for (i = 0; i < 3; i++)
				if (port == (i == 2 ? hi : lo + hole[i]))
					found |= BIT(i);
		} else {
			KUNIT_EXPECT_EQ_MSG(test, ret, -EADDRINUSE, "a full range");
		}
	}
	KUNIT_EXPECT_EQ_MSG(test, found, 7, "each free port was taken once");
	/* The best of some: a guest may stand still in the midst of one. */
	for (k = 0; k < 2; k++)
		KUNIT_EXPECT_LT_MSG(test, best[k], NSEC_PER_SEC / 4,
				    "ns for a search in %u ports", size);

	/* Another server has all ports free again. */
	t = fwt_test_tuple(family, 1, 1000, 3, 53);
	KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, NULL, &c), 0);
	KUNIT_EXPECT_EQ(test, fwt_test_bind(c, &shown, lo, hi), 0);
}

static void port_range_small(struct kunit *test)
{
	last_ports(test, FAMILY(test), 2000, 2031);
}

static void port_range_whole(struct kunit *test)
{
	u32 size = FWT_TEST_MANY(PORTS_HI - PORTS_LO + 1);

	last_ports(test, 4, PORTS_HI - size + 1, PORTS_HI);
}

/* Watches a record's end; returns how often it was seen alive. */
static int watch_end(struct kunit *test, struct fwt_net *fn, const struct fwt_tuple *t, u32 ticks)
{
	struct fwt_conn *c, *other;
	int dir, rounds = 0;
	bool before, after;
	u32 when;

	c = fwt_test_alloc(fn, t);
	KUNIT_ASSERT_FALSE(test, IS_ERR(c));
	/* The clock may tick between the two. */
	KUNIT_EXPECT_GE_MSG(test, c->expires - c->created, 2 * HZ, "a tentative record's time");
	KUNIT_EXPECT_LE_MSG(test, c->expires - c->created, 2 * HZ + 1, "likewise");
	KUNIT_ASSERT_EQ(test, fwt_test_link(c, t, &other), 0);
	KUNIT_EXPECT_LE(test, fwt_conn_seconds(c), 2);

	rcu_read_lock();
	spin_lock_bh(&c->lock);
	fwt_conn_expire(c, ticks);
	when = c->expires;
	spin_unlock_bh(&c->lock);
	rcu_read_unlock();
	for (;;) {
		struct fwt_conn *was;

		before = (s32)(when - (u32)jiffies) > 0;
		was = fwt_test_find(fn, t, &dir);
		after = (s32)(when - (u32)jiffies) > 0;
		if (after)
			KUNIT_ASSERT_PTR_EQ_MSG(test, was, c, "too early");
		if (!before) {
			KUNIT_EXPECT_NULL_MSG(test, was, "too late");
			break;
		}
		rounds++;
		usleep_range(500, 1000);
	}
	/* Who found it to be over took it out. */
	KUNIT_EXPECT_EQ(test, atomic_read(&fn->conns.links), 0);
	return rounds;
}

static void expires_to_the_tick(struct kunit *test)
{
	struct fwt_tuple t = fwt_test_tuple(FAMILY(test), 1, 1000, 2, 53);
	struct fwt_net *fn = fwt_test_net(test);
	int rounds = 0;
	u32 ticks;

	/* A machine that stands still for that long sees nothing of it. */
	for (ticks = 3; !rounds && ticks <= 1000; ticks *= 5)
		rounds = watch_end(test, fn, &t, ticks);
	KUNIT_EXPECT_GT(test, rounds, 0);
}

/* The collector frees what nobody asks for. */
static void is_collected(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	struct fwt_tuple t;
	struct fwt_conn *c;
	u32 i;

	for (i = 0; i < 500; i++) {
		t = fwt_test_tuple(FAMILY(test), i, 1000, 2, 53);
		KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, NULL, &c), 0);
		spin_lock_bh(&c->lock);
		c->expires = (u32)jiffies + (i % 2 ? 600 * HZ : 0);
		spin_unlock_bh(&c->lock);
	}
	for (i = 0; i < 40 && atomic_read(&fn->conns.links) > 250; i++)
		msleep(50);
	KUNIT_EXPECT_EQ(test, atomic_read(&fn->conns.links), 250);
}

static bool asleep(struct fwt_net *fn)
{
	return !delayed_work_pending(&fn->gc) && !work_busy(&fn->gc.work);
}

static bool falls_asleep(struct fwt_net *fn)
{
	u32 i;

	for (i = 0; i < 200 && !asleep(fn); i++)
		msleep(50);
	return asleep(fn);
}

/* Where there is nothing it sleeps; and whoever comes, at whatever moment, wakes it. */
static void collector_sleeps(struct kunit *test)
{
	struct fwt_tuple t = fwt_test_tuple(FAMILY(test), 1, 1000, 2, 53);
	struct fwt_net *fn = fwt_test_net(test);
	u32 i, missed = 0, slept = 0;
	struct fwt_conn *c;

	KUNIT_EXPECT_TRUE_MSG(test, falls_asleep(fn), "without a connection");
	KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, NULL, &c), 0);
	KUNIT_EXPECT_FALSE_MSG(test, asleep(fn), "with one");
	spin_lock_bh(&c->lock);
	c->expires = (u32)jiffies;
	spin_unlock_bh(&c->lock);
	for (i = 0; i < 100 && atomic_read(&fn->conns.links); i++)
		msleep(50);
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&fn->conns.links), 0, "which it collects");
	KUNIT_EXPECT_TRUE_MSG(test, falls_asleep(fn), "and once that is gone");

	/* It runs while one comes: a little earlier, a little later. */
	for (i = 0; i < 200; i++) {
		mod_delayed_work(fwt_wq, &fn->gc, 0);
		ndelay(i % 50 * 1000);
		KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, NULL, &c), 0);
		missed += asleep(fn);
		cond_resched();
		missed += asleep(fn);
		rcu_read_lock();
		fwt_conn_end(c, FWT_END_FLUSHED);
		rcu_read_unlock();
		rcu_barrier();
		flush_work(&fn->gc.work);
		slept += fn->gc_slept;
	}
	KUNIT_EXPECT_EQ(test, missed, 0);
	kunit_info(test, "it had left off %u times of 200\n", slept);
}

#define ESTABLISHED	(BIT(FWT_CONN_CONFIRMED) | BIT(FWT_CONN_REPLIED) | \
			 BIT(FWT_CONN_ASSURED))

static void established_are_kept(struct kunit *test)
{
	u8 family = FAMILY(test);
	struct fwt_net *fn = fwt_test_net(test);
	struct fwt_conn *c, **kept;
	struct fwt_stats s;
	struct fwt_tuple t;
	u32 i, n = 0, full = 0;
	int dir, ret;

	kept = kunit_kcalloc(test, 128, sizeof(*kept), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, kept);
	fn->conn_max = 256;
	for (i = 0; i < 128; i++) {
		t = fwt_test_tuple(family, i, 1000, 2, 53);
		KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, NULL, &kept[i]), 0);
		fwt_test_flag(kept[i], ESTABLISHED);
	}
	/* Thrice the table's size of those that nobody answers. */
	for (i = 0; i < 768; i++) {
		t = fwt_test_tuple(family, 1000 + i, 1000, 2, 53);
		ret = fwt_test_insert(fn, &t, NULL, &c);
		KUNIT_ASSERT_EQ_MSG(test, ret, 0, "number %u", i);
		if (i % 2)
			fwt_test_flag(c, BIT(FWT_CONN_CONFIRMED));
		KUNIT_EXPECT_LE(test, atomic_read(&fn->n_conns), 256);
		if (i % 15 == 0)
			rcu_barrier();
	}
	fwt_stats_read(fn, &s);
	KUNIT_EXPECT_GE(test, s.reason[FWT_REASON_EARLY_EVICT], 768 - 128);
	for (i = 0; i < 128; i++) {
		t = fwt_test_tuple(family, i, 1000, 2, 53);
		n += fwt_test_find(fn, &t, &dir) == kept[i];
	}
	KUNIT_EXPECT_EQ_MSG(test, n, 128, "of those that were established are left");

	/* With nothing to evict the limit is a wall. */
	fwt_conns_flush(fn);
	rcu_barrier();
	for (i = 0; i < 300; i++) {
		t = fwt_test_tuple(family, i, 1000, 2, 53);
		ret = fwt_test_insert(fn, &t, NULL, &c);
		if (ret) {
			KUNIT_EXPECT_EQ(test, ret, -ENOSPC);
			full++;
			continue;
		}
		fwt_test_flag(c, ESTABLISHED);
		n = i;
	}
	KUNIT_EXPECT_GE_MSG(test, n + 1, 256 - 16, "got in");
	KUNIT_EXPECT_LE(test, n + 1, 256);
	KUNIT_EXPECT_EQ(test, full, 300 - (n + 1));
}

#define N_FLUSH	FWT_TEST_MANY(3000)

static void flush(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	struct fwt_end server, shown;
	struct fwt_test_books b;
	struct fwt_tuple t;
	struct fwt_conn *c;
	u32 i;

	for (i = 0; i < N_FLUSH; i++) {
		t = fwt_test_tuple(FAMILY(test), i, 1000, 2, 53);
		fwt_test_end(&server, FAMILY(test), 3, 53);
		fwt_test_end(&shown, FAMILY(test), 4, 1000 + i);
		KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, i & 1 ? &server : NULL,
						      &c), 0);
		if (i & 2)
			KUNIT_ASSERT_EQ(test, fwt_test_bind(c, &shown, 0, 0), 0);
		/* Over, but the collector has not been here. */
		if (i % 10 == 0) {
			spin_lock_bh(&c->lock);
			c->expires = (u32)jiffies;
			spin_unlock_bh(&c->lock);
		}
	}
	KUNIT_EXPECT_EQ(test, fwt_conns_flush(fn), N_FLUSH - N_FLUSH / 10);
	KUNIT_EXPECT_EQ(test, atomic_read(&fn->conns.links), 0);
	KUNIT_EXPECT_EQ(test, fwt_conns_flush(fn), 0);
	fwt_test_books(fn, &b);
	KUNIT_EXPECT_EQ(test, b.created, N_FLUSH);
	KUNIT_EXPECT_EQ(test, b.ended, N_FLUSH);
	KUNIT_EXPECT_EQ(test, b.records, 0);
}

static void record_size(struct kunit *test)
{
	if (IS_ENABLED(CONFIG_DEBUG_SPINLOCK) || IS_ENABLED(CONFIG_DEBUG_LOCK_ALLOC))
		kunit_skip(test, "locks are larger here");
	KUNIT_EXPECT_LE(test, sizeof(struct fwt_conn), 256);
	KUNIT_EXPECT_LE(test, sizeof(struct fwt_conn) + sizeof(u32[4][4]), 320);
	KUNIT_EXPECT_LE_MSG(test, offsetof(struct fwt_conn, lock), 64,
			    "a look-up reads one line");
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(find_both_ways, family_gen_params),
	KUNIT_CASE_PARAM(memory, family_gen_params),
	KUNIT_CASE_PARAM(ends_once, family_gen_params),
	KUNIT_CASE_PARAM(pairs, family_gen_params),
	KUNIT_CASE_PARAM(no_two_alike, family_gen_params),
	KUNIT_CASE_PARAM(port_range_small, family_gen_params),
	KUNIT_CASE_SLOW(port_range_whole),
	KUNIT_CASE_PARAM(expires_to_the_tick, family_gen_params),
	KUNIT_CASE_PARAM(is_collected, family_gen_params),
	KUNIT_CASE_PARAM(collector_sleeps, family_gen_params),
	KUNIT_CASE_PARAM(established_are_kept, family_gen_params),
	KUNIT_CASE_PARAM(flush, family_gen_params),
	KUNIT_CASE(record_size),
	{ }
};

static struct kunit_suite suite = {
	.name = "fwtree-conn",
	.test_cases = cases,
};

kunit_test_suite(suite);
