// SPDX-License-Identifier: GPL-2.0
/*
 * The conversation itself: socket, namespace, family, requests, refusals.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE	/* setns() */
#endif
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/genetlink.h>

#include "arena.h"
#include "nl_priv.h"

#ifndef NETLINK_GET_STRICT_CHK
#define NETLINK_GET_STRICT_CHK 12
#endif

int fwt_nl_fail(struct fwt_nl *nl, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(nl->error, sizeof(nl->error), fmt, args);
	va_end(args);
	return err;
}

static int open_netns(struct fwt_nl *nl, const char *netns)
{
	char path[300];
	int fd;

	if (strchr(netns, '/')) {
		fd = open(netns, O_RDONLY | O_CLOEXEC);
	} else {
		snprintf(path, sizeof(path), "/var/run/netns/%s", netns);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 && netns[0] && !netns[strspn(netns, "0123456789")]) {
			snprintf(path, sizeof(path), "/proc/%s/ns/net", netns);
			fd = open(path, O_RDONLY | O_CLOEXEC);
		}
	}
	if (fd < 0)
		return fwt_nl_fail(nl, -errno, "no network namespace '%s': %s",
				   netns, strerror(errno));
	return fd;
}

/* A socket belongs to the namespace that it was made in, whatever becomes of
 * its process: so that is the only thing done there.
 */
static int open_socket(struct fwt_nl *nl, const char *netns, int bus)
{
	int here = -1, there = -1, ret = 0;

	if (netns) {
		there = open_netns(nl, netns);
		if (there < 0)
			return there;
		here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
		if (here < 0 || setns(there, CLONE_NEWNET) < 0) {
			ret = fwt_nl_fail(nl, -errno,
					  "cannot enter the network namespace '%s': %s",
					  netns, strerror(errno));
			goto out;
		}
	}
	nl->sock = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (!nl->sock)
		ret = fwt_nl_fail(nl, -errno, "cannot open a netlink socket: %s",
				  strerror(errno));
	if (netns && setns(here, CLONE_NEWNET) < 0 && !ret)
		ret = fwt_nl_fail(nl, -errno,
				  "cannot return to the own network namespace: %s",
				  strerror(errno));
out:
	if (here >= 0)
		close(here);
	if (there >= 0)
		close(there);
	return ret;
}

static void get_group(struct fwt_nl *nl, const struct nlattr *nest)
{
	static const char *const names[FWT_NL_GROUPS] = {
		[FWT_NL_GROUP_POLICY] = FWTREE_MCGRP_EVENTS,
		[FWT_NL_GROUP_CONN] = FWTREE_MCGRP_CONNECTIONS,
		[FWT_NL_GROUP_LOG] = FWTREE_MCGRP_LOGS,
		[FWT_NL_GROUP_DROP] = FWTREE_MCGRP_DROPS,
	};
	const struct nlattr *tb[CTRL_ATTR_MCAST_GRP_MAX + 1];
	const char *name;
	int i;

	fwt_nl_parse_nest(nest, tb, CTRL_ATTR_MCAST_GRP_MAX);
	name = fwt_nl_str(tb[CTRL_ATTR_MCAST_GRP_NAME]);
	for (i = 0; name && i < FWT_NL_GROUPS; i++)
		if (!strcmp(name, names[i]))
			nl->group[i] = fwt_nl_u32(tb[CTRL_ATTR_MCAST_GRP_ID]);
}

static int family_answer(void *ctx, const struct nlmsghdr *nlh)
{
	const struct nlattr *a, *in;
	struct fwt_nl *nl = ctx;

	mnl_attr_for_each(a, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(a) == CTRL_ATTR_FAMILY_ID)
			nl->found = fwt_nl_u16(a);
		if (mnl_attr_get_type(a) != CTRL_ATTR_MCAST_GROUPS)
			continue;
		mnl_attr_for_each_nested(in, a)
			get_group(nl, in);
	}
	return 0;
}

