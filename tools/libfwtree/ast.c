// SPDX-License-Identifier: GPL-2.0
/*
 * The tree: its end, look-ups by name, and the text a rule is known by.
 */
#include <string.h>

#include "arena.h"
#include "ast.h"
#include "source.h"

void fwt_ast_free(struct fwt_policy_ast *ast)
{
	if (!ast)
		return;
	fwt_sources_free(ast->sources);
	fwt_intern_free(ast->intern);
	fwt_arena_free(ast->arena);	/* the last: all else lies in it */
}

static void *find(const struct fwt_policy_ast *ast, enum fwt_decl decl, const char *name)
{
	const struct fwt_atom *atom = fwt_intern_find(ast->intern, name, strlen(name));

	return atom ? atom->decl[decl] : NULL;
}

struct fwt_tree *fwt_ast_tree(const struct fwt_policy_ast *ast, const char *name)
{
	return find(ast, FWT_DECL_TREE, name);
}

struct fwt_set *fwt_ast_set(const struct fwt_policy_ast *ast, const char *name)
{
	return find(ast, FWT_DECL_SET, name);
}

struct fwt_map *fwt_ast_map(const struct fwt_policy_ast *ast, const char *name)
{
	return find(ast, FWT_DECL_MAP, name);
}

struct fwt_pool *fwt_ast_pool(const struct fwt_policy_ast *ast, const char *name)
{
	return find(ast, FWT_DECL_POOL, name);
}

struct fwt_define *fwt_ast_define(const struct fwt_policy_ast *ast, const char *name)
{
	return find(ast, FWT_DECL_DEFINE, name);
}

/* Where a comment or a continued line ends that begins at @t, else @t */
static const char *skip_blank(const char *t, const char *end)
{
	const char *u;

	if (*t == ' ' || *t == '\t' || *t == '\n' || *t == '\r' || *t == '\f' || *t == '\v')
		return t + 1;
	if (*t == '#') {
		while (t < end && *t != '\n')
			t++;
		return t;
	}
	if (*t != '\\')
		return t;
	for (u = t + 1; u < end && (*u == ' ' || *u == '\t' || *u == '\r'); u++)
		;
	return u < end && *u == '\n' ? u + 1 : t;
}

size_t fwt_ast_rule_text(const struct fwt_policy_ast *ast, const struct fwt_rule *rule,
			 char *buf, size_t size)
{
	const struct fwt_source *s = ast->sources->source[rule->loc.file];
	const char *t = s->text + rule->text.start, *end = s->text + rule->text.head_end;
	bool quoted = false, blank = false;
	const char *next;
	size_t n = 0;

	while (t < end) {
		next = quoted ? t : skip_blank(t, end);
		if (next != t) {
			blank = n > 0;
			t = next;
			continue;
		}
		if (blank) {
			if (n + 1 < size)
				buf[n] = ' ';
			n++;
			blank = false;
		}
		if (quoted && *t == '\\' && t + 1 < end) {
			if (n + 1 < size)
				buf[n] = *t;
			n++;
			t++;
		} else if (*t == '"') {
			quoted = !quoted;
		}
		if (n + 1 < size)
			buf[n] = *t;
		n++;
		t++;
	}
	if (size)
		buf[n < size ? n : size - 1] = 0;
	return n;
}
