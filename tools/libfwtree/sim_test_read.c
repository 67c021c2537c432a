// SPDX-License-Identifier: GPL-2.0
/* Reading test files: see sim_test.h. All errors of a file are told in one go. */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdlib.h>

#include "mock_route.h"
#include "names.h"
#include "packet_text.h"
#include "reason.h"
#include "sim_test.h"
#include "source.h"

struct flow_name {
	struct flow_name *next;
	char name[32];
	char proto[16];
	bool six;
};

#define NAMES 1024

/* @at: what is still to be read of @line; columns count from @line. */
struct reader {
	struct fwt_diag *diag;
	u32 file;
	u32 number;
	char *line;
	char *at;
	char *start;	/* of @word */
	char word[80];
	bool bad;
	struct sim_statement *s;
	struct flow_name *flows[NAMES];
	struct fwt_mock_routes world;
};

static bool next(struct reader *r)
{
	size_t len;

	r->at += strspn(r->at, " \t");
	r->start = r->at;
	len = strcspn(r->at, " \t");
	if (!len || len >= sizeof(r->word)) {
		r->word[0] = '\0';
		r->at += len;
		return false;
	}
	memcpy(r->word, r->at, len);
	r->word[len] = '\0';
	r->at += len;
	return true;
}

__attribute__((format(printf, 4, 5)))
static bool wrong_at(struct reader *r, const char *where, const char *hint, const char *fmt, ...)
{
	struct fwt_loc loc = {
		.file = r->file, .line = r->number,
		.column = (u32)(where - r->line) + 1,
	};
	size_t len = strcspn(where, " \t");
	va_list args;

	loc.end_column = loc.column + (len ? (u32)len : 1);
	va_start(args, fmt);
	fwt_diag_vadd(r->diag, FWT_ERROR, &loc, hint, fmt, args);
	va_end(args);
	r->bad = true;
	return false;
}

#define wrong(r, ...) wrong_at(r, (r)->start, NULL, __VA_ARGS__)

static bool read_end(const char *text, struct sim_end *e)
{
	char copy[80], *colon, *close;
	unsigned long n;
	char *addr = copy;

	memset(e, 0, sizeof(*e));
	snprintf(copy, sizeof(copy), "%s", text);
	colon = strrchr(copy, ':');
	if (*copy == '[') {
		close = strchr(copy, ']');
		if (!close)
			return false;
		*close = '\0';
		addr = copy + 1;
		colon = close[1] == ':' ? close + 1 : NULL;
		if (!colon && close[1])
			return false;
	} else if (colon && strchr(copy, ':') != colon) {
		colon = NULL;
	}
	if (colon) {
		char *end;

		*colon++ = '\0';
		e->any_port = !strcmp(colon, "*");
		n = strtoul(colon, &end, 10);
		if (!e->any_port && (*colon < '0' || *colon > '9' || *end || n > 65535))
			return false;
		e->has_port = !e->any_port;
		e->port = (u16)n;
	}
	e->family = strchr(addr, ':') ? 6 : 4;
	return inet_pton(e->family == 6 ? AF_INET6 : AF_INET, addr, e->addr) == 1;
}

static bool read_duration(const char *text, u64 *ms)
{
	static const struct {
		const char *unit;
		u64 ms;
	} units[] = {
		{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 },
	};
	char *end;
	u64 n;
	u32 i;

	if (*text < '0' || *text > '9')
		return false;
	for (*ms = 0; *text; text = end + strlen(units[i].unit)) {
		if (*text < '0' || *text > '9')
			return false;
		n = strtoull(text, &end, 10);
		for (i = 0; i < ARRAY_SIZE(units); i++)
			if (!strncmp(end, units[i].unit, strlen(units[i].unit)) &&
			    (!end[strlen(units[i].unit)] ||
			     (end[strlen(units[i].unit)] >= '0' && end[strlen(units[i].unit)] <= '9')))
				break;
		/* No clock counts beyond ten years. */
		if (i == ARRAY_SIZE(units) || n > 3650ull * 86400000 / units[i].ms)
			return false;
		*ms += n * units[i].ms;
	}
	return true;
}

