// SPDX-License-Identifier: GPL-2.0
/*
 * Named sets: each is an object of the program, alive in the kernel, whether rules
 * change it or only fwctl does. What is written at it are its first elements. Maps
 * (sema_map.c) are the same, with values.
 *
 * Among what is written may be other sets, and an interface's addresses. Those change,
 * too, so they are no elements: wherever the set is asked, they are asked with it.
 */
#include <errno.h>
#include <stdlib.h>

#include "dns_book.h"
#include "sema.h"
#include "set_shape.h"

/* A field that stands for a type, to check a set by. */
static const u8 stand_in[FWT_TYPE_COUNT] = {
	[FWT_TYPE_ADDR] = FWT_AST_SADDR,
	[FWT_TYPE_PORT] = FWT_AST_DPORT,
	[FWT_TYPE_PROTOCOL] = FWT_AST_PROTOCOL,
	[FWT_TYPE_IFNAME] = FWT_AST_IIF,
	[FWT_TYPE_MAC] = FWT_AST_ETHER_SADDR,
	[FWT_TYPE_MARK] = FWT_AST_MARK,
};

static const u8 program_type[FWT_TYPE_COUNT] = {
	[FWT_TYPE_ADDR] = FWT_SET_TYPE_ADDR,
	[FWT_TYPE_PORT] = FWT_SET_TYPE_PORT,
	[FWT_TYPE_PROTOCOL] = FWT_SET_TYPE_PROTOCOL,
	[FWT_TYPE_IFNAME] = FWT_SET_TYPE_IFNAME,
	[FWT_TYPE_MAC] = FWT_SET_TYPE_MAC,
	[FWT_TYPE_MARK] = FWT_SET_TYPE_MARK,
	[FWT_TYPE_TREE] = FWT_SET_TYPE_TREE,
};

bool fwt_sema_type_fields(const struct fwt_set_type *type,
			  struct fwt_ast_ref ref[FWT_SET_TYPES_MAX], struct fwt_fields *fields)
{
	u32 i;

	memset(ref, 0, FWT_SET_TYPES_MAX * sizeof(*ref));
	*fields = (struct fwt_fields){ .first = ref, .count = type->count, .loc = type->loc };
	for (i = 0; i < type->count; i++) {
		if (type->type[i] == FWT_TYPE_ERROR || type->type[i] == FWT_TYPE_TREE)
			return false;
		ref[i].field = stand_in[type->type[i]];
		ref[i].loc = type->loc;
		ref[i].next = i + 1 < type->count ? &ref[i + 1] : NULL;
	}
	return type->count;
}

/* As they were written, one by one: so that each can be taken away again. Not shared with
 * a set that begins alike: what a program may have checked goes by its words, and elements
 * are checked for each set.
 */
static u32 elements(struct fwt_sema *s, const struct fwt_elems *e)
{
	struct fwt_prog_set set = {
		.kind = FWT_SET_BOXES, .words = e->words, .n_dims = e->n_dims,
		.count = fwt_elems_count(e), .value = FWT_NONE,
	};

	if (!set.count)
		return FWT_NONE;
	memcpy(set.dim, e->dim, sizeof(set.dim));
	set.data = fwt_builder_words(&s->b, e->data.data, fwt_set_words(&set));
	return fwt_builder_add(&s->b, FWT_SEC_SETS, &set);
}

static u32 pack_types(const struct fwt_set_type *type)
{
	u32 packed = 0, i;

	for (i = 0; i < type->count; i++)
		packed |= (u32)program_type[type->type[i]] << (4 * i);
	return packed;
}

static u64 object_key(u8 kind, const char *name)
{
	return fwt_hash(fwt_hash(FWT_HASH_SEED, &kind, 1), name, strlen(name) + 1);
}

static void limits(struct fwt_sema *s, const struct fwt_sema_named *n, u32 count,
		   struct fwt_prog_object *o)
{
	u64 timeout = n->timeout ? n->timeout->number : 0;
	u64 max = n->max ? n->max->number : FWT_SET_MAX_DEFAULT;

