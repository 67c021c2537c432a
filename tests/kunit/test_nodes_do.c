// SPDX-License-Identifier: GPL-2.0
/*
 * What nodes do, each through the hooks: a program of one modifier, and the packet, its
 * connection or the world as they are behind it, for both families. As in
 * test_nodes_ask.c, every_one_is_here() knows the list of them.
 */
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/dsfield.h>

#include "nodes.h"

static struct fwt_test_ns *ns;

/* Node 0 does it at @hook, and where a map gives nothing drops; else all is accepted. */
static struct fwt_test_prog *doing(struct kunit *test, u8 hook, const struct fwt_prog_mod *m)
{
	struct fwt_test_prog *p = fwt_test_prog_new(test);
	u32 rule = fwt_test_rule(p, 1);

	fwt_test_mod(p, m, 1);
	p->node[0].no = m->flags & FWT_MOD_MAP ? 2 : 0;
	fwt_test_verdict(p, FWT_VERDICT_ACCEPT, rule);
	fwt_test_verdict(p, FWT_VERDICT_DROP, rule);
	fwt_test_hook(p, hook, 0, NULL);
	return p;
}

static void does(struct kunit *test, u8 hook, const struct fwt_prog_mod *m)
{
	apply(test, ns, doing(test, hook, m));
}

/* Through both hooks; what it becomes is in @to. */
static struct sk_buff *goes(struct kunit *test, const struct fwt_test_pkt *k,
			    struct fwt_test_pkt *to)
{
	struct sk_buff *skb = fwt_test_skb(k, ns->in);

	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb = fwt_test_forward(ns, skb, false);
	KUNIT_ASSERT_NOT_NULL_MSG(test, skb, "IPv%u: was dropped", k->family);
	KUNIT_EXPECT_TRUE_MSG(test, fwt_test_sums_ok(skb), "IPv%u: checksums", k->family);
	fwt_test_read(skb, to);
	return skb;
}

static struct fwt_test_pkt becomes(struct kunit *test, const struct fwt_test_pkt *k)
{
	struct fwt_test_pkt to;

	kfree_skb(goes(test, k, &to));
	return to;
}

static void expect_addr(struct kunit *test, u8 family, const u32 *is, const u32 *want,
			const char *what)
{
	KUNIT_EXPECT_EQ_MSG(test, memcmp(is, want, family == 6 ? 16 : 4), 0,
			    "IPv%u: %s is %08x, wanted %08x", family, what,
			    is[family == 6 ? 3 : 0], want[family == 6 ? 3 : 0]);
}

struct look {
	u32 n;
	u32 ct_mark;
};

static int look_at(struct fwt_conn *c, void *ctx)
{
	const struct fwt_conn_more *m;
	struct look *l = ctx;

	l->n++;
	rcu_read_lock();
	m = rcu_dereference(c->more);
	l->ct_mark = m ? m->ct_mark : 0;
	rcu_read_unlock();
	return 0;
}

static struct look the_one(void)
{
	struct fwt_hash_walk walk = { };
	struct look l = { };

	fwt_conns_walk(ns->fn, &walk, look_at, &l);
	return l;
}

static const u32 host[2][4] = { { 0x0a000009 }, { 0x20010db8, 0x990000, 0, 9 } };

/* The gateway's own address at a device: host 1 of its net. */
static struct fwt_test_pkt own(const struct fwt_test_pkt *k)
{
	struct fwt_test_pkt o = *k;
	u32 at = k->family == 6 ? 3 : 0;

	o.src[at] = (o.src[at] & ~0xffu) | 1;
	o.dst[at] = (o.dst[at] & ~0xffu) | 1;
	return o;
}

static struct fwt_prog_mod to_host(u8 type, u8 family)
{
	struct fwt_prog_mod m = { .type = type, .family = family };

	memcpy(m.addr_lo, host[family == 6], sizeof(m.addr_lo));
	memcpy(m.addr_hi, host[family == 6], sizeof(m.addr_hi));
	return m;
}

