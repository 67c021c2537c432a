// SPDX-License-Identifier: GPL-2.0
/* Policies: taken, refused, replaced, flushed; and programs made wrong. */
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/rtnetlink.h>

#include "hook.h"
#include "packets.h"
#include "policy.h"
#include "prog.h"

static struct fwt_test_ns *ns;

static struct fwt_policy *in_force(void)
{
	struct fwt_policy *p;

	mutex_lock(&ns->fn->lock);
	p = fwt_policy_locked(ns->fn);
	mutex_unlock(&ns->fn->lock);
	return p;
}

static u32 n_devs(void)
{
	struct fwt_dev *b;
	u32 n = 0;

	mutex_lock(&ns->fn->lock);
	list_for_each_entry(b, &ns->fn->devs, list)
		n += b->bound[0] + b->bound[1];
	mutex_unlock(&ns->fn->lock);
	return n;
}

static void generations(struct kunit *test)
{
	struct fwt_net *fn = ns->fn;
	struct netlink_ext_ack extack = { };
	struct fwt_policy *p;
	u32 gen, gen2 = 0;
	size_t len;
	void *blob;

	KUNIT_EXPECT_NULL(test, in_force());
	KUNIT_EXPECT_FALSE_MSG(test, !!fn->hooks, "hooks without a policy");
	blob = fwt_test_always(test, FWT_VERDICT_ACCEPT, &len);
	fwt_test_apply(test, ns, blob, len);
	gen = fn->generation;
	p = in_force();
	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_EXPECT_EQ(test, p->gen, gen);
	KUNIT_EXPECT_TRUE(test, !!fn->hooks);

	blob = fwt_test_always(test, FWT_VERDICT_DROP, &len);
	KUNIT_EXPECT_EQ_MSG(test, fwt_policy_apply(fn, blob, len, gen + 1, &extack, &gen2),
			    -EAGAIN, "another generation was expected");
	KUNIT_EXPECT_NOT_NULL_MSG(test, extack._msg, "and why");
	KUNIT_EXPECT_PTR_EQ(test, in_force(), p);
	KUNIT_EXPECT_EQ(test, fn->generation, gen);

	blob = fwt_test_always(test, FWT_VERDICT_DROP, &len);
	KUNIT_EXPECT_EQ(test, fwt_policy_apply(fn, blob, len, gen, &extack, &gen2), 0);
	KUNIT_EXPECT_EQ(test, gen2, gen + 1);

	KUNIT_EXPECT_TRUE(test, fwt_policy_flush(fn));
	KUNIT_EXPECT_NULL(test, in_force());
	KUNIT_EXPECT_FALSE(test, !!fn->hooks);
	KUNIT_EXPECT_GT(test, fn->generation, gen2);
	KUNIT_EXPECT_FALSE_MSG(test, fwt_policy_flush(fn), "there is none");
	fwt_test_clear(test, ns);
}

/* So many are in use, once the work of those that went is done. */
static void slots_left(struct kunit *test, u32 n)
{
	u32 i;

	for (i = 0; i < 100 && READ_ONCE(ns->fn->slots.n_used) > n; i++) {
		rcu_barrier();
		msleep(20);
	}
	KUNIT_EXPECT_EQ(test, ns->fn->slots.n_used, n);
}

/* The slots of policies that went are free, when their work is done. */
static void lets_go_of_slots(struct kunit *test)
{
	size_t len;
	void *blob;
	u32 i;

	for (i = 0; i < 50; i++) {
		struct fwt_test_prog *p = fwt_test_prog_new(test);
		u32 root = fwt_test_verdict(p, FWT_VERDICT_ACCEPT,
					    fwt_test_rule(p, 1000 + i));

		fwt_test_hook(p, FWT_HOOK_INGRESS, root, NULL);
		blob = fwt_test_build(test, p, &len);
		fwt_test_apply(test, ns, blob, len);
	}
	slots_left(test, 1);	/* one policy, one rule */
	fwt_test_clear(test, ns);
	slots_left(test, 0);
}

