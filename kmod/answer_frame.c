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

/* What Ethernet fills short frames up with is no part of the packet: neither of what is
 * summed nor of what a RST acknowledges. Of a super-packet that is longer than the header
 * can say, that says 0.
 */
static int cut_padding(struct sk_buff *skb, u8 family)
{
	u32 len;

	if (family == 4) {
		if (!pskb_may_pull(skb, sizeof(struct iphdr)))
			return -ENOMEM;
		len = ntohs(ip_hdr(skb)->tot_len);
	} else {
		if (!pskb_may_pull(skb, sizeof(struct ipv6hdr)))
			return -ENOMEM;
		len = ntohs(ipv6_hdr(skb)->payload_len);
		len += len ? sizeof(struct ipv6hdr) : 0;
	}
	return len && len < skb->len ? pskb_trim_rcsum(skb, len) : 0;
}

void fwt_answer_frame_send(const struct fwt_way *w, u8 reject)
{
	struct sk_buff *skb = w->skb, *answer;
	struct net_device *dev = w->state->in;
	u16 proto = w->p.family == 4 ? ETH_P_IP : ETH_P_IPV6;

	/* A tag within the frame: the kernel builds answers to what is behind Ethernet. */
	if (skb->protocol != htons(proto))
		return;
	if (dev->header_ops && (!(w->p.have & FWT_HAVE_ETHER) ||
				is_multicast_ether_addr(eth_hdr(skb)->h_dest)))
		return;
	/* The frame is made linear and cut for it: not what somebody else holds, too. */
	if (skb_shared(skb) || cut_padding(skb, w->p.family))
		return;
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
	/* Asked now: the frame may lie elsewhere than before. */
	if (dev->header_ops)
		dev_hard_header(answer, dev, proto, eth_hdr(skb)->h_source, eth_hdr(skb)->h_dest,
				answer->len);
	dev_queue_xmit(answer);
}
