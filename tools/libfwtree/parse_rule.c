// SPDX-License-Identifier: GPL-2.0
/*
 * Rules and their matches.
 */
#include <string.h>

#include "parse_build.h"

/* Rules */

/*
 * Where the head of a rule ends: before the brace of its own block, if it has
 * one, else with its last clause. Blanks before the brace are not part of it.
 */
static uint32_t head_end(struct fwt_parser *p, const struct fwt_lloc *last, uint32_t brace)
{
	const struct fwt_source *s = p->ast->sources->source[last->loc.file];
	const char *text = s->text;

	if (!brace)
		return last->end;
	brace--;
	while (brace > 0 && (text[brace - 1] == ' ' || text[brace - 1] == '\t'))
		brace--;
	return brace;
}

struct fwt_rule *fwt_rule_new(struct fwt_parser *p, const struct fwt_lloc *last,
			      struct fwt_head head, struct fwt_ast_end *end)
{
	struct fwt_rule *rule = fwt_new(p, sizeof(*rule));

	if (!rule)
		return NULL;
	p->ast->rules++;
	rule->matches = fwt_open_list(head.matches);
	rule->modifiers = fwt_open_list(head.modifiers);
	if (end)
		rule->end = *end;
	rule->text.head_end = head_end(p, last, p->end_brace);
	p->end_brace = 0;
	return rule;
}

/* Its verdict may be in a string that has no end. */
static bool has_open_string(const struct fwt_parser *p, const struct fwt_lloc *lloc)
{
	const struct fwt_lloc *s = &p->open_string;

	return s->loc.line && s->loc.file == lloc->loc.file && s->start >= lloc->start &&
	       s->start < lloc->end;
}

struct fwt_rule *fwt_rule_finish(struct fwt_parser *p, struct fwt_rule *rule,
				 const struct fwt_lloc *lloc)
{
	if (!rule)
		return NULL;
	if (!(p->ast->rules % FWT_PROGRESS_RULES))
		fwt_progress(p->opts.progress, "parsing", lloc->end,
			     p->ast->sources->source[lloc->loc.file]->len);
	rule->loc = lloc->loc;
	rule->text.start = lloc->start;
	rule->text.end = lloc->end;
	if (rule->text.head_end < rule->text.start)
		rule->text.head_end = rule->text.start;
	rule->lost = has_open_string(p, lloc);
	return rule;
}

/*
 * In the place of a statement that could not be read: what stood in its braces.
 * The parser comes here for each of its tokens, one will do.
 */
struct fwt_rule *fwt_rule_lost(struct fwt_parser *p, const struct fwt_lloc *lloc,
			       struct fwt_rule *rules)
{
	struct fwt_rule *rule, *r;

	if (!rules && p->lost == p->statement + 1)
		return NULL;
	p->lost = p->statement + 1;
	rule = fwt_new(p, sizeof(*rule));
	if (!rule)
		return NULL;
	rule->lost = true;
	rule->loc = lloc->loc;
	rule->text.start = lloc->start;
	rule->text.end = lloc->start;
	rule->text.head_end = lloc->start;
	rule->end.kind = FWT_END_BLOCK;
	rule->end.loc = lloc->loc;
	rule->end.block.first = fwt_open_list(rules);
	for (r = rule->end.block.first; r; r = r->next)
		rule->end.block.count++;
	p->end_brace = 0;
	return rule;
}

/* The statements of branches alone; both lists are circular */
struct fwt_rule *fwt_branch_rules(struct fwt_branch *branches)
{
	struct fwt_branch *b = fwt_open_list(branches);
	struct fwt_rule *list = NULL;

	for (; b; b = b->next)
		list = fwt_push(list, b->rule);
	return list;
}

/* LINE, or FILE:LINE: who names the rule by that would mean another one. */
static bool is_place(const char *id)
{
	const char *colon = strrchr(id, ':'), *digits = colon ? colon + 1 : id;
	size_t n = strspn(digits, "0123456789");

	return n && (colon || !digits[n]);
}

static struct fwt_name *name_new(struct fwt_parser *p, struct fwt_atom *atom,
				 const struct fwt_lloc *lloc)
{
	struct fwt_name *name = fwt_new(p, sizeof(*name));

	if (name)
		fwt_set_name(name, atom, lloc);
	return name;
}

void fwt_rule_id(struct fwt_parser *p, struct fwt_rule *rule, const struct fwt_lloc *word,
		 const struct fwt_lloc *lloc, struct fwt_atom *name)
{
	if (!rule)
		return;
	if (rule->id)
		fwt_error(p->diag, &word->loc, "the rule has an id already, '%s'",
			  rule->id->text);
	if (!name->len)
		fwt_error(p->diag, &lloc->loc, "an id is not empty");
	else if (is_place(name->text))
		fwt_error_hint(p->diag, &lloc->loc, "LINE and FILE:LINE name rules by their lines",
			       "an id is not written as a line is, '%.60s'", name->text);
	rule->id = name_new(p, name, lloc);
}

