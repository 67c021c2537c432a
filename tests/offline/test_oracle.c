// SPDX-License-Identifier: GPL-2.0
/*
 * Compiler and walk against the oracle: policies at random, packets drawn from
 * their values, and no difference in verdict, deciding rule, effects or packet.
 *
 * FWT_PAIRS says how many pairs of policy and packet (default a million), or
 * FWT_SECONDS for how long; FWT_SEED the first policy. A difference is shown with
 * the smallest policy and packet that have it: statements, then words are left out,
 * then headers and names of the packet, and its fields are 0, while it stays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "gen_policy.h"
#include "twin.h"

#define PACKETS 250	/* of each policy */

/* Making a policy smaller, statement by statement and word by word, while it keeps a
 * difference.
 */

/* The last packet that made one, and where. */
struct witness {
	struct fwt_packet p;
	u32 hook;		/* which of the policy's */
	u32 seed;
	const char *what;
	char iif[17], oif[17];	/* the names in @p, which were another's */
	struct fwt_tuple tuple;	/* likewise */
	struct fwt_ends ends;
	u32 addr6[__FWT_WHO_MAX][4];
};

static void keep(struct witness *to, const struct witness *from)
{
	*to = *from;
	if (to->p.iif)
		to->p.iif = strcpy(to->iif, from->p.iif);
	if (to->p.oif)
		to->p.oif = strcpy(to->oif, from->p.oif);
	if (to->p.ct_tuple) {
		to->tuple = *from->p.ct_tuple;
		to->p.ct_tuple = &to->tuple;
	}
	if (to->p.ct_ends) {
		to->ends = *from->p.ct_ends;
		if (to->ends.family == 6) {
			memcpy(to->addr6, from->p.ct_ends->addr6, sizeof(to->addr6));
			to->ends.addr6 = to->addr6;
		}
		to->p.ct_ends = &to->ends;
	}
}

static const struct fwt_ast_hook *hook_of(const struct twin *w, u32 number)
{
	const struct fwt_ast_hook *hook = w->ast->hooks;

	while (number-- && hook)
		hook = hook->next;
	return hook;
}

static bool differs(const char *text, u64 seed, struct witness *found)
{
	const struct fwt_ast_hook *hook;
	struct witness now;
	struct twin w;
	bool does = false;
	u32 i;

	if (!twin_make(&w, text, seed, false))
		return false;
	for (i = 0; i < 4 * PACKETS && !does; i++)
		for (now.hook = 0; !does; now.hook++) {
			hook = hook_of(&w, now.hook);
			if (!hook)
				break;
			fwt_sampler_packet(&w.sampler, hook, &now.p);
			now.seed = i;
			now.what = twin_differ(&w, hook, &now.p, i);
			does = now.what;
			if (does)
				keep(found, &now);
		}
	twin_clean(&w);
	return does;
}

/* The end of the statement that begins at @from: its line, or its block. */
static size_t statement_end(const char *text, size_t from)
{
	int depth = 0;
	size_t at = from;

	do {
		size_t end = at + strcspn(text + at, "\n");

		if (end > at && text[end - 1] == '{')
			depth++;
		if (text[at + strspn(text + at, "\t")] == '}')
			depth--;
		at = text[end] ? end + 1 : end;
	} while (depth > 0 && text[at]);
	return at;
}

/* Leaves @text's bytes from @at to @end out, if it stays. */
static bool without(char *text, char *trial, size_t at, size_t end, u64 seed,
		    struct witness *found)
{
	memcpy(trial, text, at);
	memcpy(trial + at, text + end, strlen(text + end) + 1);
	if (!differs(trial, seed, found))
		return false;
	memcpy(text, trial, strlen(trial) + 1);
	return true;
}

static size_t word_end(const char *text, size_t from)
{
	size_t at = from + strcspn(text + from, "\n ");

	return text[at] == ' ' ? at + 1 : at;
}

/* What is no policy any more is refused, so any words may be tried; a match of
 * three has to go as a whole.
 */
static bool fewer_words(char *text, char *trial, u64 seed, struct witness *found)
{
	bool shrunk = false;
	size_t at = 0, end;
	u32 words;

	while (text[at]) {
		bool gone = false;

		for (words = 4; words && !gone; words--) {
			u32 i;

			for (i = 0, end = at; i < words; i++)
				end = word_end(text, end);
			gone = end > at && without(text, trial, at, end, seed, found);
		}
		shrunk |= gone;
		if (!gone) {
			end = word_end(text, at);
			at = end > at ? end : at + 1;
		}
	}
	return shrunk;
}

static bool fewer_statements(char *text, char *trial, u64 seed, struct witness *found)
{
	bool shrunk = false;
	size_t at = 0;

	while (text[at]) {
		if (without(text, trial, at, statement_end(text, at), seed, found)) {
			shrunk = true;
		} else {
			at += strcspn(text + at, "\n");
			at += !!text[at];
		}
	}
	return shrunk;
}

