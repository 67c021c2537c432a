// SPDX-License-Identifier: GPL-2.0
/*
 * explain --batch: many packets, each for itself, one line each.
 *
 * A packet that comes in meets the tree of its device, and, if that lets it by,
 * ingress; one that starts here meets egress, and the tree of its device. Whoever
 * decides last has decided. Where nobody says what addresses and routes there are the
 * machine has none, and what comes in ends behind ingress; else it goes on as it is
 * routed, by egress and the tree of the other device. What leaves by lo comes in again.
 * No connection is known, and none is made: walks are pure, so that no packet changes what
 * the next one meets. The servers of pools are all up, and without load. A fragment is
 * decided as it is, not held; sizes are not asked; nothing is routed again by what egress
 * has changed.
 *
 * Nothing is written before all lines are read: a file with an error in its last line
 * has no verdicts, and all its errors are told.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ast.h"
#include "compile.h"
#include "diag.h"
#include "mock_pool.h"
#include "mock_route.h"
#include "mock_set.h"
#include "oracle.h"
#include "packet_text.h"
#include "sema_sample.h"
#include "parse.h"
#include "progress_line.h"
#include "sim.h"
#include "sim_names.h"
#include "source.h"
#include "tuple.h"
#include "explain.h"

/**
 * struct batch - what decides
 * @world: NULL, or addresses and routes
 * @sim: whose they are
 */
struct batch {
	struct fwt_policy_ast *ast;
	struct fwt_blob blob;
	struct fwt_program prog;
	struct fwt_oracle oracle;
	struct fwt_oracle_state state;
	struct fwt_mock_sets sets;
	struct fwt_mock_pools pools;
	struct fwt_sources *sources;
	const struct fwt_mock_routes *world;
	struct fwt_sim *sim;
	void *scratch;
	bool linear;
};

/* A walk's surroundings. */
struct around {
	struct fwt_mock_env sets;	/* first: what it asks is answered by mock_set.c */
	const struct fwt_mock_routes *world;
	const struct fwt_mock_pools *pools;
	const struct fwt_packet_text *text;
	struct fwt_rlu rlu;
};

static const struct fwt_mock_routes *world_of(const struct fwt_env *env)
{
	return ((const struct around *)(const void *)env)->world;
}

static bool ifaddr(const struct fwt_env *env, const char *ifname, u8 family, const u32 *addr,
		   bool subnet)
{
	return fwt_mock_ifaddr(world_of(env), ifname, family, addr, subnet);
}

static bool source(const struct fwt_env *env, const struct fwt_packet *p, u32 *addr)
{
	return fwt_mock_source(world_of(env), p, addr);
}

static bool local(const struct fwt_env *env, const char *ifname, const struct fwt_packet *p,
		  u32 *addr)
{
	return fwt_mock_local(world_of(env), ifname, p, addr);
}

static void route(const struct fwt_env *env, const struct fwt_packet *p,
		  enum fwt_route_ask what, struct fwt_route *r)
{
	fwt_mock_route(world_of(env), p, what, r);
}

static bool set_has(const struct fwt_env *env, u32 object, bool six, const u32 *key, u32 *value)
{
	return fwt_mock_ops.set_has(env, object, six, key, value);
}

static int owner(const struct fwt_env *env, unsigned int field, u32 *out)
{
	return fwt_packet_owner(((const struct around *)(const void *)env)->text, field, out);
}

static bool server(const struct fwt_env *env, u32 object, u64 key, const struct fwt_packet *p,
		   bool persistent, struct fwt_env_server *to)
{
	(void)object;
	return fwt_mock_pools_server(((const struct around *)(const void *)env)->pools, key, p,
				     persistent, env->seed, to);
}

static const struct fwt_env_ops world_ops = {
	.ifaddr = ifaddr, .source = source, .local = local, .route = route, .set_has = set_has,
	.owner = owner, .server = server,
};

/* Of a machine without addresses. */
static struct fwt_env_ops alone_ops;

