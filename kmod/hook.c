// SPDX-License-Identifier: GPL-2.0
/*
 * The way of a packet.
 *
 * Overview. Each inet hook is one function below, and reads from top to
 * bottom as the packet goes. At the first hook (PRE_ROUTING for what arrives,
 * LOCAL_OUT for what starts here) a packet's connection is found and brought up
 * to date, or its tree is walked and a tentative record made; at the last one
 * (POST_ROUTING, LOCAL_IN) egress is decided, the translation completed and the
 * record confirmed.
 *
 * Which hook decides what. PRE_ROUTING walks ingress. LOCAL_OUT walks egress,
 * since the destination must be known before routing is settled; POST_ROUTING
 * walks egress for what is forwarded, and for local packets that routing sent
 * elsewhere since. Replies and ICMP errors of a connection walk nothing.
 *
 * Confirming is done by the same function that applies the last translation,
 * at INT_MAX - 2: behind it stands only the kernel's own conntrack, which
 * confirms its entry; a hook of our own there would cost a look-up a packet.
 *
 * Synchronization. Hooks run under RCU. A packet sees one policy throughout a
 * hook; a connection's record carries the generation that allowed it, and one
 * that another policy allowed is decided again before the packet goes on, so
 * that no packet passes half under the old policy and half under the new.
 */
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/dst_metadata.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/route.h>

#include "bridged.h"
#include "carry.h"
#include "hook_private.h"
#include "pool.h"
#include "route.h"
#include "way.h"

/* A socket that is connected to itself: its packets have no direction. They go by no
 * wire: what comes by one, and says that it is from who it is for, is asked as any.
 */
static bool to_itself(const struct fwt_way *w)
{
	const struct fwt_packet *p = &w->p;

	return unlikely(p->sport == p->dport) && p->have & FWT_HAVE_PORTS &&
	       !memcmp(p->saddr, p->daddr, p->family == 6 ? 16 : 4) &&
	       (w->state->in ? w->state->in->flags & IFF_LOOPBACK : !w->skb->skb_iif);
}

/* Where a packet comes in no route says yet that its address is a subnet's broadcast: its
 * frame does. But who is on the link may send us any packet in such a frame, and what has
 * an address of ours for one is for one (RFC 1122, 3.3.6). IPv6 has groups alone.
 */
static bool to_all_of_link(const struct fwt_way *w)
{
	if (likely(w->skb->pkt_type != PACKET_BROADCAST && w->skb->pkt_type != PACKET_MULTICAST))
		return false;
	return w->p.family == 4 &&
	       !fwt_own_address(w->fn->net, w->state->in, 4, w->p.daddr);
}

/* Where no frame says so: of a first packet alone it is worth asking. */
static bool to_all_of_subnet(const struct fwt_way *w)
{
	return unlikely(!(w->state->in->flags & (IFF_BROADCAST | IFF_LOOPBACK))) &&
	       w->p.family == 4 && fwt_is_broadcast(w->fn->net, w->state->in, w->p.daddr);
}

/* What is never tracked: it has no connection that a reply would belong to. */
static __always_inline bool is_untracked(const struct fwt_way *w)
{
	const struct fwt_packet *p = &w->p;
	const struct rtable *rt;

	if (fwt_packet_to_group(p->family, p->daddr) || p->protocol == IPPROTO_IGMP || to_itself(w))
		return true;
	if (p->have & FWT_HAVE_ICMPV6)
		return (p->icmp_type >= 130 && p->icmp_type <= 137) ||
		       p->icmp_type == 143;
	/* What this machine sends to all of a link comes back with the route that it has. */
	if (w->state->hook == NF_INET_PRE_ROUTING && likely(w->skb->pkt_type != PACKET_LOOPBACK))
		return to_all_of_link(w);
	rt = p->family == 4 ? skb_rtable(w->skb) : NULL;
	return rt && rt->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST);
}

static noinline bool untracked(const struct fwt_way *w)
{
	return is_untracked(w);
}

/* @moved: it comes from its client by another interface than those before it, and is
 * allowed to: what is in force was asked about that.
 */
