// SPDX-License-Identifier: GPL-2.0
/*
 * The oracle's walk: statement after statement, as they were written.
 */
#include "oracle.h"
#include "program.h"

/* Destination ports, from the one to the other; where that is 0 nothing is known. */
struct ports {
	u32 from;
	u32 to;
};

/* @ports: by what is written around the statement */
struct walk {
	const struct fwt_oracle *o;
	struct fwt_packet *p;
	const struct fwt_env *env;
	struct fwt_oracle_result *r;
	struct ports ports;
};

enum way {
	ON,	/* to what stands behind */
	MISSED,	/* the same: a map had nothing, the rest of the rule is not done */
	BACK,	/* to the call */
	ENDED,
};

static enum way block(struct walk *w, const struct fwt_block *b);
static enum way statement(struct walk *w, const struct fwt_rule *rule);

static enum way drop(struct walk *w, u8 reason, const struct fwt_rule *rule)
{
	w->r->verdict = FWT_VERDICT_DROP;
	w->r->reason = reason;
	w->r->rule = rule;
	return ENDED;
}

static bool effect(struct walk *w, const struct fwt_rule *rule,
		   const struct fwt_modifier *mod)
{
	struct fwt_oracle_result *r = w->r;

	if (r->n_effects == FWT_EFFECTS_MAX)
		return false;
	r->effect[r->n_effects].rule = rule;
	r->effect[r->n_effects++].mod = mod;
	return true;
}

static bool is_six(const struct fwt_value *v)
{
	if (v->kind == FWT_VALUE_RANGE)
		v = v->range.lo;
	return v->kind == FWT_VALUE_IPV6 || v->kind == FWT_VALUE_PREFIX6;
}

/* The target for the packet's family, NULL if there is none. */
static const struct fwt_value *nat_target(const struct fwt_modifier *m,
					  const struct fwt_packet *p)
{
	const struct fwt_value *v;

	for (v = m->nat.addr.first; v; v = v->next)
		if (v->kind == FWT_VALUE_ADDR_OF || is_six(v) == (p->family == 6))
			return v;
	return NULL;
}

static bool is_translation(const struct fwt_modifier *m)
{
	return m->kind == FWT_AST_MOD_SNAT || m->kind == FWT_AST_MOD_DNAT ||
	       m->kind == FWT_AST_MOD_MASQUERADE || m->kind == FWT_AST_MOD_REDIRECT ||
	       m->kind == FWT_AST_MOD_NETMAP || m->kind == FWT_AST_MOD_BALANCE;
}

static bool of_source(const struct fwt_modifier *m, const struct fwt_packet *p)
{
	return m->kind == FWT_AST_MOD_SNAT || m->kind == FWT_AST_MOD_MASQUERADE ||
	       (m->kind == FWT_AST_MOD_NETMAP && p->hook == FWT_HOOK_EGRESS);
}

static void read_addr(const struct fwt_value *v, u32 words, u32 *low, u32 *high)
{
	u32 bits = 32 * words, plen = bits, i;
	const u8 *from = v->addr, *to = v->addr;

	if (v->kind == FWT_VALUE_RANGE) {
		from = v->range.lo->addr;
		to = v->range.hi->addr;
	} else if (v->kind == FWT_VALUE_PREFIX4 || v->kind == FWT_VALUE_PREFIX6) {
		plen = v->plen;
	}
	for (i = 0; i < words; i++) {
		low[i] = get_unaligned_be32(from + 4 * i);
		high[i] = get_unaligned_be32(to + 4 * i);
	}
	for (i = plen; i < bits; i++) {
		low[i / 32] &= ~(0x80000000u >> i % 32);
		high[i / 32] |= 0x80000000u >> i % 32;
	}
}

