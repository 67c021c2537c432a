// SPDX-License-Identifier: GPL-2.0
/*
 * Decision diagrams against the oracle: policies at random, and packets drawn from
 * their values must come to the leaf that the oracle comes to. Properties against
 * trying every packet there is, where fields are small.
 *
 * FWT_POLICIES says how many policies (default 40), FWT_SEED the first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "analyse.h"
#include "gen_policy.h"
#include "given.h"
#include "oracle.h"
#include "packet_text.h"
#include "parse.h"
#include "prove.h"
#include "prove_pick.h"
#include "sema_sample.h"

#define PACKETS 150	/* of each policy and hook */

/* A policy as a function, and the oracle that it is held against. */
struct policy {
	struct fwt_policy_ast *ast;
	struct fwt_diag diag;
	struct fwt_sema s;
	struct fwt_space sp;
	struct fwt_outcomes out;
	struct fwt_prove prove;
	struct fwt_oracle oracle;
	struct fwt_sampler sampler;
};

/* False where the policy was refused: some of the generator's are. */
static bool make(struct policy *w, const char *text, u64 seed)
{
	memset(w, 0, sizeof(*w));
	w->ast = parse_good(text);
	fwt_diag_init(&w->diag);
	if (fwt_understand(&w->s, w->ast, &w->diag, false, NULL)) {
		fwt_understand_end(&w->s);
		fwt_diag_clean(&w->diag);
		fwt_ast_free(w->ast);
		return false;
	}
	fwt_outcomes_init(&w->out);
	assert_int_equal(fwt_space_init(&w->sp, FWT_DD_BUDGET), 0);
	fwt_prove_init(&w->prove, &w->sp, &w->out, &w->s);
	assert_int_equal(fwt_space_fix(&w->sp), 0);
	w->oracle.ast = w->ast;
	w->oracle.resolver = fwt_resolver_alloc();
	assert_int_equal(fwt_sampler_init(&w->sampler, w->ast, seed), 0);
	return true;
}

static void unmake(struct policy *w)
{
	fwt_sampler_clean(&w->sampler);
	fwt_resolver_free(w->oracle.resolver);
	fwt_prove_clean(&w->prove);
	fwt_space_clean(&w->sp);
	fwt_outcomes_clean(&w->out);
	fwt_understand_end(&w->s);
	fwt_diag_clean(&w->diag);
	fwt_ast_free(w->ast);
}

/* The questions about two fields have an answer for a given packet; those of state
 * and interfaces are answered no by a world that is nowhere. False where the leaf
 * hangs on what a translation came to.
 */
static bool answer(struct policy *w, const struct fwt_packet *p,
		   const struct fwt_env *env, u32 f, u8 *bits)
{
	const struct fwt_opaque *o = w->sp.opaque.data;
	u32 i, k, a, b, x[4], y[4];

	for (i = 0; i < w->sp.opaque.count; i++) {
		bool server = !strncmp(o[i].key, "server ", 7);
		const char *equal = strstr(o[i].key, " == "), *less = strstr(o[i].key, " < ");
		const char *op = equal ? equal : less, *other;

		/* It has some, see sema_sample.c. */
		if (server)
			bits[o[i].var] = 1;
		/* Others have a rule's text in them. */
		if (!op || !strncmp(o[i].key, "after", 5) || !strncmp(o[i].key, "split", 5) ||
		    o[i].key[0] <= '9')
			continue;
		for (a = 0; a < __FWT_FIELD_MAX; a++)
			if (strlen(fwt_field_info[a].name) == (size_t)(op - o[i].key) &&
			    !strncmp(fwt_field_info[a].name, o[i].key, (size_t)(op - o[i].key)))
				break;
		other = op + (equal ? 4 : 3);
		for (b = 0; b < __FWT_FIELD_MAX && strcmp(fwt_field_info[b].name, other); b++)
			;
		assert_true(a < __FWT_FIELD_MAX && b < __FWT_FIELD_MAX);
		a = (u32)fwt_field(p, env, a, x);
		b = (u32)fwt_field(p, env, b, y);
		for (k = 0; k + 1 < a && a == b && x[k] == y[k]; k++)
			;
		bits[o[i].var] = a && a == b && (equal ? !memcmp(x, y, a * sizeof(u32)) :
							 x[k] < y[k]);
	}
	while (!fwt_dd_is_leaf(f)) {
		u32 var = w->sp.dd.node[f].var;

		for (i = 0; i < w->sp.opaque.count; i++)
			if (o[i].var == var && (!strncmp(o[i].key, "after", 5) ||
						!strncmp(o[i].key, "split", 5) ||
						o[i].key[0] <= '9'))
				return false;
		f = bits[var] ? w->sp.dd.node[f].hi : w->sp.dd.node[f].lo;
	}
	return true;
}

