// SPDX-License-Identifier: GPL-2.0
#include <linux/string.h>
#include "netns.h"
#include "stats.h"

void fwt_stats_read(struct fwt_net *fn, struct fwt_stats *sum)
{
	u64 *to = (u64 *)sum;
	size_t i;
	int cpu;

	BUILD_BUG_ON(sizeof(*sum) % sizeof(u64));
	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		const u64 *from = (const u64 *)per_cpu_ptr(fn->stats, cpu);

		for (i = 0; i < sizeof(*sum) / sizeof(u64); i++)
			to[i] += READ_ONCE(from[i]);
	}
	to = (u64 *)&fn->stats_base;
	for (i = 0; i < sizeof(*sum) / sizeof(u64); i++)
		((u64 *)sum)[i] -= to[i];
}

void fwt_stats_reset(struct fwt_net *fn)
{
	struct fwt_stats now;
	u64 *to = (u64 *)&fn->stats_base;
	size_t i;

	lockdep_assert_held(&fn->lock);
	fwt_stats_read(fn, &now);
	/* Connections are books that must balance; they are not reset. */
	now.created = 0;
	memset(now.ended, 0, sizeof(now.ended));
	now.next_id = 0;
	for (i = 0; i < sizeof(now) / sizeof(u64); i++)
		to[i] += ((const u64 *)&now)[i];
}
