/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A policy that is changed rule by rule, of one file or of several: as a delta, and as
 * lines of text; and after each change the patch held against the text.
 */
#ifndef FWT_TEST_DELTA_CHANGE_H
#define FWT_TEST_DELTA_CHANGE_H

#include "filters.h"
#include "patched.h"
#include "sema_sample.h"

/* What was done. */
extern struct changes_sum {
	u64 changes, added, deleted, replaced, again, refused, bent, unbent;
	u64 others;	/* in files that are included */
} changes_sum;

/**
 * struct known_filters - filters, and the rules that they are written as
 * @filter: of each rule
 * @rule: likewise, as lines
 */
struct known_filters {
	struct fwt_filter *filter;
	struct text rule;
};

/** known_make() - more of them, see filters_make(); returns the policy, to be freed */
char *known_make(struct known_filters *k, u32 n, enum filter_family family, bool six, u64 seed);
void known_clean(struct known_filters *k);

/**
 * struct session - a policy and what became of it
 * @base: as it was
 * @text: as it is, by file
 * @delta: the difference
 * @sampler: draws packets that the base cares about
 * @changed: rules that came or went since the last check
 * @known: or NULL: where a rule is one of these, it is a filter
 * @rnd: where chance is at
 */
struct session {
	struct base base;
	struct text text[FILES_MAX];
	struct fwt_delta delta;
	struct fwt_sampler sampler;
	struct text changed;
	const struct known_filters *known;
	u64 rnd;
};

/**
 * session_check() - the patch is as good as the text, which it can tell
 *
 * Of 60 packets that both are asked about 20 are drawn from what came or went: within it,
 * at its edges, and next to them. Of more changes than one it is 20 for each.
 */
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
