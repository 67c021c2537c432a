/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Changing headers in place, with checksums by difference (RFC 1624): nothing
 * is ever summed over a payload (R9).
 */
#ifndef FWT_CORE_REWRITE_H
#define FWT_CORE_REWRITE_H

#include "packet.h"

/**
 * struct fwt_end - an address and a port (or ICMP id)
 * @addr: words in host byte order, most significant first; IPv4 in the first
 * @port: host byte order
 */
struct fwt_end {
	u32 addr[4];
	u16 port;
};

/**
 * struct fwt_rewrite - the ends that a packet is to have
 * @src: source address, and source port or the id of a query that it is
 * @dst: destination address, and destination port or the id of an answer
 */
struct fwt_rewrite {
	struct fwt_end src;
	struct fwt_end dst;
};

/* How the transport checksum is to be treated. */
enum fwt_csum_mode {
	FWT_CSUM_FULL,		/* it is complete: RFC 1624 update */
	FWT_CSUM_PARTIAL,	/* CHECKSUM_PARTIAL: the field holds the folded sum
				 * of the pseudo header, not complemented; ports
				 * are summed by who completes it
				 */
};

/**
 * fwt_rewrite() - give a packet other ends
 * @p: the packet as parsed from @data; changed along (addresses, ports, id)
 * @data: writable up to the end of the transport header: @p->payload bytes
 * @to: the ends. Ports count where @p has FWT_HAVE_PORTS; where it has
 *	FWT_HAVE_ICMP_ID, @to->src.port is the id of a query and @to->dst.port
 *	that of an answer
 * @mode: see enum fwt_csum_mode
 * @csum_delta: NULL, or what is added to the ones' complement sum of the packet
 *	(from the network header on) by the change, for CHECKSUM_COMPLETE: 16
 *	bits, of words in host byte order (skb->csum takes htons() of it)
 *
 * The IPv4 header checksum, and the transport checksum of TCP, UDP (0 stays 0, a
 * computed 0 becomes 0xffff), UDP-Lite, DCCP, ICMP and ICMPv6, and SCTP's CRC, are
 * updated by difference: one that is wrong stays wrong. A later fragment has its
 * addresses changed and no more; a first one keeps its CRC, which is of the whole.
 */
void fwt_rewrite(struct fwt_packet *p, u8 *data, const struct fwt_rewrite *to,
		 enum fwt_csum_mode mode, u32 *csum_delta);

/**
 * fwt_rewrite_error() - give an ICMP error and the packet it quotes other ends
 * @p: the outer packet
 * @q: the quote
 * @data: writable up to @q->avail bytes
 * @len: bytes of the IP packet that are at @data, at least @q->avail
 * @outer: the ends of the outer packet; ports are ignored
 * @inner: the ends of the quoted packet
 *
 * Updates the IPv4 header checksums of both, the transport checksum of the
 * quoted packet where its field was quoted (a UDP checksum of 0 stays 0; SCTP's CRC
 * by the length that the quoted header says), and
 * the checksum of the ICMP error by difference. Extensions (RFC 4884) are left
 * as they are.
 */
void fwt_rewrite_error(struct fwt_packet *p, struct fwt_quote *q, u8 *data,
		       u32 len, const struct fwt_rewrite *outer,
		       const struct fwt_rewrite *inner);

/**
 * fwt_csum_verify() - is the transport checksum right
 * @p: packet
 * @data: all of it, @p->end bytes
 *
 * For packets that are small, or about to change a connection's state, and not
 * known to be right from the device. A UDP checksum of 0 is none, and right; of a
 * fragment, and of a packet whose routing header leads on from @p->daddr, nothing
 * is known.
 *
 * Return: true if it is right, or the protocol has none that is known.
 */
bool fwt_csum_verify(const struct fwt_packet *p, const u8 *data);

/**
 * fwt_csum_update16() - RFC 1624: checksum @check after @from became @to
 * @check: as in the header, host byte order
 * @from: old word
 * @to: new word
 */
static inline u16 fwt_csum_update16(u16 check, u16 from, u16 to)
{
	u32 sum = (u16)~check + (u32)(u16)~from + to;

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (u16)~sum;
}

#endif /* FWT_CORE_REWRITE_H */
