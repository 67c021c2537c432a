// SPDX-License-Identifier: GPL-2.0
/*
 * A box in the words of a rule.
 */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>

#include "diff_region.h"

struct text {
	char *buf;
	size_t size;
};

static void __attribute__((format(printf, 2, 3))) say(struct text *t, const char *fmt, ...)
{
	size_t before = strlen(t->buf), len = before;
	va_list args;
	int n;

	if (len + 2 > t->size)
		return;
	if (len)
		t->buf[len++] = ' ';
	va_start(args, fmt);
	n = vsnprintf(t->buf + len, t->size - len, fmt, args);
	va_end(args);
	if (n >= 0 && (size_t)n < t->size - len)
		return;
	/* Half a value would be another one. */
	t->buf[before] = 0;
	if (before + 5 < t->size && (before < 3 || strcmp(t->buf + before - 3, "...")))
		snprintf(t->buf + before, t->size - before, "%s...", before ? " " : "");
}

/* The range of an axis. */
static const struct fwt_region_side *side_of(const struct fwt_region *b, u32 axis)
{
	u32 i;

	for (i = 0; i < b->n; i++)
		if (b->side[i].axis == axis && !fwt_region_masked(&b->side[i]))
			return &b->side[i];
	return NULL;
}

/* Whether words are of an axis, with a mask or without. */
static bool speaks_of(const struct fwt_region *b, u32 axis)
{
	u32 i;

	for (i = 0; i < b->n && b->side[i].axis != axis; i++)
		;
	return i < b->n;
}

static void values_of(const struct fwt_space *sp, const struct fwt_region_side *s,
		      struct fwt_wide *lo, struct fwt_wide *hi)
{
	const struct fwt_axis *a = &sp->axis[s->axis];
	u8 bits[128];
	struct fwt_wide none;
	u32 i;

	for (i = 0; i < a->bits; i++)
		bits[i] = fwt_wide_bit(s->first, a->bits - 1 - i);
	fwt_space_ends(sp, s->axis, bits, lo, &none);
	for (i = 0; i < a->bits; i++)
		bits[i] = fwt_wide_bit(s->last, a->bits - 1 - i);
	fwt_space_ends(sp, s->axis, bits, &none, hi);
}

static void one_address(struct fwt_wide v, bool six, char *buf, size_t size)
{
	u8 b[16];
	u32 i;

	if (six) {
		for (i = 0; i < 8; i++) {
			b[i] = (u8)(v.h >> (56 - 8 * i));
			b[8 + i] = (u8)(v.l >> (56 - 8 * i));
		}
	} else {
		put_unaligned_be32((u32)v.l, b);
	}
	if (!inet_ntop(six ? AF_INET6 : AF_INET, b, buf, (socklen_t)size))
		buf[0] = 0;
}

/* Bits that two values share from the left, where the rest is all 0 and all 1. */
static int prefix(struct fwt_wide lo, struct fwt_wide hi, u32 width)
{
	u32 n = 0, i;

	while (n < width && fwt_wide_bit(lo, width - 1 - n) == fwt_wide_bit(hi, width - 1 - n))
		n++;
	for (i = n; i < width; i++)
		if (fwt_wide_bit(lo, width - 1 - i) || !fwt_wide_bit(hi, width - 1 - i))
			return -1;
	return (int)n;
}

static void address(struct text *t, const char *field, bool six, struct fwt_wide lo,
		    struct fwt_wide hi)
{
	u32 width = six ? 128 : 32;
	int plen = prefix(lo, hi, width);
	char a[INET6_ADDRSTRLEN], b[INET6_ADDRSTRLEN];

	one_address(lo, six, a, sizeof(a));
	one_address(hi, six, b, sizeof(b));
	if (plen == (int)width)
		say(t, "%s %s", field, a);
	else if (plen >= 0)
		say(t, "%s %s/%d", field, a, plen);
	else
		say(t, "%s %s-%s", field, a, b);
}

/* A name, or all that begin with one; what lies between two names is said so. */
static void interface(struct text *t, const char *field, struct fwt_wide lo,
		      struct fwt_wide hi)
{
	char a[17];
	int plen = prefix(lo, hi, 128);

