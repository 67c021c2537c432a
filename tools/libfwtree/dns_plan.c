// SPDX-License-Identifier: GPL-2.0
/* Where a set differs from what its names stand for, see dns_state.h. */
#include <stdlib.h>

#include "dns_state.h"

void fwt_dns_plan_init(struct fwt_dns_plan *p)
{
	memset(p, 0, sizeof(*p));
	p->add.size = sizeof(struct fwt_dns_elem);
	p->del.size = sizeof(struct fwt_dns_elem);
}

void fwt_dns_plan_clean(struct fwt_dns_plan *p)
{
	free(p->add.data);
	free(p->del.data);
	fwt_dns_plan_init(p);
}

bool fwt_dns_elem_add(struct fwt_vec *v, bool six, const u32 *low, const u32 *high, u32 words)
{
	struct fwt_dns_elem *e;

	v->size = sizeof(*e);
	e = fwt_vec_add(v, 1);
	if (!e)
		return false;
	memset(e, 0, sizeof(*e));
	e->six = six;
	memcpy(e->low, low, words * sizeof(u32));
	memcpy(e->high, high, words * sizeof(u32));
	return true;
}

bool fwt_dns_elems_add(struct fwt_vec *v, const struct fwt_elems elems[2])
{
	const u32 *at;
	u32 six, i;

	for (six = 0; six < 2; six++) {
		u32 words = elems[six].words;

		at = elems[six].data.data;
		for (i = 0; i < fwt_elems_count(&elems[six]); i++, at += 2 * words)
			if (!fwt_dns_elem_add(v, six, at, at + words, words))
				return false;
	}
	return true;
}

static int order(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct fwt_dns_elem));
}

static void sort(struct fwt_vec *v)
{
	if (v->count)
		qsort(v->data, v->count, sizeof(struct fwt_dns_elem), order);
}

static bool has(const struct fwt_vec *v, const struct fwt_dns_elem *e)
{
	return v->count && bsearch(e, v->data, v->count, sizeof(*e), order);
}

static bool put(struct fwt_vec *v, const struct fwt_dns_elem *e)
{
	struct fwt_dns_elem *to = fwt_vec_add(v, 1);

	if (to)
		*to = *e;
	return to;
}

bool fwt_dns_plan(struct fwt_dns_plan *p, struct fwt_vec *now, struct fwt_vec *written,
		  struct fwt_vec *all, struct fwt_vec *ours)
{
	const struct fwt_dns_elem *e;
	u32 i;

	sort(now);
	sort(written);
	sort(all);
	if (ours)
		sort(ours);
	for (i = 0; i < all->count; i++) {
		e = (const struct fwt_dns_elem *)all->data + i;
		if ((i && !order(e - 1, e)) || has(now, e) || has(written, e))
			continue;
		if (!put(&p->add, e))
			return false;
	}
	for (i = 0; i < now->count; i++) {
		e = (const struct fwt_dns_elem *)now->data + i;
		if ((i && !order(e - 1, e)) || has(all, e) || (ours && !has(ours, e)))
			continue;
		if (!put(&p->del, e))
			return false;
	}
	return true;
}
