// SPDX-License-Identifier: GPL-2.0
/*
 * Cached routes, and what this CPU saw last; see route.h.
 */
#include <net/dst.h>
#include <net/dsfield.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ip6_fib.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/nexthop.h>
#include <net/route.h>
#include <net/xfrm.h>

#include "route.h"

/* Packets that are received as a list pass the first hook all before the first
 * of them is forwarded; the network stack makes lists of 8.
 */
#define NOTES	32

/**
 * struct note - a packet that passed PRE_ROUTING
 * @skb: which; never followed
 * @dst: the route that it was given, or NULL
 * @fn: namespace
 * @c: its connection, to be looked at as told in route.h; NULL if it is not TCP or
 *	UDP
 * @buried: count of ended connections when it was alive
 * @iif: index of the device that it came in by
 * @learn: it is of an established connection, and the route that it takes may be kept
 * @asked: the last hook of PRE_ROUTING has found that it is still as noted
 * @mark: that it is to be routed with
 * @addr: IPv4: source and destination, as the header had them when it left that hook
 * @by: IPv6: routed_by() of it, before it was routed
 * @ports: likewise
 * @l4: bytes from the network header to the transport header; of what has no options
 *	behind the first header these are few
 * @payload: bytes from the network header to the transport payload
 * @tos: that it is to be routed with
 * @dir: enum fwt_dir
 * @have: FWT_HAVE_*
 */
struct note {
	const struct sk_buff *skb;
	const struct dst_entry *dst;
	const struct fwt_net *fn;
	struct fwt_conn *c;
	u32 buried;
	u32 mark;
	int iif;
	union {
		u32 addr[2];
		u32 by;
	};
	u32 ports;
	u8 l4;
	u8 payload;
	u8 tos;
	u8 dir;
	bool learn;
	bool asked;
	u16 have;
};

/* A line each. */
static DEFINE_PER_CPU_ALIGNED(struct note [NOTES], notes);

static struct note *note_of(const struct sk_buff *skb)
{
	/* Buffers come from a slab of some 256 bytes each. */
	u32 i = (u32)((unsigned long)skb >> 8) ^ (u32)((unsigned long)skb >> 13);

	return this_cpu_ptr(&notes[0]) + i % NOTES;
}

void fwt_route_forget(const struct sk_buff *skb)
{
	u32 i = (u32)((unsigned long)skb >> 8) ^ (u32)((unsigned long)skb >> 13);
	struct note *n = raw_cpu_ptr(&notes[0]) + i % NOTES;

	if (READ_ONCE(n->skb) == skb)
		WRITE_ONCE(n->skb, NULL);
}

static bool same_tos(const struct fwt_conn *c, enum fwt_dir dir, u8 tos)
{
	return READ_ONCE(c->ends.owner[dir]) == (tos & ~INET_ECN_MASK);
}

/* What a packet of IPv6 is routed by, besides what is asked of both families: the number
 * of the last change of any table or rule; and its flow label, which rules may be about. Two
 * labels give the same only at numbers that are thousands of changes apart.
 */
static u32 routed_by(const struct net *net, const struct sk_buff *skb)
{
	u32 by = rt_genid_ipv6(net);

	if (unlikely(fib6_has_custom_rules(net)))
		by ^= ntohl(ip6_flowlabel(ipv6_hdr(skb))) << 12;
	return by;
}

/* The number of a node of IPv6's that has default routes by advertisement, one of whose
 * routers did not answer: from then on the kernel chooses among them without a word.
 */
#define UNANSWERED	((u32)-1)

static u32 node_number(const struct dst_entry *dst)
{
	return rt6_get_cookie(container_of(dst, struct rt6_info, dst));
}

/* Is one of IPv6 still good, of which @by was kept. */
static struct dst_entry *check6(const struct fwt_way *w, struct dst_entry *dst, u32 by)
{
	u32 number = node_number(dst);

