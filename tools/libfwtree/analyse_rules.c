// SPDX-License-Identifier: GPL-2.0
/*
 * Rules that nothing reaches, and rules that change nothing.
 *
 * Packets are taken through a hook's tree as sets: which come to a rule, which of
 * them it matches, which go on behind it. A rule that matches none of those that
 * come is hidden. One that matches some is in vain if they would come to the same
 * without it; what is found so is left out when the rules before it are looked at,
 * so that all of it can be removed at once.
 */
#include <stdlib.h>

#include "analyse.h"

/* So many that their diagram may take a second. */
#define MANY_RULES	4096u

/* Of a diagram's, for a rule that more than one way leads to: there may be many. */
#define VISIT_STEPS	32

/* Sets that leave a part of the tree: behind it, and back to a call. */
struct leaving {
	u32 next;
	u32 back;
};

static struct leaving visit_block(struct fwt_analyser *a, const struct fwt_ir_block *b,
				  u32 in, struct fwt_ways ways, bool once);

static struct fwt_finding *finding(struct fwt_analyser *a, const struct fwt_ir_rule *r)
{
	struct fwt_finding *f;

	if (r->record >= a->n)
		return NULL;
	f = &a->found[r->record];
	if (!f->rule) {
		f->rule = r;
		f->world = a->world;
		f->hook = a->prove.hook;
	}
	return f;
}

/* How often a walk's way can lead to a tree: "once" is for sure. */
static bool only_once(const struct fwt_analyser *a, const struct fwt_ir_tree *t)
{
	const struct fwt_ir_edge *e;
	const struct fwt_ir_tree *from, *one = NULL;
	u32 n = 0;

	for (from = a->s->trees; from; from = from->next)
		for (e = from->edges; e; e = e->next)
			if (e->to == t) {
				one = e->from;
				n++;
			}
	return n == 0 || (n == 1 && one && only_once(a, one));
}

/* Behind a tree that a packet may come to again: what stands there may do what a rule of the
 * tree does because that rule stands there, too, and is gone with it. So it is nothing known.
 */
static u32 behind(struct fwt_analyser *a)
{
	static const struct fwt_outcome leaves = {
		.verdict = FWT_OUT_FALLS, .effect = FWT_NONE, .queue = 1,
	};

	return fwt_prove_leaf(&a->prove, &leaves);
}

static u32 visit_tree(struct fwt_analyser *a, const struct fwt_ir_tree *t, u32 in, u32 back)
{
	struct fwt_ways ways = { back, back };
	struct leaving l;
	bool once;

	if (!t || in == FWT_DD_NO)
		return in;
	once = only_once(a, t);
	if (!once) {
		ways.next = behind(a);
		ways.back = ways.next;
	}
	l = visit_block(a, &t->body, in, ways, once);
	return fwt_dd_or(&a->sp.dd, l.next, l.back);
}

static struct leaving visit_end(struct fwt_analyser *a, const struct fwt_ir_rule *r, u32 in,
				struct fwt_ways ways, bool once);

