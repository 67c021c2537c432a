/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pools: servers that new connections are spread over.
 *
 * Life-cycle. A server is known by its family, address and ports. It stands in its
 * pool, as the policy or fwctl put it there, and in fn->servers by its number,
 * which records of connections keep (fwt_conn.tcp.owner). It lives as long as a pool
 * or a connection has it; the number is not given again soon (they go round). Out
 * of its pool it may have connections still: who was deleted by hand keeps them,
 * who was reset, or is not in a new policy's pool, does not.
 *
 * A policy that declares a pool as it was declared last changes nothing in it:
 * what was done to it by hand stays. Else what it declares is what it has; servers
 * that are in both keep their counts and connections.
 *
 * Synchronization. What a pool has changes under fwt_net.lock: another table is
 * built and published (struct fwt_pool.table), readers have RCU. That a server
 * does not answer is noticed by packets: its state changes there, by cmpxchg, and
 * is looked at when one is chosen; a work item builds the table anew soon.
 */
#ifndef FWT_POOL_H
#define FWT_POOL_H

#include <linux/refcount.h>
#include <linux/workqueue.h>

#include "object.h"
#include "core/balance.h"
#include "core/reason.h"

struct fwt_conn;
struct fwt_way;

/* What passive health thinks of a server. */
enum fwt_health {
	FWT_HEALTH_UP,
	FWT_HEALTH_DOWN,	/* until @retry */
	FWT_HEALTH_TRYING,	/* one connection may try it */
	FWT_HEALTH_TRIED,	/* one is trying it */
};

/* Failures in a row that take a server out; for how long, twice as long each time
 * that a try fails.
 */
#define FWT_HEALTH_FAILURES	3
#define FWT_HEALTH_PATIENCE	(9 * HZ / 10)	/* until a SYN is said again */
#define FWT_HEALTH_RETRY	(5 * HZ)
#define FWT_HEALTH_RETRY_MOST	(320 * HZ)

/**
 * struct fwt_server - a server
 * @refs: connections, and one as long as it stands in a list
 * @active: connections that are not over by TCP's rules, and one: see least()
 * @health: enum fwt_health
 * @failures: in a row
 * @retry: jiffies, when it may be tried, or by another one than who does
 * @wait: jiffies that it was taken out for
 * @answered: jiffies, when it last did, or was made
 * @flags: BIT(enum fwt_server_bit), written under fwt_net.lock
 * @index: in fn->servers
 * @told: who listens knows that it is down
 * @pool: NULL once it is gone
 * @is: who it is, and its weight
 * @list: in its pool's @servers, or in fn->servers_out
 * @total: connections that it was given
 * @failed: those that it did not take, or not answer
 * @packets: of those that are over
 * @bytes: likewise
 * @sum_packets: of all, as far as fwt_pools_count() has come; under fwt_net.lock
 * @sum_bytes: likewise
 * @told_packets: what is told, which never goes down; under fwt_net.lock
 * @told_bytes: likewise
 * @rcu: frees it
 */
struct fwt_server {
	refcount_t refs;
	atomic_t active;
	u32 health;
	u32 failures;
	u32 retry;
	u32 wait;
	u32 answered;
	u32 flags;
	u32 index;
	bool told;
	struct fwt_pool *pool;
	struct fwt_prog_server is;
	struct list_head list;
	atomic64_t total;
	atomic64_t failed;
	atomic64_t packets;
	atomic64_t bytes;
	u64 sum_packets;
	u64 sum_bytes;
	u64 told_packets;
	u64 told_bytes;
	struct rcu_head rcu;
};

enum fwt_server_bit {
	FWT_SERVER_DRAINED,	/* it gets no new connections */
	FWT_SERVER_OUT,		/* of its pool; those that it has go on */
	FWT_SERVER_RESET,	/* of its pool, and they do not */
	FWT_SERVER_CUT,		/* by hand: whatever a policy would say of them */
};

/* May it be given connections, as far as its health goes: of one that is being tried
 * that one connection says, and the others are spread over the others.
 */
static inline bool fwt_server_well(const struct fwt_server *s)
{
	u32 health = READ_ONCE(s->health);

	return health == FWT_HEALTH_UP || health == FWT_HEALTH_TRYING;
}

/* Tables and the servers in them, IPv4 and IPv6. */
struct fwt_pool_side {
	const struct fwt_balance *balance;
	struct fwt_server **server;
	u32 n;
};

