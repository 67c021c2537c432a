/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Matches at random, as text: what rules of gen_policy.c ask.
 */
#ifndef GEN_MATCH_H
#define GEN_MATCH_H

#include "gen_values.h"

/* A field: the trees that may ask it, and how often they do. */
struct gen_field {
	const char *name;
	enum kind kind;
	unsigned int hooks;
	unsigned int weight;
};

/* A set of constants. */
struct gen_set_type {
	const char *name;
	const char *type;
	enum kind kind[2];
	unsigned int n;
};

extern const struct gen_set_type gen_set_types[GEN_SETS];
extern const char *const gen_devices[6];

void gen_line(struct gen *g);

/* One that the trees of @g->hooks may ask. */
const struct gen_field *gen_field(struct gen *g);
void gen_values_of(struct gen *g, const struct gen_field *f);

/* Two to four fields, joined by " . "; how many. */
unsigned int gen_joined_fields(struct gen *g, const struct gen_field **f);
void gen_joined_values(struct gen *g, const struct gen_field **f, unsigned int n);

/* Whether there is to be a node of another module here. */
bool gen_a_node(struct gen *g, unsigned int percent);
void gen_match(struct gen *g, unsigned int depth);

/* One that looks at what packets before it have done. */
void gen_stateful(struct gen *g);

#endif /* GEN_MATCH_H */
