// SPDX-License-Identifier: GPL-2.0
/*
 * Reading packets: what is there is read right, what is not there is absent,
 * what lies is bad, and nothing outside of the buffer is ever looked at. For
 * that last one each buffer is allocated to the very byte; AddressSanitizer
 * tells.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "packet.h"
#include "pkt.h"
#include "reason.h"
#include "rewrite.h"
#include "tuple.h"

static struct pkt k;
static u32 state = 20261122;

static void parse_bytes(struct fwt_packet *p, const u8 *data, u32 len,
			enum fwt_parse_from from)
{
	memset(p, 0, sizeof(*p));
	if (from == FWT_PARSE_NETWORK)
		p->ether_type = len && data[0] >> 4 == 6 ? 0x86dd : 0x0800;
	assert_int_equal(fwt_packet_parse(p, data, len, len, from), 0);
}

static void parse(struct fwt_packet *p, const struct pkt_spec *s)
{
	pkt_build(&k, s);
	parse_bytes(p, k.data, k.len,
		    s->ether ? FWT_PARSE_ETHER : FWT_PARSE_NETWORK);
}

/* ---- vectors that another program made (scapy 2.5.0) ---- */

static u32 unhex(u8 *to, const char *hex)
{
	u32 n;

	for (n = 0; hex[2 * n]; n++) {
		char digits[3] = { hex[2 * n], hex[2 * n + 1] };

		to[n] = (u8)strtoul(digits, NULL, 16);
	}
	return n;
}

static void expect_field(const struct fwt_packet *p, unsigned int field, int n,
			 u32 a, u32 b, u32 c, u32 d)
{
	u32 want[4] = { a, b, c, d }, got[4];

	assert_int_equal(fwt_field_get(p, field, got), n);
	assert_memory_equal(got, want, n * sizeof(u32));
}

#define FIELD(p, id, v)		expect_field(p, FWT_FIELD_##id, 1, v, 0, 0, 0)
#define ABSENT(p, id)		expect_field(p, FWT_FIELD_##id, 0, 0, 0, 0, 0)

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

/* ---- fields that do not come from the packet's bytes ---- */

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
				    i == FWT_FIELD_PKTTYPE);
		assert_string_equal(fwt_field_info[i].name, all[i]);
	}
	assert_int_equal(fwt_field_get(&p, __FWT_FIELD_MAX, out), 0);
	expect_field(&p, FWT_FIELD_IIF, 4, 0, 0, 0, 0);
	FIELD(&p, MARK, 7);
	FIELD(&p, PRIORITY, 8);
	FIELD(&p, CT_STATE, FWT_CT_RELATED);
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

static void check_read(const struct pkt_spec *s, const struct fwt_packet *p)
{
	bool icmp = s->protocol == 1 || s->protocol == 58;
	u32 have = FWT_HAVE_IP;

	if (s->ether)
		have |= FWT_HAVE_ETHER;
	if (s->n_vlan)
		have |= FWT_HAVE_VLAN;
	if (icmp)
		have |= (s->family == 4 ? FWT_HAVE_ICMP : FWT_HAVE_ICMPV6) |
			FWT_HAVE_ICMP_ID;
	else if (s->protocol != 50 && s->protocol != 47)
		have |= FWT_HAVE_PORTS;
	if (s->protocol == 6)
		have |= FWT_HAVE_TCP;
	if (s->protocol == 17)
		have |= FWT_HAVE_UDP;
	assert_int_equal(p->bad, 0);
	assert_int_equal(p->have & ~FWT_HAVE_MSS, have);
	assert_int_equal(p->family, s->family);
	assert_int_equal(p->protocol, s->protocol);
	assert_int_equal(p->tos, s->tos);
	assert_int_equal(p->ttl, s->ttl ? s->ttl : 64);
	assert_memory_equal(p->saddr, s->saddr, sizeof(p->saddr));
	assert_memory_equal(p->daddr, s->daddr, sizeof(p->daddr));
	assert_int_equal(p->l3, k.l3);
	assert_int_equal(p->l4, k.l4);
	assert_int_equal(p->end, k.end);
	assert_int_equal(p->length, k.end - k.l3);
	if (s->protocol != 47 && s->protocol != 50)
		assert_int_equal(p->payload, k.end - s->payload_len);
	if (s->n_vlan)
		assert_int_equal(p->vlan_tci, s->vlan_tci[0]);
	if (have & FWT_HAVE_PORTS) {
		assert_int_equal(p->sport, s->sport);
		assert_int_equal(p->dport, s->dport);
	}
	if (icmp) {
		assert_int_equal(p->icmp_type, s->icmp_type);
		assert_int_equal(p->icmp_id, s->icmp_id);
	}
	if (s->protocol == 6) {
		assert_int_equal(p->tcp_flags, s->tcp_flags);
		assert_int_equal(p->tcp_seq, s->tcp_seq);
		assert_int_equal(p->tcp_ack, s->tcp_ack);
		assert_int_equal(p->tcp_window, s->tcp_window);
	}
}

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
		pkt_random_spec(&s, &state);
		parse(&p, &s);
		check_read(&s, &p);
		check_fields(&p);
	}
}

