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

#include "conn.h"
#include "netlink.h"

/* Of a filter, what is set: bits by attribute. */
#define HAS(f, what)	((f)->set & BIT(FWTREE_A_CONN_FILTER_##what))

/* An address and how many of its bits count, as words like struct fwt_end's. */
struct prefix {
	u32 addr[4];
	u32 mask[4];
	u8 family;
};

struct conn_filter {
	u32 set;
	u64 id;
	struct prefix saddr;
	struct prefix daddr;
	u32 mark;
	u32 iif;
	u32 oif;
	u16 sport;
	u16 dport;
	u8 family;
	u8 protocol;
	u8 state;
};

static const u8 families[] = { 4, 6 };

static bool has_ports(u8 protocol)
{
	switch (protocol) {
	case FWT_IPPROTO_TCP:
	case FWT_IPPROTO_UDP:
	case FWT_IPPROTO_DCCP:
	case FWT_IPPROTO_SCTP:
	case FWT_IPPROTO_UDPLITE:
		return true;
	}
	return false;
}

static bool is_icmp(u8 protocol)
{
	return protocol == FWT_IPPROTO_ICMP || protocol == FWT_IPPROTO_ICMPV6;
}

static u8 conn_state(const struct fwt_conn *c)
{
	BUILD_BUG_ON((int)FWTREE_CONN_STATE_SYN_SENT2 != (int)FWT_TCPS_SYN_SENT2);
	BUILD_BUG_ON((int)FWTREE_CONN_STATE_UNREPLIED != (int)__FWT_TCPS_MAX);
	if (c->ends.protocol == FWT_IPPROTO_TCP)
		return READ_ONCE(c->tcp.state);
	return fwt_conn_is(c, FWT_CONN_REPLIED) ? FWTREE_CONN_STATE_REPLIED :
						  FWTREE_CONN_STATE_UNREPLIED;
}

/* Filters */

static int get_prefix(struct prefix *p, const struct nlattr *addr,
		      const struct nlattr *bits, struct netlink_ext_ack *extack)
{
	unsigned int i, len = nla_len(addr), n = 8 * len;
	__be32 word;

	if (len != 4 && len != 16) {
		NL_SET_ERR_MSG_ATTR(extack, addr, "an address has 4 or 16 bytes");
		return -EINVAL;
	}
	if (bits)
		n = nla_get_u8(bits);
	if (n > 8 * len) {
		NL_SET_ERR_MSG_ATTR(extack, bits, "the address has not so many bits");
		return -EINVAL;
	}
	p->family = len == 4 ? 4 : 6;
	for (i = 0; i < len / 4; i++) {
		memcpy(&word, nla_data(addr) + 4 * i, 4);
		p->mask[i] = n >= 32 * (i + 1) ? ~0u :
			     n <= 32 * i ? 0 : ~0u << (32 - n % 32);
		p->addr[i] = be32_to_cpu(word) & p->mask[i];
	}
	return 0;
}

static int get_iface(u32 *index, struct net *net, const struct nlattr *name,
		     struct netlink_ext_ack *extack)
{
	struct net_device *dev;

	rcu_read_lock();
	dev = dev_get_by_name_rcu(net, nla_data(name));
	if (dev)
		*index = dev->ifindex;
	rcu_read_unlock();
	if (dev)
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, name, "no such interface");
	return -ENODEV;
}

