// SPDX-License-Identifier: GPL-2.0
/*
 * Left out is what chance decides: "random" matches, splits and pools, and which of
 * servers with equally few connections; and what depends on when a collector comes by, as
 * "ct count" and the size of sets. Refills of limits come in whole seconds, and so do the
 * ends of set elements: conversations wait for times that are never close to one
 * (corpus.c).
 */
#include <stdarg.h>

#include "corpus_policy.h"

static FILE *policy;
static u32 (*draw)(u32 n);
static bool splits;

static void __printf(1, 2) put(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(policy, format, args);
	va_end(args);
}

static void put_one(const char *const *of, size_t n)
{
	put("%s ", of[draw((u32)n)]);
}

#define ONE_OF(...) do {						\
	static const char *const of[] = { __VA_ARGS__ };		\
									\
	put_one(of, ARRAY_SIZE(of));					\
} while (0)

static void address(void)
{
	ONE_OF("10.1.0.0/24", "10.1.0.0/16", "10.1.0.7", "10.0.0.0/8", "10.2.0.0/24",
	       "fd00:0:1::/64", "fd00:0:1::7", "fd00::/16", "addr(cli)", "net(cli)");
}

/* What connections are and where they go. */
static void match_more(void)
{
	switch (draw(11)) {
	case 0:
		ONE_OF("route oif srv", "route oif cli", "route type unicast",
		       "not route type local", "route reverse == iif", "route reverse != iif");
		break;
	case 1:
		put("saddr %s@seen ", draw(2) ? "!= " : "");
		break;
	case 2:
		put("saddr . dport @pairs ");
		break;
	case 3:
		ONE_OF("mark 3", "mark != 3", "mark & 1 == 1", "ct mark 5", "ct mark != 0");
		break;
	case 4:
		ONE_OF("ttl < 64", "dscp ef", "dscp != 0", "length 60-200", "fragment no",
		       "tcp flags & { syn, ack } == syn", "tcp option mss 1460");
		break;
	case 5:
		ONE_OF("ct state new", "ct state { new, untracked }", "ct state != invalid");
		break;
	case 6:
		ONE_OF("bpf \"tcp[13] & 2 != 0\"", "bpf \"udp or icmp\"",
		       "bpf \"ip and len > 80\"");
		break;
	case 7:
		ONE_OF("sport >= 20010", "sport 20000-20020", "not { sport 20000-20030 }");
		break;
	case 8:
		ONE_OF("family ipv4", "family ipv6", "protocol 47");
		break;
	case 9:
		put("not { saddr 10.1.0.%u-10.1.0.%u tcp dport 80 } ", draw(5), 5 + draw(9));
		break;
	case 10:
		ONE_OF("priority 0", "priority 4", "priority != 0", "priority < 4",
		       "pkttype host", "pkttype != host");
		break;
	}
}

static void match(void)
{
	switch (draw(11)) {
	case 0:
		put("iif %s ", draw(2) ? "cli" : "srv");
		break;
	case 1:
	case 2:
		put("saddr ");
		address();
		break;
	case 3:
		put("protocol { tcp, udp } dport %u-%u ", 80, 80 + draw(10));
		break;
	case 4:
		put("tcp dport { 80, %u, 443 } ", 81 + draw(9));
		break;
	case 5:
		put("icmp type echo-request ");
		break;
	case 6:
		put("not protocol udp ");
		break;
	case 7:
		put("daddr 198.51.100.0/%u ", 24 + draw(9));
		break;
	default:
		match_more();
	}
}

/* They stand last on their line. */
static void limit(void)
{
	static const char *const keys[] = {
		"", "", "by saddr", "by saddr/24/64 ", "by saddr . dport",
	};

	switch (draw(3)) {
	case 0:
	case 1:
		put("limit %s%u/minute burst %u %s ", draw(2) ? "over " : "", 1 + draw(2),
		    1 + draw(9), keys[draw(ARRAY_SIZE(keys))]);
		break;
	case 2:
		put("quota %s%uk ", draw(2) ? "over " : "", 1 + draw(4));
		break;
	}
}

static void modifier(bool egress)
{
	switch (draw(egress ? 8 : 11)) {
	case 0:
		put("set mark %u ", 1 + draw(9));
		break;
	case 1:
		put("set ct mark %u ", 4 + draw(3));
		break;
	case 2:
		put("count c%u ", draw(3));
		break;
	case 3:
		ONE_OF("set dscp ef", "set dscp af11", "set dscp 0");
		break;
	case 4:
		put("set ttl %u ", 30 + draw(60));
		break;
	case 5:
		ONE_OF("set mss 1300", "set mss 536", "mss clamp");
		break;
	case 6:
		ONE_OF("log \"l \"", "set priority 3", "log");
		break;
	case 7:
		put("set mark %u count c1 ", 3 + draw(3));
		break;
	case 8:
		ONE_OF("add @seen { saddr }", "add @seen { saddr } timeout 25s",
		       "add @pairs { saddr . dport } timeout 40s");
		break;
	case 9:
		ONE_OF("remove @seen { saddr }", "remove @pairs { saddr . dport }");
		break;
	case 10:
		put(draw(4) ? "count c2 " : "notrack ");
		break;
	}
}

static void verdict(void)
{
	switch (draw(8)) {
	case 0:
		put("drop");
		break;
	case 1:
		put("reject");
		break;
	case 2:
		ONE_OF("reject with port-unreachable", "reject with host-prohibited",
		       "reject with admin-prohibited", "reject with tcp-reset");
		break;
	default:
		put("accept");
	}
}

static void rule(bool egress, unsigned int depth);

