// SPDX-License-Identifier: GPL-2.0
/*
 * The bucket of a limit without keys; see bucket.h.
 *
 * Synchronization. The bucket is a number that is exchanged. A stock is its CPU's alone,
 * which changes it with softirqs off: nobody else runs there between looking and taking.
 * With a real-time kernel somebody may, so that there are none there. Of a CPU that goes
 * offline what it has is passed over by time. Who reads for people may see one that is
 * just being set.
 */
#include <linux/cpumask.h>
#include <linux/slab.h>

#include "bucket.h"

int fwt_bucket_init(struct fwt_bucket *b, const struct fwt_limit_rate *r)
{
	/* CPUs that come later have stocks like the others: what stands in core/stock.h of
	 * a batch for each is then true of more of them, and what passes at most stays.
	 */
	b->cpus = IS_ENABLED(CONFIG_PREEMPT_RT) ? 1 : num_online_cpus();
	b->batch = fwt_stock_batch(r, b->cpus);
	if (!b->batch)
		return 0;
	b->stock = alloc_percpu_gfp(struct fwt_stock, GFP_KERNEL_ACCOUNT);
	return b->stock ? 0 : -ENOMEM;
}

void fwt_bucket_clean(struct fwt_bucket *b)
{
	free_percpu(b->stock);
}

static u64 full_of(const struct fwt_bucket *b)
{
	return atomic64_read(&b->full);
}

bool fwt_bucket_under(const struct fwt_bucket *b, const struct fwt_limit_rate *r, u64 now,
		      u32 len)
{
	u64 cost = fwt_limit_cost(r, len), left;
	const struct fwt_stock *s;

	if (b->stock) {
		s = this_cpu_ptr(b->stock);
		left = fwt_stock_left(s, now);
		if (cost <= left)
			return true;
		if (now < s->ask)
			return false;
		cost -= left;
	}
	return cost <= fwt_stock_room(r, full_of(b), now);
}

bool fwt_bucket_charge(struct fwt_bucket *b, const struct fwt_limit_rate *r, u64 now, u32 len)
{
	u64 need = fwt_limit_cost(r, len), more, next;
	struct fwt_stock *s = NULL;
	s64 full;

	if (b->stock) {
		s = this_cpu_ptr(b->stock);
		need = fwt_stock_use(s, now, need);
		if (!need)
			return false;
	}
	full = full_of(b);
	do {
		next = fwt_stock_take(r, b->batch, full, now, need, &more);
	} while (!atomic64_try_cmpxchg(&b->full, &full, next));
	if (s)
		fwt_stock_put(s, next, more);
	return true;
}

void fwt_bucket_refuse(struct fwt_bucket *b, const struct fwt_limit_rate *r, u64 now)
{
	struct fwt_stock *s;

	if (!b->stock)
		return;
	s = this_cpu_ptr(b->stock);
	if (now >= s->ask)
		fwt_stock_refused(r, b->batch, b->cpus, s, full_of(b), now);
}

u64 fwt_bucket_tokens(const struct fwt_bucket *b, const struct fwt_limit_rate *r, u64 now)
{
	u64 full = full_of(b), stocks = 0;
	int cpu;

	if (b->stock)
		for_each_possible_cpu(cpu)
			stocks += min(fwt_stock_left(per_cpu_ptr(b->stock, cpu), now), b->batch);
	return fwt_limit_tokens(r, full > stocks ? full - stocks : 0, now);
}
