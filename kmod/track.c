// SPDX-License-Identifier: GPL-2.0
/*
 * Connections of packets: finding, making, bringing up to date.
 *
 * The state machines are the core's; here is what they hang on: the record's
 * lock, the table of timeouts, and who wins when two CPUs decide at once. All of it
 * runs in a hook, with softirqs off: locks need not see to that.
 */
#include <linux/netdevice.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>

#include "across.h"
#include "bind.h"
#include "count.h"
#include "hairpin.h"
#include "led.h"
#include "mapping.h"
#include "pool.h"
#include "way.h"

static bool link_local(const struct fwt_packet *p)
{
	return p->family == 6 && ((p->saddr[0] >> 22) == (0xfe80u >> 6) ||
				  (p->daddr[0] >> 22) == (0xfe80u >> 6));
}

/* Link-local addresses mean something on one link only, others within a VRF. */
static u32 scope(const struct fwt_way *w)
{
	const struct net_device *dev = w->state->in;

	/* Who starts here may have left on it what it was made of (tunnels). */
	if (!dev || (w->state->hook == NF_INET_POST_ROUTING && !w->skb->skb_iif))
		dev = w->state->out;
	if (!dev)
		return 0;
	if (link_local(&w->p))
		return netif_is_l3_master(dev) ? fwt_came_by(w->skb) : dev->ifindex;
	/* What is forwarded is what it was when it came in, also where a VRF that it is led
	 * to has it leave as if it came from there.
	 */
	if (w->skb->skb_iif && (!w->state->in || (unlikely(netif_is_l3_master(dev)) &&
						  dev->ifindex != w->skb->skb_iif))) {
		dev = dev_get_by_index_rcu(w->fn->net, w->skb->skb_iif);
		if (!dev)
			return 0;
	}
	return l3mdev_master_ifindex_rcu(dev);
}

static bool key(struct fwt_way *w)
{
	w->tracked = fwt_tuple_get(&w->p, scope(w), &w->t);
	w->c = NULL;
	if (w->tracked)
		w->hash = fwt_hash_tuple(&w->fn->conns, &w->t);
	return w->tracked;
}

void fwt_track_key(struct fwt_way *w, bool first)
{
	if (key(w))
		fwt_hash_soon(&w->fn->conns, w->hash, first);
}

void fwt_track_look(struct fwt_way *w)
{
	if (!w->tracked)
		return;
	w->c = fwt_conn_find(w->fn, w->hash, &w->t, &w->dir);
	if (unlikely(atomic_read(&w->fn->n_across)))
		fwt_across_find(w, false);
}

void fwt_track_find(struct fwt_way *w)
{
	(void)key(w);
	fwt_track_look(w);
}

void fwt_track_find_quoted(struct fwt_way *w)
{
	if (!key(w))
		return;
	w->c = fwt_conn_find(w->fn, w->hash, &w->t, &w->dir);
	if (unlikely(atomic_read(&w->fn->n_across)))
		fwt_across_find(w, true);
}

void fwt_track_peek(struct fwt_way *w)
{
	struct fwt_conn *c;

	if (!key(w))
		return;
	/* Device trees alone have no table. Pairs with the release in fwt_conns_init(). */
	if (!smp_load_acquire(&w->fn->conns_ready))
		return;
	c = fwt_hash_find(&w->fn->conns, w->hash, &w->t, &w->dir);
	w->c = c && fwt_conn_alive(c) ? c : NULL;
	if (unlikely(atomic_read(&w->fn->n_across)))
		fwt_across_find(w, false);
}

/* Ticks that a connection has from now on. */
static u32 time_to_live(const struct fwt_way *w, const struct fwt_conn *c)
{
	bool nat = c->flags & (BIT(FWT_CONN_SNAT) | BIT(FWT_CONN_DNAT));

	return READ_ONCE(w->pol->opt.timeout[nat][c->timeout]);
}

static void set_flags(struct fwt_conn *c, u16 bits)
{
	if ((c->flags & bits) != bits)
		WRITE_ONCE(c->flags, c->flags | bits);
}

