// SPDX-License-Identifier: GPL-2.0
/*
 * Pools over netlink: told, and changed by hand.
 */
#include <linux/netlink.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "netlink.h"
#include "pool.h"

static u32 state_of(const struct fwt_server *s)
{
	u32 flags = READ_ONCE(s->flags);

	if (flags & BIT(FWT_SERVER_RESET))
		return FWTREE_SERVER_STATE_RESET;
	if (flags & BIT(FWT_SERVER_OUT))
		return FWTREE_SERVER_STATE_OUT;
	if (flags & BIT(FWT_SERVER_DRAINED))
		return FWTREE_SERVER_STATE_DRAINED;
	switch (READ_ONCE(s->health)) {
	case FWT_HEALTH_UP:
		return FWTREE_SERVER_STATE_UP;
	case FWT_HEALTH_DOWN:
		return FWTREE_SERVER_STATE_DOWN;
	default:
		return FWTREE_SERVER_STATE_TRYING;
	}
}

static int put_who(struct sk_buff *skb, const struct fwt_pool *pool, const struct fwt_server *s)
{
	__be32 addr[4];
	u32 i;

	for (i = 0; i < 4; i++)
		addr[i] = cpu_to_be32(s->is.addr[i]);
	if (nla_put_string(skb, FWTREE_A_SERVER_POOL, pool->obj.name) ||
	    nla_put(skb, FWTREE_A_SERVER_ADDR, s->is.family == 6 ? 16 : 4, addr) ||
	    (s->is.port_lo && nla_put_u16(skb, FWTREE_A_SERVER_PORT, s->is.port_lo)) ||
	    (s->is.port_hi > s->is.port_lo &&
	     nla_put_u16(skb, FWTREE_A_SERVER_PORT_LAST, s->is.port_hi)) ||
	    nla_put_u32(skb, FWTREE_A_SERVER_STATE, state_of(s)))
		return -EMSGSIZE;
	return 0;
}

static int put_server(struct sk_buff *skb, const struct fwt_pool *pool,
		      const struct fwt_server *s)
{
	s32 left = (s32)(READ_ONCE(s->retry) - (u32)jiffies);

	if (put_who(skb, pool, s) ||
	    nla_put_u32(skb, FWTREE_A_SERVER_WEIGHT, s->is.weight) ||
	    nla_put_u32(skb, FWTREE_A_SERVER_CONNS, fwt_server_conns(s)) ||
	    nla_put_u64_64bit(skb, FWTREE_A_SERVER_TOTAL, atomic64_read(&s->total),
			      FWTREE_A_SERVER_PAD) ||
	    nla_put_u64_64bit(skb, FWTREE_A_SERVER_FAILED, atomic64_read(&s->failed),
			      FWTREE_A_SERVER_PAD) ||
	    nla_put_u64_64bit(skb, FWTREE_A_SERVER_PACKETS, s->told_packets,
			      FWTREE_A_SERVER_PAD) ||
	    nla_put_u64_64bit(skb, FWTREE_A_SERVER_BYTES, s->told_bytes,
			      FWTREE_A_SERVER_PAD) ||
	    (READ_ONCE(s->health) == FWT_HEALTH_DOWN &&
	     nla_put_u32(skb, FWTREE_A_SERVER_RETRY, jiffies_to_msecs(max(left, 0)))))
		return -EMSGSIZE;
	return 0;
}

static int put_pool(struct sk_buff *skb, const struct fwt_pool *pool)
{
	if (nla_put_string(skb, FWTREE_A_SERVER_POOL, pool->obj.name) ||
	    nla_put_u32(skb, FWTREE_A_SERVER_SCHEDULER, pool->scheduling) ||
	    (pool->flags & FWT_POOL_PASSIVE && nla_put_flag(skb, FWTREE_A_SERVER_PASSIVE)))
		return -EMSGSIZE;
	return 0;
}

/* Where a dump stands: messages that were sent. */
struct server_dump {
	u32 next;
};

struct dumping {
	struct sk_buff *skb;
	struct netlink_callback *cb;
	struct server_dump *at;
	u32 n;
};