	if (!fwt_space_name(lo, hi, a))
		say(t, "%s of no name", field);
	else if (!fwt_wide_cmp(lo, hi))
		say(t, "%s %s", field, a[0] ? a : "none");
	else if (plen > 0 && !(plen % 8))
		say(t, "%s %.*s*", field, plen / 8, a);
	else if (lo.h == 0 && lo.l <= 1 && hi.h == ~0ull)
		say(t, "%s != none", field);
	else
		say(t, "%s like %s", field, a[0] ? a : "none");
}

static void one_mac(struct fwt_wide v, char *buf, size_t size)
{
	snprintf(buf, size, "%02x:%02x:%02x:%02x:%02x:%02x", (u32)(v.l >> 40) & 255,
		 (u32)(v.l >> 32) & 255, (u32)(v.l >> 24) & 255, (u32)(v.l >> 16) & 255,
		 (u32)(v.l >> 8) & 255, (u32)v.l & 255);
}

static void mac(struct text *t, const char *field, struct fwt_wide lo, struct fwt_wide hi)
{
	char a[2][20];

	one_mac(lo, a[0], sizeof(a[0]));
	one_mac(hi, a[1], sizeof(a[1]));
	if (lo.l == hi.l)
		say(t, "%s %s", field, a[0]);
	else
		say(t, "%s %s-%s", field, a[0], a[1]);
}

static void number(struct text *t, const char *field, enum fwt_value_class class,
		   struct fwt_wide lo, struct fwt_wide hi)
{
	const char *name = lo.l == hi.l ? fwt_class_name(class, lo.l) : NULL;

	if (name)
		say(t, "%s %s", field, name);
	else if (lo.l == hi.l)
		say(t, "%s %llu", field, (unsigned long long)lo.l);
	else
		say(t, "%s %llu-%llu", field, (unsigned long long)lo.l,
		    (unsigned long long)hi.l);
}

/* Those of later packets walk where every packet does, and are named there alone. */
static void states(struct text *t, const struct fwt_space *sp, struct fwt_wide lo,
		   struct fwt_wide hi)
{
	static const char *const name[] = { "new", "related", "established", "invalid",
					    "untracked" };
	char list[80] = "";
	u32 i, n = 0;
	size_t len;

	for (i = (u32)lo.l; i <= hi.l && i < 5; i++) {
		if (!sp->per_packet && (i == FWT_CT_RELATED || i == FWT_CT_ESTABLISHED))
			continue;
		len = strlen(list);
		snprintf(list + len, sizeof(list) - len, "%s%s", n++ ? ", " : "", name[i]);
	}
	say(t, n > 1 ? "ct state { %s }" : "ct state %s", list);
}

static void kind(struct text *t, const struct fwt_region *b, struct fwt_wide lo,
		 struct fwt_wide hi)
{
	if (lo.l == FWT_KIND_ARP && hi.l == FWT_KIND_ARP)
		say(t, "ether type arp");
	else if (lo.l == FWT_KIND_OTHER)
		say(t, "not { family { ipv4, ipv6 } } ether type != arp");
	else if (lo.l == FWT_KIND_ARP)
		say(t, "not { family { ipv4, ipv6 } }");
	else if (lo.l == FWT_KIND_IPV4 && hi.l == FWT_KIND_IPV6)
		say(t, "family { ipv4, ipv6 }");
	else if (lo.l == FWT_KIND_IPV6 && hi.l == FWT_KIND_OTHER)
		say(t, "not { family ipv4 }");
	else if (lo.l != hi.l)
		say(t, lo.l ? "(IPv6 or ARP)" : "(IPv4, IPv6 or ARP)");
	/* An address says it as well, and so do the words of ICMP. */
	else if (!speaks_of(b, FWT_AXIS_SADDR4 + (u32)lo.l) &&
		 !speaks_of(b, FWT_AXIS_DADDR4 + (u32)lo.l) &&
		 !speaks_of(b, FWT_AXIS_ICMP_TYPE) && !speaks_of(b, FWT_AXIS_ICMP_CODE) &&
		 !speaks_of(b, FWT_AXIS_ICMP_ID))
		say(t, "family ipv%c", lo.l == FWT_KIND_IPV4 ? '4' : '6');
}

