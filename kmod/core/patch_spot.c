// SPDX-License-Identifier: GPL-2.0
/*
 * Where a rule of a program stands, and what a patch can do there.
 *
 * A program does not say which rules follow one another in a block; but rules
 * between which the text has nothing but blanks and comments do.
 */
#include "patch.h"

/* What comes of a rule that matches. */
enum way {
	LEADS,		/* elsewhere: to rules in it, to another tree */
	GOES_ON,	/* or may: to the rules behind it */
	ENDS,		/* the walk, by itself, so that no way leads to rules behind */
};

/* Where a test of a rule does not hold. */
static bool away(const struct fwt_program *prog, u32 node, u32 forest)
{
	const struct fwt_prog_node *n = &prog->node[node];

	return n->type == FWT_NODE_MISS || (n->type == FWT_NODE_FOREST && n->arg == forest);
}

static enum way way_of(const struct fwt_program *prog, const struct fwt_patchable *of, u32 rule)
{
	u32 at = prog->rule[rule].node;
	enum way way = ENDS;

	/* Indices grow, so this ends. */
	while (of->rule[rule] != FWT_NONE && at != FWT_NONE) {
		const struct fwt_prog_node *n = &prog->node[at];

		switch (n->type) {
		case FWT_NODE_TEST:
			if (fwt_test_noted(&prog->test[n->arg]))
				way = GOES_ON;
			/* Of two ways on one is that to a miss, or by the rule. */
			at = away(prog, n->yes, of->rule[rule]) ? n->no : n->yes;
			break;
		case FWT_NODE_MOD:
			/* Without a value there. */
			if (prog->mod[n->arg].flags & FWT_MOD_MAP)
				way = GOES_ON;
			at = n->yes;
			break;
		case FWT_NODE_CALL:
			/* A tree that may come back. */
			way = GOES_ON;
			at = n->yes;
			break;
		case FWT_NODE_ENTER:
			if (n->arg != rule)
				return LEADS;
			at = n->yes;
			break;
		case FWT_NODE_FOREST:
			/* A block's own rules may be one; they are another one's. */
			return n->arg == of->rule[rule] ? GOES_ON : LEADS;
		case FWT_NODE_VERDICT:
			return n->arg == rule ? way : LEADS;
		default:
			return LEADS;
		}
	}
	return LEADS;
}

/* Nothing but blanks, ends of statements and comments from @from to @to. */
static bool blank(const char *text, u32 from, u32 to)
{
	bool comment = false;

	for (; from < to; from++) {
		char c = text[from];

		fwt_rest(from);
		if (c == '\n')
			comment = false;
		else if (c == '#')
			comment = true;
		else if (!comment && c != ' ' && c != '\t' && c != '\r' && c != ';')
			return false;
	}
	return true;
}

static u32 end_of(const struct fwt_prog_rule *r)
{
	return r->text + r->text_len;
}

static bool one_block(const struct fwt_prog_rule *a, const struct fwt_prog_rule *b)
{
	return a->file == b->file && a->tree == b->tree;
}

/* Rules are numbered as they are read. So what stands next to a rule is mostly the one
 * before it, and the one behind it, by their numbers: if nothing lies between, and
 * nothing else ends, or begins, at that place.
 */
static bool beside(const struct fwt_program *prog, u32 rule, u32 *former, u32 *next)
{
	u32 n = prog->n[FWT_SEC_RULES];
	const struct fwt_prog_rule *r = &prog->rule[rule];

	if (rule < 2 || n < 3 || rule > n - 3)
		return false;
	if (!one_block(r, r - 1) || end_of(r - 1) > r->text || end_of(r - 2) == end_of(r - 1) ||
	    !blank(prog->source, end_of(r - 1), r->text))
		return false;
	if (!one_block(r, r + 1) || r[1].text < end_of(r) || r[2].text <= r[1].text ||
	    r[2].file != r->file || !blank(prog->source, end_of(r), r[1].text))
		return false;
	*former = rule - 1;
	*next = rule + 1;
	return true;
}

/* The rules that stand next to @rule in its block, FWT_NONE where there are none. */
static void neighbours(const struct fwt_program *prog, u32 rule, u32 *former, u32 *next)
{
	const struct fwt_prog_rule *r = &prog->rule[rule], *o, *f = NULL, *n = NULL;
	u32 i;

	if (beside(prog, rule, former, next))
		return;
	for (i = 0; i < prog->n[FWT_SEC_RULES]; i++) {
		fwt_rest(i);
		o = &prog->rule[i];
		if (i == rule || !one_block(o, r))
			continue;
		/* Of those that end, or begin, at one place the whole one. */
		if (end_of(o) <= r->text) {
			if (!f || end_of(o) > end_of(f) ||
			    (end_of(o) == end_of(f) && o->text < f->text))
				f = o;
		} else if (o->text >= end_of(r)) {
			if (!n || o->text < n->text ||
			    (o->text == n->text && end_of(o) > end_of(n)))
				n = o;
		}
	}
	*former = f && blank(prog->source, end_of(f), r->text) ? (u32)(f - prog->rule) : FWT_NONE;
	*next = n && blank(prog->source, end_of(r), n->text) ? (u32)(n - prog->rule) : FWT_NONE;
}

static void lines(const struct fwt_program *prog, const struct fwt_prog_rule *r,
		  struct fwt_rule_spot *spot)
{
	const struct fwt_prog_file *f = &prog->file[r->file];
	u32 from = r->text, to = end_of(r), end = f->text + f->text_len;

	for (; from > f->text && prog->source[from - 1] != '\n'; from--)
		fwt_rest(from);
	for (; to < end && prog->source[to] != '\n'; to++)
		fwt_rest(to);
	spot->lines = from;
	spot->lines_len = to - from;
	spot->alone = blank(prog->source, from, r->text) &&
		      blank(prog->source, end_of(r), to);
}

static struct fwt_rule_side side(const struct fwt_patchable *of, u32 at, u32 side)
{
	return (struct fwt_rule_side){ of->rule[at], at, side };
}

void fwt_rule_spot(const struct fwt_program *prog, const struct fwt_patchable *of, u32 rule,
		   struct fwt_rule_spot *spot)
{
	const struct fwt_rule_side none = { FWT_NONE, FWT_NONE, 0 };
	enum way way = way_of(prog, of, rule);
	u32 former, next;

	neighbours(prog, rule, &former, &next);
	spot->forest = of->rule[rule];
	spot->plain = way != LEADS;
	spot->side[FWT_PATCH_BEFORE] = none;
	spot->side[FWT_PATCH_AFTER] = none;
	if (spot->forest != FWT_NONE)
		spot->side[FWT_PATCH_BEFORE] = side(of, rule, FWT_PATCH_BEFORE);
	else if (former != FWT_NONE && way_of(prog, of, former) == ENDS)
		spot->side[FWT_PATCH_BEFORE] = side(of, former, FWT_PATCH_AFTER);
	if (way == ENDS)
		spot->side[FWT_PATCH_AFTER] = side(of, rule, FWT_PATCH_AFTER);
	else if (next != FWT_NONE && of->rule[next] != FWT_NONE)
		spot->side[FWT_PATCH_AFTER] = side(of, next, FWT_PATCH_BEFORE);
	lines(prog, &prog->rule[rule], spot);
}