static unsigned int by_iif(struct fwt_way *w, bool *moved)
{
	u32 now = w->state->in->ifindex;
	struct fwt_conn *c = w->c;
	u32 expected;

	if (w->dir == FWT_ORIGINAL) {
		expected = READ_ONCE(c->iif);
		if (likely(!expected || expected == now) || w->pol->opt.per_packet)
			return NF_ACCEPT;
		*moved = true;
		return fwt_hook_other_iif(w);
	}
	expected = READ_ONCE(c->oif);
	return likely(!expected || expected == now) ? NF_ACCEPT : fwt_hook_reply_iif(w);
}

static unsigned int by_oif(struct fwt_way *w)
{
	u32 expected = READ_ONCE(w->c->oif);

	if (w->dir == FWT_REPLY || likely(!expected || expected == w->state->out->ifindex))
		return NF_ACCEPT;
	return fwt_hook_other_oif(w);
}

static unsigned int apply_some(struct fwt_way *w, bool egress, u16 flags, int *changed)
{
	int other = 0, ret;

	/* What walked by itself was changed before its walk. */
	if (!w->later && unlikely(flags & BIT(FWT_CONN_CHANGES)))
		other = fwt_change_known(w);
	ret = fwt_translate(w, egress);
	if (unlikely(ret < 0 || other < 0)) {
		/* What knows the packet by a note has not parsed it whole. */
		(void)fwt_skb_parse(w->skb, &w->p);
		return fwt_drop(w, FWT_REASON_NO_MEMORY);
	}
	*changed = ret | other;
	return NF_ACCEPT;
}

/* What its connection says is done to a packet: to most it is nothing. */
static inline unsigned int apply(struct fwt_way *w, bool egress, int *changed)
{
	u16 flags = READ_ONCE(w->c->flags);

	*changed = 0;
	if (likely(!(flags & (BIT(FWT_CONN_CHANGES) | BIT(FWT_CONN_SNAT) |
			      BIT(FWT_CONN_DNAT)))))
		return NF_ACCEPT;
	return apply_some(w, egress, flags, changed);
}

/* What is not in its headers. */
static void begin_packet(struct fwt_way *w)
{
	w->p.ct_state = FWT_CT_ESTABLISHED;
	w->p.ct_status = 0;
	w->p.mark = w->skb->mark;
	w->p.priority = w->skb->priority;
	w->p.pkttype = w->skb->pkt_type;
	w->p.iif = NULL;
	w->p.oif = NULL;
	w->p.unknown = 0;
}

/* The same, the last of all, of a packet that is known by a note and was not parsed: a
 * translation wants no more than that says, but what else is changed does; another
 * CPU, of a newer policy, may have said so just now.
 */
static unsigned int apply_noted(struct fwt_way *w)
{
	u16 flags = READ_ONCE(w->c->flags);
	unsigned int ret;
	int changed;

	if (likely(!(flags & (BIT(FWT_CONN_CHANGES) | BIT(FWT_CONN_SNAT) |
			      BIT(FWT_CONN_DNAT)))))
		return NF_ACCEPT;
	begin_packet(w);
	if (likely(!(flags & BIT(FWT_CONN_CHANGES)))) {
		fwt_route_read(w);
	} else {
		if (fwt_skb_parse(w->skb, &w->p))
			return fwt_drop(w, FWT_REASON_NO_MEMORY);
		fwt_change_restore(w);
	}
	ret = apply_some(w, true, flags, &changed);
	if (ret == NF_ACCEPT && unlikely(w->queue))
		ret = fwt_queue(w);
	return ret;
}

/* A packet with the ends of a connection of which it is none, where it comes in or
 * starts: it walks as what it is; noted in it, so that it does so where it leaves, too.
 */
static unsigned int alone(struct fwt_way *w, enum fwt_hook hook)
{
	w->c = NULL;
	w->later = false;
	w->stray = true;
	if (w->state->hook == NF_INET_PRE_ROUTING)
		fwt_skb_note_alone(w->skb, w->p.family);
	return fwt_pass_alone(w, hook, FWT_CT_INVALID);
}

/* A packet of a connection that its state machine does not know what to do
 * with. It is for the policy to say; but not with a translation.
 */
