// SPDX-License-Identifier: GPL-2.0
/*
 * Steps of a walk, for people: the nodes of a program brought back to the rules that
 * they were made of.
 *
 * A rule knows its first node, and a rule's nodes lie together: so a node is of the
 * rule with the greatest first node that is not above it. Tests of one rule that
 * follow one another are one step, which says all that was asked of the packet. A
 * forest's rules are searched by trees; what is known of that is which one matched.
 *
 * Rules that a patch added are of a program of their own, whose nodes and rules are
 * numbered behind those of the base: each step is looked up in the one that it is of.
 */
#include <arpa/inet.h>
#include <stdlib.h>

#include "change.h"
#include "names.h"
#include "nat.h"
#include "patch.h"
#include "set_shape.h"
#include "sim_path.h"
#include "tuple.h"

static const char *const ct_states[] = {
	"new", "related", "established", "invalid", "untracked",
};

const char *sim_hook_name(u8 hook)
{
	static const char *const names[] = {
		"ingress", "egress", "ingress device", "egress device",
	};

	return hook < ARRAY_SIZE(names) ? names[hook] : "?";
}

char *sim_walk_title(const struct sim_walk *w, char *buf, size_t size)
{
	if (w->hook > FWT_HOOK_EGRESS)
		snprintf(buf, size, "%s %s", sim_hook_name(w->hook),
			 w->before.iif ? w->before.iif : w->before.oif ? w->before.oif : "");
	else
		snprintf(buf, size, "%s, %s", sim_hook_name(w->hook),
			 w->again ? "decided afresh" :
			 w->before.ct_state < ARRAY_SIZE(ct_states) ?
			 ct_states[w->before.ct_state] : "?");
	return buf;
}

const char *sim_walk_odd(const struct sim_walk *w)
{
	const struct fwt_packet *p = &w->before;
	u8 request;

	if (w->hook > FWT_HOOK_EGRESS || p->ct_state != FWT_CT_INVALID || w->again)
		return NULL;
	if (p->bad)
		return "malformed: its headers are cut off, or their lengths lie";
	if (p->have & FWT_HAVE_ICMP_ERROR)
		return "an ICMP error about no connection that is known";
	if (p->have & (FWT_HAVE_ICMP | FWT_HAVE_ICMPV6) && !(p->have & FWT_HAVE_ICMP_ID))
		return "an ICMP message that is no query, of no connection";
	if (p->have & FWT_HAVE_TCP && !fwt_tcp_flags_valid(p->tcp_flags))
		return "TCP flags that do not go together";
	if (w->why == FWT_REASON_CHECKSUM)
		return "it has the ends of a connection, and its checksum is wrong";
	if (w->why == FWT_REASON_TCP_WINDOW)
		return "it has the ends of a connection, and does not fit its windows or its state";
	if (w->why)
		return "it has the ends of a connection, and is no part of it";
	if (p->have & FWT_HAVE_TCP && !fwt_tcp_opens(p->tcp_flags))
		return "TCP of no connection that is known, and not its first SYN";
	if (p->have & FWT_HAVE_ICMP_ID &&
	    fwt_icmp_is_query(p->family, p->icmp_type, &request) == 1)
		return "an ICMP answer that nobody has asked for";
	return "it opens no connection, or its checksum is wrong";
}

/* Values */

static void put_ip(char *buf, size_t size, u32 words, const u32 *w)
{
	u8 addr[16];
	u32 i;

	for (i = 0; i < words; i++)
		put_unaligned_be32(w[i], addr + 4 * i);
	inet_ntop(words == 4 ? AF_INET6 : AF_INET, addr, buf, (socklen_t)size);
}

static void put_flags(char *buf, size_t size, u32 flags)
{
	static const char *const name[] = {
		"fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr",
	};
	size_t n = 0;
	u32 i;

	*buf = '\0';
	for (i = 0; i < 8 && n < size; i++)
		if (flags >> i & 1)
			n += (size_t)snprintf(buf + n, size - n, "%s%s", n ? " " : "", name[i]);
	if (!n)
		snprintf(buf, size, "none");
}

