// SPDX-License-Identifier: GPL-2.0
/*
 * Small changes: a program with a patch decides as the edited text compiled afresh,
 * by the same lines, after each of thousands of changes; and a patch that was bent
 * is refused, or harmless.
 *
 * FWT_CHANGES says how many changes each policy is put to (default 60).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "diag.h"
#include "filters.h"
#include "gen_policy.h"
#include "patched.h"
#include "sema_sample.h"

static struct {
	u64 changes, added, deleted, replaced, again, refused, bent, unbent;
} sum;

struct session {
	struct base base;
	struct text text;
	struct fwt_delta delta;
	struct fwt_sampler sampler;
	u64 rnd;
};

/* The patch is as good as the text, which it can tell. */
static void check(struct session *s, struct patched *p)
{
	char *text = text_join(&s->text), *told;
	const struct fwt_prog_file *f = s->base.prog.file;
	struct base fresh;
	size_t len;
	FILE *out;
	u32 i;

	out = open_memstream(&told, &len);
	assert_non_null(out);
	fwt_delta_print(&s->delta, 0, s->base.prog.source + f->text, f->text_len, out);
	fclose(out);
	if (strcmp(told, text)) {
		fprintf(stderr, "told:\n%s\nbut it is\n%s\n", told, text);
		fail();
	}
	free(told);
	if (!base_make(&fresh, text, 3)) {
		fprintf(stderr, "%s\n", text);
		fail();
	}
	free(text);
	for (i = 0; i < 60; i++) {
		struct fwt_packet pkt;

		fwt_sampler_packet(&s->sampler, s->base.ast->hooks, &pkt);
		pkt.hook = i & 1;
		patched_compare(&p->prog, &fresh.prog, i & 1, &pkt);
	}
	base_clean(&fresh);
}

/* Whatever is accepted of a bent patch is safe to walk (under ASan). */
static void bend(struct session *s, const struct patched *p)
{
	u32 i, k;

	for (i = 0; i < 12; i++) {
		struct patched bent = { .blob = { aligned_alloc(64, (p->blob.len + 63) & ~63ul),
						  p->blob.len } };
		u8 *to = bent.blob.data;

		assert_non_null(to);
		memcpy(to, p->blob.data, p->blob.len);
		for (k = 0; k <= i % 3; k++) {
			/* Half of them in the patch's own tables. */
			u32 room = i & 1 ? ((struct fwt_patch_hdr *)p->blob.data)->
						sec[FWT_PATCH_PROGRAM].off : (u32)p->blob.len;
			u32 at = filter_rnd(&s->rnd) % room, value = filter_rnd(&s->rnd);

			if (value & 1)
				to[at] = (u8)(value >> 8);
			else if (value & 2)
				to[at] += value & 4 ? 1 : -1;
			else
				memcpy(to + (at & ~3u), &value, min(4u, (u32)p->blob.len - at));
		}
		if (patched_make(&bent, &s->base)) {
			sum.bent++;
		} else {
			sum.unbent++;
			for (k = 0; k < 20; k++) {
				struct walking w = { .env.ops = &patched_ops, .prog = &bent.prog };
				struct fwt_decision d;
				struct fwt_packet pkt;

				fwt_sampler_packet(&s->sampler, s->base.ast->hooks, &pkt);
				pkt.hook = k & 1;
				if (bent.prog.root[k & 1] == FWT_NONE)
					continue;
				fwt_walk(&bent.prog, bent.prog.root[k & 1], &pkt, &w.env, &d);
				patched_line(&bent.prog, d.rule);
			}
			fwt_patch_line(&bent.patch, 0, filter_rnd(&s->rnd) % 300);
		}
		patched_clean(&bent);
	}
}

static u32 spaces(const char *text)
{
	return (u32)strspn(text, " \t");
}

