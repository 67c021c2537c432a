// SPDX-License-Identifier: GPL-2.0
/*
 * Modifiers: what a walk does to its copy of the packet, and writes down.
 */
#include "change.h"
#include "balance.h"
#include "foreign.h"
#include "nat.h"
#include "set_shape.h"
#include "tree_private.h"

bool fwt_walk_map(const struct fwt_program *prog, const struct fwt_prog_test *t, u32 flags,
		  const struct fwt_packet *p, const struct fwt_env *env,
		  struct fwt_walk_step *step, u32 *value)
{
	u32 local[FWT_KEY_WORDS] FWT_UNSET;
	u32 *key = step ? step->key : local;
	u32 words = fwt_test_key(prog, t, p, env, key);

	if (step)
		step->words = words;
	return words && env && env->ops->set_has &&
	       env->ops->set_has(env, prog->first_object + t->set[0], flags >> fwt_which(p) & 1,
				 key, value);
}

/* Write down what is to be added to a set, or taken from it, as the packet is now. */
static noinline bool update(const struct fwt_program *prog, const struct fwt_prog_mod *m,
			    const struct fwt_packet *p, const struct fwt_env *env,
			    struct fwt_decision *d)
{
	const struct fwt_prog_test *t = &prog->test[m->a];
	u32 key[FWT_KEY_WORDS] FWT_UNSET, words;
	struct fwt_decision_update *u;

	words = fwt_test_key(prog, t, p, env, key);
	if (!words)
		return true;
	if (d->n_updates == FWT_DECISION_UPDATES)
		return false;
	u = &d->update[d->n_updates++];
	u->mod = m - prog->mod;
	u->six = t->set[1] >> fwt_which(p) & 1;
	memcpy(u->key, key, words * sizeof(u32));
	return true;
}

/* Where a translation leads; false where there is no address to be had. */
static bool target(const struct fwt_program *prog, const struct fwt_prog_mod *m,
		   const struct fwt_packet *p, const struct fwt_env *env, u32 *addr)
{
	if (m->flags & FWT_MOD_IFADDR)
		return env->ops->local(env, prog->string + m->addr_lo[0], p, addr);

	switch (m->type) {
	case FWT_MOD_MASQUERADE:
		return env->ops->source(env, p, addr);
	case FWT_MOD_REDIRECT:
		if (p->iif)
			return env->ops->local(env, p->iif, p, addr);
		fwt_nat_loopback(p->family, addr);
		return true;
	case FWT_MOD_NETMAP:
		fwt_nat_netmap(m, addr);
		return true;
	default:
		if (m->family)
			fwt_nat_addr(m, p, env->seed, addr);
		return true;
	}
}

/* The destination becomes a server's; false where there is none. */
static noinline bool balance(const struct fwt_program *prog, const struct fwt_prog_mod *m,
			     struct fwt_packet *p, const struct fwt_env *env,
			     struct fwt_decision *d)
{
	struct fwt_env_server to FWT_UNSET;

	if (!env->ops->server ||
	    !env->ops->server(env, m->a, prog->object[m->a].key, p,
			      m->flags & FWT_MOD_PERSISTENT, &to))
		return false;
	if (p->have & FWT_HAVE_PORTS)
		p->dport = fwt_balance_port(m, &to, p, env->seed);
	memcpy(p->daddr, to.addr, sizeof(to.addr));
	d->server = to.id;
	return true;
}

/* Returns false where the walk is to end here, for a reason. */
static bool translate(const struct fwt_program *prog, const struct fwt_prog_mod *m, u32 index,
		      struct fwt_packet *p, const struct fwt_env *env,
		      struct fwt_decision *d)
{
	if (fwt_nat_source(m, p->hook)) {
		if (!target(prog, m, p, env, p->saddr))
			return fwt_walk_end(d, FWT_REASON_NO_ADDRESS);
		d->snat = index;
		d->flags |= FWT_DECISION_SNAT;
		p->ct_status |= FWT_CT_SNAT;
		return true;
	}
	if (p->hook == FWT_HOOK_EGRESS && p->iif)
		return fwt_walk_end(d, FWT_REASON_DNAT_LATE);
	if (m->type == FWT_MOD_BALANCE) {
		if (!balance(prog, m, p, env, d)) {
			fwt_walk_end(d, FWT_REASON_NO_SERVER);
			if (m->flags & FWT_MOD_OR_REJECT) {
				d->verdict = FWT_VERDICT_REJECT;
				d->reason = FWT_REASON_REJECT;
				d->reject = m->addr_lo[0];
			}
			return false;
		}
	} else {
		/* The port first: its choice may hang on the address dialled. */
		if (m->flags & FWT_MOD_PORTS && p->have & FWT_HAVE_PORTS)
			p->dport = fwt_nat_dport(m, p, env->seed);
		if (!target(prog, m, p, env, p->daddr))
			return fwt_walk_end(d, FWT_REASON_NO_ADDRESS);
		d->server = 0;
	}
	d->dnat = index;
	d->flags |= FWT_DECISION_DNAT;
	p->ct_status |= FWT_CT_DNAT;
	return true;
}

