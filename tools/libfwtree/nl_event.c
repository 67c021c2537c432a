// SPDX-License-Identifier: GPL-2.0
/* Events: what the kernel tells who listens. */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <linux/genetlink.h>
#include <sys/socket.h>

#include "nl_priv.h"

/* The multicast group "notify" of who tells of families. */
#define NOTIFY	GENL_ID_CTRL

/* Bytes that may wait for us: some thousands of events. */
#define RECEIVE_BUFFER	(4 << 20)

int fwt_nl_listen(struct fwt_nl *nl, unsigned int groups)
{
	int i, size = RECEIVE_BUFFER, notify = NOTIFY, fd = mnl_socket_get_fd(nl->sock);

	/* Beyond net.core.rmem_max where we may. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	/* Of the module's end; who can't hear of that hears the rest. */
	(void)mnl_socket_setsockopt(nl->sock, NETLINK_ADD_MEMBERSHIP, &notify, sizeof(notify));
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

typedef int (*event_fn)(void *ctx, const struct fwt_nl_event *e);

static int lost(uint32_t count, int of, uint64_t when, event_fn fn, void *ctx)
{
	struct fwt_nl_event e = {
		.kind = FWT_NL_EVENT_LOST, .time = when, .lost = count, .lost_of = of,
	};

	return fn(ctx, &e);
}

/* So many bytes, or none at all. */
static bool get_bytes(uint8_t *to, size_t size, const struct nlattr *a)
{
	if (!a || mnl_attr_get_payload_len(a) != size)
		return false;
	memcpy(to, mnl_attr_get_payload(a), size);
	return true;
}

static void get_packet(struct fwt_nl_packet *p, const struct nlattr **tb)
{
	size_t size;

	p->hook = fwt_nl_u32(tb[FWTREE_A_PACKET_HOOK]);
	p->verdict = fwt_nl_u32(tb[FWTREE_A_PACKET_VERDICT]);
	p->reason = fwt_nl_str(tb[FWTREE_A_PACKET_REASON]);
	p->prefix = fwt_nl_str(tb[FWTREE_A_PACKET_PREFIX]);
	p->iif = fwt_nl_str(tb[FWTREE_A_PACKET_IIF]);
	p->oif = fwt_nl_str(tb[FWTREE_A_PACKET_OIF]);
	fwt_nl_conn_rule_read(&p->rule, tb[FWTREE_A_PACKET_RULE]);
	p->mark = fwt_nl_u32(tb[FWTREE_A_PACKET_MARK]);
	p->ether_type = fwt_nl_u16(tb[FWTREE_A_PACKET_ETHER_TYPE]);
	p->has_ether = get_bytes(p->ether_saddr, 6, tb[FWTREE_A_PACKET_ETHER_SADDR]) &&
		       get_bytes(p->ether_daddr, 6, tb[FWTREE_A_PACKET_ETHER_DADDR]);
	p->family = fwt_nl_u8(tb[FWTREE_A_PACKET_FAMILY]);
	size = p->family == 6 ? 16 : 4;
	if (!get_bytes(p->saddr, size, tb[FWTREE_A_PACKET_SADDR]) ||
	    !get_bytes(p->daddr, size, tb[FWTREE_A_PACKET_DADDR]))
		p->family = 0;
	p->protocol = fwt_nl_u8(tb[FWTREE_A_PACKET_PROTOCOL]);
	p->length = fwt_nl_u32(tb[FWTREE_A_PACKET_LENGTH]);
	p->ttl = fwt_nl_u8(tb[FWTREE_A_PACKET_TTL]);
	p->has_ports = tb[FWTREE_A_PACKET_SPORT] && tb[FWTREE_A_PACKET_DPORT];
	p->sport = fwt_nl_u16(tb[FWTREE_A_PACKET_SPORT]);
	p->dport = fwt_nl_u16(tb[FWTREE_A_PACKET_DPORT]);
	p->has_tcp = tb[FWTREE_A_PACKET_TCP_FLAGS];
	p->tcp_flags = fwt_nl_u8(tb[FWTREE_A_PACKET_TCP_FLAGS]);
	p->has_icmp = tb[FWTREE_A_PACKET_ICMP_TYPE];
	p->type = fwt_nl_u8(tb[FWTREE_A_PACKET_ICMP_TYPE]);
	p->code = fwt_nl_u8(tb[FWTREE_A_PACKET_ICMP_CODE]);
	p->has_icmp_id = tb[FWTREE_A_PACKET_ICMP_ID];
	p->icmp_id = fwt_nl_u16(tb[FWTREE_A_PACKET_ICMP_ID]);
}

static int tell_policy(const struct nlmsghdr *nlh, event_fn fn, void *ctx)
{
	const struct nlattr *tb[FWTREE_A_POLICY_MAX + 1];
	struct fwt_nl_event e = { .kind = FWT_NL_EVENT_POLICY };

	fwt_nl_parse(nlh, tb, FWTREE_A_POLICY_MAX);
	e.policy_event = fwt_nl_u32(tb[FWTREE_A_POLICY_EVENT]);
	e.generation = fwt_nl_u32(tb[FWTREE_A_POLICY_GENERATION]);
	e.time = fwt_nl_u64(tb[FWTREE_A_POLICY_TIME]);
	return fn(ctx, &e);
}

/* A message may say that others were lost, an event, or both. */
static int tell_conn(const struct nlmsghdr *nlh, event_fn fn, void *ctx)
{
	const struct nlattr *tb[FWTREE_A_CONN_MAX + 1];
	struct fwt_nl_event e = { .kind = FWT_NL_EVENT_CONN };
	int ret = 0;

	fwt_nl_parse(nlh, tb, FWTREE_A_CONN_MAX);
	e.time = fwt_nl_u64(tb[FWTREE_A_CONN_TIME]);
	if (tb[FWTREE_A_CONN_LOST])
		ret = lost(fwt_nl_u32(tb[FWTREE_A_CONN_LOST]), e.kind, e.time, fn, ctx);
	if (ret || !tb[FWTREE_A_CONN_EVENT])
		return ret;
	e.conn_event = fwt_nl_u32(tb[FWTREE_A_CONN_EVENT]);
	e.ended_by = fwt_nl_str(tb[FWTREE_A_CONN_ENDED_BY]);
	fwt_nl_conn_read(&e.conn, tb);
	return fn(ctx, &e);
}

static int tell_packet(const struct nlmsghdr *nlh, int kind, event_fn fn, void *ctx)
{
	const struct nlattr *tb[FWTREE_A_PACKET_MAX + 1];
	struct fwt_nl_event e = { .kind = kind };
	int ret = 0;

	fwt_nl_parse(nlh, tb, FWTREE_A_PACKET_MAX);
	e.time = fwt_nl_u64(tb[FWTREE_A_PACKET_TIME]);
	if (tb[FWTREE_A_PACKET_LOST])
		ret = lost(fwt_nl_u32(tb[FWTREE_A_PACKET_LOST]), kind, e.time, fn, ctx);
	if (ret || !tb[FWTREE_A_PACKET_HOOK])
		return ret;
	get_packet(&e.packet, tb);
	return fn(ctx, &e);
}

static int tell_server(const struct nlmsghdr *nlh, event_fn fn, void *ctx)
{
	const struct nlattr *tb[FWTREE_A_SERVER_MAX + 1];
	struct fwt_nl_event e = { .kind = FWT_NL_EVENT_SERVER };

	fwt_nl_parse(nlh, tb, FWTREE_A_SERVER_MAX);
	e.time = fwt_nl_u64(tb[FWTREE_A_SERVER_TIME]);
	fwt_nl_server_read(&e.server, tb);
	return e.server.pool ? fn(ctx, &e) : 0;
}

static int tell_set(const struct nlmsghdr *nlh, event_fn fn, void *ctx)
{
	const struct nlattr *tb[FWTREE_A_SET_MAX + 1];
	struct fwt_nl_event e = { .kind = FWT_NL_EVENT_SET };

	fwt_nl_parse(nlh, tb, FWTREE_A_SET_MAX);
	e.time = fwt_nl_u64(tb[FWTREE_A_SET_TIME]);
	e.set.name = fwt_nl_str(tb[FWTREE_A_SET_NAME]);
	e.set.count = fwt_nl_u32(tb[FWTREE_A_SET_COUNT]);
	e.set.max = fwt_nl_u32(tb[FWTREE_A_SET_LIMIT]);
	e.set.refused = fwt_nl_u64(tb[FWTREE_A_SET_REFUSED]);
	if (!e.set.name || fwt_nl_u32(tb[FWTREE_A_SET_EVENT]) != FWTREE_SET_EVENT_FULL)
		return 0;
	return fn(ctx, &e);
}

static int tell(const struct nlmsghdr *nlh, event_fn fn, void *ctx)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);

	switch (genl->cmd) {
	case FWTREE_CMD_POLICY_NTF:
		return tell_policy(nlh, fn, ctx);
	case FWTREE_CMD_SERVER_NTF:
		return tell_server(nlh, fn, ctx);
	case FWTREE_CMD_SET_NTF:
		return tell_set(nlh, fn, ctx);
	case FWTREE_CMD_CONN_NTF:
		return tell_conn(nlh, fn, ctx);
	case FWTREE_CMD_LOG_NTF:
		return tell_packet(nlh, FWT_NL_EVENT_LOG, fn, ctx);
	case FWTREE_CMD_DROP_NTF:
		return tell_packet(nlh, FWT_NL_EVENT_DROP, fn, ctx);
	}
	return 0;
}

