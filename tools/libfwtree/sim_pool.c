// SPDX-License-Identifier: GPL-2.0
/* Pools of a simulation, changed by hand: by the module's own kmod/pool.c. */
#include <stdlib.h>

#include "kernel.h"
#include "pool.h"
#include "server_text.h"
#include "sim.h"

enum { VERB, POOL, SERVER, WORDS = 5 };

/* "add web 10.0.0.1:80 weight 2": returns how many words. */
static u32 split(char *line, char **word)
{
	u32 n = 0;
	char *at, *rest;

	for (at = strtok_r(line, " \t", &rest); at && n < WORDS;
	     at = strtok_r(NULL, " \t", &rest))
		word[n++] = at;
	return at ? WORDS + 1 : n;
}

static bool known(const char *verb)
{
	return !strcmp(verb, "add") || !strcmp(verb, "delete") || !strcmp(verb, "drain") ||
	       !strcmp(verb, "weight");
}

static int change(struct fwt_pool *pool, const char *verb, const struct fwt_prog_server *s,
		  bool reset)
{
	if (!strcmp(verb, "add"))
		return fwt_pool_server_add(pool, s);
	if (!strcmp(verb, "drain"))
		return fwt_pool_server_drain(pool, s);
	if (!strcmp(verb, "weight"))
		return fwt_pool_server_weight(pool, s);
	return fwt_pool_server_delete(pool, s, reset);
}

static int pool_change(struct fwt_sim *sim, char *line)
{
	struct fwt_net *fn = sim_net_of(sim);
	struct fwt_prog_server s;
	char *word[WORDS];
	bool reset = false;
	struct fwt_object *o;
	u32 n = split(line, word);
	int ret;

	if (n < 3)
		return sim_set_error(sim, "pool add|delete|drain|weight POOL SERVER");
	if (!fwt_server_read(word[SERVER], &s))
		return sim_set_error(sim, "'%s' is no server", word[SERVER]);
	if (n == 5 && !strcmp(word[3], "weight")) {
		if (!fwt_weight_read(word[4], &s.weight))
			return sim_set_error(sim, "a weight is 1 to %u, not '%s'",
					     FWT_SERVER_WEIGHT_MAX, word[4]);
	} else if (n == 4 && !strcmp(word[3], "--reset")) {
		reset = true;
	} else if (n != 3) {
		return sim_set_error(sim, "did not understand '%s'", word[3]);
	}
	if (!strcmp(word[VERB], "weight") && !s.weight)
		return sim_set_error(sim, "the weight is missing");
	if (!known(word[VERB]))
		return sim_set_error(sim, "'%s' is none of add, delete, drain, weight",
				     word[VERB]);
	o = fwt_object_find(fn, FWT_OBJECT_POOL, word[POOL]);
	if (!o)
		return sim_set_error(sim, "the policy has no pool '%s'", word[POOL]);
	ret = change(container_of(o, struct fwt_pool, obj), word[VERB], &s, reset);
	switch (ret) {
	case 0:
		return 0;
	case -ENOENT:
		return sim_set_error(sim, "pool '%s' has no server %s", word[POOL], word[SERVER]);
	case -EEXIST:
		return sim_set_error(sim, "pool '%s' has server %s already", word[POOL],
				     word[SERVER]);
	}
	return sim_set_error(sim, "%s", strerror(-ret));
}

int fwt_sim_pool(struct fwt_sim *sim, const char *line)
{
	char *copy = strdup(line);
	int ret;

	if (!copy)
		return sim_set_error(sim, "out of memory");
	ret = pool_change(sim, copy);
	free(copy);
	return ret;
}