static struct leaving visit_select(struct fwt_analyser *a, const struct fwt_ir_rule *r,
				   u32 in, struct fwt_ways ways, bool once)
{
	u32 fallback = r->select ? r->select->fallback : FWT_NONE;
	struct leaving l = { in, FWT_DD_NO }, b;
	struct fwt_dd *dd = &a->sp.dd;
	u32 count, i, here, hit, missed, *branch;
	const struct fwt_ir_rule *branches = fwt_prove_branches(r, &count);

	if (!count)
		return l;
	branch = malloc((count + 1) * sizeof(*branch));
	if (!branch) {
		dd->over = true;
		return l;
	}
	fwt_prove_picks(&a->prove, r, branch);
	for (i = 0; i < count; i++)
		l.next = fwt_dd_minus(dd, l.next, branch[i]);
	l.next = fwt_prove_select_after(&a->prove, r, l.next);
	for (i = 0; i < count && !dd->over; i++) {
		const struct fwt_ir_rule *to = &branches[i];
		struct fwt_finding *f = finding(a, to);
		u32 match = fwt_prove_match(&a->prove, to);

		here = fwt_dd_and(dd, in, branch[i]);
		here = fwt_prove_select_after(&a->prove, r, here);
		hit = fwt_dd_and(dd, here, match);
		if (f) {
			f->branch = true;
			f->reached |= i != fallback;
			f->matters = true;
			f->hit |= hit != FWT_DD_NO;
			f->impossible = !fwt_dd_meet(dd, branch[i], a->world);
		}
		l.next = fwt_dd_or(dd, l.next, fwt_dd_minus(dd, here, match));
		if (hit == FWT_DD_NO)
			continue;
		hit = fwt_prove_after(&a->prove, to, hit, &missed);
		b = visit_end(a, to, hit, ways, once);
		l.next = fwt_dd_or(dd, l.next, fwt_dd_or(dd, b.next, missed));
		l.back = fwt_dd_or(dd, l.back, b.back);
	}
	free(branch);
	return l;
}

static struct leaving visit_end(struct fwt_analyser *a, const struct fwt_ir_rule *r, u32 in,
				struct fwt_ways ways, bool once)
{
	struct leaving l = { FWT_DD_NO, FWT_DD_NO };

	switch (r->end) {
	case FWT_END_NONE:
		l.next = in;
		break;
	case FWT_END_GOTO:
		l.back = visit_tree(a, r->target, in, ways.back);
		break;
	case FWT_END_CALL:
		l.next = visit_tree(a, r->target, in, ways.next);
		break;
	case FWT_END_RETURN:
		l.back = in;
		break;
	case FWT_END_BLOCK:
		return visit_block(a, &r->block, in, ways, once);
	case FWT_END_SELECT:
	case FWT_END_SPLIT:
		return visit_select(a, r, in, ways, once);
	case FWT_END_ACCEPT:
	case FWT_END_DROP:
	case FWT_END_REJECT:
	case FWT_END_QUEUE:
		break;
	default:	/* not known: it may go on */
		l.next = in;
	}
	return l;
}

/* Where a packet may go on behind a rule that it matches. */
static bool lets_by(const struct fwt_ir_rule *r)
{
	return r->maps || r->end == FWT_END_NONE || r->end == FWT_END_BLOCK ||
	       r->end == FWT_END_CALL || r->end == FWT_END_SELECT || r->end == FWT_END_SPLIT;
}

/* The rules that take what rule @i would match of what comes into its block. */
static void hiders(struct fwt_analyser *a, const struct fwt_ir_block *b, u32 i,
		   const u32 *match, const u32 *in, struct fwt_finding *f)
{
	u32 rest, all, j, taken, cover[FWT_HIDERS_MAX];
	struct fwt_dd *dd = &a->sp.dd;

	all = fwt_dd_and(dd, in[0], match[i]);
	f->impossible = all == FWT_DD_NO;
	f->hiders = 0;
	f->more = false;
	/* One alone is the best explanation there is. */
	for (j = 0; j < i; j++) {
		if (lets_by(&b->rule[j]) || match[j] == FWT_DD_NO ||
		    fwt_dd_minus(dd, all, match[j]) != FWT_DD_NO)
			continue;
		f->hider[f->hiders++] = b->rule[j].ast;
		return;
	}
	for (j = 0, rest = all; j < i && rest != FWT_DD_NO && !dd->over; j++) {
		taken = fwt_dd_minus(dd, fwt_dd_and(dd, rest, in[j]), in[j + 1]);
		if (taken == FWT_DD_NO)
			continue;
		rest = fwt_dd_minus(dd, rest, taken);
		if (f->hiders == FWT_HIDERS_MAX) {
			f->more = true;
			continue;
		}
		cover[f->hiders] = lets_by(&b->rule[j]) ? taken : match[j];
		f->hider[f->hiders++] = b->rule[j].ast;
	}
	/* The first of them may be those that the later ones would do without. */
	for (j = 0; j < f->hiders && !f->more && !dd->over;) {
		for (i = 0, rest = all; i < f->hiders; i++)
			rest = i == j ? rest : fwt_dd_minus(dd, rest, cover[i]);
		if (rest != FWT_DD_NO) {
			j++;
			continue;
		}
		f->hiders--;
		memmove(cover + j, cover + j + 1, (f->hiders - j) * sizeof(*cover));
		memmove(f->hider + j, f->hider + j + 1, (f->hiders - j) * sizeof(*f->hider));
	}
}

