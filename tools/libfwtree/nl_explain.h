/* SPDX-License-Identifier: GPL-2.0 */
/* A dry run in the running kernel; see nl_explain.c. */
#ifndef FWT_NL_EXPLAIN_H
#define FWT_NL_EXPLAIN_H

#include "nl.h"
#include "sim.h"

/**
 * struct fwt_nl_explained - what a packet would meet
 * @prog: set by the caller: the program in force, with its patch
 * @packet: likewise: the packet
 * @generation: of the policy that was asked
 * @has_conn: it is of a connection: @conn
 * @local: it is for this machine
 * @oif: where it would leave; "" for none
 * @reason: of a drop, or ""
 * @dropped: for @reason, which is no tree's
 * @another: led to another server than the tree chose
 * @apart: shown with another port than its own
 * @cut: there were more steps
 * @walks: the trees
 */
struct fwt_nl_explained {
	const struct fwt_program *prog;
	const struct fwt_packet *packet;
	u32 generation;
	bool has_conn;
	u64 conn;
	bool local;
	char oif[16];
	char reason[40];
	bool dropped;
	bool another;
	bool apart;
	bool cut;
	struct sim_walks walks;
};

/** fwt_nl_explain() - try a frame; @e->walks is to be cleaned. Returns as fwt_nl_talk() */
int fwt_nl_explain(struct fwt_nl *nl, const char *dev, bool out, const void *frame, size_t len,
		   u32 mark, struct fwt_nl_explained *e);

#endif /* FWT_NL_EXPLAIN_H */
