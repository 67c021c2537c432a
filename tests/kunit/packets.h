/* SPDX-License-Identifier: GPL-2.0 */
/* Packets made in the test, sent through the hooks one by one. */
#ifndef FWT_KUNIT_PACKETS_H
#define FWT_KUNIT_PACKETS_H

#include <linux/netfilter.h>
#include <linux/skbuff.h>

#include "test.h"

/**
 * struct fwt_test_pkt - what a packet is to be
 * @family: 4 or 6
 * @protocol: TCP, UDP, ICMP or ICMPv6 (echo, unless @icmp_type)
 * @src: words, most significant first
 * @dst: likewise
 * @sport: the id of an echo
 * @dport: port
 * @tcp_flags: FWT_TCP_*
 * @icmp_type: of ICMP; 0 is an echo request
 * @seq: of TCP
 * @ack: of TCP
 * @payload: bytes behind the transport header
 * @body: what they are, or NULL
 */
struct fwt_test_pkt {
	u8 family;
	u8 protocol;
	u32 src[4];
	u32 dst[4];
	u16 sport;
	u16 dport;
	u8 tcp_flags;
	u8 icmp_type;
	u32 seq;
	u32 ack;
	u32 payload;
	const u8 *body;
};

/* From a host at d0 to one at d1, port 1234 to 53: the first packet of a connection. */
struct fwt_test_pkt fwt_test_between(u8 family, u8 protocol);

/* An skb of it as a device hands it up: from the network header on, with an
 * Ethernet header before that.
 */
struct sk_buff *fwt_test_skb(const struct fwt_test_pkt *k, struct net_device *dev);

/* The checksums of network and transport header, summed over everything. */
bool fwt_test_sums_ok(const struct sk_buff *skb);

/* The same packet from any bytes. */
struct sk_buff *fwt_test_raw(const u8 *data, u32 len, u8 family,
			     struct net_device *dev);

/**
 * fwt_test_pass() - one hook
 * @ns: namespace
 * @hook: NF_INET_*
 * @skb: packet; gone where the answer is no NF_ACCEPT
 *
 * Return: the verdict, NF_STOLEN for what the module dropped.
 */
unsigned int fwt_test_pass(struct fwt_test_ns *ns, u8 hook, struct sk_buff *skb);

/* The ingress hook of its device, which sees no connections. */
unsigned int fwt_test_at_device(struct fwt_test_ns *ns, struct sk_buff *skb);

/* PRE_ROUTING by @ns->in and POST_ROUTING by @ns->out; or the other way round
 * for @back. Returns the packet, NULL if it was dropped.
 */
struct sk_buff *fwt_test_forward(struct fwt_test_ns *ns, struct sk_buff *skb,
				 bool back);

/* What a packet became. */
void fwt_test_read(const struct sk_buff *skb, struct fwt_test_pkt *k);

#endif /* FWT_KUNIT_PACKETS_H */
