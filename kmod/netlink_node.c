// SPDX-License-Identifier: GPL-2.0
/*
 * Nodes of other modules over netlink: what there is.
 */
#include <linux/module.h>
#include <net/genetlink.h>

#include "include/fwtree_node.h"
#include "netlink.h"
#include "node.h"

struct dumping {
	struct sk_buff *skb;
	struct netlink_callback *cb;
	u32 n;		/* nodes that were looked at */
	u32 put;	/* in this message */
};

/* Those that were sent already. */
struct node_dump {
	u32 next;
};

static int put_param(struct sk_buff *skb, const struct fwt_node_param *p)
{
	struct nlattr *nest = nla_nest_start(skb, FWTREE_A_NODE_PARAM);

	if (!nest || nla_put_string(skb, FWTREE_A_NODE_PARAM_NAME, p->name) ||
	    nla_put_u32(skb, FWTREE_A_NODE_PARAM_TYPE, p->type) ||
	    (p->required && nla_put_flag(skb, FWTREE_A_NODE_PARAM_REQUIRED)) ||
	    (p->min && nla_put_u64_64bit(skb, FWTREE_A_NODE_PARAM_LEAST, p->min,
					 FWTREE_A_NODE_PARAM_PAD)) ||
	    (p->max && nla_put_u64_64bit(skb, FWTREE_A_NODE_PARAM_MOST, p->max,
					 FWTREE_A_NODE_PARAM_PAD)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_node(struct sk_buff *skb, const struct fwt_node_ops *ops)
{
	u32 i;

	if (nla_put_string(skb, FWTREE_A_NODE_NAME, ops->name) ||
	    nla_put_u32(skb, FWTREE_A_NODE_KIND, ops->kind) ||
	    nla_put_u32(skb, FWTREE_A_NODE_HOOKS, ops->hooks ? ops->hooks : FWT_HOOKS_ALL) ||
	    nla_put_u32(skb, FWTREE_A_NODE_BRANCHES, ops->n_branches) ||
	    nla_put_string(skb, FWTREE_A_NODE_MODULE, module_name(ops->owner)) ||
	    nla_put_u32(skb, FWTREE_A_NODE_USES, ops->uses))
		return -EMSGSIZE;
	for (i = 0; i < ops->n_params; i++)
		if (put_param(skb, &ops->param[i]))
			return -EMSGSIZE;
	return 0;
}

/* Where a message has no room for the names of a thousand branches, for some of them. */
static int put_branches(struct sk_buff *skb, const struct fwt_node_ops *ops)
{
	u32 i;

	for (i = 0; ops->branch && i < ops->n_branches; i++)
		if (nla_put_string(skb, FWTREE_A_NODE_BRANCH, ops->branch[i]))
			return -EMSGSIZE;
	return 0;
}

static int put_one(const struct fwt_node_ops *ops, void *ctx)
{
	struct dumping *d = ctx;
	struct node_dump *at = (void *)d->cb->ctx;
	void *hdr;

	if (d->n++ < at->next)
		return 0;
	hdr = genlmsg_put(d->skb, NETLINK_CB(d->cb->skb).portid, d->cb->nlh->nlmsg_seq,
			  &fwtree_nl_family, NLM_F_MULTI, FWTREE_CMD_NODE_GET);
	if (!hdr)
		return -EMSGSIZE;
	genl_dump_check_consistent(d->cb, hdr);
	if (put_node(d->skb, ops) || (put_branches(d->skb, ops) && d->put)) {
		genlmsg_cancel(d->skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(d->skb, hdr);
	d->put++;
	at->next = d->n;
	return 0;
}

int fwtree_nl_node_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct dumping d = { .skb = skb, .cb = cb };

	BUILD_BUG_ON(sizeof(struct node_dump) > sizeof(cb->ctx));
	if (!fwt_netlink_allowed(cb->skb, cb->extack))
		return -EPERM;
	fwt_nodes_each(put_one, &d, &cb->seq);
	return skb->len;
}