static unsigned int stray(struct fwt_way *w, enum fwt_hook hook)
{
	if (fwt_conn_is(w->c, FWT_CONN_SNAT) || fwt_conn_is(w->c, FWT_CONN_DNAT))
		return fwt_drop(w, w->why);
	return alone(w, hook);
}

/* A SYN that is said again, to a server that is out meanwhile: as good as new. */
static bool led_in_vain(struct fwt_way *w)
{
	return w->dir == FWT_ORIGINAL && w->p.have & FWT_HAVE_TCP &&
	       (w->p.tcp_flags & (FWT_TCP_SYN | FWT_TCP_ACK)) == FWT_TCP_SYN &&
	       !fwt_conn_is(w->c, FWT_CONN_REPLIED) && w->c->tcp.owner &&
	       fwt_pool_repeated(w->c);
}

/* Does ingress walk for it though it is of a connection that ingress has decided. */
static bool walks(const struct fwt_way *w, enum fwt_hook hook)
{
	return w->pol->opt.per_packet && hook == FWT_HOOK_INGRESS &&
	       (w->dir == FWT_REPLY || fwt_conn_is(w->c, FWT_CONN_INGRESS));
}

/* A packet of a known connection, at the first hook that it passes: first whether it is
 * as it was sent; whether it may be of it, by the wire that it came by and by the policy
 * in force; then what it means for the connection. Returns NF_ACCEPT, with @w->c NULL
 * where it begins a connection anew.
 */
static unsigned int follow(struct fwt_way *w, enum fwt_hook hook)
{
	unsigned int ret = NF_ACCEPT;
	enum fwt_tracked tracked;
	bool moved = false, each;

	/* What was damaged on its way says nothing: a bit turned in an acknowledgement
	 * would be held against all that follow.
	 */
	if (unlikely(!fwt_skb_vouched(w->skb)) && !fwt_skb_checksum_ok(w)) {
		w->why = FWT_REASON_CHECKSUM;
		return stray(w, hook);
	}
	/* A copy of its own packet that somebody sends from here has passed us already. */
	if (unlikely(fwt_conn_is(w->c, FWT_CONN_DNAT)) && w->dir == FWT_ORIGINAL &&
	    unlikely(!fwt_ends_is(&w->c->ends, FWT_V, &w->t.dst)) &&
	    (w->state->hook == NF_INET_PRE_ROUTING || !w->skb->skb_iif))
		return fwt_hook_clashes(w);
	if (hook == FWT_HOOK_INGRESS)
		ret = by_iif(w, &moved);
	if (ret == NF_ACCEPT && likely(!moved))
		ret = fwt_hook_hold_up(w);
	if (ret != NF_ACCEPT)
		return ret;
	if (unlikely(led_in_vain(w))) {
		w->former = w->c;
		w->c = NULL;
		return NF_ACCEPT;
	}
	/* Where each packet walks, what is refused says nothing to the record (R22). */
	each = walks(w, hook);
	tracked = unlikely(each) ? fwt_track_would(w) : fwt_track_packet(w);
	if (unlikely(each) && tracked == FWT_TRACK_OK) {
		ret = fwt_pass_known(w, hook, false);
		if (ret != NF_ACCEPT)
			return ret;
		tracked = fwt_track_packet(w);
	}
	switch (tracked) {
	case FWT_TRACK_OK:
		/* Who says nothing that fits may be anybody. */
		if (unlikely(moved))
			fwt_hook_moved(w);
		fallthrough;
	case FWT_TRACK_PASS:
		/* Who answers has got it: it left by way of a program, behind us. */
		if (w->dir == FWT_REPLY && fwt_track_egress_done(w->c))
			fwt_track_confirm(w);
		fwt_track_account(w);
		return NF_ACCEPT;
	case FWT_TRACK_INVALID:
		return stray(w, hook);
	case FWT_TRACK_REOPEN:
		w->former = w->c;
		w->c = NULL;
		w->later = false;
		return NF_ACCEPT;
	}
	return NF_ACCEPT;
}

/* What left by lo a moment ago, and was followed then. Ingress is asked by the
 * first packet that comes by here.
 */
