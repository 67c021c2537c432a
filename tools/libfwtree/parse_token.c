// SPDX-License-Identifier: GPL-2.0
/*
 * Raw tokens -> tokens of the grammar.
 *
 * Overview. The language reserves next to no words: "mark" is a field in one
 * place, a type in another, and an interface in a third. And braces hold a
 * block, a list, branches or keys, in some of which a newline ends a statement
 * and in some it is a blank. A grammar that tells all this apart by itself is
 * full of conflicts; here it is done by looking at what stands before:
 *
 *   p->want   what may stand next decides what a word is
 *   p->level  the braces that are open decide what a newline is, and what
 *             p->want goes back to when a statement ends
 *
 * so that the grammar sees FIELD where a field is meant (of however many
 * words), WORD where a name or value is meant, and another pair of tokens for
 * each kind of braces.
 *
 * Errors. A word that is nothing is reported here, with what was meant, and
 * given on as an unknown field (or verdict, where the statement ends behind
 * it): the grammar reads on as if nothing had happened, and what stands behind
 * it is still checked. p->spoiled keeps the rest of that statement quiet.
 * Braces that a file leaves open are closed at its end, after saying so.
 */
#include <string.h>

#include "parse_internal.h"
#include "parse.tab.h"

/* Words */

static int keyword(struct fwt_parser *p, const struct fwt_keyword *k)
{
	p->want = k->next == WANT_BASE ? fwt_base(p) : k->next;
	p->after_name = k->token == TOK_OPTION ? WANT_REST : WANT_AFTER;
	if (k->brace)
		p->brace = k->brace;
	p->args = k->token == TOK_NODE || k->token == TOK_MODIFY ? 2 : 0;
	if (k->token == TOK_ADD || k->token == TOK_REMOVE)
		p->update = true;
	return k->token;
}

static void join(struct fwt_parser *p, struct fwt_lloc *lloc, unsigned int words)
{
	struct fwt_raw raw;

	while (words-- > 1) {
		fwt_raw_next(p, &raw);
		lloc->end = raw.lloc.end;
		lloc->last_line = raw.lloc.last_line;
		lloc->loc.end_column = raw.lloc.loc.end_column;
	}
}

/* fragment: yes or no may follow, or the next clause */
static bool bare_flag(struct fwt_parser *p)
{
	const struct fwt_raw *raw = fwt_peek(p, 0);

	if (p->want == WANT_KEY || p->want == WANT_FIELD || p->brace == BRACE_SELECT)
		return false;
	switch (raw->type) {
	case TOK_EQ:
	case TOK_NE:
	case TOK_JOIN:
	case TOK_NUMBER:
	case TOK_DEFREF:
	case '&':
		return false;
	case TOK_WORD:
		return !fwt_class_has(FWT_CLASS_BOOL, raw->atom->text);
	default:
		return true;
	}
}

static int field(struct fwt_parser *p, const struct fwt_spelling *s, struct fwt_lloc *lloc,
		 struct fwt_ast_ref **out)
{
	struct fwt_ast_ref *f = fwt_new(p, sizeof(*f));
	bool flag = false;

	if (!f)
		return TOK_YYEOF;
	*out = f;
	if (s) {
		join(p, lloc, s->words);
		f->field = s->field;
		f->implies = s->implies;
		flag = fwt_ast_field_info(f->field)->class == FWT_CLASS_BOOL && bare_flag(p);
	}
	f->loc = lloc->loc;
	if (s && s->field == FWT_AST_FIELD_ERROR)
		fwt_error_hint(p->diag, &f->loc,
			       "'cgroup \"/system.slice\"' is a cgroup of version 2",
			       "'%s' is net_cls's number of a class: a cgroup here is one of version 2, by its path or inode number",
			       s->text);
	f->plen4 = -1;
	f->plen6 = -1;

