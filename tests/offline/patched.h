/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a small change is held against: the base with a patch, and beside it the text,
 * line by line, compiled afresh; both asked about the same packets.
 */
#ifndef FWT_TEST_PATCHED_H
#define FWT_TEST_PATCHED_H

#include "ast.h"
#include "compile.h"
#include "delta.h"

struct base {
	struct fwt_policy_ast *ast;
	struct fwt_blob blob;
	struct fwt_program prog;
	struct fwt_patchable of;
};

/** base_make() - compile and verify a policy; false where it is refused */
bool base_make(struct base *m, const char *text, u32 forest_min);
void base_clean(struct base *m);

#define FILES_MAX	6
#define FILE_NAME	"f%u.fw"

/* The stupid twin of a delta: a list of lines. */
struct text {
	char **line;
	u32 n;
};

/* Of a text whose lines all have an end. */
void text_init(struct text *t, const char *from);
/* @line: without its end. */
void text_insert(struct text *t, u32 at, const char *line);
void text_delete(struct text *t, u32 at);
/* @line: with it. */
void text_insert_raw(struct text *t, u32 at, const char *line);
/* To be freed. */
char *text_join(const struct text *t);
void text_clean(struct text *t);

/** base_make_files() - the same of files, of which the first one includes the others: each
 *	as FILE_NAME, with its number
 */
bool base_make_files(struct base *m, const struct text *text, u32 n, u32 forest_min);

/* A base with a patch. */
struct patched {
	struct fwt_blob blob;
	struct fwt_patch patch;
	struct fwt_program prog;
	void *tables;
};

/* Why the last one was refused. */
extern char patched_refusal[160];

/** patched_make() - verify @p->blob as a patch of @base; 0 or a negative errno */
int patched_make(struct patched *p, const struct base *base);
void patched_clean(struct patched *p);

/* Where a rule stands now: its line, and above 20 bits its file; 0 for none. */
u32 patched_line(const struct fwt_program *prog, u32 rule);

/* A walk, and whose objects it asks. */
struct walking {
	struct fwt_env env;
	const struct fwt_program *prog;
};

extern const struct fwt_env_ops patched_ops;

/* How much of what was seen. */
extern struct patched_sum {
	u64 packets, by_added;
	u64 updates;	/* of sets, by rules that were added */
	u64 charges, counts;
} patched_sum;

/**
 * patched_compare() - the same packet, both ways
 * @got: with the patch
 * @want: compiled afresh
 * @hook: where it comes
 * @p: packet
 *
 * Fails where anything differs: verdict, line, effects, packet, changes of sets.
 */
void patched_compare(const struct fwt_program *got, const struct fwt_program *want,
		     u32 hook, const struct fwt_packet *p);

#endif /* FWT_TEST_PATCHED_H */
