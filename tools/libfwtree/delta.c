// SPDX-License-Identifier: GPL-2.0
/* What a delta holds, and where. */
#include <stdlib.h>

#include "ast.h"
#include "delta.h"

void fwt_delta_init(struct fwt_delta *d)
{
	memset(d, 0, sizeof(*d));
	d->added.size = sizeof(struct fwt_delta_line);
	d->gone.size = sizeof(struct fwt_delta_gone);
}

static struct fwt_delta_line *line_at(const struct fwt_delta *d, u32 i)
{
	return (struct fwt_delta_line *)d->added.data + i;
}

static struct fwt_delta_gone *gone_at(const struct fwt_delta *d, u32 i)
{
	return (struct fwt_delta_gone *)d->gone.data + i;
}

static void free_line(struct fwt_delta_line *l)
{
	free(l->text);
	free(l->rule);
	free(l->tree);
	free(l->name);
}

void fwt_delta_clean(struct fwt_delta *d)
{
	u32 i;

	for (i = 0; i < d->added.count; i++)
		free_line(line_at(d, i));
	free(d->added.data);
	free(d->gone.data);
	free(d->defines);
	fwt_delta_init(d);
}

int fwt_rule_side_order(const struct fwt_rule_side *a, const struct fwt_rule_side *b)
{
	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	return (int)a->side - (int)b->side;
}

/* In the order of lines, and of those before one line by their rules' places: what
 * was added behind a rule stands before what was added before the next one.
 */
static int order(const struct fwt_delta_line *a, const struct fwt_delta_line *b)
{
	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	if (a->before != b->before)
		return a->before < b->before ? -1 : 1;
	return a->has_rule && b->has_rule ? fwt_rule_side_order(&a->side, &b->side) : 0;
}

static u32 place_for(const struct fwt_delta *d, const struct fwt_delta_line *line, bool first)
{
	u32 i;

	for (i = 0; i < d->added.count; i++) {
		int o = order(line_at(d, i), line);

		if (o > 0 || (!o && first))
			break;
	}
	return i;
}

u32 fwt_delta_add(struct fwt_delta *d, const struct fwt_delta_line *line, u32 at)
{
	struct fwt_delta_line new = *line, *l;

	if (at >= FWT_DELTA_BEHIND)
		at = place_for(d, line, at == FWT_DELTA_BEHIND);
	new.text = strdup(line->text);
	new.rule = line->has_rule ? strdup(line->rule) : NULL;
	new.tree = line->has_rule ? strdup(line->tree) : NULL;
	new.name = line->has_rule ? strdup(line->name) : NULL;
	if (!new.text || (line->has_rule && (!new.rule || !new.tree || !new.name)) ||
	    !fwt_vec_add(&d->added, 1)) {
		free_line(&new);
		return FWT_NONE;
	}
	l = line_at(d, at);
	memmove(l + 1, l, (d->added.count - 1 - at) * sizeof(*l));
	*l = new;
	return at;
}

void fwt_delta_remove(struct fwt_delta *d, u32 n)
{
	struct fwt_delta_line *l = line_at(d, n);

	free_line(l);
	d->added.count--;
	memmove(l, l + 1, (d->added.count - n) * sizeof(*l));
}

bool fwt_delta_delete(struct fwt_delta *d, const struct fwt_delta_gone *gone)
{
	struct fwt_delta_gone *g;
	u32 i;

	for (i = 0; i < d->gone.count; i++) {
		g = gone_at(d, i);
		if (g->file > gone->file || (g->file == gone->file && g->line > gone->line))
			break;
	}
	if (!fwt_vec_add(&d->gone, 1))
		return false;
	g = gone_at(d, i);
	memmove(g + 1, g, (d->gone.count - 1 - i) * sizeof(*g));
	*g = *gone;
	return true;
}

