// SPDX-License-Identifier: GPL-2.0
/*
 * What a test of a policy says about packets: as a set of them.
 *
 * A field that is not there makes a test false, also a negated one: so every set
 * begins with the packets that have the fields. kmod/core/field.c is the judge of
 * who has what.
 */
#include <stdlib.h>

#include "node_text.h"
#include "prove_space.h"

/* By field: the axis it lies on, where that is one for all kinds. */
static const u16 plain[__FWT_FIELD_MAX] = {
#define SAME(id) [FWT_FIELD_##id] = FWT_AXIS_##id + 1,
	SAME(IIF) SAME(OIF) SAME(ETHER_SADDR) SAME(ETHER_DADDR) SAME(ETHER_TYPE)
	SAME(VLAN_ID) SAME(VLAN_PCP) SAME(ARP_OP) SAME(ARP_SADDR) SAME(ARP_DADDR)
	SAME(PKTTYPE) SAME(PROTOCOL) SAME(DSCP) SAME(TTL) SAME(LENGTH)
	SAME(FRAGMENT) SAME(SPORT) SAME(DPORT) SAME(TCP_FLAGS) SAME(TCP_SEQ)
	SAME(TCP_ACK) SAME(TCP_WINDOW) SAME(TCP_OPTION_MSS) SAME(ICMP_TYPE)
	SAME(ICMP_CODE) SAME(ICMP_ID) SAME(CT_STATE) SAME(MARK) SAME(PRIORITY)
	SAME(CT_STATUS)
#undef SAME
	[FWT_FIELD_TCP_SPORT] = FWT_AXIS_SPORT + 1,
	[FWT_FIELD_TCP_DPORT] = FWT_AXIS_DPORT + 1,
	[FWT_FIELD_UDP_SPORT] = FWT_AXIS_SPORT + 1,
	[FWT_FIELD_UDP_DPORT] = FWT_AXIS_DPORT + 1,
	[FWT_FIELD_ICMPV6_TYPE] = FWT_AXIS_ICMP_TYPE + 1,
	[FWT_FIELD_ICMPV6_CODE] = FWT_AXIS_ICMP_CODE + 1,
	[FWT_FIELD_ICMPV6_ID] = FWT_AXIS_ICMP_ID + 1,
};

u32 fwt_space_axis(u32 field, u32 kind)
{
	bool six = kind == FWT_KIND_IPV6;

	switch (field) {
	case FWT_FIELD_FAMILY:
		return FWT_AXIS_NONE;
	case FWT_FIELD_SADDR:
		return six ? FWT_AXIS_SADDR6 : FWT_AXIS_SADDR4;
	case FWT_FIELD_DADDR:
		return six ? FWT_AXIS_DADDR6 : FWT_AXIS_DADDR4;
	case FWT_FIELD_IP_SADDR:
		return FWT_AXIS_SADDR4;
	case FWT_FIELD_IP_DADDR:
		return FWT_AXIS_DADDR4;
	case FWT_FIELD_IP6_SADDR:
		return FWT_AXIS_SADDR6;
	case FWT_FIELD_IP6_DADDR:
		return FWT_AXIS_DADDR6;
	case FWT_FIELD_ETHER_TYPE:
		return kind == FWT_KIND_OTHER ? FWT_AXIS_ETHER_TYPE : FWT_AXIS_NONE;
	}
	if (field < __FWT_FIELD_MAX && plain[field])
		return plain[field] - 1u;
	if (field >= __FWT_FIELD_MAX)
		return FWT_AXIS_NONE;
	return FWT_AXIS_MORE + 3 * field + 1 +
	       (six && fwt_field_info[field].words != fwt_field_info[field].words6);
}

/* What is known without an axis; false where it is not. */
static bool constant(u32 field, u32 kind, u64 *value)
{
	static const u16 type[] = { 0x0800, 0x86dd, 0x0806, 0 };

	if (field == FWT_FIELD_FAMILY)
		*value = kind == FWT_KIND_IPV6 ? 6 : 4;
	else if (field == FWT_FIELD_ETHER_TYPE && kind != FWT_KIND_OTHER)
		*value = type[kind];
	else
		return false;
	return true;
}

static u32 unfragmented(struct fwt_space *sp, u64 lo, u64 hi)
{
	return fwt_dd_minus(&sp->dd, fwt_space_is(sp, FWT_AXIS_PROTOCOL, lo, hi),
			    fwt_space_is(sp, FWT_AXIS_FRAGMENT, 2, 2));
}

