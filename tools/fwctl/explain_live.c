// SPDX-License-Identifier: GPL-2.0
/* explain --live: the way of a packet through the policy in force, a dry run. */
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "nl_explain.h"
#include "packet_text.h"
#include "sim_path.h"
#include "conn_print.h"
#include "explain.h"
#include "program_view.h"

/**
 * struct live - a dry run, and what came of it
 * @e: as the kernel told it
 * @last: its last walk, or NULL
 * @ip: the last one of a hook of IP, where there was one; else as @last
 * @flags: FWT_DECISION_* of all walks
 * @conn: what its connection is called in text; "" for none, or none by now
 */
struct live {
	struct view v;
	struct fwt_nl_explained e;
	const struct sim_walk *last;
	const struct sim_walk *ip;
	uint32_t flags;
	const char *verdict;
	char conn[4 * CONN_END];
};

/* An end as it leaves. The port that stands for a source is chosen when a connection
 * begins, and none does.
 */
static void put_end(char *buf, size_t size, const struct fwt_packet *p, bool source, bool chosen)
{
	const u32 *addr = source ? p->saddr : p->daddr;
	bool ports = p->have & FWT_HAVE_PORTS;
	u8 bytes[16];
	u32 i;
	size_t n;

	for (i = 0; i < 4; i++)
		put_unaligned_be32(addr[i], bytes + 4 * i);
	sim_end_words(p->family, bytes, ports, source ? p->sport : p->dport, buf, size);
	if (!chosen || !ports)
		return;
	n = (size_t)(strrchr(buf, ':') - buf) + 1;
	snprintf(buf + n, size - n, "*");
}

/* The packet as it would leave. */
static void put_packet(const struct live *l)
{
	const struct fwt_packet *p = &l->ip->after;
	u32 mark = l->last->after.mark;
	const char *name = fwt_class_name(FWT_CLASS_PROTOCOL, p->protocol);
	char src[SIM_END_WORDS], dst[SIM_END_WORDS], proto[12];
	bool snat = l->flags & FWT_DECISION_SNAT, dnat = l->flags & FWT_DECISION_DNAT;

	if (strcmp(l->verdict, "accept") || !(p->have & FWT_HAVE_IP)) {
		out_null("packet");
		out_null("snat");
		out_null("dnat");
		return;
	}
	snprintf(proto, sizeof(proto), "%u", p->protocol);
	out_object("packet");
	out_str("family", p->family == 6 ? "ipv6" : "ipv4");
	out_num("protocol", p->protocol);
	put_end(src, sizeof(src), p, true, snat || l->e.apart);
	put_end(dst, sizeof(dst), p, false, false);
	out_text("as %s %s > %s", name ? name : proto, src, dst);
	out_str("source", src);
	out_str("destination", dst);
	out_num("mark", mark);
	if (mark)
		out_text(", mark %u", mark);
	out_text("\n");
	out_end();
	out_str("snat", snat || l->e.apart ? src : NULL);
	out_str("dnat", dnat ? dst : NULL);
}

/* The connection that it goes with. */
static int put_conn(void *ctx, const struct fwt_nl_conn *c)
{
	const char *state = fwt_nl_conn_state_name(c->state);
	char text[3 * CONN_END];
	struct live *l = ctx;

	conn_json(c);
	conn_translation(text, sizeof(text), c);
	snprintf(l->conn, sizeof(l->conn), ", %s, %u s%s%s", state ? state : "?", c->timeout,
		 *text ? ", " : "", text);
	return 0;
}

static int put_conns(struct live *l, struct fwt_nl *nl)
{
	struct fwt_nl_conn_filter f = { .set = FWT_NL_CONN_ID, .id = l->e.conn };

	if (!l->e.has_conn) {
		out_null("connection");
		return 0;
	}
	out_object("connection");
	if (fwt_nl_conns(nl, &f, put_conn, l))
		return fwctl_refused(nl);
	if (!*l->conn)
		out_num("id", l->e.conn);
	out_end();
	return 0;
}

static void put_way(const struct live *l)
{
	char *way = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&way, &size);

	if (f) {
		sim_walks_print(f, &l->e.walks);
		fclose(f);
		out_raw(way, size);
	}
	free(way);
}

