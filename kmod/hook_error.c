// SPDX-License-Identifier: GPL-2.0
/*
 * The way of an ICMP error.
 *
 * An error belongs to the connection of the packet that it quotes, and goes the way
 * that the answer to that packet would go: allowed with it, translated as it, quote
 * and all. Whoever may not speak to a connection may not write errors about it either;
 * such a one walks the trees alone, as invalid, like what quotes nothing we know.
 */
#include "hook_private.h"
#include "route.h"

/* An ICMP error of no connection: one walk, at the first hook of what arrives and
 * at the last of what leaves; none for an answer of our own.
 */
static unsigned int unrelated(struct fwt_way *w, enum fwt_hook hook)
{
	if (fwt_answering(w) || w->state->hook == NF_INET_LOCAL_IN ||
	    w->state->hook == NF_INET_LOCAL_OUT)
		return NF_ACCEPT;
	if (fwt_answer_expected(w))
		return NF_ACCEPT;
	/* What it was translated by is over. */
	if (w->state->hook == NF_INET_POST_ROUTING && fwt_lost(w))
		return fwt_drop(w, FWT_REASON_INVALID);
	return fwt_pass_alone(w, hook, FWT_CT_INVALID);
}

/* With an address of ours, and by a wire: what a connection that began here sends, or
 * what one is answered that ends here, and so has never left.
 */
static bool as_if_ours(const struct fwt_way *w)
{
	return w->dir == FWT_ORIGINAL ? fwt_conn_is(w->c, FWT_CONN_LOCAL) :
					!fwt_track_egress_done(w->c);
}

/* Comes an error, of the direction that it goes, by an interface that packets of its
 * connection do not come in by, and may not. Any router on the way may write one; but a
 * network that is not on the way, and may not talk to this one, is not to do so by
 * quoting what it has guessed. Asked where it comes in and, as it walks alone then, where
 * it leaves; what is for this machine has walked.
 */
static bool from_aside(struct fwt_way *w)
{
	struct fwt_decision d FWT_UNSET;
	const struct fwt_conn *c = w->c;
	bool reply = w->dir == FWT_REPLY;
	u32 expected, now;

	if (w->state->hook == NF_INET_PRE_ROUTING && !(w->state->in->flags & IFF_LOOPBACK))
		now = w->state->in->ifindex;
	else if (w->state->hook == NF_INET_POST_ROUTING && w->skb->skb_iif)
		now = fwt_came_by(w->skb);
	else
		return false;
	/* One end is this machine, and what that says comes by no wire. */
	if (as_if_ours(w))
		return true;
	expected = reply ? READ_ONCE(c->oif) : READ_ONCE(c->iif);
	if (likely(!expected || expected == now || (reply && READ_ONCE(c->reply_iif) == now)) ||
	    w->pol->opt.per_packet)
		return false;
	return !fwt_decide_again(w, reply ? 0 : now, reply ? now : 0, false, &d);
}

/* A better gateway is one that knows of no translation of ours: who goes there leads the
 * connection past us. As long as egress has not said that there is none, there may be.
 */
static bool leads_past_us(const struct fwt_way *w)
{
	return w->p.family == 4 && w->p.icmp_type == FWT_ICMP_REDIRECT &&
	       (!fwt_track_egress_done(w->c) || fwt_conn_is(w->c, FWT_CONN_SNAT) ||
		fwt_conn_is(w->c, FWT_CONN_DNAT));
}

unsigned int fwt_hook_error(struct fwt_way *w, enum fwt_hook hook, bool egress)
{
	struct fwt_packet outer FWT_UNSET;
	struct fwt_quote q;
	bool marked = false;
	unsigned int ret;
	int changed;

	if (fwt_skb_quote(w->skb, &w->p, &q))
		return unrelated(w, hook);
	/* The look-up wants the quoted packet's ends, and this hook's scope. */
	outer = w->p;
	w->p = q.p;
	/* The first fragment of a packet that was reassembled here, or is whole
	 * where it came from, has the ports.
	 */
	if (!q.p.frag_off)
		w->p.have &= ~FWT_HAVE_FRAG;
	fwt_track_find_quoted(w);
	w->p = outer;
	w->tracked = false;
	if (!w->c || memcmp(w->p.daddr, q.p.saddr, w->p.family == 6 ? 16 : 4) ||
	    (q.p.protocol == FWT_IPPROTO_TCP &&
	     !fwt_tcp_quote_fits(&w->c->tcp, w->dir, q.p.tcp_seq)) ||
	    !fwt_skb_checksum_ok(w)) {
		w->c = NULL;
		return unrelated(w, hook);
	}
	w->dir = !w->dir;
	/* Whether its connection stands is asked with the interfaces of that. What we answer
	 * ourselves, to the packet by which it was just refused, say, is not asked about.
	 */
	ret = fwt_answering(w) ? NF_ACCEPT : fwt_hook_hold_up(w);
	if (ret != NF_ACCEPT)
		return ret;
	if (from_aside(w)) {
		w->c = NULL;
		w->dir = FWT_ORIGINAL;
		return unrelated(w, hook);
	}
	if (unlikely(leads_past_us(w)))
		return fwt_drop(w, FWT_REASON_INVALID);
	if (unlikely(fwt_conn_is(w->c, FWT_CONN_CHANGES)))
		marked = fwt_change_error(w);
	if (unlikely(w->pol->opt.per_packet) && !fwt_answering(w) &&
	    (w->state->hook == NF_INET_PRE_ROUTING ||
	     w->state->hook == NF_INET_POST_ROUTING)) {
		ret = fwt_pass_known(w, hook, true);
		if (ret != NF_ACCEPT)
			return ret;
	}
	changed = fwt_translate_error(w, &q, egress, !w->skb->skb_iif);
	if (changed < 0)
		return fwt_drop(w, FWT_REASON_NO_MEMORY);
	if ((changed || marked) && w->state->hook == NF_INET_LOCAL_OUT)
		return fwt_hook_route_again(w);
	if (changed && w->state->hook == NF_INET_PRE_ROUTING)
		fwt_skb_note_followed(w->skb, w->p.family);
	return NF_ACCEPT;
}
