// SPDX-License-Identifier: GPL-2.0
/*
 * The way of a packet through the simulated machine.
 *
 * Overview. A packet comes in by a device, or starts here; arrive() and start() below
 * lead it as ip_rcv(), ip_forward() and ip_output() would, and call the hooks that the
 * module has registered (kmod/dev.c, kmod/hook.c), in the places and the order of the
 * kernel. What walks decide on the way is kept (sim_walk.c); what the module drops,
 * logs or answers as well (sim_env.c, sim_net.c). In the end all of that is put
 * together in a struct fwt_sim_result.
 */
#include "sim_machine.h"
#include "across.h"
#include "hook.h"
#include "way.h"
#include "sim_kernel.h"
#include "core/patch.h"

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

/* Who sent it is told why it ends here. */
static int tell(struct fwt_sim *sim, struct sk_buff *skb, const char *why, u16 kind4, u16 kind6,
		u32 word)
{
	sim_say_error(&sim->net, skb, (u8)(kind4 >> 8), (u8)kind4, (u8)(kind6 >> 8), (u8)kind6,
		      word);
	return stop(sim, why);
}

/* The kernel's ip_tos2prio[] has the same for each four of its sixteen. */
u32 sim_tos_priority(u8 tos)
{
	static const u8 of[4] = { 0, 2, 6, 4 };

	return of[tos >> 3 & 3];
}

/* As ip_forward() and ip6_forward() do it. */
static int hop(struct fwt_sim *sim, struct sk_buff *skb, const struct net_device *in)
{
	static const u8 nobody[16];
	u8 *ip = skb->data;
	bool six = *ip >> 4 == 6;
	u8 *ttl = ip + (six ? 7 : 8);
	u32 mtu = sim_mtu(&sim->net, skb);

	if (*ttl <= 1)
		return tell(sim, skb, "ttl-exceeded", 11 << 8, 3 << 8, 0);
	/* Who has no address yet, or one of a link, is not heard beyond it. */
	if (six && skb->dev != in) {
		if (!memcmp(ip + 8, nobody, 16))
			return stop(sim, "malformed");
		if (ip[8] == 0xfe && (ip[9] & 0xc0) == 0x80)
			return tell(sim, skb, "no-route", 0, 1 << 8 | 2, 0);
	}
	/* What may be cut is, once it has left. */
	if (skb->len > mtu && (six || ip[6] & 0x40) && !(sim->frag_max && sim->frag_max <= mtu))
		return tell(sim, skb, "too-big", 3 << 8 | 4, 2 << 8, mtu);
	--*ttl;
	if (!six) {
		sim_checksum_ip4(ip);
		skb->priority = sim_tos_priority(ip[1]);
	}
	return FWT_SIM_LEFT;
}

static int to_ip(struct fwt_sim *sim, struct sk_buff *skb, struct net_device *dev)
{
	struct nf_hook_state state = {
		.hook = NF_INET_PRE_ROUTING, .pf = pf_of(skb), .in = dev, .net = &sim->net,
	};
	struct fwt_route r;
	int end;

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
		return tell(sim, skb, "no-route", 3 << 8, 1 << 8, 0);
	case FWT_ROUTE_UNREACHABLE:
		return tell(sim, skb, "no-route", 3 << 8 | 1, 1 << 8, 0);
	}
	skb->dev = sim_device(&sim->net, r.oif);
	if (!skb->dev)
		return stop(sim, "no-memory");
	end = hop(sim, skb, dev);
	if (end != FWT_SIM_LEFT)
		return end;
	return sim_leave(&sim->net, skb, dev) == NF_ACCEPT ? FWT_SIM_LEFT : stopped(sim);
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

/* It is there for our own hooks: device trees alone see fragments, and so does the way
 * behind them.
 */
static bool defragments(const struct net *net)
{
	u32 i;

	for (i = 0; i < net->n_hooks; i++)
		if (net->hook[i]->pf != NFPROTO_NETDEV)
			return true;
	return false;
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
	if (is_fragment(sim) && defragments(&sim->net)) {
		switch (sim_defrag(sim, skb)) {
		case SIM_FRAG_HELD:
			return FWT_SIM_HELD;
		case SIM_FRAG_BAD:
			return stop(sim, "malformed");
		case SIM_FRAG_WHOLE:
			look_at(sim);
			break;
		case SIM_FRAG_ALONE:
			break;
		}
	}
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
	const struct fwt_program *of;
	const struct fwt_prog_rule *r;

	memset(to, 0, sizeof(*to));
	if (rule == FWT_NONE)
		return;
	of = fwt_program_of_rule(prog, &rule);
	r = &of->rule[rule];
	to->id = r->id == FWT_NONE ? NULL : of->string + r->id;
	to->file = of->string + of->file[r->file].name;
	/* Where it stands now; those that were added know it. */
	to->line = of == prog ? fwt_patch_line(prog->patch, r->file, r->line) : r->line;
	to->text = of->source + r->text;
	to->text_len = r->text_len;
}

