// SPDX-License-Identifier: GPL-2.0
/* A forest, built by hand and asked by the module's own walk; see prog.c. */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "core/box.h"
#include "core/packet.h"
#include "core/verify.h"
#include "prog.h"
#include "test.h"

static const struct {
	const char *what;
	u8 family;
	u32 saddr;
	u8 protocol;
	u16 dport;
	u8 ttl;
	u64 unknown;
	u8 verdict;
	s8 node;	/* behind the FOREST node; where the walk ends */
} expected[] = {
	{ "its box, its test", 4, 0x0a000001, 17, 53, 9, 0, FWT_VERDICT_DROP, 2 },
	{ "its box, not its test: the next rule", 4, 0x0a000001, 17, 53, 64, 0,
	  FWT_VERDICT_ACCEPT, 4 },
	{ "the last address", 4, 0x0a00ffff, 17, 53, 10, 0, FWT_VERDICT_ACCEPT, 4 },
	{ "another leaf, with a port", 4, 0x0a010000, 17, 1024, 9, 0, FWT_VERDICT_ACCEPT, 4 },
	{ "a leaf of none, and no other tree", 4, 0x0a010000, 17, 1023, 9, 0,
	  FWT_VERDICT_DROP, 5 },
	{ "a box that needs ports, and there are none", 4, 0x0a010000, 47, 0, 9, 0,
	  FWT_VERDICT_DROP, 5 },
	{ "the second tree", 4, 0xc0a80001, 1, 0, 9, 0, FWT_VERDICT_ACCEPT, 4 },
	{ "IPv6 has its own", 6, 0x20010db8, 1, 0, 9, 0, FWT_VERDICT_ACCEPT, 4 },
	{ "what is not IP has none", 0, 0, 0, 0, 0, 0, FWT_VERDICT_DROP, 5 },
	{ "a test of what is not known", 4, 0x0a000001, 17, 53, 9, FWT_FIELD_BIT(TTL),
	  FWT_VERDICT_UNKNOWN, 1 },
	{ "none that is not known", 4, 0xc0a80001, 1, 0, 9, FWT_FIELD_BIT(TTL),
	  FWT_VERDICT_ACCEPT, 4 },
};

static void finds(struct kunit *test)
{
	struct fwt_test_prog *p = fwt_test_rich(test);
	struct fwt_verify_error err;
	struct fwt_program prog;
	struct fwt_decision *d;
	void *blob, *scratch;
	u32 root, i;
	size_t len;

	blob = fwt_test_build(test, p, &len);
	scratch = kunit_kzalloc(test, fwt_verify_scratch(blob, len), GFP_KERNEL);
	d = kunit_kzalloc(test, sizeof(*d), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, scratch);
	KUNIT_ASSERT_NOT_NULL(test, d);
	KUNIT_ASSERT_EQ(test, fwt_verify(blob, len, scratch, &prog, &err), 0);
	root = prog.hook[2].root;
	KUNIT_ASSERT_EQ(test, prog.node[root].type, FWT_NODE_FOREST);
	for (i = 0; i < ARRAY_SIZE(expected); i++) {
		struct fwt_packet q = {
			.family = expected[i].family, .protocol = expected[i].protocol,
			.saddr = { expected[i].saddr }, .dport = expected[i].dport,
			.ttl = expected[i].ttl, .unknown = expected[i].unknown,
			.hook = FWT_HOOK_DEV_INGRESS,
			.have = expected[i].family ? FWT_HAVE_IP : 0,
		};

		if (q.protocol == IPPROTO_UDP)
			q.have |= FWT_HAVE_UDP | FWT_HAVE_PORTS;
		fwt_walk(&prog, root, &q, NULL, d);
		KUNIT_EXPECT_EQ_MSG(test, d->verdict, expected[i].verdict, "%s",
				    expected[i].what);
		KUNIT_EXPECT_EQ_MSG(test, d->node, root + expected[i].node, "%s",
				    expected[i].what);
	}
	kvfree(blob);
}

