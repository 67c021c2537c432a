// SPDX-License-Identifier: GPL-2.0
/*
 * Axes, their pieces and bits.
 */
#include <stdlib.h>

#include "prove_space.h"

/* Of a diagram's, to put a question's words together and look for them. */
#define ASK_STEPS	8

static const u8 width[FWT_AXIS_MORE] = {
#define X(id, bits) bits,
	FWT_AXES(X)
#undef X
};

static struct fwt_wide most(u32 bits)
{
	struct fwt_wide v;

	v.l = bits >= 64 ? ~0ull : (1ull << bits) - 1;
	v.h = bits >= 128 ? ~0ull : bits > 64 ? (1ull << (bits - 64)) - 1 : 0;
	return v;
}

static u32 value_bits(u32 field, bool six)
{
	const struct fwt_field_info *info = &fwt_field_info[field];
	u32 words = six ? info->words6 : info->words;

	return words > 1 ? 32 * words : info->bits;
}

int fwt_space_init(struct fwt_space *sp, u32 budget)
{
	u32 i, field;

	memset(sp, 0, sizeof(*sp));
	sp->opaque.size = sizeof(struct fwt_opaque);
	sp->updated.size = sizeof(u64);
	for (i = 0; i < FWT_AXIS_MAX; i++) {
		struct fwt_axis *a = &sp->axis[i];

		a->cut.size = sizeof(struct fwt_wide);
		field = (i - FWT_AXIS_MORE) / 3;
		if (i < FWT_AXIS_MORE)
			a->width = width[i];
		else if (i < FWT_AXIS_FRESH && field < __FWT_FIELD_MAX)
			a->width = (u8)((i - FWT_AXIS_MORE) % 3 == 0 ? 1 :
					value_bits(field, (i - FWT_AXIS_MORE) % 3 == 2));
	}
	sp->axis[FWT_AXIS_KIND].raw = true;
	return fwt_dd_init(&sp->dd, budget);
}

void fwt_space_clean(struct fwt_space *sp)
{
	struct fwt_opaque *o = sp->opaque.data;
	u32 i;

	for (i = 0; i < FWT_AXIS_MAX; i++)
		free(sp->axis[i].cut.data);
	for (i = 0; i < sp->opaque.count; i++) {
		free(o[i].text);
		free(o[i].key);
	}
	free(sp->opaque.data);
	fwt_index_clean(&sp->asked);
	free(sp->updated.data);
	fwt_dd_clean(&sp->dd);
}

/* Cuts */

void fwt_space_cut(struct fwt_space *sp, u32 axis, struct fwt_wide lo, struct fwt_wide hi)
{
	struct fwt_axis *a = &sp->axis[axis];
	struct fwt_wide *to;

	if (axis >= FWT_AXIS_MAX || a->raw)
		return;
	to = fwt_vec_add(&a->cut, 2);
	if (!to) {
		sp->failed = true;
		return;
	}
	to[0] = lo;
	to[1] = fwt_wide_cmp(hi, most(a->width)) < 0 ? fwt_wide_next(hi) : lo;
}

void fwt_space_cut1(struct fwt_space *sp, u32 axis, u64 lo, u64 hi)
{
	fwt_space_cut(sp, axis, fwt_wide(0, lo), fwt_wide(0, hi));
}

#define DIGIT	11u	/* bits */
#define FEW	64u

static u32 digit(struct fwt_wide v, u32 at)
{
	u64 bits = at >= 64 ? v.h >> (at - 64) : v.l >> at | (at ? v.h << (64 - at) : 0);

	return bits & ((1u << DIGIT) - 1);
}

static void sort_few(struct fwt_wide *v, u32 count)
{
	struct fwt_wide it;
	u32 i, k;

	for (i = 1; i < count; i++) {
		it = v[i];
		for (k = i; k && fwt_wide_cmp(it, v[k - 1]) < 0; k--)
			v[k] = v[k - 1];
		v[k] = it;
	}
}

