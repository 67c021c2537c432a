// SPDX-License-Identifier: GPL-2.0
/*
 * A hash of elements that lie in its buckets; see set_hash.h, set_table.h.
 *
 * Walking while tables are resized: a walk remembers the first hash that it has not met
 * yet, and goes on there in whatever table it finds; of a bucket that begins before that,
 * it leaves out what it has met.
 */
#include <linux/err.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "set_hash.h"
#include "set_table.h"

#define SPARES	8

/* A bucket, or one behind it, what is beside it, and one of its slots. */
struct place {
	const struct fwt_set_table *t;
	u32 i;
	u32 nobody;
	struct fwt_set_bucket *b;
	u32 *side;
	u32 slot;
	u32 key;
};

static struct place place_at(struct fwt_set_table *t, u32 i)
{
	return (struct place){
		.t = t, .i = i, .nobody = fwt_set_nobody(t, i), .b = &t->bucket[i],
		.side = fwt_set_side(t, i),
	};
}

static bool place_next(struct place *p)
{
	p->b = fwt_set_over(p->t, p->b, p->side);
	p->side = p->b ? fwt_set_side_over(p->b) : NULL;
	return p->b;
}

static u32 *lease_at(const struct place *p)
{
	return p->side + p->t->lease_at + p->slot;
}

static u32 *value_at(const struct fwt_set_hash *h, const struct place *p)
{
	return p->side + p->t->value_at + p->slot * h->value_words;
}

static const u32 *key_at(const struct fwt_set_hash *h, struct place *p)
{
	if (h->words > 1)
		return p->side + p->slot * h->words;
	p->key = fwt_set_slot_get(p->t, p->b, p->slot);
	if (p->t->narrow)
		p->key = fwt_set_key_of(h, p->t->n, p->i, p->key);
	return &p->key;
}

static u32 name_in(const struct fwt_set_table *t, const struct fwt_set_name *name)
{
	return t->narrow ? name->narrow : name->wide;
}

int fwt_set_hash_init(struct fwt_set_hash *h, u32 words, u32 value_words,
		      bool (*sure)(u32 lease), spinlock_t *lock, struct fwt_share *memory)
{
	struct fwt_set_table *t;

	memset(h, 0, sizeof(*h));
	get_random_bytes(&h->key, sizeof(h->key));
	get_random_bytes(h->mul, sizeof(h->mul));
	h->mul[0] |= 1;
	h->mul[1] |= 1;
	get_random_bytes(&h->add, sizeof(h->add));
	h->words = words;
	h->value_words = value_words;
	h->sure = sure;
	h->lock = lock;
	h->memory = memory;
	t = fwt_set_table_alloc(h, FWT_SET_BUCKETS_MIN, false, false);
	if (IS_ERR(t))
		return PTR_ERR(t);
	rcu_assign_pointer(h->tab, t);
	return 0;
}

void fwt_set_hash_clean(struct fwt_set_hash *h)
{
	fwt_set_table_free(h, rcu_dereference_protected(h->tab, true));
	RCU_INIT_POINTER(h->tab, NULL);
}

/* Reading */

static __always_inline bool same(const u32 *a, const u32 *b, u32 words)
{
	u32 i;

	for (i = 0; i < words; i++)
		if (READ_ONCE(a[i]) != b[i])
			return false;
	return true;
}

/* Pairs with write_begin() and write_end(). */
static __always_inline u32 read_begin(const struct fwt_set_bucket *b)
{
	u32 seq;

	/* Pairs with the release in write_end(). */
	while ((seq = smp_load_acquire(&b->seq)) & 1)
		cpu_relax();
	return seq;
}

static __always_inline bool read_retry(const struct fwt_set_bucket *b, u32 seq)
{
	smp_rmb();	/* what is in it before the sequence */
	return READ_ONCE(b->seq) != seq;
}

/* The lease of an element whose name has been seen there, if it still is. */
static u32 lease_in(const struct fwt_set_hash *h, const struct fwt_set_table *t,
		    const struct fwt_set_bucket *b, const u32 *side, u32 name, const u32 *key,
		    u32 *value, bool sure)
{
	const u32 *v;
	u32 k, i;

	for (k = 0; k < t->slots; k++) {
		if (fwt_set_slot_get(t, b, k) != name)
			continue;
		if (h->words == 1 || same(side + k * h->words, key, h->words))
			break;
	}
	if (k == t->slots)
		return 0;
	v = side + t->value_at + k * h->value_words;
	for (i = 0; value && i < h->value_words; i++)
		value[i] = READ_ONCE(v[i]);
	return sure ? FWT_SET_SURE : READ_ONCE(side[t->lease_at + k]);
}

