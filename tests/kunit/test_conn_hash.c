// SPDX-License-Identifier: GPL-2.0
/*
 * The hash of connections (R24): its key is its own and unknown; what a bucket can
 * hold is bounded; nothing is lost or met twice while it is made anew.
 */
#include <linux/delay.h>

#include "conns.h"
#include "test.h"

#define N	2000

static u32 fullest(struct fwt_net *fn)
{
	struct fwt_conn *c[FWT_HASH_MOST];
	struct fwt_hash_walk w = { };
	u64 at[FWT_HASH_MOST];

	rcu_read_lock();
	while (!w.done)
		fwt_hash_next(&fn->conns, &w, c, at);
	rcu_read_unlock();
	return w.most;
}

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
	fwt_test_settle(fn);
	/* At random, with 4.7 to a bucket at most, 28 of them share one once in
	 * 10^13 buckets.
	 */
	KUNIT_EXPECT_LE_MSG(test, fullest(fn), 27, "in the fullest bucket");
}

#define FEW	2000

/* The same connections stand elsewhere in another table: what was learned of one
 * (by timing, say) is of no use in the other.
 */
static void tables_differ(struct kunit *test)
{
	struct fwt_net *fn[2] = { fwt_test_net(test), fwt_test_net(test) };
	u32 i, same = 0;

	for (i = 0; i < FEW; i++) {
		struct fwt_tuple t = fwt_test_tuple(4, i, 1000, 0xffff02, 53);

		same += fwt_hash_tuple(&fn[0]->conns, &t) >> 58 ==
			fwt_hash_tuple(&fn[1]->conns, &t) >> 58;
	}
	/* One of 64 by chance. */
	KUNIT_EXPECT_LE_MSG(test, same, FEW / 32, "in the same place of both");
}

/* Who knew the key could fill one bucket: so far and no further, and it harms
 * none but those of that bucket.
 */
static void buckets_are_capped(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	u32 i, n = 0, refused = 0, lost = 0;
	struct fwt_tuple *in;
	struct fwt_tuple t;
	struct fwt_conn *c, *last = NULL;
	int dir, ret;

	in = kunit_kcalloc(test, FWT_HASH_MOST + 1, sizeof(*in), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, in);
	for (i = 0; i < 1u << 20 && n < FWT_HASH_MOST + 8; i++) {
		t = fwt_test_tuple(4, i, 1000, 0xffff02, 53);
		if (fwt_hash_tuple(&fn->conns, &t) >> 52)
			continue;
		n++;
		ret = fwt_test_insert(fn, &t, NULL, &c);
		if (ret) {
			KUNIT_EXPECT_EQ(test, ret, -ENOSPC);
			refused++;
			continue;
		}
		KUNIT_ASSERT_LE(test, n, FWT_HASH_MOST);
		last = c;
		in[n] = t;
	}
	KUNIT_EXPECT_EQ_MSG(test, n, FWT_HASH_MOST + 8, "tuples of one bucket");
	KUNIT_EXPECT_EQ_MSG(test, refused, 8, "refused");
	for (i = 1; i <= FWT_HASH_MOST; i++)
		lost += !fwt_test_find(fn, &in[i], &dir);
	KUNIT_EXPECT_EQ_MSG(test, lost, 0, "not found");
	KUNIT_EXPECT_EQ(test, fullest(fn), FWT_HASH_MOST);
	/* Elsewhere there is room, and here when one has gone. */
	t = fwt_test_tuple(6, 1, 1000, 2, 53);
	KUNIT_EXPECT_EQ(test, fwt_test_insert(fn, &t, NULL, &c), 0);
	KUNIT_EXPECT_TRUE(test, fwt_test_end_conn(last));
	KUNIT_EXPECT_EQ(test, fwt_test_insert(fn, &in[FWT_HASH_MOST], NULL, &c), 0);
	for (i = 1; i <= FWT_HASH_MOST; i++)
		lost += !fwt_test_find(fn, &in[i], &dir);
	KUNIT_EXPECT_EQ_MSG(test, lost, 0, "not found");
}

static bool absent(struct fwt_net *fn, const struct fwt_tuple *t)
{
	bool yes;

	rcu_read_lock();
	yes = fwt_hash_absent(&fn->conns, fwt_hash_tuple(&fn->conns, t));
	rcu_read_unlock();
	return yes;
}

/* What a bucket's head says: never that one is not there who is, also while the table
 * grows; and of most who are not it says so.
 */
