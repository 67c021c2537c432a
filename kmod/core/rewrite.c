// SPDX-License-Identifier: GPL-2.0
/*
 * Changing the ends of a packet, and its checksums with them.
 *
 * All of it rests on one idea. The Internet checksum is a sum of 16-bit words
 * in ones' complement arithmetic, so what a change adds to it is a sum over the
 * words that changed: of ~old + new each (RFC 1624). Whoever writes a word adds
 * that to the sums it is in:
 *
 *  - @pseudo, of words in the transport checksum's pseudo header: addresses;
 *  - @own, of words that the transport checksum covers itself: ports, ids;
 *  - @all, of every byte that was written, checksums too. It is what skb->csum
 *    changes by (CHECKSUM_COMPLETE), and, if the packet is one that an ICMP
 *    error quotes, what the error's own checksum changes by.
 *
 * About zero: ~old + new is congruent to the change modulo 0xffff, and a sum
 * that is not zero never folds to zero. So a checksum that was made from
 * scratch over anything but zeroes, and hence is not 0xffff, never becomes
 * 0xffff here: both ways lead to the same bits. Zeroes alone are summed in one
 * case, see all_zero().
 *
 * Words are at even offsets from the network header, whatever headers come
 * before (IPv4's and AH's are a multiple of 4 long, IPv6's of 8, ICMP's is 8),
 * so no sum ever needs its bytes swapped.
 *
 * At most 22 words change, each adds less than 2^17 to a sum: 32 bits do.
 *
 * SCTP's CRC is no sum, but linear as well (crc.h): what was wrong stays wrong.
 */
#include "rewrite.h"
#include "crc.h"
#include "packet_parse.h"
#include "tuple.h"

/* Where checksums stand in their headers. */
#define IP4_CHECK	10
#define TCP_CHECK	16
#define UDP_CHECK	6	/* UDP-Lite and DCCP too */
#define ICMP_CHECK	2
#define SCTP_CRC	8

struct sums {
	u32 pseudo;
	u32 own;
	u32 all;
};

static u16 fold(u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (u16)sum;
}

/* Write a word, and return what the sums that it is in change by. */
static u32 put16(u8 *at, u16 to)
{
	u16 from = get_unaligned_be16(at);

	if (from == to)
		return 0;
	put_unaligned_be16(to, at);
	return (u32)(u16)~from + to;
}

static u32 put32(u8 *at, u32 to)
{
	u32 diff;

	diff = put16(at, (u16)(to >> 16));
	return diff + put16(at + 2, (u16)to);
}

/* Addresses, and what hangs on them in the IP header. */
static void put_addrs(struct fwt_packet *p, u8 *data, const struct fwt_rewrite *to,
		      struct sums *s)
{
	u8 *h = data + p->l3, *check = h + IP4_CHECK;
	u32 src = 0, dst = 0;
	unsigned int i;

	if (p->family == 4) {
		src = put32(h + 12, to->src.addr[0]);
		dst = put32(h + 16, to->dst.addr[0]);
		p->saddr[0] = to->src.addr[0];
		p->daddr[0] = to->dst.addr[0];
		s->pseudo += src + dst;
		s->all += src + dst;
		if (src + dst) {
			src += dst + (u16)~get_unaligned_be16(check);
			s->all += put16(check, (u16)~fold(src));
		}
		return;
	}
	for (i = 0; i < 4; i++) {
		src += put32(h + 8 + 4 * i, to->src.addr[i]);
		dst += put32(h + 24 + 4 * i, to->dst.addr[i]);
		p->saddr[i] = to->src.addr[i];
		p->daddr[i] = to->dst.addr[i];
	}
	s->all += src + dst;
	s->pseudo += src;
	if (!fwt_ip6_routed(p, data))
		s->pseudo += dst;
}

/* Ports, or the id of a query. */
static void put_ports(struct fwt_packet *p, u8 *data, const struct fwt_rewrite *to,
		      struct sums *s)
{
	u8 *h = data + p->l4;
	u8 request;

