/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Choosing translations: an address of a range, and ports to try.
 */
#ifndef FWT_CORE_NAT_H
#define FWT_CORE_NAT_H

#include "tuple.h"
#include "fwtree_program.h"

/**
 * fwt_nat_addr() - the address that a translation takes from its range
 * @m: FWT_MOD_SNAT or FWT_MOD_DNAT
 * @p: packet; with FWT_MOD_PERSISTENT the choice is a function of its source
 *	alone (dnat) or of its source (snat), else of @seed too
 * @seed: of the connection
 * @addr: four words, filled in; IPv4 in the first
 */
void fwt_nat_addr(const struct fwt_prog_mod *m, const struct fwt_packet *p,
		  u32 seed, u32 *addr);

/**
 * fwt_nat_dport() - the port that DNAT leads to
 * @m: FWT_MOD_DNAT with FWT_MOD_PORTS
 * @p: packet
 * @seed: of the connection
 *
 * Equal port ranges map one to one: where the rule matches a range of as many
 * ports, the compiler leaves the first one of it in @m->a, and the port is as
 * far from @m->port_lo as the packet's is from that. Without it (0), a port that
 * lies in the range stays as it is. All others, and all with FWT_MOD_RANDOM, are
 * spread over the range as addresses are.
 *
 * Return: host byte order.
 */
u16 fwt_nat_dport(const struct fwt_prog_mod *m, const struct fwt_packet *p,
		  u32 seed);

/**
 * struct fwt_port_search - ports of a range, in the order to be tried
 *
 * Some at random (none where the range is no larger than that), then all of them
 * once from a random one on: every free port is found, and the search ends
 * after FWT_PORT_TRIES_RANDOM and the size of the range (R1, R2). A port that is
 * preferred, the source's own say, the caller tries first.
 */
struct fwt_port_search {
	u16 lo;
	u16 hi;
	u16 start;	/* the next one in order */
	u32 random;	/* still to be tried at random */
	u32 left;	/* still to be tried in order */
	u32 state;	/* of the generator */
};

#define FWT_PORT_TRIES_RANDOM	16

/**
 * fwt_port_search_init() - begin
 * @s: filled in
 * @lo: first port, host byte order
 * @hi: last port
 * @random: 32 random bits
 */
void fwt_port_search_init(struct fwt_port_search *s, u16 lo, u16 hi, u32 random);

/**
 * fwt_port_search_next() - the next port to try
 * @s: search
 * @port: host byte order
 *
 * Return: false when all were tried.
 */
bool fwt_port_search_next(struct fwt_port_search *s, u16 *port);

#endif /* FWT_CORE_NAT_H */
