// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	uapi/fwtree.yaml */
/* YNL-GEN kernel source */
/* To regenerate run: tests/lint/spec-fresh --write */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "netlink-gen.h"

#include "fwtree.h"

/* Common nested types */
const struct nla_policy fwtree_conn_filter_nl_policy[FWTREE_A_CONN_FILTER_EGRESS + 1] = {
	[FWTREE_A_CONN_FILTER_ID] = { .type = NLA_U64, },
	[FWTREE_A_CONN_FILTER_FAMILY] = NLA_POLICY_RANGE(NLA_U8, 4, 6),
	[FWTREE_A_CONN_FILTER_PROTOCOL] = { .type = NLA_U8, },
	[FWTREE_A_CONN_FILTER_SADDR] = { .type = NLA_BINARY, },
	[FWTREE_A_CONN_FILTER_SADDR_LEN] = NLA_POLICY_MAX(NLA_U8, 128),
	[FWTREE_A_CONN_FILTER_DADDR] = { .type = NLA_BINARY, },
	[FWTREE_A_CONN_FILTER_DADDR_LEN] = NLA_POLICY_MAX(NLA_U8, 128),
	[FWTREE_A_CONN_FILTER_SPORT] = { .type = NLA_U16, },
	[FWTREE_A_CONN_FILTER_DPORT] = { .type = NLA_U16, },
	[FWTREE_A_CONN_FILTER_STATE] = NLA_POLICY_MAX(NLA_U8, 11),
	[FWTREE_A_CONN_FILTER_MARK] = { .type = NLA_U32, },
	[FWTREE_A_CONN_FILTER_IIF] = { .type = NLA_NUL_STRING, .len = FWTREE_IFNAME_MAX, },
	[FWTREE_A_CONN_FILTER_OIF] = { .type = NLA_NUL_STRING, .len = FWTREE_IFNAME_MAX, },
	[FWTREE_A_CONN_FILTER_ORIGINAL] = NLA_POLICY_NESTED(fwtree_conn_filter_dir_nl_policy),
	[FWTREE_A_CONN_FILTER_REPLY] = NLA_POLICY_NESTED(fwtree_conn_filter_dir_nl_policy),
	[FWTREE_A_CONN_FILTER_STATES] = { .type = NLA_U32, },
	[FWTREE_A_CONN_FILTER_MARK_MASK] = { .type = NLA_U32, },
	[FWTREE_A_CONN_FILTER_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0x3f),
	[FWTREE_A_CONN_FILTER_NO_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0x3f),
	[FWTREE_A_CONN_FILTER_TIMEOUT_MIN] = { .type = NLA_U32, },
	[FWTREE_A_CONN_FILTER_TIMEOUT_MAX] = { .type = NLA_U32, },
	[FWTREE_A_CONN_FILTER_GENERATION_MIN] = { .type = NLA_U32, },
	[FWTREE_A_CONN_FILTER_GENERATION_MAX] = { .type = NLA_U32, },
	[FWTREE_A_CONN_FILTER_PACKETS_MIN] = { .type = NLA_U64, },
	[FWTREE_A_CONN_FILTER_PACKETS_MAX] = { .type = NLA_U64, },
	[FWTREE_A_CONN_FILTER_BYTES_MIN] = { .type = NLA_U64, },
	[FWTREE_A_CONN_FILTER_BYTES_MAX] = { .type = NLA_U64, },
	[FWTREE_A_CONN_FILTER_RULE_ID] = { .type = NLA_NUL_STRING, },
	[FWTREE_A_CONN_FILTER_RULE_FILE] = { .type = NLA_NUL_STRING, },
	[FWTREE_A_CONN_FILTER_RULE_LINE] = { .type = NLA_U32, },
	[FWTREE_A_CONN_FILTER_SCOPE] = { .type = NLA_U32, },
	[FWTREE_A_CONN_FILTER_ICMP_TYPE] = { .type = NLA_U8, },
	[FWTREE_A_CONN_FILTER_ICMP_ID] = { .type = NLA_U16, },
	[FWTREE_A_CONN_FILTER_NOT] = NLA_POLICY_NESTED(fwtree_conn_filter_nl_policy),
	[FWTREE_A_CONN_FILTER_CT_MARK] = { .type = NLA_U32, },
	[FWTREE_A_CONN_FILTER_CT_MARK_MASK] = { .type = NLA_U32, },
	[FWTREE_A_CONN_FILTER_INGRESS] = NLA_POLICY_NESTED(fwtree_conn_filter_hook_nl_policy),
	[FWTREE_A_CONN_FILTER_EGRESS] = NLA_POLICY_NESTED(fwtree_conn_filter_hook_nl_policy),
};

