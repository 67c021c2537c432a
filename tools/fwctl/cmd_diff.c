// SPDX-License-Identifier: GPL-2.0
/* diff: packets that two policies treat differently. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ast.h"
#include "compile.h"
#include "diag.h"
#include "diff.h"
#include "in_force.h"
#include "parse.h"
#include "progress_line.h"

static bool number(const char *text, uint64_t most, uint64_t *to)
{
	char *end;

	if (!text || *text < '0' || *text > '9')
		return false;
	*to = strtoull(text, &end, 0);
	return !*end && *to <= most;
}

/* A policy that compiles, or what is wrong with it. */
static int read_file(const char *path, struct fwt_policy_ast **ast)
{
	struct fwt_parse_opts parse = { .progress = progress_begin() };
	struct fwt_compile_opts opts = { .check_only = true, .no_warnings = true };
	struct fwt_blob blob = { 0 };
	struct fwt_diag diag;
	int ret;

	fwt_diag_init(&diag);
	*ast = fwt_parse_file(path, &diag, &parse);
	ret = *ast ? fwt_compile(*ast, &diag, &opts, &blob) : -1;
	progress_end();
	fwt_blob_free(&blob);
	if (fwt_diag_failed(&diag) || ret)
		ret = out_diag_errors(&diag);
	fwt_diag_clean(&diag);
	return ret;
}

static void print_side(const char *key, const char *sign, const struct fwt_diff_side *s,
		       const char *name)
{
	out_object(key);
	out_str("becomes", s->becomes);
	out_str("file", s->file ? name ? name : s->file : NULL);
	if (s->file)
		out_num("line", s->line);
	else
		out_null("line");
	out_end();
	if (s->file)
		out_text("  %s %s  (%s:%u)\n", sign, s->becomes, name ? name : s->file, s->line);
	else
		out_text("  %s %s\n", sign, s->becomes);
}

static void print_class(const struct fwt_diff_class *c, const char *first, bool tried)
{
	size_t i;

	out_object(NULL);
	out_str("hook", c->hook);
	out_str("packets", c->words[0] ? c->words : NULL);
	if (c->words[0])
		out_text("%s: %s\n", c->hook, c->words);
	else
		out_text("%s: (one packet%s)\n", c->hook, tried ? " that was tried" : "");
	out_array("except");
	for (i = 0; i < FWT_DIFF_EXCEPT && c->except[i][0]; i++) {
		out_str(NULL, c->except[i]);
		out_text("    but not %s\n", c->except[i]);
	}
	out_end();
	print_side("was", "-", &c->side[0], first);
	print_side("becomes", "+", &c->side[1], NULL);
	out_str("packet", c->packet);
	out_str("given", c->given[0] ? c->given : NULL);
	out_text("    as %s%s%s%s\n", c->packet, c->given[0] ? " (" : "", c->given,
		 c->given[0] ? ")" : "");
	out_bool("more", c->more);
	if (c->more)
		out_text("    and more that fare so: too many to tell\n");
	out_end();
}

/* What one policy alone holds. */
static void print_texts(const struct fwt_diff_data *d, const char *key, int side, char sign)
{
	uint32_t i, n = d->count[side] < FWT_DIFF_TEXTS ? d->count[side] : FWT_DIFF_TEXTS;

	out_array(key);
	for (i = 0; i < n; i++) {
		out_str(NULL, d->text[side][i]);
		out_text(" %c%s", sign, d->text[side][i]);
	}
	out_end();
	if (d->count[side] > n)
		out_text(" and %u more", d->count[side] - n);
}

static void print_data(const struct fwt_diff_data *d)
{
	out_object(NULL);
	out_str("what", d->what);
	out_str("name", d->name);
	out_text("%s %s:", d->what, d->name);
	print_texts(d, "added", 1, '+');
	print_texts(d, "removed", 0, '-');
	out_num("added_count", d->count[1]);
	out_num("removed_count", d->count[0]);
	out_text("\n");
	out_end();
}

static void print(const struct fwt_diff *d, const char *first)
{
	bool exact = !d->outgrew && !d->cut;
	uint32_t i;

	for (i = 0; i < d->count; i++)
		exact &= !!d->class[i].words[0];
	out_object(NULL);
	out_bool("same", !d->count && !d->n_data && !d->outgrew);
	out_bool("exact", exact);
	out_bool("more", d->more);
	out_num("nodes", d->nodes);
	if (d->outgrew) {
		out_num("tried", d->tried);
		out_num("seed", d->seed);
	}
	out_array("classes");
	for (i = 0; i < d->count; i++)
		print_class(&d->class[i], first, d->outgrew);
	out_end();
	out_array("data");
	for (i = 0; i < d->n_data; i++)
		print_data(&d->data[i]);
	out_end();
	out_end();
	if (d->more && d->cut && !d->outgrew)
		out_text("and more: the comparison outgrew its budget at %u nodes (more: "
			 "--budget N)\n", d->nodes);
	else if (d->more)
		out_text("and more: too many to tell\n");
	if (d->outgrew)
		out_text("not all of it: the comparison outgrew its budget at %u nodes (more: "
			 "--budget N); %u generated packets were tried, seed %llu\n", d->nodes,
			 d->tried, (unsigned long long)d->seed);
}

int cmd_diff(struct fwctl *ctl, int argc, char **argv)
{
	struct fwt_policy_ast *ast[2] = { NULL, NULL };
	const char *path[2] = { NULL, NULL };
	uint64_t budget = 0, seed = 0;
	struct fwt_diff diff = { 0 };
	struct fwt_diag diag;
	int i, ret = 0;

	for (i = 0; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (!strcmp(argv[i], "--budget")) {
			if (!number(value, 1u << 30, &budget) || !budget)
				return fwctl_usage(ctl, NULL, "--budget takes a number of nodes");
			i++;
		} else if (!strcmp(argv[i], "--seed")) {
			if (!number(value, ~0ull, &seed))
				return fwctl_usage(ctl, NULL, "--seed takes a number");
			i++;
		} else if (!path[1] && !fwctl_option(argv[i])) {
			path[path[0] ? 1 : 0] = argv[i];
		} else {
			return fwctl_usage(ctl, NULL, "diff: did not understand '%s'", argv[i]);
		}
	}
	if (!path[0])
		return fwctl_usage(ctl, NULL, "diff: FILE is missing");
	fwt_diag_init(&diag);
	/* What is wrong with a file comes before what is wrong with the module. */
	ret = read_file(path[0], &ast[path[1] ? 0 : 1]);
	if (!ret)
		ret = path[1] ? read_file(path[1], &ast[1]) :
		      in_force_parse(ctl, &ast[0], &diag);
	if (!ret && fwt_diff(ast[0], ast[1], (u32)budget, seed, &diff))
		ret = out_error(NULL, "out of memory");
	if (!ret)
		print(&diff, path[1] ? NULL : "in force");
	fwt_diff_clean(&diff);
	fwt_diag_clean(&diag);
	fwt_ast_free(ast[0]);
	fwt_ast_free(ast[1]);
	return ret;
}
