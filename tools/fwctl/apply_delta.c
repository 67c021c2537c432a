// SPDX-License-Identifier: GPL-2.0
/*
 * apply of a file that differs a little from what is in force: by a patch.
 *
 * Where it differs is found by digests of the text in force (delta_window.h): the file is
 * read once, and of the text no more than the lines there. Where these are few, and whole
 * rules, or say nothing, the patch is that of the changes of single rules, from the last
 * one to the first, so that the lines before are still numbered as they were. Whatever
 * else there is, or is not understood, goes the whole way, where it is understood or
 * reported.
 *
 * Files that are included are looked at one after the other, by the names that they had
 * when the policy came: as long as no line that says "include" is another, these are the
 * files that would be read.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "delta_window.h"
#include "diag.h"
#include "parse.h"
#include "rule.h"
#include "source.h"

#define LINES_MAX	256u	/* that differ */
#define HEAP		(1u << 20)	/* what a small change takes, and twice */
#define READ_AT_ONCE	(512u << 10)	/* few calls, and it stays in a core's cache */

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ	22	/* Linux 5.14 */
#endif

/*
 * Of ten milliseconds each page that is met for the first time costs some twenty
 * microseconds, in a guest without hardware's help: all that a small change is going
 * to touch, text and heap, is asked for in two calls. A wish, no more.
 */
static void get_ready(void)
{
	extern char __executable_start[], etext[];
	uintptr_t from = (uintptr_t)__executable_start & ~(uintptr_t)4095;
	uintptr_t to = ((uintptr_t)etext + 4095) & ~(uintptr_t)4095;

	madvise((void *)from, to - from, MADV_POPULATE_READ);
	fwt_heap_ready(HEAP, 2 * HEAP);
}

/* A file that is looked at part by part. */
struct file {
	int fd;
	char *buf;	/* READ_AT_ONCE bytes: what is in it is from @at on */
	uint64_t at;
	size_t len;
};

struct job {
	struct session s;
	struct fwt_nl_text text;
	struct stat *st;	/* by file */
	uint32_t file;		/* at hand, and the following of it */
	struct file f;
	struct fwt_windows w;
	uint32_t gone, come;	/* lines, of all files */
	const char *behind;	/* where the window of the hunk at hand ends */
	struct fwt_rule_side side;
	bool has_side;
	char *tree;
	uint32_t hooks;
};

/* A FIFO is left to the whole way, unopened: its writer would take that for the reader. */
static bool open_file(struct file *f, const char *path, struct stat *st)
{
	f->len = 0;
	f->fd = stat(path, st) || !S_ISREG(st->st_mode) ? -1 :
		open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return f->fd >= 0 && !fstat(f->fd, st) && S_ISREG(st->st_mode);
}

