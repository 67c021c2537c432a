// SPDX-License-Identifier: GPL-2.0
/* What DNS names stand for, see dns_book.h. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "ast.h"
#include "dns_book.h"

void fwt_dns_addr_read(struct fwt_dns_addr *a, bool six, const void *bytes)
{
	u32 i;

	memset(a, 0, sizeof(*a));
	a->six = six;
	for (i = 0; i < (six ? 4 : 1); i++)
		a->word[i] = get_unaligned_be32((const u8 *)bytes + 4 * i);
}

int fwt_dns_addr_order(const void *a, const void *b)
{
	const struct fwt_dns_addr *x = a, *y = b;
	u32 i;

	if (x->six != y->six)
		return x->six < y->six ? -1 : 1;
	for (i = 0; i < 4; i++)
		if (x->word[i] != y->word[i])
			return x->word[i] < y->word[i] ? -1 : 1;
	return 0;
}

char *fwt_dns_addr_text(char *buf, const struct fwt_dns_addr *a)
{
	u32 net[4], i;

	for (i = 0; i < 4; i++)
		net[i] = htonl(a->word[i]);
	inet_ntop(a->six ? AF_INET6 : AF_INET, net, buf, INET6_ADDRSTRLEN);
	return buf;
}

void fwt_dns_init(struct fwt_dns_book *b)
{
	memset(b, 0, sizeof(*b));
	b->kept.size = sizeof(struct fwt_dns_kept);
}

void fwt_dns_clean(struct fwt_dns_book *b)
{
	struct fwt_dns_kept *kept = b->kept.data;
	struct fwt_dns_entry *e;
	u32 i;

	while ((e = b->first)) {
		b->first = e->next;
		free(e->name);
		free(e->addr.data);
		free(e);
	}
	for (i = 0; i < b->kept.count; i++)
		free(kept[i].set);
	free(b->kept.data);
	free(b->bucket);
	fwt_dns_init(b);
}

/* As fwt_dns_name(), and what is no name. */
static bool plain_name(const char *name, char *to)
{
	if (strcmp(name, FWT_DNS_RESOLVERS))
		return !fwt_dns_name(name, to);
	strcpy(to, name);
	return true;
}

u32 fwt_dns_bucket(const char *name)
{
	u32 h = 2166136261u;	/* FNV-1a */

	while (*name)
		h = (h ^ (u8)*name++) * 16777619u;
	return h % FWT_DNS_BUCKETS;
}

struct fwt_dns_entry *fwt_dns_find(const struct fwt_dns_book *b, const char *name)
{
	char plain[FWT_DNS_NAME_MAX + 1];
	struct fwt_dns_entry *e;

	if (!b->bucket || !plain_name(name, plain))
		return NULL;
	for (e = b->bucket[fwt_dns_bucket(plain)]; e && strcmp(e->name, plain); e = e->same)
		;
	return e;
}

struct fwt_dns_entry *fwt_dns_entry(struct fwt_dns_book *b, const char *name)
{
	struct fwt_dns_entry *e = fwt_dns_find(b, name);
	char plain[FWT_DNS_NAME_MAX + 1];
	struct fwt_dns_entry **bucket;

	if (e || !plain_name(name, plain))
		return e;
	if (!b->bucket)
		b->bucket = calloc(FWT_DNS_BUCKETS, sizeof(*b->bucket));
	if (!b->bucket)
		return NULL;
	e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	e->name = strdup(plain);
	if (!e->name) {
		free(e);
		return NULL;
	}
	e->addr.size = sizeof(struct fwt_dns_addr);
	e->next = b->first;
	b->first = e;
	bucket = &b->bucket[fwt_dns_bucket(plain)];
	e->same = *bucket;
	*bucket = e;
	return e;
}

bool fwt_dns_add(struct fwt_dns_entry *e, const struct fwt_dns_addr *a)
{
	struct fwt_dns_addr *to = fwt_vec_add(&e->addr, 1);

	if (to)
		*to = *a;
	return to;
}

bool fwt_dns_keep(struct fwt_dns_book *b, const char *set, bool six, const u32 *low,
		  const u32 *high, u32 words)
{
	struct fwt_dns_kept *k = fwt_vec_add(&b->kept, 1);

	if (!k)
		return false;
	memset(k, 0, sizeof(*k));
	k->set = strdup(set);
	k->six = six;
	memcpy(k->low, low, words * sizeof(u32));
	memcpy(k->high, high, words * sizeof(u32));
	if (!k->set)
		b->kept.count--;
	return k->set;
}

