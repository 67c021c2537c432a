// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program_view.h"

/* Where rules are written, for qsort(); a rule before those in its block. */
static const struct fwt_prog_rule *sorting;

static int by_text(const void *a, const void *b)
{
	const struct fwt_prog_rule *x = &sorting[*(const uint32_t *)a];
	const struct fwt_prog_rule *y = &sorting[*(const uint32_t *)b];

	if (x->text != y->text)
		return x->text < y->text ? -1 : 1;
	return x->text_len < y->text_len ? 1 : x->text_len > y->text_len ? -1 : 0;
}

/* They mostly stand so already. */
static bool in_order(const struct fwt_prog_rule *r, uint32_t n)
{
	uint32_t i;

	for (i = 1; i < n; i++)
		if (r[i - 1].text > r[i].text || (r[i - 1].text == r[i].text &&
						  r[i - 1].text_len < r[i].text_len))
			return false;
	return true;
}

static int sort_rules(struct view *v)
{
	uint32_t i, k, n = v->prog.n[FWT_SEC_RULES];
	const struct fwt_prog_rule *r, *next = NULL;

	v->order = malloc((n + 1) * sizeof(*v->order));
	v->head = malloc((n + 1) * sizeof(*v->head));
	if (!v->order || !v->head)
		return out_error(NULL, "out of memory");
	for (i = 0; i < n; i++)
		v->order[i] = i;
	sorting = v->prog.rule;
	if (!in_order(sorting, n))
		qsort(v->order, n, sizeof(*v->order), by_text);
	for (i = 0; i < n; i++) {
		r = &v->prog.rule[v->order[i]];
		for (k = i + 1; k < n; k++) {
			next = &v->prog.rule[v->order[k]];
			if (next->text > r->text)
				break;
		}
		v->head[v->order[i]] = k < n && next->text - r->text < r->text_len ?
				       next->text - r->text : r->text_len;
	}
	return 0;
}

static int bad_program(const char *what, const struct fwt_verify_error *err)
{
	return out_error("fwctl and the module do not fit together", "the %s is not one: %s",
			 what, err->text);
}

static int load_patch(struct view *v, size_t len, const void *base_scratch)
{
	struct fwt_patch_memory need = fwt_patch_memory(v->patch_blob, len, &v->prog);
	struct fwt_verify_error err = { 0 };
	void *scratch;
	int ret;

	v->of.forest = calloc(v->prog.n[FWT_SEC_FORESTS] + 1, sizeof(*v->of.forest));
	v->of.rule = calloc(v->prog.n[FWT_SEC_RULES] + 1, sizeof(*v->of.rule));
	v->tables = malloc(need.tables + 8);
	scratch = malloc(need.scratch + 8);
	if (!v->of.forest || !v->of.rule || !v->tables || !scratch) {
		free(scratch);
		return out_error(NULL, "out of memory");
	}
	fwt_patchable_init(&v->of, &v->prog, base_scratch);
	ret = fwt_patch_verify(v->patch_blob, len, &v->prog, &v->of, scratch, v->tables,
			       &v->patch, &err);
	free(scratch);
	if (ret)
		return bad_program("patch", &err);
	if (fwt_delta_load(&v->delta, v->patch_blob, len))
		return out_error(NULL, "out of memory");
	v->prog.patch = &v->patch;
	v->prog.steps_max = v->patch.steps_max;
	return 0;
}

/* Where the line begins that an added rule stands before. */
static uint32_t *starts(const struct view *v)
{
	uint32_t *at = calloc(v->patch.n[FWT_PATCH_EDITS] + 1, sizeof(*at)), i;
	uint32_t line = 1, pos = 0, file = FWT_NONE;

	for (i = 0; at && i < v->patch.n[FWT_PATCH_EDITS]; i++) {
		const struct fwt_patch_edit *e = &v->patch.edit[i];
		const struct fwt_prog_file *f = &v->prog.file[e->file];
		const char *end = v->prog.source + f->text + f->text_len, *next;

		if (e->file != file) {
			file = e->file;
			line = 1;
			pos = f->text;
		}
		while (line < e->line &&
		       (next = memchr(v->prog.source + pos, '\n',
				      end - (v->prog.source + pos)))) {
			pos = next + 1 - v->prog.source;
			line++;
		}
		at[i] = line < e->line ? f->text + f->text_len : pos;
	}
	return at;
}

static const struct fwt_patch *sorting_patch;

