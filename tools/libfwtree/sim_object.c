// SPDX-License-Identifier: GPL-2.0
/* What outlives a policy, for the simulation: pools. Sets are in sim_set.c. */
#include "sim.h"

int fwt_sim_pool(struct fwt_sim *sim, const char *line)
{
	(void)line;
	return sim_set_error(sim, "pools are not simulated yet");
}
