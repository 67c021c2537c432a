// SPDX-License-Identifier: GPL-2.0
/*
 * apply of a file that differs a little from what is in force: by a patch.
 *
 * Lines that both have at the beginning and at the end are left out. Where what is
 * left is a few lines that are whole rules of one run, or say nothing, the patch is
 * that of the changes of single rules. Whatever else there is, or is not understood,
 * goes the whole way, where it is understood or reported.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "diag.h"
#include "rule.h"

#define LINES_MAX	64	/* that differ */
#define FILE_BYTES_MAX	(64u << 20)

struct text {
	char *data;
	size_t len;
};

/* What differs: so many bytes are alike at either end, and lines before. */
struct part {
	const char *from;
	const char *to;
};

struct job {
	struct session s;
	struct text now, new;
	struct part old_part, new_part;
	uint32_t line;		/* the first one that differs */
	uint32_t old_lines, new_lines;
	char *file;		/* name of the base's */
	struct fwt_rule_side side;
	bool has_side;
	char *tree;
	uint32_t hooks;
};

static bool read_file(const char *path, struct text *t)
{
	FILE *f = fopen(path, "r");
	long len = -1;

	if (!f)
		return false;
	if (!fseek(f, 0, SEEK_END))
		len = ftell(f);
	if (len > 0 && len <= FILE_BYTES_MAX && !fseek(f, 0, SEEK_SET)) {
		t->data = malloc((size_t)len + 1);
		if (t->data)
			fwt_prefault(t->data, (size_t)len + 1);
		t->len = t->data ? fread(t->data, 1, (size_t)len, f) : 0;
		if (t->data)
			t->data[t->len] = 0;
	}
	fclose(f);
	/* Whole lines; and no NUL, which the parser reports. */
	return t->len && t->len == (size_t)len && t->data[t->len - 1] == '\n' &&
	       strlen(t->data) == t->len;
}

/* Into memory that is there at once: megabytes that grow are copied again and again. */
static void print_changed(struct job *j, const char *base, size_t len)
{
	size_t room = len + 2;
	FILE *out;
	uint32_t i;

	for (i = 0; i < j->s.delta.added.count; i++)
		room += strlen(session_line(&j->s, i)->text);
	j->now.data = malloc(room);
	if (!j->now.data)
		return;
	fwt_prefault(j->now.data, room);
	out = fmemopen(j->now.data, room, "w");
	if (out) {
		fwt_delta_print(&j->s.delta, 0, base, len, out);
		j->now.len = (size_t)ftell(out);
	}
	if (!out || fclose(out)) {
		free(j->now.data);
		j->now.data = NULL;
	}
}

/* The text in force, of the generation that the delta is of. */
static bool text_in_force(struct job *j)
{
	uint32_t generation = 0;
	char *base = NULL;
	size_t len = 0;

	if (fwt_nl_source_fetch(&j->s.nl, &base, &len, &generation) || !base ||
	    generation != j->s.generation) {
		free(base);
		return false;
	}
	if (!j->s.delta.added.count && !j->s.delta.gone.count) {
		j->now.data = base;
		j->now.len = len;
		return true;
	}
	print_changed(j, base, len);
	free(base);
	return j->now.data;
}

static uint32_t lines_in(const struct part *p)
{
	uint32_t n = 0;
	const char *c;

	for (c = p->from; c < p->to && n <= LINES_MAX; c++)
		n += *c == '\n';
	return n;
}

/* Word by word, or a text of megabytes takes longer than everything else. */
static size_t alike(const char *a, const char *b, size_t most)
{
	size_t n = 0;

	while (n + 4096 <= most && !memcmp(a + n, b + n, 4096))
		n += 4096;
	while (n < most && a[n] == b[n])
		n++;
	return n;
}

static size_t alike_behind(const char *a_end, const char *b_end, size_t most)
{
	size_t n = 0;

	while (n + 4096 <= most && !memcmp(a_end - n - 4096, b_end - n - 4096, 4096))
		n += 4096;
	while (n < most && a_end[-1 - (long)n] == b_end[-1 - (long)n])
		n++;
	return n;
}

/* Whole lines that differ. False where there are none, or too many. */
static bool differing(struct job *j)
{
	const char *a = j->now.data, *b = j->new.data, *c, *next;
	size_t most = j->now.len < j->new.len ? j->now.len : j->new.len;
	size_t head, tail;

	if (!j->now.len || a[j->now.len - 1] != '\n')
		return false;
	head = alike(a, b, most);
	if (head == j->now.len && head == j->new.len)
		return false;
	while (head && a[head - 1] != '\n')
		head--;
	tail = alike_behind(a + j->now.len, b + j->new.len, most - head);
	/* Back to where a line begins: one behind an end of line, in both. */
	while (tail && !(a[j->now.len - tail - 1] == '\n' || j->now.len - tail == head))
		tail--;
	while (tail && !(b[j->new.len - tail - 1] == '\n' || j->new.len - tail == head))
		tail--;
	if (tail && j->now.len - tail != head && a[j->now.len - tail - 1] != '\n')
		return false;
	j->old_part = (struct part){ a + head, a + j->now.len - tail };
	j->new_part = (struct part){ b + head, b + j->new.len - tail };
	j->old_lines = lines_in(&j->old_part);
	j->new_lines = lines_in(&j->new_part);
	if (j->old_lines > LINES_MAX || j->new_lines > LINES_MAX)
		return false;
	for (j->line = 1, c = a; (next = memchr(c, '\n', (size_t)(a + head - c))); c = next + 1)
		j->line++;
	/* A line that goes on in those that differ. */
	return head < 2 || a[head - 2] != '\\';
}

