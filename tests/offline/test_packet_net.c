// SPDX-License-Identifier: GPL-2.0
/* Reading the network layer: lengths that lie, extension headers, fragments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "packet.h"
#include "parse_check.h"
#include "reason.h"
#include "rewrite.h"
#include "tuple.h"

static void test_lies(void **unused)
{
	struct fwt_packet p;
	struct pkt_spec s;

	(void)unused;
	pkt_build(&built, &tcp4);
	expect_good("plain", FWT_HAVE_TCP | FWT_HAVE_MSS);
	built.data[0] = 0x55;
	expect_bad("version 5", FWT_HAVE_IP);
	built.data[0] = 0x44;
	expect_bad("header of 16 bytes", FWT_HAVE_IP);
	built.data[0] = 0x4f;
	expect_bad("header longer than the packet", FWT_HAVE_IP);
	built.data[0] = 0x45;
	built.data[3]++;
	expect_bad("longer than there is", FWT_HAVE_IP);
	built.data[3] = 19;
	expect_bad("total length less than the header", FWT_HAVE_IP);
	built.data[3] = 0;
	expect_bad("total length 0", FWT_HAVE_IP);
	built.data[3] = 43;
	expect_bad("TCP header cut off", L4_ALL);
	built.data[3] = 44;
	built.data[32] = 0x40;
	expect_bad("data offset 16", L4_ALL);
	built.data[32] = 0x70;
	expect_bad("data offset behind the end", L4_ALL);
	built.data[32] = 0x60;
	expect_good("mended", FWT_HAVE_TCP);
	built.data[9] = 17;
	expect_bad("UDP length 0", L4_ALL);
	built.data[25] = 7;
	built.data[24] = 0;
	expect_bad("UDP length 7", L4_ALL);
	built.data[25] = 8;
	expect_good("UDP shorter than the packet", FWT_HAVE_UDP);
	built.data[25] = 25;
	expect_bad("UDP longer than the packet", L4_ALL);
	built.data[9] = 136;
	expect_bad("UDP-Lite covers too much", L4_ALL);
	built.data[25] = 7;
	expect_bad("UDP-Lite covers 7 bytes", L4_ALL);
	built.data[25] = 0;
	expect_good("UDP-Lite covers all", FWT_HAVE_PORTS);
	built.data[9] = 33;
	built.data[24] = 2;
	expect_bad("DCCP offset 8", L4_ALL);
	built.data[24] = 7;
	expect_bad("DCCP offset behind the end", L4_ALL);
	built.data[24] = 6;
	expect_good("DCCP", FWT_HAVE_PORTS);
	built.data[9] = 58;
	expect_good("ICMPv6 over IPv4", FWT_HAVE_IP);
	parse_bytes(&p, built.data, built.len, FWT_PARSE_NETWORK);
	assert_int_equal(p.have, FWT_HAVE_IP);

	s = udp6;
	pkt_build(&built, &s);
	expect_good("plain", FWT_HAVE_UDP);
	built.data[5]++;
	expect_bad("longer than there is", FWT_HAVE_IP);
	built.data[5] = 0;
	expect_bad("payload length 0", L4_ALL);
	built.data[5] = 48;
	built.data[6] = 0;
	built.data[4 * 10 + 1] = 200;
	expect_bad("hop-by-hop longer than the packet", L4_ALL);
}

static void test_extensions(void **unused)
{
	struct pkt_spec s = udp6;
	struct fwt_packet p;
	u32 i;

	(void)unused;
	s.n_ext = 4;
	s.ext[0].type = 0;
	s.ext[1].type = 60;
	s.ext[2] = (struct pkt_ext){ .type = 43, .len = 2, .left = 1 };
	s.ext[3] = (struct pkt_ext){ .type = 51, .len = 4 };
	parse(&p, &s);
	check_read(&s, &p);

	/* hop-by-hop options anywhere else */
	s.ext[1].type = 0;
	pkt_build(&built, &s);
	expect_bad("second hop-by-hop", L4_ALL);

	/* the end of the chain to Linux, and so to us */
	s.ext[1].type = 135;
	parse(&p, &s);
	assert_int_equal(p.bad, 0);
	assert_int_equal(p.have, FWT_HAVE_IP);
	FIELD(&p, PROTOCOL, 135);

	/* no next header */
	s.ext[1].type = 59;
	parse(&p, &s);
	assert_int_equal(p.bad, 0);
	FIELD(&p, PROTOCOL, 59);

	s = udp6;
	for (i = 0; i < PKT_EXT_MAX; i++)
		s.ext[i].type = 60;
	s.n_ext = 8;
	pkt_build(&built, &s);
	expect_good("eight headers", FWT_HAVE_UDP);
	s.n_ext = 9;
	pkt_build(&built, &s);
	expect_bad("nine headers", L4_ALL);
	s.n_ext = 1;
	s.ext[0].len = 63;
	pkt_build(&built, &s);
	expect_good("512 bytes", FWT_HAVE_UDP);
	s.ext[0].len = 64;
	pkt_build(&built, &s);
	expect_bad("520 bytes", L4_ALL);
}

