// SPDX-License-Identifier: GPL-2.0
/*
 * Translation on real packets: sums, copies, pieces, errors, and nonsense. What others
 * hold, too, is in test_way_clone.c.
 */
#include <linux/icmp.h>
#include <linux/ip.h>
#include <linux/prandom.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/ip6_checksum.h>

#include "gateway.h"
#include "hook.h"
#include "policy.h"
#include "way.h"

static struct fwt_test_ns *ns;

static void expect_ends(struct kunit *test, const struct sk_buff *skb,
			const u32 *src, u16 sport, const u32 *dst, u16 dport,
			const char *what)
{
	struct fwt_test_pkt k;

	fwt_test_read(skb, &k);
	KUNIT_EXPECT_EQ_MSG(test, memcmp(k.src, src, k.family == 6 ? 16 : 4), 0,
			    "%s: source %x", what, k.src[0]);
	KUNIT_EXPECT_EQ_MSG(test, memcmp(k.dst, dst, k.family == 6 ? 16 : 4), 0,
			    "%s: destination %x", what, k.dst[0]);
	if (sport)
		KUNIT_EXPECT_EQ_MSG(test, k.sport, sport, "%s: source port", what);
	if (dport)
		KUNIT_EXPECT_EQ_MSG(test, k.dport, dport, "%s: port", what);
	KUNIT_EXPECT_TRUE_MSG(test, fwt_test_sums_ok(skb), "%s: checksums", what);
}

static struct fwt_test_pkt answer(const struct sk_buff *skb)
{
	struct fwt_test_pkt k, r;

	fwt_test_read(skb, &k);
	r = k;
	memcpy(r.src, k.dst, sizeof(r.src));
	memcpy(r.dst, k.src, sizeof(r.dst));
	r.sport = k.dport;
	r.dport = k.sport;
	r.tcp_flags = FWT_TCP_SYN | FWT_TCP_ACK;
	r.seq = 5000;
	r.ack = 1001;
	return r;
}

static void both_ways(struct kunit *test, u8 family, u8 protocol, bool dnat, bool snat)
{
	bool six = family == 6;
	struct fwt_test_pkt k = request(family, protocol), r;
	struct sk_buff *skb;

	apply_gateway(test, ns, dnat, snat);
	skb = fwt_test_forward(ns, fwt_test_skb(&k, ns->in), false);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	expect_ends(test, skb, snat ? shown[six] : client[six], snat ? 0 : 1234,
		    dnat ? server[six] : gateway[six], dnat ? 8080 : 80, "out");
	r = answer(skb);
	kfree_skb(skb);
	skb = fwt_test_forward(ns, fwt_test_skb(&r, ns->out), true);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	expect_ends(test, skb, gateway[six], 80, client[six], 1234, "back");
	kfree_skb(skb);
	/* Each further packet likewise. */
	k.tcp_flags = FWT_TCP_ACK;
	k.seq = 1001;
	k.ack = 5001;
	k.payload = 100;
	skb = fwt_test_forward(ns, fwt_test_skb(&k, ns->in), false);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	expect_ends(test, skb, snat ? shown[six] : client[six], 0,
		    dnat ? server[six] : gateway[six], dnat ? 8080 : 80, "again");
	kfree_skb(skb);
	fwt_test_clear(test, ns);
}

static void translations(struct kunit *test)
{
	u32 i;

	for (i = 0; i < 16; i++)
		both_ways(test, i & 1 ? 6 : 4, i & 2 ? IPPROTO_TCP : IPPROTO_UDP,
			  i & 4, i & 8);
}

