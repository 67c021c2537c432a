// SPDX-License-Identifier: GPL-2.0
/* Live sets and maps, see set.h. */
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "policy.h"
#include "set.h"
#include "set_ranges.h"

/* Leases */

#define LEASE_FILE	1u
#define LEASE_NEXT	2u
#define LEASE_SHIFT	2
#define UNIT_SHIFT	6	/* ms */
#define UNITS_MASK	(~0u >> LEASE_SHIFT)
#define UNTIL_NEVER	1u	/* no lease of its own */
#define UNTIL_FOREVER	2u
#define UNTIL_FIRST	3u

static u32 units_now(void)
{
	return (u32)(jiffies64_to_msecs(get_jiffies_64()) >> UNIT_SHIFT) & UNITS_MASK;
}

static u32 until(u32 lease)
{
	return lease >> LEASE_SHIFT;
}

static u32 lease_until(u32 units)
{
	return units << LEASE_SHIFT;
}

/* Never shorter than was said, and up to 64 ms longer. */
static u32 units_of(u64 ms, u32 now)
{
	if (ms == FWT_SET_FOREVER)
		return UNTIL_FOREVER;
	return max((u32)(now + (ms >> UNIT_SHIFT) + 2) & UNITS_MASK, UNTIL_FIRST);
}

/* Units are compared in a circle of 2^30. */
static s32 units_left(u32 lease, u32 now)
{
	return (s32)((until(lease) - now) << LEASE_SHIFT) >> LEASE_SHIFT;
}

static bool own_lease(u32 lease, u32 now)
{
	return until(lease) == UNTIL_FOREVER ||
	       (until(lease) >= UNTIL_FIRST && units_left(lease, now) > 0);
}

static bool live(u32 lease, u32 now)
{
	return lease & LEASE_FILE || own_lease(lease, now);
}

/* Whatever the time. */
static bool sure(u32 lease)
{
	return lease & LEASE_FILE || until(lease) == UNTIL_FOREVER;
}

static u64 ms_left(u32 lease, u32 now)
{
	if (sure(lease))
		return FWT_SET_FOREVER;
	return (u64)units_left(lease, now) << UNIT_SHIFT;
}

/* When the policy that was prepared is in force; 0: it goes. */
static u32 lease_after(u32 lease)
{
	u32 after = lease_until(until(lease)) | (lease & LEASE_NEXT ? LEASE_FILE : 0);

	return after == lease_until(UNTIL_NEVER) ? 0 : after;
}

/* Looking up */

bool fwt_set_has(const struct fwt_set *s, bool six, const u32 *key, u32 *value)
{
	const struct fwt_set_ranges *r;
	u32 lease, now = 0;

	lease = fwt_set_hash_look(&s->part[six].keys, key, value);
	if (lease) {
		if (lease == FWT_SET_SURE || sure(lease))
			return true;
		now = units_now();
		if (live(lease, now))
			return true;
	}
	r = rcu_dereference(s->part[six].array);
	if (likely(!r))
		return false;
	return fwt_set_ranges_find(r, key, live, now ?: units_now(), value);
}

/* By walks */

static void work_soon(struct fwt_set *s, unsigned long delay)
{
	/* An earlier time wins. */
	if (!delay)
		mod_delayed_work(fwt_wq, &s->work, 0);
	else if (!delayed_work_pending(&s->work))
		queue_delayed_work(fwt_wq, &s->work, delay);
}

/* Returns whether it is to be told; without the lock, since who taps netlink's messages
 * may have them walk, too.
 */
static bool no_room(struct fwt_set *s)
{
	fwt_stat_inc(s->fn, reason[FWT_REASON_SET_FULL]);
	s->refused++;
	if (s->told && time_before(jiffies, s->told + HZ))
		return false;
	s->told = jiffies ?: 1;
	return true;
}

static void misfit(struct fwt_set *s, const struct fwt_set_hash *h)
{
	if (unlikely(fwt_set_hash_misfit(h)))
		work_soon(s, 0);
}

