/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Building a program, section by section.
 *
 * Nodes are added children first, since a node's successors must be known when
 * it is made; the finished program has them the other way round, so that every
 * successor has a greater index. Until then a node is known by the order in
 * which it was added. Whatever is alike is there once in the end: strings and
 * larger sets from the beginning, tests and single values when it is known which
 * of them stay; but of those a few that were met are remembered, as the protocols
 * and ports of a long policy are few.
 *
 * Memory that runs out is remembered and told by fwt_builder_finish(); until
 * then everything returns numbers that are safe to hand on.
 */
#ifndef FWT_PROGRAM_H
#define FWT_PROGRAM_H

#include "tree.h"
#include "verify.h"

/**
 * struct fwt_blob - a program in memory
 * @data: malloc()ed, aligned to 8
 * @len: bytes
 */
struct fwt_blob {
	void *data;
	size_t len;
};

/** fwt_blob_free() - let go of it */
void fwt_blob_free(struct fwt_blob *blob);

/**
 * struct fwt_vec - an array that grows
 * @room: elements that there is memory for
 * @more: to which @room may grow where it is: address space, of no memory so far
 * @size: bytes of an element
 */
struct fwt_vec {
	void *data;
	u32 count;
	u32 room;
	u32 more;
	u32 size;
};

/* One place of a table: number + 1, 0 where it is free, and 32 bits of the hash.
 * Eight bytes, since what such a table costs is the memory that it touches.
 */
struct fwt_index_slot {
	u32 n;
	u32 hash;
};

/**
 * struct fwt_index - finds what was added before by what it holds
 * @slot: open addressing, at most three quarters full
 */
struct fwt_index {
	struct fwt_index_slot *slot;
	u32 count;
	u32 size;
};

#define FWT_BUILDER_NEAR	2048

/**
 * struct fwt_builder - a program being made
 * @sec: its sections
 * @source: what SOURCE holds, where that lies elsewhere and need not be copied; else NULL
 * @forest: u32: index in FORESTS, by number
 * @near_set: a set of one value, by some bits of its hash: may be any other
 * @near_test: the same of tests that look into a set
 * @flags: FWT_PROGRAM_*
 * @failed: no memory
 */
struct fwt_builder {
	struct fwt_vec sec[__FWT_SEC_MAX];
	const void *source;
	struct fwt_vec forest;
	struct fwt_index strings, sets, words;
	u32 near_set[FWT_BUILDER_NEAR];
	u32 near_test[FWT_BUILDER_NEAR];
	u32 flags;
	bool failed;
};

void fwt_builder_init(struct fwt_builder *b);
void fwt_builder_clean(struct fwt_builder *b);

/** fwt_builder_copy() - one of its own; false: no memory, and @to is clean */
bool fwt_builder_copy(struct fwt_builder *to, const struct fwt_builder *from);

/** fwt_hash() - FNV-1a, 64 bits, of @len bytes, going on from @seed */
u64 fwt_hash(u64 seed, const void *data, size_t len);
#define FWT_HASH_SEED	0xcbf29ce484222325ull

/**
 * fwt_index_get() - find, or take a place for, a thing
 * @index: the table
 * @hash: of the thing
 * @same: whether number @n is that thing
 * @ctx: for @same
 * @n: the number it has if it is new
 *
 * Return: its number, @n if it is new, FWT_NONE without memory.
 */
u32 fwt_index_get(struct fwt_index *index, u64 hash,
		  bool (*same)(const void *ctx, u32 n), const void *ctx, u32 n);

/** fwt_index_peek() - the same, and nothing is added: FWT_NONE where it is not there */
u32 fwt_index_peek(const struct fwt_index *index, u64 hash,
		   bool (*same)(const void *ctx, u32 n), const void *ctx);
void fwt_index_clean(struct fwt_index *index);

/**
 * fwt_vec_add() - room for @n more elements
 *
 * Return: the first of them, zeroed; NULL without memory.
 */
void *fwt_vec_add(struct fwt_vec *v, u32 n);

/**
 * fwt_vec_expect() - so many elements are to come, about
 *
 * Large ones are given address space for them, and no memory: so they stay where they
 * are. To be said before the first one is added.
 */
void fwt_vec_expect(struct fwt_vec *v, u64 n);

/** fwt_vec_reserve() - room for @n more in one go, who knows them; true if there is */
bool fwt_vec_reserve(struct fwt_vec *v, u32 n);

u32 fwt_builder_string(struct fwt_builder *b, const char *s);
u32 fwt_builder_words(struct fwt_builder *b, const u32 *words, u32 n);

/** fwt_builder_mask() - the same, once for words that are alike */
u32 fwt_builder_mask(struct fwt_builder *b, const u32 *words, u32 n);

/**
 * fwt_builder_set() - a set
 * @s: kind, words, dimensions and count; @data and @value are filled in here
 * @data: elements
 * @value: NULL, or for each element the node that it leads to
 */
u32 fwt_builder_set(struct fwt_builder *b, const struct fwt_prog_set *s,
		    const u32 *data, const u32 *value);
u32 fwt_builder_test(struct fwt_builder *b, const struct fwt_prog_test *t);

/** fwt_object_key() - what an object with a name is known by */
u64 fwt_object_key(u8 kind, const char *name);

/** fwt_builder_add() - an element of RULES, MODS, HOOKS, OPTIONS, FILES, COUNTERS,
 * OBJECTS, SERVERS; of SETS one that is not shared
 */
u32 fwt_builder_add(struct fwt_builder *b, enum fwt_section sec, const void *element);

/**
 * fwt_builder_node() - a node whose successors are there already
 *
 * Return: its number among the nodes added.
 */
u32 fwt_builder_node(struct fwt_builder *b, u8 type, u32 arg, u32 yes, u32 no);
u32 fwt_builder_verdict(struct fwt_builder *b, u8 verdict, u16 reject, u32 rule);

/**
 * fwt_builder_forest() - a number for a forest, for its nodes
 *
 * Its trees are added later, when its rules are made; those of a rule may have
 * forests of their own, whose trees then come first.
 */
u32 fwt_builder_forest(struct fwt_builder *b);

/** fwt_builder_trees() - forest @number has these, the last ones added */
void fwt_builder_trees(struct fwt_builder *b, u32 number, const struct fwt_prog_forest *f);

/** fwt_builder_pad() - empty leaves up to a multiple of @to CUTS */
bool fwt_builder_pad(struct fwt_builder *b, u32 to);

/** fwt_set_words() - words of a set's elements */
static inline u32 fwt_set_words(const struct fwt_prog_set *s)
{
	return s->count * s->words * (s->kind == FWT_SET_KEYS ? 1 : 2);
}

/**
 * fwt_builder_sweep() - leave out tests that no node asks, their sets and words,
 * and what is there twice
 *
 * The last thing before fwt_builder_finish(), which does it: numbers of tests
 * and sets, and offsets in WORDS, are others then. Who comes to use those in
 * something else than nodes and tests marks and moves them there.
 */
void fwt_builder_sweep(struct fwt_builder *b);

/**
 * fwt_builder_finish() - put the program together
 * @b: of no use afterwards but to be cleaned
 * @out: the program; with -E2BIG its length alone
 *
 * Return: 0, -ENOMEM, or -E2BIG for one of more than FWT_PROGRAM_SIZE_MAX.
 */
int fwt_builder_finish(struct fwt_builder *b, struct fwt_blob *out);

#endif /* FWT_PROGRAM_H */
