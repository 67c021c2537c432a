// SPDX-License-Identifier: GPL-2.0
/*
 * The text in force is a row of pieces: blocks of the base, each known by its digest, and
 * where the delta changes something, text. From either end the file is held against
 * these, piece by piece, until one differs.
 *
 * Of what is left between most may be alike, too, only elsewhere: behind a line that
 * came or went. So of the pieces behind one that differs the text is fetched and looked
 * for in the file, nearby; from where it is found on, digests do again.
 *
 * What differs is fetched, with a few lines on both sides, for a change to be seen with
 * what it stands beside.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE	/* memmem() */
#endif
#include <errno.h>
#include <stdlib.h>

#include "delta_window.h"

#define FEW		8u	/* pieces: rather fetched than told apart */
#define AHEAD_MAX	16u	/* pieces that may differ in a row, among those told apart */
#define ASIDE		65536u	/* bytes that a change may move what is behind it */

/* @text: NULL for block @block of the base */
struct piece {
	char *text;
	u32 block;
	u32 len;
	u32 lines;
};

/* Pieces @from to @to, and what the file has in their place. */
struct span {
	u32 from, to;
	u64 file_from, file_to;
};

struct find {
	const struct fwt_window_of *of;
	const struct fwt_window_ops *ops;
	void *ctx;
	u32 blocks;
	u32 *before;		/* lines before each block */
	struct fwt_vec pieces;
	struct fwt_vec spans;	/* that differ */
};

static struct piece *piece(const struct find *f, u32 i)
{
	return (struct piece *)f->pieces.data + i;
}

static u32 block_len(const struct find *f, u32 i)
{
	return min(f->of->base_len - i * FWT_DIGEST_BLOCK, FWT_DIGEST_BLOCK);
}

/* The block in which the line before @line ends: what stands before @line is put there. */
static u32 block_of(const struct find *f, u32 line)
{
	u32 lo = 0, n = f->blocks;

	if (line < 2)
		return 0;
	/* The first one behind which as many lines have ended. */
	while (n) {
		u32 half = n / 2;

		if (f->before[lo + half + 1] >= line - 1) {
			n = half;
		} else {
			lo += half + 1;
			n -= half + 1;
		}
	}
	return min(lo, f->blocks - 1);
}

/* Blocks in which the delta changes something. */
static void mark(const struct find *f, u8 *changed)
{
	const struct fwt_delta *d = f->of->delta;
	const struct fwt_delta_line *l = d->added.data;
	const struct fwt_delta_gone *g = d->gone.data;
	u32 i, b;

	for (i = 0; i < d->added.count; i++)
		if (l[i].file == f->of->file)
			changed[block_of(f, l[i].before)] = 1;
	for (i = 0; i < d->gone.count; i++) {
		if (g[i].file != f->of->file || !g[i].lines)
			continue;
		for (b = block_of(f, g[i].line); b <= block_of(f, g[i].line + g[i].lines); b++)
			changed[b] = 1;
	}
}

static char *fetch(const struct find *f, u32 from, u32 to, size_t *len)
{
	u32 off = from * FWT_DIGEST_BLOCK;
	char *text;

	*len = to == f->blocks ? f->of->base_len - off : (to - from) * FWT_DIGEST_BLOCK;
	text = malloc(*len + 1);
	if (text && f->ops->base(f->ctx, off, (u32)*len, text))
		return text;
	free(text);
	return NULL;
}

/* Blocks @from to @to as they are now. */
static int add_changed(struct find *f, u32 from, u32 to)
{
	struct piece *p;
	char *base, *text;
	size_t len;
	FILE *out;
	bool ok;

	base = fetch(f, from, to, &len);
	if (!base)
		return -EIO;
	out = open_memstream(&text, &len);
	if (!out) {
		free(base);
		return -ENOMEM;
	}
	fwt_delta_print_part(f->of->delta, f->of->file, from ? f->before[from] + 1 : 0,
			     to == f->blocks, base, (to == f->blocks ? f->of->base_len :
						     to * FWT_DIGEST_BLOCK) -
						    from * FWT_DIGEST_BLOCK, out);
	ok = !fclose(out);
	free(base);
	p = ok && len < ~0u ? fwt_vec_add(&f->pieces, 1) : NULL;
	if (!p) {
		free(ok ? text : NULL);
		return -ENOMEM;
	}
	*p = (struct piece){ text, 0, (u32)len, fwt_digest_lines(text, (u32)len) };
	return 0;
}

