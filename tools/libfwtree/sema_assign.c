// SPDX-License-Identifier: GPL-2.0
/*
 * "set TARGET VALUE": what a packet or its connection is to say.
 */
#include "change.h"
#include "sema.h"

static const struct {
	u8 field;	/* enum fwt_ast_field, of the target */
	u8 type;
	u8 hooks;
	const char *hint;
} targets[] = {
	{ FWT_AST_MARK, FWT_MOD_SET_MARK, FWT_HOOKS_ALL, NULL },
	{ FWT_AST_CT_MARK, FWT_MOD_SET_CT_MARK, FWT_HOOKS_INET, "a device tracks nothing" },
	{ FWT_AST_PRIORITY, FWT_MOD_SET_PRIORITY, FWT_HOOKS_ALL, NULL },
	{ FWT_AST_DSCP, FWT_MOD_SET_DSCP, FWT_HOOKS_ALL, NULL },
	{ FWT_AST_TTL, FWT_MOD_SET_TTL, FWT_HOOKS_ALL, NULL },
	{ FWT_AST_TCP_OPTION_MSS, FWT_MOD_SET_MSS, FWT_HOOKS_ALL, NULL },
	{ FWT_AST_VLAN_ID, FWT_MOD_SET_VLAN, FWT_HOOKS_DEV,
	  "tags are of frames: it belongs in a device's tree" },
};

/* Does what a field says mean something where it is set: "set mark tcp flags" would
 * be a number, but nobody's.
 */
static bool is_number(const struct fwt_ast_ref *ref)
{
	switch (fwt_ast_field_info(ref->field)->class) {
	case FWT_CLASS_NUMBER:
	case FWT_CLASS_PORT:
	case FWT_CLASS_PROTOCOL:
	case FWT_CLASS_DSCP:
		return true;
	default:
		return false;
	}
}

static bool copy(struct fwt_sema *s, const struct fwt_modifier *m, struct fwt_prog_mod *to)
{
	const struct fwt_ast_ref *from = m->set.from;
	const char *words = fwt_field_words(from->field, from->implies);
	const char *target = fwt_set_target_words(m->set.target.field);
	const struct fwt_field_info *f;
	struct fwt_cond *guards = NULL;
	u32 least, most = fwt_set_most(to->type, &least);
	int field = fwt_sema_field(s, from, &guards);

	if (field < 0)
		return false;
	f = &fwt_field_info[field];
	if (guards) {
		fwt_error(s->diag, &from->loc,
			  "'%s' is no field to set another one by: leave out what stands before '%s', and match it",
			  words, f->name);
		return false;
	}
	if (!is_number(from) || f->words != 1 || f->words6 != 1) {
		fwt_error(s->diag, &from->loc, "'set %s' takes a number, and '%s' is none",
			  target, words);
		return false;
	}
	if ((f->bits < 32 ? (1u << f->bits) - 1 : ~0u) > most) {
		fwt_error(s->diag, &from->loc, "'%s' does not fit in '%s', which is at most %u",
			  words, target, most);
		return false;
	}
	to->flags |= FWT_MOD_FIELD;
	to->a = (u32)field;
	return true;
}

static bool constant(struct fwt_sema *s, const struct fwt_modifier *m, struct fwt_prog_mod *to)
{
	const char *target = fwt_set_target_words(m->set.target.field);
	const struct fwt_value *v = m->set.value.first;
	u32 least, most = fwt_set_most(to->type, &least);
	struct fwt_range r;

	if (!v)
		return false;
	if (v->next || v->kind == FWT_VALUE_RANGE ||
	    v->kind == FWT_VALUE_JOIN || v->kind == FWT_VALUE_ADDR_OF ||
	    v->kind == FWT_VALUE_NET_OF) {
		fwt_error(s->diag, &v->loc, "'set %s' takes one number", target);
		return false;
	}
	if (!fwt_sema_range(s, &m->set.target, v, &r))
		return false;
	if (r.low[0] < least || r.low[0] > most) {
		fwt_error(s->diag, &v->loc, "'set %s' goes from %u to %u", target, least, most);
		return false;
	}
	to->a = r.low[0];
	return true;
}

u8 fwt_sema_set_value(struct fwt_sema *s, struct fwt_ir_rule *rule,
		      const struct fwt_modifier *m, struct fwt_prog_mod *to)
{
	bool ok;
	char what[64];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(targets); i++)
		if (targets[i].field == m->set.target.field)
			break;
	if (i == ARRAY_SIZE(targets))
		return __FWT_MOD_MAX;	/* FWT_AST_FIELD_ERROR */
	to->type = targets[i].type;
	snprintf(what, sizeof(what), "set %s", fwt_set_target_words(m->set.target.field));
	fwt_sema_hooks(s, &m->loc, targets[i].hooks, targets[i].hint, what);
	if (m->set.map.text)
		ok = fwt_sema_map_mod(s, rule, m, to);
	else
		ok = m->set.from ? copy(s, m, to) : constant(s, m, to);
	return ok ? to->type : __FWT_MOD_MAX;
}