/* The ports of one value, of the field that it is written for. */
static struct ports ports_of(const struct walk *w, const struct fwt_ast_ref *ref,
			     const struct fwt_value *v)
{
	bool range = v->kind == FWT_VALUE_RANGE;
	struct ports p = { 0 };

	if (v->kind == FWT_VALUE_SETREF)
		return p;
	p.from = fwt_oracle_number(w->o, ref, range ? v->range.lo : v);
	p.to = fwt_oracle_number(w->o, ref, range ? v->range.hi : v);
	return p;
}

/* The ports that @values ask for, if all of them ask for the same. */
static struct ports asked(const struct walk *w, const struct fwt_fields *fields,
			  const struct fwt_values *values)
{
	const struct ports none = { 0 };
	struct ports p = { 0 }, now;
	const struct fwt_ast_ref *ref;
	const struct fwt_value *v, *part;
	bool first = true;
	u32 at = 0;

	for (ref = fields->first; ref && ref->field != FWT_AST_DPORT; ref = ref->next)
		at++;
	if (!ref)
		return none;
	for (v = values->first; v; v = v->next) {
		if (fields->count > 1 && v->kind != FWT_VALUE_JOIN)
			return none;
		part = fields->count > 1 ? v->parts.part[at].first : v;
		for (; part; part = fields->count > 1 ? part->next : NULL) {
			now = ports_of(w, ref, part);
			if (!first && (now.from != p.from || now.to != p.to))
				return none;
			p = now;
			first = false;
		}
	}
	return p;
}

/* Those that packets have which match @rule, as it says itself; or as is said around it. */
static struct ports ports_at(const struct walk *w, const struct fwt_rule *rule)
{
	struct ports p = { 0, 0x10000 }, one;
	const struct fwt_match *m;
	bool above = false;

	for (m = rule->matches; m; m = m->next) {
		if (m->kind != FWT_MATCH_FIELD || m->op != FWT_OP_EQ)
			continue;
		one = asked(w, &m->fields, &m->values);
		if (one.to)
			return one;
	}
	for (m = rule->matches; m; m = m->next) {
		if (m->kind != FWT_MATCH_FIELD || m->op < FWT_OP_LT || m->fields.count != 1 ||
		    m->fields.first->field != FWT_AST_DPORT)
			continue;
		one = ports_of(w, m->fields.first, m->values.first);
		above |= m->op == FWT_OP_GT || m->op == FWT_OP_GE;
		if (m->op == FWT_OP_GT && one.from >= p.from)
			p.from = one.from + 1;
		if (m->op == FWT_OP_GE && one.from > p.from)
			p.from = one.from;
		if (m->op == FWT_OP_LT && one.from <= p.to)
			p.to = one.from - 1;
		if (m->op == FWT_OP_LE && one.from < p.to)
			p.to = one.from;
	}
	return above && p.to < 0x10000 && p.from <= p.to ? p : w->ports;
}

/* Where as many ports are asked for as the target has: the first of them. */
static u32 first_port(const struct walk *w, const struct fwt_rule *rule, u32 span)
{
	struct ports p = ports_at(w, rule);

	return p.to - p.from == span ? p.from : 0;
}

/* The prefix of @target, and the rest of @addr: bit by bit. */
static void map_prefix(const struct fwt_value *target, u32 *addr)
{
	u32 bit;

	for (bit = 0; bit < target->plen; bit++) {
		u32 at = 0x80000000u >> bit % 32;

		addr[bit / 32] &= ~at;
		if (target->addr[bit / 8] >> (7 - bit % 8) & 1)
			addr[bit / 32] |= at;
	}
}

