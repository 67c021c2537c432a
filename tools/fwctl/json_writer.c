// SPDX-License-Identifier: GPL-2.0
/* Writing JSON, see json_writer.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_writer.h"
#include "source.h"

static char *room(struct jsonw *j, size_t n)
{
	if (n > j->size - j->len) {
		j->size = 2 * j->size + n + 4096;
		j->text = realloc(j->text, j->size);
		if (!j->text) {
			fputs("fwctl: out of memory\n", stderr);
			exit(1);
		}
	}
	return j->text + j->len;
}

static void put(struct jsonw *j, const char *s, size_t len)
{
	memcpy(room(j, len), s, len);
	j->len += len;
}

/* Worst of all is \u001F: six bytes for one. */
static void quoted(struct jsonw *j, const char *s, size_t len)
{
	static const char two[256] = {
		['"'] = '"', ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
		['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't',
	};
	static const char hex[] = "0123456789ABCDEF";
	char *to = room(j, 6 * len + 2), *p = to;
	size_t i;

	*p++ = '"';
	for (i = 0; i < len; i++) {
		unsigned char c = s[i];

		if (two[c]) {
			*p++ = '\\';
			*p++ = two[c];
		} else if (c < 0x20) {
			memcpy(p, "\\u00", 4);
			p[4] = hex[c >> 4];
			p[5] = hex[c & 15];
			p += 6;
		} else {
			*p++ = c;
		}
	}
	*p++ = '"';
	j->len += p - to;
}

/* A comma, where something stands before, and the key. Elements of an outermost
 * array have a line each.
 */
static void begin(struct jsonw *j, const char *key)
{
	int top = j->depth - 1;

	if (top < 0)
		return;
	if (j->filled[top])
		put(j, ",\n", !top && j->kind[0] == '[' ? 2 : 1);
	j->filled[top] = true;
	if (j->kind[top] == '[')
		return;
	quoted(j, key, strlen(key));
	put(j, ":", 1);
}

void jsonw_open(struct jsonw *j, const char *key, char kind)
{
	if (j->depth == JSONW_DEPTH_MAX)
		abort();
	begin(j, key);
	put(j, &kind, 1);
	j->kind[j->depth] = kind;
	j->filled[j->depth++] = false;
}

void jsonw_close(struct jsonw *j)
{
	put(j, j->kind[--j->depth] == '{' ? "}" : "]", 1);
}

static bool is_utf8(const char *s, size_t len)
{
	size_t i, n;

	for (i = 0; i < len; i += n) {
		/* NUL is a character of JSON's. */
		n = s[i] ? fwt_utf8(s + i, len - i) : 1;
		if (!n)
			return false;
	}
	return true;
}

void jsonw_str(struct jsonw *j, const char *key, const char *s, size_t len)
{
	size_t from, i;

	if (!s) {
		jsonw_word(j, key, "null");
		return;
	}
	begin(j, key);
	from = j->len;
	quoted(j, s, len);
	if (is_utf8(s, len))
		return;
	for (i = from; i < j->len; i++)
		if (j->text[i] & 0x80)
			j->text[i] = '?';
}

void jsonw_int(struct jsonw *j, const char *key, int64_t value)
{
	uint64_t n = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	char buf[24], *p = buf + sizeof(buf);

	do {
		p--;
		*p = '0' + n % 10;
	} while (n /= 10);
	if (value < 0)
		*--p = '-';
	begin(j, key);
	put(j, p, buf + sizeof(buf) - p);
}

void jsonw_real(struct jsonw *j, const char *key, double value)
{
	char buf[40];

	snprintf(buf, sizeof(buf) - 2, "%.16g", value);
	if (!strpbrk(buf, ".e"))
		strcat(buf, ".0");
	jsonw_word(j, key, buf);
}

void jsonw_word(struct jsonw *j, const char *key, const char *word)
{
	begin(j, key);
	put(j, word, strlen(word));
}

void jsonw_take(struct jsonw *j)
{
	/* One policy's text is large, what comes after it is not. */
	if (j->size > 1u << 20) {
		free(j->text);
		j->text = NULL;
		j->size = 0;
	}
	j->len = 0;
}
