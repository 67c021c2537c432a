/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cached routes, and what this CPU saw last.
 *
 * An established connection's packets are routed alike: the route that one of
 * them took is kept in the record, one each way, and the next one is given it at
 * PRE_ROUTING instead of asking the routing tables again. It is kept for one
 * interface, mark and type of service, and a packet that differs in one of them is
 * routed as ever. A route of IPv4 says itself when routing has changed (dst_check());
 * one of IPv6 only when its own place in its own table has. So of that the number of
 * the last change of any table or rule is kept, with the flow label in it where there
 * are rules; as it was before the packet was routed, for nobody knows how long it
 * waited after. What takes a way out without a change of it, by deleting a "throw" say,
 * IPv6 counts nowhere.
 *
 * A packet that was at PRE_ROUTING is recognized at POST_ROUTING without a look-up,
 * and if it was given its route without being parsed again: PRE_ROUTING notes,
 * on its CPU, which buffer it was, the route and the connection. The note holds no
 * reference on the connection, and may outlive the packet, the read section and
 * the connection: packets are dropped on the way, or wait in a queue for
 * userspace, and buffers are used again. So before a note's connection is looked
 * at, fwt_net.buried is asked, a few counts of connections that ended, by a hash
 * of their address: the note has the count of when the connection was seen alive,
 * and each end counts up before it hands the record to RCU. If the count is the
 * same now, the record's grace period had not begun when our read section did, or
 * we would see the count (that is what a grace period gives); so it waits for us.
 * If it is not the same, some connection ended, and the packet takes the long way.
 */
#ifndef FWT_ROUTE_H
#define FWT_ROUTE_H

#include "way.h"

/* At a first hook: what is noted for this buffer is of a former packet. */
void fwt_route_forget(const struct sk_buff *skb);

/**
 * fwt_route_give() - a packet leaves our first hook
 * @w: way, with @c: translated, its mark set
 *
 * Gives it the connection's route of its direction, if that holds; notes what it
 * is to be known by at POST_ROUTING.
 */
void fwt_route_give(struct fwt_way *w);

/**
 * fwt_route_recall() - is this a packet that was given its route
 * @w: way at POST_ROUTING, nothing parsed yet; @w->c, @w->dir and what
 *	fwt_route_read() wants are set
 *
 * Return: true if it is: TCP or UDP, with the ends that it was to have, of a
 * connection that is alive, by the policy in force and by its own interface.
 */
bool fwt_route_recall(struct fwt_way *w);

/**
 * fwt_route_known() - is the connection of a packet known from our first hook
 * @w: way at POST_ROUTING, parsed; @w->c and @w->dir are set
 *
 * Of a packet that was given no route, the first of a connection say.
 *
 * Return: true if it is: TCP or UDP, with the ends that it was to have, of a
 * connection that is alive.
 */
bool fwt_route_known(struct fwt_way *w);

/**
 * fwt_route_first() - is this the first packet of a connection, as it left our first hook
 * @w: way at POST_ROUTING, nothing parsed yet; @w->c, @w->dir and of @w->p the length are
 *	set, and what fwt_route_read() wants
 *
 * Return: true if it is: TCP or UDP, with the ends that it was to have, of a connection
 * that egress has not decided, that changes nothing else, by the policy in force.
 */
bool fwt_route_first(struct fwt_way *w);

/* What a translation wants of @w->p, of a packet that one of the two above knows. */
void fwt_route_read(struct fwt_way *w);

/* A packet of an established connection leaves POST_ROUTING: the route that it
 * took is kept, if it is one that can be.
 */
void fwt_route_learn(struct fwt_way *w);

/* The connection's packets of that direction come by another interface from now on, which
 * the caller then writes: the route is let go of, and none that was taken for the former
 * one is kept any more. Under @c->lock.
 */
void fwt_route_drop(struct fwt_conn *c, enum fwt_dir dir);

/* The record was marked dead, and is about to be handed to RCU. */
void fwt_route_bury(struct fwt_conn *c);

/* The record goes: with RCU grace over, or before anybody saw it. */
void fwt_route_release(struct fwt_conn *c);

/* Hooks of a namespace are gone, and whoever ran them is done: the notes go. */
void fwt_route_clean(const struct fwt_net *fn);

/* The last of PRE_ROUTING: who changed the mark, the type of service or the flow label
 * behind us wants another route, which is that packet's alone.
 */
unsigned int fwt_hook_routed(void *priv, struct sk_buff *skb,
			     const struct nf_hook_state *state);

#endif /* FWT_ROUTE_H */
