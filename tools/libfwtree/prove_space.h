/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All packets there can be, as bits of a decision diagram.
 *
 * Each thing that a packet has is an axis. The values that the policies tell
 * apart cut an axis into pieces, and the bits of the diagram number the pieces: a
 * policy that asks for three ports needs three bits, and one that does not ask for
 * TTL none. Where a policy masks a field by something that is no prefix, the
 * pieces would be too many, and the bits are those of the field.
 *
 * What is no field of a packet (is that one of eth0's addresses? is the limit
 * reached?) is one bit each, known by its text: a question that may be answered
 * either way.
 *
 * Which packets can be there at all is a set as well: fwt_space_world().
 */
#ifndef FWT_PROVE_SPACE_H
#define FWT_PROVE_SPACE_H

#include "prove_dd.h"
#include "sema.h"

/** struct fwt_wide - a value of an axis, as one number */
struct fwt_wide {
	u64 h;
	u64 l;
};

/* X(ID, bits): in the order in which the diagram asks. What decides what else a
 * packet has comes first; then what most rules ask.
 */
#define FWT_AXES(X)						\
	X(KIND, 2)						\
	X(CT_STATE, 3)						\
	X(IIF, 128)						\
	X(OIF, 128)						\
	X(FRAGMENT, 2)						\
	X(PROTOCOL, 8)						\
	X(SADDR4, 32)						\
	X(SADDR6, 128)						\
	X(DADDR4, 32)						\
	X(DADDR6, 128)						\
	X(DPORT, 16)						\
	X(SPORT, 16)						\
	X(ICMP_TYPE, 8)						\
	X(ICMP_CODE, 8)						\
	X(ICMP_ID, 16)						\
	X(TCP_FLAGS, 8)						\
	X(TCP_SEQ, 32)						\
	X(TCP_ACK, 32)						\
	X(TCP_WINDOW, 16)					\
	X(HAVE_MSS, 1)						\
	X(TCP_OPTION_MSS, 16)					\
	X(TTL, 8)						\
	X(DSCP, 6)						\
	X(LENGTH, 32)						\
	X(HAVE_ETHER, 1)					\
	X(ETHER_TYPE, 16)					\
	X(ETHER_SADDR, 48)					\
	X(ETHER_DADDR, 48)					\
	X(HAVE_VLAN, 1)						\
	X(VLAN_ID, 12)						\
	X(VLAN_PCP, 3)						\
	X(ARP_OP, 16)						\
	X(ARP_SADDR, 32)					\
	X(ARP_DADDR, 32)					\
	X(PKTTYPE, 3)						\
	X(MARK, 32)						\
	X(PRIORITY, 32)						\
	X(CT_STATUS, 2)						\
	X(GIVEN_PRIORITY, 1)	/* ingress has set one: asked where packets are routed */

enum fwt_axis_id {
#define X(id, bits) FWT_AXIS_##id,
	FWT_AXES(X)
#undef X
	FWT_AXIS_MORE,		/* three for each field that is not above: is it there,
				 * its value, its value in an IPv6 packet
				 */
	FWT_AXIS_FRESH = FWT_AXIS_MORE + 3 * 64,	/* what a change left unknown */
	FWT_AXIS_MAX = FWT_AXIS_FRESH + 64,
	FWT_AXIS_NONE = 0xffff,
};

/* The values of KIND. */
enum fwt_kind {
	FWT_KIND_IPV4,
	FWT_KIND_IPV6,
	FWT_KIND_ARP,
	FWT_KIND_OTHER,
	FWT_KINDS,
};

/* Masks of an axis that are known by name; those of a policy are few. */
#define FWT_AXIS_MASKS	6

/**
 * struct fwt_axis - one of them
 * @cut: struct fwt_wide: where pieces begin; sorted, and the first one 0, once the
 *	space is fixed
 * @raw: its bits are the field's
 * @width: bits of the field
 * @first: bit of the diagram
 * @bits: how many; 0 where nobody asks
 * @of: FRESH: the axis that it stands in for
 * @mask: those that are no prefix and that a policy masks it by: its words, when
 *	packets are told
 * @masks: how many; no more than there is room for
 * @pinned: it has the value @at and no other: what asks for it asks nothing
 */
struct fwt_axis {
	struct fwt_vec cut;
	bool raw;
	u8 width;
	u8 bits;
	u32 first;
	u32 of;
	u32 masks;
	struct fwt_wide mask[FWT_AXIS_MASKS];
	bool pinned;
	struct fwt_wide at;
};