bool fwt_delta_whole(const char *rule)
{
	static const char word[] = "balance";
	const char *at = rule;

	for (; (at = strstr(at, word)); at += strlen(word))
		if ((at == rule || strchr(" \t{;", at[-1])) &&
		    strchr(" \t", at[strlen(word)]))
			return true;
	return false;
}

bool fwt_delta_defines(struct fwt_delta *d, const char *text, size_t len)
{
	char *copy = len ? strndup(text, len) : strdup("");

	if (!copy)
		return false;
	free(d->defines);
	d->defines = copy;
	return true;
}

/* With or without quotes; "$ab" counts as a use of a, too. */
static bool uses(const char *rule, const char *name, size_t len)
{
	for (; (rule = strchr(rule, '$')); rule++)
		if (!strncmp(rule + 1 + (rule[1] == '"'), name, len))
			return true;
	return false;
}

struct spot {
	unsigned long file;
	unsigned long line;
};

static struct spot read_spot(const char *text)
{
	struct spot s;
	char *colon;

	s.file = strtoul(text, &colon, 10);
	s.line = strtoul(colon + (*colon == ':'), NULL, 10);
	return s;
}

/* Where the file is included that @s is in; false where that is not known. */
static bool leave(const char *defines, struct spot *s)
{
	const size_t len = strlen("\n" FWT_FILE);
	char *behind;

	for (; (defines = strstr(defines, "\n" FWT_FILE)); defines += len)
		if (strtoul(defines + len, &behind, 10) == s->file) {
			*s = read_spot(behind);
			return true;
		}
	return false;
}

/* A file's number is higher than that of the one that includes it. */
static bool before(const char *defines, struct spot a, struct spot b)
{
	while (a.file != b.file)
		if (!leave(defines, a.file > b.file ? &a : &b))
			return false;
	return a.line < b.line;
}

bool fwt_delta_sees(const struct fwt_delta *d, const struct fwt_delta_line *line)
{
	const char *at = strchr(line->rule, '$') ? d->defines : NULL, *end, *late, *name;
	const struct spot rule = { line->file, line->before };

	for (; at && (end = strchr(at, '\n')); at = end + 1) {
		for (late = end; late > at && *late != '#'; late--)
			;
		if (late == at || strncmp(late, FWT_LATE, strlen(FWT_LATE)))
			continue;
		name = strchr(at, ' ') + 1;
		name += *name == '"';
		if (uses(line->rule, name, strcspn(name, "\" ")) &&
		    !before(d->defines, read_spot(late + strlen(FWT_LATE)), rule))
			return false;
	}
	return true;
}

