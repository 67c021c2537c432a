// SPDX-License-Identifier: GPL-2.0
/*
 * Policies over netlink: what is in force, as it was uploaded, the text that it was
 * compiled from, and what that is recognised by.
 */
#include <linux/netlink.h>
#include <net/sock.h>

#include "netlink.h"
#include "policy.h"

/* Where a dump stands; @begun: the key was told; @file: the next one of several. */
struct text_dump {
	u32 off;
	u32 file;
	bool begun;
};

/* The policy as it was uploaded, or of that the text, or the patch to it. */
static int dump_blob(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd)
{
	struct fwt_net *fn = fwt_pernet(sock_net(skb->sk));
	struct text_dump *at = (void *)cb->ctx;
	const struct fwt_policy *p;
	const void *blob = NULL;
	u32 room, n, len = 0;
	void *hdr;

	BUILD_BUG_ON(sizeof(*at) > sizeof(cb->ctx));
	if (!fwt_netlink_allowed(cb->skb, cb->extack))
		return -EPERM;
	rcu_read_lock();
	p = rcu_dereference(fn->policy);
	cb->seq = p ? p->gen : READ_ONCE(fn->generation);
	if (p && cmd == FWTREE_CMD_POLICY_GET) {
		blob = p->base->blob;
		len = p->base->len;
	} else if (p && cmd == FWTREE_CMD_SOURCE_GET) {
		blob = p->prog.source;
		len = p->prog.n[FWT_SEC_SOURCE];
	} else if (p && cmd == FWTREE_CMD_DEFINES_GET) {
		blob = p->prog.defines;
		len = p->prog.n[FWT_SEC_DEFINES];
	} else if (p && p->change) {
		blob = p->change->blob;
		len = p->change->len;
	}
	while (at->off < len) {
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, &fwtree_nl_family,
				  NLM_F_MULTI, cmd);
		if (!hdr)
			break;
		genl_dump_check_consistent(cb, hdr);
		if (nla_put_u32(skb, FWTREE_A_POLICY_GENERATION, p->gen) ||
		    nla_put_u32(skb, FWTREE_A_POLICY_LENGTH, len) ||
		    nla_put_u32(skb, FWTREE_A_POLICY_OFFSET, at->off))
			goto full;
		room = skb_tailroom(skb);
		if (room < NLA_HDRLEN + 64)
			goto full;
		n = min3(room - NLA_HDRLEN - NLA_ALIGNTO, (u32)FWTREE_CHUNK_MAX,
			 len - at->off);
		if (nla_put(skb, FWTREE_A_POLICY_DATA, n, blob + at->off))
			goto full;
		genlmsg_end(skb, hdr);
		at->off += n;
	}
	rcu_read_unlock();
	return skb->len;
full:
	genlmsg_cancel(skb, hdr);
	rcu_read_unlock();
	return skb->len;
}

int fwtree_nl_policy_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump_blob(skb, cb, FWTREE_CMD_POLICY_GET);
}

int fwtree_nl_patch_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump_blob(skb, cb, FWTREE_CMD_PATCH_GET);
}

int fwtree_nl_defines_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump_blob(skb, cb, FWTREE_CMD_DEFINES_GET);
}

int fwtree_nl_source_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump_blob(skb, cb, FWTREE_CMD_SOURCE_GET);
}

static bool beyond(const struct fwt_program *prog)
{
	return prog->hdr && prog->hdr->flags & FWT_PROGRAM_BEYOND;
}

/* What comes before the digests: what they are of, and made with. */
static int put_digest_head(struct sk_buff *skb, const struct fwt_policy *p)
{
	const struct fwt_program *prog = &p->prog;
	bool more = beyond(prog) || (p->change && beyond(&p->change->patch.prog));

	if (nla_put_u32(skb, FWTREE_A_POLICY_GENERATION, p->gen) ||
	    nla_put_u32(skb, FWTREE_A_POLICY_TEXT_LENGTH, prog->n[FWT_SEC_SOURCE]) ||
	    nla_put_u32(skb, FWTREE_A_POLICY_FILES, prog->n[FWT_SEC_FILES]) ||
	    (prog->n[FWT_SEC_FILES] &&
	     nla_put_string(skb, FWTREE_A_POLICY_FILE,
			    fwt_program_string(prog, prog->file[0].name))) ||
	    ((more || READ_ONCE(p->fn->sets_changed)) &&
	     nla_put_flag(skb, FWTREE_A_POLICY_BEYOND)) ||
	    nla_put(skb, FWTREE_A_POLICY_KEY, sizeof(*p->base->digest_key),
		    p->base->digest_key))
		return -EMSGSIZE;
	return 0;
}

