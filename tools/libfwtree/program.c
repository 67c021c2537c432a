// SPDX-License-Identifier: GPL-2.0
/*
 * Building a program, section by section.
 */
#include <stdlib.h>

#include "arena.h"
#include "box.h"
#include "program.h"

void fwt_blob_free(struct fwt_blob *blob)
{
	free(blob->data);
	blob->data = NULL;
	blob->len = 0;
}

void fwt_builder_init(struct fwt_builder *b)
{
	u32 i;

	memset(b, 0, sizeof(*b));
	for (i = 0; i < __FWT_SEC_MAX; i++)
		b->sec[i].size = fwt_section_size[i];
	b->forest.size = sizeof(u32);
}

void fwt_builder_clean(struct fwt_builder *b)
{
	u32 i;

	for (i = 0; i < __FWT_SEC_MAX; i++)
		free(b->sec[i].data);
	free(b->forest.data);
	fwt_index_clean(&b->strings);
	fwt_index_clean(&b->sets);
	fwt_index_clean(&b->words);
	memset(b, 0, sizeof(*b));
}

static bool copy_of(void **data, const void *from, size_t len)
{
	*data = from ? malloc(len) : NULL;
	if (*data)
		memcpy(*data, from, len);
	return *data || !from;
}

bool fwt_builder_copy(struct fwt_builder *to, const struct fwt_builder *from)
{
	const struct fwt_index *const x[] = { &from->strings, &from->sets, &from->words };
	struct fwt_index *const y[] = { &to->strings, &to->sets, &to->words };
	const struct fwt_vec *v;
	bool ok = true;
	u32 i;

	*to = *from;
	for (i = 0; i <= __FWT_SEC_MAX; i++) {
		struct fwt_vec *t = i < __FWT_SEC_MAX ? &to->sec[i] : &to->forest;

		v = i < __FWT_SEC_MAX ? &from->sec[i] : &from->forest;
		t->room = v->count;
		t->more = v->count;
		ok &= copy_of(&t->data, v->count ? v->data : NULL, (size_t)v->count * v->size);
	}
	for (i = 0; i < ARRAY_SIZE(x); i++)
		ok &= copy_of((void **)&y[i]->slot, x[i]->slot, x[i]->size * sizeof(*x[i]->slot));
	if (!ok)
		fwt_builder_clean(to);
	return ok;
}

u64 fwt_hash(u64 seed, const void *data, size_t len)
{
	const u8 *p = data;

	while (len--) {
		seed ^= *p++;
		seed *= 0x100000001b3ull;
	}
	return seed;
}

u64 fwt_object_key(u8 kind, const char *name)
{
	return fwt_hash(fwt_hash(FWT_HASH_SEED, &kind, 1), name, strlen(name));
}

/* FNV's low bits are its weak ones, and a table takes the low bits. */
static u32 fold(u64 hash)
{
	hash ^= hash >> 32;
	hash *= 0x9e3779b97f4a7c15ull;
	return (u32)(hash >> 32);
}

static bool index_grow(struct fwt_index *x)
{
	u32 size = x->size ? x->size * 2 : 64, i, at;
	struct fwt_index_slot *slot = calloc(size, sizeof(*slot));

	if (!slot)
		return false;
	fwt_prefault(slot, size * sizeof(*slot));
	for (i = 0; i < x->size; i++) {
		if (!x->slot[i].n)
			continue;
		at = x->slot[i].hash & (size - 1);
		while (slot[at].n)
			at = (at + 1) & (size - 1);
		slot[at] = x->slot[i];
	}
	free(x->slot);
	x->slot = slot;
	x->size = size;
	return true;
}

