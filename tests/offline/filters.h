/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Filter sets for tests and benchmarks: made at random, headers drawn from them,
 * and the stupid way to find the first filter that matches a header.
 */
#ifndef FILTERS_H
#define FILTERS_H

#include "classbench.h"
#include "packet.h"

/** filter_rnd() - the next of a sequence of random numbers; not from 0 */
u32 filter_rnd(u64 *state);

enum filter_family { FILTER_ACL, FILTER_FW, FILTER_IPC, __FILTER_FAMILY_MAX };

extern const char *const filter_family_name[__FILTER_FAMILY_MAX];

/**
 * filters_make() - a set
 * @f: filled in
 * @n: filters
 * @family: access lists (long prefixes, single destination ports), firewalls
 *	(many wildcards, source ports), or a mixture; as ClassBench has them
 * @six: IPv6
 * @seed: the same one makes the same set
 */
void filters_make(struct fwt_filter *f, u32 n, enum filter_family family, bool six, u64 seed);

/* Sets built to hurt a compiler that cuts space up. */
enum filter_hurt {
	FILTER_ALIKE,		/* one box, again and again */
	FILTER_NESTED,		/* prefixes in prefixes, 32 deep (128), longest first */
	FILTER_RANGES,		/* of ports that are no prefixes, and overlap */
	FILTER_PORTS,		/* single ones, all 65,536 of them in time */
	FILTER_WILD,		/* any source, few destinations, many ports */
	FILTER_CROSS,		/* half have any source, half any destination */
	__FILTER_HURT_MAX,
};

extern const char *const filter_hurt_name[__FILTER_HURT_MAX];

/** filter_hurt_has6() - whether there are such of IPv6 */
bool filter_hurt_has6(enum filter_hurt kind);

/**
 * filters_hurt() - such a set
 * @f: filled in
 * @n: filters
 * @kind: in what way
 * @six: IPv6, of a kind that has it
 * @seed: the same one makes the same set
 */
void filters_hurt(struct fwt_filter *f, u32 n, enum filter_hurt kind, bool six, u64 seed);

/**
 * filter_draw() - a header that a filter may match
 * @state: of filter_rnd()
 * @f: the filter
 * @p: filled in
 * @edges: some values at the ends of its ranges, and one off; now and then the other family
 * @uniform: anything at all, of its family
 */
void filter_draw(u64 *state, const struct fwt_filter *f, struct fwt_packet *p, bool edges,
		 bool uniform);

/**
 * struct filter_twin - filters of one family, a dimension after the other
 * @words: of an address
 */
struct filter_twin {
	u32 n, words;
	u32 *lo[11], *span[11];
};

void filter_twin_init(struct filter_twin *t, const struct fwt_filter *f, u32 n);
void filter_twin_clean(struct filter_twin *t);

/** filter_twin_find() - the first filter that matches, their number if none does */
u32 filter_twin_find(const struct filter_twin *t, const struct fwt_packet *p);

#endif /* FILTERS_H */
