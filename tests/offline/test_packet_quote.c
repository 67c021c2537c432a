// SPDX-License-Identifier: GPL-2.0
/* Reading what ICMP errors quote. */
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

static int quote(struct fwt_quote *q, const struct pkt_spec *s)
{
	struct fwt_packet p;

	parse(&p, s);
	assert_int_equal(p.bad, 0);
	return fwt_packet_quote(&p, q, built.data, built.len, built.len);
}

static void test_quote(void **unused)
{
	struct pkt_spec in = tcp4, s = {
		.family = 4, .saddr = { 0x01020304 }, .daddr = { 0x0a000001 },
		.protocol = 1, .icmp_type = 11, .quote = &in,
	}, echo = {
		.family = 4, .saddr = { 1 }, .daddr = { 2 }, .protocol = 1,
		.icmp_type = 8, .icmp_id = 99, .payload_len = 100,
	};
	static const u8 none[] = { 0, 8, 9, 10, 13, 14, 17, 18, 40 };
	static const u8 all[] = { 3, 4, 5, 11, 12 };
	struct fwt_packet p;
	struct fwt_quote q;
	u32 i;

	(void)unused;
	in.tcp_seq = 0xdeadbeef;
	in.payload_len = 100;
	/* which are errors */
	for (i = 0; i < ARRAY_SIZE(all); i++) {
		s.icmp_type = all[i];
		assert_int_equal(quote(&q, &s), 0);
	}
	for (i = 0; i < ARRAY_SIZE(none); i++) {
		s.icmp_type = none[i];
		assert_int_equal(quote(&q, &s), -EINVAL);
	}
	s.icmp_type = 11;

	/* TCP: all of its header, or the first of it */
	for (i = 0; i < 60; i++) {
		s.quote_len = 20 + i;
		if (!i)
			continue;
		if (i < 8) {
			assert_int_equal(quote(&q, &s), -EINVAL);
			continue;
		}
		assert_int_equal(quote(&q, &s), 0);
		assert_int_equal(q.p.have & FWT_HAVE_PORTS, FWT_HAVE_PORTS);
		assert_int_equal(q.p.have & FWT_HAVE_TCP,
				 i >= 24 ? FWT_HAVE_TCP : 0);
		assert_int_equal(q.p.tcp_seq, 0xdeadbeef);
		assert_int_equal(q.p.dport, 80);
		assert_int_equal(q.p.length, 144);
		assert_int_equal(q.avail, built.end);
		assert_int_equal(q.p.end, built.end);
	}

	/* with IP options, which come first */
	in.ip_options = 40;
	s.quote_len = 68;
	assert_int_equal(quote(&q, &s), 0);
	assert_int_equal(q.p.dport, 80);
	s.quote_len = 67;
	assert_int_equal(quote(&q, &s), -EINVAL);
	s.quote_len = 0;

	/* fragments: the first, and any other */
	in.frag = true;
	in.frag_more = true;
	in.frag_len = 32;
	assert_int_equal(quote(&q, &s), 0);
	in.frag_off = 32;
	assert_int_equal(quote(&q, &s), -EINVAL);

	/* a query, what is none, and an error */
	s.quote = &echo;
	assert_int_equal(quote(&q, &s), 0);
	assert_int_equal(q.p.icmp_id, 99);
	assert_true(q.p.have & FWT_HAVE_ICMP_ID);
	echo.icmp_type = 10;
	assert_int_equal(quote(&q, &s), -EINVAL);
	echo.icmp_type = 3;
	assert_int_equal(quote(&q, &s), -EINVAL);

	/* what has no ports is known by its addresses; eight bytes of it, too, if it had them */
	echo.protocol = 47;
	s.quote_len = 27;
	assert_int_equal(quote(&q, &s), -EINVAL);
	echo.payload_len = 7;
	assert_int_equal(quote(&q, &s), 0);
	s.quote_len = 26;
	assert_int_equal(quote(&q, &s), -EINVAL);
	echo.payload_len = 100;
	s.quote_len = 28;
	assert_int_equal(quote(&q, &s), 0);
	assert_int_equal(q.p.have, FWT_HAVE_IP);
	assert_int_equal(q.p.daddr[0], 2);

	/* IPv6 inside of IPv4's error */
	pkt_build(&built, &s);
	built.data[28] = 0x65;
	parse_bytes(&p, built.data, built.len, FWT_PARSE_NETWORK);
	assert_int_equal(fwt_packet_quote(&p, &q, built.data, built.len, built.len), -EINVAL);
}

