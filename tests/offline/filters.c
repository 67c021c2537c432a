// SPDX-License-Identifier: GPL-2.0
/*
 * Filter sets for tests and benchmarks. See filters.h.
 */
#include <stdlib.h>

#include "filters.h"

#define BLOCK	128	/* filters that are compared at a time */

u32 filter_rnd(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (u32)(*state >> 32);
}

/* Sets at random
 *
 * What makes real sets what they are is that the same networks, hosts and ports
 * stand in many rules. So there are sites, networks in them and hosts in these,
 * fewer than rules; how exactly a rule names its place is the family's matter.
 */

const char *const filter_family_name[__FILTER_FAMILY_MAX] = { "acl", "fw", "ipc" };

/* Of a hundred rules: with a host, a network, a site, something wide, anything. */
struct shares {
	u8 addr[2][5];		/* source, destination */
	u8 port[2][3];		/* a single one, a range; any */
	u8 protocol[4];		/* TCP, UDP, another; any */
};

static const struct shares shares[__FILTER_FAMILY_MAX] = {
	[FILTER_ACL] = { { { 40, 35, 15, 5, 5 }, { 45, 40, 10, 4, 1 } },
			 { { 2, 1, 97 }, { 60, 22, 18 } }, { 80, 10, 4, 6 } },
	[FILTER_FW] = { { { 25, 25, 6, 4, 40 }, { 30, 30, 8, 7, 25 } },
			{ { 30, 10, 60 }, { 35, 15, 50 } }, { 45, 40, 5, 10 } },
	[FILTER_IPC] = { { { 38, 30, 12, 5, 15 }, { 38, 30, 12, 5, 15 } },
			 { { 15, 5, 80 }, { 40, 20, 40 } }, { 55, 30, 5, 10 } },
};

static u32 pick(u64 *state, const u8 *share, u32 n)
{
	u32 r = filter_rnd(state) % 100, i;

	for (i = 0; i + 1 < n && r >= share[i]; i++)
		r -= share[i];
	return i;
}

/* Bits behind a prefix are 0. */
static u8 cut_addr(u32 *addr, u32 len)
{
	u32 i, bits;

	for (i = 0; i < 4; i++) {
		bits = len > 32 * i ? min(len - 32 * i, 32u) : 0;
		addr[i] &= bits ? ~0u << (32 - bits) : 0;
	}
	return (u8)len;
}

static u8 make_addr(u64 *state, u32 kind, bool six, u32 places, u32 *addr)
{
	u32 place = filter_rnd(state) % places;
	u32 site = (place / 64 + 1) * 40503u, net = place / 4 * 2654435761u;
	u32 host = place * 2246822519u, len;

	memset(addr, 0, 4 * sizeof(u32));
	if (six) {
		static const u8 least[] = { 128, 64, 48, 20 }, more[] = { 1, 1, 9, 13 };

		addr[0] = 0x20010000 | (site & 0xffff);
		addr[1] = net;
		addr[2] = net >> 3 & 0x3ff;
		addr[3] = host;
		len = kind == 4 ? 0 : least[kind] + filter_rnd(state) % more[kind];
	} else {
		static const u8 least[] = { 32, 22, 14, 4 }, more[] = { 1, 9, 5, 9 };

		addr[0] = (site & 0xffff) << 16 | (net >> 16 & 0xff00) | host >> 24;
		len = kind == 4 ? 0 : least[kind] + filter_rnd(state) % more[kind];
	}
	return cut_addr(addr, len);
}

