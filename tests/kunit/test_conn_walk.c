// SPDX-License-Identifier: GPL-2.0
/* Visiting connections, what the collector takes at a time, and the table against a
 * deliberately stupid twin.
 */
#include <linux/prandom.h>

#include "conns.h"
#include "test.h"

struct visits {
	u8 *seen;	/* by client */
	u32 n;
	u32 stop_at;
};

static int visit(struct fwt_conn *c, void *ctx)
{
	struct visits *v = ctx;
	struct fwt_end client;

	if (v->n == v->stop_at)
		return -EMSGSIZE;
	fwt_ends_get(&c->ends, FWT_C, &client);
	v->seen[client.addr[0] & 0xffff]++;
	v->n++;
	return 0;
}

static void fill(struct kunit *test, struct fwt_net *fn, u32 from, u32 to)
{
	struct fwt_end server;
	struct fwt_tuple t;
	struct fwt_conn *c;
	u32 i;

	fwt_test_end(&server, 4, 0xffff03, 53);
	for (i = from; i < to; i++) {
		t = fwt_test_tuple(4, i, 1000, 0xffff02, 53);
		KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, i % 3 ? NULL : &server,
						      &c), 0);
		cond_resched();
	}
}

static u32 wrong(const struct visits *v, u32 n, u32 least, u32 most)
{
	u32 i, bad = 0;

	for (i = 0; i < n; i++)
		bad += v->seen[i] < least || v->seen[i] > most;
	return bad;
}

static void each_once(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	struct fwt_hash_walk walk = { };
	struct visits v = { .stop_at = U32_MAX };

	v.seen = kunit_kzalloc(test, 65536, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, v.seen);
	fill(test, fn, 0, 5000);
	fwt_test_settle(fn);
	KUNIT_EXPECT_EQ(test, fwt_conns_walk(fn, &walk, visit, &v), 0);
	KUNIT_EXPECT_EQ(test, v.n, 5000);
	KUNIT_EXPECT_EQ_MSG(test, wrong(&v, 5000, 1, 1), 0, "not visited once");
}

/* As a dump goes on: a message is full, and the next one begins there. */
static void in_pieces(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	struct fwt_hash_walk walk = { };
	struct visits v = { };
	int ret, pieces = 0;

	v.seen = kunit_kzalloc(test, 65536, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, v.seen);
	fill(test, fn, 0, 2000);
	fwt_test_settle(fn);
	do {
		v.stop_at = v.n + 17;
		ret = fwt_conns_walk(fn, &walk, visit, &v);
		pieces++;
	} while (ret == -EMSGSIZE && pieces < 1000);
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_GE(test, pieces, 2000 / 17);
	KUNIT_EXPECT_EQ(test, v.n, 2000);
	KUNIT_EXPECT_EQ_MSG(test, wrong(&v, 2000, 1, 1), 0, "not visited once");
}

#define MANY	(1000 + FWT_TEST_MANY(20000))

/* R24: the table resizes while it is used, and none of its entries is lost; nor met
 * twice, if it happens in the middle of a walk.
 */
static void while_it_grows(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	struct fwt_hash_walk walk = { };
	struct visits v = { .stop_at = 100 };

	v.seen = kunit_kzalloc(test, 65536, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, v.seen);
	fill(test, fn, 0, 1000);
	fwt_test_settle(fn);
	KUNIT_EXPECT_EQ(test, fwt_conns_walk(fn, &walk, visit, &v), -EMSGSIZE);
	fill(test, fn, 1000, MANY);
	fwt_test_settle(fn);
	v.stop_at = U32_MAX;
	KUNIT_EXPECT_EQ(test, fwt_conns_walk(fn, &walk, visit, &v), 0);
	KUNIT_EXPECT_EQ_MSG(test, wrong(&v, 1000, 1, 1), 0, "not visited once");
	KUNIT_EXPECT_EQ_MSG(test, wrong(&v, MANY, 0, 1), 0, "visited twice");
}

#define EXPIRED		20000
#define GC_LEAST	1024		/* as in conn_gc.c */
#define GC_PART		16
#define GC_INTERVAL	(HZ / 4)

/* The collector once; returns how many it ended, of a table of @n records. Who stood still
 * until its own next time may have seen it work twice, which counts for nothing.
 */
