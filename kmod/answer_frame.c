// SPDX-License-Identifier: GPL-2.0
/*
 * Answers to frames that are refused where they come in.
 *
 * The kernel builds them, as for nftables; they go back by the device that the frame came
 * in by, to whom it says it is from, with its tag, and meet nothing but the device's own
 * egress tree. No routing is asked. Never an answer to broadcast, multicast, a RST or an
 * ICMP error (R32).
 */
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/netdevice.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/netfilter/ipv4/nf_reject.h>
#include <net/netfilter/ipv6/nf_reject.h>

#include "way.h"

static struct sk_buff *answer4(const struct fwt_way *w, u8 reject)
{
	if (reject == FWT_REJECT_TCP_RESET)
		return nf_reject_skb_v4_tcp_reset(w->fn->net, w->skb, w->state->in,
						  NF_NETDEV_INGRESS);
	return nf_reject_skb_v4_unreach(w->fn->net, w->skb, w->state->in, NF_NETDEV_INGRESS,
					fwt_answer_code(w, reject));
}

static struct sk_buff *answer6(const struct fwt_way *w, u8 reject)
{
	if (reject == FWT_REJECT_TCP_RESET)
		return nf_reject_skb_v6_tcp_reset(w->fn->net, w->skb, w->state->in,
						  NF_NETDEV_INGRESS);
	return nf_reject_skb_v6_unreach(w->fn->net, w->skb, w->state->in, NF_NETDEV_INGRESS,
					fwt_answer_code(w, reject));
}

void fwt_answer_frame_send(const struct fwt_way *w, u8 reject)
{
	struct sk_buff *skb = w->skb, *answer;
	struct net_device *dev = w->state->in;
	const struct ethhdr *eth = NULL;
	u16 proto = w->p.family == 4 ? ETH_P_IP : ETH_P_IPV6;

	/* A tag within the frame: the kernel builds answers to what is behind Ethernet. */
	if (skb->protocol != htons(proto))
		return;
	if (dev->header_ops) {
		if (!(w->p.have & FWT_HAVE_ETHER))
			return;
		eth = eth_hdr(skb);
		if (is_multicast_ether_addr(eth->h_dest))
			return;
	}
	/* Whoever it says that it is from may not have sent it. Of others, what is summed
	 * the kernel asks itself.
	 */
	if (reject == FWT_REJECT_TCP_RESET &&
	    nf_checksum(skb, NF_INET_PRE_ROUTING, w->p.l4 - w->p.l3, IPPROTO_TCP,
			w->p.family == 4 ? NFPROTO_IPV4 : NFPROTO_IPV6))
		return;
	answer = w->p.family == 4 ? answer4(w, reject) : answer6(w, reject);
	if (!answer)
		return;
	if (skb_vlan_tag_present(skb))
		__vlan_hwaccel_put_tag(answer, skb->vlan_proto, skb_vlan_tag_get(skb));
	if (eth)
		dev_hard_header(answer, dev, proto, eth->h_source, eth->h_dest, answer->len);
	dev_queue_xmit(answer);
}
