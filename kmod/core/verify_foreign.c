// SPDX-License-Identifier: GPL-2.0
/*
 * The verifier's part for nodes of other modules: that what a program says of them
 * can be read, and that their answers lead to branches. Whether there are such nodes,
 * and whether they understand it, is known when they are bound.
 */
#include "verify_private.h"
#include "foreign.h"

static bool name_ok(const struct fwt_verify *c, u32 off)
{
	return index_ok(c, FWT_SEC_STRINGS, off) && c->prog->string[off];
}

static bool args_ok(const struct fwt_verify *c, u32 first, u32 count, u32 most)
{
	return count <= most && first <= c->prog->n[FWT_SEC_ARGS] &&
	       count <= c->prog->n[FWT_SEC_ARGS] - first;
}

static int check_arg(struct fwt_verify *c, u32 i)
{
	const struct fwt_prog_arg *a = &c->prog->arg[i];

	if (a->type >= __FWT_ARG_MAX)
		return refuse(c, -EOPNOTSUPP, FWT_SEC_ARGS, i, "of a kind that is not known here");
	if (a->pad || !name_ok(c, a->name))
		return bad(c, FWT_SEC_ARGS, i, "has no name, or padding that is not 0");
	if (a->plen > (a->type == FWT_ARG_ADDR6 ? 128 : a->type == FWT_ARG_ADDR4 ? 32 : 0))
		return bad(c, FWT_SEC_ARGS, i, "an impossible prefix");
	if (a->type == FWT_ARG_STRING && !index_ok(c, FWT_SEC_STRINGS, a->word[0]))
		return bad(c, FWT_SEC_ARGS, i, "no such string");
	return 0;
}

/* Of @count from @first on, which were checked, all are labels or none is. */
static int check_args(struct fwt_verify *c, u32 i, u32 first, u32 count, bool label)
{
	if (!spend(c, count))
		return refuse(c, -E2BIG, FWT_SEC_FOREIGN, i, "arguments overlap too much");
	for (; count--; first++)
		if (label ? c->prog->arg[first].type != FWT_ARG_LABEL :
			    c->prog->arg[first].type == FWT_ARG_LABEL)
			return bad(c, FWT_SEC_FOREIGN, i, "a branch among arguments, or otherwise");
	return 0;
}

static int check_node(struct fwt_verify *c, u32 i)
{
	const struct fwt_prog_foreign *f = &c->prog->foreign[i];
	int ret;

	if (f->use >= __FWT_FOREIGN_USE_MAX)
		return refuse(c, -EOPNOTSUPP, FWT_SEC_FOREIGN, i, "a use that is not known here");
	if (f->pad || !name_ok(c, f->name))
		return bad(c, FWT_SEC_FOREIGN, i, "has no name, or padding that is not 0");
	if (f->hooks & ~FWT_HOOKS_ALL)
		return bad(c, FWT_SEC_FOREIGN, i, "no such hook");
	if (!index_ok(c, FWT_SEC_RULES, f->rule))
		return bad(c, FWT_SEC_FOREIGN, i, "of no rule");
	if (!args_ok(c, f->first, f->n_args, FWT_FOREIGN_ARGS) ||
	    !args_ok(c, f->labels, f->n_labels,
		     f->use == FWT_FOREIGN_SELECT ? FWT_FOREIGN_LABELS : 0))
		return bad(c, FWT_SEC_FOREIGN, i, "too many arguments or branches, or others'");
	ret = check_args(c, i, f->first, f->n_args, false);
	if (!ret)
		ret = check_args(c, i, f->labels, f->n_labels, true);
	if (ret)
		return ret;
	/* One that no walk comes to has none. */
	if (f->mod == FWT_NONE)
		return 0;
	if (f->use == FWT_FOREIGN_MATCH)
		return bad(c, FWT_SEC_FOREIGN, i, "a match that modifies");
	if (!index_ok(c, FWT_SEC_MODS, f->mod) ||
	    c->prog->mod[f->mod].type != FWT_MOD_NODE || c->prog->mod[f->mod].a != i)
		return bad(c, FWT_SEC_FOREIGN, i, "has not its modifier");
	return 0;
}

