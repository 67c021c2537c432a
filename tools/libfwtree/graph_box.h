/* SPDX-License-Identifier: GPL-2.0 */
/* Drawing, from within: graph.c goes through the rules, graph_box.c draws. */
#ifndef FWT_GRAPH_BOX_H
#define FWT_GRAPH_BOX_H

#include "graph.h"

/* By what it is, where it is drawn: a tree, a set, a map, a pool. */
struct place {
	const void *what;	/* struct fwt_tree and so on; a name that nothing has */
	u32 box;
	bool drawn;		/* its rows are there */
};

struct drawing {
	struct fwt_graph *g;
	const struct fwt_graph_opts *opts;
	struct fwt_vec place;	/* struct place, in the order of their boxes */
	u32 used;		/* boxes that are no hook's */
	bool refused;		/* there was no room for something */
	bool failed;
};

/* A row, and what it uses and leads to. */
struct spot {
	struct drawing *d;
	u32 box;
	u32 row;
};

static inline struct fwt_graph_box *graph_box(const struct drawing *d, u32 box)
{
	return (struct fwt_graph_box *)d->g->box.data + box;
}

/* A text that stays as long as the picture; "" without memory. */
__attribute__((format(printf, 2, 3)))
const char *graph_say(struct drawing *d, const char *fmt, ...);

u32 graph_new_box(struct drawing *d, enum fwt_graph_kind kind, const char *name,
		  const char *title);
u32 graph_new_row(struct drawing *d, u32 box, const struct fwt_graph_row *row);

/* Is there room for a box more. */
bool graph_has_room(const struct drawing *d);

/* Hits of two; those of whom nobody counts are none. */
u64 graph_sum(u64 a, u64 b);

/* An arrow from a row to a box. One of each kind: of several rules, the sum. */
void graph_arrow(const struct spot *at, u32 to, enum fwt_graph_lead lead, u64 hits);

/* Where something is drawn, from now on if it was not; FWT_NONE: there is no room. */
u32 graph_place(struct drawing *d, const void *what, enum fwt_graph_kind kind,
		const char *name);

/* The same, with an arrow to it, if there is to be one. */
void graph_to_place(const struct spot *at, const void *what, enum fwt_graph_kind kind,
		    const char *name, enum fwt_graph_lead lead, u64 hits);

/* Sets, maps and pools: what a rule asks and changes; what is in them. */
void graph_uses(const struct spot *at, const struct fwt_rule *rule);
void graph_uses_set(const struct spot *at, const char *name, enum fwt_graph_lead lead);
void graph_uses_values(const struct spot *at, const struct fwt_values *v);
void graph_objects(struct drawing *d);

#endif /* FWT_GRAPH_BOX_H */
