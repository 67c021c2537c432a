// SPDX-License-Identifier: GPL-2.0
/*
 * Nodes of what stands at the head of a rule: its matches and its modifiers.
 */
#include "sema.h"

static u32 cond(struct fwt_gen *g, const struct fwt_cond *c, u32 yes, u32 no);

/* In the program's order the conditions stand as written: so the last first. */
u32 fwt_emit_conds(struct fwt_gen *g, const struct fwt_cond *c, u32 yes, u32 no)
{
	if (!c)
		return yes;
	return cond(g, c, fwt_emit_conds(g, c->next, yes, no), no);
}

static u32 any(struct fwt_gen *g, const struct fwt_cond *c, u32 yes, u32 no)
{
	if (!c)
		return no;
	return cond(g, c, yes, any(g, c->next, yes, no));
}

static u32 cond(struct fwt_gen *g, const struct fwt_cond *c, u32 yes, u32 no)
{
	switch (c->kind) {
	case FWT_COND_NOT:
		return fwt_emit_conds(g, c->inner, no, yes);
	case FWT_COND_ANY:
		return any(g, c->inner, yes, no);
	default:
		return fwt_builder_node(g->b, FWT_NODE_TEST, c->test, yes, no);
	}
}

static u32 family_test(struct fwt_gen *g, u8 families, u32 yes, u32 no)
{
	const struct fwt_cond *c = fwt_sema_equals(g->s, FWT_FIELD_FAMILY,
						   families == FWT_FAMILY_4 ? 4 : 6);

	return c ? cond(g, c, yes, no) : no;
}

u32 fwt_emit_deeds(struct fwt_gen *g, const struct fwt_ir_rule *rule, u32 body, u32 next)
{
	const u8 both = FWT_FAMILY_4 | FWT_FAMILY_6;
	u32 i, mod, at = body;

	for (i = rule->n_mods; i-- > 0;) {
		u8 family = rule->mod_family[i];

		if (family && !(family & rule->families))
			continue;
		mod = fwt_builder_add(g->b, FWT_SEC_MODS, &rule->mods[i]);
		if (rule->mods[i].type == FWT_MOD_NODE) {
			struct fwt_prog_foreign *f = g->b->sec[FWT_SEC_FOREIGN].data;

			f[rule->mods[i].a].mod = mod;
		}
		mod = fwt_builder_node(g->b, FWT_NODE_MOD, mod, at,
				       rule->mods[i].flags & FWT_MOD_MAP ? next : FWT_NONE);
		at = family && rule->families == both ?
		     family_test(g, family, mod, at) : mod;
	}
	if (rule->enter)
		at = fwt_builder_node(g->b, FWT_NODE_ENTER, rule->record, at, FWT_NONE);
	return at;
}

u32 fwt_emit_head(struct fwt_gen *g, const struct fwt_ir_rule *rule, u32 body, u32 next)
{
	u32 at = fwt_emit_deeds(g, rule, body, next);
	struct fwt_prog_rule *r;

	at = fwt_emit_conds(g, rule->conds, at, next);
	/* Before what the walk writes down, as boxes have it: of a limit no packet takes
	 * that the rule is not for.
	 */
	if (rule->families != (FWT_FAMILY_4 | FWT_FAMILY_6))
		at = family_test(g, rule->families, at, next);
	r = g->b->sec[FWT_SEC_RULES].data;
	r[rule->record].node = at;
	return at;
}
