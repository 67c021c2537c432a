/* SPDX-License-Identifier: GPL-2.0 */
/* The way of a packet through a policy, rule by rule; see sim_path.c. */
#ifndef FWT_SIM_PATH_H
#define FWT_SIM_PATH_H

#include "sim.h"

/**
 * struct sim_path_step - what a packet met
 * @walk: number of the walk
 * @hook: "ingress", "egress device" ...
 * @rule: the rule as written, its first line; @rule.file NULL where there is none
 * @value: what was asked, and what the packet had
 * @taken: what came of it: "yes", "no", "drop", "to line 30", "snat ..."
 * @node: of the program
 */
struct sim_path_step {
	u32 walk;
	const char *hook;
	struct fwt_sim_rule rule;
	char value[400];
	char taken[160];
	u32 node;
};

/**
 * struct sim_path - steps of all walks of a packet
 * @step: array
 * @n: how many
 */
struct sim_path {
	struct sim_path_step *step;
	u32 n;
	u32 room;
};

/* Of @walks; @path is to be cleaned. Return 0 or -1 for no memory. */
int sim_path_make(const struct sim_walks *walks, struct sim_path *path);
void sim_path_clean(struct sim_path *path);

/* All walks, a step a line. */
void sim_walks_print(FILE *f, const struct sim_walks *walks);

/* What a walk is called: "ingress, new", "egress again: decided afresh"; @buf. */
char *sim_walk_title(const struct sim_walk *w, char *buf, size_t size);
const char *sim_hook_name(u8 hook);

/* What is odd about a packet that is invalid, in words; NULL for others. */
const char *sim_walk_odd(const struct sim_walk *w);

#endif /* FWT_SIM_PATH_H */