static unsigned int follow_lo(struct fwt_way *w)
{
	if (w->dir == FWT_ORIGINAL && !fwt_conn_is(w->c, FWT_CONN_INGRESS))
		return fwt_decide_ingress(w);
	if (unlikely(w->pol->opt.per_packet))
		return fwt_pass_known(w, FWT_HOOK_INGRESS, false);
	return fwt_hook_hold_up(w);
}

/* Has a packet that comes by a wire ends of ours: those of a connection that began here
 * send from them, and those that end here, and so have never left, are answered from
 * them. Of two first packets, from either end, the one that is found to
 * answer (R23) is none: the other is between its hooks, and where it goes is not known
 * yet. One look at the flags: it may be going on meanwhile.
 */
static bool not_theirs(const struct fwt_way *w)
{
	u16 flags = READ_ONCE(w->c->flags);

	if (w->dir == FWT_ORIGINAL)
		return flags & BIT(FWT_CONN_LOCAL);
	return (flags & (BIT(FWT_CONN_CONFIRMED) | BIT(FWT_CONN_EGRESS))) ==
	       BIT(FWT_CONN_CONFIRMED);
}

/* Has one that came by a wire ends that only we write from: it walked alone where it came
 * in, see arrive(), and does so where it leaves. Of those that began here the address
 * says it: the kernel's load balancer begins some for others.
 */
static bool poses(const struct fwt_way *w)
{
	return not_theirs(w) &&
	       (w->dir == FWT_REPLY ||
		fwt_own_address(w->fn->net, w->state->out, w->p.family, w->p.saddr));
}

/* A packet from outside; sets @w->stray where it is not to be translated. */
static unsigned int arrive(struct fwt_way *w)
{
	unsigned int ret;

	if (w->c && unlikely(not_theirs(w)))
		return alone(w, FWT_HOOK_INGRESS);
	ret = w->c ? follow(w, FWT_HOOK_INGRESS) : NF_ACCEPT;
	if (ret != NF_ACCEPT || w->stray)
		return ret;
	if (!w->c && to_all_of_subnet(w)) {
		w->stray = true;
		return fwt_pass_alone(w, FWT_HOOK_INGRESS, FWT_CT_UNTRACKED);
	}
	if (!w->c && (!fwt_opens(w) || !fwt_skb_checksum_ok(w))) {
		w->stray = true;
		return fwt_pass_alone(w, FWT_HOOK_INGRESS, FWT_CT_INVALID);
	}
	/* Its first packet; or it began before there was a policy at this hook. */
	if (!w->c || (w->dir == FWT_ORIGINAL && !fwt_conn_is(w->c, FWT_CONN_INGRESS)))
		return fwt_decide_ingress(w);
	return NF_ACCEPT;
}

/* So many packets of UDP in a row, on this CPU, that had no connection: the next will
 * have none, either.
 */
#define STREAK	8

static DEFINE_PER_CPU(u8, fwt_udp_streak);

static void udp_seen(const struct fwt_way *w)
{
	u8 n = __this_cpu_read(fwt_udp_streak);

	if (!(w->p.have & FWT_HAVE_UDP))
		return;
	if (w->c && n)
		__this_cpu_write(fwt_udp_streak, 0);
	else if (!w->c && n < STREAK)
		__this_cpu_write(fwt_udp_streak, n + 1);
}

/* Is it likely to be the first of a connection: a guess, which costs a walk if it is
 * wrong.
 */
static bool seems_first(const struct fwt_way *w)
{
	if (unlikely(!(w->state->in->flags & IFF_BROADCAST)))
		return false;
	if (w->p.have & FWT_HAVE_TCP)
		return (w->p.tcp_flags & (FWT_TCP_SYN | FWT_TCP_ACK | FWT_TCP_RST)) ==
		       FWT_TCP_SYN;
	return w->p.have & FWT_HAVE_UDP && __this_cpu_read(fwt_udp_streak) == STREAK;
}