/* The generator draws some things that no packet has. */
static void make_sound(struct fwt_packet *p)
{
	u32 t = p->icmp_type;

	p->have &= ~(u32)FWT_HAVE_ICMP_ID;
	if ((p->have & FWT_HAVE_ICMP && (t == 0 || t == 8 || (t >= 13 && t <= 18))) ||
	    (p->have & FWT_HAVE_ICMPV6 && (t == 128 || t == 129)))
		p->have |= FWT_HAVE_ICMP_ID;
}

/* A translation to what is not known, a limit: the leaf may be clear, the way to it
 * is not.
 */
static bool unclear(const struct policy *w)
{
	const struct fwt_opaque *o = w->sp.opaque.data;
	u32 i;

	for (i = 0; i < w->sp.opaque.count; i++)
		if (!strncmp(o[i].key, "after", 5) || !strncmp(o[i].key, "split", 5) ||
		    o[i].key[0] <= '9')
			return true;
	return false;
}

static u32 over;	/* diagrams that there was no room for */

static u32 hold(const char *text, u64 seed, u32 *pairs)
{
	struct fwt_env env = { .ops = &fwt_nowhere_ops };
	const struct fwt_ir_tree *t;
	struct fwt_oracle_result r;
	struct fwt_packet p, q;
	struct policy w;
	char words[256];
	u32 i, f, bad = 0;
	bool queued;
	u8 *bits;

	if (!make(&w, text, seed))
		return 0;
	for (t = w.s.trees; t; t = t->next) {
		if (!t->ast_hook)
			continue;
		f = fwt_prove_hook(&w.prove, t);
		/* That there is no room for it is an answer, too. */
		if (w.sp.dd.over) {
			over++;
			break;
		}
		bits = calloc(w.sp.vars + 64, 1);
		for (i = 0; i < PACKETS && !bad; i++) {
			const struct fwt_outcome *o;
			const struct fwt_ir_rule *by;

			fwt_sampler_packet(&w.sampler, t->ast_hook, &p);
			make_sound(&p);
			fwt_space_place(&w.sp, &p, &env, bits);
			if (!answer(&w, &p, &env, f, bits))
				continue;
			o = fwt_outcome(&w.out, fwt_dd_at(&w.sp.dd, f, bits));
			q = p;
			fwt_oracle_walk(&w.oracle, t->ast_hook, &q, &env, &r);
			(*pairs)++;
			if (r.reason == FWT_REASON_EFFECTS || r.reason == FWT_REASON_NO_ADDRESS)
				continue;
			by = r.rule ? fwt_prove_follow(&w.prove, t, bits) : NULL;
			/* A queue is a way to be accepted, for the walk. */
			queued = r.flags & FWT_DECISION_QUEUE;
			bad += queued ? o->verdict != FWT_OUT_QUEUE || o->queue != r.queue :
					o->verdict != r.verdict;
			bad += o->verdict == FWT_VERDICT_REJECT && o->reject != r.reject;
			bad += r.rule && r.reason != FWT_REASON_DNAT_LATE && !unclear(&w) &&
			       (!by || by->ast != r.rule);
			if (!bad)
				continue;
			fwt_sample_words(&p, words, sizeof(words));
			print_error("seed %llu, %s: %s\noracle %u line %u, diagram %u line %u\n%s",
				    (unsigned long long)seed, t->name, words, r.verdict,
				    r.rule ? r.rule->loc.line : 0, o->verdict,
				    by ? by->ast->loc.line : 0, text);
		}
		free(bits);
	}
	unmake(&w);
	return bad;
}

