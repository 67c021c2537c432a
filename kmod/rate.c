// SPDX-License-Identifier: GPL-2.0
/*
 * Limits: buckets of tokens (core/limit.h), one for all or one for each key.
 *
 * One for all is bucket.c's.
 *
 * Buckets of keys stand in a table of sets, five in a line of memory with the lock
 * over them. There is nothing to allocate when a key comes, and nothing to free when
 * it is forgotten: a bucket that is full again is the next one's. Who finds neither
 * such a one nor his own takes that which is the closest to be full. That the table
 * is too small shows by this; a work item then makes one of four times the size, up
 * to a size that depends on the memory of the machine. Until all buckets have moved
 * there are two tables, and who does not find a bucket in the new one takes it out
 * of the old one.
 *
 * Synchronization. The table is read under RCU, buckets are looked at without a lock
 * (on 32-bit machines one may be torn for an instant) and change under the lock of
 * their set; of two tables the new one's lock is the outer one. The work runs without
 * fwt_net.lock, and is waited for when the limit goes.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "rate.h"
#include "bucket.h"
#include "object.h"
#include "policy.h"
#include "way.h"
#include "core/limit.h"

/* 16 KiB: 1280 buckets. */
#define SETS_MIN	256u
/* 4 MiB: 327,680 buckets. */
#define SETS_MAX	65536u

struct set {
	spinlock_t lock;	/* of the buckets here, to change them */
	u32 tag[FWT_LIMIT_WAYS];
	u64 full[FWT_LIMIT_WAYS];
} ____cacheline_aligned;

struct table {
	struct table __rcu *former;	/* until all of its buckets are here */
	u32 mask;
	struct set set[];
};

/* What each CPU has counted of a limit or a quota. */
struct tally {
	u64 under;
	u64 over;
	u64 evicted;
	u64 met;
};

/**
 * struct limit - of either kind
 * @o: what every object has
 * @rate: see core/limit.h
 * @all: without keys: its bucket
 * @key: of the hash
 * @table: with keys
 * @most: sets that the table may have
 * @fn: whose memory it is
 * @grow: makes a larger one
 * @failed: so often, one after the other, there was no memory for it
 * @again: jiffies from which on it is asked for again
 * @tally: per CPU
 * @base: subtracted, since the last reset
 */
struct limit {
	struct fwt_object o;
	struct fwt_limit_rate rate;
	struct fwt_bucket all;
	siphash_key_t key ____cacheline_aligned_in_smp;
	struct table __rcu *table;
	struct tally __percpu *tally;
	u32 most;
	struct fwt_net *fn;
	struct work_struct grow;
	u32 failed;
	unsigned long again;
	struct tally base;
};

struct quota {
	struct fwt_object o;
	u64 size;
	struct tally __percpu *tally;
	atomic64_t used ____cacheline_aligned_in_smp;
	struct tally base;
};

struct split {
	struct fwt_object o;
	atomic_t turn;
};

static u64 now(void)
{
	return FWT_LIMIT_TIME(ktime_get_ns());
}

/* When this CPU looked at a limit last. Between a walk and its charge nobody else walks
 * here, softirqs being off, and reading the clock costs as much as all the rest.
 */
static DEFINE_PER_CPU(u64, looked);

static u64 look_at_clock(void)
{
	u64 at = now();

	/* Whoever comes in between looks before he reads it. */
	raw_cpu_write(looked, at);
	return at;
}

static u64 when_looked(void)
{
	return IS_ENABLED(CONFIG_PREEMPT_RT) ? now() : this_cpu_read(looked);
}

static struct limit *limit_of(struct fwt_object *o)
{
	return container_of(o, struct limit, o);
}

static struct quota *quota_of(struct fwt_object *o)
{
	return container_of(o, struct quota, o);
}

static struct split *split_of(struct fwt_object *o)
{
	return container_of(o, struct split, o);
}

/* Buckets */

static struct set *set_of(struct table *t, u64 hash)
{
	return &t->set[fwt_limit_index(hash, t->mask)];
}

/* Without a lock: a bucket that is being replaced may answer for another key, once. */
static bool look(struct table *t, u64 hash, u64 *full)
{
	struct set *s = set_of(t, hash);
	u32 tag = fwt_limit_tag(hash), i;

	for (i = 0; i < FWT_LIMIT_WAYS; i++)
		if (READ_ONCE(s->tag[i]) == tag) {
			*full = READ_ONCE(s->full[i]);
			return true;
		}
	return false;
}

