// SPDX-License-Identifier: GPL-2.0
/*
 * Stocks of CPUs: generated packets on generated CPUs, against one bucket that knows of
 * no stocks. Whatever is let pass by all of them together that one must have let pass,
 * too; it may have let pass more, by what stock.h says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "stock.h"

#define CPUS_MAX	16
#define SECOND		FWT_LIMIT_TIME(1000000000)

static u64 state = 88172645463325252ull;

static u32 rnd(u32 n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (u32)((state >> 16) % n);
}

static struct fwt_limit_rate rate_of(u64 rate, u64 burst, bool bytes)
{
	u32 p[FWT_OBJECT_PARAMS] = { 0 };
	struct fwt_limit_rate r;

	p[FWT_LIMIT_FLAGS] = bytes ? FWT_LIMIT_BYTES : 0;
	p[FWT_LIMIT_PER] = 1;
	p[FWT_LIMIT_RATE] = (u32)rate;
	p[FWT_LIMIT_RATE + 1] = (u32)(rate >> 32);
	p[FWT_LIMIT_BURST] = (u32)burst;
	p[FWT_LIMIT_BURST + 1] = (u32)(burst >> 32);
	assert_null(fwt_limit_check(p));
	fwt_limit_rate_init(&r, p);
	return r;
}

/* A limit on several CPUs, as kmod/bucket.c has it, and its stupid twin. */
struct all {
	struct fwt_limit_rate r;
	u64 batch;
	u64 full;
	u32 cpus;
	struct fwt_stock stock[CPUS_MAX];
	u64 met;
	u64 asked;
	u64 passed;	/* what they cost */
	u64 packets;
	u64 twin;	/* full then, given what was let pass */
};

static struct all all_of(u64 rate, u64 burst, bool bytes, u32 cpus)
{
	struct all a = { .r = rate_of(rate, burst, bytes), .cpus = cpus };

	a.batch = fwt_stock_batch(&a.r, cpus);
	return a;
}

static u64 in_stocks(const struct all *a, u64 now)
{
	u64 sum = 0;
	u32 i;

	for (i = 0; i < a->cpus; i++)
		sum += fwt_stock_left(&a->stock[i], now);
	return sum;
}

static bool ask(struct all *a, u32 cpu, u64 now, u32 len)
{
	struct fwt_stock *s = &a->stock[cpu];
	u64 cost = fwt_limit_cost(&a->r, len), left = fwt_stock_left(s, now), need, more;
	u64 room = fwt_stock_room(&a->r, a->full, now);
	bool under = cost <= left || (now >= s->ask && cost - left <= room);

	a->asked++;
	/* All that is there, wherever, the bucket could hold: stocks are a part of it. */
	assert_true(room + in_stocks(a, now) <= a->r.burst);
	if (!under) {
		/* Less is there than two batches for each, and the packet. */
		if (cost <= a->r.burst)
			assert_true(room + in_stocks(a, now) < 2 * a->cpus * a->batch + cost);
		if (now >= s->ask)
			fwt_stock_refused(&a->r, a->batch, a->cpus, s, a->full, now);
		assert_true(s->ask <= now + a->cpus * a->batch);
		return false;
	}
	need = fwt_stock_use(s, now, cost);
	if (need) {
		a->full = fwt_stock_take(&a->r, a->batch, a->full, now, need, &more);
		assert_true(more <= a->batch);
		fwt_stock_put(s, a->full, more);
		a->met++;
	}
	assert_true(fwt_limit_under(&a->r, a->twin, now, len));
	a->twin = fwt_limit_take(&a->r, a->twin, now, len);
	a->passed += cost;
	a->packets++;
	return true;
}

static void test_twin(void **unused)
{
	u64 packets = 0, met = 0, refused = 0;
	u32 round, i;

	(void)unused;
	for (round = 0; round < 500; round++) {
		bool bytes = rnd(2);
		u32 cpus = 2 + rnd(rnd(CPUS_MAX - 1) + 1);
		u64 rate = bytes ? 20000000ull << rnd(10) : 10000ull << rnd(12);
		u64 each = bytes ? 4096 + rnd(1 << 16) : 4 + rnd(16);
		u64 burst = each * FWT_STOCK_PART * cpus << rnd(2);
		struct all a = all_of(rate, burst, bytes, cpus);
		u64 now = (u64)rnd(~0u) << rnd(16);
		u32 busy = rnd(3), len = 64;

		/* Bursts of all, of one, and what is less than the rate; pauses. */
		for (i = 0; i < 20000; i++) {
			u32 cpu = rnd(busy + 1) ? 0 : rnd(cpus);
			u64 cost;

			if (bytes)
				len = rnd(20) ? 64 + rnd(1437) : 1u << rnd(18);
			cost = fwt_limit_cost(&a.r, len);
			if (!rnd(500))
				now += rnd(4) ? a.batch : a.r.burst / (1 + rnd(8));
			else
				now += rnd(6) ? 0 : cost * rnd(1500) / 1000;
			if (!rnd(700))
				busy = rnd(12);
			refused += !ask(&a, cpu, now, len);
		}
		packets += a.packets;
		if (a.batch)
			met += a.met;
		else
			assert_int_equal(a.met, a.packets);
	}
	printf("%llu passed, %llu refused, CPUs met %llu times\n", (unsigned long long)packets,
	       (unsigned long long)refused, (unsigned long long)met);
	assert_true(packets > 1000000 && refused > 100000);
}