static const char *with_ports(const struct fwt_region *b, struct fwt_wide lo, struct fwt_wide hi)
{
	if (lo.l != hi.l || (!speaks_of(b, FWT_AXIS_SPORT) && !speaks_of(b, FWT_AXIS_DPORT)))
		return NULL;
	return lo.l == 6 ? "tcp " : lo.l == 17 ? "udp " : lo.l == 132 ? "sctp " :
	       lo.l == 33 ? "dccp " : lo.l == 136 ? "udplite " : NULL;
}

static void route_type(struct text *t, struct fwt_wide lo, struct fwt_wide hi)
{
	char list[120] = "";
	size_t len;
	u64 i;

	for (i = lo.l; i <= hi.l && i < 32; i++) {
		const char *name = fwt_class_name(FWT_CLASS_ROUTE_TYPE, i);

		len = strlen(list);
		if (name)
			snprintf(list + len, sizeof(list) - len, "%s%s", len ? ", " : "", name);
	}
	if (list[0])
		say(t, strchr(list, ',') ? "route type { %s }" : "route type %s", list);
	else
		number(t, "route type", FWT_CLASS_NUMBER, lo, hi);
}

/* What has ports, or a type, is no later fragment. */
static void fragment(struct text *t, const struct fwt_region *b, struct fwt_wide lo,
		     struct fwt_wide hi)
{
	static const u16 whole[] = {
		FWT_AXIS_SPORT, FWT_AXIS_DPORT, FWT_AXIS_ICMP_TYPE, FWT_AXIS_ICMP_CODE,
		FWT_AXIS_ICMP_ID, FWT_AXIS_TCP_FLAGS, FWT_AXIS_TCP_SEQ, FWT_AXIS_TCP_ACK,
		FWT_AXIS_TCP_WINDOW, FWT_AXIS_TCP_OPTION_MSS,
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(whole); i++)
		if (speaks_of(b, whole[i]) && !lo.l && hi.l == 1)
			return;
	if (!hi.l)
		say(t, "fragment no");
	else if (lo.l && hi.l > 1 && lo.l < 2)
		say(t, "fragment yes");
	else
		say(t, "%s", lo.l == 2 ? "(later fragments)" : lo.l ? "(first fragments)" :
		    "(no later fragments)");
}

static void one_side(const struct fwt_space *sp, const struct fwt_region *b,
		     const struct fwt_region_side *s, const char *ports, bool six,
		     struct text *t)
{
	struct fwt_wide lo, hi;
	char field[40];
	u32 f;