/* Who decided: where it is written. */
struct outcome {
	u8 verdict;
	u32 file;
	u32 line;	/* 0: no rule */
	u16 flags;	/* FWT_DECISION_* of the last tree */
	const char *reason;
};

static bool name_fits(const struct fwt_value *v, const char *name)
{
	size_t len = strlen(v->text);

	if (v->flags & FWT_VALUE_WILDCARD)
		return !strncmp(v->text, name, len - 1);
	return !strcmp(v->text, name);
}

/* The policy's tree for a hook, and its entry in the program. */
static const struct fwt_ast_hook *hook_for(const struct batch *b, u8 hook, const char *dev,
					   u32 *root)
{
	const struct fwt_ast_hook *h;
	const struct fwt_value *v;
	u32 n = 0;

	for (h = b->ast->hooks; h; h = h->next) {
		bool same = h->egress + 2 * h->device == hook;

		if (!h->device) {
			*root = b->prog.hook[n++].root;
			if (same)
				return h;
			continue;
		}
		for (v = h->devices.first; v; v = v->next) {
			*root = b->prog.hook[n++].root;
			if (same && name_fits(v, dev))
				return h;
		}
	}
	return NULL;
}

static u8 route_type(const struct batch *b, const struct fwt_packet *p, struct fwt_route *r)
{
	*r = (struct fwt_route){ .type = FWT_ROUTE_NONE };
	if (b->world)
		fwt_mock_route(b->world, p, FWT_ROUTE_FORWARD, r);
	return r->type;
}

/* As sim_way.c has it: where nobody said "ether" a frame goes to whom its sender would
 * send it.
 */
static u8 pkttype(const struct batch *b, const struct fwt_packet_text *t, struct fwt_packet *p)
{
	static const u8 all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, none[6];
	struct fwt_route r;

	if (t->out)
		return FWT_PKT_HOST;
	if (!memcmp(p->ether_daddr, none, sizeof(none))) {
		if (p->have & FWT_HAVE_ARP ||
		    (p->family == 4 && (p->daddr[0] == ~0u ||
					(route_type(b, p, &r) == FWT_ROUTE_BROADCAST &&
					 !strcmp(r.oif, t->name)))))
			memcpy(p->ether_daddr, all, sizeof(all));
		else if (p->have & FWT_HAVE_IP && fwt_packet_to_group(p->family, p->daddr))
			return FWT_PKT_MULTICAST;
	}
	if (!(p->ether_daddr[0] & 1))
		return FWT_PKT_HOST;
	return memcmp(p->ether_daddr, all, sizeof(all)) ? FWT_PKT_MULTICAST : FWT_PKT_BROADCAST;
}

/* To all of a link: of what comes in its frame says so, of what starts here its route. */
static bool to_link(const struct batch *b, const struct fwt_packet_text *t, u8 hook,
		    const struct fwt_packet *p)
{
	bool in = hook == FWT_HOOK_INGRESS;
	struct fwt_route r;

	if (p->family != 4 || (in ? p->pkttype == FWT_PKT_HOST : !t->out))
		return false;
	return in ? route_type(b, p, &r) != FWT_ROUTE_LOCAL :
		    route_type(b, p, &r) == FWT_ROUTE_BROADCAST;
}

/* As the module's hooks tell them apart, where no connection is known. */
static u8 state_of(const struct batch *b, const struct fwt_packet_text *t, u8 hook,
		   const struct fwt_packet *p)
{
	bool multicast = p->family == 4 ? p->daddr[0] >> 28 == 14 || p->daddr[0] == ~0u :
					  p->daddr[0] >> 24 == 0xff;

	if (multicast || p->protocol == 2 || to_link(b, t, hook, p))
		return FWT_CT_UNTRACKED;
	if (p->have & FWT_HAVE_ICMPV6 &&
	    ((p->icmp_type >= 130 && p->icmp_type <= 137) || p->icmp_type == 143))
		return FWT_CT_UNTRACKED;
	return fwt_tuple_opens(p) ? FWT_CT_NEW : FWT_CT_INVALID;
}

