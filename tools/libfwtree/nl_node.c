// SPDX-License-Identifier: GPL-2.0
/* Nodes of other modules. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/genetlink.h>

#include "nl_priv.h"

static int read_param(struct fwt_nl_node *n, const struct nlattr *nest)
{
	const struct nlattr *tb[FWTREE_A_NODE_PARAM_MAX + 1];
	struct fwt_nl_node_param *p;

	if (fwt_nl_grow((void **)&n->param, &n->param_room, n->params, sizeof(*p)))
		return -ENOMEM;
	fwt_nl_parse_nest(nest, tb, FWTREE_A_NODE_PARAM_MAX);
	p = &n->param[n->params];
	memset(p, 0, sizeof(*p));
	p->name = fwt_nl_dup(tb[FWTREE_A_NODE_PARAM_NAME]);
	p->type = fwt_nl_u32(tb[FWTREE_A_NODE_PARAM_TYPE]);
	p->required = tb[FWTREE_A_NODE_PARAM_REQUIRED];
	p->least = fwt_nl_u64(tb[FWTREE_A_NODE_PARAM_LEAST]);
	p->most = fwt_nl_u64(tb[FWTREE_A_NODE_PARAM_MOST]);
	if (!p->name)
		return -ENOMEM;
	n->params++;
	return 0;
}

static int read_branch(struct fwt_nl_node *n, const struct nlattr *a)
{
	if (fwt_nl_grow((void **)&n->branch, &n->branch_room, n->named, sizeof(*n->branch)))
		return -ENOMEM;
	n->branch[n->named] = fwt_nl_dup(a);
	if (!n->branch[n->named])
		return -ENOMEM;
	n->named++;
	return 0;
}

static int node_answer(void *ctx, const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[FWTREE_A_NODE_MAX + 1], *a;
	struct fwt_nl_nodes *all = ctx;
	struct fwt_nl_node *n;
	int ret = 0;

	if (fwt_nl_grow((void **)&all->node, &all->size, all->count, sizeof(*n)))
		return -ENOMEM;
	n = &all->node[all->count++];
	memset(n, 0, sizeof(*n));
	fwt_nl_parse(nlh, tb, FWTREE_A_NODE_MAX);
	n->name = fwt_nl_dup(tb[FWTREE_A_NODE_NAME]);
	n->module = fwt_nl_dup(tb[FWTREE_A_NODE_MODULE]);
	n->kind = fwt_nl_u32(tb[FWTREE_A_NODE_KIND]);
	n->hooks = fwt_nl_u32(tb[FWTREE_A_NODE_HOOKS]);
	n->n_branches = fwt_nl_u32(tb[FWTREE_A_NODE_BRANCHES]);
	n->uses = fwt_nl_u32(tb[FWTREE_A_NODE_USES]);
	if (!n->name || !n->module)
		return -ENOMEM;
	mnl_attr_for_each(a, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(a) == FWTREE_A_NODE_PARAM)
			ret = read_param(n, a);
		else if (mnl_attr_get_type(a) == FWTREE_A_NODE_BRANCH)
			ret = read_branch(n, a);
		if (ret)
			return ret;
	}
	return 0;
}

int fwt_nl_nodes_get(struct fwt_nl *nl, struct fwt_nl_nodes *n)
{
	int ret, i;

	memset(n, 0, sizeof(*n));
	for (i = 0; i < FWT_NL_TRIES; i++) {
		ret = fwt_nl_talk(nl, fwt_nl_request(nl, FWTREE_CMD_NODE_GET, NLM_F_DUMP),
				  node_answer, n);
		if (!ret)
			return 0;
		fwt_nl_nodes_clean(n);
		if (ret != -EINTR)
			break;
	}
	return ret;
}

void fwt_nl_nodes_clean(struct fwt_nl_nodes *n)
{
	size_t i, k;

	for (i = 0; i < n->count; i++) {
		struct fwt_nl_node *one = &n->node[i];

		for (k = 0; k < one->named; k++)
			free(one->branch[k]);
		for (k = 0; k < one->params; k++)
			free(one->param[k].name);
		free(one->branch);
		free(one->param);
		free(one->name);
		free(one->module);
	}
	free(n->node);
	memset(n, 0, sizeof(*n));
}
