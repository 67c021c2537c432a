// SPDX-License-Identifier: GPL-2.0
/*
 * Giving a connection the end N that its server is to see: which ports are free.
 *
 * A port is free if the pair S-N is in no record, whichever way round it stands
 * there (of queries: as the asking side); so one port serves many destinations, and
 * the question is one look-up in the hash. Sixteen ports at random find one unless
 * nearly all are taken: with nine of ten taken they miss once in five times, with
 * half of them once in 65536.
 *
 * Nearly full. Then the ports that are taken towards S are written down, one bit
 * each (struct fwt_ports), as the search comes by them, and freed as connections
 * and mappings end. The next searches pass over them without a look-up: a full range
 * is known to be full after a few words of zeroes that are not there, and one that has
 * a free port left finds it as quickly. The map is a hint alone: what it takes for
 * free is looked up before it is taken, and each search that uses it holds another
 * CHECK of its bits against the hash, on and on in a circle: so it is complete by
 * the time that a range which fills up is full, and it learns of what it was not
 * told (a socket that was closed). A search that has found nothing holds CHECK_FULL
 * more against it before it gives up: nobody is refused for long what became free
 * unsaid. A packet looks up BUDGET ports and no more; a map that knows nothing yet of
 * a range that large and that full is completed by several. Some FWT_PORTS_MAPS
 * destinations have a map at a time, 8 KiB each.
 *
 * Why the bit is set before the look-up: whoever ends a connection takes it out
 * of the hash first and clears the bit then. So either the look-up does not find
 * it any more, or the bit is cleared after it was set; a port is never left
 * behind as taken.
 *
 * Resting (R14). A TCP connection that is closed keeps its port for the two
 * minutes of TIME_WAIT, for the server's end may be waiting, too. Where no other
 * port is free a new SYN takes it over if its sequence is beyond all that the old
 * connection sent, by which the server tells the two apart (RFC 9293, 3.6.1). Who may
 * yield is asked of those that the search comes by; with a map, of the bits that it
 * holds against the hash. A SYN that begins a connection anew has ended the former one
 * before it gets here: it asks for that one's port first, so that nobody else has it
 * before it rested.
 *
 * The router's own (R13). Where N is an address of this machine the ports that
 * its sockets are bound to are passed over: somebody who talks to one of them
 * would be talking to the translated client instead (CVE-2021-3773).
 */
#include <linux/bitmap.h>
#include <linux/random.h>

#include "across.h"
#include "bind.h"
#include "bound.h"
#include "mapping.h"
#include "ports.h"
#include "way.h"

/* Ports that are looked up for one packet: some 0.1 ms. */
#define BUDGET		1024

/* Bits of a map that are held against the hash with a search. A map is made when
 * some eight ports of ten are taken: the searches that bring the other two come
 * round it twice.
 */
#define CHECK		16
#define CHECK_FULL	128

/* Ports that are looked up in order where there is no map. */
#define WITHOUT_MAP	128u

/* Ports that a program needs a privilege for; and which of them are told from others:
 * rresvport() of the C library gives those from 512 on.
 */
#define PRIVILEGED	1024
#define HALF_PRIVILEGED	512

/* Ranges no longer than this need no map. */
#define SHORT		64

/* Times that it is asked which port a client has by now. */
#define TRIES		3

/* Addresses of a range that are tried, when those before them are full. */
#define ADDRESSES	16

/* Ports that SCTP's sockets have, after which a search is over: each such answer may be a
 * walk of some 10,000 steps (bound.c).
 */
#define SCTP_BOUND	4

struct search {
	struct fwt_conn *c;
	const struct net_device *out;
	struct fwt_end end;
	u16 lo;
	u16 hi;
	u32 budget;
	bool ours;		/* @end is known to be of this machine */
	bool own;		/* an address of this machine */
	bool made;		/* a map: one a packet */
	bool mapped;		/* a mapping is to be made with the port */
	bool opens;		/* a SYN, with @seq */
	bool apart;		/* not with the client's own */
	bool across;		/* to another VRF, see across.h */
	bool crammed;		/* a port was free, and its bucket took no more */
	u8 bound;		/* ports that SCTP's sockets have */
	u32 seq;
	u32 whole;		/* a bit for each address that was searched whole */
	u32 scope;		/* of the VRF that the port is to be free in */
	struct fwt_conn *resting;	/* could yield its port, @rest_end */
	struct fwt_end rest_end;
	bool rest_own;
	struct fwt_end soon;	/* an end N whose pair has the hash */
	u64 soon_hash;		/* and whose bucket was asked for; or 0 */
};

