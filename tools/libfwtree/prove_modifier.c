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

#define SLOT_DNAT	1u
#define SLOT_SNAT	2u
#define SLOT_NOTRACK	3u
#define SLOT_CLAMP	4u
#define SLOT_SET	5u	/* and the field's number */

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

static u32 field_of(const struct fwt_ast_ref *ref)
{
	const char *words = fwt_field_words(ref->field, ref->implies);
	u32 field;

	for (field = 0; field < __FWT_FIELD_MAX; field++)
		if (!strcmp(fwt_field_info[field].name, words))
			break;
	return field;
}

static void set_change(struct fwt_prove *p, const struct fwt_modifier *m,
		       struct fwt_axis_changes *c)
{
	u32 field = field_of(&m->set.target);
	const struct fwt_value *v = m->set.value.first;
	struct fwt_wide value = { 0, 0 };
	bool known = false;
	struct fwt_range r;

	c->slot = SLOT_SET + m->set.target.field;
	c->again = !m->set.map.text;
	if (field == __FWT_FIELD_MAX)
		return;
	c->fields = 1ull << field;
	/* Routes are asked for with both. */
	if (field == FWT_FIELD_MARK || field == FWT_FIELD_DSCP)
		c->fields |= FWT_FIELDS_ROUTE;
	if (v && !v->next && !m->set.from && fwt_sema_range(p->s, &m->set.target, v, &r) &&
	    !memcmp(r.low, r.high, r.words * sizeof(u32))) {
		known = field != FWT_FIELD_TCP_OPTION_MSS;
		value = fwt_wide_words(r.low, r.words);
		c->least = known ? 0 : r.low[0];
	}
	/* Of another field it is another value, of one that is not there none. */
	if (m->set.from) {
		c->from = field_of(m->set.from);
		c->asks = c->from < __FWT_FIELD_MAX ? 1ull << c->from : ~0ull;
	}
	/* What is offered is lowered alone; and a TTL of 0 is not set. */
	if (field == FWT_FIELD_TCP_OPTION_MSS || (m->set.from && field == FWT_FIELD_TTL))
		c->asks |= 1ull << field;
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

	/* It sets what routes are asked for with; and may look at all there is. */
	c->asks = ~0ull;
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

/* What a map has, or is asked for, is in its declaration. */
static bool gives(struct fwt_prove *p, const struct fwt_modifier *m, enum fwt_type type)
{
	const struct fwt_map *map = fwt_ast_map(p->s->ast, m->nat.map.text);
	u32 i;

	for (i = 0; map && i < map->value.count; i++)
		if (map->value.type[i] == type)
			return true;
	return !map;
}

static bool is_range(const struct fwt_value *v)
{
	return v && (v->kind == FWT_VALUE_RANGE || v->kind == FWT_VALUE_PREFIX4 ||
		     v->kind == FWT_VALUE_PREFIX6);
}

/* What is chosen by the packet as it is there: from ranges by a hash of its source (nat.c), of
 * servers by one of all of it (balance.c), an interface's address by who is dialled.
 */
static u64 nat_asks(const struct fwt_modifier *m, bool of_source)
{
	const struct fwt_value *v;
	u64 asks = 0;

	switch (m->kind) {
	case FWT_AST_MOD_NETMAP:
		return of_source ? FIELDS_SOURCE : FIELDS_DEST;
	case FWT_AST_MOD_MASQUERADE:
		return FIELDS_SOURCE | FIELDS_DEST;	/* what goes by lo keeps its own */
	case FWT_AST_MOD_REDIRECT:
		asks = FIELDS_DEST;
		break;
	case FWT_AST_MOD_BALANCE:
		return FIELDS_SOURCE | FIELDS_DEST | FIELDS_PORT;
	default:
		break;
	}
	for (v = m->nat.addr.first; v; v = v->next)
		asks |= v->kind == FWT_VALUE_ADDR_OF ? FIELDS_DEST :
			is_range(v) ? FIELDS_SOURCE : 0;
	if (!of_source && is_range(m->nat.port))
		asks |= FIELDS_SOURCE | FIELDS_PORT;
	return asks;
}

/* What chooses by that which it changes chooses again: a server, one of a range, what a map
 * has. An interface's address is one of the link if that was which it takes the place of, and
 * its own stays what it is: found again, it is the same (world.c).
 */
static bool nat_again(const struct fwt_modifier *m, bool of_source)
{
	const struct fwt_value *v;

	if (m->kind == FWT_AST_MOD_BALANCE || m->nat.map.text ||
	    (!of_source && is_range(m->nat.port)))
		return false;
	for (v = m->nat.addr.first; v && m->kind != FWT_AST_MOD_NETMAP; v = v->next)
		if (is_range(v))
			return false;
	return true;
}

static void nat_change(struct fwt_prove *p, const struct fwt_modifier *m, u32 kind,
		       struct fwt_axis_changes *c)
{
	static const struct fwt_ast_ref addr = { .field = FWT_AST_DADDR };
	static const struct fwt_ast_ref port = { .field = FWT_AST_DPORT };
	bool known, to_addr = m->nat.addr.first, to_port = m->nat.port;
	const struct fwt_value *v = target_of(m, kind);
	struct fwt_range r;

