// SPDX-License-Identifier: GPL-2.0
/*
 * Properties in words: never|always in|out IF PROTO END to END [WORD...] expect VERDICT
 */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "prove_text.h"
#include "prove_walk.h"

struct reader {
	const char *line;
	const char *at;
	const char *start;
	char word[128];
	char *error;
	size_t size;
	struct fwt_property *pr;
};

/* False at the end alone, or where the rest is a comment: a word that is cut is one that
 * nobody knows, by its dots.
 */
static bool next(struct reader *r)
{
	const char *line;
	size_t len, kept;

	r->at += strspn(r->at, " \t\r\n");
	r->start = r->at;
	line = r->at + strcspn(r->at, "\n");
	len = *r->at == '#' && !line[strspn(line, " \t\r\n")] ? 0 :
	      strcspn(r->at, " \t\r\n");
	kept = min(len, sizeof(r->word) - 1);
	memcpy(r->word, r->at, kept);
	r->word[kept] = 0;
	if (kept < len)
		strcpy(r->word + kept - 3, "...");
	r->at += len;
	return len;
}

static int __attribute__((format(printf, 2, 3))) wrong(struct reader *r, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(r->error, r->size, fmt, args);
	va_end(args);
	return (int)(r->start - r->line) + 1;
}

static struct fwt_saying *say(struct reader *r, u8 field, u8 words)
{
	struct fwt_saying *s;

	if (r->pr->n == FWT_PROPERTY_SAYS)
		return NULL;
	s = &r->pr->says[r->pr->n++];
	memset(s, 0, sizeof(*s));
	s->field = field;
	s->words = words;
	return s;
}

static bool say_number(struct reader *r, u8 field, u32 low, u32 high)
{
	struct fwt_saying *s = say(r, field, 1);

	if (s) {
		s->low[0] = low;
		s->high[0] = high;
	}
	return s;
}

static bool number(const char *text, u32 most, u32 *to)
{
	unsigned long long n;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	n = strtoull(text, &end, 0);
	*to = (u32)n;
	return !*end && n <= most;
}

/* N or N-M */
static bool range(char *text, u32 most, u32 *low, u32 *high)
{
	char *dash = strchr(text, '-');

	if (dash)
		*dash = 0;
	return number(text, most, low) && number(dash ? dash + 1 : text, most, high) &&
	       *low <= *high;
}

static bool address(struct reader *r, u8 field, char *text)
{
	char *slash = strchr(text, '/');
	u32 plen = 128, bits, i;
	struct fwt_saying *s;
	u8 bytes[16];
	bool six;

	if (slash) {
		*slash = 0;
		if (!number(slash + 1, 128, &plen))
			return false;
	}
	six = strchr(text, ':');
	bits = six ? 128 : 32;
	if (inet_pton(six ? AF_INET6 : AF_INET, text, bytes) != 1 || (slash && plen > bits))
		return false;
	s = say(r, field, six ? 4 : 1);
	if (!s)
		return false;
	for (i = 0; i < bits / 32; i++) {
		u32 own = plen > 32 * i ? min(plen - 32 * i, 32u) : 0;
		u32 mask = own ? ~0u << (32 - own) : 0;

		s->low[i] = get_unaligned_be32(bytes + 4 * i) & mask;
		s->high[i] = s->low[i] | ~mask;
	}
	if (r->pr->family && r->pr->family != (six ? 6 : 4))
		return false;
	r->pr->family = six ? 6 : 4;
	return true;
}

/* *, ADDRESS, PREFIX, and behind it :PORT; IPv6 with a port is bracketed. */
static bool end(struct reader *r, u8 field, u8 port_field)
{
	char *text = r->word, *port = NULL, *close;
	u32 low, high;

	if (*text == '[') {
		close = strchr(text, ']');
		if (!close || (close[1] && close[1] != ':'))
			return false;
		port = close[1] ? close + 2 : NULL;
		*close = 0;
		text++;
	} else if (strchr(text, ':') == strrchr(text, ':')) {
		port = strchr(text, ':');
		if (port)
			*port++ = 0;
	}
	if (port && strcmp(port, "*") &&
	    (!range(port, 65535, &low, &high) || !say_number(r, port_field, low, high)))
		return false;
	return !strcmp(text, "*") || address(r, field, text);
}

static bool interface(struct reader *r, u8 field)
{
	size_t len = strlen(r->word), i;
	struct fwt_saying *s;
	bool prefix;
	u8 b[16] = { 0 }, c[16];

	prefix = r->word[len - 1] == '*';
	len -= prefix;
	if (len > 15)
		return false;
	if (!len)
		return true;
	memcpy(b, r->word, len);
	memcpy(c, b, sizeof(c));
	if (prefix)
		memset(c + len, 0xff, sizeof(c) - len);
	s = say(r, field, 4);
	for (i = 0; s && i < 4; i++) {
		s->low[i] = get_unaligned_be32(b + 4 * i);
		s->high[i] = get_unaligned_be32(c + 4 * i);
	}
	return s;
}

