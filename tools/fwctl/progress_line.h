/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The line that says how far it is: on standard error where that is a terminal,
 * not beside JSON, and not before a second has passed.
 */
#ifndef FWCTL_PROGRESS_LINE_H
#define FWCTL_PROGRESS_LINE_H

#include "progress.h"

/** progress_begin() - Return: to be handed on, NULL where nobody is to be told */
const struct fwt_progress *progress_begin(void);

/** progress_end() - wipe the line, before anything else is printed */
void progress_end(void);

#endif /* FWCTL_PROGRESS_LINE_H */
