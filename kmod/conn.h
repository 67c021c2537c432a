/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Connections: one record each, in an RCU hash under each distinct pair of its
 * ends (core/tuple.h says which and why).
 *
 * Life. fwt_conn_alloc() makes a record that nobody sees. fwt_conn_insert()
 * puts it into the hash as tentative: it has two seconds, and is evicted early.
 * fwt_bind_source() (bind.h) adds the pair that the server sees. fwt_conn_confirm()
 * is called when its packet left the last hook. fwt_conn_end() takes it out of
 * the hash, once, whoever calls it first; RCU frees it. Readers hold no
 * reference: they have RCU.
 *
 * Synchronization. Look-up takes no lock. What changes with packets (TCP
 * windows, counters, expiry) changes under conn->lock, which no other
 * connection shares. Expiry is exact: a record whose time is over is not found,
 * whether the collector has come by or not.
 */
#ifndef FWT_CONN_H
#define FWT_CONN_H

#include <linux/percpu.h>
#include <linux/spinlock.h>
#include "netns.h"
#include "core/nat.h"
#include "core/reason.h"
#include "core/tuple.h"
#include "core/tcp.h"

struct fwt_bind;

enum fwt_conn_bit {
	FWT_CONN_DEAD,		/* taken out of the hash */
	FWT_CONN_CONFIRMED,	/* its first packet left us */
	FWT_CONN_REPLIED,	/* the other side has answered */
	FWT_CONN_ASSURED,	/* both have spoken twice, or a handshake is done */
	FWT_CONN_INGRESS,	/* passed the ingress hook: its decision counts */
	FWT_CONN_EGRESS,	/* passed the egress hook */
	FWT_CONN_LOCAL,		/* begun by this machine */
	FWT_CONN_SNAT,		/* N is not C */
	FWT_CONN_DNAT,		/* S is not V */
	FWT_CONN_CHANGES,	/* its packets are changed as @more says */
	FWT_CONN_MAPPED,	/* counts in the mapping of its client, mapping.h */
	FWT_CONN_IFADDR,	/* N has an interface's address, which may go (R15) */
	FWT_CONN_SOURCE,	/* its source is charged with it */
	FWT_CONN_CAPPED,	/* it has less time than its timeout */
	FWT_CONN_COUNTED,	/* rules' counts are charged with it */
	FWT_CONN_ACROSS,	/* leaves by another VRF, see across.h */
};

/**
 * struct fwt_sets - what a tree changes in the packets of a connection
 * @what: FWT_DECISION_* of those that are kept
 * @mss: the most that a SYN may offer
 * @dscp: six bits
 * @ttl: TTL or hop limit
 * @queue: number
 * @mark: of packets
 * @priority: of packets
 */
struct fwt_sets {
	u16 what;
	u16 mss;
	u16 queue;
	u8 dscp;
	u8 ttl;
	u32 mark;
	u32 priority;
};

/* Those that a connection's later packets get, too. */
#define FWT_SETS_KEPT	(FWT_DECISION_MARK | FWT_DECISION_PRIORITY | FWT_DECISION_DSCP | \
			 FWT_DECISION_TTL | FWT_DECISION_MSS | FWT_DECISION_CLAMP | \
			 FWT_DECISION_QUEUE | FWT_DECISION_BYPASS)

/**
 * struct fwt_conn_more - what few connections have
 * @by: by the tree that said so: ingress, egress
 * @mark_in: that its first packet had
 * @ct_mark: its own
 * @priority_in: of its first packet, as it came
 * @mss_in: likewise
 * @tos_in: likewise
 * @ttl_in: likewise
 * @rcu: frees it
 *
 * Another one takes its place when something of it is to change, but @ct_mark,
 * which is a word.
 */
struct fwt_conn_more {
	struct fwt_sets by[2];
	u32 mark_in;
	u32 ct_mark;
	u32 priority_in;
	u16 mss_in;
	u8 tos_in;
	u8 ttl_in;
	struct rcu_head rcu;
};

/* Lines of 64 bytes, by who touches them: 0 what a look-up reads; 1 what a TCP
 * segment changes; 2 the rest that each packet of an established connection reads
 * or counts; 3 what is seldom asked for. Whoever finds a record has lines 1 and 2
 * prefetched, so that a packet waits for memory twice: for the bucket, and for
 * line 0. 256 bytes for IPv4; IPv6 has its four addresses, 64 bytes, behind.
 */