static int get_filter(struct conn_filter *f, struct net *net,
		      const struct nlattr *nest, struct netlink_ext_ack *extack)
{
	struct nlattr *tb[FWTREE_A_CONN_FILTER_MAX + 1];
	int ret, i;

	BUILD_BUG_ON(FWTREE_A_CONN_FILTER_MAX >= 32);
	memset(f, 0, sizeof(*f));
	if (!nest)
		return 0;
	ret = nla_parse_nested(tb, FWTREE_A_CONN_FILTER_MAX, nest,
			       fwtree_conn_filter_nl_policy, extack);
	if (ret)
		return ret;
	for (i = 1; i < FWTREE_A_CONN_FILTER_PAD; i++)
		if (tb[i])
			f->set |= BIT(i);

	if (HAS(f, ID))
		f->id = nla_get_u64(tb[FWTREE_A_CONN_FILTER_ID]);
	if (HAS(f, FAMILY)) {
		f->family = nla_get_u8(tb[FWTREE_A_CONN_FILTER_FAMILY]);
		if (!memchr(families, f->family, sizeof(families))) {
			NL_SET_ERR_MSG_ATTR(extack, tb[FWTREE_A_CONN_FILTER_FAMILY],
					    "a family is 4 or 6");
			return -EINVAL;
		}
	}
	if (HAS(f, PROTOCOL))
		f->protocol = nla_get_u8(tb[FWTREE_A_CONN_FILTER_PROTOCOL]);
	if (HAS(f, SADDR))
		ret = get_prefix(&f->saddr, tb[FWTREE_A_CONN_FILTER_SADDR],
				 tb[FWTREE_A_CONN_FILTER_SADDR_LEN], extack);
	if (!ret && HAS(f, DADDR))
		ret = get_prefix(&f->daddr, tb[FWTREE_A_CONN_FILTER_DADDR],
				 tb[FWTREE_A_CONN_FILTER_DADDR_LEN], extack);
	if (!ret && HAS(f, SADDR_LEN) && !HAS(f, SADDR)) {
		NL_SET_ERR_MSG_ATTR(extack, tb[FWTREE_A_CONN_FILTER_SADDR_LEN],
				    "a length without its address");
		return -EINVAL;
	}
	if (!ret && HAS(f, DADDR_LEN) && !HAS(f, DADDR)) {
		NL_SET_ERR_MSG_ATTR(extack, tb[FWTREE_A_CONN_FILTER_DADDR_LEN],
				    "a length without its address");
		return -EINVAL;
	}
	if (HAS(f, SPORT))
		f->sport = nla_get_u16(tb[FWTREE_A_CONN_FILTER_SPORT]);
	if (HAS(f, DPORT))
		f->dport = nla_get_u16(tb[FWTREE_A_CONN_FILTER_DPORT]);
	if (HAS(f, STATE))
		f->state = nla_get_u8(tb[FWTREE_A_CONN_FILTER_STATE]);
	if (HAS(f, MARK))
		f->mark = nla_get_u32(tb[FWTREE_A_CONN_FILTER_MARK]);
	if (!ret && HAS(f, IIF))
		ret = get_iface(&f->iif, net, tb[FWTREE_A_CONN_FILTER_IIF], extack);
	if (!ret && HAS(f, OIF))
		ret = get_iface(&f->oif, net, tb[FWTREE_A_CONN_FILTER_OIF], extack);
	return ret;
}

static bool in_prefix(const struct prefix *p, u8 family, const struct fwt_end *end)
{
	unsigned int i;

	if (family != p->family)
		return false;
	for (i = 0; i < (family == 4 ? 1 : 4); i++)
		if ((end->addr[i] & p->mask[i]) != p->addr[i])
			return false;
	return true;
}

/* The ends of the original direction never change, so no lock is needed. */
static bool wanted(const struct conn_filter *f, const struct fwt_conn *c)
{
	bool ports = has_ports(c->ends.protocol);
	struct fwt_end from, to;

	if (!f->set)
		return true;
	if (HAS(f, ID) && c->id != f->id)
		return false;
	if (HAS(f, FAMILY) && c->ends.family != f->family)
		return false;
	if (HAS(f, PROTOCOL) && c->ends.protocol != f->protocol)
		return false;
	if (HAS(f, STATE) && conn_state(c) != f->state)
		return false;
	if (HAS(f, MARK) && READ_ONCE(c->mark) != f->mark)
		return false;
	if (HAS(f, IIF) && READ_ONCE(c->iif) != f->iif)
		return false;
	if (HAS(f, OIF) && READ_ONCE(c->oif) != f->oif)
		return false;
	fwt_ends_get(&c->ends, FWT_C, &from);
	fwt_ends_get(&c->ends, FWT_V, &to);
	if (HAS(f, SADDR) && !in_prefix(&f->saddr, c->ends.family, &from))
		return false;
	if (HAS(f, DADDR) && !in_prefix(&f->daddr, c->ends.family, &to))
		return false;
	if (HAS(f, SPORT) && !(ports && from.port == f->sport))
		return false;
	return !HAS(f, DPORT) || (ports && to.port == f->dport);
}

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

/* The type that answers an ICMP request: echo reply of IPv4 is the odd one. */
static u8 icmp_answer(u8 request)
{
	return request == 8 ? 0 : request + 1;
}

static int put_dir(struct sk_buff *skb, int type, const struct fwt_conn *c,
		   enum fwt_dir dir)
{
	struct nlattr *nest = nla_nest_start(skb, type);
	struct fwt_end from, to;
	u8 request;

