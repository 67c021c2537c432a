// SPDX-License-Identifier: GPL-2.0
/*
 * Messages: collected, quoted with their line, and words that were meant.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE	/* vasprintf() */
#endif
#include <stdlib.h>
#include <string.h>

#include "ast.h"
#include "diag.h"
#include "source.h"

void fwt_diag_init(struct fwt_diag *diag)
{
	memset(diag, 0, sizeof(*diag));
}

void fwt_diag_clean(struct fwt_diag *diag)
{
	size_t i;

	for (i = 0; i < diag->count; i++) {
		free(diag->entries[i].message);
		free(diag->entries[i].file);
		free(diag->entries[i].hint);
		free(diag->entries[i].source);
	}
	free(diag->entries);
	fwt_diag_init(diag);
}

void fwt_diag_sources(struct fwt_diag *diag, const struct fwt_sources *sources)
{
	diag->sources = sources;
}

const char *fwt_severity_name(enum fwt_severity severity)
{
	static const char *const names[] = { "error", "warning", "note" };

	return names[severity];
}

/* Characters in the first n bytes; a byte that is of none is one, as it is shown */
static uint32_t characters(const char *text, size_t n)
{
	uint32_t count = 0;
	size_t i;
	bool safe;

	for (i = 0; i < n; i += fwt_utf8_shown(text + i, n - i, &safe))
		count++;
	return count;
}

/* 16 bits of file, 24 of line and column each, is what tells places apart */
static uint64_t place(const struct fwt_loc *loc)
{
	if (!loc || !loc->line)
		return 0;
	return (uint64_t)(loc->file & 0xffff) << 48 |
	       (uint64_t)(loc->line & 0xffffff) << 24 | (loc->column & 0xffffff);
}

/*
 * Quoted lines are cut: a set may hold its million elements on one line, and
 * nobody reads past the first screen of it.
 */
#define LINE_MAX_SHOWN	1000

static void locate(struct fwt_diag *diag, struct fwt_diag_entry *e,
		   const struct fwt_loc *loc)
{
	const char *name = fwt_source_name(diag->sources, loc);
	size_t len = 0, column = loc->column ? loc->column - 1 : 0, end;
	const char *line = fwt_source_line(diag->sources, loc, &len);

	if (!name)
		return;
	e->file = strdup(name);
	e->line = loc->line;
	e->column = loc->column;
	e->end_column = loc->column;
	if (!line)
		return;
	if (column > len)
		column = len;
	end = loc->end_column ? (size_t)loc->end_column - 1 : len;
	if (end > len)
		end = len;
	if (end < column)
		end = column;
	e->column = 1 + characters(line, column);
	e->end_column = e->column + characters(line + column, end - column);
	if (e->end_column == e->column)
		e->end_column++;
	if (column <= LINE_MAX_SHOWN)
		e->source = strndup(line, len < LINE_MAX_SHOWN ? len : LINE_MAX_SHOWN);
}

static size_t kept(const struct fwt_diag *diag, enum fwt_severity severity)
{
	return severity == FWT_ERROR ? diag->errors : diag->warnings;
}

void fwt_diag_vadd(struct fwt_diag *diag, enum fwt_severity severity,
		   const struct fwt_loc *loc, const char *hint, const char *fmt,
		   va_list args)
{
	struct fwt_diag_entry *e;
	uint64_t key = place(loc);
	size_t i;

	if (severity == FWT_NOTE) {
		/* goes with the message before it */
		if (diag->dropped || diag->errors > FWT_DIAG_MAX || diag->warnings > FWT_DIAG_MAX ||
		    diag->count >= 4 * FWT_DIAG_MAX)
			return;
	} else {
		diag->dropped = true;
		for (i = diag->count; key && i-- > 0;)
			if (diag->entries[i].key == key &&
			    diag->entries[i].severity == severity)
				return;
		if (severity == FWT_ERROR)
			diag->errors++;
		else
			diag->warnings++;
		if (kept(diag, severity) > FWT_DIAG_MAX)
			return;
		diag->dropped = false;
	}

	if (diag->count == diag->size) {
		size_t size = diag->size ? 2 * diag->size : 8;

		e = realloc(diag->entries, size * sizeof(*e));
		if (!e) {
			diag->no_memory = true;
			return;
		}
		diag->entries = e;
		diag->size = size;
	}
	e = &diag->entries[diag->count];
	memset(e, 0, sizeof(*e));
	e->severity = severity;
	e->key = key;
	if (vasprintf(&e->message, fmt, args) < 0) {
		e->message = NULL;
		diag->no_memory = true;
		return;
	}
	if (hint)
		e->hint = strdup(hint);
	if (key)
		locate(diag, e, loc);
	diag->count++;
}

void fwt_diag_add(struct fwt_diag *diag, enum fwt_severity severity,
		  const struct fwt_loc *loc, const char *hint, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fwt_diag_vadd(diag, severity, loc, hint, fmt, args);
	va_end(args);
}

/* Notes have the place of what they explain */
static void lend_places(struct fwt_diag *diag)
{
	size_t i;

	for (i = 0; i < diag->count; i++) {
		struct fwt_diag_entry *e = &diag->entries[i];

		if (e->severity == FWT_NOTE && i)
			e->key = e[-1].key;
	}
}

