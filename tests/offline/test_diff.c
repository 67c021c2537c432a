// SPDX-License-Identifier: GPL-2.0
/*
 * fwt_diff() against the oracle: policies at random, and the same with a line left
 * out or two lines exchanged. The words of each class are read again as matches of
 * a rule: what is in a class is treated differently, what is in none is not.
 *
 * FWT_POLICIES says how many (default 60), FWT_SEED the first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "diff.h"
#include "gen_policy.h"
#include "gen_small.h"
#include "given.h"
#include "oracle.h"
#include "packet_text.h"
#include "parse.h"
#include "sema_sample.h"

#define PACKETS 400
#define BUDGET 400000	/* policies at random are wilder than people's */

/* NULL where it is refused. */
static struct fwt_policy_ast *policy(const char *text)
{
	struct fwt_policy_ast *ast;
	struct fwt_diag diag;
	struct fwt_sema s;
	bool ok;

	fwt_diag_init(&diag);
	ast = fwt_parse_buffer("gen.fw", text, strlen(text), &diag, NULL);
	ok = ast && !fwt_diag_failed(&diag);
	if (ok) {
		ok = !fwt_understand(&s, ast, &diag, false, NULL);
		fwt_understand_end(&s);
	}
	fwt_diag_clean(&diag);
	if (ok)
		return ast;
	fwt_ast_free(ast);
	return NULL;
}

/* Matches, to be asked by the oracle; NULL where the words are for people alone. */
static struct fwt_policy_ast *matches(const char *hook, const char *words)
{
	char text[1200];

	snprintf(text, sizeof(text), "%s { %s drop\naccept }\n", hook,
		 strcmp(words, "all") ? words : "");
	return policy(text);
}

struct class {
	struct fwt_policy_ast *in;
	struct fwt_policy_ast *except[FWT_DIFF_EXCEPT];
};

static bool matched(const struct fwt_policy_ast *ast, const struct fwt_packet *p)
{
	struct fwt_oracle o = { .ast = ast, .resolver = fwt_resolver_alloc() };
	struct fwt_env env = { .ops = &fwt_nowhere_ops };
	struct fwt_oracle_result r;
	struct fwt_packet q = *p;

	fwt_oracle_walk(&o, ast->hooks, &q, &env, &r);
	fwt_resolver_free(o.resolver);
	return r.verdict == FWT_VERDICT_DROP;
}

static bool in_class(const struct class *c, const struct fwt_packet *p)
{
	u32 i;

	if (!matched(c->in, p))
		return false;
	for (i = 0; i < FWT_DIFF_EXCEPT && c->except[i]; i++)
		if (matched(c->except[i], p))
			return false;
	return true;
}

static void let_go(struct class *c, u32 n)
{
	u32 i, e;

	for (i = 0; i < n; i++) {
		fwt_ast_free(c[i].in);
		for (e = 0; e < FWT_DIFF_EXCEPT; e++)
			fwt_ast_free(c[i].except[e]);
	}
	free(c);
}

/* Words with a mask are matches, unless others beside them are not. */
static void hold_masks(const char *words, bool readable)
{
	static const char *const people[] = { "(", " like ", "of no name", "none", "..." };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(people); i++)
		readable |= !!strstr(words, people[i]);
	if (!readable && strstr(words, " & "))
		print_error("'%s' is not understood\n", words);
	assert_true(readable || !strstr(words, " & "));
}

/* False where some of the words are no matches. */
static bool read_classes(const struct fwt_diff *d, const char *hook, struct class **to, u32 *n)
{
	struct class *c = calloc(d->count + 1, sizeof(*c));
	u32 i, e, count = 0;
	bool ok = true;

	for (i = 0; i < d->count; i++) {
		if (strcmp(d->class[i].hook, hook))
			continue;
		c[count].in = matches(hook, d->class[i].words);
		ok &= !!c[count].in;
		hold_masks(d->class[i].words, !!c[count].in);
		for (e = 0; e < FWT_DIFF_EXCEPT && d->class[i].except[e][0]; e++) {
			c[count].except[e] = matches(hook, d->class[i].except[e]);
			ok &= !!c[count].except[e];
			hold_masks(d->class[i].except[e], !!c[count].except[e]);
		}
		count++;
	}
	*to = c;
	*n = count;
	return ok;
}

