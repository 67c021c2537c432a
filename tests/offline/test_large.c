// SPDX-License-Identifier: GPL-2.0
/*
 * What is done differently where there is much of it, held against the plain way:
 * arrays that grow where they are, cuts that are sorted digit by digit, and one
 * understanding of a policy for its analysis and its program.
 *
 * FWT_POLICIES says of how many policies (default 20), FWT_SEED the first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "analyse.h"
#include "compile.h"
#include "gen_policy.h"
#include "parse.h"
#include "prove_space.h"

static u64 state_of = 1;

static u64 draw(void)
{
	state_of ^= state_of << 13;
	state_of ^= state_of >> 7;
	state_of ^= state_of << 17;
	return state_of;
}

/* Arrays */

static void array(u32 size, u32 count)
{
	struct fwt_vec v = { .size = size };
	u32 i, k, moved = 0, spacious = 0;
	const void *was = NULL;
	u8 *e;

	for (i = 0; i < count; i++) {
		e = fwt_vec_add(&v, 1);
		assert_non_null(e);
		for (k = 0; k < size; k++)
			assert_int_equal(e[k], 0);
		memset(e, (int)(i * 31 + 7), size);
		/* From a megabyte on it stays where it is. */
		if (v.data != was && (u64)v.room * size >= 2u << 20)
			moved++;
		spacious += (u64)v.room * size >= 2u << 20;
		was = v.data;
	}
	for (i = 0; i < count; i++) {
		e = (u8 *)v.data + (size_t)i * size;
		for (k = 0; k < size; k++)
			assert_int_equal(e[k], (u8)(i * 31 + 7));
	}
	assert_true(spacious > count / 4);
	assert_in_range(moved, 0, 1);
	assert_true(fwt_vec_reserve(&v, count));
	assert_true(v.room >= 2 * count);
	for (i = 0; i < count; i += 97)
		assert_int_equal(*((u8 *)v.data + (size_t)i * size), (u8)(i * 31 + 7));
	free(v.data);
}

static void arrays(void **state)
{
	struct fwt_vec v = { .size = 24 };

	(void)state;
	array(4, 900000);
	array(7, 500000);
	array(32, 120000);
	/* More than a program may have is refused, and what is there stays. */
	assert_non_null(fwt_vec_add(&v, 5));
	memset(v.data, 3, 5 * 24);
	assert_null(fwt_vec_add(&v, 0x10000000));
	assert_false(fwt_vec_reserve(&v, 0xfffffff0));
	assert_int_equal(v.count, 5);
	assert_int_equal(*((u8 *)v.data + 119), 3);
	free(v.data);
}

/* Cuts */

static int by_value(const void *a, const void *b)
{
	return fwt_wide_cmp(*(const struct fwt_wide *)a, *(const struct fwt_wide *)b);
}

static struct fwt_wide value(u32 width, u32 few)
{
	struct fwt_wide v = { draw(), draw() };

	if (few)
		v = fwt_wide(v.h % few, v.l % few);
	if (width < 128)
		v.h = width > 64 ? v.h & ((1ull << (width - 64)) - 1) : 0;
	if (width < 64)
		v.l &= (1ull << width) - 1;
	return v;
}

static void cuts_of(u32 axis, u32 count, u32 few)
{
	struct fwt_space *sp = calloc(1, sizeof(*sp));
	struct fwt_wide *all, *is, swap;
	u32 i, n, width;

	assert_non_null(sp);
	assert_int_equal(fwt_space_init(sp, 1000), 0);
	width = sp->axis[axis].width;
	for (i = 0; i < count; i++) {
		struct fwt_wide a = value(width, few), b = value(width, few);

		if (fwt_wide_cmp(a, b) > 0) {
			swap = a;
			a = b;
			b = swap;
		}
		fwt_space_cut(sp, axis, a, b);
	}
	n = sp->axis[axis].cut.count;
	assert_int_equal(n, 2 * count);
	all = calloc(n + 1, sizeof(*all));
	assert_non_null(all);
	memcpy(all + 1, sp->axis[axis].cut.data, n * sizeof(*all));
	qsort(all, n + 1, sizeof(*all), by_value);
	assert_int_equal(fwt_space_fix(sp), 0);
	is = sp->axis[axis].cut.data;
	for (i = 0, n = 0; i < 2 * count + 1; i++)
		if (!i || fwt_wide_cmp(all[i], all[i - 1])) {
			assert_true(n < sp->axis[axis].cut.count);
			assert_int_equal(fwt_wide_cmp(is[n], all[i]), 0);
			n++;
		}
	assert_int_equal(n, sp->axis[axis].cut.count);
	free(all);
	fwt_space_clean(sp);
	free(sp);
}