static const struct {
	u8 field;
	enum fwt_value_class class;
} classes[] = {
	{ FWT_FIELD_PROTOCOL, FWT_CLASS_PROTOCOL }, { FWT_FIELD_ICMP_TYPE, FWT_CLASS_ICMP_TYPE },
	{ FWT_FIELD_CT_ORIGINAL_PROTOCOL, FWT_CLASS_PROTOCOL },
	{ FWT_FIELD_ICMPV6_TYPE, FWT_CLASS_ICMPV6_TYPE }, { FWT_FIELD_FAMILY, FWT_CLASS_FAMILY },
	{ FWT_FIELD_ROUTE_TYPE, FWT_CLASS_ROUTE_TYPE },
	{ FWT_FIELD_PKTTYPE, FWT_CLASS_PKTTYPE },
};

static void put_value(char *buf, size_t size, u32 field, u32 words, const u32 *w)
{
	const char *name = NULL;
	char dev[17] = "";
	u32 i;

	switch (field) {
	case FWT_FIELD_IIF:
	case FWT_FIELD_OIF:
	case FWT_FIELD_ROUTE_OIF:
	case FWT_FIELD_ROUTE_REVERSE:
		for (i = 0; i < 16; i++)
			dev[i] = (char)(w[i / 4] >> (24 - 8 * (i % 4)));
		snprintf(buf, size, "%s", *dev ? dev : "none");
		return;
	case FWT_FIELD_ETHER_SADDR:
	case FWT_FIELD_ETHER_DADDR:
		snprintf(buf, size, "%02x:%02x:%02x:%02x:%02x:%02x", w[0] >> 8 & 0xff,
			 w[0] & 0xff, w[1] >> 24, w[1] >> 16 & 0xff, w[1] >> 8 & 0xff,
			 w[1] & 0xff);
		return;
	case FWT_FIELD_SADDR:
	case FWT_FIELD_DADDR:
	case FWT_FIELD_IP_SADDR:
	case FWT_FIELD_IP_DADDR:
	case FWT_FIELD_IP6_SADDR:
	case FWT_FIELD_IP6_DADDR:
	case FWT_FIELD_ARP_SADDR:
	case FWT_FIELD_ARP_DADDR:
	case FWT_FIELD_ROUTE_NEXTHOP:
	case FWT_FIELD_ROUTE_SADDR:
	case FWT_FIELD_CT_ORIGINAL_SADDR:
	case FWT_FIELD_CT_ORIGINAL_DADDR:
		put_ip(buf, size, words == 4 ? 4 : 1, w);
		return;
	case FWT_FIELD_TCP_FLAGS:
		put_flags(buf, size, w[0]);
		return;
	case FWT_FIELD_CGROUP:
		snprintf(buf, size, "%llu", (unsigned long long)w[0] << 32 | w[1]);
		return;
	case FWT_FIELD_CT_STATE:
		snprintf(buf, size, "%s", w[0] < ARRAY_SIZE(ct_states) ? ct_states[w[0]] : "?");
		return;
	case FWT_FIELD_CT_DIRECTION:
		snprintf(buf, size, "%s", w[0] ? "reply" : "original");
		return;
	case FWT_FIELD_CT_STATUS:
		snprintf(buf, size, "%s", w[0] == 0 ? "none" : w[0] == 1 ? "snat" :
			 w[0] == 2 ? "snat and dnat" : "dnat");
		return;
	}
	for (i = 0; i < ARRAY_SIZE(classes); i++)
		if (classes[i].field == field)
			name = fwt_class_name(classes[i].class, w[0]);
	if (name)
		snprintf(buf, size, "%s", name);
	else
		snprintf(buf, size, "%u", w[0]);
}

/* What a packet lacks; of whose socket it is, it may be that nobody said. */
static const char *lacking(const struct fwt_packet *p, u32 field)
{
	return FWT_FIELDS_OWNER >> field & 1 && !p->iif ? " not said" : " absent";
}

