/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a CPU has of a bucket of tokens (limit.h) that is one for all, so that CPUs
 * meet at the bucket once in many packets.
 *
 * Think of a line of time. A token is a piece of it, as long as a token takes to come;
 * all that lies before "full" has been given away, and a token may be given while its
 * piece ends before now + burst. What time has passed over is gone: the bucket can't be
 * fuller than full. A stock is a piece of that line, many tokens long, that a CPU has
 * taken at once. Its tokens are where they were: none is used twice, none after time has
 * passed over it, none before its time. All that is used in a time t lies within t + burst
 * of the line, so that no more than
 *
 *	burst + rate * t
 *
 * is used by all CPUs together, as if there were no stocks.
 *
 * What they cost is that tokens may lie where nobody asks for them:
 *
 * - A packet may be refused while there are tokens of less than two batches for each
 *   CPU, and its own.
 * - A stock that is not used while the bucket could fill is gone: of all that comes
 *   meanwhile, a batch for each CPU.
 *
 * A batch is what comes in a millisecond, and all CPUs together have no more than one
 * part in FWT_STOCK_PART of the burst. Where that is no more than a few packets there are
 * no stocks, and nothing of this applies: slow limits are exact, and so is one CPU alone.
 */
#ifndef FWT_CORE_STOCK_H
#define FWT_CORE_STOCK_H

#include "limit.h"

#define FWT_STOCK_PART	64u

/**
 * struct fwt_stock - tokens that a CPU has taken from a bucket
 * @from: where they begin; empty at first
 * @until: and end
 * @ask: it found the bucket too empty, and looks at it again then
 */
struct fwt_stock {
	u64 from;
	u64 until;
	u64 ask;
};

/**
 * fwt_stock_batch() - how much a CPU takes at once
 * @r: the limit
 * @cpus: that there are
 *
 * Return: a time; 0 if CPUs are to have no stocks.
 */
u64 fwt_stock_batch(const struct fwt_limit_rate *r, u32 cpus);

/* What is left of a stock, as a time. */
static inline u64 fwt_stock_left(const struct fwt_stock *s, u64 now)
{
	u64 from = max(s->from, now);

	return s->until > from ? s->until - from : 0;
}

/* What may still be taken from the bucket itself, as a time. */
static inline u64 fwt_stock_room(const struct fwt_limit_rate *r, u64 full, u64 now)
{
	u64 debt = full > now ? full - now : 0;

	return debt < r->burst ? r->burst - debt : 0;
}

/**
 * fwt_stock_use() - a packet's tokens are taken from its CPU's stock
 * @s: the stock
 * @now: FWT_LIMIT_TIME()
 * @cost: fwt_limit_cost() of the packet
 *
 * Return: what of them must come from the bucket, 0 if nothing.
 */
static inline u64 fwt_stock_use(struct fwt_stock *s, u64 now, u64 cost)
{
	u64 left = fwt_stock_left(s, now);

	if (cost > left)
		return cost - left;	/* fwt_stock_put() sets the new one */
	s->from = s->until - (left - cost);
	return 0;
}

/**
 * fwt_stock_take() - from the bucket: what a packet needs, and a new stock
 * @r: the limit
 * @batch: fwt_stock_batch()
 * @full: when the bucket is full
 * @now: as above
 * @need: what fwt_stock_use() said
 * @more: set to what the stock gets: a batch, if there is as much
 *
 * Return: when the bucket is full then.
 */
static inline u64 fwt_stock_take(const struct fwt_limit_rate *r, u64 batch, u64 full, u64 now,
				 u64 need, u64 *more)
{
	full = max(full, now) + need;
	*more = min(batch, fwt_stock_room(r, full, now));
	return full + *more;
}

/* The new stock, of what fwt_stock_take() returned and set. */
static inline void fwt_stock_put(struct fwt_stock *s, u64 full, u64 more)
{
	s->from = full - more;
	s->until = full;
}

/**
 * fwt_stock_refused() - a packet has found too little
 * @r: the limit
 * @batch: fwt_stock_batch()
 * @cpus: that there are
 * @s: its CPU's stock
 * @full: when the bucket is full
 * @now: as above
 *
 * Where there is less than a batch, the CPU does not ask before one for each may be there.
 * Else who are refused, and are many, would read what who are let pass write; and each that
 * is let pass would take the one token that has just come.
 */
static inline void fwt_stock_refused(const struct fwt_limit_rate *r, u64 batch, u32 cpus,
				     struct fwt_stock *s, u64 full, u64 now)
{
	u64 room = fwt_stock_room(r, full, now);

	if (room < batch)
		s->ask = now + cpus * batch - room;
}

#endif /* FWT_CORE_STOCK_H */