static int make_pieces(struct find *f)
{
	u8 *changed = calloc(f->blocks + 1, 1);
	struct piece *p;
	int ret = 0;
	u32 i, to;

	f->before = malloc((f->blocks + 1) * sizeof(u32));
	if (!changed || !f->before) {
		free(changed);
		return -ENOMEM;
	}
	for (i = 0, f->before[0] = 0; i < f->blocks; i++)
		f->before[i + 1] = f->before[i] + f->of->digest[i].lines;
	mark(f, changed);
	for (i = 0; i < f->blocks && !ret; i = to) {
		for (to = i + 1; to < f->blocks && changed[i] && changed[to]; to++)
			;
		if (changed[i]) {
			ret = add_changed(f, i, to);
			continue;
		}
		p = fwt_vec_add(&f->pieces, 1);
		if (p)
			*p = (struct piece){ NULL, i, block_len(f, i), f->of->digest[i].lines };
		else
			ret = -ENOMEM;
	}
	free(changed);
	return ret;
}

/* Is it in the file, from @off on? */
static int same(const struct find *f, const struct piece *p, u64 off, bool back)
{
	u64 sum[4];
	const char *file;
	u32 at, n;

	for (at = 0; p->text && at < p->len; at += n) {
		n = min(p->len - at, FWT_DIGEST_BLOCK);
		file = f->ops->file(f->ctx, off + at, n, back);
		if (!file)
			return -EIO;
		if (memcmp(file, p->text + at, n))
			return 0;
	}
	if (p->text)
		return 1;
	file = f->ops->file(f->ctx, off, p->len, back);
	if (!file)
		return -EIO;
	fwt_digest_sums(f->of->key, file, p->len, sum);
	return !memcmp(sum, f->of->digest[p->block].sum, sizeof(sum));
}

/* As far as the texts are alike, from the front on. */
static int go_on(const struct find *f, struct span *s)
{
	int ret = 1;

	for (; s->from < s->to && piece(f, s->from)->len <= s->file_to - s->file_from;
	     s->from++) {
		ret = same(f, piece(f, s->from), s->file_from, false);
		if (ret <= 0)
			break;
		s->file_from += piece(f, s->from)->len;
	}
	return min(ret, 0);
}

/* From both ends to what differs. */
static int narrow(const struct find *f, struct span *s)
{
	int ret;

	*s = (struct span){ .to = f->pieces.count, .file_to = f->of->file_len };
	ret = go_on(f, s);
	if (ret)
		return ret;
	if (s->from == s->to && s->file_from == s->file_to)
		return -EALREADY;
	for (; s->from < s->to; s->to--) {
		const struct piece *p = piece(f, s->to - 1);

		if (p->len > s->file_to - s->file_from)
			break;
		ret = same(f, p, s->file_to - p->len, true);
		if (ret <= 0)
			break;
		s->file_to -= p->len;
	}
	return min(ret, 0);
}

static int read_file(const struct find *f, u64 from, u64 to, char *text)
{
	u32 n;

	for (; from < to; from += n, text += n) {
		const char *part;

		n = (u32)min(to - from, (u64)FWT_DIGEST_BLOCK);
		part = f->ops->file(f->ctx, from, n, false);
		if (!part)
			return -EIO;
		memcpy(text, part, n);
	}
	return 0;
}

