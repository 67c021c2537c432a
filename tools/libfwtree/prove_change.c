// SPDX-License-Identifier: GPL-2.0
/*
 * What becomes of packets before modifiers, and behind them; prove_modifier.c says what
 * each of these changes.
 */
#include <stdlib.h>

#include "prove_change.h"

/* Changes */

/* The bit that stands for bit @i of what a modifier makes of something; @state: it may be
 * another one when the next walk asks.
 */
static u32 unknown_bit(struct fwt_prove *p, const struct fwt_axis_changes *c, const char *what,
		       const char *question, u64 fields, u32 i, bool state, bool make)
{
	char whole[2000], key[1200], text[600];
	u32 var, f;

	snprintf(whole, sizeof(whole), "after %s: %s %u", c->text, what, i);
	fwt_space_shorten(key, sizeof(key), whole);
	var = fwt_space_asked(p->sp, key);
	if (var != FWT_DD_LEAF || !make)
		return var;
	snprintf(text, sizeof(text), "%.180s (after '%.300s')", question, c->text);
	f = fwt_space_opaque(p->sp, key, text, fields, state);
	return fwt_dd_is_leaf(f) ? FWT_DD_LEAF : p->sp->dd.node[f].var;
}

/* What a question hangs on that is asked behind the changes: what they leave alone, and what
 * they go by.
 */
static u64 still(const struct fwt_axis_changes *c, u64 fields)
{
	return (fwt_hangs_on(fields) & ~c->fields) | c->asks;
}

/* Calls @to for each bit of the diagram that is not what it was, where @asked. */
static void each_unknown(struct fwt_prove *p, const struct fwt_axis_changes *c, const u8 *asked,
			 u32 vars, bool make, void (*to)(void *ctx, u32 var, u32 fresh),
			 void *ctx)
{
	u32 i, n, a, count = p->sp->opaque.count;
	char what[32];

	for (n = 0; n < c->n; n++) {
		const struct fwt_axis *axis = &p->sp->axis[c->change[n].axis];

		for (i = 0; !c->change[n].known && i < axis->bits; i++) {
			if (!asked[axis->first + i])
				continue;
			snprintf(what, sizeof(what), "axis %u", c->change[n].axis);
			to(ctx, axis->first + i, unknown_bit(p, c, what, FWT_SOME_BIT, c->asks, i,
							     !c->walked, make));
		}
	}
	for (a = FWT_AXIS_MORE; a < FWT_AXIS_FRESH; a++) {
		const struct fwt_axis *axis = &p->sp->axis[a];
		u32 field = (a - FWT_AXIS_MORE) / 3;

		if (!(c->fields >> field & 1) ||
		    (!c->translates && !(FWT_FIELDS_ROUTE >> field & 1)))
			continue;
		for (i = 0; i < axis->bits; i++) {
			if (!asked[axis->first + i])
				continue;
			snprintf(what, sizeof(what), "axis %u", a);
			to(ctx, axis->first + i,
			   unknown_bit(p, c, what, FWT_SOME_BIT,
				       still(c, 1ull << field & FWT_FIELDS_ROUTE), i,
				       !c->walked, make));
		}
	}
	for (i = 0; i < count; i++) {
		const struct fwt_opaque *o = (struct fwt_opaque *)p->sp->opaque.data + i;
		bool anew = c->walked && o->state;
		u32 var = o->var;

		if ((!(o->fields & c->fields) && !anew) || var >= vars || !asked[var])
			continue;
		to(ctx, var, unknown_bit(p, c, o->key, o->text, still(c, o->fields), 0,
					 o->state && !c->walked, make));
	}
}

static void note_name(void *ctx, u32 var, u32 fresh)
{
	u32 *name = ctx;

	name[var] = fresh;
}

