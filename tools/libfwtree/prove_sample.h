/* SPDX-License-Identifier: GPL-2.0 */
/* Where no proof is to be had: packets aimed at the edges of every rule. */
#ifndef FWT_PROVE_SAMPLE_H
#define FWT_PROVE_SAMPLE_H

#include "prove.h"

struct fwt_property;

/** fwt_prove_samples() - try a property; fills in @proof, returns 0 or -ENOMEM */
int fwt_prove_samples(const struct fwt_policy_ast *ast, const struct fwt_property *pr,
		      const struct fwt_prove_opts *opts, struct fwt_proof *proof);

#endif /* FWT_PROVE_SAMPLE_H */
