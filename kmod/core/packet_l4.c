// SPDX-License-Identifier: GPL-2.0
/*
 * Reading the transport header of a packet, whole or quoted by an ICMP error.
 *
 * A header of which a part is missing is no header: a packet that is too short
 * for it is bad, a first fragment too (RFC 1858 and RFC 7112; every receiver
 * that cares refuses them, and they are made to get past filters).
 */
#include "packet.h"
#include "packet_parse.h"
#include "tuple.h"

#define SCTP_LEN	12
#define DCCP_LEN	12
#define ICMP_LEN	8	/* as in Linux, for ICMPv6 too */
#define QUOTED_LEN	8	/* RFC 792: as much as any error has to quote */

#define ICMP_UNREACHABLE	3
#define ICMP_SOURCE_QUENCH	4
#define ICMP_TIME_EXCEEDED	11
#define ICMP_PARAMETER		12
#define ICMPV6_PARAMETER	4	/* the last error of RFC 4443 */

#define TCP_OPT_END		0
#define TCP_OPT_NOP		1
#define TCP_OPT_MSS		2
#define TCP_OPT_WSCALE		3
#define TCP_OPT_SACK_PERM	4
#define TCP_OPT_SACK		5
#define TCP_WSCALE_MAX		14	/* RFC 7323, 2.3 */

/* The next option at *@at; false at the end of the list, or where it is cut
 * off. *@at is moved behind it.
 */
static bool next_option(const u8 **at, const u8 *end, const u8 **opt)
{
	const u8 *o = *at;

	while (o < end && *o == TCP_OPT_NOP)
		o++;
	if (o >= end || *o == TCP_OPT_END)
		return false;
	if (end - o < 2 || o[1] < 2 || o[1] > end - o)
		return false;
	*opt = o;
	*at = o + o[1];
	return true;
}

void fwt_packet_tcp_options(const struct fwt_packet *p, const u8 *data,
			    struct fwt_tcp_options *o)
{
	const u8 *at = data + p->l4 + TCP_LEN, *end = data + p->payload, *opt;
	unsigned int i;
	u32 edge;

	memset(o, 0, sizeof(*o));
	while (next_option(&at, end, &opt)) {
		switch (opt[0]) {
		case TCP_OPT_MSS:
			if (opt[1] == 4)
				o->mss = get_unaligned_be16(opt + 2);
			break;
		case TCP_OPT_WSCALE:
			if (opt[1] != 3)
				break;
			o->has_wscale = true;
			o->wscale = opt[2];
			if (o->wscale > TCP_WSCALE_MAX)
				o->wscale = TCP_WSCALE_MAX;
			break;
		case TCP_OPT_SACK_PERM:
			if (opt[1] == 2)
				o->sack_perm = true;
			break;
		case TCP_OPT_SACK:
			if (opt[1] < 10 || (opt[1] - 2) % 8)
				break;
			for (i = 6; i < opt[1]; i += 8) {
				edge = get_unaligned_be32(opt + i);
				if (!o->has_sack ||
				    (s32)(edge - o->sack_edge) > 0)
					o->sack_edge = edge;
				o->has_sack = true;
			}
			break;
		}
	}
}

/* Only a SYN has one that means anything (RFC 9293, 3.7.1); so other segments
 * need not be searched. As with the receiver, the last one counts.
 */
void fwt_parse_mss(struct fwt_packet *p, const u8 *data)
{
	const u8 *at = data + p->l4 + TCP_LEN, *end = data + p->payload, *opt;

	while (next_option(&at, end, &opt)) {
		if (opt[0] != TCP_OPT_MSS || opt[1] != 4)
			continue;
		p->tcp_mss = get_unaligned_be16(opt + 2);
		p->have |= FWT_HAVE_MSS;
	}
}

/* The first four bytes of all that have ports. */
static void read_ports(struct fwt_packet *p, const u8 *h)
{
	p->sport = get_unaligned_be16(h);
	p->dport = get_unaligned_be16(h + 2);
	p->have |= FWT_HAVE_PORTS;
}

