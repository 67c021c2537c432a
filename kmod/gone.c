// SPDX-License-Identifier: GPL-2.0
/*
 * Interfaces and addresses that go away take their translations with them (R15):
 * an answer can't come to an address that is not there, and the same port of the
 * address that comes next belongs to somebody else.
 *
 * What goes away is not written down. Any such event has the namespace's table
 * swept once, by a work item: each connection whose source was taken from an
 * interface (masquerade, snat to addr(IF)) is asked whether one that is up has the
 * address still: first the one that it leaves by. So no event is lost for
 * want of memory, a hundred of them cost one sweep, and an address that came back
 * meanwhile (DHCP renews a lease) ends nothing.
 *
 * An address of IPv6 that came back is looked for on its link first (DAD), and nobody is
 * told where that fails. As long as a connection depends on it the table is swept again,
 * ever more rarely; and no longer than SETTLES.
 *
 * The sweep runs in pieces of the table under RCU and takes no lock but that of a
 * connection it ends; packets go on.
 */
#include <linux/inetdevice.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <net/addrconf.h>
#include <net/l3mdev.h>

#include "gone.h"
#include "way.h"

/* DAD takes a second or two, unless it is told to take its time. An address that it has not
 * come to an end for by then (there is no carrier, say) is as good as gone.
 */
#define AGAIN	(2 * HZ)
#define SETTLES	(120 * HZ)

struct sweep {
	struct fwt_net *fn;
	bool again;	/* what will become of an address nobody knows yet */
};

/* An address, and whose interfaces it is to be looked for at. Equal ones of two VRFs are two
 * addresses: it is one of the VRF that its connection leaves by, unless that had none such
 * when it began.
 */
struct shown {
	struct net *net;
	const struct net_device *dev;	/* that it leaves by, or NULL */
	u32 vrf;
	bool any;			/* of whichever VRF */
	u8 family;
	struct fwt_end end;
};

/* Is it this machine's, as @dev's VRF has it; of IPv6 without a flag of @but. */
static bool is_local(const struct shown *a, u32 but)
{
	struct in6_addr six;

	if (a->family == 4)
		return fwt_own_address(a->net, a->dev, 4, a->end.addr);
	fwt_to_in6(a->end.addr, &six);
	return ipv6_chk_addr_and_flags(a->net, &six, a->dev, true, 0, but);
}

/* The same of one interface, up or not. */
static bool is_of(const struct shown *a, const struct net_device *dev, u32 but)
{
	struct in6_addr six;

	if (a->family == 4)
		return fwt_dev_has(dev, 4, a->end.addr);
	fwt_to_in6(a->end.addr, &six);
	return ipv6_chk_addr_and_flags(a->net, &six, dev, false, 1, but);
}

/* Most are of the interface that they are used by, or nobody's. By IPv4 the kernel knows an
 * address of an interface that is down for its own still.
 */
static bool is_there(const struct shown *a, u32 but)
{
	const struct net_device *dev;
	bool down = false;

	if (a->dev && is_of(a, a->dev, but))
		return a->dev->flags & IFF_UP;
	if (a->dev && !a->any && !is_local(a, but))
		return false;
	for_each_netdev_rcu(a->net, dev) {
		if ((!a->any && l3mdev_master_ifindex_rcu(dev) != a->vrf) || !is_of(a, dev, but))
			continue;
		if (dev->flags & IFF_UP)
			return true;
		down = true;
	}
	/* By a route alone, which may be what the kernel's choice came from. */
	return !down && (a->dev || !a->vrf) && is_local(a, but);
}

