// SPDX-License-Identifier: GPL-2.0
/*
 * Packets without a connection: those that begin one, and those that pass, or
 * don't, alone.
 *
 * A connection is decided by its first packet, at ingress and at egress, each once;
 * what egress decides may have to wait for routing (hook.c tells the way).
 */
#include <linux/netfilter/nf_conntrack_common.h>
#include <net/ip.h>

#include "barred.h"
#include "count.h"
#include "hook_private.h"
#include "route.h"
#include "trace.h"
#include "way.h"

static unsigned int refuse(struct fwt_way *w, const struct fwt_decision *d)
{
	u8 reason = d->reason ? d->reason : FWT_REASON_REVALIDATED;

	if (d->verdict == FWT_VERDICT_REJECT)
		fwt_answer(w, d->reject);
	return fwt_drop_by(w, reason == FWT_REASON_INVALID && w->why ? w->why : reason, d);
}

/* Egress is to know what ingress said; the kernel's own tracking hears it, too. What
 * has a connection there already keeps it.
 */
static void untrack(struct sk_buff *skb)
{
	if (!skb_get_nfct(skb))
		skb_set_nfct(skb, IP_CT_UNTRACKED);
}

bool fwt_left_untracked(const struct fwt_way *w)
{
	return unlikely(skb_get_nfct(w->skb) == IP_CT_UNTRACKED) && w->skb->skb_iif;
}

/* It was accepted, and has no connection, nor will it have one. */
static unsigned int leave_alone(struct fwt_way *w, const struct fwt_decision *d)
{
	/* No record, no translation back: it must not leave half translated. */
	if (d->flags & (FWT_DECISION_SNAT | FWT_DECISION_DNAT))
		return fwt_drop_by(w, FWT_REASON_INVALID, d);
	if (d->flags & FWT_DECISION_NOTRACK)
		untrack(w->skb);
	if (fwt_change_alone(w, d) < 0)
		return fwt_drop(w, FWT_REASON_NO_MEMORY);
	return NF_ACCEPT;
}

/* Are there nodes that look at bytes. */
static inline bool asks_bytes(const struct fwt_way *w)
{
	return w->pol->prog.n[FWT_SEC_FILTERS] | w->pol->prog.n[FWT_SEC_FOREIGN];
}

/* Of what egress says at LOCAL_OUT routing is to know the mark and the DSCP. Where they are
 * others, egress is asked again by where the packet leaves now, and for the rest as before.
 */
static noinline unsigned int route_as_set(struct fwt_way *w, struct sk_buff *as,
					  struct fwt_decision *d)
{
	u8 tos = w->p.tos, changed;
	u32 mark = w->skb->mark;
	struct fwt_sets s;
	unsigned int ret;

	fwt_sets_of(d, &w->after, &s);
	s.what &= FWT_DECISION_MARK | FWT_DECISION_DSCP;
	if (fwt_change(w, &s, true) < 0)
		return fwt_drop(w, FWT_REASON_NO_MEMORY);
	if (w->skb->mark == mark && w->p.tos == tos)
		return NF_ACCEPT;
	ret = fwt_hook_route_again(w);
	if (ret != NF_ACCEPT)
		return ret;
	changed = w->p.tos;
	w->p.tos = tos;
	w->p.oif = skb_dst(w->skb)->dev->name;
	fwt_decide_as(w, FWT_HOOK_EGRESS, as, d);
	w->p.tos = changed;
	return NF_ACCEPT;
}

/* What starts here, and is not to be tracked. The kernel's own tracking stands right behind
 * us at LOCAL_OUT. Where routing is to know what is changed, all is changed here; its walk
 * counts, and POST_ROUTING lets it be, unless somebody behind us has led it elsewhere. Of
 * others POST_ROUTING walks as for any that passes alone, and that counts.
 */
