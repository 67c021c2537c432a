// SPDX-License-Identifier: GPL-2.0
/*
 * rule add, rule delete, rule replace: one rule of the policy in force.
 *
 * The short way asks the kernel where the rule stands, and sends a patch: its price
 * is that of what has changed since the policy was applied, not that of the policy.
 * What a patch can't say goes the whole way (rule_text.c): the text in force is
 * edited, compiled and applied. Which way it went is said, and is of no other
 * consequence.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE	/* asprintf() */
#endif
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "delta.h"
#include "ast.h"
#include "diag.h"
#include "in_force.h"
#include "program_view.h"
#include "rule.h"
#include "trial.h"

static enum way no_memory(void)
{
	out_error(NULL, "out of memory");
	return FAILED;
}

/* An id, FILE:LINE or LINE, as which no id is written (parse_rule.c). */
static bool read_place(struct place *p, const char *text)
{
	const char *colon = strrchr(text, ':'), *digits = colon ? colon + 1 : text;
	unsigned long line;
	char *tail;

	memset(p, 0, sizeof(*p));
	p->text = text;
	line = strtoul(digits, &tail, 10);
	if (!isdigit((unsigned char)*digits) || (*tail && !colon)) {
		p->id = text;
		return true;
	}
	if (line <= UINT32_MAX)
		p->line = (uint32_t)line;
	if (colon)
		p->file_len = (size_t)(colon - text);
	return !*tail && p->line;
}

static uint64_t id_key(const char *id)
{
	return fwt_hash(fwt_hash(FWT_HASH_SEED, "id", 3), id, strlen(id) + 1);
}

/* Which of the files in force is meant. 0; 1 where that is for the text to tell; -1 after
 * an error.
 */
static int find_file(struct session *s, const struct place *p, uint32_t *file)
{
	struct fwt_nl_text text;
	uint32_t i, times = 0;
	const char *name;

	*file = 0;
	if (!p->file_len)
		return 0;
	if (fwt_nl_text_fetch(&s->nl, &text))
		return -1;
	for (i = 0; (name = text.file[i].name); i++) {
		if (strlen(name) != p->file_len || memcmp(name, p->text, p->file_len))
			continue;
		*file = i;
		times++;
	}
	fwt_nl_text_clean(&text);
	/* One that is included several times has as many rules in each line. */
	return times == 1 ? 0 : 1;
}

/* Of a tree the kernel tells the first rule of the base that is still there. What was added
 * may stand before it: the first one of that, FWT_NONE for none.
 */
static uint32_t added_before(const struct session *s, const struct fwt_nl_spot *spot)
{
	struct fwt_rule_side side = { spot->side[0].forest, spot->side[0].at, spot->side[0].side };
	uint32_t i, first = FWT_NONE;

	for (i = 0; i < s->delta.added.count && spot->side[0].there; i++) {
		const struct fwt_delta_line *l = session_line(s, i);
		int order = l->has_rule ? fwt_rule_side_order(&l->side, &side) : 1;

		/* Of those at one place the first of the list stands first. */
		if (order > 0 || (!order && first != FWT_NONE) || strcmp(l->tree, spot->tree))
			continue;
		side = l->side;
		first = i;
	}
	return first;
}

/* The rule that is meant: of those that were added (@added), or of the base. 0; 1 for
 * one that is to be looked for in the text; -1 after an error.
 */
static int find(struct session *s, const struct place *p, uint32_t *added,
		struct fwt_nl_spot *spot)
{
	struct fwt_nl_which which = { 0 };
	uint32_t i, file;
	int ret;

	memset(spot, 0, sizeof(*spot));
	*added = FWT_NONE;
	if (p->tree) {
		which.tree = p->tree;
	} else if (p->id) {
		which.key = id_key(p->id);
		for (i = 0; i < s->delta.added.count; i++)
			if (session_line(s, i)->has_rule && session_line(s, i)->key == which.key) {
				*added = i;
				return 0;
			}
	} else {
		ret = find_file(s, p, &file);
		if (ret)
			return ret;
		*added = fwt_delta_find(&s->delta, file, p->line);
		if (*added != FWT_NONE)
			return !session_line(s, *added)->has_rule ||
			       session_line(s, *added)->shown != p->line;
		which.file = file;
		which.line = fwt_delta_base_line(&s->delta, file, p->line);
	}
	ret = fwt_nl_rule_find(&s->nl, &which, spot);
	if (ret == -ENOENT)
		return 1;	/* the text says what there is */
	if (ret)
		return -1;
	if (spot->generation != s->generation) {
		snprintf(s->nl.error, sizeof(s->nl.error),
			 "the policy was changed meanwhile; try again");
		return -1;
	}
	if (p->file_len && (strlen(spot->file) != p->file_len ||
			    memcmp(spot->file, p->text, p->file_len)))
		return 1;
	if (p->tree)
		*added = added_before(s, spot);
	return 0;
}

