// SPDX-License-Identifier: GPL-2.0
/*
 * The elements that a policy has for a live set.
 *
 * Everything is done before the policy is in force, in its phase (set.h), which nobody
 * sees yet: elements get or lose its bit, ranges are in an array of their own, and so are
 * keys to which a map gives another value than till now. So what a walk finds in all sets
 * changes with the policy that it asks for, in one step; and publishing can't fail. It is
 * charged to who applies the policy (to nobody where that is the clock, which goes back
 * from a trial), and not to what packets share: what they have taken keeps no policy from
 * coming, or from being gone back to.
 *
 * fwt_net.lock is held from prepare to the swap: no process asks or changes a set meanwhile,
 * but packets do, and the set's work. What they add is in both phases; what they take away
 * is gone in that of the policy that they walk, and comes back with the other one, if that
 * has it.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "policy.h"
#include "set_private.h"
#include "set_ranges.h"

void fwt_set_read_params(struct fwt_set *s, const u32 *p)
{
	WRITE_ONCE(s->timeout, (u64)p[FWT_SETP_TIMEOUT_HI] << 32 | p[FWT_SETP_TIMEOUT_LO]);
	WRITE_ONCE(s->max, p[FWT_SETP_MAX] ?: FWT_SET_MAX_DEFAULT);
}

bool fwt_set_alike(const struct fwt_object *o, const struct fwt_program *prog, u32 i)
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

static int put_base(struct fwt_set *s, const struct base *b, u32 phase)
{
	u32 pair[2 * FWT_KEY_WORDS], lease, k;
	struct fwt_set_elem e = { };
	int ret = 0;

	for (k = 0; k < b->n && !ret; k++) {
		struct fwt_set_hash *h;
		const u32 *key;

		base_elem(b, k, &e);
		h = fwt_set_hash_for(s, &e, &key, pair);
		rcu_read_lock();
		spin_lock_bh(&s->lock);
		lease = fwt_set_hash_find(h, key);
		/* What is there gives what it gave: the other policy's walks read it. */
		ret = fwt_set_hash_put(h, key, (lease ?: lease_until(UNTIL_NEVER)) |
				       lease_file(phase), lease ? NULL : e.value, false);
		spin_unlock_bh(&s->lock);
		rcu_read_unlock();
		if (!(k & 255))
			cond_resched();
	}
	return ret;
}

/* Keys that are there and are to give something else, by themselves. */
static int put_values(struct fwt_set *s, const struct base *b, u32 phase)
{
	struct fwt_set_hash *h = &s->part[b->six].keys;
	struct fwt_set_ranges *r = NULL;
	struct fwt_set_elem e = { };
	u32 pass, k, n = 0;
	bool other;

	for (pass = 0; pass < 2; pass++) {
		for (k = 0; k < b->n; k++) {
			base_elem(b, k, &e);
			if (!(k & 255))
				cond_resched();
			if (!fwt_set_is_key(s, &e))
				continue;
			rcu_read_lock();
			other = !fwt_set_gives(h, e.low, e.value);
			rcu_read_unlock();
			if (!other)
				continue;
			if (!pass)
				n++;
			else if (r->n < n)
				fwt_set_ranges_add(r, e.low, e.low, LEASE_FILES, e.value);
		}
		if (!n)
			return 0;
		if (pass)
			break;
		r = fwt_set_ranges_new(&s->shape, b->six, n);
		if (!r)
			return -ENOMEM;
	}
	r = fwt_set_in_order(r);
	rcu_assign_pointer(s->part[b->six].over[phase], r);
	return 0;
}

/* The ranges of a phase. A map's have the values that the program says. */
static int put_ranges(struct fwt_set *s, const struct base *b, u32 n, u32 phase)
{
	struct fwt_set_elem e = { };
	struct fwt_set_ranges *r;
	u32 k;

	r = fwt_set_gather(s, b->six, phase, b->value ? n : 0, b->value);
	if (IS_ERR(r))
		return PTR_ERR(r);
	for (k = 0; n && b->value && k < b->n; k++) {
		base_elem(b, k, &e);
		if (!fwt_set_is_key(s, &e))
			fwt_set_ranges_add(r, e.low, e.high, LEASE_FILES, e.value);
		if (!(k & 255))
			cond_resched();
	}
	fwt_set_array_swap(s, b->six, phase, fwt_set_in_order(r));
	return 0;
}

/* Nobody walks a policy of that phase. */
static void drop_arrays(struct fwt_set *s, u32 phase)
{
	struct fwt_set_ranges *over;
	u32 six;

	for (six = 0; six < 2; six++) {
		fwt_set_array_swap(s, six, phase, NULL);
		over = rcu_replace_pointer(s->part[six].over[phase], NULL,
					   lockdep_is_held(&s->mutex));
		kvfree(over);
	}
}

static u32 clear_one(void *ctx, const u32 *key, u32 lease, const u32 *value)
{
	const u32 *phase = ctx;

	return lease_or_none(lease & ~lease_file(*phase));
}

static u32 join_one(void *ctx, const u32 *key, u32 lease, const u32 *value)
{
	const struct fwt_set *s = ctx;

	return lease_or_none(lease_of_phase(lease, s->phase));
}

static void set_apart(struct fwt_set *s, bool apart)
{
	spin_lock_bh(&s->lock);
	s->apart = apart;
	spin_unlock_bh(&s->lock);
}

/* The other phase becomes what the set's is. First of all a walk takes away in both again:
 * what it takes may have been met already.
 */
static void join(struct fwt_set *s)
{
	set_apart(s, false);
	fwt_set_all_hashes(s, join_one, s);
	drop_arrays(s, !s->phase);
}

