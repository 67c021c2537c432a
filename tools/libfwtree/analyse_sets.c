// SPDX-License-Identifier: GPL-2.0
/*
 * Lists and sets that hold something twice.
 */
#include <stdlib.h>

#include "analyse.h"

/* Lists of joined values are compared two by two; not longer ones. */
#define JOINED_MAX	2000u

struct element {
	struct fwt_range r;
	const struct fwt_value *v;
};

static int compare(const u32 *a, const u32 *b, u32 n)
{
	for (; n--; a++, b++)
		if (*a != *b)
			return *a < *b ? -1 : 1;
	return 0;
}

/* By where they begin; of two that begin alike the longer first. */
static int in_order(const void *a, const void *b)
{
	const struct element *x = a, *y = b;
	int c;

	if (x->r.words != y->r.words)
		return x->r.words < y->r.words ? -1 : 1;
	c = compare(x->r.low, y->r.low, x->r.words);
	if (!c)
		c = -compare(x->r.high, y->r.high, x->r.words);
	if (!c)
		c = x->v->loc.line != y->v->loc.line ?
		    (x->v->loc.line < y->v->loc.line ? -1 : 1) :
		    x->v->loc.column < y->v->loc.column ? -1 : 1;
	return c;
}

static void value_words(const struct fwt_value *v, char *buf, size_t size)
{
	FILE *out = fmemopen(buf, size, "w");

	buf[0] = 0;
	if (!out)
		return;
	fwt_ast_print_value(out, v);
	fclose(out);
	buf[size - 1] = 0;
}

static void tell(struct fwt_analyser *a, const struct element *first,
		 const struct element *second, bool within)
{
	char one[120] = "", two[120] = "";

	value_words(first->v, one, sizeof(one));
	value_words(second->v, two, sizeof(two));
	if (!strcmp(one, two))
		fwt_warning(a->diag, &second->v->loc, "%s stands here twice", two);
	else
		fwt_warning(a->diag, &second->v->loc, within ?
			    "%s is within %s, which is here too" :
			    "%s and %s, which is here too, overlap", two, one);
	fwt_note(a->diag, &first->v->loc, "the other one");
}

static bool plain(const struct fwt_value *v)
{
	return v->kind != FWT_VALUE_ERROR && v->kind != FWT_VALUE_SETREF &&
	       v->kind != FWT_VALUE_ADDR_OF && v->kind != FWT_VALUE_NET_OF &&
	       v->kind != FWT_VALUE_JOIN;
}

static void of_one(struct fwt_analyser *a, const struct fwt_ast_ref *ref,
		   const struct fwt_values *values)
{
	enum fwt_value_class class = fwt_ast_field_info(ref->field)->class;
	const struct element *widest = NULL;
	const struct fwt_value *v;
	struct element *e;
	u32 n = 0, i;

	/* "snat, dnat" overlaps where both is the case, and is meant so. */
	if (values->count < 2 || class == FWT_CLASS_CT_STATUS || class == FWT_CLASS_BOOL)
		return;
	e = malloc(values->count * sizeof(*e));
	if (!e)
		return;
	for (v = values->first; v && n < values->count; v = v->next) {
		if (!plain(v) || !fwt_sema_range(a->s, ref, v, &e[n].r))
			continue;
		e[n++].v = v;
	}
	qsort(e, n, sizeof(*e), in_order);
	for (i = 0; i < n; i++) {
		u32 w = e[i].r.words;

		if (!widest || widest->r.words != w ||
		    compare(e[i].r.low, widest->r.high, w) > 0) {
			widest = &e[i];
			continue;
		}
		tell(a, widest, &e[i], compare(e[i].r.high, widest->r.high, w) <= 0);
		if (compare(e[i].r.high, widest->r.high, w) > 0)
			widest = &e[i];
	}
	free(e);
}

struct joined {
	const struct fwt_value *v;
	struct fwt_range part[FWT_TEST_FIELDS];
};

/* How @x lies to @y: 2 within it, 1 they overlap, 0 neither. */
static int joined_order(const struct joined *x, const struct joined *y, u32 n)
{
	bool within = true;
	u32 i;

	for (i = 0; i < n; i++) {
		const struct fwt_range *p = &x->part[i], *q = &y->part[i];

		if (p->words != q->words || compare(p->low, q->high, p->words) > 0 ||
		    compare(q->low, p->high, p->words) > 0)
			return 0;
		within &= compare(p->low, q->low, p->words) >= 0 &&
			  compare(p->high, q->high, p->words) <= 0;
	}
	return within ? 2 : 1;
}

