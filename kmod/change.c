// SPDX-License-Identifier: GPL-2.0
/*
 * Changing packets as the trees say: marks, priority, header fields.
 *
 * What is decided by a connection's first packet is kept for the later ones, by the
 * tree that said so, in a part of the record that is only there where it is needed:
 * most connections have none. Ingress' changes are made when a packet comes, egress'
 * when it leaves; of what starts here, all at LOCAL_OUT, so that routing knows. Marks
 * and priorities are of both directions; DSCP and TTL of the original one; the MSS of
 * a SYN and of its answer.
 *
 * mss clamp is for what leaves: the MSS that a SYN offers is what comes back, so it
 * is the way there and back that counts, whichever is narrower.
 */
#include <linux/slab.h>

#include "way.h"

/* Headers without options. */
#define TCP4	(20 + 20)
#define TCP6	(40 + 20)

/* Keeping */

static const struct fwt_conn_more *more_of(const struct fwt_conn *c)
{
	return rcu_dereference_check(c->more, lockdep_is_held(&c->lock));
}

void fwt_conn_kept(const struct fwt_conn *c, struct fwt_conn_more *to)
{
	const struct fwt_conn_more *m = more_of(c);

	if (!m) {
		memset(to, 0, sizeof(*to));
		return;
	}
	memcpy(to->by, m->by, sizeof(to->by));
	to->mark_in = m->mark_in;
	to->priority_in = m->priority_in;
	to->mss_in = m->mss_in;
	to->tos_in = m->tos_in;
	to->ttl_in = m->ttl_in;
	to->ct_mark = READ_ONCE(m->ct_mark);
}

u32 fwt_conn_ct_mark(const struct fwt_conn *c)
{
	const struct fwt_conn_more *m = more_of(c);

	return m ? READ_ONCE(m->ct_mark) : 0;
}

u32 fwt_conn_mark(const struct fwt_conn *c)
{
	const struct fwt_conn_more *m = more_of(c);
	int hook;

	for (hook = FWT_HOOK_EGRESS; m && hook >= FWT_HOOK_INGRESS; hook--)
		if (m->by[hook].what & FWT_DECISION_MARK)
			return m->by[hook].mark;
	return 0;
}

int fwt_conn_keep(struct fwt_conn *c, const struct fwt_conn_more *to)
{
	struct fwt_conn_more *old = rcu_dereference_protected(c->more, true), *m = NULL;
	bool changes = to->by[0].what || to->by[1].what;

	if (old && !memcmp(old->by, to->by, sizeof(to->by)) && old->mark_in == to->mark_in) {
		WRITE_ONCE(old->ct_mark, to->ct_mark);
		return 0;
	}
	if (changes || to->mark_in || to->ct_mark) {
		m = kmalloc(sizeof(*m), GFP_ATOMIC | __GFP_NOWARN | __GFP_ACCOUNT);
		if (!m)
			return -ENOMEM;
		atomic_inc(&c->fn->n_more);
		memcpy(m->by, to->by, sizeof(m->by));
		m->mark_in = to->mark_in;
		m->priority_in = to->priority_in;
		m->mss_in = to->mss_in;
		m->tos_in = to->tos_in;
		m->ttl_in = to->ttl_in;
		m->ct_mark = to->ct_mark;
	}
	rcu_assign_pointer(c->more, m);
	if (old) {
		atomic_dec(&c->fn->n_more);
		kfree_rcu(old, rcu);
	}
	WRITE_ONCE(c->flags, (c->flags & ~BIT(FWT_CONN_CHANGES)) |
			     (changes ? BIT(FWT_CONN_CHANGES) : 0));
	return 0;
}

void fwt_sets_of(const struct fwt_decision *d, const struct fwt_changes *after,
		 struct fwt_sets *s)
{
	memset(s, 0, sizeof(*s));
	s->what = d->flags & FWT_SETS_KEPT;
	if (s->what & FWT_DECISION_MARK)
		s->mark = after->mark;
	if (s->what & FWT_DECISION_PRIORITY)
		s->priority = after->priority;
	if (s->what & FWT_DECISION_DSCP)
		s->dscp = after->tos >> 2;
	if (s->what & FWT_DECISION_TTL)
		s->ttl = after->ttl;
	if (s->what & FWT_DECISION_MSS)
		s->mss = d->mss;
	if (s->what & FWT_DECISION_QUEUE)
		s->queue = d->queue;
}