void fwt_rule_comment(struct fwt_parser *p, struct fwt_rule *rule,
		      const struct fwt_lloc *word, const struct fwt_lloc *lloc,
		      struct fwt_atom *text)
{
	if (!rule)
		return;
	if (rule->comment)
		fwt_error(p->diag, &word->loc, "the rule has a comment already");
	rule->comment = name_new(p, text, lloc);
}

void fwt_late_match(struct fwt_parser *p, const struct fwt_lloc *lloc)
{
	if (!p->spoiled)
		fwt_error_hint(p->diag, &lloc->loc,
			       "write it before, or in a block: MODIFIER { MATCH ... }",
			       "a match after a modifier");
}

/* Matches */

static struct fwt_match *match_new(struct fwt_parser *p, const struct fwt_lloc *lloc,
				   enum fwt_match_kind kind)
{
	struct fwt_match *m = fwt_new(p, sizeof(*m));

	if (!m)
		return NULL;
	m->loc = lloc->loc;
	m->kind = kind;
	return m;
}

static void want_values(struct fwt_parser *p, const struct fwt_values *values)
{
	if (!values->count && !p->spoiled)
		fwt_error(p->diag, &values->loc, "there is no value to match");
}

struct fwt_match *fwt_match_field(struct fwt_parser *p, const struct fwt_lloc *lloc,
				  struct fwt_ast_ref *fields, const struct fwt_lloc *f_lloc,
				  enum fwt_op op, bool written, struct fwt_value *values,
				  const struct fwt_lloc *v_lloc)
{
	struct fwt_match *m = match_new(p, lloc, FWT_MATCH_FIELD);

	if (!m)
		return NULL;
	m->fields = fwt_fields_finish(fields, f_lloc);
	m->op = op;
	m->op_written = written;
	m->values = fwt_values_finish(p, values, v_lloc);
	want_values(p, &m->values);
	return m;
}

struct fwt_match *fwt_match_compare(struct fwt_parser *p, const struct fwt_lloc *lloc,
				    struct fwt_ast_ref *fields, const struct fwt_lloc *f_lloc,
				    enum fwt_op op, struct fwt_ast_ref *other)
{
	struct fwt_match *m = match_new(p, lloc, FWT_MATCH_COMPARE);

	if (!m)
		return NULL;
	m->fields = fwt_fields_finish(fields, f_lloc);
	m->op = op;
	m->op_written = true;
	m->other = other;
	if (m->fields.count != 1)
		fwt_error(p->diag, &f_lloc->loc, "joined fields cannot be compared with a field");
	return m;
}

struct fwt_match *fwt_match_mask(struct fwt_parser *p, const struct fwt_lloc *lloc,
				 struct fwt_ast_ref *fields, const struct fwt_lloc *f_lloc,
				 struct fwt_value *mask, const struct fwt_lloc *m_lloc,
				 enum fwt_op op, struct fwt_value *values,
				 const struct fwt_lloc *v_lloc)
{
	struct fwt_match *m = match_new(p, lloc, FWT_MATCH_MASK);

	if (!m)
		return NULL;
	m->fields = fwt_fields_finish(fields, f_lloc);
	m->op = op;
	m->op_written = true;
	m->mask = fwt_new(p, sizeof(*m->mask));
	if (!m->mask)
		return NULL;
	*m->mask = fwt_values_finish(p, mask, m_lloc);
	m->values = fwt_values_finish(p, values, v_lloc);
	want_values(p, m->mask);
	want_values(p, &m->values);
	return m;
}

struct fwt_match *fwt_match_flag(struct fwt_parser *p, const struct fwt_lloc *lloc,
				 struct fwt_ast_ref *field)
{
	struct fwt_match *m = match_new(p, lloc, FWT_MATCH_FLAG);

	if (!m)
		return NULL;
	field->next = field;
	m->fields = fwt_fields_finish(field, lloc);
	return m;
}

struct fwt_match *fwt_match_not(struct fwt_parser *p, const struct fwt_lloc *lloc,
				struct fwt_match *inner)
{
	struct fwt_match *m = match_new(p, lloc, FWT_MATCH_NOT), *i;

	if (!m)
		return NULL;
	m->inner = fwt_open_list(inner);
	if (!m->inner && !p->spoiled)
		fwt_error(p->diag, &lloc->loc, "an empty 'not {}' means nothing");
	for (i = m->inner; i; i = i->next) {
		const char *what = i->kind == FWT_MATCH_LIMIT ? "limit" :
			i->kind == FWT_MATCH_QUOTA ? "quota" :
			i->kind == FWT_MATCH_CT_COUNT ? "ct count" : NULL;
		const char *hint = i->kind == FWT_MATCH_CT_COUNT ? NULL :
			i->kind == FWT_MATCH_LIMIT ? "'limit over RATE' is true above the rate" :
			"'quota over SIZE' is true above the size";

		if (what)
			fwt_error_hint(p->diag, &i->loc, hint, "'%s' may not stand in 'not'", what);
	}
	return m;
}

