/* SPDX-License-Identifier: GPL-2.0 */
/* DNS names in a simulation: sim_names.c; the sets' side of it is in sim_set.c. */
#ifndef FWT_SIM_NAMES_H
#define FWT_SIM_NAMES_H

#include "dns_book.h"

struct fwt_sim;

/** sim_is_name_line() - "name NAME [ADDR...]", "resolvers [ADDR...]" */
bool sim_is_name_line(const char *line);

/* Such a line into a book; false and @error where it is none. */
bool sim_names_read(struct fwt_dns_book *book, const char *line, char *error, size_t size);

/* The same of a simulation: its sets change. 0 or -1. */
int sim_names_line(struct fwt_sim *sim, const char *line);

/* What names stand for now; NULL without memory. */
const struct fwt_dns_book *sim_names_book(struct fwt_sim *sim);

/* The policy in force, which is the simulation's from now on. */
void sim_names_policy(struct fwt_sim *sim, struct fwt_policy_ast *ast);
/* It; NULL for none. */
const struct fwt_policy_ast *sim_names_ast(struct fwt_sim *sim);
void sim_names_free(struct fwt_sim *sim);

/* sim.c: where it is kept. */
void **sim_names_at(struct fwt_sim *sim);

/* sim_set.c: what the policy has in a set, struct fwt_dns_elem; and another. */
bool sim_set_dump(struct fwt_sim *sim, const char *name, struct fwt_vec *to);
void sim_set_change(struct fwt_sim *sim, const char *name, const struct fwt_vec *v, bool add);

#endif /* FWT_SIM_NAMES_H */
