// SPDX-License-Identifier: GPL-2.0
/*
 * set list, add, delete, flush.
 *
 * Elements are read by the compiler, as if they stood in the policy: they can be what
 * they can be there, and errors are the same.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "fwctl.h"
#include "out.h"
#include "set_text.h"

static int print_set(void *ctx, const struct fwt_nl_set *s)
{
	char type[160], gives[80];

	(void)ctx;
	out_row();
	out_cell_str("name", s->name);
	fwt_set_type_text(type, sizeof(type), s->param[FWT_SETP_TYPES], s->shape.n);
	if (out_is_json())
		out_str("type", type);
	if (s->shape.n_value) {
		fwt_set_type_text(gives, sizeof(gives), s->param[FWT_SETP_VALUE_TYPES],
				  s->shape.n_value);
		if (out_is_json())
			out_str("gives", gives);
		strcat(type, " -> ");
		strncat(type, gives, sizeof(type) - strlen(type) - 1);
	}
	if (!out_is_json())
		out_cell_text("%s", type);
	out_cell_num("count", OUT_COUNT, s->count);
	out_cell_num("max", OUT_COUNT, s->max);
	if (!s->timeout)
		out_cell_text("-");
	else
		out_cell_num(NULL, OUT_SECONDS, (s->timeout + 999) / 1000);
	if (out_is_json() && s->timeout)
		out_num("timeout", (s->timeout + 999) / 1000);
	out_cell_num("refused", OUT_COUNT, s->refused);
	out_row_end();
	return 0;
}

static int list_sets(struct fwctl *ctl)
{
	static const struct out_column columns[] = {
		{ "SET", false }, { "TYPE", false }, { "ELEMENTS", true }, { "MAX", true },
		{ "TIMEOUT", true }, { "REFUSED", true },
	};
	struct fwt_nl nl;
	int ret = fwctl_open(ctl, &nl);

	if (ret)
		return ret;
	out_table(NULL, columns, sizeof(columns) / sizeof(*columns));
	if (fwt_nl_sets(&nl, print_set, NULL))
		return fwctl_refused(&nl);
	out_table_end();
	fwt_nl_close(&nl);
	return FWCTL_DONE;
}

/* One set, by its name. */
struct wanted {
	const char *name;
	struct fwt_nl_set set;
	bool found;
	const char *near[64];
	size_t n;
};

static int is_wanted(void *ctx, const struct fwt_nl_set *s)
{
	struct wanted *w = ctx;

	if (!strcmp(s->name, w->name)) {
		w->set = *s;
		w->set.name = w->name;
		w->found = true;
	} else if (w->n < 63) {
		w->near[w->n] = strdup(s->name);
		w->n += !!w->near[w->n];
	}
	return 0;
}

static int find_set(struct fwctl *ctl, struct fwt_nl *nl, const char *name,
		    struct fwt_nl_set *set)
{
	struct wanted w = { .name = *name == '@' ? name + 1 : name };
	char hint[300];
	const char *meant;
	int ret = fwctl_open(ctl, nl);

	if (ret)
		return ret;
	if (fwt_nl_sets(nl, is_wanted, &w)) {
		ret = fwctl_refused(nl);
	} else if (!w.found) {
		meant = fwt_diag_suggest(w.name, w.near);
		snprintf(hint, sizeof(hint), "did you mean '%s'?", meant ? meant : "");
		out_error(meant ? hint : NULL, "the policy in force has no set '%s'", w.name);
		fwt_nl_close(nl);
		ret = FWCTL_FAILED;
	}
	while (w.n)
		free((void *)(uintptr_t)w.near[--w.n]);
	*set = w.set;
	return ret;
}

