/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tree of a policy text, as the parser leaves it and the compiler reads it.
 *
 * Life-cycle: every node, name and list lies in the arena of its
 * struct fwt_policy_ast and dies with it in fwt_ast_free(); nobody frees a
 * node. After fwt_parse_*() has returned, nothing here changes any more, and
 * lists may be shared (a define that is used whole is the same list of values
 * everywhere), so a reader must not relink them.
 *
 * Names are interned: two names of one policy are equal exactly when their
 * pointers are. What is not in a list is reached by NULL or a count of 0.
 */
#ifndef FWT_AST_H
#define FWT_AST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "names.h"

struct fwt_sources;
struct fwt_arena;

/**
 * struct fwt_loc - where something is written
 * @file: index into the policy's sources
 * @line: from 1; 0 where there is no place
 * @column: from 1, in bytes; diagnostics convert to characters
 * @end_column: one behind the last byte on that line; 0 means that it goes on
 *	to the end of the line (what spans lines is marked on the first)
 *
 * A policy of 110,000 rules has two million of them, and what reading it takes is
 * memory: so they have as many bits as FWT_PARSE_FILES_MAX and FWT_PARSE_FILE_MAX
 * want, and no more.
 */
struct fwt_loc {
	uint32_t file : 12;
	uint32_t line : 28;
	uint32_t column : 28;
	uint32_t end_column : 28;
} __attribute__((packed, aligned(4)));

/**
 * struct fwt_name - a name and where it stands
 * @text: interned, NULL for none
 */
struct fwt_name {
	const char *text;
	struct fwt_loc loc;
};

/* Values */

enum fwt_value_kind {
	FWT_VALUE_ERROR,	/* was reported; stands in for what could not be read */
	FWT_VALUE_WORD,		/* @text; with its '*' where FWT_VALUE_WILDCARD is set */
	FWT_VALUE_STRING,	/* @text, a quoted name or text; '*' in it means itself */
	FWT_VALUE_NUMBER,	/* @number */
	FWT_VALUE_DURATION,	/* @number, milliseconds */
	FWT_VALUE_SIZE,		/* @number, bytes: k M G T are powers of 1024 */
	FWT_VALUE_RATE,		/* @rate */
	FWT_VALUE_IPV4,		/* @addr[0..3], network order */
	FWT_VALUE_IPV6,		/* @addr[0..15] */
	FWT_VALUE_MAC,		/* @addr[0..5] */
	FWT_VALUE_PREFIX4,	/* @addr[0..3] / @plen; host bits may be set */
	FWT_VALUE_PREFIX6,	/* @addr[0..15] / @plen */
	FWT_VALUE_RANGE,	/* @range.lo .. @range.hi, both literals */
	FWT_VALUE_SETREF,	/* @text: @NAME, a set, map or pool */
	FWT_VALUE_ADDR_OF,	/* @text: addr(IF) */
	FWT_VALUE_NET_OF,	/* @text: net(IF) */
	FWT_VALUE_JOIN,		/* @parts: a . b . c, each part one or more values */
};

#define FWT_VALUE_WILDCARD	0x01	/* WORD, ADDR_OF, NET_OF: ends in '*', a prefix */
#define FWT_VALUE_HEX		0x02	/* NUMBER: was written 0x... */
#define FWT_VALUE_BRACKETED	0x04	/* IPV6: was written [...] */
#define FWT_VALUE_BYTES		0x08	/* RATE: SIZE/second, @rate.count is bytes */
#define FWT_VALUE_QUOTED	0x10	/* ADDR_OF, NET_OF, SETREF: the name was quoted */

/**
 * struct fwt_rate - N/second|minute|hour|day, or SIZE/second
 * @count: packets or bytes
 * @per: seconds: 1, 60, 3600 or 86400
 */
struct fwt_rate {
	uint64_t count;
	uint32_t per;
};

/**
 * struct fwt_values - one or more values
 * @first: singly linked by fwt_value.next
 * @count: how many
 * @loc: of the whole; for a use of $name the place of use
 *
 * The values of a define carry the place where they are *used*, when the define
 * was mixed with other values; where it stands alone ($name) they carry the
 * place of the definition, and @loc is the use.
 */
struct fwt_values {
	struct fwt_value *first;
	uint32_t count;
	struct fwt_loc loc;
};