static void masquerade(struct kunit *test)
{
	struct fwt_test_prog *p = fwt_test_prog_new(test);
	struct fwt_prog_mod m = { .type = FWT_MOD_MASQUERADE };
	static const u32 own[2][4] = { { 0xcb007101 }, { 0x20010db8, 0x20000, 0, 1 } };
	struct fwt_test_pkt k;
	struct sk_buff *skb;
	size_t len;
	void *blob;
	u32 i;

	fwt_test_mod(p, &m, 1);
	fwt_test_verdict(p, FWT_VERDICT_ACCEPT, fwt_test_rule(p, 1));
	fwt_test_hook(p, FWT_HOOK_EGRESS, 0, NULL);
	blob = fwt_test_build(test, p, &len);
	fwt_test_apply(test, ns, blob, len);
	for (i = 0; i < 2; i++) {
		k = request(i ? 6 : 4, IPPROTO_UDP);
		memcpy(k.dst, server[i], sizeof(k.dst));
		skb = fwt_test_forward(ns, fwt_test_skb(&k, ns->in), false);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		expect_ends(test, skb, own[i], 0, server[i], 80, "masqueraded");
		kfree_skb(skb);
	}
	fwt_test_clear(test, ns);
}

/* A walk asks the kernel which address that is once for a destination, and for few of them,
 * however many rules want it.
 */
static void masquerade_asks(struct kunit *test)
{
	struct fwt_world *world = kunit_kzalloc(test, sizeof(*world), GFP_KERNEL);
	struct fwt_way *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	struct fwt_test_pkt k = request(4, IPPROTO_UDP);
	struct nf_hook_state state = { .out = ns->out };
	u32 six, i, last, found;
	u32 addr[4], own[4];

	KUNIT_ASSERT_TRUE(test, world && w);
	w->fn = ns->fn;
	w->state = &state;
	w->skb = fwt_test_skb(&k, ns->in);
	KUNIT_ASSERT_NOT_NULL(test, w->skb);
	for (six = 0; six < 2; six++) {
		last = six ? 3 : 0;
		w->p.family = six ? 6 : 4;
		fwt_world_init(world, w, 0);
		rcu_read_lock();
		/* Each one twice in a row. */
		for (i = 0, found = 0; i < 8; i++) {
			memcpy(w->p.daddr, server[six], sizeof(w->p.daddr));
			w->p.daddr[last] += i / 2;
			memset(addr, 0, sizeof(addr));
			found += world->env.ops->source(&world->env, &w->p, addr);
			if (!i)
				memcpy(own, addr, sizeof(own));
			found += !memcmp(own, addr, sizeof(own));
		}
		KUNIT_EXPECT_EQ_MSG(test, found, 16, "the same address, eight times");
		KUNIT_EXPECT_EQ(test, world->asked, 4);
		w->p.daddr[last]++;
		KUNIT_EXPECT_FALSE_MSG(test, world->env.ops->source(&world->env, &w->p, addr),
				       "a fifth destination");
		w->p.daddr[last]--;
		KUNIT_EXPECT_TRUE_MSG(test, world->env.ops->source(&world->env, &w->p, addr),
				      "what is known");
		KUNIT_EXPECT_EQ(test, world->asked, 4);
		rcu_read_unlock();
	}
	kfree_skb(w->skb);
}

/* How a device or the stack may bring the checksum along. */
static void checksum_kinds(struct kunit *test)
{
	static const u8 kinds[] = { CHECKSUM_NONE, CHECKSUM_UNNECESSARY,
				    CHECKSUM_COMPLETE, CHECKSUM_PARTIAL };
	struct fwt_test_pkt k;
	struct sk_buff *skb;
	u32 i, l3, at;

	apply_gateway(test, ns, true, true);
	for (i = 0; i < 16; i++) {
		bool six = i & 1;

		k = request(six ? 6 : 4, i & 2 ? IPPROTO_TCP : IPPROTO_UDP);
		k.sport = 2000 + i;
		skb = fwt_test_skb(&k, ns->in);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		skb->ip_summed = kinds[i / 4];
		l3 = six ? 40 : 20;
		at = l3 + (i & 2 ? 16 : 6);
		if (skb->ip_summed == CHECKSUM_COMPLETE) {
			skb->csum = skb_checksum(skb, 0, skb->len, 0);
		} else if (skb->ip_summed == CHECKSUM_PARTIAL) {
			__sum16 sum = six ?
				~csum_ipv6_magic((void *)(skb->data + 8),
						 (void *)(skb->data + 24),
						 skb->len - l3, k.protocol, 0) :
				~csum_tcpudp_magic(ip_hdr(skb)->saddr,
						   ip_hdr(skb)->daddr,
						   skb->len - l3, k.protocol, 0);

			memcpy(skb->data + at, &sum, 2);
			skb->csum_start = skb_headroom(skb) + l3;
			skb->csum_offset = at - l3;
		}
		skb = fwt_test_forward(ns, skb, false);
		KUNIT_ASSERT_NOT_NULL_MSG(test, skb, "kind %u", kinds[i / 4]);
		if (skb->ip_summed == CHECKSUM_COMPLETE)
			KUNIT_EXPECT_EQ_MSG(test, csum_fold(skb->csum),
					    csum_fold(skb_checksum(skb, 0, skb->len, 0)),
					    "the sum brought along, IPv%u", k.family);
		if (skb->ip_summed == CHECKSUM_PARTIAL)
			KUNIT_EXPECT_EQ(test, skb_checksum_help(skb), 0);
		expect_ends(test, skb, shown[six], 0, server[six], 8080, "summed");
		kfree_skb(skb);
	}
	fwt_test_clear(test, ns);
}

