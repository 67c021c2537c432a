// SPDX-License-Identifier: GPL-2.0
/* A policy on trial: apply --confirm TIME, and what may come then. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "fwctl.h"
#include "nl.h"
#include "out.h"
#include "trial.h"

uint32_t trial_time(const char *text)
{
	uint64_t ms;

	return fwt_duration_read(text, strlen(text), &ms) || ms > TRIAL_MS_MAX ? 0 : (uint32_t)ms;
}

const char *trial_text(char *buf, size_t size, uint32_t ms)
{
	uint32_t s = (ms + 999) / 1000;

	if (s < 120)
		snprintf(buf, size, "%u s", s);
	else if (s < 7200)
		snprintf(buf, size, "%u min %u s", s / 60, s % 60);
	else
		snprintf(buf, size, "%u h %u min", s / 3600, s / 60 % 60);
	return buf;
}

void trial_print(uint32_t ms)
{
	char buf[32];

	if (!ms)
		return;
	out_num("trial", (ms + 999) / 1000);
	out_text("on trial for %s: 'fwctl confirm' keeps it, else the former policy comes back\n",
		 trial_text(buf, sizeof(buf), ms));
}

static int end_trial(struct fwctl *ctl, bool back)
{
	struct fwt_nl_policy now;
	uint32_t generation = 0;
	struct fwt_nl nl;
	int ret;

	ret = fwctl_open(ctl, &nl);
	if (ret)
		return ret;
	ret = back ? fwt_nl_policy_rollback(&nl, &generation) :
		     fwt_nl_policy_confirm(&nl, &generation);
	if (ret == -ENOENT) {
		fwt_nl_close(&nl);
		return out_error("'fwctl apply FILE --confirm TIME' puts one on trial",
				 "%s", nl.error);
	}
	if (ret || fwt_nl_policy_get(&nl, &now))
		return fwctl_refused(&nl);
	out_object(NULL);
	out_num("generation", generation);
	out_bool("in_force", now.in_force);
	if (!back)
		out_text("confirmed: generation %u stays\n", generation);
	else if (now.in_force)
		out_text("rolled back: the former policy is in force again, as generation %u\n",
			 generation);
	else
		out_text("rolled back: there was no policy before, nothing is filtered any more\n");
	out_end();
	fwt_nl_close(&nl);
	return FWCTL_DONE;
}

int cmd_confirm(struct fwctl *ctl, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return end_trial(ctl, false);
}

int cmd_rollback(struct fwctl *ctl, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return end_trial(ctl, true);
}
