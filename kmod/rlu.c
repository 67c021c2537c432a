// SPDX-License-Identifier: GPL-2.0
/*
 * The routing logic unit: the kernel's routing tables answer a walk.
 *
 * What is asked is what the kernel will ask of its tables a moment later, or has
 * asked: for what arrives as ip_route_input() does, for what starts here as
 * ip_route_me_harder(), and for an answer as the kernel's own check of sources
 * (rp_filter) does, each with the mark, the type of service, the ports and the VRF
 * of the packet as the walk has it. The buffer is left alone: a walk may be a dry
 * run, and its packet one that was rebuilt from a connection's record.
 *
 * Nothing is cached here beyond the walk (core/rlu.h): tables change at any time,
 * and only first packets ask. IPv4 answers from the tables themselves; IPv6 has no
 * exported look-up that does not make a route, so that each asking is an
 * allocation, which is freed at once.
 *
 * Of several equal routes the kernel takes one by a hash of its own, which is
 * exported to nobody: "route oif" is that of the first one that is up. An answer
 * may leave by any of them, as rp_filter has it.
 */
#include <linux/ipv6.h>
#include <linux/inetdevice.h>
#include <net/addrconf.h>
#include <net/ip6_fib.h>
#include <net/ip6_route.h>
#include <net/ip_fib.h>
#include <net/l3mdev.h>
#include <net/nexthop.h>
#include <net/route.h>

#include "way.h"

static const struct net_device *by_name(const struct fwt_world *w, const char *name)
{
	return name ? dev_get_by_name_rcu(w->net, name) : NULL;
}

/* What a VRF has under it comes to routing as the VRF's own. */
static int index_of(const struct net_device *dev, int *master)
{
	*master = dev ? l3mdev_master_ifindex_rcu(dev) : 0;
	return *master ? *master : dev ? dev->ifindex : 0;
}

static int bound_to(const struct fwt_world *w)
{
	return w->sk ? READ_ONCE(w->sk->sk_bound_dev_if) : 0;
}

static void leaves_by(struct fwt_route *r, const struct net_device *dev)
{
	if (dev)
		strscpy(r->oif, dev->name, sizeof(r->oif));
}

static void for_us(struct fwt_route *r)
{
	r->type = FWT_ROUTE_LOCAL;
	strscpy(r->oif, "lo", sizeof(r->oif));
}

/* IPv4 */

static void flow4(const struct fwt_world *w, const struct fwt_packet *p, bool reverse,
		  struct flowi4 *fl)
{
	memset(fl, 0, sizeof(*fl));
	fl->daddr = cpu_to_be32(reverse ? p->saddr[0] : p->daddr[0]);
	fl->saddr = cpu_to_be32(reverse ? p->daddr[0] : p->saddr[0]);
	fl->flowi4_mark = p->mark;
	fl->flowi4_scope = RT_SCOPE_UNIVERSE;
	fl->flowi4_proto = p->protocol;
	fl->flowi4_uid = sock_net_uid(w->net, reverse ? NULL : w->sk);
	fwt_flow4_tos(fl, p->tos);
	if (p->have & FWT_HAVE_PORTS) {
		fl->fl4_dport = cpu_to_be16(reverse ? p->sport : p->dport);
		fl->fl4_sport = cpu_to_be16(reverse ? p->dport : p->sport);
	}
}

/* By where it comes in, or by whom it is sent: the same in both families. */
#define DIRECT(w, p, fl) do {						\
	const struct net_device *__in = by_name(w, (p)->iif);		\
	struct flowi_common *__c = &(fl)->__fl_common;			\
	int __master;							\
									\
	if ((p)->iif) {							\
		__c->flowic_iif = index_of(__in, &__master);		\
	} else {							\
		__c->flowic_iif = LOOPBACK_IFINDEX;			\
		__c->flowic_oif = bound_to(w);				\
		if (!__c->flowic_oif)					\
			index_of(by_name(w, (p)->oif), &__master);	\
		else							\
			__master = 0;	/* by the oif */		\
	}								\
	__c->flowic_l3mdev = __master;					\
} while (0)

static int lookup4(const struct fwt_world *w, const struct fwt_packet *p,
		   struct fib_result *res)
{
	struct flowi4 fl FWT_UNSET;

	flow4(w, p, false, &fl);
	DIRECT(w, p, &fl);
	return fib_lookup(w->net, &fl, res, FIB_LOOKUP_NOREF);
}

static u8 refused(int err)
{
	return err == -EHOSTUNREACH || err == -EACCES || err == -EINVAL ?
		FWT_ROUTE_UNREACHABLE : FWT_ROUTE_NONE;
}