static const struct fwt_ast_hook *hook_named(const struct fwt_policy_ast *ast, bool egress)
{
	const struct fwt_ast_hook *h;

	for (h = ast->hooks; h; h = h->next)
		if (!h->device && h->egress == egress)
			return h;
	return NULL;
}

static u8 verdict(const struct fwt_policy_ast *ast, bool egress, const struct fwt_packet *p,
		  struct fwt_oracle_result *r)
{
	struct fwt_oracle o = { .ast = ast, .resolver = fwt_resolver_alloc() };
	struct fwt_env env = { .ops = &fwt_nowhere_ops };
	const struct fwt_ast_hook *h = hook_named(ast, egress);
	struct fwt_packet q = *p;

	memset(r, 0, offsetof(struct fwt_oracle_result, effect));
	if (h)
		fwt_oracle_walk(&o, h, &q, &env, r);
	fwt_resolver_free(o.resolver);
	return r->verdict;
}

/* Packets that can be there, as prove_space.h has them. */
static bool sound(struct fwt_packet *p, bool egress)
{
	u32 t = p->icmp_type, least = p->family == 6 ? 40 : 20;
	bool untracked = p->family == 6 ? p->daddr[0] >> 24 == 0xff :
			 p->daddr[0] >> 28 == 0xe || p->daddr[0] == ~0u;

	p->have &= ~(u32)FWT_HAVE_ICMP_ID;
	if ((p->have & FWT_HAVE_ICMP && (t == 0 || t == 8 || (t >= 13 && t <= 18))) ||
	    (p->have & FWT_HAVE_ICMPV6 && (t == 128 || t == 129)))
		p->have |= FWT_HAVE_ICMP_ID;
	untracked |= p->protocol == 2 || (p->have & FWT_HAVE_ICMPV6 &&
					  ((t >= 130 && t <= 137) || t == 143));
	if (untracked)
		p->ct_state = FWT_CT_UNTRACKED;
	if (p->ct_state == FWT_CT_RELATED || p->ct_state == FWT_CT_ESTABLISHED)
		p->ct_state = FWT_CT_NEW;
	/* A connection may be taken up in its middle: "option adopt". */
	if (p->ct_state == FWT_CT_NEW && !fwt_tuple_opens(p) &&
	    !(p->have & FWT_HAVE_TCP && (p->tcp_flags & (FWT_TCP_SYN | FWT_TCP_ACK |
							  FWT_TCP_RST)) == FWT_TCP_ACK))
		p->ct_state = FWT_CT_INVALID;
	p->ct_status = egress && p->iif && p->ct_status & FWT_CT_DNAT ? FWT_CT_DNAT : 0;
	return p->length >= least && p->length <= 65575;
}

static char *line_of(char *text, u32 n)
{
	char *at = text;

	while (n-- && at)
		at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL;
	return at && *at ? at : NULL;
}

/* The text without one of its lines; NULL where that is no policy. */
static char *bent(const char *text, u64 seed)
{
	char *copy, *at, *end;
	u32 lines = 0, try;
	struct fwt_policy_ast *ast;
	const char *c;

	for (c = text; *c; c++)
		lines += *c == '\n';
	for (try = 0; try < 20; try++) {
		copy = strdup(text);
		at = line_of(copy, (u32)((seed * 2654435761u + try * 40503u) % lines));
		end = at ? strchr(at, '\n') : NULL;
		if (end && *at == '\t') {
			memmove(at, end + 1, strlen(end + 1) + 1);
			ast = policy(copy);
			if (ast) {
				fwt_ast_free(ast);
				return copy;
			}
		}
		free(copy);
	}
	return NULL;
}

struct figures {
	u32 policies, classes, inside, outside, told, outgrew, examples, masks;
};

