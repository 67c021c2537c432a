// SPDX-License-Identifier: GPL-2.0
/* Live sets: against a list that is searched from its beginning, and under readers. */
#include "netlink-gen.h"
#include "prog.h"
#include "sets.h"

/* The stupid twin */

#define TWIN_MAX 400

struct twin {
	u32 n;
	struct {
		bool there;
		bool six;
		u32 low[FWT_KEY_WORDS];
		u32 high[FWT_KEY_WORDS];
		u32 value;
	} e[TWIN_MAX];
};

static u32 rnd(u64 *state, u32 below)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(*state >> 33) % below;
}

/* Begins one later than the other, or with it, and ends before it. */
static bool twin_nearer(const struct twin *t, u32 a, u32 b, u32 words)
{
	u32 k;

	for (k = 0; k < words; k++)
		if (t->e[a].low[k] != t->e[b].low[k])
			return t->e[a].low[k] > t->e[b].low[k];
	for (k = 0; k < words; k++)
		if (t->e[a].high[k] != t->e[b].high[k])
			return t->e[a].high[k] < t->e[b].high[k];
	return false;
}

/* The nearest of those that hold it, or FWT_NONE. */
static u32 twin_holds(const struct twin *t, const struct fwt_set_shape *s, bool six,
		      const u32 *key)
{
	u32 i, d, k, off, best = FWT_NONE;

	for (i = 0; i < t->n; i++) {
		bool in = t->e[i].there && t->e[i].six == six;

		for (d = 0, off = 0; in && d < s->n; off += s->dim[six][d++]) {
			u64 at[3][2] = { };

			/* As two numbers of 64 bits, of at most four words. */
			for (k = 0; k < s->dim[six][d]; k++) {
				u32 half = s->dim[six][d] > 2 ? k / 2 : 1;

				at[0][half] = at[0][half] << 32 | key[off + k];
				at[1][half] = at[1][half] << 32 | t->e[i].low[off + k];
				at[2][half] = at[2][half] << 32 | t->e[i].high[off + k];
			}
			if (at[0][0] < at[1][0] || (at[0][0] == at[1][0] && at[0][1] < at[1][1]))
				in = false;
			if (at[0][0] > at[2][0] || (at[0][0] == at[2][0] && at[0][1] > at[2][1]))
				in = false;
		}
		if (in && (best == FWT_NONE || twin_nearer(t, i, best, s->words[six])))
			best = i;
	}
	return best;
}

static u32 twin_find(const struct twin *t, bool six, const u32 *low, const u32 *high, u32 words)
{
	u32 i;

	for (i = 0; i < t->n; i++)
		if (t->e[i].there && t->e[i].six == six &&
		    !memcmp(t->e[i].low, low, words * 4) && !memcmp(t->e[i].high, high, words * 4))
			return i;
	return FWT_NONE;
}

/* Few values, so that elements overlap and meet. */
static void random_elem(const struct fwt_set_shape *s, bool six, u64 *state, u32 ranges,
			u32 *low, u32 *high)
{
	u32 d, off = 0, k, w;

	for (d = 0; d < s->n; off += w, d++) {
		w = s->dim[six][d];
		for (k = 0; k < w; k++)
			low[off + k] = k + 1 < w ? rnd(state, 2) : rnd(state, 500);
		memcpy(high + off, low + off, w * sizeof(u32));
		if (rnd(state, 100) >= ranges)
			continue;
		high[off + w - 1] += rnd(state, 40);
		if (w > 1 && !rnd(state, 3))
			high[off] = low[off] + 1;
	}
}