struct fwt_value {
	struct fwt_value *next;
	struct fwt_loc loc;
	uint8_t kind;		/* enum fwt_value_kind */
	uint8_t flags;		/* FWT_VALUE_* bits */
	uint8_t plen;		/* PREFIX4, PREFIX6 */
	union {
		const char *text;
		uint64_t number;
		struct fwt_rate rate;
		uint8_t addr[16];
		struct {
			struct fwt_value *lo, *hi;
		} range;
		struct {
			struct fwt_values *part;	/* array */
			uint32_t count;
		} parts;
	};
};

/* Fields */

/**
 * struct fwt_ast_ref - one field as written
 * @field: which
 * @implies: what its prefix demands (tcp dport: TCP; ip saddr: IPV4)
 * @plen4: keys only: prefix length asked for IPv4, -1 for none (whole)
 * @plen6: the same for IPv6; -1 where only one length or none was written
 */
struct fwt_ast_ref {
	struct fwt_ast_ref *next;
	struct fwt_loc loc;
	uint8_t field;		/* enum fwt_ast_field */
	uint8_t implies;	/* enum fwt_implies */
	int16_t plen4 : 7;
	int16_t plen6 : 9;
};

/** struct fwt_fields - FIELD . FIELD ..., in the order written */
struct fwt_fields {
	struct fwt_ast_ref *first;
	uint32_t count;
	struct fwt_loc loc;
};

enum fwt_op {
	FWT_OP_EQ,	/* also where none is written */
	FWT_OP_NE,
	FWT_OP_LT,
	FWT_OP_LE,
	FWT_OP_GT,
	FWT_OP_GE,
};

/**
 * struct fwt_arg - one setting of a node from elsewhere: NAME [=] [VALUE]
 * @value: NULL where none is written
 */
struct fwt_arg {
	struct fwt_arg *next;
	struct fwt_name name;
	struct fwt_value *value;
};

/** struct fwt_node - node NAME { ... }, modify NAME { ... } */
struct fwt_node {
	struct fwt_name name;
	struct fwt_arg *args;
};

/* Matches */

enum fwt_match_kind {
	FWT_MATCH_FIELD,	/* fields [op] values */
	FWT_MATCH_FLAG,		/* a yes/no field alone: fragment */
	FWT_MATCH_COMPARE,	/* fields op other */
	FWT_MATCH_MASK,		/* fields & mask op values; op is EQ or NE */
	FWT_MATCH_NOT,		/* not inner, all of which must hold; never empty */
	FWT_MATCH_LIMIT,	/* limit [over] rate [burst n] [by keys] */
	FWT_MATCH_CT_COUNT,	/* ct count by keys op number */
	FWT_MATCH_QUOTA,	/* quota [over] size */
	FWT_MATCH_RANDOM,	/* random n / m */
	FWT_MATCH_NODE,		/* node name { ... } */
};

/* There are three or four in a rule, and 100,000 rules: what is rare is pointed to. */
struct fwt_match {
	struct fwt_match *next;
	struct fwt_loc loc;
	uint8_t kind;			/* enum fwt_match_kind */
	uint8_t op;			/* enum fwt_op */
	bool op_written;
	bool over;			/* LIMIT, QUOTA */
	struct fwt_fields fields;	/* of the first four; keys of LIMIT, CT_COUNT */
	union {
		struct {
			struct fwt_values values;	/* FIELD, MASK */
			union {
				struct fwt_values *mask;	/* MASK */
				struct fwt_ast_ref *other;	/* COMPARE */
			};
		};
		struct fwt_match *inner;		/* NOT */
		struct {
			struct fwt_value *rate;		/* LIMIT: a RATE */
			struct fwt_value *burst;	/* LIMIT: NUMBER or SIZE, or NULL */
		};
		struct fwt_value *number;	/* CT_COUNT: NUMBER; QUOTA: SIZE or NUMBER */
		struct {
			uint64_t n, m;			/* RANDOM */
		};
		struct fwt_node node;			/* NODE */
	};
};

/* Modifiers */

enum fwt_modifier_kind {
	FWT_AST_MOD_SNAT,		/* nat */
	FWT_AST_MOD_MASQUERADE,	/* nat, flags alone */
	FWT_AST_MOD_DNAT,		/* nat */
	FWT_AST_MOD_REDIRECT,	/* nat, ports alone, which may be absent */
	FWT_AST_MOD_NETMAP,		/* nat.addr, prefixes */
	FWT_AST_MOD_BALANCE,	/* nat.pool */
	FWT_AST_MOD_SET,		/* set */
	FWT_AST_MOD_MSS_CLAMP,
	FWT_AST_MOD_ADD,		/* update */
	FWT_AST_MOD_REMOVE,		/* update */
	FWT_AST_MOD_LOG,		/* log */
	FWT_AST_MOD_COUNT,	/* count; no name: nftables' bare "counter", does nothing */
	FWT_AST_MOD_NOTRACK,
	FWT_AST_MOD_MODIFY,		/* node */
};

