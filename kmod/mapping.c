// SPDX-License-Identifier: GPL-2.0
/* Endpoint-independent mappings; see mapping.h. */
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "bind.h"
#include "mapping.h"

/* As bytes: no padding, and unused words are 0. An inside socket has a mapping for
 * each outside address that it is given, by two uplinks say, and for each VRF that it
 * is given one in.
 */
struct inside {
	u32 client[4];
	u32 shown[4];
	u32 scope;
	u32 exit;
	u16 port;
	u8 protocol;
	u8 family;
};

struct outside {
	u32 shown[4];
	u32 scope;
	u16 port;
	u8 protocol;
	u8 family;
};

struct mapping {
	struct rhash_head in_link;
	struct rhash_head out_link;
	struct inside in;
	struct outside out;
	u32 oif;		/* that its first connection was bound for */
	u32 users;		/* connections, under fn->map_lock */
	struct rcu_head rcu;
};

static struct kmem_cache *cache;

static const struct rhashtable_params in_params = {
	.key_len = sizeof(struct inside),
	.key_offset = offsetof(struct mapping, in),
	.head_offset = offsetof(struct mapping, in_link),
	.automatic_shrinking = true,
};

static const struct rhashtable_params out_params = {
	.key_len = sizeof(struct outside),
	.key_offset = offsetof(struct mapping, out),
	.head_offset = offsetof(struct mapping, out_link),
	.automatic_shrinking = true,
};

static void mapping_free(struct rcu_head *rcu)
{
	kmem_cache_free(cache, container_of(rcu, struct mapping, rcu));
}

static void key_of(const struct fwt_conn *c, enum fwt_who who, const struct fwt_end *shown,
		   u32 scope, struct inside *k)
{
	struct fwt_end end;

	BUILD_BUG_ON(sizeof(*k) != 44);
	fwt_ends_get(&c->ends, who, &end);
	memcpy(k->client, end.addr, sizeof(k->client));
	memcpy(k->shown, shown->addr, sizeof(k->shown));
	k->scope = c->ends.scope;
	k->exit = scope;
	k->port = end.port;
	k->protocol = c->ends.protocol;
	k->family = c->ends.family;
}

static void inside_of(const struct fwt_conn *c, const struct fwt_end *n, u32 scope,
		      struct inside *k)
{
	key_of(c, FWT_C, n, scope, k);
}

static void outside_of(const struct fwt_conn *c, const struct fwt_end *n, u32 scope,
		       struct outside *k)
{
	BUILD_BUG_ON(sizeof(*k) != 24);
	memcpy(k->shown, n->addr, sizeof(k->shown));
	k->scope = scope;
	k->port = n->port;
	k->protocol = c->ends.protocol;
	k->family = c->ends.family;
}

bool fwt_mapping_get(const struct fwt_conn *c, struct fwt_end *n, u32 scope)
{
	struct fwt_net *fn = c->fn;
	struct inside key;
	struct mapping *m;

	inside_of(c, n, scope, &key);
	spin_lock_bh(&fn->map_lock);
	m = rhashtable_lookup_fast(&fn->map_in, &key, in_params);
	if (m) {
		WRITE_ONCE(m->users, m->users + 1);
		n->port = m->out.port;
	}
	spin_unlock_bh(&fn->map_lock);
	return m;
}

int fwt_mapping_add(const struct fwt_conn *c, u32 scope, u32 oif)
{
	struct fwt_net *fn = c->fn;
	struct mapping *m;
	struct fwt_end n;
	int ret;

	m = kmem_cache_zalloc(cache, GFP_ATOMIC | __GFP_NOWARN);
	if (!m)
		return -ENOMEM;
	fwt_ends_get(&c->ends, FWT_N, &n);
	inside_of(c, &n, scope, &m->in);
	outside_of(c, &n, scope, &m->out);
	m->oif = oif;
	m->users = 1;
	spin_lock_bh(&fn->map_lock);
	ret = rhashtable_lookup_insert_fast(&fn->map_in, &m->in_link, in_params);
	if (!ret) {
		ret = rhashtable_lookup_insert_fast(&fn->map_out, &m->out_link,
						    out_params);
		if (ret)
			rhashtable_remove_fast(&fn->map_in, &m->in_link, in_params);
		else
			WRITE_ONCE(fn->n_mappings, fn->n_mappings + 1);
		if (ret == -EEXIST)
			ret = -EADDRINUSE;
	}
	spin_unlock_bh(&fn->map_lock);
	if (!ret)
		return 0;
	/* It may have been seen. */
	call_rcu(&m->rcu, mapping_free);
	return ret == -EEXIST || ret == -EADDRINUSE ? ret : -ENOMEM;
}

