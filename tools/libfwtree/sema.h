/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the compiler knows of a policy once its words are understood.
 *
 * Trees and hooks are alike here: struct fwt_ir_tree. Matches have become
 * conditions over tests of the program; everything else keeps the shape in
 * which it was written. All of it lies in the arena of struct fwt_sema.
 */
#ifndef FWT_SEMA_H
#define FWT_SEMA_H

#include "arena.h"
#include "ast.h"
#include "diag.h"
#include "nat.h"
#include "progress.h"
#include "set_build.h"
#include "source.h"
#include "tree.h"
#include "verify.h"

enum fwt_cond_kind {
	FWT_COND_TEST,	/* @test */
	FWT_COND_NOT,	/* not all of @inner */
	FWT_COND_ANY,	/* one of @inner */
};

/* Conditions of a list must all hold; but those in ANY, see there. */
struct fwt_cond {
	struct fwt_cond *next;
	enum fwt_cond_kind kind;
	u32 test;
	struct fwt_cond *inner;
};

struct fwt_ir_tree;

struct fwt_ir_rule;

struct fwt_room;

/**
 * struct fwt_ir_block - statements in order
 * @rule: array
 * @live: so many of them can be reached; those behind are never walked
 */
struct fwt_ir_block {
	struct fwt_ir_rule *rule;
	u32 count;
	u32 live;
};

/**
 * struct fwt_ir_pick - a step of a select: a look-up, or a condition
 * @cond: leads to @branch where it holds; NULL for a look-up
 * @test: the look-up, without its sets
 * @elems: by family, as struct fwt_prog_test has its sets
 * @split: the two differ; else the first one is for both
 */
struct fwt_ir_pick {
	struct fwt_ir_pick *next;
	struct fwt_cond *cond;
	u32 branch;
	bool split;
	struct fwt_prog_test test;
	struct fwt_elems elems[2];
};

/**
 * struct fwt_ir_select - the first pick that says something leads on
 * @guards: what must hold for the key to be there at all
 * @branch: array
 * @fallback: number of the default branch, FWT_NONE: go on behind the select
 * @foreign: in FOREIGN: the node of another module that picks; else FWT_NONE
 * @label: by its labels: the number of their branch
 * @n_labels: how many
 * @by_map: there are no picks: a map says which branch, by the name of its tree
 * @test: LIVE_TREE, without its set
 */
struct fwt_ir_select {
	struct fwt_cond *guards;
	struct fwt_ir_pick *picks;
	struct fwt_ir_rule *branch;
	u32 count;
	u32 fallback;
	u32 foreign;
	u32 *label;
	u32 n_labels;
	bool by_map;
	struct fwt_prog_test test;
};

/**
 * struct fwt_ir_split - branches by weight
 * @test: what is split by, without its set
 * @weight: by branch, in their lowest terms
 * @sum: of all of them
 */
struct fwt_ir_split {
	struct fwt_prog_test test;
	struct fwt_ir_rule *branch;
	u32 *weight;
	u32 count;
	u32 sum;
};

#define FWT_FAMILY_4	1
#define FWT_FAMILY_6	2

/**
 * struct fwt_ir_rule - a statement
 * @record: number among RULES
 * @conds: all must hold
 * @families: FWT_FAMILY_*: those that its translations allow
 * @mods: array
 * @mod_family: for each the FWT_FAMILY_* that it is for
 * @end: enum fwt_end_kind
 * @enter: it takes part without a verdict of its own
 * @goes_on: a packet can come to the statement after it
 * @stateful: its conditions ask more than the packet
 * @maps: a modifier is by a map, which may have nothing: what stands behind the rule
 *	is where a packet goes on then
 */
struct fwt_ir_rule {
	const struct fwt_rule *ast;
	u32 record;
	struct fwt_cond *conds;
	struct fwt_prog_mod *mods;
	u8 *mod_family;
	u32 n_mods;
	u8 families;
	u8 end;
	u8 verdict;
	u16 param;
	bool enter;
	bool goes_on;
	bool stateful;
	bool maps;
	struct fwt_ir_tree *target;
	struct fwt_ir_block block;
	struct fwt_ir_select *select;
	struct fwt_ir_split *split;
};

/** struct fwt_ir_edge - a goto or call */
struct fwt_ir_edge {
	struct fwt_ir_edge *next;
	struct fwt_ir_tree *from;
	struct fwt_ir_tree *to;
	struct fwt_loc loc;
	bool call;
};

