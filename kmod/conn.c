// SPDX-License-Identifier: GPL-2.0
/*
 * The hash of connections and the lives in it; see conn.h.
 *
 * Under which pairs a record stands in the hash changes under its lock alone.
 */
#include <linux/log2.h>
#include <linux/percpu.h>
#include <linux/prefetch.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "across.h"
#include "barred.h"
#include "bind.h"
#include "conn.h"
#include "count.h"
#include "gone.h"
#include "mapping.h"
#include "policy.h"
#include "pool.h"
#include "route.h"

/* Unconfirmed records live so long: from the first hook to the last, with a
 * queue in between.
 */
#define CONN_TENTATIVE	(2 * HZ)

static struct kmem_cache *conn_cache, *conn6_cache;

/* Records to come, some for each CPU: got in one go, which costs a third, of one half
 * as the other one is begun; so the record after the next is known, whose lines are on
 * their way from memory while the packets before it are dealt with. A record is new
 * memory nearly always, and all four lines of it are written at once.
 */
#define HALF	16
#define AHEAD	2

struct stock {
	u32 at;
	void *record[2 * HALF];
};

static DEFINE_PER_CPU(struct stock [2], fwt_conn_stocks);
DEFINE_PER_CPU(u64, fwt_conn_seeds);

struct fwt_conn *fwt_conn_find(struct fwt_net *fn, u64 hash,
			       const struct fwt_tuple *t, enum fwt_dir *dir)
{
	struct fwt_conn *c = fwt_hash_find(&fn->conns, hash, t, dir);

	if (!c || likely(fwt_conn_alive(c)))
		return c;
	fwt_conn_end(c, FWT_END_TIMEOUT);
	return NULL;
}

/* All or none; how that is said differs between kernels. */
static noinline void fill(struct kmem_cache *cache, void **half)
{
	/* What is there of a half that failed was freed again. */
	if (!half[0] && !kmem_cache_alloc_bulk(cache, GFP_ATOMIC | __GFP_NOWARN, HALF, half))
		memset(half, 0, HALF * sizeof(*half));
}

static void *take_record(bool six, bool local)
{
	struct kmem_cache *cache = six ? conn6_cache : conn_cache;
	const gfp_t gfp = GFP_ATOMIC | __GFP_NOWARN;
	const size_t size = sizeof(struct fwt_conn), known = offsetof(struct fwt_conn, expires);
	size_t i;
	void *c, *ahead;
	struct stock *s;
	u32 at;

	/* Others may come in between; and what a process begins is charged to its
	 * group, each record to who made it. What arrives is not a process's doing, though
	 * it be a program that hands it to a device (tun): whose the stock is refilled by
	 * may be charged for so many that others begin.
	 */
	if (IS_ENABLED(CONFIG_PREEMPT_RT) ||
	    (local && !in_serving_softirq() && !(current->flags & PF_KTHREAD)))
		return kmem_cache_zalloc(cache, gfp);
	s = this_cpu_ptr(&fwt_conn_stocks[six]);
	at = s->at;
	if (!(at % HALF))
		fill(cache, s->record + (at ^ HALF));
	c = s->record[at];
	if (c)
		s->record[at] = NULL;
	else
		c = kmem_cache_alloc(cache, gfp);
	if (!c)
		return NULL;
	s->at = (at + 1) % (2 * HALF);
	ahead = s->record[(at + AHEAD) % (2 * HALF)];
	if (likely(ahead))
		for (i = 0; i < size; i += FWT_CONN_ALIGN)
			prefetchw(ahead + i);
	/* A link is set when it is needed, put_in(), and the ends by fwt_ends_init(). */
	memset((u8 *)c + known, 0, size - known);
	return c;
}

static void drop_stocks(void)
{
	unsigned int cpu, six, i;

	for_each_possible_cpu(cpu) {
		for (six = 0; six < 2; six++) {
			struct stock *s = per_cpu_ptr(&fwt_conn_stocks[six], cpu);

			for (i = 0; i < 2 * HALF; i++)
				if (s->record[i])
					kmem_cache_free(six ? conn6_cache : conn_cache,
							s->record[i]);
			memset(s, 0, sizeof(*s));
		}
	}
}

/* By a key that nobody knows, from a number that is never used again: as good to
 * choose ports by as get_random_u32(), and three times as cheap.
 */