static u64 full_of(struct limit *l, u64 hash)
{
	struct table *t = rcu_dereference(l->table), *former = rcu_dereference(t->former);
	u64 full;

	/* Without a former table all buckets are here, and to be seen: see grow(). */
	smp_rmb();
	if (look(t, hash, &full))
		return full;
	if (likely(!former))
		return 0;
	if (look(former, hash, &full))
		return full;
	/* It may just have moved. */
	return look(t, hash, &full) ? full : 0;
}

/* What the former table has of a key, which is no more there afterwards. */
static u64 take_out(struct table *former, u64 hash)
{
	struct set *s = set_of(former, hash);
	u64 full = 0;
	u32 i;

	spin_lock_nested(&s->lock, SINGLE_DEPTH_NESTING);
	i = fwt_limit_find(s->tag, fwt_limit_tag(hash));
	if (i < FWT_LIMIT_WAYS) {
		full = s->full[i];
		WRITE_ONCE(s->full[i], 0);
		WRITE_ONCE(s->tag[i], 0);
	}
	spin_unlock(&s->lock);
	return full;
}

/* A bucket for a key; returns true if another key's had to go. Under the set's lock. */
static bool put_in(struct set *s, u64 hash, u64 full, u64 at)
{
	u32 i = fwt_limit_place(s->full, at);
	bool evicts = s->full[i] > at;

	/* Not its time with the other one's name. */
	WRITE_ONCE(s->tag[i], 0);
	WRITE_ONCE(s->full[i], full);
	WRITE_ONCE(s->tag[i], fwt_limit_tag(hash));
	return evicts;
}

/* Memory for a larger table was not to be had a moment ago. */
static bool waits(const struct limit *l)
{
	unsigned long again = READ_ONCE(l->again);

	/* Long ago is over, though jiffies come round. */
	return READ_ONCE(l->failed) && time_in_range_open(jiffies, again - 60 * HZ, again);
}

static void charge_key(struct limit *l, u64 hash, u64 at, u32 len)
{
	struct table *t = rcu_dereference(l->table), *former;
	struct set *s = set_of(t, hash);
	bool evicts = false;
	u64 full = 0;
	u32 i;

	spin_lock(&s->lock);
	i = fwt_limit_find(s->tag, fwt_limit_tag(hash));
	if (likely(i < FWT_LIMIT_WAYS)) {
		WRITE_ONCE(s->full[i], fwt_limit_take(&l->rate, s->full[i], at, len));
	} else {
		former = rcu_dereference(t->former);
		if (unlikely(former))
			full = take_out(former, hash);
		evicts = put_in(s, hash, fwt_limit_take(&l->rate, full, at, len), at);
	}
	spin_unlock(&s->lock);
	if (unlikely(evicts)) {
		this_cpu_inc(l->tally->evicted);
		if (t->mask + 1 < l->most && !rcu_access_pointer(t->former) && !waits(l))
			queue_work(fwt_wq, &l->grow);
	}
}

static struct table *table_alloc(u32 sets)
{
	struct table *t = kvzalloc(struct_size(t, set, sets),
				   GFP_KERNEL_ACCOUNT | __GFP_NOWARN | __GFP_RETRY_MAYFAIL);
	u32 i;

	if (!t)
		return NULL;
	t->mask = sets - 1;
	for (i = 0; i < sets; i++)
		spin_lock_init(&t->set[i].lock);
	return t;
}

/* A bucket of the former table moves. Who had it while neither table was his alone
 * may have begun another one: it pays for both.
 */
static void move_bucket(struct limit *l, struct table *t, struct table *former, u64 hash)
{
	struct set *s = set_of(t, hash);
	u64 at = now(), full;
	u32 i;

	spin_lock_bh(&s->lock);
	full = take_out(former, hash);
	i = fwt_limit_find(s->tag, fwt_limit_tag(hash));
	if (full <= at)
		;
	else if (i < FWT_LIMIT_WAYS)
		WRITE_ONCE(s->full[i], max(s->full[i], at) + (full - at));
	else if (put_in(s, hash, full, at))
		this_cpu_inc(l->tally->evicted);
	spin_unlock_bh(&s->lock);
}

/* Its first table is charged to who applies the policy; what is beyond, see share.h. */
static size_t bytes_of(u32 sets)
{
	return sets > SETS_MIN ? sets * sizeof(struct set) : 0;
}

/* As of live sets (set.c): who is evicted next asks again, but not before a second is
 * over, then two, and up to a minute.
 */