/**
 * struct fwt_opaque - a question that is not about the packet's fields
 * @text: for people
 * @key: what makes two of them one
 * @fields: FWT_FIELD_BIT() of what it depends on
 * @var: bit of the diagram
 * @state: a walk may change the answer, for those that come after it
 */
struct fwt_opaque {
	char *text;
	char *key;
	u64 fields;
	u32 var;
	bool state;
};

/**
 * struct fwt_space - the axes of one question
 * @fresh: how many of FWT_AXIS_FRESH
 * @vars: bits given out
 * @tracks: somebody asks for the state of connections
 * @per_packet: every packet walks, not openers alone
 * @loose: TCP that is in its middle opens a connection ("option tcp-loose"); @adopts: for
 *	a while ("option adopt")
 * @clamps: some rule has what leaves offer less
 * @opaque: struct fwt_opaque
 * @asked: those, by key
 * @updated: u64, hashes of names: sets that rules add to or remove from
 * @failed: no memory
 * @has: what fwt_space_has() said before, and 1; 0 where it was not asked
 */
struct fwt_space {
	struct fwt_dd dd;
	struct fwt_axis axis[FWT_AXIS_MAX];
	u32 fresh;
	u32 vars;
	bool tracks;
	bool per_packet;
	bool loose;
	bool adopts;
	bool clamps;
	bool failed;
	struct fwt_vec opaque;
	struct fwt_index asked;
	struct fwt_vec updated;
	u32 has[FWT_AXIS_MORE];
};

/* What the text of a question begins with that is no more than a bit of an unknown value. */
#define FWT_SOME_BIT	"some bit"

static inline struct fwt_wide fwt_wide(u64 h, u64 l)
{
	struct fwt_wide w = { h, l };

	return w;
}

static inline int fwt_wide_cmp(struct fwt_wide a, struct fwt_wide b)
{
	return a.h != b.h ? (a.h < b.h ? -1 : 1) : a.l != b.l ? (a.l < b.l ? -1 : 1) : 0;
}

/** fwt_wide_words() - of up to four words, the most significant first */
static inline struct fwt_wide fwt_wide_words(const u32 *w, u32 n)
{
	struct fwt_wide v = { 0, 0 };

	for (; n--; w++) {
		v.h = v.h << 32 | v.l >> 32;
		v.l = v.l << 32 | *w;
	}
	return v;
}

static inline struct fwt_wide fwt_wide_next(struct fwt_wide v)
{
	v.h += !++v.l;
	return v;
}

static inline struct fwt_wide fwt_wide_last(struct fwt_wide v)
{
	v.h -= !v.l--;
	return v;
}

static inline bool fwt_wide_bit(struct fwt_wide v, u32 bit)
{
	return (bit < 64 ? v.l >> bit : v.h >> (bit - 64)) & 1;
}

/* The loopback's name. */
#define FWT_WIDE_LO	fwt_wide(0x6c6full << 48, 0)

int fwt_space_init(struct fwt_space *sp, u32 budget);
void fwt_space_clean(struct fwt_space *sp);

/** fwt_space_cut() - @lo to @hi is told apart from the rest of @axis */
void fwt_space_cut(struct fwt_space *sp, u32 axis, struct fwt_wide lo, struct fwt_wide hi);
void fwt_space_cut1(struct fwt_space *sp, u32 axis, u64 lo, u64 hi);

/**
 * fwt_space_collect() - everything that the tests of a policy tell apart
 * @s: understood
 */
void fwt_space_collect(struct fwt_space *sp, const struct fwt_sema *s);

/** fwt_space_elems() - the same of elements of a select */
void fwt_space_elems(struct fwt_space *sp, const struct fwt_prog_test *t,
		     const struct fwt_elems *e, u32 kind);

/** fwt_space_cut_hop() - TTLs that are told apart once one is taken off, too; after all cuts */
void fwt_space_cut_hop(struct fwt_space *sp);

/** fwt_space_fix() - no more cuts: bits are given out; -ENOMEM */
int fwt_space_fix(struct fwt_space *sp);

/**
 * fwt_space_pin() - all packets have one value there, once the space is fixed
 *
 * For an axis that no modifier changes. So a question about one connection asks
 * 100,000 rules as quickly as ten.
 */
void fwt_space_pin(struct fwt_space *sp, u32 axis, struct fwt_wide at);

/** fwt_space_axis() - where a field lies in packets of @kind; FWT_AXIS_NONE */
u32 fwt_space_axis(u32 field, u32 kind);

/**
 * fwt_space_range() - packets with an axis in a range
 * @mask: NULL, or what the value is masked by first
 */
u32 fwt_space_range(struct fwt_space *sp, u32 axis, struct fwt_wide lo, struct fwt_wide hi,
		    const struct fwt_wide *mask);
