// SPDX-License-Identifier: GPL-2.0
/* R18: who is not taken up in the middle again: barred.c. */
#include <linux/jiffies.h>

#include "barred.h"
#include "conns.h"
#include "test.h"

static struct fwt_tuple tuple_of(u8 family, u32 n)
{
	struct fwt_tuple t = fwt_test_tuple(family, n, 1000 + n % 7, 0x800000 - n, 80);

	t.protocol = FWT_IPPROTO_TCP;
	return t;
}

/* A connection of that tuple is ended against its will. */
static void bar(struct kunit *test, struct fwt_net *fn, const struct fwt_tuple *t, bool both)
{
	struct fwt_conn *c = fwt_test_alloc(fn, t);

	KUNIT_ASSERT_FALSE(test, IS_ERR(c));
	rcu_read_lock();
	fwt_bar(c, both);
	rcu_read_unlock();
	fwt_conn_discard(c);
}

static void adopting(struct fwt_net *fn, bool on)
{
	WRITE_ONCE(fn->adopt_until, on ? get_jiffies_64() + 3600 * HZ : 0);
}

static void sides(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	struct fwt_tuple t, back;
	u8 family;

	adopting(fn, true);
	for (family = 4; family <= 6; family += 2) {
		t = tuple_of(family, 1);
		back = fwt_test_turn(&t);
		KUNIT_EXPECT_FALSE(test, fwt_barred(fn, &back));
		bar(test, fn, &t, false);
		KUNIT_EXPECT_TRUE_MSG(test, fwt_barred(fn, &back), "its server");
		KUNIT_EXPECT_FALSE_MSG(test, fwt_barred(fn, &t), "not its client");
		t = tuple_of(family, 2);
		back = fwt_test_turn(&t);
		bar(test, fn, &t, true);
		KUNIT_EXPECT_TRUE(test, fwt_barred(fn, &back));
		KUNIT_EXPECT_TRUE(test, fwt_barred(fn, &t));
		t.scope = 5;
		KUNIT_EXPECT_FALSE_MSG(test, fwt_barred(fn, &t), "another VRF's");
	}
	fwt_unbar(fn);
	KUNIT_EXPECT_FALSE(test, fwt_barred(fn, &back));

	t.protocol = FWT_IPPROTO_UDP;
	bar(test, fn, &t, true);
	KUNIT_EXPECT_FALSE_MSG(test, fwt_barred(fn, &t), "TCP alone is in the middle");
	adopting(fn, false);
	t.protocol = FWT_IPPROTO_TCP;
	bar(test, fn, &t, true);
	KUNIT_EXPECT_FALSE_MSG(test, fwt_barred(fn, &t), "nothing is taken up");
}

/* What one namespace has barred is not so in another one; nor for ever. */
static void many(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test), *other = fwt_test_net(test);
	u32 i, missed = 0, others = 0;
	struct fwt_tuple t;

	adopting(fn, true);
	for (i = 0; i < 30000; i++) {
		t = tuple_of(4, i);
		bar(test, fn, &t, false);
		if (!(i % 256))
			cond_resched();
	}
	for (i = 30000 - 6144; i < 30000; i++) {
		t = tuple_of(4, i);
		t = fwt_test_turn(&t);
		missed += !fwt_barred(fn, &t);
		KUNIT_ASSERT_FALSE(test, fwt_barred(other, &t));
	}
	KUNIT_EXPECT_EQ_MSG(test, missed, 0, "the last ones are remembered");
	for (i = 100000; i < 110000; i++) {
		t = tuple_of(4, i);
		others += fwt_barred(fn, &t);
	}
	kunit_info(test, "%u of 10000 others taken for them\n", others);
	KUNIT_EXPECT_LE(test, others, 300);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(sides),
	KUNIT_CASE(many),
	{ }
};

static struct kunit_suite suite = {
	.name = "fwtree-barred",
	.test_cases = cases,
};

kunit_test_suite(suite);
