/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What elements of a live set look like: words of a key, as fields have them.
 */
#ifndef FWT_CORE_SET_SHAPE_H
#define FWT_CORE_SET_SHAPE_H

#include "os.h"
#include "fwtree_program.h"

/**
 * struct fwt_set_shape - a set's, from its parameters
 * @n: parts of a key
 * @n_value: parts of a value, 0 for a set
 * @split: elements with IPv6 addresses are apart: second entry of what follows
 * @words: of a key
 * @dim: of each of its parts
 * @value_words: of a value
 * @value_dim: of each of its parts
 */
struct fwt_set_shape {
	u8 n;
	u8 n_value;
	bool split;
	u8 words[2];
	u8 dim[2][FWT_TEST_FIELDS];
	u8 value_words[2];
	u8 value_dim[2][FWT_TEST_FIELDS];
};

extern const u8 fwt_set_type_words[2][__FWT_SET_TYPE_MAX];

/**
 * fwt_set_shape() - read it
 * @param: of struct fwt_prog_object, hostile
 * @s: filled in
 *
 * Return: false where they make none.
 */
bool fwt_set_shape(const u32 *param, struct fwt_set_shape *s);

/* Is it a map to trees. */
static inline bool fwt_set_gives_trees(const u32 *param)
{
	return param[FWT_SETP_SHAPE] >> 8 == 1 &&
	       param[FWT_SETP_VALUE_TYPES] == FWT_SET_TYPE_TREE;
}

static inline bool fwt_mod_is_update(const struct fwt_prog_mod *m)
{
	return m->type == FWT_MOD_SET_ADD || m->type == FWT_MOD_SET_REMOVE;
}

/* The test that a modifier has its key by, or FWT_NONE. */
static inline u32 fwt_mod_test(const struct fwt_prog_mod *m)
{
	if (fwt_mod_is_update(m))
		return m->a;
	return m->flags & FWT_MOD_MAP ? m->addr_lo[0] : FWT_NONE;
}

#endif /* FWT_CORE_SET_SHAPE_H */
