// SPDX-License-Identifier: GPL-2.0
/*
 * A parse from its beginning to its end, and what a syntax error says.
 */
#include <stdlib.h>
#include <string.h>

#include "parse_build.h"
#include "parse.tab.h"

/* Places */

struct fwt_lloc fwt_lloc_span(const struct fwt_lloc *first, const struct fwt_lloc *last)
{
	struct fwt_lloc out = *first;

	if (first->loc.file != last->loc.file || last->end < first->end)
		return out;
	out.end = last->end;
	out.last_line = last->last_line;
	out.loc.end_column = last->last_line == first->loc.line ? last->loc.end_column : 0;
	return out;
}

/* Nothing, behind something */
struct fwt_lloc fwt_lloc_behind(const struct fwt_lloc *lloc)
{
	struct fwt_lloc out = *lloc;

	out.start = out.end;
	if (out.loc.end_column)
		out.loc.column = out.loc.end_column;
	return out;
}

/* Syntax errors */

static bool listed(const char *const *names, int n, const char *name)
{
	int i;

	for (i = 0; i < n; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

/* "a, b or c" into @buf */
static void enumerate(char *buf, size_t size, const char *const *names, int n)
{
	size_t used = 0;
	int i;

	buf[0] = 0;
	for (i = 0; i < n && used < size; i++)
		used += snprintf(buf + used, size - used, "%s%s",
				 !i ? "" : i == n - 1 ? " or " : ", ", names[i]);
}

/*
 * What was expected, in the reader's words: the dozen kinds of literals are "a
 * value", the fifty words that may begin a clause are not worth saying. What is
 * left, up to four, is said.
 */
static void what_expected(char *buf, size_t size, const char *const *expected, int n)
{
	static const char *const values[] = {
		"a name", "a string", "@set", "$name", "a number", "an address", "a prefix",
		"a MAC address", "a duration", "a size", "a rate", "BAD", "ADDR_OF", "NET_OF",
		"LIST_OPEN",
	};
	bool value = listed(expected, n, "a number") && listed(expected, n, "a MAC address");
	bool clause = listed(expected, n, "ACCEPT") && listed(expected, n, "DROP");
	bool name = !value && listed(expected, n, "a name") && listed(expected, n, "a string");
	bool end = listed(expected, n, "end of line");
	const char *out[8];
	int count = 0, i;

	if (listed(expected, n, "DEFINE")) {
		snprintf(buf, size, "a hook, a tree or another declaration");
		return;
	}
	if (!value && !clause && listed(expected, n, "'->'")) {
		snprintf(buf, size, "'->'");
		return;
	}
	if (value)
		out[count++] = listed(expected, n, "'=='") ? "a value or an operator" : "a value";
	if (clause)
		out[count++] = listed(expected, n, "a field") ? "a match, a modifier or a verdict" :
							       "a modifier or a verdict";
	for (i = 0; i < n && count < 6; i++) {
		const char *e = expected[i];

		if (value && listed(values, sizeof(values) / sizeof(values[0]), e))
			continue;
		if (name && !strcmp(e, "a string"))
			continue;
		if ((clause || end) && (!strcmp(e, "'{'") || !strcmp(e, "'}'")))
			continue;
		if (!strcmp(e, "end of line") || !strcmp(e, "end of file") || !strcmp(e, "BAD"))
			continue;
		if (!clause && !(value && e[0] == '\'') && strchr("'@$a", e[0]))
			out[count++] = e;
	}
	if (!value && (listed(expected, n, "LIST_CLOSE") || listed(expected, n, "KEYS_CLOSE")))
		out[count++] = "'}'";
	if (end && !value && !clause && count < 4)
		out[count++] = "the end of the statement";
	if (count > 4 || !count)
		buf[0] = 0;
	else
		enumerate(buf, size, out, count);
}

static void what_found(struct fwt_parser *p, char *buf, size_t size,
		       const struct fwt_lloc *lloc, const char *token)
{
	const struct fwt_source *s = p->ast->sources->source[lloc->loc.file];
	size_t len = lloc->end - lloc->start;

	if (!strcmp(token, "end of file") || !len)
		snprintf(buf, size, "end of file");
	else if (s->text[lloc->start] == '\n' || s->text[lloc->start] == '\r')
		snprintf(buf, size, "end of line");
	else
		snprintf(buf, size, "'%.*s'", (int)(len < 60 ? len : 60), s->text + lloc->start);
}

/*
 * "tcp dport { 22, 80 accept": the rule goes on, and the list's brace is missing. It ends here,
 * or whatever follows were elements, up to the brace of the hook, which would be missing then.
 * Not where a brace comes on this line: that is the list's, and the word is one too many. Nor
 * where it has a line of the list for itself: what lacks then is a comma, unless no value is
 * called so.
 */
static bool list_left_open(struct fwt_parser *p, const struct fwt_lloc *lloc)
{
	const struct fwt_source *s = p->ast->sources->source[lloc->loc.file];
	const char *text = s->text + lloc->start, *rest = s->text + lloc->end;
	size_t blanks = strspn(rest, " \t\r,");
	const struct fwt_atom *word;
	unsigned int d = p->depth;
	bool by_itself;

	while (p->level[d].kind == BRACE_LIST)
		d--;
	by_itself = p->level[p->depth].lloc.loc.line != lloc->loc.line &&
		    strchr("\n#", rest[blanks]);
	if (d == p->depth || p->level[d].kind != BRACE_BLOCK || rest[strcspn(rest, "}\n")] == '}')
		return false;
	word = fwt_intern_find(p->ast->intern, text, lloc->end - lloc->start);
	if (!word || !(word->field || fwt_keyword_find(word, CTX_CLAUSE)) ||
	    (by_itself && !fwt_keyword_find(word, CTX_RESERVED)))
		return false;
	while (p->depth > d)
		fwt_close_brace(p);
	return true;
}

static const char *syntax_hint(struct fwt_parser *p, const struct fwt_lloc *lloc,
			       const char *found, const char *const *expected, int n)
{
	if (list_left_open(p, lloc))
		return "the '}' of the list is missing";
	if (!strcmp(found, "'='") && listed(expected, n, "'=='"))
		return "equality is '==', or nothing at all";
	if (!strcmp(found, "'timeout'") && listed(expected, n, "','"))
		return "elements of a policy stay; fwctl set add NAME ELEMENT timeout D";
	if (!strcmp(found, "'or'"))
		return "values in a list, { a, b }, or a rule each";
	if (!listed(expected, n, "':'") || listed(expected, n, "'->'"))
		return NULL;
	if (p->declares == TOK_SETDECL)
		return "set NAME : TYPE, of addr port protocol ifname mac mark";
	return p->declares == TOK_MAPDECL ? "map NAME : TYPE -> TYPE" : NULL;
}

void fwt_syntax_error(struct fwt_parser *p, const struct fwt_lloc *lloc, const char *token,
		      const char *const *expected, int n)
{
	char found[128], want[256];
	const char *hint;

	if (!p->spoiled && strcmp(token, "UNKNOWN")) {
		what_found(p, found, sizeof(found), lloc, token);
		what_expected(want, sizeof(want), expected, n);
		hint = syntax_hint(p, lloc, found, expected, n);
		if (want[0])
			fwt_error_hint(p->diag, &lloc->loc, hint, "unexpected %s, expected %s",
				       found, want);
		else
			fwt_error_hint(p->diag, &lloc->loc, hint, "unexpected %s", found);
	}
	p->spoiled = true;
	p->panic = true;
}

/* A parse */

static struct fwt_policy_ast *ast_alloc(void)
{
	struct fwt_arena *arena = fwt_arena_create();
	struct fwt_policy_ast *ast;

	if (!arena)
		return NULL;
	ast = fwt_arena_alloc(arena, sizeof(*ast));
	if (!ast) {
		fwt_arena_free(arena);
		return NULL;
	}
	ast->arena = arena;
	ast->sources = fwt_sources_alloc();
	ast->intern = fwt_intern_create(arena);
	if (!ast->sources || !ast->intern) {
		fwt_ast_free(ast);
		return NULL;
	}
	return ast;
}

static void list_ends(struct fwt_parser *p)
{
	p->defines = &p->ast->defines;
	p->options = &p->ast->options;
	p->sets = &p->ast->sets;
	p->maps = &p->ast->maps;
	p->pools = &p->ast->pools;
	p->trees = &p->ast->trees;
	p->hooks = &p->ast->hooks;
}

/* Reads the source just added, the policy's first */
static bool run(struct fwt_parser *p)
{
	struct fwt_loc nowhere = { 0 };
	struct fwt_frame *f;

	list_ends(p);
	if (!fwt_words_init(p))
		return false;
	f = fwt_frame_push(p, NULL, &nowhere);
	if (!f || fwt_scan_open(&f->scan, p, 0))
		return false;
	f->open = true;
	p->last_lloc.loc.line = 1;
	p->last_lloc.last_line = 1;
	p->last_lloc.loc.column = 1;
	fwt_yyparse(p);
	return !p->no_memory;
}

/* How far it came says how much all of it would have taken; where it did not come
 * far, what rules of ClassBench's do.
 */
static void no_memory(struct fwt_parser *p)
{
	const struct fwt_source *s = p->ast->sources->source[p->last_lloc.loc.file];
	size_t taken = fwt_arena_bytes(p->ast->arena), done = p->last_lloc.end;
	size_t all = done < s->len / 16 ? 16 * s->len :
		     (size_t)((double)taken / done * s->len);

	fwt_error_hint(p->diag, NULL, FWT_SMALLER,
		       "no memory to read %s: of its %zu KiB %zu took %zu MiB, all of them take some %zu MiB, and to be compiled as much again",
		       s->name, s->len >> 10, done >> 10, taken >> 20, (all >> 20) + 1);
}

/* @text NULL: @name is a path */
static struct fwt_policy_ast *parse(const char *name, const char *text, size_t len,
				    struct fwt_diag *diag, const struct fwt_parse_opts *opts)
{
	struct fwt_policy_ast *ast = ast_alloc();
	struct fwt_parser *p = calloc(1, sizeof(*p));
	int file;

	if (!p || !ast) {
		fwt_error(diag, NULL, "out of memory");
		goto fail;
	}
	p->ast = ast;
	p->diag = diag;
	if (opts)
		p->opts = *opts;
	fwt_diag_sources(diag, ast->sources);
	if (text)
		file = fwt_source_add(ast->sources, name, p->opts.base, text, len, diag);
	else
		file = fwt_source_read_policy(ast->sources, name, p->opts.base, NULL, diag);
	if (file < 0)
		goto fail;
	if (!run(p)) {
		no_memory(p);
		goto fail;
	}
	fwt_end_maps(p);
	while (p->frame)
		fwt_frame_pop(p);
	free(p);
	return ast;

fail:
	while (p && p->frame)
		fwt_frame_pop(p);
	free(p);
	fwt_diag_sources(diag, NULL);
	fwt_ast_free(ast);
	return NULL;
}

struct fwt_policy_ast *fwt_parse_file(const char *path, struct fwt_diag *diag,
				      const struct fwt_parse_opts *opts)
{
	return parse(path, NULL, 0, diag, opts);
}

struct fwt_policy_ast *fwt_parse_buffer(const char *name, const char *text, size_t len,
					struct fwt_diag *diag,
					const struct fwt_parse_opts *opts)
{
	return parse(name, text ? text : "", text ? len : 0, diag, opts);
}