/* All ask for more than there is, some of them only now and then: of what comes no more
 * is lost than stock.h says; and those who are busy meet seldom.
 */
static void test_saturated(void **unused)
{
	static const struct {
		u64 rate;
		u64 burst;
		bool bytes;
	} row[] = {
		{ 100000, 20000, false }, { 1000000, 1000000, false }, { 20000, 20000, false },
		{ 125000000, 125000000, true }, { 1250000000, 62500000, true },
	};
	u32 i, k, cpus;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(row); i++)
		for (cpus = 2; cpus <= 16; cpus *= 2) {
			struct all a = all_of(row[i].rate, row[i].burst, row[i].bytes, cpus);
			u64 each = fwt_limit_cost(&a.r, 1000) / 3, begin = 7 * SECOND;
			u64 now = begin, least;
			u32 idle = cpus / 2;

			if (!a.batch)
				continue;
			for (k = 0; k < 3000000; k++, now += each)
				ask(&a, rnd(50000) ? idle + rnd(cpus - idle) : rnd(idle), now,
				    1000);
			least = a.r.burst + (now - begin);
			least -= least / (FWT_STOCK_PART - 1) + cpus * a.batch;
			printf("%llu/s on %u CPUs: of what was there %.4f, met %llu in %llu\n",
			       (unsigned long long)row[i].rate, cpus,
			       (double)a.passed / (double)(a.r.burst + now - begin),
			       (unsigned long long)a.met, (unsigned long long)a.packets);
			assert_true(a.passed >= least);
			assert_true(a.passed <= a.r.burst + (now - begin));
			assert_true(a.met < a.packets / 2);
		}
}

/* Who has stocks, and who is exact. */
static void test_batch(void **unused)
{
	struct fwt_limit_rate r;
	struct all a;
	u32 i;

	(void)unused;
	r = rate_of(100000000, 4000000, false);
	assert_int_equal(fwt_stock_batch(&r, 1), 0);
	assert_int_equal(fwt_stock_batch(&r, 2), 4000000 / 128 * r.mult);
	assert_true(fwt_stock_batch(&r, 4000) * 4000 <= r.burst / FWT_STOCK_PART);
	/* A millisecond's at most. */
	r = rate_of(100000000, 1ull << 38, false);
	assert_int_equal(fwt_stock_batch(&r, 2), SECOND / 1000);
	/* Few tokens, or slow ones. */
	r = rate_of(100000000, 1000, false);
	assert_int_equal(fwt_stock_batch(&r, 2), 0);
	r = rate_of(5000, 1000000, false);
	assert_int_equal(fwt_stock_batch(&r, 2), 0);
	r = rate_of(1000000, 1ull << 30, true);
	assert_int_equal(fwt_stock_batch(&r, 2), 0);
	r = rate_of(125000000, 125000000, true);
	assert_int_equal(fwt_stock_batch(&r, 2), SECOND / 1000);

	/* Without stocks: to the packet, on whichever CPU. */
	a = all_of(4, 4, false, 4);
	for (i = 0; i < 4; i++)
		assert_true(ask(&a, i, SECOND, 1));
	assert_false(ask(&a, 0, SECOND, 1));
	assert_false(ask(&a, 1, SECOND + SECOND / 4 - 1, 1));
	assert_true(ask(&a, 2, SECOND + SECOND / 4, 1));

	/* With: one CPU alone has all but what the others hold, and who holds it has that. */
	a = all_of(1000000, 12800, false, 2);
	assert_int_equal(a.batch, 100 * a.r.mult);
	assert_true(ask(&a, 1, SECOND, 1));
	for (i = 0; i < 12699; i++)
		assert_true(ask(&a, 0, SECOND, 1));
	assert_false(ask(&a, 0, SECOND, 1));
	for (i = 0; i < 100; i++)
		assert_true(ask(&a, 1, SECOND, 1));
	assert_false(ask(&a, 1, SECOND, 1));
	assert_true(a.met < 140);
	/* Not for the one token that comes next: for a batch for each. */
	assert_false(ask(&a, 0, SECOND + 2 * a.batch - 1, 1));
	assert_true(ask(&a, 0, SECOND + 2 * a.batch, 1));
	/* Time passes over what nobody uses; the bucket is full, no fuller. */
	for (i = 0; i < 12800; i++)
		assert_true(ask(&a, 0, 3 * SECOND, 1));
	assert_false(ask(&a, 1, 3 * SECOND, 1));
	assert_false(ask(&a, 0, 3 * SECOND, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_batch),
		cmocka_unit_test(test_twin),
		cmocka_unit_test(test_saturated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
