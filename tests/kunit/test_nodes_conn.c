// SPDX-License-Identifier: GPL-2.0
/*
 * What fields say of a packet's connection, where each packet walks (option evaluate): to the
 * one that began it, to its answer, to one that has none. And which packets walk, and what a
 * new policy is asked about what began under another one (option revalidate).
 */
#include "nodes.h"

static struct fwt_test_ns *ns;

/* A packet comes with it, and keeps it where a field is absent. */
#define CAME	99

static const u32 server[2][4] = { { 0xcb007109 }, { 0x20010db8, 0x00020000, 0, 9 } };

/* Through both hooks; NULL: dropped. */
static struct sk_buff *goes(struct kunit *test, const struct fwt_test_pkt *k, bool back)
{
	struct sk_buff *skb = fwt_test_skb(k, back ? ns->out : ns->in);

	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb->mark = CAME;
	skb = fwt_test_forward(ns, skb, back);
	if (skb)
		KUNIT_EXPECT_TRUE_MSG(test, fwt_test_sums_ok(skb), "IPv%u: checksums", k->family);
	return skb;
}

/* The answer to a packet, as that left. */
static struct fwt_test_pkt answer_to(const struct sk_buff *skb)
{
	struct fwt_test_pkt k, r;

	fwt_test_read(skb, &k);
	r = k;
	memcpy(r.src, k.dst, sizeof(r.src));
	memcpy(r.dst, k.src, sizeof(r.dst));
	r.sport = k.dport;
	r.dport = k.sport;
	r.payload = 32;
	return r;
}

/* A SYN is answered that nobody has sent. */
static struct fwt_test_pkt unasked(u8 family)
{
	struct fwt_test_pkt k = fwt_test_between(family, IPPROTO_TCP);

	k.tcp_flags = FWT_TCP_SYN | FWT_TCP_ACK;
	k.ack = 1;
	return k;
}

static void led(struct fwt_test_prog *p, u8 family, u32 yes)
{
	fwt_test_nat(p, FWT_MOD_DNAT, family, server[family == 6], 5353, 5353, yes);
}

/* The mark becomes the value of @field at @hook, of each packet; behind a dnat, if @nat, and
 * before a masquerade.
 *
 * 0 dnat (ingress)	1 set mark @field	2 masquerade (egress)	3 accept
 */
static struct fwt_test_prog *shows(struct kunit *test, u8 family, u8 hook, u8 field, bool nat)
{
	bool first = hook == FWT_HOOK_INGRESS;
	struct fwt_test_prog *p = fwt_test_prog_new(test);
	u32 shown = nat ? 2 : 3;

	led(p, family, first ? 1 : 3);
	fwt_test_mod(p, &(struct fwt_prog_mod){
		.type = FWT_MOD_SET_MARK, .flags = FWT_MOD_FIELD, .a = field,
	}, first ? 3 : shown);
	fwt_test_mod(p, &(struct fwt_prog_mod){ .type = FWT_MOD_MASQUERADE }, 3);
	fwt_test_verdict(p, FWT_VERDICT_ACCEPT, fwt_test_rule(p, 1));
	fwt_test_hook(p, FWT_HOOK_INGRESS, nat ? 0 : first ? 1 : 3, NULL);
	fwt_test_hook(p, FWT_HOOK_EGRESS, first ? shown : 1, NULL);
	fwt_test_option(p, FWT_OPTION_EVALUATE, 1);
	return p;
}

/* How ct status has it: 0 none, 1 snat, 2 both, 3 dnat. */
enum { STATUS_BOTH = 2, STATUS_DNAT = 3 };

/**
 * struct said - what a field of one word says
 * @what: its name
 * @field: it
 * @first: to the first packet of a connection, which is led to a server, and shown by
 *	another address from egress on
 * @again: to what follows it
 * @answer: to the answer
 * @later: to the next packet, answered
 * @none: to a packet without a connection
 */
