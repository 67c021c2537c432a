/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who talks to whom: the ends of a connection and the pairs it is found by.
 *
 * A connection has up to four ends: the client C, the address that it dialled
 * V, the server S (V before DNAT) and the address that the server sees N (C
 * before SNAT). On its way through this machine a packet shows one of three
 * pairs:
 *
 *	original    C > V  --DNAT-->  C > S  --SNAT-->  N > S
 *	reply       V > C  <-------   S > C  <-------   S > N
 *
 * The connection stands in the hash under each *distinct* one of {C-V, C-S,
 * S-N}: one without translation, two with one, three with both. A key has no
 * direction. Which pair matched, and which way round, says the packet's
 * direction; and since a packet's target at a hook is a function of direction
 * and hook alone (ingress leads to C and S, egress to N and S or to V and C),
 * rewriting does not need to know what was translated already.
 *
 * A query of ICMP or ICMPv6 has its id as the port of the side that asks and
 * the type of the request as that of the side that answers. So two hosts that
 * ask one another with the same id have different keys, unless that id is itself
 * the type of a request (8, 13, 15, 17, 128). Then their keys are equal, and what
 * tells them apart is who asks: a request is of the original direction alone, an
 * answer of the reply direction. Two such connections stand side by side.
 */
#ifndef FWT_CORE_TUPLE_H
#define FWT_CORE_TUPLE_H

#include "packet.h"
#include "rewrite.h"
#include "tcp.h"

/**
 * struct fwt_tuple - the ends of a packet, as it is
 * @src: port: see above for ICMP
 * @dst: likewise
 * @family: 4 or 6
 * @protocol: IP protocol
 * @answer: to a query of ICMP or ICMPv6: from who was asked
 * @scope: what keeps equal addresses apart: VRF, or interface for link-local
 */
struct fwt_tuple {
	struct fwt_end src;
	struct fwt_end dst;
	u8 family;
	u8 protocol;
	bool answer;
	u32 scope;
};

enum fwt_who {
	FWT_C,
	FWT_V,
	FWT_S,
	FWT_N,
	__FWT_WHO_MAX,
};

enum fwt_pair {
	FWT_PAIR_CV,
	FWT_PAIR_CS,
	FWT_PAIR_SN,
	__FWT_PAIR_MAX,
};

/**
 * struct fwt_ends - the ends of a connection: 32 bytes, in its first cache line
 * @addr4: IPv4 addresses by enum fwt_who, host byte order
 * @addr6: IPv6: @addr6[who] is four words
 * @port: by enum fwt_who, host byte order
 * @scope: as in struct fwt_tuple
 * @protocol: IP protocol
 * @family: 4 or 6
 * @owner: room for two bytes of who keeps them
 */
struct fwt_ends {
	union {
		u32 addr4[__FWT_WHO_MAX];
		u32 (*addr6)[4];
	};
	u16 port[__FWT_WHO_MAX];
	u32 scope;
	u8 protocol;
	u8 family;
	u8 owner[2];
};

/* Does a protocol have ports. */
bool fwt_has_ports(u8 protocol);

/* Is it that of queries, which tell by themselves who asks. ICMP in IPv6 is not. */
static inline bool fwt_has_queries(u8 family, u8 protocol)
{
	return protocol == (family == 6 ? FWT_IPPROTO_ICMPV6 : FWT_IPPROTO_ICMP);
}

/**
 * fwt_tuple_get() - the tuple of a packet
 * @p: packet
 * @scope: see struct fwt_tuple
 * @t: filled in
 *
 * Return: true; false if it has none that a connection could be found by: a
 * fragment, an ICMP message that is no query, a header that is not whole. Of a
 * quote eight bytes of transport header are enough; who looks up the quote of a
 * first fragment takes FWT_HAVE_FRAG out of @p->have first.
 */
bool fwt_tuple_get(const struct fwt_packet *p, u32 scope, struct fwt_tuple *t);

/**
 * fwt_tuple_opens() - may a packet with this tuple open a connection
 * @p: packet
 *
 * A SYN, any UDP, a request of ICMP or ICMPv6, any other protocol.
 */
bool fwt_tuple_opens(const struct fwt_packet *p);

/**
 * fwt_ends_init() - ends of a new connection: V is S, N is C
 * @e: filled in; for IPv6 @e->addr6 points to four addresses already
 * @t: the tuple of its first packet
 */
void fwt_ends_init(struct fwt_ends *e, const struct fwt_tuple *t);

/* Set and get one end. */
void fwt_ends_set(struct fwt_ends *e, enum fwt_who who, const struct fwt_end *end);
void fwt_ends_get(const struct fwt_ends *e, enum fwt_who who, struct fwt_end *end);
bool fwt_ends_equal(const struct fwt_ends *e, enum fwt_who a, enum fwt_who b);

/* The tuple of a pair, in the original direction: of queries, that of the request. */
static inline void fwt_ends_tuple(const struct fwt_ends *e, enum fwt_pair pair,
				  struct fwt_tuple *t)
{
	fwt_ends_get(e, pair == FWT_PAIR_SN ? FWT_N : FWT_C, &t->src);
	fwt_ends_get(e, pair == FWT_PAIR_CV ? FWT_V : FWT_S, &t->dst);
	t->family = e->family;
	t->protocol = e->protocol;
	t->answer = false;
	t->scope = e->scope;
}

/**
 * fwt_ends_pairs() - under which keys it stands
 * @e: ends
 *
 * Return: bits (1 << enum fwt_pair); of equal pairs the first one alone.
 */
u8 fwt_ends_pairs(const struct fwt_ends *e);