/* A rule of the base that stands on a line of its own, at random. */
static const struct fwt_prog_rule *pick(struct session *s, u32 *index, struct fwt_rule_spot *spot)
{
	const struct fwt_program *prog = &s->base.prog;
	u32 tries, i;

	for (tries = 0; tries < 50; tries++) {
		const struct fwt_delta_gone *g = s->delta.gone.data;

		*index = filter_rnd(&s->rnd) % prog->n[FWT_SEC_RULES];
		for (i = 0; i < s->delta.gone.count; i++)
			if (g[i].rule == *index)
				break;
		if (i < s->delta.gone.count)
			continue;
		fwt_rule_spot(prog, &s->base.of, *index, spot);
		if (spot->alone)
			return &prog->rule[*index];
	}
	return NULL;
}

static u32 n_lines(const struct fwt_program *prog, const struct fwt_prog_rule *r)
{
	u32 i, n = 1;

	for (i = 0; i < r->text_len; i++)
		n += prog->source[r->text + i] == '\n';
	return n;
}

static void check_defines(const char *some, const char *all)
{
	const char *end;
	char *line;

	for (; some && *some; some = end + 1) {
		end = strchr(some, '\n');
		assert_non_null(end);
		line = strndup(some, (size_t)(end + 1 - some));
		assert_non_null(strstr(all, line));
		free(line);
	}
}

/* One change, to the delta and to the text. False: it is none for a patch. */
static bool change(struct session *s, const char *new, struct patched *p, u32 forget)
{
	const struct fwt_program *prog = &s->base.prog;
	struct fwt_delta_line line = { .has_rule = true };
	u32 what = filter_rnd(&s->rnd) % 4, index, shown, n, wrong, side;
	u32 n_added = s->delta.added.count;
	char *own = strdup(new + spaces(new)), raw[600];
	const struct fwt_prog_rule *r;
	struct fwt_rule_spot spot;
	struct fwt_delta_gone g;
	struct fwt_delta before;
	struct patched was = *p;
	const struct fwt_patch now = p->patch;
	struct text old = { 0 };
	struct fwt_diag diag;
	char *joined;
	int ret;

	assert_non_null(own);
	snprintf(raw, sizeof(raw), "\t%s\n", own);
	line.text = raw;
	line.rule = own;
	r = pick(s, &index, &spot);
	if (!r) {
		free(own);
		return false;
	}
	joined = text_join(&s->text);
	text_init(&old, joined);
	free(joined);
	line.tree = (char *)fwt_program_string(prog, r->tree);
	line.hooks = r->hooks;
	shown = fwt_patch_line(p->blob.data ? &p->patch : NULL, 0, r->line);
	g = (struct fwt_delta_gone){ 0, r->line, n_lines(prog, r), index };
	ret = -1;
	assert_true(fwt_delta_defines(&s->delta, s->base.prog.defines,
				      s->base.prog.n[FWT_SEC_DEFINES]));
	if (n_added && filter_rnd(&s->rnd) % 3 == 0) {
		/* One that was added goes, or has another behind it. */
		struct fwt_delta_line *l = s->delta.added.data;

		n = filter_rnd(&s->rnd) % n_added;
		shown = l[n].shown;
		assert_int_equal(fwt_delta_find(&s->delta, 0, shown), n);
		assert_int_equal(fwt_delta_base_line(&s->delta, 0, shown), 0);
		if (what & 1) {
			fwt_delta_remove(&s->delta, n);
			text_delete(&s->text, shown - 1);
		} else {
			line.file = l[n].file;
			line.before = l[n].before;
			line.side = l[n].side;
			line.tree = l[n].tree;
			line.hooks = l[n].hooks;
			assert_int_equal(fwt_delta_add(&s->delta, &line, n + 1), n + 1);
			text_insert(&s->text, shown, raw);
			s->text.line[shown][strlen(raw) - 1] = 0;
		}
		sum.again++;
		ret = 0;
	} else if (what == 0 && spot.plain) {
		assert_true(fwt_delta_delete(&s->delta, &g));
		for (n = 0; n < g.lines; n++)
			text_delete(&s->text, shown - 1);
		sum.deleted++;
		ret = 0;
	} else if (what == 1 && spot.plain) {
		line.before = r->line;
		line.side = spot.side[FWT_PATCH_BEFORE];
		assert_true(fwt_delta_delete(&s->delta, &g));
		assert_int_not_equal(fwt_delta_add(&s->delta, &line, FWT_DELTA_BEFORE), FWT_NONE);
		for (n = 0; n < g.lines; n++)
			text_delete(&s->text, shown - 1);
		text_insert(&s->text, shown - 1, raw);
		s->text.line[shown - 1][strlen(raw) - 1] = 0;
		sum.replaced++;
		ret = 0;
	} else if (what >= 2) {
		side = what & 1;
		if (spot.side[side].forest != FWT_NONE) {
			u32 at = shown;

			/* There may be lines in the rule's own block. */
			if (side)
				at = 1 + fwt_patch_line(was.blob.data ? &now : NULL, 0,
							r->line + g.lines - 1);

			line.before = side ? r->line + g.lines : r->line;
			line.side = spot.side[side];
			n = fwt_delta_add(&s->delta, &line,
					  side ? FWT_DELTA_BEHIND : FWT_DELTA_BEFORE);
			assert_int_not_equal(n, FWT_NONE);
			text_insert(&s->text, at - 1, raw);
			s->text.line[at - 1][strlen(raw) - 1] = 0;
			sum.added++;
			ret = 0;
		}
	}
	memset(p, 0, sizeof(*p));
	if (!ret) {
		fwt_diag_init(&diag);
		ret = fwt_delta_build(&s->delta, "t.fw", &diag, &wrong, &p->blob);
		fwt_diag_clean(&diag);
		assert_true(!ret || ret == -EINVAL || ret == -EOPNOTSUPP);
	}
	if (!ret) {
		ret = patched_make(p, &s->base);
		if (ret)
			patched_clean(p);
		/* Such a one goes the whole way: its walks may take too many steps. */
		if (ret && ret != -E2BIG) {
			fprintf(stderr, "what was built is refused: %s\n", patched_refusal);
			fail();
		}
	}
	if (ret) {
		/* As it was. */
		sum.refused++;
		text_clean(&s->text);
		s->text = old;
		fwt_delta_clean(&s->delta);
		if (was.blob.data)
			assert_int_equal(fwt_delta_load(&s->delta, was.blob.data,
							was.blob.len), 0);
		*p = was;
		free(own);
		return false;
	}
	text_clean(&old);
	patched_clean(&was);
	sum.changes++;
	/* What was made can be gone on with. */
	if (forget) {
		before = s->delta;
		assert_int_equal(fwt_delta_load(&s->delta, p->blob.data, p->blob.len), 0);
		/* Of the definitions it has those that its rules use. */
		check_defines(s->delta.defines, before.defines);
		fwt_delta_clean(&before);
	}
	free(own);
	return true;
}

