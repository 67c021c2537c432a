// SPDX-License-Identifier: GPL-2.0
/*
 * Boxes.
 *
 * A box is grown around a packet: each side is left out where the rest of the box
 * is still in the set, else moved as far as it goes. Fields that rules rarely ask
 * for go first, so that what remains is what people think in.
 *
 * Where policies mask a field by something that is no prefix, a side may be what is
 * left of the field behind that mask: "mark & 0xf0 == 0x10" is one box, and would be 2^24
 * ranges. A field has more than one side then: a range, and one for each mask.
 */
#include <stdlib.h>

#include "diff_region.h"

/* In the order in which sides are let go. */
static const u16 order[] = {
	FWT_AXIS_CT_STATUS, FWT_AXIS_PRIORITY, FWT_AXIS_PKTTYPE, FWT_AXIS_ICMP_ID,
	FWT_AXIS_TCP_SEQ, FWT_AXIS_TCP_ACK, FWT_AXIS_TCP_WINDOW, FWT_AXIS_TCP_OPTION_MSS,
	FWT_AXIS_HAVE_MSS, FWT_AXIS_VLAN_PCP, FWT_AXIS_VLAN_ID, FWT_AXIS_HAVE_VLAN,
	FWT_AXIS_ETHER_SADDR, FWT_AXIS_ETHER_DADDR, FWT_AXIS_ETHER_TYPE, FWT_AXIS_HAVE_ETHER,
	FWT_AXIS_ARP_SADDR, FWT_AXIS_ARP_DADDR, FWT_AXIS_ARP_OP, FWT_AXIS_DSCP,
	FWT_AXIS_LENGTH, FWT_AXIS_TTL, FWT_AXIS_TCP_FLAGS, FWT_AXIS_FRAGMENT,
	FWT_AXIS_CT_STATE, FWT_AXIS_MARK, FWT_AXIS_ICMP_CODE, FWT_AXIS_SPORT,
	FWT_AXIS_ICMP_TYPE, FWT_AXIS_SADDR4, FWT_AXIS_SADDR6, FWT_AXIS_DADDR4,
	FWT_AXIS_DADDR6, FWT_AXIS_OIF, FWT_AXIS_IIF, FWT_AXIS_DPORT, FWT_AXIS_PROTOCOL,
	FWT_AXIS_KIND,
};

static struct fwt_wide last_piece(const struct fwt_axis *a)
{
	if (!a->raw)
		return fwt_wide(0, a->cut.count - 1);
	if (a->bits > 64)
		return fwt_wide(a->bits == 128 ? ~0ull : (1ull << (a->bits - 64)) - 1, ~0ull);
	return fwt_wide(0, a->bits == 64 ? ~0ull : (1ull << a->bits) - 1);
}

static struct fwt_wide piece_of(const struct fwt_space *sp, u32 axis, const u8 *bits)
{
	const struct fwt_axis *a = &sp->axis[axis];
	struct fwt_wide v = { 0, 0 };
	u32 i;

	for (i = 0; i < a->bits; i++) {
		v.h = v.h << 1 | v.l >> 63;
		v.l = v.l << 1 | bits[a->first + i];
	}
	if (fwt_wide_cmp(v, last_piece(a)) > 0)
		v = last_piece(a);
	return v;
}

static struct fwt_wide begin_of(const struct fwt_axis *a, struct fwt_wide piece)
{
	return a->raw ? piece : ((struct fwt_wide *)a->cut.data)[piece.l];
}

static struct fwt_wide end_of(const struct fwt_axis *a, struct fwt_wide piece)
{
	if (a->raw)
		return piece;
	if (piece.l + 1 < a->cut.count)
		return fwt_wide_last(((struct fwt_wide *)a->cut.data)[piece.l + 1]);
	if (a->width > 64)
		return fwt_wide(a->width == 128 ? ~0ull : (1ull << (a->width - 64)) - 1, ~0ull);
	return fwt_wide(0, a->width == 64 ? ~0ull : (1ull << a->width) - 1);
}

