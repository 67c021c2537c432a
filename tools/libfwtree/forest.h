/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From boxes to trees: where to cut.
 */
#ifndef FWT_FOREST_H
#define FWT_FOREST_H

#include "program.h"
#include "progress.h"

/**
 * struct fwt_forest_boxes - boxes in the order of their rules, first ones first
 * @n_dims: dimensions, at most __FWT_DIM6_MAX
 * @count: boxes
 * @lo: for each dimension an array of @count first values
 * @hi: last values
 * @progress: told how far it is, or NULL
 */
struct fwt_forest_boxes {
	u32 n_dims;
	u32 count;
	u32 *lo[__FWT_DIM6_MAX];
	u32 *hi[__FWT_DIM6_MAX];
	const struct fwt_progress *progress;
};

/**
 * struct fwt_forest - trees over boxes
 * @trees: struct fwt_prog_tree; @first is a box's number
 * @cuts: struct fwt_prog_cut; a leaf's @at is an index in @order
 * @order: u32: boxes by their numbers, leaf after leaf, ascending in each
 */
struct fwt_forest {
	struct fwt_vec trees;
	struct fwt_vec cuts;
	struct fwt_vec order;
};

/**
 * fwt_forest_grow() - plant trees for boxes
 * @boxes: what is to be found
 * @f: filled in; to be cleaned
 *
 * Each box is in one leaf, or, copied within a budget, in several leaves of one
 * tree; a box that holds a point is in the leaf that the point leads to. Memory
 * and the number of trees are bounded whatever the boxes are; leaves are not
 * where boxes can't be told apart.
 *
 * Return: false without memory.
 */
bool fwt_forest_grow(const struct fwt_forest_boxes *boxes, struct fwt_forest *f);
void fwt_forest_clean(struct fwt_forest *f);

#endif /* FWT_FOREST_H */
