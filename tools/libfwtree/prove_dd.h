/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Decision diagrams: functions of many bits, as graphs whose nodes are shared.
 *
 * Ordered and reduced: a bit is asked once on a path, in the order of its number,
 * and no two nodes are alike, so two functions are the same exactly when their
 * numbers are. Leaves are numbers; those of a set of packets are FWT_DD_NO and
 * FWT_DD_YES, those of a policy what it comes to.
 *
 * Every operation remembers what it did. Nodes are never let go one by one: a
 * diagram lives as long as its question, and has a budget. Out of it, or of
 * memory, @over is set, all operations return at once, and nothing that they
 * return counts; who asks looks at @over before believing anything.
 */
#ifndef FWT_PROVE_DD_H
#define FWT_PROVE_DD_H

#include "os.h"

#define FWT_DD_LEAF	0x80000000u
#define FWT_DD_NO	(FWT_DD_LEAF | 0)
#define FWT_DD_YES	(FWT_DD_LEAF | 1)

/* Nodes of a diagram that answers a question: 12 bytes each, 16 with their place in
 * the table, and about as much for what operations remember.
 */
#define FWT_DD_BUDGET	4000000u
/* And work: steps a node of the budget. */
#define FWT_DD_STEPS	6ull

struct fwt_dd_node {
	u32 var;
	u32 lo;
	u32 hi;
	u32 next;
};

struct fwt_dd_memo {
	u32 op;
	u32 a, b, c;
	u32 value;
};

/**
 * struct fwt_dd - all diagrams of one question
 * @node: by number, from 0
 * @bucket: hash table over them
 * @budget: nodes there may be
 * @steps: work done, which has a limit too
 * @most: that one, FWT_DD_STEPS a node
 * @ops: numbers given out by fwt_dd_op()
 * @over: the budget is used up
 */
struct fwt_dd {
	struct fwt_dd_node *node;
	u32 count;
	u32 room;
	u32 *bucket;
	u32 buckets;
	struct fwt_dd_memo *memo;
	u32 memos;
	u32 budget;
	u64 steps;
	u64 most;
	u32 ops;
	bool over;
};

int fwt_dd_init(struct fwt_dd *dd, u32 budget);
void fwt_dd_clean(struct fwt_dd *dd);

static inline bool fwt_dd_is_leaf(u32 f)
{
	return f & FWT_DD_LEAF;
}

static inline u32 fwt_dd_leaf(u32 value)
{
	return FWT_DD_LEAF | value;
}

/** fwt_dd_value() - of a leaf */
static inline u32 fwt_dd_value(u32 f)
{
	return f & ~FWT_DD_LEAF;
}

/** fwt_dd_work() - steps done elsewhere that count as well; false where the budget ended */
static inline bool fwt_dd_work(struct fwt_dd *dd, u32 steps)
{
	dd->steps += steps;
	if (dd->steps > dd->most)
		dd->over = true;
	return !dd->over;
}

/** struct fwt_dd_limits - how many nodes and steps there may be in all */
struct fwt_dd_limits {
	u32 nodes;
	u64 steps;
};

/**
 * fwt_dd_share() - from here to fwt_dd_whole() there is a part of what is left
 * @of: so many are to have as much each
 * @whole: for fwt_dd_whole()
 *
 * So one question out of several that goes wrong is not the end of the others. The budget
 * must not have ended before.
 */
void fwt_dd_share(struct fwt_dd *dd, u32 of, struct fwt_dd_limits *whole);

/**
 * fwt_dd_whole() - as far as before; where the part was used up @over is no more
 *
 * Nothing counts that operations returned once it was.
 */
void fwt_dd_whole(struct fwt_dd *dd, const struct fwt_dd_limits *whole);

/** fwt_dd_node() - if bit @var then @hi else @lo, both of which ask later bits alone */
u32 fwt_dd_node(struct fwt_dd *dd, u32 var, u32 lo, u32 hi);

/** fwt_dd_ite() - where @f, a set, holds @g, elsewhere @h */
u32 fwt_dd_ite(struct fwt_dd *dd, u32 f, u32 g, u32 h);

static inline u32 fwt_dd_and(struct fwt_dd *dd, u32 f, u32 g)
{
	return fwt_dd_ite(dd, f, g, FWT_DD_NO);
}

static inline u32 fwt_dd_or(struct fwt_dd *dd, u32 f, u32 g)
{
	return fwt_dd_ite(dd, f, FWT_DD_YES, g);
}

static inline u32 fwt_dd_not(struct fwt_dd *dd, u32 f)
{
	return fwt_dd_ite(dd, f, FWT_DD_NO, FWT_DD_YES);
}

/** fwt_dd_minus() - in @f and not in @g */
static inline u32 fwt_dd_minus(struct fwt_dd *dd, u32 f, u32 g)
{
	return fwt_dd_ite(dd, g, FWT_DD_NO, f);
}

static inline u32 fwt_dd_var(struct fwt_dd *dd, u32 var)
{
	return fwt_dd_node(dd, var, FWT_DD_NO, FWT_DD_YES);
}

/** fwt_dd_any() - the union of @n sets in @f, which is used up */
u32 fwt_dd_any(struct fwt_dd *dd, u32 *f, u32 n);

/** fwt_dd_meet() - whether two sets have something in common; makes no node */
bool fwt_dd_meet(struct fwt_dd *dd, u32 f, u32 g);

/** fwt_dd_differ() - whether @f and @g come to different leaves somewhere in @set */
bool fwt_dd_differ(struct fwt_dd *dd, u32 set, u32 f, u32 g);

/** fwt_dd_where() - the part of @set where @f and @g come to different leaves */
u32 fwt_dd_where(struct fwt_dd *dd, u32 set, u32 f, u32 g);

/** fwt_dd_op() - a number for what an operation of one's own remembers */
u32 fwt_dd_op(struct fwt_dd *dd);

/**
 * fwt_dd_leaves() - change leaves
 * @to: the new leaf, or any diagram, for the one given
 */
u32 fwt_dd_leaves(struct fwt_dd *dd, u32 f, u32 (*to)(void *ctx, u32 leaf), void *ctx);

/**
 * fwt_dd_assign() - what @f is once some bits are given
 * @first: of them
 * @bits: how many
 * @value: theirs, the first one the most significant of @bits
 */
u32 fwt_dd_assign(struct fwt_dd *dd, u32 f, u32 first, u32 bits, const u8 *value);

/** fwt_dd_forget() - the set without regard to some bits */
u32 fwt_dd_forget(struct fwt_dd *dd, u32 f, u32 first, u32 bits);

/** fwt_dd_rename() - other bits in place of some: @to by number, FWT_DD_LEAF: stays */
u32 fwt_dd_rename(struct fwt_dd *dd, u32 f, const u32 *to, u32 n);

/** fwt_dd_at() - the leaf for one assignment of all bits, a byte each */
u32 fwt_dd_at(const struct fwt_dd *dd, u32 f, const u8 *bits);

/** fwt_dd_support() - marks in @bits those that @f asks */
void fwt_dd_support(const struct fwt_dd *dd, u32 f, u8 *bits, u32 n);

#endif /* FWT_PROVE_DD_H */
