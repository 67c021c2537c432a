/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packets for tests, from a description.
 *
 * Checksums are summed over everything, word by word, without any cleverness:
 * what the core gets by difference is held against these. A packet that is to
 * come out of a translation is built from a description with the other ends,
 * and has to be the same in every byte.
 *
 *	struct pkt k;
 *
 *	pkt_build(&k, &(struct pkt_spec){
 *		.family = 4, .saddr = { 0x0a000001 }, .daddr = { 0x08080808 },
 *		.protocol = 17, .sport = 1000, .dport = 53, .payload_len = 20,
 *	});
 */
#ifndef FWT_TESTS_PKT_H
#define FWT_TESTS_PKT_H

#include "os.h"

#define PKT_MAX		66000
#define PKT_EXT_MAX	12

/**
 * struct pkt_ext - an IPv6 extension header
 * @type: 0, 43, 60 or 51, or any other that looks like them
 * @len: its length field (units of 8 bytes less one, for 51 of 4 less two)
 * @left: of a routing header, segments left; its address is the last one, and
 *	is made up (@len is at least 2 then)
 */
struct pkt_ext {
	u8 type;
	u8 len;
	u8 left;
};

/**
 * struct pkt_spec - what a packet is to be; all that is left out is zero
 *
 * Numbers are in host byte order, addresses words as in struct fwt_packet.
 */
struct pkt_spec {
	/* link layer, if @ether */
	bool ether;
	u8 ether_saddr[6];
	u8 ether_daddr[6];
	u8 n_vlan;
	u16 vlan_type[3];	/* 0: 0x8100 */
	u16 vlan_tci[3];
	u16 ether_type;		/* of neither IP nor ARP */

	bool arp;
	u16 arp_op;

	/* network layer */
	u8 family;		/* 4, 6, or 0 */
	u32 saddr[4];
	u32 daddr[4];
	u8 tos;
	u8 ttl;			/* 0: 64 */
	u16 ip_id;
	u8 ip_options;		/* bytes, a multiple of 4 */
	u8 n_ext;
	struct pkt_ext ext[PKT_EXT_MAX];
	bool frag;		/* a fragment: the bytes @frag_off up to */
	u16 frag_off;		/* @frag_off + @frag_len of the packet */
	u16 frag_len;		/* 0: to its end */
	bool frag_more;

	/* transport layer */
	u8 protocol;
	u16 sport;
	u16 dport;
	u8 tcp_flags;
	u32 tcp_seq;
	u32 tcp_ack;
	u16 tcp_window;
	u8 tcp_options[40];
	u8 n_tcp_options;	/* a multiple of 4 */
	u8 icmp_type;
	u8 icmp_code;
	u16 icmp_id;		/* bytes 4 and 5, also where they are no id */
	u16 icmp_seq;		/* bytes 6 and 7 */
	u16 cover;		/* UDP-Lite: bytes that are summed, 0 all */
	u8 cscov;		/* DCCP */
	bool no_check;		/* UDP: without checksum */
	u16 surplus;		/* UDP: bytes behind the datagram, in the IP packet (RFC 9868) */
	bool partial;		/* the folded sum of the pseudo header in its place */

	/* what it carries: @payload, or @payload_len bytes made up of @seed; or
	 * the first @quote_len bytes (0: all) of the IP packet @quote, with
	 * @extensions as RFC 4884 has it: an object, and @ext_more longer ones;
	 * @ext_unsaid: without a length, as before that; @quote_units: the length
	 * that is said, true or not
	 */
	const u8 *payload;
	u32 payload_len;
	u32 seed;
	const struct pkt_spec *quote;
	u32 quote_len;
	bool extensions;
	bool ext_unsaid;
	u8 ext_more;
	bool quote_damaged;	/* its IPv4 header has a wrong checksum */
	u8 quote_units;

	u32 padding;		/* bytes behind the IP packet */
};

/**
 * struct pkt - a packet
 * @len: bytes in @data
 * @l3: offset of the network header
 * @l4: offset of the transport header, or of a fragment's bytes
 * @end: offset of the end of the IP packet
 * @data: the bytes
 */
struct pkt {
	u32 len;
	u32 l3;
	u32 l4;
	u32 end;
	u8 data[PKT_MAX];
};

/**
 * pkt_build() - make a packet
 * @k: filled in
 * @s: what it is to be
 *
 * Aborts where it does not fit.
 */
void pkt_build(struct pkt *k, const struct pkt_spec *s);

/**
 * pkt_sum() - the ones' complement sum of @len bytes, added to @sum and folded
 * @sum: to begin with, 0
 * @data: bytes; the first one is the high half of a word
 * @len: how many
 */
u16 pkt_sum(u16 sum, const u8 *data, u32 len);

/**
 * pkt_random() - the next number of a generator (xorshift32)
 * @state: not 0
 */
u32 pkt_random(u32 *state);

/**
 * pkt_random_spec() - any well-formed IP packet with a transport header
 * @s: filled in; without a quote. Not a later fragment
 * @state: of the generator
 */
void pkt_random_spec(struct pkt_spec *s, u32 *state);

#endif /* FWT_TESTS_PKT_H */