void fwt_set_renew(struct fwt_set *s, bool six, const u32 *key, u64 ms)
{
	struct fwt_set_hash *h = &s->part[six].keys;
	u32 now = units_now(), lease, to;
	bool tell = false;

	ms = ms ?: READ_ONCE(s->timeout) ?: FWT_SET_FOREVER;
	to = units_of(ms, now);
	/* A flood of packets that add the same source does not all take the lock. */
	lease = fwt_set_hash_find(h, key);
	if (sure(lease) || until(lease) == to)
		return;
	spin_lock_bh(&s->lock);
	lease = fwt_set_hash_find(h, key);
	if (!lease && fwt_set_count(s) >= READ_ONCE(s->max)) {
		tell = no_room(s);
		/* Some may be over. */
		if (READ_ONCE(s->leases))
			work_soon(s, 1);
	} else if (!sure(lease)) {
		if (fwt_set_hash_put(h, key, lease_until(to) | (lease & LEASE_NEXT), NULL))
			tell = no_room(s);
		else if (to != UNTIL_FOREVER)
			WRITE_ONCE(s->leases, true);
	}
	spin_unlock_bh(&s->lock);
	if (tell)
		fwt_netlink_set_full(s);
	misfit(s, h);
	if (to != UNTIL_FOREVER)
		work_soon(s, HZ);
}

/* What the next policy has stays hidden until then. */
static bool take_away(struct fwt_set *s, struct fwt_set_hash *h, const u32 *key)
{
	u32 lease = fwt_set_hash_find(h, key);

	if (lease & LEASE_FILE)
		WRITE_ONCE(s->fn->sets_changed, true);

	if (!lease || lease == (lease_until(UNTIL_NEVER) | LEASE_NEXT))
		return false;
	if (lease & LEASE_NEXT)
		return !fwt_set_hash_put(h, key, lease_until(UNTIL_NEVER) | LEASE_NEXT, NULL);
	return fwt_set_hash_remove(h, key);
}

void fwt_set_remove(struct fwt_set *s, bool six, const u32 *key)
{
	struct fwt_set_hash *h = &s->part[six].keys;

	if (!fwt_set_hash_find(h, key))
		return;
	spin_lock_bh(&s->lock);
	take_away(s, h, key);
	spin_unlock_bh(&s->lock);
	misfit(s, h);
}

/* By processes */

static bool is_key(const struct fwt_set *s, const struct fwt_set_elem *e)
{
	return !memcmp(e->low, e->high, s->shape.words[e->six] * sizeof(u32));
}

/* By what an element is known in its hash; @pair has room for two keys. */
static struct fwt_set_hash *hash_for(struct fwt_set *s, const struct fwt_set_elem *e,
				     const u32 **key, u32 *pair)
{
	u32 words = s->shape.words[e->six];

	*key = e->low;
	if (is_key(s, e))
		return &s->part[e->six].keys;
	memcpy(pair, e->low, words * sizeof(u32));
	memcpy(pair + words, e->high, words * sizeof(u32));
	*key = pair;
	return &s->part[e->six].ranges;
}

int fwt_set_insert(struct fwt_set *s, const struct fwt_set_elem *e)
{
	u32 pair[2 * FWT_KEY_WORDS], lease, to, now = units_now();
	u64 ms = e->ms ?: s->timeout ?: FWT_SET_FOREVER;
	struct fwt_set_hash *h;
	const u32 *key;
	int ret;

	lockdep_assert_held(&s->mutex);
	h = hash_for(s, e, &key, pair);
	if (fwt_set_hash_misfit(h))
		fwt_set_hash_resize(h, h->count * 2);
	rcu_read_lock();
	spin_lock_bh(&s->lock);
	lease = fwt_set_hash_find(h, key);
	if (e->value && lease & LEASE_FILE)
		WRITE_ONCE(s->fn->sets_changed, true);
	if (e->file)
		to = (lease ?: lease_until(UNTIL_NEVER)) | LEASE_FILE;
	else
		to = lease_until(units_of(ms, now)) | (lease & (LEASE_FILE | LEASE_NEXT));
	ret = lease || fwt_set_count(s) < s->max ? fwt_set_hash_put(h, key, to, e->value) :
						    -ENOSPC;
	spin_unlock_bh(&s->lock);
	rcu_read_unlock();
	if (!ret && !e->file && ms != FWT_SET_FOREVER) {
		WRITE_ONCE(s->leases, true);
		work_soon(s, HZ);
	}
	if (h == &s->part[e->six].ranges)
		s->dirty = true;
	return ret;
}