/* Looking for a port */

/* In the VRF that the port is to be free in there may be connections of others, too. */
static bool met_by_others(const struct search *s)
{
	return unlikely(s->across || atomic_read(&s->c->fn->n_across));
}

static struct fwt_conn *owner(const struct search *s)
{
	return met_by_others(s) ? fwt_across_owner(s->c, s->scope) :
				  fwt_conn_owner(s->c, FWT_PAIR_SN);
}

/* The port that is tried first: its bucket is on its way from memory while it is asked what
 * else may have that port.
 */
static void ask_soon(struct search *s, const struct fwt_port_search *p)
{
	struct fwt_port_search first = *p;
	u16 port;

	if (unlikely(s->across) || !fwt_port_search_next(&first, &port))
		return;
	s->end.port = port;
	fwt_ends_set(&s->c->ends, FWT_N, &s->end);
	s->soon = s->end;
	s->soon_hash = fwt_hash_pair(&s->c->fn->conns, &s->c->ends, FWT_PAIR_SN);
	fwt_hash_soon(&s->c->fn->conns, s->soon_hash, true);
}

/* Of the pair S-N: S stays, and N is @s->end. */
static u64 hash_sn(const struct search *s)
{
	if (likely(s->soon_hash && s->soon.port == s->end.port &&
		   !memcmp(s->soon.addr, s->end.addr, sizeof(s->soon.addr))))
		return s->soon_hash;
	return fwt_hash_pair(&s->c->fn->conns, &s->c->ends, FWT_PAIR_SN);
}

static int take(struct search *s, struct fwt_conn **other)
{
	return unlikely(s->across) ? fwt_across_link(s->c, s->scope, other) :
				     fwt_conn_link(s->c, FWT_PAIR_SN, hash_sn(s), other);
}

static bool is_own(const struct search *s, const struct fwt_end *end)
{
	return s->ours ||
	       fwt_own_address(s->c->fn->net, s->out, s->c->ends.family, end->addr);
}

/* Is it a program's of ours. */
static bool bound(struct search *s)
{
	if (!s->own || !fwt_bound(s->c->fn->net, s->c->ends.protocol, s->end.port))
		return false;
	/* Not once more: another packet may have more luck. */
	if (s->c->ends.protocol == IPPROTO_SCTP && ++s->bound >= SCTP_BOUND)
		s->budget = 0;
	return true;
}

/* Is the port another one's whom no connection towards this server tells of: an inside
 * socket's that has a mapping, beyond what @but counts in it, or a program's of ours.
 */
static bool otherwise_taken(struct search *s, const struct fwt_conn *but)
{
	return fwt_mapping_taken(s->c, &s->end, s->scope, but) || bound(s);
}

/* Without its lock: fwt_conn_yield() asks again. */
static bool may_yield(struct search *s, const struct fwt_conn *c)
{
	return c->ends.protocol == IPPROTO_TCP && fwt_conn_is(c, FWT_CONN_SNAT) &&
	       !fwt_conn_is(c, FWT_CONN_LOCAL) && fwt_tcp_yields(&c->tcp, s->seq) &&
	       !otherwise_taken(s, c);
}

static int taken(struct search *s, struct fwt_conn *other)
{
	if (other && !s->resting && s->opens && may_yield(s, other)) {
		s->resting = other;
		s->rest_end = s->end;
		s->rest_own = s->own;
	}
	return -EADDRINUSE;
}

/* The port is to be its client's, if that is to have one: before anybody is answered there.
 * So of two first packets of one socket, on two CPUs, the one that comes late is told, and
 * takes what the other got (-EEXIST); and two sockets never get the same. There may be no
 * memory for it: a port of its own is as good as none.
 */
static int map(struct search *s)
{
	int ret;

	if (!s->mapped)
		return 0;
	ret = fwt_mapping_add(s->c, s->scope, s->out ? s->out->ifindex : 0);
	if (!ret)
		s->c->flags |= BIT(FWT_CONN_MAPPED);
	return ret == -ENOMEM ? 0 : ret;
}

static void unmap(struct search *s)
{
	if (!s->mapped || !(s->c->flags & BIT(FWT_CONN_MAPPED)))
		return;
	s->c->flags &= ~BIT(FWT_CONN_MAPPED);
	fwt_mapping_put(s->c, &s->end, s->scope);
}

/* Returns 0 where the port is this connection's now, -EADDRINUSE, -EEXIST where its client
 * has another one by now, or another error.
 */