static bool choose_addr(struct walk *w, const struct fwt_modifier *m, u32 *addr)
{
	const struct fwt_value *target = nat_target(m, w->p);
	struct fwt_packet *p = w->p;
	struct fwt_prog_mod to = {
		.family = p->family,
		.flags = (m->nat.flags & FWT_NAT_RANDOM ? FWT_MOD_RANDOM : 0) |
			 (m->nat.flags & (FWT_NAT_PERSISTENT | FWT_NAT_EIM) ?
			  FWT_MOD_PERSISTENT : 0),
	};
	static const u32 home[2][4] = { { 0x7f000001 }, { 0, 0, 0, 1 } };
	char name[FWT_ORACLE_IFNAME];

	if (m->kind == FWT_AST_MOD_MASQUERADE)
		return w->env->ops->source(w->env, p, addr);
	if (m->kind == FWT_AST_MOD_REDIRECT && !p->iif) {
		memcpy(addr, home[p->family == 6], sizeof(home[0]));
		return true;
	}
	if (m->kind == FWT_AST_MOD_REDIRECT)
		return w->env->ops->local(w->env, p->iif, p, addr);
	if (!target)
		return true;
	if (target->kind == FWT_VALUE_ADDR_OF) {
		fwt_oracle_ifname(target, name);
		return w->env->ops->local(w->env, name, p, addr);
	}
	if (m->kind == FWT_AST_MOD_NETMAP) {
		map_prefix(target, addr);
		return true;
	}
	read_addr(target, p->family == 6 ? 4 : 1, to.addr_lo, to.addr_hi);
	fwt_nat_addr(&to, p, w->env->seed, addr);
	return true;
}

/* Returns false where there is no address to be had. */
static bool translate(struct walk *w, const struct fwt_rule *rule,
		      const struct fwt_modifier *m, const struct fwt_value *mapped)
{
	static const struct fwt_ast_ref port_ref = { .field = FWT_AST_DPORT };
	struct fwt_packet *p = w->p;
	struct fwt_prog_mod to = {
		.family = p->family,
		.flags = (m->nat.flags & FWT_NAT_RANDOM ? FWT_MOD_RANDOM : 0) |
			 (m->nat.flags & (FWT_NAT_PERSISTENT | FWT_NAT_EIM) ?
			  FWT_MOD_PERSISTENT : 0),
	};
	const struct fwt_value *port = m->nat.port;
	u32 words = p->family == 6 ? 4 : 1;
	u16 dport = p->dport;

	if (of_source(m, p)) {
		if (mapped)
			fwt_oracle_mapped(w->o, mapped, words, p->saddr, &dport);
		else if (!choose_addr(w, m, p->saddr))
			return false;
		w->r->flags |= FWT_DECISION_SNAT;
		p->ct_status |= FWT_CT_SNAT;
		return true;
	}
	if (port && p->have & FWT_HAVE_PORTS) {
		bool range = port->kind == FWT_VALUE_RANGE;

		to.flags |= FWT_MOD_PORTS;
		to.port_lo = (u16)fwt_oracle_number(w->o, &port_ref,
						    range ? port->range.lo : port);
		to.port_hi = (u16)fwt_oracle_number(w->o, &port_ref,
						    range ? port->range.hi : port);
		if (range)
			to.a = first_port(w, rule, (u32)to.port_hi - to.port_lo);
		p->dport = fwt_nat_dport(&to, p, w->env->seed);
	}
	dport = p->dport;
	if (mapped)
		fwt_oracle_mapped(w->o, mapped, words, p->daddr, &dport);
	else if (!choose_addr(w, m, p->daddr))
		return false;
	if (p->have & FWT_HAVE_PORTS)
		p->dport = dport;
	w->r->flags |= FWT_DECISION_DNAT;
	p->ct_status |= FWT_CT_DNAT;
	return true;
}