#define FWT_NAT_RANDOM		0x01
#define FWT_NAT_PERSISTENT	0x02
#define FWT_NAT_EIM		0x04	/* endpoint-independent, RFC 4787 */

/**
 * struct fwt_nat - the target of a translation
 * @addr: what stands after "to", before the port: an address, a range of them,
 *	addr(IF); several where a define holds one of each family; empty for a
 *	port alone
 * @port: NUMBER or RANGE behind ':', or NULL
 * @map: "FIELDS map @NAME" or "@NAME": the map asked; text NULL for none
 * @keys: the fields asked in @map; empty for a bare "@NAME", which asks the
 *	packet's own destination (dnat) or source (snat) by the map's types
 * @pool: BALANCE
 * @or_reject: BALANCE: what happens where the pool has no server; NULL for a drop
 * @flags: FWT_NAT_*
 */
struct fwt_nat {
	struct fwt_values addr;
	struct fwt_value *port;
	struct fwt_name map;
	struct fwt_fields keys;
	struct fwt_name pool;
	const struct fwt_ast_end *or_reject;
	unsigned int flags;
};

struct fwt_modifier {
	struct fwt_modifier *next;
	struct fwt_loc loc;
	enum fwt_modifier_kind kind;
	union {
		struct fwt_nat nat;
		struct {
			struct fwt_ast_ref target;	/* see FWT_SET_TARGETS */
			struct fwt_values value;	/* one value, or none and ... */
			struct fwt_ast_ref *from;	/* ... another field: set mark ct mark */
			struct fwt_name map;		/* ... or a map, as in struct fwt_nat */
			struct fwt_fields keys;
		} set;
		struct {
			struct fwt_name set;
			struct fwt_fields keys;
			struct fwt_value *timeout;	/* DURATION or NULL */
		} update;
		struct {
			struct fwt_name prefix;		/* text NULL for none */
			struct fwt_value *group;	/* NUMBER or NULL */
		} log;
		struct fwt_name count;
		struct fwt_node node;
	};
};

/* What ends a rule */

enum fwt_end_kind {
	FWT_END_NONE,		/* walk on */
	FWT_END_ERROR,		/* was reported */
	FWT_END_ACCEPT,
	FWT_END_DROP,
	FWT_END_REJECT,		/* reject */
	FWT_END_QUEUE,		/* queue */
	FWT_END_GOTO,		/* target */
	FWT_END_CALL,		/* target */
	FWT_END_RETURN,
	FWT_END_BLOCK,		/* block */
	FWT_END_SELECT,		/* select */
	FWT_END_SPLIT,		/* split */
};

/* Does a rule that ends so, and matches, let nothing come to the one after it. */
static inline bool fwt_end_decides(enum fwt_end_kind end)
{
	return (end >= FWT_END_ACCEPT && end <= FWT_END_GOTO) || end == FWT_END_RETURN;
}

/**
 * struct fwt_branch - one line of a select or a split
 * @values: select: what the key must be; unused in a default
 * @weight: split
 * @is_default: select's "default"
 * @rule: the statement behind the arrow; its @text begins at the values, so
 *	that two branches with the same verdict remain two texts
 */
struct fwt_branch {
	struct fwt_branch *next;
	struct fwt_loc loc;
	struct fwt_values values;
	uint64_t weight;
	bool is_default;
	struct fwt_rule *rule;
};

/**
 * struct fwt_select - select KEYS { ... }, or goto or call by a map
 * @fields: what is asked, or empty and
 * @node: a selector from elsewhere (name.text not NULL)
 * @map: "goto FIELDS map @NAME": a map to trees; text NULL for none. Its branches
 *	are made by the parser, one for each tree that the map's elements name, and
 *	have no values. Without @fields the packet's own destination is asked
 * @call: it is "call"
 * @next: of the parser
 * @branches: in the order written, the default among them
 * @fallback: that default once more, or NULL
 */
struct fwt_select {
	struct fwt_fields fields;
	struct fwt_node node;
	struct fwt_name map;
	bool call;
	struct fwt_select *next;
	struct fwt_branch *branches;
	uint32_t count;
	struct fwt_branch *fallback;
};

