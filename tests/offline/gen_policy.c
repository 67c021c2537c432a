// SPDX-License-Identifier: GPL-2.0
/*
 * Policies at random, as text.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "gen_policy.h"

#define IN	1
#define OUT	2
#define DEV_IN	4
#define DEV_OUT	8
#define INET	(IN | OUT)
#define DEV	(DEV_IN | DEV_OUT)
#define L2	(DEV | IN)
#define ALL	15

#define TREES_MAX 5

struct gen {
	FILE *out;
	uint64_t state;
	unsigned int depth;
	unsigned int hooks;	/* that see what is being written */
	bool called;		/* in a tree that may end without a verdict */
	unsigned int tree;	/* trees from this one on may be gone to */
	unsigned int trees;
	unsigned int tree_hooks[TREES_MAX];
	bool tree_called[TREES_MAX];
	unsigned int budget;	/* statements */
	unsigned int ids;
	bool has_set[6];
	bool no_not;
};

static unsigned int rnd(struct gen *g, unsigned int below)
{
	uint64_t z;

	g->state += 0x9e3779b97f4a7c15ull;
	z = g->state;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	z ^= z >> 31;
	return (unsigned int)((z >> 32) * below >> 32);
}

static bool chance(struct gen *g, unsigned int percent)
{
	return rnd(g, 100) < percent;
}

