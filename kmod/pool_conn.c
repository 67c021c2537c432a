// SPDX-License-Identifier: GPL-2.0
/*
 * Pools as packets see them: choosing a server, charging it with a connection, and
 * what it makes of that.
 *
 * Passive health. A server fails if it does not answer a SYN (its client says it
 * again, or gives up), or answers with RST. FWT_HEALTH_FAILURES in a row take it
 * out for FWT_HEALTH_RETRY. Then one connection may try it: it comes in again when
 * that is answered, and stays out for twice as long when it is not. What was
 * established goes on meanwhile.
 *
 * A client whose SYN was not answered says it again a second later; where the
 * server is out by then the connection is begun anew with another server, and the
 * client never learns.
 */
#include "conn.h"
#include "policy.h"
#include "pool.h"

/* struct fwt_conn.server_bits */
#define SERVER_FAILED	0x01	/* it was blamed for this connection */
#define SERVER_CLOSED	0x02	/* which does not count as active any more */
#define SERVER_TRIES	0x04	/* it is the one that tries it */

/* Under RCU: servers are freed by it. */
static struct fwt_server *server_of(const struct fwt_conn *c)
{
	u16 index = READ_ONCE(c->tcp.owner);

	return index ? xa_load(&c->fn->servers, index) : NULL;
}

/* May it be given a connection. */
static bool open(const struct fwt_server *s)
{
	return !READ_ONCE(s->flags) && fwt_server_well(s);
}

/* @dialled: a port, which a server that names none leaves as it is. */
static bool leads_to(const struct fwt_server *s, const struct fwt_end *end, u16 dialled,
		     u8 family)
{
	if (memcmp(s->is.addr, end->addr, family == 6 ? 16 : 4))
		return false;
	if (!s->is.port_lo)
		return end->port == dialled;
	return s->is.port_lo <= end->port && end->port <= s->is.port_hi;
}

/* The server of a connection that is decided again, if it may stay there: also one
 * that was given it by another rule, or by a pool of another name.
 */
static struct fwt_server *kept(const struct fwt_pool *pool, const struct fwt_pool_side *side,
			       const struct fwt_packet *p, const struct fwt_conn *c)
{
	struct fwt_server *s = server_of(c);
	struct fwt_end end, dialled;
	u32 i;

	if (s && READ_ONCE(s->pool) == pool)
		return READ_ONCE(s->flags) & BIT(FWT_SERVER_RESET) ? NULL : s;
	if (!fwt_conn_is(c, FWT_CONN_DNAT))
		return NULL;
	fwt_ends_get(&c->ends, FWT_S, &end);
	fwt_ends_get(&c->ends, FWT_V, &dialled);
	/* A rule before this one may have led it to another port. */
	if (p->have & FWT_HAVE_PORTS)
		dialled.port = p->dport;
	for (i = 0; i < side->n; i++)
		if (leads_to(side->server[i], &end, dialled.port, c->ends.family))
			return side->server[i];
	return NULL;
}

/* The one that the table says; the next one where that is out since. */
static struct fwt_server *choose(const struct fwt_pool *pool, const struct fwt_pool_side *side,
				 const struct fwt_packet *p, bool persistent, u32 seed)
{
	const struct fwt_balance *b = side->balance;
	u32 turn = READ_ONCE(pool->turn[p->family == 6]);
	struct fwt_server *s;
	u32 i, k, hash = 0;

	if (b->slot)
		hash = fwt_balance_hash(p, fwt_balance_by_source(b->scheduler, persistent));
	i = fwt_balance_choose(b, hash, persistent, seed, turn);
	for (k = 0; i != FWT_NONE && k < side->n; k++) {
		s = side->server[i];
		if (likely(open(s)))
			return s;
		i = i + 1 < side->n ? i + 1 : 0;
	}
	return NULL;
}

bool fwt_pool_choose(const struct fwt_pool *pool, const struct fwt_packet *p,
		     bool persistent, u32 seed, const struct fwt_conn *keep,
		     struct fwt_env_server *to)
{
	const struct fwt_pool_table *t = rcu_dereference(pool->table);
	const struct fwt_pool_side *side = &t->side[p->family == 6];
	struct fwt_server *old = keep ? kept(pool, side, p, keep) : NULL, *s = old;
	struct fwt_end end;

	if (!s && side->balance)
		s = choose(pool, side, p, persistent, seed);
	if (!s)
		return false;
	memcpy(to->addr, s->is.addr, sizeof(to->addr));
	to->port_lo = s->is.port_lo;
	to->port_hi = s->is.port_hi;
	to->id = s->index;
	if (!old || to->port_lo == to->port_hi)
		return true;
	/* Of the server's ports it has one, whichever the rule would lead to by now. */
	fwt_ends_get(&keep->ends, FWT_S, &end);
	if (to->port_lo <= end.port && end.port <= to->port_hi) {
		to->port_lo = end.port;
		to->port_hi = end.port;
	}
	return true;
}

