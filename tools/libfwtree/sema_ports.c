// SPDX-License-Identifier: GPL-2.0
/*
 * Which destination ports packets have where a rule stands, so far as its text and what is
 * around it say: to a range of as many ports they are led one to one (fwt_nat_dport()).
 *
 * That is the innermost range that is written in one piece: as a value, or as the port of
 * all values of joined fields; or between two bounds of one rule. Of a tree nobody knows
 * what leads to it: there may be several ways.
 */
#include "sema.h"

/* @at: its place among the joined fields */
static const struct fwt_ast_ref *dport_of(const struct fwt_fields *fields, u32 *at)
{
	const struct fwt_ast_ref *ref;

	*at = 0;
	for (ref = fields->first; ref; ref = ref->next, ++*at)
		if (ref->field == FWT_AST_DPORT)
			return ref;
	return NULL;
}

/* Are all values from @v on one range, that of @to where it is known. */
static bool one_range(struct fwt_sema *s, const struct fwt_ast_ref *ref,
		      const struct fwt_value *v, struct fwt_sema_ports *to)
{
	struct fwt_range r;

	for (; v; v = v->next) {
		if (v->kind == FWT_VALUE_JOIN || !fwt_sema_is_constant(v) ||
		    !fwt_sema_range(s, ref, v, &r))
			return false;
		if (to->known && (r.low[0] != to->low || r.high[0] != to->high))
			return false;
		*to = (struct fwt_sema_ports){ true, r.low[0], r.high[0] };
	}
	return true;
}

bool fwt_sema_ports_asked(struct fwt_sema *s, const struct fwt_fields *fields,
			  const struct fwt_values *values, struct fwt_sema_ports *to)
{
	struct fwt_sema_ports p = { 0 };
	const struct fwt_ast_ref *ref;
	const struct fwt_value *v;
	bool one = true;
	u32 at;

	ref = dport_of(fields, &at);
	if (!ref)
		return false;
	if (fields->count == 1)
		one = one_range(s, ref, values->first, &p);
	else
		for (v = values->first; v && one; v = v->next)
			one = v->kind == FWT_VALUE_JOIN && v->parts.count == fields->count &&
			      one_range(s, ref, v->parts.part[at].first, &p);
	if (!one || !p.known)
		return false;
	*to = p;
	return true;
}

/* A bound of the ports makes @p less; @from and @to: it is one from below, or above. */
static void bound(struct fwt_sema *s, const struct fwt_match *m, struct fwt_sema_ports *p,
		  bool *from, bool *to)
{
	const struct fwt_value *v = m->values.first;
	struct fwt_sema_ports n = { 0 };

	if (m->fields.count != 1 || !v || v->next ||
	    !fwt_sema_ports_asked(s, &m->fields, &m->values, &n) || n.low != n.high)
		return;
	if (m->op == FWT_OP_GT || m->op == FWT_OP_GE) {
		p->low = max(p->low, n.low + (m->op == FWT_OP_GT));
		*from = true;
	} else if (n.low || m->op == FWT_OP_LE) {
		p->high = min(p->high, n.low - (m->op == FWT_OP_LT));
		*to = true;
	}
}

bool fwt_sema_ports(struct fwt_sema *s, const struct fwt_rule *rule, struct fwt_sema_ports *to)
{
	struct fwt_sema_ports p = { .known = true, .high = 0xffff };
	bool above = false, below = false;
	const struct fwt_match *m;

	for (m = rule->matches; m; m = m->next)
		if (m->kind == FWT_MATCH_FIELD && m->op == FWT_OP_EQ &&
		    fwt_sema_ports_asked(s, &m->fields, &m->values, to))
			return true;
	for (m = rule->matches; m; m = m->next)
		if (m->kind == FWT_MATCH_FIELD && m->op > FWT_OP_NE)
			bound(s, m, &p, &above, &below);
	*to = above && below && p.low <= p.high ? p : s->ports;
	return to->known;
}
