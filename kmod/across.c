// SPDX-License-Identifier: GPL-2.0
/* Connections from one VRF to another; see across.h. */
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <net/l3mdev.h>

#include "across.h"

/* What a pair is found by: by a secret key, so that two which have the same one of 64
 * bits are an accident; then one of them is as good as taken.
 */
struct place {
	u64 hash;
	u32 scope;
	u32 zero;
};

/* The pair S-N of @c, as it is seen in another VRF; and by the number of @c. */
struct across {
	struct rhash_head by_place;
	struct rhash_head by_id;
	struct place place;
	u64 id;
	struct fwt_conn *c;
	struct rcu_head rcu;
};

static const struct rhashtable_params place_params = {
	.key_len = sizeof(struct place),
	.key_offset = offsetof(struct across, place),
	.head_offset = offsetof(struct across, by_place),
	.automatic_shrinking = true,
};

static const struct rhashtable_params id_params = {
	.key_len = sizeof(u64),
	.key_offset = offsetof(struct across, id),
	.head_offset = offsetof(struct across, by_id),
	.automatic_shrinking = true,
};

static struct fwt_conn *alive(struct fwt_conn *c)
{
	return fwt_conn_alive(c) ? c : NULL;
}

static struct across *of_record(const struct fwt_conn *c)
{
	return rhashtable_lookup(&c->fn->across_id, &c->id, id_params);
}

/* Who stands under a tuple, and which way round. */
static struct fwt_conn *find(struct fwt_net *fn, const struct fwt_tuple *t, enum fwt_dir *dir)
{
	struct place place = { .hash = fwt_hash_tuple(&fn->conns, t), .scope = t->scope };
	struct fwt_tuple own = *t;
	struct across *a;
	int got;

	a = rhashtable_lookup(&fn->across, &place, place_params);
	if (!a)
		return NULL;
	own.scope = a->c->ends.scope;
	got = fwt_ends_match(&a->c->ends, FWT_PAIR_SN, &own);
	if (got < 0)
		return NULL;
	*dir = got;
	return a->c;
}

u32 fwt_across_scope(const struct fwt_way *w)
{
	const struct fwt_conn *c = w->c;
	bool six = c->ends.family == 6;

	/* What starts here is of where it leaves; and link-local addresses stay there. */
	if (fwt_conn_is(c, FWT_CONN_LOCAL) || !w->state->out ||
	    (six && ((c->ends.addr6[FWT_C][0] >> 22) == (0xfe80u >> 6) ||
		     (c->ends.addr6[FWT_S][0] >> 22) == (0xfe80u >> 6))))
		return c->ends.scope;
	return l3mdev_master_ifindex_rcu(w->state->out);
}

void fwt_across_find(struct fwt_way *w, bool quoted)
{
	/* Which way round the tuple of a client's packet would stand. */
	enum fwt_dir onward = quoted ? FWT_REPLY : FWT_ORIGINAL, dir;
	struct fwt_net *fn = w->fn;
	struct fwt_tuple t = w->t;
	struct fwt_conn *c;
	struct across *a;

	if (w->state->hook == NF_INET_POST_ROUTING && w->skb->skb_iif)
		t.scope = l3mdev_master_ifindex_rcu(w->state->out);
	if (t.scope != w->t.scope && !(w->c && w->dir == onward)) {
		/* On its way to the client it stands as the client's VRF has it. */
		c = fwt_hash_find(&fn->conns, fwt_hash_tuple(&fn->conns, &t), &t, &dir);
		if (c && dir != onward && fwt_conn_is(c, FWT_CONN_ACROSS) && alive(c)) {
			a = of_record(c);
			if (a && a->place.scope == w->t.scope) {
				w->c = c;
				w->dir = dir;
				return;
			}
		}
	}
	if (w->c)
		return;
	c = find(fn, &w->t, &dir);
	if (!c || !alive(c))
		return;
	w->c = c;
	w->dir = dir;
}

