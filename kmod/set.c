// SPDX-License-Identifier: GPL-2.0
/* Live sets and maps, see set.h. */
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "policy.h"
#include "set_private.h"
#include "set_ranges.h"

/* Looking up */

/* In an array are those of its phase alone. */
static bool live_there(u32 lease, u32 now)
{
	return lease & LEASE_FILES || own_lease(lease, now);
}

/* Who finds no such array any more finds its values in the hash. */
static bool over_has(const struct fwt_set *s, u32 phase, bool six, const u32 *key, u32 *value,
		     u32 *looks)
{
	/* Pairs with the release in values_come(). */
	const struct fwt_set_ranges *r = smp_load_acquire(&s->part[six].over[phase]);

	return unlikely(r) && fwt_set_ranges_find(r, key, live_there, 0, value, looks);
}

bool fwt_set_has(const struct fwt_set *s, u32 phase, bool six, const u32 *key, u32 *value,
		 u32 *looks)
{
	const struct fwt_set_ranges *r;
	u32 lease, now = 0;

	if (value && over_has(s, phase, six, key, value, looks))
		return true;
	lease = fwt_set_hash_look(&s->part[six].keys, key, value);
	if (lease) {
		if (lease == FWT_SET_SURE || held(lease, phase))
			return true;
		now = units_now();
		if (own_lease(lease, now))
			return true;
	}
	r = rcu_dereference(s->part[six].array[phase]);
	if (likely(!r))
		return false;
	return fwt_set_ranges_find(r, key, live_there, now ?: units_now(), value, looks);
}

/* By walks */

void fwt_set_work_soon(struct fwt_set *s, unsigned long delay)
{
	unsigned long due = jiffies + delay;

	/* An earlier time wins. */
	if (delayed_work_pending(&s->work) && !time_before(due, READ_ONCE(s->due)))
		return;
	WRITE_ONCE(s->due, due);
	mod_delayed_work(fwt_wq, &s->work, delay);
}

/* Returns whether it is to be told; without the lock, since who taps netlink's messages
 * may have them walk, too.
 */
static bool no_room(struct fwt_set *s)
{
	fwt_stat_inc(s->fn, reason[FWT_REASON_SET_FULL]);
	s->refused++;
	if (s->told && time_in_range_open(jiffies, s->told, s->told + HZ))
		return false;
	s->told = jiffies ?: 1;
	return true;
}

/* Memory for a table of another size was not to be had a moment ago. */
static bool waits(const struct fwt_set *s)
{
	unsigned long again = READ_ONCE(s->again);

	/* Long ago is over, though jiffies come round. */
	return READ_ONCE(s->failed) && time_in_range_open(jiffies, again - 60 * HZ, again);
}

static void misfit(struct fwt_set *s, const struct fwt_set_hash *h)
{
	if (unlikely(fwt_set_hash_misfit(h)) && !waits(s))
		fwt_set_work_soon(s, 0);
}

/* Asking for a large table takes the kernel long where memory is short, and takes it
 * from others; without one the set is only slower. So the next time is a second later,
 * then two, and up to a minute. @charged: for packets; that their share has none keeps
 * no process from asking.
 */
static void resize(struct fwt_set *s, struct fwt_set_hash *h, u32 count, bool charged)
{
	unsigned long delay;
	int ret;

	lockdep_assert_held(&s->mutex);
	if (!fwt_set_hash_misfit(h) || (waits(s) && (charged || !s->denied)))
		return;
	ret = fwt_set_hash_resize(h, count, charged);
	if (!ret) {
		WRITE_ONCE(s->failed, 0);
		return;
	}
	s->denied = ret == -EDQUOT;
	delay = min_t(unsigned long, HZ << min(s->failed, 6u), 60 * HZ);
	WRITE_ONCE(s->again, jiffies + delay);
	WRITE_ONCE(s->failed, s->failed + 1);
	fwt_set_work_soon(s, delay);
}

/* The collector is to see to this one when it is over. The lock is held. */
static void note_lease(struct fwt_set *s, u32 lease)
{
	if (!s->leases || units_left(lease, s->soonest) < 0)
		WRITE_ONCE(s->soonest, until(lease));
	WRITE_ONCE(s->leases, true);
}