static unsigned int pre_routing(struct fwt_way *w)
{
	unsigned int ret;
	int changed;
	bool first;

	w->p.iif = w->state->in->name;
	if (w->p.bad || !(w->p.have & FWT_HAVE_IP))
		return fwt_malformed(w, FWT_HOOK_INGRESS);
	if (is_untracked(w))
		return fwt_pass_alone(w, FWT_HOOK_INGRESS, FWT_CT_UNTRACKED);
	if (w->p.have & FWT_HAVE_ICMP_ERROR)
		return fwt_hook_error(w, FWT_HOOK_INGRESS, false);
	first = seems_first(w);
	fwt_track_key(w, first);
	first = first && w->tracked;
	if (first) {
		first = fwt_decide_first(w, &ret);
	} else {
		fwt_track_look(w);
		if (!w->c && fwt_answer_expected(w))
			return NF_ACCEPT;
	}
	/* A guess that was right goes on. */
	if (!first) {
		udp_seen(w);
		ret = w->c && w->state->in->flags & IFF_LOOPBACK ? follow_lo(w) : arrive(w);
	}
	if (ret != NF_ACCEPT || w->stray)
		return ret;
	ret = apply(w, false, &changed);
	if (ret != NF_ACCEPT)
		return ret;
	/* Of IPsec's transport mode it comes by a second time, with the outer packet's route. */
	if (changed && unlikely(secpath_exists(w->skb)) && skb_valid_dst(w->skb))
		skb_dst_drop(w->skb);
	if (w->dir == FWT_REPLY || unlikely(fwt_conn_is(w->c, FWT_CONN_DNAT)))
		fwt_skb_note_followed(w->skb, w->p.family);
	fwt_route_give(w);
	return NF_ACCEPT;
}

/* May a packet that got through confirm its connection. An answer may be the first one to
 * do so, where the other end's packet was lost between its hooks; where that would have
 * gone nobody knows then, and it is not to look as if it had stayed here.
 */
static bool asked_whole(const struct fwt_way *w)
{
	return w->dir == FWT_ORIGINAL || fwt_track_egress_done(w->c);
}

/* Restores the source that a local client knows its peer by. */
static unsigned int local_in(struct fwt_way *w)
{
	unsigned int ret;
	int changed;

	/* What was passed at PRE_ROUTING without a connection has none here. */
	if (w->p.bad || !(w->p.have & FWT_HAVE_IP) || untracked(w))
		return NF_ACCEPT;
	w->p.iif = w->state->in->name;
	if (w->p.have & FWT_HAVE_ICMP_ERROR)
		return fwt_hook_error(w, FWT_HOOK_INGRESS, true);
	fwt_track_find(w);
	if (!w->c || unlikely(fwt_skb_alone(w->skb, w->p.family)))
		return NF_ACCEPT;
	ret = apply(w, true, &changed);
	if (ret != NF_ACCEPT)
		return ret;
	/* Early demultiplexing looked for a socket by the other source. */
	if (changed)
		skb_orphan(w->skb);
	if (asked_whole(w))
		fwt_track_confirm(w);
	return NF_ACCEPT;
}

/* A program of this machine sends from a port that a translation was given, to the
 * same peer: the port is its own, and the answers are, too (R13, CVE-2021-3773).
 */
static bool own_port(const struct fwt_way *w)
{
	struct fwt_end shown;

	if (w->dir != FWT_ORIGINAL ||
	    (fwt_conn_is(w->c, FWT_CONN_LOCAL) && !fwt_conn_apart(w->c)) ||
	    !fwt_conn_is(w->c, FWT_CONN_SNAT))
		return false;
	fwt_ends_get(&w->c->ends, FWT_N, &shown);
	return shown.port == w->t.src.port &&
	       !memcmp(shown.addr, w->t.src.addr, sizeof(shown.addr));
}

