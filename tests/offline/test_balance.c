// SPDX-License-Identifier: GPL-2.0
/*
 * Choosing servers, held against stupid twins: Maglev's table as the paper's
 * pseudocode makes it, turns counted on fingers, the least of a list. And what is
 * promised: shares, and how little moves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "balance.h"

/* Numbers that are the same each time. */
static u64 state_of_random;

static u32 rnd(void)
{
	u64 z = (state_of_random += 0x9e3779b97f4a7c15ull);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return (u32)((z ^ (z >> 31)) >> 16);
}

struct table {
	struct fwt_balance_server server[FWT_POOL_SERVERS_MAX];
	u32 load[FWT_POOL_SERVERS_MAX];
	u32 n;
	void *mem;
	const struct fwt_balance *b;
};

static void build(struct table *t, u32 scheduler, bool maglev)
{
	void *scratch = malloc(fwt_balance_scratch(t->n, maglev) + 1);
	u32 i;

	free(t->mem);
	t->mem = malloc(fwt_balance_bytes(t->n, maglev));
	assert_non_null(t->mem);
	for (i = 0; i < t->n; i++)
		t->server[i].load = &t->load[i];
	t->b = fwt_balance_build(t->mem, scratch, scheduler, maglev, t->server, t->n);
	free(scratch);
}

static void some_servers(struct table *t, u32 n, u32 weights)
{
	struct fwt_prog_server s = { .family = 4, .port_lo = 80, .port_hi = 80 };
	u32 i, base = rnd();

	t->n = n;
	for (i = 0; i < n; i++) {
		/* Neighbours, as they are in a rack. */
		s.addr[0] = base + i;
		t->server[i].id = fwt_balance_id(&s);
		t->server[i].weight = weights ? 1 + rnd() % weights : 1;
		t->server[i].usable = true;
	}
}

/* The stupid twin: permutations written out, credit as a fraction of the largest
 * weight, servers in the order of their ids found by looking for the next one.
 */
static void twin(const struct table *t, u16 *slot)
{
	u32 *perm = malloc(sizeof(u32) * FWT_MAGLEV_SIZE * t->n), next[64] = { 0 };
	u64 credit[64], most = 0, last;
	bool again, taken[64];
	u32 order[64], left, i, j, pass;

	for (i = 0; i < t->n; i++) {
		u64 id = t->server[i].id;
		u64 offset = ((id & 0xffffffff) * 65537) >> 32;
		u64 skip = ((id >> 32) * 65536 >> 32) + 1;

		for (j = 0; j < FWT_MAGLEV_SIZE; j++)
			perm[i * FWT_MAGLEV_SIZE + j] = (u32)((offset + j * skip) % 65537);
	}
	for (i = 0, last = 0; i < t->n; i++) {
		u32 least = FWT_NONE;

		for (j = 0; j < t->n; j++)
			if ((!i || t->server[j].id > last) &&
			    (least == FWT_NONE || t->server[j].id < t->server[least].id))
				least = j;
		order[i] = least;
		last = t->server[least].id;
	}
	memset(slot, 0xff, FWT_MAGLEV_SIZE * sizeof(*slot));
	for (pass = 0; pass < 2; pass++) {
		again = false;
		left = 0;
		for (j = 0; j < FWT_MAGLEV_SIZE; j++) {
			if (slot[j] != 0xffff && !t->server[slot[j]].usable)
				slot[j] = 0xffff;
			left += slot[j] == 0xffff;
		}
		for (i = 0, most = 0; i < t->n; i++) {
			taken[i] = pass && !t->server[i].usable;
			next[i] = 0;
			if (!taken[i] && t->server[i].weight > most)
				most = t->server[i].weight;
			again |= !taken[i];
		}
		for (i = 0; i < t->n; i++)
			credit[i] = most - t->server[i].weight;
		while (left && again) {
			for (i = 0; i < t->n && left; i++) {
				u32 s = order[i];

				if (taken[s])
					continue;
				credit[s] += t->server[s].weight;
				if (credit[s] < most)
					continue;
				credit[s] -= most;
				while (slot[perm[s * FWT_MAGLEV_SIZE + next[s]]] != 0xffff)
					next[s]++;
				slot[perm[s * FWT_MAGLEV_SIZE + next[s]]] = (u16)s;
				left--;
			}
		}
	}
	free(perm);
}

