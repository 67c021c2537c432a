// SPDX-License-Identifier: GPL-2.0
/* Reading test files: see sim_test.h. All errors of a file are told in one go. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include "duration.h"
#include "mock_node.h"
#include "names.h"
#include "packet_text.h"
#include "sim_names.h"
#include "sim_test_read.h"
#include "source.h"

bool sim_read_next(struct reader *r)
{
	size_t len;

	r->at += strspn(r->at, " \t");
	r->start = r->at;
	len = strcspn(r->at, " \t");
	snprintf(r->word, sizeof(r->word), "%.*s", (int)min(len, sizeof(r->word) - 1), r->at);
	/* One complaint of a place is told: whoever knows no such word says no more. */
	if (len >= sizeof(r->word))
		wrong(r, "this word is too long: %zu letters at most", sizeof(r->word) - 1);
	r->at += len;
	return len;
}

bool sim_read_wrong(struct reader *r, const char *where, const char *hint, const char *fmt, ...)
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

bool sim_read_end(const char *text, struct sim_end *e)
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

/* No clock counts beyond ten years. */
static bool read_duration(const char *text, u64 *ms)
{
	return !fwt_duration_read(text, strlen(text), ms) && *ms <= 3650ull * 86400000;
}

/* Is there one more word, which is no expectation of its own. */
bool sim_read_argument(struct reader *r, const char *what)
{
	if (sim_read_next(r))
		return true;
	return wrong(r, "%s is missing here", what);
}

/* A word among others, which has blanks around it. */
static char *find_word(char *words, const char *word)
{
	size_t len = strlen(word);
	char *at = words;

	while (*at && (at = strstr(at + 1, word)))
		if ((at[-1] == ' ' || at[-1] == '\t') &&
		    (!at[len] || at[len] == ' ' || at[len] == '\t'))
			return at;
	return NULL;
}

static bool one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(word, *words))
			return true;
	return false;
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
	if (!sim_read_argument(r, "the name of a packet, as \"as NAME\" gave it"))
		return false;
	*f = flow_find(r, r->word);
	if (!*f)
		return wrong(r, "no packet before this one is called '%s'", r->word);
	strcpy(r->s->name, r->word);
	return true;
}

/* Behind words of a packet's own, that come before them, as well. */
#define WORDS_MAX 1000

/* Words of a packet behind @prefix; where they go wrong is told as of this line. */
static bool check_words(struct reader *r, const char *prefix, const char *words, char *where)
{
	struct fwt_packet_text t;
	char error[200], text[WORDS_MAX + 200];
	int column;
	size_t len = strlen(prefix);

	if (strlen(words) >= WORDS_MAX)
		return wrong_at(r, where, NULL, "this is longer than any packet");
	snprintf(text, sizeof(text), "%s%s", prefix, words);
	column = fwt_packet_read(&t, text, error, sizeof(error));
	if (!column)
		return true;
	if ((size_t)column > len)
		where += (size_t)column - 1 - len;
	return wrong_at(r, where, NULL, "%s", error);
}

/* The word that follows is an interface's, of a world of which something was said. */
static void names_device(struct reader *r)
{
	sim_read_next(r);
	if (r->world.route.count + r->world.address.count)
		strcpy(r->s->from, r->word);
	r->s->column = (u32)(r->start - r->line) + 1;
}