/* ---- particular packets ---- */

static const struct pkt_spec tcp4 = {
	.family = 4, .saddr = { 0x0a000001 }, .daddr = { 0x0a000002 },
	.protocol = 6, .sport = 1000, .dport = 80, .tcp_flags = FWT_TCP_SYN,
	.tcp_options = { 2, 4, 5, 0xb4 }, .n_tcp_options = 4,
};

static const struct pkt_spec udp6 = {
	.family = 6, .saddr = { 0x20010db8, 0, 0, 1 },
	.daddr = { 0x20010db8, 0, 0, 2 }, .protocol = 17, .sport = 1000,
	.dport = 53, .payload_len = 40,
};

static void expect_bad(const char *what, u32 gone)
{
	struct fwt_packet p;

	parse_bytes(&p, k.data, k.len, FWT_PARSE_NETWORK);
	if (p.bad != FWT_REASON_MALFORMED || p.have & gone)
		fail_msg("%s: bad %u, have %x", what, p.bad, p.have);
}

static void expect_good(const char *what, u32 have)
{
	struct fwt_packet p;

	parse_bytes(&p, k.data, k.len, FWT_PARSE_NETWORK);
	if (p.bad || (p.have & have) != have)
		fail_msg("%s: bad %u, have %x", what, p.bad, p.have);
}

#define L4_ALL (FWT_HAVE_PORTS | FWT_HAVE_TCP | FWT_HAVE_UDP | FWT_HAVE_ICMP | \
		FWT_HAVE_ICMPV6 | FWT_HAVE_ICMP_ID | FWT_HAVE_ICMP_ERROR)