/* @map: what it gives is held against the twin's, too. */
static void twins_of(struct kunit *test, u32 n, u32 types, u32 ranges, u64 seed, bool map)
{
	struct rig *r = rig_of(test, n, types, map ? FWT_SET_TYPE_MARK : 0, 0);
	struct twin *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	const struct fwt_set_shape *s = &r->s->shape;
	u32 low[FWT_KEY_WORDS], high[FWT_KEY_WORDS], i, k, at, wrong = 0, hits = 0, value;
	u64 state = seed;

	KUNIT_ASSERT_NOT_NULL(test, t);
	for (i = 0; i < FWT_TEST_MANY(3000); i++) {
		bool six = s->split && rnd(&state, 2);

		random_elem(s, six, &state, ranges, low, high);
		at = twin_find(t, six, low, high, s->words[six]);
		if (t->n < TWIN_MAX && rnd(&state, 5)) {
			value = rnd(&state, 1000);
			KUNIT_ASSERT_EQ(test, insert_with(r, six, low, high, &value, 0), 0);
			if (at != FWT_NONE)
				t->e[at].value = value;
			if (at == FWT_NONE) {
				t->e[t->n].value = value;
				t->e[t->n].there = true;
				t->e[t->n].six = six;
				memcpy(t->e[t->n].low, low, sizeof(low));
				memcpy(t->e[t->n++].high, high, sizeof(high));
			}
		} else if (t->n) {
			if (rnd(&state, 2)) {
				at = rnd(&state, t->n);
				six = t->e[at].six;
				memcpy(low, t->e[at].low, sizeof(low));
				memcpy(high, t->e[at].high, sizeof(high));
				at = t->e[at].there ? at : FWT_NONE;
			}
			KUNIT_ASSERT_EQ(test, delete(r, six, low, high),
					at == FWT_NONE ? -ENOENT : 0);
			if (at != FWT_NONE)
				t->e[at] = t->e[--t->n];
		}
		for (k = 0; k < 20; k++) {
			bool is;

			six = s->split && rnd(&state, 2);
			random_elem(s, six, &state, 0, low, high);
			at = twin_holds(t, s, six, low);
			is = at != FWT_NONE;
			hits += is;
			value = 0;
			wrong += gives(r, six, low, map ? &value : NULL) != is;
			wrong += map && is && value != t->e[at].value;
		}
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_GT(test, hits, FWT_TEST_MANY(50));
	KUNIT_EXPECT_EQ(test, fwt_set_count(r->s), t->n);
}

static void twins(struct kunit *test, u32 n, u32 types, u32 ranges, u64 seed)
{
	twins_of(test, n, types, ranges, seed, false);
}

static void maps(struct kunit *test)
{
	twins_of(test, 1, FWT_SET_TYPE_ADDR, 0, 11, true);
	twins_of(test, 1, FWT_SET_TYPE_PORT, 70, 12, true);
	twins_of(test, 1, FWT_SET_TYPE_ADDR, 60, 13, true);
	twins_of(test, 2, FWT_SET_TYPE_PROTOCOL | FWT_SET_TYPE_PORT << 4, 80, 14, true);
}

static void keys(struct kunit *test)
{
	twins(test, 1, FWT_SET_TYPE_ADDR, 0, 1);
	twins(test, 1, FWT_SET_TYPE_IFNAME, 0, 2);
	twins(test, 1, FWT_SET_TYPE_PORT, 0, 3);
}

static void ranges(struct kunit *test)
{
	twins(test, 1, FWT_SET_TYPE_ADDR, 60, 4);
	twins(test, 1, FWT_SET_TYPE_PORT, 100, 5);
	twins(test, 1, FWT_SET_TYPE_MAC, 50, 6);
}

static void joined(struct kunit *test)
{
	twins(test, 2, FWT_SET_TYPE_PROTOCOL | FWT_SET_TYPE_PORT << 4, 50, 7);
	twins(test, 3, FWT_SET_TYPE_PROTOCOL | FWT_SET_TYPE_MARK << 4 | FWT_SET_TYPE_PORT << 8,
	      80, 8);
}

/* Elements that are there all the while are found at every moment while others make
 * the table grow and shrink.
 */
#define STAY 64

struct reader {
	struct rig *r;
	u64 looked;
	u64 missed;
};

static int read_all(void *data)
{
	struct reader *rd = data;
	u32 key;

	while (!kthread_should_stop()) {
		for (key = 0; key < STAY; key++)
			rd->missed += !has(rd->r, false, &key);
		rd->looked += STAY;
		cond_resched();
	}
	return 0;
}

static void readers(struct kunit *test)
{
	struct rig *r = rig_new(test, 1, FWT_SET_TYPE_ADDR, 1 << 20);
	struct reader rd = { .r = r };
	struct task_struct *task;
	u32 key, round, many = FWT_TEST_MANY(60000);

	for (key = 0; key < STAY; key++)
		KUNIT_ASSERT_EQ(test, insert(r, false, &key, &key, 0), 0);
	task = kthread_run(read_all, &rd, "fwt-set-reader");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	for (round = 0; round < 3; round++) {
		rcu_read_lock();
		for (key = 1000; key < 1000 + many; key++) {
			fwt_set_renew(r->s, r->fn->phase, false, &key, 0);
			if (!(key & 1023)) {
				rcu_read_unlock();
				cond_resched();
				rcu_read_lock();
			}
		}
		rcu_read_unlock();
		mutex_lock(&r->s->mutex);
		fwt_set_settle(r->s, false);
		mutex_unlock(&r->s->mutex);
		KUNIT_EXPECT_EQ(test, fwt_set_count(r->s), STAY + many);
		rcu_read_lock();
		for (key = 1000; key < 1000 + many; key++)
			fwt_set_remove(r->s, r->fn->phase, false, &key);
		rcu_read_unlock();
		mutex_lock(&r->s->mutex);
		fwt_set_settle(r->s, false);
		mutex_unlock(&r->s->mutex);
		KUNIT_EXPECT_EQ(test, fwt_set_count(r->s), STAY);
	}
	kthread_stop(task);
	KUNIT_EXPECT_EQ_MSG(test, rd.missed, 0, "of %llu", rd.looked);
	KUNIT_EXPECT_GT(test, rd.looked, 0);
}

static void timeouts(struct kunit *test)
{
	struct rig *r = rig_new(test, 1, FWT_SET_TYPE_ADDR, 4);
	u32 key = 1, low = 10, high = 20, in = 15, i;
	unsigned long begun = jiffies, end;

	KUNIT_EXPECT_EQ(test, insert(r, false, &key, &key, 300), 0);
	KUNIT_EXPECT_EQ(test, insert(r, false, &low, &high, 300), 0);
	/* In time, or, on a machine that stood still, anew: either way it is there. */
	rcu_read_lock();
	fwt_set_renew(r->s, r->fn->phase, false, &key, 600000);
	rcu_read_unlock();
	end = jiffies + 10 * HZ;
	while (has(r, false, &in) && time_before(jiffies, end))
		msleep(20);
	KUNIT_EXPECT_FALSE_MSG(test, has(r, false, &in), "is over");
	/* Time is told in steps of 64 ms there. */
	KUNIT_EXPECT_GE_MSG(test, jiffies_to_msecs(jiffies - begun), 300 - 64, "too early");
	KUNIT_EXPECT_TRUE_MSG(test, has(r, false, &key), "was renewed");
	end = jiffies + 10 * HZ;
	while (fwt_set_count(r->s) > 1 && time_before(jiffies, end))
		msleep(50);
	KUNIT_EXPECT_EQ_MSG(test, fwt_set_count(r->s), 1, "is collected");
	/* Full. */
	for (i = 100; i < 103; i++)
		KUNIT_EXPECT_EQ(test, insert(r, false, &i, &i, 0), 0);
	KUNIT_EXPECT_EQ(test, insert(r, false, &i, &i, 0), -ENOSPC);
	rcu_read_lock();
	fwt_set_renew(r->s, r->fn->phase, false, &i, 0);
	rcu_read_unlock();
	KUNIT_EXPECT_FALSE(test, has(r, false, &i));
	KUNIT_EXPECT_EQ(test, r->s->refused, 1);
	i = 100;
	KUNIT_EXPECT_EQ_MSG(test, insert(r, false, &i, &i, 1000), 0, "what is there is renewed");
}

/* Whoever puts a policy in force waits for no readers of its sets: there may be hundreds,
 * and RTNL may be held. Where there is one CPU, waiting for them is nothing.
 */
static void waits_for_nobody(struct kunit *test)
{
	struct rig *r = rig_new(test, 1, FWT_SET_TYPE_ADDR, 1000);
	u32 *word = kunit_kcalloc(test, 2 * 600, sizeof(u32), GFP_KERNEL), i;
	unsigned long waited = current->nvcsw;
	const u32 rounds = 100;

	KUNIT_ASSERT_NOT_NULL(test, word);
	/* Ranges and keys, by turns. */
	for (i = 0; i < 600; i++) {
		word[2 * i] = 16 * i;
		word[2 * i + 1] = 16 * i + (i & 1) * 7;
	}
	/* Of other numbers of them: the tables change their sizes, too. */
	for (i = 0; i < rounds; i++) {
		rig_base(r, word, i & 1 ? 600 : 20);
		KUNIT_EXPECT_EQ(test, rig_prepare(r), 0);
		rig_in_force(r);
		KUNIT_EXPECT_EQ(test, fwt_set_count(r->s), i & 1 ? 600u : 20u);
	}
	KUNIT_EXPECT_LT(test, current->nvcsw - waited, rounds / 2);
}

static int take_turns(void *data)
{
	u32 *turns = data;

	while (!kthread_should_stop()) {
		WRITE_ONCE(*turns, *turns + 1);
		schedule();
	}
	return 0;
}

/* Puts many ranges in order; had somebody else a turn meanwhile. */
static bool orders_by_turns(struct rig *r, const u32 *turns)
{
	u32 n = FWT_TEST_MANY(200000), before, low[2], high[2], i;
	struct fwt_set_ranges *a = fwt_set_ranges_new(&r->s->shape, false, n);
	bool ret;

	for (i = 0; a && i < n; i++) {
		low[0] = i * 0x9e3779b1u >> 1;
		low[1] = low[0] & 0x7fff;
		high[0] = low[0] + 5;
		high[1] = low[1] + 5;
		fwt_set_ranges_add(a, low, high, 1, NULL);
	}
	before = READ_ONCE(*turns);
	if (a)
		fwt_set_ranges_build(a);
	ret = READ_ONCE(*turns) != before;
	kvfree(a);
	return ret;
}

/* Whoever does lets others have the CPU now and then: when their time has come, which one
 * time may be too short for.
 */
static void lets_others_run(struct kunit *test)
{
	struct rig *r = rig_new(test, 2, FWT_SET_TYPE_ADDR | FWT_SET_TYPE_PORT << 4, 100);
	struct task_struct *task;
	u32 turns = 0, i;

	task = kthread_run(take_turns, &turns, "kunit-turns");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	while (!READ_ONCE(turns))
		msleep(20);
	for (i = 0; i < 100 && !orders_by_turns(r, &turns); i++)
		;
	KUNIT_EXPECT_LT(test, i, 100u);
	kthread_stop(task);
}

/* What a policy has is there from the moment that it is in force. */
static void base(struct kunit *test)
{
	static const u32 one[] = { 1, 1, 5, 9 }, two[] = { 1, 1, 20, 30 };
	struct rig *r = rig_new(test, 1, FWT_SET_TYPE_ADDR, 100);
	u32 k1 = 1, k7 = 7, k25 = 25, mine = 50;

	rig_base(r, one, 2);
	KUNIT_EXPECT_EQ(test, rig_prepare(r), 0);
	KUNIT_EXPECT_FALSE(test, has(r, false, &k1) || has(r, false, &k7));
	fwt_set_ops.cancel(&r->s->head);
	KUNIT_EXPECT_EQ_MSG(test, fwt_set_count(r->s), 0, "nothing is left of it");
	KUNIT_EXPECT_EQ(test, rig_prepare(r), 0);
	rig_in_force(r);
	KUNIT_EXPECT_TRUE(test, has(r, false, &k1) && has(r, false, &k7));
	KUNIT_EXPECT_EQ(test, insert(r, false, &mine, &mine, 0), 0);

	rig_base(r, two, 2);
	KUNIT_EXPECT_EQ(test, rig_prepare(r), 0);
	KUNIT_EXPECT_TRUE(test, has(r, false, &k7) && !has(r, false, &k25));
	fwt_set_ops.cancel(&r->s->head);
	KUNIT_EXPECT_TRUE(test, has(r, false, &k7) && has(r, false, &k1) && has(r, false, &mine));
	KUNIT_EXPECT_EQ(test, rig_prepare(r), 0);
	rig_in_force(r);
	KUNIT_EXPECT_TRUE(test, !has(r, false, &k7) && has(r, false, &k25));
	KUNIT_EXPECT_TRUE(test, has(r, false, &k1) && has(r, false, &mine));

	/* Gone back to. */
	rig_base(r, one, 2);
	KUNIT_EXPECT_EQ(test, rig_prepare(r), 0);
	rig_in_force(r);
	KUNIT_EXPECT_TRUE(test, has(r, false, &k7) && !has(r, false, &k25) &&
			  has(r, false, &mine));
	/* One that is added, taken out of the text, and stays by that. */
	KUNIT_EXPECT_EQ(test, insert(r, false, &k1, &k1, 0), 0);
	rig_base(r, one, 0);
	KUNIT_EXPECT_EQ(test, rig_prepare(r), 0);
	rig_in_force(r);
	KUNIT_EXPECT_TRUE(test, has(r, false, &k1) && !has(r, false, &k7));
	KUNIT_EXPECT_EQ(test, fwt_set_count(r->s), 2);
}

/* The policy has it from now on, or no more, as names come and go. */
static int by_name(struct rig *r, bool add, const u32 *low, const u32 *high)
{
	struct fwt_set_elem e = { .low = low, .high = high, .file = true };
	int ret;

	mutex_lock(&r->s->mutex);
	ret = add ? fwt_set_insert(r->s, &e) : fwt_set_delete(r->s, &e);
	fwt_set_settle(r->s, false);
	mutex_unlock(&r->s->mutex);
	return ret;
}

static void names(struct kunit *test)
{
	static const u32 text[] = { 1, 1 };
	struct rig *r = rig_new(test, 1, FWT_SET_TYPE_ADDR, 4);
	u32 k1 = 1, k2 = 2, k3 = 3, k4 = 4, k9 = 9, lo = 20, hi = 29, in = 25;

	rig_base(r, text, 1);
	KUNIT_EXPECT_EQ(test, rig_prepare(r), 0);
	rig_in_force(r);
	KUNIT_EXPECT_EQ(test, by_name(r, true, &k2, &k2), 0);
	KUNIT_EXPECT_EQ(test, by_name(r, true, &lo, &hi), 0);
	KUNIT_EXPECT_TRUE(test, has(r, false, &k2) && has(r, false, &in));
	KUNIT_EXPECT_EQ(test, by_name(r, false, &lo, &hi), 0);
	KUNIT_EXPECT_FALSE(test, has(r, false, &in));
	KUNIT_EXPECT_EQ_MSG(test, by_name(r, false, &lo, &hi), 0, "once more is no error");
	KUNIT_EXPECT_EQ(test, fwt_set_count(r->s), 2);

	/* A rule adds nothing to what is there by name; it goes with the name. */
	rcu_read_lock();
	fwt_set_renew(r->s, r->fn->phase, false, &k2, 10);
	rcu_read_unlock();
	msleep(200);
	KUNIT_EXPECT_TRUE(test, has(r, false, &k2));
	KUNIT_EXPECT_EQ(test, by_name(r, false, &k2, &k2), 0);
	KUNIT_EXPECT_FALSE(test, has(r, false, &k2));

	/* Held twice: by hand and by name, whichever came first. */
	KUNIT_EXPECT_EQ(test, insert(r, false, &k3, &k3, 3600000), 0);
	KUNIT_EXPECT_EQ(test, by_name(r, true, &k3, &k3), 0);
	KUNIT_EXPECT_EQ(test, by_name(r, true, &k4, &k4), 0);
	KUNIT_EXPECT_EQ(test, insert(r, false, &k4, &k4, 3600000), 0);
	KUNIT_EXPECT_EQ(test, fwt_set_count(r->s), 3);
	KUNIT_EXPECT_EQ(test, by_name(r, false, &k3, &k3), 0);
	KUNIT_EXPECT_EQ(test, by_name(r, false, &k4, &k4), 0);
	KUNIT_EXPECT_TRUE(test, has(r, false, &k3) && has(r, false, &k4));
	/* And what is said of a time is gone when that is over, not before. */
	KUNIT_EXPECT_EQ(test, insert(r, false, &k4, &k4, 10), 0);
	KUNIT_EXPECT_EQ(test, by_name(r, true, &k4, &k4), 0);
	msleep(200);
	KUNIT_EXPECT_TRUE(test, has(r, false, &k4));
	KUNIT_EXPECT_EQ(test, by_name(r, false, &k4, &k4), 0);
	KUNIT_EXPECT_FALSE(test, has(r, false, &k4));

	/* While another policy is prepared, which has it, or has it not. */
	KUNIT_EXPECT_EQ(test, by_name(r, true, &k2, &k2), 0);
	KUNIT_EXPECT_EQ(test, rig_prepare(r), 0);
	KUNIT_EXPECT_EQ(test, by_name(r, false, &k1, &k1), 0);
	KUNIT_EXPECT_TRUE(test, !has(r, false, &k1) && has(r, false, &k2));
	rig_in_force(r);
	KUNIT_EXPECT_TRUE(test, has(r, false, &k1) && !has(r, false, &k2));

	/* Full. */
	while (fwt_set_count(r->s) < 4) {
		k9++;
		KUNIT_ASSERT_EQ(test, insert(r, false, &k9, &k9, 0), 0);
	}
	KUNIT_EXPECT_EQ(test, by_name(r, true, &k2, &k2), -ENOSPC);
	KUNIT_EXPECT_EQ(test, by_name(r, true, &k9, &k9), 0);
}

/* That the policy's elements are others is known: its text alone is not what is there. */
static void changed(struct kunit *test)
{
	struct rig *r = rig_new(test, 1, FWT_SET_TYPE_ADDR, 100);
	static const u32 word[] = { 1, 1, 5, 9 };
	u32 k1 = 1, k2 = 2;

#define CHANGES(what, does) do {						\
	r->fn->sets_changed = false;						\
	KUNIT_EXPECT_EQ(test, what, 0);						\
	KUNIT_EXPECT_EQ_MSG(test, r->fn->sets_changed, does, #what);		\
} while (0)
	rig_base(r, word, 2);
	KUNIT_ASSERT_EQ(test, rig_prepare(r), 0);
	rig_in_force(r);
	CHANGES(insert(r, false, &k2, &k2, 0), false);
	CHANGES(delete(r, false, &k2, &k2), false);
	/* Who asks by netlink says what it gives, which of a set is nothing. */
	CHANGES(insert_with(r, false, &k1, &k1, &k2, 0), false);
	CHANGES(by_name(r, true, &k1, &k1), false);
	CHANGES(by_name(r, true, &k2, &k2), true);
	CHANGES(by_name(r, true, &k2, &k2), false);
	CHANGES(by_name(r, false, &k2, &k2), true);
	CHANGES(by_name(r, false, &k2, &k2), false);
	CHANGES(by_name(r, false, &word[2], &word[3]), true);
	CHANGES(delete(r, false, &k1, &k1), true);
#undef CHANGES
}

static u64 table_bytes(const struct rig *r)
{
	return rcu_dereference_protected(r->s->part[0].keys.tab, true)->size;
}

/* The time of a look-up, for people: of a thousand elements and of a million. */
static void speed(struct kunit *test)
{
	u32 size[] = { 1000, FWT_TEST_MANY(1000000) }, i, k, block, key, found;
	u64 ns, best, state;

	for (i = 0; i < 2; i++) {
		struct rig *r = rig_new(test, 1, FWT_SET_TYPE_ADDR, 1 << 21);

		rcu_read_lock();
		for (k = 0; k < size[i]; k++) {
			key = k * 2654435761u;
			fwt_set_renew(r->s, r->fn->phase, false, &key, 0);
			if (!(k & 0xfff)) {
				rcu_read_unlock();
				mutex_lock(&r->s->mutex);
				fwt_set_settle(r->s, false);
				mutex_unlock(&r->s->mutex);
				rcu_read_lock();
			}
		}
		rcu_read_unlock();
		KUNIT_EXPECT_EQ(test, fwt_set_count(r->s), size[i]);
		state = 9;
		found = 0;
		best = U64_MAX;
		/* The best of many blocks: the machine has others to serve. */
		for (block = 0; block < 50; block++) {
			rcu_read_lock();
			ns = ktime_get_ns();
			for (k = 0; k < 20000; k++) {
				key = rnd(&state, 2 * size[i]) * 2654435761u;
				found += fwt_set_has(r->s, r->fn->phase, false, &key, NULL, NULL);
			}
			ns = ktime_get_ns() - ns;
			rcu_read_unlock();
			best = min(best, ns);
			cond_resched();
		}
		kunit_info(test, "%u elements, %llu bytes: %llu ns a look-up, %u found",
			   size[i], table_bytes(r), best / 20000, found);
	}
}

/* What is said of a set that is not there fits, whatever it was called: what does not would
 * be written to the kernel's log.
 */
static void long_names(struct kunit *test)
{
	static const u32 letters[] = { 1, 31, 32, FWT_NAME_MAX, FWT_NAME_MAX + 1, 300 };
	struct nlattr *a = kunit_kzalloc(test, nla_total_size(301), GFP_KERNEL);
	struct genlmsghdr genl = { .cmd = FWTREE_CMD_SET_FLUSH };
	struct nlattr *attrs[FWTREE_A_SET_MAX + 1] = { };
	struct fwt_test_ns *ns = fwt_test_netns_new();
	size_t len;
	void *blob;
	u32 i;

	KUNIT_ASSERT_TRUE(test, a && ns);
	blob = fwt_test_always(test, FWT_VERDICT_ACCEPT, &len);
	fwt_test_apply(test, ns, blob, len);
	attrs[FWTREE_A_SET_NAME] = a;
	for (i = 0; i < ARRAY_SIZE(letters); i++) {
		struct netlink_ext_ack extack = { };
		struct genl_info info = {
			.genlhdr = &genl, .attrs = attrs, .extack = &extack,
		};

		genl_info_net_set(&info, ns->net);
		a->nla_type = FWTREE_A_SET_NAME;
		a->nla_len = nla_attr_size(letters[i] + 1);
		memset(nla_data(a), '\n', letters[i]);
		((char *)nla_data(a))[letters[i]] = 0;
		KUNIT_EXPECT_EQ(test, fwtree_nl_set_flush_doit(NULL, &info),
				letters[i] > FWT_NAME_MAX ? -EINVAL : -ENOENT);
		if (!extack._msg) {
			KUNIT_FAIL(test, "%u letters: nothing is said", letters[i]);
			continue;
		}
		/* One that was cut fills what there is: 80 bytes. */
		KUNIT_EXPECT_LT_MSG(test, strlen(extack._msg), 79, "%u letters", letters[i]);
	}
	fwt_test_clear(test, ns);
	fwt_test_netns_free(ns);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_SLOW(keys),
	KUNIT_CASE(ranges),
	KUNIT_CASE_SLOW(joined),
	KUNIT_CASE_SLOW(maps),
	KUNIT_CASE_SLOW(readers),
	KUNIT_CASE_SLOW(timeouts),
	KUNIT_CASE(base),
	KUNIT_CASE(waits_for_nobody),
	KUNIT_CASE(lets_others_run),
	KUNIT_CASE_SLOW(names),
	KUNIT_CASE(changed),
	KUNIT_CASE(long_names),
	KUNIT_CASE_SLOW(speed),
	{ }
};

static struct kunit_suite suite = {
	.name = "fwtree-set",
	.test_cases = cases,
};

kunit_test_suite(suite);
