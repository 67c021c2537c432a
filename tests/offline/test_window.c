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
static u64 n_windows, n_several, n_same, n_big, n_hunks;

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

/* Hunks make the one text of a window the other, and leave the lines between. */
static void check_hunks(const struct fwt_window *w)
{
	struct fwt_vec hunks = { .size = sizeof(struct fwt_hunk) };
	const char *now = w->now.data, *new = w->new.data;
	const struct fwt_hunk *h;
	u32 i;
	int ret;

	ret = fwt_hunks_find(w, 2000, &hunks);
	if (ret) {
		/* A last line without its end. */
		assert_int_equal(ret, -E2BIG);
		assert_true(!w->now.len || !w->new.len);
		free(hunks.data);
		return;
	}
	assert_true(hunks.count);
	for (i = 0; i <= hunks.count; i++) {
		h = (struct fwt_hunk *)hunks.data + i;
		const char *to = i < hunks.count ? h->now.from : w->now.data + w->now.len;
		size_t len = (size_t)(to - now);

		assert_memory_equal(now, new, len);
		assert_true(len || !i || i == hunks.count);
		if (i == hunks.count) {
			assert_ptr_equal(new + len, w->new.data + w->new.len);
			break;
		}
		assert_ptr_equal(new + len, h->new.from);
		assert_int_equal(h->line, w->line + line_number(w->now.data, to) - 1);
		assert_int_equal(h->now.lines, line_number(h->now.from, h->now.to) - 1);
		assert_int_equal(h->new.lines, line_number(h->new.from, h->new.to) - 1);
		assert_true(h->now.lines || h->new.lines);
		now = h->now.to;
		new = h->new.to;
		n_hunks++;
	}
	free(hunks.data);
}

/* Windows are what they say: between them, before and behind, all is alike. */
static void check(const struct fwt_windows *all, const char *now, size_t now_len,
		  const char *new, size_t new_len)
{
	const char *now_end = now + now_len, *new_end = new + new_len, *at;
	u32 i, line = 1;
	size_t alike;

	for (i = 0; i < all->n; i++) {
		const struct fwt_window *w = &all->window[i];

		for (at = now; line < w->line; line++)
			at = strchr(at, '\n') + 1;
		alike = (size_t)(at - now);
		assert_true(i ? !w->first && alike : w->first == !alike);
		assert_true(alike + w->now.len <= (size_t)(now_end - now));
		assert_true(alike + w->new.len <= (size_t)(new_end - new));
		assert_memory_equal(new, now, alike);
		now += alike;
		new += alike;
		assert_memory_equal(w->now.data, now, w->now.len);
		assert_memory_equal(w->new.data, new, w->new.len);
		assert_true(!w->now.len || w->now.data[w->now.len - 1] == '\n');
		line = w->line + line_number(w->now.data, w->now.data + w->now.len) - 1;
		now += w->now.len;
		new += w->new.len;
		check_hunks(w);
	}
	assert_int_equal(now_end - now, new_end - new);
	assert_memory_equal(now, new, (size_t)(now_end - now));
}

/* The text with @changes at random, as in force; and the file, which differs by @edits. */
static void play(u32 lines, u32 changes, u32 edits)
{
	struct lines base = { 0 }, now = { 0 };
	struct fwt_delta d;
	struct texts t = { 0 };
	struct fwt_window_of of = { .delta = &d, .key = &key };
	size_t base_len, now_len, new_len;
	char *base_text, *now_text, *new_text;
	struct fwt_windows w;
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
	ret = fwt_windows_find(&w, &of, &ops, &t);
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
		n_several += w.n > 1;
	}
	/* Once, what differs from either side, and then to be looked at; and where lines
	 * are long, what they moved is looked for far and wide.
	 */
	assert_true(t.read <= 3 * new_len + (w.n > 1) * 20 * new_len);
	fwt_windows_clean(&w);
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
	/* Many blocks, and changes all over them. */
	for (i = 0; i < 100; i++)
		play(1 + below(6000), below(3) ? below(12) : 0, below(8));
	printf("%llu differ, %llu in several places, %llu hunks; %llu alike, %llu too large\n",
	       (unsigned long long)n_windows, (unsigned long long)n_several,
	       (unsigned long long)n_hunks, (unsigned long long)n_same,
	       (unsigned long long)n_big);
	assert_true(n_windows > 3000 && n_several > 30 && n_hunks > n_windows && n_same > 500);
}

