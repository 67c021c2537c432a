// SPDX-License-Identifier: GPL-2.0
/* c-ares, when it is needed. */
#include "ares_load.h"
#include "load.h"

static const char *const files[] = { "libcares.so.2", NULL };

static const char *const symbols[] = {
#define NAME(name)	"ares_" #name,
	ARES_FUNCTIONS(NAME)
#undef NAME
	NULL
};

const struct ares *ares_load(char *error, size_t size)
{
	static const struct fwt_library library = { "c-ares", "libc-ares2", files, symbols };
	static struct ares ares;

	/* The last one is set when all are. */
	if (ares.timeout || !fwt_load(&library, &ares, error, size))
		return &ares;
	return NULL;
}
