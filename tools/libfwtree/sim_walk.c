// SPDX-License-Identifier: GPL-2.0
/*
 * Walks of the simulation: the module's files call this in place of fwt_walk(), by a
 * word of the Makefile, and it keeps what was asked and what came of it.
 */
#include <stdlib.h>

#include "sim.h"

struct sim_walks *sim_walks_now;

void fwt_sim_walk(const struct fwt_program *prog, u32 root, struct fwt_packet *p,
		  const struct fwt_env *env, struct fwt_decision *d);

static void *more(void *array, size_t *room, size_t size)
{
	size_t n = *room ? 2 * *room : 16;
	void *p = realloc(array, n * size);

	if (p)
		*room = n;
	return p;
}

static void keep_step(void *ctx, const struct fwt_walk_step *s)
{
	struct sim_walks *w = ctx;
	void *p;

	if (w->n_steps == w->room_steps) {
		p = more(w->step, &w->room_steps, sizeof(*w->step));
		if (!p)
			return;
		w->step = p;
	}
	w->step[w->n_steps++].step = *s;
}

void fwt_sim_walk(const struct fwt_program *prog, u32 root, struct fwt_packet *p,
		  const struct fwt_env *env, struct fwt_decision *d)
{
	struct sim_walks *w = sim_walks_now;
	struct sim_walk *k;
	size_t first = w->n_steps;
	void *array;

	if (w->n == w->room) {
		array = more(w->walk, &w->room, sizeof(*w->walk));
		if (!array) {
			fwt_walk(prog, root, p, env, d);
			return;
		}
		w->walk = array;
	}
	k = &w->walk[w->n++];
	k->before = *p;
	if (w->trace)
		fwt_walk_traced(prog, root, p, env, d, keep_step, w);
	else
		fwt_walk(prog, root, p, env, d);
	k->prog = prog;
	k->hook = k->before.hook;
	k->again = k->before.unknown;
	k->after = *p;
	k->verdict = d->verdict;
	k->reject = d->reject;
	k->flags = d->flags;
	k->reason = d->reason;
	k->rule = d->verdict == FWT_VERDICT_UNKNOWN ? FWT_NONE : d->rule;
	k->node = d->node;
	k->n_effects = d->n_effects;
	memcpy(k->effect, d->effect, d->n_effects * sizeof(*d->effect));
	k->why = w->why;
	k->first = first;
	k->n_steps = w->n_steps - first;
}

void sim_walks_clean(struct sim_walks *w)
{
	free(w->walk);
	free(w->step);
	*w = (struct sim_walks){ };
}
