// SPDX-License-Identifier: GPL-2.0
/*
 * The hash of connections; see conn_hash.h.
 *
 * Theory of operation
 *
 * What a look-up costs is waiting for memory. A chain of records is a cache miss
 * for each of them, also for those that are not looked for; and a packet that
 * begins a connection comes by all of a chain to find nothing. So a bucket has
 * seven references to records, and of each a tag of 8 bits of its hash. A record is
 * only looked at if its tag fits, which those of others do once in 254 times.
 *
 *	head	| lock, moved | tag 0 | tag 1 | ... | tag 6 |	8 bytes
 *	refs	| reference 0 | reference 1 | ... | reference 6 |	64 bytes
 *
 * Heads stand apart, side by side: those of 100,000 connections are 256 KiB, which
 * a processor has in its own cache. So a connection that is not there mostly costs
 * no miss, and to insert it is a store, for which nobody waits. One that is there
 * costs two, the line of its reference, which is asked for before the head is
 * looked at, and its own.
 *
 * A reference is the record's address, which is a multiple of 64, with the pair
 * in its last bits. A bucket that is full makes a chain of its last place, by the
 * links that records have for that: of a table that is about to grow (at 4.7
 * links a bucket) one bucket in ten has one, of two records mostly.
 *
 * Synchronization. Writers take the bucket's lock, a bit of its head. Readers
 * take none. A reference is written before its tag; who reads a tag and then
 * finds no reference, or another one, compares the ends anyway. References never
 * change places within a bucket. A record that was taken out keeps its link until
 * a grace period is over.
 *
 * Resizing. A worker makes a table of another size, publishes it as the next one
 * of the table in use, and then carries bucket by bucket over, each under its
 * lock; when all are, the next one is the one in use. A bucket that was carried
 * over says so, and everybody goes to the next table. References stay where they
 * were: whoever had looked at the bucket before finds what it looks for. Only
 * links of a chain change, the last record's first: so who follows one into the
 * other table misses none but those that are in the next table already, and whoever
 * finds nothing in a table that has a next one asks that, too.
 *
 * Order. A bucket is chosen by the first bits of the hash. Buckets so stand for
 * intervals of hashes, a table of another size divides the same line into longer
 * or shorter ones, and a walk that goes by hashes does not mind.
 */
#include <linux/bitops.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/prefetch.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "conn.h"
#include "conn_hash.h"

#define SLOTS		(BITS_PER_LONG / 8 - 1)	/* 7; on 32-bit machines 3 */
#define LAST		(SLOTS - 1)

#define LOCK_BIT	0
#define LOCKED		BIT(LOCK_BIT)
#define MOVED		BIT(1)

/* Tags: 1 to 254 of hashes; none; a chain, of the last place. */
#define NO_TAG		0ul
#define MANY		0xfful

#define SKIP		256	/* empty buckets that one step of a walk passes by */

#define LEAST_BITS	6			/* 64 buckets: a page */
#define MOST_BITS	24	/* a GiB of references; kvmalloc() has no two */
#define GROW_AT(bits)	((u32)((SLOTS * 2ull << (bits)) / 3))

/* The eighth is not used. */
struct refs {
	unsigned long ref[SLOTS + 1];
};

/* A bucket, as long as one works on it. */
struct bucket {
	unsigned long *head;
	unsigned long *ref;
};

struct fwt_hash_table {
	u32 bits;
	unsigned long *head;
	struct refs *refs;
	struct fwt_hash_table __rcu *next;
	struct lockdep_map dep_map;
};

static struct bucket bucket_at(const struct fwt_hash_table *t, size_t i)
{
	return (struct bucket){ t->head + i, t->refs[i].ref };
}

static struct bucket bucket_of(const struct fwt_hash_table *t, u64 hash)
{
	return bucket_at(t, hash >> (64 - t->bits));
}

/* Of other bits of the hash than those that choose the bucket. */
static unsigned long tag_of(u64 hash)
{
	return 1 + ((u32)(hash & 0xffff) * 254 >> 16);
}

