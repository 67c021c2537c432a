// SPDX-License-Identifier: GPL-2.0
/*
 * Words of nftables: what is written with them is the very program that the language's
 * own words make. Held against the table in policy-language.rst.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "made.h"

#define IN(rule) "ingress {\n" rule "\ndrop\n}\n"
#define OUT(rule) "egress {\n" rule "\ndrop\n}\n"
#define DEV(rule) "ingress device eth0 {\n" rule "\ndrop\n}\n"
#define TREE "tree t {\nmark 1 accept\n}\n"

static const struct pair {
	const char *theirs;
	const char *ours;
} pairs[] = {
	{ IN("iifname eth0 accept"), IN("iif eth0 accept") },
	{ IN("meta iifname wg* accept"), IN("iif wg* accept") },
	{ IN("meta iif eth0 accept"), IN("iif eth0 accept") },
	{ OUT("oifname eth0 accept"), OUT("oif eth0 accept") },
	{ OUT("meta oifname { eth0, eth1 } accept"), OUT("oif { eth0, eth1 } accept") },
	{ IN("ip protocol udp accept"), IN("family ipv4 protocol udp accept") },
	{ IN("ip6 nexthdr udp accept"), IN("family ipv6 protocol udp accept") },
	{ IN("meta l4proto tcp accept"), IN("protocol tcp accept") },
	{ IN("th sport 53 th dport > 1023 accept"), IN("sport 53 dport > 1023 accept") },
	{ IN("meta length > 1500 accept"), IN("length > 1500 accept") },
	{ IN("meta mark 7 meta priority 3 accept"), IN("mark 7 priority 3 accept") },
	{ IN("meta mark & 0xf0 == 0x10 accept"), IN("mark & 0xf0 == 0x10 accept") },
	{ IN("set meta mark 7 accept"), IN("set mark 7 accept") },
	{ DEV("meta pkttype broadcast accept"), DEV("pkttype broadcast accept") },
	{ IN("meta nfproto ipv6 accept"), IN("family ipv6 accept") },
	{ DEV("meta protocol arp accept"), DEV("ether type arp accept") },
	{ DEV("arp operation reply accept"), DEV("arp op reply accept") },
	{ IN("tcp sequence 5 tcp ackseq 6 accept"), IN("tcp seq 5 tcp ack 6 accept") },
	{ OUT("meta skuid 7 meta skgid 8 accept"), OUT("uid 7 gid 8 accept") },
	{ IN("ip6 hoplimit 255 accept"), IN("family ipv6 ttl 255 accept") },
	{ IN("ip ttl < 5 accept"), IN("family ipv4 ttl < 5 accept") },
	{ IN("ip dscp ef accept"), IN("family ipv4 dscp ef accept") },
	{ IN("jump t") TREE, IN("call t") TREE },
	{ IN("limit rate 4/minute burst 3 accept"), IN("limit 4/minute burst 3 accept") },
	{ IN("limit rate over 1M/second drop"), IN("limit over 1M/second drop") },
	{ IN("log prefix \"a \" drop"), IN("log \"a \" drop") },
	{ IN("log prefix \"a \" group 3 drop"), IN("log \"a \" group 3 drop") },
	{ IN("tcp dport 22 counter accept"), IN("tcp dport 22 accept") },
};

static bool same(const struct made *a, const struct made *b, enum fwt_section sec,
		 const void *x, const void *y, size_t size)
{
	u32 n = a->prog.n[sec];

	return n == b->prog.n[sec] && (!n || !memcmp(x, y, n * size));
}

/* Keys are of the text, and strings lie where that leaves them. */
static bool same_mods(const struct made *a, const struct made *b)
{
	u32 i;

	if (a->prog.n[FWT_SEC_MODS] != b->prog.n[FWT_SEC_MODS])
		return false;
	for (i = 0; i < a->prog.n[FWT_SEC_MODS]; i++) {
		struct fwt_prog_mod x = a->prog.mod[i], y = b->prog.mod[i];

		if (x.type == FWT_MOD_LOG || x.type == FWT_MOD_NFLOG) {
			if (strcmp(a->prog.string + x.a, b->prog.string + y.a))
				return false;
			x.a = y.a;
		}
		if (memcmp(&x, &y, sizeof(x)))
			return false;
	}
	return true;
}

static bool same_objects(const struct made *a, const struct made *b)
{
	u32 i;

	if (a->prog.n[FWT_SEC_OBJECTS] != b->prog.n[FWT_SEC_OBJECTS])
		return false;
	for (i = 0; i < a->prog.n[FWT_SEC_OBJECTS]; i++) {
		const struct fwt_prog_object *x = &a->prog.object[i], *y = &b->prog.object[i];

		if (x->kind != y->kind || memcmp(x->param, y->param, sizeof(x->param)))
			return false;
	}
	return true;
}

static void test_words(void **state)
{
	u32 i, failed = 0;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(pairs); i++) {
		struct made a, b;

		made_with(&a, pairs[i].theirs, FWT_NONE);
		made_with(&b, pairs[i].ours, FWT_NONE);
		if (a.ret || b.ret ||
		    !same(&a, &b, FWT_SEC_NODES, a.prog.node, b.prog.node, sizeof(*a.prog.node)) ||
		    !same(&a, &b, FWT_SEC_TESTS, a.prog.test, b.prog.test, sizeof(*a.prog.test)) ||
		    !same(&a, &b, FWT_SEC_SETS, a.prog.set, b.prog.set, sizeof(*a.prog.set)) ||
		    !same(&a, &b, FWT_SEC_WORDS, a.prog.word, b.prog.word, sizeof(u32)) ||
		    !same_mods(&a, &b) || !same_objects(&a, &b)) {
			fprintf(stderr, "not the same:\n%s%s", pairs[i].theirs, pairs[i].ours);
			fwt_diag_print(&a.diag, stderr);
			failed++;
		}
		made_clean(&a);
		made_clean(&b);
	}
	assert_int_equal(failed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_words) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
