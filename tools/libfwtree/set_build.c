// SPDX-License-Identifier: GPL-2.0
/*
 * From elements as written to the sets of a program.
 *
 * Elements of one field are cut into disjoint pieces: all ends are sorted, and
 * a sweep over them keeps the elements that are open in a heap by the order in
 * which they were written; the piece between two ends belongs to the first one
 * written, and neighbours that lead to the same place are joined again. That is
 * n log n, and does for plain sets (all lead to one place) and for maps.
 *
 * Elements of several fields that are exact become sorted keys; else they stay
 * boxes, in their order, which is tried one by one.
 */
#include <stdlib.h>

#include "set_build.h"

void fwt_elems_init(struct fwt_elems *e)
{
	memset(e, 0, sizeof(*e));
	e->data.size = sizeof(u32);
	e->branch.size = sizeof(u32);
}

void fwt_elems_clean(struct fwt_elems *e)
{
	free(e->data.data);
	free(e->branch.data);
	fwt_elems_init(e);
}

void fwt_elems_dim(struct fwt_elems *e, u8 words)
{
	e->dim[e->n_dims++] = words;
	e->words += words;
}

bool fwt_elems_add(struct fwt_elems *e, const u32 *low, const u32 *high, u32 branch)
{
	u32 *to = fwt_vec_add(&e->data, 2 * e->words);

	if (!to)
		return false;
	memcpy(to, low, e->words * sizeof(u32));
	memcpy(to + e->words, high, e->words * sizeof(u32));
	e->ranges |= !!memcmp(low, high, e->words * sizeof(u32));
	if (branch == FWT_NONE)
		return true;
	to = fwt_vec_add(&e->branch, 1);
	if (to)
		*to = branch;
	return to;
}

static int compare(const u32 *a, const u32 *b, u32 words)
{
	for (; words--; a++, b++)
		if (*a != *b)
			return *a < *b ? -1 : 1;
	return 0;
}

/* The key after @a; false where there is none. */
static bool next_key(u32 *to, const u32 *a, u32 words)
{
	memcpy(to, a, words * sizeof(u32));
	while (words--)
		if (++to[words])
			return true;
	return false;
}

static void previous_key(u32 *to, const u32 *a, u32 words)
{
	memcpy(to, a, words * sizeof(u32));
	while (words--)
		if (to[words]--)
			return;
}

/* One end of an element: where it begins, or the first key behind it. */
struct edge {
	u32 key[4];
	u32 elem;
	u8 words;
	bool ends;
};

static int edge_order(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	return compare(x->key, y->key, x->words);
}

/* The elements that are open, the first one written on top. */
struct heap {
	u32 *elem;
	u32 count;
};

static void heap_push(struct heap *h, u32 elem)
{
	u32 at = h->count++, up;

	for (; at; at = up) {
		up = (at - 1) / 2;
		if (h->elem[up] < elem)
			break;
		h->elem[at] = h->elem[up];
	}
	h->elem[at] = elem;
}

static void heap_pop(struct heap *h)
{
	u32 elem = h->elem[--h->count], at = 0, down;

	for (;; at = down) {
		down = 2 * at + 1;
		if (down >= h->count)
			break;
		if (down + 1 < h->count && h->elem[down + 1] < h->elem[down])
			down++;
		if (elem < h->elem[down])
			break;
		h->elem[at] = h->elem[down];
	}
	h->elem[at] = elem;
}

/* Pieces: low and high key each, and where they lead. */
struct pieces {
	u32 words;
	bool ranges;
	struct fwt_vec data;
	struct fwt_vec value;
};

static bool piece(struct pieces *p, const u32 *low, const u32 *high, u32 value)
{
	u32 key[4], *last, *lead, *to;

	if (p->value.count) {
		last = (u32 *)p->data.data + p->data.count - p->words;
		lead = (u32 *)p->value.data + p->value.count - 1;
		if (*lead == value && next_key(key, last, p->words) &&
		    !compare(key, low, p->words)) {
			memcpy(last, high, p->words * sizeof(u32));
			p->ranges = true;
			return true;
		}
	}
	to = fwt_vec_add(&p->data, 2 * p->words);
	lead = fwt_vec_add(&p->value, 1);
	if (!to || !lead)
		return false;
	memcpy(to, low, p->words * sizeof(u32));
	memcpy(to + p->words, high, p->words * sizeof(u32));
	p->ranges |= !!compare(low, high, p->words);
	*lead = value;
	return true;
}

static u32 value_of(const struct fwt_elems *e, const u32 *node, u32 elem)
{
	return node ? node[((u32 *)e->branch.data)[elem]] : 0;
}

