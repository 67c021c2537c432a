// SPDX-License-Identifier: GPL-2.0
/*
 * Pools: what they have, and who changes it. See pool.h; pool_conn.c has what
 * packets do.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "conn.h"
#include "policy.h"
#include "pool.h"

/**
 * struct fwt_pool_plan - what a policy to come makes of a pool
 * @scheduling: the policy's
 * @flags: its
 * @declared: its servers; NULL where the pool's stay
 * @n: of them
 * @server: for each, one of the pool's or a new one
 * @table: of these
 */
struct fwt_pool_plan {
	u32 scheduling;
	u32 flags;
	struct fwt_prog_server *declared;
	u32 n;
	struct fwt_server **server;
	struct fwt_pool_table *table;
};

static bool same(const struct fwt_prog_server *a, const struct fwt_prog_server *b)
{
	return !fwt_balance_order(a, b);
}

/* Servers */

static struct fwt_server *server_new(struct fwt_pool *pool, const struct fwt_prog_server *is)
{
	struct fwt_net *fn = pool->fn;
	struct fwt_server *s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);

	if (!s)
		return NULL;
	refcount_set(&s->refs, 1);
	atomic_set(&s->active, 1);
	s->pool = pool;
	s->is = *is;
	s->wait = FWT_HEALTH_RETRY;
	s->answered = (u32)jiffies;
	INIT_LIST_HEAD(&s->list);
	/* Round: a number that a packet has just read is not another's soon. */
	if (xa_alloc_cyclic(&fn->servers, &s->index, s, XA_LIMIT(1, U16_MAX),
			    &fn->server_next, GFP_KERNEL_ACCOUNT) < 0) {
		kfree(s);
		return NULL;
	}
	return s;
}

static void server_free(struct fwt_net *fn, struct fwt_server *s)
{
	/* Who lists pools counts what he was told. */
	fn->pool_changes++;
	list_del(&s->list);
	xa_erase(&fn->servers, s->index);
	kfree_rcu(s, rcu);
}

/* Those that are in no pool go when they have no connection any more. */
static void reap(struct fwt_net *fn)
{
	struct fwt_server *s, *next;

	lockdep_assert_held(&fn->lock);
	list_for_each_entry_safe(s, next, &fn->servers_out, list)
		if (refcount_dec_if_one(&s->refs))
			server_free(fn, s);
}

static void put_out(struct fwt_net *fn, struct fwt_server *s, bool reset)
{
	list_move_tail(&s->list, &fn->servers_out);
	WRITE_ONCE(s->flags, s->flags | BIT(reset ? FWT_SERVER_RESET : FWT_SERVER_OUT));
}

static struct fwt_server *find(const struct fwt_pool *pool, const struct fwt_prog_server *is)
{
	struct fwt_server *s;

	list_for_each_entry(s, &pool->servers, list)
		if (same(&s->is, is))
			return s;
	return NULL;
}

/* Out of the pool, but there still; not one whose connections are to end. */
static struct fwt_server *find_out(const struct fwt_pool *pool,
				   const struct fwt_prog_server *is)
{
	struct fwt_server *s;

	list_for_each_entry(s, &pool->fn->servers_out, list)
		if (s->pool == pool && !(s->flags & BIT(FWT_SERVER_CUT)) && same(&s->is, is))
			return s;
	return NULL;
}

/* Of one that was out, or drained, nobody has asked how it is, and what was thought of it
 * then is old.
 */
static void afresh(struct fwt_pool *pool, struct fwt_server *s)
{
	WRITE_ONCE(s->failures, 0);
	WRITE_ONCE(s->wait, FWT_HEALTH_RETRY);
	if (xchg(&s->health, FWT_HEALTH_UP) == FWT_HEALTH_UP)
		return;
	WRITE_ONCE(pool->stale, 1);
	mod_delayed_work(fwt_wq, &pool->fn->pools, 0);
}

/* Into the pool, in order. */
static void put_in(struct fwt_pool *pool, struct fwt_server *s)
{
	struct fwt_server *after;

	if (s->flags)
		afresh(pool, s);
	list_for_each_entry(after, &pool->servers, list)
		if (fwt_balance_order(&s->is, &after->is) < 0)
			break;
	list_move_tail(&s->list, &after->list);
	WRITE_ONCE(s->flags, 0);
}