/* Under c->lock. A tentative record keeps its two seconds. */
static void refresh(const struct fwt_way *w, struct fwt_conn *c, u8 timeout,
		    u16 cap)
{
	u32 ticks;

	c->timeout = timeout;
	if (!(c->flags & BIT(FWT_CONN_CONFIRMED)))
		return;
	ticks = time_to_live(w, c);
	if (cap && cap * HZ < ticks) {
		set_flags(c, BIT(FWT_CONN_CAPPED));
		ticks = cap * HZ;
	} else if (c->flags & BIT(FWT_CONN_CAPPED)) {
		WRITE_ONCE(c->flags, c->flags & ~BIT(FWT_CONN_CAPPED));
	}
	fwt_conn_expire(c, ticks);
}

/* Seconds that a doubt leaves, or 0 for no doubt. What waits for an acknowledgement is no
 * reason to forget a translation that is in use: an end that sleeps for an hour goes on
 * where it was (R27, RFC 5382, REQ-5). A RST is (R17).
 */
static u16 doubt(const struct fwt_way *w, const struct fwt_conn *c,
		 const struct fwt_tcp_verdict *v)
{
	const u16 nat = BIT(FWT_CONN_SNAT) | BIT(FWT_CONN_DNAT);

	if (likely(!v->timeout_cap || !(c->flags & nat)) ||
	    v->timeout != FWT_TIMEOUT_TCP_ESTABLISHED ||
	    !(c->flags & BIT(FWT_CONN_ASSURED)) || w->p.tcp_flags & FWT_TCP_RST)
		return v->timeout_cap;
	return FWT_TCP_FLOOR;
}

static void segment(const struct fwt_way *w, struct fwt_tcp_segment *s)
{
	const struct fwt_packet *p = &w->p;
	struct fwt_tcp_options o = { };

	/* Only of a header that is longer than the bare one. */
	if (p->payload > p->l4 + 20)
		fwt_packet_tcp_options(p, skb_network_header(w->skb), &o);
	s->seq = p->tcp_seq;
	s->ack = p->tcp_ack;
	s->len = p->end - p->payload;
	s->win = p->tcp_window;
	s->flags = p->tcp_flags;
	s->has_wscale = o.has_wscale;
	s->wscale = o.wscale;
	s->sack_perm = o.sack_perm;
	s->has_sack = o.has_sack;
	s->sack_edge = o.sack_edge;
}

/* Under c->lock, which is at hand: cheaper than two atomics. */
static void count(const struct fwt_way *w, struct fwt_conn *c)
{
	if (!w->pol->opt.counters)
		return;
	c->packets[w->dir]++;
	c->bytes[w->dir] += w->p.length;
}

static enum fwt_tracked track_tcp(struct fwt_way *w)
{
	struct fwt_conn *c = w->c;
	struct fwt_tcp_segment s;
	struct fwt_tcp_verdict v;
	enum fwt_tracked ret = FWT_TRACK_OK;
	bool over;
	u16 cap;

	segment(w, &s);
	spin_lock(&c->lock);
	fwt_tcp_packet(&c->tcp, w->dir, &s, &v);
	switch (v.result) {
	case FWT_TCP_OK:
		if (w->dir == FWT_REPLY && !(c->flags & BIT(FWT_CONN_REPLIED))) {
			set_flags(c, BIT(FWT_CONN_REPLIED));
			if (c->tcp.owner)
				fwt_pool_answered(c, !(s.flags & FWT_TCP_RST));
		}
		/* A connection that was reset is worth keeping no longer. */
		if (v.assured)
			set_flags(c, BIT(FWT_CONN_ASSURED));
		else if (c->flags & BIT(FWT_CONN_ASSURED))
			WRITE_ONCE(c->flags, c->flags & ~BIT(FWT_CONN_ASSURED));
		refresh(w, c, v.timeout, doubt(w, c, &v));
		over = v.timeout >= FWT_TIMEOUT_TCP_TIME_WAIT &&
		       v.timeout <= FWT_TIMEOUT_TCP_CLOSE;
		if (c->tcp.owner)
			fwt_pool_active(c, !over);
		break;
	case FWT_TCP_PASS:
		ret = FWT_TRACK_PASS;
		/* Changes nothing, but may leave it less time. */
		cap = doubt(w, c, &v);
		if (cap && c->flags & BIT(FWT_CONN_CONFIRMED) &&
		    (s32)(c->expires - (u32)jiffies) > cap * HZ) {
			set_flags(c, BIT(FWT_CONN_CAPPED));
			fwt_conn_expire(c, cap * HZ);
		}
		break;
	case FWT_TCP_INVALID:
		ret = FWT_TRACK_INVALID;
		break;
	case FWT_TCP_REOPEN:
		ret = FWT_TRACK_REOPEN;
		break;
	}
	if (ret <= FWT_TRACK_PASS)
		count(w, c);
	spin_unlock(&c->lock);
	if (ret == FWT_TRACK_INVALID)
		w->why = FWT_REASON_TCP_WINDOW;
	return ret;
}