static void test_maglev_twin(void **state)
{
	u16 *slot = malloc(FWT_MAGLEV_SIZE * sizeof(*slot));
	struct table t = { 0 };
	u32 round, i, usable;

	(void)state;
	for (round = 0; round < 48; round++) {
		/* The last ones are more than a group, of weights that are far apart. */
		some_servers(&t, round < 40 ? 1 + rnd() % 20 : 33 + rnd() % 32,
			     round % 2 ? 0 : 1 + rnd() % 300);
		for (i = 0; round >= 40 && i <= round % 8 / 2; i++)
			t.server[rnd() % t.n].weight = FWT_SERVER_WEIGHT_MAX - i;
		usable = 0;
		for (i = 0; i < t.n; i++) {
			t.server[i].usable = round % 4 < 2 || rnd() % 3;
			usable += t.server[i].usable;
		}
		if (!usable)
			t.server[0].usable = true;
		build(&t, FWT_SCHEDULE_MAGLEV, true);
		twin(&t, slot);
		assert_memory_equal(t.b->slot, slot, FWT_MAGLEV_SIZE * sizeof(*slot));
	}
	free(t.mem);
	free(slot);
}

static void shares(const struct table *t, u32 *share)
{
	u32 i;

	memset(share, 0, t->n * sizeof(*share));
	for (i = 0; i < FWT_MAGLEV_SIZE; i++) {
		assert_true(t->b->slot[i] < t->n);
		share[t->b->slot[i]]++;
	}
}

/* Each has its share to one in a hundred, and two entries. */
static void test_maglev_shares(void **state)
{
	u32 share[FWT_POOL_SERVERS_MAX], round, i;
	struct table t = { 0 };
	u64 total;

	(void)state;
	for (round = 0; round < 60; round++) {
		some_servers(&t, round == 0 ? FWT_POOL_SERVERS_MAX : 1 + rnd() % 100,
			     round % 3 ? 1 + rnd() % 10 : 0);
		build(&t, FWT_SCHEDULE_MAGLEV, true);
		shares(&t, share);
		for (i = 0, total = 0; i < t.n; i++)
			total += t.server[i].weight;
		for (i = 0; i < t.n; i++) {
			double want = 65537.0 * t.server[i].weight / (double)total;

			assert_true(share[i] > want * 0.99 - 2 && share[i] < want * 1.01 + 2);
		}
	}
	/* The least beside the largest has one entry at least. */
	some_servers(&t, 3, 0);
	t.server[0].weight = FWT_SERVER_WEIGHT_MAX;
	t.server[1].weight = FWT_SERVER_WEIGHT_MAX;
	build(&t, FWT_SCHEDULE_MAGLEV, true);
	shares(&t, share);
	assert_true(share[2] >= 1 && share[2] <= 2);
	free(t.mem);
}

/* What is led to another server than before, in all entries, and of those whose
 * server is still there.
 */
static double moved(const u16 *before, const u16 *after, u32 gone)
{
	u32 i, n = 0;

	for (i = 0; i < FWT_MAGLEV_SIZE; i++)
		n += before[i] != gone &&
		     before[i] != after[i] + (gone != FWT_NONE && after[i] >= gone);
	return 100.0 * n / FWT_MAGLEV_SIZE;
}

/* A server that goes out of its pool moves at most 2% of the connections that were
 * none of its. One that is out for a while moves none, and none when it is back.
 */
