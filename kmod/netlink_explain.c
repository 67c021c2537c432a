// SPDX-License-Identifier: GPL-2.0
/*
 * A dry run: what the policy in force would decide on a packet, with the kernel's own
 * addresses and routes.
 *
 * A walk is pure, so that this is what a packet would meet; and nothing of what comes
 * behind a walk is done: no record is made, nor changed, no rule is counted, no token is
 * taken, nothing is logged. The packet is an skb that nobody else ever sees: it is changed
 * and translated as hooks do it, and forwarded as ip_forward() does, so that each tree is
 * asked about what it would get.
 */
#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/route.h>

#include "hook.h"
#include "led.h"
#include "netlink.h"
#include "netlink_explain.h"
#include "policy.h"
#include "way.h"
#include "core/verify.h"

/* Steps of one walk that are told: so many fit an attribute with the longest keys. A
 * walk through search trees has a few dozens.
 */
#define STEPS_MAX	256
#define PACKET_MAX	2048
#define STEP_WORDS	(3 + FWT_KEY_WORDS + 1)

static void keep(void *ctx, const struct fwt_walk_step *s)
{
	struct fwt_dry *r = ctx;
	u32 *to = r->step + r->words;

	if (r->n_steps == STEPS_MAX) {
		r->cut = true;
		return;
	}
	r->n_steps++;
	to[0] = s->node;
	to[1] = s->next;
	to[2] = s->words;
	memcpy(to + 3, s->key, s->words * sizeof(u32));
	r->words += 3 + s->words;
}

static int put_addr(struct sk_buff *skb, int type, const u32 *words)
{
	__be32 be[4];
	u32 i;

	for (i = 0; i < 4; i++)
		be[i] = cpu_to_be32(words[i]);
	return nla_put(skb, type, sizeof(be), be);
}

