// SPDX-License-Identifier: GPL-2.0
/*
 * Policies over netlink: uploaded in pieces, told, taken away.
 *
 * Life-cycle of an upload. It belongs to the socket that began it, known by
 * port, and stands in fn->uploads. Commit takes it from there and hands its
 * memory to fwt_policy_apply(), whatever the outcome; abort, the end of the
 * socket and the end of the namespace free it.
 *
 * Synchronization. fn->upload_lock protects the list and the uploads in it. It
 * is never held together with fn->lock: verifying takes a while, and others may
 * go on uploading meanwhile.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <net/sock.h>

#include "event.h"
#include "hook.h"
#include "netlink.h"
#include "policy.h"
#include "trace.h"

/**
 * struct fwt_upload - a policy that is being sent
 * @list: in fn->uploads
 * @portid: of the socket
 * @expect: generation that it is to replace
 * @patch: it is a patch
 * @len: bytes that were announced
 * @got: bytes that came
 * @data: @len bytes, all of them set by the time that @got is @len
 */
struct fwt_upload {
	struct list_head list;
	u32 portid;
	u32 expect;
	bool patch;
	size_t len;
	size_t got;
	void *data;
};

/* What all uploads of a namespace may hold at a time: one of the largest, and no
 * more than a quarter of the memory there is, since a policy is in it twice while
 * it is replaced.
 */
static size_t upload_bytes_max(void)
{
	return min_t(u64, FWT_PROGRAM_SIZE_MAX, (u64)totalram_pages() << PAGE_SHIFT >> 2);
}

static struct fwt_upload *upload_find(struct fwt_net *fn, u32 portid)
{
	struct fwt_upload *u;

	lockdep_assert_held(&fn->upload_lock);
	list_for_each_entry(u, &fn->uploads, list)
		if (u->portid == portid)
			return u;
	return NULL;
}

/* Out of the list; the memory is the caller's, and no more counted. */
static void upload_take(struct fwt_net *fn, struct fwt_upload *u)
{
	lockdep_assert_held(&fn->upload_lock);
	list_del(&u->list);
	fn->upload_bytes -= u->len;
}

static void upload_free(struct fwt_upload *u)
{
	kvfree(u->data);
	kfree(u);
}

static bool upload_drop(struct fwt_net *fn, u32 portid)
{
	struct fwt_upload *u;

	mutex_lock(&fn->upload_lock);
	u = upload_find(fn, portid);
	if (u)
		upload_take(fn, u);
	mutex_unlock(&fn->upload_lock);
	if (!u)
		return false;
	upload_free(u);
	return true;
}

static int too_late(struct netlink_ext_ack *extack, u32 from, u32 to)
{
	NL_SET_ERR_MSG_FMT(extack, "the generation moved from %u to %u", from, to);
	return -EAGAIN;
}

/* A missing attribute is reported by its type; the text is for people. */
#define REQUIRE(info, attr, text) ({					\
	int __miss = GENL_REQ_ATTR_CHECK(info, attr) ? -EINVAL : 0;	\
									\
	if (__miss)							\
		GENL_SET_ERR_MSG(info, text);				\
	__miss; })

