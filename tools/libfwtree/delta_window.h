/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a file differs from the text in force, of which nothing is known but digests of
 * its base (fwtree_digest.h) and the delta: the file is read once, and of the base only
 * what lies around the difference, or was changed before.
 */
#ifndef FWT_DELTA_WINDOW_H
#define FWT_DELTA_WINDOW_H

#include "delta.h"
#include "digest.h"

/**
 * struct fwt_window_ops - where the texts are
 * @base: @len bytes of the base's text, from @off on; false where they can't be had
 * @file: the same of the file, which stay until the next call; NULL where they can't be
 *	had. @back: the next ones wanted lie before these
 */
struct fwt_window_ops {
	bool (*base)(void *ctx, u32 off, u32 len, char *to);
	const char *(*file)(void *ctx, u64 off, u32 len, bool back);
};

/**
 * struct fwt_window - of both texts the lines around what differs
 * @now: of the text in force
 * @new: of the file
 * @line: number of the first line, the same in both
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
 * @digest: of the base's text
 * @key: what they are made with
 * @base_len: its bytes
 * @file_len: bytes of the file
 */
struct fwt_window_of {
	const struct fwt_delta *delta;
	const struct fwt_digest *digest;
	const struct fwt_digest_key *key;
	u32 base_len;
	u64 file_len;
};

#define FWT_WINDOW_MAX	(1u << 20)	/* bytes: what differs more is no small change */

/**
 * fwt_window_find() - find it
 * @w: filled in; to be cleaned in every case
 * @of: what is compared: the base is one file
 * @ops: where it is
 * @ctx: for these
 *
 * Return: 0; -EALREADY where nothing differs; -E2BIG for too much; -EIO where a text
 * can't be had; -ENOMEM.
 */
int fwt_window_find(struct fwt_window *w, const struct fwt_window_of *of,
		    const struct fwt_window_ops *ops, void *ctx);
void fwt_window_clean(struct fwt_window *w);

#endif /* FWT_DELTA_WINDOW_H */
