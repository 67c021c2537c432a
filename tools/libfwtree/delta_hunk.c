// SPDX-License-Identifier: GPL-2.0
/*
 * Which lines of two texts differ, where few do: behind a line that differs the nearest
 * two that are alike are looked for, of which one is that many lines on in the one text
 * and so many in the other. Whichever are found, what stands between is a change that
 * makes the one text the other.
 */
#include <errno.h>
#include <stdlib.h>

#include "delta_window.h"

/* Where each line begins; and behind the last one where it ends. */
struct lines {
	const char **at;
	u32 n;
};

static int read_lines(const struct fwt_window_text *t, struct lines *l)
{
	const char *at = t->data, *end = t->data + t->len;
	u32 n = fwt_digest_lines(t->data, (u32)t->len);

	if (!t->len || end[-1] != '\n')
		return -E2BIG;
	l->at = malloc((n + 1) * sizeof(*l->at));
	if (!l->at)
		return -ENOMEM;
	for (l->n = 0; at < end; at = (const char *)memchr(at, '\n', (size_t)(end - at)) + 1)
		l->at[l->n++] = at;
	l->at[l->n] = end;
	return 0;
}

static bool same(const struct lines *a, u32 i, const struct lines *b, u32 k)
{
	size_t len = (size_t)(a->at[i + 1] - a->at[i]);

	return len == (size_t)(b->at[k + 1] - b->at[k]) && !memcmp(a->at[i], b->at[k], len);
}

/* Nothing by which a place is known: an empty line, a brace. */
static bool slight(const struct lines *l, u32 i)
{
	const char *at = l->at[i];

	at += strspn(at, " \t{}#");
	return *at == '\n';
}

/* Does the line before @i go on in it: a backslash, and blanks, before its end. */
static bool goes_on(const struct lines *l, u32 i)
{
	const char *from = l->at[i - 1], *to = l->at[i] - 1;

	while (to > from && (to[-1] == ' ' || to[-1] == '\t' || to[-1] == '\r'))
		to--;
	return to > from && to[-1] == '\\';
}

/* From here on the texts are alike, at least for a while. */
static bool alike(const struct lines *a, u32 i, const struct lines *b, u32 k)
{
	for (;; i++, k++) {
		if (i >= a->n || k >= b->n)
			return i == a->n && k == b->n;
		if (!same(a, i, b, k))
			return false;
		if (!slight(a, i))
			return true;
	}
}

/* How many lines differ: @i of the one, @k of the other, as few as may be. */
static bool measure(const struct lines *a, u32 from_a, const struct lines *b, u32 from_b,
		    u32 most, u32 *i, u32 *k)
{
	u32 sum;

	for (sum = 1; sum <= 2 * most; sum++)
		for (*i = 0; *i <= min(sum, most); ++*i) {
			*k = sum - *i;
			if (*k <= most && from_a + *i <= a->n && from_b + *k <= b->n &&
			    alike(a, from_a + *i, b, from_b + *k))
				return true;
		}
	return false;
}

static struct fwt_hunk_text part(const struct lines *l, u32 from, u32 n)
{
	return (struct fwt_hunk_text){ l->at[from], l->at[from + n], n };
}

static int find(const struct fwt_window *w, const struct lines *a, const struct lines *b,
		u32 most, struct fwt_vec *hunks)
{
	struct fwt_hunk *h;
	u32 i = 0, k = 0, n, m;

	while (i < a->n || k < b->n) {
		if (i < a->n && k < b->n && same(a, i, b, k)) {
			i++;
			k++;
			continue;
		}
		if (!measure(a, i, b, k, most, &n, &m))
			return -E2BIG;
		h = fwt_vec_add(hunks, 1);
		if (!h)
			return -ENOMEM;
		*h = (struct fwt_hunk){ .now = part(a, i, n), .new = part(b, k, m),
					.line = w->line + i };
		/* What stands before the window is the line before's to say. */
		h->goes_on = i ? goes_on(a, i) : !w->first;
		i += n;
		k += m;
	}
	return 0;
}

int fwt_hunks_find(const struct fwt_window *w, u32 most, struct fwt_vec *hunks)
{
	struct lines a = { 0 }, b = { 0 };
	int ret = read_lines(&w->now, &a);

	if (!ret)
		ret = read_lines(&w->new, &b);
	if (!ret)
		ret = find(w, &a, &b, most, hunks);
	free(a.at);
	free(b.at);
	return ret;
}