/* A change of few lines in a large file: of the text in force a few blocks are fetched,
 * and the file is read once.
 */
static void test_little(void **state)
{
	static const struct {
		u32 edits;
		u32 line[6];
		u32 windows;
	} each[] = {
		{ 1, { 12345 }, 1 }, { 2, { 12345, 12347 }, 1 }, { 2, { 100, 19900 }, 2 },
		{ 2, { 10000, 13000 }, 2 }, { 2, { 0, 19998 }, 2 },
		{ 6, { 10, 4000, 8000, 12000, 12001, 19990 }, 5 },
	};
	struct fwt_delta d;
	struct fwt_window_of of = { .delta = &d, .key = &key };
	size_t base_len, new_len;
	char *base, *new;
	u32 i, k, way;

	(void)state;
	fwt_delta_init(&d);
	for (i = 0; i < 3 * ARRAY_SIZE(each); i++) {
		struct lines l = { 0 };
		struct fwt_windows w;
		struct texts t;

		for (k = 0; k < 20000; k++) {
			char *line = malloc(80);

			assert_non_null(line);
			snprintf(line, 80, "\tsaddr 10.%u.%u.0/24 tcp dport %u accept\n", k >> 8,
				 k & 255, k);
			insert(&l, k, line);
		}
		base = join(&l, &base_len);
		way = i / ARRAY_SIZE(each);
		for (k = 0; k < each[i % ARRAY_SIZE(each)].edits; k++) {
			u32 at = each[i % ARRAY_SIZE(each)].line[k];

			/* One more, one less, another of the same length. */
			if (way != 0 && at < l.n)
				delete(&l, at);
			if (way != 1)
				insert(&l, at, strdup("\tsaddr 10.10.10.0/24 udp dport 5 drop\n"));
		}
		new = join(&l, &new_len);
		t = (struct texts){ .base = base, .base_len = (u32)base_len, .file = new,
				    .file_len = new_len };
		of.digest = digests(base, (u32)base_len);
		of.base_len = (u32)base_len;
		of.file_len = new_len;
		assert_int_equal(fwt_windows_find(&w, &of, &ops, &t), 0);
		check(&w, base, base_len, new, new_len);
		assert_int_equal(w.n, each[i % ARRAY_SIZE(each)].windows);
		assert_true(t.fetched <= w.n * 6 * FWT_DIGEST_BLOCK);
		assert_true(t.read <= new_len + w.n * 40 * FWT_DIGEST_BLOCK);
		fwt_windows_clean(&w);
		free((void *)of.digest);
		free(base);
		free(new);
		clean(&l);
	}
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

/* A hunk that stands where the line before goes on, as the lexer has it: a backslash, and
 * blanks or none, before the end of the line.
 */
static void test_goes_on(void **state)
{
	static const struct {
		const char *line;
		bool on;
	} row[] = {
		{ "accept\n", false }, { "\r\n", false }, { " \t\n", false },
		{ "a\\b\n", false }, { "a \\ b\n", false }, { "\\\n", true }, { "a \\\n", true },
		{ "a \\\040\n", true }, { "a \\\t\040\n", true }, { "a \\\r\n", true },
		{ "a \\ \t\r\n", true },
	};
	u32 i;

	(void)state;
	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct fwt_vec hunks = { .size = sizeof(struct fwt_hunk) };
		struct fwt_window w = { .line = 1, .first = true };
		char now[64], new[64];

		snprintf(now, sizeof(now), "one\n%stwo\nthree\n", row[i].line);
		snprintf(new, sizeof(new), "one\n%s\ntwo\nthree\n", row[i].line);
		w.now = (struct fwt_window_text){ .data = now, .len = strlen(now) };
		w.new = (struct fwt_window_text){ .data = new, .len = strlen(new) };
		assert_int_equal(fwt_hunks_find(&w, 10, &hunks), 0);
		assert_int_equal(hunks.count, 1);
		assert_int_equal(((struct fwt_hunk *)hunks.data)->goes_on, row[i].on);
		free(hunks.data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_window), cmocka_unit_test(test_little),
		cmocka_unit_test(test_sums), cmocka_unit_test(test_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