static bool says_nothing(const char *line)
{
	line += strspn(line, " \t\r");
	return !*line || *line == '\n' || *line == '#';
}

static char *next_line(const char **at, const char *end)
{
	const char *to = memchr(*at, '\n', (size_t)(end - *at));
	char *line;

	if (!to)
		return NULL;
	line = strndup(*at, (size_t)(to + 1 - *at));
	*at = to + 1;
	return line;
}

/* The place of what is added, by a rule that stands there; the first one counts. */
static bool take_side(struct job *j, const struct fwt_rule_side *side, const char *tree,
		      uint32_t hooks)
{
	if (j->has_side)
		return j->side.forest == side->forest && !strcmp(j->tree, tree);
	j->side = *side;
	j->tree = strdup(tree);
	j->hooks = hooks;
	j->has_side = j->tree;
	return j->has_side;
}

/* By the rule that begins in a line of the base: @which, 0 before it, 1 behind it. */
static bool side_of_base(struct job *j, uint32_t base_line, int which, bool delete,
			 uint32_t *lines)
{
	struct fwt_nl_which find = { .line = base_line };
	const struct fwt_nl_side *side;
	struct fwt_delta_gone gone;
	struct fwt_nl_spot spot;
	bool ok = false;

	if (!base_line || fwt_nl_rule_find(&j->s.nl, &find, &spot))
		return false;
	side = &spot.side[which];
	*lines = spot.lines;
	if (spot.generation == j->s.generation && side->there && spot.alone &&
	    (!delete || (spot.plain && spot.lines == 1))) {
		const struct fwt_rule_side at = { side->forest, side->at, side->side };

		ok = take_side(j, &at, spot.tree, spot.hooks);
		if (ok && !j->file)
			j->file = strdup(spot.file);
		gone = (struct fwt_delta_gone){ 0, base_line, 1, spot.index };
		if (ok && delete)
			ok = fwt_delta_delete(&j->s.delta, &gone);
	}
	fwt_nl_spot_clean(&spot);
	return ok;
}

/* Takes the old lines away; the last one first, so that numbers stay what they are. */
static bool take_away(struct job *j, uint32_t *before)
{
	const char *at = j->old_part.from;
	bool nothing[LINES_MAX + 1];
	uint32_t i, n, lines;

	for (i = 0; i < j->old_lines; i++) {
		char *line = next_line(&at, j->old_part.to);

		if (!line)
			return false;
		nothing[i] = says_nothing(line);
		free(line);
	}
	/* What is added stands before the line behind all of them. */
	n = fwt_delta_find(&j->s.delta, 0, j->line + j->old_lines);
	*before = n != FWT_NONE ? session_line(&j->s, n)->before :
		fwt_delta_base_line(&j->s.delta, 0, j->line + j->old_lines);
	for (i = j->old_lines; i-- > 0;) {
		struct fwt_delta_gone gone = { 0, 0, 1, FWT_NONE };
		uint32_t now = j->line + i;

		n = fwt_delta_find(&j->s.delta, 0, now);
		if (n != FWT_NONE) {
			struct fwt_delta_line *l = session_line(&j->s, n);

			if (strchr(l->text, '\n') != l->text + strlen(l->text) - 1 ||
			    (l->has_rule && !take_side(j, &l->side, l->tree, l->hooks)))
				return false;
			fwt_delta_remove(&j->s.delta, n);
			continue;
		}
		gone.line = fwt_delta_base_line(&j->s.delta, 0, now);
		if (nothing[i]) {
			if (!fwt_delta_delete(&j->s.delta, &gone))
				return false;
		} else {
			/* The first one of them is the place of what is added. */
			j->has_side = false;
			free(j->tree);
			j->tree = NULL;
			if (!side_of_base(j, gone.line, 0, true, &lines))
				return false;
		}
	}
	return true;
}