static noinline unsigned int start_untracked(struct fwt_way *w, struct fwt_decision *d)
{
	struct sk_buff *as = w->skb;
	unsigned int ret;

	untrack(w->skb);
	if (!(d->flags & (FWT_DECISION_MARK | FWT_DECISION_DSCP))) {
		fwt_skb_note_walked(w->skb, w->p.family, 0);
		return NF_ACCEPT;
	}
	if (unlikely(asks_bytes(w))) {
		as = pskb_copy(w->skb, GFP_ATOMIC | __GFP_NOWARN);
		if (!as)
			return fwt_drop(w, FWT_REASON_NO_MEMORY);
	}
	ret = route_as_set(w, as, d);
	if (unlikely(as != w->skb))
		consume_skb(as);
	if (ret != NF_ACCEPT)
		return ret;
	fwt_effects(w, d, w->p.length);
	if (d->verdict != FWT_VERDICT_ACCEPT)
		return refuse(w, d);
	/* Where it leaves now it would be tracked: what it began as is changed by now. */
	if (!(d->flags & FWT_DECISION_NOTRACK))
		return fwt_drop_by(w, FWT_REASON_INVALID, d);
	ret = leave_alone(w, d);
	if (ret == NF_ACCEPT)
		fwt_skb_note_walked(w->skb, w->p.family, skb_dst(w->skb)->dev->ifindex);
	return ret;
}

unsigned int fwt_start_alone(struct fwt_way *w)
{
	struct fwt_decision d FWT_UNSET;

	/* Nothing says "notrack". */
	if (!w->pol->prog.n[FWT_SEC_MODS] && !w->pol->prog.patch)
		return NF_ACCEPT;
	w->p.ct_state = FWT_CT_INVALID;
	w->seed = fwt_seed(w);
	fwt_decide(w, FWT_HOOK_EGRESS, &d);
	if (d.verdict != FWT_VERDICT_ACCEPT || !(d.flags & FWT_DECISION_NOTRACK))
		return NF_ACCEPT;
	return start_untracked(w, &d);
}

/* A packet without a connection, and that will not have one. */
unsigned int fwt_pass_alone(struct fwt_way *w, enum fwt_hook hook, u8 state)
{
	struct fwt_decision d FWT_UNSET;

	if (w->state->hook == NF_INET_POST_ROUTING)
		w->p.iif = fwt_ifname(w->fn->net, fwt_came_by(w->skb));
	w->p.ct_state = state;
	w->seed = fwt_seed(w);
	fwt_decide(w, hook, &d);
	fwt_effects(w, &d, w->p.length);
	if (d.verdict != FWT_VERDICT_ACCEPT)
		return refuse(w, &d);
	return leave_alone(w, &d);
}

/* Of its connection, as the kernel's own tracking has it: new until it is answered. */
static u8 state_of(const struct fwt_way *w)
{
	return w->dir == FWT_ORIGINAL && !fwt_conn_is(w->c, FWT_CONN_REPLIED) ?
	       FWT_CT_NEW : FWT_CT_ESTABLISHED;
}

/* A decision takes a thousand bytes of stack: what stands beside one is kept apart. */
static noinline int keep_ct_mark(struct fwt_way *w)
{
	struct fwt_conn *c = w->c;
	struct fwt_conn_more more;
	int ret;

	spin_lock(&c->lock);
	fwt_conn_kept(c, &more);
	more.ct_mark = w->after.ct_mark;
	ret = fwt_conn_keep(c, &more);
	spin_unlock(&c->lock);
	return ret;
}

unsigned int fwt_pass_known(struct fwt_way *w, enum fwt_hook hook, bool related)
{
	struct fwt_decision d FWT_UNSET;
	u16 flags = READ_ONCE(w->c->flags);
	int ret = 0;

	if (!related && unlikely(flags & BIT(FWT_CONN_CHANGES)))
		ret = fwt_change_known(w);
	if (ret < 0)
		return fwt_drop(w, FWT_REASON_NO_MEMORY);
	w->p.mark = w->skb->mark;
	w->p.priority = w->skb->priority;
	w->p.ct_state = related ? FWT_CT_RELATED : state_of(w);
	w->p.ct_status = (flags & BIT(FWT_CONN_SNAT) ? FWT_CT_SNAT : 0) |
			 (flags & BIT(FWT_CONN_DNAT) ? FWT_CT_DNAT : 0);
	if (w->state->hook == NF_INET_POST_ROUTING)
		w->p.iif = fwt_ifname(w->fn->net, fwt_came_by(w->skb));
	w->later = true;
	/* Its own walk says whether it is queued. */
	w->queue = 0;
	fwt_decide(w, hook, &d);
	fwt_effects(w, &d, w->p.length);
	if (d.verdict != FWT_VERDICT_ACCEPT)
		return refuse(w, &d);
	if (d.flags & FWT_DECISION_CT_MARK && w->after.ct_mark != w->p.ct_mark)
		ret = keep_ct_mark(w);
	if (!ret)
		ret = fwt_change_alone(w, &d);
	return ret < 0 ? fwt_drop(w, FWT_REASON_NO_MEMORY) : NF_ACCEPT;
}