/* The slots of 60 rules with keys from 1000 on, and of @other, if any, between them at
 * @at, as packets have them and as they are. Returns of how many runs the first says all.
 */
static u32 runs(struct kunit *test, u32 at, u32 other)
{
	struct fwt_test_prog *p = fwt_test_prog_new(test);
	struct fwt_policy *pol;
	u32 i, n = 0, rule = 0;
	size_t len;
	void *blob;

	for (i = 0; i < 60; i++) {
		if (other && i == at)
			fwt_test_rule(p, other);
		rule = fwt_test_rule(p, 1000 + i);
	}
	fwt_test_hook(p, FWT_HOOK_INGRESS, fwt_test_verdict(p, FWT_VERDICT_ACCEPT, rule), NULL);
	blob = fwt_test_build(test, p, &len);
	fwt_test_apply(test, ns, blob, len);
	pol = in_force();
	KUNIT_ASSERT_NOT_NULL(test, pol);
	for (i = 0; i <= rule; i++)
		KUNIT_EXPECT_EQ(test, fwt_rule_slot(pol, i), pol->slot[i]);
	for (i = 0; i <= rule / FWT_RUN; i++)
		n += pol->run[i] != FWT_NONE;
	return n;
}

static void slots_in_rows(struct kunit *test)
{
	u32 all = runs(test, 0, 0);

	KUNIT_EXPECT_EQ_MSG(test, all, 60 / FWT_RUN + 1, "of a first policy they count up");
	KUNIT_EXPECT_LT_MSG(test, runs(test, 40, 77), all, "one came between");
	fwt_test_clear(test, ns);
	slots_left(test, 0);
}

/* R29, in the kernel. */
static void refused_changes_nothing(struct kunit *test)
{
	struct netlink_ext_ack extack = { };
	struct fwt_net *fn = ns->fn;
	struct fwt_prog_hdr *h;
	struct fwt_policy *p;
	u32 gen, gen2 = 77, used, devs;
	size_t len;
	void *blob;
	int ret;

	blob = fwt_test_build(test, fwt_test_rich(test), &len);
	fwt_test_apply(test, ns, blob, len);
	p = in_force();
	gen = fn->generation;
	used = fn->slots.n_used;
	devs = n_devs();
	KUNIT_EXPECT_EQ_MSG(test, used, 3, "two rules, a counter");
	KUNIT_EXPECT_EQ_MSG(test, devs, 4, "d0 and d1 both ways");

	blob = fwt_test_build(test, fwt_test_rich(test), &len);
	h = blob;
	h->sec[FWT_SEC_NODES].count--;
	KUNIT_EXPECT_LT(test, fwt_policy_apply(fn, blob, len, FWT_GENERATION_ANY,
					       &extack, &gen2), 0);
	KUNIT_EXPECT_NOT_NULL(test, extack._msg);
	KUNIT_EXPECT_PTR_EQ(test, in_force(), p);
	KUNIT_EXPECT_EQ(test, fn->generation, gen);
	KUNIT_EXPECT_EQ(test, fn->slots.n_used, used);
	KUNIT_EXPECT_EQ(test, n_devs(), devs);
	KUNIT_EXPECT_TRUE(test, !!fn->hooks);

	blob = kvzalloc(16, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, fwt_policy_apply(fn, blob, 16, FWT_GENERATION_ANY,
					       &extack, &gen2), -EINVAL);
	blob = kvzalloc(16, GFP_KERNEL);
	ret = fwt_policy_apply(fn, blob, 0, FWT_GENERATION_ANY, &extack, &gen2);
	KUNIT_EXPECT_EQ_MSG(test, ret, -EINVAL, "nothing at all");
	KUNIT_EXPECT_PTR_EQ(test, in_force(), p);
	fwt_test_clear(test, ns);
	KUNIT_EXPECT_EQ(test, n_devs(), 0);
}

/* One rule, in @file at @line, and two objects of which the program says that they are
 * one, if @wrong.
 */
