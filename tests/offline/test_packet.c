// SPDX-License-Identifier: GPL-2.0
/* Reading whole packets: those that another program made, and any. */
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

/* ---- vectors that another program made (scapy 2.5.0) ---- */

static void test_scapy_syn(void **unused)
{
	static const char hex[] =
		"0200000000020200000000018100a02a080045b8003c000100003f068ec7"
		"c0000201c63364079c4001bb0102030400000000a002faf0bed000000204"
		"05b40402080a000000010000000001030307";
	struct fwt_tcp_options o;
	struct fwt_packet p;
	u8 data[128];
	u32 n;

	(void)unused;
	n = unhex(data, hex);
	parse_bytes(&p, data, n, FWT_PARSE_ETHER);
	assert_int_equal(p.bad, 0);
	assert_int_equal(p.have, FWT_HAVE_ETHER | FWT_HAVE_VLAN | FWT_HAVE_IP |
				 FWT_HAVE_PORTS | FWT_HAVE_TCP | FWT_HAVE_MSS);
	assert_int_equal(p.l3, 18);
	assert_int_equal(p.l4, 38);
	assert_int_equal(p.payload, 78);
	assert_int_equal(p.end, 78);
	assert_true(fwt_csum_verify(&p, data));
	expect_field(&p, FWT_FIELD_ETHER_SADDR, 2, 0x0200, 1, 0, 0);
	expect_field(&p, FWT_FIELD_ETHER_DADDR, 2, 0x0200, 2, 0, 0);
	FIELD(&p, ETHER_TYPE, 0x0800);
	FIELD(&p, VLAN_ID, 42);
	FIELD(&p, VLAN_PCP, 5);
	FIELD(&p, FAMILY, 4);
	FIELD(&p, SADDR, 0xc0000201);
	FIELD(&p, DADDR, 0xc6336407);
	FIELD(&p, IP_SADDR, 0xc0000201);
	FIELD(&p, IP_DADDR, 0xc6336407);
	ABSENT(&p, IP6_SADDR);
	ABSENT(&p, IP6_DADDR);
	ABSENT(&p, ARP_OP);
	FIELD(&p, PROTOCOL, 6);
	FIELD(&p, DSCP, 46);
	FIELD(&p, TTL, 63);
	FIELD(&p, LENGTH, 60);
	FIELD(&p, FRAGMENT, 0);
	FIELD(&p, SPORT, 40000);
	FIELD(&p, DPORT, 443);
	FIELD(&p, TCP_SPORT, 40000);
	FIELD(&p, TCP_DPORT, 443);
	ABSENT(&p, UDP_SPORT);
	ABSENT(&p, UDP_DPORT);
	FIELD(&p, TCP_FLAGS, FWT_TCP_SYN);
	FIELD(&p, TCP_SEQ, 0x01020304);
	FIELD(&p, TCP_ACK, 0);
	FIELD(&p, TCP_WINDOW, 64240);
	FIELD(&p, TCP_OPTION_MSS, 1460);
	ABSENT(&p, ICMP_TYPE);
	ABSENT(&p, ICMPV6_TYPE);
	fwt_packet_tcp_options(&p, data, &o);
	assert_int_equal(o.mss, 1460);
	assert_true(o.sack_perm);
	assert_true(o.has_wscale);
	assert_int_equal(o.wscale, 7);
	assert_false(o.has_sack);
}

static void test_scapy_udp6(void **unused)
{
	static const char hex[] =
		"02000000000202000000000186dd620000000015000920010db800000000"
		"000000000000000120010db8000000000000000000000002110005020000"
		"010014e90035000d4b6f68656c6c6f";
	struct fwt_packet p;
	u8 data[128];
	u32 n;

	(void)unused;
	n = unhex(data, hex);
	parse_bytes(&p, data, n, FWT_PARSE_ETHER);
	assert_int_equal(p.bad, 0);
	assert_true(fwt_csum_verify(&p, data));
	assert_int_equal(p.l4, 14 + 48);
	assert_int_equal(p.payload, 14 + 56);
	FIELD(&p, FAMILY, 6);
	expect_field(&p, FWT_FIELD_SADDR, 4, 0x20010db8, 0, 0, 1);
	expect_field(&p, FWT_FIELD_DADDR, 4, 0x20010db8, 0, 0, 2);
	expect_field(&p, FWT_FIELD_IP6_SADDR, 4, 0x20010db8, 0, 0, 1);
	expect_field(&p, FWT_FIELD_IP6_DADDR, 4, 0x20010db8, 0, 0, 2);
	ABSENT(&p, IP_SADDR);
	ABSENT(&p, IP_DADDR);
	ABSENT(&p, VLAN_ID);
	FIELD(&p, PROTOCOL, 17);
	FIELD(&p, DSCP, 8);
	FIELD(&p, TTL, 9);
	FIELD(&p, LENGTH, 61);
	FIELD(&p, UDP_SPORT, 5353);
	FIELD(&p, UDP_DPORT, 53);
	FIELD(&p, SPORT, 5353);
	ABSENT(&p, TCP_DPORT);
	ABSENT(&p, TCP_FLAGS);
	ABSENT(&p, TCP_OPTION_MSS);
}