static int try_port(struct search *s, u16 port)
{
	struct fwt_conn *c = s->c, *other;
	bool sparse = s->budget > BUDGET - 4;
	int ret;

	/* bound() may have used it up. */
	if (!s->budget)
		return -EADDRINUSE;
	s->budget--;
	s->end.port = port;
	fwt_ends_set(&c->ends, FWT_N, &s->end);
	/* The address of the client itself, and its port: no change. */
	if (fwt_ends_equal(&c->ends, FWT_N, FWT_C) && !s->across)
		return s->apart ? -EADDRINUSE : 0;
	/* The server itself: its packets would say no direction. */
	if (s->apart && fwt_ends_equal(&c->ends, FWT_N, FWT_S))
		return -EADDRINUSE;
	/* Looking takes no lock of the table: where many are taken, a port is
	 * passed over by that alone. The first ones are likely to be free, but nobody
	 * makes a mapping to take it back.
	 */
	other = sparse && !met_by_others(s) && !s->mapped ? NULL : owner(s);
	if (other)
		return taken(s, other);
	/* It may be so by one that rests alone. */
	if (otherwise_taken(s, NULL))
		return s->opens && !s->resting ? taken(s, owner(s)) : -EADDRINUSE;
	ret = map(s);
	if (ret)
		return ret;
	ret = take(s, &other);
	if (!ret)
		return 0;
	unmap(s);
	/* Another port has its place in another bucket. */
	if (ret == -ENOSPC) {
		s->crammed = true;
		return -EADDRINUSE;
	}
	return ret == -EEXIST ? taken(s, other) : ret;
}

static int in_order(struct search *s, struct fwt_port_search *p)
{
	u16 port;
	int ret;

	while (fwt_port_search_next(p, &port)) {
		ret = try_port(s, port);
		if (ret != -EADDRINUSE)
			return ret;
		if (!s->budget)
			break;
	}
	return -EADDRINUSE;
}

/* Is it free as far as is quickly told: of SCTP's sockets it is asked when it is tried. By a
 * map nobody else comes by the ports that are taken, of which one may rest.
 */
static bool seems_free(struct search *s)
{
	struct fwt_conn *other = owner(s);

	if (other) {
		(void)taken(s, other);
		return false;
	}
	if (s->c->ends.protocol == IPPROTO_SCTP)
		return !fwt_mapping_taken(s->c, &s->end, s->scope, NULL);
	return !otherwise_taken(s, NULL);
}

/* Holds so many bits against the hash. Returns whether one was set for nothing. */
static bool check_map(struct search *s, struct fwt_ports *m, u32 bits)
{
	u16 port = clamp(READ_ONCE(m->cursor), s->lo, s->hi);
	bool freed = false;

	for (; bits && s->budget; bits--) {
		s->budget--;
		s->end.port = port;
		fwt_ends_set(&s->c->ends, FWT_N, &s->end);
		if (!seems_free(s)) {
			set_bit(port, m->taken);
		} else if (test_bit(port, m->taken)) {
			clear_bit(port, m->taken);
			freed = true;
		}
		port = port == s->hi ? s->lo : port + 1;
	}
	WRITE_ONCE(m->cursor, port);
	return freed;
}

static int by_map(struct search *s, struct fwt_ports *m, u16 start)
{
	u32 from = start, to = s->hi + 1u, port;
	bool wrapped = false;
	int ret;

	while (s->budget) {
		port = find_next_zero_bit(m->taken, to, from);
		if (port >= to) {
			if (wrapped)
				break;
			wrapped = true;
			from = s->lo;
			to = start;
			continue;
		}
		from = port + 1;
		set_bit(port, m->taken);
		smp_mb__after_atomic();		/* before the look-up, see above */
		ret = try_port(s, port);
		if (ret == -EADDRINUSE)
			continue;
		if (ret)
			clear_bit(port, m->taken);
		return ret;
	}
	return -EADDRINUSE;
}

static int at_random(struct search *s, struct fwt_port_search *p)
{
	u16 port;
	int ret, i;

	for (i = 0; i < FWT_PORT_TRIES_RANDOM && s->budget; i++) {
		fwt_port_search_next(p, &port);
		ret = try_port(s, port);
		if (ret != -EADDRINUSE)
			return ret;
	}
	return -EADDRINUSE;
}

/* Ports of the one address @s->end, the @n-th that is tried: some at random first; with
 * @all all of them.
 */