static void do_snat(struct kunit *test)
{
	u8 f;

	for_each_family(f) {
		struct fwt_test_pkt k = fwt_test_between(f, IPPROTO_UDP), to;
		struct fwt_prog_mod m = to_host(FWT_MOD_SNAT, f);

		does(test, FWT_HOOK_EGRESS, &m);
		to = becomes(test, &k);
		expect_addr(test, f, to.src, host[f == 6], "the source");
		expect_addr(test, f, to.dst, k.dst, "the destination");

		m.flags = FWT_MOD_PORTS;
		m.port_lo = 4000;
		m.port_hi = 4007;
		does(test, FWT_HOOK_EGRESS, &m);
		to = becomes(test, &k);
		KUNIT_EXPECT_TRUE_MSG(test, to.sport >= 4000 && to.sport <= 4007,
				      "IPv%u: port %u", f, to.sport);
	}
}

/* One inside socket, one outside port, whoever it talks to. */
static void do_endpoint_independent(struct kunit *test)
{
	u8 f;

	for_each_family(f) {
		struct fwt_test_pkt k = fwt_test_between(f, IPPROTO_UDP), first, to;
		struct fwt_prog_mod m = to_host(FWT_MOD_SNAT, f);
		u32 i, same[2] = { };

		m.port_lo = 4000;
		m.port_hi = 4999;
		for (i = 0; i < 16; i++) {
			if (i % 8 == 0) {
				m.flags = FWT_MOD_PORTS | FWT_MOD_RANDOM |
					  (i ? FWT_MOD_ENDPOINT_INDEPENDENT : 0);
				does(test, FWT_HOOK_EGRESS, &m);
			}
			k.dst[f == 6 ? 3 : 0]++;
			to = becomes(test, &k);
			if (i % 8 == 0)
				first = to;
			same[i / 8] += to.sport == first.sport;
		}
		KUNIT_EXPECT_LT_MSG(test, same[0], 8, "IPv%u: others without it", f);
		KUNIT_EXPECT_EQ_MSG(test, same[1], 8, "IPv%u: the same with it", f);
	}
}

/* One source keeps its address of a range; several don't share one. */
static void do_persistent(struct kunit *test)
{
	u8 f;

	for_each_family(f) {
		struct fwt_test_pkt k = fwt_test_between(f, IPPROTO_UDP), first, to;
		struct fwt_prog_mod m = to_host(FWT_MOD_SNAT, f);
		u32 at = f == 6 ? 3 : 0, i, other = 0;

		m.addr_lo[at] &= ~0xffu;
		m.addr_hi[at] |= 0xff;
		m.flags = FWT_MOD_PERSISTENT;
		does(test, FWT_HOOK_EGRESS, &m);
		first = becomes(test, &k);
		for (i = 0; i < 8; i++) {
			k.sport++;
			to = becomes(test, &k);
			expect_addr(test, f, to.src, first.src, "the same source's");
		}
		for (i = 0; i < 8; i++) {
			k.src[at]++;
			to = becomes(test, &k);
			other += to.src[at] != first.src[at];
		}
		KUNIT_EXPECT_GT_MSG(test, other, 4, "IPv%u: other sources'", f);
	}
}

static void do_masquerade(struct kunit *test)
{
	u8 f;

	for_each_family(f) {
		struct fwt_test_pkt k = fwt_test_between(f, IPPROTO_UDP), to, gw = own(&k);

		does(test, FWT_HOOK_EGRESS, &(struct fwt_prog_mod){ .type = FWT_MOD_MASQUERADE });
		to = becomes(test, &k);
		expect_addr(test, f, to.src, gw.dst, "the source");
	}
}