/* Expectations */

static const char *const states[] = {
	"new", "established", "related", "invalid", "untracked", NULL,
};

static const char *const tcp_states[] = {
	"SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK",
	"TIME_WAIT", "CLOSE", "SYN_SENT2", "UNREPLIED", "REPLIED", NULL,
};

static bool one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(word, *words))
			return true;
	return false;
}

/* Is there one more word, which is no expectation of its own. */
static bool argument(struct reader *r, const char *what)
{
	if (next(r))
		return true;
	return wrong(r, "%s is missing here", what);
}

static bool reason_word(struct reader *r, struct sim_expect *e)
{
	static const char *const own[] = { "no-route", "ttl-exceeded", "malformed", NULL };
	struct fwt_suggest s;
	u32 i;

	for (i = 1; i < __FWT_REASON_MAX; i++)
		if (fwt_reason_info[i].drop && !strcmp(fwt_reason_info[i].name, r->word))
			break;
	if (i == __FWT_REASON_MAX && !one_of(r->word, own)) {
		char hint[80];

		fwt_suggest_init(&s, r->word);
		for (i = 1; i < __FWT_REASON_MAX; i++)
			if (fwt_reason_info[i].drop)
				fwt_suggest_try(&s, fwt_reason_info[i].name);
		for (i = 0; own[i]; i++)
			fwt_suggest_try(&s, own[i]);
		return wrong_at(r, r->start, fwt_suggest_hint(&s, hint, sizeof(hint)),
				"'%s' is no reason for a drop", r->word);
	}
	strcpy(e->text, r->word);
	return true;
}

static bool expect_word(struct reader *r, struct sim_expect *e)
{
	static const char *const verdicts[] = { "accept", "drop", "reject" };
	static const char *const expectable[] = {
		"accept", "drop", "reject", "out", "local", "to", "from", "snat", "dnat",
		"reason", "rule", "state", "mark", "log", "conn", "set", "not", "no", NULL,
	};
	char *before, suggested[60];
	const char *hint;
	u32 i;

	if (!strcmp(r->word, "not") || !strcmp(r->word, "no")) {
		e->not = true;
		if (!argument(r, "what is not expected"))
			return false;
	}
	for (i = 0; i < ARRAY_SIZE(verdicts); i++) {
		if (!strcmp(r->word, verdicts[i])) {
			e->kind = EXPECT_VERDICT;
			e->n = i;
			return true;
		}
	}
	if (!strcmp(r->word, "local")) {
		e->kind = EXPECT_LOCAL;
		return true;
	}
	if (!strcmp(r->word, "out")) {
		e->kind = EXPECT_OUT;
		if (!argument(r, "the name of an interface"))
			return false;
		strcpy(e->text, r->word);
		return true;
	}
	if (!strcmp(r->word, "to") || !strcmp(r->word, "from") || !strcmp(r->word, "snat") ||
	    !strcmp(r->word, "dnat")) {
		e->kind = *r->word == 't' ? EXPECT_TO : *r->word == 'f' ? EXPECT_FROM :
			  *r->word == 's' ? EXPECT_SNAT : EXPECT_DNAT;
		before = r->at;
		if (e->not && e->kind >= EXPECT_SNAT) {
			/* "not snat" alone: none at all */
			if (next(r) && read_end(r->word, &e->end))
				return true;
			r->at = before;
			e->end.family = 0;
			return true;
		}
		if (!argument(r, "an address, or ADDRESS:PORT"))
			return false;
		if (!read_end(r->word, &e->end))
			return wrong(r, "'%s' is neither ADDRESS nor ADDRESS:PORT", r->word);
		return true;
	}
	if (!strcmp(r->word, "reason")) {
		e->kind = EXPECT_REASON;
		return argument(r, "a reason") && reason_word(r, e);
	}
	if (!strcmp(r->word, "rule")) {
		e->kind = EXPECT_RULE;
		if (!argument(r, "a rule's id, or its line"))
			return false;
		strcpy(e->text, r->word);
		return true;
	}
	if (!strcmp(r->word, "state")) {
		e->kind = EXPECT_STATE;
		if (!argument(r, "a state"))
			return false;
		if (!one_of(r->word, states))
			return wrong(r, "'%s' is no state: new, established, related, invalid, untracked are",
				     r->word);
		strcpy(e->text, r->word);
		return true;
	}
	if (!strcmp(r->word, "mark")) {
		char *end;

		e->kind = EXPECT_MARK;
		if (!argument(r, "a number"))
			return false;
		e->n = (u32)strtoul(r->word, &end, 0);
		return (*r->word >= '0' && *r->word <= '9' && !*end) ||
		       wrong(r, "'%s' is no number", r->word);
	}
	if (!strcmp(r->word, "log")) {
		char *quote, *close;

		e->kind = EXPECT_LOG;
		quote = r->at + strspn(r->at, " \t");
		if (*quote != '"')
			return true;
		close = strchr(quote + 1, '"');
		if (!close || (size_t)(close - quote) > sizeof(e->text))
			return wrong_at(r, quote, NULL, "this string has no end");
		memcpy(e->text, quote + 1, (size_t)(close - quote - 1));
		r->at = close + 1;
		return true;
	}
	if (!strcmp(r->word, "conn")) {
		e->kind = EXPECT_CONN;
		before = r->at;
		if (next(r) && one_of(r->word, tcp_states))
			strcpy(e->text, r->word);
		else
			r->at = before;
		return true;
	}
	if (!strcmp(r->word, "set")) {
		e->kind = EXPECT_SET;
		if (!argument(r, "the name of a set"))
			return false;
		strcpy(e->text, r->word);
		if (!argument(r, "an element"))
			return false;
		strcpy(e->other, r->word);
		return true;
	}
	hint = fwt_diag_suggest(r->word, expectable);
	snprintf(suggested, sizeof(suggested), "did you mean '%s'?", hint ? hint : "");
	return wrong_at(r, r->start, hint ? suggested :
			"accept drop reject out local to from snat dnat reason rule state mark log conn set",
			"'%s' is nothing that can be expected", r->word);
}

