// SPDX-License-Identifier: GPL-2.0
/* Properties: a stub for now. */
#include <stdlib.h>

#include "sim_test.h"

int sim_pattern_check(const char *pattern, char *error, size_t size)
{
	(void)pattern;
	(void)error;
	(void)size;
	return 0;
}

int sim_property_holds(const struct sim_property *p, char *counter, char *note,
		       size_t size, char **way)
{
	(void)p;
	(void)counter;
	(void)way;
	snprintf(note, size, "not yet");
	return -1;
}
