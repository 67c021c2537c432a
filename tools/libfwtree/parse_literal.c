// SPDX-License-Identifier: GPL-2.0
/*
 * Literals: the text of a number, an address, a string -> its value.
 *
 * What is malformed is reported here and becomes a value all the same, of kind
 * FWT_VALUE_ERROR, so that the statement around it is read to its end.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "parse_internal.h"
#include "parse.tab.h"

static int literal(struct fwt_scan *scan, int token, enum fwt_value_kind kind)
{
	struct fwt_value *v = fwt_new(scan->parser, sizeof(*v));

	scan->out->value = v;
	if (!v)
		return TOK_YYEOF;
	v->loc = scan->out->lloc.loc;
	v->kind = kind;
	return token;
}

int fwt_lex_bad(struct fwt_scan *scan, const char *hint, const char *fmt, ...)
{
	struct fwt_parser *p = scan->parser;
	char what[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	fwt_diag_add(p->diag, FWT_ERROR, &scan->out->lloc.loc, hint, "%s", what);
	return literal(scan, TOK_BAD, FWT_VALUE_ERROR);
}

/*
 * 1x, 10sec: digits and one letter, or letters that a unit begins with; 5ghz, 2nd and
 * 6in4 are names.
 */
bool fwt_lex_unit(const char *text, size_t len)
{
	static const char *const units[] = {
		"milliseconds", "msecs", "seconds", "secs", "minutes", "mins", "hours", "hrs",
		"days", "weeks", "kbytes", "kib", "mbytes", "mib", "gbytes", "gib", "tbytes",
		"tib",
	};
	size_t i;

	while (len && *text >= '0' && *text <= '9') {
		text++;
		len--;
	}
	if (len == 1)
		return (*text | 0x20) >= 'a' && (*text | 0x20) <= 'z';
	for (i = 0; len && i < sizeof(units) / sizeof(units[0]); i++)
		if (!strncasecmp(text, units[i], len))
			return true;
	return false;
}

/* Digits at *p, which moves behind them; false: more than 64 bits */
static bool digits(const char **p, const char *end, unsigned int base, uint64_t *out)
{
	uint64_t n = 0;

	for (; *p < end; (*p)++) {
		unsigned int c = (unsigned char)**p, d;

		if (c >= '0' && c <= '9')
			d = c - '0';
		else if (base == 16 && c >= 'a' && c <= 'f')
			d = c - 'a' + 10;
		else if (base == 16 && c >= 'A' && c <= 'F')
			d = c - 'A' + 10;
		else
			break;
		if (__builtin_mul_overflow(n, base, &n) || __builtin_add_overflow(n, d, &n))
			return false;
	}
	*out = n;
	return true;
}

static int too_large(struct fwt_scan *scan)
{
	return fwt_lex_bad(scan, NULL, "the number is too large");
}

int fwt_lex_number(struct fwt_scan *scan, const char *text, size_t len)
{
	bool hex = len > 2 && (text[1] == 'x' || text[1] == 'X');
	const char *p = text + (hex ? 2 : 0);
	uint64_t n;

	if (!digits(&p, text + len, hex ? 16 : 10, &n))
		return too_large(scan);
	if (literal(scan, TOK_NUMBER, FWT_VALUE_NUMBER) == TOK_YYEOF)
		return TOK_YYEOF;
	scan->out->value->number = n;
	scan->out->value->flags = hex ? FWT_VALUE_HEX : 0;
	return TOK_NUMBER;
}

int fwt_lex_duration(struct fwt_scan *scan, const char *text, size_t len)
{
	uint64_t total;

	if (fwt_duration_read(text, len, &total))
		return too_large(scan);
	if (literal(scan, TOK_DURATION, FWT_VALUE_DURATION) == TOK_YYEOF)
		return TOK_YYEOF;
	scan->out->value->number = total;
	return TOK_DURATION;
}