/* Tables */

static void table_free(struct fwt_pool_table *t)
{
	u32 i;

	for (i = 0; t && i < 2; i++) {
		kvfree(t->side[i].balance);
		kfree(t->side[i].server);
	}
	kfree(t);
}

static void table_free_rcu(struct rcu_head *rcu)
{
	table_free(container_of(rcu, struct fwt_pool_table, rcu));
}

/* @is: as a policy to come has them, which puts in afresh who is drained, or out. */
static int build_side(struct fwt_pool_side *to, u8 family, u32 scheduling, u32 flags,
		      struct fwt_server **server, const struct fwt_prog_server *is, u32 n)
{
	bool maglev = fwt_balance_maglev(scheduling, flags);
	struct fwt_balance_server *from;
	void *mem, *scratch;
	u32 i;

	for (i = 0; i < n; i++)
		to->n += (is ? &is[i] : &server[i]->is)->family == family;
	if (!to->n)
		return 0;
	n = to->n;
	from = kvcalloc(n, sizeof(*from), GFP_KERNEL_ACCOUNT);
	scratch = kvmalloc(fwt_balance_scratch(n, maglev), GFP_KERNEL_ACCOUNT);
	mem = kvmalloc(fwt_balance_bytes(n, maglev), GFP_KERNEL_ACCOUNT);
	to->server = kcalloc(n, sizeof(*to->server), GFP_KERNEL_ACCOUNT);
	to->balance = mem;
	if (!from || (!scratch && maglev) || !mem || !to->server) {
		kvfree(from);
		kvfree(scratch);
		return -ENOMEM;
	}
	for (i = 0, n = 0; n < to->n; i++) {
		const struct fwt_prog_server *s = is ? &is[i] : &server[i]->is;

		if (s->family != family)
			continue;
		from[n].id = fwt_balance_id(s);
		from[n].weight = s->weight;
		from[n].usable = (is && server[i]->flags) ||
				 (!(server[i]->flags & BIT(FWT_SERVER_DRAINED)) &&
				  (!(flags & FWT_POOL_PASSIVE) || fwt_server_well(server[i])));
		from[n].load = (const u32 *)&server[i]->active.counter;
		to->server[n++] = server[i];
	}
	fwt_balance_build(mem, scratch, scheduling, maglev, from, n);
	kvfree(from);
	kvfree(scratch);
	return 0;
}

/* Of @n servers, with the addresses and weights that they have, or those in @is. */
static struct fwt_pool_table *table_new(u32 scheduling, u32 flags, struct fwt_server **server,
					const struct fwt_prog_server *is, u32 n)
{
	struct fwt_pool_table *t = kzalloc(sizeof(*t), GFP_KERNEL_ACCOUNT);

	if (!t)
		return NULL;
	if (!build_side(&t->side[0], 4, scheduling, flags, server, is, n) &&
	    !build_side(&t->side[1], 6, scheduling, flags, server, is, n))
		return t;
	table_free(t);
	return NULL;
}

static void publish_table(struct fwt_pool *pool, struct fwt_pool_table *t)
{
	t = rcu_replace_pointer(pool->table, t, lockdep_is_held(&pool->fn->lock));
	if (t)
		call_rcu(&t->rcu, table_free_rcu);
}

/* The pool's own servers, as an array; NULL without memory. */
static struct fwt_server **as_array(const struct fwt_pool *pool)
{
	struct fwt_server **to = kcalloc(pool->n + 1, sizeof(*to), GFP_KERNEL_ACCOUNT), *s;
	u32 n = 0;

	if (to)
		list_for_each_entry(s, &pool->servers, list)
			to[n++] = s;
	return to;
}

static int rebuild(struct fwt_pool *pool)
{
	struct fwt_server **server = as_array(pool);
	struct fwt_pool_table *t;

	lockdep_assert_held(&pool->fn->lock);
	if (!server)
		return -ENOMEM;
	t = table_new(pool->scheduling, pool->flags, server, NULL, pool->n);
	kfree(server);
	if (!t)
		return -ENOMEM;
	publish_table(pool, t);
	reap(pool->fn);
	return 0;
}