	if (n->timeout && (!timeout || timeout > FWT_SET_TIMEOUT_MAX))
		fwt_error(s->diag, &n->timeout->loc, "a timeout is from 1ms to 365d");
	if (n->max && (!max || max > FWT_SET_MAX_LIMIT))
		fwt_error(s->diag, &n->max->loc, "'max' is from 1 to %u", FWT_SET_MAX_LIMIT);
	else if (n->max && count > max)
		fwt_error(s->diag, &n->max->loc,
			  "%s '%s' has %u elements: %llu more than its 'max'",
			  n->value ? "map" : "set", n->name->text, count,
			  (unsigned long long)(count - max));
	o->param[FWT_SETP_TIMEOUT_LO] = (u32)timeout;
	o->param[FWT_SETP_TIMEOUT_HI] = (u32)(timeout >> 32);
	o->param[FWT_SETP_MAX] = n->max ? (u32)max : max(count, FWT_SET_MAX_DEFAULT);
}

/* One number for each element; FWT_NONE for none. */
static u32 values_of(struct fwt_sema *s, const struct fwt_vec *values)
{
	return values && values->count ?
		fwt_builder_words(&s->b, values->data, values->count) : FWT_NONE;
}

void fwt_sema_object(struct fwt_sema *s, const struct fwt_sema_named *n,
		     const struct fwt_elems elems[2], const struct fwt_vec *values,
		     struct fwt_set_state *state)
{
	struct fwt_prog_object o = { .kind = FWT_OBJECT_SET };
	u32 count = fwt_elems_count(&elems[0]) + fwt_elems_count(&elems[1]);

	o.key = object_key(FWT_OBJECT_SET, n->name->text);
	o.name = fwt_builder_string(&s->b, n->name->text);
	o.param[FWT_SETP_SHAPE] = n->key->count | (n->value ? n->value->count << 8 : 0);
	o.param[FWT_SETP_TYPES] = pack_types(n->key);
	o.param[FWT_SETP_VALUE_TYPES] = n->value ? pack_types(n->value) : 0;
	o.param[FWT_SETP_VALUES4] = values_of(s, values);
	o.param[FWT_SETP_VALUES6] = values_of(s, values ? values + 1 : NULL);
	o.param[FWT_SETP_TREES] = n->trees;
	limits(s, n, count, &o);
	o.param[FWT_SETP_ELEMENTS4] = elements(s, &elems[0]);
	o.param[FWT_SETP_ELEMENTS6] = elements(s, &elems[1]);
	if (s->b.sec[FWT_SEC_OBJECTS].count == FWT_OBJECTS_MAX)
		fwt_error(s->diag, &n->name->loc, "more than %u sets, limits and pools",
			  FWT_OBJECTS_MAX);
	else
		state->object = fwt_builder_add(&s->b, FWT_SEC_OBJECTS, &o);
}

static void read_elements(struct fwt_sema *s, const struct fwt_set *set,
			  const struct fwt_sema_key *k, struct fwt_elems elems[2])
{
	const struct fwt_value *v;

	fwt_sema_elems_init(k, elems);
	s->in_set = true;
	for (v = set->elements.first; v; v = v->next) {
		if (fwt_sema_is_constant(v))
			fwt_sema_elem(s, k, v, elems, FWT_NONE);
		else if (s->elements)
			fwt_error(s->diag, &v->loc,
				  "elements are values: other sets and interfaces' addresses stand in the policy");
	}
	s->in_set = false;
}

static void read_set(struct fwt_sema *s, struct fwt_set *set, bool add)
{
	const struct fwt_sema_named n = {
		.name = &set->name, .key = &set->type, .timeout = set->timeout, .max = set->max,
	};
	struct fwt_ast_ref ref[FWT_SET_TYPES_MAX];
	struct fwt_elems elems[2];
	struct fwt_fields fields;
	struct fwt_sema_key k;

	if (!fwt_sema_type_fields(&set->type, ref, &fields) ||
	    !fwt_sema_key(s, &fields, &k, NULL))
		return;
	read_elements(s, set, &k, elems);
	fwt_sema_names(s, set, &k, elems);
	if (add)
		fwt_sema_object(s, &n, elems, NULL, set->priv);
	fwt_elems_clean(&elems[0]);
	fwt_elems_clean(&elems[1]);
}

