// SPDX-License-Identifier: GPL-2.0
/*
 * Deciding: walking for a packet, and walking again for a connection when the
 * policy or an interface has changed.
 *
 * A connection is decided again as a whole: ingress with the ends C and V,
 * egress with C and S, as its first packet met them; of what starts here egress
 * with C and V, and, where it came in by lo, ingress with N and S. What the record
 * did not keep is unknown; a rule that asks for it leaves the old verdict. The
 * choices that were made (addresses, ports) stay if the rules still allow them.
 */
#include <linux/netdevice.h>

#include "count.h"
#include "node.h"
#include "pool.h"
#include "rate.h"
#include "route.h"
#include "trace.h"
#include "set.h"
#include "way.h"

void fwt_changes_of(const struct fwt_packet *p, struct fwt_changes *c)
{
	memcpy(c->saddr, p->saddr, sizeof(c->saddr));
	memcpy(c->daddr, p->daddr, sizeof(c->daddr));
	c->mark = p->mark;
	c->priority = p->priority;
	c->ct_mark = p->ct_mark;
	c->dport = p->dport;
	c->vlan_tci = p->vlan_tci;
	c->tcp_mss = p->tcp_mss;
	c->ct_state = p->ct_state;
	c->ct_status = p->ct_status;
	c->tos = p->tos;
	c->ttl = p->ttl;
}

static void change(struct fwt_packet *p, const struct fwt_changes *c)
{
	memcpy(p->saddr, c->saddr, sizeof(c->saddr));
	memcpy(p->daddr, c->daddr, sizeof(c->daddr));
	p->mark = c->mark;
	p->priority = c->priority;
	p->ct_mark = c->ct_mark;
	p->dport = c->dport;
	p->vlan_tci = c->vlan_tci;
	p->tcp_mss = c->tcp_mss;
	p->ct_state = c->ct_state;
	p->ct_status = c->ct_status;
	p->tos = c->tos;
	p->ttl = c->ttl;
}

/* What modifiers have made of the packet is in @w->after, and it is as it was. */
static void walk_restoring(struct fwt_way *w, u32 root, const struct fwt_env *env,
			   struct fwt_decision *d)
{
	struct fwt_changes was FWT_UNSET;

	fwt_changes_of(&w->p, &was);
	fwt_walk(&w->pol->prog, root, &w->p, env, d);
	/* A walk that was ended in the middle of a translation has no flag of it. */
	if (d->flags || d->verdict != FWT_VERDICT_ACCEPT) {
		fwt_changes_of(&w->p, &w->after);
		change(&w->p, &was);
	}
}

void fwt_decide_as(struct fwt_way *w, enum fwt_hook hook, struct sk_buff *as,
		   struct fwt_decision *d)
{
	u32 root = w->pol->prog.root[hook];
	struct fwt_world world FWT_UNSET;
	struct fwt_rlu rlu FWT_UNSET;

	w->p.hook = hook;
	/* Of a connection that is begun anew by who answered: its first packet. */
	w->p.ct_direction = w->c ? w->dir : FWT_ORIGINAL;
	w->p.ct_ends = w->c ? &w->c->ends : NULL;
	w->p.ct_tuple = w->tracked ? &w->t : NULL;
	/* What starts here walks twice before it is decided, and begins with none. */
	w->p.ct_mark = w->c && !(fwt_conn_is(w->c, FWT_CONN_LOCAL) && hook == FWT_HOOK_EGRESS &&
				 !fwt_track_egress_done(w->c)) ? fwt_conn_ct_mark(w->c) : 0;
	if (root == FWT_NONE) {
		/* A hook that the policy does not name lets everything pass. */
		memset(d, 0, offsetof(struct fwt_decision, effect));
		d->verdict = FWT_VERDICT_ACCEPT;
		d->rule = FWT_NONE;
		d->snat = FWT_NONE;
		d->dnat = FWT_NONE;
		return;
	}
#ifndef fwt_walk	/* the simulation tells of each walk: sim_walk.c */
	/* "egress { accept }" asks nothing, of nobody. */
	if (w->pol->prog.node[root].type == FWT_NODE_VERDICT) {
		fwt_decision_begin(d);
		fwt_decision_end(&w->pol->prog.node[root], &w->p, d);
		d->node = root;
		if (unlikely(d->flags || d->verdict != FWT_VERDICT_ACCEPT))
			fwt_changes_of(&w->p, &w->after);
		return;
	}
#endif
	fwt_world_init(&world, w, w->c ? w->c->seed : w->seed);
	world.env.rlu = &rlu;
	world.filtered = as;
	world.former = w->former;
	/* Walked before, at LOCAL_OUT, it keeps what it got there. */
	if (w->c)
		world.env.turn = READ_ONCE(w->c->turn[hook]);
	/* Without modifiers it stays as it is. */
	if (w->pol->prog.n[FWT_SEC_MODS] || w->pol->prog.patch) {
		walk_restoring(w, root, &world.env, d);
		return;
	}
	fwt_walk(&w->pol->prog, root, &w->p, &world.env, d);
	if (unlikely(d->flags || d->verdict != FWT_VERDICT_ACCEPT))
		fwt_changes_of(&w->p, &w->after);
}