static void test_lies(void **unused)
{
	struct fwt_packet p;
	struct pkt_spec s;

	(void)unused;
	pkt_build(&k, &tcp4);
	expect_good("plain", FWT_HAVE_TCP | FWT_HAVE_MSS);
	k.data[0] = 0x55;
	expect_bad("version 5", FWT_HAVE_IP);
	k.data[0] = 0x44;
	expect_bad("header of 16 bytes", FWT_HAVE_IP);
	k.data[0] = 0x4f;
	expect_bad("header longer than the packet", FWT_HAVE_IP);
	k.data[0] = 0x45;
	k.data[3]++;
	expect_bad("longer than there is", FWT_HAVE_IP);
	k.data[3] = 19;
	expect_bad("total length less than the header", FWT_HAVE_IP);
	k.data[3] = 0;
	expect_bad("total length 0", FWT_HAVE_IP);
	k.data[3] = 43;
	expect_bad("TCP header cut off", L4_ALL);
	k.data[3] = 44;
	k.data[32] = 0x40;
	expect_bad("data offset 16", L4_ALL);
	k.data[32] = 0x70;
	expect_bad("data offset behind the end", L4_ALL);
	k.data[32] = 0x60;
	expect_good("mended", FWT_HAVE_TCP);
	k.data[9] = 17;
	expect_bad("UDP length 0", L4_ALL);
	k.data[25] = 7;
	k.data[24] = 0;
	expect_bad("UDP length 7", L4_ALL);
	k.data[25] = 8;
	expect_good("UDP shorter than the packet", FWT_HAVE_UDP);
	k.data[25] = 25;
	expect_bad("UDP longer than the packet", L4_ALL);
	k.data[9] = 136;
	expect_bad("UDP-Lite covers too much", L4_ALL);
	k.data[25] = 7;
	expect_bad("UDP-Lite covers 7 bytes", L4_ALL);
	k.data[25] = 0;
	expect_good("UDP-Lite covers all", FWT_HAVE_PORTS);
	k.data[9] = 33;
	k.data[24] = 2;
	expect_bad("DCCP offset 8", L4_ALL);
	k.data[24] = 7;
	expect_bad("DCCP offset behind the end", L4_ALL);
	k.data[24] = 6;
	expect_good("DCCP", FWT_HAVE_PORTS);
	k.data[9] = 58;
	expect_good("ICMPv6 over IPv4", FWT_HAVE_IP);
	parse_bytes(&p, k.data, k.len, FWT_PARSE_NETWORK);
	assert_int_equal(p.have, FWT_HAVE_IP);

	s = udp6;
	pkt_build(&k, &s);
	expect_good("plain", FWT_HAVE_UDP);
	k.data[5]++;
	expect_bad("longer than there is", FWT_HAVE_IP);
	k.data[5] = 0;
	expect_bad("payload length 0", L4_ALL);
	k.data[5] = 48;
	k.data[6] = 0;
	k.data[4 * 10 + 1] = 200;
	expect_bad("hop-by-hop longer than the packet", L4_ALL);
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
	k.data[3] = 30;
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
	pkt_build(&k, &s);
	p.have = FWT_HAVE_ETHER | FWT_HAVE_VLAN | FWT_HAVE_TCP;
	p.ether_type = 0x86dd;
	p.vlan_tci = 9;
	p.ether_saddr[5] = 3;
	assert_int_equal(fwt_packet_parse(&p, k.data, k.len, k.len,
					  FWT_PARSE_NETWORK), 0);
	FIELD(&p, VLAN_ID, 9);
	expect_field(&p, FWT_FIELD_ETHER_SADDR, 2, 0, 3, 0, 0);
	ABSENT(&p, TCP_FLAGS);
	FIELD(&p, UDP_DPORT, 53);
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
	pkt_build(&k, &s);
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
	pkt_build(&k, &s);
	expect_good("eight headers", FWT_HAVE_UDP);
	s.n_ext = 9;
	pkt_build(&k, &s);
	expect_bad("nine headers", L4_ALL);
	s.n_ext = 1;
	s.ext[0].len = 63;
	pkt_build(&k, &s);
	expect_good("512 bytes", FWT_HAVE_UDP);
	s.ext[0].len = 64;
	pkt_build(&k, &s);
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
		assert_int_equal(p.l4, k.l4);

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
		pkt_build(&k, &s);
		expect_bad("no multiple of 8", L4_ALL);
		s.frag_len = 8;
		pkt_build(&k, &s);
		expect_bad("a tiny first fragment", L4_ALL);
		s.frag_len = 16;
		s.frag_off = 8;
		pkt_build(&k, &s);
		expect_bad("the other half of a TCP header", L4_ALL);
		s.frag_off = 48;
		s.frag_more = false;
		s.frag_len = 24;
		pkt_build(&k, &s);
		if (family == 4)
			put_unaligned_be16(0x1fff, k.data + 6);
		else
			put_unaligned_be16(0xfff8, k.data + 42);
		expect_bad("beyond 65535 bytes", L4_ALL);

		/* UDP's length is of the whole */
		s.protocol = 17;
		s.frag_off = 0;
		s.frag_more = true;
		pkt_build(&k, &s);
		expect_good("first fragment of UDP", FWT_HAVE_UDP);
	}

	/* A fragment of a fragment. */
	s = udp6;
	s.protocol = 44;
	s.frag = true;
	s.frag_more = true;
	s.payload = nested;
	s.payload_len = sizeof(nested);
	pkt_build(&k, &s);
	expect_bad("nested fragments", L4_ALL);
}

