// SPDX-License-Identifier: GPL-2.0
/* Policies for the simulation, and packets in words: what needs the compiler. */
#include <stdlib.h>

#include "ast.h"
#include "compile.h"
#include "diag.h"
#include "packet_text.h"
#include "parse.h"
#include "sim.h"
#include "sim_names.h"

static const struct fwt_progress *told;

void sim_progress(const struct fwt_progress *progress)
{
	told = progress;
}

static int compile(struct fwt_sim *sim, struct fwt_policy_ast *ast, struct fwt_diag *diag)
{
	struct fwt_compile_opts opts = {
		.no_warnings = true, .forest_min = sim_is_plain(sim) ? FWT_NONE : 0,
		.book = sim_names_book(sim), .progress = told,
	};
	struct fwt_blob blob = { };
	int ret = -1;

	if (ast && !fwt_compile(ast, diag, &opts, &blob))
		ret = sim_policy_blob(sim, blob.data, blob.len);
	else
		sim_set_error(sim, "the policy has errors");
	fwt_blob_free(&blob);
	if (ret)
		fwt_ast_free(ast);
	else
		sim_names_policy(sim, ast);
	return ret;
}

/* The first in a line, and all of them as fwctl prints them. */
static void keep_errors(struct fwt_sim *sim, const struct fwt_diag *diag)
{
	struct sim_told *told = sim_told_of(sim);
	size_t i, len;
	FILE *to;

	to = open_memstream(&told->errors, &len);
	if (to) {
		fwt_diag_print(diag, to);
		if (fclose(to))
			told->errors = NULL;
	}
	for (i = 0; i < diag->count; i++) {
		const struct fwt_diag_entry *e = &diag->entries[i];

		if (e->severity != FWT_ERROR)
			continue;
		if (e->file && *e->file)
			sim_set_error(sim, "%s:%u:%u: %s", e->file, e->line, e->column, e->message);
		else
			sim_set_error(sim, "%s", e->message);
		break;
	}
}

static int put(struct fwt_sim *sim, struct fwt_policy_ast *ast, struct fwt_diag *diag)
{
	struct sim_told *told = sim_told_of(sim);
	int ret;

	free(told->errors);
	told->errors = NULL;
	ret = compile(sim, ast, diag);
	if (ret)
		keep_errors(sim, diag);
	return ret;
}

int sim_policy_diag(struct fwt_sim *sim, const char *file, struct fwt_diag *diag)
{
	struct fwt_parse_opts opts = { .progress = told };

	return put(sim, fwt_parse_file(file, diag, &opts), diag);
}

int fwt_sim_policy(struct fwt_sim *sim, const char *file)
{
	struct fwt_diag diag;
	int ret;

	fwt_diag_init(&diag);
	ret = sim_policy_diag(sim, file, &diag);
	fwt_diag_clean(&diag);
	return ret;
}

int fwt_sim_policy_text(struct fwt_sim *sim, const char *name, const char *text, size_t len)
{
	struct fwt_diag diag;
	int ret;

	fwt_diag_init(&diag);
	ret = put(sim, fwt_parse_buffer(name, text, len, &diag, NULL), &diag);
	fwt_diag_clean(&diag);
	return ret;
}

const struct fwt_sim_result *fwt_sim_packet_text(struct fwt_sim *sim, const char *line)
{
	struct fwt_packet_text t;
	char error[200];
	u8 buf[SIM_PACKET_MAX];
	int column = fwt_packet_read(&t, line, error, sizeof(error));
	struct fwt_sim_packet packet = {
		.dev = t.name, .out = t.out, .ether = true, .data = buf,
	};

	if (column) {
		sim_set_error(sim, "%d: %s", column, error);
		return NULL;
	}
	packet.len = sim_build(&t.p, NULL, buf);
	sim_build_id(&t.p, t.ip_id, buf);
	/* Of a fragment in words nobody knows the others. */
	packet.summed = t.p.have & FWT_HAVE_FRAG;
	sim_build_rest(&t, &packet);
	return fwt_sim_packet(sim, &packet);
}