/* The slot of a counter that a program names, the policy's or its patch's. */
static u32 counter_slot(const struct fwt_policy *pol, const struct fwt_program *prog,
			u32 counter)
{
	const u32 *slot = prog == &pol->prog ? pol->slot : pol->change->slot;

	return slot[prog->n[FWT_SEC_RULES] + counter];
}

static void update(const struct fwt_policy *pol, const struct fwt_decision_update *u)
{
	u32 object;
	const struct fwt_prog_mod *m = fwt_patch_update(&pol->prog, u, &object);
	struct fwt_set *s = fwt_set_of(pol->object[object]);

	if (m->type == FWT_MOD_SET_REMOVE)
		fwt_set_remove(s, pol->phase, u->six, u->key);
	else
		fwt_set_renew(s, pol->phase, u->six, u->key, m->addr_lo[2] ?
			      (u64)m->addr_lo[1] << 32 | m->addr_lo[0] : 0);
}

static noinline void take_effect(struct fwt_way *w, const struct fwt_decision *d,
				 u32 bytes)
{
	u32 i;

	for (i = 0; i < d->n_effects; i++) {
		const struct fwt_program *prog;
		const struct fwt_prog_mod *m;
		u32 e = d->effect[i];

		if (!(e & FWT_EFFECT_MOD)) {
			fwt_slot_hit(w->fn, fwt_rule_slot(w->pol, e));
			continue;
		}
		e &= ~FWT_EFFECT_MOD;
		prog = fwt_program_of_mod(&w->pol->prog, &e);
		m = &prog->mod[e];
		if (m->type == FWT_MOD_LOG || m->type == FWT_MOD_NFLOG)
			fwt_log(w, d, prog, m);
		else if (m->type == FWT_MOD_COUNT)
			fwt_slot_count(w->fn, counter_slot(w->pol, prog, m->a), 1, bytes);
		else if (m->type == FWT_MOD_NODE)
			fwt_node_applied(w, d, m);
	}
	if (d->n_charges)
		fwt_limits_charge(w->pol, d, bytes, w->later);
	for (i = 0; i < d->n_updates; i++)
		update(w->pol, &d->update[i]);
}

void fwt_effects(struct fwt_way *w, const struct fwt_decision *d, u32 bytes)
{
	fwt_slot_decided(w->fn, fwt_rule_slot(w->pol, d->rule), bytes);
	fwt_effects_begun(w, d, bytes);
}

void fwt_effects_begun(struct fwt_way *w, const struct fwt_decision *d, u32 bytes)
{
	if (d->n_effects | d->n_charges | d->n_updates)
		take_effect(w, d, bytes);
	if (trace_fwt_accept_enabled() && d->verdict == FWT_VERDICT_ACCEPT)
		trace_fwt_accept(w, "accept", fwt_rule_slot(w->pol, d->rule));
}

/* What a record does not keep of its first packet. */
#define NOT_KEPT (FWT_FIELD_BIT(ETHER_SADDR) | FWT_FIELD_BIT(ETHER_DADDR) | \
		  FWT_FIELD_BIT(ETHER_TYPE) | FWT_FIELD_BIT(VLAN_ID) | \
		  FWT_FIELD_BIT(VLAN_PCP) | FWT_FIELD_BIT(PKTTYPE) | \
		  FWT_FIELD_BIT(DSCP) | FWT_FIELD_BIT(TTL) | \
		  FWT_FIELD_BIT(LENGTH) | FWT_FIELD_BIT(TCP_SEQ) | \
		  FWT_FIELD_BIT(TCP_ACK) | FWT_FIELD_BIT(TCP_WINDOW) | \
		  FWT_FIELD_BIT(TCP_OPTION_MSS) | FWT_FIELD_BIT(PRIORITY))

