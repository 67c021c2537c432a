// SPDX-License-Identifier: GPL-2.0
/*
 * Fields, alone or joined, and the elements that they are held against.
 */
#include <stdlib.h>

#include "sema.h"

/* What the compiler notes at a set. */
struct set_state {
	bool used;
	struct cached *cached;
};

/* The sets of the program that a set of the policy became, by fields asked. */
struct cached {
	struct cached *next;
	u8 n_fields;
	u8 field[FWT_TEST_FIELDS];
	u32 set[2];
};

bool fwt_sema_key(struct fwt_sema *s, const struct fwt_fields *fields,
		  struct fwt_sema_key *k, struct fwt_cond **guards)
{
	const struct fwt_ast_ref *ref;
	u32 words = 0;
	int field;

	memset(k, 0, sizeof(*k));
	k->fields = fields;
	k->test.op = FWT_TEST_IN;
	k->test.mask[0] = FWT_NONE;
	k->test.mask[1] = FWT_NONE;
	if (fields->count > FWT_TEST_FIELDS) {
		fwt_error(s->diag, &fields->loc, "%u fields are joined: %u is the most",
			  fields->count, FWT_TEST_FIELDS);
		return false;
	}
	for (ref = fields->first; ref; ref = ref->next) {
		field = fwt_sema_field(s, ref, guards);
		if (field < 0)
			return false;
		k->ref[k->test.n_fields] = ref;
		k->test.field[k->test.n_fields++] = (u8)field;
		words += fwt_field_info[field].words6;
		k->split |= fwt_field_info[field].words != fwt_field_info[field].words6;
	}
	if (words > FWT_KEY_WORDS) {
		fwt_error(s->diag, &fields->loc, "the joined fields are too long together");
		return false;
	}
	return true;
}

void fwt_sema_elems_init(const struct fwt_sema_key *k, struct fwt_elems elems[2])
{
	u32 i;

	fwt_elems_init(&elems[0]);
	fwt_elems_init(&elems[1]);
	for (i = 0; i < k->test.n_fields; i++) {
		const struct fwt_field_info *f = &fwt_field_info[k->test.field[i]];

		fwt_elems_dim(&elems[0], f->words);
		fwt_elems_dim(&elems[1], f->words6);
	}
}

/* One literal for each field: an element, unless its families differ. */
struct product {
	struct fwt_sema *s;
	const struct fwt_sema_key *k;
	struct fwt_elems *elems;
	u32 branch;
	u32 made;
	struct fwt_range part[FWT_TEST_FIELDS];
};

static bool element(struct product *p)
{
	u32 low[FWT_KEY_WORDS], high[FWT_KEY_WORDS], at = 0, i;
	u8 family = 0;

	for (i = 0; i < p->k->test.n_fields; i++) {
		const struct fwt_field_info *f = &fwt_field_info[p->k->test.field[i]];
		const struct fwt_range *r = &p->part[i];

		if (f->words != f->words6) {
			if (family && family != r->family)
				return true;
			family = r->family;
		}
		memcpy(low + at, r->low, r->words * sizeof(u32));
		memcpy(high + at, r->high, r->words * sizeof(u32));
		at += r->words;
	}
	p->made++;
	if (!fwt_elems_add(&p->elems[p->k->split && family == 6], low, high, p->branch))
		p->s->failed = true;
	return true;
}

static struct fwt_set *find_set(struct fwt_sema *s, const struct fwt_value *v)
{
	struct fwt_set *set = fwt_ast_set(s->ast, v->text), *other;
	struct set_state *state;
	struct fwt_suggest suggest;
	char hint[128];

	if (set) {
		state = set->priv;
		if (state)
			state->used = true;
		return set;
	}
	if (!strcmp(v->text, "resolvers")) {
		fwt_sema_not_yet(s, &v->loc, "@resolvers");
		return NULL;
	}
	if (fwt_ast_map(s->ast, v->text)) {
		fwt_error(s->diag, &v->loc, "'%s' is a map: a set is meant here", v->text);
		return NULL;
	}
	if (s->ast->lost)
		return NULL;	/* it may be what was not understood */
	fwt_suggest_init(&suggest, v->text);
	for (other = s->ast->sets; other; other = other->next)
		fwt_suggest_try(&suggest, other->name.text);
	fwt_error_hint(s->diag, &v->loc, fwt_suggest_hint(&suggest, hint, sizeof(hint)),
		       "there is no set '%s'", v->text);
	return NULL;
}

