// SPDX-License-Identifier: GPL-2.0
/* Packets made in the test; see packets.h. */
#include <linux/etherdevice.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>

#include "packets.h"
#include "hook.h"
#include "core/packet.h"

struct fwt_test_pkt fwt_test_between(u8 family, u8 protocol)
{
	struct fwt_test_pkt k = {
		.family = family, .protocol = protocol,
		.sport = 1234, .dport = 53, .tcp_flags = FWT_TCP_SYN, .seq = 1000,
		.payload = protocol == IPPROTO_TCP ? 0 : 32,
	};

	if (family == 6) {
		k.src[0] = 0x20010db8;
		k.src[1] = 0x00010000;
		k.src[3] = 2;
		k.dst[0] = 0x20010db8;
		k.dst[1] = 0x00020000;
		k.dst[3] = 2;
		if (protocol == IPPROTO_ICMP)
			k.protocol = IPPROTO_ICMPV6;
	} else {
		k.src[0] = 0xc0000202;
		k.dst[0] = 0xcb007102;
	}
	return k;
}

static u32 l4_header(const struct fwt_test_pkt *k)
{
	return k->protocol == IPPROTO_TCP ? 20 : 8;
}

static __sum16 pseudo(const struct sk_buff *skb, u32 l4, u32 len, u8 protocol)
{
	__wsum sum = skb_checksum(skb, l4, len, 0);

	if (ip_hdr(skb)->version == 4) {
		if (protocol == IPPROTO_ICMP)
			return csum_fold(sum);
		return csum_tcpudp_magic(ip_hdr(skb)->saddr, ip_hdr(skb)->daddr,
					 len, protocol, sum);
	}
	return csum_ipv6_magic(&ipv6_hdr(skb)->saddr, &ipv6_hdr(skb)->daddr, len,
			       protocol, sum);
}

static void fill_l4(const struct fwt_test_pkt *k, u8 *at)
{
	bool six = k->family == 6;

	switch (k->protocol) {
	case IPPROTO_TCP:
		put_unaligned_be16(k->sport, at);
		put_unaligned_be16(k->dport, at + 2);
		put_unaligned_be32(k->seq, at + 4);
		put_unaligned_be32(k->ack, at + 8);
		at[12] = 5 << 4;
		at[13] = k->tcp_flags;
		put_unaligned_be16(8192, at + 14);
		break;
	case IPPROTO_UDP:
		put_unaligned_be16(k->sport, at);
		put_unaligned_be16(k->dport, at + 2);
		put_unaligned_be16(8 + k->payload, at + 4);
		break;
	default:
		at[0] = k->icmp_type ? k->icmp_type : six ? 128 : 8;
		put_unaligned_be16(k->sport, at + 4);
	}
}

static u32 sum_at(u8 protocol)
{
	return protocol == IPPROTO_TCP ? 16 : protocol == IPPROTO_UDP ? 6 : 2;
}

struct sk_buff *fwt_test_raw(const u8 *data, u32 len, u8 family,
			     struct net_device *dev)
{
	struct sk_buff *skb = alloc_skb(NET_SKB_PAD + ETH_HLEN + len + 64, GFP_KERNEL);
	struct ethhdr *eth;

	if (!skb)
		return NULL;
	skb_reserve(skb, NET_SKB_PAD + 2);
	eth = skb_put_zero(skb, ETH_HLEN);
	eth->h_proto = htons(family == 6 ? ETH_P_IPV6 : ETH_P_IP);
	skb_reset_mac_header(skb);
	skb_put_data(skb, data, len);
	skb_pull(skb, ETH_HLEN);
	skb_reset_network_header(skb);
	skb->protocol = eth->h_proto;
	skb->dev = dev;
	skb->skb_iif = dev->ifindex;
	skb->pkt_type = PACKET_HOST;
	return skb;
}

struct sk_buff *fwt_test_skb(const struct fwt_test_pkt *k, struct net_device *dev)
{
	u32 l3 = k->family == 6 ? 40 : 20, head = l3 + l4_header(k);
	u32 len = head + k->payload, i;
	u8 *data = kzalloc(len, GFP_KERNEL);
	struct sk_buff *skb;
	__sum16 sum;

