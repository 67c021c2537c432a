// SPDX-License-Identifier: GPL-2.0
/*
 * What nodes ask, each through the hooks: a program of one rule per operation, packets
 * of both families that it holds for and that it does not, and what becomes of them.
 * every_one_is_here() knows the lists of the program's format: an operation or a verdict
 * that comes without a row here fails it.
 */
#include <linux/filter.h>

#include "conns.h"
#include "nodes.h"
#include "core/rlu.h"

static struct fwt_test_ns *ns;

/* Does it come through ingress. */
static bool comes(struct kunit *test, const struct fwt_test_pkt *k)
{
	struct sk_buff *skb = fwt_test_skb(k, ns->in);
	bool yes;

	KUNIT_ASSERT_NOT_NULL(test, skb);
	yes = fwt_test_pass(ns, NF_INET_PRE_ROUTING, skb) == NF_ACCEPT;
	if (yes)
		kfree_skb(skb);
	return yes;
}

/* It holds for @yes, does not for @no, the other way round when it is turned, and never
 * for what lacks a field.
 */
static void answers(struct kunit *test, struct fwt_test_prog *p, const struct fwt_test_pkt *yes,
		    const struct fwt_test_pkt *no, const struct fwt_test_pkt *absent)
{
	u32 turned;

	for (turned = 0; turned < 2; turned++) {
		p->test[0].flags = turned ? FWT_TEST_NEGATE : 0;
		apply(test, ns, p);
		KUNIT_EXPECT_EQ_MSG(test, comes(test, yes), !turned, "IPv%u, what it is%s",
				    yes->family, turned ? ", turned" : "");
		KUNIT_EXPECT_EQ_MSG(test, comes(test, no), turned, "IPv%u, what it is not%s",
				    yes->family, turned ? ", turned" : "");
		if (absent)
			KUNIT_EXPECT_FALSE_MSG(test, comes(test, absent), "IPv%u, absent%s",
					       yes->family, turned ? ", turned" : "");
	}
}

static void ask_in(struct kunit *test)
{
	u8 f;

	for_each_family(f) {
		struct fwt_test_pkt yes = fwt_test_between(f, IPPROTO_UDP), no = yes;
		struct fwt_test_pkt icmp = fwt_test_between(f, IPPROTO_ICMP);
		struct fwt_test_prog *p = asking(test, &(struct fwt_prog_test){
			.op = FWT_TEST_IN, .n_fields = 1, .field = { FWT_FIELD_DPORT } });
		u32 port = 53;

		in_set(p, &port, 1, &port, 1);
		no.dport = 54;
		answers(test, p, &yes, &no, &icmp);
	}
}

static void ask_two(struct kunit *test, u8 op, u16 sport)
{
	u8 f;

	for_each_family(f) {
		struct fwt_test_pkt yes = fwt_test_between(f, IPPROTO_UDP), no = yes;
		struct fwt_test_pkt icmp = fwt_test_between(f, IPPROTO_ICMP);

		yes.sport = sport;
		answers(test, asking(test, &(struct fwt_prog_test){
			.op = op, .n_fields = 2,
			.field = { FWT_FIELD_SPORT, FWT_FIELD_DPORT } }), &yes, &no, &icmp);
	}
}

static void ask_equal(struct kunit *test)
{
	ask_two(test, FWT_TEST_EQUAL, 53);
}

static void ask_less(struct kunit *test)
{
	ask_two(test, FWT_TEST_LESS, 52);
}

/* d1 is 203.0.113.1/24 and 2001:db8:2::1/64. */
static void ask_ifaddr(struct kunit *test)
{
	u8 f;

	for_each_family(f) {
		struct fwt_test_pkt yes = fwt_test_between(f, IPPROTO_UDP), no = yes;
		struct fwt_test_prog *p = asking(test, &(struct fwt_prog_test){
			.op = FWT_TEST_IFADDR, .n_fields = 1, .field = { FWT_FIELD_DADDR } });

		p->test[0].set[0] = fwt_test_string(p, "d1");
		yes.dst[f == 6 ? 3 : 0] -= 1;
		answers(test, p, &yes, &no, NULL);
	}
}

