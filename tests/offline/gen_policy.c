// SPDX-License-Identifier: GPL-2.0
/*
 * Policies at random, as text.
 */
#include <stdlib.h>
#include <string.h>

#include "gen_match.h"
#include "gen_policy.h"

/* Maps m0 to m4 to addresses, ports and marks; m5 to trees: what they have, with keys
 * that overlap and are none of them twice.
 */
static const struct {
	const char *types;
	const char *elem[12];
} map_kinds[5] = {
	{ "addr -> addr", { "10.0.0.1 -> 10.0.0.9", "10.0.0.0/24 -> 10.0.0.8",
	  "10.0.0.0/16 -> 10.0.0.7", "10.0.1.0-10.0.2.9 -> 10.0.0.6",
	  "10.0.1.0/24 -> 10.0.0.5", "0.0.0.0/0 -> 10.0.0.4", "2001:db8::5 -> 2001:db8::9",
	  "2001:db8::/32 -> 2001:db8::8", "2001:db8::-2001:db8:1::9 -> 2001:db8::7",
	  "::/0 -> 2001:db8::6", "fd00::/8 -> 2001:db8::5", "10.0.0.0/8 -> 10.0.0.3" } },
	{ "port -> addr", { "22 -> 10.0.0.9", "22 -> 2001:db8::9", "80 -> 10.0.0.8",
	  "53 -> 2001:db8::7", "1-1000 -> 10.0.0.6", "0-65535 -> 2001:db8::5",
	  "1-22 -> 10.0.0.5", "20-30 -> 10.0.0.4", "20-25 -> 10.0.0.3",
	  "1024-65535 -> 10.0.0.2", "443 -> 2001:db8::3", "443 -> 10.0.0.1" } },
	{ "addr . port -> addr . port", { "10.0.0.1 . 22 -> 10.0.0.9 . 80",
	  "10.0.0.2 . 22 -> 10.0.0.8 . 81", "10.0.0.1 . 80 -> 10.0.0.7 . 82",
	  "10.0.1.1 . 53 -> 10.0.0.6 . 83", "10.0.1.1 . 22 -> 10.0.0.5 . 84",
	  "10.0.0.3 . 443 -> 10.0.0.4 . 85", "2001:db8::5 . 22 -> 2001:db8::9 . 86",
	  "2001:db8::5 . 80 -> 2001:db8::8 . 87", "2001:db8::1 . 80 -> 2001:db8::7 . 88",
	  "2001:db8::2 . 53 -> 2001:db8::6 . 89", "fd00::1 . 22 -> 2001:db8::4 . 90",
	  "10.0.0.0 . 80 -> 10.0.0.2 . 91" } },
	{ "port -> port", { "22 -> 1", "80 -> 2", "1-100 -> 3", "20-90 -> 4", "20-80 -> 5",
	  "0-65535 -> 6", "443 -> 7", "53 -> 8", "53-60 -> 9", "1024-65535 -> 10",
	  "400-500 -> 11", "8080 -> 12" } },
	{ "addr -> mark", { "10.0.0.1 -> 1", "10.0.0.0/24 -> 2", "10.0.0.0/16 -> 3",
	  "10.0.0.0-10.0.1.9 -> 4", "10.0.1.0/24 -> 5", "0.0.0.0/0 -> 6",
	  "2001:db8::5 -> 7", "2001:db8::/32 -> 8", "2001:db8::-2001:db8:1::9 -> 9",
	  "::/0 -> 10", "2001:db8:1::/48 -> 11", "10.0.0.0/8 -> 12" } },
};

static void maps(struct gen *g)
{
	unsigned int i, k, any;

	for (i = 0; i < 5; i++) {
		g->has_map[i] = gen_chance(g, 40);
		if (!g->has_map[i])
			continue;
		gen_put(g, "map m%u : %s { elements = { ", i, map_kinds[i].types);
		for (any = 0, k = 0; k < 12; k++)
			if (gen_chance(g, 40))
				gen_put(g, "%s%s", any++ ? ", " : "", map_kinds[i].elem[k]);
		gen_put(g, " } }\n");
	}
	/* The last trees, which all others may lead to. */
	g->map_trees = g->trees > 1 && gen_chance(g, 60) ? 1 + gen_rnd(g, g->trees - 1) : 0;
	if (!g->map_trees)
		return;
	gen_put(g, "map m5 : addr -> tree { ");
	if (gen_chance(g, 40))
		gen_put(g, "trees = { t%u, t%u }; ", g->trees - 1 - gen_rnd(g, g->map_trees),
			g->trees - 1 - gen_rnd(g, g->map_trees));
	gen_put(g, "elements = { ");
	for (any = 0, k = 0; k < 12; k++) {
		const char *elem = map_kinds[4].elem[k];

		if (gen_chance(g, 60) || (k == 11 && !any))
			gen_put(g, "%s%.*s-> t%u", any++ ? ", " : "",
				(int)(strchr(elem, '>') - elem) - 1, elem,
				g->trees - 1 - gen_rnd(g, g->map_trees));
	}
	gen_put(g, " } }\n");
}

