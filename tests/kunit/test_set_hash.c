// SPDX-License-Identifier: GPL-2.0
/* The hash of live sets: against an array of all keys there may be, and under readers. */
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "set_hash.h"
#include "set_table.h"
#include "test.h"

#define KEYS		4096
#define SURE		1u
#define VALUES		2u

/* All keys there may be: @lease 0: it is not there. */
struct twin {
	struct fwt_set_hash h;
	spinlock_t lock;	/* the hash */
	struct fwt_pot pot;		/* the whole machine */
	struct fwt_share memory;
	u32 words;
	u32 value_words;
	u64 state;
	u32 count;
	u32 key[KEYS];	/* in their order */
	u32 lease[KEYS];
	u32 value[KEYS][VALUES];
	u8 met[KEYS];
	u32 changed;
	u32 wrong;
};

static u32 rnd(struct twin *t, u32 below)
{
	t->state = t->state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(t->state >> 33) % below;
}

static int by_number(const void *a, const void *b)
{
	return *(const u32 *)a < *(const u32 *)b ? -1 : *(const u32 *)a > *(const u32 *)b;
}

/* Enough to have narrow buckets. */
#define MANY		400000

/* Small numbers, 0 among them, which is what free slots have; some far apart; and many of
 * a few narrow buckets.
 */
static void make_keys(struct twin *t)
{
	struct fwt_set_name name;
	u32 i, bucket, key;
	bool twice;

	for (i = 0; i < KEYS / 4; i++)
		t->key[i] = i;
	for (; i < KEYS / 2; i++)
		t->key[i] = i * 2654435761u;
	for (; i < KEYS && t->words > 1; i++)
		t->key[i] = i * 2654435761u;
	for (; i < KEYS; i++) {
		bucket = i % 20 * (FWT_SET_NARROW_MIN - 1) / 19;
		do {
			key = fwt_set_key_of(&t->h, FWT_SET_NARROW_MIN, bucket,
					     rnd(t, FWT_SET_NARROW_BITS + 1));
			name = fwt_set_name_of(&t->h, &key);
		} while (fwt_set_bucket_of(FWT_SET_NARROW_MIN, name.hash) != bucket);
		t->key[i] = key;
	}
	do {
		sort(t->key, KEYS, sizeof(u32), by_number, NULL);
		for (twice = false, i = 1; i < KEYS; i++) {
			if (t->key[i] != t->key[i - 1])
				continue;
			t->key[i] = rnd(t, U32_MAX);
			twice = true;
		}
	} while (twice);
}

static void key_of(const struct twin *t, u32 i, u32 *key)
{
	u32 k;

	for (k = 0; k < t->words; k++)
		key[k] = k ? i >> k : t->key[i];
}

static u32 number_of(const struct twin *t, const u32 *key)
{
	u32 from = 0, to = KEYS;

	while (from + 1 < to) {
		u32 mid = (from + to) / 2;

		if (t->key[mid] <= key[0])
			from = mid;
		else
			to = mid;
	}
	return t->key[from] == key[0] ? from : KEYS;
}

static bool is_sure(u32 lease)
{
	return lease & SURE;
}

static void twin_free(void *data)
{
	struct twin *t = data;

	fwt_set_hash_clean(&t->h);
	rcu_barrier();
	flush_workqueue(fwt_wq);
	if (fwt_share_bytes(&t->memory))
		pr_err("memory of a hash is left in the books\n");
	kvfree(t);
}

static struct twin *twin_new(struct kunit *test, u32 words, u32 value_words, u64 seed)
{
	struct twin *t = kvzalloc(sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	spin_lock_init(&t->lock);
	t->memory.pot = &t->pot;
	t->words = words;
	t->value_words = value_words;
	t->state = seed;
	KUNIT_ASSERT_EQ(test, fwt_set_hash_init(&t->h, words, value_words, is_sure, &t->lock,
						&t->memory), 0);
	make_keys(t);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, twin_free, t), 0);
	return t;
}