enum fwt_split_kind {
	FWT_SPLIT_ROUND_ROBIN,
	FWT_SPLIT_RANDOM,
	FWT_SPLIT_HASH,
};

struct fwt_split {
	enum fwt_split_kind kind;
	struct fwt_fields keys;		/* HASH */
	struct fwt_branch *branches;
	uint32_t count;
};

/** struct fwt_block - statements in order */
struct fwt_block {
	struct fwt_rule *first;
	uint32_t count;
};

struct fwt_ast_end {
	enum fwt_end_kind kind;
	struct fwt_loc loc;
	union {
		struct {
			bool written;		/* "with ..." */
			enum fwt_ast_reject with;
		} reject;
		struct {
			uint64_t number;
			bool bypass;
		} queue;
		struct fwt_name target;
		struct fwt_block block;
		struct fwt_select *select;
		struct fwt_split *split;
	};
};

/**
 * struct fwt_text - a stretch of a source's text
 * @start: offset of the first byte in the text of loc.file
 * @end: one behind the last
 * @head_end: one behind the last byte before the brace of the rule's own block,
 *	select or split, and before id and comment
 */
struct fwt_text {
	uint32_t start;
	uint32_t end;
	uint32_t head_end;
};

/**
 * struct fwt_rule - a statement
 * @loc: its first line
 * @text: what is written, in the file of @loc
 * @id: NULL for none
 * @comment: NULL for none
 * @lost: it was not understood, which was reported; its end is a block of what
 *	could be read in its braces
 */
struct fwt_rule {
	struct fwt_rule *next;
	struct fwt_loc loc;
	struct fwt_text text;
	struct fwt_match *matches;
	struct fwt_modifier *modifiers;
	struct fwt_ast_end end;
	struct fwt_name *id;
	struct fwt_name *comment;
	bool lost;
};

/* Top level */

struct fwt_tree {
	struct fwt_tree *next;
	struct fwt_name name;
	struct fwt_loc loc;		/* the word "tree" up to the name */
	struct fwt_block block;
	void *priv;			/* the compiler's */
};

/**
 * struct fwt_ast_hook - a hook and what is done there
 * @egress: else ingress
 * @device: a device tree, of @devices (WORDs and STRINGs, wildcards allowed)
 */
struct fwt_ast_hook {
	struct fwt_ast_hook *next;
	struct fwt_loc loc;
	bool egress;
	bool device;
	struct fwt_values devices;
	struct fwt_block block;
	void *priv;
};

/** struct fwt_define - @late: a hook or a tree stands before it */
struct fwt_define {
	struct fwt_define *next;
	bool late;
	struct fwt_name name;
	struct fwt_values values;
};

/**
 * struct fwt_ast_option - option NAME VALUE
 * @state: "option timeout STATE D" alone
 * @value: one value; its form was checked against the table
 */
struct fwt_ast_option {
	struct fwt_ast_option *next;
	struct fwt_loc loc;
	struct fwt_name name;
	enum fwt_option_id id;
	struct fwt_name state;
	enum fwt_timeout_state state_id;
	struct fwt_value *value;
};

/** struct fwt_set_type - TYPE . TYPE ... */
struct fwt_set_type {
	enum fwt_type type[FWT_SET_TYPES_MAX];
	uint32_t count;
	struct fwt_loc loc;
};

/** struct fwt_path - elements file "PATH", relative to the file of @path.loc */
struct fwt_path {
	struct fwt_path *next;
	struct fwt_name path;
};

/**
 * struct fwt_set - set NAME : TYPE { ... }
 * @elements: those written, then those of "elements file"; not those of @names
 * @names: elements that are DNS names, or have such among their parts
 * @resolvers: not written: '@resolvers' was asked for
 */
struct fwt_set {
	struct fwt_set *next;
	struct fwt_name name;
	struct fwt_set_type type;
	struct fwt_value *timeout;	/* DURATION or NULL */
	struct fwt_value *max;		/* NUMBER, SIZE or NULL */
	bool interval;
	struct fwt_values elements;
	struct fwt_values names;
	bool resolvers;
	void *priv;
};

/** struct fwt_map_element - KEY -> VALUE */
struct fwt_map_element {
	struct fwt_map_element *next;
	struct fwt_value *key;
	struct fwt_value *value;
};

/**
 * struct fwt_map - map NAME : TYPE -> TYPE { ... }
 * @trees: those that elements may lead to, besides the ones that are written
 * @elements: those written, then those of "elements file"
 */