static void failed(struct limit *l)
{
	WRITE_ONCE(l->again, jiffies + min_t(unsigned long, HZ << min(l->failed, 6u), 60 * HZ));
	WRITE_ONCE(l->failed, l->failed + 1);
}

static void grow(struct work_struct *work)
{
	struct limit *l = container_of(work, struct limit, grow);
	/* Nobody else replaces it. */
	struct table *t, *old = rcu_dereference_protected(l->table, true);
	u32 sets = min(4 * (old->mask + 1), l->most), i, k;
	size_t by = bytes_of(sets) - bytes_of(old->mask + 1);

	if (sets <= old->mask + 1)
		return;
	if (!fwt_share_take(&l->fn->limits, by)) {
		failed(l);
		return;
	}
	t = table_alloc(sets);
	if (!t) {
		fwt_share_give(&l->fn->limits, by);
		failed(l);
		return;
	}
	WRITE_ONCE(l->failed, 0);
	RCU_INIT_POINTER(t->former, old);
	rcu_assign_pointer(l->table, t);
	/* From now on nobody begins a bucket in the old one. */
	synchronize_rcu();
	for (i = 0; i <= old->mask; i++) {
		for (k = 0; k < FWT_LIMIT_WAYS; k++)
			if (READ_ONCE(old->set[i].full[k]))
				move_bucket(l, t, old,
					    fwt_limit_hash(READ_ONCE(old->set[i].tag[k]), i));
		cond_resched();
	}
	/* Who sees this sees the buckets, full_of(). */
	smp_store_release(&t->former, NULL);
	synchronize_rcu();
	kvfree(old);
}

/* Of a machine of 32 MiB 8192 sets, 512 KiB; of 256 MiB or more all of them. */
static u32 sets_most(void)
{
	u64 sets = div_u64((u64)totalram_pages() << PAGE_SHIFT, 64 * sizeof(struct set));

	return rounddown_pow_of_two((u32)clamp_t(u64, sets, SETS_MIN, SETS_MAX));
}

static struct fwt_object *limit_create(struct fwt_net *fn, const struct fwt_program *prog,
				       u32 i, struct netlink_ext_ack *extack)
{
	const u32 *param = prog->object[i].param;
	struct limit *l = kzalloc(sizeof(*l), GFP_KERNEL_ACCOUNT);
	struct table *t = NULL;

	BUILD_BUG_ON(SETS_MIN != 1u << FWT_LIMIT_LOW);
	if (!l)
		goto no_memory;
	l->fn = fn;
	INIT_WORK(&l->grow, grow);
	fwt_limit_rate_init(&l->rate, param);
	l->tally = alloc_percpu_gfp(struct tally, GFP_KERNEL_ACCOUNT);
	if (!l->tally)
		goto no_memory;
	if (param[FWT_LIMIT_FLAGS] & FWT_LIMIT_KEYED) {
		get_random_bytes(&l->key, sizeof(l->key));
		l->most = sets_most();
		t = table_alloc(SETS_MIN);
		if (!t)
			goto no_memory;
	} else if (fwt_bucket_init(&l->all, &l->rate)) {
		goto no_memory;
	}
	RCU_INIT_POINTER(l->table, t);
	return &l->o;
no_memory:
	if (l)
		free_percpu(l->tally);
	kfree(l);
	NL_SET_ERR_MSG_FMT(extack, "no memory for limit %u", i);
	return ERR_PTR(-ENOMEM);
}

/* The same limit at another place is the same limit. */
static bool limit_alike(const struct fwt_object *o, const struct fwt_program *prog, u32 i)
{
	u32 param[FWT_OBJECT_PARAMS];

	memcpy(param, prog->object[i].param, sizeof(param));
	param[FWT_LIMIT_RULE] = o->param[FWT_LIMIT_RULE];
	return !memcmp(param, o->param, sizeof(param));
}

static void limit_free(struct fwt_object *o)
{
	struct limit *l = limit_of(o);
	struct table *t;

	cancel_work_sync(&l->grow);
	t = rcu_dereference_protected(l->table, true);
	if (t)
		fwt_share_give(&l->fn->limits, bytes_of(t->mask + 1));
	kvfree(t);
	fwt_bucket_clean(&l->all);
	free_percpu(l->tally);
	kfree(l);
}

const struct fwt_object_ops fwt_limit_ops = {
	.create = limit_create,
	.alike = limit_alike,
	.free = limit_free,
};

/* Quotas */

