// SPDX-License-Identifier: GPL-2.0
/*
 * Leaving out what no node asks.
 *
 * Matches become tests, with their sets and words, before it is known how their
 * rules will be found. Of rules that became boxes most tests are asked by nobody
 * any more: a third of a program of 110,000 rules.
 */
#include <stdlib.h>

#include "field.h"
#include "program.h"

/* What stays: for each element its new number, FWT_NONE for what goes. */
struct sweep {
	struct fwt_builder *b;
	u32 *test, *set;
	struct fwt_vec words;
};

static struct fwt_prog_test *tests(const struct sweep *s)
{
	return s->b->sec[FWT_SEC_TESTS].data;
}

static struct fwt_prog_set *sets(const struct sweep *s)
{
	return s->b->sec[FWT_SEC_SETS].data;
}

static void mark(struct sweep *s)
{
	const struct fwt_prog_node *n = s->b->sec[FWT_SEC_NODES].data;
	u32 i, six;

	for (i = 0; i < s->b->sec[FWT_SEC_NODES].count; i++)
		if (n[i].type == FWT_NODE_TEST || n[i].type == FWT_NODE_SELECT)
			s->test[n[i].arg] = 0;
	for (i = 0; i < s->b->sec[FWT_SEC_TESTS].count; i++) {
		const struct fwt_prog_test *t = &tests(s)[i];

		for (six = 0; six < 2; six++)
			if (!s->test[i] && t->op == FWT_TEST_IN && t->set[six] != FWT_NONE)
				s->set[t->set[six]] = 0;
	}
}

/* @n words move; returns where to. */
static u32 move_words(struct sweep *s, u32 from, u32 n)
{
	const u32 *word = s->b->sec[FWT_SEC_WORDS].data;
	u32 at = s->words.count;
	u32 *to;

	if (from == FWT_NONE)
		return FWT_NONE;
	to = fwt_vec_add(&s->words, n);
	if (!to)
		s->b->failed = true;
	else if (n)
		memcpy(to, word + from, n * sizeof(u32));
	return at;
}

static void move_sets(struct sweep *s)
{
	struct fwt_vec *v = &s->b->sec[FWT_SEC_SETS];
	u32 i, kept = 0;

	for (i = 0; i < v->count; i++) {
		struct fwt_prog_set set = sets(s)[i];

		if (s->set[i] == FWT_NONE)
			continue;
		s->set[i] = kept;
		set.data = move_words(s, set.data, set.count * set.words *
				      (set.kind == FWT_SET_KEYS ? 1 : 2));
		set.value = move_words(s, set.value, set.count);
		sets(s)[kept++] = set;
	}
	v->count = kept;
}

static u32 key_words(const struct fwt_prog_test *t, u32 six)
{
	u32 words = 0, i;

	for (i = 0; i < t->n_fields; i++)
		words += six ? fwt_field_info[t->field[i]].words6 :
			       fwt_field_info[t->field[i]].words;
	return words;
}

static void move_tests(struct sweep *s)
{
	struct fwt_vec *v = &s->b->sec[FWT_SEC_TESTS];
	u32 i, six, kept = 0;

	for (i = 0; i < v->count; i++) {
		struct fwt_prog_test t = tests(s)[i];

		if (s->test[i] == FWT_NONE)
			continue;
		s->test[i] = kept;
		for (six = 0; six < 2; six++) {
			if (six && t.mask[1] == tests(s)[i].mask[0])
				t.mask[1] = t.mask[0];
			else
				t.mask[six] = move_words(s, t.mask[six], key_words(&t, six));
			if (t.op == FWT_TEST_IN && t.set[six] != FWT_NONE)
				t.set[six] = s->set[t.set[six]];
		}
		tests(s)[kept++] = t;
	}
	v->count = kept;
}

void fwt_builder_sweep(struct fwt_builder *b)
{
	struct sweep s = { .b = b, .words.size = sizeof(u32) };
	u32 n_tests = b->sec[FWT_SEC_TESTS].count, n_sets = b->sec[FWT_SEC_SETS].count, i;
	struct fwt_prog_node *n = b->sec[FWT_SEC_NODES].data;

	s.test = malloc((n_tests + 1) * sizeof(u32));
	s.set = malloc((n_sets + 1) * sizeof(u32));
	if (!s.test || !s.set) {
		b->failed = true;
		goto out;
	}
	memset(s.test, 0xff, n_tests * sizeof(u32));
	memset(s.set, 0xff, n_sets * sizeof(u32));
	mark(&s);
	move_sets(&s);
	move_tests(&s);
	for (i = 0; i < b->sec[FWT_SEC_NODES].count; i++)
		if (n[i].type == FWT_NODE_TEST || n[i].type == FWT_NODE_SELECT)
			n[i].arg = s.test[n[i].arg];
	free(b->sec[FWT_SEC_WORDS].data);
	b->sec[FWT_SEC_WORDS] = s.words;
out:
	free(s.test);
	free(s.set);
}