/* Without an answer nothing keeps an entry for ever (R19); but a mapping of
 * UDP is refreshed by what goes out (RFC 4787, REQ-6): what shows another source. What
 * comes in to a server behind a translation is not that: who forges its source would
 * keep as many entries as he likes, by a packet each in a hundred seconds.
 */
static void track_other(struct fwt_way *w)
{
	struct fwt_conn *c = w->c;
	bool udp = w->p.protocol == FWT_IPPROTO_UDP ||
		   w->p.protocol == FWT_IPPROTO_UDPLITE;
	const u16 nat = BIT(FWT_CONN_SNAT) | BIT(FWT_CONN_DNAT);
	u8 timeout;

	spin_lock(&c->lock);
	if (w->dir == FWT_REPLY)
		set_flags(c, BIT(FWT_CONN_REPLIED));
	else if (c->flags & BIT(FWT_CONN_REPLIED))
		set_flags(c, BIT(FWT_CONN_ASSURED));
	timeout = c->timeout;
	if (udp)
		timeout = c->flags & BIT(FWT_CONN_REPLIED) ? FWT_TIMEOUT_UDP_STREAM :
							      FWT_TIMEOUT_UDP;
	/* What is led elsewhere has come from outside, mostly. */
	if (c->flags & BIT(FWT_CONN_REPLIED) ||
	    (udp && (c->flags & nat) == BIT(FWT_CONN_SNAT)))
		refresh(w, c, timeout, 0);
	count(w, c);
	spin_unlock(&c->lock);
}

enum fwt_tracked fwt_track_packet(struct fwt_way *w)
{
	if (w->p.protocol == FWT_IPPROTO_TCP)
		return track_tcp(w);
	track_other(w);
	return FWT_TRACK_OK;
}

enum fwt_tracked fwt_track_would(struct fwt_way *w)
{
	struct fwt_tcp_segment s;
	struct fwt_tcp_verdict v;
	struct fwt_tcp t;

	if (w->p.protocol != FWT_IPPROTO_TCP)
		return FWT_TRACK_OK;
	segment(w, &s);
	spin_lock(&w->c->lock);
	t = w->c->tcp;
	spin_unlock(&w->c->lock);
	fwt_tcp_packet(&t, w->dir, &s, &v);
	if (v.result == FWT_TCP_INVALID) {
		w->why = FWT_REASON_TCP_WINDOW;
		return FWT_TRACK_INVALID;
	}
	return v.result == FWT_TCP_REOPEN ? FWT_TRACK_REOPEN : FWT_TRACK_OK;
}

void fwt_track_account(struct fwt_way *w)
{
	/* What walks by itself counts for the rule that it comes to. */
	if (!w->pol->opt.counters || w->pol->opt.per_packet)
		return;
	fwt_slot_count(w->fn, READ_ONCE(w->c->slot[FWT_HOOK_INGRESS]), 1, w->p.length);
	fwt_slot_count(w->fn, READ_ONCE(w->c->slot[FWT_HOOK_EGRESS]), 1, w->p.length);
}

/* Apart: others are not to pay for what this has on the stack. */
static noinline void first_segment(const struct fwt_way *w, struct fwt_conn *c)
{
	struct fwt_tcp_segment s;
	struct fwt_tcp_verdict v;

	segment(w, &s);
	fwt_tcp_init(&c->tcp, &s, w->loose, &v);
	c->timeout = v.timeout;
}

static void first_state(const struct fwt_way *w, struct fwt_conn *c)
{
	switch (w->t.protocol) {
	case FWT_IPPROTO_TCP:
		first_segment(w, c);
		break;
	case FWT_IPPROTO_UDP:
	case FWT_IPPROTO_UDPLITE:
		c->timeout = FWT_TIMEOUT_UDP;
		break;
	case FWT_IPPROTO_ICMP:
	case FWT_IPPROTO_ICMPV6:
		c->timeout = FWT_TIMEOUT_ICMP;
		break;
	default:
		c->timeout = FWT_TIMEOUT_OTHER;
	}
}