/* Where in @hay the needle stands: of several places that next to @near. */
static const char *nearest(const char *hay, size_t len, const char *needle, size_t needle_len,
			   size_t near)
{
	const char *at = hay, *best = NULL;
	size_t off, least = ~(size_t)0;

	while ((at = memmem(at, len - (size_t)(at - hay), needle, needle_len))) {
		off = (size_t)(at - hay);
		off = off > near ? off - near : near - off;
		if (off >= least)
			break;	/* and those behind it are further off */
		least = off;
		best = at++;
	}
	return best;
}

/* Is piece @i in the file, nearby? @off: where it would be if as much came as went. */
static int look_for(const struct find *f, const struct span *all, u32 i, u64 off, u64 *found)
{
	const struct piece *p = piece(f, i);
	u64 from = off - all->file_from > ASIDE ? off - ASIDE : all->file_from;
	u64 to = min(off + p->len + ASIDE, all->file_to);
	char *hay, *text = p->text;
	const char *at;
	size_t len;
	int ret;

	if (off > all->file_to || from + p->len > to)
		return 0;
	if (!text)
		text = fetch(f, p->block, p->block + 1, &len);
	hay = malloc(to - from);
	ret = !text ? -EIO : !hay ? -ENOMEM : read_file(f, from, to, hay);
	if (!ret) {
		at = nearest(hay, to - from, text, p->len, off - from);
		*found = at ? from + (u64)(at - hay) : 0;
		ret = !!at;
	}
	free(hay);
	free(p->text ? NULL : text);
	return ret;
}

/* The first of the pieces behind @all->from that is in the file again, if one is. */
static int again(const struct find *f, const struct span *all, struct span *s)
{
	u64 off = all->file_from;
	u32 i;
	int ret;

	*s = *all;
	for (i = all->from + 1; i < all->to && i <= all->from + AHEAD_MAX; i++) {
		off += piece(f, i - 1)->len;
		ret = look_for(f, all, i, off, &s->file_to);
		if (ret < 0)
			return ret;
		if (ret) {
			s->to = i;
			return 0;
		}
	}
	s->file_to = all->file_to;
	return 0;
}

static int add_span(struct find *f, const struct span *s)
{
	struct span *to;

	if (f->spans.count >= FWT_WINDOWS_MAX)
		return -E2BIG;
	to = fwt_vec_add(&f->spans, 1);
	if (!to)
		return -ENOMEM;
	*to = *s;
	return 0;
}

/* What differs, and not what is alike between, where that is much. */
static int split(struct find *f, struct span all)
{
	struct span s;
	int ret;

	while (all.to - all.from > FEW) {
		ret = again(f, &all, &s);
		if (!ret)
			ret = add_span(f, &s);
		if (ret || s.to == all.to)
			return ret;
		all.from = s.to;
		all.file_from = s.file_to;
		ret = go_on(f, &all);
		if (ret)
			return ret;
	}
	return all.from == all.to && all.file_from == all.file_to ? 0 : add_span(f, &all);
}

/* Two ends of lines on either side, if there are any: of two lines the first one may
 * have begun before. Spans that meet are one: with the beginning of the first and the
 * end of the second, which are the outer ones, and right in the file, too.
 */
static void widen(struct find *f)
{
	struct span *s = f->spans.data, *to = s;
	u32 i, lines;

	for (i = 0; i < f->spans.count; i++) {
		struct span one = s[i];

		for (lines = 0; one.from && lines < 2; lines += piece(f, one.from)->lines)
			one.file_from -= piece(f, --one.from)->len;
		for (lines = 0; one.to < f->pieces.count && lines < 2; one.to++) {
			one.file_to += piece(f, one.to)->len;
			lines += piece(f, one.to)->lines;
		}
		if (i && to[-1].to >= one.from) {
			to[-1].to = one.to;
			to[-1].file_to = one.file_to;
		} else {
			*to++ = one;
		}
	}
	f->spans.count = (u32)(to - s);
}

