// SPDX-License-Identifier: GPL-2.0
/*
 * Nodes of other modules in a walk.
 *
 * Their answers are as foreign as they are: a branch that there is not, a value that
 * the field can't hold, a field that the hook does not have. Each ends the walk with
 * a drop of its own reason, as a policy that goes on with an answer that means
 * nothing would let pass what nobody meant.
 *
 * What they set is set as the modifiers of those names do, in the walk's copy of the
 * packet: so later nodes see it, and all that follows (which packets of a connection
 * have it, checksums, hooks) is the same.
 */
#include "foreign.h"
#include "change.h"

static const u8 set_type[__FWT_NODE_SET_MAX] = {
	[FWT_NODE_SET_MARK] = FWT_MOD_SET_MARK,
	[FWT_NODE_SET_CT_MARK] = FWT_MOD_SET_CT_MARK,
	[FWT_NODE_SET_PRIORITY] = FWT_MOD_SET_PRIORITY,
	[FWT_NODE_SET_DSCP] = FWT_MOD_SET_DSCP,
	[FWT_NODE_SET_TTL] = FWT_MOD_SET_TTL,
	[FWT_NODE_SET_MSS] = FWT_MOD_SET_MSS,
	[FWT_NODE_SET_VLAN] = FWT_MOD_SET_VLAN,
};

static bool can_set(u32 what, u32 value, u8 hook)
{
	u32 least, most = fwt_set_most(set_type[what], &least);

	if (what == FWT_NODE_SET_CT_MARK && hook >= FWT_HOOK_DEV_INGRESS)
		return false;
	if (what == FWT_NODE_SET_VLAN && hook < FWT_HOOK_DEV_INGRESS)
		return false;
	return value >= least && value <= most;
}

static bool set(const struct fwt_env_node *said, struct fwt_packet *p,
		struct fwt_decision *d)
{
	u32 i;

	if (said->what >> __FWT_NODE_SET_MAX)
		return false;
	for (i = 0; i < __FWT_NODE_SET_MAX; i++)
		if (said->what >> i & 1 && !can_set(i, said->value[i], p->hook))
			return false;
	for (i = 0; i < __FWT_NODE_SET_MAX; i++) {
		struct fwt_prog_mod m = { .type = set_type[i], .a = said->value[i] };

		if (said->what >> i & 1)
			fwt_set_apply(&m, p, d);
	}
	return true;
}

/* Its answer, below @n or none; another one where the walk is to end. */
static int ask(const struct fwt_program *prog, u32 foreign, u32 n, struct fwt_packet *p,
	       const struct fwt_env *env, struct fwt_decision *d, struct fwt_env_node *said)
{
	int got = FWT_FOREIGN_NONE;

	said->what = 0;
	said->acts = false;
	if (env && env->ops->node)
		got = env->ops->node(env, prog, foreign, p, said);
	if (got == FWT_FOREIGN_UNKNOWN) {
		d->verdict = FWT_VERDICT_UNKNOWN;
		return got;
	}
	if (got < FWT_FOREIGN_NONE || (got >= 0 && (u32)got >= n) || !set(said, p, d)) {
		d->verdict = FWT_VERDICT_DROP;
		d->reason = FWT_REASON_BAD_NODE;
		d->rule = prog->foreign[foreign].rule;
		return FWT_FOREIGN_BAD;
	}
	return got;
}

static void told(struct fwt_walk_step *step, int got)
{
	if (!step || got < 0)
		return;
	step->words = 1;
	step->key[0] = (u32)got;
}

noinline int fwt_foreign_match(const struct fwt_program *prog, const struct fwt_prog_test *t,
			       struct fwt_packet *p, const struct fwt_env *env,
			       struct fwt_decision *d, struct fwt_walk_step *step)
{
	struct fwt_env_node said FWT_UNSET;
	int got = ask(prog, t->set[0], 2, p, env, d, &said);

	told(step, got);
	return got < FWT_FOREIGN_NONE ? -1 : got > 0;
}

noinline u32 fwt_foreign_select(const struct fwt_program *prog,
				const struct fwt_prog_node *n, struct fwt_packet *p,
				const struct fwt_env *env, struct fwt_decision *d,
				struct fwt_walk_step *step)
{
	const struct fwt_prog_test *t = &prog->test[n->arg];
	const struct fwt_prog_foreign *f = &prog->foreign[t->set[1]];
	struct fwt_env_node said FWT_UNSET;
	int got = ask(prog, t->set[1], f->n_labels, p, env, d, &said);

	told(step, got);
	if (got < FWT_FOREIGN_NONE)
		return FWT_NONE;
	if (said.acts) {
		/* What routing said was of the packet as it was. */
		if (env->rlu)
			env->rlu->have = 0;
		if (!fwt_effect_add(d, FWT_EFFECT_MOD | f->mod)) {
			d->verdict = FWT_VERDICT_DROP;
			d->reason = FWT_REASON_EFFECTS;
			d->rule = f->rule;
			return FWT_NONE;
		}
	}
	return got < 0 ? n->no : prog->word[prog->set[t->set[0]].value + (u32)got];
}

noinline bool fwt_foreign_modify(const struct fwt_program *prog,
				 const struct fwt_prog_mod *m, struct fwt_packet *p,
				 const struct fwt_env *env, struct fwt_decision *d)
{
	struct fwt_env_node said FWT_UNSET;

	return ask(prog, m->a, 1, p, env, d, &said) >= FWT_FOREIGN_NONE;
}
