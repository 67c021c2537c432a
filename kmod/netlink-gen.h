/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	uapi/fwtree.yaml */
/* YNL-GEN kernel header */
/* To regenerate run: tests/lint/spec-fresh --write */

#ifndef _LINUX_FWTREE_GEN_H
#define _LINUX_FWTREE_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include "fwtree.h"

/* Common nested types */
extern const struct nla_policy fwtree_conn_filter_nl_policy[FWTREE_A_CONN_FILTER_EGRESS + 1];
extern const struct nla_policy fwtree_conn_filter_dir_nl_policy[FWTREE_A_CONN_FILTER_DIR_PAD + 1];
extern const struct nla_policy fwtree_conn_filter_hook_nl_policy[FWTREE_A_CONN_FILTER_HOOK_NONE + 1];
extern const struct nla_policy fwtree_set_elem_nl_policy[FWTREE_A_SET_ELEM_PAD + 1];

int fwtree_nl_conn_get_start(struct netlink_callback *cb);
int fwtree_nl_conn_get_done(struct netlink_callback *cb);

int fwtree_nl_policy_begin_doit(struct sk_buff *skb, struct genl_info *info);
int fwtree_nl_policy_chunk_doit(struct sk_buff *skb, struct genl_info *info);
int fwtree_nl_policy_commit_doit(struct sk_buff *skb, struct genl_info *info);
int fwtree_nl_policy_abort_doit(struct sk_buff *skb, struct genl_info *info);
int fwtree_nl_policy_get_doit(struct sk_buff *skb, struct genl_info *info);
int fwtree_nl_policy_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb);
int fwtree_nl_policy_flush_doit(struct sk_buff *skb, struct genl_info *info);
int fwtree_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info);
int fwtree_nl_stats_reset_doit(struct sk_buff *skb, struct genl_info *info);
int fwtree_nl_rule_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int fwtree_nl_counter_get_dumpit(struct sk_buff *skb,
				 struct netlink_callback *cb);
int fwtree_nl_conn_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int fwtree_nl_conn_delete_doit(struct sk_buff *skb, struct genl_info *info);
int fwtree_nl_conn_flush_doit(struct sk_buff *skb, struct genl_info *info);
int fwtree_nl_conn_count_doit(struct sk_buff *skb, struct genl_info *info);
int fwtree_nl_patch_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb);
int fwtree_nl_rule_find_doit(struct sk_buff *skb, struct genl_info *info);
int fwtree_nl_source_get_doit(struct sk_buff *skb, struct genl_info *info);
int fwtree_nl_source_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb);
int fwtree_nl_policy_confirm_doit(struct sk_buff *skb, struct genl_info *info);
int fwtree_nl_policy_rollback_doit(struct sk_buff *skb, struct genl_info *info);
int fwtree_nl_limit_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb);
int fwtree_nl_explain_doit(struct sk_buff *skb, struct genl_info *info);
int fwtree_nl_server_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb);
int fwtree_nl_server_set_doit(struct sk_buff *skb, struct genl_info *info);
int fwtree_nl_set_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int fwtree_nl_set_elem_get_dumpit(struct sk_buff *skb,
				  struct netlink_callback *cb);
int fwtree_nl_set_add_doit(struct sk_buff *skb, struct genl_info *info);
int fwtree_nl_set_delete_doit(struct sk_buff *skb, struct genl_info *info);
int fwtree_nl_set_flush_doit(struct sk_buff *skb, struct genl_info *info);
int fwtree_nl_node_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int fwtree_nl_defines_get_dumpit(struct sk_buff *skb,
				 struct netlink_callback *cb);
int fwtree_nl_digest_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb);

enum {
	FWTREE_NLGRP_EVENTS,
	FWTREE_NLGRP_CONNECTIONS,
	FWTREE_NLGRP_LOGS,
	FWTREE_NLGRP_DROPS,
};

extern struct genl_family fwtree_nl_family;

#endif /* _LINUX_FWTREE_GEN_H */