/* @sure: it need not be said which lease it is, if it is one of those. Where no other is
 * in the hash, leases are not asked: which is true if the bucket was the same before and
 * after that was read, see unsure_more() and unsure_less().
 */
static __always_inline u32 find_in(const struct fwt_set_hash *h, const struct fwt_set_table *t,
				   const struct fwt_set_name *name, const u32 *key, u32 *value,
				   bool sure)
{
	u32 i = fwt_set_bucket_of(t->n, name->hash), lease, seq;
	const struct fwt_set_bucket *b = &t->bucket[i];
	const u32 *side = fwt_set_side(t, i);
	bool has, all;

	for (;;) {
		do {
			lease = 0;
			seq = read_begin(b);
			has = t->narrow ? fwt_set_narrow_has(b, name->narrow) :
					  fwt_set_wide_has(b, name->wide);
			if (!has)
				continue;
			all = sure && !READ_ONCE(h->timed);
			if (all && !value && h->words == 1)
				lease = FWT_SET_SURE;
			else
				lease = lease_in(h, t, b, side, name_in(t, name), key, value,
						 all);
		} while (unlikely(read_retry(b, seq)));
		if (lease)
			return lease;
		b = fwt_set_over(t, b, side);
		if (likely(!b))
			return 0;
		side = fwt_set_side_over(b);
	}
}

static __always_inline u32 find(const struct fwt_set_hash *h, const u32 *key, u32 *value,
				bool sure)
{
	const struct fwt_set_table *t, *next, *now;
	struct fwt_set_name name;
	u32 lease;

	if (!READ_ONCE(h->used))
		return 0;
	name = fwt_set_name_of(h, key);
	now = rcu_dereference(h->tab);
	do {
		t = now;
		lease = find_in(h, t, &name, key, value, sure);
		if (lease)
			return lease;
		/* What is not here any more is in the next table, or in one that has
		 * become the table by now, and has a next one itself perhaps: nobody
		 * waits for readers between two resizings. Pairs with the releases in
		 * fwt_set_hash_resize().
		 */
		next = smp_load_acquire(&h->next);
		if (unlikely(next))
			lease = find_in(h, next, &name, key, value, sure);
		if (lease)
			return lease;
		now = rcu_dereference(h->tab);
	} while (unlikely(now != t));
	return 0;
}

u32 fwt_set_hash_find(const struct fwt_set_hash *h, const u32 *key)
{
	return find(h, key, NULL, false);
}

u32 fwt_set_hash_look(const struct fwt_set_hash *h, const u32 *key, u32 *value)
{
	return find(h, key, value, true);
}

/* Writing */

/* A reader that waits for a writer must not keep it from going on. */
static void write_begin(struct fwt_set_bucket *b)
{
	preempt_disable();
	WRITE_ONCE(b->seq, b->seq + 1);
	smp_wmb();	/* the odd sequence before what is in it */
}

static void write_end(struct fwt_set_bucket *b)
{
	/* What is in it before the even sequence; pairs with read_begin(). */
	smp_store_release(&b->seq, b->seq + 1);
	preempt_enable();
}

/* A reader that sees an element sees that there is one: said before a bucket is written
 * to, whose smp_wmb() keeps it before. Who sees it said no more, where it was gone from
 * the bucket, finds the sequence to be another one.
 */
static void unsure_more(struct fwt_set_hash *h, u32 lease)
{
	if (lease && !h->sure(lease) && !h->unsure++)
		WRITE_ONCE(h->timed, true);
}

static void unsure_less(struct fwt_set_hash *h, u32 lease)
{
	if (lease && !h->sure(lease) && !--h->unsure)
		smp_store_release(&h->timed, false);	/* pairs with read_retry() */
}

static struct fwt_set_table *locked(const struct fwt_set_hash *h,
				    struct fwt_set_table __rcu *const *t)
{
	return rcu_dereference_protected(*t, lockdep_is_held(h->lock));
}

/* The slot of a key, from a bucket on. */
static bool slot_of(const struct fwt_set_hash *h, struct place *p, u32 name, const u32 *key)
{
	do {
		for (p->slot = 0; p->slot < p->t->slots; p->slot++)
			if (fwt_set_slot_get(p->t, p->b, p->slot) == name &&
			    (h->words == 1 || same(key_at(h, p), key, h->words)))
				return true;
	} while (place_next(p));
	return false;
}

