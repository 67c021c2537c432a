/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The print layer: one call makes the text and the JSON.
 *
 * What has a key is in the JSON, what has a label, a column or a format is in
 * the text, and most has both. JSON is written as it comes, an outermost array
 * element by element, so a million connections need no memory; of an object the
 * first 64 KiB are kept back, since an error may come instead. Text goes to
 * standard output as it comes, a table when its columns' widths are known.
 */
#ifndef FWCTL_OUT_H
#define FWCTL_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fwt_diag;

/** out_init() - @json: write JSON instead of text; may be called once more */
void out_init(bool json);
bool out_is_json(void);

/**
 * out_finish() - the end of all output
 *
 * Return: false where standard output could not take it (a full disk, say).
 */
bool out_finish(void);

/* JSON alone. @key is NULL outermost and within an array. */
void out_object(const char *key);
void out_array(const char *key);
void out_end(void);
void out_str(const char *key, const char *value);	/* NULL is null */
void out_strn(const char *key, const char *value, size_t len);
void out_num(const char *key, uint64_t value);
void out_time(const char *key, uint64_t ns);	/* seconds since 1970 */
void out_bool(const char *key, bool value);
void out_null(const char *key);

/* What was written is to be read now. Returns false where all of it, from the first
 * word on, could not be.
 */
bool out_flush(void);

/* Text alone. */
void out_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void out_raw(const char *text, size_t len);

enum out_style {
	OUT_PLAIN,	/* all digits */
	OUT_COUNT,	/* 12.3 M from ten million on */
	OUT_BYTES,	/* 4.1 kB */
	OUT_SECONDS,	/* 1h 2m */
};

/** out_human() - a number as people want it; returns @buf */
const char *out_human(char *buf, size_t size, enum out_style style,
		      uint64_t value);
#define OUT_HUMAN 32

/* A line "label  value". */
void out_line_num(const char *label, const char *key, enum out_style style,
		  uint64_t value);
void out_line_str(const char *label, const char *key, const char *value);

/**
 * struct out_column - of a table
 * @head: what stands above it
 * @right: numbers are set flush right
 */
struct out_column {
	const char *head;
	bool right;
};

/**
 * out_table() - begin a table; in JSON an array of objects
 * @key: of the array
 * @columns: stay until the table ends
 * @count: columns
 */
void out_table(const char *key, const struct out_column *columns, size_t count);
void out_row(void);
/* The next cell of the row; JSON too where there is a key. */
void out_cell_num(const char *key, enum out_style style, uint64_t value);
void out_cell_str(const char *key, const char *value);
void out_cell_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void out_row_end(void);
void out_table_end(void);

/* Errors. They end the program: in JSON one object is all that is written. Where something
 * was written before, that ends, and the error stands on standard error.
 */

/** out_error() - @hint may be NULL; always returns 1, the exit status */
int out_error(const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * out_error_at() - an error of something that was typed
 * @source: the line
 * @column: where in it, in bytes, from 0
 * @len: how much of it, in bytes, for the caret; at least 1
 */
int out_error_at(const char *source, unsigned int column, size_t len,
		 const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/** out_diag_errors() - a policy's errors; returns 1 */
int out_diag_errors(const struct fwt_diag *diag);

/**
 * out_diag_warnings() - its warnings, where it has no errors
 *
 * Text to standard error; in JSON the key "warnings" of the object that is
 * being written.
 */
void out_diag_warnings(const struct fwt_diag *diag);

/** out_clean() - text that shows no control characters, within @size; @buf */
const char *out_clean(char *buf, size_t size, const char *text, size_t len);

#endif /* FWCTL_OUT_H */
