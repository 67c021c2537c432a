/* SPDX-License-Identifier: GPL-2.0 */
/* What is explained, and how: cmd_explain.c and its parts. */
#ifndef FWCTL_EXPLAIN_H
#define FWCTL_EXPLAIN_H

#include "fwctl.h"
#include "fwtree_sim.h"

#define EXPLAIN_LINES 64

struct sim_walks;
struct fwt_diag;

/**
 * struct explain - what was asked for
 * @policy: of -f
 * @batch: of --batch: a file of packets
 * @engine: of --engine
 * @pcap: of --pcap: a capture
 * @write: of -w
 * @dev: of --dev: where a capture was made, NULL for what it says
 * @world: of --world: a file that says where things are
 * @line: of --route and --address
 * @n_lines: these
 * @packet: in words, or NULL
 * @live: in the running kernel
 */
struct explain {
	const char *policy;
	const char *batch;
	const char *engine;
	const char *pcap;
	const char *write;
	const char *dev;
	const char *world;
	struct {
		const char *what;
		const char *rest;
	} line[EXPLAIN_LINES];
	int n_lines;
	char *packet;
	bool live;
};

/* What --world, --route and --address say. Returns 0 or the exit status. */
int explain_world(const struct explain *e, struct fwt_sim *sim, struct fwt_diag *diag);

/* Make the machine that @e describes, @plain: with a policy without search trees.
 * Returns 0 or the exit status. @sim is to be freed in every case.
 */
int explain_machine(const struct explain *e, bool plain, struct fwt_sim **sim);

/* What makes an interface one that is there. */
#define EXPLAIN_DEVICE_HINT \
	"--address ADDRESS/LENGTH dev INTERFACE, or 'link INTERFACE' in a --world file"

/* What is typed is no packet: says where, and returns FWCTL_USAGE. @column: from 1. */
int explain_no_packet(const char *packet, int column, const char *error);

/* The way of the last packet. */
void explain_print(struct fwt_sim *sim, const struct fwt_sim_result *r);

/* Parts of the JSON. @hook: by enum fwt_sim_hook. */
void explain_put_rules(const struct fwt_sim_rule *by, const struct fwt_sim_rule *hook);
void explain_put_path(const struct sim_walks *walks);

int explain_live(struct fwctl *ctl, const struct explain *e);
int explain_one(const struct explain *e);
int explain_pcap(const struct explain *e);
int explain_batch(const struct explain *e);

#endif /* FWCTL_EXPLAIN_H */
