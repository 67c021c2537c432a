// SPDX-License-Identifier: GPL-2.0
/*
 * What the module's other files would be, for the simulation: the world that a walk
 * asks (kmod/world.c), drops and log lines that are kept for the result (drop.c,
 * log.c), and what is none of it: routes that are remembered (route.c), events,
 * addresses that go away (gone.c).
 */
#include "kernel.h"
#include "bound.h"
#include "gone.h"
#include "hook_private.h"
#include "rate.h"
#include "route.h"
#include "way.h"
#include "node.h"
#include "count.h"
#include "bpf.h"
#include "pool.h"
#include "set.h"
#include "sim_net.h"

/* The world */

static const struct fwt_mock_routes *routes(const struct fwt_env *env)
{
	return &container_of(env, struct fwt_world, env)->net->world->routes;
}

static bool env_ifaddr(const struct fwt_env *env, const char *ifname, u8 family,
		       const u32 *addr, bool subnet)
{
	return fwt_mock_ifaddr(routes(env), ifname, family, addr, subnet);
}

static bool env_source(const struct fwt_env *env, const struct fwt_packet *p, u32 *addr)
{
	const struct fwt_world *w = container_of(env, struct fwt_world, env);
	struct fwt_packet by = *p;

	/* Asked as if it left by where it dialled, it leaves by another all the same. */
	by.oif = w->out ? w->out->name : NULL;
	return fwt_mock_source(routes(env), &by, addr);
}

static bool env_local(const struct fwt_env *env, const char *ifname,
		      const struct fwt_packet *p, u32 *addr)
{
	return fwt_mock_local(routes(env), ifname, p, addr);
}

static void env_route(const struct fwt_env *env, const struct fwt_packet *p,
		      enum fwt_route_ask what, struct fwt_route *r)
{
	fwt_mock_route(routes(env), p, what, r);
}

/* Decided afresh, a connection is under every limit. What its other hook has charged it to
 * is itself.
 */
static u32 env_count(const struct fwt_env *env, u64 table, const u32 *key, u32 words)
{
	const struct fwt_world *w = container_of(env, struct fwt_world, env);
	const struct fwt_conn *own = w->former ? w->former : w->c;
	u32 n;

	if (w->again || w->known)
		return 0;
	n = fwt_count_read(fwt_pernet(w->net), table, key, words);
	return n && own && fwt_conn_counted(own, table, key, words) ? n - 1 : n;
}

/* Nobody asks for them here. */
int fwt_digests_make(struct fwt_base *b)
{
	(void)b;
	return 0;
}

/* By libpcap's own engine: the verifier has looked at the instructions. */
int fwt_filters_make(struct fwt_base *b)
{
	(void)b;
	return 0;
}

void fwt_filters_free(struct fwt_base *b)
{
	(void)b;
}

static bool env_filter(const struct fwt_env *env, const struct fwt_packet *p,
		       const struct fwt_program *prog, u32 filter)
{
	const struct fwt_world *w = container_of(env, struct fwt_world, env);
	const struct sk_buff *skb = w->filtered;
	u32 head;

	if (!skb)
		return false;
	head = p->hook >= FWT_HOOK_DEV_INGRESS ? skb->mac : 0;
	return fwt_filter_run(prog, filter, skb->data - head, skb->len + head);
}

/* No module is here; who asks is answered by the test (mock_node.c). */
int fwt_nodes_make(struct fwt_net *fn, struct fwt_base *b, struct netlink_ext_ack *extack)
{
	(void)fn;
	(void)b;
	(void)extack;
	return 0;
}

void fwt_nodes_free(struct fwt_base *b)
{
	(void)b;
}

void fwt_node_applied(struct fwt_way *w, const struct fwt_decision *d,
		      const struct fwt_prog_mod *m)
{
	(void)w;
	(void)d;
	(void)m;
}