static void do_dnat(struct kunit *test)
{
	u8 f;

	for_each_family(f) {
		struct fwt_test_pkt k = fwt_test_between(f, IPPROTO_UDP), to, gw = own(&k);
		struct fwt_prog_mod m = to_host(FWT_MOD_DNAT, f);
		struct fwt_test_prog *p;

		m.flags = FWT_MOD_PORTS;
		m.port_lo = 5353;
		m.port_hi = 5353;
		does(test, FWT_HOOK_INGRESS, &m);
		to = becomes(test, &k);
		expect_addr(test, f, to.dst, host[f == 6], "the destination");
		KUNIT_EXPECT_EQ_MSG(test, to.dport, 5353, "IPv%u", f);

		/* To the address of an interface. */
		p = doing(test, FWT_HOOK_INGRESS,
			  &(struct fwt_prog_mod){ .type = FWT_MOD_DNAT, .flags = FWT_MOD_IFADDR });
		p->mod[0].addr_lo[0] = fwt_test_string(p, "d1");
		apply(test, ns, p);
		to = becomes(test, &k);
		expect_addr(test, f, to.dst, gw.dst, "that of d1");
		KUNIT_EXPECT_EQ_MSG(test, to.dport, 53, "IPv%u", f);
	}
}

static void do_redirect(struct kunit *test)
{
	u8 f;

	for_each_family(f) {
		struct fwt_test_pkt k = fwt_test_between(f, IPPROTO_UDP), to, gw = own(&k);
		struct fwt_prog_mod m = {
			.type = FWT_MOD_REDIRECT, .flags = FWT_MOD_PORTS,
			.port_lo = 8080, .port_hi = 8080,
		};

		does(test, FWT_HOOK_INGRESS, &m);
		to = becomes(test, &k);
		expect_addr(test, f, to.dst, gw.src, "that of d0");
		KUNIT_EXPECT_EQ_MSG(test, to.dport, 8080, "IPv%u", f);
	}
}

/* The first 24 or 64 bits become host's, the others stay. */
static void netmap(struct kunit *test, u8 f, u8 hook)
{
	struct fwt_test_pkt k = fwt_test_between(f, IPPROTO_UDP), to;
	struct fwt_prog_mod m = to_host(FWT_MOD_NETMAP, f);
	u32 want[4], at = f == 6 ? 3 : 0;

	m.addr_lo[at] &= ~0xffu;
	m.addr_hi[at] |= 0xff;
	if (f == 6) {
		m.addr_lo[3] = 0;
		m.addr_hi[2] = ~0u;
		m.addr_hi[3] = ~0u;
	}
	memcpy(want, m.addr_lo, sizeof(want));
	want[at] |= 2;
	does(test, hook, &m);
	to = becomes(test, &k);
	if (hook == FWT_HOOK_INGRESS)
		expect_addr(test, f, to.dst, want, "the destination");
	else
		expect_addr(test, f, to.src, want, "the source");
}

static void do_netmap(struct kunit *test)
{
	u8 f;

	for_each_family(f) {
		netmap(test, f, FWT_HOOK_INGRESS);
		netmap(test, f, FWT_HOOK_EGRESS);
	}
}

/* Of a packet, and of the next one of its connection, which walks nothing. */
static void sets_at(struct kunit *test, u8 f, u8 hook, const struct fwt_prog_mod *m,
		    u32 (*get)(const struct sk_buff *skb))
{
	struct fwt_test_pkt k = fwt_test_between(f, IPPROTO_UDP), to;
	struct sk_buff *skb;
	u32 i;

	does(test, hook, m);
	for (i = 0; i < 2; i++) {
		skb = goes(test, &k, &to);
		KUNIT_EXPECT_EQ_MSG(test, get(skb), m->a, "IPv%u, hook %u, packet %u", f, hook, i);
		kfree_skb(skb);
	}
}

static void sets(struct kunit *test, u8 type, u32 value, u32 (*get)(const struct sk_buff *skb))
{
	struct fwt_prog_mod m = { .type = type, .a = value };
	u8 f;

	for_each_family(f) {
		sets_at(test, f, FWT_HOOK_INGRESS, &m, get);
		sets_at(test, f, FWT_HOOK_EGRESS, &m, get);
	}
}