static void test_scapy_icmp(void **unused)
{
	static const char error[] =
		"4500003f00020000fa01c2b8cb007101c00002010304e3dc000005784600"
		"0023000340003c11bd86c0000201c63364079404000004d20035000b3b30"
		"6f6464";
	static const char big[] =
		"60000000004b3a4020010db80000000000000000000000fe20010db80000"
		"000000000000000000010200"
		"35cf0000050060000000001b064020010db8000000000000000000000001"
		"20010db8000000000000000000000002000100020000000300000000"
		"50102000772300007061796c6f6164";
	struct fwt_packet p;
	struct fwt_quote q;
	u8 data[128];
	u32 n;

	(void)unused;
	n = unhex(data, error);
	parse_bytes(&p, data, n, FWT_PARSE_NETWORK);
	assert_int_equal(p.have, FWT_HAVE_IP | FWT_HAVE_ICMP | FWT_HAVE_ICMP_ERROR);
	assert_true(fwt_csum_verify(&p, data));
	FIELD(&p, ICMP_TYPE, 3);
	FIELD(&p, ICMP_CODE, 4);
	ABSENT(&p, ICMP_ID);
	ABSENT(&p, ICMPV6_TYPE);
	ABSENT(&p, SPORT);
	assert_int_equal(fwt_packet_quote(&p, &q, data, n, n), 0);
	assert_int_equal(q.p.have, FWT_HAVE_IP | FWT_HAVE_PORTS | FWT_HAVE_UDP);
	assert_int_equal(q.p.saddr[0], 0xc0000201);
	assert_int_equal(q.p.daddr[0], 0xc6336407);
	assert_int_equal(q.p.sport, 1234);
	assert_int_equal(q.p.dport, 53);
	assert_int_equal(q.p.l3, 28);
	assert_int_equal(q.p.l4, 52);
	assert_int_equal(q.p.length, 35);
	assert_int_equal(q.avail, n);

	n = unhex(data, big);
	parse_bytes(&p, data, n, FWT_PARSE_NETWORK);
	assert_int_equal(p.have, FWT_HAVE_IP | FWT_HAVE_ICMPV6 | FWT_HAVE_ICMP_ERROR);
	assert_true(fwt_csum_verify(&p, data));
	FIELD(&p, ICMPV6_TYPE, 2);
	FIELD(&p, ICMPV6_CODE, 0);
	ABSENT(&p, ICMPV6_ID);
	ABSENT(&p, ICMP_TYPE);
	assert_int_equal(fwt_packet_quote(&p, &q, data, n, n), 0);
	assert_int_equal(q.p.have, FWT_HAVE_IP | FWT_HAVE_PORTS | FWT_HAVE_TCP);
	assert_int_equal(q.p.tcp_seq, 3);
	assert_int_equal(q.p.tcp_flags, FWT_TCP_ACK);
	assert_int_equal(q.p.daddr[3], 2);
	assert_int_equal(q.p.dport, 2);
}

static void test_scapy_echo6(void **unused)
{
	static const char hex[] =
		"60000000000b3a4020010db8000000000000000000000001"
		"20010db8000000000000000000000002"
		"80004da712340007616263";
	struct fwt_packet p;
	u8 data[128];
	u32 n;

	(void)unused;
	n = unhex(data, hex);
	parse_bytes(&p, data, n, FWT_PARSE_NETWORK);
	assert_int_equal(p.have, FWT_HAVE_IP | FWT_HAVE_ICMPV6 | FWT_HAVE_ICMP_ID);
	assert_true(fwt_csum_verify(&p, data));
	FIELD(&p, ICMPV6_TYPE, 128);
	FIELD(&p, ICMPV6_ID, 0x1234);
	ABSENT(&p, ICMP_ID);
	ABSENT(&p, DPORT);
	data[n - 1] ^= 1;
	assert_false(fwt_csum_verify(&p, data));
}

