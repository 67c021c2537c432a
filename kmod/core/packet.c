// SPDX-License-Identifier: GPL-2.0
/*
 * Reading a packet's link and network layer, once; see packet_l4.c for what
 * follows and packet_quote.c for packets in ICMP errors.
 *
 * Each layer narrows the reader's end: the frame, the IP packet by its own
 * length (what follows is padding), the transport header within. Only the
 * bytes of headers are asked for, the payload is not touched.
 */
#include "packet.h"
#include "packet_parse.h"
#include "reason.h"

#define ETHER_LEN	14
#define VLAN_LEN	4
#define VLAN_TAGS	2	/* a provider's and a customer's */
#define ARP_LEN		28	/* for IPv4 over Ethernet */
#define ARP_HEAD	8	/* what all kinds of ARP have */
#define IP4_LEN		20
#define IP6_LEN		40

#define ETHER_TYPE_IP4	0x0800
#define ETHER_TYPE_ARP	0x0806
#define ETHER_TYPE_VLAN	0x8100
#define ETHER_TYPE_IP6	0x86dd
#define ETHER_TYPE_QINQ	0x88a8

#define ARP_HW_ETHER	1

#define IP4_FRAG_MORE	0x2000
#define IP4_FRAG_OFF	0x1fff

/* IPv6 extension headers that are walked through. Those of mobility (135), HIP
 * (139) and shim6 (140) look like ones, but Linux takes each as the end of the
 * chain, and so does this: nobody is to find ports behind a header that the
 * receiver will not look behind. ESP (50) ends it of itself.
 */
#define IP6_HOP		0
#define IP6_ROUTING	43
#define IP6_FRAGMENT	44
#define IP6_AUTH	51
#define IP6_DEST	60

/* RFC 8200 knows six; more than eight, or more bytes than these, is a way to
 * make others work (RFC 8504, 5.3 lets a node limit them).
 */
#define IP6_EXT_MAX	8
#define IP6_EXT_BYTES	512

static void reset(struct fwt_packet *p, enum fwt_parse_from from)
{
	if (from == FWT_PARSE_ETHER) {
		p->have = 0;
		p->ether_type = 0;
		p->vlan_tci = 0;
		memset(p->ether_saddr, 0, sizeof(p->ether_saddr));
		memset(p->ether_daddr, 0, sizeof(p->ether_daddr));
	} else {
		p->have &= FWT_HAVE_ETHER | FWT_HAVE_VLAN;
	}
	p->family = 0;
	p->protocol = 0;
	p->tos = 0;
	p->ttl = 0;
	BUILD_BUG_ON(FWT_REASON_NONE);
	BUILD_BUG_ON(offsetof(struct fwt_packet, zero) +
		     sizeof(((struct fwt_packet *)0)->zero) != offsetof(struct fwt_packet, l3));
	/* One by one: a loop becomes a string instruction, which takes longer. */
	p->zero[0] = 0;
	p->zero[1] = 0;
	p->zero[2] = 0;
	p->zero[3] = 0;
	p->zero[4] = 0;
	p->zero[5] = 0;
	p->zero[6] = 0;
	p->zero[7] = 0;
	p->l3 = 0;
	p->length = 0;
	p->unknown = 0;
}

static bool is_vlan(u16 type)
{
	return type == ETHER_TYPE_VLAN || type == ETHER_TYPE_QINQ;
}

static int parse_ether(struct fwt_packet *p, const struct fwt_reader *r)
{
	unsigned int tags;
	int ret;

	ret = fwt_want(r, 0, ETHER_LEN);
	if (ret)
		return ret;
	memcpy(p->ether_daddr, r->data, sizeof(p->ether_daddr));
	memcpy(p->ether_saddr, r->data + 6, sizeof(p->ether_saddr));
	p->ether_type = get_unaligned_be16(r->data + 12);
	p->l3 = ETHER_LEN;
	p->have |= FWT_HAVE_ETHER;

	/* A third tag stays what it is: a protocol that is not known here. */
	for (tags = 0; tags < VLAN_TAGS && is_vlan(p->ether_type); tags++) {
		ret = fwt_want(r, p->l3, VLAN_LEN);
		if (ret)
			return ret;
		if (!tags)
			p->vlan_tci = get_unaligned_be16(r->data + p->l3);
		p->have |= FWT_HAVE_VLAN;
		p->ether_type = get_unaligned_be16(r->data + p->l3 + 2);
		p->l3 += VLAN_LEN;
	}
	return 0;
}

