// SPDX-License-Identifier: GPL-2.0
/*
 * One simulation: a machine with a policy, a clock and connections.
 *
 * Several of them. The module's code has variables of its CPU, and the kernel under it
 * a clock and chance. Whoever enters another simulation than the last one exchanges
 * them: sim_enter(). Packets are led through it by sim_way.c.
 */
#include <stdarg.h>

#include "sim_machine.h"
#include "sim_names.h"
#include "count.h"
#include "hook.h"
#include "pool.h"
#include "way.h"
#include "sim.h"
#include "sim_kernel.h"

#define BEGIN (1u << 20)	/* ticks; not 0, which nothing begins at */

static struct fwt_sim *inside;

void sim_enter(struct fwt_sim *sim)
{
	if (inside == sim)
		return;
	if (inside) {
		inside->clock = sim_jiffies;
		inside->chance = sim_chance_get();
		sim_percpu_save(inside->percpu);
	}
	inside = sim;
	if (!sim)
		return;
	sim_jiffies = sim->clock;
	sim_chance_set(sim->chance);
	sim_percpu_load(sim->percpu);
	sim_walks_now = &sim->walks;
	sim_way_now = &sim->way;
}

struct fwt_net *sim_net_of(struct fwt_sim *sim)
{
	sim_enter(sim);
	return &sim->fn;
}

int sim_set_error(struct fwt_sim *sim, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(sim->error, sizeof(sim->error), fmt, args);
	va_end(args);
	return -1;
}

struct sim_told *sim_told_of(struct fwt_sim *sim)
{
	return &sim->told;
}

const char *fwt_sim_error(const struct fwt_sim *sim)
{
	return sim->error;
}

static int caches(void)
{
	static bool ready;

	if (!ready && fwt_conn_cache_init())
		return -1;
	ready = true;
	return 0;
}

struct fwt_sim *fwt_sim_new(void)
{
	struct fwt_sim *sim = calloc(1, sizeof(*sim));
	int i;

	if (!sim)
		return NULL;
	sim->percpu = calloc(1, sim_percpu_size());
	sim->fn.stats = calloc(1, sizeof(*sim->fn.stats));
	INIT_LIST_HEAD(&sim->net.devs);
	INIT_LIST_HEAD(&sim->frags);
	INIT_LIST_HEAD(&sim->fn.devs);
	if (!sim->percpu || !sim->fn.stats || caches() ||
	    fwt_slots_init(&sim->fn.slots)) {
		free(sim->percpu);
		free(sim->fn.stats);
		free(sim);
		return NULL;
	}
	fwt_mock_routes_init(&sim->world.routes);
	sim->net.user_ns = &init_user_ns;
	sim->net.gen = &sim->fn;
	sim->net.world = &sim->world;
	sim->fn.net = &sim->net;
	fwt_share_init(&sim->fn.sets, FWT_SHARE_SETS, &sim->net);
	fwt_share_init(&sim->fn.limits, FWT_SHARE_LIMITS, &sim->net);
	sim->fn.timeouts_percent = 100;
	fwt_policies_net_init(&sim->fn);
	fwt_pools_net_init(&sim->fn);
	ratelimit_state_init(&sim->fn.answer_limit, HZ, 100);
	for (i = 0; i < __FWT_TOLD_MAX; i++)
		ratelimit_state_init(&sim->fn.told[i].limit, HZ, 0);
	sim->clock = BEGIN;
	sim_enter(sim);
	sim_device(&sim->net, "lo");
	return sim;
}

void sim_clean_way(struct fwt_sim *sim)
{
	size_t i;

	for (i = 0; i < sim->way.n_logs; i++)
		free(sim->way.log[i]);
	free(sim->way.log);
	sim->way.log = NULL;
	sim->way.n_logs = 0;
	sim->way.reason = FWT_REASON_NONE;
	sim->way.why = NULL;
	sim->way.dropped = false;
	sim->way.begun = 0;
	sim->way.node = NULL;
	sim->way.answer.len = 0;
	sim->walks.n = 0;
	sim->walks.n_steps = 0;
}

