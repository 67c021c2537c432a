// SPDX-License-Identifier: GPL-2.0
/*
 * Fields, alone or joined, and the elements that they are held against.
 */
#include <stdlib.h>

#include "parse.h"
#include "sema.h"

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

/* Lists that are joined come to so many elements at most, as defines do. */
#define PRODUCT_MAX	FWT_PARSE_COPIES_MAX

/* One literal for each field: an element, unless its families differ. @tried: both */
struct product {
	struct fwt_sema *s;
	const struct fwt_sema_key *k;
	struct fwt_elems *elems;
	u32 branch;
	u32 made;
	u32 tried;
	bool full;
	struct fwt_range part[FWT_TEST_FIELDS];
};

static bool element(struct product *p)
{
	u32 low[FWT_KEY_WORDS], high[FWT_KEY_WORDS], at = 0, i;
	u8 family = 0;

	/* Values that stand there one by one have no such limit. */
	p->full = p->tried++ && (p->tried > PRODUCT_MAX ||
				 fwt_elems_count(&p->elems[0]) + fwt_elems_count(&p->elems[1]) >=
				 PRODUCT_MAX);
	if (p->full)
		return false;
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
	return !p->s->failed;
}

enum fwt_value_class fwt_sema_class(const struct fwt_ast_ref *ref)
{
	enum fwt_value_class class = fwt_ast_field_info(ref->field)->class;

	return class == FWT_CLASS_ADDR4 ? FWT_CLASS_ADDR : class;
}

static bool parts(struct product *p, const struct fwt_value *v, u32 dim);

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

/* All values of dimension @dim, and for each those of the dimensions after. */
static bool values(struct product *p, const struct fwt_value *join,
		   const struct fwt_value *v, u32 dim)
{
	bool ok = true;

	for (; v && !p->full && !p->s->failed; v = v->next) {
		if (no_address(p->k->ref[dim], v))
			ok &= none_of(p, join, dim);
		else
			ok &= fwt_sema_range(p->s, p->k->ref[dim], v, &p->part[dim]) &&
			      parts(p, join, dim + 1);
	}
	return ok;
}

static bool parts(struct product *p, const struct fwt_value *join, u32 dim)
{
	if (dim == p->k->test.n_fields)
		return element(p);
	return values(p, join, join->parts.part[dim].first, dim);
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
	p->tried = 0;
	if (!parts(p, v, 0)) {
		if (p->full)
			fwt_error(p->s->diag, &v->loc,
				  "the lists that are joined come to more than %u elements",
				  PRODUCT_MAX);
		return false;
	}
	if (!p->made && !p->s->names_of)
		fwt_error(p->s->diag, &v->loc,
			  "an IPv4 and an IPv6 address: no packet has both");
	return p->made || p->s->names_of;
}

bool fwt_sema_elem(struct fwt_sema *s, const struct fwt_sema_key *k,
		   const struct fwt_value *v, struct fwt_elems elems[2], u32 branch)
{
	struct product p = { .s = s, .k = k, .elems = elems, .branch = branch };

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
	const struct fwt_value *v;
	struct fwt_elems elems[2];

	*t = k->test;
	fwt_sema_elems_init(k, elems);
	for (v = values->first; v; v = v->next)
		if (fwt_sema_is_constant(v))
			fwt_sema_elem(s, k, v, elems, FWT_NONE);
	t->set[0] = fwt_build_set(&s->b, &elems[0]);
	t->set[1] = k->split ? fwt_build_set(&s->b, &elems[1]) : t->set[0];
	fwt_elems_clean(&elems[0]);
	fwt_elems_clean(&elems[1]);
}

struct fwt_cond *fwt_sema_interface(struct fwt_sema *s, const struct fwt_sema_key *k,
				    const struct fwt_value *v, bool negate)
{
	const char *what = v->kind == FWT_VALUE_ADDR_OF ? "addr()" : "net()";
	char name[FWT_SEMA_IFNAME];
	struct fwt_prog_test t = {
		.op = v->kind == FWT_VALUE_ADDR_OF ? FWT_TEST_IFADDR : FWT_TEST_IFNET,
		.flags = negate ? FWT_TEST_NEGATE : 0,
		.n_fields = 1, .field = { k->test.field[0] },
		.set = { FWT_NONE, FWT_NONE }, .mask = { FWT_NONE, FWT_NONE },
	};

	if (k->test.n_fields != 1 || fwt_sema_class(k->ref[0]) != FWT_CLASS_ADDR ||
	    k->ref[0]->field == FWT_AST_ARP_SADDR ||
	    k->ref[0]->field == FWT_AST_ARP_DADDR) {
		fwt_error(s->diag, &v->loc, "%s stands for 'saddr' and 'daddr' alone", what);
		return NULL;
	}
	if (!fwt_sema_ifname_ok(s, v))
		return NULL;
	t.set[0] = fwt_builder_string(&s->b, fwt_sema_ifname(v, name));
	return fwt_sema_test(s, &t);
}