static unsigned int local_out(struct fwt_way *w)
{
	unsigned int ret;
	u32 mark = w->skb->mark;
	int changed;

	w->p.iif = NULL;
	w->p.oif = w->state->out ? w->state->out->name : NULL;
	/* Our own answer to a packet that was refused: nobody asks it. */
	if (w->p.bad || !(w->p.have & FWT_HAVE_IP) || fwt_answering(w))
		return NF_ACCEPT;
	/* At POST_ROUTING it is one walk; nothing of it needs routing anew. */
	if (untracked(w))
		return NF_ACCEPT;
	if (w->p.have & FWT_HAVE_ICMP_ERROR)
		return fwt_hook_error(w, FWT_HOOK_EGRESS, false);
	/* What a tunnel carries may have left its note. */
	if (unlikely(fwt_skb_alone(w->skb, w->p.family)) && !w->skb->skb_iif)
		fwt_skb_forget_alone(w->skb, w->p.family);
	fwt_track_find(w);
	/* It goes when the program's is accepted (R22). */
	if (w->c && unlikely(own_port(w))) {
		w->former = w->c;
		w->c = NULL;
	}
	ret = w->c ? follow(w, FWT_HOOK_EGRESS) : NF_ACCEPT;
	if (ret != NF_ACCEPT || w->stray)
		return ret;
	if (!w->c) {
		/* Likewise walked at POST_ROUTING, but for what is not to be tracked. */
		if (!fwt_opens(w))
			return fwt_start_alone(w);
		w->seed = fwt_seed(w);
		ret = fwt_decide_egress(w);
		if (ret != NF_ACCEPT || w->stray)
			return ret;
	}
	ret = apply(w, false, &changed);
	if (ret != NF_ACCEPT)
		return ret;
	if (changed || w->skb->mark != mark)
		return fwt_hook_route_again(w);
	return NF_ACCEPT;
}

/* An answer of our own leaves: as the connection that it answers would have it. */
static unsigned int answer_out(struct fwt_way *w)
{
	unsigned int ret = NF_ACCEPT;
	int changed;

	if (!untracked(w)) {
		if (w->p.have & FWT_HAVE_ICMP_ERROR) {
			ret = fwt_hook_error(w, FWT_HOOK_EGRESS, true);
		} else {
			fwt_track_find(w);
			if (w->c)
				ret = apply(w, true, &changed);
		}
	}
	/* As it comes in again: translated. */
	if (ret == NF_ACCEPT)
		fwt_answer_note(w);
	return ret;
}

/* What starts here and is not to be tracked (first.c) leaves: whatever record has its ends is
 * none of its own. Where it leaves as it was to, and was changed for that, it has walked.
 */
static noinline unsigned int leave_untracked(struct fwt_way *w)
{
	bool walked = fwt_skb_walked(w->skb, w->p.family) == w->state->out->ifindex;

	fwt_skb_forget_alone(w->skb, w->p.family);
	w->c = NULL;
	if (walked)
		return NF_ACCEPT;
	return fwt_pass_alone(w, FWT_HOOK_EGRESS, fwt_opens(w) ? FWT_CT_NEW : FWT_CT_INVALID);
}