	if (p->have & FWT_HAVE_PORTS) {
		p->sport = to->src.port;
		p->dport = to->dst.port;
		s->own += put16(h, p->sport);
		s->own += put16(h + 2, p->dport);
	} else if (p->have & FWT_HAVE_ICMP_ID) {
		p->icmp_id = fwt_icmp_is_query(p->family, p->icmp_type,
					       &request) == 1 ?
			     to->dst.port : to->src.port;
		s->own += put16(h + 4, p->icmp_id);
	}
	s->all += s->own;
}

struct check {
	u32 off;	/* in the transport header; 0 for none that is known */
	bool pseudo;	/* covers a pseudo header */
	bool optional;	/* 0 means that there is none */
	bool not_zero;	/* a computed 0 is written as 0xffff */
};

static void find_check(const struct fwt_packet *p, struct check *c)
{
	memset(c, 0, sizeof(*c));
	if (p->have & (FWT_HAVE_ICMP | FWT_HAVE_ICMPV6)) {
		c->off = ICMP_CHECK;
		c->pseudo = p->family == 6;
	} else if (p->have & FWT_HAVE_PORTS) {
		c->pseudo = true;
		switch (p->protocol) {
		case FWT_IPPROTO_TCP:
			c->off = TCP_CHECK;
			break;
		case FWT_IPPROTO_UDP:
			c->off = UDP_CHECK;
			c->optional = true;
			c->not_zero = true;
			break;
		case FWT_IPPROTO_UDPLITE:
			c->off = UDP_CHECK;
			c->not_zero = true;
			break;
		case FWT_IPPROTO_DCCP:
			c->off = UDP_CHECK;
			break;
		}
	}
}

/* An ICMP answer to an echo, whose id and sequence are 0, may well be all zeroes,
 * and there is no pseudo header to help: its checksum is 0xffff, and 0 would be
 * wrong. By difference the two look alike. The payload is not at hand, but need
 * not be: should it sum up to 0xffff without being zero, both are right.
 */
static bool all_zero(const struct fwt_packet *p, const u8 *h)
{
	return (p->have & FWT_HAVE_ICMP) && !get_unaligned_be16(h) &&
	       !get_unaligned_be32(h + 4);
}

/* The transport checksum, if it lies before @end. */
static void put_check(struct fwt_packet *p, u8 *data, u32 end,
		      enum fwt_csum_mode mode, struct sums *s)
{
	struct check c;
	u32 diff = 0;
	u16 check;
	u8 *at;

	find_check(p, &c);
	if (!c.off || end < p->l4 || end - p->l4 < c.off + 2)
		return;
	if (c.pseudo)
		diff = s->pseudo;
	if (mode == FWT_CSUM_FULL)
		diff += s->own;
	/* Nothing changed; or 0xffff to 0, which to a sum is the same. */
	if (!diff && !all_zero(p, data + p->l4))
		return;

	at = data + p->l4 + c.off;
	check = get_unaligned_be16(at);
	if (mode == FWT_CSUM_PARTIAL) {
		/* A sum that somebody else goes on with: 0 has no other meaning
		 * here, and is not complemented yet.
		 */
		check = fold((u64)check + diff);
	} else {
		if (!check && c.optional)
			return;
		check = (u16)~fold((u64)(u16)~check + diff);
		if (!check && (c.not_zero || all_zero(p, data + p->l4)))
			check = 0xffff;
	}
	s->all += put16(at, check);
}

/* The lowest byte first, as SCTP has its CRC. */
static u32 get_le32(const u8 *at)
{
	return (u32)at[3] << 24 | (u32)at[2] << 16 | (u32)at[1] << 8 | at[0];
}

/* SCTP's CRC, which covers no addresses, but ports; if it lies before @end. @ports: as
 * they were; @len: of all that it covers. Of a fragment nobody knows that.
 */
static void put_crc(const struct fwt_packet *p, u8 *data, u32 end, u32 len, u32 ports,
		    struct sums *s)
{
	u8 *h = data + p->l4;
	u32 crc;

