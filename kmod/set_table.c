// SPDX-License-Identifier: GPL-2.0
/* The tables of a set's hash, see set_table.h. */
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "set_table.h"

static bool take(const struct fwt_set_hash *h, size_t size)
{
	if (atomic64_add_return(size, h->bytes) <= h->limit)
		return true;
	atomic64_sub(size, h->bytes);
	return false;
}

/* Of a bucket, with what is beside it. */
static size_t bucket_bytes(const struct fwt_set_hash *h)
{
	return sizeof(struct fwt_set_bucket) + h->side_words * sizeof(u32);
}

struct fwt_set_table *fwt_set_table_alloc(const struct fwt_set_hash *h, u32 n)
{
	size_t size = sizeof(struct fwt_set_table) + n * bucket_bytes(h);
	struct fwt_set_table *t;
	u32 key = 0;

	if (!take(h, size))
		return NULL;
	t = kvzalloc(size, GFP_KERNEL_ACCOUNT | __GFP_NOWARN | __GFP_RETRY_MAYFAIL);
	if (!t) {
		atomic64_sub(size, h->bytes);
		return NULL;
	}
	t->n = n;
	t->odd = n;
	t->size = size;
	t->side = (u32 *)&t->bucket[n];
	if (h->words > 1)
		return t;
	t->odd = fwt_set_bucket_of(n, fwt_set_hash_of(h, &key));
	do {
		key++;
	} while (fwt_set_bucket_of(n, fwt_set_hash_of(h, &key)) == t->odd);
	t->nobody = key;
	fwt_set_bucket_fill(&t->bucket[t->odd], key);
	return t;
}

struct fwt_set_bucket *fwt_set_over_alloc(const struct fwt_set_hash *h, gfp_t gfp, bool must)
{
	struct fwt_set_bucket *b;

	if (must)
		atomic64_add(bucket_bytes(h), h->bytes);
	else if (!take(h, bucket_bytes(h)))
		return NULL;
	b = kzalloc(bucket_bytes(h), gfp | __GFP_NOWARN);
	if (!b)
		atomic64_sub(bucket_bytes(h), h->bytes);
	return b;
}

void fwt_set_over_free(const struct fwt_set_hash *h, struct fwt_set_bucket *b)
{
	kfree(b);
	atomic64_sub(bucket_bytes(h), h->bytes);
}

void fwt_set_table_free(const struct fwt_set_hash *h, struct fwt_set_table *t)
{
	u32 i;

	if (!t)
		return;
	for (i = 0; i < t->n; i++) {
		struct fwt_set_bucket *b = t->bucket[i].over, *next;

		for (; b; b = next) {
			next = b->over;
			fwt_set_over_free(h, b);
		}
		if (!(i & 0xfff))
			cond_resched();
	}
	atomic64_sub(t->size, h->bytes);
	kvfree(t);
}
