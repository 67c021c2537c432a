// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "parse_check.h"
#include "reason.h"

struct pkt built;
u32 seed = 20261122;

const struct pkt_spec tcp4 = {
	.family = 4, .saddr = { 0x0a000001 }, .daddr = { 0x0a000002 },
	.protocol = 6, .sport = 1000, .dport = 80, .tcp_flags = FWT_TCP_SYN,
	.tcp_options = { 2, 4, 5, 0xb4 }, .n_tcp_options = 4,
};

const struct pkt_spec udp6 = {
	.family = 6, .saddr = { 0x20010db8, 0, 0, 1 },
	.daddr = { 0x20010db8, 0, 0, 2 }, .protocol = 17, .sport = 1000,
	.dport = 53, .payload_len = 40,
};

void parse_bytes(struct fwt_packet *p, const u8 *data, u32 len,
		 enum fwt_parse_from from)
{
	memset(p, 0, sizeof(*p));
	if (from == FWT_PARSE_NETWORK)
		p->ether_type = len && data[0] >> 4 == 6 ? 0x86dd : 0x0800;
	assert_int_equal(fwt_packet_parse(p, data, len, len, from), 0);
}

void parse(struct fwt_packet *p, const struct pkt_spec *s)
{
	pkt_build(&built, s);
	parse_bytes(p, built.data, built.len,
		    s->ether ? FWT_PARSE_ETHER : FWT_PARSE_NETWORK);
}

u32 unhex(u8 *to, const char *hex)
{
	u32 n;

	for (n = 0; hex[2 * n]; n++) {
		char digits[3] = { hex[2 * n], hex[2 * n + 1] };

		to[n] = (u8)strtoul(digits, NULL, 16);
	}
	return n;
}

void expect_field(const struct fwt_packet *p, unsigned int field, int n,
		  u32 a, u32 b, u32 c, u32 d)
{
	u32 want[4] = { a, b, c, d }, got[4];

	assert_int_equal(fwt_field_get(p, field, got), n);
	assert_memory_equal(got, want, n * sizeof(u32));
}

void expect_bad(const char *what, u32 gone)
{
	struct fwt_packet p;

	parse_bytes(&p, built.data, built.len, FWT_PARSE_NETWORK);
	if (p.bad != FWT_REASON_MALFORMED || p.have & gone)
		fail_msg("%s: bad %u, have %x", what, p.bad, p.have);
}

void expect_good(const char *what, u32 have)
{
	struct fwt_packet p;

	parse_bytes(&p, built.data, built.len, FWT_PARSE_NETWORK);
	if (p.bad || (p.have & have) != have)
		fail_msg("%s: bad %u, have %x", what, p.bad, p.have);
}

void check_read(const struct pkt_spec *s, const struct fwt_packet *p)
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
	assert_int_equal(p->l3, built.l3);
	assert_int_equal(p->l4, built.l4);
	assert_int_equal(p->end, built.end);
	assert_int_equal(p->length, built.end - built.l3);
	if (s->protocol != 47 && s->protocol != 50)
		assert_int_equal(p->payload, built.end - s->payload_len);
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
