// SPDX-License-Identifier: GPL-2.0
/*
 * Literals -> numbers, by what the field they stand for can be.
 */
#include <arpa/inet.h>
#include <stdlib.h>

#include "sema.h"

static const char *const kind_noun[] = {
	[FWT_VALUE_WORD] = "a word",
	[FWT_VALUE_STRING] = "a quoted text",
	[FWT_VALUE_NUMBER] = "a number",
	[FWT_VALUE_DURATION] = "a duration",
	[FWT_VALUE_SIZE] = "a size",
	[FWT_VALUE_RATE] = "a rate",
	[FWT_VALUE_IPV4] = "an IPv4 address",
	[FWT_VALUE_IPV6] = "an IPv6 address",
	[FWT_VALUE_MAC] = "a MAC address",
	[FWT_VALUE_PREFIX4] = "an IPv4 prefix",
	[FWT_VALUE_PREFIX6] = "an IPv6 prefix",
	[FWT_VALUE_RANGE] = "a range",
	[FWT_VALUE_SETREF] = "a set",
	[FWT_VALUE_ADDR_OF] = "addr()",
	[FWT_VALUE_NET_OF] = "net()",
	[FWT_VALUE_JOIN] = "joined values",
};

struct reader {
	struct fwt_sema *s;
	const struct fwt_ast_ref *ref;
	enum fwt_value_class class;
	unsigned int bits;
};

static const char *words_of(const struct reader *r)
{
	return fwt_field_words(r->ref->field, r->ref->implies);
}

/* Elements, pools and options have a type, and no field that it would be of. */
static bool has_field(const struct reader *r)
{
	return r->ref->loc.line && !r->s->in_set;
}

static bool wrong(const struct reader *r, const struct fwt_value *v)
{
	if (!has_field(r)) {
		fwt_error(r->s->diag, &v->loc, "here it takes %s, and this is %s",
			  fwt_class_noun(r->class), kind_noun[v->kind]);
		return false;
	}
	fwt_error_hint(r->s->diag, &v->loc,
		       v->kind == FWT_VALUE_WORD && !strcmp(v->text, "any") ?
		       "any at all: leave the match out" : NULL,
		       "'%s' takes %s, and this is %s", words_of(r), fwt_class_noun(r->class),
		       kind_noun[v->kind]);
	return false;
}

static bool number(const struct reader *r, const struct fwt_value *v, u64 value,
		   struct fwt_range *out)
{
	u64 most = r->bits >= 32 ? 0xffffffffu : (1u << r->bits) - 1;

	if (value > most) {
		fwt_error(r->s->diag, &v->loc, has_field(r) ?
			  "%llu is out of range: '%s' is at most %llu" :
			  "%llu is out of range: %s is at most %llu",
			  (unsigned long long)value,
			  has_field(r) ? words_of(r) : fwt_class_noun(r->class),
			  (unsigned long long)most);
		return false;
	}
	out->words = 1;
	out->low[0] = (u32)value;
	out->high[0] = (u32)value;
	return true;
}

/* Of 64 bits: two words. */
static bool wide(u64 value, struct fwt_range *out)
{
	out->words = 2;
	out->low[0] = (u32)(value >> 32);
	out->low[1] = (u32)value;
	memcpy(out->high, out->low, sizeof(out->high));
	return true;
}

static bool unknown_word(const struct reader *r, const struct fwt_value *v)
{
	struct fwt_suggest suggest;
	const char *meant;
	char hint[128];

	fwt_suggest_init(&suggest, v->text);
	fwt_class_suggest(r->class, &suggest);
	meant = fwt_suggest_hint(&suggest, hint, sizeof(hint));
	/* Elsewhere it is both families, or IPv4 alone. */
	if (r->class == FWT_CLASS_FAMILY && !strncmp(v->text, "inet", 4))
		meant = "'ipv4' or 'ipv6'; leave the match out for both";
	if (r->class == FWT_CLASS_PROTOCOL && !strcmp(v->text, "icmp6"))
		meant = "'icmpv6' is meant";
	fwt_error_hint(r->s->diag, &v->loc, meant, "'%s' is not %s", v->text,
		       fwt_class_noun(r->class));
	return false;
}

static bool word(const struct reader *r, const struct fwt_value *v,
		 struct fwt_range *out)
{
	int protocol = fwt_implies_protocol(r->ref->implies);
	u64 value;

	if (r->class == FWT_CLASS_NUMBER)
		return wrong(r, v);
	if (v->flags & FWT_VALUE_WILDCARD ||
	    fwt_resolve_word(r->s->resolver, r->class, protocol, v->text, &value))
		return unknown_word(r, v);
	if (r->class == FWT_CLASS_CGROUP)
		return wide(value, out);
	if (r->class == FWT_CLASS_CT_STATE)	/* a bit there, a number here */
		value = value ? (u64)__builtin_ctzll(value) : 0;
	if (!number(r, v, value, out))
		return false;
	if (r->class == FWT_CLASS_CT_STATUS)	/* 1 snat, 2 both, 3 dnat */
		out->high[0] = out->low[0] + 1;
	return true;
}

