// SPDX-License-Identifier: GPL-2.0
/* Choosing addresses and ports: core/nat.c. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "nat.h"

static u32 rng_state = 1;

static u32 rnd(void)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 17;
	rng_state ^= rng_state << 5;
	return rng_state;
}

static struct fwt_prog_mod mod(u8 family)
{
	struct fwt_prog_mod m;

	memset(&m, 0, sizeof(m));
	m.type = FWT_MOD_SNAT;
	m.family = family;
	return m;
}

static struct fwt_packet packet(u8 family)
{
	struct fwt_packet p;
	int i;

	memset(&p, 0, sizeof(p));
	p.family = family;
	for (i = 0; i < (family == 6 ? 4 : 1); i++)
		p.saddr[i] = rnd();
	return p;
}

static int compare(const u32 *a, const u32 *b)
{
	int i;

	for (i = 0; i < 4; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

static void test_addr_one(void **state)
{
	struct fwt_prog_mod m = mod(4);
	struct fwt_packet p;
	u32 addr[4];
	int i;

	(void)state;
	m.addr_lo[0] = 0xcb007105;
	m.addr_hi[0] = 0xcb007105;
	for (i = 0; i < 100; i++) {
		p = packet(4);
		fwt_nat_addr(&m, &p, rnd(), addr);
		assert_int_equal(addr[0], 0xcb007105);
	}
	m = mod(6);
	m.addr_lo[0] = 0x20010db8;
	m.addr_lo[3] = 9;
	memcpy(m.addr_hi, m.addr_lo, sizeof(m.addr_hi));
	for (i = 0; i < 100; i++) {
		p = packet(6);
		fwt_nat_addr(&m, &p, rnd(), addr);
		assert_memory_equal(addr, m.addr_lo, sizeof(addr));
	}
}

static void test_addr_whole(void **state)
{
	struct fwt_prog_mod m = mod(4);
	struct fwt_packet p = packet(4);
	u32 addr[4], ones = 0, zeros = 0;
	int i, w;

	(void)state;
	m.addr_hi[0] = 0xffffffff;
	for (i = 0; i < 200; i++) {
		fwt_nat_addr(&m, &p, rnd(), addr);
		ones |= addr[0];
		zeros |= ~addr[0];
	}
	assert_int_equal(ones & zeros, 0xffffffff);
	m = mod(6);
	p = packet(6);
	memset(m.addr_hi, 0xff, sizeof(m.addr_hi));
	for (w = 0; w < 4; w++) {
		ones = 0;
		zeros = 0;
		for (i = 0; i < 200; i++) {
			fwt_nat_addr(&m, &p, rnd(), addr);
			ones |= addr[w];
			zeros |= ~addr[w];
		}
		assert_int_equal(ones & zeros, 0xffffffff);
	}
}

static void test_addr_inside(void **state)
{
	struct fwt_prog_mod m;
	struct fwt_packet p;
	u32 addr[4], x[4];
	int round, i, edge[2] = { 0, 0 };

	(void)state;
	for (round = 0; round < 20000; round++) {
		m = mod(rnd() & 1 ? 4 : 6);
		for (i = 0; i < (m.family == 6 ? 4 : 1); i++) {
			m.addr_lo[i] = rnd();
			m.addr_hi[i] = rnd() % 3 ? m.addr_lo[i] : rnd();
		}
		if (rnd() % 2)
			m.addr_hi[i - 1] = m.addr_lo[i - 1] + rnd() % 5;
		if (compare(m.addr_lo, m.addr_hi) > 0) {
			memcpy(x, m.addr_lo, sizeof(x));
			memcpy(m.addr_lo, m.addr_hi, sizeof(x));
			memcpy(m.addr_hi, x, sizeof(x));
		}
		p = packet(m.family);
		fwt_nat_addr(&m, &p, rnd(), addr);
		assert_true(compare(addr, m.addr_lo) >= 0);
		assert_true(compare(addr, m.addr_hi) <= 0);
		edge[0] += !compare(addr, m.addr_lo);
		edge[1] += !compare(addr, m.addr_hi);
	}
	assert_true(edge[0] > 100 && edge[1] > 100);
}

/* Ten addresses, ten thousand sources: each within a tenth of its share. */
static void spread_over_ten(u8 family, u16 flags)
{
	struct fwt_prog_mod m = mod(family);
	int count[10] = { 0 }, i, last = family == 6 ? 3 : 0;
	struct fwt_packet p;
	u32 addr[4];

	m.flags = flags;
	m.addr_lo[last] = 0xfffffff0;
	m.addr_hi[last] = 0xfffffff9;
	if (family == 6) {	/* over the border of a word */
		m.addr_lo[2] = 1;
		m.addr_lo[3] = 0xfffffffb;
		m.addr_hi[2] = 2;
		m.addr_hi[3] = 4;
	}
	p = packet(family);
	for (i = 0; i < 10000; i++) {
		p.saddr[last] = (u32)i;
		fwt_nat_addr(&m, &p, 0, addr);
		assert_true(compare(addr, m.addr_lo) >= 0);
		assert_true(compare(addr, m.addr_hi) <= 0);
		count[addr[last] - m.addr_lo[last]]++;
	}
	for (i = 0; i < 10; i++)
		assert_in_range(count[i], 850, 1150);
}