static u32 n_changes(void)
{
	const char *text = getenv("FWT_CHANGES");

	return text ? (u32)strtoul(text, NULL, 10) : 60;
}

/* @news: rules to draw from. */
static void play(const char *text, const struct text *news, u64 seed)
{
	struct session s = { .rnd = seed * 7 + 1 };
	struct patched p = { 0 };
	u32 i;

	if (!base_make(&s.base, text, 3))
		return;
	text_init(&s.text, text);
	fwt_delta_init(&s.delta);
	assert_int_equal(fwt_sampler_init(&s.sampler, s.base.ast, seed), 0);
	for (i = 0; i < n_changes(); i++)
		if (change(&s, news->line[filter_rnd(&s.rnd) % news->n], &p, i & 1)) {
			check(&s, &p);
			bend(&s, &p);
		}
	fwt_sampler_clean(&s.sampler);
	fwt_delta_clean(&s.delta);
	text_clean(&s.text);
	patched_clean(&p);
	base_clean(&s.base);
}

static char *filter_text(u32 n, enum filter_family family, bool six, u64 seed)
{
	struct fwt_filter *f = calloc(n, sizeof(*f));
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_true(f && out);
	filters_make(f, n, family, six, seed);
	fwt_filters_print(out, f, n, "ingress");
	fclose(out);
	free(f);
	return text;
}

static void keep_rules(struct text *t)
{
	/* Without the hook, its last rule, and its end. */
	text_delete(t, t->n - 1);
	text_delete(t, t->n - 1);
	text_delete(t, 0);
}

