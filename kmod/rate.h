/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a policy limits: rates (limit), volumes (quota), and whose turn it is (split
 * round-robin). Objects of the policy, see object.h; a walk looks at them, and they
 * are charged when its decision is applied.
 *
 * What two CPUs can do to a limit. A walk sees tokens that another CPU, between its
 * walk and its charge, is about to take: both pass. Each CPU has one packet in there
 * at most. The tokens are taken all the same, and are missing afterwards, so that in
 * any time t no more than
 *
 *	burst + rate * t + (CPUs - 1) packets
 *
 * pass, of whatever length. Fast limits without keys give tokens to CPUs many at a time,
 * which changes nothing of this (core/stock.h). The same is true of quotas: what is over
 * is so by less than a packet a CPU.
 */
#ifndef FWT_RATE_H
#define FWT_RATE_H

#include "core/tree.h"

struct fwt_net;
struct fwt_object;
struct fwt_policy;

/**
 * fwt_world_under() - has a limit or a quota enough left; see struct fwt_env_ops
 * @env: of a struct fwt_world
 * @object: in OBJECTS of its policy
 * @key: of the packet, @words of it
 * @words: 0 for none
 * @p: the packet
 * @hash: set to what fwt_limits_charge() is to know the key by
 *
 * Context: RCU; takes no lock, changes nothing.
 */
bool fwt_world_under(const struct fwt_env *env, u32 object, const u32 *key, u32 words,
		     const struct fwt_packet *p, u64 *hash);

/* Whose turn it is. */
u32 fwt_world_turn(const struct fwt_env *env, u32 object);

/**
 * fwt_limits_charge() - take what a walk has met
 * @pol: that was walked
 * @d: the decision, which is applied now
 * @len: bytes of the packet
 * @later: it is a later one of its connection, which has had its turn at splits
 *
 * Context: RCU, softirqs off.
 */
void fwt_limits_charge(const struct fwt_policy *pol, const struct fwt_decision *d, u32 len,
		       bool later);

/**
 * struct fwt_limit_figures - a limit, quota or split, for people
 * @under: packets that were under it when their decision was applied
 * @over: those that were over
 * @tokens: that are there; of a limit with keys 0
 * @keys: buckets that are not full
 * @keys_max: buckets that there is room for now
 * @evicted: buckets that made room for others before they were full again
 * @met: packets whose tokens came from where CPUs meet, not from a stock of their own
 * @memory: bytes
 * @used: of a quota, bytes
 * @turn: of a split
 */
struct fwt_limit_figures {
	u64 under;
	u64 over;
	u64 tokens;
	u32 keys;
	u32 keys_max;
	u64 evicted;
	u64 met;
	u64 memory;
	u64 used;
	u32 turn;
};

/* For those of the policy in force, with fwt_net.lock held. */
void fwt_limit_read(struct fwt_object *object, struct fwt_limit_figures *f);

/* Packets that were under or over begin at 0 again; and with @quotas quotas. */
void fwt_limits_reset(struct fwt_net *fn, bool quotas);

#endif /* FWT_RATE_H */