const struct nla_policy fwtree_conn_filter_dir_nl_policy[FWTREE_A_CONN_FILTER_DIR_PAD + 1] = {
	[FWTREE_A_CONN_FILTER_DIR_SADDR] = { .type = NLA_BINARY, },
	[FWTREE_A_CONN_FILTER_DIR_SADDR_LEN] = NLA_POLICY_MAX(NLA_U8, 128),
	[FWTREE_A_CONN_FILTER_DIR_SADDR_HIGH] = { .type = NLA_BINARY, },
	[FWTREE_A_CONN_FILTER_DIR_DADDR] = { .type = NLA_BINARY, },
	[FWTREE_A_CONN_FILTER_DIR_DADDR_LEN] = NLA_POLICY_MAX(NLA_U8, 128),
	[FWTREE_A_CONN_FILTER_DIR_DADDR_HIGH] = { .type = NLA_BINARY, },
	[FWTREE_A_CONN_FILTER_DIR_SPORT] = { .type = NLA_U16, },
	[FWTREE_A_CONN_FILTER_DIR_SPORT_HIGH] = { .type = NLA_U16, },
	[FWTREE_A_CONN_FILTER_DIR_DPORT] = { .type = NLA_U16, },
	[FWTREE_A_CONN_FILTER_DIR_DPORT_HIGH] = { .type = NLA_U16, },
	[FWTREE_A_CONN_FILTER_DIR_ICMP_TYPE] = { .type = NLA_U8, },
	[FWTREE_A_CONN_FILTER_DIR_ICMP_CODE] = { .type = NLA_U8, },
	[FWTREE_A_CONN_FILTER_DIR_ICMP_ID] = { .type = NLA_U16, },
	[FWTREE_A_CONN_FILTER_DIR_PACKETS_MIN] = { .type = NLA_U64, },
	[FWTREE_A_CONN_FILTER_DIR_PACKETS_MAX] = { .type = NLA_U64, },
	[FWTREE_A_CONN_FILTER_DIR_BYTES_MIN] = { .type = NLA_U64, },
	[FWTREE_A_CONN_FILTER_DIR_BYTES_MAX] = { .type = NLA_U64, },
};

const struct nla_policy fwtree_conn_filter_hook_nl_policy[FWTREE_A_CONN_FILTER_HOOK_NONE + 1] = {
	[FWTREE_A_CONN_FILTER_HOOK_ID] = { .type = NLA_NUL_STRING, },
	[FWTREE_A_CONN_FILTER_HOOK_FILE] = { .type = NLA_NUL_STRING, },
	[FWTREE_A_CONN_FILTER_HOOK_LINE] = { .type = NLA_U32, },
	[FWTREE_A_CONN_FILTER_HOOK_NONE] = { .type = NLA_FLAG, },
};

const struct nla_policy fwtree_set_elem_nl_policy[FWTREE_A_SET_ELEM_PAD + 1] = {
	[FWTREE_A_SET_ELEM_LOW] = { .type = NLA_BINARY, },
	[FWTREE_A_SET_ELEM_HIGH] = { .type = NLA_BINARY, },
	[FWTREE_A_SET_ELEM_VALUE] = { .type = NLA_BINARY, },
	[FWTREE_A_SET_ELEM_IPV6] = { .type = NLA_FLAG, },
	[FWTREE_A_SET_ELEM_TIMEOUT] = { .type = NLA_U64, },
	[FWTREE_A_SET_ELEM_POLICY] = { .type = NLA_FLAG, },
};

/* FWTREE_CMD_POLICY_BEGIN - do */
static const struct nla_policy fwtree_policy_begin_nl_policy[FWTREE_A_POLICY_PATCH + 1] = {
	[FWTREE_A_POLICY_LENGTH] = { .type = NLA_U32, },
	[FWTREE_A_POLICY_EXPECT] = { .type = NLA_U32, },
	[FWTREE_A_POLICY_PATCH] = { .type = NLA_FLAG, },
};