int fwtree_nl_policy_begin_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct fwt_net *fn = fwt_pernet(genl_info_net(info));
	u32 len, now = READ_ONCE(fn->generation);
	bool patch = info->attrs[FWTREE_A_POLICY_PATCH];
	u32 most = patch ? FWT_PATCH_SIZE_MAX : FWT_PROGRAM_SIZE_MAX;
	size_t least = patch ? sizeof(struct fwt_patch_hdr) : sizeof(struct fwt_prog_hdr);
	struct fwt_upload *u;
	int ret;

	if (REQUIRE(info, FWTREE_A_POLICY_LENGTH, "the policy's length is missing"))
		return -EINVAL;
	if (patch && REQUIRE(info, FWTREE_A_POLICY_EXPECT,
			     "the generation that the patch is for is missing"))
		return -EINVAL;
	len = nla_get_u32(info->attrs[FWTREE_A_POLICY_LENGTH]);
	if (len < least) {
		NL_SET_ERR_MSG_ATTR_FMT(info->extack,
					info->attrs[FWTREE_A_POLICY_LENGTH],
					"a %s has at least %zu bytes",
					patch ? "patch" : "compiled policy", least);
		return -EINVAL;
	}
	if (len > most) {
		NL_SET_ERR_MSG_ATTR_FMT(info->extack,
					info->attrs[FWTREE_A_POLICY_LENGTH],
					"%u bytes more than a %s may have", len - most,
					patch ? "patch" : "policy");
		return -E2BIG;
	}

	u = kzalloc(sizeof(*u), GFP_KERNEL_ACCOUNT);
	if (!u)
		goto no_memory;
	u->portid = info->snd_portid;
	u->len = len;
	u->expect = now;
	u->patch = patch;
	if (info->attrs[FWTREE_A_POLICY_EXPECT]) {
		u->expect = nla_get_u32(info->attrs[FWTREE_A_POLICY_EXPECT]);
		if (u->expect != now) {
			ret = too_late(info->extack, u->expect, now);
			NL_SET_BAD_ATTR(info->extack,
					info->attrs[FWTREE_A_POLICY_EXPECT]);
			goto fail;
		}
	}

	/* Counted first, allocated then: two who begin at a time can't both
	 * find room for one.
	 */
	mutex_lock(&fn->upload_lock);
	ret = 0;
	if (upload_find(fn, u->portid)) {
		GENL_SET_ERR_MSG(info, "this socket has an upload under way");
		ret = -EBUSY;
	} else if (len > upload_bytes_max()) {
		NL_SET_ERR_MSG_ATTR_FMT(info->extack,
					info->attrs[FWTREE_A_POLICY_LENGTH],
					"a policy of %u bytes: with the memory there is %zu are the most",
					len, upload_bytes_max());
		ret = -ENOMEM;
	} else if (len > upload_bytes_max() - fn->upload_bytes) {
		NL_SET_ERR_MSG_ATTR_FMT(info->extack,
					info->attrs[FWTREE_A_POLICY_LENGTH],
					"%zu bytes more than uploads may hold at a time",
					len - (upload_bytes_max() - fn->upload_bytes));
		ret = -ENOBUFS;
	} else {
		/* Refused, not taken from whoever else is there. */
		u->data = kvmalloc(len, GFP_KERNEL_ACCOUNT | __GFP_NOWARN |
				   __GFP_RETRY_MAYFAIL);
		if (u->data) {
			list_add(&u->list, &fn->uploads);
			fn->upload_bytes += len;
		}
	}
	mutex_unlock(&fn->upload_lock);
	if (ret)
		goto fail;
	if (!u->data)
		goto no_memory;
	return 0;

no_memory:
	ret = -ENOMEM;
	NL_SET_ERR_MSG_ATTR_FMT(info->extack, info->attrs[FWTREE_A_POLICY_LENGTH],
				"no memory for a policy of %u bytes", len);
fail:
	if (u)
		upload_free(u);
	return ret;
}