static void test_quote6(void **unused)
{
	struct pkt_spec in = udp6, s = {
		.family = 6, .saddr = { 1, 2, 3, 4 }, .daddr = { 5, 6, 7, 8 },
		.protocol = 58, .icmp_type = 1, .quote = &in,
	};
	struct fwt_quote q;
	u32 type;

	(void)unused;
	in.n_ext = 2;
	in.ext[0].type = 0;
	in.ext[1] = (struct pkt_ext){ .type = 43, .len = 2 };
	s.quote_len = 40 + 8 + 24 + 8;
	for (type = 0; type < 256; type++) {
		s.icmp_type = (u8)type;
		assert_int_equal(quote(&q, &s), type >= 1 && type <= 4 ? 0 : -EINVAL);
	}
	s.icmp_type = 1;
	assert_int_equal(quote(&q, &s), 0);
	assert_int_equal(q.p.dport, 53);
	assert_int_equal(q.p.have, FWT_HAVE_IP | FWT_HAVE_UDP | FWT_HAVE_PORTS);
	s.quote_len--;
	assert_int_equal(quote(&q, &s), -EINVAL);
}

/* RFC 4884: the length bounds the quote where it is a length. */
static void test_quote_length(void **unused)
{
	struct pkt_spec in = tcp4, s = {
		.family = 4, .saddr = { 0x01020304 }, .daddr = { 0x0a000001 },
		.protocol = 1, .icmp_type = 11, .quote = &in,
		.quote_len = 140, .extensions = true,
	};
	struct fwt_packet p;
	struct fwt_quote q;

	(void)unused;
	in.payload_len = 300;
	assert_int_equal(quote(&q, &s), 0);
	assert_int_equal(q.avail, 28 + 140);
	assert_int_equal(built.end, 28 + 140 + 12);

	/* padded with zeroes to 128 bytes: the inner length is less */
	in.payload_len = 10;
	assert_int_equal(quote(&q, &s), 0);
	assert_int_equal(q.avail, 28 + 128);
	assert_int_equal(q.p.end, 28 + 54);

	/* more than there is, or too little for a quote, is no length */
	built.data[20 + 5] = 60;
	parse_bytes(&p, built.data, built.len, FWT_PARSE_NETWORK);
	assert_int_equal(fwt_packet_quote(&p, &q, built.data, built.len, built.len), 0);
	assert_int_equal(q.avail, built.end);
	built.data[20 + 5] = 6;
	assert_int_equal(fwt_packet_quote(&p, &q, built.data, built.len, built.len), 0);
	assert_int_equal(q.avail, built.end);

	/* of a redirect those bytes are the gateway's address */
	s.extensions = false;
	s.icmp_type = 5;
	s.icmp_id = 0x0a20;
	in.payload_len = 300;
	s.quote_len = 200;
	assert_int_equal(quote(&q, &s), 0);
	assert_int_equal(q.avail, built.end);
	s.icmp_type = 3;
	assert_int_equal(quote(&q, &s), 0);
	assert_int_equal(q.avail, 28 + 128);

	/* ICMPv6 counts in units of 8 */
	in = udp6;
	in.payload_len = 300;
	s.family = 6;
	s.protocol = 58;
	s.icmp_type = 3;
	s.icmp_id = 0;
	s.quote_len = 150;
	s.extensions = true;
	assert_int_equal(quote(&q, &s), 0);
	assert_int_equal(q.avail, 48 + 152);
	/* and the MTU is no length */
	s.extensions = false;
	s.icmp_type = 2;
	s.icmp_id = 0x1000;
	assert_int_equal(quote(&q, &s), 0);
	assert_int_equal(q.avail, built.end);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quote),
		cmocka_unit_test(test_quote6),
		cmocka_unit_test(test_quote_length),
	};

	return cmocka_run_group_tests_name("packet, quotes", tests, NULL, NULL);
}
