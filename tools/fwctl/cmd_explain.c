// SPDX-License-Identifier: GPL-2.0
/* explain: what is asked for, and who answers. */
#include <stdlib.h>
#include <string.h>

#include "explain.h"

static int look(struct fwctl *ctl, const struct explain *e)
{
	if (e->live && (e->policy || e->batch || e->pcap || e->world || e->n_lines))
		return fwctl_usage(ctl, NULL, "--live asks the running kernel, and nothing else");
	if (e->live && !e->packet)
		return fwctl_usage(ctl, NULL, "the packet is missing");
	if (e->live)
		return explain_live(ctl, e);
	if (!e->policy)
		return fwctl_usage(ctl, NULL, "'-f FILE' is missing");
	if (!!e->batch + !!e->pcap + !!e->packet != 1)
		return fwctl_usage(ctl, NULL, e->batch || e->pcap ?
				   "a packet, '--batch PACKETS' or '--pcap FILE': one of them" :
				   "the packet is missing, or '--batch PACKETS', or '--pcap FILE'");
	if (strcmp(e->engine, "compiled") && strcmp(e->engine, "linear"))
		return fwctl_usage(ctl, NULL, "'%s' is no engine: compiled and linear are",
				   e->engine);
	if (strcmp(e->engine, "compiled") && !e->batch)
		return fwctl_usage(ctl, NULL, "'--engine %s' is for '--batch PACKETS'", e->engine);
	if (e->dev && !e->pcap)
		return fwctl_usage(ctl, NULL, "'--dev IF' is for '--pcap FILE'");
	if (e->write && !e->pcap)
		return fwctl_usage(ctl, NULL, "'-w FILE' is for '--pcap FILE'");
	if (e->pcap && !e->dev)
		return fwctl_usage(ctl, NULL, "'--dev IF' is missing: where was it captured");
	return e->batch ? explain_batch(e) : e->pcap ? explain_pcap(e) : explain_one(e);
}

int cmd_explain(struct fwctl *ctl, int argc, char **argv)
{
	struct explain e = { .engine = "compiled" };
	const char **to;
	int i, ret;

	for (i = 0; i < argc && *argv[i] == '-' && argv[i][1]; i++) {
		const char *word = argv[i];
		bool line = !strcmp(word, "--route") || !strcmp(word, "--address");

		if (!strcmp(word, "--live")) {
			e.live = true;
			continue;
		}
		to = !strcmp(word, "-f") ? &e.policy : !strcmp(word, "--batch") ? &e.batch :
		     !strcmp(word, "--engine") ? &e.engine : !strcmp(word, "--world") ? &e.world :
		     !strcmp(word, "--pcap") ? &e.pcap : !strcmp(word, "-w") ? &e.write :
		     !strcmp(word, "--dev") ? &e.dev : NULL;
		if (!to && !line)
			return fwctl_usage(ctl, NULL, "'%s' is no option of explain", word);
		if (++i == argc)
			return fwctl_usage(ctl, NULL, "something is missing after '%s'", word);
		if (to) {
			*to = argv[i];
			continue;
		}
		if (e.n_lines == EXPLAIN_LINES)
			return fwctl_usage(ctl, "--world FILE takes any number",
					   "more than %d routes and addresses", EXPLAIN_LINES);
		e.line[e.n_lines].what = word + 2;
		e.line[e.n_lines++].rest = argv[i];
	}
	if (i < argc)
		e.packet = fwctl_joined(argc - i, argv + i);
	ret = look(ctl, &e);
	free(e.packet);
	return ret;
}