u32 fwt_index_get(struct fwt_index *x, u64 hash64,
		  bool (*same)(const void *ctx, u32 n), const void *ctx, u32 n)
{
	u32 hash = fold(hash64), at;

	if (x->count >= x->size / 4 * 3 && !index_grow(x))
		return FWT_NONE;
	for (at = hash & (x->size - 1); x->slot[at].n; at = (at + 1) & (x->size - 1))
		if (x->slot[at].hash == hash && same(ctx, x->slot[at].n - 1))
			return x->slot[at].n - 1;
	x->slot[at].n = n + 1;
	x->slot[at].hash = hash;
	x->count++;
	return n;
}

u32 fwt_index_peek(const struct fwt_index *x, u64 hash64,
		   bool (*same)(const void *ctx, u32 n), const void *ctx)
{
	u32 hash = fold(hash64), at;

	if (!x->size)
		return FWT_NONE;
	for (at = hash & (x->size - 1); x->slot[at].n; at = (at + 1) & (x->size - 1))
		if (x->slot[at].hash == hash && same(ctx, x->slot[at].n - 1))
			return x->slot[at].n - 1;
	return FWT_NONE;
}

void fwt_index_clean(struct fwt_index *x)
{
	free(x->slot);
	memset(x, 0, sizeof(*x));
}

/* From here on an array is given four times the room, of which nothing is touched, */
#define SPACIOUS	((u64)1 << 20)
/* and comes to have so many bytes of it more at a time. */
#define STEP		((u64)2 << 20)

/* Not realloc(), which would fault on each page that it copies to; and what is large is
 * not copied again, as the pages of the copy are what costs.
 */
static bool vec_resize(struct fwt_vec *v, u64 room, bool grows)
{
	u64 most = min(4ull * FWT_PROGRAM_SIZE_MAX / v->size, 0xfffffff0ull), more = room;
	void *data = NULL;

	if (room > most)
		return false;
	if (v->data && room <= v->more) {
		fwt_prefault((u8 *)v->data + (size_t)v->room * v->size,
			     (size_t)(room - v->room) * v->size);
		v->room = (u32)room;
		return true;
	}
	if (grows && room * v->size >= SPACIOUS) {
		more = min(4 * room, most);
		data = malloc(more * v->size);
		if (data)
			fwt_prefer_huge(data, more * v->size);
	}
	if (!data) {
		more = room;
		data = malloc(room * v->size);
	}
	if (!data)
		return false;
	fwt_prefault(data, room * v->size);
	if (v->count)
		memcpy(data, v->data, (size_t)v->count * v->size);
	free(v->data);
	v->data = data;
	v->room = (u32)room;
	v->more = (u32)more;
	return true;
}

void fwt_vec_expect(struct fwt_vec *v, u64 n)
{
	if (v->data || n * v->size < SPACIOUS || n > 0xffffffffull ||
	    n * v->size > SIZE_MAX / 2)
		return;
	v->data = malloc(n * v->size);
	if (!v->data)
		return;
	fwt_prefer_huge(v->data, n * v->size);
	v->more = (u32)n;
}

bool fwt_vec_reserve(struct fwt_vec *v, u32 n)
{
	u64 room = (u64)v->count + n;

	return (v->data && room <= v->room) || vec_resize(v, room + 1, false);
}

void *fwt_vec_add(struct fwt_vec *v, u32 n)
{
	u64 room = (u64)v->count + n, more = room / 2 + 16;
	void *at;

	if (room > v->room || !v->data) {
		if (v->data && room <= v->more)
			more = min(more, min(STEP / v->size, v->more - room));
		if (!vec_resize(v, room + more, true))
			return NULL;
	}
	at = (u8 *)v->data + (size_t)v->count * v->size;
	memset(at, 0, (size_t)n * v->size);
	v->count += n;
	return at;
}

/* Strings, words, sets and tests that are alike are there once. */

struct wanted {
	const struct fwt_builder *b;
	const void *thing;
	const u32 *data;
	size_t len;
};

static bool same_string(const void *ctx, u32 n)
{
	const struct wanted *w = ctx;

	return !strcmp((const char *)w->b->sec[FWT_SEC_STRINGS].data + n, w->thing);
}

