// SPDX-License-Identifier: GPL-2.0
/*
 * Nodes of other modules, asked by packets of both families at both hooks: where each answer
 * leads, what they set, what is no answer, and what they do in the world, which is done once a
 * connection. The samples of kmod/samples likewise: tests/kunit/run brings their module.
 */
#include <linux/delay.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/jhash.h>
#include <linux/moduleparam.h>
#include <net/dsfield.h>

#include "include/fwtree_node.h"
#include "node.h"
#include "nodes.h"

static struct fwt_test_ns *ns;

/* What they say next: the match, who selects, the modifier; and what that sets. */
static struct {
	int match;
	int branch;
	int returns;
	u32 set;
	u32 value;
} says;

/* How often they were told that a walk is over, by its verdict. */
static atomic_t told[2], lane_told[2];

/* In a program of fwt_test_foreign() the match has parameters, the select none. */
static int init(struct fwt_node_init *at)
{
	*(bool *)at->priv = at->value[0].given;
	return 0;
}

static int chooses(const void *priv, struct fwt_node_packet *pkt)
{
	return *(const bool *)priv ? says.match : says.branch;
}

static int sets(const void *priv, struct fwt_node_packet *pkt, struct fwt_node_sets *to)
{
	if (says.set < __FWT_NODE_SET_MAX)
		fwt_node_set(to, says.set, says.value);
	else
		to->what |= 1u << says.set;
	return says.returns;
}

static void applied(void *priv, struct fwt_node_packet *pkt, u8 verdict)
{
	atomic_inc(&told[verdict == FWT_VERDICT_ACCEPT]);
}

#define LANE	10	/* its priorities begin behind that */

static int lanes(const void *priv, struct fwt_node_packet *pkt, struct fwt_node_sets *to)
{
	fwt_node_set(to, FWT_NODE_SET_PRIORITY, LANE + says.branch);
	return says.branch;
}

static void lane_applied(void *priv, struct fwt_node_packet *pkt, u8 verdict)
{
	atomic_inc(&lane_told[verdict == FWT_VERDICT_ACCEPT]);
}

static const struct fwt_node_param params[] = {
	{ .name = "n", .type = FWT_NODE_NUMBER },
	{ .name = "net", .type = FWT_NODE_PREFIX },
};

static const char *const names[] = { "low", "high" };

static struct fwt_node_ops selector = {
	.owner = THIS_MODULE, .name = "kunit-selector", .kind = FWT_NODE_SELECTOR,
	.n_branches = 2, .branch = names, .param = params, .n_params = ARRAY_SIZE(params),
	.priv_size = sizeof(bool), .init = init, .select = chooses,
};

static struct fwt_node_ops modifier = {
	.owner = THIS_MODULE, .name = "kunit-modifier", .kind = FWT_NODE_MODIFIER,
	.modify = sets, .apply = applied,
};

static struct fwt_node_ops lane = {
	.owner = THIS_MODULE, .name = "kunit-lane", .kind = FWT_NODE_SELECTING_MODIFIER,
	.n_branches = 2, .branch = names, .modify = lanes, .apply = lane_applied,
};

static struct fwt_node_ops *const ours[] = { &selector, &modifier, &lane };

#define NONE	FWT_NODE_NO_BRANCH
#define BAD	FWT_REASON_BAD_NODE

/**
 * struct answer - what nodes say, and what comes of it
 * @what: in a word
 * @lane: it is a selecting modifier that selects
 * @drops: behind the modifier all is dropped
 * @match: what the match says
 * @branch: what who selects says
 * @returns: what the modifier returns
 * @set: what it sets, the mark to 7
 * @value: something else to this
 * @reason: why two packets are dropped; 0: they pass
 * @mark: what they leave with
 * @priority: likewise
 * @told: how often the modifier hears that a walk is over, of the two
 * @lane_told: the selecting modifier
 */