static u8 reason_of(int error)
{
	switch (error) {
	case -ENOSPC:
		return FWT_REASON_TABLE_FULL;
	case -EADDRINUSE:
		return FWT_REASON_TUPLE_CLASH;
	case -EDQUOT:
		return FWT_REASON_SOURCE_FULL;
	default:
		return FWT_REASON_NO_MEMORY;
	}
}

/* One that is led elsewhere. Where the pair C-S is another connection's, N differs from C. */
static noinline int insert_led(const struct fwt_way *w, struct fwt_conn *c,
			       const struct fwt_bind *hairpin, u64 hash_cs,
			       struct fwt_conn **other)
{
	struct fwt_bind b FWT_UNSET;

	if (unlikely(hairpin->hairpin)) {
		if (!fwt_mapping_join(c))
			return -EADDRINUSE;
		if (c->flags & BIT(FWT_CONN_IFADDR) &&
		    !fwt_own_address(w->fn->net, hairpin->out, c->ends.family,
				     hairpin->end.addr))
			c->linked |= FWT_LINKED_ELSEWHERE;
		return fwt_conn_insert(c, w->hash, hairpin, other);
	}
	b = (struct fwt_bind){
		.out = w->state->in ? w->state->in : w->state->out,
		.end = w->t.src,
		.apart = true,
		.opens = w->p.have & FWT_HAVE_TCP && !w->loose,
		.seq = w->p.tcp_seq,
		.hash_cs = hash_cs,
	};
	if (w->p.have & (FWT_HAVE_PORTS | FWT_HAVE_ICMP_ID))
		fwt_bind_ports(&b, NULL, &w->pol->opt);
	return fwt_conn_insert(c, w->hash, &b, other);
}

/* What begins here ends another's connection by its port alone: its own begin anew. */
static enum fwt_end_reason why_ended(const struct fwt_way *w)
{
	return w->state->hook == NF_INET_LOCAL_OUT && w->dir == FWT_ORIGINAL &&
	       (!fwt_conn_is(w->former, FWT_CONN_LOCAL) || fwt_conn_apart(w->former)) ?
	       FWT_END_OWN_PORT : FWT_END_REOPENED;
}

/* The port that the former connection was seen by, if the same client begins it anew: a
 * hint, asked for again at egress. Others' ports are not of a range.
 */
static u16 former_port(const struct fwt_way *w)
{
	const struct fwt_conn *f = w->former;

	return fwt_conn_is(f, FWT_CONN_SNAT) && !fwt_conn_is(f, FWT_CONN_ACROSS) &&
	       !fwt_conn_apart(f) && !fwt_conn_hairpin(f) &&
	       fwt_ends_is(&f->ends, FWT_C, &w->t.src) ? f->ends.port[FWT_N] : 0;
}

/* Whose place a connection takes leaves its source one less. */
static u32 own_place(const struct fwt_way *w)
{
	return w->former && fwt_conn_is(w->former, FWT_CONN_SOURCE) &&
	       fwt_ends_is(&w->former->ends, FWT_C, &w->t.src);
}

u8 fwt_track_new(struct fwt_way *w, const struct fwt_decision *d,
		 enum fwt_hook hook)
{
	struct fwt_conn *c, *other = NULL;
	struct fwt_bind hairpin FWT_UNSET;
	struct fwt_server *server = NULL;
	struct fwt_end end FWT_UNSET;
	bool source = false;
	u32 slot = FWT_NONE;
	u64 hash_cs = 0;
	int ret;

