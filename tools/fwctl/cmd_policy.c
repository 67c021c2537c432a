// SPDX-License-Identifier: GPL-2.0
/* apply, flush. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ast.h"
#include "compile.h"
#include "diag.h"
#include "node_refusal.h"
#include "parse.h"
#include "program_view.h"
#include "progress_line.h"
#include "rule.h"
#include "set_names.h"
#include "source.h"
#include "ssh_connection.h"
#include "trial.h"

/**
 * struct applying - what was asked for
 * @trial: milliseconds on trial; 0 for good
 * @full: not by what differs
 * @force: though it cuts off who applies it
 * @ssh: the connection that this would be noticed by, or NULL
 * @netns: or NULL
 */
struct applying {
	const char *path;
	const char *netns;
	uint32_t trial;
	bool full;
	bool force;
	const struct fwt_ssh *ssh;
};

/* A policy that would cut off its author is refused, unless it goes back by itself. */
static bool cuts_off(const struct applying *a, const struct fwt_policy_ast *ast,
		     struct fwt_diag *diag)
{
	return ssh_cut_off(a->ssh, ast, a->trial || a->force, diag);
}

/* The same of a file that may be applied by what differs. */
static bool file_cuts_off(const struct applying *a)
{
	struct fwt_policy_ast *ast;
	struct fwt_diag diag;
	bool cut;

	fwt_diag_init(&diag);
	ast = fwt_parse_file(a->path, &diag, NULL);
	cut = ast && !fwt_diag_failed(&diag) && cuts_off(a, ast, &diag);
	fwt_ast_free(ast);
	fwt_diag_clean(&diag);
	return cut;
}

/* The policy of a file, compiled and verified. All that is wrong was said where
 * it fails.
 */
static int compile(const struct applying *a, struct fwt_diag *diag, struct view *v)
{
	struct fwt_parse_opts parse = { .progress = progress_begin() };
	struct fwctl ctl = { .netns = a->netns };
	struct fwt_compile_opts opts = { .prog = &v->prog, .progress = parse.progress };
	struct fwt_blob blob = { 0 };
	struct fwt_policy_ast *ast;
	struct fwt_dns_book book;
	int ret = -1, named = 0;

	memset(v, 0, sizeof(*v));
	fwt_diag_init(diag);
	ast = fwt_parse_file(a->path, diag, &parse);
	/* Whoever was to write it has failed: everything would pass. */
	if (ast && !ast->sources->source[0]->len)
		fwt_error_hint(diag, NULL, "'fwctl flush' removes the policy in force",
			       "%s is empty", a->path);
	fwt_dns_init(&book);
	opts.book = &book;
	/* Nobody is asked for a policy that has errors. */
	if (ast && !fwt_diag_failed(diag))
		named = names_for_apply(&ctl, ast, diag, &book);
	if (named < 0)
		fwt_error(diag, NULL, "no memory for the addresses of DNS names");
	if (ast && named <= 0)
		ret = fwt_compile(ast, diag, &opts, &blob);
	fwt_dns_clean(&book);
	if (!ret && a->ssh && cuts_off(a, ast, diag))
		fwt_diag_sort(diag);
	fwt_diag_sources(diag, NULL);
	fwt_ast_free(ast);
	progress_end();
	if (fwt_diag_failed(diag) || ret) {
		fwt_blob_free(&blob);
		return named > 0 ? named : out_diag_errors(diag);
	}
	v->blob = blob.data;
	v->len = blob.len;
	return 0;
}

void policy_figures(const char *path, const struct view *v)
{
	char bytes[OUT_HUMAN];

	out_str("file", path);
	out_num("rules", v->prog.n[FWT_SEC_RULES]);
	out_num("nodes", v->prog.n[FWT_SEC_NODES]);
	out_num("bytes", v->len);
	out_num("depth", v->prog.depth_max);
	out_num("steps_max", v->prog.steps_max);
	out_text("%u rule%s, %u nodes, %s\n", v->prog.n[FWT_SEC_RULES],
		 v->prog.n[FWT_SEC_RULES] == 1 ? "" : "s",
		 v->prog.n[FWT_SEC_NODES],
		 out_human(bytes, sizeof(bytes), OUT_BYTES, v->len));
}

/* What comes behind the last piece is the kernel's. */
void policy_sent(void *ctx, size_t done, size_t len)
{
	fwt_progress(ctx, done < len ? "sending" : "the kernel verifies it", done,
		     done < len ? len : 0);
}

/* In force, but not for what is not there. */
static void print_waiting(const struct fwt_nl_policy *now)
{
	if (!now->waiting[0])
		return;
	out_str("waiting", now->waiting);
	out_text("waiting for %s: the hooks are bound when the devices come\n", now->waiting);
}