int fwt_dry_put_walk(struct fwt_dry *r, const struct fwt_packet *p, u8 hook, u8 state,
		     const struct fwt_decision *d)
{
	struct sk_buff *skb = r->reply;
	struct nlattr *nest = nla_nest_start(skb, FWTREE_A_EXPLAIN_WALK);

	if (!nest || nla_put_u32(skb, FWTREE_A_EXPLAIN_WALK_HOOK, hook) ||
	    nla_put_u32(skb, FWTREE_A_EXPLAIN_WALK_STATE, state) ||
	    nla_put_u32(skb, FWTREE_A_EXPLAIN_WALK_VERDICT, d->verdict) ||
	    (d->reason && nla_put_string(skb, FWTREE_A_EXPLAIN_WALK_REASON,
					 fwt_reason_info[d->reason].name)) ||
	    (d->rule != FWT_NONE && nla_put_u32(skb, FWTREE_A_EXPLAIN_WALK_RULE, d->rule)) ||
	    nla_put_u32(skb, FWTREE_A_EXPLAIN_WALK_FLAGS, d->flags) ||
	    put_addr(skb, FWTREE_A_EXPLAIN_WALK_SADDR, p->saddr) ||
	    put_addr(skb, FWTREE_A_EXPLAIN_WALK_DADDR, p->daddr) ||
	    nla_put_u32(skb, FWTREE_A_EXPLAIN_WALK_DPORT, p->dport) ||
	    nla_put_u32(skb, FWTREE_A_EXPLAIN_WALK_MARK, p->mark) ||
	    nla_put(skb, FWTREE_A_EXPLAIN_WALK_STEPS, r->words * sizeof(u32), r->step) ||
	    (r->cut && nla_put_flag(skb, FWTREE_A_EXPLAIN_WALK_CUT)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* Walks from @root; @w->p becomes what modifiers made of it. Returns whether it is
 * accepted, or an error.
 */
static int walk(struct fwt_dry *r, struct fwt_way *w, u8 hook, u32 root, const struct fwt_env *env)
{
	struct fwt_decision *d;
	u8 state = w->p.ct_state;
	int ret;

	r->flags = 0;
	memset(&r->sets, 0, sizeof(r->sets));
	if (root == FWT_NONE)
		return 1;
	d = kmalloc(sizeof(*d), GFP_ATOMIC);
	if (!d)
		return -ENOMEM;
	r->n_steps = 0;
	r->words = 0;
	r->cut = false;
	w->p.hook = hook;
	fwt_walk_traced(&r->pol->prog, root, &w->p, env, d, keep, r);
	/* Counted as what it is, see refuse() in first.c. */
	if (d->reason == FWT_REASON_INVALID && w->why && w->state->hook != NF_INET_POST_ROUTING)
		d->reason = w->why;
	ret = fwt_dry_put_walk(r, &w->p, hook, state, d);
	if (!ret)
		ret = d->verdict == FWT_VERDICT_ACCEPT;
	r->flags = d->flags;
	r->dnat = d->dnat;
	r->snat = d->snat;
	fwt_changes_of(&w->p, &w->after);
	fwt_sets_of(d, &w->after, &r->sets);
	kfree(d);
	return ret;
}

/* The same with the kernel to ask. */
static int walk_in_world(struct fwt_dry *r, struct fwt_way *w, u8 hook, u32 root)
{
	struct fwt_world *world = kmalloc(sizeof(*world), GFP_ATOMIC);
	int ret;

	if (!world)
		return -ENOMEM;
	fwt_world_init(world, w, w->c ? w->c->seed : w->seed);
	/* As other walks it is given each answer of routing once. */
	r->rlu.have = 0;
	world->env.rlu = &r->rlu;
	world->former = w->former;
	if (w->c)
		world->env.turn = READ_ONCE(w->c->turn[hook]);
	/* At a device those of the frame. */
	if (hook >= FWT_HOOK_DEV_INGRESS)
		world->bytes = w->skb->len + (w->p.have & FWT_HAVE_ETHER ? ETH_HLEN : 0);
	ret = walk(r, w, hook, root, &world->env);
	kfree(world);
	return ret;
}

/* What the packet's header says, and what is beside it. */
static int change(struct fwt_way *w, const struct fwt_sets *s)
{
	if (fwt_change(w, s, true) < 0)
		return -ENOMEM;
	w->p.mark = w->skb->mark;
	w->p.priority = w->skb->priority;
	return 1;
}

/* The frame as it is by now; a device without Ethernet has none. */
static int walk_device(struct fwt_dry *r, struct fwt_way *w, const struct net_device *dev, bool out)
{
	bool ether = dev->type == ARPHRD_ETHER || dev->type == ARPHRD_LOOPBACK;
	u8 hook = out ? FWT_HOOK_DEV_EGRESS : FWT_HOOK_DEV_INGRESS;
	u32 head = ether ? ETH_HLEN : 0, len = w->skb->len + head;
	struct fwt_packet p = w->p;
	int ret;

	/* No connection is known there. */
	w->c = NULL;
	w->former = NULL;
	w->later = false;
	w->p.have = 0;
	w->p.iif = out ? NULL : dev->name;
	w->p.oif = out ? dev->name : NULL;
	w->p.ct_state = FWT_CT_UNTRACKED;
	w->p.ct_status = 0;
	w->p.ct_mark = 0;
	w->p.ct_ends = NULL;
	w->p.ct_tuple = NULL;
	if (fwt_packet_parse(&w->p, skb_network_header(w->skb) - head, len, len,
			     ether ? FWT_PARSE_ETHER : FWT_PARSE_NETWORK))
		return -EINVAL;
	ret = walk_in_world(r, w, hook, fwt_dev_root(&r->pol->prog, hook, dev->name));
	w->p = p;
	return ret > 0 ? change(w, &r->sets) : ret;
}

int fwt_dry_walk(struct fwt_dry *r, struct fwt_way *w, u8 hook)
{
	w->p.ct_direction = w->c ? w->dir : FWT_ORIGINAL;
	w->p.ct_ends = w->c ? &w->c->ends : NULL;
	w->p.ct_tuple = w->tracked ? &w->t : NULL;
	/* What starts here begins with none, see fwt_decide_as(). */
	if (w->c)
		w->p.ct_mark = fwt_conn_is(w->c, FWT_CONN_LOCAL) && hook == FWT_HOOK_EGRESS &&
			       !fwt_track_egress_done(w->c) ? 0 : fwt_conn_ct_mark(w->c);
	r->came = w->p;
	return walk_in_world(r, w, hook, r->pol->prog.root[hook]);
}

int fwt_dry_settle(struct fwt_dry *r, struct fwt_way *w, bool tracked)
{
	bool ports = w->p.have & FWT_HAVE_PORTS;
	struct fwt_rewrite to = {
		.src.port = ports ? w->p.sport : w->p.icmp_id,
		.dst.port = ports ? w->p.dport : w->p.icmp_id,
	};
	bool egress = w->state->hook == NF_INET_POST_ROUTING;
	u32 ct_mark = w->p.ct_mark;
	bool led;

	memcpy(to.src.addr, w->p.saddr, sizeof(to.src.addr));
	memcpy(to.dst.addr, w->p.daddr, sizeof(to.dst.addr));
	w->p = r->came;
	/* What egress says first its record does not have. */
	if ((!w->c || (egress && !w->later)) &&
	    (r->flags & (FWT_DECISION_SNAT | FWT_DECISION_DNAT) || r->apart)) {
		led = memcmp(to.dst.addr, w->p.daddr, sizeof(to.dst.addr)) ||
		      (ports && to.dst.port != w->p.dport);
		w->p.ct_status = led ? FWT_CT_DNAT : 0;
		fwt_rewrite(&w->p, skb_network_header(w->skb), &to, FWT_CSUM_FULL, NULL);
	}
	w->p.ct_mark = tracked ? ct_mark : 0;
	return change(w, &r->sets);
}

int fwt_dry_put_drop(struct fwt_dry *r, u8 reason)
{
	return nla_put_string(r->reply, FWTREE_A_EXPLAIN_REASON, fwt_reason_info[reason].name);
}

/* The port that a server is shown is chosen when a connection begins: one that could be. */
static void stand_apart(struct fwt_dry *r, struct fwt_way *w)
{
	const struct fwt_options *opt = &r->pol->opt;
	struct fwt_port_search s;
	u16 port;

	r->apart = true;
	fwt_port_search_init(&s, opt->nat_lo, opt->nat_hi, w->seed ^ w->t.src.addr[0]);
	if (!fwt_port_search_next(&s, &port))
		return;
	if (w->p.have & FWT_HAVE_PORTS)
		w->p.sport = port;
	else
		w->p.icmp_id = port;
}

/* A packet that a tree leads elsewhere: whether there, and past whom. As walk(). */
static int lead(struct fwt_dry *r, struct fwt_way *w)
{
	struct fwt_led led;
	int ret;

	/* No record, no translation back; nor of what ingress has led elsewhere. */
	if (r->flags & (FWT_DECISION_SNAT | FWT_DECISION_DNAT) &&
	    (w->p.ct_state != FWT_CT_NEW || r->flags & FWT_DECISION_NOTRACK))
		return fwt_dry_put_drop(r, FWT_REASON_INVALID);
	if (r->flags & FWT_DECISION_NOTRACK && r->came.ct_status & FWT_CT_DNAT)
		return fwt_dry_put_drop(r, FWT_REASON_INVALID);
	if (!(r->flags & FWT_DECISION_DNAT))
		return 1;
	ret = fwt_led_peek(w, r->dnat, &led);
	if (ret)
		return ret < 0 ? ret : fwt_dry_put_drop(r, ret);
	if (memcmp(led.server.addr, w->p.daddr, sizeof(led.server.addr))) {
		memcpy(w->p.daddr, led.server.addr, sizeof(w->p.daddr));
		ret = put_addr(r->reply, FWTREE_A_EXPLAIN_SERVER, led.server.addr);
		if (ret)
			return ret;
	}
	if (!led.apart)
		return 1;
	stand_apart(r, w);
	ret = nla_put_flag(r->reply, FWTREE_A_EXPLAIN_APART);
	return ret ? ret : 1;
}

/* One that stands apart can be shown by its own address alone, see track.c. */
static int show(struct fwt_dry *r, const struct fwt_way *w)
{
	const struct fwt_prog_mod *m;
	u32 snat = r->snat;

	if (!r->apart || !(r->flags & FWT_DECISION_SNAT))
		return 1;
	m = &fwt_program_of_mod(&r->pol->prog, &snat)->mod[snat];
	if (!(m->flags & FWT_MOD_PORTS) && !memcmp(w->p.saddr, w->t.src.addr, sizeof(w->p.saddr)))
		return 1;
	return fwt_dry_put_drop(r, FWT_REASON_TUPLE_CLASH);
}

/* Where it would go on to, with the destination that it has now. */
static int put_route(struct fwt_dry *r, struct fwt_way *w, struct net_device **out)
{
	struct fwt_route route = { };
	struct fwt_world *world;

	world = kmalloc(sizeof(*world), GFP_ATOMIC);
	if (!world)
		return -ENOMEM;
	fwt_world_init(world, w, w->seed);
	fwt_world_route(&world->env, &w->p, FWT_ROUTE_FORWARD, &route);
	kfree(world);
	*out = NULL;
	/* Groups are in no table. */
	if (route.type == FWT_ROUTE_LOCAL || route.type == FWT_ROUTE_BROADCAST ||
	    fwt_packet_to_group(w->p.family, w->p.daddr))
		return nla_put_flag(r->reply, FWTREE_A_EXPLAIN_LOCAL);
	if (route.type != FWT_ROUTE_UNICAST)
		return 0;
	*out = dev_get_by_name_rcu(w->fn->net, route.oif);
	return nla_put_string(r->reply, FWTREE_A_EXPLAIN_OIF, route.oif);
}

static int ingress(struct fwt_dry *r, struct fwt_way *w)
{
	int ret = fwt_dry_find(r, w);

	if (ret <= 0)
		return ret;
	if (w->c)
		return fwt_dry_pass(r, w, FWT_HOOK_INGRESS);
	w->p.ct_state = r->state;
	ret = fwt_dry_walk(r, w, FWT_HOOK_INGRESS);
	if (ret > 0)
		ret = lead(r, w);
	if (ret <= 0)
		return ret;
	if (r->flags & FWT_DECISION_NOTRACK && !r->alone)
		r->state = FWT_CT_UNTRACKED;
	return fwt_dry_settle(r, w, r->state == FWT_CT_NEW);
}

/* As ip_forward() and ip6_forward() do it; the device writes its address. */
static int hop(struct fwt_dry *r, struct fwt_way *w, const struct net_device *out)
{
	struct sk_buff *skb = w->skb;

	if (w->p.ttl <= 1)
		return nla_put_string(r->reply, FWTREE_A_EXPLAIN_REASON, "ttl-exceeded");
	w->p.ttl--;
	if (w->p.family == 4) {
		ip_decrease_ttl(ip_hdr(skb));
		if (READ_ONCE(w->fn->net->ipv4.sysctl_ip_fwd_update_priority))
			skb->priority = rt_tos2priority(w->p.tos);
	} else {
		ipv6_hdr(skb)->hop_limit--;
	}
	/* A connection has what ingress said. */
	if (w->c)
		fwt_change_restore(w);
	else if (r->state == FWT_CT_NEW && r->sets.what & FWT_DECISION_PRIORITY)
		skb->priority = r->sets.priority;
	w->p.priority = skb->priority;
	if (out->addr_len == ETH_ALEN)
		ether_addr_copy(eth_hdr(skb)->h_source, out->dev_addr);
	return 1;
}

static int egress(struct fwt_dry *r, struct fwt_way *w)
{
	int ret;

	if (w->c)
		return fwt_dry_pass(r, w, FWT_HOOK_EGRESS);
	w->p.ct_state = r->state;
	ret = fwt_dry_walk(r, w, FWT_HOOK_EGRESS);
	if (ret > 0)
		ret = lead(r, w);
	if (ret > 0)
		ret = show(r, w);
	return ret > 0 ? fwt_dry_settle(r, w, r->state == FWT_CT_NEW) : ret;
}

static int arrive(struct fwt_dry *r, struct fwt_way *w, struct nf_hook_state *state)
{
	struct net_device *in = state->in, *out = NULL;
	int ret = walk_device(r, w, in, false);

	if (ret <= 0 || !(w->p.have & FWT_HAVE_IP))
		return ret;
	w->p.iif = in->name;
	ret = ingress(r, w);
	if (ret <= 0)
		return ret;
	ret = put_route(r, w, &out);
	if (ret || !out)
		return ret;
	ret = hop(r, w, out);
	if (ret <= 0)
		return ret;
	state->hook = NF_INET_POST_ROUTING;
	state->in = NULL;
	state->out = out;
	w->skb->dev = out;
	w->p.oif = out->name;
	ret = egress(r, w);
	return ret <= 0 ? ret : walk_device(r, w, out, true);
}

static int leave(struct fwt_dry *r, struct fwt_way *w, struct nf_hook_state *state)
{
	int ret;

	state->hook = NF_INET_LOCAL_OUT;
	state->out = state->in;
	state->in = NULL;
	w->p.oif = state->out->name;
	if (w->p.have & FWT_HAVE_IP) {
		ret = fwt_dry_find(r, w);
		if (ret > 0 && w->c) {
			ret = fwt_dry_start(w);
			state->hook = NF_INET_POST_ROUTING;
		}
		if (ret > 0)
			ret = egress(r, w);
		if (ret <= 0)
			return ret;
	}
	return walk_device(r, w, state->out, true);
}

/* As a device's driver has it, see eth_type_trans(). Who makes a frame up knows no subnets:
 * what is for all of one goes to all, unless it is for this device.
 */
static u8 pkttype(const struct fwt_net *fn, struct sk_buff *skb, const struct net_device *dev)
{
	struct ethhdr *eth = eth_hdr(skb);
	u32 addr[4] = { };

	if (!(dev->flags & IFF_BROADCAST))
		return PACKET_HOST;
	if (skb->protocol == htons(ETH_P_IP) && skb->len >= sizeof(struct iphdr) &&
	    !ether_addr_equal(eth->h_dest, dev->dev_addr)) {
		addr[0] = be32_to_cpu(ip_hdr(skb)->daddr);
		if (fwt_is_broadcast(fn->net, dev, addr))
			eth_broadcast_addr(eth->h_dest);
	}
	if (!is_multicast_ether_addr(eth->h_dest))
		return PACKET_HOST;
	return is_broadcast_ether_addr(eth->h_dest) ? PACKET_BROADCAST : PACKET_MULTICAST;
}

static int try(struct fwt_dry *r, struct fwt_net *fn, struct sk_buff *skb, struct net_device *dev,
	       bool out)
{
	struct nf_hook_state state = { .hook = NF_INET_PRE_ROUTING, .net = fn->net, .in = dev };
	struct fwt_way *w = kzalloc(sizeof(*w), GFP_ATOMIC);
	int ret;

	if (!w)
		return -ENOMEM;
	state.pf = skb->protocol == htons(ETH_P_IPV6) ? NFPROTO_IPV6 : NFPROTO_IPV4;
	skb->dev = dev;
	skb->skb_iif = out ? 0 : dev->ifindex;
	skb->pkt_type = out ? PACKET_HOST : pkttype(fn, skb, dev);
	w->fn = fn;
	w->pol = r->pol;
	w->skb = skb;
	w->state = &state;
	w->dry = true;
	w->seed = 1;
	w->p.mark = skb->mark;
	w->p.pkttype = skb->pkt_type;
	ret = fwt_skb_parse(skb, &w->p);
	if (!ret)
		ret = out ? leave(r, w, &state) : arrive(r, w, &state);
	kfree(w);
	return ret < 0 ? ret : 0;
}

static struct sk_buff *make_packet(struct genl_info *info)
{
	const struct nlattr *a = info->attrs[FWTREE_A_EXPLAIN_PACKET];
	struct sk_buff *skb;

	if (nla_len(a) <= ETH_HLEN || nla_len(a) > PACKET_MAX) {
		NL_SET_ERR_MSG_ATTR(info->extack, a, "a packet of 15 to 2048 bytes is meant");
		return ERR_PTR(-EINVAL);
	}
	skb = alloc_skb(nla_len(a), GFP_KERNEL);
	if (!skb)
		return ERR_PTR(-ENOMEM);
	skb_put_data(skb, nla_data(a), nla_len(a));
	skb_reset_mac_header(skb);
	skb->protocol = eth_hdr(skb)->h_proto;
	skb_pull(skb, ETH_HLEN);
	skb_reset_network_header(skb);
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	if (info->attrs[FWTREE_A_EXPLAIN_MARK])
		skb->mark = nla_get_u32(info->attrs[FWTREE_A_EXPLAIN_MARK]);
	return skb;
}

static int explain(struct fwt_dry *r, struct genl_info *info, struct sk_buff *skb)
{
	struct fwt_net *fn = fwt_pernet(genl_info_net(info));
	struct net_device *dev;
	int ret;

	dev = dev_get_by_name_rcu(fn->net, nla_data(info->attrs[FWTREE_A_EXPLAIN_DEVICE]));
	if (!dev) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[FWTREE_A_EXPLAIN_DEVICE],
				    "there is no such interface");
		return -ENODEV;
	}
	r->pol = rcu_dereference(fn->policy);
	if (!r->pol) {
		GENL_SET_ERR_MSG(info, "no policy is in force");
		return -ENODATA;
	}
	if (nla_put_u32(r->reply, FWTREE_A_EXPLAIN_GENERATION, r->pol->gen))
		return -EMSGSIZE;
	ret = try(r, fn, skb, dev, info->attrs[FWTREE_A_EXPLAIN_OUT]);
	if (ret == -EMSGSIZE)
		GENL_SET_ERR_MSG(info, "the way is too long for an answer");
	else if (ret == -EINVAL)
		GENL_SET_ERR_MSG(info, "the packet's headers have no end");
	else if (ret)
		GENL_SET_ERR_MSG(info, "no memory for a dry run");
	return ret;
}

int fwtree_nl_explain_doit(struct sk_buff *request, struct genl_info *info)
{
	struct fwt_dry r = { };
	struct sk_buff *skb;
	void *hdr;
	int ret;

	if (GENL_REQ_ATTR_CHECK(info, FWTREE_A_EXPLAIN_DEVICE) ||
	    GENL_REQ_ATTR_CHECK(info, FWTREE_A_EXPLAIN_PACKET))
		return -EINVAL;
	skb = make_packet(info);
	if (IS_ERR(skb))
		return PTR_ERR(skb);
	/* Two trees of devices, ingress and egress. */
	r.step = kmalloc_array(STEPS_MAX * STEP_WORDS, sizeof(u32), GFP_KERNEL);
	r.reply = fwt_netlink_reply(info, 4 * (STEPS_MAX * STEP_WORDS * sizeof(u32) + 256) + 256,
				    &hdr);
	ret = -ENOMEM;
	if (r.step && r.reply) {
		rcu_read_lock();
		local_bh_disable();
		ret = explain(&r, info, skb);
		local_bh_enable();
		rcu_read_unlock();
	}
	kfree(r.step);
	kfree_skb(skb);
	if (ret) {
		nlmsg_free(r.reply);
		return ret;
	}
	genlmsg_end(r.reply, hdr);
	return genlmsg_reply(r.reply, info);
}
