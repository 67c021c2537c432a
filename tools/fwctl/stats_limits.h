/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FWCTL_STATS_LIMITS_H
#define FWCTL_STATS_LIMITS_H

#include "fwctl.h"

/**
 * print_limits() - limits, quotas and splits by turns, each with its rule
 * @all: of the policy in force
 * @rules: likewise
 */
void print_limits(const struct fwt_nl_limits *all, const struct fwt_nl_rules *rules);

#endif /* FWCTL_STATS_LIMITS_H */
