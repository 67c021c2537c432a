/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The end N that a server is to see: which ports are free; see bind.c.
 */
#ifndef FWT_BIND_H
#define FWT_BIND_H

#include "conn.h"

/**
 * struct fwt_bind - what a connection is to be bound to
 * @out: interface that it leaves by, or NULL
 * @end: address, and the port where @keep
 * @keep: try that port first
 * @again: else this one first, if it is of the range: that of the connection which it begins
 *	anew; or 0
 * @low: no range was written: a client's port below 1024 is given another one below 1024
 *	while there is one, and only then one of @lo to @hi
 * @lo: first port of the range to choose from, 0: none
 * @hi: last port
 * @range: where @end is one address of several, the modifier whose they are: the
 *	next ones are tried when this one is full; else NULL
 * @mapped: with the port that its client has towards others (mapping.h); another
 *	one only where that is not to be had for this destination
 * @opens: it begins with a SYN, and
 * @seq: its sequence: it may take over a port that rests (R14)
 * @apart: with another port than the client's, see fwt_conn_apart()
 * @hairpin: before egress is asked, see hairpin.h
 * @across: it leaves by another VRF, and
 * @scope: that one is the one that its port is to be free in (across.h)
 * @hash_cs: where it is led elsewhere: fwt_hash_pair() of its pair C-S, if that is known
 *	already; else 0
 * @own: @end is known to be of this machine: of @out, masqueraded; else it is asked
 */
struct fwt_bind {
	const struct net_device *out;
	struct fwt_end end;
	bool keep;
	bool mapped;
	bool opens;
	bool apart;
	bool low;
	bool hairpin;
	bool across;
	bool own;
	u16 lo;
	u16 hi;
	u16 again;
	u32 seq;
	u32 scope;
	u64 hash_cs;
	const struct fwt_prog_mod *range;
};

/* The ports of a connection that has some: those that the modifier @m names; where there is
 * no such one, or it names none, those of the options.
 */
void fwt_bind_ports(struct fwt_bind *b, const struct fwt_prog_mod *m,
		    const struct fwt_options *opt);

/**
 * fwt_bind_source() - give it the end N
 * @c: connection in the hash, egress undecided; its flag FWT_CONN_MAPPED is set
 *	where it counts in a mapping
 * @b: where to
 *
 * Looks up some 1024 ports at most, whatever the range; never waits. One that is linked
 * by S-N already keeps its N, or is refused where that is not what is asked for.
 *
 * Context: under @c->lock.
 * Return: 0; -EADDRINUSE where no port was found; -ENOSPC where one was free, and the hash
 * had no place for it (fwt_hash_insert()); -ENOMEM, -EBUSY.
 */
int fwt_bind_source(struct fwt_conn *c, const struct fwt_bind *b);

/* A translated connection is out of the hash: its port is free, in the VRF @scope that
 * it was seen in; with @mapped the mapping that it counts in, if any, is that VRF's.
 */
void fwt_bind_release(const struct fwt_conn *c, u32 scope, bool mapped);

/* No inside socket has the port @port of the address @n any more (mapping.h): it is free
 * towards whomever it was not used.
 */
void fwt_bind_unmapped(struct fwt_net *fn, const u32 *n, u16 port, u32 scope, u8 protocol,
		       u8 family);

void fwt_bind_init(void);
void fwt_bind_net_clean(struct fwt_net *fn);

#endif /* FWT_BIND_H */