#define FIELD(name) { offsetof(struct fwt_packet, name), sizeof(((struct fwt_packet *)0)->name) }

struct shrink {
	struct twin w;
	const struct fwt_ast_hook *hook;
	struct witness *found;
};

/* Takes @p for the witness where it makes a difference as well. */
static void try(struct shrink *s, const struct fwt_packet *p)
{
	const char *what = twin_differ(&s->w, s->hook, p, s->found->seed);

	if (what) {
		s->found->p = *p;
		s->found->what = what;
	}
}

/* What the headers have goes with them. */
static void fewer_headers(struct shrink *s)
{
	static const u32 layer[] = {
		FWT_HAVE_MSS, FWT_HAVE_TCP, FWT_HAVE_UDP, FWT_HAVE_ICMP_ID, FWT_HAVE_ICMP,
		FWT_HAVE_ICMPV6, FWT_HAVE_PORTS, FWT_HAVE_VLAN, FWT_HAVE_ETHER,
	};
	struct fwt_packet p;
	u32 i;

	p = s->found->p;
	p.have &= ~FWT_HAVE_FRAG;
	p.frag_off = 0;
	p.frag_more = 0;
	try(s, &p);
	p = s->found->p;
	p.ct_ends = NULL;
	try(s, &p);
	p.ct_tuple = NULL;
	try(s, &p);
	/* No protocol but that of the header that is there. */
	p = s->found->p;
	p.have &= FWT_HAVE_IP | FWT_HAVE_ETHER | FWT_HAVE_VLAN | FWT_HAVE_FRAG;
	p.protocol = 0;
	try(s, &p);
	for (i = 0; i < ARRAY_SIZE(layer); i++) {
		p = s->found->p;
		p.have &= ~layer[i];
		try(s, &p);
	}
	p = s->found->p;
	if (p.family != 6 || p.ct_tuple || p.ct_ends || p.have & FWT_HAVE_ICMPV6)
		return;
	p.family = 4;
	p.ether_type = 0x0800;
	memset(p.saddr + 1, 0, sizeof(p.saddr) - sizeof(u32));
	memset(p.daddr + 1, 0, sizeof(p.daddr) - sizeof(u32));
	try(s, &p);
}

/* Names that say nothing; of what leaves, none that it came in by. */
static void fewer_names(struct shrink *s)
{
	struct fwt_packet p = s->found->p;

	if (p.iif) {
		p.iif = p.oif ? NULL : "x";
		try(s, &p);
	}
	p = s->found->p;
	if (p.oif) {
		p.oif = "x";
		try(s, &p);
	}
}

static void smaller_packet(const char *text, u64 seed, struct witness *found)
{
	static const struct {
		size_t off, size;
	} field[] = {
		FIELD(tos), FIELD(ttl), FIELD(tcp_flags), FIELD(icmp_type), FIELD(icmp_code),
		FIELD(ct_state), FIELD(ct_status), FIELD(ct_direction), FIELD(ct_mark),
		FIELD(pkttype),
		FIELD(sport), FIELD(dport), FIELD(icmp_id), FIELD(tcp_window), FIELD(tcp_mss),
		FIELD(tcp_seq), FIELD(tcp_ack), FIELD(saddr), FIELD(daddr),
		FIELD(ether_saddr), FIELD(ether_daddr), FIELD(vlan_tci), FIELD(mark),
		FIELD(priority), FIELD(length),
	};
	struct shrink s = { .found = found };
	u32 i;

	if (!twin_make(&s.w, text, seed, false))
		return;
	s.hook = hook_of(&s.w, found->hook);
	fewer_headers(&s);
	fewer_names(&s);
	for (i = 0; i < ARRAY_SIZE(field); i++) {
		struct fwt_packet p = found->p;

		memset((char *)&p + field[i].off, 0, field[i].size);
		try(&s, &p);
	}
	twin_clean(&s.w);
}

static void show_smallest(char *text, u64 seed)
{
	char *trial = malloc(strlen(text) + 1);
	struct witness found = { .what = "not seen again" };
	char words[256];
	bool shrunk;

	assert_non_null(trial);
	if (differs(text, seed, &found)) {
		do {
			shrunk = fewer_statements(text, trial, seed, &found);
			shrunk |= fewer_words(text, trial, seed, &found);
		} while (shrunk);
		differs(text, seed, &found);
		smaller_packet(text, seed, &found);
	}
	fwt_sample_words(&found.p, words, sizeof(words));
	fprintf(stderr, "FWT_SEED=%llu FWT_PAIRS=1 has it again: %s\n%s\npacket: %s\n",
		(unsigned long long)seed, found.what, text, words);
	free(trial);
}

