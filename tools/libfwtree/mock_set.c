// SPDX-License-Identifier: GPL-2.0
/* Live sets where there is no kernel, see mock_set.h. */
#include <stdlib.h>

#include "mock_set.h"
#include "sema_sample.h"

static struct fwt_mock_elem *elem_at(const struct fwt_mock_set *s, bool six, u32 i)
{
	return (struct fwt_mock_elem *)s->elem[six].data + i;
}

struct wanted {
	const struct fwt_mock_set *s;
	bool six;
	const u32 *low;
	const u32 *high;
};

static bool same_elem(const void *ctx, u32 n)
{
	const struct wanted *w = ctx;
	const struct fwt_mock_elem *e = elem_at(w->s, w->six, n);
	size_t len = w->s->shape.words[w->six] * sizeof(u32);

	return !memcmp(e->low, w->low, len) && !memcmp(e->high, w->high, len);
}

static u64 hash_of(const struct fwt_mock_set *s, bool six, const u32 *low, const u32 *high)
{
	size_t len = s->shape.words[six] * sizeof(u32);

	return fwt_hash(fwt_hash(FWT_HASH_SEED, low, len), high, len);
}

/* The number of an element, whether it is there or was, a new one where it never was;
 * FWT_NONE without memory.
 */
static u32 find(struct fwt_mock_set *s, bool six, const u32 *low, const u32 *high)
{
	struct wanted w = { s, six, low, high };
	u32 n = s->elem[six].count, at, words = s->shape.words[six], *range;
	struct fwt_mock_elem *e;

	at = fwt_index_get(&s->key[six], hash_of(s, six, low, high), same_elem, &w, n);
	if (at != n)
		return at;
	e = fwt_vec_add(&s->elem[six], 1);
	if (!e)
		return FWT_NONE;
	memcpy(e->low, low, words * sizeof(u32));
	memcpy(e->high, high, words * sizeof(u32));
	if (!memcmp(low, high, words * sizeof(u32)))
		return at;
	range = fwt_vec_add(&s->ranges[six], 1);
	if (!range)
		return FWT_NONE;
	*range = at;
	return at;
}

static bool init_one(struct fwt_mock_set *s, const struct fwt_program *prog, u32 object)
{
	const struct fwt_prog_object *o = &prog->object[object];
	const u32 *p = o->param;
	u32 six, i;

	if (o->kind != FWT_OBJECT_SET)
		return true;
	fwt_set_shape(p, &s->shape);
	s->name = fwt_program_string(prog, o->name);
	s->timeout = (u64)p[FWT_SETP_TIMEOUT_HI] << 32 | p[FWT_SETP_TIMEOUT_LO];
	s->max = p[FWT_SETP_MAX] ? p[FWT_SETP_MAX] : FWT_SET_MAX_DEFAULT;
	for (six = 0; six < 2; six++) {
		u32 index = p[FWT_SETP_ELEMENTS4 + six], words = s->shape.words[six];
		u32 values = s->shape.value_words[six];
		const u32 *at;

		s->elem[six].size = sizeof(struct fwt_mock_elem);
		s->ranges[six].size = sizeof(u32);
		if (index == FWT_NONE)
			continue;
		at = prog->word + prog->set[index].data;
		for (i = 0; i < prog->set[index].count; i++, at += 2 * words) {
			u32 n = find(s, six, at, at + words);

			if (n == FWT_NONE)
				return false;
			elem_at(s, six, n)->until = UINT64_MAX;
			if (values)
				memcpy(elem_at(s, six, n)->value,
				       prog->word + p[FWT_SETP_VALUES4 + six] + (size_t)i * values,
				       values * sizeof(u32));
		}
	}
	return true;
}

bool fwt_mock_sets_init(struct fwt_mock_sets *m, const struct fwt_program *prog)
{
	u32 i;

	memset(m, 0, sizeof(*m));
	m->set = calloc(prog->n[FWT_SEC_OBJECTS] + 1, sizeof(*m->set));
	if (!m->set)
		return false;
	m->n = prog->n[FWT_SEC_OBJECTS];
	for (i = 0; i < m->n; i++)
		if (!init_one(&m->set[i], prog, i))
			return false;
	return true;
}

void fwt_mock_sets_clean(struct fwt_mock_sets *m)
{
	u32 i, six;

	for (i = 0; i < m->n; i++)
		for (six = 0; six < 2; six++) {
			free(m->set[i].elem[six].data);
			free(m->set[i].ranges[six].data);
			fwt_index_clean(&m->set[i].key[six]);
		}
	free(m->set);
	memset(m, 0, sizeof(*m));
}

u32 fwt_mock_set_find(const struct fwt_mock_sets *m, const char *name)
{
	u32 i;

	for (i = 0; i < m->n; i++)
		if (m->set[i].name && !strcmp(m->set[i].name, name))
			return i;
	return FWT_NONE;
}

static bool holds(const struct fwt_mock_set *s, bool six, const struct fwt_mock_elem *e,
		  const u32 *key)
{
	u32 at = 0, d, i;

	for (d = 0; d < s->shape.n; at += s->shape.dim[six][d++]) {
		const u32 *low = e->low + at, *high = e->high + at, *k = key + at;

		for (i = 0; i + 1 < s->shape.dim[six][d] && k[i] == low[i]; i++)
			;
		if (k[i] < low[i])
			return false;
		for (i = 0; i + 1 < s->shape.dim[six][d] && k[i] == high[i]; i++)
			;
		if (k[i] > high[i])
			return false;
	}
	return true;
}

