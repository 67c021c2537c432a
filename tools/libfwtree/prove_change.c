// SPDX-License-Identifier: GPL-2.0
/*
 * What modifiers do to packets.
 *
 * A modifier gives an axis a value, or one that is not known here (an address out
 * of a range, that of an interface). What is not known is bits of its own, named
 * by the modifier's text: whatever they are, they are the same in two policies
 * that say the same.
 */
#include <stdlib.h>

#include "prove_change.h"

/* Changes */

#define SLOT_DNAT	1u
#define SLOT_SNAT	2u
#define SLOT_NOTRACK	3u
#define SLOT_SET	4u	/* and the field's number */

#define FIELDS_SOURCE	(FWT_FIELD_BIT(SADDR) | FWT_FIELD_BIT(IP_SADDR) | \
			 FWT_FIELD_BIT(IP6_SADDR))
#define FIELDS_DEST	(FWT_FIELD_BIT(DADDR) | FWT_FIELD_BIT(IP_DADDR) | \
			 FWT_FIELD_BIT(IP6_DADDR) | FWT_FIELD_BIT(DPORT) | \
			 FWT_FIELD_BIT(TCP_DPORT) | FWT_FIELD_BIT(UDP_DPORT))

static void modifier_words(struct fwt_prove *p, const struct fwt_modifier *m, char *buf,
			   size_t size)
{
	struct fwt_modifier alone = *m;
	struct fwt_rule rule = { .modifiers = &alone };
	char *whole = NULL;
	size_t len;
	FILE *out;

	alone.next = NULL;
	*buf = 0;
	out = open_memstream(&whole, &len);
	if (out)
		fwt_ast_print_rule(out, &rule, 0);
	if (!out || fclose(out)) {
		p->sp->dd.over = true;
	} else {
		whole[strcspn(whole, "\n")] = 0;
		fwt_space_shorten(buf, size, whole);
	}
	free(whole);
}

void fwt_changes_add(struct fwt_axis_changes *c, u32 axis, bool known, struct fwt_wide value)
{
	if (axis == FWT_AXIS_NONE || c->n == FWT_CHANGES_MAX)
		return;
	c->change[c->n].axis = axis;
	c->change[c->n].known = known;
	c->change[c->n++].value = value;
}

static void set_change(struct fwt_prove *p, const struct fwt_modifier *m,
		       struct fwt_axis_changes *c)
{
	const char *words = fwt_field_words(m->set.target.field, FWT_IMPLIES_NONE);
	const struct fwt_value *v = m->set.value.first;
	struct fwt_wide value = { 0, 0 };
	bool known = false;
	struct fwt_range r;
	u32 field;

	for (field = 0; field < __FWT_FIELD_MAX; field++)
		if (!strcmp(fwt_field_info[field].name, words))
			break;
	c->slot = SLOT_SET + m->set.target.field;
	if (field == __FWT_FIELD_MAX)
		return;
	c->fields = 1ull << field;
	/* Routes are asked for with both. */
	if (field == FWT_FIELD_MARK || field == FWT_FIELD_DSCP)
		c->fields |= FWT_FIELDS_ROUTE;
	if (v && !v->next && !m->set.from && field != FWT_FIELD_TCP_OPTION_MSS &&
	    fwt_sema_range(p->s, &m->set.target, v, &r) &&
	    !memcmp(r.low, r.high, r.words * sizeof(u32))) {
		known = true;
		value = fwt_wide_words(r.low, r.words);
	}
	/* Of another field it is another value. */
	if (m->set.from) {
		u32 i;

		words = fwt_field_words(m->set.from->field, m->set.from->implies);
		for (i = 0; i < __FWT_FIELD_MAX && strcmp(fwt_field_info[i].name, words); i++)
			;
		c->asks = i < __FWT_FIELD_MAX ? 1ull << i : ~0ull;
	}
	/* Of a frame without a tag nothing is set: it gets none. */
	fwt_changes_add(c, fwt_space_axis(field, FWT_KIND_IPV4), known, value);
	if (field == FWT_FIELD_PRIORITY && p->hook == FWT_HOOK_INGRESS)
		fwt_changes_add(c, FWT_AXIS_GIVEN_PRIORITY, true, fwt_wide(0, 1));
}

