/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Endpoint-independent mappings (RFC 4787 REQ-1, RFC 5382 REQ-1): one outside port
 * for an inside socket, whatever it talks to.
 *
 * A mapping is the two ends C and N of one protocol. It is there while one of its
 * connections is, which count in it, and belongs to no other inside socket
 * meanwhile: other translations pass its port over, to whatever destination. What
 * comes in is found by its connection as ever: filtering is by address and port
 * (RFC 4787, REQ-8), and a stranger's packet to the outside port is a new one for
 * the policy; one of somebody inside may be led in, see hairpin.h.
 *
 * Bounded: each mapping has a connection, and those are. Both tables change under
 * fn->map_lock, which is taken by who makes or ends a connection with a mapping, and
 * inside the record's own lock; looking takes none.
 */
#ifndef FWT_MAPPING_H
#define FWT_MAPPING_H

#include "conn.h"

/**
 * fwt_mapping_get() - the port that a connection's client has already
 * @c: connection; C is set
 * @n: address of N; its port is set
 * @scope: of the VRF that N is seen in
 *
 * Return: true: there is a mapping, and the connection counts in it.
 */
bool fwt_mapping_get(const struct fwt_conn *c, struct fwt_end *n, u32 scope);

/**
 * fwt_mapping_add() - a new one
 * @c: connection; C and N are set, and N is linked next
 * @scope: of the VRF that N is seen in
 * @oif: that it leaves by, or would if it left, see hairpin.h
 *
 * Return: 0, and the connection counts in it; -EEXIST: its client has one by now;
 * -EADDRINUSE: another socket has N; -ENOMEM.
 */
int fwt_mapping_add(const struct fwt_conn *c, u32 scope, u32 oif);

/* The connection does not count in its mapping any more (@n: address of N, seen in
 * @scope); the last one ends it.
 */
void fwt_mapping_put(const struct fwt_conn *c, const struct fwt_end *n, u32 scope);

/**
 * fwt_mapping_behind() - which inside socket is shown by the end that a packet goes to
 * @fn: namespace
 * @t: the packet's tuple
 * @inside: set to its end; one of the same VRF
 * @oif: set to the interface that it is shown at
 *
 * Context: RCU.
 * Return: false if none is.
 */
bool fwt_mapping_behind(struct fwt_net *fn, const struct fwt_tuple *t,
			struct fwt_end *inside, u32 *oif);

/**
 * fwt_mapping_join() - a connection to a mapping's outside end counts in that, too
 * @c: connection that nobody has found yet; V is the outside end, S the inside one
 *
 * Return: false if they are not any more.
 */
bool fwt_mapping_join(struct fwt_conn *c);

/* It does not any more. */
void fwt_mapping_leave(const struct fwt_conn *c);

/**
 * fwt_mapping_taken() - has another socket than the connection's own a mapping
 * @c: connection
 * @n: to this end
 * @scope: in this VRF
 * @but: one that is about to end, which does not count; or NULL
 *
 * Context: RCU.
 */
bool fwt_mapping_taken(const struct fwt_conn *c, const struct fwt_end *n, u32 scope,
		       const struct fwt_conn *but);

u64 fwt_mappings_memory(const struct fwt_net *fn);

int fwt_mappings_net_init(struct fwt_net *fn);
void fwt_mappings_net_clean(struct fwt_net *fn);
int fwt_mapping_cache_init(void);
void fwt_mapping_cache_clean(void);

#endif /* FWT_MAPPING_H */