/* false: too large */
static bool size_at(const char **p, const char *end, uint64_t *n, bool *bytes)
{
	unsigned int shift = 0;

	if (!digits(p, end, 10, n))
		return false;
	*bytes = *p < end && **p != '/';
	if (!*bytes)
		return true;
	switch (*(*p)++) {
	case 'T':
		shift += 10;
		/* fall through */
	case 'G':
		shift += 10;
		/* fall through */
	case 'M':
		shift += 10;
		/* fall through */
	default:
		shift += 10;
	}
	if (*n > UINT64_MAX >> shift)
		return false;
	*n <<= shift;
	return true;
}

int fwt_lex_size(struct fwt_scan *scan, const char *text, size_t len)
{
	const char *p = text;
	uint64_t n;
	bool bytes;

	if (!size_at(&p, text + len, &n, &bytes))
		return too_large(scan);
	if (literal(scan, TOK_SIZE, FWT_VALUE_SIZE) == TOK_YYEOF)
		return TOK_YYEOF;
	scan->out->value->number = n;
	return TOK_SIZE;
}

int fwt_lex_rate(struct fwt_scan *scan, const char *text, size_t len)
{
	static const struct {
		const char *word;
		uint32_t seconds;
	} units[] = {
		{ "second", 1 }, { "minute", 60 }, { "hour", 3600 }, { "day", 86400 },
	};
	const char *p = text;
	uint32_t per = 0;
	uint64_t n;
	bool bytes;
	size_t i;

	if (!size_at(&p, text + len, &n, &bytes))
		return too_large(scan);
	p++;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strlen(units[i].word) == (size_t)(text + len - p) &&
		    !memcmp(units[i].word, p, text + len - p))
			per = units[i].seconds;
	if (!per)
		return fwt_lex_bad(scan, "second, minute, hour or day",
				   "unknown unit of time in the rate '%.*s'",
				   len < 60 ? (int)len : 60, text);
	if (bytes && per != 1)
		return fwt_lex_bad(scan, NULL, "a rate in bytes is per second");
	if (!n)
		return fwt_lex_bad(scan, NULL, "a rate of 0 lets nothing pass");
	if (literal(scan, TOK_RATE, FWT_VALUE_RATE) == TOK_YYEOF)
		return TOK_YYEOF;
	scan->out->value->rate.count = n;
	scan->out->value->rate.per = per;
	scan->out->value->flags = bytes ? FWT_VALUE_BYTES : 0;
	return TOK_RATE;
}

/* Groups of exactly two digits, as in a MAC address: no two colons touch */
static bool pairs(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if ((text[i] == ':') != (i % 3 == 2))
			return false;
	return len % 3 == 2;
}

/*
 * An address with an optional prefix length. @text is not terminated; the
 * longest address has 45 characters, anything longer is none.
 */
static int address(struct fwt_scan *scan, int family, const char *text, size_t len,
		   const char *noun)
{
	const char *slash = memchr(text, '/', len), *p;
	size_t addr_len = slash ? (size_t)(slash - text) : len;
	unsigned int bits = family == AF_INET ? 32 : 128;
	char copy[INET6_ADDRSTRLEN + 1];
	unsigned char addr[16] = { 0 };
	uint64_t plen = 0;
	struct fwt_value *v;

	if (addr_len < sizeof(copy)) {
		memcpy(copy, text, addr_len);
		copy[addr_len] = 0;
	}
	if (addr_len >= sizeof(copy) || inet_pton(family, copy, addr) != 1)
		return fwt_lex_bad(scan, family == AF_INET6 && pairs(text, len) ?
				   "a MAC address has six pairs" : NULL, "'%.*s' is not %s",
				   addr_len < 60 ? (int)addr_len : 60, text, noun);
	if (slash) {
		p = slash + 1;
		if (!digits(&p, text + len, 10, &plen) || plen > bits)
			return fwt_lex_bad(scan, NULL,
					   "the prefix length of %s is at most %u",
					   noun, bits);
	}
	if (literal(scan, TOK_ADDRESS, FWT_VALUE_ERROR) == TOK_YYEOF)
		return TOK_YYEOF;
	v = scan->out->value;
	memcpy(v->addr, addr, sizeof(v->addr));
	v->plen = plen;
	if (family == AF_INET)
		v->kind = slash ? FWT_VALUE_PREFIX4 : FWT_VALUE_IPV4;
	else
		v->kind = slash ? FWT_VALUE_PREFIX6 : FWT_VALUE_IPV6;
	return slash ? TOK_PREFIX : TOK_ADDRESS;
}