/* What another module's node sets, if anything. */
static void node_change(u32 kind, struct fwt_axis_changes *c)
{
	static const u8 field[] = {
		FWT_FIELD_MARK, FWT_FIELD_CT_MARK, FWT_FIELD_PRIORITY, FWT_FIELD_DSCP,
		FWT_FIELD_TTL, FWT_FIELD_TCP_OPTION_MSS, FWT_FIELD_VLAN_ID,
	};
	u32 i;

	/* It sets what routes are asked for with. */
	c->fields |= FWT_FIELDS_ROUTE;
	for (i = 0; i < ARRAY_SIZE(field); i++) {
		c->fields |= 1ull << field[i];
		fwt_changes_add(c, fwt_space_axis(field[i], kind), false, fwt_wide(0, 0));
	}
	fwt_changes_add(c, FWT_AXIS_GIVEN_PRIORITY, false, fwt_wide(0, 0));
}

static const struct fwt_value *target_of(const struct fwt_modifier *m, u32 kind)
{
	const struct fwt_value *v, *e;

	for (v = m->nat.addr.first; v; v = v->next) {
		e = v->kind == FWT_VALUE_RANGE ? v->range.lo : v;
		if (v->kind == FWT_VALUE_ADDR_OF ||
		    (e->kind == FWT_VALUE_IPV6 || e->kind == FWT_VALUE_PREFIX6) ==
		    (kind == FWT_KIND_IPV6))
			return v;
	}
	return NULL;
}

static void nat_change(struct fwt_prove *p, const struct fwt_modifier *m, u32 kind,
		       struct fwt_axis_changes *c)
{
	static const struct fwt_ast_ref addr = { .field = FWT_AST_DADDR };
	static const struct fwt_ast_ref port = { .field = FWT_AST_DPORT };
	const struct fwt_value *v = target_of(m, kind);
	struct fwt_range r;
	bool known;

	c->translates = true;
	c->of_source = m->kind == FWT_AST_MOD_SNAT || m->kind == FWT_AST_MOD_MASQUERADE ||
		       (m->kind == FWT_AST_MOD_NETMAP && p->hook == FWT_HOOK_EGRESS);
	c->slot = c->of_source ? SLOT_SNAT : SLOT_DNAT;
	c->fields = c->of_source ? FIELDS_SOURCE : FIELDS_DEST;
	known = v && (v->kind == FWT_VALUE_IPV4 || v->kind == FWT_VALUE_IPV6) &&
		fwt_sema_range(p->s, &addr, v, &r);
	if (m->nat.addr.first || m->nat.map.text || m->kind != FWT_AST_MOD_DNAT)
		fwt_changes_add(c, fwt_space_axis(c->of_source ? FWT_FIELD_SADDR :
							    FWT_FIELD_DADDR, kind), known,
				known ? fwt_wide_words(r.low, r.words) : fwt_wide(0, 0));
	v = m->nat.port;
	if (c->of_source || (!v && m->kind != FWT_AST_MOD_BALANCE && !m->nat.map.text))
		return;
	known = v && v->kind == FWT_VALUE_NUMBER && fwt_sema_range(p->s, &port, v, &r);
	fwt_changes_add(c, FWT_AXIS_DPORT, known, known ? fwt_wide(0, r.low[0]) : fwt_wide(0, 0));
}

/* From there on it has no connection. */
static void notrack_change(struct fwt_axis_changes *c)
{
	static const u8 its[] = {
		FWT_FIELD_CT_MARK, FWT_FIELD_CT_DIRECTION, FWT_FIELD_CT_ORIGINAL_SADDR,
		FWT_FIELD_CT_ORIGINAL_DADDR, FWT_FIELD_CT_ORIGINAL_SPORT,
		FWT_FIELD_CT_ORIGINAL_DPORT, FWT_FIELD_CT_ORIGINAL_PROTOCOL,
	};
	u32 i;

	c->slot = SLOT_NOTRACK;
	c->untracks = true;
	c->fields = FWT_FIELD_BIT(CT_STATE);
	fwt_changes_add(c, FWT_AXIS_CT_STATE, true, fwt_wide(0, FWT_CT_UNTRACKED));
	for (i = 0; i < ARRAY_SIZE(its); i++) {
		c->fields |= 1ull << its[i];
		fwt_changes_add(c, FWT_AXIS_MORE + 3u * its[i], true, fwt_wide(0, 0));
	}
}

static bool by_map(const struct fwt_modifier *m)
{
	return m->kind == FWT_AST_MOD_SET ? !!m->set.map.text :
	       m->kind <= FWT_AST_MOD_BALANCE && m->nat.map.text;
}