/* ---- fields that do not come from the packet's bytes ---- */

/* A connection's own ends: of its record, of a first packet, of neither. */
static void test_original(void **unused)
{
	u32 addr6[__FWT_WHO_MAX][4];
	struct fwt_tuple t = {
		.src = { { 0x0a000001 }, 1000 }, .dst = { { 0xc0000201 }, 53 },
		.family = 4, .protocol = FWT_IPPROTO_UDP,
	};
	struct fwt_end server = { { 0x0a000009 }, 5353 };
	struct fwt_ends ends = { 0 };
	struct fwt_packet p = {
		.have = FWT_HAVE_IP | FWT_HAVE_UDP | FWT_HAVE_PORTS, .family = 4,
		.protocol = FWT_IPPROTO_UDP, .saddr = { 1 }, .daddr = { 2 },
		.sport = 3, .dport = 4, .ct_tuple = &t,
	};

	(void)unused;
	FIELD(&p, CT_ORIGINAL_SADDR, 0x0a000001);
	FIELD(&p, CT_ORIGINAL_DADDR, 0xc0000201);
	FIELD(&p, CT_ORIGINAL_PROTOCOL, FWT_IPPROTO_UDP);
	FIELD(&p, CT_ORIGINAL_SPORT, 1000);
	FIELD(&p, CT_ORIGINAL_DPORT, 53);
	/* whom the client dialled, wherever it was led */
	fwt_ends_init(&ends, &t);
	fwt_ends_set(&ends, FWT_S, &server);
	p.ct_ends = &ends;
	p.ct_tuple = NULL;
	p.ct_state = FWT_CT_RELATED;
	p.protocol = FWT_IPPROTO_ICMP;
	FIELD(&p, CT_ORIGINAL_DADDR, 0xc0000201);
	FIELD(&p, CT_ORIGINAL_PROTOCOL, FWT_IPPROTO_UDP);
	FIELD(&p, CT_ORIGINAL_DPORT, 53);
	/* a query has an id and a type where others have ports */
	t.protocol = FWT_IPPROTO_ICMP;
	fwt_ends_init(&ends, &t);
	ABSENT(&p, CT_ORIGINAL_SPORT);
	ABSENT(&p, CT_ORIGINAL_DPORT);
	t.family = 6;
	t.protocol = FWT_IPPROTO_TCP;
	t.src.addr[3] = 7;
	ends.addr6 = addr6;
	fwt_ends_init(&ends, &t);
	p.family = 6;
	expect_field(&p, FWT_FIELD_CT_ORIGINAL_SADDR, 4, 0x0a000001, 0, 0, 7);
	FIELD(&p, CT_ORIGINAL_SPORT, 1000);
	/* no connection */
	p.ct_state = FWT_CT_INVALID;
	ABSENT(&p, CT_ORIGINAL_SADDR);
	ABSENT(&p, CT_ORIGINAL_SPORT);
	ABSENT(&p, CT_ORIGINAL_PROTOCOL);
	ABSENT(&p, CT_MARK);
	ABSENT(&p, CT_DIRECTION);
	p.ct_state = FWT_CT_NEW;
	p.ct_ends = NULL;
	ABSENT(&p, CT_ORIGINAL_DADDR);
	ABSENT(&p, CT_ORIGINAL_PROTOCOL);
	FIELD(&p, CT_MARK, 0);
}

