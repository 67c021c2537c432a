/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * fwtree: where a connection was going before it was led to this socket.
 *
 * For programs that connections are redirected to (redirect, dnat): a proxy asks
 * the socket that accept() returned for the destination that the client dialled.
 *
 *	struct sockaddr_in to;
 *	socklen_t len = sizeof(to);
 *
 *	getsockopt(fd, IPPROTO_IP, FWT_SO_ORIGINAL_DST, &to, &len);
 *
 * and IPPROTO_IPV6 with a struct sockaddr_in6. The number is the same for both;
 * the kernel's own SO_ORIGINAL_DST (80) answers for its conntrack alone. A socket
 * of AF_INET6 that speaks IPv4 (::ffff:a.b.c.d) may ask either way.
 *
 * The socket must be connected, or there is nothing to look up: TCP, and UDP
 * after connect(). The answer is there as long as the connection is in the table;
 * a proxy asks once, after accept(). A connection that was not translated answers
 * with the address that it came to, which is the socket's own.
 *
 * Errors: EINVAL the buffer is too short; ENOTCONN no peer, or another family's;
 * ENOENT no connection of fwtree's table (no policy is in force, or it was
 * flushed).
 */
#ifndef _UAPI_LINUX_FWTREE_SOCKOPT_H
#define _UAPI_LINUX_FWTREE_SOCKOPT_H

#define FWT_SO_ORIGINAL_DST	26228	/* "ft" */

#endif /* _UAPI_LINUX_FWTREE_SOCKOPT_H */