static u64 number_of(const char *name, u64 other)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : other;
}

static void test_pairs(void **state)
{
	u64 pairs = number_of("FWT_PAIRS", 1000000), done = 0, policies = 0, refused = 0;
	u64 seed = number_of("FWT_SEED", 1), seconds = number_of("FWT_SECONDS", 0);
	time_t until = time(NULL) + (time_t)seconds;
	const struct fwt_ast_hook *hook;
	struct fwt_packet p;
	struct twin w;
	u32 i;

	(void)state;
	gen_nodes = true;
	printf("policies from FWT_SEED=%llu on\n", (unsigned long long)seed);
	fflush(stdout);		/* also where the next one is the end of it */
	for (; seconds ? time(NULL) < until : done < pairs; seed++) {
		char *text = gen_policy(seed);
		const char *what = NULL;

		assert_non_null(text);
		policies++;
		if (!twin_make(&w, text, seed, getenv("FWT_VERBOSE"))) {
			refused++;
			free(text);
			assert_true(policies < 100 || refused < policies);
			continue;
		}
		for (i = 0; i < PACKETS && !what; i++)
			for (hook = w.ast->hooks; hook && !what; hook = hook->next) {
				fwt_sampler_packet(&w.sampler, hook, &p);
				what = twin_differ(&w, hook, &p, i);
				done++;
			}
		if (what)
			show_smallest(text, seed);
		twin_clean(&w);
		free(text);
		assert_null(what);
	}
	printf("%llu pairs, %llu policies, %llu of them refused\n",
	       (unsigned long long)done, (unsigned long long)policies,
	       (unsigned long long)refused);
	/* The generator means them to be valid; what is left are rules whose
	 * translations are of two families.
	 */
	assert_true(refused * 5 < policies);
}

/* R12: equal ranges of ports map one to one, wherever the packet's is written. */
static void test_ports(void **state)
{
	static const char text[] =
		"pool p { 192.168.1.1:2000-2009 }\n"
		"ingress {\n"
		"\ttcp dport 1000-1009 {\n"
		"\t\tsaddr 10.0.0.1 dnat to 192.168.1.1:2000-2009 accept\n\t}\n"
		"\tselect tcp dport {\n\t\t1100-1109 -> redirect to :2000-2009 accept\n\t}\n"
		"\tselect protocol . dport {\n\t\ttcp . 1200-1209 -> {\n"
		"\t\t\tsaddr 10.0.0.1 dnat to :2000-2009 accept\n\t\t}\n\t}\n"
		"\tdaddr . dport { 1.2.3.4 . 1300-1309, 1.2.3.5 . 1300-1309 } "
		"dnat to 10.0.0.2:2000-2009 accept\n"
		"\ttcp dport >= 1400 tcp dport <= 1409 dnat to 192.168.1.1:2000-2009 accept\n"
		"\ttcp dport 1500-1509 {\n\t\tsaddr 10.0.0.1 balance @p accept\n\t}\n"
		"\ttcp dport 1600-1609 {\n"
		"\t\ttcp dport { 1600-1604, 1606-1609, 1605 } dnat to :2000-2009 accept\n\t}\n"
		/* By chance: what leads to a tree is not known there. */
		"\ttcp dport 1700-1709 goto t\n"
		"\tdrop\n}\n"
		"tree t {\n\tdnat to :2000-2009 accept\n\tdrop\n}\n";
	struct fwt_packet p = {
		.have = FWT_HAVE_IP | FWT_HAVE_PORTS | FWT_HAVE_TCP, .family = 4, .protocol = 6,
		.ttl = 64, .saddr = { 0x0a000001 }, .daddr = { 0x01020304 }, .sport = 40000,
		.tcp_flags = FWT_TCP_SYN, .length = 60, .ether_type = 0x0800,
		.ct_state = FWT_CT_NEW, .hook = FWT_HOOK_INGRESS, .iif = "eth0",
	};
	struct fwt_decision d;
	struct twin w;
	u32 i, k, elsewhere = 0;

	(void)state;
	for (k = 0; k < 3; k++) {
		assert_true(twin_make(&w, text, k, true));
		for (i = 1000; i < 1710; i++) {
			struct fwt_packet a = p;

			a.dport = (u16)i;
			assert_null(twin_differ(&w, w.ast->hooks, &a, i));
			if (i % 100 > 9)
				continue;
			twin_walk(&w, w.ast->hooks, &a, i, &d);
			assert_int_equal(d.verdict, FWT_VERDICT_ACCEPT);
			if (i < 1700)
				assert_int_equal(a.dport, 2000 + i % 100);
			else
				elsewhere += a.dport != 2000 + i % 100;
		}
		twin_clean(&w);
	}
	assert_true(elsewhere > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
