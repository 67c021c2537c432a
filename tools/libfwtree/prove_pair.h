/* SPDX-License-Identifier: GPL-2.0 */
/* Questions such as "saddr == daddr" and "sport < dport", and packets that answer them. */
#ifndef FWT_PROVE_PAIR_H
#define FWT_PROVE_PAIR_H

#include "prove_space.h"

/* More of them no witness is asked. */
#define FWT_PAIRS	8

/* Of one axis. */
#define FWT_PAIR_USUAL	8

/**
 * struct fwt_compared - such a question
 * @axis: of the two fields
 * @at: the values that were chosen
 * @var: the question's bit
 * @less: is the first one less; else whether they are the same
 */
struct fwt_compared {
	u32 axis[2];
	struct fwt_wide at[2];
	u32 var;
	bool less;
};

/** struct fwt_chosen - values that are no longer free */
struct fwt_chosen {
	struct fwt_compared pair[FWT_PAIRS];
	u32 n;
};

/** fwt_pair_of() - is a question one, in packets of @kind: false where it is not */
bool fwt_pair_of(const struct fwt_space *sp, const struct fwt_opaque *o, u32 kind,
		 struct fwt_compared *p);

/**
 * fwt_pairs_part() - the part of a set whose packets are as the answers say
 * @set: not empty; its packets are of one kind
 * @vars: bits of the diagram
 * @usual_of: fills in at most FWT_PAIR_USUAL values, the first to be tried
 * @c: empty; the values
 *
 * Return: not empty; what finds no values is left as it was.
 */
u32 fwt_pairs_part(struct fwt_space *sp, u32 set, u32 vars,
		   u32 (*usual_of)(u32 axis, struct fwt_wide *to), struct fwt_chosen *c);

/** fwt_chosen_for() - the value of an axis, if it was chosen */
bool fwt_chosen_for(const struct fwt_chosen *c, u32 axis, struct fwt_wide *v);

#endif /* FWT_PROVE_PAIR_H */
