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

#include "delta_change.h"
#include "diag.h"
#include "filters.h"
#include "gen_policy.h"
#include "sema_sample.h"

static u32 n_changes(void)
{
	const char *text = getenv("FWT_CHANGES");

	return text ? (u32)strtoul(text, NULL, 10) : 60;
}

/* Some lines without braces become those of another file, which is included there. */
static bool spread(struct session *s, u32 n)
{
	struct text *from = &s->text[filter_rnd(&s->rnd) % n], *to = &s->text[n];
	u32 at = filter_rnd(&s->rnd) % from->n, i;
	u32 most = 1 + filter_rnd(&s->rnd) % (from->n / 2 + 1);
	char line[40];

	for (i = at; i < from->n && i < at + most; i++)
		if (strpbrk(from->line[i], "{}>\\"))
			break;
	if (i == at)
		return false;
	for (most = i - at; most; most--) {
		text_insert(to, to->n, from->line[at]);
		text_delete(from, at);
	}
	snprintf(line, sizeof(line), "include \"" FILE_NAME "\"", n);
	text_insert(from, at, line);
	return true;
}

/* Files get the numbers by which they are read. */
static void number(struct session *s, u32 n)
{
	struct text was[FILES_MAX];
	u32 to[FILES_MAX], i, k, m;
	char line[40];

	memcpy(was, s->text, sizeof(was));
	for (i = 0; i < n; i++) {
		const char *name = fwt_program_string(&s->base.prog, s->base.prog.file[i].name);

		int got = sscanf(strrchr(name, '/') + 1, FILE_NAME, &k);

		assert_int_equal(got, 1);
		s->text[i] = was[k];
		to[k] = i;
	}
	for (i = 0; i < n; i++)
		for (k = 0; k < s->text[i].n; k++)
			if (sscanf(s->text[i].line[k], "include \"" FILE_NAME, &m) == 1) {
				snprintf(line, sizeof(line), "include \"" FILE_NAME "\"", to[m]);
				text_delete(&s->text[i], k);
				text_insert(&s->text[i], k, line);
			}
}

/* In as many files as come of it. */
static bool spread_out(struct session *s)
{
	u32 n = 1, i;

	for (i = 0; i < 20 && n < FILES_MAX; i++)
		n += spread(s, n);
	/* Something may have stood on several lines. */
	if (n == 1 || !base_make_files(&s->base, s->text, n, 3))
		return false;
	number(s, n);
	base_clean(&s->base);
	assert_true(base_make_files(&s->base, s->text, n, 3));
	return true;
}

/* @news: rules to draw from; @files: of several. */
static void play(const char *text, const struct text *news, const struct known_filters *known,
		 u64 seed, bool files)
{
	struct session s = { .rnd = seed * 7 + 1, .known = known };
	struct patched p = { 0 };
	u32 i;

	text_init(&s.text[0], text);
	if (files ? !spread_out(&s) : !base_make(&s.base, text, 3)) {
		for (i = 0; i < FILES_MAX; i++)
			text_clean(&s.text[i]);
		return;
	}
	fwt_delta_init(&s.delta);
	assert_int_equal(fwt_sampler_init(&s.sampler, s.base.ast, seed), 0);
	for (i = 0; i < n_changes(); i++)
		if (session_change(&s, news->line[filter_rnd(&s.rnd) % news->n], &p, i & 1)) {
			session_check(&s, &p);
			session_bend(&s, &p);
		}
	fwt_sampler_clean(&s.sampler);
	fwt_delta_clean(&s.delta);
	for (i = 0; i < FILES_MAX; i++)
		text_clean(&s.text[i]);
	text_clean(&s.changed);
	patched_clean(&p);
	base_clean(&s.base);
}

static void test_filters(void **state)
{
	u64 packets = patched_sum.packets, by_added = patched_sum.by_added;
	u32 family, six;

	(void)state;
	for (family = 0; family < __FILTER_FAMILY_MAX; family++)
		for (six = 0; six < 2; six++) {
			enum filter_family kind = (enum filter_family)family;
			struct known_filters known = { 0 }, news = { 0 };
			char *base = known_make(&known, 200, kind, six, 3);

			free(known_make(&known, 400, kind, six, 4));
			free(known_make(&news, 400, kind, six, 4));
			play(base, &news.rule, &known, family * 2 + six + 1, false);
			play(base, &news.rule, &known, family * 2 + six + 1, true);
			known_clean(&known);
			known_clean(&news);
			free(base);
		}
	packets = patched_sum.packets - packets;
	by_added = patched_sum.by_added - by_added;
	printf("%llu packets, %llu decided by what was added\n", (unsigned long long)packets,
	       (unsigned long long)by_added);
	assert_true(by_added > packets / 100);
	assert_true(changes_sum.added && changes_sum.deleted && changes_sum.replaced &&
		    changes_sum.again);
}

