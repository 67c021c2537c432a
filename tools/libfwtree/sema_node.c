// SPDX-License-Identifier: GPL-2.0
/*
 * Nodes of other modules: "node NAME", "select node NAME", "modify NAME".
 *
 * What they are and what they take only the kernel knows that has them. So here what
 * is written becomes names and values, each with its place, for the kernel to
 * understand when the policy is loaded, and for its refusal to be shown there
 * (fwctl's node_refusal.c).
 */
#include "sema.h"

static struct fwt_prog_place place(const struct fwt_loc *loc)
{
	struct fwt_prog_place p = { loc->line, loc->column, loc->end_column };

	return p;
}

static void put64(struct fwt_prog_arg *a, u64 n)
{
	a->word[0] = (u32)n;
	a->word[1] = (u32)(n >> 32);
}

/* IPv4 in the first word. */
static void put_addr(struct fwt_prog_arg *a, const struct fwt_value *v, u32 words)
{
	u32 i;

	for (i = 0; i < words; i++)
		a->word[i] = get_unaligned_be32(v->addr + 4 * i);
}

static bool value(struct fwt_sema *s, const struct fwt_arg *arg, struct fwt_prog_arg *to)
{
	const struct fwt_value *v = arg->value;

	switch (v ? v->kind : FWT_VALUE_ERROR) {
	case FWT_VALUE_ERROR:
		to->type = FWT_ARG_FLAG;
		return !v;
	case FWT_VALUE_NUMBER:
	case FWT_VALUE_SIZE:
		to->type = FWT_ARG_NUMBER;
		put64(to, v->number);
		return true;
	case FWT_VALUE_DURATION:
		to->type = FWT_ARG_DURATION;
		put64(to, v->number);
		return true;
	case FWT_VALUE_WORD:
	case FWT_VALUE_STRING:
		to->type = FWT_ARG_STRING;
		to->word[0] = fwt_builder_string(&s->b, v->text);
		s->failed |= to->word[0] == FWT_NONE;
		return true;
	case FWT_VALUE_IPV4:
	case FWT_VALUE_PREFIX4:
		to->type = FWT_ARG_ADDR4;
		to->plen = v->kind == FWT_VALUE_IPV4 ? 32 : v->plen;
		put_addr(to, v, 1);
		return true;
	case FWT_VALUE_IPV6:
	case FWT_VALUE_PREFIX6:
		to->type = FWT_ARG_ADDR6;
		to->plen = v->kind == FWT_VALUE_IPV6 ? 128 : v->plen;
		put_addr(to, v, 4);
		return true;
	}
	fwt_error(s->diag, &v->loc,
		  "a node of another module can be told a number, a duration, a word, a text or an address");
	return false;
}

static bool name_ok(struct fwt_sema *s, const struct fwt_name *name, const char *what)
{
	if (!name->text[0] || strlen(name->text) > FWT_FOREIGN_NAME) {
		fwt_error(s->diag, &name->loc, "%s has 1 to %u letters", what,
			  FWT_FOREIGN_NAME);
		return false;
	}
	return true;
}

static bool args(struct fwt_sema *s, const struct fwt_node *node, struct fwt_prog_foreign *f)
{
	const struct fwt_arg *a, *b;
	bool ok = true;

	f->first = s->b.sec[FWT_SEC_ARGS].count;
	for (a = node->args; a; a = a->next) {
		struct fwt_prog_arg to = { .at = place(&a->name.loc) };

		for (b = node->args; b != a && strcmp(b->name.text, a->name.text); b = b->next)
			;
		if (b != a) {
			fwt_error(s->diag, &a->name.loc, "'%s' is given twice", a->name.text);
			ok = false;
		}
		if (!name_ok(s, &a->name, "a parameter's name") || !value(s, a, &to)) {
			ok = false;
			continue;
		}
		to.name = fwt_builder_string(&s->b, a->name.text);
		s->failed |= to.name == FWT_NONE;
		fwt_builder_add(&s->b, FWT_SEC_ARGS, &to);
		f->n_args++;
	}
	if (f->n_args <= FWT_FOREIGN_ARGS)
		return ok;
	fwt_error(s->diag, &node->name.loc, "a node of another module takes at most %u parameters",
		  FWT_FOREIGN_ARGS);
	return false;
}