void fwt_sets_stay(struct fwt_sets *s, const struct fwt_sets *was)
{
	u16 what = was->what & ~s->what & (FWT_DECISION_MARK | FWT_DECISION_PRIORITY |
					   FWT_DECISION_DSCP | FWT_DECISION_TTL |
					   FWT_DECISION_MSS);

	s->what |= what;
	if (what & FWT_DECISION_MARK)
		s->mark = was->mark;
	if (what & FWT_DECISION_PRIORITY)
		s->priority = was->priority;
	if (what & FWT_DECISION_DSCP)
		s->dscp = was->dscp;
	if (what & FWT_DECISION_TTL)
		s->ttl = was->ttl;
	if (what & FWT_DECISION_MSS)
		s->mss = was->mss;
}

int fwt_change_keep_some(struct fwt_way *w, struct fwt_conn *c, enum fwt_hook hook,
			 const struct fwt_decision *d)
{
	struct fwt_conn_more more;
	struct fwt_sets was;
	bool first = !c->linked;	/* nobody has found it yet */

	fwt_conn_kept(c, &more);
	if (first) {
		more.mark_in = w->skb->mark;
		more.priority_in = w->p.priority;
		more.mss_in = w->p.have & FWT_HAVE_MSS ? w->p.tcp_mss : 0;
		more.tos_in = w->p.tos;
		more.ttl_in = w->p.ttl;
	}
	was = more.by[hook];
	fwt_sets_of(d, &w->after, &more.by[hook]);
	fwt_sets_stay(&more.by[hook], &was);
	if (d->flags & FWT_DECISION_CT_MARK)
		more.ct_mark = w->after.ct_mark;
	return fwt_conn_keep(c, &more);
}

/* Changing */

int fwt_skb_change(struct sk_buff *skb, struct fwt_packet *p, int off,
		   const struct fwt_header_change *to)
{
	u32 delta;

	if (skb_shared(skb) || skb_ensure_writable(skb, max(off + (int)p->payload, 0)))
		return -ENOMEM;
	delta = fwt_header_change(p, skb->data + off, to, fwt_skb_csum_mode(skb, p, off));
	fwt_skb_csum_add(skb, delta);
	return 0;
}

void fwt_sets_header(const struct fwt_sets *s, bool original, struct fwt_header_change *to)
{
	if (s->what & FWT_DECISION_DSCP && original) {
		to->what |= FWT_CHANGE_DSCP;
		to->dscp = s->dscp;
	}
	if (s->what & FWT_DECISION_TTL && original) {
		to->what |= FWT_CHANGE_TTL;
		to->ttl = s->ttl;
	}
	if (s->what & FWT_DECISION_MSS) {
		to->what |= FWT_CHANGE_MSS;
		to->mss = s->mss;
	}
}

static void clamp_mss(const struct fwt_way *w, struct fwt_header_change *to)
{
	u32 headers = w->p.family == 4 ? TCP4 : TCP6, mtu;

	if (!(w->p.have & FWT_HAVE_MSS) || !(w->p.tcp_flags & FWT_TCP_SYN))
		return;
	mtu = fwt_path_mtu(w);
	if (mtu <= headers)
		return;
	mtu = min(mtu - headers, (u32)U16_MAX);
	if (!(to->what & FWT_CHANGE_MSS) || to->mss > mtu)
		to->mss = mtu;
	to->what |= FWT_CHANGE_MSS;
}

static int change(struct fwt_way *w, const struct fwt_sets *s, bool original, bool clamp)
{
	struct fwt_header_change to = { };
	struct sk_buff *skb = w->skb;

	if (s->what & FWT_DECISION_MARK)
		skb->mark = s->mark;
	if (s->what & FWT_DECISION_PRIORITY)
		skb->priority = s->priority;
	fwt_sets_header(s, original, &to);
	if (clamp)
		clamp_mss(w, &to);
	if (likely(!fwt_header_differs(&w->p, &to)))
		return 0;
	if (fwt_skb_change(skb, &w->p, skb_network_offset(skb), &to))
		return -ENOMEM;
	return !!(to.what & FWT_CHANGE_DSCP);
}

