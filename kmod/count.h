/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How many connections have something in common (R26): a source, or whatever a
 * rule counts by.
 *
 * A count is known by its table and a key of some words. It is there while it
 * is not 0, so that there are never more of them than connections that are
 * counted, and what one counts is exact: who is charged lets go once.
 *
 * Synchronization. Counts stand in a hash with a lock a bucket, the innermost of
 * all locks; reading one takes none.
 */
#ifndef FWT_COUNT_H
#define FWT_COUNT_H

#include <linux/spinlock.h>
#include "core/tuple.h"

struct fwt_conn;
struct fwt_counts;
struct fwt_decision_count;
struct fwt_net;
struct fwt_program;

/* The table of sources; those of rules are their keys (fwt_count_table()). */
#define FWT_COUNT_SOURCES	0

/**
 * fwt_counts_init() - a namespace begins to count
 * @fn: namespace, its lock held
 * @most: connections that there may be, for the size of the hash
 *
 * Return: 0, also where it has begun already; -ENOMEM.
 */
int fwt_counts_init(struct fwt_net *fn, u32 most);

/* No connection is left, and no packet comes any more. */
void fwt_counts_clean(struct fwt_net *fn);

/**
 * fwt_count_charge() - one more
 * @fn: namespace
 * @table: which count
 * @key: of it
 * @words: of the key, at most FWT_COUNT_WORDS
 * @limit: that it may not exceed, 0 for none
 *
 * Context: RCU read lock, softirq or process.
 * Return: 0; -EDQUOT at the limit; -ENOMEM.
 */
int fwt_count_charge(struct fwt_net *fn, u64 table, const u32 *key, u32 words,
		     u32 limit);

/* One less: of one that was charged. */
void fwt_count_release(struct fwt_net *fn, u64 table, const u32 *key, u32 words);

/* What it is now; under RCU. */
u32 fwt_count_read(struct fwt_net *fn, u64 table, const u32 *key, u32 words);

/**
 * fwt_conn_count() - charge a connection to what a walk has counted
 * @c: connection; under its lock, or in no hash yet
 * @prog: that was walked
 * @count: what it met
 * @n: of them
 *
 * Once each: what it is charged to already, it is not charged to again.
 *
 * Return: 0; -ENOMEM, and then to nothing of this; what it was charged to before stays.
 */
int fwt_conn_count(struct fwt_conn *c, const struct fwt_program *prog,
		   const struct fwt_decision_count *count, u32 n);

/* Lets go of all of that. Under its lock, or when it is dead. */
void fwt_conn_uncount(struct fwt_conn *c);

/* Is a connection charged to that count, which is less by one when it goes. Under RCU. */
bool fwt_conn_counted(const struct fwt_conn *c, u64 table, const u32 *key, u32 words);

/* Sources: an IPv4 address, of IPv6 the first 64 bits, for a host has all of the
 * others.
 */
int fwt_source_charge(struct fwt_net *fn, u8 family, const struct fwt_end *client,
		      u32 limit);
void fwt_source_release(struct fwt_net *fn, u8 family, const struct fwt_end *client);

#endif /* FWT_COUNT_H */