	if (number == UNANSWERED || by != routed_by(w->fn->net, w->skb))
		return NULL;
	return dst_check(dst, number);
}

/* The interface that packets of a direction are expected by. */
static bool own_iif(const struct fwt_way *w)
{
	const struct fwt_conn *c = w->c;

	return w->skb->skb_iif == (int)(w->dir == FWT_ORIGINAL ? READ_ONCE(c->iif) :
								 READ_ONCE(c->oif));
}

/* The connection's route for this packet, or NULL. Read under RCU: who replaces it
 * or lets go of it waits for us.
 */
static struct dst_entry *route_for(const struct fwt_way *w)
{
	const struct fwt_conn *c = w->c;
	struct dst_entry *dst;
	u32 cookie;

	/* Pairs with the release in fwt_route_learn(). */
	dst = smp_load_acquire(&c->route[w->dir]);
	/* For which interface it is, between our two looks at it: see fwt_route_drop(). */
	if (!dst || !same_tos(c, w->dir, w->p.tos) || !own_iif(w))
		return NULL;
	cookie = w->p.family == 6 ? READ_ONCE(c->route_cookie[w->dir]) : 0;
	/* What was read belongs to it, unless it was replaced meanwhile. */
	smp_rmb();
	if (READ_ONCE(c->route[w->dir]) != dst)
		return NULL;
	return w->p.family == 6 ? check6(w, dst, cookie) : dst_check(dst, 0);
}

static atomic_t *buried(struct fwt_net *fn, const struct fwt_conn *c)
{
	return &fn->buried[((unsigned long)c >> 8) % FWT_BURIED];
}

void fwt_route_bury(struct fwt_conn *c)
{
	/* After it was marked dead; pairs with the barrier in remember(). */
	smp_mb__before_atomic();
	atomic_inc(buried(c->fn, c));
}

/* The count of ended connections, as long as this one is alive. */
static bool remember(struct fwt_net *fn, const struct fwt_conn *c, u32 *count)
{
	*count = atomic_read(buried(fn, c));
	smp_rmb();	/* dead after that: then the count goes up later */
	return !fwt_conn_is(c, FWT_CONN_DEAD);
}

/* The mark that packets of the connection are routed with, as we would have it:
 * any other is another table's doing, and not ours to remember. What egress changes
 * takes the long way.
 */
static noinline bool changed_mark(const struct fwt_way *w)
{
	struct fwt_conn_more more;

	fwt_conn_kept(w->c, &more);
	return !more.by[FWT_HOOK_EGRESS].what &&
	       !(more.by[FWT_HOOK_INGRESS].what & (FWT_DECISION_CLAMP | FWT_DECISION_QUEUE)) &&
	       w->skb->mark == (more.by[FWT_HOOK_INGRESS].what & FWT_DECISION_MARK ?
				more.by[FWT_HOOK_INGRESS].mark : 0);
}

static inline bool own_mark(const struct fwt_way *w)
{
	if (likely(!fwt_conn_is(w->c, FWT_CONN_CHANGES)))
		return !w->skb->mark;
	return changed_mark(w);
}

/* TCP or UDP right behind the IP header. */
static bool plain(const struct fwt_packet *p)
{
	return p->have & (FWT_HAVE_TCP | FWT_HAVE_UDP) && !(p->have & FWT_HAVE_FRAG) &&
	       (p->family == 4 || p->l4 == sizeof(struct ipv6hdr));
}

/* What a packet of IPv4 is known by again, and where its ports stand. */
static void note_ends(struct note *n, const struct sk_buff *skb, const struct fwt_packet *p)
{
	const u8 *h = skb_network_header(skb);

	n->l4 = p->l4;
	n->payload = p->payload;
	n->have = p->have;
	if (p->family == 4) {
		memcpy(n->addr, h + offsetof(struct iphdr, saddr), sizeof(n->addr));
		memcpy(&n->ports, h + p->l4, sizeof(n->ports));
	}
}