struct fwt_pool_table {
	struct rcu_head rcu;
	struct fwt_pool_side side[2];
};

/**
 * struct fwt_pool - a pool
 * @obj: head
 * @fn: namespace
 * @table: see above; RCU
 * @turn: round robin's, by family
 * @servers: struct fwt_server, in order
 * @n: in @servers
 * @scheduling: enum fwt_scheduling
 * @flags: FWT_POOL_*
 * @declared: as the last policy had them, @n_declared of them
 * @stale: a server came back: the table is to be built anew
 * @next: what the policy to come declares, where that is other
 * @rcu: a packet may have come to it by a server
 */
struct fwt_pool {
	struct fwt_object obj;
	struct fwt_net *fn;
	struct fwt_pool_table __rcu *table;
	u32 turn[2];
	struct list_head servers;
	u32 n;
	u32 scheduling;
	u32 flags;
	struct fwt_prog_server *declared;
	u32 n_declared;
	u32 stale;
	struct fwt_pool_plan *next;
	struct rcu_head rcu;
};

extern const struct fwt_object_ops fwt_pool_ops;

void fwt_pools_net_init(struct fwt_net *fn);

/* No connection is left, no policy. */
void fwt_pools_net_clean(struct fwt_net *fn);

/* A walk's question, core/env.h. @keep: the connection that is decided again, or
 * NULL: its server is kept if it may.
 */
bool fwt_pool_choose(const struct fwt_pool *pool, const struct fwt_packet *p,
		     bool persistent, u32 seed, const struct fwt_conn *keep,
		     struct fwt_env_server *to);

/**
 * fwt_pool_take() - a connection is given a server
 * @c: connection; nobody else sees it yet
 * @server: struct fwt_env_server.id
 *
 * Context: RCU.
 * Return: the server, which is there as long as RCU is held; NULL where it is gone
 * meanwhile.
 */
struct fwt_server *fwt_pool_take(struct fwt_conn *c, u32 server);

/* The connection is in the table: the turn is another server's than @s, which it was given
 * in the same section of RCU. Softirqs off.
 */
void fwt_pool_begun(struct fwt_conn *c, struct fwt_server *s);

/* It has another one from now on, or none; under its lock. */
void fwt_pool_move(struct fwt_conn *c, u32 server);

/* It was charged to a server, and is not any more; it is over, having been. */
void fwt_pool_release(struct fwt_conn *c);
void fwt_pool_ended(struct fwt_conn *c, enum fwt_end_reason why);

/* Its server has said something for the first time: @ok, or no. */
void fwt_pool_answered(struct fwt_conn *c, bool ok);

/* Its state machine says whether it is over, and what remains is there for late packets;
 * or that it has begun anew.
 */
void fwt_pool_active(struct fwt_conn *c, bool active);

/* Was its server taken out with all its connections; by hand, whatever rules say now. */
bool fwt_pool_was_reset(const struct fwt_conn *c);
bool fwt_pool_was_cut(const struct fwt_conn *c);

/* Its client says again what was not answered. Returns true where the server gets
 * no more of that: the connection is to begin anew, with another one.
 */
bool fwt_pool_repeated(struct fwt_conn *c);

/* Changes by hand; fwt_net.lock is held. @s: its weight too, where it is added or
 * weighted. Return: 0, -ENOENT, -EEXIST, -E2BIG, -ENOMEM.
 */
int fwt_pool_server_add(struct fwt_pool *pool, const struct fwt_prog_server *s);
int fwt_pool_server_weight(struct fwt_pool *pool, const struct fwt_prog_server *s);
int fwt_pool_server_drain(struct fwt_pool *pool, const struct fwt_prog_server *s);

/* @reset: its connections end, with the next packet of each. */
int fwt_pool_server_delete(struct fwt_pool *pool, const struct fwt_prog_server *s, bool reset);

/* Counts what connections that are not over have brought each server. fwt_net.lock is
 * held; may sleep. Packets pay nothing for these counters: who asks does.
 */
void fwt_pools_count(struct fwt_net *fn);

/* netlink_pool.c: tell who listens that a server is down, or up. */
void fwt_event_server(struct fwt_net *fn, const struct fwt_server *s);

/* How many connections it has. */
static inline u32 fwt_server_conns(const struct fwt_server *s)
{
	return atomic_read(&s->active) - 1;
}

#endif /* FWT_POOL_H */
