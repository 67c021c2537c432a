// SPDX-License-Identifier: GPL-2.0
/*
 * Setting header fields: what comes out is, byte for byte, the packet that was built
 * with them from the start, its checksums summed over everything.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "change.h"
#include "packet.h"
#include "pkt.h"

static u32 rnd = 1;

static u32 below(u32 n)
{
	return pkt_random(&rnd) % n;
}

/* An MSS somewhere among other options, at any alignment. */
static void add_mss(struct pkt_spec *s, u16 mss, u32 before, u32 after)
{
	u8 *o = s->tcp_options;

	memset(o, 1, sizeof(s->tcp_options));
	if (before >= 3) {	/* something else with a length */
		o[0] = 99;
		o[1] = 3;
		o[2] = 2;
	}
	o += before;
	o[0] = 2;
	o[1] = 4;
	put_unaligned_be16(mss, o + 2);
	s->n_tcp_options = (u8)((before + 4 + after + 3) & ~3u);
}

/* Of the whole packet, as skb->csum has it. */
static u16 whole(const struct pkt *k)
{
	return pkt_sum(0, k->data + k->l3, k->end - k->l3);
}

static bool same_sum(u32 a, u16 b)
{
	a = (a & 0xffff) + (a >> 16);
	a = (a & 0xffff) + (a >> 16);
	return (a % 0xffff) == (b % 0xffff);
}

static void one(bool partial)
{
	enum fwt_csum_mode mode = partial ? FWT_CSUM_PARTIAL : FWT_CSUM_FULL;
	static struct pkt a, b;
	struct fwt_header_change to = { 0 };
	struct pkt_spec s, want;
	struct fwt_packet p;
	u32 before = 0, after = 0;
	u16 mss = (u16)below(3000), delta_sum;
	u32 delta;

	pkt_random_spec(&s, &rnd);
	s.ether = false;
	s.partial = partial;
	s.tos = (u8)below(256);
	s.ttl = (u8)(1 + below(255));
	if (s.protocol == FWT_IPPROTO_TCP) {
		before = below(8);
		after = below(5);
		s.tcp_flags = below(4) ? FWT_TCP_SYN : FWT_TCP_ACK;
		add_mss(&s, mss, before, after);
	}
	to.what = (u8)below(8);
	to.dscp = (u8)below(64);
	to.ttl = (u8)(1 + below(255));
	to.mss = (u16)below(3000);

	want = s;
	if (to.what & FWT_CHANGE_DSCP)
		want.tos = (u8)(to.dscp << 2 | (s.tos & 3));
	if (to.what & FWT_CHANGE_TTL)
		want.ttl = to.ttl;
	if (to.what & FWT_CHANGE_MSS && s.protocol == FWT_IPPROTO_TCP && !s.frag &&
	    s.tcp_flags & FWT_TCP_SYN && to.mss < mss)
		add_mss(&want, to.mss, before, after);
	pkt_build(&a, &s);
	pkt_build(&b, &want);
	memset(&p, 0, sizeof(p));
	p.ether_type = s.family == 6 ? 0x86dd : 0x0800;
	assert_int_equal(fwt_packet_parse(&p, a.data, a.len, a.len, FWT_PARSE_NETWORK), 0);
	if (s.frag)
		return;
	delta_sum = whole(&a);
	delta = 0;
	if (fwt_header_differs(&p, &to))
		delta = fwt_header_change(&p, a.data, &to, mode);
	assert_true(delta <= 0xffff);
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.data, b.data, a.len);
	assert_true(same_sum((u32)delta_sum + delta, whole(&b)));
	assert_int_equal(p.tos, want.tos);
	assert_int_equal(p.ttl, want.ttl);
	/* And back, as if nothing had been. */
	to.what |= FWT_CHANGE_BACK;
	to.dscp = s.tos >> 2;
	to.ttl = s.ttl;
	to.mss = mss;
	fwt_header_change(&p, a.data, &to, mode);
	pkt_build(&b, &s);
	assert_memory_equal(a.data, b.data, a.len);
}

static void test_full(void **unused)
{
	u32 i;

	(void)unused;
	for (i = 0; i < 50000; i++)
		one(false);
}

static void test_partial(void **unused)
{
	u32 i;

	(void)unused;
	for (i = 0; i < 50000; i++)
		one(true);
}

/* Options that lie: nothing is read or written beyond the header. */
static void test_options(void **unused)
{
	struct fwt_header_change to = { .what = FWT_CHANGE_MSS, .mss = 1 };
	struct pkt_spec s = {
		.family = 4, .protocol = FWT_IPPROTO_TCP, .tcp_flags = FWT_TCP_SYN,
	};
	static struct pkt k;
	struct fwt_packet p;
	u32 i, n;

	(void)unused;
	for (i = 0; i < 100000; i++) {
		u8 *copy;

		s.n_tcp_options = (u8)(4 * below(11));
		for (n = 0; n < s.n_tcp_options; n++)
			s.tcp_options[n] = (u8)below(below(4) ? 5 : 256);
		pkt_build(&k, &s);
		/* ASan sees to the end. */
		copy = malloc(k.len);
		assert_non_null(copy);
		memcpy(copy, k.data, k.len);
		memset(&p, 0, sizeof(p));
		p.ether_type = 0x0800;
		assert_int_equal(fwt_packet_parse(&p, copy, k.len, k.len, FWT_PARSE_NETWORK), 0);
		to.what = FWT_CHANGE_MSS;
		if (fwt_header_differs(&p, &to)) {
			fwt_header_change(&p, copy, &to, FWT_CSUM_FULL);
			assert_true(fwt_csum_verify(&p, copy));
			assert_int_equal(fwt_packet_parse(&p, copy, k.len, k.len,
							  FWT_PARSE_NETWORK), 0);
			assert_int_equal(p.tcp_mss, 1);
		}
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full), cmocka_unit_test(test_partial),
		cmocka_unit_test(test_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
