// SPDX-License-Identifier: GPL-2.0
/* What the kernel answers to a walk's questions. */
#include <linux/inetdevice.h>
#include <net/addrconf.h>
#include <net/dst_metadata.h>
#include <net/dst.h>
#include <net/flow.h>
#include <net/ip6_route.h>
#include <net/l3mdev.h>
#include <net/route.h>

#include "count.h"
#include "node.h"
#include "rate.h"
#include "pool.h"
#include "set.h"
#include "way.h"
#include "core/ifname.h"

/* Addresses and devices that a walk looks at, all its questions together: there may be
 * as many as their owner likes, of a namespace that anybody made, and a packet is to
 * be decided in bounded time. Who has more is told, and what lies beyond is not found.
 */
#define LOOKS	4096

/* How often a walk asks the kernel for the address to masquerade by, which may look at all
 * those that there are: for so many destinations.
 */
#define SOURCES	4

/* Likewise ranges of live sets, of a namespace that anybody made: of keys of several parts
 * as many may hold one part of a packet's as there are.
 */
#define RANGES	65536

static bool look(const struct net *net, u32 *looks)
{
	if (likely(*looks)) {
		--*looks;
		return true;
	}
	if (fwt_log_prints(net))
		net_warn_ratelimited("fwtree: a packet's walk looks at %u addresses and no more, of addr(), net() and masquerade\n",
				     LOOKS);
	return false;
}

/* A walk changes nothing of what it is asked; what it has spent is its own. */
static u32 *looks_of(const struct fwt_world *w)
{
	return (u32 *)&w->looks;
}

/* For translations, which choose and do not only compare: whose machine it is may have as
 * many addresses as he likes. @plenty: where to count then.
 */
static u32 *choices_of(const struct fwt_world *w, u32 *plenty)
{
	*plenty = U32_MAX;
	return likely(w->net->user_ns == &init_user_ns) ? plenty : looks_of(w);
}

static bool has_addr4(const struct net_device *dev, __be32 addr, bool subnet, u32 *looks)
{
	const struct in_device *in = __in_dev_get_rcu(dev);
	const struct in_ifaddr *ifa;

	if (!in)
		return false;
	in_dev_for_each_ifa_rcu(ifa, in) {
		if (!look(dev_net(dev), looks))
			return false;
		if (ifa->ifa_local == addr ||
		    (subnet && inet_ifa_match(addr, ifa)))
			return true;
	}
	return false;
}

static bool has_addr6(const struct net_device *dev, const struct in6_addr *addr,
		      bool subnet, u32 *looks)
{
	const struct inet6_dev *in = __in6_dev_get(dev);
	const struct inet6_ifaddr *ifa;

	if (!in)
		return false;
	list_for_each_entry_rcu(ifa, &in->addr_list, if_list) {
		if (!look(dev_net(dev), looks))
			return false;
		if (ipv6_addr_equal(&ifa->addr, addr) ||
		    (subnet && ipv6_prefix_equal(&ifa->addr, addr, ifa->prefix_len)))
			return true;
	}
	return false;
}

static bool dev_has(const struct net_device *dev, u8 family, const u32 *addr,
		    bool subnet, u32 *looks)
{
	struct in6_addr six;

	if (family == 4)
		return has_addr4(dev, cpu_to_be32(addr[0]), subnet, looks);
	fwt_to_in6(addr, &six);
	return has_addr6(dev, &six, subnet, looks);
}

bool fwt_dev_has(const struct net_device *dev, u8 family, const u32 *addr)
{
	u32 looks = U32_MAX;

	return dev_has(dev, family, addr, false, &looks);
}

static bool world_ifaddr(const struct fwt_env *env, const char *ifname, u8 family,
			 const u32 *addr, bool subnet)
{
	const struct fwt_world *w = container_of(env, struct fwt_world, env);
	const struct net_device *dev;

	if (likely(!fwt_ifname_wild(ifname))) {
		dev = dev_get_by_name_rcu(w->net, fwt_ifname_plain(ifname));
		return dev && dev_has(dev, family, addr, subnet, looks_of(w));
	}
	for_each_netdev_rcu(w->net, dev) {
		if (!look(w->net, looks_of(w)))
			return false;
		if (fwt_ifname_fits(ifname, dev->name) &&
		    dev_has(dev, family, addr, subnet, looks_of(w)))
			return true;
	}
	return false;
}

/* May what leaves be shown by it (R12). */
static bool shows4(const struct fwt_world *w, __be32 addr, u32 *looks)
{
	return addr && !ipv4_is_linklocal_169(addr) && has_addr4(w->out, addr, false, looks);
}

/* The kernel's choice, unless that is another interface's, or one of the link alone: then
 * the first that is neither.
 */