u32 fwt_space_is(struct fwt_space *sp, u32 axis, u64 lo, u64 hi);
u32 fwt_space_kind(struct fwt_space *sp, u32 kind);

/** fwt_space_have() - packets of @kind that have a field */
u32 fwt_space_have(struct fwt_space *sp, u32 field, u32 kind);

/** fwt_space_has() - packets in which an axis means something */
u32 fwt_space_has(struct fwt_space *sp, u32 axis);

/** fwt_space_test() - packets for which a test of a policy holds; @where: its rule */
u32 fwt_space_test(struct fwt_space *sp, const struct fwt_sema *s,
		   const struct fwt_prog_test *t, const char *where);

/** fwt_space_elem() - packets of @kind with a key within @lo to @hi */
u32 fwt_space_elem(struct fwt_space *sp, const struct fwt_prog_test *t, u32 kind,
		   const u8 *dim, const u32 *lo, const u32 *hi, const u32 *mask);

/** fwt_space_asked() - the bit that a question has; FWT_DD_LEAF before it is asked */
u32 fwt_space_asked(struct fwt_space *sp, const char *key);

/**
 * fwt_space_opaque() - the bit of a question
 * @key: what makes two of them one
 * @state: the next walk may be answered otherwise
 */
u32 fwt_space_opaque(struct fwt_space *sp, const char *key, const char *text, u64 fields,
		     bool state);

/**
 * fwt_space_shorten() - a text in @size bytes, at least 40
 *
 * Of one that is longer a hash of the whole stands at the end: other texts stay others.
 */
void fwt_space_shorten(char *buf, size_t size, const char *text);

/** fwt_space_node() - so the words of another module's node, number @node in FOREIGN */
void fwt_space_node(struct fwt_space *sp, const struct fwt_sema *s, u32 node, char *buf,
		    size_t size);

/** fwt_space_updated() - rules add to the set that @test asks, or remove from it */
void fwt_space_updated(struct fwt_space *sp, const struct fwt_sema *s, u32 test);

/** fwt_space_live() - whether any does that to the one that @t asks */
bool fwt_space_live(const struct fwt_space *sp, const struct fwt_sema *s,
		    const struct fwt_prog_test *t);

/** fwt_space_formless() - packets that are never tracked, by their form */
u32 fwt_space_formless(struct fwt_space *sp);

/**
 * fwt_space_opens() - packets that may begin a connection
 * @middle: also those of TCP that are in the middle of one, where that may be
 */
u32 fwt_space_opens(struct fwt_space *sp, bool middle);

/**
 * fwt_space_state() - the state of a packet of no connection, by its form
 * @loose: TCP that is in its middle opens a connection
 *
 * Return: enum fwt_ct_state.
 */
u8 fwt_space_state(const struct fwt_packet *p, bool loose);

/** fwt_space_devices() - frames of a hook's devices */
u32 fwt_space_devices(struct fwt_space *sp, const struct fwt_ast_hook *h);

/** fwt_space_hook() - the tree that a packet meets at a hook; NULL: none */
const struct fwt_ast_hook *fwt_space_hook(const struct fwt_policy_ast *ast, u32 hook,
					  const struct fwt_packet *p);

/**
 * fwt_space_frames() - the frames that come to a hook's tree, by their devices
 * @ast: of whose hooks it is one: trees before it take those of their devices
 *
 * Return: all, where it is no device's.
 */
u32 fwt_space_frames(struct fwt_space *sp, const struct fwt_policy_ast *ast,
		     const struct fwt_ast_hook *h);

/**
 * fwt_space_world() - the packets that can be there at a hook
 * @hook: enum fwt_hook
 * @frames: of them those that come to its tree
 */
u32 fwt_space_world(struct fwt_space *sp, u32 hook, u32 frames);

/** fwt_space_piece() - number of the piece with @v, as bits (a byte each) */
void fwt_space_piece(const struct fwt_space *sp, u32 axis, struct fwt_wide v, u8 *bits);

/** fwt_space_ends() - first and last value of the piece that @bits name */
void fwt_space_ends(const struct fwt_space *sp, u32 axis, const u8 *bits,
		    struct fwt_wide *lo, struct fwt_wide *hi);

/** fwt_space_device() - the names that one of a hook's devices means */
void fwt_space_device(const struct fwt_value *v, struct fwt_wide *lo, struct fwt_wide *hi);

/** fwt_space_name() - an interface's name between two values, all zeroes is "none" */
bool fwt_space_name(struct fwt_wide lo, struct fwt_wide hi, char name[17]);

#endif /* FWT_PROVE_SPACE_H */
