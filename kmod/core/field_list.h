/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fields that a program can ask for, in one list: compiler, verifier and
 * walk all read it.
 *
 * X(ID, "as written", words, words6, bits, hooks)
 *
 * A value is @words words of 32 bits in host byte order, the most significant
 * first (@words6 in an IPv6 packet, where addresses are longer). @bits is the
 * width of the value of one word, else 32. @hooks are those where the field can
 * be there at all; a program that asks for it elsewhere is refused.
 *
 * Values: interface names are the 16 bytes of the name, zero padded, read as
 * four big-endian words, so that "wg*" is a range; "none" (local traffic) is
 * all zeroes. MAC addresses are two words, 16 and 32 bits. family is 4 or 6.
 * pkttype: enum fwt_pkttype. ct state: enum fwt_ct_state. ct status: 0 none, 1
 * snat, 2 both, 3 dnat, so that each word is a range. fragment: 0 whole, 1 first,
 * 2 later. tcp flags: the low eight bits, FIN is 1. dscp: six bits. route type:
 * enum fwt_route_type; of the other route fields all zeroes is "none". cgroup: its
 * id of 64 bits.
 * ct direction: 0 original, 1 reply. The ct fields but state and status are there
 * where there is a connection: not of what is invalid or untracked.
 */
#ifndef FWT_CORE_FIELD_LIST_H
#define FWT_CORE_FIELD_LIST_H

#include "../../uapi/linux/fwtree_program.h"

#define FWT_HOOKS_L2 (FWT_HOOKS_DEV | FWT_HOOK_BIT(FWT_HOOK_INGRESS))

