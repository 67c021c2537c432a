/* SPDX-License-Identifier: GPL-2.0 */
/* Ports that sockets of this machine are bound to; see bound.c. */
#ifndef FWT_BOUND_H
#define FWT_BOUND_H

#include <linux/types.h>

struct net;

/**
 * fwt_bound() - is a port a socket's
 * @net: namespace
 * @protocol: IPPROTO_*
 * @port: in host byte order
 *
 * By the port alone: a socket that is bound to another address of this machine costs
 * the others one port of some sixty thousand.
 *
 * Context: RCU, with softirqs off; under any lock of this module.
 * Return: true where a socket of TCP, UDP or UDP-Lite is bound to it, or one of SCTP
 * listens there.
 */
bool fwt_bound(struct net *net, u8 protocol, u16 port);

#endif /* FWT_BOUND_H */
