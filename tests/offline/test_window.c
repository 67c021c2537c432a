// SPDX-License-Identifier: GPL-2.0
/*
 * Where a file differs from the text in force, by digests: held against the texts
 * themselves, in files of any lines, with any changes before; and digests against sums
 * that are worked out the long way.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "delta_window.h"
#include "filters.h"

static u64 rnd;

static u32 below(u32 n)
{
	return filter_rnd(&rnd) % n;
}

struct lines {
	char **line;
	u32 n;
};

static void insert(struct lines *l, u32 at, char *line)
{
	l->line = realloc(l->line, (l->n + 1) * sizeof(char *));
	assert_non_null(l->line);
	memmove(l->line + at + 1, l->line + at, (l->n - at) * sizeof(char *));
	l->line[at] = line;
	l->n++;
}

static void delete(struct lines *l, u32 at)
{
	free(l->line[at]);
	l->n--;
	memmove(l->line + at, l->line + at + 1, (l->n - at) * sizeof(char *));
}

/* Short ones, empty ones, and one that is longer than a block. */
static char *a_line(void)
{
	u32 len = below(50) ? below(120) : below(3 * FWT_DIGEST_BLOCK), i;
	char *line = malloc(len + 2);

	assert_non_null(line);
	for (i = 0; i < len; i++)
		line[i] = (char)('a' + below(26));
	line[len] = '\n';
	line[len + 1] = 0;
	return line;
}

static char *join(const struct lines *l, size_t *len)
{
	char *text;
	FILE *out = open_memstream(&text, len);
	u32 i;

	assert_non_null(out);
	for (i = 0; i < l->n; i++)
		fputs(l->line[i], out);
	fclose(out);
	return text;
}

static void clean(struct lines *l)
{
	while (l->n)
		delete(l, l->n - 1);
	free(l->line);
	l->line = NULL;
}

struct texts {
	const char *base;
	u32 base_len;
	const char *file;
	u64 file_len;
	u64 fetched;
	u64 read;
	char part[FWT_DIGEST_BLOCK];
};

static bool base_part(void *ctx, u32 off, u32 len, char *to)
{
	struct texts *t = ctx;

	assert_true(off <= t->base_len && len <= t->base_len - off);
	memcpy(to, t->base + off, len);
	t->fetched += len;
	return true;
}

/* Of what was lent before, nothing is left. */
static const char *file_part(void *ctx, u64 off, u32 len, bool back)
{
	struct texts *t = ctx;

	(void)back;
	assert_true(off <= t->file_len && len <= t->file_len - off && len <= sizeof(t->part));
	memset(t->part, '?', sizeof(t->part));
	memcpy(t->part, t->file + off, len);
	t->read += len;
	return t->part;
}

static const struct fwt_window_ops ops = { .base = base_part, .file = file_part };

static struct fwt_digest_key key;

static struct fwt_digest *digests(const char *text, u32 len)
{
	u32 n = fwt_digest_blocks(len), i;
	struct fwt_digest *d = calloc(n + 1, sizeof(*d));

	assert_non_null(d);
	for (i = 0; i < n; i++) {
		u32 size = min(len - i * FWT_DIGEST_BLOCK, FWT_DIGEST_BLOCK);
		u64 sum[4];

		fwt_digest_sums(&key, text + i * FWT_DIGEST_BLOCK, size, sum);
		memcpy(d[i].sum, sum, sizeof(sum));
		d[i].lines = fwt_digest_lines(text + i * FWT_DIGEST_BLOCK, size);
	}
	return d;
}

static u32 line_number(const char *text, const char *at)
{
	u32 n = 1;

	for (; text < at; text++)
		n += *text == '\n';
	return n;
}

