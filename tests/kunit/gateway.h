/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A gateway that translates both ends, and what is sent through it.
 *
 *   client 192.0.2.2 --- d0 [ gateway ] d1 --- 203.0.113.2 --- server 10.0.0.9
 *
 * Port 80 of the gateway is led to the server's 8080; what leaves by d1 has the
 * address 203.0.113.7 (or 2001:db8:2::7).
 */
#ifndef FWT_KUNIT_GATEWAY_H
#define FWT_KUNIT_GATEWAY_H

#include "packets.h"
#include "prog.h"
#include "core/packet.h"

static const u32 client[2][4] = { { 0xc0000202 }, { 0x20010db8, 0x10000, 0, 2 } };
static const u32 gateway[2][4] = { { 0xc0000201 }, { 0x20010db8, 0x10000, 0, 1 } };
static const u32 server[2][4] = { { 0x0a000009 }, { 0x20010db8, 0x20000, 0, 9 } };
static const u32 shown[2][4] = { { 0xcb007107 }, { 0x20010db8, 0x20000, 0, 7 } };

static inline void apply_gateway(struct kunit *test, struct fwt_test_ns *ns, bool dnat,
				 bool snat)
{
	struct fwt_test_prog *p = fwt_test_prog_new(test);
	size_t len;
	void *blob;
	u32 r = fwt_test_rule(p, 1);

	fwt_test_range(p, FWT_FIELD_DPORT, 80, 80, 1, 3);		/* 0 */
	fwt_test_nat(p, FWT_MOD_DNAT, 4, server[0], 8080, 8080, 2);	/* 1 */
	fwt_test_nat(p, FWT_MOD_DNAT, 6, server[1], 8080, 8080, 3);	/* 2 */
	fwt_test_verdict(p, FWT_VERDICT_ACCEPT, r);			/* 3 */
	fwt_test_nat(p, FWT_MOD_SNAT, 4, shown[0], 0, 0, 5);		/* 4 */
	fwt_test_nat(p, FWT_MOD_SNAT, 6, shown[1], 0, 0, 6);		/* 5 */
	fwt_test_verdict(p, FWT_VERDICT_ACCEPT, r);			/* 6 */
	fwt_test_hook(p, FWT_HOOK_INGRESS, dnat ? 0 : 3, NULL);
	fwt_test_hook(p, FWT_HOOK_EGRESS, snat ? 4 : 6, NULL);
	blob = fwt_test_build(test, p, &len);
	fwt_test_apply(test, ns, blob, len);
}

static inline struct fwt_test_pkt request(u8 family, u8 protocol)
{
	struct fwt_test_pkt k = {
		.family = family, .protocol = protocol, .sport = 1234, .dport = 80,
		.tcp_flags = FWT_TCP_SYN, .seq = 1000,
		.payload = protocol == IPPROTO_TCP ? 0 : 33,
	};
	bool six = family == 6;

	memcpy(k.src, client[six], sizeof(k.src));
	memcpy(k.dst, gateway[six], sizeof(k.dst));
	return k;
}

/* The first @linear bytes in the head, the rest in a page. */
static inline struct sk_buff *in_pieces(struct kunit *test, struct sk_buff *skb, u32 linear)
{
	struct sk_buff *n = alloc_skb(256, GFP_KERNEL);
	struct page *page = alloc_page(GFP_KERNEL);

	KUNIT_ASSERT_TRUE(test, n && page);
	skb_reserve(n, 128);
	skb_put_data(n, skb->data, linear);
	memcpy(page_address(page), skb->data + linear, skb->len - linear);
	skb_add_rx_frag(n, 0, page, 0, skb->len - linear, PAGE_SIZE);
	skb_reset_network_header(n);
	n->protocol = skb->protocol;
	n->pkt_type = PACKET_HOST;
	kfree_skb(skb);
	return n;
}

#endif /* FWT_KUNIT_GATEWAY_H */