static const struct answer {
	const char *what;
	bool lane;
	bool drops;
	int match;
	int branch;
	int returns;
	u32 set;
	u32 value;
	u32 reason;
	u32 mark;
	u32 priority;
	u32 told;
	u32 lane_told;
} answers[] = {
	{ .what = "a match", .match = 1, .branch = 1, .reason = FWT_REASON_POLICY },
	{ .what = "no match, the modifier's branch", .branch = 1, .mark = 7, .told = 1 },
	{ .what = "the other branch", .branch = 0 },
	{ .what = "no answer: no, and default", .match = NONE, .branch = NONE, .mark = 7,
	  .told = 1 },
	{ .what = "refused behind it, each packet alone", .branch = 1, .drops = true,
	  .reason = FWT_REASON_POLICY, .told = 2 },
	{ .what = "a match by no branch", .match = 2, .branch = 1, .reason = BAD },
	{ .what = "a match by less than none", .match = -2, .branch = 1, .reason = BAD },
	{ .what = "no branch", .branch = 2, .reason = BAD },
	{ .what = "a modifier that returns", .branch = 1, .returns = 1, .reason = BAD },
	{ .what = "DSCP 64", .branch = 1, .set = FWT_NODE_SET_DSCP, .value = 64, .reason = BAD },
	{ .what = "TTL 0", .branch = 1, .set = FWT_NODE_SET_TTL, .reason = BAD },
	{ .what = "a VLAN, at no device", .branch = 1, .set = FWT_NODE_SET_VLAN, .value = 8,
	  .reason = BAD },
	{ .what = "what nobody can set", .branch = 1, .set = __FWT_NODE_SET_MAX, .reason = BAD },
	{ .what = "a lane, the modifier's", .lane = true, .branch = 1, .mark = 7,
	  .priority = LANE + 1, .told = 1, .lane_told = 1 },
	{ .what = "the other lane", .lane = true, .branch = 0, .priority = LANE, .lane_told = 1 },
	{ .what = "no lane: it sets all the same", .lane = true, .branch = NONE, .mark = 7,
	  .priority = LANE + NONE, .told = 1, .lane_told = 1 },
	{ .what = "a lane, and refused behind it", .lane = true, .branch = 1, .drops = true,
	  .reason = FWT_REASON_POLICY, .told = 2, .lane_told = 2 },
	{ .what = "a lane that there is not", .lane = true, .branch = 2, .reason = BAD },
	{ .what = "a lane, and nonsense behind it", .lane = true, .branch = 1,
	  .set = FWT_NODE_SET_DSCP, .value = 64, .reason = BAD, .lane_told = 2 },
};

/* Through both hooks; NULL: dropped. No test ends at that: the nodes are to be let go of. */
static struct sk_buff *goes(struct kunit *test, const struct fwt_test_pkt *k)
{
	struct sk_buff *skb = fwt_test_skb(k, ns->in);

	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb = fwt_test_forward(ns, skb, false);
	if (skb)
		KUNIT_EXPECT_TRUE_MSG(test, fwt_test_sums_ok(skb), "IPv%u: checksums", k->family);
	return skb;
}

static void at_hook(struct fwt_test_prog *p, u8 hook)
{
	u32 i;

	p->hook[0].hook = hook;
	for (i = 0; i < p->n[FWT_SEC_FOREIGN]; i++)
		p->foreign[i].hooks = FWT_HOOK_BIT(hook);
}

static struct fwt_test_prog *program(struct kunit *test, u8 hook, bool by_lane, bool drops)
{
	struct fwt_test_prog *p = fwt_test_foreign(test, selector.name, modifier.name);

	p->foreign[1].n_args = 0;
	if (by_lane)
		p->foreign[1].name = fwt_test_string(p, lane.name);
	if (drops)
		p->node[4].sub = FWT_VERDICT_DROP;
	at_hook(p, hook);
	return p;
}

