// SPDX-License-Identifier: GPL-2.0
/* The pools of a program in userspace; see mock_pool.h. */
#include <stdlib.h>

#include "mock_pool.h"
#include "verify.h"

/**
 * struct fwt_mock_pool - a pool
 * @object: it
 * @first: id of its first server
 * @load: by server, connections and one more
 * @usable: by server
 * @turn: by family
 * @balance: by family, NULL where no server is of it
 * @begin: by family, number of the first server of it; they stand by family
 */
struct fwt_mock_pool {
	const struct fwt_prog_object *object;
	u32 first;
	u32 *load;
	bool *usable;
	u32 turn[2];
	const struct fwt_balance *balance[2];
	u32 begin[3];
};

static const struct fwt_prog_server *servers(const struct fwt_mock_pools *m,
					     const struct fwt_mock_pool *pool)
{
	return m->prog->server + pool->object->param[FWT_POOL_FIRST];
}

static int build(const struct fwt_mock_pools *m, struct fwt_mock_pool *pool, u32 side)
{
	const u32 *param = pool->object->param;
	u32 scheduler = param[FWT_POOL_SCHEDULING], first = pool->begin[side], i;
	u32 n = pool->begin[side + 1] - first;
	bool maglev = fwt_balance_maglev(scheduler, param[FWT_POOL_FLAGS]);
	struct fwt_balance_server *from = calloc(n + 1, sizeof(*from));
	void *mem = malloc(fwt_balance_bytes(n, maglev));
	void *scratch = malloc(fwt_balance_scratch(n, maglev) + 1);
	int ret = -ENOMEM;

	if (from && mem && scratch) {
		for (i = 0; i < n; i++) {
			const struct fwt_prog_server *s = &servers(m, pool)[first + i];

			from[i] = (struct fwt_balance_server){
				.id = fwt_balance_id(s), .weight = s->weight,
				.usable = pool->usable[first + i],
				.load = &pool->load[first + i],
			};
		}
		free((void *)pool->balance[side]);
		pool->balance[side] = fwt_balance_build(mem, scratch, scheduler, maglev, from, n);
		mem = NULL;
		ret = 0;
	}
	free(from);
	free(mem);
	free(scratch);
	return ret;
}

static int init_pool(struct fwt_mock_pools *m, const struct fwt_prog_object *o, u32 *id)
{
	struct fwt_mock_pool *pool = &m->pool[m->n++];
	u32 n = o->param[FWT_POOL_COUNT], i;
	int ret;

	pool->object = o;
	pool->first = *id;
	*id += n;
	pool->load = calloc(n + 1, sizeof(*pool->load));
	pool->usable = calloc(n + 1, sizeof(*pool->usable));
	if (!pool->load || !pool->usable)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		pool->load[i] = 1;
		pool->usable[i] = true;
		pool->begin[1] += servers(m, pool)[i].family == 4;
	}
	pool->begin[2] = n;
	ret = build(m, pool, 0);
	return ret ? ret : build(m, pool, 1);
}

int fwt_mock_pools_init(struct fwt_mock_pools *m, const struct fwt_program *prog)
{
	u32 n = prog->n[FWT_SEC_OBJECTS], i, id = 1;
	int ret = 0;

	memset(m, 0, sizeof(*m));
	m->prog = prog;
	m->pool = calloc(n + 1, sizeof(*m->pool));
	if (!m->pool)
		return -ENOMEM;
	for (i = 0; !ret && i < n; i++)
		if (prog->object[i].kind == FWT_OBJECT_POOL)
			ret = init_pool(m, &prog->object[i], &id);
	if (ret)
		fwt_mock_pools_clean(m);
	return ret;
}

void fwt_mock_pools_clean(struct fwt_mock_pools *m)
{
	u32 i;

	for (i = 0; i < m->n; i++) {
		free(m->pool[i].load);
		free(m->pool[i].usable);
		free((void *)m->pool[i].balance[0]);
		free((void *)m->pool[i].balance[1]);
	}
	free(m->pool);
	memset(m, 0, sizeof(*m));
}

bool fwt_mock_pools_server(const struct fwt_mock_pools *m, u64 key,
			   const struct fwt_packet *p, bool persistent, u32 seed,
			   struct fwt_env_server *to)
{
	u32 side = p->family == 6, i, at, hash;
	const struct fwt_prog_server *s;
	const struct fwt_balance *b;

	for (i = 0; i < m->n && m->pool[i].object->key != key; i++)
		;
	if (i == m->n)
		return false;
	b = m->pool[i].balance[side];
	hash = fwt_balance_hash(p, fwt_balance_by_source(b->scheduler, persistent));
	at = fwt_balance_choose(b, hash, persistent, seed, m->pool[i].turn[side]);
	if (at == FWT_NONE)
		return false;
	at += m->pool[i].begin[side];
	s = &servers(m, &m->pool[i])[at];
	memcpy(to->addr, s->addr, sizeof(to->addr));
	to->port_lo = s->port_lo;
	to->port_hi = s->port_hi;
	to->id = m->pool[i].first + at;
	return true;
}

/* The pool of a server, and its number there. */
static struct fwt_mock_pool *pool_of(const struct fwt_mock_pools *m, u32 id, u32 *at)
{
	u32 i;

	for (i = 0; i < m->n; i++) {
		*at = id - m->pool[i].first;
		if (*at < m->pool[i].begin[2])
			return &m->pool[i];
	}
	return NULL;
}

void fwt_mock_pools_begin(struct fwt_mock_pools *m, u32 id)
{
	struct fwt_mock_pool *pool;
	u32 at, side;

	pool = pool_of(m, id, &at);
	if (!pool)
		return;
	side = at >= pool->begin[1];
	pool->load[at]++;
	if (pool->balance[side]->scheduler == FWT_SCHEDULE_ROUND_ROBIN)
		pool->turn[side] = fwt_balance_turn(pool->balance[side], pool->turn[side]);
}

void fwt_mock_pools_end(struct fwt_mock_pools *m, u32 id)
{
	struct fwt_mock_pool *pool;
	u32 at;

	pool = pool_of(m, id, &at);
	if (pool && pool->load[at] > 1)
		pool->load[at]--;
}

u32 fwt_mock_pools_find(const struct fwt_mock_pools *m, const char *name, u8 family,
			const u32 *addr, u16 port)
{
	u32 i, k;

	for (i = 0; i < m->n; i++) {
		const struct fwt_mock_pool *pool = &m->pool[i];

		if (strcmp(fwt_program_string(m->prog, pool->object->name), name))
			continue;
		for (k = 0; k < pool->begin[2]; k++) {
			const struct fwt_prog_server *s = &servers(m, pool)[k];

			if (s->family == family && (!port || s->port_lo == port) &&
			    !memcmp(s->addr, addr, family == 6 ? 16 : 4))
				return pool->first + k;
		}
	}
	return 0;
}

int fwt_mock_pools_usable(struct fwt_mock_pools *m, u32 id, bool usable)
{
	struct fwt_mock_pool *pool;
	u32 at;

	pool = pool_of(m, id, &at);
	if (!pool)
		return 0;
	pool->usable[at] = usable;
	return build(m, pool, at >= pool->begin[1]);
}