/* By what a map gives: an address of the packet's family, a port, or both; or a number.
 * The modifier that does it is left in @own.
 */
static noinline bool mapped(const struct fwt_program *prog, const struct fwt_prog_mod *m,
			    struct fwt_packet *p, const struct fwt_env *env,
			    struct fwt_walk_step *step, struct fwt_prog_mod *own)
{
	const struct fwt_prog_test *t = &prog->test[m->addr_lo[0]];
	u32 types = prog->object[t->set[0]].param[FWT_SETP_VALUE_TYPES];
	u32 value[FWT_SET_VALUE_WORDS] FWT_UNSET, words = 0;

	if (!fwt_walk_map(prog, t, t->set[1], p, env, step, value))
		return false;
	*own = *m;
	own->flags &= ~FWT_MOD_MAP;
	memset(own->addr_lo, 0, sizeof(own->addr_lo));
	if (fwt_set_is(m->type)) {
		own->a = value[0];
		return true;
	}
	if ((types & 15) == FWT_SET_TYPE_ADDR) {
		/* Elements of the one family have addresses of that. */
		if (p->family != (t->set[1] >> fwt_which(p) & 1 ? 6 : 4))
			return false;
		words = p->family == 6 ? 4 : 1;
		own->family = p->family;
		memcpy(own->addr_lo, value, words * sizeof(u32));
		memcpy(own->addr_hi, own->addr_lo, sizeof(own->addr_hi));
		types >>= 4;
	}
	if (types) {
		if (!value[words])
			return false;
		own->flags |= FWT_MOD_PORTS;
		own->port_lo = value[words];
		own->port_hi = value[words];
	}
	return true;
}

/* May routing say something else after it: not after what is only written down. */
static bool reroutes(const struct fwt_prog_mod *m)
{
	return fwt_nat_is(m) || fwt_set_is(m->type) || m->type == FWT_MOD_NOTRACK ||
	       m->type == FWT_MOD_NODE;
}

enum fwt_modified fwt_walk_modify(const struct fwt_program *prog, u32 index,
				  struct fwt_packet *p, const struct fwt_env *env,
				  struct fwt_decision *d, struct fwt_walk_step *step)
{
	const struct fwt_prog_mod *m = &prog->mod[index];
	struct fwt_prog_mod own FWT_UNSET;

	/* What is translated is a connection. What is never tracked (neighbour
	 * discovery above all, by "oif wan masquerade") goes as it is.
	 */
	if (fwt_nat_is(m)) {
		if (p->ct_state == FWT_CT_UNTRACKED || !(p->have & FWT_HAVE_IP) ||
		    (m->family && m->family != p->family))
			return FWT_MODIFIED;
	}
	if (unlikely(m->flags & FWT_MOD_MAP)) {
		if (p->unknown && fwt_test_unknown(&prog->test[m->addr_lo[0]], p)) {
			d->verdict = FWT_VERDICT_UNKNOWN;
			return FWT_MODIFIED_STOPS;
		}
		if (!mapped(prog, m, p, env, step, &own))
			return FWT_MODIFIED_MISSED;
		if (step)
			step->key[step->words++] = 1;
		m = &own;
	}
	if (fwt_nat_is(m)) {
		if (!translate(prog, m, index, p, env, d))
			return FWT_MODIFIED_STOPS;
	} else if (fwt_set_is(m->type) || m->type == FWT_MOD_MSS_CLAMP ||
		   m->type == FWT_MOD_NOTRACK) {
		if (m->flags & FWT_MOD_FIELD && p->unknown >> m->a & 1) {
			d->verdict = FWT_VERDICT_UNKNOWN;
			return FWT_MODIFIED_STOPS;
		}
		fwt_set_apply(m, p, d);
	} else if (m->type == FWT_MOD_SET_ADD || m->type == FWT_MOD_SET_REMOVE) {
		/* "unknown" has been asked before: what a record lacks is absent. */
		if (!update(prog, m, p, env, d))
			goto full;
	} else if (m->type == FWT_MOD_NODE) {
		if (!fwt_foreign_modify(prog, m, p, env, d))
			return FWT_MODIFIED_STOPS;
	}
	/* What routing said was of the packet as it was. */
	if (env && env->rlu && reroutes(m))
		env->rlu->have = 0;
	if (fwt_effect_add(d, FWT_EFFECT_MOD | index))
		return FWT_MODIFIED;
full:
	fwt_walk_end(d, FWT_REASON_EFFECTS);
	return FWT_MODIFIED_STOPS;
}