static struct fwt_object *quota_create(struct fwt_net *fn, const struct fwt_program *prog,
				       u32 i, struct netlink_ext_ack *extack)
{
	struct quota *q = kzalloc(sizeof(*q), GFP_KERNEL_ACCOUNT);

	if (q)
		q->tally = alloc_percpu_gfp(struct tally, GFP_KERNEL_ACCOUNT);
	if (!q || !q->tally) {
		kfree(q);
		NL_SET_ERR_MSG_FMT(extack, "no memory for quota %u", i);
		return ERR_PTR(-ENOMEM);
	}
	q->size = fwt_limit_u64(prog->object[i].param + FWT_QUOTA_SIZE);
	return &q->o;
}

/* What was used stays so when there is to be more of it, or less. */
static bool quota_alike(const struct fwt_object *o, const struct fwt_program *prog, u32 i)
{
	return true;
}

static void quota_publish(struct fwt_object *o, const struct fwt_program *prog, u32 i)
{
	WRITE_ONCE(quota_of(o)->size, fwt_limit_u64(prog->object[i].param + FWT_QUOTA_SIZE));
}

static void quota_free(struct fwt_object *o)
{
	free_percpu(quota_of(o)->tally);
	kfree(quota_of(o));
}

const struct fwt_object_ops fwt_quota_ops = {
	.create = quota_create,
	.alike = quota_alike,
	.publish = quota_publish,
	.free = quota_free,
};

/* Splits by turns */

static struct fwt_object *split_create(struct fwt_net *fn, const struct fwt_program *prog,
				       u32 i, struct netlink_ext_ack *extack)
{
	struct split *s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);

	if (s)
		return &s->o;
	NL_SET_ERR_MSG_FMT(extack, "no memory for split %u", i);
	return ERR_PTR(-ENOMEM);
}

static bool split_alike(const struct fwt_object *o, const struct fwt_program *prog, u32 i)
{
	return o->param[FWT_SPLIT_TURNS] == prog->object[i].param[FWT_SPLIT_TURNS];
}

static void split_free(struct fwt_object *o)
{
	kfree(split_of(o));
}

const struct fwt_object_ops fwt_split_ops = {
	.create = split_create,
	.alike = split_alike,
	.free = split_free,
};

static u32 turn_of(struct fwt_object *o)
{
	return atomic_read(&split_of(o)->turn);
}

static void charge_split(struct split *s)
{
	int turn = atomic_read(&s->turn), next;

	do {
		next = turn + 1 < (int)s->o.param[FWT_SPLIT_TURNS] ? turn + 1 : 0;
	} while (!atomic_try_cmpxchg(&s->turn, &turn, next));
}

/* All of them */

static bool peek(struct fwt_object *o, const u32 *key, u32 words, u32 len, u64 *hash)
{
	struct limit *l = limit_of(o);

	if (o->kind == FWT_OBJECT_QUOTA)
		return atomic64_read(&quota_of(o)->used) + len <=
		       READ_ONCE(quota_of(o)->size);
	if (!words)
		return fwt_bucket_under(&l->all, &l->rate, look_at_clock(), len);
	*hash = siphash(key, words * sizeof(*key), &l->key);
	return fwt_limit_under(&l->rate, full_of(l, *hash), look_at_clock(), len);
}

bool fwt_world_under(const struct fwt_env *env, u32 object, const u32 *key, u32 words,
		     const struct fwt_packet *p, u64 *hash)
{
	const struct fwt_world *w = container_of(env, struct fwt_world, env);

	return w->again || peek(fwt_policy_object(w->pol, object), key, words, w->bytes, hash);
}

/* The turn that a connection has is asked first (env.turn); at a split that it meets
 * besides, its seed says which.
 */
u32 fwt_world_turn(const struct fwt_env *env, u32 object)
{
	const struct fwt_world *w = container_of(env, struct fwt_world, env);
	struct fwt_object *o = fwt_policy_object(w->pol, object);

	if (!w->again && !w->known)
		return turn_of(o);
	return ((u64)fwt_choice(fwt_env_draw(env), o->key, 0) * o->param[FWT_SPLIT_TURNS]) >> 32;
}

