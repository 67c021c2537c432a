// SPDX-License-Identifier: GPL-2.0
/*
 * The whole way to change one rule: the text in force is edited, compiled, applied. Of a
 * policy of several files one is another then; what they include is found among them.
 *
 * For what a patch can't say: rules with blocks, choices or maps, or of short runs;
 * several on a line; more of them than a patch is worth.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE	/* asprintf() */
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ast.h"
#include "compile.h"
#include "diag.h"
#include "in_force.h"
#include "parse.h"
#include "program_view.h"
#include "progress_line.h"
#include "rule.h"
#include "set_names.h"
#include "source.h"

/* Names of sets stand for what they did. @c: what is said of it comes into @told. */
static int compile(struct fwt_nl *nl, const struct fwt_parse_files *files,
		   struct fwt_program *prog, struct fwt_blob *out, const struct change *c,
		   struct fwt_diag *told)
{
	const struct fwt_progress *progress = progress_begin();
	struct fwt_compile_opts opts = { .no_warnings = true, .prog = prog,
					 .progress = progress };
	char *dir = fwt_source_dir(files->file[0].name);
	struct fwt_parse_opts parse = { .files = files, .base = dir, .progress = progress };
	struct fwt_policy_ast *ast = NULL;
	struct fwt_dns_book book;
	int ret = -1;

	if (dir)
		ast = fwt_parse_buffer(files->file[0].name, files->file[0].text,
				       files->file[0].len, told, &parse);
	else
		fwt_error(told, NULL, "out of memory");
	fwt_dns_init(&book);
	opts.book = &book;
	if (ast && !fwt_diag_failed(told) && names_kept(nl, ast, &book))
		fwt_error(told, NULL, "the addresses of DNS names can't be kept: %s", nl->error);
	if (ast)
		ret = fwt_compile(ast, told, &opts, out);
	fwt_dns_clean(&book);
	if (!ret && c && c->ssh && ssh_cut_off(c->ssh, ast, c->trial || c->force, told) &&
	    fwt_diag_failed(told))
		ret = -1;
	fwt_diag_sources(told, NULL);
	fwt_ast_free(ast);
	free(dir);
	progress_end();
	if (ret) {
		fwt_blob_free(out);
		ret = out_diag_errors(told);
	}
	return ret;
}

static bool whole_before(const struct fwt_prog_rule *a, const struct fwt_prog_rule *b)
{
	return a->text < b->text || (a->text == b->text && a->text_len > b->text_len);
}

/* Rules are numbered as they are read: the first of a tree may be one of a file that is
 * included, which stands behind the others in the text.
 */
static const struct fwt_prog_rule *find(const struct fwt_program *prog, const struct place *p,
					uint32_t file)
{
	const struct fwt_prog_rule *found = NULL;
	u32 i;

	for (i = 0; i < prog->n[FWT_SEC_RULES]; i++) {
		const struct fwt_prog_rule *r = &prog->rule[i];
		bool is;

		if (p->id)
			is = r->id != FWT_NONE &&
			     !strcmp(fwt_program_string(prog, r->id), p->id);
		else if (p->tree)
			is = !found && !strcmp(fwt_program_string(prog, r->tree), p->tree);
		else
			is = r->file == file && r->line == p->line;
		if (is && (!found || whole_before(r, found)))
			found = r;
	}
	return found;
}

static int not_found(const struct place *p, const char *file)
{
	if (p->tree)
		return out_error("fwctl show tree names them",
				 "there is no rule in '%s'", p->tree);
	if (p->id)
		return out_error("fwctl show policy shows the policy in force",
				 "no rule has the id '%s'", p->id);
	return out_error("fwctl show policy shows the policy in force",
			 "no rule begins in line %u of %s", p->line, file);
}

/* A comment goes on to the end of its line, over whatever is put behind it. */
static bool ends_in_comment(const char *rule)
{
	bool quoted = false, comment = false;

	for (; *rule; rule++) {
		if (*rule == '\n')
			quoted = comment = false;
		else if (quoted && *rule == '\\' && rule[1] && rule[1] != '\n')
			rule++;
		else if (*rule == '"' && !comment)
			quoted = !quoted;
		else if (*rule == '#' && !quoted)
			comment = true;
	}
	return comment;
}

/* The text with the change. Whole lines where the rule has them to itself.
 * @from: where in its file the rule begins
 */
