// SPDX-License-Identifier: GPL-2.0
/*
 * What the tests in fwtree_test.ko call of fwtree.ko. Linked into that module
 * where the kernel has KUnit, so that nobody else's build exports anything.
 */
#include <kunit/visibility.h>
#include <linux/export.h>

#include "conn.h"
#include "hook.h"
#include "netlink-gen.h"
#include "netns.h"
#include "node.h"
#include "policy.h"
#include "rate.h"
#include "pool.h"
#include "set.h"
#include "set_ranges.h"
#include "set_table.h"
#include "slot.h"
#include "stats.h"
#include "across.h"
#include "barred.h"
#include "bind.h"
#include "carry.h"
#include "mapping.h"
#include "way.h"
#include "core/packet.h"
#include "core/verify.h"

EXPORT_SYMBOL_IF_KUNIT(fwt_net_id);
EXPORT_SYMBOL_IF_KUNIT(fwt_wq);

EXPORT_SYMBOL_IF_KUNIT(fwt_conns_init);
EXPORT_SYMBOL_IF_KUNIT(fwt_conns_clean);
EXPORT_SYMBOL_IF_KUNIT(fwt_conn_find);
EXPORT_SYMBOL_IF_KUNIT(fwt_conn_alloc);
EXPORT_SYMBOL_IF_KUNIT(fwt_conn_discard);
EXPORT_SYMBOL_IF_KUNIT(fwt_conn_insert);
EXPORT_SYMBOL_IF_KUNIT(fwt_bind_source);
EXPORT_SYMBOL_IF_KUNIT(fwt_mapping_join);
EXPORT_SYMBOL_IF_KUNIT(fwt_across_link);
EXPORT_SYMBOL_IF_KUNIT(fwt_carry);
EXPORT_SYMBOL_IF_KUNIT(fwt_bar);
EXPORT_SYMBOL_IF_KUNIT(fwt_barred);
EXPORT_SYMBOL_IF_KUNIT(fwt_unbar);
EXPORT_SYMBOL_IF_KUNIT(fwt_conn_end);
EXPORT_SYMBOL_IF_KUNIT(fwt_conn_end_undecided);
EXPORT_SYMBOL_IF_KUNIT(fwt_conn_cut);
EXPORT_SYMBOL_IF_KUNIT(fwt_conns_pressed);
EXPORT_SYMBOL_IF_KUNIT(fwt_conns_press);
EXPORT_SYMBOL_IF_KUNIT(fwt_conns_walk);
EXPORT_SYMBOL_IF_KUNIT(fwt_key6);
EXPORT_SYMBOL_IF_KUNIT(fwt_hash_absent);
EXPORT_SYMBOL_IF_KUNIT(fwt_hash_next);
EXPORT_SYMBOL_IF_KUNIT(fwt_hash_sparse);
EXPORT_SYMBOL_IF_KUNIT(fwt_hash_shrink);
EXPORT_SYMBOL_IF_KUNIT(fwt_conns_flush);
EXPORT_SYMBOL_IF_KUNIT(fwt_conn_seconds);
EXPORT_SYMBOL_IF_KUNIT(fwt_conns_memory);
EXPORT_SYMBOL_IF_KUNIT(fwt_conn_keep);
EXPORT_SYMBOL_IF_KUNIT(fwt_decide_egress);
EXPORT_SYMBOL_IF_KUNIT(fwt_skb_parse);

EXPORT_SYMBOL_IF_KUNIT(fwt_slots_init);
EXPORT_SYMBOL_IF_KUNIT(fwt_slots_clean);
EXPORT_SYMBOL_IF_KUNIT(fwt_slots_get);
EXPORT_SYMBOL_IF_KUNIT(fwt_slots_place);
EXPORT_SYMBOL_IF_KUNIT(fwt_slots_put);
EXPORT_SYMBOL_IF_KUNIT(fwt_slots_reap);
EXPORT_SYMBOL_IF_KUNIT(fwt_slots_reset);
EXPORT_SYMBOL_IF_KUNIT(fwt_slot_read);
EXPORT_SYMBOL_IF_KUNIT(fwt_slot_peek);
EXPORT_SYMBOL_IF_KUNIT(fwt_slot_hit);
EXPORT_SYMBOL_IF_KUNIT(fwt_slot_count);
EXPORT_SYMBOL_IF_KUNIT(fwt_slot_ref);

