// SPDX-License-Identifier: GPL-2.0
/* pool list, add, delete, drain, weight. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "fwctl.h"
#include "pool_print.h"
#include "server_text.h"

static const char *const states[] = {
	[FWTREE_SERVER_STATE_UP] = "up",
	[FWTREE_SERVER_STATE_DRAINED] = "drained",
	[FWTREE_SERVER_STATE_DOWN] = "down",
	[FWTREE_SERVER_STATE_TRYING] = "trying",
	[FWTREE_SERVER_STATE_OUT] = "out",
	[FWTREE_SERVER_STATE_RESET] = "reset",
};

static const char *const schedulers[] = {
	[FWTREE_SCHEDULER_MAGLEV] = "maglev",
	[FWTREE_SCHEDULER_ROUND_ROBIN] = "round-robin",
	[FWTREE_SCHEDULER_RANDOM] = "random",
	[FWTREE_SCHEDULER_LEAST_CONN] = "least-conn",
	[FWTREE_SCHEDULER_SOURCE_HASH] = "source-hash",
};

#define NAME(names, i) \
	((i) < sizeof(names) / sizeof(*(names)) ? (names)[i] : "unknown")

const char *pool_state(uint32_t state)
{
	return NAME(states, state);
}

const char *pool_server_text(char *buf, size_t size, const struct fwt_nl_server *s)
{
	char addr[INET6_ADDRSTRLEN] = "?", port[16] = "";

	inet_ntop(s->family == 6 ? AF_INET6 : AF_INET, s->addr, addr, sizeof(addr));
	if (s->port_last > s->port)
		snprintf(port, sizeof(port), ":%u-%u", s->port, s->port_last);
	else if (s->port)
		snprintf(port, sizeof(port), ":%u", s->port);
	if (s->family == 6 && *port)
		snprintf(buf, size, "[%s]%s", addr, port);
	else
		snprintf(buf, size, "%s%s", addr, port);
	return buf;
}

void pool_server_json(const struct fwt_nl_server *s)
{
	char text[POOL_SERVER], addr[INET6_ADDRSTRLEN] = "";

	out_str("server", pool_server_text(text, sizeof(text), s));
	inet_ntop(s->family == 6 ? AF_INET6 : AF_INET, s->addr, addr, sizeof(addr));
	out_str("addr", addr);
	if (s->port)
		out_num("port", s->port);
	else
		out_null("port");
	if (s->port_last > s->port)
		out_num("port_last", s->port_last);
	out_str("state", pool_state(s->state));
}

static void row(const struct fwt_nl_server *s)
{
	char text[POOL_SERVER];

	out_row();
	if (out_is_json()) {
		pool_server_json(s);
	} else {
		out_cell_str(NULL, pool_server_text(text, sizeof(text), s));
		if (s->has_retry)
			out_cell_text("%s, tried in %us", pool_state(s->state),
				      (s->retry + 999) / 1000);
		else
			out_cell_str(NULL, pool_state(s->state));
	}
	out_cell_num("weight", OUT_PLAIN, s->weight);
	out_cell_num("conns", OUT_COUNT, s->conns);
	out_cell_num("total", OUT_COUNT, s->total);
	out_cell_num("failed", OUT_COUNT, s->failed);
	out_cell_num("packets", OUT_COUNT, s->packets);
	out_cell_num("bytes", OUT_BYTES, s->bytes);
	if (out_is_json() && s->has_retry)
		out_num("retry", (s->retry + 999) / 1000);
	out_row_end();
}

/* A pool, which begins with @s[0]; returns how many entries it has. */
static size_t print_pool(const struct fwt_nl_server *s, size_t count)
{
	static const struct out_column columns[] = {
		{ "SERVER", false }, { "STATE", false }, { "WEIGHT", true },
		{ "CONNS", true }, { "TOTAL", true }, { "FAILED", true },
		{ "PACKETS", true }, { "BYTES", true },
	};
	size_t i;

	out_object(NULL);
	out_str("pool", s->pool);
	out_str("scheduler", NAME(schedulers, s->scheduler));
	out_bool("health_passive", s->passive);
	out_text("pool %s, scheduler %s%s\n", s->pool, NAME(schedulers, s->scheduler),
		 s->passive ? ", health passive" : "");
	out_table("servers", columns, sizeof(columns) / sizeof(*columns));
	for (i = 1; i < count && s[i].family && !strcmp(s[i].pool, s->pool); i++)
		row(&s[i]);
	out_table_end();
	out_end();
	return i;
}