struct fwt_conn {
	unsigned long link[__FWT_PAIR_MAX];	/* see conn_hash.c */
	struct fwt_ends ends;	/* @owner: type of service that @route is for */
	u32 expires;		/* jiffies, 32 bits of them */
	u16 flags;		/* BIT(enum fwt_conn_bit), written under @lock */
	u8 linked;		/* pairs in the hash, written by the inserter; and
				 * FWT_LINKED_HAIRPIN, _ELSEWHERE
				 */
	u8 timeout;		/* enum fwt_timeout now in force */

	spinlock_t lock;
	u32 gen;		/* the policy that allows it */
	union {
		struct fwt_tcp tcp;	/* @owner, of whatever protocol: the number
					 * of a pool's server, or 0; see pool.h
					 */
		u8 udp_packets;
	};

	u64 packets[2];		/* by enum fwt_dir */
	u64 bytes[2];
	u32 slot[2];		/* deciding rules: ingress, egress; or FWT_NONE */
	u32 iif;		/* of the original direction; 0 for local */
	u32 oif;		/* 0 until egress */
	struct dst_entry *route[2];	/* see route.c; by direction, or NULL */

	u64 id;
	struct fwt_net *fn;
	union {
		struct list_head queue;
		struct rcu_head rcu;	/* once it is in no queue any more */
	};
	struct fwt_conn_more __rcu *more;	/* mostly NULL; see change.c */
	u32 reply_iif;		/* where not the same turned round, else 0 */
	u32 seed;		/* of choices made for it */
	u32 created;		/* jiffies, 32 bits */
	union {
		u32 route_cookie[2];	/* forwarded, IPv6: routed_by() of @route */
		struct {
			u32 dialled_oif;	/* begun here and led elsewhere: by where
						 * it would have left
						 */
			u32 again;	/* till it is confirmed: the port by which the
					 * one that it begins anew was seen, or 0
					 */
		};
	};
	u8 queued;		/* where @queue stands, see conn_evict.c */
	u8 turn[2];		/* at the first split by turns of a hook, and 1; or 0 */
	u8 server_bits;		/* see pool_conn.c; under @lock */

	u32 addr6[][4];
};

/* Not a pair: it counts in the mapping, too, whose outside end its client dialled; see
 * hairpin.h. Since before anybody finds it.
 */
#define FWT_LINKED_HAIRPIN	BIT(__FWT_PAIR_MAX)

/* Nor this: N is an interface's address (FWT_CONN_IFADDR) which the VRF that it leaves by
 * has not. Since egress has decided; of what is led back inside, before anybody finds it.
 */
#define FWT_LINKED_ELSEWHERE	BIT(__FWT_PAIR_MAX + 1)

/* Records are aligned so: what refers to one has the pair in its last bits. */
#define FWT_CONN_ALIGN	64

int fwt_conns_init(struct fwt_net *fn);
void fwt_conns_clean(struct fwt_net *fn);
int fwt_conn_cache_init(void);
void fwt_conn_cache_clean(void);

/**
 * fwt_conn_find() - the connection of a packet
 * @fn: namespace
 * @hash: fwt_hash_tuple() of @t
 * @t: the packet's tuple
 * @dir: set to the packet's direction
 *
 * Context: RCU read lock.
 * Return: the connection, alive now; or NULL.
 */
struct fwt_conn *fwt_conn_find(struct fwt_net *fn, u64 hash,
			       const struct fwt_tuple *t, enum fwt_dir *dir);

/**
 * fwt_conn_alloc() - a record for a new connection
 * @fn: namespace
 * @t: tuple of its first packet: C and V
 * @local: it starts here: a process that begins it has its memory charged
 *
 * Near the table's limit another connection is evicted for it.
 *
 * Context: RCU read lock, softirqs off.
 * Return: the record, or ERR_PTR(-ENOSPC) for a full table, -ENOMEM.
 */
struct fwt_conn *fwt_conn_alloc(struct fwt_net *fn, const struct fwt_tuple *t, bool local);

/* A number to make a connection's choices by, port and address. Softirqs off. */
u32 fwt_conn_seed(struct fwt_net *fn);

/* How many were drawn. */
DECLARE_PER_CPU(u64, fwt_conn_seeds);

/* The same for a packet whose tuple has the hash @hash. That is by such a key already, and
 * another one for each tuple; that the same tuple gets another number each time is for the
 * count to see to (RFC 6056, 3.3.3 chooses ports so). Buckets are chosen by the first bits
 * of a hash, which a port that can be seen is to tell nothing of: this takes the last ones.
 * The factor is odd, and spreads the count over all 32 bits.
 */