static struct sim_expect *read_expects(struct reader *r)
{
	struct sim_expect *first = NULL, **last = &first, *e;

	while (next(r)) {
		e = calloc(1, sizeof(*e));
		if (!e)
			break;
		*last = e;
		last = &e->next;
		if (!expect_word(r, e))
			break;
	}
	if (!first)
		wrong(r, "what is expected is missing here");
	return first;
}

/* Statements */

static u32 bucket_of(const char *name)
{
	u32 h = 0;

	while (*name)
		h = h * 31 + (u8)*name++;
	return h % NAMES;
}

static const struct flow_name *flow_find(const struct reader *r, const char *name)
{
	const struct flow_name *f;

	for (f = r->flows[bucket_of(name)]; f && strcmp(f->name, name); f = f->next)
		;
	return f;
}

static bool read_name(struct reader *r, const struct flow_name **f)
{
	if (!argument(r, "the name of a packet, as \"as NAME\" gave it"))
		return false;
	*f = flow_find(r, r->word);
	if (!*f)
		return wrong(r, "no packet before this one is called '%s'", r->word);
	strcpy(r->s->name, r->word);
	return true;
}

/* Words of a packet behind @prefix; where they go wrong is told as of this line. */
static bool check_words(struct reader *r, const char *prefix, const char *words, char *where)
{
	struct fwt_packet_text t;
	char error[200], text[1200];
	int column;
	size_t len = strlen(prefix);

	snprintf(text, sizeof(text), "%s%s", prefix, words);
	column = fwt_packet_read(&t, text, error, sizeof(error));
	if (!column)
		return true;
	if ((size_t)column > len)
		where += (size_t)column - 1 - len;
	return wrong_at(r, where, NULL, "%s", error);
}