static void put(struct fwt_net *fn, const struct inside *key)
{
	struct mapping *m;

	spin_lock_bh(&fn->map_lock);
	m = rhashtable_lookup_fast(&fn->map_in, key, in_params);
	if (!WARN_ON_ONCE(!m))
		WRITE_ONCE(m->users, m->users - 1);
	if (!m || m->users) {
		spin_unlock_bh(&fn->map_lock);
		return;
	}
	rhashtable_remove_fast(&fn->map_in, &m->in_link, in_params);
	rhashtable_remove_fast(&fn->map_out, &m->out_link, out_params);
	WRITE_ONCE(fn->n_mappings, fn->n_mappings - 1);
	spin_unlock_bh(&fn->map_lock);
	fwt_bind_unmapped(fn, m->out.shown, m->out.port, m->out.scope, m->out.protocol,
			  m->out.family);
	call_rcu(&m->rcu, mapping_free);
}

void fwt_mapping_put(const struct fwt_conn *c, const struct fwt_end *n, u32 scope)
{
	struct inside key;

	inside_of(c, n, scope, &key);
	put(c->fn, &key);
}

bool fwt_mapping_behind(struct fwt_net *fn, const struct fwt_tuple *t,
			struct fwt_end *inside, u32 *oif)
{
	struct outside key = {
		.scope = t->scope,
		.port = t->dst.port,
		.protocol = t->protocol,
		.family = t->family,
	};
	const struct mapping *m;

	if (!READ_ONCE(fn->n_mappings))
		return false;
	memcpy(key.shown, t->dst.addr, sizeof(key.shown));
	m = rhashtable_lookup(&fn->map_out, &key, out_params);
	if (!m || m->in.scope != t->scope)
		return false;
	memcpy(inside->addr, m->in.client, sizeof(inside->addr));
	inside->port = m->in.port;
	*oif = m->oif;
	return true;
}

bool fwt_mapping_join(struct fwt_conn *c)
{
	struct fwt_net *fn = c->fn;
	struct fwt_end dialled;
	struct inside key;
	struct mapping *m;

	fwt_ends_get(&c->ends, FWT_V, &dialled);
	key_of(c, FWT_S, &dialled, c->ends.scope, &key);
	spin_lock_bh(&fn->map_lock);
	m = rhashtable_lookup_fast(&fn->map_in, &key, in_params);
	if (m && m->out.port != dialled.port)
		m = NULL;
	if (m) {
		WRITE_ONCE(m->users, m->users + 1);
		c->linked |= FWT_LINKED_HAIRPIN;
	}
	spin_unlock_bh(&fn->map_lock);
	return m;
}

void fwt_mapping_leave(const struct fwt_conn *c)
{
	struct fwt_end dialled;
	struct inside key;

	fwt_ends_get(&c->ends, FWT_V, &dialled);
	key_of(c, FWT_S, &dialled, c->ends.scope, &key);
	put(c->fn, &key);
}

bool fwt_mapping_taken(const struct fwt_conn *c, const struct fwt_end *n, u32 scope,
		       const struct fwt_conn *but)
{
	struct fwt_net *fn = c->fn;
	struct fwt_end client;
	struct outside key;
	struct mapping *m;

	if (likely(!READ_ONCE(fn->n_mappings)))
		return false;
	outside_of(c, n, scope, &key);
	m = rhashtable_lookup(&fn->map_out, &key, out_params);
	if (!m || (but && fwt_conn_is(but, FWT_CONN_MAPPED) && READ_ONCE(m->users) == 1))
		return false;
	fwt_ends_get(&c->ends, FWT_C, &client);
	return m->in.scope != c->ends.scope || m->in.port != client.port ||
	       memcmp(m->in.client, client.addr, sizeof(client.addr));
}

u64 fwt_mappings_memory(const struct fwt_net *fn)
{
	return (u64)READ_ONCE(fn->n_mappings) * kmem_cache_size(cache);
}

int fwt_mappings_net_init(struct fwt_net *fn)
{
	int ret = rhashtable_init(&fn->map_in, &in_params);

	if (ret)
		return ret;
	ret = rhashtable_init(&fn->map_out, &out_params);
	if (ret)
		rhashtable_destroy(&fn->map_in);
	spin_lock_init(&fn->map_lock);
	fn->n_mappings = 0;
	return ret;
}

void fwt_mappings_net_clean(struct fwt_net *fn)
{
	WARN_ON_ONCE(fn->n_mappings);
	rhashtable_destroy(&fn->map_in);
	rhashtable_destroy(&fn->map_out);
}

int fwt_mapping_cache_init(void)
{
	cache = kmem_cache_create("fwtree_mapping", sizeof(struct mapping), 0,
				  SLAB_ACCOUNT, NULL);
	return cache ? 0 : -ENOMEM;
}

void fwt_mapping_cache_clean(void)
{
	kmem_cache_destroy(cache);
}
