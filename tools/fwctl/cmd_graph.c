// SPDX-License-Identifier: GPL-2.0
/* graph: a policy as a picture. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "compile.h"
#include "diag.h"
#include "graph.h"
#include "in_force.h"
#include "parse.h"
#include "source.h"

/* What a rule was met, by its place in the text. */
struct counted {
	uint32_t file;
	uint32_t start;
	uint64_t hits;
};

struct live {
	struct fwt_nl_rules rules;
	struct counted *counted;
	size_t count;
};

static int by_key(const void *a, const void *b)
{
	const struct fwt_nl_rule *x = a, *y = b;

	return x->key < y->key ? -1 : x->key > y->key;
}

static int by_place(const void *a, const void *b)
{
	const struct counted *x = a, *y = b;

	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	return x->start < y->start ? -1 : x->start > y->start;
}

static uint64_t hits(void *ctx, const struct fwt_rule *rule)
{
	const struct counted want = { .file = rule->loc.file, .start = rule->text.start }, *c;
	const struct live *l = ctx;

	c = l->count ? bsearch(&want, l->counted, l->count, sizeof(*c), by_place) : NULL;
	return c ? c->hits : FWT_GRAPH_UNCOUNTED;
}

/* A rule of the policy is the kernel's by its key: its id, or its text where it stands.
 * So a file may be drawn that was changed since, or lies elsewhere.
 */
static bool match(struct live *l, const struct fwt_program *prog)
{
	const struct fwt_nl_rule *rule;
	size_t i, n = 0;

	l->counted = calloc(prog->n[FWT_SEC_RULES] + 1, sizeof(*l->counted));
	if (!l->counted)
		return false;
	qsort(l->rules.rule, l->rules.count, sizeof(*l->rules.rule), by_key);
	for (i = 0; i < prog->n[FWT_SEC_RULES]; i++) {
		const struct fwt_prog_rule *r = &prog->rule[i];
		struct fwt_nl_rule want = { .key = r->key };

		rule = l->rules.count ? bsearch(&want, l->rules.rule, l->rules.count,
						sizeof(want), by_key) : NULL;
		if (rule)
			l->counted[n++] = (struct counted){
				r->file, r->text - prog->file[r->file].text, rule->hits,
			};
	}
	qsort(l->counted, n, sizeof(*l->counted), by_place);
	/* goto by a map has a rule for each tree, in one place. */
	for (i = 0; i < n; i++) {
		struct counted *last = l->count ? &l->counted[l->count - 1] : NULL;

		if (last && !by_place(last, &l->counted[i])) {
			if (last->hits < l->counted[i].hits)
				last->hits = l->counted[i].hits;
			continue;
		}
		l->counted[l->count++] = l->counted[i];
	}
	return true;
}

static int fetch_hits(struct fwctl *ctl, const struct fwt_policy_ast *ast, struct fwt_diag *diag,
		      struct live *live)
{
	struct fwt_compile_opts opts = { .no_warnings = true };
	struct fwt_program prog;
	struct fwt_blob blob = { 0 };
	struct fwt_nl nl;
	int ret;

	opts.prog = &prog;
	if (fwt_compile(ast, diag, &opts, &blob))
		return out_diag_errors(diag);
	ret = fwctl_open(ctl, &nl);
	if (!ret && fwt_nl_rules_get(&nl, &live->rules))
		ret = fwctl_refused(&nl);
	else if (!ret)
		fwt_nl_close(&nl);
	if (!ret && !match(live, &prog))
		ret = out_error(NULL, "out of memory");
	fwt_blob_free(&blob);
	return ret;
}

/* Through graphviz, which reads and writes files. */
static int draw_svg(const char *dot, size_t len)
{
	void (*was)(int sig);
	FILE *to;
	int status;

	fflush(stdout);
	/* Who is not there reads nothing, and that is to be said. */
	was = signal(SIGPIPE, SIG_IGN);
	to = popen("command -v dot >/dev/null && exec dot -Tsvg", "w");
	if (!to)
		return out_error(NULL, "no memory to start dot");
	fwrite(dot, 1, len, to);
	status = pclose(to);
	signal(SIGPIPE, was);
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	return out_error("apt install graphviz; without --svg DOT is written",
			 "dot did not draw it: is graphviz installed?");
}

static const char *const kinds[] = {
	[FWT_GRAPH_HOOK] = "hook", [FWT_GRAPH_TREE] = "tree", [FWT_GRAPH_BLOCK] = "block",
	[FWT_GRAPH_SELECT] = "select", [FWT_GRAPH_SPLIT] = "split", [FWT_GRAPH_SET] = "set",
	[FWT_GRAPH_MAP] = "map", [FWT_GRAPH_POOL] = "pool", [FWT_GRAPH_MISSING] = "missing",
	[FWT_GRAPH_MORE] = "more",
};

