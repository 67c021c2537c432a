/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A policy that is changed rule by rule, of one file or of several: as a delta, and as
 * lines of text; and after each change the patch held against the text.
 */
#ifndef FWT_TEST_DELTA_CHANGE_H
#define FWT_TEST_DELTA_CHANGE_H

#include "patched.h"
#include "sema_sample.h"

/* What was done. */
extern struct changes_sum {
	u64 changes, added, deleted, replaced, again, refused, bent, unbent;
	u64 others;	/* in files that are included */
} changes_sum;

/**
 * struct session - a policy and what became of it
 * @base: as it was
 * @text: as it is, by file
 * @delta: the difference
 * @rnd: where chance is at
 */
struct session {
	struct base base;
	struct text text[FILES_MAX];
	struct fwt_delta delta;
	struct fwt_sampler sampler;
	u64 rnd;
};

/** session_check() - the patch is as good as the text, which it can tell */
void session_check(struct session *s, struct patched *p);

/** session_bend() - whatever is accepted of a bent patch is safe to walk (under ASan), in as
 *	many steps as were promised
 */
void session_bend(struct session *s, const struct patched *p);

/**
 * session_change() - one change, to the delta and to the text
 * @s: the session
 * @new: a rule
 * @p: the patch, becomes another one
 * @forget: what was made is read again, to go on from
 *
 * Return: false where it is none for a patch, and all is as it was.
 */
bool session_change(struct session *s, const char *new, struct patched *p, u32 forget);

#endif /* FWT_TEST_DELTA_CHANGE_H */