/* No connection, no translation back: see leave_alone() in kmod/first.c. */
static bool translated_alone(u16 flags, u8 state)
{
	return flags & (FWT_DECISION_SNAT | FWT_DECISION_DNAT) &&
	       (state != FWT_CT_NEW || flags & FWT_DECISION_NOTRACK);
}

/* Returns whether the packet goes on; @p becomes what modifiers made of it. */
static bool meet(const struct batch *b, const struct fwt_packet_text *t, u8 hook, u8 state,
		 const char *dev, struct fwt_packet *p, struct outcome *o)
{
	struct around at = {
		.sets = {
			.env = { .ops = b->world ? &world_ops : &alone_ops, .seed = 1 },
			.sets = (struct fwt_mock_sets *)&b->sets,
		},
		.world = b->world,
		.pools = &b->pools,
		.text = t,
	};
	const struct fwt_ast_hook *h;
	u32 root = 0;

	o->flags = 0;
	h = hook_for(b, hook, dev, &root);
	if (!h)
		return true;
	if (b->world)
		at.sets.env.rlu = &at.rlu;
	p->hook = hook;
	p->ct_state = state;
	if (b->linear) {
		struct fwt_oracle_result r;

		fwt_oracle_walk(&b->oracle, h, p, &at.sets.env, &r);
		o->verdict = r.verdict;
		o->flags = r.flags;
		o->file = r.rule ? r.rule->loc.file : 0;
		o->line = r.rule ? r.rule->loc.line : 0;
	} else {
		struct fwt_decision d;

		fwt_walk(&b->prog, root, p, &at.sets.env, &d);
		o->verdict = d.verdict;
		o->flags = d.flags;
		o->file = d.rule == FWT_NONE ? 0 : b->prog.rule[d.rule].file;
		o->line = d.rule == FWT_NONE ? 0 : b->prog.rule[d.rule].line;
	}
	if (o->verdict == FWT_VERDICT_ACCEPT && translated_alone(o->flags, state)) {
		o->verdict = FWT_VERDICT_DROP;
		o->reason = "invalid";
	}
	return o->verdict == FWT_VERDICT_ACCEPT;
}

/* A device's tree sees the frame, and has no state; IP's sees its own packet. */
static bool meet_device(const struct batch *b, const struct fwt_packet_text *t, u8 hook,
			const char *dev, struct fwt_packet *p, struct outcome *o)
{
	struct fwt_packet frame = *p;
	bool out = hook == FWT_HOOK_DEV_EGRESS, on;

	frame.iif = out ? NULL : dev;
	frame.oif = out ? dev : NULL;
	on = meet(b, t, hook, FWT_CT_UNTRACKED, dev, &frame, o);
	p->mark = frame.mark;
	p->priority = frame.priority;
	p->tos = frame.tos;
	p->ttl = frame.ttl;
	return on;
}

/* As ip_forward() and ip6_forward() do it. @state: that it came in with. Returns why it
 * goes no further.
 */
static const char *hop(struct fwt_packet *p, const char *oif, u8 state, u16 flags)
{
	bool kept = state == FWT_CT_NEW && !(flags & FWT_DECISION_NOTRACK);
	static const u32 nobody[4];

	if (p->ttl <= 1)
		return "ttl-exceeded";
	if (p->family == 6 && strcmp(oif, p->iif)) {
		if (!memcmp(p->saddr, nobody, sizeof(nobody)))
			return "malformed";
		if (p->saddr[0] >> 22 == 0xfe80u >> 6)
			return "no-route";
	}
	p->ttl--;
	/* That which ingress has set is set once more, where there is a record to know it. */
	if (p->family == 4 && !(kept && flags & FWT_DECISION_PRIORITY))
		p->priority = sim_tos_priority(p->tos);
	return NULL;
}