static void make_ports(u64 *state, const u8 *share, u16 *lo, u16 *hi)
{
	static const u16 single[] = { 22, 25, 53, 80, 110, 123, 143, 161, 389, 443, 445,
				      993, 1433, 1521, 3306, 5060, 5432, 6000, 8080 };
	static const u16 range[][2] = { { 1024, 65535 }, { 0, 1023 }, { 6000, 6063 },
					{ 33434, 33600 }, { 5000, 5100 }, { 135, 139 } };
	u32 r = filter_rnd(state), a, b;

	switch (pick(state, share, 3)) {
	case 0:
		*lo = r % 3 ? single[r / 3 % ARRAY_SIZE(single)] : (u16)(r >> 8);
		*hi = *lo;
		break;
	case 1:
		if (r % 3) {
			*lo = range[r / 3 % ARRAY_SIZE(range)][0];
			*hi = range[r / 3 % ARRAY_SIZE(range)][1];
			break;
		}
		a = r >> 16;
		b = filter_rnd(state) & 0xffff;
		*lo = (u16)min(a, b);
		*hi = (u16)max(a, b);
		break;
	default:
		*lo = 0;
		*hi = 65535;
		break;
	}
}

void filters_make(struct fwt_filter *f, u32 n, enum filter_family family, bool six, u64 seed)
{
	static const u8 other[] = { 1, 47, 50, 89, 132 };
	u64 state = (seed + 1) * 0x9e3779b97f4a7c15ull;
	const struct shares *s = &shares[family];
	u32 places = n / 3 + 8, i;

	for (i = 0; i < n; i++, f++) {
		u32 from = pick(&state, s->addr[0], 5), to = pick(&state, s->addr[1], 5);

		/* Whatever its size, a set has some twenty that are wide in both. */
		if (from >= 3 && to >= 3 && filter_rnd(&state) % (n / 20 + 1))
			to = filter_rnd(&state) % 2;
		memset(f, 0, sizeof(*f));
		f->six = six;
		f->slen = make_addr(&state, from, six, places, f->saddr);
		f->dlen = make_addr(&state, to, six, places, f->daddr);
		make_ports(&state, s->port[0], &f->sport_lo, &f->sport_hi);
		make_ports(&state, s->port[1], &f->dport_lo, &f->dport_hi);
		switch (pick(&state, s->protocol, 4)) {
		case 0:
			f->protocol = FWT_IPPROTO_TCP;
			break;
		case 1:
			f->protocol = FWT_IPPROTO_UDP;
			break;
		case 2:
			/* Most of them have no ports. */
			f->protocol = other[filter_rnd(&state) % ARRAY_SIZE(other)];
			f->sport_lo = 0;
			f->sport_hi = 65535;
			f->dport_lo = 0;
			f->dport_hi = 65535;
			break;
		default:
			f->any_protocol = true;
			break;
		}
	}
}

const char *const filter_hurt_name[__FILTER_HURT_MAX] = {
	"alike", "nested", "ranges", "ports", "wild", "cross",
};

bool filter_hurt_has6(enum filter_hurt kind)
{
	return kind == FILTER_NESTED;
}

/* The longest come first, and as many sources as an address has bits stand behind one
 * destination.
 */
static void nested(u64 *state, struct fwt_filter *f, u32 i, bool six, u32 r)
{
	u32 bits = six ? 128 : 32;

	f->six = six;
	f->saddr[0] = six ? 0x20010db8 : r | 1;
	f->daddr[0] = six ? 0x20010db8 : 0xc0a80101;
	if (six) {
		f->saddr[1] = r;
		f->saddr[2] = filter_rnd(state);
		f->saddr[3] = filter_rnd(state) | 1;
		f->daddr[1] = 0x00c0a801;
		f->daddr[3] = 1;
	}
	f->slen = cut_addr(f->saddr, bits - i % bits);
	f->dlen = cut_addr(f->daddr, bits - i / bits % bits);
}

static void host_or_any(u32 *addr, u8 *len, u32 host, bool any)
{
	addr[0] = any ? 0 : host;
	*len = any ? 0 : 32;
}