static u32 side_set(struct fwt_space *sp, const struct fwt_region_side *s)
{
	const struct fwt_opaque *o = sp->opaque.data;
	const struct fwt_axis *a;
	u32 f;

	if (s->axis == FWT_AXIS_NONE) {
		f = fwt_dd_var(&sp->dd, o[s->first.l].var);
		return s->last.l ? f : fwt_dd_not(&sp->dd, f);
	}
	a = &sp->axis[s->axis];
	if (fwt_region_masked(s))
		f = fwt_space_range(sp, s->axis, s->first, s->last, &s->mask);
	else
		f = fwt_space_range(sp, s->axis, begin_of(a, s->first), end_of(a, s->last), NULL);
	/* As words mean it: what lacks the field is not in it. */
	return fwt_dd_and(&sp->dd, f, fwt_space_has(sp, s->axis));
}

u32 fwt_region_set(struct fwt_space *sp, const struct fwt_region *b)
{
	u32 f = FWT_DD_YES, i;

	for (i = 0; i < b->n; i++)
		f = fwt_dd_and(&sp->dd, f, side_set(sp, &b->side[i]));
	return f;
}

/* The box without side @skip. */
static u32 rest_of(struct fwt_space *sp, const struct fwt_region *b, u32 skip)
{
	u32 f = FWT_DD_YES, i;

	for (i = 0; i < b->n; i++)
		if (i != skip)
			f = fwt_dd_and(&sp->dd, f, side_set(sp, &b->side[i]));
	return f;
}

static bool stays_out(struct fwt_space *sp, u32 rest, const struct fwt_region_side *s, u32 outside)
{
	u32 f = fwt_dd_and(&sp->dd, rest, side_set(sp, s));

	return !fwt_dd_meet(&sp->dd, f, outside) && !sp->dd.over;
}

static struct fwt_wide middle(struct fwt_wide a, struct fwt_wide b)
{
	struct fwt_wide d = { b.h - a.h - (b.l < a.l), b.l - a.l };

	d.l = d.l >> 1 | d.h << 63;
	d.h >>= 1;
	a.l += d.l;
	a.h += d.h + (a.l < d.l);
	return a;
}

/* Moves one end of a side outwards, as far as the box stays out of @outside. */
static void move(struct fwt_space *sp, u32 rest, struct fwt_region_side *s, u32 outside, bool up)
{
	struct fwt_wide far = !up ? fwt_wide(0, 0) : fwt_region_masked(s) ? s->mask :
			      last_piece(&sp->axis[s->axis]);
	struct fwt_wide *end = up ? &s->last : &s->first, good = *end, mid;
	struct fwt_region_side trial;

	while (fwt_wide_cmp(good, far)) {
		trial = *s;
		mid = up ? middle(fwt_wide_next(good), far) :
			   middle(far, fwt_wide_last(good));
		if (up)
			trial.last = mid;
		else
			trial.first = mid;
		if (stays_out(sp, rest, &trial, outside)) {
			good = mid;
			*s = trial;
		} else {
			far = up ? fwt_wide_last(mid) : fwt_wide_next(mid);
		}
	}
	*end = good;
}

static bool asked(const struct fwt_space *sp, const u8 *support, u32 axis)
{
	u32 i;

	for (i = 0; i < sp->axis[axis].bits; i++)
		if (support[sp->axis[axis].first + i])
			return true;
	return false;
}

static bool add(struct fwt_region *b, u32 axis, struct fwt_wide first, struct fwt_wide last)
{
	if (b->n == FWT_REGION_SIDES)
		return false;
	b->side[b->n++] = (struct fwt_region_side){ .axis = axis, .first = first, .last = last };
	return true;
}

/* Every axis and question that matters, in the order in which they are let go. */
static bool all_sides(struct fwt_space *sp, struct fwt_region *b, const u8 *bits,
		      const u8 *support)
{
	const struct fwt_opaque *o = sp->opaque.data;
	struct fwt_wide v;
	bool ok = true;
	u32 i;

	b->n = 0;
	for (i = 0; i < sp->opaque.count; i++)
		if (support[o[i].var])
			ok &= add(b, FWT_AXIS_NONE, fwt_wide(0, i),
				  fwt_wide(0, bits[o[i].var]));
	for (i = FWT_AXIS_MORE; i < FWT_AXIS_FRESH + ARRAY_SIZE(order); i++) {
		u32 axis = i < FWT_AXIS_FRESH ? i : order[i - FWT_AXIS_FRESH];

		if (!sp->axis[axis].bits || !asked(sp, support, axis) ||
		    fwt_dd_at(&sp->dd, fwt_space_has(sp, axis), bits) != FWT_DD_YES)
			continue;
		v = piece_of(sp, axis, bits);
		ok &= add(b, axis, v, v);
	}
	return ok;
}