static u64 clashed(void)
{
	struct fwt_stats s;

	fwt_stats_read(ns->fn, &s);
	return s.reason[FWT_REASON_TUPLE_CLASH];
}

/* Of a connection that is led elsewhere, with the server's end already: a copy of its
 * packet that somebody on this machine makes and sends on is its own, and has passed us
 * before; the same from a wire is not, nor is what a program sends from here.
 */
static void copied(struct kunit *test)
{
	struct sk_buff *skb, *copy, *here;
	struct fwt_test_pkt k;
	u64 was;
	u32 i;

	apply_gateway(test, ns, true, false);
	for (i = 0; i < 4; i++) {
		bool six = i & 1;

		k = request(six ? 6 : 4, i & 2 ? IPPROTO_TCP : IPPROTO_UDP);
		skb = fwt_test_skb(&k, ns->in);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		KUNIT_ASSERT_EQ(test, fwt_test_pass(ns, NF_INET_PRE_ROUTING, skb), NF_ACCEPT);
		expect_ends(test, skb, client[six], 1234, server[six], 8080, "led");
		copy = skb_copy(skb, GFP_KERNEL);
		here = skb_copy(skb, GFP_KERNEL);
		KUNIT_ASSERT_TRUE(test, copy && here);
		skb->dev = ns->out;
		KUNIT_EXPECT_EQ(test, fwt_test_pass(ns, NF_INET_POST_ROUTING, skb), NF_ACCEPT);
		kfree_skb(skb);

		was = clashed();
		copy->dev = ns->out;
		KUNIT_ASSERT_EQ_MSG(test, fwt_test_pass(ns, NF_INET_LOCAL_OUT, copy), NF_ACCEPT,
				    "a copy, IPv%u", k.family);
		KUNIT_ASSERT_EQ(test, fwt_test_pass(ns, NF_INET_POST_ROUTING, copy), NF_ACCEPT);
		expect_ends(test, copy, client[six], 1234, server[six], 8080, "copy");
		kfree_skb(copy);
		KUNIT_EXPECT_EQ(test, clashed(), was);

		here->dev = ns->out;
		here->skb_iif = 0;
		KUNIT_EXPECT_EQ_MSG(test, fwt_test_pass(ns, NF_INET_LOCAL_OUT, here), NF_STOLEN,
				    "from here, IPv%u", k.family);
		KUNIT_EXPECT_EQ(test, clashed(), was + 1);
		memcpy(k.dst, server[six], sizeof(k.dst));
		k.dport = 8080;
		/* Not one that begins it anew. */
		k.seq = 900;
		skb = fwt_test_skb(&k, ns->in);
		KUNIT_EXPECT_EQ_MSG(test, fwt_test_pass(ns, NF_INET_PRE_ROUTING, skb), NF_STOLEN,
				    "from a wire, IPv%u", k.family);
		KUNIT_EXPECT_EQ(test, clashed(), was + 2);
	}
	fwt_test_clear(test, ns);
}

