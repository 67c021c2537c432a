// SPDX-License-Identifier: GPL-2.0
/*
 * Modifiers and options.
 */
#include <stdlib.h>

#include "sema.h"
#include "server_text.h"

static const struct fwt_ast_ref port_ref = { .field = FWT_AST_DPORT };

/* The translations, by their kind in the syntax tree */
static const struct {
	const char *word;
	u8 type;
} nat[] = {
	[FWT_AST_MOD_SNAT] = { "snat", FWT_MOD_SNAT },
	[FWT_AST_MOD_MASQUERADE] = { "masquerade", FWT_MOD_MASQUERADE },
	[FWT_AST_MOD_DNAT] = { "dnat", FWT_MOD_DNAT },
	[FWT_AST_MOD_REDIRECT] = { "redirect", FWT_MOD_REDIRECT },
	[FWT_AST_MOD_NETMAP] = { "netmap", FWT_MOD_NETMAP },
};

static bool nat_flags(struct fwt_sema *s, const struct fwt_modifier *m,
		      struct fwt_prog_mod *to)
{
	if (m->nat.flags & FWT_NAT_EIM && m->kind != FWT_AST_MOD_SNAT &&
	    m->kind != FWT_AST_MOD_MASQUERADE) {
		fwt_error_hint(s->diag, &m->loc, "'persistent' may be meant",
			       "'endpoint-independent' is of 'snat' and 'masquerade': it says how a source is shown");
		return false;
	}
	/* Which address is a matter of the source alone, too (RFC 4787, REQ-2). */
	if (m->nat.flags & FWT_NAT_EIM)
		to->flags |= FWT_MOD_ENDPOINT_INDEPENDENT | FWT_MOD_PERSISTENT;
	if (m->nat.flags & FWT_NAT_RANDOM)
		to->flags |= FWT_MOD_RANDOM;
	if (m->nat.flags & FWT_NAT_PERSISTENT)
		to->flags |= FWT_MOD_PERSISTENT;
	return true;
}

static bool nat_port(struct fwt_sema *s, const struct fwt_value *port,
		     struct fwt_prog_mod *to)
{
	struct fwt_range r;

	if (!port)
		return true;
	if (!fwt_sema_range(s, &port_ref, port, &r))
		return false;
	if (!r.low[0]) {
		fwt_error(s->diag, &port->loc, "port 0 is none to translate to");
		return false;
	}
	to->flags |= FWT_MOD_PORTS;
	to->port_lo = (u16)r.low[0];
	to->port_hi = (u16)r.high[0];
	return true;
}

static void add(struct fwt_ir_rule *rule, const struct fwt_prog_mod *m, u8 family)
{
	rule->mods[rule->n_mods] = *m;
	rule->mod_family[rule->n_mods++] = family;
}

/* An address, a range, or addr(IF) to translate to: the families that it is for,
 * 0 where it is none (reported).
 */
static u8 nat_target(struct fwt_sema *s, const struct fwt_modifier *m,
		     const struct fwt_value *v, struct fwt_prog_mod *to)
{
	static const struct fwt_ast_ref addr_ref = { .field = FWT_AST_DADDR };
	bool netmap = m->kind == FWT_AST_MOD_NETMAP;
	char name[FWT_SEMA_IFNAME];
	struct fwt_range r;
	bool none;

	if (v->kind == FWT_VALUE_NET_OF || (netmap && v->kind == FWT_VALUE_ADDR_OF)) {
		fwt_error_hint(s->diag, &v->loc, netmap ? NULL : "'addr()' is meant",
			       "'%s' takes %s, and this is %s", nat[m->kind].word,
			       netmap ? "a prefix" : "an address",
			       netmap ? "an interface's" : "an interface's subnet");
		return 0;
	}
	if (v->kind == FWT_VALUE_ADDR_OF) {
		if (v->flags & FWT_VALUE_WILDCARD) {
			fwt_error(s->diag, &v->loc,
				  "'%s' is no single interface: which address would it be",
				  v->text);
			return 0;
		}
		if (!fwt_sema_ifname_ok(s, v))
			return 0;
		to->flags |= FWT_MOD_IFADDR;
		to->addr_lo[0] = fwt_builder_string(&s->b, fwt_sema_ifname(v, name));
		s->failed |= to->addr_lo[0] == FWT_NONE;
		return FWT_FAMILY_4 | FWT_FAMILY_6;
	}
	if (netmap && v->kind != FWT_VALUE_PREFIX4 && v->kind != FWT_VALUE_PREFIX6 &&
	    v->kind != FWT_VALUE_ERROR) {
		fwt_error_hint(s->diag, &v->loc, "as in 10.0.0.0/24",
			       "'netmap' takes a prefix");
		return 0;
	}
	if (!fwt_sema_range(s, &addr_ref, v, &r))
		return 0;
	if (fwt_no_host(r.family, r.low, r.high)) {
		none = !r.low[0] && !r.low[1] && !r.low[2] && !r.low[3];
		fwt_error(s->diag, &v->loc,
			  "'%s' takes an address that one host has, and this is %s: no answer would come from it, or to it",
			  nat[m->kind].word, none ? "nobody's" : "of a group or a broadcast");
		return 0;
	}
	to->family = r.family;
	memcpy(to->addr_lo, r.low, sizeof(to->addr_lo));
	memcpy(to->addr_hi, r.high, sizeof(to->addr_hi));
	return r.family == 6 ? FWT_FAMILY_6 : FWT_FAMILY_4;
}