static int end_if_gone(struct fwt_conn *c, void *ctx)
{
	struct sweep *s = ctx;
	struct shown a = { .net = s->fn->net, .family = c->ends.family };
	u32 oif;

	if (!fwt_conn_is(c, FWT_CONN_IFADDR))
		return 0;
	smp_rmb();	/* as in bind_source() */
	oif = READ_ONCE(c->oif);
	/* None as long as egress has not decided: what two that are inside are shown by is
	 * chosen before that, and they leave by another interface than whose it is.
	 */
	a.dev = dev_get_by_index_rcu(a.net, oif);
	a.vrf = a.dev ? l3mdev_master_ifindex_rcu(a.dev) : c->ends.scope;
	a.any = READ_ONCE(c->linked) & FWT_LINKED_ELSEWHERE ||
		(!oif && fwt_conn_is(c, FWT_CONN_ACROSS));
	fwt_ends_get(&c->ends, FWT_N, &a.end);
	/* One of IPv6 that is looked for on its link (DAD), which it is whenever it comes,
	 * will be there in a moment. New connections wait for that.
	 */
	if (!is_there(&a, IFA_F_DADFAILED)) {
		fwt_conn_end(c, FWT_END_ADDRESS);
	} else if (a.family == 6 && !is_there(&a, IFA_F_TENTATIVE | IFA_F_OPTIMISTIC)) {
		/* DAD is not through with it. Optimistic ones are in use before. */
		if (jiffies - READ_ONCE(s->fn->went) >= SETTLES)
			fwt_conn_end(c, FWT_END_ADDRESS);
		else
			s->again = true;
	}
	return 0;
}

static void sweep(struct work_struct *work)
{
	struct fwt_net *fn = container_of(to_delayed_work(work), struct fwt_net, gone);
	unsigned long since = jiffies - READ_ONCE(fn->went);
	struct sweep s = { .fn = fn };
	struct fwt_hash_walk w = { };

	/* Whoever told us of the event has not told all others yet, routing among
	 * them: wait until it is through.
	 */
	rtnl_lock();
	rtnl_unlock();
	/* And whoever read the address just before it went may be about to give it away. */
	synchronize_rcu();
	fwt_conns_walk(fn, &w, end_if_gone, &s);
	/* No later than when as much time has passed again; where something else went
	 * meanwhile, that sweep is on its way.
	 */
	if (s.again && !READ_ONCE(fn->dying))
		queue_delayed_work(fwt_wq, &fn->gone, max_t(unsigned long, since, AGAIN));
}

void fwt_gone_net_init(struct fwt_net *fn)
{
	INIT_DELAYED_WORK(&fn->gone, sweep);
}

void fwt_gone_net_clean(struct fwt_net *fn)
{
	cancel_delayed_work_sync(&fn->gone);
}

static void something_went(const struct net_device *dev)
{
	struct fwt_net *fn = fwt_pernet(dev_net(dev));

	/* Pairs with the release in fwt_conns_init(). */
	if (smp_load_acquire(&fn->conns_ready) && !READ_ONCE(fn->dying)) {
		WRITE_ONCE(fn->went, jiffies);
		mod_delayed_work(fwt_wq, &fn->gone, 0);
	}
}

static int dev_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	if (event == NETDEV_DOWN || event == NETDEV_UNREGISTER)
		something_went(netdev_notifier_info_to_dev(ptr));
	return NOTIFY_DONE;
}

static int addr_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	const struct in_ifaddr *ifa = ptr;

	if (event == NETDEV_DOWN)
		something_went(ifa->ifa_dev->dev);
	return NOTIFY_DONE;
}

/* May be called where nothing can be waited for. */
static int addr6_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	const struct inet6_ifaddr *ifa = ptr;

	if (event == NETDEV_DOWN)
		something_went(ifa->idev->dev);
	return NOTIFY_DONE;
}

static struct notifier_block dev_notifier = { .notifier_call = dev_event };
static struct notifier_block addr_notifier = { .notifier_call = addr_event };
static struct notifier_block addr6_notifier = { .notifier_call = addr6_event };

int fwt_gone_init(void)
{
	int ret;

	ret = register_netdevice_notifier(&dev_notifier);
	if (ret)
		return ret;
	ret = register_inetaddr_notifier(&addr_notifier);
	if (ret)
		goto no_addr;
	ret = register_inet6addr_notifier(&addr6_notifier);
	if (!ret)
		return 0;
	unregister_inetaddr_notifier(&addr_notifier);
no_addr:
	unregister_netdevice_notifier(&dev_notifier);
	return ret;
}

void fwt_gone_clean(void)
{
	unregister_inet6addr_notifier(&addr6_notifier);
	unregister_inetaddr_notifier(&addr_notifier);
	unregister_netdevice_notifier(&dev_notifier);
}
