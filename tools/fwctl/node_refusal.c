// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel refuses a node of another module: where that is written.
 *
 * It says which element of the program it is about ("foreign node 2: ...", "argument
 * 5: ..."), and the program says where that stands, and has the text.
 */
#include <stdlib.h>
#include <string.h>

#include "diag.h"
#include "node_refusal.h"
#include "source.h"

static const char *after(const char *error, const char *what, unsigned int *number)
{
	const char *at = strstr(error, what);
	char *end;

	if (!at)
		return NULL;
	*number = (unsigned int)strtoul(at + strlen(what), &end, 10);
	return strncmp(end, ": ", 2) ? NULL : end + 2;
}

/* The node that an argument or a branch's word belongs to. */
static const struct fwt_prog_foreign *node_of(const struct fwt_program *prog, u32 arg)
{
	u32 i;

	for (i = 0; i < prog->n[FWT_SEC_FOREIGN]; i++) {
		const struct fwt_prog_foreign *f = &prog->foreign[i];

		if (arg - f->first < f->n_args || arg - f->labels < f->n_labels)
			return f;
	}
	return NULL;
}

static void tell(const struct fwt_program *prog, const struct fwt_prog_foreign *f,
		 const struct fwt_prog_place *at, const char *why)
{
	struct fwt_sources *sources = fwt_sources_alloc();
	struct fwt_loc loc = {
		.file = prog->rule[f->rule].file, .line = at->line, .column = at->column,
		.end_column = at->end,
	};
	struct fwt_diag diag;
	u32 i;

	fwt_diag_init(&diag);
	for (i = 0; sources && i < prog->n[FWT_SEC_FILES]; i++)
		fwt_source_add(sources, prog->string + prog->file[i].name, NULL,
			       prog->source + prog->file[i].text, prog->file[i].text_len,
			       &diag);
	fwt_diag_sources(&diag, sources);
	fwt_error_hint(&diag, sources ? &loc : NULL, "what was in force stays",
		       "node '%s': %s", prog->string + f->name, why);
	out_diag_errors(&diag);
	fwt_diag_clean(&diag);
	fwt_sources_free(sources);
}

bool node_refused(const struct view *v, const char *error)
{
	const struct fwt_program *prog = &v->prog;
	const struct fwt_prog_foreign *f;
	const char *why;
	unsigned int n;

	why = after(error, "foreign node ", &n);
	if (why && n < prog->n[FWT_SEC_FOREIGN]) {
		tell(prog, &prog->foreign[n], &prog->foreign[n].at, why);
		return true;
	}
	why = after(error, "argument ", &n);
	f = why && n < prog->n[FWT_SEC_ARGS] ? node_of(prog, n) : NULL;
	if (!f)
		return false;
	tell(prog, f, &prog->arg[n].at, why);
	return true;
}
