// SPDX-License-Identifier: GPL-2.0
/* The print layer, see out.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>

#include "diag.h"
#include "json_writer.h"
#include "out.h"
#include "source.h"

#define COLUMNS_MAX	16
/* Rows of which the widths are taken together. */
#define ROWS_MAX	2000
/* Of standard output: lists are megabytes, and 4 KiB a system call are few. */
#define BUFFER		((size_t)64 << 10)

static struct {
	bool json;
	bool stream;		/* the outermost thing is an array */
	bool begun;		/* something was written to standard output */
	struct jsonw json_text;
	char *buffer;

	const struct out_column *columns;
	size_t n_columns;
	size_t width[COLUMNS_MAX];
	size_t *cell;		/* of rows, where its text begins in @pool */
	char *pool;
	size_t pool_len;
	size_t pool_size;
	size_t rows;
	size_t at;		/* column of the row begun */
	bool headed;
	size_t screen;		/* characters of a line, 0 for any number */
} out;

static void *need(void *p)
{
	if (!p) {
		fputs("fwctl: out of memory\n", stderr);
		exit(1);
	}
	return p;
}

void out_init(bool json)
{
	struct winsize w;

	out.json = json;
	if (isatty(STDOUT_FILENO) && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &w))
		out.screen = w.ws_col;
	else if (!out.buffer)
		setvbuf(stdout, out.buffer = need(malloc(BUFFER)), _IOFBF, BUFFER);
}

bool out_is_json(void)
{
	return out.json;
}

bool out_finish(void)
{
	return !fflush(stdout) && !ferror(stdout);
}

/* JSON */

/* No more text waits for what comes behind it than this. */
#define JSON_KEPT	((size_t)64 << 10)

static void flush_json(void)
{
	fwrite(out.json_text.text, 1, out.json_text.len, stdout);
	jsonw_take(&out.json_text);
	out.begun = true;
}

static void value_done(void)
{
	if (out.json_text.len > JSON_KEPT)
		flush_json();
}

static void open_value(const char *key, char kind)
{
	struct jsonw *j = &out.json_text;

	if (!j->depth)
		out.stream = kind == '[';
	jsonw_open(j, key, kind);
}

void out_object(const char *key)
{
	if (out.json)
		open_value(key, '{');
}

void out_array(const char *key)
{
	if (out.json)
		open_value(key, '[');
}

void out_end(void)
{
	struct jsonw *j = &out.json_text;

	/* An error has taken the place of all that was open. */
	if (!out.json || !j->depth)
		return;
	jsonw_close(j);
	if (!j->depth) {
		jsonw_word(j, NULL, "\n");
		flush_json();
	} else if (j->depth == 1 && out.stream) {
		/* Not before the first element: an error may come instead. */
		flush_json();
	} else {
		value_done();
	}
}

void out_str(const char *key, const char *value)
{
	out_strn(key, value, value ? strlen(value) : 0);
}

void out_strn(const char *key, const char *value, size_t len)
{
	if (!out.json)
		return;
	jsonw_str(&out.json_text, key, value, len);
	value_done();
}

void out_num(const char *key, uint64_t value)
{
	/* JSON's integers are signed for many who read them; no count gets there. */
	if (out.json)
		jsonw_int(&out.json_text, key, value > INT64_MAX ? INT64_MAX :
						      (int64_t)value);
}

void out_time(const char *key, uint64_t ns)
{
	if (out.json)
		jsonw_real(&out.json_text, key, (double)(ns / 1000) / 1e6);
}

bool out_flush(void)
{
	return out_finish();
}

void out_bool(const char *key, bool value)
{
	if (out.json)
		jsonw_word(&out.json_text, key, value ? "true" : "false");
}

void out_null(const char *key)
{
	if (out.json)
		jsonw_word(&out.json_text, key, "null");
}

/* Text */