/* Returns false where no server is usable. */
static bool balance(struct walk *w, const struct fwt_rule *rule,
		    const struct fwt_modifier *m)
{
	struct fwt_prog_mod to = {
		.flags = FWT_MOD_PORTS |
			 (m->nat.flags & FWT_NAT_PERSISTENT ? FWT_MOD_PERSISTENT : 0),
	};
	struct fwt_packet *p = w->p;
	struct fwt_env_server s;

	if (!w->env->ops->server ||
	    !w->env->ops->server(w->env, FWT_NONE,
				 fwt_object_key(FWT_OBJECT_POOL, m->nat.pool.text), p,
				 m->nat.flags & FWT_NAT_PERSISTENT, &s))
		return false;
	if (s.port_lo && p->have & FWT_HAVE_PORTS) {
		to.port_lo = s.port_lo;
		to.port_hi = s.port_hi;
		if (s.port_hi > s.port_lo)
			to.a = first_port(w, rule, (u32)s.port_hi - s.port_lo);
		p->dport = fwt_nat_dport(&to, p, w->env->seed);
	}
	memcpy(p->daddr, s.addr, sizeof(s.addr));
	w->r->flags |= FWT_DECISION_DNAT;
	p->ct_status |= FWT_CT_DNAT;
	return true;
}

static void foreign(struct walk *w, const char *name)
{
	struct fwt_env_node said = { 0 };
	struct fwt_packet *p = w->p;

	if (!w->o->node)
		return;
	w->o->node(name, p, &said);
	if (said.what & 1 << FWT_NODE_SET_MARK) {
		p->mark = said.value[FWT_NODE_SET_MARK];
		w->r->flags |= FWT_DECISION_MARK;
	}
	if (said.what & 1 << FWT_NODE_SET_DSCP && p->have & FWT_HAVE_IP) {
		p->tos = (u8)(p->tos % 4 + 4 * said.value[FWT_NODE_SET_DSCP]);
		w->r->flags |= FWT_DECISION_DSCP;
	}
}

static enum way modify(struct walk *w, const struct fwt_rule *rule,
		       const struct fwt_modifier *m)
{
	const struct fwt_value *mapped = NULL;
	struct fwt_packet *p = w->p;

	/* What is never tracked, or is not IP, is not translated. */
	if (is_translation(m) &&
	    (p->ct_state == FWT_CT_UNTRACKED || !(p->have & FWT_HAVE_IP)))
		return ON;

	if (m->kind == FWT_AST_MOD_SET && m->set.map.text) {
		mapped = fwt_oracle_map(w->o, &m->set.map, &m->set.keys, false, p, w->env);
		if (!mapped)
			return MISSED;
	} else if (is_translation(m) && m->nat.map.text) {
		mapped = fwt_oracle_map(w->o, &m->nat.map, &m->nat.keys,
					m->kind == FWT_AST_MOD_SNAT, p, w->env);
		if (!mapped)
			return MISSED;
	}
	switch (m->kind) {
	case FWT_AST_MOD_DNAT:
	case FWT_AST_MOD_REDIRECT:
		if (p->hook == FWT_HOOK_EGRESS && p->iif)
			return drop(w, FWT_REASON_DNAT_LATE, rule);
		if (!translate(w, rule, m, mapped))
			return drop(w, FWT_REASON_NO_ADDRESS, rule);
		break;
	case FWT_AST_MOD_BALANCE:
		if (p->hook == FWT_HOOK_EGRESS && p->iif)
			return drop(w, FWT_REASON_DNAT_LATE, rule);
		if (!balance(w, rule, m)) {
			drop(w, FWT_REASON_NO_SERVER, rule);
			if (m->nat.or_reject) {
				w->r->verdict = FWT_VERDICT_REJECT;
				w->r->reason = FWT_REASON_REJECT;
				w->r->reject = (u8)m->nat.or_reject->reject.with;
			}
			return ENDED;
		}
		break;
	case FWT_AST_MOD_SNAT:
	case FWT_AST_MOD_NETMAP:
	case FWT_AST_MOD_MASQUERADE:
		if (!translate(w, rule, m, mapped))
			return drop(w, FWT_REASON_NO_ADDRESS, rule);
		break;
	case FWT_AST_MOD_SET:
		fwt_oracle_set(w->o, m, mapped, p, w->r);
		break;
	case FWT_AST_MOD_MSS_CLAMP:
		w->r->flags |= FWT_DECISION_CLAMP;
		break;
	case FWT_AST_MOD_NOTRACK:
		if (p->ct_state == FWT_CT_NEW || p->ct_state == FWT_CT_INVALID) {
			p->ct_state = FWT_CT_UNTRACKED;
			w->r->flags |= FWT_DECISION_NOTRACK;
		}
		break;
	case FWT_AST_MOD_COUNT:
		if (!m->count.text)
			return ON;
		break;
	case FWT_AST_MOD_ADD:
	case FWT_AST_MOD_REMOVE:
		if (fwt_oracle_there(&m->update.keys, p, w->env) &&
		    w->r->n_updates++ == FWT_DECISION_UPDATES)
			return drop(w, FWT_REASON_EFFECTS, rule);
		break;
	case FWT_AST_MOD_MODIFY:
		foreign(w, m->node.name.text);
		break;
	default:
		break;
	}
	return effect(w, rule, m) ? ON : drop(w, FWT_REASON_EFFECTS, rule);
}

