// SPDX-License-Identifier: GPL-2.0
/*
 * The bound on a walk, held against programs that no compiler makes: as slow as they may
 * be, and a step slower. What a step takes is told, and not judged.
 */
#include <kunit/test.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "core/packet.h"
#include "core/verify.h"
#include "chain.h"
#include "policy.h"
#include "prog.h"
#include "test.h"

static struct fwt_test_ns *ns;

/* Tests, by their kind. */
enum { WORD, KEY, BOXES };

#define N_BOXES		4
#define KEY_WORDS	11	/* of five fields, in IPv6 */

/* Of all but the mark, which comes last. */
static void key(u32 *word, u32 mark)
{
	static const u32 of_packet[KEY_WORDS] = {
		0x20010db8, 0, 0, 1, 0x20010db8, 0, 0, 2, 40000, 2000,
	};

	memcpy(word, of_packet, sizeof(of_packet));
	word[KEY_WORDS - 1] = mark;
}

static void joined(struct fwt_test_prog *p, u8 kind, u32 count)
{
	u32 t = p->n[FWT_SEC_TESTS]++, s = p->n[FWT_SEC_SETS]++, i;
	u32 w = p->n[FWT_SEC_WORDS], each = kind == FWT_SET_BOXES ? 2 : 1;

	for (i = 0; i < count * each; i++)
		key(p->word + w + i * KEY_WORDS, 100 + i / each);
	p->n[FWT_SEC_WORDS] += count * each * KEY_WORDS;
	p->set[s] = (struct fwt_prog_set){
		.kind = kind, .words = KEY_WORDS, .n_dims = 5, .dim = { 4, 4, 1, 1, 1 },
		.count = count, .data = w, .value = FWT_NONE,
	};
	p->test[t] = (struct fwt_prog_test){
		.op = FWT_TEST_IN, .n_fields = 5,
		.field = { FWT_FIELD_SADDR, FWT_FIELD_DADDR, FWT_FIELD_SPORT,
			   FWT_FIELD_DPORT, FWT_FIELD_MARK },
		.set = { FWT_NONE, s }, .mask = { FWT_NONE, FWT_NONE },
	};
}

/* A short program with a test of each kind. */
static struct fwt_test_prog *begin(struct kunit *test)
{
	struct fwt_test_prog *p = fwt_test_prog_new(test);

	fwt_test_range(p, FWT_FIELD_DPORT, 1, 1023, 1, 1);
	joined(p, FWT_SET_KEYS, 1);
	joined(p, FWT_SET_BOXES, N_BOXES);
	fwt_test_verdict(p, FWT_VERDICT_ACCEPT, fwt_test_rule(p, 1));
	fwt_test_hook(p, FWT_HOOK_INGRESS, 0, NULL);
	return p;
}

/* To be freed by kvfree(). */
static void *chain(struct kunit *test, const struct fwt_test_links *l, size_t *len)
{
	void *base = fwt_test_build(test, begin(test), len), *blob;

	blob = kvzalloc(fwt_test_chain_bytes(*len, l), GFP_KERNEL);
	if (blob) {
		memcpy(blob, base, *len);
		fwt_test_chain(blob, *len, l);
		*len = fwt_test_chain_bytes(*len, l);
	}
	kvfree(base);
	KUNIT_ASSERT_NOT_NULL(test, blob);
	return blob;
}

/* A program, and what the verifier says of it. */
struct proved {
	void *blob;
	size_t len;
	int ret;
	struct fwt_program prog;
	struct fwt_verify_error err;
};

static void prove(struct kunit *test, const struct fwt_test_links *l, struct proved *v)
{
	void *scratch;

	v->blob = chain(test, l, &v->len);
	scratch = kvmalloc(fwt_verify_scratch(v->blob, v->len), GFP_KERNEL);
	v->ret = scratch ? fwt_verify(v->blob, v->len, scratch, &v->prog, &v->err) : -ENOMEM;
	kvfree(scratch);
}

/* Where the walk ends; how long it takes, in the best case of some. */
static void walk(struct kunit *test, const struct proved *v, const char *what,
		 struct fwt_decision *d)
{
	static const struct fwt_packet drawn = {
		.have = FWT_HAVE_IP | FWT_HAVE_TCP | FWT_HAVE_PORTS, .family = 6,
		.protocol = IPPROTO_TCP, .sport = 40000, .dport = 2000,
		.saddr = { 0x20010db8, 0, 0, 1 }, .daddr = { 0x20010db8, 0, 0, 2 },
	};
	u64 best = U64_MAX, began;
	u32 i;

	for (i = 0; i < FWT_TEST_MANY(50); i++) {
		struct fwt_packet p = drawn;

		began = ktime_get_ns();
		fwt_walk(&v->prog, v->prog.root[FWT_HOOK_INGRESS], &p, NULL, d);
		best = min(best, ktime_get_ns() - began);
		cond_resched();
	}
	kunit_info(test, "%s: %u steps in %llu us, %llu ps each", what, v->prog.steps_max,
		   div_u64(best, 1000), div_u64(best * 1000, v->prog.steps_max));
}