u32 fwt_builder_string(struct fwt_builder *b, const char *s)
{
	struct fwt_vec *v = &b->sec[FWT_SEC_STRINGS];
	size_t len = strlen(s) + 1;
	struct wanted w = { .b = b, .thing = s };
	u32 new = v->count, n;
	char *to;

	n = fwt_index_get(&b->strings, fwt_hash(FWT_HASH_SEED, s, len),
			  same_string, &w, new);
	if (n != new)
		goto out;
	to = fwt_vec_add(v, (u32)len);
	if (to)
		memcpy(to, s, len);
	else
		n = FWT_NONE;
out:
	b->failed |= n == FWT_NONE;
	return n;
}

u32 fwt_builder_words(struct fwt_builder *b, const u32 *words, u32 n)
{
	struct fwt_vec *v = &b->sec[FWT_SEC_WORDS];
	u32 at = v->count;
	u32 *to = fwt_vec_add(v, n);

	if (!to) {
		b->failed = true;
		return FWT_NONE;
	}
	if (n)
		memcpy(to, words, n * sizeof(u32));
	return at;
}

static bool same_words(const void *ctx, u32 n)
{
	const struct wanted *w = ctx;
	const u32 *word = w->b->sec[FWT_SEC_WORDS].data;
	u32 room = w->b->sec[FWT_SEC_WORDS].count - n;

	return w->len <= room * sizeof(u32) && !memcmp(word + n, w->data, w->len);
}

u32 fwt_builder_mask(struct fwt_builder *b, const u32 *words, u32 n)
{
	struct wanted w = { .b = b, .data = words, .len = n * sizeof(u32) };
	u32 new = b->sec[FWT_SEC_WORDS].count, at;

	at = fwt_index_get(&b->words, fwt_hash(FWT_HASH_SEED, words, w.len),
			   same_words, &w, new);
	b->failed |= at == FWT_NONE;
	return at == new ? fwt_builder_words(b, words, n) : at;
}

static bool same_set(const void *ctx, u32 n)
{
	const struct wanted *w = ctx;
	const struct fwt_prog_set *s = w->thing;
	const struct fwt_prog_set *other = w->b->sec[FWT_SEC_SETS].data;
	const u32 *word = w->b->sec[FWT_SEC_WORDS].data;

	other += n;
	/* Without memory it may have no data. */
	return !memcmp(s, other, offsetof(struct fwt_prog_set, data)) &&
	       other->value == FWT_NONE && other->data != FWT_NONE &&
	       !memcmp(w->data, word + other->data, w->len);
}

/* Where what is alike may be found. */
static u32 *near_place(u32 *near, u32 hash)
{
	return &near[hash * 0x9e3779b1u >> 21];
}

_Static_assert(FWT_BUILDER_NEAR == 1 << (32 - 21), "near_place() has as many");

u32 fwt_builder_set(struct fwt_builder *b, const struct fwt_prog_set *proto,
		    const u32 *data, const u32 *value)
{
	struct fwt_vec *v = &b->sec[FWT_SEC_SETS];
	struct fwt_prog_set s = *proto, *to;
	struct wanted w = { .b = b, .thing = &s, .data = data };
	u32 new = v->count, n = new;
	u64 hash;

	w.len = fwt_set_words(&s) * sizeof(u32);
	/* Single values are too many to be sought now: see fwt_builder_sweep(). */
	if (!value && s.count == 1 && s.n_dims == 1) {
		u32 *near = near_place(b->near_set, data[0] ^ data[w.len / sizeof(u32) - 1] << 1);

		if (*near < new && same_set(&w, *near))
			return *near;
		*near = new;
	} else if (!value && s.count > 1) {
		hash = fwt_hash(FWT_HASH_SEED, &s, offsetof(struct fwt_prog_set, data));
		n = fwt_index_get(&b->sets, fwt_hash(hash, data, w.len),
				  same_set, &w, new);
	}
	if (n != new) {
		b->failed |= n == FWT_NONE;
		return n;
	}
	to = fwt_vec_add(v, 1);
	if (!to) {
		b->failed = true;
		return FWT_NONE;
	}
	*to = s;
	to->data = fwt_builder_words(b, data, fwt_set_words(&s));
	to->value = value ? fwt_builder_words(b, value, s.count) : FWT_NONE;
	return n;
}

