// SPDX-License-Identifier: GPL-2.0
/*
 * Connections that begin and end, told to who listens.
 *
 * Nobody listening costs two loads. Listening costs a message for each event, of
 * which no more than option event-rate are sent in a second: a flood of
 * connections must not become one of messages. The next message says how many
 * were not sent. What a listener's own buffer can't hold netlink tells it itself.
 */
#include <linux/netlink.h>
#include <linux/ratelimit.h>
#include <net/genetlink.h>

#include "conn.h"
#include "netlink.h"

static int put_event(struct sk_buff *skb, struct fwt_net *fn, struct fwt_conn *c,
		     enum fwtree_conn_event event, enum fwt_end_reason why, u32 lost)
{
	if (nla_put_u32(skb, FWTREE_A_CONN_EVENT, event) ||
	    nla_put_u64_64bit(skb, FWTREE_A_CONN_TIME, ktime_get_real_ns(),
			      FWTREE_A_CONN_PAD) ||
	    (event == FWTREE_CONN_EVENT_ENDED &&
	     nla_put_string(skb, FWTREE_A_CONN_ENDED_BY, fwt_end_info[why].name)) ||
	    (lost && nla_put_u32(skb, FWTREE_A_CONN_LOST, lost)))
		return -EMSGSIZE;
	return fwt_netlink_put_conn(skb, fn, c);
}

static void tell(struct fwt_conn *c, enum fwtree_conn_event event,
		 enum fwt_end_reason why)
{
	struct fwt_net *fn = c->fn;
	struct sk_buff *skb;
	u32 lost;
	void *hdr;

	if (!__ratelimit(&fn->event_limit)) {
		atomic_inc(&fn->events_lost);
		fwt_stat_inc(fn, reason[FWT_REASON_EVENT_LIMITED]);
		return;
	}
	lost = atomic_xchg(&fn->events_lost, 0);
	skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_ATOMIC | __GFP_NOWARN);
	if (!skb)
		goto fail;
	hdr = genlmsg_put(skb, 0, 0, &fwtree_nl_family, 0, FWTREE_CMD_CONN_NTF);
	if (!hdr || put_event(skb, fn, c, event, why, lost))
		goto fail;
	genlmsg_end(skb, hdr);
	genlmsg_multicast_netns(&fwtree_nl_family, fn->net, skb, 0,
				FWTREE_NLGRP_CONNECTIONS, GFP_ATOMIC);
	return;
fail:
	nlmsg_free(skb);
	atomic_add(lost + 1, &fn->events_lost);
}

static bool wanted(const struct fwt_net *fn)
{
	return genl_has_listeners(&fwtree_nl_family, fn->net, FWTREE_NLGRP_CONNECTIONS);
}

void fwt_event_begun(struct fwt_conn *c)
{
	if (unlikely(wanted(c->fn)))
		tell(c, fwt_conn_is(c, FWT_CONN_SNAT) || fwt_conn_is(c, FWT_CONN_DNAT) ?
			FWTREE_CONN_EVENT_TRANSLATED : FWTREE_CONN_EVENT_NEW, 0);
}

void fwt_event_ended(struct fwt_conn *c, enum fwt_end_reason why)
{
	/* Who never left us was never told of; but that ports have run out is. */
	if (unlikely(wanted(c->fn)) &&
	    (fwt_conn_is(c, FWT_CONN_CONFIRMED) || why == FWT_END_NO_PORT))
		tell(c, FWTREE_CONN_EVENT_ENDED, why);
}