static void put(struct kunit *test, struct twin *t, u32 i, u32 lease)
{
	u32 key[FWT_KEY_WORDS], value[VALUES] = { rnd(t, 1000), rnd(t, 1000) };
	bool values = !t->lease[i] || rnd(t, 2);

	key_of(t, i, key);
	spin_lock_bh(&t->lock);
	KUNIT_EXPECT_EQ(test, fwt_set_hash_put(&t->h, key, lease, values ? value : NULL,
					       rnd(t, 2)), 0);
	spin_unlock_bh(&t->lock);
	t->count += !t->lease[i];
	t->lease[i] = lease;
	if (values)
		memcpy(t->value[i], value, sizeof(value));
}

static void take(struct kunit *test, struct twin *t, u32 i)
{
	u32 key[FWT_KEY_WORDS];

	key_of(t, i, key);
	spin_lock_bh(&t->lock);
	KUNIT_EXPECT_EQ(test, fwt_set_hash_remove(&t->h, key), t->lease[i] != 0);
	spin_unlock_bh(&t->lock);
	t->count -= !!t->lease[i];
	t->lease[i] = 0;
}

static void look(struct twin *t, u32 i)
{
	u32 key[FWT_KEY_WORDS], value[VALUES] = { }, got;
	bool unsure = false;
	u32 k;

	key_of(t, i, key);
	rcu_read_lock();
	t->wrong += fwt_set_hash_find(&t->h, key) != t->lease[i];
	got = fwt_set_hash_look(&t->h, key, t->value_words ? value : NULL);
	rcu_read_unlock();
	if (got == FWT_SET_SURE)
		t->wrong += !is_sure(t->lease[i]);
	else
		t->wrong += got != t->lease[i];
	for (k = 0; got && k < t->value_words; k++)
		t->wrong += value[k] != t->value[i][k];
	/* Where all hold for ever, no lease is asked. */
	if (got && got != FWT_SET_SURE) {
		for (k = 0; k < KEYS && !unsure; k++)
			unsure = t->lease[k] && !is_sure(t->lease[k]);
		t->wrong += !unsure;
	}
}

/* Some are changed, some go. */
static u32 meet(void *ctx, const u32 *key, u32 lease, const u32 *value)
{
	struct twin *t = ctx;
	u32 i = number_of(t, key), k, want[FWT_KEY_WORDS];

	if (i >= KEYS) {
		t->wrong++;
		return lease;
	}
	key_of(t, i, want);
	t->wrong += !!memcmp(key, want, t->words * sizeof(u32));
	t->wrong += lease != t->lease[i] || t->met[i]++;
	for (k = 0; k < t->value_words; k++)
		t->wrong += value[k] != t->value[i][k];
	if (!t->changed || rnd(t, t->changed))
		return lease;
	t->lease[i] = rnd(t, 2) ? 0 : 1 + rnd(t, 9);
	t->count -= !t->lease[i];
	return t->lease[i];
}

static struct fwt_set_table *table(struct twin *t)
{
	return rcu_dereference_protected(t->h.tab, true);
}

static void resize(struct twin *t)
{
	fwt_set_hash_resize(&t->h, t->words > 1 || rnd(t, 5) ? rnd(t, 2 * KEYS) :
			    MANY + rnd(t, MANY), rnd(t, 2));
}

/* Whatever is resized on the way, each is met once. */
static void walk(struct twin *t, u32 parts, bool resized)
{
	u64 at = 0;
	u32 i;

	memset(t->met, 0, sizeof(t->met));
	while (at < FWT_SET_HASHES) {
		spin_lock_bh(&t->lock);
		if (rnd(t, 2))
			fwt_set_hash_walk(&t->h, &at, 1 + rnd(t, parts), meet, t);
		else
			at = fwt_set_hash_part(&t->h, at, rnd(t, 4), meet, t);
		spin_unlock_bh(&t->lock);
		if (resized && !rnd(t, 4 + table(t)->n / 20))
			resize(t);
	}
	for (i = 0; i < KEYS; i++)
		t->wrong += t->lease[i] && !t->met[i];
}

static void books(struct kunit *test, const struct twin *t, u64 bytes)
{
	rcu_barrier();
	flush_workqueue(fwt_wq);
	KUNIT_EXPECT_EQ(test, fwt_share_bytes(&t->memory), bytes);
}