/* A range of ports is led to one of as many one to one. */
static void one_to_one(struct fwt_sema *s, const struct fwt_rule *rule,
		       const struct fwt_modifier *m, struct fwt_prog_mod *to)
{
	struct fwt_sema_ports p;
	bool known = fwt_sema_ports(s, rule, &p);

	if (known && p.low && p.high - p.low == (u32)to->port_hi - to->port_lo) {
		to->a = p.low;
		return;
	}
	/* One port that is led to several is not led so by mistake. */
	if (s->warnings && m->nat.port && !(to->flags & FWT_MOD_RANDOM) &&
	    !(known && p.low == p.high))
		fwt_diag_add(s->diag, FWT_WARNING, &m->nat.port->loc,
			     "'dport A-B' of as many, in the rule or around it, is led to them one to one; else write 'random'",
			     "it is left to chance which of these ports a connection is led to");
}

static void translation(struct fwt_sema *s, struct fwt_ir_rule *rule,
			const struct fwt_modifier *m)
{
	bool dnat = m->kind == FWT_AST_MOD_DNAT || m->kind == FWT_AST_MOD_REDIRECT;
	struct fwt_prog_mod base = { .type = nat[m->kind].type, .rule = rule->record };
	const struct fwt_value *v;
	u8 families = 0, family;
	bool ok;

	ok = nat_flags(s, m, &base);
	if (m->nat.map.text)
		ok &= fwt_sema_map_mod(s, rule, m, &base);
	ok &= nat_port(s, m->nat.port, &base);
	if (dnat && base.port_hi > base.port_lo)
		one_to_one(s, rule->ast, m, &base);
	if (!m->nat.addr.first) {
		/* Of either family: masquerade, redirect, a port alone. */
		if (ok)
			add(rule, &base, 0);
		return;
	}
	for (v = m->nat.addr.first; v; v = v->next) {
		struct fwt_prog_mod to = base;

		family = nat_target(s, m, v, &to);
		if (!family)
			return;
		if (families & family) {
			fwt_error_hint(s->diag, &v->loc, "a range or a prefix is meant",
				       "one target for each family is what '%s' takes",
				       nat[m->kind].word);
			return;
		}
		families |= family;
		if (ok)
			add(rule, &to, family == (FWT_FAMILY_4 | FWT_FAMILY_6) ? 0 : family);
	}
	rule->families &= families;
	if (!rule->families)
		fwt_error(s->diag, &m->loc,
			  "this rule never matches: its translations are of different families");
}

struct wanted {
	const struct fwt_sema *s;
	u32 name;
};

static bool same_counter(const void *ctx, u32 n)
{
	const struct wanted *w = ctx;

	return ((const u32 *)w->s->b.sec[FWT_SEC_COUNTERS].data)[n] == w->name;
}