/* Two packets of one connection; of none where they are refused. */
static void answered(struct kunit *test, u8 family, u8 hook, const struct answer *a)
{
	struct fwt_test_pkt k = fwt_test_between(family, IPPROTO_UDP);
	u64 was = reason(ns, a->reason);
	struct sk_buff *skb;
	u32 i;

	says.match = a->match;
	says.branch = a->branch;
	says.returns = a->returns;
	says.set = a->set;
	says.value = a->set == FWT_NODE_SET_MARK ? 7 : a->value;
	for (i = 0; i < 2; i++) {
		atomic_set(&told[i], 0);
		atomic_set(&lane_told[i], 0);
	}
	apply(test, ns, program(test, hook, a->lane, a->drops));
	for (i = 0; i < 2; i++) {
		skb = goes(test, &k);
		KUNIT_EXPECT_EQ_MSG(test, !skb, !!a->reason, "IPv%u, hook %u, packet %u: %s",
				    family, hook, i, a->what);
		if (!skb)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, skb->mark, a->mark, "IPv%u, hook %u, packet %u: %s",
				    family, hook, i, a->what);
		KUNIT_EXPECT_EQ_MSG(test, skb->priority, a->priority,
				    "IPv%u, hook %u, packet %u: %s", family, hook, i, a->what);
		kfree_skb(skb);
	}
	if (a->reason)
		KUNIT_EXPECT_EQ_MSG(test, reason(ns, a->reason), was + 2, "IPv%u, hook %u: %s",
				    family, hook, a->what);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ_MSG(test, atomic_read(&told[i]), i == !a->reason ? a->told : 0,
				    "IPv%u, hook %u: %s", family, hook, a->what);
		KUNIT_EXPECT_EQ_MSG(test, atomic_read(&lane_told[i]),
				    i == !a->reason ? a->lane_told : 0,
				    "IPv%u, hook %u, lane: %s", family, hook, a->what);
	}
}

/* What each thing that can be set at an inet hook is in the packet, of a SYN. */
static u32 is_set(const struct sk_buff *skb, u32 set)
{
	bool six = ip_hdr(skb)->version == 6;

	switch (set) {
	case FWT_NODE_SET_MARK:
		return skb->mark;
	case FWT_NODE_SET_PRIORITY:
		return skb->priority;
	case FWT_NODE_SET_DSCP:
		return (six ? ipv6_get_dsfield(ipv6_hdr(skb)) : ip_hdr(skb)->tos) >> 2;
	case FWT_NODE_SET_TTL:
		return six ? ipv6_hdr(skb)->hop_limit : ip_hdr(skb)->ttl;
	}
	return 0;
}

static void set_one(struct kunit *test, u8 family, u8 hook)
{
	static const u8 can[] = {
		FWT_NODE_SET_MARK, FWT_NODE_SET_PRIORITY, FWT_NODE_SET_DSCP, FWT_NODE_SET_TTL,
	};
	struct fwt_test_pkt k = fwt_test_between(family, IPPROTO_TCP);
	struct sk_buff *skb;
	u32 i, other;

	says.match = 0;
	says.branch = 1;
	says.returns = 0;
	for (i = 0; i < ARRAY_SIZE(can); i++) {
		says.set = can[i];
		says.value = 33;
		apply(test, ns, program(test, hook, false, false));
		skb = goes(test, &k);
		KUNIT_EXPECT_NOT_NULL(test, skb);
		if (!skb)
			continue;
		for (other = 0; other < ARRAY_SIZE(can); other++)
			KUNIT_EXPECT_EQ_MSG(test, is_set(skb, can[other]) == 33, other == i,
					    "IPv%u, hook %u: %u by %u", family, hook, can[other],
					    can[i]);
		kfree_skb(skb);
	}
}