void fwt_sim_free(struct fwt_sim *sim)
{
	if (!sim)
		return;
	sim_enter(sim);
	sim_names_free(sim);
	sim->fn.dying = true;
	fwt_policy_flush(&sim->fn);
	sim_quiesce();
	fwt_conns_clean(&sim->fn);
	fwt_pools_net_clean(&sim->fn);
	sim_quiesce();
	fwt_counts_clean(&sim->fn);
	fwt_slots_clean(&sim->fn.slots);
	sim_quiesce();
	sim_devices_clean(&sim->net);
	sim_frags_clean(sim);
	sim_clean_way(sim);
	sim_enter(NULL);
	sim_walks_clean(&sim->walks);
	fwt_mock_routes_clean(&sim->world.routes);
	fwt_mock_nodes_clean(&sim->world.nodes);
	free(sim->told.errors);
	free(sim->rule_of_slot);
	free(sim->fn.stats);
	free(sim->percpu);
	free(sim);
}

/* The policy */

static int learn_slots(struct fwt_sim *sim)
{
	const struct fwt_policy *pol = sim_policy_of(sim);
	u32 n = fwt_slots_capacity(&sim->fn), i;
	u32 *map = malloc((n + 1) * sizeof(*map));

	if (!map)
		return sim_set_error(sim, "out of memory");
	for (i = 0; i < n; i++)
		map[i] = FWT_NONE;
	for (i = 0; i < pol->prog.n[FWT_SEC_RULES]; i++)
		map[pol->slot[i]] = i;
	free(sim->rule_of_slot);
	sim->rule_of_slot = map;
	sim->n_slots = n;
	return 0;
}

int sim_policy_blob(struct fwt_sim *sim, const void *blob, size_t len)
{
	struct netlink_ext_ack ack = { "out of memory" };
	void *copy = malloc(len);
	u32 gen;
	int ret;

	sim_enter(sim);
	if (!copy)
		return sim_set_error(sim, "out of memory");
	memcpy(copy, blob, len);
	/* What was walked points into the former program. */
	sim_clean_way(sim);
	memset(&sim->result, 0, sizeof(sim->result));
	ret = fwt_policy_apply(&sim->fn, copy, len, FWT_GENERATION_ANY, &ack, &gen);
	sim_quiesce();
	if (ret)
		return sim_set_error(sim, "%s", ack.text);
	return learn_slots(sim);
}

/* The world */

const struct fwt_mock_routes *sim_routes(const struct fwt_sim *sim)
{
	return &sim->world.routes;
}

bool sim_has_world(const struct fwt_sim *sim)
{
	return sim->world.said;
}

static bool names(const struct fwt_vec *v, const char *name)
{
	const struct fwt_mock_entry *e = v->data;
	u32 i;

	for (i = 0; i < v->count; i++)
		if (!strcmp(e[i].dev, name))
			return true;
	return false;
}

bool sim_knows_device(const struct fwt_sim *sim, const char *name)
{
	return !strcmp(name, "lo") || names(&sim->world.routes.address, name) ||
	       names(&sim->world.routes.route, name) || names(&sim->world.routes.link, name);
}

const char *sim_some_device(const struct fwt_sim *sim, u32 n)
{
	const struct fwt_vec *a = &sim->world.routes.address, *r = &sim->world.routes.route;
	const struct fwt_mock_entry *e;

	if (!(a->count + r->count))
		return NULL;
	n %= a->count + r->count;
	e = n < a->count ? (const struct fwt_mock_entry *)a->data + n :
			   (const struct fwt_mock_entry *)r->data + (n - a->count);
	return *e->dev ? e->dev : NULL;
}

bool sim_some_address(const struct fwt_sim *sim, u32 n, u8 *family, u32 *addr)
{
	const struct fwt_mock_entry *e = sim->world.routes.address.data;

	if (n >= sim->world.routes.address.count)
		return false;
	*family = e[n].family;
	memcpy(addr, e[n].addr, sizeof(e[n].addr));
	return true;
}

bool sim_own_address(const struct fwt_sim *sim, u8 family, const u8 *addr)
{
	u32 words[4] = { 0 }, i;

	for (i = 0; i < (family == 6 ? 4u : 1u); i++)
		words[i] = get_unaligned_be32(addr + 4 * i);
	return fwt_own_address((struct net *)&sim->net, NULL, family, words);
}

const struct fwt_program *sim_program(const struct fwt_sim *sim)
{
	return &sim_policy_of(sim)->prog;
}

static int set_seed(struct fwt_sim *sim, const char *text)
{
	char *end;
	u64 n = strtoull(text, &end, 0);

	if (*text < '0' || *text > '9' || end[strspn(end, " \t\r\n")])
		return sim_set_error(sim, "a number is meant after 'seed'");
	if (sim->begun)
		return sim_set_error(sim, "'seed' comes before the first packet");
	/* What was drawn already is drawn again. */
	sim_chance_set(n);
	if (sim->fn.conns_ready)
		get_random_bytes(&sim->fn.conns.key, sizeof(sim->fn.conns.key));
	return 0;
}

