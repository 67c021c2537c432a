// SPDX-License-Identifier: GPL-2.0
/* Pools and their servers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nl_priv.h"

void fwt_nl_server_read(struct fwt_nl_server *s, const struct nlattr **tb)
{
	const struct nlattr *addr = tb[FWTREE_A_SERVER_ADDR];
	size_t len = addr ? mnl_attr_get_payload_len(addr) : 0;

	memset(s, 0, sizeof(*s));
	s->pool = fwt_nl_str(tb[FWTREE_A_SERVER_POOL]);
	s->scheduler = fwt_nl_u32(tb[FWTREE_A_SERVER_SCHEDULER]);
	s->passive = tb[FWTREE_A_SERVER_PASSIVE];
	if (len == 4 || len == 16) {
		s->family = len == 4 ? 4 : 6;
		memcpy(s->addr, mnl_attr_get_payload(addr), len);
	}
	s->port = fwt_nl_u16(tb[FWTREE_A_SERVER_PORT]);
	s->port_last = fwt_nl_u16(tb[FWTREE_A_SERVER_PORT_LAST]);
	if (!s->port_last)
		s->port_last = s->port;
	s->weight = fwt_nl_u32(tb[FWTREE_A_SERVER_WEIGHT]);
	s->state = fwt_nl_u32(tb[FWTREE_A_SERVER_STATE]);
	s->conns = fwt_nl_u32(tb[FWTREE_A_SERVER_CONNS]);
	s->total = fwt_nl_u64(tb[FWTREE_A_SERVER_TOTAL]);
	s->failed = fwt_nl_u64(tb[FWTREE_A_SERVER_FAILED]);
	s->packets = fwt_nl_u64(tb[FWTREE_A_SERVER_PACKETS]);
	s->bytes = fwt_nl_u64(tb[FWTREE_A_SERVER_BYTES]);
	s->has_retry = tb[FWTREE_A_SERVER_RETRY];
	s->retry = fwt_nl_u32(tb[FWTREE_A_SERVER_RETRY]);
}

static int server_answer(void *ctx, const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[FWTREE_A_SERVER_MAX + 1];
	struct fwt_nl_servers *all = ctx;
	struct fwt_nl_server *s;

	if (fwt_nl_grow((void **)&all->server, &all->size, all->count, sizeof(*s)))
		return -ENOMEM;
	fwt_nl_parse(nlh, tb, FWTREE_A_SERVER_MAX);
	s = &all->server[all->count];
	fwt_nl_server_read(s, tb);
	s->pool = fwt_nl_dup(tb[FWTREE_A_SERVER_POOL]);
	if (!s->pool)
		return -ENOMEM;
	all->count++;
	return 0;
}

int fwt_nl_servers_get(struct fwt_nl *nl, struct fwt_nl_servers *s)
{
	int ret, i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < FWT_NL_TRIES; i++) {
		ret = fwt_nl_talk(nl, fwt_nl_request(nl, FWTREE_CMD_SERVER_GET, NLM_F_DUMP),
				  server_answer, s);
		if (!ret)
			return 0;
		fwt_nl_servers_clean(s);
		if (ret != -EINTR)
			break;
	}
	return ret;
}

void fwt_nl_servers_clean(struct fwt_nl_servers *s)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		free((char *)s->server[i].pool);
	free(s->server);
	memset(s, 0, sizeof(*s));
}

int fwt_nl_server_set(struct fwt_nl *nl, const struct fwt_nl_server *s, uint32_t action,
		      bool reset)
{
	struct nlmsghdr *nlh = fwt_nl_request(nl, FWTREE_CMD_SERVER_SET, 0);

	mnl_attr_put_strz(nlh, FWTREE_A_SERVER_POOL, s->pool);
	mnl_attr_put_u32(nlh, FWTREE_A_SERVER_ACTION, action);
	mnl_attr_put(nlh, FWTREE_A_SERVER_ADDR, s->family == 6 ? 16 : 4, s->addr);
	if (s->port)
		mnl_attr_put_u16(nlh, FWTREE_A_SERVER_PORT, s->port);
	if (s->port_last > s->port)
		mnl_attr_put_u16(nlh, FWTREE_A_SERVER_PORT_LAST, s->port_last);
	if (s->weight)
		mnl_attr_put_u32(nlh, FWTREE_A_SERVER_WEIGHT, s->weight);
	if (reset)
		mnl_attr_put(nlh, FWTREE_A_SERVER_RESET, 0, NULL);
	return fwt_nl_talk(nl, nlh, NULL, NULL);
}