static void ask_ifnet(struct kunit *test)
{
	u8 f;

	for_each_family(f) {
		struct fwt_test_pkt yes = fwt_test_between(f, IPPROTO_UDP), no = yes;
		struct fwt_test_prog *p = asking(test, &(struct fwt_prog_test){
			.op = FWT_TEST_IFNET, .n_fields = 1, .field = { FWT_FIELD_DADDR } });

		p->test[0].set[0] = fwt_test_string(p, "d*");
		/* The next net, and the next bit of a /64. */
		no.dst[f == 6 ? 1 : 0] ^= f == 6 ? 4 : 1 << 8;
		answers(test, p, &yes, &no, NULL);
	}
}

/* More than two of a source. */
static void ask_count(struct kunit *test)
{
	u8 f;

	for_each_family(f) {
		struct fwt_test_pkt k = fwt_test_between(f, IPPROTO_UDP), other = k;
		struct fwt_test_prog *p = asking(test, &(struct fwt_prog_test){
			.op = FWT_TEST_COUNT, .n_fields = 1, .field = { FWT_FIELD_SADDR },
			.set = { 2, 0 } });
		u32 i;

		swap(p->node[0].yes, p->node[0].no);
		apply(test, ns, p);
		for (i = 0; i < 4; i++, k.sport++)
			KUNIT_EXPECT_EQ_MSG(test, comes(test, &k), i < 2, "IPv%u, number %u", f, i);
		other.src[f == 6 ? 3 : 0]++;
		KUNIT_EXPECT_TRUE_MSG(test, comes(test, &other), "IPv%u, another's", f);
		fwt_conns_flush(ns->fn);
		KUNIT_EXPECT_TRUE_MSG(test, comes(test, &k), "IPv%u, when they have ended", f);
	}
}

static struct fwt_prog_object *object(struct fwt_test_prog *p, u8 kind, u64 key)
{
	struct fwt_prog_object *o = &p->object[p->n[FWT_SEC_OBJECTS]++];

	o->kind = kind;
	o->key = key;
	o->name = FWT_NONE;
	return o;
}

/* Two of each source, and one more a day. */
static void ask_limit(struct kunit *test)
{
	u8 f;

	for_each_family(f) {
		struct fwt_test_pkt k = fwt_test_between(f, IPPROTO_UDP), other = k;
		struct fwt_test_prog *p = asking(test, &(struct fwt_prog_test){
			.op = FWT_TEST_LIMIT, .n_fields = 1, .field = { FWT_FIELD_SADDR } });
		struct fwt_prog_object *o = object(p, FWT_OBJECT_LIMIT, 10 + f);
		u32 i;

		o->param[FWT_LIMIT_FLAGS] = FWT_LIMIT_KEYED;
		o->param[FWT_LIMIT_KEY] = 7;
		o->param[FWT_LIMIT_RATE] = 1;
		o->param[FWT_LIMIT_PER] = 86400;
		o->param[FWT_LIMIT_BURST] = 2;
		apply(test, ns, p);
		for (i = 0; i < 4; i++, k.sport++)
			KUNIT_EXPECT_EQ_MSG(test, comes(test, &k), i < 2, "IPv%u, number %u", f, i);
		other.src[f == 6 ? 3 : 0]++;
		KUNIT_EXPECT_TRUE_MSG(test, comes(test, &other), "IPv%u, another's", f);
	}
}

/* Two packets and a half. */
static void ask_quota(struct kunit *test)
{
	u8 f;

	for_each_family(f) {
		struct fwt_test_pkt k = fwt_test_between(f, IPPROTO_UDP);
		struct fwt_test_prog *p = asking(test, &(struct fwt_prog_test){
			.op = FWT_TEST_QUOTA });
		struct fwt_prog_object *o = object(p, FWT_OBJECT_QUOTA, 20 + f);
		u32 i;

		o->param[FWT_QUOTA_SIZE] = (f == 6 ? 80 : 60) * 5 / 2;
		apply(test, ns, p);
		for (i = 0; i < 4; i++, k.sport++)
			KUNIT_EXPECT_EQ_MSG(test, comes(test, &k), i < 2, "IPv%u, number %u", f, i);
	}
}

#define MANY	400

/* So many of MANY connections, each of a source of its own or of one, are accepted. */
static u32 share(struct kunit *test, u8 family, bool sources)
{
	struct fwt_test_pkt k = fwt_test_between(family, IPPROTO_UDP);
	u32 i, n = 0;
	bool yes;

	for (i = 0; i < MANY; i++) {
		k.sport = 2000 + i;
		if (sources)
			k.src[family == 6 ? 3 : 0]++;
		yes = comes(test, &k);
		n += yes;
		/* A connection keeps what was chosen for it. */
		if (yes)
			KUNIT_EXPECT_TRUE(test, comes(test, &k));
	}
	return n;
}