/* Returns false where the message is full. */
static bool put_one(struct dumping *d, const struct fwt_pool *pool, const struct fwt_server *s)
{
	void *hdr;

	if (d->n++ < d->at->next)
		return true;
	hdr = genlmsg_put(d->skb, NETLINK_CB(d->cb->skb).portid, d->cb->nlh->nlmsg_seq,
			  &fwtree_nl_family, NLM_F_MULTI, FWTREE_CMD_SERVER_GET);
	if (!hdr)
		return false;
	genl_dump_check_consistent(d->cb, hdr);
	if (s ? put_server(d->skb, pool, s) : put_pool(d->skb, pool)) {
		genlmsg_cancel(d->skb, hdr);
		return false;
	}
	genlmsg_end(d->skb, hdr);
	d->at->next = d->n;
	return true;
}

static bool put_servers(struct dumping *d, struct fwt_net *fn, const struct fwt_pool *pool)
{
	const struct fwt_server *s;

	if (!put_one(d, pool, NULL))
		return false;
	list_for_each_entry(s, &pool->servers, list)
		if (!put_one(d, pool, s))
			return false;
	list_for_each_entry(s, &fn->servers_out, list)
		if (s->pool == pool && !put_one(d, pool, s))
			return false;
	return true;
}

int fwtree_nl_server_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct fwt_net *fn = fwt_pernet(sock_net(skb->sk));
	struct dumping d = { .skb = skb, .cb = cb, .at = (void *)cb->ctx };
	const struct fwt_policy *p;
	u32 i;

	BUILD_BUG_ON(sizeof(struct server_dump) > sizeof(cb->ctx));
	if (!fwt_netlink_allowed(cb->skb, cb->extack))
		return -EPERM;
	mutex_lock(&fn->lock);
	p = fwt_policy_locked(fn);
	cb->seq = fn->pool_changes + fn->generation;
	if (!d.at->next)
		fwt_pools_count(fn);
	for (i = 0; p && i < p->prog.n[FWT_SEC_OBJECTS]; i++)
		if (p->object[i]->kind == FWT_OBJECT_POOL &&
		    !put_servers(&d, fn, container_of(p->object[i], struct fwt_pool, obj)))
			break;
	mutex_unlock(&fn->lock);
	return skb->len;
}

static int refuse(struct genl_info *info, int attr, const char *text, int error)
{
	NL_SET_ERR_MSG_ATTR_FMT(info->extack, info->attrs[attr], "%s", text);
	return error;
}

static int read_server(struct genl_info *info, struct fwt_prog_server *s)
{
	struct nlattr **a = info->attrs;
	__be32 addr[4] = { };
	u32 i;

	memset(s, 0, sizeof(*s));
	if (!a[FWTREE_A_SERVER_ADDR]) {
		GENL_SET_ERR_MSG(info, "the server's address is missing");
		return -EINVAL;
	}
	if (nla_len(a[FWTREE_A_SERVER_ADDR]) != 4 && nla_len(a[FWTREE_A_SERVER_ADDR]) != 16)
		return refuse(info, FWTREE_A_SERVER_ADDR, "an address has 4 or 16 bytes", -EINVAL);
	memcpy(addr, nla_data(a[FWTREE_A_SERVER_ADDR]), nla_len(a[FWTREE_A_SERVER_ADDR]));
	for (i = 0; i < 4; i++)
		s->addr[i] = be32_to_cpu(addr[i]);
	s->family = nla_len(a[FWTREE_A_SERVER_ADDR]) == 4 ? 4 : 6;
	if (a[FWTREE_A_SERVER_PORT])
		s->port_lo = nla_get_u16(a[FWTREE_A_SERVER_PORT]);
	s->port_hi = s->port_lo;
	if (a[FWTREE_A_SERVER_PORT] && !s->port_lo)
		return refuse(info, FWTREE_A_SERVER_PORT, "port 0 is none to lead to", -EINVAL);
	if (a[FWTREE_A_SERVER_PORT_LAST])
		s->port_hi = nla_get_u16(a[FWTREE_A_SERVER_PORT_LAST]);
	if (s->port_lo > s->port_hi || !s->port_lo != !s->port_hi)
		return refuse(info, FWTREE_A_SERVER_PORT_LAST,
			      "a range of ports ends before it begins", -EINVAL);
	if (!a[FWTREE_A_SERVER_WEIGHT])
		return 0;
	s->weight = nla_get_u32(a[FWTREE_A_SERVER_WEIGHT]);
	if (!s->weight)
		return refuse(info, FWTREE_A_SERVER_WEIGHT,
			      "a server of weight 0 would be given nothing: drain it", -EINVAL);
	if (s->weight > FWT_SERVER_WEIGHT_MAX)
		return refuse(info, FWTREE_A_SERVER_WEIGHT, "a weight is 1 to 65535", -ERANGE);
	return 0;
}