	if (!s->own || p->frag_more || end < p->l4 + SCTP_CRC + 4 || len < SCTP_CRC + 4)
		return;
	crc = get_le32(h + SCTP_CRC) ^ fwt_crc32c_diff(ports ^ get_le32(h), len);
	s->all += put16(h + SCTP_CRC, (u16)((crc & 0xff) << 8 | (crc >> 8 & 0xff)));
	s->all += put16(h + SCTP_CRC + 2, (u16)((crc >> 16 & 0xff) << 8 | crc >> 24));
}

static bool has_crc(const struct fwt_packet *p)
{
	return p->protocol == FWT_IPPROTO_SCTP && p->have & FWT_HAVE_PORTS;
}

/* What a sum over 32-bit words changes by; as of 16-bit words, for the two are
 * the same modulo 0xffff. 0 only for no change: all ones to all zeroes would be 0
 * too, hence the 0xffff, which to a sum is nothing.
 */
static u64 change32(u32 from, u32 to)
{
	return from == to ? 0 : (u64)(u32)~from + to + 0xffff;
}

/* A checksum after a change, with the field's change in @all. */
static void put_sum(u8 *at, u16 sum, u64 *all)
{
	u16 from = get_unaligned_be16(at);

	put_unaligned_be16(sum, at);
	if (from != sum)
		*all += (u32)(u16)~from + sum;
}

/* TCP and UDP over IPv4: most of what there is, by the same arithmetic, a word of
 * 32 bits at a time.
 */
static u64 rewrite4(struct fwt_packet *p, u8 *data, const struct fwt_rewrite *to,
		    enum fwt_csum_mode mode)
{
	u32 saddr = to->src.addr[0], daddr = to->dst.addr[0];
	u32 from = (u32)p->sport << 16 | p->dport;
	u32 ports = (u32)to->src.port << 16 | to->dst.port;
	u8 *ip = data + p->l3, *h = data + p->l4;
	bool udp = p->protocol == FWT_IPPROTO_UDP;
	u8 *at = h + (udp ? UDP_CHECK : TCP_CHECK);
	u64 pseudo, own, diff, all;
	u16 check, sum;

	pseudo = change32(p->saddr[0], saddr) + change32(p->daddr[0], daddr);
	own = change32(from, ports);
	all = pseudo + own;
	if (pseudo) {
		put_unaligned_be32(saddr, ip + 12);
		put_unaligned_be32(daddr, ip + 16);
		check = get_unaligned_be16(ip + IP4_CHECK);
		put_sum(ip + IP4_CHECK, (u16)~fold((u16)~check + pseudo), &all);
		p->saddr[0] = saddr;
		p->daddr[0] = daddr;
	}
	if (own) {
		put_unaligned_be32(ports, h);
		p->sport = to->src.port;
		p->dport = to->dst.port;
	}
	diff = pseudo + (mode == FWT_CSUM_FULL ? own : 0);
	check = get_unaligned_be16(at);
	if (!diff)
		return all;
	if (mode == FWT_CSUM_PARTIAL) {
		put_sum(at, fold(check + diff), &all);
	} else if (check || !udp) {
		sum = (u16)~fold((u16)~check + diff);
		put_sum(at, !sum && udp ? 0xffff : sum, &all);
	}
	return all;
}

void fwt_rewrite(struct fwt_packet *p, u8 *data, const struct fwt_rewrite *to,
		 enum fwt_csum_mode mode, u32 *csum_delta)
{
	struct sums s = { 0 };
	u32 ports = 0;

	if (p->family == 4 && p->have & (FWT_HAVE_TCP | FWT_HAVE_UDP)) {
		u64 all = rewrite4(p, data, to, mode);

		if (csum_delta)
			*csum_delta = fold(all);
		return;
	}
	if (p->have & FWT_HAVE_IP) {
		if (has_crc(p))
			ports = get_le32(data + p->l4);
		put_addrs(p, data, to, &s);
		put_ports(p, data, to, &s);
		put_check(p, data, p->payload, mode, &s);
		/* With CHECKSUM_PARTIAL it is made by whoever sends the packet. */
		if (has_crc(p) && mode == FWT_CSUM_FULL)
			put_crc(p, data, p->payload, p->end - p->l4, ports, &s);
	}
	if (csum_delta)
		*csum_delta = fold(s.all);
}

