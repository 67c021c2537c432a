/* SPDX-License-Identifier: GPL-2.0 */
/* Times of policies on trial. */
#ifndef FWCTL_TRIAL_H
#define FWCTL_TRIAL_H

#include <stddef.h>
#include <stdint.h>

/* A day, as in the kernel. */
#define TRIAL_MS_MAX	86400000u

/** trial_time() - milliseconds of "30s", "1m30s"; 0 for what is none, or over a day */
uint32_t trial_time(const char *text);

/** trial_text() - "23 s", "4 min 30 s"; returns @buf */
const char *trial_text(char *buf, size_t size, uint32_t ms);

/** trial_print() - that what was put in force is on trial; of 0 nothing */
void trial_print(uint32_t ms);

#endif /* FWCTL_TRIAL_H */
