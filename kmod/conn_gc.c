// SPDX-License-Identifier: GPL-2.0
/*
 * Connections from outside of them: visiting, ending all, and giving back the
 * memory of those whose time is over. See conn.h.
 */
#include <linux/math64.h>
#include <linux/rhashtable.h>
#include <linux/sched.h>

#include "conn.h"
#include "policy.h"

/* Links that are looked at in one RCU section; then others may run. */
#define WALK_CHUNK	512

static void start(struct fwt_conn_walk *w)
{
	if (rhashtable_walk_start_check(&w->iter) == -EAGAIN)
		w->resized = true;
	/* We stopped within a chain, and the link that is next is gone, and
	 * perhaps others before it: the chain again, rather than pass one over.
	 */
	if (!w->iter.p && w->iter.skip) {
		w->iter.skip = 0;
		w->resized = true;
	}
}

/* @all: those that are over and not collected yet, too. */
static int walk(struct fwt_conn_walk *w, bool all,
		int (*visit)(struct fwt_conn *c, void *ctx), void *ctx)
{
	struct rhashtable_iter *iter = &w->iter;
	u32 seen = 0;
	void *link;
	int ret = 0;

	/* Between two calls is as good as in the middle of one. */
	start(w);
	link = rhashtable_walk_peek(iter);
	while (link) {
		enum fwt_pair pair;
		struct fwt_conn *c;

		if (IS_ERR(link)) {
			w->resized = true;
			link = rhashtable_walk_next(iter);
			continue;
		}
		/* At the begin of a chain: who stands there may go meanwhile. */
		if (seen >= WALK_CHUNK && iter->skip == 1) {
			seen = 0;
			rhashtable_walk_stop(iter);
			cond_resched();
			start(w);
			link = rhashtable_walk_peek(iter);
			continue;
		}
		seen++;
		w->chain = max(w->chain, iter->skip);
		c = fwt_conn_of(link, &pair);
		/* Every connection has this one, so each is visited once. */
		if (pair == FWT_PAIR_CV && (all || fwt_conn_alive(c))) {
			ret = visit(c, ctx);
			if (ret)
				break;
		}
		link = rhashtable_walk_next(iter);
	}
	rhashtable_walk_stop(iter);
	return ret;
}

void fwt_conns_walk_begin(struct fwt_net *fn, struct fwt_conn_walk *w)
{
	rhashtable_walk_enter(&fn->conns, &w->iter);
	w->resized = false;
	w->chain = 0;
}

void fwt_conns_walk_end(struct fwt_conn_walk *w)
{
	rhashtable_walk_exit(&w->iter);
}

int fwt_conns_walk(struct fwt_conn_walk *w,
		   int (*visit)(struct fwt_conn *c, void *ctx), void *ctx)
{
	return walk(w, false, visit, ctx);
}

static int end_one(struct fwt_conn *c, void *ctx)
{
	bool alive = fwt_conn_alive(c);
	u32 *n = ctx;

	*n += fwt_conn_end(c, FWT_END_FLUSHED) && alive;
	return 0;
}

u32 fwt_conns_flush(struct fwt_net *fn)
{
	struct fwt_conn_walk w;
	u32 n = 0;

	if (!fn->conns_ready)
		return 0;
	/* Each that is there throughout the walk is met, and who comes meanwhile
	 * came after the flush began.
	 */
	fwt_conns_walk_begin(fn, &w);
	walk(&w, true, end_one, &n);
	fwt_conns_walk_end(&w);
	/* Who asks next how many there are is told of none that was flushed. */
	if (n)
		rcu_barrier();
	return n;
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
 * REQ-5 (TCP); RFC 4787, REQ-5 (UDP); RFC 5508, REQ-1 (ICMP).
 */
static const u16 rfc_floor[__FWT_TIMEOUT_MAX] = {
	[FWT_TIMEOUT_TCP_SYN_RECV] = 240,
	[FWT_TIMEOUT_TCP_ESTABLISHED] = 7440,
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
		WRITE_ONCE(fn->timeouts_percent, (u64)100 * left / range);
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
	u32 size, n = atomic_read(&fn->conns.nelems);
	unsigned long now = jiffies;
	bool sparse;

	rcu_read_lock();
	size = rht_dereference_rcu(fn->conns.tbl, &fn->conns)->size;
	rcu_read_unlock();
	sparse = size > FWT_CONNS_LEAST && n < size / 10 * 3;
	if (!sparse)
		fn->dense = now;
	WRITE_ONCE(fn->conns.p.automatic_shrinking,
		   sparse && time_after(now, fn->dense + SPARSE_FOR));
	/* It looks again by itself only when something is taken out. */
	if (fn->conns.p.automatic_shrinking)
		schedule_work(&fn->conns.run_work);
}

static void collect(struct work_struct *work)
{
	struct fwt_net *fn = container_of(to_delayed_work(work), struct fwt_net, gc);
	const struct fwt_policy *pol;
	u32 budget, n;

	rcu_read_lock();
	n = atomic_read(&fn->n_conns);
	pol = rcu_dereference(fn->policy);
	fwt_conns_press(fn, pol ? &pol->opt : NULL, n);
	rcu_read_unlock();
	budget = max_t(u32, GC_LEAST, n / (fn->pressed ? 4 : 16));
	if (!fn->gc_walking) {
		fwt_conns_walk_begin(fn, &fn->gc_walk);
		fn->gc_walking = true;
	}
	if (!walk(&fn->gc_walk, true, collect_one, &budget)) {
		WRITE_ONCE(fn->chain, fn->gc_walk.chain);
		fwt_conns_walk_end(&fn->gc_walk);
		fn->gc_walking = false;
	}
	settle_size(fn);
	queue_delayed_work(fwt_wq, &fn->gc, GC_INTERVAL);
}

void fwt_conns_gc_start(struct fwt_net *fn)
{
	fn->dense = jiffies;
	INIT_DELAYED_WORK(&fn->gc, collect);
	queue_delayed_work(fwt_wq, &fn->gc, GC_INTERVAL);
}

void fwt_conns_gc_stop(struct fwt_net *fn)
{
	cancel_delayed_work_sync(&fn->gc);
	fwt_conns_press(fn, NULL, 0);
	if (fn->gc_walking)
		fwt_conns_walk_end(&fn->gc_walk);
}