static int by_edit(const void *a, const void *b)
{
	const struct fwt_patch_place *x = &sorting_patch->place[*(const uint32_t *)a];
	const struct fwt_patch_place *y = &sorting_patch->place[*(const uint32_t *)b];

	if (x->edit != y->edit)
		return x->edit < y->edit ? -1 : 1;
	return x->line < y->line ? -1 : x->line > y->line;
}

/* Those that are gone out of @v->order, those that were added into it. */
static int merge_rules(struct view *v)
{
	uint32_t n = v->prog.n[FWT_SEC_RULES], places = v->patch.n[FWT_PATCH_PLACES];
	uint32_t *added = malloc((places + 1) * sizeof(*added)), *at = starts(v);
	uint32_t *order = malloc((n + places + 1) * sizeof(*order));
	uint32_t i, k = 0, count = 0;

	v->at = calloc(v->patch.prog.n[FWT_SEC_RULES] + 1, sizeof(*v->at));
	if (!added || !at || !order || !v->at) {
		free(added);
		free(at);
		free(order);
		return out_error(NULL, "out of memory");
	}
	for (i = 0; i < places; i++) {
		added[i] = i;
		v->at[v->patch.place[i].rule] = at[v->patch.place[i].edit];
	}
	sorting_patch = &v->patch;
	qsort(added, places, sizeof(*added), by_edit);
	for (i = 0; i <= n; i++) {
		const struct fwt_prog_rule *r = i < n ? &v->prog.rule[v->order[i]] : NULL;

		for (; k < places && (!r || at[v->patch.place[added[k]].edit] <= r->text); k++)
			order[count++] = n + v->patch.place[added[k]].rule;
		if (r && (r->node == FWT_NONE ||
			  !(v->patch.gone[r->node / 32] >> (r->node % 32) & 1)))
			order[count++] = v->order[i];
	}
	free(added);
	free(at);
	free(v->order);
	v->order = order;
	v->n_rules = count;
	return 0;
}

/* All of it, or only what speaks of the policy's text. */
static int load(struct view *v, size_t patch_len, bool all)
{
	struct fwt_verify_error err = { 0 };
	void *scratch = NULL;
	int ret;

	if (all || v->patch_blob) {
		scratch = malloc(fwt_verify_scratch(v->blob, v->len) + 8);
		if (!scratch)
			return out_error(NULL, "out of memory");
		ret = fwt_verify(v->blob, v->len, scratch, &v->prog, &err);
	} else {
		ret = fwt_verify_texts(v->blob, v->len, &v->prog, &err);
	}
	ret = ret ? bad_program("program", &err) : sort_rules(v);
	v->n_rules = v->prog.n[FWT_SEC_RULES];
	if (!ret && v->patch_blob)
		ret = load_patch(v, patch_len, scratch);
	if (!ret && v->patch_blob)
		ret = merge_rules(v);
	free(scratch);
	return ret;
}

/* Program and patch, of one generation. */
static int fetch_both(struct view *v, struct fwt_nl *nl, size_t *patch_len)
{
	struct fwt_nl_policy now;
	uint32_t other;
	int i, ret;

	for (i = 0; i < 10; i++) {
		ret = fwt_nl_policy_fetch(nl, &v->blob, &v->len, &v->generation);
		if (ret)
			return ret;
		other = v->generation;
		ret = fwt_nl_patch_fetch(nl, &v->patch_blob, patch_len, &other);
		/* That there is none does not say of which generation. */
		if (!ret && !v->patch_blob) {
			ret = fwt_nl_policy_get(nl, &now);
			other = now.generation;
		}
		if (!ret && other == v->generation)
			return 0;
		free(v->blob);
		free(v->patch_blob);
		v->blob = NULL;
		v->patch_blob = NULL;
		if (ret)
			return ret;
	}
	snprintf(nl->error, sizeof(nl->error), "the policy changes too often to be read");
	return -1;
}

/* @none: it may be that none is in force. */
static int view_get(struct view *v, struct fwt_nl *nl, bool all, bool none)
{
	size_t patch_len = 0;
	int ret;

	memset(v, 0, sizeof(*v));
	fwt_delta_init(&v->delta);
	ret = fetch_both(v, nl, &patch_len);
	if (none && ret == -ENODATA)
		return 0;
	if (ret)
		return fwctl_refused(nl);
	ret = load(v, patch_len, all);
	if (ret) {
		view_clean(v);
		fwt_nl_close(nl);
	}
	return ret;
}

int view_fetch(struct view *v, struct fwt_nl *nl, bool all)
{
	return view_get(v, nl, all, false);
}