/* Uses are let go of by a worker, after a grace period. */
static void let_go(struct kunit *test, int refs)
{
	u32 tries;

	fwt_test_clear(test, ns);
	for (tries = 0; tries < 500 && module_refcount(THIS_MODULE) != refs; tries++)
		msleep(20);
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), refs);
}

static void asked(struct kunit *test)
{
	static const u8 hooks[] = { FWT_HOOK_INGRESS, FWT_HOOK_EGRESS };
	int refs = module_refcount(THIS_MODULE);
	u32 i, h;
	u8 f;

	for (i = 0; i < ARRAY_SIZE(ours); i++)
		KUNIT_ASSERT_EQ(test, fwt_node_register(ours[i]), 0);
	for_each_family(f) {
		for (h = 0; h < ARRAY_SIZE(hooks); h++) {
			for (i = 0; i < ARRAY_SIZE(answers); i++)
				answered(test, f, hooks[h], &answers[i]);
			set_one(test, f, hooks[h]);
		}
	}
	let_go(test, refs);
	for (i = 0; i < ARRAY_SIZE(ours); i++)
		fwt_node_unregister(ours[i]);
}

static int find_painted(const struct fwt_node_ops *ops, void *ctx)
{
	const struct kernel_param *kp;
	u32 i;

	if (strcmp(ops->name, "sample-paint"))
		return 0;
	for (i = 0; i < ops->owner->num_kp; i++) {
		kp = &ops->owner->kp[i];
		if (!strcmp(kp->name, "painted"))
			*(const int **)ctx = kp->arg;
	}
	return 1;
}

/* The parameter by which sample-paint's module shows how often it has counted; NULL where the
 * samples are not there.
 */
static const int *painted(void)
{
	const int *count = NULL;
	unsigned int seq;

	fwt_nodes_each(find_painted, &count, &seq);
	return count;
}

/* The lane of both addresses, of two. */
static u32 lane_of(const struct fwt_test_pkt *k)
{
	u32 key[8] = { };

	memcpy(key, k->src, sizeof(k->src));
	memcpy(key + 4, k->dst, sizeof(k->dst));
	return reciprocal_scale(jhash2(key, ARRAY_SIZE(key), 0), 2);
}

#define BASE	256
#define CS1	8

/* 0 sample-payload { begins "AWAY" }? 1 : 2	2 sample-lane { lanes 2 }: "fast" 3, "1" 5, else 3
 * 1 drop					3 sample-paint { base 256, from 192.0.2.0/24 } -> 4
 * 4 accept					5 set dscp cs1 -> 6, accept
 */
static struct fwt_test_prog *samples(struct kunit *test, u8 hook)
{
	struct fwt_test_prog *p = fwt_test_foreign(test, "sample-payload", "sample-paint");

	p->arg[0] = (struct fwt_prog_arg){
		.name = fwt_test_string(p, "begins"), .type = FWT_ARG_STRING,
		.word = { fwt_test_string(p, "AWAY") },
	};
	p->foreign[0].n_args = 1;
	p->arg[1] = (struct fwt_prog_arg){
		.name = fwt_test_string(p, "lanes"), .type = FWT_ARG_NUMBER, .word = { 2 },
	};
	p->foreign[1].name = fwt_test_string(p, "sample-lane");
	p->foreign[1].first = 1;
	p->foreign[1].n_args = 1;
	p->arg[2].name = fwt_test_string(p, "fast");
	p->arg[3].name = fwt_test_string(p, "1");
	p->arg[4] = (struct fwt_prog_arg){
		.name = fwt_test_string(p, "base"), .type = FWT_ARG_NUMBER, .word = { BASE },
	};
	p->arg[5] = (struct fwt_prog_arg){
		.name = fwt_test_string(p, "from"), .type = FWT_ARG_ADDR4,
		.word = { 0xc0000200 }, .plen = 24,
	};
	p->n[FWT_SEC_ARGS] = 6;
	p->foreign[2].first = 4;
	p->foreign[2].n_args = 2;
	p->word[p->set[0].value + 1] =
		fwt_test_mod(p, &(struct fwt_prog_mod){ .type = FWT_MOD_SET_DSCP, .a = CS1 }, 6);
	fwt_test_verdict(p, FWT_VERDICT_ACCEPT, 0);
	at_hook(p, hook);
	return p;
}

