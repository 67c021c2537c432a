/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What older kernels lack, in the one place where versions are looked at.
 * Features are probed for where that is possible.
 */
#ifndef FWT_COMPAT_H
#define FWT_COMPAT_H

#include <linux/version.h>
#include <linux/netlink.h>

/* 6.2: texts of an extack made at run time. Until then the format stands for
 * itself, cut off at the first blank that it would fill: the netlink message
 * holds a pointer to a constant.
 */
#ifndef NL_SET_ERR_MSG_FMT
#define NL_SET_ERR_MSG_FMT(extack, fmt, ...) \
	fwt_compat_err_fmt(extack, fmt, ##__VA_ARGS__)
void fwt_compat_err_fmt(struct netlink_ext_ack *extack, const char *fmt, ...)
	__printf(2, 3);
#endif

#endif /* FWT_COMPAT_H */
