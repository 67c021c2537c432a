// SPDX-License-Identifier: GPL-2.0
/*
 * "never" and "always": what a policy does with all packets that fit a pattern.
 *
 * Where it can't be proved it is sampled: packets are made of the values at which
 * the policy's rules begin and end, and of those next to them, within the pattern,
 * and each is decided on a machine of its own, with the addresses and routes of the
 * test. A packet that breaks the property is made plainer as long as it breaks it.
 */
#include <arpa/inet.h>
#include <stdlib.h>

#include "ast.h"
#include "box.h"
#include "diag.h"
#include "names.h"
#include "packet_text.h"
#include "parse.h"
#include "prove.h"
#include "sim_test.h"

/* Packets that are tried: some hundred for each rule of a home's policy. */
#define TRIES		5000

#define EDGES_MAX	4096

struct edges {
	u32 *value;	/* @words each */
	u32 n;
	u32 words;
};

struct side {
	bool any;
	u8 family;		/* 0: either */
	u32 lo[4], hi[4];
	u32 port_lo, port_hi;
};

struct pattern {
	bool out;
	char dev[16];		/* "*": any */
	bool any_proto;
	u8 proto;
	struct side src, dst;
	char words[400];
	bool flags;
};

enum { EDGE_ADDR4, EDGE_ADDR6, EDGE_PORT, EDGE_PROTO, EDGE_TYPE, EDGE_DEV, __EDGES };

struct sampler {
	const struct pattern *pattern;
	struct fwt_sim *sim;
	struct edges edge[__EDGES];
	u64 state;
};

/* Reading a pattern */

static bool take(const char **at, char *word, size_t size)
{
	size_t len;

	*at += strspn(*at, " \t");
	len = strcspn(*at, " \t");
	if (!len || len >= size)
		return false;
	memcpy(word, *at, len);
	word[len] = '\0';
	*at += len;
	return true;
}

static bool read_port(const char *text, u32 *lo, u32 *hi)
{
	unsigned long n;
	char *end;

	if (!strcmp(text, "*"))
		return true;
	n = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || n > 65535)
		return false;
	*lo = (u32)n;
	*hi = (u32)n;
	if (*end != '-')
		return !*end;
	text = end + 1;
	n = strtoul(text, &end, 10);
	*hi = (u32)n;
	return *text >= '0' && *text <= '9' && !*end && n <= 65535 && *lo <= *hi;
}

static bool read_side(char *text, struct side *s)
{
	char *colon = strrchr(text, ':'), *slash, *end;
	u32 plen, bits, i;
	u8 bytes[16] = { 0 };

	memset(s, 0, sizeof(*s));
	s->port_hi = 65535;
	if (*text == '[') {
		char *close = strchr(text, ']');

		if (!close)
			return false;
		*close = '\0';
		text++;
		if (close[1] && close[1] != ':')
			return false;
		colon = close[1] ? close + 1 : NULL;
	} else if (colon && strchr(text, ':') != colon) {
		colon = NULL;
	}
	if (colon) {
		*colon = '\0';
		if (!read_port(colon + 1, &s->port_lo, &s->port_hi))
			return false;
	}
	if (!strcmp(text, "*")) {
		s->any = true;
		memset(s->hi, 0xff, sizeof(s->hi));
		return true;
	}
	slash = strchr(text, '/');
	if (slash)
		*slash = '\0';
	s->family = strchr(text, ':') ? 6 : 4;
	bits = s->family == 6 ? 128 : 32;
	plen = slash ? (u32)strtoul(slash + 1, &end, 10) : bits;
	if (slash && (slash[1] < '0' || slash[1] > '9' || *end || plen > bits))
		return false;
	if (inet_pton(s->family == 6 ? AF_INET6 : AF_INET, text, bytes) != 1)
		return false;
	for (i = 0; i < bits / 32; i++) {
		u32 left = plen > 32 * i ? plen - 32 * i : 0;
		u32 mask = left >= 32 ? ~0u : left ? ~0u << (32 - left) : 0;

		s->lo[i] = get_unaligned_be32(bytes + 4 * i) & mask;
		s->hi[i] = s->lo[i] | ~mask;
	}
	return true;
}

static int wrong(const char *pattern, const char *at, char *error, size_t size, const char *what)
{
	snprintf(error, size, "%s", what);
	return (int)(at - pattern) + 1;
}