u32 fwt_changes_put(struct fwt_prove *p, const struct fwt_axis_changes *c, u32 f)
{
	struct fwt_dd *dd = &p->sp->dd;
	u32 i, n, vars = p->sp->vars, *name;
	u8 value[128], *asked;
	bool any = false;

	for (n = c->n; n-- > 0;) {
		const struct fwt_axis *a = &p->sp->axis[c->change[n].axis];

		if (!c->change[n].known)
			continue;
		fwt_space_piece(p->sp, c->change[n].axis, c->change[n].value, value);
		f = fwt_dd_assign(dd, f, a->first, a->bits, value);
	}
	asked = malloc(vars + 1);
	name = malloc((vars + 1) * sizeof(*name));
	if (!asked || !name) {
		dd->over = true;
	} else {
		fwt_dd_support(dd, f, asked, vars);
		for (i = 0; i < vars; i++)
			name[i] = FWT_DD_LEAF;
		each_unknown(p, c, asked, vars, true, note_name, name);
		for (i = 0; i < vars; i++)
			any |= name[i] != FWT_DD_LEAF;
		if (any)
			f = fwt_dd_rename(dd, f, name, vars);
	}
	free(asked);
	free(name);
	return f;
}

/* 0 none, 1 snat, 2 both, 3 dnat */
static const u8 status_after[2][4] = { { 3, 2, 2, 3 }, { 1, 1, 2, 2 } };

static u32 status(struct fwt_prove *p, const struct fwt_axis_changes *c, u32 f)
{
	const struct fwt_axis *a = &p->sp->axis[FWT_AXIS_CT_STATUS];
	u32 old, to = FWT_DD_NO;
	u8 bits[8];

	if (!a->bits)
		return f;
	for (old = 0; old < 4; old++) {
		fwt_space_piece(p->sp, FWT_AXIS_CT_STATUS,
				fwt_wide(0, status_after[c->of_source][old]), bits);
		to = fwt_dd_ite(&p->sp->dd, fwt_space_is(p->sp, FWT_AXIS_CT_STATUS, old, old),
				fwt_dd_assign(&p->sp->dd, f, a->first, a->bits, bits), to);
	}
	return to;
}

/* Where what is led elsewhere goes its way already. */
static bool too_late(const struct fwt_prove *p, const struct fwt_axis_changes *c)
{
	return c->translates && !c->of_source && (p->hook == FWT_HOOK_EGRESS || p->loops);
}

/* Of which it is not too late: what starts here; what was led there where it started. */
static u32 in_time(struct fwt_prove *p)
{
	return p->loops ? fwt_space_is(p->sp, FWT_AXIS_CT_STATUS, 2, 3) :
			  fwt_space_is(p->sp, FWT_AXIS_IIF, 0, 0);
}

static u32 has_field(struct fwt_prove *p, u32 field)
{
	struct fwt_dd *dd = &p->sp->dd;
	u32 kind, f = FWT_DD_NO;

	for (kind = 0; kind < FWT_KINDS; kind++)
		f = fwt_dd_or(dd, f, fwt_dd_and(dd, fwt_space_kind(p->sp, kind),
						fwt_space_have(p->sp, field, kind)));
	return f;
}

/* What a modifier does nothing to. */
static u32 left_alone(struct fwt_prove *p, const struct fwt_axis_changes *c)
{
	struct fwt_dd *dd = &p->sp->dd;
	u32 f;

	if (c->from < __FWT_FIELD_MAX)
		return fwt_dd_not(dd, has_field(p, c->from));
	/* What is never tracked is not translated. */
	if (c->translates)
		return fwt_space_is(p->sp, FWT_AXIS_CT_STATE, FWT_CT_UNTRACKED,
				    FWT_CT_UNTRACKED);
	if (!c->untracks)
		return FWT_DD_NO;
	f = fwt_dd_or(dd, fwt_space_is(p->sp, FWT_AXIS_CT_STATE, FWT_CT_NEW, FWT_CT_NEW),
		      fwt_space_is(p->sp, FWT_AXIS_CT_STATE, FWT_CT_INVALID, FWT_CT_INVALID));
	return fwt_dd_not(dd, f);
}

