/* SPDX-License-Identifier: GPL-2.0 */
/* Where a connection to this machine comes in: what the kernel's routing says of it. */
#ifndef FWT_NL_PATH_H
#define FWT_NL_PATH_H

#include "nl.h"

#define FWT_NL_OWNERS_MAX	8

/**
 * struct fwt_nl_path - of a connection's two ends
 * @local: the near end is this machine's
 * @dev: the interface that answers leave by, and so, as a rule, packets come in by;
 *	"lo" where both ends are here, "" where there is no way back
 * @owner: the interfaces that have the near end's address, the first @owners of them
 * @more: there are more of these
 */
struct fwt_nl_path {
	bool local;
	bool more;
	char dev[16];
	char owner[FWT_NL_OWNERS_MAX][16];
	unsigned int owners;
};

/**
 * fwt_nl_path() - ask for it
 * @netns: as fwt_nl_open() takes it; the module need not be there
 * @family: AF_INET or AF_INET6
 * @near: address of this machine's end, in network order
 * @far: of the other one
 * @dev: the interface, where it is known (of a link-local address); NULL
 * @path: filled in
 *
 * Return: 0, or a negative errno where the kernel did not say.
 */
int fwt_nl_path(const char *netns, int family, const void *near, const void *far,
		const char *dev, struct fwt_nl_path *path);

#endif /* FWT_NL_PATH_H */
