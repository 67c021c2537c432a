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

bool fwt_conn_has_ports(const struct fwt_conn *c);
bool fwt_conn_is_icmp(const struct fwt_conn *c);

#endif /* FWT_CONN_FILTER_H */
