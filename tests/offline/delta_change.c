// SPDX-License-Identifier: GPL-2.0
/* One change after the other, to a delta and to a text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "delta_change.h"
#include "diag.h"
#include "parse.h"

struct changes_sum changes_sum;

static u32 n_files(const struct session *s)
{
	return s->base.prog.n[FWT_SEC_FILES];
}

static void check_text(struct session *s, u32 file)
{
	const struct fwt_prog_file *f = &s->base.prog.file[file];
	char *text = text_join(&s->text[file]), *told;
	size_t len;
	FILE *out;

	out = open_memstream(&told, &len);
	assert_non_null(out);
	fwt_delta_print(&s->delta, file, s->base.prog.source + f->text, f->text_len, out);
	fclose(out);
	if (strcmp(told, text)) {
		fprintf(stderr, "told:\n%s\nbut it is\n%s\n", told, text);
		fail();
	}
	free(told);
	free(text);
}

static const char *bare(const char *rule)
{
	return rule + strspn(rule, " \t");
}

char *known_make(struct known_filters *k, u32 n, enum filter_family family, bool six, u64 seed)
{
	struct fwt_filter *f;
	struct text all;
	char *text;
	size_t len;
	FILE *out;
	u32 i;

	k->filter = realloc(k->filter, (k->rule.n + n) * sizeof(*f));
	out = open_memstream(&text, &len);
	assert_true(k->filter && out);
	f = k->filter + k->rule.n;
	filters_make(f, n, family, six, seed);
	fwt_filters_print(out, f, n, "ingress");
	fclose(out);
	text_init(&all, text);
	/* A line each, behind that of the hook. */
	for (i = 0; i < n; i++)
		text_insert(&k->rule, k->rule.n, bare(all.line[i + 1]));
	text_clean(&all);
	return text;
}

void known_clean(struct known_filters *k)
{
	free(k->filter);
	text_clean(&k->rule);
}

static const struct fwt_filter *filter_of(const struct known_filters *k, const char *rule)
{
	u32 i;

	for (i = 0; k && i < k->rule.n; i++)
		if (!strcmp(k->rule.line[i], rule))
			return &k->filter[i];
	return NULL;
}

/* What a rule alone cares about; NULL where it can't be read alone. */
static struct fwt_policy_ast *sample_rule(struct fwt_sampler *sampler, const char *rule, u64 seed)
{
	struct fwt_policy_ast *ast;
	struct fwt_diag diag;
	char text[700];

	snprintf(text, sizeof(text), "ingress {\n\t%s\n\taccept\n}\n", rule);
	fwt_diag_init(&diag);
	ast = fwt_parse_buffer("rule", text, strlen(text), &diag, NULL);
	fwt_diag_sources(&diag, NULL);
	if (ast && fwt_diag_failed(&diag)) {
		fwt_ast_free(ast);
		ast = NULL;
	}
	if (ast)
		assert_int_equal(fwt_sampler_init(sampler, ast, seed), 0);
	fwt_diag_clean(&diag);
	return ast;
}

/* Twenty packets for a rule that came or went. */
static void check_near(struct session *s, struct patched *p, const struct fwt_program *fresh,
		       const char *rule)
{
	const struct fwt_filter *f = filter_of(s->known, rule);
	struct fwt_policy_ast *ast;
	struct fwt_packet pkt;
	struct fwt_sampler own;
	u32 i;

	ast = f ? NULL : sample_rule(&own, rule, s->rnd);
	for (i = 0; i < 20; i++) {
		/* Filters are all of ingress. */
		u32 hook = f ? 0 : i & 1;

		if (f)
			filter_draw(&s->rnd, f, &pkt, true, false);
		else
			fwt_sampler_packet(ast ? &own : &s->sampler, s->base.ast->hooks, &pkt);
		pkt.hook = (u8)hook;
		patched_compare(&p->prog, fresh, hook, &pkt);
	}
	if (ast)
		fwt_sampler_clean(&own);
	fwt_ast_free(ast);
}