/* The length of a range of five is three bits: it takes 100,000 choices for all
 * eight throws to miss at the very end of those a few times.
 */
static void test_addr_missed(void **state)
{
	struct fwt_prog_mod m = mod(6);
	struct fwt_packet p = packet(6);
	u32 addr[4];
	int i;

	(void)state;
	m.addr_lo[3] = 1000;
	m.addr_hi[3] = 1004;
	for (i = 0; i < 100000; i++) {
		fwt_nat_addr(&m, &p, (u32)i, addr);
		assert_in_range(addr[3], 1000, 1004);
	}
}

static void test_addr_even(void **state)
{
	(void)state;
	spread_over_ten(4, 0);
	spread_over_ten(4, FWT_MOD_PERSISTENT);
	spread_over_ten(6, 0);
	spread_over_ten(6, FWT_MOD_PERSISTENT);
}

static void test_persistent(void **state)
{
	struct fwt_prog_mod m = mod(4);
	struct fwt_packet p;
	u32 first[4], addr[4];
	int i, other = 0;

	(void)state;
	m.addr_lo[0] = 0xcb007100;
	m.addr_hi[0] = 0xcb0071ff;
	p = packet(4);
	m.flags = FWT_MOD_PERSISTENT;
	fwt_nat_addr(&m, &p, rnd(), first);
	for (i = 0; i < 100; i++) {
		p.daddr[0] = rnd();
		p.sport = (u16)rnd();
		fwt_nat_addr(&m, &p, rnd(), addr);
		assert_int_equal(addr[0], first[0]);
	}
	m.flags = 0;
	for (i = 0; i < 100; i++) {
		fwt_nat_addr(&m, &p, rnd(), addr);
		other += addr[0] != first[0];
	}
	assert_true(other > 90);
}

static void test_dport(void **state)
{
	struct fwt_prog_mod m = mod(4);
	struct fwt_packet p = packet(4);
	int i, low = 0;
	u16 port;

	(void)state;
	m.type = FWT_MOD_DNAT;
	m.flags = FWT_MOD_PORTS;
	m.port_lo = 4000;
	m.port_hi = 4000;
	p.dport = 80;
	assert_int_equal(fwt_nat_dport(&m, &p, 1), 4000);

	/* one to one: 8000-8010 to 4000-4010 */
	m.port_hi = 4010;
	m.a = 8000;
	for (i = 0; i <= 10; i++) {
		p.dport = (u16)(8000 + i);
		assert_int_equal(fwt_nat_dport(&m, &p, rnd()), 4000 + i);
	}
	/* Ranges that overlap go by the rule, not by what fits already. */
	m.a = 3995;
	p.dport = 4002;
	assert_int_equal(fwt_nat_dport(&m, &p, rnd()), 4007);
	/* at the end of all ports */
	m.a = 65530;
	m.port_lo = 65525;
	m.port_hi = 65530;
	p.dport = 65535;
	assert_int_equal(fwt_nat_dport(&m, &p, rnd()), 65530);

	/* no range matched: what lies in it stays, the rest spreads */
	m.a = 0;
	m.port_lo = 4000;
	m.port_hi = 4010;
	p.dport = 4007;
	assert_int_equal(fwt_nat_dport(&m, &p, rnd()), 4007);
	p.dport = 80;
	for (i = 0; i < 1000; i++) {
		port = fwt_nat_dport(&m, &p, rnd());
		assert_in_range(port, 4000, 4010);
		low += port < 4005;
	}
	assert_in_range(low, 350, 560);

	m.flags |= FWT_MOD_RANDOM;
	p.dport = 4007;
	low = 0;
	for (i = 0; i < 1000; i++)
		low += fwt_nat_dport(&m, &p, rnd()) == 4007;
	assert_in_range(low, 50, 140);

	m.port_lo = 0;
	m.port_hi = 65535;
	for (i = 0; i < 1000; i++)
		fwt_nat_dport(&m, &p, rnd());
}