/* Masks */

static struct fwt_wide and(struct fwt_wide a, struct fwt_wide b)
{
	return fwt_wide(a.h & b.h, a.l & b.l);
}

static u32 weight(struct fwt_wide v)
{
	return (u32)(__builtin_popcountll(v.h) + __builtin_popcountll(v.l));
}

/* The bits of @v that @mask has, side by side. */
static double number_of(struct fwt_wide v, struct fwt_wide mask)
{
	double n = 0;
	u32 i;

	for (i = 128; i-- > 0;)
		if (fwt_wide_bit(mask, i))
			n = 2 * n + fwt_wide_bit(v, i);
	return n;
}

/* Values of an axis that are within @n sides, about. */
static double values_in(const struct fwt_axis *a, const struct fwt_region_side *s, u32 n)
{
	struct fwt_wide all = last_piece(a), seen = { 0, 0 };
	double values = number_of(all, all) + 1;
	u32 i;

	for (i = 0; i < n; i++) {
		struct fwt_wide mask = fwt_region_masked(&s[i]) ? s[i].mask : all;
		u32 bits = weight(mask);

		if (fwt_region_masked(&s[i])) {
			/* Bits that two masks have count once. */
			bits -= weight(and(mask, seen));
			seen = fwt_wide(seen.h | mask.h, seen.l | mask.l);
		}
		values *= number_of(s[i].last, mask) - number_of(s[i].first, mask) + 1;
		for (; bits; bits--)
			values /= 2;
	}
	return values;
}

/* What is left of a box without @side of its own, and with @n others. */
static u32 with(struct fwt_space *sp, u32 rest, const struct fwt_region_side *s, u32 n, u32 skip)
{
	u32 i;

	for (i = 0; i < n; i++)
		if (i != skip)
			rest = fwt_dd_and(&sp->dd, rest, side_set(sp, &s[i]));
	return rest;
}

/* The last value up to @v that a mask leaves. */
static struct fwt_wide left_by(struct fwt_wide mask, struct fwt_wide v)
{
	struct fwt_wide to = { 0, 0 };
	bool below = false;
	u32 i;

	for (i = 128; i-- > 0;) {
		bool has = fwt_wide_bit(mask, i), bit = fwt_wide_bit(v, i);

		below |= bit && !has;
		if (has && (bit || below))
			to = i < 64 ? fwt_wide(to.h, to.l | 1ull << i) :
				      fwt_wide(to.h | 1ull << (i - 64), to.l);
	}
	return to;
}

static struct fwt_wide less(struct fwt_wide a, struct fwt_wide b)
{
	return fwt_wide(a.h - b.h - (a.l < b.l), a.l - b.l);
}

/* Ends that a mask leaves nothing at become those next to them inside. */
static void settle(struct fwt_region_side *s)
{
	s->last = left_by(s->mask, s->last);
	/* Counted from the mask down. */
	s->first = less(s->mask, left_by(s->mask, less(s->mask, s->first)));
}

/**
 * by_masks() - the sides that a field has where masks are tried
 * @rest: the box without that field
 * @at: the field, of the packet alone
 * @side: room for one of each mask, and one more
 *
 * Return: how many; 0 where the box is not out of @outside.
 */