static unsigned int shift_of(unsigned int slot)
{
	return 8 * (slot + 1);
}

static unsigned long tag_at(unsigned long head, unsigned int slot)
{
	return head >> shift_of(slot) & 0xff;
}

static unsigned long ref_make(const struct fwt_conn *c, enum fwt_pair pair)
{
	return (unsigned long)c | pair;
}

static struct fwt_conn *ref_conn(unsigned long ref, enum fwt_pair *pair)
{
	*pair = ref & (FWT_CONN_ALIGN - 1);
	return (struct fwt_conn *)(ref & ~(FWT_CONN_ALIGN - 1ul));
}

static unsigned long *link_of(unsigned long ref)
{
	enum fwt_pair pair;
	struct fwt_conn *c = ref_conn(ref, &pair);

	return &c->link[pair];
}

#define EACH_BYTE	(~0ul / 0xff)

/* The first bit of each byte that is @byte; a byte above one that is may be
 * taken for one, too, if it differs in its last bit alone.
 */
static unsigned long bytes_that_are(unsigned long head, unsigned long byte)
{
	/* Byte 0 is no tag, and never is what is looked for. */
	unsigned long x = (head ^ (EACH_BYTE * byte)) | 0xff;

	return (x - EACH_BYTE) & ~x & (EACH_BYTE << 7);
}

static unsigned int slot_of(unsigned long bits)
{
	return __ffs(bits) / 8 - 1;
}

/* Locks */

static unsigned long lock_bucket(struct fwt_hash_table *t, struct bucket b,
				 unsigned int subclass)
{
	preempt_disable();
	while (unlikely(test_and_set_bit_lock(LOCK_BIT, b.head)))
		cpu_relax();
	lock_acquire(&t->dep_map, subclass, 0, 0, 1, NULL, _THIS_IP_);
	return READ_ONCE(*b.head);
}

/* With @head as it is to be. Who waits for the lock sets a bit that is set. */
static void unlock_bucket(struct fwt_hash_table *t, struct bucket b, unsigned long head)
{
	lock_release(&t->dep_map, _THIS_IP_);
	/* What was written under it is there. */
	atomic_long_set_release((atomic_long_t *)b.head, head & ~LOCKED);
	preempt_enable();
}

/* The bucket that a hash is in now, locked, and its table. @bits, or NULL: of the
 * widest table on the way there.
 */
static __always_inline struct bucket lock_hash(const struct fwt_hash *h, u64 hash,
					       struct fwt_hash_table **table,
					       unsigned long *head, u32 *bits)
{
	struct fwt_hash_table *t = rcu_dereference(h->table);
	struct bucket b;

	for (;;) {
		if (bits)
			*bits = max(*bits, t->bits);
		b = bucket_of(t, hash);
		*head = lock_bucket(t, b, 0);
		if (likely(!(*head & MOVED)))
			break;
		unlock_bucket(t, b, *head);
		t = rcu_dereference(t->next);
	}
	*table = t;
	return b;
}

/* Looking up */

/* Follows @ref, of a chain also what comes behind it. */
static struct fwt_conn *match(unsigned long ref, bool chain, const struct fwt_tuple *t,
			      enum fwt_dir *dir)
{
	for (; ref; ref = READ_ONCE(*link_of(ref))) {
		enum fwt_pair pair;
		struct fwt_conn *c = ref_conn(ref, &pair);
		int d;

		/* Before its first line is here: all three come at once. */
		prefetchw(&c->lock);
		prefetchw(&c->packets);
		d = fwt_ends_match(&c->ends, pair, t);
		if (d >= 0) {
			if (dir)
				*dir = d;
			return c;
		}
		if (!chain)
			break;
	}
	return NULL;
}

static __always_inline struct fwt_conn *
find_in(struct bucket b, unsigned long head, u64 hash, const struct fwt_tuple *t,
	enum fwt_dir *dir)
{
	unsigned long hits = bytes_that_are(head, tag_of(hash));
	struct fwt_conn *c;
	unsigned int slot;