int fwt_set_elements(const struct fwt_policy_ast *ast, const struct fwt_set *set,
		     const struct fwt_dns_book *book, struct fwt_elems elems[2], u32 *param)
{
	struct fwt_ast_ref ref[FWT_SET_TYPES_MAX];
	struct fwt_fields fields;
	struct fwt_sema_key k;
	struct fwt_diag diag;
	struct fwt_sema s;
	int ret = -ENOMEM;

	memset(&s, 0, sizeof(s));
	fwt_diag_init(&diag);
	s.ast = ast;
	s.diag = &diag;
	s.book = book;
	s.arena = fwt_arena_create();
	s.resolver = fwt_resolver_alloc();
	if (s.arena && s.resolver && fwt_sema_type_fields(&set->type, ref, &fields) &&
	    fwt_sema_key(&s, &fields, &k, NULL)) {
		read_elements(&s, set, &k, elems);
		fwt_sema_names(&s, set, &k, elems);
		param[FWT_SETP_SHAPE] = set->type.count;
		param[FWT_SETP_TYPES] = pack_types(&set->type);
		ret = s.failed ? -ENOMEM : 0;
		if (ret) {
			fwt_elems_clean(&elems[0]);
			fwt_elems_clean(&elems[1]);
		}
	}
	if (s.resolver)
		fwt_resolver_free(s.resolver);
	fwt_arena_free(s.arena);
	fwt_diag_clean(&diag);
	return ret;
}

void fwt_sema_set(struct fwt_sema *s, struct fwt_set *set)
{
	struct fwt_set_state *state = fwt_sema_alloc(s, sizeof(*state));

	set->priv = state;
	if (!state)
		return;
	state->object = FWT_NONE;
	read_set(s, set, !s->patch);
}

static struct fwt_set *find_set(struct fwt_sema *s, const char *name,
				const struct fwt_loc *loc);

static bool same_types(const struct fwt_set_type *a, const struct fwt_set_type *b)
{
	u32 i;

	for (i = 0; i < a->count && i < b->count; i++)
		if (a->type[i] != b->type[i] && a->type[i] != FWT_TYPE_ERROR &&
		    b->type[i] != FWT_TYPE_ERROR)
			return false;
	return a->count == b->count;
}

/* Does @set hold @wanted, itself or by those in it. */
static bool holds(struct fwt_sema *s, const struct fwt_set *set, const struct fwt_set *wanted,
		  u32 asked)
{
	const struct fwt_value *v;
	struct fwt_set_state *state;
	const struct fwt_set *inner;

	for (v = set->elements.first; v; v = v->next) {
		inner = v->kind == FWT_VALUE_SETREF ? fwt_ast_set(s->ast, v->text) : NULL;
		state = inner ? inner->priv : NULL;
		if (inner && inner == wanted)
			return true;
		if (!state || state->asked == asked)
			continue;
		state->asked = asked;
		if (holds(s, inner, wanted, asked))
			return true;
	}
	return false;
}

/* What is not of the set's type, and what would go round. */
static void check_inner(struct fwt_sema *s, const struct fwt_set *set)
{
	const struct fwt_value *v;
	const struct fwt_set *inner;

	for (v = set->elements.first; v; v = v->next) {
		if ((v->kind == FWT_VALUE_ADDR_OF || v->kind == FWT_VALUE_NET_OF) &&
		    (set->type.count != 1 || set->type.type[0] != FWT_TYPE_ADDR))
			fwt_error(s->diag, &v->loc, "addr() and net() are of type 'addr'");
		if (v->kind == FWT_VALUE_JOIN && !fwt_sema_is_constant(v) &&
		    v->parts.count != set->type.count)
			fwt_error(s->diag, &v->loc,
				  "%u types are joined, and this value has %u parts",
				  set->type.count, v->parts.count);
		if (v->kind != FWT_VALUE_SETREF)
			continue;
		inner = fwt_ast_set(s->ast, v->text);
		if (!inner)
			find_set(s, v->text, &v->loc);	/* reported */
		else if (!same_types(&inner->type, &set->type))
			fwt_error(s->diag, &v->loc, "set '%s' is of another type", v->text);
		else if (inner == set || holds(s, inner, set, ++s->asked))
			fwt_error(s->diag, &v->loc, "set '%s' would be in itself",
				  set->name.text);
	}
}

void fwt_sema_sets_in_sets(struct fwt_sema *s)
{
	const struct fwt_set *set;

	for (set = s->ast->sets; set; set = set->next)
		check_inner(s, set);
}