/* A map for "dnat to" or "snat to"; false where there is none. */
static bool nat_map(struct gen *g, bool source)
{
	static const char *const forms[5][4] = {
		{ "@m0 ", "saddr map @m0 ", "daddr/16/32 map @m0 ", "ip daddr map @m0:80-90 " },
		{ "@m1 ", "dport map @m1 ", "tcp dport map @m1:4000-4010 ", "sport map @m1 " },
		{ "@m2 ", "daddr . dport map @m2 ", "saddr . tcp dport map @m2 ", "@m2 " },
		{ "@m3 ", "dport map @m3 ", "tcp sport map @m3 ", "@m3 random " },
	};
	unsigned int i = gen_rnd(g, source ? 2 : 4);

	if (!g->has_map[i])
		return false;
	gen_put(g, "%s", forms[i][gen_rnd(g, 4)]);
	return true;
}

/* "set" of all that can be set here; of one's self too. */
static void set(struct gen *g)
{
	static const char *const fields[] = { "mark", "priority", "ct mark", "dport",
		"tcp sport", "dscp", "ttl", "protocol", "length", "ct original sport" };
	static const struct {
		const char *name;
		unsigned int hooks, least, below;
	} target[] = {
		{ "mark", ALL, 0, 20 }, { "ct mark", INET, 0, 20 }, { "priority", ALL, 0, 20 },
		{ "dscp", ALL, 0, 64 }, { "ttl", ALL, 1, 255 }, { "mss", ALL, 1, 1500 },
		{ "vlan", DEV, 0, 4095 },
	};
	unsigned int i = gen_rnd(g, sizeof(target) / sizeof(target[0]));

	if (g->hooks & ~target[i].hooks)
		i = 0;
	gen_put(g, "set %s ", target[i].name);
	if (i < 3 && g->has_map[4] && gen_chance(g, 40)) {
		gen_put(g, "%s ", gen_chance(g, 30) ? "@m4" : gen_chance(g, 50) ?
			"saddr map @m4" : "ip daddr/24 map @m4");
		return;
	}
	if (i == 3 && gen_chance(g, 30))
		gen_put(g, "%s ", gen_chance(g, 50) ? "ef" : "cs5");
	else if (i < 3 && gen_chance(g, 40))
		gen_put(g, "%s ", fields[gen_rnd(g, g->hooks & DEV ? 2 : 10)]);
	else if (gen_chance(g, 10))
		gen_put(g, "%s ", i == 3 ? "dscp" : i == 4 ? "ttl" : i == 5 ? "tcp window" :
			i == 6 ? "7" : "mark");
	else
		gen_put(g, "%u ", target[i].least + gen_rnd(g, target[i].below));
}

/* As many as a range that "dport" asks for may have, see gen_values.c. */
static void ten_ports(struct gen *g)
{
	unsigned int low = 8000 + gen_rnd(g, 90);

	gen_put(g, "redirect to :%u-%u ", low, low + 9);
}