/* "saddr 10.0.0.1, dport 22", "tcp dport absent" */
static void put_key(char *buf, size_t size, const struct fwt_prog_test *t,
		    const struct fwt_packet *p, const struct fwt_walk_step *s)
{
	bool six = p->family == 6;
	size_t n = 0;
	u32 i, at = 0;

	for (i = 0; i < t->n_fields && n < size; i++) {
		const struct fwt_field_info *f = &fwt_field_info[t->field[i]];
		u32 words = six ? f->words6 : f->words;
		char value[64];

		/* Of two fields that are compared the first is at hand. */
		if ((t->op == FWT_TEST_EQUAL || t->op == FWT_TEST_LESS) && i) {
			n += (size_t)snprintf(buf + n, size - n, " with %s", f->name);
			continue;
		}
		/* What was asked for may be absent where the other is not. */
		if (!s->words || at + words > s->words) {
			n += (size_t)snprintf(buf + n, size - n, "%s%s%s", i ? " . " : "", f->name,
					      i + 1 == t->n_fields ? lacking(p, t->field[i]) : "");
			continue;
		}
		put_value(value, sizeof(value), t->field[i], words, s->key + at);
		n += (size_t)snprintf(buf + n, size - n, "%s%s %s", i ? ", " : "", f->name, value);
		at += words;
	}
}

/* Rules by their first nodes */

struct first {
	u32 node;
	u32 rule;
};

/**
 * struct firsts - a program's rules, by their first nodes
 * @prog: the program
 * @nodes: of the base, if this is a patch's: what its own are numbered behind
 */
struct firsts {
	const struct fwt_program *prog;
	u32 nodes;
	struct first *first;
	u32 n;
};

/**
 * struct maker - a path in the making
 * @base: the program of the walk at hand, and the one of its patch
 * @at: that of the step at hand
 * @none: where it goes on behind the base's rules that were searched last
 */
struct maker {
	struct sim_path *path;
	const struct sim_walks *walks;
	struct firsts base;
	struct firsts added;
	const struct firsts *at;
	u32 none;
	bool failed;
};

static int by_node(const void *a, const void *b)
{
	const struct first *x = a, *y = b;

	if (x->node != y->node)
		return x->node < y->node ? -1 : 1;
	/* A rule whose first node is its first statement's: the inner one. */
	return x->rule < y->rule ? -1 : x->rule > y->rule;
}

static void learn(struct maker *m, struct firsts *f, const struct fwt_program *prog, u32 nodes)
{
	u32 i, n = prog ? prog->n[FWT_SEC_RULES] : 0;

	if (f->prog == prog)
		return;
	free(f->first);
	*f = (struct firsts){ .prog = prog, .nodes = nodes };
	f->first = malloc((n + 1) * sizeof(*f->first));
	m->failed |= !f->first;
	if (!f->first)
		return;
	for (i = 0; i < n; i++)
		if (prog->rule[i].node != FWT_NONE)
			f->first[f->n++] = (struct first){ prog->rule[i].node, i };
	qsort(f->first, f->n, sizeof(*f->first), by_node);
}

/* Whose a node is: @node becomes its number there. */
static const struct firsts *whose(const struct maker *m, u32 *node)
{
	if (*node == FWT_NONE || *node < m->base.prog->n[FWT_SEC_NODES] || !m->added.prog)
		return &m->base;
	*node -= m->added.nodes;
	return &m->added;
}

static u32 rule_of(const struct firsts *f, u32 node)
{
	u32 lo = 0, hi = f->n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (f->first[mid].node <= node)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? f->first[lo - 1].rule : FWT_NONE;
}

/* @rule and @node are those of @m->at. */
static struct sim_path_step *add(struct maker *m, u32 walk, u32 rule, u32 node)
{
	struct sim_path *path = m->path;
	struct sim_path_step *s;
	size_t len;

	if (path->n == path->room) {
		u32 room = path->room ? 2 * path->room : 16;

		s = realloc(path->step, room * sizeof(*s));
		if (!s) {
			m->failed = true;
			return NULL;
		}
		path->step = s;
		path->room = room;
	}
	s = &path->step[path->n++];
	memset(s, 0, sizeof(*s));
	s->walk = walk;
	s->hook = sim_hook_name(m->walks->walk[walk].hook);
	s->node = node + m->at->nodes;
	sim_rule_fill(m->at->prog, rule, &s->rule);
	/* Its first line says which one it is. */
	for (len = 0; len < s->rule.text_len && s->rule.text[len] != '\n'; len++)
		;
	while (len && (s->rule.text[len - 1] == ' ' || s->rule.text[len - 1] == '\t'))
		len--;
	s->rule.text_len = len;
	return s;
}

