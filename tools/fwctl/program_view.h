/* SPDX-License-Identifier: GPL-2.0 */
/* A program got back from the kernel, verified, for the commands that show it. */
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
 * view_verify() - take a program that lies in memory
 * @v: filled in; view_clean() frees @blob
 *
 * Return: 0; or FWCTL_FAILED after having said what the verifier does not like.
 */
int view_verify(struct view *v, void *blob, size_t len, uint32_t generation);

/** view_fetch() - the program in force; 0, or the exit status, @nl is closed then */
int view_fetch(struct view *v, struct fwt_nl *nl);
void view_clean(struct view *v);

/**
 * view_rule_text() - a rule as written, on one line, without what is in its block
 * @rule: index
 *
 * Return: @buf.
 */
const char *view_rule_text(const struct view *v, uint32_t rule, char *buf,
			   size_t size);

/** view_print_nodes() - hooks, nodes and sets in words */
void view_print_nodes(const struct view *v);

#endif /* FWCTL_PROGRAM_VIEW_H */
