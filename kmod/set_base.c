// SPDX-License-Identifier: GPL-2.0
/*
 * The elements that a policy has for a live set.
 *
 * Everything that takes memory is done before the policy is in force: elements come with
 * LEASE_NEXT, which nobody sees, and ranges in an array of their own; so that publishing
 * can't fail. It is charged to who applies the policy, and not to what packets share: what
 * they have taken keeps no policy from coming, or from being gone back to.
 */
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
		h = fwt_set_hash_for(s, &e, &key, pair);
		rcu_read_lock();
		spin_lock_bh(&s->lock);
		lease = fwt_set_hash_find(h, key);
		if (!lease)
			ret = fwt_set_hash_put(h, key, lease_until(UNTIL_NEVER) | LEASE_NEXT,
					       e.value, false);
		else
			ret = fwt_set_hash_put(h, key, lease | (values ? 0 : LEASE_NEXT),
					       values ? e.value : NULL, false);
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
		kvfree(s->part[i].coming);
		s->part[i].coming = NULL;
	}
}

void fwt_set_cancel(struct fwt_object *o)
{
	struct fwt_set *s = fwt_set_of(o);

	mutex_lock(&s->mutex);
	if (s->prepared) {
		fwt_set_all_hashes(s, cancel_one, NULL);
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
	int ret = h->count < count ? fwt_set_hash_resize(h, count, false) : 0;

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
	for (six = 0; six < fwt_set_n_hashes(s) / 2 && !ret; six++) {
		base_of(s, prog, i, six, &b);
		for (keys = 0, k = 0; k < b.n; k++) {
			base_elem(&b, k, &e);
			keys += fwt_set_is_key(s, &e);
		}
		ret = make_room(&s->part[six].keys, keys);
		if (!ret)
			ret = make_room(&s->part[six].ranges, b.n - keys);
		if (ret)
			break;
		ret = put_base(s, &b, false);
		if (!ret)
			ret = fwt_set_gather(s, six, true, &s->part[six].coming);
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
		NL_SET_ERR_MSG_FMT(extack, "no memory for the elements of set %s",
				   prog->string + prog->object[i].name);
	return ret;
}

static u32 publish_one(void *ctx, const u32 *key, u32 lease, const u32 *value)
{
	return lease_after(lease);
}

void fwt_set_publish(struct fwt_object *o, const struct fwt_program *prog, u32 i)
{
	struct fwt_set *s = fwt_set_of(o);
	struct base b;
	u32 six;

	mutex_lock(&s->mutex);
	fwt_set_read_params(s, prog->object[i].param);
	for (six = 0; six < fwt_set_n_hashes(s) / 2; six++) {
		base_of(s, prog, i, six, &b);
		if (!b.value)
			continue;
		put_base(s, &b, true);
		/* The array that was prepared has the values from before. */
		s->dirty |= !!s->part[six].coming;
	}
	fwt_set_all_hashes(s, publish_one, NULL);
	for (six = 0; six < fwt_set_n_hashes(s) / 2; six++) {
		fwt_set_array_swap(s, six, s->part[six].coming);
		s->part[six].coming = NULL;
	}
	s->prepared = false;
	fwt_set_settle(s, false);
	mutex_unlock(&s->mutex);
	/* What was added by a walk in between, or is over. */
	if (READ_ONCE(s->leases))
		fwt_set_work_soon(s, HZ);
}
