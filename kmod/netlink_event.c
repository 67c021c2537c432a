// SPDX-License-Identifier: GPL-2.0
/*
 * What happens, told to who listens: here the means, and connections; packets are
 * in netlink_packet.c, policies in netlink.c.
 *
 * Nobody listening costs a load. Listening costs a message for each event, of
 * which no more than option event-rate (of the log, log-rate) are sent in a second:
 * a flood of connections must not become one of messages. The next message says
 * how many were not sent; where none follows within a second, one that says
 * nothing else. What a listener's own buffer can't hold netlink tells it itself.
 *
 * Who listens. genl_has_listeners() is four dependent loads of lines that nobody
 * else needs (11 ns in a guest, all of it cached; a flag 1 to 2), for something that
 * is almost never so. The kernel tells of who joins
 * a group (fwt_compat_genl_watch()), though not of the namespace, and not how
 * often: who joins twice leaves once, and anybody may leave a group that they are
 * not in. So it can't be counted; from the first that joins, all namespaces are
 * asked at each event, until a look at all of them finds nobody.
 *
 * Telling is shown. While netlink sends a message it hands a copy to devices that show
 * those (nlmon), and what such a device does with it comes by our hooks: on the same
 * stack. What there is to tell of that would be shown, and told of, in turn, until the
 * stack is full. So who tells says so, and what comes up meanwhile is lost.
 */
#include <linux/netlink.h>
#include <linux/percpu.h>
#include <linux/ratelimit.h>

#include "conn.h"
#include "event.h"
#include "netlink.h"
#include "trace.h"

/* What is different by what is told. */
static const struct {
	unsigned int group;
	u8 cmd;
	int time;
	int pad;
	int lost;
	u8 reason;
} told_by[__FWT_TOLD_MAX] = {
	[FWT_TOLD_CONNS] = {
		FWTREE_NLGRP_CONNECTIONS, FWTREE_CMD_CONN_NTF, FWTREE_A_CONN_TIME,
		FWTREE_A_CONN_PAD, FWTREE_A_CONN_LOST, FWT_REASON_EVENT_LIMITED,
	},
	[FWT_TOLD_DROPS] = {
		FWTREE_NLGRP_DROPS, FWTREE_CMD_DROP_NTF, FWTREE_A_PACKET_TIME,
		FWTREE_A_PACKET_PAD, FWTREE_A_PACKET_LOST, FWT_REASON_EVENT_LIMITED,
	},
	[FWT_TOLD_LOGS] = {
		FWTREE_NLGRP_LOGS, FWTREE_CMD_LOG_NTF, FWTREE_A_PACKET_TIME,
		FWTREE_A_PACKET_PAD, FWTREE_A_PACKET_LOST, FWT_REASON_LOG_LIMITED,
	},
};

/* Listeners */

bool fwt_event_heard __read_mostly;
static unsigned long joined;	/* when somebody did, jiffies */

/* Joining is told before it is done: so long a look is not trusted. */
#define JOINING	(10 * HZ)

static bool anybody(void)
{
	struct net *net;
	bool found = false;
	unsigned int i;

	rcu_read_lock();
	for_each_net_rcu(net)
		for (i = 0; i <= FWTREE_NLGRP_DROPS && !found; i++)
			found = genl_has_listeners(&fwtree_nl_family, net, i);
	rcu_read_unlock();
	return found;
}

static void look(struct work_struct *work)
{
	if (time_before(jiffies, READ_ONCE(joined) + JOINING)) {
		queue_delayed_work(fwt_wq, to_delayed_work(work), JOINING);
		return;
	}
	WRITE_ONCE(fwt_event_heard, false);
	/* Who joins from now on sets it again; who did before is found, or, told of
	 * and not done yet, is seen here.
	 */
	smp_mb();
	if (time_before(jiffies, READ_ONCE(joined) + JOINING)) {
		WRITE_ONCE(fwt_event_heard, true);
		queue_delayed_work(fwt_wq, to_delayed_work(work), JOINING);
	} else if (anybody()) {
		WRITE_ONCE(fwt_event_heard, true);
	}
}

static DECLARE_DELAYED_WORK(looker, look);

static int join(int group)
{
	WRITE_ONCE(joined, jiffies);
	smp_mb();	/* look() */
	WRITE_ONCE(fwt_event_heard, true);
	return 0;
}

static void leave(int group)
{
	mod_delayed_work(fwt_wq, &looker, HZ);
}

void fwt_events_start(void)
{
	fwt_event_heard = !fwt_compat_genl_watch(&fwtree_nl_family, join, leave);
}

void fwt_events_stop(void)
{
	cancel_delayed_work_sync(&looker);
	/* The groups may be another family's from now on. */
	WRITE_ONCE(fwt_event_heard, false);
}

/* Messages */

void fwt_event_lost(struct fwt_net *fn, unsigned int told, u32 n)
{
	if (atomic_fetch_add(n, &fn->told[told].lost) == 0)
		queue_delayed_work(fwt_wq, &fn->tell_lost, HZ);
}

/* Who is telling on this CPU. By the task, for on RT softirqs can be preempted by others;
 * a mark that one of those has taken away costs one message more on its stack.
 */
static DEFINE_PER_CPU(const struct task_struct *, telling);

void fwt_event_tell_begin(void)
{
	local_bh_disable();
	this_cpu_write(telling, current);
}

void fwt_event_tell_end(void)
{
	this_cpu_write(telling, NULL);
	local_bh_enable();
}

bool fwt_event_telling(void)
{
	return unlikely(this_cpu_read(telling) == current);
}

