// SPDX-License-Identifier: GPL-2.0
/*
 * Raw tokens and how far one may look ahead, and the braces that are open: the
 * lower half of the token layer, see parse_token.c.
 */
#include <string.h>

#include "parse_internal.h"
#include "parse.tab.h"

/* Raw tokens */

static void scan_next(struct fwt_parser *p, struct fwt_raw *raw)
{
	bool popped = false;

	while (p->frame && !p->frame->open && !p->frame->close && !p->no_memory)
		popped |= !fwt_frame_open(p);
	if (!p->frame || p->frame->close || p->no_memory) {
		memset(raw, 0, sizeof(*raw));
		raw->lloc = p->last_lloc;
		raw->type = TOK_YYEOF;
		return;
	}
	/* Nothing was to be read: what the file below has peeked at comes next. */
	if (popped && p->frame->peeked) {
		fwt_raw_next(p, raw);
		return;
	}
	fwt_scan_next(&p->frame->scan, raw);
}

/* The raw token @n behind the next; peeking never leaves the file */
struct fwt_raw *fwt_peek(struct fwt_parser *p, unsigned int n)
{
	struct fwt_frame *f = p->frame;

	if (!f) {
		scan_next(p, &p->nothing);
		return &p->nothing;
	}
	if (n >= PEEK_MAX)
		n = PEEK_MAX - 1;
	while (f->peeked <= n)
		scan_next(p, &f->peek[f->peeked++]);
	return &f->peek[n];
}

void fwt_raw_next(struct fwt_parser *p, struct fwt_raw *raw)
{
	struct fwt_frame *f = p->frame;

	if (!f || !f->peeked) {
		scan_next(p, raw);
		return;
	}
	*raw = f->peek[0];
	if (--f->peeked)
		memmove(f->peek, f->peek + 1, f->peeked * sizeof(f->peek[0]));
}

void fwt_skip(struct fwt_parser *p, unsigned int n)
{
	struct fwt_raw raw;

	while (n--)
		fwt_raw_next(p, &raw);
}

/* Levels */

struct fwt_level *fwt_top(struct fwt_parser *p)
{
	return &p->level[p->depth];
}

/* Newlines separate here; elsewhere they are blanks */
bool fwt_separates(const struct fwt_parser *p)
{
	switch (p->level[p->depth].kind) {
	case BRACE_LIST:
	case BRACE_KEYS:
	case BRACE_NOT:
		return false;
	default:
		return true;
	}
}

unsigned int fwt_context(const struct fwt_parser *p)
{
	const struct fwt_level *l = &p->level[p->depth];

	switch (l->kind) {
	case BRACE_TOP:
		return CTX_TOP;
	case BRACE_SET:
		return CTX_SET;
	case BRACE_POOL:
		return CTX_POOL;
	case BRACE_BLOCK:
	case BRACE_NOT:
		return CTX_CLAUSE;
	case BRACE_SELECT:
	case BRACE_SPLIT:
		return l->arrow ? CTX_CLAUSE : 0;
	default:
		return 0;
	}
}

/* What a statement of these braces begins with */
enum fwt_want fwt_base(const struct fwt_parser *p)
{
	switch (p->level[p->depth].kind) {
	case BRACE_BLOCK:
	case BRACE_NOT:
		return WANT_CLAUSE;
	case BRACE_SELECT:
	case BRACE_SPLIT:
		return p->level[p->depth].arrow ? WANT_CLAUSE : WANT_VALUE;
	case BRACE_LIST:
		return WANT_VALUE;
	case BRACE_KEYS:
		return WANT_KEY;
	case BRACE_ARGS:
		return WANT_REST;
	default:
		return WANT_BASE;
	}
}

bool fwt_at_start(const struct fwt_parser *p)
{
	switch (p->last) {
	case 0:
	case TOK_SEP:
	case TOK_ARROW:
	case TOK_BLOCK_OPEN:
	case TOK_SELECT_OPEN:
	case TOK_SPLIT_OPEN:
	case TOK_SET_OPEN:
	case TOK_POOL_OPEN:
		return fwt_separates(p);
	default:
		return false;
	}
}

/*
 * Where the brace is that closes the one just read, as the text has it: the
 * scanner is not that far yet. Strings and comments may hold braces.
 */
static const char *closing(const struct fwt_parser *p, const struct fwt_raw *open)
{
	const struct fwt_source *s = p->ast->sources->source[open->lloc.loc.file];
	const char *t = s->text + open->lloc.end, *end = s->text + s->len;
	unsigned int depth = 1;

	for (; t < end; t++) {
		if (*t == '"') {
			for (t++; t < end && *t != '"' && *t != '\n'; t++)
				t += *t == '\\';
		} else if (*t == '#') {
			while (t < end && *t != '\n')
				t++;
		} else if (*t == '{') {
			depth++;
		} else if (*t == '}' && !--depth) {
			return t;
		}
	}
	return NULL;
}