static void bound(struct kunit *test)
{
	static const char too_long[] = "hook 0: a walk from here could take too many steps";
	static const struct {
		const char *what;
		u32 test;
		u32 cost;	/* steps of a node with it */
	} kind[] = {
		{ "words", WORD, 1 },
		{ "keys of eleven words", KEY, 1 + 5 / 2 },
		{ "joined ranges", BOXES, 1 + 5 / 2 + N_BOXES * (1 + KEY_WORDS / 8) },
	};
	struct fwt_decision *d = kunit_kzalloc(test, sizeof(*d), GFP_KERNEL);
	struct proved *v = kunit_kzalloc(test, sizeof(*v), GFP_KERNEL);
	u32 i, more;

	KUNIT_ASSERT_NOT_NULL(test, d);
	KUNIT_ASSERT_NOT_NULL(test, v);
	for (i = 0; i < ARRAY_SIZE(kind); i++) {
		/* As many as there is room for, words for the rest, and the verdict. */
		u32 slow = (FWT_STEPS_MAX - 1) / kind[i].cost;
		u32 plain = FWT_STEPS_MAX - 1 - slow * kind[i].cost;

		for (more = 0; more < 2; more++) {
			struct fwt_test_links l = {
				.slow = kind[i].test, .n_slow = slow, .plain = WORD,
				.n = slow + plain + 1 + more,
			};

			prove(test, &l, v);
			KUNIT_EXPECT_EQ_MSG(test, v->ret, more ? -E2BIG : 0, "%s: %s",
					    kind[i].what, v->err.text);
			KUNIT_EXPECT_EQ(test, v->prog.steps_max, FWT_STEPS_MAX + more);
			if (more) {
				KUNIT_EXPECT_STREQ(test, v->err.text, too_long);
			} else if (!v->ret) {
				walk(test, v, kind[i].what, d);
				KUNIT_EXPECT_EQ(test, d->verdict, FWT_VERDICT_ACCEPT);
				KUNIT_EXPECT_EQ(test, d->node, l.n - 1);
			}
			kvfree(v->blob);
		}
	}
}

/* Where rules take part the bound is that of what lies between them, as a walk has room
 * for so many: it ends there, however long the program is.
 */
static void stretches(struct kunit *test)
{
	u32 every = FWT_STEPS_MAX / (FWT_EFFECTS_MAX + 1), more;
	struct fwt_decision *d = kunit_kzalloc(test, sizeof(*d), GFP_KERNEL);
	struct proved *v = kunit_kzalloc(test, sizeof(*v), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, d);
	KUNIT_ASSERT_NOT_NULL(test, v);
	for (more = 0; more < 2; more++) {
		struct fwt_test_links l = {
			.plain = WORD, .every = every + more, .n = 2 * FWT_STEPS_MAX + 1,
		};

		prove(test, &l, v);
		KUNIT_EXPECT_EQ(test, v->ret, more ? -E2BIG : 0);
		KUNIT_EXPECT_EQ(test, v->prog.steps_max, (FWT_EFFECTS_MAX + 1) * l.every);
		if (!v->ret) {
			walk(test, v, "words between rules", d);
			KUNIT_EXPECT_EQ(test, d->verdict, FWT_VERDICT_DROP);
			KUNIT_EXPECT_EQ(test, d->reason, FWT_REASON_EFFECTS);
			KUNIT_EXPECT_EQ(test, d->n_effects, FWT_EFFECTS_MAX);
			KUNIT_EXPECT_EQ(test, d->node, v->prog.steps_max - 1);
		}
		kvfree(v->blob);
	}
}

/* The whole way: in force, or refused with a word and nothing changed. */
static void applied(struct kunit *test)
{
	struct fwt_test_links l = { .plain = WORD, .n = FWT_STEPS_MAX };
	struct netlink_ext_ack extack = { };
	u32 gen = 0, was;
	size_t len;
	void *blob;

	blob = chain(test, &l, &len);
	fwt_test_apply(test, ns, blob, len);
	was = ns->fn->generation;
	l.n++;
	blob = chain(test, &l, &len);
	KUNIT_EXPECT_EQ(test, fwt_policy_apply(ns->fn, blob, len, FWT_GENERATION_ANY, &extack,
					       &gen), -E2BIG);
	KUNIT_EXPECT_NOT_NULL(test, extack._msg);
	KUNIT_EXPECT_EQ(test, ns->fn->generation, was);
	fwt_test_clear(test, ns);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(bound),
	KUNIT_CASE(stretches),
	KUNIT_CASE(applied),
	{ }
};

FWT_TEST_SUITE_IN_NS("fwtree-verify", ns, cases);