static void test_filters(void **state)
{
	u32 family, six;

	(void)state;
	for (family = 0; family < __FILTER_FAMILY_MAX; family++)
		for (six = 0; six < 2; six++) {
			char *base = filter_text(200, (enum filter_family)family, six, 3);
			char *more = filter_text(400, (enum filter_family)family, six, 4);
			struct text news;

			text_init(&news, more);
			keep_rules(&news);
			play(base, &news, family * 2 + six + 1);
			text_clean(&news);
			free(base);
			free(more);
		}
	assert_true(sum.added && sum.deleted && sum.replaced && sum.again && patched_sum.by_added);
}

static void test_shapes(void **state)
{
	u64 seed;

	(void)state;
	for (seed = 1; seed < 500; seed++) {
		char *base = gen_policy(seed), *more = gen_policy(seed + 1000);
		struct text news;
		u32 i;

		assert_true(base && more);
		text_init(&news, more);
		/* Whole rules: what ends in a verdict and opens no block. No ids, which
		 * the kernel would refuse twice.
		 */
		for (i = news.n; i-- > 0;)
			if (strpbrk(news.line[i], "{}>") || strstr(news.line[i], " id ") ||
			    (!strstr(news.line[i], "accept") && !strstr(news.line[i], "drop")))
				text_delete(&news, i);
		if (news.n)
			play(base, &news, seed);
		text_clean(&news);
		free(base);
		free(more);
	}
	printf("%llu changes: %llu added, %llu deleted, %llu replaced, %llu of added ones; "
	       "%llu not for a patch\n%llu packets, %llu decided by what was added\n",
	       (unsigned long long)sum.changes, (unsigned long long)sum.added,
	       (unsigned long long)sum.deleted, (unsigned long long)sum.replaced,
	       (unsigned long long)sum.again, (unsigned long long)sum.refused,
	       (unsigned long long)patched_sum.packets, (unsigned long long)patched_sum.by_added);
	printf("%llu bent patches refused, %llu harmless\n", (unsigned long long)sum.bent,
	       (unsigned long long)sum.unbent);
	assert_true(sum.changes > 1000 && sum.bent > 1000 && sum.unbent > 1000);
}

/* What a rule covered is found when it goes, and covered again when it comes. */
static void test_covered(void **state)
{
	static const char text[] =
		"ingress {\n"
		"\tsaddr 10.0.0.0/8 accept\n"
		"\tsaddr 10.1.0.0/16 tcp dport 80 drop\n"
		"\tudp dport 53 accept\n"
		"\tdrop\n"
		"}\n";
	const struct fwt_delta_gone first = { 0, 2, 1, 0 };
	struct fwt_delta_line line = {
		.before = 2, .text = "\tsaddr 10.1.0.0/16 tcp sport 1000 accept\n",
		.rule = "saddr 10.1.0.0/16 tcp sport 1000 accept", .has_rule = true,
		.tree = "ingress", .hooks = FWT_HOOK_BIT(FWT_HOOK_INGRESS),
	};
	struct fwt_packet pkt = {
		.have = FWT_HAVE_IP | FWT_HAVE_TCP | FWT_HAVE_PORTS, .family = 4,
		.protocol = FWT_IPPROTO_TCP, .saddr = { 0x0a010101 }, .daddr = { 1 },
		.sport = 1000, .dport = 80,
	}, p;
	static const u32 want[] = { 3, 2, 3, 2 };
	struct patched now = { 0 };
	struct fwt_rule_spot spot;
	struct fwt_delta delta;
	struct fwt_decision d;
	struct fwt_diag diag;
	struct base base;
	u32 i, wrong;

	(void)state;
	assert_true(base_make(&base, text, 3));
	p = pkt;
	fwt_walk(&base.prog, base.prog.root[0], &p, NULL, &d);
	assert_int_equal(patched_line(&base.prog, d.rule), 2);
	fwt_rule_spot(&base.prog, &base.of, 0, &spot);
	assert_true(spot.plain && spot.alone);
	line.side = spot.side[FWT_PATCH_BEFORE];
	/* Without it; with another one that covers less; without both; as it was. */
	for (i = 0; i < 4; i++) {
		fwt_delta_init(&delta);
		if (i != 3)
			assert_true(fwt_delta_delete(&delta, &first));
		if (i == 1)
			assert_int_equal(fwt_delta_add(&delta, &line, FWT_DELTA_BEFORE), 0);
		fwt_diag_init(&diag);
		assert_int_equal(fwt_delta_build(&delta, "t.fw", &diag, &wrong, &now.blob), 0);
		assert_int_equal(patched_make(&now, &base), 0);
		p = pkt;
		fwt_walk(&now.prog, now.prog.root[0], &p, NULL, &d);
		assert_int_equal(patched_line(&now.prog, d.rule), want[i] - (i == 0 || i == 2));
		fwt_diag_clean(&diag);
		fwt_delta_clean(&delta);
		patched_clean(&now);
	}
	base_clean(&base);
}