/* The policy has it no more; what else holds it, does. */
static void let_go(struct fwt_set_hash *h, const u32 *key, u32 lease)
{
	lease &= ~LEASE_FILE;
	if (lease == lease_until(UNTIL_NEVER))
		fwt_set_hash_remove(h, key);
	else
		fwt_set_hash_put(h, key, lease, NULL);
}

int fwt_set_delete(struct fwt_set *s, const struct fwt_set_elem *e)
{
	u32 pair[2 * FWT_KEY_WORDS];
	struct fwt_set_hash *h;
	const u32 *key;
	bool was = false;
	u32 lease;

	lockdep_assert_held(&s->mutex);
	h = hash_for(s, e, &key, pair);
	rcu_read_lock();
	spin_lock_bh(&s->lock);
	lease = fwt_set_hash_find(h, key);
	if (e->file && lease & LEASE_FILE) {
		let_go(h, key, lease);
	} else if (lease && !e->file) {
		was = live(lease, units_now());
		take_away(s, h, key);
	}
	spin_unlock_bh(&s->lock);
	rcu_read_unlock();
	if (h == &s->part[e->six].ranges)
		s->dirty = true;
	return was || e->file ? 0 : -ENOENT;
}

static struct fwt_set_hash *hash_at(struct fwt_set *s, u32 i)
{
	return i & 1 ? &s->part[i / 2].ranges : &s->part[i / 2].keys;
}

static u32 n_hashes(const struct fwt_set *s)
{
	return s->shape.split ? 4 : 2;
}

/* All of a hash, a few buckets at a time. */
static void all_of(struct fwt_set *s, struct fwt_set_hash *h,
		   u32 (*fn)(void *ctx, const u32 *key, u32 lease, const u32 *value), void *ctx)
{
	u64 at = 0;

	while (at < FWT_SET_HASHES) {
		spin_lock_bh(&s->lock);
		fwt_set_hash_walk(h, &at, 64, fn, ctx);
		spin_unlock_bh(&s->lock);
		cond_resched();
	}
}

static void all_hashes(struct fwt_set *s, u32 (*fn)(void *ctx, const u32 *key, u32 lease,
						    const u32 *value), void *ctx)
{
	u32 i;

	for (i = 0; i < n_hashes(s); i++)
		all_of(s, hash_at(s, i), fn, ctx);
}

static u32 flush_one(void *ctx, const u32 *key, u32 lease, const u32 *value)
{
	u32 *n = ctx;

	*n += live(lease, units_now());
	return lease & LEASE_NEXT ? lease_until(UNTIL_NEVER) | LEASE_NEXT : 0;
}

u32 fwt_set_flush(struct fwt_set *s)
{
	u32 n = 0;

	lockdep_assert_held(&s->mutex);
	WRITE_ONCE(s->fn->sets_changed, true);
	all_hashes(s, flush_one, &n);
	s->dirty = true;
	return n;
}

/* Ranges */

struct gather {
	struct fwt_set_ranges *to;
	u32 room;
	u32 words;
	u32 now;
	bool coming;
};

static u32 gather_one(void *ctx, const u32 *key, u32 lease, const u32 *value)
{
	struct gather *g = ctx;
	u32 as = g->coming ? lease_after(lease) : lease & ~LEASE_NEXT;

	if (as && live(as, g->now) && g->to->n < g->room)
		fwt_set_ranges_add(g->to, key, key + g->words, as, value);
	return lease;
}

/* The array of ranges; NULL for none. Their number can't change under the mutex. */
static int gather(struct fwt_set *s, bool six, bool coming, struct fwt_set_ranges **out)
{
	struct fwt_set_hash *h = &s->part[six].ranges;
	struct gather g = {
		.words = s->shape.words[six], .now = units_now(), .coming = coming,
		.room = h->count,
	};

	*out = NULL;
	if (!g.room)
		return 0;
	g.to = fwt_set_ranges_new(&s->shape, six, g.room);
	if (!g.to)
		return -ENOMEM;
	all_of(s, h, gather_one, &g);
	if (!g.to->n) {
		kvfree(g.to);
		return 0;
	}
	fwt_set_ranges_build(g.to);
	*out = g.to;
	atomic64_add(g.to->bytes, &s->fn->set_bytes);
	return 0;
}

static void array_free(struct fwt_set *s, struct fwt_set_ranges *r)
{
	if (!r)
		return;
	atomic64_sub(r->bytes, &s->fn->set_bytes);
	kvfree(r);
}