/* The test that asks the map of a modifier: of as many there is one each. */
static u32 map_test(const struct fwt_ir_rule *r, const struct fwt_modifier *m)
{
	const struct fwt_modifier *before;
	u32 n = 0, i;

	for (before = r->ast->modifiers; before != m; before = before->next)
		n += by_map(before);
	for (i = 0; i < r->n_mods; i++)
		if (r->mods[i].flags & FWT_MOD_MAP && !n--)
			return r->mods[i].addr_lo[0];
	return FWT_NONE;
}

/* The packets that its map has something for, as they are when it is asked. */
static u32 map_has(struct fwt_prove *p, const struct fwt_ir_rule *r, const struct fwt_modifier *m)
{
	return fwt_prove_test(p, r, map_test(r, m));
}

/* Fields that a map is asked by. */
static u64 asked_by(struct fwt_prove *p, u32 test)
{
	const struct fwt_prog_test *t = p->s->b.sec[FWT_SEC_TESTS].data;
	u64 fields = 0;
	u32 i;

	if (test >= p->s->b.sec[FWT_SEC_TESTS].count)
		return 0;
	for (i = 0; i < t[test].n_fields && i < FWT_TEST_FIELDS; i++)
		fields |= 1ull << t[test].field[i];
	return fields;
}

/* False where the modifier leaves no trace. */
static bool changes_of(struct fwt_prove *p, const struct fwt_ir_rule *r,
		       const struct fwt_modifier *m, u32 kind, struct fwt_axis_changes *c)
{
	memset(c, 0, sizeof(*c));
	modifier_words(p, m, c->text, sizeof(c->text));
	if (by_map(m))
		c->asks = asked_by(p, map_test(r, m));
	switch (m->kind) {
	case FWT_AST_MOD_SNAT:
	case FWT_AST_MOD_MASQUERADE:
	case FWT_AST_MOD_DNAT:
	case FWT_AST_MOD_REDIRECT:
	case FWT_AST_MOD_NETMAP:
	case FWT_AST_MOD_BALANCE:
		nat_change(p, m, kind, c);
		c->fields |= FWT_FIELDS_ROUTE;
		return true;
	case FWT_AST_MOD_SET:
		set_change(p, m, c);
		return true;
	case FWT_AST_MOD_MSS_CLAMP:
		c->slot = SLOT_SET + FWT_AST_TCP_OPTION_MSS;
		c->fields = FWT_FIELD_BIT(TCP_OPTION_MSS);
		fwt_changes_add(c, FWT_AXIS_TCP_OPTION_MSS, false, fwt_wide(0, 0));
		return true;
	case FWT_AST_MOD_NOTRACK:
		notrack_change(c);
		return true;
	case FWT_AST_MOD_MODIFY:
		node_change(kind, c);
		return true;
	case FWT_AST_MOD_COUNT:
		return m->count.text;
	default:
		return true;
	}
}

/* The bit that stands for bit @i of what a modifier makes of something; @state: it may be
 * another one when the next walk asks.
 */
