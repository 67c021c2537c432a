/* SPDX-License-Identifier: GPL-2.0 */
/*
 * JSON as it is written: nothing is kept but the text that did not go out yet (as
 * iproute2 has it).
 *
 * Keys stand in the order in which they came. What is put into an object must
 * have a key, what is put into an array has none.
 */
#ifndef FWCTL_JSON_WRITER_H
#define FWCTL_JSON_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSONW_DEPTH_MAX	16

/**
 * struct jsonw - text on its way
 * @text: jsonw_take() it
 * @len: bytes
 * @depth: braces that are open
 * @kind: of each, '{' or '['
 * @filled: of each, whether something is in it
 */
struct jsonw {
	char *text;
	size_t len;
	size_t size;
	int depth;
	char kind[JSONW_DEPTH_MAX];
	bool filled[JSONW_DEPTH_MAX];
};

void jsonw_open(struct jsonw *j, const char *key, char kind);
void jsonw_close(struct jsonw *j);

/** jsonw_str() - a string; what is not UTF-8 becomes '?'; NULL is null */
void jsonw_str(struct jsonw *j, const char *key, const char *s, size_t len);
void jsonw_int(struct jsonw *j, const char *key, int64_t value);

/** jsonw_real() - at least one digit behind the point, so that it stays a real */
void jsonw_real(struct jsonw *j, const char *key, double value);

/** jsonw_word() - true, false, null, or a value that is JSON already */
void jsonw_word(struct jsonw *j, const char *key, const char *word);

/** jsonw_take() - its text, @j->len bytes of it, is out or of no use any more */
void jsonw_take(struct jsonw *j);

#endif /* FWCTL_JSON_WRITER_H */