static int read_pattern(const char *pattern, struct pattern *p, char *error, size_t size)
{
	const char *at = pattern, *before, *proto;
	struct fwt_packet_text t;
	char word[80], text[600];
	uint64_t value;
	int column;

	memset(p, 0, sizeof(*p));
	if (!take(&at, word, sizeof(word)) || (strcmp(word, "in") && strcmp(word, "out")))
		return wrong(pattern, pattern, error, size, "a packet begins with 'in' or 'out'");
	p->out = !strcmp(word, "out");
	before = at + strspn(at, " \t");
	if (!take(&at, p->dev, sizeof(p->dev)))
		return wrong(pattern, before, error, size,
			     "the name of an interface is meant here, or *");
	before = at + strspn(at, " \t");
	if (!take(&at, word, sizeof(word)))
		return wrong(pattern, before, error, size, "a protocol is missing, or *");
	p->any_proto = !strcmp(word, "*");
	if (!p->any_proto && !fwt_class_value(FWT_CLASS_PROTOCOL, word, &value)) {
		char *end;

		value = strtoul(word, &end, 10);
		if (*word < '0' || *word > '9' || *end || value > 255)
			return wrong(pattern, before, error, size, "this is no protocol");
	}
	p->proto = p->any_proto ? 0 : (u8)value;
	proto = before;
	before = at + strspn(at, " \t");
	if (!take(&at, word, sizeof(word)) || !read_side(word, &p->src))
		return wrong(pattern, before, error, size,
			     "a source is meant here: *, ADDRESS[/LENGTH][:PORT]");
	before = at + strspn(at, " \t");
	if (!take(&at, word, sizeof(word)) || (strcmp(word, "to") && strcmp(word, ">")))
		return wrong(pattern, before, error, size,
			     "'to' is missing between source and destination");
	before = at + strspn(at, " \t");
	if (!take(&at, word, sizeof(word)) || !read_side(word, &p->dst))
		return wrong(pattern, before, error, size,
			     "a destination is meant here: *, ADDRESS[/LENGTH][:PORT]");
	if (p->src.family && p->dst.family && p->src.family != p->dst.family)
		return wrong(pattern, before, error, size,
			     "source and destination are of two families");
	if (!p->any_proto && (p->proto == 1 || p->proto == 58) &&
	    (p->src.family | p->dst.family) == (p->proto == 1 ? 6 : 4))
		return wrong(pattern, proto, error, size,
			     p->proto == 1 ? "the addresses are of IPv6: icmpv6 is meant" :
					     "the addresses are of IPv4: icmp is meant");
	snprintf(p->words, sizeof(p->words), "%s", at);
	/* The words are a packet's. */
	snprintf(text, sizeof(text), "%s x %u %s to %s%s", p->out ? "out" : "in",
		 p->any_proto ? 6u : p->proto,
		 p->proto == 58 || p->src.family == 6 || p->dst.family == 6 ? "::1" : "1.1.1.1",
		 p->proto == 58 || p->src.family == 6 || p->dst.family == 6 ? "::2" : "1.1.1.2",
		 p->words);
	column = fwt_packet_read(&t, text, error, size);
	if (column)
		return (int)(at - pattern) + 1 + column -
		       (int)(strlen(text) - strlen(p->words)) - 1;
	return 0;
}

int sim_pattern_check(const char *pattern, char *error, size_t size)
{
	struct pattern p;

	return read_pattern(pattern, &p, error, size);
}

/* Edges */

static void edge(struct edges *e, const u32 *value)
{
	if (!e->value)
		e->value = malloc(EDGES_MAX * e->words * sizeof(u32));
	if (!e->value || e->n == EDGES_MAX)
		return;
	memcpy(e->value + e->n++ * e->words, value, e->words * sizeof(u32));
}

static void next_to(u32 *v, u32 words, bool up)
{
	u32 i = words;

	while (i--) {
		v[i] += up ? 1 : ~0u;
		if (v[i] != (up ? 0 : ~0u))
			break;
	}
}

static void range(struct edges *e, const u32 *lo, const u32 *hi)
{
	u32 v[4];

	edge(e, lo);
	edge(e, hi);
	memcpy(v, lo, e->words * sizeof(u32));
	next_to(v, e->words, false);
	edge(e, v);
	memcpy(v, hi, e->words * sizeof(u32));
	next_to(v, e->words, true);
	edge(e, v);
}