static const char *const common[] = {
	"\ttcp dport 1-2000 limit 10/second accept",
	"\tudp dport 53 limit over 5/minute burst 10 by saddr drop",
	"\tsaddr 10.0.0.0/8 protocol tcp limit 1/hour log",
	"\tquota 10M accept", "\tprotocol udp quota over 1G drop",
	"\tprotocol tcp ct count by saddr > 3 reject",
	"\ttcp dport 80 ct count by daddr < 2 accept",
	"\tct count by saddr . dport >= 2 count many",
	"\tprotocol udp count some", "\tcount all", "\ttcp dport 22 log \"ssh \"",
	"\tsaddr 10.0.0.0/8 set mark 5", "\tset mark mark count marked",
	"\tlog \"seen \" accept",
};

/* Rules that lead to the trees of @base, to be added where some of theirs are, too. */
static void lead_there(struct text *news, const char *base)
{
	const char *at = base;
	char line[80];
	int n;

	while ((at = strstr(at, "\ntree ")) != NULL) {
		at += strlen("\ntree ");
		n = (int)strcspn(at, " {");
		snprintf(line, sizeof(line), "\tprotocol tcp goto %.*s", n, at);
		text_insert(news, news->n, line);
		snprintf(line, sizeof(line), "\tprotocol udp count led call %.*s", n, at);
		text_insert(news, news->n, line);
	}
}

static void shape(u64 seed, bool files)
{
	char *base = gen_policy(seed), *more = gen_policy(seed + 1000);
	struct text news;
	u32 i;

	assert_true(base && more);
	text_init(&news, more);
	/* Whole rules: what opens no block, whether it ends in a verdict or not. No ids,
	 * which the kernel would refuse twice.
	 */
	for (i = news.n; i-- > 0;)
		if (strpbrk(news.line[i], "{}") || strstr(news.line[i], "->") ||
		    strstr(news.line[i], " id ") || !strchr(" \t", news.line[i][0]))
			text_delete(&news, i);
	/* What users change most, among them. */
	for (i = 0; i < 4 * ARRAY_SIZE(common); i++)
		text_insert(&news, news.n, common[i % ARRAY_SIZE(common)]);
	lead_there(&news, base);
	if (news.n)
		play(base, &news, NULL, seed, files);
	text_clean(&news);
	free(base);
	free(more);
}

/* Policies of several files: what was changed is told to be where it is. */
static void test_files(void **state)
{
	u64 seed;

	(void)state;
	for (seed = 500; seed < 700; seed++)
		shape(seed, true);
	printf("%llu changes in files that are included\n",
	       (unsigned long long)changes_sum.others);
	assert_true(changes_sum.others > 100);
}