static int print(struct live *l, struct fwt_nl *nl)
{
	static const char *const verdicts[] = { "accept", "drop", "reject" };
	struct fwt_sim_rule by = { }, hook[__FWT_SIM_HOOKS];
	const struct fwt_nl_explained *e = &l->e;
	bool asked = false;
	size_t i;
	int ret;

	memset(hook, 0, sizeof(hook));
	for (i = 0; i < e->walks.n; i++) {
		l->last = &e->walks.walk[i];
		if (l->last->hook <= FWT_HOOK_EGRESS || !l->ip)
			l->ip = l->last;
		asked |= l->last->hook <= FWT_HOOK_EGRESS;
		l->flags |= l->last->flags;
		if (l->last->hook >= __FWT_SIM_HOOKS)
			continue;
		sim_rule_fill(&l->v.prog, l->last->rule, &hook[l->last->hook]);
		by = hook[l->last->hook];
	}
	l->verdict = l->last && l->last->verdict < 3 ? verdicts[l->last->verdict] : "accept";
	if (e->dropped)
		l->verdict = "drop";
	out_object(NULL);
	out_str("verdict", l->verdict);
	out_str("reason", *e->reason ? e->reason : NULL);
	out_num("generation", e->generation);
	out_str("out", *e->oif ? e->oif : NULL);
	out_bool("local", e->local);
	ret = put_conns(l, nl);
	if (ret)
		return ret;
	explain_put_rules(&by, hook);
	explain_put_path(&e->walks);
	out_bool("another_server", e->another);
	out_bool("apart", e->apart);
	out_bool("cut", e->cut);
	put_way(l);
	if (e->has_conn)
		out_text("of connection %llu%s: ", (unsigned long long)e->conn, l->conn);
	if (e->has_conn && !asked && !strcmp(l->verdict, "accept"))
		out_text("goes with it, no tree is asked");
	else
		out_text("%s%s%s", l->verdict, *e->reason ? ", reason " : "", e->reason);
	if (by.file)
		out_text(", by %s:%u%s%s%s", by.file, by.line, by.id ? " (" : "",
			 by.id ? by.id : "", by.id ? ")" : "");
	out_text("\n");
	if (e->another)
		out_text("led to another server: %s\n",
			 "its client talks to the first by this port already");
	if (e->apart)
		out_text("shown by another port: %s\n",
			 "its client talks to the server by this one already");
	if (e->local)
		out_text("for this machine\n");
	else if (*e->oif)
		out_text("routed to %s\n", e->oif);
	/* What leaves of a connection its record says. */
	if (l->last && !e->has_conn)
		put_packet(l);
	if (e->cut)
		out_text("there were more steps than are told\n");
	out_end();
	return 0;
}

int explain_live(struct fwctl *ctl, const struct explain *x)
{
	static u8 frame[SIM_PACKET_MAX];
	struct fwt_packet_text t;
	struct live l = { };
	char error[200];
	struct fwt_nl nl;
	int column, ret;
	size_t len;

	column = fwt_packet_read(&t, x->packet, error, sizeof(error));
	if (column)
		return explain_no_packet(x->packet, column, error);
	if (t.said & FWT_PACKET_OWNER)
		return out_error("'explain -f' takes them",
				 "a dry run has no socket: 'uid', 'gid' and 'cgroup' can't be said");
	ret = fwctl_open(ctl, &nl);
	if (ret)
		return ret;
	ret = view_fetch(&l.v, &nl, true);
	if (ret)
		return ret;
	len = sim_build(&t.p, NULL, frame);
	l.e.prog = &l.v.prog;
	l.e.packet = &t.p;
	if (len > 2048)
		ret = out_error(NULL, "a packet of at most 2034 bytes is meant");
	else if (fwt_nl_explain(&nl, t.name, t.out, frame, len, t.p.mark, &l.e))
		ret = fwctl_refused(&nl);
	else if (l.e.generation != l.v.generation)
		ret = out_error("once more, please", "the policy changed meanwhile");
	else
		ret = print(&l, &nl);
	if (!ret)
		fwt_nl_close(&nl);
	sim_walks_clean(&l.e.walks);
	view_clean(&l.v);
	return ret;
}