static int edge_of(u8 field, u32 words)
{
	switch (field) {
	case FWT_FIELD_SADDR:
	case FWT_FIELD_DADDR:
	case FWT_FIELD_IP_SADDR:
	case FWT_FIELD_IP_DADDR:
	case FWT_FIELD_IP6_SADDR:
	case FWT_FIELD_IP6_DADDR:
		return words == 4 ? EDGE_ADDR6 : EDGE_ADDR4;
	case FWT_FIELD_SPORT:
	case FWT_FIELD_DPORT:
	case FWT_FIELD_TCP_SPORT:
	case FWT_FIELD_TCP_DPORT:
	case FWT_FIELD_UDP_SPORT:
	case FWT_FIELD_UDP_DPORT:
		return EDGE_PORT;
	case FWT_FIELD_PROTOCOL:
		return EDGE_PROTO;
	case FWT_FIELD_ICMP_TYPE:
	case FWT_FIELD_ICMPV6_TYPE:
		return EDGE_TYPE;
	case FWT_FIELD_IIF:
	case FWT_FIELD_OIF:
		return EDGE_DEV;
	}
	return -1;
}

static void harvest_set(struct sampler *s, const struct fwt_program *prog,
			const struct fwt_prog_test *t, u32 index)
{
	const struct fwt_prog_set *set;
	u32 i, d, at, pair;

	if (index == FWT_NONE)
		return;
	set = &prog->set[index];
	pair = set->kind == FWT_SET_KEYS ? 0 : set->words;
	for (i = 0; i < set->count; i++) {
		const u32 *lo = prog->word + set->data + i * (set->words + pair);

		for (at = 0, d = 0; d < set->n_dims; at += set->dim[d++]) {
			int which = edge_of(t->field[d], set->dim[d]);

			if (which >= 0)
				range(&s->edge[which], lo + at, lo + pair + at);
		}
	}
}

static void harvest(struct sampler *s)
{
	const struct fwt_program *prog = sim_program(s->sim);
	u32 i, v[2], addr[4];
	u8 family;

	for (i = 0; sim_some_address(s->sim, i, &family, addr); i++)
		range(&s->edge[family == 6 ? EDGE_ADDR6 : EDGE_ADDR4], addr, addr);
	for (i = 0; i < prog->n[FWT_SEC_TESTS]; i++) {
		const struct fwt_prog_test *t = &prog->test[i];

		if (t->op != FWT_TEST_IN)
			continue;
		harvest_set(s, prog, t, t->set[0]);
		if (t->set[1] != t->set[0])
			harvest_set(s, prog, t, t->set[1]);
	}
	for (i = 0; i < prog->n[FWT_SEC_BOXES]; i++) {
		const struct fwt_box4 b = fwt_box_unpack(&prog->box[i]);

		range(&s->edge[EDGE_ADDR4], &b.saddr_lo, &b.saddr_hi);
		range(&s->edge[EDGE_ADDR4], &b.daddr_lo, &b.daddr_hi);
		v[0] = b.dport_lo;
		v[1] = b.dport_hi;
		range(&s->edge[EDGE_PORT], &v[0], &v[1]);
		v[0] = b.sport_lo;
		v[1] = b.sport_hi;
		range(&s->edge[EDGE_PORT], &v[0], &v[1]);
	}
	for (i = 0; i < prog->n[FWT_SEC_BOXES6]; i++) {
		const struct fwt_prog_box6 *b = &prog->box6[i];

		range(&s->edge[EDGE_ADDR6], b->addr_lo, b->addr_hi);
		range(&s->edge[EDGE_ADDR6], b->addr_lo + 4, b->addr_hi + 4);
		v[0] = b->dport_lo;
		v[1] = b->dport_hi;
		range(&s->edge[EDGE_PORT], &v[0], &v[1]);
	}
}

/* Packets */

static u32 draw(struct sampler *s, u32 below)
{
	u64 x = s->state;

	/* Marsaglia: xorshift64*. */
	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	s->state = x;
	return (u32)((x * 0x2545f4914f6cdd1dull >> 32) * below >> 32);
}

