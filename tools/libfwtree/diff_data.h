/* SPDX-License-Identifier: GPL-2.0 */
/* What sets, maps, pools and splits of two policies hold: rules only name them. Options. */
#ifndef FWT_DIFF_DATA_H
#define FWT_DIFF_DATA_H

#include "os.h"

struct fwt_diff;
struct fwt_sema;

/**
 * fwt_diff_data() - what those hold that both policies have
 * @diff: its @data is filled in
 * @a: understood, and nothing cleaned yet
 * @b: likewise
 *
 * Elements are compared as the compiler reads them, in whatever order they stand.
 *
 * Return: 0 or -ENOMEM.
 */
int fwt_diff_data(struct fwt_diff *diff, const struct fwt_sema *a, const struct fwt_sema *b);

/** fwt_diff_data_clean() - let go of it */
void fwt_diff_data_clean(struct fwt_diff *diff);

#endif /* FWT_DIFF_DATA_H */
