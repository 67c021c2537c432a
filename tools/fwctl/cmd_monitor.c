// SPDX-License-Identifier: GPL-2.0
/* monitor: events as they happen. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "conn_filter.h"
#include "conn_print.h"
#include "packet_print.h"
#include "pool_print.h"

static const char *const conn_events[] = {
	[FWTREE_CONN_EVENT_NEW] = "new",
	[FWTREE_CONN_EVENT_TRANSLATED] = "translated",
	[FWTREE_CONN_EVENT_ENDED] = "ended",
};

static const char *const policy_events[] = {
	[FWTREE_EVENT_APPLIED] = "applied",
	[FWTREE_EVENT_FLUSHED] = "flushed",
	[FWTREE_EVENT_CONFIRMED] = "confirmed",
	[FWTREE_EVENT_ROLLED_BACK] = "rolled-back",
	[FWTREE_EVENT_PATCHED] = "patched",
};

#define NAME(names, i) \
	((i) < sizeof(names) / sizeof(*(names)) ? (names)[i] : "unknown")

static const char *clock_text(char *buf, size_t size, uint64_t ns)
{
	time_t s = ns / 1000000000;
	struct tm tm;
	size_t n;

	n = strftime(buf, size, "%H:%M:%S", localtime_r(&s, &tm));
	snprintf(buf + n, size - n, ".%06u", (unsigned int)(ns % 1000000000 / 1000));
	return buf;
}

static void print_conn(const struct fwt_nl_event *e)
{
	const struct fwt_nl_conn *c = &e->conn;
	const struct fwt_nl_dir *o = &c->original;
	char from[CONN_END], to[CONN_END], as[3 * CONN_END], proto[16], in[200], eg[200];
	char bytes[2][OUT_HUMAN], packets[2][OUT_HUMAN];

	conn_end_text(from, sizeof(from), c->family, o->saddr, conn_asker(o),
		      o->has_icmp ? o->icmp_id : o->sport);
	conn_end_text(to, sizeof(to), c->family, o->daddr,
		      o->has_ports ? CONN_PORT : CONN_ALONE, o->dport);
	conn_translation(as, sizeof(as), c);
	conn_rule_text(in, sizeof(in), &c->ingress);
	conn_rule_text(eg, sizeof(eg), &c->egress);
	out_text("%-10s  %s %s > %s%s%s  %s > %s", NAME(conn_events, e->conn_event),
		 conn_protocol_name(proto, sizeof(proto), c->protocol), from, to,
		 *as ? " " : "", as, c->iif ? c->iif : "-", c->oif ? c->oif : "-");
	if (e->ended_by)
		out_text("  %s, %s/%s packets, %s/%s", e->ended_by,
			 out_human(packets[0], OUT_HUMAN, OUT_COUNT, o->packets),
			 out_human(packets[1], OUT_HUMAN, OUT_COUNT, c->reply.packets),
			 out_human(bytes[0], OUT_HUMAN, OUT_BYTES, o->bytes),
			 out_human(bytes[1], OUT_HUMAN, OUT_BYTES, c->reply.bytes));
	out_text("%s%s%s%s\n", *in || *eg ? "  " : "", in, *in && *eg ? ", " : "", eg);
}

/* By enum fwt_nl_event_kind. */
static const char *const kinds[] = {
	[FWT_NL_EVENT_POLICY] = "policy",
	[FWT_NL_EVENT_CONN] = "connection",
	[FWT_NL_EVENT_LOG] = "log",
	[FWT_NL_EVENT_DROP] = "drop",
};

static const char *event_name(const struct fwt_nl_event *e)
{
	switch (e->kind) {
	case FWT_NL_EVENT_POLICY:
		return NAME(policy_events, e->policy_event);
	case FWT_NL_EVENT_CONN:
		return NAME(conn_events, e->conn_event);
	case FWT_NL_EVENT_LOG:
	case FWT_NL_EVENT_DROP:
		return kinds[e->kind];
	case FWT_NL_EVENT_SERVER:
		return pool_state(e->server.state);
	case FWT_NL_EVENT_SET:
		return "set-full";
	}
	return "lost";
}

