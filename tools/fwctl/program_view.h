/* SPDX-License-Identifier: GPL-2.0 */
/* A program, mostly got back from the kernel, for the commands that show it. */
#ifndef FWCTL_PROGRAM_VIEW_H
#define FWCTL_PROGRAM_VIEW_H

#include <stdio.h>

#include "fwctl.h"
#include "delta.h"
#include "patch.h"
#include "tree.h"
#include "verify.h"

/**
 * struct view - a program and the memory that it lies in
 * @prog: leads into @blob; with its patch, where there is one
 * @patch: leads into @patch_blob and @tables
 * @delta: the same for people; where there is no patch it is empty
 * @of: about @prog
 * @order: rules as they are written, file by file; those that a patch adds have
 *	the numbers behind those of the program
 * @n_rules: how many
 * @at: by rule of the patch: where in SOURCE it would stand
 * @head: bytes of each rule's text before the first rule in its block
 */
struct view {
	struct fwt_program prog;
	void *blob;
	size_t len;
	uint32_t generation;
	struct fwt_patch patch;
	struct fwt_delta delta;
	struct fwt_patchable of;
	void *patch_blob;
	void *tables;
	uint32_t *order;
	uint32_t n_rules;
	uint32_t *at;
	uint32_t *head;
};

/**
 * view_fetch() - the program in force
 * @v: filled in; view_clean() frees what it holds
 * @nl: closed where this fails
 * @all: verify its nodes, sets and forests too, for view_print_nodes(); else only
 *	what speaks of the policy's text can be looked at. With a patch all is
 *
 * Return: 0, or the exit status.
 */
int view_fetch(struct view *v, struct fwt_nl *nl, bool all);

/** view_fetch_any() - its texts, as view_fetch(); nothing where none is in force by now */
int view_fetch_any(struct view *v, struct fwt_nl *nl);

/** view_open() - the same, and the conversation is begun, too */
int view_open(struct view *v, struct fwctl *ctl, struct fwt_nl *nl, bool all);

/** view_rule() - a rule by its number; @prog is set to whose it is */
const struct fwt_prog_rule *view_rule(const struct view *v, uint32_t rule,
				      const struct fwt_program **prog);

/** view_position() - where a rule begins, in SOURCE */
uint32_t view_position(const struct view *v, uint32_t rule);

/**
 * view_sort() - bring rules as the kernel tells them into the order of @v
 *
 * Return: false where they are not the same rules.
 */
bool view_sort(const struct view *v, struct fwt_nl_rules *rules);

/** view_print_file() - a file of the policy as it is now */
void view_print_file(const struct view *v, uint32_t file, FILE *out);

void view_clean(struct view *v);

/**
 * view_rule_text() - a rule as written, on one line, without what is in its block
 * @rule: index
 *
 * In text, of a long one, the beginning and "..."; in JSON all of it.
 *
 * Return: the text, to be freed; NULL without memory.
 */
char *view_rule_text(const struct view *v, uint32_t rule);

/** view_print_nodes() - hooks, nodes and sets in words; of what was verified whole */
void view_print_nodes(const struct view *v);

#endif /* FWCTL_PROGRAM_VIEW_H */
