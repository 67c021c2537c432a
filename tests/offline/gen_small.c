// SPDX-License-Identifier: GPL-2.0
/* Small policies at random. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "gen_small.h"

static unsigned int draw(uint64_t *state, unsigned int below)
{
	uint64_t z;

	/* SplitMix64 (Steele, Lea, Flood, 2014) */
	*state += 0x9e3779b97f4a7c15ull;
	z = *state;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	z ^= z >> 31;
	return (unsigned int)((z >> 32) * below >> 32);
}

static void masked(FILE *out, uint64_t *s)
{
	static const char *const what[] = {
		"daddr & ::ffff == ::1", "saddr & ::ff:0:0 == ::12:0:0",
		"daddr & 0.255.0.255 == 0.1.0.3", "saddr & 0.0.2.0 == 0.0.2.0",
		"ttl & 0x1 == 0x1", "ttl & 0x30 == 0x10", "ttl & 0x3c == 0x8-0x1f",
		"dport & 0x5 == { 0x1, 0x4 }", "tcp dport & 0x12 == 0x10",
		"tcp flags & syn == syn", "tcp flags & { syn, ack } != syn",
		"ttl & 0x6 != 0x2", "protocol & 0x2 == 0x2",
	};

	fprintf(out, "%s ", what[draw(s, sizeof(what) / sizeof(*what))]);
}

static void match(FILE *out, uint64_t *s, bool masks)
{
	static const char *const name[] = { "eth0", "eth1", "wg*", "wg0", "{ eth0, wg0 }" };
	static const char *const addr[] = {
		"10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.1.2.3", "0.0.0.0/1",
		"fd00::/8", "fd00:1::/32", "{ 10.1.0.0/16, fd00::/8 }", "2001:db8::1",
	};
	static const char *const port[] = { "22", "80", "20-90", "1-1023", "{ 22, 443 }",
					    "1024-65535" };
	static const char *const proto[] = { "tcp", "udp", "{ tcp, udp }", "icmp", "1-20" };
	unsigned int a = draw(s, 200);

	if (masks && draw(s, 3) == 0) {
		masked(out, s);
		return;
	}
	switch (draw(s, 8)) {
	case 0:
		fprintf(out, "iif %s%s ", draw(s, 4) ? "" : "!= ", name[draw(s, 5)]);
		break;
	case 1:
		fprintf(out, "saddr %s%s ", draw(s, 4) ? "" : "!= ", addr[draw(s, 9)]);
		break;
	case 2:
		fprintf(out, "daddr %s ", addr[draw(s, 9)]);
		break;
	case 3:
		fprintf(out, "%s dport %s ", draw(s, 2) ? "tcp" : "udp", port[draw(s, 6)]);
		break;
	case 4:
		fprintf(out, "dport %s ", port[draw(s, 6)]);
		break;
	case 5:
		fprintf(out, "protocol %s ", proto[draw(s, 5)]);
		break;
	case 6:
		fprintf(out, "ttl %u-%u ", a, a + draw(s, 50));
		break;
	default:
		fprintf(out, "not { dport %s ttl < 64 } ", port[draw(s, 6)]);
	}
}

static char *policy(uint64_t seed, unsigned int rules, const unsigned int *other, bool masks)
{
	static const char *const verdict[] = { "accept", "drop", "reject" };
	unsigned int i, n;
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fprintf(out, "ingress {\n");
	for (i = 0; i < rules; i++) {
		uint64_t s = seed * 1000003 + i * 7919;

		if (other && *other == i)
			s ^= 0x5555555555ull;
		fprintf(out, "\t");
		for (n = 1 + draw(&s, 3); n; n--)
			match(out, &s, masks);
		fprintf(out, "%s\n", verdict[draw(&s, 3)]);
	}
	fprintf(out, "\tdrop\n}\n");
	return fclose(out) ? NULL : text;
}

char *gen_small(uint64_t seed, unsigned int rules, const unsigned int *other)
{
	return policy(seed, rules, other, false);
}

char *gen_small_masks(uint64_t seed, unsigned int rules, const unsigned int *other)
{
	return policy(seed, rules, other, true);
}
