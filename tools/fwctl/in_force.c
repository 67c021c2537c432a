// SPDX-License-Identifier: GPL-2.0
/*
 * The policy in force, as text to be read again.
 *
 * The kernel keeps the text of each file. A policy of one file is read from memory;
 * one that includes others is put into a directory for as long as that takes, since
 * the files it came from may be others by now.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ast.h"
#include "diag.h"
#include "in_force.h"
#include "parse.h"
#include "program_view.h"
#include "source.h"

#define DIRECTORY	"/tmp/fwctl-in-force-XXXXXX"
#define ABSOLUTE	"/a"
#define RELATIVE	"/r/"

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static bool make_parents(char *path, size_t from)
{
	char *slash;

	for (slash = strchr(path + from, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(path, 0700) && errno != EEXIST) {
			*slash = '/';
			return false;
		}
		*slash = '/';
	}
	return true;
}

/* Where a file goes: below the directory, whatever its name tries; in one folder if it
 * is relative, in another if not.
 */
static bool path_of(const struct view *v, uint32_t file, const char *dir, char *path,
		    size_t size)
{
	const char *name = v->prog.string + v->prog.file[file].name;

	if (strstr(name, ".."))
		return false;
	return (size_t)snprintf(path, size, "%s%s%s", dir, name[0] == '/' ? ABSOLUTE : RELATIVE,
				name) < size;
}

static bool write_files(const struct view *v, const char *dir)
{
	char path[4096];
	uint32_t i;
	FILE *out;

	for (i = 0; i < v->prog.n[FWT_SEC_FILES]; i++) {
		if (!path_of(v, i, dir, path, sizeof(path)) ||
		    !make_parents(path, strlen(dir) + 1))
			return false;
		out = fopen(path, "w");
		if (!out)
			return false;
		view_print_file(v, i, out);
		if (fclose(out))
			return false;
	}
	return true;
}

/* What names a file by its absolute name has read one that may be another by now. */
static bool all_ours(const struct fwt_policy_ast *ast, const char *dir)
{
	uint32_t i;

	for (i = 0; i < ast->sources->count; i++)
		if (strncmp(ast->sources->source[i]->name, dir, strlen(dir)))
			return false;
	return true;
}

static struct fwt_policy_ast *read_many(const struct view *v, struct fwt_diag *diag)
{
	char dir[] = DIRECTORY, path[4096];
	struct fwt_policy_ast *ast = NULL;

	if (!mkdtemp(dir))
		return NULL;
	if (write_files(v, dir) && path_of(v, 0, dir, path, sizeof(path)))
		ast = fwt_parse_file(path, diag, NULL);
	if (ast && !all_ours(ast, dir)) {
		fwt_diag_sources(diag, NULL);
		fwt_ast_free(ast);
		ast = NULL;
	}
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return ast;
}

static struct fwt_policy_ast *read_one(const struct view *v, const char *name,
				       struct fwt_diag *diag)
{
	struct fwt_parse_opts opts = { .no_include = true };
	struct fwt_policy_ast *ast = NULL;
	size_t len = 0;
	char *text;
	FILE *out;

	out = open_memstream(&text, &len);
	if (!out)
		return NULL;
	view_print_file(v, 0, out);
	if (!fclose(out))
		ast = fwt_parse_buffer(name, text, len, diag, &opts);
	free(text);
	return ast;
}

struct fwt_policy_ast *in_force_read(const struct view *v, const char *name,
				     struct fwt_diag *diag)
{
	if (!v->prog.n[FWT_SEC_FILES])
		return NULL;
	return v->prog.n[FWT_SEC_FILES] == 1 ? read_one(v, name, diag) : read_many(v, diag);
}

void in_force_names(struct fwt_diag *diag)
{
	size_t i, len = strlen(DIRECTORY), fixed = len - strlen("XXXXXX");
	char *file, *name;

	for (i = 0; i < diag->count; i++) {
		file = diag->entries[i].file;
		if (!file || strlen(file) <= len || strncmp(file, DIRECTORY, fixed))
			continue;
		name = file + len + (strncmp(file + len, RELATIVE, strlen(RELATIVE)) ?
				     strlen(ABSOLUTE) : strlen(RELATIVE));
		memmove(file, name, strlen(name) + 1);
	}
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