static void ask_random(struct kunit *test)
{
	u8 f;

	for_each_family(f) {
		struct fwt_test_prog *p = asking(test, &(struct fwt_prog_test){
			.op = FWT_TEST_RANDOM });
		u32 n;

		p->test[0].set[0] = 0x3fffffff;		/* a quarter */
		apply(test, ns, p);
		n = share(test, f, false);
		KUNIT_EXPECT_TRUE_MSG(test, n > MANY / 8 && n < MANY / 2, "IPv%u: %u", f, n);
		p->test[0].set[0] = ~0u;
		apply(test, ns, p);
		KUNIT_EXPECT_EQ_MSG(test, share(test, f, false), MANY, "IPv%u: always", f);
	}
}

/* Three parts accepted, one dropped: a SELECT. */
static struct fwt_test_prog *splitting(struct kunit *test, const struct fwt_prog_test *t)
{
	struct fwt_test_prog *p = asking(test, t);
	static const u32 words[] = { 0, 2, 3, 3, 1, 2 };

	memcpy(p->word, words, sizeof(words));
	p->n[FWT_SEC_WORDS] = ARRAY_SIZE(words);
	p->set[0] = (struct fwt_prog_set){
		.kind = FWT_SET_RANGES, .words = 1, .n_dims = 1, .dim = { 1 }, .count = 2,
		.data = 0, .value = 4,
	};
	p->n[FWT_SEC_SETS] = 1;
	p->node[0] = (struct fwt_prog_node){ .type = FWT_NODE_SELECT, .arg = 0, .no = 2 };
	return p;
}

static void ask_split_random(struct kunit *test)
{
	u8 f;

	for_each_family(f) {
		u32 n;

		apply(test, ns, splitting(test, &(struct fwt_prog_test){
			.op = FWT_TEST_SPLIT_RANDOM }));
		n = share(test, f, false);
		KUNIT_EXPECT_TRUE_MSG(test, n > MANY / 2 && n < MANY * 7 / 8, "IPv%u: %u", f, n);
	}
}

static void ask_split_hash(struct kunit *test)
{
	u8 f;

	for_each_family(f) {
		u32 n;

		apply(test, ns, splitting(test, &(struct fwt_prog_test){
			.op = FWT_TEST_SPLIT_HASH, .n_fields = 1, .field = { FWT_FIELD_SADDR } }));
		n = share(test, f, true);
		KUNIT_EXPECT_TRUE_MSG(test, n > MANY / 2 && n < MANY * 7 / 8, "IPv%u: %u", f, n);
		n = share(test, f, false);
		KUNIT_EXPECT_TRUE_MSG(test, n == 0 || n == MANY,
				      "IPv%u: one source's go one way: %u", f, n);
	}
}

static void ask_split_turn(struct kunit *test)
{
	u8 f;

	for_each_family(f) {
		struct fwt_test_pkt k = fwt_test_between(f, IPPROTO_UDP);
		struct fwt_test_prog *p = splitting(test, &(struct fwt_prog_test){
			.op = FWT_TEST_SPLIT_TURN });
		u32 i, run = 0;

		object(p, FWT_OBJECT_SPLIT, 30 + f)->param[FWT_SPLIT_TURNS] = 4;
		apply(test, ns, p);
		for (i = 0; i < 12; i++, k.sport++)
			run = run << 1 | comes(test, &k);
		KUNIT_EXPECT_EQ_MSG(test, hweight32(run), 9, "IPv%u: three of four: %03x", f, run);
		KUNIT_EXPECT_EQ_MSG(test, run >> 4, run & 0xff, "IPv%u: in turn: %03x", f, run);
	}
}