	for (; hits; hits &= hits - 1) {
		slot = slot_of(hits);
		/* Where there was one a moment ago there may be more by now. */
		c = match(READ_ONCE(b.ref[slot]), slot == LAST, t, dir);
		if (c)
			return c;
	}
	if (unlikely(tag_at(head, LAST) == MANY))
		return match(READ_ONCE(b.ref[LAST]), true, t, dir);
	return NULL;
}

void fwt_hash_soon(const struct fwt_hash *h, u64 hash, bool insert)
{
	struct bucket b = bucket_of(rcu_dereference(h->table), hash);

	prefetch(b.head);
	if (insert)
		prefetchw(b.ref);
	else
		prefetch(b.ref);
}

struct fwt_conn *fwt_hash_find(const struct fwt_hash *h, u64 hash,
			       const struct fwt_tuple *t, enum fwt_dir *dir)
{
	const struct fwt_hash_table *table = rcu_dereference(h->table);

	do {
		struct bucket b = bucket_of(table, hash);
		unsigned long head;
		struct fwt_conn *c;

		prefetch(b.ref);
		/* Pairs with the release of unlock_bucket(). */
		head = smp_load_acquire(b.head);
		if (likely(!(head & MOVED))) {
			c = find_in(b, head, hash, t, dir);
			if (c)
				return c;
			/* With a release in carry() for links. That of lock_bucket()
			 * makes a bucket's carrying over seen after the next table.
			 */
			smp_rmb();
		}
		table = rcu_dereference(table->next);
	} while (unlikely(table));
	return NULL;
}

/* The first round of fwt_hash_find(), where that is the last one: no like tag and no chain,
 * so that no reference would be followed; then, behind the same barriers, no next table.
 */
bool fwt_hash_absent(const struct fwt_hash *h, u64 hash)
{
	const struct fwt_hash_table *table = rcu_dereference(h->table);
	/* Pairs with the release of unlock_bucket(). */
	unsigned long head = smp_load_acquire(bucket_of(table, hash).head);

	if (unlikely(head & MOVED || bytes_that_are(head, tag_of(hash)) ||
		     tag_at(head, LAST) == MANY))
		return false;
	/* As there. */
	smp_rmb();
	return !rcu_access_pointer(table->next);
}

/* Changing */

/* How many a bucket has whose places are all taken. */
static u32 fill_of(struct bucket b)
{
	unsigned long at;
	u32 n = LAST;

	for (at = b.ref[LAST]; at; at = *link_of(at))
		n++;
	return n;
}

/* What is far beyond its share is no chance. That it is so only in proportion to the
 * others is so that a flood which the worker has no time to keep up with is not
 * refused for it.
 */
static bool too_full(const struct fwt_hash *h, const struct fwt_hash_table *t,
		     struct bucket b)
{
	u32 share = (u32)atomic_read(&h->links) >> t->bits;

	return fill_of(b) >= max(FWT_HASH_MOST, 8 * share);
}

/* Under the bucket's lock. */
static void put_in(struct bucket b, unsigned long *head, unsigned long ref, u64 hash)
{
	unsigned long empty = bytes_that_are(*head, NO_TAG);
	unsigned int slot;

	if (likely(empty)) {
		slot = slot_of(empty);
		/* Release: who follows a link to here finds all that stands in the
		 * next table by then.
		 */
		smp_store_release(link_of(ref), 0);
		/* Its link is as it is to be. */
		smp_store_release(&b.ref[slot], ref);
		*head |= tag_of(hash) << shift_of(slot);
		return;
	}
	/* Likewise, both. */
	smp_store_release(link_of(ref), b.ref[LAST]);
	/* Likewise. */
	smp_store_release(&b.ref[LAST], ref);
	*head |= MANY << shift_of(LAST);
}

/* Who stands in a bucket under the pair that @c would have; mostly no tag is like its
 * own, and there is nothing to compare.
 */