/* No rule stood there: by that behind, or that before, with nothing between. */
static bool find_side(struct job *j)
{
	const char *at = j->old_part.to, *end = j->now.data + j->now.len;
	uint32_t now = j->line, lines, n, base;
	char *line;

	/* Old lines are gone by now: what was behind them is in @line. */
	for (; (line = next_line(&at, end)); now++) {
		bool nothing = says_nothing(line);

		free(line);
		if (nothing)
			continue;
		n = fwt_delta_find(&j->s.delta, 0, now);
		if (n != FWT_NONE && session_line(&j->s, n)->has_rule)
			return take_side(j, &session_line(&j->s, n)->side,
					 session_line(&j->s, n)->tree,
					 session_line(&j->s, n)->hooks);
		if (side_of_base(j, fwt_delta_base_line(&j->s.delta, 0, now), 0, false, &lines))
			return true;
		break;
	}
	/* The line directly before, if a rule is all of it. */
	if (j->line < 2)
		return false;
	n = fwt_delta_find(&j->s.delta, 0, j->line - 1);
	if (n != FWT_NONE)
		return session_line(&j->s, n)->has_rule &&
		       take_side(j, &session_line(&j->s, n)->side, session_line(&j->s, n)->tree,
				 session_line(&j->s, n)->hooks);
	base = fwt_delta_base_line(&j->s.delta, 0, j->line - 1);
	return side_of_base(j, base, 1, false, &lines) && lines == 1;
}

/* Puts the new lines there. Each is a rule, or says nothing. */
static bool put_there(struct job *j, uint32_t before)
{
	const char *at = j->new_part.from;
	uint32_t i, n = FWT_NONE, k;
	bool rules = false, needs = false, whole = false;
	char *line;

	for (i = 0; i < j->new_lines; i++) {
		line = next_line(&at, j->new_part.to);
		if (!line)
			return false;
		rules |= !says_nothing(line);
		needs |= !says_nothing(line) && fwt_delta_needs_defines(line);
		whole |= !says_nothing(line) && fwt_delta_whole(line);
		free(line);
	}
	if (whole)
		return false;
	if (needs && !fwt_delta_defines(&j->s.delta, j->now.data, j->now.len))
		return false;
	if (rules && !j->has_side && !find_side(j))
		return false;
	/* Among what was added, where the first old line was. */
	n = FWT_DELTA_BEFORE;
	for (i = 0; i < j->s.delta.added.count; i++)
		if (session_line(&j->s, i)->before == before &&
		    session_line(&j->s, i)->shown >= j->line + j->old_lines) {
			n = i;
			break;
		}
	for (i = 0, at = j->new_part.from; i < j->new_lines; i++) {
		struct fwt_delta_line new = { .before = before };
		char *rule;

		line = next_line(&at, j->new_part.to);
		if (!line)
			return false;
		new.text = line;
		rule = strdup(line + strspn(line, " \t"));
		if (rule && strchr(rule, '\n'))
			*strchr(rule, '\n') = 0;
		new.has_rule = !says_nothing(line);
		new.rule = rule;
		new.tree = j->tree;
		new.hooks = j->hooks;
		new.side = j->side;
		k = rule ? fwt_delta_add(&j->s.delta, &new, n) : FWT_NONE;
		free(line);
		free(rule);
		if (k == FWT_NONE)
			return false;
		n = n == FWT_DELTA_BEFORE ? n : k + 1;
	}
	return true;
}

static enum way send(struct job *j, const char *path, uint32_t *generation)
{
	struct fwt_blob blob = { 0 };
	struct fwt_nl_spot any;
	struct fwt_nl_which first = { 0 };
	struct fwt_diag diag;
	enum way way = WHOLE;
	uint32_t wrong;
	int ret;

	/* The file's name, where no rule has told it. */
	if (!j->file && j->tree) {
		first.tree = j->tree;
		if (!fwt_nl_rule_find(&j->s.nl, &first, &any)) {
			j->file = strdup(any.file);
			fwt_nl_spot_clean(&any);
		}
	}
	if (!j->file || strcmp(j->file, path))
		return WHOLE;
	fwt_diag_init(&diag);
	ret = fwt_delta_build(&j->s.delta, j->file, &diag, &wrong, &blob);
	if (!ret) {
		ret = fwt_nl_patch_apply(&j->s.nl, blob.data, blob.len, j->s.generation,
					 generation);
		way = !ret ? DONE : session_refused(ret) || ret == -EAGAIN ? WHOLE : FAILED;
	}
	fwt_blob_free(&blob);
	fwt_diag_clean(&diag);
	return way;
}

enum way apply_delta(struct fwt_nl *nl, const char *path, uint32_t *generation)
{
	struct job j = { .s.nl = *nl };
	enum way way = WHOLE;
	uint32_t before;

	if (strcmp(path, "-") && read_file(path, &j.new) && !session_fetch(&j.s) &&
	    !strstr(j.new.data, "include") && text_in_force(&j) && differing(&j) &&
	    take_away(&j, &before) && before && put_there(&j, before) &&
	    j.s.delta.added.count <= FWT_DELTA_ADDED_MAX &&
	    j.s.delta.gone.count <= FWT_DELTA_GONE_MAX)
		way = send(&j, path, generation);
	/* The conversation is the caller's. */
	*nl = j.s.nl;
	fwt_delta_clean(&j.s.delta);
	free(j.new.data);
	free(j.now.data);
	free(j.file);
	free(j.tree);
	return way;
}