/* A packet that lies about itself is for the policy, as one of no connection
 * (R35); one without addresses is for nobody.
 */
unsigned int fwt_malformed(struct fwt_way *w, enum fwt_hook hook)
{
	if (!(w->p.have & FWT_HAVE_IP))
		return fwt_drop(w, FWT_REASON_MALFORMED);
	return fwt_pass_alone(w, hook, FWT_CT_INVALID);
}

/* By its header, of other protocols than UDP. */
static noinline bool opens_by_header(struct fwt_way *w)
{
	if (fwt_tuple_opens(&w->p))
		return true;
	/* In the middle of a connection that was there before us (R18). */
	if (!(w->p.have & FWT_HAVE_TCP) || !(w->p.tcp_flags & FWT_TCP_ACK) ||
	    w->p.tcp_flags & (FWT_TCP_SYN | FWT_TCP_RST) ||
	    !fwt_tcp_flags_valid(w->p.tcp_flags))
		return false;
	w->loose = (w->pol->opt.tcp_loose ||
		    time_before64(get_jiffies_64(), READ_ONCE(w->fn->adopt_until))) &&
		   !fwt_barred(w->fn, &w->t);
	return w->loose;
}

static __always_inline bool opens(struct fwt_way *w)
{
	if (!w->tracked || w->p.bad)
		return false;
	/* All of it does, and what is tracked is no fragment. */
	return w->p.have & FWT_HAVE_UDP || opens_by_header(w);
}

/* May this packet be the first of a connection. */
bool fwt_opens(struct fwt_way *w)
{
	return opens(w);
}

/* Of most that is known without a sum: of what is vouched for, or UDP without one. */
static inline bool checksum_ok(const struct fwt_way *w)
{
	return fwt_skb_vouched(w->skb) ||
	       (w->p.have & FWT_HAVE_UDP &&
		!get_unaligned_be16(skb_network_header(w->skb) + w->p.l4 + 6)) ||
	       fwt_skb_checksum_ok(w);
}

/* Goes on with what ingress says. */
static unsigned int begin_ingress(struct fwt_way *w, const struct fwt_decision *d)
{
	u8 reason;

	if (d->verdict != FWT_VERDICT_ACCEPT) {
		fwt_effects(w, d, w->p.length);
		return refuse(w, d);
	}
	if (d->flags & FWT_DECISION_NOTRACK) {
		fwt_effects(w, d, w->p.length);
		w->stray = true;
		return leave_alone(w, d);
	}
	if (w->c) {
		struct fwt_conn *c = w->c;

		/* It left by lo with the destination it has: too late. */
		if (d->flags & FWT_DECISION_DNAT && !fwt_conn_is(c, FWT_CONN_DNAT))
			return fwt_drop_by(w, FWT_REASON_DNAT_LATE, d);
		spin_lock(&c->lock);
		if (!(c->flags & (BIT(FWT_CONN_INGRESS) | BIT(FWT_CONN_DEAD)))) {
			/* Done to this packet, too, by what the record says (pre_routing()). */
			if (fwt_change_keep(w, c, FWT_HOOK_INGRESS, d)) {
				spin_unlock(&c->lock);
				return fwt_drop_by(w, FWT_REASON_NO_MEMORY, d);
			}
			c->turn[FWT_HOOK_INGRESS] = d->turn;
			c->slot[FWT_HOOK_INGRESS] = fwt_rule_slot(w->pol, d->rule);
			fwt_slot_take(w->fn, c->slot[FWT_HOOK_INGRESS]);
			if (d->n_counts)
				(void)fwt_conn_count(c, &w->pol->prog, d->count, d->n_counts);
			c->iif = w->state->in->ifindex;
			WRITE_ONCE(c->flags, c->flags | BIT(FWT_CONN_INGRESS));
		}
		spin_unlock(&c->lock);
		fwt_effects(w, d, w->p.length);
		return NF_ACCEPT;
	}
	reason = fwt_track_new(w, d, FWT_HOOK_INGRESS);
	if (reason == FWT_REASON_NAT_EXHAUSTED)
		fwt_answer(w, FWT_REJECT_ADMIN_PROHIBITED);
	if (reason)
		return fwt_drop_by(w, reason, d);
	fwt_effects_begun(w, d, w->p.length);
	return NF_ACCEPT;
}

