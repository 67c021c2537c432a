// SPDX-License-Identifier: GPL-2.0
/*
 * Live sets over netlink: told, filled, emptied.
 *
 * A set is found by its name in the policy in force, each time anew, under
 * fwt_net.lock; so nothing holds one from one message to the next. A dump goes on in
 * the set that has the name by then.
 *
 * Of a name a message quotes 31 letters: what does not fit is told to the kernel's log by
 * the macros, which is not for who may choose names.
 */
#include <linux/netlink.h>
#include <net/sock.h>

#include "event.h"
#include "netlink.h"
#include "policy.h"
#include "set.h"

/* One, or NULL and why. fwt_policy_lock_alone() has been called. */
static struct fwt_set *set_named(struct fwt_net *fn, const struct nlattr *name,
				 struct netlink_ext_ack *extack, int *ret)
{
	struct fwt_object *o;

	if (!name) {
		NL_SET_ERR_MSG(extack, "the name of the set is missing");
		*ret = -EINVAL;
		return NULL;
	}
	/* No set has a longer one. */
	if (strnlen(nla_data(name), FWT_NAME_MAX + 1) > FWT_NAME_MAX) {
		NL_SET_ERR_MSG_ATTR(extack, name, "a name of a set is not that long");
		*ret = -EINVAL;
		return NULL;
	}
	o = fwt_object_find(fn, FWT_OBJECT_SET, nla_data(name));
	if (o) {
		fwt_set_rest(o);
		return fwt_set_of(o);
	}
	*ret = -ENOENT;
	if (!fwt_policy_locked(fn))
		NL_SET_ERR_MSG_ATTR(extack, name, "no policy is in force");
	else
		NL_SET_ERR_MSG_ATTR_FMT(extack, name, "the policy in force has no set '%.31s'",
					(const char *)nla_data(name));
	return NULL;
}

/* Telling */

static int put_words(struct sk_buff *skb, int type, const u32 *words, u32 n)
{
	struct nlattr *a = nla_reserve(skb, type, n * sizeof(__be32));
	__be32 *to;
	u32 i;

	if (!a)
		return -EMSGSIZE;
	to = nla_data(a);
	for (i = 0; i < n; i++)
		to[i] = cpu_to_be32(words[i]);
	return 0;
}