	c->translates = true;
	c->of_source = m->kind == FWT_AST_MOD_SNAT || m->kind == FWT_AST_MOD_MASQUERADE ||
		       (m->kind == FWT_AST_MOD_NETMAP && p->hook == FWT_HOOK_EGRESS);
	c->slot = c->of_source ? SLOT_SNAT : SLOT_DNAT;
	c->asks |= nat_asks(m, c->of_source);
	c->again = nat_again(m, c->of_source);
	if (m->nat.map.text) {
		to_addr = gives(p, m, FWT_TYPE_ADDR);
		to_port = gives(p, m, FWT_TYPE_PORT);
	} else if (m->kind != FWT_AST_MOD_DNAT && m->kind != FWT_AST_MOD_SNAT) {
		to_addr = true;
		to_port |= m->kind == FWT_AST_MOD_BALANCE;
	}
	/* What it leaves alone is as those before it have made it. */
	*(to_addr ? &c->fields : &c->keeps) |= c->of_source ? FIELDS_SOURCE : FIELDS_DEST;
	if (!c->of_source)
		*(to_port ? &c->fields : &c->keeps) |= FIELDS_PORT;
	known = v && (v->kind == FWT_VALUE_IPV4 || v->kind == FWT_VALUE_IPV6) &&
		fwt_sema_range(p->s, &addr, v, &r);
	if (to_addr)
		fwt_changes_add(c, fwt_space_axis(c->of_source ? FWT_FIELD_SADDR :
							    FWT_FIELD_DADDR, kind), known,
				known ? fwt_wide_words(r.low, r.words) : fwt_wide(0, 0));
	v = m->nat.port;
	if (c->of_source || !to_port)
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

bool fwt_changes_by_map(const struct fwt_modifier *m)
{
	return m->kind == FWT_AST_MOD_SET ? !!m->set.map.text :
	       m->kind <= FWT_AST_MOD_BALANCE && m->nat.map.text;
}

static bool updates(const struct fwt_modifier *m)
{
	return m->kind == FWT_AST_MOD_ADD || m->kind == FWT_AST_MOD_REMOVE;
}

/* The test with the key of what a modifier does to a set: of as many there is one each. */
static u32 update_test(const struct fwt_ir_rule *r, const struct fwt_modifier *m)
{
	const struct fwt_modifier *before;
	u32 n = 0, i;

	for (before = r->ast->modifiers; before != m; before = before->next)
		n += updates(before);
	for (i = 0; i < r->n_mods; i++)
		if ((r->mods[i].type == FWT_MOD_SET_ADD ||
		     r->mods[i].type == FWT_MOD_SET_REMOVE) && !n--)
			return r->mods[i].a;
	return FWT_NONE;
}

/* The test that asks the map of a modifier: of as many there is one each. */
static u32 map_test(const struct fwt_ir_rule *r, const struct fwt_modifier *m)
{
	const struct fwt_modifier *before;
	u32 n = 0, i;

	for (before = r->ast->modifiers; before != m; before = before->next)
		n += fwt_changes_by_map(before);
	for (i = 0; i < r->n_mods; i++)
		if (r->mods[i].flags & FWT_MOD_MAP && !n--)
			return r->mods[i].addr_lo[0];
	return FWT_NONE;
}

u32 fwt_changes_has(struct fwt_prove *p, const struct fwt_ir_rule *r,
		    const struct fwt_modifier *m)
{
	return fwt_prove_test(p, r, map_test(r, m));
}

/* Fields that a set or map is asked by. */
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

bool fwt_changes_modifier(struct fwt_prove *p, const struct fwt_ir_rule *r,
			  const struct fwt_modifier *m, u32 kind, struct fwt_axis_changes *c)
{
	memset(c, 0, sizeof(*c));
	c->from = __FWT_FIELD_MAX;
	modifier_words(p, m, c->text, sizeof(c->text));
	if (fwt_changes_by_map(m))
		c->asks = asked_by(p, map_test(r, m));
	if (updates(m))
		c->asks = asked_by(p, update_test(r, m));
	switch (m->kind) {
	case FWT_AST_MOD_SNAT:
	case FWT_AST_MOD_MASQUERADE:
	case FWT_AST_MOD_DNAT:
	case FWT_AST_MOD_REDIRECT:
	case FWT_AST_MOD_NETMAP:
	case FWT_AST_MOD_BALANCE:
		nat_change(p, m, kind, c);
		c->fields |= c->fields ? FWT_FIELDS_ROUTE : 0;
		return true;
	case FWT_AST_MOD_SET:
		set_change(p, m, c);
		return true;
	case FWT_AST_MOD_MSS_CLAMP:
		/* That is done as it leaves: fwt_prove_sent(). */
		c->slot = SLOT_CLAMP;
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

/* Whether a packet has what is copied, or not, is asked. */
static void copied(struct fwt_prove *p, const struct fwt_ast_ref *from)
{
	u32 field = field_of(from), axis;

	axis = field < __FWT_FIELD_MAX ? fwt_space_axis(field, FWT_KIND_IPV4) : FWT_AXIS_NONE;
	if (axis != FWT_AXIS_NONE)
		fwt_space_cut1(p->sp, axis, 0, 0);
}

void fwt_prove_collect_mods(struct fwt_prove *p, const struct fwt_ir_rule *r)
{
	const struct fwt_modifier *m;
	u32 i;

	for (m = r->ast->modifiers; m; m = m->next) {
		p->sp->tracks |= m->kind <= FWT_AST_MOD_BALANCE;
		p->sp->clamps |= m->kind == FWT_AST_MOD_MSS_CLAMP;
		if (m->kind == FWT_AST_MOD_SET && m->set.from)
			copied(p, m->set.from);
	}
	for (i = 0; i < r->n_mods; i++)
		if (r->mods[i].type == FWT_MOD_SET_ADD || r->mods[i].type == FWT_MOD_SET_REMOVE)
			fwt_space_updated(p->sp, p->s, r->mods[i].a);
}