static void test_shapes(void **state)
{
	u64 seed;

	(void)state;
	for (seed = 1; seed < 500; seed++)
		shape(seed, false);
	printf("%llu changes: %llu added, %llu deleted, %llu replaced, %llu of added ones; "
	       "%llu not for a patch\n%llu packets, %llu decided by what was added\n",
	       (unsigned long long)changes_sum.changes, (unsigned long long)changes_sum.added,
	       (unsigned long long)changes_sum.deleted, (unsigned long long)changes_sum.replaced,
	       (unsigned long long)changes_sum.again, (unsigned long long)changes_sum.refused,
	       (unsigned long long)patched_sum.packets, (unsigned long long)patched_sum.by_added);
	printf("%llu limits and quotas asked, %llu counts\n",
	       (unsigned long long)patched_sum.charges, (unsigned long long)patched_sum.counts);
	assert_true(patched_sum.charges > 1000 && patched_sum.counts > 500);
	printf("%llu bent patches refused, %llu harmless\n", (unsigned long long)changes_sum.bent,
	       (unsigned long long)changes_sum.unbent);
	assert_true(changes_sum.changes > 1000 && changes_sum.bent > 1000 &&
		    changes_sum.unbent > 1000);
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
		.tree = "ingress", .name = "t.fw", .hooks = FWT_HOOK_BIT(FWT_HOOK_INGRESS),
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
		assert_int_equal(fwt_delta_build(&delta, &diag, &wrong, &now.blob), 0);
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

/* A tree that an added rule leads to is the base's, with what else is added there: that is
 * none for a patch, whatever the tree that the patch has of that name.
 */
static void test_leads(void **state)
{
	static const char text[] =
		"ingress {\n"
		"\ttcp dport 1 accept\n"
		"\ttcp dport 2 accept\n"
		"\ttcp dport 3 accept\n"
		"\ttcp dport 443 goto web\n"
		"\taccept\n"
		"}\n"
		"tree web {\n"
		"\tsaddr 10.1.0.0/16 accept\n"
		"\tsaddr 10.2.0.0/16 accept\n"
		"\tsaddr 10.3.0.0/16 accept\n"
		"\tdrop\n"
		"}\n";
	static const char *const rule[] = { "tcp dport 80 goto web", "tcp dport 80 call web",
					    "tcp dport 80 count some" };
	struct fwt_rule_spot spot;
	struct fwt_delta delta;
	struct fwt_blob blob;
	struct fwt_diag diag;
	struct base base;
	u32 i, k, wrong;

	(void)state;
	assert_true(base_make(&base, text, 3));
	for (i = 0; i < ARRAY_SIZE(rule); i++) {
		struct fwt_delta_line line = { .has_rule = true, .name = "t.fw",
					       .hooks = FWT_HOOK_BIT(FWT_HOOK_INGRESS) };
		char raw[80];

		fwt_delta_init(&delta);
		for (k = 0; k < 2; k++) {
			const struct fwt_prog_rule *r;
			u32 of = 0;

			line.rule = (char *)(k ? "saddr 10.9.0.0/16 drop" : rule[i]);
			while (base.prog.rule[of].line != (k ? 9 : 2))
				of++;
			r = &base.prog.rule[of];
			snprintf(raw, sizeof(raw), "\t%s\n", line.rule);
			line.text = raw;
			line.tree = (char *)(k ? "web" : "ingress");
			line.before = r->line;
			fwt_rule_spot(&base.prog, &base.of, of, &spot);
			line.side = spot.side[FWT_PATCH_BEFORE];
			assert_int_not_equal(fwt_delta_add(&delta, &line, FWT_DELTA_BEFORE),
					     FWT_NONE);
		}
		fwt_diag_init(&diag);
		assert_int_equal(fwt_delta_build(&delta, &diag, &wrong, &blob),
				 i < 2 ? -EOPNOTSUPP : 0);
		if (i == 2)
			fwt_blob_free(&blob);
		fwt_diag_clean(&diag);
		fwt_delta_clean(&delta);
	}
	base_clean(&base);
}

/* Which ports are led to a range of them one to one the block around says, which a patch
 * does not have.
 */
static void test_ports(void **state)
{
	static const char text[] =
		"ingress {\n"
		"\ttcp dport 1000-1009 {\n"
		"\t\tsaddr 10.1.0.0/16 accept\n"
		"\t\tsaddr 10.2.0.0/16 accept\n"
		"\t\tsaddr 10.3.0.0/16 accept\n"
		"\t}\n"
		"\tdrop\n"
		"}\n";
	static const struct {
		const char *rule;
		int ret;
	} add[] = {
		{ "saddr 10.9.0.0/16 dnat to :2000-2009 accept", -EOPNOTSUPP },
		{ "saddr 10.9.0.0/16 dnat to :2000-2009 random accept", 0 },
		{ "saddr 10.9.0.0/16 dnat to :2000 accept", 0 },
		{ "tcp dport 1000-1009 dnat to :2000-2009 accept", 0 },
	};
	struct fwt_rule_spot spot;
	struct fwt_delta delta;
	struct fwt_blob blob;
	struct fwt_diag diag;
	struct base base;
	u32 i, of = 0, wrong;

	(void)state;
	assert_true(base_make(&base, text, 3));
	while (base.prog.rule[of].line != 4)
		of++;
	fwt_rule_spot(&base.prog, &base.of, of, &spot);
	for (i = 0; i < ARRAY_SIZE(add); i++) {
		struct fwt_delta_line line = { .has_rule = true, .name = "t.fw", .before = 4,
					       .rule = (char *)add[i].rule, .tree = "ingress",
					       .hooks = FWT_HOOK_BIT(FWT_HOOK_INGRESS),
					       .text = "\t\t\n",
					       .side = spot.side[FWT_PATCH_BEFORE] };

		fwt_delta_init(&delta);
		assert_int_equal(fwt_delta_add(&delta, &line, FWT_DELTA_BEFORE), 0);
		fwt_diag_init(&diag);
		assert_int_equal(fwt_delta_build(&delta, &diag, &wrong, &blob), add[i].ret);
		if (!add[i].ret)
			fwt_blob_free(&blob);
		fwt_diag_clean(&diag);
		fwt_delta_clean(&delta);
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
	text_init(&s.text[0], text);
	assert_true(fwt_delta_defines(&s.delta, s.base.prog.defines,
				      s.base.prog.n[FWT_SEC_DEFINES]));
	fwt_rule_spot(&s.base.prog, &s.base.of, 1, &spot);
	for (i = 0; i < ARRAY_SIZE(rule); i++) {
		char raw[200];
		struct fwt_delta_line line = {
			.before = 7, .text = raw, .rule = (char *)rule[i], .has_rule = true,
			.tree = "ingress", .name = "t.fw", .hooks = FWT_HOOK_BIT(FWT_HOOK_INGRESS),
			.side = spot.side[FWT_PATCH_BEFORE],
		};

		patched_clean(&p);
		memset(&p, 0, sizeof(p));
		snprintf(raw, sizeof(raw), "\t%s\n", rule[i]);
		assert_int_not_equal(fwt_delta_add(&s.delta, &line, FWT_DELTA_BEFORE), FWT_NONE);
		text_insert_raw(&s.text[0], 6 + i, raw);
		fwt_diag_init(&diag);
		ret = fwt_delta_build(&s.delta, &diag, &wrong, &p.blob);
		if (ret)
			fail_msg("%s: %s", rule[i], diag.count ? diag.entries[0].message : "?");
		/* From the first that a walk writes something down for. */
		assert_int_equal(s.delta.counted, i >= 3);
		fwt_diag_clean(&diag);
		if (patched_make(&p, &s.base))
			fail_msg("%s: %s", rule[i], patched_refusal);
		for (k = 0; k < 200; k++)
			session_check(&s, &p);
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
	text_clean(&s.text[0]);
	base_clean(&s.base);
}

/* Whether there is room is known without the text, as long as there is plenty. */
static void test_room(void **state)
{
	static const char rule[] = "udp dport 5 limit 1/second count b accept";
	struct fwt_delta_line line = {
		.text = "\tudp dport 5 limit 1/second count b accept\n", .rule = (char *)rule,
		.has_rule = true, .name = "t.fw", .hooks = FWT_HOOK_BIT(FWT_HOOK_INGRESS),
	};
	struct fwt_patch_hdr *h;
	struct fwt_rule_spot spot;
	struct fwt_delta delta;
	struct fwt_blob blob;
	struct fwt_diag diag;
	struct base base;
	char *text, *defines;
	u32 i, k, wrong;
	size_t len;
	FILE *out;

	(void)state;
	out = open_memstream(&text, &len);
	assert_non_null(out);
	fputs("ingress {\n", out);
	for (i = 0; i < 30; i++)
		fprintf(out, "\ttcp dport %u count a\n", i + 1);
	fputs("\ttcp dport 99 call t\n\tdrop\n}\ntree t {\n", out);
	for (i = 0; i < 3; i++)
		fprintf(out, "\ttcp dport %u accept\n", i + 1);
	fputs("}\n", out);
	fclose(out);
	assert_true(base_make(&base, text, 3));
	defines = strndup(base.prog.defines, base.prog.n[FWT_SEC_DEFINES]);
	for (k = 0; k < 2; k++) {
		u32 at = k ? 32 : 4;

		assert_int_equal(base.prog.rule[at].line, k ? 36 : 6);
		fwt_rule_spot(&base.prog, &base.of, at, &spot);
		line.before = base.prog.rule[at].line;
		line.side = spot.side[FWT_PATCH_BEFORE];
		line.tree = k ? "t" : "ingress";
		assert_int_not_equal(line.side.forest, FWT_NONE);
		fwt_delta_init(&delta);
		/* 30 rules of the base with a modifier, and the call: three more, not four. */
		for (i = 0; i < 5; i++) {
			assert_int_not_equal(fwt_delta_add(&delta, &line, FWT_DELTA_BEFORE),
					     FWT_NONE);
			fwt_diag_init(&diag);
			assert_int_equal(fwt_delta_build(&delta, &diag, &wrong, &blob), 0);
			h = blob.data;
			assert_int_equal(h->sec[FWT_PATCH_PLACES].count, i + 1);
			assert_true(delta.counted);
			assert_int_equal(fwt_delta_room(&delta, defines), !k && i < 3);
			assert_false(fwt_delta_room(&delta, NULL));
			fwt_blob_free(&blob);
			fwt_diag_clean(&diag);
		}
		fwt_delta_clean(&delta);
	}
	base_clean(&base);
	free(defines);
	free(text);
}

/* A rule among those that are added, but without a place of its own, would be found again by
 * the search behind it, and that of the base before it: for ever.
 */
static void test_places(void **state)
{
	static const char text[] = "ingress {\n\tudp dport 1 set mark 1\n\ttcp dport 1 accept\n"
				   "\ttcp dport 2 accept\n\tdrop\n}\n";
	static const char *const rule[] = { "tcp dport 5 drop", "protocol udp set mark 2",
					    "tcp dport 9 drop" };
	struct fwt_rule_spot spot;
	struct fwt_delta delta;
	struct fwt_blob blob;
	struct fwt_diag diag;
	struct base base;
	u32 i, wrong;
	int ret;

	(void)state;
	assert_true(base_make(&base, text, 3));
	fwt_delta_init(&delta);
	for (i = 0; i < 3; i++) {
		struct fwt_delta_line line = { .before = 2 + i / 2, .rule = (char *)rule[i],
					       .text = "\t\n", .has_rule = true, .name = "t.fw",
					       .tree = "ingress",
					       .hooks = FWT_HOOK_BIT(FWT_HOOK_INGRESS) };

		fwt_rule_spot(&base.prog, &base.of, i / 2, &spot);
		line.side = spot.side[FWT_PATCH_BEFORE];
		assert_int_equal(fwt_delta_add(&delta, &line, FWT_DELTA_BEFORE), i);
	}
	fwt_diag_init(&diag);
	assert_int_equal(fwt_delta_build(&delta, &diag, &wrong, &blob), 0);
	/* Without each of them, and with all. */
	for (i = 0; i <= 3; i++) {
		struct patched now = { .blob = { aligned_alloc(64, (blob.len + 63) & ~63ul),
						 blob.len } };
		struct fwt_patch_hdr *h = memcpy(now.blob.data, blob.data, blob.len);
		struct fwt_patch_group *g = (void *)((u8 *)h + h->sec[FWT_PATCH_GROUPS].off);
		struct fwt_patch_place *p = (void *)((u8 *)h + h->sec[FWT_PATCH_PLACES].off);

		assert_int_equal(g->count, 3);
		if (i < 3) {
			memmove(p + i, p + i + 1, (2 - i) * sizeof(*p));
			h->sec[FWT_PATCH_PLACES].count = --g->count;
		}
		ret = patched_make(&now, &base);
		assert_int_equal(ret, i < 3 ? -EINVAL : 0);
		assert_true(i == 3 || strstr(patched_refusal, "a rule without a place"));
		patched_clean(&now);
	}
	fwt_blob_free(&blob);
	fwt_diag_clean(&diag);
	fwt_delta_clean(&delta);
	base_clean(&base);
}

/* What a walk with the patch takes more than without, where a rule is added that asks a
 * set of so many ranges.
 */
static u32 steps_more(u32 ranges)
{
	struct fwt_delta_line line = {
		.before = 3, .text = "\tsaddr @big accept\n", .rule = "saddr @big accept",
		.has_rule = true, .tree = "ingress", .name = "t.fw",
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
	assert_int_equal(fwt_delta_build(&delta, &diag, &wrong, &now.blob), 0);
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
		cmocka_unit_test(test_covered),
		cmocka_unit_test(test_leads), cmocka_unit_test(test_filters),
		cmocka_unit_test(test_shapes), cmocka_unit_test(test_files),
		cmocka_unit_test(test_steps), cmocka_unit_test(test_room),
		cmocka_unit_test(test_places), cmocka_unit_test(test_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