static void put(struct gen *g, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void put(struct gen *g, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vfprintf(g->out, fmt, args);
	va_end(args);
}

static void line(struct gen *g)
{
	unsigned int i;

	put(g, "\n");
	for (i = 0; i < g->depth; i++)
		put(g, "\t");
}

static const char *pick(struct gen *g, const char *const *words, unsigned int n)
{
	return words[rnd(g, n)];
}

#define PICK(g, words) pick(g, words, sizeof(words) / sizeof((words)[0]))

static const char *const names[] = { "eth0", "eth1", "lo", "br-lan", "wg*", "\"6in4\"",
				     "eth*", "wg0", "none" };
static const char *const devices[] = { "eth0", "eth1", "wg0", "lo" };
static const char *const services[] = { "ssh", "http", "https", "domain", "ntp" };
static const char *const protocols[] = { "tcp", "udp", "icmp", "icmpv6", "sctp", "gre",
					 "47", "6", "17" };

/* Values of one kind each */

static void v4(struct gen *g)
{
	static const unsigned char c[] = { 0, 1, 2, 7, 254, 255 };

	put(g, "%u.%u.%u.%u", chance(g, 80) ? 10 : 192, rnd(g, 3), c[rnd(g, 6)],
	    c[rnd(g, 6)]);
}

static void v6(struct gen *g)
{
	static const char *const net[] = { "2001:db8", "fd00", "fe80" };

	put(g, "%s:%x::%x", PICK(g, net), rnd(g, 3), rnd(g, 20) + 1);
}

static void addr_one(struct gen *g, bool six)
{
	if (six)
		v6(g);
	else
		v4(g);
}

static void addr(struct gen *g, int family)
{
	static const unsigned char lens4[] = { 0, 7, 8, 15, 16, 23, 24, 29, 31, 32 };
	static const unsigned char lens6[] = { 0, 3, 16, 31, 32, 47, 48, 64, 127, 128 };
	bool six = family ? family == 6 : chance(g, 40);

	switch (rnd(g, 4)) {
	case 0:
	case 1:
		addr_one(g, six);
		break;
	case 2:
		addr_one(g, six);
		put(g, "/%u", six ? lens6[rnd(g, 10)] : lens4[rnd(g, 10)]);
		break;
	default:
		if (six)
			put(g, "2001:db8:%x::%x-2001:db8:%x::%x", rnd(g, 2), rnd(g, 30),
			    2 + rnd(g, 2), rnd(g, 30));
		else
			put(g, "10.0.%u.%u-10.%u.%u.%u", rnd(g, 3), rnd(g, 255),
			    1 + rnd(g, 2), rnd(g, 3), rnd(g, 255));
		break;
	}
}

static void number(struct gen *g, unsigned int bits)
{
	unsigned int most = bits >= 16 ? 65535 : (1u << bits) - 1;
	unsigned int low = chance(g, 60) ? rnd(g, most < 20 ? most + 1 : 20) :
					   rnd(g, most + 1);

	if (chance(g, 35) && low < most) {
		unsigned int high = low + 1 + rnd(g, most - low < 30 ? most - low : 30);

		put(g, "%u-%u", low, high);
	} else {
		put(g, "%u", low);
	}
}

static void port(struct gen *g)
{
	unsigned int low = (chance(g, 50) ? 20 : 440) + rnd(g, 10);

	switch (rnd(g, 5)) {
	case 0:
		put(g, "%s", PICK(g, services));
		break;
	case 1:
		put(g, "%u-%u", low, low + rnd(g, 70));
		break;
	case 2:
		put(g, "%u", rnd(g, 2) * 65535);
		break;
	default:
		put(g, "%u", low);
		break;
	}
}

static void mac(struct gen *g)
{
	put(g, "02:00:00:00:00:%02x", rnd(g, 4));
}

static const char *const icmp_types[] = { "echo-request", "echo-reply", "time-exceeded",
					  "3", "0-8" };
static const char *const icmpv6_types[] = { "echo-request", "nd-neighbor-solicit",
					    "nd-router-advert", "128-129", "2" };
static const char *const states[] = { "new", "invalid", "untracked", "established",
				      "related" };
static const char *const flags[] = { "syn", "ack", "fin", "rst", "psh" };
static const char *const families[] = { "ipv4", "ipv6" };
static const char *const pkttypes[] = { "host", "broadcast", "multicast" };

enum kind { ADDR, ADDR4, ADDR6, PORT, PROTOCOL, NAME, MAC, STATE, FAMILY, PKTTYPE,
	    ETHER_TYPE, ARP_OP, ICMP, ICMP6, FLAGS, NUM3, NUM6, NUM8, NUM12, NUM16, NUM32 };

static void value(struct gen *g, enum kind kind, int family)
{
	static const char *const ether[] = { "arp", "0x0800", "0x86dd", "0x88cc" };
	static const char *const ops[] = { "request", "reply", "1" };

	switch (kind) {
	case ADDR:
		addr(g, family);
		break;
	case ADDR4:
		addr(g, 4);
		break;
	case ADDR6:
		addr(g, 6);
		break;
	case PORT:
		port(g);
		break;
	case PROTOCOL:
		put(g, "%s", PICK(g, protocols));
		break;
	case NAME:
		put(g, "%s", PICK(g, names));
		break;
	case MAC:
		mac(g);
		break;
	case STATE:
		put(g, "%s", PICK(g, states));
		break;
	case FAMILY:
		put(g, "%s", PICK(g, families));
		break;
	case PKTTYPE:
		put(g, "%s", PICK(g, pkttypes));
		break;
	case ETHER_TYPE:
		put(g, "%s", PICK(g, ether));
		break;
	case ARP_OP:
		put(g, "%s", PICK(g, ops));
		break;
	case ICMP:
		put(g, "%s", PICK(g, icmp_types));
		break;
	case ICMP6:
		put(g, "%s", PICK(g, icmpv6_types));
		break;
	case FLAGS:
		put(g, "%s", PICK(g, flags));
		break;
	case NUM3:
		number(g, 3);
		break;
	case NUM6:
		number(g, 6);
		break;
	case NUM8:
		number(g, 8);
		break;
	case NUM12:
		number(g, 12);
		break;
	default:
		number(g, 16);
		break;
	}
}

static const struct field {
	const char *name;
	enum kind kind;
	unsigned int hooks;
	unsigned int weight;
} fields[] = {
	{ "saddr", ADDR, ALL, 12 }, { "daddr", ADDR, ALL, 12 },
	{ "ip saddr", ADDR4, ALL, 3 }, { "ip6 daddr", ADDR6, ALL, 3 },
	{ "ip daddr", ADDR4, ALL, 2 }, { "ip6 saddr", ADDR6, ALL, 2 },
	{ "dport", PORT, ALL, 6 }, { "sport", PORT, ALL, 3 },
	{ "tcp dport", PORT, ALL, 8 }, { "udp dport", PORT, ALL, 6 },
	{ "tcp sport", PORT, ALL, 2 }, { "udp sport", PORT, ALL, 2 },
	{ "sctp dport", PORT, ALL, 2 }, { "th dport", PORT, ALL, 1 },
	{ "protocol", PROTOCOL, ALL, 6 }, { "family", FAMILY, ALL, 4 },
	{ "iif", NAME, IN | OUT | DEV_IN, 8 }, { "oif", NAME, OUT | DEV_OUT, 6 },
	{ "ct state", STATE, INET, 5 }, { "mark", NUM16, ALL, 5 },
	{ "priority", NUM16, ALL, 1 }, { "ttl", NUM8, ALL, 2 },
	{ "ip ttl", NUM8, ALL, 1 }, { "ip6 hoplimit", NUM8, ALL, 1 },
	{ "ip protocol", PROTOCOL, ALL, 1 }, { "dscp", NUM6, ALL, 2 },
	{ "length", NUM16, ALL, 2 }, { "pkttype", PKTTYPE, ALL, 2 },
	{ "icmp type", ICMP, ALL, 3 }, { "icmp code", NUM3, ALL, 1 },
	{ "icmpv6 type", ICMP6, ALL, 3 }, { "icmpv6 code", NUM3, ALL, 1 },
	{ "icmp id", NUM16, ALL, 1 }, { "tcp flags", FLAGS, ALL, 3 },
	{ "tcp window", NUM16, ALL, 1 }, { "tcp option mss", NUM16, ALL, 1 },
	{ "tcp seq", NUM32, ALL, 1 }, { "tcp ack", NUM32, ALL, 1 },
	{ "ether saddr", MAC, L2, 4 }, { "ether daddr", MAC, L2, 2 },
	{ "ether type", ETHER_TYPE, L2, 3 }, { "vlan id", NUM12, L2, 2 },
	{ "vlan pcp", NUM3, L2, 1 }, { "arp op", ARP_OP, DEV, 4 },
	{ "arp saddr", ADDR4, DEV, 3 }, { "arp daddr", ADDR4, DEV, 2 },
};

#define N_FIELDS (sizeof(fields) / sizeof(fields[0]))

static const struct field *field(struct gen *g)
{
	unsigned int sum = 0, i, at;

	for (i = 0; i < N_FIELDS; i++)
		if (!(g->hooks & ~fields[i].hooks))
			sum += fields[i].weight;
	at = rnd(g, sum);
	for (i = 0; i < N_FIELDS; i++) {
		if (g->hooks & ~fields[i].hooks)
			continue;
		if (at < fields[i].weight)
			break;
		at -= fields[i].weight;
	}
	return &fields[i];
}

/* Sets s0 to s5, where they were written */
static const struct {
	const char *type;
	enum kind kind[2];
	unsigned int n;
} set_types[6] = {
	{ "addr", { ADDR }, 1 }, { "port", { PORT }, 1 },
	{ "addr . port", { ADDR, PORT }, 2 }, { "protocol . port", { PROTOCOL, PORT }, 2 },
	{ "ifname", { NAME }, 1 }, { "mark", { NUM16 }, 1 },
};

static int set_of(const struct gen *g, enum kind kind)
{
	unsigned int i;

	for (i = 0; i < 6; i++)
		if (g->has_set[i] && set_types[i].n == 1 && set_types[i].kind[0] == kind)
			return (int)i;
	return -1;
}

static bool is_addr_of(struct gen *g, const struct field *f)
{
	return (f->kind == ADDR || f->kind == ADDR4 || f->kind == ADDR6) &&
	       f->name[0] != 'a' && !(g->hooks & DEV);
}

static void value_of(struct gen *g, const struct field *f, bool interfaces)
{
	int set = chance(g, 12) ? set_of(g, f->kind) : -1;

	if (set >= 0)
		put(g, "@s%d", set);
	else if (interfaces && is_addr_of(g, f) && chance(g, 12))
		put(g, "%s(%s)", chance(g, 50) ? "addr" : "net", PICK(g, devices));
	else
		value(g, f->kind, 0);
}

static void list_of(struct gen *g, const struct field *f, bool interfaces)
{
	unsigned int n = 1 + rnd(g, 5), i;

	put(g, "{ ");
	for (i = 0; i < n; i++) {
		put(g, "%s", i ? ", " : "");
		value_of(g, f, interfaces);
	}
	put(g, " }");
}

static void values_of(struct gen *g, const struct field *f)
{
	if (chance(g, 40))
		list_of(g, f, true);
	else
		value_of(g, f, true);
}

static void joined_values(struct gen *g, const struct field **f, unsigned int n)
{
	unsigned int count = 1 + rnd(g, 5), i, k;

	for (i = 0; i < count; i++) {
		int family = chance(g, 60) ? 4 : 6;

		put(g, "%s", i ? ", " : "");
		for (k = 0; k < n; k++) {
			put(g, "%s", k ? " . " : "");
			if (chance(g, 15) && f[k]->kind != ADDR)
				list_of(g, f[k], false);
			else
				value(g, f[k]->kind, family);
		}
	}
}

static unsigned int joined_fields(struct gen *g, const struct field **f)
{
	unsigned int n = 2 + rnd(g, 3), k;

	for (k = 0; k < n; k++) {
		f[k] = field(g);
		put(g, "%s%s", k ? " . " : "", f[k]->name);
	}
	return n;
}

static void ordered(struct gen *g)
{
	static const char *const ops[] = { "<=", ">=", "<", ">" };
	static const char *const what[] = { "dport", "tcp sport", "ttl", "length", "mark" };

	if (chance(g, 25)) {
		put(g, "%s %s ", chance(g, 50) ? "saddr" : "daddr", PICK(g, ops));
		addr_one(g, chance(g, 50));
		return;
	}
	put(g, "%s %s %u", PICK(g, what), PICK(g, ops), 1 + rnd(g, 200));
}

static void masked(struct gen *g)
{
	static const char *const forms[] = {
		"mark & 0xf == 0x%x", "mark & 0xff0 != 0x%x0",
		"saddr & 255.0.255.0 == 10.0.%u.0", "daddr & 0.0.0.255 != 0.0.0.%u",
		"daddr & ::ffff:ffff == ::%x", "saddr & ffff::ffff == fd00::%x",
		"daddr & { 255.255.0.0, ffff:: } == { 10.%u.0.0, fe80:: }",
		"tcp flags & { syn, ack } == syn", "tcp flags & { syn, fin, rst } != { syn, rst }",
		"dport & 0xfff0 == 0x1b0", "saddr . dport & 255.0.0.0 . 0xfff8 == 10.0.0.0 . 0x10",
	};
	static const unsigned char given[] = { 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0 };
	unsigned int i = rnd(g, sizeof(given));

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
	if (given[i])
		put(g, forms[i], rnd(g, 8));
	else
		put(g, forms[i]);
#pragma GCC diagnostic pop
}

static void match(struct gen *g, unsigned int depth)
{
	static const char *const pairs[] = { "sport == dport", "saddr != daddr",
		"tcp sport != dport", "saddr == daddr", "sport != dport",
		"ip saddr == daddr" };
	const struct field *f[5];
	unsigned int n;

	if (depth < 3 && !g->no_not && chance(g, 10)) {
		put(g, "not ");
		if (chance(g, 50)) {
			match(g, depth + 1);
			return;
		}
		put(g, "{ ");
		for (n = 1 + rnd(g, 3); n--;) {
			match(g, depth + 1);
			put(g, " ");
		}
		put(g, "}");
		return;
	}
	switch (rnd(g, 20)) {
	case 0:
		put(g, "fragment");
		return;
	case 1:
		put(g, "%s", PICK(g, pairs));
		return;
	case 2:
		ordered(g);
		return;
	case 3:
	case 4:
		masked(g);
		return;
	case 5:
	case 6:
		n = joined_fields(g, f);
		put(g, "%s { ", chance(g, 25) ? " !=" : "");
		joined_values(g, f, n);
		put(g, " }");
		return;
	case 7:
		if (g->has_set[2] && chance(g, 50))
			put(g, "daddr . dport @s2");
		else if (g->has_set[3])
			put(g, "protocol . sport != @s3");
		else
			put(g, "protocol != { tcp, udp }");
		return;
	}
	f[0] = field(g);
	put(g, "%s %s", f[0]->name, chance(g, 20) ? "!= " : chance(g, 10) ? "== " : "");
	values_of(g, f[0]);
}

static void modifier(struct gen *g)
{
	switch (rnd(g, 8)) {
	case 0:
		put(g, "log \"p%u\" ", rnd(g, 3));
		return;
	case 1:
		put(g, "log ");
		return;
	case 2:
		put(g, "count c%u ", rnd(g, 3));
		return;
	case 3:
		if (g->hooks == OUT) {
			put(g, "masquerade ");
			return;
		}
		break;
	case 4:
		if (g->hooks == OUT) {
			put(g, "snat to ");
			addr_one(g, chance(g, 40));
			put(g, chance(g, 20) ? " random " : " ");
			return;
		}
		break;
	case 5:
	case 6:
		if (g->hooks & DEV)
			break;
		put(g, "dnat to ");
		switch (rnd(g, 6)) {
		case 0:
			put(g, "10.0.0.%u-10.0.1.%u ", rnd(g, 9), rnd(g, 9));
			break;
		case 1:
			put(g, "10.0.0.%u:%u ", rnd(g, 9), 20 + rnd(g, 5));
			break;
		case 2:
			put(g, "10.0.0.7:4000-40%02u ", rnd(g, 30) + 1);
			break;
		case 3:
			put(g, "[2001:db8::%x]:%u ", rnd(g, 9) + 1, 80 + rnd(g, 3));
			break;
		case 4:
			put(g, "$both ");
			break;
		default:
			addr_one(g, chance(g, 50));
			put(g, " ");
			break;
		}
		return;
	}
	put(g, "set mark %u ", rnd(g, 20));
}

static void statement(struct gen *g);

static void block(struct gen *g, unsigned int n)
{
	put(g, "{");
	g->depth++;
	while (n--) {
		line(g);
		statement(g);
	}
	g->depth--;
	line(g);
	put(g, "}");
}

static void verdict(struct gen *g)
{
	static const char *const rejects[] = { "reject", "reject with tcp-reset",
		"reject with admin-prohibited", "reject with host-prohibited" };
	unsigned int what = rnd(g, 10);

	if (what < 4)
		put(g, "accept");
	else if (what < 8 || g->hooks & DEV)
		put(g, "drop");
	else
		put(g, "%s", PICK(g, rejects));
}

static void select_keys(struct gen *g, const struct field **f, unsigned int n)
{
	if (n == 1)
		values_of(g, f[0]);
	else
		joined_values(g, f, n);
}

static void select_of(struct gen *g)
{
	const struct field *f[5];
	unsigned int n = 1, i, count = 1 + rnd(g, 5);

	put(g, "select ");
	if (chance(g, 35)) {
		n = joined_fields(g, f);
	} else {
		f[0] = field(g);
		put(g, "%s", f[0]->name);
	}
	put(g, " {");
	g->depth++;
	for (i = 0; i < count; i++) {
		line(g);
		select_keys(g, f, n);
		put(g, " -> ");
		statement(g);
	}
	if (chance(g, 50)) {
		line(g);
		put(g, "default -> ");
		statement(g);
	}
	g->depth--;
	line(g);
	put(g, "}");
}

/* Whether a tree was found to lead to. */
static bool lead(struct gen *g)
{
	unsigned int left = g->trees - g->tree, t;

	if (!left)
		return false;
	t = g->tree + rnd(g, left);
	if (g->hooks & ~g->tree_hooks[t])
		return false;
	if (g->tree_called[t] && !g->called)
		put(g, "call t%u", t);
	else
		put(g, "%s t%u", chance(g, 50) ? "goto" : "call", t);
	return true;
}

static void statement(struct gen *g)
{
	unsigned int n = rnd(g, 100) < 8 ? 0 : 1 + rnd(g, 3), what = rnd(g, 100);

	if (g->budget)
		g->budget--;
	g->no_not = what >= 63 && what < 75;
	while (n--) {
		match(g, 0);
		put(g, " ");
	}
	g->no_not = false;
	if (chance(g, 20))
		put(g, "length >= %u ", 1 + rnd(g, 3));
	if (chance(g, 30))
		for (n = 1 + rnd(g, 2); n--;)
			modifier(g);
	if (g->depth > 5 || !g->budget || what < 55) {
		verdict(g);
	} else if (what < 63) {
		modifier(g);
	} else if (what < 75) {
		block(g, 1 + rnd(g, 4));
	} else if (what < 88) {
		select_of(g);
	} else if (what < 91 && g->called) {
		put(g, "return");
	} else if (!lead(g)) {
		verdict(g);
	}
	if (chance(g, 5))
		put(g, " id r%u", g->ids++);
	else if (chance(g, 3))
		put(g, " comment \"# { %u\"", rnd(g, 100));
}

static void statements(struct gen *g, unsigned int n, bool end)
{
	put(g, " {");
	g->depth++;
	while (n--) {
		line(g);
		statement(g);
	}
	if (end) {
		line(g);
		verdict(g);
	}
	g->depth--;
	line(g);
	put(g, "}\n");
}

static void sets(struct gen *g)
{
	unsigned int i, k, n;

	for (i = 0; i < 6; i++) {
		g->has_set[i] = chance(g, 40);
		if (!g->has_set[i])
			continue;
		put(g, "set s%u : %s { elements = { ", i, set_types[i].type);
		for (n = 1 + rnd(g, 6); n--;) {
			for (k = 0; k < set_types[i].n; k++) {
				put(g, "%s", k ? " . " : "");
				value(g, set_types[i].kind[k], 0);
			}
			put(g, "%s", n ? ", " : "");
		}
		put(g, " } }\n");
	}
}

static void hook(struct gen *g, const char *head, unsigned int hooks)
{
	put(g, "%s", head);
	g->hooks = hooks;
	g->called = false;
	g->tree = 0;
	statements(g, 1 + rnd(g, 7), true);
}

char *gen_policy(uint64_t seed)
{
	static const unsigned int hooks[] = { IN, OUT, INET, INET, ALL, DEV, DEV_IN, ALL };
	struct gen g = { .state = seed * 0x2545f4914f6cdd1dull };
	char *text = NULL;
	size_t size;
	unsigned int t, which;

	g.out = open_memstream(&text, &size);
	if (!g.out)
		return NULL;
	g.budget = 10 + rnd(&g, 40);
	put(&g, "# seed %llu\ndefine both = { 10.0.1.1, 2001:db8::5 }\n",
	    (unsigned long long)seed);
	sets(&g);
	g.trees = rnd(&g, TREES_MAX + 1);
	for (t = 0; t < g.trees; t++) {
		g.tree_hooks[t] = hooks[rnd(&g, 8)];
		g.tree_called[t] = chance(&g, 50);
	}
	which = 1 + rnd(&g, 15);
	if (which & 1)
		hook(&g, "ingress", IN);
	if (which & 2)
		hook(&g, "egress", OUT);
	if (which & 4)
		hook(&g, "ingress device eth0, wg*", DEV_IN);
	if (which & 8)
		hook(&g, "egress device eth1", DEV_OUT);
	for (t = 0; t < g.trees; t++) {
		put(&g, "tree t%u", t);
		g.hooks = g.tree_hooks[t];
		g.called = g.tree_called[t];
		g.tree = t + 1;
		g.budget += 5;
		statements(&g, 1 + rnd(&g, 5), !g.called || chance(&g, 40));
	}
	fclose(g.out);
	return text;
}