	/* This machine itself is no source. First of all, so that who has enough
	 * evicts nobody.
	 */
	if (w->pol->opt.conn_max_per_source && w->state->hook != NF_INET_LOCAL_OUT) {
		ret = fwt_source_charge(w->fn, w->t.family, &w->t.src,
					w->pol->opt.conn_max_per_source + own_place(w));
		if (ret)
			return reason_of(ret);
		source = true;
	}
	if (d->flags & FWT_DECISION_DNAT)
		hash_cs = fwt_led_to(w, &end);
	c = fwt_conn_alloc(w->fn, &w->t, w->state->hook == NF_INET_LOCAL_OUT);
	if (IS_ERR(c)) {
		if (source)
			fwt_source_release(w->fn, w->t.family, &w->t.src);
		return reason_of(PTR_ERR(c));
	}
	if (source)
		c->flags |= BIT(FWT_CONN_SOURCE);
	hairpin.hairpin = false;
	c->seed = w->seed;
	c->turn[hook] = d->turn;
	c->gen = w->pol->gen;
	if (d->flags & FWT_DECISION_DNAT) {
		/* Who answers would do so with an address of its own. */
		if (fwt_packet_to_group(w->t.family, w->after.daddr) ||
		    fwt_packet_to_nobody(w->t.family, w->after.daddr)) {
			fwt_conn_discard(c);
			return FWT_REASON_INVALID;
		}
		fwt_ends_set(&c->ends, FWT_S, &end);
		/* What starts here walks once more, and is asked whether it is led there. */
		if (w->state->hook != NF_INET_LOCAL_OUT)
			fwt_led_another(w, c, d->dnat);
		/* Another server: its bucket was looked into just now. */
		if (unlikely(!fwt_ends_is(&c->ends, FWT_S, &end)))
			hash_cs = 0;
		if (!fwt_ends_equal(&c->ends, FWT_V, FWT_S))
			c->flags |= BIT(FWT_CONN_DNAT);
	} else if (unlikely(w->pol->opt.hairpin) && hook == FWT_HOOK_INGRESS) {
		(void)fwt_hairpin_lead(w, d, c, &hairpin);
	}
	/* A client that is led to itself: its packets would say no direction. */
	if (c->flags & BIT(FWT_CONN_DNAT) && !fwt_ends_directed(&c->ends)) {
		fwt_conn_discard(c);
		return FWT_REASON_TUPLE_CLASH;
	}
	if (fwt_change_keep(w, c, hook, d)) {
		fwt_conn_discard(c);
		return FWT_REASON_NO_MEMORY;
	}
	first_state(w, c);
	if (w->state->hook == NF_INET_LOCAL_OUT)
		c->flags |= BIT(FWT_CONN_LOCAL);
	if (hook == FWT_HOOK_INGRESS) {
		c->iif = w->state->in->ifindex;
		c->flags |= BIT(FWT_CONN_INGRESS);
		slot = fwt_rule_slot(w->pol, d->rule);
	} else if (w->skb->skb_iif && !(c->flags & BIT(FWT_CONN_LOCAL))) {
		c->iif = fwt_came_by(w->skb);
	}
	/* What egress decided is charged when that counts, fwt_track_egress(). */
	if (hook == FWT_HOOK_INGRESS && d->n_counts &&
	    fwt_conn_count(c, &w->pol->prog, d->count, d->n_counts)) {
		fwt_conn_discard(c);
		return FWT_REASON_NO_MEMORY;
	}
	if (w->pol->opt.counters) {
		c->packets[FWT_ORIGINAL] = 1;
		c->bytes[FWT_ORIGINAL] = w->p.length;
	}

	if (d->server) {
		server = fwt_pool_take(c, d->server);
		if (!server) {
			fwt_conn_discard(c);
			return FWT_REASON_NO_SERVER;
		}
	}

	/* Only now: had it been refused, all would have stayed as it was (R22). */
	if (w->former) {
		c->again = former_port(w);
		fwt_conn_end(w->former, why_ended(w));
	}
	/* Who finds it may let go of the slot, or give it another one, before it is counted
	 * below. The sum comes out right: it is asked for when no policy has the slot any
	 * more, which waits for us. So it is this slot that counts, whatever the record says
	 * by then.
	 */
	c->slot[hook] = slot;
	if (likely(!(c->flags & BIT(FWT_CONN_DNAT))))
		ret = fwt_conn_insert(c, w->hash, NULL, &other);
	else
		ret = insert_led(w, c, &hairpin, hash_cs, &other);
	if (!ret) {
		fwt_slot_begun(w->fn, slot, w->p.length);
		if (server)
			fwt_pool_begun(c, server);
		w->c = c;
		w->dir = FWT_ORIGINAL;
		return 0;
	}
	WRITE_ONCE(c->slot[hook], FWT_NONE);
	fwt_conn_discard(c);
	/* Of what is led back inside the outside source is chosen at once. */
	if (ret == -EADDRINUSE && unlikely(hairpin.hairpin) && !other)
		return FWT_REASON_NAT_EXHAUSTED;
	if (ret != -EEXIST)
		return reason_of(ret);
	/* Another CPU was first: its decision counts, and both packets pass (R23).
	 * To that connection this one is a later packet: the same said again, or
	 * the first word of the other side.
	 */
	fwt_stat_inc_bh(w->fn, reason[FWT_REASON_RACE_LOST]);
	w->c = fwt_conn_find(w->fn, w->hash, &w->t, &w->dir);
	if (!w->c)
		return FWT_REASON_TUPLE_CLASH;
	if (fwt_track_packet(w) > FWT_TRACK_PASS)
		return FWT_REASON_TCP_WINDOW;
	fwt_slot_decided(w->fn, slot, w->p.length);
	return 0;
}

