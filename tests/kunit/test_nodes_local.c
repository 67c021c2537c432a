// SPDX-License-Identifier: GPL-2.0
/*
 * What only the world knows of what starts here, by egress: whose it is, and the cgroup, by
 * the socket that it comes from; where routing leads it, as it is and as a node in front of
 * the question has made it. The row check knows the fields that a packet does not have.
 */
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/net.h>
#include <net/sock.h>

#include "nodes.h"
#include "core/rlu.h"

static struct fwt_test_ns *ns;

/* From d1's own address to a host at d1. */
static struct fwt_test_pkt from_here(u8 family)
{
	struct fwt_test_pkt k = fwt_test_between(family, IPPROTO_UDP);

	memcpy(k.src, k.dst, sizeof(k.src));
	k.src[family == 6 ? 3 : 0]--;
	return k;
}

/* Does it leave by d1; @sk: its socket, or NULL. */
static bool leaves(struct kunit *test, const struct fwt_test_pkt *k, struct sock *sk)
{
	struct sk_buff *skb = fwt_test_skb(k, ns->out);

	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb->skb_iif = 0;
	if (sk)
		skb_set_owner_w(skb, sk);
	if (fwt_test_pass(ns, NF_INET_LOCAL_OUT, skb) != NF_ACCEPT ||
	    fwt_test_pass(ns, NF_INET_POST_ROUTING, skb) != NF_ACCEPT)
		return false;
	kfree_skb(skb);
	return true;
}

/* Is it forwarded, which has a socket all the same. */
static bool forwarded(struct kunit *test, u8 family, struct sock *sk)
{
	struct fwt_test_pkt k = fwt_test_between(family, IPPROTO_UDP);
	struct sk_buff *skb = fwt_test_skb(&k, ns->in);

	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_set_owner_w(skb, sk);
	skb = fwt_test_forward(ns, skb, false);
	kfree_skb(skb);
	return skb;
}

static struct fwt_test_prog *at_egress(struct kunit *test, u8 field)
{
	struct fwt_test_prog *p = asking(test, &(struct fwt_prog_test){
		.op = FWT_TEST_IN, .n_fields = 1, .field = { field } });

	p->hook[0].hook = FWT_HOOK_EGRESS;
	return p;
}

enum answer { NO, YES, ABSENT };

static void expect(struct kunit *test, struct fwt_test_prog *p, const struct fwt_test_pkt *k,
		   struct sock *sk, enum answer is, const char *what)
{
	u32 turned;

	for (turned = 0; turned < 2; turned++) {
		p->test[0].flags = turned ? FWT_TEST_NEGATE : 0;
		apply(test, ns, p);
		KUNIT_EXPECT_EQ_MSG(test, leaves(test, k, sk),
				    is != ABSENT && (is == YES) != turned,
				    "IPv%u, field %u, %s%s", k->family, p->test[0].field[0], what,
				    turned ? ", turned" : "");
	}
}

/* A socket as a program of that user and group would have made it, with the file that it
 * knows it by.
 */
static struct file *made_by(u8 family, u32 uid, u32 gid, struct socket **sock)
{
	int ret = sock_create_kern(ns->net, family == 6 ? PF_INET6 : PF_INET, SOCK_DGRAM,
				   IPPROTO_UDP, sock);
	struct cred *cred = ret ? NULL : prepare_creds();
	const struct cred *own;
	struct file *f;

	if (ret)
		return ERR_PTR(ret);
	if (!cred) {
		sock_release(*sock);
		return ERR_PTR(-ENOMEM);
	}
	cred->fsuid = make_kuid(&init_user_ns, uid);
	cred->fsgid = make_kgid(&init_user_ns, gid);
	own = override_creds(cred);
	f = sock_alloc_file(*sock, O_RDWR, NULL);
	revert_creds(own);
	put_cred(cred);
	return f;
}

/* @is of who made it with a file; nobody of a socket without one, and of none. */
static void whose(struct kunit *test, u8 field, u32 is)
{
	struct socket *sock, *bare;
	struct file *f;
	u32 no = 5;
	u8 family;

	for_each_family(family) {
		struct fwt_test_prog *yes = at_egress(test, field), *other = at_egress(test, field);
		struct fwt_test_pkt k = from_here(family);

		in_set(yes, &is, 1, &is, 1);
		in_set(other, &no, 1, &no, 1);
		f = made_by(family, 1234, 777, &sock);
		KUNIT_ASSERT_FALSE(test, IS_ERR(f));
		expect(test, yes, &k, sock->sk, YES, "its owner");
		expect(test, other, &k, sock->sk, NO, "somebody else");
		KUNIT_EXPECT_FALSE_MSG(test, forwarded(test, family, sock->sk),
				       "IPv%u, field %u: it is forwarded", family, field);
		__fput_sync(f);

		expect(test, yes, &k, NULL, ABSENT, "without a socket");
		KUNIT_ASSERT_EQ(test, sock_create_kern(ns->net, family == 6 ? PF_INET6 : PF_INET,
						       SOCK_DGRAM, IPPROTO_UDP, &bare), 0);
		expect(test, yes, &k, bare->sk, ABSENT, "of a socket without a file");
		sock_release(bare);
	}
}

