// SPDX-License-Identifier: GPL-2.0
/*
 * DNS names in sets: each is as if its addresses were written in its place.
 */
#include <stdlib.h>

#include "dns_book.h"
#include "sema.h"

static bool is_name(const struct fwt_value *v)
{
	return v->kind == FWT_VALUE_WORD || v->kind == FWT_VALUE_STRING;
}

static struct fwt_value *literal(struct fwt_sema *s, const struct fwt_loc *loc,
				 const struct fwt_dns_addr *a)
{
	struct fwt_value *v = fwt_sema_alloc(s, sizeof(*v));
	u32 i;

	if (!v)
		return NULL;
	v->loc = *loc;
	v->kind = a->six ? FWT_VALUE_IPV6 : FWT_VALUE_IPV4;
	for (i = 0; i < (a->six ? 4 : 1); i++)
		put_unaligned_be32(a->word[i], v->addr + 4 * i);
	return v;
}

/* The addresses of a name, as a list. */
static struct fwt_value *addresses(struct fwt_sema *s, const char *name,
				   const struct fwt_loc *loc)
{
	const struct fwt_dns_entry *e = s->book ? fwt_dns_find(s->book, name) : NULL;
	struct fwt_value *first = NULL, *v;
	u32 i;

	for (i = e ? e->addr.count : 0; i--;) {
		v = literal(s, loc, (const struct fwt_dns_addr *)e->addr.data + i);
		if (!v)
			return NULL;
		v->next = first;
		first = v;
	}
	return first;
}

static void add(struct fwt_sema *s, const struct fwt_sema_key *k, const struct fwt_value *v,
		struct fwt_elems elems[2])
{
	for (; v; v = v->next)
		fwt_sema_elem(s, k, v, elems, FWT_NONE);
}

/* A join, its names replaced. Where one stands for nothing there is no element. */
static void add_join(struct fwt_sema *s, const struct fwt_sema_key *k,
		     const struct fwt_set *set, const struct fwt_value *v,
		     struct fwt_elems elems[2])
{
	struct fwt_values *part = fwt_sema_alloc(s, v->parts.count * sizeof(*part));
	struct fwt_value join = *v, *copy, **end;
	const struct fwt_value *one;
	u32 i;

	if (!part)
		return;
	join.next = NULL;
	join.parts.part = part;
	for (i = 0; i < v->parts.count; i++) {
		part[i] = v->parts.part[i];
		if (set->type.type[i] != FWT_TYPE_ADDR)
			continue;
		end = &part[i].first;
		for (one = v->parts.part[i].first; one; one = one->next) {
			if (is_name(one)) {
				*end = addresses(s, one->text, &one->loc);
			} else {
				copy = fwt_sema_alloc(s, sizeof(*copy));
				if (!copy)
					return;
				*copy = *one;
				copy->next = NULL;
				*end = copy;
			}
			while (*end)
				end = &(*end)->next;
		}
		*end = NULL;
		if (!part[i].first)
			return;
	}
	fwt_sema_elem(s, k, &join, elems, FWT_NONE);
}

struct wanted {
	const struct fwt_elems *e;
	const u32 *data;
};

static bool same_key(const void *ctx, u32 n)
{
	const struct wanted *w = ctx;
	u32 words = 2 * w->e->words;

	return !memcmp((u32 *)w->e->data.data + (size_t)n * words, w->data, words * sizeof(u32));
}

/* Each once, where it stood first. @written: of them, at the beginning. */
static void fold(struct fwt_sema *s, struct fwt_elems *e, u32 *written)
{
	u32 words = 2 * e->words, n = fwt_elems_count(e), kept = 0, left = 0, i, at;
	u32 *data = e->data.data;
	struct fwt_index known = { 0 };

	for (i = 0; i < n; i++) {
		struct wanted w = { e, data + (size_t)i * words };

		at = fwt_index_get(&known, fwt_hash(FWT_HASH_SEED, w.data, words * sizeof(u32)),
				   same_key, &w, kept);
		if (at == FWT_NONE) {
			s->failed = true;
			break;
		}
		if (at != kept)
			continue;
		memmove(data + (size_t)kept * words, w.data, words * sizeof(u32));
		kept++;
		left += i < *written;
	}
	fwt_index_clean(&known);
	if (s->failed)
		return;
	e->data.count = kept * words;
	*written = left;
}

/* A set that seems to have too much: what is there twice counts once; then it goes from the
 * end, but what is written out stays.
 */
static void cut(struct fwt_sema *s, const struct fwt_set *set, struct fwt_elems elems[2],
		u32 written[2])
{
	u32 n = fwt_elems_count(&elems[0]) + fwt_elems_count(&elems[1]), max, over, six, most;

	if (!set->max || !set->max->number || set->max->number > FWT_SET_MAX_LIMIT)
		return;
	max = (u32)set->max->number;
	if (n <= max)
		return;
	for (six = 0; six < 2; six++)
		fold(s, &elems[six], &written[six]);
	n = fwt_elems_count(&elems[0]) + fwt_elems_count(&elems[1]);
	if (n <= max || n == written[0] + written[1])
		return;
	over = n - max;
	for (six = 2; six-- && over;) {
		u32 count = fwt_elems_count(&elems[six]);

		most = min(over, count - written[six]);
		elems[six].data.count -= most * 2 * elems[six].words;
		over -= most;
		n -= most;
	}
	if (s->warnings)
		fwt_warning(s->diag, &set->max->loc,
			    "set '%s' has no room for all addresses of its names: 'max' is %u",
			    set->name.text, max);
}

void fwt_sema_names(struct fwt_sema *s, const struct fwt_set *set,
		    const struct fwt_sema_key *k, struct fwt_elems elems[2])
{
	const struct fwt_dns_kept *kept = s->book ? s->book->kept.data : NULL;
	u32 written[2] = { fwt_elems_count(&elems[0]), fwt_elems_count(&elems[1]) }, i;
	const struct fwt_value *v;

	if (set->resolvers || set->names.count)
		s->b.flags |= FWT_PROGRAM_BEYOND;
	if (!s->book) {
		cut(s, set, elems, written);
		return;
	}
	s->names_of = set;
	if (set->resolvers)
		add(s, k, addresses(s, FWT_DNS_RESOLVERS, &set->name.loc), elems);
	for (v = set->names.first; v; v = v->next) {
		if (v->kind == FWT_VALUE_JOIN)
			add_join(s, k, set, v, elems);
		else
			add(s, k, addresses(s, v->text, &v->loc), elems);
	}
	for (i = 0; i < s->book->kept.count; i++)
		if (!strcmp(kept[i].set, set->name.text) &&
		    !fwt_elems_add(&elems[kept[i].six], kept[i].low, kept[i].high, FWT_NONE))
			s->failed = true;
	s->names_of = NULL;
	cut(s, set, elems, written);
}