static u32 mark_of(const struct sk_buff *skb)
{
	return skb->mark;
}

static u32 priority_of(const struct sk_buff *skb)
{
	return skb->priority;
}

static u32 dscp_of(const struct sk_buff *skb)
{
	return (ip_hdr(skb)->version == 6 ? ipv6_get_dsfield(ipv6_hdr(skb)) :
					    ip_hdr(skb)->tos) >> 2;
}

static u32 ttl_of(const struct sk_buff *skb)
{
	return ip_hdr(skb)->version == 6 ? ipv6_hdr(skb)->hop_limit : ip_hdr(skb)->ttl;
}

/* By a number, by a field's, by a map's. */
static void do_set_mark(struct kunit *test)
{
	u8 f;

	sets(test, FWT_MOD_SET_MARK, 0x55, mark_of);
	for_each_family(f) {
		struct fwt_test_pkt k = fwt_test_between(f, IPPROTO_UDP), to;
		struct sk_buff *skb;

		does(test, FWT_HOOK_INGRESS, &(struct fwt_prog_mod){
			.type = FWT_MOD_SET_MARK, .flags = FWT_MOD_FIELD, .a = FWT_FIELD_DPORT });
		skb = goes(test, &k, &to);
		KUNIT_EXPECT_EQ_MSG(test, skb->mark, 53, "IPv%u: by a field", f);
		kfree_skb(skb);
	}
}

static void do_set_priority(struct kunit *test)
{
	sets(test, FWT_MOD_SET_PRIORITY, 3, priority_of);
}

static void do_set_dscp(struct kunit *test)
{
	sets(test, FWT_MOD_SET_DSCP, 46, dscp_of);
}

static void do_set_ttl(struct kunit *test)
{
	sets(test, FWT_MOD_SET_TTL, 9, ttl_of);
}

static void do_set_ct_mark(struct kunit *test)
{
	u8 f;

	for_each_family(f) {
		struct fwt_test_pkt k = fwt_test_between(f, IPPROTO_UDP), to;
		struct sk_buff *skb;

		does(test, FWT_HOOK_INGRESS,
		     &(struct fwt_prog_mod){ .type = FWT_MOD_SET_CT_MARK, .a = 5 });
		skb = goes(test, &k, &to);
		KUNIT_EXPECT_EQ_MSG(test, the_one().ct_mark, 5, "IPv%u", f);
		KUNIT_EXPECT_EQ_MSG(test, skb->mark, 0, "IPv%u: packets don't show it", f);
		kfree_skb(skb);
	}
}

/* What a SYN that offers @mss offers in the end. */
static u16 offered(struct kunit *test, u8 family, u16 mss)
{
	struct fwt_test_pkt k = fwt_test_between(family, IPPROTO_TCP);
	u32 l3 = family == 6 ? 40 : 20;
	u8 option[4] = { 2, 4, mss >> 8, mss & 0xff };
	struct sk_buff *skb;
	__sum16 *sum;

	/* The option is made of four bytes of payload, whose sum stays. */
	k.sport += mss;
	k.payload = sizeof(option);
	k.body = option;
	skb = fwt_test_skb(&k, ns->in);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	sum = (__sum16 *)(skb->data + l3 + 16);
	csum_replace2(sum, htons(5 << 12 | FWT_TCP_SYN), htons(6 << 12 | FWT_TCP_SYN));
	skb->data[l3 + 12] = 6 << 4;
	skb = fwt_test_forward(ns, skb, false);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_TRUE_MSG(test, fwt_test_sums_ok(skb), "IPv%u: checksums", family);
	mss = get_unaligned_be16(skb->data + l3 + 22);
	kfree_skb(skb);
	return mss;
}