static void close_file(struct file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

/* Nobody has written to any meanwhile. */
static bool still_same(const struct job *j)
{
	const struct stat *st = j->st;
	struct stat now;
	uint32_t i;

	for (i = 0; i < j->text.files; i++, st++)
		if (stat(j->text.file[i].name, &now) || now.st_ino != st->st_ino ||
		    now.st_dev != st->st_dev || now.st_size != st->st_size ||
		    now.st_mtim.tv_sec != st->st_mtim.tv_sec ||
		    now.st_mtim.tv_nsec != st->st_mtim.tv_nsec ||
		    now.st_ctim.tv_sec != st->st_ctim.tv_sec ||
		    now.st_ctim.tv_nsec != st->st_ctim.tv_nsec)
			return false;
	return true;
}

static const char *read_file(void *ctx, uint64_t off, uint32_t len, bool back)
{
	struct file *f = &((struct job *)ctx)->f;
	ssize_t got;

	if (off >= f->at && off + len <= f->at + f->len)
		return f->buf + (off - f->at);
	f->at = off;
	if (back)
		f->at = off + len > READ_AT_ONCE ? off + len - READ_AT_ONCE : 0;
	for (f->len = 0; f->at + f->len < off + len; f->len += (size_t)got) {
		got = pread(f->fd, f->buf + f->len, READ_AT_ONCE - f->len,
			    (off_t)(f->at + f->len));
		if (got <= 0)
			return NULL;
	}
	return f->buf + (off - f->at);
}

/* Of the generation that the delta is of. */
static bool read_base(void *ctx, uint32_t off, uint32_t len, char *to)
{
	struct job *j = ctx;
	uint32_t generation;

	return !fwt_nl_source_part(&j->s.nl, j->text.file[j->file].off + off, len, to,
				   &generation) &&
	       generation == j->s.generation;
}

/* What the files are recognised by. Of a policy of more than their text another may be
 * meant by the same.
 */
static bool fetch_text(struct job *j, const char *path)
{
	if (fwt_nl_text_fetch(&j->s.nl, &j->text) || j->text.generation != j->s.generation ||
	    !j->text.files || j->text.beyond || strcmp(j->text.file[0].name, path))
		return false;
	j->st = calloc(j->text.files, sizeof(*j->st));
	j->f.buf = malloc(READ_AT_ONCE);
	return j->st && j->f.buf;
}

static bool is_text(const char *at, size_t len)
{
	size_t n = 1;

	for (; len && n; at += n, len -= n)
		n = fwt_utf8(at, len);
	return n;
}

/* What is there of both texts of a file around the differences, none where there is
 * nothing; false for the whole way.
 */
static bool find_windows(struct job *j)
{
	static const struct fwt_window_ops ops = { .base = read_base, .file = read_file };
	const struct fwt_nl_file *file = &j->text.file[j->file];
	struct fwt_window_of of = { .delta = &j->s.delta, .file = j->file, .key = j->text.key };
	struct stat *st = &j->st[j->file];
	bool ok = open_file(&j->f, file->name, st);
	uint32_t i;
	int ret;

	memset(&j->w, 0, sizeof(j->w));
	if (ok && (file->len || st->st_size)) {
		of.digest = file->digest;
		of.base_len = file->len;
		of.file_len = (uint64_t)st->st_size;
		ret = fwt_windows_find(&j->w, &of, &ops, j);
		ok = !ret || ret == -EALREADY;
	}
	close_file(&j->f);
	/* A comment's bytes nobody else looks at. */
	for (i = 0; i < j->w.n && ok; i++)
		ok = is_text(j->w.window[i].new.data, j->w.window[i].new.len);
	return ok;
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

static void forget_side(struct job *j)
{
	free(j->tree);
	j->tree = NULL;
	j->has_side = false;
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
	struct fwt_nl_which find = { .line = base_line, .file = j->file };
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
		gone = (struct fwt_delta_gone){ j->file, base_line, 1, spot.index };
		if (ok && delete)
			ok = fwt_delta_delete(&j->s.delta, &gone);
	}
	fwt_nl_spot_clean(&spot);
	return ok;
}

/* Of the file at hand: the added lines that show a line, or the base's line that it is. */
static uint32_t line_added(const struct job *j, uint32_t line)
{
	return fwt_delta_find(&j->s.delta, j->file, line);
}

static uint32_t line_of_base(const struct job *j, uint32_t line)
{
	return fwt_delta_base_line(&j->s.delta, j->file, line);
}

/* Takes the old lines away; the last one first, so that numbers stay what they are. */
static bool take_away(struct job *j, const struct fwt_hunk *h, uint32_t *before)
{
	const char *at = h->now.from;
	bool nothing[LINES_MAX + 1];
	uint32_t i, n, lines;

	for (i = 0; i < h->now.lines; i++) {
		char *line = next_line(&at, h->now.to);

		if (!line)
			return false;
		nothing[i] = says_nothing(line);
		free(line);
	}
	/* What is added stands before the line behind all of them. */
	n = line_added(j, h->line + h->now.lines);
	*before = n != FWT_NONE ? session_line(&j->s, n)->before :
		line_of_base(j, h->line + h->now.lines);
	for (i = h->now.lines; i-- > 0;) {
		struct fwt_delta_gone gone = { j->file, 0, 1, FWT_NONE };
		uint32_t now = h->line + i;

		n = line_added(j, now);
		if (n != FWT_NONE) {
			struct fwt_delta_line *l = session_line(&j->s, n);

			if (strchr(l->text, '\n') != l->text + strlen(l->text) - 1 ||
			    (l->has_rule && !take_side(j, &l->side, l->tree, l->hooks)))
				return false;
			fwt_delta_remove(&j->s.delta, n);
			continue;
		}
		gone.line = line_of_base(j, now);
		if (nothing[i]) {
			if (!fwt_delta_delete(&j->s.delta, &gone))
				return false;
		} else {
			/* The first one of them is the place of what is added. */
			forget_side(j);
			if (!side_of_base(j, gone.line, 0, true, &lines))
				return false;
		}
	}
	return true;
}

/* No rule stood there: by that behind, or that before, with nothing between. */
static bool find_side(struct job *j, const struct fwt_hunk *h)
{
	uint32_t now = h->line, lines, n, base;
	const char *at = h->now.to;
	char *line;

	/* Old lines are gone by now: what was behind them is in the first one's. */
	for (; (line = next_line(&at, j->behind)); now++) {
		bool nothing = says_nothing(line);

		free(line);
		if (nothing)
			continue;
		n = line_added(j, now);
		if (n != FWT_NONE && session_line(&j->s, n)->has_rule)
			return take_side(j, &session_line(&j->s, n)->side,
					 session_line(&j->s, n)->tree,
					 session_line(&j->s, n)->hooks);
		if (side_of_base(j, line_of_base(j, now), 0, false, &lines))
			return true;
		break;
	}
	/* The line directly before, if a rule is all of it. */
	if (h->line < 2)
		return false;
	n = line_added(j, h->line - 1);
	if (n != FWT_NONE)
		return session_line(&j->s, n)->has_rule &&
		       take_side(j, &session_line(&j->s, n)->side, session_line(&j->s, n)->tree,
				 session_line(&j->s, n)->hooks);
	base = line_of_base(j, h->line - 1);
	return side_of_base(j, base, 1, false, &lines) && lines == 1;
}

/* Where among what was added: before that line of it that comes behind the hunk; or where
 * that is one of the base's, behind all that stands before it. Old lines are gone by now.
 * False in the midst of lines that were added as one.
 */
static bool find_index(const struct job *j, const struct fwt_hunk *h, uint32_t before,
		       uint32_t *n)
{
	const struct fwt_delta *d = &j->s.delta;

	*n = line_added(j, h->line);
	if (*n != FWT_NONE)
		return h->line < 2 || line_added(j, h->line - 1) != *n;
	for (*n = 0; *n < d->added.count; ++*n) {
		const struct fwt_delta_line *l = session_line(&j->s, *n);

		if (l->file > j->file || (l->file == j->file && l->before > before))
			break;
	}
	return true;
}

/* Puts the new lines there. Each is a rule, or says nothing. */
static bool put_there(struct job *j, const struct fwt_hunk *h, uint32_t before)
{
	const char *at = h->new.from;
	uint32_t i, n, k;
	bool rules = false, needs = false, whole = false, bare;
	char *line;

	for (i = 0; i < h->new.lines; i++) {
		line = next_line(&at, h->new.to);
		if (!line)
			return false;
		bare = says_nothing(line);
		rules |= !bare;
		needs |= !bare && fwt_delta_needs_defines(line);
		/* Other files are no rule. */
		whole |= !bare && (fwt_delta_whole(line) || strstr(line, "include"));
		free(line);
	}
	if (whole)
		return false;
	if (needs && !session_defines(&j->s))
		return false;
	if (rules && !j->has_side && !find_side(j, h))
		return false;
	if (!find_index(j, h, before, &n))
		return false;
	for (i = 0, at = h->new.from; i < h->new.lines; i++) {
		struct fwt_delta_line new = { .file = j->file, .before = before };
		char *rule;

		line = next_line(&at, h->new.to);
		if (!line)
			return false;
		new.text = line;
		rule = strdup(line + strspn(line, " \t"));
		if (rule && strchr(rule, '\n'))
			*strchr(rule, '\n') = 0;
		new.has_rule = !says_nothing(line);
		new.rule = rule;
		new.tree = j->tree;
		new.name = j->text.file[j->file].name;
		new.hooks = j->hooks;
		new.side = j->side;
		k = rule && (!new.has_rule || fwt_delta_sees(&j->s.delta, &new)) ?
			fwt_delta_add(&j->s.delta, &new, n) : FWT_NONE;
		free(line);
		free(rule);
		if (k == FWT_NONE)
			return false;
		n = k + 1;
	}
	return true;
}

/* All that differs in a file, as changes of the delta. False for the whole way. */
static bool change_file(struct job *j)
{
	struct fwt_vec hunks = { .size = sizeof(struct fwt_hunk) };
	uint32_t w, i, before;
	const struct fwt_hunk *h;
	bool ok = true;

	for (w = j->w.n; w-- > 0 && ok;) {
		const struct fwt_window *window = &j->w.window[w];

		hunks.count = 0;
		ok = !fwt_hunks_find(window, LINES_MAX, &hunks);
		j->behind = window->now.data + window->now.len;
		for (i = hunks.count; i-- > 0 && ok;) {
			h = (struct fwt_hunk *)hunks.data + i;
			j->gone += h->now.lines;
			j->come += h->new.lines;
			forget_side(j);
			ok = !h->goes_on && j->gone <= LINES_MAX && j->come <= LINES_MAX &&
			     take_away(j, h, &before) && before && put_there(j, h, before);
		}
	}
	free(hunks.data);
	return ok;
}

/* Likewise of all files. */
static bool change(struct job *j)
{
	bool ok = true;

	for (j->file = 0; j->file < j->text.files && ok; j->file++) {
		ok = find_windows(j) && change_file(j);
		fwt_windows_clean(&j->w);
	}
	return ok && (j->gone || j->come) && j->s.delta.added.count <= FWT_DELTA_ADDED_MAX &&
	       j->s.delta.gone.count <= FWT_DELTA_GONE_MAX;
}

static bool has_room(const char *path)
{
	struct fwt_diag diag;
	bool ok;

	fwt_diag_init(&diag);
	ok = session_room(fwt_parse_file(path, &diag, NULL), &diag);
	fwt_diag_clean(&diag);
	return ok;
}

static enum way send(struct job *j, const char *path, uint32_t *generation)
{
	struct fwt_blob blob = { 0 };
	struct fwt_diag diag;
	enum way way = WHOLE;
	uint32_t wrong;
	int ret;

	fwt_diag_init(&diag);
	ret = fwt_delta_build(&j->s.delta, &diag, &wrong, &blob);
	if (!ret && (session_enough(&j->s) || has_room(path)) && still_same(j)) {
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
	struct job j = { .s.nl = *nl, .f.fd = -1 };
	enum way way = WHOLE;

	get_ready();
	fwt_delta_init(&j.s.delta);
	if (strcmp(path, "-") && !session_fetch(&j.s) &&
	    /* Which is refused, and told why, the whole way. */
	    !j.s.trial && fetch_text(&j, path) && change(&j))
		way = send(&j, path, generation);
	/* The conversation is the caller's. */
	*nl = j.s.nl;
	fwt_delta_clean(&j.s.delta);
	fwt_nl_text_clean(&j.text);
	free(j.st);
	free(j.f.buf);
	free(j.tree);
	return way;
}