/* The module is unloaded; should it come back it is another family. */
static bool gone(const struct fwt_nl *nl, const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[CTRL_ATTR_FAMILY_ID + 1];

	if (nlh->nlmsg_type != GENL_ID_CTRL || genl->cmd != CTRL_CMD_DELFAMILY)
		return false;
	fwt_nl_parse(nlh, tb, CTRL_ATTR_FAMILY_ID);
	return fwt_nl_u16(tb[CTRL_ATTR_FAMILY_ID]) == nl->family;
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
			ret = lost(0, 0, now(), fn, ctx);
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
			if (gone(nl, nlh))
				return fwt_nl_fail(nl, -ENODEV, FWT_NL_UNLOADED);
			if (nlh->nlmsg_type != nl->family)
				continue;
			ret = tell(nlh, fn, ctx);
			if (ret)
				return ret;
		}
	}
}

int fwt_nl_fd(const struct fwt_nl *nl)
{
	return mnl_socket_get_fd(nl->sock);
}

int fwt_nl_drain(struct fwt_nl *nl)
{
	/* That some were lost says as much as they would have. */
	while (recv(fwt_nl_fd(nl), nl->buf, FWT_NL_BUFFER, MSG_DONTWAIT) >= 0 ||
	       errno == ENOBUFS || errno == EINTR)
		;
	if (errno == EAGAIN)
		return 0;
	return fwt_nl_fail(nl, -errno, "cannot listen: %s", strerror(errno));
}
