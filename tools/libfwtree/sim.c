// SPDX-License-Identifier: GPL-2.0
/*
 * One simulation: a machine with a policy, and the way of a packet through it.
 *
 * Overview. A packet comes in by a device, or starts here; run() below leads it as
 * ip_rcv(), ip_forward() and ip_output() would, and calls the hooks that the module
 * has registered (kmod/dev.c, kmod/hook.c), in the places and the order of the
 * kernel. What walks decide on the way is kept (sim_walk.c); what the module drops,
 * logs or answers as well (sim_env.c, sim_net.c). In the end all of that is put
 * together in a struct fwt_sim_result.
 *
 * Several simulations. The module's code has variables of its CPU, and the kernel
 * under it a clock and chance. Whoever enters another simulation than the last one
 * exchanges them: enter().
 */
#include <stdarg.h>

#include "kernel.h"
#include "count.h"
#include "hook.h"
#include "policy.h"
#include "way.h"
#include "sim_kernel.h"
#include "sim_net.h"

struct fwt_sim {
	struct net net;
	struct fwt_net fn;
	struct sim_world world;
	struct inet_bind_hashbucket no_socket;
	struct inet_hashinfo no_sockets;
	struct sim_walks walks;
	struct sim_way way;

	u64 clock;
	u64 begin;
	u64 chance;
	void *percpu;
	bool begun;		/* a packet came by */
	bool plain;

	u32 *rule_of_slot;	/* of the policy in force */
	u32 n_slots;

	u8 buf[SIM_PACKET_MAX];
	struct sk_buff skb;
	struct fwt_packet came;
	struct net_device *came_by;
	bool related;

	struct fwt_sim_result result;
	struct fwt_sim_conn conn;
	char error[512];
};

#define BEGIN (1u << 20)	/* ticks; not 0, which nothing begins at */

static struct fwt_sim *inside;

static void enter(struct fwt_sim *sim)
{
	if (inside == sim)
		return;
	if (inside) {
		inside->clock = sim_jiffies;
		inside->chance = sim_chance_get();
		sim_percpu_save(inside->percpu);
	}
	inside = sim;
	if (!sim)
		return;
	sim_jiffies = sim->clock;
	sim_chance_set(sim->chance);
	sim_percpu_load(sim->percpu);
	sim_walks_now = &sim->walks;
	sim_way_now = &sim->way;
}

int sim_set_error(struct fwt_sim *sim, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(sim->error, sizeof(sim->error), fmt, args);
	va_end(args);
	return -1;
}

const char *fwt_sim_error(const struct fwt_sim *sim)
{
	return sim->error;
}

static int caches(void)
{
	static bool ready;

	if (!ready && fwt_conn_cache_init())
		return -1;
	ready = true;
	return 0;
}

struct fwt_sim *fwt_sim_new(void)
{
	struct fwt_sim *sim = calloc(1, sizeof(*sim));

	if (!sim)
		return NULL;
	sim->percpu = calloc(1, sim_percpu_size());
	sim->fn.stats = calloc(1, sizeof(*sim->fn.stats));
	INIT_LIST_HEAD(&sim->net.devs);
	INIT_LIST_HEAD(&sim->fn.devs);
	if (!sim->percpu || !sim->fn.stats || caches() ||
	    fwt_slots_init(&sim->fn.slots)) {
		free(sim->percpu);
		free(sim->fn.stats);
		free(sim);
		return NULL;
	}
	fwt_mock_routes_init(&sim->world.routes);
	sim->net.user_ns = &init_user_ns;
	sim->net.gen = &sim->fn;
	sim->net.world = &sim->world;
	sim->no_sockets.bhash = &sim->no_socket;
	sim->net.ipv4.tcp_death_row.hashinfo = &sim->no_sockets;
	sim->fn.net = &sim->net;
	sim->fn.timeouts_percent = 100;
	ratelimit_state_init(&sim->fn.log_limit, HZ, 10);
	ratelimit_state_init(&sim->fn.answer_limit, HZ, 100);
	ratelimit_state_init(&sim->fn.event_limit, HZ, 10000);
	sim->clock = BEGIN;
	enter(sim);
	sim_device(&sim->net, "lo");
	return sim;
}