static void array_swap(struct fwt_set *s, bool six, struct fwt_set_ranges *r)
{
	struct fwt_set_ranges *old;

	old = rcu_replace_pointer(s->part[six].array, r, lockdep_is_held(&s->mutex));
	if (!old)
		return;
	synchronize_rcu();
	array_free(s, old);
}

int fwt_set_settle(struct fwt_set *s, bool more)
{
	struct fwt_set_ranges *r;
	u32 i;
	int ret = 0;

	lockdep_assert_held(&s->mutex);
	for (i = 0; i < n_hashes(s); i++)
		if (fwt_set_hash_misfit(hash_at(s, i)))
			fwt_set_hash_resize(hash_at(s, i), hash_at(s, i)->count * 3 / 2);
	if (!s->dirty)
		return 0;
	if (more) {
		work_soon(s, HZ / 5);
		return 0;
	}
	s->dirty = false;
	for (i = 0; i < n_hashes(s) / 2 && !ret; i++) {
		ret = gather(s, i, false, &r);
		if (!ret)
			array_swap(s, i, r);
	}
	if (ret) {
		s->dirty = true;
		work_soon(s, HZ);
	}
	return ret;
}

struct next {
	void (*fn)(void *ctx, const struct fwt_set_elem *e);
	void *ctx;
	u32 words;
	u32 now;
	bool six;
	bool ranges;
};

static u32 next_one(void *ctx, const u32 *key, u32 lease, const u32 *value)
{
	struct next *n = ctx;
	struct fwt_set_elem e = {
		.six = n->six, .file = lease & LEASE_FILE, .low = key,
		.high = n->ranges ? key + n->words : key, .value = value,
	};

	if (live(lease, n->now)) {
		e.ms = ms_left(lease, n->now);
		n->fn(n->ctx, &e);
	}
	return lease;
}

bool fwt_set_next(struct fwt_set *s, struct fwt_set_cursor *c,
		  void (*fn)(void *ctx, const struct fwt_set_elem *e), void *ctx)
{
	struct next n = {
		.fn = fn, .ctx = ctx, .now = units_now(), .six = c->hash / 2,
		.ranges = c->hash & 1,
	};

	lockdep_assert_held(&s->mutex);
	if (c->hash >= n_hashes(s))
		return false;
	n.words = s->shape.words[n.six];
	spin_lock_bh(&s->lock);
	c->at = fwt_set_hash_part(hash_at(s, c->hash), c->at, c->fine, next_one, &n);
	spin_unlock_bh(&s->lock);
	if (c->at == FWT_SET_HASHES) {
		c->hash++;
		c->at = 0;
	}
	return true;
}

/* The collector: one in four seconds it is by each of a large set's elements. */

#define COLLECT_BUCKETS	65536

struct collect {
	u32 now;
	u32 gone;
	bool leases;
};

static u32 collect_one(void *ctx, const u32 *key, u32 lease, const u32 *value)
{
	struct collect *c = ctx;

	if (until(lease) < UNTIL_FIRST)
		return lease;
	c->leases = true;
	if (own_lease(lease, c->now))
		return lease;
	if (lease & (LEASE_FILE | LEASE_NEXT))
		return lease_until(UNTIL_NEVER) | (lease & (LEASE_FILE | LEASE_NEXT));
	c->gone++;
	return 0;
}

static void collect(struct fwt_set *s)
{
	struct collect c = { .now = units_now() };
	u32 budget = COLLECT_BUCKETS;

	/* A round begins: until a lease is met, or added, there is none. */
	if (!s->at && !s->at_hash)
		WRITE_ONCE(s->leases, false);
	while (budget) {
		struct fwt_set_hash *h = hash_at(s, s->at_hash);

		c.gone = 0;
		spin_lock_bh(&s->lock);
		fwt_set_hash_walk(h, &s->at, 64, collect_one, &c);
		spin_unlock_bh(&s->lock);
		budget -= 64;
		cond_resched();
		s->dirty |= c.gone && s->at_hash & 1;
		if (c.leases)
			WRITE_ONCE(s->leases, true);
		if (s->at < FWT_SET_HASHES)
			continue;
		s->at = 0;
		s->at_hash = (s->at_hash + 1) % n_hashes(s);
		if (!s->at_hash)
			break;
	}
}

static bool collects(const struct fwt_set *s)
{
	return READ_ONCE(s->leases) || s->at || s->at_hash;
}