static u32 by_masks(struct fwt_space *sp, u32 rest, const struct fwt_region_side *at,
		    u32 outside, struct fwt_region_side *side)
{
	const struct fwt_axis *a = &sp->axis[at->axis];
	u32 n = 0, i, best;

	for (i = 0; i < a->masks; i++) {
		struct fwt_wide v = and(at->first, a->mask[i]);

		side[n++] = (struct fwt_region_side){ at->axis, v, v, a->mask[i] };
	}
	/* The range goes, or is as long as it can be. */
	side[n++] = *at;
	if (!fwt_dd_meet(&sp->dd, with(sp, rest, side, n, n - 1), outside)) {
		n--;
	} else {
		u32 others = with(sp, rest, side, n, n - 1);

		move(sp, others, &side[n - 1], outside, false);
		move(sp, others, &side[n - 1], outside, true);
	}
	/* Masks go that nothing hangs on, the finest first. */
	for (;;) {
		best = n;
		for (i = 0; i < n; i++)
			if (fwt_region_masked(&side[i]) &&
			    (best == n || weight(side[i].mask) > weight(side[best].mask)) &&
			    !fwt_dd_meet(&sp->dd, with(sp, rest, side, n, i), outside))
				best = i;
		if (best == n || sp->dd.over)
			break;
		n--;
		memmove(&side[best], &side[best + 1], (n - best) * sizeof(*side));
	}
	for (i = 0; i < n; i++) {
		/* A list of flags behind a mask is all of them. */
		if (!fwt_region_masked(&side[i]) || at->axis == FWT_AXIS_TCP_FLAGS)
			continue;
		best = with(sp, rest, side, n, i);
		move(sp, best, &side[i], outside, false);
		move(sp, best, &side[i], outside, true);
		settle(&side[i]);
	}
	return sp->dd.over ? 0 : n;
}

/* Side @i becomes as long as it can be; sides behind it that it has become are @grown. */
static void stretch(struct fwt_space *sp, struct fwt_region *b, u32 i, u32 rest, u32 outside,
		    u32 *grown)
{
	struct fwt_region_side side[FWT_AXIS_MASKS + 1], *s = &b->side[i], at = *s;
	const struct fwt_axis *a = &sp->axis[s->axis];
	u32 n;

	*grown = 1;
	move(sp, rest, s, outside, false);
	move(sp, rest, s, outside, true);
	if (!a->raw || !a->masks)
		return;
	n = by_masks(sp, rest, &at, outside, side);
	if (!n || b->n - 1 + n > FWT_REGION_SIDES || values_in(a, side, n) <= values_in(a, s, 1))
		return;
	memmove(s + n, s + 1, (b->n - i - 1) * sizeof(*s));
	memcpy(s, side, n * sizeof(*s));
	b->n += n - 1;
	*grown = n;
}

/* The axes are of ICMP and of ICMPv6; words are of one of them. */
static bool two_icmps(struct fwt_space *sp, u32 axis, u32 set)
{
	if (axis < FWT_AXIS_ICMP_TYPE || axis > FWT_AXIS_ICMP_ID)
		return false;
	set = fwt_dd_and(&sp->dd, set, fwt_space_has(sp, axis));
	return fwt_dd_meet(&sp->dd, set, fwt_space_kind(sp, FWT_KIND_IPV4)) &&
	       fwt_dd_meet(&sp->dd, set, fwt_space_kind(sp, FWT_KIND_IPV6));
}

static bool says_which_icmp(struct fwt_space *sp, const struct fwt_region *b, u32 i, u32 rest)
{
	u32 n;

	if (b->side[i].axis == FWT_AXIS_KIND)
		for (n = 0; n < b->n; n++)
			if (two_icmps(sp, b->side[n].axis, rest))
				return true;
	return false;
}

bool fwt_region_grow(struct fwt_space *sp, struct fwt_region *b, const u8 *bits,
		     u32 outside, const u8 *support)
{
	struct fwt_region_side *s;
	u32 i, rest, n;

	if (!all_sides(sp, b, bits, support))
		return false;
	for (i = 0; i < b->n && !sp->dd.over;) {
		rest = rest_of(sp, b, i);
		s = &b->side[i];
		/* The kind comes last: it is known what of ICMP stays. */
		if (says_which_icmp(sp, b, i, rest)) {
			i++;
			continue;
		}
		if (!fwt_dd_meet(&sp->dd, rest, outside) && !sp->dd.over) {
			b->n--;
			memmove(s, s + 1, (b->n - i) * sizeof(*s));
			continue;
		}
		n = 1;
		if (s->axis != FWT_AXIS_NONE)
			stretch(sp, b, i, rest, outside, &n);
		i += n;
	}
	return !sp->dd.over;
}