/* A rule behind @i, alone, that does to all of @set what @i does. */
static const struct fwt_rule *same_as(struct fwt_analyser *a, const struct fwt_ir_block *b,
				      u32 i, const u32 *match, u32 set)
{
	u32 j;

	for (j = i + 1; j < b->live; j++) {
		if (!fwt_dd_meet(&a->sp.dd, set, match[j]))
			continue;
		return fwt_dd_minus(&a->sp.dd, set, match[j]) == FWT_DD_NO ?
		       b->rule[j].ast : NULL;
	}
	return NULL;
}

/**
 * struct visit - a block being looked at
 * @match: by rule: what it matches
 * @in: by rule: what comes to it; one more: what goes on behind the last
 * @end: by rule: what becomes of packets behind it
 */
struct visit {
	u32 *match;
	u32 *in;
	u32 *end;
};

static void forward(struct fwt_analyser *a, const struct fwt_ir_block *b, u32 in,
		    struct fwt_ways ways, bool once, struct visit *v, u32 *back)
{
	struct fwt_dd *dd = &a->sp.dd;
	struct leaving l;
	u32 i, hit, missed;

	for (i = 0; i < b->live && !dd->over; i++) {
		const struct fwt_ir_rule *r = &b->rule[i];
		struct fwt_finding *f = finding(a, r);

		v->in[i] = in;
		if (f && !once && !fwt_dd_work(dd, VISIT_STEPS))
			break;
		hit = fwt_dd_and(dd, in, v->match[i]);
		/* A block has to end, though nothing may come so far. */
		if (f) {
			f->reached |= v->in[0] != FWT_DD_NO &&
				      (v->match[i] != FWT_DD_YES || i + 1 < b->live);
			f->hit |= hit != FWT_DD_NO;
		}
		if (hit == FWT_DD_NO) {
			if (f && v->in[0] != FWT_DD_NO)
				hiders(a, b, i, v->match, v->in, f);
			continue;
		}
		ways.next = v->end[i];
		hit = fwt_prove_after(&a->prove, r, hit, &missed);
		l = visit_end(a, r, hit, ways, once);
		in = fwt_dd_or(dd, fwt_dd_minus(dd, in, v->match[i]), l.next);
		in = fwt_dd_or(dd, in, missed);
		*back = fwt_dd_or(dd, *back, l.back);
	}
	v->in[b->live] = in;
}

static void backward(struct fwt_analyser *a, const struct fwt_ir_block *b,
		     struct fwt_ways ways, bool once, const struct visit *v)
{
	struct fwt_dd *dd = &a->sp.dd;
	u32 i, hit, body;
	struct fwt_ways full = ways;