static bool source4(const struct fwt_world *w, const struct fwt_packet *p, u32 *addr)
{
	const struct rtable *rt = w->skb ? skb_rtable(w->skb) : NULL;
	__be32 dst = cpu_to_be32(p->daddr[0]), src;
	u32 plenty, *looks = choices_of(w, &plenty);
	const struct in_device *in;
	const struct in_ifaddr *ifa;

	if (rt)
		dst = rt_nexthop(rt, dst);
	src = inet_select_addr(w->out, dst, RT_SCOPE_UNIVERSE);
	if (unlikely(!shows4(w, src, looks))) {
		in = __in_dev_get_rcu(w->out);
		if (!in)
			return false;
		src = 0;
		in_dev_for_each_ifa_rcu(ifa, in) {
			if (!look(w->net, looks))
				break;
			if (ifa->ifa_flags & IFA_F_SECONDARY ||
			    ifa->ifa_scope != RT_SCOPE_UNIVERSE ||
			    ipv4_is_linklocal_169(ifa->ifa_local))
				continue;
			src = ifa->ifa_local;
			break;
		}
	}
	addr[0] = be32_to_cpu(src);
	return src;
}

/* Of the interface's own, as RFC 6724, section 5 has it: none that is deprecated where
 * there is another, then the one that has most in common with the destination.
 */
static bool own6(const struct net_device *dev, const struct in6_addr *dst,
		 struct in6_addr *src, u32 *looks)
{
	const struct inet6_dev *in = __in6_dev_get(dev);
	const struct inet6_ifaddr *ifa;
	int best = -1, now;

	if (!in)
		return false;
	list_for_each_entry_rcu(ifa, &in->addr_list, if_list) {
		if (!look(dev_net(dev), looks))
			break;
		if ((ifa->flags & IFA_F_TENTATIVE && !(ifa->flags & IFA_F_OPTIMISTIC)) ||
		    ifa->flags & IFA_F_DADFAILED ||
		    ipv6_addr_type(&ifa->addr) & (IPV6_ADDR_LINKLOCAL | IPV6_ADDR_LOOPBACK))
			continue;
		now = ipv6_addr_diff(&ifa->addr, dst) +
		      (ifa->flags & IFA_F_DEPRECATED ? 0 : 256);
		if (now <= best)
			continue;
		best = now;
		*src = ifa->addr;
	}
	return best >= 0;
}

/* The kernel weighs addresses of all interfaces: one that is preferred, of another, before
 * one that is deprecated and ours.
 */
static bool source6(const struct fwt_world *w, const struct fwt_packet *p, u32 *addr)
{
	u32 plenty, *looks = choices_of(w, &plenty);
	struct in6_addr src, dst;

	fwt_to_in6(p->daddr, &dst);
	if ((ipv6_dev_get_saddr(w->net, w->out, &dst, 0, &src) ||
	     ipv6_addr_type(&src) & (IPV6_ADDR_LINKLOCAL | IPV6_ADDR_LOOPBACK) ||
	     !has_addr6(w->out, &src, false, looks)) &&
	    !own6(w->out, &dst, &src, looks))
		return false;
	fwt_from_in6(&src, addr);
	return true;
}

static bool of_link(u8 family, const u32 *addr)
{
	return family == 4 ? ipv4_is_linklocal_169(cpu_to_be32(addr[0])) :
			     addr[0] >> 22 == 0xfe80u >> 6;
}

/* Has it a source already that nothing is gained by changing: what goes by lo stays here; and
 * neighbours who talk by addresses of the link know each other by these alone. The device's
 * own: from those of others nothing of that kind is forwarded.
 */
static bool keeps_source(const struct fwt_world *w, const struct fwt_packet *p)
{
	u32 plenty, *looks = choices_of(w, &plenty);

	if (w->out->flags & IFF_LOOPBACK)
		return true;
	return unlikely(of_link(p->family, p->saddr)) && of_link(p->family, p->daddr) &&
	       dev_has(w->out, p->family, p->saddr, false, looks);
}

/* Of a packet that leaves by this device the answer hangs on its destination alone; and many
 * rules may ask, one behind the other.
 */
static bool world_source(const struct fwt_env *env, const struct fwt_packet *p,
			 u32 *addr)
{
	struct fwt_world *w = (struct fwt_world *)container_of(env, struct fwt_world, env);
	size_t len = p->family == 4 ? sizeof(u32) : sizeof(w->dst);

	if (!w->out)
		return false;
	if (keeps_source(w, p)) {
		/* Mostly they are the same. */
		memmove(addr, p->saddr, sizeof(p->saddr));
		return true;
	}
	if (unlikely(w->sourced) && !memcmp(w->dst, p->daddr, len)) {
		memcpy(addr, w->src, len);
		return true;
	}
	if (unlikely(w->asked == SOURCES))
		return false;
	w->asked++;
	w->sourced = p->family == 4 ? source4(w, p, addr) : source6(w, p, addr);
	memcpy(w->dst, p->daddr, len);
	memcpy(w->src, addr, len);
	return w->sourced;
}