static bool protocol(struct reader *r)
{
	uint64_t named;
	u32 value;

	if (!strcmp(r->word, "*"))
		return true;
	if (fwt_class_value(FWT_CLASS_PROTOCOL, r->word, &named))
		value = (u32)named;
	else if (!number(r->word, 255, &value))
		return false;
	return say_number(r, FWT_FIELD_PROTOCOL, value, value);
}

static const struct {
	const char *word;
	u8 field;
	u32 most;
} numbers[] = {
	{ "seq", FWT_FIELD_TCP_SEQ, ~0u },
	{ "len", FWT_FIELD_LENGTH, 65575 },
	{ "ttl", FWT_FIELD_TTL, 255 },
	{ "mark", FWT_FIELD_MARK, ~0u },
	{ "vlan", FWT_FIELD_VLAN_ID, 4095 },
	{ "dscp", FWT_FIELD_DSCP, 63 },
	{ "uid", FWT_FIELD_UID, ~0u },
	{ "gid", FWT_FIELD_GID, ~0u },
};

static u32 protocol_said(const struct fwt_property *pr)
{
	u32 i;

	for (i = 0; i < pr->n; i++)
		if (pr->says[i].field == FWT_FIELD_PROTOCOL)
			return pr->says[i].low[0];
	return 256;
}

/* Of ICMP or ICMPv6, by the protocol. */
static int icmp_word(struct reader *r, u8 four, u8 six, const char *what)
{
	u32 low, high, said = protocol_said(r->pr);

	if (said != FWT_IPPROTO_ICMP && said != FWT_IPPROTO_ICMPV6)
		return wrong(r, "'%s' is of icmp or icmpv6", what);
	if (!next(r) || !range(r->word, 65535, &low, &high) ||
	    !say_number(r, said == FWT_IPPROTO_ICMP ? four : six, low, high))
		return wrong(r, "a number is meant behind '%s'", what);
	return 0;
}

static int words(struct reader *r)
{
	static const char *const flag[] = { "fin", "syn", "rst", "psh", "ack", "urg" };
	u32 i, flags = 0, low, high;
	char word[sizeof(r->word)];
	bool any = false;
	int ret;

	while (next(r) && strcmp(r->word, "expect")) {
		memcpy(word, r->word, sizeof(word));
		for (i = 0; i < ARRAY_SIZE(flag) && strcmp(word, flag[i]); i++)
			;
		if (i < ARRAY_SIZE(flag)) {
			if (protocol_said(r->pr) != FWT_IPPROTO_TCP)
				return wrong(r, "'%s' is a flag of tcp", word);
			flags |= 1u << i;
			any = true;
			continue;
		}
		if (!strcmp(word, "type") || !strcmp(word, "code") || !strcmp(word, "id")) {
			ret = *word == 't' ? icmp_word(r, FWT_FIELD_ICMP_TYPE,
						       FWT_FIELD_ICMPV6_TYPE, word) :
			      *word == 'c' ? icmp_word(r, FWT_FIELD_ICMP_CODE,
						       FWT_FIELD_ICMPV6_CODE, word) :
					     icmp_word(r, FWT_FIELD_ICMP_ID,
						       FWT_FIELD_ICMPV6_ID, word);
			if (ret)
				return ret;
			continue;
		}
		for (i = 0; i < ARRAY_SIZE(numbers) && strcmp(word, numbers[i].word); i++)
			;
		if (i == ARRAY_SIZE(numbers))
			return wrong(r, "'%s' is no word of a property", word);
		if (!next(r) || !range(r->word, numbers[i].most, &low, &high) ||
		    !say_number(r, numbers[i].field, low, high))
			return wrong(r, "a number is meant behind '%s'", word);
	}
	if (any && !say_number(r, FWT_FIELD_TCP_FLAGS, flags, flags))
		return wrong(r, "too much is said");
	return 0;
}

