// SPDX-License-Identifier: GPL-2.0
/*
 * Words: the keywords and the fields, and what was meant by those that are
 * neither.
 *
 * Both tables hang on the interned words themselves, so that telling a word
 * apart costs one load and not a search: a keyword is the atom's index into
 * the table, a field the first of a chain of spellings with that first word.
 */
#include <string.h>

#include "parse_internal.h"
#include "parse.tab.h"

#define TC (CTX_TOP | CTX_CLAUSE)
#define CR (CTX_CLAUSE | CTX_RESERVED)

/* Rows of one word stand together; the first whose context fits is taken */
static const struct fwt_keyword keywords[] = {
	{ "", 0, 0, 0, 0 },

	{ "define",	CTX_TOP, TOK_DEFINE, WANT_NAME, 0 },
	{ "option",	CTX_TOP, TOK_OPTION, WANT_NAME, 0 },
	{ "tree",	CTX_TOP, TOK_TREE, WANT_NAME, BRACE_BLOCK },
	{ "pool",	CTX_TOP, TOK_POOL, WANT_NAME, BRACE_POOL },
	{ "ingress",	CTX_TOP, TOK_INGRESS, WANT_BASE, BRACE_BLOCK },
	{ "egress",	CTX_TOP, TOK_EGRESS, WANT_BASE, BRACE_BLOCK },
	{ "device",	CTX_TOP, TOK_DEVICE, WANT_VALUE, BRACE_BLOCK },
	{ "set",	CTX_TOP, TOK_SETDECL, WANT_NAME, BRACE_SET },
	{ "set",	CTX_CLAUSE, TOK_SET, WANT_TARGET, 0 },
	{ "map",	CTX_TOP, TOK_MAPDECL, WANT_NAME, BRACE_SET },
	{ "map",	CTX_CLAUSE, TOK_MAP, WANT_VALUE, 0 },

	{ "timeout",	CTX_SET | CTX_CLAUSE, TOK_TIMEOUT, WANT_BASE, 0 },
	{ "max",	CTX_SET, TOK_MAX, WANT_BASE, 0 },
	{ "interval",	CTX_SET, TOK_INTERVAL, WANT_BASE, 0 },
	{ "elements",	CTX_SET, TOK_ELEMENTS, WANT_BASE, 0 },
	{ "trees",	CTX_SET, TOK_TREES, WANT_BASE, 0 },
	{ "file",	CTX_SET, TOK_FILE, WANT_BASE, 0 },

	{ "scheduler",	CTX_POOL, TOK_SCHEDULER, WANT_NAME, 0 },
	{ "health",	CTX_POOL, TOK_HEALTH, WANT_NAME, 0 },
	{ "weight",	CTX_POOL, TOK_WEIGHT, WANT_BASE, 0 },

	{ "not",	CR, TOK_NOT, WANT_CLAUSE, 0 },
	{ "limit",	CTX_CLAUSE, TOK_LIMIT, WANT_CLAUSE, 0 },
	{ "rate",	CTX_CLAUSE, TOK_RATEWORD, WANT_CLAUSE, 0 },
	{ "over",	CTX_CLAUSE, TOK_OVER, WANT_CLAUSE, 0 },
	{ "burst",	CTX_CLAUSE, TOK_BURST, WANT_CLAUSE, 0 },
	{ "by",		CTX_CLAUSE, TOK_BY, WANT_KEY, 0 },
	{ "quota",	CTX_CLAUSE, TOK_QUOTA, WANT_CLAUSE, 0 },
	{ "random",	CTX_CLAUSE, TOK_RANDOM, WANT_CLAUSE, 0 },
	{ "node",	CTX_CLAUSE, TOK_NODE, WANT_NAME, 0 },

	{ "snat",	CTX_CLAUSE, TOK_SNAT, WANT_CLAUSE, 0 },
	{ "masquerade",	CTX_CLAUSE, TOK_MASQUERADE, WANT_CLAUSE, 0 },
	{ "dnat",	CTX_CLAUSE, TOK_DNAT, WANT_CLAUSE, 0 },
	{ "redirect",	CTX_CLAUSE, TOK_REDIRECT, WANT_CLAUSE, 0 },
	{ "netmap",	CTX_CLAUSE, TOK_NETMAP, WANT_CLAUSE, 0 },
	{ "balance",	CTX_CLAUSE, TOK_BALANCE, WANT_CLAUSE, 0 },
	{ "or",		CTX_CLAUSE, TOK_OR, WANT_CLAUSE, 0 },
	{ "to",		CTX_CLAUSE, TOK_TO, WANT_TARGET, 0 },
	{ "persistent",	CTX_CLAUSE, TOK_PERSISTENT, WANT_CLAUSE, 0 },
	{ "endpoint-independent", CTX_CLAUSE, TOK_EIM, WANT_CLAUSE, 0 },
	{ "mss",	CTX_CLAUSE, TOK_MSS, WANT_CLAUSE, 0 },
	{ "clamp",	CTX_CLAUSE, TOK_CLAMP, WANT_CLAUSE, 0 },
	{ "add",	CTX_CLAUSE, TOK_ADD, WANT_CLAUSE, 0 },
	{ "remove",	CTX_CLAUSE, TOK_REMOVE, WANT_CLAUSE, 0 },
	{ "log",	CTX_CLAUSE, TOK_LOG, WANT_CLAUSE, 0 },
	{ "prefix",	CTX_CLAUSE, TOK_PREFIXWORD, WANT_CLAUSE, 0 },
	{ "group",	CTX_CLAUSE, TOK_GROUP, WANT_CLAUSE, 0 },
	{ "count",	CTX_CLAUSE, TOK_COUNT, WANT_NAME, 0 },
	{ "counter",	CTX_CLAUSE, TOK_COUNTER, WANT_CLAUSE, 0 },
	{ "notrack",	CTX_CLAUSE, TOK_NOTRACK, WANT_CLAUSE, 0 },
	{ "modify",	CTX_CLAUSE, TOK_MODIFY, WANT_NAME, 0 },

	{ "accept",	CR, TOK_ACCEPT, WANT_CLAUSE, 0 },
	{ "drop",	CR, TOK_DROP, WANT_CLAUSE, 0 },
	{ "reject",	CR, TOK_REJECT, WANT_CLAUSE, 0 },
	{ "with",	CTX_CLAUSE, TOK_WITH, WANT_NAME, 0 },
	{ "queue",	CTX_CLAUSE, TOK_QUEUE, WANT_CLAUSE, 0 },
	{ "bypass",	CTX_CLAUSE, TOK_BYPASS, WANT_CLAUSE, 0 },
	{ "goto",	CR, TOK_GOTO, WANT_NAME, 0 },
	{ "call",	CR, TOK_CALL, WANT_NAME, 0 },
	{ "jump",	CR, TOK_CALL, WANT_NAME, 0 },
	{ "return",	CR, TOK_RETURN, WANT_CLAUSE, 0 },
	{ "select",	CR, TOK_SELECT, WANT_CLAUSE, BRACE_SELECT },
	{ "split",	CR, TOK_SPLIT, WANT_CLAUSE, BRACE_SPLIT },
	{ "round-robin", CTX_CLAUSE, TOK_ROUND_ROBIN, WANT_CLAUSE, 0 },
	{ "hash",	CTX_CLAUSE, TOK_HASH, WANT_KEY, 0 },
	{ "id",		CTX_CLAUSE, TOK_ID, WANT_NAME, 0 },
	{ "comment",	CTX_CLAUSE, TOK_COMMENT, WANT_CLAUSE, 0 },
};