static void do_set_mss(struct kunit *test)
{
	u8 f;

	for_each_family(f) {
		does(test, FWT_HOOK_EGRESS,
		     &(struct fwt_prog_mod){ .type = FWT_MOD_SET_MSS, .a = 1000 });
		KUNIT_EXPECT_EQ_MSG(test, offered(test, f, 1460), 1000, "IPv%u", f);
		KUNIT_EXPECT_EQ_MSG(test, offered(test, f, 900), 900, "IPv%u: never raised", f);
	}
}

static void do_mss_clamp(struct kunit *test)
{
	u8 f;

	KUNIT_ASSERT_EQ(test, fwt_test_ip(ns, "link set d1 mtu 1300"), 0);
	for_each_family(f) {
		u16 most = 1300 - (f == 6 ? 60 : 40);

		does(test, FWT_HOOK_EGRESS, &(struct fwt_prog_mod){ .type = FWT_MOD_MSS_CLAMP });
		KUNIT_EXPECT_EQ_MSG(test, offered(test, f, 1440), most, "IPv%u", f);
		KUNIT_EXPECT_EQ_MSG(test, offered(test, f, 900), 900, "IPv%u: never raised", f);
	}
	KUNIT_ASSERT_EQ(test, fwt_test_ip(ns, "link set d1 mtu 1500"), 0);
}

/* A frame of VLAN 8, by its device's hook. */
static void do_set_vlan(struct kunit *test)
{
	u8 f;

	for_each_family(f) {
		struct fwt_test_pkt k = fwt_test_between(f, IPPROTO_UDP);
		struct fwt_test_prog *p = doing(test, FWT_HOOK_DEV_INGRESS,
			&(struct fwt_prog_mod){ .type = FWT_MOD_SET_VLAN, .a = 9 });
		struct sk_buff *skb = fwt_test_skb(&k, ns->in);

		KUNIT_ASSERT_NOT_NULL(test, skb);
		p->hook[0].dev = fwt_test_string(p, "d0");
		apply(test, ns, p);
		__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021Q), 3 << VLAN_PRIO_SHIFT | 8);
		KUNIT_ASSERT_EQ(test, fwt_test_at_device(ns, skb), NF_ACCEPT);
		KUNIT_EXPECT_EQ_MSG(test, skb_vlan_tag_get_id(skb), 9, "IPv%u", f);
		KUNIT_EXPECT_EQ_MSG(test, skb_vlan_tag_get_prio(skb), 3, "IPv%u", f);
		kfree_skb(skb);
	}
}

static void do_notrack(struct kunit *test)
{
	u8 f;

	for_each_family(f) {
		struct fwt_test_pkt k = fwt_test_between(f, IPPROTO_UDP);

		does(test, FWT_HOOK_INGRESS, &(struct fwt_prog_mod){ .type = FWT_MOD_NOTRACK });
		becomes(test, &k);
		KUNIT_EXPECT_EQ_MSG(test, the_one().n, 0, "IPv%u", f);
		does(test, FWT_HOOK_INGRESS,
		     &(struct fwt_prog_mod){ .type = FWT_MOD_SET_MARK, .a = 1 });
		becomes(test, &k);
		KUNIT_EXPECT_EQ_MSG(test, the_one().n, 1, "IPv%u: without it", f);
	}
}

/* None a second: each line is one too many, which is noted. */
static void logs(struct kunit *test, u8 type)
{
	u8 f;

	for_each_family(f) {
		struct fwt_test_pkt k = fwt_test_between(f, IPPROTO_UDP);
		struct fwt_test_prog *p = doing(test, FWT_HOOK_INGRESS,
			&(struct fwt_prog_mod){ .type = type, .a = FWT_NONE, .port_lo = 3 });

		fwt_test_option(p, FWT_OPTION_LOG_RATE, 0);
		apply(test, ns, p);
		flush_delayed_work(&ns->fn->tell_lost);
		KUNIT_ASSERT_EQ(test, atomic_read(&ns->fn->lines_lost), 0);
		becomes(test, &k);
		KUNIT_EXPECT_EQ_MSG(test, atomic_read(&ns->fn->lines_lost), 1, "IPv%u", f);
		becomes(test, &k);
		KUNIT_EXPECT_EQ_MSG(test, atomic_read(&ns->fn->lines_lost), 1,
				    "IPv%u: once a connection", f);
		flush_delayed_work(&ns->fn->tell_lost);
	}
}

