/* SPDX-License-Identifier: GPL-2.0 */
/* What nodes of other modules would say, as somebody has written it. */
#ifndef FWT_MOCK_NODE_H
#define FWT_MOCK_NODE_H

#include "env.h"
#include "program.h"

/**
 * struct fwt_mock_nodes - answers by the nodes' names
 * @said: entries; see mock_node.c
 */
struct fwt_mock_nodes {
	struct fwt_vec said;
};

void fwt_mock_nodes_clean(struct fwt_mock_nodes *m);

/**
 * fwt_mock_nodes_line() - read a line
 * @m: takes the place of what was said of that node before
 * @line: "node NAME [yes|no|none|BRANCH] [set mark|ct mark|... N]..."
 * @error: told what is wrong
 * @size: of @error
 *
 * Return: 0 or -1.
 */
int fwt_mock_nodes_line(struct fwt_mock_nodes *m, const char *line, char *error, size_t size);

/**
 * fwt_mock_node() - as struct fwt_env_ops.node
 * @asked: set to the node's name where nothing is said of it, which is "no"
 */
int fwt_mock_node(const struct fwt_mock_nodes *m, const struct fwt_program *prog, u32 foreign,
		  struct fwt_env_node *said, const char **asked);

#endif /* FWT_MOCK_NODE_H */
