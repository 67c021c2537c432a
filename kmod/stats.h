/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters of a namespace, per CPU. Each is bumped by its own CPU alone; who
 * reads sums. Resetting keeps a base to subtract, so that no count is lost to a
 * race with the CPU that owns it. (On 32-bit machines a reader may see a count
 * torn for an instant.)
 */
#ifndef FWT_STATS_H
#define FWT_STATS_H

#include <linux/percpu.h>
#include "core/reason.h"
#include "core/tree.h"

struct fwt_net;

enum fwt_stat_verdict {
	FWT_STAT_ACCEPT,
	FWT_STAT_DROP,
	FWT_STAT_REJECT,
	__FWT_STAT_VERDICT_MAX,
};

struct fwt_stats {
	u64 reason[__FWT_REASON_MAX];
	u64 verdict[__FWT_STAT_VERDICT_MAX];	/* packets */
	u64 created;				/* connections */
	u64 ended[__FWT_END_MAX];
	u64 next_id;				/* of connections, per CPU */
};

static inline u64 fwt_stats_ended(const struct fwt_stats *s)
{
	u64 sum = 0;
	int i;

	for (i = 0; i < __FWT_END_MAX; i++)
		sum += s->ended[i];
	return sum;
}

/* Bump one: fwt_stat_inc(fn, created), fwt_stat_inc(fn, reason[r]). */
#define fwt_stat_inc(fn, what) this_cpu_inc((fn)->stats->what)

/* The same where softirqs are off, as they are in every hook: nobody comes in
 * between, and on most machines that is much cheaper than being safe from
 * interrupts. Softirqs of a real-time kernel do come in between.
 */
#define fwt_stat_add_bh(var, by) do {					\
	lockdep_assert_in_softirq();					\
	if (IS_ENABLED(CONFIG_PREEMPT_RT))				\
		this_cpu_add(var, by);					\
	else								\
		__this_cpu_add(var, by);				\
} while (0)
#define fwt_inc_return_bh(var) ({					\
	lockdep_assert_in_softirq();					\
	IS_ENABLED(CONFIG_PREEMPT_RT) ? this_cpu_inc_return(var) :	\
					__this_cpu_inc_return(var);	\
})
#define fwt_stat_inc_bh(fn, what) fwt_stat_add_bh((fn)->stats->what, 1)

/**
 * fwt_stats_read() - sum over CPUs
 * @fn: namespace
 * @sum: filled in
 *
 * Context: process.
 */
void fwt_stats_read(struct fwt_net *fn, struct fwt_stats *sum);

/* All but created and ended begin at 0 again. fwt_net.lock held. */
void fwt_stats_reset(struct fwt_net *fn);

#endif /* FWT_STATS_H */