int fwtree_nl_policy_chunk_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct fwt_net *fn = fwt_pernet(genl_info_net(info));
	struct nlattr *data;
	struct fwt_upload *u;
	u32 off, len;
	int ret = 0;

	if (REQUIRE(info, FWTREE_A_POLICY_OFFSET, "the piece's offset is missing") ||
	    REQUIRE(info, FWTREE_A_POLICY_DATA, "the piece's data are missing"))
		return -EINVAL;
	off = nla_get_u32(info->attrs[FWTREE_A_POLICY_OFFSET]);
	data = info->attrs[FWTREE_A_POLICY_DATA];
	len = nla_len(data);

	mutex_lock(&fn->upload_lock);
	u = upload_find(fn, info->snd_portid);
	if (!u) {
		GENL_SET_ERR_MSG(info, "this socket has no upload under way");
		ret = -ENOENT;
	} else if (off != u->got) {
		NL_SET_ERR_MSG_ATTR_FMT(info->extack,
					info->attrs[FWTREE_A_POLICY_OFFSET],
					"the next piece begins at %zu, not at %u",
					u->got, off);
		ret = -EINVAL;
	} else if (!len || len > FWTREE_CHUNK_MAX) {
		/* Not the policy's to check: a length there is 15 bits. */
		NL_SET_ERR_MSG_ATTR_FMT(info->extack, data,
					"a piece has 1 to %u bytes, not %u",
					FWTREE_CHUNK_MAX, len);
		ret = -EINVAL;
	} else if (len > u->len - u->got) {
		NL_SET_ERR_MSG_ATTR_FMT(info->extack, data,
					"%zu bytes more than were announced",
					len - (u->len - u->got));
		ret = -EMSGSIZE;
	} else {
		memcpy(u->data + off, nla_data(data), len);
		u->got += len;
	}
	mutex_unlock(&fn->upload_lock);
	return ret;
}

struct sk_buff *fwt_netlink_reply(const struct genl_info *info, size_t size,
				  void **hdr)
{
	struct sk_buff *skb = genlmsg_new(size, GFP_KERNEL);

	if (!skb)
		return NULL;
	*hdr = genlmsg_put(skb, info->snd_portid, info->snd_seq,
			   &fwtree_nl_family, 0, info->genlhdr->cmd);
	if (!*hdr) {
		nlmsg_free(skb);
		return NULL;
	}
	return skb;
}

static int put_generation(struct genl_info *info, struct sk_buff *reply,
			  void *hdr, u32 gen)
{
	if (nla_put_u32(reply, FWTREE_A_POLICY_GENERATION, gen)) {
		nlmsg_free(reply);
		return -EMSGSIZE;
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}

/* The upload's memory is taken over. */
static int commit(struct fwt_net *fn, struct fwt_upload *u, struct genl_info *info, u32 *gen)
{
	struct nlattr *trial = info->attrs[FWTREE_A_POLICY_TRIAL];
	void *data = u->data;
	u32 ms;

	if (trial) {
		ms = nla_get_u32(trial);
		if (u->patch || !ms || ms > FWT_TRIAL_MS_MAX) {
			NL_SET_ERR_MSG_ATTR(info->extack, trial,
					    "a trial, of no patch, takes a millisecond to a day");
			return -EINVAL;
		}
		u->data = NULL;
		return fwt_policy_try(fn, data, u->len, u->expect, ms, info->extack, gen);
	}
	u->data = NULL;
	if (u->patch)
		return fwt_policy_patch(fn, data, u->len, u->expect, info->extack, gen);
	return fwt_policy_apply(fn, data, u->len, u->expect, info->extack, gen);
}

int fwtree_nl_policy_commit_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct fwt_net *fn = fwt_pernet(genl_info_net(info));
	struct sk_buff *reply;
	struct fwt_upload *u;
	u32 gen;
	void *hdr;
	int ret;

	mutex_lock(&fn->upload_lock);
	u = upload_find(fn, info->snd_portid);
	if (u)
		upload_take(fn, u);
	mutex_unlock(&fn->upload_lock);
	if (!u) {
		GENL_SET_ERR_MSG(info, "this socket has no upload under way");
		return -ENOENT;
	}
	/* Before the policy is in force: a commit that was done is never told
	 * to have failed.
	 */
	reply = fwt_netlink_reply(info, nla_total_size(sizeof(u32)), &hdr);
	if (!reply) {
		GENL_SET_ERR_MSG(info, "no memory for the answer");
		ret = -ENOMEM;
		goto out;
	}
	if (u->got != u->len) {
		GENL_SET_ERR_MSG_FMT(info, "%zu bytes of the policy are missing",
				     u->len - u->got);
		ret = -EINVAL;
		goto fail;
	}
	ret = commit(fn, u, info, &gen);
	if (ret)
		goto fail;
	fwt_netlink_policy_event(fn, u->patch ? FWTREE_EVENT_PATCHED : FWTREE_EVENT_APPLIED,
				 gen);
	ret = put_generation(info, reply, hdr, gen);
	goto out;
fail:
	nlmsg_free(reply);
out:
	upload_free(u);
	return ret;
}

