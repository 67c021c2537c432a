// SPDX-License-Identifier: GPL-2.0
/*
 * R28: what policies have in live sets changes with the policy, in one step: whoever walks
 * the former one finds what that had, whoever walks the new one what this has, whichever
 * step the change is at.
 */
#include "sets.h"

/* Is what a phase finds of some keys as @want says: a character each, '1' or '0'. */
static bool finds(struct rig *r, u32 phase, const u32 *key, const char *want)
{
	for (; *want; want++, key++)
		if (has_in(r, phase, *key) != (*want == '1'))
			return false;
	return true;
}

static bool rests(const struct rig *r)
{
	const struct fwt_set *s = r->s;

	return !s->apart && !s->part[0].keys.timed && !s->part[0].ranges.timed &&
	       !rcu_access_pointer(s->part[0].array[!s->phase]) &&
	       !rcu_access_pointer(s->part[0].over[0]) &&
	       !rcu_access_pointer(s->part[0].over[1]);
}

/* Keys and ranges that only the one policy has, or only the other, or both. */
static void one_set(struct kunit *test)
{
	static const u32 one[] = { 1, 1, 5, 9, 100, 100, 200, 209 };
	static const u32 two[] = { 2, 2, 20, 29, 100, 100, 200, 209 };
	static const u32 key[] = { 1, 7, 2, 25, 100, 205, 50 };
	struct rig *r = rig_new(test, 1, FWT_SET_TYPE_ADDR, 100);
	u32 was, mine = 50, round;

	rig_base(r, one, 4);
	KUNIT_ASSERT_EQ(test, rig_prepare(r), 0);
	rig_in_force(r);
	KUNIT_EXPECT_EQ(test, insert(r, false, &mine, &mine, 0), 0);
	for (round = 0; round < 4; round++) {
		const char *old = round & 1 ? "0011111" : "1100111";
		const char *new = round & 1 ? "1100111" : "0011111";

		was = r->fn->phase;
		KUNIT_EXPECT_TRUE(test, finds(r, was, key, old));
		KUNIT_EXPECT_TRUE_MSG(test, rests(r), "whose policy's it is need not be asked");
		rig_base(r, round & 1 ? one : two, 4);
		KUNIT_ASSERT_EQ(test, rig_prepare(r), 0);
		KUNIT_EXPECT_TRUE_MSG(test, finds(r, was, key, old), "prepared");
		if (round == 2) {
			fwt_set_ops.cancel(&r->s->head);
			KUNIT_EXPECT_TRUE_MSG(test, finds(r, was, key, old), "not to be");
			KUNIT_EXPECT_TRUE(test, rests(r));
			KUNIT_EXPECT_EQ(test, fwt_set_count(r->s), 5);
			KUNIT_ASSERT_EQ(test, rig_prepare(r), 0);
		}
		rig_publish(r);
		KUNIT_EXPECT_TRUE_MSG(test, finds(r, was, key, old), "published");
		KUNIT_EXPECT_TRUE_MSG(test, finds(r, !was, key, new), "it is all there");
		rig_swap(r);
		KUNIT_EXPECT_TRUE_MSG(test, finds(r, was, key, old), "who began before");
		KUNIT_EXPECT_TRUE_MSG(test, finds(r, !was, key, new), "in force");
		rig_rest(r);
		KUNIT_EXPECT_TRUE_MSG(test, finds(r, !was, key, new), "at rest");
		KUNIT_EXPECT_EQ_MSG(test, fwt_set_count(r->s), 5, "nothing is left");
	}
}