	for (i = b->live; i-- > 0 && !dd->over;) {
		const struct fwt_ir_rule *r = &b->rule[i];
		struct fwt_finding *f = finding(a, r);
		bool matters = true;

		hit = fwt_dd_and(dd, v->in[i], v->match[i]);
		if (hit == FWT_DD_NO && once)
			continue;
		body = fwt_prove_body(&a->prove, r, ways);
		/* Who gives a rule a name wants it counted. */
		matters = r->ast->id || fwt_dd_differ(dd, hit, body, ways.next);
		/* Alone, and with what is told of behind it, which it may hide. */
		full.next = v->end[i];
		matters = matters || fwt_dd_differ(dd, hit, fwt_prove_body(&a->prove, r, full),
						   full.next);
		if (f && matters)
			f->matters = true;
		if (f && !matters && hit != FWT_DD_NO)
			f->same = same_as(a, b, i, v->match, hit);
		if (matters || !once)
			ways.next = fwt_dd_ite(dd, v->match[i], body, ways.next);
	}
}

/* What each rule of a block matches. A set that the budget has no room for is given up
 * where that shows, after a thirty-second part: nodes grow at most as in the second half
 * of that, since more and more of them are there already.
 */
static void matches_of(struct fwt_analyser *a, const struct fwt_ir_block *b, u32 *match)
{
	u32 some = b->live >= MANY_RULES ? b->live / 32 : 0, i, half = 0;
	struct fwt_dd *dd = &a->sp.dd;

	for (i = 0; i < b->live && !dd->over; i++) {
		match[i] = fwt_prove_match(&a->prove, &b->rule[i]);
		if (i == some / 2)
			half = dd->count;
		if (some && i == some && (u64)(dd->count - half) * 64 > 2ull * dd->budget)
			dd->over = true;
	}
}

static struct leaving visit_block(struct fwt_analyser *a, const struct fwt_ir_block *b,
				  u32 in, struct fwt_ways ways, bool once)
{
	u32 *room = malloc((3 * (size_t)b->live + 1) * sizeof(*room)), i;
	struct leaving l = { in, FWT_DD_NO };
	struct visit v;

	if (!room || a->sp.dd.over) {
		a->sp.dd.over = true;
		free(room);
		return l;
	}
	v.match = room;
	v.end = room + b->live;
	v.in = room + 2 * (size_t)b->live;
	matches_of(a, b, v.match);
	if (a->sp.dd.over) {
		free(room);
		return l;
	}
	/* What stands behind each: its own function is that of the one before. */
	fwt_prove_block(&a->prove, b, ways, v.in);
	for (i = 0; i < b->live; i++)
		v.end[i] = i + 1 < b->live ? v.in[i + 1] : ways.next;
	forward(a, b, in, ways, once, &v, &l.back);
	backward(a, b, ways, once, &v);
	if (!a->sp.dd.over)
		l.next = v.in[b->live];
	free(room);
	return l;
}

void fwt_analyse_hook(struct fwt_analyser *a, const struct fwt_ir_tree *t)
{
	static const struct fwt_outcome falls = {
		.verdict = FWT_OUT_FALLS, .effect = FWT_NONE,
	};
	u32 leaf = fwt_prove_leaf(&a->prove, &falls);
	struct fwt_ways ways = { leaf, leaf };

	a->prove.hook = (u32)__builtin_ctz(t->hooks);
	a->world = fwt_space_world(&a->sp, a->prove.hook,
				   fwt_space_frames(&a->sp, a->s->ast, t->ast_hook));
	visit_block(a, &t->body, a->world, ways, true);
}

/* Telling */

/* What a match means may depend on where it stands: read again, it is as if it stood in
 * the hook's own tree.
 */
static struct fwt_ir_tree *tree_of(const struct fwt_analyser *a, u32 hook)
{
	struct fwt_ir_tree *t;

	for (t = a->s->trees; t->next; t = t->next)
		if (t->ast_hook && t->hooks & FWT_HOOK_BIT(hook))
			break;
	return t;
}

