// SPDX-License-Identifier: GPL-2.0
/* A policy on trial: apply --confirm TIME, and what may come then. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fwctl.h"
#include "nl.h"
#include "out.h"
#include "trial.h"

static uint64_t unit_of(const char **p)
{
	static const struct {
		const char *name;
		uint32_t ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 },
		      { "d", 86400000 } };
	size_t i, len;

	for (i = 0; i < sizeof(units) / sizeof(*units); i++) {
		len = strlen(units[i].name);
		if (!strncmp(*p, units[i].name, len)) {
			*p += len;
			return units[i].ms;
		}
	}
	return 0;
}

uint32_t trial_time(const char *text)
{
	uint64_t total = 0, unit;
	const char *p = text;
	unsigned long n;
	char *end;

	while (*p) {
		if (*p < '0' || *p > '9')
			return 0;
		n = strtoul(p, &end, 10);
		p = end;
		unit = unit_of(&p);
		if (!unit || n > TRIAL_MS_MAX / unit)
			return 0;
		total += n * unit;
	}
	return total <= TRIAL_MS_MAX ? (uint32_t)total : 0;
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
