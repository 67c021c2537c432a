// SPDX-License-Identifier: GPL-2.0
/*
 * Who talks to whom: the ends of a connection and the pairs it is found by.
 * What they are and why is told in tuple.h.
 */
#include "tuple.h"

static u32 words(u8 family)
{
	return family == 6 ? 4 : 1;
}

/* An address with the words that its family does not use set to 0, so that ends
 * compare, and hash, as a whole.
 */
static void copy_addr(u32 to[4], const u32 *from, u8 family)
{
	to[0] = from[0];
	if (likely(family != 6)) {
		to[1] = 0;
		to[2] = 0;
		to[3] = 0;
		return;
	}
	to[1] = from[1];
	to[2] = from[2];
	to[3] = from[3];
}

static const u32 *addr_of(const struct fwt_ends *e, unsigned int who)
{
	return e->family == 6 ? e->addr6[who] : &e->addr4[who];
}

int fwt_icmp_is_query(u8 family, u8 type, u8 *request)
{
	*request = type;

	if (family == 6) {
		switch (type) {
		case 128:	/* echo request */
			return 0;
		case 129:
			*request = 128;
			return 1;
		default:
			return -1;
		}
	}

	switch (type) {
	case 8:			/* echo request */
	case 13:		/* timestamp */
	case 15:		/* information */
	case 17:		/* address mask */
		return 0;
	case 0:
		*request = 8;
		return 1;
	case 14:
	case 16:
	case 18:
		*request = type - 1;
		return 1;
	default:
		return -1;
	}
}

bool fwt_has_ports(u8 protocol)
{
	switch (protocol) {
	case FWT_IPPROTO_TCP:
	case FWT_IPPROTO_UDP:
	case FWT_IPPROTO_DCCP:
	case FWT_IPPROTO_SCTP:
	case FWT_IPPROTO_UDPLITE:
		return true;
	default:
		return false;
	}
}

bool fwt_tuple_get(const struct fwt_packet *p, u32 scope, struct fwt_tuple *t)
{
	u8 request;
	int answer;

	/* What nearly all are; ports have who has them. */
	if (likely((p->have & (FWT_HAVE_PORTS | FWT_HAVE_FRAG)) == FWT_HAVE_PORTS)) {
		t->family = p->family;
		t->protocol = p->protocol;
		t->answer = false;
		t->scope = scope;
		copy_addr(t->src.addr, p->saddr, p->family);
		copy_addr(t->dst.addr, p->daddr, p->family);
		t->src.port = p->sport;
		t->dst.port = p->dport;
		return true;
	}
	if (!(p->have & FWT_HAVE_IP))
		return false;
	/* An IPv6 fragment that is the whole (RFC 6946) is no fragment. */
	if ((p->have & FWT_HAVE_FRAG) && (p->frag_off || p->frag_more))
		return false;

	t->src.port = 0;
	t->dst.port = 0;
	t->family = p->family;
	t->protocol = p->protocol;
	t->answer = false;
	t->scope = scope;
	copy_addr(t->src.addr, p->saddr, p->family);
	copy_addr(t->dst.addr, p->daddr, p->family);

	if (fwt_has_queries(p->family, p->protocol)) {
		if (!(p->have & FWT_HAVE_ICMP_ID))
			return false;
		answer = fwt_icmp_is_query(p->family, p->icmp_type, &request);
		if (answer < 0)
			return false;
		t->answer = answer;
		t->src.port = answer ? request : p->icmp_id;
		t->dst.port = answer ? p->icmp_id : request;
		return true;
	}

	if (fwt_has_ports(p->protocol)) {
		if (!(p->have & FWT_HAVE_PORTS))
			return false;
		t->src.port = p->sport;
		t->dst.port = p->dport;
	}
	return true;
}

bool fwt_tuple_opens(const struct fwt_packet *p)
{
	u8 request;

	if (!(p->have & FWT_HAVE_IP))
		return false;
	if ((p->have & FWT_HAVE_FRAG) && (p->frag_off || p->frag_more))
		return false;
	if (fwt_has_queries(p->family, p->protocol))
		return (p->have & FWT_HAVE_ICMP_ID) &&
		       !fwt_icmp_is_query(p->family, p->icmp_type, &request);
	if (p->protocol == FWT_IPPROTO_TCP)
		return (p->have & FWT_HAVE_TCP) && fwt_tcp_opens(p->tcp_flags);
	if (fwt_has_ports(p->protocol))
		return p->have & FWT_HAVE_PORTS;
	return true;
}

