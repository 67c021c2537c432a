/* SPDX-License-Identifier: GPL-2.0 */
/* Maps of the ports that are taken towards a destination: within bind.c. */
#ifndef FWT_PORTS_H
#define FWT_PORTS_H

#include "conn.h"

/* Ports that are taken towards one destination.
 * @key: of the address N, the end S, the protocol and scope
 * @shown: the same without S: of what mappings are
 * @used: jiffies
 * @cursor: where checking goes on
 * @taken: a bit for each port, 8 KiB, apart, for they fill two pages
 */
struct fwt_ports {
	u64 key;
	u64 shown;
	u32 used;
	u16 cursor;
	struct rcu_head rcu;
	unsigned long *taken;
};

/**
 * fwt_ports_get() - the map of a destination
 * @c: connection towards it
 * @n: the end N, of which the address counts
 * @scope: of the VRF that the port is to be free in
 * @make: make one where there is none, and a place for it
 *
 * Context: RCU read lock.
 * Return: the map, or NULL.
 */
struct fwt_ports *fwt_ports_get(const struct fwt_conn *c, const struct fwt_end *n, u32 scope,
				bool make);

#endif /* FWT_PORTS_H */