/* Whether a pool has a server of the packet's family: they come and go. */
static u32 served(struct fwt_prove *p, const struct fwt_modifier *m)
{
	char key[400], text[400];
	u32 kind, has[2];

	for (kind = FWT_KIND_IPV4; kind <= FWT_KIND_IPV6; kind++) {
		snprintf(key, sizeof(key), "server %u in @%s", kind, m->nat.pool.text);
		snprintf(text, sizeof(text), "a server in @%s", m->nat.pool.text);
		has[kind] = fwt_space_opaque(p->sp, key, text, 0, false);
	}
	return fwt_dd_ite(&p->sp->dd, fwt_space_kind(p->sp, FWT_KIND_IPV6), has[1], has[0]);
}

static u32 unserved(struct fwt_prove *p, const struct fwt_modifier *m)
{
	struct fwt_outcome o = { .verdict = FWT_VERDICT_DROP, .effect = FWT_NONE };

	if (m->nat.or_reject) {
		o.verdict = FWT_VERDICT_REJECT;
		o.reject = (u8)m->nat.or_reject->reject.with;
	}
	return fwt_prove_leaf(p, &o);
}

/* @miss: where a map has nothing, behind the rule. */
static u32 modified(struct fwt_prove *p, const struct fwt_ir_rule *r,
		    const struct fwt_modifier *m, u32 f, u32 miss)
{
	static const struct fwt_outcome dropped = {
		.verdict = FWT_VERDICT_DROP, .effect = FWT_NONE,
	};
	u32 kind, was = f, to[2];
	struct fwt_out_effect effect;
	struct fwt_axis_changes c;

	for (kind = FWT_KIND_IPV4; kind <= FWT_KIND_IPV6; kind++) {
		if (!fwt_changes_modifier(p, r, m, kind, &c))
			return f;
		effect = (struct fwt_out_effect){
			.text = c.text, .slot = c.slot, .next = FWT_NONE,
			.reads = c.asks | c.keeps, .least = c.least, .again = c.again,
		};
		to[kind] = fwt_prove_effect(p, f, &effect, c.fields);
		if (c.translates)
			to[kind] = status(p, &c, to[kind]);
		to[kind] = fwt_changes_put(p, &c, to[kind]);
	}
	f = fwt_dd_ite(&p->sp->dd, fwt_space_kind(p->sp, FWT_KIND_IPV6), to[1], to[0]);
	if (too_late(p, &c))
		f = fwt_dd_ite(&p->sp->dd, in_time(p), f, fwt_prove_leaf(p, &dropped));
	if (m->kind == FWT_AST_MOD_BALANCE)
		f = fwt_dd_ite(&p->sp->dd, served(p, m), f, unserved(p, m));
	if (fwt_changes_by_map(m))
		f = fwt_dd_ite(&p->sp->dd, fwt_changes_has(p, r, m), f, miss);
	return fwt_dd_ite(&p->sp->dd, left_alone(p, &c), was, f);
}

static u32 back_to_front(struct fwt_prove *p, const struct fwt_ir_rule *r,
			 const struct fwt_modifier *m, u32 f, u32 miss)
{
	if (!m)
		return f;
	return modified(p, r, m, back_to_front(p, r, m->next, f, miss), miss);
}

u32 fwt_prove_changed(struct fwt_prove *p, const struct fwt_ir_rule *r, u32 f, u32 miss)
{
	return back_to_front(p, r, r->ast->modifiers, f, miss);
}

/* Forward */

struct forgetting {
	struct fwt_prove *p;
	u32 set;
};

static void forget(void *ctx, u32 var, u32 fresh)
{
	struct forgetting *f = ctx;

	(void)fresh;
	f->set = fwt_dd_forget(&f->p->sp->dd, f->set, var, 1);
}