/* As far in as the rule that it is put beside. */
static char *indented(const struct fwt_nl_spot *spot, const char *beside, const char *text)
{
	const char *from = beside ? beside : spot->text ? spot->text : "\t";
	int blanks = (int)strspn(from, " \t");
	char *line = NULL;

	if (asprintf(&line, "%.*s%s\n", blanks, from, text) < 0)
		return NULL;
	return line;
}

static void name_errors(struct fwt_diag *diag)
{
	size_t i;

	for (i = 0; i < diag->count; i++) {
		char *name = strdup("rule");

		if (!name)
			return;
		free(diag->entries[i].file);
		diag->entries[i].file = name;
	}
}

static void print_done(const struct change *c, uint32_t generation, bool delta,
		       const char *file, uint32_t line, const struct fwt_diag *told)
{
	static const char *const done[] = {
		[CHANGE_ADD] = "added", [CHANGE_DELETE] = "deleted",
		[CHANGE_REPLACE] = "replaced",
	};

	out_object(NULL);
	out_diag_warnings(told);
	out_num("generation", generation);
	out_bool("delta", delta);
	out_str("file", file);
	out_num("line", line);
	out_text("%s %s:%u: generation %u%s\n", done[c->what], file, line, generation,
		 delta ? "" : ", the policy was compiled anew");
	trial_print(c->trial);
	out_end();
}

/* Who would be cut off by the change is told, and asked to insist. False: not done. */
static bool dares(struct session *s, const struct change *c, const char *file,
		  struct fwt_diag *told)
{
	struct fwt_policy_ast *ast;
	struct fwt_delta was;
	struct fwt_diag none;
	struct view v;

	if (!c->ssh)
		return true;
	if (view_fetch(&v, &s->nl, false))
		return false;
	fwt_diag_init(&none);
	was = v.delta;
	v.delta = s->delta;	/* the text as it would be */
	ast = in_force_read(&v, file, &none);
	v.delta = was;
	if (ast && !fwt_diag_failed(&none)) {
		fwt_diag_sources(told, ast->sources);
		ssh_cut_off(c->ssh, ast, c->force, told);
		fwt_diag_sources(told, NULL);
	} else {
		fwt_warning(told, NULL,
			    "whether this cuts off the SSH connection that you come by was not looked at: the policy in force can't be read again");
	}
	fwt_ast_free(ast);
	fwt_diag_clean(&none);
	view_clean(&v);
	if (fwt_diag_failed(told))
		out_diag_errors(told);
	return !fwt_diag_failed(told);
}

/* The text as it would be, as far as it must be looked at: DONE where there is room. */
static enum way has_room(struct session *s, const char *file)
{
	struct fwt_delta was;
	struct fwt_diag diag;
	struct view v;
	bool ok;

	if (session_enough(s))
		return DONE;
	/* Why was said, and the conversation is over. */
	if (view_fetch(&v, &s->nl, false))
		return FAILED;
	fwt_diag_init(&diag);
	was = v.delta;
	v.delta = s->delta;
	ok = session_room(in_force_read(&v, file, &diag), &diag);
	v.delta = was;
	fwt_diag_clean(&diag);
	view_clean(&v);
	return ok ? DONE : WHOLE;
}

/* Puts the patch in force. */
static enum way send(struct session *s, const struct change *c, const char *file, uint32_t wanted)
{
	uint32_t wrong, generation = 0, line = c->shown;
	struct fwt_blob blob = { 0 };
	enum way way = WHOLE;
	struct fwt_diag diag;
	int ret;

	if (s->delta.added.count > FWT_DELTA_ADDED_MAX ||
	    s->delta.gone.count > FWT_DELTA_GONE_MAX)
		return WHOLE;
	fwt_diag_init(&diag);
	ret = fwt_delta_build(&s->delta, &diag, &wrong, &blob);
	if (!ret)
		way = has_room(s, file);
	if (ret) {
		/* Whatever else is wrong, the whole text will tell. */
		if (fwt_diag_failed(&diag) && wrong != FWT_NONE && wrong == wanted) {
			name_errors(&diag);
			out_diag_errors(&diag);
			way = FAILED;
		}
	} else if (way == DONE && !dares(s, c, file, &diag)) {
		way = FAILED;
	} else if (way == DONE) {
		if (wanted != FWT_NONE)
			line = session_line(s, wanted)->shown;
		ret = fwt_nl_patch_apply(&s->nl, blob.data, blob.len, s->generation, &generation);
		if (!ret)
			print_done(c, generation, true, file, line, &diag);
		else if (!session_refused(ret))
			out_error("what was in force stays", "%s", s->nl.error);
		way = !ret ? DONE : session_refused(ret) ? WHOLE : FAILED;
	}
	fwt_blob_free(&blob);
	fwt_diag_clean(&diag);
	return way;
}

