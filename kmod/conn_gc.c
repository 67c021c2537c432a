// SPDX-License-Identifier: GPL-2.0
/*
 * Connections from outside of them: visiting, ending all, and giving back the
 * memory of those whose time is over. See conn.h.
 */
#include <linux/rhashtable.h>
#include <linux/sched.h>

#include "conn.h"
#include "policy.h"

/* @all: those that are over and not collected yet, too. */
static int walk(struct fwt_conn_walk *w, bool all,
		int (*visit)(struct fwt_conn *c, void *ctx), void *ctx)
{
	struct rhashtable_iter *iter = &w->iter;
	bool resized;
	void *link;
	int ret = 0;

	/* Between two calls is as good as in the middle of one. */
	resized = rhashtable_walk_start_check(iter) == -EAGAIN;
	for (link = rhashtable_walk_peek(iter); link;
	     link = rhashtable_walk_next(iter)) {
		enum fwt_pair pair;
		struct fwt_conn *c;

		if (IS_ERR(link)) {
			if (PTR_ERR(link) != -EAGAIN) {
				ret = PTR_ERR(link);
				break;
			}
			resized = true;
			continue;
		}
		c = fwt_conn_of(link, &pair);
		/* Every connection has this one, so each is visited once. */
		if (pair != FWT_PAIR_CV || (!all && !fwt_conn_alive(c)))
			continue;
		ret = visit(c, ctx);
		if (ret)
			break;
	}
	rhashtable_walk_stop(iter);
	return ret ? ret : resized ? -EINTR : 0;
}

void fwt_conns_walk_begin(struct fwt_net *fn, struct fwt_conn_walk *w)
{
	rhashtable_walk_enter(&fn->conns, &w->iter);
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
	int ret;

	if (!fn->conns_ready)
		return 0;
	do {
		fwt_conns_walk_begin(fn, &w);
		ret = walk(&w, true, end_one, &n);
		fwt_conns_walk_end(&w);
		/* What is being resized is so until its worker has run, which
		 * may be waiting for this very CPU.
		 */
		cond_resched();
	} while (ret == -EINTR);
	/* Who asks next how many there are is told of none that was flushed. */
	if (n)
		rcu_barrier();
	return n;
}

/* Expired records only cost memory: nobody finds them. So the collector takes
 * its time: a sixteenth of the table, but at least 1024 links, each quarter of
 * a second, which is a whole round in four seconds.
 */
#define GC_INTERVAL	(HZ / 4)
#define GC_LEAST	1024

static void collect(struct work_struct *work)
{
	struct fwt_net *fn = container_of(to_delayed_work(work), struct fwt_net, gc);
	u32 budget = max_t(u32, GC_LEAST, atomic_read(&fn->conns.nelems) / 16);
	void *link;

	if (!fn->gc_walking) {
		rhashtable_walk_enter(&fn->conns, &fn->gc_iter);
		fn->gc_walking = true;
	}
	rhashtable_walk_start(&fn->gc_iter);
	while (budget--) {
		enum fwt_pair pair;
		struct fwt_conn *c;

		link = rhashtable_walk_next(&fn->gc_iter);
		if (!link)
			break;
		if (IS_ERR(link))
			continue;
		c = fwt_conn_of(link, &pair);
		if (!fwt_conn_alive(c))
			fwt_conn_end(c, FWT_END_TIMEOUT);
		else if (pair == FWT_PAIR_CV)
			fwt_evict_sort(c);
	}
	rhashtable_walk_stop(&fn->gc_iter);
	if (!link) {
		rhashtable_walk_exit(&fn->gc_iter);
		fn->gc_walking = false;
	}
	queue_delayed_work(fwt_wq, &fn->gc, GC_INTERVAL);
}

void fwt_conns_gc_start(struct fwt_net *fn)
{
	INIT_DELAYED_WORK(&fn->gc, collect);
	queue_delayed_work(fwt_wq, &fn->gc, GC_INTERVAL);
}

void fwt_conns_gc_stop(struct fwt_net *fn)
{
	cancel_delayed_work_sync(&fn->gc);
	if (fn->gc_walking)
		rhashtable_walk_exit(&fn->gc_iter);
}
