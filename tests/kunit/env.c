// SPDX-License-Identifier: GPL-2.0
/* Namespaces to test in; see test.h. */
#include <kunit/test-bug.h>
#include <linux/inetdevice.h>
#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/rtnetlink.h>

#include "test.h"
#include "policy.h"

static void net_free(void *data)
{
	struct fwt_net *fn = data;
	struct kunit *test = kunit_get_current_test();
	u32 links;

	fwt_conns_flush(fn);
	rcu_barrier();
	links = atomic_read(&fn->conns.links);
	if (test) {
		KUNIT_EXPECT_EQ_MSG(test, links, 0, "links left in the hash");
		KUNIT_EXPECT_EQ_MSG(test, atomic_read(&fn->n_conns), 0,
				    "records left over");
		KUNIT_EXPECT_EQ_MSG(test, atomic_read(&fn->n_conns6), 0,
				    "IPv6 records left over");
	}
	fn->dying = true;
	fwt_conns_clean(fn);
	fwt_slots_clean(&fn->slots);
	free_percpu(fn->stats);
}

struct fwt_net *fwt_test_net(struct kunit *test)
{
	struct fwt_net *fn = kunit_kzalloc(test, sizeof(*fn), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fn);
	fn->net = &init_net;
	fwt_share_init(&fn->sets, FWT_SHARE_SETS, fn->net);
	fwt_share_init(&fn->limits, FWT_SHARE_LIMITS, fn->net);
	mutex_init(&fn->lock);
	INIT_LIST_HEAD(&fn->devs);
	fn->conn_max = 1 << 20;
	fn->stats = alloc_percpu(struct fwt_stats);
	KUNIT_ASSERT_NOT_NULL(test, fn->stats);
	KUNIT_ASSERT_EQ(test, fwt_slots_init(&fn->slots), 0);
	KUNIT_ASSERT_EQ(test, fwt_conns_init(fn), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, net_free, fn), 0);
	return fn;
}

void fwt_test_books(struct fwt_net *fn, struct fwt_test_books *b)
{
	struct fwt_stats s;

	rcu_barrier();
	fwt_stats_read(fn, &s);
	b->created = s.created;
	b->ended = fwt_stats_ended(&s);
	b->records = atomic_read(&fn->n_conns);
}

static int shell(const char *fmt, int id)
{
	static const char *const envp[] = {
		"HOME=/", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL
	};
	char *script = kasprintf(GFP_KERNEL, fmt, id);
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };
	int ret;

	if (!script)
		return -ENOMEM;
	ret = call_usermodehelper(argv[0], (char **)argv, (char **)envp, UMH_WAIT_PROC);
	kfree(script);
	return ret;
}

/* No address is checked for being there twice: it would be tentative for a
 * second.
 */
static const char make_ns[] =
	"n=fwtkunit%d && ip netns add $n && "
	"ip netns set $n ${n#fwtkunit} && "
	"ip netns exec $n sh -c '"
	"echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad; "
	"echo 1 >/proc/sys/net/ipv4/ip_forward; "
	"echo 1 >/proc/sys/net/ipv6/conf/all/forwarding; "
	"ip link set lo up && ip link add d0 type dummy && "
	"ip link add d1 type dummy && "
	"ip addr add 192.0.2.1/24 dev d0 && ip addr add 203.0.113.1/24 dev d1 && "
	"ip addr add 2001:db8:1::1/64 dev d0 nodad && "
	"ip addr add 2001:db8:2::1/64 dev d1 nodad && "
	"ip link set d0 up && ip link set d1 up'";

struct fwt_test_ns *fwt_test_netns_new(void)
{
	static int last = 100;
	struct fwt_test_ns *ns = kzalloc(sizeof(*ns), GFP_KERNEL);
	int ret;

	if (!ns)
		return NULL;
	ns->id = last++;
	ret = shell(make_ns, ns->id);
	if (ret) {
		pr_err("a namespace could not be made: %d\n", ret);
		goto fail;
	}
	ns->net = get_net_ns_by_id(&init_net, ns->id);
	if (!ns->net)
		goto fail;
	ns->fn = fwt_pernet(ns->net);
	ns->in = dev_get_by_name(ns->net, "d0");
	ns->out = dev_get_by_name(ns->net, "d1");
	if (ns->in && ns->out)
		return ns;
fail:
	fwt_test_netns_free(ns);
	return NULL;
}

void fwt_test_netns_free(struct fwt_test_ns *ns)
{
	if (!ns)
		return;
	dev_put(ns->in);
	dev_put(ns->out);
	if (ns->net)
		put_net(ns->net);
	shell("ip netns del fwtkunit%d", ns->id);
	kfree(ns);
}

int fwt_test_ip(const struct fwt_test_ns *ns, const char *what)
{
	char *fmt = kasprintf(GFP_KERNEL, "ip -n fwtkunit%%d %s", what);
	int ret = fmt ? shell(fmt, ns->id) : -ENOMEM;

	kfree(fmt);
	return ret;
}

void fwt_test_apply(struct kunit *test, struct fwt_test_ns *ns, void *blob,
		    size_t len)
{
	struct netlink_ext_ack extack = { };
	u32 gen = 0;
	int ret;

	ret = fwt_policy_apply(ns->fn, blob, len, FWT_GENERATION_ANY, &extack, &gen);
	if (ret)
		kunit_err(test, "%s", extack._msg ?: "no text");
	KUNIT_ASSERT_EQ(test, ret, 0);
	KUNIT_ASSERT_EQ(test, gen, ns->fn->generation);
}

void fwt_test_clear(struct kunit *test, struct fwt_test_ns *ns)
{
	struct fwt_test_books b;

	fwt_policy_flush(ns->fn);
	fwt_test_books(ns->fn, &b);
	KUNIT_EXPECT_EQ_MSG(test, b.created, b.ended, "made and ended");
	KUNIT_EXPECT_EQ_MSG(test, b.records, 0, "records left");
	KUNIT_EXPECT_FALSE(test, !!ns->fn->hooks);
}

MODULE_DESCRIPTION("KUnit tests of fwtree");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