static const struct said {
	const char *what;
	u8 field;
	u32 first;
	u32 again;
	u32 answer;
	u32 later;
	u32 none;
} said[] = {
	{ "ct state", FWT_FIELD_CT_STATE, FWT_CT_NEW, FWT_CT_NEW, FWT_CT_ESTABLISHED,
	  FWT_CT_ESTABLISHED, FWT_CT_INVALID },
	{ "ct status", FWT_FIELD_CT_STATUS, STATUS_DNAT, STATUS_BOTH, STATUS_BOTH, STATUS_BOTH, 0 },
	{ "ct direction", FWT_FIELD_CT_DIRECTION, 0, 0, 1, 0, CAME },
	{ "ct mark", FWT_FIELD_CT_MARK, 0, 0, 0, 0, CAME },
	{ "ct original protocol", FWT_FIELD_CT_ORIGINAL_PROTOCOL, IPPROTO_UDP, IPPROTO_UDP,
	  IPPROTO_UDP, IPPROTO_UDP, CAME },
	{ "ct original sport", FWT_FIELD_CT_ORIGINAL_SPORT, 1234, 1234, 1234, 1234, CAME },
	{ "ct original dport", FWT_FIELD_CT_ORIGINAL_DPORT, 53, 53, 53, 53, CAME },
};

static void expect_mark(struct kunit *test, struct sk_buff *skb, u32 mark, u8 family, u8 hook,
			const struct said *s, const char *which)
{
	KUNIT_EXPECT_NOT_NULL_MSG(test, skb, "IPv%u, hook %u, %s: %s was dropped", family, hook,
				  s->what, which);
	if (skb)
		KUNIT_EXPECT_EQ_MSG(test, skb->mark, mark, "IPv%u, hook %u, %s: %s", family, hook,
				    s->what, which);
	kfree_skb(skb);
}

static void say(struct kunit *test, u8 family, u8 hook, const struct said *s)
{
	struct fwt_test_pkt k = fwt_test_between(family, IPPROTO_UDP), r;
	struct sk_buff *skb;

	apply(test, ns, shows(test, family, hook, s->field, true));
	skb = goes(test, &k, false);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	r = answer_to(skb);
	KUNIT_EXPECT_EQ_MSG(test, r.sport, 5353, "IPv%u: the server's", family);
	expect_mark(test, skb, s->first, family, hook, s, "the first");
	expect_mark(test, goes(test, &k, false), s->again, family, hook, s, "the second");
	expect_mark(test, goes(test, &r, true), s->answer, family, hook, s, "the answer");
	expect_mark(test, goes(test, &k, false), s->later, family, hook, s, "the next");
	/* What has no connection is not translated. */
	apply(test, ns, shows(test, family, hook, s->field, false));
	k = unasked(family);
	expect_mark(test, goes(test, &k, false), s->none, family, hook, s, "one of none");
}

static void says(struct kunit *test)
{
	u8 f;
	u32 i;

	for_each_family(f)
		for (i = 0; i < ARRAY_SIZE(said); i++) {
			say(test, f, FWT_HOOK_INGRESS, &said[i]);
			say(test, f, FWT_HOOK_EGRESS, &said[i]);
		}
	fwt_test_clear(test, ns);
}

/* One that is there, and of a packet without a connection is not: neither equal to
 * anything, nor different from it.
 */
static void ct_mark(struct kunit *test)
{
	u32 five = 5, turned;
	u8 f;

	for_each_family(f) {
		struct fwt_test_pkt k = fwt_test_between(f, IPPROTO_UDP), none = unasked(f), r;
		struct fwt_test_prog *p = asking(test, &(struct fwt_prog_test){
			.op = FWT_TEST_IN, .n_fields = 1, .field = { FWT_FIELD_CT_MARK } });
		struct sk_buff *skb;
		u32 set;

		/* Ingress sets it, egress asks for it. */
		in_set(p, &five, 1, &five, 1);
		p->hook[0].hook = FWT_HOOK_EGRESS;
		set = fwt_test_mod(p, &(struct fwt_prog_mod){
			.type = FWT_MOD_SET_CT_MARK, .a = five }, p->n[FWT_SEC_NODES] + 1);
		fwt_test_verdict(p, FWT_VERDICT_ACCEPT, 0);
		fwt_test_hook(p, FWT_HOOK_INGRESS, set, NULL);
		fwt_test_option(p, FWT_OPTION_EVALUATE, 1);
		for (turned = 0; turned < 2; turned++) {
			p->test[0].flags = turned ? FWT_TEST_NEGATE : 0;
			apply(test, ns, p);
			skb = goes(test, &k, false);
			KUNIT_EXPECT_EQ_MSG(test, !!skb, !turned, "IPv%u: 5%s", f,
					    turned ? ", turned" : "");
			if (skb) {
				r = answer_to(skb);
				kfree_skb(skb);
				skb = goes(test, &r, true);
				KUNIT_EXPECT_NOT_NULL_MSG(test, skb, "IPv%u: the answer's", f);
				kfree_skb(skb);
			}
			skb = goes(test, &none, false);
			KUNIT_EXPECT_NULL_MSG(test, skb, "IPv%u: of no connection%s", f,
					      turned ? ", turned" : "");
			kfree_skb(skb);
		}
	}
	fwt_test_clear(test, ns);
}