#define KEYWORDS (sizeof(keywords) / sizeof(keywords[0]))

static const char *const spellings[] = {
#define X(words, field, implies) words,
	FWT_FIELD_NAMES(X)
#undef X
	NULL
};

static const uint8_t spelling_field[][2] = {
#define X(words, field, implies) { FWT_AST_##field, FWT_IMPLIES_##implies },
	FWT_FIELD_NAMES(X)
#undef X
};

static const char *const targets[] = {
#define X(words, field) words,
	FWT_SET_TARGETS(X)
#undef X
	NULL
};

static const uint8_t target_field[] = {
#define X(words, field) FWT_AST_##field,
	FWT_SET_TARGETS(X)
#undef X
};

_Static_assert(sizeof(spellings) / sizeof(spellings[0]) <= FIELD_SPELLINGS_MAX,
	       "room for all spellings of fields");
_Static_assert(FIELD_SPELLINGS_MAX < 256, "a spelling's index fits in a byte");
_Static_assert(sizeof(targets) / sizeof(targets[0]) <= 32, "room for all targets of set");

/* Those other firewalls would say, and what says it here */
static const struct {
	const char *word;
	const char *hint;
} foreign[] = {
	{ "pass", "'accept' lets a packet pass" },
	{ "allow", "'accept' lets a packet pass" },
	{ "permit", "'accept' lets a packet pass" },
	{ "block", "'drop' and 'reject' refuse a packet" },
	{ "deny", "'drop' and 'reject' refuse a packet" },
	{ "table", "there are no tables: a policy is made of hooks and trees" },
	{ "chain", "a chain is a 'tree', a base chain the hook 'ingress' or 'egress'" },
	{ "flow", "see 'select'" },
	{ "vmap", "'select FIELD { VALUE -> VERDICT }' says it" },
	{ "policy", "end the hook with 'drop' or 'accept'" },
	{ "type", "a hook is 'ingress' or 'egress'" },
	{ "rule", "a rule begins with what it matches" },
	{ "proto", "'protocol' asks for it" },
	{ "from", "'saddr' asks where a packet comes from, 'iif' by which interface" },
	{ "src", "'saddr' asks for it" },
	{ "dst", "'daddr' asks for it" },
	{ "on", "'iif' and 'oif' ask for an interface" },
	{ "and", "leave it out: all matches of a rule must hold" },
	{ "any", "leave the match out" },
	{ "all", "leave the match out" },
	{ "keep", "leave it out: what is accepted is tracked, but for 'notrack'" },
	{ "quick", "leave it out: the first verdict decides" },
	{ "nat", "'snat', 'masquerade', 'dnat' and 'redirect' translate" },
	{ "ACCEPT", "in small letters: 'accept'" },
	{ "DROP", "in small letters: 'drop'" },
	{ "REJECT", "in small letters: 'reject'" },
	{ "input", "a hook is 'ingress' or 'egress'" },
	{ "output", "a hook is 'ingress' or 'egress'" },
	{ "forward", "a hook is 'ingress' or 'egress'; what is forwarded passes both" },
	{ "packets", "leave it out: a burst is of what the rate is of, a counter has no numbers" },
	{ "bytes", "leave it out: a burst is of what the rate is of, a counter has no numbers" },
};