struct fwt_match *fwt_match_limit(struct fwt_parser *p, const struct fwt_lloc *lloc,
				  bool over, struct fwt_value *rate, struct fwt_value *burst,
				  struct fwt_ast_ref *keys, const struct fwt_lloc *k_lloc)
{
	struct fwt_match *m = match_new(p, lloc, FWT_MATCH_LIMIT);

	if (!m)
		return NULL;
	m->over = over;
	m->rate = rate;
	m->burst = burst;
	if (keys)
		m->fields = fwt_fields_finish(keys, k_lloc);
	return m;
}

struct fwt_match *fwt_match_ct_count(struct fwt_parser *p, const struct fwt_lloc *lloc,
				     struct fwt_ast_ref *keys, const struct fwt_lloc *k_lloc,
				     enum fwt_op op, struct fwt_value *number)
{
	struct fwt_match *m = match_new(p, lloc, FWT_MATCH_CT_COUNT);

	if (!m)
		return NULL;
	m->fields = fwt_fields_finish(keys, k_lloc);
	m->op = op;
	m->op_written = true;
	m->number = number;
	return m;
}

struct fwt_match *fwt_match_quota(struct fwt_parser *p, const struct fwt_lloc *lloc,
				  bool over, struct fwt_value *size)
{
	struct fwt_match *m = match_new(p, lloc, FWT_MATCH_QUOTA);

	if (!m)
		return NULL;
	m->over = over;
	m->number = size;
	return m;
}

struct fwt_match *fwt_match_random(struct fwt_parser *p, const struct fwt_lloc *lloc,
				   struct fwt_value *n, struct fwt_value *m)
{
	struct fwt_match *match = match_new(p, lloc, FWT_MATCH_RANDOM);

	if (!match)
		return NULL;
	match->n = n->number;
	match->m = m->number;
	if (!match->m || match->n > match->m)
		fwt_error(p->diag, &lloc->loc,
			  "'random N/M' is true N times out of M, N is at most M");
	else if (match->m > ~0u)
		fwt_error(p->diag, &lloc->loc, "the M of 'random N/M' is at most %u", ~0u);
	return match;
}

struct fwt_match *fwt_match_node(struct fwt_parser *p, const struct fwt_lloc *lloc,
				 const struct fwt_lloc *n_lloc, struct fwt_atom *name,
				 struct fwt_arg *args)
{
	struct fwt_match *m = match_new(p, lloc, FWT_MATCH_NODE);

	if (!m)
		return NULL;
	fwt_set_name(&m->node.name, name, n_lloc);
	m->node.args = fwt_open_list(args);
	return m;
}

/* saddr/24/64, or one length for what has but one */
struct fwt_ast_ref *fwt_key(struct fwt_parser *p, struct fwt_ast_ref *field,
			    const struct fwt_lloc *lloc, struct fwt_value *plen4,
			    struct fwt_value *plen6)
{
	enum fwt_value_class class = fwt_ast_field_info(field->field)->class;
	bool v6 = field->implies == FWT_IMPLIES_IPV6;

	field->loc = lloc->loc;
	if (field->field == FWT_AST_FIELD_ERROR)
		return field;
	if (class != FWT_CLASS_ADDR && class != FWT_CLASS_ADDR4) {
		fwt_error(p->diag, &plen4->loc, "only addresses have a prefix length");
		return field;
	}
	/* ip6 saddr/64: the length is that of the one family it has */
	if (v6 && !plen6) {
		plen6 = plen4;
		plen4 = NULL;
	}
	if (plen4 && plen4->number > 32) {
		fwt_error(p->diag, &plen4->loc, "a prefix length of IPv4 is at most 32");
		return field;
	}
	if (plen6 && plen6->number > 128) {
		fwt_error(p->diag, &plen6->loc, "a prefix length of IPv6 is at most 128");
		return field;
	}
	if (plen4)
		field->plen4 = plen4->number;
	if (plen6)
		field->plen6 = plen6->number;
	return field;
}

struct fwt_arg *fwt_arg_new(struct fwt_parser *p, const struct fwt_lloc *lloc,
			    struct fwt_atom *name, struct fwt_value *value,
			    const struct fwt_lloc *v_lloc)
{
	struct fwt_arg *arg = fwt_new(p, sizeof(*arg));

	if (!arg)
		return NULL;
	fwt_set_name(&arg->name, name, lloc);
	if (v_lloc)
		arg->value = fwt_value_one(p, value, v_lloc, "a setting");
	return arg;
}
