// SPDX-License-Identifier: GPL-2.0
/* Ends, pairs, keys and directions: core/tuple.c. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tuple.h"

static u32 rng_state = 1;

static u32 rnd(void)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 17;
	rng_state ^= rng_state << 5;
	return rng_state;
}

static struct fwt_packet packet(u8 family, u8 protocol)
{
	struct fwt_packet p;

	memset(&p, 0, sizeof(p));
	p.have = FWT_HAVE_IP;
	p.family = family;
	p.protocol = protocol;
	p.saddr[0] = 0x0a000001;
	p.daddr[0] = 0x0a000002;
	if (family == 6) {
		p.saddr[3] = 1;
		p.daddr[3] = 2;
	}
	return p;
}

static void test_ports(void **state)
{
	static const u8 protocols[] = { 6, 17, 33, 132, 136 };
	struct fwt_packet p;
	struct fwt_tuple t;
	unsigned int i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(protocols); i++) {
		p = packet(i & 1 ? 6 : 4, protocols[i]);
		p.sport = 1234;
		p.dport = 80;
		assert_false(fwt_tuple_get(&p, 7, &t));
		assert_false(fwt_tuple_opens(&p));
		p.have |= FWT_HAVE_PORTS;
		assert_true(fwt_tuple_get(&p, 7, &t));
		assert_int_equal(t.src.port, 1234);
		assert_int_equal(t.dst.port, 80);
		assert_int_equal(t.scope, 7);
		assert_int_equal(t.protocol, protocols[i]);
		assert_int_equal(t.src.addr[3], i & 1 ? 1 : 0);
		if (protocols[i] != 6)
			assert_true(fwt_tuple_opens(&p));
	}
}

static void test_tcp_opens(void **state)
{
	struct fwt_packet p = packet(4, 6);

	(void)state;
	p.have |= FWT_HAVE_PORTS | FWT_HAVE_TCP;
	p.tcp_flags = FWT_TCP_SYN;
	assert_true(fwt_tuple_opens(&p));
	p.tcp_flags = FWT_TCP_SYN | FWT_TCP_ACK;
	assert_false(fwt_tuple_opens(&p));
	p.tcp_flags = FWT_TCP_ACK;
	assert_false(fwt_tuple_opens(&p));
	p.tcp_flags = FWT_TCP_SYN;
	p.have &= ~FWT_HAVE_TCP;
	assert_false(fwt_tuple_opens(&p));
}

static void test_without_ports(void **state)
{
	struct fwt_packet p = packet(4, 47);
	struct fwt_tuple t;

	(void)state;
	p.sport = 1;	/* not to be looked at */
	p.dport = 2;
	assert_true(fwt_tuple_get(&p, 0, &t));
	assert_int_equal(t.src.port, 0);
	assert_int_equal(t.dst.port, 0);
	assert_true(fwt_tuple_opens(&p));
	/* ICMP in IPv6 is one of the unknown protocols. */
	p = packet(6, 1);
	assert_true(fwt_tuple_get(&p, 0, &t));
}

static bool same_key(const struct fwt_key *a, const struct fwt_key *b)
{
	return a->n == b->n && !memcmp(a->w, b->w, a->n * sizeof(a->w[0]));
}