static void ask_ingress(struct fwt_way *w, struct fwt_decision *d)
{
	w->p.ct_state = FWT_CT_NEW;
	w->seed = fwt_seed(w);
	fwt_decide(w, FWT_HOOK_INGRESS, d);
}

/* Ingress of a connection: its first packet, or the first that comes by here
 * (what a local connection sends by way of lo).
 */
unsigned int fwt_decide_ingress(struct fwt_way *w)
{
	struct fwt_decision d FWT_UNSET;

	ask_ingress(w, &d);
	return begin_ingress(w, &d);
}

bool fwt_decide_first(struct fwt_way *w, unsigned int *ret)
{
	struct fwt_decision d FWT_UNSET;
	bool asked = opens(w) && checksum_ok(w);

	if (likely(asked))
		ask_ingress(w, &d);
	if (unlikely(!fwt_track_absent(w)))
		fwt_track_look(w);
	if (unlikely(w->c)) {
		w->p.ct_state = FWT_CT_ESTABLISHED;
		return false;
	}
	/* As arrive() does with what can't open. */
	if (unlikely(!asked)) {
		w->stray = true;
		*ret = fwt_pass_alone(w, FWT_HOOK_INGRESS, FWT_CT_INVALID);
		return true;
	}
	*ret = begin_ingress(w, &d);
	return true;
}

/* Is it accepted, but not for where it was led: as if it left by @oif. */
static noinline bool led_elsewhere(struct fwt_way *w, const char *oif, struct sk_buff *as,
				   struct fwt_decision *d)
{
	struct fwt_packet seen = w->p;
	struct fwt_end dialled, client;

	fwt_ends_get(&w->c->ends, FWT_V, &dialled);
	fwt_ends_get(&w->c->ends, FWT_C, &client);
	memcpy(w->p.daddr, dialled.addr, sizeof(w->p.daddr));
	if (w->p.have & FWT_HAVE_PORTS) {
		w->p.dport = dialled.port;
		/* Another one where it stands apart. */
		w->p.sport = client.port;
	}
	if (w->p.have & FWT_HAVE_ICMP_ID)
		w->p.icmp_id = client.port;
	w->p.oif = oif;
	fwt_decide_as(w, FWT_HOOK_EGRESS, as, d);
	w->p = seen;
	return d->verdict == FWT_VERDICT_ACCEPT &&
	       (!(d->flags & FWT_DECISION_DNAT) ||
		memcmp(w->after.daddr, seen.daddr, seen.family == 6 ? 16 : 4) ||
		(seen.have & FWT_HAVE_PORTS && w->after.dport != seen.dport));
}

/* What starts here is decided with the destination that it dialled; and where the
 * rule that leads it elsewhere asks for the interface, with that which it would
 * have left by.
 */
static void decide_as_dialled(struct fwt_way *w, struct sk_buff *as, struct fwt_decision *d)
{
	const char *dialled = fwt_ifname(w->fn->net, READ_ONCE(w->c->dialled_oif));

	if (led_elsewhere(w, w->p.oif, as, d) &&
	    (!dialled || led_elsewhere(w, dialled, as, d))) {
		/* The route that the translation led to leads to another one. */
		d->verdict = FWT_VERDICT_DROP;
		d->reason = FWT_REASON_DNAT_LATE;
	}
}

/* What starts here was walked at LOCAL_OUT, and changed as that said: now it is asked
 * for as it was. What it says by now, it goes on saying (change.c).
 */
