// SPDX-License-Identifier: GPL-2.0
/* The print layer, see out.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <jansson.h>

#include "diag.h"
#include "out.h"

#define DEPTH_MAX	16
#define COLUMNS_MAX	16
/* Rows of which the widths are taken together. */
#define ROWS_MAX	2000

static struct {
	bool json;
	bool stream;		/* the outermost thing is an array */
	bool begun;		/* something was written to standard output */
	bool first;
	int depth;
	json_t *stack[DEPTH_MAX];

	const struct out_column *columns;
	size_t n_columns;
	size_t width[COLUMNS_MAX];
	char **cell;
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

static json_t *string(const char *s, size_t len)
{
	json_t *v;
	char *copy;
	size_t i;

	if (!s)
		return need(json_null());
	v = json_stringn(s, len);
	if (v)
		return v;
	/* Not UTF-8. */
	copy = need(strndup(s, len));
	for (i = 0; copy[i]; i++)
		if ((unsigned char)copy[i] >= 0x80)
			copy[i] = '?';
	v = need(json_string(copy));
	free(copy);
	return v;
}

static void put(const char *key, json_t *v)
{
	json_t *top = out.stack[out.depth - 1];
	int ret;

	if (json_is_array(top))
		ret = json_array_append_new(top, v);
	else
		ret = json_object_set_new_nocheck(top, key, v);
	need(ret ? NULL : top);
}

static void dump(const json_t *v)
{
	json_dumpf(v, stdout, JSON_COMPACT | JSON_REAL_PRECISION(16));
	out.begun = true;
}

static void open_value(const char *key, json_t *v)
{
	need(v);
	if (out.depth == DEPTH_MAX)
		abort();
	if (!out.depth) {
		out.stream = json_is_array(v);
		out.first = true;
	} else {
		put(key, json_incref(v));
	}
	out.stack[out.depth++] = v;
}

void out_object(const char *key)
{
	if (out.json)
		open_value(key, json_object());
}

void out_array(const char *key)
{
	if (out.json)
		open_value(key, json_array());
}

void out_end(void)
{
	json_t *v;

	if (!out.json)
		return;
	v = out.stack[--out.depth];
	if (!out.depth) {
		if (out.stream)
			fputs(out.first ? "[]" : "]", stdout);
		else
			dump(v);
		putchar('\n');
	} else if (out.depth == 1 && out.stream) {
		/* Not before the first element: an error may come instead. */
		fputs(out.first ? "[" : ",\n", stdout);
		out.first = false;
		dump(v);
		json_array_clear(out.stack[0]);
	}
	json_decref(v);
}

void out_str(const char *key, const char *value)
{
	if (out.json)
		put(key, string(value, value ? strlen(value) : 0));
}

void out_strn(const char *key, const char *value, size_t len)
{
	if (out.json)
		put(key, string(value, len));
}

void out_num(const char *key, uint64_t value)
{
	/* JSON's integers here are signed; no count gets there. */
	if (out.json)
		put(key, need(json_integer(value > INT64_MAX ? INT64_MAX :
					   (json_int_t)value)));
}

void out_time(const char *key, uint64_t ns)
{
	if (out.json)
		put(key, need(json_real((double)(ns / 1000) / 1e6)));
}

void out_flush(void)
{
	fflush(stdout);
}

void out_bool(const char *key, bool value)
{
	if (out.json)
		put(key, json_boolean(value));
}

void out_null(const char *key)
{
	if (out.json)
		put(key, json_null());
}

/* Text */

const char *out_clean(char *buf, size_t size, const char *text, size_t len)
{
	size_t i, n = 0;
	bool blank = false;

	for (i = 0; i < len && text[i] && n + 1 < size; i++) {
		unsigned char c = text[i];

		if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
			blank = n;
			continue;
		}
		if (blank && n + 2 < size)
			buf[n++] = ' ';
		blank = false;
		buf[n++] = c < 0x20 || c == 0x7f ? '?' : c;
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
		printf("%*s", (int)pad, "");
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
		printf("%*s", (int)pad, "");
	*used += n + pad;
}

static void print_row(char *const *cell)
{
	size_t i, used = 0;

	for (i = 0; i < out.n_columns; i++)
		print_cell(cell[i], i, &used);
	putchar('\n');
}

static void flush_rows(void)
{
	char *head[COLUMNS_MAX];
	size_t i, k, n;

	for (i = 0; i < out.n_columns; i++) {
		head[i] = (char *)out.columns[i].head;
		if (!out.headed)
			out.width[i] = chars(head[i]);
		for (k = 0; k < out.rows; k++) {
			n = chars(out.cell[k * out.n_columns + i]);
			if (n > out.width[i])
				out.width[i] = n;
		}
	}
	if (!out.headed)
		print_row(head);
	out.headed = true;
	for (k = 0; k < out.rows; k++)
		print_row(&out.cell[k * out.n_columns]);
	for (k = 0; k < out.rows * out.n_columns; k++)
		free(out.cell[k]);
	out.rows = 0;
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
	if (out.json)
		return;
	if (out.at == out.n_columns)
		abort();
	out.cell[out.rows * out.n_columns + out.at++] = need(strdup(s));
}

void out_cell_num(const char *key, enum out_style style, uint64_t value)
{
	char buf[OUT_HUMAN];

	if (key)
		out_num(key, value);
	add_cell(out_human(buf, sizeof(buf), style, value));
}

void out_cell_str(const char *key, const char *value)
{
	char buf[512];

	if (key)
		out_str(key, value);
	add_cell(value ? out_clean(buf, sizeof(buf), value, strlen(value)) : "-");
}

void out_cell_text(const char *fmt, ...)
{
	char buf[512], clean[512];
	va_list args;

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
	out.cell = NULL;
}

/* Errors */

static json_t *entry_json(const struct fwt_diag_entry *e)
{
	json_t *o = need(json_object());

	json_object_set_new(o, "severity", string(fwt_severity_name(e->severity),
						  strlen(fwt_severity_name(e->severity))));
	json_object_set_new(o, "message", string(e->message, strlen(e->message)));
	if (e->file)
		json_object_set_new(o, "file", string(e->file, strlen(e->file)));
	if (e->line)
		json_object_set_new(o, "line", json_integer(e->line));
	if (e->column)
		json_object_set_new(o, "column", json_integer(e->column));
	if (e->hint)
		json_object_set_new(o, "hint", string(e->hint, strlen(e->hint)));
	return o;
}

/* What was begun is given up, unless some of it is out already. */
static void print_errors(json_t *errors)
{
	json_t *root = need(json_object()), *e, *first = json_array_get(errors, 0);
	size_t i;

	json_array_foreach(errors, i, e) {
		if (strcmp(json_string_value(json_object_get(e, "severity")),
			   "error") == 0) {
			first = e;
			break;
		}
	}
	json_object_set(root, "error", first);
	json_object_set_new(root, "errors", errors);
	if (out.depth)
		json_decref(out.stack[0]);
	out.depth = 0;
	dump(root);
	putchar('\n');
	json_decref(root);
}

static int error(struct fwt_diag_entry *e, const char *fmt, va_list args)
{
	char buf[1024], clean[1024];
	json_t *errors;

	vsnprintf(buf, sizeof(buf), fmt, args);
	e->message = (char *)out_clean(clean, sizeof(clean), buf, strlen(buf));
	if (out.json && !out.begun) {
		errors = need(json_array());
		json_array_append_new(errors, entry_json(e));
		print_errors(errors);
		return 1;
	}
	fflush(stdout);
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

int out_error_at(const char *source, unsigned int column, size_t len,
		 const char *hint, const char *fmt, ...)
{
	struct fwt_diag_entry e = {
		.severity = FWT_ERROR, .hint = (char *)hint, .column = column + 1,
	};
	char clean[1024];
	va_list args;
	size_t i;

	va_start(args, fmt);
	error(&e, fmt, args);
	va_end(args);
	if (out.json)
		return 1;
	fprintf(stderr, "  %s\n  %*s^", out_clean(clean, sizeof(clean), source, strlen(source)),
		(int)column, "");
	for (i = 1; i < len; i++)
		fputc('~', stderr);
	fputc('\n', stderr);
	return 1;
}

int out_diag_errors(const struct fwt_diag *diag)
{
	json_t *errors;
	size_t i;

	if (!out.json) {
		fflush(stdout);
		fwt_diag_print(diag, stderr);
		return 1;
	}
	errors = need(json_array());
	for (i = 0; i < diag->count; i++)
		json_array_append_new(errors, entry_json(&diag->entries[i]));
	if (!diag->count)
		return out_error(NULL, "out of memory");
	print_errors(errors);
	return 1;
}

void out_diag_warnings(const struct fwt_diag *diag)
{
	size_t i;

	if (!out.json) {
		fwt_diag_print(diag, stderr);
		return;
	}
	out_array("warnings");
	for (i = 0; i < diag->count; i++)
		put(NULL, entry_json(&diag->entries[i]));
	out_end();
}