static void do_log(struct kunit *test)
{
	logs(test, FWT_MOD_LOG);
}

static void do_nflog(struct kunit *test)
{
	logs(test, FWT_MOD_NFLOG);
}

static void do_count(struct kunit *test)
{
	u8 f;

	for_each_family(f) {
		struct fwt_test_pkt k = fwt_test_between(f, IPPROTO_UDP);
		struct fwt_test_prog *p = doing(test, FWT_HOOK_INGRESS,
			&(struct fwt_prog_mod){ .type = FWT_MOD_COUNT });
		struct fwt_slot_count sum, was;

		p->counter[0] = fwt_test_string(p, "hits");
		p->n[FWT_SEC_COUNTERS] = 1;
		apply(test, ns, p);
		mutex_lock(&ns->fn->lock);
		fwt_slot_read(ns->fn, fwt_policy_locked(ns->fn)->slot[1], &was);
		mutex_unlock(&ns->fn->lock);
		becomes(test, &k);
		mutex_lock(&ns->fn->lock);
		fwt_slot_read(ns->fn, fwt_policy_locked(ns->fn)->slot[1], &sum);
		mutex_unlock(&ns->fn->lock);
		KUNIT_EXPECT_EQ_MSG(test, sum.packets - was.packets, 1, "IPv%u", f);
		KUNIT_EXPECT_EQ_MSG(test, sum.bytes - was.bytes, f == 6 ? 80 : 60, "IPv%u", f);
	}
}

/* An empty live set of ports, or with @first; test 0 asks it for the source port. */
static void ports(struct fwt_test_prog *p, bool map, u32 port)
{
	struct fwt_prog_object *o = &p->object[p->n[FWT_SEC_OBJECTS]++];

	p->word[0] = port;
	p->word[1] = port;
	p->word[2] = 77;	/* what it gives */
	p->n[FWT_SEC_WORDS] = 3;
	p->set[0] = (struct fwt_prog_set){
		.kind = FWT_SET_BOXES, .words = 1, .n_dims = 1, .dim = { 1 }, .count = 1,
		.value = FWT_NONE,
	};
	p->n[FWT_SEC_SETS] = 1;
	*o = (struct fwt_prog_object){
		.key = 50 + map, .kind = FWT_OBJECT_SET, .name = fwt_test_string(p, "ports"),
		.param = { 1 | map << 8, FWT_SET_TYPE_PORT, map ? FWT_SET_TYPE_MARK : 0, 0, 0, 100,
			   map ? 0 : FWT_NONE, FWT_NONE, map ? 2 : FWT_NONE, FWT_NONE },
	};
	p->test[0] = (struct fwt_prog_test){
		.op = FWT_TEST_LIVE, .n_fields = 1, .field = { FWT_FIELD_SPORT },
		.mask = { FWT_NONE, FWT_NONE },
	};
	p->n[FWT_SEC_TESTS] = 1;
}

static void do_map(struct kunit *test)
{
	u8 f;

	for_each_family(f) {
		struct fwt_test_pkt k = fwt_test_between(f, IPPROTO_UDP), to;
		struct fwt_test_prog *p = doing(test, FWT_HOOK_INGRESS,
			&(struct fwt_prog_mod){ .type = FWT_MOD_SET_MARK, .flags = FWT_MOD_MAP });
		struct sk_buff *skb;

		ports(p, true, k.sport);
		apply(test, ns, p);
		skb = goes(test, &k, &to);
		KUNIT_EXPECT_EQ_MSG(test, skb->mark, 77, "IPv%u", f);
		kfree_skb(skb);
		k.sport++;
		skb = fwt_test_forward(ns, fwt_test_skb(&k, ns->in), false);
		KUNIT_EXPECT_NULL_MSG(test, skb, "IPv%u: what the map does not have", f);
		kfree_skb(skb);
	}
}