static void clean_way(struct fwt_sim *sim)
{
	size_t i;

	for (i = 0; i < sim->way.n_logs; i++)
		free(sim->way.log[i]);
	free(sim->way.log);
	sim->way.log = NULL;
	sim->way.n_logs = 0;
	sim->way.reason = FWT_REASON_NONE;
	sim->way.why = NULL;
	sim->way.dropped = false;
	sim->way.begun = 0;
	sim->way.answer.len = 0;
	sim->walks.n = 0;
	sim->walks.n_steps = 0;
}

void fwt_sim_free(struct fwt_sim *sim)
{
	if (!sim)
		return;
	enter(sim);
	sim->fn.dying = true;
	fwt_policy_flush(&sim->fn);
	sim_quiesce();
	fwt_conns_clean(&sim->fn);
	sim_quiesce();
	fwt_counts_clean(&sim->fn);
	fwt_slots_clean(&sim->fn.slots);
	sim_quiesce();
	sim_devices_clean(&sim->net);
	clean_way(sim);
	enter(NULL);
	sim_walks_clean(&sim->walks);
	fwt_mock_routes_clean(&sim->world.routes);
	free(sim->rule_of_slot);
	free(sim->fn.stats);
	free(sim->percpu);
	free(sim);
}

/* The policy */

static const struct fwt_policy *policy_of(const struct fwt_sim *sim)
{
	return sim->fn.policy;
}

static int learn_slots(struct fwt_sim *sim)
{
	const struct fwt_policy *pol = policy_of(sim);
	u32 n = fwt_slots_capacity(&sim->fn), i;
	u32 *map = malloc((n + 1) * sizeof(*map));

	if (!map)
		return sim_set_error(sim, "out of memory");
	for (i = 0; i < n; i++)
		map[i] = FWT_NONE;
	for (i = 0; i < pol->prog.n[FWT_SEC_RULES]; i++)
		map[pol->slot[i]] = i;
	free(sim->rule_of_slot);
	sim->rule_of_slot = map;
	sim->n_slots = n;
	return 0;
}

int sim_policy_blob(struct fwt_sim *sim, const void *blob, size_t len)
{
	struct netlink_ext_ack ack = { "out of memory" };
	void *copy = malloc(len);
	u32 gen;
	int ret;

	enter(sim);
	if (!copy)
		return sim_set_error(sim, "out of memory");
	memcpy(copy, blob, len);
	/* What was walked points into the former program. */
	clean_way(sim);
	memset(&sim->result, 0, sizeof(sim->result));
	ret = fwt_policy_apply(&sim->fn, copy, len, FWT_GENERATION_ANY, &ack, &gen);
	sim_quiesce();
	if (ret)
		return sim_set_error(sim, "%s", ack.text);
	return learn_slots(sim);
}

/* The world */

bool sim_has_world(const struct fwt_sim *sim)
{
	return sim->world.said;
}

static bool names(const struct fwt_vec *v, const char *name)
{
	const struct fwt_mock_entry *e = v->data;
	u32 i;

	for (i = 0; i < v->count; i++)
		if (!strcmp(e[i].dev, name))
			return true;
	return false;
}

bool sim_knows_device(const struct fwt_sim *sim, const char *name)
{
	return !strcmp(name, "lo") || names(&sim->world.routes.address, name) ||
	       names(&sim->world.routes.route, name);
}

const char *sim_some_device(const struct fwt_sim *sim, u32 n)
{
	const struct fwt_vec *a = &sim->world.routes.address, *r = &sim->world.routes.route;
	const struct fwt_mock_entry *e;

	if (!(a->count + r->count))
		return NULL;
	n %= a->count + r->count;
	e = n < a->count ? (const struct fwt_mock_entry *)a->data + n :
			   (const struct fwt_mock_entry *)r->data + (n - a->count);
	return *e->dev ? e->dev : NULL;
}

bool sim_some_address(const struct fwt_sim *sim, u32 n, u8 *family, u32 *addr)
{
	const struct fwt_mock_entry *e = sim->world.routes.address.data;

	if (n >= sim->world.routes.address.count)
		return false;
	*family = e[n].family;
	memcpy(addr, e[n].addr, sizeof(e[n].addr));
	return true;
}