void session_check(struct session *s, struct patched *p)
{
	struct base fresh;
	u32 i;

	for (i = 0; i < n_files(s); i++)
		check_text(s, i);
	if (!base_make_files(&fresh, s->text, n_files(s), 3)) {
		fprintf(stderr, "%s\n", text_join(&s->text[0]));
		fail();
	}
	for (i = 0; i < (s->changed.n ? 40u : 60u); i++) {
		struct fwt_packet pkt;

		fwt_sampler_packet(&s->sampler, s->base.ast->hooks, &pkt);
		pkt.hook = i & 1;
		patched_compare(&p->prog, &fresh.prog, i & 1, &pkt);
	}
	for (i = 0; i < s->changed.n; i++)
		check_near(s, p, &fresh.prog, s->changed.line[i]);
	while (s->changed.n)
		text_delete(&s->changed, s->changed.n - 1);
	base_clean(&fresh);
}

/* How many steps are left: it must end before there is none. */
static void count_step(void *ctx, const struct fwt_walk_step *s)
{
	(void)s;
	assert_true((*(u32 *)ctx)--);
}

void session_bend(struct session *s, const struct patched *p)
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
			changes_sum.bent++;
		} else {
			changes_sum.unbent++;
			for (k = 0; k < 20; k++) {
				struct walking w = { .env.ops = &patched_ops, .prog = &bent.prog };
				u32 left = bent.prog.steps_max;
				struct fwt_decision d;
				struct fwt_packet pkt;

				fwt_sampler_packet(&s->sampler, s->base.ast->hooks, &pkt);
				pkt.hook = k & 1;
				if (bent.prog.root[k & 1] == FWT_NONE)
					continue;
				fwt_walk_traced(&bent.prog, bent.prog.root[k & 1], &pkt, &w.env, &d,
						count_step, &left);
				patched_line(&bent.prog, d.rule);
			}
			fwt_patch_line(&bent.patch, i % n_files(s), filter_rnd(&s->rnd) % 300);
		}
		patched_clean(&bent);
	}
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

/* The rule that is meant was added: it goes, or has another behind it. */
static void change_added(struct session *s, struct fwt_delta_line *line, u32 n, bool delete)
{
	struct fwt_delta_line *l = (struct fwt_delta_line *)s->delta.added.data + n;
	struct text *text = &s->text[l->file];
	u32 shown = l->shown;

	assert_int_equal(fwt_delta_find(&s->delta, l->file, shown), n);
	assert_int_equal(fwt_delta_base_line(&s->delta, l->file, shown), 0);
	if (delete) {
		fwt_delta_remove(&s->delta, n);
		text_delete(text, shown - 1);
	} else {
		line->file = l->file;
		line->name = l->name;
		line->before = l->before;
		line->side = l->side;
		line->tree = l->tree;
		line->hooks = l->hooks;
		text_insert_raw(text, shown, line->text);
		assert_int_equal(fwt_delta_add(&s->delta, line, n + 1), n + 1);
	}
	changes_sum.again++;
}

/* Of rules with one text the kernel does not know which is which, and refuses them; and what
 * a rule draws and how much it lets by goes by that.
 */
static bool there(const struct session *s, const char *rule)
{
	const struct fwt_delta_line *l = s->delta.added.data;
	const struct fwt_program *prog = &s->base.prog;
	u32 i;

	for (i = 0; i < s->delta.added.count; i++)
		if (l[i].has_rule && !strcmp(l[i].rule, rule))
			return true;
	for (i = 0; i < prog->n[FWT_SEC_RULES]; i++)
		if (prog->rule[i].text_len == strlen(rule) &&
		    !memcmp(prog->source + prog->rule[i].text, rule, strlen(rule)))
			return true;
	return false;
}