/* Bytes from the transport header on that a quoted packet had, by its own word. */
static u32 quoted_len(const struct fwt_packet *p, const u8 *data)
{
	const u8 *h = data + p->l3;
	u32 total = p->family == 4 ? get_unaligned_be16(h + 2) :
				     40u + get_unaligned_be16(h + 4);

	return total > p->l4 - p->l3 ? total - (p->l4 - p->l3) : 0;
}

void fwt_rewrite_error(struct fwt_packet *p, struct fwt_quote *q, u8 *data,
		       u32 len, const struct fwt_rewrite *outer,
		       const struct fwt_rewrite *inner)
{
	struct sums in = { 0 }, out = { 0 };
	u32 ports = 0;

	if (WARN_ON_ONCE(len < q->avail))
		return;
	if (has_crc(&q->p))
		ports = get_le32(data + q->p.l4);
	put_addrs(&q->p, data, inner, &in);
	put_ports(&q->p, data, inner, &in);
	put_check(&q->p, data, q->p.end, FWT_CSUM_FULL, &in);
	if (has_crc(&q->p))
		put_crc(&q->p, data, q->p.end, quoted_len(&q->p, data), ports, &in);

	/* To the error, the quote is payload: every byte of it counts. */
	put_addrs(p, data, outer, &out);
	out.own = in.all;
	put_check(p, data, p->payload, FWT_CSUM_FULL, &out);
}

/* Sum of @len bytes, as big-endian words. */
static u64 sum_bytes(const u8 *at, u32 len)
{
	u64 sum = 0;

	for (; len >= 4; at += 4, len -= 4)
		sum += get_unaligned_be32(at);
	if (len & 2) {
		sum += get_unaligned_be16(at);
		at += 2;
	}
	if (len & 1)
		sum += (u32)*at << 8;
	return sum;
}

static u64 sum_pseudo(const struct fwt_packet *p, u32 len)
{
	u64 sum = (u64)len + p->protocol;
	unsigned int i;

	for (i = 0; i < 4; i++)
		sum += (u64)p->saddr[i] + p->daddr[i];
	return sum;
}

bool fwt_csum_verify(const struct fwt_packet *p, const u8 *data)
{
	const u8 *h = data + p->l4;
	u32 len, cover;
	struct check c;
	u64 sum = 0;

	find_check(p, &c);
	/* A fragment has but a part of what was summed. */
	if (!c.off || (p->have & FWT_HAVE_FRAG))
		return true;
	len = p->end - p->l4;
	cover = len;
	/* No checksum is not a wrong one. Over IPv6 that is for tunnels (RFC
	 * 6935), and for the receiving socket to know.
	 */
	if (c.optional && !get_unaligned_be16(h + c.off))
		return true;
	switch (p->protocol) {
	case FWT_IPPROTO_UDP:
		/* 0: all of it, which is more than can be said there. */
		if (get_unaligned_be16(h + 4))
			len = get_unaligned_be16(h + 4);
		cover = len;
		break;
	case FWT_IPPROTO_UDPLITE:
		if (get_unaligned_be16(h + 4))
			cover = get_unaligned_be16(h + 4);
		break;
	case FWT_IPPROTO_DCCP:
		/* RFC 4340, 9.2: 0 is all of it, 1 the header alone, each more
		 * four bytes more.
		 */
		if (h[5] & 0xf)
			cover = p->payload - p->l4 + ((h[5] & 0xf) - 1) * 4;
		if (cover > len)
			return false;
		break;
	}
	if (c.pseudo) {
		/* Unless the sum was made for somewhere further on. */
		if (fwt_ip6_routed(p, data))
			return true;
		sum = sum_pseudo(p, len);
	}
	sum += sum_bytes(h, cover);
	return fold(sum) == 0xffff;
}
