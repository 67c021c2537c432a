// SPDX-License-Identifier: GPL-2.0
/*
 * include: files in the place of a statement.
 *
 * The files stand on a stack, the one being read on top. An include pushes what
 * its pattern found, the first on top, and the parser never learns of it: it
 * sees one stream of tokens. Each file has to close the braces it opens and no
 * others, which the token layer sees to by fwt_frame.level.
 */
#include <errno.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "parse_internal.h"
#include "parse.tab.h"

/**
 * fwt_frame_push() - put a file on top of the stack, not open yet
 * @path: NULL for what is no file
 */
struct fwt_frame *fwt_frame_push(struct fwt_parser *p, const char *path,
				 const struct fwt_loc *where)
{
	struct fwt_frame *f = calloc(1, sizeof(*f));

	if (f && path) {
		f->path = strdup(path);
		if (!f->path) {
			free(f);
			f = NULL;
		}
	}
	if (!f) {
		p->no_memory = true;
		return NULL;
	}
	f->where = *where;
	f->below = p->frame;
	p->frame = f;
	return f;
}

/* A frame that is no file but closes the block made for "-> include" */
bool fwt_frame_closing(struct fwt_parser *p, const struct fwt_loc *where)
{
	struct fwt_frame *f = fwt_frame_push(p, NULL, where);

	if (f)
		f->close = true;
	return f;
}

void fwt_frame_pop(struct fwt_parser *p)
{
	struct fwt_frame *f = p->frame;

	p->frame = f->below;
	if (f->open)
		fwt_scan_close(&f->scan);
	free(f->path);
	free(f);
}

static void note_chain(struct fwt_parser *p, const struct fwt_loc *where)
{
	const struct fwt_loc *at;

	for (at = where; at->line && at->file;
	     at = &p->ast->sources->source[at->file]->included)
		fwt_note(p->diag, &p->ast->sources->source[at->file]->included,
			 "%s is included here", p->ast->sources->source[at->file]->name);
}

/* Whether @path is a file that is being read already, below @where */
static bool cycle(struct fwt_parser *p, const char *path, const struct fwt_loc *where)
{
	const struct fwt_sources *all = p->ast->sources;
	const struct fwt_source *s = all->source[where->file];
	unsigned int depth = 1;
	struct stat st = { 0 };

	/* Those that are given were read before: they end. */
	if (!p->opts.files && stat(path, &st))
		return false;
	for (;; s = all->source[s->included.file], depth++) {
		if (s->ino && s->ino == st.st_ino && s->dev == st.st_dev) {
			fwt_error(p->diag, where, "%s includes itself", path);
			note_chain(p, where);
			return true;
		}
		if (!s->included.line)
			break;
	}
	if (depth >= FWT_PARSE_INCLUDE_MAX) {
		fwt_error(p->diag, where, "includes are nested deeper than %d",
			  FWT_PARSE_INCLUDE_MAX);
		note_chain(p, where);
		return true;
	}
	return false;
}

/* The next one, as a rule: a file that is included twice may be two by now. */
static int read_given(struct fwt_parser *p, const char *path, const struct fwt_loc *where)
{
	const struct fwt_parse_files *all = p->opts.files;
	uint32_t i = p->ast->sources->count;
	char *dir;
	int file;

	if (i >= all->n || strcmp(all->file[i].name, path))
		for (i = 0; i < all->n && strcmp(all->file[i].name, path); i++)
			;
	if (i == all->n) {
		fwt_error(p->diag, where, "%s is no file of this policy", path);
		return -1;
	}
	dir = fwt_source_dir(path);
	if (!dir) {
		p->no_memory = true;
		return -1;
	}
	file = fwt_source_add(p->ast->sources, path, dir, all->file[i].text, all->file[i].len,
			      p->diag);
	free(dir);
	if (file >= 0)
		p->ast->sources->source[file]->included = *where;
	return file;
}

/**
 * fwt_read() - read a file that a policy names
 * @where: it does
 *
 * Return: the source's index; -1 where it failed, which was reported.
 */
int fwt_read(struct fwt_parser *p, const char *path, const struct fwt_loc *where)
{
	return p->opts.files ? read_given(p, path, where) :
	       fwt_source_read_policy(p->ast->sources, path, NULL, where, p->diag);
}

/**
 * fwt_frame_open() - begin to read the file on top of the stack
 *
 * Return: false where there is nothing to read and the frame was popped.
 */
bool fwt_frame_open(struct fwt_parser *p)
{
	struct fwt_frame *f = p->frame;
	int file;

	if (cycle(p, f->path, &f->where))
		goto pop;
	if (p->ast->sources->count >= FWT_PARSE_FILES_MAX) {
		fwt_error(p->diag, &f->where, "more than %d files", FWT_PARSE_FILES_MAX);
		goto pop;
	}
	file = fwt_read(p, f->path, &f->where);
	if (file < 0) {
		note_chain(p, &f->where);
		goto pop;
	}
	if (fwt_scan_open(&f->scan, p, file)) {
		p->no_memory = true;
		goto pop;
	}
	f->open = true;
	f->level = p->depth;
	return true;

pop:
	fwt_frame_pop(p);
	return false;
}

/* As glob() would have found them: sorted, each once. */
static bool include_given(struct fwt_parser *p, const char *pattern, const struct fwt_loc *where)
{
	const struct fwt_parse_files *all = p->opts.files;
	const char *name, *last = NULL, *best;
	uint32_t i;

	do {
		for (best = NULL, i = 0; i < all->n; i++) {
			name = all->file[i].name;
			if ((!last || strcmp(name, last) < 0) &&
			    (!best || strcmp(name, best) > 0) &&
			    !fnmatch(pattern, name, FNM_PATHNAME | FNM_PERIOD))
				best = name;
		}
		last = best;
	} while (best && fwt_frame_push(p, best, where));
	return !p->no_memory;
}

/**
 * fwt_include() - put files in the place of the statement
 * @path: the pattern, a string
 *
 * Return: true, or false where it failed, which was reported.
 */
bool fwt_include(struct fwt_parser *p, const struct fwt_raw *path)
{
	const struct fwt_loc *where = &path->lloc.loc;
	const char *pattern = path->atom->text;
	bool wild = strpbrk(pattern, "*?[");
	glob_t found;
	char *full;
	size_t i;
	int ret;

	if (p->opts.no_include) {
		fwt_error(p->diag, where, "'include' is not allowed here");
		return false;
	}
	full = fwt_source_path(p->ast->sources, where->file, pattern);
	if (!full) {
		p->no_memory = true;
		return false;
	}
	if (!wild) {
		fwt_frame_push(p, full, where);
		free(full);
		return !p->no_memory;
	}
	p->ast->beyond = true;
	if (p->opts.files) {
		bool ok = include_given(p, full, where);

		free(full);
		return ok;
	}
	ret = glob(full, GLOB_ERR, NULL, &found);
	free(full);
	if (ret == GLOB_NOMATCH || (ret == GLOB_ABORTED && errno == ENOENT))
		return true;
	if (ret) {
		if (ret == GLOB_NOSPACE)
			p->no_memory = true;
		else
			fwt_error(p->diag, where, "cannot read the folder of %s: %s", pattern,
				  strerror(errno));
		return false;
	}
	for (i = found.gl_pathc; i-- > 0 && !p->no_memory;)
		fwt_frame_push(p, found.gl_pathv[i], where);
	globfree(&found);
	return !p->no_memory;
}