/* FWTREE_CMD_POLICY_CHUNK - do */
static const struct nla_policy fwtree_policy_chunk_nl_policy[FWTREE_A_POLICY_DATA + 1] = {
	[FWTREE_A_POLICY_OFFSET] = { .type = NLA_U32, },
	[FWTREE_A_POLICY_DATA] = { .type = NLA_BINARY, },
};

/* FWTREE_CMD_POLICY_COMMIT - do */
static const struct nla_policy fwtree_policy_commit_nl_policy[FWTREE_A_POLICY_TRIAL + 1] = {
	[FWTREE_A_POLICY_TRIAL] = { .type = NLA_U32, },
};

/* FWTREE_CMD_STATS_RESET - do */
static const struct nla_policy fwtree_stats_reset_nl_policy[FWTREE_A_STATS_QUOTAS + 1] = {
	[FWTREE_A_STATS_QUOTAS] = { .type = NLA_FLAG, },
};

/* FWTREE_CMD_CONN_GET - dump */
static const struct nla_policy fwtree_conn_get_nl_policy[FWTREE_A_CONN_FILTER + 1] = {
	[FWTREE_A_CONN_FILTER] = NLA_POLICY_NESTED(fwtree_conn_filter_nl_policy),
};

/* FWTREE_CMD_CONN_DELETE - do */
static const struct nla_policy fwtree_conn_delete_nl_policy[FWTREE_A_CONN_FILTER + 1] = {
	[FWTREE_A_CONN_FILTER] = NLA_POLICY_NESTED(fwtree_conn_filter_nl_policy),
};

/* FWTREE_CMD_CONN_COUNT - do */
static const struct nla_policy fwtree_conn_count_nl_policy[FWTREE_A_CONN_FILTER + 1] = {
	[FWTREE_A_CONN_FILTER] = NLA_POLICY_NESTED(fwtree_conn_filter_nl_policy),
};

/* FWTREE_CMD_RULE_FIND - do */
static const struct nla_policy fwtree_rule_find_nl_policy[FWTREE_A_RULE_FILE_INDEX + 1] = {
	[FWTREE_A_RULE_KEY] = { .type = NLA_U64, },
	[FWTREE_A_RULE_FILE_INDEX] = { .type = NLA_U32, },
	[FWTREE_A_RULE_BASE_LINE] = { .type = NLA_U32, },
	[FWTREE_A_RULE_TREE] = { .type = NLA_NUL_STRING, },
};

/* FWTREE_CMD_SOURCE_GET - do */
static const struct nla_policy fwtree_source_get_nl_policy[FWTREE_A_POLICY_OFFSET + 1] = {
	[FWTREE_A_POLICY_OFFSET] = { .type = NLA_U32, },
	[FWTREE_A_POLICY_LENGTH] = { .type = NLA_U32, },
};

/* FWTREE_CMD_EXPLAIN - do */
static const struct nla_policy fwtree_explain_nl_policy[FWTREE_A_EXPLAIN_MARK + 1] = {
	[FWTREE_A_EXPLAIN_DEVICE] = { .type = NLA_NUL_STRING, .len = 15, },
	[FWTREE_A_EXPLAIN_OUT] = { .type = NLA_FLAG, },
	[FWTREE_A_EXPLAIN_PACKET] = { .type = NLA_BINARY, },
	[FWTREE_A_EXPLAIN_MARK] = { .type = NLA_U32, },
};

/* FWTREE_CMD_SERVER_SET - do */
static const struct nla_policy fwtree_server_set_nl_policy[FWTREE_A_SERVER_RESET + 1] = {
	[FWTREE_A_SERVER_POOL] = { .type = NLA_NUL_STRING, },
	[FWTREE_A_SERVER_ACTION] = NLA_POLICY_MAX(NLA_U32, 3),
	[FWTREE_A_SERVER_ADDR] = { .type = NLA_BINARY, },
	[FWTREE_A_SERVER_PORT] = { .type = NLA_U16, },
	[FWTREE_A_SERVER_PORT_LAST] = { .type = NLA_U16, },
	[FWTREE_A_SERVER_WEIGHT] = { .type = NLA_U32, },
	[FWTREE_A_SERVER_RESET] = { .type = NLA_FLAG, },
};

