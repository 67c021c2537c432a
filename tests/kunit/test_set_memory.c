// SPDX-License-Identifier: GPL-2.0
/* Live sets: what memory and time they take, and who pays for it. */
#include "sets.h"

static void by_walk(struct rig *r, u32 key, u64 ms)
{
	rcu_read_lock();
	fwt_set_renew(r->s, r->fn->phase, false, &key, ms);
	rcu_read_unlock();
}

/* What packets have of the share, when all is freed that was to be. */
static u64 books(struct rig *r)
{
	rcu_barrier();
	flush_workqueue(fwt_wq);
	return fwt_share_bytes(&r->fn->sets);
}

/* A packet brings one more key, if it finds a place; and what that asks of the work. */
static void one_more(struct kunit *test, struct rig *r, u32 *key, bool *in)
{
	++*key;
	KUNIT_ASSERT_LT(test, *key, 200u);
	by_walk(r, *key, 0);
	in[*key] = has(r, false, key);
	flush_delayed_work(&r->s->work);
}

/* Packets have no memory for a larger table: it is asked for once, and again when that time
 * has come; elements have their places meanwhile, as far as those reach. Who applies and
 * "fwctl set add" are not held back by it.
 */
static void no_memory(struct kunit *test)
{
	struct rig *r = rig_new(test, 1, FWT_SET_TYPE_ADDR, 10000);
	struct fwt_pot nothing = { .all = 63 }, *pot = r->fn->sets.pot;
	struct fwt_set_hash *h = &r->s->part[0].keys;
	bool in[200] = { };
	u32 key = 0;

	r->fn->sets.pot = &nothing;
	while (!fwt_set_hash_misfit(h))
		one_more(test, r, &key, in);
	/* The last one has it asked for. */
	KUNIT_EXPECT_EQ(test, r->s->failed, 1u);
	WRITE_ONCE(r->s->again, jiffies + 59 * HZ);
	one_more(test, r, &key, in);
	KUNIT_EXPECT_EQ_MSG(test, r->s->failed, 1u, "and is not asked for again at once");
	WRITE_ONCE(r->s->again, jiffies);
	one_more(test, r, &key, in);
	KUNIT_EXPECT_GE_MSG(test, r->s->failed, 2u, "but later");
	KUNIT_EXPECT_TRUE(test, time_after(r->s->again, jiffies + HZ));
	KUNIT_EXPECT_TRUE(test, fwt_set_hash_misfit(h));

	WRITE_ONCE(r->s->again, jiffies + 59 * HZ);
	key++;
	KUNIT_EXPECT_EQ(test, insert(r, false, &key, &key, 0), 0);
	in[key] = true;
	KUNIT_EXPECT_FALSE_MSG(test, fwt_set_hash_misfit(h), "a process has it made larger");
	KUNIT_EXPECT_EQ(test, r->s->failed, 0u);
	KUNIT_EXPECT_EQ_MSG(test, books(r), 0, "and is charged itself");

	/* There is some; who must not ask yet does not. */
	while (!fwt_set_hash_misfit(h))
		one_more(test, r, &key, in);
	r->fn->sets.pot = pot;
	WRITE_ONCE(r->s->again, jiffies + 59 * HZ);
	one_more(test, r, &key, in);
	KUNIT_EXPECT_TRUE(test, fwt_set_hash_misfit(h));
	WRITE_ONCE(r->s->again, jiffies);
	one_more(test, r, &key, in);
	KUNIT_EXPECT_FALSE(test, fwt_set_hash_misfit(h));
	KUNIT_EXPECT_EQ(test, r->s->failed, 0u);
	KUNIT_EXPECT_GT_MSG(test, books(r), 0, "what packets made grow is theirs");
	for (; key; key--)
		KUNIT_EXPECT_EQ(test, has(r, false, &key), in[key]);
	mutex_lock(&r->s->mutex);
	fwt_set_flush(r->s);
	fwt_set_settle(r->s, false);
	mutex_unlock(&r->s->mutex);
	KUNIT_EXPECT_EQ_MSG(test, books(r), 0, "and given back");
}

/* What a policy has is nothing of what packets share, nor refused by it: when it comes, is
 * added to, goes, and is gone back to.
 */
