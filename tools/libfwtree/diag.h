/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is wrong with a policy: collected while it is read and compiled, printed
 * or handed on as JSON at the end.
 *
 * A struct fwt_diag copies every text it is given and outlives the policy. The
 * source line under a message is copied too, so printing needs no file.
 */
#ifndef FWT_DIAG_H
#define FWT_DIAG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct fwt_loc;
struct fwt_sources;

enum fwt_severity {
	FWT_ERROR,
	FWT_WARNING,
	FWT_NOTE,	/* explains the message before it */
};

/*
 * So many of each severity are kept; the rest is counted. Fifty screens of
 * errors say no more than one, and a file of 255 MiB may have millions.
 */
#define FWT_DIAG_MAX	50

/**
 * struct fwt_diag_entry - one message
 * @message: what is wrong, without a full stop
 * @file: as the user named it, NULL where the message has no place
 * @line: from 1, 0 for none
 * @column: from 1, in characters
 * @end_column: one behind the last character marked
 * @hint: what helps, or NULL: "did you mean 'dport'?"
 * @source: the line of text, without its newline, or NULL
 */
struct fwt_diag_entry {
	enum fwt_severity severity;
	char *message;
	char *file;
	uint32_t line;
	uint32_t column;
	uint32_t end_column;
	char *hint;
	char *source;
	uint64_t key;		/* place, to say one thing about it */
};

/**
 * struct fwt_diag - a collector
 * @entries: in the order reported
 * @count: entries
 * @errors: all errors, also those not kept
 * @warnings: all warnings
 */
struct fwt_diag {
	struct fwt_diag_entry *entries;
	size_t count;
	size_t size;
	size_t errors;
	size_t warnings;
	bool dropped;		/* the last message was: its notes are, too */
	bool no_memory;
	const struct fwt_sources *sources;
};

/* What helps where a policy is too large. */
#define FWT_SMALLER "rules that differ in one value alone are smaller as one, with a list or a set"

/** fwt_diag_init() - an empty collector */
void fwt_diag_init(struct fwt_diag *diag);

/** fwt_diag_clean() - let go of all messages; the collector may be used again */
void fwt_diag_clean(struct fwt_diag *diag);

/**
 * fwt_diag_sources() - say where texts are to be found
 * @sources: of the policy being worked on, NULL when it ends
 *
 * fwt_parse_*() sets it and leaves it set, fwt_ast_free() does not know of it:
 * messages may be added as long as the policy lives.
 */
void fwt_diag_sources(struct fwt_diag *diag, const struct fwt_sources *sources);

/**
 * fwt_diag_add() - report something
 * @diag: the collector
 * @severity: how bad
 * @loc: where, or NULL
 * @hint: what helps, or NULL; copied
 * @fmt: what, printf-like
 *
 * A second error at the same place is dropped: it is nearly always the echo of
 * the first.
 */
void fwt_diag_add(struct fwt_diag *diag, enum fwt_severity severity,
		  const struct fwt_loc *loc, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

void fwt_diag_vadd(struct fwt_diag *diag, enum fwt_severity severity,
		   const struct fwt_loc *loc, const char *hint, const char *fmt,
		   va_list args);

/**
 * fwt_diag_sort() - bring the messages into the order of their places
 *
 * Files in the order in which they were read; notes stay with their message,
 * and those without a place stand last.
 */
void fwt_diag_sort(struct fwt_diag *diag);

#define fwt_error(diag, loc, ...) \
	fwt_diag_add((diag), FWT_ERROR, (loc), NULL, __VA_ARGS__)
#define fwt_warning(diag, loc, ...) \
	fwt_diag_add((diag), FWT_WARNING, (loc), NULL, __VA_ARGS__)
#define fwt_note(diag, loc, ...) \
	fwt_diag_add((diag), FWT_NOTE, (loc), NULL, __VA_ARGS__)
#define fwt_error_hint(diag, loc, hint, ...) \
	fwt_diag_add((diag), FWT_ERROR, (loc), (hint), __VA_ARGS__)

/** fwt_diag_failed() - whether there was an error */
static inline bool fwt_diag_failed(const struct fwt_diag *diag)
{
	return diag->errors > 0;
}

/**
 * fwt_diag_print() - write all messages
 *
 * FILE:LINE:COLUMN: error: MESSAGE, the line, a caret under the spot, and the
 * hint in brackets behind the message. The CLI's JSON iterates over
 * diag->entries instead.
 */
void fwt_diag_print(const struct fwt_diag *diag, FILE *out);

/** fwt_diag_print_entry() - write one of them */
void fwt_diag_print_entry(const struct fwt_diag_entry *entry, FILE *out);

/** fwt_severity_name() - "error", "warning", "note" */
const char *fwt_severity_name(enum fwt_severity severity);

/**
 * struct fwt_suggest - searches candidates for the one that was meant
 * @word: what was written
 * @best: the nearest so far, or NULL
 * @distance: its edit distance
 */
struct fwt_suggest {
	const char *word;
	const char *best;
	unsigned int distance;
};

/** fwt_suggest_init() - begin a search for @word */
void fwt_suggest_init(struct fwt_suggest *s, const char *word);

/** fwt_suggest_try() - offer a candidate, which must live as long as the search */
void fwt_suggest_try(struct fwt_suggest *s, const char *candidate);

/**
 * fwt_suggest_hint() - the outcome as a hint
 * @buf: receives "did you mean 'dport'?"
 *
 * Return: @buf, or NULL where nothing is near enough (a third of the word's
 * letters may differ, at least one).
 */
const char *fwt_suggest_hint(const struct fwt_suggest *s, char *buf, size_t size);

/**
 * fwt_diag_suggest() - the nearest of a list of words
 * @candidates: ends with NULL
 *
 * Return: the candidate meant, or NULL.
 */
const char *fwt_diag_suggest(const char *word, const char *const *candidates);

#endif /* FWT_DIAG_H */