static void of_joined(struct fwt_analyser *a, const struct fwt_fields *fields,
		      const struct fwt_values *values)
{
	const struct fwt_ast_ref *ref;
	const struct fwt_value *v;
	u32 n = 0, i, j, p;
	struct joined *e;
	bool ok;

	if (values->count < 2 || values->count > JOINED_MAX || fields->count > FWT_TEST_FIELDS)
		return;
	e = malloc(values->count * sizeof(*e));
	if (!e)
		return;
	for (v = values->first; v && n < values->count; v = v->next) {
		if (v->kind != FWT_VALUE_JOIN || v->parts.count != fields->count)
			continue;
		ok = true;
		for (p = 0, ref = fields->first; ref && ok; ref = ref->next, p++)
			ok = v->parts.part[p].count == 1 && plain(v->parts.part[p].first) &&
			     fwt_sema_range(a->s, ref, v->parts.part[p].first, &e[n].part[p]);
		e[n].v = v;
		n += ok;
	}
	for (i = 0; i < n; i++)
		for (j = 0; j < i; j++) {
			int order = joined_order(&e[i], &e[j], fields->count);
			struct element one = { .v = e[j].v }, two = { .v = e[i].v };

			if (!order)
				continue;
			tell(a, &one, &two, order == 2);
			break;
		}
	free(e);
}

static void of_values(struct fwt_analyser *a, const struct fwt_fields *fields,
		      const struct fwt_values *values)
{
	if (fields->count == 1)
		of_one(a, fields->first, values);
	else
		of_joined(a, fields, values);
}

static void of_matches(struct fwt_analyser *a, const struct fwt_match *m)
{
	for (; m; m = m->next) {
		if (m->kind == FWT_MATCH_FIELD && m->op <= FWT_OP_NE)
			of_values(a, &m->fields, &m->values);
		else if (m->kind == FWT_MATCH_NOT)
			of_matches(a, m->inner);
	}
}

static void of_rules(struct fwt_analyser *a, const struct fwt_rule *r)
{
	const struct fwt_branch *b;

	for (; r; r = r->next) {
		of_matches(a, r->matches);
		if (r->end.kind == FWT_END_BLOCK)
			of_rules(a, r->end.block.first);
		for (b = r->end.kind == FWT_END_SPLIT ? r->end.split->branches : NULL; b;
		     b = b->next)
			of_rules(a, b->rule);
		if (r->end.kind != FWT_END_SELECT)
			continue;
		for (b = r->end.select->branches; b; b = b->next) {
			if (!b->is_default)
				of_values(a, &r->end.select->fields, &b->values);
			of_rules(a, b->rule);
		}
	}
}

static void of_set(struct fwt_analyser *a, const struct fwt_set *set)
{
	static const u8 stand_in[FWT_TYPE_COUNT] = {
		[FWT_TYPE_ADDR] = FWT_AST_SADDR, [FWT_TYPE_PORT] = FWT_AST_DPORT,
		[FWT_TYPE_PROTOCOL] = FWT_AST_PROTOCOL, [FWT_TYPE_IFNAME] = FWT_AST_IIF,
		[FWT_TYPE_MAC] = FWT_AST_ETHER_SADDR, [FWT_TYPE_MARK] = FWT_AST_MARK,
	};
	struct fwt_ast_ref ref[FWT_SET_TYPES_MAX] = { 0 };
	struct fwt_fields fields = { .first = ref, .count = set->type.count };
	u32 i;

	for (i = 0; i < set->type.count; i++) {
		ref[i].field = stand_in[set->type.type[i]];
		ref[i].next = i + 1 < set->type.count ? &ref[i + 1] : NULL;
	}
	a->s->in_set = true;
	if (fields.count)
		of_values(a, &fields, &set->elements);
	a->s->in_set = false;
}

void fwt_analyse_sets(struct fwt_analyser *a)
{
	const struct fwt_policy_ast *ast = a->s->ast;
	const struct fwt_ast_hook *h;
	const struct fwt_tree *t;
	const struct fwt_set *set;
	struct fwt_diag none;

	/* What could not be read was said by the compiler. */
	fwt_diag_init(&none);
	a->s->diag = &none;
	for (set = ast->sets; set; set = set->next)
		of_set(a, set);
	for (h = ast->hooks; h; h = h->next)
		of_rules(a, h->block.first);
	for (t = ast->trees; t; t = t->next)
		of_rules(a, t->block.first);
	a->s->diag = a->diag;
	fwt_diag_clean(&none);
}