static void policy_pays(struct kunit *test)
{
	struct rig *r = rig_new(test, 1, FWT_SET_TYPE_ADDR, 100000);
	struct fwt_pot nothing = { .all = 63 }, *pot = r->fn->sets.pot;
	const u32 many = 3000;
	u32 *word = kunit_kcalloc(test, 2 * many, sizeof(u32), GFP_KERNEL), i, round, lo, hi;
	struct fwt_set_elem e = { .low = &lo, .high = &hi };

	KUNIT_ASSERT_NOT_NULL(test, word);
	/* Ranges and keys, by turns. */
	for (i = 0; i < many; i++) {
		word[2 * i] = 16 * i;
		word[2 * i + 1] = 16 * i + (i & 1) * 7;
	}
	r->fn->sets.pot = &nothing;
	for (round = 0; round < 3; round++) {
		rig_base(r, word, round & 1 ? 4 : many);
		KUNIT_EXPECT_EQ_MSG(test, rig_prepare(r), 0,
				    "round %u", round);
		rig_in_force(r);
		KUNIT_EXPECT_EQ(test, fwt_set_count(r->s), round & 1 ? 4 : many);
		KUNIT_EXPECT_EQ_MSG(test, books(r), 0, "round %u", round);
	}
	mutex_lock(&r->s->mutex);
	for (i = 0; i < many; i++) {
		lo = 0x10000000 + 16 * i;
		hi = lo + (i & 1);
		KUNIT_EXPECT_EQ(test, fwt_set_insert(r->s, &e), 0);
	}
	fwt_set_settle(r->s, false);
	mutex_unlock(&r->s->mutex);
	KUNIT_EXPECT_EQ(test, fwt_set_count(r->s), 2 * many);
	KUNIT_EXPECT_EQ(test, books(r), 0);
	/* Packets have none of it: what finds no place in a bucket is refused. */
	for (i = 0; i < many && !r->s->refused; i++)
		by_walk(r, 0x20000000 + i, 0);
	KUNIT_EXPECT_GT(test, r->s->refused, 0);
	flush_delayed_work(&r->s->work);
	KUNIT_EXPECT_EQ(test, books(r), 0);
	r->fn->sets.pot = pot;
}

/* A flood that finds a set full makes the collector look no more often, and it does not
 * look before one is over.
 */
static void full(struct kunit *test)
{
	struct rig *r = rig_new(test, 1, FWT_SET_TYPE_ADDR, 3);
	unsigned long due, end;
	u32 key;

	for (key = 0; key < 3; key++)
		by_walk(r, key, key ? 600000 : 100);
	due = READ_ONCE(r->s->due);
	for (key = 100; key < 200; key++)
		by_walk(r, key, 600000);
	KUNIT_EXPECT_FALSE(test, time_before(READ_ONCE(r->s->due), due));
	KUNIT_EXPECT_GT(test, r->s->refused, 0);
	/* One is over that the collector does not know to be. */
	WRITE_ONCE(r->s->soonest, r->s->soonest + (60000 >> 6));
	msleep(300);
	flush_delayed_work(&r->s->work);
	KUNIT_EXPECT_EQ_MSG(test, fwt_set_count(r->s), 3, "it has not looked");
	/* One that will be over sooner is noted. */
	key = 1;
	KUNIT_EXPECT_EQ(test, insert(r, false, &key, &key, 100), 0);
	end = jiffies + 10 * HZ;
	while (fwt_set_count(r->s) > 1 && time_before(jiffies, end))
		msleep(50);
	KUNIT_EXPECT_EQ_MSG(test, fwt_set_count(r->s), 1, "it has, and found both");
	KUNIT_EXPECT_TRUE(test, READ_ONCE(r->s->leases));
	key = 300;
	by_walk(r, key, 600000);
	KUNIT_EXPECT_TRUE_MSG(test, has(r, false, &key), "there is room");

	/* It is told again, though jiffies have come round since. */
	by_walk(r, 301, 600000);
	r->s->told = jiffies + 10 * HZ;
	by_walk(r, 302, 600000);
	KUNIT_EXPECT_FALSE(test, time_after(r->s->told, jiffies));
}

static const void *array(struct rig *r)
{
	return rcu_access_pointer(r->s->part[0].array[r->s->phase]);
}

