// SPDX-License-Identifier: GPL-2.0
/*
 * A hash of elements that lie in its buckets; see set_hash.h.
 *
 * Walking while tables are resized. A walk counts buckets by their bits reversed, as
 * Redis' SCAN does: when a table doubles, the two that a bucket becomes are
 * neighbours in that order; so what was walked stays walked, in the larger and in the
 * smaller table alike, and an element that is there all the while is never missed.
 */
#include <linux/bitrev.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "set_hash.h"

/* The head is 16 bytes: with 48 that are left a line holds six IPv4 addresses. */
struct bucket {
	u32 seq;
	u32 pad;
	struct bucket *over;
	u32 slot[];
};

/* The head is a line of its own: so buckets are lines. */
struct fwt_set_table {
	u64 size;
	u32 bits;
	u32 pad[13];
	u8 data[];
};

static_assert(offsetof(struct fwt_set_table, data) == 64);

/* Of one word, with a lease. */
#define SLOTS_SHORT	((64 - sizeof(struct bucket)) / (2 * sizeof(u32)))

#define MIN_BITS	2
#define MAX_BITS	26
#define SPARES		8

/* Three quarters full on average: one bucket in ten has another one behind it. */
static u64 room_of(const struct fwt_set_hash *h, u32 bits)
{
	return ((u64)h->slots << bits) * 3 / 4;
}

static struct bucket *bucket_at(const struct fwt_set_hash *h, const struct fwt_set_table *t,
				u32 i)
{
	return (struct bucket *)(t->data + (size_t)i * h->bucket_bytes);
}

static struct bucket *bucket_of(const struct fwt_set_hash *h, const struct fwt_set_table *t,
				u32 hash)
{
	return bucket_at(h, t, hash & (BIT(t->bits) - 1));
}

static __always_inline u32 hash_of(const struct fwt_set_hash *h, const u32 *key)
{
	if (h->words == 1)
		return hsiphash_1u32(key[0], &h->key);
	return hsiphash(key, h->words * sizeof(u32), &h->key);
}

static bool take(const struct fwt_set_hash *h, size_t size)
{
	if (atomic64_add_return(size, h->bytes) <= h->limit)
		return true;
	atomic64_sub(size, h->bytes);
	return false;
}

static struct fwt_set_table *table_new(const struct fwt_set_hash *h, u32 bits)
{
	size_t size = sizeof(struct fwt_set_table) + ((size_t)h->bucket_bytes << bits);
	struct fwt_set_table *t;

	if (!take(h, size))
		return NULL;
	t = kvzalloc(size, GFP_KERNEL_ACCOUNT | __GFP_NOWARN | __GFP_RETRY_MAYFAIL);
	if (!t) {
		atomic64_sub(size, h->bytes);
		return NULL;
	}
	t->bits = bits;
	t->size = size;
	return t;
}

/* @must: half of a table is moved, so that the limit does not count any more. It is
 * passed by no more than the elements there are, until the former table goes.
 */
static struct bucket *over_new(const struct fwt_set_hash *h, gfp_t gfp, bool must)
{
	struct bucket *b;

	if (must)
		atomic64_add(h->bucket_bytes, h->bytes);
	else if (!take(h, h->bucket_bytes))
		return NULL;
	b = kzalloc(h->bucket_bytes, gfp | __GFP_NOWARN);
	if (!b)
		atomic64_sub(h->bucket_bytes, h->bytes);
	return b;
}

static void over_free(const struct fwt_set_hash *h, struct bucket *b)
{
	kfree(b);
	atomic64_sub(h->bucket_bytes, h->bytes);
}

static void table_free(const struct fwt_set_hash *h, struct fwt_set_table *t)
{
	u32 i;

	if (!t)
		return;
	for (i = 0; i < BIT(t->bits); i++) {
		struct bucket *b = bucket_at(h, t, i)->over, *next;

		for (; b; b = next) {
			next = b->over;
			over_free(h, b);
		}
		if (!(i & 0xfff))
			cond_resched();
	}
	atomic64_sub(t->size, h->bytes);
	kvfree(t);
}