/* Lengths of 0 mean "more than can be said" where there is so much. */
static void test_big(void **unused)
{
	static u8 data[100000];
	struct fwt_packet p;
	struct pkt_spec s;

	(void)unused;
	pkt_build(&k, &tcp4);
	memcpy(data, k.data, k.len);
	put_unaligned_be16(0, data + 2);
	memset(&p, 0, sizeof(p));
	p.ether_type = 0x0800;
	assert_int_equal(fwt_packet_parse(&p, data, k.len, 90000,
					  FWT_PARSE_NETWORK), 0);
	assert_int_equal(p.bad, 0);
	FIELD(&p, LENGTH, 90000);
	FIELD(&p, TCP_DPORT, 80);
	assert_int_equal(p.end, 90000);
	assert_int_equal(fwt_packet_parse(&p, data, k.len, 65535,
					  FWT_PARSE_NETWORK), 0);
	assert_int_equal(p.bad, FWT_REASON_MALFORMED);

	/* IPv6, with the hop-by-hop header that older kernels put there */
	s = udp6;
	s.protocol = 6;
	s.n_ext = 1;
	pkt_build(&k, &s);
	memcpy(data, k.data, k.len);
	put_unaligned_be16(0, data + 4);
	p.ether_type = 0x86dd;
	assert_int_equal(fwt_packet_parse(&p, data, sizeof(data), sizeof(data),
					  FWT_PARSE_NETWORK), 0);
	assert_int_equal(p.bad, 0);
	FIELD(&p, LENGTH, sizeof(data));
	FIELD(&p, TCP_DPORT, 53);
	assert_int_equal(fwt_packet_parse(&p, data, k.len, 65535 + 40,
					  FWT_PARSE_NETWORK), 0);
	assert_int_equal(p.bad, FWT_REASON_MALFORMED);
	assert_int_equal(p.have & L4_ALL, 0);
}

/* ---- TCP options ---- */

static void options(struct fwt_tcp_options *o, struct fwt_packet *p,
		    const u8 *bytes, u32 n)
{
	struct pkt_spec s = tcp4;

	memset(s.tcp_options, 0, sizeof(s.tcp_options));
	memcpy(s.tcp_options, bytes, n);
	s.n_tcp_options = (u8)((n + 3) / 4 * 4);
	parse(p, &s);
	assert_int_equal(p->bad, 0);
	fwt_packet_tcp_options(p, k.data, o);
}

#define OPTIONS(o, p, ...) options(o, p, (const u8[]){ __VA_ARGS__ }, \
				   sizeof((const u8[]){ __VA_ARGS__ }))

static void test_tcp_options(void **unused)
{
	struct fwt_tcp_options o;
	struct fwt_packet p;

	(void)unused;
	OPTIONS(&o, &p, 1, 1, 3, 3, 200, 4, 2, 2, 4, 1, 2);
	assert_true(o.has_wscale);
	assert_int_equal(o.wscale, 14);
	assert_true(o.sack_perm);
	assert_int_equal(o.mss, 0x102);
	FIELD(&p, TCP_OPTION_MSS, 0x102);

	/* what follows the end is not read */
	OPTIONS(&o, &p, 0, 3, 3, 7, 2, 4, 1, 2);
	assert_false(o.has_wscale);
	ABSENT(&p, TCP_OPTION_MSS);

	/* a length of 0 or 1 would go round for ever */
	OPTIONS(&o, &p, 254, 0, 2, 4, 1, 2);
	assert_int_equal(o.mss, 0);
	OPTIONS(&o, &p, 254, 1, 2, 4, 1, 2);
	assert_int_equal(o.mss, 0);

	/* cut off: by one byte, and after the kind */
	OPTIONS(&o, &p, 4, 2, 1, 1, 2, 5, 1, 2);
	assert_true(o.sack_perm);
	assert_int_equal(o.mss, 0);
	OPTIONS(&o, &p, 1, 1, 1, 2);
	assert_int_equal(o.mss, 0);

	/* of another length than its kind has */
	OPTIONS(&o, &p, 2, 3, 1, 3, 4, 1, 1, 4, 3, 1, 5, 9, 0, 0, 0, 0, 0, 0, 0);
	assert_int_equal(o.mss, 0);
	assert_false(o.has_wscale);
	assert_false(o.sack_perm);
	assert_false(o.has_sack);
	ABSENT(&p, TCP_OPTION_MSS);

	/* the highest edge, round the end of the numbers */
	OPTIONS(&o, &p, 1, 1, 5, 26,
		0, 0, 0, 0, 0xff, 0xff, 0xff, 0xf0,
		0, 0, 0, 0, 0, 0, 0, 0x10,
		0, 0, 0, 0, 0xff, 0xff, 0xff, 0x00);
	assert_true(o.has_sack);
	assert_int_equal(o.sack_edge, 0x10);

	/* An MSS of 0 is one, to a rule that looks for small ones. */
	OPTIONS(&o, &p, 2, 4, 0, 0);
	FIELD(&p, TCP_OPTION_MSS, 0);
}