static void cuts(void **state)
{
	/* 8, 16, 32, 48 and 128 bits wide; nothing else of the policy cuts them. */
	static const u32 axes[] = {
		FWT_AXIS_TTL, FWT_AXIS_SPORT, FWT_AXIS_SADDR4, FWT_AXIS_ETHER_SADDR,
		FWT_AXIS_SADDR6,
	};
	static const u32 counts[] = { 1, 2, 31, 32, 33, 500, 5000 };
	u32 i, k;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(axes); i++)
		for (k = 0; k < ARRAY_SIZE(counts); k++) {
			cuts_of(axes[i], counts[k], 0);
			cuts_of(axes[i], counts[k], 300);
		}
}

/* One understanding */

struct seen {
	struct fwt_analyse_opts opts;
	struct fwt_diag diag;
	struct fwt_analysis found;
	u32 calls;
};

static void analyse(void *ctx, struct fwt_sema *s)
{
	struct seen *seen = ctx;

	seen->calls++;
	assert_int_equal(fwt_analyse_understood(s, &seen->diag, &seen->opts, &seen->found), 0);
}

static void same_findings(const struct fwt_diag *a, const struct fwt_diag *b)
{
	size_t i;

	assert_int_equal(a->count, b->count);
	for (i = 0; i < a->count; i++) {
		assert_int_equal(a->entries[i].line, b->entries[i].line);
		assert_string_equal(a->entries[i].message, b->entries[i].message);
	}
}

static void one_understanding(void **state)
{
	const char *many = getenv("FWT_POLICIES"), *first = getenv("FWT_SEED");
	u64 n = many ? strtoull(many, NULL, 0) : 20, seed = first ? strtoull(first, NULL, 0) : 1;
	u32 told = 0, compiled = 0;
	u64 i;

	(void)state;
	for (i = 0; i < n; i++) {
		struct fwt_blob plain = { 0 }, with = { 0 };
		struct fwt_diag diag, apart;
		struct fwt_analysis found;
		struct seen seen = { .opts.budget = i % 2 ? 500 : 100000 };
		struct fwt_compile_opts opts = { .understood = analyse, .ctx = &seen };
		char *text = gen_policy(seed + i);
		struct fwt_policy_ast *ast;

		fwt_diag_init(&diag);
		fwt_diag_init(&apart);
		fwt_diag_init(&seen.diag);
		ast = fwt_parse_buffer("t.fw", text, strlen(text), &diag, NULL);
		assert_non_null(ast);
		/* One in some is refused, and is looked at by nobody. */
		if (fwt_compile(ast, &diag, NULL, &plain)) {
			assert_int_not_equal(fwt_compile(ast, &diag, &opts, &with), 0);
			assert_int_equal(seen.calls, 0);
			goto next;
		}
		compiled++;
		assert_int_equal(fwt_compile(ast, &diag, &opts, &with), 0);
		assert_int_equal(seen.calls, 1);
		assert_int_equal(with.len, plain.len);
		assert_memory_equal(with.data, plain.data, plain.len);
		assert_int_equal(fwt_analyse(ast, &apart, &seen.opts, &found), 0);
		assert_int_equal(seen.found.rules, found.rules);
		assert_int_equal(seen.found.exact, found.exact);
		same_findings(&seen.diag, &apart);
		told += apart.count;
next:
		fwt_blob_free(&plain);
		fwt_blob_free(&with);
		fwt_ast_free(ast);
		fwt_diag_clean(&seen.diag);
		fwt_diag_clean(&apart);
		fwt_diag_clean(&diag);
		free(text);
	}
	assert_true(compiled > n / 2 && told > compiled);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arrays),
		cmocka_unit_test(cuts),
		cmocka_unit_test(one_understanding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
