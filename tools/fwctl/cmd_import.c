// SPDX-License-Identifier: GPL-2.0
/* import classbench. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ast.h"
#include "classbench.h"
#include "diag.h"
#include "fwctl.h"
#include "parse.h"

/* One hook's words, and no more: else what is written would be no policy. */
static bool is_hook(const char *hook)
{
	struct fwt_policy_ast *ast;
	struct fwt_diag diag;
	char text[600];
	bool ok;
	int n;

	n = snprintf(text, sizeof(text), "%s {\naccept\n}\n", hook);
	if (n < 0 || (size_t)n >= sizeof(text) || strpbrk(hook, "{}#;\n"))
		return false;
	fwt_diag_init(&diag);
	ast = fwt_parse_buffer("--hook", text, (size_t)n, &diag, NULL);
	ok = ast && !fwt_diag_failed(&diag) && ast->hooks;
	fwt_diag_clean(&diag);
	fwt_ast_free(ast);
	return ok;
}

int cmd_import_classbench(struct fwctl *ctl, int argc, char **argv)
{
	const char *name = NULL, *hook = "ingress";
	struct fwt_vec filters;
	char error[160], *text = NULL;
	size_t len;
	FILE *in, *out;
	int i, ret;

	for (i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "--hook=", 7))
			hook = argv[i] + 7;
		else if (!strcmp(argv[i], "--hook") && i + 1 < argc)
			hook = argv[++i];
		else if (!strcmp(argv[i], "--hook"))
			break;
		else if (!name && !fwctl_option(argv[i]))
			name = argv[i];
		else
			return fwctl_usage(ctl, NULL, "did not understand '%s'", argv[i]);
	}
	if (i < argc)
		return fwctl_usage(ctl, NULL, "a hook is missing after '--hook'");
	if (!name)
		return fwctl_usage(ctl, NULL, "FILE is missing");
	if (!is_hook(hook))
		return fwctl_usage(ctl, NULL, "'%s' is no hook: 'ingress', 'egress device eth0'",
				   hook);
	in = strcmp(name, "-") ? fopen(name, "r") : stdin;
	if (!in)
		return out_error(NULL, "%s: %s", name, strerror(errno));
	ret = fwt_filters_read(in, &filters, error, sizeof(error));
	if (in != stdin)
		fclose(in);
	if (ret < 0)
		return out_error(NULL, "%s: %s", name, strerror(-ret));
	if (ret)
		return out_error(NULL, "%s:%d: %s", name, ret, error);
	if (!filters.count)
		return out_error(NULL, "%s: there is no filter in it", name);
	out = open_memstream(&text, &len);
	if (!out)
		return out_error(NULL, "out of memory");
	fwt_filters_print(out, filters.data, filters.count, hook);
	if (fclose(out)) {
		free(text);
		return out_error(NULL, "out of memory");
	}
	out_object(NULL);
	out_str("policy", text);
	out_end();
	out_raw(text, len);
	free(text);
	free(filters.data);
	return FWCTL_DONE;
}
