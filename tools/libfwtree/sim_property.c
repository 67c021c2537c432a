// SPDX-License-Identifier: GPL-2.0
/*
 * "never" and "always": what a policy does with all packets that fit a pattern.
 *
 * What is proved of a verdict settles it, or gives a packet to try on the test's machine.
 * Where it can't be proved it is sampled: packets are made of the values at which
 * the policy's rules begin and end, and of those next to them, within the pattern,
 * and decided on a machine with the addresses and routes of the test and what it has put
 * into sets and pools. One that breaks the property must do so on a machine of its own,
 * where none before it has added to sets or used up limits; it is made plainer as long
 * as it does.
 */
#include <stdlib.h>

#include "ast.h"
#include "diag.h"
#include "names.h"
#include "parse.h"
#include "prove.h"
#include "sim_kernel.h"
#include "sim_pattern.h"
#include "sim_test.h"

/* Packets that are tried: some hundred for each rule of a home's policy. */
#define TRIES		5000

/* Packets that break it only where others have been before them; a machine for each. */
#define SPOILT_MAX	400

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
	struct sim_edges edge[__EDGES];
	bool compares;		/* a rule holds one field against another */
	u64 state;
};

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

static void choose(struct sampler *s, struct sim_edges *e, const u32 *lo, const u32 *hi, u32 *to)
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
	const struct sim_edges *e = &s->edge[EDGE_DEV];
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
	const struct sim_edges *e = &s->edge[EDGE_FLAGS];
	u32 i, n;

	for (i = 0; i < ARRAY_SIZE(more); i++) {
		const struct sim_edges *of = &s->edge[more[i].edge];

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
		const struct sim_edges *e = &s->edge[EDGE_PROTO];

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

/* Does it open a connection, or is it never of one. A fragment that waits is neither; it
 * counts where that is what is expected.
 */
static bool is_first(const struct sim_property *p, const struct fwt_sim_result *r)
{
	const struct sim_expect *e = p->expect;

	while (r->end == FWT_SIM_HELD && e && e->kind != EXPECT_HELD)
		e = e->next;
	if (!e)
		return false;
	return !r->state || !strcmp(r->state, "new") || !strcmp(r->state, "untracked");
}

/* What is drawn may be nothing that goes anywhere, or too low to go on: that is no word of
 * the policy, unless it is what is asked for.
 */
static bool died_underway(const struct sim_property *p, const struct sampler *s,
			  const struct fwt_sim_result *r)
{
	const struct sim_expect *e;

	for (e = p->expect; e; e = e->next)
		if (e->kind == EXPECT_REASON)
			return false;
	if (!r->reason)
		return false;
	return !strcmp(r->reason, "malformed") || !strcmp(r->reason, "no-route") ||
	       (!strcmp(r->reason, "ttl-exceeded") && !sim_pattern_says(s->pattern, "ttl"));
}

/* 1: it breaks the property; 0: it does not; -1: it is none that the property is of. */
static int breaks(struct sampler *s, const struct sim_property *p, const struct sample *k)
{
	const struct fwt_sim_result *r;
	char text[800], why[300];
	bool holds, died;

	words_of(s, k, text, sizeof(text));
	r = fwt_sim_packet_text(s->sim, text);
	if (!r)
		return -1;
	died = died_underway(p, s, r);
	if (died || !is_first(p, r)) {
		sim_forget(s->sim);
		return -1;
	}
	holds = sim_expects_hold(p->expect, s->sim, r, why, sizeof(why));
	sim_forget(s->sim);
	return holds == p->never;
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

/* Does it break it on a machine that no other packet has met. Chance goes on. */
static bool breaks_alone(struct sampler *s, const struct sim_property *p,
			 const struct sample *k)
{
	struct sampler fresh = { };
	char note[300];
	u64 chance;

	sim_net_of(s->sim);
	chance = sim_chance_get();
	if (make_machine(p, &fresh, false, note, sizeof(note))) {
		fwt_sim_free(fresh.sim);
		return false;
	}
	fwt_sim_free(s->sim);
	s->sim = fresh.sim;
	sim_net_of(s->sim);
	sim_chance_set(chance);
	return breaks(s, p, k) == 1;
}

static void plainer(struct sampler *s, const struct sim_property *p, const struct sample *try,
		    struct sample *k)
{
	if (memcmp(try, k, sizeof(*k)) && breaks_alone(s, p, try))
		*k = *try;
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
		plainer(s, p, &try, k);
	}
	try = *k;
	try.sport = 40000 < src->port_lo || 40000 > src->port_hi ? src->port_lo : 40000;
	plainer(s, p, &try, k);
	try = *k;
	try.dport = 80 < dst->port_lo || 80 > dst->port_hi ? dst->port_lo : 80;
	plainer(s, p, &try, k);
	try = *k;
	memcpy(try.saddr, inside(plain, src->lo, src->hi, words) ? plain : src->lo, 16);
	plainer(s, p, &try, k);
	try = *k;
	memcpy(try.daddr, inside(plain, dst->lo, dst->hi, words) ? plain : dst->lo, 16);
	plainer(s, p, &try, k);
	if (s->pattern->any_proto) {
		try = *k;
		try.proto = 6;
		plainer(s, p, &try, k);
	}
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
		yes = r && is_first(p, r) &&
		      sim_expects_hold(p->expect, s.sim, r, why, sizeof(why)) == p->never;
	}
	fwt_sim_free(s.sim);
	return yes;
}