int fwt_set_hash_init(struct fwt_set_hash *h, u32 words, u32 value_words, spinlock_t *lock,
		      atomic64_t *bytes, u64 limit)
{
	struct fwt_set_table *t;
	u32 slot;

	memset(h, 0, sizeof(*h));
	get_random_bytes(&h->key, sizeof(h->key));
	h->words = words;
	h->value_words = value_words;
	h->slot_words = 1 + words + value_words;
	h->lock = lock;
	h->bytes = bytes;
	h->limit = limit;
	slot = h->slot_words * sizeof(u32);
	h->bucket_bytes = roundup(sizeof(struct bucket) + 4 * slot, 64);
	h->slots = (h->bucket_bytes - sizeof(struct bucket)) / slot;
	t = table_new(h, MIN_BITS);
	if (!t)
		return -ENOMEM;
	rcu_assign_pointer(h->tab, t);
	return 0;
}

void fwt_set_hash_clean(struct fwt_set_hash *h)
{
	table_free(h, rcu_dereference_protected(h->tab, true));
	RCU_INIT_POINTER(h->tab, NULL);
}

/* Reading */

static __always_inline bool same(const u32 *slot, const u32 *key, u32 words)
{
	u32 i;

	for (i = 0; i < words; i++)
		if (READ_ONCE(slot[1 + i]) != key[i])
			return false;
	return true;
}

/* Pairs with write_begin() and write_end(). */
static u32 read_begin(const struct bucket *b)
{
	u32 seq;

	/* Pairs with the release in write_end(). */
	while ((seq = smp_load_acquire(&b->seq)) & 1)
		cpu_relax();
	return seq;
}

static bool read_retry(const struct bucket *b, u32 seq)
{
	smp_rmb();	/* the slots before the sequence */
	return READ_ONCE(b->seq) != seq;
}

/* @words and @stride are constants where keys are the short ones that most sets have:
 * their slots are compared by a loop of which the compiler knows all.
 */
static __always_inline u32 bucket_find(const struct fwt_set_hash *h, const struct bucket *b,
				       const u32 *key, u32 words, u32 stride, u32 slots,
				       u32 *value)
{
	for (; b; b = READ_ONCE(b->over)) {
		u32 lease, seq, i, k;

		do {
			const u32 *slot = b->slot;

			lease = 0;
			seq = read_begin(b);
			for (i = 0; i < slots; i++, slot += stride) {
				if (!same(slot, key, words))
					continue;
				lease = READ_ONCE(slot[0]);
				if (lease)
					break;
			}
			for (k = 0; lease && value && k < h->value_words; k++)
				value[k] = READ_ONCE(slot[1 + words + k]);
		} while (read_retry(b, seq));
		if (lease)
			return lease;
	}
	return 0;
}

static __always_inline u32 find(const struct fwt_set_hash *h, const u32 *key, u32 words,
				u32 stride, u32 slots, u32 *value)
{
	const struct fwt_set_table *t, *next, *now = rcu_dereference(h->tab);
	u32 hash = hash_of(h, key), lease;

	do {
		t = now;
		lease = bucket_find(h, bucket_of(h, t, hash), key, words, stride, slots, value);
		if (lease)
			return lease;
		/* What is not here any more is in the next table, or in one that has
		 * become the table by now. Pairs with the releases in
		 * fwt_set_hash_resize().
		 */
		next = smp_load_acquire(&h->next);
		if (unlikely(next))
			lease = bucket_find(h, bucket_of(h, next, hash), key, words, stride,
					    slots, value);
		if (lease)
			return lease;
		now = rcu_dereference(h->tab);
	} while (unlikely(now != t));
	return 0;
}

u32 fwt_set_hash_find(const struct fwt_set_hash *h, const u32 *key, u32 *value)
{
	if (h->words == 1 && h->slot_words == 2)
		return find(h, key, 1, 2, SLOTS_SHORT, NULL);
	return find(h, key, h->words, h->slot_words, h->slots, value);
}

/* Writing */

/* A reader that waits for a writer must not keep it from going on. */
static void write_begin(struct bucket *b)
{
	preempt_disable();
	WRITE_ONCE(b->seq, b->seq + 1);
	smp_wmb();	/* the odd sequence before the slots */
}

static void write_end(struct bucket *b)
{
	/* What is in it before the even sequence; pairs with read_begin(). */
	smp_store_release(&b->seq, b->seq + 1);
	preempt_enable();
}

static struct fwt_set_table *locked(const struct fwt_set_hash *h,
				    struct fwt_set_table __rcu *const *t)
{
	return rcu_dereference_protected(*t, lockdep_is_held(h->lock));
}