static u32 foreign(struct fwt_sema *s, const struct fwt_node *node,
		   struct fwt_prog_foreign *f)
{
	if (!name_ok(s, &node->name, "a node's name"))
		return FWT_NONE;
	f->name = fwt_builder_string(&s->b, node->name.text);
	f->hooks = s->tree->hooks;
	f->mod = FWT_NONE;
	f->at = place(&node->name.loc);
	if (s->b.sec[FWT_SEC_FOREIGN].count == FWT_FOREIGN_MAX) {
		fwt_error(s->diag, &node->name.loc,
			  "there are at most %u nodes of other modules in a policy",
			  FWT_FOREIGN_MAX);
		return FWT_NONE;
	}
	s->failed |= f->name == FWT_NONE;
	return fwt_builder_add(&s->b, FWT_SEC_FOREIGN, f);
}

struct fwt_cond *fwt_sema_node(struct fwt_sema *s, const struct fwt_match *m)
{
	struct fwt_prog_foreign f = {
		.use = FWT_FOREIGN_MATCH, .rule = s->b.sec[FWT_SEC_RULES].count - 1,
	};
	struct fwt_prog_test t = {
		.op = FWT_TEST_NODE, .set = { FWT_NONE, FWT_NONE },
		.mask = { FWT_NONE, FWT_NONE },
	};

	/* No box can say it; and a patch has none. */
	s->stateful = true;
	if (!args(s, &m->node, &f))
		return NULL;
	t.set[0] = foreign(s, &m->node, &f);
	return t.set[0] == FWT_NONE ? NULL : fwt_sema_test(s, &t);
}

bool fwt_sema_modify(struct fwt_sema *s, const struct fwt_modifier *m, struct fwt_prog_mod *to)
{
	struct fwt_prog_foreign f = { .use = FWT_FOREIGN_MODIFY, .rule = to->rule };

	if (!args(s, &m->node, &f))
		return false;
	to->type = FWT_MOD_NODE;
	to->a = foreign(s, &m->node, &f);
	return to->a != FWT_NONE;
}

static bool label(struct fwt_sema *s, const struct fwt_value *v, struct fwt_prog_arg *to)
{
	const char *text = v->text;
	char number[24];

	if (v->kind == FWT_VALUE_NUMBER) {
		snprintf(number, sizeof(number), "%llu", (unsigned long long)v->number);
		text = number;
	} else if (v->kind != FWT_VALUE_WORD && v->kind != FWT_VALUE_STRING) {
		if (v->kind != FWT_VALUE_ERROR)
			fwt_error(s->diag, &v->loc,
				  "the branches of another module's node are words or numbers");
		return false;
	}
	if (!text[0]) {
		fwt_error(s->diag, &v->loc, "an empty word is no branch");
		return false;
	}
	to->name = fwt_builder_string(&s->b, text);
	to->type = FWT_ARG_LABEL;
	to->at = place(&v->loc);
	s->failed |= to->name == FWT_NONE;
	return true;
}

void fwt_sema_select_node(struct fwt_sema *s, const struct fwt_select *from, u32 record,
			  struct fwt_ir_select *to)
{
	struct fwt_prog_foreign f = { .use = FWT_FOREIGN_SELECT, .rule = record };
	const struct fwt_branch *b;
	const struct fwt_value *v;
	u32 n = 0, room = 0;

	if (!args(s, &from->node, &f))
		return;
	for (b = from->branches; b; b = b->next)
		room += b->is_default ? 0 : b->values.count;
	if (room > FWT_FOREIGN_LABELS) {
		fwt_error(s->diag, &from->node.name.loc,
			  "a node of another module has at most %u branches",
			  FWT_FOREIGN_LABELS);
		return;
	}
	to->label = fwt_sema_alloc(s, (room + 1) * sizeof(*to->label));
	if (!to->label)
		return;
	f.labels = s->b.sec[FWT_SEC_ARGS].count;
	for (b = from->branches; b; b = b->next, n++)
		for (v = b->is_default ? NULL : b->values.first; v; v = v->next) {
			struct fwt_prog_arg l = { 0 };

			if (f.n_labels == room || !label(s, v, &l))
				continue;
			fwt_builder_add(&s->b, FWT_SEC_ARGS, &l);
			to->label[f.n_labels++] = n;
		}
	to->n_labels = f.n_labels;
	to->foreign = foreign(s, &from->node, &f);
}
