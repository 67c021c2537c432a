// SPDX-License-Identifier: GPL-2.0
/*
 * Filter sets for the benchmarks: made at random or read, and written as what
 * each contender takes.
 *
 *	filters acl|fw|ipc|KIND|FILE COUNT [OPTION...]
 *
 * KIND is one of those that are built to hurt: alike, nested, ranges, ports, wild,
 * cross; and flags, rules that differ by TCP flags alone, which are no ClassBench
 * filters: as policy and packets only.
 *
 *	-6		IPv6 (of those at random, and of nested)
 *	-s SEED		another set
 *	-d		none that overlaps one before it
 *	-o WHAT		classbench (the default)
 *			policy: for fwctl; accept and drop in turn
 *			drops: the same, but each rule drops
 *			nft: a chain of rules, each drops
 *			vmap: the same rules in a chain for each /16 of destinations
 *			that has any, found by a verdict map
 *			iptables: the same for iptables-restore, raw, PREROUTING
 *			set: one nft rule that drops what is in a set (-d: nft has
 *			no sets of what overlaps)
 *			trace: headers drawn from the filters, for fwtree_inject
 *			packets: the same, their edges and others, for fwctl explain
 *	-h HOOK		of a policy ("ingress device d0"); for nft the device
 */
#include <arpa/inet.h>
#include <stdlib.h>

#include "filters.h"
#include "sema_sample.h"

#define TRACE		(1u << 16)	/* headers */

static void put4(u32 addr, u32 len)
{
	printf("%u.%u.%u.%u", addr >> 24, addr >> 16 & 255, addr >> 8 & 255, addr & 255);
	if (len < 32)
		printf("/%u", len);
}

static void put_ports(const char *field, u16 lo, u16 hi)
{
	if (lo == hi)
		printf(" th %s %u", field, lo);
	else if (lo || hi != 65535)
		printf(" th %s %u-%u", field, lo, hi);
}

static void put_addr(const struct fwt_filter *f, const u32 *addr, u32 len)
{
	char text[INET6_ADDRSTRLEN];
	u8 b[16];
	u32 i;

	if (!f->six) {
		put4(addr[0], len);
		return;
	}
	for (i = 0; i < 4; i++)
		put_unaligned_be32(addr[i], b + 4 * i);
	printf("%s/%u", inet_ntop(AF_INET6, b, text, sizeof(text)), len);
}

static void nft_rule(const struct fwt_filter *f)
{
	const char *ip = f->six ? "ip6" : "ip";

	printf("\t\t");
	if (f->slen) {
		printf("%s saddr ", ip);
		put_addr(f, f->saddr, f->slen);
	}
	if (f->dlen) {
		printf(" %s daddr ", ip);
		put_addr(f, f->daddr, f->dlen);
	}
	if (!f->any_protocol)
		printf(f->six ? " meta l4proto %u" : " ip protocol %u", f->protocol);
	put_ports("sport", f->sport_lo, f->sport_hi);
	put_ports("dport", f->dport_lo, f->dport_hi);
	printf(" drop\n");
}

static void nft_element(const struct fwt_filter *f)
{
	printf("\t\t\t");
	put4(f->saddr[0], f->slen);
	printf(" . ");
	put4(f->daddr[0], f->dlen);
	printf(" . %u-%u", f->any_protocol ? 0 : f->protocol,
	       f->any_protocol ? 255 : f->protocol);
	printf(" . %u-%u . %u-%u,\n", f->sport_lo, f->sport_hi, f->dport_lo, f->dport_hi);
}

static void nft(const struct fwt_filter *f, u32 n, const char *dev, bool set)
{
	u32 i;

	printf("table netdev t {\n");
	if (set) {
		printf("\tset s {\n\t\ttype ipv4_addr . ipv4_addr . inet_proto . "
		       "inet_service . inet_service\n\t\tflags interval\n\t\telements = {\n");
		for (i = 0; i < n; i++)
			nft_element(&f[i]);
		printf("\t\t}\n\t}\n");
	}
	printf("\tchain c {\n\t\ttype filter hook ingress device %s priority 0; policy drop;\n",
	       dev);
	if (set)
		printf("\t\tip saddr . ip daddr . ip protocol . th sport . th dport @s drop\n");
	for (i = 0; !set && i < n; i++)
		nft_rule(&f[i]);
	printf("\t}\n}\n");
}