/* A source port that is in the set is taken out, and marked 2; else put in, marked 1. */
static void in_and_out(struct kunit *test)
{
	u8 f;

	for_each_family(f) {
		struct fwt_test_pkt k = fwt_test_between(f, IPPROTO_UDP), to;
		struct fwt_test_prog *p = fwt_test_prog_new(test);
		u32 rule = fwt_test_rule(p, 1), i;
		struct sk_buff *skb;

		ports(p, false, 0);
		fwt_test_node(p, FWT_NODE_TEST, 0, 1, 3);				/* 0 */
		fwt_test_mod(p, &(struct fwt_prog_mod){ .type = FWT_MOD_SET_REMOVE }, 2);
		fwt_test_mod(p, &(struct fwt_prog_mod){ .type = FWT_MOD_SET_MARK, .a = 2 }, 5);
		fwt_test_mod(p, &(struct fwt_prog_mod){ .type = FWT_MOD_SET_ADD }, 4);	/* 3 */
		fwt_test_mod(p, &(struct fwt_prog_mod){ .type = FWT_MOD_SET_MARK, .a = 1 }, 5);
		fwt_test_verdict(p, FWT_VERDICT_ACCEPT, rule);				/* 5 */
		fwt_test_hook(p, FWT_HOOK_INGRESS, 0, NULL);
		apply(test, ns, p);
		for (i = 0; i < 4; i++, k.dport++) {
			skb = goes(test, &k, &to);
			KUNIT_EXPECT_EQ_MSG(test, skb->mark, 1 + i % 2, "IPv%u, packet %u", f, i);
			kfree_skb(skb);
		}
	}
}

/* To a pool's server; where it has none of the family, dropped, or refused. */
static void do_balance(struct kunit *test)
{
	u8 f;

	for_each_family(f) {
		struct fwt_test_pkt k = fwt_test_between(f, IPPROTO_UDP), to;
		struct fwt_test_prog *p;
		struct sk_buff *skb;
		u64 none, rejected, told;
		u32 i;

		for (i = 0; i < 3; i++) {
			p = fwt_test_prog_new(test);
			/* The first has a server of the family, the others have not. */
			fwt_test_server(p, i ? 10 - f : f, 9, 80, 1);
			fwt_test_pool(p, "p", FWT_SCHEDULE_MAGLEV, 0);
			fwt_test_mod(p, &(struct fwt_prog_mod){
				.type = FWT_MOD_BALANCE, .flags = i == 2 ? FWT_MOD_OR_REJECT : 0,
				.addr_lo = { i == 2 ? FWT_REJECT_ADMIN_PROHIBITED : 0 } }, 1);
			fwt_test_verdict(p, FWT_VERDICT_ACCEPT, fwt_test_rule(p, 1));
			fwt_test_hook(p, FWT_HOOK_INGRESS, 0, NULL);
			apply(test, ns, p);
			none = reason(ns, FWT_REASON_NO_SERVER);
			rejected = reason(ns, FWT_REASON_REJECT);
			told = sent(ns);
			if (!i) {
				to = becomes(test, &k);
				KUNIT_EXPECT_EQ_MSG(test, to.dst[f == 6 ? 3 : 0] & 0xff, 9,
						    "IPv%u", f);
				KUNIT_EXPECT_EQ_MSG(test, to.dport, 80, "IPv%u", f);
				continue;
			}
			skb = fwt_test_forward(ns, fwt_test_skb(&k, ns->in), false);
			KUNIT_EXPECT_NULL_MSG(test, skb, "IPv%u: no server", f);
			kfree_skb(skb);
			KUNIT_EXPECT_EQ_MSG(test, reason(ns, FWT_REASON_NO_SERVER), none + (i == 1),
					    "IPv%u", f);
			KUNIT_EXPECT_EQ_MSG(test, reason(ns, FWT_REASON_REJECT),
					    rejected + (i == 2), "IPv%u: or reject", f);
			KUNIT_EXPECT_EQ_MSG(test, sent(ns), told + (i == 2),
					    "IPv%u: answered where it says so", f);
		}
	}
}

