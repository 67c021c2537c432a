/* SPDX-License-Identifier: GPL-2.0 */
/* The network of the simulation; see sim_net.c. For files that have kernel.h. */
#ifndef FWT_SIM_NET_H
#define FWT_SIM_NET_H

#include "kernel.h"
#include "sim.h"
#include "mock_node.h"
#include "mock_route.h"

/* Room for an Ethernet header before each packet. */
#define SIM_HEADROOM	14

/**
 * struct sim_answer - what this machine says to a packet that it refuses
 * @len: bytes, 0: nothing was said
 * @dropped: a hook did not let it out
 * @dev: that it left by
 * @frame: an Ethernet header, and the packet
 */
struct sim_answer {
	u32 len;
	bool dropped;
	const struct net_device *dev;
	u8 frame[SIM_HEADROOM + 1500];
};

/**
 * struct sim_way - a packet on its way
 * @reason: of its drop: by enum fwt_reason; or @why, of the machine itself
 * @tracked: a connection's: @conn is its id
 * @node: a node of another module that it met, and of which nothing is said; or NULL
 */
struct sim_way {
	u8 reason;
	const char *why;
	bool dropped;
	struct sim_answer answer;
	char **log;
	size_t n_logs;
	u64 begun;
	const char *node;
};

extern struct sim_way *sim_way_now;

/**
 * struct sim_owner - the socket of a packet: what stands for it where a struct sock is
 *	handed round
 * @skb: the packet
 * @said: FWT_SIM_UID | ...
 */
struct sim_owner {
	const struct sk_buff *skb;
	unsigned int said;
	u32 uid;
	u32 gid;
	u64 cgroup;
};

/**
 * struct sim_world - where things are
 * @routes: addresses and routes
 * @nodes: what nodes of other modules answer
 * @owner: who sends the packet at hand
 * @said: somebody named an address or a route
 */
struct sim_world {
	struct fwt_mock_routes routes;
	struct fwt_mock_nodes nodes;
	struct sim_owner owner;
	bool said;
};

/* Where a packet's destination leads: type and device. */
void sim_route(const struct net *net, const struct sk_buff *skb, const char *iif,
	       struct fwt_route *r);

/* The device of that name; it is made where there is none. NULL: no memory. */
struct net_device *sim_device(struct net *net, const char *name);
void sim_devices_clean(struct net *net);

/* What was said of links is theirs from now on. */
void sim_devices_link(struct net *net);

/* How much goes where a packet goes, by its device. */
u32 sim_mtu(const struct net *net, const struct sk_buff *skb);

/* This machine tells a packet's source by ICMP why it goes no further; @word: what else is
 * in the header of that.
 */
void sim_say_error(struct net *net, struct sk_buff *skb, u8 type4, u8 code4, u8 type6, u8 code6,
		   u32 word);

/* All hooks of a place, in their order; NF_ACCEPT, or what stopped it. */
unsigned int sim_hooks(struct sk_buff *skb, const struct nf_hook_state *state);

/* It leaves: POST_ROUTING, and the device's own hook. */
unsigned int sim_leave(struct net *net, struct sk_buff *skb, struct net_device *in);

void sim_checksum_ip4(u8 *ip);

#endif /* FWT_SIM_NET_H */