static void against(struct kunit *test, u32 words, u32 value_words, u64 seed)
{
	struct twin *t = twin_new(test, words, value_words, seed);
	u32 round, i, of = KEYS, narrow = 0;

	for (round = 0; round < FWT_TEST_MANY(40000); round++) {
		if (!(round % 1000))
			of = 1 + rnd(t, KEYS);
		i = rnd(t, of);
		if (rnd(t, 5) < (round / 2000) % 4)
			put(test, t, i, rnd(t, 3) ? SURE : 2 + 2 * rnd(t, 9));
		else
			take(test, t, i);
		if (!rnd(t, 500))
			resize(t);
		if (words == 1 && round % 1000 == 500)
			fwt_set_hash_resize(&t->h, MANY, rnd(t, 2));
		narrow += table(t)->narrow;
		if (fwt_set_hash_misfit(&t->h) && !rnd(t, 200))
			KUNIT_EXPECT_EQ(test, fwt_set_hash_resize(&t->h, t->count * 3 / 2,
								  rnd(t, 2)), 0);
		look(t, i);
		look(t, rnd(t, KEYS));
		look(t, 0);
		if (!rnd(t, 400)) {
			t->changed = rnd(t, 2) ? 10 : 0;
			walk(t, 8, rnd(t, 2));
		}
	}
	KUNIT_EXPECT_EQ(test, t->wrong, 0);
	KUNIT_EXPECT_EQ(test, t->h.count, t->count);
	if (words == 1)
		KUNIT_EXPECT_GT(test, narrow, FWT_TEST_MANY(1000));
	else
		KUNIT_EXPECT_EQ(test, narrow, 0);
	for (i = 0; i < KEYS; i++)
		if (t->lease[i])
			take(test, t, i);
	KUNIT_EXPECT_EQ(test, t->h.count, 0);
	KUNIT_EXPECT_EQ(test, t->h.unsure, 0);
	KUNIT_EXPECT_FALSE(test, t->h.timed || t->h.used);
	/* Of whomever each table and bucket was, the books are right. */
	books(test, t, table(t)->taken);
	KUNIT_EXPECT_EQ(test, fwt_set_hash_resize(&t->h, 2000, true), 0);
	KUNIT_EXPECT_EQ(test, fwt_set_hash_resize(&t->h, 2500, true), 0);
	books(test, t, table(t)->size);
	KUNIT_EXPECT_EQ(test, fwt_set_hash_resize(&t->h, 3000, false), 0);
	books(test, t, 0);
}

static void one_word(struct kunit *test)
{
	against(test, 1, 0, 1);
	against(test, 1, VALUES, 2);
}

static void more_words(struct kunit *test)
{
	against(test, 2, 0, 3);
	against(test, 4, 1, 4);
	against(test, FWT_KEY_WORDS, VALUES, 5);
}

/* A reader is never told that one holds for ever that does not, in whatever moment the
 * last such one goes or the first comes; and one that is there is found.
 */
struct reader {
	struct twin *t;
	u64 looked;
	u64 missed;
	u64 wrong;
};

static int read_both(void *data)
{
	struct reader *r = data;
	u32 there = 5, comes = 6, got;

	while (!kthread_should_stop()) {
		rcu_read_lock();
		r->missed += !fwt_set_hash_look(&r->t->h, &there, NULL);
		got = fwt_set_hash_look(&r->t->h, &comes, NULL);
		rcu_read_unlock();
		r->wrong += got && got != 2;
		if (!(r->looked++ & 1023))
			cond_resched();
	}
	return 0;
}

static void readers(struct kunit *test)
{
	struct twin *t = twin_new(test, 1, 0, 6);
	struct reader r = { .t = t };
	struct task_struct *task;
	u32 round;

	put(test, t, 5, SURE);
	task = kthread_run(read_both, &r, "fwt-set-hash");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	for (round = 0; round < FWT_TEST_MANY(400000); round++) {
		put(test, t, 6, 2);
		take(test, t, 6);
		if (!(round % (FWT_TEST_MANY(400000) / 50)))
			fwt_set_hash_resize(&t->h, rnd(t, 100), rnd(t, 2));
		cond_resched();
	}
	while (!READ_ONCE(r.looked))
		schedule_timeout_uninterruptible(1);
	kthread_stop(task);
	KUNIT_EXPECT_EQ_MSG(test, r.missed, 0, "of %llu", r.looked);
	KUNIT_EXPECT_EQ_MSG(test, r.wrong, 0, "of %llu", r.looked);
}