/* The answer is made before what it tells of is done. */
static int end_trial(struct genl_info *info,
		     int (*way)(struct fwt_net *fn, struct netlink_ext_ack *extack, u32 *gen))
{
	struct sk_buff *reply;
	void *hdr;
	u32 gen;
	int ret;

	reply = fwt_netlink_reply(info, nla_total_size(sizeof(u32)), &hdr);
	if (!reply) {
		GENL_SET_ERR_MSG(info, "no memory for the answer");
		return -ENOMEM;
	}
	ret = way(fwt_pernet(genl_info_net(info)), info->extack, &gen);
	if (!ret)
		return put_generation(info, reply, hdr, gen);
	nlmsg_free(reply);
	return ret;
}

int fwtree_nl_policy_confirm_doit(struct sk_buff *skb, struct genl_info *info)
{
	return end_trial(info, fwt_trial_confirm);
}

int fwtree_nl_policy_rollback_doit(struct sk_buff *skb, struct genl_info *info)
{
	return end_trial(info, fwt_trial_rollback);
}

int fwtree_nl_policy_abort_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct fwt_net *fn = fwt_pernet(genl_info_net(info));

	if (!upload_drop(fn, info->snd_portid)) {
		GENL_SET_ERR_MSG(info, "this socket has no upload under way");
		return -ENOENT;
	}
	return 0;
}

static int put_policy(struct sk_buff *skb, struct fwt_net *fn)
{
	const struct fwt_program *prog;
	const struct fwt_policy *p;

	p = rcu_dereference(fn->policy);
	if (!p)
		return nla_put_u32(skb, FWTREE_A_POLICY_GENERATION,
				   READ_ONCE(fn->generation));
	prog = &p->prog;
	if (nla_put_u32(skb, FWTREE_A_POLICY_GENERATION, p->gen) ||
	    nla_put_u64_64bit(skb, FWTREE_A_POLICY_APPLIED, p->applied,
			      FWTREE_A_POLICY_PAD) ||
	    nla_put_u32(skb, FWTREE_A_POLICY_LENGTH, p->base->len) ||
	    nla_put_u32(skb, FWTREE_A_POLICY_RULES, fwt_policy_rules(p)) ||
	    nla_put_u32(skb, FWTREE_A_POLICY_NODES, prog->n[FWT_SEC_NODES]) ||
	    nla_put_u64_64bit(skb, FWTREE_A_POLICY_BYTES, fwt_policy_bytes(p),
			      FWTREE_A_POLICY_PAD) ||
	    nla_put_u32(skb, FWTREE_A_POLICY_DEPTH, prog->depth_max) ||
	    nla_put_u32(skb, FWTREE_A_POLICY_STEPS_MAX, prog->steps_max) ||
	    (p->change &&
	     nla_put_u32(skb, FWTREE_A_POLICY_PATCH_LENGTH, p->change->len)))
		return -EMSGSIZE;
	return 0;
}

/* No room for more names is no error: they are there to be read by people. */
static void put_waiting(void *ctx, const char *name)
{
	struct sk_buff *reply = ctx;
	void *from = nlmsg_attrdata(nlmsg_hdr(reply), GENL_HDRLEN);
	struct nlattr *a;
	int rem;

	/* Once, though both ways may be filtered there. */
	nla_for_each_attr(a, from, (void *)skb_tail_pointer(reply) - from, rem)
		if (nla_type(a) == FWTREE_A_POLICY_WAITING && !nla_strcmp(a, name))
			return;
	nla_put_string(reply, FWTREE_A_POLICY_WAITING, name);
}