static void hold_hook(const struct fwt_policy_ast *const ast[2], const struct fwt_diff *d,
		      bool egress, u64 seed, struct figures *f)
{
	const char *hook = egress ? "egress" : "ingress";
	const struct fwt_ast_hook *at = hook_named(ast[0], egress);
	struct fwt_oracle_result r[2];
	struct fwt_sampler s;
	struct class *c;
	struct fwt_packet p;
	bool readable;
	u32 n, i, k;
	u8 v[2];

	if (!at || d->more || d->outgrew)
		return;
	readable = read_classes(d, hook, &c, &n);
	f->told += readable;
	assert_int_equal(fwt_sampler_init(&s, ast[0], seed), 0);
	for (i = 0; readable && i < PACKETS; i++) {
		fwt_sampler_packet(&s, at, &p);
		if (!sound(&p, egress))
			continue;
		for (k = 0; k < 2; k++)
			v[k] = verdict(ast[k], egress, &p, &r[k]);
		if (r[0].reason == FWT_REASON_EFFECTS || r[1].reason == FWT_REASON_EFFECTS)
			continue;
		for (k = 0; k < n && !in_class(&c[k], &p); k++)
			;
		if (k < n)
			f->inside++;
		else
			f->outside++;
		/* Outcomes of one verdict may differ in effects. */
		if ((k == n && v[0] != v[1])) {
			char words[300];

			fwt_sample_words(&p, words, sizeof(words));
			print_error("seed %llu: %s is %u and %u, and in no class\n",
				    (unsigned long long)seed, words, v[0], v[1]);
			fail();
		}
		if (k < n) {
			const struct fwt_diff_class *class = d->class;
			u32 nth = k;

			for (; nth || strcmp(class->hook, hook); class++)
				nth -= !strcmp(class->hook, hook);
			assert_string_not_equal(class->side[0].becomes,
						class->side[1].becomes);
			for (nth = 0; nth < 2; nth++) {
				const char *word = v[nth] == FWT_VERDICT_ACCEPT ? "accept" :
						   v[nth] == FWT_VERDICT_DROP ? "drop" :
						   "reject";

				if (strncmp(class->side[nth].becomes, word, strlen(word)))
					print_error("seed %llu: '%s' is told to be %s, and is %s\n",
						    (unsigned long long)seed, class->words,
						    class->side[nth].becomes, word);
				assert_memory_equal(class->side[nth].becomes, word,
						    strlen(word));
			}
		}
	}
	fwt_sampler_clean(&s);
	let_go(c, n);
}

static u8 told(const struct fwt_diff_side *side)
{
	return side->becomes[0] == 'a' ? FWT_VERDICT_ACCEPT :
	       side->becomes[0] == 'd' ? FWT_VERDICT_DROP : FWT_VERDICT_REJECT;
}

/* The packet of each class does what is told, read again from its words. */
static void hold_examples(const struct fwt_policy_ast *const ast[2], const struct fwt_diff *d,
			  u64 seed, struct figures *f)
{
	struct fwt_oracle_result r;
	struct fwt_packet_text t;
	char error[200];
	u32 i, k;
	u8 v;

	for (i = 0; i < d->count; i++) {
		const struct fwt_diff_class *c = &d->class[i];
		bool egress = !strcmp(c->hook, "egress");

		/* What else must be so is not in the words. */
		if (d->outgrew || c->given[0] || (strcmp(c->hook, "ingress") && !egress))
			continue;
		if (fwt_packet_read(&t, c->packet, error, sizeof(error))) {
			print_error("seed %llu: '%s': %s\n", (unsigned long long)seed, c->packet,
				    error);
			fail();
		}
		t.p.hook = egress ? FWT_HOOK_EGRESS : FWT_HOOK_INGRESS;
		for (k = 0; k < 2; k++) {
			v = verdict(ast[k], egress, &t.p, &r);
			if (v != told(&c->side[k]))
				print_error("seed %llu, %s: %s becomes %u, not '%s'\n",
					    (unsigned long long)seed, c->words, c->packet, v,
					    c->side[k].becomes);
			assert_int_equal(v, told(&c->side[k]));
			if (r.rule)
				assert_int_equal(r.rule->loc.line, c->side[k].line);
		}
		f->examples++;
	}
}

