/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The netlink family's handlers, and what main.c and netns.c call.
 *
 * netlink.c has policies, netlink_text.c their texts, netlink_stats.c counters, netlink_conn.c
 * connections. Nothing is decided here: a handler reads attributes, calls who
 * knows, and writes attributes, or a refusal with its text and the attribute
 * that was not liked.
 */
#ifndef FWT_NETLINK_H
#define FWT_NETLINK_H

#include "conn.h"
#include "netlink-gen.h"
#include "netns.h"
#include "policy.h"

/* After the namespaces are registered, and before they are unregistered. */
int fwt_netlink_init(void);
void fwt_netlink_exit(void);

/* A namespace begins; it ends: uploads that are under way are forgotten. */
void fwt_netlink_net_init(struct fwt_net *fn);
void fwt_netlink_net_clean(struct fwt_net *fn);

/**
 * fwt_netlink_policy_event() - tell who listens
 * @fn: namespace
 * @event: what happened
 * @gen: the generation since then
 *
 * Context: process. Nobody listening, or no memory to tell them, is no error.
 */
void fwt_netlink_policy_event(struct fwt_net *fn, enum fwtree_event event,
			      u32 gen);

/* May who sent the request ask us: it has CAP_NET_ADMIN in the user namespace that
 * owns the network namespace, or netlink would not have let it through; but only
 * the module's parameter userns makes that enough (R31).
 */
bool fwt_netlink_allowed(struct sk_buff *request, struct netlink_ext_ack *extack);

/* An event, to who listens; a namespace of a user namespace is told of nothing while
 * requests from there are refused (R31). Takes @skb over.
 */
void fwt_netlink_tell(struct net *net, struct sk_buff *skb, unsigned int group, gfp_t gfp);

/* A nest conn-rule of the rule behind a slot, nothing for FWT_NONE; as fwt_slot_peek().
 * @event: there is no other message for what does not fit: without a long file name, then.
 * 0 or -EMSGSIZE.
 */
int fwt_netlink_put_rule(struct sk_buff *skb, int type, struct fwt_net *fn, u32 slot,
			 bool event);

/* The attributes of a connection; under RCU. 0 or -EMSGSIZE. */
int fwt_netlink_put_conn(struct sk_buff *skb, struct fwt_net *fn,
			 const struct fwt_conn *c, bool event);

/**
 * fwt_netlink_reply() - begin an answer
 * @info: the request
 * @size: bytes of attributes
 * @hdr: for genlmsg_end()
 *
 * Return: the message; NULL where there is no memory.
 */
struct sk_buff *fwt_netlink_reply(const struct genl_info *info, size_t size,
				  void **hdr);

/* Kernel memory of a compiled policy, in bytes: without the slots of its rules, which are
 * the namespace's, its objects, filters and nodes, and small tables beside it.
 */
static inline u64 fwt_policy_bytes(const struct fwt_policy *p)
{
	const struct fwt_base *b = p->base;
	u64 bytes = sizeof(*p) + b->len + fwt_n_slots(&b->prog) * sizeof(u32) +
		    b->prog.n[FWT_SEC_RULES] * sizeof(*b->of.rule) +
		    b->n_digests * sizeof(*b->digest) +
		    sizeof(*b->digest_key);

	if (p->change)
		bytes += p->change->len + b->prog.n[FWT_SEC_NODES] / 8;
	return bytes;
}

#endif /* FWT_NETLINK_H */