static u32 lines_of(const char *text)
{
	u32 n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/* Goes through what is added and gone in the order of lines, and says where a line
 * as it is now comes from: the base, or (@n) what was added.
 */
static u32 trace(const struct fwt_delta *d, u32 file, u32 line, u32 *n)
{
	u32 a = 0, g = 0, base = 1, now = 1;

	*n = FWT_NONE;
	for (;;) {
		const struct fwt_delta_line *l = a < d->added.count ? line_at(d, a) : NULL;
		const struct fwt_delta_gone *o = g < d->gone.count ? gone_at(d, g) : NULL;
		u32 next = ~0u;

		if (l && l->file != file) {
			a++;
			continue;
		}
		if (o && (o->file != file || !o->lines)) {
			g++;
			continue;
		}
		if (l)
			next = l->before;
		if (o)
			next = min(next, o->line);
		if (next == ~0u || line < now + (next - base))
			return base + (line - now);
		now += next - base;
		base = next;
		if (l && l->before == next) {
			u32 k = lines_of(l->text);

			if (line < now + k) {
				*n = a;
				return 0;
			}
			now += k;
			a++;
			continue;
		}
		base += o->lines;
		g++;
	}
}

u32 fwt_delta_find(const struct fwt_delta *d, u32 file, u32 line)
{
	u32 n;

	trace(d, file, line, &n);
	return n;
}

u32 fwt_delta_base_line(const struct fwt_delta *d, u32 file, u32 line)
{
	u32 n;

	return trace(d, file, line, &n);
}

/* The first line behind @line of which something is said; @until: where lines that are
 * gone end.
 */
static u32 next_said(const struct fwt_delta *d, u32 file, u32 line, u32 until, u32 a, u32 g)
{
	u32 next = until > line ? until : ~0u;

	if (a < d->added.count && line_at(d, a)->file == file)
		next = min(next, line_at(d, a)->before);
	if (g < d->gone.count && gone_at(d, g)->file == file)
		next = min(next, gone_at(d, g)->line);
	return next;
}

void fwt_delta_print_part(const struct fwt_delta *d, u32 file, u32 first, bool last,
			  const char *text, size_t len, FILE *out)
{
	u32 a = 0, g = 0, line = max(first, 1u), until = line, next;
	bool ended = false;	/* the last line, behind which some are added */
	size_t at = 0, to;

	while (first && a < d->added.count &&
	       (line_at(d, a)->file < file ||
		(line_at(d, a)->file == file && line_at(d, a)->before <= first)))
		a++;
	while (first && g < d->gone.count &&
	       (gone_at(d, g)->file < file ||
		(gone_at(d, g)->file == file && gone_at(d, g)->line <= first)))
		g++;
	for (;;) {
		bool gone;

		for (; a < d->added.count; a++) {
			const struct fwt_delta_line *l = line_at(d, a);

			if (l->file > file || (l->file == file && l->before > line))
				break;
			if (l->file != file)
				continue;
			/* A last line may lack its end. */
			if (!ended && at && text[at - 1] != '\n' && at == len)
				fputc('\n', out);
			ended |= at == len;
			fputs(l->text, out);
		}
		for (; g < d->gone.count; g++) {
			const struct fwt_delta_gone *o = gone_at(d, g);

			if (o->file > file || (o->file == file && o->line > line))
				break;
			if (o->file == file && o->lines)
				until = o->line + o->lines;
		}
		if (at >= len)
			break;
		/* All lines up to there at once: they may be a hundred thousand. */
		gone = line < until;
		next = next_said(d, file, line, until, a, g);
		for (to = at; line < next && to < len;) {
			const char *end = memchr(text + to, '\n', len - to);

			to = end ? (size_t)(end - text) + 1 : len;
			/* One that goes on behind the part has not ended. */
			line += end || last;
		}
		if (!gone)
			fwrite(text + at, 1, to - at, out);
		at = to;
	}
}

void fwt_delta_print(const struct fwt_delta *d, u32 file, const char *text, size_t len,
		     FILE *out)
{
	fwt_delta_print_part(d, file, 0, true, text, len, out);
}

static bool load_edit(struct fwt_delta *d, const struct fwt_patch *x, u32 i)
{
	const struct fwt_patch_edit *e = &x->edit[i];
	const char *text = x->text + e->text;
	struct fwt_delta_line l;
	u32 line = 0, k, n, end = e->text_len, at = 0, to;

	while (at < end) {
		const struct fwt_patch_place *p = NULL;

		memset(&l, 0, sizeof(l));
		for (k = 0; k < x->n[FWT_PATCH_PLACES]; k++)
			if (x->place[k].edit == i && x->place[k].line == line)
				p = &x->place[k];
		for (n = p ? max(p->lines, 1u) : 1, to = at; n && to < end; to++)
			n -= text[to] == '\n';
		l.file = e->file;
		l.before = e->line;
		l.text = strndup(text + at, to - at);
		if (p) {
			const struct fwt_prog_rule *r = &x->prog.rule[p->rule];

			l.has_rule = true;
			l.rule = strndup(x->prog.source + r->text, r->text_len);
			l.tree = strdup(fwt_program_string(&x->prog, r->tree));
			l.name = strdup(fwt_program_string(&x->prog,
							   x->prog.file[r->file].name));
			l.hooks = r->hooks;
			l.shown = r->line;
			l.key = r->key;
			l.side = (struct fwt_rule_side){ 0, p->at, p->side };
			for (k = 0; k < x->n[FWT_PATCH_GROUPS]; k++)
				if (p - x->place >= x->group[k].first)
					l.side.forest = x->group[k].forest;
		}
		line += lines_of(l.text);
		n = l.text && (!p || (l.rule && l.tree && l.name)) ?
			fwt_delta_add(d, &l, d->added.count) : FWT_NONE;
		free_line(&l);
		if (n == FWT_NONE)
			return false;
		at = to;
	}
	return true;
}

/* They stand before the first hook or tree, see put_policy(). */
static bool load_defines(struct fwt_delta *d, const struct fwt_patch *x)
{
	size_t mark = strlen(FWT_DELTA_RULES), len = x->prog.n[FWT_SEC_SOURCE], at;
	const char *text = x->prog.source;

	for (at = 0; at + mark <= len; at++)
		if (text[at] == '#' && !memcmp(text + at, FWT_DELTA_RULES, mark)) {
			d->defines = at ? strndup(text, at) : NULL;
			return !at || d->defines;
		}
	return true;
}

/* What is gone: rules of the base by their lines, and lines without a rule. */
static bool load_gone(struct fwt_delta *d, const struct fwt_patch *x)
{
	struct fwt_delta_gone g;
	u32 i;

	for (i = 0; i < x->n[FWT_PATCH_EDITS]; i++) {
		if (!x->edit[i].removed)
			continue;
		g = (struct fwt_delta_gone){ x->edit[i].file, x->edit[i].line,
					     x->edit[i].removed, FWT_NONE };
		if (!fwt_delta_delete(d, &g))
			return false;
	}
	/* Which lines were whose does not matter any more. */
	for (i = 0; i < x->n[FWT_PATCH_DELETED]; i++) {
		g = (struct fwt_delta_gone){ 0, 0, 0, x->deleted[i] };
		if (!fwt_delta_delete(d, &g))
			return false;
	}
	return true;
}

int fwt_delta_load(struct fwt_delta *d, const void *blob, size_t len)
{
	const struct fwt_patch_hdr *h = blob;
	struct fwt_verify_error err;
	struct fwt_patch x = { 0 };
	const void *prog = NULL;
	void *scratch = NULL;
	int ret = 0;
	u32 i;

	fwt_delta_init(d);
	if (len < sizeof(*h) || h->magic != FWT_PATCH_MAGIC || h->n_sections != __FWT_PATCH_MAX)
		return -EINVAL;
	for (i = 0; i < __FWT_PATCH_MAX; i++)
		x.n[i] = h->sec[i].count;
#define SECTION(id) ((const void *)((const u8 *)blob + h->sec[FWT_PATCH_##id].off))
	x.group = SECTION(GROUPS);
	x.place = SECTION(PLACES);
	x.deleted = SECTION(DELETED);
	x.edit = SECTION(EDITS);
	x.text = SECTION(TEXT);
	if (x.n[FWT_PATCH_PROGRAM]) {
		prog = SECTION(PROGRAM);
		scratch = malloc(fwt_verify_scratch(prog, x.n[FWT_PATCH_PROGRAM]) + 1);
		if (!scratch)
			return -ENOMEM;
		ret = fwt_verify(prog, x.n[FWT_PATCH_PROGRAM], scratch, &x.prog, &err);
		free(scratch);
	}
	if (ret)
		return ret;
	if (!load_defines(d, &x))
		return -ENOMEM;
	for (i = 0; i < x.n[FWT_PATCH_EDITS]; i++)
		if (!load_edit(d, &x, i))
			return -ENOMEM;
	return load_gone(d, &x) ? 0 : -ENOMEM;
}