static u32 unknown_bit(struct fwt_prove *p, const struct fwt_axis_changes *c, const char *what,
		       const char *question, u64 fields, u32 i, bool state, bool make)
{
	const struct fwt_opaque *o = p->sp->opaque.data;
	char whole[2000], key[1200], text[600];
	u32 n, f;

	snprintf(whole, sizeof(whole), "after %s: %s %u", c->text, what, i);
	fwt_space_shorten(key, sizeof(key), whole);
	for (n = 0; n < p->sp->opaque.count; n++)
		if (!strcmp(o[n].key, key))
			return o[n].var;
	if (!make)
		return FWT_DD_LEAF;
	/* Each change may rename what the former ones did. */
	fwt_dd_work(&p->sp->dd, n / 64);
	snprintf(text, sizeof(text), "%.180s (after '%.300s')", question, c->text);
	f = fwt_space_opaque(p->sp, key, text, fields, state);
	return fwt_dd_is_leaf(f) ? FWT_DD_LEAF : p->sp->dd.node[f].var;
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
			   unknown_bit(p, c, what, FWT_SOME_BIT, c->asks, i, !c->walked,
				       make));
		}
	}
	for (i = 0; i < count; i++) {
		const struct fwt_opaque *o = (struct fwt_opaque *)p->sp->opaque.data + i;
		bool anew = c->walked && o->state;
		u32 var = o->var;

		if ((!(o->fields & c->fields) && !anew) || var >= vars || !asked[var])
			continue;
		to(ctx, var, unknown_bit(p, c, o->key, o->text,
					 c->asks ? o->fields | c->asks : 0, 0,
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

/* What a modifier does nothing to. */
static u32 left_alone(struct fwt_prove *p, const struct fwt_axis_changes *c)
{
	struct fwt_dd *dd = &p->sp->dd;
	u32 f;

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
		if (!changes_of(p, r, m, kind, &c))
			return f;
		effect = (struct fwt_out_effect){ c.text, c.slot, FWT_NONE, c.asks };
		to[kind] = fwt_prove_effect(p, f, &effect, c.fields);
		if (c.translates)
			to[kind] = status(p, &c, to[kind]);
		to[kind] = fwt_changes_put(p, &c, to[kind]);
	}
	f = fwt_dd_ite(&p->sp->dd, fwt_space_kind(p->sp, FWT_KIND_IPV6), to[1], to[0]);
	if (too_late(p, &c))
		f = fwt_dd_ite(&p->sp->dd, in_time(p), f, fwt_prove_leaf(p, &dropped));
	if (by_map(m))
		f = fwt_dd_ite(&p->sp->dd, map_has(p, r, m), f, miss);
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
		if (!changes_of(p, r, m, FWT_KIND_IPV4, &c))
			continue;
		if (c.translates || c.untracks) {
			alone = fwt_dd_and(dd, set, left_alone(p, &c));
			left = fwt_dd_minus(dd, set, alone);
		}
		if (by_map(m)) {
			has = map_has(p, r, m);
			*missed = fwt_dd_or(dd, *missed, fwt_dd_minus(dd, left, has));
			left = fwt_dd_and(dd, left, has);
		}
		if (too_late(p, &c))
			left = fwt_dd_and(dd, left, in_time(p));
		to = alone;
		for (kind = 0; kind < FWT_KINDS; kind++) {
			changes_of(p, r, m, kind, &c);
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

/* False where a map has nothing: the rest of the rule is not done. */
static bool modify_bits(struct fwt_prove *p, const struct fwt_ir_rule *r,
			const struct fwt_modifier *m, u8 *bits)
{
	struct fwt_axis_changes c;
	u32 kind;

	for (; m; m = m->next) {
		kind = fwt_dd_at(&p->sp->dd, fwt_space_kind(p->sp, FWT_KIND_IPV6), bits) ==
		       FWT_DD_YES;
		if (!changes_of(p, r, m, kind, &c) ||
		    (p->sp->tracks &&
		     fwt_dd_at(&p->sp->dd, left_alone(p, &c), bits) == FWT_DD_YES))
			continue;
		if (by_map(m) && fwt_dd_at(&p->sp->dd, map_has(p, r, m), bits) != FWT_DD_YES)
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
	struct fwt_modifier m;
	struct fwt_axis_changes c;

	/* Of either family: what it sets lies on the same axes. */
	return selecting(r, &m) && changes_of(p, r, &m, FWT_KIND_IPV4, &c) ?
	       fwt_changes_put(p, &c, f) : f;
}

u32 fwt_prove_select_after(struct fwt_prove *p, const struct fwt_ir_rule *r, u32 set)
{
	struct fwt_modifier m;
	struct fwt_axis_changes c;

	return selecting(r, &m) && changes_of(p, r, &m, FWT_KIND_IPV4, &c) ?
	       after(p, &c, set) : set;
}

void fwt_prove_select(struct fwt_prove *p, const struct fwt_ir_rule *r, u8 *bits)
{
	struct fwt_modifier m;

	if (selecting(r, &m))
		modify_bits(p, r, &m, bits);
}

void fwt_prove_collect_mods(struct fwt_prove *p, const struct fwt_ir_rule *r)
{
	const struct fwt_modifier *m;
	u32 i;

	for (m = r->ast->modifiers; m; m = m->next)
		p->sp->tracks |= m->kind <= FWT_AST_MOD_BALANCE;
	for (i = 0; i < r->n_mods; i++)
		if (r->mods[i].type == FWT_MOD_SET_ADD || r->mods[i].type == FWT_MOD_SET_REMOVE)
			fwt_space_updated(p->sp, p->s, r->mods[i].a);
}