/* By insertion: there are some hundred at most, and nearly in order */
void fwt_diag_sort(struct fwt_diag *diag)
{
	struct fwt_diag_entry e;
	size_t i, at;

	lend_places(diag);
	for (i = 1; i < diag->count; i++) {
		e = diag->entries[i];
		for (at = i; at && diag->entries[at - 1].key - 1 > e.key - 1; at--)
			diag->entries[at] = diag->entries[at - 1];
		diag->entries[at] = e;
	}
}

/* A terminal must not obey what stands in a file: control characters become '?', and so
 * do bytes that are no text.
 */
static void print_text(FILE *out, const char *text)
{
	const char *end = text + strlen(text);
	bool safe;
	size_t n;

	for (; text < end; text += n) {
		n = fwt_utf8_shown(text, (size_t)(end - text), &safe);
		if (safe || *text == '\t')
			fwrite(text, 1, n, out);
		else
			putc('?', out);
	}
}

/*
 * Under the line: tabs are repeated, so that the caret stands right at any tab
 * width, and each character counts for one column, not each byte.
 */
static void print_caret(FILE *out, const struct fwt_diag_entry *e)
{
	const char *p = e->source, *end = p + strlen(p);
	uint32_t column = 1;
	bool safe;

	for (; p < end && column < e->column; column++) {
		putc(*p == '\t' ? '\t' : ' ', out);
		p += fwt_utf8_shown(p, (size_t)(end - p), &safe);
	}
	putc('^', out);
	if (p < end)
		p += fwt_utf8_shown(p, (size_t)(end - p), &safe);
	/* no further than what is quoted of the line */
	for (column++; p < end && column < e->end_column; column++) {
		putc('~', out);
		p += fwt_utf8_shown(p, (size_t)(end - p), &safe);
	}
	putc('\n', out);
}

void fwt_diag_print_entry(const struct fwt_diag_entry *e, FILE *out)
{
	if (e->file && e->line)
		fprintf(out, "%s:%u:%u: ", e->file, e->line, e->column);
	fprintf(out, "%s: ", fwt_severity_name(e->severity));
	print_text(out, e->message);
	if (e->hint) {
		fputs(" (", out);
		print_text(out, e->hint);
		putc(')', out);
	}
	putc('\n', out);
	if (e->source && *e->source) {
		print_text(out, e->source);
		putc('\n', out);
		print_caret(out, e);
	}
}

void fwt_diag_print(const struct fwt_diag *diag, FILE *out)
{
	size_t i;

	for (i = 0; i < diag->count; i++)
		fwt_diag_print_entry(&diag->entries[i], out);
	if (diag->errors > FWT_DIAG_MAX)
		fprintf(out, "error: and %zu more errors\n", diag->errors - FWT_DIAG_MAX);
	if (diag->warnings > FWT_DIAG_MAX)
		fprintf(out, "warning: and %zu more warnings\n",
			diag->warnings - FWT_DIAG_MAX);
	if (diag->no_memory)
		fputs("error: out of memory\n", out);
}

/*
 * What was meant. Damerau's distance in its restricted form (a letter more, one
 * less, another one, two neighbours swapped), as the last is the commonest slip
 * of fast typists: "dprot". Words longer than this are nobody's slip.
 */
#define SUGGEST_MAX	40

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	a = a < b ? a : b;
	return a < c ? a : c;
}

static unsigned int edit_distance(const char *a, size_t n, const char *b, size_t m)
{
	unsigned int row[3][SUGGEST_MAX + 1];
	size_t i, j;

	for (j = 0; j <= m; j++)
		row[0][j] = j;
	for (i = 1; i <= n; i++) {
		unsigned int *now = row[i % 3], *up = row[(i + 2) % 3];
		unsigned int *up2 = row[(i + 1) % 3];

		now[0] = i;
		for (j = 1; j <= m; j++) {
			now[j] = min3(up[j] + 1, now[j - 1] + 1,
				      up[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && up2[j - 2] + 1 < now[j])
				now[j] = up2[j - 2] + 1;
		}
	}
	return row[n % 3][m];
}

void fwt_suggest_init(struct fwt_suggest *s, const char *word)
{
	size_t len = strlen(word);

	s->word = word;
	s->best = NULL;
	/* the bound is exclusive: one letter may be off, or a third of them */
	s->distance = len < 2 ? 1 : len < 6 ? 2 : len / 3 + 1;
}

void fwt_suggest_try(struct fwt_suggest *s, const char *candidate)
{
	size_t n = strlen(s->word), m = strlen(candidate);
	unsigned int d;

	if (n > SUGGEST_MAX || m > SUGGEST_MAX || !n)
		return;
	if ((n > m ? n - m : m - n) >= s->distance)
		return;
	d = edit_distance(s->word, n, candidate, m);
	if (!d) {
		/* It is a word, and wrong where it stands: no other one is meant. */
		s->distance = 0;
		s->best = NULL;
		return;
	}
	if (d < s->distance && d < n) {
		s->distance = d;
		s->best = candidate;
	}
}

const char *fwt_suggest_hint(const struct fwt_suggest *s, char *buf, size_t size)
{
	if (!s->best)
		return NULL;
	snprintf(buf, size, "did you mean '%s'?", s->best);
	return buf;
}

const char *fwt_diag_suggest(const char *word, const char *const *candidates)
{
	struct fwt_suggest s;

	fwt_suggest_init(&s, word);
	for (; *candidates; candidates++)
		fwt_suggest_try(&s, *candidates);
	return s.best;
}