static void heads_know_who_is_absent(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	u32 i, k, wrong = 0, plain = 0;
	struct fwt_tuple t;
	struct fwt_conn *c;

	for (i = 0; i < N; i++) {
		t = fwt_test_tuple(i & 1 ? 6 : 4, i, 1000, 0xffff02, 53);
		KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, NULL, &c), 0);
		k = get_random_u32_below(i + 1);
		t = fwt_test_tuple(k & 1 ? 6 : 4, k, 1000, 0xffff02, 53);
		wrong += absent(fn, &t);
	}
	fwt_test_settle(fn);
	for (i = 0; i < 2 * N; i++) {
		t = fwt_test_tuple(i & 1 ? 6 : 4, i, 1000, 0xffff02, 53);
		if (!absent(fn, &t))
			continue;
		wrong += i < N;
		plain++;
	}
	KUNIT_EXPECT_EQ_MSG(test, wrong, 0, "there, and said not to be");
	KUNIT_EXPECT_GE_MSG(test, plain, N / 4 * 3, "of those that are not there");
}

/* SipHash of two words as its authors tell it, with any number of rounds. */
static u64 plain_siphash(const u64 *w, const siphash_key_t *key, u32 rounds, u32 last)
{
	u64 v[4] = {
		SIPHASH_CONST_0 ^ key->key[0], SIPHASH_CONST_1 ^ key->key[1],
		SIPHASH_CONST_2 ^ key->key[0], SIPHASH_CONST_3 ^ key->key[1],
	};
	u64 in[3] = { w[0], w[1], 16ull << 56 };
	u32 i, k;

	for (i = 0; i < ARRAY_SIZE(in); i++) {
		v[3] ^= in[i];
		for (k = 0; k < rounds; k++)
			SIPHASH_PERMUTATION(v[0], v[1], v[2], v[3]);
		v[0] ^= in[i];
	}
	v[2] ^= 0xff;
	for (k = 0; k < last; k++)
		SIPHASH_PERMUTATION(v[0], v[1], v[2], v[3]);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* The twin is the kernel's siphash_2u64() with its rounds, and ours with ours. */
static void hash_is_siphash(struct kunit *test)
{
	u32 i, kernels = 0, ours = 0;
	siphash_key_t key;
	u64 w[2];

	for (i = 0; i < N; i++) {
		get_random_bytes(&key, sizeof(key));
		get_random_bytes(w, sizeof(w));
		kernels += plain_siphash(w, &key, 2, 4) != siphash_2u64(w[0], w[1], &key);
		ours += plain_siphash(w, &key, 1, 3) != fwt_hash_two(w[0], w[1], &key);
	}
	KUNIT_EXPECT_EQ(test, kernels, 0);
	KUNIT_EXPECT_EQ(test, ours, 0);
}

struct met {
	u32 n;
	bool stopped;
};

/* Stops before each one once. */
static int stop_then_count(struct fwt_conn *c, void *ctx)
{
	struct met *m = ctx;

	m->stopped = !m->stopped;
	if (m->stopped)
		return -EMSGSIZE;
	m->n++;
	return 0;
}

/* A chain that is longer than what is carried over at a time, into a larger table
 * and into a smaller one; a walk that stops at each record in between.
 */
static void long_chains_are_carried(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	u32 i, n = 0, lost = 0, most = FWT_HASH_MOST - 2;
	struct fwt_hash_walk w = { };
	struct fwt_conn *c, **more;
	struct fwt_tuple t, *in;
	struct met met = { };
	int dir, ret;

	in = kunit_kcalloc(test, most, sizeof(*in), GFP_KERNEL);
	more = kunit_kcalloc(test, 2000, sizeof(*more), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, in);
	KUNIT_ASSERT_NOT_NULL(test, more);
	for (i = 0; i < 1u << 20 && n < most; i++) {
		t = fwt_test_tuple(4, i, 1000, 0xffff02, 53);
		if (fwt_hash_tuple(&fn->conns, &t) >> 52)
			continue;
		KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, NULL, &c), 0);
		in[n++] = t;
	}
	KUNIT_ASSERT_EQ(test, n, most);
	for (i = 0; i < 2000; i++) {
		t = fwt_test_tuple(6, i, 1000, 0xffff02, 53);
		/* The full bucket refuses its own until the others have their share. */
		if (fwt_test_insert(fn, &t, NULL, &more[i]))
			more[i] = NULL;
	}
	fwt_test_settle(fn);
	KUNIT_EXPECT_GT(test, (u32)fn->conns.bits, 6);
	KUNIT_EXPECT_GE(test, fullest(fn), most);
	for (i = 0; i < most; i++)
		lost += !fwt_test_find(fn, &in[i], &dir);
	KUNIT_EXPECT_EQ_MSG(test, lost, 0, "not found in the larger table");
	for (i = 0; i < 2000; i++)
		if (more[i])
			fwt_test_end_conn(more[i]);
	fwt_hash_shrink(&fn->conns);
	fwt_test_settle(fn);
	KUNIT_EXPECT_EQ(test, (u32)fn->conns.bits, 6);
	for (i = 0; i < most; i++)
		lost += !fwt_test_find(fn, &in[i], &dir);
	KUNIT_EXPECT_EQ_MSG(test, lost, 0, "not found in the smaller table");
	for (i = 0; i < 4 * most; i++) {
		ret = fwt_conns_walk(fn, &w, stop_then_count, &met);
		if (!ret)
			break;
	}
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ_MSG(test, met.n, most, "met, each once");
}

