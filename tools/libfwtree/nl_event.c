// SPDX-License-Identifier: GPL-2.0
/* Events: what the kernel tells who listens. */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <linux/genetlink.h>
#include <sys/socket.h>

#include "nl_priv.h"

/* Bytes that may wait for us: some thousands of events. */
#define RECEIVE_BUFFER	(4 << 20)

int fwt_nl_listen(struct fwt_nl *nl, unsigned int groups)
{
	int i, size = RECEIVE_BUFFER, fd = mnl_socket_get_fd(nl->sock);

	/* Beyond net.core.rmem_max where we may. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	for (i = 0; i < FWT_NL_GROUPS; i++) {
		if (!(groups & 1u << i))
			continue;
		if (!nl->group[i])
			return fwt_nl_fail(nl, -EOPNOTSUPP,
					   "this fwtree.ko does not tell of that");
		if (mnl_socket_setsockopt(nl->sock, NETLINK_ADD_MEMBERSHIP,
					  &nl->group[i], sizeof(nl->group[i])) < 0)
			return fwt_nl_fail(nl, -errno, "cannot listen: %s",
					   errno == EPERM ? "this needs CAP_NET_ADMIN (be root)" :
					   strerror(errno));
	}
	return 0;
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static int lost(uint32_t count, uint64_t when,
		int (*fn)(void *ctx, const struct fwt_nl_event *e), void *ctx)
{
	struct fwt_nl_event e = {
		.kind = FWT_NL_EVENT_LOST, .time = when, .lost = count,
	};

	return fn(ctx, &e);
}

static int tell(const struct nlmsghdr *nlh,
		int (*fn)(void *ctx, const struct fwt_nl_event *e), void *ctx)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[FWTREE_A_CONN_MAX + FWTREE_A_POLICY_MAX + 1];
	struct fwt_nl_event e = { 0 };
	int ret;

	if (genl->cmd == FWTREE_CMD_POLICY_NTF) {
		fwt_nl_parse(nlh, tb, FWTREE_A_POLICY_MAX);
		e.kind = FWT_NL_EVENT_POLICY;
		e.policy_event = fwt_nl_u32(tb[FWTREE_A_POLICY_EVENT]);
		e.generation = fwt_nl_u32(tb[FWTREE_A_POLICY_GENERATION]);
		e.time = fwt_nl_u64(tb[FWTREE_A_POLICY_TIME]);
		return fn(ctx, &e);
	}
	if (genl->cmd != FWTREE_CMD_CONN_NTF)
		return 0;
	fwt_nl_parse(nlh, tb, FWTREE_A_CONN_MAX);
	e.kind = FWT_NL_EVENT_CONN;
	e.time = fwt_nl_u64(tb[FWTREE_A_CONN_TIME]);
	if (tb[FWTREE_A_CONN_LOST]) {
		ret = lost(fwt_nl_u32(tb[FWTREE_A_CONN_LOST]), e.time, fn, ctx);
		if (ret)
			return ret;
	}
	e.conn_event = fwt_nl_u32(tb[FWTREE_A_CONN_EVENT]);
	e.ended_by = fwt_nl_str(tb[FWTREE_A_CONN_ENDED_BY]);
	fwt_nl_conn_read(&e.conn, tb);
	return fn(ctx, &e);
}

int fwt_nl_monitor(struct fwt_nl *nl,
		   int (*fn)(void *ctx, const struct fwt_nl_event *e), void *ctx)
{
	const struct nlmsghdr *nlh;
	ssize_t got;
	int ret, len;

	for (;;) {
		got = mnl_socket_recvfrom(nl->sock, nl->buf, FWT_NL_BUFFER);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == ENOBUFS) {
			ret = lost(0, now(), fn, ctx);
			if (ret)
				return ret;
			continue;
		}
		if (got < 0)
			return fwt_nl_fail(nl, -errno, "cannot listen: %s",
					   strerror(errno));
		len = (int)got;
		for (nlh = (void *)nl->buf; mnl_nlmsg_ok(nlh, len);
		     nlh = mnl_nlmsg_next(nlh, &len)) {
			if (nlh->nlmsg_type != nl->family)
				continue;
			ret = tell(nlh, fn, ctx);
			if (ret)
				return ret;
		}
	}
}
