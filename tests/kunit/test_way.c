// SPDX-License-Identifier: GPL-2.0
/* The way of a packet, from hook to hook, without translation. */
#include <linux/delay.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "carry.h"
#include "hook.h"
#include "hook_private.h"
#include "packets.h"
#include "policy.h"
#include "prog.h"
#include "way.h"
#include "core/packet.h"

static struct fwt_test_ns *ns;

static void finish(struct kunit *test)
{
	fwt_test_clear(test, ns);
}

static struct fwt_test_pkt answer_to(const struct fwt_test_pkt *k)
{
	struct fwt_test_pkt r = *k;

	memcpy(r.src, k->dst, sizeof(r.src));
	memcpy(r.dst, k->src, sizeof(r.dst));
	if (k->protocol == IPPROTO_ICMP) {
		r.icmp_type = 0;
	} else if (k->protocol == IPPROTO_ICMPV6) {
		r.icmp_type = 129;
	} else {
		r.sport = k->dport;
		r.dport = k->sport;
	}
	r.tcp_flags = FWT_TCP_SYN | FWT_TCP_ACK;
	r.seq = 5000;
	r.ack = k->seq + 1;
	return r;
}

static bool goes(struct kunit *test, const struct fwt_test_pkt *k, bool back)
{
	struct sk_buff *skb = fwt_test_skb(k, back ? ns->out : ns->in);

	KUNIT_ASSERT_NOT_NULL(test, skb);
	/* An echo reply of ICMP has type 0, which stands for a request here. */
	if (back && k->protocol == IPPROTO_ICMP) {
		u8 *icmp = skb->data + 20;

		icmp[0] = 0;
		inet_proto_csum_replace2((__sum16 *)(icmp + 2), skb, htons(0x0800),
					 0, false);
	}
	skb = fwt_test_forward(ns, skb, back);
	if (skb)
		KUNIT_EXPECT_TRUE_MSG(test, fwt_test_sums_ok(skb), "checksums");
	kfree_skb(skb);
	return skb;
}

static u64 reason(u32 r)
{
	struct fwt_stats s;

	fwt_stats_read(ns->fn, &s);
	return s.reason[r];
}

static u64 made(void)
{
	struct fwt_stats s;

	fwt_stats_read(ns->fn, &s);
	return s.created;
}

struct look {
	u32 n;
	u16 flags;
	u64 packets[2];
	u32 ttl;
	u32 gen;
	u32 iif;
	u32 oif;
};

static int look_at(struct fwt_conn *c, void *ctx)
{
	struct look *l = ctx;

	l->n++;
	l->flags = c->flags;
	l->packets[0] = c->packets[0];
	l->packets[1] = c->packets[1];
	l->ttl = fwt_conn_seconds(c);
	l->gen = c->gen;
	l->iif = c->iif;
	l->oif = c->oif;
	return 0;
}

static struct look the_one(void)
{
	struct fwt_hash_walk walk = { };
	struct look l = { };

	fwt_conns_walk(ns->fn, &walk, look_at, &l);
	return l;
}

static void always(struct kunit *test, u8 verdict)
{
	size_t len;
	void *blob = fwt_test_always(test, verdict, &len);

	fwt_test_apply(test, ns, blob, len);
}

