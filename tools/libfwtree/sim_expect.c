// SPDX-License-Identifier: GPL-2.0
/* What a test expects, held against what became of the packet. */
#include <stdarg.h>
#include <stdlib.h>

#include "sim_test.h"

static const char *const verdicts[] = { "accept", "drop", "reject" };

__attribute__((format(printf, 3, 4)))
static bool no(char *why, size_t size, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, size, fmt, args);
	va_end(args);
	return false;
}

static const char *say(const char *text)
{
	return text ? text : "none";
}

/* An end of a packet as it leaves. */
static bool packet_end(const struct fwt_sim_result *r, bool source, struct sim_end *e)
{
	struct fwt_packet p = { .ether_type = r->len && *r->data >> 4 == 6 ? 0x86dd : 0x0800 };

	memset(e, 0, sizeof(*e));
	if (fwt_packet_parse(&p, r->data, (u32)r->len, (u32)r->len, FWT_PARSE_NETWORK) ||
	    !(p.have & FWT_HAVE_IP))
		return false;
	e->family = p.family;
	memcpy(e->addr, r->data + (p.family == 6 ? (source ? 8 : 24) : (source ? 12 : 16)),
	       p.family == 6 ? 16 : 4);
	e->has_port = p.have & FWT_HAVE_PORTS;
	e->port = source ? p.sport : p.dport;
	return true;
}

static bool end_is(const struct sim_end *want, const struct sim_end *got, char *why,
		   size_t size, const char *what)
{
	char is[SIM_END_WORDS], text[SIM_END_WORDS];
	bool same = want->family == got->family &&
		    !memcmp(want->addr, got->addr, want->family == 6 ? 16 : 4) &&
		    (!want->has_port || (got->has_port && want->port == got->port));

	if (same)
		return true;
	sim_end_words(got->family, got->addr, got->has_port, got->port, is, sizeof(is));
	sim_end_words(want->family, want->addr, want->has_port, want->port, text, sizeof(text));
	return no(why, size, "%s %s, not %s", what, is, text);
}

static bool conn_has_ports(const struct fwt_sim_conn *c)
{
	return c->protocol == 6 || c->protocol == 17 || c->protocol == 136 ||
	       c->protocol == 132 || c->protocol == 33 || c->protocol == 1 || c->protocol == 58;
}

static bool translated(const struct sim_expect *e, const struct fwt_sim_result *r, char *why,
		       size_t size)
{
	bool source = e->kind == EXPECT_SNAT;
	const struct fwt_sim_conn *c = r->conn;
	struct sim_end got = { };

	if (!c || !(source ? c->snat : c->dnat))
		return no(why, size, "it is not translated");
	if (!e->end.family)
		return true;
	got.family = c->family;
	memcpy(got.addr, source ? c->daddr[1] : c->saddr[1], 16);
	got.has_port = conn_has_ports(c);
	got.port = source ? c->dport[1] : c->sport[1];
	return end_is(&e->end, &got, why, size, source ? "the server sees" : "it was led to");
}

static bool is_rule(const char *want, const struct fwt_sim_rule *rule)
{
	const char *colon = strrchr(want, ':'), *name;
	unsigned long line;
	char *end;

	if (!rule->file)
		return false;
	if (rule->id && !strcmp(rule->id, want))
		return true;
	line = strtoul(colon ? colon + 1 : want, &end, 10);
	if (*end || line != rule->line || (colon ? colon[1] : *want) < '0')
		return false;
	if (!colon)
		return true;
	/* As it was given, or without its folders. */
	name = strrchr(rule->file, '/');
	return (strlen(rule->file) == (size_t)(colon - want) &&
		!strncmp(rule->file, want, (size_t)(colon - want))) ||
	       (name && strlen(name + 1) == (size_t)(colon - want) &&
		!strncmp(name + 1, want, (size_t)(colon - want)));
}

/* Did it decide, or take part in a walk: as "hits" counts. */
static bool took_part(const char *want, const struct fwt_sim *sim)
{
	const struct sim_walks *walks = sim_walks_of(sim);
	struct fwt_sim_rule rule;
	size_t i;
	u32 k, e;

	for (i = 0; i < walks->n; i++) {
		const struct sim_walk *w = &walks->walk[i];

		for (k = 0; k < w->n_effects && !w->again; k++) {
			e = w->effect[k] & ~FWT_EFFECT_MOD;
			if (w->effect[k] & FWT_EFFECT_MOD)
				e = w->prog->mod[e].rule;
			sim_rule_fill(w->prog, e, &rule);
			if (is_rule(want, &rule))
				return true;
		}
	}
	return false;
}

static bool policy_has(const char *want, const struct fwt_sim *sim)
{
	const struct fwt_program *prog = sim_program(sim);
	struct fwt_sim_rule rule;
	u32 i;

	for (i = 0; i < prog->n[FWT_SEC_RULES]; i++) {
		sim_rule_fill(prog, i, &rule);
		if (is_rule(want, &rule))
			return true;
	}
	return false;
}

/* Does it name what there is: else its opposite is no news either. */
static bool known(const struct sim_expect *e, struct fwt_sim *sim, char *why, size_t size)
{
	switch (e->kind) {
	case EXPECT_RULE:
		return policy_has(e->text, sim) ||
		       no(why, size, "the policy has no rule '%s'", e->text);
	case EXPECT_SET:
		return fwt_sim_set_has(sim, e->text, e->other) >= 0 ||
		       no(why, size, "%s", fwt_sim_error(sim));
	default:
		return true;
	}
}