static void packet_line(struct reader *r)
{
	char *words = r->at + strspn(r->at, " \t"), *as;
	struct fwt_packet_text t;
	struct flow_name *f;
	char error[200];

	as = strstr(words, " as ");
	if (as)
		*as = '\0';
	r->s->rest = strdup(words);
	if (!check_words(r, "", words, words) ||
	    fwt_packet_read(&t, words, error, sizeof(error)))
		return;
	r->at = words + strcspn(words, " \t");
	next(r);
	if (r->world.route.count + r->world.address.count)
		strcpy(r->s->from, r->word);
	r->s->column = (u32)(r->start - r->line) + 1;
	if (!as)
		return;
	r->at = as + 3;
	if (!argument(r, "a name"))
		return;
	if (strlen(r->word) >= sizeof(f->name)) {
		wrong(r, "a name has %zu letters at most", sizeof(f->name) - 1);
		return;
	}
	strcpy(r->s->name, r->word);
	if (next(r)) {
		wrong(r, "nothing may follow here");
		return;
	}
	f = calloc(1, sizeof(*f));
	if (!f)
		return;
	strcpy(f->name, r->s->name);
	f->six = t.p.family == 6;
	snprintf(f->proto, sizeof(f->proto), "%u", t.p.protocol);
	f->next = r->flows[bucket_of(f->name)];
	r->flows[bucket_of(f->name)] = f;
}

static void reply_line(struct reader *r)
{
	const struct flow_name *f;
	char prefix[100], *words;
	bool ports;
	u32 n;

	if (!read_name(r, &f))
		return;
	words = r->at;
	r->s->rest = strdup(words);
	n = (u32)strtoul(f->proto, NULL, 10);
	ports = n == 6 || n == 17 || n == 132 || n == 33 || n == 136;
	snprintf(prefix, sizeof(prefix), f->six ? "in x %s [::1]%s to [::2]%s" : "in x %s 1.1.1.1%s to 1.1.1.2%s",
		 f->proto, ports ? ":1" : "", ports ? ":1" : "");
	check_words(r, prefix, words, words);
}

static void quote_line(struct reader *r)
{
	const struct flow_name *f;
	char prefix[100], *words, *from, rest[1000];
	struct sim_end end;
	bool six;

	if (!read_name(r, &f))
		return;
	if (!argument(r, "'icmp' or 'icmpv6'"))
		return;
	if (!strcmp(r->word, "reply")) {
		r->s->of_reply = true;
		if (!argument(r, "'icmp' or 'icmpv6'"))
			return;
	}
	six = !strcmp(r->word, "icmpv6");
	if (!six && strcmp(r->word, "icmp")) {
		wrong(r, "an error is one of 'icmp' or 'icmpv6'");
		return;
	}
	if (six != f->six) {
		wrong_at(r, r->start, f->six ? "icmpv6 is meant" : "icmp is meant",
			 "'%s' is of the other family than '%s'", r->word, f->name);
		return;
	}
	words = r->at;
	from = strstr(words, " from ");
	if (!from) {
		wrong(r, "'from ADDRESS' is missing: who sends the error");
		return;
	}
	r->at = from + 6;
	if (!argument(r, "an address"))
		return;
	if (!read_end(r->word, &end) || end.has_port || end.any_port ||
	    (end.family == 6) != six) {
		wrong(r, "'%s' is no address of IPv%u", r->word, six ? 6 : 4);
		return;
	}
	strcpy(r->s->from, r->word);
	snprintf(rest, sizeof(rest), "%.*s%s", (int)(from - words), words, r->at);
	r->s->rest = strdup(rest);
	snprintf(prefix, sizeof(prefix), six ? "in x icmpv6 ::1 to ::2" : "in x icmp 1.1.1.1 to 1.1.1.2");
	*from = '\0';
	check_words(r, prefix, words, words);
	if (!strstr(words, " type ") && !r->bad)
		wrong_at(r, words, NULL, "'type N' is missing: which error it is");
}

static void property_line(struct reader *r)
{
	char *words = r->at + strspn(r->at, " \t"), *expect = strstr(words, " expect ");
	char error[200];
	int column;

	if (!expect) {
		wrong_at(r, words, NULL, "'expect' is missing: what is %s to be",
			 r->s->kind == TEST_NEVER ? "never" : "always");
		return;
	}
	*expect = '\0';
	r->s->rest = strdup(words);
	column = sim_pattern_check(words, error, sizeof(error));
	if (column) {
		wrong_at(r, words + column - 1, NULL, "%s", error);
		return;
	}
	r->at = expect + 8;
	r->s->expect = read_expects(r);
}

