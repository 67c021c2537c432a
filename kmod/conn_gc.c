// SPDX-License-Identifier: GPL-2.0
/*
 * Connections from outside of them: visiting, ending all, and giving back the
 * memory of those whose time is over. See conn.h.
 */
#include <linux/math64.h>
#include <linux/sched.h>

#include "conn.h"
#include "policy.h"

/* Records that are looked at in one RCU section; then others may run. */
#define WALK_CHUNK	512

/* @all: those that are over and not collected yet, too. */
static int walk(struct fwt_net *fn, struct fwt_hash_walk *w, bool all,
		int (*visit)(struct fwt_conn *c, void *ctx), void *ctx)
{
	struct fwt_conn *c[FWT_HASH_MOST];
	u64 at[FWT_HASH_MOST];
	u32 seen = 0, n, i;
	int ret = 0;

	rcu_read_lock();
	while (!w->done) {
		n = fwt_hash_next(&fn->conns, w, c, at);
		for (i = 0; i < n; i++) {
			if (!all && !fwt_conn_alive(c[i]))
				continue;
			ret = visit(c[i], ctx);
			if (ret) {
				w->at = at[i];
				w->done = false;
				goto out;
			}
		}
		seen += n + 1;
		if (seen >= WALK_CHUNK) {
			seen = 0;
			rcu_read_unlock();
			cond_resched();
			rcu_read_lock();
		}
	}
out:
	rcu_read_unlock();
	return ret;
}

int fwt_conns_walk(struct fwt_net *fn, struct fwt_hash_walk *w,
		   int (*visit)(struct fwt_conn *c, void *ctx), void *ctx)
{
	return walk(fn, w, false, visit, ctx);
}

static int resume_one(struct fwt_conn *c, void *ctx)
{
	(void)ctx;
	if (c->ends.protocol != FWT_IPPROTO_TCP)
		return 0;
	spin_lock_bh(&c->lock);
	fwt_tcp_resume(&c->tcp);
	spin_unlock_bh(&c->lock);
	return 0;
}

void fwt_conns_resume(struct fwt_net *fn)
{
	struct fwt_hash_walk w = { };

	if (fn->conns_ready)
		fwt_conns_walk(fn, &w, resume_one, NULL);
}

struct flush {
	bool all;
	u32 gen;
	u32 n;
};

static int end_one(struct fwt_conn *c, void *ctx)
{
	bool alive = fwt_conn_alive(c);
	struct flush *f = ctx;

	if (f->all || (s32)(READ_ONCE(c->gen) - f->gen) <= 0)
		f->n += fwt_conn_end(c, FWT_END_FLUSHED) && alive;
	return 0;
}

static u32 flush(struct fwt_net *fn, struct flush f)
{
	struct fwt_hash_walk w = { };

	if (!fn->conns_ready)
		return 0;
	/* Each that is there throughout the walk is met, and who comes meanwhile
	 * came after the flush began.
	 */
	walk(fn, &w, true, end_one, &f);
	/* Who asks next how many there are is told of none that was flushed. */
	if (f.n)
		rcu_barrier();
	return f.n;
}

u32 fwt_conns_flush(struct fwt_net *fn)
{
	return flush(fn, (struct flush){ .all = true });
}

u32 fwt_conns_flush_of(struct fwt_net *fn, u32 gen)
{
	return flush(fn, (struct flush){ .gen = gen });
}

/* Close to the limit timeouts shrink, linearly from what they are at
 * adaptive_start to nothing at adaptive_end, which lies beyond the limit (R25; pf
 * has adaptive.start and adaptive.end). What a record holds is when it would end
 * with its full timeout. The cut is taken off when that is looked at, so that the
 * idle ones that came before are met too, and that each has its full time again
 * when there is room.
 */
atomic_t fwt_conns_pressed = ATOMIC_INIT(0);

enum { TRACKED, TRANSLATED, ANSWERED };

/* Seconds that an answered translation keeps however full the table is: RFC 5382,
 * REQ-5 (TCP); RFC 4787, REQ-5 (UDP); RFC 5508, REQ-2 (ICMP).
 */
static const u16 rfc_floor[__FWT_TIMEOUT_MAX] = {
	[FWT_TIMEOUT_TCP_SYN_SENT] = 240,	/* answered: both have sent a SYN */
	[FWT_TIMEOUT_TCP_SYN_RECV] = 240,
	[FWT_TIMEOUT_TCP_ESTABLISHED] = FWT_TCP_FLOOR,
	[FWT_TIMEOUT_TCP_FIN_WAIT] = 240,
	[FWT_TIMEOUT_TCP_CLOSE_WAIT] = 240,
	[FWT_TIMEOUT_TCP_LAST_ACK] = 240,
	[FWT_TIMEOUT_UDP] = 120,
	[FWT_TIMEOUT_UDP_STREAM] = 120,
	[FWT_TIMEOUT_ICMP] = 60,
};

u32 fwt_conn_cut(const struct fwt_conn *c)
{
	const struct fwt_net *fn = c->fn;
	u16 flags = READ_ONCE(c->flags);
	u32 kind = TRACKED;

	/* A tentative one has its two seconds, one that was given less than its
	 * timeout has that.
	 */
	if (!READ_ONCE(fn->pressed) || !(flags & BIT(FWT_CONN_CONFIRMED)) ||
	    flags & BIT(FWT_CONN_CAPPED))
		return 0;
	if (flags & (BIT(FWT_CONN_SNAT) | BIT(FWT_CONN_DNAT)))
		kind = flags & BIT(FWT_CONN_REPLIED) ? ANSWERED : TRANSLATED;
	return READ_ONCE(fn->cut[kind][READ_ONCE(c->timeout)]);
}

