/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a network namespace has of us.
 *
 * Lock order: rtnl_lock > fwt_net.lock > fwt_conn.lock > the hash's bucket
 * locks, those of the queues for early drop and of counts. The data path runs
 * under RCU and takes fwt_conn.lock alone. Notifiers of devices run under RTNL
 * and may take fwt_net.lock; so whoever holds fwt_net.lock must not ask for RTNL
 * (hooks are registered without it).
 */
#ifndef FWT_NETNS_H
#define FWT_NETNS_H

#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/ratelimit.h>
#include <linux/rhashtable.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "conn_hash.h"
#include "core/tcp.h"
#include "share.h"
#include "slot.h"
#include "stats.h"
#include "trial.h"

struct fwt_counts;
struct fwt_evict;
struct fwt_policy;
struct fwt_ports;
struct fwt_upload;

/* What is told to who listens, no more in a second than its limit allows: @lost are
 * those that were too many, and not told of yet (netlink_event.c).
 */
struct fwt_told {
	struct ratelimit_state limit;
	atomic_t lost;
};

enum {
	FWT_TOLD_CONNS,
	FWT_TOLD_DROPS,
	FWT_TOLD_LOGS,		/* and the kernel's log, see log.c */
	__FWT_TOLD_MAX,
};

/* Destinations towards which ports are so short that they are mapped (bind.c). */
#define FWT_PORTS_MAPS	16

/* The settings of a policy's options, in the units the data path wants; those
 * that a policy does not name have their defaults.
 */
struct fwt_options {
	u32 timeout[2][__FWT_TIMEOUT_MAX];	/* jiffies; [translated] */
	u32 conn_max;
	u32 conn_max_per_source;		/* 0: no limit */
	u32 adaptive_start;			/* records, from which timeouts shrink */
	u32 adaptive_end;			/* and where they would be 0; 0: never */
	u64 adopt;				/* jiffies */
	u16 nat_lo;
	u16 nat_hi;
	u8 tcp_loose;
	u8 revalidate;				/* 0 off, 1 on, 2 strict */
	u8 counters;
	u8 per_packet;				/* each one walks */
	u8 hairpin;				/* by mappings, see hairpin.h */
	u64 log_rate;				/* FWT_RATE() */
	u64 answer_rate;
	u64 event_rate;
};

/* Answers to programs of this machine that are on their way through lo. */
#define FWT_ANSWERS	16

#define FWT_BURIED	256

/* As the kernel has for its devices: numbers follow one another. */
#define FWT_DEV_BUCKETS	256

/**
 * struct fwt_barred - pairs that are not taken up in the middle; see barred.c
 * @lock: of who writes
 * @maps: two, or NULL before the first one
 * @n: how many @now has
 * @now: which one is being filled
 * @all: there was no memory for them
 */
struct fwt_barred {
	spinlock_t lock;
	unsigned long *maps;
	u32 n;
	u8 now;
	bool all;
};

