// SPDX-License-Identifier: GPL-2.0
/*
 * States of connections that no walk meets: a connection's later packets walk no tree,
 * unless "option evaluate per-packet" says so.
 */
#include "sema.h"

static bool never(const struct fwt_ast_ref *ref, const struct fwt_value *v)
{
	if (v->kind != FWT_VALUE_WORD)
		return false;
	if (ref->field == FWT_AST_CT_DIRECTION)
		return !strcmp(v->text, "reply");
	return ref->field == FWT_AST_CT_STATE &&
	       (!strcmp(v->text, "established") || !strcmp(v->text, "related"));
}

void fwt_sema_never(struct fwt_sema *s, const struct fwt_fields *fields,
		    const struct fwt_values *values)
{
	const struct fwt_ast_ref *ref = fields->first;
	const struct fwt_value *v;

	if (s->per_packet || !s->warnings || fields->count != 1 || !values->first)
		return;
	for (v = values->first; v; v = v->next)
		if (!never(ref, v))
			return;
	v = values->first;
	fwt_warning(s->diag, &v->loc,
		    "'%s %s' never matches: a connection's later packets need no rule and walk no tree ('option evaluate per-packet' makes them)",
		    fwt_field_words(ref->field, ref->implies), v->text);
}
