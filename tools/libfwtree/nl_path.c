// SPDX-License-Identifier: GPL-2.0
/* Routes and addresses, as far as one connection to this machine asks for them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "nl_path.h"
#include "nl_priv.h"

/**
 * struct path_asking - a question, and what was said
 * @len: of an address
 * @index: of the interface that a route leaves by; 0 for none
 * @type: of the route
 * @owner: indices of interfaces
 * @name: of the interface that was asked for
 */
struct path_asking {
	struct fwt_nl nl;
	int family;
	size_t len;
	const void *near;
	uint32_t index;
	uint8_t type;
	uint32_t owner[FWT_NL_OWNERS_MAX];
	unsigned int owners;
	bool more;
	char *name;
};

static struct nlmsghdr *request(struct path_asking *q, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(q->nl.out);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++q->nl.seq;
	return nlh;
}

static int route_answer(void *ctx, const struct nlmsghdr *nlh)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	struct path_asking *q = ctx;
	const struct nlattr *a;

	if (nlh->nlmsg_type != RTM_NEWROUTE || mnl_nlmsg_get_payload_len(nlh) < sizeof(*rtm))
		return 0;
	q->type = rtm->rtm_type;
	mnl_attr_for_each(a, nlh, sizeof(*rtm))
		if (mnl_attr_get_type(a) == RTA_OIF)
			q->index = fwt_nl_u32(a);
	return 0;
}

/* The way to @to, from @from where that is not NULL. */
static int route(struct path_asking *q, const void *to, const void *from, uint32_t by)
{
	struct nlmsghdr *nlh = request(q, RTM_GETROUTE, NLM_F_ACK);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));

	rtm->rtm_family = (unsigned char)q->family;
	rtm->rtm_dst_len = (unsigned char)(8 * q->len);
	rtm->rtm_src_len = from ? rtm->rtm_dst_len : 0;
	mnl_attr_put(nlh, RTA_DST, q->len, to);
	if (from)
		mnl_attr_put(nlh, RTA_SRC, q->len, from);
	if (by)
		mnl_attr_put_u32(nlh, RTA_OIF, by);
	q->type = RTN_UNSPEC;
	q->index = 0;
	return fwt_nl_talk(&q->nl, nlh, route_answer, q);
}

static int addr_answer(void *ctx, const struct nlmsghdr *nlh)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *a, *address = NULL;
	struct path_asking *q = ctx;

	if (nlh->nlmsg_type != RTM_NEWADDR || mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifa) ||
	    ifa->ifa_family != q->family)
		return 0;
	/* Of a link from one to one IFA_ADDRESS is the other one's. */
	mnl_attr_for_each(a, nlh, sizeof(*ifa))
		if (mnl_attr_get_type(a) == IFA_LOCAL ||
		    (mnl_attr_get_type(a) == IFA_ADDRESS && !address))
			address = a;
	if (!address || mnl_attr_get_payload_len(address) != q->len ||
	    memcmp(mnl_attr_get_payload(address), q->near, q->len))
		return 0;
	if (q->owners < FWT_NL_OWNERS_MAX)
		q->owner[q->owners++] = ifa->ifa_index;
	else
		q->more = true;
	return 0;
}

static int owners(struct path_asking *q)
{
	struct nlmsghdr *nlh = request(q, RTM_GETADDR, NLM_F_DUMP);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));

	ifa->ifa_family = (unsigned char)q->family;
	return fwt_nl_talk(&q->nl, nlh, addr_answer, q);
}

static int link_answer(void *ctx, const struct nlmsghdr *nlh)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	struct path_asking *q = ctx;
	const struct nlattr *a;

	if (nlh->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifi))
		return 0;
	q->index = (uint32_t)ifi->ifi_index;
	mnl_attr_for_each(a, nlh, sizeof(*ifi))
		if (q->name && mnl_attr_get_type(a) == IFLA_IFNAME && fwt_nl_str(a) &&
		    strlen(fwt_nl_str(a)) < 16)
			strcpy(q->name, fwt_nl_str(a));
	return 0;
}

/* Of an interface: its name, or, @name being set, its number. */
static int link_of(struct path_asking *q, uint32_t index, const char *name, char *to)
{
	struct nlmsghdr *nlh = request(q, RTM_GETLINK, NLM_F_ACK);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));

	ifi->ifi_index = (int)index;
	if (name)
		mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	q->name = to;
	q->index = 0;
	return fwt_nl_talk(&q->nl, nlh, link_answer, q);
}

static int ask(struct path_asking *q, const void *near, const void *far, const char *dev,
	       struct fwt_nl_path *path)
{
	uint32_t by = 0;
	unsigned int i;
	int ret;

	if (dev && !link_of(q, 0, dev, path->dev))
		by = q->index;
	ret = route(q, near, NULL, by);
	if (ret)
		return ret;
	path->local = q->type == RTN_LOCAL;
	if (!path->local)
		return 0;
	/* No way back is an answer as well. */
	if (!by && !route(q, far, near, 0) && q->index) {
		if (q->type == RTN_LOCAL)
			strcpy(path->dev, "lo");
		else
			(void)link_of(q, q->index, NULL, path->dev);
	}
	ret = owners(q);
	for (i = 0; i < q->owners && !ret; i++)
		if (!link_of(q, q->owner[i], NULL, path->owner[path->owners]))
			path->owners++;
	path->more = q->more;
	return ret;
}

int fwt_nl_path(const char *netns, int family, const void *near, const void *far,
		const char *dev, struct fwt_nl_path *path)
{
	struct path_asking q = { .family = family, .near = near,
				 .len = family == AF_INET6 ? 16 : 4 };
	int ret;

	memset(path, 0, sizeof(*path));
	ret = fwt_nl_open_route(&q.nl, netns);
	if (!ret)
		ret = ask(&q, near, far, dev, path);
	fwt_nl_close(&q.nl);
	return ret;
}