/* The second hook is asked with what the first one has set, on its way so many hops nearer. */
static void left_by_first(const struct fwt_sets *s, u8 hops, struct fwt_packet *p)
{
	if (s->what & FWT_DECISION_MARK)
		p->mark = s->mark;
	if (s->what & FWT_DECISION_PRIORITY) {
		p->priority = s->priority;
		p->unknown &= ~FWT_FIELD_BIT(PRIORITY);
	}
	if (s->what & FWT_DECISION_DSCP) {
		p->tos = s->dscp << 2;
		p->unknown &= ~FWT_FIELD_BIT(DSCP);
	}
	if (s->what & FWT_DECISION_TTL) {
		p->ttl = s->ttl - hops;
		p->unknown &= ~FWT_FIELD_BIT(TTL);
	}
	if (s->what & FWT_DECISION_CT_MARK)	/* it is not known what it left */
		p->unknown |= FWT_FIELD_BIT(CT_MARK);
}

/* The first packet as it came to a hook. */
static void rebuild(const struct fwt_conn *c, enum fwt_hook hook,
		    const struct fwt_conn_more *more, struct fwt_packet *p)
{
	bool local = fwt_conn_is(c, FWT_CONN_LOCAL);
	bool first = hook == (local ? FWT_HOOK_EGRESS : FWT_HOOK_INGRESS);
	struct fwt_end src, dst;

	memset(p, 0, sizeof(*p));
	/* What starts here meets one tree, which translates both ends; by lo the other one, as
	 * it has left then.
	 */
	fwt_ends_get(&c->ends, !first && (local || fwt_conn_apart(c)) ? FWT_N : FWT_C, &src);
	fwt_ends_get(&c->ends, first ? FWT_V : FWT_S, &dst);
	p->have = FWT_HAVE_IP;
	p->family = c->ends.family;
	p->protocol = c->ends.protocol;
	p->hook = hook;
	p->ct_state = FWT_CT_NEW;
	p->ct_status = fwt_ct_status(c, hook);
	p->unknown = NOT_KEPT;
	p->mark = more->mark_in;
	/* lo is no hop. */
	if (!first)
		left_by_first(&more->by[local ? FWT_HOOK_EGRESS : FWT_HOOK_INGRESS], !local, p);
	p->ct_ends = &c->ends;
	p->ct_mark = more->ct_mark;
	memcpy(p->saddr, src.addr, sizeof(p->saddr));
	memcpy(p->daddr, dst.addr, sizeof(p->daddr));
	switch (p->protocol) {
	case FWT_IPPROTO_TCP:
		p->have |= FWT_HAVE_TCP | FWT_HAVE_PORTS;
		p->tcp_flags = FWT_TCP_SYN;
		break;
	case FWT_IPPROTO_UDP:
		p->have |= FWT_HAVE_UDP | FWT_HAVE_PORTS;
		break;
	case FWT_IPPROTO_UDPLITE:
	case FWT_IPPROTO_SCTP:
	case FWT_IPPROTO_DCCP:
		p->have |= FWT_HAVE_PORTS;
		break;
	case FWT_IPPROTO_ICMP:
	case FWT_IPPROTO_ICMPV6:
		p->have |= FWT_HAVE_ICMP_ID |
			(p->family == 4 ? FWT_HAVE_ICMP : FWT_HAVE_ICMPV6);
		p->icmp_type = dst.port;
		p->icmp_id = src.port;
		/* Others have none, and that is known. */
		p->unknown |= p->family == 4 ? FWT_FIELD_BIT(ICMP_CODE) :
					       FWT_FIELD_BIT(ICMPV6_CODE);
		break;
	}
	if (p->have & FWT_HAVE_PORTS) {
		p->sport = src.port;
		p->dport = dst.port;
	}
}