/* What packets do meanwhile. */
static void packets(struct kunit *test)
{
	static const u32 one[] = { 1, 1, 2, 2, 3, 3, 4, 4, 8, 8 }, two[] = { 1, 1, 2, 2, 3, 3 };
	static const u32 key[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct rig *r = rig_new(test, 1, FWT_SET_TYPE_ADDR, 100);
	u32 was;

	rig_base(r, one, 5);
	KUNIT_ASSERT_EQ(test, rig_prepare(r), 0);
	rig_in_force(r);
	was = r->fn->phase;
	rig_base(r, two, 3);
	KUNIT_ASSERT_EQ(test, rig_prepare(r), 0);
	rcu_read_lock();
	fwt_set_remove(r->s, was, false, &key[0]);
	fwt_set_renew(r->s, was, false, &key[4], 0);
	rcu_read_unlock();
	KUNIT_EXPECT_TRUE_MSG(test, finds(r, was, key, "01111001"), "gone, and there, at once");
	KUNIT_EXPECT_TRUE_MSG(test, finds(r, !was, key, "11101000"), "the next one has it again");
	rig_publish(r);
	rig_swap(r);
	rcu_read_lock();
	/* By a walk of the former policy, and by those of the new one. */
	fwt_set_remove(r->s, was, false, &key[1]);
	fwt_set_renew(r->s, was, false, &key[5], 0);
	fwt_set_remove(r->s, !was, false, &key[2]);
	fwt_set_renew(r->s, !was, false, &key[3], 0);
	fwt_set_renew(r->s, !was, false, &key[6], 600000);
	rcu_read_unlock();
	KUNIT_EXPECT_TRUE(test, finds(r, was, key, "00111111"));
	KUNIT_EXPECT_TRUE(test, finds(r, !was, key, "11011110"));
	rig_rest(r);
	KUNIT_EXPECT_TRUE_MSG(test, finds(r, !was, key, "11011110"), "so it stays");
	KUNIT_EXPECT_EQ(test, fwt_set_count(r->s), 6);
	rcu_read_lock();
	fwt_set_remove(r->s, !was, false, &key[0]);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ_MSG(test, fwt_set_count(r->s), 5, "taken away in both phases");
}

/* As rig_base(); behind the pairs is what the map gives for each. */
static void map_base(struct rig *r, const u32 *word, u32 n)
{
	rig_base(r, word, n);
	r->object.param[FWT_SETP_VALUES4] = n ? 2 * n : FWT_NONE;
}

static u32 given(struct rig *r, u32 phase, u32 key)
{
	u32 value = 0;
	bool is;

	rcu_read_lock();
	is = fwt_set_has(r->s, phase, false, &key, &value, NULL);
	rcu_read_unlock();
	return is ? value : 0;
}

#define GIVEN(r, phase, a, b, c, d) do {					\
	KUNIT_EXPECT_EQ(test, given(r, phase, 1), a);				\
	KUNIT_EXPECT_EQ(test, given(r, phase, 7), b);				\
	KUNIT_EXPECT_EQ(test, given(r, phase, 3), c);				\
	KUNIT_EXPECT_EQ(test, given(r, phase, 4), d);				\
} while (0)

/* One and the same key gives the one thing, then the other. */
static void values(struct kunit *test)
{
	/* 1, 5-9, 3 and what they give; then 1, 5-9, 4. */
	static const u32 one[] = { 1, 1, 5, 9, 3, 3, 11, 12, 13 };
	static const u32 two[] = { 1, 1, 5, 9, 4, 4, 21, 22, 24 };
	struct rig *r = rig_of(test, 1, FWT_SET_TYPE_ADDR, FWT_SET_TYPE_MARK, 100);
	u32 was, key = 1, low = 5, high = 9, value = 31;

	map_base(r, one, 3);
	KUNIT_ASSERT_EQ(test, rig_prepare(r), 0);
	rig_in_force(r);
	GIVEN(r, r->fn->phase, 11, 12, 13, 0);
	was = r->fn->phase;
	map_base(r, two, 3);
	KUNIT_ASSERT_EQ(test, rig_prepare(r), 0);
	GIVEN(r, was, 11, 12, 13, 0);
	fwt_set_ops.cancel(&r->s->head);
	GIVEN(r, was, 11, 12, 13, 0);
	KUNIT_EXPECT_TRUE(test, rests(r));
	KUNIT_ASSERT_EQ(test, rig_prepare(r), 0);
	rig_publish(r);
	rig_swap(r);
	GIVEN(r, was, 11, 12, 13, 0);
	GIVEN(r, !was, 21, 22, 0, 24);
	rig_rest(r);
	GIVEN(r, !was, 21, 22, 0, 24);
	KUNIT_EXPECT_TRUE(test, rests(r));
	KUNIT_EXPECT_EQ(test, fwt_set_count(r->s), 3);

	/* What is said by hand is what it gives, and what it gave is not found behind it. */
	KUNIT_EXPECT_EQ(test, insert_with(r, false, &key, &key, &value, 0), 0);
	KUNIT_EXPECT_EQ(test, insert_with(r, false, &low, &high, &value, 0), 0);
	GIVEN(r, !was, 31, 31, 0, 24);
	map_base(r, two, 3);
	KUNIT_ASSERT_EQ(test, rig_prepare(r), 0);
	GIVEN(r, !was, 31, 31, 0, 24);
	GIVEN(r, was, 21, 22, 0, 24);
	rig_in_force(r);
	GIVEN(r, was, 21, 22, 0, 24);
	KUNIT_EXPECT_EQ(test, delete(r, false, &key, &key), 0);
	KUNIT_EXPECT_EQ(test, delete(r, false, &low, &high), 0);
	GIVEN(r, was, 0, 0, 0, 24);
}