/* Labels of letters, digits, '-' and '_', as hosts and services have them. What is
 * left of the last dot is no number, or it were half an address.
 */
const char *fwt_dns_name(const char *text, char *to)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	const char *at = text, *last = text;
	size_t len, all = 0;

	if (strchr(text, '*'))
		return "DNS can't be asked for all names that end so: each is written out";
	for (;; at++) {
		len = strcspn(at, ".");
		if (!len)
			return "there is nothing between two dots";
		if (len > 63)
			return "a part of a DNS name has 63 letters at most";
		if (at[0] == '-' || at[len - 1] == '-')
			return "a part of a DNS name does not begin or end with '-'";
		if (strspn(at, letters) < len)
			return "a DNS name has letters, digits and '-'; others are written xn--...";
		all += len + 1;
		if (all - 1 > FWT_DNS_NAME_MAX)
			return "a DNS name has 253 letters at most";
		last = at;
		at += len;
		if (!at[0] || !at[1])
			break;
	}
	if (strspn(last, "0123456789") == strcspn(last, "."))
		return "a DNS name does not end with a number";
	for (len = 0; to && len < all - 1; len++)
		to[len] = (char)tolower((unsigned char)text[len]);
	if (to)
		to[len] = 0;
	return NULL;
}

static bool is_name(const struct fwt_value *v)
{
	return v->kind == FWT_VALUE_WORD || v->kind == FWT_VALUE_STRING;
}

/* Each name of a set, and where it stands. */
static void each_name(const struct fwt_set *set,
		      void (*fn)(void *ctx, const char *name, const struct fwt_loc *loc), void *ctx)
{
	char plain[FWT_DNS_NAME_MAX + 1];
	const struct fwt_value *v, *one;
	u32 i;

	if (set->resolvers)
		fn(ctx, FWT_DNS_RESOLVERS, &set->name.loc);
	for (v = set->names.first; v; v = v->next) {
		if (is_name(v) && !fwt_dns_name(v->text, plain))
			fn(ctx, plain, &v->loc);
		for (i = 0; v->kind == FWT_VALUE_JOIN && i < v->parts.count; i++)
			for (one = v->parts.part[i].first; one; one = one->next)
				if (set->type.type[i] == FWT_TYPE_ADDR && is_name(one) &&
				    !fwt_dns_name(one->text, plain))
					fn(ctx, plain, &one->loc);
	}
}

struct name_of {
	void (*fn)(void *ctx, const char *name);
	void *ctx;
};

static void tell_name(void *ctx, const char *name, const struct fwt_loc *loc)
{
	struct name_of *n = ctx;

	(void)loc;
	n->fn(n->ctx, name);
}

void fwt_dns_names_of(const struct fwt_set *set, void (*fn)(void *ctx, const char *name),
		      void *ctx)
{
	struct name_of n = { fn, ctx };

	each_name(set, tell_name, &n);
}

struct place {
	const char *name;
	const struct fwt_loc *loc;
};

static void tell_place(void *ctx, const char *name, const struct fwt_loc *loc)
{
	struct place *p = ctx;

	if (!p->loc && !strcmp(name, p->name))
		p->loc = loc;
}

const struct fwt_loc *fwt_dns_place(const struct fwt_set *set, const char *name)
{
	struct place p = { .name = name };

	each_name(set, tell_place, &p);
	return p.loc;
}

struct once {
	struct fwt_dns_book seen;
	void (*fn)(void *ctx, const char *name);
	void *ctx;
	bool failed;
};

static void tell_once(void *ctx, const char *name)
{
	struct once *o = ctx;

	if (fwt_dns_find(&o->seen, name))
		return;
	o->failed |= !fwt_dns_entry(&o->seen, name);
	o->fn(o->ctx, name);
}

int fwt_dns_names(const struct fwt_policy_ast *ast, void (*fn)(void *ctx, const char *name),
		  void *ctx)
{
	struct once o = { .fn = fn, .ctx = ctx };
	const struct fwt_set *set;

	fwt_dns_init(&o.seen);
	for (set = ast->sets; set; set = set->next)
		fwt_dns_names_of(set, tell_once, &o);
	fwt_dns_clean(&o.seen);
	return o.failed ? -ENOMEM : 0;
}