static void choice(bool egress, unsigned int depth)
{
	unsigned int i, n = 2 + draw(2);

	if (splits && draw(2)) {
		put("split round-robin {\n");
		for (i = 0; i < n; i++) {
			put("\t%u ->", 1 + draw(3));
			rule(egress, depth + 1);
		}
	} else {
		put("select protocol . dport {\n");
		for (i = 0; i < n; i++) {
			put("\t%s . %s ->", draw(2) ? "tcp" : "{ tcp, udp }",
			    draw(2) ? "80-82" : "{ 83, 443 }");
			rule(egress, depth + 1);
		}
		if (draw(2)) {
			put("\tdefault ->");
			rule(egress, depth + 1);
		}
	}
	put("\t}\n");
}

static void rule(bool egress, unsigned int depth)
{
	unsigned int i, n = draw(3);
	bool limited = !draw(8);

	put("\t");
	n += !depth;
	for (i = 0; i < n; i++)
		match();
	if (limited)
		limit();
	n = draw(3) ? 0 : 1 + draw(2);
	for (i = 0; i < n; i++)
		modifier(egress);
	if (depth < 2 && !draw(10)) {
		choice(egress, depth);
		return;
	}
	if (depth < 2 && !draw(10)) {
		put("{\n");
		for (i = 0; i < 2; i++)
			rule(egress, depth + 1);
		put("\t}\n");
		return;
	}
	/* A line may go on, if it does anything. */
	if (!n || draw(3))
		verdict();
	put("\n");
}

static void options(void)
{
	put("option adopt 0s\noption nat-ports 30000-65000\noption answer-rate 100000/second\n"
	    "option log-rate 100000/second\n");
	if (!draw(3))
		put("option tcp-loose on\n");
	/* A split that decides a connection afresh draws a branch. */
	splits = draw(2);
	if (splits)
		put("option revalidate off\n");
	else if (!draw(4))
		put("option revalidate strict\n");
	if (!draw(6))
		put("option evaluate per-packet\n");
	if (!draw(3))
		put("option timeout udp %us\noption timeout tcp-established %us\n", 20 + draw(40),
		    200 + draw(400));
	put("set seen : addr { timeout 50s; elements = { 10.1.0.%u, 10.2.0.0/28 } }\n",
	    1 + draw(12));
	put("set pairs : addr . port { elements = { 10.1.0.0/30 . 80-81 } }\n");
	put("pool web { scheduler ");
	ONE_OF("round-robin", "source-hash", "maglev");
	put("; 203.0.113.1:8001 weight %u; 203.0.113.2:8002; 203.0.113.3:8003; "
	    "[2001:db8:6::1]:8001; [2001:db8:6::2]:8002 }\n", 1 + draw(3));
}

static void ingress(void)
{
	unsigned int i, n;

	put("ingress {\n");
	/* Who dials this machine itself is answered by the kernel. */
	put("\tct state { new, invalid, untracked } daddr { addr(cli), addr(srv) } drop\n");
	if (draw(3))
		put("\tct state invalid drop\n");
	for (i = 0, n = draw(3); i < n; i++)
		rule(false, 0);
	if (draw(2))
		put("\tdaddr 198.51.100.%u tcp dport 80 dnat to 203.0.113.%u:%u accept\n",
		    1 + draw(8), 1 + draw(4), 8000 + draw(4));
	if (draw(2))
		put("\tdaddr 198.51.100.%u udp dport 80-83 dnat to 203.0.113.%u:%u-%u accept\n",
		    1 + draw(8), 1 + draw(4), 9000, 9003);
	if (draw(2))
		put("\tdaddr 2001:db8:5::%u protocol { tcp, udp } "
		    "dnat to [2001:db8:6::%u]:7000 accept\n", 1 + draw(8), 1 + draw(4));
	if (draw(2))
		put("\tprotocol { tcp, udp } dport %u balance @web accept\n", 80 + draw(4));
	for (i = 0, n = draw(8); i < n; i++)
		rule(false, 0);
	put("\tiif cli %s\n\t%s\n}\n", draw(4) ? "accept" : "tcp dport 80 accept",
	    draw(3) ? "drop" : "accept");
}

void corpus_policy(FILE *to, u32 (*draws)(u32 n), unsigned int number)
{
	unsigned int i, n;

	policy = to;
	draw = draws;
	options();
	ingress();
	if (!draw(5))
		return;
	/* Groups are joined by the kernel's gateway alone: no rule is to see that. */
	put("egress {\n\tdaddr ff02::/16 accept\n");
	for (i = 0, n = draw(5); i < n; i++)
		rule(true, 0);
	if (draw(3))
		put("\tsaddr 10.1.0.0/%u oif srv snat to 100.64.%u.1 accept\n",
		    16 + draw(9), number % 200);
	if (draw(2))
		put("\tsaddr 10.0.0.0/8 snat to 100.65.%u.1:4000 accept\n", number % 200);
	if (draw(2))
		put("\tsaddr fd00:0:1::/64 snat to fd00:64::%u accept\n", 1 + draw(9));
	if (draw(2))
		put("\tsaddr 10.2.0.0/24 netmap to 100.66.%u.0/24 accept\n", number % 200);
	if (!draw(3))
		put("\toif srv masquerade accept\n");
	put("\taccept\n}\n");
}

void corpus_change(char *buf, size_t size, u32 (*draws)(u32 n), bool *set)
{
	u32 at = 1 + draws(3);

	*set = draws(2);
	if (*set)
		snprintf(buf, size, "%s seen 10.1.0.%u", draws(3) ? "add" : "delete",
			 1 + draws(12));
	else if (draws(3))
		snprintf(buf, size, "%s web 203.0.113.%u:800%u", draws(2) ? "drain" : "add", at,
			 at);
	else
		snprintf(buf, size, "weight web 203.0.113.%u:800%u weight %u", at, at,
			 1 + draws(5));
}
