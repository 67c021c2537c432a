// SPDX-License-Identifier: GPL-2.0
/* Ranges of a set, see set_ranges.h. */
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "set_ranges.h"

/* Halves of 2^26 elements. */
#define DEPTH_MAX	32

static __always_inline int compare(const u32 *a, const u32 *b, u32 words)
{
	u32 i;

	for (i = 0; i < words; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

static u32 *at(const struct fwt_set_ranges *r, u32 i)
{
	return (u32 *)r->data + (size_t)i * r->stride;
}

static u32 width(const struct fwt_set_ranges *r)
{
	return r->shape->dim[r->six][r->by];
}

static u32 *low_of(const struct fwt_set_ranges *r, u32 *e)
{
	return e + r->off;
}

static u32 *high_of(const struct fwt_set_ranges *r, u32 *e)
{
	return e + r->shape->words[r->six] + r->off;
}

/* Of at most four words: no part of a key is longer. */
static u32 *last_of(const struct fwt_set_ranges *r, u32 *e)
{
	return e + 2 * r->shape->words[r->six];
}

static u32 *lease_of(const struct fwt_set_ranges *r, u32 *e)
{
	return last_of(r, e) + 4;
}

struct fwt_set_ranges *fwt_set_ranges_new(const struct fwt_set_shape *shape, bool six, u32 n)
{
	u32 stride = 2 * shape->words[six] + 4 + 1 + shape->value_words[six];
	struct fwt_set_ranges *r;
	size_t bytes = sizeof(*r) + (size_t)n * stride * sizeof(u32);

	r = kvmalloc(bytes, GFP_KERNEL_ACCOUNT | __GFP_NOWARN | __GFP_RETRY_MAYFAIL);
	if (!r)
		return NULL;
	r->n = 0;
	r->shape = shape;
	r->six = six;
	r->by = 0;
	r->off = 0;
	r->stride = stride;
	return r;
}

void fwt_set_ranges_add(struct fwt_set_ranges *r, const u32 *low, const u32 *high, u32 lease,
			const u32 *value)
{
	u32 words = r->shape->words[r->six], *e = at(r, r->n++);

	memcpy(e, low, words * sizeof(u32));
	memcpy(e + words, high, words * sizeof(u32));
	*lease_of(r, e) = lease;
	memcpy(lease_of(r, e) + 1, value, r->shape->value_words[r->six] * sizeof(u32));
}

u32 fwt_set_ranges_at(const struct fwt_set_ranges *r, u32 i, const u32 **low,
		      const u32 **value)
{
	u32 *e = at(r, i);

	*low = e;
	*value = lease_of(r, e) + 1;
	return *lease_of(r, e);
}

/* Of millions of ranges putting them in order takes seconds, and the kernel's sort never
 * lets go of the CPU: so what it calls does, each so many times.
 */
#define REST	4096u

struct sorting {
	const struct fwt_set_ranges *r;
	u32 n;
};

static void rest(u32 n)
{
	if (!(n % REST))
		cond_resched();
}

static int by_low(const struct fwt_set_ranges *r, u32 *a, u32 *b)
{
	return compare(low_of(r, a), low_of(r, b), width(r));
}

static int by_low_resting(const void *a, const void *b, const void *priv)
{
	struct sorting *s = (struct sorting *)priv;

	rest(++s->n);
	return by_low(s->r, (u32 *)a, (u32 *)b);
}

/* The first @n of them. */
static void order(struct fwt_set_ranges *r, u32 by, u32 n)
{
	struct sorting s = { .r = r };
	u32 i;

	r->by = by;
	for (r->off = 0, i = 0; i < by; i++)
		r->off += r->shape->dim[r->six][i];
	sort_r(r->data, n, r->stride * sizeof(u32), by_low_resting, NULL, &s);
}

#define SAMPLE	4096u

/* By which part they are told apart best. The first ones stand for all: they come out of
 * a hash whose order nobody knows.
 */
static u32 best_part(struct fwt_set_ranges *r)
{
	u32 by, i, n, best = 0, most = 0, sample = min(r->n, SAMPLE);

	if (r->shape->n == 1)
		return 0;
	for (by = 0; by < r->shape->n; by++) {
		order(r, by, sample);
		for (n = 0, i = 1; i < sample; i++)
			n += !!by_low(r, at(r, i - 1), at(r, i));
		if (n > most) {
			most = n;
			best = by;
		}
	}
	return best;
}

/* From small subtrees to large ones: those of one size all at a time would need levels;
 * a stack of open halves does, too.
 */
void fwt_set_ranges_build(struct fwt_set_ranges *r)
{
	struct {
		u32 from, to;
		u32 done;
	} stack[DEPTH_MAX + 1];
	u32 depth = 0, turns = 0;

	if (!r->n)
		return;
	order(r, best_part(r), r->n);
	stack[0].from = 0;
	stack[0].to = r->n;
	stack[0].done = 0;
	for (;;) {
		u32 from = stack[depth].from, to = stack[depth].to;
		u32 mid = from + (to - from) / 2, k;
		u32 *e = at(r, mid);

		rest(++turns);
		if (stack[depth].done < 2) {
			u32 right = stack[depth].done++;

			if (right ? mid + 1 == to : from == mid)
				continue;
			depth++;
			stack[depth].from = right ? mid + 1 : from;
			stack[depth].to = right ? to : mid;
			stack[depth].done = 0;
			continue;
		}
		memcpy(last_of(r, e), high_of(r, e), width(r) * sizeof(u32));
		for (k = 0; k < 2; k++) {
			u32 lo = k ? mid + 1 : from, hi = k ? to : mid, *half;

			if (lo == hi)
				continue;
			half = at(r, lo + (hi - lo) / 2);
			if (compare(last_of(r, half), last_of(r, e), width(r)) > 0)
				memcpy(last_of(r, e), last_of(r, half), width(r) * sizeof(u32));
		}
		if (!depth)
			return;
		depth--;
	}
}

static bool holds(const struct fwt_set_ranges *r, const u32 *e, const u32 *key)
{
	const struct fwt_set_shape *s = r->shape;
	u32 words = s->words[r->six], off = 0, d;

	for (d = 0; d < s->n; off += s->dim[r->six][d++])
		if (compare(key + off, e + off, s->dim[r->six][d]) < 0 ||
		    compare(key + off, e + words + off, s->dim[r->six][d]) > 0)
			return false;
	return true;
}

/* Of ranges that hold a key one gives the value: that which begins last, and of those
 * that begin together that which ends first. Of prefixes it is the longest. The parts of
 * a key are compared in their order.
 */
static bool nearer(const struct fwt_set_ranges *r, const u32 *a, const u32 *b)
{
	u32 words = r->shape->words[r->six];
	int order = compare(a, b, words);

	return order ? order > 0 : compare(a + words, b + words, words) < 0;
}

bool fwt_set_ranges_find(const struct fwt_set_ranges *r, const u32 *key,
			 bool (*live)(u32 lease, u32 now), u32 now, u32 *value,
			 u32 *looks)
{
	struct {
		u32 from, to;
	} stack[DEPTH_MAX + 1];
	const u32 *q = key + r->off;
	u32 depth = 1, w = width(r), *best = NULL;

	stack[0].from = 0;
	stack[0].to = r->n;
	while (depth) {
		u32 from = stack[--depth].from, to = stack[depth].to;
		u32 mid = from + (to - from) / 2, *e;

		if (from == to)
			continue;
		if (unlikely(looks)) {
			if (!*looks)
				break;
			--*looks;
		}
		e = at(r, mid);
		if (compare(last_of(r, e), q, w) < 0)
			continue;
		stack[depth].from = from;
		stack[depth++].to = mid;
		if (compare(low_of(r, e), q, w) > 0)
			continue;
		stack[depth].from = mid + 1;
		stack[depth++].to = to;
		if (!holds(r, e, key) || !live(*lease_of(r, e), now))
			continue;
		if (!value)
			return true;
		if (!best || nearer(r, e, best))
			best = e;
	}
	if (!best)
		return false;
	memcpy(value, lease_of(r, best) + 1, r->shape->value_words[r->six] * sizeof(u32));
	return true;
}