static void ask_uid(struct kunit *test)
{
	whose(test, FWT_FIELD_UID, 1234);
}

static void ask_gid(struct kunit *test)
{
	whose(test, FWT_FIELD_GID, 777);
}

/* Of any socket, whether it has a file or not; of none where the kernel does not note it. */
static void ask_cgroup(struct kunit *test)
{
	enum answer yes = ABSENT, no = ABSENT;
	u32 is[2] = { }, other[2];
	struct socket *sock;
	u8 family;

	for_each_family(family) {
		struct fwt_test_prog *p = at_egress(test, FWT_FIELD_CGROUP);
		struct fwt_test_prog *q = at_egress(test, FWT_FIELD_CGROUP);
		struct fwt_test_pkt k = from_here(family);

		KUNIT_ASSERT_EQ(test, sock_create_kern(ns->net, family == 6 ? PF_INET6 : PF_INET,
						       SOCK_DGRAM, IPPROTO_UDP, &sock), 0);
#ifdef CONFIG_SOCK_CGROUP_DATA
		is[0] = upper_32_bits(cgroup_id(sock_cgroup_ptr(&sock->sk->sk_cgrp_data)));
		is[1] = lower_32_bits(cgroup_id(sock_cgroup_ptr(&sock->sk->sk_cgrp_data)));
		yes = YES;
		no = NO;
#endif
		other[0] = is[0];
		other[1] = is[1] + 1;
		in_set(p, is, 2, is, 2);
		in_set(q, other, 2, other, 2);
		expect(test, p, &k, sock->sk, yes, "its cgroup");
		expect(test, q, &k, sock->sk, no, "another one");
		expect(test, p, &k, NULL, ABSENT, "without a socket");
		sock_release(sock);
	}
}

/* Decided afresh by another policy: its socket is at hand with a packet of its own alone, and
 * what another one brings leaves what was decided.
 */
static void afresh(struct kunit *test)
{
	struct socket *sock;
	u32 uid = 1234, no = 5;
	struct file *f;
	u8 family;

	for_each_family(family) {
		struct fwt_test_prog *yes = at_egress(test, FWT_FIELD_UID);
		struct fwt_test_prog *other = at_egress(test, FWT_FIELD_UID);
		struct fwt_test_pkt k = from_here(family);
		u64 kept = reason(ns, FWT_REASON_UNKNOWN_KEPT);
		size_t len;
		void *blob;

		in_set(yes, &uid, 1, &uid, 1);
		in_set(other, &no, 1, &no, 1);
		f = made_by(family, uid, 777, &sock);
		KUNIT_ASSERT_FALSE(test, IS_ERR(f));
		apply(test, ns, yes);
		KUNIT_EXPECT_TRUE(test, leaves(test, &k, sock->sk));
		blob = fwt_test_build(test, yes, &len);
		fwt_test_apply(test, ns, blob, len);
		KUNIT_EXPECT_TRUE_MSG(test, leaves(test, &k, sock->sk), "IPv%u: still his", family);
		KUNIT_EXPECT_EQ_MSG(test, reason(ns, FWT_REASON_UNKNOWN_KEPT), kept,
				    "IPv%u: and that is known", family);
		blob = fwt_test_build(test, other, &len);
		fwt_test_apply(test, ns, blob, len);
		KUNIT_EXPECT_TRUE_MSG(test, leaves(test, &k, NULL), "IPv%u: nobody says whose",
				      family);
		KUNIT_EXPECT_EQ_MSG(test, reason(ns, FWT_REASON_UNKNOWN_KEPT), kept + 1,
				    "IPv%u: it is left", family);
		blob = fwt_test_build(test, other, &len);
		fwt_test_apply(test, ns, blob, len);
		KUNIT_EXPECT_FALSE_MSG(test, leaves(test, &k, sock->sk), "IPv%u: not his", family);
		__fput_sync(f);
	}
	fwt_test_clear(test, ns);
}

