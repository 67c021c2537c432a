// SPDX-License-Identifier: GPL-2.0
/* Names over time, see dns_state.h. */
#include <errno.h>
#include <stdlib.h>

#include "ast.h"
#include "dns_state.h"

static struct fwt_dns_held *held_at(const struct fwt_dns_question *q, u32 i)
{
	return (struct fwt_dns_held *)q->held.data + i;
}

static void free_question(struct fwt_dns_question *q)
{
	free(q->name);
	free(q->held.data);
	free(q);
}

void fwt_dns_state_clean(struct fwt_dns_state *s)
{
	struct fwt_dns_question *q;

	while ((q = s->first)) {
		s->first = q->next;
		free_question(q);
	}
}

static bool of_file(const struct fwt_dns_question *q)
{
	return !strcmp(q->name, FWT_DNS_RESOLVERS);
}

/* Questions by their names, for as long as a policy's names are gone through. */
struct names {
	struct fwt_dns_question **bucket;
	struct fwt_dns_question *last;
};

static void names_add(struct names *n, struct fwt_dns_question *q)
{
	struct fwt_dns_question **bucket = &n->bucket[fwt_dns_bucket(q->name)];

	q->same = *bucket;
	*bucket = q;
	n->last = q;
}

/* Freed by its @bucket; false without memory. */
static bool names_of(const struct fwt_dns_state *s, struct names *n)
{
	struct fwt_dns_question *q;

	n->last = NULL;
	n->bucket = calloc(FWT_DNS_BUCKETS, sizeof(*n->bucket));
	for (q = n->bucket ? s->first : NULL; q; q = q->next)
		names_add(n, q);
	return n->bucket;
}

struct wanted {
	struct fwt_dns_state *s;
	struct names names;
	bool failed;
};

static void want_one(struct wanted *w, const char *name, bool six)
{
	struct fwt_dns_question *q = w->names.bucket[fwt_dns_bucket(name)];

	while (q && (strcmp(q->name, name) || q->six != six))
		q = q->same;
	if (!q) {
		q = calloc(1, sizeof(*q));
		if (q)
			q->name = strdup(name);
		if (!q || !q->name) {
			free(q);
			w->failed = true;
			return;
		}
		q->six = six;
		q->held.size = sizeof(struct fwt_dns_held);
		*(w->names.last ? &w->names.last->next : &w->s->first) = q;
		names_add(&w->names, q);
	}
	q->wanted = true;
}

static void want(void *ctx, const char *name)
{
	want_one(ctx, name, false);
	if (strcmp(name, FWT_DNS_RESOLVERS))
		want_one(ctx, name, true);
}

int fwt_dns_state_names(struct fwt_dns_state *s, const struct fwt_policy_ast *ast)
{
	struct fwt_dns_question *q, **link;
	struct wanted w = { .s = s };

	if (!names_of(s, &w.names))
		return -ENOMEM;
	for (q = s->first; q; q = q->next)
		q->wanted = false;
	if (ast && fwt_dns_names(ast, want, &w))
		w.failed = true;
	free(w.names.bucket);
	for (link = &s->first; (q = *link);) {
		if (q->wanted) {
			link = &q->next;
			continue;
		}
		*link = q->next;
		free_question(q);
	}
	return w.failed ? -ENOMEM : 0;
}

static u64 between(u64 low, u64 v, u64 high)
{
	return v < low ? low : v > high ? high : v;
}

static int held_order(const void *a, const void *b)
{
	return fwt_dns_addr_order(a, b);
}

static bool has(const struct fwt_dns_question *q, u32 n, const struct fwt_dns_addr *a)
{
	return n && bsearch(a, q->held.data, n, sizeof(struct fwt_dns_held), held_order);
}

/* In order, each once, not too many. */
static u32 tidy(struct fwt_dns_addr *a, u32 n, u32 *over)
{
	u32 i, k = 0;

	qsort(a, n, sizeof(*a), fwt_dns_addr_order);
	for (i = 0; i < n; i++)
		if (!k || fwt_dns_addr_order(&a[k - 1], &a[i]))
			a[k++] = a[i];
	*over = k > FWT_DNS_ADDRS_MAX ? k - FWT_DNS_ADDRS_MAX : 0;
	return k - *over;
}

/* What is new counts, what is missing lingers. */
static bool take(const struct fwt_dns_state *s, struct fwt_dns_question *q, u64 now,
		 const struct fwt_dns_addr *addr, u32 n)
{
	u64 linger = between(0, q->ttl, FWT_DNS_LINGER_MAX);
	struct fwt_dns_addr *a = malloc((n + 1) * sizeof(*a));
	u32 was, i, k;

	if (!a)
		return false;
	q->over_before = q->over;
	if (n)
		memcpy(a, addr, n * sizeof(*a));
	n = tidy(a, n, &q->over);
	for (i = k = 0; i < q->held.count; i++) {
		struct fwt_dns_held h = *held_at(q, i);

		if (bsearch(&h.addr, a, n, sizeof(*a), fwt_dns_addr_order))
			h.until = UINT64_MAX;
		else if (s->once)
			continue;
		else if (h.until == UINT64_MAX)
			h.until = now + linger;
		*held_at(q, k++) = h;
	}
	q->held.count = k;
	for (was = k, i = 0; i < n; i++) {
		struct fwt_dns_held *h;

		if (has(q, was, &a[i]))
			continue;
		h = fwt_vec_add(&q->held, 1);
		if (!h) {
			free(a);
			return false;
		}
		*h = (struct fwt_dns_held){ .addr = a[i], .until = UINT64_MAX };
	}
	if (q->held.count)
		qsort(q->held.data, q->held.count, sizeof(struct fwt_dns_held), held_order);
	free(a);
	return true;
}