/* ---- quotes ---- */

static int quote(struct fwt_quote *q, const struct pkt_spec *s)
{
	struct fwt_packet p;

	parse(&p, s);
	assert_int_equal(p.bad, 0);
	return fwt_packet_quote(&p, q, k.data, k.len, k.len);
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
		assert_int_equal(q.avail, k.end);
		assert_int_equal(q.p.end, k.end);
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

	/* what has no ports is known by its addresses */
	echo.protocol = 47;
	s.quote_len = 21;
	assert_int_equal(quote(&q, &s), 0);
	assert_int_equal(q.p.have, FWT_HAVE_IP);
	assert_int_equal(q.p.daddr[0], 2);

	/* IPv6 inside of IPv4's error */
	pkt_build(&k, &s);
	k.data[28] = 0x65;
	parse_bytes(&p, k.data, k.len, FWT_PARSE_NETWORK);
	assert_int_equal(fwt_packet_quote(&p, &q, k.data, k.len, k.len), -EINVAL);
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
	assert_int_equal(k.end, 28 + 140 + 12);

	/* padded with zeroes to 128 bytes: the inner length is less */
	in.payload_len = 10;
	assert_int_equal(quote(&q, &s), 0);
	assert_int_equal(q.avail, 28 + 128);
	assert_int_equal(q.p.end, 28 + 54);

	/* more than there is, or too little for a quote, is no length */
	k.data[20 + 5] = 60;
	parse_bytes(&p, k.data, k.len, FWT_PARSE_NETWORK);
	assert_int_equal(fwt_packet_quote(&p, &q, k.data, k.len, k.len), 0);
	assert_int_equal(q.avail, k.end);
	k.data[20 + 5] = 6;
	assert_int_equal(fwt_packet_quote(&p, &q, k.data, k.len, k.len), 0);
	assert_int_equal(q.avail, k.end);

	/* of a redirect those bytes are the gateway's address */
	s.extensions = false;
	s.icmp_type = 5;
	s.icmp_id = 0x0a20;
	in.payload_len = 300;
	s.quote_len = 200;
	assert_int_equal(quote(&q, &s), 0);
	assert_int_equal(q.avail, k.end);
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
	assert_int_equal(q.avail, k.end);
}

/* ---- nothing outside of the buffer ---- */

/* Give the parser what it asks for, to the byte, until it is content. */
static int parse_growing(struct fwt_packet *p, struct fwt_quote *q, const u8 *data,
			 u32 len, u32 total, enum fwt_parse_from from)
{
	int ret = 0, quoted = 0;
	u16 type = from == FWT_PARSE_NETWORK && total && data[0] >> 4 == 6 ?
		   0x86dd : 0x0800;
	u8 *copy;

	for (;;) {
		copy = malloc(len);
		assert_non_null(copy);
		memcpy(copy, data, len);
		memset(p, 0, sizeof(*p));
		p->ether_type = type;
		ret = fwt_packet_parse(p, copy, len, total, from);
		quoted = ret ? 0 : fwt_packet_quote(p, q, copy, len, total);
		if (!ret && (p->have & FWT_HAVE_TCP)) {
			struct fwt_tcp_options o;

			assert_true(p->payload <= len);
			fwt_packet_tcp_options(p, copy, &o);
		}
		free(copy);
		assert_true(ret >= 0);
		if (quoted > 0)
			ret = quoted;
		if (!ret)
			break;
		assert_true((u32)ret > len);
		assert_true((u32)ret <= total);
		len = (u32)ret;
	}
	assert_true(p->l3 <= p->l4 && p->l4 <= p->payload);
	assert_true(p->payload <= p->end && p->end <= total);
	if (!quoted) {
		assert_true(q->avail <= p->end);
		assert_true(q->p.payload <= q->p.end && q->p.end <= q->avail);
	}
	return quoted;
}