static const char *const leads[] = {
	[FWT_GRAPH_GOTO] = "goto", [FWT_GRAPH_CALL] = "call", [FWT_GRAPH_BELOW] = "block",
	[FWT_GRAPH_ASKS] = "asks", [FWT_GRAPH_CHANGES] = "changes",
};

static const char *const ends[] = {
	[FWT_END_ACCEPT] = "accept", [FWT_END_DROP] = "drop", [FWT_END_REJECT] = "reject",
	[FWT_END_QUEUE] = "queue", [FWT_END_GOTO] = "goto", [FWT_END_CALL] = "call",
	[FWT_END_RETURN] = "return", [FWT_END_BLOCK] = "block", [FWT_END_SELECT] = "select",
	[FWT_END_SPLIT] = "split",
};

static void put_hits(const struct fwt_graph *g, uint64_t n)
{
	if (g->live && n != FWT_GRAPH_UNCOUNTED)
		out_num("hits", n);
	else
		out_null("hits");
}

static void put_row(const struct fwt_graph *g, const struct fwt_graph_row *row)
{
	out_object(NULL);
	out_str("text", row->text);
	out_num("rules", row->count);
	if (row->first) {
		out_str("file", g->ast->sources->source[row->first->loc.file]->name);
		out_num("line", row->first->loc.line);
		out_num("last_line", row->last->loc.line);
		out_str("id", row->count == 1 && row->first->id ? row->first->id->text : NULL);
		out_str("end", row->count == 1 ? ends[row->first->end.kind] : NULL);
		put_hits(g, row->hits);
	}
	out_end();
}

/* Boxes and arrows are numbered from 0, in the order that they have here. */
static void put_json(const struct fwt_graph *g, const char *dot, size_t len)
{
	const struct fwt_graph_arrow *a = g->arrow.data;
	const struct fwt_graph_box *b = g->box.data;
	uint32_t i, k;

	out_object(NULL);
	out_array("boxes");
	for (i = 0; i < g->box.count; i++) {
		out_object(NULL);
		out_str("kind", kinds[b[i].kind]);
		out_str("name", b[i].name);
		out_str("title", b[i].title);
		out_array("rows");
		for (k = 0; k < b[i].row.count; k++)
			put_row(g, (struct fwt_graph_row *)b[i].row.data + k);
		out_end();
		out_end();
	}
	out_end();
	out_array("arrows");
	for (i = 0; i < g->arrow.count; i++) {
		out_object(NULL);
		out_num("from", a[i].from);
		out_num("row", a[i].row);
		out_num("to", a[i].to);
		out_str("kind", leads[a[i].lead]);
		put_hits(g, a[i].hits);
		out_end();
	}
	out_end();
	out_strn("dot", dot, len);
	out_end();
}

static int print(const struct fwt_graph *g, bool svg)
{
	char *dot = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&dot, &len);
	int ret = 0;

	if (to)
		fwt_graph_dot(g, to);
	if (!to || fclose(to))
		ret = out_error(NULL, "out of memory");
	else if (svg)
		ret = draw_svg(dot, len);
	else if (out_is_json())
		put_json(g, dot, len);
	else
		out_raw(dot, len);
	free(dot);
	return ret;
}

int cmd_graph(struct fwctl *ctl, int argc, char **argv)
{
	struct fwt_graph_opts opts = { .hits = NULL };
	struct fwt_policy_ast *ast = NULL;
	bool svg = false, live = false;
	const char *path = NULL;
	struct live now = { 0 };
	struct fwt_graph graph;
	struct fwt_diag diag;
	int i, ret = 0;

	for (i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--svg"))
			svg = true;
		else if (!strcmp(argv[i], "--live"))
			live = true;
		else if (!strcmp(argv[i], "--all"))
			opts.all = true;
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
		ret = fetch_hits(ctl, ast, &diag, &now);
	if (!ret) {
		opts.hits = live ? hits : NULL;
		opts.ctx = &now;
		ret = fwt_graph_make(&graph, ast, &opts) ? print(&graph, svg) :
							   out_error(NULL, "out of memory");
		fwt_graph_clean(&graph);
	}
	free(now.counted);
	if (live)
		fwt_nl_rules_clean(&now.rules);
	fwt_diag_sources(&diag, NULL);
	fwt_ast_free(ast);
	fwt_diag_clean(&diag);
	return ret;
}
