// SPDX-License-Identifier: GPL-2.0
/*
 * Choosing a server of a pool.
 *
 * Maglev. Each server has an order of its own in which it would like to have the
 * table's entries, a walk of constant step from a place of its own; both are
 * hashes of its address. In turn each takes the entry that it likes best of those
 * that are left, as often as its weight has it. When a server goes, what it had is
 * taken by the others, and little else changes, because each still likes the same
 * entries best.
 *
 * Weights. A round gives each server as much credit as its weight; who has as much
 * as the largest weight takes an entry for it. Each begins with so much that it
 * takes one in the first round, or a small weight beside large ones got nothing.
 *
 * Round robin by weight without a list of turns: let the weights stand side by
 * side as lengths on a ring, and let the turn be a place on it. Steps of constant
 * length, which has no divisor in common with the ring's, meet each place once
 * before they meet one again; a length of 0.618 of it keeps them apart (the
 * golden section: see Knuth, TAOCP 6.4, on multiplicative hashing). With equal
 * weights the ring has a place a server, and the step is 1.
 */
#include "balance.h"
#include "nat.h"

/* Stafford's variant 13 of the finalizer of MurmurHash3, as of splitmix64. */
static u64 mix(u64 h)
{
	h ^= h >> 30;
	h *= 0xbf58476d1ce4e5b9ull;
	h ^= h >> 27;
	h *= 0x94d049bb133111ebull;
	return h ^ h >> 31;
}

/* @h spread over 0 to @n - 1, without division. */
static __always_inline u32 spread(u32 h, u32 n)
{
	return (u32)(((u64)h * n) >> 32);
}

u32 fwt_balance_hash(const struct fwt_packet *p, bool source)
{
	u64 h = 0x9e3779b97f4a7c15ull;

	if (p->family == 6)
		h = mix(h ^ ((u64)p->saddr[0] << 32 | p->saddr[1])) +
		    ((u64)p->saddr[2] << 32 | p->saddr[3]);
	else
		h += p->saddr[0];
	if (source)
		return (u32)(mix(h) >> 32);
	if (p->family == 6)
		h = mix(mix(h) ^ ((u64)p->daddr[0] << 32 | p->daddr[1])) +
		    ((u64)p->daddr[2] << 32 | p->daddr[3]);
	else
		h ^= (u64)p->daddr[0] << 32;
	h = mix(h) + p->protocol;
	if (p->have & FWT_HAVE_PORTS)
		h ^= (u64)p->sport << 32 | (u64)p->dport << 16;
	return (u32)(mix(h) >> 32);
}

u64 fwt_balance_id(const struct fwt_prog_server *s)
{
	u64 h = (u64)s->family << 32 | (u64)s->port_lo << 16 | s->port_hi;
	u32 i;

	for (i = 0; i < 4; i++)
		h = mix(h + 0x9e3779b97f4a7c15ull) ^ s->addr[i];
	return mix(h + 0x9e3779b97f4a7c15ull);
}

int fwt_balance_order(const struct fwt_prog_server *a, const struct fwt_prog_server *b)
{
	u32 i;

	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	for (i = 0; i < 4; i++)
		if (a->addr[i] != b->addr[i])
			return a->addr[i] < b->addr[i] ? -1 : 1;
	if (a->port_lo != b->port_lo)
		return a->port_lo < b->port_lo ? -1 : 1;
	if (a->port_hi != b->port_hi)
		return a->port_hi < b->port_hi ? -1 : 1;
	return 0;
}

const char *fwt_balance_server_wrong(const struct fwt_prog_server *s)
{
	if (s->family != 4 && s->family != 6)
		return "a server of no family";
	if (s->pad[0] || s->pad[1] || s->pad[2])
		return "padding is not 0";
	if (s->family == 4 && (s->addr[1] || s->addr[2] || s->addr[3]))
		return "an address that is too long";
	if (s->port_lo > s->port_hi || !s->port_lo != !s->port_hi)
		return "an impossible range of ports";
	if (!s->weight || s->weight > FWT_SERVER_WEIGHT_MAX)
		return "an impossible weight";
	return NULL;
}

u16 fwt_balance_port(const struct fwt_prog_mod *m, const struct fwt_env_server *to,
		     const struct fwt_packet *p, u32 seed)
{
	struct fwt_prog_mod dnat = {
		.flags = m->flags | FWT_MOD_PORTS, .port_lo = to->port_lo, .port_hi = to->port_hi,
	};

	if (!to->port_lo)
		return p->dport;
	if (m->port_lo && m->port_hi - m->port_lo == to->port_hi - to->port_lo)
		dnat.a = m->port_lo;
	return fwt_nat_dport(&dnat, p, seed);
}

/* Building */