/* select node X { A } { B }: A are settings only where a second brace follows */
static bool second_brace(const struct fwt_parser *p, const struct fwt_raw *open)
{
	const struct fwt_source *s = p->ast->sources->source[open->lloc.loc.file];
	const char *t = closing(p, open), *end = s->text + s->len;

	if (!t)
		return false;
	for (t++; t < end && strchr(" \t", *t); t++)
		;
	return t < end && *t == '{';
}

/* After an error nobody knows what a brace was to be: does it look like a list? */
static bool looks_like_list(struct fwt_parser *p)
{
	unsigned int n = 0;

	while (n < PEEK_MAX - 2 && fwt_peek(p, n)->type == TOK_NEWLINE)
		n++;
	switch (fwt_peek(p, n)->type) {
	case TOK_NUMBER:
	case TOK_ADDRESS:
	case TOK_PREFIX:
	case TOK_MAC:
	case TOK_STRING:
	case TOK_SETREF:
	case TOK_DEFREF:
		return fwt_peek(p, n + 1)->type != TOK_ARROW;
	case TOK_WORD:
		n = fwt_peek(p, n + 1)->type;
		return n == ',' || n == '}';
	default:
		return false;
	}
}

static enum fwt_brace classify(struct fwt_parser *p, const struct fwt_raw *open)
{
	bool args = p->args, update = p->update;

	p->args = 0;
	p->update = false;
	if (args && (p->brace != BRACE_SELECT || second_brace(p, open)))
		return BRACE_ARGS;
	if (update)
		return BRACE_KEYS;
	if (p->last == TOK_NOT)
		return BRACE_NOT;
	if (p->panic || p->spoiled)
		if (!p->brace && looks_like_list(p))
			return BRACE_LIST;
	if (p->brace == BRACE_SELECT || p->brace == BRACE_SPLIT)
		return p->brace;
	if (p->want == WANT_OPERAND || p->want == WANT_COMPARED ||
	    p->want == WANT_VALUE || p->want == WANT_TARGET) {
		if (!fwt_at_start(p) || fwt_top(p)->kind == BRACE_SELECT)
			return BRACE_LIST;
	}
	if (fwt_top(p)->kind == BRACE_LIST)
		return BRACE_LIST;
	return p->brace ? p->brace : BRACE_BLOCK;
}

static const struct {
	int open, close;
} brace_tokens[] = {
	[BRACE_BLOCK] = { TOK_BLOCK_OPEN, TOK_BLOCK_CLOSE },
	[BRACE_SELECT] = { TOK_SELECT_OPEN, TOK_SELECT_CLOSE },
	[BRACE_SPLIT] = { TOK_SPLIT_OPEN, TOK_SPLIT_CLOSE },
	[BRACE_SET] = { TOK_SET_OPEN, TOK_SET_CLOSE },
	[BRACE_POOL] = { TOK_POOL_OPEN, TOK_POOL_CLOSE },
	[BRACE_LIST] = { TOK_LIST_OPEN, TOK_LIST_CLOSE },
	[BRACE_KEYS] = { TOK_KEYS_OPEN, TOK_KEYS_CLOSE },
	[BRACE_NOT] = { TOK_NOT_OPEN, TOK_NOT_CLOSE },
	[BRACE_ARGS] = { TOK_ARGS_OPEN, TOK_ARGS_CLOSE },
};

/* Too deep: what stands inside is left out, and the braces count as a verdict */
static int skip_braces(struct fwt_parser *p, const struct fwt_raw *open)
{
	unsigned int depth = 1;
	struct fwt_raw raw;

	fwt_error(p->diag, &open->lloc.loc, "blocks are nested deeper than %d",
		  FWT_PARSE_DEPTH_MAX);
	while (depth && fwt_peek(p, 0)->type != TOK_YYEOF) {
		fwt_raw_next(p, &raw);
		depth += raw.type == '{';
		depth -= raw.type == '}';
	}
	p->spoiled = true;
	p->want = WANT_AFTER;
	return TOK_ERROR_END;
}

int fwt_open_brace(struct fwt_parser *p, const struct fwt_raw *raw)
{
	enum fwt_brace kind = classify(p, raw);
	struct fwt_level *l;

	if (p->depth >= FWT_PARSE_DEPTH_MAX)
		return skip_braces(p, raw);
	l = &p->level[++p->depth];
	l->kind = kind;
	l->arrow = false;
	l->brace = p->brace;
	l->lloc = raw->lloc;
	p->brace = 0;
	p->want = fwt_base(p);
	return brace_tokens[kind].open;
}

int fwt_close_brace(struct fwt_parser *p)
{
	enum fwt_brace kind = fwt_top(p)->kind;

	/* behind a list or settings, the brace that was announced still comes */
	p->brace = fwt_separates(p) && kind != BRACE_ARGS ? 0 : fwt_top(p)->brace;
	p->depth--;
	p->want = WANT_AFTER;
	return brace_tokens[kind].close;
}