/* Digit by digit, from the last one: those of 110k rules are too many to compare. */
static bool sort(struct fwt_vec *v, u32 width)
{
	struct fwt_wide *from = v->data, *to, *other;
	u32 at, i, sum, n, count[1u << DIGIT];

	if (v->count <= FEW) {
		sort_few(from, v->count);
		return true;
	}
	to = malloc(v->count * sizeof(*to));
	if (!to)
		return false;
	for (at = 0; at < width; at += DIGIT) {
		memset(count, 0, sizeof(count));
		for (i = 0; i < v->count; i++)
			count[digit(from[i], at)]++;
		if (count[digit(from[0], at)] == v->count)
			continue;
		for (i = 0, sum = 0; i < 1u << DIGIT; i++, sum += n) {
			n = count[i];
			count[i] = sum;
		}
		for (i = 0; i < v->count; i++)
			to[count[digit(from[i], at)]++] = from[i];
		other = from;
		from = to;
		to = other;
	}
	if (from != v->data)
		memcpy(v->data, from, v->count * sizeof(*from));
	free(from == v->data ? to : from);
	return true;
}

static bool used(const struct fwt_space *sp, u32 axis)
{
	return sp->axis[axis].raw || sp->axis[axis].cut.count;
}

void fwt_space_cut_hop(struct fwt_space *sp)
{
	struct fwt_axis *a = &sp->axis[FWT_AXIS_TTL];
	u32 i, n = a->raw ? 0 : a->cut.count;
	struct fwt_wide *to;

	for (i = 0; i < n; i++) {
		to = fwt_vec_add(&a->cut, 1);
		if (!to) {
			sp->failed = true;
			return;
		}
		*to = ((struct fwt_wide *)a->cut.data)[i];
		to->l = min(to->l + 1, (u64)255);
	}
	/* What has no more goes nowhere. */
	fwt_space_cut1(sp, FWT_AXIS_TTL, 0, 1);
	sp->axis[FWT_AXIS_GIVEN_PRIORITY].raw = sp->tracks && used(sp, FWT_AXIS_PRIORITY);
}

/* What decides which packets there are is told apart where it matters. */
static void own_cuts(struct fwt_space *sp)
{
	static const u8 protocol[] = { 1, 2, 6, 17, 33, 58, 132, 136 };
	static const u8 request[] = { 8, 13, 15, 17, 128 };
	/* of IPv4 and IPv6, with nothing behind, UDP or ICMP, SCTP or DCCP, TCP */
	static const u8 header[] = { 20, 28, 32, 40, 48, 52, 60 };
	u32 i, mark = fwt_space_axis(FWT_FIELD_CT_MARK, FWT_KIND_IPV4);

	for (i = 0; i < sizeof(protocol); i++)
		fwt_space_cut1(sp, FWT_AXIS_PROTOCOL, protocol[i], protocol[i]);
	for (i = 0; i < 3; i++)
		fwt_space_cut1(sp, FWT_AXIS_FRAGMENT, i, i);
	fwt_space_cut1(sp, FWT_AXIS_IIF, 0, 0);
	fwt_space_cut1(sp, FWT_AXIS_OIF, 0, 0);
	if (sp->tracks) {
		for (i = 0; i < 5; i++)
			fwt_space_cut1(sp, FWT_AXIS_CT_STATE, i, i);
		for (i = 0; i < sizeof(request); i++)
			fwt_space_cut1(sp, FWT_AXIS_ICMP_TYPE, request[i], request[i]);
		fwt_space_cut1(sp, FWT_AXIS_ICMP_TYPE, 130, 137);
		fwt_space_cut1(sp, FWT_AXIS_ICMP_TYPE, 143, 143);
		if (used(sp, mark))
			fwt_space_cut1(sp, mark, 0, 0);
		fwt_space_cut1(sp, FWT_AXIS_DADDR4, 0xe0000000, 0xefffffff);
		fwt_space_cut1(sp, FWT_AXIS_DADDR4, 0xffffffff, 0xffffffff);
		fwt_space_cut(sp, FWT_AXIS_DADDR6, fwt_wide(0xffull << 56, 0),
			      fwt_wide(~0ull, ~0ull));
		for (i = 0; i < 4; i++)
			fwt_space_cut1(sp, FWT_AXIS_CT_STATUS, i, i);
	}
	sp->axis[FWT_AXIS_TCP_FLAGS].raw = sp->tracks || used(sp, FWT_AXIS_TCP_FLAGS);
	if (used(sp, FWT_AXIS_ICMP_ID)) {
		fwt_space_cut1(sp, FWT_AXIS_ICMP_TYPE, 0, 0);
		fwt_space_cut1(sp, FWT_AXIS_ICMP_TYPE, 8, 8);
		fwt_space_cut1(sp, FWT_AXIS_ICMP_TYPE, 13, 18);
		fwt_space_cut1(sp, FWT_AXIS_ICMP_TYPE, 128, 129);
	}
	if (used(sp, FWT_AXIS_LENGTH)) {
		for (i = 0; i < ARRAY_SIZE(header); i++)
			fwt_space_cut1(sp, FWT_AXIS_LENGTH, header[i], 65575);
	}
	if (used(sp, FWT_AXIS_PKTTYPE))
		fwt_space_cut1(sp, FWT_AXIS_PKTTYPE, 0, 4);
	if (used(sp, FWT_AXIS_ETHER_TYPE)) {
		fwt_space_cut1(sp, FWT_AXIS_ETHER_TYPE, 0x0800, 0x0800);
		fwt_space_cut1(sp, FWT_AXIS_ETHER_TYPE, 0x0806, 0x0806);
		fwt_space_cut1(sp, FWT_AXIS_ETHER_TYPE, 0x86dd, 0x86dd);
	}
	sp->axis[FWT_AXIS_HAVE_ETHER].raw = used(sp, FWT_AXIS_ETHER_TYPE) ||
		used(sp, FWT_AXIS_ETHER_SADDR) || used(sp, FWT_AXIS_ETHER_DADDR);
	sp->axis[FWT_AXIS_HAVE_VLAN].raw = used(sp, FWT_AXIS_VLAN_ID) ||
		used(sp, FWT_AXIS_VLAN_PCP);
	sp->axis[FWT_AXIS_HAVE_MSS].raw = used(sp, FWT_AXIS_TCP_OPTION_MSS);
}