/* ARP for anything but IPv4 over Ethernet is none of ours, and not bad. */
static int parse_arp(struct fwt_packet *p, const struct fwt_reader *r)
{
	const u8 *h = r->data + p->l3;
	int ret;

	ret = fwt_want(r, p->l3, ARP_HEAD);
	if (ret)
		return ret;
	if (get_unaligned_be16(h) != ARP_HW_ETHER ||
	    get_unaligned_be16(h + 2) != ETHER_TYPE_IP4)
		return 0;
	if (h[4] != 6 || h[5] != 4)
		return -EINVAL;
	ret = fwt_want(r, p->l3, ARP_LEN);
	if (ret)
		return ret;
	p->arp_op = get_unaligned_be16(h + 6);
	p->saddr[0] = get_unaligned_be32(h + 14);
	p->daddr[0] = get_unaligned_be32(h + 24);
	p->have |= FWT_HAVE_ARP;
	return 0;
}

/* Fragments that no honest sender makes, and that were made to get past
 * firewalls or to overrun who puts them together. The second fragment of a TCP
 * header (RFC 1858, 3128) is one: a first fragment that leaves room for it is
 * refused in packet_l4.c.
 */
static int check_fragment(const struct fwt_packet *p)
{
	u32 len = p->end - p->l4;

	if (!len || p->frag_off + len > 0xffff)
		return -EINVAL;
	if (p->frag_more && len % 8)
		return -EINVAL;
	if (p->frag_off == 8 && p->protocol == FWT_IPPROTO_TCP)
		return -EINVAL;
	return 0;
}

int fwt_parse_ip4(struct fwt_packet *p, struct fwt_reader *r, bool quoted)
{
	const u8 *h = r->data + p->l3;
	u32 room, head, total;
	u16 frag;
	int ret;

	ret = fwt_want(r, p->l3, IP4_LEN);
	if (ret)
		return ret;
	room = r->end - p->l3;
	head = (h[0] & 0xf) * 4;
	total = get_unaligned_be16(h + 2);
	/* 0 is what Linux writes for packets that are longer than the field can
	 * say (BIG TCP). Such come from the stack or from GRO, never off a wire,
	 * and a packet that is quoted may have been one.
	 */
	if (!total && (room > 0xffff || quoted))
		total = room;
	if (h[0] >> 4 != 4 || head < IP4_LEN || head > total || head > room)
		return -EINVAL;
	if (total > room && !quoted)
		return -EINVAL;

	p->have |= FWT_HAVE_IP;
	p->family = 4;
	p->tos = h[1];
	p->length = total;
	p->ttl = h[8];
	p->protocol = h[9];
	p->saddr[0] = get_unaligned_be32(h + 12);
	p->daddr[0] = get_unaligned_be32(h + 16);
	p->l4 = p->l3 + head;
	p->payload = p->l4;
	p->end = p->l3 + min(total, room);
	r->end = p->end;

	frag = get_unaligned_be16(h + 6);
	if (likely(!(frag & (IP4_FRAG_MORE | IP4_FRAG_OFF))))
		return 0;
	p->have |= FWT_HAVE_FRAG;
	p->frag_more = !!(frag & IP4_FRAG_MORE);
	p->frag_off = (frag & IP4_FRAG_OFF) * 8;
	return quoted ? 0 : check_fragment(p);
}

/* Bytes of the extension header @next at @h, of which 8 bytes may be read; 0
 * where it is none.
 */