/* Changes */

static void put_end(char *buf, size_t size, const struct fwt_packet *p, const u32 *addr,
		    bool port, u16 n)
{
	u8 bytes[16];
	u32 i;

	for (i = 0; i < 4; i++)
		put_unaligned_be32(addr[i], bytes + 4 * i);
	sim_end_words(p->family, bytes, port, n, buf, size);
}

static const char *set_name(const struct fwt_program *prog, const struct fwt_prog_mod *mod)
{
	return prog->string + prog->object[prog->test[mod->a].set[0]].name;
}

/* "dscp 46", or of what it was taken from: "dscp, from ttl" */
static void put_set(const struct fwt_prog_mod *mod, const struct fwt_packet *after, char *buf,
		    size_t size)
{
	static const char *const names[] = {
		[FWT_MOD_SET_MARK] = "mark", [FWT_MOD_SET_CT_MARK] = "ct mark",
		[FWT_MOD_SET_PRIORITY] = "priority", [FWT_MOD_SET_DSCP] = "dscp",
		[FWT_MOD_SET_TTL] = "ttl", [FWT_MOD_SET_MSS] = "mss at most",
		[FWT_MOD_SET_VLAN] = "vlan",
	};
	const char *name = names[mod->type];

	if (!(mod->flags & (FWT_MOD_FIELD | FWT_MOD_MAP)))
		snprintf(buf, size, "%s %u", name, mod->a);
	else if (mod->type == FWT_MOD_SET_MARK)
		snprintf(buf, size, "%s %u", name, after->mark);
	else if (mod->flags & FWT_MOD_MAP)
		snprintf(buf, size, "%s, from the map", name);
	else
		snprintf(buf, size, "%s, from %s", name, fwt_field_info[mod->a].name);
}

static void put_nat(const struct fwt_prog_mod *mod, const struct sim_walk *w, char *buf,
		    size_t size)
{
	bool source = fwt_nat_source(mod, w->hook);
	const struct fwt_packet *p = &w->after;
	char end[SIM_END_WORDS];

	if (!(w->flags & (source ? FWT_DECISION_SNAT : FWT_DECISION_DNAT))) {
		snprintf(buf, size, "none");
		return;
	}
	if (source)
		put_end(end, sizeof(end), p, p->saddr, false, 0);
	else
		put_end(end, sizeof(end), p, p->daddr, p->have & FWT_HAVE_PORTS, p->dport);
	snprintf(buf, size, "%s %s", source ? "snat" : "dnat", end);
}

static void put_mod(const struct maker *m, const struct sim_walk *w, u32 index, char *buf,
		    size_t size)
{
	const struct fwt_program *prog = m->at->prog;
	const struct fwt_prog_mod *mod = &prog->mod[index];

	if (fwt_nat_is(mod)) {
		put_nat(mod, w, buf, size);
		return;
	}
	if (fwt_set_is(mod->type)) {
		put_set(mod, &w->after, buf, size);
		return;
	}
	switch (mod->type) {
	case FWT_MOD_LOG:
	case FWT_MOD_NFLOG:
		snprintf(buf, size, "log \"%s\"", mod->a == FWT_NONE ? "" : prog->string + mod->a);
		return;
	case FWT_MOD_COUNT:
		snprintf(buf, size, "count %s", prog->string + prog->counter[mod->a]);
		return;
	case FWT_MOD_MSS_CLAMP:
		snprintf(buf, size, "mss clamped to the way");
		return;
	case FWT_MOD_NOTRACK:
		snprintf(buf, size, "untracked");
		return;
	case FWT_MOD_SET_ADD:
		snprintf(buf, size, "to be added to @%s", set_name(prog, mod));
		return;
	case FWT_MOD_SET_REMOVE:
		snprintf(buf, size, "to be taken from @%s", set_name(prog, mod));
		return;
	}
	snprintf(buf, size, "done");
}

/* Steps */