void fwt_route_give(struct fwt_way *w)
{
	struct fwt_conn *c = w->c;
	struct sk_buff *skb = w->skb;
	struct dst_entry *dst;
	struct note *n;
	bool confirmed;
	u32 count;

	/* Softirqs may be preempted by others there, on the same CPU. */
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		return;
	if (w->pol->opt.per_packet || skb_dst(skb) || skb->sk || skb->pkt_type != PACKET_HOST ||
	    netif_is_l3_slave(w->state->in) || w->state->in->flags & IFF_LOOPBACK ||
	    !own_mark(w) || !own_iif(w) || !remember(w->fn, c, &count))
		return;
	confirmed = fwt_conn_is(c, FWT_CONN_CONFIRMED);
	dst = confirmed ? route_for(w) : NULL;
	n = note_of(skb);
	WRITE_ONCE(n->skb, skb);
	n->dst = dst;
	WRITE_ONCE(n->fn, w->fn);
	n->c = NULL;
	n->learn = confirmed;
	n->asked = false;
	n->buried = count;
	n->mark = skb->mark;
	n->iif = skb->skb_iif;
	n->tos = w->p.tos;
	n->dir = w->dir;
	if (likely(plain(&w->p))) {
		n->c = c;
		note_ends(n, skb, &w->p);
	}
	if (w->p.family == 6) {
		n->by = routed_by(w->fn->net, skb);
		/* A route that is looked up after this is no older than the number. */
		smp_rmb();
	}
	if (!dst)
		return;
	skb_dst_set_noref(skb, dst);
	/* Received in a list, it must not lend its route to the next packet, whose
	 * way may be another one of several.
	 */
#ifdef IPSKB_MULTIPATH
	if (w->p.family == 4)
		IPCB(skb)->flags |= IPSKB_MULTIPATH;
#endif
#ifdef IP6SKB_MULTIPATH
	if (w->p.family == 6)
		IP6CB(skb)->flags |= IP6SKB_MULTIPATH;
#endif
}

/* A route that leads past us, as it is; not one that asks for more than sending (IPsec,
 * tunnels by route).
 */
static bool is_plain(const struct dst_entry *dst, bool six)
{
	const struct rtable *rt;

	if (dst->flags & (DST_METADATA | DST_FAKE_RTABLE) || dst->lwtstate || dst->error ||
	    !dst->obsolete || dst->ops->family != (six ? AF_INET6 : AF_INET))
		return false;
#ifdef CONFIG_XFRM
	if (dst->xfrm)
		return false;
#endif
	if (six)
		return !(container_of(dst, struct rt6_info, dst)->rt6i_flags &
			 (RTF_LOCAL | RTF_ANYCAST | RTF_REJECT));
	rt = container_of(dst, struct rtable, dst);
	return rt_is_input_route(rt) && rt->rt_type == RTN_UNICAST;
}

/* May it have got its route from us: as fwt_route_give() asks, and fwt_route_learn().
 * Others that come with one are this machine's own, by lo and the like; or are in the
 * hands of who asks our hook in the midst of something (SRv6), and go by it then.
 */
static bool may_be_given(const struct sk_buff *skb, const struct nf_hook_state *state)
{
	return is_plain(skb_dst(skb), state->pf == NFPROTO_IPV6) &&
	       skb->pkt_type == PACKET_HOST && !(state->in->flags & IFF_LOOPBACK) &&
	       !netif_is_l3_slave(state->in) && !netif_is_l3_master(state->in);
}

/* Is the packet to be routed by what it left our first hook with. */
static bool as_noted(const struct sk_buff *skb, const struct nf_hook_state *state,
		     const struct note *n)
{
	if (unlikely(skb->mark != n->mark))
		return false;
	if (state->pf == NFPROTO_IPV4)
		return ip_hdr(skb)->tos == n->tos;
	return ipv6_get_dsfield(ipv6_hdr(skb)) == n->tos && routed_by(state->net, skb) == n->by;
}