static u32 has_ports(struct fwt_space *sp)
{
	static const u8 protocol[] = { 6, 17, 33, 132, 136 };
	u32 f = FWT_DD_NO, i;

	for (i = 0; i < sizeof(protocol); i++)
		f = fwt_dd_or(&sp->dd, f, unfragmented(sp, protocol[i], protocol[i]));
	return f;
}

static u32 has_icmp_id(struct fwt_space *sp, bool six)
{
	u32 f = fwt_space_is(sp, FWT_AXIS_ICMP_TYPE, 128, 129);

	if (!six)
		f = fwt_dd_or(&sp->dd, fwt_space_is(sp, FWT_AXIS_ICMP_TYPE, 13, 18),
			      fwt_dd_or(&sp->dd, fwt_space_is(sp, FWT_AXIS_ICMP_TYPE, 0, 0),
					fwt_space_is(sp, FWT_AXIS_ICMP_TYPE, 8, 8)));
	return f;
}

u32 fwt_space_have(struct fwt_space *sp, u32 field, u32 kind)
{
	bool six = kind == FWT_KIND_IPV6, ip = six || kind == FWT_KIND_IPV4;
	u32 f = FWT_DD_YES;

	switch (field) {
	case FWT_FIELD_IIF:
	case FWT_FIELD_OIF:
	case FWT_FIELD_PKTTYPE:
	case FWT_FIELD_CT_STATE:
	case FWT_FIELD_MARK:
	case FWT_FIELD_PRIORITY:
	case FWT_FIELD_CT_STATUS:
		return FWT_DD_YES;
	case FWT_FIELD_ETHER_SADDR:
	case FWT_FIELD_ETHER_DADDR:
	case FWT_FIELD_ETHER_TYPE:
		return fwt_space_is(sp, FWT_AXIS_HAVE_ETHER, 1, 1);
	case FWT_FIELD_VLAN_ID:
	case FWT_FIELD_VLAN_PCP:
		return fwt_space_is(sp, FWT_AXIS_HAVE_VLAN, 1, 1);
	case FWT_FIELD_ARP_OP:
	case FWT_FIELD_ARP_SADDR:
	case FWT_FIELD_ARP_DADDR:
		return kind == FWT_KIND_ARP ? FWT_DD_YES : FWT_DD_NO;
	case FWT_FIELD_IP_SADDR:
	case FWT_FIELD_IP_DADDR:
		return kind == FWT_KIND_IPV4 ? FWT_DD_YES : FWT_DD_NO;
	case FWT_FIELD_IP6_SADDR:
	case FWT_FIELD_IP6_DADDR:
		return six ? FWT_DD_YES : FWT_DD_NO;
	case FWT_FIELD_SPORT:
	case FWT_FIELD_DPORT:
		f = has_ports(sp);
		break;
	case FWT_FIELD_TCP_SPORT:
	case FWT_FIELD_TCP_DPORT:
	case FWT_FIELD_TCP_FLAGS:
	case FWT_FIELD_TCP_SEQ:
	case FWT_FIELD_TCP_ACK:
	case FWT_FIELD_TCP_WINDOW:
	case FWT_FIELD_TCP_OPTION_MSS:
		f = unfragmented(sp, FWT_IPPROTO_TCP, FWT_IPPROTO_TCP);
		if (field == FWT_FIELD_TCP_OPTION_MSS)
			f = fwt_dd_and(&sp->dd, f, fwt_space_is(sp, FWT_AXIS_HAVE_MSS, 1, 1));
		break;
	case FWT_FIELD_UDP_SPORT:
	case FWT_FIELD_UDP_DPORT:
		f = unfragmented(sp, FWT_IPPROTO_UDP, FWT_IPPROTO_UDP);
		break;
	case FWT_FIELD_ICMP_TYPE:
	case FWT_FIELD_ICMP_CODE:
	case FWT_FIELD_ICMP_ID:
		if (kind != FWT_KIND_IPV4)
			return FWT_DD_NO;
		f = unfragmented(sp, FWT_IPPROTO_ICMP, FWT_IPPROTO_ICMP);
		if (field == FWT_FIELD_ICMP_ID)
			f = fwt_dd_and(&sp->dd, f, has_icmp_id(sp, false));
		break;
	case FWT_FIELD_ICMPV6_TYPE:
	case FWT_FIELD_ICMPV6_CODE:
	case FWT_FIELD_ICMPV6_ID:
		if (!six)
			return FWT_DD_NO;
		f = unfragmented(sp, FWT_IPPROTO_ICMPV6, FWT_IPPROTO_ICMPV6);
		if (field == FWT_FIELD_ICMPV6_ID)
			f = fwt_dd_and(&sp->dd, f, has_icmp_id(sp, true));
		break;
	case FWT_FIELD_FAMILY:
	case FWT_FIELD_SADDR:
	case FWT_FIELD_DADDR:
	case FWT_FIELD_PROTOCOL:
	case FWT_FIELD_DSCP:
	case FWT_FIELD_TTL:
	case FWT_FIELD_LENGTH:
	case FWT_FIELD_FRAGMENT:
		break;
	default:
		/* One that this file does not know: there or not, who can tell. The
		 * answer of a route is there always.
		 */
		if (field >= __FWT_FIELD_MAX)
			return FWT_DD_NO;
		if (FWT_FIELDS_ROUTE >> field & 1)
			return ip ? FWT_DD_YES : FWT_DD_NO;
		return fwt_space_is(sp, FWT_AXIS_MORE + 3 * field, 1, 1);
	}
	return ip ? f : FWT_DD_NO;
}