static void queue(struct fwt_way *w, const struct fwt_sets *s)
{
	if (!(s->what & FWT_DECISION_QUEUE))
		return;
	w->queue = FWT_WAY_QUEUE | s->queue;
	if (s->what & FWT_DECISION_BYPASS)
		w->queue |= FWT_WAY_BYPASS;
}

/* Each packet once: where it came in by, the tree that its connection began with;
 * where it leaves, the other one. What starts here meets one tree, and so do the
 * answers that it gets, and those that it gives.
 */
static void queue_known(struct fwt_way *w, const struct fwt_conn_more *m)
{
	bool local = fwt_conn_is(w->c, FWT_CONN_LOCAL);
	bool reply = w->dir == FWT_REPLY;

	if (w->state->hook == NF_INET_PRE_ROUTING)
		queue(w, &m->by[local && reply ? FWT_HOOK_EGRESS : FWT_HOOK_INGRESS]);
	else if (w->state->hook == NF_INET_POST_ROUTING && !(local && reply))
		queue(w, &m->by[reply && !fwt_conn_is(w->c, FWT_CONN_EGRESS) ?
				FWT_HOOK_INGRESS : FWT_HOOK_EGRESS]);
}

/* Whose changes are made at this hook. */
static enum fwt_hook changes_at(const struct fwt_way *w)
{
	bool local = fwt_conn_is(w->c, FWT_CONN_LOCAL);

	switch (w->state->hook) {
	case NF_INET_PRE_ROUTING:
		return local && w->dir == FWT_REPLY ? FWT_HOOK_EGRESS : FWT_HOOK_INGRESS;
	case NF_INET_LOCAL_OUT:
		return local ? FWT_HOOK_EGRESS : FWT_HOOK_INGRESS;
	default:
		return FWT_HOOK_EGRESS;
	}
}

/* IPv4 gives a packet that it forwards the priority of its type of service. What starts here
 * comes to ingress last, by lo.
 */
void fwt_change_restore(struct fwt_way *w)
{
	const struct fwt_conn_more *m = more_of(w->c);

	if (!m || fwt_conn_is(w->c, FWT_CONN_LOCAL) ||
	    !(m->by[FWT_HOOK_INGRESS].what & FWT_DECISION_PRIORITY))
		return;
	w->skb->priority = m->by[FWT_HOOK_INGRESS].priority;
	w->p.priority = w->skb->priority;
}

bool fwt_change_error(struct fwt_way *w)
{
	const struct fwt_conn_more *m = more_of(w->c);
	u32 mark = w->skb->mark;
	const struct fwt_sets *s;

	if (!m || w->state->hook == NF_INET_LOCAL_IN)
		return false;
	queue_known(w, m);
	if (w->state->hook == NF_INET_POST_ROUTING)
		fwt_change_restore(w);
	s = &m->by[changes_at(w)];
	if (s->what & FWT_DECISION_MARK)
		w->skb->mark = s->mark;
	if (s->what & FWT_DECISION_PRIORITY)
		w->skb->priority = s->priority;
	return w->skb->mark != mark;
}

int fwt_change(struct fwt_way *w, const struct fwt_sets *s, bool original)
{
	queue(w, s);
	return change(w, s, original, s->what & FWT_DECISION_CLAMP);
}

int fwt_change_alone(struct fwt_way *w, const struct fwt_decision *d)
{
	struct fwt_sets s;

	if (likely(!(d->flags & FWT_SETS_KEPT)))
		return 0;
	fwt_sets_of(d, &w->after, &s);
	return fwt_change(w, &s, true);
}

int fwt_change_known(struct fwt_way *w)
{
	const struct fwt_conn_more *m = more_of(w->c);
	bool clamp = false;

	if (!m)
		return 0;
	queue_known(w, m);
	if (w->state->hook == NF_INET_LOCAL_IN)
		return 0;
	if (w->state->hook == NF_INET_POST_ROUTING)
		clamp = (m->by[0].what | m->by[1].what) & FWT_DECISION_CLAMP;
	return change(w, &m->by[changes_at(w)], w->dir == FWT_ORIGINAL, clamp);
}
