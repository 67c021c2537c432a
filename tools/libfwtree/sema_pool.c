// SPDX-License-Identifier: GPL-2.0
/*
 * Pools, and the rules that balance over them.
 */
#include <stdlib.h>

#include "balance.h"
#include "sema.h"
#include "server_text.h"

static const struct fwt_ast_ref port_ref = { .field = FWT_AST_DPORT };
static const struct fwt_ast_ref addr_ref = { .field = FWT_AST_DADDR };

/* By enum fwt_scheduler */
static const u8 scheduling[FWT_SCHEDULER_COUNT] = {
	[FWT_SCHEDULER_MAGLEV] = FWT_SCHEDULE_MAGLEV,
	[FWT_SCHEDULER_ROUND_ROBIN] = FWT_SCHEDULE_ROUND_ROBIN,
	[FWT_SCHEDULER_RANDOM] = FWT_SCHEDULE_RANDOM,
	[FWT_SCHEDULER_LEAST_CONN] = FWT_SCHEDULE_LEAST_CONN,
	[FWT_SCHEDULER_SOURCE_HASH] = FWT_SCHEDULE_SOURCE_HASH,
};

/**
 * struct pool_state - what is known of a pool
 * @object: index in OBJECTS
 * @used: a rule balances over it
 */
struct pool_state {
	u32 object;
	bool used;
};

/* A server, and where it was written. */
struct written {
	struct fwt_prog_server server;
	const struct fwt_server *ast;
};

static int by_order(const void *a, const void *b)
{
	const struct written *x = a, *y = b;
	int o = fwt_balance_order(&x->server, &y->server);

	if (o)
		return o;
	return x->ast->loc.line != y->ast->loc.line ?
		(x->ast->loc.line < y->ast->loc.line ? -1 : 1) :
		(x->ast->loc.column < y->ast->loc.column ? -1 : 1);
}

static bool server_port(struct fwt_sema *s, const struct fwt_value *port,
			struct fwt_prog_server *to)
{
	struct fwt_range r;

	if (!port)
		return true;
	if (port->kind == FWT_VALUE_ERROR || !fwt_sema_range(s, &port_ref, port, &r))
		return false;
	if (!r.low[0]) {
		fwt_error(s->diag, &port->loc, "port 0 is none to lead to");
		return false;
	}
	to->port_lo = (u16)r.low[0];
	to->port_hi = (u16)r.high[0];
	return true;
}

static bool server(struct fwt_sema *s, const struct fwt_server *from,
		   struct fwt_prog_server *to)
{
	struct fwt_range r;

	memset(to, 0, sizeof(*to));
	if (from->addr->kind == FWT_VALUE_ERROR)
		return false;
	if (from->addr->kind != FWT_VALUE_IPV4 && from->addr->kind != FWT_VALUE_IPV6) {
		fwt_error_hint(s->diag, &from->addr->loc,
			       "a name may mean another machine tomorrow",
			       "a server of a pool is an address");
		return false;
	}
	if (!fwt_sema_range(s, &addr_ref, from->addr, &r) || !server_port(s, from->port, to))
		return false;
	if (fwt_no_host(r.family, r.low, r.high)) {
		fwt_error(s->diag, &from->addr->loc,
			  "a server is one host, and this address is a group's, a broadcast or none");
		return false;
	}
	if (!from->weight) {
		fwt_error_hint(s->diag, &from->loc,
			       "leave it out, or take it out of the running pool: fwctl pool drain",
			       "a server of weight 0 would be given nothing");
		return false;
	}
	if (from->weight > FWT_SERVER_WEIGHT_MAX) {
		fwt_error(s->diag, &from->loc, "a weight is 1 to %u", FWT_SERVER_WEIGHT_MAX);
		return false;
	}
	to->family = r.family;
	memcpy(to->addr, r.low, sizeof(to->addr));
	to->weight = (u32)from->weight;
	return true;
}

/* In order; the one that is written twice is told. Returns how many. */
static u32 servers(struct fwt_sema *s, const struct fwt_pool *pool, struct written *to)
{
	const struct fwt_server *from;
	u32 n = 0, i;

	for (from = pool->servers; from; from = from->next) {
		to[n].ast = from;
		n += server(s, from, &to[n].server);
	}
	qsort(to, n, sizeof(*to), by_order);
	for (i = 1; i < n; i++)
		if (!fwt_balance_order(&to[i - 1].server, &to[i].server))
			fwt_error_hint(s->diag, &to[i].ast->loc, "'weight' gives it more",
				       "this server is there already, in line %u",
				       to[i - 1].ast->loc.line);
	return n;
}