EXPORT_SYMBOL_IF_KUNIT(fwtree_nl_set_flush_doit);
EXPORT_SYMBOL_IF_KUNIT(fwt_set_ops);
EXPORT_SYMBOL_IF_KUNIT(fwt_set_has);
EXPORT_SYMBOL_IF_KUNIT(fwt_set_renew);
EXPORT_SYMBOL_IF_KUNIT(fwt_set_remove);
EXPORT_SYMBOL_IF_KUNIT(fwt_set_insert);
EXPORT_SYMBOL_IF_KUNIT(fwt_set_delete);
EXPORT_SYMBOL_IF_KUNIT(fwt_set_flush);
EXPORT_SYMBOL_IF_KUNIT(fwt_set_settle);
EXPORT_SYMBOL_IF_KUNIT(fwt_set_next);
EXPORT_SYMBOL_IF_KUNIT(fwt_set_ranges_new);
EXPORT_SYMBOL_IF_KUNIT(fwt_set_ranges_add);
EXPORT_SYMBOL_IF_KUNIT(fwt_set_ranges_build);
EXPORT_SYMBOL_IF_KUNIT(fwt_set_table_alloc);
EXPORT_SYMBOL_IF_KUNIT(fwt_set_table_free);
EXPORT_SYMBOL_IF_KUNIT(fwt_set_key_of);
EXPORT_SYMBOL_IF_KUNIT(fwt_set_hash_init);
EXPORT_SYMBOL_IF_KUNIT(fwt_set_hash_clean);
EXPORT_SYMBOL_IF_KUNIT(fwt_set_hash_find);
EXPORT_SYMBOL_IF_KUNIT(fwt_set_hash_look);
EXPORT_SYMBOL_IF_KUNIT(fwt_set_hash_put);
EXPORT_SYMBOL_IF_KUNIT(fwt_set_hash_remove);
EXPORT_SYMBOL_IF_KUNIT(fwt_set_hash_walk);
EXPORT_SYMBOL_IF_KUNIT(fwt_set_hash_part);
EXPORT_SYMBOL_IF_KUNIT(fwt_set_hash_resize);
EXPORT_SYMBOL_IF_KUNIT(fwt_set_hash_misfit);

EXPORT_SYMBOL_IF_KUNIT(fwt_stats_read);
EXPORT_SYMBOL_IF_KUNIT(fwt_stats_reset);

EXPORT_SYMBOL_IF_KUNIT(fwt_limit_read);
EXPORT_SYMBOL_IF_KUNIT(fwt_nodes_each);
EXPORT_SYMBOL_IF_KUNIT(fwt_limits_charge);
EXPORT_SYMBOL_IF_KUNIT(fwt_share_init);
EXPORT_SYMBOL_IF_KUNIT(fwt_share_take);
EXPORT_SYMBOL_IF_KUNIT(fwt_share_give);
EXPORT_SYMBOL_IF_KUNIT(fwt_share_must);
EXPORT_SYMBOL_IF_KUNIT(fwt_limits_reset);
EXPORT_SYMBOL_IF_KUNIT(fwt_world_init);
EXPORT_SYMBOL_IF_KUNIT(fwt_world_under);

EXPORT_SYMBOL_IF_KUNIT(fwt_policy_apply);
EXPORT_SYMBOL_IF_KUNIT(fwt_policy_try);
EXPORT_SYMBOL_IF_KUNIT(fwt_trial_confirm);
EXPORT_SYMBOL_IF_KUNIT(fwt_trial_rollback);
EXPORT_SYMBOL_IF_KUNIT(fwt_policy_flush);
EXPORT_SYMBOL_IF_KUNIT(fwt_policy_take);
EXPORT_SYMBOL_IF_KUNIT(fwt_policy_taken);
EXPORT_SYMBOL_IF_KUNIT(fwtree_nl_family);
EXPORT_SYMBOL_IF_KUNIT(fwt_object_find);
EXPORT_SYMBOL_IF_KUNIT(fwt_pool_answered);
EXPORT_SYMBOL_IF_KUNIT(fwt_pool_ended);
EXPORT_SYMBOL_IF_KUNIT(fwt_pool_server_add);
EXPORT_SYMBOL_IF_KUNIT(fwt_pool_server_weight);
EXPORT_SYMBOL_IF_KUNIT(fwt_pool_server_drain);
EXPORT_SYMBOL_IF_KUNIT(fwt_pool_server_delete);
EXPORT_SYMBOL_IF_KUNIT(fwt_pools_count);
EXPORT_SYMBOL_IF_KUNIT(fwt_balance_order);
EXPORT_SYMBOL_IF_KUNIT(fwt_hook_inet);
EXPORT_SYMBOL_IF_KUNIT(fwt_hook_dev);

EXPORT_SYMBOL_IF_KUNIT(fwt_packet_parse);
EXPORT_SYMBOL_IF_KUNIT(fwt_tuple_get);
EXPORT_SYMBOL_IF_KUNIT(fwt_ends_get);
EXPORT_SYMBOL_IF_KUNIT(fwt_ends_set);
EXPORT_SYMBOL_IF_KUNIT(fwt_ends_equal);
EXPORT_SYMBOL_IF_KUNIT(fwt_ends_pairs);
EXPORT_SYMBOL_IF_KUNIT(fwt_tcp_init);
EXPORT_SYMBOL_IF_KUNIT(fwt_tcp_packet);
EXPORT_SYMBOL_IF_KUNIT(fwt_verify);
EXPORT_SYMBOL_IF_KUNIT(fwt_verify_scratch);
EXPORT_SYMBOL_IF_KUNIT(fwt_walk);