	switch (p->want) {
	case WANT_KEY:
	case WANT_TARGET:
		p->want = WANT_BEHIND_KEY;
		break;
	case WANT_COMPARED:
		p->want = WANT_AFTER;
		break;
	default:
		p->want = flag ? WANT_AFTER : WANT_OPERAND;
	}
	return flag ? TOK_FLAG : TOK_FIELD;
}

/* The statement ends behind the token that was read */
static bool statement_ends(struct fwt_parser *p)
{
	switch (fwt_peek(p, 0)->type) {
	case TOK_NEWLINE:
	case TOK_YYEOF:
	case ';':
	case '}':
		return true;
	default:
		return false;
	}
}

static int unknown_clause(struct fwt_parser *p, struct fwt_raw *raw, struct fwt_ast_ref **out)
{
	struct fwt_raw second;

	if (raw->atom->field) {
		if (fwt_unknown_field(p, raw)) {
			fwt_raw_next(p, &second);
			raw->lloc.end = second.lloc.end;
			raw->lloc.loc.end_column = second.lloc.loc.end_column;
		}
		return field(p, NULL, &raw->lloc, out);
	}
	fwt_unknown_word(p, raw, CTX_CLAUSE);
	if (statement_ends(p)) {
		p->want = WANT_AFTER;
		return TOK_ERROR_END;
	}
	return field(p, NULL, &raw->lloc, out);
}

static int clause_word(struct fwt_parser *p, struct fwt_raw *raw, struct fwt_ast_ref **out)
{
	const struct fwt_keyword *k;
	const struct fwt_spelling *s;

	if (raw->atom->field) {
		s = fwt_spelling_find(p, raw->atom);
		if (s)
			return field(p, s, &raw->lloc, out);
		if (raw->atom == p->word_ct && fwt_peek(p, 0)->type == TOK_WORD &&
		    fwt_peek(p, 0)->atom == p->word_count) {
			join(p, &raw->lloc, 2);
			p->want = WANT_CLAUSE;
			return TOK_CT_COUNT;
		}
	}
	k = fwt_keyword_find(raw->atom, CTX_CLAUSE);
	if (k)
		return keyword(p, k);
	return unknown_clause(p, raw, out);
}

/*
 * Whether the brace that comes next holds what a map of nftables does, "22 : accept".
 * No block begins with a value; a word is one where a colon ends it.
 */
static bool holds_map(struct fwt_parser *p)
{
	unsigned int n = 1;

	while (n < PEEK_MAX - 1 && fwt_peek(p, n)->type == TOK_NEWLINE)
		n++;
	for (; n < PEEK_MAX - 1; n += 2) {
		switch (fwt_peek(p, n)->type) {
		case TOK_WORD:
			break;
		case TOK_NUMBER:
		case TOK_ADDRESS:
		case TOK_PREFIX:
		case TOK_MAC:
		case TOK_STRING:
		case TOK_SETREF:
		case TOK_DEFREF:
			return true;
		default:
			return false;
		}
		switch (fwt_peek(p, n + 1)->type) {
		case ':':
			return true;
		case TOK_JOIN:
			break;
		default:
			return false;
		}
	}
	return false;
}

/*
 * nftables' words behind a field, with what they hold: "dport vmap { 22 : accept }",
 * "mark set 5". What was meant is said, and a value that is none stands for all of it.
 *
 * Return: 0 where it is no such word: an interface may be called vmap.
 */