#define MANY	(1000 + FWT_TEST_MANY(20000))

/* It grows by what comes, shrinks when it is told to; whoever is in it is found
 * all the while.
 */
static void grows_and_shrinks(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	u32 i, k, lost = 0, wide, keep = MANY / 50;
	struct fwt_conn **c;
	struct fwt_tuple t;
	int dir;

	c = kunit_kcalloc(test, MANY, sizeof(*c), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, c);
	for (i = 0; i < MANY; i++) {
		t = fwt_test_tuple(i & 1 ? 6 : 4, i, 1000, 0xffff02, 53);
		KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, NULL, &c[i]), 0);
		k = get_random_u32_below(i + 1);
		t = fwt_test_tuple(k & 1 ? 6 : 4, k, 1000, 0xffff02, 53);
		lost += fwt_test_find(fn, &t, &dir) != c[k];
		if (i % 64 == 0)
			cond_resched();
	}
	fwt_test_settle(fn);
	KUNIT_EXPECT_EQ_MSG(test, lost, 0, "not found while it grew");
	wide = READ_ONCE(fn->conns.bits);
	KUNIT_EXPECT_GE_MSG(test, 5 << wide, MANY, "five to a bucket at most");
	KUNIT_EXPECT_LE_MSG(test, 1 << wide, MANY, "and one at least");
	KUNIT_EXPECT_FALSE(test, fwt_hash_sparse(&fn->conns));
	for (i = keep; i < MANY; i++)
		fwt_test_end_conn(c[i]);
	KUNIT_EXPECT_TRUE(test, fwt_hash_sparse(&fn->conns));
	KUNIT_EXPECT_EQ_MSG(test, fn->conns.bits, wide, "it does not shrink by itself");
	fwt_hash_shrink(&fn->conns);
	for (i = 0; i < 10 * MANY; i++) {
		k = get_random_u32_below(MANY);
		t = fwt_test_tuple(k & 1 ? 6 : 4, k, 1000, 0xffff02, 53);
		lost += fwt_test_find(fn, &t, &dir) != (k < keep ? c[k] : NULL);
		if (i % 64 == 0)
			cond_resched();
	}
	fwt_test_settle(fn);
	KUNIT_EXPECT_EQ_MSG(test, lost, 0, "not found, or found, while it shrank");
	KUNIT_EXPECT_LT(test, (u32)READ_ONCE(fn->conns.bits), wide);
}

/* Links of a table that would grow. */
#define MANY_MORE	500

static u32 bits_of(struct kunit *test, struct fwt_net *fn, unsigned long ago)
{
	struct fwt_tuple t;
	struct fwt_conn *c;
	u32 i;

	for (i = 0; i < MANY_MORE; i++) {
		WRITE_ONCE(fn->conns.failed, jiffies - ago);
		t = fwt_test_tuple(4, i, 1000, 0xffff02, 53);
		KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, NULL, &c), 0);
	}
	fwt_test_settle(fn);
	return READ_ONCE(fn->conns.bits);
}

/* Where there was no memory to grow it tries again in a second; and however long ago that
 * was: a counter of ticks of 32 bits goes round in a few weeks.
 */
static void tries_again(struct kunit *test)
{
	u32 least = fwt_test_net(test)->conns.bits;

	KUNIT_EXPECT_EQ(test, bits_of(test, fwt_test_net(test), 0), least);
	KUNIT_EXPECT_GT(test, bits_of(test, fwt_test_net(test), HZ), least);
	KUNIT_EXPECT_GT(test, bits_of(test, fwt_test_net(test), ULONG_MAX / 2 + 2 + HZ), least);
	KUNIT_EXPECT_GT(test, bits_of(test, fwt_test_net(test), ULONG_MAX), least);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(no_simple_collisions),
	KUNIT_CASE(tables_differ),
	KUNIT_CASE(buckets_are_capped),
	KUNIT_CASE(tries_again),
	KUNIT_CASE(heads_know_who_is_absent),
	KUNIT_CASE(hash_is_siphash),
	KUNIT_CASE(long_chains_are_carried),
	KUNIT_CASE_SLOW(grows_and_shrinks),
	{ }
};

static struct kunit_suite suite = {
	.name = "fwtree-conn-hash",
	.test_cases = cases,
};

kunit_test_suite(suite);