/**
 * struct fwt_ir_tree - a tree, or a hook's
 * @ast_tree: NULL for a hook
 * @ast_hook: NULL for a tree
 * @name: "ingress", "egress device eth0, eth1", or the tree's name
 * @hooks: FWT_HOOK_BIT() of those that reach it
 * @via: for each of them, how it was first reached; NULL at the hook itself
 * @edges: out of it, in the order written
 * @back: it can end without a verdict: the walk goes back to a call
 * @fall_at: where it runs off its own end, NULL if it does not
 * @return_at: its first "return"
 * @seen: a hook leads here without a call between
 * @broken: something in it could not be understood: where it ends is not known
 * @state: of the search for loops
 * @depth: how deep calls nest below it
 * @root: its node, when it is made
 * @string: its name in the program, FWT_NONE until it is asked
 * @room: what walks meet in it, see room.h
 */
struct fwt_ir_tree {
	struct fwt_ir_tree *next;
	struct fwt_ir_tree *after;	/* callees before callers */
	const struct fwt_tree *ast_tree;
	const struct fwt_ast_hook *ast_hook;
	const char *name;
	const struct fwt_block *source;
	struct fwt_loc loc;
	u8 hooks;
	const struct fwt_ir_edge *via[__FWT_HOOK_MAX];
	struct fwt_ir_edge *edges;
	struct fwt_ir_edge **last_edge;
	bool back;
	const struct fwt_loc *fall_at;
	const struct fwt_loc *return_at;
	bool seen;
	bool broken;
	struct fwt_ir_tree *parent;
	struct fwt_ir_edge *cursor;
	u8 state;
	struct fwt_ir_block body;
	u32 depth;
	u32 root;
	u32 string;
	struct fwt_room *room;
};

/** struct fwt_sema_ports - one range of destination ports, where it is @known */
struct fwt_sema_ports {
	bool known;
	u32 low;
	u32 high;
};

/**
 * struct fwt_sema - one compilation
 * @trees: hooks first, each in the order written
 * @order: the reachable ones, callees before callers
 * @tree: being worked on
 * @ports: that packets have by what is around the statement
 * @sound: no error but missing verdicts, so that samples can be sought
 * @progress: of the caller's, or NULL
 */
struct fwt_sema {
	const struct fwt_policy_ast *ast;
	struct fwt_diag *diag;
	const struct fwt_progress *progress;
	struct fwt_arena *arena;
	struct fwt_resolver *resolver;
	struct fwt_builder b;
	struct fwt_ir_tree *trees;
	struct fwt_ir_tree *order;
	struct fwt_ir_tree *tree;
	struct fwt_sema_ports ports;
	struct fwt_index texts;		/* of rules: to count occurrences */
	struct fwt_vec seen;		/* how often each was */
	struct fwt_index ids;
	struct fwt_index counters;
	char *text;
	size_t text_size;
	bool warnings;
	bool per_packet;		/* option evaluate */
	bool translates;		/* some rule does */
	bool patch;			/* see struct fwt_compile_opts */
	bool of_whole;			/* a patch's: it names what only the whole policy has */
	bool in_set;			/* its elements are read */
	u32 asked;			/* sets, each with those in it */
	const char *const *more_files;	/* that are told of, or NULL */
	const struct fwt_dns_book *book;	/* what DNS names stand for, or NULL */
	const struct fwt_set *names_of;	/* whose names are read */
	bool elements;			/* nothing but elements: trees are elsewhere */
	bool sound;			/* before the search for ends */
	const struct fwt_value *cut[25];	/* prefixes that were warned of: each once */
	u32 n_cut;
	bool stateful;			/* a match of the rule asks more than the packet */
	bool failed;			/* no memory */
	u32 count_rule;			/* rule with a "ct count", */
	u32 count_next;			/* and how many it has */
	u32 object_rule;		/* the same of limits and quotas, */
	u32 object_next;
	u32 random_rule;		/* and of "random" */
	u32 random_next;
};

/* sema.c */
int fwt_sema_run(struct fwt_sema *s);
void *fwt_sema_alloc(struct fwt_sema *s, size_t size);

/** fwt_sema_quoted_star() - warns of "wg*", which is one interface */
void fwt_sema_quoted_star(struct fwt_sema *s, const struct fwt_value *v);