/* The byte that is IP's protocol is UDP. */
static void ask_bpf(struct kunit *test)
{
	u8 f;

	for_each_family(f) {
		struct fwt_test_pkt yes = fwt_test_between(f, IPPROTO_UDP);
		struct fwt_test_pkt no = fwt_test_between(f, IPPROTO_TCP);
		struct fwt_test_prog *p = asking(test, &(struct fwt_prog_test){
			.op = FWT_TEST_BPF, .set = { 0, FWT_NONE } });

		p->insn[0] = (struct fwt_prog_insn){ BPF_LD | BPF_B | BPF_ABS, 0, 0,
						     f == 6 ? 6 : 9 };
		p->insn[1] = (struct fwt_prog_insn){ BPF_JMP | BPF_JEQ | BPF_K, 0, 1, IPPROTO_UDP };
		p->insn[2] = (struct fwt_prog_insn){ BPF_RET | BPF_K, 0, 0, 65535 };
		p->insn[3] = (struct fwt_prog_insn){ BPF_RET | BPF_K, 0, 0, 0 };
		p->filter[0] = (struct fwt_prog_filter){ 0, 4, FWT_LINK_RAW,
							 fwt_test_string(p, "udp") };
		p->n[FWT_SEC_INSNS] = 4;
		p->n[FWT_SEC_FILTERS] = 1;
		answers(test, p, &yes, &no, NULL);
	}
}

/* A live set, or a map, of port 53: number 0 of OBJECTS. */
static struct fwt_prog_object *live(struct fwt_test_prog *p)
{
	struct fwt_prog_object *o = object(p, FWT_OBJECT_SET, 40);
	u32 s = p->n[FWT_SEC_SETS]++, w = p->n[FWT_SEC_WORDS];

	p->word[w] = 53;
	p->word[w + 1] = 53;
	p->n[FWT_SEC_WORDS] += 2;
	p->set[s] = (struct fwt_prog_set){
		.kind = FWT_SET_BOXES, .words = 1, .n_dims = 1, .dim = { 1 }, .count = 1,
		.data = w, .value = FWT_NONE,
	};
	o->name = fwt_test_string(p, "ports");
	o->param[FWT_SETP_SHAPE] = 1;
	o->param[FWT_SETP_TYPES] = FWT_SET_TYPE_PORT;
	o->param[FWT_SETP_MAX] = 100;
	o->param[FWT_SETP_ELEMENTS4] = s;
	o->param[FWT_SETP_ELEMENTS6] = FWT_NONE;
	o->param[FWT_SETP_VALUES4] = FWT_NONE;
	o->param[FWT_SETP_VALUES6] = FWT_NONE;
	return o;
}

static void ask_live(struct kunit *test)
{
	u8 f;

	for_each_family(f) {
		struct fwt_test_pkt yes = fwt_test_between(f, IPPROTO_UDP), no = yes;
		struct fwt_test_pkt icmp = fwt_test_between(f, IPPROTO_ICMP);
		struct fwt_test_prog *p = asking(test, &(struct fwt_prog_test){
			.op = FWT_TEST_LIVE, .n_fields = 1, .field = { FWT_FIELD_DPORT } });

		live(p);
		no.dport = 54;
		answers(test, p, &yes, &no, &icmp);
	}
}

/* Port 53 leads to tree "a", which accepts. */
static void ask_live_tree(struct kunit *test)
{
	u8 f;

	for_each_family(f) {
		struct fwt_test_pkt yes = fwt_test_between(f, IPPROTO_UDP), no = yes;
		struct fwt_test_prog *p = asking(test, &(struct fwt_prog_test){
			.op = FWT_TEST_LIVE_TREE, .n_fields = 1, .field = { FWT_FIELD_DPORT } });
		struct fwt_prog_object *o = live(p);
		u32 w = p->n[FWT_SEC_WORDS], i;

		p->word[w] = 0x61000000;		/* "a" */
		p->word[w + FWT_SET_VALUE_WORDS] = 1;	/* its node */
		p->n[FWT_SEC_WORDS] += FWT_SET_VALUE_WORDS + 1;
		for (i = 1; i < 3; i++)
			p->set[i] = (struct fwt_prog_set){
				.kind = FWT_SET_KEYS, .words = FWT_SET_VALUE_WORDS, .n_dims = 1,
				.dim = { FWT_SET_VALUE_WORDS }, .count = 1, .data = w,
				.value = i == 1 ? FWT_NONE : w + FWT_SET_VALUE_WORDS,
			};
		p->n[FWT_SEC_SETS] = 3;
		o->param[FWT_SETP_SHAPE] = 1 | 1 << 8;
		o->param[FWT_SETP_VALUE_TYPES] = FWT_SET_TYPE_TREE;
		o->param[FWT_SETP_VALUES4] = w;
		o->param[FWT_SETP_TREES] = 1;
		p->test[0].set[1] = 2;
		p->node[0] = (struct fwt_prog_node){
			.type = FWT_NODE_SELECT, .yes = FWT_NONE, .no = 2 };
		apply(test, ns, p);
		no.dport = 54;
		KUNIT_EXPECT_TRUE_MSG(test, comes(test, &yes), "IPv%u", f);
		KUNIT_EXPECT_FALSE_MSG(test, comes(test, &no), "IPv%u: none is there", f);
	}
}

