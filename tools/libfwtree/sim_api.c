// SPDX-License-Identifier: GPL-2.0
/* What fwtree_sim.h offers besides packets: expectations, properties, versions. */
#include <limits.h>
#include <stdlib.h>

#include "ast.h"
#include "prove.h"
#include "sim_names.h"
#include "sim_test_read.h"
#include "source.h"

const char *fwt_sim_version(void)
{
	return FWT_VERSION;
}

unsigned int fwt_sim_api(void)
{
	return FWT_SIM_API;
}

const char *fwt_sim_errors(const struct fwt_sim *sim)
{
	const struct sim_told *told = sim_told_of((struct fwt_sim *)sim);

	return told->errors ? told->errors : "";
}

static void first_message(struct fwt_sim *sim, const struct fwt_diag *diag)
{
	sim_set_error(sim, "%u: %s", diag->count ? diag->entries[0].column : 0,
		      diag->count ? diag->entries[0].message : "out of memory");
}

int fwt_sim_expect(struct fwt_sim *sim, const char *what)
{
	const struct fwt_sim_result *r = sim_result_of(sim);
	struct sim_expect *all, *e;
	struct reader reader = { };
	char why[300] = "";
	struct fwt_diag diag;
	int ret = -1;
	struct fwt_sources *sources;
	char *line;

	if (!r->by)
		return sim_set_error(sim, "there was no packet");
	fwt_diag_init(&diag);
	line = strdup(what);
	sources = fwt_sources_alloc();
	if (!line || !sources ||
	    fwt_source_add(sources, "expect", NULL, what, strlen(what), &diag) < 0) {
		sim_set_error(sim, "out of memory");
		goto out;
	}
	fwt_diag_sources(&diag, sources);
	reader.diag = &diag;
	reader.number = 1;
	reader.line = line;
	reader.at = line;
	reader.start = line;
	all = sim_read_expects(&reader);
	if (!all || reader.bad) {
		first_message(sim, &diag);
	} else {
		ret = sim_expects_hold(all, sim, r, why, sizeof(why));
		if (!ret)
			sim_set_error(sim, "%s", why);
	}
	while ((e = all)) {
		all = e->next;
		free(e);
	}
out:
	fwt_sources_free(sources);
	fwt_diag_clean(&diag);
	free(line);
	return ret;
}

int fwt_sim_property(struct fwt_sim *sim, const char *text, const char **packet)
{
	static const enum fwt_sim_proof answers[] = {
		[FWT_PROOF_HOLDS] = FWT_SIM_HOLDS, [FWT_PROOF_FAILS] = FWT_SIM_FAILS,
		[FWT_PROOF_OUTGREW] = FWT_SIM_UNBROKEN, [FWT_PROOF_EMPTY] = FWT_SIM_EMPTY,
	};
	const struct fwt_policy_ast *ast = sim_names_ast(sim);
	struct sim_told *told = sim_told_of(sim);
	struct fwt_prover *prover;
	struct fwt_proof proof;
	char error[200];
	int n, ret = -1;

	if (packet)
		*packet = NULL;
	if (!ast)
		return sim_set_error(sim, "there is no policy");
	prover = fwt_prover_open(ast, NULL);
	n = prover ? fwt_prover_add(prover, text, error, sizeof(error)) : 0;
	if (n < 0 && n != INT_MIN) {
		sim_set_error(sim, "%d: %s", -n, error);
	} else if (!prover || n < 0 || fwt_prover_run(prover, n, &proof)) {
		sim_set_error(sim, "out of memory");
	} else {
		ret = answers[proof.is];
		memcpy(told->packet, proof.packet, sizeof(told->packet));
		if (packet && ret == FWT_SIM_FAILS)
			*packet = told->packet;
	}
	fwt_prover_close(prover);
	return ret;
}