u32 fwt_conn_seed(struct fwt_net *fn)
{
	u64 n = (u64)smp_processor_id() << 48;

	n |= fwt_inc_return_bh(fwt_conn_seeds) & (BIT_ULL(48) - 1);
	return (u32)siphash_1u64(n, &fn->conns.key);
}

struct fwt_conn *fwt_conn_alloc(struct fwt_net *fn, const struct fwt_tuple *t, bool local)
{
	u32 n = atomic_inc_return(&fn->n_conns);
	struct fwt_conn *c;
	bool six = t->family == 6;

	lockdep_assert_in_softirq();
	if (unlikely(n == 1))
		fwt_conns_gc_wake(fn);
	if (!fwt_evict_room(fn, n)) {
		atomic_dec(&fn->n_conns);
		return ERR_PTR(-ENOSPC);
	}
	c = take_record(six, local);
	if (!c) {
		atomic_dec(&fn->n_conns);
		return ERR_PTR(-ENOMEM);
	}
	if (six) {
		c->ends.addr6 = c->addr6;
		atomic_inc(&fn->n_conns6);
	}
	spin_lock_init(&c->lock);
	fwt_ends_init(&c->ends, t);
	c->fn = fn;
	c->slot[0] = FWT_NONE;
	c->slot[1] = FWT_NONE;
	c->created = (u32)jiffies;
	c->expires = (u32)jiffies + CONN_TENTATIVE;
	c->id = (u64)smp_processor_id() << 48 |
		(fwt_inc_return_bh(fn->stats->next_id) & (BIT_ULL(48) - 1));
	return c;
}

static void conn_free(struct fwt_conn *c)
{
	struct fwt_conn_more *more = rcu_dereference_protected(c->more, true);
	struct fwt_net *fn = c->fn;
	bool six = c->ends.family == 6;

	fwt_route_release(c);
	if (more) {
		/* Who has read it had RCU, too. */
		kfree(more);
		atomic_dec(&fn->n_more);
	}
	kmem_cache_free(six ? conn6_cache : conn_cache, c);
	if (six)
		atomic_dec(&fn->n_conns6);
	atomic_dec(&fn->n_conns);
}

static void conn_free_rcu(struct rcu_head *rcu)
{
	conn_free(container_of(rcu, struct fwt_conn, rcu));
}

/* What it was charged to. */
static void let_go(struct fwt_conn *c)
{
	struct fwt_end client;

	fwt_slot_ref(c->fn, c->slot[0], -1);
	fwt_slot_ref(c->fn, c->slot[1], -1);
	if (fwt_conn_is(c, FWT_CONN_SOURCE)) {
		fwt_ends_get(&c->ends, FWT_C, &client);
		fwt_source_release(c->fn, c->ends.family, &client);
	}
	if (fwt_conn_is(c, FWT_CONN_COUNTED))
		fwt_conn_uncount(c);
	if (c->tcp.owner)
		fwt_pool_release(c);
	if (fwt_conn_hairpin(c))
		fwt_mapping_leave(c);
}

/* With a grace period: its pair C-S may have been seen before C-V clashed. */
void fwt_conn_discard(struct fwt_conn *c)
{
	let_go(c);
	call_rcu(&c->rcu, conn_free_rcu);
}

/* Under @c->lock: who gets true is the one who ends it. */
static bool kill(struct fwt_conn *c)
{
	if (c->flags & BIT(FWT_CONN_DEAD))
		return false;
	WRITE_ONCE(c->flags, c->flags | BIT(FWT_CONN_DEAD));
	return true;
}

/* Of a record that is dead: nobody links it any more. */
static void unlink_all(struct fwt_conn *c)
{
	enum fwt_pair pair;

	local_bh_disable();
	for (pair = 0; pair < __FWT_PAIR_MAX; pair++)
		if (c->linked & BIT(pair))
			fwt_hash_remove(&c->fn->conns, c, pair);
	local_bh_enable();
}

/* What is over ends by its time, whoever comes by and finds it. */
static enum fwt_end_reason end_reason(const struct fwt_conn *c,
				      enum fwt_end_reason why)
{
	if (fwt_conn_left(c) > 0)
		return why;
	if (!fwt_conn_is(c, FWT_CONN_CONFIRMED))
		return FWT_END_UNFINISHED;
	if (c->timeout == FWT_TIMEOUT_TCP_CLOSE || c->timeout == FWT_TIMEOUT_TCP_TIME_WAIT)
		return FWT_END_CLOSED;
	return FWT_END_TIMEOUT;
}