	values_of(sp, s, &lo, &hi);
	switch (s->axis) {
	case FWT_AXIS_KIND:
		kind(t, b, lo, hi);
		return;
	case FWT_AXIS_IIF:
	case FWT_AXIS_OIF:
		interface(t, s->axis == FWT_AXIS_IIF ? "iif" : "oif", lo, hi);
		return;
	case FWT_AXIS_CT_STATE:
		states(t, sp, lo, hi);
		return;
	case FWT_AXIS_SADDR4:
	case FWT_AXIS_SADDR6:
		address(t, "saddr", s->axis == FWT_AXIS_SADDR6, lo, hi);
		return;
	case FWT_AXIS_DADDR4:
	case FWT_AXIS_DADDR6:
		address(t, "daddr", s->axis == FWT_AXIS_DADDR6, lo, hi);
		return;
	case FWT_AXIS_ARP_SADDR:
	case FWT_AXIS_ARP_DADDR:
		address(t, s->axis == FWT_AXIS_ARP_SADDR ? "arp saddr" : "arp daddr", false,
			lo, hi);
		return;
	case FWT_AXIS_PROTOCOL:
		if (!ports)
			number(t, "protocol", FWT_CLASS_PROTOCOL, lo, hi);
		return;
	case FWT_AXIS_SPORT:
	case FWT_AXIS_DPORT:
		snprintf(field, sizeof(field), "%s%s", ports ? ports : "",
			 s->axis == FWT_AXIS_SPORT ? "sport" : "dport");
		number(t, field, FWT_CLASS_NUMBER, lo, hi);
		return;
	case FWT_AXIS_FRAGMENT:
		fragment(t, b, lo, hi);
		return;
	case FWT_AXIS_ICMP_TYPE:
		number(t, six ? "icmpv6 type" : "icmp type", six ? FWT_CLASS_ICMPV6_TYPE :
		       FWT_CLASS_ICMP_TYPE, lo, hi);
		return;
	case FWT_AXIS_ICMP_CODE:
		number(t, six ? "icmpv6 code" : "icmp code", FWT_CLASS_NUMBER, lo, hi);
		return;
	case FWT_AXIS_ICMP_ID:
		number(t, six ? "icmpv6 id" : "icmp id", FWT_CLASS_NUMBER, lo, hi);
		return;
	case FWT_AXIS_TCP_FLAGS:
		number(t, "tcp flags", FWT_CLASS_TCP_FLAGS, lo, hi);
		return;
	case FWT_AXIS_ETHER_SADDR:
	case FWT_AXIS_ETHER_DADDR:
		mac(t, s->axis == FWT_AXIS_ETHER_SADDR ? "ether saddr" : "ether daddr", lo, hi);
		return;
	case FWT_AXIS_HAVE_ETHER:
		say(t, lo.l ? "with an Ethernet header" : "without an Ethernet header");
		return;
	case FWT_AXIS_HAVE_VLAN:
		say(t, lo.l ? "with a VLAN tag" : "without a VLAN tag");
		return;
	case FWT_AXIS_HAVE_MSS:
		say(t, lo.l ? "with an MSS" : "without an MSS");
		return;
	case FWT_AXIS_CT_STATUS:
		say(t, lo.l ? "ct status dnat" : "not ct status dnat");
		return;
	}
	if (s->axis >= FWT_AXIS_MORE) {
		f = (s->axis - FWT_AXIS_MORE) / 3;
		if ((s->axis - FWT_AXIS_MORE) % 3 == 0)
			say(t, lo.l ? "with a %s" : "without a %s", fwt_field_info[f].name);
		else if (f == FWT_FIELD_ROUTE_TYPE)
			route_type(t, lo, hi);
		else if (fwt_field_info[f].words == 4)
			interface(t, fwt_field_info[f].name, lo, hi);
		else if (fwt_field_info[f].words6 == 4)
			address(t, fwt_field_info[f].name, (s->axis - FWT_AXIS_MORE) % 3 == 2,
				lo, hi);
		else
			number(t, fwt_field_info[f].name, FWT_CLASS_NUMBER, lo, hi);
		return;
	}
	for (f = 0; f < __FWT_FIELD_MAX; f++)
		if (fwt_space_axis(f, FWT_KIND_OTHER) == s->axis)
			break;
	number(t, f < __FWT_FIELD_MAX ? fwt_field_info[f].name : "?", FWT_CLASS_NUMBER, lo, hi);
}

/* The field of an axis, as the language has it. */
static const char *field_of(u32 axis, bool six)
{
	u32 f;

	if (six && axis >= FWT_AXIS_ICMP_TYPE && axis <= FWT_AXIS_ICMP_ID)
		return fwt_field_info[FWT_FIELD_ICMPV6_TYPE + axis - FWT_AXIS_ICMP_TYPE].name;
	if (axis >= FWT_AXIS_MORE)
		return fwt_field_info[(axis - FWT_AXIS_MORE) / 3].name;
	for (f = 0; f < __FWT_FIELD_MAX; f++)
		if (fwt_space_axis(f, axis == FWT_AXIS_SADDR6 || axis == FWT_AXIS_DADDR6 ?
				   FWT_KIND_IPV6 : FWT_KIND_OTHER) == axis)
			return fwt_field_info[f].name;
	return "?";
}

