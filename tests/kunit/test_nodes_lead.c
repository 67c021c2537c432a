// SPDX-License-Identifier: GPL-2.0
/*
 * Where nodes lead, each type of the program's format through the hooks: what they ask and
 * what they do is test_nodes_ask.c's and test_nodes_do.c's. Again every_one_is_here() knows
 * the list.
 */
#include "nodes.h"
#include "core/box.h"

static struct fwt_test_ns *ns;

/* A packet to @dport passes ingress, and its mark is @mark then; or it is dropped. */
static void expect(struct kunit *test, u8 family, u8 protocol, u16 dport, bool passes, u32 mark)
{
	struct fwt_test_pkt k = fwt_test_between(family, protocol);
	struct sk_buff *skb;

	k.dport = dport;
	skb = fwt_test_skb(&k, ns->in);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb = fwt_test_forward(ns, skb, false);
	KUNIT_EXPECT_EQ_MSG(test, !!skb, passes, "IPv%u, protocol %u, port %u", family, protocol,
			    dport);
	if (skb)
		KUNIT_EXPECT_EQ_MSG(test, skb->mark, mark, "IPv%u, protocol %u, port %u", family,
				    protocol, dport);
	kfree_skb(skb);
}

/* How often rules 0 and 1 took part. */
static void hits(u64 *n)
{
	struct fwt_slot_count sum;
	u32 i;

	mutex_lock(&ns->fn->lock);
	for (i = 0; i < 2; i++) {
		fwt_slot_read(ns->fn, fwt_policy_locked(ns->fn)->slot[i], &sum);
		n[i] = sum.hits;
	}
	mutex_unlock(&ns->fn->lock);
}

static struct fwt_test_prog *program(struct kunit *test)
{
	struct fwt_test_prog *p = fwt_test_prog_new(test);

	fwt_test_rule(p, 1);
	fwt_test_rule(p, 2);
	fwt_test_hook(p, FWT_HOOK_INGRESS, 0, NULL);
	return p;
}

static u32 mark(struct fwt_test_prog *p, u32 value, u32 yes)
{
	return fwt_test_mod(p, &(struct fwt_prog_mod){ .type = FWT_MOD_SET_MARK, .a = value }, yes);
}

static void lead_test(struct kunit *test)
{
	struct fwt_test_prog *p = program(test);
	u8 f;

	fwt_test_range(p, FWT_FIELD_DPORT, 53, 60, 1, 2);
	fwt_test_verdict(p, FWT_VERDICT_ACCEPT, 0);
	fwt_test_verdict(p, FWT_VERDICT_DROP, 1);
	apply(test, ns, p);
	for_each_family(f) {
		expect(test, f, IPPROTO_UDP, 52, false, 0);
		expect(test, f, IPPROTO_UDP, 53, true, 0);
		expect(test, f, IPPROTO_UDP, 60, true, 0);
		expect(test, f, IPPROTO_UDP, 61, false, 0);
		/* Absent: no. */
		expect(test, f, IPPROTO_ICMP, 53, false, 0);
	}
}

/* 0 protocol TCP: 1, UDP: 3, else 4	1 mark 6 -> 3	2 drop	3 accept
 * 4 mark 9 -> 5, accept
 */
static void lead_select(struct kunit *test)
{
	static const u32 words[] = { IPPROTO_TCP, IPPROTO_UDP, 1, 3 };
	struct fwt_test_prog *p = program(test);
	u8 f;

	memcpy(p->word, words, sizeof(words));
	p->n[FWT_SEC_WORDS] = ARRAY_SIZE(words);
	p->set[0] = (struct fwt_prog_set){
		.kind = FWT_SET_KEYS, .words = 1, .n_dims = 1, .dim = { 1 }, .count = 2,
		.value = 2,
	};
	p->n[FWT_SEC_SETS] = 1;
	p->test[0] = (struct fwt_prog_test){
		.op = FWT_TEST_IN, .n_fields = 1, .field = { FWT_FIELD_PROTOCOL },
		.mask = { FWT_NONE, FWT_NONE },
	};
	p->n[FWT_SEC_TESTS] = 1;
	fwt_test_node(p, FWT_NODE_SELECT, 0, 0, 4);
	mark(p, 6, 3);
	fwt_test_verdict(p, FWT_VERDICT_DROP, 1);
	fwt_test_verdict(p, FWT_VERDICT_ACCEPT, 0);
	mark(p, 9, 5);
	fwt_test_verdict(p, FWT_VERDICT_ACCEPT, 0);
	apply(test, ns, p);
	for_each_family(f) {
		expect(test, f, IPPROTO_TCP, 53, true, 6);
		expect(test, f, IPPROTO_UDP, 53, true, 0);
		expect(test, f, IPPROTO_ICMP, 53, true, 9);
	}
}