/* Egress accepts a packet whose @field is @is, of what ingress leads to a server. */
static struct fwt_test_prog *led_and_asked(struct kunit *test, u8 family, u8 field, const u32 *is)
{
	struct fwt_test_prog *p = asking(test, &(struct fwt_prog_test){
		.op = FWT_TEST_IN, .n_fields = 1, .field = { field } });
	u32 root = p->n[FWT_SEC_NODES];

	/* The other family's is of no packet here. */
	in_set(p, is, 1, is, 4);
	p->hook[0].hook = FWT_HOOK_EGRESS;
	led(p, family, root + 1);
	fwt_test_verdict(p, FWT_VERDICT_ACCEPT, 0);
	fwt_test_hook(p, FWT_HOOK_INGRESS, root, NULL);
	fwt_test_option(p, FWT_OPTION_EVALUATE, 1);
	return p;
}

/* Does it hold of the first packet, and of its answer. */
static void original(struct kunit *test, u8 family, u8 field, const u32 *is, bool first,
		     bool answer, const char *what)
{
	struct fwt_test_pkt k = fwt_test_between(family, IPPROTO_UDP), r;
	struct sk_buff *skb;

	apply(test, ns, led_and_asked(test, family, field, is));
	skb = goes(test, &k, false);
	KUNIT_EXPECT_EQ_MSG(test, !!skb, first, "IPv%u: %s", family, what);
	if (!skb)
		return;
	r = answer_to(skb);
	kfree_skb(skb);
	skb = goes(test, &r, true);
	KUNIT_EXPECT_EQ_MSG(test, !!skb, answer, "IPv%u: %s, of the answer", family, what);
	kfree_skb(skb);
}

/* Nor does it of what has no connection, however it is asked. */
static void original_of_none(struct kunit *test, u8 family, u8 field, const u32 *is)
{
	struct fwt_test_prog *p = led_and_asked(test, family, field, is);
	struct fwt_test_pkt k = unasked(family);
	struct sk_buff *skb;
	u32 turned;

	/* Which is not to be translated. */
	p->hook[1].root++;
	for (turned = 0; turned < 2; turned++) {
		p->test[0].flags = turned ? FWT_TEST_NEGATE : 0;
		apply(test, ns, p);
		skb = goes(test, &k, false);
		KUNIT_EXPECT_NULL_MSG(test, skb, "IPv%u, field %u%s", family, field,
				      turned ? ", turned" : "");
		kfree_skb(skb);
	}
}

/* As it was dialled, both ways, whatever became of it. */
static void originals(struct kunit *test)
{
	u8 f;

	for_each_family(f) {
		struct fwt_test_pkt k = fwt_test_between(f, IPPROTO_UDP);
		const u32 *to = server[f == 6];

		original(test, f, FWT_FIELD_DADDR, to, true, false, "daddr is the server");
		original(test, f, FWT_FIELD_DADDR, k.dst, false, false, "daddr is as dialled");
		original(test, f, FWT_FIELD_CT_ORIGINAL_DADDR, k.dst, true, true,
			 "original daddr is as dialled");
		original(test, f, FWT_FIELD_CT_ORIGINAL_DADDR, to, false, false,
			 "original daddr is the server");
		original(test, f, FWT_FIELD_SADDR, k.src, true, false, "saddr is the client");
		original(test, f, FWT_FIELD_CT_ORIGINAL_SADDR, k.src, true, true,
			 "original saddr is the client");
		original(test, f, FWT_FIELD_CT_ORIGINAL_SADDR, to, false, false,
			 "original saddr is the server");
		original_of_none(test, f, FWT_FIELD_CT_ORIGINAL_DADDR, k.dst);
		original_of_none(test, f, FWT_FIELD_CT_ORIGINAL_SADDR, k.src);
	}
	fwt_test_clear(test, ns);
}

static u64 hits(void)
{
	struct fwt_slot_count sum;

	mutex_lock(&ns->fn->lock);
	fwt_slot_read(ns->fn, fwt_policy_locked(ns->fn)->slot[0], &sum);
	mutex_unlock(&ns->fn->lock);
	return sum.hits;
}