/* What differs, as it is now. */
static int read_now(const struct find *f, const struct span *s, struct fwt_window_text *t)
{
	size_t len = 0;
	u32 i, to;

	for (i = s->from; i < s->to; i++)
		len += piece(f, i)->len;
	if (len > FWT_WINDOW_MAX)
		return -E2BIG;
	t->data = malloc(len + 1);
	if (!t->data)
		return -ENOMEM;
	for (i = s->from; i < s->to; i = to) {
		const struct piece *p = piece(f, i);

		len = p->len;
		for (to = i + 1; !p->text && to < s->to && !piece(f, to)->text; to++)
			len += piece(f, to)->len;
		if (p->text)
			memcpy(t->data + t->len, p->text, len);
		else if (!f->ops->base(f->ctx, p->block * FWT_DIGEST_BLOCK, (u32)len,
				       t->data + t->len))
			return -EIO;
		t->len += len;
	}
	t->data[t->len] = 0;
	return 0;
}

static int read_new(const struct find *f, const struct span *s, struct fwt_window_text *t)
{
	int ret;

	if (s->file_to - s->file_from > FWT_WINDOW_MAX)
		return -E2BIG;
	t->data = malloc(s->file_to - s->file_from + 1);
	if (!t->data)
		return -ENOMEM;
	ret = read_file(f, s->file_from, s->file_to, t->data);
	t->len = s->file_to - s->file_from;
	t->data[t->len] = 0;
	return ret;
}

/* Whole lines: what is cut off is the same in both. */
static int cut(struct fwt_window *w, bool last)
{
	struct fwt_window_text *both[] = { &w->now, &w->new };
	u32 i;

	for (i = 0; i < 2; i++) {
		struct fwt_window_text *t = both[i];
		char *begin = w->first ? t->data : memchr(t->data, '\n', t->len);
		size_t len;

		if (!begin)
			return -E2BIG;
		begin += !w->first;
		len = t->len - (size_t)(begin - t->data);
		memmove(t->data, begin, len + 1);
		while (!last && len && t->data[len - 1] != '\n')
			len--;
		t->data[len] = 0;
		t->len = len;
	}
	return 0;
}

static int read_window(const struct find *f, const struct span *s, struct fwt_window *w)
{
	int ret;
	u32 i;

	w->first = !s->from;
	w->line = w->first ? 1 : 2;
	for (i = 0; i < s->from; i++)
		w->line += piece(f, i)->lines;
	ret = read_now(f, s, &w->now);
	if (!ret)
		ret = read_new(f, s, &w->new);
	return ret ? ret : cut(w, s->to == f->pieces.count);
}

int fwt_windows_find(struct fwt_windows *w, const struct fwt_window_of *of,
		     const struct fwt_window_ops *ops, void *ctx)
{
	struct find f = { .of = of, .ops = ops, .ctx = ctx,
			  .blocks = fwt_digest_blocks(of->base_len) };
	const struct span *spans;
	struct span all = { };
	u32 i;
	int ret;

	memset(w, 0, sizeof(*w));
	f.pieces.size = sizeof(struct piece);
	f.spans.size = sizeof(struct span);
	if (!f.blocks)
		return -E2BIG;
	ret = make_pieces(&f);
	if (!ret)
		ret = narrow(&f, &all);
	if (!ret)
		ret = split(&f, all);
	if (!ret) {
		widen(&f);
		w->window = calloc(f.spans.count, sizeof(*w->window));
		if (!w->window)
			ret = -ENOMEM;
	}
	for (spans = f.spans.data; !ret && w->n < f.spans.count; w->n++)
		ret = read_window(&f, &spans[w->n], &w->window[w->n]);
	for (i = 0; i < f.pieces.count; i++)
		free(piece(&f, i)->text);
	free(f.pieces.data);
	free(f.spans.data);
	free(f.before);
	return ret;
}

void fwt_windows_clean(struct fwt_windows *w)
{
	u32 i;

	for (i = 0; i < w->n; i++) {
		free(w->window[i].now.data);
		free(w->window[i].new.data);
	}
	free(w->window);
	memset(w, 0, sizeof(*w));
}