static void pieces(struct kunit *test)
{
	struct fwt_test_pkt k;
	struct sk_buff *skb;
	u32 i, linear;

	apply_gateway(test, ns, true, true);
	for (i = 0; i < 4; i++) {
		bool six = i & 1;

		k = request(six ? 6 : 4, i & 2 ? IPPROTO_TCP : IPPROTO_UDP);
		/* The IP layer has its own header linear before any hook. */
		for (linear = six ? 40 : 20; linear < (six ? 60 : 40); linear++) {
			k.sport = 3000 + 100 * i + linear;
			skb = fwt_test_skb(&k, ns->in);
			KUNIT_ASSERT_NOT_NULL(test, skb);
			if (linear >= skb->len) {
				kfree_skb(skb);
				continue;
			}
			skb = fwt_test_forward(ns, in_pieces(test, skb, linear), false);
			KUNIT_ASSERT_NOT_NULL_MSG(test, skb, "%u bytes linear", linear);
			KUNIT_ASSERT_EQ(test, skb_linearize(skb), 0);
			expect_ends(test, skb, shown[six], 0, server[six], 8080, "pieces");
			kfree_skb(skb);
		}
	}
	fwt_test_clear(test, ns);
}

/* From outside about a packet of ours: it comes to the client, and what it
 * quotes is what the client sent.
 */
static void error_about(struct kunit *test, u8 family, u8 protocol)
{
	bool six = family == 6;
	struct fwt_test_pkt k = request(family, protocol), e = { }, q;
	struct sk_buff *skb, *about;
	u32 l3 = six ? 40 : 20, n;

	k.payload = protocol == IPPROTO_TCP ? 0 : 20;
	apply_gateway(test, ns, true, true);
	about = fwt_test_forward(ns, fwt_test_skb(&k, ns->in), false);
	KUNIT_ASSERT_NOT_NULL(test, about);
	fwt_test_read(about, &q);
	n = about->len;
	e.family = family;
	e.protocol = six ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	e.icmp_type = six ? 1 : 3;
	memcpy(e.src, six ? (u32[4]) { 0x20010db8, 0x20000, 0, 2 } :
	       (u32[4]) { 0xcb007102 }, sizeof(e.src));
	memcpy(e.dst, q.src, sizeof(e.dst));
	e.body = about->data;
	e.payload = n;

	skb = fwt_test_forward(ns, fwt_test_skb(&e, ns->out), true);
	KUNIT_ASSERT_NOT_NULL_MSG(test, skb, "an error of IPv%u", family);
	KUNIT_EXPECT_TRUE_MSG(test, fwt_test_sums_ok(skb), "the error's checksum");
	fwt_test_read(skb, &q);
	KUNIT_EXPECT_EQ_MSG(test, memcmp(q.dst, client[six], six ? 16 : 4), 0,
			    "it comes to %x", q.dst[0]);
	skb_pull(skb, l3 + 8);
	skb_reset_network_header(skb);
	fwt_test_read(skb, &q);
	KUNIT_EXPECT_EQ_MSG(test, memcmp(q.src, client[six], six ? 16 : 4), 0,
			    "quoted source %x", q.src[0]);
	KUNIT_EXPECT_EQ_MSG(test, memcmp(q.dst, gateway[six], six ? 16 : 4), 0,
			    "quoted destination %x", q.dst[0]);
	KUNIT_EXPECT_EQ(test, q.sport, 1234);
	KUNIT_EXPECT_EQ(test, q.dport, 80);
	KUNIT_EXPECT_TRUE_MSG(test, fwt_test_sums_ok(skb), "the quote's checksums");
	kfree_skb(skb);
	kfree_skb(about);

	/* Of a connection that there is not: nothing of it comes through. */
	e.body = NULL;
	skb = fwt_test_forward(ns, fwt_test_skb(&e, ns->out), true);
	if (skb) {
		fwt_test_read(skb, &q);
		KUNIT_EXPECT_NE(test, memcmp(q.dst, client[six], six ? 16 : 4), 0);
	}
	kfree_skb(skb);
	fwt_test_clear(test, ns);
}