static void bury(struct fwt_conn *c, enum fwt_end_reason why)
{
	struct fwt_net *fn = c->fn;

	why = end_reason(c, why);
	unlink_all(c);
	/* Its mapping is of its own VRF where it had N by that, before it was known where it
	 * leaves; its port is taken in both.
	 */
	if (unlikely(fwt_conn_is(c, FWT_CONN_ACROSS)))
		fwt_bind_release(c, fwt_across_unlink(c), !(c->linked & BIT(FWT_PAIR_SN)));
	if (c->linked & BIT(FWT_PAIR_SN))
		fwt_bind_release(c, c->ends.scope, true);
	fwt_evict_leave(c);
	/* The rules that it names are there as long as it is charged to them. */
	fwt_event_ended(c, why);
	if (c->tcp.owner)
		fwt_pool_ended(c, why);
	let_go(c);
	fwt_stat_inc(fn, ended[why]);
	fwt_route_bury(c);
	call_rcu(&c->rcu, conn_free_rcu);
}

bool fwt_conn_end(struct fwt_conn *c, enum fwt_end_reason why)
{
	bool mine;

	spin_lock_bh(&c->lock);
	mine = kill(c);
	spin_unlock_bh(&c->lock);
	if (mine)
		bury(c, why);
	return mine;
}

bool fwt_conn_end_undecided(struct fwt_conn *c, enum fwt_end_reason why)
{
	bool mine;

	spin_lock_bh(&c->lock);
	mine = !(c->flags & BIT(FWT_CONN_EGRESS)) && kill(c);
	spin_unlock_bh(&c->lock);
	if (mine)
		bury(c, why);
	return mine;
}

void fwt_conn_end_other(struct fwt_conn *c)
{
	bool mine;

	if (!spin_trylock_bh(&c->lock))
		return;
	mine = kill(c);
	spin_unlock_bh(&c->lock);
	if (mine)
		bury(c, FWT_END_TIMEOUT);
}

/* Let it be found by a pair; where its place is taken by one that is over, that
 * one goes. Returns 0, -EEXIST and @other, or another error.
 */
int fwt_conn_link(struct fwt_conn *c, enum fwt_pair pair, u64 hash, struct fwt_conn **other)
{
	struct fwt_conn *old;
	int tries;

	for (tries = 0; tries < 4; tries++) {
		old = fwt_hash_insert(&c->fn->conns, hash, c, pair);
		if (!old) {
			c->linked |= BIT(pair);
			return 0;
		}
		if (IS_ERR(old))
			return PTR_ERR(old);
		if (fwt_conn_alive(old) || old == c) {
			*other = old;
			return -EEXIST;
		}
		fwt_conn_end_other(old);
		/* Another CPU may be the one who takes it out. */
		cpu_relax();
	}
	/* As good as taken. */
	*other = NULL;
	return -EEXIST;
}

struct fwt_conn *fwt_conn_owner(const struct fwt_conn *c, enum fwt_pair pair)
{
	const struct fwt_hash *h = &c->fn->conns;
	struct fwt_conn *other;
	struct fwt_tuple t;

	fwt_ends_tuple(&c->ends, pair, &t);
	other = fwt_hash_find(h, fwt_hash_pair(h, &c->ends, pair), &t, NULL);
	return other && fwt_conn_alive(other) ? other : NULL;
}

bool fwt_conn_yield(struct fwt_conn *c, u32 seq)
{
	bool mine = false;

	/* Another record's lock is held: never wait for this one. */
	if (!spin_trylock_bh(&c->lock))
		return false;
	if (fwt_tcp_yields(&c->tcp, seq))
		mine = kill(c);
	spin_unlock_bh(&c->lock);
	if (mine)
		bury(c, FWT_END_YIELDED);
	return mine;
}

/* The same client, dialling the same, led to the same: the other first packet of
 * one connection.
 */
static noinline bool same_connection(const struct fwt_conn *a, const struct fwt_conn *b)
{
	struct fwt_tuple t;

	fwt_ends_tuple(&a->ends, FWT_PAIR_CV, &t);
	if (fwt_ends_match(&b->ends, FWT_PAIR_CV, &t) != FWT_ORIGINAL)
		return false;
	fwt_ends_tuple(&a->ends, FWT_PAIR_CS, &t);
	return fwt_ends_match(&b->ends, FWT_PAIR_CS, &t) == FWT_ORIGINAL;
}