static void there_and_back(struct kunit *test, u8 family, u8 protocol)
{
	struct fwt_test_pkt k = fwt_test_between(family, protocol), r = answer_to(&k);
	struct sk_buff *skb;
	struct look l;
	u64 before = made();

	always(test, FWT_VERDICT_ACCEPT);
	skb = fwt_test_skb(&k, ns->in);
	KUNIT_ASSERT_EQ(test, fwt_test_pass(ns, NF_INET_PRE_ROUTING, skb), NF_ACCEPT);
	l = the_one();
	KUNIT_ASSERT_EQ(test, l.n, 1);
	KUNIT_EXPECT_FALSE_MSG(test, l.flags & BIT(FWT_CONN_CONFIRMED), "tentative");
	KUNIT_EXPECT_LE(test, l.ttl, 2);
	KUNIT_EXPECT_EQ(test, l.iif, ns->in->ifindex);
	skb->dev = ns->out;
	KUNIT_ASSERT_EQ(test, fwt_test_pass(ns, NF_INET_POST_ROUTING, skb), NF_ACCEPT);
	kfree_skb(skb);
	l = the_one();
	KUNIT_EXPECT_TRUE_MSG(test, l.flags & BIT(FWT_CONN_CONFIRMED), "confirmed");
	KUNIT_EXPECT_GT(test, l.ttl, 2);
	KUNIT_EXPECT_EQ(test, l.oif, ns->out->ifindex);
	KUNIT_EXPECT_FALSE(test, l.flags & BIT(FWT_CONN_REPLIED));

	KUNIT_EXPECT_TRUE_MSG(test, goes(test, &r, true), "the answer");
	l = the_one();
	KUNIT_EXPECT_EQ_MSG(test, l.n, 1, "and no second connection");
	KUNIT_EXPECT_TRUE(test, l.flags & BIT(FWT_CONN_REPLIED));
	KUNIT_EXPECT_EQ(test, l.packets[FWT_ORIGINAL], 1);
	KUNIT_EXPECT_EQ(test, l.packets[FWT_REPLY], 1);
	KUNIT_EXPECT_EQ(test, made(), before + 1);
	finish(test);
}

static void connections(struct kunit *test)
{
	static const u8 protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP };
	u32 i;

	for (i = 0; i < 3; i++) {
		there_and_back(test, 4, protocols[i]);
		there_and_back(test, 6, protocols[i]);
	}
}

/* The first packet is lost between its hooks, say where it was queued, and an answer comes
 * all the same: it does not make a connection of it that looks as if it had stayed here,
 * by whatever hook the answer goes on.
 */
static void answered_halfway(struct kunit *test)
{
	u32 i;

	for (i = 0; i < 4; i++) {
		u8 last = i & 2 ? NF_INET_LOCAL_IN : NF_INET_POST_ROUTING;
		struct fwt_test_pkt k = fwt_test_between(i & 1 ? 6 : 4, IPPROTO_UDP);
		struct fwt_test_pkt r = answer_to(&k);
		struct sk_buff *skb;
		struct look l;

		always(test, FWT_VERDICT_ACCEPT);
		skb = fwt_test_skb(&k, ns->in);
		KUNIT_ASSERT_EQ(test, fwt_test_pass(ns, NF_INET_PRE_ROUTING, skb), NF_ACCEPT);
		kfree_skb(skb);
		skb = fwt_test_skb(&r, ns->out);
		KUNIT_ASSERT_EQ(test, fwt_test_pass(ns, NF_INET_PRE_ROUTING, skb), NF_ACCEPT);
		if (last == NF_INET_POST_ROUTING)
			skb->dev = ns->in;
		KUNIT_ASSERT_EQ(test, fwt_test_pass(ns, last, skb), NF_ACCEPT);
		kfree_skb(skb);
		l = the_one();
		KUNIT_EXPECT_EQ(test, l.n, 1);
		KUNIT_EXPECT_FALSE_MSG(test, l.flags & BIT(FWT_CONN_CONFIRMED),
				       "hook %u confirms what never left", last);
		KUNIT_EXPECT_LE(test, l.ttl, 2);
		/* Said again, whole: now it has left, and is answered. */
		KUNIT_EXPECT_TRUE(test, goes(test, &k, false));
		KUNIT_EXPECT_TRUE(test, goes(test, &r, true));
		l = the_one();
		KUNIT_EXPECT_EQ(test, l.n, 1);
		KUNIT_EXPECT_TRUE(test, l.flags & BIT(FWT_CONN_CONFIRMED));
		KUNIT_EXPECT_EQ(test, l.oif, ns->out->ifindex);
		finish(test);
	}
}

/* A connection is over while a packet of it is between its hooks. An answer begins none the
 * other way round, whose client would pass for a server: unasked, untranslated.
 */
