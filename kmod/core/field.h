/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fields of a packet: what each is like, and its value in one.
 */
#ifndef FWT_CORE_FIELD_H
#define FWT_CORE_FIELD_H

#include "os.h"
#include "field_list.h"

/* struct fwt_packet.unknown is one word of 64 bits. */
#define FWT_FIELD_BIT(id)	(1ull << FWT_FIELD_##id)

/* What no packet has: the world is asked for it (env.h), see fwt_field_ask(). */
#define FWT_FIELDS_ROUTE (FWT_FIELD_BIT(ROUTE_OIF) | FWT_FIELD_BIT(ROUTE_TYPE) | \
			  FWT_FIELD_BIT(ROUTE_NEXTHOP) | FWT_FIELD_BIT(ROUTE_SADDR) | \
			  FWT_FIELD_BIT(ROUTE_REVERSE))
#define FWT_FIELDS_OWNER (FWT_FIELD_BIT(UID) | FWT_FIELD_BIT(GID) | FWT_FIELD_BIT(CGROUP))
#define FWT_FIELDS_ASKED (FWT_FIELDS_ROUTE | FWT_FIELDS_OWNER)

struct fwt_field_info {
	const char *name;
	u8 words;
	u8 words6;
	u8 bits;
	u8 hooks;
};

extern const struct fwt_field_info fwt_field_info[__FWT_FIELD_MAX];

enum fwt_ct_state {
	FWT_CT_NEW,
	FWT_CT_RELATED,
	FWT_CT_ESTABLISHED,
	FWT_CT_INVALID,
	FWT_CT_UNTRACKED,
};

/* What is translated, of the connection so far: bits. */
enum fwt_ct_status {
	FWT_CT_SNAT = 1,
	FWT_CT_DNAT = 2,
};

/* The kernel's PACKET_* of linux/if_packet.h. */
enum fwt_pkttype {
	FWT_PKT_HOST,
	FWT_PKT_BROADCAST,
	FWT_PKT_MULTICAST,
	FWT_PKT_OTHER,
	FWT_PKT_OUTGOING,
};

struct fwt_packet;
struct fwt_env;

/* An interface's name, or "none" where it is NULL, as four words. Returns 4. */
int fwt_ifname_words(const char *name, u32 *out);

/**
 * fwt_field_get() - the value of a field
 * @p: packet
 * @field: enum fwt_field
 * @out: at least four words
 *
 * Return: the words written, 0 where the packet has no such field; none has those
 * of FWT_FIELDS_ASKED.
 */
int fwt_field_get(const struct fwt_packet *p, unsigned int field, u32 *out);

/**
 * fwt_field_ask() - the value of a field that is not in the packet
 * @p: packet
 * @env: the world; NULL where there is none
 * @field: enum fwt_field, any
 * @out: at least four words
 *
 * Return: as fwt_field_get(); 0 for a field that is no matter of the world.
 */
int fwt_field_ask(const struct fwt_packet *p, const struct fwt_env *env,
		  unsigned int field, u32 *out);

/* Of either kind. What a packet has costs nothing more by this. */
static __always_inline int fwt_field(const struct fwt_packet *p, const struct fwt_env *env,
				     unsigned int field, u32 *out)
{
	int n = fwt_field_get(p, field, out);

	return likely(n) ? n : fwt_field_ask(p, env, field, out);
}

#endif /* FWT_CORE_FIELD_H */
