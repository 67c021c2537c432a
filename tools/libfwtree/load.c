// SPDX-License-Identifier: GPL-2.0
/* Libraries that are loaded by whoever needs them; see load.h. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "load.h"

int fwt_load(const struct fwt_library *l, void *to, char *error, size_t size)
{
	void *lib = NULL, *at;
	size_t i;

	for (i = 0; !lib && l->file[i]; i++) {
		lib = dlopen(l->file[i], RTLD_NOW | RTLD_LOCAL);
		/* Why the first can't: that is how Debian calls it. */
		if (!lib && !i)
			snprintf(error, size, "%s can't be loaded (Debian's package: %s): %s",
				 l->name, l->package, dlerror());
	}
	if (!lib)
		return -1;
	for (i = 0; l->symbol[i]; i++) {
		at = dlsym(lib, l->symbol[i]);
		if (!at) {
			snprintf(error, size, "%s is too old: it has no %s()", l->name,
				 l->symbol[i]);
			dlclose(lib);
			return -1;
		}
		memcpy((char *)to + i * sizeof(at), &at, sizeof(at));
	}
	return 0;
}