static const struct row mods[] = {
	{ "snat", FWT_MOD_SNAT, do_snat },
	{ "masquerade", FWT_MOD_MASQUERADE, do_masquerade },
	{ "dnat", FWT_MOD_DNAT, do_dnat },
	{ "set_mark", FWT_MOD_SET_MARK, do_set_mark },
	{ "log", FWT_MOD_LOG, do_log },
	{ "count", FWT_MOD_COUNT, do_count },
	{ "redirect", FWT_MOD_REDIRECT, do_redirect },
	{ "netmap", FWT_MOD_NETMAP, do_netmap },
	{ "nflog", FWT_MOD_NFLOG, do_nflog },
	{ "set_ct_mark", FWT_MOD_SET_CT_MARK, do_set_ct_mark },
	{ "set_priority", FWT_MOD_SET_PRIORITY, do_set_priority },
	{ "set_dscp", FWT_MOD_SET_DSCP, do_set_dscp },
	{ "set_ttl", FWT_MOD_SET_TTL, do_set_ttl },
	{ "set_mss", FWT_MOD_SET_MSS, do_set_mss },
	{ "set_vlan", FWT_MOD_SET_VLAN, do_set_vlan },
	{ "mss_clamp", FWT_MOD_MSS_CLAMP, do_mss_clamp },
	{ "notrack", FWT_MOD_NOTRACK, do_notrack },
	{ "balance", FWT_MOD_BALANCE, do_balance },
	{ "set_add", FWT_MOD_SET_ADD, in_and_out },
	{ "set_remove", FWT_MOD_SET_REMOVE, in_and_out },
	{ "node: test_node_asked.c", FWT_MOD_NODE, NULL },
};

/* What modifiers say besides, by the case that asks it. */
static const struct row flags[] = {
	{ "random, endpoint_independent", FWT_MOD_RANDOM | FWT_MOD_ENDPOINT_INDEPENDENT,
	  do_endpoint_independent },
	{ "persistent", FWT_MOD_PERSISTENT, do_persistent },
	{ "ports, ifaddr", FWT_MOD_PORTS | FWT_MOD_IFADDR, do_dnat },
	{ "field", FWT_MOD_FIELD, do_set_mark },
	{ "map", FWT_MOD_MAP, do_map },
	{ "or_reject", FWT_MOD_OR_REJECT, do_balance },
};

KUNIT_ARRAY_PARAM(mods, mods, row_name);
KUNIT_ARRAY_PARAM(flags, flags, row_name);

static void each(struct kunit *test)
{
	run_row(test, ns);
}

static void every_one_is_here(struct kunit *test)
{
	u32 i, all = 0;

	BUILD_BUG_ON(ARRAY_SIZE(mods) != __FWT_MOD_MAX);
	for (i = 0; i < __FWT_MOD_MAX; i++)
		KUNIT_EXPECT_EQ_MSG(test, mods[i].op, i, "%s", mods[i].what);
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		all |= flags[i].op;
	KUNIT_EXPECT_EQ(test, all, FWT_MOD_RANDOM | FWT_MOD_PERSISTENT |
			FWT_MOD_ENDPOINT_INDEPENDENT | FWT_MOD_PORTS | FWT_MOD_IFADDR |
			FWT_MOD_FIELD | FWT_MOD_MAP | FWT_MOD_OR_REJECT);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(each, mods_gen_params),
	KUNIT_CASE_PARAM(each, flags_gen_params),
	KUNIT_CASE(every_one_is_here),
	{ }
};

FWT_TEST_SUITE_IN_NS("fwtree-nodes-do", ns, cases);
