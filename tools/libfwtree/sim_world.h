/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Addresses and routes of the simulated machine: what routing, and a walk, ask.
 * Addresses are words as in struct fwt_packet.
 */
#ifndef FWT_SIM_WORLD_H
#define FWT_SIM_WORLD_H

#include "os.h"

struct sim_address {
	u8 family;
	u8 plen;
	u32 addr[4];
	char dev[16];
};

enum sim_route_type {
	SIM_ROUTE_UNICAST,
	SIM_ROUTE_LOCAL,
	SIM_ROUTE_BROADCAST,
	SIM_ROUTE_MULTICAST,
	SIM_ROUTE_UNREACHABLE,
	SIM_ROUTE_NONE,
};

struct sim_route {
	u8 family;
	u8 plen;
	u8 type;
	bool has_via;
	u32 addr[4];
	u32 via[4];
	u32 metric;
	char dev[16];
};

struct sim_world {
	struct sim_address *address;
	u32 n_addresses;
	struct sim_route *route;
	u32 n_routes;
	bool said;		/* an address or a route was named */
};

int sim_world_init(struct sim_world *w);
void sim_world_clean(struct sim_world *w);

/**
 * sim_world_line() - "address A/LEN dev IF", "route ..."
 * @w: world
 * @line: statement
 * @error: told what is wrong
 * @size: of @error
 * @column: set to where, from 1
 *
 * Return: 0 or -1.
 */
int sim_world_line(struct sim_world *w, const char *line, char *error, size_t size,
		   int *column);

/**
 * sim_route_find() - where does a destination lead
 * @w: world
 * @family: 4 or 6
 * @daddr: destination
 * @dev: NULL; of a link-local destination, the link
 * @r: filled in: type, device, next hop where there is one
 */
void sim_route_find(const struct sim_world *w, u8 family, const u32 *daddr, const char *dev,
		    struct sim_route *r);

bool sim_has_address(const struct sim_world *w, const char *dev, u8 family,
		     const u32 *addr, bool subnet);
bool sim_world_names(const struct sim_world *w, const char *dev);

#endif /* FWT_SIM_WORLD_H */
