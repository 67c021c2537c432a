// SPDX-License-Identifier: GPL-2.0
/*
 * Leaving out what no node asks.
 *
 * Matches become tests, with their sets and words, before it is known how their
 * rules will be found. Of rules that became boxes most tests are asked by nobody
 * any more: a third of a program of 110,000 rules. So whether a test was there
 * before is asked here, of those that stay, and not of each match as it is read.
 */
#include <stdlib.h>

#include "field.h"
#include "foreign.h"
#include "program.h"
#include "set_shape.h"

/* Until a set moves: it stays, and is shared with none. */
#define APART	1

/* What stays: for each element its new number, FWT_NONE for what goes. */
struct sweep {
	struct fwt_builder *b;
	u32 *test, *set;
	struct fwt_vec words;
	struct fwt_index kept;
};

static struct fwt_prog_test *tests(const struct sweep *s)
{
	return s->b->sec[FWT_SEC_TESTS].data;
}

static struct fwt_prog_set *sets(const struct sweep *s)
{
	return s->b->sec[FWT_SEC_SETS].data;
}

/* Is what stands there a set, and not what another operation has there. */
static bool has_set(const struct fwt_prog_test *t, u32 six)
{
	return (t->op == FWT_TEST_IN && t->set[six] != FWT_NONE) ||
	       (fwt_test_picks(t) && !six) ||
	       (t->op == FWT_TEST_LIVE_TREE && six && t->set[six] != FWT_NONE);
}

static bool has_elements(const struct fwt_prog_object *o, u32 six)
{
	return o->kind == FWT_OBJECT_SET && o->param[FWT_SETP_ELEMENTS4 + six] != FWT_NONE;
}

static bool has_trees(const struct fwt_prog_object *o)
{
	return o->kind == FWT_OBJECT_SET && fwt_set_gives_trees(o->param) &&
	       o->param[FWT_SETP_TREES] != FWT_NONE;
}