/* The first free one; @last is set to the last bucket if there is none. */
static bool slot_free(struct place *p, struct place *last)
{
	do {
		*last = *p;
		for (p->slot = 0; p->slot < p->t->slots; p->slot++)
			if (!*lease_at(p))
				return true;
	} while (place_next(p));
	return false;
}

static bool place_of(const struct fwt_set_hash *h, const u32 *key, struct place *p)
{
	struct fwt_set_table *t = locked(h, &h->tab), *next = locked(h, &h->next);
	struct fwt_set_name name = fwt_set_name_of(h, key);

	*p = place_at(t, fwt_set_bucket_of(t->n, name.hash));
	if (slot_of(h, p, name_in(t, &name), key))
		return true;
	if (!next)
		return false;
	*p = place_at(next, fwt_set_bucket_of(next->n, name.hash));
	return slot_of(h, p, name_in(next, &name), key);
}

/* @key: NULL where it is there; @lease: 0: the slot becomes free. */
static void slot_set(struct fwt_set_hash *h, const struct place *p, u32 name, const u32 *key,
		     u32 lease, const u32 *value)
{
	u32 *to = lease_at(p), was = *to, i;

	unsure_more(h, lease);
	write_begin(p->b);
	WRITE_ONCE(*to, lease);
	if (key || !lease)
		fwt_set_slot_put(p->t, p->b, p->slot, lease ? name : p->nobody);
	for (to = p->side + p->slot * h->words, i = 0; key && h->words > 1 && i < h->words; i++)
		WRITE_ONCE(to[i], key[i]);
	for (to = value_at(h, p), i = 0; value && i < h->value_words; i++)
		WRITE_ONCE(to[i], value[i]);
	write_end(p->b);
	unsure_less(h, was);
}

static void slot_clear(struct fwt_set_hash *h, const struct place *p)
{
	slot_set(h, p, 0, NULL, 0, NULL);
}

/* Whoever sees it sees what is in it. */
static void put_behind(const struct place *last, struct fwt_set_bucket *b)
{
	if (!last->t->narrow) {
		smp_store_release(&last->b->over, b);	/* pairs with fwt_set_over() */
		return;
	}
	/* Likewise; who sees the flag first, and nothing behind it, came before it. */
	smp_store_release(&((struct fwt_set_beside *)last->side)->over, b);
	write_begin(last->b);
	WRITE_ONCE(last->b->high, last->b->high | FWT_SET_OVER);
	write_end(last->b);
}

static struct fwt_set_bucket *over_new(struct fwt_set_hash *h, struct fwt_set_table *t,
				       bool charged)
{
	size_t size = fwt_set_over_bytes(t);
	struct fwt_set_bucket *b;

	if (!charged)
		return kzalloc(size, GFP_ATOMIC | __GFP_ACCOUNT | __GFP_NOWARN);
	if (!fwt_share_take(h->memory, size))
		return NULL;
	b = kzalloc(size, GFP_ATOMIC | __GFP_NOWARN);
	if (b)
		t->taken += size;
	else
		fwt_share_give(h->memory, size);
	return b;
}

/* Half of the table is moved, so that the share can't refuse it any more. It is passed by
 * no more than the elements there are, until the former table goes.
 */
static struct fwt_set_bucket *over_spare(struct fwt_set_hash *h, struct fwt_set_table *t,
					 struct fwt_set_bucket **spare)
{
	struct fwt_set_bucket *b = *spare;

	*spare = NULL;
	if (t->charged) {
		fwt_share_must(h->memory, fwt_set_over_bytes(t));
		t->taken += fwt_set_over_bytes(t);
	}
	return b;
}

/* @spare: taken, and set to NULL, where another bucket is needed; or NULL. */
static int insert(struct fwt_set_hash *h, struct fwt_set_table *t, const u32 *key, u32 lease,
		  const u32 *value, bool charged, struct fwt_set_bucket **spare)
{
	struct fwt_set_name name = fwt_set_name_of(h, key);
	struct place p = place_at(t, fwt_set_bucket_of(t->n, name.hash)), last;

	if (slot_free(&p, &last)) {
		slot_set(h, &p, name_in(t, &name), key, lease, value);
		return 0;
	}
	p.b = spare ? over_spare(h, t, spare) : over_new(h, t, charged);
	if (!p.b)
		return -ENOMEM;
	p.side = fwt_set_side_over(p.b);
	p.slot = 0;
	fwt_set_bucket_fill(t, p.b, p.nobody);
	slot_set(h, &p, name_in(t, &name), key, lease, value);
	put_behind(&last, p.b);
	return 0;
}

