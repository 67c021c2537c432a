// SPDX-License-Identifier: GPL-2.0
/* Nodes that answer what they are told to, sense or nonsense: nodes.sh. And a netlink
 * family, which can't be registered while a request of another one is waiting for that;
 * and a notifier of devices, which can't be while a namespace goes.
 */
#include <linux/netdevice.h>
#include <net/genetlink.h>
#include <fwtree_node.h>

struct told {
	int says;
	u32 what;
	u32 value;
};

enum { SAYS, NEGATIVE, WHAT, VALUE };

static const struct fwt_node_param params[] = {
	[SAYS] = { .name = "says", .type = FWT_NODE_NUMBER, .max = INT_MAX },
	[NEGATIVE] = { .name = "negative", .type = FWT_NODE_FLAG },
	[WHAT] = { .name = "what", .type = FWT_NODE_NUMBER, .max = U32_MAX },
	[VALUE] = { .name = "value", .type = FWT_NODE_NUMBER, .max = U32_MAX },
};

static atomic_t made = ATOMIC_INIT(0);
module_param_named(made, made.counter, int, 0444);
MODULE_PARM_DESC(made, "uses that there are");

static int init(struct fwt_node_init *at)
{
	struct told *t = at->priv;

	t->says = at->value[SAYS].number;
	if (at->value[NEGATIVE].given)
		t->says = -t->says;
	t->what = at->value[WHAT].number;
	t->value = at->value[VALUE].number;
	atomic_inc(&made);
	return 0;
}

static void destroy(void *priv)
{
	atomic_dec(&made);
}

static int wrong_select(const void *priv, struct fwt_node_packet *pkt)
{
	const struct told *t = priv;

	return t->says;
}

static int wrong_modify(const void *priv, struct fwt_node_packet *pkt,
			struct fwt_node_sets *to)
{
	const struct told *t = priv;
	u32 i;

	to->what = t->what;
	for (i = 0; i < __FWT_NODE_SET_MAX; i++)
		to->value[i] = t->value;
	return t->says;
}

#define WRONG(title, is)							\
	.owner = THIS_MODULE, .name = (title), .kind = (is), .param = params,	\
	.n_params = ARRAY_SIZE(params), .priv_size = sizeof(struct told),	\
	.init = init, .destroy = destroy

static struct fwt_node_ops wrong[] = {
	{ WRONG("wrong-select", FWT_NODE_SELECTOR), .n_branches = 4, .select = wrong_select },
	{ WRONG("wrong-modify", FWT_NODE_MODIFIER), .modify = wrong_modify },
	{ WRONG("wrong-both", FWT_NODE_SELECTING_MODIFIER), .n_branches = 4,
	  .modify = wrong_modify },
	{ WRONG("wrong-hook", FWT_NODE_SELECTOR), .n_branches = 2, .select = wrong_select,
	  .hooks = FWT_HOOK_BIT(FWT_HOOK_EGRESS) },
};

static struct genl_family family = {
	.name = "fwt-wrong", .version = 1, .module = THIS_MODULE,
};

static int nothing(struct notifier_block *nb, unsigned long event, void *ptr)
{
	return NOTIFY_DONE;
}

static struct notifier_block notifier = { .notifier_call = nothing };

static int __init wrong_init(void)
{
	u32 i;
	int ret;

	ret = register_netdevice_notifier(&notifier);
	if (ret)
		return ret;
	ret = genl_register_family(&family);
	if (ret) {
		unregister_netdevice_notifier(&notifier);
		return ret;
	}
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		ret = fwt_node_register(&wrong[i]);
		if (ret)
			goto undo;
	}
	return 0;
undo:
	while (i--)
		fwt_node_unregister(&wrong[i]);
	genl_unregister_family(&family);
	unregister_netdevice_notifier(&notifier);
	return ret;
}

static void __exit wrong_exit(void)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		fwt_node_unregister(&wrong[i]);
	genl_unregister_family(&family);
	unregister_netdevice_notifier(&notifier);
}

module_init(wrong_init);
module_exit(wrong_exit);

MODULE_DESCRIPTION("Nodes with bugs, for tests");
MODULE_LICENSE("GPL");