bool session_change(struct session *s, const char *new, struct patched *p, u32 forget)
{
	const struct fwt_program *prog = &s->base.prog;
	struct fwt_delta_line line = { .has_rule = true };
	u32 what = filter_rnd(&s->rnd) % 4, index, shown, n, wrong, side;
	u32 n_added = s->delta.added.count;
	char *own = strdup(bare(new)), raw[600], went[600] = "";
	const struct fwt_prog_rule *r;
	struct fwt_rule_spot spot;
	struct fwt_delta_gone g;
	struct fwt_delta before;
	struct patched was = *p;
	const struct fwt_patch now = p->patch;
	struct text old = { 0 }, *text;
	struct fwt_diag diag;
	bool comes;
	char *joined;
	int ret;

	assert_non_null(own);
	if (there(s, own)) {
		free(own);
		return false;
	}
	snprintf(raw, sizeof(raw), "\t%s\n", own);
	line.text = raw;
	line.rule = own;
	r = pick(s, &index, &spot);
	if (!r) {
		free(own);
		return false;
	}
	n = n_added && filter_rnd(&s->rnd) % 3 == 0 ? filter_rnd(&s->rnd) % n_added : FWT_NONE;
	line.file = n == FWT_NONE ? r->file :
				    ((struct fwt_delta_line *)s->delta.added.data)[n].file;
	text = &s->text[line.file];
	joined = text_join(text);
	text_init(&old, joined);
	free(joined);
	line.name = (char *)fwt_program_string(prog, prog->file[line.file].name);
	line.tree = (char *)fwt_program_string(prog, r->tree);
	line.hooks = r->hooks;
	shown = fwt_patch_line(p->blob.data ? &p->patch : NULL, r->file, r->line);
	g = (struct fwt_delta_gone){ r->file, r->line, n_lines(prog, r), index };
	ret = -1;
	assert_true(fwt_delta_defines(&s->delta, s->base.prog.defines,
				      s->base.prog.n[FWT_SEC_DEFINES]));
	comes = n == FWT_NONE ? what != 0 : !(what & 1);
	if (n != FWT_NONE && !comes)
		snprintf(went, sizeof(went), "%s",
			 ((struct fwt_delta_line *)s->delta.added.data)[n].rule);
	else if (n == FWT_NONE && what <= 1)
		snprintf(went, sizeof(went), "%.*s", (int)r->text_len, prog->source + r->text);
	if (n != FWT_NONE) {
		change_added(s, &line, n, what & 1);
		ret = 0;
	} else if (what == 0 && spot.plain) {
		assert_true(fwt_delta_delete(&s->delta, &g));
		for (n = 0; n < g.lines; n++)
			text_delete(text, shown - 1);
		changes_sum.deleted++;
		ret = 0;
	} else if (what == 1 && spot.plain) {
		line.before = r->line;
		line.side = spot.side[FWT_PATCH_BEFORE];
		assert_true(fwt_delta_delete(&s->delta, &g));
		assert_int_not_equal(fwt_delta_add(&s->delta, &line, FWT_DELTA_BEFORE), FWT_NONE);
		for (n = 0; n < g.lines; n++)
			text_delete(text, shown - 1);
		text_insert_raw(text, shown - 1, raw);
		changes_sum.replaced++;
		ret = 0;
	} else if (what >= 2) {
		side = what & 1;
		if (spot.side[side].forest != FWT_NONE) {
			u32 at = shown;

			/* There may be lines in the rule's own block. */
			if (side)
				at = 1 + fwt_patch_line(was.blob.data ? &now : NULL, r->file,
							r->line + g.lines - 1);

			line.before = side ? r->line + g.lines : r->line;
			line.side = spot.side[side];
			n = fwt_delta_add(&s->delta, &line,
					  side ? FWT_DELTA_BEHIND : FWT_DELTA_BEFORE);
			assert_int_not_equal(n, FWT_NONE);
			text_insert_raw(text, at - 1, raw);
			changes_sum.added++;
			ret = 0;
		}
	}
	memset(p, 0, sizeof(*p));
	if (!ret) {
		fwt_diag_init(&diag);
		ret = fwt_delta_build(&s->delta, &diag, &wrong, &p->blob);
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
		changes_sum.refused++;
		text_clean(text);
		*text = old;
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
	if (went[0])
		text_insert(&s->changed, s->changed.n, went);
	if (comes)
		text_insert(&s->changed, s->changed.n, own);
	changes_sum.changes++;
	changes_sum.others += line.file > 0;
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