void fwt_set_cancel(struct fwt_object *o)
{
	struct fwt_set *s = fwt_set_of(o);

	mutex_lock(&s->mutex);
	if (s->prepared) {
		s->prepared = false;
		join(s);
		if (s->dirty)
			fwt_set_work_soon(s, 0);
	}
	mutex_unlock(&s->mutex);
}

/* What a policy gives goes to the hash, which has what the former one gave. Of ranges the
 * hash knows them by low and high, as these lie in the array.
 */
static void values_from(struct fwt_set *s, struct fwt_set_hash *h, const struct fwt_set_ranges *r)
{
	const u32 *key, *value;
	u32 i, lease;

	for (i = 0; r && i < r->n; i++) {
		if (!(i & 255))
			cond_resched();
		if (!(fwt_set_ranges_at(r, i, &key, &value) & LEASE_FILES))
			continue;
		rcu_read_lock();
		spin_lock_bh(&s->lock);
		lease = fwt_set_hash_find(h, key);
		if (lease && !fwt_set_gives(h, key, value))
			fwt_set_hash_put(h, key, lease, value, false);
		spin_unlock_bh(&s->lock);
		rcu_read_unlock();
	}
}

/* Who walks finds them in @over, or, where that is gone, in the hash. */
static void values_come(struct fwt_set *s)
{
	struct fwt_set_ranges *over;
	u32 six;

	for (six = 0; six < fwt_set_n_hashes(s) / 2; six++) {
		over = rcu_dereference_protected(s->part[six].over[s->phase],
						 lockdep_is_held(&s->mutex));
		values_from(s, &s->part[six].keys, over);
		values_from(s, &s->part[six].ranges,
			    rcu_dereference_protected(s->part[six].array[s->phase],
						      lockdep_is_held(&s->mutex)));
		if (!over)
			continue;
		/* Values in the hash before; pairs with over_has(). */
		smp_store_release(&s->part[six].over[s->phase], NULL);
		kvfree_rcu(over, rcu);
	}
}

static void rest(struct fwt_set *s)
{
	if (!s->apart || s->prepared)
		return;
	if (s->shape.n_value)
		values_come(s);
	join(s);
	fwt_set_settle(s, false);
}

void fwt_set_rest(struct fwt_object *o)
{
	struct fwt_set *s = fwt_set_of(o);

	mutex_lock(&s->mutex);
	rest(s);
	mutex_unlock(&s->mutex);
}

/* A set that comes back was at rest in whichever phase its policy had then. The policy in
 * force does not have it, so nobody asks.
 */
static void turn(struct fwt_set *s)
{
	struct fwt_set_ranges *r;
	u32 six;

	for (six = 0; six < 2; six++) {
		r = rcu_replace_pointer(s->part[six].array[s->phase], NULL,
					lockdep_is_held(&s->mutex));
		rcu_assign_pointer(s->part[six].array[!s->phase], r);
	}
	s->phase = !s->phase;
}

/* Without memory for a larger table a smaller one is slower; but not by any factor:
 * what is added meets all of a chain that it comes to, with locks held.
 */
static int make_room(struct fwt_set_hash *h, u32 count)
{
	int ret = h->count < count ? fwt_set_hash_resize(h, count, false) : 0;

	return ret && count / 4 > fwt_set_hash_places(h) ? ret : 0;
}

static int prepare(struct fwt_set *s, const struct fwt_program *prog, u32 i)
{
	u32 phase = !s->fn->phase, six, k, keys;
	struct fwt_set_elem e = { };
	struct base b;
	int ret = 0;

	rest(s);
	if (s->phase == phase)
		turn(s);
	s->prepared = true;
	set_apart(s, true);
	fwt_set_all_hashes(s, clear_one, &phase);
	for (six = 0; six < fwt_set_n_hashes(s) / 2 && !ret; six++) {
		base_of(s, prog, i, six, &b);
		for (keys = 0, k = 0; k < b.n; k++) {
			fwt_rest(k);
			base_elem(&b, k, &e);
			keys += fwt_set_is_key(s, &e);
		}
		ret = make_room(&s->part[six].keys, keys);
		if (!ret)
			ret = make_room(&s->part[six].ranges, b.n - keys);
		if (ret)
			break;
		ret = put_base(s, &b, phase);
		if (!ret && b.value)
			ret = put_values(s, &b, phase);
		if (!ret)
			ret = put_ranges(s, &b, b.n - keys, phase);
	}
	return ret;
}

int fwt_set_prepare(struct fwt_object *o, const struct fwt_program *prog, u32 i,
		    struct netlink_ext_ack *extack)
{
	struct fwt_set *s = fwt_set_of(o);
	int ret;

	mutex_lock(&s->mutex);
	ret = prepare(s, prog, i);
	mutex_unlock(&s->mutex);
	if (ret)
		NL_SET_ERR_MSG_FMT(extack, "no memory for the elements of set %.31s",
				   prog->string + prog->object[i].name);
	return ret;
}

/* Of elements it changes nothing: those that walk the policy in force see what they saw. */
void fwt_set_publish(struct fwt_object *o, const struct fwt_program *prog, u32 i)
{
	struct fwt_set *s = fwt_set_of(o);

	mutex_lock(&s->mutex);
	fwt_set_read_params(s, prog->object[i].param);
	if (s->prepared) {
		s->prepared = false;
		s->phase = !s->phase;
	}
	mutex_unlock(&s->mutex);
	/* What was added by a walk in between, or is over. */
	if (READ_ONCE(s->leases))
		fwt_set_work_soon(s, HZ);
}