static struct fwt_conn *find_pair(struct bucket b, unsigned long head, u64 hash,
				  const struct fwt_conn *c, enum fwt_pair pair)
{
	struct fwt_tuple t FWT_UNSET;

	if (likely(!bytes_that_are(head, tag_of(hash)) && tag_at(head, LAST) != MANY))
		return NULL;
	fwt_ends_tuple(&c->ends, pair, &t);
	return find_in(b, head, hash, &t, NULL);
}

struct fwt_conn *fwt_hash_insert(struct fwt_hash *h, u64 hash, struct fwt_conn *c,
				 enum fwt_pair pair)
{
	struct fwt_hash_table *table;
	struct fwt_conn *other;
	unsigned long head;
	struct bucket b;
	u32 links;

	lockdep_assert_in_softirq();
	b = lock_hash(h, hash, &table, &head, NULL);
	other = find_pair(b, head, hash, c, pair);
	if (!other && unlikely(tag_at(head, LAST) == MANY) && too_full(h, table, b))
		other = ERR_PTR(-ENOSPC);
	if (other) {
		unlock_bucket(table, b, head);
		return other;
	}
	/* Before the reference is written: an atomic waits for the stores before it, and that
	 * one's line may be on its way from memory still.
	 */
	links = atomic_inc_return(&h->links);
	put_in(b, &head, ref_make(c, pair), hash);
	unlock_bucket(table, b, head);
	if (unlikely(links > READ_ONCE(h->grow_at)) &&
	    !work_pending(&h->resize) && jiffies - READ_ONCE(h->failed) >= HZ)
		queue_work(fwt_wq, &h->resize);
	return NULL;
}

/* Out of the chain of the last place. Returns whether it was in. */
static bool unchain(struct bucket b, unsigned long *head, unsigned long ref)
{
	unsigned long *at = &b.ref[LAST];

	for (; *at; at = link_of(*at)) {
		if (*at != ref)
			continue;
		WRITE_ONCE(*at, *link_of(ref));
		if (!b.ref[LAST])
			*head &= ~(0xfful << shift_of(LAST));
		return true;
	}
	return false;
}

void fwt_hash_remove(struct fwt_hash *h, struct fwt_conn *c, enum fwt_pair pair)
{
	u64 hash = fwt_hash_pair(h, &c->ends, pair);
	unsigned long ref = ref_make(c, pair), head;
	struct fwt_hash_table *table;
	struct bucket b;
	unsigned int slot;

	lockdep_assert_in_softirq();
	b = lock_hash(h, hash, &table, &head, NULL);
	for (slot = 0; slot < LAST && b.ref[slot] != ref; slot++)
		;
	if (slot < LAST) {
		head &= ~(0xfful << shift_of(slot));
		WRITE_ONCE(b.ref[slot], 0);
	} else {
		WARN_ON_ONCE(!unchain(b, &head, ref));
	}
	unlock_bucket(table, b, head);
	atomic_dec(&h->links);
}

/* Visiting */

/* Who goes by all buckets finds the records of one on their way when it comes to that: they
 * lie anywhere. Their first line, which has the ends, of which each hash is made anew; and
 * @more: that with what the collector asks. A hint, hence no lock.
 */
static void records_soon(const struct fwt_hash_table *t, size_t i, bool more)
{
	enum fwt_pair pair;
	struct fwt_conn *c;
	unsigned int slot;

	if (i >> t->bits)
		return;
	for (slot = 0; slot < SLOTS; slot++) {
		c = ref_conn(READ_ONCE(t->refs[i].ref[slot]), &pair);
		if (!c)
			continue;
		prefetch(c);
		if (more)
			prefetch(&c->queued);
	}
}

#define SOON	2	/* buckets ahead */

/* Those of a bucket that stand there by C-V and have hashes from @from to @last: the
 * first ones by their hashes. Returns how many; where that is not all, *@last is
 * that of the last one.
 */