int view_fetch_any(struct view *v, struct fwt_nl *nl)
{
	return view_get(v, nl, false, true);
}

int view_open(struct view *v, struct fwctl *ctl, struct fwt_nl *nl, bool all)
{
	int ret = fwctl_open(ctl, nl);

	return ret ? ret : view_fetch(v, nl, all);
}

void view_clean(struct view *v)
{
	fwt_delta_clean(&v->delta);
	free(v->of.forest);
	free(v->of.rule);
	free(v->tables);
	free(v->patch_blob);
	free(v->blob);
	free(v->order);
	free(v->at);
	free(v->head);
	memset(v, 0, sizeof(*v));
}

const struct fwt_prog_rule *view_rule(const struct view *v, uint32_t rule,
				      const struct fwt_program **prog)
{
	*prog = fwt_program_of_rule(&v->prog, &rule);
	return &(*prog)->rule[rule];
}

uint32_t view_position(const struct view *v, uint32_t rule)
{
	uint32_t n = v->prog.n[FWT_SEC_RULES];

	return rule < n ? v->prog.rule[rule].text : v->at[rule - n];
}

static const uint32_t *sorting_place;

static int by_place(const void *a, const void *b)
{
	uint32_t x = sorting_place[((const struct fwt_nl_rule *)a)->index];
	uint32_t y = sorting_place[((const struct fwt_nl_rule *)b)->index];

	return x < y ? -1 : x > y;
}

bool view_sort(const struct view *v, struct fwt_nl_rules *rules)
{
	uint32_t n = v->prog.n[FWT_SEC_RULES] + v->patch.prog.n[FWT_SEC_RULES], i;
	uint32_t *place;
	bool known = true, sorted = true;

	if (rules->count != v->n_rules ||
	    (rules->count && rules->rule[0].generation != v->generation))
		return false;
	place = calloc(n + 1, sizeof(*place));
	if (!place)
		return false;
	for (i = 0; i < v->n_rules; i++)
		place[v->order[i]] = i;
	for (i = 0; i < rules->count; i++)
		known &= rules->rule[i].index < n;
	sorting_place = place;
	/* They mostly come so. */
	for (i = 1; i < rules->count && known && sorted; i++)
		sorted = by_place(&rules->rule[i - 1], &rules->rule[i]) <= 0;
	if (known && !sorted)
		qsort(rules->rule, rules->count, sizeof(*rules->rule), by_place);
	free(place);
	return known;
}

void view_print_file(const struct view *v, uint32_t file, FILE *out)
{
	const struct fwt_prog_file *f = &v->prog.file[file];

	fwt_delta_print(&v->delta, file, v->prog.source + f->text, f->text_len, out);
}

/* Of a rule, for people: bytes. */
#define RULE_SHOWN 396

/* Most are written as they are shown: on one line, word by word, without a comment. */
static bool is_plain(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~' || text[i] == '#' ||
		    (text[i] == ' ' && (!i || i + 1 == len || text[i + 1] == ' ')))
			return false;
	return true;
}

char *view_rule_text(const struct view *v, uint32_t rule)
{
	const struct fwt_program *prog;
	const struct fwt_prog_rule *r = view_rule(v, rule, &prog);
	const char *text = prog->source + r->text;
	size_t i, len = prog == &v->prog ? v->head[rule] : r->text_len, n = 0;
	bool quoted = false, comment = false;
	char *plain, *buf;

	buf = malloc(len + 1);
	if (!buf)
		return NULL;
	if (is_plain(text, len)) {
		memcpy(buf, text, len);
		buf[len] = 0;
		goto cut;
	}
	/* Comments are for those who read the file. */
	plain = malloc(len + 1);
	if (!plain) {
		free(buf);
		return NULL;
	}
	for (i = 0; i < len; i++) {
		char c = text[i];

		if (c == '\n')
			comment = false;
		else if (quoted && c == '\\' && i + 1 < len)
			plain[n++] = text[i++];
		else if (c == '"' && !comment)
			quoted = !quoted;
		else if (c == '#' && !quoted)
			comment = true;
		if (!comment)
			plain[n++] = text[i];
	}
	out_clean(buf, len + 1, plain, n);
	free(plain);
cut:
	n = strlen(buf);
	if (!out_is_json() && n > RULE_SHOWN + 3) {
		for (n = RULE_SHOWN; (buf[n] & 0xc0) == 0x80; n--)
			;
		strcpy(buf + n, "...");
	}
	return buf;
}
