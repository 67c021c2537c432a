/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A dry run, from within: netlink_explain.c has its way, netlink_explain_conn.c what is
 * asked about connections. Each function returns 1 where the packet goes on, 0 where its
 * way ends (what is told says why), or a negative error. Under RCU, softirqs off.
 */
#ifndef FWT_NETLINK_EXPLAIN_H
#define FWT_NETLINK_EXPLAIN_H

#include "way.h"

/**
 * struct fwt_dry - a dry run
 * @reply: what is told
 * @pol: the policy in force
 * @step: steps of the last walk, word by word
 * @n_steps: how many
 * @words: that they take
 * @cut: there were more
 * @apart: the server is shown another port
 * @alone: it has the ends of a connection, and is none of its own
 * @state: enum fwt_ct_state of a packet that has no connection
 * @flags: what the last walk said, if it accepts: FWT_DECISION_*
 * @dnat: likewise, its modifier
 * @snat: likewise
 * @sets: likewise, what is set
 * @came: the packet as it came to the last walk of a hook of IP
 * @rlu: what routing has answered to a walk
 */
struct fwt_dry {
	struct sk_buff *reply;
	const struct fwt_policy *pol;
	u32 *step;
	u32 n_steps;
	u32 words;
	bool cut;
	bool apart;
	bool alone;
	u8 state;
	u32 flags;
	u32 dnat;
	u32 snat;
	struct fwt_sets sets;
	struct fwt_packet came;
	struct fwt_rlu rlu;
};

/* netlink_explain.c */

/* A walk that was, with the steps in @r; and a drop that is no tree's. 0 or an error. */
int fwt_dry_put_walk(struct fwt_dry *r, const struct fwt_packet *p, u8 hook, u8 state,
		     const struct fwt_decision *d);
int fwt_dry_put_drop(struct fwt_dry *r, u8 reason);

/* The tree of a hook of IP is asked about @w->p, which becomes what modifiers make of it. */
int fwt_dry_walk(struct fwt_dry *r, struct fwt_way *w, u8 hook);

/* The packet, bytes and all, becomes what that tree has made of it; of a connection, @w->c,
 * the translation is the record's, unless egress has just been asked about it for the first
 * time. @tracked: it has one, or is about to.
 */
int fwt_dry_settle(struct fwt_dry *r, struct fwt_way *w, bool tracked);

/* netlink_explain_conn.c */

/* At the first hook of IP: finds @w->c, or NULL and @r->state. */
int fwt_dry_find(struct fwt_dry *r, struct fwt_way *w);

/* What starts here and is of @w->c, at LOCAL_OUT: as its record has it, or as it began where
 * egress has not decided about that.
 */
int fwt_dry_start(struct fwt_way *w);

/* A packet of @w->c at PRE_ROUTING or POST_ROUTING: its tree is asked where each packet
 * walks, or where it has decided nothing about @w->c yet.
 */
int fwt_dry_pass(struct fwt_dry *r, struct fwt_way *w, u8 hook);

#endif /* FWT_NETLINK_EXPLAIN_H */