static void diagrams_are_the_oracle(void **state)
{
	u64 n = setting("FWT_POLICIES", 40), seed = setting("FWT_SEED", 1), i;
	u32 pairs = 0;

	(void)state;
	for (i = 0; i < n; i++) {
		char *text = gen_policy(seed + i);

		assert_int_equal(hold(text, seed + i, &pairs), 0);
		free(text);
	}
	print_message("%llu policies, %u packets, %u diagrams over their budget\n",
		      (unsigned long long)n, pairs, over);
	assert_true(pairs > n && over * 10 < n);
}

/* Two fields of a byte each, and the family: all packets that such a policy can tell
 * apart are tried.
 */
#define TINY_RULES	7
#define TINY_PACKETS	(2 * 256 * 256)

static u32 draw(u64 *state, u32 below)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)((*state >> 33) % below);
}

static char *tiny(u64 seed)
{
	static const char *const verdict[] = { "accept", "drop", "reject" };
	u64 state = seed * 7919 + 1;
	u32 i, a, b;
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	fprintf(out, "ingress {\n");
	for (i = 0; i < TINY_RULES; i++) {
		a = draw(&state, 256);
		b = a + draw(&state, 256 - a);
		fprintf(out, "\t");
		if (draw(&state, 4))
			fprintf(out, "ttl %u-%u ", a, b);
		if (draw(&state, 8) == 0)
			fprintf(out, "not { ttl & 0x%x == 0x%x } ", 5u, draw(&state, 2) * 4);
		a = draw(&state, 200);
		if (draw(&state, 2))
			fprintf(out, "protocol %u-%u ", a, a + draw(&state, 256 - a));
		fprintf(out, "family ipv%c %s\n", draw(&state, 3) ? '4' : '6',
			verdict[draw(&state, 3)]);
	}
	fprintf(out, "\tdrop\n}\n");
	assert_int_equal(fclose(out), 0);
	return text;
}

static void tiny_packet(struct fwt_packet *p, u32 n)
{
	memset(p, 0, sizeof(*p));
	p->have = FWT_HAVE_IP;
	p->family = n >> 16 ? 6 : 4;
	p->ttl = (u8)n;
	p->protocol = (u8)(n >> 8);
	p->iif = "eth0";
	p->length = 60;
	if (p->protocol == 6)
		p->have |= FWT_HAVE_PORTS | FWT_HAVE_TCP;
	if (p->protocol == 17)
		p->have |= FWT_HAVE_PORTS | FWT_HAVE_UDP;
}

/* What becomes of each, and which line decides it. */
static void try_all(const struct fwt_policy_ast *ast, u8 *verdicts, u8 *lines)
{
	struct fwt_oracle o = { .ast = ast, .resolver = fwt_resolver_alloc() };
	struct fwt_env env = { .ops = &fwt_nowhere_ops };
	struct fwt_oracle_result r;
	struct fwt_packet p;
	u32 n;

	for (n = 0; n < TINY_PACKETS; n++) {
		tiny_packet(&p, n);
		fwt_oracle_walk(&o, ast->hooks, &p, &env, &r);
		verdicts[n] = r.verdict;
		lines[n] = (u8)r.rule->loc.line;
	}
	fwt_resolver_free(o.resolver);
}