static int change(struct genl_info *info, struct fwt_pool *pool,
		  const struct fwt_prog_server *s)
{
	bool reset = info->attrs[FWTREE_A_SERVER_RESET];

	switch (nla_get_u32(info->attrs[FWTREE_A_SERVER_ACTION])) {
	case FWTREE_SERVER_ACTION_ADD:
		return fwt_pool_server_add(pool, s);
	case FWTREE_SERVER_ACTION_DELETE:
		return fwt_pool_server_delete(pool, s, reset);
	case FWTREE_SERVER_ACTION_DRAIN:
		return fwt_pool_server_drain(pool, s);
	case FWTREE_SERVER_ACTION_WEIGHT:
		if (!s->weight)
			return -ENODATA;
		return fwt_pool_server_weight(pool, s);
	}
	return -EOPNOTSUPP;
}

int fwtree_nl_server_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct fwt_net *fn = fwt_pernet(genl_info_net(info));
	struct fwt_prog_server s;
	struct fwt_object *o;
	bool none;
	int ret;

	if (GENL_REQ_ATTR_CHECK(info, FWTREE_A_SERVER_POOL) ||
	    GENL_REQ_ATTR_CHECK(info, FWTREE_A_SERVER_ACTION)) {
		GENL_SET_ERR_MSG(info, "which pool, or what to do, is missing");
		return -EINVAL;
	}
	ret = read_server(info, &s);
	if (ret)
		return ret;
	mutex_lock(&fn->lock);
	none = !fwt_policy_locked(fn);
	o = fwt_object_find(fn, FWT_OBJECT_POOL, nla_data(info->attrs[FWTREE_A_SERVER_POOL]));
	if (o)
		ret = change(info, container_of(o, struct fwt_pool, obj), &s);
	if (o && !ret)
		fn->pool_changes++;
	mutex_unlock(&fn->lock);
	if (!o)
		return refuse(info, FWTREE_A_SERVER_POOL, none ? "no policy is in force" :
			      "the policy in force has no such pool", -ENOENT);
	switch (ret) {
	case -ENOENT:
		return refuse(info, FWTREE_A_SERVER_ADDR, "the pool has no such server", ret);
	case -EEXIST:
		return refuse(info, FWTREE_A_SERVER_ADDR, "the pool has this server already", ret);
	case -E2BIG:
		return refuse(info, FWTREE_A_SERVER_POOL, "the pool has as many servers as it may",
			      ret);
	case -ENOMEM:
		return refuse(info, FWTREE_A_SERVER_POOL, "no memory to build the pool anew", ret);
	case -ENODATA:
		GENL_SET_ERR_MSG(info, "the weight is missing");
		return -EINVAL;
	case -EOPNOTSUPP:
		return refuse(info, FWTREE_A_SERVER_ACTION, "nothing that is known here", ret);
	}
	return ret;
}

void fwt_event_server(struct fwt_net *fn, const struct fwt_server *s)
{
	struct sk_buff *skb;
	void *hdr;

	lockdep_assert_held(&fn->lock);
	if (!s->pool || !genl_has_listeners(&fwtree_nl_family, fn->net, FWTREE_NLGRP_EVENTS))
		return;
	skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		return;
	hdr = genlmsg_put(skb, 0, 0, &fwtree_nl_family, 0, FWTREE_CMD_SERVER_NTF);
	if (!hdr || put_who(skb, s->pool, s) ||
	    nla_put_u64_64bit(skb, FWTREE_A_SERVER_TIME, ktime_get_real_ns(),
			      FWTREE_A_SERVER_PAD)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, hdr);
	fwt_netlink_tell(fn->net, skb, FWTREE_NLGRP_EVENTS, GFP_KERNEL);
}