static int print_elem(void *ctx, const struct fwt_nl_set_elem *e)
{
	const struct fwt_nl_set *s = ctx;
	char text[FWT_SET_TEXT], value[FWT_SET_TEXT];

	out_row();
	fwt_set_elem_text(text, sizeof(text), s->param[FWT_SETP_TYPES], s->shape.n, e->six,
			  e->low, e->high);
	out_cell_str("element", text);
	if (s->shape.n_value) {
		fwt_set_elem_text(value, sizeof(value), s->param[FWT_SETP_VALUE_TYPES],
				  s->shape.n_value, e->six, e->value, e->value);
		out_cell_str("value", value);
	}
	if (e->has_timeout)
		out_cell_num("timeout", OUT_SECONDS, e->timeout < 1000 ? 1 : e->timeout / 1000);
	else
		out_cell_text("-");
	if (out_is_json())
		out_bool("policy", e->policy);
	out_cell_text(e->policy ? "policy" : "");
	out_row_end();
	return 0;
}

int cmd_set_list(struct fwctl *ctl, int argc, char **argv)
{
	static const struct out_column columns[] = {
		{ "ELEMENT", false }, { "TIMEOUT", true }, { "", false },
	};
	static const struct out_column map_columns[] = {
		{ "ELEMENT", false }, { "GIVES", false }, { "TIMEOUT", true }, { "", false },
	};
	struct fwt_nl_set set;
	struct fwt_nl nl;
	int ret;

	if (!argc)
		return list_sets(ctl);
	ret = find_set(ctl, &nl, argv[0], &set);
	if (ret)
		return ret;
	if (set.shape.n_value)
		out_table(NULL, map_columns, 4);
	else
		out_table(NULL, columns, 3);
	if (fwt_nl_set_elems(&nl, &set, print_elem, &set))
		return fwctl_refused(&nl);
	out_table_end();
	fwt_nl_close(&nl);
	return FWCTL_DONE;
}

/* The elements of a program, one by one. */
struct source {
	const struct fwt_program *prog;
	const struct fwt_nl_set *set;
	bool has_timeout;
	uint64_t timeout;
	uint32_t six;
	uint32_t at;
};

static bool next_elem(void *ctx, struct fwt_nl_set_elem *e)
{
	struct source *src = ctx;
	const u32 *p = src->prog->object[0].param;

	for (; src->six < 2; src->six++, src->at = 0) {
		u32 index = p[FWT_SETP_ELEMENTS4 + src->six], words, values;
		const struct fwt_prog_set *s;
		const u32 *from;

		if (index == FWT_NONE || src->at == src->prog->set[index].count)
			continue;
		s = &src->prog->set[index];
		words = s->words;
		values = p[FWT_SETP_VALUES4 + src->six] == FWT_NONE ? 0 :
			 src->set->shape.value_words[src->six];
		from = src->prog->word + s->data + (size_t)src->at * 2 * words;
		memset(e, 0, sizeof(*e));
		e->six = src->six;
		memcpy(e->low, from, words * sizeof(u32));
		memcpy(e->high, from + words, words * sizeof(u32));
		if (values)
			memcpy(e->value, src->prog->word + p[FWT_SETP_VALUES4 + src->six] +
			       (size_t)src->at * values, values * sizeof(u32));
		e->has_value = values;
		e->has_timeout = src->has_timeout;
		e->timeout = src->timeout;
		src->at++;
		return true;
	}
	return false;
}

/* "10.0.0.1 10.0.0.2 . 80": words become a list, but where a '.' or an arrow joins. */
static char *join_words(int argc, char **argv)
{
	size_t size = 1;
	char *text;
	int i;

	for (i = 0; i < argc; i++)
		size += strlen(argv[i]) + 3;
	text = calloc(1, size);
	for (i = 0; text && i < argc; i++) {
		bool joins = !strcmp(argv[i], ".") || !strcmp(argv[i], "->");
		bool joined = i && (!strcmp(argv[i - 1], ".") || !strcmp(argv[i - 1], "->"));
		size_t len = strlen(text);

		if (i)
			strcat(text, joins || joined || (len && text[len - 1] == ',') ? " " : ", ");
		strcat(text, argv[i]);
	}
	return text;
}