/* One pair; frees the texts. */
static void hold(char *text, char *other, u64 seed, struct figures *f)
{
	const struct fwt_policy_ast *ast[2] = { policy(text), other ? policy(other) : NULL };
	struct fwt_diff d;
	u32 i;

	if (ast[0] && ast[1]) {
		assert_int_equal(fwt_diff(ast[0], ast[1], BUDGET, 0, &d), 0);
		f->policies++;
		f->classes += d.count;
		for (i = 0; i < d.count; i++)
			f->masks += !!strstr(d.class[i].words, " & ");
		f->outgrew += d.outgrew || d.more;
		hold_hook(ast, &d, false, seed, f);
		hold_hook(ast, &d, true, seed, f);
		hold_examples(ast, &d, seed, f);
		fwt_diff_clean(&d);
		/* And nothing for a policy and itself. */
		assert_int_equal(fwt_diff(ast[0], ast[0], BUDGET, 0, &d), 0);
		assert_int_equal(d.count, 0);
		assert_int_equal(d.n_data, 0);
		assert_false(d.more && !d.outgrew);
		fwt_diff_clean(&d);
	}
	fwt_ast_free((struct fwt_policy_ast *)(uintptr_t)ast[0]);
	fwt_ast_free((struct fwt_policy_ast *)(uintptr_t)ast[1]);
	free(text);
	free(other);
}

static void print_figures(const struct figures *f)
{
	print_message("%u pairs, %u classes, %u with masks, %u too many; %u hooks' in words: "
		      "%u packets inside, %u outside; %u examples\n", f->policies, f->classes,
		      f->masks, f->outgrew, f->told, f->inside, f->outside, f->examples);
}

static void classes_are_the_oracle(void **state)
{
	u64 n = setting("FWT_POLICIES", 60), seed = setting("FWT_SEED", 1), i;
	struct figures f = { 0 };

	(void)state;
	/* Some of every shape; more of such as have few values, where packets meet. */
	for (i = 0; i < n / 3; i++) {
		char *text = gen_policy(seed + i);

		hold(text, bent(text, seed + i), seed + i, &f);
	}
	for (i = 0; i < n; i++) {
		u32 other = (u32)(i % 12);

		hold(gen_small(seed + i, 12, NULL), gen_small(seed + i, 12, &other), seed + i,
		     &f);
	}
	print_figures(&f);
	assert_true(f.policies > n / 2 && f.outside > f.inside && f.inside >= n);
	assert_true(f.examples > n / 2);
	assert_true(f.outgrew <= n / 4);
}

/* Masks that are no prefix: told as such, and true. */
static void masks_are_the_oracle(void **state)
{
	u64 n = setting("FWT_POLICIES", 60), seed = setting("FWT_SEED", 1), i;
	struct figures f = { 0 };

	(void)state;
	for (i = 0; i < n; i++) {
		u32 rules = 1 + (u32)(i % 8), other = (u32)(i / 8) % rules;

		hold(gen_small_masks(seed + i, rules, NULL),
		     gen_small_masks(seed + i, rules, &other), seed + i, &f);
	}
	print_figures(&f);
	assert_true(f.policies > n / 2 && f.inside >= n && f.outside >= n);
	assert_true(f.masks >= n / 2);
	assert_true(f.outgrew <= n / 4);
}

