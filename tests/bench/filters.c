// SPDX-License-Identifier: GPL-2.0
/*
 * A filter set at random, as ClassBench writes them, or as a policy.
 *
 *	filters acl|fw|ipc COUNT [-6] [-s SEED] [-p HOOK]
 *
 * With -p as a policy for that hook ("ingress device d0").
 */
#include <stdlib.h>

#include "filters.h"

static int usage(void)
{
	fprintf(stderr, "usage: filters acl|fw|ipc COUNT [-6] [-s SEED] [-p HOOK]\n");
	return 2;
}

int main(int argc, char **argv)
{
	const char *hook = NULL;
	struct fwt_filter *f;
	u64 seed = 1;
	bool six = false;
	u32 family, n, i;
	int a;

	if (argc < 3)
		return usage();
	for (family = 0; family < __FILTER_FAMILY_MAX; family++)
		if (!strcmp(argv[1], filter_family_name[family]))
			break;
	n = (u32)strtoul(argv[2], NULL, 10);
	if (family == __FILTER_FAMILY_MAX || !n || n > 10000000)
		return usage();
	for (a = 3; a < argc; a++) {
		if (!strcmp(argv[a], "-6"))
			six = true;
		else if (!strcmp(argv[a], "-s") && a + 1 < argc)
			seed = strtoull(argv[++a], NULL, 10);
		else if (!strcmp(argv[a], "-p") && a + 1 < argc)
			hook = argv[++a];
		else
			return usage();
	}
	f = calloc(n, sizeof(*f));
	if (!f)
		return 1;
	filters_make(f, n, (enum filter_family)family, six, seed);
	if (hook)
		fwt_filters_print(stdout, f, n, hook);
	for (i = 0; !hook && i < n; i++)
		fwt_filter_print(stdout, &f[i]);
	free(f);
	return 0;
}
