// SPDX-License-Identifier: GPL-2.0
/* check: what is wrong with a policy, what is odd about it, what holds for it. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyse.h"
#include "arena.h"
#include "compile.h"
#include "parse.h"
#include "program_view.h"
#include "progress_line.h"
#include "prove.h"
#include "rule.h"
#include "ssh_connection.h"

#define HEAP	(4u << 20)	/* what the analysis of a hundred rules takes */
#define LARGE	(512u << 10)

/**
 * struct check - what was asked for
 * @netns: where the policy is for
 * @budget: nodes of diagrams, 0 for the usual
 * @seed: of generated packets, 0 for the usual
 * @quick: what the compiler says alone
 * @properties: as many of @property
 */
struct check {
	const char *netns;
	const char *path;
	uint32_t budget;
	uint64_t seed;
	bool quick;
	int properties;
	const char **property;
	struct fwt_diag *diag;
	struct fwt_analysis found;
};

static bool number(const char *text, uint64_t most, uint64_t *to)
{
	char *end;

	if (!text || *text < '0' || *text > '9')
		return false;
	*to = strtoull(text, &end, 0);
	return !*end && *to <= most;
}

static int read_words(struct fwctl *ctl, int argc, char **argv, struct check *c)
{
	uint64_t n;
	int i;

	for (i = 0; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (!strcmp(argv[i], "--quick")) {
			c->quick = true;
		} else if (!strcmp(argv[i], "--budget")) {
			if (!number(value, 1u << 30, &n) || !n)
				return fwctl_usage(ctl, NULL, "--budget takes a number of nodes");
			c->budget = (uint32_t)n;
			i++;
		} else if (!strcmp(argv[i], "--seed")) {
			if (!number(value, ~0ull, &n))
				return fwctl_usage(ctl, NULL, "--seed takes a number");
			c->seed = n;
			i++;
		} else if (!strcmp(argv[i], "--property")) {
			if (!value)
				return fwctl_usage(ctl, NULL,
						   "--property takes a property, quoted");
			c->property[c->properties++] = value;
			i++;
		} else if (!c->path && !fwctl_option(argv[i])) {
			c->path = argv[i];
		} else {
			return fwctl_usage(ctl, NULL, "check: did not understand '%s'", argv[i]);
		}
	}
	if (!c->path)
		return fwctl_usage(ctl, NULL, "check: FILE is missing");
	return 0;
}

/* While it is compiled, as it is understood then. */
static void analyse(void *ctx, struct fwt_sema *s)
{
	struct check *c = ctx;
	struct fwt_analyse_opts opts = { .budget = c->budget };
	struct fwt_ssh ssh;

	if (ssh_connection(c->netns, &ssh) != SSH_NONE)
		opts.ssh = &ssh;
	if (fwt_analyse_understood(s, c->diag, &opts, &c->found))
		memset(&c->found, 0, sizeof(c->found));	/* no memory: nothing was looked at */
}

static void print_analysis(const struct check *c, const struct fwt_analysis *found)
{
	out_object("analysis");
	out_bool("exact", found->exact);
	out_num("rules", found->rules);
	out_num("compared", found->exact ? found->rules : found->compared);
	out_num("nodes", found->nodes);
	out_end();
	if (found->exact || c->quick)
		return;
	if (!found->rules)
		out_text("its rules were not held against each other: not enough memory\n");
	else
		out_text("its rules were held against each other one by one (%u of %u): "
			 "what several hide together, and what changes nothing, was not "
			 "looked for. --budget N may be more than the usual nodes\n",
			 found->compared, found->rules);
}

static void print_proof(const char *text, const struct fwt_proof *p)
{
	static const char *const is[] = {
		[FWT_PROOF_HOLDS] = "holds", [FWT_PROOF_FAILS] = "fails",
		[FWT_PROOF_OUTGREW] = "outgrew", [FWT_PROOF_EMPTY] = "empty",
	};

	out_object(NULL);
	out_str("property", text);
	out_str("result", is[p->is]);
	out_num("nodes", p->nodes);
	switch (p->is) {
	case FWT_PROOF_HOLDS:
		out_text("holds for all packets: %s\n", text);
		break;
	case FWT_PROOF_EMPTY:
		out_str("given", p->given[0] ? p->given : NULL);
		out_text("there is no such packet: %s\n", text);
		if (p->given[0])
			out_text("  %s\n", p->given);
		break;
	case FWT_PROOF_OUTGREW:
		out_num("tried", p->tried);
		out_num("seed", p->seed);
		out_text("not proved: %s\n  its diagram outgrew its budget at %u nodes; "
			 "none of %u packets contradicts it (seed %llu)\n", text, p->nodes,
			 p->tried, (unsigned long long)p->seed);
		break;
	case FWT_PROOF_FAILS:
		out_str("packet", p->packet);
		out_str("given", p->given[0] ? p->given : NULL);
		out_str("becomes", p->becomes[0] ? p->becomes : NULL);
		out_str("file", p->file);
		if (p->line)
			out_num("line", p->line);
		else
			out_null("line");
		out_bool("sampled", p->sampled);
		out_text("does not hold: %s\n  packet %s\n", text, p->packet);
		if (p->given[0])
			out_text("  where %s\n", p->given);
		if (p->becomes[0])
			out_text("  becomes %s\n", p->becomes);
		if (p->file)
			out_text("  by %s:%u\n", p->file, p->line);
		if (p->sampled)
			out_text("  found among generated packets, seed %llu\n",
				 (unsigned long long)p->seed);
		break;
	}
	out_end();
}