static bool meets(u32 a, u32 alen, u32 b, u32 blen)
{
	u32 len = min(alen, blen);

	return !len || !((a ^ b) >> (32 - len));
}

/* Addresses of either family: a word that either leaves open meets any. */
static bool prefixes_meet(const u32 *a, u32 alen, const u32 *b, u32 blen)
{
	u32 len = min(alen, blen), i;

	for (i = 0; len > 32 * i; i++)
		if (!meets(a[i], min(len - 32 * i, 32u), b[i], 32))
			return false;
	return true;
}

/* A rule of a wide destination is in each of the chains, in its place, so that the
 * first match stays the first.
 */
static void nft_vmap(const struct fwt_filter *f, u32 n, const char *dev)
{
	static bool has[1 << 16];
	u32 net, i, used = 0;

	for (i = 0; i < n; i++)
		if (f[i].dlen >= 16)
			has[f[i].daddr[0] >> 16] = true;
	printf("table netdev t {\n");
	for (net = 0; net < 1 << 16; net++) {
		if (!has[net])
			continue;
		printf("\tchain n%u {\n", net);
		for (i = 0; i < n; i++)
			if (meets(net << 16, 16, f[i].daddr[0], f[i].dlen))
				nft_rule(&f[i]);
		printf("\t\tdrop\n\t}\n");
	}
	printf("\tchain c {\n\t\ttype filter hook ingress device %s priority 0; policy drop;\n"
	       "\t\tip daddr vmap {", dev);
	for (net = 0; net < 1 << 16; net++)
		if (has[net])
			printf("%s %u.%u.0.0/16 : goto n%u", used++ ? "," : "", net >> 8,
			       net & 255, net);
	printf(" }\n");
	for (i = 0; i < n; i++)
		if (f[i].dlen < 16)
			nft_rule(&f[i]);
	printf("\t}\n}\n");
}

static void iptables_ports(const char *field, u16 lo, u16 hi)
{
	if (lo == hi)
		printf(" --%s %u", field, lo);
	else if (lo || hi != 65535)
		printf(" --%s %u:%u", field, lo, hi);
}

static void iptables(const struct fwt_filter *f, u32 n)
{
	u32 i;

	printf("*raw\n:PREROUTING DROP\n:OUTPUT ACCEPT\n");
	for (i = 0; i < n; i++) {
		printf("-A PREROUTING");
		if (f[i].slen) {
			printf(" -s ");
			put4(f[i].saddr[0], f[i].slen);
		}
		if (f[i].dlen) {
			printf(" -d ");
			put4(f[i].daddr[0], f[i].dlen);
		}
		if (!f[i].any_protocol) {
			printf(" -p %u", f[i].protocol);
			/* Ports are those of a named protocol there. */
			if (f[i].protocol == IPPROTO_TCP || f[i].protocol == IPPROTO_UDP) {
				iptables_ports("sport", f[i].sport_lo, f[i].sport_hi);
				iptables_ports("dport", f[i].dport_lo, f[i].dport_hi);
			}
		}
		printf(" -j DROP\n");
	}
	printf("COMMIT\n");
}

static void drops(const struct fwt_filter *f, u32 n, const char *hook)
{
	char *text, *at, *accept;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	fwt_filters_print(out, f, n, hook);
	fclose(out);
	for (at = text; (accept = strstr(at, " accept\n")); at = accept + 8) {
		fwrite(at, 1, (size_t)(accept - at), stdout);
		printf(" drop\n");
	}
	fputs(at, stdout);
	free(text);
}

