// SPDX-License-Identifier: GPL-2.0
/*
 * Filters of connections, as they are typed.
 *
 * Arguments are joined by blanks and read as one line, so that a filter may be
 * quoted as a whole or in part: < and > mean something to the shell. Each
 * word knows where it stands in that line, for the caret under what is wrong.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conn_filter.h"
#include "conn_value.h"
#include "diag.h"

#define WORDS_MAX	256
#define LINE_SIZE	4096

struct reader {
	struct fwctl *ctl;
	char line[LINE_SIZE];		/* as typed */
	char cut[2 * LINE_SIZE];	/* the same, a NUL behind each word */
	const char *word[WORDS_MAX + 1];
	unsigned int column[WORDS_MAX + 1];
	int n;
	int at;
	uint8_t family;			/* of the addresses so far */
	struct fwt_nl_conn_filter not[FWTREE_NOT_MAX];
};

/* Names that filters refer to live as long as this. */
static struct reader reader;

static const struct {
	const char *name;
	uint32_t flag;
} flags[] = {
	{ "assured", FWTREE_CONN_FLAG_ASSURED },
	{ "replied", FWTREE_CONN_FLAG_REPLIED },
	{ "tentative", FWTREE_CONN_FLAG_TENTATIVE },
	{ "local", FWTREE_CONN_FLAG_LOCAL },
	{ "snat", FWTREE_CONN_FLAG_SNAT },
	{ "dnat", FWTREE_CONN_FLAG_DNAT },
};

#define N_FLAGS (sizeof(flags) / sizeof(*flags))

enum key {
	KEY_PROTOCOL, KEY_SADDR, KEY_DADDR, KEY_SPORT, KEY_DPORT, KEY_STATE,
	KEY_MARK, KEY_CT_MARK, KEY_FAMILY, KEY_ID, KEY_IIF, KEY_OIF, KEY_TIMEOUT,
	KEY_GENERATION, KEY_PACKETS, KEY_BYTES, KEY_RULE, KEY_SCOPE,
	KEY_ICMP_TYPE, KEY_ICMP_CODE, KEY_ICMP_ID,
};

/* Of which part a condition is, and the word before it. */
enum part { WHOLE, ORIGINAL, REPLY, INGRESS, EGRESS, N_PARTS };

static const char *const parts[] = {
	[ORIGINAL] = "original", [REPLY] = "reply",
	[INGRESS] = "ingress", [EGRESS] = "egress",
};

/* @bit: of what is set where no part is said; 0: that of the original direction.
 * @dir: of that; 0 for what has no directions.
 */