/**
 * struct taker - who takes entries
 * @place: the entry that it likes best of those that it has not asked for yet
 * @step: to the next one
 * @due: the round in which it takes its next one
 * @credit: that it has left then
 * @soon: the first round in which one of its group takes one; of the group's first taker
 * @id: to sort by
 * @server: its number
 */
struct taker {
	u64 id;
	u32 place;
	u32 step;
	u32 due;
	u32 credit;
	u32 soon;
	u32 server;
};

/* One of 65,535 times the weight of each other has 65,000 rounds almost to itself: so they
 * are asked by groups, of which a round passes over those that have none who is due.
 */
#define GROUP	32

static void begin(struct taker *t, const struct fwt_balance_server *s)
{
	/* By two halves of one hash of all of the id; a step is none of 0. */
	t->place = spread((u32)s->id, FWT_MAGLEV_SIZE);
	t->step = spread((u32)(s->id >> 32), FWT_MAGLEV_SIZE - 1) + 1;
	t->due = 0;
	t->credit = 0;
	t->soon = 0;
}

/* A heap: no recursion, and no worst case (Williams 1964). */
static void sink(struct taker *t, u32 at, u32 n)
{
	struct taker x = t[at];
	u32 child;

	for (; (child = 2 * at + 1) < n; at = child) {
		if (child + 1 < n && t[child].id < t[child + 1].id)
			child++;
		if (t[child].id <= x.id)
			break;
		t[at] = t[child];
	}
	t[at] = x;
}

static void sort(struct taker *t, u32 n)
{
	struct taker x;
	u32 i;

	for (i = n / 2; i-- > 0;)
		sink(t, i, n);
	for (i = n; i-- > 1;) {
		x = t[0];
		t[0] = t[i];
		t[i] = x;
		sink(t, 0, i);
	}
}

#define FREE	0xffff

static void take_one(u16 *slot, struct taker *t, u32 weight, u32 most)
{
	u32 rounds = (most - t->credit + weight - 1) / weight;

	while (slot[t->place] != FREE) {
		t->place += t->step;
		if (t->place >= FWT_MAGLEV_SIZE)
			t->place -= FWT_MAGLEV_SIZE;
	}
	slot[t->place] = (u16)t->server;
	t->due += rounds;
	t->credit += rounds * weight - most;
}

/* A group's part of a round. Returns how many entries are left. */
static u32 take_due(u16 *slot, u32 left, struct taker *t, u32 n,
		    const struct fwt_balance_server *server, u32 most, u32 round)
{
	u32 soon = ~0u, i;

	for (i = 0; i < n && left; i++) {
		if (t[i].due == round) {
			take_one(slot, &t[i], server[t[i].server].weight, most);
			left--;
		}
		soon = min(soon, t[i].due);
	}
	t->soon = soon;
	return left;
}

/* The takers take turns until @left entries that are FREE are taken. */
static void take(u16 *slot, u32 left, struct taker *t, u32 n,
		 const struct fwt_balance_server *server)
{
	u32 most = 1, round, i;

	for (i = 0; i < n; i++)
		most = max(most, server[t[i].server].weight);
	for (i = 0; i < n; i++)
		begin(&t[i], &server[t[i].server]);
	for (round = 0; n && left; round++)
		for (i = 0; i < n && left; i += GROUP)
			if (t[i].soon <= round)
				left = take_due(slot, left, t + i, min(n - i, (u32)GROUP), server,
						most, round);
}

static void fill(u16 *slot, struct taker *t, const struct fwt_balance_server *server, u32 n)
{
	u32 i, k = 0, left = 0;

	for (i = 0; i < FWT_MAGLEV_SIZE; i++)
		slot[i] = FREE;
	for (i = 0; i < n; i++) {
		t[i].server = i;
		t[i].id = server[i].id;
	}
	sort(t, n);
	take(slot, FWT_MAGLEV_SIZE, t, n, server);

	for (i = 0; i < n; i++)
		if (server[t[i].server].usable)
			t[k++] = t[i];
	if (k == n)
		return;
	for (i = 0; i < FWT_MAGLEV_SIZE; i++)
		if (slot[i] == FREE || !server[slot[i]].usable) {
			slot[i] = FREE;
			left++;
		}
	take(slot, left, t, k, server);
}

