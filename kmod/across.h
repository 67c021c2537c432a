/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Connections that come in by one VRF and leave by another one, or by none.
 *
 * A record is of the VRF that its first packet came in by (its scope), and stands in
 * the hash under pairs of that one. Where it leaves by another, what its server sees
 * and says, the pair S-N, is a pair of that other one, and stands in a table of its
 * own, here: answers are looked up there when the hash has nothing. Few machines lead
 * from VRF to VRF; the others pay one load a look-up for it, and no byte a record.
 *
 * Equal addresses in several VRFs are kept apart by this, too: S-N is unique in the
 * VRF that it is seen in, among its own connections and those that come there from
 * others, so ports are chosen by who has what there. Each table holds that for itself; of
 * the other one it is looked up first. Two that take the same pair at the very same time,
 * one from within the VRF and one from outside, both get it, and answers are of the one
 * from within, whose table is asked first, until it ends. To insert and then look again
 * would not do: a link of the hash that was taken back is not to be used anew before a
 * grace period is over (conn_hash.c), and the search for a port goes on at once.
 *
 * On its way from VRF P to VRF Q a packet is the client's, of a connection of P; or
 * it is an answer, of one of Q. Which, only its direction says (fwt_across_find()).
 */
#ifndef FWT_ACROSS_H
#define FWT_ACROSS_H

#include "conn.h"
#include "way.h"

/* The VRF that a first packet leaves by, as a scope; that of its record, where it stays
 * in it.
 */
u32 fwt_across_scope(const struct fwt_way *w);

/**
 * fwt_across_find() - a look-up in the hash, made complete
 * @w: way; fwt_track_find() has looked in the hash for it
 * @quoted: the tuple is that of a packet that an ICMP error quotes, on its way back
 */
void fwt_across_find(struct fwt_way *w, bool quoted);

/* Who has the pair S-N that @c would have in @scope, in the hash or here; NULL if
 * nobody. Under RCU, without a lock.
 */
struct fwt_conn *fwt_across_owner(const struct fwt_conn *c, u32 scope);

/**
 * fwt_across_link() - let a connection's answers be found in another VRF
 * @c: connection in the hash; its end N is set
 * @scope: of the VRF that it leaves by
 * @other: where the pair S-N is taken there: who has it
 *
 * Context: under @c->lock, RCU.
 * Return: 0; -EEXIST; -ENOMEM.
 */
int fwt_across_link(struct fwt_conn *c, u32 scope, struct fwt_conn **other);

/* They are not found any more: it is over. Returns the scope that they were in. */
u32 fwt_across_unlink(struct fwt_conn *c);

u64 fwt_across_memory(const struct fwt_net *fn);

int fwt_across_net_init(struct fwt_net *fn);
void fwt_across_net_clean(struct fwt_net *fn);

#endif /* FWT_ACROSS_H */
