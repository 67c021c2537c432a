/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names of interfaces as a program has them.
 *
 * "wg*" is every interface whose name begins so. But an interface may itself be
 * called that: the kernel refuses blanks, '/' and ':' in a name, and nothing else. So
 * a name whose star is its own has a '/' before it, which no name has.
 */
#ifndef FWT_CORE_IFNAME_H
#define FWT_CORE_IFNAME_H

#include "os.h"

#define FWT_IFNAME_EXACT	'/'

/* Does @pattern stand for every name that begins so. */
static inline bool fwt_ifname_wild(const char *pattern)
{
	size_t len = strlen(pattern);

	return len && pattern[len - 1] == '*' && pattern[0] != FWT_IFNAME_EXACT;
}

/* The name that @pattern stands for; not of one that is wild. */
static inline const char *fwt_ifname_plain(const char *pattern)
{
	return pattern + (pattern[0] == FWT_IFNAME_EXACT);
}

/* Is @name what @pattern stands for. */
static inline bool fwt_ifname_fits(const char *pattern, const char *name)
{
	if (fwt_ifname_wild(pattern))
		return !strncmp(pattern, name, strlen(pattern) - 1);
	return !strcmp(fwt_ifname_plain(pattern), name);
}

#endif /* FWT_CORE_IFNAME_H */
