// SPDX-License-Identifier: GPL-2.0
/*
 * "never" and "always": what a policy does with all packets that fit a pattern.
 *
 * What is proved of a verdict settles it, or gives a packet to try on the test's machine.
 * Where it can't be proved it is sampled: packets are made of the values at which
 * the policy's rules begin and end, and of those next to them, within the pattern,
 * and each is decided on a machine of its own, with the addresses and routes of the
 * test and what it has put into sets and pools. A packet that breaks the property is
 * made plainer as long as it breaks it.
 */
#include <stdlib.h>

#include "ast.h"
#include "box.h"
#include "diag.h"
#include "names.h"
#include "parse.h"
#include "prove.h"
#include "sim_pattern.h"
#include "sim_test.h"

/* Packets that are tried: some hundred for each rule of a home's policy. */
#define TRIES		5000

#define EDGES_MAX	4096

struct edges {
	u32 *value;	/* @words each */
	u32 n;
	u32 words;
};

enum {
	EDGE_ADDR4, EDGE_ADDR6, EDGE_PORT, EDGE_PROTO, EDGE_DEV, EDGE_FLAGS,
	EDGE_TYPE, EDGE_CODE, EDGE_TTL, EDGE_DSCP, EDGE_MARK, EDGE_LEN,
	__EDGES,
};

/* What a packet has besides, by the word for it; not said it is as usual. */
static const struct {
	u8 edge;
	bool icmp;
	const char *word;
	u32 most;
} more[] = {
	{ EDGE_TYPE, true, "type", 255 }, { EDGE_CODE, true, "code", 255 },
	{ EDGE_TTL, false, "ttl", 255 }, { EDGE_DSCP, false, "dscp", 63 },
	{ EDGE_MARK, false, "mark", ~0u }, { EDGE_LEN, false, "len", 65535 },
};

struct sampler {
	const struct sim_pattern *pattern;
	struct fwt_sim *sim;
	struct edges edge[__EDGES];
	bool compares;		/* a rule holds one field against another */
	u64 state;
};

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
	case FWT_FIELD_ICMP_CODE:
	case FWT_FIELD_ICMPV6_CODE:
		return EDGE_CODE;
	case FWT_FIELD_TCP_FLAGS:
		return EDGE_FLAGS;
	case FWT_FIELD_TTL:
		return EDGE_TTL;
	case FWT_FIELD_DSCP:
		return EDGE_DSCP;
	case FWT_FIELD_MARK:
		return EDGE_MARK;
	case FWT_FIELD_LENGTH:
		return EDGE_LEN;
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

		s->compares |= t->op == FWT_TEST_EQUAL || t->op == FWT_TEST_LESS;
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

static void choose_addr(struct sampler *s, const struct sim_side *side, u8 family, u32 *to)
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
static const u8 with_ports[] = { 6, 17, 6, 17, 132, 33, 136 };

/* What is free of a packet. @said: of @more; @flags: of TCP, 0: a SYN. */
struct sample {
	char dev[16];
	u8 family;
	u8 proto;
	u32 saddr[4], daddr[4];
	u32 sport, dport;
	bool said[ARRAY_SIZE(more)];
	u32 more[ARRAY_SIZE(more)];
	u32 flags;
};

static bool is_icmp(const struct sample *k)
{
	return k->proto == (k->family == 6 ? 58 : 1);
}

/* What only some rules ask for, where there are such. */
static void draw_more(struct sampler *s, struct sample *k)
{
	const struct edges *e = &s->edge[EDGE_FLAGS];
	u32 i, n;

	for (i = 0; i < ARRAY_SIZE(more); i++) {
		const struct edges *of = &s->edge[more[i].edge];

		if (!of->n || (more[i].icmp && !is_icmp(k)) ||
		    sim_pattern_says(s->pattern, more[i].word) || draw(s, more[i].icmp ? 2 : 3))
			continue;
		n = of->value[draw(s, of->n)];
		k->said[i] = n <= more[i].most;
		k->more[i] = n;
	}
	if (k->proto == 6 && e->n && !s->pattern->flags && !draw(s, 2))
		k->flags = (e->value[draw(s, e->n)] | (draw(s, 2) ? FWT_TCP_SYN : 0) |
			    (draw(s, 4) ? 0 : draw(s, 64))) & 63;
}