int cmd_pool_list(struct fwctl *ctl, int argc, char **argv)
{
	const char *name = argc ? argv[0] : NULL;
	struct fwt_nl_servers s;
	struct fwt_nl nl;
	bool found = false;
	size_t i, n;
	int ret;

	ret = fwctl_open(ctl, &nl);
	if (ret)
		return ret;
	if (fwt_nl_servers_get(&nl, &s))
		return fwctl_refused(&nl);
	fwt_nl_close(&nl);
	for (i = 0; name && i < s.count; i++)
		found |= !strcmp(s.server[i].pool, name);
	if (name && !found) {
		fwt_nl_servers_clean(&s);
		return out_error(NULL, "the policy in force has no pool '%s'", name);
	}
	if (!s.count)
		out_text("no pools\n");
	out_array(NULL);
	for (i = 0; i < s.count; i += n) {
		if (name && strcmp(s.server[i].pool, name)) {
			n = 1;
			continue;
		}
		if (i && !name)
			out_text("\n");
		n = print_pool(&s.server[i], s.count - i);
	}
	out_end();
	fwt_nl_servers_clean(&s);
	return FWCTL_DONE;
}

static bool read_server(const char *text, struct fwt_nl_server *to)
{
	struct fwt_prog_server s;
	u32 i;

	if (!fwt_server_read(text, &s))
		return false;
	to->family = s.family;
	for (i = 0; i < 4; i++)
		put_unaligned_be32(s.addr[i], to->addr + 4 * i);
	to->port = s.port_lo;
	to->port_last = s.port_hi;
	return true;
}

static int change(struct fwctl *ctl, int argc, char **argv, uint32_t action)
{
	struct fwt_nl_server s = { 0 };
	const char *text;
	bool reset = false;
	struct fwt_nl nl;
	int ret, i;

	s.pool = argv[0];
	if (!read_server(argv[1], &s))
		return fwctl_usage(ctl, "as in a policy: 10.0.0.1:80, [fd00::1]:80",
				   "'%s' is no server", argv[1]);
	for (i = 2; i < argc; i++) {
		text = argv[i];
		if (action == FWTREE_SERVER_ACTION_DELETE && !strcmp(text, "--reset")) {
			reset = true;
			continue;
		}
		if (!strcmp(text, "weight") && (action == FWTREE_SERVER_ACTION_ADD ||
						action == FWTREE_SERVER_ACTION_WEIGHT) &&
		    i + 1 < argc) {
			if (!fwt_weight_read(argv[++i], &s.weight))
				return fwctl_usage(ctl, "'pool drain' gives it nothing new",
						   "a weight is 1 to 65535, not '%s'", argv[i]);
			continue;
		}
		return fwctl_usage(ctl, NULL, "did not understand '%s'", text);
	}
	if (action == FWTREE_SERVER_ACTION_WEIGHT && !s.weight)
		return fwctl_usage(ctl, NULL, "the weight is missing");
	ret = fwctl_open(ctl, &nl);
	if (ret)
		return ret;
	if (fwt_nl_server_set(&nl, &s, action, reset))
		return fwctl_refused(&nl);
	fwt_nl_close(&nl);
	out_object(NULL);
	out_str("pool", s.pool);
	out_end();
	return FWCTL_DONE;
}

int cmd_pool_add(struct fwctl *ctl, int argc, char **argv)
{
	return change(ctl, argc, argv, FWTREE_SERVER_ACTION_ADD);
}

int cmd_pool_delete(struct fwctl *ctl, int argc, char **argv)
{
	return change(ctl, argc, argv, FWTREE_SERVER_ACTION_DELETE);
}

int cmd_pool_drain(struct fwctl *ctl, int argc, char **argv)
{
	return change(ctl, argc, argv, FWTREE_SERVER_ACTION_DRAIN);
}

int cmd_pool_weight(struct fwctl *ctl, int argc, char **argv)
{
	return change(ctl, argc, argv, FWTREE_SERVER_ACTION_WEIGHT);
}