void filters_hurt(struct fwt_filter *f, u32 n, enum filter_hurt kind, bool six, u64 seed)
{
	u64 state = (seed + 1) * 0x9e3779b97f4a7c15ull;
	u32 i;

	for (i = 0; i < n; i++, f++) {
		u32 r = filter_rnd(&state);

		memset(f, 0, sizeof(*f));
		f->sport_hi = 65535;
		f->dport_hi = 65535;
		f->any_protocol = true;
		switch (kind) {
		case FILTER_ALIKE:
			f->saddr[0] = 0x0a000000;
			f->slen = 8;
			break;
		case FILTER_NESTED:
			nested(&state, f, i, six, r);
			break;
		case FILTER_RANGES:
			f->dport_lo = (u16)min(r & 0xffff, r >> 16);
			f->dport_hi = (u16)max(r & 0xffff, r >> 16);
			break;
		case FILTER_PORTS:
			/* An odd step comes by each. */
			f->dport_lo = (u16)(i * 40503u);
			f->dport_hi = f->dport_lo;
			break;
		case FILTER_WILD:
			f->daddr[0] = 0x0a000000 | (r & 15) << 8;
			f->dlen = 24;
			f->dport_lo = (u16)(r >> 16);
			f->dport_hi = (u16)min(f->dport_lo + (r >> 8 & 63), 65535u);
			break;
		default:
			host_or_any(f->saddr, &f->slen, r, i & 1);
			host_or_any(f->daddr, &f->dlen, r, !(i & 1));
			break;
		}
	}
}

/* Headers */

/* Within a prefix, at its ends, or just outside of them. */
static void draw_addr(u64 *state, const u32 *addr, u32 len, bool six, u32 how, u32 *to)
{
	u32 words = six ? 4 : 1, i;

	memset(to, 0, 4 * sizeof(u32));
	for (i = 0; i < words; i++) {
		u32 bits = len > 32 * i ? min(len - 32 * i, 32u) : 0;
		u32 mask = bits ? ~0u << (32 - bits) : 0;
		u32 rest = how == 0 ? filter_rnd(state) : how == 1 || how == 3 ? 0 : ~0u;

		to[i] = addr[i] | (rest & ~mask);
	}
	if (how < 3)
		return;
	for (i = words; i-- > 0;) {
		to[i] += how == 3 ? ~0u : 1;
		if (to[i] != (how == 3 ? ~0u : 0))
			break;
	}
}

static u16 draw_port(u64 *state, u16 lo, u16 hi, u32 how)
{
	switch (how) {
	case 0:
		return (u16)(lo + filter_rnd(state) % (hi - lo + 1u));
	case 1:
		return lo;
	case 2:
		return hi;
	case 3:
		return (u16)(lo - 1);
	default:
		return (u16)(hi + 1);
	}
}

/* Four of five choices lie within. */
static u32 how(u64 *state, bool edges)
{
	u32 r = filter_rnd(state) % 25;

	return !edges || r < 15 ? 0 : r < 18 ? 1 : r < 21 ? 2 : r < 23 ? 3 : 4;
}

/* The same header, of the other family: no rule of the set is for it. What addresses
 * have in common stays.
 */
static void other_family(u64 *state, struct fwt_packet *p)
{
	u32 i;

	p->family = p->family == 6 ? 4 : 6;
	for (i = 1; i < 4; i++) {
		p->saddr[i] = p->family == 6 ? filter_rnd(state) : 0;
		p->daddr[i] = p->family == 6 ? filter_rnd(state) : 0;
	}
}

