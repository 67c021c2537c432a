// SPDX-License-Identifier: GPL-2.0
/* What outlives a policy, for the simulation: live sets; sim_pool.c has pools. */
#include "sim.h"

int fwt_sim_set(struct fwt_sim *sim, const char *line)
{
	(void)line;
	return sim_set_error(sim, "live sets are not simulated yet");
}

int fwt_sim_set_has(struct fwt_sim *sim, const char *set, const char *element)
{
	(void)set;
	(void)element;
	return sim_set_error(sim, "live sets are not simulated yet");
}