static void go_on(const struct batch *b, const struct fwt_packet_text *t, u8 state,
		  struct fwt_packet *p, struct outcome *o)
{
	struct around at = { .sets.env.ops = &world_ops, .world = b->world };
	struct fwt_route to = { 0 };
	u32 type[4] = { FWT_ROUTE_NONE };
	const char *why;

	/* Groups and broadcasts are in no table. */
	fwt_rlu_get(p, &at.sets.env, FWT_FIELD_ROUTE_TYPE, type);
	fwt_mock_route(b->world, p, FWT_ROUTE_FORWARD, &to);
	switch (type[0]) {
	case FWT_ROUTE_UNICAST:
		why = hop(p, to.oif, state, o->flags);
		if (why) {
			*o = (struct outcome){ FWT_VERDICT_DROP, .reason = why };
			break;
		}
		p->oif = to.oif;
		state = o->flags & FWT_DECISION_NOTRACK ? FWT_CT_UNTRACKED :
							  state_of(b, t, FWT_HOOK_EGRESS, p);
		if (meet(b, t, FWT_HOOK_EGRESS, state, to.oif, p, o))
			meet_device(b, t, FWT_HOOK_DEV_EGRESS, to.oif, p, o);
		break;
	case FWT_ROUTE_NONE:
	case FWT_ROUTE_UNREACHABLE:
		*o = (struct outcome){ FWT_VERDICT_DROP, .reason = "no-route" };
		break;
	}
}

/* What has left by lo: to ingress it is a first packet once more, of the connection that
 * egress has begun (@flags).
 */
static void come_back(const struct batch *b, const struct fwt_packet_text *t, u16 flags,
		      struct fwt_packet *p, struct outcome *o)
{
	bool begun;
	u8 state;

	p->iif = t->name;
	p->oif = NULL;
	p->ct_status = 0;
	if (!meet_device(b, t, FWT_HOOK_DEV_INGRESS, t->name, p, o))
		return;
	state = state_of(b, t, FWT_HOOK_INGRESS, p);
	begun = state == FWT_CT_NEW && !(flags & FWT_DECISION_NOTRACK);
	if (!begun)
		p->ct_mark = 0;
	if (!meet(b, t, FWT_HOOK_INGRESS, state, t->name, p, o))
		return;
	/* It has left with the destination that it has. */
	if (begun && o->flags & FWT_DECISION_DNAT && !(flags & FWT_DECISION_DNAT)) {
		o->verdict = FWT_VERDICT_DROP;
		o->reason = "dnat-late";
	}
}

static void decide(const struct batch *b, const struct fwt_packet_text *t, struct outcome *o)
{
	u8 hook = t->out ? FWT_HOOK_EGRESS : FWT_HOOK_INGRESS, state;
	struct fwt_packet p = t->p;
	struct fwt_tuple first;
	bool ip = p.have & FWT_HAVE_IP;
	u16 flags;

	*o = (struct outcome){ .verdict = FWT_VERDICT_ACCEPT };
	p.pkttype = pkttype(b, t, &p);
	/* What it has of its connection, were it to begin one: as it came. */
	if (fwt_tuple_get(&p, 0, &first))
		p.ct_tuple = &first;
	state = ip ? state_of(b, t, hook, &p) : FWT_CT_UNTRACKED;
	if (t->out) {
		if (ip && !meet(b, t, hook, state, t->name, &p, o))
			return;
		flags = o->flags;
		if (meet_device(b, t, FWT_HOOK_DEV_EGRESS, t->name, &p, o) && ip &&
		    !strcmp(t->name, "lo"))
			come_back(b, t, flags, &p, o);
		return;
	}
	if (meet_device(b, t, FWT_HOOK_DEV_INGRESS, t->name, &p, o) && ip &&
	    meet(b, t, hook, state, t->name, &p, o) && b->world)
		go_on(b, t, state, &p, o);
}