static struct fwt_atom *intern(struct fwt_parser *p, const char *text, size_t len)
{
	struct fwt_atom *a = fwt_intern(p->ast->intern, text, len);

	if (!a)
		p->no_memory = true;
	return a;
}

static bool split_words(struct fwt_parser *p, struct fwt_spelling *s, const char *text)
{
	s->text = text;
	for (s->words = 0; *text && s->words < FWT_FIELD_WORDS_MAX; s->words++) {
		size_t n = strcspn(text, " ");

		s->word[s->words] = intern(p, text, n);
		if (!s->word[s->words])
			return false;
		text += n + (text[n] == ' ');
	}
	return true;
}

bool fwt_words_init(struct fwt_parser *p)
{
	struct fwt_atom *a;
	size_t i;

	for (i = KEYWORDS - 1; i > 0; i--) {
		a = intern(p, keywords[i].word, strlen(keywords[i].word));
		if (!a)
			return false;
		a->keyword = i;
	}
	for (i = 0; spellings[i]; i++) {
		struct fwt_spelling *s = &p->spelling[++p->spellings];

		if (!split_words(p, s, spellings[i]))
			return false;
		s->field = spelling_field[i][0];
		s->implies = spelling_field[i][1];
		s->next = s->word[0]->field;
		s->word[0]->field = p->spellings;
	}
	for (i = 0; targets[i]; i++) {
		struct fwt_spelling *s = &p->target[p->targets++];

		if (!split_words(p, s, targets[i]))
			return false;
		s->field = target_field[i];
	}
	p->word_include = intern(p, "include", 7);
	p->word_ct = intern(p, "ct", 2);
	p->word_count = intern(p, "count", 5);
	p->word_addr = intern(p, "addr", 4);
	p->word_net = intern(p, "net", 3);
	p->word_default = intern(p, "default", 7);
	return !p->no_memory;
}