/* "timeout 5m" at the end: milliseconds. */
static int read_timeout(struct fwctl *ctl, int *argc, char **argv, bool *has, uint64_t *ms)
{
	const char *word;

	if (*argc < 2 || strcmp(argv[*argc - 2], "timeout"))
		return 0;
	word = argv[*argc - 1];
	*argc -= 2;
	*has = true;
	if (!strcmp(word, "never") || !strcmp(word, "0")) {
		*ms = 0;
		return 0;
	}
	if (fwt_duration_read(word, strlen(word), ms) || !*ms || *ms > FWT_SET_TIMEOUT_MAX)
		return fwctl_usage(ctl, "as in 30s, 5m, 1h, 7d at most 365d, or 'never'",
				   "'%s' is no timeout", word);
	return 0;
}

/* Names may be quoted, as they are listed. What would end the list stands nowhere, quoted
 * or not.
 */
static bool plain(const char *text)
{
	return !strpbrk(text, "{};#\n\\");
}

static int change(struct fwctl *ctl, int argc, char **argv, bool add)
{
	struct source src = { 0 };
	struct fwt_program prog;
	struct fwt_nl_set set;
	struct fwt_diag diag;
	struct fwt_blob blob;
	char *text = NULL;
	const char *file = NULL;
	uint32_t count;
	struct fwt_nl nl;
	int ret;

	ret = read_timeout(ctl, &argc, argv, &src.has_timeout, &src.timeout);
	if (ret)
		return ret;
	if (src.has_timeout && !add)
		return fwctl_usage(ctl, NULL, "what is deleted has no timeout");
	if (argc == 3 && !strcmp(argv[1], "file"))
		file = argv[2];
	else if (argc == 2 && !strcmp(argv[1], "file"))
		return fwctl_usage(ctl, "as in 'file list.txt'",
				   "%s: the path of the file is missing", ctl->command->name);
	else if (argc < 2)
		return fwctl_usage(ctl, NULL, "%s: no element is named", ctl->command->name);
	ret = find_set(ctl, &nl, argv[0], &set);
	if (ret)
		return ret;
	if (!file)
		text = join_words(argc - 1, argv + 1);
	if (file ? !!strpbrk(file, "\"\n\\") : !text || !plain(text)) {
		out_error(NULL, "did not understand '%s'", file ? file : text ? text : "");
		free(text);
		fwt_nl_close(&nl);
		return FWCTL_FAILED;
	}
	fwt_diag_init(&diag);
	ret = fwt_set_read(set.param, text, file, !add, &diag, &blob, &prog);
	free(text);
	if (ret) {
		fwt_nl_close(&nl);
		ret = fwt_diag_failed(&diag) ? out_diag_errors(&diag) :
			out_error(NULL, "%s", strerror(-ret));
		fwt_diag_clean(&diag);
		return ret;
	}
	fwt_diag_clean(&diag);
	src.prog = &prog;
	src.set = &set;
	ret = fwt_nl_set_change(&nl, &set, add, next_elem, &src, &count);
	fwt_blob_free(&blob);
	if (ret)
		return fwctl_refused(&nl);
	out_object(NULL);
	out_num(add ? "added" : "deleted", count);
	out_end();
	out_text("%u element%s %s\n", count, count == 1 ? "" : "s", add ? "added" : "deleted");
	fwt_nl_close(&nl);
	return FWCTL_DONE;
}

int cmd_set_add(struct fwctl *ctl, int argc, char **argv)
{
	return change(ctl, argc, argv, true);
}

int cmd_set_delete(struct fwctl *ctl, int argc, char **argv)
{
	return change(ctl, argc, argv, false);
}

int cmd_set_flush(struct fwctl *ctl, int argc, char **argv)
{
	const char *name = *argv[0] == '@' ? argv[0] + 1 : argv[0];
	struct fwt_nl nl;
	uint32_t count;
	int ret = fwctl_open(ctl, &nl);

	(void)argc;
	if (ret)
		return ret;
	if (fwt_nl_set_flush(&nl, name, &count))
		return fwctl_refused(&nl);
	out_object(NULL);
	out_num("deleted", count);
	out_end();
	out_text("%u element%s deleted\n", count, count == 1 ? "" : "s");
	fwt_nl_close(&nl);
	return FWCTL_DONE;
}