static const struct row asks[] = {
	{ "in", FWT_TEST_IN, ask_in },
	{ "equal", FWT_TEST_EQUAL, ask_equal },
	{ "ifaddr", FWT_TEST_IFADDR, ask_ifaddr },
	{ "ifnet", FWT_TEST_IFNET, ask_ifnet },
	{ "count", FWT_TEST_COUNT, ask_count },
	{ "limit", FWT_TEST_LIMIT, ask_limit },
	{ "quota", FWT_TEST_QUOTA, ask_quota },
	{ "random", FWT_TEST_RANDOM, ask_random },
	{ "split_random", FWT_TEST_SPLIT_RANDOM, ask_split_random },
	{ "split_hash", FWT_TEST_SPLIT_HASH, ask_split_hash },
	{ "split_turn", FWT_TEST_SPLIT_TURN, ask_split_turn },
	{ "bpf", FWT_TEST_BPF, ask_bpf },
	{ "less", FWT_TEST_LESS, ask_less },
	{ "live", FWT_TEST_LIVE, ask_live },
	{ "node: test_node_asked.c", FWT_TEST_NODE, NULL },
	{ "node_select: test_node_asked.c", FWT_TEST_NODE_SELECT, NULL },
	{ "live_tree", FWT_TEST_LIVE_TREE, ask_live_tree },
};

/* What routing says of a packet from d0's net to d1's, of @no that it does not. Of what starts
 * here, and behind what changes it: test_nodes_local.c.
 */
static void route(struct kunit *test, u8 field, const u32 *is, u32 words, const u32 *is6,
		  u32 words6, void (*change)(struct fwt_test_pkt *k))
{
	u8 f;

	for_each_family(f) {
		struct fwt_test_pkt yes = fwt_test_between(f, IPPROTO_UDP), no = yes;
		struct fwt_test_prog *p = asking(test, &(struct fwt_prog_test){
			.op = FWT_TEST_IN, .n_fields = 1, .field = { field } });

		in_set(p, is, words, is6, words6);
		change(&no);
		answers(test, p, &yes, &no, NULL);
	}
}

/* To another host of the sender's net. */
static void turns_back(struct fwt_test_pkt *k)
{
	memcpy(k->dst, k->src, sizeof(k->dst));
	k->dst[k->family == 6 ? 3 : 0] += 7;
}

static void to_another(struct fwt_test_pkt *k)
{
	k->dst[k->family == 6 ? 3 : 0]++;
}

static void to_gateway(struct fwt_test_pkt *k)
{
	k->dst[k->family == 6 ? 3 : 0]--;
}

static void from_elsewhere(struct fwt_test_pkt *k)
{
	memcpy(k->src, k->dst, sizeof(k->src));
	to_another(k);
}

static const u32 d0[4] = { 0x64300000 }, d1[4] = { 0x64310000 };

static void route_oif(struct kunit *test)
{
	route(test, FWT_FIELD_ROUTE_OIF, d1, 4, d1, 4, turns_back);
}

static void route_type(struct kunit *test)
{
	u32 type = FWT_ROUTE_UNICAST;

	route(test, FWT_FIELD_ROUTE_TYPE, &type, 1, &type, 1, to_gateway);
}

static void route_nexthop(struct kunit *test)
{
	struct fwt_test_pkt k = fwt_test_between(4, IPPROTO_UDP);
	struct fwt_test_pkt k6 = fwt_test_between(6, IPPROTO_UDP);

	route(test, FWT_FIELD_ROUTE_NEXTHOP, k.dst, 1, k6.dst, 4, to_another);
}

static void route_saddr(struct kunit *test)
{
	struct fwt_test_pkt k = fwt_test_between(4, IPPROTO_UDP);
	struct fwt_test_pkt k6 = fwt_test_between(6, IPPROTO_UDP);

	to_gateway(&k);
	to_gateway(&k6);
	route(test, FWT_FIELD_ROUTE_SADDR, k.dst, 1, k6.dst, 4, turns_back);
}