int fwt_space_fix(struct fwt_space *sp)
{
	u32 i, n, to;

	own_cuts(sp);
	for (i = 0; i < FWT_AXIS_FRESH; i++) {
		struct fwt_axis *a = &sp->axis[i];
		struct fwt_wide *cut, *zero;

		/* Is it there? Of a route's answer that is no question. */
		if (i >= FWT_AXIS_MORE && (i - FWT_AXIS_MORE) % 3 == 0 &&
		    !(FWT_FIELDS_ROUTE >> (i - FWT_AXIS_MORE) / 3 & 1))
			a->raw = a[1].cut.count || a[1].raw || a[2].cut.count || a[2].raw;
		a->first = sp->vars;
		if (a->raw) {
			a->bits = a->width;
			sp->vars += a->bits;
			continue;
		}
		zero = fwt_vec_add(&a->cut, 1);
		if (!zero)
			return -ENOMEM;
		cut = a->cut.data;
		if (!sort(&a->cut, a->width))
			return -ENOMEM;
		for (n = 1, to = 1; n < a->cut.count; n++)
			if (fwt_wide_cmp(cut[n], cut[to - 1]))
				cut[to++] = cut[n];
		a->cut.count = to;
		while (1u << a->bits < to)
			a->bits++;
		sp->vars += a->bits;
	}
	return sp->failed ? -ENOMEM : 0;
}