static void over_between(struct kunit *test)
{
	u32 i;

	for (i = 0; i < 2; i++) {
		struct fwt_test_pkt k = fwt_test_between(i ? 6 : 4, IPPROTO_UDP);
		struct fwt_test_pkt r = answer_to(&k);
		u64 was = reason(FWT_REASON_INVALID);
		struct sk_buff *skb;

		always(test, FWT_VERDICT_ACCEPT);
		KUNIT_ASSERT_TRUE(test, goes(test, &k, false));
		KUNIT_ASSERT_TRUE(test, goes(test, &r, true));
		skb = fwt_test_skb(&r, ns->out);
		KUNIT_ASSERT_EQ(test, fwt_test_pass(ns, NF_INET_PRE_ROUTING, skb), NF_ACCEPT);
		KUNIT_ASSERT_EQ(test, fwt_conns_flush(ns->fn), 1);
		skb->dev = ns->in;
		KUNIT_EXPECT_EQ(test, NF_STOLEN,
				fwt_test_pass(ns, NF_INET_POST_ROUTING, skb) & NF_VERDICT_MASK);
		KUNIT_EXPECT_EQ(test, reason(FWT_REASON_INVALID), was + 1);
		KUNIT_EXPECT_EQ(test, the_one().n, 0);
		/* What the one who began it sends may begin it anew. */
		skb = fwt_test_skb(&k, ns->in);
		KUNIT_ASSERT_EQ(test, fwt_test_pass(ns, NF_INET_PRE_ROUTING, skb), NF_ACCEPT);
		KUNIT_ASSERT_EQ(test, fwt_conns_flush(ns->fn), 1);
		skb->dev = ns->out;
		KUNIT_EXPECT_EQ(test, fwt_test_pass(ns, NF_INET_POST_ROUTING, skb), NF_ACCEPT);
		kfree_skb(skb);
		KUNIT_EXPECT_EQ(test, the_one().n, 1);
		finish(test);
	}
}

static void unsolicited(struct kunit *test)
{
	struct fwt_test_pkt k = fwt_test_between(4, IPPROTO_TCP), r = answer_to(&k);
	struct fwt_test_prog *p = fwt_test_prog_new(test);
	u32 a, d, root;
	u64 was = reason(FWT_REASON_INVALID);
	size_t len;
	void *blob;

	/* invalid and untracked are dropped, what is new passes */
	root = fwt_test_range(p, FWT_FIELD_CT_STATE, FWT_CT_NEW, FWT_CT_NEW, 1, 2);
	a = fwt_test_verdict(p, FWT_VERDICT_ACCEPT, fwt_test_rule(p, 1));
	d = fwt_test_verdict(p, FWT_VERDICT_DROP, fwt_test_rule(p, 2));
	KUNIT_ASSERT_EQ(test, a, 1);
	KUNIT_ASSERT_EQ(test, d, 2);
	fwt_test_hook(p, FWT_HOOK_INGRESS, root, NULL);
	blob = fwt_test_build(test, p, &len);
	fwt_test_apply(test, ns, blob, len);
	KUNIT_EXPECT_FALSE_MSG(test, goes(test, &r, true), "an answer to nothing");
	KUNIT_EXPECT_EQ(test, the_one().n, 0);
	KUNIT_EXPECT_EQ_MSG(test, reason(FWT_REASON_INVALID), was + 1, "and is counted");
	KUNIT_EXPECT_TRUE(test, goes(test, &k, false));
	KUNIT_EXPECT_TRUE(test, goes(test, &r, true));
	finish(test);
}

static void wrong_checksum(struct kunit *test)
{
	struct fwt_test_pkt k = fwt_test_between(4, IPPROTO_UDP);
	struct sk_buff *skb;

	always(test, FWT_VERDICT_ACCEPT);
	skb = fwt_test_skb(&k, ns->in);
	skb->data[skb->len - 1] ^= 0x10;
	kfree_skb(fwt_test_forward(ns, skb, false));
	/* Accepted as invalid by this policy; but it opens nothing. */
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, the_one().n, 0);
	finish(test);
}

