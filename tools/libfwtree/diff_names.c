// SPDX-License-Identifier: GPL-2.0
/*
 * Words of a class with the names that the policies' defines have for values.
 */
#include <stdio.h>
#include <stdlib.h>

#include "ast.h"
#include "diff_names.h"

#define LIST_MAX	32

static bool has_name(enum fwt_value_kind kind)
{
	/* A number alone may be a port, a mark or anything. */
	return kind == FWT_VALUE_WORD || kind == FWT_VALUE_STRING || kind == FWT_VALUE_MAC ||
	       kind == FWT_VALUE_IPV4 || kind == FWT_VALUE_IPV6 ||
	       kind == FWT_VALUE_PREFIX4 || kind == FWT_VALUE_PREFIX6;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "{ b, a }" and "{ a, b }" are the same; @list is taken apart. NULL: too long. */
static char *in_order(char *list)
{
	char *item[LIST_MAX], *save = NULL, *to;
	size_t len = strlen(list), n = 0, i;

	for (to = strtok_r(list, " ,{}", &save); to; to = strtok_r(NULL, " ,{}", &save)) {
		if (n == LIST_MAX)
			return NULL;
		item[n++] = to;
	}
	if (!n)
		return NULL;
	qsort(item, n, sizeof(*item), by_text);
	to = malloc(len + 1);
	if (!to)
		return NULL;
	*to = 0;
	for (i = 0; i < n; i++) {
		strcat(to, item[i]);
		if (i + 1 < n)
			strcat(to, ",");
	}
	return to;
}

static char *text_of(const struct fwt_define *d)
{
	const struct fwt_value *v;
	char *text = NULL, *key;
	size_t size;
	FILE *out;

	for (v = d->values.first; v; v = v->next)
		if (!has_name(v->kind))
			return NULL;
	out = open_memstream(&text, &size);
	if (!out)
		return NULL;
	for (v = d->values.first; v; v = v->next) {
		fwt_ast_print_value(out, v);
		fputc(' ', out);
	}
	fclose(out);
	key = text ? in_order(text) : NULL;
	free(text);
	return key;
}

static const struct fwt_define *find(const struct fwt_policy_ast *ast, const char *name)
{
	const struct fwt_define *d;

	for (d = ast->defines; d && strcmp(d->name.text, name); d = d->next)
		;
	return d;
}

/* Names that mean something else in the @other policy would be understood wrong. */
static bool add(struct fwt_vec *names, const struct fwt_policy_ast *ast,
		const struct fwt_policy_ast *other)
{
	const struct fwt_define *d, *too;
	struct fwt_diff_name *n;
	char *key, *second;
	bool same;

	for (d = ast->defines; d; d = d->next) {
		key = text_of(d);
		if (!key)
			continue;
		too = find(other, d->name.text);
		second = too ? text_of(too) : NULL;
		same = !too || (second && !strcmp(key, second));
		free(second);
		n = same ? fwt_vec_add(names, 1) : NULL;
		if (!n) {
			free(key);
			if (same)
				return false;
			continue;
		}
		*n = (struct fwt_diff_name){ d->name.text, key };
	}
	return true;
}

int fwt_diff_names(struct fwt_vec *names, const struct fwt_policy_ast *a,
		   const struct fwt_policy_ast *b)
{
	*names = (struct fwt_vec){ .size = sizeof(struct fwt_diff_name) };
	return add(names, b, a) && add(names, a, b) ? 0 : -ENOMEM;
}

void fwt_diff_names_clean(struct fwt_vec *names)
{
	struct fwt_diff_name *n = names->data;
	u32 i;

	for (i = 0; i < names->count; i++)
		free(n[i].key);
	free(names->data);
}

static const char *name_of(const struct fwt_vec *names, const char *at, size_t len)
{
	const struct fwt_diff_name *n = names->data;
	char *copy = strndup(at, len), *key = copy ? in_order(copy) : NULL;
	const char *name = NULL;
	u32 i;

	for (i = 0; key && i < names->count && !name; i++)
		if (!strcmp(n[i].key, key))
			name = n[i].name;
	free(copy);
	free(key);
	return name;
}

/* Fields whose values have names. */
static bool is_field(const char *at, size_t len)
{
	static const char *const field[] = { "iif", "oif", "saddr", "daddr" };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(field); i++)
		if (strlen(field[i]) == len && !memcmp(field[i], at, len))
			return true;
	return false;
}

void fwt_diff_rename(const struct fwt_vec *names, char *words, size_t size)
{
	char *at = words;
	const char *name;
	size_t n, len;

	while (*at) {
		n = strcspn(at, " ");
		if (!at[n])
			return;
		if (!is_field(at, n)) {
			at += n + 1;
			continue;
		}
		at += n + 1;
		n = strcspn(at, *at == '{' ? "}" : " ");
		if (*at == '{' && at[n])
			n++;
		name = name_of(names, at, n);
		len = name ? strlen(name) + 1 : n;
		if (name && strlen(words) - n + len < size) {
			memmove(at + len, at + n, strlen(at + n) + 1);
			at[0] = '$';
			memcpy(at + 1, name, len - 1);
			n = len;
		}
		at += n;
		at += *at == ' ';
	}
}
