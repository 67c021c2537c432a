// SPDX-License-Identifier: GPL-2.0
/*
 * fwtree: a firewall whose policy is a decision tree.
 *
 * Life of a namespace: .init makes the little that is needed to be asked for a
 * policy; hooks, the hash and slots come with the first policy. .pre_exit takes
 * the hooks, while devices are still there; .exit frees the rest when no packet
 * can come by any more. Removing the module does the same to every namespace,
 * and ends with rcu_barrier(), for callbacks are code of the module.
 */
#include <linux/module.h>
#include <linux/rtnetlink.h>
#include <net/net_namespace.h>

#include "conn.h"
#include "gone.h"
#include "count.h"
#include "event.h"
#include "hook.h"
#include "netlink.h"
#include "node.h"
#include "policy.h"
#include "pool.h"
#include "sockopt.h"

unsigned int fwt_net_id __read_mostly;
struct workqueue_struct *fwt_wq;

static int __net_init fwt_net_init(struct net *net)
{
	struct fwt_net *fn = fwt_pernet(net);
	int ret;

	fn->net = net;
	fwt_share_init(&fn->sets, FWT_SHARE_SETS, net);
	fwt_share_init(&fn->limits, FWT_SHARE_LIMITS, net);
	mutex_init(&fn->lock);
	INIT_LIST_HEAD(&fn->devs);
	atomic_set(&fn->n_conns, 0);
	atomic_set(&fn->n_conns6, 0);
	atomic_set(&fn->n_more, 0);
	atomic_set(&fn->n_counts, 0);
	fn->timeouts_percent = 100;
	ratelimit_state_init(&fn->answer_limit, HZ, 100);
	/* Said by counters of ours, not in the kernel's log. */
	ratelimit_set_flags(&fn->answer_limit, RATELIMIT_MSG_ON_RELEASE);
	fwt_events_init(fn);
	fn->stats = alloc_percpu_gfp(struct fwt_stats, GFP_KERNEL_ACCOUNT);
	if (!fn->stats)
		return -ENOMEM;
	ret = fwt_slots_init(&fn->slots);
	if (ret) {
		free_percpu(fn->stats);
		return ret;
	}
	fwt_policies_net_init(fn);
	fwt_trial_init(fn);
	fwt_pools_net_init(fn);
	fwt_netlink_net_init(fn);
	return 0;
}

static void __net_exit fwt_net_pre_exit(struct net *net)
{
	struct fwt_net *fn = fwt_pernet(net);

	mutex_lock(&fn->lock);
	fn->dying = true;
	mutex_unlock(&fn->lock);
	fwt_policy_flush(fn);
}

static void __net_exit fwt_net_exit(struct net *net)
{
	struct fwt_net *fn = fwt_pernet(net);

	fwt_netlink_net_clean(fn);
	fwt_trial_clean(fn);
	fwt_policies_net_clean(fn);
	/* Most namespaces never have a policy, and pay nothing for us. */
	if (fn->generation) {
		/* The last policy's work lets go of its slots, after RCU. */
		rcu_barrier();
		flush_workqueue(fwt_wq);
	}
	/* Its sets are gone by now; what they had before they changed may still be to be
	 * freed, as the books say: of a first policy that was refused, too.
	 */
	if (fwt_share_bytes(&fn->sets)) {
		rcu_barrier();
		flush_workqueue(fwt_wq);
	}
	fwt_conns_clean(fn);
	fwt_events_clean(fn);
	fwt_pools_net_clean(fn);
	fwt_counts_clean(fn);
	fwt_slots_clean(&fn->slots);
	free_percpu(fn->stats);
}

static struct pernet_operations fwt_net_ops = {
	.init = fwt_net_init,
	.pre_exit = fwt_net_pre_exit,
	.exit = fwt_net_exit,
	.id = &fwt_net_id,
	.size = sizeof(struct fwt_net),
};

static struct notifier_block fwt_dev_notifier = {
	.notifier_call = fwt_dev_event,
};

static int __init fwt_init(void)
{
	int ret;

	/* Bound to no CPU, and may take memory to free memory. */
	fwt_wq = alloc_workqueue("fwtree", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!fwt_wq)
		return -ENOMEM;
	ret = fwt_nodes_init();
	if (ret)
		goto no_nodes;
	ret = fwt_conn_cache_init();
	if (ret)
		goto no_cache;
	ret = register_pernet_subsys(&fwt_net_ops);
	if (ret)
		goto no_net;
	ret = register_netdevice_notifier(&fwt_dev_notifier);
	if (ret)
		goto no_notifier;
	ret = fwt_sockopt_init();
	if (ret)
		goto no_sockopt;
	ret = fwt_gone_init();
	if (ret)
		goto no_gone;
	/* Last: from now on policies can come. */
	ret = fwt_netlink_init();
	if (ret)
		goto no_netlink;
	return 0;

no_netlink:
	fwt_gone_clean();
no_gone:
	fwt_sockopt_clean();
no_sockopt:
	unregister_netdevice_notifier(&fwt_dev_notifier);
no_notifier:
	unregister_pernet_subsys(&fwt_net_ops);
no_net:
	rcu_barrier();
	fwt_conn_cache_clean();
no_cache:
	fwt_nodes_exit();
no_nodes:
	destroy_workqueue(fwt_wq);
	return ret;
}

static void __exit fwt_exit(void)
{
	/* Before devices may go without our hearing of it, and who is told is gone. */
	fwt_trials_stop();
	fwt_netlink_exit();
	fwt_gone_clean();
	fwt_sockopt_clean();
	unregister_netdevice_notifier(&fwt_dev_notifier);
	unregister_pernet_subsys(&fwt_net_ops);
	fwt_nodes_exit();
	rcu_barrier();
	destroy_workqueue(fwt_wq);
	fwt_conn_cache_clean();
}

module_init(fwt_init);
module_exit(fwt_exit);

MODULE_DESCRIPTION("Firewall whose policy is a decision tree");
MODULE_AUTHOR("The fwtree authors");
MODULE_LICENSE("GPL");
MODULE_SOFTDEP("pre: nf_defrag_ipv4 nf_defrag_ipv6");