static void routed(struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct dst_entry *dst = skb_dst(skb);
	struct note *n = note_of(skb);

	if (n->skb == skb && n->dst && n->dst != dst)
		n->skb = NULL;
	if (!dst) {
		/* By POST_ROUTING it may have again what it left us with, and a route that
		 * it has by something else.
		 */
		if (n->skb == skb && n->learn) {
			n->asked = as_noted(skb, state, n);
			n->learn = n->asked;
		}
		return;
	}
	/* Its own note, see route.h. */
	if (likely(n->skb == skb && n->dst && skb_dst_is_noref(skb))) {
		if (likely(as_noted(skb, state, n)))
			return;
	} else if (!may_be_given(skb, state)) {
		return;
	}
	/* It was queued between our two hooks: what it was to be routed with then, and
	 * whether its route was good all the time that it waited, nobody knows any more.
	 */
	if (n->skb == skb)
		n->skb = NULL;
	skb_dst_drop(skb);
}

/* What was queued goes on from a process, with softirqs on. */
unsigned int fwt_hook_routed(void *priv, struct sk_buff *skb,
			     const struct nf_hook_state *state)
{
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		return NF_ACCEPT;
	if (likely(in_softirq())) {
		routed(skb, state);
		return NF_ACCEPT;
	}
	local_bh_disable();
	routed(skb, state);
	local_bh_enable();
	return NF_ACCEPT;
}

/* Has the packet the headers that it left our first hook with, as far as they say whose
 * it is.
 */
static bool same_headers(const struct fwt_way *w, const struct note *n)
{
	const struct sk_buff *skb = w->skb;
	const u8 *h = skb_network_header(skb);
	const struct iphdr *ip = (const struct iphdr *)h;
	const struct ipv6hdr *ip6 = (const struct ipv6hdr *)h;
	const struct fwt_ends *e = &n->c->ends;
	u32 src[4], dst[4];
	unsigned int i;

	if (skb_headlen(skb) < skb_network_offset(skb) + n->payload)
		return false;
	if (likely(ip->version == 4))
		return ip->ihl * 4 == n->l4 && ip->protocol == e->protocol &&
		       e->family == 4 && !ip_is_fragment(ip) &&
		       !memcmp(h + offsetof(struct iphdr, saddr), n->addr, sizeof(n->addr)) &&
		       !memcmp(h + n->l4, &n->ports, sizeof(n->ports));
	if (ip6->version != 6 || e->family != 6 || ip6->nexthdr != e->protocol)
		return false;
	for (i = 0; i < 4; i++) {
		src[i] = ntohl(ip6->saddr.s6_addr32[i]);
		dst[i] = ntohl(ip6->daddr.s6_addr32[i]);
	}
	return fwt_ends_at(e, fwt_conn_src(n->c, n->dir, false), src,
			   get_unaligned_be16(h + n->l4)) &&
	       fwt_ends_at(e, fwt_conn_dst(n->c, n->dir, false), dst,
			   get_unaligned_be16(h + n->l4 + 2));
}

void fwt_route_read(struct fwt_way *w)
{
	const u8 *h = skb_network_header(w->skb);
	struct fwt_packet *p = &w->p;

	p->family = w->c->ends.family;
	p->protocol = w->c->ends.protocol;
	p->l3 = 0;
	if (p->family == 4) {
		p->saddr[0] = ntohl(((const struct iphdr *)h)->saddr);
		p->daddr[0] = ntohl(((const struct iphdr *)h)->daddr);
	} else {
		fwt_from_in6(&((const struct ipv6hdr *)h)->saddr, p->saddr);
		fwt_from_in6(&((const struct ipv6hdr *)h)->daddr, p->daddr);
	}
	p->sport = get_unaligned_be16(h + p->l4);
	p->dport = get_unaligned_be16(h + p->l4 + 2);
}

/* It is of the note's connection. */
static void take_note(struct fwt_way *w, const struct note *n)
{
	w->c = n->c;
	w->dir = n->dir;
	w->p.have = n->have;
	w->p.l4 = n->l4;
	w->p.payload = n->payload;
}