/**
 * fwt_ends_directed() - does every packet say its own direction
 * @e: ends
 *
 * Not where both ends of a pair are one: then fwt_ends_match() takes all for
 * original, but for answers to queries. A socket that talks to itself over the
 * loopback device is so; of a translation it means that the client was led to
 * itself, with no other source to tell its answers by, and the translation is to
 * be refused.
 */
bool fwt_ends_directed(const struct fwt_ends *e);

/* The two ends of a pair: who sends in the original direction, who gets. */
static inline enum fwt_who fwt_pair_src(enum fwt_pair pair)
{
	return pair == FWT_PAIR_SN ? FWT_N : FWT_C;
}

static inline enum fwt_who fwt_pair_dst(enum fwt_pair pair)
{
	return pair == FWT_PAIR_CV ? FWT_V : FWT_S;
}

/* Is @who at this address and port; @addr as in struct fwt_end. */
static inline bool fwt_ends_at(const struct fwt_ends *e, enum fwt_who who,
			       const u32 *addr, u16 port)
{
	if (e->port[who] != port)
		return false;
	if (e->family != 6)
		return e->addr4[who] == addr[0];
	return !memcmp(e->addr6[who], addr, 4 * sizeof(u32));
}

static inline bool fwt_ends_is(const struct fwt_ends *e, enum fwt_who who,
			       const struct fwt_end *end)
{
	return fwt_ends_at(e, who, end->addr, end->port);
}

/* Who is to be the source of a packet after a hook, and who its destination. */
static inline enum fwt_who fwt_target_src(enum fwt_dir dir, bool egress)
{
	if (dir == FWT_ORIGINAL)
		return egress ? FWT_N : FWT_C;
	return egress ? FWT_V : FWT_S;
}

static inline enum fwt_who fwt_target_dst(enum fwt_dir dir)
{
	return dir == FWT_ORIGINAL ? FWT_S : FWT_C;
}

/**
 * fwt_ends_match() - is this the connection's tuple
 * @e: ends
 * @pair: which pair to hold it against
 * @t: tuple of a packet
 *
 * Return: enum fwt_dir, or -1 if it is not. Of queries only requests are original, and
 * only answers replies, whichever way round their ends stand.
 */
static inline int fwt_ends_match(const struct fwt_ends *e, enum fwt_pair pair,
				 const struct fwt_tuple *t)
{
	enum fwt_who src = fwt_pair_src(pair), dst = fwt_pair_dst(pair);

	if (t->family != e->family || t->protocol != e->protocol ||
	    t->scope != e->scope)
		return -1;
	if (fwt_ends_is(e, src, &t->src) && fwt_ends_is(e, dst, &t->dst) && !t->answer)
		return FWT_ORIGINAL;
	if (fwt_ends_is(e, dst, &t->src) && fwt_ends_is(e, src, &t->dst) &&
	    (t->answer || !fwt_has_queries(e->family, e->protocol)))
		return FWT_REPLY;
	return -1;
}

/**
 * fwt_ends_target() - the ends that a packet is to have after a hook
 * @e: ends
 * @dir: direction of the packet
 * @egress: after egress (else: after ingress)
 * @r: filled in, ports as struct fwt_rewrite has them
 */
void fwt_ends_target(const struct fwt_ends *e, enum fwt_dir dir, bool egress,
		     struct fwt_rewrite *r);

/**
 * struct fwt_key - a pair without direction, for hashing
 * @w: the lesser end's words, then the greater one's, with the protocol and the
 *	scope (24 bits of it, the others folded in) where there is room
 * @n: words that count: 2 for IPv4, 5 for IPv6; the others are not set
 */
struct fwt_key {
	u64 w[5];
	u32 n;
};

/* IPv4: address and port make 48 bits. */
static inline void fwt_key4(struct fwt_key *k, u32 a, u16 aport, u32 b, u16 bport,
			    u8 protocol, u32 scope)
{
	u64 x = (u64)a << 16 | aport, y = (u64)b << 16 | bport;

	k->w[0] = (u64)(scope >> 16 & 0xff) << 56 | (u64)protocol << 48 | (x < y ? x : y);
	k->w[1] = (u64)((scope ^ scope >> 24) & 0xffff) << 48 | (x < y ? y : x);
	k->n = 2;
}

void fwt_key6(struct fwt_key *k, const u32 *a, u16 aport, const u32 *b, u16 bport,
	      u8 protocol, u32 scope);

/* The key of a tuple, and that of a connection's pair: equal where
 * fwt_ends_match() holds, and besides where two hosts ask one another, see above.
 */
static inline void fwt_tuple_key(const struct fwt_tuple *t, struct fwt_key *k)
{
	if (t->family == 6)
		fwt_key6(k, t->src.addr, t->src.port, t->dst.addr, t->dst.port,
			 t->protocol, t->scope);
	else
		fwt_key4(k, t->src.addr[0], t->src.port, t->dst.addr[0], t->dst.port,
			 t->protocol, t->scope);
}

static inline void fwt_ends_key(const struct fwt_ends *e, enum fwt_pair pair,
				struct fwt_key *k)
{
	enum fwt_who a = fwt_pair_src(pair), b = fwt_pair_dst(pair);

	if (e->family == 6)
		fwt_key6(k, e->addr6[a], e->port[a], e->addr6[b], e->port[b],
			 e->protocol, e->scope);
	else
		fwt_key4(k, e->addr4[a], e->port[a], e->addr4[b], e->port[b],
			 e->protocol, e->scope);
}

/**
 * fwt_icmp_is_query() - a request, or an answer, with an id
 * @family: 4 or 6
 * @type: ICMP or ICMPv6 type
 * @request: set to the type of the request
 *
 * Return: 0 for a request, 1 for an answer, -1 for neither.
 */
int fwt_icmp_is_query(u8 family, u8 type, u8 *request);

#endif /* FWT_CORE_TUPLE_H */