/* Cuts */

#define FIELDS_CT (FWT_FIELD_BIT(CT_STATE) | FWT_FIELD_BIT(CT_STATUS) | \
		   FWT_FIELD_BIT(CT_DIRECTION) | FWT_FIELD_BIT(CT_MARK) | \
		   FWT_FIELD_BIT(CT_ORIGINAL_SADDR) | FWT_FIELD_BIT(CT_ORIGINAL_DADDR) | \
		   FWT_FIELD_BIT(CT_ORIGINAL_SPORT) | FWT_FIELD_BIT(CT_ORIGINAL_DPORT) | \
		   FWT_FIELD_BIT(CT_ORIGINAL_PROTOCOL))

static bool is_prefix(const u32 *mask, u32 words)
{
	u32 i;

	for (i = 0; i < words; i++) {
		if (~mask[i] & (~mask[i] + 1))
			return false;
		if (i && mask[i] && mask[i - 1] != ~0u)
			return false;
	}
	return true;
}

/* The last value that begins as @v does where @mask has bits. */
static struct fwt_wide prefix_end(struct fwt_wide v, struct fwt_wide mask, u32 width)
{
	v.l |= ~mask.l & (width >= 64 ? ~0ull : (1ull << width) - 1);
	if (width > 64)
		v.h |= ~mask.h & (width < 128 ? (1ull << (width - 64)) - 1 : ~0ull);
	return v;
}

/* Of a field whose bits are told apart one by one. */
static void add_mask(struct fwt_axis *a, struct fwt_wide mask)
{
	struct fwt_wide rest = prefix_end(fwt_wide(0, 0), mask, a->width);
	struct fwt_wide next = fwt_wide_next(rest);
	u32 i;

	/* A prefix is a range, in whatever room its words have. */
	if (!(rest.h & next.h) && !(rest.l & next.l))
		return;
	for (i = 0; i < a->masks && fwt_wide_cmp(a->mask[i], mask); i++)
		;
	if (i == a->masks && i < FWT_AXIS_MASKS)
		a->mask[a->masks++] = mask;
}

static void cut_elem(struct fwt_space *sp, const struct fwt_prog_test *t, u32 kind,
		     const u8 *dim, const u32 *lo, const u32 *hi, const u32 *mask)
{
	u32 i, at = 0, axis;

	for (i = 0; i < t->n_fields; at += dim[i], i++) {
		axis = fwt_space_axis(t->field[i], kind);
		if (axis == FWT_AXIS_NONE)
			continue;
		if (mask && (!is_prefix(mask + at, dim[i]) ||
			     memcmp(lo + at, hi + at, dim[i] * sizeof(u32)))) {
			sp->axis[axis].raw = true;
			add_mask(&sp->axis[axis], fwt_wide_words(mask + at, dim[i]));
		} else if (mask) {
			struct fwt_wide a = fwt_wide_words(lo + at, dim[i]);

			fwt_space_cut(sp, axis, a,
				      prefix_end(a, fwt_wide_words(mask + at, dim[i]),
						 sp->axis[axis].width));
		} else {
			fwt_space_cut(sp, axis, fwt_wide_words(lo + at, dim[i]),
				      fwt_wide_words(hi + at, dim[i]));
		}
	}
}

/* What only a state of its connection makes of a packet. */
static bool of_connection(u32 field)
{
	return field < 64 && FIELDS_CT >> field & 1;
}