static int parse_tcp(struct fwt_packet *p, const struct fwt_reader *r)
{
	const u8 *h = r->data + p->l4;
	u32 head;
	int ret;

	ret = fwt_want(r, p->l4, TCP_LEN);
	if (ret)
		return ret;
	head = (h[12] >> 4) * 4;
	if (head < TCP_LEN)
		return -EINVAL;
	ret = fwt_want(r, p->l4, head);
	if (ret)
		return ret;
	read_ports(p, h);
	p->tcp_seq = get_unaligned_be32(h + 4);
	p->tcp_ack = get_unaligned_be32(h + 8);
	p->tcp_flags = h[13];
	p->tcp_window = get_unaligned_be16(h + 14);
	p->payload = p->l4 + head;
	p->have |= FWT_HAVE_TCP;
	if (p->tcp_flags & FWT_TCP_SYN)
		fwt_parse_mss(p, r->data);
	return 0;
}

/* UDP may be shorter than the IP packet it is in; what follows is not its own.
 * The first fragment holds the length of the whole. 0 is what Linux writes for what a
 * tunnel carries where that is longer than the field can say (BIG TCP; RFC 2675, 4).
 */
static int parse_udp(struct fwt_packet *p, const struct fwt_reader *r)
{
	const u8 *h = r->data + p->l4;
	u32 len;
	int ret;

	ret = fwt_want(r, p->l4, UDP_LEN);
	if (ret)
		return ret;
	len = get_unaligned_be16(h + 4);
	if (!len && r->end - p->l4 > 0xffff)
		len = r->end - p->l4;
	if (len < UDP_LEN || (len > r->end - p->l4 && !p->frag_more))
		return -EINVAL;
	read_ports(p, h);
	p->payload = p->l4 + UDP_LEN;
	p->have |= FWT_HAVE_UDP;
	return 0;
}

/* Has in the place of UDP's length how much the checksum covers, 0 for all of
 * it (RFC 3828).
 */
static int parse_udplite(struct fwt_packet *p, const struct fwt_reader *r)
{
	const u8 *h = r->data + p->l4;
	u32 cover;
	int ret;

	ret = fwt_want(r, p->l4, UDP_LEN);
	if (ret)
		return ret;
	cover = get_unaligned_be16(h + 4);
	if (cover && (cover < UDP_LEN ||
		      (cover > r->end - p->l4 && !p->frag_more)))
		return -EINVAL;
	read_ports(p, h);
	p->payload = p->l4 + UDP_LEN;
	return 0;
}

static int parse_sctp(struct fwt_packet *p, const struct fwt_reader *r)
{
	int ret;

	ret = fwt_want(r, p->l4, SCTP_LEN);
	if (ret)
		return ret;
	read_ports(p, r->data + p->l4);
	p->payload = p->l4 + SCTP_LEN;
	return 0;
}

static int parse_dccp(struct fwt_packet *p, const struct fwt_reader *r)
{
	const u8 *h = r->data + p->l4;
	u32 head;
	int ret;

	ret = fwt_want(r, p->l4, DCCP_LEN);
	if (ret)
		return ret;
	head = h[4] * 4;
	if (head < DCCP_LEN)
		return -EINVAL;
	ret = fwt_want(r, p->l4, head);
	if (ret)
		return ret;
	read_ports(p, h);
	p->payload = p->l4 + head;
	return 0;
}

/* Those that nf_conntrack looks into, in icmp_is_err() and its twin for IPv6. */
static bool icmp_is_error(u8 family, u8 type)
{
	if (family == 6)
		return type >= 1 && type <= ICMPV6_PARAMETER;
	return type == ICMP_UNREACHABLE || type == ICMP_SOURCE_QUENCH ||
	       type == FWT_ICMP_REDIRECT || type == ICMP_TIME_EXCEEDED ||
	       type == ICMP_PARAMETER;
}