void fwt_conns_press(struct fwt_net *fn, const struct fwt_options *opt, u32 n)
{
	bool press = opt && opt->adaptive_end > opt->adaptive_start &&
		     n > opt->adaptive_start;
	u32 left, range, kind, i;

	if (press) {
		range = opt->adaptive_end - opt->adaptive_start;
		left = opt->adaptive_end > n ? opt->adaptive_end - n : 0;
		for (kind = TRACKED; kind <= ANSWERED; kind++) {
			for (i = 0; i < __FWT_TIMEOUT_MAX; i++) {
				u32 full = opt->timeout[kind != TRACKED][i];
				u32 keep = mul_u64_u32_div(full, left, range);
				u32 least = kind == ANSWERED ? rfc_floor[i] : 0;

				/* A second for a packet to come back in. */
				keep = max3(keep, least * HZ, (u32)HZ);
				WRITE_ONCE(fn->cut[kind][i], full - min(keep, full));
			}
		}
		WRITE_ONCE(fn->timeouts_percent, div_u64((u64)100 * left, range));
	}
	if (press == fn->pressed)
		return;
	if (press) {
		WRITE_ONCE(fn->pressed, true);
		atomic_inc(&fwt_conns_pressed);
	} else {
		atomic_dec(&fwt_conns_pressed);
		WRITE_ONCE(fn->pressed, false);
		WRITE_ONCE(fn->timeouts_percent, 100);
	}
}

/* Expired records only cost memory: nobody finds them. So the collector takes
 * its time: a sixteenth of the table, but at least 1024 records, each quarter of
 * a second, which is a whole round in four seconds; in one second where timeouts
 * are cut short, for room is short too.
 */
#define GC_INTERVAL	(HZ / 4)
#define GC_LEAST	1024

/* With nothing to collect it sleeps: no record at all, a whole round that found none, and
 * a hash that needs not shrink. Who makes a record where there was none wakes it.
 *
 * No wake-up is lost. @n_conns is counted up before there is a record, and by one
 * atomic addition one CPU alone sees that it was 0; that one queues the work, whether
 * its record comes to anything or not, so that whoever counts on from 1 need not. A
 * work item is no longer pending when its function begins, with a full barrier between
 * the two (set_work_pool_and_clear_pending()), as the addition is one before queueing. So
 * either the function reads the sum, and queues itself; or queueing finds the item not
 * pending any more, and it runs once more. What is pending already will read it, too.
 */
void fwt_conns_gc_wake(struct fwt_net *fn)
{
	queue_delayed_work(fwt_wq, &fn->gc, GC_INTERVAL);
}

static int collect_one(struct fwt_conn *c, void *ctx)
{
	u32 *budget = ctx;

	if (!*budget)
		return -EAGAIN;
	--*budget;
	if (fwt_conn_alive(c))
		fwt_evict_sort(c);
	else
		fwt_conn_end(c, FWT_END_TIMEOUT);
	return 0;
}

/* A table that was full will be so again: at each size it passes every record is
 * hashed anew, which costs as much as making it. So the hash shrinks only when it
 * has been sparse for a minute.
 */
#define SPARSE_FOR	(60 * HZ)

static void settle_size(struct fwt_net *fn)
{
	if (!fwt_hash_sparse(&fn->conns))
		fn->dense = jiffies;
	else if (time_after(jiffies, fn->dense + SPARSE_FOR))
		fwt_hash_shrink(&fn->conns);
}

static void collect(struct work_struct *work)
{
	struct fwt_net *fn = container_of(to_delayed_work(work), struct fwt_net, gc);
	const struct fwt_policy *pol;
	bool round = false;
	u32 budget, n;

	if (fn->gc_slept) {
		fn->gc_slept = false;
		fn->dense = jiffies;
	}
	rcu_read_lock();
	n = atomic_read(&fn->n_conns);
	pol = rcu_dereference(fn->policy);
	fwt_conns_press(fn, pol ? &pol->opt : NULL, n);
	rcu_read_unlock();
	budget = max_t(u32, GC_LEAST, n / (fn->pressed ? 4 : 16));
	if (!walk(fn, &fn->gc_walk, true, collect_one, &budget)) {
		WRITE_ONCE(fn->chain, fn->gc_walk.most);
		fn->gc_walk = (struct fwt_hash_walk){ };
		round = true;
	}
	settle_size(fn);
	fn->gc_slept = !n && round && !fwt_hash_sparse(&fn->conns);
	if (!fn->gc_slept)
		queue_delayed_work(fwt_wq, &fn->gc, GC_INTERVAL);
}

void fwt_conns_gc_start(struct fwt_net *fn)
{
	fn->dense = jiffies;
	fn->gc_slept = false;
	fn->gc_walk = (struct fwt_hash_walk){ };
	INIT_DELAYED_WORK(&fn->gc, collect);
	queue_delayed_work(fwt_wq, &fn->gc, GC_INTERVAL);
}

void fwt_conns_gc_stop(struct fwt_net *fn)
{
	cancel_delayed_work_sync(&fn->gc);
	fwt_conns_press(fn, NULL, 0);
}
