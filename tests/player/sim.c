// SPDX-License-Identifier: GPL-2.0
/*
 * The player without a guest: its gateways are simulations, its wires memory. So the
 * cases that say what the module does say it of the simulation, too, in every byte and
 * entry, and time costs nothing. Stands for wire.c and fw.c.
 */
#include <arpa/inet.h>
#include <stdlib.h>

#include "fw.h"
#include "fwtree_sim.h"
#include "sim.h"
#include "run.h"
#include "wire.h"

static struct gateway_sim {
	struct fwt_sim *sim;
	u8 out[2][WIRE_MTU + 1];
	size_t len[2];
} sims[__GW_MAX];

static u64 clock_ms;

static unsigned int number_of(const char *ns)
{
	unsigned int i = 0;

	while (strcmp(gateway_name[i], ns))
		i++;
	return i;
}

static const char *const name[2] = { "cli", "srv" };

bool wire_addresses(const char *ns)
{
	static const char *const addresses[] = {
		"address 10.1.0.254/32 dev cli", "address 192.0.2.1/32 dev srv",
		"address fd00:0:1::fe/128 dev cli", "address 2001:db8:9::1/128 dev srv",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(addresses); i++)
		if (fwt_sim_world(sims[number_of(ns)].sim, addresses[i]))
			return false;
	return true;
}

bool wire_open(struct wire *w, const char *ns)
{
	static const char *const routes[] = {
		"route 10.0.0.0/9 dev cli", "route 0.0.0.0/0 dev srv",
		"route fd00::/32 dev cli", "route ::/0 dev srv",
		"link cli mtu 65535", "link srv mtu 65535",	/* WIRE_MTU */
	};
	struct gateway_sim *g = &sims[number_of(ns)];
	unsigned int i;

	g->sim = fwt_sim_new();
	if (!g->sim)
		return false;
	for (i = 0; i < ARRAY_SIZE(routes); i++)
		if (fwt_sim_world(g->sim, routes[i]))
			return false;
	w->fd[0] = w->fd[1] = (int)number_of(ns);
	return true;
}

u64 wire_now(void)
{
	return clock_ms;
}

void wire_sleep_until(u64 ms)
{
	unsigned int i;

	if (ms <= clock_ms)
		return;
	for (i = 0; i < __GW_MAX; i++)
		if (sims[i].sim)
			fwt_sim_wait(sims[i].sim, ms - clock_ms);
	clock_ms = ms;
}

/* What a device does for who left it to that. */
static void complete(u8 *data, u32 len, u16 start, u16 off)
{
	u16 sum = (u16)~pkt_sum(0, data + start, len - start);

	put_unaligned_be16(sum ? sum : 0xffff, data + start + off);
}

bool wire_send(struct wire *w, int side, const u8 *data, u32 len, u16 sum_start,
	       u16 sum_off)
{
	struct gateway_sim *g = &sims[w->fd[0]];
	const struct fwt_sim_result *r;
	static u8 bytes[WIRE_MTU + 1];
	int to;

	memcpy(bytes, data, len);
	if (sum_start)
		complete(bytes, len, sum_start, sum_off);
	g->len[0] = g->len[1] = 0;
	r = fwt_sim_packet(g->sim, &(struct fwt_sim_packet){
		.dev = name[side], .data = bytes, .len = len,
	});
	if (!r) {
		printf("# %s\n", fwt_sim_error(g->sim));
		return false;
	}
	if (r->answer && strcmp(r->answer_dev, "lo")) {
		to = strcmp(r->answer_dev, name[0]) ? 1 : 0;
		memcpy(g->out[to], r->answer, r->answer_len);
		g->len[to] = r->answer_len;
	}
	if (r->end != FWT_SIM_LEFT)
		return true;
	to = strcmp(r->oif, name[0]) ? 1 : 0;
	memcpy(g->out[to], r->data, r->len);
	g->len[to] = r->len;
	return true;
}

int wire_read(struct wire *w, int side, u8 *data, int wait)
{
	struct gateway_sim *g = &sims[w->fd[0]];
	size_t len = g->len[side];

	(void)wait;
	g->len[side] = 0;
	memcpy(data, g->out[side], len);
	return len ? (int)len : -1;
}

bool fw_apply(const char *ns, const char *policy)
{
	struct fwt_sim *sim = sims[number_of(ns)].sim;

	if (!fwt_sim_policy_text(sim, ns, policy, strlen(policy)))
		return true;
	fprintf(stderr, "%s\n", fwt_sim_error(sim));
	return false;
}

struct visit {
	void (*fn)(const struct entry *e, void *arg);
	void *arg;
};

static void visit(void *ctx, const struct fwt_sim_conn *c)
{
	bool icmp = c->protocol == (c->family == 6 ? 58 : 1);
	bool ports = icmp || c->protocol == 6 || c->protocol == 17 || c->protocol == 136 ||
		     c->protocol == 132 || c->protocol == 33;
	char text[4][INET6_ADDRSTRLEN];
	struct entry e = {
		.id = c->id + 1, .state = c->state, .timeout = c->seconds,
		.assured = c->assured, .tentative = !c->confirmed, .snat = c->snat,
		.dnat = c->dnat,
		.mark = c->mark, .iif = c->iif ? c->iif : "", .oif = c->oif ? c->oif : "",
	};
	struct visit *v = ctx;
	int af = c->family == 6 ? AF_INET6 : AF_INET, i;

	for (i = 0; i < 2; i++) {
		struct entry_dir *d = &e.dir[i];

		d->saddr = inet_ntop(af, c->saddr[i], text[2 * i], sizeof(text[0]));
		d->daddr = inet_ntop(af, c->daddr[i], text[2 * i + 1], sizeof(text[0]));
		d->sport = ports && (!icmp || !i) ? c->sport[i] : -1;
		d->dport = ports && (!icmp || i) ? c->dport[i] : -1;
		d->packets = c->packets[i];
		d->bytes = c->bytes[i];
	}
	v->fn(&e, v->arg);
}

bool fw_conns(const char *ns, void (*fn)(const struct entry *e, void *arg), void *arg)
{
	struct visit v = { fn, arg };

	fwt_sim_conns(sims[number_of(ns)].sim, visit, &v);
	return true;
}

bool fw_reasons(const char *ns, u64 *value)
{
	struct fwt_sim *sim = sims[number_of(ns)].sim;
	unsigned int i;

	for (i = 1; i < __FWT_REASON_MAX; i++)
		value[i] = fwt_sim_counter(sim, fwt_reason_info[i].name);
	return true;
}

bool fw_change(const char *ns, const char *object, const char *change)
{
	struct fwt_sim *sim = sims[number_of(ns)].sim;

	return !(strcmp(object, "set") ? fwt_sim_pool(sim, change) : fwt_sim_set(sim, change));
}

bool fw_seen(const char *ns, bool *seen)
{
	char text[40];
	unsigned int i;

	for (i = 0; i < FW_SEEN_MAX; i++) {
		snprintf(text, sizeof(text), "10.1.0.%u", i);
		seen[i] = fwt_sim_set_has(sims[number_of(ns)].sim, "seen", text) == 1;
	}
	return true;
}