/* Ranges are put in order where they have changed, and of a list when it is through. */
static void in_order_once(struct kunit *test)
{
	struct rig *r = rig_of(test, 1, FWT_SET_TYPE_ADDR, FWT_SET_TYPE_MARK, 100);
	u32 lo = 10, hi = 20, in = 15, lo2 = 30, hi2 = 40, in2 = 35, value = 1, key = 1;
	struct fwt_set_elem e = { .low = &lo2, .high = &hi2, .value = &value };
	unsigned long end;
	const void *was;

	KUNIT_EXPECT_EQ(test, insert_with(r, false, &lo, &hi, &value, 0), 0);
	was = array(r);
	KUNIT_ASSERT_NOT_NULL(test, was);
	KUNIT_EXPECT_EQ(test, insert_with(r, false, &lo, &hi, &value, 0), 0);
	KUNIT_EXPECT_EQ(test, delete(r, false, &lo2, &hi2), -ENOENT);
	KUNIT_EXPECT_EQ(test, insert_with(r, false, &key, &key, &value, 0), 0);
	KUNIT_EXPECT_PTR_EQ_MSG(test, array(r), was, "nothing has changed");
	value = 2;
	KUNIT_EXPECT_EQ(test, insert_with(r, false, &lo, &hi, &value, 0), 0);
	value = 0;
	KUNIT_EXPECT_TRUE(test, gives(r, false, &in, &value));
	KUNIT_EXPECT_EQ_MSG(test, value, 2u, "another value is a change");

	was = array(r);
	mutex_lock(&r->s->mutex);
	KUNIT_EXPECT_EQ(test, fwt_set_insert(r->s, &e), 0);
	KUNIT_EXPECT_EQ(test, fwt_set_settle(r->s, true), 0);
	mutex_unlock(&r->s->mutex);
	/* Whatever else there is to be done meanwhile. */
	flush_delayed_work(&r->s->work);
	KUNIT_EXPECT_PTR_EQ_MSG(test, array(r), was, "others are to follow");
	end = jiffies + 15 * HZ;
	while (!has(r, false, &in2) && time_before(jiffies, end))
		msleep(50);
	KUNIT_EXPECT_TRUE_MSG(test, has(r, false, &in2), "none has come");

	KUNIT_EXPECT_EQ(test, delete(r, false, &lo2, &hi2), 0);
	mutex_lock(&r->s->mutex);
	KUNIT_EXPECT_EQ(test, fwt_set_insert(r->s, &e), 0);
	KUNIT_EXPECT_EQ(test, fwt_set_settle(r->s, true), 0);
	KUNIT_EXPECT_EQ(test, fwt_set_settle(r->s, false), 0);
	mutex_unlock(&r->s->mutex);
	KUNIT_EXPECT_TRUE_MSG(test, has(r, false, &in2), "the last one has come");
}

/* Ranges that all hold the first part of a key, and none the second: a look-up that has a
 * budget takes no more of it than there is.
 */
static void bounded(struct kunit *test)
{
	struct rig *r = rig_new(test, 2, FWT_SET_TYPE_ADDR | FWT_SET_TYPE_PORT << 4, 1000);
	u32 low[2], high[2], key[2] = { 0xfffffffe, 7 }, looks = 100, i;

	for (i = 0; i < 500; i++) {
		low[0] = i;
		high[0] = 0xffffffff;
		low[1] = 10000;
		high[1] = 10000;
		KUNIT_ASSERT_EQ(test, insert(r, false, low, high, 0), 0);
	}
	rcu_read_lock();
	KUNIT_EXPECT_FALSE(test, fwt_set_has(r->s, r->fn->phase, false, key, NULL, &looks));
	KUNIT_EXPECT_EQ(test, looks, 0);
	key[1] = 10000;
	KUNIT_EXPECT_TRUE(test, fwt_set_has(r->s, r->fn->phase, false, key, NULL, NULL));
	looks = 5000;
	KUNIT_EXPECT_TRUE(test, fwt_set_has(r->s, r->fn->phase, false, key, NULL, &looks));
	KUNIT_EXPECT_LT(test, looks, 5000);
	rcu_read_unlock();
}

static struct kunit_case cases[] = {
	KUNIT_CASE(no_memory),
	KUNIT_CASE(policy_pays),
	KUNIT_CASE(bounded),
	KUNIT_CASE_SLOW(full),
	KUNIT_CASE_SLOW(in_order_once),
	{ }
};

static struct kunit_suite suite = {
	.name = "fwtree-set-memory",
	.test_cases = cases,
};

kunit_test_suite(suite);