/* The slot of a key, or the first free one where @key is NULL. */
static u32 *slot_in(const struct fwt_set_hash *h, struct bucket **at, const u32 *key)
{
	struct bucket *b;
	u32 i;

	for (b = *at; b; b = b->over) {
		u32 *slot = b->slot;

		for (i = 0; i < h->slots; i++, slot += h->slot_words) {
			if (key ? !slot[0] || !same(slot, key, h->words) : slot[0])
				continue;
			*at = b;
			return slot;
		}
	}
	return NULL;
}

static u32 *slot_of(const struct fwt_set_hash *h, const u32 *key, struct bucket **at)
{
	struct fwt_set_table *next = locked(h, &h->next);
	u32 hash = hash_of(h, key);
	u32 *slot;

	*at = bucket_of(h, locked(h, &h->tab), hash);
	slot = slot_in(h, at, key);
	if (slot || !next)
		return slot;
	*at = bucket_of(h, next, hash);
	return slot_in(h, at, key);
}

static void slot_set(const struct fwt_set_hash *h, struct bucket *b, u32 *slot,
		     const u32 *key, u32 lease, const u32 *value)
{
	u32 i;

	write_begin(b);
	WRITE_ONCE(slot[0], lease);
	for (i = 0; key && i < h->words; i++)
		WRITE_ONCE(slot[1 + i], key[i]);
	for (i = 0; value && i < h->value_words; i++)
		WRITE_ONCE(slot[1 + h->words + i], value[i]);
	write_end(b);
}

/* @spare: taken, and set to NULL, where another bucket is needed; or NULL. */
static int insert(const struct fwt_set_hash *h, struct fwt_set_table *t, const u32 *key,
		  u32 lease, const u32 *value, struct bucket **spare)
{
	struct bucket *first = bucket_of(h, t, hash_of(h, key)), *b = first, *last;
	u32 *slot = slot_in(h, &b, NULL);

	if (slot) {
		slot_set(h, b, slot, key, lease, value);
		return 0;
	}
	if (spare) {
		b = *spare;
		*spare = NULL;
	} else {
		b = over_new(h, GFP_ATOMIC, false);
	}
	if (!b)
		return -ENOMEM;
	slot_set(h, b, b->slot, key, lease, value);
	for (last = first; last->over; last = last->over)
		;
	/* Whoever sees it sees what is in it. */
	smp_store_release(&last->over, b);
	return 0;
}

int fwt_set_hash_put(struct fwt_set_hash *h, const u32 *key, u32 lease, const u32 *value)
{
	struct fwt_set_table *next = locked(h, &h->next);
	struct bucket *b;
	u32 *slot = slot_of(h, key, &b);
	int ret;

	if (slot) {
		slot_set(h, b, slot, NULL, lease, value);
		return 0;
	}
	ret = insert(h, next ?: locked(h, &h->tab), key, lease, value, NULL);
	if (!ret)
		WRITE_ONCE(h->count, h->count + 1);
	return ret;
}

bool fwt_set_hash_remove(struct fwt_set_hash *h, const u32 *key)
{
	struct bucket *b;
	u32 *slot = slot_of(h, key, &b);

	if (!slot)
		return false;
	slot_set(h, b, slot, NULL, 0, NULL);
	WRITE_ONCE(h->count, h->count - 1);
	return true;
}

static void walk_bucket(struct fwt_set_hash *h, struct bucket *b,
			u32 (*fn)(void *ctx, const u32 *key, u32 lease, const u32 *value),
			void *ctx)
{
	u32 i;

	for (; b; b = b->over) {
		u32 *slot = b->slot;

		for (i = 0; i < h->slots; i++, slot += h->slot_words) {
			u32 lease;

			if (!slot[0])
				continue;
			lease = fn(ctx, slot + 1, slot[0], slot + 1 + h->words);
			if (lease == slot[0])
				continue;
			if (!lease)
				WRITE_ONCE(h->count, h->count - 1);
			slot_set(h, b, slot, NULL, lease, NULL);
		}
	}
}

/* All that, in a table of @bits, lies where in one of @of_bits bucket @i lies. */
static void walk_place(struct fwt_set_hash *h, struct fwt_set_table *t, u32 i, u32 of_bits,
		       u32 (*fn)(void *ctx, const u32 *key, u32 lease, const u32 *value),
		       void *ctx)
{
	u32 k;

	if (t->bits <= of_bits) {
		walk_bucket(h, bucket_at(h, t, i & (BIT(t->bits) - 1)), fn, ctx);
		return;
	}
	for (k = 0; k < BIT(t->bits - of_bits); k++)
		walk_bucket(h, bucket_at(h, t, i | k << of_bits), fn, ctx);
}

