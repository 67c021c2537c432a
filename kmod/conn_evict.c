// SPDX-License-Identifier: GPL-2.0
/*
 * Early drop: which connection goes where there is room for a new one only if
 * another one goes (R4).
 *
 * Overview. What is closed goes first, then what has seen no reply or, of TCP, no
 * end of the handshake, then what was answered but has not proved itself (a second
 * packet after the reply). What has proved itself stays: with nothing else left
 * the new connection is refused. Looking for the worst record in the hash would
 * cost a cache miss for each one that is looked at, and under a flood do so for
 * each packet. So whoever may have to go stands in a queue, the oldest first.
 *
 * Who fills the table pays for it. A SYN-ACK is the server's word, and a forged source
 * gets one, too: would it count as a reply, a slow flood that is answered would fill the
 * table with what outranks each true client's SYN, which is evicted while its own answer
 * is on its way. Among equals the oldest one goes, and has had the time in which the
 * flood makes as many. Other protocols have no handshake, and a forged datagram may be
 * answered: so where a CPU's unproven ones are more than four times its fresh ones, and
 * no mere handful, they go before those. And where this CPU has but few, another one has
 * the flood, and pays: a flood from outside comes in on one, the clients inside on another.
 *
 * Queues. Each CPU has three for the records that it made: closed, fresh,
 * unproven. A record enters "fresh" when it enters the hash. Its packets do not
 * move it on, so a reply costs nothing here: who comes to evict and finds that
 * a record is no longer what its queue says moves it to where it belongs, and
 * so does the collector, which sees each record every few seconds. A record is
 * moved a few times in its life at most, so that an eviction is O(1) amortized;
 * and since one looks at no more than EVICT_LOOKS records of a queue, it is
 * bounded at its worst.
 *
 * Memory. The link of the queue lies where the RCU head is later: who ends a
 * record takes it out of its queue before it hands it to RCU.
 *
 * Synchronization. A queue's lock protects its links, its count and fwt_conn.queued of
 * its records; it comes after fwt_conn.lock. A record enters a queue, from
 * being in none, under its own lock and while it is not dead: so who has killed
 * it and then reads that it is in none can be sure that it stays so.
 */
#include <linux/cpumask.h>
#include <linux/percpu.h>

#include "conn.h"
#include "policy.h"

/* Below the limit evicting begins, so that there is room while what was
 * evicted waits for its grace period: an eighth of 64k records makes room for
 * 800,000 new connections a second at a grace period of 10 ms.
 */
static u32 slack(u32 limit)
{
	return max(limit / 8, 8u);
}

/* Records of a queue that one eviction looks at. Those that are not what they
 * were are moved on, so the next one begins behind them.
 */
#define EVICT_LOOKS	32

/* In the order in which they go. */
enum { NONE, CLOSED, FRESH, UNPROVEN, __QUEUES };

/* So many unproven ones to each fresh one are a crowd. */
#define CROWD	4

struct fwt_evict {
	spinlock_t lock;
	u32 n[__QUEUES];			/* records of each; NONE's is never used */
	struct list_head queue[__QUEUES];
} ____cacheline_aligned_in_smp;

static u8 belongs(const struct fwt_conn *c)
{
	u16 flags = READ_ONCE(c->flags);
	u8 timeout = READ_ONCE(c->timeout);

	if (timeout == FWT_TIMEOUT_TCP_CLOSE || timeout == FWT_TIMEOUT_TCP_TIME_WAIT)
		return CLOSED;
	/* Who opened it has not answered the SYN-ACK, and may be none who can. */
	if (!(flags & BIT(FWT_CONN_REPLIED)) || timeout == FWT_TIMEOUT_TCP_SYN_RECV)
		return FRESH;
	return flags & BIT(FWT_CONN_ASSURED) ? NONE : UNPROVEN;
}

/* The queues of the CPU that made the record: its id begins with that. */
static struct fwt_evict *queues_of(const struct fwt_conn *c)
{
	return per_cpu_ptr(c->fn->evict, c->id >> 48);
}

static void move(struct fwt_evict *e, struct fwt_conn *c, u8 to)
{
	lockdep_assert_held(&e->lock);
	if (c->queued) {
		list_del(&c->queue);
		WRITE_ONCE(e->n[c->queued], e->n[c->queued] - 1);
	}
	if (to) {
		list_add_tail(&c->queue, &e->queue[to]);
		WRITE_ONCE(e->n[to], e->n[to] + 1);
	}
	if (to != c->queued && (to == CLOSED || c->queued == CLOSED))
		atomic_add(to == CLOSED ? 1 : -1, &c->fn->n_closed);
	/* Who ends it and reads that it is in none writes over @queue by call_rcu(). */
	smp_store_release(&c->queued, to);
}

void fwt_evict_enter(struct fwt_conn *c)
{
	struct fwt_evict *e = queues_of(c);

	lockdep_assert_held(&c->lock);
	spin_lock(&e->lock);
	move(e, c, FRESH);
	spin_unlock(&e->lock);
}