/* "route reverse iif": an interface of that name, or the field without its '=='? */
static bool field_for_name(const struct reader *r, const struct fwt_value *v)
{
	const char *word = v->text;
	char hint[200];

	if (v->kind != FWT_VALUE_WORD || !has_field(r) || !fwt_field_is_word(word))
		return false;
	snprintf(hint, sizeof(hint), !strncmp(word, "iif", 3) || !strncmp(word, "oif", 3) ?
		 "'%s == %s' compares them; an interface of that name is quoted" :
		 "behind '%s', an interface called %s is quoted", words_of(r), word);
	fwt_error_hint(r->s->diag, &v->loc, hint, "'%s' is a field, not an interface", word);
	return true;
}

void fwt_sema_quoted_star(struct fwt_sema *s, const struct fwt_value *v)
{
	size_t len = strlen(v->text);

	if (s->warnings && v->kind == FWT_VALUE_STRING && len > 1 && v->text[len - 1] == '*')
		fwt_diag_add(s->diag, FWT_WARNING, &v->loc, "without quotes it is a prefix",
			     "in quotes the star is a letter: this is one interface, called '%s'",
			     v->text);
}

static bool interface(const struct reader *r, const struct fwt_value *v,
		      struct fwt_range *out)
{
	bool wildcard = v->flags & FWT_VALUE_WILDCARD;
	size_t len = strlen(v->text) - wildcard, i;
	u8 low[16] = { 0 }, high[16];

	if (!fwt_sema_ifname_ok(r->s, v) || field_for_name(r, v))
		return false;
	fwt_sema_quoted_star(r->s, v);
	if (v->kind != FWT_VALUE_WORD || strcmp(v->text, "none"))
		memcpy(low, v->text, len);
	memcpy(high, low, sizeof(high));
	if (wildcard)
		memset(high + len, 0xff, sizeof(high) - len);
	out->words = 4;
	for (i = 0; i < 4; i++) {
		out->low[i] = get_unaligned_be32(low + 4 * i);
		out->high[i] = get_unaligned_be32(high + 4 * i);
	}
	return true;
}

static bool same_prefix(const struct fwt_value *a, const struct fwt_value *b)
{
	return a->kind == b->kind && a->plen == b->plen &&
	       !memcmp(a->addr, b->addr, a->kind == FWT_VALUE_PREFIX6 ? 16 : 4);
}

/*
 * "10.0.0.1/8": the network, or the address with the length that its interface has? Each is said
 * once, wherever a define brings it. A list may have thousands, and what the analysis finds is
 * said behind them: half of the room is its own.
 */
static void host_bits(struct fwt_sema *s, const struct fwt_value *v, const struct fwt_range *r)
{
	int family = r->words > 1 ? AF_INET6 : AF_INET;
	char said[INET6_ADDRSTRLEN], first[INET6_ADDRSTRLEN], hint[64];
	u8 low[16];
	u32 i;

	for (i = 0; i < s->n_cut; i++)
		if (same_prefix(s->cut[i], v))
			return;
	if (s->diag->warnings >= FWT_DIAG_MAX / 2 || s->n_cut == ARRAY_SIZE(s->cut))
		return;
	s->cut[s->n_cut++] = v;
	for (i = 0; i < r->words; i++)
		put_unaligned_be32(r->low[i], low + 4 * i);
	inet_ntop(family, low, first, sizeof(first));
	snprintf(hint, sizeof(hint), "write that, or the address alone");
	fwt_diag_add(s->diag, FWT_WARNING, &v->loc, hint, "%s/%u is all of %s/%u",
		     inet_ntop(family, v->addr, said, sizeof(said)), v->plen, first, v->plen);
}

static bool address(const struct reader *r, const struct fwt_value *v,
		    struct fwt_range *out)
{
	bool six = v->kind == FWT_VALUE_IPV6 || v->kind == FWT_VALUE_PREFIX6;
	bool prefix = v->kind == FWT_VALUE_PREFIX4 || v->kind == FWT_VALUE_PREFIX6;
	unsigned int bits = six ? 128 : 32, plen = prefix ? v->plen : bits, i;
	u32 host = 0;

	if ((six && (r->class == FWT_CLASS_ADDR4 ||
		     r->ref->implies == FWT_IMPLIES_IPV4)) ||
	    (!six && r->ref->implies == FWT_IMPLIES_IPV6)) {
		fwt_error(r->s->diag, &v->loc, "%s can't be '%s', which is IPv%d",
			  kind_noun[v->kind], words_of(r), six ? 4 : 6);
		return false;
	}
	if (plen > bits) {
		fwt_error(r->s->diag, &v->loc, "/%u is longer than the address", plen);
		return false;
	}
	out->family = r->class == FWT_CLASS_ADDR4 ? 0 : six ? 6 : 4;
	out->words = six ? 4 : 1;
	for (i = 0; i < out->words; i++) {
		unsigned int own = plen > 32 * i ? min(plen - 32 * i, 32u) : 0;
		u32 mask = own ? 0xffffffffu << (32 - own) : 0;

		out->low[i] = get_unaligned_be32(v->addr + 4 * i) & mask;
		out->high[i] = out->low[i] | ~mask;
		host |= get_unaligned_be32(v->addr + 4 * i) & ~mask;
	}
	if (host && r->s->warnings)
		host_bits(r->s, v, out);
	return true;
}

