/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bytes to struct fwt_packet, once a packet; all later steps match on that.
 */
#ifndef FWT_CORE_PACKET_H
#define FWT_CORE_PACKET_H

#include "os.h"
#include "field.h"

struct fwt_ends;
struct fwt_tuple;

/* What a packet has, whole and within its length. A later fragment has no
 * transport header, whatever its bytes look like (R27).
 */
#define FWT_HAVE_ETHER		0x0001
#define FWT_HAVE_VLAN		0x0002
#define FWT_HAVE_ARP		0x0004	/* for IPv4 over Ethernet */
#define FWT_HAVE_IP		0x0008	/* IPv4 or IPv6, see family */
#define FWT_HAVE_PORTS		0x0010	/* TCP, UDP, UDP-Lite, SCTP, DCCP */
#define FWT_HAVE_TCP		0x0020
#define FWT_HAVE_UDP		0x0040
#define FWT_HAVE_ICMP		0x0080
#define FWT_HAVE_ICMPV6		0x0100
#define FWT_HAVE_ICMP_ID	0x0200	/* a query, or its answer */
#define FWT_HAVE_MSS		0x0400
#define FWT_HAVE_FRAG		0x0800	/* a fragment, see frag_off, frag_more */
#define FWT_HAVE_ICMP_ERROR	0x1000	/* an ICMP or ICMPv6 error: it quotes */

/* Of the header bits in tcp_flags. */
#define FWT_TCP_FIN		0x01
#define FWT_TCP_SYN		0x02
#define FWT_TCP_RST		0x04
#define FWT_TCP_PSH		0x08
#define FWT_TCP_ACK		0x10
#define FWT_TCP_URG		0x20
#define FWT_TCP_ECE		0x40
#define FWT_TCP_CWR		0x80

#define FWT_IPPROTO_ICMP	1
#define FWT_IPPROTO_TCP		6
#define FWT_IPPROTO_UDP		17
#define FWT_IPPROTO_ICMPV6	58
#define FWT_IPPROTO_DCCP	33
#define FWT_IPPROTO_SCTP	132
#define FWT_IPPROTO_UDPLITE	136

#define FWT_ICMP_REDIRECT	5	/* of IPv4: an error, as it quotes */

/**
 * struct fwt_packet - a packet, parsed
 * @have: FWT_HAVE_*
 * @family: 4, 6, or 0 where it is not IP
 * @protocol: of the transport header, after all extension headers of IPv6. Of
 *	a later fragment the fragment header's next header
 * @tos: traffic class, eight bits
 * @ttl: TTL or hop limit
 * @tcp_flags: FWT_TCP_*
 * @icmp_type: of ICMP or ICMPv6
 * @icmp_code: likewise
 * @ct_state: enum fwt_ct_state; set by who calls the walk
 * @ct_status: enum fwt_ct_status; set by who calls, and by translations
 * @ct_direction: enum fwt_dir; set by who calls
 * @pkttype: enum fwt_pkttype; set by who calls
 * @hook: enum fwt_hook; set by who calls
 * @bad: enum fwt_reason where the packet lies about itself, else 0; what was
 *	found bad is not in @have
 * @frag_more: more fragments follow
 * @frag_off: bytes
 * @ether_type: the network protocol's, behind VLAN tags
 * @vlan_tci: of the outermost tag, host byte order
 * @arp_op: host byte order
 * @sport: host byte order
 * @dport: host byte order
 * @icmp_id: host byte order
 * @tcp_window: unscaled
 * @tcp_mss: the MSS option of a SYN, where FWT_HAVE_MSS
 * @tcp_seq: host byte order
 * @tcp_ack: host byte order
 * @saddr: words in host byte order, most significant first, IPv4 in the first.
 *	Of ARP the sender's protocol address
 * @daddr: likewise; of ARP the target's
 * @ether_saddr: bytes
 * @ether_daddr: bytes
 * @l3: bytes from the start of the buffer to the network header
 * @l4: bytes from the start of the buffer to the transport header
 * @payload: bytes from the start of the buffer to the transport payload
 * @end: bytes from the start of the buffer to the end of the IP packet, by its
 *	own length field; link-layer padding lies behind it
 * @length: bytes of the IP packet with its header
 * @mark: skb mark; set by who calls
 * @priority: skb priority; set by who calls
 * @ct_mark: of its connection; set by who calls
 * @iif: name of the device that it came in by, NUL-terminated; NULL for local
 *	traffic; set by who calls
 * @oif: name of the device that it leaves by; NULL where not known
 * @ct_ends: of its connection's record; NULL where it has none, or none yet
 * @ct_tuple: then its own, if it has one, as it came; both set by who calls
 * @zero: what is 0 at first, all in one
 * @unknown: FWT_FIELD_BIT() of fields that were there once and were not kept
 *	(a packet rebuilt from a connection's record); a walk that asks for one
 *	ends with FWT_VERDICT_UNKNOWN
 */