static bool inside(const u32 *v, const u32 *lo, const u32 *hi, u32 words)
{
	u32 i;

	/* Word by word: of a prefix each is a range of its own. */
	for (i = 0; i < words; i++)
		if (v[i] < lo[i] || v[i] > hi[i])
			return false;
	return true;
}

static void choose(struct sampler *s, struct edges *e, const u32 *lo, const u32 *hi, u32 *to)
{
	u32 tries, i;

	for (tries = 0; e->n && tries < 8; tries++) {
		const u32 *v = e->value + draw(s, e->n) * e->words;

		if (!inside(v, lo, hi, e->words))
			continue;
		memcpy(to, v, e->words * sizeof(u32));
		return;
	}
	for (i = 0; i < e->words; i++) {
		u32 span = hi[i] - lo[i];

		switch (draw(s, 4)) {
		case 0:
			to[i] = lo[i];
			break;
		case 1:
			to[i] = hi[i];
			break;
		default:
			to[i] = span == ~0u ? draw(s, ~0u) : lo[i] + draw(s, span + 1);
		}
	}
}

static void choose_addr(struct sampler *s, const struct side *side, u8 family, u32 *to)
{
	memset(to, 0, 16);
	choose(s, &s->edge[family == 6 ? EDGE_ADDR6 : EDGE_ADDR4], side->lo, side->hi, to);
}

static void choose_dev(struct sampler *s, char *to)
{
	const struct edges *e = &s->edge[EDGE_DEV];
	const char *known = sim_some_device(s->sim, draw(s, 1000));
	u32 i, n;

	if (strcmp(s->pattern->dev, "*")) {
		strcpy(to, s->pattern->dev);
		return;
	}
	strcpy(to, known ? known : "eth0");
	if ((known && draw(s, 4)) || !e->n)
		return;
	/* Names that rules ask for; those next to them are none. */
	n = draw(s, e->n) & ~3u;
	for (i = 0; i < 15; i++)
		to[i] = (char)(e->value[n * 4 + i / 4] >> (24 - 8 * (i % 4)));
	to[15] = '\0';
	if (!*to || (sim_has_world(s->sim) && !sim_knows_device(s->sim, to)))
		strcpy(to, known ? known : "eth0");
}

static const u8 usual[] = { 6, 17, 6, 17, 1, 6, 17, 47, 132, 50 };

/* What is free of a packet. */
struct sample {
	char dev[16];
	u8 family;
	u8 proto;
	u32 saddr[4], daddr[4];
	u32 sport, dport;
	u32 type;
};

static void draw_sample(struct sampler *s, struct sample *k)
{
	const struct pattern *p = s->pattern;

	memset(k, 0, sizeof(*k));
	choose_dev(s, k->dev);
	k->family = p->src.family ? p->src.family : p->dst.family ? p->dst.family :
		    p->proto == 58 ? 6 : p->proto == 1 ? 4 : draw(s, 2) ? 4 : 6;
	k->proto = p->proto;
	if (p->any_proto) {
		const struct edges *e = &s->edge[EDGE_PROTO];

		k->proto = e->n && !draw(s, 4) ? (u8)e->value[draw(s, e->n)] :
						 usual[draw(s, ARRAY_SIZE(usual))];
		if (k->proto == 1 && k->family == 6)
			k->proto = 58;
		else if (k->proto == 58 && k->family == 4)
			k->proto = 1;
	}
	choose_addr(s, &p->src, k->family, k->saddr);
	choose_addr(s, &p->dst, k->family, k->daddr);
	choose(s, &s->edge[EDGE_PORT], &p->src.port_lo, &p->src.port_hi, &k->sport);
	choose(s, &s->edge[EDGE_PORT], &p->dst.port_lo, &p->dst.port_hi, &k->dport);
	k->type = s->edge[EDGE_TYPE].n && draw(s, 2) ?
		  s->edge[EDGE_TYPE].value[draw(s, s->edge[EDGE_TYPE].n)] & 255 :
		  k->family == 6 ? 128 : 8;
}

static void end_words(char *buf, size_t size, const struct sample *k, const u32 *addr, u32 port)
{
	bool ports = k->proto == 6 || k->proto == 17 || k->proto == 132 || k->proto == 33 ||
		     k->proto == 136;
	u8 bytes[16];
	u32 i;

	for (i = 0; i < 4; i++)
		put_unaligned_be32(addr[i], bytes + 4 * i);
	sim_end_words(k->family, bytes, ports, (u16)port, buf, size);
}

