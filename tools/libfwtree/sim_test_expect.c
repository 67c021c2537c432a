// SPDX-License-Identifier: GPL-2.0
/* Reading what a test expects; sim_expect.c looks whether it is so. */
#include <stdlib.h>

#include "reason.h"
#include "sim_test_read.h"

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

static bool reason_word(struct reader *r, struct sim_expect *e)
{
	static const char *const own[] = {
		"no-route", "ttl-exceeded", "too-big", "malformed", NULL,
	};
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

/* "192.0.2.1 . tcp . 22" is one element. */
static bool joined_parts(struct reader *r, struct sim_expect *e)
{
	char *before = r->at;
	size_t len;

	while (sim_read_next(r) && !strcmp(r->word, ".")) {
		if (!sim_read_argument(r, "another part of the element"))
			return false;
		len = strlen(e->other);
		if (len + strlen(r->word) + 4 > sizeof(e->other))
			return wrong(r, "this element is too long");
		snprintf(e->other + len, sizeof(e->other) - len, " . %s", r->word);
		before = r->at;
	}
	r->at = before;
	return true;
}

static bool expect_word(struct reader *r, struct sim_expect *e)
{
	static const char *const verdicts[] = { "accept", "drop", "reject" };
	static const char *const expectable[] = {
		"accept", "drop", "reject", "out", "local", "held", "to", "from", "snat", "dnat",
		"reason", "rule", "state", "mark", "log", "conn", "set", "not", "no", NULL,
	};
	char *before, suggested[60];
	const char *hint;
	u32 i;

	if (!strcmp(r->word, "not") || !strcmp(r->word, "no")) {
		e->not = true;
		if (!sim_read_argument(r, "what is not expected"))
			return false;
		if (!strcmp(r->word, "not") || !strcmp(r->word, "no"))
			return wrong(r, "'%s' stands here twice", r->word);
	}
	for (i = 0; i < ARRAY_SIZE(verdicts); i++) {
		if (!strcmp(r->word, verdicts[i])) {
			e->kind = EXPECT_VERDICT;
			e->n = i;
			return true;
		}
	}
	if (!strcmp(r->word, "local") || !strcmp(r->word, "held")) {
		e->kind = *r->word == 'l' ? EXPECT_LOCAL : EXPECT_HELD;
		return true;
	}
	if (!strcmp(r->word, "out")) {
		e->kind = EXPECT_OUT;
		if (!sim_read_argument(r, "the name of an interface"))
			return false;
		strcpy(e->text, r->word);
		e->column = (u32)(r->start - r->line) + 1;
		return true;
	}
	if (!strcmp(r->word, "to") || !strcmp(r->word, "from") || !strcmp(r->word, "snat") ||
	    !strcmp(r->word, "dnat")) {
		e->kind = *r->word == 't' ? EXPECT_TO : *r->word == 'f' ? EXPECT_FROM :
			  *r->word == 's' ? EXPECT_SNAT : EXPECT_DNAT;
		before = r->at;
		if (e->not && e->kind >= EXPECT_SNAT) {
			/* "not snat" alone: none at all */
			if (sim_read_next(r) && sim_read_end(r->word, &e->end))
				return true;
			r->at = before;
			e->end.family = 0;
			return true;
		}
		if (!sim_read_argument(r, "an address, or ADDRESS:PORT"))
			return false;
		if (!sim_read_end(r->word, &e->end))
			return wrong(r, "'%s' is neither ADDRESS nor ADDRESS:PORT", r->word);
		return true;
	}
	if (!strcmp(r->word, "reason")) {
		e->kind = EXPECT_REASON;
		return sim_read_argument(r, "a reason") && reason_word(r, e);
	}
	if (!strcmp(r->word, "rule")) {
		e->kind = EXPECT_RULE;
		if (!sim_read_argument(r, "a rule's id, or its line"))
			return false;
		strcpy(e->text, r->word);
		return true;
	}
	if (!strcmp(r->word, "state")) {
		e->kind = EXPECT_STATE;
		if (!sim_read_argument(r, "a state"))
			return false;
		if (!one_of(r->word, states))
			return wrong_at(r, r->start, "new established related invalid untracked",
					"no state: '%s'", r->word);
		strcpy(e->text, r->word);
		return true;
	}
	if (!strcmp(r->word, "mark")) {
		unsigned long n;
		char *end;

		e->kind = EXPECT_MARK;
		if (!sim_read_argument(r, "a number"))
			return false;
		n = strtoul(r->word, &end, 0);
		e->n = (u32)n;
		return (*r->word >= '0' && *r->word <= '9' && !*end && n <= UINT32_MAX) ||
		       wrong(r, "'%s' is no number of at most 32 bits", r->word);
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
		if (sim_read_next(r) && one_of(r->word, tcp_states))
			strcpy(e->text, r->word);
		else
			r->at = before;
		return true;
	}
	if (!strcmp(r->word, "set")) {
		e->kind = EXPECT_SET;
		if (!sim_read_argument(r, "the name of a set"))
			return false;
		strcpy(e->text, r->word);
		if (!sim_read_argument(r, "an element"))
			return false;
		strcpy(e->other, r->word);
		return joined_parts(r, e);
	}
	hint = fwt_diag_suggest(r->word, expectable);
	snprintf(suggested, sizeof(suggested), "did you mean '%s'?", hint ? hint : "");
	return wrong_at(r, r->start, hint ? suggested :
			"accept drop reject out local to from snat dnat reason rule state ...",
			"'%s' is nothing that can be expected", r->word);
}

struct sim_expect *sim_read_expects(struct reader *r)
{
	struct sim_expect *first = NULL, **last = &first, *e;

	while (sim_read_next(r)) {
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