/* A program within a patch, and its objects. */
static struct fwt_prog_object *objects_of(struct patched *p, u32 *n)
{
	struct fwt_patch_hdr *h = p->blob.data;
	struct fwt_prog_hdr *prog = (void *)((u8 *)h + h->sec[FWT_PATCH_PROGRAM].off);

	*n = prog->sec[FWT_SEC_OBJECTS].count;
	return (void *)((u8 *)prog + prog->sec[FWT_SEC_OBJECTS].off);
}

/* Rules that ask sets, those in sets too: the base's, or none. */
static void test_objects(void **state)
{
	static const char text[] =
		"define mine = { 10.0.0.0/8, 10.1.2.3 }\n"
		"set other : addr { elements = { 10.2.0.0/16 } }\n"
		"set some : addr { max 100; timeout 5m; elements = { 10.3.0.1, @other, addr(lan) } }\n"
		"set pairs : addr . port\n"
		"ingress {\n"
		"\tsaddr @other accept\n"
		"\tsaddr 10.1.0.0/16 tcp dport 80 add @some { saddr } drop\n"
		"\tudp dport 53 accept\n"
		"\tdrop\n"
		"}\n";
	static const char *const rule[] = {
		"saddr @some accept", "saddr . dport @pairs drop", "daddr @other saddr $mine drop",
		"saddr != @some protocol tcp add @pairs { saddr . dport } accept",
		"saddr @some protocol udp remove @other { saddr } drop",
	};
	struct session s = { .rnd = 1 };
	struct patched p = { 0 }, bent;
	struct fwt_prog_object *o, was;
	struct fwt_rule_spot spot;
	struct fwt_diag diag;
	u32 i, k, n, wrong;
	int ret;

	(void)state;
	assert_true(base_make(&s.base, text, 3));
	assert_int_equal(fwt_sampler_init(&s.sampler, s.base.ast, 1), 0);
	fwt_delta_init(&s.delta);
	text_init(&s.text, text);
	assert_true(fwt_delta_defines(&s.delta, s.base.prog.defines,
				      s.base.prog.n[FWT_SEC_DEFINES]));
	fwt_rule_spot(&s.base.prog, &s.base.of, 1, &spot);
	for (i = 0; i < ARRAY_SIZE(rule); i++) {
		char raw[200];
		struct fwt_delta_line line = {
			.before = 7, .text = raw, .rule = (char *)rule[i], .has_rule = true,
			.tree = "ingress", .hooks = FWT_HOOK_BIT(FWT_HOOK_INGRESS),
			.side = spot.side[FWT_PATCH_BEFORE],
		};

		patched_clean(&p);
		memset(&p, 0, sizeof(p));
		snprintf(raw, sizeof(raw), "\t%s\n", rule[i]);
		assert_int_not_equal(fwt_delta_add(&s.delta, &line, FWT_DELTA_BEFORE), FWT_NONE);
		text_insert(&s.text, 6 + i, raw);
		s.text.line[6 + i][strlen(raw) - 1] = 0;
		fwt_diag_init(&diag);
		ret = fwt_delta_build(&s.delta, "t.fw", &diag, &wrong, &p.blob);
		if (ret)
			fail_msg("%s: %s", rule[i], diag.count ? diag.entries[0].message : "?");
		/* From the first that a walk writes something down for. */
		assert_int_equal(s.delta.counted, i >= 3);
		fwt_diag_clean(&diag);
		if (patched_make(&p, &s.base))
			fail_msg("%s: %s", rule[i], patched_refusal);
		for (k = 0; k < 200; k++)
			check(&s, &p);
	}
	assert_true(patched_sum.updates);
	/* Of another name, of other types, of another kind: not the base's. */
	for (i = 0; i < 4; i++) {
		bent.blob.data = aligned_alloc(64, (p.blob.len + 63) & ~63ul);
		bent.blob.len = p.blob.len;
		assert_non_null(bent.blob.data);
		memcpy(bent.blob.data, p.blob.data, p.blob.len);
		o = objects_of(&bent, &n);
		assert_true(n >= 3);
		was = o[1];
		o[1].key += i == 0;
		o[1].name = i == 1 ? o[0].name : was.name;
		if (i == 2) {
			o[1].param[FWT_SETP_TYPES] = FWT_SET_TYPE_MARK;
			o[1].param[FWT_SETP_SHAPE] = 1;
		}
		ret = patched_make(&bent, &s.base);
		if (i < 3 && (!ret || !patched_refusal[0]))
			fail_msg("an object that is not the base's was taken: %u", i);
		if (i == 3)
			assert_int_equal(ret, 0);
		patched_clean(&bent);
	}
	patched_clean(&p);
	fwt_sampler_clean(&s.sampler);
	fwt_delta_clean(&s.delta);
	text_clean(&s.text);
	base_clean(&s.base);
}

