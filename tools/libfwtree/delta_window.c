// SPDX-License-Identifier: GPL-2.0
/*
 * The text in force is a row of pieces: blocks of the base, each known by its digest, and
 * where the delta changes something, text. From either end the file is held against
 * these, piece by piece, until one differs. What is left between is fetched, with a few
 * lines on both sides, for a change to be seen with what it stands beside.
 */
#include <errno.h>
#include <stdlib.h>

#include "delta_window.h"

/* @text: NULL for block @block of the base */
struct piece {
	char *text;
	u32 block;
	u32 len;
	u32 lines;
};

struct find {
	const struct fwt_window_of *of;
	const struct fwt_window_ops *ops;
	void *ctx;
	u32 blocks;
	u32 *before;		/* lines before each block */
	struct fwt_vec pieces;
	u32 from, to;		/* pieces that differ */
	u64 file_from, file_to;	/* the same of the file */
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
		changed[block_of(f, l[i].before)] = 1;
	for (i = 0; i < d->gone.count; i++)
		for (b = block_of(f, g[i].line);
		     g[i].lines && b <= block_of(f, g[i].line + g[i].lines); b++)
			changed[b] = 1;
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
	fwt_delta_print_part(f->of->delta, 0, from ? f->before[from] + 1 : 0, to == f->blocks,
			     base, to == f->blocks ? f->of->base_len - from * FWT_DIGEST_BLOCK :
					       (to - from) * FWT_DIGEST_BLOCK, out);
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

/* From both ends to what differs. */
static int narrow(struct find *f)
{
	int ret = 1;

	f->to = f->pieces.count;
	f->file_to = f->of->file_len;
	for (; f->from < f->to; f->from++) {
		const struct piece *p = piece(f, f->from);

		if (p->len > f->file_to - f->file_from)
			break;
		ret = same(f, p, f->file_from, false);
		if (ret <= 0)
			break;
		f->file_from += p->len;
	}
	if (ret < 0)
		return ret;
	if (f->from == f->to && f->file_from == f->file_to)
		return -EALREADY;
	for (; f->from < f->to; f->to--) {
		const struct piece *p = piece(f, f->to - 1);

		if (p->len > f->file_to - f->file_from)
			break;
		ret = same(f, p, f->file_to - p->len, true);
		if (ret <= 0)
			break;
		f->file_to -= p->len;
	}
	return min(ret, 0);
}

/* Two ends of lines on either side, if there are any: of two lines the first one may
 * have begun before.
 */
static void widen(struct find *f)
{
	u32 lines;

	for (lines = 0; f->from && lines < 2; lines += piece(f, f->from)->lines)
		f->file_from -= piece(f, --f->from)->len;
	for (lines = 0; f->to < f->pieces.count && lines < 2; f->to++) {
		f->file_to += piece(f, f->to)->len;
		lines += piece(f, f->to)->lines;
	}
}

/* What differs, as it is now. */
static int read_now(const struct find *f, struct fwt_window_text *t)
{
	size_t len = 0;
	u32 i, to;

	for (i = f->from; i < f->to; i++)
		len += piece(f, i)->len;
	if (len > FWT_WINDOW_MAX)
		return -E2BIG;
	t->data = malloc(len + 1);
	if (!t->data)
		return -ENOMEM;
	for (i = f->from; i < f->to; i = to) {
		const struct piece *p = piece(f, i);

		len = p->len;
		for (to = i + 1; !p->text && to < f->to && !piece(f, to)->text; to++)
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

static int read_new(const struct find *f, struct fwt_window_text *t)
{
	u64 off;
	u32 n;

	if (f->file_to - f->file_from > FWT_WINDOW_MAX)
		return -E2BIG;
	t->data = malloc(f->file_to - f->file_from + 1);
	if (!t->data)
		return -ENOMEM;
	for (off = f->file_from; off < f->file_to; off += n) {
		const char *part;

		n = (u32)min(f->file_to - off, (u64)FWT_DIGEST_BLOCK);
		part = f->ops->file(f->ctx, off, n, false);
		if (!part)
			return -EIO;
		memcpy(t->data + t->len, part, n);
		t->len += n;
	}
	t->data[t->len] = 0;
	return 0;
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

int fwt_window_find(struct fwt_window *w, const struct fwt_window_of *of,
		    const struct fwt_window_ops *ops, void *ctx)
{
	struct find f = { .of = of, .ops = ops, .ctx = ctx,
			  .blocks = fwt_digest_blocks(of->base_len) };
	u32 i;
	int ret;

	memset(w, 0, sizeof(*w));
	f.pieces.size = sizeof(struct piece);
	if (!f.blocks)
		return -E2BIG;
	ret = make_pieces(&f);
	if (!ret)
		ret = narrow(&f);
	if (!ret) {
		widen(&f);
		w->first = !f.from;
		w->line = w->first ? 1 : 2;
		for (i = 0; i < f.from; i++)
			w->line += piece(&f, i)->lines;
		ret = read_now(&f, &w->now);
	}
	if (!ret)
		ret = read_new(&f, &w->new);
	if (!ret)
		ret = cut(w, f.to == f.pieces.count);
	for (i = 0; i < f.pieces.count; i++)
		free(piece(&f, i)->text);
	free(f.pieces.data);
	free(f.before);
	return ret;
}

void fwt_window_clean(struct fwt_window *w)
{
	free(w->now.data);
	free(w->new.data);
	memset(w, 0, sizeof(*w));
}