const struct fwt_keyword *fwt_keyword_find(const struct fwt_atom *atom, unsigned int ctx)
{
	size_t i = atom->keyword;

	if (!i)
		return NULL;
	for (; i < KEYWORDS && !strcmp(keywords[i].word, atom->text); i++)
		if (keywords[i].ctx & ctx)
			return &keywords[i];
	return NULL;
}

/* Whether the words that come are those of @s, whose first is known to fit */
static bool follows(struct fwt_parser *p, const struct fwt_spelling *s)
{
	const struct fwt_raw *raw;
	unsigned int i;

	for (i = 1; i < s->words; i++) {
		raw = fwt_peek(p, i - 1);
		if (raw->type != TOK_WORD || raw->atom != s->word[i])
			return false;
	}
	return true;
}

const struct fwt_spelling *fwt_spelling_find(struct fwt_parser *p, struct fwt_atom *first)
{
	const struct fwt_spelling *s, *best = NULL;
	unsigned int i;

	for (i = first->field; i; i = s->next) {
		s = &p->spelling[i];
		if ((!best || s->words > best->words) && follows(p, s))
			best = s;
	}
	return best;
}

const struct fwt_spelling *fwt_target_find(struct fwt_parser *p, struct fwt_atom *first)
{
	const struct fwt_spelling *s, *best = NULL;
	unsigned int i;

	for (i = 0; i < p->targets; i++) {
		s = &p->target[i];
		if (s->word[0] == first && (!best || s->words > best->words) && follows(p, s))
			best = s;
	}
	return best;
}

/*
 * Hints cost a hundred edit distances: past the last message that is kept, or
 * 64 MiB of garbage would take an hour to refuse.
 */
static bool quiet(const struct fwt_parser *p)
{
	return p->spoiled || p->panic || p->diag->errors >= FWT_DIAG_MAX;
}

static void report(struct fwt_parser *p, const struct fwt_lloc *lloc, const char *hint,
		   const char *what, const char *word)
{
	if (!p->spoiled && !p->panic)
		fwt_error_hint(p->diag, &lloc->loc, hint, "%s '%s'", what, word);
	p->spoiled = true;
}

static void suggest_keywords(struct fwt_suggest *s, unsigned int ctx)
{
	size_t i;

	for (i = 1; i < KEYWORDS; i++)
		if (keywords[i].ctx & ctx)
			fwt_suggest_try(s, keywords[i].word);
}

static void suggest_fields(struct fwt_suggest *s)
{
	size_t i;

	for (i = 0; spellings[i]; i++)
		fwt_suggest_try(s, spellings[i]);
}