static u32 collect(const struct fwt_hash *h, struct bucket b, u64 from,
		   struct fwt_conn **c, u64 *at, u32 *links, u64 *last)
{
	unsigned long ref;
	u32 n = 0, i, slot;
	bool all = true;

	for (slot = 0; slot < SLOTS; slot++) {
		for (ref = b.ref[slot]; ref; ref = slot == LAST ? *link_of(ref) : 0) {
			enum fwt_pair pair;
			struct fwt_conn *one = ref_conn(ref, &pair);
			u64 hash;

			++*links;
			if (pair != FWT_PAIR_CV)
				continue;
			hash = fwt_hash_pair(h, &one->ends, pair);
			if (hash < from || hash > *last)
				continue;
			if (unlikely(n == FWT_HASH_MOST)) {
				all = false;
				if (at[n - 1] <= hash)
					continue;
				n--;
			}
			for (i = n++; i && at[i - 1] > hash; i--) {
				at[i] = at[i - 1];
				c[i] = c[i - 1];
			}
			at[i] = hash;
			c[i] = one;
		}
	}
	if (!all)
		*last = at[n - 1];
	return n;
}

/* Passes by buckets that have nothing, some at a time, without locking each. */
static void skip_empty(const struct fwt_hash *h, struct fwt_hash_walk *w)
{
	const struct fwt_hash_table *t = rcu_dereference(h->table);
	size_t i = w->at >> (64 - t->bits), end;

	end = min(i + SKIP, (1ul << t->bits) - 1);
	if (rcu_access_pointer(t->next) || READ_ONCE(t->head[i]) & ~LOCKED)
		return;
	while (i < end && !(READ_ONCE(t->head[i]) & ~LOCKED))
		i++;
	w->at = (u64)i << (64 - t->bits);
}

u32 fwt_hash_next(struct fwt_hash *h, struct fwt_hash_walk *w, struct fwt_conn **c,
		  u64 *at)
{
	struct fwt_hash_table *table;
	u32 n, links = 0, bits = 0;
	unsigned long head;
	struct bucket b;
	u64 last;

	skip_empty(h, w);
	local_bh_disable();
	b = lock_hash(h, w->at, &table, &head, &bits);
	records_soon(table, (w->at >> (64 - table->bits)) + SOON, true);
	/* In a table that gets smaller the other half of the bucket's interval may
	 * stand in the former one still.
	 */
	last = w->at | (~0ull >> bits);
	n = collect(h, b, w->at, c, at, &links, &last);
	unlock_bucket(table, b, head);
	local_bh_enable();
	w->most = max(w->most, links);
	w->at = last + 1;
	w->done = !w->at;
	return n;
}

/* Resizing */

static struct fwt_hash_table *table_alloc(u32 bits)
{
	const gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_NOWARN;
	struct fwt_hash_table *t = kzalloc(sizeof(*t), gfp);
	static struct lock_class_key class;

	if (!t)
		return NULL;
	t->bits = bits;
	t->head = kvzalloc(sizeof(*t->head) << bits, gfp);
	/* A power of two from a page on: a bucket's never lie in two lines. */
	t->refs = t->head ? kvzalloc(sizeof(*t->refs) << bits, gfp) : NULL;
	if (!t->refs) {
		kvfree(t->head);
		kfree(t);
		return NULL;
	}
	lockdep_init_map(&t->dep_map, "fwt_hash_bucket", &class, 0);
	return t;
}

static void table_free(struct fwt_hash_table *t)
{
	kvfree(t->head);
	kvfree(t->refs);
	kfree(t);
}

/* One reference to the next table, however full its bucket there is. */
static void carry_one(const struct fwt_hash *h, struct fwt_hash_table *to,
		      unsigned long ref)
{
	enum fwt_pair pair;
	const struct fwt_conn *c = ref_conn(ref, &pair);
	u64 hash = fwt_hash_pair(h, &c->ends, pair);
	struct bucket b = bucket_of(to, hash);
	unsigned long head = lock_bucket(to, b, SINGLE_DEPTH_NESTING);

	put_in(b, &head, ref, hash);
	unlock_bucket(to, b, head);
}

