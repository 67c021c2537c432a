// SPDX-License-Identifier: GPL-2.0
/*
 * What routing would do with a packet.
 */
#include "rlu.h"
#include "env.h"
#include "field.h"
#include "packet.h"

static bool is_zero(const u32 *addr, u32 words)
{
	u32 i;

	for (i = 0; i < words; i++)
		if (addr[i])
			return false;
	return true;
}

static bool multicast(const struct fwt_packet *p, const u32 *addr)
{
	return p->family == 6 ? addr[0] >> 24 == 0xff : addr[0] >> 28 == 0xe;
}

static void set_name(struct fwt_route *r, const char *name)
{
	u32 i = 0;

	if (name)
		for (; i < FWT_ROUTE_NAME - 1 && name[i]; i++)
			r->oif[i] = name[i];
	r->oif[i] = '\0';
}

/* No table is asked for a group, nor for everybody on this link: such a packet
 * leaves by the interface that was chosen for it, and what arrives is for us.
 */
static bool by_address(const struct fwt_packet *p, struct fwt_route *r)
{
	if (multicast(p, p->daddr))
		r->type = FWT_ROUTE_MULTICAST;
	else if (p->family == 4 && p->daddr[0] == 0xffffffff)
		r->type = FWT_ROUTE_BROADCAST;
	else
		return false;
	set_name(r, p->oif);
	return true;
}

/* Where an answer stands, for the rest of the walk where there is one; @known: it is there. */
static struct fwt_route *place(const struct fwt_env *env, enum fwt_route_ask what,
			       struct fwt_route *room, bool *known)
{
	struct fwt_rlu *rlu = env ? env->rlu : NULL;
	struct fwt_route *r = rlu ? &rlu->answer[what] : room;

	*known = rlu && rlu->have >> what & 1;
	if (*known)
		return r;
	if (rlu)
		rlu->have |= 1u << what;
	memset(r, 0, sizeof(*r));
	return r;
}

static void ask_table(const struct fwt_packet *p, const struct fwt_env *env,
		      enum fwt_route_ask what, struct fwt_route *r)
{
	if (env && env->ops->route)
		env->ops->route(env, p, what, r);
}

/* FWT_ROUTE_FORWARD or FWT_ROUTE_SOURCE. */
static const struct fwt_route *ask(const struct fwt_packet *p, const struct fwt_env *env,
				   enum fwt_route_ask what, struct fwt_route *room)
{
	bool known;
	struct fwt_route *r = place(env, what, room, &known);

	if (!known && !by_address(p, r))
		ask_table(p, env, what, r);
	return r;
}

/* An answer to a link-local source goes back on its link, for there is no other
 * way; and who has no address yet asks by broadcast, or to the groups of its link,
 * or, with IPv6, by ICMPv6 (RFC 2131, 1122 and 4861). What else has no address, or
 * that of many, has nobody to answer.
 */
static bool by_source(const struct fwt_packet *p, const struct fwt_env *env,
		      struct fwt_route *r)
{
	struct fwt_route room FWT_UNSET;
	bool back;

	if (p->family == 6) {
		back = p->saddr[0] >> 22 == 0xfe80u >> 6 ||
		       (p->protocol == FWT_IPPROTO_ICMPV6 && is_zero(p->saddr, 4));
		if (!back && !is_zero(p->saddr, 4) && !multicast(p, p->saddr))
			return false;
	} else {
		back = p->saddr[0] >> 16 == 0xa9fe ||
		       (!p->saddr[0] &&
			(p->daddr[0] >> 8 == 0xe00000 ||
			 ask(p, env, FWT_ROUTE_FORWARD, &room)->type ==
			 FWT_ROUTE_BROADCAST));
		if (!back && p->saddr[0] >> 24 && p->saddr[0] >> 28 < 0xe)
			return false;
	}
	set_name(r, back ? p->iif : NULL);
	return true;
}

static const struct fwt_route *ask_back(const struct fwt_packet *p, const struct fwt_env *env,
					struct fwt_route *room)
{
	bool known;
	struct fwt_route *r = place(env, FWT_ROUTE_REVERSE, room, &known);

	if (!known && !by_source(p, env, r))
		ask_table(p, env, FWT_ROUTE_REVERSE, r);
	return r;
}

static int addr(const struct fwt_packet *p, const u32 *from, u32 *out)
{
	int words = p->family == 6 ? 4 : 1;

	memcpy(out, from, words * sizeof(u32));
	return words;
}

int fwt_rlu_get(const struct fwt_packet *p, const struct fwt_env *env,
		unsigned int field, u32 *out)
{
	struct fwt_route room FWT_UNSET;

	if (!(p->have & FWT_HAVE_IP))
		return 0;
	switch (field) {
	case FWT_FIELD_ROUTE_OIF:
		return fwt_ifname_words(ask(p, env, FWT_ROUTE_FORWARD, &room)->oif, out);
	case FWT_FIELD_ROUTE_TYPE:
		out[0] = ask(p, env, FWT_ROUTE_FORWARD, &room)->type;
		return 1;
	case FWT_FIELD_ROUTE_NEXTHOP:
		return addr(p, ask(p, env, FWT_ROUTE_FORWARD, &room)->nexthop, out);
	case FWT_FIELD_ROUTE_SADDR:
		return addr(p, ask(p, env, FWT_ROUTE_SOURCE, &room)->saddr, out);
	case FWT_FIELD_ROUTE_REVERSE:
		return fwt_ifname_words(ask_back(p, env, &room)->oif, out);
	}
	return 0;
}
