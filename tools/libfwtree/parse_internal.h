/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of the parser share: text -> raw tokens (lex.l) -> tokens of
 * the grammar (parse_token.c, with parse_word.c and parse_include.c) -> tree
 * (parse.y, with parse_build.c).
 */
#ifndef FWT_PARSE_INTERNAL_H
#define FWT_PARSE_INTERNAL_H

#include "arena.h"
#include "ast.h"
#include "diag.h"
#include "parse.h"
#include "progress.h"
#include "source.h"

/**
 * struct fwt_lloc - a place, and the bytes there
 * @loc: as the tree keeps it
 * @last_line: the line of the last byte
 * @start: offset of the first byte
 * @end: one behind the last
 */
struct fwt_lloc {
	struct fwt_loc loc;
	uint32_t last_line;
	uint32_t start;
	uint32_t end;
};

/* A token as the scanner reads it. Its types are those of the grammar. */
struct fwt_raw {
	int type;
	struct fwt_lloc lloc;
	union {
		struct fwt_atom *atom;
		struct fwt_value *value;
	};
};

/* Where a scanner is in its source */
struct fwt_scan {
	struct fwt_parser *parser;
	const struct fwt_source *source;
	uint32_t file;
	uint32_t line;
	uint32_t line_start;	/* offset */
	struct fwt_raw *out;
	char *buf;
	void *flex;
};

/* What may stand here: decides what a word is */
enum fwt_want {
	WANT_BASE,	/* whatever the enclosing braces hold */
	WANT_CLAUSE,	/* a match, modifier, verdict */
	WANT_FIELD,	/* the next field of a joined match */
	WANT_OPERAND,	/* behind a field: an operator or values */
	WANT_COMPARED,	/* behind a written operator: values or a one-word field */
	WANT_KEY,	/* a field that is a key, not a match */
	WANT_BEHIND_KEY,
	WANT_TARGET,	/* behind "to" and "set X": a value or fields */
	WANT_VALUE,
	WANT_AFTER,	/* behind a value or a name */
	WANT_NAME,
	WANT_REST,	/* words are words up to the end of the statement */
};

/* What a pair of braces holds */
enum fwt_brace {
	BRACE_TOP,	/* none: the file */
	BRACE_BLOCK,
	BRACE_SELECT,
	BRACE_SPLIT,
	BRACE_SET,
	BRACE_POOL,
	BRACE_LIST,
	BRACE_KEYS,
	BRACE_NOT,
	BRACE_ARGS,
};

/* Where a keyword is one: bits */
#define CTX_TOP		0x01
#define CTX_CLAUSE	0x02
#define CTX_SET		0x04
#define CTX_POOL	0x08
#define CTX_RESERVED	0x10	/* nor is it ever a value, unless quoted */

struct fwt_keyword {
	const char *word;
	unsigned int ctx;
	int token;
	enum fwt_want next;
	enum fwt_brace brace;
};

struct fwt_level {
	enum fwt_brace kind;
	bool arrow;		/* a branch's statement has begun */
	enum fwt_brace brace;	/* what was announced when it opened */
	struct fwt_lloc lloc;
};

#define PEEK_MAX	8

/* A file being read, or what is to come after one */
struct fwt_frame {
	struct fwt_frame *below;
	struct fwt_scan scan;
	char *path;		/* not open yet */
	struct fwt_loc where;	/* of the include */
	unsigned int level;	/* braces open when it began */
	struct fwt_raw peek[PEEK_MAX];
	unsigned int peeked;
	bool close;		/* no file: closes the block made for "-> include" */
	bool open;
};

#define FIELD_SPELLINGS_MAX 160

struct fwt_spelling {
	struct fwt_atom *word[FWT_FIELD_WORDS_MAX];
	uint8_t words;
	uint8_t field;		/* enum fwt_ast_field */
	uint8_t implies;
	uint8_t next;		/* with the same first word, from 1 */
	const char *text;
};

/* The statements in the braces of a set or map; lists are circular */
struct fwt_items {
	struct fwt_value *timeout;
	struct fwt_value *max;
	bool interval;
	struct fwt_loc timeout_loc;
	struct fwt_loc max_loc;
	struct fwt_loc interval_loc;
	struct fwt_value *elements;
	struct fwt_lloc elements_lloc;
	struct fwt_map_element *pairs;
	struct fwt_value *trees;
	struct fwt_lloc trees_lloc;
	struct fwt_path *files;
};

/* The state of one fwt_parse_*() */
struct fwt_parser {
	struct fwt_policy_ast *ast;
	struct fwt_diag *diag;
	struct fwt_parse_opts opts;
	bool no_memory;
	bool fatal;

	/* tokens */
	struct fwt_frame *frame;
	struct fwt_raw nothing;
	struct fwt_level level[FWT_PARSE_DEPTH_MAX + 8];
	unsigned int depth;
	enum fwt_want want;
	enum fwt_want after_name;
	enum fwt_brace brace;	/* what the next block brace opens */
	int last;		/* the token given last */
	struct fwt_lloc last_lloc;
	unsigned int args;	/* tokens within which a brace opens a node's settings */
	bool update;		/* the next brace holds keys */
	bool spoiled;		/* this statement had its error */
	bool panic;		/* the parser is skipping */
	bool lost_set;		/* this set's head had its error: its braces are read as a map's */
	struct fwt_lloc open_string;	/* the last string that does not end on its line */
	int declares;		/* the token that began this declaration */
	unsigned int statement;	/* number of the one being read */
	unsigned int lost;	/* number of the last one lost, plus 1 */