static int uses(const struct fwt_node_ops *ops, void *ctx)
{
	if (!strncmp(ops->name, "sample-", 7))
		*(int *)ctx += module_refcount(ops->owner);
	return 0;
}

static void sampled(struct kunit *test, u8 family, u8 hook, const int *count)
{
	static const u8 text[33] = "-AWAY";
	struct fwt_test_pkt k = fwt_test_between(family, IPPROTO_UDP), away = k;
	u32 at = family == 6 ? 3 : 0, i, n, seen[2] = { };
	u64 was = reason(ns, FWT_REASON_POLICY);
	int before = READ_ONCE(*count), paints = 0;
	struct sk_buff *skb;

	apply(test, ns, samples(test, hook));
	/* At its beginning, and one byte behind that. */
	for (i = 0; i < 2; i++) {
		away.body = text + !i;
		away.sport = 5000 + i;
		skb = goes(test, &away);
		KUNIT_EXPECT_EQ_MSG(test, !skb, !i, "IPv%u, hook %u: a match at %u", family, hook,
				    i);
		paints += skb && family == 4 && !lane_of(&away);
		kfree_skb(skb);
	}
	KUNIT_EXPECT_EQ(test, reason(ns, FWT_REASON_POLICY), was + 1);
	for (n = 0; n < 32; n++, k.src[at]++) {
		u32 in = lane_of(&k), paint = !in && family == 4 ? BASE + (k.src[0] & 255) : 0;

		seen[in]++;
		paints += !!paint;
		for (i = 0; i < 2; i++) {
			skb = goes(test, &k);
			KUNIT_EXPECT_NOT_NULL(test, skb);
			if (!skb)
				continue;
			KUNIT_EXPECT_EQ_MSG(test, skb->priority, in, "IPv%u, hook %u, %u: its lane",
					    family, hook, n);
			KUNIT_EXPECT_EQ_MSG(test, is_set(skb, FWT_NODE_SET_DSCP), in ? CS1 : 0,
					    "IPv%u, hook %u, %u: its branch", family, hook, n);
			KUNIT_EXPECT_EQ_MSG(test, skb->mark, paint, "IPv%u, hook %u, %u: its mark",
					    family, hook, n);
			kfree_skb(skb);
		}
	}
	/* By a hash without a secret: it is the same at each run. */
	KUNIT_EXPECT_TRUE_MSG(test, seen[0] && seen[1], "IPv%u: both lanes", family);
	KUNIT_EXPECT_EQ_MSG(test, READ_ONCE(*count) - before, paints,
			    "IPv%u, hook %u: once a connection", family, hook);
}

static void sampled_all(struct kunit *test)
{
	const int *count = painted();
	int left = 0, refs, tries;
	unsigned int seq;
	u8 f;

	KUNIT_ASSERT_NOT_NULL_MSG(test, count, "fwtree_sample is not there");
	fwt_nodes_each(uses, &left, &seq);
	refs = left;
	for_each_family(f) {
		sampled(test, f, FWT_HOOK_INGRESS, count);
		sampled(test, f, FWT_HOOK_EGRESS, count);
	}
	fwt_test_clear(test, ns);
	/* So that their module can go. */
	for (tries = 0; tries < 500; tries++) {
		left = 0;
		fwt_nodes_each(uses, &left, &seq);
		if (left == refs)
			break;
		msleep(20);
	}
	KUNIT_EXPECT_EQ(test, left, refs);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(asked),
	KUNIT_CASE(sampled_all),
	{ }
};

FWT_TEST_SUITE_IN_NS("fwtree-node-asked", ns, cases);
