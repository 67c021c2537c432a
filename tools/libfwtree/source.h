/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The texts that a policy was read from. They are kept as long as the policy:
 * messages quote them, and the program carries them into the kernel for
 * "fwctl show policy".
 */
#ifndef FWT_SOURCE_H
#define FWT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ast.h"

struct fwt_diag;

/**
 * struct fwt_source - one file
 * @name: as the user or "include" named it, "<stdin>" for standard input
 * @dir: the directory that its includes are relative to, "" for the working one
 * @text: its bytes, followed by two NULs that are not counted
 * @len: bytes
 * @lines: the offset at which each line begins
 * @line_count: lines, at least 1
 * @included: where the "include" stands; line 0 for the first file
 * @pipe: it came by a pipe or a socket
 */
struct fwt_source {
	char *name;
	char *dir;
	char *text;
	size_t len;
	uint32_t *lines;
	uint32_t line_count;
	struct fwt_loc included;
	uint64_t dev, ino;	/* to know a cycle by whatever name */
	bool pipe;
};

/** struct fwt_sources - all files of a policy, by their index */
struct fwt_sources {
	struct fwt_source **source;
	uint32_t count;
};

struct fwt_sources *fwt_sources_alloc(void);
void fwt_sources_free(struct fwt_sources *sources);

/**
 * fwt_source_read() - read a file and add it
 * @sources: the policy's
 * @path: the file, "-" for standard input
 * @dir: base directory for standard input, or NULL
 * @included: where it was asked for, or NULL
 * @diag: told of what fails
 *
 * A pipe is read until its writers are gone. One that nobody writes to is given ten
 * seconds, and is an error then.
 *
 * Return: the new source's index or -1. A text that is not UTF-8, or holds a
 * NUL, is reported and read all the same.
 */
int fwt_source_read(struct fwt_sources *sources, const char *path, const char *dir,
		    const struct fwt_loc *included, struct fwt_diag *diag);

/**
 * fwt_source_read_policy() - the same of a policy, or what it includes
 *
 * A pipe or standard input by which nothing came is an error: whoever was to write has
 * failed, and an empty policy lets everything pass.
 */
int fwt_source_read_policy(struct fwt_sources *sources, const char *path, const char *dir,
			   const struct fwt_loc *included, struct fwt_diag *diag);

/** fwt_source_once() - it can't be read twice: standard input, or no regular file */
bool fwt_source_once(const char *path);

/** fwt_source_dir() - what includes of a file are relative to; allocated, NULL: no memory */
char *fwt_source_dir(const char *path);

/** fwt_source_add() - the same for bytes in memory, which are copied */
int fwt_source_add(struct fwt_sources *sources, const char *name, const char *dir,
		   const char *text, size_t len, struct fwt_diag *diag);

/**
 * fwt_utf8() - the UTF-8 sequence (RFC 3629) that a text begins with
 * @left: bytes there are
 *
 * Return: its length; 0 where there is none, or a NUL.
 */
size_t fwt_utf8(const char *text, size_t left);

/**
 * fwt_utf8_shown() - the character that a text begins with, for a terminal
 * @left: bytes there are, at least 1
 * @safe: set where it may be shown: it is UTF-8, and no control character, of which
 *	U+0080 to U+009F are some
 *
 * Return: its bytes; 1 where there is none.
 */
size_t fwt_utf8_shown(const char *text, size_t left, bool *safe);

/**
 * fwt_source_line() - a line of text
 * @len: receives its length without the newline
 *
 * Return: its beginning (not NUL-terminated), NULL where there is no such line.
 */
const char *fwt_source_line(const struct fwt_sources *sources, const struct fwt_loc *loc,
			    size_t *len);

/** fwt_source_name() - the name of a loc's file, NULL for none */
const char *fwt_source_name(const struct fwt_sources *sources, const struct fwt_loc *loc);

/**
 * fwt_source_path() - a path written in a file, relative to that file
 *
 * Return: allocated, NULL: no memory.
 */
char *fwt_source_path(const struct fwt_sources *sources, uint32_t file, const char *path);

#endif /* FWT_SOURCE_H */