/* Of ranges the one that begins last gives the value, of these the one that ends first,
 * in the first part that tells.
 */
static bool nearer(const struct fwt_mock_set *s, bool six, const struct fwt_mock_elem *a,
		   const struct fwt_mock_elem *b)
{
	u32 i;

	for (i = 0; i < s->shape.words[six]; i++)
		if (a->low[i] != b->low[i])
			return a->low[i] > b->low[i];
	for (i = 0; i < s->shape.words[six]; i++)
		if (a->high[i] != b->high[i])
			return a->high[i] < b->high[i];
	return false;
}

bool fwt_mock_set_has(const struct fwt_mock_sets *m, u32 object, bool six, const u32 *key,
		      u32 *value)
{
	struct fwt_mock_set *s = &m->set[object];
	struct wanted w = { s, six, key, key };
	const struct fwt_mock_elem *e, *best = NULL;
	const u32 *range = s->ranges[six].data;
	u32 n, i;

	n = fwt_index_peek(&s->key[six], hash_of(s, six, key, key), same_elem, &w);
	if (n != FWT_NONE && elem_at(s, six, n)->until > m->now) {
		if (value)
			memcpy(value, elem_at(s, six, n)->value,
			       s->shape.value_words[six] * sizeof(u32));
		return true;
	}
	for (i = 0; !best && i < s->ranges[six].count; i++) {
		e = elem_at(s, six, range[i]);
		if (e->until > m->now && holds(s, six, e, key))
			best = e;
	}
	for (; best && value && i < s->ranges[six].count; i++) {
		e = elem_at(s, six, range[i]);
		if (e->until > m->now && holds(s, six, e, key) &&
		    nearer(s, six, e, best))
			best = e;
	}
	if (best && value)
		memcpy(value, best->value, s->shape.value_words[six] * sizeof(u32));
	return best;
}

u32 fwt_mock_set_count(const struct fwt_mock_sets *m, u32 object)
{
	const struct fwt_mock_set *s = &m->set[object];
	u32 six, i, n = 0;

	for (six = 0; six < 2; six++)
		for (i = 0; i < s->elem[six].count; i++)
			n += elem_at(s, six, i)->until > m->now;
	return n;
}

bool fwt_mock_set_add(struct fwt_mock_sets *m, u32 object, bool six, const u32 *low,
		      const u32 *high, const u32 *value, u64 ms)
{
	struct fwt_mock_set *s = &m->set[object];
	u32 n = find(s, six, low, high);
	struct fwt_mock_elem *e;

	if (n == FWT_NONE)
		return false;
	e = elem_at(s, six, n);
	if (e->until <= m->now && fwt_mock_set_count(m, object) >= s->max)
		return false;
	if (!ms)
		ms = s->timeout ? s->timeout : UINT64_MAX;
	e->until = ms == UINT64_MAX ? UINT64_MAX : m->now + ms;
	if (value)
		memcpy(e->value, value, s->shape.value_words[six] * sizeof(u32));
	return true;
}

bool fwt_mock_set_remove(struct fwt_mock_sets *m, u32 object, bool six, const u32 *low,
			 const u32 *high)
{
	struct fwt_mock_set *s = &m->set[object];
	u32 n = find(s, six, low, high);
	bool was;

	if (n == FWT_NONE)
		return false;
	was = elem_at(s, six, n)->until > m->now;
	elem_at(s, six, n)->until = 0;
	return was;
}

void fwt_mock_sets_apply(struct fwt_mock_sets *m, const struct fwt_program *prog,
			 const struct fwt_decision *d)
{
	u32 i;

	for (i = 0; i < d->n_updates; i++) {
		const struct fwt_decision_update *u = &d->update[i];
		const struct fwt_prog_mod *mod = &prog->mod[u->mod];
		u32 object = prog->test[mod->a].set[0], n;
		u64 ms = (u64)mod->addr_lo[1] << 32 | mod->addr_lo[0];

		if (mod->type == FWT_MOD_SET_REMOVE) {
			fwt_mock_set_remove(m, object, u->six, u->key, u->key);
			continue;
		}
		/* What stays, stays. */
		n = find(&m->set[object], u->six, u->key, u->key);
		if (n != FWT_NONE && elem_at(&m->set[object], u->six, n)->until != UINT64_MAX)
			fwt_mock_set_add(m, object, u->six, u->key, u->key, NULL,
					 mod->addr_lo[2] ? ms : 0);
	}
}

static bool mock_has(const struct fwt_env *env, u32 object, bool six, const u32 *key,
		     u32 *value)
{
	const struct fwt_mock_env *m = (const void *)env;

	return fwt_mock_set_has(m->sets, object, six, key, value);
}

static bool mock_ifaddr(const struct fwt_env *env, const char *ifname, u8 family,
			const u32 *addr, bool subnet)
{
	return fwt_nowhere_ops.ifaddr(env, ifname, family, addr, subnet);
}

static bool mock_source(const struct fwt_env *env, const struct fwt_packet *p, u32 *addr)
{
	return fwt_nowhere_ops.source(env, p, addr);
}

static bool mock_local(const struct fwt_env *env, const char *ifname,
		       const struct fwt_packet *p, u32 *addr)
{
	return fwt_nowhere_ops.local(env, ifname, p, addr);
}

const struct fwt_env_ops fwt_mock_ops = {
	.ifaddr = mock_ifaddr, .source = mock_source, .local = mock_local,
	.set_has = mock_has,
};
