// SPDX-License-Identifier: GPL-2.0
/*
 * Values at random, as text.
 */
#include <stdarg.h>

#include "gen_values.h"

unsigned int gen_rnd(struct gen *g, unsigned int below)
{
	uint64_t z;

	g->state += 0x9e3779b97f4a7c15ull;
	z = g->state;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	z ^= z >> 31;
	return (unsigned int)((z >> 32) * below >> 32);
}

bool gen_chance(struct gen *g, unsigned int percent)
{
	return gen_rnd(g, 100) < percent;
}

void gen_put(struct gen *g, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vfprintf(g->out, fmt, args);
	va_end(args);
}

const char *gen_pick(struct gen *g, const char *const *words, unsigned int n)
{
	return words[gen_rnd(g, n)];
}

static const char *const names[] = { "eth0", "eth1", "lo", "br-lan", "wg*", "\"6in4\"",
				     "eth*", "wg0", "none" };
static const char *const services[] = { "ssh", "http", "https", "domain", "ntp" };
static const char *const protocols[] = { "tcp", "udp", "icmp", "icmpv6", "sctp", "gre",
					 "47", "6", "17" };

/* Values of one kind each */

static void v4(struct gen *g)
{
	static const unsigned char c[] = { 0, 1, 2, 7, 254, 255 };

	gen_put(g, "%u.%u.%u.%u", gen_chance(g, 80) ? 10 : 192, gen_rnd(g, 3), c[gen_rnd(g, 6)],
		c[gen_rnd(g, 6)]);
}

static void v6(struct gen *g)
{
	static const char *const net[] = { "2001:db8", "fd00", "fe80" };

	gen_put(g, "%s:%x::%x", PICK(g, net), gen_rnd(g, 3), gen_rnd(g, 20) + 1);
}

void gen_addr(struct gen *g, bool six)
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
	bool six = family ? family == 6 : gen_chance(g, 40);

	switch (gen_rnd(g, 4)) {
	case 0:
	case 1:
		gen_addr(g, six);
		break;
	case 2:
		gen_addr(g, six);
		gen_put(g, "/%u", six ? lens6[gen_rnd(g, 10)] : lens4[gen_rnd(g, 10)]);
		break;
	default:
		if (six)
			gen_put(g, "2001:db8:%x::%x-2001:db8:%x::%x", gen_rnd(g, 2), gen_rnd(g, 30),
				2 + gen_rnd(g, 2), gen_rnd(g, 30));
		else
			gen_put(g, "10.0.%u.%u-10.%u.%u.%u", gen_rnd(g, 3), gen_rnd(g, 255),
				1 + gen_rnd(g, 2), gen_rnd(g, 3), gen_rnd(g, 255));
		break;
	}
}

static void number(struct gen *g, unsigned int bits)
{
	unsigned int most = bits >= 16 ? 65535 : (1u << bits) - 1;
	unsigned int low = gen_chance(g, 60) ? gen_rnd(g, most < 20 ? most + 1 : 20) :
					   gen_rnd(g, most + 1);

	if (gen_chance(g, 35) && low < most) {
		unsigned int high = low + 1 + gen_rnd(g, most - low < 30 ? most - low : 30);

		gen_put(g, "%u-%u", low, high);
	} else {
		gen_put(g, "%u", low);
	}
}

static void port(struct gen *g)
{
	unsigned int low = (gen_chance(g, 50) ? 20 : 440) + gen_rnd(g, 10);

	switch (gen_rnd(g, 5)) {
	case 0:
		gen_put(g, "%s", PICK(g, services));
		break;
	case 1:
		gen_put(g, "%u-%u", low, low + gen_rnd(g, 70));
		break;
	case 2:
		gen_put(g, "%u", gen_rnd(g, 2) * 65535);
		break;
	default:
		gen_put(g, "%u", low);
		break;
	}
}

static void mac(struct gen *g)
{
	gen_put(g, "02:00:00:00:00:%02x", gen_rnd(g, 4));
}

static const char *const icmp_types[] = { "echo-request", "echo-reply", "time-exceeded",
					  "3", "0-8" };
static const char *const icmpv6_types[] = { "echo-request", "nd-neighbor-solicit",
					    "nd-router-advert", "128-129", "2" };
static const char *const states[] = { "new", "invalid", "untracked", "established",
				      "related" };
static const char *const flags[] = { "syn", "ack", "fin", "rst", "psh" };
static const char *const routes[] = { "local", "unicast", "broadcast", "multicast",
				      "unreachable", "none" };
static const char *const families[] = { "ipv4", "ipv6" };
static const char *const pkttypes[] = { "host", "broadcast", "multicast" };

void gen_value(struct gen *g, enum kind kind, int family)
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
		gen_put(g, "%s", PICK(g, protocols));
		break;
	case NAME:
		gen_put(g, "%s", PICK(g, names));
		break;
	case MAC:
		mac(g);
		break;
	case DIRECTION:
		gen_put(g, "%s", gen_chance(g, 50) ? "original" : "reply");
		break;
	case STATE:
		gen_put(g, "%s", PICK(g, states));
		break;
	case FAMILY:
		gen_put(g, "%s", PICK(g, families));
		break;
	case PKTTYPE:
		gen_put(g, "%s", PICK(g, pkttypes));
		break;
	case ETHER_TYPE:
		gen_put(g, "%s", PICK(g, ether));
		break;
	case ARP_OP:
		gen_put(g, "%s", PICK(g, ops));
		break;
	case ICMP:
		gen_put(g, "%s", PICK(g, icmp_types));
		break;
	case ICMP6:
		gen_put(g, "%s", PICK(g, icmpv6_types));
		break;
	case FLAGS:
		gen_put(g, "%s", PICK(g, flags));
		break;
	case USER:
		if (gen_chance(g, 20))
			gen_put(g, "root");
		else
			number(g, 5);
		break;
	case GROUP:
		gen_put(g, "%llu", (gen_chance(g, 50) ? 0ull : 1ull << 32) + gen_rnd(g, 20));
		break;
	case ROUTE:
		gen_put(g, "%s", PICK(g, routes));
		break;
	case STATUS:
		gen_put(g, "%s", gen_chance(g, 50) ? "snat" : "dnat");
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