	if (!data)
		return NULL;
	if (k->family == 6) {
		data[0] = 6 << 4;
		put_unaligned_be16(len - 40, data + 4);
		data[6] = k->protocol;
		data[7] = 64;
		for (i = 0; i < 4; i++) {
			put_unaligned_be32(k->src[i], data + 8 + 4 * i);
			put_unaligned_be32(k->dst[i], data + 24 + 4 * i);
		}
	} else {
		data[0] = 0x45;
		put_unaligned_be16(len, data + 2);
		data[8] = 64;
		data[9] = k->protocol;
		put_unaligned_be32(k->src[0], data + 12);
		put_unaligned_be32(k->dst[0], data + 16);
		sum = ip_fast_csum(data, 5);
		memcpy(data + 10, &sum, 2);
	}
	fill_l4(k, data + l3);
	for (i = 0; i < k->payload; i++)
		data[head + i] = k->body ? k->body[i] : i * 7;
	skb = fwt_test_raw(data, len, k->family, dev);
	kfree(data);
	if (!skb)
		return NULL;
	sum = pseudo(skb, l3, len - l3, k->protocol);
	memcpy(skb->data + l3 + sum_at(k->protocol), &sum, 2);
	return skb;
}

bool fwt_test_sums_ok(const struct sk_buff *skb)
{
	const u8 *data = skb_network_header(skb);
	u32 l3 = data[0] >> 4 == 6 ? 40 : 20;
	u8 protocol = l3 == 40 ? data[6] : data[9];

	if (l3 == 20 && ip_fast_csum(data, 5))
		return false;
	return !pseudo(skb, l3, skb->len - l3, protocol);
}

unsigned int fwt_test_pass(struct fwt_test_ns *ns, u8 hook, struct sk_buff *skb)
{
	struct nf_hook_state state;
	u8 pf = skb->protocol == htons(ETH_P_IPV6) ? NFPROTO_IPV6 : NFPROTO_IPV4;
	bool in = hook == NF_INET_PRE_ROUTING || hook == NF_INET_LOCAL_IN;
	unsigned int ret;

	nf_hook_state_init(&state, hook, pf, in ? skb->dev : NULL,
			   in ? NULL : skb->dev, NULL, ns->net, NULL);
	local_bh_disable();
	rcu_read_lock();
	ret = fwt_hook_inet(ns->fn, skb, &state);
	rcu_read_unlock();
	local_bh_enable();
	ret &= NF_VERDICT_MASK;
	if (ret == NF_DROP)
		kfree_skb(skb);
	return ret;
}

unsigned int fwt_test_at_device(struct fwt_test_ns *ns, struct sk_buff *skb)
{
	struct nf_hook_state state;
	struct fwt_dev *b;
	unsigned int ret = NF_ACCEPT;

	nf_hook_state_init(&state, NF_NETDEV_INGRESS, NFPROTO_NETDEV, skb->dev, NULL,
			   NULL, ns->net, NULL);
	mutex_lock(&ns->fn->lock);
	local_bh_disable();
	rcu_read_lock();
	list_for_each_entry(b, &ns->fn->devs, list)
		if (b->dev == skb->dev && b->bound[0])
			ret = fwt_hook_dev(b, skb, &state) & NF_VERDICT_MASK;
	rcu_read_unlock();
	local_bh_enable();
	mutex_unlock(&ns->fn->lock);
	return ret;
}

struct sk_buff *fwt_test_forward(struct fwt_test_ns *ns, struct sk_buff *skb,
				 bool back)
{
	skb->dev = back ? ns->out : ns->in;
	skb->skb_iif = skb->dev->ifindex;
	if (fwt_test_pass(ns, NF_INET_PRE_ROUTING, skb) != NF_ACCEPT)
		return NULL;
	skb->dev = back ? ns->in : ns->out;
	if (fwt_test_pass(ns, NF_INET_POST_ROUTING, skb) != NF_ACCEPT)
		return NULL;
	return skb;
}

void fwt_test_read(const struct sk_buff *skb, struct fwt_test_pkt *k)
{
	const u8 *data = skb_network_header(skb);
	u32 l3, i;
	u8 l4[20];

	memset(k, 0, sizeof(*k));
	k->family = data[0] >> 4;
	l3 = k->family == 6 ? 40 : 20;
	if (k->family == 6) {
		k->protocol = data[6];
		for (i = 0; i < 4; i++) {
			k->src[i] = get_unaligned_be32(data + 8 + 4 * i);
			k->dst[i] = get_unaligned_be32(data + 24 + 4 * i);
		}
	} else {
		k->protocol = data[9];
		k->src[0] = get_unaligned_be32(data + 12);
		k->dst[0] = get_unaligned_be32(data + 16);
	}
	memset(l4, 0, sizeof(l4));
	skb_copy_bits(skb, skb_network_offset(skb) + l3, l4, min_t(u32, 20, skb->len - l3));
	if (k->protocol == IPPROTO_TCP || k->protocol == IPPROTO_UDP) {
		k->sport = get_unaligned_be16(l4);
		k->dport = get_unaligned_be16(l4 + 2);
	} else {
		k->icmp_type = l4[0];
		k->sport = get_unaligned_be16(l4 + 4);
	}
}