static int foreign_word(struct fwt_parser *p, struct fwt_raw *raw)
{
	bool vmap = !strcmp(raw->atom->text, "vmap"), set = p->last == TOK_FIELD &&
		    !strcmp(raw->atom->text, "set");
	int type = vmap || set ? fwt_peek(p, 0)->type : 0;
	unsigned int depth = 0;
	struct fwt_value *v;
	struct fwt_raw next;

	if (!(vmap && ((type == '{' && holds_map(p)) || type == TOK_SETREF)) &&
	    !(set && type == TOK_NUMBER))
		return 0;
	v = fwt_new(p, sizeof(*v));
	if (!v)
		return TOK_YYEOF;
	v->loc = raw->lloc.loc;
	if (vmap)
		fwt_unknown_word(p, raw, CTX_CLAUSE);
	else if (!p->spoiled && !p->panic)
		fwt_error_hint(p->diag, &raw->lloc.loc, "as in: set mark 5, set ct mark 5",
			       "'set' stands before what it changes");
	p->spoiled = true;
	raw->value = v;
	do {
		fwt_raw_next(p, &next);
		depth += next.type == '{';
		depth -= next.type == '}';
	} while (depth && fwt_peek(p, 0)->type != TOK_YYEOF);
	p->want = WANT_AFTER;
	return TOK_BAD;
}

static int value_word(struct fwt_parser *p, struct fwt_raw *raw)
{
	const struct fwt_level *top = fwt_top(p);
	int foreign = foreign_word(p, raw);
	const struct fwt_keyword *k;

	if (foreign)
		return foreign;
	if (raw->atom == p->word_addr && fwt_peek(p, 0)->type == '(')
		return TOK_ADDR_OF;
	if (raw->atom == p->word_net && fwt_peek(p, 0)->type == '(')
		return TOK_NET_OF;
	if (top->kind == BRACE_SELECT && !top->arrow && raw->atom == p->word_default &&
	    fwt_peek(p, 0)->type == TOK_ARROW) {
		p->want = WANT_AFTER;
		return TOK_DEFAULT;
	}
	k = fwt_keyword_find(raw->atom, CTX_RESERVED);
	if (k)
		return keyword(p, k);
	p->want = WANT_AFTER;
	return TOK_WORD;
}

/* A word in the braces of a set or pool, or outside of all */
static int item_word(struct fwt_parser *p, const struct fwt_raw *raw)
{
	unsigned int ctx = fwt_context(p);
	const struct fwt_keyword *k = fwt_keyword_find(raw->atom, ctx);

	if (k)
		return keyword(p, k);
	if (ctx != CTX_POOL && fwt_at_start(p)) {
		fwt_unknown_word(p, raw, ctx);
		p->want = WANT_REST;
		return TOK_UNKNOWN;
	}
	p->want = WANT_AFTER;
	return TOK_WORD;
}

/* "goto FIELDS map @NAME", and not to the tree that is called as a field is */
static bool goes_by_map(struct fwt_parser *p, const struct fwt_raw *raw)
{
	unsigned int i;

	if ((p->last != TOK_GOTO && p->last != TOK_CALL) || !raw->atom->field)
		return false;
	for (i = 0; i + 1 < PEEK_MAX; i++) {
		const struct fwt_raw *next = fwt_peek(p, i);

		if (next->type == TOK_WORD && !strcmp(next->atom->text, "map"))
			return fwt_peek(p, i + 1)->type == TOK_SETREF;
		if (next->type == TOK_NEWLINE || next->type == TOK_YYEOF || next->type == ';' ||
		    next->type == '}')
			break;
	}
	return false;
}