/* What is written in another way is the same. */
static void a_rewrite_is_nothing(void **state)
{
	static const char a[] =
		"ingress {\n"
		"	tcp dport { 22, 80 } saddr 10.0.0.0/8 accept\n"
		"	udp dport 53 accept\n"
		"	iif eth0 set mark 7\n"
		"	mark 7 drop\n"
		"	protocol 6 reject\n"
		"	drop\n"
		"}\n";
	static const char b[] =
		"define office = { 10.0.0.0/9, 10.128.0.0/9 }\n"
		"tree more { udp dport 53 accept\n"
		"	return\n }\n"
		"ingress {\n"
		"	select dport { 80 -> goto http\n"
		"		22 -> tcp saddr $office accept }\n"
		"	call more\n"
		"	goto rest\n"
		"}\n"
		"tree http { protocol tcp saddr $office accept\n"
		"	goto rest }\n"
		"tree rest { iif eth0 drop\n"
		"	mark 0x7 drop\n"
		"	not protocol tcp drop\n"
		"	reject }\n";
	struct fwt_policy_ast *x = policy(a), *y;
	struct fwt_diff d;
	char *text;

	(void)state;
	text = strdup(b);
	memcpy(strstr(text, "tcp saddr"), "         ", 3);
	y = policy(text);
	assert_non_null(x);
	assert_non_null(y);
	assert_int_equal(fwt_diff(x, y, 0, 0, &d), 0);
	/* "22 -> saddr $office accept" took UDP too: port 22 of udp, and no more. The
	 * mark that A sets is an effect of what is accepted: nothing is by then.
	 */
	assert_int_equal(d.count, 1);
	assert_non_null(strstr(d.class[0].words, "dport 22"));
	assert_non_null(strstr(d.class[0].words, "10.0.0.0/8"));
	assert_string_equal(d.class[0].side[1].becomes, "accept");
	fwt_diff_clean(&d);
	fwt_ast_free(x);
	fwt_ast_free(y);
	free(text);
}

static void a_small_budget_is_an_answer(void **state)
{
	struct fwt_policy_ast *x = policy("ingress {\n tcp dport 22 accept\n drop\n}\n");
	struct fwt_policy_ast *y = policy("ingress {\n tcp dport 22 drop\n drop\n}\n");
	struct fwt_diff d;
	u32 budget;

	(void)state;
	assert_int_equal(fwt_diff(x, y, 20, 3, &d), 0);
	assert_true(d.outgrew);
	assert_true(d.tried > 0 && d.count > 0);
	assert_non_null(strstr(d.class[0].packet, ":22"));
	fwt_diff_clean(&d);
	/* Wherever it ends. */
	for (budget = 1; budget < 20000; budget += 1 + budget / 8) {
		assert_int_equal(fwt_diff(x, y, budget, 3, &d), 0);
		assert_true(d.outgrew || d.count == 1);
		fwt_diff_clean(&d);
	}
	fwt_ast_free(x);
	fwt_ast_free(y);
}

/* A hundred marks are more than one list has room for: each is told, and whole. */
static void long_lists_have_whole_values(void **state)
{
	struct fwt_policy_ast *x, *y = policy("ingress {\n accept\n}\n"), *again;
	char text[2000] = "ingress {\n mark { 5";
	u32 i, k, n = 0, value;
	struct fwt_diff d;
	const char *at;

	(void)state;
	for (i = 1; i < 100; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), ", %u",
			 5 + i * 100007);
	strcat(text, " } drop\n accept\n}\n");
	x = policy(text);
	assert_non_null(x);
	assert_int_equal(fwt_diff(x, y, 0, 0, &d), 0);
	assert_false(d.outgrew);
	for (i = 0; i < d.count; i++) {
		for (k = 0; k < FWT_DIFF_EXCEPT && d.class[i].except[k][0]; k++)
			assert_null(strstr(d.class[i].except[k], "..."));
		again = matches("ingress", d.class[i].words);
		assert_non_null(again);
		fwt_ast_free(again);
		for (at = d.class[i].words; *at; at++) {
			if (*at < '0' || *at > '9')
				continue;
			value = (u32)strtoul(at, (char **)&at, 10);
			assert_int_equal(value % 100007, 5);
			n++;
			at--;
		}
	}
	assert_int_equal(n, 100);
	fwt_diff_clean(&d);
	fwt_ast_free(x);
	fwt_ast_free(y);
}

/* A policy with a split of 120 branches whose last one has a weight, in front of another. */
static struct fwt_policy_ast *wide_split(u32 last)
{
	char text[6000] = "ingress {\n split random {\n";
	u32 i;

	for (i = 0; i < 120; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%u -> %s\n",
			 i == 119 ? last : 100 + i, i % 2 ? "accept" : "drop");
	strcat(text, "}\n}\n");
	return policy(text);
}

/* Of two splits behind long texts, @first is the port whose one stands first. */
static struct fwt_policy_ast *long_heads(u32 first)
{
	char text[6000] = "ingress {\n", list[1200] = "198.51.100.1";
	u32 port = first, i;