static enum fwt_value_class class_of(const struct fwt_ast_ref *ref)
{
	enum fwt_value_class class = fwt_ast_field_info(ref->field)->class;

	return class == FWT_CLASS_ADDR4 ? FWT_CLASS_ADDR : class;
}

static bool set_fits(struct fwt_sema *s, const struct fwt_value *v,
		     const struct fwt_set *set, const struct fwt_ast_ref *const *ref,
		     u32 count)
{
	u32 i;

	if (set->type.count != count) {
		fwt_error(s->diag, &v->loc, "set '%s' joins %u types, and %u field%s asked",
			  v->text, set->type.count, count, count == 1 ? " is" : "s are");
		return false;
	}
	for (i = 0; i < count; i++) {
		enum fwt_type type = set->type.type[i];

		if (type == FWT_TYPE_ERROR)
			return false;
		if (fwt_type_class(type) == class_of(ref[i]))
			continue;
		fwt_error(s->diag, &v->loc, "set '%s' holds '%s' where '%s' is asked",
			  v->text, fwt_type_name(type),
			  fwt_field_words(ref[i]->field, ref[i]->implies));
		return false;
	}
	return true;
}

static bool parts(struct product *p, const struct fwt_value *v, u32 dim);

static bool values(struct product *p, const struct fwt_value *join,
		   const struct fwt_value *v, u32 dim, bool in_set);

static bool set_values(struct product *p, const struct fwt_value *join,
		       const struct fwt_value *v, u32 dim)
{
	struct fwt_set *set = find_set(p->s, v);

	return set && set_fits(p->s, v, set, &p->k->ref[dim], 1) &&
	       values(p, join, set->elements.first, dim, true);
}

/* "route nexthop none": no address, of either family. */
static bool no_address(const struct fwt_ast_ref *ref, const struct fwt_value *v)
{
	return (ref->field == FWT_AST_ROUTE_NEXTHOP || ref->field == FWT_AST_ROUTE_SADDR) &&
	       v->kind == FWT_VALUE_WORD && !strcmp(v->text, "none");
}

static bool none_of(struct product *p, const struct fwt_value *join, u32 dim)
{
	bool ok = true;
	u32 six;

	for (six = 0; six < 2; six++) {
		p->part[dim] = (struct fwt_range){
			.family = six ? 6 : 4, .words = six ? 4 : 1,
		};
		ok &= parts(p, join, dim + 1);
	}
	return ok;
}

/* All values of dimension @dim, and for each those of the dimensions after. A set
 * (@in_set) has none within; the dimensions after may have their own.
 */
static bool values(struct product *p, const struct fwt_value *join,
		   const struct fwt_value *v, u32 dim, bool in_set)
{
	const struct fwt_ast_ref *ref = p->k->ref[dim];
	bool ok = true;

	for (; v; v = v->next) {
		if (v->kind == FWT_VALUE_SETREF) {
			ok &= !in_set && set_values(p, join, v, dim);
		} else if (v->kind == FWT_VALUE_ADDR_OF || v->kind == FWT_VALUE_NET_OF) {
			fwt_sema_not_yet(p->s, &v->loc, v->kind == FWT_VALUE_ADDR_OF ?
					 "addr() in joined values" : "net() in joined values");
			ok = false;
		} else if (no_address(ref, v)) {
			ok &= none_of(p, join, dim);
		} else if (fwt_sema_range(p->s, ref, v, &p->part[dim])) {
			ok &= parts(p, join, dim + 1);
		} else {
			ok = false;
		}
	}
	return ok;
}

static bool parts(struct product *p, const struct fwt_value *join, u32 dim)
{
	if (dim == p->k->test.n_fields)
		return element(p);
	return values(p, join, join->parts.part[dim].first, dim, false);
}