static int find_family(struct fwt_nl *nl)
{
	struct genlmsghdr *genl;
	struct nlmsghdr *nlh;
	int ret;

	nl->family = GENL_ID_CTRL;
	nlh = fwt_nl_request(nl, CTRL_CMD_GETFAMILY, 0);
	genl = mnl_nlmsg_get_payload(nlh);
	genl->version = 1;
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, FWTREE_FAMILY_NAME);
	ret = fwt_nl_talk(nl, nlh, family_answer, nl);
	if (ret == -ENOENT)
		return fwt_nl_fail(nl, ret,
				   "fwtree is not loaded: insmod fwtree.ko (or modprobe fwtree)");
	if (ret)
		return ret;
	nl->family = nl->found;
	return 0;
}

static int begin(struct fwt_nl *nl, const char *netns, int bus)
{
	int on = 1, ret;

	memset(nl, 0, sizeof(*nl));
	nl->buf = malloc(FWT_NL_BUFFER);
	nl->out = malloc(FWT_NL_BUFFER);
	if (!nl->buf || !nl->out)
		return fwt_nl_fail(nl, -ENOMEM, "out of memory");
	ret = open_socket(nl, netns, bus);
	if (ret)
		return ret;
	if (mnl_socket_bind(nl->sock, 0, MNL_SOCKET_AUTOPID) < 0)
		return fwt_nl_fail(nl, -errno, "cannot bind a netlink socket: %s",
				   strerror(errno));
	nl->portid = mnl_socket_get_portid(nl->sock);
	/* Refusals in words, without our own request sent back; a kernel that
	 * can't do it answers with numbers alone.
	 */
	(void)mnl_socket_setsockopt(nl->sock, NETLINK_EXT_ACK, &on, sizeof(on));
	(void)mnl_socket_setsockopt(nl->sock, NETLINK_CAP_ACK, &on, sizeof(on));
	(void)mnl_socket_setsockopt(nl->sock, NETLINK_GET_STRICT_CHK, &on,
				    sizeof(on));
	return 0;
}

int fwt_nl_open(struct fwt_nl *nl, const char *netns)
{
	int ret = begin(nl, netns, NETLINK_GENERIC);

	return ret ? ret : find_family(nl);
}

int fwt_nl_open_route(struct fwt_nl *nl, const char *netns)
{
	return begin(nl, netns, NETLINK_ROUTE);
}

void fwt_nl_close(struct fwt_nl *nl)
{
	if (nl->sock)
		mnl_socket_close(nl->sock);
	free(nl->buf);
	free(nl->out);
	nl->sock = NULL;
	nl->buf = NULL;
	nl->out = NULL;
}

struct nlmsghdr *fwt_nl_request(struct fwt_nl *nl, uint8_t cmd, uint16_t flags)
{
	struct genlmsghdr *genl;
	struct nlmsghdr *nlh;

	nlh = mnl_nlmsg_put_header(nl->out);
	nlh->nlmsg_type = nl->family;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	nlh->nlmsg_seq = ++nl->seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = FWTREE_FAMILY_VERSION;
	return nlh;
}

/* What the kernel says about a refusal: @attrs follow the error number, and
 * with it, unless capped, the request.
 */
