// SPDX-License-Identifier: GPL-2.0
/* The tables of a set's hash, see set_table.h. */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "netns.h"
#include "set_table.h"

u32 fwt_set_key_of(const struct fwt_set_hash *h, u32 n, u32 i, u32 name)
{
	u32 said = hsiphash_1u32(name & 0xffff, &h->key);
	u32 first = fwt_set_first_of(n, i), end = (name & 0x10000) | (said & 0xffff);
	u32 hash = first + ((end - first) & FWT_SET_NARROW_BITS);
	u32 high = (hash ^ said) >> 16;

	return high << 16 | fwt_set_mixed(h, name & 0xffff, high);
}

/* A name that no key of a narrow bucket has: one of the first ten, mostly. */
static u32 nobody_of(const struct fwt_set_hash *h, u32 n, u32 i)
{
	u64 first = fwt_set_first_of(n, i), hashes = fwt_set_first_of(n, i + 1) - first;
	u32 mixed, end;

	for (mixed = 0; mixed < 0xffff; mixed++) {
		end = (hsiphash_1u32(mixed, &h->key) & 0xffff) - (u32)first;
		if ((end & FWT_SET_NARROW_BITS) >= hashes)
			break;
		if (((end + 0x10000) & FWT_SET_NARROW_BITS) >= hashes)
			return mixed | 0x10000;
	}
	return mixed;
}

void fwt_set_bucket_fill(const struct fwt_set_table *t, struct fwt_set_bucket *b, u32 name)
{
	u32 k;

	for (k = 0; k < t->slots; k++)
		fwt_set_slot_put(t, b, k, name);
}

static void fill_narrow(const struct fwt_set_hash *h, struct fwt_set_table *t)
{
	u32 i;

	for (i = 0; i < t->n; i++) {
		struct fwt_set_beside *beside = (void *)fwt_set_side(t, i);

		beside->nobody = nobody_of(h, t->n, i);
		fwt_set_bucket_fill(t, &t->bucket[i], beside->nobody);
		if (!(i & 0xfff))
			cond_resched();
	}
}

static void fill_odd(const struct fwt_set_hash *h, struct fwt_set_table *t)
{
	u32 key = 0;

	t->odd = fwt_set_bucket_of(t->n, fwt_set_name_of(h, &key).hash);
	do {
		key++;
	} while (fwt_set_bucket_of(t->n, fwt_set_name_of(h, &key).hash) == t->odd);
	t->nobody = key;
	fwt_set_bucket_fill(t, &t->bucket[t->odd], key);
}

struct fwt_set_table *fwt_set_table_alloc(const struct fwt_set_hash *h, u32 n, bool narrow,
					  bool charged)
{
	u32 slots = narrow ? FWT_SET_NARROW : FWT_SET_WIDE, value_at = 0, lease_at, words;
	struct fwt_set_table *t;
	size_t size;

	if (narrow)
		value_at = sizeof(struct fwt_set_beside) / sizeof(u32);
	else if (h->words > 1)
		value_at = slots * h->words;
	lease_at = value_at + slots * h->value_words;
	words = lease_at + slots;
	/* So that no key of four words lies on two lines, and pointers lie well. */
	if (narrow || h->words > 1)
		words = roundup(words, 4);
	size = sizeof(*t) + n * (sizeof(struct fwt_set_bucket) + words * sizeof(u32));
	size = roundup(size, sizeof(u64)) + sizeof(struct fwt_set_table_end);
	if (charged && !fwt_share_take(h->memory, size))
		return ERR_PTR(-EDQUOT);
	t = kvzalloc(size, GFP_KERNEL_ACCOUNT | __GFP_NOWARN | __GFP_RETRY_MAYFAIL);
	if (!t) {
		if (charged)
			fwt_share_give(h->memory, size);
		return ERR_PTR(-ENOMEM);
	}
	t->n = n;
	t->narrow = narrow;
	t->slots = slots;
	t->value_at = value_at;
	t->lease_at = lease_at;
	t->side_words = words;
	t->odd = n;
	t->size = size;
	t->charged = charged;
	t->taken = charged ? size : 0;
	t->side = (u32 *)&t->bucket[n];
	if (narrow)
		fill_narrow(h, t);
	else if (h->words == 1)
		fill_odd(h, t);
	return t;
}

/* What has taken nothing of the share may outlive it. */
static void table_free(struct fwt_share *memory, struct fwt_set_table *t)
{
	u32 i;

	for (i = 0; i < t->n; i++) {
		struct fwt_set_bucket *b, *next;

		for (b = fwt_set_over(t, &t->bucket[i], fwt_set_side(t, i)); b; b = next) {
			next = fwt_set_over(t, b, fwt_set_side_over(b));
			kfree(b);
		}
		if (!(i & 0xfff))
			cond_resched();
	}
	if (t->taken)
		fwt_share_give(memory, t->taken);
	kvfree(t);
}

void fwt_set_table_free(const struct fwt_set_hash *h, struct fwt_set_table *t)
{
	if (t)
		table_free(h->memory, t);
}

static void free_late(struct work_struct *work)
{
	struct fwt_set_table_end *end = container_of(to_rcu_work(work), struct fwt_set_table_end,
						     free);

	table_free(end->memory, end->t);
}

void fwt_set_table_retire(const struct fwt_set_hash *h, struct fwt_set_table *t)
{
	struct fwt_set_table_end *end = (void *)t + t->size - sizeof(*end);

	end->memory = h->memory;
	end->t = t;
	INIT_RCU_WORK(&end->free, free_late);
	queue_rcu_work(fwt_wq, &end->free);
}