/* How often the rule of always() decided. */
static u64 decided(void)
{
	struct fwt_slot_count sum;

	mutex_lock(&ns->fn->lock);
	fwt_slot_read(ns->fn, fwt_policy_locked(ns->fn)->slot[0], &sum);
	mutex_unlock(&ns->fn->lock);
	return sum.hits;
}

/* What seems to begin a connection walks before it is looked up: where it does not, it is
 * as if nobody had asked.
 */
static void guessed(struct kunit *test, u8 family)
{
	struct fwt_test_pkt known = fwt_test_between(family, IPPROTO_UDP), other = known, answer;
	struct fwt_test_pkt syn = fwt_test_between(family, IPPROTO_TCP);
	struct sk_buff *skb;
	u64 was, hits, before;
	u32 i, round, n;

	always(test, FWT_VERDICT_ACCEPT);
	was = made();
	before = decided();
	KUNIT_EXPECT_TRUE(test, goes(test, &known, false));
	answer = answer_to(&known);
	for (round = 0; round < 2; round++) {
		for (i = 0; i < 12; i++) {
			other.sport = 2000 + 100 * round + i;
			KUNIT_EXPECT_TRUE(test, goes(test, &other, false));
		}
		n = 1 + 12 * (round + 1);
		hits = decided();
		KUNIT_EXPECT_EQ_MSG(test, hits - before, 2 * n, "ingress and egress, each");
		KUNIT_EXPECT_TRUE(test, goes(test, round ? &answer : &known, round));
		KUNIT_EXPECT_EQ_MSG(test, decided(), hits, "of a connection: nobody asks");
		KUNIT_EXPECT_EQ(test, made(), was + n);
	}
	for (i = 0; i < 12; i++) {
		other.sport = 3000 + i;
		KUNIT_EXPECT_TRUE(test, goes(test, &other, false));
	}
	was = made();
	other.sport = 4000;
	skb = fwt_test_skb(&other, ns->in);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb->data[skb->len - 1] ^= 1;
	kfree_skb(fwt_test_forward(ns, skb, false));
	KUNIT_EXPECT_EQ_MSG(test, made(), was, "a wrong checksum begins nothing");

	KUNIT_EXPECT_TRUE(test, goes(test, &syn, false));
	KUNIT_EXPECT_EQ(test, made(), was + 1);
	hits = decided();
	KUNIT_EXPECT_TRUE(test, goes(test, &syn, false));
	KUNIT_EXPECT_EQ_MSG(test, decided(), hits, "said again");
	KUNIT_EXPECT_EQ(test, made(), was + 1);
	finish(test);
}

static void guesses(struct kunit *test)
{
	guessed(test, 4);
	guessed(test, 6);
}

static void drops_are_counted(struct kunit *test)
{
	struct fwt_test_pkt k = fwt_test_between(6, IPPROTO_UDP);
	u64 was = reason(FWT_REASON_POLICY);

	always(test, FWT_VERDICT_DROP);
	KUNIT_EXPECT_FALSE(test, goes(test, &k, false));
	KUNIT_EXPECT_EQ(test, reason(FWT_REASON_POLICY), was + 1);
	was = reason(FWT_REASON_REJECT);
	always(test, FWT_VERDICT_REJECT);
	KUNIT_EXPECT_FALSE(test, goes(test, &k, false));
	KUNIT_EXPECT_EQ(test, reason(FWT_REASON_REJECT), was + 1);
	KUNIT_EXPECT_EQ(test, the_one().n, 0);
	finish(test);
}