/**
 * struct fwt_net - a namespace
 * @policy: in force, or NULL; replaced under @lock, read under RCU
 * @net: the namespace
 * @conns: the hash of connections
 * @evict: per CPU, records that may have to go (conn_evict.c)
 * @buried: connections that ended, by a hash of their address
 * @n_conns: records in being, until their RCU callback has run
 * @counts: how many connections have something in common (count.c); or NULL
 * @n_counts: of them there are
 * @n_conns6: those of them that are IPv6
 * @n_closed: those that stand as closed in a queue (conn_evict.c)
 * @n_more: of struct fwt_conn_more
 * @conn_max: limit in force
 * @pressed: timeouts are cut short, by @cut (conn_gc.c)
 * @cut: ticks, by what is translated (1) and answered too (2), and its timeout
 * @timeouts_percent: what the cut leaves of timeouts, 100 if nothing is cut
 * @answers: hashes of answers that are to come in by lo, see answer.c
 * @told: events of connections, of drops, and of the log
 * @lines_lost: of the kernel's log, and not told there yet
 * @tell_lost: tells what was lost and nothing came after
 * @adopt_until: jiffies (64 bits) until which connections that were there before are
 *	taken up in the middle (R18)
 * @barred: which of them are not
 * @stats: counters per CPU
 * @stats_base: what is subtracted from them, since the last reset
 * @slots: rules' counters
 * @ports: see bind.c; replaced under @ports_lock, read under RCU
 * @has_ports: one is there, or was
 * @servers: struct fwt_server of pools, by the number that connections have of them
 * @servers_out: those that are in no pool any more
 * @server_next: where to look for a free number
 * @pool_changes: by hand, and of servers that went, so many: who lists pools sees that
 *	they change
 * @pools: takes servers out that do not answer, and has them tried again
 * @sets: memory of live sets
 * @limits: memory of limits by keys, beyond what each begins with
 * @sets_changed: elements that the policy in force has were taken from a set, or changed:
 *	the same text would bring them back
 * @phase: of the policy in force, see struct fwt_policy; or of the last one
 * @swapped: state of RCU when it came in force; where that is over, no walk is left of
 *	one before
 * @rest: what is to be done then
 * @map_lock: @n_mappings, @map_in and @map_out: by inside and outside end, see
 *	mapping.h
 * @across: connections from one VRF to another, see across.h; there are @n_across.
 *	@across_id: by the number of their records
 * @gone: sweeps out what was translated to an address that is not there any more
 * @went: jiffies when an address or interface last went away
 * @lock: policy, hooks, device bindings
 * @generation: of the policy in force; counts up with each change
 * @trial: the policy in force may be on trial
 * @hooks: those of IPv4 and IPv6, or NULL
 * @devs: struct fwt_dev, device hooks that are bound
 * @dev_at: the same, by ifindex
 * @gc: the collector
 * @gc_walk: its round
 * @gc_slept: it has left off, for there was nothing
 * @dense: jiffies when the hash was last well filled
 * @chain: the longest chain of the hash that it met on its last one
 * @uploads: policies that are being sent
 */
struct fwt_net {
	struct fwt_policy __rcu *policy;
	struct net *net;
	struct fwt_hash conns;
	struct fwt_evict __percpu *evict;
	struct fwt_counts __rcu *counts;
	u32 conn_max;
	bool pressed;
	atomic_t n_across;
	u64 adopt_until;
	struct fwt_stats __percpu *stats;
	struct fwt_slots slots;

	/* Counts of ended connections, by a hash of them: see route.h. */
	atomic_t buried[FWT_BURIED] ____cacheline_aligned_in_smp;

	/* Written by each new connection; not beside what is only read. */
	atomic_t n_conns ____cacheline_aligned_in_smp;
	atomic_t n_conns6;
	atomic_t n_closed;
	atomic_t n_more;
	atomic_t n_counts;
	atomic64_t answers[FWT_ANSWERS];
	u32 next_answer;
	struct ratelimit_state answer_limit;
	struct fwt_told told[__FWT_TOLD_MAX];
	atomic_t lines_lost;
	struct delayed_work tell_lost;

	struct fwt_barred barred;
	u32 cut[3][__FWT_TIMEOUT_MAX];
	u32 timeouts_percent;
	struct fwt_ports __rcu *ports[FWT_PORTS_MAPS];
	spinlock_t ports_lock;
	bool has_ports;
	struct xarray servers;
	struct list_head servers_out;
	u32 server_next;
	u32 pool_changes;
	struct delayed_work pools;
	struct fwt_share sets;
	struct fwt_share limits;
	bool sets_changed;
	u8 phase;
	unsigned long swapped;
	struct work_struct rest;
	spinlock_t map_lock;
	u32 n_mappings;
	struct rhashtable map_in;
	struct rhashtable map_out;
	struct rhashtable across;
	struct rhashtable across_id;
	struct delayed_work gone;
	unsigned long went;

	struct mutex lock;
	struct fwt_stats stats_base;
	u32 generation;
	struct fwt_hooks *hooks;
	bool dying;
	struct fwt_trial trial;
	struct list_head devs;
	struct hlist_head dev_at[FWT_DEV_BUCKETS];
	struct delayed_work gc;
	struct fwt_hash_walk gc_walk;
	bool gc_slept;
	unsigned long dense;
	u32 chain;
	bool conns_ready;

	struct mutex upload_lock;
	struct list_head uploads;
	size_t upload_bytes;
};

extern unsigned int fwt_net_id;
extern struct workqueue_struct *fwt_wq;

static inline struct fwt_net *fwt_pernet(const struct net *net)
{
	return net_generic(net, fwt_net_id);
}

#endif /* FWT_NETNS_H */