void fwt_evict_leave(struct fwt_conn *c)
{
	struct fwt_evict *e = queues_of(c);

	/* Pairs with the release in move(). */
	if (!smp_load_acquire(&c->queued))
		return;
	spin_lock_bh(&e->lock);
	move(e, c, NONE);
	spin_unlock_bh(&e->lock);
}

void fwt_evict_sort(struct fwt_conn *c)
{
	struct fwt_evict *e;

	if (belongs(c) == READ_ONCE(c->queued))
		return;
	e = queues_of(c);
	/* Who has it has a packet of it: the next round is soon enough. */
	if (!spin_trylock_bh(&c->lock))
		return;
	if (!(c->flags & BIT(FWT_CONN_DEAD))) {
		spin_lock_bh(&e->lock);
		move(e, c, belongs(c));
		spin_unlock_bh(&e->lock);
	}
	spin_unlock_bh(&c->lock);
}

/* The oldest record that is what the queue says, or is over; out of it. */
static struct fwt_conn *take(struct fwt_evict *e, u8 queue)
{
	struct fwt_conn *c, *found = NULL;
	int looks;

	if (list_empty(&e->queue[queue]))
		return NULL;
	spin_lock_bh(&e->lock);
	for (looks = 0; !found && looks < EVICT_LOOKS; looks++) {
		u8 now;

		c = list_first_entry_or_null(&e->queue[queue], struct fwt_conn, queue);
		if (!c)
			break;
		now = fwt_conn_alive(c) ? belongs(c) : queue;
		if (now == queue) {
			found = c;
			now = NONE;
		}
		move(e, c, now);
	}
	spin_unlock_bh(&e->lock);
	return found;
}

/* From one CPU's queue. Another one may be ending the same record. */
static bool evict_of(struct fwt_evict *e, u8 queue)
{
	struct fwt_conn *c;
	bool alive;

	while ((c = take(e, queue))) {
		alive = fwt_conn_alive(c);
		if (!fwt_conn_end(c, FWT_END_EVICTED))
			continue;
		if (alive)
			fwt_stat_inc(c->fn, reason[FWT_REASON_EARLY_EVICT]);
		return true;
	}
	return false;
}

/* More than a handful: a CPU's share of the slack. */
static bool many(u32 n, u32 limit)
{
	return n > slack(limit) / num_online_cpus();
}

static bool crowded(const struct fwt_evict *e, u32 limit)
{
	u32 crowd = READ_ONCE(e->n[UNPROVEN]);

	return crowd > CROWD * READ_ONCE(e->n[FRESH]) && many(crowd, limit);
}

static u32 weight(const struct fwt_evict *e, u8 queue)
{
	u32 n = READ_ONCE(e->n[queue]);

	return queue == FRESH ? n + READ_ONCE(e->n[UNPROVEN]) / CROWD : n;
}

/* This CPU's cache has its own ones: they go, if they are many, else whose are the most. */
static struct fwt_evict *who_pays(struct fwt_net *fn, u8 queue, u32 limit)
{
	struct fwt_evict *most = raw_cpu_ptr(fn->evict);
	int cpu;

	if (many(weight(most, queue), limit))
		return most;
	for_each_possible_cpu(cpu) {
		struct fwt_evict *e = per_cpu_ptr(fn->evict, cpu);

		if (weight(e, queue) > weight(most, queue))
			most = e;
	}
	return most;
}

static bool evict_from(struct fwt_evict *e, u8 queue, u32 limit)
{
	if (queue == FRESH && crowded(e, limit) && evict_of(e, UNPROVEN))
		return true;
	return evict_of(e, queue);
}

static void evict(struct fwt_net *fn, u32 limit)
{
	u8 queue;
	int cpu;

	for (queue = CLOSED; queue < __QUEUES; queue++) {
		/* A flood leaves none, and is not to ask each CPU for them each time. */
		if (queue == CLOSED && !atomic_read(&fn->n_closed))
			continue;
		if (evict_from(who_pays(fn, queue, limit), queue, limit))
			return;
		for_each_possible_cpu(cpu)
			if (evict_from(per_cpu_ptr(fn->evict, cpu), queue, limit))
				return;
	}
}

bool fwt_evict_room(struct fwt_net *fn, u32 n)
{
	u32 limit = READ_ONCE(fn->conn_max);

	if (unlikely(n + slack(limit) > limit))
		evict(fn, limit);
	/* What was evicted counts until its grace period is over. */
	return likely(n <= limit);
}

int fwt_evict_init(struct fwt_net *fn)
{
	int cpu, queue;

	fn->evict = alloc_percpu_gfp(struct fwt_evict, GFP_KERNEL_ACCOUNT);
	if (!fn->evict)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		struct fwt_evict *e = per_cpu_ptr(fn->evict, cpu);

		spin_lock_init(&e->lock);
		for (queue = NONE; queue < __QUEUES; queue++)
			INIT_LIST_HEAD(&e->queue[queue]);
	}
	return 0;
}

void fwt_evict_clean(struct fwt_net *fn)
{
	free_percpu(fn->evict);
	fn->evict = NULL;
}
