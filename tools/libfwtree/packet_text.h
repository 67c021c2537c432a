/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A packet in words:
 *
 *	in|out IF PROTO SADDR[:SPORT] to|> DADDR[:DPORT] [WORD...]
 *	in|out IF arp request|reply [SADDR to DADDR] [WORD...]
 *
 * An IPv6 address with a port is in brackets. WORD: syn ack fin rst; seq N, ack N,
 * len N, ttl N, dscp N, mark N, type N, code N, id N, ipid N, frag OFFSET[+], vlan N,
 * ether MAC to MAC; of what starts here uid N, gid N, cgroup PATH: of whose socket it is.
 * TCP without a flag is a SYN; ICMP without a type is an echo request. ARP has of the
 * words vlan and ether.
 */
#ifndef FWT_PACKET_TEXT_H
#define FWT_PACKET_TEXT_H

#include "packet.h"

#define FWT_PACKET_SEQ		0x01
#define FWT_PACKET_ACK		0x02
#define FWT_PACKET_FLAGS	0x04
#define FWT_PACKET_LEN		0x08
#define FWT_PACKET_TYPE		0x10
#define FWT_PACKET_ID		0x20
#define FWT_PACKET_PORTS	0x40
#define FWT_PACKET_UID		0x80
#define FWT_PACKET_GID		0x100
#define FWT_PACKET_CGROUP	0x200
#define FWT_PACKET_OWNER	(FWT_PACKET_UID | FWT_PACKET_GID | FWT_PACKET_CGROUP)

/**
 * struct fwt_packet_text - a packet that was read
 * @p: it, as the parser of the core leaves one: all but hook and state. Its
 *	interface names lie here: it must not be moved
 * @name: of the interface
 * @out: started locally, and leaves by @name; else it comes in by it
 * @ip_id: what the fragments of one packet have in common; 1 where it was not said
 * @uid: of its socket, where it was said
 * @gid: likewise
 * @cgroup: likewise, its id
 * @said: FWT_PACKET_*: what was written, and is not what it is by itself
 */
struct fwt_packet_text {
	struct fwt_packet p;
	char name[16];
	bool out;
	u16 ip_id;
	u32 uid;
	u32 gid;
	u64 cgroup;
	u32 said;
};

/**
 * fwt_packet_read() - understand a packet
 * @t: filled in
 * @line: up to a newline or the end of the string
 * @error: filled in where it is none: what is wrong
 * @size: of @error
 *
 * Return: 0; else the column, from 1, where it goes wrong.
 */
int fwt_packet_read(struct fwt_packet_text *t, const char *line, char *error, size_t size);

/**
 * fwt_packet_owner() - answers for struct fwt_env_ops.owner
 * @t: a packet that starts here
 * @field: one of FWT_FIELDS_OWNER
 * @out: two words
 *
 * Return: words, 0 where it was not said.
 */
int fwt_packet_owner(const struct fwt_packet_text *t, unsigned int field, u32 *out);

#endif /* FWT_PACKET_TEXT_H */