static void test_queries(void **state)
{
	static const struct { u8 family, asks, answers; } q[] = {
		{ 4, 8, 0 }, { 4, 13, 14 }, { 4, 15, 16 }, { 4, 17, 18 },
		{ 6, 128, 129 },
	};
	struct fwt_packet p;
	struct fwt_tuple ask, answer;
	struct fwt_ends mine, other;
	u32 addrs[2][4][4];
	struct fwt_key a, b;
	unsigned int i;
	u8 request;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(q); i++) {
		p = packet(q[i].family, q[i].family == 6 ? 58 : 1);
		p.icmp_type = q[i].asks;
		p.icmp_id = 77;
		assert_false(fwt_tuple_get(&p, 0, &ask));
		p.have |= FWT_HAVE_ICMP_ID;
		assert_true(fwt_tuple_get(&p, 0, &ask));
		assert_true(fwt_tuple_opens(&p));
		assert_int_equal(ask.src.port, 77);
		assert_int_equal(ask.dst.port, q[i].asks);

		p.icmp_type = q[i].answers;
		memcpy(p.saddr, ask.dst.addr, sizeof(p.saddr));
		memcpy(p.daddr, ask.src.addr, sizeof(p.daddr));
		assert_true(fwt_tuple_get(&p, 0, &answer));
		assert_false(fwt_tuple_opens(&p));
		assert_int_equal(answer.src.port, q[i].asks);
		assert_int_equal(answer.dst.port, 77);
		fwt_tuple_key(&ask, &a);
		fwt_tuple_key(&answer, &b);
		assert_true(same_key(&a, &b));

		/* The other host asks with the same id: another key. */
		p.icmp_type = q[i].asks;
		assert_true(fwt_tuple_get(&p, 0, &answer));
		fwt_tuple_key(&answer, &b);
		assert_false(same_key(&a, &b));

		/* And with one that is the type of a request: the same key, of two
		 * connections that stand beside each other.
		 */
		p.icmp_id = q[i].asks;
		mine.addr6 = addrs[0];
		other.addr6 = addrs[1];
		assert_true(fwt_tuple_get(&p, 0, &answer));
		fwt_ends_init(&other, &answer);
		memcpy(p.saddr, ask.src.addr, sizeof(p.saddr));
		memcpy(p.daddr, ask.dst.addr, sizeof(p.daddr));
		assert_true(fwt_tuple_get(&p, 0, &ask));
		fwt_ends_init(&mine, &ask);
		fwt_ends_key(&mine, FWT_PAIR_CV, &a);
		fwt_ends_key(&other, FWT_PAIR_CV, &b);
		assert_true(same_key(&a, &b));
		assert_int_equal(fwt_ends_match(&mine, FWT_PAIR_CV, &ask), FWT_ORIGINAL);
		assert_int_equal(fwt_ends_match(&mine, FWT_PAIR_CV, &answer), -1);
		assert_int_equal(fwt_ends_match(&other, FWT_PAIR_CV, &ask), -1);
		assert_int_equal(fwt_ends_match(&other, FWT_PAIR_CV, &answer), FWT_ORIGINAL);
		/* What the hash asks who stands there already. */
		fwt_ends_tuple(&mine, FWT_PAIR_CV, &answer);
		assert_int_equal(fwt_ends_match(&mine, FWT_PAIR_CV, &answer), FWT_ORIGINAL);
		assert_int_equal(fwt_ends_match(&other, FWT_PAIR_CV, &answer), -1);
		/* The answer from here is the other's. */
		p.icmp_type = q[i].answers;
		assert_true(fwt_tuple_get(&p, 0, &answer));
		assert_int_equal(fwt_ends_match(&mine, FWT_PAIR_CV, &answer), -1);
		assert_int_equal(fwt_ends_match(&other, FWT_PAIR_CV, &answer), FWT_REPLY);
	}
	assert_int_equal(fwt_icmp_is_query(4, 3, &request), -1);
	assert_int_equal(fwt_icmp_is_query(4, 128, &request), -1);
	assert_int_equal(fwt_icmp_is_query(6, 8, &request), -1);
	assert_int_equal(fwt_icmp_is_query(6, 135, &request), -1);

	p = packet(4, 1);
	p.have |= FWT_HAVE_ICMP_ERROR;
	p.icmp_type = 3;
	assert_false(fwt_tuple_get(&p, 0, &ask));
	assert_false(fwt_tuple_opens(&p));
}

static void test_fragments(void **state)
{
	struct fwt_packet p = packet(6, 17);
	struct fwt_tuple t;

	(void)state;
	p.have |= FWT_HAVE_PORTS | FWT_HAVE_FRAG;
	assert_true(fwt_tuple_get(&p, 0, &t));	/* the whole in one */
	p.frag_more = 1;
	assert_false(fwt_tuple_get(&p, 0, &t));
	assert_false(fwt_tuple_opens(&p));
	p.frag_more = 0;
	p.frag_off = 8;
	assert_false(fwt_tuple_get(&p, 0, &t));
	p.have = FWT_HAVE_ETHER;
	assert_false(fwt_tuple_get(&p, 0, &t));
}

/* What a connection's packet shows at a place, by the drawing in tuple.h. */
static void shows(const struct fwt_ends *e, int place, int dir,
		  struct fwt_tuple *t)
{
	static const u8 who[3][2] = {
		{ FWT_C, FWT_V }, { FWT_C, FWT_S }, { FWT_N, FWT_S },
	};

	memset(t, 0, sizeof(*t));
	t->family = e->family;
	t->protocol = e->protocol;
	t->scope = e->scope;
	fwt_ends_get(e, who[place][dir], &t->src);
	fwt_ends_get(e, who[place][!dir], &t->dst);
}

static void random_end(struct fwt_end *end, u8 family)
{
	memset(end, 0, sizeof(*end));
	/* So few that all kinds of equality come up. */
	end->addr[0] = rnd() % 3 ? 0x0a000001 : 0xc0000201;
	if (family == 6)
		end->addr[3] = rnd() % 3;
	end->port = rnd() % 2 ? 80 : (rnd() % 3 ? 5000 : 65535);
}