struct fwt_map {
	struct fwt_map *next;
	struct fwt_name name;
	struct fwt_set_type key;
	struct fwt_set_type value;
	struct fwt_value *timeout;
	struct fwt_value *max;
	bool interval;
	struct fwt_values trees;
	struct fwt_map_element *elements;
	uint32_t count;
	void *priv;
};

/**
 * struct fwt_server - a member of a pool
 * @addr: IPV4, IPV6, or a WORD or STRING that is a host's name
 * @port: NUMBER or RANGE, or NULL to keep the packet's
 * @weight: 1 where none is written
 */
struct fwt_server {
	struct fwt_server *next;
	struct fwt_loc loc;
	struct fwt_value *addr;
	struct fwt_value *port;
	uint64_t weight;
	bool weight_written;
};

struct fwt_pool {
	struct fwt_pool *next;
	struct fwt_name name;
	bool scheduler_written;
	enum fwt_scheduler scheduler;
	bool health_passive;
	bool lost;		/* something in it could not be read */
	struct fwt_server *servers;
	uint32_t count;
	void *priv;
};

/**
 * struct fwt_policy_ast - a parsed policy
 * @sources: all files that were read, owned; index 0 is the one asked for
 * @rules: how many struct fwt_rule there are
 * @lost: there were declarations that were not understood
 * @beyond: what files there are was asked for, too
 *
 * Each list is in the order written, over all files.
 */
struct fwt_policy_ast {
	struct fwt_arena *arena;
	struct fwt_sources *sources;
	struct fwt_intern *intern;
	struct fwt_define *defines;
	struct fwt_ast_option *options;
	struct fwt_set *sets;
	struct fwt_map *maps;
	struct fwt_pool *pools;
	struct fwt_tree *trees;
	struct fwt_ast_hook *hooks;
	uint32_t rules;
	bool lost;
	bool beyond;
};

/**
 * fwt_ast_free() - let go of a policy and its sources
 * @ast: may be NULL
 */
void fwt_ast_free(struct fwt_policy_ast *ast);

/**
 * fwt_ast_print() - write a policy in its canonical form
 *
 * One statement a line, tabs, defines expanded, no comments (but "comment"),
 * includes dissolved. Parsing the result gives the same tree again.
 */
void fwt_ast_print(FILE *out, const struct fwt_policy_ast *ast);

#define FWT_LATE	"# late "	/* FILE:LINE */
#define FWT_FILE	"# file "	/* FILE FILE:LINE */

/**
 * fwt_ast_print_defines() - write what rules may use, a line for each
 * @constant: elements of sets that are left out
 *
 * What not all rules may use, since it stands behind some, ends in FWT_LATE and its place;
 * and where there is any, each file has a line that says where it is included.
 */
void fwt_ast_print_defines(FILE *out, const struct fwt_policy_ast *ast,
			   bool (*constant)(const struct fwt_value *v));

/** fwt_ast_print_rule() - one rule as fwt_ast_print() writes it, @depth tabs in */
void fwt_ast_print_rule(FILE *out, const struct fwt_rule *rule, unsigned int depth);

/** fwt_ast_print_value() - one value as fwt_ast_print() writes it */
void fwt_ast_print_value(FILE *out, const struct fwt_value *value);

/**
 * fwt_ast_rule_text() - the text that a rule without an id is known by
 * @ast: the policy
 * @rule: a rule of it
 * @buf: receives the text and a NUL; may be NULL with a @size of 0
 * @size: of @buf
 *
 * The head of the rule (what stands before the brace of its own block, select
 * or split, and before id and comment; for a branch with the values), with
 * comments taken out and each run of blanks made one, so that re-indenting a
 * policy keeps its counters.
 *
 * Return: the length without the NUL, as snprintf() would; cut where @size is
 * too small.
 */
size_t fwt_ast_rule_text(const struct fwt_policy_ast *ast, const struct fwt_rule *rule,
			 char *buf, size_t size);

/*
 * Look-ups by name, in constant time. @name need not be interned. NULL where
 * there is none. Sets and maps share their names, pools and trees have their own.
 */
struct fwt_tree *fwt_ast_tree(const struct fwt_policy_ast *ast, const char *name);
struct fwt_set *fwt_ast_set(const struct fwt_policy_ast *ast, const char *name);
struct fwt_map *fwt_ast_map(const struct fwt_policy_ast *ast, const char *name);
struct fwt_pool *fwt_ast_pool(const struct fwt_policy_ast *ast, const char *name);
struct fwt_define *fwt_ast_define(const struct fwt_policy_ast *ast, const char *name);

#endif /* FWT_AST_H */