/* FWTREE_CMD_SET_ELEM_GET - dump */
static const struct nla_policy fwtree_set_elem_get_nl_policy[FWTREE_A_SET_NAME + 1] = {
	[FWTREE_A_SET_NAME] = { .type = NLA_NUL_STRING, },
};

/* FWTREE_CMD_SET_ADD - do */
static const struct nla_policy fwtree_set_add_nl_policy[FWTREE_A_SET_MORE + 1] = {
	[FWTREE_A_SET_NAME] = { .type = NLA_NUL_STRING, },
	[FWTREE_A_SET_ELEMENT] = NLA_POLICY_NESTED(fwtree_set_elem_nl_policy),
	[FWTREE_A_SET_MORE] = { .type = NLA_FLAG, },
};

/* FWTREE_CMD_SET_DELETE - do */
static const struct nla_policy fwtree_set_delete_nl_policy[FWTREE_A_SET_MORE + 1] = {
	[FWTREE_A_SET_NAME] = { .type = NLA_NUL_STRING, },
	[FWTREE_A_SET_ELEMENT] = NLA_POLICY_NESTED(fwtree_set_elem_nl_policy),
	[FWTREE_A_SET_MORE] = { .type = NLA_FLAG, },
};

/* FWTREE_CMD_SET_FLUSH - do */
static const struct nla_policy fwtree_set_flush_nl_policy[FWTREE_A_SET_NAME + 1] = {
	[FWTREE_A_SET_NAME] = { .type = NLA_NUL_STRING, },
};

