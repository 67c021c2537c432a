// SPDX-License-Identifier: GPL-2.0
/*
 * Connections over netlink: told, counted, ended.
 *
 * A dump keeps its filter and a walk of the hash from one call to the next, in
 * memory of its own. The socket that asked holds namespace and module until
 * the dump is done, so the hash outlives the walk; of the records in it nothing
 * is kept.
 */
#include <linux/netlink.h>
#include <linux/slab.h>
#include <net/sock.h>

#include "barred.h"
#include "conn.h"
#include "conn_filter.h"
#include "netlink.h"
#include "policy.h"

/* Messages */

static int put_address(struct sk_buff *skb, int type, u8 family,
		       const struct fwt_end *end)
{
	unsigned int i, n = family == 4 ? 1 : 4;
	__be32 addr[4];

	for (i = 0; i < n; i++)
		addr[i] = cpu_to_be32(end->addr[i]);
	return nla_put(skb, type, 4 * n, addr);
}

static int put_dir(struct sk_buff *skb, int type, const struct fwt_conn *c,
		   enum fwt_dir dir)
{
	struct nlattr *nest = nla_nest_start(skb, type);
	struct fwt_conn_icmp icmp;
	struct fwt_end from, to;

	if (!nest)
		return -EMSGSIZE;
	fwt_ends_get(&c->ends, dir == FWT_ORIGINAL ? FWT_C : FWT_S, &from);
	fwt_ends_get(&c->ends, dir == FWT_ORIGINAL ? FWT_V : FWT_N, &to);
	if (put_address(skb, FWTREE_A_CONN_DIR_SADDR, c->ends.family, &from) ||
	    put_address(skb, FWTREE_A_CONN_DIR_DADDR, c->ends.family, &to))
		return -EMSGSIZE;
	if (fwt_conn_has_ports(c) &&
	    (nla_put_u16(skb, FWTREE_A_CONN_DIR_SPORT, from.port) ||
	     nla_put_u16(skb, FWTREE_A_CONN_DIR_DPORT, to.port)))
		return -EMSGSIZE;
	if (fwt_conn_is_icmp(c)) {
		fwt_conn_icmp(c, dir, &icmp);
		if (nla_put_u8(skb, FWTREE_A_CONN_DIR_ICMP_TYPE, icmp.type) ||
		    nla_put_u8(skb, FWTREE_A_CONN_DIR_ICMP_CODE, icmp.code) ||
		    nla_put_u16(skb, FWTREE_A_CONN_DIR_ICMP_ID, icmp.id))
			return -EMSGSIZE;
	}
	if (nla_put_u64_64bit(skb, FWTREE_A_CONN_DIR_PACKETS,
			      READ_ONCE(c->packets[dir]), FWTREE_A_CONN_DIR_PAD) ||
	    nla_put_u64_64bit(skb, FWTREE_A_CONN_DIR_BYTES,
			      READ_ONCE(c->bytes[dir]), FWTREE_A_CONN_DIR_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* What comes behind a file's name, in any event: of a connection its line, another rule
 * with an id of 255 letters, and a mark; of a packet less.
 */
#define BEHIND_FILE	320

static int put_file(struct sk_buff *skb, const struct fwt_name *file, bool event)
{
	if (!file || (event && skb_tailroom(skb) - BEHIND_FILE <
		      nla_total_size(strlen(file->text) + 1)))
		return 0;
	return nla_put_string(skb, FWTREE_A_CONN_RULE_FILE, file->text);
}

int fwt_netlink_put_rule(struct sk_buff *skb, int type, struct fwt_net *fn, u32 slot,
			 bool event)
{
	const struct fwt_name *id, *file;
	const struct fwt_slot *s;
	struct nlattr *nest;

	if (slot == FWT_NONE)
		return 0;
	s = fwt_slot_peek(fn, slot);
	id = rcu_dereference(s->id);
	file = rcu_dereference(s->file);
	nest = nla_nest_start(skb, type);
	if (!nest || nla_put_u32(skb, FWTREE_A_CONN_RULE_SLOT, slot) ||
	    (id && nla_put_string(skb, FWTREE_A_CONN_RULE_ID, id->text)) ||
	    put_file(skb, file, event) ||
	    nla_put_u32(skb, FWTREE_A_CONN_RULE_LINE,
			fwt_policy_slot_line(rcu_dereference(fn->policy), s)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* An interface that is gone by now has no name any more. */
static int put_iface(struct sk_buff *skb, int type, struct net *net, u32 index)
{
	struct net_device *dev = index ? dev_get_by_index_rcu(net, index) : NULL;

	return dev ? nla_put_string(skb, type, dev->name) : 0;
}

int fwt_netlink_put_conn(struct sk_buff *skb, struct fwt_net *fn,
			 const struct fwt_conn *c, bool event)
{
	if (nla_put_u64_64bit(skb, FWTREE_A_CONN_ID, c->id, FWTREE_A_CONN_PAD) ||
	    nla_put_u8(skb, FWTREE_A_CONN_FAMILY, c->ends.family) ||
	    nla_put_u8(skb, FWTREE_A_CONN_PROTOCOL, c->ends.protocol) ||
	    nla_put_u8(skb, FWTREE_A_CONN_STATE, fwt_conn_state(c)) ||
	    nla_put_u32(skb, FWTREE_A_CONN_TIMEOUT, fwt_conn_seconds(c)) ||
	    nla_put_u32(skb, FWTREE_A_CONN_FLAGS, fwt_conn_flags(c)) ||
	    nla_put_u32(skb, FWTREE_A_CONN_MARK, fwt_conn_mark(c)) ||
	    nla_put_u32(skb, FWTREE_A_CONN_GENERATION, c->gen) ||
	    (c->ends.scope &&
	     nla_put_u32(skb, FWTREE_A_CONN_SCOPE, c->ends.scope)) ||
	    put_dir(skb, FWTREE_A_CONN_ORIGINAL, c, FWT_ORIGINAL) ||
	    put_dir(skb, FWTREE_A_CONN_REPLY, c, FWT_REPLY) ||
	    put_iface(skb, FWTREE_A_CONN_IIF, fn->net, c->iif) ||
	    put_iface(skb, FWTREE_A_CONN_OIF, fn->net, c->oif) ||
	    fwt_netlink_put_rule(skb, FWTREE_A_CONN_INGRESS, fn, c->slot[0], event) ||
	    fwt_netlink_put_rule(skb, FWTREE_A_CONN_EGRESS, fn, c->slot[1], event) ||
	    (fwt_conn_ct_mark(c) &&
	     nla_put_u32(skb, FWTREE_A_CONN_CT_MARK, fwt_conn_ct_mark(c))))
		return -EMSGSIZE;
	return 0;
}

/* Dump */

/* @told: the last one's id. The walk goes on at a hash, which two may share. */
struct conn_dump {
	struct fwt_conn_filter *filter;
	struct fwt_hash_walk walk;
	u64 told;
	struct fwt_net *fn;
	struct sk_buff *skb;
	struct netlink_callback *cb;
};

static struct conn_dump **dump_of(struct netlink_callback *cb)
{
	return (void *)cb->ctx;
}

int fwtree_nl_conn_get_start(struct netlink_callback *cb)
{
	struct nlattr **attrs = genl_info_dump(cb)->attrs;
	struct net *net = sock_net(cb->skb->sk);
	struct conn_dump *d;

	if (!fwt_netlink_allowed(cb->skb, cb->extack))
		return -EPERM;
	d = kzalloc(sizeof(*d), GFP_KERNEL);
	if (!d) {
		NL_SET_ERR_MSG(cb->extack, "no memory to list connections");
		return -ENOMEM;
	}
	d->fn = fwt_pernet(net);
	d->filter = fwt_conn_filter_new(net, attrs ? attrs[FWTREE_A_CONN_FILTER] : NULL,
					cb->extack);
	if (IS_ERR(d->filter)) {
		int ret = PTR_ERR(d->filter);

		kfree(d);
		return ret;
	}
	/* Before the first policy there is no hash. */
	/* Pairs with the release in fwt_conns_init(). */
	d->walk.done = !smp_load_acquire(&d->fn->conns_ready);
	*dump_of(cb) = d;
	return 0;
}

int fwtree_nl_conn_get_done(struct netlink_callback *cb)
{
	struct conn_dump *d = *dump_of(cb);

	if (!d)
		return 0;
	fwt_conn_filter_free(d->filter);
	kfree(d);
	return 0;
}

static int dump_one(struct fwt_conn *c, void *ctx)
{
	struct conn_dump *d = ctx;
	void *hdr;
	int ret;

	if (c->id == d->told || !fwt_conn_filter_match(d->filter, c))
		return 0;
	hdr = genlmsg_put(d->skb, NETLINK_CB(d->cb->skb).portid,
			  d->cb->nlh->nlmsg_seq, &fwtree_nl_family, NLM_F_MULTI,
			  FWTREE_CMD_CONN_GET);
	if (!hdr)
		return -EMSGSIZE;
	spin_lock_bh(&c->lock);
	ret = fwt_netlink_put_conn(d->skb, d->fn, c, false);
	spin_unlock_bh(&c->lock);
	if (ret) {
		genlmsg_cancel(d->skb, hdr);
		return ret;
	}
	genlmsg_end(d->skb, hdr);
	d->told = c->id;
	return 0;
}

int fwtree_nl_conn_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct conn_dump *d = *dump_of(cb);
	int ret;

	if (d->walk.done)
		return 0;
	d->skb = skb;
	d->cb = cb;
	ret = fwt_conns_walk(d->fn, &d->walk, dump_one, d);
	if (ret && (ret != -EMSGSIZE || !skb->len))
		return ret;
	return skb->len;
}

/* Count and end */

static int reply_count(struct genl_info *info, u32 count, const u32 *limit)
{
	struct sk_buff *reply;
	void *hdr;

	reply = fwt_netlink_reply(info, 2 * nla_total_size(sizeof(u32)), &hdr);
	if (!reply) {
		GENL_SET_ERR_MSG(info, "no memory for the answer");
		return -ENOMEM;
	}
	if (nla_put_u32(reply, FWTREE_A_CONN_COUNT, count) ||
	    (limit && nla_put_u32(reply, FWTREE_A_CONN_LIMIT, *limit))) {
		nlmsg_free(reply);
		return -EMSGSIZE;
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}

struct conn_visit {
	struct fwt_conn_filter *filter;
	bool end;
	u32 count;
};

static int visit_one(struct fwt_conn *c, void *ctx)
{
	struct conn_visit *v = ctx;

	/* A part of them ended is what nobody has asked for: but for who is killed. */
	if (fatal_signal_pending(current))
		return -EINTR;
	if (!fwt_conn_filter_match(v->filter, c))
		return 0;
	if (v->end)
		fwt_bar(c, true);
	if (!v->end || fwt_conn_end(c, FWT_END_DELETED))
		v->count++;
	return 0;
}

static int visit(struct genl_info *info, struct conn_visit *v)
{
	struct net *net = genl_info_net(info);
	struct fwt_net *fn = fwt_pernet(net);
	struct fwt_hash_walk walk = { };

	/* Pairs with the release in fwt_conns_init(). */
	if (!smp_load_acquire(&fn->conns_ready))
		return 0;
	return fwt_conns_walk(fn, &walk, visit_one, v);
}

int fwtree_nl_conn_delete_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct net *net = genl_info_net(info);
	struct conn_visit v = { .end = true };
	int ret;

	if (GENL_REQ_ATTR_CHECK(info, FWTREE_A_CONN_FILTER)) {
		GENL_SET_ERR_MSG(info, "which connections is not said");
		return -EINVAL;
	}
	v.filter = fwt_conn_filter_new(net, info->attrs[FWTREE_A_CONN_FILTER],
				       info->extack);
	if (IS_ERR(v.filter))
		return PTR_ERR(v.filter);
	if (fwt_conn_filter_empty(v.filter)) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[FWTREE_A_CONN_FILTER],
				    "an empty filter; conn-flush ends all connections");
		ret = -EINVAL;
	} else {
		/* Who ended them does not want them back. */
		WRITE_ONCE(fwt_pernet(net)->adopt_until, 0);
		ret = visit(info, &v);
	}
	fwt_conn_filter_free(v.filter);
	return ret ? ret : reply_count(info, v.count, NULL);
}

int fwtree_nl_conn_flush_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct fwt_net *fn = fwt_pernet(genl_info_net(info));

	WRITE_ONCE(fn->adopt_until, 0);
	return reply_count(info, fwt_conns_flush(fn), NULL);
}

int fwtree_nl_conn_count_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct net *net = genl_info_net(info);
	struct fwt_net *fn = fwt_pernet(net);
	u32 limit = READ_ONCE(fn->conn_max);
	struct conn_visit v = { };
	int ret;

	if (!info->attrs[FWTREE_A_CONN_FILTER])
		return reply_count(info, atomic_read(&fn->n_conns), &limit);
	v.filter = fwt_conn_filter_new(net, info->attrs[FWTREE_A_CONN_FILTER],
				       info->extack);
	if (IS_ERR(v.filter))
		return PTR_ERR(v.filter);
	ret = visit(info, &v);
	fwt_conn_filter_free(v.filter);
	return ret ? ret : reply_count(info, v.count, &limit);
}