int fwt_lex_ipv4(struct fwt_scan *scan, const char *text, size_t len)
{
	return address(scan, AF_INET, text, len, "an IPv4 address");
}

static int mac(struct fwt_scan *scan, const char *text)
{
	struct fwt_value *v;
	size_t i;

	if (literal(scan, TOK_MAC, FWT_VALUE_MAC) == TOK_YYEOF)
		return TOK_YYEOF;
	v = scan->out->value;
	for (i = 0; i < 6; i++)
		v->addr[i] = strtoul((char[3]) { text[3 * i], text[3 * i + 1], 0 },
				     NULL, 16);
	return TOK_MAC;
}

/*
 * Hexadecimal digits and two colons or more: a MAC or an IPv6 address. A single
 * colon behind them belongs to what follows ("fd00::1: 80" in a map).
 */
int fwt_lex_colons(struct fwt_scan *scan, const char *text, size_t *len)
{
	size_t n = *len;
	int token;

	if (text[n - 1] == ':' && n > 2 && text[n - 2] != ':') {
		*len = --n;
		scan->out->lloc.end--;
		scan->out->lloc.loc.end_column--;
	}
	token = n == 17 && pairs(text, n) ? mac(scan, text) :
		address(scan, AF_INET6, text, n, "an IPv6 address");
	return token;
}

int fwt_lex_bracketed(struct fwt_scan *scan, const char *text, size_t len)
{
	int token = address(scan, AF_INET6, text + 1, len - 2, "an IPv6 address");

	if (token == TOK_ADDRESS)
		scan->out->value->flags |= FWT_VALUE_BRACKETED;
	return token;
}

int fwt_lex_word(struct fwt_scan *scan, int type, const char *text, size_t len)
{
	struct fwt_parser *p = scan->parser;
	struct fwt_atom *atom;

	if (len > FWT_PARSE_WORD_MAX) {
		fwt_error(p->diag, &scan->out->lloc.loc, "a name of more than %u characters",
			  FWT_PARSE_WORD_MAX);
		len = FWT_PARSE_WORD_MAX;
	}
	atom = fwt_intern(p->ast->intern, text, len);
	if (!atom) {
		p->no_memory = true;
		return TOK_YYEOF;
	}
	scan->out->atom = atom;
	return type;
}

/* \" and \\ are the only escapes: a log prefix needs no others */
int fwt_lex_string(struct fwt_scan *scan, const char *text, size_t len, bool closed)
{
	struct fwt_parser *p = scan->parser;
	const char *end = text + len - (closed ? 1 : 0), *in;
	char buf[FWT_PARSE_TEXT_MAX];
	size_t n = 0;

	if (!closed) {
		fwt_error(p->diag, &scan->out->lloc.loc, "the string does not end on its line");
		p->open_string = scan->out->lloc;
	}
	for (in = text + 1; in < end; in++) {
		if (*in == '\\' && in + 1 < end) {
			in++;
			if (*in != '"' && *in != '\\')
				fwt_error(p->diag, &scan->out->lloc.loc,
					  "only \\\" and \\\\ may be written in a string");
		}
		if (n == sizeof(buf)) {
			fwt_error(p->diag, &scan->out->lloc.loc,
				  "a string of more than %zu characters", sizeof(buf));
			break;
		}
		if (*in)
			buf[n++] = *in;
	}
	scan->out->atom = fwt_intern(p->ast->intern, buf, n);
	if (!scan->out->atom) {
		p->no_memory = true;
		return TOK_YYEOF;
	}
	return TOK_STRING;
}