struct fwt_conn *fwt_across_owner(const struct fwt_conn *c, u32 scope)
{
	const struct fwt_hash *h = &c->fn->conns;
	struct fwt_conn *other;
	struct fwt_tuple t;
	enum fwt_dir dir;

	fwt_ends_tuple(&c->ends, FWT_PAIR_SN, &t);
	t.scope = scope;
	other = fwt_hash_find(h, fwt_hash_tuple(h, &t), &t, NULL);
	if (other && alive(other))
		return other;
	other = atomic_read(&c->fn->n_across) ? find(c->fn, &t, &dir) : NULL;
	return other ? alive(other) : NULL;
}

static int insert(struct fwt_net *fn, struct across *a)
{
	int ret = rhashtable_lookup_insert_fast(&fn->across, &a->by_place, place_params);

	if (ret)
		return ret;
	ret = rhashtable_lookup_insert_fast(&fn->across_id, &a->by_id, id_params);
	if (ret)
		rhashtable_remove_fast(&fn->across, &a->by_place, place_params);
	return ret;
}

int fwt_across_link(struct fwt_conn *c, u32 scope, struct fwt_conn **other)
{
	struct fwt_net *fn = c->fn;
	enum fwt_dir dir;
	struct fwt_tuple t;
	struct across *a;
	int tries, ret;

	*other = fwt_across_owner(c, scope);
	if (*other)
		return -EEXIST;
	a = kzalloc(sizeof(*a), GFP_ATOMIC | __GFP_NOWARN | __GFP_ACCOUNT);
	if (!a)
		return -ENOMEM;
	fwt_ends_tuple(&c->ends, FWT_PAIR_SN, &t);
	t.scope = scope;
	a->place.hash = fwt_hash_tuple(&fn->conns, &t);
	a->place.scope = scope;
	a->id = c->id;
	a->c = c;
	for (tries = 0; tries < 4; tries++) {
		ret = insert(fn, a);
		if (!ret) {
			atomic_inc(&fn->n_across);
			WRITE_ONCE(c->flags, c->flags | BIT(FWT_CONN_ACROSS));
			return 0;
		}
		*other = ret == -EEXIST ? find(fn, &t, &dir) : NULL;
		if (!*other || alive(*other))
			break;
		/* Its place is taken by one that is over: that one goes. */
		fwt_conn_end_other(*other);
		*other = NULL;
		cpu_relax();
	}
	/* It may have been seen. */
	kfree_rcu(a, rcu);
	return ret == -EEXIST ? ret : -ENOMEM;
}

u32 fwt_across_unlink(struct fwt_conn *c)
{
	struct fwt_net *fn = c->fn;
	u32 scope = c->ends.scope;
	struct across *a;

	rcu_read_lock();
	a = of_record(c);
	if (!WARN_ON_ONCE(!a)) {
		scope = a->place.scope;
		rhashtable_remove_fast(&fn->across, &a->by_place, place_params);
		rhashtable_remove_fast(&fn->across_id, &a->by_id, id_params);
		atomic_dec(&fn->n_across);
		kfree_rcu(a, rcu);
	}
	rcu_read_unlock();
	return scope;
}

u64 fwt_across_memory(const struct fwt_net *fn)
{
	return (u64)atomic_read(&fn->n_across) * roundup_pow_of_two(sizeof(struct across));
}

int fwt_across_net_init(struct fwt_net *fn)
{
	int ret = rhashtable_init(&fn->across, &place_params);

	if (ret)
		return ret;
	ret = rhashtable_init(&fn->across_id, &id_params);
	if (ret)
		rhashtable_destroy(&fn->across);
	return ret;
}

void fwt_across_net_clean(struct fwt_net *fn)
{
	WARN_ON_ONCE(atomic_read(&fn->n_across));
	rhashtable_destroy(&fn->across);
	rhashtable_destroy(&fn->across_id);
}