static void draw_sample(struct sampler *s, struct sample *k)
{
	const struct sim_pattern *p = s->pattern;

	memset(k, 0, sizeof(*k));
	choose_dev(s, k->dev);
	k->family = p->src.family ? p->src.family : p->dst.family ? p->dst.family :
		    p->proto == 58 ? 6 : p->proto == 1 ? 4 : draw(s, 2) ? 4 : 6;
	k->proto = p->proto;
	if (p->any_proto && (p->src.port || p->dst.port)) {
		k->proto = with_ports[draw(s, ARRAY_SIZE(with_ports))];
	} else if (p->any_proto) {
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
	if (s->compares && !draw(s, 4)) {
		if (inside(k->saddr, p->dst.lo, p->dst.hi, k->family == 6 ? 4 : 1))
			memcpy(k->daddr, k->saddr, sizeof(k->daddr));
		if (k->sport >= p->dst.port_lo && k->sport <= p->dst.port_hi)
			k->dport = k->sport;
	}
	draw_more(s, k);
}

static void end_words(char *buf, size_t size, const struct sample *k, const u32 *addr, u32 port)
{
	u8 bytes[16];
	u32 i;

	for (i = 0; i < 4; i++)
		put_unaligned_be32(addr[i], bytes + 4 * i);
	sim_end_words(k->family, bytes, sim_has_ports(k->proto), (u16)port, buf, size);
}

static void words_of(const struct sampler *s, const struct sample *k, char *text, size_t size)
{
	static const char *const flag[] = { "fin", "syn", "rst", "psh", "ack", "urg" };
	const char *name = fwt_class_name(FWT_CLASS_PROTOCOL, k->proto);
	char src[SIM_END_WORDS], dst[SIM_END_WORDS], proto[8], with[160] = "";
	size_t n = 0;
	u32 i;

	end_words(src, sizeof(src), k, k->saddr, k->sport);
	end_words(dst, sizeof(dst), k, k->daddr, k->dport);
	snprintf(proto, sizeof(proto), "%u", k->proto);
	for (i = 0; i < ARRAY_SIZE(flag) && k->proto == 6; i++)
		if (k->flags >> i & 1)
			n += (size_t)snprintf(with + n, sizeof(with) - n, " %s", flag[i]);
	for (i = 0; i < ARRAY_SIZE(more); i++)
		if (k->said[i] && (!more[i].icmp || is_icmp(k)))
			n += (size_t)snprintf(with + n, sizeof(with) - n, " %s %u",
					      more[i].word, k->more[i]);
	snprintf(text, size, "%s %s %s %s to %s%s%s", s->pattern->out ? "out" : "in", k->dev,
		 name ? name : proto, src, dst, with, s->pattern->words);
}

/* Does it open a connection, or is it never of one. */
static bool is_first(const struct fwt_sim_result *r)
{
	return !r->state || !strcmp(r->state, "new") || !strcmp(r->state, "untracked");
}

/* 1: it breaks the property; 0: it does not; -1: it is none that the property is of. */
static int breaks(struct sampler *s, const struct sim_property *p, const struct sample *k)
{
	const struct fwt_sim_result *r;
	char text[800], why[300];
	bool holds;

	words_of(s, k, text, sizeof(text));
	r = fwt_sim_packet_text(s->sim, text);
	if (!r)
		return -1;
	if (!is_first(r)) {
		sim_forget(s->sim);
		return -1;
	}
	holds = sim_expects_hold(p->expect, s->sim, r, why, sizeof(why));
	sim_forget(s->sim);
	return holds == p->never;
}

/* Makes it plainer, a field at a time. */
static void make_plain(struct sampler *s, const struct sim_property *p, struct sample *k)
{
	const struct sim_side *src = &s->pattern->src, *dst = &s->pattern->dst;
	static const u32 plain4[4] = { 0xc6336407 }, plain6[4] = { 0x20010db8, 0, 0, 7 };
	const u32 *plain = k->family == 6 ? plain6 : plain4;
	u32 words = k->family == 6 ? 4 : 1, i;
	struct sample try;

	for (i = 0; i <= ARRAY_SIZE(more); i++) {
		try = *k;
		if (i < ARRAY_SIZE(more))
			try.said[i] = false;
		else
			try.flags = 0;
		if (memcmp(&try, k, sizeof(try)) && breaks(s, p, &try) == 1)
			*k = try;
	}
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
	const struct sim_statement *at, *from = p->first;
	bool here = false;

	s->sim = fwt_sim_new();
	if (s->sim)
		sim_plain(s->sim, plain);
	if (!s->sim || fwt_sim_policy(s->sim, p->policy)) {
		snprintf(note, size, "%s", s->sim ? fwt_sim_error(s->sim) : "out of memory");
		return -1;
	}
	for (at = p->first; at && at != p->here; at = at->next)
		if (at->kind == TEST_POLICY && at->path == p->policy)
			from = at;
	for (at = p->first; at && at != p->here; at = at->next) {
		here |= at == from;
		if (at->kind == TEST_WORLD) {
			fwt_sim_world(s->sim, at->rest);
			if (!strncmp(at->rest, "seed", 4))
				s->state = strtoull(at->rest + 4, NULL, 0) * 2 + 1;
		} else if (here && at->kind == TEST_SET) {
			fwt_sim_set(s->sim, at->rest);
		} else if (here && at->kind == TEST_POOL) {
			fwt_sim_pool(s->sim, at->rest);
		} else if (here && at->kind == TEST_WAIT) {
			fwt_sim_wait(s->sim, at->ms);
		}
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

/* Of @e, a verdict, in the words of the prover: what breaks this has what is expected, or
 * lacks it, as must be of a packet that breaks the property.
 */
static void verdict_words(const struct sim_property *p, const struct sim_expect *e, char *buf,
			  size_t size)
{
	static const char *const verdict[] = { "accept", "drop", "reject" };

	snprintf(buf, size, "%s %s expect %s", p->never != e->not ? "never" : "always",
		 p->pattern, verdict[e->n]);
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
		yes = r && is_first(r) &&
		      sim_expects_hold(p->expect, s.sim, r, why, sizeof(why)) == p->never;
	}
	fwt_sim_free(s.sim);
	return yes;
}

/* As prove(), by one part of what is expected: @e, a verdict. */
static int prove_part(const struct sim_property *p, const struct sim_expect *e,
		      const struct fwt_policy_ast *ast, char *counter, char *doubt, size_t size)
{
	struct fwt_prover *prover = fwt_prover_open(ast, NULL);
	bool whole = !p->expect->next;
	struct fwt_proof proof;
	char words[500];
	int ret = -1, n;

	verdict_words(p, e, words, sizeof(words));
	n = prover ? fwt_prover_add(prover, words, proof.packet, sizeof(proof.packet)) : -1;
	if (n < 0 || fwt_prover_run(prover, n, &proof)) {
		fwt_prover_close(prover);
		return -1;
	}
	if (proof.is == FWT_PROOF_HOLDS && (p->never || whole)) {
		/* What never has a part of it never has all of it. */
		ret = 1;
	} else if (proof.is == FWT_PROOF_FAILS && breaks_here(p, proof.packet)) {
		snprintf(counter, size, "%s", proof.packet);
		ret = 0;
	} else if (proof.is == FWT_PROOF_FAILS && whole) {
		snprintf(doubt, size, "not proved: broken by %.90s%s%.60s, but not here; ",
			 proof.packet, *proof.given ? ", where " : "", proof.given);
	}
	fwt_prover_close(prover);
	return ret;
}

/* Is there a proof: 1 or 0, with @counter. -1: it can't be told, so it is sampled;
 * @doubt: why, where the prover knows a packet.
 */
static int prove(const struct sim_property *p, char *counter, char *doubt, size_t size,
		 char **way)
{
	const struct sim_expect *e = p->expect;
	struct fwt_policy_ast *ast;
	struct fwt_diag diag;
	int ret = -1;

	while (e && e->kind != EXPECT_VERDICT)
		e = e->next;
	if (!e)
		return -1;
	fwt_diag_init(&diag);
	ast = fwt_parse_file(p->policy, &diag, NULL);
	for (; e && ret < 0 && ast && !fwt_diag_failed(&diag); e = e->next)
		if (e->kind == EXPECT_VERDICT)
			ret = prove_part(p, e, ast, counter, doubt, size);
	if (!ret)
		*way = way_of(p, counter);
	fwt_ast_free(ast);
	fwt_diag_clean(&diag);
	return ret;
}

static int sample(struct sampler *s, const struct sim_property *p, const char *doubt,
		  char *counter, char *note, size_t size, char **way)
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
	snprintf(note, size, "%sheld by %u packets at the edges of the rules, none broke it", doubt,
		 tried);
	return 1;
}

int sim_property_holds(const struct sim_property *p, char *counter, char *note,
		       size_t size, char **way)
{
	struct sampler s = { .state = 1 };
	struct sim_pattern pattern;
	char doubt[320] = "";
	int ret, i;

	if (sim_pattern_read(p->pattern, &pattern, note, size))
		return -1;
	for (i = 0; i < __EDGES; i++)
		s.edge[i].words = i == EDGE_ADDR6 || i == EDGE_DEV ? 4 : 1;
	s.pattern = &pattern;
	ret = make_machine(p, &s, false, note, size);
	if (!ret && !sim_expects_known(p->expect, s.sim, note, size))
		ret = -1;
	if (ret)
		goto out;
	ret = prove(p, counter, doubt, min(size, sizeof(doubt)), way);
	if (ret >= 0) {
		snprintf(note, size, "%s", ret ? "proved" : "disproved");
	} else {
		harvest(&s);
		ret = sample(&s, p, doubt, counter, note, size, way);
	}
out:
	for (i = 0; i < __EDGES; i++)
		free(s.edge[i].value);
	fwt_sim_free(s.sim);
	return ret;
}