static void truncate_all(const struct pkt_spec *s)
{
	enum fwt_parse_from from = s->ether ? FWT_PARSE_ETHER : FWT_PARSE_NETWORK;
	struct fwt_packet whole, p;
	struct fwt_quote q, wholeq;
	int ret;
	u32 len;

	pkt_build(&k, s);
	ret = parse_growing(&whole, &wholeq, k.data, k.len, k.len, from);
	assert_int_equal(whole.bad, 0);
	for (len = 0; len <= k.len; len++) {
		/* The rest is elsewhere: it is asked for, and all is the same. */
		assert_int_equal(parse_growing(&p, &q, k.data, len, k.len, from),
				 ret);
		assert_memory_equal(&p, &whole, sizeof(p));
		if (!ret)
			assert_memory_equal(&q, &wholeq, sizeof(q));
		/* There is no rest. */
		parse_growing(&p, &q, k.data, len, len, from);
		if (len < k.end)
			assert_int_equal(p.bad, FWT_REASON_MALFORMED);
		assert_int_equal(p.have & ~whole.have, 0);
	}
}

static const u8 errors4[] = { 3, 4, 5, 11, 12 };

static void random_any(struct pkt_spec *s, struct pkt_spec *in)
{
	u32 r = pkt_random(&state);

	pkt_random_spec(s, &state);
	if (r % 3)
		return;
	do {
		pkt_random_spec(in, &state);
	} while (in->family != s->family);
	in->ether = false;
	in->n_vlan = 0;
	in->padding = 0;
	s->protocol = s->family == 4 ? 1 : 58;
	s->icmp_type = s->family == 4 ? errors4[r / 3 % ARRAY_SIZE(errors4)] :
		       1 + r / 3 % 4;
	s->icmp_id = 0;
	s->quote = in;
	s->quote_len = 1 + (r >> 12) % 120;
	s->extensions = (r >> 20) % 4 == 0;
}

static void test_truncated(void **unused)
{
	struct pkt_spec s, in;
	u32 i;

	(void)unused;
	for (i = 0; i < 400; i++) {
		random_any(&s, &in);
		truncate_all(&s);
	}
}

/* Whatever the bytes: in bounds, and the rewriters keep to theirs. */
static void test_mutated(void **unused)
{
	struct fwt_rewrite to = {
		.src = { .addr = { 1, 2, 3, 4 }, .port = 5 },
		.dst = { .addr = { 6, 7, 8, 9 }, .port = 10 },
	};
	struct pkt_spec s, in;
	struct fwt_packet p;
	struct fwt_quote q;
	u32 i, j, len, at, delta;
	u8 *copy;

	(void)unused;
	for (i = 0; i < 12000; i++) {
		enum fwt_parse_from from;

		random_any(&s, &in);
		from = s.ether ? FWT_PARSE_ETHER : FWT_PARSE_NETWORK;
		pkt_build(&k, &s);
		for (j = 0; j < 20; j++) {
			at = pkt_random(&state) % k.len;
			/* mostly where the headers are */
			if (j % 4)
				at %= 80;
			if (at >= k.len)
				continue;
			k.data[at] = (u8)pkt_random(&state);
			len = j % 2 ? k.len : pkt_random(&state) % (k.len + 1);
			parse_growing(&p, &q, k.data,
				      pkt_random(&state) % (len + 1), len, from);

			copy = malloc(len);
			memcpy(copy, k.data, len);
			fwt_csum_verify(&p, copy);
			if (!fwt_packet_quote(&p, &q, copy, len, len))
				fwt_rewrite_error(&p, &q, copy, p.end, &to, &to);
			else
				fwt_rewrite(&p, copy, &to, j & 2 ? FWT_CSUM_FULL :
					    FWT_CSUM_PARTIAL, &delta);
			free(copy);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scapy_syn),
		cmocka_unit_test(test_scapy_udp6),
		cmocka_unit_test(test_scapy_icmp),
		cmocka_unit_test(test_scapy_echo6),
		cmocka_unit_test(test_arp),
		cmocka_unit_test(test_context),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_vlan),
		cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_big),
		cmocka_unit_test(test_tcp_options),
		cmocka_unit_test(test_quote),
		cmocka_unit_test(test_quote6),
		cmocka_unit_test(test_quote_length),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_mutated),
	};

	return cmocka_run_group_tests_name("packet", tests, NULL, NULL);
}
