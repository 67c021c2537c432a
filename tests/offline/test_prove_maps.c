// SPDX-License-Identifier: GPL-2.0
/*
 * Decision diagrams of policies with maps, sets and copied fields, against trying all
 * packets that such a policy can tell apart: four addresses twice, four ports, four marks.
 *
 * What a map holds is not the diagram's to know. So it is asked for less than elsewhere, and
 * for what is promised: that the outcome of a packet is one of those that it has for it; that
 * two policies with one diagram do the same; and that what is told never to match does not,
 * and what is told to change nothing can go.
 *
 * FWT_POLICIES says how many policies (default 60), FWT_SEED the first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "analyse.h"
#include "given.h"
#include "oracle.h"
#include "packet_text.h"
#include "parse.h"
#include "prove.h"
#include "prove_pick.h"
#include "sema_sample.h"

#define PACKETS	256
#define LINES	64

static u32 draw(u64 *state, u32 below)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)((*state >> 33) % below);
}

/* Each % is a number below four. */
static const char *const matches[] = {
	"mark %", "mark %", "daddr 10.0.0.%", "saddr 10.0.0.%", "udp dport %", "ct mark %",
	"mark @sm", "saddr @sa", "daddr @sa", "daddr . mark @sj", "not { mark % }", "priority %",
	"ct status dnat", "dscp %", "route oif eth%",
};

static const char *const modifiers[] = {
	"set mark %", "set mark %", "set ct mark %", "set priority %", "set dscp %",
	"set mark ct mark", "set ct mark mark", "set priority mark", "set mark priority",
	"set mark dscp", "set mark udp dport", "set mark mark map @mm", "set mark mark map @mm",
	"set mark daddr map @mx", "set ct mark daddr . mark map @mo", "set ct mark mark map @mm",
	"dnat to 10.0.0.%", "dnat to 10.0.0.%:8%", "dnat to :8%", "dnat to daddr map @ma",
	"dnat to saddr map @ma", "dnat to dport map @mp", "dnat to daddr . dport map @mj",
	"netmap to 10.0.0.2/31", "dnat to 10.0.0.0-10.0.0.3", "notrack", "add @sm { mark }",
	"count c", "log",
};

static const char *const ends[] = {
	"", "", "", "", "", "", "", "accept", "drop", "reject", "goto mark map @mt",
	"call mark map @mt", "call daddr map @mu", "call t1", "call t2", "goto t2",
};

static void words(FILE *out, u64 *state, const char *text)
{
	for (; *text; text++)
		if (*text == '%')
			fprintf(out, "%u", draw(state, 4));
		else
			fputc(*text, out);
	fputc(' ', out);
}

#define ONE_OF(state, list)	((list)[draw(state, ARRAY_SIZE(list))])

static void elements(FILE *out, u64 *state, const char *head, const char *key, const char *value)
{
	u32 i, any = 0;

	fprintf(out, "%s { elements = { ", head);
	for (i = 0; i < 4; i++) {
		if (draw(state, 3) == 0 && (i < 3 || any))
			continue;
		fprintf(out, "%s", any++ ? ", " : "");
		fprintf(out, key, i);
		fprintf(out, value, draw(state, 4));
	}
	fprintf(out, " } }\n");
}

/* @ends_most: how many of the kinds of ends a rule there may have */
static void rules(FILE *out, u64 *state, u32 n, u32 ends_most)
{
	const char *end;
	u32 i;

	while (n--) {
		fputc('\t', out);
		end = ends[draw(state, ends_most)];
		for (i = draw(state, 5) / 3; i--;)
			words(out, state, ONE_OF(state, matches));
		for (i = draw(state, 3) + !*end; i--;)
			words(out, state, ONE_OF(state, modifiers));
		words(out, state, end);
		fputc('\n', out);
	}
}