int fwtree_nl_policy_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct fwt_net *fn = fwt_pernet(genl_info_net(info));
	struct sk_buff *reply;
	void *hdr;
	int ret;

	reply = fwt_netlink_reply(info, 16 * nla_total_size_64bit(sizeof(u64)) +
				  64 * nla_total_size(IFNAMSIZ), &hdr);
	if (!reply) {
		GENL_SET_ERR_MSG(info, "no memory for the answer");
		return -ENOMEM;
	}
	mutex_lock(&fn->lock);
	rcu_read_lock();
	ret = put_policy(reply, fn);
	rcu_read_unlock();
	if (!ret && fn->trial.on)
		ret = nla_put_u32(reply, FWTREE_A_POLICY_TRIAL, fwt_trial_left(fn));
	if (!ret)
		fwt_hooks_waiting(fn, put_waiting, reply);
	mutex_unlock(&fn->lock);
	if (ret) {
		nlmsg_free(reply);
		return ret;
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}

int fwtree_nl_policy_flush_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct fwt_net *fn = fwt_pernet(genl_info_net(info));
	struct sk_buff *reply;
	void *hdr;
	u32 gen;

	reply = fwt_netlink_reply(info, nla_total_size(sizeof(u32)), &hdr);
	if (!reply) {
		GENL_SET_ERR_MSG(info, "no memory for the answer");
		return -ENOMEM;
	}
	if (!fwt_policy_flush(fn)) {
		GENL_SET_ERR_MSG(info, "no policy is in force");
		nlmsg_free(reply);
		return -ENOENT;
	}
	gen = READ_ONCE(fn->generation);
	fwt_netlink_policy_event(fn, FWTREE_EVENT_FLUSHED, gen);
	return put_generation(info, reply, hdr, gen);
}

void fwt_netlink_policy_event(struct fwt_net *fn, enum fwtree_event event,
			      u32 gen)
{
	static const char *const name[] = {
		[FWTREE_EVENT_APPLIED] = "applied",
		[FWTREE_EVENT_FLUSHED] = "flushed",
		[FWTREE_EVENT_CONFIRMED] = "confirmed",
		[FWTREE_EVENT_ROLLED_BACK] = "rolled-back",
		[FWTREE_EVENT_PATCHED] = "patched",
	};
	struct sk_buff *skb;
	void *hdr;

	trace_fwt_policy(fn, name[event], gen);
	if (!genl_has_listeners(&fwtree_nl_family, fn->net, FWTREE_NLGRP_EVENTS))
		return;
	skb = genlmsg_new(2 * nla_total_size(sizeof(u32)) +
			  nla_total_size_64bit(sizeof(u64)), GFP_KERNEL);
	if (!skb)
		return;
	hdr = genlmsg_put(skb, 0, 0, &fwtree_nl_family, 0, FWTREE_CMD_POLICY_NTF);
	if (!hdr || nla_put_u32(skb, FWTREE_A_POLICY_GENERATION, gen) ||
	    nla_put_u32(skb, FWTREE_A_POLICY_EVENT, event) ||
	    nla_put_u64_64bit(skb, FWTREE_A_POLICY_TIME, ktime_get_real_ns(),
			      FWTREE_A_POLICY_PAD)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, hdr);
	fwt_netlink_tell(fn->net, skb, FWTREE_NLGRP_EVENTS, GFP_KERNEL);
}

/* R31. Root of a container has CAP_NET_ADMIN over its network namespace; what it
 * hands to the verifier is hostile, so that is for the machine's owner to allow.
 */
static bool userns;
module_param(userns, bool, 0644);
MODULE_PARM_DESC(userns, "who owns a network namespace by a user namespace may give it a policy (N)");

/* The family is going: its groups may be another one's before the last of us has told. */
static bool gone;