/* The prover takes it that a translation finds an address, and a balance a server. Whether
 * what becomes of a packet where there is none may break the property, by @e.
 */
static bool may_break(const struct sim_property *p, const struct sim_expect *e,
		      const struct fwt_program *prog)
{
	bool never = p->never != e->not;
	u32 i;

	for (i = 0; i < prog->n[FWT_SEC_MODS]; i++) {
		const struct fwt_prog_mod *m = &prog->mod[i];
		u32 verdict = FWT_SIM_DROP;

		if (m->type == FWT_MOD_BALANCE && m->flags & FWT_MOD_OR_REJECT)
			verdict = FWT_SIM_REJECT;
		else if (m->type != FWT_MOD_BALANCE && m->type != FWT_MOD_MASQUERADE &&
			 m->type != FWT_MOD_REDIRECT && !(m->flags & FWT_MOD_IFADDR))
			continue;
		if ((verdict == e->n) == never)
			return true;
	}
	return false;
}

/* As prove(), by one part of what is expected: @e, a verdict. */
static int prove_part(const struct sim_property *p, const struct sim_expect *e,
		      const struct fwt_policy_ast *ast, const struct fwt_program *prog,
		      char *counter, char *doubt, size_t size)
{
	struct fwt_prover *prover = fwt_prover_open(ast, NULL);
	bool whole = !p->expect->next, pieces;
	struct fwt_proof proof;
	char words[500];
	int ret = -1, n;

	verdict_words(p, e, words, sizeof(words));
	n = prover ? fwt_prover_add(prover, words, proof.packet, sizeof(proof.packet)) : -1;
	if (n < 0 || fwt_prover_run(prover, n, &proof)) {
		fwt_prover_close(prover);
		return -1;
	}
	/* In one piece it does not break it: that is proved. */
	pieces = !strncmp(proof.given, FWT_PROOF_PIECES, strlen(FWT_PROOF_PIECES));
	if (proof.is == FWT_PROOF_HOLDS && (p->never || whole)) {
		/* What never has a part of it never has all of it. */
		ret = !may_break(p, e, prog) ? 1 : -1;
	} else if (proof.is == FWT_PROOF_FAILS && !pieces && breaks_here(p, proof.packet)) {
		snprintf(counter, size, "%s", proof.packet);
		ret = 0;
	} else if (proof.is == FWT_PROOF_FAILS && whole) {
		/* Whole, or without what is given. */
		if (snprintf(doubt, size, "not proved: broken by %s%s%s, %s; ", proof.packet,
			     *proof.given ? ", where " : "", proof.given,
			     pieces ? "which was not tried" : "but not here") >= (int)size)
			snprintf(doubt, size, "not proved: broken by %s, %s; ", proof.packet,
				 pieces ? "in fragments, which was not tried" : "but not here");
	}
	fwt_prover_close(prover);
	return ret;
}

/* Is there a proof: 1 or 0, with @counter. -1: it can't be told, so it is sampled;
 * @doubt: why, where the prover knows a packet.
 */
static int prove(const struct sim_property *p, const struct fwt_program *prog, char *counter,
		 char *doubt, size_t size, char **way)
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
			ret = prove_part(p, e, ast, prog, counter, doubt, size);
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
	u32 i, tried = 0, spoilt = 0;
	int ret;

	for (i = 0; i < TRIES && spoilt < SPOILT_MAX; i++) {
		draw_sample(s, &k);
		ret = breaks(s, p, &k);
		tried += ret >= 0;
		if (ret != 1)
			continue;
		if (!breaks_alone(s, p, &k)) {
			spoilt++;
			continue;
		}
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
	char doubt[800] = "";
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
	/* Behind the doubt there is room for the count. */
	ret = prove(p, sim_program(s.sim), counter, doubt, min(size - 72, sizeof(doubt)), way);
	if (ret >= 0) {
		snprintf(note, size, "%s", ret ? "proved" : "disproved");
	} else {
		s.compares = sim_edges_harvest(s.edge, s.sim);
		ret = sample(&s, p, doubt, counter, note, size, way);
	}
out:
	for (i = 0; i < __EDGES; i++)
		free(s.edge[i].value);
	fwt_sim_free(s.sim);
	return ret;
}
