/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The live sets of a program where there is no kernel: what they have at first, what
 * is added and taken away, and a clock that is set by hand.
 */
#ifndef FWT_MOCK_SET_H
#define FWT_MOCK_SET_H

#include "program.h"
#include "set_shape.h"

/**
 * struct fwt_mock_elem - an element
 * @until: when it ends, ms; UINT64_MAX for never, 0: it was taken away
 */
struct fwt_mock_elem {
	u32 low[FWT_KEY_WORDS];
	u32 high[FWT_KEY_WORDS];
	u32 value[FWT_SET_VALUE_WORDS];
	u64 until;
};

/**
 * struct fwt_mock_set - one of them
 * @timeout: ms, 0 for none
 * @elem: struct fwt_mock_elem, by family
 * @key: finds those of one key
 * @ranges: u32: numbers of those that are more, by family
 */
struct fwt_mock_set {
	const char *name;
	struct fwt_set_shape shape;
	u64 timeout;
	u32 max;
	struct fwt_vec elem[2];
	struct fwt_index key[2];
	struct fwt_vec ranges[2];
};

/**
 * struct fwt_mock_sets - all of a program
 * @set: by object; those that are no sets have no name
 * @now: ms; set by whoever has a clock
 */
struct fwt_mock_sets {
	struct fwt_mock_set *set;
	u32 n;
	u64 now;
};

/** struct fwt_mock_env - surroundings with sets, for fwt_mock_ops */
struct fwt_mock_env {
	struct fwt_env env;
	struct fwt_mock_sets *sets;
};

/* fwt_nowhere_ops, and sets; of a struct fwt_mock_env alone. */
extern const struct fwt_env_ops fwt_mock_ops;

/* Returns false without memory; to be cleaned in every case. @prog must stay. */
bool fwt_mock_sets_init(struct fwt_mock_sets *m, const struct fwt_program *prog);
void fwt_mock_sets_clean(struct fwt_mock_sets *m);

/** fwt_mock_set_find() - a set by its name; its object, FWT_NONE */
u32 fwt_mock_set_find(const struct fwt_mock_sets *m, const char *name);

bool fwt_mock_set_has(const struct fwt_mock_sets *m, u32 object, bool six, const u32 *key,
		      u32 *value);

/**
 * fwt_mock_set_add() - add an element, or renew it
 * @high: may be @low
 * @value: of a map, or NULL
 * @ms: how long it lives; 0: as the set says, UINT64_MAX: for ever
 *
 * Return: false where the set is full, or memory is.
 */
bool fwt_mock_set_add(struct fwt_mock_sets *m, u32 object, bool six, const u32 *low,
		      const u32 *high, const u32 *value, u64 ms);

/* Returns whether it was there. */
bool fwt_mock_set_remove(struct fwt_mock_sets *m, u32 object, bool six, const u32 *low,
			 const u32 *high);

/** fwt_mock_sets_apply() - what a decision does to sets, when its walk is over */
void fwt_mock_sets_apply(struct fwt_mock_sets *m, const struct fwt_program *prog,
			 const struct fwt_decision *d);

/** fwt_mock_set_count() - elements that there are at @m->now */
u32 fwt_mock_set_count(const struct fwt_mock_sets *m, u32 object);

#endif /* FWT_MOCK_SET_H */
