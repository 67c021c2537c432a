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
	KEY_ICMP_TYPE, KEY_ICMP_ID, KEY_NONE,
};

/* @bit: of the original direction, where it has one. */
static const struct {
	const char *word;
	enum key key;
	uint32_t bit;
	const char *wants;
} keys[] = {
#define PORTS "a port, a range of ports or a service's name is expected"
#define ADDRESS "an address, prefix or range is expected, of one family with the others"
	{ "proto", KEY_PROTOCOL, FWT_NL_CONN_PROTOCOL,
	  "a protocol's name or number is expected" },
	{ "protocol", KEY_PROTOCOL, FWT_NL_CONN_PROTOCOL,
	  "a protocol's name or number is expected" },
	{ "src", KEY_SADDR, FWT_NL_CONN_SADDR(0), ADDRESS },
	{ "saddr", KEY_SADDR, FWT_NL_CONN_SADDR(0), ADDRESS },
	{ "dst", KEY_DADDR, FWT_NL_CONN_DADDR(0), ADDRESS },
	{ "daddr", KEY_DADDR, FWT_NL_CONN_DADDR(0), ADDRESS },
	{ "sport", KEY_SPORT, FWT_NL_CONN_SPORT(0), PORTS },
	{ "dport", KEY_DPORT, FWT_NL_CONN_DPORT(0), PORTS },
	{ "state", KEY_STATE, FWT_NL_CONN_STATE,
	  "states are expected, ESTABLISHED say, or SYN_SENT,SYN_RECV" },
	{ "mark", KEY_MARK, FWT_NL_CONN_MARK, "a number or NUMBER/MASK is expected" },
	{ "ct-mark", KEY_CT_MARK, FWT_NL_CONN_CT_MARK, "a number or NUMBER/MASK is expected" },
	{ "family", KEY_FAMILY, FWT_NL_CONN_FAMILY, "ipv4 or ipv6 is expected" },
	{ "id", KEY_ID, FWT_NL_CONN_ID, "a number is expected" },
	{ "iif", KEY_IIF, FWT_NL_CONN_IIF, "an interface's name is expected" },
	{ "oif", KEY_OIF, FWT_NL_CONN_OIF, "an interface's name is expected" },
	{ "timeout", KEY_TIMEOUT, FWT_NL_CONN_TIMEOUT,
	  "a duration is expected, '< 1m' say" },
	{ "generation", KEY_GENERATION, FWT_NL_CONN_GENERATION,
	  "a number is expected, '< 7' say" },
	{ "packets", KEY_PACKETS, FWT_NL_CONN_PACKETS,
	  "a number is expected, '> 1000' say" },
	{ "bytes", KEY_BYTES, FWT_NL_CONN_BYTES, "a size is expected, '> 10M' say" },
	{ "rule", KEY_RULE, FWT_NL_CONN_RULE_ID | FWT_NL_CONN_RULE_LINE,
	  "a rule's id, or FILE:LINE, is expected" },
	{ "scope", KEY_SCOPE, FWT_NL_CONN_SCOPE, "a number is expected" },
	{ "icmp-type", KEY_ICMP_TYPE, FWT_NL_CONN_ICMP_TYPE,
	  "the number of a type is expected" },
	{ "icmp-id", KEY_ICMP_ID, FWT_NL_CONN_ICMP_ID, "a number is expected" },
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

static bool take_span(struct reader *r, enum key key, struct fwt_nl_conn_filter *f)
{
	unsigned long long from, to;
	uint32_t *small = key == KEY_TIMEOUT ? f->timeout : f->generation;
	uint64_t *large = key == KEY_PACKETS ? f->packets : f->bytes;

	if (span(r, key, &from, &to))
		return false;
	if (key == KEY_TIMEOUT || key == KEY_GENERATION) {
		if (from > UINT32_MAX)
			return false;
		small[0] = from;
		small[1] = to > UINT32_MAX ? UINT32_MAX : to;
	} else {
		large[0] = from;
		large[1] = to;
	}
	return true;
}

/* The value of a key, at r->at; @dir: 1 behind "reply". */
static bool take(struct reader *r, enum key key, int dir, struct fwt_nl_conn_filter *f,
		 const char **meant)
{
	const char *value = r->word[r->at];
	struct fwt_nl_ends *e = &f->end[dir];
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
	case KEY_GENERATION:
	case KEY_PACKETS:
	case KEY_BYTES:
		return take_span(r, key, f);
	case KEY_RULE:
		return value_rule(value, f);
	case KEY_SCOPE:
		if (!value_number(value, UINT32_MAX, &v))
			return false;
		f->scope = v;
		return true;
	case KEY_ICMP_TYPE:
		if (!value_number(value, 255, &v))
			return false;
		f->icmp_type = v;
		return true;
	case KEY_ICMP_ID:
		if (!value_number(value, 65535, &v))
			return false;
		f->icmp_id = v;
		return true;
	case KEY_NONE:
		break;
	}
	return false;
}