/* @is of what starts here for a host at d1, and not of what @change makes of that. */
static void route(struct kunit *test, u8 field, const u32 *is, u32 words, const u32 *is6,
		  u32 words6, void (*change)(struct fwt_test_pkt *k))
{
	u8 f;

	for_each_family(f) {
		struct fwt_test_pkt yes = from_here(f), no = yes;
		struct fwt_test_prog *p = at_egress(test, field);

		in_set(p, is, words, is6, words6);
		change(&no);
		expect(test, p, &yes, NULL, YES, "of this one");
		expect(test, p, &no, NULL, NO, "of another");
	}
}

/* A host at d0. */
static void for_d0(struct fwt_test_pkt *k)
{
	struct fwt_test_pkt other = fwt_test_between(k->family, IPPROTO_UDP);

	memcpy(k->dst, other.src, sizeof(k->dst));
}

static void from_d0(struct fwt_test_pkt *k)
{
	struct fwt_test_pkt other = fwt_test_between(k->family, IPPROTO_UDP);

	memcpy(k->src, other.src, sizeof(k->src));
}

static void to_another(struct fwt_test_pkt *k)
{
	k->dst[k->family == 6 ? 3 : 0]++;
}

static void to_itself(struct fwt_test_pkt *k)
{
	memcpy(k->dst, k->src, sizeof(k->dst));
}

static const u32 lo[4] = { 0x6c6f0000 }, d0[4] = { 0x64300000 }, d1[4] = { 0x64310000 };

static void route_oif(struct kunit *test)
{
	route(test, FWT_FIELD_ROUTE_OIF, d1, 4, d1, 4, for_d0);
}

static void route_type(struct kunit *test)
{
	u32 type = FWT_ROUTE_UNICAST;

	route(test, FWT_FIELD_ROUTE_TYPE, &type, 1, &type, 1, to_itself);
}

static void route_nexthop(struct kunit *test)
{
	struct fwt_test_pkt k = from_here(4), k6 = from_here(6);

	route(test, FWT_FIELD_ROUTE_NEXTHOP, k.dst, 1, k6.dst, 4, to_another);
}

static void route_saddr(struct kunit *test)
{
	struct fwt_test_pkt k = from_here(4), k6 = from_here(6);

	route(test, FWT_FIELD_ROUTE_SADDR, k.src, 1, k6.src, 4, for_d0);
}

static void route_reverse(struct kunit *test)
{
	route(test, FWT_FIELD_ROUTE_REVERSE, lo, 4, lo, 4, from_d0);
}

/* It goes by d1, and by d0 behind what @m does to it; what does not is dropped.
 *
 * 0 route oif d1? 1 : 4	1 @m -> 2	2 route oif d0? 3 : 4	3 accept	4 drop
 */
static struct fwt_test_prog *behind(struct kunit *test, u8 hook, const struct fwt_prog_mod *m)
{
	struct fwt_test_prog *p = at_egress(test, FWT_FIELD_ROUTE_OIF);

	p->hook[0].hook = hook;
	p->n[FWT_SEC_NODES] = 0;
	in_set(p, d0, 4, d0, 4);
	p->test[1] = p->test[0];
	p->n[FWT_SEC_TESTS] = 2;
	in_set(p, d1, 4, d1, 4);
	fwt_test_node(p, FWT_NODE_TEST, 0, 1, 4);
	fwt_test_mod(p, m, 2);
	fwt_test_node(p, FWT_NODE_TEST, 1, 3, 4);
	fwt_test_verdict(p, FWT_VERDICT_ACCEPT, 0);
	fwt_test_verdict(p, FWT_VERDICT_DROP, 0);
	return p;
}

/* What comes in for d1, at ingress. */
static bool comes(struct kunit *test, u8 family)
{
	struct fwt_test_pkt k = fwt_test_between(family, IPPROTO_UDP);
	struct sk_buff *skb = fwt_test_skb(&k, ns->in);
	bool yes;

	KUNIT_ASSERT_NOT_NULL(test, skb);
	yes = fwt_test_pass(ns, NF_INET_PRE_ROUTING, skb) == NF_ACCEPT;
	if (yes)
		kfree_skb(skb);
	return yes;
}

/* What starts here for d1, with the route that it has by then. By which it leaves in the
 * end, NULL where it does not.
 */
static const struct net_device *led_by(struct kunit *test, u8 family)
{
	struct fwt_test_pkt k = from_here(family);
	struct sk_buff *skb = fwt_test_skb(&k, ns->out);
	const struct net_device *dev;
	struct dst_entry *dst;
	struct flowi fl = { };
	int ret;
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, skb);
	if (family == 4)
		fl.u.ip4.daddr = cpu_to_be32(k.dst[0]);
	else
		for (i = 0; i < 4; i++)
			fl.u.ip6.daddr.s6_addr32[i] = cpu_to_be32(k.dst[i]);
	rcu_read_lock();
	ret = nf_route(ns->net, &dst, &fl, false, family == 4 ? AF_INET : AF_INET6);
	rcu_read_unlock();
	KUNIT_ASSERT_EQ(test, ret, 0);
	skb_dst_set(skb, dst);
	skb->skb_iif = 0;
	if (fwt_test_pass(ns, NF_INET_LOCAL_OUT, skb) != NF_ACCEPT)
		return NULL;
	skb->dev = skb_dst(skb)->dev;
	dev = skb->dev;
	if (fwt_test_pass(ns, NF_INET_POST_ROUTING, skb) != NF_ACCEPT)
		return NULL;
	kfree_skb(skb);
	return dev;
}