/* As struct header or header6 of fwtree_inject.c. */
static void trace(const struct fwt_filter *f, u32 n, u64 seed)
{
	u64 state = seed * 77 + 5;
	u32 words = f->six ? 4 : 1, i, k;

	for (i = 0; i < TRACE; i++) {
		u8 h[40] = { 0 }, *at = h;
		struct fwt_packet p;

		filter_draw(&state, &f[filter_rnd(&state) % n], &p, false, false);
		for (k = 0; k < words; k++, at += 4)
			put_unaligned_be32(p.saddr[k], at);
		for (k = 0; k < words; k++, at += 4)
			put_unaligned_be32(p.daddr[k], at);
		put_unaligned_be16(p.sport, at);
		put_unaligned_be16(p.dport, at + 2);
		at[4] = p.protocol;
		fwrite(h, (size_t)(at - h) + 8, 1, stdout);
	}
}

static void packets(const struct fwt_filter *f, u32 n, u64 seed)
{
	u64 state = seed * 99 + 7;
	u32 i;

	for (i = 0; i < TRACE; i++) {
		struct fwt_packet p;
		char words[256];

		filter_draw(&state, &f[filter_rnd(&state) % n], &p, i % 3, i % 16 == 15);
		p.iif = "d0";
		fwt_sample_words(&p, words, sizeof(words));
		puts(words);
	}
}

/* Most ask for ECE, which no packet below has: what matches stands deep. */
static void flags_policy(u32 n, const char *hook, u64 seed)
{
	u64 state = (seed + 1) * 0x9e3779b97f4a7c15ull;
	u32 i, r, mask, value;

	printf("%s {\n", hook);
	for (i = 0; i < n; i++) {
		r = filter_rnd(&state);
		mask = r >> 16 & 63 ? (r & 0xff) | 0x40 : 0x3f;
		value = r >> 16 & 63 ? (r >> 8 & mask) | 0x40 : r & mask;
		printf("\tsaddr 10.0.0.0/8 tcp flags & 0x%x == 0x%x %s\n", mask, value,
		       i & 1 ? "drop" : "accept");
	}
	printf("\tdrop\n}\n");
}

/* What fwctl explain has words for. */
static void flags_packets(u64 seed)
{
	static const char *const word[] = { "fin", "syn", "rst", "psh", "ack", "urg" };
	u64 state = seed * 99 + 7;
	u32 i, k, r;

	for (i = 0; i < TRACE; i++) {
		r = filter_rnd(&state);
		printf("in d0 tcp %u.1.2.3:4 to 192.0.2.1:%u", r >> 30 ? 10 : 11,
		       1 + (r >> 16 & 0xff));
		for (k = 0; k < 6; k++)
			if (r >> k & 1)
				printf(" %s", word[k]);
		printf("\n");
	}
}

static int flags(u32 n, const char *what, bool six, bool apart, const char *hook, u64 seed)
{
	if (six || apart || (strcmp(what, "policy") && strcmp(what, "packets"))) {
		fprintf(stderr, "flags: for IPv4, as policy or packets, and all overlap\n");
		return 1;
	}
	if (!strcmp(what, "policy"))
		flags_policy(n, hook ? hook : "ingress", seed);
	else
		flags_packets(seed);
	return 0;
}

static bool overlap(const struct fwt_filter *a, const struct fwt_filter *b)
{
	return prefixes_meet(a->saddr, a->slen, b->saddr, b->slen) &&
	       prefixes_meet(a->daddr, a->dlen, b->daddr, b->dlen) &&
	       (a->any_protocol || b->any_protocol || a->protocol == b->protocol) &&
	       a->sport_lo <= b->sport_hi && b->sport_lo <= a->sport_hi &&
	       a->dport_lo <= b->dport_hi && b->dport_lo <= a->dport_hi;
}

static u32 disjoint(struct fwt_filter *f, u32 n, u32 most)
{
	u32 kept = 0, i, k;

	for (i = 0; i < n && kept < most; i++) {
		for (k = 0; k < kept && !overlap(&f[i], &f[k]); k++)
			;
		if (k == kept)
			f[kept++] = f[i];
	}
	return kept;
}