static void put_verdict(char *buf, size_t size, const struct fwt_prog_node *n)
{
	static const char *const names[] = { "accept", "drop", "reject" };

	if (n->sub >= FWT_VERDICT_QUEUE)
		snprintf(buf, size, "queue %u%s", n->param,
			 n->sub == FWT_VERDICT_QUEUE_BYPASS ? " bypass" : "");
	else
		snprintf(buf, size, "%s", names[n->sub]);
}

/* The rule that a branch leads to: the node may be a verdict's, which knows it. */
static void put_target(const struct maker *m, char *buf, size_t size, u32 node, const char *none)
{
	const struct firsts *f = whose(m, &node);
	const struct fwt_prog_node *n = &f->prog->node[node];
	struct fwt_sim_rule r;

	sim_rule_fill(f->prog, n->type == FWT_NODE_VERDICT || n->type == FWT_NODE_ENTER ?
		      n->arg : rule_of(f, node), &r);
	if (r.file)
		snprintf(buf, size, "line %u", r.line);
	else
		snprintf(buf, size, "%s", none);
}

/* The step before, if it is of the same rule: they are one. */
static struct sim_path_step *same_rule(struct maker *m, u32 walk, u32 rule)
{
	struct sim_path *path = m->path;
	struct sim_path_step *last = path->n ? &path->step[path->n - 1] : NULL;
	struct fwt_sim_rule r;

	sim_rule_fill(m->at->prog, rule, &r);
	return last && last->walk == walk && r.file && last->rule.line == r.line &&
	       last->rule.text == r.text ? last : NULL;
}

static struct sim_path_step *step_of(struct maker *m, u32 walk, u32 rule, u32 node)
{
	struct sim_path_step *s = same_rule(m, walk, rule);

	return s ? s : add(m, walk, rule, node);
}

/* What came of it: instead of "yes", behind what the rule did before. */
static void came(struct sim_path_step *s, const char *what)
{
	size_t at = strlen(s->taken);

	if (!strcmp(s->taken, "yes") || !strcmp(s->taken, "goes on"))
		at = 0;
	snprintf(s->taken + at, sizeof(s->taken) - at, "%s%s", at ? ", " : "", what);
}

/* The key that a map was asked for, besides what the rule asked before. */
static void asked(struct maker *m, u32 walk, u32 rule, const struct fwt_walk_step *s)
{
	const struct fwt_program *prog = m->at->prog;
	const struct fwt_prog_mod *mod = &prog->mod[prog->node[s->node].arg];
	struct sim_path_step *to = step_of(m, walk, rule, s->node);
	size_t at;

	if (!to)
		return;
	at = strlen(to->value);
	if (at && at + 2 < sizeof(to->value)) {
		strcpy(to->value + at, "; ");
		at += 2;
	}
	put_key(to->value + at, sizeof(to->value) - at, &prog->test[fwt_mod_test(mod)],
		&m->walks->walk[walk].before, s);
}

/* A map had nothing. Where its rule ends there, yes and no lead on to the same node. */
static bool missed(const struct maker *m, const struct fwt_prog_node *n, bool six,
		   const struct fwt_walk_step *s)
{
	const struct fwt_program *prog = m->at->prog;
	const struct fwt_prog_test *t = &prog->test[fwt_mod_test(&prog->mod[n->arg])];
	const struct fwt_field_info *f = fwt_field_info;
	u32 i, words = 0;

	for (i = 0; i < t->n_fields; i++)
		words += six ? f[t->field[i]].words6 : f[t->field[i]].words;
	return s->next == n->no + m->at->nodes && (n->yes != n->no || s->words <= words);
}

/* "geo says DE" */
static void put_answer(char *buf, size_t size, const struct fwt_program *prog,
		       const struct fwt_prog_test *t, const struct fwt_walk_step *s)
{
	bool select = t->op == FWT_TEST_NODE_SELECT;
	const struct fwt_prog_foreign *f;
	const char *says = "nothing";

	if (!select && t->op != FWT_TEST_NODE)
		return;
	f = &prog->foreign[t->set[select]];
	if (s->words && select)
		says = prog->string + prog->arg[f->labels + s->key[0]].name;
	else if (s->words)
		says = s->key[0] ? "yes" : "no";
	snprintf(buf, size, "%s says %s", prog->string + f->name, says);
}

