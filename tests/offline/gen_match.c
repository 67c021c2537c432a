// SPDX-License-Identifier: GPL-2.0
/*
 * Matches at random, as text: what rules of gen_policy.c ask.
 */
#include "gen_match.h"
#include "gen_policy.h"

bool gen_nodes;

const char *const gen_devices[6] = { "eth0", "eth1", "wg0", "lo", "wg*", "\"wg*\"" };

void gen_line(struct gen *g)
{
	unsigned int i;

	gen_put(g, "\n");
	for (i = 0; i < g->depth; i++)
		gen_put(g, "\t");
}

static const struct gen_field fields[] = {
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
	{ "ct mark", NUM16, INET, 3 }, { "ct direction", DIRECTION, INET, 2 },
	{ "ct status", STATUS, INET, 3 },
	{ "ct original saddr", ADDR, INET, 2 }, { "ct original daddr", ADDR, INET, 2 },
	{ "ct original dport", PORT, INET, 2 }, { "ct original tcp sport", PORT, INET, 1 },
	{ "ct original protocol", PROTOCOL, INET, 1 },
	{ "arp saddr", ADDR4, DEV, 3 }, { "arp daddr", ADDR4, DEV, 2 },
	{ "route oif", NAME, INET, 4 }, { "route type", ROUTE, INET, 4 },
	{ "route nexthop", ADDR, INET, 2 }, { "route saddr", ADDR, INET, 1 },
	{ "route reverse", NAME, INET, 3 },
	{ "uid", USER, OUT, 2 }, { "gid", USER, OUT, 2 }, { "cgroup", GROUP, OUT, 2 },
};

#define N_FIELDS (sizeof(fields) / sizeof(fields[0]))

/* Is a field one that may be asked here. */
static bool drawn(const struct gen *g, const struct gen_field *f)
{
	return !(g->hooks & ~f->hooks) && (gen_nodes || f->kind != STATUS);
}

const struct gen_field *gen_field(struct gen *g)
{
	unsigned int sum = 0, i, at;

	for (i = 0; i < N_FIELDS; i++)
		if (drawn(g, &fields[i]))
			sum += fields[i].weight;
	at = gen_rnd(g, sum);
	for (i = 0; i < N_FIELDS; i++) {
		if (!drawn(g, &fields[i]))
			continue;
		if (at < fields[i].weight)
			break;
		at -= fields[i].weight;
	}
	return &fields[i];
}

/* Where they were written; s6 and s7 are made of these. */
const struct gen_set_type gen_set_types[GEN_SETS] = {
	{ "s0", "addr", { ADDR }, 1 }, { "s1", "port", { PORT }, 1 },
	{ "s2", "addr . port", { ADDR, PORT }, 2 },
	{ "s3", "protocol . port", { PROTOCOL, PORT }, 2 },
	{ "s4", "ifname", { NAME }, 1 }, { "s5", "mark", { NUM16 }, 1 },
	{ "s8", "mac", { MAC }, 1 },
};

static int set_of(const struct gen *g, enum kind kind)
{
	unsigned int i;

	for (i = 0; i < GEN_SETS; i++)
		if (g->has_set[i] && gen_set_types[i].n == 1 && gen_set_types[i].kind[0] == kind)
			return (int)i;
	return -1;
}

static bool is_addr_of(const struct gen_field *f)
{
	return (f->kind == ADDR || f->kind == ADDR4 || f->kind == ADDR6) &&
	       f->name[0] != 'a';
}

static void value_of(struct gen *g, const struct gen_field *f, bool interfaces)
{
	int set = gen_chance(g, 12) ? set_of(g, f->kind) : -1;

	if (g->sets_in_sets && interfaces && is_addr_of(f) && gen_chance(g, 10))
		gen_put(g, "@s6");
	else if (set >= 0)
		gen_put(g, "@%s", gen_set_types[set].name);
	else if (interfaces && is_addr_of(f) && gen_chance(g, 12))
		gen_put(g, "%s(%s)", gen_chance(g, 50) ? "addr" : "net", PICK(g, gen_devices));
	else
		gen_value(g, f->kind, 0);
}

static void list_of(struct gen *g, const struct gen_field *f, bool interfaces)
{
	unsigned int n = 1 + gen_rnd(g, 5), i;

	gen_put(g, "{ ");
	for (i = 0; i < n; i++) {
		gen_put(g, "%s", i ? ", " : "");
		value_of(g, f, interfaces);
	}
	gen_put(g, " }");
}

void gen_values_of(struct gen *g, const struct gen_field *f)
{
	if (gen_chance(g, 40))
		list_of(g, f, true);
	else
		value_of(g, f, true);
}

void gen_joined_values(struct gen *g, const struct gen_field **f, unsigned int n)
{
	unsigned int count = 1 + gen_rnd(g, 5), i, k;

	for (i = 0; i < count; i++) {
		int family = gen_chance(g, 60) ? 4 : 6;

		gen_put(g, "%s", i ? ", " : "");
		for (k = 0; k < n; k++) {
			gen_put(g, "%s", k ? " . " : "");
			if (gen_chance(g, 15) && f[k]->kind != ADDR)
				list_of(g, f[k], false);
			else
				gen_value(g, f[k]->kind, family);
		}
	}
}

unsigned int gen_joined_fields(struct gen *g, const struct gen_field **f)
{
	unsigned int n = 2 + gen_rnd(g, 3), k;

	for (k = 0; k < n; k++) {
		f[k] = gen_field(g);
		gen_put(g, "%s%s", k ? " . " : "", f[k]->name);
	}
	return n;
}

