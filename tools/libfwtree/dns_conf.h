/* SPDX-License-Identifier: GPL-2.0 */
/* The machine's own DNS servers, by its files. */
#ifndef FWT_DNS_CONF_H
#define FWT_DNS_CONF_H

#include "dns_book.h"

#define FWT_DNS_CONF		"/etc/resolv.conf"
/* The real ones, where the file above names systemd-resolved's stub. */
#define FWT_DNS_CONF_SYSTEMD	"/run/systemd/resolve/resolv.conf"

/**
 * fwt_dns_conf() - read them
 * @path: resolv.conf(5)
 * @real: read instead, where there is one and @path names nothing but 127.0.0.53 or .54
 * @to: struct fwt_dns_addr are appended
 *
 * A scope (fe80::1%eth0) is left out: a set of addresses knows none.
 *
 * Return: 0; -ENOENT where no server is named; another negative errno.
 */
int fwt_dns_conf(const char *path, const char *real, struct fwt_vec *to);

#endif /* FWT_DNS_CONF_H */