void fwt_space_elems(struct fwt_space *sp, const struct fwt_prog_test *t,
		     const struct fwt_elems *e, u32 kind)
{
	const u32 *data = e->data.data;
	u32 n = fwt_elems_count(e), i;

	for (i = 0; i < t->n_fields; i++)
		sp->tracks |= of_connection(t->field[i]);
	for (i = 0; i < n; i++, data += 2 * e->words)
		cut_elem(sp, t, kind, e->dim, data, data + e->words, NULL);
}

static void collect(struct fwt_space *sp, const struct fwt_sema *s,
		    const struct fwt_prog_test *t, u32 kind)
{
	u32 which = kind == FWT_KIND_IPV6, i, n;
	const struct fwt_prog_set *set;
	const u32 *data, *mask = NULL;

	if (t->set[which] == FWT_NONE)
		return;
	set = (struct fwt_prog_set *)s->b.sec[FWT_SEC_SETS].data + t->set[which];
	data = (u32 *)s->b.sec[FWT_SEC_WORDS].data + set->data;
	if (t->mask[which] != FWT_NONE)
		mask = (u32 *)s->b.sec[FWT_SEC_WORDS].data + t->mask[which];
	n = set->kind == FWT_SET_KEYS ? set->words : 2 * set->words;
	for (i = 0; i < set->count; i++, data += n)
		cut_elem(sp, t, kind, set->dim, data, data + n - set->words, mask);
}

void fwt_space_collect(struct fwt_space *sp, const struct fwt_sema *s)
{
	const struct fwt_prog_test *t = s->b.sec[FWT_SEC_TESTS].data;
	u32 i, f, kind;

	for (i = 0; i < s->b.sec[FWT_SEC_TESTS].count; i++, t++) {
		for (f = 0; f < t->n_fields && f < FWT_TEST_FIELDS; f++)
			sp->tracks |= of_connection(t->field[f]);
		for (kind = 0; t->op == FWT_TEST_IN && kind < FWT_KINDS; kind++)
			if (kind != FWT_KIND_ARP)	/* nothing there is its own */
				collect(sp, s, t, kind);
	}
}

void fwt_space_device(const struct fwt_value *v, struct fwt_wide *lo, struct fwt_wide *hi)
{
	bool wildcard = v->flags & FWT_VALUE_WILDCARD;
	size_t len = v->text ? strlen(v->text) : 0, i;
	u8 b[16] = { 0 }, c[16];

	len -= len && wildcard;
	memcpy(b, v->text, len < 15 ? len : 15);
	memcpy(c, b, sizeof(c));
	if (wildcard)
		memset(c + len, 0xff, sizeof(c) - len);
	*lo = fwt_wide(0, 0);
	*hi = *lo;
	for (i = 0; i < 8; i++) {
		lo->h = lo->h << 8 | b[i];
		lo->l = lo->l << 8 | b[8 + i];
		hi->h = hi->h << 8 | c[i];
		hi->l = hi->l << 8 | c[8 + i];
	}
}

/* Sets */

u32 fwt_space_elem(struct fwt_space *sp, const struct fwt_prog_test *t, u32 kind,
		   const u8 *dim, const u32 *lo, const u32 *hi, const u32 *mask)
{
	u32 f = FWT_DD_YES, i, at = 0;

	for (i = 0; i < t->n_fields; at += dim[i], i++) {
		struct fwt_wide a = fwt_wide_words(lo + at, dim[i]);
		struct fwt_wide b = fwt_wide_words(hi + at, dim[i]), m;
		u32 axis = fwt_space_axis(t->field[i], kind);
		u64 value;

		if (mask)
			m = fwt_wide_words(mask + at, dim[i]);
		if (constant(t->field[i], kind, &value)) {
			value &= mask ? m.l : ~0ull;
			if (value < a.l || value > b.l)
				return FWT_DD_NO;
			continue;
		}
		if (axis == FWT_AXIS_NONE)
			return FWT_DD_NO;
		if (mask && !sp->axis[axis].raw) {	/* a prefix, see cut_elem() */
			b = prefix_end(b, m, sp->axis[axis].width);
		}
		f = fwt_dd_and(&sp->dd, f, fwt_space_range(sp, axis, a, b, mask ? &m : NULL));
	}
	return f;
}