/* A value as it stands behind a mask, and as the mask. */
static void masked_value(u32 axis, struct fwt_wide v, char *buf, size_t size)
{
	u32 f = (axis - FWT_AXIS_MORE) / 3, i;
	size_t len = 0;
	bool list;

	switch (axis) {
	case FWT_AXIS_SADDR4:
	case FWT_AXIS_DADDR4:
	case FWT_AXIS_ARP_SADDR:
	case FWT_AXIS_ARP_DADDR:
		one_address(v, false, buf, size);
		return;
	case FWT_AXIS_SADDR6:
	case FWT_AXIS_DADDR6:
		one_address(v, true, buf, size);
		return;
	case FWT_AXIS_ETHER_SADDR:
	case FWT_AXIS_ETHER_DADDR:
		one_mac(v, buf, size);
		return;
	case FWT_AXIS_TCP_FLAGS:
		list = v.l & (v.l - 1);
		snprintf(buf, size, "%s", !v.l ? "0" : list ? "{" : "");
		for (i = 0; i < 8; i++) {
			if (!(v.l >> i & 1))
				continue;
			len = strlen(buf);
			snprintf(buf + len, size - len, "%s%s", len > 1 ? ", " : len ? " " : "",
				 fwt_class_name(FWT_CLASS_TCP_FLAGS, 1u << i));
		}
		if (list)
			strncat(buf, " }", size - strlen(buf) - 1);
		return;
	}
	if (axis >= FWT_AXIS_MORE && fwt_field_info[f].words6 == 4)
		one_address(v, (axis - FWT_AXIS_MORE) % 3 == 2, buf, size);
	else
		snprintf(buf, size, "0x%llx", (unsigned long long)v.l);
}

static void masked_side(const struct fwt_region_side *s, const char *ports, bool six,
			struct text *t)
{
	bool port = s->axis == FWT_AXIS_SPORT || s->axis == FWT_AXIS_DPORT;
	char mask[80], lo[80], hi[80];

	masked_value(s->axis, s->mask, mask, sizeof(mask));
	masked_value(s->axis, s->first, lo, sizeof(lo));
	masked_value(s->axis, s->last, hi, sizeof(hi));
	if (fwt_wide_cmp(s->first, s->last))
		say(t, "%s%s & %s == %s-%s", port && ports ? ports : "", field_of(s->axis, six),
		    mask, lo, hi);
	else
		say(t, "%s%s & %s == %s", port && ports ? ports : "", field_of(s->axis, six),
		    mask, lo);
}

/* Of ICMPv6, whose types are numbers of their own. */
static bool is_six(const struct fwt_space *sp, const struct fwt_region *b)
{
	const struct fwt_region_side *k = side_of(b, FWT_AXIS_KIND);
	const struct fwt_region_side *s = side_of(b, FWT_AXIS_PROTOCOL);
	struct fwt_wide lo, hi;

	if (k)
		return k->first.l == FWT_KIND_IPV6;
	/* An address says it as well. */
	if (speaks_of(b, FWT_AXIS_SADDR6) || speaks_of(b, FWT_AXIS_DADDR6))
		return true;
	if (!s)
		return false;
	values_of(sp, s, &lo, &hi);
	return lo.l == FWT_IPPROTO_ICMPV6 && hi.l == FWT_IPPROTO_ICMPV6;
}

const char *fwt_region_words(const struct fwt_space *sp, const struct fwt_region *b,
			     const struct fwt_region *within, char *buf, size_t size)
{
	bool six = is_six(sp, b) || (within && is_six(sp, within));
	const struct fwt_opaque *o = sp->opaque.data;
	struct text t = { buf, size };
	const struct fwt_region_side *s = side_of(b, FWT_AXIS_PROTOCOL);
	const char *ports = NULL;
	struct fwt_wide lo, hi;
	u32 i, axis;

	buf[0] = 0;
	if (s) {
		values_of(sp, s, &lo, &hi);
		ports = with_ports(b, lo, hi);
	}
	for (axis = 0; axis < FWT_AXIS_FRESH; axis++) {
		s = side_of(b, axis);
		if (s)
			one_side(sp, b, s, ports, six, &t);
		for (i = 0; i < b->n; i++)
			if (b->side[i].axis == axis && fwt_region_masked(&b->side[i]))
				masked_side(&b->side[i], ports, six, &t);
	}
	for (i = 0; i < b->n; i++)
		if (b->side[i].axis == FWT_AXIS_NONE)
			say(&t, "%s%s%s", b->side[i].last.l ? "" : "not { ",
			    o[b->side[i].first.l].text, b->side[i].last.l ? "" : " }");
	if (!buf[0])
		say(&t, "all");
	return buf;
}

