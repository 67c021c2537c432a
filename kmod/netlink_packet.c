// SPDX-License-Identifier: GPL-2.0
/*
 * Packets that somebody is told of: by a rule that says log, or since they were
 * dropped. They are told as they were parsed, at the hook where it happened.
 */
#include <linux/if_arp.h>
#include <linux/netdevice.h>

#include "event.h"
#include "netlink.h"
#include "way.h"

static int put_address(struct sk_buff *skb, int type, u8 family, const u32 *addr)
{
	unsigned int i, n = family == 4 ? 1 : 4;
	__be32 be[4];

	for (i = 0; i < n; i++)
		be[i] = cpu_to_be32(addr[i]);
	return nla_put(skb, type, 4 * n, be);
}

static int put_ip(struct sk_buff *skb, const struct fwt_packet *p)
{
	if (nla_put_u8(skb, FWTREE_A_PACKET_FAMILY, p->family) ||
	    nla_put_u8(skb, FWTREE_A_PACKET_PROTOCOL, p->protocol) ||
	    put_address(skb, FWTREE_A_PACKET_SADDR, p->family, p->saddr) ||
	    put_address(skb, FWTREE_A_PACKET_DADDR, p->family, p->daddr) ||
	    nla_put_u32(skb, FWTREE_A_PACKET_LENGTH, p->length) ||
	    nla_put_u8(skb, FWTREE_A_PACKET_TTL, p->ttl))
		return -EMSGSIZE;
	if (p->have & FWT_HAVE_PORTS &&
	    (nla_put_u16(skb, FWTREE_A_PACKET_SPORT, p->sport) ||
	     nla_put_u16(skb, FWTREE_A_PACKET_DPORT, p->dport)))
		return -EMSGSIZE;
	if (p->have & FWT_HAVE_TCP &&
	    nla_put_u8(skb, FWTREE_A_PACKET_TCP_FLAGS, p->tcp_flags))
		return -EMSGSIZE;
	if (p->have & (FWT_HAVE_ICMP | FWT_HAVE_ICMPV6) &&
	    (nla_put_u8(skb, FWTREE_A_PACKET_ICMP_TYPE, p->icmp_type) ||
	     nla_put_u8(skb, FWTREE_A_PACKET_ICMP_CODE, p->icmp_code)))
		return -EMSGSIZE;
	if (p->have & FWT_HAVE_ICMP_ID &&
	    nla_put_u16(skb, FWTREE_A_PACKET_ICMP_ID, p->icmp_id))
		return -EMSGSIZE;
	return 0;
}

static int put_packet(struct sk_buff *skb, const struct fwt_way *w, u32 slot)
{
	const struct fwt_packet *p = &w->p;
	const char *in = fwt_way_iif(w), *out = fwt_way_oif(w);

	if (nla_put_u32(skb, FWTREE_A_PACKET_HOOK, fwt_hook_of(w->state)) ||
	    (in && nla_put_string(skb, FWTREE_A_PACKET_IIF, in)) ||
	    (out && nla_put_string(skb, FWTREE_A_PACKET_OIF, out)) ||
	    nla_put_u16(skb, FWTREE_A_PACKET_ETHER_TYPE, p->ether_type) ||
	    (p->mark && nla_put_u32(skb, FWTREE_A_PACKET_MARK, p->mark)) ||
	    fwt_netlink_put_rule(skb, FWTREE_A_PACKET_RULE, w->fn, slot, true))
		return -EMSGSIZE;
	if (p->have & FWT_HAVE_ETHER &&
	    (nla_put(skb, FWTREE_A_PACKET_ETHER_SADDR, ETH_ALEN, p->ether_saddr) ||
	     nla_put(skb, FWTREE_A_PACKET_ETHER_DADDR, ETH_ALEN, p->ether_daddr)))
		return -EMSGSIZE;
	return p->have & FWT_HAVE_IP ? put_ip(skb, p) : 0;
}

bool fwt_event_of_netlink(const struct fwt_way *w)
{
	const struct net_device *dev = w->state->out ?: w->state->in;

	return dev && unlikely(dev->type == ARPHRD_NETLINK);
}

void fwt_event_log(const struct fwt_way *w, const struct fwt_decision *d,
		   const char *prefix, u32 slot)
{
	struct sk_buff *skb;
	int ret = 0;
	u32 before;
	void *hdr;

	skb = fwt_event_new(w->fn, FWT_TOLD_LOGS, &hdr, &before);
	if (!skb)
		return;
	if (nla_put_u32(skb, FWTREE_A_PACKET_VERDICT, d->verdict) ||
	    (*prefix && nla_put_string(skb, FWTREE_A_PACKET_PREFIX, prefix)) ||
	    put_packet(skb, w, slot))
		ret = -EMSGSIZE;
	fwt_event_send(w->fn, FWT_TOLD_LOGS, skb, hdr, before, ret);
}

void fwt_event_drop(const struct fwt_way *w, u8 reason, u32 slot)
{
	struct sk_buff *skb;
	int ret = 0;
	u32 before;
	void *hdr;

	if (fwt_event_of_netlink(w))
		return;
	if (!fwt_event_allowed(w->fn, FWT_TOLD_DROPS)) {
		fwt_event_lost(w->fn, FWT_TOLD_DROPS, 1);
		return;
	}
	skb = fwt_event_new(w->fn, FWT_TOLD_DROPS, &hdr, &before);
	if (!skb)
		return;
	if (nla_put_string(skb, FWTREE_A_PACKET_REASON, fwt_reason_info[reason].name) ||
	    put_packet(skb, w, slot))
		ret = -EMSGSIZE;
	fwt_event_send(w->fn, FWT_TOLD_DROPS, skb, hdr, before, ret);
}