static noinline void as_it_began(struct fwt_way *w)
{
	struct fwt_conn_more more;
	u16 what;

	fwt_conn_kept(w->c, &more);
	what = more.by[FWT_HOOK_EGRESS].what;
	w->p.mark = more.mark_in;
	if (what & FWT_DECISION_PRIORITY)
		w->p.priority = more.priority_in;
	if (what & FWT_DECISION_DSCP)
		w->p.tos = more.tos_in;
	if (what & FWT_DECISION_TTL)
		w->p.ttl = more.ttl_in;
	if (what & FWT_DECISION_MSS && more.mss_in)
		w->p.tcp_mss = more.mss_in;
}

/* The same of its bytes: a copy, for who asks for them; NULL without memory. */
static noinline struct sk_buff *bytes_as_it_began(const struct fwt_way *w)
{
	struct sk_buff *skb = pskb_copy(w->skb, GFP_ATOMIC | __GFP_NOWARN);
	int off = skb_network_offset(w->skb);
	struct fwt_header_change to = { };
	struct fwt_packet p = w->p;
	struct fwt_conn_more more;
	struct fwt_rewrite ends;
	enum fwt_csum_mode mode;
	u16 what;

	if (!skb)
		return NULL;
	if (skb_ensure_writable(skb, off + p.payload)) {
		kfree_skb(skb);
		return NULL;
	}
	mode = fwt_skb_csum_mode(skb, &p, off);
	fwt_ends_get(&w->c->ends, FWT_C, &ends.src);
	fwt_ends_get(&w->c->ends, FWT_V, &ends.dst);
	fwt_rewrite(&p, skb_network_header(skb), &ends, mode, NULL);
	fwt_conn_kept(w->c, &more);
	what = more.by[FWT_HOOK_EGRESS].what;
	if (what & FWT_DECISION_DSCP) {
		to.what |= FWT_CHANGE_DSCP;
		to.dscp = more.tos_in >> 2;
	}
	if (what & FWT_DECISION_TTL) {
		to.what |= FWT_CHANGE_TTL;
		to.ttl = more.ttl_in;
	}
	if (what & FWT_DECISION_MSS && more.mss_in && p.have & FWT_HAVE_MSS) {
		to.what |= FWT_CHANGE_MSS | FWT_CHANGE_BACK;
		to.mss = more.mss_in;
	}
	fwt_header_change(&p, skb_network_header(skb), &to, mode);
	skb->mark = more.mark_in;
	if (what & FWT_DECISION_PRIORITY)
		skb->priority = more.priority_in;
	return skb;
}

/* What a connection that starts here is asked with, at POST_ROUTING: as it began. */
static noinline bool ask_as_it_began(struct fwt_way *w, struct fwt_decision *d)
{
	struct sk_buff *as = unlikely(asks_bytes(w)) ? bytes_as_it_began(w) : w->skb;

	if (!as)
		return false;
	as_it_began(w);
	if (fwt_conn_is(w->c, FWT_CONN_DNAT))
		decide_as_dialled(w, as, d);
	else
		fwt_decide_as(w, FWT_HOOK_EGRESS, as, d);
	if (unlikely(as != w->skb))
		consume_skb(as);
	return true;
}

/* Egress says of a packet that it is not to be tracked, and has not decided about its
 * connection: that is over, each packet of such traffic walks. One that was translated has
 * left half of that behind by now, and nobody would translate its answers back.
 */
static noinline unsigned int leave_connection(struct fwt_way *w, const struct fwt_decision *d)
{
	bool led = fwt_conn_is(w->c, FWT_CONN_DNAT) || fwt_conn_is(w->c, FWT_CONN_SNAT);

	/* As where egress refuses: another CPU may have decided it meanwhile. */
	if (!fwt_conn_end_undecided(w->c, FWT_END_UNFINISHED) && fwt_track_egress_done(w->c))
		return NF_ACCEPT;
	fwt_effects(w, d, w->p.length);
	if (led)
		return fwt_drop_by(w, FWT_REASON_INVALID, d);
	w->c = NULL;
	w->stray = true;
	return leave_alone(w, d);
}