static int refused(struct fwt_nl *nl, const struct nlmsghdr *request, int err,
		   const void *attrs, size_t len)
{
	const struct nlattr *attr, *miss = NULL, *nest = NULL, *offs = NULL;
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(request);
	const char *text = NULL, *name = NULL, *why = strerror(-err);

	mnl_attr_for_each_payload(attrs, len) {
		switch (mnl_attr_get_type(attr)) {
		case NLMSGERR_ATTR_MSG:
			text = fwt_nl_str(attr);
			break;
		case NLMSGERR_ATTR_OFFS:
			offs = attr;
			break;
		case NLMSGERR_ATTR_MISS_TYPE:
			miss = attr;
			break;
		case NLMSGERR_ATTR_MISS_NEST:
			nest = attr;
			break;
		}
	}
	if (miss && request->nlmsg_type != GENL_ID_CTRL) {
		name = fwt_nl_attr_word(genl->cmd, nest, fwt_nl_u32(miss));
		if (!text)
			text = "an attribute is missing";
	} else if (offs && request->nlmsg_type != GENL_ID_CTRL) {
		name = fwt_nl_attr_name(request, fwt_nl_u32(offs));
	}
	if (err == -EPERM && !text)
		why = "not allowed: this needs CAP_NET_ADMIN (be root)";
	/* The module has words for whatever it does not find. */
	if (err == -ENOENT && !text && request->nlmsg_type != GENL_ID_CTRL)
		why = FWT_NL_UNLOADED;
	if (text && name)
		return fwt_nl_fail(nl, err, "%s (%s)", text, name);
	if (text)
		return fwt_nl_fail(nl, err, "%s", text);
	if (name)
		return fwt_nl_fail(nl, err, "%s (%s)", why, name);
	return fwt_nl_fail(nl, err, "%s", why);
}

/* NLMSG_ERROR, and the NLMSG_DONE that a dump ends with: the number, then the
 * kernel's words.
 */
static int ended(struct fwt_nl *nl, const struct nlmsghdr *request,
		 const struct nlmsghdr *nlh)
{
	const char *p = mnl_nlmsg_get_payload(nlh);
	size_t len = mnl_nlmsg_get_payload_len(nlh), skip = sizeof(int);
	int err = 0;

	if (len >= sizeof(int))
		memcpy(&err, p, sizeof(int));
	if (!err)
		return 0;
	if (nlh->nlmsg_type == NLMSG_ERROR) {
		const struct nlmsgerr *e = (const void *)p;

		if (len < sizeof(*e))
			return fwt_nl_fail(nl, -EPROTO, "a cut-off answer");
		skip = sizeof(*e);
		if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
			skip += mnl_nlmsg_get_payload_len(&e->msg);
		skip = MNL_ALIGN(skip);
	}
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS) || skip > len)
		skip = len;
	return refused(nl, request, err, p + skip, len - skip);
}

int fwt_nl_talk(struct fwt_nl *nl, struct nlmsghdr *request,
		int (*fn)(void *ctx, const struct nlmsghdr *nlh), void *ctx)
{
	const struct nlmsghdr *nlh;
	bool cut = false;
	int ret = 0, err, len;
	ssize_t got;

	nl->error[0] = 0;
	if (mnl_socket_sendto(nl->sock, request, request->nlmsg_len) < 0)
		return fwt_nl_fail(nl, -errno, "cannot send to the kernel: %s",
				   strerror(errno));
	for (;;) {
		got = mnl_socket_recvfrom(nl->sock, nl->buf, FWT_NL_BUFFER);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fwt_nl_fail(nl, -errno,
					   "no answer from the kernel: %s",
					   strerror(errno));
		len = (int)got;
		for (nlh = (void *)nl->buf; mnl_nlmsg_ok(nlh, len);
		     nlh = mnl_nlmsg_next(nlh, &len)) {
			/* What is left of a request that was given up. */
			if (nlh->nlmsg_seq != nl->seq ||
			    nlh->nlmsg_pid != nl->portid)
				continue;
			if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
				cut = true;
			if (nlh->nlmsg_type == NLMSG_ERROR ||
			    nlh->nlmsg_type == NLMSG_DONE) {
				err = ended(nl, request, nlh);
				if (err || ret)
					return err ? err : ret;
				if (cut)
					return fwt_nl_fail(nl, -EINTR,
							   "the policy changes too often to be read");
				return 0;
			}
			if (nlh->nlmsg_type < NLMSG_MIN_TYPE || !fn || ret)
				continue;
			ret = fn(ctx, nlh);
			if (ret == -ENOMEM)
				fwt_nl_fail(nl, ret, "out of memory");
		}
	}
}