/* A narrow name is one key's, in a bucket of any size, and a free slot's is nobody's. */
static void narrow_names(struct kunit *test)
{
	static const u32 n[] = {
		FWT_SET_NARROW_MIN, 47620, 65535, 65536, 65537, 1000003, FWT_SET_BUCKETS_MAX,
	};
	struct twin *t = twin_new(test, 1, 0, 7);
	u32 i, k, key, bucket, wrong = 0;
	struct fwt_set_table *of;

	for (i = 0; i < ARRAY_SIZE(n); i++) {
		for (k = 0; k < FWT_TEST_MANY(100000); k++) {
			struct fwt_set_name name;

			key = k < 1000 ? k : k < 2000 ? ~k : rnd(t, 1u << 31) << 1 | (k & 1);
			name = fwt_set_name_of(&t->h, &key);
			bucket = fwt_set_bucket_of(n[i], name.hash);
			wrong += fwt_set_key_of(&t->h, n[i], bucket, name.narrow) != key;
		}
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	of = fwt_set_table_alloc(&t->h, FWT_SET_NARROW_MIN, true, false);
	KUNIT_ASSERT_FALSE(test, IS_ERR(of));
	for (i = 0; i < of->n; i++) {
		key = fwt_set_key_of(&t->h, of->n, i, fwt_set_nobody(of, i));
		wrong += fwt_set_bucket_of(of->n, fwt_set_name_of(&t->h, &key).hash) == i;
		wrong += fwt_set_narrow_has(&of->bucket[i], fwt_set_nobody(of, i) ^ 0x10000);
		wrong += !fwt_set_narrow_has(&of->bucket[i], fwt_set_nobody(of, i));
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	fwt_set_table_free(&t->h, of);
}

/* Keys that somebody chose, to whom the hash is unknown: no bucket gets many. */
static u32 fullest(struct twin *t, u16 *in, u32 buckets, u32 keys, u32 first, u32 step)
{
	u32 i, most = 0;

	memset(in, 0, buckets * sizeof(*in));
	for (i = 0; i < keys; i++) {
		u32 key = first + i * step;
		u32 bucket = fwt_set_bucket_of(buckets, fwt_set_name_of(&t->h, &key).hash);

		most = max_t(u32, most, ++in[bucket]);
	}
	return most;
}

static void spread(struct kunit *test)
{
	static const u32 step[] = { 1, 2, 3, 256, 257, 65535, 65536, 65537, 1 << 20, 1 << 24 };
	struct twin *t = twin_new(test, 1, 0, 8);
	u16 *in = kvcalloc(FWT_SET_NARROW_MIN, sizeof(*in), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, in);
	for (i = 0; i < ARRAY_SIZE(step); i++) {
		/* As many as there are of that kind. */
		u32 most = min_t(u64, 20 * FWT_SET_NARROW_MIN, BIT_ULL(32) / step[i]);

		KUNIT_EXPECT_LT_MSG(test, fullest(t, in, FWT_SET_NARROW_MIN, most, 0, step[i]),
				    80, "step %u", step[i]);
		KUNIT_EXPECT_LT_MSG(test, fullest(t, in, 64, min(most, 640), 7, step[i]), 50,
				    "of 64, step %u", step[i]);
	}
	kvfree(in);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_SLOW(one_word),
	KUNIT_CASE_SLOW(more_words),
	KUNIT_CASE_SLOW(readers),
	KUNIT_CASE_SLOW(narrow_names),
	KUNIT_CASE(spread),
	{ }
};

static struct kunit_suite suite = {
	.name = "fwtree-set-hash",
	.test_cases = cases,
};

kunit_test_suite(suite);