u32 fwt_builder_test(struct fwt_builder *b, const struct fwt_prog_test *t)
{
	const struct fwt_prog_test *all = b->sec[FWT_SEC_TESTS].data;
	u32 *near = near_place(b->near_test, t->set[0] ^ t->set[1] << 8 ^
					     (u32)t->field[0] << 16 ^ (u32)t->flags << 28);

	/* Of others it may matter where they stand. */
	if (t->op != FWT_TEST_IN)
		return fwt_builder_add(b, FWT_SEC_TESTS, t);
	if (*near < b->sec[FWT_SEC_TESTS].count && !memcmp(&all[*near], t, sizeof(*t)))
		return *near;
	*near = b->sec[FWT_SEC_TESTS].count;
	return fwt_builder_add(b, FWT_SEC_TESTS, t);
}

u32 fwt_builder_add(struct fwt_builder *b, enum fwt_section sec, const void *element)
{
	struct fwt_vec *v = &b->sec[sec];
	void *to = fwt_vec_add(v, 1);

	if (!to) {
		b->failed = true;
		return 0;
	}
	memcpy(to, element, v->size);
	return v->count - 1;
}

u32 fwt_builder_forest(struct fwt_builder *b)
{
	b->failed |= !fwt_vec_add(&b->forest, 1);
	return b->forest.count - 1;
}

void fwt_builder_trees(struct fwt_builder *b, u32 number, const struct fwt_prog_forest *f)
{
	u32 at = fwt_builder_add(b, FWT_SEC_FORESTS, f);

	if (!b->failed)
		((u32 *)b->forest.data)[number] = at;
}

bool fwt_builder_pad(struct fwt_builder *b, u32 to)
{
	struct fwt_vec *v = &b->sec[FWT_SEC_CUTS];

	while (v->count % to) {
		struct fwt_prog_cut *c = fwt_vec_add(v, 1);

		if (!c)
			return false;
		c->to = (u32)FWT_CUT_LEAF << FWT_CUT_SHIFT;
	}
	return true;
}

static u32 add_node(struct fwt_builder *b, const struct fwt_prog_node *n)
{
	struct fwt_vec *v = &b->sec[FWT_SEC_NODES];
	void *to = b->failed ? NULL : fwt_vec_add(v, 1);

	if (!to) {
		b->failed = true;
		return 0;
	}
	memcpy(to, n, sizeof(*n));
	return v->count - 1;
}

u32 fwt_builder_node(struct fwt_builder *b, u8 type, u32 arg, u32 yes, u32 no)
{
	struct fwt_prog_node n = { .type = type, .arg = arg, .yes = yes, .no = no };

	return add_node(b, &n);
}

u32 fwt_builder_verdict(struct fwt_builder *b, u8 verdict, u16 reject, u32 rule)
{
	struct fwt_prog_node n = {
		.type = FWT_NODE_VERDICT, .sub = verdict, .param = reject,
		.arg = rule, .yes = FWT_NONE, .no = FWT_NONE,
	};

	return add_node(b, &n);
}

