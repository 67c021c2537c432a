// SPDX-License-Identifier: GPL-2.0
/* Reading the link layer: ARP, VLAN tags, padding behind the IP packet. */
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

static void test_arp(void **unused)
{
	static const char hex[] =
		"020000000002020000000001080600010800060400020200000000"
		"01c0000201020000000002c0000202";
	struct fwt_packet p;
	u8 data[128];
	u32 n;

	(void)unused;
	n = unhex(data, hex);
	parse_bytes(&p, data, n, FWT_PARSE_ETHER);
	assert_int_equal(p.bad, 0);
	assert_int_equal(p.have, FWT_HAVE_ETHER | FWT_HAVE_ARP);
	FIELD(&p, ETHER_TYPE, 0x0806);
	FIELD(&p, ARP_OP, 2);
	FIELD(&p, ARP_SADDR, 0xc0000201);
	FIELD(&p, ARP_DADDR, 0xc0000202);
	ABSENT(&p, SADDR);
	ABSENT(&p, DADDR);
	ABSENT(&p, IP_SADDR);
	ABSENT(&p, FAMILY);
	ABSENT(&p, PROTOCOL);
	ABSENT(&p, LENGTH);
	ABSENT(&p, FRAGMENT);

	/* for other hardware: not ours, and not bad */
	data[15] = 6;
	parse_bytes(&p, data, n, FWT_PARSE_ETHER);
	assert_int_equal(p.bad, 0);
	assert_int_equal(p.have, FWT_HAVE_ETHER);
	data[15] = 1;
	/* Ethernet addresses of 8 bytes */
	data[18] = 8;
	parse_bytes(&p, data, n, FWT_PARSE_ETHER);
	assert_int_equal(p.bad, FWT_REASON_MALFORMED);
	assert_int_equal(p.have, FWT_HAVE_ETHER);
}

static void test_padding(void **unused)
{
	struct pkt_spec s = tcp4;
	struct fwt_packet p;

	(void)unused;
	s.padding = 16;
	parse(&p, &s);
	assert_int_equal(p.end, 44);
	assert_int_equal(p.length, 44);
	/* Behind the end of the packet there is no TCP header. */
	built.data[3] = 30;
	expect_bad("header in the padding", L4_ALL);
}

static void test_vlan(void **unused)
{
	struct pkt_spec s = udp6;
	struct fwt_packet p;

	(void)unused;
	s.ether = true;
	s.n_vlan = 2;
	s.vlan_type[0] = 0x88a8;
	s.vlan_tci[0] = 0xe064;
	s.vlan_tci[1] = 0x0001;
	parse(&p, &s);
	assert_int_equal(p.l3, 22);
	FIELD(&p, VLAN_ID, 100);
	FIELD(&p, VLAN_PCP, 7);
	FIELD(&p, UDP_DPORT, 53);

	s.n_vlan = 3;
	parse(&p, &s);
	assert_int_equal(p.bad, 0);
	assert_int_equal(p.have, FWT_HAVE_ETHER | FWT_HAVE_VLAN);
	FIELD(&p, ETHER_TYPE, 0x8100);

	/* A tag that the device took off is told by the caller. */
	memset(&p, 0, sizeof(p));
	s.ether = false;
	pkt_build(&built, &s);
	p.have = FWT_HAVE_ETHER | FWT_HAVE_VLAN | FWT_HAVE_TCP;
	p.ether_type = 0x86dd;
	p.vlan_tci = 9;
	p.ether_saddr[5] = 3;
	assert_int_equal(fwt_packet_parse(&p, built.data, built.len, built.len,
					  FWT_PARSE_NETWORK), 0);
	FIELD(&p, VLAN_ID, 9);
	expect_field(&p, FWT_FIELD_ETHER_SADDR, 2, 0, 3, 0, 0);
	ABSENT(&p, TCP_FLAGS);
	FIELD(&p, UDP_DPORT, 53);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arp),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_vlan),
	};

	return cmocka_run_group_tests_name("packet, link layer", tests, NULL, NULL);
}