static bool joined(struct product *p, const struct fwt_value *v)
{
	u32 n = p->k->test.n_fields;

	if (v->kind == FWT_VALUE_ERROR)
		return false;
	if (v->kind != FWT_VALUE_JOIN || v->parts.count != n) {
		fwt_error(p->s->diag, &v->loc, "%u fields are joined, and this value has %u part%s",
			  n, v->kind == FWT_VALUE_JOIN ? v->parts.count : 1,
			  v->kind == FWT_VALUE_JOIN && v->parts.count != 1 ? "s" : "");
		return false;
	}
	p->made = 0;
	if (!parts(p, v, 0))
		return false;
	if (!p->made)
		fwt_error(p->s->diag, &v->loc,
			  "an IPv4 and an IPv6 address: no packet has both");
	return p->made;
}

bool fwt_sema_elem(struct fwt_sema *s, const struct fwt_sema_key *k,
		   const struct fwt_value *v, struct fwt_elems elems[2], u32 branch)
{
	struct product p = { .s = s, .k = k, .elems = elems, .branch = branch };
	const struct fwt_value *e;
	struct fwt_set *set;
	bool ok = true;

	if (v->kind == FWT_VALUE_SETREF) {
		set = find_set(s, v);
		if (!set || !set_fits(s, v, set, k->ref, k->test.n_fields))
			return false;
		for (e = set->elements.first; e; e = e->next)
			ok &= e->kind != FWT_VALUE_SETREF &&
			      fwt_sema_elem(s, k, e, elems, branch);
		return ok;
	}
	if (k->test.n_fields > 1)
		return joined(&p, v);
	if (v->kind == FWT_VALUE_JOIN) {
		fwt_error(s->diag, &v->loc, "'%s' is one field, and these are %u values joined",
			  fwt_field_words(k->ref[0]->field, k->ref[0]->implies),
			  v->parts.count);
		return false;
	}
	if (no_address(k->ref[0], v))
		return none_of(&p, NULL, 0);
	return fwt_sema_range(s, k->ref[0], v, &p.part[0]) && element(&p);
}

void fwt_sema_lookup(struct fwt_sema *s, const struct fwt_sema_key *k,
		     const struct fwt_values *values, struct fwt_prog_test *t)
{
	struct set_state *state = NULL;
	const struct fwt_value *v = values->first;
	struct fwt_elems elems[2];
	struct cached *c;

	*t = k->test;
	if (v && !v->next && v->kind == FWT_VALUE_SETREF) {
		struct fwt_set *set = fwt_ast_set(s->ast, v->text);

		state = set ? set->priv : NULL;
	}
	for (c = state ? state->cached : NULL; c; c = c->next) {
		if (c->n_fields != t->n_fields ||
		    memcmp(c->field, t->field, sizeof(c->field)))
			continue;
		memcpy(t->set, c->set, sizeof(t->set));
		return;
	}
	fwt_sema_elems_init(k, elems);
	for (; v; v = v->next)
		if (v->kind != FWT_VALUE_ADDR_OF && v->kind != FWT_VALUE_NET_OF)
			fwt_sema_elem(s, k, v, elems, FWT_NONE);
	t->set[0] = fwt_build_set(&s->b, &elems[0]);
	t->set[1] = k->split ? fwt_build_set(&s->b, &elems[1]) : t->set[0];
	fwt_elems_clean(&elems[0]);
	fwt_elems_clean(&elems[1]);
	c = state ? fwt_sema_alloc(s, sizeof(*c)) : NULL;
	if (!c)
		return;
	c->n_fields = t->n_fields;
	memcpy(c->field, t->field, sizeof(c->field));
	memcpy(c->set, t->set, sizeof(c->set));
	c->next = state->cached;
	state->cached = c;
}