static void charge(struct fwt_object *o, const struct fwt_decision_charge *c, u32 len)
{
	struct limit *l = limit_of(o);
	struct tally __percpu *tally;

	if (o->kind == FWT_OBJECT_SPLIT) {
		charge_split(split_of(o));
		return;
	}
	tally = o->kind == FWT_OBJECT_QUOTA ? quota_of(o)->tally : l->tally;
	if (c->over) {
		fwt_stat_add_bh(tally->over, 1);
		if (o->kind == FWT_OBJECT_LIMIT && !rcu_access_pointer(l->table))
			fwt_bucket_refuse(&l->all, &l->rate, when_looked());
		return;
	}
	fwt_stat_add_bh(tally->under, 1);
	if (o->kind == FWT_OBJECT_QUOTA)
		atomic64_add(len, &quota_of(o)->used);
	else if (rcu_access_pointer(l->table))
		charge_key(l, c->hash, when_looked(), len);
	else if (fwt_bucket_charge(&l->all, &l->rate, when_looked(), len))
		fwt_stat_add_bh(tally->met, 1);
}

void fwt_limits_charge(const struct fwt_policy *pol, const struct fwt_decision *d, u32 len,
		       bool later)
{
	struct fwt_object *o;
	u32 i;

	for (i = 0; i < d->n_charges; i++) {
		o = fwt_policy_object(pol, d->charge[i].object);
		if (!later || o->kind != FWT_OBJECT_SPLIT)
			charge(o, &d->charge[i], len);
	}
}

/* Figures */

static void sum(const struct tally __percpu *tally, const struct tally *base,
		struct tally *to)
{
	int cpu;

	memset(to, 0, sizeof(*to));
	for_each_possible_cpu(cpu) {
		const struct tally *from = per_cpu_ptr(tally, cpu);

		to->under += READ_ONCE(from->under);
		to->over += READ_ONCE(from->over);
		to->evicted += READ_ONCE(from->evicted);
		to->met += READ_ONCE(from->met);
	}
	to->under -= base->under;
	to->over -= base->over;
	to->evicted -= base->evicted;
	to->met -= base->met;
}

static void count_keys(struct limit *l, struct fwt_limit_figures *f)
{
	struct table *t, *former;
	u64 at = now();
	u32 i, k;

	rcu_read_lock();
	t = rcu_dereference(l->table);
	former = rcu_dereference(t->former);
	f->keys_max = (t->mask + 1) * FWT_LIMIT_WAYS;
	f->memory += struct_size(t, set, t->mask + 1);
	for (i = 0; i <= t->mask; i++)
		for (k = 0; k < FWT_LIMIT_WAYS; k++)
			f->keys += READ_ONCE(t->set[i].full[k]) > at;
	for (i = 0; former && i <= former->mask; i++)
		for (k = 0; k < FWT_LIMIT_WAYS; k++)
			f->keys += READ_ONCE(former->set[i].full[k]) > at;
	if (former)
		f->memory += struct_size(former, set, former->mask + 1);
	rcu_read_unlock();
}

void fwt_limit_read(struct fwt_object *o, struct fwt_limit_figures *f)
{
	struct limit *l = limit_of(o);
	struct quota *q = quota_of(o);
	struct tally t;

	memset(f, 0, sizeof(*f));
	switch (o->kind) {
	case FWT_OBJECT_LIMIT:
		sum(l->tally, &l->base, &t);
		f->memory = sizeof(*l);
		if (rcu_access_pointer(l->table))
			count_keys(l, f);
		else
			f->tokens = fwt_bucket_tokens(&l->all, &l->rate, now());
		break;
	case FWT_OBJECT_QUOTA:
		sum(q->tally, &q->base, &t);
		f->memory = sizeof(*q);
		f->used = atomic64_read(&q->used);
		break;
	case FWT_OBJECT_SPLIT:
		f->turn = turn_of(o);
		f->memory = sizeof(struct split);
		return;
	default:
		return;
	}
	f->under = t.under;
	f->over = t.over;
	f->evicted = t.evicted;
	f->met = t.met;
}

static void reset(const struct tally __percpu *tally, struct tally *base)
{
	struct tally t;

	sum(tally, base, &t);
	base->under += t.under;
	base->over += t.over;
	base->evicted += t.evicted;
	base->met += t.met;
}

void fwt_limits_reset(struct fwt_net *fn, bool quotas)
{
	const struct fwt_policy *p = fwt_policy_locked(fn);
	u32 n = p ? fwt_policy_objects(p) : 0, i;

	for (i = 0; i < n; i++) {
		struct fwt_object *o = fwt_policy_object(p, i);

		if (o->kind == FWT_OBJECT_LIMIT) {
			reset(limit_of(o)->tally, &limit_of(o)->base);
		} else if (o->kind == FWT_OBJECT_QUOTA) {
			reset(quota_of(o)->tally, &quota_of(o)->base);
			if (quotas)
				atomic64_set(&quota_of(o)->used, 0);
		}
	}
}