/* All of a bucket; those of a chain from its end, some at a time. */
static void carry(const struct fwt_hash *h, struct fwt_hash_table *from,
		  struct bucket b, struct fwt_hash_table *to)
{
	unsigned long last[16], at, head, stop = 0;
	const u32 room = ARRAY_SIZE(last);
	u32 n, i, slot;

	head = lock_bucket(from, b, 0);
	do {
		n = 0;
		for (at = b.ref[LAST]; at != stop; at = *link_of(at))
			last[n++ % room] = at;
		for (i = 1; i <= min(n, room); i++) {
			stop = last[(n - i) % room];
			carry_one(h, to, stop);
		}
	} while (n > room);
	for (slot = 0; slot < LAST; slot++)
		if (b.ref[slot])
			carry_one(h, to, b.ref[slot]);
	unlock_bucket(from, b, head | MOVED);
}

static u32 bits_for(u32 links)
{
	u32 bits = LEAST_BITS;

	/* Some room to grow: three quarters of where it would at most. */
	while (bits < MOST_BITS && GROW_AT(bits) / 4 * 3 < links)
		bits++;
	return bits;
}

static void resize(struct work_struct *work)
{
	struct fwt_hash *h = container_of(work, struct fwt_hash, resize);
	struct fwt_hash_table *now = rcu_dereference_protected(h->table, true);
	u32 links = atomic_read(&h->links), bits = bits_for(links);
	struct fwt_hash_table *then;
	bool shrink;
	size_t i;

	/* To grow is asked for by many; to shrink, by fwt_hash_shrink() alone. */
	shrink = xchg(&h->shrink, false);
	if (bits == now->bits || (bits < now->bits && !shrink))
		return;
	then = table_alloc(bits);
	if (!then) {
		WRITE_ONCE(h->failed, jiffies);
		return;
	}
	rcu_assign_pointer(now->next, then);
	for (i = 0; i < 1ul << now->bits; i++) {
		records_soon(now, i + SOON, false);
		local_bh_disable();
		carry(h, now, bucket_at(now, i), then);
		local_bh_enable();
		cond_resched();
	}
	WRITE_ONCE(h->bits, bits);
	WRITE_ONCE(h->grow_at, bits < MOST_BITS ? GROW_AT(bits) : U32_MAX);
	rcu_assign_pointer(h->table, then);
	synchronize_rcu();
	table_free(now);
}

u64 fwt_hash_memory(const struct fwt_hash *h)
{
	const struct fwt_hash_table *t = NULL;

	return (u64)(sizeof(*t->head) + sizeof(*t->refs)) << READ_ONCE(h->bits);
}

bool fwt_hash_sparse(const struct fwt_hash *h)
{
	return bits_for(atomic_read(&h->links)) + 1 < READ_ONCE(h->bits);
}

void fwt_hash_shrink(struct fwt_hash *h)
{
	WRITE_ONCE(h->shrink, true);
	queue_work(fwt_wq, &h->resize);
}

int fwt_hash_init(struct fwt_hash *h)
{
	struct fwt_hash_table *t = table_alloc(LEAST_BITS);

	BUILD_BUG_ON(__FWT_PAIR_MAX > FWT_CONN_ALIGN);
	if (!t)
		return -ENOMEM;
	get_random_bytes(&h->key, sizeof(h->key));
	atomic_set(&h->links, 0);
	h->grow_at = GROW_AT(LEAST_BITS);
	h->bits = LEAST_BITS;
	h->shrink = false;
	h->failed = jiffies - HZ;
	INIT_WORK(&h->resize, resize);
	RCU_INIT_POINTER(h->table, t);
	return 0;
}

void fwt_hash_clean(struct fwt_hash *h)
{
	cancel_work_sync(&h->resize);
	WARN_ON_ONCE(atomic_read(&h->links));
	table_free(rcu_dereference_protected(h->table, true));
	RCU_INIT_POINTER(h->table, NULL);
}