int fwt_verify_foreign(struct fwt_verify *c)
{
	u32 i;
	int ret = 0;

	if (c->prog->n[FWT_SEC_FOREIGN] > FWT_FOREIGN_MAX)
		return refuse(c, -E2BIG, FWT_SEC_FOREIGN, FWT_FOREIGN_MAX,
			      "too many nodes of other modules");
	for (i = 0; !ret && i < c->prog->n[FWT_SEC_ARGS]; i++)
		ret = fwt_rest(i) ?: check_arg(c, i);
	for (i = 0; !ret && i < c->prog->n[FWT_SEC_FOREIGN]; i++)
		ret = check_node(c, i);
	return ret;
}

/* An element for each label, in their order. */
static int check_branches(struct fwt_verify *c, u32 i)
{
	const struct fwt_prog_test *t = &c->prog->test[i];
	const struct fwt_prog_set *s;
	u32 k;

	if (!index_ok(c, FWT_SEC_SETS, t->set[0]))
		return bad(c, FWT_SEC_TESTS, i, "no such set");
	s = &c->prog->set[t->set[0]];
	if (s->kind != FWT_SET_KEYS || s->words != 1 || s->value == FWT_NONE ||
	    s->count != c->prog->foreign[t->set[1]].n_labels)
		return bad(c, FWT_SEC_TESTS, i, "selects by a set of another shape");
	if (!spend(c, s->count))
		return refuse(c, -E2BIG, FWT_SEC_TESTS, i, "too many selects share a set");
	for (k = 0; k < s->count; k++)
		if (c->prog->word[s->data + k] != k)
			return bad(c, FWT_SEC_TESTS, i, "branches out of order");
	return 0;
}

int fwt_verify_foreign_test(struct fwt_verify *c, u32 i)
{
	const struct fwt_prog_test *t = &c->prog->test[i];
	bool select = t->op == FWT_TEST_NODE_SELECT;
	u32 foreign = t->set[select];

	if (t->n_fields || t->flags || t->mask[0] != FWT_NONE || t->mask[1] != FWT_NONE)
		return bad(c, FWT_SEC_TESTS, i, "another module's node with fields");
	if (!index_ok(c, FWT_SEC_FOREIGN, foreign) ||
	    c->prog->foreign[foreign].use != (select ? FWT_FOREIGN_SELECT : FWT_FOREIGN_MATCH))
		return bad(c, FWT_SEC_TESTS, i, "no such node of another module");
	if (select && c->prog->foreign[foreign].mod == FWT_NONE)
		return bad(c, FWT_SEC_TESTS, i, "selects by a node without its modifier");
	if (select)
		return check_branches(c, i);
	return t->set[1] == FWT_NONE ? 0 : bad(c, FWT_SEC_TESTS, i, "a match with branches");
}

int fwt_verify_foreign_effect(struct fwt_verify *c, u32 i)
{
	const struct fwt_prog_mod *m = &c->prog->mod[i];

	if (m->family || m->flags)
		return bad(c, FWT_SEC_MODS, i, "has what a translation says");
	if (!index_ok(c, FWT_SEC_FOREIGN, m->a) || c->prog->foreign[m->a].mod != i)
		return bad(c, FWT_SEC_MODS, i, "no such node of another module");
	return 0;
}

bool fwt_verify_foreign_mod(const struct fwt_verify *c, u32 i)
{
	const struct fwt_prog_mod *m = &c->prog->mod[i];

	return m->type != FWT_MOD_NODE || c->prog->foreign[m->a].use == FWT_FOREIGN_MODIFY;
}

u8 fwt_verify_foreign_hooks(const struct fwt_verify *c, const struct fwt_prog_test *t)
{
	if (t->op == FWT_TEST_NODE)
		return c->prog->foreign[t->set[0]].hooks;
	if (t->op == FWT_TEST_NODE_SELECT)
		return c->prog->foreign[t->set[1]].hooks;
	return FWT_HOOKS_ALL;
}