static void test_maglev_moves(void **state)
{
	u16 *before = malloc(FWT_MAGLEV_SIZE * sizeof(*before));
	double worst = 0, sum = 0, m;
	struct table t = { 0 }, u = { 0 };
	u32 round, gone;

	(void)state;
	for (round = 0; round < 300; round++) {
		some_servers(&t, 2 + (round < 150 ? rnd() % 20 : rnd() % 200),
			     round % 3 ? 0 : 1 + rnd() % 20);
		build(&t, FWT_SCHEDULE_MAGLEV, true);
		memcpy(before, t.b->slot, FWT_MAGLEV_SIZE * sizeof(*before));
		gone = rnd() % t.n;

		/* Deleted */
		u.n = t.n - 1;
		memcpy(u.server, t.server, gone * sizeof(t.server[0]));
		memcpy(u.server + gone, t.server + gone + 1,
		       (u.n - gone) * sizeof(t.server[0]));
		build(&u, FWT_SCHEDULE_MAGLEV, true);
		m = moved(before, u.b->slot, gone);
		sum += m;
		worst = m > worst ? m : worst;

		/* Down, and up again */
		t.server[gone].usable = false;
		build(&t, FWT_SCHEDULE_MAGLEV, true);
		for (u32 i = 0; i < FWT_MAGLEV_SIZE; i++) {
			assert_true(t.b->slot[i] != gone);
			assert_true(before[i] == gone || before[i] == t.b->slot[i]);
		}
		t.server[gone].usable = true;
		build(&t, FWT_SCHEDULE_MAGLEV, true);
		assert_memory_equal(before, t.b->slot, FWT_MAGLEV_SIZE * sizeof(*before));
	}
	print_message("moved beyond the unavoidable: %.2f%% on average, %.2f%% at worst\n",
		      sum / round, worst);
	assert_true(worst <= 2.0);
	free(before);
	free(t.mem);
	free(u.mem);
}

/* In whatever order they are told. */
static void test_maglev_order(void **state)
{
	u16 *before = malloc(FWT_MAGLEV_SIZE * sizeof(*before));
	struct table t = { 0 };
	u32 round, i, n;

	(void)state;
	for (round = 0; round < 20; round++) {
		some_servers(&t, n = 2 + rnd() % 50, 9);
		build(&t, FWT_SCHEDULE_MAGLEV, true);
		memcpy(before, t.b->slot, FWT_MAGLEV_SIZE * sizeof(*before));
		for (i = 0; i < n / 2; i++) {
			struct fwt_balance_server s = t.server[i];

			t.server[i] = t.server[n - 1 - i];
			t.server[n - 1 - i] = s;
		}
		build(&t, FWT_SCHEDULE_MAGLEV, true);
		for (i = 0; i < FWT_MAGLEV_SIZE; i++)
			assert_int_equal(before[i], n - 1 - t.b->slot[i]);
	}
	free(before);
	free(t.mem);
}

/* Packets of neighbours and of ports one after the other are spread evenly: of 64
 * servers' shares of 64,000 none is a quarter off.
 */
static void test_hash(void **state)
{
	struct table t = { 0 };
	u32 round, i, got[64];

	(void)state;
	some_servers(&t, 64, 0);
	build(&t, FWT_SCHEDULE_MAGLEV, true);
	for (round = 0; round < 6; round++) {
		memset(got, 0, sizeof(got));
		for (i = 0; i < 64000; i++) {
			struct fwt_packet p = { .family = round < 3 ? 4 : 6,
						.have = FWT_HAVE_IP | FWT_HAVE_PORTS,
						.protocol = 6, .dport = 443, .sport = 40000 };

			p.saddr[0] = round < 3 ? 0xc6336400 : 0x20010db8;
			if (round % 3 == 0)
				p.saddr[round < 3 ? 0 : 3] += i;
			if (round % 3 == 1)
				p.sport = (u16)(1024 + i);
			if (round % 3 == 2)
				p.saddr[round < 3 ? 0 : 1] += i << 8;
			got[fwt_balance_choose(t.b, fwt_balance_hash(&p, round % 3 != 1),
					       false, 0, 0)]++;
		}
		for (i = 0; i < 64; i++)
			assert_in_range(got[i], 850, 1150);
	}
	free(t.mem);
}

/* What a hash may not look at: ports that are not there, and by the source what is
 * not the source.
 */