struct fwt_cond *fwt_sema_interface(struct fwt_sema *s, const struct fwt_sema_key *k,
				    const struct fwt_value *v, bool negate)
{
	const char *what = v->kind == FWT_VALUE_ADDR_OF ? "addr()" : "net()";
	struct fwt_prog_test t = {
		.op = v->kind == FWT_VALUE_ADDR_OF ? FWT_TEST_IFADDR : FWT_TEST_IFNET,
		.flags = negate ? FWT_TEST_NEGATE : 0,
		.n_fields = 1, .field = { k->test.field[0] },
		.set = { FWT_NONE, FWT_NONE }, .mask = { FWT_NONE, FWT_NONE },
	};

	if (k->test.n_fields != 1 || class_of(k->ref[0]) != FWT_CLASS_ADDR ||
	    k->ref[0]->field == FWT_AST_ARP_SADDR ||
	    k->ref[0]->field == FWT_AST_ARP_DADDR) {
		fwt_error(s->diag, &v->loc, "%s stands for 'saddr' and 'daddr' alone", what);
		return NULL;
	}
	if (!v->text[0] || strlen(v->text) - !!(v->flags & FWT_VALUE_WILDCARD) > 15 ||
	    !strcmp(v->text, "*")) {
		fwt_error(s->diag, &v->loc,
			  "'%s' is no interface name: those have 1 to 15 letters", v->text);
		return NULL;
	}
	fwt_sema_hooks(s, &v->loc, FWT_HOOKS_INET, NULL, what);
	t.set[0] = fwt_builder_string(&s->b, v->text);
	return fwt_sema_test(s, &t);
}

/* A field that stands for a type, to check a set by. */
static const u8 stand_in[FWT_TYPE_COUNT] = {
	[FWT_TYPE_ADDR] = FWT_AST_SADDR,
	[FWT_TYPE_PORT] = FWT_AST_DPORT,
	[FWT_TYPE_PROTOCOL] = FWT_AST_PROTOCOL,
	[FWT_TYPE_IFNAME] = FWT_AST_IIF,
	[FWT_TYPE_MAC] = FWT_AST_ETHER_SADDR,
	[FWT_TYPE_MARK] = FWT_AST_MARK,
};

void fwt_sema_set(struct fwt_sema *s, struct fwt_set *set)
{
	struct fwt_ast_ref ref[FWT_SET_TYPES_MAX] = { 0 };
	struct fwt_fields fields = { .first = ref, .loc = set->type.loc };
	struct fwt_elems elems[2];
	const struct fwt_value *v;
	struct fwt_sema_key k;
	u32 i;

	set->priv = fwt_sema_alloc(s, sizeof(struct set_state));
	if (set->timeout)
		fwt_sema_not_yet(s, &set->timeout->loc, "timeout of a set");
	if (set->max)
		fwt_sema_not_yet(s, &set->max->loc, "max of a set");
	fields.count = set->type.count;
	for (i = 0; i < set->type.count; i++) {
		if (set->type.type[i] == FWT_TYPE_ERROR)
			return;
		ref[i].field = stand_in[set->type.type[i]];
		ref[i].loc = set->type.loc;
		ref[i].next = i + 1 < set->type.count ? &ref[i + 1] : NULL;
	}
	if (!fields.count || !fwt_sema_key(s, &fields, &k, NULL))
		return;
	fwt_sema_elems_init(&k, elems);
	s->in_set = true;
	for (v = set->elements.first; v; v = v->next) {
		if (v->kind == FWT_VALUE_ADDR_OF || v->kind == FWT_VALUE_NET_OF ||
		    v->kind == FWT_VALUE_SETREF)
			fwt_sema_not_yet(s, &v->loc, v->kind == FWT_VALUE_SETREF ?
					 "a set in a set" : "addr() and net() in a set");
		else
			fwt_sema_elem(s, &k, v, elems, FWT_NONE);
	}
	s->in_set = false;
	fwt_elems_clean(&elems[0]);
	fwt_elems_clean(&elems[1]);
}

void fwt_sema_sets_unused(struct fwt_sema *s)
{
	const struct set_state *state;
	struct fwt_set *set;

	for (set = s->ast->sets; set; set = set->next) {
		state = set->priv;
		if (s->warnings && state && !state->used)
			fwt_warning(s->diag, &set->name.loc, "set '%s' is not used",
				    set->name.text);
		set->priv = NULL;
	}
}