/* By a mark that the walk has set a moment before, where a rule of routing asks for it. */
static void by_mark(struct kunit *test)
{
	const struct fwt_prog_mod mark = { .type = FWT_MOD_SET_MARK, .a = 7 };
	static const char *const rules[] = {
		"rule add fwmark 7 lookup 100", "-6 rule add fwmark 7 lookup 100",
		"route add 203.0.113.0/24 dev d0 table 100",
		"-6 route add 2001:db8:2::/64 dev d0 table 100",
	};
	u32 ruled, i;
	u8 f;

	for (ruled = 0; ruled < 2; ruled++) {
		for (i = 0; ruled && i < ARRAY_SIZE(rules); i++)
			KUNIT_EXPECT_EQ_MSG(test, fwt_test_ip(ns, rules[i]), 0, "%s", rules[i]);
		for_each_family(f) {
			apply(test, ns, behind(test, FWT_HOOK_INGRESS, &mark));
			KUNIT_EXPECT_EQ_MSG(test, comes(test, f), ruled, "IPv%u, ingress", f);
			apply(test, ns, behind(test, FWT_HOOK_EGRESS, &mark));
			KUNIT_EXPECT_PTR_EQ_MSG(test, led_by(test, f), ruled ? ns->in : NULL,
						"IPv%u, egress%s", f, ruled ? ", by the rule" : "");
		}
	}
	KUNIT_EXPECT_EQ(test, fwt_test_ip(ns, "rule del fwmark 7 lookup 100"), 0);
	KUNIT_EXPECT_EQ(test, fwt_test_ip(ns, "-6 rule del fwmark 7 lookup 100"), 0);
	fwt_test_clear(test, ns);
}

/* By the destination that it is led to. */
static void by_dnat(struct kunit *test)
{
	u8 f;

	for_each_family(f) {
		struct fwt_test_pkt k = fwt_test_between(f, IPPROTO_UDP);
		struct fwt_prog_mod m = { .type = FWT_MOD_DNAT, .family = f };

		k.src[f == 6 ? 3 : 0]++;
		memcpy(m.addr_lo, k.src, sizeof(m.addr_lo));
		memcpy(m.addr_hi, k.src, sizeof(m.addr_hi));
		apply(test, ns, behind(test, FWT_HOOK_INGRESS, &m));
		KUNIT_EXPECT_TRUE_MSG(test, comes(test, f), "IPv%u, ingress", f);
		apply(test, ns, behind(test, FWT_HOOK_EGRESS, &m));
		KUNIT_EXPECT_PTR_EQ_MSG(test, led_by(test, f), ns->in, "IPv%u, egress", f);
	}
	fwt_test_clear(test, ns);
}

/* Those that are asked of the world, by field. */
static const struct row fields[] = {
	{ "route oif", FWT_FIELD_ROUTE_OIF, route_oif },
	{ "route type", FWT_FIELD_ROUTE_TYPE, route_type },
	{ "route nexthop", FWT_FIELD_ROUTE_NEXTHOP, route_nexthop },
	{ "route saddr", FWT_FIELD_ROUTE_SADDR, route_saddr },
	{ "route reverse", FWT_FIELD_ROUTE_REVERSE, route_reverse },
	{ "uid", FWT_FIELD_UID, ask_uid },
	{ "gid", FWT_FIELD_GID, ask_gid },
	{ "cgroup", FWT_FIELD_CGROUP, ask_cgroup },
};

KUNIT_ARRAY_PARAM(fields, fields, row_name);

static void each(struct kunit *test)
{
	run_row(test, ns);
}

static void every_one_is_here(struct kunit *test)
{
	u64 all = 0;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(fields); i++)
		all |= 1ull << fields[i].op;
	KUNIT_EXPECT_EQ(test, all, FWT_FIELDS_ASKED);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(each, fields_gen_params),
	KUNIT_CASE(afresh),
	KUNIT_CASE(by_mark),
	KUNIT_CASE(by_dnat),
	KUNIT_CASE(every_one_is_here),
	{ }
};

FWT_TEST_SUITE_IN_NS("fwtree-nodes-local", ns, cases);