static void mark(struct sweep *s)
{
	const struct fwt_prog_object *o = s->b->sec[FWT_SEC_OBJECTS].data;
	const struct fwt_prog_mod *m = s->b->sec[FWT_SEC_MODS].data;
	const struct fwt_prog_node *n = s->b->sec[FWT_SEC_NODES].data;
	u32 i, six;

	for (i = 0; i < s->b->sec[FWT_SEC_NODES].count; i++)
		if (n[i].type == FWT_NODE_TEST || n[i].type == FWT_NODE_SELECT)
			s->test[n[i].arg] = 0;
	for (i = 0; i < s->b->sec[FWT_SEC_MODS].count; i++)
		if (fwt_mod_test(&m[i]) != FWT_NONE)
			s->test[fwt_mod_test(&m[i])] = 0;
	for (i = 0; i < s->b->sec[FWT_SEC_TESTS].count; i++) {
		const struct fwt_prog_test *t = &tests(s)[i];

		for (six = 0; six < 2; six++)
			if (!s->test[i] && has_set(t, six))
				s->set[t->set[six]] = 0;
	}
	for (i = 0; i < s->b->sec[FWT_SEC_OBJECTS].count; i++) {
		if (has_trees(&o[i]))
			s->set[o[i].param[FWT_SETP_TREES]] = 0;
		for (six = 0; six < 2; six++)
			if (has_elements(&o[i], six))
				s->set[o[i].param[FWT_SETP_ELEMENTS4 + six]] = APART;
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

struct wanted {
	const struct sweep *s;
	const void *thing;
	const u32 *data;
};

/* Of those that were moved. */
static bool same_set(const void *ctx, u32 n)
{
	const struct wanted *w = ctx;
	const struct fwt_prog_set *set = w->thing, *other = &sets(w->s)[n];
	const u32 *word = w->s->words.data;

	return !memcmp(set, other, offsetof(struct fwt_prog_set, data)) &&
	       other->value == FWT_NONE &&
	       !memcmp(w->data, word + other->data, fwt_set_words(set) * sizeof(u32));
}

static bool same_test(const void *ctx, u32 n)
{
	const struct wanted *w = ctx;

	return !memcmp(&tests(w->s)[n], w->thing, sizeof(struct fwt_prog_test));
}

/* The number of one that is kept and the same, @n if there is none. */
static u32 find(struct sweep *s, u64 hash, bool (*same)(const void *ctx, u32 n),
		const struct wanted *w, u32 n)
{
	u32 at = fwt_index_get(&s->kept, hash, same, w, n);

	if (at != FWT_NONE)
		return at;
	s->b->failed = true;
	return n;
}

static void move_sets(struct sweep *s)
{
	struct fwt_vec *v = &s->b->sec[FWT_SEC_SETS];
	const u32 *word = s->b->sec[FWT_SEC_WORDS].data;
	u32 i, words, kept = 0;

	for (i = 0; i < v->count; i++) {
		struct fwt_prog_set set = sets(s)[i];
		struct wanted w = { s, &set, word + set.data };
		bool apart = set.value != FWT_NONE || s->set[i] == APART;

		if (s->set[i] == FWT_NONE)
			continue;
		words = fwt_set_words(&set);
		s->set[i] = kept;
		if (!apart) {
			u64 hash = fwt_hash(FWT_HASH_SEED, &set,
					    offsetof(struct fwt_prog_set, data));

			hash = fwt_hash(hash, w.data, words * sizeof(u32));
			s->set[i] = find(s, hash, same_set, &w, kept);
		}
		if (s->set[i] != kept)
			continue;
		set.data = move_words(s, set.data, words);
		set.value = move_words(s, set.value, set.count);
		sets(s)[kept++] = set;
	}
	v->count = kept;
	fwt_index_clean(&s->kept);
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
		struct wanted w = { .s = s, .thing = &t };

		if (s->test[i] == FWT_NONE)
			continue;
		for (six = 0; six < 2; six++)
			if (has_set(&t, six))
				t.set[six] = s->set[t.set[six]];
		s->test[i] = find(s, fwt_hash(FWT_HASH_SEED, &t, sizeof(t)), same_test,
				  &w, kept);
		if (s->test[i] == kept)
			tests(s)[kept++] = t;
	}
	v->count = kept;
	fwt_index_clean(&s->kept);
}

/* Last of all: until then masks that are the same are at the same place. */
static void move_masks(struct sweep *s)
{
	u32 i;

	for (i = 0; i < s->b->sec[FWT_SEC_TESTS].count; i++) {
		struct fwt_prog_test *t = &tests(s)[i];
		bool both = t->mask[1] == t->mask[0];

		t->mask[0] = move_words(s, t->mask[0], key_words(t, 0));
		t->mask[1] = both ? t->mask[0] :
			     move_words(s, t->mask[1], key_words(t, 1));
	}
}

/* Values of a map go with its elements, whose number they are. */
static void move_objects(struct sweep *s)
{
	struct fwt_prog_object *o = s->b->sec[FWT_SEC_OBJECTS].data;
	struct fwt_set_shape shape;
	u32 i, six;

	for (i = 0; i < s->b->sec[FWT_SEC_OBJECTS].count; i++) {
		u32 *p = o[i].param;

		if (o[i].kind != FWT_OBJECT_SET || !fwt_set_shape(p, &shape))
			continue;
		if (has_trees(&o[i]))
			p[FWT_SETP_TREES] = s->set[p[FWT_SETP_TREES]];
		for (six = 0; six < 2; six++) {
			u32 set;

			if (!has_elements(&o[i], six))
				continue;
			set = s->set[p[FWT_SETP_ELEMENTS4 + six]];
			p[FWT_SETP_ELEMENTS4 + six] = set;
			p[FWT_SETP_VALUES4 + six] =
				move_words(s, p[FWT_SETP_VALUES4 + six],
					   sets(s)[set].count * shape.value_words[six]);
		}
	}
}

void fwt_builder_sweep(struct fwt_builder *b)
{
	struct fwt_prog_mod *m = b->sec[FWT_SEC_MODS].data;
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
	move_masks(&s);
	move_objects(&s);
	for (i = 0; i < b->sec[FWT_SEC_MODS].count; i++)
		if (fwt_mod_is_update(&m[i]))
			m[i].a = s.test[m[i].a];
		else if (m[i].flags & FWT_MOD_MAP)
			m[i].addr_lo[0] = s.test[m[i].addr_lo[0]];
	for (i = 0; i < b->sec[FWT_SEC_NODES].count; i++)
		if (n[i].type == FWT_NODE_TEST || n[i].type == FWT_NODE_SELECT)
			n[i].arg = s.test[n[i].arg];
	free(b->sec[FWT_SEC_WORDS].data);
	b->sec[FWT_SEC_WORDS] = s.words;
out:
	free(s.test);
	free(s.set);
}