static void errors(struct kunit *test)
{
	error_about(test, 4, IPPROTO_UDP);
	error_about(test, 4, IPPROTO_TCP);
	error_about(test, 6, IPPROTO_UDP);
	error_about(test, 6, IPPROTO_TCP);
}

/* Whole, and cut off at every byte. */
static void cut_off(struct kunit *test)
{
	static const u8 protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP };
	struct fwt_test_pkt k;
	struct sk_buff *skb;
	u32 i, n;
	u8 *at;

	apply_gateway(test, ns, true, true);
	for (i = 0; i < 6; i++) {
		struct sk_buff *whole;

		k = request(i & 1 ? 6 : 4, protocols[i / 2]);
		if (k.family == 6 && k.protocol == IPPROTO_ICMP)
			k.protocol = IPPROTO_ICMPV6;
		whole = fwt_test_skb(&k, ns->in);
		KUNIT_ASSERT_NOT_NULL(test, whole);
		for (n = 0; n <= whole->len; n++) {
			/* Just so long, for KASAN to see the end. */
			at = kmemdup(whole->data, n, GFP_KERNEL);
			skb = fwt_test_raw(at ?: whole->data, n, k.family, ns->in);
			KUNIT_ASSERT_NOT_NULL(test, skb);
			kfree_skb(fwt_test_forward(ns, skb, false));
			kfree(at);
		}
		kfree_skb(whole);
	}
	fwt_test_clear(test, ns);
}

/* Packets with some bytes changed, and bytes that are no packets at all. */
static void nonsense(struct kunit *test)
{
	u32 i, k, passed = 0, len, n = FWT_TEST_MANY(100000);
	static const u8 protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP,
					IPPROTO_ICMPV6 };
	u64 seed = get_random_u64();
	struct rnd_state rnd;
	struct sk_buff *skb;
	u8 noise[96];

	kunit_info(test, "seed %llu", seed);
	prandom_seed_state(&rnd, seed);
	apply_gateway(test, ns, true, true);
	for (i = 0; i < n; i++) {
		u32 r = prandom_u32_state(&rnd);
		bool back = r & 1;

		if (r & 6) {
			struct fwt_test_pkt p = request(r & 8 ? 6 : 4,
							protocols[r >> 4 & 3]);

			p.sport = 1000 + (r >> 8 & 15);
			p.tcp_flags = r >> 16;
			p.icmp_type = r & 0x40 ? r >> 24 & 15 : 0;
			p.payload = r >> 12 & 63;
			skb = fwt_test_skb(&p, ns->in);
			KUNIT_ASSERT_NOT_NULL(test, skb);
			for (k = r >> 28 & 3; k; k--)
				skb->data[prandom_u32_state(&rnd) % skb->len] =
					prandom_u32_state(&rnd);
		} else {
			len = r >> 8 & 63;
			prandom_bytes_state(&rnd, noise, sizeof(noise));
			noise[0] = (r & 8 ? 0x60 : 0x45);
			skb = fwt_test_raw(noise, len, r & 8 ? 6 : 4, ns->in);
			KUNIT_ASSERT_NOT_NULL(test, skb);
		}
		skb = fwt_test_forward(ns, skb, back);
		passed += !!skb;
		kfree_skb(skb);
		if (i % 256 == 0)
			cond_resched();
	}
	kunit_info(test, "%u of %u passed", passed, n);
	KUNIT_EXPECT_GT(test, passed, n / 50);
	KUNIT_EXPECT_LT(test, passed, n);
	fwt_test_clear(test, ns);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(translations),
	KUNIT_CASE(masquerade),
	KUNIT_CASE(masquerade_asks),
	KUNIT_CASE(checksum_kinds),
	KUNIT_CASE(copied),
	KUNIT_CASE(pieces),
	KUNIT_CASE(errors),
	KUNIT_CASE(cut_off),
	KUNIT_CASE_SLOW(nonsense),
	{ }
};

FWT_TEST_SUITE_IN_NS("fwtree-nat", ns, cases);