/* Two that are inside have dialled each other's outside end at once: each first packet is
 * the other one's answer.
 */
static bool same_hairpin(const struct fwt_conn *a, const struct fwt_conn *b)
{
	struct fwt_tuple t;

	if (!fwt_conn_hairpin(a) || !fwt_conn_hairpin(b))
		return false;
	fwt_ends_tuple(&a->ends, FWT_PAIR_CS, &t);
	return fwt_ends_match(&b->ends, FWT_PAIR_CS, &t) == FWT_REPLY;
}

/* C-S, of the hash @hash; it may be what the server of a connection that comes from
 * another VRF sees in this one.
 */
static int link_cs(struct fwt_conn *c, u64 hash, struct fwt_conn **other)
{
	if (unlikely(atomic_read(&c->fn->n_across))) {
		/* N is C yet. */
		*other = fwt_across_owner(c, c->ends.scope);
		if (*other)
			return -EEXIST;
	}
	return fwt_conn_link(c, FWT_PAIR_CS, hash, other);
}

/* The pair that the packets of one that is led elsewhere have between the hooks. */
static noinline int link_led(struct fwt_conn *c, const struct fwt_bind *b,
			     struct fwt_conn **other)
{
	u64 hash = b && likely(b->hash_cs) ? b->hash_cs :
		   fwt_hash_pair(&c->fn->conns, &c->ends, FWT_PAIR_CS);
	int ret = link_cs(c, hash, other);

	if (b && unlikely(b->hairpin)) {
		if (ret)
			return ret;
		*other = NULL;
		ret = fwt_bind_source(c, b);
		if (!ret)
			c->flags |= BIT(FWT_CONN_SNAT);
		return ret;
	}
	if (ret != -EEXIST || (*other && same_connection(c, *other)))
		return ret;
	if (!b)
		return ret;
	/* One that is over makes room (R14). */
	if (b->opens && *other && fwt_conn_yield(*other, b->seq)) {
		ret = link_cs(c, hash, other);
		if (ret != -EEXIST || (*other && same_connection(c, *other)))
			return ret;
	}
	*other = NULL;
	ret = b->lo ? fwt_bind_source(c, b) : -EADDRINUSE;
	if (!ret)
		c->flags |= BIT(FWT_CONN_SNAT);
	return ret;
}

/* The record's lock is held throughout: who finds it by its first link waits for
 * the second, and can't bind or end what may have to be taken back.
 */
int fwt_conn_insert(struct fwt_conn *c, u64 hash, const struct fwt_bind *b,
		    struct fwt_conn **other)
{
	int ret = 0;

	spin_lock(&c->lock);
	if (unlikely(fwt_conn_is(c, FWT_CONN_DNAT))) {
		/* C-S first: while only that stands, no first packet of the same
		 * connection can find a record that is then taken back.
		 */
		ret = link_led(c, b, other);
		if (ret == -EEXIST)
			ret = -EADDRINUSE;
	}
	if (!ret)
		ret = fwt_conn_link(c, FWT_PAIR_CV, hash, other);
	if (ret) {
		WRITE_ONCE(c->flags, c->flags | BIT(FWT_CONN_DEAD));
	} else {
		fwt_evict_enter(c);
		fwt_stat_inc_bh(c->fn, created);
	}
	spin_unlock(&c->lock);
	if (ret) {
		unlink_all(c);
		/* The port that was chosen to stand apart by. */
		if (c->linked & BIT(FWT_PAIR_SN))
			fwt_bind_release(c, c->ends.scope, true);
		if (ret == -EADDRINUSE && *other &&
		    (same_connection(c, *other) || same_hairpin(c, *other))) {
			/* Whose C-V, or S-N, may not stand yet: it has its lock till
			 * then.
			 */
			spin_lock(&(*other)->lock);
			spin_unlock(&(*other)->lock);
			return -EEXIST;
		}
		return ret;
	}
	return 0;
}

u32 fwt_conn_seconds(const struct fwt_conn *c)
{
	s32 left = fwt_conn_left(c);

	return left > 0 ? left / HZ : 0;
}