void fwt_set_renew(struct fwt_set *s, u32 phase, bool six, const u32 *key, u64 ms)
{
	struct fwt_set_hash *h = &s->part[six].keys;
	u32 now = units_now(), lease, to;
	bool tell = false;

	ms = ms ?: READ_ONCE(s->timeout) ?: FWT_SET_FOREVER;
	to = units_of(ms, now);
	/* A flood of packets that add the same source does not all take the lock. */
	lease = fwt_set_hash_find(h, key);
	if (held(lease, phase) || until(lease) == to)
		return;
	spin_lock_bh(&s->lock);
	lease = fwt_set_hash_find(h, key);
	if (!lease && fwt_set_count(s) >= READ_ONCE(s->max)) {
		tell = no_room(s);
	} else if (!held(lease, phase)) {
		if (fwt_set_hash_put(h, key, lease_until(to) | (lease & LEASE_FILES), NULL,
				     true))
			tell = no_room(s);
		else if (to != UNTIL_FOREVER)
			note_lease(s, lease_until(to));
	}
	spin_unlock_bh(&s->lock);
	if (tell)
		fwt_netlink_set_full(s);
	misfit(s, h);
	if (to != UNTIL_FOREVER)
		fwt_set_work_soon(s, HZ);
}

/* What the policy of the other phase has is not taken from that one. */
static u32 lease_without(const struct fwt_set *s, u32 lease, u32 phase)
{
	u32 kept = s->apart ? lease & lease_file(!phase) : 0;

	return kept ? lease_until(UNTIL_NEVER) | kept : 0;
}

static bool take_away(struct fwt_set *s, u32 phase, struct fwt_set_hash *h, const u32 *key)
{
	u32 lease = fwt_set_hash_find(h, key), left = lease_without(s, lease, phase);

	if (lease & lease_file(phase))
		WRITE_ONCE(s->fn->sets_changed, true);

	if (lease == left)
		return false;
	if (left)
		return !fwt_set_hash_put(h, key, left, NULL, false);
	return fwt_set_hash_remove(h, key);
}

void fwt_set_remove(struct fwt_set *s, u32 phase, bool six, const u32 *key)
{
	struct fwt_set_hash *h = &s->part[six].keys;

	if (!fwt_set_hash_find(h, key))
		return;
	spin_lock_bh(&s->lock);
	take_away(s, phase, h, key);
	spin_unlock_bh(&s->lock);
	misfit(s, h);
}

/* By processes */

/* The bits of what the policy in force has. */
static u32 file_bits(const struct fwt_set *s)
{
	return s->apart ? lease_file(s->phase) : LEASE_FILES;
}

bool fwt_set_gives(const struct fwt_set_hash *h, const u32 *key, const u32 *value)
{
	u32 is[FWT_SET_VALUE_WORDS] = { };

	if (!value || !h->value_words)
		return true;
	fwt_set_hash_look(h, key, is);
	return !memcmp(is, value, h->value_words * sizeof(u32));
}

int fwt_set_insert(struct fwt_set *s, const struct fwt_set_elem *e)
{
	u32 pair[2 * FWT_KEY_WORDS], lease, to, now = units_now();
	u64 ms = e->ms ?: s->timeout ?: FWT_SET_FOREVER;
	bool timed = !e->file && ms != FWT_SET_FOREVER, changes;
	struct fwt_set_hash *h;
	const u32 *key;
	int ret;

	lockdep_assert_held(&s->mutex);
	h = fwt_set_hash_for(s, e, &key, pair);
	resize(s, h, h->count * 2, false);
	rcu_read_lock();
	spin_lock_bh(&s->lock);
	lease = fwt_set_hash_find(h, key);
	/* What the policy has, or is to have. */
	if (e->file ? !(lease & lease_file(s->phase)) :
		      s->shape.n_value && e->value && lease & lease_file(s->phase))
		WRITE_ONCE(s->fn->sets_changed, true);
	if (e->file)
		to = (lease ?: lease_until(UNTIL_NEVER)) | file_bits(s);
	else
		to = lease_until(units_of(ms, now)) | (lease & LEASE_FILES);
	changes = lease != to || !fwt_set_gives(h, key, e->value);
	ret = lease || fwt_set_count(s) < s->max ?
	      fwt_set_hash_put(h, key, to, e->value, false) : -ENOSPC;
	if (!ret && changes && h == &s->part[e->six].ranges)
		s->dirty = true;
	if (!ret && timed)
		note_lease(s, to);
	spin_unlock_bh(&s->lock);
	rcu_read_unlock();
	if (!ret && timed)
		fwt_set_work_soon(s, HZ);
	return ret;
}