/* The last piece that begins not above @v. */
static u32 piece_of(const struct fwt_axis *a, struct fwt_wide v)
{
	const struct fwt_wide *cut = a->cut.data;
	u32 lo = 0, hi = a->cut.count, mid;

	while (hi - lo > 1) {
		mid = (lo + hi) / 2;
		if (fwt_wide_cmp(cut[mid], v) <= 0)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

void fwt_space_piece(const struct fwt_space *sp, u32 axis, struct fwt_wide v, u8 *bits)
{
	const struct fwt_axis *a = &sp->axis[axis];
	u32 i;

	if (!a->raw)
		v = fwt_wide(0, piece_of(a, v));
	for (i = 0; i < a->bits; i++)
		bits[i] = fwt_wide_bit(v, a->bits - 1 - i);
}

void fwt_space_ends(const struct fwt_space *sp, u32 axis, const u8 *bits,
		    struct fwt_wide *lo, struct fwt_wide *hi)
{
	const struct fwt_axis *a = &sp->axis[axis];
	const struct fwt_wide *cut = a->cut.data;
	struct fwt_wide v = { 0, 0 };
	u32 i, n;

	for (i = 0; i < a->bits; i++) {
		v.h = v.h << 1 | v.l >> 63;
		v.l = v.l << 1 | bits[i];
	}
	*lo = v;
	*hi = v;
	if (a->raw)
		return;
	n = a->cut.count;
	i = v.l < n ? (u32)v.l : n - 1;
	*lo = cut[i];
	*hi = i + 1 < n ? fwt_wide_last(cut[i + 1]) : most(a->width);
}

/* Up to, or from @v on: made from the last bit to the first. */
static u32 bound(struct fwt_space *sp, const struct fwt_axis *a, struct fwt_wide v,
		 const struct fwt_wide *mask, bool from)
{
	u32 f = FWT_DD_YES, i;

	for (i = 0; i < a->bits; i++) {
		u32 var = a->first + a->bits - 1 - i;
		bool bit = fwt_wide_bit(v, i);

		if (mask && !fwt_wide_bit(*mask, i)) {	/* it counts as 0 */
			if (bit)
				f = from ? FWT_DD_NO : FWT_DD_YES;
			continue;
		}
		if (from)
			f = bit ? fwt_dd_node(&sp->dd, var, FWT_DD_NO, f) :
				  fwt_dd_node(&sp->dd, var, f, FWT_DD_YES);
		else
			f = bit ? fwt_dd_node(&sp->dd, var, FWT_DD_YES, f) :
				  fwt_dd_node(&sp->dd, var, f, FWT_DD_NO);
	}
	return f;
}

void fwt_space_pin(struct fwt_space *sp, u32 axis, struct fwt_wide at)
{
	sp->axis[axis].pinned = true;
	sp->axis[axis].at = at;
}

static bool within(struct fwt_wide v, struct fwt_wide lo, struct fwt_wide hi,
		   const struct fwt_wide *mask)
{
	if (mask)
		v = fwt_wide(v.h & mask->h, v.l & mask->l);
	return fwt_wide_cmp(lo, v) <= 0 && fwt_wide_cmp(v, hi) <= 0;
}

u32 fwt_space_range(struct fwt_space *sp, u32 axis, struct fwt_wide lo, struct fwt_wide hi,
		    const struct fwt_wide *mask)
{
	const struct fwt_axis *a = &sp->axis[axis];
	u32 first, last;

	if (a->pinned)
		return within(a->at, lo, hi, mask) ? FWT_DD_YES : FWT_DD_NO;
	if (a->raw)
		return fwt_dd_and(&sp->dd, bound(sp, a, lo, mask, true),
				  bound(sp, a, hi, mask, false));
	if (!a->cut.count)	/* of an axis that nobody asked about before */
		return FWT_DD_YES;
	first = piece_of(a, lo);
	last = piece_of(a, hi);
	/* Numbers behind the last piece are the last piece too. */
	if (last + 1 == a->cut.count)
		last = (u32)((1ull << a->bits) - 1);
	return fwt_dd_and(&sp->dd, bound(sp, a, fwt_wide(0, first), NULL, true),
			  bound(sp, a, fwt_wide(0, last), NULL, false));
}

u32 fwt_space_is(struct fwt_space *sp, u32 axis, u64 lo, u64 hi)
{
	return fwt_space_range(sp, axis, fwt_wide(0, lo), fwt_wide(0, hi), NULL);
}

u32 fwt_space_kind(struct fwt_space *sp, u32 kind)
{
	return fwt_space_is(sp, FWT_AXIS_KIND, kind, kind);
}

void fwt_space_shorten(char *buf, size_t size, const char *text)
{
	size_t len = strlen(text), keep;
	char mark[24];

	if (len < size) {
		memcpy(buf, text, len + 1);
		return;
	}
	snprintf(mark, sizeof(mark), "... #%016llx",
		 (unsigned long long)fwt_hash(FWT_HASH_SEED, text, len));
	keep = size - strlen(mark) - 1;
	while (keep && ((u8)text[keep] & 0xc0) == 0x80)	/* no half of a letter */
		keep--;
	memcpy(buf, text, keep);
	memcpy(buf + keep, mark, strlen(mark) + 1);
}

struct wanted {
	const struct fwt_space *sp;
	const char *key;
};

static bool same_key(const void *ctx, u32 n)
{
	const struct wanted *w = ctx;
	const struct fwt_opaque *o = w->sp->opaque.data;

	return n < w->sp->opaque.count && !strcmp(o[n].key, w->key);
}

static u64 hash_of(const char *key)
{
	return fwt_hash(FWT_HASH_SEED, key, strlen(key));
}

u32 fwt_space_asked(struct fwt_space *sp, const char *key)
{
	struct wanted w = { sp, key };
	u32 n = fwt_index_peek(&sp->asked, hash_of(key), same_key, &w);

	/* Each change may ask anew what the former ones did. */
	fwt_dd_work(&sp->dd, ASK_STEPS);
	return n == FWT_NONE ? FWT_DD_LEAF : ((struct fwt_opaque *)sp->opaque.data)[n].var;
}

u32 fwt_space_opaque(struct fwt_space *sp, const char *key, const char *text, u64 fields,
		     bool state)
{
	u32 var = fwt_space_asked(sp, key), at = sp->opaque.count;
	struct wanted w = { sp, key };
	struct fwt_opaque *o;

	if (var != FWT_DD_LEAF)
		return fwt_dd_var(&sp->dd, var);
	o = fwt_vec_add(&sp->opaque, 1);
	if (!o) {
		sp->failed = true;
		sp->dd.over = true;
		return FWT_DD_NO;
	}
	o->key = strdup(key);
	o->text = strdup(text);
	o->fields = fields;
	o->state = state;
	o->var = sp->vars++;
	if (!o->key || !o->text ||
	    fwt_index_get(&sp->asked, hash_of(key), same_key, &w, at) == FWT_NONE) {
		free(o->key);
		free(o->text);
		sp->opaque.count--;
		sp->failed = true;
		sp->dd.over = true;
	}
	return fwt_dd_var(&sp->dd, sp->vars - 1);
}

/* Names of interfaces */

static bool name_byte(u8 ch)
{
	return ch > ' ' && ch < 127 && ch != '/';
}

static void to_bytes(struct fwt_wide v, u8 *b)
{
	u32 i;

	for (i = 0; i < 8; i++) {
		b[i] = (u8)(v.h >> (56 - 8 * i));
		b[8 + i] = (u8)(v.l >> (56 - 8 * i));
	}
}

static bool is_name(const u8 *b)
{
	u32 i = 0, n;

	while (i < 15 && name_byte(b[i]))
		i++;
	for (n = i; n < 16; n++)
		if (b[n])
			return false;
	return true;
}

bool fwt_space_name(struct fwt_wide lo, struct fwt_wide hi, char name[17])
{
	static const char nice[] = "01ax";
	u8 from[16], to[16], b[16];
	u32 i, n, ch;

	to_bytes(lo, from);
	to_bytes(hi, to);
	memset(name, 0, 17);
	memcpy(name, from, 16);
	if (is_name(from))
		return true;
	for (i = 15; i-- > 0;) {
		for (n = 0; n < i && name_byte(from[n]); n++)
			;
		if (n < i)
			continue;
		memset(b, 0, sizeof(b));
		memcpy(b, from, i);
		for (n = 0; n < sizeof(nice); n++) {
			b[i] = (u8)nice[n];
			for (ch = from[i] + 1; n == sizeof(nice) - 1 && ch < 127; ch++)
				if (name_byte((u8)ch)) {
					b[i] = (u8)ch;
					break;
				}
			if (b[i] > from[i] && memcmp(b, to, 16) <= 0 && is_name(b)) {
				memcpy(name, b, 16);
				return true;
			}
		}
	}
	return false;
}