bool fwt_event_allowed(struct fwt_net *fn, unsigned int told)
{
	if (!fwt_event_telling() && __ratelimit(&fn->told[told].limit))
		return true;
	fwt_stat_inc(fn, reason[told_by[told].reason]);
	return false;
}

/* NULL where there is no memory: then what was lost before is not told of yet. */
static struct sk_buff *begin(struct fwt_net *fn, unsigned int told, void **hdr, u32 *before)
{
	u32 lost = atomic_xchg(&fn->told[told].lost, 0);
	struct sk_buff *skb;

	*before = lost;
	skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_ATOMIC | __GFP_NOWARN);
	*hdr = skb ? genlmsg_put(skb, 0, 0, &fwtree_nl_family, 0, told_by[told].cmd) : NULL;
	if (!*hdr ||
	    nla_put_u64_64bit(skb, told_by[told].time, ktime_get_real_ns(),
			      told_by[told].pad) ||
	    (lost && nla_put_u32(skb, told_by[told].lost, lost))) {
		nlmsg_free(skb);
		if (lost)
			fwt_event_lost(fn, told, lost);
		return NULL;
	}
	return skb;
}

struct sk_buff *fwt_event_new(struct fwt_net *fn, unsigned int told, void **hdr, u32 *before)
{
	struct sk_buff *skb = begin(fn, told, hdr, before);

	if (!skb)
		fwt_event_lost(fn, told, 1);
	return skb;
}

void fwt_event_send(struct fwt_net *fn, unsigned int told, struct sk_buff *skb,
		    void *hdr, u32 before, int ret)
{
	if (ret) {
		nlmsg_free(skb);
		fwt_event_lost(fn, told, before + 1);
		return;
	}
	genlmsg_end(skb, hdr);
	fwt_event_tell_begin();
	fwt_netlink_tell(fn->net, skb, told_by[told].group, GFP_ATOMIC);
	fwt_event_tell_end();
}

/* What was lost, and nothing came that would have told of it. */
static void tell_lost(struct work_struct *work)
{
	struct fwt_net *fn = container_of(to_delayed_work(work), struct fwt_net,
					  tell_lost);
	struct sk_buff *skb;
	unsigned int i;
	u32 before;
	void *hdr;

	fwt_log_tell_lost(fn);
	for (i = 0; i < __FWT_TOLD_MAX; i++) {
		if (!atomic_read(&fn->told[i].lost))
			continue;
		skb = begin(fn, i, &hdr, &before);
		if (skb)
			fwt_event_send(fn, i, skb, hdr, before, 0);
	}
}

void fwt_events_init(struct fwt_net *fn)
{
	unsigned int i;

	for (i = 0; i < __FWT_TOLD_MAX; i++) {
		ratelimit_state_init(&fn->told[i].limit, HZ, 0);
		/* Said by counters of ours, not in the kernel's log. */
		ratelimit_set_flags(&fn->told[i].limit, RATELIMIT_MSG_ON_RELEASE);
		atomic_set(&fn->told[i].lost, 0);
	}
	atomic_set(&fn->lines_lost, 0);
	INIT_DELAYED_WORK(&fn->tell_lost, tell_lost);
}

void fwt_events_clean(struct fwt_net *fn)
{
	cancel_delayed_work_sync(&fn->tell_lost);
}

/* Connections */

static void tell(struct fwt_conn *c, enum fwtree_conn_event event,
		 enum fwt_end_reason why)
{
	struct fwt_net *fn = c->fn;
	struct sk_buff *skb;
	int ret = 0;
	u32 before;
	void *hdr;

	if (!fwt_event_allowed(fn, FWT_TOLD_CONNS)) {
		fwt_event_lost(fn, FWT_TOLD_CONNS, 1);
		return;
	}
	skb = fwt_event_new(fn, FWT_TOLD_CONNS, &hdr, &before);
	if (!skb)
		return;
	if (nla_put_u32(skb, FWTREE_A_CONN_EVENT, event) ||
	    (event == FWTREE_CONN_EVENT_ENDED &&
	     nla_put_string(skb, FWTREE_A_CONN_ENDED_BY, fwt_end_info[why].name)) ||
	    fwt_netlink_put_conn(skb, fn, c, true))
		ret = -EMSGSIZE;
	fwt_event_send(fn, FWT_TOLD_CONNS, skb, hdr, before, ret);
}

static bool translated(const struct fwt_conn *c)
{
	return fwt_conn_is(c, FWT_CONN_SNAT) || fwt_conn_is(c, FWT_CONN_DNAT);
}

void fwt_event_begun(struct fwt_conn *c)
{
	if (trace_fwt_conn_new_enabled() && !translated(c))
		trace_fwt_conn_new(c, "-");
	if (trace_fwt_conn_translated_enabled() && translated(c))
		trace_fwt_conn_translated(c, "-");
	if (fwt_event_wanted(c->fn, FWTREE_NLGRP_CONNECTIONS))
		tell(c, translated(c) ? FWTREE_CONN_EVENT_TRANSLATED :
					FWTREE_CONN_EVENT_NEW, 0);
}

void fwt_event_ended(struct fwt_conn *c, enum fwt_end_reason why)
{
	trace_fwt_conn_ended(c, fwt_end_info[why].name);
	/* Who never left us was never told of; but that ports have run out is. */
	if (fwt_event_wanted(c->fn, FWTREE_NLGRP_CONNECTIONS) &&
	    (fwt_conn_is(c, FWT_CONN_CONFIRMED) || why == FWT_END_NO_PORT))
		tell(c, FWTREE_CONN_EVENT_ENDED, why);
}