/* Policies */

static void plan_free(struct fwt_pool *pool)
{
	struct fwt_pool_plan *plan = pool->next;
	u32 i;

	if (!plan)
		return;
	for (i = 0; plan->declared && plan->server && i < plan->n; i++) {
		struct fwt_server *s = plan->server[i];

		/* A new one is in no list. */
		if (s && list_empty(&s->list))
			server_free(pool->fn, s);
		else if (s)
			refcount_dec(&s->refs);
	}
	table_free(plan->table);
	kfree(plan->server);
	kvfree(plan->declared);
	kfree(plan);
	pool->next = NULL;
}

/* Does @prog declare the same servers as the policy before. */
static bool as_declared(const struct fwt_pool *pool, const struct fwt_program *prog, u32 i)
{
	const u32 *param = prog->object[i].param;

	return param[FWT_POOL_COUNT] == pool->n_declared &&
	       !memcmp(prog->server + param[FWT_POOL_FIRST], pool->declared,
		       pool->n_declared * sizeof(*pool->declared));
}

static int plan_servers(struct fwt_pool *pool, struct fwt_pool_plan *plan)
{
	u32 i;

	for (i = 0; i < plan->n; i++) {
		struct fwt_server *s = find(pool, &plan->declared[i]);

		if (!s)
			s = find_out(pool, &plan->declared[i]);
		if (!s)
			s = server_new(pool, &plan->declared[i]);
		if (!s)
			return -ENOMEM;
		/* Or it may be reaped before the policy is in force. */
		refcount_inc(&s->refs);
		plan->server[i] = s;
	}
	return 0;
}

/* Under fwt_net.lock, held until the policy is published, or is not: what is found
 * here stays as it is.
 */
static int make_plan(struct fwt_pool *pool, const struct fwt_program *prog, u32 i)
{
	const u32 *param = prog->object[i].param;
	struct fwt_pool_plan *plan;

	plan_free(pool);
	plan = kzalloc(sizeof(*plan), GFP_KERNEL_ACCOUNT);
	if (!plan)
		return -ENOMEM;
	pool->next = plan;
	plan->scheduling = param[FWT_POOL_SCHEDULING];
	plan->flags = param[FWT_POOL_FLAGS];
	if (as_declared(pool, prog, i)) {
		plan->server = as_array(pool);
		plan->n = pool->n;
	} else {
		plan->n = param[FWT_POOL_COUNT];
		plan->declared = kvcalloc(plan->n + 1, sizeof(*plan->declared),
					  GFP_KERNEL_ACCOUNT);
		plan->server = kcalloc(plan->n + 1, sizeof(struct fwt_server *),
				       GFP_KERNEL_ACCOUNT);
		if (!plan->declared || !plan->server)
			goto no_memory;
		if (plan->n)
			memcpy(plan->declared, prog->server + param[FWT_POOL_FIRST],
			       plan->n * sizeof(*plan->declared));
		if (plan_servers(pool, plan))
			goto no_memory;
	}
	if (plan->server)
		plan->table = table_new(plan->scheduling, plan->flags, plan->server,
					plan->declared, plan->n);
	if (plan->table)
		return 0;
no_memory:
	plan_free(pool);
	return -ENOMEM;
}