static void test_fragments(void **unused)
{
	/* a fragment header of a whole packet, and UDP */
	static const u8 nested[] = {
		17, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 0, 8, 0, 0,
	};
	struct pkt_spec s = tcp4;
	struct fwt_packet p;
	int family;

	(void)unused;
	for (family = 4; family <= 6; family += 2) {
		s = family == 4 ? tcp4 : udp6;
		s.protocol = 6;
		s.n_tcp_options = 4;
		s.payload_len = 100;
		s.frag = true;
		s.frag_more = true;
		s.frag_len = 48;
		parse(&p, &s);
		assert_int_equal(p.bad, 0);
		assert_int_equal(p.have & ~FWT_HAVE_MSS, FWT_HAVE_IP |
				 FWT_HAVE_FRAG | FWT_HAVE_PORTS | FWT_HAVE_TCP);
		FIELD(&p, FRAGMENT, 1);
		assert_int_equal(p.frag_more, 1);

		s.frag_off = 48;
		parse(&p, &s);
		assert_int_equal(p.bad, 0);
		assert_int_equal(p.have, FWT_HAVE_IP | FWT_HAVE_FRAG);
		FIELD(&p, FRAGMENT, 2);
		FIELD(&p, PROTOCOL, 6);
		ABSENT(&p, SPORT);
		ABSENT(&p, TCP_FLAGS);
		assert_int_equal(p.frag_off, 48);
		assert_int_equal(p.l4, built.l4);

		s.frag_more = false;
		s.frag_len = 0;
		parse(&p, &s);
		assert_int_equal(p.have, FWT_HAVE_IP | FWT_HAVE_FRAG);
		assert_int_equal(p.frag_more, 0);

		/* a whole packet, for all that IPv6 may call it a fragment */
		s.frag_off = 0;
		parse(&p, &s);
		FIELD(&p, FRAGMENT, 0);
		FIELD(&p, DPORT, s.dport);

		s.frag_more = true;
		s.frag_len = 45;
		pkt_build(&built, &s);
		expect_bad("no multiple of 8", L4_ALL);
		s.frag_len = 8;
		pkt_build(&built, &s);
		expect_bad("a tiny first fragment", L4_ALL);
		s.frag_len = 16;
		s.frag_off = 8;
		pkt_build(&built, &s);
		expect_bad("the other half of a TCP header", L4_ALL);
		s.frag_off = 48;
		s.frag_more = false;
		s.frag_len = 24;
		pkt_build(&built, &s);
		if (family == 4)
			put_unaligned_be16(0x1fff, built.data + 6);
		else
			put_unaligned_be16(0xfff8, built.data + 42);
		expect_bad("beyond 65535 bytes", L4_ALL);

		/* UDP's length is of the whole */
		s.protocol = 17;
		s.frag_off = 0;
		s.frag_more = true;
		pkt_build(&built, &s);
		expect_good("first fragment of UDP", FWT_HAVE_UDP);
	}

	/* A fragment of a fragment. */
	s = udp6;
	s.protocol = 44;
	s.frag = true;
	s.frag_more = true;
	s.payload = nested;
	s.payload_len = sizeof(nested);
	pkt_build(&built, &s);
	expect_bad("nested fragments", L4_ALL);
}

