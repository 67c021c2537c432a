/* SPDX-License-Identifier: GPL-2.0 */
/* Words of a class with the names that the policies' defines have for values. */
#ifndef FWT_DIFF_NAMES_H
#define FWT_DIFF_NAMES_H

#include "program.h"

struct fwt_policy_ast;

/**
 * struct fwt_diff_name - a define
 * @name: lies in the policy
 * @key: its values, in the order of their letters
 */
struct fwt_diff_name {
	const char *name;
	char *key;
};

/**
 * fwt_diff_names() - names that either policy has, and that neither means otherwise
 * @names: filled in, to be cleaned whatever is returned
 * @a: the names lie in it
 * @b: likewise; its names come first
 *
 * Return: 0 or -ENOMEM.
 */
int fwt_diff_names(struct fwt_vec *names, const struct fwt_policy_ast *a,
		   const struct fwt_policy_ast *b);

/** fwt_diff_names_clean() - let go of them */
void fwt_diff_names_clean(struct fwt_vec *names);

/**
 * fwt_diff_rename() - values of interfaces and addresses become their names
 * @words: as fwt_region_lists() makes them; what would not fit stays as it is
 */
void fwt_diff_rename(const struct fwt_vec *names, char *words, size_t size);

#endif /* FWT_DIFF_NAMES_H */