/* Is @v, as below, a name that an interface can have; if not, that is reported. */
bool fwt_sema_ifname_ok(struct fwt_sema *s, const struct fwt_value *v);

#define FWT_SEMA_IFNAME	20

/* The interface's name @v (WORD, STRING, ADDR_OF or NET_OF) as a program has it
 * (ifname.h): as it stands there, or in @buf, of FWT_SEMA_IFNAME bytes.
 */
const char *fwt_sema_ifname(const struct fwt_value *v, char *buf);

/**
 * fwt_sema_hooks() - something is only there in some hooks
 * @allowed: FWT_HOOK_BIT() of those; reported where others reach this place
 * @hint: what helps, or NULL
 * @what: its words
 */
void fwt_sema_hooks(struct fwt_sema *s, const struct fwt_loc *loc, u8 allowed,
		    const char *hint, const char *what);

/* sema_field.c */

/**
 * fwt_sema_field() - the core's field for one as written
 * @s: compilation
 * @ref: as written
 * @guards: NULL, or a list that what its prefix demands besides is added to
 *
 * Return: enum fwt_field, or -1 (reported).
 */
int fwt_sema_field(struct fwt_sema *s, const struct fwt_ast_ref *ref,
		   struct fwt_cond **guards);
struct fwt_cond *fwt_sema_test(struct fwt_sema *s, const struct fwt_prog_test *t);
struct fwt_cond *fwt_sema_equals(struct fwt_sema *s, u8 field, u32 value);

/* sema_value.c, sema_key.c */

/**
 * struct fwt_range - the values that a literal means
 * @family: 4 or 6 for an address, else 0
 * @words: of @low and @high
 */
struct fwt_range {
	u8 family;
	u8 words;
	u32 low[4];
	u32 high[4];
};

/**
 * fwt_sema_range() - understand a literal
 * @ref: the field that it is for
 * @v: anything but JOIN, SETREF, ADDR_OF, NET_OF
 * @r: filled in
 *
 * Return: false where it is none for that field (reported).
 */
bool fwt_sema_range(struct fwt_sema *s, const struct fwt_ast_ref *ref,
		    const struct fwt_value *v, struct fwt_range *r);

/**
 * struct fwt_sema_key - joined fields, ready to be compared
 * @fields: as written
 * @test: IN over them, without sets
 * @split: addresses of two lengths: IPv6 has a set of its own
 */
struct fwt_sema_key {
	const struct fwt_fields *fields;
	const struct fwt_ast_ref *ref[FWT_TEST_FIELDS];
	struct fwt_prog_test test;
	bool split;
};

bool fwt_sema_key(struct fwt_sema *s, const struct fwt_fields *fields,
		  struct fwt_sema_key *k, struct fwt_cond **guards);
void fwt_sema_elems_init(const struct fwt_sema_key *k, struct fwt_elems elems[2]);

/**
 * fwt_sema_elem() - a value becomes elements
 * @k: the fields
 * @v: anything but ADDR_OF, NET_OF
 * @elems: by family
 * @branch: as in fwt_elems_add()
 */
bool fwt_sema_elem(struct fwt_sema *s, const struct fwt_sema_key *k,
		   const struct fwt_value *v, struct fwt_elems elems[2], u32 branch);
struct fwt_cond *fwt_sema_interface(struct fwt_sema *s, const struct fwt_sema_key *k,
				    const struct fwt_value *v, bool negate);

/** fwt_sema_lookup() - a test of the constant ones of some values */
void fwt_sema_lookup(struct fwt_sema *s, const struct fwt_sema_key *k,
		     const struct fwt_values *values, struct fwt_prog_test *t);
enum fwt_value_class fwt_sema_class(const struct fwt_ast_ref *ref);

/* sema_set.c */

/**
 * struct fwt_set_state - what the compiler notes at a set
 * @used: a rule asks it, or changes it
 * @object: in OBJECTS, FWT_NONE where it could not be understood
 * @asked: struct fwt_sema.asked of who has met it last
 */
struct fwt_set_state {
	bool used;
	u32 object;
	u32 asked;
};

/**
 * struct fwt_sema_named - what a set or a map is
 * @value: types of what a map gives, NULL for a set
 * @trees: see FWT_SETP_TREES; 0 where it gives none
 */