static void ordered(struct gen *g)
{
	static const char *const ops[] = { "<=", ">=", "<", ">" };
	static const char *const what[] = { "dport", "tcp sport", "ttl", "length", "mark" };

	if (gen_chance(g, 25)) {
		gen_put(g, "%s %s ", gen_chance(g, 50) ? "saddr" : "daddr", PICK(g, ops));
		gen_addr(g, gen_chance(g, 50));
		return;
	}
	gen_put(g, "%s %s %u", PICK(g, what), PICK(g, ops), 1 + gen_rnd(g, 200));
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
	unsigned int i = gen_rnd(g, sizeof(given));

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
	if (given[i])
		gen_put(g, forms[i], gen_rnd(g, 8));
	else
		gen_put(g, forms[i]);
#pragma GCC diagnostic pop
}

/* Each is 256 steps of a walk, which has 65536. */
bool gen_a_node(struct gen *g, unsigned int percent)
{
	return gen_nodes && g->nodes < 20 && gen_chance(g, percent) && ++g->nodes;
}

void gen_match(struct gen *g, unsigned int depth)
{
	static const char *const pairs[] = { "sport == dport", "saddr != daddr",
		"tcp sport != dport", "saddr == daddr", "sport != dport",
		"ip saddr == daddr", "sport < dport", "saddr >= daddr", "tcp sport <= dport",
		"ip6 saddr > daddr", "ttl < length" };
	static const char *const routed[] = { "route reverse != iif", "route reverse == iif",
		"route oif != iif", "route nexthop != daddr",
		"route saddr == daddr", "route oif == iif", "route nexthop none",
		"route oif . route nexthop { none . none, eth0 . none }" };
	static const char *const filters[] = {
		"bpf \"tcp\"", "bpf != \"udp port 53 or icmp\"",
		"bpf { \"ip[8] < 5\", \"ip6\", \"net 10.0.0.0/8\" }",
		"bpf != { \"tcp\", \"greater 100\" }", "bpf \"ip6[6] = 17 and len > 60\"",
	};
	static const char *const fragments[] = { "fragment", "fragment", "fragment yes",
		"fragment no", "fragment != no", "fragment == { yes, no }" };
	const struct gen_field *f[5];
	unsigned int n;

	if (gen_a_node(g, 5)) {
		/* A brace behind its name would be its settings. */
		gen_put(g, "node n%u %s", gen_rnd(g, 4),
			gen_chance(g, 50) ? "{ a, b 7 }" : "length > 0");
		return;
	}
	if (gen_nodes && gen_chance(g, 2)) {
		gen_put(g, "%s", PICK(g, filters));
		return;
	}
	if (gen_chance(g, 3)) {
		n = 1 + gen_rnd(g, 9);
		gen_put(g, "random %u/%u", 1 + gen_rnd(g, n), n);
		return;
	}
	if (depth < 3 && gen_chance(g, 10)) {
		gen_put(g, "not ");
		if (gen_chance(g, 50)) {
			gen_match(g, depth + 1);
			return;
		}
		gen_put(g, "{ ");
		for (n = 1 + gen_rnd(g, 3); n--;) {
			gen_match(g, depth + 1);
			gen_put(g, " ");
		}
		gen_put(g, "}");
		return;
	}
	switch (gen_rnd(g, 20)) {
	case 8:
		gen_put(g, "%s", g->hooks & DEV ? "length > 60" : PICK(g, routed));
		return;
	case 0:
		gen_put(g, "%s", PICK(g, fragments));
		return;
	case 1:
		gen_put(g, "%s", PICK(g, pairs));
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
		n = gen_joined_fields(g, f);
		gen_put(g, "%s { ", gen_chance(g, 25) ? " !=" : "");
		gen_joined_values(g, f, n);
		gen_put(g, " }");
		return;
	case 7:
		if (g->sets_in_sets && gen_chance(g, 50))
			gen_put(g, "daddr . dport %s@s7", gen_chance(g, 30) ? "!= " : "");
		else if (g->has_set[2] && gen_chance(g, 50))
			gen_put(g, "daddr . dport @s2");
		else if (g->has_set[3])
			gen_put(g, "protocol . sport != @s3");
		else
			gen_put(g, "protocol != { tcp, udp }");
		return;
	}
	f[0] = gen_field(g);
	gen_put(g, "%s %s", f[0]->name, gen_chance(g, 20) ? "!= " : gen_chance(g, 10) ? "== " : "");
	gen_values_of(g, f[0]);
}

/* What has state is asked last on its line. */
void gen_stateful(struct gen *g)
{
	static const char *const limits[] = {
		"limit 10/second", "limit over 3/minute burst 7", "limit rate 2k/second burst 4k",
		"limit over 100/hour", "limit 1/day burst 1",
	};
	static const char *const keys[] = {
		" by saddr", " by saddr/24/64", " by daddr/8/32 . dport", " by saddr . daddr",
		" by protocol", " by tcp dport . saddr/16/48", " by iif", " by ip saddr/20",
	};
	static const char *const ops[] = { ">", ">=", "<", "<=" };
	unsigned int i = gen_rnd(g, 8);

	if (i == 6 && g->hooks & OUT && g->hooks & ~IN)
		i = 0;
	if (i == 6 && g->hooks & ~(IN | OUT | DEV_IN))
		i = 0;
	if (gen_nodes && !(g->hooks & DEV) && gen_chance(g, 25)) {
		gen_put(g, "ct count%s %s %u ", keys[i], PICK(g, ops), 1 + gen_rnd(g, 4));
		return;
	}
	switch (gen_rnd(g, 4)) {
	case 0:
		gen_put(g, "quota %s%u ", gen_chance(g, 30) ? "over " : "", 1 + gen_rnd(g, 9000));
		return;
	case 1:
		gen_put(g, "%s ", PICK(g, limits));
		return;
	default:
		gen_put(g, "%s%s ", PICK(g, limits), keys[i]);
		return;
	}
}