bool sim_own_address(const struct fwt_sim *sim, u8 family, const u8 *addr)
{
	u32 words[4] = { 0 }, i;

	for (i = 0; i < (family == 6 ? 4u : 1u); i++)
		words[i] = get_unaligned_be32(addr + 4 * i);
	return fwt_own_address((struct net *)&sim->net, NULL, family, words);
}

const struct fwt_program *sim_program(const struct fwt_sim *sim)
{
	return &policy_of(sim)->prog;
}

static int set_seed(struct fwt_sim *sim, const char *text)
{
	char *end;
	u64 n = strtoull(text, &end, 0);

	if (*text < '0' || *text > '9' || end[strspn(end, " \t\r\n")])
		return sim_set_error(sim, "a number is meant after 'seed'");
	if (sim->begun)
		return sim_set_error(sim, "'seed' comes before the first packet");
	/* What was drawn already is drawn again. */
	sim_chance_set(n);
	if (sim->fn.conns_ready)
		get_random_bytes(&sim->fn.conns.key, sizeof(sim->fn.conns.key));
	return 0;
}

int fwt_sim_world(struct fwt_sim *sim, const char *line)
{
	char text[160] = "out of memory";

	enter(sim);
	line += strspn(line, " \t");
	if (!strncmp(line, "seed ", 5))
		return set_seed(sim, line + 5 + strspn(line + 5, " \t"));
	if (fwt_mock_routes_line(&sim->world.routes, line, text, sizeof(text)))
		return sim_set_error(sim, "%s", text);
	sim->world.said = true;
	return 0;
}

/* The clock */

static void collect(struct fwt_sim *sim)
{
	u32 i;

	/* A sixteenth of all a time, and the round that is under way. */
	for (i = 0; sim->fn.conns_ready && i < 18; i++) {
		sim->fn.gc.work.func(&sim->fn.gc.work);
		sim_quiesce();
	}
}

void fwt_sim_wait(struct fwt_sim *sim, u64 ms)
{
	u64 ticks = DIV_ROUND_UP_ULL(ms * HZ, MSEC_PER_SEC), hop;

	enter(sim);
	/* Expiry is told by a difference of 32 bits: what is over is collected in
	 * time, as the kernel does it.
	 */
	while (ticks) {
		hop = min(ticks, (u64)HZ * 86400);
		sim_jiffies += hop;
		ticks -= hop;
		if (hop >= HZ / 4)
			collect(sim);
	}
}

u64 fwt_sim_now(const struct fwt_sim *sim)
{
	u64 now = inside == sim ? sim_jiffies : sim->clock;

	return (now - BEGIN) * 1000 / HZ;
}

/* The way of a packet */

/* What ip_rcv() and ipv6_rcv() would not let in; cuts what is behind the packet. */
static bool header_ok(struct sk_buff *skb)
{
	u8 *ip = skb->data;
	u32 total;

	if (skb->protocol == htons(0x0800)) {
		if (skb->len < 20 || *ip >> 4 != 4 || (*ip & 15) < 5 ||
		    skb->len < (*ip & 15) * 4u)
			return false;
		if (skb_checksum(skb, 0, (*ip & 15) * 4, 0) != 0xffff &&
		    skb->ip_summed != CHECKSUM_UNNECESSARY)
			return false;
		total = get_unaligned_be16(ip + 2);
		if (total < (*ip & 15) * 4u)
			return false;
	} else {
		if (skb->len < 40 || *ip >> 4 != 6)
			return false;
		total = get_unaligned_be16(ip + 4);
		total = total ? total + 40 : skb->len;
	}
	if (total > skb->len)
		return false;
	skb->len = total;
	return true;
}

static void daddr_of(const struct sk_buff *skb, u8 *family, u32 *addr)
{
	bool six = *skb->data >> 4 == 6;
	u32 i;

	*family = six ? 6 : 4;
	memset(addr, 0, 16);
	for (i = 0; i < (six ? 4u : 1u); i++)
		addr[i] = get_unaligned_be32(skb->data + (six ? 24 : 16) + 4 * i);
}

static u8 pf_of(const struct sk_buff *skb)
{
	return *skb->data >> 4 == 6 ? NFPROTO_IPV6 : NFPROTO_IPV4;
}

static bool is_fragment(const struct fwt_sim *sim)
{
	return sim->came.have & FWT_HAVE_FRAG &&
	       (sim->came.frag_off || sim->came.frag_more);
}