/* A set that a policy does not have, and the one after it has again: gone back to. */
static void comes_back(struct kunit *test)
{
	static const u32 one[] = { 1, 1, 5, 9 }, key[] = { 1, 7, 2 };
	struct rig *r = rig_new(test, 1, FWT_SET_TYPE_ADDR, 100);
	u32 round;

	rig_base(r, one, 2);
	KUNIT_ASSERT_EQ(test, rig_prepare(r), 0);
	rig_publish(r);
	rig_swap(r);
	for (round = 0; round < 4; round++) {
		/* Another policy, and one more sometimes. Nobody has had it rest before. */
		rig_swap(r);
		if (round & 1)
			rig_swap(r);
		if (round == 2) {
			KUNIT_ASSERT_EQ(test, rig_prepare(r), 0);
			fwt_set_ops.cancel(&r->s->head);
		}
		KUNIT_ASSERT_EQ(test, rig_prepare(r), 0);
		rig_publish(r);
		rig_swap(r);
		KUNIT_EXPECT_TRUE(test, finds(r, r->fn->phase, key, "110"));
	}
	rig_rest(r);
	KUNIT_EXPECT_TRUE(test, finds(r, r->fn->phase, key, "110"));
	KUNIT_EXPECT_TRUE(test, rests(r));
	KUNIT_EXPECT_EQ(test, fwt_set_count(r->s), 2);
}

/* An address that two sets have by turns, as seen by who walks meanwhile: it is in one of
 * them, whichever policy that is, and no moment it is in none, or in both.
 */
#define MOVED		0x01020304
#define OTHERS		3000u

struct watcher {
	struct rig *a;
	struct rig *b;
	u64 looked;
	u64 wrong;
};

static int watch(void *data)
{
	struct watcher *w = data;
	u32 key = MOVED, stays = 16, i, phase;

	while (!kthread_should_stop()) {
		for (i = 0; i < 64; i++) {
			rcu_read_lock();
			phase = READ_ONCE(w->a->fn->phase);
			w->wrong += fwt_set_has(w->a->s, phase, false, &key, NULL, NULL) ==
				    fwt_set_has(w->b->s, phase, false, &key, NULL, NULL);
			w->wrong += !fwt_set_has(w->a->s, phase, false, &stays, NULL, NULL);
			rcu_read_unlock();
		}
		w->looked += i;
		cond_resched();
	}
	return 0;
}

static void moved(struct kunit *test)
{
	u32 *word = kunit_kcalloc(test, 2 * (OTHERS + 1), sizeof(u32), GFP_KERNEL);
	struct rig *a = rig_new(test, 1, FWT_SET_TYPE_ADDR, 0);
	struct rig *b = rig_new(test, 1, FWT_SET_TYPE_ADDR, 0);
	struct watcher w = { .a = a, .b = b };
	const u32 rounds = FWT_TEST_MANY(200);
	struct task_struct *task = NULL;
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, word);
	/* Keys, and each other time the moved one is in a range. */
	for (i = 0; i < OTHERS; i++) {
		word[2 * i] = 16 * i;
		word[2 * i + 1] = 16 * i + (i & 1) * 7;
	}
	for (i = 0; i <= rounds; i++) {
		word[2 * OTHERS] = i & 2 ? MOVED - 1 : MOVED;
		word[2 * OTHERS + 1] = MOVED;
		rig_base(a, word, OTHERS + !(i & 1));
		rig_base(b, word + 2 * OTHERS, i & 1);
		KUNIT_EXPECT_EQ(test, rig_prepare(a), 0);
		KUNIT_EXPECT_EQ(test, rig_prepare(b), 0);
		rig_publish(a);
		rig_publish(b);
		rig_swap(b);
		rig_swap(a);
		if (!i) {
			task = kthread_run(watch, &w, "fwt-set-watcher");
			KUNIT_ASSERT_FALSE(test, IS_ERR(task));
		}
		synchronize_rcu();
		rig_rest(b);
		rig_rest(a);
	}
	kthread_stop(task);
	KUNIT_EXPECT_EQ_MSG(test, w.wrong, 0, "of %llu", w.looked);
	KUNIT_EXPECT_GT(test, w.looked, 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(one_set),
	KUNIT_CASE(packets),
	KUNIT_CASE(values),
	KUNIT_CASE(comes_back),
	KUNIT_CASE_SLOW(moved),
	{ }
};

static struct kunit_suite suite = {
	.name = "fwtree-set-swap",
	.test_cases = cases,
};

kunit_test_suite(suite);
