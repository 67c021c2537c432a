// SPDX-License-Identifier: GPL-2.0
/* conn list, count, delete, flush. */
#include <stdio.h>
#include <string.h>
#include <arpa/inet.h>

#include "conn_filter.h"

#define END_MAX (INET6_ADDRSTRLEN + 16)

static const char *address(char *buf, size_t size, uint8_t family, const uint8_t *a)
{
	if (!inet_ntop(family == 6 ? AF_INET6 : AF_INET, a, buf, size))
		snprintf(buf, size, "?");
	return buf;
}

/* An address with its port, as it is written in a policy, or with the id of an
 * ICMP query.
 */
enum what { ALONE, PORT, ID };

static const char *end_text(char *buf, size_t size, uint8_t family,
			    const uint8_t *a, enum what what, uint16_t port)
{
	char addr[INET6_ADDRSTRLEN];

	address(addr, sizeof(addr), family, a);
	if (what == ALONE)
		snprintf(buf, size, "%s", addr);
	else if (what == ID)
		snprintf(buf, size, "%s id %u", addr, port);
	else if (family == 6)
		snprintf(buf, size, "[%s]:%u", addr, port);
	else
		snprintf(buf, size, "%s:%u", addr, port);
	return buf;
}

/* What the side that began has besides its address. */
static enum what asker(const struct fwt_nl_dir *d)
{
	return d->has_icmp ? ID : d->has_ports ? PORT : ALONE;
}

static void json_dir(const char *key, uint8_t family, const struct fwt_nl_dir *d)
{
	char addr[INET6_ADDRSTRLEN];

	out_object(key);
	out_str("saddr", address(addr, sizeof(addr), family, d->saddr));
	out_str("daddr", address(addr, sizeof(addr), family, d->daddr));
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

static void json_rule(const char *key, const struct fwt_nl_conn_rule *r)
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

static void json_conn(const struct fwt_nl_conn *c)
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
	out_num("generation", c->generation);
	json_dir("original", c->family, &c->original);
	json_dir("reply", c->family, &c->reply);
	out_bool("snat", c->flags & FWTREE_CONN_FLAG_SNAT);
	out_bool("dnat", c->flags & FWTREE_CONN_FLAG_DNAT);
	out_str("iif", c->iif);
	out_str("oif", c->oif);
	out_object("rules");
	json_rule("ingress", &c->ingress);
	json_rule("egress", &c->egress);
	out_end();
}

/* Where it really goes, and as whom: what the reply direction tells. */
static void translation(char *buf, size_t size, const struct fwt_nl_conn *c)
{
	const struct fwt_nl_dir *r = &c->reply;
	char a[END_MAX], b[END_MAX];
	bool snat = c->flags & FWTREE_CONN_FLAG_SNAT;
	bool dnat = c->flags & FWTREE_CONN_FLAG_DNAT;

	end_text(a, sizeof(a), c->family, r->daddr, asker(r),
		 r->has_icmp ? r->icmp_id : r->dport);
	end_text(b, sizeof(b), c->family, r->saddr, r->has_ports ? PORT : ALONE,
		 r->sport);
	snprintf(buf, size, "%s%s%s%s%s", snat ? "as " : "", snat ? a : "",
		 snat && dnat ? " " : "", dnat ? "to " : "", dnat ? b : "");
}

static void rule_text(char *buf, size_t size, const struct fwt_nl_conn_rule *r)
{
	if (!r->there)
		*buf = 0;
	else if (r->id)
		snprintf(buf, size, "%s", r->id);
	else
		snprintf(buf, size, "%s:%u", r->file ? r->file : "?", r->line);
}

