/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cached routes, and what this CPU saw last.
 *
 * An established connection's packets are routed alike: the route that one of
 * them took is kept in the record, one each way, and the next one is given it at
 * PRE_ROUTING instead of asking the routing tables again. A route that has
 * changed says so itself (dst_check()); it is kept for one interface, mark and
 * type of service, and a packet that differs in one of them is routed as ever.
 *
 * A packet that was given its route is recognized at POST_ROUTING without a
 * look-up. Why that is safe, though no reference is held on the connection: the
 * route is given without a reference, too (skb_dst_set_noref()). Such a route
 * must not be on a packet beyond the RCU read section in which it was set, and
 * whoever keeps the packet for longer (a queue to userspace, say) must make it a
 * reference first (skb_dst_force()). So if a packet still has, without a
 * reference, the very route that PRE_ROUTING has noted for it on this CPU, it is
 * in the same read section, and what was found there is alive.
 * The note is of this very packet, and not of one that had the same buffer
 * before, since each packet that passes a first hook clears the buffer's note.
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
 * Gives it the connection's route of its direction, if that holds; notes what is
 * wanted to learn it at POST_ROUTING if there is none.
 */
void fwt_route_give(struct fwt_way *w);

/**
 * fwt_route_recall() - is this a packet that was given its route
 * @w: way at POST_ROUTING, nothing parsed yet; of @w->p what a translation wants is
 *	set, and @w->c and @w->dir
 *
 * Return: true if it is: TCP or UDP, with the ends that it was to have, of a
 * connection that is alive, by the policy in force and by its own interface.
 */
bool fwt_route_recall(struct fwt_way *w);

/* A packet of an established connection leaves POST_ROUTING: the route that it
 * took is kept, if it is one that can be.
 */
void fwt_route_learn(struct fwt_way *w);

/* The record goes: with RCU grace over, or before anybody saw it. */
void fwt_route_release(struct fwt_conn *c);

/* Hooks of a namespace are gone, and whoever ran them is done: the notes go. */
void fwt_route_clean(const struct fwt_net *fn);

/* The last of PRE_ROUTING: who changed the mark or the type of service behind us
 * wants another route.
 */
unsigned int fwt_hook_routed(void *priv, struct sk_buff *skb,
			     const struct nf_hook_state *state);

#endif /* FWT_ROUTE_H */
