// SPDX-License-Identifier: GPL-2.0
/*
 * Reading the packet that an ICMP error quotes (RFC 792, 4443, 5508).
 *
 * The quote begins with an IP header, and may end anywhere behind the eighth
 * byte of the transport header: the lengths in it are those of a packet that
 * was longer. What routers append to it (RFC 4884) is not part of it.
 */
#include "packet.h"
#include "packet_parse.h"

#define ICMP_UNREACHABLE	3
#define ICMP_TIME_EXCEEDED	11
#define ICMP_PARAMETER		12
#define ICMPV6_UNREACHABLE	1
#define ICMPV6_TIME_EXCEEDED	3

/* Bytes that the quote has by the length attribute of RFC 4884, 0 where the type
 * has none (those bytes mean something else there) or it is not set: ICMP
 * counts words of 32 bits, ICMPv6 of 64.
 */
static u32 quote_len(const struct fwt_packet *p, const u8 *h)
{
	if (p->family == 6)
		return p->icmp_type == ICMPV6_UNREACHABLE ||
		       p->icmp_type == ICMPV6_TIME_EXCEEDED ? h[4] * 8u : 0;
	return p->icmp_type == ICMP_UNREACHABLE ||
	       p->icmp_type == ICMP_TIME_EXCEEDED ||
	       p->icmp_type == ICMP_PARAMETER ? h[5] * 4u : 0;
}

/* The quoted header's own checksum. A router may have counted its TTL down, and have
 * left that as it was: of such a one nothing is believed (RFC 5508, REQ-3a).
 */
static bool header_ok(const struct fwt_packet *p, const u8 *h)
{
	u32 sum = 0, i;

	for (i = 0; i < p->l4 - p->l3; i += 2)
		sum += get_unaligned_be16(h + i);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum + (sum >> 16) == 0xffff;
}

int fwt_packet_quote(const struct fwt_packet *p, struct fwt_quote *q,
		     const u8 *data, u32 len, u32 total)
{
	struct fwt_reader r = {
		.data = data,
		.len = min(len, total),
		.end = min(p->end, total),
	};
	u32 bytes;
	int ret;

	memset(q, 0, sizeof(*q));
	if (!(p->have & FWT_HAVE_ICMP_ERROR))
		return -EINVAL;
	ret = fwt_want(&r, p->l4, p->payload - p->l4);
	if (ret)
		return ret;

	/* A length that is more than there is, or less than the least quote, is
	 * no length: before RFC 4884 the byte was unused, and not always zero.
	 */
	bytes = quote_len(p, data + p->l4);
	if (bytes >= (p->family == 4 ? 20u : 40u) + 8 &&
	    bytes <= r.end - p->payload)
		r.end = p->payload + bytes;
	q->avail = r.end;

	q->p.ether_type = p->ether_type;
	q->p.l3 = p->payload;
	if (p->family == 4)
		ret = fwt_parse_ip4(&q->p, &r, true);
	else
		ret = fwt_parse_ip6(&q->p, &r, true);
	if (ret)
		return ret;
	if (q->p.frag_off)
		return -EINVAL;
	ret = fwt_parse_l4_quoted(&q->p, &r);
	if (ret || p->family != 4)
		return ret;
	/* Its options may be all that is there. */
	ret = fwt_want(&r, q->p.l3, q->p.l4 - q->p.l3);
	if (ret)
		return ret;
	return header_ok(&q->p, data + q->p.l3) ? 0 : -EINVAL;
}