static u32 ext_len(u8 next, const u8 *h)
{
	switch (next) {
	case IP6_HOP:
	case IP6_ROUTING:
	case IP6_DEST:
		return (h[1] + 1) * 8;
	case IP6_FRAGMENT:
		return 8;
	case IP6_AUTH:
		return (h[1] + 2) * 4;
	}
	return 0;
}

static bool is_ext(u8 next)
{
	return next == IP6_HOP || next == IP6_ROUTING || next == IP6_DEST ||
	       next == IP6_FRAGMENT || next == IP6_AUTH;
}

/* From the first extension header, if there is one, to the transport header. */
static int parse_ext(struct fwt_packet *p, const struct fwt_reader *r,
		     bool quoted)
{
	u32 start = p->l4, len;
	bool fragment = false;
	unsigned int n;
	const u8 *h;
	u16 frag;
	u8 type;
	int ret;

	for (n = 0; is_ext(p->protocol); n++) {
		ret = fwt_want(r, p->l4, 8);
		if (ret)
			return ret;
		h = r->data + p->l4;
		type = p->protocol;
		len = ext_len(type, h);
		if (n >= IP6_EXT_MAX || p->l4 + len - start > IP6_EXT_BYTES ||
		    p->l4 + len > r->end)
			return -EINVAL;
		/* Hop-by-hop options come first or not at all, and what is a
		 * fragment already is not cut up again.
		 */
		if ((type == IP6_HOP && n) || (type == IP6_FRAGMENT && fragment))
			return -EINVAL;
		p->protocol = h[0];
		p->l4 += len;
		p->payload = p->l4;
		if (type != IP6_FRAGMENT)
			continue;

		fragment = true;
		frag = get_unaligned_be16(h + 2);
		p->frag_more = frag & 1;
		p->frag_off = frag & 0xfff8;
		/* An atomic fragment (RFC 6946) is a whole packet. */
		if (!p->frag_more && !p->frag_off)
			continue;
		p->have |= FWT_HAVE_FRAG;
		if (!quoted) {
			ret = check_fragment(p);
			if (ret)
				return ret;
		}
		if (p->frag_off)
			return 0;
	}
	return 0;
}

int fwt_parse_ip6(struct fwt_packet *p, struct fwt_reader *r, bool quoted)
{
	const u8 *h = r->data + p->l3;
	unsigned int i;
	u32 room, len;
	int ret;

	ret = fwt_want(r, p->l3, IP6_LEN);
	if (ret)
		return ret;
	room = r->end - p->l3 - IP6_LEN;
	len = get_unaligned_be16(h + 4);
	/* As for IPv4. Off the wire a length of 0 means a jumbogram, which no
	 * link carries that this runs on: then the hop-by-hop header that must
	 * follow does not fit, and the packet is bad.
	 */
	if (!len && (room > 0xffff || quoted))
		len = room;
	if (h[0] >> 4 != 6 || (len > room && !quoted))
		return -EINVAL;

	p->have |= FWT_HAVE_IP;
	p->family = 6;
	p->tos = (u8)(get_unaligned_be16(h) >> 4);
	p->length = IP6_LEN + len;
	p->protocol = h[6];
	p->ttl = h[7];
	for (i = 0; i < 4; i++) {
		p->saddr[i] = get_unaligned_be32(h + 8 + 4 * i);
		p->daddr[i] = get_unaligned_be32(h + 24 + 4 * i);
	}
	p->l4 = p->l3 + IP6_LEN;
	p->payload = p->l4;
	p->end = p->l4 + min(len, room);
	r->end = p->end;
	return parse_ext(p, r, quoted);
}

bool fwt_ip6_routed(const struct fwt_packet *p, const u8 *data)
{
	u32 off = p->l3 + IP6_LEN, len;
	u8 type;

	if (p->family != 6 || off >= p->l4)
		return false;
	/* parse_ext() found these headers good, and none is shorter than 8
	 * bytes: the walk ends at @p->l4.
	 */
	for (type = data[p->l3 + 6]; off < p->l4 && is_ext(type); off += len) {
		if (type == IP6_ROUTING && data[off + 3])
			return true;
		len = ext_len(type, data + off);
		type = data[off];
	}
	return false;
}