struct fwt_packet {
	u32 have;
	u8 family;
	u8 protocol;
	u8 tos;
	u8 ttl;
	/* All of these are 0 where a header has not got them. */
	union {
		struct {
			u8 tcp_flags;
			u8 icmp_type;
			u8 icmp_code;
			u8 bad;
			u8 frag_more;
			u16 frag_off;
			u16 arp_op;
			u16 sport;
			u16 dport;
			u16 icmp_id;
			u16 tcp_window;
			u16 tcp_mss;
			u32 tcp_seq;
			u32 tcp_ack;
			u32 saddr[4];
			u32 daddr[4];
		};
		u64 zero[8];
	};
	u32 l3;
	u32 l4;
	u32 payload;
	u32 end;
	u32 length;
	u8 ct_state;
	u8 ct_status;
	u8 ct_direction;
	u8 pkttype;
	u8 hook;
	u16 ether_type;
	u16 vlan_tci;
	u8 ether_saddr[6];
	u8 ether_daddr[6];
	u32 mark;
	u32 priority;
	u32 ct_mark;
	const char *iif;
	const char *oif;
	const struct fwt_ends *ct_ends;
	const struct fwt_tuple *ct_tuple;
	u64 unknown;
};

enum fwt_parse_from {
	FWT_PARSE_ETHER,	/* the buffer begins with an Ethernet header */
	FWT_PARSE_NETWORK,	/* with the network header; @ether_type is set */
};

/**
 * fwt_packet_parse() - read headers
 * @p: filled in: all but what "set by who calls" names, which is left as it is.
 *	With FWT_PARSE_NETWORK the Ethernet fields and @ether_type are left, too,
 *	and @have keeps FWT_HAVE_ETHER and FWT_HAVE_VLAN
 * @data: the first bytes of the packet
 * @len: bytes at @data that may be read
 * @total: bytes that the packet has, @len of which are at @data
 * @from: where @data begins
 *
 * Nothing outside @data is read. A packet that is bad (cut off, lengths that
 * lie, headers without end) is parsed as far as it is good, @bad says what was
 * found.
 *
 * Return: 0, or a number greater than @len: so many bytes are to be at @data
 * for the headers to be read, and the packet has them; call again.
 */
int fwt_packet_parse(struct fwt_packet *p, const u8 *data, u32 len, u32 total,
		     enum fwt_parse_from from);

/* Is it a group's address, or everybody's on a link: nobody has it alone. @addr: as
 * in struct fwt_packet.
 */
static inline bool fwt_packet_to_group(u8 family, const u32 *addr)
{
	if (family == 6)
		return addr[0] >> 24 == 0xff;
	return addr[0] >> 28 == 0xe || addr[0] == 0xffffffff;
}

/* Is it 0.0.0.0 or "::", which no host has. */
static inline bool fwt_packet_to_nobody(u8 family, const u32 *addr)
{
	return !(family == 6 ? addr[0] | addr[1] | addr[2] | addr[3] : addr[0]);
}

/**
 * struct fwt_quote - the packet that an ICMP error quotes
 * @p: what of it could be read; its offsets count from the start of the outer
 *	buffer. Only TCP's ports and sequence need be there (8 bytes)
 * @avail: bytes from the start of the outer buffer to the end of the quote,
 *	without RFC 4884 extensions
 */
struct fwt_quote {
	struct fwt_packet p;
	u32 avail;
};

/**
 * fwt_packet_quote() - read the packet inside an ICMP or ICMPv6 error
 * @p: the outer packet, FWT_HAVE_ICMP_ERROR
 * @q: filled in
 * @data: as in fwt_packet_parse()
 * @len: likewise
 * @total: likewise
 *
 * Return: 0; a number greater than @len, as fwt_packet_parse(); -EINVAL where
 * the quote has no addresses and ports.
 */
int fwt_packet_quote(const struct fwt_packet *p, struct fwt_quote *q,
		     const u8 *data, u32 len, u32 total);

/**
 * struct fwt_tcp_options - of a TCP header what connection tracking needs
 * @sack_perm: SACK permitted
 * @has_wscale: window scale option is there
 * @wscale: shift, at most 14 (RFC 7323)
 * @mss: 0 where there is none
 * @sack_edge: the highest right edge of the SACK blocks
 * @has_sack: there is one
 */
struct fwt_tcp_options {
	bool sack_perm;
	bool has_wscale;
	bool has_sack;
	u8 wscale;
	u16 mss;
	u32 sack_edge;
};

/**
 * fwt_packet_tcp_options() - read the options of a TCP header
 * @p: packet with FWT_HAVE_TCP
 * @data: the buffer that it was parsed from; the TCP header is whole in it
 * @o: filled in. Options cut off end the list
 */
void fwt_packet_tcp_options(const struct fwt_packet *p, const u8 *data,
			    struct fwt_tcp_options *o);

#endif /* FWT_CORE_PACKET_H */