/* Would the binding still be made. */
static bool binding_stays(const struct fwt_way *w, const struct fwt_decision *d,
			  const struct fwt_packet *p, const struct fwt_env *env,
			  bool source)
{
	enum fwt_conn_bit bit = source ? FWT_CONN_SNAT : FWT_CONN_DNAT;
	u8 flag = source ? FWT_DECISION_SNAT : FWT_DECISION_DNAT;
	struct fwt_end end;

	/* Led where no rule leads it, and shown as no rule of that interface says. */
	if (fwt_conn_hairpin(w->c) && (source || !(d->flags & flag)))
		return w->pol->opt.hairpin;
	/* A translation to where it went anyway is none. */
	if (!(d->flags & flag))
		return !fwt_conn_is(w->c, bit) || (source && fwt_conn_apart(w->c));
	fwt_ends_get(&w->c->ends, source ? FWT_N : FWT_S, &end);
	return fwt_nat_allows(&w->pol->prog, source ? d->snat : d->dnat, p, env, &end);
}

enum outcome { KEEP, REFUSED, LED_ELSEWHERE, NOT_KNOWN };

/* @oif: by which it is asked; @leaves: by which it leaves all the same. */
static noinline enum outcome walk_again(struct fwt_way *w, enum fwt_hook hook, u32 iif, u32 oif,
					u32 leaves, const struct fwt_conn_more *more,
					struct fwt_decision *d, struct fwt_packet *p)
{
	u32 root = w->pol->prog.root[hook];
	struct net *net = w->fn->net;
	struct net_device *out = NULL;
	struct fwt_world world FWT_UNSET;
	struct fwt_rlu rlu FWT_UNSET;

	fwt_world_init(&world, w, w->c->seed);
	world.env.rlu = &rlu;
	world.skb = NULL;	/* it may be a reply, routed otherwise */
	world.filtered = NULL;
	world.sk = fwt_conn_is(w->c, FWT_CONN_LOCAL) && w->dir == FWT_ORIGINAL ?
		   fwt_owner(w) : NULL;
	if (root == FWT_NONE) {
		d->flags = 0;
		d->n_counts = 0;
		d->turn = 0;
		d->rule = FWT_NONE;
		d->server = 0;
	} else {
		rebuild(w->c, hook, more, p);
		if (!fwt_conn_is(w->c, FWT_CONN_LOCAL) || hook == FWT_HOOK_INGRESS) {
			p->iif = fwt_ifname(net, iif);
			if (!p->iif)
				p->unknown |= FWT_FIELD_BIT(IIF);
		} else if (!world.sk) {
			/* Its socket is at hand with a packet of its own alone. */
			p->unknown |= FWT_FIELDS_OWNER;
		}
		if (hook == FWT_HOOK_EGRESS) {
			out = dev_get_by_index_rcu(net, oif);
			p->oif = out ? out->name : NULL;
			if (!out)
				p->unknown |= FWT_FIELD_BIT(OIF);
			/* Its source is of where it leaves, as decide_as_dialled() has it. */
			if (leaves != oif)
				out = dev_get_by_index_rcu(net, leaves);
		}
		world.out = out;
		world.again = true;
		world.env.turn = READ_ONCE(w->c->turn[hook]);
		fwt_walk(&w->pol->prog, root, p, &world.env, d);
		if (d->verdict == FWT_VERDICT_UNKNOWN)
			return NOT_KNOWN;
		if (d->verdict != FWT_VERDICT_ACCEPT)
			return REFUSED;
	}
	d->reject = FWT_REJECT_DEFAULT;
	d->verdict = FWT_VERDICT_DROP;	/* if the binding is to end */
	if (hook == (fwt_conn_is(w->c, FWT_CONN_LOCAL) ? FWT_HOOK_EGRESS :
						      FWT_HOOK_INGRESS) &&
	    !binding_stays(w, d, p, &world.env, false))
		return LED_ELSEWHERE;
	if (hook == FWT_HOOK_EGRESS && !binding_stays(w, d, p, &world.env, true))
		return REFUSED;
	return KEEP;
}

static void replace_slot(struct fwt_conn *c, enum fwt_hook hook, u32 slot)
{
	if (c->slot[hook] == slot)
		return;
	fwt_slot_take(c->fn, slot);
	fwt_slot_ref(c->fn, c->slot[hook], -1);
	c->slot[hook] = slot;
}

