/* SPDX-License-Identifier: GPL-2.0 */
/* Durations as they are written in policies, tests of policies and on the command line. */
#ifndef FWT_DURATION_H
#define FWT_DURATION_H

#include <stddef.h>
#include <stdint.h>

/**
 * fwt_duration_read() - milliseconds of "500ms", "30s" or "1h30m", whose parts add up
 * @text: what is written
 * @len: how much of it, all of which has to be a duration
 * @ms: where it goes; as it was, on error
 *
 * Return: 0, -EINVAL for what is none, -ERANGE for what 64 bits can't hold.
 */
int fwt_duration_read(const char *text, size_t len, uint64_t *ms);

#endif /* FWT_DURATION_H */