/* The decision of egress for a connection's packet that has none yet. */
unsigned int fwt_decide_egress(struct fwt_way *w)
{
	struct fwt_decision d FWT_UNSET;
	bool won = true;
	u8 reason;

	w->p.ct_state = FWT_CT_NEW;
	if (w->c)
		w->p.ct_status = fwt_ct_status(w->c, FWT_HOOK_EGRESS);
	if (!w->c || !fwt_conn_is(w->c, FWT_CONN_LOCAL)) {
		fwt_decide(w, FWT_HOOK_EGRESS, &d);
	} else if (!ask_as_it_began(w, &d)) {
		fwt_conn_end_undecided(w->c, FWT_END_UNFINISHED);
		return fwt_drop(w, FWT_REASON_NO_MEMORY);
	}
	if (d.verdict != FWT_VERDICT_ACCEPT) {
		/* Another CPU has decided it meanwhile, with another packet of it: that
		 * counts, and both go through (R23). By the same policy two walks differ
		 * where it asks what changes: a limit, a set, the time.
		 */
		if (w->c && fwt_track_egress_done(w->c))
			return NF_ACCEPT;
		fwt_effects(w, &d, w->p.length);
		/* The answer before the end: it is translated by the record. */
		if (d.verdict == FWT_VERDICT_REJECT)
			fwt_answer(w, d.reject);
		if (w->c)
			fwt_conn_end_undecided(w->c, FWT_END_UNFINISHED);
		return fwt_drop_by(w, d.reason, &d);
	}
	if (d.flags & FWT_DECISION_NOTRACK) {
		if (w->c)
			return leave_connection(w, &d);
		w->stray = true;
		if (w->state->hook == NF_INET_LOCAL_OUT)
			return start_untracked(w, &d);
		fwt_effects(w, &d, w->p.length);
		return leave_alone(w, &d);
	}
	if (!w->c) {
		reason = fwt_track_new(w, &d, FWT_HOOK_EGRESS);
		if (reason)
			return fwt_drop_by(w, reason, &d);
	}
	/* A destination or a mark that was changed routes anew, perhaps by
	 * another interface: POST_ROUTING decides with that, and only then it
	 * counts. And who lost the race to a connection the other way round, whose
	 * reply this packet now is, decides nothing about it.
	 */
	if (w->state->hook == NF_INET_LOCAL_OUT &&
	    (d.flags & FWT_DECISION_DNAT ||
	     (d.flags & FWT_DECISION_MARK && w->after.mark != w->skb->mark))) {
		if (w->dir == FWT_ORIGINAL)
			WRITE_ONCE(w->c->dialled_oif, w->state->out->ifindex);
		return NF_ACCEPT;
	}
	if (w->dir != FWT_ORIGINAL)
		return NF_ACCEPT;
	reason = fwt_track_egress(w, &d, &won);
	if (reason) {
		/* RFC 5508, REQ-8 */
		if (reason == FWT_REASON_NAT_EXHAUSTED)
			fwt_answer(w, FWT_REJECT_ADMIN_PROHIBITED);
		fwt_conn_end_undecided(w->c, reason == FWT_REASON_NAT_EXHAUSTED ?
				       FWT_END_NO_PORT : FWT_END_UNFINISHED);
		return fwt_drop_by(w, reason, &d);
	}
	if (won)
		fwt_effects_begun(w, &d, w->p.length);
	return NF_ACCEPT;
}

bool fwt_let_out(struct fwt_way *w)
{
	const struct fwt_program *prog = &w->pol->prog;
	u32 root = prog->root[FWT_HOOK_EGRESS], slot;

	if (root != FWT_NONE && (prog->node[root].type != FWT_NODE_VERDICT ||
				 prog->node[root].sub != FWT_VERDICT_ACCEPT))
		return false;
	/* Who looks on wants to see all of it; and what leaves by a VRF is to be found
	 * there, too (across.c).
	 */
	if (unlikely(trace_fwt_accept_enabled() || netif_is_l3_slave(w->state->out)) ||
	    !fwt_route_first(w))
		return false;
	slot = fwt_rule_slot(w->pol, root == FWT_NONE ? FWT_NONE : prog->node[root].arg);
	if (unlikely(!fwt_track_let_out(w, slot))) {
		w->c = NULL;
		return false;
	}
	return true;
}
