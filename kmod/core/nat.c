// SPDX-License-Identifier: GPL-2.0
/*
 * Choosing translations: an address of a range, and ports to try.
 */
#include "nat.h"
#include "patch.h"

/* The finalizer of MurmurHash3 (Appleby): each bit of @h reaches each bit of the
 * result. Nothing here need withstand an adversary who computes: what must not
 * be guessed comes in with @seed or @random.
 */
static u32 mix(u32 h)
{
	h ^= h >> 16;
	h *= 0x85ebca6b;
	h ^= h >> 13;
	h *= 0xc2b2ae35;
	h ^= h >> 16;
	return h;
}

static u32 hash_source(const struct fwt_prog_mod *m, const struct fwt_packet *p,
		       u32 seed)
{
	u32 n = p->family == 6 ? 4 : 1;
	u32 h = 0x9e3779b9;
	u32 i;

	for (i = 0; i < n; i++)
		h = mix(h ^ p->saddr[i]) + 0x9e3779b9;
	if (!(m->flags & FWT_MOD_PERSISTENT))
		h = mix(h ^ seed);
	return mix(h);
}

/* @h spread over 0 to @span, without division: 32 by 33 bits, the upper word. */
static u32 spread(u32 h, u32 span)
{
	return (u32)(((u64)h * ((u64)span + 1)) >> 32);
}

static bool greater(const u32 a[4], const u32 b[4])
{
	int i;

	for (i = 0; i < 4; i++)
		if (a[i] != b[i])
			return a[i] > b[i];
	return false;
}

/* a - b - borrow, 128 bits */
static void subtract(u32 to[4], const u32 a[4], const u32 b[4], u32 borrow)
{
	u64 x;
	int i;

	for (i = 3; i >= 0; i--) {
		x = (u64)a[i] - b[i] - borrow;
		to[i] = (u32)x;
		borrow = (u32)(x >> 32) & 1;
	}
}

static void add(u32 to[4], const u32 a[4], const u32 b[4])
{
	u64 x;
	u32 carry = 0;
	int i;

	for (i = 3; i >= 0; i--) {
		x = (u64)a[i] + b[i] + carry;
		to[i] = (u32)x;
		carry = (u32)(x >> 32);
	}
}

/* A number of 128 bits, cut to the length of @span, is in the range at least
 * every second time: eight throws miss once in 256. Then @span + 1 comes off,
 * which leaves it in the range, and the choice a little uneven.
 */
static void spread6(u32 to[4], u32 h, const u32 span[4])
{
	u32 mask[4] = { 0, 0, 0, 0 };
	int throw, i;

	for (i = 0; i < 4 && !span[i]; i++)
		;
	if (i < 4) {
		mask[i] = span[i];
		mask[i] |= mask[i] >> 1;
		mask[i] |= mask[i] >> 2;
		mask[i] |= mask[i] >> 4;
		mask[i] |= mask[i] >> 8;
		mask[i] |= mask[i] >> 16;
		for (i++; i < 4; i++)
			mask[i] = 0xffffffff;
	}

	for (throw = 0; throw < 8; throw++) {
		for (i = 3; i >= 0; i--) {
			h = mix(h + 0x9e3779b9);
			to[i] = h & mask[i];
		}
		if (!greater(to, span))
			return;
	}
	subtract(to, to, span, 1);
}

void fwt_nat_addr(const struct fwt_prog_mod *m, const struct fwt_packet *p,
		  u32 seed, u32 *addr)
{
	u32 h = hash_source(m, p, seed);
	u32 span[4];

	if (m->family == 6) {
		memcpy(addr, m->addr_lo, sizeof(m->addr_lo));
		if (!greater(m->addr_hi, m->addr_lo))
			return;
		subtract(span, m->addr_hi, m->addr_lo, 0);
		spread6(addr, h, span);
		add(addr, addr, m->addr_lo);
		return;
	}

	addr[0] = m->addr_lo[0];
	addr[1] = 0;
	addr[2] = 0;
	addr[3] = 0;
	if (m->addr_hi[0] > m->addr_lo[0])
		addr[0] += spread(h, m->addr_hi[0] - m->addr_lo[0]);
}

bool fwt_nat_next(const struct fwt_prog_mod *m, const struct fwt_end *first,
		  struct fwt_end *end)
{
	static const u32 one[4] = { 0, 0, 0, 1 };

	if (m->family == 4) {
		end->addr[0] = end->addr[0] == m->addr_hi[0] ? m->addr_lo[0] :
							       end->addr[0] + 1;
		return end->addr[0] != first->addr[0];
	}
	if (greater(m->addr_hi, end->addr))
		add(end->addr, end->addr, one);
	else
		memcpy(end->addr, m->addr_lo, sizeof(end->addr));
	return memcmp(end->addr, first->addr, sizeof(end->addr));
}