void fwt_ends_set(struct fwt_ends *e, enum fwt_who who, const struct fwt_end *end)
{
	if (e->family == 6)
		memcpy(e->addr6[who], end->addr, sizeof(end->addr));
	else
		e->addr4[who] = end->addr[0];
	e->port[who] = end->port;
}

void fwt_ends_get(const struct fwt_ends *e, enum fwt_who who, struct fwt_end *end)
{
	memset(end, 0, sizeof(*end));
	copy_addr(end->addr, addr_of(e, who), e->family);
	end->port = e->port[who];
}

bool fwt_ends_equal(const struct fwt_ends *e, enum fwt_who a, enum fwt_who b)
{
	return e->port[a] == e->port[b] &&
	       !memcmp(addr_of(e, a), addr_of(e, b),
		       words(e->family) * sizeof(u32));
}

void fwt_ends_init(struct fwt_ends *e, const struct fwt_tuple *t)
{
	BUILD_BUG_ON(sizeof(struct fwt_ends) != 32);

	e->family = t->family;
	e->protocol = t->protocol;
	e->scope = t->scope;
	e->owner[0] = 0;
	e->owner[1] = 0;
	if (likely(t->family != 6)) {
		e->addr4[FWT_C] = t->src.addr[0];
		e->addr4[FWT_V] = t->dst.addr[0];
		e->addr4[FWT_S] = t->dst.addr[0];
		e->addr4[FWT_N] = t->src.addr[0];
		e->port[FWT_C] = t->src.port;
		e->port[FWT_V] = t->dst.port;
		e->port[FWT_S] = t->dst.port;
		e->port[FWT_N] = t->src.port;
		return;
	}
	fwt_ends_set(e, FWT_C, &t->src);
	fwt_ends_set(e, FWT_V, &t->dst);
	fwt_ends_set(e, FWT_S, &t->dst);
	fwt_ends_set(e, FWT_N, &t->src);
}

/* Two pairs share an end, so as sets they are equal where the others are: {C,V}
 * and {C,S} where V is S, {C,S} and {S,N} where C is N. {C,V} and {S,N} share
 * none; where V is S and C is N the first two rules have dropped both others
 * already. What remains is C = S and V = N, see fwt_ends_directed().
 */
u8 fwt_ends_pairs(const struct fwt_ends *e)
{
	u8 pairs = 1 << FWT_PAIR_CV;

	if (!fwt_ends_equal(e, FWT_V, FWT_S))
		pairs |= 1 << FWT_PAIR_CS;
	if (!fwt_ends_equal(e, FWT_C, FWT_N) &&
	    !(fwt_ends_equal(e, FWT_C, FWT_S) && fwt_ends_equal(e, FWT_V, FWT_N)))
		pairs |= 1 << FWT_PAIR_SN;
	return pairs;
}

bool fwt_ends_directed(const struct fwt_ends *e)
{
	return !fwt_ends_equal(e, FWT_C, FWT_V) &&
	       !fwt_ends_equal(e, FWT_C, FWT_S) &&
	       !fwt_ends_equal(e, FWT_N, FWT_S);
}

void fwt_ends_target(const struct fwt_ends *e, enum fwt_dir dir, bool egress,
		     struct fwt_rewrite *r)
{
	fwt_ends_get(e, fwt_target_src(dir, egress), &r->src);
	fwt_ends_get(e, fwt_target_dst(dir), &r->dst);
}

void fwt_key6(struct fwt_key *k, const u32 *a, u16 aport, const u32 *b, u16 bport,
	      u8 protocol, u32 scope)
{
	u64 x0 = (u64)a[0] << 32 | a[1], x1 = (u64)a[2] << 32 | a[3];
	u64 y0 = (u64)b[0] << 32 | b[1], y1 = (u64)b[2] << 32 | b[3];
	bool swap = x0 != y0 ? x0 > y0 : x1 != y1 ? x1 > y1 : aport > bport;

	k->w[0] = swap ? y0 : x0;
	k->w[1] = swap ? y1 : x1;
	k->w[2] = swap ? x0 : y0;
	k->w[3] = swap ? x1 : y1;
	k->w[4] = (u64)(swap ? bport : aport) << 48 | (u64)(swap ? aport : bport) << 32 |
		  (u64)(scope >> 16 & 0xff) << 24 | (u64)protocol << 16 |
		  ((scope ^ scope >> 24) & 0xffff);
	k->n = 5;
}