/* The order of prove_pick.h, for the fields of these policies: is @a before @b. */
static bool plainer(u32 a, u32 b)
{
	static const u32 usual[] = { 6, 17, 1, 58 };
	u32 i, x, y;

	if (a >> 16 != b >> 16)
		return a >> 16 < b >> 16;
	x = a >> 8 & 255;
	y = b >> 8 & 255;
	for (i = 0; x != y && i < ARRAY_SIZE(usual); i++)
		if (x == usual[i] || y == usual[i])
			return x == usual[i];
	if (((a & 255) == 64) != ((b & 255) == 64))
		return (a & 255) == 64;
	return x != y ? x < y : (a & 255) < (b & 255);
}

/* One that was found by trying: of those that differ from it in protocol or TTL alone
 * none that is against the property is plainer.
 */
static void sampled(const struct fwt_policy_ast *ast, const char *words, const bool *against,
		    u32 *count)
{
	const struct fwt_prove_opts opts = { .budget = 20, .samples = 3000 };
	struct fwt_prover *prover = fwt_prover_open(ast, &opts);
	struct fwt_packet_text t;
	struct fwt_proof proof;
	char error[200];
	u32 n, i, other;

	assert_non_null(prover);
	assert_int_equal(fwt_prover_add(prover, words, error, sizeof(error)), 0);
	assert_int_equal(fwt_prover_run(prover, 0, &proof), 0);
	if (proof.is == FWT_PROOF_FAILS) {
		assert_true(proof.sampled);
		assert_int_equal(fwt_packet_read(&t, proof.packet, error, sizeof(error)), 0);
		n = (t.p.family == 6) << 16 | (u32)t.p.protocol << 8 | t.p.ttl;
		assert_true(against[n]);
		for (i = 0; i < 513; i++) {
			other = i < 256 ? (n & ~0xffu) | i :
				i < 512 ? (n & ~0xff00u) | (i & 255) << 8 : n & 0xffff;
			if (against[other] && plainer(other, n))
				print_error("'%s': %x is shown, %x is plainer\n", words, n, other);
			assert_false(against[other] && plainer(other, n));
		}
		++*count;
	}
	fwt_prover_close(prover);
}