void fwt_nat_netmap(const struct fwt_prog_mod *m, u32 *addr)
{
	u32 i, n = m->family == 6 ? 4 : 1;

	for (i = 0; i < n; i++)
		addr[i] = m->addr_lo[i] | (addr[i] & (m->addr_lo[i] ^ m->addr_hi[i]));
}

void fwt_nat_loopback(u8 family, u32 *addr)
{
	addr[0] = family == 6 ? 0 : 0x7f000001;
	addr[1] = 0;
	addr[2] = 0;
	addr[3] = family == 6;
}

static bool same(const u32 *a, const u32 *b, u8 family)
{
	return !memcmp(a, b, family == 6 ? 16 : 4);
}

static bool within(const struct fwt_prog_mod *m, const u32 *addr, u8 family)
{
	if (m->family != family)
		return false;
	if (family == 4)
		return addr[0] >= m->addr_lo[0] && addr[0] <= m->addr_hi[0];
	return !greater(m->addr_lo, addr) && !greater(addr, m->addr_hi);
}

static bool allows_addr(const struct fwt_program *prog, const struct fwt_prog_mod *m,
			const struct fwt_packet *p, const struct fwt_env *env,
			const u32 *addr)
{
	const char *ifname = NULL;

	switch (m->type) {
	case FWT_MOD_MASQUERADE:
		ifname = p->oif;
		break;
	case FWT_MOD_REDIRECT:
		ifname = p->iif;
		break;
	case FWT_MOD_SNAT:
	case FWT_MOD_DNAT:
		if (!(m->flags & FWT_MOD_IFADDR))
			return within(m, addr, p->family);
		ifname = prog->string + m->addr_lo[0];
		break;
	}
	return ifname && env->ops->ifaddr(env, ifname, p->family, addr, false);
}

bool fwt_nat_allows(const struct fwt_program *prog, u32 mod,
		    const struct fwt_packet *p, const struct fwt_env *env,
		    const struct fwt_end *end)
{
	const struct fwt_program *own = fwt_program_of_mod(prog, &mod);
	const struct fwt_prog_mod *m = &own->mod[mod];
	bool source = fwt_nat_source(m, p->hook);

	/* As it would be now; or as it could be. */
	if (!same(end->addr, source ? p->saddr : p->daddr, p->family) &&
	    !allows_addr(own, m, p, env, end->addr))
		return false;
	if (!(p->have & FWT_HAVE_PORTS))
		return true;
	if (m->flags & FWT_MOD_PORTS)
		return end->port >= m->port_lo && end->port <= m->port_hi;
	return source || end->port == p->dport;
}

u16 fwt_nat_dport(const struct fwt_prog_mod *m, const struct fwt_packet *p,
		  u32 seed)
{
	u32 span;

	if (m->port_hi <= m->port_lo)
		return m->port_lo;
	span = (u32)m->port_hi - m->port_lo;

	if (!(m->flags & FWT_MOD_RANDOM)) {
		if (m->a && m->a <= p->dport && p->dport - m->a <= span)
			return (u16)(m->port_lo + (p->dport - m->a));
		if (p->dport >= m->port_lo && p->dport <= m->port_hi)
			return p->dport;
	}
	/* Not the same bits that the address took, or each address of the range
	 * would have but some of the ports.
	 */
	return (u16)(m->port_lo +
		     spread(mix(hash_source(m, p, seed) ^ 0x7feb352d), span));
}

void fwt_port_search_init(struct fwt_port_search *s, u16 lo, u16 hi, u32 random)
{
	u32 size = lo <= hi ? (u32)hi - lo + 1 : 0;

	s->lo = lo;
	s->hi = hi;
	s->left = size;
	/* In so small a range going through it is no longer than guessing. */
	s->random = size > FWT_PORT_TRIES_RANDOM ? FWT_PORT_TRIES_RANDOM : 0;
	s->state = mix(random ^ 0x2545f491);
	s->start = size ? (u16)(lo + spread(s->state, size - 1)) : lo;
}

bool fwt_port_search_next(struct fwt_port_search *s, u16 *port)
{
	if (s->random) {
		s->random--;
		/* A Weyl sequence under the finalizer: no short cycles, and no
		 * state from which it does not come away.
		 */
		s->state += 0x9e3779b9;
		*port = (u16)(s->lo + spread(mix(s->state), (u32)s->hi - s->lo));
		return true;
	}
	if (!s->left)
		return false;
	s->left--;
	*port = s->start;
	s->start = s->start == s->hi ? s->lo : (u16)(s->start + 1);
	return true;
}