static void count(struct fwt_sema *s, struct fwt_ir_rule *rule,
		  const struct fwt_modifier *m)
{
	struct fwt_prog_mod to = { .type = FWT_MOD_COUNT, .rule = rule->record };
	u32 name, n = s->b.sec[FWT_SEC_COUNTERS].count;
	struct wanted w = { .s = s };

	if (!m->count.text)
		return;
	name = fwt_builder_string(&s->b, m->count.text);
	w.name = name;
	to.a = fwt_index_get(&s->counters, fwt_hash(FWT_HASH_SEED, &name, sizeof(name)),
			     same_counter, &w, n);
	if (to.a == n)
		fwt_builder_add(&s->b, FWT_SEC_COUNTERS, &name);
	s->failed |= to.a == FWT_NONE;
	add(rule, &to, 0);
}

/* What is added are keys: ranges are searched in an array, which no walk can make anew. */
static bool whole(struct fwt_sema *s, const struct fwt_modifier *m)
{
	const struct fwt_ast_ref *ref;

	for (ref = m->update.keys.first; ref; ref = ref->next) {
		if (ref->plen4 < 0 && ref->plen6 < 0)
			continue;
		fwt_error_hint(s->diag, &ref->loc,
			       "whole networks are held back by a rate: 'limit 10/second by saddr/32/64'; 'fwctl set add' takes a prefix",
			       "a rule %s what its packet has, whole: there is no prefix here",
			       m->kind == FWT_AST_MOD_ADD ? "adds" : "removes");
		return false;
	}
	return true;
}

/* The key of a set is added to it, or taken from it. */
static void update(struct fwt_sema *s, struct fwt_ir_rule *rule, const struct fwt_modifier *m)
{
	struct fwt_prog_mod to = {
		.type = m->kind == FWT_AST_MOD_ADD ? FWT_MOD_SET_ADD : FWT_MOD_SET_REMOVE,
		.rule = rule->record,
	};
	u64 timeout = m->update.timeout ? m->update.timeout->number : 0;
	struct fwt_cond *guards = NULL;
	struct fwt_sema_key k;
	struct fwt_prog_test t;
	u32 words = 0, i;

	if (!m->update.set.text || !whole(s, m) ||
	    !fwt_sema_key(s, &m->update.keys, &k, &guards) ||
	    !fwt_sema_live(s, &k, m->update.set.text, &m->update.set.loc, &t))
		return;
	if (guards) {
		fwt_error_hint(s->diag, &m->update.keys.loc, "match the protocol or family before",
			       "a prefix that these fields can't have where they are added");
		return;
	}
	for (i = 0; i < k.test.n_fields; i++)
		words += fwt_field_info[k.test.field[i]].words6;
	if (words > FWT_COUNT_WORDS) {
		fwt_error(s->diag, &m->update.keys.loc,
			  "the joined fields are too long together to be added by a rule");
		return;
	}
	if (m->update.timeout && (!timeout || timeout > FWT_SET_TIMEOUT_MAX)) {
		fwt_error(s->diag, &m->update.timeout->loc, "a timeout is from 1ms to 365d");
		return;
	}
	to.a = fwt_builder_test(&s->b, &t);
	to.addr_lo[0] = (u32)timeout;
	to.addr_lo[1] = (u32)(timeout >> 32);
	to.addr_lo[2] = !!m->update.timeout;
	add(rule, &to, 0);
}

static void inet_only(struct fwt_sema *s, const struct fwt_modifier *m, const char *what)
{
	fwt_sema_hooks(s, &m->loc, FWT_HOOKS_INET,
		       "it belongs in 'ingress', or in 'egress' for local traffic", what);
}

static void egress_only(struct fwt_sema *s, const struct fwt_modifier *m, const char *what)
{
	fwt_sema_hooks(s, &m->loc, FWT_HOOK_BIT(FWT_HOOK_EGRESS), "it belongs in 'egress'",
		       what);
}

/* What the kernel's nf_log.h allows (NF_LOG_PREFIXLEN, with its end). */

static void log_packet(struct fwt_sema *s, struct fwt_ir_rule *rule,
		       const struct fwt_modifier *m)
{
	const char *prefix = m->log.prefix.text;
	struct fwt_prog_mod to = { .rule = rule->record };

	if (m->log.group && prefix && strlen(prefix) > FWT_GROUP_PREFIX_MAX)
		fwt_error(s->diag, &m->log.prefix.loc,
			  "a log group takes a prefix of at most %u bytes", FWT_GROUP_PREFIX_MAX);
	to.type = m->log.group ? FWT_MOD_NFLOG : FWT_MOD_LOG;
	to.port_lo = m->log.group ? m->log.group->number : 0;
	to.a = prefix ? fwt_builder_string(&s->b, prefix) : FWT_NONE;
	add(rule, &to, 0);
}