static int search_address(struct search *s, bool all, u32 n)
{
	struct fwt_port_search p;
	struct fwt_ports *m;

	if (s->whole & BIT(n))
		return -EADDRINUSE;

	/* The seed is made of a hash for tables, which is fast first of all; a port is seen by
	 * whoever it is sent to, so it goes by one that is made not to be guessed.
	 */
	fwt_port_search_init(&p, s->lo, s->hi,
			     (u32)siphash_1u64((u64)s->end.addr[0] << 32 | s->c->seed,
					       &s->c->fn->conns.key));
	/* A map would know another one. */
	if (likely(!all && !READ_ONCE(s->c->fn->has_ports)))
		ask_soon(s, &p);
	s->own = is_own(s, &s->end);
	if (s->hi - s->lo < SHORT) {
		s->whole |= BIT(n);
		return in_order(s, &p);
	}
	/* Where there is a map it knows better than chance. */
	m = READ_ONCE(s->c->fn->has_ports) || all ?
		fwt_ports_get(s->c, &s->end, s->scope, all && !s->made) : NULL;
	if (!m && !all)
		return at_random(s, &p);
	p.random = 0;
	s->whole |= BIT(n);
	if (!m) {
		/* No memory, or no map to be had: not only for this packet. */
		if (!s->made)
			s->budget = min(s->budget, WITHOUT_MAP);
		return in_order(s, &p);
	}
	s->made |= all;
	if (test_bit(p.start, m->taken))
		check_map(s, m, CHECK);
	return by_map(s, m, p.start);
}

/* All is taken, as far as is known: is it so. */
static int search_again(struct search *s, const struct fwt_bind *b)
{
	struct fwt_ports *m;

	s->end = b->end;
	m = s->hi - s->lo < SHORT ? NULL : fwt_ports_get(s->c, &s->end, s->scope, false);
	if (!m)
		return -EADDRINUSE;
	s->own = is_own(s, &s->end);
	return check_map(s, m, CHECK_FULL) ? by_map(s, m, s->lo) : -EADDRINUSE;
}

/* When an address of a range is full the next one is tried: first whether one has
 * room to spare, then more thoroughly.
 */
static int search_range(struct search *s, const struct fwt_bind *b)
{
	bool all = false;
	u32 tries;
	int ret;

	BUILD_BUG_ON(ADDRESSES > 32);
	s->whole = 0;
	do {
		s->end = b->end;
		tries = 0;
		do {
			ret = search_address(s, all, tries);
			if (ret != -EADDRINUSE)
				return ret;
		} while (s->budget && b->range && ++tries < ADDRESSES &&
			 fwt_nat_next(b->range, &b->end, &s->end));
		all = !all;
	} while (all && s->budget);
	return s->budget ? search_again(s, b) : -EADDRINUSE;
}

/* The port of a connection that is over, if it may be: never waits for the lock
 * of another record while this one's is held.
 */
static int take_over(struct search *s)
{
	struct fwt_conn *other;
	int ret;

	s->end = s->rest_end;
	s->own = s->rest_own;
	fwt_ends_set(&s->c->ends, FWT_N, &s->end);
	if (!fwt_conn_yield(s->resting, s->seq))
		return -EADDRINUSE;
	/* Its client may have another one by that port since. */
	if (otherwise_taken(s, NULL))
		return -EADDRINUSE;
	ret = map(s);
	if (ret)
		return ret;
	if (!take(s, &other))
		return 0;
	unmap(s);
	return -EADDRINUSE;
}

/* Its client has a port that not everybody has (RFC 4787, REQ-3a; RFC 5382, REQ-7): NFS
 * servers ask for one.
 */
static bool privileged(const struct fwt_conn *c)
{
	return c->ends.port[FWT_C] && c->ends.port[FWT_C] < PRIVILEGED &&
	       (c->ends.protocol == IPPROTO_TCP || c->ends.protocol == IPPROTO_UDP);
}

/* Is the end N that it has one that is asked for; of a range it may be any. */
static bool bound_to(const struct fwt_conn *c, const struct fwt_bind *b)
{
	struct fwt_end n;

	/* By the other kind of link it would be released by another scope than it has. */
	if (b->across != fwt_conn_is(c, FWT_CONN_ACROSS))
		return false;
	fwt_ends_get(&c->ends, FWT_N, &n);
	return b->range || !memcmp(n.addr, b->end.addr, sizeof(n.addr));
}

void fwt_bind_ports(struct fwt_bind *b, const struct fwt_prog_mod *m,
		    const struct fwt_options *opt)
{
	bool named = m && m->flags & FWT_MOD_PORTS;

	b->lo = named ? m->port_lo : opt->nat_lo;
	b->hi = named ? m->port_hi : opt->nat_hi;
	/* The default, of which those below 1024 are meant to be a part. */
	b->low = !named && b->lo == 1024 && b->hi == 65535;
}