static void slot_rule(struct fwt_sim *sim, u32 slot, struct fwt_sim_rule *to)
{
	const struct fwt_policy *pol = sim_policy_of(sim);
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

void sim_conn_fill(struct fwt_sim *sim, const struct fwt_conn *c, struct fwt_sim_conn *to)
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
	const struct net_device *dev = sim->came_by;
	bool link_local = p.family == 6 && (p.saddr[0] >> 22 == 0xfe80u >> 6 ||
					    p.daddr[0] >> 22 == 0xfe80u >> 6);
	struct nf_hook_state state = { .hook = NF_INET_PRE_ROUTING, .in = sim->came_by };
	struct fwt_way w = { .fn = &sim->fn, .state = &state, .skb = &sim->skb };

	if (!sim->fn.conns_ready || p.have & FWT_HAVE_FRAG ||
	    !fwt_tuple_get(&p, link_local ? (u32)dev->ifindex : (u32)dev->vrf, &w.t))
		return NULL;
	w.c = fwt_conn_find(&sim->fn, fwt_hash_tuple(&sim->fn.conns, &w.t), &w.t, &w.dir);
	if (atomic_read(&sim->fn.n_across))
		fwt_across_find(&w, false);
	return w.c;
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
	if (state || !c || !(sim->came.have & FWT_HAVE_IP))
		return state;
	/* No tree was asked: that of a hook that the policy does not name lets it pass. */
	if (sim->related)
		return "related";
	return sim->way.begun == c->id + 1 || !fwt_conn_is(c, FWT_CONN_CONFIRMED) ?
	       "new" : "established";
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
		/* What is told of the machine's own no may be rejected itself on its way. */
		r->verdict = !sim->way.why && (sim->way.reason == FWT_REASON_REJECT || a->len) ?
			     FWT_SIM_REJECT : FWT_SIM_DROP;
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
		sim_conn_fill(sim, c, &sim->conn);
		r->conn = &sim->conn;
		r->began = sim->way.begun == c->id + 1;
	}
	r->logs = sim->way.log;
	r->n_logs = sim->way.n_logs;
}

/* To all of the subnet that the interface is in. */
static bool to_subnet(const struct fwt_sim *sim, const struct sk_buff *skb)
{
	struct fwt_route r;

	if (skb->protocol != htons(0x0800) || skb->len < 20)
		return false;
	sim_route(&sim->net, skb, sim->came_by->name, &r);
	return r.type == FWT_ROUTE_BROADCAST && !strcmp(r.oif, sim->came_by->name);
}

static u8 pkttype(const struct fwt_sim *sim, struct sk_buff *skb)
{
	/* What sim_build() makes up, which knows no subnets, where nobody said "ether". */
	static const u8 made_up[6] = { 2, 0, 0, 0, 0, 1 };
	u8 *mac = skb->data - skb->mac;
	u32 addr[4];
	u8 family;

	if (skb->mac && !memcmp(mac, made_up, 6) && to_subnet(sim, skb))
		memset(mac, 0xff, 6);
	if (skb->mac && mac[0] & 1)
		return !memcmp(mac, "\xff\xff\xff\xff\xff\xff", 6) ? PACKET_BROADCAST :
								     PACKET_MULTICAST;
	if (skb->mac)
		return PACKET_HOST;
	daddr_of(skb, &family, addr);
	if (family == 4 && (addr[0] == ~0u || to_subnet(sim, skb)))
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

	sim_enter(sim);
	if (!packet->dev || !*packet->dev || strlen(packet->dev) >= IFNAMSIZ)
		return sim_set_error(sim, "no name of a device"), NULL;
	if (total > sizeof(sim->buf) || packet->len < mac + 1)
		return sim_set_error(sim, "a packet of %zu bytes", total), NULL;
	sim->came_by = sim_device(&sim->net, packet->dev);
	if (!sim->came_by)
		return sim_set_error(sim, "out of memory"), NULL;
	sim_clean_way(sim);
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
	skb->ip_summed = packet->len < total || packet->summed ? CHECKSUM_UNNECESSARY :
								  CHECKSUM_NONE;
	sim->frag_max = 0;
	sim->world.owner = (struct sim_owner){
		.skb = skb, .said = packet->out ? packet->owner : 0,
		.uid = packet->uid, .gid = packet->gid, .cgroup = packet->cgroup,
	};
	skb->dev = sim->came_by;
	/* What starts here has the kernel's default; its taps alone see PACKET_OUTGOING. */
	skb->pkt_type = packet->out ? PACKET_HOST : pkttype(sim, skb);
	look_at(sim);
	sim->begun = true;
	conclude(sim, packet->out ? start(sim, skb, sim->came_by) :
				    arrive(sim, skb, sim->came_by));
	sim_quiesce();
	return &sim->result;
}