static void route_reverse(struct kunit *test)
{
	route(test, FWT_FIELD_ROUTE_REVERSE, d0, 4, d0, 4, from_elsewhere);
}

/* Everything is answered so; is it let through, and what was counted. */
static void says(struct kunit *test, u8 verdict, u16 param, u8 protocol, bool passes, u32 counted)
{
	u8 f;

	for_each_family(f) {
		struct fwt_test_pkt k = fwt_test_between(f, protocol);
		struct fwt_test_prog *p = fwt_test_prog_new(test);
		u64 was = counted == FWT_NONE ? 0 : reason(ns, counted);
		u32 v = fwt_test_verdict(p, verdict, fwt_test_rule(p, 1));

		p->node[v].param = param;
		fwt_test_hook(p, FWT_HOOK_INGRESS, v, NULL);
		apply(test, ns, p);
		KUNIT_EXPECT_EQ_MSG(test, comes(test, &k), passes, "IPv%u", f);
		if (counted != FWT_NONE)
			KUNIT_EXPECT_EQ_MSG(test, reason(ns, counted), was + 1,
					    "IPv%u: counted", f);
	}
}

static void say_accept(struct kunit *test)
{
	says(test, FWT_VERDICT_ACCEPT, 0, IPPROTO_UDP, true, FWT_NONE);
}

static void say_drop(struct kunit *test)
{
	says(test, FWT_VERDICT_DROP, 0, IPPROTO_UDP, false, FWT_REASON_POLICY);
}

static void say_reject(struct kunit *test)
{
	u32 i;

	for (i = 0; i < __FWT_REJECT_MAX; i++) {
		u64 was = sent(ns);

		says(test, FWT_VERDICT_REJECT, i,
		     i == FWT_REJECT_TCP_RESET ? IPPROTO_TCP : IPPROTO_UDP, false,
		     FWT_REASON_REJECT);
		KUNIT_EXPECT_EQ_MSG(test, sent(ns), was + 2, "answer %u, of each family", i);
	}
}

/* Nobody listens. */
static void say_queue(struct kunit *test)
{
	says(test, FWT_VERDICT_QUEUE, 7, IPPROTO_UDP, false, FWT_REASON_NO_LISTENER);
}

static void say_queue_bypass(struct kunit *test)
{
	says(test, FWT_VERDICT_QUEUE_BYPASS, 7, IPPROTO_UDP, true, FWT_REASON_QUEUE_BYPASSED);
}

static const struct row verdicts[] = {
	{ "accept", FWT_VERDICT_ACCEPT, say_accept },
	{ "drop", FWT_VERDICT_DROP, say_drop },
	{ "reject", FWT_VERDICT_REJECT, say_reject },
	{ "queue", FWT_VERDICT_QUEUE, say_queue },
	{ "queue_bypass", FWT_VERDICT_QUEUE_BYPASS, say_queue_bypass },
};

KUNIT_ARRAY_PARAM(asks, asks, row_name);
KUNIT_ARRAY_PARAM(verdicts, verdicts, row_name);

static void each(struct kunit *test)
{
	run_row(test, ns);
}

static void routes(struct kunit *test)
{
	route_oif(test);
	route_type(test);
	route_nexthop(test);
	route_saddr(test);
	route_reverse(test);
	fwt_test_clear(test, ns);
}

static void every_one_is_here(struct kunit *test)
{
	u32 i;

	BUILD_BUG_ON(ARRAY_SIZE(asks) != __FWT_TEST_MAX);
	BUILD_BUG_ON(ARRAY_SIZE(verdicts) != __FWT_VERDICT_PROG_MAX);
	for (i = 0; i < __FWT_TEST_MAX; i++)
		KUNIT_EXPECT_EQ_MSG(test, asks[i].op, i, "%s", asks[i].what);
	for (i = 0; i < __FWT_VERDICT_PROG_MAX; i++)
		KUNIT_EXPECT_EQ_MSG(test, verdicts[i].op, i, "%s", verdicts[i].what);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(each, asks_gen_params),
	KUNIT_CASE_PARAM(each, verdicts_gen_params),
	KUNIT_CASE(routes),
	KUNIT_CASE(every_one_is_here),
	{ }
};

FWT_TEST_SUITE_IN_NS("fwtree-nodes-ask", ns, cases);