static inline u32 fwt_conn_seed_by(u64 hash)
{
	return (u32)hash + (u32)fwt_inc_return_bh(fwt_conn_seeds) * 0x9e3779b1u;
}

/* A record that was not inserted is not wanted any more. */
void fwt_conn_discard(struct fwt_conn *c);

/**
 * fwt_conn_insert() - let others find it
 * @c: record; C, V and S are set
 * @hash: of its pair C-V
 * @b: of one that is led elsewhere: how N is to be chosen, where C-S is taken, see
 *	fwt_conn_apart(), or at once, see hairpin.h; or NULL
 * @other: where the pair is taken: who has it
 *
 * Context: RCU read lock, softirqs off.
 * Return: 0; -EEXIST if a connection has the very same first pair (the other
 * first packet won the race: @other is it, @c is the caller's still);
 * -EADDRINUSE if only C-S clashes; -ENOSPC, see fwt_hash_insert().
 */
int fwt_conn_insert(struct fwt_conn *c, u64 hash, const struct fwt_bind *b,
		    struct fwt_conn **other);

/**
 * fwt_conn_link() - let it be found by a pair, too
 * @c: record; the ends of @pair are set
 * @pair: the pair
 * @hash: fwt_hash_pair() of it
 * @other: where it is taken: who has it
 *
 * Context: under @c->lock.
 * Return: 0; -EEXIST, -ENOSPC.
 */
int fwt_conn_link(struct fwt_conn *c, enum fwt_pair pair, u64 hash, struct fwt_conn **other);

/* Who has the pair that @c would have; NULL if nobody. Under RCU, without a lock. */
struct fwt_conn *fwt_conn_owner(const struct fwt_conn *c, enum fwt_pair pair);

/**
 * fwt_conn_yield() - a closed TCP connection makes room for a new one (R14)
 * @c: connection in the hash
 * @seq: of the SYN that wants its ends; see fwt_tcp_yields()
 *
 * Context: RCU; under another record's lock, for which it never waits.
 * Return: true if it was ended.
 */
bool fwt_conn_yield(struct fwt_conn *c, u32 seq);

/**
 * fwt_conn_end() - it is over
 * @c: connection in the hash
 * @why: for the books; of one whose time is over it is always that
 *
 * Context: RCU read lock; any, softirq included; not under @c->lock.
 * Return: true for the one caller who ended it.
 */
bool fwt_conn_end(struct fwt_conn *c, enum fwt_end_reason why);

/* The same where egress could not be decided: unless another CPU, with another packet of
 * it, has done so meanwhile.
 */
bool fwt_conn_end_undecided(struct fwt_conn *c, enum fwt_end_reason why);

/* The same for one whose time is over, by who holds another record's lock: never
 * waits.
 */
void fwt_conn_end_other(struct fwt_conn *c);

/* Namespaces whose tables are so full that timeouts are cut short (R25). */
extern atomic_t fwt_conns_pressed;

/* By how many ticks that of @c is. */
u32 fwt_conn_cut(const struct fwt_conn *c);

/* Ticks that it has; none, or less, if its time is over. */
static inline s32 fwt_conn_left(const struct fwt_conn *c)
{
	s32 left = READ_ONCE(c->expires) - (u32)jiffies;

	if (unlikely(atomic_read(&fwt_conns_pressed)) && left > 0)
		left -= fwt_conn_cut(c);
	return left;
}

static inline bool fwt_conn_alive(const struct fwt_conn *c)
{
	return !(READ_ONCE(c->flags) & BIT(FWT_CONN_DEAD)) && fwt_conn_left(c) > 0;
}

static inline bool fwt_conn_is(const struct fwt_conn *c, enum fwt_conn_bit bit)
{
	return READ_ONCE(c->flags) & BIT(bit);
}

/**
 * fwt_conn_apart() - is its pair C-S another connection's
 * @c: connection
 *
 * Two destinations that one client dialled from one port were led to one server. Then
 * its packets stand under S-N between the hooks, too, where N has the client's address
 * and another port; ends that other connections have not.
 */
static inline bool fwt_conn_apart(const struct fwt_conn *c)
{
	return unlikely(fwt_conn_is(c, FWT_CONN_DNAT)) &&
	       (READ_ONCE(c->linked) & (BIT(FWT_PAIR_CS) | BIT(FWT_PAIR_SN))) ==
	       BIT(FWT_PAIR_SN);
}