int fwt_property_read(struct fwt_property *pr, const char *text, char *error, size_t size)
{
	static const struct {
		const char *word;
		u8 verdict;
	} verdicts[] = {
		{ "accept", FWT_VERDICT_ACCEPT }, { "drop", FWT_VERDICT_DROP },
		{ "reject", FWT_VERDICT_REJECT }, { "queue", FWT_OUT_QUEUE },
	};
	struct reader r = { .line = text, .at = text, .error = error, .size = size, .pr = pr };
	u32 i;
	int ret;

	memset(pr, 0, sizeof(*pr));
	if (!next(&r) || (strcmp(r.word, "never") && strcmp(r.word, "always")))
		return wrong(&r, "a property begins with 'never' or 'always'");
	pr->always = *r.word == 'a';
	if (!next(&r) || (strcmp(r.word, "in") && strcmp(r.word, "out")))
		return wrong(&r, "'in' or 'out' is meant here");
	pr->out = *r.word == 'o';
	if (!next(&r) || !interface(&r, pr->out ? FWT_FIELD_OIF : FWT_FIELD_IIF))
		return wrong(&r, "the name of an interface is meant here, or *");
	if (!next(&r) || !protocol(&r))
		return wrong(&r, "'%s' is no protocol", r.word);
	if (!next(&r) || !end(&r, FWT_FIELD_SADDR, FWT_FIELD_SPORT))
		return wrong(&r, "a source is meant here: *, ADDRESS or PREFIX");
	if (!next(&r) || (strcmp(r.word, "to") && strcmp(r.word, ">")))
		return wrong(&r, "'to' is missing between source and destination");
	if (!next(&r) || !end(&r, FWT_FIELD_DADDR, FWT_FIELD_DPORT))
		return wrong(&r, "a destination of the source's family is meant: ADDRESS, PREFIX");
	ret = words(&r);
	if (ret)
		return ret;
	if (strcmp(r.word, "expect"))
		return wrong(&r, "'expect' and a verdict are missing");
	if (!next(&r))
		return wrong(&r, "a verdict is missing: accept, drop, reject or queue");
	for (i = 0; i < ARRAY_SIZE(verdicts); i++)
		if (!strcmp(r.word, verdicts[i].word))
			break;
	if (i == ARRAY_SIZE(verdicts))
		return wrong(&r, "'%s' is no verdict: accept, drop, reject or queue", r.word);
	pr->verdict = verdicts[i].verdict;
	if (next(&r))
		return wrong(&r, "'%s' stands behind the end of the property", r.word);
	return 0;
}

static u32 own_words(u32 field, u32 kind)
{
	return kind == FWT_KIND_IPV6 ? fwt_field_info[field].words6 :
				       fwt_field_info[field].words;
}

void fwt_property_cut(const struct fwt_property *pr, struct fwt_space *sp)
{
	const struct fwt_saying *s;
	u32 kind, axis;

	for (s = pr->says; s < pr->says + pr->n; s++)
		for (kind = FWT_KIND_IPV4; kind <= FWT_KIND_IPV6; kind++) {
			axis = fwt_space_axis(s->field, kind);
			if (axis != FWT_AXIS_NONE && own_words(s->field, kind) == s->words)
				fwt_space_cut(sp, axis, fwt_wide_words(s->low, s->words),
					      fwt_wide_words(s->high, s->words));
		}
}

u32 fwt_property_says(const struct fwt_property *pr, struct fwt_space *sp)
{
	const struct fwt_saying *s;
	struct fwt_dd *dd = &sp->dd;
	u32 f = FWT_DD_YES, any, kind, one, axis;

	for (s = pr->says; s < pr->says + pr->n; s++) {
		any = FWT_DD_NO;
		for (kind = FWT_KIND_IPV4; kind <= FWT_KIND_IPV6; kind++) {
			axis = fwt_space_axis(s->field, kind);
			if (axis == FWT_AXIS_NONE || own_words(s->field, kind) != s->words)
				continue;
			one = fwt_space_range(sp, axis, fwt_wide_words(s->low, s->words),
					      fwt_wide_words(s->high, s->words), NULL);
			one = fwt_dd_and(dd, one, fwt_space_have(sp, s->field, kind));
			any = fwt_dd_or(dd, any, fwt_dd_and(dd, one, fwt_space_kind(sp, kind)));
		}
		f = fwt_dd_and(dd, f, any);
	}
	if (pr->out)
		f = fwt_dd_and(dd, f, fwt_space_is(sp, FWT_AXIS_IIF, 0, 0));
	return f;
}

u32 fwt_property_first(struct fwt_space *sp)
{
	u32 mark = fwt_space_axis(FWT_FIELD_CT_MARK, FWT_KIND_IPV4), f;
	struct fwt_dd *dd = &sp->dd;

	if (!sp->tracks)
		return FWT_DD_YES;
	/* A connection that begins has no mark yet. */
	f = fwt_dd_and(dd, fwt_space_is(sp, FWT_AXIS_CT_STATE, FWT_CT_NEW, FWT_CT_NEW),
		       fwt_space_is(sp, mark, 0, 0));
	return fwt_dd_or(dd, f, fwt_space_is(sp, FWT_AXIS_CT_STATE, FWT_CT_UNTRACKED,
					     FWT_CT_UNTRACKED));
}

static int compare(const u32 *a, const u32 *b, u32 n)
{
	for (; n--; a++, b++)
		if (*a != *b)
			return *a < *b ? -1 : 1;
	return 0;
}

bool fwt_property_has(const struct fwt_property *pr, const struct fwt_packet *p, bool loose)
{
	const struct fwt_saying *s;
	u32 value[4];

	/* Of its first packet a connection has no mark. */
	if (p->ct_state != FWT_CT_UNTRACKED &&
	    (p->ct_state != FWT_CT_NEW || p->ct_mark ||
	     fwt_space_state(p, loose) != FWT_CT_NEW))
		return false;
	if (pr->out && p->iif)
		return false;
	for (s = pr->says; s < pr->says + pr->n; s++)
		if (fwt_field_get(p, s->field, value) != s->words ||
		    compare(value, s->low, s->words) < 0 ||
		    compare(value, s->high, s->words) > 0)
			return false;
	return true;
}
