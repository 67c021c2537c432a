// SPDX-License-Identifier: GPL-2.0
/* From a rule's matches to the boxes that hold what passes them; see the header. */
#include "compile_boxes.h"

u32 fwt_box_dims(enum fwt_part part)
{
	return part == FWT_PART_IPV6 ? (u32)__FWT_DIM6_MAX : (u32)__FWT_DIM_MAX;
}

void fwt_box_anything(struct fwt_box *b, enum fwt_part part)
{
	u32 addrs = part == FWT_PART_IPV6 ? 8 : 2, d;

	memset(b, 0, sizeof(*b));
	for (d = 0; d < addrs; d++)
		b->dim[d].hi = ~0u;
	b->dim[addrs].hi = 0xffff;
	b->dim[addrs + 1].hi = 0xffff;
	b->dim[addrs + 2].hi = 0xff;
}

static bool narrow(struct fwt_box_range *r, u32 lo, u32 hi)
{
	r->lo = max(r->lo, lo);
	r->hi = min(r->hi, hi);
	return r->lo <= r->hi;
}

/* Where a field lies in a box. */
struct place {
	u8 dim;
	u8 words;	/* 0: boxes don't have it */
	u8 flags;
	u8 protocol;	/* that it implies, 0 for none */
	bool never;	/* packets of this kind don't have it */
};

static struct place place_of(u8 field, enum fwt_part part)
{
	bool six = part == FWT_PART_IPV6;
	u8 addr = six ? 4 : 1, ports = 2 * addr;
	struct place p = { .never = part == FWT_PART_OTHER };

	switch (field) {
	case FWT_FIELD_IP_SADDR:
	case FWT_FIELD_IP6_SADDR:
	case FWT_FIELD_SADDR:
		p.never |= field != FWT_FIELD_SADDR && (field == FWT_FIELD_IP6_SADDR) != six;
		p.words = addr;
		break;
	case FWT_FIELD_IP_DADDR:
	case FWT_FIELD_IP6_DADDR:
	case FWT_FIELD_DADDR:
		p.never |= field != FWT_FIELD_DADDR && (field == FWT_FIELD_IP6_DADDR) != six;
		p.words = addr;
		p.dim = addr;
		break;
	case FWT_FIELD_SPORT:
	case FWT_FIELD_TCP_SPORT:
	case FWT_FIELD_UDP_SPORT:
	case FWT_FIELD_DPORT:
	case FWT_FIELD_TCP_DPORT:
	case FWT_FIELD_UDP_DPORT:
		p.words = 1;
		p.dim = ports + (field == FWT_FIELD_DPORT || field == FWT_FIELD_TCP_DPORT ||
				 field == FWT_FIELD_UDP_DPORT);
		p.flags = FWT_BOX_PORTS;
		if (field == FWT_FIELD_TCP_SPORT || field == FWT_FIELD_TCP_DPORT)
			p.protocol = FWT_IPPROTO_TCP;
		if (field == FWT_FIELD_UDP_SPORT || field == FWT_FIELD_UDP_DPORT)
			p.protocol = FWT_IPPROTO_UDP;
		break;
	case FWT_FIELD_PROTOCOL:
		p.words = 1;
		p.dim = ports + 2;
		break;
	case FWT_FIELD_TCP_FLAGS:
	case FWT_FIELD_TCP_SEQ:
	case FWT_FIELD_TCP_ACK:
	case FWT_FIELD_TCP_WINDOW:
	case FWT_FIELD_TCP_OPTION_MSS:
		p.protocol = FWT_IPPROTO_TCP;
		break;
	case FWT_FIELD_ICMP_TYPE:
	case FWT_FIELD_ICMP_CODE:
	case FWT_FIELD_ICMP_ID:
		p.never |= six;
		p.protocol = FWT_IPPROTO_ICMP;
		break;
	case FWT_FIELD_ICMPV6_TYPE:
	case FWT_FIELD_ICMPV6_CODE:
	case FWT_FIELD_ICMPV6_ID:
		p.never |= !six;
		p.protocol = FWT_IPPROTO_ICMPV6;
		break;
	case FWT_FIELD_FAMILY:
	case FWT_FIELD_DSCP:
	case FWT_FIELD_TTL:
	case FWT_FIELD_LENGTH:
	case FWT_FIELD_FRAGMENT:
		break;
	default:
		p.never = false;
		break;
	}
	return p;
}