/* Lengths of 0 mean "more than can be said" where there is so much. */
static void test_big(void **unused)
{
	static u8 data[100000];
	struct fwt_packet p;
	struct pkt_spec s;

	(void)unused;
	pkt_build(&built, &tcp4);
	memcpy(data, built.data, built.len);
	put_unaligned_be16(0, data + 2);
	memset(&p, 0, sizeof(p));
	p.ether_type = 0x0800;
	assert_int_equal(fwt_packet_parse(&p, data, built.len, 90000,
					  FWT_PARSE_NETWORK), 0);
	assert_int_equal(p.bad, 0);
	FIELD(&p, LENGTH, 90000);
	FIELD(&p, TCP_DPORT, 80);
	assert_int_equal(p.end, 90000);
	assert_int_equal(fwt_packet_parse(&p, data, built.len, 65535,
					  FWT_PARSE_NETWORK), 0);
	assert_int_equal(p.bad, FWT_REASON_MALFORMED);

	/* IPv6, with the hop-by-hop header that older kernels put there */
	s = udp6;
	s.protocol = 6;
	s.n_ext = 1;
	pkt_build(&built, &s);
	memcpy(data, built.data, built.len);
	put_unaligned_be16(0, data + 4);
	p.ether_type = 0x86dd;
	assert_int_equal(fwt_packet_parse(&p, data, sizeof(data), sizeof(data),
					  FWT_PARSE_NETWORK), 0);
	assert_int_equal(p.bad, 0);
	FIELD(&p, LENGTH, sizeof(data));
	FIELD(&p, TCP_DPORT, 53);
	assert_int_equal(fwt_packet_parse(&p, data, built.len, 65535 + 40,
					  FWT_PARSE_NETWORK), 0);
	assert_int_equal(p.bad, FWT_REASON_MALFORMED);
	assert_int_equal(p.have & L4_ALL, 0);
}

/* Sums a datagram of @len bytes, byte by byte. */
static void sum_udp(u8 *data, u8 family, u32 l4, u32 len)
{
	const u8 rest[] = { 0, (u8)(len >> 16), (u8)(len >> 8), (u8)len, 0, 0, 0, 17 };
	u16 sum;

	put_unaligned_be16(0, data + l4 + 6);
	sum = pkt_sum(0, family == 4 ? data + 12 : data + 8, family == 4 ? 8 : 32);
	sum = (u16)~pkt_sum(pkt_sum(sum, rest, sizeof(rest)), data + l4, len);
	put_unaligned_be16(sum ? sum : 0xffff, data + l4 + 6);
}

/* What a UDP tunnel carries, before it is cut: its length is 0, too. */
static void test_big_udp(void **unused)
{
	static u8 data[70000];
	struct fwt_packet p;
	struct pkt_spec s;
	u32 l4;
	u8 f;

	(void)unused;
	for (f = 4; f <= 6; f += 2) {
		s = f == 4 ? tcp4 : udp6;
		s.protocol = 17;
		pkt_build(&built, &s);
		l4 = built.l4;
		memset(data, 0x5a, sizeof(data));
		memcpy(data, built.data, built.len);
		put_unaligned_be16(0, data + (f == 4 ? 2 : 4));
		put_unaligned_be16(0, data + l4 + 4);
		sum_udp(data, f, l4, sizeof(data) - l4);
		memset(&p, 0, sizeof(p));
		p.ether_type = f == 4 ? 0x0800 : 0x86dd;
		assert_int_equal(fwt_packet_parse(&p, data, sizeof(data), sizeof(data),
						  FWT_PARSE_NETWORK), 0);
		assert_int_equal(p.bad, 0);
		assert_true(p.have & FWT_HAVE_UDP);
		FIELD(&p, LENGTH, sizeof(data));
		FIELD(&p, DPORT, s.dport);
		assert_int_equal(p.end, sizeof(data));
		assert_true(fwt_csum_verify(&p, data));
		data[sizeof(data) - 1] ^= 1;
		assert_false(fwt_csum_verify(&p, data));
		/* One that could have said its length is none. */
		assert_int_equal(fwt_packet_parse(&p, data, built.len, l4 + 65535,
						  FWT_PARSE_NETWORK), 0);
		assert_int_equal(p.bad, FWT_REASON_MALFORMED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_big),
		cmocka_unit_test(test_big_udp),
	};

	return cmocka_run_group_tests_name("packet, network layer", tests, NULL, NULL);
}
