/* SPDX-License-Identifier: GPL-2.0 */
/* Between the walk (tree.c) and what it does to packets (modify.c). */
#ifndef FWT_CORE_TREE_PRIVATE_H
#define FWT_CORE_TREE_PRIVATE_H

#include "tree.h"

/* Which of a test's two sets: the one for IPv6, or the other. */
static inline unsigned int fwt_which(const struct fwt_packet *p)
{
	return p->family == 6;
}

/* The walk ends here, for a reason. */
static inline bool fwt_walk_end(struct fwt_decision *d, u8 reason)
{
	d->verdict = FWT_VERDICT_DROP;
	d->reason = reason;
	return false;
}

enum fwt_modified {
	FWT_MODIFIED_STOPS,	/* the walk ends here */
	FWT_MODIFIED_MISSED,	/* the map has nothing: nothing is modified */
	FWT_MODIFIED,
};

/* Modifier @index of @prog on the packet of a walk; what is to happen in the world is
 * written down in @d. @step: who looks on, or NULL.
 */
enum fwt_modified fwt_walk_modify(const struct fwt_program *prog, u32 index,
				  struct fwt_packet *p, const struct fwt_env *env,
				  struct fwt_decision *d, struct fwt_walk_step *step);

/* What a map has for the packet as it is now; false where it has nothing. What it has
 * for another family is none of this packet's. @flags: by family, which of its two
 * tables.
 */
bool fwt_walk_map(const struct fwt_program *prog, const struct fwt_prog_test *t, u32 flags,
		  const struct fwt_packet *p, const struct fwt_env *env,
		  struct fwt_walk_step *step, u32 *value);

#endif /* FWT_CORE_TREE_PRIVATE_H */