static int print_conn(void *ctx, const struct fwt_nl_conn *c)
{
	const struct fwt_nl_dir *o = &c->original;
	const char *state = fwt_nl_conn_state_name(c->state);
	char text[3 * END_MAX], in[200], eg[200];
	char packets[2][OUT_HUMAN], bytes[OUT_HUMAN];

	(void)ctx;
	out_row();
	if (out_is_json()) {
		json_conn(c);
		out_row_end();
		return 0;
	}
	out_cell_str(NULL, conn_protocol_name(text, sizeof(text), c->protocol));
	out_cell_str(NULL, c->flags & FWTREE_CONN_FLAG_TENTATIVE ? "(new)" : state);
	out_cell_num(NULL, OUT_SECONDS, c->timeout);
	out_cell_str(NULL, end_text(text, sizeof(text), c->family, o->saddr,
				    asker(o), o->has_icmp ? o->icmp_id : o->sport));
	out_cell_str(NULL, end_text(text, sizeof(text), c->family, o->daddr,
				    o->has_ports ? PORT : ALONE, o->dport));
	translation(text, sizeof(text), c);
	out_cell_str(NULL, text);
	out_cell_text("%s > %s", c->iif ? c->iif : "-", c->oif ? c->oif : "-");
	out_cell_text("%s/%s", out_human(packets[0], OUT_HUMAN, OUT_COUNT, o->packets),
		      out_human(packets[1], OUT_HUMAN, OUT_COUNT, c->reply.packets));
	out_cell_text("%s", out_human(bytes, sizeof(bytes), OUT_BYTES,
				      o->bytes + c->reply.bytes));
	rule_text(in, sizeof(in), &c->ingress);
	rule_text(eg, sizeof(eg), &c->egress);
	out_cell_text("%s%s%s", in, *in && *eg ? ", " : "", eg);
	out_row_end();
	return 0;
}

int cmd_conn_list(struct fwctl *ctl, int argc, char **argv)
{
	static const struct out_column columns[] = {
		{ "PROTO", false }, { "STATE", false }, { "EXPIRES", true },
		{ "SOURCE", false }, { "DESTINATION", false },
		{ "TRANSLATED", false }, { "IN > OUT", false },
		{ "PACKETS", true }, { "BYTES", true }, { "RULES", false },
	};
	struct fwt_nl_conn_filter f;
	struct fwt_nl nl;
	int ret;

	ret = conn_filter_parse(ctl, &f, argc, argv);
	if (ret)
		return ret;
	ret = fwctl_open(ctl, &nl);
	if (ret)
		return ret;
	out_table(NULL, columns, sizeof(columns) / sizeof(*columns));
	ret = fwt_nl_conns(&nl, &f, print_conn, NULL);
	if (ret < 0)
		return fwctl_refused(&nl);
	out_table_end();
	fwt_nl_close(&nl);
	if (ret)
		fprintf(stderr, "fwctl: note: the table grew or shrank meanwhile: some connections may be told twice, with the same id\n");
	return FWCTL_DONE;
}

int cmd_conn_count(struct fwctl *ctl, int argc, char **argv)
{
	struct fwt_nl_conn_filter f;
	uint32_t count, max;
	struct fwt_nl nl;
	int ret;

	ret = conn_filter_parse(ctl, &f, argc, argv);
	if (ret)
		return ret;
	ret = fwctl_open(ctl, &nl);
	if (ret)
		return ret;
	if (fwt_nl_conn_count(&nl, &f, &count, &max))
		return fwctl_refused(&nl);
	out_object(NULL);
	out_num("count", count);
	out_num("max", max);
	out_end();
	out_text("%u connection%s, at most %u\n", count, count == 1 ? "" : "s", max);
	fwt_nl_close(&nl);
	return FWCTL_DONE;
}

static void print_ended(uint32_t count)
{
	out_object(NULL);
	out_num("ended", count);
	out_end();
	out_text("%u connection%s ended\n", count, count == 1 ? "" : "s");
}

int cmd_conn_delete(struct fwctl *ctl, int argc, char **argv)
{
	struct fwt_nl_conn_filter f;
	uint32_t count;
	struct fwt_nl nl;
	int ret;

	ret = conn_filter_parse(ctl, &f, argc, argv);
	if (ret)
		return ret;
	ret = fwctl_open(ctl, &nl);
	if (ret)
		return ret;
	if (fwt_nl_conn_delete(&nl, &f, &count))
		return fwctl_refused(&nl);
	print_ended(count);
	fwt_nl_close(&nl);
	return FWCTL_DONE;
}

int cmd_conn_flush(struct fwctl *ctl, int argc, char **argv)
{
	struct fwt_nl_conn_filter f;
	uint32_t count;
	struct fwt_nl nl;
	int ret;

	ret = conn_filter_parse(ctl, &f, argc, argv);
	if (ret)
		return ret;
	ret = fwctl_open(ctl, &nl);
	if (ret)
		return ret;
	if (fwt_nl_conn_filter_empty(&f) ? fwt_nl_conn_flush(&nl, &count) :
					   fwt_nl_conn_delete(&nl, &f, &count))
		return fwctl_refused(&nl);
	print_ended(count);
	fwt_nl_close(&nl);
	return FWCTL_DONE;
}