static void store(const struct nlattr *a, const struct nlattr **tb,
		  unsigned int max)
{
	if (mnl_attr_get_type(a) <= max)
		tb[mnl_attr_get_type(a)] = a;
}

void fwt_nl_parse(const struct nlmsghdr *nlh, const struct nlattr **tb,
		  unsigned int max)
{
	const struct nlattr *a;

	memset(tb, 0, (max + 1) * sizeof(*tb));
	mnl_attr_for_each(a, nlh, sizeof(struct genlmsghdr))
		store(a, tb, max);
}

void fwt_nl_parse_nest(const struct nlattr *nest, const struct nlattr **tb,
		       unsigned int max)
{
	const struct nlattr *a;

	memset(tb, 0, (max + 1) * sizeof(*tb));
	if (!nest)
		return;
	mnl_attr_for_each_nested(a, nest)
		store(a, tb, max);
}

/* Numbers lie at multiples of 4 in a message, 8 bytes too. */
#define FWT_NL_GET(bits) \
	uint##bits##_t fwt_nl_u##bits(const struct nlattr *a) \
	{ \
		uint##bits##_t v = 0; \
		if (a && mnl_attr_get_payload_len(a) >= sizeof(v)) \
			memcpy(&v, mnl_attr_get_payload(a), sizeof(v)); \
		return v; \
	}

FWT_NL_GET(8)
FWT_NL_GET(16)
FWT_NL_GET(32)
FWT_NL_GET(64)

const char *fwt_nl_str(const struct nlattr *a)
{
	if (!a || !memchr(mnl_attr_get_payload(a), 0, mnl_attr_get_payload_len(a)))
		return NULL;
	return mnl_attr_get_str(a);
}

char *fwt_nl_dup(const struct nlattr *a)
{
	const char *s = fwt_nl_str(a);

	return s ? strdup(s) : NULL;
}

int fwt_nl_grow(void **array, size_t *size, size_t count, size_t element)
{
	size_t n = *size ? 2 * *size : 64;
	void *p;

	if (count < *size)
		return 0;
	p = realloc(*array, n * element);
	if (!p)
		return -ENOMEM;
	fwt_prefault((char *)p + *size * element, (n - *size) * element);
	*array = p;
	*size = n;
	return 0;
}

static const char *const policy_words[] = {
	[FWTREE_A_POLICY_EXPECT] = "expect",
	[FWTREE_A_POLICY_LENGTH] = "length",
	[FWTREE_A_POLICY_OFFSET] = "offset",
	[FWTREE_A_POLICY_DATA] = "data",
	[FWTREE_A_POLICY_PATCH] = "patch",
};

static const char *const rule_words[] = {
	[FWTREE_A_RULE_KEY] = "key",
	[FWTREE_A_RULE_TREE] = "tree",
	[FWTREE_A_RULE_BASE_LINE] = "base-line",
	[FWTREE_A_RULE_FILE_INDEX] = "file-index",
};

static const char *const server_words[] = {
	[FWTREE_A_SERVER_POOL] = "pool",
	[FWTREE_A_SERVER_ADDR] = "addr",
	[FWTREE_A_SERVER_PORT] = "port",
	[FWTREE_A_SERVER_PORT_LAST] = "port-last",
	[FWTREE_A_SERVER_WEIGHT] = "weight",
	[FWTREE_A_SERVER_ACTION] = "action",
};

static const char *const conn_words[] = {
	[FWTREE_A_CONN_FILTER] = "filter",
};

static const char *const set_words[] = {
	[FWTREE_A_SET_NAME] = "name",
	[FWTREE_A_SET_ELEMENT] = "element",
};

