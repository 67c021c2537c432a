// SPDX-License-Identifier: GPL-2.0
/*
 * The policy in force, as text to be read again.
 *
 * The kernel keeps the text of each file, by the name that it was read by. What includes
 * say is looked for among these names: the files themselves may be others by now.
 */
#include <stdio.h>
#include <stdlib.h>

#include "ast.h"
#include "diag.h"
#include "in_force.h"
#include "parse.h"
#include "program_view.h"
#include "source.h"

void in_force_files_clean(struct fwt_parse_files *files)
{
	uint32_t i;

	for (i = 0; i < files->n; i++)
		free(files->file[i].text);
	free(files->file);
}

bool in_force_files(const struct view *v, struct fwt_parse_files *files)
{
	struct fwt_parse_given *f;
	uint32_t i;
	FILE *out;

	files->n = 0;
	files->file = calloc(v->prog.n[FWT_SEC_FILES], sizeof(*files->file));
	for (i = 0; files->file && i < v->prog.n[FWT_SEC_FILES]; i++) {
		f = &files->file[i];
		f->name = fwt_program_string(&v->prog, v->prog.file[i].name);
		out = open_memstream(&f->text, &f->len);
		if (!out)
			return false;
		files->n++;
		view_print_file(v, i, out);
		if (fclose(out))
			return false;
	}
	return files->file;
}

struct fwt_policy_ast *in_force_read(const struct view *v, const char *name,
				     struct fwt_diag *diag)
{
	struct fwt_parse_files files;
	struct fwt_parse_opts opts = { .files = &files };
	struct fwt_policy_ast *ast = NULL;
	char *dir = NULL;

	if (!v->prog.n[FWT_SEC_FILES])
		return NULL;
	if (in_force_files(v, &files))
		dir = fwt_source_dir(files.file[0].name);
	opts.base = dir;
	if (dir)
		ast = fwt_parse_buffer(files.n == 1 ? name : files.file[0].name,
				       files.file[0].text, files.file[0].len, diag, &opts);
	free(dir);
	in_force_files_clean(&files);
	return ast;
}

int in_force_parse(struct fwctl *ctl, struct fwt_policy_ast **ast, struct fwt_diag *diag)
{
	struct fwt_nl_policy now;
	struct fwt_nl nl;
	struct view v;
	int ret;

	*ast = NULL;
	ret = fwctl_open(ctl, &nl);
	if (ret)
		return ret;
	if (fwt_nl_policy_get(&nl, &now))
		return fwctl_refused(&nl);
	ret = view_fetch(&v, &nl, false);
	if (ret)
		return ret;
	*ast = in_force_read(&v, "in-force", diag);
	view_clean(&v);
	fwt_nl_close(&nl);
	if (!*ast || fwt_diag_failed(diag))
		return out_error("'fwctl show policy' prints it: keep that in a file",
				 "the policy in force can't be read again");
	return 0;
}
