// SPDX-License-Identifier: GPL-2.0
/* How a connection is written, in text and in JSON. */
#include <stdio.h>
#include <arpa/inet.h>

#include "conn_filter.h"
#include "conn_print.h"

const char *conn_address(char *buf, size_t size, uint8_t family, const uint8_t *a)
{
	if (!inet_ntop(family == 6 ? AF_INET6 : AF_INET, a, buf, size))
		snprintf(buf, size, "?");
	return buf;
}

const char *conn_end_text(char *buf, size_t size, uint8_t family,
			  const uint8_t *a, enum conn_what what, uint16_t port)
{
	char addr[INET6_ADDRSTRLEN];

	conn_address(addr, sizeof(addr), family, a);
	if (what == CONN_ALONE)
		snprintf(buf, size, "%s", addr);
	else if (what == CONN_ID)
		snprintf(buf, size, "%s id %u", addr, port);
	else if (family == 6)
		snprintf(buf, size, "[%s]:%u", addr, port);
	else
		snprintf(buf, size, "%s:%u", addr, port);
	return buf;
}

enum conn_what conn_asker(const struct fwt_nl_dir *d)
{
	return d->has_icmp ? CONN_ID : d->has_ports ? CONN_PORT : CONN_ALONE;
}

static void json_dir(const char *key, uint8_t family, const struct fwt_nl_dir *d)
{
	char addr[INET6_ADDRSTRLEN];

	out_object(key);
	out_str("saddr", conn_address(addr, sizeof(addr), family, d->saddr));
	out_str("daddr", conn_address(addr, sizeof(addr), family, d->daddr));
	if (d->has_ports) {
		out_num("sport", d->sport);
		out_num("dport", d->dport);
	}
	if (d->has_icmp) {
		out_num("type", d->type);
		out_num("code", d->code);
		out_num("icmp_id", d->icmp_id);
	}
	out_num("packets", d->packets);
	out_num("bytes", d->bytes);
	out_end();
}

void conn_rule_json(const char *key, const struct fwt_nl_conn_rule *r)
{
	if (!r->there) {
		out_null(key);
		return;
	}
	out_object(key);
	out_str("id", r->id);
	out_str("file", r->file);
	out_num("line", r->line);
	out_end();
}

void conn_json(const struct fwt_nl_conn *c)
{
	char proto[16];

	out_num("id", c->id);
	out_str("family", c->family == 6 ? "ipv6" : "ipv4");
	out_str("protocol", conn_protocol_name(proto, sizeof(proto), c->protocol));
	out_str("state", fwt_nl_conn_state_name(c->state));
	out_num("timeout", c->timeout);
	out_bool("assured", c->flags & FWTREE_CONN_FLAG_ASSURED);
	out_bool("replied", c->flags & FWTREE_CONN_FLAG_REPLIED);
	out_bool("tentative", c->flags & FWTREE_CONN_FLAG_TENTATIVE);
	out_bool("local", c->flags & FWTREE_CONN_FLAG_LOCAL);
	out_num("mark", c->mark);
	out_num("ct_mark", c->ct_mark);
	out_num("generation", c->generation);
	out_num("scope", c->scope);
	json_dir("original", c->family, &c->original);
	json_dir("reply", c->family, &c->reply);
	out_bool("snat", c->flags & FWTREE_CONN_FLAG_SNAT);
	out_bool("dnat", c->flags & FWTREE_CONN_FLAG_DNAT);
	out_str("iif", c->iif);
	out_str("oif", c->oif);
	out_object("rules");
	conn_rule_json("ingress", &c->ingress);
	conn_rule_json("egress", &c->egress);
	out_end();
}

void conn_translation(char *buf, size_t size, const struct fwt_nl_conn *c)
{
	const struct fwt_nl_dir *r = &c->reply;
	char a[CONN_END], b[CONN_END];
	bool snat = c->flags & FWTREE_CONN_FLAG_SNAT;
	bool dnat = c->flags & FWTREE_CONN_FLAG_DNAT;

	conn_end_text(a, sizeof(a), c->family, r->daddr, conn_asker(r),
		      r->has_icmp ? r->icmp_id : r->dport);
	conn_end_text(b, sizeof(b), c->family, r->saddr,
		      r->has_ports ? CONN_PORT : CONN_ALONE, r->sport);
	snprintf(buf, size, "%s%s%s%s%s", snat ? "as " : "", snat ? a : "",
		 snat && dnat ? " " : "", dnat ? "to " : "", dnat ? b : "");
}

void conn_rule_text(char *buf, size_t size, const struct fwt_nl_conn_rule *r)
{
	if (!r->there)
		*buf = 0;
	else if (r->id)
		snprintf(buf, size, "%s", r->id);
	else
		snprintf(buf, size, "%s:%u", r->file ? r->file : "?", r->line);
}
