// SPDX-License-Identifier: GPL-2.0
/*
 * A dry run's packet and the connections that there are: is it of one, and does that stand.
 *
 * The order is hook.c's. What that does to a record, ending it or bringing it up to date, is
 * asked here and left undone. Not asked is whether the server of a SYN that is said again is
 * out meanwhile: the question itself is held against the server.
 */
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <net/genetlink.h>

#include "hook_private.h"
#include "netlink.h"
#include "netlink_explain.h"
#include "pool.h"

static int put_conn(struct fwt_dry *r, const struct fwt_conn *c)
{
	return nla_put_u64_64bit(r->reply, FWTREE_A_EXPLAIN_CONN, c->id, FWTREE_A_EXPLAIN_PAD);
}

/* Does the policy in force still allow the connection, by these interfaces; see
 * fwt_decide_again().
 */
static int ask_again(struct fwt_dry *r, struct fwt_way *w, u32 iif, u32 oif)
{
	struct fwt_decision *d = kmalloc(sizeof(*d), GFP_ATOMIC);
	const struct fwt_program *of;
	u32 hooks, rule;
	int ret = 1;

	if (!d)
		return -ENOMEM;
	if (!fwt_decide_again(w, iif, oif, false, d)) {
		r->n_steps = 0;
		r->words = 0;
		r->cut = false;
		rule = d->rule;
		ret = 0;
		if (rule != FWT_NONE) {
			of = fwt_program_of_rule(&r->pol->prog, &rule);
			hooks = of->rule[rule].hooks;
			ret = fwt_dry_put_walk(r, &w->p, hooks & FWT_HOOK_BIT(FWT_HOOK_INGRESS) ?
					       FWT_HOOK_INGRESS : FWT_HOOK_EGRESS, FWT_CT_NEW, d);
		}
		if (!ret)
			ret = fwt_dry_put_drop(r, FWT_REASON_REVALIDATED);
	}
	kfree(d);
	return ret;
}

/* Is what the record says still in force, by where the packet came in. */
static int holds(struct fwt_dry *r, struct fwt_way *w, const struct net_device *in)
{
	const struct fwt_options *opt = &r->pol->opt;
	struct fwt_conn *c = w->c;
	bool reply = w->dir == FWT_REPLY, newer, other, asked;
	u32 expected = reply ? READ_ONCE(c->oif) : READ_ONCE(c->iif);
	u32 now = in ? in->ifindex : 0;
	int ret = 1;

	newer = (s32)(r->pol->gen - READ_ONCE(c->gen)) > 0;
	other = now && expected && expected != now && !opt->per_packet &&
		!(in->flags & IFF_LOOPBACK);
	if (other && !reply)
		return ask_again(r, w, now, 0);
	asked = newer && (fwt_pool_was_reset(c) || (opt->revalidate && !opt->per_packet));
	if (asked)
		ret = ask_again(r, w, 0, 0);
	/* Another policy asks anew what replies come by. */
	if (ret > 0 && other && (asked || READ_ONCE(c->reply_iif) != now))
		ret = ask_again(r, w, 0, now);
	return ret;
}

/* Ends of ours, by a wire, see not_theirs() in hook.c. */
static bool poses(const struct fwt_way *w)
{
	u16 flags = READ_ONCE(w->c->flags);

	if (w->dir == FWT_ORIGINAL)
		return flags & BIT(FWT_CONN_LOCAL);
	return (flags & (BIT(FWT_CONN_CONFIRMED) | BIT(FWT_CONN_EGRESS))) ==
	       BIT(FWT_CONN_CONFIRMED);
}

/* A program's port, which a translation was given: see own_port() in hook.c. */
static bool own_port(const struct fwt_way *w)
{
	const struct fwt_conn *c = w->c;

	return w->dir == FWT_ORIGINAL && fwt_conn_is(c, FWT_CONN_SNAT) &&
	       (!fwt_conn_is(c, FWT_CONN_LOCAL) || fwt_conn_apart(c)) &&
	       fwt_ends_is(&c->ends, FWT_N, &w->t.src);
}

/* A client's packet with the server's end: 0, or it begins anew (1) or is dropped (-1). */
static int clashes(const struct fwt_way *w)
{
	const struct fwt_conn *c = w->c;

	if (!fwt_conn_is(c, FWT_CONN_DNAT) || w->dir != FWT_ORIGINAL ||
	    fwt_ends_is(&c->ends, FWT_V, &w->t.dst))
		return 0;
	return w->p.have & FWT_HAVE_TCP &&
	       (w->p.tcp_flags & (FWT_TCP_SYN | FWT_TCP_ACK)) == FWT_TCP_SYN &&
	       fwt_tcp_yields(&c->tcp, w->p.tcp_seq) ? 1 : -1;
}

static int begin_anew(struct fwt_way *w)
{
	w->former = w->c;
	w->c = NULL;
	return 1;
}

static int stand_alone(struct fwt_dry *r, struct fwt_way *w)
{
	w->c = NULL;
	r->alone = true;
	r->state = FWT_CT_INVALID;
	return 1;
}

/* A packet with the ends of the connection @w->c, which becomes NULL where it is none of
 * it.
 */
