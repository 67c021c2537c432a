/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Choosing translations: an address of a range, and ports to try.
 */
#ifndef FWT_CORE_NAT_H
#define FWT_CORE_NAT_H

#include "tree.h"
#include "tuple.h"

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
 * fwt_nat_next() - the next address of a range
 * @m: FWT_MOD_SNAT with addresses
 * @first: the one that was tried first
 * @end: its address is changed: one on, the first of the range after the last
 *
 * Return: false where that is @first again.
 */
bool fwt_nat_next(const struct fwt_prog_mod *m, const struct fwt_end *first,
		  struct fwt_end *end);

/**
 * fwt_nat_netmap() - one prefix for another
 * @m: FWT_MOD_NETMAP
 * @addr: of the family of @m; changed: the prefix is that of @m, the rest stays
 *
 * Not checksum-neutral (RFC 6296): the sums that cover an address are updated as
 * by any translation, so there is no need to spend 16 bits of the address on it,
 * and who is ::10 inside is ::10 outside.
 */
void fwt_nat_netmap(const struct fwt_prog_mod *m, u32 *addr);

/**
 * fwt_nat_loopback() - where redirect leads what starts here
 * @family: 4 or 6
 * @addr: four words, filled in
 */
void fwt_nat_loopback(u8 family, u32 *addr);

/**
 * fwt_nat_source() - which side does a modifier translate
 * @m: a translation
 * @hook: enum fwt_hook: netmap is of the source in egress
 */
static inline bool fwt_nat_source(const struct fwt_prog_mod *m, u8 hook)
{
	return m->type == FWT_MOD_SNAT || m->type == FWT_MOD_MASQUERADE ||
	       (m->type == FWT_MOD_NETMAP && hook == FWT_HOOK_EGRESS);
}

static inline bool fwt_nat_is(const struct fwt_prog_mod *m)
{
	return m->type <= FWT_MOD_DNAT || m->type == FWT_MOD_REDIRECT ||
	       m->type == FWT_MOD_NETMAP || m->type == FWT_MOD_BALANCE;
}

/**
 * fwt_nat_allows() - would a translation still lead to where it led
 * @prog: program
 * @mod: the modifier that the first packet meets now
 * @p: that packet as the walk left it: with another choice, perhaps, of a range
 * @env: the world
 * @end: where the connection was led: S, or N for a translation of the source
 *
 * The choices that were made for a connection stay where the rules still allow
 * them: an address of the range, or of the interface; a port of the range.
 */
bool fwt_nat_allows(const struct fwt_program *prog, u32 mod,
		    const struct fwt_packet *p, const struct fwt_env *env,
		    const struct fwt_end *end);

/**
 * fwt_nat_dport() - the port that DNAT leads to
 * @m: FWT_MOD_DNAT or FWT_MOD_REDIRECT with FWT_MOD_PORTS
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