static bool sweep(const struct fwt_elems *e, const u32 *node, struct pieces *p)
{
	u32 n = fwt_elems_count(e), w = e->words, n_edges = 0, i;
	const u32 *data = e->data.data;
	struct edge *edge = malloc((2 * (size_t)n + 1) * sizeof(*edge));
	u8 *open = calloc(n + 1, 1);
	struct heap heap = { .elem = malloc((n + 1) * sizeof(u32)) };
	bool ok = edge && open && heap.elem;
	u32 high[4];

	for (i = 0; ok && i < n; i++, data += 2 * w) {
		struct edge *at = &edge[n_edges++];

		memset(at, 0, 2 * sizeof(*at));
		memcpy(at->key, data, w * sizeof(u32));
		at->elem = i;
		at->words = (u8)w;
		if (!next_key(at[1].key, data + w, w))
			continue;
		at[1].elem = i;
		at[1].words = (u8)w;
		at[1].ends = true;
		n_edges++;
	}
	if (ok)
		qsort(edge, n_edges, sizeof(*edge), edge_order);
	for (i = 0; ok && i < n_edges; i++) {
		open[edge[i].elem] = !edge[i].ends;
		if (!edge[i].ends)
			heap_push(&heap, edge[i].elem);
		if (i + 1 < n_edges && !edge_order(&edge[i], &edge[i + 1]))
			continue;
		while (heap.count && !open[heap.elem[0]])
			heap_pop(&heap);
		if (!heap.count)
			continue;
		if (i + 1 < n_edges)
			previous_key(high, edge[i + 1].key, w);
		else
			memset(high, 0xff, sizeof(high));
		ok = piece(p, edge[i].key, high, value_of(e, node, heap.elem[0]));
	}
	free(edge);
	free(open);
	free(heap.elem);
	return ok;
}

static void shape(struct fwt_prog_set *s, const struct fwt_elems *e, u8 kind, u32 count)
{
	memset(s, 0, sizeof(*s));
	s->kind = kind;
	s->words = e->words;
	s->n_dims = e->n_dims;
	memcpy(s->dim, e->dim, sizeof(s->dim));
	s->count = count;
}

static u32 one_field(struct fwt_builder *b, struct fwt_elems *e, const u32 *node)
{
	struct pieces p = { .words = e->words };
	struct fwt_prog_set s;
	u32 *data, set = FWT_NONE, i;

	p.data.size = sizeof(u32);
	p.value.size = sizeof(u32);
	if (!sweep(e, node, &p)) {
		b->failed = true;
		goto out;
	}
	data = p.data.data;
	shape(&s, e, p.ranges ? FWT_SET_RANGES : FWT_SET_KEYS, p.value.count);
	for (i = 0; !p.ranges && i < s.count; i++)
		memmove(data + (size_t)i * s.words, data + (size_t)i * 2 * s.words,
			s.words * sizeof(u32));
	set = fwt_builder_set(b, &s, data, node ? p.value.data : NULL);
out:
	free(p.data.data);
	free(p.value.data);
	return set;
}

struct key {
	u32 elem;
	u32 words;
	const u32 *key;
};

static int key_order(const void *a, const void *b)
{
	const struct key *x = a, *y = b;
	int order = compare(x->key, y->key, x->words);

	if (order)
		return order;
	return x->elem < y->elem ? -1 : 1;
}

static u32 exact_keys(struct fwt_builder *b, struct fwt_elems *e, const u32 *node)
{
	u32 n = fwt_elems_count(e), w = e->words, count = 0, set = FWT_NONE, i;
	struct key *key = malloc(n * sizeof(*key));
	u32 *data = malloc((size_t)n * w * sizeof(u32));
	u32 *value = malloc(n * sizeof(u32));
	struct fwt_prog_set s;

	if (!key || !data || !value) {
		b->failed = true;
		goto out;
	}
	for (i = 0; i < n; i++)
		key[i] = (struct key){ i, w, (u32 *)e->data.data + (size_t)i * 2 * w };
	qsort(key, n, sizeof(*key), key_order);
	for (i = 0; i < n; i++) {
		if (i && !compare(key[i].key, key[i - 1].key, w))
			continue;
		memcpy(data + (size_t)count * w, key[i].key, w * sizeof(u32));
		value[count++] = value_of(e, node, key[i].elem);
	}
	shape(&s, e, FWT_SET_KEYS, count);
	set = fwt_builder_set(b, &s, data, node ? value : NULL);
out:
	free(key);
	free(data);
	free(value);
	return set;
}

static u32 boxes(struct fwt_builder *b, struct fwt_elems *e, const u32 *node)
{
	u32 n = fwt_elems_count(e), i, set;
	struct fwt_prog_set s;
	u32 *value = NULL;

	shape(&s, e, FWT_SET_BOXES, n);
	if (node) {
		value = malloc(n * sizeof(u32));
		if (!value) {
			b->failed = true;
			return FWT_NONE;
		}
		for (i = 0; i < n; i++)
			value[i] = value_of(e, node, i);
	}
	set = fwt_builder_set(b, &s, e->data.data, value);
	free(value);
	return set;
}

static u32 build(struct fwt_builder *b, struct fwt_elems *e, const u32 *node)
{
	struct fwt_prog_set s;
	u32 n = fwt_elems_count(e);

	if (!n)
		return FWT_NONE;
	if (n == 1 && !node) {	/* nearly all of them */
		shape(&s, e, !e->ranges ? FWT_SET_KEYS : e->n_dims == 1 ?
		      FWT_SET_RANGES : FWT_SET_BOXES, 1);
		return fwt_builder_set(b, &s, e->data.data, NULL);
	}
	if (e->n_dims == 1)
		return one_field(b, e, node);
	return e->ranges ? boxes(b, e, node) : exact_keys(b, e, node);
}

u32 fwt_build_set(struct fwt_builder *b, struct fwt_elems *e)
{
	return build(b, e, NULL);
}

u32 fwt_build_map(struct fwt_builder *b, struct fwt_elems *e, const u32 *node)
{
	return build(b, e, node);
}