static void forward4(const struct fwt_world *w, const struct fwt_packet *p,
		     bool source, struct fwt_route *r)
{
	const struct fib_nh_common *nhc;
	struct fib_result res = { };
	__be32 gw = 0, src;
	int err;

	err = lookup4(w, p, &res);
	if (err) {
		r->type = refused(err);
		return;
	}
	nhc = res.nhc;
	switch (res.type) {
	case RTN_LOCAL:
		for_us(r);
		break;
	case RTN_BROADCAST:
		r->type = FWT_ROUTE_BROADCAST;
		leaves_by(r, nhc->nhc_dev);
		break;
	case RTN_UNICAST:
		r->type = FWT_ROUTE_UNICAST;
		leaves_by(r, nhc->nhc_dev);
		if (nhc->nhc_gw_family == AF_INET)
			gw = nhc->nhc_gw.ipv4;
		r->nexthop[0] = nhc->nhc_gw_family ? be32_to_cpu(gw) : p->daddr[0];
		break;
	default:
		r->type = FWT_ROUTE_UNREACHABLE;
		return;
	}
	if (!source)
		return;
	src = res.fi->fib_prefsrc;
	if (!src)
		src = inet_select_addr(nhc->nhc_dev, gw, res.fi->fib_scope);
	r->saddr[0] = be32_to_cpu(src);
}

static bool has_rules4(const struct net *net)
{
#ifdef CONFIG_IP_MULTIPLE_TABLES
	return fib4_has_custom_rules(net);
#else
	return false;
#endif
}

static void reverse4(const struct fwt_world *w, const struct fwt_packet *p,
		     struct fwt_route *r)
{
	const struct net_device *in = by_name(w, p->iif);
	struct fib_result res = { };
	struct flowi4 fl FWT_UNSET;
	int iif = LOOPBACK_IFINDEX, master;

	/* The answer comes in by where the packet leaves; only rules ask for that. */
	if (has_rules4(w->net)) {
		if (p->oif)
			iif = index_of(by_name(w, p->oif), &master);
		else if (!lookup4(w, p, &res) && res.type == RTN_UNICAST)
			iif = index_of(res.nhc->nhc_dev, &master);
	}
	flow4(w, p, true, &fl);
	fl.flowi4_iif = iif ? iif : LOOPBACK_IFINDEX;
	index_of(in, &master);
	fl.flowi4_l3mdev = master;
	if (fib_lookup(w->net, &fl, &res, FIB_LOOKUP_NOREF))
		return;
	if (res.type == RTN_LOCAL)
		for_us(r);
	else if (res.type == RTN_UNICAST)
		leaves_by(r, in && fib_info_nh_uses_dev(res.fi, in) ? in :
			  res.nhc->nhc_dev);
}

/* IPv6 */

static void flow6(const struct fwt_world *w, const struct fwt_packet *p, bool reverse,
		  struct flowi6 *fl)
{
	memset(fl, 0, sizeof(*fl));
	fwt_to_in6(reverse ? p->saddr : p->daddr, &fl->daddr);
	fwt_to_in6(reverse ? p->daddr : p->saddr, &fl->saddr);
	fl->flowi6_mark = p->mark;
	fl->flowi6_proto = p->protocol;
	fl->flowi6_uid = sock_net_uid(w->net, reverse ? NULL : w->sk);
	fl->flowlabel = ip6_make_flowinfo(p->tos, 0);
	if (p->have & FWT_HAVE_PORTS) {
		fl->fl6_dport = cpu_to_be16(reverse ? p->sport : p->dport);
		fl->fl6_sport = cpu_to_be16(reverse ? p->dport : p->sport);
	}
}

static int has_saddr(const struct flowi6 *fl)
{
	return ipv6_addr_type(&fl->saddr) & IPV6_ADDR_UNICAST ? RT6_LOOKUP_F_HAS_SADDR : 0;
}

/* A strong reference; errors are in it. */
static struct rt6_info *lookup6(const struct fwt_world *w, const struct fwt_packet *p)
{
	const struct net_device *dev = by_name(w, p->iif ? p->iif : p->oif);
	struct flowi6 fl FWT_UNSET;
	int flags;

	flow6(w, p, false, &fl);
	DIRECT(w, p, &fl);
	flags = has_saddr(&fl);
	/* An address that says nothing without its link. */
	if (rt6_need_strict(&fl.daddr) && dev) {
		flags |= RT6_LOOKUP_F_IFACE;
		fl.flowi6_oif = dev->ifindex;
	}
	return container_of(ip6_route_lookup(w->net, &fl, NULL, flags), struct rt6_info, dst);
}

static bool is_ours6(const struct rt6_info *rt)
{
	return rt->rt6i_flags & (RTF_LOCAL | RTF_ANYCAST);
}