/* Each port once in order, however many were tried at random before. */
static void test_search_all(void **state)
{
	static const u16 ranges[][2] = {
		{ 80, 80 }, { 80, 81 }, { 1, 16 }, { 1, 17 }, { 1024, 65535 },
		{ 0, 65535 }, { 65535, 65535 }, { 0, 0 }, { 65000, 65535 },
	};
	static u8 seen[65536];
	struct fwt_port_search s;
	u32 size, tries, at_random, i, round;
	u16 port;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		for (round = 0; round < 5; round++) {
			size = (u32)ranges[i][1] - ranges[i][0] + 1;
			memset(seen, 0, sizeof(seen));
			fwt_port_search_init(&s, ranges[i][0], ranges[i][1], rnd());
			at_random = s.random;
			for (tries = 0; fwt_port_search_next(&s, &port); tries++) {
				assert_in_range(port, ranges[i][0], ranges[i][1]);
				if (tries < at_random)
					continue;
				assert_int_equal(seen[port], 0);
				seen[port] = 1;
			}
			assert_int_equal(tries, at_random + size);
			assert_true(tries <= FWT_PORT_TRIES_RANDOM + size);
			assert_false(fwt_port_search_next(&s, &port));
		}
	}
	fwt_port_search_init(&s, 10, 9, 5);
	assert_false(fwt_port_search_next(&s, &port));
}

/* What is tried at random falls evenly, and so does where the order begins. */
static void test_search_even(void **state)
{
	struct fwt_port_search s;
	int first[64] = { 0 }, all[64] = { 0 }, start[64] = { 0 };
	int i, j;
	u16 port;

	(void)state;
	for (i = 0; i < 64000; i++) {
		fwt_port_search_init(&s, 1024, 65535, (u32)i);
		start[(s.start - 1024) / 1008]++;
		for (j = 0; j < FWT_PORT_TRIES_RANDOM; j++) {
			assert_true(fwt_port_search_next(&s, &port));
			if (!j)
				first[(port - 1024) / 1008]++;
			all[(port - 1024) / 1008]++;
		}
	}
	for (i = 0; i < 64; i++) {
		assert_in_range(first[i], 840, 1160);
		assert_in_range(start[i], 840, 1160);
		assert_in_range(all[i], 15360, 16640);
	}
}

/* R12: the prefix is another one, each bit behind it stays. */
static void test_netmap(void **state)
{
	u32 addr[4], was[4], bit;
	struct fwt_prog_mod m;
	int round, i, plen;

	(void)state;
	for (round = 0; round < 5000; round++) {
		m = mod(rnd() & 1 ? 4 : 6);
		m.type = FWT_MOD_NETMAP;
		plen = (int)(rnd() % (m.family == 6 ? 129 : 33));
		for (i = 0; i < 4; i++) {
			u32 mask = plen >= 32 * i + 32 ? 0xffffffff :
				   plen <= 32 * i ? 0 : 0xffffffff << (32 * i + 32 - plen);

			m.addr_lo[i] = rnd() & mask;
			m.addr_hi[i] = m.addr_lo[i] | ~mask;
			was[i] = rnd();
		}
		memcpy(addr, was, sizeof(addr));
		fwt_nat_netmap(&m, addr);
		for (i = 0; i < (m.family == 6 ? 128 : 32); i++) {
			bit = 0x80000000u >> i % 32;
			assert_int_equal(addr[i / 32] & bit,
					 (i < plen ? m.addr_lo : was)[i / 32] & bit);
		}
	}
	/* As a person would write it. */
	m = mod(4);
	m.addr_lo[0] = 0x0a090900;
	m.addr_hi[0] = 0x0a0909ff;
	addr[0] = 0xc0a80102;
	fwt_nat_netmap(&m, addr);
	assert_int_equal(addr[0], 0x0a090902);
}