static void set_line(struct reader *r)
{
	static const char *const set[] = { "add", "delete", NULL };
	static const char *const pool[] = { "add", "delete", "drain", NULL };

	if (!argument(r, "what is to be done"))
		return;
	if (!one_of(r->word, r->s->kind == TEST_SET ? set : pool)) {
		wrong(r, "'%s' is nothing that a %s does", r->word,
		      r->s->kind == TEST_SET ? "set" : "pool");
		return;
	}
	r->s->rest = strdup(r->start);
}

static void world_line(struct reader *r)
{
	char error[160] = "out of memory", *quoted, *where = r->start;

	r->s->rest = strdup(r->start);
	if (!strncmp(r->start, "seed", 4)) {
		char *end;

		if (!argument(r, "a number"))
			return;
		strtoull(r->word, &end, 0);
		if (*r->word < '0' || *r->word > '9' || *end)
			wrong(r, "'%s' is no number", r->word);
		return;
	}
	if (!fwt_mock_routes_line(&r->world, r->start, error, sizeof(error)))
		return;
	/* The word that it names, if it does. */
	quoted = strchr(error, '\'');
	if (quoted) {
		char word[80];
		size_t len = strcspn(quoted + 1, "'");

		snprintf(word, sizeof(word), "%.*s", (int)min(len, sizeof(word) - 1), quoted + 1);
		quoted = *word ? strstr(r->start, word) : NULL;
		if (quoted)
			where = quoted;
	}
	wrong_at(r, where, NULL, "%s", error);
}

static void policy_line(struct reader *r)
{
	struct fwt_sources *sources = (struct fwt_sources *)r->diag->sources;

	if (!argument(r, "the name of a policy's file"))
		return;
	r->s->path = fwt_source_path(sources, r->file, r->word);
	if (next(r))
		wrong(r, "nothing may follow here");
}

static const struct {
	const char *word;
	enum sim_statement_kind kind;
} words[] = {
	{ "route", TEST_WORLD }, { "address", TEST_WORLD }, { "seed", TEST_WORLD },
	{ "packet", TEST_PACKET }, { "reply", TEST_REPLY }, { "quote", TEST_QUOTE },
	{ "wait", TEST_WAIT }, { "policy", TEST_POLICY }, { "set", TEST_SET },
	{ "pool", TEST_POOL }, { "expect", TEST_EXPECT }, { "never", TEST_NEVER },
	{ "always", TEST_ALWAYS },
};

static void statement(struct reader *r)
{
	struct fwt_suggest suggest;
	char hint[80];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(words) && strcmp(words[i].word, r->word); i++)
		;
	if (i == ARRAY_SIZE(words)) {
		fwt_suggest_init(&suggest, r->word);
		for (i = 0; i < ARRAY_SIZE(words); i++)
			fwt_suggest_try(&suggest, words[i].word);
		wrong_at(r, r->start, fwt_suggest_hint(&suggest, hint, sizeof(hint)),
			 "'%s' begins no statement of a test", r->word);
		return;
	}
	r->s->kind = words[i].kind;
	switch (r->s->kind) {
	case TEST_WORLD:
		world_line(r);
		break;
	case TEST_PACKET:
		packet_line(r);
		break;
	case TEST_REPLY:
		reply_line(r);
		break;
	case TEST_QUOTE:
		quote_line(r);
		break;
	case TEST_WAIT:
		if (argument(r, "a duration") && !read_duration(r->word, &r->s->ms))
			wrong(r, "'%s' is no duration: 500ms, 10s, 5m, 2h, 1d are", r->word);
		break;
	case TEST_POLICY:
		policy_line(r);
		break;
	case TEST_SET:
	case TEST_POOL:
		set_line(r);
		break;
	case TEST_EXPECT:
		r->s->expect = read_expects(r);
		break;
	case TEST_NEVER:
	case TEST_ALWAYS:
		property_line(r);
		break;
	}
}