#define FWT_FIELDS(X) \
	X(IIF, "iif", 4, 4, 32, FWT_HOOKS_INET | FWT_HOOK_BIT(FWT_HOOK_DEV_INGRESS)) \
	X(OIF, "oif", 4, 4, 32, FWT_HOOK_BIT(FWT_HOOK_EGRESS) | FWT_HOOK_BIT(FWT_HOOK_DEV_EGRESS)) \
	X(ETHER_SADDR, "ether saddr", 2, 2, 32, FWT_HOOKS_L2) \
	X(ETHER_DADDR, "ether daddr", 2, 2, 32, FWT_HOOKS_L2) \
	X(ETHER_TYPE, "ether type", 1, 1, 16, FWT_HOOKS_L2) \
	X(VLAN_ID, "vlan id", 1, 1, 12, FWT_HOOKS_L2) \
	X(VLAN_PCP, "vlan pcp", 1, 1, 3, FWT_HOOKS_L2) \
	X(ARP_OP, "arp op", 1, 1, 16, FWT_HOOKS_DEV) \
	X(ARP_SADDR, "arp saddr", 1, 1, 32, FWT_HOOKS_DEV) \
	X(ARP_DADDR, "arp daddr", 1, 1, 32, FWT_HOOKS_DEV) \
	X(PKTTYPE, "pkttype", 1, 1, 3, FWT_HOOKS_ALL) \
	X(FAMILY, "family", 1, 1, 4, FWT_HOOKS_ALL) \
	X(SADDR, "saddr", 1, 4, 32, FWT_HOOKS_ALL) \
	X(DADDR, "daddr", 1, 4, 32, FWT_HOOKS_ALL) \
	X(IP_SADDR, "ip saddr", 1, 1, 32, FWT_HOOKS_ALL) \
	X(IP_DADDR, "ip daddr", 1, 1, 32, FWT_HOOKS_ALL) \
	X(IP6_SADDR, "ip6 saddr", 4, 4, 32, FWT_HOOKS_ALL) \
	X(IP6_DADDR, "ip6 daddr", 4, 4, 32, FWT_HOOKS_ALL) \
	X(PROTOCOL, "protocol", 1, 1, 8, FWT_HOOKS_ALL) \
	X(DSCP, "dscp", 1, 1, 6, FWT_HOOKS_ALL) \
	X(TTL, "ttl", 1, 1, 8, FWT_HOOKS_ALL) \
	X(LENGTH, "length", 1, 1, 32, FWT_HOOKS_ALL) \
	X(FRAGMENT, "fragment", 1, 1, 2, FWT_HOOKS_ALL) \
	X(SPORT, "sport", 1, 1, 16, FWT_HOOKS_ALL) \
	X(DPORT, "dport", 1, 1, 16, FWT_HOOKS_ALL) \
	X(TCP_SPORT, "tcp sport", 1, 1, 16, FWT_HOOKS_ALL) \
	X(TCP_DPORT, "tcp dport", 1, 1, 16, FWT_HOOKS_ALL) \
	X(UDP_SPORT, "udp sport", 1, 1, 16, FWT_HOOKS_ALL) \
	X(UDP_DPORT, "udp dport", 1, 1, 16, FWT_HOOKS_ALL) \
	X(TCP_FLAGS, "tcp flags", 1, 1, 8, FWT_HOOKS_ALL) \
	X(TCP_SEQ, "tcp seq", 1, 1, 32, FWT_HOOKS_ALL) \
	X(TCP_ACK, "tcp ack", 1, 1, 32, FWT_HOOKS_ALL) \
	X(TCP_WINDOW, "tcp window", 1, 1, 16, FWT_HOOKS_ALL) \
	X(TCP_OPTION_MSS, "tcp option mss", 1, 1, 16, FWT_HOOKS_ALL) \
	X(ICMP_TYPE, "icmp type", 1, 1, 8, FWT_HOOKS_ALL) \
	X(ICMP_CODE, "icmp code", 1, 1, 8, FWT_HOOKS_ALL) \
	X(ICMP_ID, "icmp id", 1, 1, 16, FWT_HOOKS_ALL) \
	X(ICMPV6_TYPE, "icmpv6 type", 1, 1, 8, FWT_HOOKS_ALL) \
	X(ICMPV6_CODE, "icmpv6 code", 1, 1, 8, FWT_HOOKS_ALL) \
	X(ICMPV6_ID, "icmpv6 id", 1, 1, 16, FWT_HOOKS_ALL) \
	X(CT_STATE, "ct state", 1, 1, 3, FWT_HOOKS_INET) \
	X(MARK, "mark", 1, 1, 32, FWT_HOOKS_ALL) \
	X(PRIORITY, "priority", 1, 1, 32, FWT_HOOKS_ALL) \
	X(CT_STATUS, "ct status", 1, 1, 2, FWT_HOOKS_INET) \
	X(ROUTE_OIF, "route oif", 4, 4, 32, FWT_HOOKS_INET) \
	X(ROUTE_TYPE, "route type", 1, 1, 3, FWT_HOOKS_INET) \
	X(ROUTE_NEXTHOP, "route nexthop", 1, 4, 32, FWT_HOOKS_INET) \
	X(ROUTE_SADDR, "route saddr", 1, 4, 32, FWT_HOOKS_INET) \
	X(ROUTE_REVERSE, "route reverse", 4, 4, 32, FWT_HOOKS_INET) \
	X(UID, "uid", 1, 1, 32, FWT_HOOK_BIT(FWT_HOOK_EGRESS)) \
	X(GID, "gid", 1, 1, 32, FWT_HOOK_BIT(FWT_HOOK_EGRESS)) \
	X(CGROUP, "cgroup", 2, 2, 32, FWT_HOOK_BIT(FWT_HOOK_EGRESS)) \
	X(CT_DIRECTION, "ct direction", 1, 1, 1, FWT_HOOKS_INET) \
	X(CT_MARK, "ct mark", 1, 1, 32, FWT_HOOKS_INET) \
	X(CT_ORIGINAL_SADDR, "ct original saddr", 1, 4, 32, FWT_HOOKS_INET) \
	X(CT_ORIGINAL_DADDR, "ct original daddr", 1, 4, 32, FWT_HOOKS_INET) \
	X(CT_ORIGINAL_PROTOCOL, "ct original protocol", 1, 1, 8, FWT_HOOKS_INET) \
	X(CT_ORIGINAL_SPORT, "ct original sport", 1, 1, 16, FWT_HOOKS_INET) \
	X(CT_ORIGINAL_DPORT, "ct original dport", 1, 1, 16, FWT_HOOKS_INET)

enum fwt_field {
#define FWT_FIELD_ENUM(id, name, w, w6, bits, hooks) FWT_FIELD_##id,
	FWT_FIELDS(FWT_FIELD_ENUM)
#undef FWT_FIELD_ENUM
	__FWT_FIELD_MAX,
};

#endif /* FWT_CORE_FIELD_LIST_H */