static bool translates(const struct fwt_rule *rule)
{
	const struct fwt_modifier *m;

	for (m = rule->modifiers; m; m = m->next)
		if (m->kind <= FWT_AST_MOD_BALANCE)
			return true;
	return false;
}

static void modifier(struct fwt_sema *s, struct fwt_ir_rule *rule,
		     const struct fwt_modifier *m)
{
	struct fwt_prog_mod to = { .rule = rule->record };

	s->translates |= m->kind <= FWT_AST_MOD_BALANCE;
	switch (m->kind) {
	case FWT_AST_MOD_SNAT:
		egress_only(s, m, "snat");
		translation(s, rule, m);
		return;
	case FWT_AST_MOD_DNAT:
		inet_only(s, m, "dnat");
		translation(s, rule, m);
		return;
	case FWT_AST_MOD_MASQUERADE:
		egress_only(s, m, "masquerade");
		translation(s, rule, m);
		return;
	case FWT_AST_MOD_SET:
		to.type = fwt_sema_set_value(s, rule, m, &to);
		if (to.type != __FWT_MOD_MAX)
			add(rule, &to, 0);
		return;
	case FWT_AST_MOD_LOG:
		log_packet(s, rule, m);
		return;
	case FWT_AST_MOD_COUNT:
		count(s, rule, m);
		return;
	case FWT_AST_MOD_REDIRECT:
		inet_only(s, m, "redirect");
		translation(s, rule, m);
		return;
	case FWT_AST_MOD_NETMAP:
		fwt_sema_hooks(s, &m->loc, FWT_HOOKS_INET,
			       "it belongs in 'ingress' or 'egress'", "netmap");
		translation(s, rule, m);
		return;
	case FWT_AST_MOD_BALANCE:
		inet_only(s, m, "balance");
		if (!(s->tree && s->tree->hooks & ~FWT_HOOKS_INET) &&
		    fwt_sema_balance(s, rule->ast, m, &to))
			add(rule, &to, 0);
		return;
	case FWT_AST_MOD_MSS_CLAMP:
		fwt_sema_hooks(s, &m->loc, FWT_HOOKS_INET,
			       "a device has no routes: 'set mss' is meant", "mss clamp");
		to.type = FWT_MOD_MSS_CLAMP;
		add(rule, &to, 0);
		return;
	case FWT_AST_MOD_ADD:
	case FWT_AST_MOD_REMOVE:
		update(s, rule, m);
		return;
	case FWT_AST_MOD_NOTRACK:
		fwt_sema_hooks(s, &m->loc, FWT_HOOKS_INET, "a device tracks nothing",
			       "notrack");
		if (translates(rule->ast))
			fwt_error(s->diag, &m->loc,
				  "what is not tracked can't be translated: there is nothing to translate its answers by");
		to.type = FWT_MOD_NOTRACK;
		add(rule, &to, 0);
		return;
	case FWT_AST_MOD_MODIFY:
		if (fwt_sema_modify(s, m, &to))
			add(rule, &to, 0);
		return;
	}
}

void fwt_sema_mods(struct fwt_sema *s, struct fwt_ir_rule *rule)
{
	const struct fwt_modifier *m;
	u32 room = 0;

	rule->families = FWT_FAMILY_4 | FWT_FAMILY_6;
	for (m = rule->ast->modifiers; m; m = m->next)
		room += 2;	/* a target of each family at most */
	if (!room)
		return;
	rule->mods = fwt_sema_alloc(s, room * sizeof(*rule->mods));
	rule->mod_family = fwt_sema_alloc(s, room);
	if (!rule->mods || !rule->mod_family)
		return;
	for (m = rule->ast->modifiers; m; m = m->next)
		modifier(s, rule, m);
}

/* Options */

static const struct {
	const char *name;
	u64 min;
	u64 max;
} limit[__FWT_OPTION_MAX] = {
#define LIMIT(id, name, unit, lo, hi) [FWT_OPTION_##id] = { name, lo, hi },
	FWT_OPTIONS(LIMIT)
#undef LIMIT
};