struct fwt_sema_named {
	const struct fwt_name *name;
	const struct fwt_set_type *key, *value;
	const struct fwt_value *timeout, *max;
	u32 trees;
};

/**
 * fwt_sema_object() - it becomes an object
 * @elems: of IPv6 addresses the second ones
 * @values: u32, by family, of each element; NULL for a set
 * @state: its object is set
 */
void fwt_sema_object(struct fwt_sema *s, const struct fwt_sema_named *n,
		     const struct fwt_elems elems[2], const struct fwt_vec *values,
		     struct fwt_set_state *state);
void fwt_sema_set(struct fwt_sema *s, struct fwt_set *set);

/** fwt_sema_sets_in_sets() - all are there: do those in others fit */
void fwt_sema_sets_in_sets(struct fwt_sema *s);

/** fwt_sema_type_fits() - are fields of a set's types; @what: "set" or "map" */
bool fwt_sema_type_fits(struct fwt_sema *s, const char *what, const char *name,
			const struct fwt_loc *loc, const struct fwt_set_type *type,
			const struct fwt_sema_key *k);

/** fwt_sema_families() - which elements are asked: FWT_LIVE_* */
bool fwt_sema_families(struct fwt_sema *s, const struct fwt_loc *loc,
		       const struct fwt_set_type *type, const struct fwt_sema_key *k, u32 *flags);
void fwt_sema_sets_unused(struct fwt_sema *s);

/**
 * fwt_sema_names() - the elements that a set has by its names
 * @s: with the book, or none
 * @set: set
 * @k: its key
 * @elems: with what is written out; what they stand for comes behind, as much as the
 *	set has room for. Where that is scarce, what is there twice is there once
 */
void fwt_sema_names(struct fwt_sema *s, const struct fwt_set *set,
		    const struct fwt_sema_key *k, struct fwt_elems elems[2]);

/** fwt_sema_type_fields() - fields that stand for the parts of a set's type */
bool fwt_sema_type_fields(const struct fwt_set_type *type,
			  struct fwt_ast_ref ref[FWT_SET_TYPES_MAX], struct fwt_fields *fields);

/**
 * fwt_sema_live() - a test of fields in a named set
 * @k: the fields
 * @name: of the set
 * @loc: where that stands
 * @t: filled in
 *
 * Return: false where there is no such set, or it is of another type (reported).
 */
bool fwt_sema_live(struct fwt_sema *s, const struct fwt_sema_key *k, const char *name,
		   const struct fwt_loc *loc, struct fwt_prog_test *t);

/** fwt_sema_is_constant() - no set, addr() or net() is in it */
bool fwt_sema_is_constant(const struct fwt_value *v);

/** fwt_sema_value() - a condition of a value that is not constant */
struct fwt_cond *fwt_sema_value(struct fwt_sema *s, const struct fwt_sema_key *k,
				const struct fwt_value *v, bool negate);

/* sema_map.c */

/** fwt_sema_tree_names() - a set of names, in order; @value: NULL, or nodes */
u32 fwt_sema_tree_names(struct fwt_sema *s, const char **name, u32 n, const u32 *value);
void fwt_sema_map(struct fwt_sema *s, struct fwt_map *map);
void fwt_sema_maps_unused(struct fwt_sema *s);

/**
 * fwt_sema_map_named() - a map by its name
 * @loc: where that stands
 *
 * Return: it, or NULL (reported, or not understood).
 */
const struct fwt_map *fwt_sema_map_named(struct fwt_sema *s, const char *name,
					 const struct fwt_loc *loc);

/**
 * fwt_sema_map_test() - a test of fields in a map
 * @map: it
 * @keys: the fields; none: the packet's destination, or its source, by the map's types
 * @loc: where it is named
 * @source: which of them
 * @guards: what must hold for the key to be there is added to it
 * @t: filled in
 *
 * Return: false where they are of another type (reported).
 */
bool fwt_sema_map_test(struct fwt_sema *s, const struct fwt_map *map,
		       const struct fwt_fields *keys, const struct fwt_loc *loc, bool source,
		       struct fwt_cond **guards, struct fwt_prog_test *t);

/** fwt_sema_map_trees() - a select is by a map: its guards and test */
void fwt_sema_map_trees(struct fwt_sema *s, const struct fwt_select *from,
			struct fwt_ir_select *to);