/* @s is in numbers of @m->at, but for its @next, which is as it was told. */
static void one_step(struct maker *m, u32 walk, const struct fwt_walk_step *s)
{
	const struct sim_walk *w = &m->walks->walk[walk];
	const struct fwt_program *prog = m->at->prog;
	const struct fwt_prog_node *n = &prog->node[s->node];
	struct sim_path_step *to = NULL;
	char what[160];
	size_t at;
	u32 rule;

	switch (n->type) {
	case FWT_NODE_TEST:
	case FWT_NODE_SELECT:
		to = step_of(m, walk, rule_of(m->at, s->node), s->node);
		if (!to)
			return;
		at = strlen(to->value);
		if (at && at + 2 < sizeof(to->value)) {
			strcpy(to->value + at, "; ");
			at += 2;
		}
		put_key(to->value + at, sizeof(to->value) - at, &prog->test[n->arg],
			&w->before, s);
		put_answer(to->value + at, sizeof(to->value) - at, prog, &prog->test[n->arg], s);
		if (n->type == FWT_NODE_SELECT)
			put_target(m, to->taken, sizeof(to->taken), s->next, "goes on");
		else
			snprintf(to->taken, sizeof(to->taken), "%s",
				 s->next == n->yes + m->at->nodes ? "yes" : "no");
		return;
	case FWT_NODE_FOREST:
		to = add(m, walk, FWT_NONE, s->node);
		if (!to)
			return;
		snprintf(to->value, sizeof(to->value),
			 "rules searched by address, port and protocol");
		/* Those behind an added rule that goes on are others' as well. */
		if (m->at == &m->base)
			m->none = n->no;
		if (s->next == m->none)
			snprintf(to->taken, sizeof(to->taken), "none matches");
		else
			put_target(m, to->taken, sizeof(to->taken), s->next, "one matches");
		return;
	case FWT_NODE_MOD:
		rule = prog->mod[n->arg].rule;
		if (prog->mod[n->arg].flags & FWT_MOD_MAP) {
			asked(m, walk, rule, s);
			if (missed(m, n, w->before.family == 6, s)) {
				snprintf(what, sizeof(what), "nothing in the map");
				break;
			}
		}
		put_mod(m, w, n->arg, what, sizeof(what));
		break;
	case FWT_NODE_VERDICT:
		put_verdict(what, sizeof(what), n);
		rule = n->arg;
		break;
	case FWT_NODE_ENTER:
		snprintf(what, sizeof(what), "goes on");
		rule = n->arg;
		break;
	default:
		return;
	}
	to = step_of(m, walk, rule, s->node);
	if (to)
		came(to, what);
}

static void one_walk(struct maker *m, u32 walk)
{
	const struct sim_walk *w = &m->walks->walk[walk];
	const struct fwt_patch *patch = w->prog->patch;
	struct sim_path_step *s;
	size_t i;

	learn(m, &m->base, w->prog, 0);
	learn(m, &m->added, patch ? &patch->prog : NULL, w->prog->n[FWT_SEC_NODES]);
	for (i = w->first; i < w->first + w->n_steps && !m->failed; i++) {
		struct fwt_walk_step own = m->walks->step[i].step;

		m->at = whose(m, &own.node);
		one_step(m, walk, &own);
	}
	/* Ended by a modifier that could not be done, or by what is not known. */
	if (w->verdict != FWT_VERDICT_UNKNOWN && w->reason <= FWT_REASON_INVALID)
		return;
	m->at = &m->base;
	s = add(m, walk, w->rule, w->node);
	if (s)
		snprintf(s->taken, sizeof(s->taken), "%s", w->verdict == FWT_VERDICT_UNKNOWN ?
			 "not kept by the connection: its verdict stays" :
			 fwt_reason_info[w->reason].name);
}

int sim_path_make(const struct sim_walks *walks, struct sim_path *path)
{
	struct maker m = { .path = path, .walks = walks };
	size_t i;

	memset(path, 0, sizeof(*path));
	for (i = 0; i < walks->n && !m.failed; i++)
		one_walk(&m, (u32)i);
	free(m.base.first);
	free(m.added.first);
	return m.failed ? -1 : 0;
}

void sim_path_clean(struct sim_path *path)
{
	free(path->step);
	memset(path, 0, sizeof(*path));
}