	if (!nest)
		return -EMSGSIZE;
	fwt_ends_get(&c->ends, dir == FWT_ORIGINAL ? FWT_C : FWT_S, &from);
	fwt_ends_get(&c->ends, dir == FWT_ORIGINAL ? FWT_V : FWT_N, &to);
	if (put_address(skb, FWTREE_A_CONN_DIR_SADDR, c->ends.family, &from) ||
	    put_address(skb, FWTREE_A_CONN_DIR_DADDR, c->ends.family, &to))
		return -EMSGSIZE;
	if (has_ports(c->ends.protocol) &&
	    (nla_put_u16(skb, FWTREE_A_CONN_DIR_SPORT, from.port) ||
	     nla_put_u16(skb, FWTREE_A_CONN_DIR_DPORT, to.port)))
		return -EMSGSIZE;
	/* The side that asks has the id as its port, the other one the type of
	 * the request (core/tuple.h).
	 */
	if (is_icmp(c->ends.protocol)) {
		request = dir == FWT_ORIGINAL ? to.port : from.port;
		if (nla_put_u8(skb, FWTREE_A_CONN_DIR_ICMP_TYPE,
			       dir == FWT_ORIGINAL ? request : icmp_answer(request)) ||
		    nla_put_u8(skb, FWTREE_A_CONN_DIR_ICMP_CODE, 0) ||
		    nla_put_u16(skb, FWTREE_A_CONN_DIR_ICMP_ID,
				dir == FWT_ORIGINAL ? from.port : to.port))
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

static int put_conn_rule(struct sk_buff *skb, int type, struct fwt_net *fn,
			 u32 slot)
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
	    (file && nla_put_string(skb, FWTREE_A_CONN_RULE_FILE, file->text)) ||
	    nla_put_u32(skb, FWTREE_A_CONN_RULE_LINE, s->line))
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

static u32 conn_flags(const struct fwt_conn *c)
{
	u32 flags = 0;

	if (fwt_conn_is(c, FWT_CONN_ASSURED))
		flags |= FWTREE_CONN_FLAG_ASSURED;
	if (fwt_conn_is(c, FWT_CONN_SNAT))
		flags |= FWTREE_CONN_FLAG_SNAT;
	if (fwt_conn_is(c, FWT_CONN_DNAT))
		flags |= FWTREE_CONN_FLAG_DNAT;
	if (!fwt_conn_is(c, FWT_CONN_CONFIRMED))
		flags |= FWTREE_CONN_FLAG_TENTATIVE;
	return flags;
}

static int put_conn(struct sk_buff *skb, struct fwt_net *fn,
		    const struct fwt_conn *c)
{
	if (nla_put_u64_64bit(skb, FWTREE_A_CONN_ID, c->id, FWTREE_A_CONN_PAD) ||
	    nla_put_u8(skb, FWTREE_A_CONN_FAMILY, c->ends.family) ||
	    nla_put_u8(skb, FWTREE_A_CONN_PROTOCOL, c->ends.protocol) ||
	    nla_put_u8(skb, FWTREE_A_CONN_STATE, conn_state(c)) ||
	    nla_put_u32(skb, FWTREE_A_CONN_TIMEOUT, fwt_conn_seconds(c)) ||
	    nla_put_u32(skb, FWTREE_A_CONN_FLAGS, conn_flags(c)) ||
	    nla_put_u32(skb, FWTREE_A_CONN_MARK, c->mark) ||
	    nla_put_u32(skb, FWTREE_A_CONN_GENERATION, c->gen) ||
	    (c->ends.scope &&
	     nla_put_u32(skb, FWTREE_A_CONN_SCOPE, c->ends.scope)) ||
	    put_dir(skb, FWTREE_A_CONN_ORIGINAL, c, FWT_ORIGINAL) ||
	    put_dir(skb, FWTREE_A_CONN_REPLY, c, FWT_REPLY) ||
	    put_iface(skb, FWTREE_A_CONN_IIF, fn->net, c->iif) ||
	    put_iface(skb, FWTREE_A_CONN_OIF, fn->net, c->oif) ||
	    put_conn_rule(skb, FWTREE_A_CONN_INGRESS, fn, c->slot[0]) ||
	    put_conn_rule(skb, FWTREE_A_CONN_EGRESS, fn, c->slot[1]))
		return -EMSGSIZE;
	return 0;
}

/* Dump */

struct conn_dump {
	struct conn_filter filter;
	struct fwt_conn_walk walk;
	struct fwt_net *fn;
	struct sk_buff *skb;
	struct netlink_callback *cb;
	bool walking;
	bool done;
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
	int ret;

