// SPDX-License-Identifier: GPL-2.0
/*
 * Where walks can go: from tree to tree, and out without a verdict.
 */
#include <stdlib.h>

#include "analyse.h"

/* Edges */

static void edges_of(struct fwt_sema *s, struct fwt_ir_tree *t, const struct fwt_rule *r);

static void edge(struct fwt_sema *s, struct fwt_ir_tree *t, const struct fwt_ast_end *end)
{
	struct fwt_tree *to = fwt_ast_tree(s->ast, end->target.text), *other;
	struct fwt_suggest suggest;
	struct fwt_ir_edge *e;
	char hint[128];

	if (!end->target.text)
		return;
	if (!to && s->ast->lost)
		return;		/* it may be what was not understood */
	if (!to) {
		s->of_whole = s->patch;
		fwt_suggest_init(&suggest, end->target.text);
		for (other = s->ast->trees; other; other = other->next)
			fwt_suggest_try(&suggest, other->name.text);
		fwt_error_hint(s->diag, &end->target.loc,
			       fwt_suggest_hint(&suggest, hint, sizeof(hint)),
			       "there is no tree '%s'", end->target.text);
		return;
	}
	e = fwt_sema_alloc(s, sizeof(*e));
	if (!e)
		return;
	e->from = t;
	e->to = to->priv;
	e->loc = end->loc;
	e->call = end->kind == FWT_END_CALL;
	*t->last_edge = e;
	t->last_edge = &e->next;
}

static void edges_below(struct fwt_sema *s, struct fwt_ir_tree *t,
			const struct fwt_branch *b)
{
	for (; b; b = b->next)
		edges_of(s, t, b->rule);
}

static void edges_of(struct fwt_sema *s, struct fwt_ir_tree *t, const struct fwt_rule *r)
{
	for (; r; r = r->next) {
		switch (r->end.kind) {
		case FWT_END_GOTO:
		case FWT_END_CALL:
			edge(s, t, &r->end);
			break;
		case FWT_END_BLOCK:
			edges_of(s, t, r->end.block.first);
			break;
		case FWT_END_SELECT:
			edges_below(s, t, r->end.select->branches);
			break;
		case FWT_END_SPLIT:
			edges_below(s, t, r->end.split->branches);
			break;
		default:
			break;
		}
	}
}

/* Breadth first, so that the way told to the user is a shortest one. */
static void reach(struct fwt_sema *s, struct fwt_ir_tree *from, unsigned int hook,
		  struct fwt_ir_tree **queue)
{
	u32 head = 0, tail = 0;
	struct fwt_ir_edge *e;

	(void)s;
	queue[tail++] = from;
	while (head < tail) {
		for (e = queue[head++]->edges; e; e = e->next) {
			if (e->to->hooks & FWT_HOOK_BIT(hook))
				continue;
			e->to->hooks |= FWT_HOOK_BIT(hook);
			e->to->via[hook] = e;
			queue[tail++] = e->to;
		}
	}
}

/* Loops */

enum { NEW, OPEN, DONE };

static void loop(struct fwt_sema *s, const struct fwt_ir_edge *e)
{
	const struct fwt_ir_tree *t = e->from;
	char buf[512], rest[512];

	/* From the tree that closes the loop back to where it leads again. */
	snprintf(buf, sizeof(buf), "%s", e->to->name);
	for (; t != e->to && t; t = t->parent) {
		snprintf(rest, sizeof(rest), "%s", buf);
		snprintf(buf, sizeof(buf), "%.250s -> %.250s", t->name, rest);
	}
	snprintf(rest, sizeof(rest), "%s", buf);
	fwt_error(s->diag, &e->loc, "a tree that leads back to itself: %s -> %s",
		  e->to->name, rest);
}

static void visit(struct fwt_sema *s, struct fwt_ir_tree *t, struct fwt_ir_tree ***last,
		  bool *loops)
{
	t->parent = NULL;
	t->cursor = t->edges;
	t->state = OPEN;
	while (t) {
		struct fwt_ir_edge *e = t->cursor;

		if (!e) {
			t->state = DONE;
			**last = t;
			*last = &t->after;
			t = t->parent;
			continue;
		}
		t->cursor = e->next;
		if (e->to->state == OPEN) {
			loop(s, e);
			*loops = true;
		} else if (e->to->state == NEW) {
			e->to->parent = t;
			e->to->cursor = e->to->edges;
			e->to->state = OPEN;
			t = e->to;
		}
	}
}

void fwt_flow_edges(struct fwt_sema *s)
{
	struct fwt_ir_tree *t, **queue, **last = &s->order;
	bool loops = false;
	u32 n = 1;

	for (t = s->trees; t; t = t->next, n++)
		edges_of(s, t, t->source->first);
	queue = malloc(n * sizeof(struct fwt_ir_tree *));
	if (!queue) {
		s->failed = true;
		return;
	}
	for (t = s->trees; t; t = t->next)
		if (t->ast_hook)
			reach(s, t, (unsigned int)__builtin_ctz(t->hooks), queue);
	free(queue);
	for (t = s->trees; t; t = t->next)
		if (t->state == NEW)
			visit(s, t, &last, &loops);
	if (loops)
		s->order = NULL;
	for (t = s->trees; s->warnings && t; t = t->next)
		if (!t->hooks)
			fwt_warning(s->diag, &t->ast_tree->name.loc,
				    "no hook leads to tree '%s'", t->name);
}

/* Ends */

static bool block_goes_on(struct fwt_sema *s, struct fwt_ir_tree *t,
			  struct fwt_ir_block *b);