static int collected(struct fwt_net *fn, u32 *n)
{
	struct fwt_test_books was;
	unsigned long begun;
	struct fwt_stats s;

	cancel_delayed_work_sync(&fn->gc);
	fwt_test_books(fn, &was);
	*n = was.records;
	begun = jiffies;
	fn->gc.work.func(&fn->gc.work);
	fwt_stats_read(fn, &s);
	return time_before(jiffies, begun + GC_INTERVAL) ? fwt_stats_ended(&s) - was.ended : -1;
}

/* However much is over at once, what the collector does at a time is bounded: a part of the
 * table (R25). And by and by it takes all.
 */
static void budget(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	u32 i, n = EXPIRED, most, runs = 0, told = 0;
	struct fwt_test_books b;
	struct fwt_tuple t;
	struct fwt_conn *c;
	int took;

	for (i = 0; i < EXPIRED; i++) {
		t = fwt_test_tuple(i & 1 ? 6 : 4, i, 1000, 0xffff02, 53);
		KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, NULL, &c), 0);
		/* The first one woke it. */
		if (!i)
			cancel_delayed_work_sync(&fn->gc);
		spin_lock_bh(&c->lock);
		fwt_conn_expire(c, 0);
		spin_unlock_bh(&c->lock);
		cond_resched();
	}
	fwt_test_settle(fn);
	/* Each takes GC_LEAST or more, but for the last of a round; and some may not count. */
	while (n && runs++ < 2 * EXPIRED / GC_LEAST + 2) {
		took = collected(fn, &n);
		if (took < 0)
			continue;
		told++;
		if (n)
			KUNIT_EXPECT_GT_MSG(test, took, 0, "run %u, of %u", runs, n);
		most = max_t(u32, GC_LEAST, n / GC_PART);
		KUNIT_EXPECT_LE_MSG(test, (u32)took, most, "run %u, of %u", runs, n);
	}
	KUNIT_EXPECT_GT_MSG(test, told, 0, "none was quick enough to be told from two");
	fwt_test_books(fn, &b);
	KUNIT_EXPECT_EQ_MSG(test, b.records, 0, "left after %u runs", runs);
	KUNIT_EXPECT_EQ(test, b.ended, EXPIRED);
}

/* The twin: connections in an array, found by looking at each. */
#define TWIN 96

struct twin {
	struct fwt_conn *c;
	struct fwt_end end[__FWT_WHO_MAX];
	u8 family;
};

static bool same(const struct fwt_end *a, const struct fwt_end *b)
{
	return a->port == b->port && !memcmp(a->addr, b->addr, sizeof(a->addr));
}

static void pair_ends(const struct twin *w, int pair, const struct fwt_end **src,
		      const struct fwt_end **dst)
{
	*src = &w->end[pair == FWT_PAIR_SN ? FWT_N : FWT_C];
	*dst = &w->end[pair == FWT_PAIR_CV ? FWT_V : FWT_S];
}

static struct twin *twin_find(struct twin *all, u8 family, const struct fwt_end *src,
			      const struct fwt_end *dst, int *dir)
{
	int i, pair;

	for (i = 0; i < TWIN; i++) {
		struct twin *w = &all[i];

		if (!w->c || w->family != family)
			continue;
		for (pair = 0; pair < __FWT_PAIR_MAX; pair++) {
			const struct fwt_end *a, *b;

			pair_ends(w, pair, &a, &b);
			*dir = FWT_ORIGINAL;
			if (same(a, src) && same(b, dst))
				return w;
			*dir = FWT_REPLY;
			if (same(b, src) && same(a, dst))
				return w;
		}
	}
	*dir = -1;
	return NULL;
}

static void some_end(struct rnd_state *rnd, u8 family, struct fwt_end *e)
{
	u32 r = prandom_u32_state(rnd);

	fwt_test_end(e, family, r & 3, 1000 + (r >> 8 & 3));
}

static int twin_insert(struct fwt_net *fn, struct twin *all, struct twin *w)
{
	const struct fwt_end *c = &w->end[FWT_C];
	struct fwt_tuple t = { .family = w->family, .protocol = FWT_IPPROTO_UDP,
			       .src = *c, .dst = w->end[FWT_V] };
	bool dnat = !same(&w->end[FWT_V], &w->end[FWT_S]);
	int expect = 0, ret, dir;
	struct fwt_conn *made;
	struct twin *his;

	if (twin_find(all, w->family, c, &w->end[FWT_V], &dir))
		expect = -EEXIST;
	/* C-S is tried first; whose it is may be the very same connection. */
	his = dnat ? twin_find(all, w->family, c, &w->end[FWT_S], &dir) : NULL;
	if (his)
		expect = same(c, &his->end[FWT_C]) && same(&w->end[FWT_V], &his->end[FWT_V]) &&
			 same(&w->end[FWT_S], &his->end[FWT_S]) ? -EEXIST : -EADDRINUSE;
	ret = fwt_test_insert(fn, &t, dnat ? &w->end[FWT_S] : NULL, &made);
	w->c = ret ? NULL : made;
	return ret == expect ? 0 : -1;
}