	for (i = 0; i < 60; i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), ", 10.0.%u.1", i);
	for (i = 0; i < 2; i++, port = 3 - port)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "saddr { %s } udp dport %u split random { 1 -> accept; %u -> drop }\n",
			 list, port, 3 * port);
	strcat(text, "drop\n}\n");
	return policy(text);
}

static void long_splits_are_whole(void **state)
{
	struct fwt_policy_ast *x = wide_split(219), *y = wide_split(223);
	struct fwt_diff d;

	(void)state;
	assert_non_null(x);
	assert_non_null(y);
	assert_int_equal(fwt_diff(x, y, 0, 0, &d), 0);
	assert_int_equal(d.n_data, 1);
	assert_int_equal(d.data[0].count[0], 1);
	assert_non_null(strstr(d.data[0].text[0][0], " : 218 : 219"));
	assert_non_null(strstr(d.data[0].text[1][0], " : 218 : 223"));
	fwt_diff_clean(&d);
	fwt_ast_free(x);
	fwt_ast_free(y);
	/* Which split is which is said by what stands last in its text. */
	x = long_heads(1);
	y = long_heads(2);
	assert_non_null(x);
	assert_non_null(y);
	assert_int_equal(fwt_diff(x, y, 0, 0, &d), 0);
	assert_int_equal(d.n_data, 0);
	fwt_diff_clean(&d);
	fwt_ast_free(x);
	fwt_ast_free(y);
}

/* A policy whose rule says @what behind a list of forty addresses. */
static struct fwt_policy_ast *behind_a_list(const char *before, const char *what)
{
	char text[3000], list[1200] = "198.51.100.1";
	u32 i;

	for (i = 0; i < 40; i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), ", 10.0.%u.1", 2 * i);
	snprintf(text, sizeof(text), "ingress {\n%s\nsaddr { %s } udp dport 53 %s\nreject\n}\n",
		 before, list, what);
	return policy(text);
}

/* However long the texts are: what differs at their ends is other. */
static void long_texts_are_whole(void **state)
{
	static const struct {
		const char *before, *one, *other;
	} pair[] = {
		{ "", "limit 10/second accept", "limit 2000/second accept" },
		{ "", "ct count by saddr > 10 drop", "ct count by saddr > 99 drop" },
		{ "", "random 1/10 drop", "random 2/10 drop" },
		{ "set mark 7", "limit 10/second by mark accept",
		  "limit 2000/second by mark accept" },
	};
	struct fwt_policy_ast *x, *y;
	char one[500], other[500];
	struct fwt_diff d;
	u32 i;

	(void)state;
	for (i = 0; i <= ARRAY_SIZE(pair); i++) {
		if (i < ARRAY_SIZE(pair)) {
			x = behind_a_list(pair[i].before, pair[i].one);
			y = behind_a_list(pair[i].before, pair[i].other);
		} else {
			snprintf(one, sizeof(one), "ingress { log \"%0420d\" accept }\n", 1);
			snprintf(other, sizeof(other), "ingress { log \"%0420d\" accept }\n", 2);
			x = policy(one);
			y = policy(other);
		}
		assert_non_null(x);
		assert_non_null(y);
		assert_int_equal(fwt_diff(x, y, 0, 0, &d), 0);
		assert_false(d.outgrew);
		assert_int_not_equal(d.count, 0);
		assert_string_not_equal(d.class[0].side[0].becomes, d.class[0].side[1].becomes);
		fwt_diff_clean(&d);
		assert_int_equal(fwt_diff(x, x, 0, 0, &d), 0);
		assert_int_equal(d.count, 0);
		fwt_diff_clean(&d);
		fwt_ast_free(x);
		fwt_ast_free(y);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classes_are_the_oracle),
		cmocka_unit_test(masks_are_the_oracle),
		cmocka_unit_test(a_rewrite_is_nothing),
		cmocka_unit_test(a_small_budget_is_an_answer),
		cmocka_unit_test(long_lists_have_whole_values),
		cmocka_unit_test(long_splits_are_whole),
		cmocka_unit_test(long_texts_are_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