/* A word is followed by blanks, the values of a list by \001. */

static size_t word_length(const char *at)
{
	return strcspn(at, " ");
}

/* Values begin with a figure, or are hex; a field's name is none. Those of interfaces
 * and TCP flags are words; "none", "like eth0", "of no name" and "!= none" are no values.
 * Nor is a mask, nor flags behind one: of these a list is all at once.
 */
static bool is_value(const char *at, const char *words)
{
	static const char *const no[] = { "none", "like", "of", "!=" };
	u32 i;

	if (*at == '&' || (at - words >= 2 && !memcmp(at - 2, "& ", 2)))
		return false;
	if (*at >= '0' && *at <= '9')
		return true;
	if (at - words >= 10 && !memcmp(at - 10, "tcp flags ", 10))
		return true;
	if (at - words < 4 || (memcmp(at - 4, "iif ", 4) && memcmp(at - 4, "oif ", 4)))
		return false;
	for (i = 0; i < ARRAY_SIZE(no); i++)
		if (word_length(at) == strlen(no[i]) && !memcmp(at, no[i], strlen(no[i])))
			return false;
	return true;
}

/* As fwt_region_lists() tells it: two for each comma, and four for a list's braces. */
static size_t length_told(const char *words)
{
	bool in_list = false;
	size_t n = 0;

	for (; *words; words++) {
		n += *words == 1 ? 2 : 1;
		n += *words == 1 && !in_list ? 4 : 0;
		in_list = *words == 1 || (in_list && *words != ' ');
	}
	return n;
}

bool fwt_region_join(char *words, const char *other, size_t size)
{
	const char *a = words, *b = other, *from = NULL, *with = NULL;
	size_t n, m;
	char joined[1024];

	for (; *a && *b; a += n + !!a[n], b += m + !!b[m]) {
		n = word_length(a);
		m = word_length(b);
		if (n == m && !memcmp(a, b, n))
			continue;
		if (from || !is_value(a, words) || !is_value(b, other))
			return false;
		from = a;
		with = b;
	}
	if (*a || *b || !from)
		return false;
	n = word_length(from);
	m = word_length(with);
	/* A comma and braces more, and what fwt_region_lists() leaves free. */
	if (length_told(words) + m + 6 + 8 >= size || length_told(words) + m > sizeof(joined) - 16)
		return false;
	snprintf(joined, sizeof(joined), "%.*s%.*s\001%.*s%s", (int)(from - words), words,
		 (int)n, from, (int)m, with, from + n);
	memcpy(words, joined, strlen(joined) + 1);
	return true;
}

const char *fwt_region_lists(const char *words, char *buf, size_t size)
{
	size_t at = 0, n;

	while (*words && at + 8 < size) {
		n = word_length(words);
		if (memchr(words, 1, n)) {
			at += (size_t)snprintf(buf + at, size - at, "{ ");
			for (; n && at + 8 < size; n--, words++) {
				if (*words != 1) {
					buf[at++] = *words;
				} else if (at + 10 + strcspn(words + 1, "\001 ") < size) {
					at += (size_t)snprintf(buf + at, size - at, ", ");
				} else {
					at += (size_t)snprintf(buf + at, size - at, ", ...");
					words += n;
					n = 0;
					break;
				}
			}
			at += (size_t)snprintf(buf + at, size - at, " }");
			words += n;
		} else {
			for (; n && at + 8 < size; n--)
				buf[at++] = *words++;
		}
		if (*words == ' ' && at + 1 < size)
			buf[at++] = *words++;
	}
	buf[at < size ? at : size - 1] = 0;
	return buf;
}