static void modifier(struct gen *g)
{
	unsigned int n;

	if (gen_a_node(g, 8)) {
		gen_put(g, "modify n%u { a } ", gen_rnd(g, 4));
		return;
	}

	/* Of many translations some rule has two of different families. */
	switch (gen_rnd(g, g->many ? 3 : 8)) {
	case 0:
		n = gen_rnd(g, 3);
		gen_put(g, n == 2 ? "log \"p%u\" group 2 " : "log \"p%u\" ", n);
		return;
	case 1:
		gen_put(g, "log ");
		return;
	case 2:
		gen_put(g, "count c%u ", gen_rnd(g, 3));
		return;
	case 3:
		if (g->hooks == OUT) {
			if (gen_chance(g, 30))
				gen_put(g, "snat to addr(%s) ", gen_chance(g, 50) ? "eth0" : "wg1");
			else
				gen_put(g, gen_chance(g, 20) ? "snat to :1000-1010 " :
							       "masquerade ");
			return;
		}
		break;
	case 4:
		if (g->hooks == OUT) {
			gen_put(g, "snat to ");
			if (gen_chance(g, 40) && nat_map(g, true))
				return;
			gen_addr(g, gen_chance(g, 40));
			gen_put(g, gen_chance(g, 20) ? " random " :
				   gen_chance(g, 20) ? " endpoint-independent " : " ");
			return;
		}
		break;
	case 5:
	case 6:
		if (g->hooks & DEV)
			break;
		if (gen_chance(g, 25)) {
			if (gen_chance(g, 50))
				gen_put(g, "redirect persistent ");
			else if (gen_chance(g, 50))
				gen_put(g, "redirect to :80%u-8100 ", 10 + gen_rnd(g, 20));
			else
				ten_ports(g);
			return;
		}
		if (g->pools && gen_chance(g, 25)) {
			gen_put(g, "balance @p%u %s%s", gen_rnd(g, g->pools),
				gen_chance(g, 30) ? "persistent " : "",
				gen_chance(g, 75) ? "" : gen_chance(g, 50) ? "or reject " :
				"or reject with admin-prohibited ");
			return;
		}
		if (gen_chance(g, 20)) {
			if (gen_chance(g, 50))
				gen_put(g, "netmap to 10.%u.0.0/%u ", gen_rnd(g, 9),
					8 + gen_rnd(g, 25));
			else
				gen_put(g, "netmap to 2001:db8:%u::/%u ", gen_rnd(g, 9),
					16 + gen_rnd(g, 113));
			return;
		}
		gen_put(g, "dnat to ");
		if (gen_chance(g, 40) && nat_map(g, false))
			return;
		switch (gen_rnd(g, 8)) {
		case 6:
			gen_put(g, ":%u ", 20 + gen_rnd(g, 5));
			break;
		case 7:
			gen_put(g, "addr(%s):%u ", gen_chance(g, 50) ? "eth0" : "wg1",
				20 + gen_rnd(g, 5));
			break;
		case 0:
			gen_put(g, "10.0.0.%u-10.0.1.%u ", gen_rnd(g, 9), gen_rnd(g, 9));
			break;
		case 1:
			gen_put(g, "10.0.0.%u:%u ", gen_rnd(g, 9), 20 + gen_rnd(g, 5));
			break;
		case 2:
			gen_put(g, "10.0.0.7:4000-40%02u ", gen_rnd(g, 30) + 1);
			break;
		case 3:
			gen_put(g, "[2001:db8::%x]:%u ", gen_rnd(g, 9) + 1, 80 + gen_rnd(g, 3));
			break;
		case 4:
			gen_put(g, "$both ");
			break;
		default:
			gen_addr(g, gen_chance(g, 50));
			gen_put(g, " ");
			break;
		}
		return;
	}
	if (g->has_set[0] && gen_chance(g, 20)) {
		if (gen_chance(g, 50))
			gen_put(g, "add @s0 { %s } timeout 5m ",
				gen_chance(g, 50) ? "saddr" : "daddr");
		else
			gen_put(g, "remove @s0 { saddr } ");
		return;
	}
	if (!(g->hooks & DEV) && gen_chance(g, 20))
		gen_put(g, gen_chance(g, 80) ? "mss clamp " : "notrack ");
	else
		set(g);
}

static void statement(struct gen *g);

static void block(struct gen *g, unsigned int n)
{
	gen_put(g, "{");
	g->depth++;
	while (n--) {
		gen_line(g);
		statement(g);
	}
	g->depth--;
	gen_line(g);
	gen_put(g, "}");
}

static void verdict(struct gen *g)
{
	static const char *const rejects[] = { "reject", "reject with tcp-reset",
		"reject with admin-prohibited", "reject with host-prohibited" };
	unsigned int what = gen_rnd(g, 10);

	if (what < 4)
		gen_put(g, "accept");
	else if (what == 8 && !(g->hooks & DEV) && gen_chance(g, 50))
		gen_put(g, "queue %u%s", gen_rnd(g, 4) * 21845, gen_chance(g, 40) ? " bypass" : "");
	else if (what < 8 || g->hooks & DEV_OUT)
		gen_put(g, "drop");
	else
		gen_put(g, "%s", PICK(g, rejects));
}

static void select_keys(struct gen *g, const struct gen_field **f, unsigned int n)
{
	if (n == 1)
		gen_values_of(g, f[0]);
	else
		gen_joined_values(g, f, n);
}