/**
 * fwt_sema_map_mod() - a modifier is by what a map gives
 * @rule: that it stands in
 * @m: SNAT, DNAT or SET
 * @to: filled in
 *
 * Return: false where it can't (reported).
 */
bool fwt_sema_map_mod(struct fwt_sema *s, struct fwt_ir_rule *rule,
		      const struct fwt_modifier *m, struct fwt_prog_mod *to);

/* sema_match.c */
void fwt_sema_append(struct fwt_cond **list, struct fwt_cond *c);

/* All of a list, or one of it, as one condition. */
struct fwt_cond *fwt_sema_all_of(struct fwt_sema *s, struct fwt_cond *list);
struct fwt_cond *fwt_sema_any_of(struct fwt_sema *s, struct fwt_cond *list);

/** fwt_sema_in_values() - is it one of the values, or none of them, where @negate */
struct fwt_cond *fwt_sema_in_values(struct fwt_sema *s, const struct fwt_sema_key *k,
				    const struct fwt_values *values, bool negate);
struct fwt_cond *fwt_sema_matches(struct fwt_sema *s, const struct fwt_match *m);
/* The keys' prefixes, for packets with addresses of one word and of four. */
void fwt_sema_key_masks(struct fwt_sema *s, struct fwt_sema_key *k);

/* sema_ports.c */

/**
 * fwt_sema_ports_asked() - do values ask for one range of destination ports
 * @fields: joined, or one
 * @values: that they are to be equal to
 * @to: the range; left alone where it is none
 */
bool fwt_sema_ports_asked(struct fwt_sema *s, const struct fwt_fields *fields,
			  const struct fwt_values *values, struct fwt_sema_ports *to);

/**
 * fwt_sema_ports() - the range of destination ports that packets have which match a rule
 * @rule: it; where it says none, what is around it does
 * @to: filled in
 *
 * Return: whether it is known.
 */
bool fwt_sema_ports(struct fwt_sema *s, const struct fwt_rule *rule, struct fwt_sema_ports *to);

/* sema_limit.c */
struct fwt_cond *fwt_sema_limit(struct fwt_sema *s, const struct fwt_match *m);
struct fwt_cond *fwt_sema_quota(struct fwt_sema *s, const struct fwt_match *m);
struct fwt_cond *fwt_sema_random(struct fwt_sema *s, const struct fwt_match *m);

/** fwt_sema_split() - a split of rule @record; its branches are for the caller */
struct fwt_ir_split *fwt_sema_split(struct fwt_sema *s, const struct fwt_ast_end *end,
				    u32 record);

/* sema_mod.c */
void fwt_sema_mods(struct fwt_sema *s, struct fwt_ir_rule *rule);
void fwt_sema_options(struct fwt_sema *s);

/** fwt_sema_short() - warn of timeouts below what RFCs ask of who translates */
void fwt_sema_short(struct fwt_sema *s);

/* sema_state.c */

/**
 * fwt_sema_never() - warn of states that a walk never meets
 * @fields: that are asked
 * @values: what they are held against by "=="
 */
void fwt_sema_never(struct fwt_sema *s, const struct fwt_fields *fields,
		    const struct fwt_values *values);

/* sema_assign.c */

/**
 * fwt_sema_set_value() - "set TARGET VALUE", "set TARGET FIELD", "set TARGET @MAP"
 * @rule: that it stands in
 * @m: FWT_AST_MOD_SET
 * @to: @to->a and flags are set
 *
 * Return: its FWT_MOD_SET_*, __FWT_MOD_MAX where it can't be (reported).
 */
u8 fwt_sema_set_value(struct fwt_sema *s, struct fwt_ir_rule *rule,
		      const struct fwt_modifier *m, struct fwt_prog_mod *to);

/* sema_node.c */
struct fwt_cond *fwt_sema_node(struct fwt_sema *s, const struct fwt_match *m);

/** fwt_sema_modify() - "modify NAME"; false where it can't be (reported) */
bool fwt_sema_modify(struct fwt_sema *s, const struct fwt_modifier *m,
		     struct fwt_prog_mod *to);

/** fwt_sema_select_node() - "select node NAME" of rule @record; its labels */
void fwt_sema_select_node(struct fwt_sema *s, const struct fwt_select *from, u32 record,
			  struct fwt_ir_select *to);

/* sema_pool.c */
void fwt_sema_pools(struct fwt_sema *s);
void fwt_sema_pools_unused(struct fwt_sema *s);