static u32 after(struct fwt_prove *p, const struct fwt_axis_changes *c, u32 set)
{
	struct forgetting f = { p, set };
	struct fwt_dd *dd = &p->sp->dd;
	u32 n, old, to = FWT_DD_NO, vars = p->sp->vars;
	u8 *asked = malloc(vars + 1);

	if (!asked) {
		dd->over = true;
		return set;
	}
	memset(asked, 1, vars);
	if (c->translates && p->sp->axis[FWT_AXIS_CT_STATUS].bits) {
		for (old = 0; old < 4; old++) {
			u32 part = fwt_dd_and(dd, set, fwt_space_is(p->sp, FWT_AXIS_CT_STATUS,
								     old, old));
			u32 v = status_after[c->of_source][old];

			part = fwt_dd_forget(dd, part, p->sp->axis[FWT_AXIS_CT_STATUS].first,
					     p->sp->axis[FWT_AXIS_CT_STATUS].bits);
			part = fwt_dd_and(dd, part,
					  fwt_space_is(p->sp, FWT_AXIS_CT_STATUS, v, v));
			to = fwt_dd_or(dd, to, part);
		}
		f.set = to;
	}
	each_unknown(p, c, asked, vars, false, forget, &f);
	for (n = 0; n < c->n; n++) {
		const struct fwt_axis *a = &p->sp->axis[c->change[n].axis];

		if (!c->change[n].known)
			continue;
		f.set = fwt_dd_forget(dd, f.set, a->first, a->bits);
		f.set = fwt_dd_and(dd, f.set, fwt_space_range(p->sp, c->change[n].axis,
							      c->change[n].value,
							      c->change[n].value, NULL));
	}
	free(asked);
	return f.set;
}

u32 fwt_prove_after(struct fwt_prove *p, const struct fwt_ir_rule *r, u32 set, u32 *missed)
{
	const struct fwt_modifier *m;
	struct fwt_dd *dd = &p->sp->dd;
	struct fwt_axis_changes c;
	u32 kind, to, left, alone, part, has;

	*missed = FWT_DD_NO;
	for (m = r->ast->modifiers; m && !dd->over; m = m->next) {
		left = set;
		alone = FWT_DD_NO;
		if (!fwt_changes_modifier(p, r, m, FWT_KIND_IPV4, &c))
			continue;
		if (c.translates || c.untracks || c.from < __FWT_FIELD_MAX) {
			alone = fwt_dd_and(dd, set, left_alone(p, &c));
			left = fwt_dd_minus(dd, set, alone);
		}
		if (fwt_changes_by_map(m)) {
			has = fwt_changes_has(p, r, m);
			*missed = fwt_dd_or(dd, *missed, fwt_dd_minus(dd, left, has));
			left = fwt_dd_and(dd, left, has);
		}
		if (too_late(p, &c))
			left = fwt_dd_and(dd, left, in_time(p));
		to = alone;
		for (kind = 0; kind < FWT_KINDS; kind++) {
			fwt_changes_modifier(p, r, m, kind, &c);
			part = fwt_dd_and(dd, left, fwt_space_kind(p->sp, kind));
			to = fwt_dd_or(dd, to, after(p, &c, part));
		}
		set = to;
	}
	return set;
}

struct copying {
	u8 *from;
	u8 *to;
};

static void copy(void *ctx, u32 var, u32 fresh)
{
	struct copying *c = ctx;

	if (fresh != FWT_DD_LEAF)
		c->to[var] = c->from[fresh];
}

/* Bits given out after @bits was made are not in it: nothing has asked them. */
void fwt_changes_bits(struct fwt_prove *p, const struct fwt_axis_changes *c, u8 *bits)
{
	u32 vars = p->sp->vars, n, old;
	u8 *was = malloc(vars + 1), *asked = malloc(vars + 1);
	struct copying copying = { was, bits };

	if (was && asked) {
		memcpy(was, bits, vars);
		memset(asked, 1, vars);
		each_unknown(p, c, asked, vars, false, copy, &copying);
		for (n = 0; n < c->n; n++)
			if (c->change[n].known)
				fwt_space_piece(p->sp, c->change[n].axis, c->change[n].value,
						bits + p->sp->axis[c->change[n].axis].first);
		for (old = 0; c->translates && p->sp->axis[FWT_AXIS_CT_STATUS].bits && old < 4;
		     old++)
			if (fwt_dd_at(&p->sp->dd, fwt_space_is(p->sp, FWT_AXIS_CT_STATUS, old,
							       old), was) == FWT_DD_YES)
				fwt_space_piece(p->sp, FWT_AXIS_CT_STATUS,
						fwt_wide(0, status_after[c->of_source][old]),
						bits + p->sp->axis[FWT_AXIS_CT_STATUS].first);
	}
	free(was);
	free(asked);
}