static enum way tree(struct walk *w, const struct fwt_name *name)
{
	enum way way;

	/* What led here is not plain to see in it. */
	w->ports = (struct ports){ 0 };
	way = block(w, &fwt_ast_tree(w->o->ast, name->text)->block);
	return way == ENDED ? ENDED : BACK;
}

static enum way choose(struct walk *w, const struct fwt_select *s)
{
	struct fwt_env_node said = { 0 };
	const struct fwt_value *v;
	const struct fwt_branch *b;

	if (s->map.text) {
		v = fwt_oracle_map(w->o, &s->map, &s->fields, false, w->p, w->env);
		for (b = s->branches; v && b; b = b->next)
			if (!strcmp(b->rule->end.target.text, v->text))
				return statement(w, b->rule);
		return ON;
	}
	if (s->node.name.text) {
		u32 n = w->o->node ? w->o->node(s->node.name.text, w->p, &said) : 0;

		for (b = w->o->node ? s->branches : NULL; b; b = b->next)
			for (v = b->values.first; v; v = v->next)
				if (v->kind == FWT_VALUE_NUMBER && v->number == n)
					return statement(w, b->rule);
		return s->fallback ? statement(w, s->fallback->rule) : ON;
	}
	for (b = s->branches; b; b = b->next)
		if (!b->is_default && fwt_oracle_key(w->o, &s->fields, &b->values, w->p,
						     w->env)) {
			struct ports p = asked(w, &s->fields, &b->values);

			if (p.to)
				w->ports = p;
			return statement(w, b->rule);
		}
	return s->fallback ? statement(w, s->fallback->rule) : ON;
}

/* Weights as they are written; the walk has them in their lowest terms. */
static u64 common_of(const struct fwt_split *s)
{
	const struct fwt_branch *b;
	u64 n;

	for (n = s->branches->weight; n > 1; n--) {
		for (b = s->branches; b && !(b->weight % n); b = b->next)
			;
		if (!b)
			break;
	}
	return n;
}

static enum way share(struct walk *w, const struct fwt_rule *rule)
{
	const struct fwt_split *s = rule->end.split;
	const struct fwt_branch *b;
	u64 common = common_of(s), at, sum = 0;

	for (b = s->branches; b; b = b->next)
		sum += b->weight / common;
	if (s->kind == FWT_SPLIT_ROUND_ROBIN) {
		at = w->o->state && w->o->state->turn ?
		     w->o->state->turn(w->o->state->ctx, rule) : 0;
		if (!fwt_oracle_charge(w->r, rule, FWT_NONE, 0, false))
			return drop(w, FWT_REASON_EFFECTS, rule);
	} else {
		at = fwt_oracle_share(w->o, rule, (u32)sum, w->p, w->env);
	}
	for (b = s->branches; at >= b->weight / common; b = b->next)
		at -= b->weight / common;
	return statement(w, b->rule);
}

