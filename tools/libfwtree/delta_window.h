/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a file differs from the text in force, of which nothing is known but digests of
 * its base (fwtree_digest.h) and the delta: the file is read once, and of the base only
 * what lies around the differences, or was changed before.
 */
#ifndef FWT_DELTA_WINDOW_H
#define FWT_DELTA_WINDOW_H

#include "delta.h"
#include "digest.h"

/**
 * struct fwt_window_ops - where the texts are
 * @base: @len bytes of the file's text in the base, from @off on; false where they can't be
 *	had
 * @file: the same of the file as it is to be, which stay until the next call; NULL where
 *	they can't be had. @back: the next ones wanted lie before these
 */
struct fwt_window_ops {
	bool (*base)(void *ctx, u32 off, u32 len, char *to);
	const char *(*file)(void *ctx, u64 off, u32 len, bool back);
};

/**
 * struct fwt_window - of both texts the lines around what differs
 * @now: of the text in force
 * @new: of the file
 * @line: number of the first line in the text in force
 * @first: nothing stands before it
 */
struct fwt_window {
	struct fwt_window_text {
		char *data;
		size_t len;
	} now, new;
	u32 line;
	bool first;
};

/**
 * struct fwt_window_of - what is compared
 * @delta: what was changed before
 * @file: of the base
 * @digest: of its text
 * @key: what they are made with
 * @base_len: bytes of that text
 * @file_len: bytes of the file as it is to be
 */
struct fwt_window_of {
	const struct fwt_delta *delta;
	u32 file;
	const struct fwt_digest *digest;
	const struct fwt_digest_key *key;
	u32 base_len;
	u64 file_len;
};

/**
 * struct fwt_windows - all that differs; between two windows, before and behind them the
 *	texts are alike
 */
struct fwt_windows {
	struct fwt_window *window;
	u32 n;
};

#define FWT_WINDOW_MAX	(1u << 20)	/* bytes: what differs more is no small change */
#define FWT_WINDOWS_MAX	64u

/**
 * fwt_windows_find() - find them
 * @w: filled in; to be cleaned in every case
 * @of: what is compared
 * @ops: where it is
 * @ctx: for these
 *
 * Return: 0; -EALREADY where nothing differs; -E2BIG for too much; -EIO where a text
 * can't be had; -ENOMEM.
 */
int fwt_windows_find(struct fwt_windows *w, const struct fwt_window_of *of,
		     const struct fwt_window_ops *ops, void *ctx);
void fwt_windows_clean(struct fwt_windows *w);

/**
 * struct fwt_hunk - whole lines of a window that differ
 * @now: of the text in force; points into the window, likewise @new
 * @line: number of the first one of @now, or of the line that @new stands before
 * @goes_on: the line before goes on in the first one, or might
 */
struct fwt_hunk {
	struct fwt_hunk_text {
		const char *from;
		const char *to;
		u32 lines;
	} now, new;
	u32 line;
	bool goes_on;
};

/**
 * fwt_hunks_find() - which lines of a window differ
 * @w: the window
 * @most: lines that one hunk may have
 * @hunks: struct fwt_hunk, added to
 *
 * Not always as few lines as possible, but those that stay are the same.
 *
 * Return: 0; -E2BIG for too many lines, or a last one that has no end; -ENOMEM.
 */
int fwt_hunks_find(const struct fwt_window *w, u32 most, struct fwt_vec *hunks);

#endif /* FWT_DELTA_WINDOW_H */