static int put_elem(struct sk_buff *skb, const struct fwt_set *s, const struct fwt_set_elem *e)
{
	struct nlattr *nest = nla_nest_start(skb, FWTREE_A_SET_ELEMENT);
	u32 words = s->shape.words[e->six];

	if (!nest || put_words(skb, FWTREE_A_SET_ELEM_LOW, e->low, words) ||
	    (memcmp(e->low, e->high, words * sizeof(u32)) &&
	     put_words(skb, FWTREE_A_SET_ELEM_HIGH, e->high, words)) ||
	    (s->shape.n_value && put_words(skb, FWTREE_A_SET_ELEM_VALUE, e->value,
					   s->shape.value_words[e->six])) ||
	    (e->six && nla_put_flag(skb, FWTREE_A_SET_ELEM_IPV6)) ||
	    (e->ms != FWT_SET_FOREVER &&
	     nla_put_u64_64bit(skb, FWTREE_A_SET_ELEM_TIMEOUT, e->ms, FWTREE_A_SET_ELEM_PAD)) ||
	    (e->file && nla_put_flag(skb, FWTREE_A_SET_ELEM_POLICY)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_set(struct sk_buff *skb, const struct fwt_set *s)
{
	const u32 *p = s->head.param;

	if (nla_put_string(skb, FWTREE_A_SET_NAME, s->head.name) ||
	    nla_put_u32(skb, FWTREE_A_SET_SHAPE, p[FWT_SETP_SHAPE]) ||
	    nla_put_u32(skb, FWTREE_A_SET_TYPES, p[FWT_SETP_TYPES]) ||
	    nla_put_u32(skb, FWTREE_A_SET_VALUE_TYPES, p[FWT_SETP_VALUE_TYPES]) ||
	    nla_put_u64_64bit(skb, FWTREE_A_SET_TIMEOUT, s->timeout, FWTREE_A_SET_PAD) ||
	    nla_put_u32(skb, FWTREE_A_SET_LIMIT, s->max) ||
	    nla_put_u32(skb, FWTREE_A_SET_COUNT, fwt_set_count(s)) ||
	    nla_put_u64_64bit(skb, FWTREE_A_SET_REFUSED, READ_ONCE(s->refused),
			      FWTREE_A_SET_PAD))
		return -EMSGSIZE;
	return 0;
}

struct set_dump {
	struct fwt_set_cursor at;
	u32 object;
};

int fwtree_nl_set_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct fwt_net *fn = fwt_pernet(sock_net(skb->sk));
	struct set_dump *d = (void *)cb->ctx;
	const struct fwt_policy *p;
	void *hdr;

	BUILD_BUG_ON(sizeof(*d) > sizeof(cb->ctx));
	if (!fwt_netlink_allowed(cb->skb, cb->extack))
		return -EPERM;
	fwt_policy_lock_alone(fn);
	p = fwt_policy_locked(fn);
	cb->seq = fn->generation;
	for (; p && d->object < p->prog.n[FWT_SEC_OBJECTS]; d->object++) {
		struct fwt_object *o = p->object[d->object];

		if (o->kind != FWT_OBJECT_SET)
			continue;
		fwt_set_rest(o);
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				  &fwtree_nl_family, NLM_F_MULTI, FWTREE_CMD_SET_GET);
		if (!hdr)
			break;
		genl_dump_check_consistent(cb, hdr);
		if (put_set(skb, fwt_set_of(o))) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
	}
	mutex_unlock(&fn->lock);
	return skb->len;
}

#define FINEST	32

struct bucket {
	struct sk_buff *skb;
	const struct fwt_set *s;
	int ret;
};

static void dump_elem(void *ctx, const struct fwt_set_elem *e)
{
	struct bucket *b = ctx;

	if (!b->ret)
		b->ret = put_elem(b->skb, b->s, e);
}

/* A bucket fits as a whole, or is for the next message; what fits none, halves of it
 * do. Elements of one hash, at the last, are few: who adds them does not choose it.
 */
static int dump_elems(struct sk_buff *skb, struct netlink_callback *cb, struct fwt_set *s,
		      struct set_dump *d)
{
	struct bucket b = { .skb = skb, .s = s };
	void *hdr = NULL;
	bool any = false;

	for (;;) {
		struct fwt_set_cursor at = d->at;
		int len;

		if (!hdr)
			hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
					  &fwtree_nl_family, NLM_F_MULTI,
					  FWTREE_CMD_SET_ELEM_GET);
		if (!hdr)
			return skb->len ? 0 : -EMSGSIZE;
		/* A policy may have put another set in its place. */
		genl_dump_check_consistent(cb, hdr);
		len = skb->len;
		if (!fwt_set_next(s, &d->at, dump_elem, &b))
			break;
		if (b.ret) {
			skb_trim(skb, len);
			d->at = at;
			if (any)
				break;
			if (d->at.fine == FINEST) {
				genlmsg_cancel(skb, hdr);
				return skb->len ? 0 : -EMSGSIZE;
			}
			d->at.fine++;
			b.ret = 0;
			continue;
		}
		d->at.fine = 0;
		any |= skb->len != len;
		cond_resched();
	}
	if (any)
		genlmsg_end(skb, hdr);
	else
		genlmsg_cancel(skb, hdr);
	return 0;
}