void fwt_sema_sets_unused(struct fwt_sema *s)
{
	const struct fwt_set_state *state;
	struct fwt_set *set;

	for (set = s->ast->sets; set; set = set->next) {
		state = set->priv;
		if (s->warnings && state && !state->used)
			fwt_warning(s->diag, &set->name.loc, "set '%s' is not used",
				    set->name.text);
		set->priv = NULL;
	}
}

/* Uses of sets */

static struct fwt_set *find_set(struct fwt_sema *s, const char *name,
				const struct fwt_loc *loc)
{
	struct fwt_set *set = fwt_ast_set(s->ast, name), *other;
	struct fwt_set_state *state;
	struct fwt_suggest suggest;
	char hint[128];

	if (set) {
		state = set->priv;
		if (state && !state->used && s->patch)
			read_set(s, set, true);
		if (state)
			state->used = true;
		return set;
	}
	if (fwt_ast_map(s->ast, name)) {
		fwt_error(s->diag, loc, "'%s' is a map: a set is meant here", name);
		return NULL;
	}
	if (s->ast->lost)
		return NULL;	/* it may be what was not understood */
	fwt_suggest_init(&suggest, name);
	for (other = s->ast->sets; other; other = other->next)
		fwt_suggest_try(&suggest, other->name.text);
	fwt_error_hint(s->diag, loc, fwt_suggest_hint(&suggest, hint, sizeof(hint)),
		       "there is no set '%s'", name);
	return NULL;
}

bool fwt_sema_type_fits(struct fwt_sema *s, const char *what, const char *name,
			const struct fwt_loc *loc, const struct fwt_set_type *type,
			const struct fwt_sema_key *k)
{
	u32 i, n = k->test.n_fields;

	if (type->count != n) {
		fwt_error(s->diag, loc, "%s '%s' joins %u type%s, and %u field%s asked", what,
			  name, type->count, type->count == 1 ? "" : "s", n,
			  n == 1 ? " is" : "s are");
		return false;
	}
	for (i = 0; i < n; i++) {
		if (type->type[i] == FWT_TYPE_ERROR)
			return false;
		if (fwt_type_class(type->type[i]) == fwt_sema_class(k->ref[i]))
			continue;
		fwt_error(s->diag, loc, "%s '%s' holds '%s' where '%s' is asked", what, name,
			  fwt_type_name(type->type[i]),
			  fwt_field_words(k->ref[i]->field, k->ref[i]->implies));
		return false;
	}
	return true;
}

/* Which elements are asked, by the addresses that the fields can have. */
bool fwt_sema_families(struct fwt_sema *s, const struct fwt_loc *loc,
		       const struct fwt_set_type *type, const struct fwt_sema_key *k, u32 *flags)
{
	u32 six, i;

	*flags = 0;
	for (six = 0; six < 2; six++) {
		u32 words = 0, w;

		for (i = 0; i < type->count; i++) {
			const struct fwt_field_info *f = &fwt_field_info[k->test.field[i]];

			if (type->type[i] != FWT_TYPE_ADDR)
				continue;
			w = six ? f->words6 : f->words;
			if (words && w != words) {
				fwt_error(s->diag, loc,
					  "addresses of one family and of either are joined: ask for both in the same way");
				return false;
			}
			words = w;
		}
		if (words == 4)
			*flags |= six ? FWT_LIVE_SIX6 : FWT_LIVE_SIX4;
	}
	return true;
}

bool fwt_sema_live(struct fwt_sema *s, const struct fwt_sema_key *k, const char *name,
		   const struct fwt_loc *loc, struct fwt_prog_test *t)
{
	struct fwt_set *set = find_set(s, name, loc);
	const struct fwt_set_state *state = set ? set->priv : NULL;
	u32 flags;

	if (!state || state->object == FWT_NONE ||
	    !fwt_sema_type_fits(s, "set", name, loc, &set->type, k) ||
	    !fwt_sema_families(s, loc, &set->type, k, &flags))
		return false;
	*t = k->test;
	t->op = FWT_TEST_LIVE;
	t->set[0] = state->object;
	t->set[1] = flags;
	return true;
}

