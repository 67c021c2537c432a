/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Nodes of other modules: their names, their uses in policies, and asking them.
 */
#ifndef FWT_NODE_H
#define FWT_NODE_H

#include <linux/netlink.h>

#include "core/tree.h"

struct fwt_base;
struct fwt_node_ops;
struct fwt_net;
struct fwt_way;

/**
 * struct fwt_node_use - a node as a program uses it
 * @ops: held, with its module; NULL where it was not made
 * @priv: its memory
 * @n_branches: SELECT: of them there are so many
 * @label: by branch: the program's number for it, FWT_NODE_NO_LABEL for none
 */
struct fwt_node_use {
	struct fwt_node_ops *ops;
	void *priv;
	u32 n_branches;
	u16 *label;
};

#define FWT_NODE_NO_LABEL	U16_MAX

/**
 * fwt_nodes_make() - what a verified program has of FOREIGN is bound to modules
 * @fn: namespace
 * @b: @prog is set
 * @extack: told what is refused: "foreign node N: " or "argument N: ", and why
 *
 * Loads modules, so without locks. To be freed even if it failed.
 *
 * Return: 0; -ENOENT for a name that nobody knows; -EINPROGRESS where loading its module
 * takes longer than who asks may be kept waiting; -EINVAL, -EOPNOTSUPP; what the node
 * says; -ENOMEM.
 */
int fwt_nodes_make(struct fwt_net *fn, struct fwt_base *b, struct netlink_ext_ack *extack);

/**
 * fwt_nodes_each() - all nodes that are registered, in the order in which they were
 * @fn: called for each, with a mutex held; what is not 0 ends it
 * @ctx: handed to it
 * @seq: set to a number, not 0, that differs where they do
 */
void fwt_nodes_each(int (*fn)(const struct fwt_node_ops *ops, void *ctx), void *ctx,
		    unsigned int *seq);

/* Once for the module; where fwt_nodes_exit() is called no namespace has us any more,
 * and it waits for modules that are being loaded.
 */
int fwt_nodes_init(void);
void fwt_nodes_exit(void);

/* No walk has them any more. */
void fwt_nodes_free(struct fwt_base *b);

/* struct fwt_env_ops.node, of a node of @env's policy */
int fwt_world_node(const struct fwt_env *env, const struct fwt_program *prog, u32 foreign,
		   const struct fwt_packet *p, struct fwt_env_node *said);

/* A walk that counts has met modifier @m, FWT_MOD_NODE, of the policy's program. */
void fwt_node_applied(struct fwt_way *w, const struct fwt_decision *d,
		      const struct fwt_prog_mod *m);

#endif /* FWT_NODE_H */