static void put(const struct batch *b, const struct outcome *o)
{
	static const char *const name[] = { "accept", "drop", "reject" };
	char where[320] = "-";

	if (o->line && o->file)
		snprintf(where, sizeof(where), "%s:%u",
			 b->ast->sources->source[o->file]->name, o->line);
	else if (o->line)
		snprintf(where, sizeof(where), "%u", o->line);
	out_object(NULL);
	out_str("verdict", name[o->verdict]);
	out_str("rule", o->line ? where : NULL);
	if (o->reason)
		out_str("reason", o->reason);
	out_end();
	out_text("%s\t%s\n", name[o->verdict], where);
}

/* The packet of a line, or its error; false where there is none. */
static bool read_line(const struct batch *b, u32 number, struct fwt_packet_text *t,
		      struct fwt_diag *diag)
{
	struct fwt_loc loc = { .line = number };
	char text[2000], error[200];
	const char *line, *comment;
	size_t len, at;

	line = fwt_source_line(b->sources, &loc, &len);
	comment = line ? memchr(line, '#', len) : NULL;
	if (comment)
		len = (size_t)(comment - line);
	if (!line || strspn(line, " \t\r") >= len)
		return false;
	loc.column = 1;
	if (len >= sizeof(text)) {
		fwt_error(diag, &loc, "this is longer than any packet");
		return false;
	}
	memcpy(text, line, len);
	text[len] = 0;
	loc.column = (u32)fwt_packet_read(t, text, error, sizeof(error));
	if (loc.column) {
		at = loc.column - 1 + strcspn(text + loc.column - 1, " \t\r");
		loc.end_column = (u32)at + 1 + (at + 1 == loc.column);
		fwt_error(diag, &loc, "%s", error);
		return false;
	}
	if (b->world && !sim_knows_device(b->sim, t->name)) {
		loc.column = (u32)(strstr(text + strspn(text, " \t") + 2, t->name) - text) + 1;
		loc.end_column = loc.column + (u32)strlen(t->name);
		fwt_error_hint(diag, &loc,
			       "address ADDRESS/LENGTH dev INTERFACE, or 'link INTERFACE' in a --world file",
			       "no route and no address names the interface '%s'", t->name);
		return false;
	}
	return true;
}

/* A million packets take a second or two, or, rule by rule, some minutes. */
#define TOLD_EVERY	512u

static int packets(struct batch *b, const char *path)
{
	struct fwt_vec all = { .size = sizeof(struct outcome) };
	const struct fwt_progress *progress = progress_begin();
	struct fwt_packet_text t;
	struct fwt_diag diag;
	struct outcome *o;
	u32 n, lines;
	int ret = 0;

	fwt_diag_init(&diag);
	b->sources = fwt_sources_alloc();
	fwt_diag_sources(&diag, b->sources);
	if (!b->sources)
		ret = out_error(NULL, "out of memory");
	else if (fwt_source_read(b->sources, path, NULL, NULL, &diag) < 0)
		ret = out_diag_errors(&diag);
	lines = ret ? 0 : b->sources->source[0]->line_count;
	for (n = 1; !ret && n <= lines; n++) {
		if (n % TOLD_EVERY == 0)
			fwt_progress(progress, "deciding", n, lines);
		if (!read_line(b, n, &t, &diag) || diag.errors)
			continue;
		o = fwt_vec_add(&all, 1);
		if (o)
			decide(b, &t, o);
		else
			ret = -ENOMEM;
	}
	progress_end();
	if (ret == -ENOMEM)
		ret = out_error(NULL, "out of memory");
	if (!ret && diag.errors)
		ret = out_diag_errors(&diag);
	if (!ret)
		out_array(NULL);
	for (n = 0; !ret && n < all.count; n++)
		put(b, (struct outcome *)all.data + n);
	if (!ret)
		out_end();
	free(all.data);
	fwt_diag_sources(&diag, NULL);
	fwt_diag_clean(&diag);
	fwt_sources_free(b->sources);
	return ret;
}

/* The one that reads the text knows no DNS; where nobody says what names stand for
 * they stand for nothing, by either.
 */
