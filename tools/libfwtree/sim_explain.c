// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include "sim.h"

char *fwt_sim_explain(struct fwt_sim *sim)
{
	(void)sim;
	return strdup("");
}