/* The window is what it says: so many lines before it, and behind it all is alike. */
static void check(const struct fwt_window *w, const char *now, size_t now_len,
		  const char *new, size_t new_len)
{
	const char *at = now;
	u32 line;
	size_t head;

	for (line = 1; line < w->line; line++)
		at = strchr(at, '\n') + 1;
	head = (size_t)(at - now);
	assert_int_equal(line_number(now, at), w->line);
	assert_true(w->first == !head);
	assert_true(head + w->now.len <= now_len && head + w->new.len <= new_len);
	assert_memory_equal(new, now, head);
	assert_memory_equal(w->now.data, now + head, w->now.len);
	assert_memory_equal(w->new.data, new + head, w->new.len);
	assert_int_equal(now_len - head - w->now.len, new_len - head - w->new.len);
	assert_memory_equal(now + head + w->now.len, new + head + w->new.len,
			    now_len - head - w->now.len);
	assert_true(!w->now.len || w->now.data[w->now.len - 1] == '\n');
}

static u64 n_windows, n_same, n_big;

/* The text with @changes at random, as in force; and the file, which differs by @edits. */
static void play(u32 lines, u32 changes, u32 edits)
{
	struct lines base = { 0 }, now = { 0 };
	struct fwt_delta d;
	struct texts t = { 0 };
	struct fwt_window_of of = { .delta = &d, .key = &key };
	size_t base_len, now_len, new_len;
	char *base_text, *now_text, *new_text;
	struct fwt_window w;
	bool *gone;
	u32 i, k, at;
	int ret;

	for (i = 0; i < lines; i++)
		insert(&base, i, a_line());
	base_text = join(&base, &base_len);
	fwt_delta_init(&d);
	gone = calloc(lines + 2, sizeof(*gone));
	assert_non_null(gone);
	for (i = 0; i < changes; i++) {
		u32 n = 1 + below(3);
		struct fwt_delta_gone g = { 0, 1 + below(lines), n, FWT_NONE };
		struct fwt_delta_line l = { .before = 1 + below(lines + 1) };

		if (below(2)) {
			l.text = a_line();
			assert_int_not_equal(fwt_delta_add(&d, &l, FWT_DELTA_BEFORE), FWT_NONE);
			free(l.text);
			continue;
		}
		for (k = 0; k < n && g.line + k <= lines && !gone[g.line + k]; k++)
			;
		g.lines = k;
		while (k)
			gone[g.line + --k] = true;
		if (g.lines)
			assert_true(fwt_delta_delete(&d, &g));
	}
	/* The same, line by line. */
	for (i = 1; i <= lines + 1; i++) {
		const struct fwt_delta_line *l = d.added.data;

		for (k = 0; k < d.added.count; k++)
			if (l[k].before == i)
				insert(&now, now.n, strdup(l[k].text));
		if (i <= lines && !gone[i])
			insert(&now, now.n, strdup(base.line[i - 1]));
	}
	now_text = join(&now, &now_len);
	for (i = 0, at = below(now.n + 1); i < edits; i++) {
		/* Mostly all at one place. */
		if (!below(8))
			at = below(now.n + 1);
		if (below(2) || at >= now.n)
			insert(&now, min(at, now.n), a_line());
		else
			delete(&now, at);
		at = min(at, now.n);
	}
	new_text = join(&now, &new_len);
	t.base = base_text;
	t.base_len = (u32)base_len;
	t.file = new_text;
	t.file_len = new_len;
	of.digest = digests(base_text, (u32)base_len);
	of.base_len = (u32)base_len;
	of.file_len = new_len;
	ret = fwt_window_find(&w, &of, &ops, &t);
	if (ret == -EALREADY) {
		assert_true(now_len == new_len && !memcmp(now_text, new_text, new_len));
		n_same++;
	} else if (ret) {
		assert_int_equal(ret, -E2BIG);
		n_big++;
	} else {
		assert_false(now_len == new_len && !memcmp(now_text, new_text, new_len));
		check(&w, now_text, now_len, new_text, new_len);
		n_windows++;
	}
	/* Once, what differs from either side, and then to be looked at. */
	assert_true(t.read <= 3 * new_len);
	fwt_window_clean(&w);
	fwt_delta_clean(&d);
	free((void *)of.digest);
	free(gone);
	free(base_text);
	free(now_text);
	free(new_text);
	clean(&base);
	clean(&now);
}