static const char *const filter_words[] = {
	[FWTREE_A_CONN_FILTER_ID] = "id",
	[FWTREE_A_CONN_FILTER_FAMILY] = "family",
	[FWTREE_A_CONN_FILTER_PROTOCOL] = "protocol",
	[FWTREE_A_CONN_FILTER_SADDR] = "saddr",
	[FWTREE_A_CONN_FILTER_SADDR_LEN] = "saddr-len",
	[FWTREE_A_CONN_FILTER_DADDR] = "daddr",
	[FWTREE_A_CONN_FILTER_DADDR_LEN] = "daddr-len",
	[FWTREE_A_CONN_FILTER_SPORT] = "sport",
	[FWTREE_A_CONN_FILTER_DPORT] = "dport",
	[FWTREE_A_CONN_FILTER_STATE] = "state",
	[FWTREE_A_CONN_FILTER_MARK] = "mark",
	[FWTREE_A_CONN_FILTER_IIF] = "iif",
	[FWTREE_A_CONN_FILTER_OIF] = "oif",
	[FWTREE_A_CONN_FILTER_ORIGINAL] = "original",
	[FWTREE_A_CONN_FILTER_REPLY] = "reply",
	[FWTREE_A_CONN_FILTER_STATES] = "states",
	[FWTREE_A_CONN_FILTER_MARK_MASK] = "mark-mask",
	[FWTREE_A_CONN_FILTER_FLAGS] = "flags",
	[FWTREE_A_CONN_FILTER_NO_FLAGS] = "no-flags",
	[FWTREE_A_CONN_FILTER_TIMEOUT_MIN] = "timeout-min",
	[FWTREE_A_CONN_FILTER_TIMEOUT_MAX] = "timeout-max",
	[FWTREE_A_CONN_FILTER_GENERATION_MIN] = "generation-min",
	[FWTREE_A_CONN_FILTER_GENERATION_MAX] = "generation-max",
	[FWTREE_A_CONN_FILTER_PACKETS_MIN] = "packets-min",
	[FWTREE_A_CONN_FILTER_PACKETS_MAX] = "packets-max",
	[FWTREE_A_CONN_FILTER_BYTES_MIN] = "bytes-min",
	[FWTREE_A_CONN_FILTER_BYTES_MAX] = "bytes-max",
	[FWTREE_A_CONN_FILTER_RULE_ID] = "rule-id",
	[FWTREE_A_CONN_FILTER_RULE_FILE] = "rule-file",
	[FWTREE_A_CONN_FILTER_RULE_LINE] = "rule-line",
	[FWTREE_A_CONN_FILTER_SCOPE] = "scope",
	[FWTREE_A_CONN_FILTER_ICMP_TYPE] = "icmp-type",
	[FWTREE_A_CONN_FILTER_ICMP_ID] = "icmp-id",
	[FWTREE_A_CONN_FILTER_NOT] = "not",
	[FWTREE_A_CONN_FILTER_CT_MARK] = "ct-mark",
	[FWTREE_A_CONN_FILTER_CT_MARK_MASK] = "ct-mark-mask",
	[FWTREE_A_CONN_FILTER_INGRESS] = "ingress",
	[FWTREE_A_CONN_FILTER_EGRESS] = "egress",
};

static const char *const hook_words[] = {
	[FWTREE_A_CONN_FILTER_HOOK_ID] = "id",
	[FWTREE_A_CONN_FILTER_HOOK_FILE] = "file",
	[FWTREE_A_CONN_FILTER_HOOK_LINE] = "line",
	[FWTREE_A_CONN_FILTER_HOOK_NONE] = "none",
};