static const struct {
	const char *word;
	enum key key;
	uint64_t bit;
	uint64_t dir;
	const char *wants;
} keys[] = {
#define PROTOCOL "a protocol's name or number is expected"
#define PORTS "a port, a range of ports or a service's name is expected"
#define ADDRESS "an address, prefix or range is expected, of one family with the others"
#define NUMBER "a number is expected"
#define MARK "a number or NUMBER/MASK is expected"
#define INTERFACE "an interface's name is expected, or - for none"
	{ "proto", KEY_PROTOCOL, FWT_NL_CONN_PROTOCOL, 0, PROTOCOL },
	{ "protocol", KEY_PROTOCOL, FWT_NL_CONN_PROTOCOL, 0, PROTOCOL },
	{ "src", KEY_SADDR, 0, FWT_NL_CONN_SADDR(0), ADDRESS },
	{ "saddr", KEY_SADDR, 0, FWT_NL_CONN_SADDR(0), ADDRESS },
	{ "dst", KEY_DADDR, 0, FWT_NL_CONN_DADDR(0), ADDRESS },
	{ "daddr", KEY_DADDR, 0, FWT_NL_CONN_DADDR(0), ADDRESS },
	{ "sport", KEY_SPORT, 0, FWT_NL_CONN_SPORT(0), PORTS },
	{ "dport", KEY_DPORT, 0, FWT_NL_CONN_DPORT(0), PORTS },
	{ "state", KEY_STATE, FWT_NL_CONN_STATE, 0,
	  "states are expected, ESTABLISHED say, or SYN_SENT,SYN_RECV" },
	{ "mark", KEY_MARK, FWT_NL_CONN_MARK, 0, MARK },
	{ "ct-mark", KEY_CT_MARK, FWT_NL_CONN_CT_MARK, 0, MARK },
	{ "family", KEY_FAMILY, FWT_NL_CONN_FAMILY, 0, "ipv4 or ipv6 is expected" },
	{ "id", KEY_ID, FWT_NL_CONN_ID, 0, NUMBER },
	{ "iif", KEY_IIF, FWT_NL_CONN_IIF, 0, INTERFACE },
	{ "oif", KEY_OIF, FWT_NL_CONN_OIF, 0, INTERFACE },
	{ "timeout", KEY_TIMEOUT, FWT_NL_CONN_TIMEOUT, 0,
	  "a duration is expected, '< 1m' say" },
	{ "generation", KEY_GENERATION, FWT_NL_CONN_GENERATION, 0,
	  "a number is expected, '< 7' say" },
	{ "packets", KEY_PACKETS, FWT_NL_CONN_PACKETS, FWT_NL_CONN_DIR_PACKETS(0),
	  "a number is expected, '> 1000' say" },
	{ "bytes", KEY_BYTES, FWT_NL_CONN_BYTES, FWT_NL_CONN_DIR_BYTES(0),
	  "a size is expected, '> 10M' say" },
	{ "rule", KEY_RULE, FWT_NL_CONN_RULE, 0,
	  "a rule's id, or FILE:LINE, is expected; of one hook also - for none" },
	{ "scope", KEY_SCOPE, FWT_NL_CONN_SCOPE, 0, NUMBER },
	{ "icmp-type", KEY_ICMP_TYPE, 0, FWT_NL_CONN_ICMP_TYPE(0),
	  "the number of a type is expected" },
	{ "icmp-code", KEY_ICMP_CODE, 0, FWT_NL_CONN_ICMP_CODE(0),
	  "the number of a code is expected" },
	{ "icmp-id", KEY_ICMP_ID, 0, FWT_NL_CONN_ICMP_ID(0), NUMBER },
};

#define N_KEYS ((int)(sizeof(keys) / sizeof(*keys)))

/* Words */