static int env_node(const struct fwt_env *env, const struct fwt_program *prog, u32 foreign,
		    const struct fwt_packet *p, struct fwt_env_node *said)
{
	const struct fwt_world *w = container_of(env, struct fwt_world, env);
	const char *asked = NULL;
	int got = fwt_mock_node(&w->net->world->nodes, prog, foreign, said, &asked);

	(void)p;
	if (asked && sim_way_now)
		sim_way_now->node = asked;
	return got;
}

static bool env_server(const struct fwt_env *env, u32 object, u64 key,
		       const struct fwt_packet *p, bool persistent,
		       struct fwt_env_server *to)
{
	const struct fwt_world *w = container_of(env, struct fwt_world, env);
	const struct fwt_pool *pool = container_of(w->pol->object[object], struct fwt_pool, obj);

	(void)key;
	return fwt_pool_choose(pool, p, persistent, env->seed, w->c, to);
}

static bool env_set_has(const struct fwt_env *env, u32 object, bool six, const u32 *key,
			u32 *value)
{
	const struct fwt_world *w = container_of(env, struct fwt_world, env);

	return fwt_set_has(fwt_set_of(fwt_policy_object(w->pol, object)), w->pol->phase, six, key,
			   value, NULL);
}

static int env_owner(const struct fwt_env *env, unsigned int field, u32 *out)
{
	const struct fwt_world *w = container_of(env, struct fwt_world, env);
	const struct sim_owner *o = (const struct sim_owner *)w->sk;

	if (!o)
		return 0;
	switch (field) {
	case FWT_FIELD_UID:
		out[0] = o->uid;
		return !!(o->said & FWT_SIM_UID);
	case FWT_FIELD_GID:
		out[0] = o->gid;
		return !!(o->said & FWT_SIM_GID);
	case FWT_FIELD_CGROUP:
		out[0] = (u32)(o->cgroup >> 32);
		out[1] = (u32)o->cgroup;
		return o->said & FWT_SIM_CGROUP ? 2 : 0;
	}
	return 0;
}

/* Of chance, which begins with the simulation's seed. */
static u32 env_draw(const struct fwt_env *env)
{
	const struct fwt_world *w = container_of(env, struct fwt_world, env);

	if (!w->drawn)
		return env->seed;
	if (!*w->drawn)
		*w->drawn = get_random_u32() ?: 1;
	return *w->drawn;
}

static const struct fwt_env_ops env_ops = {
	.set_has = env_set_has,
	.owner = env_owner,
	.ifaddr = env_ifaddr,
	.source = env_source,
	.local = env_local,
	.count = env_count,
	.route = env_route,
	.under = fwt_world_under,
	.turn = fwt_world_turn,
	.filter = env_filter,
	.server = env_server,
	.node = env_node,
	.draw = env_draw,
};

/* The packet's own, where something was said of it; what this machine answers has none. */
struct sock *fwt_sender(const struct fwt_way *w)
{
	struct sim_owner *o = &w->fn->net->world->owner;

	return o->said && w->skb == o->skb && !w->skb->skb_iif ? (struct sock *)o : NULL;
}

struct sock *fwt_owner(const struct fwt_way *w)
{
	return fwt_sender(w);
}

/* What the walk to come is told as. Behind the first hook it is known of a packet that came
 * in that it is no part of its connection, and no more.
 */
static u8 why(const struct fwt_way *w)
{
	if (w->p.hook > FWT_HOOK_EGRESS)
		return FWT_REASON_NONE;
	if (!w->why && w->skb->skb_iif && fwt_skb_alone(w->skb, w->p.family))
		return FWT_REASON_INVALID;
	return w->why;
}

void fwt_world_init(struct fwt_world *world, const struct fwt_way *w, u32 seed)
{
	sim_walks_now->why = why(w);
	world->env.ops = &env_ops;
	world->env.seed = seed;
	world->env.rlu = NULL;
	world->env.turn = 0;
	world->bytes = w->p.length;
	world->net = w->fn->net;
	world->out = w->state->out;
	world->skb = w->skb;
	world->sk = fwt_sender(w);
	world->filtered = w->skb;
	world->c = w->c;
	world->former = NULL;
	world->pol = w->pol;
	world->again = false;
	world->drawn = NULL;
	world->known = w->later;
}