/* A packet leaves. @own: it is one of @w->c's own, which does not only go with it. */
static unsigned int leave(struct fwt_way *w, bool *own)
{
	unsigned int ret;
	int changed;

	w->p.oif = w->state->out->name;
	if (w->p.bad || !(w->p.have & FWT_HAVE_IP))
		return fwt_malformed(w, FWT_HOOK_EGRESS);
	if (fwt_answering(w)) {
		ret = answer_out(w);
		/* What its device makes of it, a tunnel say, is none of our answers. */
		fwt_answer_left();
		return ret;
	}
	if (untracked(w))
		return fwt_pass_alone(w, FWT_HOOK_EGRESS, FWT_CT_UNTRACKED);
	if (w->p.have & FWT_HAVE_ICMP_ERROR)
		return fwt_hook_error(w, FWT_HOOK_EGRESS, true);
	if (!fwt_route_known(w)) {
		fwt_track_find(w);
		if (unlikely(fwt_skb_alone(w->skb, w->p.family)) && !w->skb->skb_iif)
			return leave_untracked(w);
		/* What begins nothing leaves the port to whom it has been given. */
		if (w->c && !w->skb->skb_iif && unlikely(own_port(w)))
			w->c = NULL;
		if (w->c && w->skb->skb_iif &&
		    unlikely(fwt_skb_alone(w->skb, w->p.family) || poses(w))) {
			w->c = NULL;
			return fwt_pass_alone(w, FWT_HOOK_EGRESS, FWT_CT_INVALID);
		}
	}
	if (w->c && unlikely(fwt_conn_is(w->c, FWT_CONN_CHANGES)))
		fwt_change_restore(w);
	if (!w->c) {
		/* Flushed, say, since it came in. */
		if (fwt_lost(w))
			return fwt_drop(w, FWT_REASON_INVALID);
		if (fwt_left_untracked(w))
			return fwt_pass_alone(w, FWT_HOOK_EGRESS, FWT_CT_UNTRACKED);
		if (!fwt_opens(w) || !fwt_skb_checksum_ok(w))
			return fwt_pass_alone(w, FWT_HOOK_EGRESS, FWT_CT_INVALID);
		w->p.iif = fwt_ifname(w->fn->net, fwt_came_by(w->skb));
		w->seed = fwt_seed(w);
		ret = fwt_decide_egress(w);
	} else if (w->dir == FWT_ORIGINAL && !fwt_track_egress_done(w->c)) {
		/* It may have come under another policy than it goes out by; and by another
		 * interface than the record has, which learns that from what tells it alone.
		 */
		w->p.iif = fwt_conn_is(w->c, FWT_CONN_LOCAL) ? NULL :
			   fwt_ifname(w->fn->net, w->skb->skb_iif ? fwt_came_by(w->skb) :
						  READ_ONCE(w->c->iif));
		ret = fwt_hook_hold_up(w);
		if (ret == NF_ACCEPT)
			ret = fwt_decide_egress(w);
	} else if (unlikely(w->pol->opt.per_packet)) {
		/* What starts here walked at LOCAL_OUT when it was the first one. */
		if (w->dir == FWT_ORIGINAL && fwt_conn_is(w->c, FWT_CONN_LOCAL) &&
		    !fwt_conn_is(w->c, FWT_CONN_CONFIRMED))
			ret = NF_ACCEPT;
		else
			ret = fwt_hook_shown_by(w) ? fwt_drop(w, FWT_REASON_NO_ADDRESS) :
						     fwt_pass_known(w, FWT_HOOK_EGRESS, false);
	} else {
		ret = by_oif(w);
		if (ret == NF_ACCEPT)
			ret = fwt_hook_hold_up(w);
	}
	if (ret != NF_ACCEPT || w->stray)
		return ret;
	*own = true;
	return apply(w, true, &changed);
}

static unsigned int post_routing(struct fwt_way *w)
{
	bool own = false;
	unsigned int ret = leave(w, &own);

	if (ret == NF_ACCEPT && unlikely(w->queue))
		ret = fwt_queue(w);
	if (ret != NF_ACCEPT || !own)
		return ret;
	if (likely(fwt_conn_is(w->c, FWT_CONN_CONFIRMED)))
		fwt_route_learn(w);
	else if (asked_whole(w))
		fwt_track_confirm(w);
	return NF_ACCEPT;
}

u8 fwt_first_state(struct fwt_way *w)
{
	if (untracked(w) ||
	    (w->state->hook == NF_INET_PRE_ROUTING && to_all_of_subnet(w)))
		return FWT_CT_UNTRACKED;
	return fwt_opens(w) ? FWT_CT_NEW : FWT_CT_INVALID;
}

/* A VRF runs the hooks once with the device and once with the VRF: with that which
 * the hook is about, for at POST_ROUTING what is forwarded has come in by the VRF. All
 * but LOCAL_IN, which comes once, with the VRF. And what is forwarded to a VRF, by a
 * route that leads to that, comes by as if it started there.
 */
static bool once_more(const struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct net_device *dev = state->hook == NF_INET_PRE_ROUTING ? state->in :
									    state->out;

	if (!dev)
		return false;
	return netif_is_l3_master(dev) ||
	       (unlikely(netif_is_l3_slave(dev)) && state->hook == NF_INET_LOCAL_OUT &&
		skb->skb_iif && skb->dev && netif_is_l3_master(skb->dev));
}

/* A tunnel (IPsec, L2TP) may have left on its own packet where the one in it came in by.
 * It starts here, as its source says; the kernel's load balancer sends from those of
 * others, and what a VRF forwards comes by here, too.
 */
