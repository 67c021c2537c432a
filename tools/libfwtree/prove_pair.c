// SPDX-License-Identifier: GPL-2.0
/*
 * Fields that are compared with one another: see prove_pair.h.
 *
 * The diagram has one bit for the question, and knows nothing of what it has to do with
 * the values of the two. So values are tried that have the answer, until the set has
 * packets with both.
 */
#include <stdlib.h>

#include "prove_pair.h"

/* Of each of the two. */
#define TRIES	48

static u32 field_named(const char *name, size_t len)
{
	u32 i;

	for (i = 0; i < __FWT_FIELD_MAX; i++)
		if (fwt_field_info[i].name && strlen(fwt_field_info[i].name) == len &&
		    !memcmp(fwt_field_info[i].name, name, len))
			return i;
	return __FWT_FIELD_MAX;
}

/* As prove_test.c writes it; of what has changed on the way the key is another one. Not
 * of interfaces, whose values are names, and not of what is the world's and no packet's.
 */
bool fwt_pair_of(const struct fwt_space *sp, const struct fwt_opaque *o, u32 kind,
		 struct fwt_compared *p)
{
	const char *op = strstr(o->key, " == ");
	u32 a, b;

	p->less = !op;
	if (!op)
		op = strstr(o->key, " < ");
	if (!op)
		return false;
	a = field_named(o->key, (size_t)(op - o->key));
	op += p->less ? 3 : 4;
	b = field_named(op, strlen(op));
	if (a == __FWT_FIELD_MAX || b == __FWT_FIELD_MAX)
		return false;
	p->axis[0] = fwt_space_axis(a, kind);
	p->axis[1] = fwt_space_axis(b, kind);
	p->var = o->var;
	return p->axis[0] < FWT_AXIS_MORE && p->axis[1] < FWT_AXIS_MORE &&
	       p->axis[0] != FWT_AXIS_IIF && p->axis[0] != FWT_AXIS_OIF &&
	       sp->axis[p->axis[0]].width == sp->axis[p->axis[1]].width;
}

static void candidate(struct fwt_wide *to, u32 *n, struct fwt_wide v)
{
	u32 i;

	for (i = 0; i < *n; i++)
		if (!fwt_wide_cmp(to[i], v))
			return;
	if (*n < TRIES)
		to[(*n)++] = v;
}

/* Values to try: usual ones, and where pieces begin and end; its own first. */
static u32 candidates(const struct fwt_space *sp, const struct fwt_compared *p, u32 first,
		      u32 (*usual_of)(u32 axis, struct fwt_wide *to), struct fwt_wide *to)
{
	struct fwt_wide usual[FWT_PAIR_USUAL];
	u32 side, i, k, n = 0;
	bool any = true;

	for (side = 0; side < 2; side++) {
		k = usual_of(p->axis[side ^ first], usual);
		for (i = 0; i < k; i++)
			candidate(to, &n, usual[i]);
	}
	for (i = 0; n < TRIES && any; i++) {
		any = false;
		for (side = 0; side < 2; side++) {
			const struct fwt_axis *a = &sp->axis[p->axis[side ^ first]];
			const struct fwt_wide *cut = a->cut.data;

			if (i >= a->cut.count)
				continue;
			any = true;
			candidate(to, &n, cut[i]);
			if (cut[i].h | cut[i].l)
				candidate(to, &n, fwt_wide_last(cut[i]));
		}
	}
	return n;
}

static u32 at_value(struct fwt_space *sp, u32 set, u32 axis, struct fwt_wide v)
{
	if (!sp->axis[axis].bits)	/* nobody asks for it alone */
		return set;
	return fwt_dd_and(&sp->dd, set, fwt_space_range(sp, axis, v, v, NULL));
}

static bool fits(const struct fwt_chosen *c, u32 axis, struct fwt_wide v)
{
	u32 i, side;

	for (i = 0; i < c->n; i++)
		for (side = 0; side < 2; side++)
			if (c->pair[i].axis[side] == axis && fwt_wide_cmp(c->pair[i].at[side], v))
				return false;
	return true;
}

/* The part of a set where a question has one answer, by values that have it. */
static u32 answered(struct fwt_space *sp, u32 set, struct fwt_chosen *c, struct fwt_compared *p,
		    u32 (*usual_of)(u32 axis, struct fwt_wide *to), bool yes)
{
	struct fwt_wide one[TRIES], other[TRIES];
	u32 n = candidates(sp, p, 0, usual_of, one), m = candidates(sp, p, 1, usual_of, other);
	u32 i, k, f, g = fwt_dd_var(&sp->dd, p->var);
	int cmp;

	set = yes ? fwt_dd_and(&sp->dd, set, g) : fwt_dd_minus(&sp->dd, set, g);
	for (i = 0; i < n && set != FWT_DD_NO && !sp->dd.over; i++) {
		if (!fits(c, p->axis[0], one[i]))
			continue;
		f = at_value(sp, set, p->axis[0], one[i]);
		for (k = 0; k < m && f != FWT_DD_NO && !sp->dd.over; k++) {
			cmp = fwt_wide_cmp(one[i], other[k]);
			if ((p->less ? cmp < 0 : !cmp) != yes || !fits(c, p->axis[1], other[k]))
				continue;
			g = at_value(sp, f, p->axis[1], other[k]);
			if (g == FWT_DD_NO || sp->dd.over)
				continue;
			p->at[0] = one[i];
			p->at[1] = other[k];
			c->pair[c->n++] = *p;
			return g;
		}
	}
	return FWT_DD_NO;
}

u32 fwt_pairs_part(struct fwt_space *sp, u32 set, u32 vars,
		   u32 (*usual_of)(u32 axis, struct fwt_wide *to), struct fwt_chosen *c)
{
	const struct fwt_opaque *o = sp->opaque.data;
	u8 *support = malloc(vars + 64);
	u32 i, f, kind = FWT_KIND_IPV4;
	struct fwt_compared p;

	if (!support)
		return set;
	fwt_dd_support(&sp->dd, set, support, vars);
	if (fwt_dd_and(&sp->dd, set, fwt_space_kind(sp, kind)) == FWT_DD_NO)
		kind = FWT_KIND_IPV6;
	for (i = 0; i < sp->opaque.count && c->n < FWT_PAIRS && !sp->dd.over; i++) {
		if (o[i].var >= vars || !support[o[i].var] || !fwt_pair_of(sp, &o[i], kind, &p))
			continue;
		f = answered(sp, set, c, &p, usual_of, false);
		if (f == FWT_DD_NO)
			f = answered(sp, set, c, &p, usual_of, true);
		if (f != FWT_DD_NO && !sp->dd.over)
			set = f;
	}
	free(support);
	return set;
}

bool fwt_chosen_for(const struct fwt_chosen *c, u32 axis, struct fwt_wide *v)
{
	u32 i, side;

	for (i = 0; i < c->n; i++)
		for (side = 0; side < 2; side++)
			if (c->pair[i].axis[side] == axis) {
				*v = c->pair[i].at[side];
				return true;
			}
	return false;
}