static int usage(void)
{
	fprintf(stderr, "usage: filters acl|fw|ipc|KIND|FILE COUNT [-6] [-d] [-s SEED] [-h HOOK]\n"
		"               [-o classbench|policy|drops|nft|vmap|iptables|set|trace|packets]\n");
	return 2;
}

/* @n of them, and as many more as it takes where they are to be disjoint. */
static struct fwt_filter *get(const char *from, u32 *n, bool six, bool apart, u64 seed)
{
	struct fwt_vec v;
	char error[160];
	u32 family, room;
	FILE *in;
	int ret;

	for (family = 0; family < __FILTER_FAMILY_MAX; family++) {
		struct fwt_filter *f;

		if (strcmp(from, filter_family_name[family]))
			continue;
		room = *n * (apart ? 4 : 1);
		f = calloc(room, sizeof(*f));
		if (!f)
			return NULL;
		filters_make(f, room, (enum filter_family)family, six, seed);
		*n = apart ? disjoint(f, room, *n) : *n;
		return f;
	}
	for (family = 0; family < __FILTER_HURT_MAX; family++) {
		struct fwt_filter *f;

		if (strcmp(from, filter_hurt_name[family]))
			continue;
		if (six && !filter_hurt_has6((enum filter_hurt)family)) {
			fprintf(stderr, "%s: there is none for IPv6\n", from);
			return NULL;
		}
		f = calloc(*n, sizeof(*f));
		if (!f)
			return NULL;
		filters_hurt(f, *n, (enum filter_hurt)family, six, seed);
		*n = apart ? disjoint(f, *n, *n) : *n;
		return f;
	}
	if (six) {
		fprintf(stderr, "%s: -6 is for what is made here, a file's are what they are\n",
			from);
		return NULL;
	}
	in = fopen(from, "r");
	if (!in) {
		perror(from);
		return NULL;
	}
	ret = fwt_filters_read(in, &v, error, sizeof(error));
	fclose(in);
	if (ret) {
		fprintf(stderr, "%s:%d: %s\n", from, ret, error);
		return NULL;
	}
	*n = apart ? disjoint(v.data, v.count, *n) : min(*n, v.count);
	return v.data;
}

int main(int argc, char **argv)
{
	const char *hook = NULL, *what = "classbench";
	struct fwt_filter *f;
	bool six = false, apart = false;
	u64 seed = 1;
	u32 n, i;
	int a;

	if (argc < 3)
		return usage();
	n = (u32)strtoul(argv[2], NULL, 10);
	if (!n || n > 10000000)
		return usage();
	for (a = 3; a < argc; a++) {
		if (!strcmp(argv[a], "-6"))
			six = true;
		else if (!strcmp(argv[a], "-d"))
			apart = true;
		else if (!strcmp(argv[a], "-s") && a + 1 < argc)
			seed = strtoull(argv[++a], NULL, 10);
		else if (!strcmp(argv[a], "-o") && a + 1 < argc)
			what = argv[++a];
		else if (!strcmp(argv[a], "-h") && a + 1 < argc)
			hook = argv[++a];
		else
			return usage();
	}
	if (!strcmp(argv[1], "flags"))
		return flags(n, what, six, apart, hook, seed);
	f = get(argv[1], &n, six, apart, seed);
	if (!f)
		return 1;
	if (!strcmp(what, "policy"))
		fwt_filters_print(stdout, f, n, hook ? hook : "ingress");
	else if (!strcmp(what, "drops"))
		drops(f, n, hook ? hook : "ingress");
	else if (!strcmp(what, "nft") || !strcmp(what, "set"))
		nft(f, n, hook ? hook : "d0", *what == 's');
	else if (!strcmp(what, "vmap"))
		nft_vmap(f, n, hook ? hook : "d0");
	else if (!strcmp(what, "iptables"))
		iptables(f, n);
	else if (!strcmp(what, "trace"))
		trace(f, n, seed);
	else if (!strcmp(what, "packets"))
		packets(f, n, seed);
	else
		for (i = 0; i < n; i++)
			fwt_filter_print(stdout, &f[i]);
	free(f);
	return 0;
}