static int stopped(struct fwt_sim *sim)
{
	sim->way.dropped = true;
	return FWT_SIM_STOPPED;
}

static int stop(struct fwt_sim *sim, const char *why)
{
	sim->way.why = why;
	return stopped(sim);
}

/* Router's part of it; false where it is over. */
static bool hop(struct sk_buff *skb)
{
	u8 *ip = skb->data, *ttl = ip + (*ip >> 4 == 6 ? 7 : 8);

	if (*ttl <= 1)
		return false;
	--*ttl;
	if (*ip >> 4 == 4)
		sim_checksum_ip4(ip);
	return true;
}

static int to_ip(struct fwt_sim *sim, struct sk_buff *skb, struct net_device *dev)
{
	struct nf_hook_state state = {
		.hook = NF_INET_PRE_ROUTING, .pf = pf_of(skb), .in = dev, .net = &sim->net,
	};
	struct fwt_route r;

	if (sim_hooks(skb, &state) != NF_ACCEPT)
		return stopped(sim);
	sim_route(&sim->net, skb, dev->name, &r);
	switch (r.type) {
	case FWT_ROUTE_LOCAL:
	case FWT_ROUTE_BROADCAST:
	case FWT_ROUTE_MULTICAST:
		state.hook = NF_INET_LOCAL_IN;
		if (sim_hooks(skb, &state) != NF_ACCEPT)
			return stopped(sim);
		return FWT_SIM_DELIVERED;
	case FWT_ROUTE_NONE:
		if (!sim->world.said)
			return FWT_SIM_NO_WORLD;
		return stop(sim, "no-route");
	case FWT_ROUTE_UNREACHABLE:
		return stop(sim, "no-route");
	}
	if (!hop(skb))
		return stop(sim, "ttl-exceeded");
	skb->dev = sim_device(&sim->net, r.oif);
	if (!skb->dev)
		return stop(sim, "no-memory");
	return sim_leave(&sim->net, skb, dev) == NF_ACCEPT ? FWT_SIM_LEFT : stopped(sim);
}

static int arrive(struct fwt_sim *sim, struct sk_buff *skb, struct net_device *dev)
{
	struct nf_hook_state state = {
		.hook = NF_NETDEV_INGRESS, .pf = NFPROTO_NETDEV, .in = dev, .net = &sim->net,
	};

	skb->skb_iif = dev->ifindex;
	skb->dev = dev;
	if (sim_hooks(skb, &state) != NF_ACCEPT)
		return stopped(sim);
	if (skb->protocol != htons(0x0800) && skb->protocol != htons(0x86dd))
		return FWT_SIM_DELIVERED;
	if (!header_ok(skb))
		return stop(sim, "malformed");
	if (is_fragment(sim))
		return FWT_SIM_HELD;
	return to_ip(sim, skb, dev);
}

static int start(struct fwt_sim *sim, struct sk_buff *skb, struct net_device *dev)
{
	struct nf_hook_state state = {
		.hook = NF_INET_LOCAL_OUT, .out = dev, .net = &sim->net,
	};
	struct fwt_route r;

	skb->dev = dev;
	if (skb->protocol != htons(0x0800) && skb->protocol != htons(0x86dd)) {
		state.pf = NFPROTO_NETDEV;
		state.hook = NF_NETDEV_EGRESS;
		return sim_hooks(skb, &state) == NF_ACCEPT ? FWT_SIM_LEFT : stopped(sim);
	}
	if (!header_ok(skb))
		return stop(sim, "malformed");
	state.pf = pf_of(skb);
	sim_route(&sim->net, skb, NULL, &r);
	if (r.type == FWT_ROUTE_BROADCAST)
		skb->rt.rt_flags = RTCF_BROADCAST;
	if (sim_hooks(skb, &state) != NF_ACCEPT)
		return stopped(sim);
	/* A translation may have led it elsewhere. */
	if (sim_leave(&sim->net, skb, NULL) != NF_ACCEPT)
		return stopped(sim);
	if (!(skb->dev->flags & IFF_LOOPBACK))
		return FWT_SIM_LEFT;
	return arrive(sim, skb, skb->dev);
}

/* Results */