void fwt_unknown_word(struct fwt_parser *p, const struct fwt_raw *raw, unsigned int ctx)
{
	const char *word = raw->atom->text, *hint = NULL;
	char buf[128];
	struct fwt_suggest s;
	size_t i;

	for (i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		if (!strcmp(foreign[i].word, word))
			hint = foreign[i].hint;
	if (raw->atom == p->word_include && fwt_peek(p, 0)->type != TOK_STRING)
		hint = "its path is quoted: include \"FILE\"";
	else if (fwt_top(p)->kind == BRACE_KEYS && !strcmp(word, "timeout"))
		hint = "it stands behind the braces: add @SET { FIELD } timeout TIME";
	if (!hint && !quiet(p)) {
		fwt_suggest_init(&s, word);
		suggest_keywords(&s, ctx);
		if (ctx & CTX_CLAUSE)
			suggest_fields(&s);
		if (ctx & CTX_TOP)
			fwt_suggest_try(&s, "include");
		hint = fwt_suggest_hint(&s, buf, sizeof(buf));
	}
	if (!hint && (ctx & CTX_TOP) &&
	    (raw->atom->field || fwt_keyword_find(raw->atom, CTX_CLAUSE)))
		hint = "rules stand in a hook or a tree: ingress { ... }";
	if (!hint && (ctx & CTX_CLAUSE) && fwt_keyword_find(raw->atom, CTX_TOP))
		hint = "that stands outside of all braces";
	report(p, &raw->lloc, hint, "unknown word", word);
}

/*
 * A word that begins fields, but none of them follows: "tcp dprot". What comes
 * next was meant to be the second word, if it is one and no keyword.
 *
 * Return: whether the next raw token belongs to it.
 */
bool fwt_unknown_field(struct fwt_parser *p, const struct fwt_raw *raw)
{
	const struct fwt_raw *second = fwt_peek(p, 0);
	struct fwt_lloc lloc = raw->lloc;
	const struct fwt_spelling *sp;
	char buf[320], pair[2 * FWT_PARSE_WORD_MAX + 2];
	const char *hint = NULL, *before = "one of: ";
	bool ip = !strcmp(raw->atom->text, "ip"), ip6 = !strcmp(raw->atom->text, "ip6");
	struct fwt_suggest s;
	unsigned int i, n = 0;

	if (second->type == TOK_WORD && !fwt_keyword_find(second->atom, CTX_RESERVED)) {
		snprintf(pair, sizeof(pair), "%s %s", raw->atom->text, second->atom->text);
		fwt_suggest_init(&s, pair);
		for (i = raw->atom->field; i && !quiet(p); i = p->spelling[i].next)
			fwt_suggest_try(&s, p->spelling[i].text);
		hint = fwt_suggest_hint(&s, buf, sizeof(buf));
		lloc.loc.end_column = second->lloc.loc.end_column;
		report(p, &lloc, hint, "unknown field", pair);
		return true;
	}

	/* "tcp accept", "{ tcp, udp } dport 53" */
	if (fwt_class_has(FWT_CLASS_PROTOCOL, raw->atom->text))
		n = snprintf(buf, sizeof(buf), second->type == ',' ?
			     "'protocol { %s, ... }' is meant, or " : "'protocol %s' is meant, or ",
			     raw->atom->text);
	else if (ip || ip6)
		n = snprintf(buf, sizeof(buf), "'family ipv%c' is meant, or ", ip ? '4' : '6');
	/* list them, in the order of the table, which is not the chain's */
	for (i = 1; i <= p->spellings; i++) {
		sp = &p->spelling[i];
		if (sp->word[0] != raw->atom || n >= sizeof(buf))
			continue;
		n += snprintf(buf + n, sizeof(buf) - n, "%s%s", before, sp->text);
		before = ", ";
	}
	report(p, &lloc, n && n < sizeof(buf) ? buf : NULL, "only the beginning of a field:",
	       raw->atom->text);
	return false;
}

void fwt_unknown_target(struct fwt_parser *p, const struct fwt_raw *raw)
{
	report(p, &raw->lloc, "one of: mark, ct mark, dscp, ttl, priority, mss, vlan",
	       "'set' cannot change", raw->atom->text);
}