/* The policy has it no more; what else holds it, does. */
static void let_go(struct fwt_set *s, struct fwt_set_hash *h, const u32 *key, u32 lease)
{
	lease = lease_or_none(lease & ~file_bits(s));
	if (lease)
		fwt_set_hash_put(h, key, lease, NULL, false);
	else
		fwt_set_hash_remove(h, key);
}

int fwt_set_delete(struct fwt_set *s, const struct fwt_set_elem *e)
{
	u32 pair[2 * FWT_KEY_WORDS];
	struct fwt_set_hash *h;
	const u32 *key;
	bool was = false, changes = false;
	u32 lease;

	lockdep_assert_held(&s->mutex);
	h = fwt_set_hash_for(s, e, &key, pair);
	rcu_read_lock();
	spin_lock_bh(&s->lock);
	lease = fwt_set_hash_find(h, key);
	if (e->file && lease & lease_file(s->phase)) {
		WRITE_ONCE(s->fn->sets_changed, true);
		let_go(s, h, key, lease);
		changes = true;
	} else if (lease && !e->file) {
		was = live(lease, units_now(), s->phase);
		changes = take_away(s, s->phase, h, key);
	}
	spin_unlock_bh(&s->lock);
	rcu_read_unlock();
	if (changes && h == &s->part[e->six].ranges)
		s->dirty = true;
	return was || e->file ? 0 : -ENOENT;
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

void fwt_set_all_hashes(struct fwt_set *s,
			u32 (*fn)(void *ctx, const u32 *key, u32 lease, const u32 *value),
			void *ctx)
{
	u32 i;

	for (i = 0; i < fwt_set_n_hashes(s); i++)
		all_of(s, fwt_set_hash_at(s, i), fn, ctx);
}

struct flush {
	const struct fwt_set *s;
	u32 n;
};

static u32 flush_one(void *ctx, const u32 *key, u32 lease, const u32 *value)
{
	struct flush *f = ctx;

	f->n += live(lease, units_now(), f->s->phase);
	return lease_without(f->s, lease, f->s->phase);
}

u32 fwt_set_flush(struct fwt_set *s)
{
	struct flush f = { .s = s };

	lockdep_assert_held(&s->mutex);
	WRITE_ONCE(s->fn->sets_changed, true);
	s->dirty |= s->part[0].ranges.count || s->part[1].ranges.count;
	fwt_set_all_hashes(s, flush_one, &f);
	return f.n;
}

/* Ranges */

struct gather {
	struct fwt_set_ranges *to;
	u32 room;
	u32 words;
	u32 now;
	u32 phase;
	bool strange;
};

static u32 gather_one(void *ctx, const u32 *key, u32 lease, const u32 *value)
{
	struct gather *g = ctx;
	u32 as = lease_of_phase(lease, g->phase);

	if (live_there(as, g->now) && !(g->strange && as & LEASE_FILES) && g->to->n < g->room)
		fwt_set_ranges_add(g->to, key, key + g->words, as, value);
	return lease;
}

struct fwt_set_ranges *fwt_set_gather(struct fwt_set *s, bool six, u32 phase, u32 more,
				      bool strange)
{
	struct fwt_set_hash *h = &s->part[six].ranges;
	struct gather g = {
		.words = s->shape.words[six], .now = units_now(), .phase = phase,
		.room = h->count, .strange = strange,
	};

	if (!g.room && !more)
		return NULL;
	g.to = fwt_set_ranges_new(&s->shape, six, g.room + more);
	if (!g.to)
		return ERR_PTR(-ENOMEM);
	all_of(s, h, gather_one, &g);
	return g.to;
}

struct fwt_set_ranges *fwt_set_in_order(struct fwt_set_ranges *r)
{
	if (r && !r->n) {
		kvfree(r);
		return NULL;
	}
	if (r)
		fwt_set_ranges_build(r);
	return r;
}

/* Nobody waits for readers here: a policy has hundreds of sets, and whoever applies it
 * may hold RTNL.
 */
void fwt_set_array_swap(struct fwt_set *s, bool six, u32 phase, struct fwt_set_ranges *r)
{
	struct fwt_set_ranges *old;

	old = rcu_replace_pointer(s->part[six].array[phase], r, lockdep_is_held(&s->mutex));
	if (old)
		kvfree_rcu(old, rcu);
}

static void fit(struct fwt_set *s, bool charged)
{
	u32 i;

	for (i = 0; i < fwt_set_n_hashes(s); i++)
		resize(s, fwt_set_hash_at(s, i), fwt_set_hash_at(s, i)->count * 3 / 2, charged);
}

static int build(struct fwt_set *s)
{
	struct fwt_set_ranges *r;
	int ret = 0;
	u32 i;

	s->more = false;
	s->dirty = false;
	for (i = 0; i < fwt_set_n_hashes(s) / 2 && !ret; i++) {
		r = fwt_set_gather(s, i, s->phase, 0, false);
		ret = PTR_ERR_OR_ZERO(r);
		if (!ret)
			fwt_set_array_swap(s, i, s->phase, fwt_set_in_order(r));
	}
	if (ret) {
		s->dirty = true;
		fwt_set_work_soon(s, HZ);
	}
	return ret;
}

/* All ranges are put in order, so it is not done for each piece of a long list: but when
 * none has come for a while, and not much later than the first one.
 */
#define PAUSE		(2 * HZ)
#define PAUSES_MOST	(10 * HZ)

static void put_off(struct fwt_set *s)
{
	if (!s->more)
		s->since = jiffies;
	s->more = true;
	s->build = jiffies + PAUSE;
	if (time_after(s->build, s->since + PAUSES_MOST))
		s->build = s->since + PAUSES_MOST;
	fwt_set_work_soon(s, PAUSE);
}

int fwt_set_settle(struct fwt_set *s, bool more)
{
	lockdep_assert_held(&s->mutex);
	fit(s, false);
	/* What is in order for a policy that comes stays so until the other phase is, too. */
	if (!s->dirty || s->apart)
		return 0;
	if (!more)
		return build(s);
	put_off(s);
	return 0;
}

struct next {
	void (*fn)(void *ctx, const struct fwt_set_elem *e);
	void *ctx;
	u32 words;
	u32 now;
	u32 phase;
	bool six;
	bool ranges;
};

static u32 next_one(void *ctx, const u32 *key, u32 lease, const u32 *value)
{
	struct next *n = ctx;
	struct fwt_set_elem e = {
		.six = n->six, .file = lease & lease_file(n->phase), .low = key,
		.high = n->ranges ? key + n->words : key, .value = value,
	};

	if (live(lease, n->now, n->phase)) {
		e.ms = ms_left(lease, n->now, n->phase);
		n->fn(n->ctx, &e);
	}
	return lease;
}

bool fwt_set_next(struct fwt_set *s, struct fwt_set_cursor *c,
		  void (*fn)(void *ctx, const struct fwt_set_elem *e), void *ctx)
{
	struct next n = {
		.fn = fn, .ctx = ctx, .now = units_now(), .phase = s->phase,
		.six = c->hash / 2, .ranges = c->hash & 1,
	};

	lockdep_assert_held(&s->mutex);
	if (c->hash >= fwt_set_n_hashes(s))
		return false;
	n.words = s->shape.words[n.six];
	spin_lock_bh(&s->lock);
	c->at = fwt_set_hash_part(fwt_set_hash_at(s, c->hash), c->at, c->fine, next_one, &n);
	spin_unlock_bh(&s->lock);
	if (c->at == FWT_SET_HASHES) {
		c->hash++;
		c->at = 0;
	}
	return true;
}

/* The collector: one in four seconds it is by each of a large set's elements, if the time
 * of any is over.
 */

#define COLLECT_BUCKETS	65536

struct collect {
	struct fwt_set *s;
	u32 now;
	u32 gone;
};

static u32 collect_one(void *ctx, const u32 *key, u32 lease, const u32 *value)
{
	struct collect *c = ctx;

	if (until(lease) < UNTIL_FIRST)
		return lease;
	if (own_lease(lease, c->now)) {
		note_lease(c->s, lease);
		return lease;
	}
	if (lease & LEASE_FILES)
		return lease_until(UNTIL_NEVER) | (lease & LEASE_FILES);
	c->gone++;
	return 0;
}

static void collect(struct fwt_set *s)
{
	struct collect c = { .s = s, .now = units_now() };
	u32 budget = COLLECT_BUCKETS;

	/* A round begins: until a lease is met, or added, there is none. */
	if (!s->at && !s->at_hash) {
		spin_lock_bh(&s->lock);
		WRITE_ONCE(s->leases, false);
		spin_unlock_bh(&s->lock);
	}
	while (budget) {
		struct fwt_set_hash *h = fwt_set_hash_at(s, s->at_hash);

		c.gone = 0;
		spin_lock_bh(&s->lock);
		fwt_set_hash_walk(h, &s->at, 64, collect_one, &c);
		spin_unlock_bh(&s->lock);
		budget -= 64;
		cond_resched();
		s->dirty |= c.gone && s->at_hash & 1;
		if (s->at < FWT_SET_HASHES)
			continue;
		s->at = 0;
		s->at_hash = (s->at_hash + 1) % fwt_set_n_hashes(s);
		if (!s->at_hash)
			break;
	}
}

static bool collects(const struct fwt_set *s)
{
	return READ_ONCE(s->leases) || s->at || s->at_hash;
}

/* A round goes on, or one would find something. */
static bool finds(const struct fwt_set *s)
{
	return s->at || s->at_hash ||
	       (READ_ONCE(s->leases) && units_left(lease_until(READ_ONCE(s->soonest)),
						   units_now()) <= 0);
}

static void work(struct work_struct *work)
{
	struct fwt_set *s = container_of(to_delayed_work(work), struct fwt_set, work);

	mutex_lock(&s->mutex);
	if (finds(s))
		collect(s);
	fit(s, true);
	if (s->more && time_before(jiffies, s->build))
		fwt_set_work_soon(s, s->build - jiffies);
	else if (s->dirty && !s->apart)
		build(s);
	if (collects(s))
		fwt_set_work_soon(s, HZ);
	mutex_unlock(&s->mutex);
}

/* The object */

static void set_free(struct fwt_object *o)
{
	struct fwt_set *s = fwt_set_of(o);
	u32 i;

	cancel_delayed_work_sync(&s->work);
	for (i = 0; i < fwt_set_n_hashes(s); i++)
		fwt_set_hash_clean(fwt_set_hash_at(s, i));
	for (i = 0; i < 4; i++) {
		kvfree(rcu_dereference_protected(s->part[i / 2].array[i & 1], true));
		kvfree(rcu_dereference_protected(s->part[i / 2].over[i & 1], true));
	}
	kfree(s);
}

static atomic_t serial = ATOMIC_INIT(0);

static struct fwt_object *set_create(struct fwt_net *fn, const struct fwt_program *prog, u32 i,
				     struct netlink_ext_ack *extack)
{
	const u32 *param = prog->object[i].param;
	struct fwt_set *s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);
	u32 k, words;
	int ret = 0;

	if (!s)
		goto fail;
	s->fn = fn;
	s->phase = fn->phase;
	s->serial = atomic_inc_return(&serial) ?: atomic_inc_return(&serial);
	fwt_set_shape(param, &s->shape);
	fwt_set_read_params(s, param);
	spin_lock_init(&s->lock);
	mutex_init(&s->mutex);
	INIT_DELAYED_WORK(&s->work, work);
	for (k = 0; k < fwt_set_n_hashes(s) && !ret; k++) {
		words = s->shape.words[k / 2] * (k & 1 ? 2 : 1);
		ret = fwt_set_hash_init(fwt_set_hash_at(s, k), words,
					s->shape.value_words[k / 2], sure, &s->lock, &fn->sets);
	}
	if (!ret)
		return &s->head;
	set_free(&s->head);
fail:
	NL_SET_ERR_MSG_FMT(extack, "no memory for set %.31s",
			   prog->string + prog->object[i].name);
	return ERR_PTR(-ENOMEM);
}

const struct fwt_object_ops fwt_set_ops = {
	.create = set_create,
	.alike = fwt_set_alike,
	.prepare = fwt_set_prepare,
	.cancel = fwt_set_cancel,
	.publish = fwt_set_publish,
	.rest = fwt_set_rest,
	.free = set_free,
};
