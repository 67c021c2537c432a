// SPDX-License-Identifier: GPL-2.0
/*
 * Conditions as questions: are two of them the same one, word by word. What a named
 * set holds or which addresses an interface has need not be known for that.
 */
#include "analyse.h"

static const struct fwt_prog_test *test_of(const struct fwt_sema *s, const struct fwt_cond *cond)
{
	return (const struct fwt_prog_test *)s->b.sec[FWT_SEC_TESTS].data + cond->test;
}

static const struct fwt_prog_set *set_of(const struct fwt_sema *s, u32 index)
{
	return (const struct fwt_prog_set *)s->b.sec[FWT_SEC_SETS].data + index;
}

static const u32 *words_at(const struct fwt_sema *s, u32 off)
{
	return (const u32 *)s->b.sec[FWT_SEC_WORDS].data + off;
}

static u32 set_words(const struct fwt_prog_set *set)
{
	return set->count * (set->kind == FWT_SET_KEYS ? 1 : 2) * set->words;
}

bool fwt_cond_steady(const struct fwt_sema *s, const struct fwt_cond *cond)
{
	if (cond->kind != FWT_COND_TEST) {
		for (cond = cond->inner; cond; cond = cond->next)
			if (!fwt_cond_steady(s, cond))
				return false;
		return true;
	}
	switch (test_of(s, cond)->op) {
	case FWT_TEST_IN:
	case FWT_TEST_EQUAL:
	case FWT_TEST_LESS:
	case FWT_TEST_IFADDR:
	case FWT_TEST_IFNET:
	case FWT_TEST_LIVE:
		return true;
	}
	return false;
}

static bool same_words(const struct fwt_sema *s, u32 a, u32 b, u32 n)
{
	if (a == b)
		return true;
	return a != FWT_NONE && b != FWT_NONE &&
	       !memcmp(words_at(s, a), words_at(s, b), n * sizeof(u32));
}

static bool same_set(const struct fwt_sema *s, u32 a, u32 b)
{
	const struct fwt_prog_set *x = set_of(s, a), *y = set_of(s, b);

	if (a == b)
		return true;
	return a != FWT_NONE && b != FWT_NONE && x->kind == y->kind && x->words == y->words &&
	       x->count == y->count && !memcmp(x->dim, y->dim, sizeof(x->dim)) &&
	       same_words(s, x->data, y->data, set_words(x));
}

static bool same_test(const struct fwt_sema *s, const struct fwt_prog_test *a,
		      const struct fwt_prog_test *b)
{
	const char *string = s->b.sec[FWT_SEC_STRINGS].data;
	u32 words[2] = { 0 }, i;

	if (a->op != b->op || a->flags != b->flags || a->n_fields != b->n_fields ||
	    memcmp(a->field, b->field, a->n_fields))
		return false;
	for (i = 0; i < a->n_fields; i++) {
		words[0] += fwt_field_info[a->field[i]].words;
		words[1] += fwt_field_info[a->field[i]].words6;
	}
	for (i = 0; i < 2; i++)
		if (!same_words(s, a->mask[i], b->mask[i], words[i]))
			return false;
	switch (a->op) {
	case FWT_TEST_IN:
		return same_set(s, a->set[0], b->set[0]) && same_set(s, a->set[1], b->set[1]);
	case FWT_TEST_IFADDR:
	case FWT_TEST_IFNET:
		return !strcmp(string + a->set[0], string + b->set[0]);
	case FWT_TEST_LIVE:
		return a->set[0] == b->set[0] && a->set[1] == b->set[1];
	}
	return true;
}

bool fwt_cond_same(const struct fwt_sema *s, const struct fwt_cond *a, const struct fwt_cond *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == FWT_COND_TEST)
		return a->test == b->test || same_test(s, test_of(s, a), test_of(s, b));
	for (a = a->inner, b = b->inner; a && b; a = a->next, b = b->next)
		if (!fwt_cond_same(s, a, b))
			return false;
	return !a && !b;
}

static u64 hash_test(const struct fwt_sema *s, const struct fwt_prog_test *t, u64 h)
{
	const struct fwt_prog_set *set;
	u32 i;

	h = fwt_hash(h, &t->op, 1);
	h = fwt_hash(h, &t->flags, 1);
	h = fwt_hash(h, t->field, t->n_fields);
	if (t->op == FWT_TEST_LIVE)
		return fwt_hash(h, t->set, sizeof(t->set));
	for (i = 0; t->op == FWT_TEST_IN && i < 2; i++) {
		if (t->set[i] == FWT_NONE)
			continue;
		set = set_of(s, t->set[i]);
		/* That they begin alike is no matter: they are compared then. */
		h = fwt_hash(h, words_at(s, set->data), min(set_words(set), 32u) * sizeof(u32));
	}
	return h;
}

static u64 hash_cond(const struct fwt_sema *s, const struct fwt_cond *cond, u64 h)
{
	u8 kind = (u8)cond->kind;

	h = fwt_hash(h, &kind, 1);
	if (cond->kind == FWT_COND_TEST)
		return hash_test(s, test_of(s, cond), h);
	for (cond = cond->inner; cond; cond = cond->next)
		h = hash_cond(s, cond, h);
	return h;
}

u64 fwt_cond_hash(const struct fwt_sema *s, const struct fwt_cond *cond)
{
	return hash_cond(s, cond, FWT_HASH_SEED);
}

u64 fwt_cond_fields(const struct fwt_sema *s, const struct fwt_cond *cond)
{
	const struct fwt_prog_test *t;
	u64 fields = 0;
	u32 i;

	if (cond->kind == FWT_COND_TEST) {
		t = test_of(s, cond);
		for (i = 0; i < t->n_fields; i++)
			fields |= 1ull << t->field[i];
		return fields;
	}
	for (cond = cond->inner; cond; cond = cond->next)
		fields |= fwt_cond_fields(s, cond);
	return fields;
}