static void *one_rule(struct kunit *test, const char *file, u32 line, bool wrong, size_t *len)
{
	struct fwt_test_prog *p = fwt_test_prog_new(test);
	u32 rule = fwt_test_rule(p, 4711), i;

	p->rule[rule].line = line;
	p->file[0].name = fwt_test_string(p, file);
	for (i = 0; i < 2; i++)
		p->object[i] = (struct fwt_prog_object){
			.key = wrong ? 9 : 9 + i, .kind = FWT_OBJECT_SPLIT, .name = FWT_NONE,
			.param = { [FWT_SPLIT_TURNS] = 2 },
		};
	p->n[FWT_SEC_OBJECTS] = 2;
	fwt_test_hook(p, FWT_HOOK_INGRESS, fwt_test_verdict(p, FWT_VERDICT_ACCEPT, rule), NULL);
	return fwt_test_build(test, p, len);
}

static void stands(struct kunit *test, const char *file, u32 line, const char *when)
{
	const struct fwt_slot *s;

	rcu_read_lock();
	s = fwt_slot_peek(ns->fn, rcu_dereference(ns->fn->policy)->slot[0]);
	KUNIT_EXPECT_STREQ_MSG(test, rcu_dereference(s->file)->text, file, "%s", when);
	KUNIT_EXPECT_EQ_MSG(test, s->line, line, "%s", when);
	rcu_read_unlock();
}

/* The rules in force stand where they stood. */
static void refused_moves_no_rule(struct kunit *test)
{
	struct netlink_ext_ack extack = { };
	size_t len;
	void *blob;
	u32 gen;

	blob = one_rule(test, "one.fw", 12, false, &len);
	fwt_test_apply(test, ns, blob, len);
	stands(test, "one.fw", 12, "where it was written");
	blob = one_rule(test, "new.fw", 34, true, &len);
	KUNIT_EXPECT_EQ(test, fwt_policy_apply(ns->fn, blob, len, FWT_GENERATION_ANY, &extack,
					       &gen), -EINVAL);
	KUNIT_EXPECT_STREQ(test, extack._msg, "two objects have one key");
	stands(test, "one.fw", 12, "after another one was refused");
	blob = one_rule(test, "new.fw", 34, false, &len);
	fwt_test_apply(test, ns, blob, len);
	stands(test, "new.fw", 34, "after it was taken");
	fwt_test_clear(test, ns);
}

static void device_hooks(struct kunit *test)
{
	struct fwt_test_prog *p = fwt_test_prog_new(test);
	u32 root = fwt_test_verdict(p, FWT_VERDICT_ACCEPT, fwt_test_rule(p, 1));
	size_t len;
	void *blob;

	fwt_test_hook(p, FWT_HOOK_DEV_INGRESS, root, "later");
	fwt_test_hook(p, FWT_HOOK_DEV_EGRESS, root, "vnet*");
	blob = fwt_test_build(test, p, &len);
	fwt_test_apply(test, ns, blob, len);
	KUNIT_EXPECT_FALSE_MSG(test, !!ns->fn->hooks, "inet hooks for devices alone");
	KUNIT_EXPECT_EQ(test, n_devs(), 0);
	KUNIT_ASSERT_EQ(test, fwt_test_ip(ns, "link add later type dummy"), 0);
	KUNIT_EXPECT_EQ_MSG(test, n_devs(), 1, "it appeared");
	KUNIT_ASSERT_EQ(test, fwt_test_ip(ns, "link set later name vnet7"), 0);
	KUNIT_EXPECT_EQ_MSG(test, n_devs(), 1, "renamed");
	KUNIT_ASSERT_EQ(test, fwt_test_ip(ns, "link set vnet7 name other"), 0);
	KUNIT_EXPECT_EQ_MSG(test, n_devs(), 0, "to what no hook names");
	KUNIT_ASSERT_EQ(test, fwt_test_ip(ns, "link set other name later"), 0);
	KUNIT_EXPECT_EQ(test, n_devs(), 1);
	/* Stays over a policy that names it, goes with one that does not. */
	blob = fwt_test_build(test, p, &len);
	fwt_test_apply(test, ns, blob, len);
	KUNIT_EXPECT_EQ(test, n_devs(), 1);
	blob = fwt_test_always(test, FWT_VERDICT_ACCEPT, &len);
	fwt_test_apply(test, ns, blob, len);
	KUNIT_EXPECT_EQ(test, n_devs(), 0);
	blob = fwt_test_build(test, p, &len);
	fwt_test_apply(test, ns, blob, len);
	KUNIT_EXPECT_EQ(test, n_devs(), 1);
	KUNIT_ASSERT_EQ(test, fwt_test_ip(ns, "link del later"), 0);
	KUNIT_EXPECT_EQ_MSG(test, n_devs(), 0, "it went");
	fwt_test_clear(test, ns);
}