/* The first or last piece that a set has something in; or, with @mask, value behind that. */
static struct fwt_wide edge(struct fwt_space *sp, u32 axis, const struct fwt_wide *mask, u32 set,
			    bool last)
{
	struct fwt_wide lo = { 0, 0 }, hi = mask ? *mask : last_piece(&sp->axis[axis]), mid;
	struct fwt_region_side half = { .axis = axis, .mask = mask ? *mask : lo };

	while (fwt_wide_cmp(lo, hi) < 0) {
		mid = middle(lo, hi);
		half.first = last ? fwt_wide_next(mid) : lo;
		half.last = last ? hi : mid;
		if (fwt_dd_meet(&sp->dd, set, side_set(sp, &half))) {
			lo = half.first;
			hi = half.last;
		} else if (last) {
			hi = mid;
		} else {
			lo = fwt_wide_next(mid);
		}
	}
	return lo;
}

void fwt_region_narrow(struct fwt_space *sp, struct fwt_region *b, u32 world)
{
	struct fwt_wide first, last;
	u32 i, set;

	for (i = 0; i < b->n; i++) {
		struct fwt_region_side *s = &b->side[i];

		if ((s->axis != FWT_AXIS_PROTOCOL && s->axis != FWT_AXIS_IIF &&
		     s->axis != FWT_AXIS_OIF && s->axis != FWT_AXIS_KIND) ||
		    fwt_region_masked(s) || !fwt_wide_cmp(s->first, s->last))
			continue;
		set = fwt_dd_and(&sp->dd, world, fwt_region_set(sp, b));
		first = edge(sp, s->axis, NULL, set, false);
		last = edge(sp, s->axis, NULL, set, true);
		if (fwt_wide_cmp(first, last))
			continue;
		s->first = first;
		s->last = last;
	}
}

void fwt_region_hull(struct fwt_space *sp, struct fwt_region *b, u32 set, u32 world,
		     const u8 *support)
{
	const struct fwt_opaque *o = sp->opaque.data;
	struct fwt_wide first, last;
	u32 i, n, v;

	b->n = 0;
	for (i = 0; i < sp->opaque.count; i++) {
		if (!support[o[i].var])
			continue;
		v = fwt_dd_var(&sp->dd, o[i].var);
		if (!fwt_dd_meet(&sp->dd, set, v))
			add(b, FWT_AXIS_NONE, fwt_wide(0, i), fwt_wide(0, 0));
		else if (!fwt_dd_meet(&sp->dd, set, fwt_dd_not(&sp->dd, v)))
			add(b, FWT_AXIS_NONE, fwt_wide(0, i), fwt_wide(0, 1));
	}
	for (i = FWT_AXIS_MORE; i < FWT_AXIS_FRESH + ARRAY_SIZE(order); i++) {
		u32 axis = i < FWT_AXIS_FRESH ? i : order[i - FWT_AXIS_FRESH];

		if (!sp->axis[axis].bits || !asked(sp, support, axis) ||
		    fwt_dd_minus(&sp->dd, set, fwt_space_has(sp, axis)) != FWT_DD_NO)
			continue;
		if (two_icmps(sp, axis, set))	/* no words for both */
			continue;
		first = edge(sp, axis, NULL, set, false);
		last = edge(sp, axis, NULL, set, true);
		if (fwt_wide_cmp(first, fwt_wide(0, 0)) ||
		    fwt_wide_cmp(last, last_piece(&sp->axis[axis])))
			add(b, axis, first, last);
		for (n = 0; sp->axis[axis].raw && n < sp->axis[axis].masks; n++) {
			const struct fwt_wide *mask = &sp->axis[axis].mask[n];

			first = edge(sp, axis, mask, set, false);
			last = edge(sp, axis, mask, set, true);
			if (!fwt_wide_cmp(first, last) && add(b, axis, first, last))
				b->side[b->n - 1].mask = *mask;
		}
	}
	/* A side that the others imply says nothing. */
	for (i = 0; i < b->n && !sp->dd.over;) {
		struct fwt_region_side s = b->side[i];
		u32 rest = fwt_dd_and(&sp->dd, world, rest_of(sp, b, i));

		n = fwt_dd_minus(&sp->dd, rest, side_set(sp, &s));
		if (n != FWT_DD_NO) {
			i++;
			continue;
		}
		b->n--;
		memmove(b->side + i, b->side + i + 1, (b->n - i) * sizeof(s));
	}
}