static void select_of(struct gen *g)
{
	const struct gen_field *f[5];
	unsigned int n = 1, i, count = 1 + gen_rnd(g, 5);
	bool node = false;

	gen_put(g, "select ");
	if (gen_a_node(g, 15)) {
		node = true;
		gen_put(g, "node n%u", gen_rnd(g, 4));
	} else if (gen_chance(g, 35)) {
		n = gen_joined_fields(g, f);
	} else {
		f[0] = gen_field(g);
		gen_put(g, "%s", f[0]->name);
	}
	gen_put(g, " {");
	g->depth++;
	for (i = 0; i < count; i++) {
		gen_line(g);
		if (!node)
			select_keys(g, f, n);
		else if (gen_chance(g, 30))
			gen_put(g, "%u, %u", gen_rnd(g, 5), gen_rnd(g, 5));
		else
			gen_put(g, "%u", gen_rnd(g, 5));
		gen_put(g, " -> ");
		statement(g);
	}
	if (gen_chance(g, 50)) {
		gen_line(g);
		gen_put(g, "default -> ");
		statement(g);
	}
	g->depth--;
	gen_line(g);
	gen_put(g, "}");
}

static void split_of(struct gen *g)
{
	static const char *const kinds[] = {
		"round-robin", "random", "hash saddr/24/64 . dport", "hash daddr",
		"hash tcp dport . ttl", "hash ip saddr/8 . sctp dport",
	};
	unsigned int n = 1 + gen_rnd(g, 4);

	gen_put(g, "split %s {", PICK(g, kinds));
	g->depth++;
	while (n--) {
		gen_line(g);
		gen_put(g, "%u -> ", gen_chance(g, 30) ? 10 * (1 + gen_rnd(g, 4)) :
						 1 + gen_rnd(g, 5));
		statement(g);
	}
	g->depth--;
	gen_line(g);
	gen_put(g, "}");
}

/* Whether a tree was found to lead to. */
/* By a map: each of its trees must do. */
static bool lead_by_map(struct gen *g)
{
	static const char *const keys[] = { "@m5", "saddr map @m5", "daddr map @m5",
		"ip saddr/24 map @m5" };
	bool call = gen_chance(g, 50);
	unsigned int t;

	if (!g->map_trees || g->tree > g->trees - g->map_trees)
		return false;
	for (t = g->trees - g->map_trees; t < g->trees; t++) {
		if (g->hooks & ~g->tree_hooks[t])
			return false;
		call |= g->tree_called[t] && !g->called;
	}
	gen_put(g, "%s %s", call ? "call" : "goto", PICK(g, keys));
	return true;
}

static bool lead(struct gen *g)
{
	unsigned int left = g->trees - g->tree, t;

	if (!left)
		return false;
	if (gen_chance(g, 40) && lead_by_map(g))
		return true;
	t = g->tree + gen_rnd(g, left);
	if (g->hooks & ~g->tree_hooks[t])
		return false;
	if (g->tree_called[t] && !g->called)
		gen_put(g, "call t%u", t);
	else
		gen_put(g, "%s t%u", gen_chance(g, 50) ? "goto" : "call", t);
	return true;
}

static void statement(struct gen *g)
{
	unsigned int n = gen_rnd(g, 100) < 8 ? 0 : 1 + gen_rnd(g, 3), what = gen_rnd(g, 100);

	if (g->budget)
		g->budget--;
	while (n--) {
		gen_match(g, 0);
		gen_put(g, " ");
	}
	if (gen_chance(g, 20))
		gen_put(g, "length >= %u ", 1 + gen_rnd(g, 3));
	for (n = 0; n < 2 && gen_chance(g, 8); n++)
		gen_stateful(g);
	if (gen_chance(g, 30))
		for (n = 1 + gen_rnd(g, 2); n--;)
			modifier(g);
	if (g->depth > 5 || !g->budget || what < 55)
		verdict(g);
	else if (what < 63)
		modifier(g);
	else if (what < 75)
		block(g, 1 + gen_rnd(g, 4));
	else if (what < 85)
		select_of(g);
	else if (what < 88)
		split_of(g);
	else if (what < 91 && g->called)
		gen_put(g, "return");
	else if (!lead(g))
		verdict(g);
	if (gen_chance(g, 5))
		gen_put(g, " id r%u", g->ids++);
	else if (gen_chance(g, 3))
		gen_put(g, " comment \"# { %u\"", gen_rnd(g, 100));
}

static void statements(struct gen *g, unsigned int n, bool end)
{
	gen_put(g, " {");
	g->depth++;
	while (n--) {
		gen_line(g);
		statement(g);
	}
	if (end) {
		gen_line(g);
		verdict(g);
	}
	g->depth--;
	gen_line(g);
	gen_put(g, "}\n");
}