/* A few packets of all kinds, by all hooks. */
static void some_packets(struct kunit *test)
{
	static const u8 protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP };
	static u16 port;
	struct sk_buff *skb;
	u32 i;

	for (i = 0; i < 6; i++) {
		struct fwt_test_pkt k = {
			.family = i & 1 ? 6 : 4, .protocol = protocols[i / 2],
			.src = { i & 1 ? 0x20010db8 : 0x0a000001, 0, 0, 1 },
			.dst = { i & 1 ? 0x20010db8 : 0xcb007101, 0, 0, 2 },
			.sport = 1000 + port++ % 5000, .dport = i & 2 ? 53 : 2000,
			.tcp_flags = 2, .payload = 16,
		};

		if (k.family == 6 && k.protocol == IPPROTO_ICMP)
			k.protocol = IPPROTO_ICMPV6;
		skb = fwt_test_skb(&k, ns->in);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		kfree_skb(fwt_test_forward(ns, skb, false));
	}
}

/* A policy that comes while the former one is flushed, which waits for a grace period and
 * holds no lock then, keeps what it has accepted.
 */
static void comes_meanwhile(struct kunit *test)
{
	struct fwt_net *fn = ns->fn;
	struct fwt_test_books b;
	struct fwt_policy *old;
	u32 before, both;
	size_t len;
	void *blob;

	blob = fwt_test_always(test, FWT_VERDICT_ACCEPT, &len);
	fwt_test_apply(test, ns, blob, len);
	some_packets(test);
	fwt_test_books(fn, &b);
	before = b.records;
	KUNIT_EXPECT_GT(test, before, 0);
	rtnl_lock();
	mutex_lock(&fn->lock);
	old = fwt_policy_take(fn);
	mutex_unlock(&fn->lock);
	rtnl_unlock();
	blob = fwt_test_always(test, FWT_VERDICT_ACCEPT, &len);
	fwt_test_apply(test, ns, blob, len);
	some_packets(test);
	fwt_test_books(fn, &b);
	both = b.records;
	KUNIT_EXPECT_GT(test, both, before);
	fwt_policy_taken(fn, old);
	fwt_test_books(fn, &b);
	KUNIT_EXPECT_EQ_MSG(test, b.records, both - before, "its own, and none of the former one");
	KUNIT_EXPECT_TRUE(test, !!fn->hooks);
	fwt_test_clear(test, ns);
}

static const u32 nasty[] = { 0, 1, 2, 5, 17, 63, 0x7f, 0x80, 0xff, 0x100, 0xffff,
	0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff };

/* R30: each word and each byte of a program, made nasty: it is refused and nothing
 * has changed, or it does no harm.
 */
