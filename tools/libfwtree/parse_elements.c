// SPDX-License-Identifier: GPL-2.0
/*
 * elements file "PATH": the elements of a set, or a map, in a file of their own.
 *
 * One element stands on a line, written as between the braces of "elements =",
 * with comments as everywhere. The file becomes one of the policy's sources, so
 * that what is wrong in it is told with its own lines.
 */
#include <stdlib.h>

#include "parse_build.h"
#include "parse.tab.h"

struct reader {
	struct fwt_parser *p;
	struct fwt_scan scan;
	struct fwt_raw raw;	/* the token that comes next */
	bool told;		/* the line has a token that is none */
};

static void advance(struct reader *r)
{
	fwt_scan_next(&r->scan, &r->raw);
	r->told |= r->raw.type == TOK_BAD;
}

static bool at_end(const struct reader *r)
{
	return r->raw.type == TOK_YYEOF || r->p->no_memory;
}

static struct fwt_value *literal(struct reader *r, struct fwt_lloc *lloc)
{
	struct fwt_value *v = NULL;

	*lloc = r->raw.lloc;
	switch (r->raw.type) {
	case TOK_WORD:
		v = fwt_word_new(r->p, lloc, FWT_VALUE_WORD, r->raw.atom);
		break;
	case TOK_STRING:
		v = fwt_word_new(r->p, lloc, FWT_VALUE_STRING, r->raw.atom);
		break;
	case TOK_NUMBER:
	case TOK_ADDRESS:
	case TOK_PREFIX:
	case TOK_MAC:
	case TOK_DURATION:
	case TOK_SIZE:
	case TOK_RATE:
	case TOK_BAD:
		v = fwt_alone(r->raw.value);
		break;
	default:
		return NULL;
	}
	advance(r);
	return v;
}

/* A literal or a range; NULL where there is none */
static struct fwt_value *part(struct reader *r, struct fwt_lloc *lloc)
{
	struct fwt_value *low = literal(r, lloc), *high;
	struct fwt_lloc from = *lloc, to;

	if (!low || r->raw.type != '-')
		return low;
	advance(r);
	high = literal(r, &to);
	if (!high)
		return NULL;
	*lloc = fwt_lloc_span(&from, &to);
	return fwt_range_new(r->p, lloc, low, &from, high, &to);
}

/* What a line holds; NULL where something else stands there */
static struct fwt_value *element(struct reader *r, struct fwt_lloc *at)
{
	struct fwt_lloc first, next, whole;
	struct fwt_value *v = part(r, &first), *join = NULL, *other;

	whole = first;
	while (v && r->raw.type == TOK_JOIN) {
		advance(r);
		other = part(r, &next);
		if (!other)
			return NULL;
		whole = fwt_lloc_span(&first, &next);
		join = join ? fwt_join_add(r->p, &whole, join, other, &next) :
			      fwt_join_new(r->p, &whole, v, &first, other, &next);
	}
	*at = whole;
	return join ? fwt_join_finish(r->p, join, &whole) : v;
}

/* KEY -> VALUE, or KEY : VALUE */
static struct fwt_map_element *pair(struct reader *r)
{
	struct fwt_lloc k_at, v_at;
	struct fwt_value *key = element(r, &k_at), *value;

	if (!key || (r->raw.type != TOK_ARROW && r->raw.type != ':'))
		return NULL;
	advance(r);
	value = element(r, &v_at);
	return value ? fwt_pair_new(r->p, key, &k_at, value, &v_at) : NULL;
}

static void unexpected(struct reader *r)
{
	const struct fwt_lloc *l = &r->raw.lloc;
	size_t len = l->end - l->start;

	if (!r->told && (r->raw.type == TOK_NEWLINE || r->raw.type == TOK_YYEOF))
		fwt_error(r->p->diag, &l->loc, "the element is not complete");
	else if (!r->told)
		fwt_error(r->p->diag, &l->loc,
			  "unexpected '%.*s': one element stands on a line",
			  (int)(len < 60 ? len : 60), r->scan.source->text + l->start);
	while (r->raw.type != TOK_NEWLINE && !at_end(r))
		advance(r);
}

/* The file, ready to be read; false where it can't be. */
static bool open_file(struct fwt_parser *p, const struct fwt_name *path, struct reader *r)
{
	char *full;
	int file;

	if (p->opts.no_include) {
		fwt_error(p->diag, &path->loc, "'elements file' is not allowed here");
		return false;
	}
	if (p->ast->sources->count >= FWT_PARSE_FILES_MAX) {
		fwt_error(p->diag, &path->loc, "more than %d files", FWT_PARSE_FILES_MAX);
		return false;
	}
	full = fwt_source_path(p->ast->sources, path->loc.file, path->text);
	if (!full) {
		p->no_memory = true;
		return false;
	}
	file = fwt_read(p, full, &path->loc);
	free(full);
	if (file < 0)
		return false;
	if (fwt_scan_open(&r->scan, p, (uint32_t)file)) {
		p->no_memory = true;
		return false;
	}
	advance(r);
	return true;
}

/* To the next line that has something; false at the end. */
static bool next_line(struct reader *r)
{
	while (r->raw.type == TOK_NEWLINE)
		advance(r);
	r->told = r->raw.type == TOK_BAD;
	return !at_end(r);
}

static bool line_ends(const struct reader *r)
{
	return r->raw.type == TOK_NEWLINE || at_end(r);
}

struct fwt_value *fwt_elements_read(struct fwt_parser *p, const struct fwt_name *path)
{
	struct fwt_value *list = NULL, *v;
	struct reader r = { .p = p };
	struct fwt_lloc at;

	if (!open_file(p, path, &r))
		return NULL;
	while (next_line(&r)) {
		v = element(&r, &at);
		if (!v || !line_ends(&r))
			unexpected(&r);
		else
			list = fwt_splice(list, v);
	}
	fwt_scan_close(&r.scan);
	return list;
}

struct fwt_map_element *fwt_pairs_read(struct fwt_parser *p, const struct fwt_name *path)
{
	struct fwt_map_element *list = NULL, *e;
	struct reader r = { .p = p };

	if (!open_file(p, path, &r))
		return NULL;
	while (next_line(&r)) {
		e = pair(&r);
		if (!e || !line_ends(&r))
			unexpected(&r);
		else
			list = fwt_push(list, e);
	}
	fwt_scan_close(&r.scan);
	return list;
}
