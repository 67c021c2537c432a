// SPDX-License-Identifier: GPL-2.0
/*
 * What a step of a walk costs besides its node: the comparisons of a look-up, and what
 * takes as long as so many of them. The limit is one of time; tests/bench/worst.c measures
 * what it comes to.
 */
#include "verify_private.h"
#include "foreign.h"
#include "ifname.h"

/* Comparisons that looking up in a set can take; of long keys each counts more. A
 * set has at most 128 million elements, for its words are fewer than that.
 */
static u32 set_cost(const struct fwt_program *p, u32 set)
{
	u32 cost = 0, each, n;

	if (set == FWT_NONE)
		return 0;
	n = p->set[set].count;
	each = 1 + p->set[set].words / 8;
	if (p->set[set].kind == FWT_SET_BOXES)
		return n * each;
	for (; n > 1; n -= n / 2)
		cost += each;
	return cost;
}

/* An interface has as many addresses as its owner gave it; of the usual few. What a walk
 * looks at of more is bounded where they are (world.c).
 */
#define IFADDR_COST	32
#define IFADDRS_COST	(16 * IFADDR_COST)	/* of all whose names begin so */

/* What it takes to put an answer that the walk remembers into a key. It forgets by a
 * modifier alone that changes the packet, of which it meets FWT_EFFECTS_MAX at most: so it
 * looks up routes not more than so many times for each kind of question, however many tests
 * ask; in a namespace that anybody made far fewer (rlu.c).
 */
#define ROUTE_COST	4
#define OWNER_COST	4	/* a lock that nobody else takes often */

static u32 asked_cost(const struct fwt_prog_test *t)
{
	u32 cost = 0, i;

	for (i = 0; i < t->n_fields; i++)
		if (FWT_FIELDS_ROUTE >> t->field[i] & 1)
			cost += ROUTE_COST;
		else if (FWT_FIELDS_OWNER >> t->field[i] & 1)
			cost += OWNER_COST;
	return cost;
}

/* A hash's bucket, and a search by halves among the ranges: of those that it has at
 * first, as how many there will be is not known here; a thousand times more of them
 * are 20 comparisons more.
 */
#define LIVE_COST	8

static u32 ranges_cost(const struct fwt_program *p, const u32 *param)
{
	u32 six, cost = 0, n = 0;

	for (six = 0; six < 2; six++)
		if (param[FWT_SETP_ELEMENTS4 + six] != FWT_NONE)
			n = max(n, p->set[param[FWT_SETP_ELEMENTS4 + six]].count);
	for (; n > 1; n -= n / 2)
		cost += 2;
	return cost;
}

/* A patch names a set; what is in it, the program that it is for says. */
int fwt_verify_learn_sets(struct fwt_verify *c)
{
	u32 i, k;

	if (!c->base)
		return 0;
	if (c->prog->n[FWT_SEC_OBJECTS] > ARRAY_SIZE(c->base_ranges))
		return refuse(c, -E2BIG, FWT_SEC_OBJECTS, ARRAY_SIZE(c->base_ranges),
			      "asks too many sets");
	for (i = 0; i < c->prog->n[FWT_SEC_OBJECTS]; i++) {
		const struct fwt_prog_object *o = &c->prog->object[i], *of;

		for (k = 0; k < c->base->n[FWT_SEC_OBJECTS]; k++) {
			if (fwt_rest(k))
				return -EINTR;
			of = &c->base->object[k];
			if (of->kind == FWT_OBJECT_SET && of->key == o->key)
				c->base_ranges[i] = ranges_cost(c->base, of->param);
		}
	}
	return 0;
}

static u32 live_cost(const struct fwt_verify *c, u32 object)
{
	u32 ranges = ranges_cost(c->prog, c->prog->object[object].param);

	return LIVE_COST + (c->base ? max(ranges, (u32)c->base_ranges[object]) : ranges);
}

u32 fwt_verify_test_cost(const struct fwt_verify *c, const struct fwt_prog_test *t)
{
	const struct fwt_program *p = c->prog;
	u32 cost = asked_cost(t), i;

	/* What an operation has in @set differs: none is taken for another one. */
	switch (t->op) {
	case FWT_TEST_BPF:
		for (i = 0; i < 2; i++)
			if (t->set[i] != FWT_NONE)
				cost = max(cost, p->filter[t->set[i]].count);
		return cost;
	case FWT_TEST_NODE:
	case FWT_TEST_NODE_SELECT:
		return FWT_FOREIGN_COST;
	case FWT_TEST_RANDOM:
	case FWT_TEST_QUOTA:
		return 1;
	case FWT_TEST_LIMIT:
	case FWT_TEST_COUNT:
		/* A hash of the key, and a line of memory. */
		return cost + 4 + t->n_fields;
	case FWT_TEST_SPLIT_RANDOM:
	case FWT_TEST_SPLIT_HASH:
	case FWT_TEST_SPLIT_TURN:
		return cost + 2 + t->n_fields / 2 + set_cost(p, t->set[0]);
	case FWT_TEST_LIVE:
		return cost + live_cost(c, t->set[0]);
	case FWT_TEST_LIVE_TREE:
		return cost + live_cost(c, t->set[0]) + set_cost(p, t->set[1]);
	case FWT_TEST_EQUAL:
	case FWT_TEST_LESS:
		return cost + 1;
	case FWT_TEST_IFADDR:
	case FWT_TEST_IFNET:
		return cost + (fwt_ifname_wild(p->string + t->set[0]) ? IFADDRS_COST :
									IFADDR_COST);
	case FWT_TEST_IN:
		/* What it takes to put the key together, and to compare it once. */
		return cost + t->n_fields / 2 +
		       max(set_cost(p, t->set[0]), set_cost(p, t->set[1]));
	}
	return FWT_STEPS_MAX;	/* one that has none here is too much for any walk */
}

/* Least connections looks at each server, a line of memory. An interface is asked for its
 * address; what that takes of more than the usual few is bounded in world.c.
 */
u32 fwt_verify_mod_cost(const struct fwt_verify *c, const struct fwt_prog_mod *m)
{
	const struct fwt_program *p = c->prog;
	const u32 *param;

	if (m->type == FWT_MOD_NODE)
		return FWT_FOREIGN_COST;
	if (m->flags & FWT_MOD_MAP)
		return fwt_verify_test_cost(c, &p->test[m->addr_lo[0]]);
	if (m->type == FWT_MOD_MASQUERADE || m->type == FWT_MOD_REDIRECT ||
	    m->flags & FWT_MOD_IFADDR)
		return IFADDR_COST;
	if (m->type != FWT_MOD_BALANCE)
		return 0;
	param = p->object[m->a].param;
	return param[FWT_POOL_SCHEDULING] == FWT_SCHEDULE_LEAST_CONN ?
		8 + param[FWT_POOL_COUNT] : 8;
}