static int twin_bind(struct twin *all, struct twin *w, const struct fwt_end *n)
{
	int expect = 0, ret, dir;

	if (!same(n, &w->end[FWT_C]) &&
	    twin_find(all, w->family, n, &w->end[FWT_S], &dir))
		expect = -EADDRINUSE;
	ret = fwt_test_bind(w->c, n, 0, 0);
	if (!ret) {
		w->end[FWT_N] = *n;
	} else {
		/* As the hook does: it is over. */
		fwt_test_end_conn(w->c);
		w->c = NULL;
	}
	return ret == expect ? 0 : -1;
}

static void against_twin(struct kunit *test)
{
	u32 steps = FWT_TEST_MANY(100000), i, inserted = 0, bound = 0, found = 0;
	struct fwt_net *fn = fwt_test_net(test);
	struct rnd_state rnd;
	struct twin *all;
	u64 seed = get_random_u64();

	kunit_info(test, "seed %llu", seed);
	prandom_seed_state(&rnd, seed);
	all = kunit_kcalloc(test, TWIN, sizeof(*all), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, all);
	for (i = 0; i < steps; i++) {
		u32 op = prandom_u32_state(&rnd) % 8;
		struct twin *w = &all[prandom_u32_state(&rnd) % TWIN], *his;
		u8 family = prandom_u32_state(&rnd) & 1 ? 4 : 6;
		struct fwt_end a, b;
		struct fwt_tuple t;
		struct fwt_conn *c;
		int dir, d;

		some_end(&rnd, family, &a);
		some_end(&rnd, family, &b);
		switch (op) {
		case 0 ... 2:
			if (w->c)
				break;
			w->family = family;
			w->end[FWT_C] = a;
			w->end[FWT_N] = a;
			w->end[FWT_V] = b;
			w->end[FWT_S] = b;
			if (prandom_u32_state(&rnd) & 1)
				some_end(&rnd, family, &w->end[FWT_S]);
			KUNIT_ASSERT_EQ_MSG(test, twin_insert(fn, all, w), 0,
					    "insert, step %u", i);
			inserted += !!w->c;
			break;
		case 3:
			if (!w->c || w->family != family ||
			    !same(&w->end[FWT_N], &w->end[FWT_C]))
				break;
			KUNIT_ASSERT_EQ_MSG(test, twin_bind(all, w, &b), 0,
					    "bind, step %u", i);
			bound += !!w->c;
			break;
		case 4:
			if (!w->c)
				break;
			KUNIT_ASSERT_TRUE(test, fwt_test_end_conn(w->c));
			w->c = NULL;
			break;
		default:
			t = (struct fwt_tuple){ .family = family, .src = a, .dst = b,
						.protocol = FWT_IPPROTO_UDP };
			c = fwt_test_find(fn, &t, &dir);
			his = twin_find(all, family, &a, &b, &d);
			KUNIT_ASSERT_PTR_EQ_MSG(test, c, his ? his->c : NULL,
						"find, step %u", i);
			KUNIT_ASSERT_EQ_MSG(test, dir, d, "direction, step %u", i);
			found += !!c;
		}
		if (i % 1000 == 0)
			cond_resched();
	}
	KUNIT_EXPECT_GT_MSG(test, inserted, steps / 50, "inserted");
	KUNIT_EXPECT_GT_MSG(test, bound, steps / 200, "bound");
	KUNIT_EXPECT_GT_MSG(test, found, steps / 50, "found");
}

static struct kunit_case cases[] = {
	KUNIT_CASE(each_once),
	KUNIT_CASE(in_pieces),
	KUNIT_CASE(while_it_grows),
	KUNIT_CASE(budget),
	KUNIT_CASE(against_twin),
	{ }
};

static struct kunit_suite suite = {
	.name = "fwtree-conn-table",
	.test_cases = cases,
};

kunit_test_suite(suite);