static int set(struct reader *r, struct fwt_nl_conn_filter *f, uint32_t bit, int word)
{
	if (f->set & bit)
		return bad(r, word, NULL, "'%s' is said twice", r->word[word]);
	f->set |= bit;
	return 0;
}

/* What stands alone: a protocol, a family, something that is true or not. */
static int alone(struct reader *r, bool not, struct fwt_nl_conn_filter *f,
		 struct fwt_nl_conn_filter *all)
{
	static const char *const words[] = {
		"not", "original", "reply", "proto", "protocol", "src", "saddr", "dst",
		"daddr", "sport", "dport", "state", "mark", "ct-mark", "family", "id", "iif",
		"oif", "timeout", "generation", "packets", "bytes", "rule", "scope",
		"icmp-type", "icmp-id", "assured", "replied", "tentative", "local",
		"snat", "dnat", "tcp", "udp", "icmp", "icmpv6", "sctp", "ipv4", "ipv6",
		NULL
	};
	const char *word = r->word[r->at], *meant;
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
	meant = fwt_diag_suggest(word, words);
	if (meant)
		snprintf(hint, sizeof(hint), "did you mean '%s'?", meant);
	return bad(r, r->at, meant ? hint : NULL, "did not understand '%s'", word);
}

/* One condition; @f is where it goes, @all the whole filter. */
static int condition(struct reader *r, bool not, struct fwt_nl_conn_filter *f,
		     struct fwt_nl_conn_filter *all)
{
	const char *meant = NULL, *key;
	int dir = 0, k, at, ret;
	char hint[160];

	if (!strcmp(r->word[r->at], "original") || !strcmp(r->word[r->at], "reply")) {
		dir = r->word[r->at][0] == 'r';
		if (++r->at == r->n)
			return bad(r, r->at, NULL, "src, dst, sport or dport is missing after '%s'",
				   r->word[r->at - 1]);
	}
	for (k = 0; k < N_KEYS && strcmp(keys[k].word, r->word[r->at]); k++)
		;
	if (dir && (k == N_KEYS || keys[k].key < KEY_SADDR || keys[k].key > KEY_DPORT))
		return bad(r, r->at, "src, dst, sport and dport have directions",
			   "did not understand '%s' after 'reply'", r->word[r->at]);
	if (k == N_KEYS)
		return alone(r, not, f, all);
	at = r->at++;
	key = r->word[at];
	if (r->at == r->n)
		return bad(r, at, keys[k].wants, "a value is missing after '%s'", key);
	/* A rule sets its own bits. */
	ret = keys[k].key == KEY_RULE ?
		(f->set & keys[k].bit ? set(r, f, keys[k].bit, at) : 0) :
		set(r, f, keys[k].bit << 4 * dir, at);
	if (ret)
		return ret;
	if (!take(r, keys[k].key, dir, f, &meant)) {
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
