// SPDX-License-Identifier: GPL-2.0
/*
 * Ports that are taken towards a destination to which nearly all are: a bit each. What the
 * maps are for, and why they can be trusted as far as they are: bind.c.
 */
#include <linux/bitmap.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/slab.h>

#include "bind.h"
#include "mapping.h"
#include "ports.h"
#include "way.h"

static siphash_key_t ports_key __read_mostly;

static u64 map_key(const struct fwt_conn *c, const struct fwt_end *n, u32 scope)
{
	struct {
		u32 n[4];
		u32 s[4];
		u32 scope;
		u16 port;
		u8 protocol;
		u8 family;
	} k = { .scope = scope, .protocol = c->ends.protocol,
		.family = c->ends.family };
	struct fwt_end s;

	BUILD_BUG_ON(sizeof(k) != 40);
	fwt_ends_get(&c->ends, FWT_S, &s);
	memcpy(k.n, n->addr, sizeof(k.n));
	memcpy(k.s, s.addr, sizeof(k.s));
	k.port = s.port;
	/* Two that have the same one of 64 bits would share a hint. */
	return siphash(&k, sizeof(k), &ports_key) | 1;
}

static u64 shown_key(const u32 *n, u32 scope, u8 protocol, u8 family)
{
	struct {
		u32 n[4];
		u32 scope;
		u8 protocol;
		u8 family;
		u16 zero;
	} k = { .scope = scope, .protocol = protocol, .family = family };

	BUILD_BUG_ON(sizeof(k) != 24);
	memcpy(k.n, n, sizeof(k.n));
	return siphash(&k, sizeof(k), &ports_key);
}

static struct fwt_ports *map_find(struct fwt_net *fn, u64 key)
{
	struct fwt_ports *m;
	u32 i;

	for (i = 0; i < FWT_PORTS_MAPS; i++) {
		m = rcu_dereference(fn->ports[i]);
		if (m && m->key == key)
			return m;
	}
	return NULL;
}

static void map_free(struct fwt_ports *m)
{
	if (m)
		kfree(m->taken);
	kfree(m);
}

static void map_free_rcu(struct rcu_head *rcu)
{
	map_free(container_of(rcu, struct fwt_ports, rcu));
}

static struct fwt_ports *map_alloc(u64 key, u64 shown, u32 now)
{
	const gfp_t gfp = GFP_ATOMIC | __GFP_NOWARN | __GFP_ACCOUNT;
	struct fwt_ports *m = kzalloc(sizeof(*m), gfp);

	if (!m)
		return NULL;
	m->key = key;
	m->shown = shown;
	m->used = now;
	m->taken = bitmap_zalloc(65536, gfp);
	if (m->taken)
		return m;
	kfree(m);
	return NULL;
}

/* Where a new map may go: a free place, or that of one that nobody has asked for
 * within a second. FWT_PORTS_MAPS if there is none: then more destinations are
 * nearly full at once than there are maps, and taking each other's away would
 * leave none of them complete.
 */
static u32 map_place(struct fwt_net *fn, u32 now)
{
	u32 i, idle = HZ, at = FWT_PORTS_MAPS;

	for (i = 0; i < FWT_PORTS_MAPS; i++) {
		const struct fwt_ports *m = rcu_dereference(fn->ports[i]);

		if (!m)
			return i;
		if (now - READ_ONCE(m->used) > idle) {
			idle = now - READ_ONCE(m->used);
			at = i;
		}
	}
	return at;
}

struct fwt_ports *fwt_ports_get(const struct fwt_conn *c, const struct fwt_end *n, u32 scope,
				bool make)
{
	u64 key = map_key(c, n, scope);
	struct fwt_net *fn = c->fn;
	struct fwt_ports *m = map_find(fn, key), *old;
	u32 now = (u32)jiffies, at;

	if (m) {
		WRITE_ONCE(m->used, now);
		return m;
	}
	if (!make || map_place(fn, now) == FWT_PORTS_MAPS)
		return NULL;
	m = map_alloc(key, shown_key(n->addr, scope, c->ends.protocol, c->ends.family), now);
	if (!m)
		return NULL;
	spin_lock_bh(&fn->ports_lock);
	at = map_place(fn, now);
	if (at == FWT_PORTS_MAPS) {
		spin_unlock_bh(&fn->ports_lock);
		map_free(m);
		return NULL;
	}
	old = rcu_replace_pointer(fn->ports[at], m, lockdep_is_held(&fn->ports_lock));
	WRITE_ONCE(fn->has_ports, true);
	spin_unlock_bh(&fn->ports_lock);
	if (old)
		call_rcu(&old->rcu, map_free_rcu);
	return m;
}

void fwt_bind_release(const struct fwt_conn *c, u32 scope, bool mapped)
{
	struct fwt_ports *m;
	struct fwt_end n;

	mapped = mapped && c->flags & BIT(FWT_CONN_MAPPED);
	if (likely(!mapped && !READ_ONCE(c->fn->has_ports)))
		return;
	fwt_ends_get(&c->ends, FWT_N, &n);
	if (mapped)
		fwt_mapping_put(c, &n, scope);
	rcu_read_lock();
	m = map_find(c->fn, map_key(c, &n, scope));
	if (m) {
		smp_mb__before_atomic();	/* out of the hash first, see bind.c */
		clear_bit(n.port, m->taken);
	}
	rcu_read_unlock();
}

void fwt_bind_unmapped(struct fwt_net *fn, const u32 *n, u16 port, u32 scope, u8 protocol,
		       u8 family)
{
	struct fwt_ports *m;
	u64 shown;
	u32 i;

	if (likely(!READ_ONCE(fn->has_ports)))
		return;
	shown = shown_key(n, scope, protocol, family);
	rcu_read_lock();
	smp_mb__before_atomic();	/* out of the mappings first, likewise */
	for (i = 0; i < FWT_PORTS_MAPS; i++) {
		m = rcu_dereference(fn->ports[i]);
		if (m && m->shown == shown)
			clear_bit(port, m->taken);
	}
	rcu_read_unlock();
}

void fwt_bind_init(void)
{
	get_random_bytes(&ports_key, sizeof(ports_key));
}

void fwt_bind_net_clean(struct fwt_net *fn)
{
	u32 i;

	for (i = 0; i < FWT_PORTS_MAPS; i++)
		map_free(rcu_replace_pointer(fn->ports[i], NULL, true));
	fn->has_ports = false;
}
