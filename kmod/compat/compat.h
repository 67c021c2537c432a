/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What older kernels lack, in the one place where versions are looked at.
 * Features are probed for where that is possible.
 */
#ifndef FWT_COMPAT_H
#define FWT_COMPAT_H

#include <linux/version.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <net/flow.h>
#include <net/genetlink.h>

/* 6.2: a namespace has its own table of UDP sockets. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define fwt_udp_table(net)	(&udp_table)
#else
#define fwt_udp_table(net)	((net)->ipv4.udp_table)
#endif

/* Newer ones have no UDP-Lite; those that do, one table for all namespaces. */
#if __has_include(<net/udplite.h>)
#include <net/udplite.h>
#define fwt_udplite_table()	(&udplite_table)
#else
#define fwt_udplite_table()	NULL
#endif

/* 6.2: texts of an extack made at run time. Until then the message holds a
 * pointer to what must be a constant; fwt_compat_text() lends one of a few
 * buffers, which is read before the system call is over.
 */
#ifndef NL_SET_ERR_MSG_FMT
#define FWT_COMPAT_TEXT 1
#define NL_SET_ERR_MSG_FMT(extack, fmt, ...) do {			\
	struct netlink_ext_ack *__e = (extack);				\
									\
	if (__e)							\
		__e->_msg = fwt_compat_text(fmt, ##__VA_ARGS__);	\
} while (0)
const char *fwt_compat_text(const char *fmt, ...) __printf(1, 2);
#endif
#ifndef NL_SET_ERR_MSG_ATTR_FMT
#define NL_SET_ERR_MSG_ATTR_FMT(extack, attr, fmt, ...) do {		\
	NL_SET_ERR_MSG_FMT(extack, fmt, ##__VA_ARGS__);			\
	NL_SET_BAD_ATTR(extack, attr);					\
} while (0)
#endif

#ifndef GENL_SET_ERR_MSG_FMT
#define GENL_SET_ERR_MSG_FMT(info, fmt, ...) \
	NL_SET_ERR_MSG_FMT((info)->extack, fmt, ##__VA_ARGS__)
#endif

/* 6.7: a dump's attributes are in a struct genl_info; before, in another one
 * with a member of the same name.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
#define genl_info_dump(cb)	genl_dumpit_info(cb)
#endif

/* 6.2: an operation's do and dump apart, as the generated code has them. Before,
 * struct genl_ops held both; it has members of the same names, so that the
 * tables compile, and registering joins the two of one command.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define FWT_COMPAT_SPLIT_OPS 1
#define genl_split_ops		genl_ops
#define split_ops		ops
#define n_split_ops		n_ops
#define genl_register_family	fwt_compat_genl_register
int fwt_compat_genl_register(struct genl_family *family);
#endif

/* What is asked before each operation that does something (not before a dump).
 * With operations apart it stands in each of them, before with the family. To be
 * called before the family is registered.
 */
int fwt_compat_genl_guard(struct genl_family *family,
			  int (*guard)(const struct genl_split_ops *op,
				       struct sk_buff *skb, struct genl_info *info));

/* 6.19: a flow has a DSCP, where it had a type of service; before 6.12 routing looks
 * at three bits of that.
 */
#ifdef flowi4_dscp
#define fwt_flow4_tos(fl, tos)	((fl)->flowi4_dscp = inet_dsfield_to_dscp(tos))
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#define fwt_flow4_tos(fl, tos)	((fl)->flowi4_tos = (tos) & IPTOS_RT_MASK)
#else
#define fwt_flow4_tos(fl, tos)	((fl)->flowi4_tos = (tos) & INET_DSCP_MASK)
#endif

/* 6.9: a family is told who joins its groups. False where it is not: who wants to
 * know asks then. To be called before the family is registered.
 */
static inline bool fwt_compat_genl_watch(struct genl_family *family, int (*join)(int group),
					 void (*leave)(int group))
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 9, 0)
	return false;
#else
	family->bind = join;
	family->unbind = leave;
	return true;
#endif
}

/* 6.10: a tracepoint's string is not said twice. Before, what is asked for a second
 * time may be another one by then, and longer: no more than there is room for.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
#define fwt_assign_str(to, from) \
	strscpy(__get_str(to), (from) ? (from) : "", __get_dynamic_array_len(to))
#else
#define fwt_assign_str(to, from)	__assign_str(to)
#endif

/* 6.6: a cache of its own, which slabinfo shows by its name. */
#ifndef SLAB_NO_MERGE
#define SLAB_NO_MERGE	0
#endif

#endif /* FWT_COMPAT_H */
