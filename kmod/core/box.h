/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A box of a forest, packed so that all its ranges are compared by four subtractions.
 *
 * Theory of operation
 *
 * Each value has a place in one of two words, and a bit above it, its guard. A word
 * of the packet with all guards set, less that of the box's least values, keeps a
 * guard where the value is not below the least; the box's greatest values with their
 * guards set, less the packet's word, keep it where the value is not above. No
 * subtraction borrows from beyond its guard. So a packet lies within all ranges of a
 * box if all guards are left everywhere.
 *
 *	bit	63	55-62		50-54	49	33-48	32	0-31
 *	word 0	guard	protocol	rest	guard	dport	guard	source
 *
 *	bit	63	62	50-61		49	33-48	32	0-31
 *	word 1	guard	ports	rest		guard	sport	guard	destination
 *
 * What has no ports is told by a bit of its own. What is left over has the node, and
 * what else there is to say of the box; it must borrow from nobody: in what is
 * subtracted from, the packet's word has ones there, and zeros in what is
 * subtracted.
 */
#ifndef FWT_CORE_BOX_H
#define FWT_CORE_BOX_H

#include "os.h"
#include "fwtree_program.h"

#define FWT_BOX_GUARDS		(1ull << 63 | 1ull << 49 | 1ull << 32)
#define FWT_BOX_REST		50
#define FWT_BOX_REST0		(0x1full << FWT_BOX_REST)
#define FWT_BOX_REST1		(0xfffull << FWT_BOX_REST)

/**
 * struct fwt_box4 - a box of IPv4 and others, legible
 * @saddr_lo: first source address
 * @saddr_hi: last one
 * @daddr_lo: first destination address
 * @daddr_hi: last one
 * @sport_lo: first source port
 * @sport_hi: last one
 * @dport_lo: first destination port
 * @dport_hi: last one
 * @protocol_lo: first protocol
 * @protocol_hi: last one
 * @flags: FWT_BOX_*
 * @node: see struct fwt_prog_box; 29 bits, of which no program has as many nodes
 */
struct fwt_box4 {
	u32 saddr_lo;
	u32 saddr_hi;
	u32 daddr_lo;
	u32 daddr_hi;
	u16 sport_lo;
	u16 sport_hi;
	u16 dport_lo;
	u16 dport_hi;
	u8 protocol_lo;
	u8 protocol_hi;
	u8 flags;
	u32 node;
};

static inline u64 fwt_box_word0(u32 saddr, u16 dport, u8 protocol)
{
	return saddr | (u64)dport << 33 | (u64)protocol << 55;
}

static inline u64 fwt_box_word1(u32 daddr, u16 sport, bool ports)
{
	return daddr | (u64)sport << 33 | (u64)ports << 62;
}

static inline u64 fwt_box_put(u64 word, u64 mask, u32 rest)
{
	return (word & ~mask) | ((u64)rest << FWT_BOX_REST & mask);
}

static inline u32 fwt_box_rest(u64 word, u64 mask)
{
	return (word & mask) >> FWT_BOX_REST;
}

/* The walk is to go on at @node. */
static inline void fwt_box_lead(struct fwt_prog_box *b, u32 node)
{
	b->lo[1] = fwt_box_put(b->lo[1], FWT_BOX_REST1, node);
	b->hi[1] = fwt_box_put(b->hi[1], FWT_BOX_REST1, node >> 12);
	b->lo[0] = fwt_box_put(b->lo[0], FWT_BOX_REST0, node >> 24);
}

static inline struct fwt_prog_box fwt_box_pack(const struct fwt_box4 *b)
{
	struct fwt_prog_box box = {
		.lo = { fwt_box_word0(b->saddr_lo, b->dport_lo, b->protocol_lo),
			fwt_box_word1(b->daddr_lo, b->sport_lo, b->flags & FWT_BOX_PORTS) },
		.hi = { fwt_box_word0(b->saddr_hi, b->dport_hi, b->protocol_hi) | FWT_BOX_GUARDS,
			fwt_box_word1(b->daddr_hi, b->sport_hi, true) | FWT_BOX_GUARDS },
	};

	box.hi[0] = fwt_box_put(box.hi[0], FWT_BOX_REST0, b->flags & FWT_BOX_TESTS);
	fwt_box_lead(&box, b->node);
	return box;
}

static inline u32 fwt_box_node(const struct fwt_prog_box *b)
{
	return fwt_box_rest(b->lo[1], FWT_BOX_REST1) |
	       fwt_box_rest(b->hi[1], FWT_BOX_REST1) << 12 |
	       fwt_box_rest(b->lo[0], FWT_BOX_REST0) << 24;
}

/**
 * struct fwt_box_key - a packet, as boxes are asked about it
 * @word: its values in their places
 * @guarded: the same to subtract from
 */
struct fwt_box_key {
	u64 word[2];
	u64 guarded[2];
};

/* Of a packet of IPv4, or of no IP at all: then all is 0. @ports: it has some. */
static inline void fwt_box_ask(struct fwt_box_key *k, u32 saddr, u32 daddr, u16 sport,
			       u16 dport, u8 protocol, bool ports)
{
	k->word[0] = fwt_box_word0(saddr, dport, protocol);
	k->word[1] = fwt_box_word1(daddr, sport, ports);
	k->guarded[0] = k->word[0] | FWT_BOX_GUARDS | FWT_BOX_REST0;
	k->guarded[1] = k->word[1] | FWT_BOX_GUARDS | FWT_BOX_REST1;
}

/* Does the box hold the packet. */
static __always_inline bool fwt_box_holds(const struct fwt_prog_box *b,
					  const struct fwt_box_key *k)
{
	return ((k->guarded[0] - b->lo[0]) & (b->hi[0] - k->word[0]) &
		(k->guarded[1] - b->lo[1]) & (b->hi[1] - k->word[1]) &
		FWT_BOX_GUARDS) == FWT_BOX_GUARDS;
}

/* FWT_BOX_TESTS or none. */
static inline u8 fwt_box_tests(const struct fwt_prog_box *b)
{
	return fwt_box_rest(b->hi[0], FWT_BOX_REST0);
}

static inline struct fwt_box4 fwt_box_unpack(const struct fwt_prog_box *b)
{
	return (struct fwt_box4){
		.saddr_lo = (u32)b->lo[0], .saddr_hi = (u32)b->hi[0],
		.daddr_lo = (u32)b->lo[1], .daddr_hi = (u32)b->hi[1],
		.sport_lo = (u16)(b->lo[1] >> 33), .sport_hi = (u16)(b->hi[1] >> 33),
		.dport_lo = (u16)(b->lo[0] >> 33), .dport_hi = (u16)(b->hi[0] >> 33),
		.protocol_lo = (u8)(b->lo[0] >> 55), .protocol_hi = (u8)(b->hi[0] >> 55),
		.flags = (b->lo[1] >> 62 & 1 ? FWT_BOX_PORTS : 0) | fwt_box_tests(b),
		.node = fwt_box_node(b),
	};
}

#endif /* FWT_CORE_BOX_H */