/* What began before sources were counted counts from now on, whatever the limit:
 * that is for new ones.
 */
static void charge_source(const struct fwt_way *w, struct fwt_conn *c)
{
	struct fwt_end client;

	if (!w->pol->opt.conn_max_per_source ||
	    c->flags & (BIT(FWT_CONN_SOURCE) | BIT(FWT_CONN_LOCAL)))
		return;
	fwt_ends_get(&c->ends, FWT_C, &client);
	if (!fwt_source_charge(c->fn, c->ends.family, &client, 0))
		WRITE_ONCE(c->flags, c->flags | BIT(FWT_CONN_SOURCE));
}

/* What ingress or egress, having left the packet as it is in @p, changes from now on.
 * Apart, as the stack below a decision is not to have it besides.
 */
static noinline void kept_of(const struct fwt_decision *d, const struct fwt_packet *p,
			     enum fwt_hook hook, struct fwt_conn_more *more)
{
	struct fwt_changes after;

	fwt_changes_of(p, &after);
	fwt_sets_of(d, &after, &more->by[hook]);
	if (d->flags & FWT_DECISION_CT_MARK)
		more->ct_mark = p->ct_mark;
}

/* What the walk at LOCAL_OUT, by @left, set in what then left by @oif: that it went on there
 * is what it set. Apart, for the same reason.
 */
static noinline void left_by_walk(struct fwt_way *w, u32 left, u32 oif,
				  const struct fwt_conn_more *more, struct fwt_decision *d,
				  struct fwt_packet *p, struct fwt_sets *s)
{
	struct fwt_changes after;

	if (walk_again(w, FWT_HOOK_EGRESS, 0, left, oif, more, d, p) != KEEP)
		return;
	fwt_changes_of(p, &after);
	fwt_sets_of(d, &after, s);
}

/* At one hook; where what was decided stays, @more is what it changes. @left: where what
 * starts here was to leave by before it was led elsewhere, else 0. Apart, for the same
 * reason.
 */
static noinline enum outcome ask_again(struct fwt_way *w, enum fwt_hook hook, u32 iif, u32 oif,
				       u32 left, struct fwt_conn_more *more,
				       struct fwt_decision *d)
{
	struct fwt_packet p = { };
	struct fwt_sets led = { };
	enum outcome o;

	if (hook == FWT_HOOK_EGRESS && left && left != oif)
		left_by_walk(w, left, oif, more, d, &p, &led);
	o = walk_again(w, hook, iif, oif, oif, more, d, &p);
	/* As it was decided at first, see decide_as_dialled(). */
	if (o == LED_ELSEWHERE && left && fwt_conn_is(w->c, FWT_CONN_DNAT))
		o = walk_again(w, hook, iif, left, oif, more, d, &p);
	if (o == KEEP) {
		kept_of(d, &p, hook, more);
		fwt_sets_stay(&more->by[hook], &led);
	}
	return o;
}

bool fwt_decide_again(struct fwt_way *w, u32 iif, u32 oif, bool keep,
		      struct fwt_decision *d)
{
	struct fwt_decision_count count[2 * FWT_DECISION_COUNTS] FWT_UNSET;
	u32 n_counts = 0, slot[2] = { }, server = 0;
	u8 turn[2] = { };
	bool told[2] = { };
	struct fwt_conn_more was FWT_UNSET, more = { };
	struct fwt_conn *c = w->c;
	bool known = true;
	u16 flags = READ_ONCE(c->flags);
	bool local = flags & BIT(FWT_CONN_LOCAL);
	u32 left = local ? READ_ONCE(c->dialled_oif) : 0;
	u8 hook, i;