int fwtree_nl_set_elem_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr **attrs = genl_info_dump(cb)->attrs;
	struct fwt_net *fn = fwt_pernet(sock_net(skb->sk));
	struct set_dump *d = (void *)cb->ctx;
	struct fwt_set *s;
	int ret = 0;

	if (!fwt_netlink_allowed(cb->skb, cb->extack))
		return -EPERM;
	fwt_policy_lock_alone(fn);
	s = set_named(fn, attrs ? attrs[FWTREE_A_SET_NAME] : NULL, cb->extack, &ret);
	if (s) {
		cb->seq = s->serial;
		mutex_lock(&s->mutex);
		ret = dump_elems(skb, cb, s, d);
		mutex_unlock(&s->mutex);
	}
	mutex_unlock(&fn->lock);
	return ret ? ret : skb->len;
}

/* Changing */

static int get_words(const struct nlattr *a, u32 *to, u32 words, const char *what,
		     struct netlink_ext_ack *extack)
{
	const __be32 *from;
	u32 i;

	if (nla_len(a) != words * sizeof(__be32)) {
		NL_SET_ERR_MSG_FMT(extack, "a %s of %u bytes: the set's have %zu", what,
				   nla_len(a), words * sizeof(__be32));
		return -EINVAL;
	}
	from = nla_data(a);
	for (i = 0; i < words; i++)
		to[i] = be32_to_cpu(from[i]);
	return 0;
}

/* What a type can be: of a port's word 16 bits, say. */
static bool in_bounds(const struct fwt_set *s, u32 types, u32 n, const u8 *dim, const u32 *word)
{
	u32 i;

	for (i = 0; i < n; word += dim[i++]) {
		switch (types >> (4 * i) & 15) {
		case FWT_SET_TYPE_PORT:
		case FWT_SET_TYPE_MAC:
			if (word[0] > 0xffff)
				return false;
			break;
		case FWT_SET_TYPE_PROTOCOL:
			if (word[0] > 0xff)
				return false;
			break;
		}
	}
	return true;
}

/* Each part of a range ends not before it begins. */
static bool in_order(const u8 *dim, u32 n, const u32 *low, const u32 *high)
{
	u32 i, k;

	for (i = 0; i < n; low += dim[i], high += dim[i], i++) {
		for (k = 0; k + 1 < dim[i] && low[k] == high[k]; k++)
			;
		if (low[k] > high[k])
			return false;
	}
	return true;
}

/* @both: of a map whose keys have no addresses, and what it gives has: of either family */
struct elem {
	struct fwt_set_elem e;
	bool both;
	u32 low[FWT_KEY_WORDS];
	u32 high[FWT_KEY_WORDS];
	u32 value[FWT_SET_VALUE_WORDS];
};

static int get_elem(const struct nlattr *a, const struct fwt_set *s, bool add, struct elem *to,
		    struct netlink_ext_ack *extack)
{
	const struct fwt_set_shape *shape = &s->shape;
	struct nlattr *tb[FWTREE_A_SET_ELEM_MAX + 1];
	const u32 *p = s->head.param;
	u32 words;
	bool six;
	int ret;