/* False where a map has nothing, or the packet is refused: the rest of the rule is not done. */
static bool modify_bits(struct fwt_prove *p, const struct fwt_ir_rule *r,
			const struct fwt_modifier *m, u8 *bits)
{
	struct fwt_axis_changes c;
	u32 kind;

	for (; m; m = m->next) {
		kind = fwt_dd_at(&p->sp->dd, fwt_space_kind(p->sp, FWT_KIND_IPV6), bits) ==
		       FWT_DD_YES;
		if (!fwt_changes_modifier(p, r, m, kind, &c) ||
		    ((p->sp->tracks || c.from < __FWT_FIELD_MAX) &&
		     fwt_dd_at(&p->sp->dd, left_alone(p, &c), bits) == FWT_DD_YES))
			continue;
		if (fwt_changes_by_map(m) &&
		    fwt_dd_at(&p->sp->dd, fwt_changes_has(p, r, m), bits) != FWT_DD_YES)
			return false;
		p->refused = (too_late(p, &c) &&
			      fwt_dd_at(&p->sp->dd, in_time(p), bits) != FWT_DD_YES) ||
			     (m->kind == FWT_AST_MOD_BALANCE &&
			      fwt_dd_at(&p->sp->dd, served(p, m), bits) != FWT_DD_YES);
		if (p->refused)
			return false;
		fwt_changes_bits(p, &c, bits);
	}
	return true;
}

bool fwt_prove_change(struct fwt_prove *p, const struct fwt_ir_rule *r, u8 *bits)
{
	return modify_bits(p, r, r->ast->modifiers, bits);
}

/* A select by another module's node: as if "modify" stood there. */
static bool selecting(const struct fwt_ir_rule *r, struct fwt_modifier *m)
{
	if (!r->select || r->select->foreign == FWT_NONE)
		return false;
	memset(m, 0, sizeof(*m));
	m->kind = FWT_AST_MOD_MODIFY;
	m->node = r->ast->end.select->node;
	return true;
}

u32 fwt_prove_selected(struct fwt_prove *p, const struct fwt_ir_rule *r, u32 f)
{
	struct fwt_out_effect effect = { .next = FWT_NONE };
	char node[600], text[620];
	struct fwt_modifier m;
	struct fwt_axis_changes c;

	/* Of either family: what it sets lies on the same axes. */
	if (!selecting(r, &m) || !fwt_changes_modifier(p, r, &m, FWT_KIND_IPV4, &c))
		return f;
	fwt_space_node(p->sp, p->s, r->select->foreign, node, sizeof(node));
	snprintf(text, sizeof(text), "select %s", node);
	effect.text = text;
	effect.reads = c.asks;
	return fwt_changes_put(p, &c, fwt_prove_effect(p, f, &effect, c.fields));
}

u32 fwt_prove_select_after(struct fwt_prove *p, const struct fwt_ir_rule *r, u32 set)
{
	struct fwt_modifier m;
	struct fwt_axis_changes c;

	return selecting(r, &m) && fwt_changes_modifier(p, r, &m, FWT_KIND_IPV4, &c) ?
	       after(p, &c, set) : set;
}

void fwt_prove_select(struct fwt_prove *p, const struct fwt_ir_rule *r, u8 *bits)
{
	struct fwt_modifier m;

	if (selecting(r, &m))
		modify_bits(p, r, &m, bits);
}