/* Of several files, which the digests are of: each one's name, and where it begins. */
static int put_digest_file(struct sk_buff *skb, const struct fwt_policy *p, u32 i)
{
	const struct fwt_prog_file *f = &p->prog.file[i];

	if (nla_put_u32(skb, FWTREE_A_POLICY_GENERATION, p->gen) ||
	    nla_put_string(skb, FWTREE_A_POLICY_FILE, fwt_program_string(&p->prog, f->name)) ||
	    nla_put_u32(skb, FWTREE_A_POLICY_OFFSET, f->text) ||
	    nla_put_u32(skb, FWTREE_A_POLICY_TEXT_LENGTH, f->text_len))
		return -EMSGSIZE;
	return 0;
}

int fwtree_nl_digest_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct fwt_net *fn = fwt_pernet(sock_net(skb->sk));
	struct text_dump *at = (void *)cb->ctx;
	const struct fwt_policy *p;
	u32 room, n, len = 0, files = 0;
	int ret = 0;
	void *hdr;

	if (!fwt_netlink_allowed(cb->skb, cb->extack))
		return -EPERM;
	rcu_read_lock();
	p = rcu_dereference(fn->policy);
	cb->seq = p ? p->gen : READ_ONCE(fn->generation);
	if (p)
		len = p->base->n_digests * sizeof(struct fwt_digest);
	if (p && p->base->n_digests && p->prog.n[FWT_SEC_FILES] > 1)
		files = p->prog.n[FWT_SEC_FILES];
	while (p && (!at->begun || at->file < files || at->off < len)) {
		ret = -EMSGSIZE;
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				  &fwtree_nl_family, NLM_F_MULTI, FWTREE_CMD_DIGEST_GET);
		if (!hdr)
			break;
		genl_dump_check_consistent(cb, hdr);
		if (!at->begun) {
			if (put_digest_head(skb, p))
				goto full;
			at->begun = true;
			genlmsg_end(skb, hdr);
			continue;
		}
		if (at->file < files) {
			if (put_digest_file(skb, p, at->file))
				goto full;
			at->file++;
			genlmsg_end(skb, hdr);
			continue;
		}
		if (nla_put_u32(skb, FWTREE_A_POLICY_GENERATION, p->gen) ||
		    nla_put_u32(skb, FWTREE_A_POLICY_LENGTH, len) ||
		    nla_put_u32(skb, FWTREE_A_POLICY_OFFSET, at->off))
			goto full;
		room = skb_tailroom(skb);
		if (room < NLA_HDRLEN + NLA_ALIGNTO + sizeof(struct fwt_digest))
			goto full;
		n = min3(room - NLA_HDRLEN - NLA_ALIGNTO, (u32)FWTREE_CHUNK_MAX, len - at->off);
		if (nla_put(skb, FWTREE_A_POLICY_DATA, n, (u8 *)p->base->digest + at->off))
			goto full;
		genlmsg_end(skb, hdr);
		at->off += n;
	}
	rcu_read_unlock();
	return skb->len ?: ret;
full:
	genlmsg_cancel(skb, hdr);
	rcu_read_unlock();
	return skb->len ?: ret;
}

int fwtree_nl_source_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *at = info->attrs[FWTREE_A_POLICY_OFFSET];
	struct nlattr *most = info->attrs[FWTREE_A_POLICY_LENGTH];
	struct fwt_net *fn = fwt_pernet(genl_info_net(info));
	u32 off, len = most ? min_t(u32, nla_get_u32(most), FWTREE_CHUNK_MAX) : FWTREE_CHUNK_MAX;
	const struct fwt_policy *p;
	struct sk_buff *reply;
	int ret = 0;
	u32 size;
	void *hdr;

	if (!at) {
		GENL_REQ_ATTR_CHECK(info, FWTREE_A_POLICY_OFFSET);
		GENL_SET_ERR_MSG(info, "where the part begins is missing");
		return -EINVAL;
	}
	off = nla_get_u32(at);
	reply = fwt_netlink_reply(info, nla_total_size(len) + 3 * nla_total_size(sizeof(u32)),
				  &hdr);
	if (!reply) {
		GENL_SET_ERR_MSG(info, "no memory for the answer");
		return -ENOMEM;
	}
	rcu_read_lock();
	p = rcu_dereference(fn->policy);
	size = p ? p->prog.n[FWT_SEC_SOURCE] : 0;
	if (!p) {
		GENL_SET_ERR_MSG(info, "no policy is in force");
		ret = -ENODATA;
	} else if (off > size) {
		NL_SET_ERR_MSG_ATTR_FMT(info->extack, at, "the text has %u bytes", size);
		ret = -EINVAL;
	} else if (nla_put_u32(reply, FWTREE_A_POLICY_GENERATION, p->gen) ||
		   nla_put_u32(reply, FWTREE_A_POLICY_TEXT_LENGTH, size) ||
		   nla_put_u32(reply, FWTREE_A_POLICY_OFFSET, off) ||
		   nla_put(reply, FWTREE_A_POLICY_DATA, min(len, size - off),
			   p->prog.source + off)) {
		GENL_SET_ERR_MSG(info, "the part does not fit into an answer");
		ret = -EMSGSIZE;
	}
	rcu_read_unlock();
	if (ret) {
		nlmsg_free(reply);
		return ret;
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}