static void one_more(struct fwt_set_hash *h)
{
	WRITE_ONCE(h->count, h->count + 1);
	if (h->count == 1)
		WRITE_ONCE(h->used, true);
}

static void one_less(struct fwt_set_hash *h)
{
	WRITE_ONCE(h->count, h->count - 1);
	if (!h->count)
		WRITE_ONCE(h->used, false);
}

int fwt_set_hash_put(struct fwt_set_hash *h, const u32 *key, u32 lease, const u32 *value,
		     bool charged)
{
	struct fwt_set_table *next = locked(h, &h->next);
	struct place p;
	int ret;

	if (place_of(h, key, &p)) {
		slot_set(h, &p, 0, NULL, lease, value);
		return 0;
	}
	ret = insert(h, next ?: locked(h, &h->tab), key, lease, value, charged, NULL);
	if (!ret)
		one_more(h);
	return ret;
}

bool fwt_set_hash_remove(struct fwt_set_hash *h, const u32 *key)
{
	struct place p;

	if (!place_of(h, key, &p))
		return false;
	slot_clear(h, &p);
	one_less(h);
	return true;
}

/* Of a bucket what has a hash from @from, before @to. */
static void walk_bucket(struct fwt_set_hash *h, struct fwt_set_table *t, u32 i, u64 from, u64 to,
			u32 (*fn)(void *ctx, const u32 *key, u32 lease, const u32 *value),
			void *ctx)
{
	bool whole = from <= fwt_set_first_of(t->n, i) && to >= fwt_set_first_of(t->n, i + 1);
	struct place p = place_at(t, i);

	do {
		for (p.slot = 0; p.slot < t->slots; p.slot++) {
			u32 was = *lease_at(&p), lease, hash;
			const u32 *key;

			if (!was)
				continue;
			key = key_at(h, &p);
			hash = whole ? 0 : fwt_set_name_of(h, key).hash;
			if (!whole && (hash < from || hash >= to))
				continue;
			lease = fn(ctx, key, was, value_at(h, &p));
			if (lease == was)
				continue;
			slot_set(h, &p, 0, NULL, lease, NULL);
			if (!lease)
				one_less(h);
		}
	} while (place_next(&p));
}

static void walk_table(struct fwt_set_hash *h, struct fwt_set_table *t, u64 from, u64 to,
		       u32 (*fn)(void *ctx, const u32 *key, u32 lease, const u32 *value),
		       void *ctx)
{
	u32 i = fwt_set_bucket_of(t->n, from), last = fwt_set_bucket_of(t->n, to - 1);

	for (; i <= last; i++)
		walk_bucket(h, t, i, from, to, fn, ctx);
}

u64 fwt_set_hash_part(struct fwt_set_hash *h, u64 from, u8 fine,
		      u32 (*fn)(void *ctx, const u32 *key, u32 lease, const u32 *value),
		      void *ctx)
{
	struct fwt_set_table *t = locked(h, &h->tab), *next = locked(h, &h->next);
	u32 i = fwt_set_bucket_of(t->n, from);
	u64 to = fwt_set_first_of(t->n, i + 1);
	u64 width = (to - fwt_set_first_of(t->n, i)) >> fine;

	to = min(to, from + max(width, 1ull));
	walk_table(h, t, from, to, fn, ctx);
	if (next)
		walk_table(h, next, from, to, fn, ctx);
	return to;
}

void fwt_set_hash_walk(struct fwt_set_hash *h, u64 *at, u32 buckets,
		       u32 (*fn)(void *ctx, const u32 *key, u32 lease, const u32 *value),
		       void *ctx)
{
	for (; buckets && *at < FWT_SET_HASHES; buckets--)
		*at = fwt_set_hash_part(h, *at, 0, fn, ctx);
}

/* Resizing */

/* Made three quarters full. Of wide buckets one in eight has another one behind it then,
 * and of their elements one in 36 is in such a one; of narrow ones it is one in 18, and
 * one in 140. Made larger when it is five sixths full: then it is one in five and one in
 * twenty, one in seven and one in fifty.
 */