static u8 option_of(const struct fwt_ast_option *o)
{
	switch (o->id) {
	case FWT_OPT_CONN_MAX:
		return FWT_OPTION_CONN_MAX;
	case FWT_OPT_CONN_MAX_PER_SOURCE:
		return FWT_OPTION_CONN_MAX_PER_SOURCE;
	case FWT_OPT_CONN_ADAPTIVE_START:
		return FWT_OPTION_CONN_ADAPTIVE_START;
	case FWT_OPT_CONN_ADAPTIVE_END:
		return FWT_OPTION_CONN_ADAPTIVE_END;
	case FWT_OPT_TIMEOUT:
		return (u8)(FWT_OPTION_TIMEOUT_TCP_SYN_SENT + o->state_id);
	case FWT_OPT_TCP_LOOSE:
		return FWT_OPTION_TCP_LOOSE;
	case FWT_OPT_ADOPT:
		return FWT_OPTION_ADOPT;
	case FWT_OPT_EVALUATE:
		return FWT_OPTION_EVALUATE;
	case FWT_OPT_REVALIDATE:
		return FWT_OPTION_REVALIDATE;
	case FWT_OPT_COUNTERS:
		return FWT_OPTION_COUNTERS;
	case FWT_OPT_LOG_RATE:
		return FWT_OPTION_LOG_RATE;
	case FWT_OPT_ANSWER_RATE:
		return FWT_OPTION_ANSWER_RATE;
	case FWT_OPT_EVENT_RATE:
		return FWT_OPTION_EVENT_RATE;
	case FWT_OPT_NAT_PORTS:
		return FWT_OPTION_NAT_PORTS;
	case FWT_OPT_HAIRPIN:
		return FWT_OPTION_HAIRPIN;
	default:
		return __FWT_OPTION_MAX;	/* one whose name was an error */
	}
}

static bool option_value(struct fwt_sema *s, const struct fwt_value *v, u64 *value,
			 u32 *seconds)
{
	struct fwt_range r;
	bool whole;

	switch (v->kind) {
	case FWT_VALUE_NUMBER:
	case FWT_VALUE_DURATION:
	case FWT_VALUE_SIZE:
		*value = v->number;
		return true;
	case FWT_VALUE_RATE:
		if (v->flags & FWT_VALUE_BYTES) {
			fwt_error_hint(s->diag, &v->loc, "as in 100/second",
				       "what is counted here are packets, not bytes");
			return false;
		}
		/* A whole number a second is one: it spreads better. */
		whole = !(v->rate.count % v->rate.per);
		*value = whole ? v->rate.count / v->rate.per : v->rate.count;
		*seconds = whole ? 0 : v->rate.per;
		return true;
	case FWT_VALUE_RANGE:
		if (!fwt_sema_range(s, &port_ref, v, &r))
			return false;
		*value = (u64)r.low[0] << 16 | r.high[0];
		return true;
	case FWT_VALUE_WORD:
		*value = !strcmp(v->text, "strict") ? 2 :
			 !strcmp(v->text, "on") || !strcmp(v->text, "per-packet");
		return true;
	}
	return false;
}

/* As whoever wrote it would. */
static const char *duration(u64 ms, char *buf, size_t size)
{
	bool days = ms >= 86400000, whole = !(ms % 1000);

	snprintf(buf, size, "%llu%s", (unsigned long long)(days ? ms / 86400000 :
							     whole ? ms / 1000 : ms),
		 days ? "d" : whole ? "s" : "ms");
	return buf;
}