struct fwt_server *fwt_pool_take(struct fwt_conn *c, u32 server)
{
	struct fwt_server *s = xa_load(&c->fn->servers, server);

	if (!s || !refcount_inc_not_zero(&s->refs))
		return NULL;
	c->tcp.owner = server;
	c->server_bits = 0;
	atomic_inc(&s->active);
	return s;
}

/* Its pool has another table now. */
static void look_after(struct fwt_server *s)
{
	struct fwt_pool *pool = READ_ONCE(s->pool);

	if (!pool)
		return;
	WRITE_ONCE(pool->stale, 1);
	mod_delayed_work(fwt_wq, &pool->fn->pools, 0);
}

/* Of TCP alone: nothing else says whether it was answered. */
static void begin_to_try(struct fwt_conn *c, struct fwt_server *s)
{
	bool mine = false;

	if (c->ends.protocol != IPPROTO_TCP)
		return;
	spin_lock(&c->lock);
	/* Another CPU may have given it another server by now. */
	if (!(c->flags & BIT(FWT_CONN_DEAD)) && c->tcp.owner == s->index) {
		/* Its client may say no more; then another one's word is as good. */
		WRITE_ONCE(s->retry, (u32)jiffies + FWT_HEALTH_RETRY);
		mine = cmpxchg(&s->health, FWT_HEALTH_TRYING, FWT_HEALTH_TRIED) ==
		       FWT_HEALTH_TRYING;
	}
	if (mine)
		WRITE_ONCE(c->server_bits, c->server_bits | SERVER_TRIES);
	spin_unlock(&c->lock);
	if (mine)
		look_after(s);
}

void fwt_pool_begun(struct fwt_conn *c, struct fwt_server *s)
{
	const struct fwt_pool_table *t;
	const struct fwt_balance *b;
	struct fwt_pool *pool;
	u32 six = c->ends.family == 6, turn;

	atomic64_inc(&s->total);
	if (unlikely(READ_ONCE(s->health) == FWT_HEALTH_TRYING))
		begin_to_try(c, s);
	pool = READ_ONCE(s->pool);
	t = pool ? rcu_dereference(pool->table) : NULL;
	b = t ? t->side[six].balance : NULL;
	if (!b || b->scheduler != FWT_SCHEDULE_ROUND_ROBIN)
		return;
	turn = READ_ONCE(pool->turn[six]);
	while (!try_cmpxchg(&pool->turn[six], &turn, fwt_balance_turn(b, turn)))
		;
}

/* Returns true for the first time. Under its lock as long as it is not dead, and then
 * by who ended it alone: whoever has the lock and finds it dead leaves its bits.
 */
static bool first(struct fwt_conn *c, u8 bit)
{
	u8 bits = READ_ONCE(c->server_bits);

	if (bits & bit)
		return false;
	WRITE_ONCE(c->server_bits, bits | bit);
	return true;
}

/* Where that was the last one of a server that is out, the server goes. @bits: the
 * connection's. Under RCU: without the reference the server may be on its way out.
 */
static void put(struct fwt_net *fn, struct fwt_server *s, u8 bits)
{
	if (!(bits & SERVER_CLOSED))
		atomic_dec(&s->active);
	/* It ended without a word of the server: flushed, evicted, its client gave up.
	 * Let another one try.
	 */
	if (unlikely(bits & SERVER_TRIES) &&
	    cmpxchg(&s->health, FWT_HEALTH_TRIED, FWT_HEALTH_TRYING) == FWT_HEALTH_TRIED)
		look_after(s);
	refcount_dec(&s->refs);
	if (READ_ONCE(s->flags) & (BIT(FWT_SERVER_OUT) | BIT(FWT_SERVER_RESET)) &&
	    refcount_read(&s->refs) <= 1)
		mod_delayed_work(fwt_wq, &fn->pools, 0);
}

void fwt_pool_move(struct fwt_conn *c, u32 server)
{
	struct fwt_server *old = server_of(c);
	u8 bits = c->server_bits;

	if (server == c->tcp.owner)
		return;
	if (!server)
		WRITE_ONCE(c->tcp.owner, 0);
	else if (!fwt_pool_take(c, server))
		return;
	if (old)
		put(c->fn, old, bits);
}

/* Failures of one that is out already change nothing, but for how long. */
static void failed(struct fwt_server *s)
{
	struct fwt_pool *pool = READ_ONCE(s->pool);
	u32 health = READ_ONCE(s->health), wait;

	if (!pool || !(READ_ONCE(pool->flags) & FWT_POOL_PASSIVE))
		return;
	wait = READ_ONCE(s->wait);
	if (health == FWT_HEALTH_UP) {
		u32 failures = READ_ONCE(s->failures) + 1;

		WRITE_ONCE(s->failures, failures);
		if (failures < FWT_HEALTH_FAILURES)
			return;
		wait = FWT_HEALTH_RETRY;
	} else if (health == FWT_HEALTH_TRIED) {
		wait = min_t(u32, 2 * wait, FWT_HEALTH_RETRY_MOST);
	} else {
		return;
	}
	WRITE_ONCE(s->wait, wait);
	WRITE_ONCE(s->retry, (u32)jiffies + wait);
	if (cmpxchg(&s->health, health, FWT_HEALTH_DOWN) != health)
		return;
	fwt_stat_inc(pool->fn, reason[FWT_REASON_SERVER_DOWN]);
	mod_delayed_work(fwt_wq, &pool->fn->pools, 0);
}

