/* SPDX-License-Identifier: GPL-2.0 */
/* Clients that are given ports, for tests of bind.c. */
#ifndef FWT_KUNIT_BINDS_H
#define FWT_KUNIT_BINDS_H

#include "bind.h"
#include "conns.h"
#include "test.h"

/* Another client each, to host 9, port 80; bound as @b says. */
static inline int bind_next(struct kunit *test, struct fwt_net *fn, u32 n, u8 protocol,
			    struct fwt_bind *b, struct fwt_conn **made)
{
	struct fwt_tuple t = fwt_test_tuple(4, 0x10000 + n, 1000, 9, 80);
	struct fwt_conn *c;
	int ret;

	t.protocol = protocol;
	KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, NULL, &c), 0);
	rcu_read_lock();
	spin_lock_bh(&c->lock);
	ret = fwt_bind_source(c, b);
	if (!ret) {
		c->flags |= BIT(FWT_CONN_SNAT) | BIT(FWT_CONN_CONFIRMED);
		c->expires = (u32)jiffies + 600 * HZ;
	}
	spin_unlock_bh(&c->lock);
	if (ret)
		fwt_conn_end(c, FWT_END_DELETED);
	rcu_read_unlock();
	*made = ret ? NULL : c;
	return ret;
}

static inline struct fwt_bind range(u16 lo, u16 hi)
{
	struct fwt_bind b = { .lo = lo, .hi = hi };

	fwt_test_end(&b.end, 4, 7, 0);
	return b;
}

#endif /* FWT_KUNIT_BINDS_H */