/* Beside a rule that was added, or in its place. */
static enum way change_added(struct session *s, struct change *c, uint32_t n)
{
	const struct fwt_delta_line *l = session_line(s, n);
	struct fwt_delta_line new = *l;
	uint32_t wanted = FWT_NONE;
	struct fwt_nl_spot none = { 0 };
	struct fwt_nl_which which = { 0 };
	char *text = NULL, *file;
	enum way ret;

	/* The generation, which any rule of the base tells. */
	which.tree = l->tree;
	if (fwt_nl_rule_find(&s->nl, &which, &none) || none.generation != s->generation) {
		fwt_nl_spot_clean(&none);
		return WHOLE;
	}
	/* What is added goes by copies, and may take the place of this one. */
	file = strdup(l->name);
	if (!file) {
		fwt_nl_spot_clean(&none);
		return no_memory();
	}
	c->shown = l->shown;
	if (c->what != CHANGE_DELETE) {
		text = indented(&none, l->text, c->rule);
		if (!text) {
			free(file);
			fwt_nl_spot_clean(&none);
			return no_memory();
		}
		new.text = text;
		new.rule = (char *)c->rule;
		if (!fwt_delta_sees(&s->delta, &new)) {
			ret = WHOLE;
			goto out;
		}
		wanted = fwt_delta_add(&s->delta, &new,
				       c->what == CHANGE_ADD && c->side ? n + 1 : n);
		/* The one that was meant moved on by one. */
		if (c->what == CHANGE_REPLACE)
			fwt_delta_remove(&s->delta, n + 1);
	} else {
		fwt_delta_remove(&s->delta, n);
	}
	ret = send(s, c, file, wanted);
out:
	free(text);
	free(file);
	fwt_nl_spot_clean(&none);
	return ret;
}

/* Beside a rule of the base, or in its place. */
static enum way change_base(struct session *s, struct change *c, const struct fwt_nl_spot *spot)
{
	struct fwt_delta_gone gone = { spot->file_index, spot->base_line, spot->lines,
				       spot->index };
	const struct fwt_nl_side *side = &spot->side[c->what == CHANGE_ADD ? c->side : 0];
	struct fwt_delta_line new = { .file = spot->file_index, .has_rule = true };
	uint32_t wanted = FWT_NONE;

	c->shown = spot->line;
	if (!spot->text || !spot->alone)
		return WHOLE;
	if (c->what != CHANGE_ADD && !spot->plain)
		return WHOLE;
	if (c->what != CHANGE_DELETE && !side->there)
		return WHOLE;
	new.before = spot->base_line;
	if (c->what == CHANGE_ADD && c->side)
		new.before += spot->lines;
	new.rule = (char *)c->rule;
	if (c->what != CHANGE_DELETE && !fwt_delta_sees(&s->delta, &new))
		return WHOLE;
	if (c->what != CHANGE_ADD && !fwt_delta_delete(&s->delta, &gone))
		return no_memory();
	if (c->what != CHANGE_DELETE) {
		new.text = indented(spot, NULL, c->rule);
		new.tree = spot->tree;
		new.name = spot->file;
		new.hooks = spot->hooks;
		new.side = (struct fwt_rule_side){ side->forest, side->at, side->side };
		wanted = new.text ? fwt_delta_add(&s->delta, &new,
						  c->what == CHANGE_ADD && c->side ?
						  FWT_DELTA_BEHIND : FWT_DELTA_BEFORE) :
				    FWT_NONE;
		free(new.text);
		if (wanted == FWT_NONE)
			return no_memory();
	}
	return send(s, c, spot->file, wanted);
}