static void failed(struct fwt_dns_question *q, u64 now)
{
	u32 times = q->failures < 4 ? q->failures : 4;

	q->due = now + between(0, FWT_DNS_RETRY_MIN << times, FWT_DNS_RETRY_MAX);
	q->failures++;
}

static void known(struct fwt_dns_question *q, u64 now)
{
	if (!q->known)
		q->known_since = now;
	q->known = true;
	q->failures = 0;
}

static void none(const struct fwt_dns_state *s, struct fwt_dns_question *q, u64 now)
{
	u32 i, k = 0;

	known(q, now);
	q->over = 0;
	q->due = now + FWT_DNS_NONE_AGAIN;
	if (!q->none_since)
		q->none_since = now;
	/* What was in the last answer; what lingered goes when it would have. */
	for (i = 0; i < q->held.count; i++) {
		struct fwt_dns_held h = *held_at(q, i);

		if (h.until == UINT64_MAX)
			h.until = q->none_since + FWT_DNS_KEEP;
		if (!s->once)
			*held_at(q, k++) = h;
	}
	q->held.count = k;
}

/* The zone may be well again: only what says that there is none counts towards the end. */
static void none_no_more(struct fwt_dns_question *q)
{
	u64 end = q->none_since + FWT_DNS_KEEP;
	u32 i;

	for (i = 0; q->none_since && i < q->held.count; i++)
		if (held_at(q, i)->until == end)
			held_at(q, i)->until = UINT64_MAX;
	q->none_since = 0;
}

bool fwt_dns_answered(const struct fwt_dns_state *s, struct fwt_dns_question *q, u64 now,
		      enum fwt_dns_answer is, const struct fwt_dns_addr *addr, u32 n, u64 ttl)
{
	q->asked = false;
	if (is == FWT_DNS_NONE) {
		none(s, q, now);
		return true;
	}
	if (is == FWT_DNS_FAILED) {
		none_no_more(q);
		failed(q, now);
		return true;
	}
	if (!take(s, q, now, addr, n)) {
		failed(q, now);
		return false;
	}
	known(q, now);
	q->none_since = 0;
	q->ttl = of_file(q) ? FWT_DNS_FILE_AGAIN :
		 between(FWT_DNS_TTL_MIN, ttl, FWT_DNS_TTL_MAX);
	q->due = now + q->ttl;
	return true;
}

bool fwt_dns_expire(struct fwt_dns_state *s, u64 now)
{
	struct fwt_dns_question *q;
	bool any = false;
	u32 i, k;

	for (q = s->first; q; q = q->next) {
		for (i = k = 0; i < q->held.count; i++)
			if (held_at(q, i)->until > now)
				*held_at(q, k++) = *held_at(q, i);
		any |= k != q->held.count;
		q->held.count = k;
	}
	return any;
}

u64 fwt_dns_next(const struct fwt_dns_state *s)
{
	const struct fwt_dns_question *q;
	u64 next = UINT64_MAX;
	u32 i;

	for (q = s->first; q; q = q->next) {
		if (!q->asked)
			next = min(next, q->due);
		for (i = 0; i < q->held.count; i++)
			next = min(next, held_at(q, i)->until);
	}
	return next;
}

bool fwt_dns_state_book(const struct fwt_dns_state *s, struct fwt_dns_book *b)
{
	const struct fwt_dns_question *q;
	struct fwt_dns_entry *e;
	u32 i;

	fwt_dns_init(b);
	for (q = s->first; q; q = q->next) {
		e = fwt_dns_entry(b, q->name);
		if (!e)
			return false;
		for (i = 0; i < q->held.count; i++)
			if (!fwt_dns_add(e, &held_at(q, i)->addr))
				return false;
	}
	return true;
}

struct asking {
	const struct fwt_dns_state *s;
	struct names names;
	u64 now;
	bool settled;
};

static void ask_settled(void *ctx, const char *name)
{
	const struct fwt_dns_question *q;
	struct asking *a = ctx;
	u64 ttl = 0, since = 0;

	for (q = a->names.bucket[fwt_dns_bucket(name)]; q; q = q->same) {
		if (strcmp(q->name, name))
			continue;
		a->settled &= q->known;
		since = since > q->known_since ? since : q->known_since;
		if (q->held.count)
			ttl = ttl > q->ttl ? ttl : q->ttl;
	}
	if (!a->s->once)
		a->settled &= a->now >= since +
			      (ttl ? between(0, ttl, FWT_DNS_LINGER_MAX) : FWT_DNS_KEEP);
}

bool fwt_dns_settled(const struct fwt_dns_state *s, const struct fwt_set *set, u64 now)
{
	struct asking a = { .s = s, .now = now, .settled = true };

	/* What is not known to be settled stays. */
	if (!names_of(s, &a.names))
		return false;
	fwt_dns_names_of(set, ask_settled, &a);
	free(a.names.bucket);
	return a.settled;
}
