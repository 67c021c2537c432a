/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A policy as a picture, in graphviz' DOT: a table for each hook, tree, block and
 * select, a row for each rule, an arrow to where a rule leads. Long runs of rules
 * that decide and lead nowhere are one row.
 */
#ifndef FWT_GRAPH_H
#define FWT_GRAPH_H

#include <stdint.h>
#include <stdio.h>

struct fwt_policy_ast;
struct fwt_rule;

/* More of them in a row are told as one. */
#define FWT_GRAPH_RUN	6

/**
 * struct fwt_graph_opts - how to draw
 * @hits: NULL, or how often a rule was met, which makes arrows wide
 * @ctx: for @hits
 */
struct fwt_graph_opts {
	uint64_t (*hits)(void *ctx, const struct fwt_rule *rule);
	void *ctx;
};

/**
 * fwt_graph() - draw a policy
 * @ast: parsed; need not compile
 * @opts: NULL for the usual
 * @out: receives DOT
 */
void fwt_graph(const struct fwt_policy_ast *ast, const struct fwt_graph_opts *opts, FILE *out);

#endif /* FWT_GRAPH_H */