static char *trimmed(const char *text)
{
	char *copy = strdup(text + strspn(text, " \t"));
	size_t len = copy ? strlen(copy) : 0;

	while (len && (copy[len - 1] == ' ' || copy[len - 1] == '\t'))
		copy[--len] = '\0';
	return copy;
}

/* A comment begins with # outside of a string. */
static void cut_comment(char *line)
{
	bool string = false;

	for (; *line; line++) {
		if (*line == '"')
			string = !string;
		if (*line == '#' && !string)
			break;
		if (*line == '\r')
			*line = ' ';
	}
	*line = '\0';
}

static bool named(const struct fwt_mock_routes *m, const char *dev)
{
	const struct fwt_mock_entry *e = m->address.data;
	u32 i;

	for (i = 0; i < m->address.count; i++)
		if (!strcmp(e[i].dev, dev))
			return true;
	e = m->route.data;
	for (i = 0; i < m->route.count; i++)
		if (!strcmp(e[i].dev, dev))
			return true;
	return !strcmp(dev, "lo");
}

/* Interfaces are those that an address or a route names, wherever it stands. */
static void check_devices(struct reader *r, const struct sim_statement *s)
{
	struct fwt_loc loc = { .file = r->file };

	for (; s; s = s->next) {
		if (s->kind != TEST_PACKET || !*s->from || named(&r->world, s->from))
			continue;
		loc.line = s->line;
		loc.column = s->column;
		loc.end_column = loc.column + (u32)strlen(s->from);
		fwt_diag_add(r->diag, FWT_ERROR, &loc, "address ADDRESS/LENGTH dev INTERFACE",
			     "no route and no address names the interface '%s'", s->from);
	}
}

struct sim_statement *sim_test_read(const char *file, struct fwt_diag *diag)
{
	struct fwt_sources *sources = (struct fwt_sources *)diag->sources;
	struct sim_statement *first = NULL, **last = &first, *packet = NULL;
	struct reader r = { .diag = diag };
	size_t errors = diag->errors, len;
	int index = fwt_source_read(sources, file, NULL, NULL, diag);
	struct flow_name *f;
	const char *text;
	char *line;
	u32 i;

	if (index < 0)
		return NULL;
	r.file = (u32)index;
	fwt_mock_routes_init(&r.world);
	for (r.number = 1; ; r.number++) {
		struct fwt_loc loc = { .file = r.file, .line = r.number };

		text = fwt_source_line(sources, &loc, &len);
		if (!text)
			break;
		line = strndup(text, len);
		r.s = calloc(1, sizeof(*r.s));
		if (!line || !r.s) {
			free(line);
			free(r.s);
			break;
		}
		cut_comment(line);
		r.line = line;
		r.at = line;
		r.bad = false;
		if (!next(&r)) {
			if (*r.start)
				wrong(&r, "this begins no statement of a test");
			free(line);
			free(r.s);
			continue;
		}
		r.s->line = r.number;
		r.s->text = trimmed(line);
		*last = r.s;
		last = &r.s->next;
		statement(&r);
		if (r.s->kind == TEST_EXPECT && !packet && !r.bad) {
			r.start = r.line + strspn(r.line, " \t");
			wrong(&r, "there is no packet before it that this could be expected of");
		}
		if (r.s->kind == TEST_PACKET || r.s->kind == TEST_REPLY || r.s->kind == TEST_QUOTE)
			packet = r.s;
		free(line);
	}
	check_devices(&r, first);
	fwt_mock_routes_clean(&r.world);
	for (i = 0; i < NAMES; i++) {
		while ((f = r.flows[i])) {
			r.flows[i] = f->next;
			free(f);
		}
	}
	if (diag->errors == errors)
		return first;
	sim_test_free(first);
	return NULL;
}

void sim_test_free(struct sim_statement *s)
{
	while (s) {
		struct sim_statement *next_one = s->next;

		while (s->expect) {
			struct sim_expect *e = s->expect;

			s->expect = e->next;
			free(e);
		}
		free(s->text);
		free(s->rest);
		free(s->path);
		free(s);
		s = next_one;
	}
}