/* Rule 1 takes part in what rule 0 decides. */
static void lead_enter(struct kunit *test)
{
	struct fwt_test_prog *p = program(test);
	u64 was[2], now[2];
	u8 f;

	fwt_test_node(p, FWT_NODE_ENTER, 1, 1, 0);
	fwt_test_verdict(p, FWT_VERDICT_ACCEPT, 0);
	for_each_family(f) {
		apply(test, ns, p);
		hits(was);
		expect(test, f, IPPROTO_UDP, 53, true, 0);
		hits(now);
		KUNIT_EXPECT_EQ_MSG(test, now[0] - was[0], 1, "IPv%u", f);
		KUNIT_EXPECT_EQ_MSG(test, now[1] - was[1], 1, "IPv%u", f);
	}
}

static void lead_mod(struct kunit *test)
{
	struct fwt_test_prog *p = program(test);
	u8 f;

	mark(p, 5, 2);
	fwt_test_verdict(p, FWT_VERDICT_DROP, 0);
	fwt_test_verdict(p, FWT_VERDICT_ACCEPT, 0);
	apply(test, ns, p);
	for_each_family(f)
		expect(test, f, IPPROTO_UDP, 53, true, 5);
}

/* A tree that returns for port 53, and drops the rest, is called twice, and calls what
 * does so: each return leads behind its own call.
 *
 * 0 call 3, back to 1	3 call 4, back to 5		6 mark 2 -> 7
 * 1 mark 1 -> 2	4 port 53? 5 : 8		7 accept
 * 2 call 3, back to 6	5 return			8 drop
 */
static void lead_call(struct kunit *test)
{
	struct fwt_test_prog *p = program(test);
	u64 was[2], now[2];
	u8 f;

	fwt_test_node(p, FWT_NODE_CALL, 0, 1, 3);
	mark(p, 1, 2);
	fwt_test_node(p, FWT_NODE_CALL, 0, 6, 3);
	fwt_test_node(p, FWT_NODE_CALL, 0, 5, 4);
	fwt_test_range(p, FWT_FIELD_DPORT, 53, 53, 5, 8);
	fwt_test_node(p, FWT_NODE_RETURN, 0, 0, 0);
	mark(p, 2, 7);
	fwt_test_verdict(p, FWT_VERDICT_ACCEPT, 0);
	fwt_test_verdict(p, FWT_VERDICT_DROP, 1);
	for_each_family(f) {
		apply(test, ns, p);
		hits(was);
		expect(test, f, IPPROTO_UDP, 53, true, 2);
		expect(test, f, IPPROTO_UDP, 54, false, 0);
		hits(now);
		KUNIT_EXPECT_EQ_MSG(test, now[0] - was[0], 1, "IPv%u: who is behind the call", f);
		KUNIT_EXPECT_EQ_MSG(test, now[1] - was[1], 1, "IPv%u: who is in the tree", f);
	}
}

/* One call, and behind it one that is not met by what the tree decides.
 *
 * 0 call 2, back to 1	2 port 53? 3 : 4	3 return
 * 1 mark 1 -> 5	4 accept		5 accept
 */
static void lead_return(struct kunit *test)
{
	struct fwt_test_prog *p = program(test);
	u8 f;

	fwt_test_node(p, FWT_NODE_CALL, 0, 1, 2);
	mark(p, 1, 5);
	fwt_test_range(p, FWT_FIELD_DPORT, 53, 53, 3, 4);
	fwt_test_node(p, FWT_NODE_RETURN, 0, 0, 0);
	fwt_test_verdict(p, FWT_VERDICT_ACCEPT, 0);
	fwt_test_verdict(p, FWT_VERDICT_ACCEPT, 1);
	apply(test, ns, p);
	for_each_family(f) {
		expect(test, f, IPPROTO_UDP, 53, true, 1);
		expect(test, f, IPPROTO_UDP, 54, true, 0);
	}
}

static void lead_verdict(struct kunit *test)
{
	u8 f, drop;

	for (drop = 0; drop < 2; drop++) {
		struct fwt_test_prog *p = program(test);

		fwt_test_verdict(p, drop ? FWT_VERDICT_DROP : FWT_VERDICT_ACCEPT, 0);
		apply(test, ns, p);
		for_each_family(f)
			expect(test, f, IPPROTO_UDP, 53, !drop, 0);
	}
}

/* A rule of a forest, for UDP to ports from 50 to 60, that tests the TTL, which is 64: it goes
 * from 1 to @most; and behind it, for ports from 55 on, one that tests nothing.
 *
 * 0 forest, else 5	1 TTL? 2 : 3	2 mark 1 -> 4	3 miss	4 accept	5 drop
 */