void sim_rule_fill(const struct fwt_program *prog, u32 rule, struct fwt_sim_rule *to)
{
	const struct fwt_prog_rule *r;

	memset(to, 0, sizeof(*to));
	if (rule == FWT_NONE)
		return;
	r = &prog->rule[rule];
	to->id = r->id == FWT_NONE ? NULL : prog->string + r->id;
	to->file = prog->string + prog->file[r->file].name;
	to->line = r->line;
	to->text = prog->source + r->text;
	to->text_len = r->text_len;
}

static void slot_rule(struct fwt_sim *sim, u32 slot, struct fwt_sim_rule *to)
{
	const struct fwt_policy *pol = policy_of(sim);
	const struct fwt_slot *s;

	memset(to, 0, sizeof(*to));
	if (slot == FWT_NONE)
		return;
	if (pol && slot < sim->n_slots && sim->rule_of_slot[slot] != FWT_NONE) {
		sim_rule_fill(&pol->prog, sim->rule_of_slot[slot], to);
		return;
	}
	/* Of a former policy. */
	s = fwt_slot_peek(&sim->fn, slot);
	to->id = s->id ? s->id->text : NULL;
	to->file = s->file ? s->file->text : NULL;
	to->line = s->line;
}

static const char *state_name(const struct fwt_conn *c)
{
	if (c->ends.protocol == FWT_IPPROTO_TCP)
		return fwt_tcp_state_name[c->tcp.state];
	return fwt_conn_is(c, FWT_CONN_REPLIED) ? "REPLIED" : "UNREPLIED";
}

static void put_end(const struct fwt_conn *c, enum fwt_who who, u8 *addr, u16 *port)
{
	struct fwt_end end;
	u32 i;

	fwt_ends_get(&c->ends, who, &end);
	for (i = 0; i < 4; i++)
		put_unaligned_be32(end.addr[i], addr + 4 * i);
	*port = end.port;
}

static void conn_fill(struct fwt_sim *sim, const struct fwt_conn *c, struct fwt_sim_conn *to)
{
	u32 i;

	memset(to, 0, sizeof(*to));
	to->id = c->id;
	to->family = c->ends.family;
	to->protocol = c->ends.protocol;
	to->state = state_name(c);
	to->seconds = fwt_conn_seconds(c);
	to->confirmed = fwt_conn_is(c, FWT_CONN_CONFIRMED);
	to->assured = fwt_conn_is(c, FWT_CONN_ASSURED);
	to->snat = fwt_conn_is(c, FWT_CONN_SNAT);
	to->dnat = fwt_conn_is(c, FWT_CONN_DNAT);
	put_end(c, FWT_C, to->saddr[0], &to->sport[0]);
	put_end(c, FWT_V, to->daddr[0], &to->dport[0]);
	put_end(c, FWT_S, to->saddr[1], &to->sport[1]);
	put_end(c, FWT_N, to->daddr[1], &to->dport[1]);
	for (i = 0; i < 2; i++) {
		to->packets[i] = c->packets[i];
		to->bytes[i] = c->bytes[i];
		slot_rule(sim, c->slot[i], &to->rule[i]);
	}
	to->mark = fwt_conn_mark(c);
	to->iif = fwt_ifname(&sim->net, c->iif);
	to->oif = fwt_ifname(&sim->net, c->oif);
}

/* The connection that a packet, as it came, belongs to by now. */
static struct fwt_conn *find_conn(struct fwt_sim *sim)
{
	struct fwt_packet p = sim->came;
	bool link_local = p.family == 6 && (p.saddr[0] >> 22 == 0xfe80u >> 6 ||
					    p.daddr[0] >> 22 == 0xfe80u >> 6);
	struct fwt_tuple t;
	enum fwt_dir dir;

	if (!sim->fn.conns_ready || p.have & FWT_HAVE_FRAG ||
	    !fwt_tuple_get(&p, link_local ? (u32)sim->came_by->ifindex : 0, &t))
		return NULL;
	return fwt_conn_find(&sim->fn, fwt_hash_tuple(&sim->fn.conns, &t), &t, &dir);
}