static void test_context(void **unused)
{
	static const char *const all[__FWT_FIELD_MAX] = {
#define NAME(id, name, w, w6, bits, hooks) name,
		FWT_FIELDS(NAME)
#undef NAME
	};
	char *name = malloc(4), *longest = malloc(15);
	struct fwt_packet p;
	u32 i, out[4];

	(void)unused;
	memset(&p, 0xff, sizeof(p));
	p.have = 0;
	p.ether_type = 0x0800;
	p.iif = NULL;
	p.oif = NULL;
	p.mark = 7;
	p.priority = 8;
	p.ct_state = FWT_CT_RELATED;
	p.ct_status = FWT_CT_SNAT | FWT_CT_DNAT;
	p.ct_direction = FWT_REPLY;
	p.ct_mark = 9;
	p.ct_ends = NULL;
	p.ct_tuple = NULL;
	p.pkttype = FWT_PKT_MULTICAST;
	assert_int_equal(fwt_packet_parse(&p, NULL, 0, 0, FWT_PARSE_NETWORK), 0);
	assert_int_equal(p.bad, FWT_REASON_MALFORMED);
	assert_int_equal(p.have, 0);
	/* what the caller has set is left, nothing else is there */
	assert_int_equal(p.hook, 0xff);
	assert_int_equal(p.unknown, 0);
	for (i = 0; i < __FWT_FIELD_MAX; i++) {
		int n = fwt_field_get(&p, i, out);

		assert_int_equal(n, i == FWT_FIELD_IIF ? 4 :
				    i == FWT_FIELD_MARK ||
				    i == FWT_FIELD_PRIORITY ||
				    i == FWT_FIELD_CT_STATE ||
				    i == FWT_FIELD_CT_STATUS ||
				    i == FWT_FIELD_CT_DIRECTION ||
				    i == FWT_FIELD_CT_MARK ||
				    i == FWT_FIELD_PKTTYPE);
		assert_string_equal(fwt_field_info[i].name, all[i]);
	}
	assert_int_equal(fwt_field_get(&p, __FWT_FIELD_MAX, out), 0);
	expect_field(&p, FWT_FIELD_IIF, 4, 0, 0, 0, 0);
	FIELD(&p, MARK, 7);
	FIELD(&p, PRIORITY, 8);
	FIELD(&p, CT_STATE, FWT_CT_RELATED);
	FIELD(&p, CT_STATUS, 2);
	FIELD(&p, CT_DIRECTION, FWT_REPLY);
	FIELD(&p, CT_MARK, 9);
	p.ct_status = FWT_CT_DNAT;
	FIELD(&p, CT_STATUS, 3);
	FIELD(&p, PKTTYPE, FWT_PKT_MULTICAST);

	/* exactly as many bytes as the names have */
	memcpy(name, "lo0", 4);
	memcpy(longest, "abcdefghijklmno", 15);
	p.iif = name;
	p.oif = longest;
	expect_field(&p, FWT_FIELD_IIF, 4, 0x6c6f3000, 0, 0, 0);
	expect_field(&p, FWT_FIELD_OIF, 4, 0x61626364, 0x65666768, 0x696a6b6c,
		     0x6d6e6f00);
	free(name);
	free(longest);
}

static void test_reasons(void **unused)
{
	unsigned int i, j;

	(void)unused;
	for (i = 0; i < __FWT_REASON_MAX; i++) {
		assert_non_null(fwt_reason_info[i].name);
		assert_true(fwt_reason_info[i].unit[0]);
		assert_true(fwt_reason_info[i].doc[0]);
		for (j = 0; j < i; j++)
			assert_string_not_equal(fwt_reason_info[i].name,
						fwt_reason_info[j].name);
	}
	assert_false(fwt_reason_info[FWT_REASON_NONE].drop);
	assert_true(fwt_reason_info[FWT_REASON_MALFORMED].drop);
	assert_string_equal(fwt_reason_info[FWT_REASON_MALFORMED].name, "malformed");
	assert_false(fwt_reason_info[FWT_REASON_EARLY_EVICT].drop);
	assert_string_equal(fwt_reason_info[FWT_REASON_EARLY_EVICT].unit,
			    "connections");
}

/* ---- any packet: what was put in comes out ---- */

/* What the table promises to compiler and verifier. */
static void check_fields(const struct fwt_packet *p)
{
	const struct fwt_field_info *info = fwt_field_info;
	u32 i, j, out[4];
	int n;

	for (i = 0; i < __FWT_FIELD_MAX; i++, info++) {
		n = fwt_field_get(p, i, out);
		if (!n)
			continue;
		assert_int_equal(n, p->family == 6 ? info->words6 : info->words);
		for (j = 0; info->bits < 32 && j < (u32)n; j++)
			assert_int_equal(out[j] >> info->bits, 0);
	}
}

static void test_random(void **unused)
{
	struct fwt_packet p;
	struct pkt_spec s;
	u32 i;

	(void)unused;
	for (i = 0; i < 40000; i++) {
		pkt_random_spec(&s, &seed);
		parse(&p, &s);
		check_read(&s, &p);
		check_fields(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scapy_syn),
		cmocka_unit_test(test_scapy_udp6),
		cmocka_unit_test(test_scapy_icmp),
		cmocka_unit_test(test_scapy_echo6),
		cmocka_unit_test(test_original),
		cmocka_unit_test(test_context),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests_name("packet", tests, NULL, NULL);
}