static void decided_again(struct kunit *test)
{
	struct fwt_test_pkt k = fwt_test_between(4, IPPROTO_UDP), r = answer_to(&k);
	u64 was = reason(FWT_REASON_REVALIDATED);

	always(test, FWT_VERDICT_ACCEPT);
	KUNIT_EXPECT_TRUE(test, goes(test, &k, false));
	KUNIT_EXPECT_TRUE(test, goes(test, &r, true));
	always(test, FWT_VERDICT_ACCEPT);
	KUNIT_EXPECT_NE_MSG(test, the_one().gen, ns->fn->generation, "stale");
	KUNIT_EXPECT_TRUE_MSG(test, goes(test, &r, true), "still allowed");
	KUNIT_EXPECT_EQ(test, the_one().gen, ns->fn->generation);
	KUNIT_EXPECT_EQ(test, reason(FWT_REASON_REVALIDATED), was);
	always(test, FWT_VERDICT_DROP);
	KUNIT_EXPECT_FALSE_MSG(test, goes(test, &r, true), "forbidden now");
	KUNIT_EXPECT_EQ(test, reason(FWT_REASON_REVALIDATED), was + 1);
	KUNIT_EXPECT_EQ_MSG(test, the_one().n, 0, "and ended");
	finish(test);
}

/* From here and back to here. */
static void local_traffic(struct kunit *test)
{
	struct fwt_test_pkt k = fwt_test_between(4, IPPROTO_UDP), r;
	struct sk_buff *skb;
	struct look l;

	k.src[0] = 0xcb007101;
	r = answer_to(&k);
	always(test, FWT_VERDICT_ACCEPT);
	skb = fwt_test_skb(&k, ns->out);
	skb->skb_iif = 0;
	KUNIT_ASSERT_EQ(test, fwt_test_pass(ns, NF_INET_LOCAL_OUT, skb), NF_ACCEPT);
	KUNIT_ASSERT_EQ(test, fwt_test_pass(ns, NF_INET_POST_ROUTING, skb), NF_ACCEPT);
	kfree_skb(skb);
	l = the_one();
	KUNIT_EXPECT_EQ(test, l.n, 1);
	KUNIT_EXPECT_TRUE(test, l.flags & BIT(FWT_CONN_LOCAL));
	KUNIT_EXPECT_TRUE(test, l.flags & BIT(FWT_CONN_CONFIRMED));
	KUNIT_EXPECT_EQ(test, l.iif, 0);
	skb = fwt_test_skb(&r, ns->out);
	KUNIT_ASSERT_EQ(test, fwt_test_pass(ns, NF_INET_PRE_ROUTING, skb), NF_ACCEPT);
	KUNIT_ASSERT_EQ(test, fwt_test_pass(ns, NF_INET_LOCAL_IN, skb), NF_ACCEPT);
	kfree_skb(skb);
	l = the_one();
	KUNIT_EXPECT_EQ(test, l.packets[FWT_ORIGINAL], 1);
	KUNIT_EXPECT_EQ(test, l.packets[FWT_REPLY], 1);
	finish(test);
}

static void table_is_full(struct kunit *test)
{
	struct fwt_test_prog *p = fwt_test_prog_new(test);
	u32 root = fwt_test_verdict(p, FWT_VERDICT_ACCEPT, fwt_test_rule(p, 1));
	struct fwt_test_pkt k = fwt_test_between(4, IPPROTO_UDP);
	u64 evicted = reason(FWT_REASON_EARLY_EVICT);
	u32 i, passed = 0;
	size_t len;
	void *blob;

	fwt_test_hook(p, FWT_HOOK_INGRESS, root, NULL);
	fwt_test_option(p, FWT_OPTION_CONN_MAX, 64);
	blob = fwt_test_build(test, p, &len);
	fwt_test_apply(test, ns, blob, len);
	for (i = 0; i < 500; i++) {
		k.sport = 2000 + i;
		passed += goes(test, &k, false);
		KUNIT_EXPECT_LE(test, atomic_read(&ns->fn->n_conns), 64);
		if (i % 4 == 0)
			rcu_barrier();
	}
	KUNIT_EXPECT_EQ_MSG(test, passed, 500, "each new one had room made for it");
	KUNIT_EXPECT_GT(test, reason(FWT_REASON_EARLY_EVICT), evicted + 400);
	finish(test);
}