static enum way verdict(struct walk *w, const struct fwt_rule *rule)
{
	struct fwt_oracle_result *r = w->r;

	r->rule = rule;
	r->reason = FWT_REASON_NONE;
	switch (rule->end.kind) {
	case FWT_END_ACCEPT:
		r->verdict = FWT_VERDICT_ACCEPT;
		break;
	case FWT_END_DROP:
		r->verdict = FWT_VERDICT_DROP;
		r->reason = w->p->ct_state == FWT_CT_INVALID ? FWT_REASON_INVALID :
							       FWT_REASON_POLICY;
		break;
	case FWT_END_QUEUE:
		r->verdict = FWT_VERDICT_ACCEPT;
		r->flags |= FWT_DECISION_QUEUE;
		if (rule->end.queue.bypass)
			r->flags |= FWT_DECISION_BYPASS;
		r->queue = (u16)rule->end.queue.number;
		break;
	default:
		r->verdict = FWT_VERDICT_REJECT;
		r->reason = FWT_REASON_REJECT;
		r->reject = rule->end.reject.written ? (u8)rule->end.reject.with : 0;
		break;
	}
	return ENDED;
}

static enum way statement(struct walk *w, const struct fwt_rule *rule)
{
	const struct fwt_modifier *m;
	enum fwt_end_kind end = rule->end.kind;
	int matches;

	/* Of another family than it translates to: it takes of no limit. */
	for (m = rule->modifiers; m; m = m->next)
		if (m->nat.addr.first && is_translation(m) && !nat_target(m, w->p))
			return ON;
	matches = fwt_oracle_matches(w->o, rule, w->p, w->env, w->r);
	if (matches < 0)
		return drop(w, FWT_REASON_EFFECTS, rule);
	if (!matches)
		return ON;
	if (end != FWT_END_ACCEPT && end != FWT_END_DROP && end != FWT_END_REJECT &&
	    end != FWT_END_QUEUE && !effect(w, rule, NULL))
		return drop(w, FWT_REASON_EFFECTS, NULL);
	for (m = rule->modifiers; m; m = m->next) {
		enum way way = modify(w, rule, m);

		if (way != ON)
			return way == MISSED ? ON : way;
	}
	w->ports = ports_at(w, rule);
	switch (end) {
	case FWT_END_ACCEPT:
	case FWT_END_DROP:
	case FWT_END_REJECT:
	case FWT_END_QUEUE:
		return verdict(w, rule);
	case FWT_END_GOTO:
		return tree(w, &rule->end.target);
	case FWT_END_CALL:
		return tree(w, &rule->end.target) == ENDED ? ENDED : ON;
	case FWT_END_RETURN:
		return BACK;
	case FWT_END_BLOCK:
		return block(w, &rule->end.block);
	case FWT_END_SELECT:
		return choose(w, rule->end.select);
	case FWT_END_SPLIT:
		return share(w, rule);
	default:
		return ON;
	}
}

static enum way block(struct walk *w, const struct fwt_block *b)
{
	const struct ports around = w->ports;
	const struct fwt_rule *rule;
	enum way way;

	for (rule = b->first; rule; rule = rule->next) {
		way = statement(w, rule);
		w->ports = around;
		if (way != ON)
			return way;
	}
	return ON;
}

void fwt_oracle_walk(const struct fwt_oracle *o, const struct fwt_ast_hook *hook,
		     struct fwt_packet *p, const struct fwt_env *env,
		     struct fwt_oracle_result *r)
{
	struct walk w = { o, p, env, r, { 0 } };

	memset(r, 0, offsetof(struct fwt_oracle_result, effect));
	r->verdict = FWT_VERDICT_DROP;
	r->ended = block(&w, &hook->block) == ENDED;
}