static u32 buckets_for(u32 count, u32 slots, u32 least)
{
	u64 n = div_u64((u64)count * 4 + 3 * slots - 1, 3 * slots);

	return clamp_t(u64, n, least, FWT_SET_BUCKETS_MAX);
}

static u64 most_in(const struct fwt_set_table *t)
{
	return div_u64((u64)t->n * t->slots * 5, 6);
}

static u64 least_in(const struct fwt_set_table *t)
{
	return div_u64((u64)t->n * t->slots, 10);
}

bool fwt_set_hash_misfit(const struct fwt_set_hash *h)
{
	const struct fwt_set_table *t;
	u32 count = READ_ONCE(h->count);
	bool ret;

	rcu_read_lock();
	t = rcu_dereference(h->tab);
	ret = !rcu_access_pointer(h->next) &&
	      ((count > most_in(t) && t->n < FWT_SET_BUCKETS_MAX) ||
	       (count < least_in(t) && t->n > FWT_SET_BUCKETS_MIN));
	rcu_read_unlock();
	return ret;
}

/* Moves what is in a bucket as far as the spare buckets reach; false if they are out. */
static bool move(struct fwt_set_hash *h, struct fwt_set_table *from, u32 i,
		 struct fwt_set_table *to, struct fwt_set_bucket **spare, u32 *n)
{
	struct place p = place_at(from, i);

	do {
		for (p.slot = 0; p.slot < from->slots; p.slot++) {
			u32 lease = *lease_at(&p);
			struct fwt_set_bucket *more;

			if (!lease)
				continue;
			if (!*n)
				return false;
			more = spare[*n - 1];
			/* There first, then gone here. */
			insert(h, to, key_at(h, &p), lease, value_at(h, &p), false, &more);
			if (!more)
				--*n;
			slot_clear(h, &p);
		}
	} while (place_next(&p));
	return true;
}

/* A few that nobody may need; returns how many there is memory for. */
static u32 fill_spares(const struct fwt_set_table *to, struct fwt_set_bucket **spare, gfp_t gfp)
{
	u32 n;

	for (n = 0; n < SPARES; n++) {
		spare[n] = kzalloc(fwt_set_over_bytes(to), gfp | __GFP_NOWARN);
		if (!spare[n])
			break;
	}
	return n;
}

u32 fwt_set_hash_places(const struct fwt_set_hash *h)
{
	const struct fwt_set_table *t = rcu_dereference_protected(h->tab, true);

	return t->n * (t->narrow ? FWT_SET_NARROW : FWT_SET_WIDE);
}

int fwt_set_hash_resize(struct fwt_set_hash *h, u32 count, bool charged)
{
	struct fwt_set_table *from, *to;
	struct fwt_set_bucket *spare[SPARES];
	u32 wide = buckets_for(count, FWT_SET_WIDE, FWT_SET_BUCKETS_MIN);
	u32 narrow = buckets_for(count, FWT_SET_NARROW, FWT_SET_NARROW_MIN);
	bool is = h->words == 1 && narrow < wide;
	u32 buckets = is ? narrow : wide, n, i;

	from = rcu_dereference_protected(h->tab, true);
	if (buckets == from->n && is == from->narrow)
		return 0;
	to = fwt_set_table_alloc(h, buckets, is, charged);
	if (IS_ERR(to))
		return PTR_ERR(to);
	n = fill_spares(to, spare, GFP_KERNEL_ACCOUNT);
	if (!n) {
		fwt_set_table_free(h, to);
		return -ENOMEM;
	}
	spin_lock_bh(h->lock);
	rcu_assign_pointer(h->next, to);
	spin_unlock_bh(h->lock);
	for (i = 0; i < from->n;) {
		u32 stop = min_t(u32, i + 16, from->n);

		spin_lock_bh(h->lock);
		while (i < stop && move(h, from, i, to, spare, &n))
			i++;
		spin_unlock_bh(h->lock);
		/* Half of it is moved: there is no way but on. Whoever waits here has
		 * locks that others need to free anything.
		 */
		if (!n)
			n = fill_spares(to, spare, GFP_KERNEL_ACCOUNT) ?:
			    fill_spares(to, spare, GFP_KERNEL | __GFP_NOFAIL);
		cond_resched();
	}
	spin_lock_bh(h->lock);
	rcu_assign_pointer(h->tab, to);
	/* A reader that sees this sees the table, too. */
	smp_store_release(&h->next, NULL);
	spin_unlock_bh(h->lock);
	while (n)
		kfree(spare[--n]);
	fwt_set_table_retire(h, from);
	return 0;
}