/* Who walks, of three packets at two hooks. */
static void evaluates(struct kunit *test)
{
	u32 each, root;
	u8 f;

	for_each_family(f) {
		for (each = 0; each < 2; each++) {
			struct fwt_test_pkt k = fwt_test_between(f, IPPROTO_UDP), r;
			struct fwt_test_prog *p = fwt_test_prog_new(test);
			struct sk_buff *skb;
			u64 was;

			root = fwt_test_verdict(p, FWT_VERDICT_ACCEPT, fwt_test_rule(p, 1));
			fwt_test_hook(p, FWT_HOOK_INGRESS, root, NULL);
			fwt_test_hook(p, FWT_HOOK_EGRESS, root, NULL);
			fwt_test_option(p, FWT_OPTION_EVALUATE, each);
			apply(test, ns, p);
			was = hits();
			skb = goes(test, &k, false);
			KUNIT_ASSERT_NOT_NULL(test, skb);
			r = answer_to(skb);
			kfree_skb(skb);
			KUNIT_EXPECT_EQ_MSG(test, hits() - was, 2, "IPv%u, evaluate %u", f, each);
			kfree_skb(goes(test, &r, true));
			kfree_skb(goes(test, &k, false));
			KUNIT_EXPECT_EQ_MSG(test, hits() - was, each ? 6 : 2,
					    "IPv%u, evaluate %u: and the others", f, each);
		}
	}
	fwt_test_clear(test, ns);
}

/* A connection under a policy that refuses, and one that asks for what no record keeps. */
static void revalidates(struct kunit *test)
{
	enum { OFF, ON, STRICT, MODES };
	u32 mode, ttl;
	u8 f;

	for_each_family(f) {
		for (mode = OFF; mode < MODES; mode++) {
			/* Refused in any case; or accepted if only it were known. */
			for (ttl = 0; ttl < 2; ttl++) {
				struct fwt_test_pkt k = fwt_test_between(f, IPPROTO_UDP);
				struct fwt_test_prog *p = fwt_test_prog_new(test);
				bool stays = mode == OFF || (mode == ON && ttl);
				u64 kept = reason(ns, FWT_REASON_UNKNOWN_KEPT);
				u64 ended = reason(ns, FWT_REASON_REVALIDATED);
				struct sk_buff *skb;
				size_t len;
				void *blob;

				fwt_test_range(p, FWT_FIELD_TTL, 1, 255, 1, 2);
				fwt_test_verdict(p, FWT_VERDICT_ACCEPT, fwt_test_rule(p, 1));
				fwt_test_verdict(p, FWT_VERDICT_DROP, 0);
				fwt_test_hook(p, FWT_HOOK_INGRESS, 1, NULL);
				fwt_test_option(p, FWT_OPTION_REVALIDATE, mode);
				apply(test, ns, p);
				kfree_skb(goes(test, &k, false));
				p->hook[0].root = ttl ? 0 : 2;
				blob = fwt_test_build(test, p, &len);
				fwt_test_apply(test, ns, blob, len);
				skb = goes(test, &k, false);
				KUNIT_EXPECT_EQ_MSG(test, !!skb, stays,
						    "IPv%u, revalidate %u, asked %u", f, mode, ttl);
				kfree_skb(skb);
				KUNIT_EXPECT_EQ_MSG(test, reason(ns, FWT_REASON_REVALIDATED),
						    ended + !stays,
						    "IPv%u, revalidate %u, asked %u", f, mode, ttl);
				KUNIT_EXPECT_EQ_MSG(test, reason(ns, FWT_REASON_UNKNOWN_KEPT),
						    kept + (mode != OFF && ttl),
						    "IPv%u, revalidate %u, asked %u", f, mode, ttl);
				KUNIT_EXPECT_EQ_MSG(test, fwt_conns_flush(ns->fn), stays,
						    "IPv%u, revalidate %u, asked %u", f, mode, ttl);
			}
		}
	}
	fwt_test_clear(test, ns);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(says),
	KUNIT_CASE(ct_mark),
	KUNIT_CASE(originals),
	KUNIT_CASE(evaluates),
	KUNIT_CASE(revalidates),
	{ }
};

FWT_TEST_SUITE_IN_NS("fwtree-nodes-conn", ns, cases);