static void print_lost(const struct fwt_nl_event *e)
{
	if (!e->lost) {
		out_null("of");
		out_null("count");
		out_text("%-10s  events: more than could be read in time\n", "lost");
		return;
	}
	out_str("of", kinds[e->lost_of]);
	out_num("count", e->lost);
	out_text("%-10s  %u %s events: more than option %s\n", "lost", e->lost,
		 kinds[e->lost_of],
		 e->lost_of == FWT_NL_EVENT_LOG ? "log-rate" : "event-rate");
}

/* The event's own keys come first, the contract's: event and time. */
static int print_event(void *ctx, const struct fwt_nl_event *e)
{
	const char *name = event_name(e);
	char when[32], server[POOL_SERVER];

	(void)ctx;
	out_object(NULL);
	out_str("event", name);
	out_time("time", e->time);
	out_text("%s  ", clock_text(when, sizeof(when), e->time));
	switch (e->kind) {
	case FWT_NL_EVENT_POLICY:
		out_str("of", "policy");
		out_num("generation", e->generation);
		out_text("%-10s  policy, generation %u\n", name, e->generation);
		break;
	case FWT_NL_EVENT_SERVER:
		out_str("of", "server");
		out_str("pool", e->server.pool);
		pool_server_json(&e->server);
		out_text("%-10s  server %s of pool %s\n", name,
			 pool_server_text(server, sizeof(server), &e->server), e->server.pool);
		break;
	case FWT_NL_EVENT_SET:
		out_str("of", "set");
		out_str("set", e->set.name);
		out_num("count", e->set.count);
		out_num("max", e->set.max);
		out_num("refused", e->set.refused);
		out_text("%-10s  set %s: room for %u elements, %llu refused since it was made\n",
			 name, e->set.name, e->set.max, (unsigned long long)e->set.refused);
		break;
	case FWT_NL_EVENT_CONN:
		out_str("of", "connection");
		if (e->ended_by)
			out_str("ended_by", e->ended_by);
		conn_json(&e->conn);
		print_conn(e);
		break;
	case FWT_NL_EVENT_LOG:
	case FWT_NL_EVENT_DROP:
		out_str("of", "packet");
		packet_json(&e->packet);
		out_text("%-10s  ", name);
		packet_text(&e->packet);
		break;
	default:
		print_lost(e);
	}
	out_end();
	/* Whom it is for is gone, or has no room. */
	return out_flush() ? 0 : -EPIPE;
}

int cmd_monitor(struct fwctl *ctl, int argc, char **argv)
{
	static const char *const words[] = {
		[FWT_NL_GROUP_POLICY] = "policy", [FWT_NL_GROUP_CONN] = "conn",
		[FWT_NL_GROUP_LOG] = "log", [FWT_NL_GROUP_DROP] = "drops", NULL
	};
	unsigned int groups = 0;
	struct fwt_nl_policy now;
	struct fwt_nl nl;
	int ret, i;

	for (i = 0; i < argc; i++) {
		ret = fwctl_word(argv[i], words, "monitor");
		if (ret < 0)
			return FWCTL_USAGE;
		groups |= 1u << ret;
	}
	/* A scanned host drops more than anybody wants to read unasked. */
	if (!groups)
		groups = 1u << FWT_NL_GROUP_POLICY | 1u << FWT_NL_GROUP_CONN |
			 1u << FWT_NL_GROUP_LOG;
	ret = fwctl_open(ctl, &nl);
	if (ret)
		return ret;
	/* Who may not ask is told nothing, either, and would wait for ever. */
	if (fwt_nl_policy_get(&nl, &now) == -EPERM || fwt_nl_listen(&nl, groups) ||
	    fwt_nl_monitor(&nl, print_event, NULL) != -EPIPE)
		return fwctl_refused(&nl);
	fwt_nl_close(&nl);
	return FWCTL_FAILED;
}