	ret = nla_parse_nested(tb, FWTREE_A_SET_ELEM_MAX, a, fwtree_set_elem_nl_policy, extack);
	if (ret)
		return ret;
	six = tb[FWTREE_A_SET_ELEM_IPV6];
	if (six && !shape->split) {
		NL_SET_ERR_MSG(extack, "elements of this set have no addresses");
		return -EINVAL;
	}
	if (!tb[FWTREE_A_SET_ELEM_LOW]) {
		NL_SET_ERR_MSG(extack, "the element's key is missing");
		return -EINVAL;
	}
	words = shape->words[six];
	ret = get_words(tb[FWTREE_A_SET_ELEM_LOW], to->low, words, "key", extack);
	if (!ret)
		ret = get_words(tb[FWTREE_A_SET_ELEM_HIGH] ?: tb[FWTREE_A_SET_ELEM_LOW],
				to->high, words, "key", extack);
	if (ret)
		return ret;
	if (!in_bounds(s, p[FWT_SETP_TYPES], shape->n, shape->dim[six], to->low) ||
	    !in_bounds(s, p[FWT_SETP_TYPES], shape->n, shape->dim[six], to->high) ||
	    !in_order(shape->dim[six], shape->n, to->low, to->high)) {
		NL_SET_ERR_MSG(extack, "no key of this set's type, or an end before its beginning");
		return -EINVAL;
	}
	to->e = (struct fwt_set_elem){
		.six = six, .low = to->low, .high = to->high, .value = to->value,
		.file = tb[FWTREE_A_SET_ELEM_POLICY],
	};
	if (to->e.file && tb[FWTREE_A_SET_ELEM_TIMEOUT]) {
		NL_SET_ERR_MSG(extack, "what the policy has knows no timeout");
		return -EINVAL;
	}
	if (tb[FWTREE_A_SET_ELEM_TIMEOUT]) {
		to->e.ms = nla_get_u64(tb[FWTREE_A_SET_ELEM_TIMEOUT]) ?: FWT_SET_FOREVER;
		if (to->e.ms != FWT_SET_FOREVER && to->e.ms > FWT_SET_TIMEOUT_MAX) {
			NL_SET_ERR_MSG(extack, "a timeout of more than a year");
			return -EINVAL;
		}
	}
	to->both = !six && shape->split && shape->words[0] == shape->words[1] &&
		   !tb[FWTREE_A_SET_ELEM_VALUE];
	if (!add)
		return 0;
	if (!shape->n_value) {
		if (!tb[FWTREE_A_SET_ELEM_VALUE])
			return 0;
		NL_SET_ERR_MSG(extack, "a set gives no values");
		return -EINVAL;
	}
	if (!tb[FWTREE_A_SET_ELEM_VALUE]) {
		NL_SET_ERR_MSG(extack, "what the map gives for it is missing");
		return -EINVAL;
	}
	ret = get_words(tb[FWTREE_A_SET_ELEM_VALUE], to->value, shape->value_words[six],
			"value", extack);
	if (!ret && !in_bounds(s, p[FWT_SETP_VALUE_TYPES], shape->n_value,
			       shape->value_dim[six], to->value)) {
		NL_SET_ERR_MSG(extack, "no value of this map's type");
		ret = -EINVAL;
	}
	return ret;
}

/* A tree is one of those that the policy in force says the map may lead to. */
static int check_tree(const struct fwt_set *s, const struct elem *elem,
		      struct netlink_ext_ack *extack)
{
	const struct fwt_policy *p = fwt_policy_locked(s->fn);
	u32 set = s->head.param[FWT_SETP_TREES];

	if (!fwt_set_gives_trees(s->head.param) ||
	    (set != FWT_NONE && fwt_set_find(&p->base->prog, set, elem->value) != FWT_NONE))
		return 0;
	NL_SET_ERR_MSG_FMT(extack, "the policy names no such tree in map '%.31s'",
			   s->head.name);
	return -EINVAL;
}

static int delete(struct fwt_set *s, struct elem *elem)
{
	int ret = fwt_set_delete(s, &elem->e);

	if (!elem->both)
		return ret;
	elem->e.six = true;
	return fwt_set_delete(s, &elem->e) ? ret : 0;
}

static int change(const struct nlattr *a, struct fwt_set *s, bool add,
		  struct netlink_ext_ack *extack)
{
	struct elem elem;
	int ret = get_elem(a, s, add, &elem, extack);

	if (!ret && add)
		ret = check_tree(s, &elem, extack);
	if (!ret)
		ret = add ? fwt_set_insert(s, &elem.e) : delete(s, &elem);
	if (ret == -ENOSPC)
		NL_SET_ERR_MSG_FMT(extack, "set '%.31s' is full: %u elements are the most",
				   s->head.name, s->max);
	else if (ret == -ENOMEM)
		NL_SET_ERR_MSG(extack, "no memory for the element");
	else if (ret == -ENOENT)
		NL_SET_ERR_MSG_FMT(extack, "set '%.31s' has no such element", s->head.name);
	if (ret)
		NL_SET_BAD_ATTR(extack, a);
	return ret;
}