static void succeeded(struct fwt_server *s)
{
	u32 health = READ_ONCE(s->health), now = (u32)jiffies;

	if (READ_ONCE(s->answered) != now)
		WRITE_ONCE(s->answered, now);
	if (likely(health == FWT_HEALTH_UP)) {
		if (READ_ONCE(s->failures))
			WRITE_ONCE(s->failures, 0);
		return;
	}
	/* Also by a connection from before it was out: it answers. */
	WRITE_ONCE(s->failures, 0);
	WRITE_ONCE(s->wait, FWT_HEALTH_RETRY);
	if (cmpxchg(&s->health, health, FWT_HEALTH_UP) == health)
		look_after(s);
}

/* Each connection fails once. */
static void note_failure(struct fwt_conn *c, struct fwt_server *s)
{
	if (!first(c, SERVER_FAILED))
		return;
	atomic64_inc(&s->failed);
	failed(s);
}

/* Whom it answered since says more than a SYN that was lost before, which is often known
 * minutes later. By ages: the server's last answer may be weeks ago, half a circle of jiffies.
 */
static void note_silence(struct fwt_conn *c, struct fwt_server *s)
{
	u32 answered = READ_ONCE(s->answered), now = (u32)jiffies;

	if (now - answered >= now - c->created)
		note_failure(c, s);
	else if (first(c, SERVER_FAILED))
		atomic64_inc(&s->failed);
}

void fwt_pool_answered(struct fwt_conn *c, bool ok)
{
	struct fwt_server *s = server_of(c);

	lockdep_assert_held(&c->lock);
	if (!s)
		return;
	if (ok)
		succeeded(s);
	else if (!(c->flags & BIT(FWT_CONN_DEAD)))
		note_failure(c, s);
	if (!(c->flags & BIT(FWT_CONN_DEAD)))
		WRITE_ONCE(c->server_bits, c->server_bits & ~SERVER_TRIES);
}

void fwt_pool_active(struct fwt_conn *c, bool active)
{
	bool closed = READ_ONCE(c->server_bits) & SERVER_CLOSED;
	struct fwt_server *s;

	lockdep_assert_held(&c->lock);
	if (likely(active != closed))
		return;
	s = server_of(c);
	if (!s || c->flags & BIT(FWT_CONN_DEAD))
		return;
	WRITE_ONCE(c->server_bits, c->server_bits ^ SERVER_CLOSED);
	if (active)
		atomic_inc(&s->active);
	else
		atomic_dec(&s->active);
}

bool fwt_pool_repeated(struct fwt_conn *c)
{
	struct fwt_server *s = server_of(c);

	if (!s)
		return false;
	/* Said twice at once it proves nothing, or whoever wants to could take a
	 * server out. Nor does what never left us: one whose hops end here, say.
	 */
	if ((u32)jiffies - c->created >= FWT_HEALTH_PATIENCE &&
	    fwt_conn_is(c, FWT_CONN_CONFIRMED)) {
		spin_lock(&c->lock);
		if (!(c->flags & BIT(FWT_CONN_DEAD)))
			note_silence(c, s);
		spin_unlock(&c->lock);
	}
	return READ_ONCE(s->flags) || READ_ONCE(s->health) == FWT_HEALTH_DOWN;
}

void fwt_pool_release(struct fwt_conn *c)
{
	struct fwt_server *s = server_of(c);

	if (s)
		put(c->fn, s, c->server_bits);
}

void fwt_pool_ended(struct fwt_conn *c, enum fwt_end_reason why)
{
	struct fwt_server *s = server_of(c);

	if (!s)
		return;
	atomic64_add(c->packets[0] + c->packets[1], &s->packets);
	atomic64_add(c->bytes[0] + c->bytes[1], &s->bytes);
	if (why == FWT_END_TIMEOUT && c->ends.protocol == IPPROTO_TCP &&
	    !fwt_conn_is(c, FWT_CONN_REPLIED))
		note_silence(c, s);
}

bool fwt_pool_was_reset(const struct fwt_conn *c)
{
	const struct fwt_server *s = server_of(c);

	return s && READ_ONCE(s->flags) & BIT(FWT_SERVER_RESET);
}

bool fwt_pool_was_cut(const struct fwt_conn *c)
{
	const struct fwt_server *s = server_of(c);

	return s && READ_ONCE(s->flags) & BIT(FWT_SERVER_CUT);
}