void fwt_netlink_tell(struct net *net, struct sk_buff *skb, unsigned int group, gfp_t gfp)
{
	/* Its owner may join the groups, whatever of requests: the kernel asks no more
	 * than whose the namespace is.
	 */
	if (!READ_ONCE(gone) && (READ_ONCE(userns) || net->user_ns == &init_user_ns))
		genlmsg_multicast_netns(&fwtree_nl_family, net, skb, 0, group, gfp);
	else
		nlmsg_free(skb);
}

bool fwt_netlink_allowed(struct sk_buff *request, struct netlink_ext_ack *extack)
{
	if (READ_ONCE(userns) || netlink_capable(request, CAP_NET_ADMIN))
		return true;
	NL_SET_ERR_MSG(extack,
		       "this needs CAP_NET_ADMIN in the initial user namespace (or fwtree.userns=1)");
	return false;
}

/* Of what is done; dumps ask themselves. */
static int before(const struct genl_split_ops *ops, struct sk_buff *skb,
		  struct genl_info *info)
{
	return fwt_netlink_allowed(skb, info->extack) ? 0 : -EPERM;
}

/* A socket ends, and its upload with it. */
static int socket_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct netlink_notify *n = ptr;

	if (event == NETLINK_URELEASE && n->protocol == NETLINK_GENERIC)
		upload_drop(fwt_pernet(n->net), n->portid);
	return NOTIFY_DONE;
}

static struct notifier_block socket_notifier = {
	.notifier_call = socket_event,
};

/* The generator knows no flags of groups. */
static const struct genl_multicast_group groups[] = {
	[FWTREE_NLGRP_EVENTS] = {
		.name = FWTREE_MCGRP_EVENTS,
		.flags = GENL_MCAST_CAP_NET_ADMIN,
	},
	[FWTREE_NLGRP_CONNECTIONS] = {
		.name = FWTREE_MCGRP_CONNECTIONS,
		.flags = GENL_MCAST_CAP_NET_ADMIN,
	},
	[FWTREE_NLGRP_LOGS] = {
		.name = FWTREE_MCGRP_LOGS,
		.flags = GENL_MCAST_CAP_NET_ADMIN,
	},
	[FWTREE_NLGRP_DROPS] = {
		.name = FWTREE_MCGRP_DROPS,
		.flags = GENL_MCAST_CAP_NET_ADMIN,
	},
};

void fwt_netlink_net_init(struct fwt_net *fn)
{
	mutex_init(&fn->upload_lock);
	INIT_LIST_HEAD(&fn->uploads);
	fn->upload_bytes = 0;
}

void fwt_netlink_net_clean(struct fwt_net *fn)
{
	struct fwt_upload *u, *next;

	/* Sockets hold the namespace: none is left when it ends. When the
	 * module goes, the family is gone first, and with it who could begin.
	 */
	list_for_each_entry_safe(u, next, &fn->uploads, list)
		upload_free(u);
	INIT_LIST_HEAD(&fn->uploads);
}

int __init fwt_netlink_init(void)
{
	int ret;

	fwtree_nl_family.mcgrps = groups;
	fwtree_nl_family.n_mcgrps = ARRAY_SIZE(groups);
	ret = fwt_compat_genl_guard(&fwtree_nl_family, before);
	if (ret)
		return ret;
	ret = netlink_register_notifier(&socket_notifier);
	if (ret)
		return ret;
	fwt_events_start();
	ret = genl_register_family(&fwtree_nl_family);
	if (ret)
		netlink_unregister_notifier(&socket_notifier);
	return ret;
}

void fwt_netlink_exit(void)
{
	WRITE_ONCE(gone, true);
	genl_unregister_family(&fwtree_nl_family);
	netlink_unregister_notifier(&socket_notifier);
	fwt_events_stop();
}

MODULE_ALIAS_GENL_FAMILY(FWTREE_FAMILY_NAME);
