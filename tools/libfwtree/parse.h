/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Policy text -> tree. Re-entrant; nothing here exits or prints.
 */
#ifndef FWT_PARSE_H
#define FWT_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fwt_diag;
struct fwt_policy_ast;
struct fwt_progress;

/* Blocks within blocks; the kernel's own limit on depth is of this order */
#define FWT_PARSE_DEPTH_MAX	64
/* Files within files */
#define FWT_PARSE_INCLUDE_MAX	16
/* All files of a policy: includes of includes double quickly */
#define FWT_PARSE_FILES_MAX	4096
/* A policy of a million rules is 70 to 110 MB; more than this is not a policy. Lines and
 * columns have as many bits: struct fwt_loc
 */
#define FWT_PARSE_FILE_MAX	(255u << 20)
/* IFNAMSIZ is 16, ids and names of sets are shown in tables */
#define FWT_PARSE_WORD_MAX	255
/* Strings: paths, bpf expressions */
#define FWT_PARSE_TEXT_MAX	4096
/* Values that uses of $name may copy, so that doubling defines end somewhere */
#define FWT_PARSE_COPIES_MAX	(1u << 20)

/**
 * struct fwt_parse_files - a policy whose files are not those of the file system
 * @n: how many
 * @file: in the order in which they are read, by the names that they were read by
 */
struct fwt_parse_files {
	uint32_t n;
	struct fwt_parse_given {
		const char *name;
		char *text;
		size_t len;
	} *file;
};

/**
 * struct fwt_parse_opts - how to read
 * @files: where "include" and "elements file" look, also for patterns, in place of the
 *	file system; or NULL. The first one is what is parsed
 * @no_include: refuse "include" and "elements file" (text that came from
 *	elsewhere)
 * @base: the directory that "include" in a buffer or standard input is
 *	relative to; NULL is the working directory
 * @progress: told how far it is, or NULL
 */
struct fwt_parse_opts {
	const struct fwt_parse_files *files;
	bool no_include;
	const char *base;
	const struct fwt_progress *progress;
};

/**
 * fwt_parse_file() - read a policy and what it includes
 * @path: the file, "-" for standard input
 * @diag: receives what is wrong; fwt_diag_failed() says whether there is any
 * @opts: NULL for the usual
 *
 * All errors are reported in one run. The tree is returned also where there
 * were errors, with FWT_VALUE_ERROR, FWT_AST_FIELD_ERROR and FWT_END_ERROR in
 * their places: fwt_compile() adds its own errors to them, and makes nothing.
 *
 * Return: the tree, to be freed with fwt_ast_free(); NULL where the file could
 * not be read or memory ran out, which is reported as well.
 */
struct fwt_policy_ast *fwt_parse_file(const char *path, struct fwt_diag *diag,
				      const struct fwt_parse_opts *opts);

/**
 * fwt_parse_buffer() - the same for text in memory
 * @name: shown as the file's name
 * @text: need not end in a NUL; copied
 */
struct fwt_policy_ast *fwt_parse_buffer(const char *name, const char *text, size_t len,
					struct fwt_diag *diag,
					const struct fwt_parse_opts *opts);

#endif /* FWT_PARSE_H */