static u32 mtu_to(const struct fwt_way *w, const u32 *addr, const struct net_device *dev)
{
	struct fwt_packet p = { .have = FWT_HAVE_IP, .family = w->p.family, .mark = w->p.mark };
	u32 mtu;

	memcpy(p.daddr, addr, sizeof(p.daddr));
	mtu = fwt_mock_route_mtu(&w->fn->net->world->routes, &p);
	if (!dev)
		return mtu;
	return mtu && mtu < dev->mtu ? mtu : dev->mtu;
}

u32 fwt_path_mtu(const struct fwt_way *w)
{
	const struct net_device *in = w->skb->skb_iif ?
		dev_get_by_index_rcu(w->fn->net, w->skb->skb_iif) : NULL;
	u32 there = mtu_to(w, w->p.daddr, w->state->out);
	u32 back = in ? mtu_to(w, w->p.saddr, in) : 0;

	return there && back ? min(there, back) : there | back;
}

unsigned int fwt_way_back(struct net *net, struct sk_buff *skb, u8 family, unsigned int hook)
{
	(void)net;
	(void)skb;
	(void)family;
	return hook;
}

bool fwt_own_address(struct net *net, const struct net_device *dev, u8 family,
		     const u32 *addr)
{
	struct fwt_packet p = { .have = FWT_HAVE_IP, .family = family };
	struct fwt_route r = { };

	(void)dev;
	memcpy(p.daddr, addr, family == 6 ? 16 : 4);
	fwt_mock_route(&net->world->routes, &p, FWT_ROUTE_FORWARD, &r);
	return r.type == FWT_ROUTE_LOCAL;
}

bool fwt_dev_has(const struct net_device *dev, u8 family, const u32 *addr)
{
	return fwt_mock_ifaddr(&dev->net->world->routes, dev->name, family, addr, false);
}

bool fwt_is_broadcast(struct net *net, const struct net_device *dev, const u32 *addr)
{
	struct fwt_packet p = { .have = FWT_HAVE_IP, .family = 4 };
	struct fwt_route r = { };

	(void)dev;
	p.daddr[0] = addr[0];
	fwt_mock_route(&net->world->routes, &p, FWT_ROUTE_FORWARD, &r);
	return r.type == FWT_ROUTE_BROADCAST;
}

/* This machine has no sockets. */
bool fwt_bound(struct net *net, u8 protocol, u16 port)
{
	(void)net;
	(void)protocol;
	(void)port;
	return false;
}

const char *fwt_ifname(struct net *net, u32 ifindex)
{
	const struct net_device *dev = ifindex ? dev_get_by_index_rcu(net, (int)ifindex) : NULL;

	return dev ? dev->name : NULL;
}

/* Somebody listens to every queue, and lets everything pass. */
/* No server is deleted here. */
void fwt_answer_other(struct fwt_way *w)
{
	(void)w;
}

unsigned int fwt_queue(struct fwt_way *w)
{
	fwt_stat_inc_bh(w->fn, reason[FWT_REASON_QUEUED]);
	if (w->c)
		fwt_track_wait(w);
	return NF_ACCEPT;
}

/* Drops and lines of the log */

unsigned int fwt_drop_by(struct fwt_way *w, u8 reason, const struct fwt_decision *d)
{
	(void)d;
	fwt_stat_inc_bh(w->fn, reason[reason]);
	if (reason == FWT_REASON_REJECT)
		fwt_stat_inc_bh(w->fn, verdict[FWT_STAT_REJECT]);
	else
		fwt_stat_inc_bh(w->fn, verdict[FWT_STAT_DROP]);
	sim_way_now->reason = reason;
	sim_way_now->dropped = true;
	return NF_STOLEN;
}