void filter_draw(u64 *state, const struct fwt_filter *f, struct fwt_packet *p, bool edges,
		 bool uniform)
{
	static const u8 protocols[] = { 1, 6, 6, 6, 17, 17, 47, 132 };
	bool six = f->six;

	memset(p, 0, sizeof(*p));
	p->have = FWT_HAVE_IP;
	p->family = six ? 6 : 4;
	p->hook = FWT_HOOK_INGRESS;
	p->protocol = f->any_protocol || uniform ? protocols[filter_rnd(state) % 8] : f->protocol;
	/* One off, before it is known whether there are ports. */
	if (edges && !uniform) {
		u32 r = filter_rnd(state) % 25;

		p->protocol = (u8)(p->protocol + (r == 0) - (r == 1));
	}
	if (uniform) {
		u32 i;

		for (i = 0; i < (six ? 4u : 1u); i++) {
			p->saddr[i] = filter_rnd(state);
			p->daddr[i] = filter_rnd(state);
		}
	} else {
		draw_addr(state, f->saddr, f->slen, six, how(state, edges), p->saddr);
		draw_addr(state, f->daddr, f->dlen, six, how(state, edges), p->daddr);
	}
	if (p->protocol == 6 || p->protocol == 17 || p->protocol == 132) {
		p->have |= FWT_HAVE_PORTS;
		u32 at = how(state, edges);

		p->sport = uniform ? (u16)filter_rnd(state) :
				     draw_port(state, f->sport_lo, f->sport_hi, at);
		at = how(state, edges);
		p->dport = uniform ? (u16)filter_rnd(state) :
				     draw_port(state, f->dport_lo, f->dport_hi, at);
	}
	if (edges && filter_rnd(state) % 64 == 0)
		other_family(state, p);
}

/* The stupid twin */

void filter_twin_init(struct filter_twin *t, const struct fwt_filter *f, u32 n)
{
	u32 d, i;

	t->n = n;
	t->words = n && f->six ? 4 : 1;
	for (d = 0; d < 11; d++) {
		t->lo[d] = calloc(n + BLOCK, sizeof(u32));
		t->span[d] = calloc(n + BLOCK, sizeof(u32));
		if (!t->lo[d] || !t->span[d])
			abort();
	}
	for (i = 0; i < n; i++, f++) {
		bool ports = f->sport_lo || f->sport_hi != 65535 || f->dport_lo ||
			     f->dport_hi != 65535;

		for (d = 0; d < 8; d++) {
			u32 k = d % 4, len = d < 4 ? f->slen : f->dlen;
			u32 bits = len > 32 * k ? min(len - 32 * k, 32u) : 0;

			t->lo[d][i] = d < 4 ? f->saddr[k] : f->daddr[k];
			t->span[d][i] = bits == 32 ? 0 : ~0u >> bits;
		}
		t->lo[8][i] = f->sport_lo;
		t->span[8][i] = f->sport_hi - f->sport_lo;
		t->lo[9][i] = f->dport_lo;
		t->span[9][i] = f->dport_hi - f->dport_lo;
		/* Rules that ask for ports do not match where there are none. */
		t->lo[10][i] = (f->any_protocol ? 0 : f->protocol) + (ports ? 256 : 0);
		t->span[10][i] = f->any_protocol ? 255 : 0;
	}
}

void filter_twin_clean(struct filter_twin *t)
{
	u32 d;

	for (d = 0; d < 11; d++) {
		free(t->lo[d]);
		free(t->span[d]);
	}
}

u32 filter_twin_find(const struct filter_twin *t, const struct fwt_packet *p)
{
	bool ports = p->have & FWT_HAVE_PORTS;
	u32 from, i;

	if (p->family != (t->words == 4 ? 6 : 4))
		return t->n;
	for (from = 0; from < t->n; from += BLOCK) {
		u32 bad[BLOCK] = { 0 }, left = 0, d;

		for (d = 0; d < 10; d++) {
			u32 v = d < 4 ? p->saddr[d] : d < 8 ? p->daddr[d - 4] :
				d == 8 ? p->sport : p->dport;
			const u32 *lo = t->lo[d] + from, *span = t->span[d] + from;

			if (d < 8 && d % 4 >= t->words)
				continue;
			for (i = 0, left = 0; i < BLOCK; i++) {
				bad[i] |= v - lo[i] > span[i];
				left += 1 - bad[i];
			}
			if (!left)
				break;
		}
		for (i = 0; left && i < BLOCK && from + i < t->n; i++) {
			u32 lo = t->lo[10][from + i];
			bool asks = lo >= 256;

			if (asks && !ports)
				continue;
			/* Without ports the packet's are 0, which "any" holds. */
			if (!bad[i] && p->protocol - (lo & 255) <= t->span[10][from + i])
				return from + i;
		}
	}
	return t->n;
}