static const char *named_set(const struct batch *b, const struct fwt_dns_book *book)
{
	const struct fwt_set *s;

	for (s = b->linear && book && book->first ? b->ast->sets : NULL; s; s = s->next)
		if (s->names.count || s->resolvers)
			return s->name.text;
	return NULL;
}

/* What the program knows a rule by, which chance and splits go by. */
static u64 rule_key(void *ctx, const struct fwt_rule *rule)
{
	const struct fwt_program *prog = ctx;
	u32 i;

	for (i = 0; i < prog->n[FWT_SEC_RULES]; i++) {
		const struct fwt_prog_rule *r = &prog->rule[i];

		if (r->line == rule->loc.line && r->file == rule->loc.file &&
		    r->text == prog->file[r->file].text + rule->text.start)
			return r->key;
	}
	return 0;
}

static int make(struct batch *b, const struct explain *e, struct fwt_diag *diag)
{
	struct fwt_parse_opts parse = { .progress = progress_begin() };
	struct fwt_compile_opts opts = { .no_warnings = true, .progress = parse.progress };
	struct fwt_verify_error err;
	const char *named;
	int ret;

	b->sim = fwt_sim_new();
	if (!b->sim)
		return out_error(NULL, "out of memory");
	ret = explain_world(e, b->sim, diag);
	if (ret)
		return ret;
	b->world = sim_has_world(b->sim) ? sim_routes(b->sim) : NULL;
	opts.book = sim_names_book(b->sim);
	b->ast = fwt_parse_file(e->policy, diag, &parse);
	ret = b->ast ? fwt_compile(b->ast, diag, &opts, &b->blob) : -EINVAL;
	progress_end();
	if (ret)
		return out_diag_errors(diag);
	named = named_set(b, opts.book);
	if (named)
		return out_error("'--engine compiled' knows what is said of them",
				 "set '%s' has DNS names, which no rule as written tells", named);
	b->scratch = malloc(fwt_verify_scratch(b->blob.data, b->blob.len));
	b->state = (struct fwt_oracle_state){ .key = rule_key, .ctx = &b->prog };
	b->oracle.ast = b->ast;
	b->oracle.state = &b->state;
	b->oracle.resolver = fwt_resolver_alloc();
	if (!b->scratch || !b->oracle.resolver)
		return out_error(NULL, "out of memory");
	if (fwt_verify(b->blob.data, b->blob.len, b->scratch, &b->prog, &err))
		return out_error(NULL, "%s", err.text);
	if (b->prog.n[FWT_SEC_FILTERS])
		return out_error("'fwctl explain' of one packet, or with --pcap, makes them",
				 "the policy has 'bpf', and the packets of a batch have no bytes");
	if (b->prog.n[FWT_SEC_FOREIGN])
		return out_error("'fwctl test' and a packet alone take 'node NAME ANSWER'",
				 "the policy has nodes of other modules, which nobody answers for");
	if (!fwt_mock_sets_init(&b->sets, &b->prog) || fwt_mock_pools_init(&b->pools, &b->prog))
		return out_error(NULL, "out of memory");
	return 0;
}

int explain_batch(const struct explain *e)
{
	struct batch b = { .linear = !strcmp(e->engine, "linear") };
	struct fwt_diag diag;
	int ret;

	alone_ops = fwt_mock_ops;
	alone_ops.owner = owner;
	alone_ops.server = server;
	fwt_diag_init(&diag);
	ret = make(&b, e, &diag);
	fwt_diag_sources(&diag, NULL);
	if (!ret)
		ret = packets(&b, e->batch);
	fwt_mock_pools_clean(&b.pools);
	fwt_mock_sets_clean(&b.sets);
	fwt_resolver_free(b.oracle.resolver);
	free(b.scratch);
	fwt_blob_free(&b.blob);
	fwt_ast_free(b.ast);
	fwt_sim_free(b.sim);
	fwt_diag_clean(&diag);
	return ret;
}