static void packet_line(struct reader *r)
{
	char *words = r->at + strspn(r->at, " \t"), *as;
	struct fwt_packet_text t;
	struct flow_name *f;
	char error[200];

	as = find_word(words, "as");
	if (as)
		as[-1] = '\0';
	r->s->rest = strdup(words);
	if (!check_words(r, "", words, words) ||
	    fwt_packet_read(&t, words, error, sizeof(error)))
		return;
	r->at = words + strcspn(words, " \t");
	names_device(r);
	if (!as)
		return;
	r->at = as + 2;
	if (!sim_read_argument(r, "a name"))
		return;
	if (strlen(r->word) >= sizeof(f->name)) {
		wrong(r, "a name has %zu letters at most", sizeof(f->name) - 1);
		return;
	}
	strcpy(r->s->name, r->word);
	if (sim_read_next(r)) {
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
	const char *port;
	bool ports;
	u32 n;

	if (!read_name(r, &f))
		return;
	words = r->at;
	r->s->rest = strdup(words);
	n = (u32)strtoul(f->proto, NULL, 10);
	ports = n == 6 || n == 17 || n == 132 || n == 33 || n == 136;
	port = ports ? ":1" : "";
	if (f->six)
		snprintf(prefix, sizeof(prefix), "in x %s [::1]%s to [::2]%s", f->proto, port,
			 port);
	else
		snprintf(prefix, sizeof(prefix), "in x %s 1.1.1.1%s to 1.1.1.2%s", f->proto, port,
			 port);
	check_words(r, prefix, words, words);
}

static void quote_line(struct reader *r)
{
	const struct flow_name *f;
	char prefix[100], *words, *from, rest[WORDS_MAX];
	struct sim_end end;
	bool six;

	if (!read_name(r, &f))
		return;
	if (!sim_read_argument(r, "'icmp' or 'icmpv6'"))
		return;
	if (!strcmp(r->word, "reply")) {
		r->s->of_reply = true;
		if (!sim_read_argument(r, "'icmp' or 'icmpv6'"))
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
	from = find_word(words, "from");
	if (!from) {
		wrong(r, "'from ADDRESS' is missing: who sends the error");
		return;
	}
	r->at = from + 4;
	if (!sim_read_argument(r, "an address"))
		return;
	if (!sim_read_end(r->word, &end) || end.has_port || end.any_port ||
	    (end.family == 6) != six) {
		wrong(r, "'%s' is no address of IPv%u", r->word, six ? 6 : 4);
		return;
	}
	strcpy(r->s->from, r->word);
	if (strlen(words) >= sizeof(rest)) {
		wrong_at(r, words, NULL, "this is longer than any packet");
		return;
	}
	snprintf(rest, sizeof(rest), "%.*s%s", (int)(from - words), words, r->at);
	r->s->rest = strdup(rest);
	snprintf(prefix, sizeof(prefix), "%s", six ? "in x icmpv6 ::1 to ::2" :
						     "in x icmp 1.1.1.1 to 1.1.1.2");
	*from = '\0';
	check_words(r, prefix, words, words);
	if (!find_word(words, "type") && !r->bad)
		wrong_at(r, words, NULL, "'type N' is missing: which error it is");
}

static void property_line(struct reader *r)
{
	char *words = r->at + strspn(r->at, " \t"), *expect = find_word(words, "expect");
	char error[200];
	int column;

	if (!expect) {
		wrong_at(r, words, NULL, "'expect' is missing: what is %s to be",
			 r->s->kind == TEST_NEVER ? "never" : "always");
		return;
	}
	expect[-1] = '\0';
	r->s->rest = strdup(words);
	column = sim_pattern_check(words, error, sizeof(error));
	if (column) {
		wrong_at(r, words + column - 1, NULL, "%s", error);
		return;
	}
	r->at = words + strcspn(words, " \t");
	names_device(r);
	if (!strcmp(r->s->from, "*"))
		*r->s->from = '\0';
	r->at = expect + 6;
	r->s->expect = sim_read_expects(r);
}

static void set_line(struct reader *r)
{
	static const char *const set[] = { "add", "delete", NULL };
	static const char *const pool[] = { "add", "delete", "drain", "weight", NULL };

	if (!sim_read_argument(r, "what is to be done"))
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

		if (!sim_read_argument(r, "a number"))
			return;
		errno = 0;
		strtoull(r->word, &end, 0);
		if (*r->word < '0' || *r->word > '9' || *end || errno)
			wrong(r, "'%s' is no number of at most 64 bits", r->word);
		else if (sim_read_next(r))
			wrong(r, "nothing may follow here");
		return;
	}
	if (!strncmp(r->start, "node", 4)) {
		struct fwt_mock_nodes nodes = { 0 };
		int ret = fwt_mock_nodes_line(&nodes, r->start, error, sizeof(error));

		fwt_mock_nodes_clean(&nodes);
		if (!ret)
			return;
	} else if (sim_is_name_line(r->start)) {
		struct fwt_dns_book book;
		bool ok;

		fwt_dns_init(&book);
		ok = sim_names_read(&book, r->start, error, sizeof(error));
		fwt_dns_clean(&book);
		if (ok)
			return;
	} else if (!fwt_mock_routes_line(&r->world, r->start, error, sizeof(error))) {
		return;
	}
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

	if (!sim_read_argument(r, "the name of a policy's file"))
		return;
	r->s->path = fwt_source_path(sources, r->file, r->word);
	if (sim_read_next(r))
		wrong(r, "nothing may follow here");
}

static const struct {
	const char *word;
	enum sim_statement_kind kind;
} words[] = {
	{ "route", TEST_WORLD }, { "address", TEST_WORLD }, { "link", TEST_WORLD },
	{ "seed", TEST_WORLD },
	{ "node", TEST_WORLD },
	{ "name", TEST_WORLD }, { "resolvers", TEST_WORLD },
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
		if (!sim_read_argument(r, "a duration"))
			break;
		if (!read_duration(r->word, &r->s->ms))
			wrong(r, "'%s' is no duration: 500ms, 10s, 5m, 2h, 1d are", r->word);
		else if (sim_read_next(r))
			wrong(r, "nothing may follow here");
		break;
	case TEST_POLICY:
		policy_line(r);
		break;
	case TEST_SET:
	case TEST_POOL:
		set_line(r);
		break;
	case TEST_EXPECT:
		r->s->expect = sim_read_expects(r);
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

static bool among(const struct fwt_vec *v, const char *dev)
{
	const struct fwt_mock_entry *e = v->data;
	u32 i;

	for (i = 0; i < v->count; i++)
		if (!strcmp(e[i].dev, dev))
			return true;
	return false;
}

static bool named(const struct fwt_mock_routes *m, const char *dev)
{
	return among(&m->address, dev) || among(&m->route, dev) || among(&m->link, dev) ||
	       !strcmp(dev, "lo");
}

static void unknown_device(struct reader *r, u32 line, u32 column, const char *name)
{
	struct fwt_loc loc = {
		.file = r->file, .line = line, .column = column,
		.end_column = column + (u32)strlen(name),
	};

	fwt_diag_add(r->diag, FWT_ERROR, &loc,
		     "address ADDRESS/LENGTH dev INTERFACE, or link INTERFACE",
		     "no route and no address names the interface '%s'", name);
}

/* Interfaces are those that an address or a route names, wherever it stands. */
static void check_devices(struct reader *r, const struct sim_statement *s)
{
	bool said = r->world.route.count + r->world.address.count;
	const struct sim_expect *e;

	for (; s; s = s->next) {
		if (s->kind != TEST_QUOTE && *s->from && !named(&r->world, s->from))
			unknown_device(r, s->line, s->column, s->from);
		for (e = s->expect; e && said; e = e->next)
			if (e->kind == EXPECT_OUT && !named(&r->world, e->text))
				unknown_device(r, s->line, e->column, e->text);
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
		if (!sim_read_next(&r)) {
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
	fwt_diag_sort(diag);
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