static const char *const dir_words[] = {
	[FWTREE_A_CONN_FILTER_DIR_SADDR] = "saddr",
	[FWTREE_A_CONN_FILTER_DIR_SADDR_LEN] = "saddr-len",
	[FWTREE_A_CONN_FILTER_DIR_SADDR_HIGH] = "saddr-high",
	[FWTREE_A_CONN_FILTER_DIR_DADDR] = "daddr",
	[FWTREE_A_CONN_FILTER_DIR_DADDR_LEN] = "daddr-len",
	[FWTREE_A_CONN_FILTER_DIR_DADDR_HIGH] = "daddr-high",
	[FWTREE_A_CONN_FILTER_DIR_SPORT] = "sport",
	[FWTREE_A_CONN_FILTER_DIR_SPORT_HIGH] = "sport-high",
	[FWTREE_A_CONN_FILTER_DIR_DPORT] = "dport",
	[FWTREE_A_CONN_FILTER_DIR_DPORT_HIGH] = "dport-high",
	[FWTREE_A_CONN_FILTER_DIR_ICMP_TYPE] = "icmp-type",
	[FWTREE_A_CONN_FILTER_DIR_ICMP_CODE] = "icmp-code",
	[FWTREE_A_CONN_FILTER_DIR_ICMP_ID] = "icmp-id",
	[FWTREE_A_CONN_FILTER_DIR_PACKETS_MIN] = "packets-min",
	[FWTREE_A_CONN_FILTER_DIR_PACKETS_MAX] = "packets-max",
	[FWTREE_A_CONN_FILTER_DIR_BYTES_MIN] = "bytes-min",
	[FWTREE_A_CONN_FILTER_DIR_BYTES_MAX] = "bytes-max",
};

static const char *word(const char *const *words, size_t n, uint32_t type)
{
	return type < n ? words[type] : NULL;
}

#define WORD(words, type) word(words, sizeof(words) / sizeof(*(words)), type)

const char *fwt_nl_attr_word(uint8_t cmd, bool filter, uint32_t type)
{
	if (filter)
		return WORD(filter_words, type);
	if (cmd == FWTREE_CMD_SERVER_SET)
		return WORD(server_words, type);
	if (cmd == FWTREE_CMD_RULE_FIND)
		return WORD(rule_words, type);
	if (cmd >= FWTREE_CMD_SET_GET && cmd <= FWTREE_CMD_SET_NTF)
		return WORD(set_words, type);
	if (cmd >= FWTREE_CMD_CONN_GET && cmd < FWTREE_CMD_PATCH_GET)
		return WORD(conn_words, type);
	return WORD(policy_words, type);
}

/* Of a filter, at @at; what directions say, and what 'not' does, lies deeper. */
static const char *filter_attr_name(const struct nlattr *nest, const void *at)
{
	const struct nlattr *a, *in;
	const char *name;

	mnl_attr_for_each_nested(a, nest) {
		if (a == at)
			return WORD(filter_words, mnl_attr_get_type(a));
		switch (mnl_attr_get_type(a)) {
		case FWTREE_A_CONN_FILTER_NOT:
			name = filter_attr_name(a, at);
			if (name)
				return name;
			break;
		case FWTREE_A_CONN_FILTER_ORIGINAL:
		case FWTREE_A_CONN_FILTER_REPLY:
			mnl_attr_for_each_nested(in, a)
				if (in == at)
					return WORD(dir_words, mnl_attr_get_type(in));
			break;
		case FWTREE_A_CONN_FILTER_INGRESS:
		case FWTREE_A_CONN_FILTER_EGRESS:
			mnl_attr_for_each_nested(in, a)
				if (in == at)
					return WORD(hook_words, mnl_attr_get_type(in));
		}
	}
	return NULL;
}

const char *fwt_nl_attr_name(const struct nlmsghdr *nlh, uint32_t offset)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *a;

	mnl_attr_for_each(a, nlh, sizeof(*genl)) {
		if ((size_t)((const char *)a - (const char *)nlh) == offset)
			return fwt_nl_attr_word(genl->cmd, false,
						mnl_attr_get_type(a));
		if (genl->cmd < FWTREE_CMD_CONN_GET || genl->cmd > FWTREE_CMD_CONN_NTF ||
		    mnl_attr_get_type(a) != FWTREE_A_CONN_FILTER)
			continue;
		return filter_attr_name(a, (const char *)nlh + offset);
	}
	return NULL;
}