static bool has_addr(const struct fwt_env *env, const char *ifname, u8 family,
		     const u32 *addr, bool subnet)
{
	(void)env;
	assert_false(subnet);
	return !strcmp(ifname, "wan") && addr[0] == (family == 6 ? 0x20010db8 : 0xcb007108);
}

/* Choices that were made stay where the rules still allow them, and only there. */
static void test_allows(void **state)
{
	static const struct fwt_env_ops ops = { .ifaddr = has_addr };
	struct fwt_env env = { .ops = &ops };
	struct fwt_prog_mod m = { .family = 4, .addr_lo = { 0x0a000001 },
				  .addr_hi = { 0x0a000009 } };
	struct fwt_program prog = { .mod = &m, .string = "wan" };
	struct fwt_end end = { .port = 80 };
	struct fwt_packet p = { .family = 4, .have = FWT_HAVE_IP | FWT_HAVE_PORTS,
				.dport = 80, .oif = "wan", .iif = "lan" };

	(void)state;
#define ALLOWS(a) ({ end.addr[0] = (a); fwt_nat_allows(&prog, 0, &p, &env, &end); })
	m.type = FWT_MOD_DNAT;
	assert_true(ALLOWS(0x0a000001));
	assert_true(ALLOWS(0x0a000009));
	assert_false(ALLOWS(0x0a000000));
	assert_false(ALLOWS(0x0a00000a));
	end.port = 81;		/* no port is written: it stays */
	assert_false(ALLOWS(0x0a000001));
	m.flags = FWT_MOD_PORTS;
	m.port_lo = 81;
	m.port_hi = 82;
	assert_true(ALLOWS(0x0a000001));
	end.port = 83;
	assert_false(ALLOWS(0x0a000001));
	p.have &= ~FWT_HAVE_PORTS;
	assert_true(ALLOWS(0x0a000001));
	p.have |= FWT_HAVE_PORTS;
	m.flags = 0;
	end.port = 80;
	p.family = 6;		/* a range of the other family */
	assert_false(ALLOWS(0x0a000001));
	p.family = 4;

	m.flags = FWT_MOD_IFADDR;
	m.family = 0;
	m.addr_lo[0] = 0;	/* "wan" */
	assert_true(ALLOWS(0xcb007108));
	assert_false(ALLOWS(0xcb007109));
	m.flags = 0;
	m.type = FWT_MOD_REDIRECT;
	assert_false(ALLOWS(0xcb007108));
	p.iif = "wan";
	assert_true(ALLOWS(0xcb007108));
	p.iif = NULL;		/* local: the loopback, and nothing else */
	p.daddr[0] = 0x7f000001;
	assert_false(ALLOWS(0xcb007108));
	assert_true(ALLOWS(0x7f000001));

	m.type = FWT_MOD_MASQUERADE;
	end.port = 4000;	/* whatever was chosen */
	assert_true(ALLOWS(0xcb007108));
	p.oif = "wan2";
	assert_false(ALLOWS(0xcb007108));

	m.type = FWT_MOD_NETMAP;
	p.hook = FWT_HOOK_EGRESS;
	p.saddr[0] = 0x0a090902;
	assert_true(ALLOWS(0x0a090902));
	assert_false(ALLOWS(0x0a090903));
	p.hook = FWT_HOOK_INGRESS;
	p.daddr[0] = 0x0a090903;
	assert_false(ALLOWS(0x0a090903));	/* another port than it has */
	end.port = 80;
	assert_true(ALLOWS(0x0a090903));
#undef ALLOWS
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addr_one),
		cmocka_unit_test(test_addr_whole),
		cmocka_unit_test(test_addr_inside),
		cmocka_unit_test(test_addr_even),
		cmocka_unit_test(test_addr_missed),
		cmocka_unit_test(test_persistent),
		cmocka_unit_test(test_netmap),
		cmocka_unit_test(test_allows),
		cmocka_unit_test(test_dport),
		cmocka_unit_test(test_search_all),
		cmocka_unit_test(test_search_even),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