static u32 in_set(struct fwt_space *sp, const struct fwt_sema *s,
		  const struct fwt_prog_test *t, u32 kind)
{
	u32 which = kind == FWT_KIND_IPV6, i, n, f, *each;
	const struct fwt_prog_set *set;
	const u32 *data, *mask = NULL;

	if (t->set[which] == FWT_NONE)
		return FWT_DD_NO;
	set = (struct fwt_prog_set *)s->b.sec[FWT_SEC_SETS].data + t->set[which];
	data = (u32 *)s->b.sec[FWT_SEC_WORDS].data + set->data;
	if (t->mask[which] != FWT_NONE)
		mask = (u32 *)s->b.sec[FWT_SEC_WORDS].data + t->mask[which];
	n = set->kind == FWT_SET_KEYS ? set->words : 2 * set->words;
	if (set->count == 1)
		return fwt_space_elem(sp, t, kind, set->dim, data, data + n - set->words,
				      mask);
	each = malloc(((size_t)set->count + 1) * sizeof(*each));
	if (!each) {
		sp->failed = true;
		sp->dd.over = true;
		return FWT_DD_NO;
	}
	for (i = 0; i < set->count; i++, data += n)
		each[i] = fwt_space_elem(sp, t, kind, set->dim, data,
					 data + n - set->words, mask);
	f = fwt_dd_any(&sp->dd, each, set->count);
	free(each);
	return f;
}

/* " & ffffff00": words of the key, of both families where they differ. */
static void put_mask(const struct fwt_sema *s, const struct fwt_prog_test *t, char *buf,
		     size_t size)
{
	const u32 *word = s->b.sec[FWT_SEC_WORDS].data;
	u32 six, i, words;
	size_t n = 0;

	*buf = '\0';
	for (six = 0; six < 2; six++) {
		if (t->mask[six] == FWT_NONE || (six && t->mask[1] == t->mask[0]))
			continue;
		for (words = 0, i = 0; i < t->n_fields; i++)
			words += six ? fwt_field_info[t->field[i]].words6 :
				       fwt_field_info[t->field[i]].words;
		for (i = 0; i < words && n < size; i++)
			n += (size_t)snprintf(buf + n, size - n, "%s%08x", i ? ":" : " & ",
					      word[t->mask[six] + i]);
	}
}

void fwt_space_node(struct fwt_space *sp, const struct fwt_sema *s, u32 node, char *buf,
		    size_t size)
{
	const struct fwt_prog_foreign *f = s->b.sec[FWT_SEC_FOREIGN].data;
	const struct fwt_prog_arg *arg = s->b.sec[FWT_SEC_ARGS].data;
	const char *string = s->b.sec[FWT_SEC_STRINGS].data;
	size_t len = fwt_node_words(f + node, arg, string, buf, size) + 1;
	char *whole;

	if (len <= size)
		return;
	whole = malloc(len);
	if (!whole) {
		sp->failed = true;
		sp->dd.over = true;
		return;
	}
	fwt_node_words(f + node, arg, string, whole, len);
	fwt_space_shorten(buf, size, whole);
	free(whole);
}

static u64 set_hash(const struct fwt_sema *s, const struct fwt_prog_test *t)
{
	const struct fwt_prog_object *o = s->b.sec[FWT_SEC_OBJECTS].data;
	const char *name = (char *)s->b.sec[FWT_SEC_STRINGS].data + o[t->set[0]].name;

	return fwt_hash(FWT_HASH_SEED, name, strlen(name));
}

bool fwt_space_live(const struct fwt_space *sp, const struct fwt_sema *s,
		    const struct fwt_prog_test *t)
{
	const u64 *updated = sp->updated.data;
	u64 hash = set_hash(s, t);
	u32 i;

	for (i = 0; i < sp->updated.count; i++)
		if (updated[i] == hash)
			return true;
	return false;
}

void fwt_space_updated(struct fwt_space *sp, const struct fwt_sema *s, u32 test)
{
	const struct fwt_prog_test *t = s->b.sec[FWT_SEC_TESTS].data;
	u64 *to;

	if (test >= s->b.sec[FWT_SEC_TESTS].count || fwt_space_live(sp, s, t + test))
		return;
	to = fwt_vec_add(&sp->updated, 1);
	if (to)
		*to = set_hash(s, t + test);
	else
		sp->failed = true;
}