static void devices(struct kunit *test)
{
	struct fwt_test_prog *p = fwt_test_prog_new(test);
	struct fwt_test_pkt k = fwt_test_between(6, IPPROTO_UDP);
	struct sk_buff *skb;
	size_t len;
	void *blob;

	fwt_test_range(p, FWT_FIELD_DPORT, 1, 1023, 1, 2);
	fwt_test_verdict(p, FWT_VERDICT_DROP, fwt_test_rule(p, 1));
	fwt_test_verdict(p, FWT_VERDICT_ACCEPT, fwt_test_rule(p, 2));
	fwt_test_hook(p, FWT_HOOK_DEV_INGRESS, 0, "d0");
	blob = fwt_test_build(test, p, &len);
	fwt_test_apply(test, ns, blob, len);
	skb = fwt_test_skb(&k, ns->in);
	KUNIT_EXPECT_EQ_MSG(test, fwt_test_at_device(ns, skb), NF_STOLEN, "port 53");
	k.dport = 5353;
	skb = fwt_test_skb(&k, ns->in);
	KUNIT_ASSERT_EQ_MSG(test, fwt_test_at_device(ns, skb), NF_ACCEPT, "port 5353");
	kfree_skb(skb);
	finish(test);
}

static int take_it(struct fwt_conn *c, void *ctx)
{
	*(struct fwt_conn **)ctx = c;
	return 0;
}

/* A first packet that was accepted, where nothing is any more. */
static struct sk_buff *left_ingress(struct kunit *test)
{
	struct fwt_test_pkt k = fwt_test_between(4, IPPROTO_UDP);
	struct sk_buff *skb;

	always(test, FWT_VERDICT_ACCEPT);
	skb = fwt_test_skb(&k, ns->in);
	KUNIT_ASSERT_EQ(test, fwt_test_pass(ns, NF_INET_PRE_ROUTING, skb), NF_ACCEPT);
	always(test, FWT_VERDICT_DROP);
	return skb;
}

/* Egress decides about a packet of the one connection, which it has not decided. */
static unsigned int decides(struct kunit *test, struct sk_buff *skb, bool meanwhile)
{
	struct fwt_hash_walk walk = { };
	struct nf_hook_state state;
	struct fwt_conn *c = NULL;
	unsigned int ret;
	struct fwt_way *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, w);
	skb->dev = ns->out;
	nf_hook_state_init(&state, NF_INET_POST_ROUTING, NFPROTO_IPV4, NULL, ns->out, NULL,
			   ns->net, NULL);
	local_bh_disable();
	rcu_read_lock();
	fwt_conns_walk(ns->fn, &walk, take_it, &c);
	if (!c) {
		rcu_read_unlock();
		local_bh_enable();
		KUNIT_FAIL(test, "there is no connection");
		return NF_DROP;
	}
	w->fn = ns->fn;
	w->pol = rcu_dereference(ns->fn->policy);
	w->skb = skb;
	w->state = &state;
	w->c = c;
	w->p.oif = ns->out->name;
	fwt_skb_parse(skb, &w->p);
	spin_lock(&c->lock);
	if (meanwhile)
		WRITE_ONCE(c->flags, c->flags | BIT(FWT_CONN_EGRESS));
	spin_unlock(&c->lock);
	ret = fwt_decide_egress(w) & NF_VERDICT_MASK;
	rcu_read_unlock();
	local_bh_enable();
	return ret;
}

/* What another CPU has let out meanwhile, with another packet of it, is not for a refusal
 * to end, and both go through (R23).
 */
static void refused_meanwhile(struct kunit *test)
{
	struct sk_buff *skb = left_ingress(test);

	KUNIT_EXPECT_EQ_MSG(test, decides(test, skb, false), NF_STOLEN, "refused");
	KUNIT_EXPECT_EQ_MSG(test, the_one().n, 0, "and ended");
	skb = left_ingress(test);
	KUNIT_EXPECT_EQ_MSG(test, decides(test, skb, true), NF_ACCEPT, "goes through");
	KUNIT_EXPECT_EQ_MSG(test, the_one().n, 1, "and is there");
	kfree_skb(skb);
	finish(test);
}

