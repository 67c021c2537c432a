// SPDX-License-Identifier: GPL-2.0
/* How a packet that was logged or dropped is written, in text and in JSON. */
#include <stdio.h>
#include <string.h>
#include <arpa/inet.h>

#include "conn_filter.h"
#include "conn_print.h"
#include "packet_print.h"

static const char *const hooks[] = {
	"ingress", "egress", "ingress device", "egress device",
};

static const char *const verdicts[] = {
	[FWTREE_VERDICT_ACCEPT] = "accept",
	[FWTREE_VERDICT_DROP] = "drop",
	[FWTREE_VERDICT_REJECT] = "reject",
};

static const char *const tcp_flags[] = {
	"fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr",
};

#define NAME(names, i) \
	((i) < sizeof(names) / sizeof(*(names)) ? (names)[i] : "unknown")

#define MAC 18

static const char *mac(char *buf, size_t size, const uint8_t *a)
{
	snprintf(buf, size, "%02x:%02x:%02x:%02x:%02x:%02x", a[0], a[1], a[2], a[3], a[4],
		 a[5]);
	return buf;
}

static void json_ip(const struct fwt_nl_packet *p)
{
	char addr[INET6_ADDRSTRLEN], proto[16];
	unsigned int i;

	out_str("family", p->family == 6 ? "ipv6" : "ipv4");
	out_str("protocol", conn_protocol_name(proto, sizeof(proto), p->protocol));
	out_str("saddr", conn_address(addr, sizeof(addr), p->family, p->saddr));
	out_str("daddr", conn_address(addr, sizeof(addr), p->family, p->daddr));
	if (p->has_ports) {
		out_num("sport", p->sport);
		out_num("dport", p->dport);
	}
	if (p->has_tcp) {
		out_array("flags");
		for (i = 0; i < 8; i++)
			if (p->tcp_flags >> i & 1)
				out_str(NULL, tcp_flags[i]);
		out_end();
	}
	if (p->has_icmp) {
		out_num("type", p->type);
		out_num("code", p->code);
	}
	if (p->has_icmp_id)
		out_num("icmp_id", p->icmp_id);
	out_num("length", p->length);
	out_num("ttl", p->ttl);
}

void packet_json(const struct fwt_nl_packet *p)
{
	char buf[MAC];

	if (p->reason)
		out_str("reason", p->reason);
	else
		out_str("verdict", NAME(verdicts, p->verdict));
	if (p->prefix)
		out_str("prefix", p->prefix);
	conn_rule_json("rule", &p->rule);
	out_str("hook", NAME(hooks, p->hook));
	out_str("iif", p->iif);
	out_str("oif", p->oif);
	if (p->has_ether) {
		out_object("ether");
		out_str("saddr", mac(buf, sizeof(buf), p->ether_saddr));
		out_str("daddr", mac(buf, sizeof(buf), p->ether_daddr));
		out_num("type", p->ether_type);
		out_end();
	}
	if (p->family)
		json_ip(p);
	out_num("mark", p->mark);
}

static void text_ip(const struct fwt_nl_packet *p)
{
	enum conn_what what = p->has_ports ? CONN_PORT : p->has_icmp_id ? CONN_ID : CONN_ALONE;
	char from[CONN_END], to[CONN_END], proto[16];
	unsigned int i;

	out_text("%s %s > %s", conn_protocol_name(proto, sizeof(proto), p->protocol),
		 conn_end_text(from, sizeof(from), p->family, p->saddr, what,
			       p->has_ports ? p->sport : p->icmp_id),
		 conn_end_text(to, sizeof(to), p->family, p->daddr,
			       p->has_ports ? CONN_PORT : CONN_ALONE, p->dport));
	for (i = 0; p->has_tcp && i < 8; i++)
		if (p->tcp_flags >> i & 1)
			out_text(" %s", tcp_flags[i]);
	if (p->has_icmp)
		out_text(" type %u code %u", p->type, p->code);
	out_text(" len %u ttl %u", p->length, p->ttl);
}

void packet_text(const struct fwt_nl_packet *p)
{
	char buf[2][MAC], rule[200], clean[256];

	out_text("%s  ", p->reason ? p->reason : NAME(verdicts, p->verdict));
	if (p->prefix)
		out_text("\"%s\"  ",
			 out_clean(clean, sizeof(clean), p->prefix, strlen(p->prefix)));
	if (p->family)
		text_ip(p);
	else
		out_text("ether type 0x%04x", p->ether_type);
	if (p->has_ether)
		out_text("  %s > %s", mac(buf[0], MAC, p->ether_saddr),
			 mac(buf[1], MAC, p->ether_daddr));
	out_text("  %s > %s", p->iif ? p->iif : "-", p->oif ? p->oif : "-");
	if (p->mark)
		out_text(" mark %u", p->mark);
	conn_rule_text(rule, sizeof(rule), &p->rule);
	out_text("%s%s\n", *rule ? "  " : "",
		 out_clean(clean, sizeof(clean), rule, strlen(rule)));
}