static void proofs_are_exhaustive_trial(void **state)
{
	static const char *const verdict[] = { "accept", "drop", "reject" };
	u8 *verdicts = malloc(TINY_PACKETS), *lines = malloc(TINY_PACKETS);
	bool *contradict = malloc(TINY_PACKETS * sizeof(*contradict));
	u32 i, k, n, holds = 0, fails = 0, tried = 0;

	(void)state;
	for (i = 0; i < 12; i++) {
		char *text = tiny(i + 1);
		struct fwt_policy_ast *ast = parse_good(text);
		struct fwt_prover *prover = fwt_prover_open(ast, NULL);
		struct fwt_proof proof;
		struct fwt_packet_text t;
		u64 s = i + 77;
		char words[12][300], error[200];
		struct {
			u32 ttl, most, proto, want, always;
		} pr[12];

		assert_non_null(prover);
		try_all(ast, verdicts, lines);
		for (k = 0; k < 12; k++) {
			pr[k].ttl = draw(&s, 256);
			pr[k].most = pr[k].ttl + draw(&s, min(256 - pr[k].ttl, 40u));
			pr[k].proto = draw(&s, 4) ? draw(&s, 256) : 256;
			pr[k].want = draw(&s, 3);
			pr[k].always = draw(&s, 2);
			snprintf(error, sizeof(error), "%u", pr[k].proto);
			snprintf(words[k], sizeof(words[k]),
				 "%s in eth0 %s * to * ttl %u-%u expect %s",
				 pr[k].always ? "always" : "never",
				 pr[k].proto == 256 ? "*" : error, pr[k].ttl, pr[k].most,
				 verdict[pr[k].want]);
			assert_int_equal(fwt_prover_add(prover, words[k], error, sizeof(error)), k);
		}
		for (k = 0; k < 12; k++) {
			u32 against = 0, best = 0;

			memset(contradict, 0, TINY_PACKETS * sizeof(*contradict));
			for (n = 0; n < TINY_PACKETS; n++) {
				if ((n & 255) < pr[k].ttl || (n & 255) > pr[k].most ||
				    (pr[k].proto != 256 && (n >> 8 & 255) != pr[k].proto) ||
				    (verdicts[n] == pr[k].want) == pr[k].always)
					continue;
				contradict[n] = true;
				if (!against++ || plainer(n, best))
					best = n;
			}
			assert_int_equal(fwt_prover_run(prover, (int)k, &proof), 0);
			if (proof.is != (against ? FWT_PROOF_FAILS : FWT_PROOF_HOLDS))
				print_error("%u packets are against '%s', which is told %u\n%s",
					    against, words[k], proof.is, text);
			assert_int_equal(proof.is, against ? FWT_PROOF_FAILS : FWT_PROOF_HOLDS);
			holds += !against;
			fails += !!against;
			sampled(ast, words[k], contradict, &tried);
			if (!against)
				continue;
			/* The packet that is shown is the plainest of them. */
			assert_int_equal(fwt_packet_read(&t, proof.packet, error,
							 sizeof(error)), 0);
			n = (t.p.family == 6) << 16 | (u32)t.p.protocol << 8 | t.p.ttl;
			if (n != best)
				print_error("'%s': %x is shown, %x is plainer\n%s", words[k], n,
					    best, text);
			assert_int_equal(n, best);
			assert_int_equal(proof.line, lines[n]);
		}
		fwt_prover_close(prover);
		fwt_ast_free(ast);
		free(text);
	}
	free(verdicts);
	free(lines);
	free(contradict);
	print_message("%u hold, %u do not, %u of these found by trying\n", holds, fails, tried);
	assert_true(holds > 10 && fails > 10 && tried > fails / 2);
}

/* The policy without the lines that are marked. */
static struct fwt_policy_ast *without(const char *text, const bool *gone)
{
	char *copy = malloc(strlen(text) + 1), *to = copy;
	struct fwt_policy_ast *ast;
	u32 line = 1;

	for (; *text; text++) {
		if (!gone[line])
			*to++ = *text;
		line += *text == '\n';
	}
	*to = 0;
	ast = parse_good(copy);
	free(copy);
	return ast;
}

static void findings_are_exhaustive_trial(void **state)
{
	u8 *verdicts = malloc(TINY_PACKETS), *lines = malloc(TINY_PACKETS);
	u8 *other = malloc(TINY_PACKETS);
	u32 i, n, hidden = 0, idle = 0;

	(void)state;
	for (i = 0; i < 25; i++) {
		bool hit[64] = { false }, gone[64] = { false }, told[64] = { false };
		char *text = tiny(i + 100);
		struct fwt_policy_ast *ast = parse_good(text), *less;
		struct fwt_analysis found;
		struct fwt_diag diag;
		size_t e;

		fwt_diag_init(&diag);
		fwt_diag_sources(&diag, ast->sources);
		try_all(ast, verdicts, lines);
		for (n = 0; n < TINY_PACKETS; n++)
			hit[lines[n]] = true;
		assert_int_equal(fwt_analyse(ast, &diag, NULL, &found), 0);
		assert_true(found.exact);
		for (e = 0; e < diag.count; e++) {
			const struct fwt_diag_entry *d = &diag.entries[e];

			if (d->severity != FWT_WARNING || strstr(d->message, "cuts off"))
				continue;
			assert_in_range(d->line, 2, TINY_RULES + 1);
			gone[d->line] = true;
			told[d->line] = !strstr(d->message, "changes nothing");
			hidden += told[d->line];
			idle += !told[d->line];
		}
		/* What is told never to match is just what decides nothing. */
		for (n = 2; n < TINY_RULES + 2; n++) {
			if (told[n] == hit[n])
				print_error("line %u %s:\n%s", n, hit[n] ? "decides" :
					    "decides nothing", text);
			assert_int_equal(told[n], !hit[n]);
		}
		/* And all of it can go at once. */
		less = without(text, gone);
		try_all(less, other, lines);
		assert_memory_equal(verdicts, other, TINY_PACKETS);
		fwt_ast_free(less);
		fwt_diag_clean(&diag);
		fwt_ast_free(ast);
		free(text);
	}
	free(verdicts);
	free(lines);
	free(other);
	print_message("%u hidden, %u idle\n", hidden, idle);
	assert_true(hidden > 3 && idle > 3);
}

