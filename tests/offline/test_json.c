// SPDX-License-Identifier: GPL-2.0
/*
 * The tool's JSON: byte for byte what jansson makes of the same values, whatever
 * they are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "json_writer.h"

static unsigned int seed;

static unsigned int below(unsigned int n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % n;
}

/* Bytes that mean something to JSON or to UTF-8, right and wrong, among letters. */
static size_t text(char *buf, size_t max)
{
	static const char *const piece[] = {
		"a", "\"", "\\", "/", "\n", "\t", "\r", "\b", "\f", "\x01", "\x1f", "\x7f",
		"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xc3", "\xff", "\xc0\xaf",
		"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80",
	};
	/* most texts have nothing wrong */
	unsigned int kinds = below(4) ? 15 : sizeof(piece) / sizeof(*piece);
	size_t len = 0, n, count = below(max / 4);

	while (count--) {
		const char *p = piece[below(kinds)];

		n = strlen(p);
		memcpy(buf + len, p, n);
		len += n;
	}
	buf[len] = 0;
	return len;
}

static json_t *string(const char *s, size_t len)
{
	json_t *v = json_stringn(s, len);
	char copy[200];
	size_t i;

	if (v)
		return v;
	memcpy(copy, s, len + 1);
	for (i = 0; i < len; i++)
		if (copy[i] & 0x80)
			copy[i] = '?';
	return json_string(copy);
}

static json_t *value(struct jsonw *j, const char *key, int depth);

static json_t *many(struct jsonw *j, const char *key, int depth, bool object)
{
	json_t *all = object ? json_object() : json_array();
	unsigned int n = below(5), i;

	jsonw_open(j, key, object ? '{' : '[');
	for (i = 0; i < n; i++) {
		char name[20];

		snprintf(name, sizeof(name), "k%u\"", i);
		if (object)
			json_object_set_new(all, name, value(j, name, depth + 1));
		else
			json_array_append_new(all, value(j, NULL, depth + 1));
	}
	jsonw_close(j);
	return all;
}

static json_t *value(struct jsonw *j, const char *key, int depth)
{
	static const int64_t ints[] = { 0, 1, -1, 10, 4294967296, INT64_MAX, INT64_MIN };
	char buf[200];
	double real;
	size_t len;

	switch (below(depth < 5 ? 8 : 6)) {
	case 0:
		len = text(buf, sizeof(buf));
		jsonw_str(j, key, buf, len);
		return string(buf, len);
	case 1:
		len = below(sizeof(ints) / sizeof(*ints));
		jsonw_int(j, key, ints[len]);
		return json_integer(ints[len]);
	case 2:
		real = below(2) ? 1795736631.934382 + below(1 << 20) : below(1000);
		jsonw_real(j, key, real);
		return json_real(real);
	case 3:
		jsonw_word(j, key, "true");
		return json_true();
	case 4:
		jsonw_word(j, key, "false");
		return json_false();
	case 5:
		jsonw_str(j, key, NULL, 0);
		return json_null();
	default:
		return many(j, key, depth, below(2));
	}
}

static void test_twin(void **state)
{
	struct jsonw j = { 0 };
	unsigned int i;

	(void)state;
	for (i = 0; i < 20000; i++) {
		json_t *twin;
		char *want;

		seed = i;
		/* an object outermost: lines are for arrays */
		twin = many(&j, NULL, 0, true);
		want = json_dumps(twin, JSON_COMPACT | JSON_REAL_PRECISION(16));
		assert_non_null(want);
		assert_int_equal(j.depth, 0);
		assert_int_equal(j.len, strlen(want));
		assert_memory_equal(j.text, want, j.len);
		free(want);
		json_decref(twin);
		jsonw_take(&j);
	}
	free(j.text);
}

/* A line each for what lies in an outermost array, and nothing else has lines. */
static void test_lines(void **state)
{
	static const char want[] = "[{\"a\":[1,2]},\n{\"a\":[]},\n3]";
	struct jsonw j = { 0 };

	(void)state;
	jsonw_open(&j, NULL, '[');
	jsonw_open(&j, NULL, '{');
	jsonw_open(&j, "a", '[');
	jsonw_int(&j, NULL, 1);
	jsonw_int(&j, NULL, 2);
	jsonw_close(&j);
	jsonw_close(&j);
	jsonw_open(&j, NULL, '{');
	jsonw_open(&j, "a", '[');
	jsonw_close(&j);
	jsonw_close(&j);
	jsonw_int(&j, NULL, 3);
	jsonw_close(&j);
	assert_int_equal(j.len, sizeof(want) - 1);
	assert_memory_equal(j.text, want, j.len);
	free(j.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_twin),
		cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
