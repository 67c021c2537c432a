/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A routing table to simulate with: what a test file says of it.
 *
 *	route PREFIX [via ADDR] [dev IF] [type TYPE] [src ADDR] [mark N] [mtu N] [vrf VRF]
 *	address ADDR[/LEN] dev IF
 *	link IF [mtu N] [vrf VRF]
 *
 * PREFIX is an address with or without length, or "default": that of the family
 * of its "via", without one of both. TYPE is a word of "route type", but none and
 * multicast; unicast where it is left out. The longest prefix counts, of equal ones
 * the first written. A route with a mark is there for packets with that mark alone,
 * and comes before all those without, as a table does that "ip rule fwmark" leads
 * to.
 *
 * An address is one of this machine's. It brings along what the kernel adds to its
 * tables with it: itself as a local route, the subnet as a route to its link, the
 * subnet's broadcast address. An IPv6 one brings the link-local subnet, too. Those of
 * 127.0.0.0/8 and ::1 are always there, on lo.
 *
 * A link has an MTU of 1500 where nothing else is said, lo one of 65536; a route with an
 * MTU of its own goes no further than that.
 *
 * A link that is in a VRF brings its addresses and routes into that, and what comes in
 * by it, or leaves by it, is led by those and no others. A route may be in another VRF
 * than its link is, "none" for in none: from one to the other it leads.
 *
 * What goes to a link-local address of IPv6, and to nobody of this machine, goes to
 * the link that it came from or was to leave by, whatever else is in the table.
 */
#ifndef FWT_MOCK_ROUTE_H
#define FWT_MOCK_ROUTE_H

#include "program.h"
#include "env.h"
#include "packet.h"

/**
 * struct fwt_mock_entry - a route, or an address
 * @family: 4 or 6
 * @type: enum fwt_route_type
 * @plen: bits of @addr that count; of an address, those of its subnet
 * @has_via: @via is set
 * @has_src: @src is set
 * @has_mark: @mark is set
 * @mark: of packets
 * @mtu: of the way; 0: that of the link
 * @dev: interface, or ""
 * @vrf: of a link its VRF, of a route that it is in, if it says so; else ""
 * @addr: words as in struct fwt_packet
 * @via: likewise: the gateway
 * @src: likewise: the source that this machine takes for it
 */
struct fwt_mock_entry {
	u8 family;
	u8 type;
	u8 plen;
	bool has_via;
	bool has_src;
	bool has_mark;
	u32 mark;
	u32 mtu;
	char dev[FWT_ROUTE_NAME];
	char vrf[FWT_ROUTE_NAME];
	u32 addr[4];
	u32 via[4];
	u32 src[4];
};

/**
 * struct fwt_mock_routes - the tables
 * @route: of struct fwt_mock_entry
 * @address: likewise
 * @link: likewise: @dev, @mtu and @vrf alone
 */
struct fwt_mock_routes {
	struct fwt_vec route;
	struct fwt_vec address;
	struct fwt_vec link;
};

void fwt_mock_routes_init(struct fwt_mock_routes *m);
void fwt_mock_routes_clean(struct fwt_mock_routes *m);

/** fwt_mock_link_mtu() - what was said of a link; 0 for nothing */
u32 fwt_mock_link_mtu(const struct fwt_mock_routes *m, const char *dev);

/** fwt_mock_link_vrf() - in which VRF it is; "" for none */
const char *fwt_mock_link_vrf(const struct fwt_mock_routes *m, const char *dev);

/** fwt_mock_route_mtu() - of the route that a packet goes by; 0 where it has none */
u32 fwt_mock_route_mtu(const struct fwt_mock_routes *m, const struct fwt_packet *p);

/**
 * fwt_mock_routes_line() - add what a line of a test file says
 * @m: tables
 * @line: "route ...", "address ..." or "link ...", a comment behind "#" is left out
 * @error: what is wrong with it
 * @size: of @error
 *
 * Return: 0; -EINVAL where @error says why; -ENOMEM.
 */
int fwt_mock_routes_line(struct fwt_mock_routes *m, const char *line, char *error,
			 size_t size);

/* What the line is read into, for those who have no line. Return 0 or -ENOMEM. */
int fwt_mock_route_add(struct fwt_mock_routes *m, const struct fwt_mock_entry *e);
int fwt_mock_address_add(struct fwt_mock_routes *m, const struct fwt_mock_entry *e);

/**
 * fwt_mock_route() - struct fwt_env_ops.route, from these tables
 * @m: tables
 * @p: packet
 * @what: what is asked
 * @r: all zeroes; the answer
 */
void fwt_mock_route(const struct fwt_mock_routes *m, const struct fwt_packet *p,
		    enum fwt_route_ask what, struct fwt_route *r);

/* The same for the other questions that addresses answer. */
bool fwt_mock_ifaddr(const struct fwt_mock_routes *m, const char *ifname, u8 family,
		     const u32 *addr, bool subnet);
bool fwt_mock_source(const struct fwt_mock_routes *m, const struct fwt_packet *p, u32 *addr);
bool fwt_mock_local(const struct fwt_mock_routes *m, const char *ifname,
		    const struct fwt_packet *p, u32 *addr);

/**
 * struct fwt_mock_route_env - surroundings that are these tables and nothing else
 * @env: hand this to fwt_walk()
 * @routes: the tables
 */
struct fwt_mock_route_env {
	struct fwt_env env;
	const struct fwt_mock_routes *routes;
	struct fwt_rlu rlu;
};

void fwt_mock_route_env_init(struct fwt_mock_route_env *env, const struct fwt_mock_routes *m,
			     u32 seed);

#endif /* FWT_MOCK_ROUTE_H */