/* Wherever the budget ends: what is answered is what is so, or that it ended. */
static void every_budget_is_an_answer(void **state)
{
	static const char text[] =
		"set s : addr { elements = { 10.0.0.1 } }\n"
		"ingress device eth0, wg* { saddr @s drop\n accept\n }\n"
		"egress device eth1 { vlan id 7 set vlan 8\n vlan id 8 drop\n accept\n }\n"
		"ingress {\n"
		"	saddr 10.0.0.0/8 tcp dport 22 set mark 3\n"
		"	daddr 192.0.2.1 dnat to 192.0.2.2:80\n"
		"	mark 3 daddr addr(eth0) accept\n"
		"	select protocol . dport { tcp . 1-99 -> goto more\n default -> accept }\n"
		"}\n"
		"tree more { limit 1/second accept\n drop }\n"
		"egress { oif eth1 masquerade\n tcp dport { 23, 80 } drop\n accept }\n";
	static const struct {
		const char *words;
		enum fwt_proof_is is;
	} pr[] = {
		{ "never in eth0 tcp 10.0.0.0/8 to *:23 expect accept", FWT_PROOF_FAILS },
		{ "never out eth1 tcp * to *:23 expect accept", FWT_PROOF_HOLDS },
		{ "always out eth2 udp * to *:9 expect accept", FWT_PROOF_HOLDS },
	};
	struct fwt_policy_ast *ast = parse_good(text);
	u32 budget, i, ended = 0, whole = 0;

	(void)state;
	for (budget = 1; budget < 40000; budget += 1 + budget / 20) {
		struct fwt_prove_opts opts = { .budget = budget, .samples = 20 };
		struct fwt_analyse_opts look = { .budget = budget };
		struct fwt_prover *prover = fwt_prover_open(ast, &opts);
		struct fwt_analysis found;
		struct fwt_proof proof;
		struct fwt_diag diag;
		char error[200];

		assert_non_null(prover);
		for (i = 0; i < ARRAY_SIZE(pr); i++)
			assert_int_equal(fwt_prover_add(prover, pr[i].words, error,
							sizeof(error)), i);
		for (i = 0; i < ARRAY_SIZE(pr); i++) {
			assert_int_equal(fwt_prover_run(prover, (int)i, &proof), 0);
			if (proof.is == FWT_PROOF_OUTGREW || proof.sampled) {
				ended++;
			} else {
				assert_int_equal(proof.is, pr[i].is);
				whole++;
			}
		}
		fwt_prover_close(prover);
		fwt_diag_init(&diag);
		fwt_diag_sources(&diag, ast->sources);
		assert_int_equal(fwt_analyse(ast, &diag, &look, &found), 0);
		fwt_diag_clean(&diag);
	}
	fwt_ast_free(ast);
	print_message("%u times the budget ended, %u times it did not\n", ended, whole);
	assert_true(ended > 100 && whole > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(diagrams_are_the_oracle),
		cmocka_unit_test(proofs_are_exhaustive_trial),
		cmocka_unit_test(findings_are_exhaustive_trial),
		cmocka_unit_test(every_budget_is_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