void fwt_set_hash_walk(struct fwt_set_hash *h, u64 *at, u32 buckets,
		       u32 (*fn)(void *ctx, const u32 *key, u32 lease, const u32 *value),
		       void *ctx)
{
	struct fwt_set_table *t = locked(h, &h->tab), *next = locked(h, &h->next);
	u32 bits = next ? min(t->bits, next->bits) : t->bits;

	for (; buckets && *at < BIT_ULL(32); buckets--) {
		u32 i = bitrev32((u32)*at) & (BIT(bits) - 1);

		walk_place(h, t, i, bits, fn, ctx);
		if (next)
			walk_place(h, next, i, bits, fn, ctx);
		*at = (*at & ~(BIT_ULL(32 - bits) - 1)) + BIT_ULL(32 - bits);
	}
	if (*at >= BIT_ULL(32))
		*at = U64_MAX;
}

/* Resizing */

static u32 bits_for(const struct fwt_set_hash *h, u32 count)
{
	u32 bits = MIN_BITS;

	while (bits < MAX_BITS && room_of(h, bits) < count)
		bits++;
	return bits;
}

bool fwt_set_hash_misfit(const struct fwt_set_hash *h)
{
	const struct fwt_set_table *t;
	u32 count = READ_ONCE(h->count);
	bool ret;

	rcu_read_lock();
	t = rcu_dereference(h->tab);
	ret = !rcu_access_pointer(h->next) &&
	      ((count > room_of(h, t->bits) && t->bits < MAX_BITS) ||
	       (count < room_of(h, t->bits) / 8 && t->bits > MIN_BITS));
	rcu_read_unlock();
	return ret;
}

/* Moves what is in a bucket as far as the spare buckets reach; false if they are out. */
static bool move(struct fwt_set_hash *h, struct bucket *b, struct fwt_set_table *to,
		 struct bucket **spare, u32 *n)
{
	u32 i;

	for (; b; b = b->over) {
		u32 *slot = b->slot;

		for (i = 0; i < h->slots; i++, slot += h->slot_words) {
			struct bucket *more;

			if (!slot[0])
				continue;
			if (!*n)
				return false;
			more = spare[*n - 1];
			/* There first, then gone here. */
			insert(h, to, slot + 1, slot[0], slot + 1 + h->words, &more);
			if (!more)
				--*n;
			slot_set(h, b, slot, NULL, 0, NULL);
		}
	}
	return true;
}

/* A few that nobody may need; 0 where there is no memory, unless they @must be. */
static u32 fill_spares(struct fwt_set_hash *h, struct bucket **spare, u32 n, bool must)
{
	gfp_t gfp = must ? GFP_KERNEL | __GFP_NOFAIL : GFP_KERNEL_ACCOUNT;

	while (n < SPARES) {
		spare[n] = over_new(h, gfp, must);
		if (!spare[n])
			break;
		n++;
	}
	return n;
}

int fwt_set_hash_resize(struct fwt_set_hash *h, u32 count)
{
	struct fwt_set_table *from, *to;
	struct bucket *spare[SPARES];
	u32 bits = bits_for(h, count), n = 0, i;

	from = rcu_dereference_protected(h->tab, true);
	if (bits == from->bits)
		return 0;
	to = table_new(h, bits);
	if (!to)
		return -ENOMEM;
	n = fill_spares(h, spare, 0, false);
	if (!n) {
		table_free(h, to);
		return -ENOMEM;
	}
	spin_lock_bh(h->lock);
	rcu_assign_pointer(h->next, to);
	spin_unlock_bh(h->lock);
	for (i = 0; i < BIT(from->bits);) {
		u32 stop = min_t(u32, i + 16, BIT(from->bits));

		spin_lock_bh(h->lock);
		while (i < stop && move(h, bucket_at(h, from, i), to, spare, &n))
			i++;
		spin_unlock_bh(h->lock);
		/* Half of it is moved: there is no way but on. Whoever waits here has
		 * locks that others need to free anything.
		 */
		if (!n)
			n = fill_spares(h, spare, n, true);
		cond_resched();
	}
	spin_lock_bh(h->lock);
	rcu_assign_pointer(h->tab, to);
	/* A reader that sees this sees the table, too. */
	smp_store_release(&h->next, NULL);
	spin_unlock_bh(h->lock);
	while (n)
		over_free(h, spare[--n]);
	synchronize_rcu();
	table_free(h, from);
	return 0;
}