u64 fwt_conns_memory(struct fwt_net *fn)
{
	u64 n = atomic_read(&fn->n_conns), n6 = atomic_read(&fn->n_conns6);

	if (!fn->conns_ready)
		return 0;
	/* kmem_cache_size() is without what aligns the next one. */
	return (n - min(n, n6)) * ALIGN(kmem_cache_size(conn_cache), FWT_CONN_ALIGN) +
	       n6 * ALIGN(kmem_cache_size(conn6_cache), FWT_CONN_ALIGN) +
	       (u64)atomic_read(&fn->n_more) * roundup_pow_of_two(sizeof(struct fwt_conn_more)) +
	       fwt_mappings_memory(fn) + fwt_across_memory(fn);
}

int fwt_conns_init(struct fwt_net *fn)
{
	int ret;

	if (fn->conns_ready)
		return 0;
	ret = fwt_evict_init(fn);
	if (ret)
		return ret;
	ret = fwt_mappings_net_init(fn);
	if (ret)
		goto no_mappings;
	ret = fwt_across_net_init(fn);
	if (ret)
		goto no_across;
	ret = fwt_hash_init(&fn->conns);
	if (ret)
		goto no_hash;
	spin_lock_init(&fn->ports_lock);
	fwt_barred_init(fn);
	fwt_gone_net_init(fn);
	fwt_conns_gc_start(fn);
	/* Listings ask for it without a lock. */
	smp_store_release(&fn->conns_ready, true);
	return 0;
no_hash:
	fwt_across_net_clean(fn);
no_across:
	fwt_mappings_net_clean(fn);
no_mappings:
	fwt_evict_clean(fn);
	return ret;
}

void fwt_conns_clean(struct fwt_net *fn)
{
	if (!fn->conns_ready)
		return;
	fwt_gone_net_clean(fn);
	fwt_route_clean(fn);
	fwt_conns_gc_stop(fn);
	fwt_conns_flush(fn);
	/* Their callbacks use the namespace. */
	rcu_barrier();
	fwt_bind_net_clean(fn);
	fwt_barred_clean(fn);
	fwt_mappings_net_clean(fn);
	fwt_across_net_clean(fn);
	fwt_hash_clean(&fn->conns);
	fwt_evict_clean(fn);
	fn->conns_ready = false;
}

int fwt_conn_cache_init(void)
{
	/* The record's layout is arithmetic; hold it to it. */
	BUILD_BUG_ON(offsetof(struct fwt_conn, link));
	BUILD_BUG_ON(offsetof(struct fwt_conn, lock) > FWT_CONN_ALIGN);
	/* take_record(), which leaves to others what stands before it. */
	BUILD_BUG_ON(offsetof(struct fwt_conn, expires) !=
		     __FWT_PAIR_MAX * sizeof(unsigned long) + sizeof(struct fwt_ends));
	/* With locks that are checked, or sleep, it is longer, with short pointers shorter. */
#if !defined(CONFIG_DEBUG_SPINLOCK) && !defined(CONFIG_DEBUG_LOCK_ALLOC) && \
	!defined(CONFIG_PREEMPT_RT)
	BUILD_BUG_ON(BITS_PER_LONG == 64 &&
		     (offsetof(struct fwt_conn, packets) != 2 * FWT_CONN_ALIGN ||
		      offsetof(struct fwt_conn, id) != 3 * FWT_CONN_ALIGN ||
		      sizeof(struct fwt_conn) > 256));
#endif
	fwt_bind_init();
	conn_cache = kmem_cache_create("fwtree_conn", sizeof(struct fwt_conn),
				       FWT_CONN_ALIGN, SLAB_ACCOUNT | SLAB_NO_MERGE, NULL);
	conn6_cache = kmem_cache_create("fwtree_conn6", sizeof(struct fwt_conn) +
					__FWT_WHO_MAX * sizeof(u32[4]),
					FWT_CONN_ALIGN, SLAB_ACCOUNT | SLAB_NO_MERGE, NULL);
	if (conn_cache && conn6_cache && !fwt_mapping_cache_init())
		return 0;
	fwt_conn_cache_clean();
	return -ENOMEM;
}

void fwt_conn_cache_clean(void)
{
	fwt_mapping_cache_clean();
	drop_stocks();
	kmem_cache_destroy(conn_cache);
	kmem_cache_destroy(conn6_cache);
}