static bool own_address(const struct fwt_conn *c, const struct fwt_end *end)
{
	struct fwt_end client;

	fwt_ends_get(&c->ends, FWT_C, &client);
	return !memcmp(client.addr, end->addr, c->ends.family == 6 ? 16 : 4);
}

/* Under c->lock. */
static noinline int bind_source(struct fwt_way *w, const struct fwt_decision *d)
{
	u32 snat = d->snat;
	const struct fwt_prog_mod *m =
		&fwt_program_of_mod(&w->pol->prog, &snat)->mod[snat];
	struct fwt_conn *c = w->c;
	struct fwt_bind b = {
		.out = w->state->out,
		.end.port = c->ends.port[FWT_C],
		.opens = w->p.have & FWT_HAVE_TCP && !w->loose,
		.seq = w->p.tcp_seq,
		.scope = fwt_across_scope(w),
		/* The walk has found it there; of an interface that is named it may be
		 * another VRF's.
		 */
		.own = m->type == FWT_MOD_MASQUERADE,
		.again = (u16)c->again,
	};
	int ret;

	/* Its source is the outside one, whatever is said of this interface. */
	if (fwt_conn_hairpin(c))
		return 0;
	b.across = b.scope != c->ends.scope;
	memcpy(b.end.addr, w->after.saddr, sizeof(b.end.addr));
	/* The very address it has: nothing to translate, unless its port is
	 * taken, or ports of their own are asked for. A prefix is mapped one to
	 * one, ports and all; and what has no ports has nothing to choose.
	 */
	/* Of one that stands apart N is what its packets are known by till they leave: the
	 * address that it has may stay, another one it can't get.
	 */
	if (fwt_conn_apart(c))
		return own_address(c, &b.end) && !(m->flags & FWT_MOD_PORTS) ? 0 : -EEXIST;
	b.keep = (own_address(c, &b.end) || m->type == FWT_MOD_NETMAP) &&
		 !(m->flags & (FWT_MOD_PORTS | FWT_MOD_RANDOM));
	if (w->p.have & (FWT_HAVE_PORTS | FWT_HAVE_ICMP_ID))
		fwt_bind_ports(&b, m, &w->pol->opt);
	else
		b.keep = true;
	b.mapped = m->flags & FWT_MOD_ENDPOINT_INDEPENDENT && b.lo &&
		   !own_address(c, &b.end);
	if (m->type == FWT_MOD_SNAT && m->family && !(m->flags & FWT_MOD_PERSISTENT))
		b.range = m;
	ret = fwt_bind_source(c, &b);
	if (!ret && !fwt_ends_equal(&c->ends, FWT_N, FWT_C))
		c->flags |= BIT(FWT_CONN_SNAT);
	if (c->flags & BIT(FWT_CONN_SNAT) &&
	    (m->type == FWT_MOD_MASQUERADE || m->flags & FWT_MOD_IFADDR)) {
		if (m->type != FWT_MOD_MASQUERADE &&
		    !fwt_own_address(w->fn->net, b.out, c->ends.family, b.end.addr))
			c->linked |= FWT_LINKED_ELSEWHERE;
		/* Who sees this sees that, too: the sweep takes no lock. */
		smp_store_release(&c->flags, c->flags | BIT(FWT_CONN_IFADDR));
	}
	return ret;
}

/* It leaves by another VRF, with the ends that it has. */
static noinline int link_across(struct fwt_way *w, u32 scope)
{
	struct fwt_conn *other;

	return fwt_across_link(w->c, scope, &other);
}