static void each_field(struct kunit *test)
{
	u32 i, v, taken = 0, refused = 0, moved = 0;
	struct netlink_ext_ack extack;
	struct fwt_policy *before;
	size_t len, n;
	u8 *good, *bad;
	u32 gen, was;
	int ret;

	good = fwt_test_build(test, fwt_test_rich(test), &len);
	bad = kvmalloc(len, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, bad);
	memcpy(bad, good, len);
	fwt_test_apply(test, ns, bad, len);
	n = len / 4;
	for (i = 0; i < n * 2; i++) {
		/* Words, then one byte of each word. */
		bool word = i < n;

		for (v = 0; v < ARRAY_SIZE(nasty); v++) {
			if (!word && nasty[v] > 0xff)
				break;
			/* Where each access is checked, some of them. */
			if (FWT_TEST_MANY(10) == 1 && (i * 16 + v) % 5)
				continue;
			bad = kvmalloc(len, GFP_KERNEL);
			KUNIT_ASSERT_NOT_NULL(test, bad);
			memcpy(bad, good, len);
			if (word)
				((u32 *)bad)[i] = nasty[v];
			else
				bad[(i - n) * 4 + (i & 3)] = nasty[v];
			before = in_force();
			was = ns->fn->generation;
			ret = fwt_policy_apply(ns->fn, bad, len,
					       FWT_GENERATION_ANY, &extack, &gen);
			if (ret) {
				refused++;
				moved += in_force() != before ||
					 ns->fn->generation != was;
				continue;
			}
			taken++;
			some_packets(test);
		}
		cond_resched();
	}
	kunit_info(test, "%u refused, %u taken", refused, taken);
	KUNIT_EXPECT_GT(test, refused, n);
	KUNIT_EXPECT_GT_MSG(test, taken, n / 2, "names and texts may be anything");
	KUNIT_EXPECT_EQ_MSG(test, moved, 0, "refused and changed something");
	kvfree(good);
	fwt_test_clear(test, ns);
}

/* Cut off at each byte, with a length that says so or does not. */
static void each_length(struct kunit *test)
{
	struct netlink_ext_ack extack;
	size_t len, cut;
	u32 gen, taken = 0;
	u8 *good, *bad;
	int i;

	good = fwt_test_build(test, fwt_test_rich(test), &len);
	for (cut = 0; cut < len; cut++) {
		for (i = 0; i < 2; i++) {
			bad = kvmalloc(cut + !cut, GFP_KERNEL);
			KUNIT_ASSERT_NOT_NULL(test, bad);
			memcpy(bad, good, cut);
			if (i && cut >= sizeof(struct fwt_prog_hdr))
				((struct fwt_prog_hdr *)bad)->len = cut;
			taken += !fwt_policy_apply(ns->fn, bad, cut,
						   FWT_GENERATION_ANY,
						   &extack, &gen);
		}
	}
	/* All but the padding behind the source text. */
	KUNIT_EXPECT_LE(test, taken, 8);
	/* It was the length alone. */
	fwt_test_apply(test, ns, good, len);
	fwt_test_clear(test, ns);
}

/* A namespace goes with all that is in it. */
static void namespace_dies(struct kunit *test)
{
	struct fwt_test_ns *mine = ns;
	size_t len;
	void *blob;
	u32 i;

	ns = fwt_test_netns_new();
	if (ns) {
		blob = fwt_test_build(test, fwt_test_rich(test), &len);
		fwt_test_apply(test, ns, blob, len);
		for (i = 0; i < 50; i++)
			some_packets(test);
		KUNIT_EXPECT_GT(test, atomic_read(&ns->fn->n_conns), 0);
	}
	KUNIT_EXPECT_NOT_NULL(test, ns);
	fwt_test_netns_free(ns);
	ns = mine;
	/* It is cleaned up by a worker; what goes wrong there is a splat. */
	msleep(300);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(generations),
	KUNIT_CASE(lets_go_of_slots),
	KUNIT_CASE(slots_in_rows),
	KUNIT_CASE(refused_changes_nothing),
	KUNIT_CASE(refused_moves_no_rule),
	KUNIT_CASE(device_hooks),
	KUNIT_CASE(comes_meanwhile),
	KUNIT_CASE_SLOW(each_field),
	KUNIT_CASE(each_length),
	KUNIT_CASE(namespace_dies),
	{ }
};

FWT_TEST_SUITE_IN_NS("fwtree-policy", ns, cases);
