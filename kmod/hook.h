/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hooks: where packets come to us, and the way they then go.
 */
#ifndef FWT_HOOK_H
#define FWT_HOOK_H

#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include "netns.h"
#include "core/tree.h"

struct fwt_policy;
struct nf_hook_state;

/**
 * struct fwt_dev - a device that device hooks are bound to
 * @list: in fwt_net.devs, under fwt_net.lock
 * @node: in fwt_net.dev_at, likewise; a device keeps its number while it is bound
 * @dev: the device; the binding ends with its unregistering, so needs no
 *	reference
 * @ops: what is registered, by ingress and egress. Listings of hooks read it
 *	under RCU, so it lives as long as the binding
 * @bound: which of the two are
 * @root: cache: generation << 32 | root node, by ingress and egress; a rename
 *	leaves a number there that was not there before, with generation 0
 * @renames: makes it so
 */
struct fwt_dev {
	struct list_head list;
	struct hlist_node node;
	struct fwt_net *fn;
	struct net_device *dev;
	struct nf_hook_ops ops[2];
	bool bound[2];
	atomic64_t root[2];
	u32 renames;
	struct rcu_head rcu;
};

/**
 * fwt_hooks_get() - register what a policy needs, beside what is there
 * @fn: namespace, its lock held
 * @p: policy that is to be published next
 * @extack: told why not
 *
 * Hooks see the former policy, or none, until the new one is published.
 *
 * Return: 0 or an error, and then what was there before is there.
 */
int fwt_hooks_get(struct fwt_net *fn, struct fwt_policy *p,
		  struct netlink_ext_ack *extack);

/* Are devices concerned, by @p or by what is bound: then RTNL is to be held, and
 * taken before fn->lock.
 */
bool fwt_hooks_need_rtnl(struct fwt_net *fn, const struct fwt_policy *p);

/* After publishing: device hooks that the policy in force does not name go.
 * The others stay. fn->lock held.
 */
void fwt_hooks_settle(struct fwt_net *fn);

/* All hooks go. fn->lock held. */
void fwt_hooks_put(struct fwt_net *fn);

/* Where the tree of a device begins, FWT_NONE without one. @hook: a device hook. */
u32 fwt_dev_root(const struct fwt_program *prog, u8 hook, const char *name);

/* A device appeared, went, or changed its name. */
int fwt_dev_event(struct notifier_block *nb, unsigned long event, void *ptr);

/* @priv: the namespace, struct fwt_net. */
unsigned int fwt_hook_inet(void *priv, struct sk_buff *skb,
			   const struct nf_hook_state *state);
unsigned int fwt_hook_dev(void *priv, struct sk_buff *skb,
			  const struct nf_hook_state *state);

/* Names of devices that hooks wait for: calls @say for each pattern of the
 * policy in force that no device matches now. fn->lock held.
 */
void fwt_hooks_waiting(struct fwt_net *fn, void (*say)(void *ctx, const char *name),
		       void *ctx);

#endif /* FWT_HOOK_H */
