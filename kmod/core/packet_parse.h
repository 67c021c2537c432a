/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files that read packets share, and nobody else needs.
 *
 * All readers return 0; -EINVAL where the packet is too short for what it says
 * or says what can't be; or the number of bytes that must be at hand first.
 * None looks at a byte for which fwt_want() did not say 0, and what fwt_want()
 * asks for is never more than the packet has: this is the whole argument for
 * "nothing outside the buffer is read" (R35).
 */
#ifndef FWT_CORE_PACKET_PARSE_H
#define FWT_CORE_PACKET_PARSE_H

#include "packet.h"

#define TCP_LEN		20	/* without options */
#define UDP_LEN		8

/**
 * struct fwt_reader - the bytes there are
 * @data: the buffer
 * @len: bytes at @data
 * @end: bytes from @data on that belong to the layer that is read; more than
 *	@len where not all of it is at hand
 */
struct fwt_reader {
	const u8 *data;
	u32 len;
	u32 end;
};

static inline int fwt_want(const struct fwt_reader *r, u32 off, u32 n)
{
	if (unlikely(r->end < off || r->end - off < n))
		return -EINVAL;
	if (unlikely(r->len < off + n))
		return (int)(off + n);
	return 0;
}

/* The IP header at @p->l3, up to the transport header at @p->l4; @r->end becomes
 * the end of the IP packet. With @quoted the packet may be cut off.
 */
int fwt_parse_ip4(struct fwt_packet *p, struct fwt_reader *r, bool quoted);
int fwt_parse_ip6(struct fwt_packet *p, struct fwt_reader *r, bool quoted);

/* The transport header at @p->l4 of a packet, and of one that is quoted. */
int fwt_parse_l4(struct fwt_packet *p, const struct fwt_reader *r);
int fwt_parse_l4_quoted(struct fwt_packet *p, const struct fwt_reader *r);

/* The MSS option of a SYN whose header is at hand. */
void fwt_parse_mss(struct fwt_packet *p, const u8 *data);

/**
 * fwt_ip6_routed() - does a routing header lead on from the destination
 * @p: packet, or quote
 * @data: its buffer, up to @p->l4
 *
 * Return: true if it has a routing header with segments left: then the pseudo
 * header holds the last address of that (RFC 8200, 8.1), not @p->daddr.
 */
bool fwt_ip6_routed(const struct fwt_packet *p, const u8 *data);

#endif /* FWT_CORE_PACKET_PARSE_H */