static void work(struct work_struct *work)
{
	struct fwt_set *s = container_of(to_delayed_work(work), struct fwt_set, work);

	mutex_lock(&s->mutex);
	if (collects(s))
		collect(s);
	fwt_set_settle(s, false);
	if (collects(s))
		work_soon(s, HZ);
	mutex_unlock(&s->mutex);
}

/* The object */

static void set_free(struct fwt_object *o)
{
	struct fwt_set *s = fwt_set_of(o);
	u32 i;

	cancel_delayed_work_sync(&s->work);
	for (i = 0; i < n_hashes(s); i++)
		fwt_set_hash_clean(hash_at(s, i));
	for (i = 0; i < 2; i++) {
		array_free(s, rcu_dereference_protected(s->part[i].array, true));
		array_free(s, s->part[i].coming);
	}
	kfree(s);
}

static void read_params(struct fwt_set *s, const u32 *p)
{
	WRITE_ONCE(s->timeout, (u64)p[FWT_SETP_TIMEOUT_HI] << 32 | p[FWT_SETP_TIMEOUT_LO]);
	WRITE_ONCE(s->max, p[FWT_SETP_MAX] ?: FWT_SET_MAX_DEFAULT);
}

static struct fwt_object *set_create(struct fwt_net *fn, const struct fwt_program *prog, u32 i,
				     struct netlink_ext_ack *extack)
{
	const u32 *param = prog->object[i].param;
	struct fwt_set *s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);
	u64 limit = (u64)totalram_pages() << PAGE_SHIFT >> 3;
	u32 k, words;
	int ret = 0;

	if (!s)
		goto fail;
	s->fn = fn;
	fwt_set_shape(param, &s->shape);
	read_params(s, param);
	spin_lock_init(&s->lock);
	mutex_init(&s->mutex);
	INIT_DELAYED_WORK(&s->work, work);
	for (k = 0; k < n_hashes(s) && !ret; k++) {
		words = s->shape.words[k / 2] * (k & 1 ? 2 : 1);
		ret = fwt_set_hash_init(hash_at(s, k), words, s->shape.value_words[k / 2], sure,
					&s->lock, &fn->set_bytes, limit);
	}
	if (!ret)
		return &s->head;
	set_free(&s->head);
fail:
	NL_SET_ERR_MSG_FMT(extack, "no memory for set %s", prog->string + prog->object[i].name);
	return ERR_PTR(-ENOMEM);
}

static bool set_alike(const struct fwt_object *o, const struct fwt_program *prog, u32 i)
{
	return !memcmp(o->param, prog->object[i].param, FWT_SETP_TIMEOUT_LO * sizeof(u32));
}

/* The elements that a program has for a set. */
struct base {
	const u32 *at;
	const u32 *value;
	u32 n;
	u32 words;
	u32 value_words;
	bool six;
};

static void base_of(const struct fwt_set *s, const struct fwt_program *prog, u32 i, bool six,
		    struct base *b)
{
	const u32 *param = prog->object[i].param;
	u32 set = param[FWT_SETP_ELEMENTS4 + six];

	memset(b, 0, sizeof(*b));
	b->six = six;
	b->words = s->shape.words[six];
	b->value_words = s->shape.value_words[six];
	if (set == FWT_NONE)
		return;
	b->n = prog->set[set].count;
	b->at = prog->word + prog->set[set].data;
	if (b->value_words)
		b->value = prog->word + param[FWT_SETP_VALUES4 + six];
}

static void base_elem(const struct base *b, u32 k, struct fwt_set_elem *e)
{
	e->six = b->six;
	e->low = b->at + (size_t)k * 2 * b->words;
	e->high = e->low + b->words;
	e->value = b->value ? b->value + (size_t)k * b->value_words : NULL;
}

/* @values: of keys that are there already become the program's. */
static int put_base(struct fwt_set *s, const struct base *b, bool values)
{
	u32 pair[2 * FWT_KEY_WORDS], lease, k;
	struct fwt_set_elem e = { };
	int ret = 0;

	for (k = 0; k < b->n && !ret; k++) {
		struct fwt_set_hash *h;
		const u32 *key;

		base_elem(b, k, &e);
		h = hash_for(s, &e, &key, pair);
		rcu_read_lock();
		spin_lock_bh(&s->lock);
		lease = fwt_set_hash_find(h, key);
		if (!lease)
			ret = fwt_set_hash_put(h, key, lease_until(UNTIL_NEVER) | LEASE_NEXT,
					       e.value);
		else
			ret = fwt_set_hash_put(h, key, lease | (values ? 0 : LEASE_NEXT),
					       values ? e.value : NULL);
		spin_unlock_bh(&s->lock);
		rcu_read_unlock();
		if (!(k & 255))
			cond_resched();
	}
	return ret;
}