static noinline void start_here(struct sk_buff *skb, const struct nf_hook_state *state)
{
	bool six = state->pf == NFPROTO_IPV6;
	u32 addr[4] = { };

	if (six)
		fwt_from_in6(&ipv6_hdr(skb)->saddr, addr);
	else
		addr[0] = be32_to_cpu(ip_hdr(skb)->saddr);
	if (fwt_own_address(state->net, state->out, six ? 6 : 4, addr))
		skb->skb_iif = 0;
}

/* What an interface of IPsec (xfrm, vti) sends has left by that, and comes by once more on
 * its way into the tunnel, as it was. By a policy of IPsec alone what starts here has come
 * in by nothing, and what is forwarded by something.
 */
static inline bool into_tunnel(const struct sk_buff *skb, const struct nf_hook_state *state)
{
#ifdef CONFIG_XFRM
	return state->hook == NF_INET_POST_ROUTING && !skb->skb_iif && state->in &&
	       state->in == state->out && skb_dst(skb)->xfrm;
#else
	return false;
#endif
}

static unsigned int hook_inet(struct fwt_net *fn, struct sk_buff *skb,
			      const struct nf_hook_state *state)
{
	struct fwt_way w FWT_UNSET;
	unsigned int ret;

	if (state->hook == NF_INET_PRE_ROUTING || state->hook == NF_INET_LOCAL_OUT)
		fwt_route_forget(skb);
	w.fn = fn;
	w.pol = rcu_dereference(fn->policy);
	if (!w.pol || !fwt_policy_tracks(w.pol))
		return NF_ACCEPT;
	if (unlikely(fwt_bridged(skb, state->hook)))
		return NF_ACCEPT;
	if (state->hook == NF_INET_LOCAL_OUT && unlikely(skb->skb_iif))
		start_here(skb, state);
	if (unlikely(once_more(skb, state))) {
		fwt_carry(skb, state);
		return NF_ACCEPT;
	}
	w.skb = skb;
	w.state = state;
	w.queue = 0;
	w.later = false;
	w.why = FWT_REASON_NONE;
	/* Most of what leaves was seen a moment ago. */
	if (state->hook == NF_INET_POST_ROUTING) {
		if (fwt_route_recall(&w))
			return apply_noted(&w);
		if (fwt_let_out(&w))
			return NF_ACCEPT;
	}
	w.c = NULL;
	w.former = NULL;
	w.tracked = false;
	w.loose = false;
	w.stray = false;
	w.dry = false;
	w.dir = FWT_ORIGINAL;
	w.seed = 0;
	begin_packet(&w);
	ret = fwt_skb_parse(skb, &w.p);
	if (unlikely(ret))
		return fwt_drop(&w, (int)ret == -ENOMEM ? FWT_REASON_NO_MEMORY :
							  FWT_REASON_MALFORMED);

	switch (state->hook) {
	case NF_INET_PRE_ROUTING:
		ret = pre_routing(&w);
		if (ret == NF_ACCEPT && unlikely(w.queue))
			ret = fwt_queue(&w);
		break;
	case NF_INET_LOCAL_IN:
		return local_in(&w);
	case NF_INET_LOCAL_OUT:
		ret = local_out(&w);
		/* Of what walks here and passes alone: it does not at POST_ROUTING. */
		if (ret == NF_ACCEPT && unlikely(w.queue))
			ret = fwt_queue(&w);
		break;
	case NF_INET_POST_ROUTING:
		/* What is of the link comes by here alone. */
		if (unlikely(into_tunnel(skb, state)) && !untracked(&w))
			return NF_ACCEPT;
		return post_routing(&w);
	default:
		return NF_ACCEPT;
	}
	if (ret == NF_ACCEPT)
		fwt_stat_inc_bh(w.fn, verdict[FWT_STAT_ACCEPT]);
	return ret;
}

/* What starts here comes from a process, with softirqs on. */
unsigned int fwt_hook_inet(void *priv, struct sk_buff *skb,
			   const struct nf_hook_state *state)
{
	unsigned int ret;

	if (likely(in_softirq()))
		return hook_inet(priv, skb, state);
	local_bh_disable();
	ret = hook_inet(priv, skb, state);
	local_bh_enable();
	return ret;
}