	d = kzalloc(sizeof(*d), GFP_KERNEL);
	if (!d) {
		NL_SET_ERR_MSG(cb->extack, "no memory to list connections");
		return -ENOMEM;
	}
	d->fn = fwt_pernet(net);
	ret = get_filter(&d->filter, net,
			 attrs ? attrs[FWTREE_A_CONN_FILTER] : NULL, cb->extack);
	if (ret) {
		kfree(d);
		return ret;
	}
	/* Before the first policy there is no hash. */
	/* Pairs with the release in fwt_conns_init(). */
	if (smp_load_acquire(&d->fn->conns_ready)) {
		fwt_conns_walk_begin(d->fn, &d->walk);
		d->walking = true;
	}
	*dump_of(cb) = d;
	return 0;
}

int fwtree_nl_conn_get_done(struct netlink_callback *cb)
{
	struct conn_dump *d = *dump_of(cb);

	if (d && d->walking)
		fwt_conns_walk_end(&d->walk);
	kfree(d);
	return 0;
}

static int dump_one(struct fwt_conn *c, void *ctx)
{
	struct conn_dump *d = ctx;
	void *hdr;
	int ret;

	if (!wanted(&d->filter, c))
		return 0;
	hdr = genlmsg_put(d->skb, NETLINK_CB(d->cb->skb).portid,
			  d->cb->nlh->nlmsg_seq, &fwtree_nl_family, NLM_F_MULTI,
			  FWTREE_CMD_CONN_GET);
	if (!hdr)
		return -EMSGSIZE;
	spin_lock_bh(&c->lock);
	ret = put_conn(d->skb, d->fn, c);
	spin_unlock_bh(&c->lock);
	if (ret) {
		genlmsg_cancel(d->skb, hdr);
		return ret;
	}
	genlmsg_end(d->skb, hdr);
	return 0;
}

int fwtree_nl_conn_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct conn_dump *d = *dump_of(cb);
	int ret;

	if (!d->walking || d->done)
		return 0;
	d->skb = skb;
	d->cb = cb;
	ret = fwt_conns_walk(&d->walk, dump_one, d);
	/* A table that was resized meanwhile (-EINTR) may tell some twice; they
	 * have ids, and a dump of a living table is no snapshot anyway.
	 */
	if (!ret || ret == -EINTR)
		d->done = true;
	else if (ret != -EMSGSIZE || !skb->len)
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

struct conn_delete {
	struct conn_filter filter;
	u32 count;
};

static int delete_one(struct fwt_conn *c, void *ctx)
{
	struct conn_delete *d = ctx;

	if (wanted(&d->filter, c) && fwt_conn_end(c, FWT_END_DELETED))
		d->count++;
	return 0;
}

int fwtree_nl_conn_delete_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct net *net = genl_info_net(info);
	struct fwt_net *fn = fwt_pernet(net);
	struct fwt_conn_walk walk;
	struct conn_delete d = { };
	int ret;

	if (GENL_REQ_ATTR_CHECK(info, FWTREE_A_CONN_FILTER)) {
		GENL_SET_ERR_MSG(info, "which connections is not said");
		return -EINVAL;
	}
	ret = get_filter(&d.filter, net, info->attrs[FWTREE_A_CONN_FILTER],
			 info->extack);
	if (ret)
		return ret;
	if (!d.filter.set) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[FWTREE_A_CONN_FILTER],
				    "an empty filter; conn-flush ends all connections");
		return -EINVAL;
	}
	/* Pairs with the release in fwt_conns_init(). */
	if (smp_load_acquire(&fn->conns_ready)) {
		/* What a resize may have hidden is found the next time round. */
		do {
			fwt_conns_walk_begin(fn, &walk);
			ret = fwt_conns_walk(&walk, delete_one, &d);
			fwt_conns_walk_end(&walk);
		} while (ret == -EINTR && !signal_pending(current));
	}
	return reply_count(info, d.count, NULL);
}

int fwtree_nl_conn_flush_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct fwt_net *fn = fwt_pernet(genl_info_net(info));

	return reply_count(info, fwt_conns_flush(fn), NULL);
}

int fwtree_nl_conn_count_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct fwt_net *fn = fwt_pernet(genl_info_net(info));
	u32 limit = READ_ONCE(fn->conn_max);

	return reply_count(info, atomic_read(&fn->n_conns), &limit);
}
