// SPDX-License-Identifier: GPL-2.0
/*
 * Counters over netlink: verdicts and reasons, rules, and those that the policy
 * names. A dump keeps an index alone from one call to the next, and the
 * generation says whether it still means the same.
 */
#include <linux/bitops.h>
#include <linux/netlink.h>
#include <net/sock.h>

#include "conn.h"
#include "netlink.h"
#include "policy.h"
#include "rate.h"
#include "core/limit.h"
#include "core/verify.h"

static size_t infos_size(const struct fwt_reason_info *r, int n)
{
	size_t size = 0;

	for (; n; n--, r++)
		size += nla_total_size(0) + nla_total_size(sizeof(u32)) +
			nla_total_size(strlen(r->name) + 1) +
			nla_total_size(strlen(r->unit) + 1) +
			nla_total_size(strlen(r->doc) + 1) +
			nla_total_size_64bit(sizeof(u64)) +
			nla_total_size(sizeof(u8));
	return size;
}

static int put_info(struct sk_buff *skb, int type, u32 id,
		    const struct fwt_reason_info *r, u64 value)
{
	struct nlattr *nest = nla_nest_start(skb, type);

	if (!nest || nla_put_u32(skb, FWTREE_A_REASON_ID, id) ||
	    nla_put_string(skb, FWTREE_A_REASON_NAME, r->name) ||
	    nla_put_string(skb, FWTREE_A_REASON_UNIT, r->unit) ||
	    nla_put_string(skb, FWTREE_A_REASON_DOC, r->doc) ||
	    nla_put_u64_64bit(skb, FWTREE_A_REASON_VALUE, value,
			      FWTREE_A_REASON_PAD) ||
	    nla_put_u8(skb, FWTREE_A_REASON_DROP, r->drop))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_conns(struct sk_buff *skb, struct fwt_net *fn,
		     const struct fwt_stats *sum)
{
	struct nlattr *nest = nla_nest_start(skb, FWTREE_A_STATS_CONNECTIONS);
	u32 i;

	if (!nest ||
	    nla_put_u32(skb, FWTREE_A_STATS_CONNS_COUNT, atomic_read(&fn->n_conns)) ||
	    nla_put_u32(skb, FWTREE_A_STATS_CONNS_LIMIT, READ_ONCE(fn->conn_max)) ||
	    nla_put_u64_64bit(skb, FWTREE_A_STATS_CONNS_CREATED, sum->created,
			      FWTREE_A_STATS_CONNS_PAD) ||
	    nla_put_u64_64bit(skb, FWTREE_A_STATS_CONNS_ENDED, fwt_stats_ended(sum),
			      FWTREE_A_STATS_CONNS_PAD) ||
	    nla_put_u64_64bit(skb, FWTREE_A_STATS_CONNS_MEMORY,
			      fwt_conns_memory(fn), FWTREE_A_STATS_CONNS_PAD) ||
	    nla_put_u32(skb, FWTREE_A_STATS_CONNS_TIMEOUTS,
			READ_ONCE(fn->timeouts_percent)) ||
	    nla_put_u32(skb, FWTREE_A_STATS_CONNS_CHAIN, READ_ONCE(fn->chain)) ||
	    nla_put_u64_64bit(skb, FWTREE_A_STATS_CONNS_HASH_MEMORY,
			      fn->conns_ready ? fwt_hash_memory(&fn->conns) : 0,
			      FWTREE_A_STATS_CONNS_PAD))
		return -EMSGSIZE;
	for (i = 0; i < __FWT_END_MAX; i++)
		if (put_info(skb, FWTREE_A_STATS_CONNS_ENDED_BY, i,
			     &fwt_end_info[i], sum->ended[i]))
			return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_program(struct sk_buff *skb, const struct fwt_policy *p)
{
	const struct fwt_program *prog = &p->prog;
	struct nlattr *nest = nla_nest_start(skb, FWTREE_A_STATS_PROGRAM);

	if (!nest ||
	    nla_put_u32(skb, FWTREE_A_STATS_PROGRAM_RULES, fwt_policy_rules(p)) ||
	    nla_put_u32(skb, FWTREE_A_STATS_PROGRAM_NODES, prog->n[FWT_SEC_NODES]) ||
	    nla_put_u64_64bit(skb, FWTREE_A_STATS_PROGRAM_BYTES,
			      fwt_policy_bytes(p), FWTREE_A_STATS_PROGRAM_PAD) ||
	    nla_put_u32(skb, FWTREE_A_STATS_PROGRAM_DEPTH, prog->depth_max) ||
	    nla_put_u32(skb, FWTREE_A_STATS_PROGRAM_STEPS_MAX, prog->steps_max))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_stats(struct sk_buff *skb, struct fwt_net *fn,
		     const struct fwt_stats *sum)
{
	const struct fwt_policy *p;
	u32 i;

	lockdep_assert_held(&fn->lock);
	p = fwt_policy_locked(fn);
	if (nla_put_u32(skb, FWTREE_A_STATS_GENERATION, fn->generation) ||
	    nla_put_u64_64bit(skb, FWTREE_A_STATS_ACCEPT,
			      sum->verdict[FWT_STAT_ACCEPT], FWTREE_A_STATS_PAD) ||
	    nla_put_u64_64bit(skb, FWTREE_A_STATS_DROP,
			      sum->verdict[FWT_STAT_DROP], FWTREE_A_STATS_PAD) ||
	    nla_put_u64_64bit(skb, FWTREE_A_STATS_REJECT,
			      sum->verdict[FWT_STAT_REJECT], FWTREE_A_STATS_PAD) ||
	    put_conns(skb, fn, sum) || (p && put_program(skb, p)))
		return -EMSGSIZE;
	for (i = FWT_REASON_NONE + 1; i < __FWT_REASON_MAX; i++)
		if (put_info(skb, FWTREE_A_STATS_REASON, i, &fwt_reason_info[i],
			     sum->reason[i]))
			return -EMSGSIZE;
	return 0;
}

int fwtree_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct fwt_net *fn = fwt_pernet(genl_info_net(info));
	struct sk_buff *reply;
	struct fwt_stats *sum;
	int ret = -ENOMEM;
	void *hdr;

	sum = kmalloc(sizeof(*sum), GFP_KERNEL);
	/* 20 figures besides the reasons, and a few nests. */
	reply = fwt_netlink_reply(info, infos_size(fwt_reason_info, __FWT_REASON_MAX) +
				  infos_size(fwt_end_info, __FWT_END_MAX) +
				  32 * nla_total_size_64bit(sizeof(u64)), &hdr);
	if (!sum || !reply) {
		GENL_SET_ERR_MSG(info, "no memory for the answer");
		goto fail;
	}
	mutex_lock(&fn->lock);
	fwt_stats_read(fn, sum);
	ret = put_stats(reply, fn, sum);
	mutex_unlock(&fn->lock);
	if (ret)
		goto fail;
	kfree(sum);
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
fail:
	kfree(sum);
	nlmsg_free(reply);
	return ret;
}

int fwtree_nl_stats_reset_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct fwt_net *fn = fwt_pernet(genl_info_net(info));

	mutex_lock(&fn->lock);
	fwt_stats_reset(fn);
	fwt_slots_reset(fn);
	fwt_limits_reset(fn, info->attrs[FWTREE_A_STATS_QUOTAS]);
	mutex_unlock(&fn->lock);
	return 0;
}

/* Where a dump stands. */
struct slot_dump {
	u32 next;
};

/* These return 1 for one that is not told. */
static int put_rule(struct sk_buff *skb, struct fwt_net *fn,
		    const struct fwt_policy *p, u32 i)
{
	u32 own = i, slot = fwt_rule_slot(p, i);
	const struct fwt_program *prog = fwt_program_of_rule(&p->prog, &own);
	const struct fwt_prog_rule *r = &prog->rule[own];
	u32 line = prog == &p->prog ? fwt_patch_line(prog->patch, r->file, r->line) : r->line;
	struct fwt_slot_count sum;

	/* Not a rule of the policy, or not any more. */
	if (slot == FWT_NONE || fwt_rule_gone(p, i))
		return 1;
	fwt_slot_read(fn, slot, &sum);
	if (nla_put_u32(skb, FWTREE_A_RULE_GENERATION, p->gen) ||
	    nla_put_u32(skb, FWTREE_A_RULE_INDEX, i) ||
	    nla_put_u32(skb, FWTREE_A_RULE_SLOT, slot) ||
	    nla_put_u64_64bit(skb, FWTREE_A_RULE_KEY, r->key, FWTREE_A_RULE_PAD) ||
	    (r->id != FWT_NONE &&
	     nla_put_string(skb, FWTREE_A_RULE_ID,
			    fwt_program_string(prog, r->id))) ||
	    nla_put_string(skb, FWTREE_A_RULE_TREE,
			   fwt_program_string(prog, r->tree)) ||
	    nla_put_u32(skb, FWTREE_A_RULE_HOOKS, r->hooks) ||
	    nla_put_string(skb, FWTREE_A_RULE_FILE,
			   fwt_program_string(prog, prog->file[r->file].name)) ||
	    nla_put_u32(skb, FWTREE_A_RULE_LINE, line) ||
	    nla_put_u64_64bit(skb, FWTREE_A_RULE_HITS, sum.hits,
			      FWTREE_A_RULE_PAD) ||
	    nla_put_u64_64bit(skb, FWTREE_A_RULE_PACKETS, sum.packets,
			      FWTREE_A_RULE_PAD) ||
	    nla_put_u64_64bit(skb, FWTREE_A_RULE_BYTES, sum.bytes,
			      FWTREE_A_RULE_PAD))
		return -EMSGSIZE;
	return 0;
}

static int put_counter(struct sk_buff *skb, struct fwt_net *fn,
		       const struct fwt_policy *p, u32 i)
{
	u32 counters = p->prog.n[FWT_SEC_COUNTERS];
	const struct fwt_program *prog = &p->prog;
	const u32 *slot = p->slot;
	struct fwt_slot_count sum;

	if (i >= counters) {
		i -= counters;
		prog = &p->change->patch.prog;
		slot = p->change->slot;
		if (test_bit(i, p->change->known))
			return 1;
	}
	fwt_slot_read(fn, slot[prog->n[FWT_SEC_RULES] + i], &sum);
	if (nla_put_u32(skb, FWTREE_A_COUNTER_GENERATION, p->gen) ||
	    nla_put_string(skb, FWTREE_A_COUNTER_NAME,
			   fwt_program_string(prog, prog->counter[i])) ||
	    nla_put_u64_64bit(skb, FWTREE_A_COUNTER_PACKETS, sum.packets,
			      FWTREE_A_COUNTER_PAD) ||
	    nla_put_u64_64bit(skb, FWTREE_A_COUNTER_BYTES, sum.bytes,
			      FWTREE_A_COUNTER_PAD))
		return -EMSGSIZE;
	return 0;
}

static int put_u64(struct sk_buff *skb, int type, u64 value)
{
	return nla_put_u64_64bit(skb, type, value, FWTREE_A_LIMIT_PAD);
}

static int put_rate(struct sk_buff *skb, const u32 *param, const struct fwt_limit_figures *f)
{
	if (put_u64(skb, FWTREE_A_LIMIT_RATE, fwt_limit_u64(param + FWT_LIMIT_RATE)) ||
	    nla_put_u32(skb, FWTREE_A_LIMIT_PER, param[FWT_LIMIT_PER]) ||
	    put_u64(skb, FWTREE_A_LIMIT_BURST, fwt_limit_u64(param + FWT_LIMIT_BURST)) ||
	    (param[FWT_LIMIT_FLAGS] & FWT_LIMIT_BYTES &&
	     nla_put_flag(skb, FWTREE_A_LIMIT_BYTES)))
		return -EMSGSIZE;
	if (!(param[FWT_LIMIT_FLAGS] & FWT_LIMIT_KEYED))
		return put_u64(skb, FWTREE_A_LIMIT_TOKENS, f->tokens);
	if (nla_put_u32(skb, FWTREE_A_LIMIT_KEYS, f->keys) ||
	    nla_put_u32(skb, FWTREE_A_LIMIT_KEYS_MAX, f->keys_max) ||
	    put_u64(skb, FWTREE_A_LIMIT_EVICTED, f->evicted))
		return -EMSGSIZE;
	return 0;
}

static int put_limit(struct sk_buff *skb, struct fwt_net *fn, const struct fwt_policy *p, u32 i)
{
	static const u8 kinds[__FWT_OBJECT_MAX] = {
		[FWT_OBJECT_LIMIT] = FWTREE_LIMIT_KIND_RATE,
		[FWT_OBJECT_QUOTA] = FWTREE_LIMIT_KIND_QUOTA,
		[FWT_OBJECT_SPLIT] = FWTREE_LIMIT_KIND_SPLIT,
	};
	struct fwt_object *o = fwt_policy_object(p, i);
	const struct fwt_program *prog;
	struct fwt_limit_figures f;
	const u32 *param;
	u32 own = i, rule;

	prog = fwt_program_of_object(&p->prog, &own);
	param = prog->object[own].param;
	if (o->kind != FWT_OBJECT_LIMIT && o->kind != FWT_OBJECT_QUOTA &&
	    o->kind != FWT_OBJECT_SPLIT)
		return 1;
	rule = param[FWT_LIMIT_RULE];
	if (prog != &p->prog)
		rule += p->prog.n[FWT_SEC_RULES];
	if (fwt_rule_gone(p, rule))
		return 1;
	fwt_limit_read(o, &f);
	if (nla_put_u32(skb, FWTREE_A_LIMIT_GENERATION, p->gen) ||
	    nla_put_u32(skb, FWTREE_A_LIMIT_KIND, kinds[o->kind]) ||
	    nla_put_u32(skb, FWTREE_A_LIMIT_RULE, rule) ||
	    put_u64(skb, FWTREE_A_LIMIT_MEMORY, f.memory))
		return -EMSGSIZE;
	if (o->kind == FWT_OBJECT_SPLIT)
		return nla_put_u32(skb, FWTREE_A_LIMIT_TURN, f.turn) ||
		       nla_put_u32(skb, FWTREE_A_LIMIT_TURNS, param[FWT_SPLIT_TURNS]) ?
			-EMSGSIZE : 0;
	if (nla_put_u32(skb, FWTREE_A_LIMIT_WHICH, param[FWT_LIMIT_WHICH]) ||
	    put_u64(skb, FWTREE_A_LIMIT_PASSED, f.under) ||
	    put_u64(skb, FWTREE_A_LIMIT_OVER, f.over))
		return -EMSGSIZE;
	if (o->kind == FWT_OBJECT_LIMIT)
		return put_rate(skb, param, &f);
	return put_u64(skb, FWTREE_A_LIMIT_SIZE, fwt_limit_u64(param + FWT_QUOTA_SIZE)) ||
	       put_u64(skb, FWTREE_A_LIMIT_USED, f.used) ? -EMSGSIZE : 0;
}

/* One message an element of a section, as many as there is room for. */
static int dump_section(struct sk_buff *skb, struct netlink_callback *cb,
			enum fwt_section section, u8 cmd,
			int (*put)(struct sk_buff *skb, struct fwt_net *fn,
				   const struct fwt_policy *p, u32 i))
{
	struct fwt_net *fn = fwt_pernet(sock_net(skb->sk));
	struct slot_dump *at = (void *)cb->ctx;
	const struct fwt_policy *p;
	int ret = 0;
	u32 n = 0;
	void *hdr;

	BUILD_BUG_ON(sizeof(*at) > sizeof(cb->ctx));
	if (!fwt_netlink_allowed(cb->skb, cb->extack))
		return -EPERM;
	mutex_lock(&fn->lock);
	p = fwt_policy_locked(fn);
	cb->seq = fn->generation;
	if (p)
		n = p->prog.n[section] + (p->change ? p->change->patch.prog.n[section] : 0);
	for (; at->next < n; at->next++) {
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, &fwtree_nl_family,
				  NLM_F_MULTI, cmd);
		if (!hdr) {
			ret = -EMSGSIZE;
			break;
		}
		genl_dump_check_consistent(cb, hdr);
		ret = put(skb, fn, p, at->next);
		if (ret) {
			genlmsg_cancel(skb, hdr);
			if (ret > 0) {
				ret = 0;
				continue;
			}
			break;
		}
		genlmsg_end(skb, hdr);
	}
	mutex_unlock(&fn->lock);
	/* One that does not fit into an empty message never will. */
	return skb->len ? skb->len : ret;
}

int fwtree_nl_rule_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump_section(skb, cb, FWT_SEC_RULES, FWTREE_CMD_RULE_GET, put_rule);
}

int fwtree_nl_counter_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump_section(skb, cb, FWT_SEC_COUNTERS, FWTREE_CMD_COUNTER_GET,
			    put_counter);
}

int fwtree_nl_limit_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump_section(skb, cb, FWT_SEC_OBJECTS, FWTREE_CMD_LIMIT_GET, put_limit);
}
