// SPDX-License-Identifier: GPL-2.0
/*
 * Reading files: whole, checked for UTF-8 once, with a table of lines.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "diag.h"
#include "parse.h"
#include "source.h"

_Static_assert(sizeof(struct fwt_loc) == 12 && FWT_PARSE_FILES_MAX <= 1 << 12 &&
	       FWT_PARSE_FILE_MAX + 2 < 1 << 28, "a place has room for these");

#define FIRST_WRITER	10000	/* ms that a pipe is given until somebody writes to it */

struct fwt_sources *fwt_sources_alloc(void)
{
	return calloc(1, sizeof(struct fwt_sources));
}

static void source_free(struct fwt_source *s)
{
	if (!s)
		return;
	free(s->name);
	free(s->dir);
	free(s->text);
	free(s->lines);
	free(s);
}

void fwt_sources_free(struct fwt_sources *sources)
{
	uint32_t i;

	if (!sources)
		return;
	for (i = 0; i < sources->count; i++)
		source_free(sources->source[i]);
	free(sources->source);
	free(sources);
}

static int await(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int ret;

	do
		ret = poll(&p, 1, ms);
	while (ret < 0 && errno == EINTR);
	return ret;
}

/* All of a descriptor, with two NULs behind it, which the scanner wants. One that does not
 * block says EAGAIN while there is a writer: that is waited for as long as it takes.
 */
static char *slurp(int fd, size_t hint, size_t *len)
{
	size_t size = hint + 4096, used = 0;
	char *text = malloc(size), *more;
	ssize_t n;

	if (text)
		fwt_prefault(text, size);
	while (text) {
		if (used > FWT_PARSE_FILE_MAX) {
			free(text);
			errno = EFBIG;
			return NULL;
		}
		if (size - used < 4096) {
			size *= 2;
			more = realloc(text, size);
			if (!more)
				break;
			text = more;
		}
		n = read(fd, text + used, size - used - 2);
		if (n < 0 && (errno == EINTR || (errno == EAGAIN && await(fd, -1) > 0)))
			continue;
		if (n < 0) {
			int err = errno;

			free(text);
			errno = err;
			return NULL;
		}
		if (!n) {
			memset(text + used, 0, 2);
			*len = used;
			return text;
		}
		used += n;
	}
	free(text);
	errno = ENOMEM;
	return NULL;
}

size_t fwt_utf8(const char *text, size_t left)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t n, i;

	if (p[0] < 0x80)
		return p[0] != 0;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		n = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		n = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (n > left)
		return 0;
	for (i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

size_t fwt_utf8_shown(const char *text, size_t left, bool *safe)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t n = fwt_utf8(text, left);

	*safe = n == 1 ? p[0] >= 0x20 && p[0] != 0x7f : n && (p[0] != 0xc2 || p[1] >= 0xa0);
	return n ? n : 1;
}

#define LOW_BITS	0x0101010101010101ull
#define HIGH_BITS	0x8080808080808080ull

/* The first bad byte says that this is no text; the others would say it again */
static void check_bytes(const struct fwt_source *s, uint32_t file, struct fwt_diag *diag)
{
	const unsigned char *p = (const unsigned char *)s->text;
	uint32_t line = 0;
	struct fwt_loc loc;
	size_t i, n;

	for (i = 0; i < s->len; i += n) {
		uint64_t eight;

		/* Nearly all of it is ASCII. */
		for (; s->len - i >= sizeof(eight); i += sizeof(eight)) {
			memcpy(&eight, p + i, sizeof(eight));
			if (((eight - LOW_BITS) | eight) & HIGH_BITS)
				break;
		}
		if (i == s->len)
			return;
		n = fwt_utf8(s->text + i, s->len - i);
		if (n)
			continue;
		while (line + 1 < s->line_count && s->lines[line + 1] <= i)
			line++;
		loc.file = file;
		loc.line = line + 1;
		loc.column = i - s->lines[line] + 1;
		loc.end_column = loc.column + 1;
		if (p[i])
			fwt_error(diag, &loc, "byte 0x%02x is not UTF-8 text", p[i]);
		else
			fwt_error(diag, &loc, "a NUL byte in the text");
		return;
	}
}

static int index_lines(struct fwt_source *s)
{
	const char *p = s->text, *end = s->text + s->len;
	uint32_t n = 1;

	while ((p = memchr(p, '\n', end - p))) {
		p++;
		n++;
	}
	s->lines = malloc(n * sizeof(*s->lines));
	if (!s->lines)
		return -1;
	s->line_count = n;
	s->lines[0] = 0;
	for (n = 1, p = s->text; (p = memchr(p, '\n', end - p)); n++)
		s->lines[n] = ++p - s->text;
	return 0;
}

/* Takes @text over, and @s whatever the outcome */
static int insert(struct fwt_sources *sources, struct fwt_source *s, const char *name,
		  const char *dir, struct fwt_diag *diag)
{
	struct fwt_source **v;

	s->name = strdup(name);
	s->dir = strdup(dir);
	if (!s->name || !s->dir || index_lines(s))
		goto no_memory;
	v = realloc(sources->source, (sources->count + 1) * sizeof(*v));
	if (!v)
		goto no_memory;
	sources->source = v;
	v[sources->count] = s;
	sources->count++;
	check_bytes(s, sources->count - 1, diag);
	return sources->count - 1;

no_memory:
	source_free(s);
	fwt_error(diag, NULL, "out of memory");
	return -1;
}