/* From the order of making to the order of walking. */
static void turn(struct fwt_builder *b)
{
	struct fwt_vec *v = &b->sec[FWT_SEC_NODES];
	struct fwt_prog_node *n = v->data, swap;
	struct fwt_prog_set *s = b->sec[FWT_SEC_SETS].data;
	struct fwt_prog_rule *r = b->sec[FWT_SEC_RULES].data;
	struct fwt_prog_hook *h = b->sec[FWT_SEC_HOOKS].data;
	struct fwt_prog_tree *tree = b->sec[FWT_SEC_TREES].data;
	struct fwt_prog_box *box = b->sec[FWT_SEC_BOXES].data;
	struct fwt_prog_box6 *box6 = b->sec[FWT_SEC_BOXES6].data;
	u32 *word = b->sec[FWT_SEC_WORDS].data;
	u32 last = v->count - 1, i, k;

	for (i = 0; i < v->count; i++) {
		if (n[i].type == FWT_NODE_FOREST)
			n[i].arg = ((u32 *)b->forest.data)[n[i].arg];
		if (n[i].yes != FWT_NONE)
			n[i].yes = last - n[i].yes;
		if (n[i].no != FWT_NONE)
			n[i].no = last - n[i].no;
	}
	for (i = 0; i < v->count / 2; i++) {
		swap = n[i];
		n[i] = n[last - i];
		n[last - i] = swap;
	}
	for (i = 0; i < b->sec[FWT_SEC_SETS].count; i++)
		for (k = 0; s[i].value != FWT_NONE && k < s[i].count; k++)
			word[s[i].value + k] = last - word[s[i].value + k];
	for (i = 0; i < b->sec[FWT_SEC_RULES].count; i++)
		if (r[i].node != FWT_NONE)
			r[i].node = last - r[i].node;
	for (i = 0; i < b->sec[FWT_SEC_HOOKS].count; i++)
		h[i].root = last - h[i].root;
	for (i = 0; i < b->sec[FWT_SEC_TREES].count; i++)
		tree[i].first = last - tree[i].first;
	for (i = 0; i < b->sec[FWT_SEC_BOXES].count; i++)
		fwt_box_lead(&box[i], last - fwt_box_node(&box[i]));
	for (i = 0; i < b->sec[FWT_SEC_BOXES6].count; i++)
		box6[i].node = last - box6[i].node;
}

/* Sections begin with a line of memory, which boxes and cuts are laid out for. */
#define ALIGNED	64

static u64 align(u64 len)
{
	return (len + ALIGNED - 1) & ~(u64)(ALIGNED - 1);
}

int fwt_builder_finish(struct fwt_builder *b, struct fwt_blob *out)
{
	struct fwt_prog_hdr *hdr;
	u64 len = align(sizeof(*hdr));
	u32 i;

	memset(out, 0, sizeof(*out));
	if (!b->failed)
		fwt_builder_sweep(b);
	if (b->failed)
		return -ENOMEM;
	for (i = 0; i < __FWT_SEC_MAX; i++)
		len += align((u64)b->sec[i].count * b->sec[i].size);
	if (len > FWT_PROGRAM_SIZE_MAX) {
		out->len = len;
		return -E2BIG;
	}
	turn(b);
	hdr = aligned_alloc(ALIGNED, len);
	if (!hdr)
		return -ENOMEM;
	fwt_prefault(hdr, len);
	memset(hdr, 0, len);
	hdr->magic = FWT_PROGRAM_MAGIC;
	hdr->version = FWT_PROGRAM_VERSION;
	hdr->n_sections = __FWT_SEC_MAX;
	hdr->len = (u32)len;
	hdr->flags = b->flags;
	len = align(sizeof(*hdr));
	for (i = 0; i < __FWT_SEC_MAX; i++) {
		size_t bytes = (size_t)b->sec[i].count * b->sec[i].size;
		const void *from = i == FWT_SEC_SOURCE && b->source ? b->source : b->sec[i].data;

		hdr->sec[i].off = (u32)len;
		hdr->sec[i].count = b->sec[i].count;
		if (bytes)
			memcpy((u8 *)hdr + len, from, bytes);
		len += align(bytes);
	}
	out->data = hdr;
	out->len = hdr->len;
	return 0;
}