/**
 * fwt_sema_balance() - a rule balances over a pool
 * @rule: it
 * @m: BALANCE
 * @to: filled in
 *
 * Return: false where it can't (reported).
 */
bool fwt_sema_balance(struct fwt_sema *s, const struct fwt_rule *rule,
		      const struct fwt_modifier *m, struct fwt_prog_mod *to);

/* sema_flow.c */
void fwt_flow_edges(struct fwt_sema *s);
void fwt_flow_verdicts(struct fwt_sema *s);
const char *fwt_hook_name(unsigned int hook);

/* sema_room.c */

/** fwt_room_check() - does each walk have room for what it meets for certain */
void fwt_room_check(struct fwt_sema *s);

/* sema_sample.c */

/**
 * fwt_sample_escape() - a packet that runs off the end of a hook's tree
 * @ast: free of other errors
 * @hook: where it begins
 * @buf: the packet in words
 *
 * Return: false where none was found among some thousands.
 */
bool fwt_sample_escape(const struct fwt_policy_ast *ast, const struct fwt_ast_hook *hook,
		       char *buf, size_t size);

/* compile_run.c */

/**
 * struct fwt_gen - making nodes
 * @back: the RETURN of the tree being made, FWT_NONE if it needs none
 * @forest_min: see struct fwt_compile_opts
 */
struct fwt_gen {
	struct fwt_sema *s;
	struct fwt_builder *b;
	u32 back;
	u32 forest_min;
};

u32 fwt_emit_conds(struct fwt_gen *g, const struct fwt_cond *c, u32 yes, u32 no);

/**
 * fwt_emit_head() - what stands before a rule's end: conditions and modifiers
 * @body: its end
 * @next: where a packet goes on that it does not match
 */
u32 fwt_emit_head(struct fwt_gen *g, const struct fwt_ir_rule *rule, u32 body, u32 next);

/**
 * fwt_emit_deeds() - what a rule does, its end apart
 * @body: its end
 * @next: where a packet goes on for which a map has nothing
 *
 * Return: the node to begin at once the rule matches.
 */
u32 fwt_emit_deeds(struct fwt_gen *g, const struct fwt_ir_rule *rule, u32 body, u32 next);

/* compile.c */

/**
 * fwt_understand() - a policy as far as it is understood before nodes are made
 * @s: filled in, to be let go of with fwt_understand_end() whatever is returned
 * @ast: from fwt_parse_*()
 * @diag: told of what is wrong
 * @warnings: of what is odd, too
 * @progress: told how far it is, or NULL
 *
 * Return: 0; -EINVAL where @diag has errors; -ENOMEM.
 */
int fwt_understand(struct fwt_sema *s, const struct fwt_policy_ast *ast,
		   struct fwt_diag *diag, bool warnings, const struct fwt_progress *progress);
void fwt_understand_end(struct fwt_sema *s);

/** fwt_emit_end() - a rule's end; @next is where a packet goes on behind it */
u32 fwt_emit_end(struct fwt_gen *g, const struct fwt_ir_rule *rule, u32 next);

/* compile_forest.c */

/* Rules from which a forest is worth its while. Comparing a box takes a tenth of a
 * test's time: 2 rules of addresses and ports are decided twice as fast so.
 */
#define FWT_FOREST_MIN	3

/** fwt_forest_takes() - whether a rule can be one of a forest's: it has matches */
bool fwt_forest_takes(const struct fwt_gen *g, const struct fwt_ir_rule *rule);

/** fwt_forest_pays() - whether a rule alone is worth a forest: by a long set */
bool fwt_forest_pays(const struct fwt_gen *g, const struct fwt_ir_rule *rule);

/**
 * fwt_emit_forest() - the nodes of consecutive rules, to be searched
 * @rule: the first one; fwt_forest_takes() each of them
 * @count: how many
 * @next: where a packet goes on that none of them decides
 *
 * Return: the node to begin at.
 */
u32 fwt_emit_forest(struct fwt_gen *g, const struct fwt_ir_rule *rule, u32 count, u32 next);

/* compile_rules.c */
u32 fwt_compile_record(struct fwt_sema *s, const struct fwt_rule *rule);
void fwt_compile_sources(struct fwt_sema *s);
void fwt_compile_keys(struct fwt_sema *s);	/* makes keys differ */

#endif /* FWT_SEMA_H */