const char *out_clean(char *buf, size_t size, const char *text, size_t len)
{
	size_t i, n = 0, bytes;
	bool blank = false, safe;

	for (i = 0; i < len && text[i] && n + 1 < size; i += bytes) {
		/* Most of it is. */
		if (text[i] > ' ' && text[i] < 0x7f) {
			bytes = 1;
			safe = true;
		} else {
			bytes = fwt_utf8_shown(text + i, len - i, &safe);
			if (strchr(" \t\n\r", text[i])) {
				blank = n;
				continue;
			}
		}
		if (blank && n + 2 < size)
			buf[n++] = ' ';
		blank = false;
		if (!safe) {
			buf[n++] = '?';
			continue;
		}
		if (n + bytes >= size)
			break;
		memcpy(buf + n, text + i, bytes);
		n += bytes;
	}
	buf[n] = 0;
	return buf;
}

void out_text(const char *fmt, ...)
{
	va_list args;

	if (out.json)
		return;
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
}

void out_raw(const char *text, size_t len)
{
	if (!out.json)
		fwrite(text, 1, len, stdout);
}

const char *out_human(char *buf, size_t size, enum out_style style,
		      uint64_t value)
{
	static const char unit[] = "kMGTPE";
	unsigned long long n = value;
	double v = value;
	int i = -1;

	if (style == OUT_SECONDS) {
		if (value < 60)
			snprintf(buf, size, "%llus", n);
		else if (value < 3600)
			snprintf(buf, size, "%llum %02llus", n / 60,
				 n % 60);
		else if (value < 86400)
			snprintf(buf, size, "%lluh %02llum", n / 3600,
				 n / 60 % 60);
		else
			snprintf(buf, size, "%llud %02lluh", n / 86400,
				 n / 3600 % 24);
		return buf;
	}
	if (style == OUT_PLAIN || (style == OUT_COUNT && value < 10000000)) {
		snprintf(buf, size, "%llu", n);
		return buf;
	}
	while (v >= 999.5) {
		v /= 1000;
		i++;
	}
	if (i < 0)
		snprintf(buf, size, "%llu%s", n,
			 style == OUT_BYTES ? " B" : "");
	else
		snprintf(buf, size, "%.*f %c%s", v < 99.95 ? 1 : 0, v, unit[i],
			 style == OUT_BYTES ? "B" : "");
	return buf;
}

void out_line_num(const char *label, const char *key, enum out_style style,
		  uint64_t value)
{
	char buf[OUT_HUMAN];

	if (out.json)
		out_num(key, value);
	else
		printf("  %-16s %s\n", label,
		       out_human(buf, sizeof(buf), style, value));
}

void out_line_str(const char *label, const char *key, const char *value)
{
	if (out.json)
		out_str(key, value);
	else
		printf("  %-16s %s\n", label, value ? value : "-");
}

/* Tables */

