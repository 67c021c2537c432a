/* SPDX-License-Identifier: GPL-2.0 */
/* A program, mostly got back from the kernel, for the commands that show it. */
#ifndef FWCTL_PROGRAM_VIEW_H
#define FWCTL_PROGRAM_VIEW_H

#include "fwctl.h"
#include "tree.h"
#include "verify.h"

/**
 * struct view - a program and the memory that it lies in
 * @prog: leads into @blob
 * @order: rules as they are written, file by file
 * @head: bytes of each rule's text before the first rule in its block
 */
struct view {
	struct fwt_program prog;
	void *blob;
	size_t len;
	uint32_t generation;
	uint32_t *order;
	uint32_t *head;
};

/**
 * view_fetch() - the program in force
 * @v: filled in; view_clean() frees what it holds
 * @nl: closed where this fails
 * @all: verify its nodes, sets and forests too, for view_print_nodes(); else only
 *	what speaks of the policy's text can be looked at
 *
 * Return: 0, or the exit status.
 */
int view_fetch(struct view *v, struct fwt_nl *nl, bool all);
void view_clean(struct view *v);

/**
 * view_rule_text() - a rule as written, on one line, without what is in its block
 * @rule: index
 *
 * Return: @buf.
 */
const char *view_rule_text(const struct view *v, uint32_t rule, char *buf,
			   size_t size);

/** view_print_nodes() - hooks, nodes and sets in words; of what was verified whole */
void view_print_nodes(const struct view *v);

#endif /* FWCTL_PROGRAM_VIEW_H */