static int follow(struct fwt_dry *r, struct fwt_way *w)
{
	const struct net_device *in = w->state->in;
	bool lo = in && in->flags & IFF_LOOPBACK;
	int ret;

	if (in && !lo && poses(w))
		return stand_alone(r, w);
	if (!in && own_port(w))
		return begin_anew(w);
	ret = lo ? 0 : clashes(w);
	if (ret)
		return ret > 0 ? begin_anew(w) : fwt_dry_put_drop(r, FWT_REASON_TUPLE_CLASH);
	ret = holds(r, w, in);
	if (ret <= 0)
		return ret ? ret : put_conn(r, w->c);
	/* By lo it comes once it has left, and was followed then. */
	switch (lo ? FWT_TRACK_OK : fwt_track_would(w)) {
	case FWT_TRACK_INVALID:
		if (fwt_conn_is(w->c, FWT_CONN_SNAT) || fwt_conn_is(w->c, FWT_CONN_DNAT))
			return fwt_dry_put_drop(r, w->why);
		return stand_alone(r, w);
	case FWT_TRACK_REOPEN:
		return begin_anew(w);
	default:
		ret = put_conn(r, w->c);
		return ret ? ret : 1;
	}
}

/* What its connection says is done to a packet at this hook. */
static int change(struct fwt_way *w)
{
	if (fwt_change_known(w) < 0)
		return -ENOMEM;
	w->p.mark = w->skb->mark;
	w->p.priority = w->skb->priority;
	return 1;
}

/* Of what starts here: it has walked at LOCAL_OUT, and egress is asked once more, about it as
 * it began, see fwt_decide_egress().
 */
static bool undecided(const struct fwt_way *w)
{
	return w->dir == FWT_ORIGINAL && fwt_conn_is(w->c, FWT_CONN_LOCAL) &&
	       !fwt_track_egress_done(w->c);
}

int fwt_dry_start(struct fwt_way *w)
{
	int ret;

	if (undecided(w))
		return 1;
	ret = change(w);
	return ret > 0 && fwt_translate(w, false) < 0 ? -ENOMEM : ret;
}

/* It leaves by another interface than those before it. */
static bool moved_out(const struct fwt_dry *r, const struct fwt_way *w)
{
	u32 expected = READ_ONCE(w->c->oif);

	return w->dir == FWT_ORIGINAL && expected && expected != w->state->out->ifindex &&
	       !r->pol->opt.per_packet;
}

int fwt_dry_pass(struct fwt_dry *r, struct fwt_way *w, u8 hook)
{
	bool original = w->dir == FWT_ORIGINAL, out = hook == FWT_HOOK_EGRESS, first;
	u16 flags = READ_ONCE(w->c->flags);
	int ret;

	if (out && r->pol->opt.per_packet && fwt_hook_shown_elsewhere(w))
		return fwt_dry_put_drop(r, FWT_REASON_NO_ADDRESS);
	if (out && moved_out(r, w)) {
		ret = ask_again(r, w, 0, w->state->out->ifindex);
		if (ret <= 0)
			return ret;
	}
	first = original && !(flags & BIT(out ? FWT_CONN_EGRESS : FWT_CONN_INGRESS));
	ret = out && undecided(w) ? 1 : change(w);
	if (ret > 0 && (first || r->pol->opt.per_packet)) {
		w->later = !first;
		w->p.ct_state = first || (original && !(flags & BIT(FWT_CONN_REPLIED))) ?
				FWT_CT_NEW : FWT_CT_ESTABLISHED;
		w->p.ct_status = first ? fwt_ct_status(w->c, hook) :
				 (flags & BIT(FWT_CONN_SNAT) ? FWT_CT_SNAT : 0) |
				 (flags & BIT(FWT_CONN_DNAT) ? FWT_CT_DNAT : 0);
		ret = fwt_dry_walk(r, w, hook);
		if (ret > 0 && first && !out && r->flags & FWT_DECISION_DNAT &&
		    !(flags & BIT(FWT_CONN_DNAT)))
			ret = fwt_dry_put_drop(r, FWT_REASON_DNAT_LATE);
		if (ret > 0 && first && out && r->flags & FWT_DECISION_NOTRACK &&
		    flags & (BIT(FWT_CONN_DNAT) | BIT(FWT_CONN_SNAT)))
			ret = fwt_dry_put_drop(r, FWT_REASON_INVALID);
		if (ret > 0)
			ret = fwt_dry_settle(r, w, true);
	}
	/* What egress decides for the first time is done, see fwt_dry_settle(). */
	if (ret > 0 && !(first && out) && fwt_translate(w, out) < 0)
		return -ENOMEM;
	return ret;
}

int fwt_dry_find(struct fwt_dry *r, struct fwt_way *w)
{
	const struct net_device *out = w->state->out;

	fwt_track_peek(w);
	r->state = fwt_first_state(w);
	/* Of what starts here the route would say it. */
	if (out && w->p.family == 4 && fwt_is_broadcast(w->fn->net, out, w->p.daddr))
		r->state = FWT_CT_UNTRACKED;
	if (r->state == FWT_CT_UNTRACKED || w->p.bad)
		w->c = NULL;
	return w->c ? follow(r, w) : 1;
}