/* Ops table for fwtree */
static const struct genl_split_ops fwtree_nl_ops[] = {
	{
		.cmd		= FWTREE_CMD_POLICY_BEGIN,
		.doit		= fwtree_nl_policy_begin_doit,
		.policy		= fwtree_policy_begin_nl_policy,
		.maxattr	= FWTREE_A_POLICY_PATCH,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= FWTREE_CMD_POLICY_CHUNK,
		.doit		= fwtree_nl_policy_chunk_doit,
		.policy		= fwtree_policy_chunk_nl_policy,
		.maxattr	= FWTREE_A_POLICY_DATA,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= FWTREE_CMD_POLICY_COMMIT,
		.doit		= fwtree_nl_policy_commit_doit,
		.policy		= fwtree_policy_commit_nl_policy,
		.maxattr	= FWTREE_A_POLICY_TRIAL,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= FWTREE_CMD_POLICY_ABORT,
		.doit	= fwtree_nl_policy_abort_doit,
		.flags	= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= FWTREE_CMD_POLICY_GET,
		.doit	= fwtree_nl_policy_get_doit,
		.flags	= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= FWTREE_CMD_POLICY_GET,
		.dumpit	= fwtree_nl_policy_get_dumpit,
		.flags	= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd	= FWTREE_CMD_POLICY_FLUSH,
		.doit	= fwtree_nl_policy_flush_doit,
		.flags	= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= FWTREE_CMD_STATS_GET,
		.doit	= fwtree_nl_stats_get_doit,
		.flags	= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= FWTREE_CMD_STATS_RESET,
		.doit		= fwtree_nl_stats_reset_doit,
		.policy		= fwtree_stats_reset_nl_policy,
		.maxattr	= FWTREE_A_STATS_QUOTAS,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= FWTREE_CMD_RULE_GET,
		.dumpit	= fwtree_nl_rule_get_dumpit,
		.flags	= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd	= FWTREE_CMD_COUNTER_GET,
		.dumpit	= fwtree_nl_counter_get_dumpit,
		.flags	= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= FWTREE_CMD_CONN_GET,
		.start		= fwtree_nl_conn_get_start,
		.dumpit		= fwtree_nl_conn_get_dumpit,
		.done		= fwtree_nl_conn_get_done,
		.policy		= fwtree_conn_get_nl_policy,
		.maxattr	= FWTREE_A_CONN_FILTER,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= FWTREE_CMD_CONN_DELETE,
		.doit		= fwtree_nl_conn_delete_doit,
		.policy		= fwtree_conn_delete_nl_policy,
		.maxattr	= FWTREE_A_CONN_FILTER,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= FWTREE_CMD_CONN_FLUSH,
		.doit	= fwtree_nl_conn_flush_doit,
		.flags	= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= FWTREE_CMD_CONN_COUNT,
		.doit		= fwtree_nl_conn_count_doit,
		.policy		= fwtree_conn_count_nl_policy,
		.maxattr	= FWTREE_A_CONN_FILTER,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= FWTREE_CMD_PATCH_GET,
		.dumpit	= fwtree_nl_patch_get_dumpit,
		.flags	= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= FWTREE_CMD_RULE_FIND,
		.doit		= fwtree_nl_rule_find_doit,
		.policy		= fwtree_rule_find_nl_policy,
		.maxattr	= FWTREE_A_RULE_FILE_INDEX,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= FWTREE_CMD_SOURCE_GET,
		.doit		= fwtree_nl_source_get_doit,
		.policy		= fwtree_source_get_nl_policy,
		.maxattr	= FWTREE_A_POLICY_OFFSET,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= FWTREE_CMD_SOURCE_GET,
		.dumpit	= fwtree_nl_source_get_dumpit,
		.flags	= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd	= FWTREE_CMD_POLICY_CONFIRM,
		.doit	= fwtree_nl_policy_confirm_doit,
		.flags	= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= FWTREE_CMD_POLICY_ROLLBACK,
		.doit	= fwtree_nl_policy_rollback_doit,
		.flags	= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= FWTREE_CMD_LIMIT_GET,
		.dumpit	= fwtree_nl_limit_get_dumpit,
		.flags	= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= FWTREE_CMD_EXPLAIN,
		.doit		= fwtree_nl_explain_doit,
		.policy		= fwtree_explain_nl_policy,
		.maxattr	= FWTREE_A_EXPLAIN_MARK,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= FWTREE_CMD_SERVER_GET,
		.dumpit	= fwtree_nl_server_get_dumpit,
		.flags	= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= FWTREE_CMD_SERVER_SET,
		.doit		= fwtree_nl_server_set_doit,
		.policy		= fwtree_server_set_nl_policy,
		.maxattr	= FWTREE_A_SERVER_RESET,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= FWTREE_CMD_SET_GET,
		.dumpit	= fwtree_nl_set_get_dumpit,
		.flags	= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= FWTREE_CMD_SET_ELEM_GET,
		.dumpit		= fwtree_nl_set_elem_get_dumpit,
		.policy		= fwtree_set_elem_get_nl_policy,
		.maxattr	= FWTREE_A_SET_NAME,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= FWTREE_CMD_SET_ADD,
		.doit		= fwtree_nl_set_add_doit,
		.policy		= fwtree_set_add_nl_policy,
		.maxattr	= FWTREE_A_SET_MORE,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= FWTREE_CMD_SET_DELETE,
		.doit		= fwtree_nl_set_delete_doit,
		.policy		= fwtree_set_delete_nl_policy,
		.maxattr	= FWTREE_A_SET_MORE,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= FWTREE_CMD_SET_FLUSH,
		.doit		= fwtree_nl_set_flush_doit,
		.policy		= fwtree_set_flush_nl_policy,
		.maxattr	= FWTREE_A_SET_NAME,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= FWTREE_CMD_NODE_GET,
		.dumpit	= fwtree_nl_node_get_dumpit,
		.flags	= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd	= FWTREE_CMD_DEFINES_GET,
		.dumpit	= fwtree_nl_defines_get_dumpit,
		.flags	= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd	= FWTREE_CMD_DIGEST_GET,
		.dumpit	= fwtree_nl_digest_get_dumpit,
		.flags	= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
};

static const struct genl_multicast_group fwtree_nl_mcgrps[] = {
	[FWTREE_NLGRP_EVENTS] = { "events", },
	[FWTREE_NLGRP_CONNECTIONS] = { "connections", },
	[FWTREE_NLGRP_LOGS] = { "logs", },
	[FWTREE_NLGRP_DROPS] = { "drops", },
};

struct genl_family fwtree_nl_family __ro_after_init = {
	.name		= FWTREE_FAMILY_NAME,
	.version	= FWTREE_FAMILY_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.split_ops	= fwtree_nl_ops,
	.n_split_ops	= ARRAY_SIZE(fwtree_nl_ops),
	.mcgrps		= fwtree_nl_mcgrps,
	.n_mcgrps	= ARRAY_SIZE(fwtree_nl_mcgrps),
};