static u32 cancel_one(void *ctx, const u32 *key, u32 lease, const u32 *value)
{
	lease &= ~LEASE_NEXT;
	return lease == lease_until(UNTIL_NEVER) ? 0 : lease;
}

static void drop_coming(struct fwt_set *s)
{
	u32 i;

	for (i = 0; i < 2; i++) {
		array_free(s, s->part[i].coming);
		s->part[i].coming = NULL;
	}
}

static void set_cancel(struct fwt_object *o)
{
	struct fwt_set *s = fwt_set_of(o);

	mutex_lock(&s->mutex);
	if (s->prepared) {
		all_hashes(s, cancel_one, NULL);
		drop_coming(s);
		s->prepared = false;
	}
	mutex_unlock(&s->mutex);
}

/* Without memory for a larger table a smaller one is slower; but not by any factor:
 * what is added meets all of a chain that it comes to, with locks held.
 */
static int make_room(struct fwt_set_hash *h, u32 count)
{
	int ret = h->count < count ? fwt_set_hash_resize(h, count) : 0;

	return ret && count / 4 > fwt_set_hash_places(h) ? ret : 0;
}

/* Everything that takes memory: hidden until it is published. */
static int prepare(struct fwt_set *s, const struct fwt_program *prog, u32 i)
{
	struct fwt_set_elem e = { };
	u32 six, k, keys;
	struct base b;
	int ret = 0;

	s->prepared = true;
	drop_coming(s);
	for (six = 0; six < n_hashes(s) / 2 && !ret; six++) {
		base_of(s, prog, i, six, &b);
		for (keys = 0, k = 0; k < b.n; k++) {
			base_elem(&b, k, &e);
			keys += is_key(s, &e);
		}
		ret = make_room(&s->part[six].keys, keys);
		if (!ret)
			ret = make_room(&s->part[six].ranges, b.n - keys);
		if (ret)
			break;
		ret = put_base(s, &b, false);
		if (!ret)
			ret = gather(s, six, true, &s->part[six].coming);
	}
	return ret;
}

static int set_prepare(struct fwt_object *o, const struct fwt_program *prog, u32 i,
		       struct netlink_ext_ack *extack)
{
	struct fwt_set *s = fwt_set_of(o);
	int ret;

	mutex_lock(&s->mutex);
	ret = prepare(s, prog, i);
	mutex_unlock(&s->mutex);
	if (ret)
		NL_SET_ERR_MSG_FMT(extack, "no memory for the elements of set %s",
				   prog->string + prog->object[i].name);
	return ret;
}

static u32 publish_one(void *ctx, const u32 *key, u32 lease, const u32 *value)
{
	return lease_after(lease);
}

static void set_publish(struct fwt_object *o, const struct fwt_program *prog, u32 i)
{
	struct fwt_set *s = fwt_set_of(o);
	struct base b;
	u32 six;

	mutex_lock(&s->mutex);
	read_params(s, prog->object[i].param);
	for (six = 0; six < n_hashes(s) / 2; six++) {
		base_of(s, prog, i, six, &b);
		if (!b.value)
			continue;
		put_base(s, &b, true);
		/* The array that was prepared has the values from before. */
		s->dirty |= !!s->part[six].coming;
	}
	all_hashes(s, publish_one, NULL);
	for (six = 0; six < n_hashes(s) / 2; six++) {
		array_swap(s, six, s->part[six].coming);
		s->part[six].coming = NULL;
	}
	s->prepared = false;
	fwt_set_settle(s, false);
	mutex_unlock(&s->mutex);
	/* What was added by a walk in between, or is over. */
	if (READ_ONCE(s->leases))
		work_soon(s, HZ);
}

const struct fwt_object_ops fwt_set_ops = {
	.create = set_create,
	.alike = set_alike,
	.prepare = set_prepare,
	.cancel = set_cancel,
	.publish = set_publish,
	.free = set_free,
};