static char *edit(const char *text, const struct fwt_prog_rule *r, size_t from,
		  const struct change *c, uint32_t *line)
{
	size_t len = strlen(text), to = from + r->text_len;
	bool first, last, comment = c->rule && ends_in_comment(c->rule);
	size_t head = from, tail = to, blanks;
	char *out = NULL;
	int ret = -1;

	while (head && strchr(" \t", text[head - 1]))
		head--;
	while (tail < len && strchr(" \t;", text[tail]))
		tail++;
	first = !head || text[head - 1] == '\n';
	last = tail == len || text[tail] == '\n' || text[tail] == '#';
	blanks = from - head;
	*line = r->line;
	switch (c->what) {
	case CHANGE_REPLACE:
		if (comment && !last)
			ret = asprintf(&out, "%.*s%s\n%s", (int)from, text, c->rule, text + tail);
		else
			ret = asprintf(&out, "%.*s%s%s", (int)from, text, c->rule, text + to);
		break;
	case CHANGE_DELETE:
		if (first && last) {
			while (tail < len && text[tail] != '\n')
				tail++;
			tail += tail < len;
			ret = asprintf(&out, "%.*s%s", (int)head, text, text + tail);
		} else {
			ret = asprintf(&out, "%.*s%s", (int)from, text, text + tail);
		}
		break;
	case CHANGE_ADD:
		if (!c->side && first) {
			ret = asprintf(&out, "%.*s%.*s%s\n%s", (int)head, text, (int)blanks,
				       text + head, c->rule, text + head);
			break;
		}
		if (!c->side) {
			ret = asprintf(&out, "%.*s%s%s%s", (int)from, text, c->rule,
				       comment ? "\n" : "; ", text + from);
			break;
		}
		if (!last) {
			ret = asprintf(&out, "%.*s; %s%s%s", (int)to, text, c->rule,
				       comment ? "\n" : text[tail] == '}' ? " " : "; ",
				       text + tail);
			break;
		}
		while (tail < len && text[tail] != '\n')
			tail++;
		for (; from < to; from++)
			*line += text[from] == '\n';
		*line += 1;
		ret = asprintf(&out, "%.*s\n%.*s%s%s", (int)tail, text,
			       first ? (int)blanks : 0, text + head, c->rule,
			       tail < len ? text + tail : "\n");
		break;
	}
	return ret < 0 ? NULL : out;
}

/* The file that a place is of; what is said of a line alone is said of the first one. 0, or
 * the exit status.
 */
static int find_file(const struct fwt_parse_files *files, const struct place *p, uint32_t *file)
{
	uint32_t i, times = 0;

	*file = 0;
	for (i = 0; p->file_len && i < files->n; i++) {
		const char *name = files->file[i].name;

		if (strlen(name) != p->file_len || memcmp(name, p->text, p->file_len))
			continue;
		*file = i;
		times++;
	}
	if (!p->file_len || times == 1)
		return 0;
	if (!times)
		return out_error("fwctl show policy shows its files",
				 "the policy in force has no file '%.*s'", (int)p->file_len,
				 p->text);
	/* Its lines are as many rules as it is included times. */
	return out_error("edit the file, and apply the policy",
			 "%s is included %u times: which rule is meant is not known",
			 files->file[*file].name, times);
}

int rule_text_change(struct fwt_nl *nl, const struct change *c, char *file, size_t size,
		     uint32_t *line, uint32_t *generation, struct fwt_diag *told)
{
	struct fwt_parse_files files = { 0 };
	const struct fwt_progress *progress;
	const struct place *p = &c->place;
	const struct fwt_prog_rule *r;
	struct fwt_parse_given *f;
	struct fwt_blob blob = { 0 }, folded = { 0 };
	struct fwt_nl_policy trial;
	struct fwt_program now;
	struct view v;
	uint32_t n = 0;
	char *edited;
	int ret;

	ret = view_fetch(&v, nl, false);
	if (ret)
		return ret;
	if (!v.prog.n[FWT_SEC_FILES] || !in_force_files(&v, &files)) {
		ret = out_error(NULL, "out of memory");
		goto out;
	}
	ret = find_file(&files, p, &n);
	if (ret)
		goto out;
	/* As it was fetched, or with its patch, compiled. */
	now = v.prog;
	if (v.prog.patch)
		ret = compile(nl, &files, &now, &folded, NULL, told);
	if (ret)
		goto out;
	r = find(&now, p, n);
	if (!r) {
		ret = not_found(p, files.file[n].name);
		goto out;
	}
	f = &files.file[r->file];
	snprintf(file, size, "%s", f->name);
	edited = edit(f->text, r, r->text - now.file[r->file].text, c, line);
	if (!edited) {
		ret = out_error(NULL, "out of memory");
		goto out;
	}
	free(f->text);
	f->text = edited;
	f->len = strlen(edited);
	ret = compile(nl, &files, NULL, &blob, c, told);
	if (ret)
		goto out;
	/* What is on trial stays on trial, for as long as it is. */
	progress = progress_begin();
	ret = fwt_nl_policy_get(nl, &trial);
	if (!ret)
		ret = fwt_nl_policy_apply(nl, blob.data, blob.len, v.generation,
					  c->trial ? c->trial : trial.trial, policy_sent,
					  (void *)progress, generation);
	progress_end();
	if (ret)
		ret = out_error("what was in force stays", "%s", nl->error);
out:
	fwt_blob_free(&blob);
	fwt_blob_free(&folded);
	in_force_files_clean(&files);
	view_clean(&v);
	return ret;
}
