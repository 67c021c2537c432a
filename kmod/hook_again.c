// SPDX-License-Identifier: GPL-2.0
/*
 * A connection that is asked about again: by another policy, or as it begins to use
 * another interface; and a packet that is routed again. See hook.c.
 */
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/ip.h>

#include "barred.h"
#include "hook_private.h"
#include "pool.h"

static unsigned int refuse_known(struct fwt_way *w, const struct fwt_decision *d,
				 bool end)
{
	/* The answer before the end: it is translated by the record. */
	if (d->verdict == FWT_VERDICT_REJECT)
		fwt_answer(w, d->reject);
	if (end && fwt_pool_was_reset(w->c)) {
		if (fwt_conn_end(w->c, FWT_END_SERVER))
			fwt_answer_other(w);
	} else if (end) {
		fwt_bar(w->c, false);
		fwt_conn_end(w->c, FWT_END_POLICY);
	}
	return fwt_drop_by(w, FWT_REASON_REVALIDATED, d);
}

unsigned int fwt_hook_ask_again(struct fwt_way *w)
{
	struct fwt_decision d FWT_UNSET;

	/* It walks by itself. */
	if (w->pol->opt.per_packet && !fwt_pool_was_reset(w->c))
		return NF_ACCEPT;
	if ((!w->pol->opt.revalidate && !fwt_pool_was_reset(w->c)) ||
	    fwt_decide_again(w, 0, 0, true, &d))
		return NF_ACCEPT;
	return refuse_known(w, &d, true);
}

/* A connection that begins to use another interface is decided again with it:
 * what its packets come in by, what they leave by, and, of replies, what they
 * come in by, for that is where it must be allowed to go out. Where replies leave
 * is for routing alone to say; nothing came in by there.
 *
 * Anybody can forge a packet with these addresses on another wire: a refusal is of
 * the packet, never of the connection; and the record learns where its client is now
 * from a packet that fits the connection (fwt_hook_moved()), not from any.
 */
unsigned int fwt_hook_other_iif(struct fwt_way *w)
{
	struct fwt_decision d FWT_UNSET;

	if (!fwt_decide_again(w, w->state->in->ifindex, 0, false, &d))
		return refuse_known(w, &d, false);
	return NF_ACCEPT;
}

void fwt_hook_moved(struct fwt_way *w)
{
	struct fwt_decision d FWT_UNSET;

	(void)fwt_decide_again(w, w->state->in->ifindex, 0, true, &d);
}

bool fwt_hook_shown_elsewhere(const struct fwt_way *w)
{
	const struct net_device *out = w->state->out, *former;
	struct fwt_end shown;
	u32 expected;

	if (w->dir != FWT_ORIGINAL || likely(!fwt_conn_is(w->c, FWT_CONN_IFADDR)))
		return false;
	expected = READ_ONCE(w->c->oif);
	if (!expected || likely(expected == out->ifindex))
		return false;
	/* That of an interface that it did not leave by either stays. */
	former = dev_get_by_index_rcu(w->fn->net, expected);
	fwt_ends_get(&w->c->ends, FWT_N, &shown);
	return former && fwt_dev_has(former, w->p.family, shown.addr) &&
	       !fwt_dev_has(out, w->p.family, shown.addr);
}

bool fwt_hook_shown_by(struct fwt_way *w)
{
	if (!fwt_hook_shown_elsewhere(w))
		return false;
	fwt_conn_end(w->c, FWT_END_ADDRESS);
	return true;
}

unsigned int fwt_hook_other_oif(struct fwt_way *w)
{
	struct fwt_decision d FWT_UNSET;
	unsigned int ret = NF_ACCEPT;

	if (!fwt_decide_again(w, 0, w->state->out->ifindex, true, &d))
		ret = refuse_known(w, &d, false);

	/* Routing leads elsewhere, where the address that it has of the former
	 * interface is none: it would be refused for as long as its client goes on.
	 * Now the client's next packet begins another one.
	 */
	if (ret != NF_ACCEPT && fwt_conn_is(w->c, FWT_CONN_IFADDR))
		fwt_conn_end(w->c, FWT_END_ADDRESS);
	return ret;
}

/* Replies come in by another interface than the connection leaves by, which it goes on
 * leaving by: what the policy says of this one is no word about that, and is asked
 * when the connection itself stands. Who answers by a wire where all is allowed, or
 * seems to, does not lift a connection over a policy that has come since.
 */
unsigned int fwt_hook_reply_iif(struct fwt_way *w)
{
	unsigned int ret = fwt_hook_hold_up(w);
	u32 now = w->state->in->ifindex;
	struct fwt_decision d FWT_UNSET;
	struct fwt_conn *c = w->c;

	if (ret != NF_ACCEPT || READ_ONCE(c->reply_iif) == now || w->pol->opt.per_packet)
		return ret;
	if (!fwt_decide_again(w, 0, now, false, &d))
		return refuse_known(w, &d, false);
	spin_lock(&c->lock);
	/* It is the answer of the policy in force, or of one that did not ask again. */
	if ((s32)(w->pol->gen - c->gen) >= 0)
		WRITE_ONCE(c->reply_iif, now);
	spin_unlock(&c->lock);
	return NF_ACCEPT;
}

unsigned int fwt_hook_clashes(struct fwt_way *w)
{
	if (w->p.have & FWT_HAVE_TCP &&
	    (w->p.tcp_flags & (FWT_TCP_SYN | FWT_TCP_ACK)) == FWT_TCP_SYN &&
	    fwt_tcp_yields(&w->c->tcp, w->p.tcp_seq) && fwt_skb_checksum_ok(w)) {
		w->former = w->c;
		w->c = NULL;
		return NF_ACCEPT;
	}
	return fwt_drop(w, FWT_REASON_TUPLE_CLASH);
}

unsigned int fwt_hook_route_again(struct fwt_way *w)
{
	int ret = w->p.family == 4 ?
		ip_route_me_harder(w->fn->net, w->state->sk, w->skb, RTN_UNSPEC) :
		ip6_route_me_harder(w->fn->net, w->state->sk, w->skb);

	if (likely(ret >= 0))
		return NF_ACCEPT;
	/* Its first packet has gone nowhere; of others it is the packet. */
	if (w->c && w->dir == FWT_ORIGINAL && fwt_conn_is(w->c, FWT_CONN_LOCAL) &&
	    !fwt_conn_is(w->c, FWT_CONN_CONFIRMED))
		fwt_conn_end_undecided(w->c, FWT_END_UNFINISHED);
	/* Who sends hears of it as of any other route that there is not. */
	return (fwt_drop(w, FWT_REASON_NO_ROUTE) & NF_VERDICT_MASK) | (-ret) << NF_VERDICT_QBITS;
}