static size_t chars(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

static void put_blanks(size_t n)
{
	static const char blanks[] = "                                ";
	size_t part;

	for (; n; n -= part) {
		part = n < sizeof(blanks) - 1 ? n : sizeof(blanks) - 1;
		fwrite(blanks, 1, part, stdout);
	}
}

static void print_cell(const char *s, size_t i, size_t *used)
{
	const struct out_column *c = &out.columns[i];
	bool last = i + 1 == out.n_columns;
	size_t n = chars(s), pad = out.width[i] > n ? out.width[i] - n : 0;

	if (i) {
		fputs("  ", stdout);
		*used += 2;
	}
	if (c->right)
		put_blanks(pad);
	if (last && !c->right && out.screen && *used + n > out.screen &&
	    *used + 8 < out.screen) {
		/* The last column gives way on a screen. */
		for (n = out.screen - *used - 3; n; s++)
			if ((putchar(*s), (s[1] & 0xc0) != 0x80))
				n--;
		fputs("...", stdout);
		return;
	}
	fputs(s, stdout);
	if (!c->right && !last)
		put_blanks(pad);
	*used += n + pad;
}

static const char *cell_text(size_t row, size_t column)
{
	return out.pool + out.cell[row * out.n_columns + column];
}

static void flush_rows(void)
{
	size_t i, k, n, used = 0;

	for (i = 0; i < out.n_columns; i++) {
		if (!out.headed)
			out.width[i] = chars(out.columns[i].head);
		for (k = 0; k < out.rows; k++) {
			n = chars(cell_text(k, i));
			if (n > out.width[i])
				out.width[i] = n;
		}
	}
	for (i = 0; !out.headed && i < out.n_columns; i++)
		print_cell(out.columns[i].head, i, &used);
	if (!out.headed)
		putchar('\n');
	out.headed = true;
	for (k = 0; k < out.rows; k++) {
		for (i = used = 0; i < out.n_columns; i++)
			print_cell(cell_text(k, i), i, &used);
		putchar('\n');
	}
	out.rows = 0;
	out.pool_len = 0;
}

void out_table(const char *key, const struct out_column *columns, size_t count)
{
	if (out.json) {
		out_array(key);
		return;
	}
	if (count > COLUMNS_MAX)
		abort();
	out.columns = columns;
	out.n_columns = count;
	out.headed = false;
	out.rows = 0;
	out.cell = need(calloc(ROWS_MAX * count, sizeof(*out.cell)));
}

void out_row(void)
{
	out_object(NULL);
	out.at = 0;
}

static void add_cell(const char *s)
{
	size_t len = strlen(s) + 1;

	if (out.at == out.n_columns)
		abort();
	if (len > out.pool_size - out.pool_len) {
		out.pool_size = 2 * out.pool_size + len + 4096;
		out.pool = need(realloc(out.pool, out.pool_size));
	}
	out.cell[out.rows * out.n_columns + out.at++] = out.pool_len;
	memcpy(out.pool + out.pool_len, s, len);
	out.pool_len += len;
}

void out_cell_num(const char *key, enum out_style style, uint64_t value)
{
	char buf[OUT_HUMAN];

	if (key)
		out_num(key, value);
	if (!out.json)
		add_cell(out_human(buf, sizeof(buf), style, value));
}

void out_cell_str(const char *key, const char *value)
{
	char buf[512];

	if (key)
		out_str(key, value);
	if (!out.json)
		add_cell(value ? out_clean(buf, sizeof(buf), value, strlen(value)) : "-");
}

void out_cell_text(const char *fmt, ...)
{
	char buf[512], clean[512];
	va_list args;

	if (out.json)
		return;
	va_start(args, fmt);
	vsnprintf(buf, sizeof(buf), fmt, args);
	va_end(args);
	add_cell(out_clean(clean, sizeof(clean), buf, strlen(buf)));
}

void out_row_end(void)
{
	out_end();
	if (out.json)
		return;
	while (out.at < out.n_columns)
		add_cell("");
	if (++out.rows == ROWS_MAX)
		flush_rows();
}

void out_table_end(void)
{
	out_end();
	if (out.json)
		return;
	flush_rows();
	free(out.cell);
	free(out.pool);
	out.cell = NULL;
	out.pool = NULL;
	out.pool_size = 0;
}

/* Errors */

static void entry_json(const char *key, const struct fwt_diag_entry *e)
{
	out_object(key);
	out_str("severity", fwt_severity_name(e->severity));
	out_str("message", e->message);
	if (e->file)
		out_str("file", e->file);
	if (e->line)
		out_num("line", e->line);
	if (e->column)
		out_num("column", e->column);
	if (e->hint)
		out_str("hint", e->hint);
	out_end();
}

/* Of what nobody reads to its end there are so many more. */
static void more(const char *key, size_t count)
{
	if (count > FWT_DIAG_MAX)
		out_num(key, count - FWT_DIAG_MAX);
}

/* The first error, or what there is, and all of them. What was begun is given up. */
static void print_errors(const struct fwt_diag_entry *e, size_t count,
			 const struct fwt_diag *diag)
{
	size_t i, first = 0;

	for (i = count; i-- > 0;)
		if (e[i].severity == FWT_ERROR)
			first = i;
	jsonw_take(&out.json_text);
	out.json_text.depth = 0;
	out_object(NULL);
	entry_json("error", &e[first]);
	out_array("errors");
	for (i = 0; i < count; i++)
		entry_json(NULL, &e[i]);
	out_end();
	if (diag) {
		more("more_errors", diag->errors);
		more("more_warnings", diag->warnings);
	}
	out_end();
}

/* Errors go to standard error. What has been read already can't be taken back: it ends
 * here, as JSON.
 */
static void to_stderr(void)
{
	struct jsonw *j = &out.json_text;

	if (out.json && j->depth) {
		while (j->depth)
			jsonw_close(j);
		jsonw_word(j, NULL, "\n");
		flush_json();
	}
	fflush(stdout);
}

static int error(struct fwt_diag_entry *e, const char *fmt, va_list args)
{
	char buf[1024], clean[1024];

	vsnprintf(buf, sizeof(buf), fmt, args);
	e->message = (char *)out_clean(clean, sizeof(clean), buf, strlen(buf));
	if (out.json && !out.begun) {
		print_errors(e, 1, NULL);
		return 1;
	}
	to_stderr();
	fprintf(stderr, "fwctl: %s", clean);
	if (e->hint)
		fprintf(stderr, " (%s)", e->hint);
	fputc('\n', stderr);
	return 1;
}

int out_error(const char *hint, const char *fmt, ...)
{
	struct fwt_diag_entry e = { .severity = FWT_ERROR, .hint = (char *)hint };
	va_list args;

	va_start(args, fmt);
	error(&e, fmt, args);
	va_end(args);
	return 1;
}

/* Characters in the first @n bytes, as they are shown. */
static size_t shown(const char *s, size_t n)
{
	size_t count = 0, i;
	bool safe;

	for (i = 0; i < n; i += fwt_utf8_shown(s + i, n - i, &safe))
		count++;
	return count;
}

/* As it was typed, so that the caret stands below its word: a tab below a tab. */
static void print_source(const char *source, size_t column, size_t len)
{
	size_t size = strlen(source), i, n;
	bool safe;

	fputs("  ", stderr);
	for (i = 0; i < size; i += n) {
		n = fwt_utf8_shown(source + i, size - i, &safe);
		if (safe || source[i] == '\t')
			fwrite(source + i, 1, n, stderr);
		else
			fputc(source[i] == '\n' || source[i] == '\r' ? ' ' : '?', stderr);
	}
	fputs("\n  ", stderr);
	for (i = 0; i < column; i += fwt_utf8_shown(source + i, column - i, &safe))
		fputc(source[i] == '\t' ? '\t' : ' ', stderr);
	fputc('^', stderr);
	for (n = shown(source + column, len); n > 1; n--)
		fputc('~', stderr);
	fputc('\n', stderr);
}

int out_error_at(const char *source, unsigned int column, size_t len,
		 const char *hint, const char *fmt, ...)
{
	struct fwt_diag_entry e = {
		.severity = FWT_ERROR, .hint = (char *)hint,
	};
	size_t size = strlen(source);
	va_list args;

	if (column > size)
		column = size;
	if (len > size - column)
		len = size - column;
	e.column = 1 + shown(source, column);
	va_start(args, fmt);
	error(&e, fmt, args);
	va_end(args);
	if (!out.json)
		print_source(source, column, len);
	return 1;
}

/* In one piece: standard error has no buffer, and fifty carets are thousands of writes. */
static void print_diag(const struct fwt_diag *diag)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f) {
		fwt_diag_print(diag, stderr);
		return;
	}
	fwt_diag_print(diag, f);
	if (fclose(f))
		fwt_diag_print(diag, stderr);
	else
		fwrite(text, 1, len, stderr);
	free(text);
}

int out_diag_errors(const struct fwt_diag *diag)
{
	if (!out.json || out.begun) {
		to_stderr();
		print_diag(diag);
		return 1;
	}
	if (!diag->count)
		return out_error(NULL, "out of memory");
	print_errors(diag->entries, diag->count, diag);
	return 1;
}

void out_diag_warnings(const struct fwt_diag *diag)
{
	size_t i;

	if (!out.json) {
		print_diag(diag);
		return;
	}
	out_array("warnings");
	for (i = 0; i < diag->count; i++)
		entry_json(NULL, &diag->entries[i]);
	out_end();
	more("more_warnings", diag->warnings);
}