static bool rule_goes_on(struct fwt_sema *s, struct fwt_ir_tree *t,
			 struct fwt_ir_rule *r)
{
	bool on = false;
	u32 i;

	switch (r->end) {
	case FWT_END_NONE:
		on = true;
		break;
	case FWT_END_ERROR:
		on = true;
		t->broken = true;
		break;
	case FWT_END_GOTO:
		t->back |= r->target && r->target->back;
		break;
	case FWT_END_CALL:
		on = !r->target || r->target->back;
		break;
	case FWT_END_RETURN:
		t->back = true;
		if (!t->return_at)
			t->return_at = &r->ast->end.loc;
		break;
	case FWT_END_BLOCK:
		on = block_goes_on(s, t, &r->block);
		break;
	case FWT_END_SELECT:
		on = !r->select || r->select->fallback == FWT_NONE;
		for (i = 0; r->select && i < r->select->count; i++)
			on |= rule_goes_on(s, t, &r->select->branch[i]);
		break;
	case FWT_END_SPLIT:
		on = !r->split;
		for (i = 0; r->split && i < r->split->count; i++)
			on |= rule_goes_on(s, t, &r->split->branch[i]);
		break;
	default:	/* a verdict */
		break;
	}
	t->broken |= r->ast->lost;
	r->goes_on = on || r->ast->lost || r->ast->matches || r->maps ||
		     r->families != (FWT_FAMILY_4 | FWT_FAMILY_6);
	return r->goes_on;
}

static bool block_goes_on(struct fwt_sema *s, struct fwt_ir_tree *t,
			  struct fwt_ir_block *b)
{
	while (b->live < b->count)
		if (!rule_goes_on(s, t, &b->rule[b->live++]))
			break;
	if (b->live < b->count && s->warnings)
		fwt_warning(s->diag, &b->rule[b->live].ast->loc,
			    "never reached: line %u lets nothing by",
			    b->rule[b->live - 1].ast->loc.line);
	return !b->live || b->rule[b->live - 1].goes_on;
}

static const struct fwt_loc *last_line(const struct fwt_ir_tree *t)
{
	const struct fwt_ir_block *b = &t->body;
	const struct fwt_ir_rule *r = NULL;

	while (b->live) {
		r = &b->rule[b->live - 1];
		if (r->ast->matches || r->end != FWT_END_BLOCK)
			break;
		b = &r->block;
	}
	return r ? &r->ast->loc : &t->loc;
}

/* Such a packet, or what to do; @found: how sure it is. */
static void escape_hint(struct fwt_sema *s, const struct fwt_ir_tree *hook,
			const struct fwt_ir_tree *t, bool returns, char *hint, size_t size)
{
	char sample[720];
	int found = -1;

	if (s->sound)
		found = fwt_analyse_escape(s, hook, t, returns, sample, sizeof(sample));
	/* Too large to be exact about: which way one leaves is not known then. */
	if (s->sound && found < 0 && !(t->fall_at && t->return_at))
		found = fwt_sample_escape(s->ast, hook->ast_hook, sample, sizeof(sample)) ?
			1 : -1;
	if (found > 0)
		snprintf(hint, size, "such a packet: %s", sample);
	else
		snprintf(hint, size, "end with 'accept' or 'drop'%s", found ? "" :
			 ", though no packet comes so far");
}

static void tell_escape(struct fwt_sema *s, const struct fwt_ir_tree *hook,
			const struct fwt_ir_tree *t)
{
	char where[300], hint[760];

	if (t == hook)
		snprintf(where, sizeof(where), "'%.100s'", hook->name);
	else
		snprintf(where, sizeof(where), "tree '%.100s', where '%.100s' leads by goto,",
			 t->name, hook->name);
	if (t->fall_at) {
		escape_hint(s, hook, t, false, hint, sizeof(hint));
		fwt_error_hint(s->diag, t->fall_at, hint,
			       "a packet can run off the end of %s without a verdict after line %u",
			       where, t->fall_at->line);
	}
	if (t->return_at) {
		escape_hint(s, hook, t, true, hint, sizeof(hint));
		fwt_error_hint(s->diag, t->return_at, hint,
			       "'return' leaves %s without a verdict: nothing called it",
			       where);
	}
}

/* What a hook leads to without a call must end by itself. */
static void ends(struct fwt_sema *s, struct fwt_ir_tree *hook, struct fwt_ir_tree **queue)
{
	u32 head = 0, tail = 0;
	struct fwt_ir_edge *e;

	queue[tail++] = hook;
	while (head < tail) {
		struct fwt_ir_tree *t = queue[head++];

		if (!t->broken && (t->fall_at || t->return_at))
			tell_escape(s, hook, t);
		for (e = t->edges; e; e = e->next) {
			if (e->call || !e->to->back || e->to->seen)
				continue;
			e->to->seen = true;
			queue[tail++] = e->to;
		}
	}
}

void fwt_flow_verdicts(struct fwt_sema *s)
{
	struct fwt_ir_tree *t, **queue;
	u32 n = 1;

	for (t = s->order; t; t = t->after, n++) {
		if (!block_goes_on(s, t, &t->body))
			continue;
		t->back = true;
		t->fall_at = last_line(t);
	}
	queue = malloc(n * sizeof(struct fwt_ir_tree *));
	if (!queue) {
		s->failed = true;
		return;
	}
	s->sound = !fwt_diag_failed(s->diag);
	for (t = s->order ? s->trees : NULL; t; t = t->next)
		if (t->ast_hook && t->back)
			ends(s, t, queue);
	free(queue);
}