bool sim_expects_known(const struct sim_expect *e, struct fwt_sim *sim, char *why, size_t size)
{
	for (; e; e = e->next)
		if (!known(e, sim, why, size))
			return false;
	return true;
}

static bool rule_holds(const struct sim_expect *e, struct fwt_sim *sim,
		       const struct fwt_sim_result *r, char *why, size_t size)
{
	unsigned int i;

	for (i = 0; i < __FWT_SIM_HOOKS; i++)
		if (is_rule(e->text, &r->rule[i]))
			return true;
	if (took_part(e->text, sim))
		return true;
	if (!known(e, sim, why, size))
		return false;
	if (!r->by->file)
		return no(why, size, "no rule decided");
	if (r->by->id)
		return no(why, size, "the rule is '%s' (%s:%u), not '%s'", r->by->id, r->by->file,
			  r->by->line, e->text);
	return no(why, size, "the rule is %s:%u, not '%s'", r->by->file, r->by->line, e->text);
}

static bool logged(const struct sim_expect *e, const struct fwt_sim_result *r, char *why,
		   size_t size)
{
	size_t i;

	for (i = 0; i < r->n_logs; i++)
		if (strstr(r->logs[i], e->text))
			return true;
	if (!r->n_logs)
		return no(why, size, "nothing is logged");
	return no(why, size, "what is logged is: %s", r->logs[0]);
}

static bool holds(const struct sim_expect *e, struct fwt_sim *sim,
		  const struct fwt_sim_result *r, char *why, size_t size)
{
	struct sim_end got;
	int has;

	switch (e->kind) {
	case EXPECT_VERDICT:
		return (u32)r->verdict == e->n ||
		       no(why, size, "it is %s%s%s", r->verdict == FWT_SIM_ACCEPT ? "accepted" :
			  r->verdict == FWT_SIM_DROP ? "dropped" : "rejected",
			  r->reason ? ", reason " : "", r->reason ? r->reason : "");
	case EXPECT_OUT:
		return (r->oif && !strcmp(r->oif, e->text)) ||
		       (r->oif ? no(why, size, "it leaves by %s", r->oif) :
			no(why, size, "%s", r->end == FWT_SIM_DELIVERED ? "it is for this machine" :
			   r->end == FWT_SIM_NO_WORLD ? "no route is given: nobody knows where to" :
			   "it does not leave"));
	case EXPECT_LOCAL:
		return r->end == FWT_SIM_DELIVERED ||
		       no(why, size, "it is not delivered to this machine");
	case EXPECT_HELD:
		return r->end == FWT_SIM_HELD ||
		       no(why, size, "it does not wait for other fragments");
	case EXPECT_TO:
	case EXPECT_FROM:
		return (packet_end(r, e->kind == EXPECT_FROM, &got) ||
			no(why, size, "it has no addresses")) &&
		       end_is(&e->end, &got, why, size,
			      e->kind == EXPECT_FROM ? "it comes from" : "it goes to");
	case EXPECT_SNAT:
	case EXPECT_DNAT:
		return translated(e, r, why, size);
	case EXPECT_REASON:
		return (r->reason && !strcmp(r->reason, e->text)) ||
		       no(why, size, "the reason is %s", say(r->reason));
	case EXPECT_RULE:
		return rule_holds(e, sim, r, why, size);
	case EXPECT_STATE:
		return (r->state && !strcmp(r->state, e->text)) ||
		       no(why, size, "the state is %s", say(r->state));
	case EXPECT_MARK:
		return r->mark == e->n || no(why, size, "the mark is %u", r->mark);
	case EXPECT_LOG:
		return logged(e, r, why, size);
	case EXPECT_CONN:
		return r->conn ? !*e->text || !strcmp(r->conn->state, e->text) ||
				 no(why, size, "the connection is %s", r->conn->state) :
				 no(why, size, "there is no connection");
	case EXPECT_SET:
		has = fwt_sim_set_has(sim, e->text, e->other);
		return has > 0 || no(why, size, "%s", has ? fwt_sim_error(sim) :
				     "it is not in the set");
	}
	return false;
}

bool sim_expect_holds(const struct sim_expect *e, struct fwt_sim *sim,
		      const struct fwt_sim_result *r, char *why, size_t size)
{
	static const char *const what[] = {
		[EXPECT_OUT] = "leaves by it", [EXPECT_LOCAL] = "is delivered to this machine",
		[EXPECT_HELD] = "waits for other fragments",
		[EXPECT_TO] = "goes there", [EXPECT_FROM] = "comes from there",
		[EXPECT_SNAT] = "has its source translated",
		[EXPECT_DNAT] = "has its destination translated",
		[EXPECT_REASON] = "has that reason", [EXPECT_RULE] = "is that rule's",
		[EXPECT_STATE] = "has that state", [EXPECT_MARK] = "has that mark",
		[EXPECT_LOG] = "is logged", [EXPECT_CONN] = "has such a connection",
		[EXPECT_SET] = "is in the set",
	};

	if (!e->not)
		return holds(e, sim, r, why, size);
	if (!holds(e, sim, r, why, size))
		return known(e, sim, why, size);
	return e->kind == EXPECT_VERDICT ? no(why, size, "the verdict is %s", verdicts[e->n]) :
					   no(why, size, "it %s", what[e->kind]);
}

bool sim_expects_hold(const struct sim_expect *e, struct fwt_sim *sim,
		      const struct fwt_sim_result *r, char *why, size_t size)
{
	for (; e; e = e->next)
		if (!sim_expect_holds(e, sim, r, why, size))
			return false;
	return true;
}