static char *made(u64 seed)
{
	u64 state = seed * 7919 + 3;
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	elements(out, &state, "set sm : mark", "%u", "");
	elements(out, &state, "set sa : addr", "10.0.0.%u", "");
	elements(out, &state, "set sj : addr . mark", "10.0.0.%u", " . %u");
	elements(out, &state, "map mm : mark -> mark", "%u", " -> %u");
	elements(out, &state, "map mx : addr -> mark", "10.0.0.%u", " -> %u");
	elements(out, &state, "map mo : addr . mark -> mark", "10.0.0.%u . 1", " -> %u");
	elements(out, &state, "map ma : addr -> addr", "10.0.0.%u", " -> 10.0.0.%u");
	elements(out, &state, "map mp : port -> port", "%u", " -> 8%u");
	elements(out, &state, "map mj : addr . port -> addr . port", "10.0.0.%u . 1",
		 " -> 10.0.0.%u . 82");
	fprintf(out, "map mt : mark -> tree { elements = { 1 -> t1, 2 -> t2, 3 -> t%u } }\n",
		1 + draw(&state, 2));
	fprintf(out, "map mu : addr -> tree { elements = { 10.0.0.%u -> t1, 10.0.0.3 -> t2 } }\n",
		draw(&state, 3));
	fprintf(out, "ingress {\n");
	rules(out, &state, 3 + draw(&state, 4), ARRAY_SIZE(ends) - 1);
	fprintf(out, "\t%s\n}\ntree t1 {\n", draw(&state, 5) ? "accept" : "drop");
	rules(out, &state, 1 + draw(&state, 3), ARRAY_SIZE(ends) - 6 * draw(&state, 2));
	fprintf(out, "\t%s\n}\ntree t2 {\n", draw(&state, 2) ? "mark 1 accept" : "mark 2 drop");
	rules(out, &state, 1 + draw(&state, 2), 10);
	fprintf(out, "\t%s\n}\n", draw(&state, 3) ? "accept" : "drop");
	assert_int_equal(fclose(out), 0);
	return text;
}

/* The policy without the lines that are marked. */
static char *without(const char *text, const bool *gone)
{
	char *copy = malloc(strlen(text) + 1), *to = copy;
	u32 line = 1;

	assert_non_null(copy);
	for (; *text; text++) {
		if (line >= LINES || !gone[line])
			*to++ = *text;
		line += *text == '\n';
	}
	*to = 0;
	return copy;
}

/* A number of one of its rules is another one. */
static char *changed(const char *text, u64 *state)
{
	char *copy = strdup(text), *rules, *at;
	u32 tries;

	assert_non_null(copy);
	rules = strstr(copy, "ingress {");
	for (tries = 0; tries < 200; tries++) {
		at = rules + draw(state, (u32)strlen(rules));
		if (*at >= '0' && *at <= '3' && (at[-1] == ' ' || at[-1] == '.' || at[-1] == '8') &&
		    (at[1] == ' ' || at[1] == ':')) {
			*at = (char)('0' + (*at - '0' + 1 + draw(state, 3)) % 4);
			break;
		}
	}
	return copy;
}

static void packet(struct fwt_packet *p, u32 n)
{
	memset(p, 0, sizeof(*p));
	p->have = FWT_HAVE_IP | FWT_HAVE_PORTS | FWT_HAVE_UDP;
	p->hook = FWT_HOOK_INGRESS;
	p->family = 4;
	p->protocol = 17;
	p->ttl = 64;
	p->iif = "eth0";
	p->length = 60;
	p->ct_state = FWT_CT_NEW;
	p->sport = 40000;
	p->saddr[0] = 0x0a000000 + (n & 3);
	p->daddr[0] = 0x0a000000 + (n >> 2 & 3);
	p->dport = n >> 4 & 3;
	p->mark = n >> 6 & 3;
}

static void some_route(const struct fwt_env *env, const struct fwt_packet *p,
		       enum fwt_route_ask what, struct fwt_route *r)
{
	static const char *const names[] = { "eth0", "eth1", "eth2", "eth3" };

	(void)env;
	(void)what;
	memset(r, 0, sizeof(*r));
	r->type = FWT_ROUTE_UNICAST;
	strcpy(r->oif, names[(p->daddr[0] ^ p->mark ^ (u32)p->tos >> 2) & 3]);
}

struct result {
	u32 verdict;
	u32 flags;
	u32 value[6];
	u32 line;
};

