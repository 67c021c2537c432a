/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packets that a policy cares about: drawn from the values written in it, their
 * neighbours, and now and then from anything.
 */
#ifndef FWT_SEMA_SAMPLE_H
#define FWT_SEMA_SAMPLE_H

#include "sema.h"
#include "tuple.h"

#define FWT_SAMPLE_CLASSES	(FWT_CLASS_BPF + 1)

/**
 * struct fwt_sampler - draws packets of one policy
 * @pool: struct fwt_range: the policy's values, by enum fwt_value_class
 * @state: of the random numbers; the same state draws the same packets
 */
struct fwt_sampler {
	struct fwt_vec pool[FWT_SAMPLE_CLASSES];
	u64 state;
	char iif[17];
	char oif[17];
	struct fwt_tuple tuple;
	struct fwt_ends ends;
	u32 addr6[__FWT_WHO_MAX][4];
};

int fwt_sampler_init(struct fwt_sampler *sampler, const struct fwt_policy_ast *ast,
		     u64 seed);
void fwt_sampler_clean(struct fwt_sampler *sampler);

/** fwt_sampler_random() - below @below, which is not 0 */
u32 fwt_sampler_random(struct fwt_sampler *sampler, u32 below);

/**
 * fwt_sampler_packet() - the next packet
 * @hook: that is to see it
 * @p: filled in; interface names and a connection's ends lie in @sampler until the
 *	next one is drawn
 */
void fwt_sampler_packet(struct fwt_sampler *sampler, const struct fwt_ast_hook *hook,
			struct fwt_packet *p);

/**
 * fwt_sampler_route() - what routing might say: drawn, too
 * @p: who asks; the same question of the same packet has the same answer
 * @what: enum fwt_route_ask
 * @r: filled in
 */
void fwt_sampler_route(struct fwt_sampler *sampler, const struct fwt_packet *p,
		       enum fwt_route_ask what, struct fwt_route *r);

/* A machine that is nowhere: no interface has an address, each translation to one
 * has an address of the networks for documentation.
 */
extern const struct fwt_env_ops fwt_nowhere_ops;

/** fwt_sample_words() - a packet as fwctl explain takes it */
void fwt_sample_words(const struct fwt_packet *p, char *buf, size_t size);

#endif /* FWT_SEMA_SAMPLE_H */