/* The note's connection, if it may be looked at. */
static struct fwt_conn *noted(const struct fwt_way *w, const struct note *n)
{
	if (n->fn != w->fn || !n->c || n->buried != (u32)atomic_read(buried(w->fn, n->c)))
		return NULL;
	smp_rmb();	/* now it may */
	return n->c;
}

/* Has the packet the ends that it was to have. */
static bool noted_ends(const struct fwt_way *w, const struct note *n)
{
	const struct fwt_ends *e = &n->c->ends;
	const struct fwt_packet *p = &w->p;

	return fwt_ends_at(e, fwt_conn_src(n->c, n->dir, false), p->saddr, p->sport) &&
	       fwt_ends_at(e, fwt_conn_dst(n->c, n->dir, false), p->daddr, p->dport);
}

bool fwt_route_known(struct fwt_way *w)
{
	struct note *n = note_of(w->skb);
	struct fwt_conn *c;

	/* By the same device: equal ends are not one connection in two VRFs. */
	if (IS_ENABLED(CONFIG_PREEMPT_RT) || n->skb != w->skb || n->dst ||
	    n->iif != w->skb->skb_iif)
		return false;
	if (!n->learn)
		WRITE_ONCE(n->skb, NULL);
	c = noted(w, n);
	if (!c || !plain(&w->p) || w->p.family != c->ends.family ||
	    w->p.protocol != c->ends.protocol || !noted_ends(w, n) || !fwt_conn_alive(c))
		return false;
	w->c = c;
	w->dir = n->dir;
	return true;
}

bool fwt_route_recall(struct fwt_way *w)
{
	struct sk_buff *skb = w->skb;
	struct fwt_conn *c;
	struct note *n;

	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		return false;
	n = note_of(skb);
	if (n->skb != skb || !n->dst)
		return false;
	n->skb = NULL;
	if (n->dst != skb_dst(skb) || !skb_dst_is_noref(skb))
		return false;
	c = noted(w, n);
	/* Whatever has changed meanwhile is for the long way. */
	if (!c || !same_headers(w, n) || !fwt_conn_alive(c) || w->pol->opt.per_packet ||
	    (w->pol->opt.revalidate && (s32)(w->pol->gen - READ_ONCE(c->gen)) > 0) ||
	    (n->dir == FWT_ORIGINAL && READ_ONCE(c->oif) != w->state->out->ifindex))
		return false;
	take_note(w, n);
	/* What it is changed by was asked at PRE_ROUTING, too, and may be other now. */
	if (likely(!fwt_conn_is(c, FWT_CONN_CHANGES)) || changed_mark(w))
		return true;
	w->c = NULL;
	return false;
}

bool fwt_route_first(struct fwt_way *w)
{
	struct sk_buff *skb = w->skb;
	struct note *n = note_of(skb);
	struct fwt_conn *c;
	u16 flags;

	if (IS_ENABLED(CONFIG_PREEMPT_RT) || n->skb != skb || n->dst || n->learn ||
	    n->dir != FWT_ORIGINAL || n->iif != skb->skb_iif)
		return false;
	c = noted(w, n);
	if (!c || !same_headers(w, n) || !fwt_conn_alive(c))
		return false;
	flags = READ_ONCE(c->flags);
	if (flags & (BIT(FWT_CONN_EGRESS) | BIT(FWT_CONN_CONFIRMED) | BIT(FWT_CONN_CHANGES) |
		     BIT(FWT_CONN_LOCAL)) ||
	    w->pol->opt.per_packet || w->pol->gen != READ_ONCE(c->gen))
		return false;
	WRITE_ONCE(n->skb, NULL);
	take_note(w, n);
	/* By its own length field, unless that could not say it (core/packet.c). */
	if (c->ends.family == 4)
		w->p.length = ntohs(ip_hdr(skb)->tot_len);
	else
		w->p.length = ntohs(ipv6_hdr(skb)->payload_len);
	if (likely(w->p.length))
		w->p.length += c->ends.family == 4 ? 0 : sizeof(struct ipv6hdr);
	else
		w->p.length = skb->len - skb_network_offset(skb);
	return true;
}