	/* words */
	struct fwt_spelling spelling[FIELD_SPELLINGS_MAX];
	unsigned int spellings;
	struct fwt_spelling target[32];
	unsigned int targets;
	struct fwt_atom *word_include, *word_ct, *word_count, *word_addr, *word_net,
			*word_default;

	struct fwt_select *by_map;	/* whose branches are to be made, at the end */

	/* list ends, for appending in the order written */
	struct fwt_define **defines;
	struct fwt_ast_option **options;
	struct fwt_set **sets;
	struct fwt_map **maps;
	struct fwt_pool **pools;
	struct fwt_tree **trees;
	struct fwt_ast_hook **hooks;
	uint32_t copies;
	uint32_t end_brace;	/* offset + 1 of the brace of the end read last */
	struct fwt_items *item;
	struct fwt_items item_waste;
	struct fwt_pool *pool_item;
	bool seen_option[FWT_OPT_COUNT];
	bool seen_timeout[FWT_AST_TIMEOUT_COUNT];
};

/* A rule under construction */
struct fwt_head {
	struct fwt_match *matches;	/* circular, the last one */
	struct fwt_modifier *modifiers;
};

/* lex.l */
int fwt_scan_open(struct fwt_scan *scan, struct fwt_parser *p, uint32_t file);
void fwt_scan_close(struct fwt_scan *scan);
void fwt_scan_next(struct fwt_scan *scan, struct fwt_raw *raw);

/* parse_literal.c: the scanner's longer thoughts; each fills scan->out */
int fwt_lex_number(struct fwt_scan *scan, const char *text, size_t len);
int fwt_lex_duration(struct fwt_scan *scan, const char *text, size_t len);
int fwt_lex_size(struct fwt_scan *scan, const char *text, size_t len);
int fwt_lex_rate(struct fwt_scan *scan, const char *text, size_t len);
int fwt_lex_ipv4(struct fwt_scan *scan, const char *text, size_t len);
int fwt_lex_colons(struct fwt_scan *scan, const char *text, size_t *len);
int fwt_lex_bracketed(struct fwt_scan *scan, const char *text, size_t len);
int fwt_lex_string(struct fwt_scan *scan, const char *text, size_t len, bool closed);
int fwt_lex_word(struct fwt_scan *scan, int type, const char *text, size_t len);
bool fwt_lex_unit(const char *text, size_t len);
int fwt_lex_bad(struct fwt_scan *scan, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* parse_include.c */
bool fwt_include(struct fwt_parser *p, const struct fwt_raw *path);
bool fwt_frame_open(struct fwt_parser *p);
int fwt_read(struct fwt_parser *p, const char *path, const struct fwt_loc *where);
void fwt_frame_pop(struct fwt_parser *p);
struct fwt_frame *fwt_frame_push(struct fwt_parser *p, const char *path,
				 const struct fwt_loc *where);
bool fwt_frame_closing(struct fwt_parser *p, const struct fwt_loc *where);

/* parse_brace.c */
struct fwt_raw *fwt_peek(struct fwt_parser *p, unsigned int n);
void fwt_raw_next(struct fwt_parser *p, struct fwt_raw *raw);
void fwt_skip(struct fwt_parser *p, unsigned int n);
struct fwt_level *fwt_top(struct fwt_parser *p);
bool fwt_separates(const struct fwt_parser *p);
unsigned int fwt_context(const struct fwt_parser *p);
enum fwt_want fwt_base(const struct fwt_parser *p);
bool fwt_at_start(const struct fwt_parser *p);
int fwt_open_brace(struct fwt_parser *p, const struct fwt_raw *raw);
int fwt_close_brace(struct fwt_parser *p);

/* parse_word.c */
bool fwt_words_init(struct fwt_parser *p);
const struct fwt_keyword *fwt_keyword_find(const struct fwt_atom *atom, unsigned int ctx);
const struct fwt_spelling *fwt_spelling_find(struct fwt_parser *p, struct fwt_atom *first);
const struct fwt_spelling *fwt_target_find(struct fwt_parser *p, struct fwt_atom *first);
void fwt_unknown_word(struct fwt_parser *p, const struct fwt_raw *raw, unsigned int ctx);
bool fwt_unknown_field(struct fwt_parser *p, const struct fwt_raw *raw);
void fwt_unknown_target(struct fwt_parser *p, const struct fwt_raw *raw);

/* parse_build.c, parse_decl.c */
void *fwt_new(struct fwt_parser *p, size_t size);
void fwt_parse_error(struct fwt_parser *p, const struct fwt_loc *loc, const char *hint,
		     const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/*
 * Lists grow at their end as circular ones, held by their last node, and are
 * cut open when they are complete: one pointer a list, no search for the end.
 */
#define fwt_push(last, node) ({				\
	__typeof__(node) n_ = (node);			\
	__typeof__(node) l_ = (last);			\
							\
	if (n_ && l_) {					\
		n_->next = l_->next;			\
		l_->next = n_;				\
	} else if (n_) {				\
		n_->next = n_;				\
	}						\
	n_ ? n_ : l_;					\
})

#define fwt_open_list(last) ({				\
	__typeof__(last) o_ = (last), f_ = NULL;	\
							\
	if (o_) {					\
		f_ = o_->next;				\
		o_->next = NULL;			\
	}						\
	f_;						\
})

#endif /* FWT_PARSE_INTERNAL_H */