static int word(struct fwt_parser *p, struct fwt_raw *raw, struct fwt_ast_ref **out)
{
	const struct fwt_spelling *s;

	switch (p->want) {
	case WANT_NAME:
		if (goes_by_map(p, raw)) {
			p->want = WANT_KEY;
			return word(p, raw, out);
		}
		p->want = p->after_name;
		return TOK_WORD;
	case WANT_REST:
		return TOK_WORD;
	case WANT_OPERAND:
	case WANT_VALUE:
		return value_word(p, raw);
	case WANT_COMPARED:
		s = raw->atom->field ? fwt_spelling_find(p, raw->atom) : NULL;
		return s && s->words == 1 ? field(p, s, &raw->lloc, out) : value_word(p, raw);
	case WANT_TARGET:
		if (p->last == TOK_SET) {
			s = fwt_target_find(p, raw->atom);
			if (!s)
				fwt_unknown_target(p, raw);
			field(p, s, &raw->lloc, out);
			p->want = WANT_TARGET;
			return TOK_TARGET;
		}
		s = raw->atom->field ? fwt_spelling_find(p, raw->atom) : NULL;
		return s ? field(p, s, &raw->lloc, out) : value_word(p, raw);
	case WANT_KEY:
	case WANT_FIELD:
		s = raw->atom->field ? fwt_spelling_find(p, raw->atom) : NULL;
		if (s)
			return field(p, s, &raw->lloc, out);
		if (p->brace == BRACE_SPLIT || !raw->atom->field) {
			fwt_unknown_word(p, raw, CTX_CLAUSE);
			return field(p, NULL, &raw->lloc, out);
		}
		return unknown_clause(p, raw, out);
	case WANT_BEHIND_KEY:
		if (fwt_top(p)->kind == BRACE_KEYS) {
			p->want = WANT_KEY;
			return word(p, raw, out);
		}
		break;
	case WANT_BASE:
	case WANT_CLAUSE:
	case WANT_AFTER:
		break;
	}
	switch (fwt_context(p)) {
	case CTX_CLAUSE:
		return clause_word(p, raw, out);
	case 0:
		p->want = WANT_AFTER;
		return TOK_WORD;
	default:
		return item_word(p, raw);
	}
}

static void punctuation(struct fwt_parser *p, int type)
{
	bool rest = p->want == WANT_REST;

	switch (type) {
	case ',':
		p->want = fwt_top(p)->kind == BRACE_KEYS ? WANT_KEY : WANT_VALUE;
		break;
	case TOK_JOIN:
		if (p->want == WANT_OPERAND)
			p->want = WANT_FIELD;
		else if (p->want == WANT_BEHIND_KEY)
			p->want = WANT_KEY;
		else
			p->want = WANT_VALUE;
		break;
	case TOK_ARROW:
		if (fwt_top(p)->kind == BRACE_SELECT || fwt_top(p)->kind == BRACE_SPLIT) {
			fwt_top(p)->arrow = true;
			p->want = WANT_CLAUSE;
		} else {
			p->want = WANT_VALUE;
		}
		break;
	case TOK_EQ:
	case TOK_NE:
	case TOK_LT:
	case TOK_LE:
	case TOK_GT:
	case TOK_GE:
		p->want = p->want == WANT_OPERAND ? WANT_COMPARED : WANT_VALUE;
		break;
	case '/':
		break;
	case ')':
		p->want = WANT_AFTER;
		break;
	default:
		p->want = WANT_VALUE;
	}
	if (rest)
		p->want = WANT_REST;
}

static int separator(struct fwt_parser *p)
{
	fwt_top(p)->arrow = false;
	p->brace = 0;
	p->args = 0;
	p->update = false;
	p->want = fwt_base(p);
	return TOK_SEP;
}

/* include "...", where a statement begins */
static bool include(struct fwt_parser *p, struct fwt_raw *raw, int *token)
{
	bool block = p->last == TOK_ARROW;
	struct fwt_raw path;

	if (raw->atom != p->word_include || !fwt_at_start(p) ||
	    fwt_peek(p, 0)->type != TOK_STRING)
		return false;
	fwt_raw_next(p, &path);
	if (!statement_ends(p)) {
		fwt_error(p->diag, &fwt_peek(p, 0)->lloc.loc, "nothing may follow an include");
		while (!statement_ends(p))
			fwt_skip(p, 1);
	}
	*token = TOK_SKIP;
	if (block) {
		/* behind an arrow stands one statement: make the files a block */
		p->brace = BRACE_BLOCK;
		p->want = WANT_CLAUSE;
		*token = fwt_open_brace(p, raw);
		if (*token != TOK_BLOCK_OPEN || !fwt_frame_closing(p, &path.lloc.loc))
			return true;
	}
	fwt_include(p, &path);
	return true;
}