static void try_all(const struct fwt_policy_ast *ast, struct result *to, bool *met)
{
	struct fwt_oracle o = { .ast = ast, .resolver = fwt_resolver_alloc() };
	struct fwt_env_ops ops = fwt_nowhere_ops;
	struct fwt_env env = { .ops = &ops };
	struct fwt_oracle_result r;
	struct fwt_packet p;
	u32 n, i;

	ops.route = some_route;
	for (n = 0; n < PACKETS; n++, to++) {
		packet(&p, n);
		fwt_oracle_walk(&o, ast->hooks, &p, &env, &r);
		memset(to, 0, sizeof(*to));
		to->verdict = r.verdict;
		to->line = r.rule ? r.rule->loc.line : 0;
		for (i = 0; i < r.n_effects; i++)
			met[min((u32)r.effect[i].rule->loc.line, LINES - 1u)] = true;
		met[min(to->line, LINES - 1u)] = true;
		if (r.verdict != FWT_VERDICT_ACCEPT)
			continue;
		to->flags = r.flags & ~(u32)(FWT_DECISION_CLAMP);
		to->value[0] = p.daddr[0];
		to->value[1] = p.dport;
		to->value[2] = p.mark;
		to->value[3] = p.ct_mark;
		to->value[4] = p.priority;
		to->value[5] = p.tos;
	}
	fwt_resolver_free(o.resolver);
}

struct policy {
	struct fwt_policy_ast *ast;
	struct fwt_diag diag;
	struct fwt_sema s;
	struct fwt_prove prove;
	struct result is[PACKETS];
	bool met[LINES];
	u32 f;
};

static bool understand(struct policy *w, const char *text)
{
	memset(w, 0, sizeof(*w));
	w->ast = parse_good(text);
	fwt_diag_init(&w->diag);
	fwt_diag_sources(&w->diag, w->ast->sources);
	if (fwt_understand(&w->s, w->ast, &w->diag, false, NULL))
		return false;
	try_all(w->ast, w->is, w->met);
	return true;
}

static void forget(struct policy *w)
{
	fwt_understand_end(&w->s);
	fwt_diag_clean(&w->diag);
	fwt_ast_free(w->ast);
}

/* What is left of @f where a packet is known, and answers to questions are not: the axes'
 * bits come first.
 */
static u32 left_of(const struct fwt_space *sp, u32 f, u32 axes, const u8 *bits)
{
	while (!fwt_dd_is_leaf(f) && sp->dd.node[f].var < axes)
		f = bits[sp->dd.node[f].var] ? sp->dd.node[f].hi : sp->dd.node[f].lo;
	return f;
}

static bool comes_to(const struct fwt_space *sp, const struct fwt_outcomes *out, u32 f, u32 verdict,
		     u32 depth)
{
	if (fwt_dd_is_leaf(f))
		return fwt_outcome(out, f)->verdict == verdict;
	return depth < 400 && (comes_to(sp, out, sp->dd.node[f].lo, verdict, depth + 1) ||
			       comes_to(sp, out, sp->dd.node[f].hi, verdict, depth + 1));
}

static struct {
	u32 policies;
	u32 same;
	u32 other;
	u32 over;
} told;

