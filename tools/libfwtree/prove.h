/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Properties of a policy, proved:
 *
 *	never  in eth0 tcp * to 192.168.1.0/24:22 expect accept
 *	always in lo   * * to * expect accept
 *
 * A property ranges over all well-formed packets that open a connection or are
 * never tracked; what it does not say is any. "in" is the whole way: the device's
 * tree, ingress, and for what is not for this machine egress, by any interface, with
 * the TTL that a router leaves; "out" is egress for local traffic, and for what leaves
 * by lo ingress as well. A hook that the policy does not name lets everything pass. What
 * the device's tree lets by in fragments comes to ingress as a whole.
 *
 * The policy becomes a decision diagram (prove_walk.h), and the answer is that the
 * property holds for all packets, or a packet for which it does not. What is not
 * the packet's (an interface's addresses, routes, limits, @live sets) may be
 * either way: a property holds only if it does so both ways. A diagram that would
 * outgrow its budget is given up, and packets aimed at the edges of every rule are
 * tried instead.
 *
 * From C:
 *
 *	struct fwt_prover *p = fwt_prover_open(ast, NULL);
 *	int n = fwt_prover_add(p, "never in eth0 tcp * to *:22 expect accept",
 *			       error, sizeof(error));
 *	if (n >= 0 && !fwt_prover_run(p, n, &proof))
 *		... proof.is, proof.packet ...
 *	fwt_prover_close(p);
 */
#ifndef FWT_PROVE_H
#define FWT_PROVE_H

#include "os.h"

struct fwt_policy_ast;
struct fwt_prover;

/**
 * struct fwt_prove_address - one of this machine's addresses
 * @family: 4 or 6
 * @addr: words in host byte order, most significant first
 */
struct fwt_prove_address {
	u8 family;
	u32 addr[4];
};

/**
 * struct fwt_prove_opts - how to prove
 * @budget: nodes of the diagram; 0 for the usual FWT_DD_BUDGET
 * @samples: packets to try where that is not enough; 0 for the usual 20000
 * @seed: of these packets
 * @local: this machine's addresses; with none any destination may be
 * @n_local: how many
 */
struct fwt_prove_opts {
	u32 budget;
	u32 samples;
	u64 seed;
	const struct fwt_prove_address *local;
	u32 n_local;
};

enum fwt_proof_is {
	FWT_PROOF_HOLDS,	/* for all packets */
	FWT_PROOF_FAILS,	/* for @packet */
	FWT_PROOF_OUTGREW,	/* the budget: none of @tried packets contradicts it */
	FWT_PROOF_EMPTY,	/* there is no packet such as it speaks of */
};

/* What @given of a counterexample begins with that is none in one piece. */
#define FWT_PROOF_PIECES	"it comes in fragments"

/**
 * struct fwt_proof - an answer
 * @is: which
 * @sampled: FAILS: found among generated packets
 * @packet: FAILS: as fwctl explain takes it
 * @given: FAILS: what else must be so, in words; EMPTY: why; may be empty
 * @becomes: FAILS: what becomes of the packet: "accept, dnat to 192.0.2.1"
 * @file: FAILS: of the rule that decides, NULL where none does
 * @line: its line
 * @tried: packets that were tried
 * @seed: of these packets
 * @nodes: of the diagram
 */
struct fwt_proof {
	enum fwt_proof_is is;
	bool sampled;
	char packet[320];
	char given[400];
	char becomes[400];
	const char *file;
	u32 line;
	u32 tried;
	u64 seed;
	u32 nodes;
};

/**
 * fwt_prover_open() - a policy, to prove properties of
 * @ast: without errors; stays with the caller, who keeps it until the prover is
 *	closed. Not for two threads at a time
 * @opts: NULL for the usual; copied, but for @opts->local, which is kept
 *
 * Return: NULL without memory, or where fwt_compile() has errors for @ast.
 */
struct fwt_prover *fwt_prover_open(const struct fwt_policy_ast *ast,
				   const struct fwt_prove_opts *opts);

/**
 * fwt_prover_add() - read a property
 * @text: up to a newline, "#" or the end of the string
 * @error: filled in where it is none: what is wrong
 * @size: of @error
 *
 * Add all before the first is run: one that comes later makes everything anew.
 *
 * Return: its number; or, negative, the column from 1 where it goes wrong: -1 is
 * the first one. INT_MIN without memory.
 */
int fwt_prover_add(struct fwt_prover *p, const char *text, char *error, size_t size);

/**
 * fwt_prover_run() - prove a property
 * @n: its number
 * @proof: the answer
 *
 * Return: 0; -ENOMEM; -EINVAL where there is no such property.
 */
int fwt_prover_run(struct fwt_prover *p, int n, struct fwt_proof *proof);

/** fwt_prover_close() - let go of it; NULL is fine */
void fwt_prover_close(struct fwt_prover *p);

#endif /* FWT_PROVE_H */