static u32 match_set(struct fwt_analyser *a, const struct fwt_finding *found,
		     const struct fwt_match *m)
{
	struct fwt_match alone = *m;
	struct fwt_diag none;
	struct fwt_cond *c;
	u32 f;

	alone.next = NULL;
	fwt_diag_init(&none);
	a->s->diag = &none;
	a->s->tree = tree_of(a, found->hook);
	c = fwt_sema_matches(a->s, &alone);
	a->s->tree = NULL;
	a->s->diag = a->diag;
	f = fwt_diag_failed(&none) ? FWT_DD_YES : fwt_prove_conds(&a->prove, found->rule, c);
	fwt_diag_clean(&none);
	return f;
}

static bool asks_state(const struct fwt_match *m)
{
	return m->kind == FWT_MATCH_FIELD && m->fields.count == 1 &&
	       m->fields.first->field == FWT_AST_CT_STATE;
}

/* The tests of one line that can't hold together; false where they can. */
static bool contradiction(struct fwt_analyser *a, const struct fwt_finding *found)
{
	const struct fwt_match *m, *other;
	const struct fwt_ir_rule *r = found->rule;
	struct fwt_dd *dd = &a->sp.dd;
	u32 all = found->world, one;

	for (m = r->ast->matches; m && !dd->over; m = m->next) {
		one = match_set(a, found, m);
		if (fwt_dd_meet(dd, all, one)) {
			all = fwt_dd_and(dd, all, one);
			continue;
		}
		if (!fwt_dd_meet(dd, found->world, one)) {
			if (asks_state(m))
				fwt_diag_add(a->diag, FWT_WARNING, &m->loc,
					     "later packets of a connection walk no tree: the decision on its first one holds. 'option evaluate per-packet' makes every packet walk",
					     "this never matches: only openers of connections come here, and packets of none");
			else
				fwt_warning(a->diag, &m->loc, "no packet that comes here is like this");
			return true;
		}
		for (other = r->ast->matches; other != m; other = other->next)
			if (!fwt_dd_meet(dd, fwt_dd_and(dd, found->world, one),
					 match_set(a, found, other)))
				break;
		if (other != m && dd->over)
			return false;
		fwt_warning(a->diag, &m->loc, "no packet is like this and like what stands before on the line%s",
			    other != m ? "" : " together");
		if (other != m)
			fwt_note(a->diag, &other->loc, "this and that exclude each other");
		return true;
	}
	return false;
}

static void tell_hidden(struct fwt_analyser *a, const struct fwt_finding *f)
{
	const struct fwt_loc *loc = &f->rule->ast->loc;
	u32 i;

	if (contradiction(a, f))
		return;
	if (f->branch) {
		fwt_warning(a->diag, loc, f->impossible ?
			    "this branch is never taken: what it asks for went elsewhere" :
			    "this branch is never taken: nothing that comes here is like it");
		return;
	}
	if (f->impossible || !f->hiders) {
		fwt_warning(a->diag, loc, "never matches: what is like this does not come here");
		return;
	}
	if (f->hiders == 1 && !f->more)
		fwt_warning(a->diag, loc, "never matches: line %u takes all that is like this",
			    f->hider[0]->loc.line);
	else
		fwt_warning(a->diag, loc, "never matches: %u%s rules before it take all that is like this",
			    f->hiders, f->more ? " and more" : "");
	for (i = 0; i < f->hiders; i++)
		fwt_note(a->diag, &f->hider[i]->loc, f->hiders > 1 || f->more ?
			 "one of those that hide line %u" : "this hides line %u", loc->line);
}

/* All hooks were looked at: a rule is judged by all that reach it. */
void fwt_analyse_tell(struct fwt_analyser *a)
{
	u32 i;

	for (i = 0; i < a->n && !a->sp.dd.over; i++) {
		const struct fwt_finding *f = &a->found[i];

		if (!f->rule || !f->reached)
			continue;
		if (!f->hit) {
			tell_hidden(a, f);
		} else if (!f->matters) {
			fwt_warning(a->diag, &f->rule->ast->loc,
				    "changes nothing: all that it matches comes to the same without it");
			if (f->same)
				fwt_note(a->diag, &f->same->loc, "by this");
		}
	}
}
