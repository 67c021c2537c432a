// SPDX-License-Identifier: GPL-2.0
/*
 * Events that are shown themselves: netlink hands each message, while it is sent, to devices
 * that show those, and these have hooks, which drop, which is an event.
 *
 *   drop at d0 -> event -> netlink -> d1 -> drop at d1 -> event -> ... on one stack
 */
#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/net.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "netlink-gen.h"
#include "packets.h"
#include "prog.h"

static struct fwt_test_ns *ns;

/* Few enough that the stack has room for all of them. */
#define RATE	4

/* What became of what there was to tell of two packets, one of them shown. */
struct outcome {
	u32 told;
	u32 lost;
	u64 limited;
};

/* What leaves is dropped, with @log logged as well, but for what IPv6 says of itself. */
static void drop_all(struct kunit *test, bool log)
{
	struct fwt_prog_mod m = { .type = FWT_MOD_NFLOG, .a = FWT_NONE, .port_lo = 3 };
	struct fwt_test_prog *p = fwt_test_prog_new(test);
	u32 rule = fwt_test_rule(p, 1), root;
	size_t len;
	void *blob;

	root = fwt_test_range(p, FWT_FIELD_ETHER_TYPE, ETH_P_IPV6, ETH_P_IPV6, 1, 2);
	fwt_test_verdict(p, FWT_VERDICT_ACCEPT, rule);
	if (log)
		fwt_test_mod(p, &m, 3);
	fwt_test_verdict(p, FWT_VERDICT_DROP, rule);
	fwt_test_hook(p, FWT_HOOK_DEV_EGRESS, root, "d*");
	fwt_test_option(p, FWT_OPTION_EVENT_RATE, RATE);
	fwt_test_option(p, FWT_OPTION_LOG_RATE, RATE);
	blob = fwt_test_build(test, p, &len);
	fwt_test_apply(test, ns, blob, len);
}

/* Who listens to drops, or to the log. */
static struct socket *listener(struct kunit *test, bool log)
{
	int group = fwtree_nl_family.mcgrp_offset +
		    (log ? FWTREE_NLGRP_LOGS : FWTREE_NLGRP_DROPS);
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	struct socket *sock;

	KUNIT_ASSERT_EQ(test, sock_create_kern(ns->net, AF_NETLINK, SOCK_RAW, NETLINK_GENERIC,
					       &sock), 0);
	/* Kernels differ in what kind of pointer it is. */
	KUNIT_EXPECT_EQ(test, kernel_bind(sock, (void *)&addr, sizeof(addr)), 0);
	KUNIT_EXPECT_EQ(test, sock->ops->setsockopt(sock, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
						    KERNEL_SOCKPTR(&group), sizeof(group)), 0);
	return sock;
}

static noinline u64 limited(bool log)
{
	struct fwt_stats s;

	fwt_stats_read(ns->fn, &s);
	return s.reason[log ? FWT_REASON_LOG_LIMITED : FWT_REASON_EVENT_LIMITED];
}

/* A drop at d0, or with @log its log, is told of while netlink's messages are shown at d1, a
 * device of type @type.
 */
static struct outcome shown_at(struct kunit *test, unsigned short type, bool log)
{
	struct fwt_test_pkt k = fwt_test_between(4, IPPROTO_UDP);
	atomic_t *n = &ns->fn->told[log ? FWT_TOLD_LOGS : FWT_TOLD_DROPS].lost;
	struct netlink_tap tap = { .dev = ns->out, .module = THIS_MODULE };
	struct socket *sock;
	struct outcome o;
	struct sk_buff *skb;
	int ret;

	drop_all(test, log);
	sock = listener(test, log);
	skb = fwt_test_skb(&k, ns->in);
	rtnl_lock();
	/* Others netlink does not take; what leads its messages on to them does (tc). */
	ns->out->type = ARPHRD_NETLINK;
	ret = netlink_add_tap(&tap);
	ns->out->type = type;
	rtnl_unlock();
	cancel_delayed_work_sync(&ns->fn->tell_lost);
	atomic_set(n, 0);
	atomic_set(&ns->fn->lines_lost, 0);
	o.limited = limited(log);
	if (skb && !ret) {
		skb_push(skb, ETH_HLEN);
		dev_queue_xmit(skb);
	} else {
		kfree_skb(skb);
	}
	o.told = skb_queue_len(&sock->sk->sk_receive_queue);
	o.lost = atomic_read(n);
	o.limited = limited(log) - o.limited;
	if (!ret)
		netlink_remove_tap(&tap);
	sock_release(sock);
	rtnl_lock();
	ns->out->type = ARPHRD_ETHER;
	rtnl_unlock();
	KUNIT_EXPECT_NOT_NULL(test, skb);
	KUNIT_EXPECT_EQ(test, ret, 0);
	fwt_test_clear(test, ns);
	return o;
}

/* Of netlink's own device nothing is told: it would never end, one message a second. */
static void at_netlinks_device(struct kunit *test)
{
	struct outcome o = shown_at(test, ARPHRD_NETLINK, false);

	KUNIT_EXPECT_EQ(test, o.told, 1);
	KUNIT_EXPECT_EQ(test, o.lost, 0);
}

/* What comes up while another one is told of is lost, and counted so. */
static void at_another_device(struct kunit *test)
{
	struct outcome o = shown_at(test, ARPHRD_ETHER, false);

	KUNIT_EXPECT_EQ(test, o.told, 1);
	KUNIT_EXPECT_EQ(test, o.lost, 1);
	KUNIT_EXPECT_EQ(test, o.limited, 1);
}

/* "log group" hands nothing over there; so it takes nothing of log-rate, either. */
static void log_at_netlinks_device(struct kunit *test)
{
	struct outcome o = shown_at(test, ARPHRD_NETLINK, true);

	KUNIT_EXPECT_EQ(test, o.told, 1);
	KUNIT_EXPECT_EQ(test, o.lost, 0);
	KUNIT_EXPECT_EQ(test, o.limited, 0);
}

static void log_at_another_device(struct kunit *test)
{
	struct outcome o = shown_at(test, ARPHRD_ETHER, true);

	KUNIT_EXPECT_EQ(test, o.told, 1);
	KUNIT_EXPECT_EQ(test, o.lost, 1);
	KUNIT_EXPECT_EQ(test, o.limited, 1);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(at_netlinks_device),
	KUNIT_CASE(at_another_device),
	KUNIT_CASE(log_at_netlinks_device),
	KUNIT_CASE(log_at_another_device),
	{ }
};

FWT_TEST_SUITE_IN_NS("fwtree-event", ns, cases);