bool fwt_sema_is_constant(const struct fwt_value *v)
{
	const struct fwt_value *p;
	u32 i;

	if (v->kind == FWT_VALUE_JOIN) {
		for (i = 0; i < v->parts.count; i++)
			for (p = v->parts.part[i].first; p; p = p->next)
				if (!fwt_sema_is_constant(p))
					return false;
		return true;
	}
	return v->kind != FWT_VALUE_SETREF && v->kind != FWT_VALUE_ADDR_OF &&
	       v->kind != FWT_VALUE_NET_OF;
}

/* One of the fields alone. */
static void part_key(const struct fwt_sema_key *k, u32 i, struct fwt_sema_key *part)
{
	const struct fwt_field_info *f = &fwt_field_info[k->test.field[i]];

	*part = *k;
	part->ref[0] = k->ref[i];
	part->test.n_fields = 1;
	memset(part->test.field, 0, sizeof(part->test.field));
	part->test.field[0] = k->test.field[i];
	part->split = f->words != f->words6;
}

/* A join with sets in it: each part is asked for itself. */
static struct fwt_cond *joined(struct fwt_sema *s, const struct fwt_sema_key *k,
			       const struct fwt_value *v, bool negate)
{
	struct fwt_cond *list = NULL, *inverse, *there;
	struct fwt_prog_test t = k->test;
	struct fwt_sema_key part;
	u32 i;

	if (v->parts.count != k->test.n_fields) {
		fwt_error(s->diag, &v->loc, "%u fields are joined, and this value has %u parts",
			  k->test.n_fields, v->parts.count);
		return NULL;
	}
	for (i = 0; i < v->parts.count; i++) {
		part_key(k, i, &part);
		fwt_sema_append(&list, fwt_sema_in_values(s, &part, &v->parts.part[i], false));
	}
	if (!negate)
		return list;
	/* "!=" of a field that is not there is false. */
	t.flags = FWT_TEST_NEGATE;
	t.set[0] = FWT_NONE;
	t.set[1] = FWT_NONE;
	there = fwt_sema_test(s, &t);
	inverse = fwt_sema_alloc(s, sizeof(*inverse));
	if (!there || !inverse)
		return NULL;
	inverse->kind = FWT_COND_NOT;
	inverse->inner = list;
	there->next = inverse;
	return there;
}

/* A set, and what is in it besides elements: each once. @asked: who is meant by this. */
static void with_inner(struct fwt_sema *s, const struct fwt_sema_key *k,
		       const struct fwt_value *ref, bool negate, u32 asked,
		       struct fwt_cond **list)
{
	struct fwt_set *set = find_set(s, ref->text, &ref->loc);
	struct fwt_set_state *state = set ? set->priv : NULL;
	const struct fwt_value *v;
	struct fwt_prog_test t;
	struct fwt_cond *c;

	if (!state || state->asked == asked ||
	    !fwt_sema_live(s, k, ref->text, &ref->loc, &t))
		return;
	state->asked = asked;
	t.flags = negate ? FWT_TEST_NEGATE : 0;
	fwt_sema_append(list, fwt_sema_test(s, &t));
	for (v = set->elements.first; v; v = v->next) {
		if (fwt_sema_is_constant(v))
			continue;
		if (v->kind == FWT_VALUE_SETREF) {
			with_inner(s, k, v, negate, asked, list);
			continue;
		}
		if (k->test.mask[0] != FWT_NONE || k->test.mask[1] != FWT_NONE) {
			fwt_error(s->diag, &ref->loc,
				  "set '%s' has more than values in it: it is asked without a mask",
				  set->name.text);
			return;
		}
		c = fwt_sema_value(s, k, v, negate);
		fwt_sema_append(list, negate || !c || !c->next ? c : fwt_sema_all_of(s, c));
	}
}

struct fwt_cond *fwt_sema_value(struct fwt_sema *s, const struct fwt_sema_key *k,
				const struct fwt_value *v, bool negate)
{
	struct fwt_cond *list = NULL;

	switch (v->kind) {
	case FWT_VALUE_JOIN:
		return joined(s, k, v, negate);
	case FWT_VALUE_SETREF:
		with_inner(s, k, v, negate, ++s->asked, &list);
		return negate ? list : fwt_sema_any_of(s, list);
	default:
		return fwt_sema_interface(s, k, v, negate);
	}
}