static u32 question(struct fwt_space *sp, const struct fwt_sema *s,
		    const struct fwt_prog_test *t, const char *where)
{
	const char *string = s->b.sec[FWT_SEC_STRINGS].data;
	const struct fwt_prog_object *o = s->b.sec[FWT_SEC_OBJECTS].data;
	char key[1200], text[900], fields[200] = "", mask[400];
	bool state = false;
	u64 depends = 0;
	u32 i;

	for (i = 0; i < t->n_fields && i < FWT_TEST_FIELDS; i++) {
		const char *name = t->field[i] < __FWT_FIELD_MAX ?
				   fwt_field_info[t->field[i]].name : "?";
		size_t len = strlen(fields);

		depends |= t->field[i] < 64 ? 1ull << t->field[i] : 0;
		snprintf(fields + len, sizeof(fields) - len, "%s%s", i ? " . " : "", name);
	}
	switch (t->op) {
	case FWT_TEST_EQUAL:
	case FWT_TEST_LESS:
		snprintf(text, sizeof(text), "%s %s %s", fwt_field_info[t->field[0]].name,
			 t->op == FWT_TEST_LESS ? "<" : "==", fwt_field_info[t->field[1]].name);
		snprintf(key, sizeof(key), "%s", text);
		break;
	case FWT_TEST_IFADDR:
	case FWT_TEST_IFNET:
		snprintf(text, sizeof(text), "%s %s(%s)", fields,
			 t->op == FWT_TEST_IFADDR ? "addr" : "net", string + t->set[0]);
		snprintf(key, sizeof(key), "%s", text);
		break;
	case FWT_TEST_NODE:
		/* Who knows what it looks at: of a packet that is another one now it may
		 * say something else.
		 */
		depends = ~0ull;
		state = true;
		fwt_space_node(sp, s, t->set[0], text, sizeof(text));
		snprintf(key, sizeof(key), "%s", text);
		break;
	case FWT_TEST_LIVE:
		/* Sets are as they were throughout a walk: whoever asks is told the same. */
		state = fwt_space_live(sp, s, t);
		o += t->set[0];
		put_mask(s, t, mask, sizeof(mask));
		snprintf(text, sizeof(text), "%s%s @%s", fields, mask, string + o->name);
		snprintf(key, sizeof(key), "%u %s %u", t->op, text, t->set[1]);
		break;
	case FWT_TEST_LIVE_TREE:
		state = fwt_space_live(sp, s, t);
		o += t->set[0];
		snprintf(text, sizeof(text), "%s", where);
		snprintf(key, sizeof(key), "%u in %s %s %s", t->op, string + o->name, fields,
			 where);
		break;
	default:
		/* It has a state, which is its rule's; or is drawn anew, or asks for bytes
		 * that the next hook may find changed.
		 */
		state = true;
		snprintf(text, sizeof(text), "%s", where);
		snprintf(key, sizeof(key), "%u %u %s %s", t->op, t->pad, fields, where);
		break;
	}
	return fwt_space_opaque(sp, key, text, depends, state);
}

/* What question() tells by the text of its rule is the test as it is written there: "limit
 * over" is true where it is over.
 */
static bool is_as_written(const struct fwt_prog_test *t)
{
	switch (t->op) {
	case FWT_TEST_IN:
	case FWT_TEST_EQUAL:
	case FWT_TEST_LESS:
	case FWT_TEST_IFADDR:
	case FWT_TEST_IFNET:
	case FWT_TEST_NODE:
	case FWT_TEST_LIVE:
		return false;
	default:
		return true;
	}
}

u32 fwt_space_test(struct fwt_space *sp, const struct fwt_sema *s,
		   const struct fwt_prog_test *t, const char *where)
{
	struct fwt_dd *dd = &sp->dd;
	u32 kind, i, f, yes, any = FWT_DD_NO;

	if (t->op != FWT_TEST_IN)
		any = question(sp, s, t, where);
	yes = any;
	for (kind = 0, f = FWT_DD_NO; kind < FWT_KINDS && !dd->over; kind++) {
		u32 have = FWT_DD_YES;

		for (i = 0; i < t->n_fields && i < FWT_TEST_FIELDS; i++)
			have = fwt_dd_and(dd, have, fwt_space_have(sp, t->field[i], kind));
		if (have == FWT_DD_NO)
			continue;
		if (t->op == FWT_TEST_IN)
			yes = in_set(sp, s, t, kind);
		have = t->flags & FWT_TEST_NEGATE && !is_as_written(t) ?
		       fwt_dd_minus(dd, have, yes) : fwt_dd_and(dd, have, yes);
		f = fwt_dd_or(dd, f, fwt_dd_and(dd, fwt_space_kind(sp, kind), have));
	}
	return f;
}