static void rules(struct fwt_sim *sim, const struct fwt_conn *c)
{
	struct fwt_sim_result *r = &sim->result;
	const struct sim_walk *w;
	bool walked[__FWT_SIM_HOOKS] = { };
	size_t i;

	if (c) {
		slot_rule(sim, c->slot[0], &r->rule[FWT_SIM_INGRESS]);
		slot_rule(sim, c->slot[1], &r->rule[FWT_SIM_EGRESS]);
		r->by = r->rule[FWT_SIM_EGRESS].file && !r->rule[FWT_SIM_INGRESS].file ?
			&r->rule[FWT_SIM_EGRESS] : &r->rule[FWT_SIM_INGRESS];
	}
	for (i = 0; i < sim->walks.n; i++) {
		w = &sim->walks.walk[i];
		if (w->verdict == FWT_VERDICT_UNKNOWN)
			continue;
		if (w->again && w->verdict == FWT_VERDICT_ACCEPT && walked[w->hook])
			continue;
		walked[w->hook] = true;
		sim_rule_fill(w->prog, w->rule, &r->rule[w->hook]);
		r->by = &r->rule[w->hook];
	}
	if (!r->by)
		r->by = &r->rule[FWT_SIM_INGRESS];
}

static const char *ct_state(const struct fwt_sim *sim, const struct fwt_conn *c)
{
	static const char *const names[] = {
		"new", "related", "established", "invalid", "untracked",
	};
	const char *state = NULL;
	size_t i;

	for (i = 0; i < sim->walks.n; i++) {
		const struct sim_walk *w = &sim->walks.walk[i];

		if (w->hook <= FWT_HOOK_EGRESS && !w->again)
			state = names[w->before.ct_state];
	}
	if (state || !(sim->came.have & FWT_HAVE_IP))
		return state;
	return c ? sim->related ? "related" : "established" : NULL;
}

static void conclude(struct fwt_sim *sim, int end)
{
	struct fwt_sim_result *r = &sim->result;
	const struct sim_answer *a = &sim->way.answer;
	struct sk_buff *skb = &sim->skb;
	struct fwt_conn *c = find_conn(sim);

	memset(r, 0, sizeof(*r));
	r->end = end;
	r->verdict = FWT_SIM_ACCEPT;
	if (end == FWT_SIM_STOPPED) {
		r->verdict = sim->way.reason == FWT_REASON_REJECT || a->len ? FWT_SIM_REJECT :
									    FWT_SIM_DROP;
		r->reason = sim->way.why ? sim->way.why :
			    fwt_reason_info[sim->way.reason].name;
	}
	rules(sim, c);
	r->state = ct_state(sim, c);
	if (end == FWT_SIM_LEFT)
		r->oif = skb->dev->name;
	r->data = skb->data;
	r->len = skb->len;
	r->frame = skb->data - skb->mac;
	r->frame_len = skb->len + skb->mac;
	r->mark = skb->mark;
	if (a->len && !a->dropped) {
		r->answer = a->frame + SIM_HEADROOM;
		r->answer_len = a->len;
		r->answer_dev = a->dev->name;
	}
	if (c) {
		conn_fill(sim, c, &sim->conn);
		r->conn = &sim->conn;
		r->began = sim->way.begun == c->id + 1;
	}
	r->logs = sim->way.log;
	r->n_logs = sim->way.n_logs;
}

/* Whose the packet is: of an ICMP error what it quotes. */
static void look_at(struct fwt_sim *sim)
{
	struct fwt_packet *p = &sim->came;
	struct fwt_quote q;

	memset(p, 0, sizeof(*p));
	p->ether_type = ntohs(sim->skb.protocol);
	sim->related = false;
	if (fwt_packet_parse(p, sim->skb.data, sim->skb.len, sim->skb.len, FWT_PARSE_NETWORK) ||
	    !(p->have & FWT_HAVE_ICMP_ERROR) ||
	    fwt_packet_quote(p, &q, sim->skb.data, sim->skb.len, sim->skb.len))
		return;
	*p = q.p;
	p->have &= ~FWT_HAVE_FRAG;
	sim->related = true;
}

static u8 pkttype(const struct sk_buff *skb)
{
	const u8 *mac = skb->data - skb->mac;
	u32 addr[4];
	u8 family;

	if (skb->mac && mac[0] & 1)
		return !memcmp(mac, "\xff\xff\xff\xff\xff\xff", 6) ? PACKET_BROADCAST :
								     PACKET_MULTICAST;
	if (skb->mac)
		return PACKET_HOST;
	daddr_of(skb, &family, addr);
	if (family == 4 ? addr[0] == ~0u : false)
		return PACKET_BROADCAST;
	if (family == 4 ? addr[0] >> 28 == 0xe : addr[0] >> 24 == 0xff)
		return PACKET_MULTICAST;
	return PACKET_HOST;
}