static bool of_several(const struct rt6_info *rt6)
{
	const struct fib6_info *from = rcu_dereference(rt6->from);

	return from && (from->fib6_nsiblings || (from->nh && nexthop_is_multipath(from->nh)));
}

/* Not one that tells the sender of a better gateway; nor one of several ways, of which the
 * kernel passes over those whose neighbour does not answer, without a word to anybody.
 */
static bool can_keep(const struct sk_buff *skb, const struct dst_entry *dst)
{
	bool six = skb->protocol != htons(ETH_P_IP);

	if (!is_plain(dst, six))
		return false;
#ifdef IPSKB_MULTIPATH
	if (!six && IPCB(skb)->flags & IPSKB_MULTIPATH)
		return false;
#endif
	if (six && (of_several(container_of(dst, struct rt6_info, dst)) ||
		    node_number(dst) == UNANSWERED))
		return false;
	return six || !(IPCB(skb)->flags & IPSKB_DOREDIRECT);
}

void fwt_route_learn(struct fwt_way *w)
{
	struct fwt_conn *c = w->c;
	struct sk_buff *skb = w->skb;
	struct dst_entry *dst, *old;
	struct note *n;

	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		return;
	n = note_of(skb);
	if (n->skb != skb || n->fn != w->fn || n->dst || !n->learn || !n->asked)
		return;
	n->skb = NULL;
	dst = skb_dst(skb);
	if (!dst || !own_mark(w) || skb->mark != n->mark || w->p.tos != n->tos ||
	    w->dir != n->dir || (w->p.family == 6 && routed_by(w->fn->net, skb) != n->by) ||
	    !can_keep(skb, dst) || !dst_hold_safe(dst))
		return;
	spin_lock_bh(&c->lock);
	old = dst;
	/* Under the lock: the connection may have moved to another interface meanwhile. */
	if (!(c->flags & BIT(FWT_CONN_DEAD)) && own_iif(w)) {
		old = c->route[w->dir];
		/* Nobody takes the one for the other, see route_for(). */
		WRITE_ONCE(c->route[w->dir], NULL);
		smp_wmb();	/* with route_for()'s read barrier */
		/* By IPv4 nobody asks for it: leave its line alone. */
		if (w->p.family == 6)
			WRITE_ONCE(c->route_cookie[w->dir], n->by);
		WRITE_ONCE(c->ends.owner[w->dir], w->p.tos & ~INET_ECN_MASK);
		/* Pairs with the acquire in route_for(). */
		smp_store_release(&c->route[w->dir], dst);
	}
	spin_unlock_bh(&c->lock);
	/* Readers have RCU, and so has whatever this frees. */
	dst_release(old);
}

void fwt_route_drop(struct fwt_conn *c, enum fwt_dir dir)
{
	struct dst_entry *old = c->route[dir];

	lockdep_assert_held(&c->lock);
	if (!old)
		return;
	WRITE_ONCE(c->route[dir], NULL);
	/* Who sees the other interface does not see the route, see route_for(). */
	smp_wmb();
	dst_release(old);
}

void fwt_route_release(struct fwt_conn *c)
{
	dst_release(c->route[FWT_ORIGINAL]);
	dst_release(c->route[FWT_REPLY]);
}

void fwt_route_clean(const struct fwt_net *fn)
{
	unsigned int cpu, i;

	for_each_possible_cpu(cpu) {
		struct note *n = per_cpu_ptr(&notes[0], cpu);

		for (i = 0; i < NOTES; i++)
			if (READ_ONCE(n[i].fn) == fn)
				WRITE_ONCE(n[i].skb, NULL);
	}
}
