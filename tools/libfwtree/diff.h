/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What two policies treat differently: classes of packets, as few and short as
 * can be, each with an example.
 *
 * Both policies are functions over the same axes (prove_walk.h); where they come to
 * different outcomes is a set, which is told as boxes: ranges of fields, in the
 * words that a rule would use. A class is exact: its packets all differ, and what
 * is in no class does not. What sets, maps, pools and splits hold is told besides, for
 * the rules only name them; and options.
 */
#ifndef FWT_DIFF_H
#define FWT_DIFF_H

#include "os.h"

struct fwt_policy_ast;
struct fwt_diag;

/* Classes that are told, and at least FWT_DIFF_FEW at each hook; what more there are is
 * counted no further.
 */
#define FWT_DIFF_CLASSES	64
/* Of one change, where they are too many: so it leaves the others their places. */
#define FWT_DIFF_FEW		4
/* What is not in a class though its words are of it. */
#define FWT_DIFF_EXCEPT		8
/* What is told of what a set holds in one policy alone. */
#define FWT_DIFF_TEXTS		64

/**
 * struct fwt_diff_side - what one policy does to a class
 * @becomes: "accept, dnat to 192.0.2.1"
 * @file: of the rule that decides the example; NULL where none does
 * @line: its line
 */
struct fwt_diff_side {
	char becomes[300];
	const char *file;
	u32 line;
};

/**
 * struct fwt_diff_class - packets that are treated differently
 * @hook: "ingress"
 * @words: what they are, as matches of a rule; "all" where they are all; empty where
 *	it is no more than @packet
 * @except: that are not in it, each as @words; the rest are empty
 * @packet: one of them, as fwctl explain takes it
 * @given: what else must be so for it, in words; may be empty
 * @side: both policies
 * @more: packets besides that fare so, too: the classes of this change are too many
 */
struct fwt_diff_class {
	char hook[64];
	char words[512];
	char except[FWT_DIFF_EXCEPT][512];
	char packet[320];
	char given[400];
	struct fwt_diff_side side[2];
	bool more;
};

/**
 * struct fwt_diff_data - a set, map, pool or split that both policies have, or an option
 * @what: "set", "map", "pool", "option"; "rule", for a split
 * @name: its name; of a rule its text
 * @text: what it holds in the first alone, in the second alone: elements, servers,
 *	settings and values as they are written; the rest are NULL
 * @count: how many there are of each, told or not
 */
struct fwt_diff_data {
	const char *what;
	char *name;
	char *text[2][FWT_DIFF_TEXTS];
	u32 count[2];
};

/**
 * struct fwt_diff - the outcome
 * @class: array
 * @count: how many
 * @more: there are more classes than are told
 * @cut: for that, or for a class of @more, the budget ended
 * @outgrew: the diagram outgrew its budget: the classes are single packets that
 *	were found among @tried generated ones, and there may be others
 * @nodes: of the diagram
 * @data: array: what rules only name, and what of it differs
 * @n_data: how many
 */
struct fwt_diff {
	struct fwt_diff_class *class;
	u32 count;
	bool more;
	bool cut;
	bool outgrew;
	u32 tried;
	u64 seed;
	u32 nodes;
	struct fwt_diff_data *data;
	u32 n_data;
};

/**
 * fwt_diff() - compare two policies
 * @a: without errors
 * @b: likewise
 * @budget: nodes of the diagram, 0 for the usual
 * @seed: of the packets generated where that is not enough; 0 for the usual
 * @diff: the outcome, to be cleaned whatever is returned; lies partly in @a and @b
 *
 * Return: 0; -EINVAL where a policy has errors; -ENOMEM.
 */
int fwt_diff(const struct fwt_policy_ast *a, const struct fwt_policy_ast *b, u32 budget,
	     u64 seed, struct fwt_diff *diff);
void fwt_diff_clean(struct fwt_diff *diff);

#endif /* FWT_DIFF_H */
