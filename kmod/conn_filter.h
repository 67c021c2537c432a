/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which connections are meant: a filter that came over netlink, asked of each
 * record where it stands, so that a million that are not meant cross nothing.
 */
#ifndef FWT_CONN_FILTER_H
#define FWT_CONN_FILTER_H

#include <linux/netlink.h>
#include "conn.h"
#include "netlink-gen.h"

struct fwt_conn_filter;

/**
 * fwt_conn_filter_new() - read one
 * @net: namespace, for names of interfaces
 * @nest: the attribute, NULL for a filter that lets all through
 * @extack: for what is wrong with it, and where
 *
 * Return: a filter; ERR_PTR(-EINVAL), -ENODEV, -ENOMEM.
 */
struct fwt_conn_filter *fwt_conn_filter_new(struct net *net,
					    const struct nlattr *nest,
					    struct netlink_ext_ack *extack);
void fwt_conn_filter_free(struct fwt_conn_filter *f);

/* Does it ask for anything. */
bool fwt_conn_filter_empty(const struct fwt_conn_filter *f);

/**
 * fwt_conn_filter_match() - does it let a connection through
 * @f: filter
 * @c: connection
 *
 * Context: RCU read lock, not under @c->lock.
 */
bool fwt_conn_filter_match(const struct fwt_conn_filter *f, struct fwt_conn *c);

/* What netlink calls its state, and what is true of it: enum fwtree_conn_state,
 * enum fwtree_conn_flag.
 */
u8 fwt_conn_state(const struct fwt_conn *c);
u32 fwt_conn_flags(const struct fwt_conn *c);

static inline bool fwt_conn_has_ports(const struct fwt_conn *c)
{
	return fwt_has_ports(c->ends.protocol);
}

static inline bool fwt_conn_is_icmp(const struct fwt_conn *c)
{
	return c->ends.protocol == FWT_IPPROTO_ICMP ||
	       c->ends.protocol == FWT_IPPROTO_ICMPV6;
}

struct fwt_conn_icmp {
	u8 type;
	u8 code;
	u16 id;
};

/**
 * fwt_conn_icmp() - what queries of a direction, or answers to them, have
 * @c: one that fwt_conn_is_icmp() is true of; for the reply direction its lock is held
 * @dir: of the two
 * @icmp: filled in
 */
static inline void fwt_conn_icmp(const struct fwt_conn *c, enum fwt_dir dir,
				 struct fwt_conn_icmp *icmp)
{
	/* The side that asks has the id as its port, the other one the type of
	 * the request (core/tuple.h). Echo reply of IPv4 is the odd one of answers.
	 * No query has a code other than 0.
	 */
	u8 request = c->ends.port[dir == FWT_ORIGINAL ? FWT_V : FWT_S];

	icmp->type = dir == FWT_ORIGINAL ? request : request == 8 ? 0 : request + 1;
	icmp->code = 0;
	icmp->id = c->ends.port[dir == FWT_ORIGINAL ? FWT_C : FWT_N];
}

#endif /* FWT_CONN_FILTER_H */