/* No group is listened to: what is logged is for who asks what was. */
int fwt_nflog_get(struct fwt_policy *p, const struct fwt_program *prog, bool load,
		  struct netlink_ext_ack *extack)
{
	(void)p;
	(void)prog;
	(void)load;
	(void)extack;
	return 0;
}

void fwt_nflog_put(struct fwt_policy *p)
{
	(void)p;
}

void fwt_log(const struct fwt_way *w, const struct fwt_decision *d,
	     const struct fwt_program *prog, const struct fwt_prog_mod *m)
{
	const char *prefix = m->a == FWT_NONE ? "" : prog->string + m->a;
	static const char *const verdict[] = { "accept", "drop", "reject" };
	const struct net_device *in = w->state->in, *out = w->state->out;
	struct sim_way *way = sim_way_now;
	char text[512], packet[300];
	char **more;

	if (!__ratelimit(&w->fn->told[FWT_TOLD_LOGS].limit)) {
		fwt_stat_inc_bh(w->fn, reason[FWT_REASON_LOG_LIMITED]);
		return;
	}
	sim_packet_words(w->skb->data, w->skb->len, packet, sizeof(packet));
	snprintf(text, sizeof(text), "%s%s in=%s out=%s %s", prefix,
		 d->verdict < 3 ? verdict[d->verdict] : "?", in ? in->name : "",
		 out ? out->name : "", packet);
	more = realloc(way->log, (way->n_logs + 1) * sizeof(*more));
	if (!more)
		return;
	way->log = more;
	more[way->n_logs] = strdup(text);
	if (more[way->n_logs])
		way->n_logs++;
}

void fwt_event_begun(struct fwt_conn *c)
{
	if (sim_way_now)
		sim_way_now->begun = c->id + 1;
}

void fwt_netlink_set_full(const struct fwt_set *s)
{
	(void)s;
}

void fwt_event_ended(struct fwt_conn *c, enum fwt_end_reason why)
{
	(void)c;
	(void)why;
}

void fwt_event_server(struct fwt_net *fn, const struct fwt_server *s)
{
	(void)fn;
	(void)s;
}

/* Routes are asked for anew for each packet. */

void fwt_route_forget(const struct sk_buff *skb)
{
	(void)skb;
}

void fwt_route_give(struct fwt_way *w)
{
	(void)w;
}

bool fwt_route_recall(struct fwt_way *w)
{
	(void)w;
	return false;
}

void fwt_route_read(struct fwt_way *w)
{
	(void)w;
}

bool fwt_route_first(struct fwt_way *w)
{
	(void)w;
	return false;
}

bool fwt_route_known(struct fwt_way *w)
{
	(void)w;
	return false;
}

void fwt_route_learn(struct fwt_way *w)
{
	(void)w;
}

void fwt_route_drop(struct fwt_conn *c, enum fwt_dir dir)
{
	(void)c;
	(void)dir;
}

void fwt_route_bury(struct fwt_conn *c)
{
	(void)c;
}

void fwt_route_release(struct fwt_conn *c)
{
	(void)c;
}

void fwt_route_clean(const struct fwt_net *fn)
{
	(void)fn;
}

unsigned int fwt_hook_routed(void *priv, struct sk_buff *skb,
			     const struct nf_hook_state *state)
{
	(void)priv;
	(void)skb;
	(void)state;
	return NF_ACCEPT;
}

void fwt_gone_net_init(struct fwt_net *fn)
{
	(void)fn;
}

void fwt_gone_net_clean(struct fwt_net *fn)
{
	(void)fn;
}

/* No policy is here on trial. */

void fwt_trial_begin(struct fwt_net *fn, struct fwt_policy *former,
		     struct fwt_policy *spare, u32 ms)
{
	(void)fn;
	(void)ms;
	(void)former;
	(void)spare;
}

void fwt_trial_end(struct fwt_net *fn)
{
	(void)fn;
}