/* What each of these would do to a walk is what the verifier is for. */
static void refuses(struct kunit *test)
{
	enum { BACK, OUT, NO_DIM, NO_BOXES, NO_NODE, GUARD_LO, GUARD_HI, REST,
	       PORTS, ORDER, NO_TESTS, TWICE, TREES, MISS, NOTED, WAYS };
	struct fwt_verify_error err;
	struct fwt_program prog;
	void *blob, *scratch;
	struct fwt_box4 box;
	u32 way, object;
	size_t len;

	for (way = 0; way < WAYS; way++) {
		struct fwt_test_prog *p = fwt_test_rich(test);

		switch (way) {
		case BACK:	/* a cut that leads to itself */
			p->cut[2].to = FWT_DIM_DPORT << FWT_CUT_SHIFT | 2;
			break;
		case OUT:	/* into the next tree */
			p->cut[2].to = FWT_DIM_DPORT << FWT_CUT_SHIFT | 4;
			break;
		case NO_DIM:
			p->cut[2].to = __FWT_DIM_MAX << FWT_CUT_SHIFT | 3;
			break;
		case NO_BOXES:
			p->cut[5].at = 4;
			break;
		case NO_NODE:
			box = fwt_box_unpack(&p->box[3]);
			box.node = p->n[FWT_SEC_NODES];
			p->box[3] = fwt_box_pack(&box);
			break;
		case GUARD_LO:	/* no packet would lie within, or any */
			p->box[1].lo[0] |= 1ull << 32;
			break;
		case GUARD_HI:
			p->box[1].hi[1] &= ~(1ull << 49);
			break;
		case REST:	/* says what nobody knows */
			p->box[1].hi[0] |= 1ull << 54;
			break;
		case PORTS:	/* none that had ports would */
			p->box[1].hi[1] &= ~(1ull << 62);
			break;
		case ORDER:
			swap(p->box[0], p->box[1]);
			break;
		case NO_TESTS:	/* they could miss, and are not said to be there */
			box = fwt_box_unpack(&p->box[0]);
			box.flags = 0;
			p->box[0] = fwt_box_pack(&box);
			break;
		case TWICE:	/* a rule of two forests */
			p->forest[1] = (struct fwt_prog_forest){ { 3, 4, 4 }, { 1, 0, 0 } };
			p->tree[3] = (struct fwt_prog_tree){ 7, p->tree[1].first };
			p->cut[7] = p->cut[5];
			p->n[FWT_SEC_FORESTS] = 2;
			p->n[FWT_SEC_TREES] = 4;
			p->n[FWT_SEC_CUTS] = 8;
			break;
		case TREES:	/* one that no forest has */
			p->forest[0].n_trees[FWT_PART_IPV6] = 0;
			break;
		case MISS:	/* no box leads there */
			box = fwt_box_unpack(&p->box[0]);
			p->node[box.node - 1].no = box.node + 2;
			break;
		case NOTED:	/* asked by a walk that writes it down, and not of a box */
			box = fwt_box_unpack(&p->box[0]);
			object = p->n[FWT_SEC_OBJECTS]++;
			p->object[object] = (struct fwt_prog_object){
				.key = 77, .kind = FWT_OBJECT_QUOTA, .name = FWT_NONE,
				.param = { [FWT_QUOTA_SIZE] = 100 },
			};
			p->test[p->node[box.node].arg] = (struct fwt_prog_test){
				.op = FWT_TEST_QUOTA, .set = { object, FWT_NONE },
				.mask = { FWT_NONE, FWT_NONE },
			};
			break;
		}
		blob = fwt_test_build(test, p, &len);
		scratch = kunit_kzalloc(test, fwt_verify_scratch(blob, len), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, scratch);
		err.text[0] = 0;
		KUNIT_EXPECT_EQ_MSG(test, fwt_verify(blob, len, scratch, &prog, &err), -EINVAL,
				    "way %u", way);
		kunit_info(test, "%s", err.text);
		kvfree(blob);
	}
}

/* The test's thread may be killed, too: whoever is, waits for no proof. */
static void gives_up(struct kunit *test)
{
	struct fwt_verify_error err = { };
	struct fwt_program prog;
	void *blob, *scratch;
	size_t len;
	int ret;

	blob = fwt_test_build(test, fwt_test_rich(test), &len);
	scratch = kunit_kzalloc(test, fwt_verify_scratch(blob, len), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, scratch);
	allow_signal(SIGKILL);
	send_sig(SIGKILL, current, 1);
	ret = fwt_verify(blob, len, scratch, &prog, &err);
	flush_signals(current);
	disallow_signal(SIGKILL);
	KUNIT_EXPECT_EQ(test, ret, -EINTR);
	KUNIT_EXPECT_STREQ(test, err.text, "");
	KUNIT_EXPECT_EQ(test, fwt_verify(blob, len, scratch, &prog, &err), 0);
	kvfree(blob);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(finds),
	KUNIT_CASE(refuses),
	KUNIT_CASE(gives_up),
	{ }
};

static struct kunit_suite suite = {
	.name = "fwtree-forest",
	.test_cases = cases,
};

kunit_test_suite(suite);
