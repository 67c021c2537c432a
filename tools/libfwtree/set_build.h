/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From elements as written to the sets of a program.
 */
#ifndef FWT_SET_BUILD_H
#define FWT_SET_BUILD_H

#include "program.h"

/**
 * struct fwt_elems - elements as they were written, in that order
 * @n_dims: fields that are joined
 * @dim: words of each
 * @words: of all
 * @data: u32: for each element the words of its low key, then of its high key
 * @branch: u32: for each element where it leads; empty for a plain set
 * @ranges: some element is more than one key
 */
struct fwt_elems {
	u8 n_dims;
	u8 dim[FWT_TEST_FIELDS];
	u8 words;
	bool ranges;
	struct fwt_vec data;
	struct fwt_vec branch;
};

void fwt_elems_init(struct fwt_elems *e);
void fwt_elems_clean(struct fwt_elems *e);

/** fwt_elems_dim() - one more field of @words words */
void fwt_elems_dim(struct fwt_elems *e, u8 words);

/**
 * fwt_elems_add() - one more element
 * @low: @e->words words, each dimension not above that of @high
 * @high: likewise
 * @branch: where it leads, FWT_NONE in a plain set
 *
 * Return: false without memory.
 */
bool fwt_elems_add(struct fwt_elems *e, const u32 *low, const u32 *high, u32 branch);

static inline u32 fwt_elems_count(const struct fwt_elems *e)
{
	return e->words ? e->data.count / (2 * e->words) : 0;
}

/**
 * fwt_build_set() - the set of all keys of the elements
 * @b: program
 * @e: elements; their order is lost
 *
 * One field: keys, or ranges that are merged. Several: keys where all elements
 * are exact, else boxes.
 *
 * Return: the set, FWT_NONE where there are no elements.
 */
u32 fwt_build_set(struct fwt_builder *b, struct fwt_elems *e);

/**
 * fwt_build_map() - the same as a map, for a select
 * @node: node by branch
 *
 * Where elements overlap, the first one counts.
 */
u32 fwt_build_map(struct fwt_builder *b, struct fwt_elems *e, const u32 *node);

#endif /* FWT_SET_BUILD_H */