static void test_hash_of(void **state)
{
	struct fwt_packet a = { .family = 4, .have = FWT_HAVE_IP, .protocol = 1,
				.saddr = { 1 }, .daddr = { 2 } }, b = a;

	(void)state;
	b.sport = 7;
	b.dport = 9;
	assert_int_equal(fwt_balance_hash(&a, false), fwt_balance_hash(&b, false));
	b.have |= FWT_HAVE_PORTS;
	assert_int_not_equal(fwt_balance_hash(&a, false), fwt_balance_hash(&b, false));
	b.protocol = 17;
	b.daddr[0] = 5;
	assert_int_equal(fwt_balance_hash(&a, true), fwt_balance_hash(&b, true));
	b.saddr[0] = 5;
	assert_int_not_equal(fwt_balance_hash(&a, true), fwt_balance_hash(&b, true));
	/* IPv4 has one word of an address, whatever stands behind. */
	b = a;
	b.saddr[2] = 3;
	b.daddr[3] = 3;
	assert_int_equal(fwt_balance_hash(&a, false), fwt_balance_hash(&b, false));
}

/* In as many turns as the weights are together each has as many as its own; and of
 * two turns of one server none is much further from the other than its share says.
 */
static void test_round_robin(void **state)
{
	struct table t = { 0 };
	u32 round, i, turn, got[FWT_POOL_SERVERS_MAX], common, k;

	(void)state;
	for (round = 0; round < 200; round++) {
		some_servers(&t, 1 + rnd() % 30, round % 3 ? 1 + rnd() % 60 : 0);
		for (i = 0; i < t.n; i++)
			t.server[i].usable = rnd() % 4;
		build(&t, FWT_SCHEDULE_ROUND_ROBIN, false);
		for (i = 0, common = 0; i < t.n; i++)
			for (k = t.server[i].usable ? t.server[i].weight : 0; k; ) {
				u32 rest = common % k;

				common = k;
				k = rest;
			}
		memset(got, 0, sizeof(got));
		turn = 0;
		for (i = 0; i < t.b->total; i++) {
			u32 s = fwt_balance_choose(t.b, 0, false, rnd(), turn);

			assert_true(t.server[s].usable);
			got[s]++;
			turn = fwt_balance_turn(t.b, turn);
		}
		assert_int_equal(turn, 0);
		for (i = 0; i < t.n; i++)
			assert_int_equal(got[i] * common,
					 t.server[i].usable ? t.server[i].weight : 0);
	}
	/* Equal weights: one after the other. */
	some_servers(&t, 4, 0);
	build(&t, FWT_SCHEDULE_ROUND_ROBIN, false);
	for (turn = i = 0; i < 8; i++, turn = fwt_balance_turn(t.b, turn))
		assert_int_equal(fwt_balance_choose(t.b, 0, false, 0, turn), i % 4);
	/* A turn from a table that was larger. */
	assert_true(fwt_balance_choose(t.b, 0, false, 0, 999) < 4);
	assert_true(fwt_balance_turn(t.b, 999) < 4);
	free(t.mem);
}

static void test_random(void **state)
{
	u32 got[20], round, i, n = 200000;
	struct table t = { 0 };
	u64 total;

	(void)state;
	for (round = 0; round < 5; round++) {
		memset(got, 0, sizeof(got));
		some_servers(&t, 1 + rnd() % 20, 10);
		build(&t, FWT_SCHEDULE_RANDOM, false);
		for (i = 0; i < n; i++)
			got[fwt_balance_choose(t.b, 0, false, i, 0)]++;
		for (i = 0, total = 0; i < t.n; i++)
			total += t.server[i].weight;
		for (i = 0; i < t.n; i++) {
			double want = (double)n * t.server[i].weight / (double)total;

			assert_true(got[i] > want * 0.9 && got[i] < want * 1.1);
		}
	}
	free(t.mem);
}

