/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A policy as a picture: a box for each hook, tree, block, select and split, with a row
 * for each rule, and for each set, map and pool that rules name, with what it is; an
 * arrow from a row to what it leads to, and to what it asks or changes.
 *
 * A picture is to be read. Of long runs of rules that have no boxes of their own the
 * first and the last are drawn, and what stands between them is one row; what a row of
 * many leads to is drawn as far as it can be told apart. So a picture of a million
 * rules is no larger than one of a thousand.
 *
 * fwt_graph_make() says what is in it (graph.c), fwt_graph_dot() writes that in
 * graphviz' language (graph_dot.c); fwctl's JSON is the same once more.
 */
#ifndef FWT_GRAPH_H
#define FWT_GRAPH_H

#include <stdio.h>

#include "ast.h"
#include "program.h"

/* More rules than that in a row are folded; of those so many are drawn. */
#define FWT_GRAPH_RUN		20
#define FWT_GRAPH_FIRST		5
#define FWT_GRAPH_LAST		2
/* Elements of a set, a map, a pool. */
#define FWT_GRAPH_ELEMENTS	6
/* Boxes, besides those of hooks. */
#define FWT_GRAPH_BOXES		80
/* Places that a row of many leads to. */
#define FWT_GRAPH_FAN		8

enum fwt_graph_kind {
	FWT_GRAPH_HOOK,
	FWT_GRAPH_TREE,
	FWT_GRAPH_BLOCK,
	FWT_GRAPH_SELECT,
	FWT_GRAPH_SPLIT,
	FWT_GRAPH_SET,
	FWT_GRAPH_MAP,
	FWT_GRAPH_POOL,
	FWT_GRAPH_MISSING,	/* a tree or an object that is not there */
	FWT_GRAPH_MORE,		/* what was left out */
};

enum fwt_graph_lead {
	FWT_GRAPH_GOTO,
	FWT_GRAPH_CALL,
	FWT_GRAPH_BELOW,	/* what it has in braces */
	FWT_GRAPH_ASKS,		/* a set, a map, a pool */
	FWT_GRAPH_CHANGES,	/* a set */
};

/* Of a rule that nobody counts. */
#define FWT_GRAPH_UNCOUNTED	UINT64_MAX

/**
 * struct fwt_graph_row - a rule, or some, or an element
 * @first: NULL for an element
 * @last: of several; @first of one
 * @count: how many rules
 * @text: as written; of several, what becomes of how many
 * @hits: of all of them, or FWT_GRAPH_UNCOUNTED
 */
struct fwt_graph_row {
	const struct fwt_rule *first;
	const struct fwt_rule *last;
	u32 count;
	const char *text;
	u64 hits;
};

/**
 * struct fwt_graph_box - rows under a title
 * @name: of what it is, NULL for none
 * @row: of struct fwt_graph_row
 */
struct fwt_graph_box {
	enum fwt_graph_kind kind;
	const char *name;
	const char *title;
	struct fwt_vec row;
};

/**
 * struct fwt_graph_arrow - from a row to a box
 * @hits: of what goes that way, or FWT_GRAPH_UNCOUNTED
 */
struct fwt_graph_arrow {
	u32 from;
	u32 row;
	u32 to;
	enum fwt_graph_lead lead;
	u64 hits;
};

/**
 * struct fwt_graph - a picture
 * @ast: of the policy, which must stay
 * @box: of struct fwt_graph_box; hooks first, in the order of a packet's way
 * @arrow: of struct fwt_graph_arrow
 * @live: there are hits
 */
struct fwt_graph {
	const struct fwt_policy_ast *ast;
	struct fwt_arena *arena;
	struct fwt_vec box;
	struct fwt_vec arrow;
	bool live;
};

/**
 * struct fwt_graph_opts - how to draw
 * @hits: NULL, or how often a rule was met, FWT_GRAPH_UNCOUNTED for one nobody counts
 * @ctx: for @hits
 * @all: nothing is folded
 */
struct fwt_graph_opts {
	u64 (*hits)(void *ctx, const struct fwt_rule *rule);
	void *ctx;
	bool all;
};

/**
 * fwt_graph_make() - what is in the picture of a policy
 * @g: to be cleaned in every case
 * @ast: parsed; need not compile
 * @opts: NULL for the usual
 *
 * Return: false without memory.
 */
bool fwt_graph_make(struct fwt_graph *g, const struct fwt_policy_ast *ast,
		    const struct fwt_graph_opts *opts);
void fwt_graph_clean(struct fwt_graph *g);

/** fwt_graph_dot() - for graphviz */
void fwt_graph_dot(const struct fwt_graph *g, FILE *out);

#endif /* FWT_GRAPH_H */