static struct fwt_test_prog *forest(struct kunit *test, u32 most)
{
	struct fwt_test_prog *p = program(test);
	struct fwt_box4 box = {
		.saddr_hi = ~0u, .daddr_hi = ~0u, .sport_hi = 65535, .dport_lo = 50,
		.dport_hi = 60, .protocol_lo = IPPROTO_UDP, .protocol_hi = IPPROTO_UDP,
		.flags = FWT_BOX_TESTS | FWT_BOX_PORTS, .node = 1,
	};

	fwt_test_node(p, FWT_NODE_FOREST, 0, 0, 5);
	fwt_test_range(p, FWT_FIELD_TTL, 1, most, 2, 3);
	mark(p, 1, 4);
	fwt_test_node(p, FWT_NODE_MISS, 0, 0, 0);
	fwt_test_verdict(p, FWT_VERDICT_ACCEPT, 0);
	fwt_test_verdict(p, FWT_VERDICT_DROP, 1);
	p->forest[0] = (struct fwt_prog_forest){ { 0, 1, 2 }, { 1, 1, 0 } };
	p->tree[0] = (struct fwt_prog_tree){ 0, 1 };
	p->tree[1] = (struct fwt_prog_tree){ 1, 1 };
	p->cut[0] = (struct fwt_prog_cut){ 0, FWT_CUT_LEAF << FWT_CUT_SHIFT | 2 };
	p->cut[1] = (struct fwt_prog_cut){ 0, FWT_CUT_LEAF << FWT_CUT_SHIFT | 2 };
	p->box6[0] = (struct fwt_prog_box6){
		.sport_hi = 65535, .dport_lo = 50, .dport_hi = 60, .protocol_lo = IPPROTO_UDP,
		.protocol_hi = IPPROTO_UDP, .flags = box.flags, .node = 1,
	};
	memset(p->box6[0].addr_hi, 0xff, sizeof(p->box6[0].addr_hi));
	p->box[0] = fwt_box_pack(&box);
	box.dport_lo = 55;
	box.flags = FWT_BOX_PORTS;
	box.node = 4;
	p->box[1] = fwt_box_pack(&box);
	p->box6[1] = p->box6[0];
	p->box6[1].dport_lo = 55;
	p->box6[1].flags = FWT_BOX_PORTS;
	p->box6[1].node = 4;
	p->n[FWT_SEC_FORESTS] = 1;
	p->n[FWT_SEC_TREES] = 2;
	p->n[FWT_SEC_CUTS] = 2;
	p->n[FWT_SEC_BOXES] = 2;
	p->n[FWT_SEC_BOXES6] = 2;
	return p;
}

static void lead_forest(struct kunit *test)
{
	u8 f;

	apply(test, ns, forest(test, 64));
	for_each_family(f) {
		expect(test, f, IPPROTO_UDP, 49, false, 0);
		expect(test, f, IPPROTO_UDP, 50, true, 1);
		expect(test, f, IPPROTO_UDP, 60, true, 1);
		expect(test, f, IPPROTO_UDP, 61, false, 0);
		expect(test, f, IPPROTO_TCP, 53, false, 0);
	}
}

/* Its test says no: the next rule that holds, or none. */
static void lead_miss(struct kunit *test)
{
	u8 f;

	apply(test, ns, forest(test, 63));
	for_each_family(f) {
		expect(test, f, IPPROTO_UDP, 54, false, 0);
		expect(test, f, IPPROTO_UDP, 55, true, 0);
	}
}

static const struct row types[] = {
	{ "test", FWT_NODE_TEST, lead_test },
	{ "select", FWT_NODE_SELECT, lead_select },
	{ "enter", FWT_NODE_ENTER, lead_enter },
	{ "mod", FWT_NODE_MOD, lead_mod },
	{ "call", FWT_NODE_CALL, lead_call },
	{ "return", FWT_NODE_RETURN, lead_return },
	{ "verdict", FWT_NODE_VERDICT, lead_verdict },
	{ "forest", FWT_NODE_FOREST, lead_forest },
	{ "miss", FWT_NODE_MISS, lead_miss },
};

KUNIT_ARRAY_PARAM(types, types, row_name);

static void each(struct kunit *test)
{
	run_row(test, ns);
}

static void every_one_is_here(struct kunit *test)
{
	u32 i;

	BUILD_BUG_ON(ARRAY_SIZE(types) != __FWT_NODE_MAX);
	for (i = 0; i < __FWT_NODE_MAX; i++)
		KUNIT_EXPECT_EQ_MSG(test, types[i].op, i, "%s", types[i].what);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(each, types_gen_params),
	KUNIT_CASE(every_one_is_here),
	{ }
};

FWT_TEST_SUITE_IN_NS("fwtree-nodes-lead", ns, cases);
