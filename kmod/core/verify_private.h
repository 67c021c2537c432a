/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of the verifier share.
 */
#ifndef FWT_CORE_VERIFY_PRIVATE_H
#define FWT_CORE_VERIFY_PRIVATE_H

#include "set_shape.h"
#include "verify.h"
#include "fwtree_patch.h"

/* As many steps as anything is said to take: more than is allowed. */
#define FWT_STEPS_MANY	(1u << 30)

#define FWT_VERIFY_SOME	0xffffffffu

/**
 * struct fwt_verify_node - what is known of a node
 * @steps: the most that a walk from here can take
 * @stretch: of these, before the next ENTER, or the end of the tree
 * @leg: of these, before the next FOREST
 * @tests: steps of the tests that begin here, up to what is none, or the walk's own
 * @forest: number + 1 of the forest that has a rule here, 0 for none
 * @to: number + 1 of the forest whose FOREST node a walk from here comes to first, 0 for
 *	none, FWT_VERIFY_SOME of several
 * @depth: how deep calls nest from here
 * @returns: a walk can come to a RETURN of the tree that it is in
 * @misses: tests lead from here to MISS
 * @on: a walk can come to a FOREST node
 * @hooks: FWT_HOOK_BIT() of those that reach it
 */
struct fwt_verify_node {
	u32 steps;
	u32 stretch;
	u32 leg;
	u32 tests;
	u32 forest;
	u32 to;
	u8 depth;
	u8 returns;
	u8 misses;
	u8 on;
	u8 hooks;
};

/**
 * struct fwt_verify_forest - what is known of a forest
 * @steps: the most that a look-up can take
 * @count: nodes that begin a rule of it
 * @hooks: of its nodes that the forward pass has come by
 * @rules: of those that the backward pass has come by, together
 */
struct fwt_verify_forest {
	u32 steps;
	u32 count;
	u8 hooks;
	struct fwt_verify_node rules;
};

/**
 * struct fwt_verify - one verification
 * @node: scratch
 * @forest: likewise
 * @cut: likewise: steps from each cut on
 * @stretch: the longest one that begins behind an ENTER, or a call
 * @pools: that were met
 * @budget: elements of sets, branches and leaves that may still be looked at.
 *	They may lie over one another, but not so that verifying them takes more
 *	than a few times what it takes to read the sections
 * @base: of a patch's program: what it is for, or NULL
 * @base_ranges: by object of a patch's program: what a search among the ranges takes
 *	that @base has in that set
 */
struct fwt_verify {
	struct fwt_program *prog;
	struct fwt_verify_error *err;
	struct fwt_verify_node *node;
	struct fwt_verify_forest *forest;
	u32 *cut;
	u32 stretch;
	u32 pools;
	u64 budget;
	const struct fwt_program *base;
	u8 base_ranges[FWT_PATCH_OBJECTS_MAX];
};

/**
 * fwt_verify_for() - likewise, of a patch's program
 * @blob: as fwt_verify() has it
 * @len: likewise
 * @scratch: likewise
 * @base: what the patch is for: its sets are those that are asked; or NULL
 * @prog: likewise
 * @err: likewise
 */
int fwt_verify_for(const void *blob, size_t len, void *scratch, const struct fwt_program *base,
		   struct fwt_program *prog, struct fwt_verify_error *err);

int fwt_verify_refuse(struct fwt_verify *c, int error, u32 section, u32 index,
		      const char *what);

#define refuse fwt_verify_refuse
#define bad(c, section, index, what) refuse(c, -EINVAL, section, index, what)

static inline bool index_ok(const struct fwt_verify *c, u32 section, u32 index)
{
	return index < c->prog->n[section];
}

static inline bool string_ok(const struct fwt_verify *c, u32 off, bool optional)
{
	return (optional && off == FWT_NONE) || index_ok(c, FWT_SEC_STRINGS, off);
}

static inline bool short_enough(const struct fwt_verify *c, u32 off, u32 most)
{
	return strnlen(c->prog->string + off, most + 1) <= most;
}

/* A name, where there is one: it is hashed, copied and compared, by who holds a lock. */
static inline bool name_short(const struct fwt_verify *c, u32 off)
{
	return off == FWT_NONE || short_enough(c, off, FWT_NAME_MAX);
}

/* What stands for interfaces is short: it is looked at to its end, again and again. */
static inline bool ifname_ok(const struct fwt_verify *c, u32 off)
{
	return string_ok(c, off, false) && short_enough(c, off, FWT_IFNAME_PATTERN_MAX);
}

/* @count things of @words words each at @off of WORDS. */
static inline bool words_ok(const struct fwt_verify *c, u32 off, u64 count, u32 words)
{
	return off <= c->prog->n[FWT_SEC_WORDS] &&
	       count * words <= c->prog->n[FWT_SEC_WORDS] - off;
}

static inline int words_cmp(const u32 *a, const u32 *b, u32 words)
{
	u32 i;

	for (i = 0; i < words; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

/* Names of trees, and where they lead. */
static inline bool names_ok(const struct fwt_verify *c, u32 set, bool values)
{
	const struct fwt_prog_set *s;

	if (!index_ok(c, FWT_SEC_SETS, set))
		return false;
	s = &c->prog->set[set];
	return s->kind == FWT_SET_KEYS && s->n_dims == 1 &&
	       s->words == fwt_set_type_words[0][FWT_SET_TYPE_TREE] &&
	       (s->value != FWT_NONE) == values;
}

static inline bool spend(struct fwt_verify *c, u64 elements)
{
	if (elements > c->budget)
		return false;
	c->budget -= elements;
	return true;
}

/* verify_tables.c: all sections but HOOKS, NODES and forests'; of them those that
 * speak of the text: RULES, FILES, STRINGS, COUNTERS, OPTIONS
 */
int fwt_verify_tables(struct fwt_verify *c);
int fwt_verify_records(struct fwt_verify *c);

/* verify_cost.c: steps that a test, and a modifier, is worth */
u32 fwt_verify_test_cost(const struct fwt_verify *c, const struct fwt_prog_test *t);
u32 fwt_verify_mod_cost(const struct fwt_verify *c, const struct fwt_prog_mod *m);

/* What is known of sets that a patch names: before anything costs. */
int fwt_verify_learn_sets(struct fwt_verify *c);

/* verify_objects.c: OBJECTS and SERVERS */
int fwt_verify_objects(struct fwt_verify *c);

/* verify_foreign.c: nodes of other modules and what is said of them; tests by them and
 * modifiers
 */
int fwt_verify_foreign(struct fwt_verify *c);
int fwt_verify_foreign_test(struct fwt_verify *c, u32 test);
int fwt_verify_foreign_effect(struct fwt_verify *c, u32 mod);

/* Is it none that stands for what a select does. */
bool fwt_verify_foreign_mod(const struct fwt_verify *c, u32 mod);

/* FWT_HOOK_BIT() of those that a test says it is for. */
u8 fwt_verify_foreign_hooks(const struct fwt_verify *c, const struct fwt_prog_test *t);

/* verify_forest.c: forests, trees, cuts and boxes; after the nodes' tests. */
int fwt_verify_forests(struct fwt_verify *c);

#endif /* FWT_CORE_VERIFY_PRIVATE_H */