/* The end of a file: it closes what it left open, and ends a statement */
static int file_end(struct fwt_parser *p)
{
	struct fwt_frame *f = p->frame;

	if (!f || p->no_memory)
		return TOK_YYEOF;
	if (f->close) {
		fwt_frame_pop(p);
		return fwt_close_brace(p);
	}
	if (p->depth > f->level) {
		fwt_error(p->diag, &fwt_top(p)->lloc.loc, "this '{' is never closed");
		p->spoiled = true;
		return fwt_close_brace(p);
	}
	fwt_frame_pop(p);
	return separator(p);
}

static int one_token(struct fwt_parser *p, struct fwt_raw *raw, struct fwt_ast_ref **f)
{
	int token;

	switch (raw->type) {
	case TOK_WORD:
		if (include(p, raw, &token))
			return token;
		return word(p, raw, f);
	case TOK_NEWLINE:
		if (!fwt_separates(p) || p->last == ',' || p->last == TOK_ARROW)
			return TOK_SKIP;
		return separator(p);
	case ';':
		return fwt_separates(p) ? separator(p) : ';';
	case '{':
		return fwt_open_brace(p, raw);
	case '}':
		if (p->frame && p->depth > p->frame->level)
			return fwt_close_brace(p);
		fwt_error(p->diag, &raw->lloc.loc, "this '}' closes nothing");
		return TOK_SKIP;
	case TOK_YYEOF:
		return file_end(p);
	case TOK_STRING:
		if (p->want == WANT_NAME)
			p->want = p->after_name;
		else if (p->want != WANT_REST)
			p->want = WANT_AFTER;
		return TOK_STRING;
	case TOK_BAD:
		p->spoiled = true;
		/* fall through */
	case TOK_NUMBER:
	case TOK_ADDRESS:
	case TOK_PREFIX:
	case TOK_MAC:
	case TOK_DURATION:
	case TOK_SIZE:
	case TOK_RATE:
	case TOK_SETREF:
	case TOK_DEFREF:
		if (p->want != WANT_REST && p->want != WANT_BEHIND_KEY)
			p->want = WANT_AFTER;
		return raw->type;
	default:
		punctuation(p, raw->type);
		return raw->type;
	}
}

/*
 * Errors about a statement are quiet once it had one; that ends with the token
 * behind its end, as the parser may still complain about the end itself.
 */
static void wake(struct fwt_parser *p)
{
	switch (p->last) {
	case TOK_SET_OPEN:
		p->lost_set = p->panic && p->declares == TOK_SETDECL;
		break;
	case TOK_SEP:
	case TOK_BLOCK_OPEN:
	case TOK_SELECT_OPEN:
	case TOK_SPLIT_OPEN:
		p->lost_set &= p->depth != 0;
		p->spoiled = p->lost_set;
		p->panic = false;
		p->statement++;
		break;
	default:
		break;
	}
}

int fwt_yylex(FWT_YYSTYPE *lval, FWT_YYLTYPE *lloc, struct fwt_parser *p)
{
	struct fwt_ast_ref *f = NULL;
	struct fwt_raw raw;
	int token;

	wake(p);
	do {
		fwt_raw_next(p, &raw);
		token = one_token(p, &raw, &f);
	} while (token == TOK_SKIP && !p->no_memory);
	if (p->no_memory)
		token = TOK_YYEOF;

	/* They stand behind its name, and not behind what follows that. */
	if (p->args && token != TOK_NODE && token != TOK_MODIFY)
		p->args--;
	if (!p->depth && (!p->last || p->last == TOK_SEP))
		p->declares = token;
	p->last = token;
	p->last_lloc = raw.lloc;
	*lloc = raw.lloc;
	if (f)
		lval->field = f;
	else
		lval->value = raw.value;
	return token;
}