static void words_of(const struct sampler *s, const struct sample *k, char *text, size_t size)
{
	bool icmp = k->proto == (k->family == 6 ? 58 : 1);
	const char *name = fwt_class_name(FWT_CLASS_PROTOCOL, k->proto);
	char src[SIM_END_WORDS], dst[SIM_END_WORDS], proto[8], type[24] = "";

	end_words(src, sizeof(src), k, k->saddr, k->sport);
	end_words(dst, sizeof(dst), k, k->daddr, k->dport);
	snprintf(proto, sizeof(proto), "%u", k->proto);
	if (icmp && !strstr(s->pattern->words, " type ") && k->type != (k->family == 6 ? 128u : 8u))
		snprintf(type, sizeof(type), " type %u", k->type);
	snprintf(text, size, "%s %s %s %s to %s%s%s", s->pattern->out ? "out" : "in", k->dev,
		 name ? name : proto, src, dst, type, s->pattern->words);
}

/* 1: it breaks the property; 0: it does not; -1: it is none that the property is of. */
static int breaks(struct sampler *s, const struct sim_property *p, const struct sample *k)
{
	const struct fwt_sim_result *r;
	char text[300], why[300];
	bool holds;

	words_of(s, k, text, sizeof(text));
	r = fwt_sim_packet_text(s->sim, text);
	if (!r)
		return -1;
	if (r->state && strcmp(r->state, "new") && strcmp(r->state, "untracked"))
		return -1;
	holds = sim_expects_hold(p->expect, s->sim, r, why, sizeof(why));
	sim_forget(s->sim);
	return holds == p->never;
}

/* Makes it plainer, a field at a time. */
static void make_plain(struct sampler *s, const struct sim_property *p, struct sample *k)
{
	const struct side *src = &s->pattern->src, *dst = &s->pattern->dst;
	static const u32 plain4[4] = { 0xc6336407 }, plain6[4] = { 0x20010db8, 0, 0, 7 };
	const u32 *plain = k->family == 6 ? plain6 : plain4;
	u32 words = k->family == 6 ? 4 : 1;
	struct sample try;

	try = *k;
	try.sport = 40000 < src->port_lo || 40000 > src->port_hi ? src->port_lo : 40000;
	if (breaks(s, p, &try) == 1)
		*k = try;
	try = *k;
	try.dport = 80 < dst->port_lo || 80 > dst->port_hi ? dst->port_lo : 80;
	if (breaks(s, p, &try) == 1)
		*k = try;
	try = *k;
	memcpy(try.saddr, inside(plain, src->lo, src->hi, words) ? plain : src->lo, 16);
	if (breaks(s, p, &try) == 1)
		*k = try;
	try = *k;
	memcpy(try.daddr, inside(plain, dst->lo, dst->hi, words) ? plain : dst->lo, 16);
	if (breaks(s, p, &try) == 1)
		*k = try;
	if (s->pattern->any_proto) {
		try = *k;
		try.proto = 6;
		if (breaks(s, p, &try) == 1)
			*k = try;
	}
}

static int make_machine(const struct sim_property *p, struct sampler *s, bool plain, char *note,
			size_t size)
{
	const struct sim_statement *at;

	s->sim = fwt_sim_new();
	if (s->sim)
		sim_plain(s->sim, plain);
	if (!s->sim || fwt_sim_policy(s->sim, p->policy)) {
		snprintf(note, size, "%s", s->sim ? fwt_sim_error(s->sim) : "out of memory");
		return -1;
	}
	for (at = p->first; at && at != p->here; at = at->next) {
		if (at->kind != TEST_WORLD)
			continue;
		fwt_sim_world(s->sim, at->rest);
		if (!strncmp(at->rest, "seed", 4))
			s->state = strtoull(at->rest + 4, NULL, 0) * 2 + 1;
	}
	return 0;
}

/* Rule by rule. */
static char *way_of(const struct sim_property *p, const char *packet)
{
	struct sampler s = { };
	char note[300], *way = NULL;

	if (!make_machine(p, &s, true, note, sizeof(note))) {
		fwt_sim_trace(s.sim, true);
		if (fwt_sim_packet_text(s.sim, packet))
			way = fwt_sim_explain(s.sim);
	}
	fwt_sim_free(s.sim);
	return way;
}