u8 fwt_track_egress(struct fwt_way *w, const struct fwt_decision *d, bool *won)
{
	struct fwt_conn *c = w->c;
	u32 scope;
	int ret = 0;

	spin_lock(&c->lock);
	*won = !(c->flags & BIT(FWT_CONN_EGRESS));
	if (c->flags & BIT(FWT_CONN_DEAD)) {
		/* Flushed, or evicted, since its packet passed ingress. */
		spin_unlock(&c->lock);
		return FWT_REASON_INVALID;
	}
	if (!*won)
		goto out;
	if (d->flags & FWT_DECISION_SNAT)
		ret = bind_source(w, d);
	if (ret)
		goto out;
	scope = fwt_across_scope(w);
	if (unlikely(scope != c->ends.scope) && !(c->flags & BIT(FWT_CONN_ACROSS)))
		ret = link_across(w, scope);
	if (ret)
		goto out;
	ret = fwt_change_keep(w, c, FWT_HOOK_EGRESS, d);
	if (ret)
		goto out;
	if (d->n_counts) {
		ret = fwt_conn_count(c, &w->pol->prog, d->count, d->n_counts);
		if (ret)
			goto out;
	}
	c->oif = w->state->out ? w->state->out->ifindex : 0;
	c->turn[FWT_HOOK_EGRESS] = d->turn;
	c->slot[FWT_HOOK_EGRESS] = fwt_rule_slot(w->pol, d->rule);
	fwt_slot_begun(w->fn, c->slot[FWT_HOOK_EGRESS], w->p.length);
	/* By the older of the policies that its two halves were decided by. */
	if ((s32)(w->pol->gen - c->gen) < 0)
		WRITE_ONCE(c->gen, w->pol->gen);
	/* Who sees the flag sees N. */
	smp_store_release(&c->flags, c->flags | BIT(FWT_CONN_EGRESS));
out:
	spin_unlock(&c->lock);
	if (!ret)
		return 0;
	if (ret == -EEXIST)
		return FWT_REASON_TUPLE_CLASH;
	return ret == -EADDRINUSE ? FWT_REASON_NAT_EXHAUSTED : reason_of(ret);
}

#define QUEUED	(60 * HZ)

void fwt_track_wait(struct fwt_way *w)
{
	struct fwt_conn *c = w->c;

	if (likely(fwt_conn_is(c, FWT_CONN_CONFIRMED)))
		return;
	spin_lock(&c->lock);
	if (!(c->flags & (BIT(FWT_CONN_CONFIRMED) | BIT(FWT_CONN_DEAD))))
		fwt_conn_expire(c, QUEUED);
	spin_unlock(&c->lock);
}

/* It is no longer tentative: how long it lives from now on. Under c->lock, where it
 * stands neither among the confirmed nor the dead.
 */
static void confirm(const struct fwt_way *w, struct fwt_conn *c, u16 flags)
{
	u32 ticks = time_to_live(w, c);

	flags |= c->flags | BIT(FWT_CONN_CONFIRMED);
	/* Picked up in the middle: in doubt until both have spoken. */
	if (c->ends.protocol == IPPROTO_TCP && c->tcp.flags & FWT_TCP_CONN_LOOSE &&
	    FWT_TCP_DOUBT * HZ < ticks) {
		ticks = FWT_TCP_DOUBT * HZ;
		flags |= BIT(FWT_CONN_CAPPED);
	}
	/* As in fwt_track_egress(). */
	smp_store_release(&c->flags, flags);
	fwt_conn_expire(c, ticks);
}

void fwt_track_confirm(struct fwt_way *w)
{
	struct fwt_conn *c = w->c;
	bool begun = false;

	if (likely(fwt_conn_is(c, FWT_CONN_CONFIRMED)))
		return;
	spin_lock(&c->lock);
	if (!(c->flags & (BIT(FWT_CONN_CONFIRMED) | BIT(FWT_CONN_DEAD)))) {
		confirm(w, c, 0);
		begun = true;
	}
	spin_unlock(&c->lock);
	if (begun)
		fwt_event_begun(c);
}

bool fwt_track_let_out(struct fwt_way *w, u32 slot)
{
	struct fwt_conn *c = w->c;

	spin_lock(&c->lock);
	if (unlikely(c->flags & (BIT(FWT_CONN_DEAD) | BIT(FWT_CONN_EGRESS) |
				 BIT(FWT_CONN_CONFIRMED) | BIT(FWT_CONN_CHANGES) |
				 BIT(FWT_CONN_SNAT)) || c->gen != w->pol->gen)) {
		spin_unlock(&c->lock);
		return false;
	}
	c->oif = w->state->out->ifindex;
	c->slot[FWT_HOOK_EGRESS] = slot;
	fwt_slot_begun(w->fn, slot, w->p.length);
	confirm(w, c, BIT(FWT_CONN_EGRESS));
	spin_unlock(&c->lock);
	fwt_event_begun(c);
	return true;
}