/* All properties are read before one is proved. */
static int read_properties(struct fwt_prover *prover, const struct check *c)
{
	char error[256];
	const char *at;
	int i, n;

	for (i = 0; i < c->properties; i++) {
		n = fwt_prover_add(prover, c->property[i], error, sizeof(error));
		if (n == INT_MIN)
			return out_error(NULL, "out of memory");
		if (n < 0) {
			at = c->property[i] + (-n - 1);
			out_error_at(c->property[i], (unsigned int)(-n - 1),
				     strcspn(at, " \t\r\n"), NULL, "%s", error);
			return FWCTL_USAGE;
		}
	}
	return 0;
}

static int prove(struct fwt_prover *prover, const struct check *c)
{
	struct fwt_proof proof;
	int i, ret = 0;

	out_array("properties");
	for (i = 0; i < c->properties; i++) {
		if (fwt_prover_run(prover, i, &proof))
			break;
		print_proof(c->property[i], &proof);
		if (proof.is == FWT_PROOF_FAILS || proof.is == FWT_PROOF_EMPTY)
			ret = FWCTL_FAILED;
	}
	out_end();
	return i < c->properties ? out_error(NULL, "out of memory") : ret;
}

static int checked(const struct check *c, const struct fwt_policy_ast *ast,
		   struct fwt_diag *diag, const struct view *v)
{
	struct fwt_prove_opts opts = { .budget = c->budget, .seed = c->seed };
	struct fwt_prover *prover = NULL;
	int ret = 0;

	if (c->properties) {
		prover = fwt_prover_open(ast, &opts);
		if (!prover)
			return out_error(NULL, "out of memory");
		ret = read_properties(prover, c);
	}
	if (ret) {
		fwt_prover_close(prover);
		return ret;
	}
	out_object(NULL);
	out_diag_warnings(diag);
	out_text("%s is good: ", strcmp(c->path, "-") ? c->path : "<stdin>");
	policy_figures(c->path, v);
	print_analysis(c, &c->found);
	if (prover)
		ret = prove(prover, c);
	out_end();
	fwt_prover_close(prover);
	return ret;
}

int cmd_check(struct fwctl *ctl, int argc, char **argv)
{
	struct fwt_diag diag;
	struct check c = { .netns = ctl->netns, .diag = &diag };
	struct fwt_parse_opts parse = { 0 };
	struct fwt_compile_opts opts = { .ctx = &c };
	struct fwt_policy_ast *ast = NULL;
	struct fwt_blob blob = { 0 };
	struct view v = { 0 };
	int ret;

	c.property = calloc((size_t)argc + 1, sizeof(char *));
	if (!c.property)
		return out_error(NULL, "out of memory");
	ret = read_words(ctl, argc, argv, &c);
	if (ret) {
		free(c.property);
		return ret;
	}
	fwt_diag_init(&diag);
	parse.progress = progress_begin();
	opts.progress = parse.progress;
	opts.prog = &v.prog;
	if (!c.quick) {
		opts.understood = analyse;
		fwt_heap_ready(HEAP, LARGE);
	}
	ast = fwt_parse_file(c.path, &diag, &parse);
	ret = ast ? fwt_compile(ast, &diag, &opts, &blob) : -1;
	progress_end();
	v.blob = blob.data;
	v.len = blob.len;
	if (fwt_diag_failed(&diag) || ret)
		ret = out_diag_errors(&diag);
	else
		ret = checked(&c, ast, &diag, &v);
	fwt_diag_sources(&diag, NULL);
	fwt_ast_free(ast);
	view_clean(&v);
	fwt_diag_clean(&diag);
	free(c.property);
	return ret;
}