static int run(struct fwctl *ctl, struct change *c)
{
	uint32_t added, generation = 0, line = 0;
	struct fwt_nl_spot spot = { 0 };
	enum way way = WHOLE;
	char file[300] = "";
	struct fwt_diag told;
	struct session s;
	struct fwt_ssh ssh;
	int ret;

	ret = session_begin(&s, ctl);
	if (ret)
		return ret;
	if (ssh_connection(ctl->netns, &ssh) == SSH_HERE)
		c->ssh = &ssh;
	ret = find(&s, &c->place, &added, &spot);
	if (!ret && c->rule && (fwt_delta_whole(c->rule) ||
				(fwt_delta_needs_defines(c->rule) && !session_defines(&s))))
		ret = 1;
	if (ret < 0) {
		out_error("what was in force stays", "%s", s.nl.error);
		way = FAILED;
	} else if (!ret && !c->trial) {
		way = added != FWT_NONE ? change_added(&s, c, added) : change_base(&s, c, &spot);
	}
	fwt_nl_spot_clean(&spot);
	if (way == WHOLE) {
		way = FAILED;
		fwt_diag_init(&told);
		if (!rule_text_change(&s.nl, c, file, sizeof(file), &line, &generation, &told)) {
			print_done(c, generation, false, file, line, &told);
			way = DONE;
		}
		fwt_diag_clean(&told);
	}
	c->ssh = NULL;
	session_end(&s);
	return way == DONE ? FWCTL_DONE : FWCTL_FAILED;
}

static int run_with(struct fwctl *ctl, struct change *c, int argc, char **argv)
{
	char *text = fwctl_joined(argc, argv), *rule = text;
	size_t len;
	int ret;

	if (!text)
		return out_error(NULL, "out of memory");
	rule += strspn(rule, " \t\n");
	for (len = strlen(rule); len && strchr(" \t\n;", rule[len - 1]); len--)
		rule[len - 1] = 0;
	c->rule = rule;
	ret = *rule ? run(ctl, c) : fwctl_usage(ctl, NULL, "%s: the rule is empty",
						ctl->command->name);
	free(text);
	return ret;
}

static int bad_place(struct fwctl *ctl, const char *text)
{
	return fwctl_usage(ctl, "a rule is named by its id, by LINE or by FILE:LINE",
			   "did not understand the place '%s'", text);
}

/* --force and --confirm TIME, before anything else: a rule's words are its own. -1, or
 * the exit status.
 */
static int read_options(struct fwctl *ctl, struct change *c, int *argc, char ***argv, int least)
{
	for (; *argc && !strncmp((*argv)[0], "--", 2); --*argc, ++*argv) {
		if (!strcmp((*argv)[0], "--force")) {
			c->force = true;
		} else if (!strcmp((*argv)[0], "--confirm")) {
			c->trial = *argc > 1 ? trial_time((*argv)[1]) : 0;
			if (!c->trial)
				return fwctl_usage(ctl, "30s say, or 5m; a day is the most",
						   "%s: a time is expected behind '--confirm'",
						   ctl->command->name);
			--*argc;
			++*argv;
		} else {
			return fwctl_usage(ctl, NULL, "%s: did not understand '%s'",
					   ctl->command->name, (*argv)[0]);
		}
	}
	if (*argc < least)
		return fwctl_usage(ctl, NULL, "%s: a word is missing", ctl->command->name);
	return -1;
}

int cmd_rule_add(struct fwctl *ctl, int argc, char **argv)
{
	static const char *const where[] = { "before", "after", "first", NULL };
	struct change c = { .what = CHANGE_ADD };
	int i = read_options(ctl, &c, &argc, &argv, 3);

	if (i >= 0)
		return i;
	i = fwctl_word(argv[0], where, "where");
	if (i < 0)
		return FWCTL_USAGE;
	if (i == 2) {
		if (strcmp(argv[1], "in") || argc < 4)
			return fwctl_usage(ctl, NULL,
					   "'first' is followed by 'in', a hook or tree, and the rule");
		/* As show tree heads it, too. */
		c.place.tree = argv[2] + (strncmp(argv[2], "tree ", 5) ? 0 : 5);
		c.place.text = c.place.tree;
		return run_with(ctl, &c, argc - 3, argv + 3);
	}
	c.side = i;
	if (!read_place(&c.place, argv[1]))
		return bad_place(ctl, argv[1]);
	return run_with(ctl, &c, argc - 2, argv + 2);
}

int cmd_rule_replace(struct fwctl *ctl, int argc, char **argv)
{
	struct change c = { .what = CHANGE_REPLACE };
	int ret = read_options(ctl, &c, &argc, &argv, 2);

	if (ret >= 0)
		return ret;
	if (!read_place(&c.place, argv[0]))
		return bad_place(ctl, argv[0]);
	return run_with(ctl, &c, argc - 1, argv + 1);
}

int cmd_rule_delete(struct fwctl *ctl, int argc, char **argv)
{
	struct change c = { .what = CHANGE_DELETE };
	int ret = read_options(ctl, &c, &argc, &argv, 1);

	if (ret >= 0)
		return ret;
	if (argc > 1)
		return fwctl_usage(ctl, NULL, "rule delete: did not understand '%s'", argv[1]);
	if (!read_place(&c.place, argv[0]))
		return bad_place(ctl, argv[0]);
	return run(ctl, &c);
}