static bool one(const struct reader *r, const struct fwt_value *v,
		struct fwt_range *out)
{
	switch (v->kind) {
	case FWT_VALUE_ERROR:
		return false;
	case FWT_VALUE_IPV4:
	case FWT_VALUE_IPV6:
	case FWT_VALUE_PREFIX4:
	case FWT_VALUE_PREFIX6:
		if (r->class == FWT_CLASS_ADDR || r->class == FWT_CLASS_ADDR4)
			return address(r, v, out);
		return wrong(r, v);
	case FWT_VALUE_MAC:
		if (r->class != FWT_CLASS_MAC)
			return wrong(r, v);
		out->words = 2;
		out->low[0] = get_unaligned_be16(v->addr);
		out->low[1] = get_unaligned_be32(v->addr + 2);
		memcpy(out->high, out->low, sizeof(out->high));
		return true;
	case FWT_VALUE_WORD:
	case FWT_VALUE_STRING:
		if (r->class == FWT_CLASS_IFNAME)
			return interface(r, v, out);
		if (r->class == FWT_CLASS_ADDR && strchr(v->text, '.')) {
			fwt_error_hint(r->s->diag, &v->loc,
				       "set NAME : addr { elements = { ... } }, which is asked as @NAME",
				       "'%s' takes an address: DNS names stand in sets",
				       words_of(r));
			return false;
		}
		if (r->class == FWT_CLASS_ADDR || r->class == FWT_CLASS_ADDR4 ||
		    r->class == FWT_CLASS_MAC)
			return wrong(r, v);
		if (!word(r, v, out))
			return false;
		if (r->class == FWT_CLASS_BOOL && out->low[0])
			out->high[0] = 2;	/* a fragment: the first, a later one */
		return true;
	case FWT_VALUE_SIZE:
	case FWT_VALUE_NUMBER:
		if (r->class == FWT_CLASS_IFNAME || r->class == FWT_CLASS_ADDR ||
		    r->class == FWT_CLASS_ADDR4 || r->class == FWT_CLASS_MAC ||
		    r->class == FWT_CLASS_CT_STATE || r->class == FWT_CLASS_BOOL ||
		    r->class == FWT_CLASS_CT_STATUS || r->class == FWT_CLASS_ROUTE_TYPE)
			return wrong(r, v);
		if (v->kind == FWT_VALUE_SIZE && r->class != FWT_CLASS_NUMBER)
			return wrong(r, v);
		if (r->class == FWT_CLASS_CGROUP)
			return wide(v->number, out);
		return number(r, v, v->number, out);
	}
	return wrong(r, v);
}

static bool ordered(enum fwt_value_class class)
{
	return class != FWT_CLASS_IFNAME && class != FWT_CLASS_CT_STATE &&
	       class != FWT_CLASS_CT_STATUS && class != FWT_CLASS_BOOL &&
	       class != FWT_CLASS_ROUTE_TYPE && class != FWT_CLASS_CGROUP;
}

static int compare(const u32 *a, const u32 *b, u32 words)
{
	for (; words--; a++, b++)
		if (*a != *b)
			return *a < *b ? -1 : 1;
	return 0;
}

bool fwt_sema_range(struct fwt_sema *s, const struct fwt_ast_ref *ref,
		    const struct fwt_value *v, struct fwt_range *out)
{
	const struct fwt_ast_field_info *info = fwt_ast_field_info(ref->field);
	struct reader r = { s, ref, info->class, info->bits ? info->bits : 8 };
	struct fwt_range high = { 0 };
	bool ok;

	memset(out, 0, sizeof(*out));
	if (r.class == FWT_CLASS_FAMILY && v->kind == FWT_VALUE_NUMBER &&
	    v->number != 4 && v->number != 6)
		return wrong(&r, v);
	if (v->kind != FWT_VALUE_RANGE)
		return one(&r, v, out);

	if (!ordered(r.class)) {
		fwt_error(s->diag, &v->loc, "there are no ranges of '%s'", words_of(&r));
		return false;
	}
	ok = one(&r, v->range.lo, out);
	if (!one(&r, v->range.hi, &high) || !ok)
		return false;
	if (out->words != high.words || compare(out->low, out->high, out->words) ||
	    compare(high.low, high.high, high.words)) {
		fwt_error(s->diag, &v->loc, "the ends of a range are single values of one kind");
		return false;
	}
	if (compare(out->low, high.low, out->words) > 0) {
		fwt_error(s->diag, &v->loc, "the range ends before it begins");
		return false;
	}
	memcpy(out->high, high.high, sizeof(out->high));
	return true;
}
