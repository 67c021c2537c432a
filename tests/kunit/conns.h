/* SPDX-License-Identifier: GPL-2.0 */
/* Connections made for a test. */
#ifndef FWT_KUNIT_CONNS_H
#define FWT_KUNIT_CONNS_H

#include "bind.h"
#include "conn.h"

/* Host @n: 10.0.0.0/8 or 2001:db8::/32 with @n in the last bits. */
static inline void fwt_test_end(struct fwt_end *e, u8 family, u32 n, u16 port)
{
	memset(e, 0, sizeof(*e));
	if (family == 6) {
		e->addr[0] = 0x20010db8;
		e->addr[3] = n;
	} else {
		e->addr[0] = 0x0a000000 + n;
	}
	e->port = port;
}

static inline struct fwt_tuple fwt_test_tuple(u8 family, u32 src, u16 sport,
					      u32 dst, u16 dport)
{
	struct fwt_tuple t = { .family = family, .protocol = FWT_IPPROTO_UDP };

	fwt_test_end(&t.src, family, src, sport);
	fwt_test_end(&t.dst, family, dst, dport);
	return t;
}

static inline struct fwt_tuple fwt_test_turn(const struct fwt_tuple *t)
{
	struct fwt_tuple r = *t;

	r.src = t->dst;
	r.dst = t->src;
	return r;
}

/* N of @end, its port where @lo is 0, else a port of the range. Under @c->lock. */
static inline int fwt_conn_bind_source(struct fwt_conn *c, struct fwt_end *end,
				       u16 lo, u16 hi)
{
	struct fwt_bind b = { .end = *end, .keep = !lo, .lo = lo, .hi = hi };
	int ret = fwt_bind_source(c, &b);

	if (!ret)
		fwt_ends_get(&c->ends, FWT_N, end);
	return ret;
}

/* As a packet has it made: softirqs are off there. */
static inline struct fwt_conn *fwt_test_alloc(struct fwt_net *fn, const struct fwt_tuple *t)
{
	struct fwt_conn *c;

	local_bh_disable();
	rcu_read_lock();
	c = fwt_conn_alloc(fn, t, false);
	rcu_read_unlock();
	local_bh_enable();
	return c;
}

/* Likewise: let others find it, by the tuple of its first packet. */
static inline int fwt_test_link(struct fwt_conn *c, const struct fwt_tuple *t,
				struct fwt_conn **other)
{
	int ret;

	local_bh_disable();
	rcu_read_lock();
	ret = fwt_conn_insert(c, fwt_hash_tuple(&c->fn->conns, t), NULL, other);
	rcu_read_unlock();
	local_bh_enable();
	return ret;
}

/**
 * fwt_test_insert() - a connection, as the first packet of it makes one
 * @fn: namespace
 * @t: C and V
 * @server: S, or NULL
 * @c: the record
 *
 * Return: what fwt_conn_insert() said; the record is gone where that is no 0.
 */
static inline int fwt_test_insert(struct fwt_net *fn, const struct fwt_tuple *t,
				  const struct fwt_end *server,
				  struct fwt_conn **c)
{
	struct fwt_conn *other;
	int ret;

	*c = fwt_test_alloc(fn, t);
	if (IS_ERR(*c))
		return PTR_ERR(*c);
	if (server) {
		fwt_ends_set(&(*c)->ends, FWT_S, server);
		(*c)->flags |= BIT(FWT_CONN_DNAT);
	}
	/* Nothing of these tests is to end by itself. */
	(*c)->expires = (u32)jiffies + 600 * HZ;
	ret = fwt_test_link(*c, t, &other);
	if (ret)
		fwt_conn_discard(*c);
	return ret;
}

static inline int fwt_test_bind(struct fwt_conn *c, const struct fwt_end *as,
				u16 lo, u16 hi)
{
	struct fwt_end end = *as;
	int ret;

	/* As packets come: what is known of ports is read under RCU. */
	rcu_read_lock();
	spin_lock_bh(&c->lock);
	ret = fwt_conn_bind_source(c, &end, lo, hi);
	spin_unlock_bh(&c->lock);
	rcu_read_unlock();
	return ret;
}

/* Wait until the hash is as large as its links want it. */
static inline void fwt_test_settle(struct fwt_net *fn)
{
	flush_work(&fn->conns.resize);
}

static inline bool fwt_test_end_conn(struct fwt_conn *c)
{
	bool mine;

	rcu_read_lock();
	mine = fwt_conn_end(c, FWT_END_DELETED);
	rcu_read_unlock();
	return mine;
}

static inline void fwt_test_flag(struct fwt_conn *c, u16 bits)
{
	spin_lock_bh(&c->lock);
	c->flags |= bits;
	spin_unlock_bh(&c->lock);
}

/* The connection of @t, and which way @t goes in it. */
static inline struct fwt_conn *fwt_test_find(struct fwt_net *fn,
					     const struct fwt_tuple *t, int *dir)
{
	enum fwt_dir d = FWT_ORIGINAL;
	struct fwt_conn *c;

	rcu_read_lock();
	c = fwt_conn_find(fn, fwt_hash_tuple(&fn->conns, t), t, &d);
	rcu_read_unlock();
	*dir = c ? (int)d : -1;
	return c;
}

#endif /* FWT_KUNIT_CONNS_H */
