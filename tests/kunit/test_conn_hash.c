// SPDX-License-Identifier: GPL-2.0
/*
 * The hash of connections against who would like to fill one of its chains
 * (R24): it has a key and a seed that nobody knows, and where chains grow long
 * all the same, another seed.
 */
#include <linux/delay.h>
#include <linux/rhashtable.h>

#include "conns.h"
#include "test.h"

/* The longest chain; and, of each record, the bucket that its C-V stands in. */
static u32 look(struct fwt_net *fn, struct fwt_conn *const *c, u32 *bucket, u32 n)
{
	struct bucket_table *tbl;
	struct rhash_head *link;
	u32 i, k, len, most = 0;

	rcu_read_lock();
	tbl = rcu_dereference(fn->conns.tbl);
	for (i = 0; i < tbl->size; i++) {
		len = 0;
		rht_for_each_rcu(link, tbl, i) {
			len++;
			for (k = 0; k < n; k++)
				if (link == &c[k]->link[FWT_PAIR_CV])
					bucket[k] = i;
		}
		most = max(most, len);
	}
	rcu_read_unlock();
	return most;
}

static bool resizing(struct fwt_net *fn)
{
	bool is;

	rcu_read_lock();
	is = rcu_dereference(rcu_dereference(fn->conns.tbl)->future_tbl);
	rcu_read_unlock();
	return is;
}

static void settle(struct fwt_net *fn)
{
	int i;

	for (i = 0; i < 500 && (resizing(fn) || i < 2); i++)
		msleep(20);
}

#define N	2000

/* What would meet in one bucket if ends were only added or XORed together, as
 * who writes the packets can see to.
 */
static void no_simple_collisions(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	struct fwt_tuple t;
	struct fwt_conn *c;
	u32 i;

	for (i = 0; i < N; i++) {
		t = fwt_test_tuple(4, i, 1000 + i, 0xffffff - i, 40000 - i);
		KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, NULL, &c), 0);
		t = fwt_test_tuple(4, 0x10000 + i, 1000 ^ i, 0x20000 + i, 20000 ^ i);
		KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, NULL, &c), 0);
		t = fwt_test_tuple(6, i << 8, 1000, 0x30000 + (i << 8), 53);
		KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, NULL, &c), 0);
	}
	settle(fn);
	/* At random, with at most 3 records for 4 buckets, 13 of them share one
	 * once in 10^12 buckets.
	 */
	KUNIT_EXPECT_LE_MSG(test, look(fn, NULL, NULL, 0), 12, "the longest chain");
}

#define FEW	200

/* The same connections stand elsewhere in another table: what was learned of one
 * (by timing, say) is of no use in the other.
 */
static void tables_differ(struct kunit *test)
{
	struct fwt_net *fn[2] = { fwt_test_net(test), fwt_test_net(test) };
	struct fwt_conn **c = kunit_kcalloc(test, 2 * FEW, sizeof(*c), GFP_KERNEL);
	u32 *bucket = kunit_kcalloc(test, 2 * FEW, sizeof(*bucket), GFP_KERNEL);
	u32 i, k, same = 0;
	struct fwt_tuple t;

	KUNIT_ASSERT_NOT_NULL(test, c);
	KUNIT_ASSERT_NOT_NULL(test, bucket);
	for (k = 0; k < 2; k++) {
		for (i = 0; i < FEW; i++) {
			t = fwt_test_tuple(4, i, 1000, 0xffff02, 53);
			KUNIT_ASSERT_EQ(test, fwt_test_insert(fn[k], &t, NULL,
							      &c[k * FEW + i]), 0);
		}
		settle(fn[k]);
		look(fn[k], c + k * FEW, bucket + k * FEW, FEW);
	}
	for (i = 0; i < FEW; i++)
		same += bucket[i] == bucket[FEW + i];
	/* One of 256 by chance. */
	KUNIT_EXPECT_LE_MSG(test, same, FEW / 10, "in the same place of both");
}

#define TARGETS	200

/* Who could see into the table, and did keep only what falls into its fullest
 * bucket, would meet another seed before the chain is long.
 */
static void chains_are_capped(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	u32 i, kept = 0, most = 0, n, bucket, target = 0;
	struct fwt_tuple t;
	struct fwt_conn *c;

	for (i = 0; i < 60000 && kept < TARGETS; i++) {
		t = fwt_test_tuple(4, i, 1000, 0xffff02, 53);
		KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, NULL, &c), 0);
		bucket = U32_MAX;
		n = look(fn, &c, &bucket, 1);
		most = max(most, n);
		/* A table that is being made anew; it begins again. */
		if (bucket == U32_MAX || resizing(fn)) {
			settle(fn);
			fwt_conns_flush(fn);
			kept = 0;
			n = 0;
			continue;
		}
		if (!kept)
			target = bucket;
		if (bucket == target)
			kept++;
		else
			fwt_test_end_conn(c);
		if (i % 64 == 0)
			cond_resched();
	}
	KUNIT_EXPECT_GE_MSG(test, most, 8, "it was tried");
	KUNIT_EXPECT_LE_MSG(test, most, 20, "the longest chain ever");
	KUNIT_EXPECT_LT_MSG(test, kept, TARGETS, "of one bucket at the end");
}

static struct kunit_case cases[] = {
	KUNIT_CASE(no_simple_collisions),
	KUNIT_CASE(tables_differ),
	KUNIT_CASE_SLOW(chains_are_capped),
	{ }
};

static struct kunit_suite suite = {
	.name = "fwtree-conn-hash",
	.test_cases = cases,
};

kunit_test_suite(suite);