static u32 divisor(u32 a, u32 b)
{
	while (b) {
		u32 rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static u32 stride_of(const u32 *weight, u32 n, u32 total)
{
	u32 step, i;

	for (i = 1; i < n && weight[i] == weight[0]; i++)
		;
	if (i >= n)
		return total > 1;
	/* 0.618 of it, or the next one after that: the gap between numbers that
	 * have no divisor in common with one below 2^25 is small (at most some 40).
	 */
	step = (u32)(((u64)total * 2654435769u) >> 32);
	while (divisor(step, total) != 1)
		step = step + 1 < total ? step + 1 : 1;
	return step;
}

/* One after the other, each aligned. */
static size_t part(size_t *at, size_t bytes)
{
	size_t here = *at;

	*at += (bytes + 7) & ~(size_t)7;
	return here;
}

struct parts {
	size_t slot, usable, sum, weight, load, end;
};

static struct parts parts_of(u32 n, bool maglev)
{
	size_t at = 0;
	struct parts p;

	part(&at, sizeof(struct fwt_balance));
	p.load = part(&at, n * sizeof(const u32 *));
	p.sum = part(&at, n * sizeof(u32));
	p.weight = part(&at, n * sizeof(u32));
	p.usable = part(&at, n * sizeof(u16));
	p.slot = part(&at, maglev ? FWT_MAGLEV_SIZE * sizeof(u16) : 0);
	p.end = at;
	return p;
}

size_t fwt_balance_bytes(u32 n, bool maglev)
{
	return parts_of(n, maglev).end;
}

size_t fwt_balance_scratch(u32 n, bool maglev)
{
	return maglev ? n * sizeof(struct taker) : 0;
}

const struct fwt_balance *fwt_balance_build(void *mem, void *scratch, u32 scheduler,
					    bool maglev,
					    const struct fwt_balance_server *server, u32 n)
{
	const struct parts at = parts_of(n, maglev);
	u8 *m = mem;
	struct fwt_balance *b = mem;
	const u32 **load = (const u32 **)(m + at.load);
	u32 *sum = (u32 *)(m + at.sum), *weight = (u32 *)(m + at.weight);
	u16 *usable = (u16 *)(m + at.usable);
	u32 common = 0, i;

	memset(b, 0, sizeof(*b));
	b->scheduler = scheduler;
	b->usable = usable;
	b->sum = sum;
	b->weight = weight;
	b->load = load;
	for (i = 0; i < n; i++) {
		if (!server[i].usable)
			continue;
		usable[b->n] = (u16)i;
		weight[b->n] = server[i].weight;
		load[b->n++] = server[i].load;
		common = divisor(common, server[i].weight);
	}
	for (i = 0; i < b->n; i++) {
		weight[i] /= common;
		b->total += weight[i];
		sum[i] = b->total;
	}
	b->stride = stride_of(weight, b->n, b->total);
	if (maglev && b->n) {
		fill((u16 *)(m + at.slot), scratch, server, n);
		b->slot = (const u16 *)(m + at.slot);
	}
	return b;
}

/* Choosing */

/* Whose stretch of the ring has this place. */
static __always_inline u32 at_place(const struct fwt_balance *b, u32 place)
{
	u32 base = 0, count = b->n;

	/* The last one whose beginning is not above it; branches of a search are
	 * coin tosses, so it has none.
	 */
	while (count > 1) {
		u32 half = count / 2;

		base += half & -(u32)(b->sum[base + half - 1] <= place);
		count -= half;
	}
	return b->usable[base];
}

/* Of equal weights: no product, and no branch that nobody can foretell. */
static u32 least_alike(const struct fwt_balance *b, u32 first)
{
	u32 best = first, load = READ_ONCE(*b->load[first]), i = first, k;

	for (k = 1; k < b->n; k++) {
		u32 other, mask;

		i = i + 1 < b->n ? i + 1 : 0;
		other = READ_ONCE(*b->load[i]);
		mask = -(u32)(other < load);
		best ^= (best ^ i) & mask;
		load ^= (load ^ other) & mask;
	}
	return b->usable[best];
}

static u32 least(const struct fwt_balance *b, u32 seed)
{
	u32 first = spread(seed, b->n), best = first, i = first, k;
	u64 load = READ_ONCE(*b->load[first]);

	if (b->total == b->n)
		return least_alike(b, first);
	/* From one at random on: of equals it must not always be the same. */
	for (k = 1; k < b->n; k++) {
		u64 other;

		i = i + 1 < b->n ? i + 1 : 0;
		other = READ_ONCE(*b->load[i]);
		if (other * b->weight[best] < load * b->weight[i]) {
			best = i;
			load = other;
		}
	}
	return b->usable[best];
}

u32 fwt_balance_choose(const struct fwt_balance *b, u32 hash, bool persistent,
		       u32 seed, u32 turn)
{
	if (!b->n)
		return FWT_NONE;
	/* A pool is the next policy's a moment before that is in force: whose rules
	 * were persistent may find it without entries.
	 */
	if (persistent && b->slot)
		return b->slot[spread(hash, FWT_MAGLEV_SIZE)];

	switch (b->scheduler) {
	case FWT_SCHEDULE_ROUND_ROBIN:
		return at_place(b, turn < b->total ? turn : 0);
	case FWT_SCHEDULE_RANDOM:
		return at_place(b, spread((u32)mix(seed), b->total));
	case FWT_SCHEDULE_LEAST_CONN:
		return least(b, (u32)mix(seed));
	default:
		return b->slot[spread(hash, FWT_MAGLEV_SIZE)];
	}
}