const struct fwt_sim_result *fwt_sim_packet(struct fwt_sim *sim,
					    const struct fwt_sim_packet *packet)
{
	size_t total = packet->total > packet->len ? packet->total : packet->len;
	struct sk_buff *skb = &sim->skb;
	u32 mac = packet->ether ? 14 : 0;
	u8 *data = sim->buf;
	u16 type;

	enter(sim);
	if (!packet->dev || !*packet->dev || strlen(packet->dev) >= IFNAMSIZ)
		return sim_set_error(sim, "no name of a device"), NULL;
	if (total > sizeof(sim->buf) || packet->len < mac + 1)
		return sim_set_error(sim, "a packet of %zu bytes", total), NULL;
	sim->came_by = sim_device(&sim->net, packet->dev);
	if (!sim->came_by)
		return sim_set_error(sim, "out of memory"), NULL;
	clean_way(sim);
	memcpy(data, packet->data, packet->len);
	memset(data + packet->len, 0, total - packet->len);
	memset(skb, 0, sizeof(*skb));
	skb->vlan = false;
	if (packet->ether) {
		type = get_unaligned_be16(data + 12);
		/* As __netif_receive_skb_core() takes a tag off. */
		if ((type == 0x8100 || type == 0x88a8) && total >= 18) {
			skb->vlan = true;
			skb->vlan_tci = get_unaligned_be16(data + 14);
			type = get_unaligned_be16(data + 16);
			memmove(data + 4, data, 12);
			data += 4;
			total -= 4;
			put_unaligned_be16(type, data + 12);
		}
	} else {
		type = *data >> 4 == 6 ? 0x86dd : 0x0800;
	}
	skb->data = data + mac;
	skb->mac = mac;
	skb->len = (u32)total - mac;
	skb->protocol = htons(type);
	skb->mark = packet->mark;
	/* What is not there can't be summed. */
	skb->ip_summed = packet->len < total ? CHECKSUM_UNNECESSARY : CHECKSUM_NONE;
	skb->pkt_type = packet->out ? PACKET_OUTGOING : pkttype(skb);
	look_at(sim);
	sim->begun = true;
	conclude(sim, packet->out ? start(sim, skb, sim->came_by) :
				    arrive(sim, skb, sim->came_by));
	sim_quiesce();
	return &sim->result;
}

/* Looking */

void fwt_sim_trace(struct fwt_sim *sim, bool on)
{
	sim->walks.trace = on;
}

const struct sim_walks *sim_walks_of(const struct fwt_sim *sim)
{
	return &sim->walks;
}

const struct fwt_sim_result *sim_result_of(const struct fwt_sim *sim)
{
	return &sim->result;
}

struct visit {
	struct fwt_sim *sim;
	void (*visit)(void *ctx, const struct fwt_sim_conn *conn);
	void *ctx;
};

static int visit_one(struct fwt_conn *c, void *ctx)
{
	struct visit *v = ctx;
	struct fwt_sim_conn conn;

	conn_fill(v->sim, c, &conn);
	v->visit(v->ctx, &conn);
	return 0;
}

void fwt_sim_conns(struct fwt_sim *sim,
		   void (*visit)(void *ctx, const struct fwt_sim_conn *conn), void *ctx)
{
	struct visit v = { sim, visit, ctx };
	struct fwt_hash_walk w = { };

	enter(sim);
	if (sim->fn.conns_ready)
		fwt_conns_walk(&sim->fn, &w, visit_one, &v);
}

void sim_plain(struct fwt_sim *sim, bool on)
{
	sim->plain = on;
}

bool sim_is_plain(const struct fwt_sim *sim)
{
	return sim->plain;
}

void sim_forget(struct fwt_sim *sim)
{
	enter(sim);
	fwt_conns_flush(&sim->fn);
	sim_quiesce();
}

u64 fwt_sim_counter(struct fwt_sim *sim, const char *name)
{
	u32 i;

	enter(sim);
	for (i = 1; i < __FWT_REASON_MAX; i++)
		if (!strcmp(fwt_reason_info[i].name, name))
			return sim->fn.stats->reason[i];
	return 0;
}