static u32 hold(const char *text, const char *other)
{
	struct fwt_env_ops ops = fwt_nowhere_ops;
	struct fwt_env env = { .ops = &ops };
	struct fwt_outcomes out;
	struct fwt_space sp;
	struct policy *w = calloc(2, sizeof(*w));
	u32 i, n, axes, bad = 0, g[2];
	struct fwt_packet p;
	char words[256];
	u8 *bits;

	assert_non_null(w);
	ops.route = some_route;
	if (!understand(&w[0], text) || !understand(&w[1], other))
		goto out;
	fwt_outcomes_init(&out);
	assert_int_equal(fwt_space_init(&sp, FWT_DD_BUDGET / 16), 0);
	for (i = 0; i < 2; i++)
		fwt_prove_init(&w[i].prove, &sp, &out, &w[i].s);
	assert_int_equal(fwt_space_fix(&sp), 0);
	axes = sp.vars;
	for (i = 0; i < 2; i++)
		w[i].f = fwt_prove_hook(&w[i].prove, w[i].s.trees);
	bits = calloc(sp.vars + 64, 1);
	told.policies++;
	told.over += sp.dd.over;
	for (n = 0; n < PACKETS && !bad && !sp.dd.over; n++) {
		packet(&p, n);
		fwt_space_place(&sp, &p, &env, bits);
		for (i = 0; i < 2; i++) {
			g[i] = left_of(&sp, w[i].f, axes, bits);
			bad += !comes_to(&sp, &out, g[i], w[i].is[n].verdict, 0);
		}
		told.same += g[0] == g[1];
		told.other += g[0] != g[1];
		w[0].is[n].line = 0;
		w[1].is[n].line = 0;
		bad += g[0] == g[1] && memcmp(&w[0].is[n], &w[1].is[n], sizeof(w[0].is[n]));
		if (!bad)
			continue;
		fwt_sample_words(&p, words, sizeof(words));
		fprintf(stderr, "%s: %u and %u\n%s\n%s", words, w[0].is[n].verdict,
			w[1].is[n].verdict, text, other);
	}
	free(bits);
	for (i = 0; i < 2; i++)
		fwt_prove_clean(&w[i].prove);
	fwt_space_clean(&sp);
	fwt_outcomes_clean(&out);
out:
	if (w[1].ast)
		forget(&w[1]);
	forget(&w[0]);
	free(w);
	return bad;
}

static void one_diagram_is_one_policy(void **state)
{
	u64 n = setting("FWT_POLICIES", 60), seed = setting("FWT_SEED", 1), i;
	u32 k, bad;

	(void)state;
	for (i = 0; i < n; i++) {
		char *text = made(seed + i), *other;
		u64 s = seed + i;

		for (k = 0; k < 4; k++) {
			other = changed(text, &s);
			bad = hold(text, other);
			if (bad)
				print_error("seed %llu\n", (unsigned long long)(seed + i));
			assert_int_equal(bad, 0);
			free(other);
		}
		free(text);
	}
	print_message("%u pairs, %u packets the same, %u not, %u over their budget\n",
		      told.policies, told.same, told.other, told.over);
	assert_true(told.policies > n && told.same > n && told.other > n);
}

/* What is told never to match does not, and all else that is told of can go. */
static void findings_are_so(void **state)
{
	u64 n = setting("FWT_POLICIES", 60), seed = setting("FWT_SEED", 1), i;
	u32 hidden = 0, idle = 0, line, k;

	(void)state;
	for (i = 0; i < n; i++) {
		char *text = made(seed + i), *rest;
		struct policy *w = calloc(2, sizeof(*w));
		bool gone[LINES] = { false };
		struct fwt_analysis found;
		bool fits;
		size_t e;

		assert_non_null(w);
		fits = understand(&w[0], text);
		if (fits) {
			assert_int_equal(fwt_analyse(w[0].ast, &w[0].diag, NULL, &found), 0);
			for (e = 0; e < w[0].diag.count; e++) {
				const struct fwt_diag_entry *d = &w[0].diag.entries[e];

				line = min(d->line, LINES - 1u);
				if (d->severity != FWT_WARNING)
					continue;
				if (strstr(d->message, "never match")) {
					hidden++;
					if (w[0].met[line])
						fprintf(stderr, "seed %llu, line %u is met\n%s",
							(unsigned long long)(seed + i), line, text);
					assert_false(w[0].met[line]);
				}
				if (strstr(d->message, "changes nothing")) {
					gone[line] = true;
					idle++;
				}
			}
			rest = without(text, gone);
			if (understand(&w[1], rest))
				for (k = 0; k < PACKETS; k++) {
					w[0].is[k].line = 0;
					w[1].is[k].line = 0;
					if (memcmp(&w[0].is[k], &w[1].is[k], sizeof(w[0].is[k])))
						fprintf(stderr, "seed %llu, packet %x\n%s\n%s",
							(unsigned long long)(seed + i), k, text,
							rest);
					assert_memory_equal(&w[0].is[k], &w[1].is[k],
							    sizeof(w[0].is[k]));
				}
			forget(&w[1]);
			free(rest);
		}
		forget(&w[0]);
		free(w);
		free(text);
	}
	print_message("%u hidden, %u idle\n", hidden, idle);
	assert_true(hidden && idle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_diagram_is_one_policy),
		cmocka_unit_test(findings_are_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