static void test_window(void **state)
{
	u32 i;

	(void)state;
	rnd = 7;
	for (i = 0; i < sizeof(key) / 4; i++)
		((u32 *)&key)[i] = filter_rnd(&rnd);
	for (i = 0; i < 6000; i++)
		play(1 + below(i % 3 ? 30 : 800), below(3) ? below(12) : 0, below(5));
	printf("%llu windows, %llu alike, %llu too large\n", (unsigned long long)n_windows,
	       (unsigned long long)n_same, (unsigned long long)n_big);
	assert_true(n_windows > 3000 && n_same > 500);
}

/* A change of one line in a large file: of the text in force a few blocks are fetched. */
static void test_little(void **state)
{
	struct lines l = { 0 };
	struct texts t = { 0 };
	struct fwt_delta d;
	struct fwt_window_of of = { .delta = &d, .key = &key };
	struct fwt_window w;
	size_t base_len, new_len;
	char *base, *new;
	u32 i;

	(void)state;
	fwt_delta_init(&d);
	for (i = 0; i < 20000; i++) {
		char *line = malloc(80);

		assert_non_null(line);
		snprintf(line, 80, "\tsaddr 10.%u.%u.0/24 tcp dport %u accept\n", i >> 8, i & 255,
			 i);
		insert(&l, i, line);
	}
	base = join(&l, &base_len);
	insert(&l, 12345, strdup("\tudp dport 53 accept\n"));
	new = join(&l, &new_len);
	t = (struct texts){ .base = base, .base_len = (u32)base_len, .file = new,
			    .file_len = new_len };
	of.digest = digests(base, (u32)base_len);
	of.base_len = (u32)base_len;
	of.file_len = new_len;
	assert_int_equal(fwt_window_find(&w, &of, &ops, &t), 0);
	check(&w, base, base_len, new, new_len);
	assert_true(t.fetched <= 4 * FWT_DIGEST_BLOCK);
	fwt_window_clean(&w);
	free((void *)of.digest);
	free(base);
	free(new);
	clean(&l);
}

/* 64 by 64 bits, bit by bit. */
static void multiply(u64 sum[2], u64 a, u64 b)
{
	u64 lo = b, hi = 0;

	for (; a; a >>= 1, hi = hi << 1 | lo >> 63, lo <<= 1) {
		if (!(a & 1))
			continue;
		sum[0] += lo;
		sum[1] += hi + (sum[0] < lo);
	}
}

static void test_sums(void **state)
{
	char text[FWT_DIGEST_BLOCK];
	u64 sum[4], want[4], m[2];
	u32 i, k, len, lines;

	(void)state;
	for (i = 0; i < 600; i++) {
		len = i < 40 ? i : below(FWT_DIGEST_BLOCK + 1);
		for (k = 0; k < len; k++)
			text[k] = i % 3 ? (char)filter_rnd(&rnd) : below(2) ? '\n' : '\v';
		memset(want, 0, sizeof(want));
		for (k = 0; k < len; k += 16) {
			memset(m, 0, sizeof(m));
			memcpy(m, text + k, min(len - k, 16u));
			multiply(want, m[0] + key.word[k / 8], m[1] + key.word[k / 8 + 1]);
			multiply(want + 2, m[0] + key.word[k / 8 + 2],
				 m[1] + key.word[k / 8 + 3]);
		}
		fwt_digest_sums(&key, text, len, sum);
		assert_memory_equal(sum, want, sizeof(sum));
		for (k = 0, lines = 0; k < len; k++)
			lines += text[k] == '\n';
		assert_int_equal(fwt_digest_lines(text, len), lines);
		/* Of one bit more or less both change. */
		if (!len)
			continue;
		text[below(len)] ^= (char)(1 << below(8));
		fwt_digest_sums(&key, text, len, want);
		assert_true(memcmp(sum, want, 16) && memcmp(sum + 2, want + 2, 16));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_window), cmocka_unit_test(test_little),
		cmocka_unit_test(test_sums),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
