// SPDX-License-Identifier: GPL-2.0
/*
 * elements file "PATH": the elements of a set in a file of their own.
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
};

static void advance(struct reader *r)
{
	fwt_scan_next(&r->scan, &r->raw);
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
static struct fwt_value *element(struct reader *r)
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
	return join ? fwt_join_finish(r->p, join, &whole) : v;
}

static void unexpected(struct reader *r)
{
	const struct fwt_lloc *l = &r->raw.lloc;
	size_t len = l->end - l->start;

	if (r->raw.type == TOK_NEWLINE || r->raw.type == TOK_YYEOF)
		fwt_error(r->p->diag, &l->loc, "the element is not complete");
	else
		fwt_error(r->p->diag, &l->loc,
			  "unexpected '%.*s': one element stands on a line",
			  (int)(len < 60 ? len : 60), r->scan.source->text + l->start);
	while (r->raw.type != TOK_NEWLINE && !at_end(r))
		advance(r);
}

struct fwt_value *fwt_elements_read(struct fwt_parser *p, const struct fwt_name *path)
{
	struct fwt_value *list = NULL, *v;
	struct reader r = { .p = p };
	char *full;
	int file;

	if (p->opts.no_include) {
		fwt_error(p->diag, &path->loc, "'elements file' is not allowed here");
		return NULL;
	}
	if (p->ast->sources->count >= FWT_PARSE_FILES_MAX) {
		fwt_error(p->diag, &path->loc, "more than %d files", FWT_PARSE_FILES_MAX);
		return NULL;
	}
	full = fwt_source_path(p->ast->sources, path->loc.file, path->text);
	if (!full) {
		p->no_memory = true;
		return NULL;
	}
	file = fwt_source_read(p->ast->sources, full, NULL, &path->loc, p->diag);
	free(full);
	if (file < 0)
		return NULL;
	if (fwt_scan_open(&r.scan, p, (uint32_t)file)) {
		p->no_memory = true;
		return NULL;
	}
	for (advance(&r); !at_end(&r); ) {
		if (r.raw.type == TOK_NEWLINE) {
			advance(&r);
			continue;
		}
		v = element(&r);
		if (!v || (r.raw.type != TOK_NEWLINE && !at_end(&r)))
			unexpected(&r);
		else
			list = fwt_splice(list, v);
	}
	fwt_scan_close(&r.scan);
	return list;
}