int fwt_source_add(struct fwt_sources *sources, const char *name, const char *dir,
		   const char *text, size_t len, struct fwt_diag *diag)
{
	struct fwt_source *s;

	if (len > FWT_PARSE_FILE_MAX) {
		fwt_error_hint(diag, NULL, FWT_SMALLER, "%s: larger than %u MiB", name,
			       FWT_PARSE_FILE_MAX >> 20);
		return -1;
	}
	s = calloc(1, sizeof(*s));
	if (s)
		s->text = malloc(len + 2);
	if (!s || !s->text) {
		free(s);
		fwt_error(diag, NULL, "out of memory");
		return -1;
	}
	memcpy(s->text, text, len);
	memset(s->text + len, 0, 2);
	s->len = len;
	return insert(sources, s, name, dir ? dir : "", diag);
}

/* Everything before the last slash, and that slash */
char *fwt_source_dir(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? strndup(path, slash - path + 1) : strdup("");
}

static int read_error(const char *path, const struct fwt_loc *included,
		      struct fwt_diag *diag)
{
	int err = errno;

	if (err == EFBIG)
		fwt_error_hint(diag, included, FWT_SMALLER, "%s: larger than %u MiB", path,
			       FWT_PARSE_FILE_MAX >> 20);
	else if (err == EPIPE)
		fwt_error(diag, included, "cannot read %s: nobody writes to it", path);
	else
		fwt_error(diag, included, "cannot read %s: %s", path, strerror(err));
	return -1;
}

/* Of a FIFO without a writer read() says 0, and poll() nothing until one has come: so the
 * first one is waited for. EPIPE where none came, which no read() says.
 */
static char *slurp_pipe(int fd, size_t *len)
{
	int ret = await(fd, FIRST_WRITER);
	char *text = ret < 0 ? NULL : slurp(fd, 0, len);

	if (!text || ret || *len)
		return text;
	free(text);
	errno = EPIPE;
	return NULL;
}

int fwt_source_read(struct fwt_sources *sources, const char *path, const char *dir,
		    const struct fwt_loc *included, struct fwt_diag *diag)
{
	bool standard = !strcmp(path, "-");
	struct fwt_source *s;
	struct stat st;
	char *own_dir;
	size_t hint;
	int fd, ret;

	/* O_NONBLOCK: opening a FIFO that nobody writes to must not hang the tool */
	fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return read_error(path, included, diag);
	s = calloc(1, sizeof(*s));
	if (!s || fstat(fd, &st))
		goto error;
	errno = EISDIR;
	if (S_ISDIR(st.st_mode))
		goto error;
	errno = EFBIG;
	if (S_ISREG(st.st_mode) && st.st_size > FWT_PARSE_FILE_MAX)
		goto error;
	if (!standard) {
		s->dev = st.st_dev;
		s->ino = st.st_ino;
	}
	hint = S_ISREG(st.st_mode) && st.st_size > 0 ? (size_t)st.st_size : 0;
	s->pipe = S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode);
	s->text = s->pipe && !standard ? slurp_pipe(fd, &s->len) : slurp(fd, hint, &s->len);
	if (!s->text)
		goto error;
	if (!standard)
		close(fd);
	if (included)
		s->included = *included;
	own_dir = standard ? strdup(dir ? dir : "") : fwt_source_dir(path);
	ret = insert(sources, s, standard ? "<stdin>" : path, own_dir ? own_dir : "", diag);
	free(own_dir);
	return ret;

error:
	ret = read_error(path, included, diag);
	source_free(s);
	if (!standard)
		close(fd);
	return ret;
}

int fwt_source_read_policy(struct fwt_sources *sources, const char *path, const char *dir,
			   const struct fwt_loc *included, struct fwt_diag *diag)
{
	int file = fwt_source_read(sources, path, dir, included, diag);
	const struct fwt_source *s = file < 0 ? NULL : sources->source[file];

	if (!s || s->len || (!s->pipe && strcmp(path, "-")))
		return file;
	fwt_error_hint(diag, included,
		       included ? NULL : "'fwctl flush' removes the policy in force",
		       "%s: nothing came by it", s->name);
	return -1;
}

bool fwt_source_once(const char *path)
{
	struct stat st;

	return !strcmp(path, "-") || (!stat(path, &st) && !S_ISREG(st.st_mode));
}

const char *fwt_source_line(const struct fwt_sources *sources, const struct fwt_loc *loc,
			    size_t *len)
{
	const struct fwt_source *s;
	size_t start, end;

	if (!sources || !loc->line || loc->file >= sources->count)
		return NULL;
	s = sources->source[loc->file];
	if (loc->line > s->line_count)
		return NULL;
	start = s->lines[loc->line - 1];
	end = loc->line < s->line_count ? s->lines[loc->line] - 1 : s->len;
	if (end > start && s->text[end - 1] == '\r')
		end--;
	*len = end - start;
	return s->text + start;
}

const char *fwt_source_name(const struct fwt_sources *sources, const struct fwt_loc *loc)
{
	if (!sources || !loc->line || loc->file >= sources->count)
		return NULL;
	return sources->source[loc->file]->name;
}

char *fwt_source_path(const struct fwt_sources *sources, uint32_t file, const char *path)
{
	const char *dir = file < sources->count ? sources->source[file]->dir : "";
	size_t n = strlen(dir), m = strlen(path);
	bool slash = n && dir[n - 1] != '/';
	char *full;

	if (path[0] == '/')
		return strdup(path);
	full = malloc(n + slash + m + 1);
	if (!full)
		return NULL;
	memcpy(full, dir, n);
	if (slash)
		full[n] = '/';
	memcpy(full + n + slash, path, m + 1);
	return full;
}