/* The property in the words of the prover; false where it asks for more. */
static bool property_words(const struct sim_property *p, char *buf, size_t size)
{
	static const char *const verdict[] = { "accept", "drop", "reject" };

	if (!p->expect || p->expect->next || p->expect->not ||
	    p->expect->kind != EXPECT_VERDICT || p->expect->n >= ARRAY_SIZE(verdict))
		return false;
	snprintf(buf, size, "%s %s expect %s", p->never ? "never" : "always", p->pattern,
		 verdict[p->expect->n]);
	return true;
}

/* Whether a packet breaks the property on the test's machine. The prover's may be so
 * where other addresses and routes are.
 */
static bool breaks_here(const struct sim_property *p, const char *packet)
{
	const struct fwt_sim_result *r;
	struct sampler s = { };
	char why[300];
	bool yes = false;

	if (!make_machine(p, &s, false, why, sizeof(why))) {
		r = fwt_sim_packet_text(s.sim, packet);
		yes = r && (!r->state || !strcmp(r->state, "new") ||
			    !strcmp(r->state, "untracked")) &&
		      sim_expects_hold(p->expect, s.sim, r, why, sizeof(why)) == p->never;
	}
	fwt_sim_free(s.sim);
	return yes;
}

/* Is there a proof: 1 or 0, with @counter. -1: it can't be told, so it is sampled. */
static int prove(const struct sim_property *p, char *counter, size_t size, char **way)
{
	struct fwt_prover *prover = NULL;
	struct fwt_policy_ast *ast;
	struct fwt_proof proof;
	struct fwt_diag diag;
	char words[500];
	int ret = -1, n;

	if (!property_words(p, words, sizeof(words)))
		return -1;
	fwt_diag_init(&diag);
	ast = fwt_parse_file(p->policy, &diag, NULL);
	if (ast && !fwt_diag_failed(&diag))
		prover = fwt_prover_open(ast, NULL);
	n = prover ? fwt_prover_add(prover, words, proof.packet, sizeof(proof.packet)) : -1;
	if (n >= 0 && !fwt_prover_run(prover, n, &proof)) {
		if (proof.is == FWT_PROOF_HOLDS) {
			ret = 1;
		} else if (proof.is == FWT_PROOF_FAILS && breaks_here(p, proof.packet)) {
			snprintf(counter, size, "%s", proof.packet);
			*way = way_of(p, counter);
			ret = 0;
		}
	}
	fwt_prover_close(prover);
	fwt_ast_free(ast);
	fwt_diag_clean(&diag);
	return ret;
}

static int sample(struct sampler *s, const struct sim_property *p, char *counter, char *note,
		  size_t size, char **way)
{
	struct sample k;
	u32 i, tried = 0;
	int ret;

	for (i = 0; i < TRIES; i++) {
		draw_sample(s, &k);
		ret = breaks(s, p, &k);
		tried += ret >= 0;
		if (ret != 1)
			continue;
		make_plain(s, p, &k);
		words_of(s, &k, counter, size);
		*way = way_of(p, counter);
		return 0;
	}
	if (!tried) {
		snprintf(note, size, "no packet that opens a connection fits this pattern");
		return -1;
	}
	snprintf(note, size, "held by %u packets at the edges of the rules, none broke it", tried);
	return 1;
}

int sim_property_holds(const struct sim_property *p, char *counter, char *note,
		       size_t size, char **way)
{
	struct sampler s = { .state = 1 };
	struct pattern pattern;
	int ret = prove(p, counter, size, way), i;

	if (ret >= 0) {
		snprintf(note, size, "proved");
		return ret;
	}
	if (read_pattern(p->pattern, &pattern, note, size))
		return -1;
	for (i = 0; i < __EDGES; i++)
		s.edge[i].words = i == EDGE_ADDR6 || i == EDGE_DEV ? 4 : 1;
	s.pattern = &pattern;
	ret = make_machine(p, &s, false, note, size);
	if (!ret) {
		harvest(&s);
		ret = sample(&s, p, counter, note, size, way);
	}
	for (i = 0; i < __EDGES; i++)
		free(s.edge[i].value);
	fwt_sim_free(s.sim);
	return ret;
}