static int parse_icmp(struct fwt_packet *p, const struct fwt_reader *r)
{
	const u8 *h = r->data + p->l4;
	u8 request;
	int ret;

	ret = fwt_want(r, p->l4, ICMP_LEN);
	if (ret)
		return ret;
	p->have |= p->family == 4 ? FWT_HAVE_ICMP : FWT_HAVE_ICMPV6;
	p->icmp_type = h[0];
	p->icmp_code = h[1];
	p->payload = p->l4 + ICMP_LEN;
	if (fwt_icmp_is_query(p->family, p->icmp_type, &request) >= 0) {
		p->icmp_id = get_unaligned_be16(h + 4);
		p->have |= FWT_HAVE_ICMP_ID;
	} else if (icmp_is_error(p->family, p->icmp_type)) {
		p->have |= FWT_HAVE_ICMP_ERROR;
	}
	return 0;
}

int fwt_parse_l4(struct fwt_packet *p, const struct fwt_reader *r)
{
	if (p->frag_off)
		return 0;
	switch (p->protocol) {
	case FWT_IPPROTO_TCP:
		return parse_tcp(p, r);
	case FWT_IPPROTO_UDP:
		return parse_udp(p, r);
	case FWT_IPPROTO_ICMP:
		return p->family == 4 ? parse_icmp(p, r) : 0;
	case FWT_IPPROTO_ICMPV6:
		return p->family == 6 ? parse_icmp(p, r) : 0;
	case FWT_IPPROTO_SCTP:
		return parse_sctp(p, r);
	case FWT_IPPROTO_DCCP:
		return parse_dccp(p, r);
	case FWT_IPPROTO_UDPLITE:
		return parse_udplite(p, r);
	}
	return 0;
}

/* Eight bytes are enough, and all there is from many a router. A TCP header
 * that is there as a whole is read as one; else it ends after the sequence.
 */
static int quoted_tcp(struct fwt_packet *p, const struct fwt_reader *r)
{
	u32 left = r->end - p->l4;
	const u8 *h = r->data + p->l4;
	u32 head = 0;
	int ret;

	if (left >= TCP_LEN) {
		ret = fwt_want(r, p->l4, TCP_LEN);
		if (ret)
			return ret;
		head = (h[12] >> 4) * 4;
	}
	if (head >= TCP_LEN && head <= left)
		return parse_tcp(p, r);
	read_ports(p, h);
	p->tcp_seq = get_unaligned_be32(h + 4);
	p->payload = p->l4 + QUOTED_LEN;
	return 0;
}

int fwt_parse_l4_quoted(struct fwt_packet *p, const struct fwt_reader *r)
{
	int ret;

	switch (p->protocol) {
	case FWT_IPPROTO_TCP:
	case FWT_IPPROTO_UDP:
	case FWT_IPPROTO_UDPLITE:
	case FWT_IPPROTO_SCTP:
	case FWT_IPPROTO_DCCP:
		ret = fwt_want(r, p->l4, QUOTED_LEN);
		if (ret)
			return ret;
		if (p->protocol == FWT_IPPROTO_TCP)
			return quoted_tcp(p, r);
		if (p->protocol == FWT_IPPROTO_UDP)
			p->have |= FWT_HAVE_UDP;
		read_ports(p, r->data + p->l4);
		p->payload = p->l4 + QUOTED_LEN;
		return 0;
	case FWT_IPPROTO_ICMP:
	case FWT_IPPROTO_ICMPV6:
		if (p->protocol != (p->family == 4 ? FWT_IPPROTO_ICMP :
						     FWT_IPPROTO_ICMPV6))
			break;
		ret = parse_icmp(p, r);
		if (ret)
			return ret;
		/* Nothing answers an error with an error, and what has no id
		 * belongs to nobody.
		 */
		return p->have & FWT_HAVE_ICMP_ID ? 0 : -EINVAL;
	}
	/* What has no such header may itself have been shorter. */
	return fwt_want(r, p->l4, min(p->l3 + p->length - p->l4, (u32)QUOTED_LEN));
}