static void sets(struct gen *g)
{
	unsigned int i, k, n;

	for (i = 0; i < (gen_nodes ? GEN_SETS : 6); i++) {
		g->has_set[i] = gen_chance(g, 40);
		if (!g->has_set[i])
			continue;
		gen_put(g, "set %s : %s { elements = { ", gen_set_types[i].name,
			gen_set_types[i].type);
		for (n = 1 + gen_rnd(g, 6); n--;) {
			for (k = 0; k < gen_set_types[i].n; k++) {
				gen_put(g, "%s", k ? " . " : "");
				gen_value(g, gen_set_types[i].kind[k], 0);
			}
			gen_put(g, "%s", n ? ", " : "");
		}
		gen_put(g, " } }\n");
	}
}

/* A set with others in it, and one with them in its parts. */
static void sets_in_sets(struct gen *g)
{
	g->sets_in_sets = g->has_set[0] && g->has_set[1];
	if (!g->sets_in_sets)
		return;
	gen_put(g, "set s6 : addr { elements = { ");
	gen_value(g, ADDR, 0);
	gen_put(g, ", @s0, %s(%s) } }\nset s7 : addr . port { elements = { %s@s6 . { 80, @s1 }, ",
		gen_chance(g, 50) ? "addr" : "net", PICK(g, gen_devices),
		g->has_set[2] ? "@s2, " : "");
	gen_value(g, ADDR, 0);
	gen_put(g, " . @s1 } }\n");
}

/* Pools p0 and p1. Maglev's table is the largest thing in such a policy: seldom. */
static void pools(struct gen *g)
{
	static const char *const schedulers[] = {
		"round-robin", "random", "least-conn", "round-robin", "random", "maglev",
		"source-hash",
	};
	unsigned int i, n, at;

	g->pools = gen_chance(g, 30) ? 1 + gen_rnd(g, 2) : 0;
	for (i = 0; i < g->pools; i++) {
		gen_put(g, "pool p%u { scheduler %s", i, PICK(g, schedulers));
		at = gen_rnd(g, 3);
		for (n = 1 + gen_rnd(g, 5); n--; at++) {
			if (gen_chance(g, 30))
				gen_put(g, "\n\t[2001:db8::%x]:%u", at + 1, 80 + gen_rnd(g, 3));
			else if (gen_chance(g, 50))
				gen_put(g, "\n\t10.0.0.%u:40%02u-40%02u", at + 1, gen_rnd(g, 9),
					10 + gen_rnd(g, 20));
			else
				gen_put(g, "\n\t10.0.0.%u", at + 1);
			if (gen_chance(g, 30))
				gen_put(g, " weight %u", 1 + gen_rnd(g, 5));
		}
		gen_put(g, "\n}\n");
	}
}

/* A run of rules, long enough to be searched and not tried one by one. */
static unsigned int length(struct gen *g)
{
	g->many = gen_chance(g, 20);
	if (!g->many)
		return 1 + gen_rnd(g, 7);
	g->budget += 100;
	return 12 + gen_rnd(g, gen_chance(g, 30) ? 150 : 30);
}

static void hook(struct gen *g, const char *head, unsigned int hooks)
{
	gen_put(g, "%s", head);
	g->hooks = hooks;
	g->called = false;
	g->tree = 0;
	statements(g, length(g), true);
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
	g.budget = 10 + gen_rnd(&g, 40);
	gen_put(&g, "# seed %llu\ndefine both = { 10.0.1.1, 2001:db8::5 }\n",
		(unsigned long long)seed);
	sets(&g);
	sets_in_sets(&g);
	pools(&g);
	g.trees = gen_rnd(&g, TREES_MAX + 1);
	for (t = 0; t < g.trees; t++) {
		g.tree_hooks[t] = hooks[gen_rnd(&g, 8)];
		g.tree_called[t] = gen_chance(&g, 50);
	}
	maps(&g);
	which = 1 + gen_rnd(&g, 15);
	if (which & 1)
		hook(&g, "ingress", IN);
	if (which & 2)
		hook(&g, "egress", OUT);
	if (which & 4)
		hook(&g, "ingress device eth0, wg*", DEV_IN);
	if (which & 8)
		hook(&g, "egress device eth1", DEV_OUT);
	for (t = 0; t < g.trees; t++) {
		gen_put(&g, "tree t%u", t);
		g.hooks = g.tree_hooks[t];
		g.called = g.tree_called[t];
		g.tree = t + 1;
		g.budget += 5;
		statements(&g, length(&g), !g.called || gen_chance(&g, 40));
	}
	fclose(g.out);
	return text;
}