const char *sim_node_asked(const struct fwt_sim *sim)
{
	return sim->way.node;
}

void **sim_names_at(struct fwt_sim *sim)
{
	return &sim->names;
}

int fwt_sim_world(struct fwt_sim *sim, const char *line)
{
	char text[160] = "out of memory";

	sim_enter(sim);
	line += strspn(line, " \t");
	if (!strncmp(line, "seed ", 5))
		return set_seed(sim, line + 5 + strspn(line + 5, " \t"));
	if (sim_is_name_line(line))
		return sim_names_line(sim, line);
	if (!strncmp(line, "node ", 5))
		return fwt_mock_nodes_line(&sim->world.nodes, line, text, sizeof(text)) ?
		       sim_set_error(sim, "%s", text) : 0;
	if (fwt_mock_routes_line(&sim->world.routes, line, text, sizeof(text)))
		return sim_set_error(sim, "%s", text);
	sim_devices_link(&sim->net);
	sim->world.said = true;
	return 0;
}

/* The clock */

static void collect(struct fwt_sim *sim)
{
	u32 i;

	/* A sixteenth of all a time, and the round that is under way. */
	for (i = 0; sim->fn.conns_ready && i < 18; i++) {
		sim->fn.gc.work.func(&sim->fn.gc.work);
		sim_quiesce();
	}
}

_Static_assert(SIM_TICK * HZ == 1000, "the tick that sim.h tells of");

void fwt_sim_wait(struct fwt_sim *sim, u64 ms)
{
	u64 ticks = DIV_ROUND_UP_ULL(ms * HZ, MSEC_PER_SEC), hop;

	sim_enter(sim);
	/* Expiry is told by a difference of 32 bits: what is over is collected in
	 * time, as the kernel does it.
	 */
	while (ticks) {
		hop = min(ticks, (u64)HZ * 86400);
		sim_jiffies += hop;
		ticks -= hop;
		if (hop >= HZ / 4)
			collect(sim);
		/* Servers that were out for long enough may be tried. */
		sim->fn.pools.work.func(&sim->fn.pools.work);
	}
	/* It comes by once a second. */
	if (ms >= 1000)
		sim_sets_collect(sim);
	sim_quiesce();
}

u64 fwt_sim_now(const struct fwt_sim *sim)
{
	u64 now = inside == sim ? sim_jiffies : sim->clock;

	return (now - BEGIN) * 1000 / HZ;
}

/* Looking */

void fwt_sim_trace(struct fwt_sim *sim, bool on)
{
	sim->walks.trace = on;
}

const struct sim_walks *sim_walks_of(const struct fwt_sim *sim)
{
	return &sim->walks;
}

const struct fwt_sim_result *sim_result_of(const struct fwt_sim *sim)
{
	return &sim->result;
}

struct visit {
	struct fwt_sim *sim;
	void (*visit)(void *ctx, const struct fwt_sim_conn *conn);
	void *ctx;
};

static int visit_one(struct fwt_conn *c, void *ctx)
{
	struct visit *v = ctx;
	struct fwt_sim_conn conn;

	sim_conn_fill(v->sim, c, &conn);
	v->visit(v->ctx, &conn);
	return 0;
}

void fwt_sim_conns(struct fwt_sim *sim,
		   void (*visit)(void *ctx, const struct fwt_sim_conn *conn), void *ctx)
{
	struct visit v = { sim, visit, ctx };
	struct fwt_hash_walk w = { };

	sim_enter(sim);
	if (sim->fn.conns_ready)
		fwt_conns_walk(&sim->fn, &w, visit_one, &v);
}

void sim_plain(struct fwt_sim *sim, bool on)
{
	sim->plain = on;
}

bool sim_is_plain(const struct fwt_sim *sim)
{
	return sim->plain;
}

void sim_forget(struct fwt_sim *sim)
{
	sim_enter(sim);
	fwt_conns_flush(&sim->fn);
	sim_quiesce();
}

u64 fwt_sim_counter(struct fwt_sim *sim, const char *name)
{
	u32 i;

	sim_enter(sim);
	for (i = 1; i < __FWT_REASON_MAX; i++)
		if (!strcmp(fwt_reason_info[i].name, name))
			return sim->fn.stats->reason[i];
	return 0;
}