static void test_least(void **state)
{
	struct table t = { 0 };
	u32 round, i, s, got[2] = { 0 };

	(void)state;
	for (round = 0; round < 20000; round++) {
		if (round % 100 == 0) {
			some_servers(&t, 1 + rnd() % 20, round % 300 ? 5 : 0);
			for (i = 0; i < t.n; i++)
				t.server[i].usable = rnd() % 4;
			build(&t, FWT_SCHEDULE_LEAST_CONN, false);
		}
		for (i = 0; i < t.n; i++)
			t.load[i] = 1 + rnd() % 6;
		s = fwt_balance_choose(t.b, 0, false, rnd(), 0);
		if (s == FWT_NONE) {
			assert_int_equal(t.b->n, 0);
			continue;
		}
		assert_true(t.server[s].usable);
		for (i = 0; i < t.n; i++)
			if (t.server[i].usable)
				assert_true((u64)t.load[s] * t.server[i].weight <=
					    (u64)t.load[i] * t.server[s].weight);
	}
	/* Of equals each. */
	some_servers(&t, 2, 0);
	build(&t, FWT_SCHEDULE_LEAST_CONN, false);
	t.load[0] = t.load[1] = 1;
	for (i = 0; i < 1000; i++)
		got[fwt_balance_choose(t.b, 0, false, i, 0)]++;
	assert_in_range(got[0], 400, 600);
	free(t.mem);
}

static void test_none(void **state)
{
	struct table t = { 0 };
	u32 scheduler;

	(void)state;
	for (scheduler = 0; scheduler < __FWT_SCHEDULE_MAX; scheduler++) {
		some_servers(&t, 3, 0);
		t.server[0].usable = t.server[1].usable = t.server[2].usable = false;
		build(&t, scheduler, true);
		assert_int_equal(fwt_balance_choose(t.b, 5, false, 5, 5), FWT_NONE);
		assert_int_equal(fwt_balance_choose(t.b, 5, true, 5, 5), FWT_NONE);
		t.n = 0;
		build(&t, scheduler, true);
		assert_int_equal(fwt_balance_choose(t.b, 5, false, 5, 5), FWT_NONE);
		/* And the one that is. */
		some_servers(&t, 3, 0);
		t.server[0].usable = t.server[2].usable = false;
		build(&t, scheduler, true);
		assert_int_equal(fwt_balance_choose(t.b, rnd(), false, rnd(), rnd()), 1);
		assert_int_equal(fwt_balance_choose(t.b, rnd(), true, rnd(), rnd()), 1);
	}
	free(t.mem);
}

/* A rule of the policy before says persistent, and the pool is already that of the
 * policy to come, where none does.
 */
static void test_not_persistent_any_more(void **state)
{
	struct table t = { 0 };
	u32 scheduler, i;

	(void)state;
	for (scheduler = 0; scheduler < __FWT_SCHEDULE_MAX; scheduler++) {
		bool maglev = fwt_balance_maglev(scheduler, 0);

		some_servers(&t, 3, 4);
		t.server[1].usable = false;
		build(&t, scheduler, maglev);
		for (i = 0; i < 100; i++)
			assert_int_not_equal(fwt_balance_choose(t.b, rnd(), true, rnd(), rnd()) & 1,
					     1);
	}
	free(t.mem);
}

static void test_port(void **state)
{
	struct fwt_packet p = { .have = FWT_HAVE_PORTS, .dport = 4002 };
	struct fwt_prog_mod m = { .port_lo = 4000, .port_hi = 4003 };
	struct fwt_env_server s = { .port_lo = 5000, .port_hi = 5003 };
	u32 i;

	(void)state;
	assert_int_equal(fwt_balance_port(&m, &s, &p, 1), 5002);
	s.port_lo = s.port_hi = 80;
	assert_int_equal(fwt_balance_port(&m, &s, &p, 1), 80);
	s.port_lo = s.port_hi = 0;
	assert_int_equal(fwt_balance_port(&m, &s, &p, 1), 4002);
	s.port_lo = 4001;
	s.port_hi = 4002;
	assert_int_equal(fwt_balance_port(&m, &s, &p, 1), 4002);
	p.dport = 9;
	for (i = 0; i < 100; i++)
		assert_in_range(fwt_balance_port(&m, &s, &p, i), 4001, 4002);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_maglev_twin),
		cmocka_unit_test(test_maglev_shares),
		cmocka_unit_test(test_maglev_moves),
		cmocka_unit_test(test_maglev_order),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_hash_of),
		cmocka_unit_test(test_round_robin),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_least),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_not_persistent_any_more),
		cmocka_unit_test(test_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
