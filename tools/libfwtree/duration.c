// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "duration.h"

static uint64_t unit_of(const char **p, const char *end)
{
	static const struct {
		const char *name;
		uint64_t ms;
	} units[] = {
		{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 },
	};
	size_t i, len;

	for (i = 0; i < sizeof(units) / sizeof(*units); i++) {
		len = strlen(units[i].name);
		if ((size_t)(end - *p) >= len && !memcmp(*p, units[i].name, len)) {
			*p += len;
			return units[i].ms;
		}
	}
	return 0;
}

int fwt_duration_read(const char *text, size_t len, uint64_t *ms)
{
	const char *p = text, *end = text + len;
	uint64_t total = 0, n, unit;
	bool over = false;

	if (!len)
		return -EINVAL;
	while (p < end) {
		if (*p < '0' || *p > '9')
			return -EINVAL;
		for (n = 0; p < end && *p >= '0' && *p <= '9'; p++)
			over |= __builtin_mul_overflow(n, 10, &n) ||
				__builtin_add_overflow(n, *p - '0', &n);
		unit = unit_of(&p, end);
		if (!unit)
			return -EINVAL;
		over |= __builtin_mul_overflow(n, unit, &n) ||
			__builtin_add_overflow(total, n, &total);
	}
	if (over)
		return -ERANGE;
	*ms = total;
	return 0;
}
