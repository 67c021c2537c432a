// SPDX-License-Identifier: GPL-2.0
/*
 * Outcomes, with what modifiers leave in them.
 */
#include <stdlib.h>

#include "prove_walk.h"

/* As many as are looked through in a step of a diagram's. */
#define LOOK_STEPS	16

void fwt_outcomes_init(struct fwt_outcomes *o)
{
	memset(o, 0, sizeof(*o));
	o->outcome.size = sizeof(struct fwt_outcome);
	o->effect.size = sizeof(struct fwt_out_effect);
}

void fwt_outcomes_clean(struct fwt_outcomes *o)
{
	struct fwt_out_effect *e = o->effect.data;
	u32 i;

	for (i = 0; i < o->effect.count; i++)
		free(e[i].text);
	free(o->effect.data);
	free(o->outcome.data);
}

const char *fwt_outcome_words(const struct fwt_outcomes *o, u32 leaf, char *buf, size_t size)
{
	const struct fwt_outcome *out = fwt_outcome(o, leaf);
	const struct fwt_out_effect *e = o->effect.data;
	u32 at;
	size_t len;

	switch (out->verdict) {
	case FWT_VERDICT_ACCEPT:
		snprintf(buf, size, "accept");
		break;
	case FWT_VERDICT_DROP:
		snprintf(buf, size, "drop");
		break;
	case FWT_VERDICT_REJECT:
		snprintf(buf, size, "reject%s%s", out->reject ? " with " : "", out->reject ?
			 fwt_reject_name((enum fwt_ast_reject)out->reject) : "");
		break;
	case FWT_OUT_QUEUE:
		snprintf(buf, size, "queue %u%s", out->queue, out->reject ? " bypass" : "");
		break;
	case FWT_OUT_FALLS:
		snprintf(buf, size, "no verdict");
		break;
	default:
		snprintf(buf, size, "something not known here");
	}
	for (at = out->effect; at != FWT_NONE; at = e[at].next) {
		len = strlen(buf);
		snprintf(buf + len, size - len, ", %s", e[at].text);
	}
	return buf;
}

u32 fwt_prove_leaf(struct fwt_prove *p, const struct fwt_outcome *want)
{
	struct fwt_outcome *o = p->out->outcome.data;
	u32 i;

	for (i = 0; i < p->out->outcome.count; i++)
		if (o[i].verdict == want->verdict && o[i].reject == want->reject &&
		    o[i].queue == want->queue && o[i].effect == want->effect)
			break;
	fwt_dd_work(&p->sp->dd, i / LOOK_STEPS);
	if (i < p->out->outcome.count)
		return fwt_dd_leaf(i + 2);
	o = fwt_vec_add(&p->out->outcome, 1);
	if (o)
		*o = *want;
	else
		p->sp->dd.over = true;
	return fwt_dd_leaf(i + 2);
}

/* Effects */

static u32 cell(struct fwt_prove *p, const struct fwt_out_effect *new, u32 slot, u32 next)
{
	struct fwt_out_effect *e = p->out->effect.data;
	u32 i;

	for (i = 0; i < p->out->effect.count; i++)
		if (e[i].slot == slot && e[i].next == next && e[i].reads == new->reads &&
		    e[i].least == new->least && e[i].again == new->again &&
		    !strcmp(e[i].text, new->text))
			break;
	fwt_dd_work(&p->sp->dd, i / LOOK_STEPS);
	if (i < p->out->effect.count)
		return i;
	e = fwt_vec_add(&p->out->effect, 1);
	if (e)
		e->text = strdup(new->text);
	if (!e || !e->text) {
		p->out->effect.count -= !!e;
		p->sp->dd.over = true;
		return next;
	}
	e->slot = slot;
	e->next = next;
	e->reads = new->reads;
	e->least = new->least;
	e->again = new->again;
	return i;
}

/* In slot 0 all count, in their order; in another one that which came last, which
 * is there already when an earlier one is added; or the least of them.
 */