/* That the packet has the field at all. False if it can't. */
static bool present(struct fwt_box *b, const struct place *p, enum fwt_part part)
{
	b->flags |= p->flags;
	return !p->never &&
	       (!p->protocol || narrow(&b->dim[fwt_box_dims(part) - 1], p->protocol, p->protocol));
}

/* A field from @lo to @hi. Of an address of four words each word is a range of
 * its own, which is exact for prefixes; for other ranges it holds too much.
 */
static bool within(struct fwt_box *b, const struct place *p, const u32 *lo, const u32 *hi,
		   bool *exact)
{
	u32 i;

	for (i = 0; i < p->words; i++) {
		if (!narrow(&b->dim[p->dim + i], lo[i], hi[i]))
			return false;
		if (lo[i] != hi[i])
			break;
	}
	for (i++; i < p->words; i++)
		*exact &= !lo[i] && hi[i] == ~0u;
	return true;
}

const struct fwt_prog_set *fwt_box_set(const struct fwt_gen *g,
				       const struct fwt_prog_test *t, enum fwt_part part)
{
	u32 set = t->set[part == FWT_PART_IPV6];

	return set == FWT_NONE ? NULL :
		(const struct fwt_prog_set *)g->b->sec[FWT_SEC_SETS].data + set;
}

static const u32 *element(const struct fwt_gen *g, const struct fwt_prog_set *s, u32 i,
			  const u32 **hi)
{
	const u32 *word = g->b->sec[FWT_SEC_WORDS].data;
	const u32 *lo = word + s->data +
		(size_t)i * s->words * (s->kind == FWT_SET_KEYS ? 1 : 2);

	*hi = s->kind == FWT_SET_KEYS ? lo : lo + s->words;
	return lo;
}

/* @from with a test's element @i; false where nothing is left. */
bool fwt_box_element(const struct fwt_gen *g, const struct fwt_prog_test *t,
		     const struct fwt_prog_set *s, u32 i, enum fwt_part part,
		     struct fwt_box *b, bool *exact)
{
	const u32 *hi, *lo = element(g, s, i, &hi);
	u32 d, at = 0;

	for (d = 0; d < t->n_fields; at += s->dim[d++]) {
		struct place p = place_of(t->field[d], part);

		if (!present(b, &p, part))
			return false;
		if (!p.words)
			*exact = false;
		else if (!within(b, &p, lo + at, hi + at, exact))
			return false;
	}
	return true;
}

/* What lies between the elements of a sorted set of one word: the gap before
 * element @i, or behind the last one.
 */
static bool gap(const struct fwt_gen *g, const struct fwt_prog_set *s, u32 i, u32 most,
		struct fwt_box_range *r)
{
	const u32 *lo, *hi;

	r->lo = 0;
	r->hi = most;
	if (i) {
		element(g, s, i - 1, &hi);
		if (*hi >= most)
			return false;
		r->lo = *hi + 1;
	}
	if (i < s->count) {
		lo = element(g, s, i, &hi);
		if (!*lo)
			return false;
		r->hi = *lo - 1;
	}
	return r->lo <= r->hi;
}

static void cross_gaps(const struct fwt_gen *g, const struct fwt_prog_test *t,
		       const struct fwt_prog_set *s, enum fwt_part part,
		       const struct fwt_boxes *from, u32 room, struct fwt_boxes *to)
{
	struct place p = place_of(t->field[0], part);
	u32 bits = fwt_field_info[t->field[0]].bits, i, k;
	u32 most = bits == 32 ? ~0u : (1u << bits) - 1;
	bool fits = p.words == 1 && (s ? s->count + 1 : 1) * from->count <= room;

	to->exact = fits;
	for (k = 0; k < from->count; k++) {
		struct fwt_box b = from->box[k];
		struct fwt_box_range r;

		if (!present(&b, &p, part))
			continue;
		if (!fits || !s) {
			to->box[to->count++] = b;
			continue;
		}
		for (i = 0; i <= s->count; i++) {
			struct fwt_box one = b;

			if (gap(g, s, i, most, &r) && narrow(&one.dim[p.dim], r.lo, r.hi))
				to->box[to->count++] = one;
		}
	}
	if (!s)		/* nothing is in it: to be there is all */
		to->exact = t->n_fields == 1 && (p.words || p.never);
}