static void print_delta(struct fwt_nl *nl, const char *path, uint32_t generation)
{
	struct fwt_nl_policy now = { 0 };
	struct fwt_diag none;

	(void)fwt_nl_policy_get(nl, &now);
	fwt_diag_init(&none);
	out_object(NULL);
	out_diag_warnings(&none);
	out_num("generation", generation);
	out_bool("delta", true);
	out_str("file", path);
	out_num("rules", now.rules);
	out_num("nodes", now.nodes);
	out_num("bytes", now.length);
	out_num("depth", now.depth);
	out_num("steps_max", now.steps_max);
	out_text("applied %s by what differs: generation %u, %u rule%s\n", path, generation,
		 now.rules, now.rules == 1 ? "" : "s");
	print_waiting(&now);
	out_end();
}

/* The whole of it. */
static int apply(struct fwctl *ctl, const struct applying *a)
{
	const struct fwt_progress *progress;
	struct fwt_nl_policy now;
	uint32_t generation = 0;
	struct fwt_diag diag;
	struct fwt_nl nl;
	struct view v;
	int ret;

	ret = compile(a, &diag, &v);
	if (ret)
		goto out;
	ret = fwctl_open(ctl, &nl);
	if (ret)
		goto out;
	progress = progress_begin();
	ret = fwt_nl_policy_apply(&nl, v.blob, v.len, FWT_NL_ANY, a->trial, policy_sent,
				  (void *)progress, &generation);
	progress_end();
	if (ret && node_refused(&v, nl.error)) {
		ret = FWCTL_FAILED;
	} else if (ret) {
		ret = out_error("what was in force stays", "%s: not applied: %s",
				a->path, nl.error);
	} else {
		out_object(NULL);
		out_diag_warnings(&diag);
		out_num("generation", generation);
		out_bool("delta", false);
		out_text("applied %s: generation %u, ", a->path, generation);
		policy_figures(a->path, &v);
		if (!fwt_nl_policy_get(&nl, &now))
			print_waiting(&now);
		trial_print(a->trial);
		out_end();
	}
	fwt_nl_close(&nl);
out:
	view_clean(&v);
	fwt_diag_clean(&diag);
	return ret;
}

static int read_apply(struct fwctl *ctl, int argc, char **argv, struct applying *a)
{
	int i;

	a->netns = ctl->netns;
	for (i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--confirm")) {
			a->trial = ++i < argc ? trial_time(argv[i]) : 0;
			if (!a->trial)
				return fwctl_usage(ctl, "30s say, or 5m; a day is the most",
						   "apply: a time is expected behind '--confirm'");
			a->full = true;
		} else if (!strcmp(argv[i], "--full")) {
			a->full = true;
		} else if (!strcmp(argv[i], "--force")) {
			a->force = true;
		} else if (!a->path && !fwctl_option(argv[i])) {
			a->path = argv[i];
		} else {
			return fwctl_usage(ctl, NULL, "apply: did not understand '%s'", argv[i]);
		}
	}
	return a->path ? 0 : fwctl_usage(ctl, NULL, "apply: FILE is missing");
}

int cmd_apply(struct fwctl *ctl, int argc, char **argv)
{
	struct applying a = { 0 };
	uint32_t generation = 0;
	enum way way = WHOLE;
	struct fwt_ssh ssh;
	struct fwt_nl nl;
	int ret;

	ret = read_apply(ctl, argc, argv, &a);
	if (ret)
		return ret;
	/* Where that is not known, the connection may be one through here. */
	if (ssh_connection(a.netns, &ssh) == SSH_HERE)
		a.ssh = &ssh;
	/* What is read once compile() looks at itself. */
	if (!a.full && (fwt_source_once(a.path) || (a.ssh && file_cuts_off(&a))))
		a.full = true;
	/* What is wrong with the file comes before what is wrong with the module. */
	if (!a.full && !fwt_nl_open(&nl, ctl->netns))
		way = apply_delta(&nl, a.path, &generation);
	if (way == DONE)
		print_delta(&nl, a.path, generation);
	if (way == FAILED)
		out_error("what was in force stays", "%s: not applied: %s", a.path, nl.error);
	if (!a.full)
		fwt_nl_close(&nl);
	if (way != WHOLE)
		return way == DONE ? FWCTL_DONE : FWCTL_FAILED;
	return apply(ctl, &a);
}

int cmd_flush(struct fwctl *ctl, int argc, char **argv)
{
	struct fwt_nl nl;
	int ret;

	(void)argc;
	(void)argv;
	ret = fwctl_open(ctl, &nl);
	if (ret)
		return ret;
	if (fwt_nl_policy_flush(&nl))
		return fwctl_refused(&nl);
	out_object(NULL);
	out_bool("flushed", true);
	out_end();
	out_text("the policy is removed, nothing is filtered any more\n");
	fwt_nl_close(&nl);
	return FWCTL_DONE;
}