static void declare(struct fwt_sema *s, struct fwt_pool *pool)
{
	struct fwt_prog_object o = {
		.kind = FWT_OBJECT_POOL,
		.key = fwt_object_key(FWT_OBJECT_POOL, pool->name.text),
	};
	struct pool_state *state = fwt_sema_alloc(s, sizeof(*state));
	struct written *w = fwt_sema_alloc(s, (pool->count + 1) * sizeof(*w));
	u32 n, i;

	if (!state || !w)
		return;
	pool->priv = state;
	state->object = FWT_NONE;
	if (!pool->servers) {
		/* What could not be read may have been some. */
		if (!pool->lost)
			fwt_error(s->diag, &pool->name.loc, "pool '%s' has no server",
				  pool->name.text);
		return;
	}
	if (pool->count > FWT_POOL_SERVERS_MAX) {
		fwt_error(s->diag, &pool->name.loc, "pool '%s' has %u servers, %u are the most",
			  pool->name.text, pool->count, FWT_POOL_SERVERS_MAX);
		return;
	}
	n = servers(s, pool, w);
	o.name = fwt_builder_string(&s->b, pool->name.text);
	s->failed |= o.name == FWT_NONE;
	o.param[FWT_POOL_SCHEDULING] = scheduling[pool->scheduler];
	o.param[FWT_POOL_FLAGS] = pool->health_passive ? FWT_POOL_PASSIVE : 0;
	o.param[FWT_POOL_FIRST] = s->b.sec[FWT_SEC_SERVERS].count;
	o.param[FWT_POOL_COUNT] = n;
	for (i = 0; i < n; i++)
		fwt_builder_add(&s->b, FWT_SEC_SERVERS, &w[i].server);
	state->object = fwt_builder_add(&s->b, FWT_SEC_OBJECTS, &o);
}

void fwt_sema_pools(struct fwt_sema *s)
{
	struct fwt_pool *pool;
	u32 n = 0;

	for (pool = s->ast->pools; pool && !s->failed; pool = pool->next) {
		if (++n == FWT_POOLS_MAX + 1)
			fwt_error(s->diag, &pool->name.loc, "%u pools are the most",
				  FWT_POOLS_MAX);
		declare(s, pool);
	}
}

void fwt_sema_pools_unused(struct fwt_sema *s)
{
	const struct pool_state *state;
	struct fwt_pool *pool;

	for (pool = s->ast->pools; pool; pool = pool->next) {
		state = pool->priv;
		if (s->warnings && state && !state->used)
			fwt_warning(s->diag, &pool->name.loc, "pool '%s' is not used",
				    pool->name.text);
		pool->priv = NULL;
	}
}

static struct fwt_pool *find(struct fwt_sema *s, const struct fwt_name *name)
{
	struct fwt_pool *pool = fwt_ast_pool(s->ast, name->text), *other;
	struct fwt_suggest suggest;
	char hint[300];

	if (pool || s->ast->lost)
		return pool;
	if (fwt_ast_set(s->ast, name->text) || fwt_ast_map(s->ast, name->text)) {
		fwt_error(s->diag, &name->loc, "'%s' is no pool: 'balance' takes one",
			  name->text);
		return NULL;
	}
	s->of_whole = s->patch;
	fwt_suggest_init(&suggest, name->text);
	for (other = s->ast->pools; other; other = other->next)
		fwt_suggest_try(&suggest, other->name.text);
	fwt_error_hint(s->diag, &name->loc, fwt_suggest_hint(&suggest, hint, sizeof(hint)),
		       "there is no pool '%s'", name->text);
	return NULL;
}

/* A range of one port is a port: nothing to match one to one. */
static void matched_ports(struct fwt_sema *s, const struct fwt_rule *rule,
			  struct fwt_prog_mod *to)
{
	struct fwt_sema_ports p;

	if (!fwt_sema_ports(s, rule, &p) || p.low == p.high || !p.low)
		return;
	to->port_lo = (u16)p.low;
	to->port_hi = (u16)p.high;
}

bool fwt_sema_balance(struct fwt_sema *s, const struct fwt_rule *rule,
		      const struct fwt_modifier *m, struct fwt_prog_mod *to)
{
	struct fwt_prog_object *o = NULL;
	struct pool_state *state;
	struct fwt_pool *pool;

	if (!m->nat.pool.text)
		return false;
	pool = find(s, &m->nat.pool);
	state = pool ? pool->priv : NULL;
	if (state)
		state->used = true;
	if (m->nat.flags & FWT_NAT_RANDOM) {
		fwt_error_hint(s->diag, &m->loc, "'scheduler random' in the pool is meant",
			       "a pool's scheduler says how 'balance' chooses");
		return false;
	}
	if (m->nat.flags & FWT_NAT_EIM) {
		fwt_error_hint(s->diag, &m->loc, "'persistent' may be meant",
			       "'endpoint-independent' is of 'snat' and 'masquerade': it says how a source is shown");
		return false;
	}
	if (!state || state->object == FWT_NONE)
		return false;
	o = s->b.sec[FWT_SEC_OBJECTS].data;
	to->type = FWT_MOD_BALANCE;
	to->a = state->object;
	if (m->nat.flags & FWT_NAT_PERSISTENT) {
		to->flags |= FWT_MOD_PERSISTENT;
		o[state->object].param[FWT_POOL_FLAGS] |= FWT_POOL_PERSISTENT;
	}
	if (m->nat.or_reject) {
		to->flags |= FWT_MOD_OR_REJECT;
		to->addr_lo[0] = m->nat.or_reject->reject.with;
	}
	matched_ports(s, rule, to);
	return true;
}
