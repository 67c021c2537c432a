/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The bucket of a limit without keys, one for all CPUs. Where the limit is fast, each
 * takes tokens from it many at a time: core/stock.h says what that means.
 */
#ifndef FWT_BUCKET_H
#define FWT_BUCKET_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/percpu.h>
#include "core/stock.h"

/**
 * struct fwt_bucket - one for all
 * @stock: of each CPU; NULL if they have none
 * @batch: see core/stock.h
 * @cpus: that share it
 * @full: when it is full; what stocks have is no more in it
 */
struct fwt_bucket {
	struct fwt_stock __percpu *stock;
	u64 batch;
	u32 cpus;
	atomic64_t full ____cacheline_aligned_in_smp;
};

/**
 * fwt_bucket_init() - a full one
 * @b: zeroed
 * @r: the limit's rate
 *
 * Return: 0 or -ENOMEM.
 */
int fwt_bucket_init(struct fwt_bucket *b, const struct fwt_limit_rate *r);
void fwt_bucket_clean(struct fwt_bucket *b);

/**
 * fwt_bucket_under() - are there tokens for a packet
 * @b: the bucket
 * @r: the limit's rate
 * @now: FWT_LIMIT_TIME()
 * @len: bytes of the packet
 *
 * Context: softirqs off. Changes nothing.
 */
bool fwt_bucket_under(const struct fwt_bucket *b, const struct fwt_limit_rate *r, u64 now,
		      u32 len);

/**
 * fwt_bucket_charge() - a packet's tokens are taken
 * @b: the bucket
 * @r: the limit's rate
 * @now: as it was when it was looked at
 * @len: bytes of the packet
 *
 * Context: softirqs off.
 *
 * Return: true if they came from the bucket itself, not from this CPU's stock.
 */
bool fwt_bucket_charge(struct fwt_bucket *b, const struct fwt_limit_rate *r, u64 now, u32 len);

/* A packet was refused, and takes nothing. Context: softirqs off. */
void fwt_bucket_refuse(struct fwt_bucket *b, const struct fwt_limit_rate *r, u64 now);

/* Tokens that are there, in all stocks together, for people. */
u64 fwt_bucket_tokens(const struct fwt_bucket *b, const struct fwt_limit_rate *r, u64 now);

#endif /* FWT_BUCKET_H */
