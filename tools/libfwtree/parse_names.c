// SPDX-License-Identifier: GPL-2.0
/*
 * DNS names among a set's elements, and @resolvers.
 *
 * Names are apart from what is written out: whoever asks what a set holds by its text
 * has the latter, and what names stand for is for who can ask (dns_book.h).
 */
#include "dns_book.h"
#include "parse_build.h"

static bool is_name(const struct fwt_value *v)
{
	return v->kind == FWT_VALUE_WORD || v->kind == FWT_VALUE_STRING;
}

/* A word with a dot, or what is quoted: "lan" is more likely a slip than a host. */
static bool check(struct fwt_parser *p, const struct fwt_value *v)
{
	const char *why;

	if (v->kind == FWT_VALUE_WORD && !strchr(v->text, '.')) {
		fwt_error_hint(p->diag, &v->loc,
			       "a DNS name has a dot, or is quoted", "'%s' is no address",
			       v->text);
		return false;
	}
	why = fwt_dns_name(v->text, NULL);
	if (why)
		fwt_error(p->diag, &v->loc, "'%s' is no DNS name: %s", v->text, why);
	return !why;
}

/* Names are checked in the order written. */
static bool part_has_name(struct fwt_parser *p, const struct fwt_value *v, bool *bad)
{
	bool has = false;

	for (; v; v = v->next) {
		if (!is_name(v))
			continue;
		*bad |= !check(p, v);
		has = true;
	}
	return has;
}

static bool has_name(struct fwt_parser *p, const struct fwt_set *set,
		     const struct fwt_value *v, bool *bad)
{
	bool has = false;
	uint32_t i;

	if (v->kind != FWT_VALUE_JOIN) {
		if (!is_name(v) || set->type.count != 1 || set->type.type[0] != FWT_TYPE_ADDR)
			return false;
		*bad |= !check(p, v);
		return true;
	}
	if (v->parts.count != set->type.count)
		return false;	/* is told where elements are made */
	for (i = 0; i < v->parts.count; i++)
		if (set->type.type[i] == FWT_TYPE_ADDR)
			has |= part_has_name(p, v->parts.part[i].first, bad);
	return has;
}

/* The values may be a define's, which others use as well: they are copied. */
static void put(struct fwt_parser *p, struct fwt_value ***end, struct fwt_values *to,
		const struct fwt_value *v)
{
	struct fwt_value *copy = fwt_new(p, sizeof(*copy));

	if (!copy)
		return;
	*copy = *v;
	copy->next = NULL;
	**end = copy;
	*end = &copy->next;
	to->count++;
}

/* What is left of a join without its names; false for nothing. */
static bool without_names(struct fwt_parser *p, const struct fwt_set *set,
			  const struct fwt_value *v, struct fwt_value *rest)
{
	struct fwt_values *part;
	uint32_t i;

	if (v->kind != FWT_VALUE_JOIN)
		return false;
	*rest = *v;
	part = fwt_arena_alloc(p->ast->arena, v->parts.count * sizeof(*part));
	if (!part) {
		p->no_memory = true;
		return false;
	}
	rest->parts.part = part;
	for (i = 0; i < v->parts.count; i++) {
		const struct fwt_value *one;
		struct fwt_value **end = &part[i].first;

		part[i] = v->parts.part[i];
		if (set->type.type[i] != FWT_TYPE_ADDR)
			continue;
		part[i].first = NULL;
		part[i].count = 0;
		for (one = v->parts.part[i].first; one; one = one->next)
			if (!is_name(one))
				put(p, &end, &part[i], one);
		if (!part[i].count)
			return false;
	}
	return true;
}

void fwt_set_names(struct fwt_parser *p, struct fwt_set *set)
{
	struct fwt_values plain = { .loc = set->elements.loc }, names = plain;
	struct fwt_value **plain_end = &plain.first, **names_end = &names.first;
	const struct fwt_value *v;
	struct fwt_value rest;
	bool any = false;

	for (v = set->elements.first; v && !any; v = v->next)
		any = is_name(v) || v->kind == FWT_VALUE_JOIN;
	if (!any)
		return;
	any = false;
	for (v = set->elements.first; v; v = v->next) {
		bool bad = false;

		if (!has_name(p, set, v, &bad)) {
			put(p, &plain_end, &plain, v);
			continue;
		}
		any = true;
		if (bad)
			continue;
		put(p, &names_end, &names, v);
		if (without_names(p, set, v, &rest))
			put(p, &plain_end, &plain, &rest);
	}
	if (!any)
		return;
	set->elements = plain;
	set->names = names;
}

void fwt_resolvers_used(struct fwt_parser *p, const struct fwt_lloc *lloc,
			struct fwt_atom *name)
{
	struct fwt_set *set;

	if (name->decl[FWT_DECL_SET] || strcmp(name->text, FWT_DNS_RESOLVERS + 1))
		return;
	set = fwt_new(p, sizeof(*set));
	if (!set)
		return;
	set->name.text = name->text;
	set->name.loc = lloc->loc;
	set->type.type[0] = FWT_TYPE_ADDR;
	set->type.count = 1;
	set->type.loc = lloc->loc;
	set->resolvers = true;
	name->decl[FWT_DECL_SET] = set;
	*p->sets = set;
	p->sets = &set->next;
}