static inline bool fwt_conn_hairpin(const struct fwt_conn *c)
{
	return unlikely(READ_ONCE(c->linked) & FWT_LINKED_HAIRPIN);
}

/* Who is to be the source of its packets after a hook, and who their destination. */
static inline enum fwt_who fwt_conn_src(const struct fwt_conn *c, enum fwt_dir dir, bool egress)
{
	return fwt_target_src(dir, egress || (dir == FWT_ORIGINAL && fwt_conn_apart(c)));
}

static inline enum fwt_who fwt_conn_dst(const struct fwt_conn *c, enum fwt_dir dir, bool egress)
{
	return dir == FWT_REPLY && !egress && fwt_conn_apart(c) ? FWT_N : fwt_target_dst(dir);
}

/* Under @c->lock; written only when the tick changes. */
static inline void fwt_conn_expire(struct fwt_conn *c, u32 ticks)
{
	u32 when = (u32)jiffies + ticks;

	if (c->expires != when)
		WRITE_ONCE(c->expires, when);
}

/**
 * fwt_conns_walk() - visit connections
 * @fn: namespace
 * @w: walk in progress, { } at its begin; goes on where it stopped
 * @visit: called for each live connection, once, under RCU; returns an error to
 *	stop the walk (the connection counts as not visited)
 * @ctx: for @visit
 *
 * Each connection that is there from begin to end is visited once, also where the
 * hash grows meanwhile. Between a bounded number of records others run.
 *
 * Context: process, may sleep.
 * Return: 0 at the end; what @visit said.
 */
int fwt_conns_walk(struct fwt_net *fn, struct fwt_hash_walk *w,
		   int (*visit)(struct fwt_conn *c, void *ctx), void *ctx);

/* Nobody has looked at packets for a while: those of TCP are learned anew. May sleep. */
void fwt_conns_resume(struct fwt_net *fn);

/* All that are there end. Returns how many. May sleep. */
u32 fwt_conns_flush(struct fwt_net *fn);

/* Likewise those that no policy later than the generation @gen has allowed. */
u32 fwt_conns_flush_of(struct fwt_net *fn, u32 gen);

/* change.c: what packets of a connection are changed by. */

/**
 * fwt_conn_keep() - what is decided about a connection's packets
 * @c: connection; under its lock, or in no hash yet
 * @to: all of it but @to->rcu
 *
 * Return: 0; -ENOMEM, and then it is as it was.
 */
int fwt_conn_keep(struct fwt_conn *c, const struct fwt_conn_more *to);

/* A copy of what is kept now, all 0 where that is nothing. Under RCU, or its lock. */
void fwt_conn_kept(const struct fwt_conn *c, struct fwt_conn_more *to);

/* The mark that its packets get, 0 for none; its own. Under RCU, or its lock. */
u32 fwt_conn_mark(const struct fwt_conn *c);
u32 fwt_conn_ct_mark(const struct fwt_conn *c);

/* Seconds until it expires, 0 if it has. */
u32 fwt_conn_seconds(const struct fwt_conn *c);

/* netlink_event.c: it is confirmed; it ends. Under RCU, and not under its lock. */
void fwt_event_begun(struct fwt_conn *c);
void fwt_event_ended(struct fwt_conn *c, enum fwt_end_reason why);

/* conn_evict.c: early drop. */
int fwt_evict_init(struct fwt_net *fn);
void fwt_evict_clean(struct fwt_net *fn);

/* Is there room for one more, which makes it @n? Evicts others where there is
 * not. Under RCU.
 */
bool fwt_evict_room(struct fwt_net *fn, u32 n);

/* A record enters the hash, under its lock; has been killed; or is to stand
 * where it belongs by now (under RCU).
 */
void fwt_evict_enter(struct fwt_conn *c);
void fwt_evict_leave(struct fwt_conn *c);
void fwt_evict_sort(struct fwt_conn *c);

/* conn_gc.c, for conn.c: the collector. Who counts the first record wakes it; in any
 * context.
 */
void fwt_conns_gc_start(struct fwt_net *fn);
void fwt_conns_gc_wake(struct fwt_net *fn);

/* With @n records of those that @opt allows for: are timeouts to be cut short, and
 * by how much. The collector asks so each time that it runs.
 */
void fwt_conns_press(struct fwt_net *fn, const struct fwt_options *opt, u32 n);
void fwt_conns_gc_stop(struct fwt_net *fn);

/* Bytes of memory that connections take now. */
u64 fwt_conns_memory(struct fwt_net *fn);

#endif /* FWT_CONN_H */
