// SPDX-License-Identifier: GPL-2.0
/* Limits, quotas and splits by turns, as they stand. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/genetlink.h>

#include "nl_priv.h"

static int limit_answer(void *ctx, const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[FWTREE_A_LIMIT_MAX + 1];
	struct fwt_nl_limits *all = ctx;
	struct fwt_nl_limit *l;

	if (fwt_nl_grow((void **)&all->limit, &all->size, all->count, sizeof(*l)))
		return -ENOMEM;
	fwt_nl_parse(nlh, tb, FWTREE_A_LIMIT_MAX);
	l = &all->limit[all->count++];
	l->kind = fwt_nl_u32(tb[FWTREE_A_LIMIT_KIND]);
	l->rule = fwt_nl_u32(tb[FWTREE_A_LIMIT_RULE]);
	l->passed = fwt_nl_u64(tb[FWTREE_A_LIMIT_PASSED]);
	l->over = fwt_nl_u64(tb[FWTREE_A_LIMIT_OVER]);
	l->rate = fwt_nl_u64(tb[FWTREE_A_LIMIT_RATE]);
	l->per = fwt_nl_u32(tb[FWTREE_A_LIMIT_PER]);
	l->burst = fwt_nl_u64(tb[FWTREE_A_LIMIT_BURST]);
	l->bytes = tb[FWTREE_A_LIMIT_BYTES];
	l->keyed = !tb[FWTREE_A_LIMIT_TOKENS];
	l->tokens = fwt_nl_u64(tb[FWTREE_A_LIMIT_TOKENS]);
	l->keys = fwt_nl_u32(tb[FWTREE_A_LIMIT_KEYS]);
	l->keys_max = fwt_nl_u32(tb[FWTREE_A_LIMIT_KEYS_MAX]);
	l->evicted = fwt_nl_u64(tb[FWTREE_A_LIMIT_EVICTED]);
	l->memory = fwt_nl_u64(tb[FWTREE_A_LIMIT_MEMORY]);
	l->quota = fwt_nl_u64(tb[FWTREE_A_LIMIT_SIZE]);
	l->used = fwt_nl_u64(tb[FWTREE_A_LIMIT_USED]);
	l->turn = fwt_nl_u32(tb[FWTREE_A_LIMIT_TURN]);
	l->turns = fwt_nl_u32(tb[FWTREE_A_LIMIT_TURNS]);
	return 0;
}

int fwt_nl_limits_get(struct fwt_nl *nl, struct fwt_nl_limits *l)
{
	int ret, i;

	memset(l, 0, sizeof(*l));
	for (i = 0; i < FWT_NL_TRIES; i++) {
		ret = fwt_nl_talk(nl, fwt_nl_request(nl, FWTREE_CMD_LIMIT_GET, NLM_F_DUMP),
				  limit_answer, l);
		if (!ret)
			return 0;
		fwt_nl_limits_clean(l);
		if (ret != -EINTR)
			break;
	}
	return ret;
}

void fwt_nl_limits_clean(struct fwt_nl_limits *l)
{
	free(l->limit);
	memset(l, 0, sizeof(*l));
}
