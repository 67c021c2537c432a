// SPDX-License-Identifier: GPL-2.0
/* graph: a policy as a picture. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "ast.h"
#include "diag.h"
#include "graph.h"
#include "in_force.h"
#include "parse.h"
#include "source.h"

struct live {
	struct fwt_nl_rules rules;
	const struct fwt_policy_ast *ast;
};

static const char *base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* A rule is known by its place: the name of its file, wherever that lies. What was
 * read from the kernel again is one file with a name of ours.
 */
static uint64_t hits(void *ctx, const struct fwt_rule *rule)
{
	const struct live *l = ctx;
	const char *name = base(l->ast->sources->source[rule->loc.file]->name);
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < l->rules.count; i++) {
		const struct fwt_nl_rule *r = &l->rules.rule[i];

		if (r->line == rule->loc.line &&
		    (!strcmp(name, "in-force") || !strcmp(base(r->file), name)))
			n += r->hits;
	}
	return n;
}

static int fetch_hits(struct fwctl *ctl, struct live *live)
{
	struct fwt_nl nl;
	int ret;

	ret = fwctl_open(ctl, &nl);
	if (ret)
		return ret;
	if (fwt_nl_rules_get(&nl, &live->rules))
		return fwctl_refused(&nl);
	fwt_nl_close(&nl);
	return 0;
}

/* Through graphviz, which reads and writes files. */
static int draw_svg(const char *dot, size_t len)
{
	FILE *to;
	int status;

	fflush(stdout);
	to = popen("command -v dot >/dev/null && exec dot -Tsvg", "w");
	if (!to)
		return out_error(NULL, "no memory to start dot");
	fwrite(dot, 1, len, to);
	status = pclose(to);
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	return out_error("apt install graphviz; without --svg DOT is written",
			 "dot did not draw it: is graphviz installed?");
}

static int print(const char *dot, size_t len, bool svg)
{
	if (svg)
		return draw_svg(dot, len);
	if (out_is_json()) {
		out_object(NULL);
		out_strn("dot", dot, len);
		out_end();
	} else {
		out_raw(dot, len);
	}
	return 0;
}

int cmd_graph(struct fwctl *ctl, int argc, char **argv)
{
	struct fwt_graph_opts opts = { .hits = hits };
	struct fwt_policy_ast *ast = NULL;
	bool svg = false, live = false;
	const char *path = NULL;
	struct live now = { 0 };
	struct fwt_diag diag;
	char *dot = NULL;
	size_t len = 0;
	int i, ret = 0;
	FILE *to;

	for (i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--svg"))
			svg = true;
		else if (!strcmp(argv[i], "--live"))
			live = true;
		else if (!path && !fwctl_option(argv[i]))
			path = argv[i];
		else
			return fwctl_usage(ctl, NULL, "graph: did not understand '%s'", argv[i]);
	}
	if (!path && !live)
		return fwctl_usage(ctl, NULL, "graph: FILE is missing");
	if (svg && out_is_json())
		return fwctl_usage(ctl, NULL, "graph: --svg writes a picture, and no JSON");
	fwt_diag_init(&diag);
	if (path)
		ast = fwt_parse_file(path, &diag, NULL);
	else
		ret = in_force_parse(ctl, &ast, &diag);
	if (!ret && (!ast || fwt_diag_failed(&diag)))
		ret = out_diag_errors(&diag);
	if (!ret && live)
		ret = fetch_hits(ctl, &now);
	if (!ret) {
		now.ast = ast;
		opts.ctx = &now;
		to = open_memstream(&dot, &len);
		if (to)
			fwt_graph(ast, live ? &opts : NULL, to);
		if (!to || fclose(to))
			ret = out_error(NULL, "out of memory");
		else
			ret = print(dot, len, svg);
	}
	free(dot);
	if (live)
		fwt_nl_rules_clean(&now.rules);
	fwt_diag_sources(&diag, NULL);
	fwt_ast_free(ast);
	fwt_diag_clean(&diag);
	return ret;
}