static bool local4(const struct net_device *dev, u32 *addr)
{
	const struct in_device *in = __in_dev_get_rcu(dev);
	const struct in_ifaddr *ifa = in ? rcu_dereference(in->ifa_list) : NULL;

	if (!ifa)
		return false;
	addr[0] = be32_to_cpu(ifa->ifa_local);
	addr[1] = 0;
	addr[2] = 0;
	addr[3] = 0;
	return true;
}

/* The kernel's list has the widest scope first. One that is deprecated is had where there is
 * no other: it is not to be begun with by choice, and is there all the same (RFC 4862, 5.5.4).
 */
static bool local6(const struct net_device *dev, bool link_local, u32 *addr, u32 *looks)
{
	const struct inet6_dev *in = __in6_dev_get(dev);
	const struct inet6_ifaddr *ifa, *old = NULL;

	if (!in)
		return false;
	list_for_each_entry_rcu(ifa, &in->addr_list, if_list) {
		if (!look(dev_net(dev), looks))
			break;
		if (ifa->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED) &&
		    !(ifa->flags & IFA_F_OPTIMISTIC))
			continue;
		if (!(ipv6_addr_type(&ifa->addr) & IPV6_ADDR_LINKLOCAL) != !link_local)
			continue;
		if (!(ifa->flags & IFA_F_DEPRECATED)) {
			fwt_from_in6(&ifa->addr, addr);
			return true;
		}
		if (!old)
			old = ifa;
	}
	if (old)
		fwt_from_in6(&old->addr, addr);
	return old;
}

static bool world_local(const struct fwt_env *env, const char *ifname,
			const struct fwt_packet *p, u32 *addr)
{
	const struct fwt_world *w = container_of(env, struct fwt_world, env);
	const struct net_device *dev;
	u32 plenty;

	dev = dev_get_by_name_rcu(w->net, fwt_ifname_plain(ifname));
	if (!dev)
		return false;
	if (p->family == 4)
		return local4(dev, addr);
	return local6(dev, p->daddr[0] >> 22 == 0xfe80u >> 6, addr, choices_of(w, &plenty));
}

/* Decided afresh, a connection is under every limit. What its other hook has charged it to
 * is itself.
 */
static u32 world_count(const struct fwt_env *env, u64 table, const u32 *key, u32 words)
{
	const struct fwt_world *w = container_of(env, struct fwt_world, env);
	const struct fwt_conn *own = unlikely(w->former) ? w->former : w->c;
	u32 n;

	if (w->again || w->known)
		return 0;
	n = fwt_count_read(fwt_pernet(w->net), table, key, words);
	return n && own && fwt_conn_counted(own, table, key, words) ? n - 1 : n;
}

static bool world_server(const struct fwt_env *env, u32 object, u64 key,
			 const struct fwt_packet *p, bool persistent,
			 struct fwt_env_server *to)
{
	const struct fwt_world *w = container_of(env, struct fwt_world, env);
	const struct fwt_pool *pool = container_of(w->pol->object[object], struct fwt_pool, obj);

	return fwt_pool_choose(pool, p, persistent, env->seed, w->c, to);
}

static bool world_set_has(const struct fwt_env *env, u32 object, bool six, const u32 *key,
			  u32 *value)
{
	const struct fwt_world *w = container_of(env, struct fwt_world, env);

	return fwt_set_has(fwt_set_of(fwt_policy_object(w->pol, object)), w->pol->phase, six, key,
			   value, likely(w->net->user_ns == &init_user_ns) ? NULL :
			   (u32 *)&w->ranges);
}

static u32 world_draw(const struct fwt_env *env)
{
	const struct fwt_world *w = container_of(env, struct fwt_world, env);

	if (!w->drawn)
		return env->seed;
	if (!*w->drawn)
		*w->drawn = get_random_u32() ?: 1;
	return *w->drawn;
}

static const struct fwt_env_ops world_ops = {
	.set_has = world_set_has,
	.ifaddr = world_ifaddr,
	.source = world_source,
	.local = world_local,
	.count = world_count,
	.route = fwt_world_route,
	.under = fwt_world_under,
	.turn = fwt_world_turn,
	.owner = fwt_world_owner,
	.filter = fwt_world_filter,
	.server = world_server,
	.node = fwt_world_node,
	.draw = world_draw,
};