static u32 insert(struct fwt_prove *p, u32 list, const struct fwt_out_effect *new)
{
	struct fwt_out_effect e;

	if (list == FWT_NONE || !new->slot)
		return cell(p, new, new->slot, list);
	e = ((struct fwt_out_effect *)p->out->effect.data)[list];
	if (e.slot == new->slot)
		return e.least && new->least && new->least < e.least ?
		       cell(p, new, new->slot, e.next) : list;
	if (e.slot > new->slot)
		return cell(p, new, new->slot, list);
	return cell(p, &e, e.slot, insert(p, e.next, new));
}

/* Whether @e comes to the same behind @new, though it goes by what that writes. */
static bool all_the_same(const struct fwt_out_effect *e, const struct fwt_out_effect *new)
{
	return (e->least && new->least) ||
	       (e->again && e->slot == new->slot && !strcmp(e->text, new->text));
}

/* Behind @new an effect that goes by what that has written is another one. What it goes by
 * is then that which @new does, and what that has left alone.
 */
static u32 behind(struct fwt_prove *p, u32 list, const struct fwt_out_effect *new, u64 writes)
{
	struct fwt_out_effect e;
	char whole[1000], text[600];
	u32 next;

	if (list == FWT_NONE)
		return list;
	e = ((struct fwt_out_effect *)p->out->effect.data)[list];
	next = behind(p, e.next, new, writes);
	if (!(e.reads & writes) || all_the_same(&e, new))
		return next == e.next ? list : cell(p, &e, e.slot, next);
	snprintf(whole, sizeof(whole), "%s (after '%s')", e.text, new->text);
	fwt_space_shorten(text, sizeof(text), whole);
	e.text = text;
	e.reads = (fwt_hangs_on(e.reads) & ~writes) | new->reads;
	e.least = 0;
	e.again = false;
	return cell(p, &e, e.slot, next);
}

struct adding {
	struct fwt_prove *p;
	const struct fwt_out_effect *effect;
	u64 writes;
};

static u32 add_to(void *ctx, u32 leaf)
{
	const struct adding *a = ctx;
	struct fwt_outcome o;

	if (fwt_dd_value(leaf) < 2)
		return leaf;
	o = *fwt_outcome(a->p->out, leaf);
	o.effect = behind(a->p, o.effect, a->effect, a->writes);
	if (!a->effect->slot || (o.verdict != FWT_VERDICT_DROP && o.verdict != FWT_VERDICT_REJECT))
		o.effect = insert(a->p, o.effect, a->effect);
	return fwt_prove_leaf(a->p, &o);
}

u32 fwt_prove_effect(struct fwt_prove *p, u32 f, const struct fwt_out_effect *effect,
		     u64 writes)
{
	struct adding a = { .p = p, .effect = effect, .writes = writes };

	return p->bare ? f : fwt_dd_leaves(&p->sp->dd, f, add_to, &a);
}

struct queueing {
	struct fwt_prove *p;
	u32 number;
	bool bypass;
};

static u32 by_queue(void *ctx, u32 leaf)
{
	const struct queueing *q = ctx;
	struct fwt_outcome o;

	if (fwt_dd_value(leaf) < 2)
		return leaf;
	o = *fwt_outcome(q->p->out, leaf);
	if (o.verdict != FWT_VERDICT_ACCEPT)
		return leaf;
	o.verdict = FWT_OUT_QUEUE;
	o.reject = q->bypass;
	o.queue = q->number;
	return fwt_prove_leaf(q->p, &o);
}

u32 fwt_prove_queued(struct fwt_prove *p, u32 f, u32 number, bool bypass)
{
	struct queueing q = { .p = p, .number = number, .bypass = bypass };
	u32 by = number << 1 | bypass;
	struct fwt_prove_queue *was = &p->queue[number % FWT_PROVE_QUEUES];
	u32 to;

	if (was->of == f && was->by == by)
		return was->to;
	to = fwt_dd_leaves(&p->sp->dd, f, by_queue, &q);
	if (!p->sp->dd.over)
		*was = (struct fwt_prove_queue){ .of = f, .by = by, .to = to };
	return to;
}