static bool declares(const struct fwt_pool_plan *plan, const struct fwt_prog_server *is)
{
	u32 lo = 0, hi = plan->n;

	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2;
		int o = fwt_balance_order(&plan->declared[mid], is);

		if (!o)
			return true;
		if (o < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return false;
}

/* Who is not declared any more is out, and so are its connections: the policy in
 * force does not lead there.
 */
static void carry_out(struct fwt_pool *pool)
{
	struct fwt_pool_plan *plan = pool->next;
	struct fwt_server *s, *next;
	u32 i;

	pool->scheduling = plan->scheduling;
	pool->flags = plan->flags;
	if (plan->declared) {
		list_for_each_entry_safe(s, next, &pool->servers, list)
			if (!declares(plan, &s->is))
				put_out(pool->fn, s, true);
		/* Nor to who was deleted by hand before. */
		list_for_each_entry(s, &pool->fn->servers_out, list)
			if (s->pool == pool && !declares(plan, &s->is))
				WRITE_ONCE(s->flags, s->flags | BIT(FWT_SERVER_RESET));
		for (i = 0; i < plan->n; i++) {
			s = plan->server[i];
			s->is.weight = plan->declared[i].weight;
			put_in(pool, s);
			refcount_dec(&s->refs);
		}
		pool->n = plan->n;
		swap(pool->declared, plan->declared);
		pool->n_declared = plan->n;
		kvfree(plan->declared);
		plan->declared = NULL;
	}
	/* Where nobody asks any more how servers are, they are well. */
	list_for_each_entry(s, &pool->servers, list) {
		if (pool->flags & FWT_POOL_PASSIVE)
			break;
		WRITE_ONCE(s->failures, 0);
		WRITE_ONCE(s->wait, FWT_HEALTH_RETRY);
		WRITE_ONCE(s->health, FWT_HEALTH_UP);
	}
	publish_table(pool, plan->table);
	plan->table = NULL;
	plan_free(pool);
	reap(pool->fn);
}

static void pool_free(struct fwt_object *o)
{
	struct fwt_pool *pool = container_of(o, struct fwt_pool, obj);
	struct fwt_net *fn = pool->fn;
	struct fwt_server *s, *next;

	plan_free(pool);
	list_for_each_entry_safe(s, next, &pool->servers, list)
		put_out(fn, s, true);
	list_for_each_entry(s, &fn->servers_out, list) {
		if (s->pool != pool)
			continue;
		/* Also of who was deleted by hand: no policy leads there. */
		WRITE_ONCE(s->flags, s->flags | BIT(FWT_SERVER_RESET));
		WRITE_ONCE(s->pool, NULL);
	}
	reap(fn);
	publish_table(pool, NULL);
	kvfree(pool->declared);
	kfree_rcu(pool, rcu);
}

static void no_memory(struct netlink_ext_ack *extack, const struct fwt_program *prog, u32 i)
{
	NL_SET_ERR_MSG_FMT(extack, "no memory, or no number, for the %u servers of a pool",
			   prog->object[i].param[FWT_POOL_COUNT]);
}

static struct fwt_object *pool_create(struct fwt_net *fn, const struct fwt_program *prog,
				      u32 i, struct netlink_ext_ack *extack)
{
	struct fwt_pool *pool = kzalloc(sizeof(*pool), GFP_KERNEL_ACCOUNT);

	if (!pool)
		return ERR_PTR(-ENOMEM);
	pool->fn = fn;
	INIT_LIST_HEAD(&pool->servers);
	/* Declared by nobody so far: all servers are new. */
	pool->n_declared = U32_MAX;
	if (make_plan(pool, prog, i)) {
		no_memory(extack, prog, i);
		kfree(pool);
		return ERR_PTR(-ENOMEM);
	}
	carry_out(pool);
	return &pool->obj;
}

/* A pool of the same name is the same one, whatever else is said of it. */
static bool pool_alike(const struct fwt_object *o, const struct fwt_program *prog, u32 i)
{
	return !strcmp(o->name, prog->string + prog->object[i].name);
}

static int pool_prepare(struct fwt_object *o, const struct fwt_program *prog, u32 i,
			struct netlink_ext_ack *extack)
{
	struct fwt_pool *pool = container_of(o, struct fwt_pool, obj);
	const u32 *param = prog->object[i].param;

	if (as_declared(pool, prog, i) && pool->scheduling == param[FWT_POOL_SCHEDULING] &&
	    pool->flags == param[FWT_POOL_FLAGS])
		return 0;
	if (!make_plan(pool, prog, i))
		return 0;
	no_memory(extack, prog, i);
	return -ENOMEM;
}

static void pool_publish(struct fwt_object *o, const struct fwt_program *prog, u32 i)
{
	struct fwt_pool *pool = container_of(o, struct fwt_pool, obj);

	if (pool->next)
		carry_out(pool);
	/* Servers that are out may be those of a policy that comes in force again, and
	 * nobody has looked after them meanwhile.
	 */
	mod_delayed_work(fwt_wq, &pool->fn->pools, 0);
}

static void pool_cancel(struct fwt_object *o)
{
	plan_free(container_of(o, struct fwt_pool, obj));
}

const struct fwt_object_ops fwt_pool_ops = {
	.create = pool_create,
	.alike = pool_alike,
	.prepare = pool_prepare,
	.cancel = pool_cancel,
	.publish = pool_publish,
	.free = pool_free,
};

/* By hand */

int fwt_pool_server_add(struct fwt_pool *pool, const struct fwt_prog_server *is)
{
	struct fwt_server *s = find(pool, is), *again;
	u32 weight;
	int ret;

	if (s && !(s->flags & BIT(FWT_SERVER_DRAINED)))
		return -EEXIST;
	if (s) {
		/* It is given connections again. */
		weight = s->is.weight;
		s->is.weight = is->weight ? is->weight : weight;
		afresh(pool, s);
		WRITE_ONCE(s->flags, 0);
		ret = rebuild(pool);
		if (ret) {
			s->is.weight = weight;
			WRITE_ONCE(s->flags, BIT(FWT_SERVER_DRAINED));
		}
		return ret;
	}
	if (pool->n == FWT_POOL_SERVERS_MAX)
		return -E2BIG;
	again = find_out(pool, is);
	s = again ? again : server_new(pool, is);
	if (!s)
		return -ENOMEM;
	s->is.weight = is->weight ? is->weight : 1;
	put_in(pool, s);
	pool->n++;
	ret = rebuild(pool);
	if (ret) {
		pool->n--;
		put_out(pool->fn, s, false);
	}
	return ret;
}

int fwt_pool_server_weight(struct fwt_pool *pool, const struct fwt_prog_server *is)
{
	struct fwt_server *s = find(pool, is);
	u32 weight;
	int ret;

	if (!s)
		return -ENOENT;
	weight = s->is.weight;
	s->is.weight = is->weight;
	ret = rebuild(pool);
	if (ret)
		s->is.weight = weight;
	return ret;
}

int fwt_pool_server_drain(struct fwt_pool *pool, const struct fwt_prog_server *is)
{
	struct fwt_server *s = find(pool, is);
	int ret;

	if (!s)
		return -ENOENT;
	if (s->flags & BIT(FWT_SERVER_DRAINED))
		return 0;
	WRITE_ONCE(s->flags, BIT(FWT_SERVER_DRAINED));
	ret = rebuild(pool);
	if (ret)
		WRITE_ONCE(s->flags, 0);
	return ret;
}

/* Decided by no policy: the next packet asks. */
static int forget(struct fwt_conn *c, void *ctx)
{
	struct fwt_server *s = ctx;
	const struct fwt_policy *pol;

	if (READ_ONCE(c->tcp.owner) != s->index)
		return 0;
	pol = rcu_dereference(c->fn->policy);
	spin_lock_bh(&c->lock);
	if (pol)
		WRITE_ONCE(c->gen, pol->gen - 1);
	spin_unlock_bh(&c->lock);
	return 0;
}

int fwt_pool_server_delete(struct fwt_pool *pool, const struct fwt_prog_server *is, bool reset)
{
	struct fwt_server *s = find(pool, is);
	struct fwt_hash_walk w = { };
	u32 flags;
	int ret;

	/* Who was taken out already may be reset later. */
	if (!s && reset)
		s = find_out(pool, is);
	if (!s)
		return -ENOENT;
	flags = s->flags;
	if (!(flags & (BIT(FWT_SERVER_OUT) | BIT(FWT_SERVER_RESET)))) {
		put_out(pool->fn, s, reset);
		pool->n--;
		/* Or the list would let go of it. */
		refcount_inc(&s->refs);
		ret = rebuild(pool);
		refcount_dec(&s->refs);
		if (ret) {
			/* It was in, and stays as it was. */
			WRITE_ONCE(s->flags, 0);
			put_in(pool, s);
			WRITE_ONCE(s->flags, flags);
			pool->n++;
			return ret;
		}
	}
	if (reset) {
		WRITE_ONCE(s->flags, s->flags | BIT(FWT_SERVER_RESET) | BIT(FWT_SERVER_CUT));
		/* Who was led there just now is in the table of connections then. */
		synchronize_rcu();
		/* Where no tree of IP is, no tree leads to it, and there is no table. */
		if (pool->fn->conns_ready)
			fwt_conns_walk(pool->fn, &w, forget, s);
	}
	reap(pool->fn);
	return 0;
}

static int count_one(struct fwt_conn *c, void *ctx)
{
	u16 index = READ_ONCE(c->tcp.owner);
	struct fwt_server *s = index ? xa_load(&c->fn->servers, index) : NULL;

	if (s) {
		s->sum_packets += READ_ONCE(c->packets[0]) + READ_ONCE(c->packets[1]);
		s->sum_bytes += READ_ONCE(c->bytes[0]) + READ_ONCE(c->bytes[1]);
	}
	return 0;
}

void fwt_pools_count(struct fwt_net *fn)
{
	struct fwt_hash_walk w = { };
	struct fwt_server *s;
	unsigned long index;

	lockdep_assert_held(&fn->lock);
	xa_for_each(&fn->servers, index, s) {
		s->sum_packets = atomic64_read(&s->packets);
		s->sum_bytes = atomic64_read(&s->bytes);
	}
	if (fn->conns_ready && !xa_empty(&fn->servers))
		fwt_conns_walk(fn, &w, count_one, NULL);
	/* One that ended before the walk came by is not in it, and is the next time. */
	xa_for_each(&fn->servers, index, s) {
		s->told_packets = max(s->told_packets, s->sum_packets);
		s->told_bytes = max(s->told_bytes, s->sum_bytes);
	}
}

/* Who was out for long enough may be tried, and again where nothing was heard of that
 * one connection; who is out, or may be tried since, is seen to by another table.
 */
static void attend(struct fwt_pool *pool, unsigned long *again)
{
	bool change = false;
	struct fwt_server *s;

	list_for_each_entry(s, &pool->servers, list) {
		/* Whoever changes it has written @retry before. */
		u32 health = smp_load_acquire(&s->health);
		s32 left = (s32)(READ_ONCE(s->retry) - (u32)jiffies);
		bool down = health == FWT_HEALTH_DOWN;

		/* Tried in vain it was never up. */
		if (s->told != down && (down || health == FWT_HEALTH_UP)) {
			s->told = down;
			fwt_event_server(pool->fn, s);
		}
		if (health == FWT_HEALTH_UP || health == FWT_HEALTH_TRYING)
			continue;
		change = true;
		if (left > 0)
			*again = min_t(unsigned long, *again, left);
		else
			cmpxchg(&s->health, health, FWT_HEALTH_TRYING);
	}
	change |= xchg(&pool->stale, 0);
	if (change && rebuild(pool)) {
		WRITE_ONCE(pool->stale, 1);
		*again = min_t(unsigned long, *again, HZ);
	}
}

static void pools_work(struct work_struct *work)
{
	struct fwt_net *fn = container_of(to_delayed_work(work), struct fwt_net, pools);
	unsigned long again = MAX_JIFFY_OFFSET;
	struct fwt_policy *p;
	u32 i;

	mutex_lock(&fn->lock);
	p = fwt_policy_locked(fn);
	for (i = 0; p && i < p->prog.n[FWT_SEC_OBJECTS]; i++)
		if (p->object[i]->kind == FWT_OBJECT_POOL)
			attend(container_of(p->object[i], struct fwt_pool, obj), &again);
	reap(fn);
	mutex_unlock(&fn->lock);
	if (again != MAX_JIFFY_OFFSET)
		queue_delayed_work(fwt_wq, &fn->pools, again + 1);
}

void fwt_pools_net_init(struct fwt_net *fn)
{
	xa_init_flags(&fn->servers, XA_FLAGS_ALLOC1);
	INIT_LIST_HEAD(&fn->servers_out);
	INIT_DELAYED_WORK(&fn->pools, pools_work);
}

void fwt_pools_net_clean(struct fwt_net *fn)
{
	cancel_delayed_work_sync(&fn->pools);
	mutex_lock(&fn->lock);
	reap(fn);
	mutex_unlock(&fn->lock);
	WARN_ON(!list_empty(&fn->servers_out));
	xa_destroy(&fn->servers);
}