static void test_property(void **state)
{
	struct fwt_ends e;
	struct fwt_tuple t;
	struct fwt_key k, ek[3];
	struct fwt_end end;
	struct fwt_rewrite r;
	u32 addr6[4][4];
	int round, place, dir, pair, found, got, i, j;
	int degenerate = 0;
	bool directed;
	u8 pairs;

	(void)state;
	for (round = 0; round < 40000; round++) {
		memset(&t, 0, sizeof(t));
		t.family = rnd() & 1 ? 4 : 6;
		t.protocol = 6;
		t.scope = rnd() % 2;
		random_end(&t.src, t.family);
		random_end(&t.dst, t.family);
		e.addr6 = addr6;
		fwt_ends_init(&e, &t);
		assert_int_equal(fwt_ends_pairs(&e), 1 << FWT_PAIR_CV);
		if (rnd() % 2) {
			random_end(&end, t.family);
			fwt_ends_set(&e, FWT_S, &end);
		}
		if (rnd() % 2) {
			random_end(&end, t.family);
			fwt_ends_set(&e, FWT_N, &end);
		}
		directed = fwt_ends_directed(&e);
		degenerate += !directed;
		pairs = fwt_ends_pairs(&e);

		/* Those it stands under are distinct. */
		for (i = 0; i < 3; i++)
			fwt_ends_key(&e, i, &ek[i]);
		for (i = 0; i < 3; i++)
			for (j = 0; j < i; j++)
				if ((pairs >> i & 1) && (pairs >> j & 1))
					assert_false(same_key(&ek[i], &ek[j]));

		for (place = 0; place < 3; place++) {
			for (dir = 0; dir < 2; dir++) {
				shows(&e, place, dir, &t);
				fwt_tuple_key(&t, &k);
				found = 0;
				for (pair = 0; pair < 3; pair++) {
					got = fwt_ends_match(&e, pair, &t);
					/* Key and match agree. */
					assert_int_equal(got >= 0,
							 same_key(&k, &ek[pair]));
					if (!(pairs >> pair & 1) || got < 0)
						continue;
					found++;
					if (directed)
						assert_int_equal(got, dir);
				}
				assert_int_equal(found, 1);

				t.scope ^= 2;
				assert_int_equal(fwt_ends_match(&e, place, &t), -1);
				t.scope ^= 2;
				t.protocol = 17;
				assert_int_equal(fwt_ends_match(&e, place, &t), -1);
			}
		}

		/* Where hooks lead is what the drawing shows there. */
		for (dir = 0; dir < 2; dir++) {
			fwt_ends_target(&e, dir, false, &r);
			shows(&e, FWT_PAIR_CS, dir, &t);
			assert_memory_equal(r.src.addr, t.src.addr, 16);
			assert_memory_equal(r.dst.addr, t.dst.addr, 16);
			assert_int_equal(r.src.port, t.src.port);
			assert_int_equal(r.dst.port, t.dst.port);
			fwt_ends_target(&e, dir, true, &r);
			shows(&e, dir ? FWT_PAIR_CV : FWT_PAIR_SN, dir, &t);
			assert_memory_equal(r.src.addr, t.src.addr, 16);
			assert_memory_equal(r.dst.addr, t.dst.addr, 16);
			assert_int_equal(r.src.port, t.src.port);
			assert_int_equal(r.dst.port, t.dst.port);
		}
	}
	assert_true(degenerate > 1000 && degenerate < 39000);
}

/* The id of a query is what SNAT changes, and its answer gets back. */
static void test_query_translated(void **state)
{
	struct fwt_packet p = packet(4, 1);
	struct fwt_rewrite r;
	struct fwt_tuple t;
	struct fwt_ends e;
	struct fwt_end n;

	(void)state;
	p.have |= FWT_HAVE_ICMP_ID;
	p.icmp_type = 8;
	p.icmp_id = 77;
	assert_true(fwt_tuple_get(&p, 0, &t));
	fwt_ends_init(&e, &t);
	fwt_ends_get(&e, FWT_N, &n);
	n.addr[0] = 0xcb007101;
	n.port = 4242;
	fwt_ends_set(&e, FWT_N, &n);
	fwt_ends_target(&e, FWT_ORIGINAL, true, &r);
	assert_int_equal(r.src.addr[0], 0xcb007101);
	assert_int_equal(r.src.port, 4242);

	p.icmp_type = 0;
	p.icmp_id = 4242;
	p.saddr[0] = 0x0a000002;
	p.daddr[0] = 0xcb007101;
	assert_true(fwt_tuple_get(&p, 0, &t));
	assert_int_equal(fwt_ends_match(&e, FWT_PAIR_SN, &t), FWT_REPLY);
	fwt_ends_target(&e, FWT_REPLY, false, &r);
	assert_int_equal(r.dst.addr[0], 0x0a000001);
	assert_int_equal(r.dst.port, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_tcp_opens),
		cmocka_unit_test(test_without_ports),
		cmocka_unit_test(test_queries),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_property),
		cmocka_unit_test(test_query_translated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