/* A hook that a VRF runs once more. */
static void carry(struct sk_buff *skb, u8 hook, u8 pf)
{
	struct nf_hook_state state;

	nf_hook_state_init(&state, hook, pf, NULL, ns->out, NULL, ns->net, NULL);
	local_bh_disable();
	fwt_carry(skb, &state);
	local_bh_enable();
}

/* What is noted in a packet comes behind a VRF's device again: in this packet, once; and
 * nothing in one that starts here.
 */
static void through_a_vrf(struct kunit *test)
{
	struct fwt_test_pkt k = { .family = 4, .protocol = IPPROTO_UDP };
	struct sk_buff *skb, *other;
	u8 families[] = { NFPROTO_IPV4, NFPROTO_IPV6 }, i;

	for (i = 0; i < ARRAY_SIZE(families); i++) {
		u8 family = i ? 6 : 4, pf = families[i];
		u16 slave = i ? IP6SKB_L3SLAVE : IPSKB_L3SLAVE;

		skb = fwt_test_skb(&k, ns->in);
		other = fwt_test_skb(&k, ns->in);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		KUNIT_ASSERT_NOT_NULL(test, other);
		skb->skb_iif = 7;
		other->skb_iif = 7;
		memset(other->cb, 0, sizeof(other->cb));
		memset(skb->cb, 0, sizeof(skb->cb));
		fwt_skb_note_alone(skb, family);
		if (i) {
			IP6CB(skb)->flags |= slave | IP6SKB_FORWARDED;
			IP6CB(skb)->iif = 5;
		} else {
			IPCB(skb)->flags |= slave | IPSKB_FORWARDED;
			IPCB(skb)->iif = 5;
		}
		skb_set_nfct(skb, IP_CT_UNTRACKED);
		carry(skb, NF_INET_POST_ROUTING, pf);
		memset(skb->cb, 0, sizeof(skb->cb));
		skb_set_nfct(skb, 0);
		carry(other, NF_INET_LOCAL_OUT, pf);
		KUNIT_EXPECT_FALSE_MSG(test, fwt_skb_alone(other, family), "another packet");
		carry(skb, NF_INET_LOCAL_OUT, pf);
		KUNIT_EXPECT_TRUE_MSG(test, fwt_skb_alone(skb, family), "it is known");
		KUNIT_EXPECT_EQ_MSG(test, i ? IP6CB(skb)->flags : IPCB(skb)->flags,
				    slave | FWT_SKB_ALONE, "and no more of it");
		KUNIT_EXPECT_EQ_MSG(test, i ? IP6CB(skb)->iif : IPCB(skb)->iif, 5, "its port");
		KUNIT_EXPECT_EQ_MSG(test, skb_get_nfct(skb), IP_CT_UNTRACKED, "untracked");
		memset(skb->cb, 0, sizeof(skb->cb));
		carry(skb, NF_INET_LOCAL_OUT, pf);
		KUNIT_EXPECT_FALSE_MSG(test, fwt_skb_alone(skb, family), "once");
		/* What starts here. */
		fwt_skb_note_alone(skb, family);
		skb->skb_iif = 0;
		carry(skb, NF_INET_POST_ROUTING, pf);
		memset(skb->cb, 0, sizeof(skb->cb));
		carry(skb, NF_INET_LOCAL_OUT, pf);
		KUNIT_EXPECT_FALSE_MSG(test, fwt_skb_alone(skb, family), "what starts here");
		skb_set_nfct(skb, 0);
		kfree_skb(skb);
		kfree_skb(other);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(through_a_vrf),
	KUNIT_CASE(connections),
	KUNIT_CASE(answered_halfway),
	KUNIT_CASE(over_between),
	KUNIT_CASE(unsolicited),
	KUNIT_CASE(wrong_checksum),
	KUNIT_CASE(guesses),
	KUNIT_CASE(drops_are_counted),
	KUNIT_CASE(decided_again),
	KUNIT_CASE(local_traffic),
	KUNIT_CASE(table_is_full),
	KUNIT_CASE(devices),
	KUNIT_CASE(refused_meanwhile),
	{ }
};

FWT_TEST_SUITE_IN_NS("fwtree-way", ns, cases);