static int bad(const struct reader *r, int word, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static int bad(const struct reader *r, int word, const char *hint, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (word >= r->n)
		word = r->n - 1;
	out_error_at(r->line, r->column[word], strlen(r->word[word]), hint, "%s: %s",
		     r->ctl->command->name, text);
	return FWCTL_USAGE;
}

static bool operator(char c)
{
	return c == '<' || c == '>' || c == '=';
}

/* Blanks part words, and so do < > = from what stands beside them. */
static int cut(struct reader *r, int argc, char **argv)
{
	size_t len = 0, i = 0, to = 0;
	int a;

	for (a = 0; a < argc; a++) {
		if (len + strlen(argv[a]) + 2 > sizeof(r->line))
			goto too_long;
		len += sprintf(r->line + len, "%s%s", a ? " " : "", argv[a]);
	}
	while (r->line[i]) {
		if (isspace((unsigned char)r->line[i])) {
			i++;
			continue;
		}
		if (r->n == WORDS_MAX)
			goto too_long;
		r->column[r->n] = i;
		r->word[r->n++] = r->cut + to;
		if (operator(r->line[i])) {
			while (operator(r->line[i]))
				r->cut[to++] = r->line[i++];
		} else {
			while (r->line[i] && !operator(r->line[i]) &&
			       !isspace((unsigned char)r->line[i]))
				r->cut[to++] = r->line[i++];
		}
		r->cut[to++] = 0;
	}
	return 0;
too_long:
	out_error(NULL, "%s: the filter is too long", r->ctl->command->name);
	return FWCTL_USAGE;
}

/* Conditions */

static bool amount(enum key key, const char *s, unsigned long long *v)
{
	static const unsigned long long sizes[] = { 1024, 1 << 20, 1 << 30 };

	switch (key) {
	case KEY_TIMEOUT:
		return value_seconds(s, v);
	case KEY_BYTES:
		return value_with_unit(s, "kMG", sizes, v);
	case KEY_GENERATION:
		return value_number(s, UINT32_MAX, v);
	default:
		return value_number(s, UINT64_MAX, v);
	}
}

/* [OP] N, or N-M: the least and the most. */
static int span(struct reader *r, enum key key, unsigned long long *from,
		unsigned long long *to)
{
	static const struct { const char *sign, *word; } ops[] = {
		{ "<", "lt" }, { "<=", "le" }, { ">", "gt" }, { ">=", "ge" },
		{ "=", "eq" }, { "==", "eq" },
	};
	unsigned long long v, high;
	const char *value, *dash;
	int op = -1, i;
	char text[32];

	for (i = 0; i < 6; i++)
		if (!strcmp(r->word[r->at], ops[i].sign) ||
		    !strcmp(r->word[r->at], ops[i].word))
			op = i;
	if (op >= 0)
		r->at++;
	if (r->at == r->n)
		return -1;
	value = r->word[r->at];
	dash = strchr(value, '-');
	if (op < 0 && dash && (size_t)(dash - value) < sizeof(text)) {
		memcpy(text, value, dash - value);
		text[dash - value] = 0;
		if (!amount(key, text, &v) || !amount(key, dash + 1, &high) || high < v)
			return -1;
		*from = v;
		*to = high;
		return 0;
	}
	if (!amount(key, value, &v))
		return -1;
	*from = 0;
	*to = UINT64_MAX;
	switch (op) {
	case 0:
		if (!v)
			return -1;	/* nothing is less than 0 */
		*to = v - 1;
		break;
	case 1:
		*to = v;
		break;
	case 2:
		if (v == UINT64_MAX)
			return -1;
		*from = v + 1;
		break;
	case 3:
		*from = v;
		break;
	default:
		*from = v;
		*to = v;
	}
	return 0;
}

static bool take_span(struct reader *r, enum key key, uint32_t *to)
{
	unsigned long long from, most;

	if (span(r, key, &from, &most) || from > UINT32_MAX)
		return false;
	to[0] = from;
	to[1] = most > UINT32_MAX ? UINT32_MAX : most;
	return true;
}

static bool take_count(struct reader *r, enum key key, uint64_t *to)
{
	unsigned long long from, most;

	if (span(r, key, &from, &most))
		return false;
	to[0] = from;
	to[1] = most;
	return true;
}

/* Without a hook none is no answer: at which one. */
static bool take_rule(const char *value, enum part part, struct fwt_nl_conn_filter *f)
{
	struct fwt_nl_conn_which *r = part == INGRESS ? &f->ingress :
				      part == EGRESS ? &f->egress : &f->rule;

	return value_rule(value, r) && (part != WHOLE || !r->none);
}

/* The value of a key, at r->at. */
static bool take(struct reader *r, enum key key, enum part part,
		 struct fwt_nl_conn_filter *f, const char **meant)
{
	const char *value = r->word[r->at];
	struct fwt_nl_conn_side *e = &f->side[part == REPLY];
	struct fwt_nl_conn_counts *n = part == WHOLE ? &f->counts : &e->counts;
	unsigned long long v = 0;

	switch (key) {
	case KEY_PROTOCOL:
		return value_protocol(value, &f->protocol);
	case KEY_SADDR:
		return value_addresses(value, &e->saddr, &r->family);
	case KEY_DADDR:
		return value_addresses(value, &e->daddr, &r->family);
	case KEY_SPORT:
		return value_ports(value, e->sport);
	case KEY_DPORT:
		return value_ports(value, e->dport);
	case KEY_STATE:
		return value_states(value, &f->states, meant);
	case KEY_MARK:
		return value_mark(value, &f->mark, &f->mark_mask);
	case KEY_CT_MARK:
		return value_mark(value, &f->ct_mark, &f->ct_mark_mask);
	case KEY_FAMILY:
		f->family = !strcmp(value, "ipv4") ? 4 : 6;
		return f->family == 4 || !strcmp(value, "ipv6");
	case KEY_ID:
		if (!value_number(value, UINT64_MAX, &v))
			return false;
		f->id = v;
		return true;
	case KEY_IIF:
		return value_name(value, f->iif);
	case KEY_OIF:
		return value_name(value, f->oif);
	case KEY_TIMEOUT:
		return take_span(r, key, f->timeout);
	case KEY_GENERATION:
		return take_span(r, key, f->generation);
	case KEY_PACKETS:
		return take_count(r, key, n->packets);
	case KEY_BYTES:
		return take_count(r, key, n->bytes);
	case KEY_RULE:
		return take_rule(value, part, f);
	case KEY_SCOPE:
		if (!value_number(value, UINT32_MAX, &v))
			return false;
		f->scope = v;
		return true;
	case KEY_ICMP_TYPE:
	case KEY_ICMP_CODE:
		if (!value_number(value, 255, &v))
			return false;
		*(key == KEY_ICMP_TYPE ? &e->icmp_type : &e->icmp_code) = v;
		return true;
	case KEY_ICMP_ID:
		if (!value_number(value, 65535, &v))
			return false;
		e->icmp_id = v;
		return true;
	}
	return false;
}

static int set(struct reader *r, struct fwt_nl_conn_filter *f, uint64_t bit, int word)
{
	if (f->set & bit)
		return bad(r, word, NULL, "'%s' is said twice", r->word[word]);
	f->set |= bit;
	return 0;
}

/* Has it a place behind the word of a part. */
static bool has_part(int k, enum part part)
{
	return part == WHOLE || (part < INGRESS ? keys[k].dir : keys[k].key == KEY_RULE);
}

static uint64_t bit_of(int k, enum part part)
{
	switch (part) {
	case ORIGINAL:
	case REPLY:
		return keys[k].dir << 16 * (part == REPLY);
	case INGRESS:
		return FWT_NL_CONN_INGRESS;
	case EGRESS:
		return FWT_NL_CONN_EGRESS;
	default:
		return keys[k].bit ? keys[k].bit : keys[k].dir;
	}
}

/* What could be meant by the word at hand, which is none of those that may stand there. */
static const char *meant_key(const struct reader *r, enum part part, char *hint, size_t size)
{
	static const char *const others[] = {
		"not", "tcp", "udp", "icmp", "icmpv6", "sctp", "ipv4", "ipv6",
	};
	struct fwt_suggest s;
	size_t i;

	fwt_suggest_init(&s, r->word[r->at]);
	for (i = 0; i < N_KEYS; i++)
		if (has_part(i, part))
			fwt_suggest_try(&s, keys[i].word);
	for (i = 0; part == WHOLE && i < N_FLAGS; i++)
		fwt_suggest_try(&s, flags[i].name);
	for (i = ORIGINAL; part == WHOLE && i < N_PARTS; i++)
		fwt_suggest_try(&s, parts[i]);
	for (i = 0; part == WHOLE && i < sizeof(others) / sizeof(*others); i++)
		fwt_suggest_try(&s, others[i]);
	return fwt_suggest_hint(&s, hint, size);
}

/* What stands alone: a protocol, a family, something that is true or not. */
static int alone(struct reader *r, bool not, struct fwt_nl_conn_filter *f,
		 struct fwt_nl_conn_filter *all)
{
	const char *word = r->word[r->at];
	char hint[160];
	uint8_t proto;
	size_t i;

	for (i = 0; i < N_FLAGS; i++) {
		if (strcmp(word, flags[i].name))
			continue;
		if ((all->flags | all->no_flags) & flags[i].flag)
			return bad(r, r->at, NULL, "'%s' is said twice", word);
		*(not ? &all->no_flags : &all->flags) |= flags[i].flag;
		r->at++;
		return 0;
	}
	if (!strcmp(word, "ipv4") || !strcmp(word, "ipv6")) {
		f->family = word[3] == '4' ? 4 : 6;
		return set(r, f, FWT_NL_CONN_FAMILY, r->at++);
	}
	if ((*word < '0' || *word > '9') && value_protocol(word, &proto)) {
		f->protocol = proto;
		return set(r, f, FWT_NL_CONN_PROTOCOL, r->at++);
	}
	return bad(r, r->at, meant_key(r, WHOLE, hint, sizeof(hint)),
		   "did not understand '%s'", word);
}

/* The part that is said before a condition; behind it stands what has such parts. */
static int part_of(struct reader *r, enum part *part)
{
	static const char *const wants[] = {
		"src, dst, sport, dport, icmp-type, icmp-code, icmp-id, packets and bytes "
		"have directions",
		"a rule decides at a hook"
	};
	const char *hint;
	char text[160];
	int k;

	*part = WHOLE;
	for (k = ORIGINAL; k < N_PARTS; k++)
		if (!strcmp(r->word[r->at], parts[k]))
			*part = k;
	if (*part == WHOLE)
		return 0;
	if (++r->at == r->n)
		return bad(r, r->at, wants[*part >= INGRESS], "a condition is missing after '%s'",
			   parts[*part]);
	for (k = 0; k < N_KEYS; k++)
		if (has_part(k, *part) && !strcmp(keys[k].word, r->word[r->at]))
			return 0;
	hint = meant_key(r, *part, text, sizeof(text));
	return bad(r, r->at, hint ? hint : wants[*part >= INGRESS],
		   "did not understand '%s' after '%s'", r->word[r->at], parts[*part]);
}

/* One condition; @f is where it goes, @all the whole filter. */
static int condition(struct reader *r, bool not, struct fwt_nl_conn_filter *f,
		     struct fwt_nl_conn_filter *all)
{
	const char *meant = NULL, *key;
	enum part part;
	int k, at, ret;
	char hint[160];

	ret = part_of(r, &part);
	if (ret)
		return ret;
	for (k = 0; k < N_KEYS && strcmp(keys[k].word, r->word[r->at]); k++)
		;
	if (k == N_KEYS)
		return alone(r, not, f, all);
	at = r->at++;
	key = r->word[at];
	if (r->at == r->n)
		return bad(r, at, keys[k].wants, "a value is missing after '%s'", key);
	ret = set(r, f, bit_of(k, part), at);
	if (ret)
		return ret;
	if (!take(r, keys[k].key, part, f, &meant)) {
		if (meant)
			snprintf(hint, sizeof(hint), "did you mean '%s'?", meant);
		if (r->at == r->n)
			return bad(r, r->at, keys[k].wants, "a value is missing after '%s'",
				   r->word[r->at - 1]);
		return bad(r, r->at, meant ? hint : keys[k].wants,
			   "did not understand '%s' after '%s'", r->word[r->at], key);
	}
	r->at++;
	return 0;
}

int conn_filter_parse(struct fwctl *ctl, struct fwt_nl_conn_filter *f, int argc,
		      char **argv)
{
	struct fwt_nl_conn_filter *to;
	struct reader *r = &reader;
	bool not;
	int ret;

	memset(f, 0, sizeof(*f));
	memset(r, 0, sizeof(*r));
	r->ctl = ctl;
	ret = cut(r, argc, argv);
	while (!ret && r->at < r->n) {
		not = !strcmp(r->word[r->at], "not");
		to = f;
		if (not) {
			if (++r->at == r->n)
				return bad(r, r->at, NULL, "a condition is missing after 'not'");
			if (f->n_not == FWTREE_NOT_MAX)
				return bad(r, r->at - 1, NULL, "more than %u times 'not'",
					   FWTREE_NOT_MAX);
			to = &r->not[f->n_not];
			r->family = 0;
		}
		ret = condition(r, not, to, f);
		if (not) {
			r->family = 0;
			if (to->set)
				f->not[f->n_not++] = to;
		}
	}
	return ret;
}