static void forward6(const struct fwt_world *w, const struct fwt_packet *p,
		     bool source, struct fwt_route *r)
{
	struct rt6_info *rt = lookup6(w, p);
	const struct fib6_info *from;
	struct in6_addr dst, src;

	if (is_ours6(rt)) {
		for_us(r);
		memcpy(r->saddr, p->daddr, sizeof(r->saddr));
		goto out;
	}
	if (rt->dst.error) {
		r->type = refused(rt->dst.error);
		goto out;
	}
	r->type = FWT_ROUTE_UNICAST;
	leaves_by(r, rt->dst.dev);
	if (rt->rt6i_flags & RTF_GATEWAY)
		fwt_from_in6(&rt->rt6i_gateway, r->nexthop);
	else
		memcpy(r->nexthop, p->daddr, sizeof(r->nexthop));
	if (!source)
		goto out;
	from = rcu_dereference(rt->from);
	fwt_to_in6(p->daddr, &dst);
	if (from && from->fib6_prefsrc.plen)
		fwt_from_in6(&from->fib6_prefsrc.addr, r->saddr);
	else if (!ipv6_dev_get_saddr(w->net, rt->dst.dev, &dst, 0, &src))
		fwt_from_in6(&src, r->saddr);
out:
	ip6_rt_put(rt);
}

static int is_by(struct fib6_nh *nh, void *dev)
{
	return nh->fib_nh_dev == dev;
}

/* Does one of the routes that are as good as @rt leave by @dev. */
static bool uses_dev6(const struct rt6_info *rt, const struct net_device *dev)
{
	struct fib6_info *from = rcu_dereference(rt->from), *other;
	unsigned int n;

	if (rt->dst.dev == dev)
		return true;
	if (!from)
		return false;
	if (from->nh)
		return nexthop_for_each_fib6_nh(from->nh, is_by, (void *)dev);
	/* One that is just taken out may lead nowhere: not further than there are. */
	n = READ_ONCE(from->fib6_nsiblings);
	if (!n)
		return false;
	list_for_each_entry_rcu(other, &from->fib6_siblings, fib6_siblings) {
		if (other->fib6_nh->fib_nh_dev == dev)
			return true;
		if (!--n)
			break;
	}
	return false;
}

static bool has_rules6(const struct net *net)
{
#ifdef CONFIG_IPV6_MULTIPLE_TABLES
	return fib6_has_custom_rules(net);
#else
	return false;
#endif
}

static void reverse6(const struct fwt_world *w, const struct fwt_packet *p,
		     struct fwt_route *r)
{
	const struct net_device *in = by_name(w, p->iif);
	int iif = LOOPBACK_IFINDEX, master;
	struct flowi6 fl FWT_UNSET;
	struct rt6_info *rt;

	if (has_rules6(w->net)) {
		if (p->oif) {
			iif = index_of(by_name(w, p->oif), &master);
		} else {
			rt = lookup6(w, p);
			if (!rt->dst.error && !is_ours6(rt))
				iif = index_of(rt->dst.dev, &master);
			ip6_rt_put(rt);
		}
	}
	flow6(w, p, true, &fl);
	fl.flowi6_iif = iif ? iif : LOOPBACK_IFINDEX;
	index_of(in, &master);
	fl.flowi6_l3mdev = master;
	rt = container_of(ip6_route_lookup(w->net, &fl, NULL, has_saddr(&fl)),
			  struct rt6_info, dst);
	if (is_ours6(rt))
		for_us(r);
	else if (!rt->dst.error)
		leaves_by(r, in && uses_dev6(rt, in) ? in : rt->dst.dev);
	ip6_rt_put(rt);
}

/* How often a walk looks up a route, in a namespace that anybody made: rules of routing and
 * addresses to choose from may there be as many as their owner likes, and each look-up goes
 * over them. Each kind of question, and again after a few changes, is less.
 */
#define LOOKUPS	16

static bool may_ask(const struct fwt_world *w)
{
	u8 *routed = (u8 *)&w->routed;	/* what a walk has spent is its own */

	if (likely(w->net->user_ns == &init_user_ns))
		return true;
	if (*routed < LOOKUPS) {
		++*routed;
		return true;
	}
	if (fwt_log_prints(w->net))
		net_warn_ratelimited("fwtree: a packet's walk looks up %u routes and no more\n",
				     LOOKUPS);
	return false;
}

void fwt_world_route(const struct fwt_env *env, const struct fwt_packet *p,
		     enum fwt_route_ask what, struct fwt_route *r)
{
	const struct fwt_world *w = container_of(env, struct fwt_world, env);

	/* Booted without IPv6 there are no tables; only a dry run comes here then. */
	if (p->family != 4 && !ipv6_mod_enabled())
		return;
	if (!may_ask(w))
		return;
	if (what == FWT_ROUTE_REVERSE) {
		if (p->family == 4)
			reverse4(w, p, r);
		else
			reverse6(w, p, r);
		r->type = FWT_ROUTE_NONE;
	} else if (p->family == 4) {
		forward4(w, p, what == FWT_ROUTE_SOURCE, r);
	} else {
		forward6(w, p, what == FWT_ROUTE_SOURCE, r);
	}
}
