// SPDX-License-Identifier: GPL-2.0
/*
 * Translation of packets whose bytes others hold, too: who taps a device, a bridge that
 * floods, TCP that may have to send again. Headers are written to in a copy that is the
 * packet's own, and payload is not copied (R10).
 */
#include <linux/icmp.h>
#include <linux/ip.h>
#include <net/checksum.h>
#include <net/ip.h>

#include "gateway.h"

static struct fwt_test_ns *ns;

static u32 l3_len(u8 family)
{
	return family == 6 ? 40 : 20;
}

static bool is_echo(u8 protocol)
{
	return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

/* Where the header says that its CRC-32C stands. */
#define SCTP_CRC	8

/* Bit by bit, of an SCTP packet; its own place counts as 0. */
static u32 crc32c(const u8 *data, u32 len)
{
	u32 crc = ~0u, i, bit;

	for (i = 0; i < len; i++) {
		crc ^= i / 4 == SCTP_CRC / 4 ? 0 : data[i];
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

/* As fwt_test_skb(), which does not know SCTP: that is made of UDP, whose ports are there. */
static struct sk_buff *packet(const struct fwt_test_pkt *k, struct net_device *dev)
{
	u32 l3 = l3_len(k->family);
	struct fwt_test_pkt u = *k;
	struct sk_buff *skb;

	if (k->protocol != IPPROTO_SCTP)
		return fwt_test_skb(k, dev);
	u.protocol = IPPROTO_UDP;
	skb = fwt_test_skb(&u, dev);
	if (!skb)
		return NULL;
	skb->data[k->family == 6 ? 6 : 9] = IPPROTO_SCTP;
	if (k->family == 4)
		ip_send_check(ip_hdr(skb));
	put_unaligned_le32(crc32c(skb->data + l3, skb->len - l3), skb->data + l3 + SCTP_CRC);
	return skb;
}

static bool sums_ok(const struct sk_buff *skb, u8 protocol)
{
	u32 l3 = l3_len(skb->data[0] >> 4);
	const u8 *at = skb->data + l3;

	if (protocol != IPPROTO_SCTP)
		return fwt_test_sums_ok(skb);
	return (l3 == 40 || !ip_fast_csum(skb->data, 5)) &&
	       get_unaligned_le32(at + SCTP_CRC) == crc32c(at, skb->len - l3);
}

/* What @skb has become has these ends. Returns the source's port, or the id of a query. */
static u16 expect_ends(struct kunit *test, const struct sk_buff *skb, const u32 *src,
		       const u32 *dst, u16 dport, const char *what)
{
	struct fwt_test_pkt k;
	u32 size, l3;

	fwt_test_read(skb, &k);
	size = k.family == 6 ? 16 : 4;
	l3 = l3_len(k.family);
	KUNIT_EXPECT_EQ_MSG(test, memcmp(k.src, src, size), 0, "%s: source %x", what, k.src[0]);
	KUNIT_EXPECT_EQ_MSG(test, memcmp(k.dst, dst, size), 0, "%s: destination %x", what,
			    k.dst[0]);
	KUNIT_EXPECT_TRUE_MSG(test, sums_ok(skb, k.protocol), "%s: checksums", what);
	if (is_echo(k.protocol)) {
		if (dport)
			KUNIT_EXPECT_EQ_MSG(test, k.sport, dport, "%s: id", what);
		return k.sport;
	}
	KUNIT_EXPECT_EQ_MSG(test, get_unaligned_be16(skb->data + l3 + 2), dport, "%s: port",
			    what);
	return get_unaligned_be16(skb->data + l3);
}

/* A clone of @skb goes through. Who holds @skb must not see it change. */
static struct sk_buff *send_clone(struct kunit *test, struct sk_buff *skb, bool back,
				  const char *what)
{
	struct sk_buff *copy;
	u8 *was, *now;

	KUNIT_ASSERT_NOT_NULL(test, skb);
	was = kunit_kmalloc(test, 2 * skb->len, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, was);
	now = was + skb->len;
	KUNIT_ASSERT_EQ(test, skb_copy_bits(skb, 0, was, skb->len), 0);
	copy = skb_clone(skb, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, copy);
	copy = fwt_test_forward(ns, copy, back);
	KUNIT_ASSERT_NOT_NULL_MSG(test, copy, "%s", what);
	KUNIT_ASSERT_EQ(test, skb_copy_bits(skb, 0, now, skb->len), 0);
	KUNIT_EXPECT_EQ_MSG(test, memcmp(was, now, skb->len), 0,
			    "%s: the original was written to", what);
	return copy;
}

static struct sk_buff *answer_of(const struct fwt_test_pkt *k, u16 port)
{
	bool six = k->family == 6, echo = is_echo(k->protocol);
	struct fwt_test_pkt r = *k;
	struct sk_buff *skb;

	memcpy(r.src, echo ? gateway[six] : server[six], sizeof(r.src));
	memcpy(r.dst, shown[six], sizeof(r.dst));
	r.sport = echo ? port : 8080;
	r.dport = port;
	r.icmp_type = echo && six ? 129 : 0;
	r.tcp_flags = FWT_TCP_SYN | FWT_TCP_ACK;
	r.seq = 5000;
	r.ack = 1001 + k->payload;
	skb = packet(&r, ns->out);
	/* An echo reply's type is 0, by which fwt_test_skb() makes a request. */
	if (skb && echo && !six) {
		skb->data[20] = ICMP_ECHOREPLY;
		csum_replace2((__sum16 *)(skb->data + 22), htons(ICMP_ECHO << 8), 0);
	}
	return skb;
}

/* A router outside, about what left there. */
static struct sk_buff *error_of(const struct sk_buff *about, u8 family)
{
	static const u32 router[2][4] = { { 0xcb007102 }, { 0x20010db8, 0x20000, 0, 2 } };
	bool six = family == 6;
	struct fwt_test_pkt e = {
		.family = family, .protocol = six ? IPPROTO_ICMPV6 : IPPROTO_ICMP,
		.icmp_type = six ? 1 : 3, .body = about->data, .payload = about->len,
	};

	memcpy(e.src, router[six], sizeof(e.src));
	memcpy(e.dst, shown[six], sizeof(e.dst));
	return fwt_test_skb(&e, ns->out);
}

/* The first packet, an error about it, and the answer: clones, all of them. */
static void a_connection(struct kunit *test, u8 family, u8 protocol)
{
	bool six = family == 6, echo = protocol == IPPROTO_ICMP;
	struct fwt_test_pkt k = request(family, protocol);
	struct sk_buff *skb, *out, *back, *error;
	u32 quote = l3_len(family) + 8;
	u16 port;

	k.payload = 33;
	if (echo && six)
		k.protocol = IPPROTO_ICMPV6;
	skb = packet(&k, ns->in);
	out = send_clone(test, skb, false, "first");
	port = expect_ends(test, out, shown[six], echo ? gateway[six] : server[six],
			   echo ? 0 : 8080, "first");

	error = error_of(out, family);
	back = send_clone(test, error, true, "error");
	/* What it quotes is what the client sent, to the bit. */
	KUNIT_EXPECT_TRUE_MSG(test, fwt_test_sums_ok(back), "the error's checksums");
	KUNIT_ASSERT_EQ(test, back->len, quote + skb->len);
	KUNIT_EXPECT_EQ_MSG(test, memcmp(back->data + quote, skb->data, skb->len), 0,
			    "the quote, IPv%u, protocol %u", family, protocol);
	kfree_skb(back);
	kfree_skb(error);
	kfree_skb(out);
	kfree_skb(skb);

	skb = answer_of(&k, port);
	back = send_clone(test, skb, true, "answer");
	expect_ends(test, back, gateway[six], client[six], 1234, "answer");
	kfree_skb(back);
	kfree_skb(skb);
}

static void not_written_to(struct kunit *test)
{
	static const u8 protocols[] = { IPPROTO_UDP, IPPROTO_TCP, IPPROTO_ICMP, IPPROTO_SCTP };
	u32 i;

	apply_gateway(test, ns, true, true);
	for (i = 0; i < 2 * ARRAY_SIZE(protocols); i++)
		a_connection(test, i & 1 ? 6 : 4, protocols[i / 2]);
	fwt_test_clear(test, ns);
}

#define PAYLOAD		1000

/* Payload in a page: the translated packet has that very page. */
static void not_copied(struct kunit *test)
{
	struct sk_buff *skb, *copy;
	struct fwt_test_pkt k;
	struct page *page;
	u32 i, l3, head;

	apply_gateway(test, ns, true, true);
	for (i = 0; i < 8; i++) {
		bool six = i & 1, tcp = i & 2;

		k = request(six ? 6 : 4, tcp ? IPPROTO_TCP : IPPROTO_UDP);
		k.sport = 2000 + i;
		k.payload = PAYLOAD;
		l3 = l3_len(k.family);
		head = l3 + (tcp ? 20 : 8);
		skb = fwt_test_skb(&k, ns->in);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		/* The transport header may lie in the page, too. */
		skb = in_pieces(test, skb, i & 4 ? l3 : head);
		page = skb_frag_page(&skb_shinfo(skb)->frags[0]);
		copy = send_clone(test, skb, false, "in pieces");
		KUNIT_ASSERT_EQ(test, skb_shinfo(copy)->nr_frags, 1);
		KUNIT_EXPECT_PTR_EQ_MSG(test, skb_frag_page(&skb_shinfo(copy)->frags[0]), page,
					"IPv%u, protocol %u", k.family, k.protocol);
		KUNIT_EXPECT_EQ_MSG(test, copy->data_len, PAYLOAD, "what lies in the page");
		expect_ends(test, copy, shown[six], server[six], 8080, "in pieces");
		kfree_skb(copy);
		kfree_skb(skb);
	}
	fwt_test_clear(test, ns);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(not_written_to),
	KUNIT_CASE(not_copied),
	{ }
};

FWT_TEST_SUITE_IN_NS("fwtree-nat-clone", ns, cases);
