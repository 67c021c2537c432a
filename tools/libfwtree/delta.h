/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A small change to a policy that is in force: which lines are others, which rules
 * are gone, which are new, and the patch that says so to the kernel
 * (fwtree_patch.h, core/patch.h).
 *
 * A delta is changed rule by rule, and read back from the patch that it became:
 * so the next change goes on from there, and knows nothing of the base but where
 * in it the rule stands that is spoken of.
 */
#ifndef FWT_DELTA_H
#define FWT_DELTA_H

#include <stdio.h>

#include "patch.h"
#include "program.h"

struct fwt_diag;
struct fwt_rule;
struct fwt_sema;

/* More than these are not worth it: the whole is compiled anew. Each change reads,
 * compiles and sends what was added before it, some 10 us a rule.
 */
#define FWT_DELTA_ADDED_MAX	500
#define FWT_DELTA_GONE_MAX	4000

/**
 * struct fwt_delta_line - lines that are new, with a rule or without one
 * @file: of the base
 * @before: line of the base that they stand before
 * @text: whole lines
 * @has_rule: the following are set
 * @rule: its text; @tree: the name of its hook or tree; @name: that of the file
 * @hooks: FWT_HOOK_BIT() of those that reach it
 * @key: of a rule that was loaded: what it is known by
 * @side: where it stands
 * @shown: filled in by fwt_delta_build() and fwt_delta_load(): its first line as it
 *	is now
 */
struct fwt_delta_line {
	u32 file;
	u32 before;
	char *text;
	bool has_rule;
	char *rule;
	char *tree;
	char *name;
	u32 hooks;
	u64 key;
	struct fwt_rule_side side;
	u32 shown;
};

/**
 * struct fwt_delta_gone - lines of the base that are gone
 * @line: the first; @lines: how many
 * @rule: of the base, FWT_NONE for none
 */
struct fwt_delta_gone {
	u32 file;
	u32 line;
	u32 lines;
	u32 rule;
};

#define FWT_DELTA_ROOMS	4	/* kinds of room */

/**
 * struct fwt_delta - all differences to the base
 * @added: struct fwt_delta_line, in the order in which they stand at their places
 * @gone: struct fwt_delta_gone
 * @defines: what rules with '$' and '@' need, a line each, and perhaps more; or NULL
 * @counted: set by fwt_delta_build(): what it adds takes room that a walk has little of
 *	(room.h); whether there is enough fwt_delta_room() may say, and else the whole text
 * @takes: likewise: how much at most, by enum fwt_room_kind
 */
struct fwt_delta {
	struct fwt_vec added;
	struct fwt_vec gone;
	char *defines;
	bool counted;
	u32 takes[FWT_DELTA_ROOMS];
};

/* By the places of what they stand at, which are in the order of rules whatever file
 * these are of; a rule's own place comes in two halves.
 */
int fwt_rule_side_order(const struct fwt_rule_side *a, const struct fwt_rule_side *b);

void fwt_delta_init(struct fwt_delta *d);
void fwt_delta_clean(struct fwt_delta *d);

/* Where it belongs by its place, and of those at the same place the first one; or
 * the last one.
 */
#define FWT_DELTA_BEHIND	0xfffffffeu
#define FWT_DELTA_BEFORE	0xffffffffu

/**
 * fwt_delta_add() - add lines
 * @d: the delta
 * @line: copied, with its texts
 * @at: where among @d->added: before this one; or FWT_DELTA_*
 *
 * Return: its number, FWT_NONE without memory.
 */
u32 fwt_delta_add(struct fwt_delta *d, const struct fwt_delta_line *line, u32 at);

/** fwt_delta_remove() - take added lines away again */
void fwt_delta_remove(struct fwt_delta *d, u32 n);

/** fwt_delta_delete() - take lines of the base away; false without memory */
bool fwt_delta_delete(struct fwt_delta *d, const struct fwt_delta_gone *gone);

/**
 * fwt_delta_defines() - the definitions that rules may use
 * @d: gets them
 * @text: DEFINES of the base
 * @len: bytes
 *
 * Return: false without memory.
 */
bool fwt_delta_defines(struct fwt_delta *d, const char *text, size_t len);

/**
 * fwt_delta_sees() - whether all definitions that a rule uses stand before it
 * @d: with DEFINES
 * @line: to be added
 *
 * Return: false also where that is not known.
 */
bool fwt_delta_sees(const struct fwt_delta *d, const struct fwt_delta_line *line);

/* Bytes of definitions that a patch is worth. */
#define FWT_DELTA_DEFINES_MAX	65536u

/* Ends the definitions in the text of a patch's program. */
#define FWT_DELTA_RULES	"# fwctl: rules of the patch\n"

/* Whether a rule is for the whole text: it says "balance", and a patch has no pools. */
bool fwt_delta_whole(const char *rule);

/* Whether a rule needs definitions. */
static inline bool fwt_delta_needs_defines(const char *rule)
{
	return strpbrk(rule, "$@");
}

/* The first line of a base's DEFINES. */
#define FWT_DELTA_ROOM	"# room "

/** fwt_delta_print_room() - that line, of a policy that was understood */
void fwt_delta_print_room(FILE *out, const struct fwt_sema *s);

/** fwt_delta_count() - one rule more; @once: a walk meets it once at most */
void fwt_delta_count(struct fwt_delta *d, const struct fwt_rule *r, bool once);

/**
 * fwt_delta_room() - whether a walk has room for what a delta adds
 * @d: that was built
 * @defines: DEFINES of the base, or NULL
 *
 * Return: false where that is not known.
 */
bool fwt_delta_room(const struct fwt_delta *d, const char *defines);

/** fwt_delta_find() - the added lines that show line @line of @file, FWT_NONE */
u32 fwt_delta_find(const struct fwt_delta *d, u32 file, u32 line);

/** fwt_delta_base_line() - the line of the base that is line @line now; 0: none */
u32 fwt_delta_base_line(const struct fwt_delta *d, u32 file, u32 line);

/**
 * fwt_delta_print() - a file as it is now
 * @d: the delta
 * @file: number of the file
 * @text: as it is in the base
 * @len: bytes
 * @out: where to
 */
void fwt_delta_print(const struct fwt_delta *d, u32 file, const char *text, size_t len,
		     FILE *out);

/**
 * fwt_delta_print_part() - the same of a part of the file
 * @first: the line of the base that @text begins in, and perhaps not with; 0: it is the
 *	beginning of the file
 * @last: it is its end
 *
 * What stands before that line, or begins with it, is not of this part; what stands
 * before the line that begins where it ends is. No line may be gone but as a whole.
 */
void fwt_delta_print_part(const struct fwt_delta *d, u32 file, u32 first, bool last,
			  const char *text, size_t len, FILE *out);

/**
 * fwt_delta_build() - make the patch
 * @d: the delta; its order may change, and lines get @shown
 * @diag: told what is wrong with a rule, see @wrong
 * @wrong: set to the lines that the errors are about, FWT_NONE
 * @out: the patch
 *
 * Return: 0; -EINVAL where @diag has errors; -EOPNOTSUPP for what a patch can't
 * say; -ENOMEM.
 */
int fwt_delta_build(struct fwt_delta *d, struct fwt_diag *diag, u32 *wrong,
		    struct fwt_blob *out);

/**
 * fwt_delta_load() - read a patch
 * @d: filled in; to be cleaned in every case
 * @blob: as the kernel has it, aligned to 64; believed
 * @len: bytes
 */
int fwt_delta_load(struct fwt_delta *d, const void *blob, size_t len);

#endif /* FWT_DELTA_H */
