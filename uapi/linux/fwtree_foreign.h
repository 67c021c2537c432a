/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * fwtree: what a compiled policy (fwtree_program.h) says of nodes that are not
 * fwtree's own: selectors and modifiers that another module registers by name.
 *
 * A program says the name, what was written in braces behind it, and at a "select"
 * the words that its branches are for. What they mean is the other module's affair:
 * the kernel binds names to modules, parameters and branches when the program is
 * loaded, and refuses it where it can't.
 */
#ifndef _UAPI_LINUX_FWTREE_FOREIGN_H
#define _UAPI_LINUX_FWTREE_FOREIGN_H

#include <linux/types.h>

#define FWT_FOREIGN_MAX		1024	/* in a program */
#define FWT_FOREIGN_ARGS	32	/* of one */
#define FWT_FOREIGN_LABELS	1024	/* of one */
#define FWT_FOREIGN_NAME	31	/* letters of its name, and of a parameter's */

/* Steps that one counts for, wherever it stands: about a microsecond. */
#define FWT_FOREIGN_COST	256

/* How it stands in the policy. */
enum fwt_foreign_use {
	FWT_FOREIGN_MATCH,	/* node NAME */
	FWT_FOREIGN_SELECT,	/* select node NAME */
	FWT_FOREIGN_MODIFY,	/* modify NAME */
	__FWT_FOREIGN_USE_MAX,
};

/* What it can set; each as the modifier "set" of that name does. */
enum fwt_node_set {
	FWT_NODE_SET_MARK,
	FWT_NODE_SET_CT_MARK,	/* not at a device */
	FWT_NODE_SET_PRIORITY,
	FWT_NODE_SET_DSCP,
	FWT_NODE_SET_TTL,
	FWT_NODE_SET_MSS,	/* at most that: it is never raised */
	FWT_NODE_SET_VLAN,	/* of a frame that has a tag, at a device */
	__FWT_NODE_SET_MAX,
};

/**
 * struct fwt_prog_place - where something is written, for who reads that it is
 * refused
 * @line: in the file of its rule, from 1
 * @column: in bytes, from 1
 * @end: one behind its last byte on that line; 0 for the end of the line
 */
struct fwt_prog_place {
	__u32 line;
	__u32 column;
	__u32 end;
};

/**
 * struct fwt_prog_foreign - a node of another module
 * @name: string
 * @use: enum fwt_foreign_use
 * @hooks: FWT_HOOK_BIT() of all that can lead to it
 * @pad: 0
 * @rule: that it stands in
 * @first: of its arguments, in ARGS
 * @n_args: how many
 * @labels: SELECT: first of its branches' words, in ARGS
 * @n_labels: how many; in the order written
 * @mod: SELECT, MODIFY: modifier of type FWT_MOD_NODE and with its number, which a
 *	walk notes where it takes effect. FWT_NONE for MATCH
 * @at: where its name is written
 */
struct fwt_prog_foreign {
	__u32 name;
	__u8 use;
	__u8 hooks;
	__u16 pad;
	__u32 rule;
	__u32 first;
	__u32 n_args;
	__u32 labels;
	__u32 n_labels;
	__u32 mod;
	struct fwt_prog_place at;
};

enum fwt_arg_type {
	FWT_ARG_FLAG,		/* a name alone */
	FWT_ARG_NUMBER,		/* @word: 64 bits, the lower half first; sizes too */
	FWT_ARG_DURATION,	/* likewise, milliseconds */
	FWT_ARG_STRING,		/* @word[0]: string */
	FWT_ARG_ADDR4,		/* @word[0], host byte order; @plen */
	FWT_ARG_ADDR6,		/* @word, most significant first; @plen */
	FWT_ARG_LABEL,		/* what a branch is for: @name alone */
	__FWT_ARG_MAX,
};

/**
 * struct fwt_prog_arg - a setting of such a node, or the word of a branch
 * @name: string
 * @type: enum fwt_arg_type
 * @plen: prefix length of an address, else 0
 * @pad: 0
 * @word: the value, by @type
 * @at: where it is written
 */
struct fwt_prog_arg {
	__u32 name;
	__u8 type;
	__u8 plen;
	__u16 pad;
	__u32 word[4];
	struct fwt_prog_place at;
};

#endif /* _UAPI_LINUX_FWTREE_FOREIGN_H */
