/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The routing logic unit: what routing would do with a packet, as fields.
 *
 * A walk asks by the fields "route ..." (field.h), of the packet as it is then:
 * with the addresses, ports and mark that the modifiers before have given it.
 * Who answers is outside (env.h): the routing tables of the kernel, or the table
 * that a test file describes. What does not depend on any table is decided here,
 * so that both say the same: groups and broadcasts, and sources that no table
 * leads back to.
 */
#ifndef FWT_CORE_RLU_H
#define FWT_CORE_RLU_H

#include "os.h"
#include "fwtree_program.h"

struct fwt_packet;
struct fwt_env;

/* What is "route type", and the values of that field. */
enum fwt_route_type {
	FWT_ROUTE_NONE,		/* no route leads there */
	FWT_ROUTE_LOCAL,	/* to this machine */
	FWT_ROUTE_UNICAST,	/* to another one */
	FWT_ROUTE_BROADCAST,
	FWT_ROUTE_MULTICAST,
	FWT_ROUTE_UNREACHABLE,	/* a route says: unreachable, prohibited, blackhole */
	__FWT_ROUTE_MAX,
};

#define FWT_ROUTE_NAME	16	/* IFNAMSIZ */

/* What is asked: each is a look-up, and has its own room in a memory. */
enum fwt_route_ask {
	FWT_ROUTE_FORWARD,	/* @type, @oif and @nexthop of the packet */
	FWT_ROUTE_SOURCE,	/* the same, and @saddr */
	FWT_ROUTE_REVERSE,	/* @oif of an answer to it */
	__FWT_ROUTE_ASK_MAX,
};

/**
 * struct fwt_route - an answer
 * @type: enum fwt_route_type
 * @oif: name of the interface that it leaves by; "lo" where it is for this
 *	machine; "" for none
 * @nexthop: the gateway; on a link the destination itself. Words as in struct
 *	fwt_packet, of the packet's family; 0 for none, and for an IPv6 gateway of
 *	an IPv4 packet
 * @saddr: the source that this machine would take for it; likewise
 */
struct fwt_route {
	u8 type;
	char oif[FWT_ROUTE_NAME];
	u32 nexthop[4];
	u32 saddr[4];
};

/**
 * struct fwt_rlu - the answers that a walk was given; void after a modifier that
 *	changes what routing looks at
 * @have: bits, 1 << enum fwt_route_ask
 * @answer: by enum fwt_route_ask
 */
struct fwt_rlu {
	u32 have;
	struct fwt_route answer[__FWT_ROUTE_ASK_MAX];
};

/**
 * fwt_rlu_get() - the value of a field that routing answers
 * @p: packet
 * @env: who is asked; NULL, or without an answer: there is no route
 * @field: one of FWT_FIELDS_ROUTE
 * @out: at least four words
 *
 * Return: the words written, 0 where the packet is not IP.
 */
int fwt_rlu_get(const struct fwt_packet *p, const struct fwt_env *env,
		unsigned int field, u32 *out);

#endif /* FWT_CORE_RLU_H */
