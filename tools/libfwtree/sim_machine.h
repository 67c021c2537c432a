/* SPDX-License-Identifier: GPL-2.0 */
/* A simulation from within; see sim.c. For files that have kernel.h. */
#ifndef FWT_SIM_MACHINE_H
#define FWT_SIM_MACHINE_H

#include "kernel.h"
#include "conn.h"
#include "policy.h"
#include "sim_net.h"

/**
 * struct fwt_sim - a machine
 * @net: its network
 * @fn: what the module has of it
 * @world: addresses and routes
 * @walks: of the packet at hand
 * @way: likewise, what became of it
 * @clock: ticks, while another simulation runs
 * @chance: likewise
 * @percpu: likewise, the variables of the CPU
 * @begun: a packet came by
 * @plain: policies are made without search trees
 * @names: what DNS names stand for, see sim_names.c
 * @rule_of_slot: of the policy in force
 * @n_slots: how many slots there are
 * @buf: the packet's bytes
 * @skb: the packet
 * @came: what it belongs to, as it came: of an ICMP error what that quotes
 * @came_by: the device
 * @related: it is an ICMP error
 * @frags: struct sim_frags: packets of which not all has come
 * @frag_max: bytes of the largest fragment that the packet was made of; 0: it was whole
 * @result: what is told of it
 * @conn: its connection
 * @error: why the last call failed
 * @told: likewise, in many words; and what else was told
 */
struct fwt_sim {
	struct net net;
	struct fwt_net fn;
	struct sim_world world;
	struct sim_walks walks;
	struct sim_way way;

	u64 clock;
	u64 chance;
	void *percpu;
	bool begun;
	bool plain;
	void *names;

	u32 *rule_of_slot;
	u32 n_slots;

	u8 buf[SIM_PACKET_MAX];
	struct sk_buff skb;
	struct fwt_packet came;
	struct net_device *came_by;
	bool related;
	struct list_head frags;
	u32 frag_max;

	struct fwt_sim_result result;
	struct fwt_sim_conn conn;
	char error[512];
	struct sim_told told;
};

enum sim_frag {
	SIM_FRAG_WHOLE,	/* the packet is, and takes its place */
	SIM_FRAG_HELD,	/* it waits for the others */
	SIM_FRAG_BAD,	/* it is none, or lies over another one */
	SIM_FRAG_ALONE,	/* it goes on as it is */
};

/* sim_frag.c */
enum sim_frag sim_defrag(struct fwt_sim *sim, struct sk_buff *skb);
void sim_frags_clean(struct fwt_sim *sim);

/* This one runs from now on. */
void sim_enter(struct fwt_sim *sim);

/* What is left of the last packet goes. */
void sim_clean_way(struct fwt_sim *sim);

void sim_conn_fill(struct fwt_sim *sim, const struct fwt_conn *c, struct fwt_sim_conn *to);

static inline const struct fwt_policy *sim_policy_of(const struct fwt_sim *sim)
{
	return sim->fn.policy;
}

#endif /* FWT_SIM_MACHINE_H */