/* The family is what the kind of packet says. */
static bool same_family(const struct fwt_gen *g, const struct fwt_prog_set *s,
			enum fwt_part part)
{
	u32 family = part == FWT_PART_IPV6 ? 6 : 4, i;
	const u32 *lo, *hi;

	for (i = 0; s && i < s->count; i++) {
		lo = element(g, s, i, &hi);
		if (*lo <= family && family <= *hi)
			return true;
	}
	return false;
}

static void copy(const struct fwt_boxes *from, struct fwt_boxes *to)
{
	to->count = from->count;
	memcpy(to->box, from->box, from->count * sizeof(from->box[0]));
}

/* The boxes of @from that pass a test, too. */
void fwt_boxes_cross(const struct fwt_gen *g, const struct fwt_prog_test *t,
		     enum fwt_part part, const struct fwt_boxes *from, u32 room,
		     struct fwt_boxes *to)
{
	bool negate = t->flags & FWT_TEST_NEGATE;
	const struct fwt_prog_set *s;
	u32 i, k, d;

	to->count = 0;
	to->exact = false;
	if (t->op != FWT_TEST_IN || t->mask[part == FWT_PART_IPV6] != FWT_NONE ||
	    (negate && t->n_fields != 1)) {
		for (k = 0; k < from->count; k++) {
			struct fwt_box b = from->box[k];
			bool there = true;

			for (d = 0; d < t->n_fields; d++) {
				struct place p = place_of(t->field[d], part);

				there &= present(&b, &p, part);
			}
			if (there)
				to->box[to->count++] = b;
		}
		return;
	}
	s = fwt_box_set(g, t, part);
	if (t->n_fields == 1 && t->field[0] == FWT_FIELD_FAMILY) {
		to->exact = true;
		if (part != FWT_PART_OTHER && same_family(g, s, part) != negate)
			copy(from, to);
		return;
	}
	if (negate) {
		cross_gaps(g, t, s, part, from, room, to);
		return;
	}
	to->exact = true;
	if (!s)
		return;
	if ((u64)s->count * from->count <= room) {
		for (k = 0; k < from->count; k++)
			for (i = 0; i < s->count; i++) {
				struct fwt_box b = from->box[k];

				if (fwt_box_element(g, t, s, i, part, &b, &to->exact))
					to->box[to->count++] = b;
			}
		return;
	}
	/* All of them in one: keys and ranges are sorted, their ends will do. */
	to->exact = false;
	for (k = 0; k < from->count; k++) {
		struct place p = place_of(t->field[0], part);
		const u32 *lo, *hi, *end;
		struct fwt_box b = from->box[k];
		bool there = true, any = true;

		for (d = 0; d < t->n_fields; d++) {
			struct place q = place_of(t->field[d], part);

			there &= present(&b, &q, part);
		}
		if (there && t->n_fields == 1 && p.words) {
			lo = element(g, s, 0, &hi);
			element(g, s, s->count - 1, &end);
			there = within(&b, &p, lo, end, &any);
		}
		if (there)
			to->box[to->count++] = b;
	}
}

/* The set of a test that tries its elements one by one, if they are many. */
const struct fwt_prog_set *fwt_box_long_set(const struct fwt_gen *g,
					    const struct fwt_prog_test *t, enum fwt_part part)
{
	const struct fwt_prog_set *s;

	if (t->op != FWT_TEST_IN || t->flags & FWT_TEST_NEGATE ||
	    t->mask[part == FWT_PART_IPV6] != FWT_NONE)
		return NULL;
	s = fwt_box_set(g, t, part);
	return s && s->kind == FWT_SET_BOXES && s->count > FWT_BOX_ALTS ? s : NULL;
}