struct sock *fwt_sender(const struct fwt_way *w)
{
	struct sock *sk = w->skb->skb_iif ? NULL : skb_to_full_sk(w->skb);

	return sk && sk_fullsock(sk) && net_eq(sock_net(sk), w->fn->net) ? sk : NULL;
}

struct sock *fwt_owner(const struct fwt_way *w)
{
	struct sock *sk = fwt_sender(w);

	return sk && READ_ONCE(sk->sk_socket) ? sk : NULL;
}

void fwt_world_init(struct fwt_world *world, const struct fwt_way *w, u32 seed)
{
	world->env.ops = &world_ops;
	world->env.seed = seed;
	world->env.rlu = NULL;
	world->env.turn = 0;
	world->bytes = w->p.length;
	world->net = w->fn->net;
	world->out = w->state->out;
	world->skb = w->skb;
	world->sk = fwt_sender(w);
	world->filtered = w->skb;
	world->c = w->c;
	world->former = NULL;
	world->pol = w->pol;
	world->again = false;
	world->drawn = NULL;
	world->known = w->later;
	world->looks = LOOKS;
	world->ranges = RANGES;
	world->pieces = 0;
	world->asked = 0;
	world->routed = 0;
	world->sourced = false;
}

/* What a route carries in a packet, 0 where there is none. */
static u32 route_mtu(const struct fwt_way *w, const u32 *addr, int oif)
{
	struct dst_entry *dst = NULL;
	struct flowi fl = { };
	u32 mtu, i;

	if (w->p.family == 4)
		fl.u.ip4.daddr = cpu_to_be32(addr[0]);
	else
		for (i = 0; i < 4; i++)
			fl.u.ip6.daddr.s6_addr32[i] = cpu_to_be32(addr[i]);
	fl.u.__fl_common.flowic_oif = oif;
	if (nf_route(w->fn->net, &dst, &fl, false, w->p.family == 4 ? AF_INET : AF_INET6))
		return 0;
	mtu = dst_mtu(dst);
	dst_release(dst);
	return mtu;
}

u32 fwt_path_mtu(const struct fwt_way *w)
{
	/* That of a tunnel that it came by says where that was. */
	const struct dst_entry *dst = skb_valid_dst(w->skb) ? skb_dst(w->skb) : NULL;
	u32 there, back;

	there = dst ? dst_mtu(dst) : route_mtu(w, w->p.daddr, 0);
	/* By where it came from; what starts here knows its own way. */
	back = w->skb->skb_iif ? route_mtu(w, w->p.saddr, w->skb->skb_iif) : 0;
	return there && back ? min(there, back) : there | back;
}

unsigned int fwt_way_back(struct net *net, struct sk_buff *skb, u8 family, unsigned int hook)
{
	struct dst_entry *dst = NULL;
	struct flowi fl = { };
	bool near = false;

	if (hook != NF_INET_PRE_ROUTING || !netif_is_l3_slave(skb->dev) ||
	    skb_valid_dst(skb))
		return hook;
	if (family == 4) {
		fl.u.ip4.daddr = ip_hdr(skb)->saddr;
	} else {
		fl.u.ip6.daddr = ipv6_hdr(skb)->saddr;
		near = ipv6_addr_type(&fl.u.ip6.daddr) & IPV6_ADDR_LINKLOCAL;
	}
	fl.u.__fl_common.flowic_oif = near ? skb->dev->ifindex :
					     l3mdev_master_ifindex_rcu(skb->dev);
	if (nf_route(net, &dst, &fl, false, family == 4 ? AF_INET : AF_INET6))
		return hook;
	skb_dst_drop(skb);
	skb_dst_set(skb, dst);
	return NF_INET_LOCAL_IN;
}

bool fwt_is_broadcast(struct net *net, const struct net_device *dev, const u32 *addr)
{
	return inet_addr_type_dev_table(net, dev, cpu_to_be32(addr[0])) == RTN_BROADCAST;
}

bool fwt_own_address(struct net *net, const struct net_device *dev, u8 family,
		     const u32 *addr)
{
	struct in6_addr six;

	/* A VRF's interfaces have their local routes in its own table, and no address
	 * that another one's may not have, too.
	 */
	if (family == 4)
		return inet_addr_type_dev_table(net, dev, cpu_to_be32(addr[0])) ==
		       RTN_LOCAL;
	fwt_to_in6(addr, &six);
	return ipv6_chk_addr_and_flags(net, &six, dev, true, 0, IFA_F_TENTATIVE);
}

const char *fwt_ifname(struct net *net, u32 ifindex)
{
	const struct net_device *dev;

	if (!ifindex)
		return NULL;
	dev = dev_get_by_index_rcu(net, ifindex);
	return dev ? dev->name : NULL;
}