/* Is the port one that the connection may be given. */
static bool port_within(const struct fwt_bind *b, u16 port, const struct fwt_conn *c)
{
	return (port >= b->lo && port <= b->hi) ||
	       (b->low && privileged(c) && port < PRIVILEGED);
}

/* By the port that its client has towards others. */
static int as_before(struct search *s, const struct fwt_bind *b)
{
	struct fwt_conn *c = s->c;
	int ret = -EADDRINUSE;

	s->end = b->end;
	if (!fwt_mapping_get(c, &s->end, s->scope))
		return ret;
	s->mapped = false;
	s->own = is_own(s, &b->end);
	/* Unless the policy was changed, and that port is none of the range. */
	if (port_within(b, s->end.port, c))
		ret = try_port(s, s->end.port);
	if (!ret)
		c->flags |= BIT(FWT_CONN_MAPPED);
	else
		fwt_mapping_put(c, &b->end, s->scope);
	return ret;
}

/* What has no ports has nothing to choose but the address. */
static int other_address(struct search *s, const struct fwt_bind *b)
{
	int ret = -EADDRINUSE;
	u32 tries = 0;

	s->end = b->end;
	while (ret == -EADDRINUSE && ++tries < ADDRESSES &&
	       fwt_nat_next(b->range, &b->end, &s->end)) {
		s->own = fwt_own_address(s->c->fn->net, b->out, s->c->ends.family, s->end.addr);
		ret = try_port(s, b->end.port);
	}
	return ret;
}

/* By another one, with a mapping where there is to be one. */
static int choose(struct search *s, const struct fwt_bind *b, const struct fwt_end *client)
{
	struct fwt_conn *c = s->c;
	int ret = -EADDRINUSE;

	s->end = b->end;
	if (b->keep) {
		s->own = memcmp(client->addr, b->end.addr, sizeof(client->addr)) &&
			 is_own(s, &b->end);
		ret = try_port(s, b->end.port);
	} else if (b->again && port_within(b, b->again, c)) {
		s->own = is_own(s, &b->end);
		ret = try_port(s, b->again);
	}
	if (ret == -EADDRINUSE && b->low && privileged(c)) {
		s->lo = client->port < HALF_PRIVILEGED ? 1 : HALF_PRIVILEGED;
		s->hi = client->port < HALF_PRIVILEGED ? HALF_PRIVILEGED - 1 : PRIVILEGED - 1;
		s->budget -= BUDGET / 2;
		ret = search_range(s, b);
		s->budget += BUDGET / 2;
		s->lo = b->lo;
		s->hi = b->hi;
	}
	if (ret == -EADDRINUSE && b->lo)
		ret = search_range(s, b);
	else if (ret == -EADDRINUSE && b->range)
		ret = other_address(s, b);
	if (ret == -EADDRINUSE && s->resting)
		ret = take_over(s);
	return ret;
}

int fwt_bind_source(struct fwt_conn *c, const struct fwt_bind *b)
{
	struct search s = {
		.c = c, .out = b->out, .end = b->end, .lo = b->lo, .hi = b->hi, .budget = BUDGET,
		.opens = b->opens, .seq = b->seq, .apart = b->apart,
		.across = b->across, .scope = b->across ? b->scope : c->ends.scope,
		.ours = b->own,
	};
	struct fwt_end client;
	int ret, tries = 0;

	lockdep_assert_held(&c->lock);
	if (c->flags & BIT(FWT_CONN_DEAD))
		return -EBUSY;
	/* Bound by a packet that then found no memory for the rest of its decision, and has
	 * not ended the connection yet. A second link by another N would leave the first
	 * one in the hash when the record goes.
	 */
	if (unlikely(c->linked & BIT(FWT_PAIR_SN) || fwt_conn_is(c, FWT_CONN_ACROSS)))
		return bound_to(c, b) ? 0 : -EBUSY;
	fwt_ends_get(&c->ends, FWT_C, &client);
	do {
		/* Its mapping comes and goes under our hands: then without one. */
		s.mapped = b->mapped && tries++ < TRIES;
		ret = s.mapped ? as_before(&s, b) : -EADDRINUSE;
		if (ret == -EADDRINUSE)
			ret = choose(&s, b, &client);
	} while (ret == -EEXIST && s.budget > BUDGET / 2 + 1);
	if (ret == -EEXIST)
		ret = -EADDRINUSE;
	if (ret == -EADDRINUSE && s.crammed)
		ret = -ENOSPC;
	/* As it was: nobody finds it by an end that it has not. */
	if (ret)
		fwt_ends_set(&c->ends, FWT_N, &client);
	return ret;
}