static void option(struct fwt_sema *s, const struct fwt_ast_option *o, u64 *seen)
{
	struct fwt_prog_option to = { .option = option_of(o) };
	const struct fwt_value *v = o->value;
	char least[24], most[24];
	u32 seconds = 0;
	u64 value;

	if (!v || v->kind == FWT_VALUE_ERROR || o->id == FWT_OPT_COUNT)
		return;
	if (to.option >= __FWT_OPTION_MAX || !option_value(s, v, &value, &seconds))
		return;
	if (*seen & BIT_ULL(to.option)) {
		fwt_error(s->diag, &o->loc, "option '%s' is set twice",
			  limit[to.option].name);
		return;
	}
	*seen |= BIT_ULL(to.option);
	if (value < limit[to.option].min || value > limit[to.option].max ||
	    (to.option == FWT_OPTION_NAT_PORTS && !(value >> 16))) {
		snprintf(least, sizeof(least), "%llu",
			 (unsigned long long)limit[to.option].min);
		snprintf(most, sizeof(most), "%llu", to.option == FWT_OPTION_NAT_PORTS ?
			 65535 : (unsigned long long)limit[to.option].max);
		if (v->kind == FWT_VALUE_DURATION) {
			duration(limit[to.option].min, least, sizeof(least));
			duration(limit[to.option].max, most, sizeof(most));
		}
		fwt_error(s->diag, &v->loc, "'%s' can't be that: it goes from %s to %s",
			  limit[to.option].name, least, most);
		return;
	}
	to.value = seconds ? FWT_RATE(value, seconds) : value;
	s->per_packet |= to.option == FWT_OPTION_EVALUATE && value;
	fwt_builder_add(&s->b, FWT_SEC_OPTIONS, &to);
}

/* Timeouts shrink from one to the other. */
static void adaptive(struct fwt_sema *s)
{
	const struct fwt_ast_option *o, *start = NULL, *end = NULL;

	for (o = s->ast->options; o; o = o->next) {
		if (o->id == FWT_OPT_CONN_ADAPTIVE_START)
			start = o;
		if (o->id == FWT_OPT_CONN_ADAPTIVE_END)
			end = o;
	}
	if (start && end && start->value && end->value &&
	    end->value->number <= start->value->number)
		fwt_error(s->diag, &end->value->loc,
			  "conn-adaptive-end must be more than conn-adaptive-start, %llu",
			  (unsigned long long)start->value->number);
}

/* What RFCs ask of who translates: there is one timeout for what is translated and for
 * what is not. TIME_WAIT is not one of them: both ends are done with it.
 */
static const struct {
	u32 seconds;
	const char *whose;
	const char *what;
} least[FWT_AST_TIMEOUT_COUNT] = {
#define OPENS	{ 240, "RFC 5382, REQ-5,", "a translated connection that opens" }
#define CLOSES	{ 240, "RFC 5382, REQ-5,", "a translated connection that closes" }
	[FWT_AST_TIMEOUT_TCP_SYN_SENT] = OPENS,
	[FWT_AST_TIMEOUT_TCP_SYN_RECV] = OPENS,
	[FWT_AST_TIMEOUT_TCP_ESTABLISHED] = {
		7440, "RFC 5382, REQ-5,", "an established connection that is translated"
	},
	[FWT_AST_TIMEOUT_TCP_FIN_WAIT] = CLOSES,
	[FWT_AST_TIMEOUT_TCP_CLOSE_WAIT] = CLOSES,
	[FWT_AST_TIMEOUT_TCP_LAST_ACK] = CLOSES,
	[FWT_AST_TIMEOUT_TCP_CLOSE] = CLOSES,
	[FWT_AST_TIMEOUT_UDP] = { 120, "RFC 4787, REQ-5,", "UDP that is translated" },
	[FWT_AST_TIMEOUT_UDP_STREAM] = { 120, "RFC 4787, REQ-5,", "UDP that is translated" },
	[FWT_AST_TIMEOUT_ICMP] = {
		60, "RFC 5508, REQ-2,", "a query of ICMP that is translated"
	},
#undef OPENS
#undef CLOSES
};

void fwt_sema_short(struct fwt_sema *s)
{
	const struct fwt_ast_option *o;

	if (!s->warnings || !s->translates)
		return;
	for (o = s->ast->options; o; o = o->next) {
		if (o->id != FWT_OPT_TIMEOUT || !o->value ||
		    o->value->kind != FWT_VALUE_DURATION ||
		    o->value->number >= (u64)least[o->state_id].seconds * 1000)
			continue;
		fwt_warning(s->diag, &o->value->loc,
			    "%s asks for %us at least for %s: who is silent for longer is forgotten",
			    least[o->state_id].whose, least[o->state_id].seconds,
			    least[o->state_id].what);
	}
}

void fwt_sema_options(struct fwt_sema *s)
{
	const struct fwt_ast_option *o;
	u64 seen = 0;

	for (o = s->ast->options; o; o = o->next)
		option(s, o, &seen);
	adaptive(s);
}