static int reply_count(struct genl_info *info, struct sk_buff *reply, void *hdr, u32 count)
{
	if (nla_put_u32(reply, FWTREE_A_SET_COUNT, count)) {
		nlmsg_free(reply);
		return -EMSGSIZE;
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}

/* @add: of the elements said, or take them away; or all, where @flush. */
static int changes(struct genl_info *info, bool add, bool flush)
{
	struct fwt_net *fn = fwt_pernet(genl_info_net(info));
	struct sk_buff *reply;
	struct nlattr *a;
	struct fwt_set *s;
	/* To empty a set no more is asked than its name. */
	bool more = !flush && info->attrs[FWTREE_A_SET_MORE];
	u32 count = 0;
	void *hdr;
	int rem, ret = 0;

	reply = fwt_netlink_reply(info, nla_total_size(sizeof(u32)), &hdr);
	if (!reply) {
		GENL_SET_ERR_MSG(info, "no memory for the answer");
		return -ENOMEM;
	}
	fwt_policy_lock_alone(fn);
	s = set_named(fn, info->attrs[FWTREE_A_SET_NAME], info->extack, &ret);
	if (s) {
		mutex_lock(&s->mutex);
		if (flush)
			count = fwt_set_flush(s);
		else
			nlmsg_for_each_attr(a, info->nlhdr, GENL_HDRLEN, rem) {
				if (nla_type(a) != FWTREE_A_SET_ELEMENT)
					continue;
				ret = change(a, s, add, info->extack);
				if (ret)
					break;
				count++;
			}
		if (fwt_set_settle(s, more && !ret) && !ret) {
			GENL_SET_ERR_MSG(info, "no memory for the set's ranges: they count later");
			ret = -ENOMEM;
		}
		mutex_unlock(&s->mutex);
	}
	mutex_unlock(&fn->lock);
	if (ret) {
		nlmsg_free(reply);
		return ret;
	}
	return reply_count(info, reply, hdr, count);
}

int fwtree_nl_set_add_doit(struct sk_buff *skb, struct genl_info *info)
{
	return changes(info, true, false);
}

int fwtree_nl_set_delete_doit(struct sk_buff *skb, struct genl_info *info)
{
	return changes(info, false, false);
}

int fwtree_nl_set_flush_doit(struct sk_buff *skb, struct genl_info *info)
{
	return changes(info, false, true);
}

void fwt_netlink_set_full(const struct fwt_set *s)
{
	struct net *net = s->fn->net;
	struct sk_buff *skb;
	void *hdr;

	/* What shows this one may ask a tree that adds to another set, and so on. */
	if (fwt_event_telling() ||
	    !genl_has_listeners(&fwtree_nl_family, net, FWTREE_NLGRP_EVENTS))
		return;
	skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_ATOMIC | __GFP_NOWARN);
	if (!skb)
		return;
	hdr = genlmsg_put(skb, 0, 0, &fwtree_nl_family, 0, FWTREE_CMD_SET_NTF);
	if (!hdr || nla_put_string(skb, FWTREE_A_SET_NAME, s->head.name) ||
	    nla_put_u32(skb, FWTREE_A_SET_EVENT, FWTREE_SET_EVENT_FULL) ||
	    nla_put_u32(skb, FWTREE_A_SET_COUNT, fwt_set_count(s)) ||
	    nla_put_u32(skb, FWTREE_A_SET_LIMIT, s->max) ||
	    nla_put_u64_64bit(skb, FWTREE_A_SET_REFUSED, s->refused, FWTREE_A_SET_PAD) ||
	    nla_put_u64_64bit(skb, FWTREE_A_SET_TIME, ktime_get_real_ns(), FWTREE_A_SET_PAD)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, hdr);
	fwt_event_tell_begin();
	fwt_netlink_tell(net, skb, FWTREE_NLGRP_EVENTS, GFP_ATOMIC);
	fwt_event_tell_end();
}