	/* Though rules may lead there again: who said "reset" meant these. */
	if (unlikely(fwt_pool_was_cut(c))) {
		memset(d, 0, offsetof(struct fwt_decision, effect));
		d->verdict = FWT_VERDICT_REJECT;
		d->reject = FWT_REJECT_DEFAULT;
		d->rule = FWT_NONE;
		return false;
	}
	/* As it was when its first packet came: what the second hook is asked with is what
	 * the first one then leaves. Of what starts here that is egress, and ingress, by lo,
	 * comes after it.
	 */
	fwt_conn_kept(c, &was);
	more.mark_in = was.mark_in;
	for (i = 0; i < 2; i++) {
		enum fwt_conn_bit passed;
		enum outcome o;

		hook = local == !i ? FWT_HOOK_EGRESS : FWT_HOOK_INGRESS;
		passed = hook == FWT_HOOK_INGRESS ? FWT_CONN_INGRESS : FWT_CONN_EGRESS;
		if (!(flags & BIT(passed))) {
			/* What starts here has walked at LOCAL_OUT already, where egress is
			 * to count only once it is routed anew (first.c), and may have been
			 * queued there: what that walk has set, and what was there before,
			 * is asked for at POST_ROUTING.
			 */
			if (hook == FWT_HOOK_EGRESS && local) {
				more = was;
				server = READ_ONCE(c->tcp.owner);
			}
			continue;
		}
		o = ask_again(w, hook, iif ?: c->iif, oif ?: c->oif, left, &more, d);
		if (o == NOT_KNOWN) {
			if (!w->dry)
				fwt_stat_inc_bh(w->fn, reason[FWT_REASON_UNKNOWN_KEPT]);
			if (w->pol->opt.revalidate < 2) {
				known = false;
				more.by[hook] = was.by[hook];
				more.ct_mark = was.ct_mark;
				/* The other hook may have made that of it. */
				if (was.ct_mark)
					more.by[hook].what |= FWT_DECISION_CT_MARK;
				continue;
			}
			d->verdict = FWT_VERDICT_DROP;
			o = REFUSED;
		}
		if (o == REFUSED || o == LED_ELSEWHERE) {
			if (fwt_pool_was_reset(c)) {
				d->verdict = FWT_VERDICT_REJECT;
				d->reject = FWT_REJECT_DEFAULT;
			}
			return false;
		}
		slot[hook] = fwt_rule_slot(w->pol, d->rule);
		turn[hook] = d->turn;
		told[hook] = true;
		memcpy(&count[n_counts], d->count, d->n_counts * sizeof(*count));
		n_counts += d->n_counts;
		/* By lo it is led nowhere any more. */
		if (d->server && !(local && hook == FWT_HOOK_INGRESS))
			server = d->server;
	}
	if (!keep)
		return true;

	spin_lock_bh(&c->lock);
	/* Two CPUs may have asked two policies: the newer one counts. And of a hook that was
	 * decided meanwhile this says nothing: the next packet asks again, also about
	 * interfaces.
	 */
	if (!(c->flags & BIT(FWT_CONN_DEAD)) && (s32)(w->pol->gen - c->gen) >= 0 &&
	    !((c->flags ^ flags) & (BIT(FWT_CONN_INGRESS) | BIT(FWT_CONN_EGRESS)))) {
		/* What another policy has let replies come by is asked of this one. */
		if (w->pol->gen != c->gen)
			WRITE_ONCE(c->reply_iif, 0);
		WRITE_ONCE(c->gen, w->pol->gen);
		/* What was routed as it came by the former one is not for who comes by this. */
		if (iif && iif != c->iif) {
			fwt_route_drop(c, FWT_ORIGINAL);
			WRITE_ONCE(c->iif, iif);
		}
		if (oif && oif != c->oif) {
			fwt_route_drop(c, FWT_REPLY);
			WRITE_ONCE(c->oif, oif);
		}
		/* Where this has no answer, another CPU may have one meanwhile: that stays. */
		for (hook = FWT_HOOK_INGRESS; hook <= FWT_HOOK_EGRESS; hook++) {
			if (!told[hook])
				continue;
			replace_slot(c, hook, slot[hook]);
			WRITE_ONCE(c->turn[hook], turn[hook]);
		}
		charge_source(w, c);
		if (known && (n_counts || c->flags & BIT(FWT_CONN_COUNTED))) {
			/* By the rules in force; no memory to count is no reason
			 * to end what is there.
			 */
			fwt_conn_uncount(c);
			(void)fwt_conn_count(c, &w->pol->prog, count, n_counts);
		}
		/* Without memory its packets go on as they did. */
		if (known)
			(void)fwt_conn_keep(c, &more);
		if (known && unlikely(server != c->tcp.owner))
			fwt_pool_move(c, server);
	}
	spin_unlock_bh(&c->lock);
	return true;
}