/* What nearly all packets are: IPv4 without options, in one piece, with UDP or TCP
 * right behind it, and all of that at hand. It is read as the functions for each
 * header read it, with what they ask for asked at once. Returns false, and has read
 * nothing, where it is not so.
 */
static __always_inline bool parse_usual(struct fwt_packet *p, const struct fwt_reader *r)
{
	const u8 *h = r->data + p->l3, *l4 = h + IP4_LEN;
	u32 room = min(r->len, r->end) - p->l3, total, len;

	if (r->end < p->l3 || r->len < p->l3 || room < IP4_LEN + UDP_LEN || h[0] != 0x45 ||
	    get_unaligned_be16(h + 6) & (IP4_FRAG_MORE | IP4_FRAG_OFF))
		return false;
	total = get_unaligned_be16(h + 2);
	if (total < IP4_LEN + UDP_LEN || total > r->end - p->l3)
		return false;
	if (h[9] == FWT_IPPROTO_UDP) {
		len = get_unaligned_be16(l4 + 4);
		if (len < UDP_LEN || len > total - IP4_LEN)
			return false;
		len = UDP_LEN;
		p->have |= FWT_HAVE_IP | FWT_HAVE_PORTS | FWT_HAVE_UDP;
	} else if (h[9] == FWT_IPPROTO_TCP) {
		if (room < IP4_LEN + TCP_LEN)
			return false;
		len = (l4[12] >> 4) * 4;
		if (len < TCP_LEN || len > room - IP4_LEN || len > total - IP4_LEN)
			return false;
		p->tcp_seq = get_unaligned_be32(l4 + 4);
		p->tcp_ack = get_unaligned_be32(l4 + 8);
		p->tcp_flags = l4[13];
		p->tcp_window = get_unaligned_be16(l4 + 14);
		p->have |= FWT_HAVE_IP | FWT_HAVE_PORTS | FWT_HAVE_TCP;
	} else {
		return false;
	}
	p->family = 4;
	p->tos = h[1];
	p->length = total;
	p->ttl = h[8];
	p->protocol = h[9];
	p->saddr[0] = get_unaligned_be32(h + 12);
	p->daddr[0] = get_unaligned_be32(h + 16);
	p->sport = get_unaligned_be16(l4);
	p->dport = get_unaligned_be16(l4 + 2);
	p->l4 = p->l3 + IP4_LEN;
	p->payload = p->l4 + len;
	p->end = p->l3 + total;
	if (p->tcp_flags & FWT_TCP_SYN)
		fwt_parse_mss(p, r->data);
	return true;
}

static int parse_network(struct fwt_packet *p, struct fwt_reader *r)
{
	int ret;

	if (likely(p->ether_type == ETHER_TYPE_IP4 && parse_usual(p, r)))
		return 0;
	p->l4 = p->l3;
	p->payload = p->l3;
	p->end = r->end;
	switch (p->ether_type) {
	case ETHER_TYPE_IP4:
		ret = fwt_parse_ip4(p, r, false);
		break;
	case ETHER_TYPE_IP6:
		ret = fwt_parse_ip6(p, r, false);
		break;
	case ETHER_TYPE_ARP:
		return parse_arp(p, r);
	default:
		return 0;
	}
	return ret ? ret : fwt_parse_l4(p, r);
}

int fwt_packet_parse(struct fwt_packet *p, const u8 *data, u32 len, u32 total,
		     enum fwt_parse_from from)
{
	struct fwt_reader r = {
		.data = data,
		.len = min(len, total),
		.end = total,
	};
	int ret = 0;

	reset(p, from);
	if (from == FWT_PARSE_ETHER)
		ret = parse_ether(p, &r);
	if (ret) {
		p->l4 = p->l3;
		p->payload = p->l3;
		p->end = total;
	} else {
		ret = parse_network(p, &r);
	}
	if (unlikely(ret < 0)) {
		p->bad = FWT_REASON_MALFORMED;
		ret = 0;
	}
	return ret;
}