/* What a walk with the patch takes more than without, where a rule is added that asks a
 * set of so many ranges.
 */
static u32 steps_more(u32 ranges)
{
	struct fwt_delta_line line = {
		.before = 3, .text = "\tsaddr @big accept\n", .rule = "saddr @big accept",
		.has_rule = true, .tree = "ingress",
		.hooks = FWT_HOOK_BIT(FWT_HOOK_INGRESS),
	};
	struct patched now = { 0 };
	struct fwt_rule_spot spot;
	struct fwt_delta delta;
	struct fwt_diag diag;
	struct base base;
	u32 wrong, more, i;
	char *text;
	size_t len;
	FILE *out;

	out = open_memstream(&text, &len);
	assert_non_null(out);
	fprintf(out, "set big : addr { elements = { 192.0.2.1");
	for (i = 0; i < ranges; i++)
		fprintf(out, ", 10.%u.%u.4-10.%u.%u.9", i >> 8, i & 255, i >> 8, i & 255);
	fprintf(out, " } }\ningress {\n\tsaddr 10.1.0.0/16 drop\n\tudp dport 53 accept\n"
		"\ttcp dport 53 accept\n"
		"\tdrop\n}\n");
	fclose(out);
	assert_true(base_make(&base, text, 3));
	fwt_rule_spot(&base.prog, &base.of, 0, &spot);
	line.side = spot.side[FWT_PATCH_BEFORE];
	fwt_delta_init(&delta);
	assert_true(fwt_delta_defines(&delta, base.prog.defines, base.prog.n[FWT_SEC_DEFINES]));
	assert_int_equal(fwt_delta_add(&delta, &line, FWT_DELTA_BEFORE), 0);
	fwt_diag_init(&diag);
	assert_int_equal(fwt_delta_build(&delta, "t.fw", &diag, &wrong, &now.blob), 0);
	if (patched_make(&now, &base))
		fail_msg("%s", patched_refusal);
	more = now.patch.steps_max - base.prog.steps_max;
	fwt_diag_clean(&diag);
	fwt_delta_clean(&delta);
	patched_clean(&now);
	base_clean(&base);
	free(text);
	return more;
}

/* A set's ranges are searched, though the patch does not have them. */
static void test_steps(void **state)
{
	(void)state;
	assert_true(steps_more(4095) >= steps_more(0) + 2 * 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_covered), cmocka_unit_test(test_filters),
		cmocka_unit_test(test_shapes), cmocka_unit_test(test_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
