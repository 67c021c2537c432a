/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The stupid twin of compiler and walk: decides a packet by first match over
 * the statements as they were written, reading each word of the policy anew.
 *
 * It shares the parser's tree, the tables of words and fwt_field_get() with
 * what it is held against, and nothing else; the choice of an address or port
 * of a range is core/nat.c's, since any choice is a right one. It knows what
 * the compiler supports; a policy that fwt_compile() refused is not for it.
 */
#ifndef FWT_ORACLE_H
#define FWT_ORACLE_H

#include "ast.h"
#include "env.h"
#include "nat.h"
#include "packet.h"
#include "tree.h"

/**
 * struct fwt_oracle_state - what has state, by where it is written
 * @under: is limit or quota @which of those in a rule under for a key; NULL: always
 * @turn: whose turn it is at the rule's split, less than the sum of its weights; NULL:
 *	the first one's
 * @count: connections that are charged to a count, by its table (tree.h) and key; NULL: none
 * @key: what the program knows a rule by, which chance and splits go by; NULL: 0
 * @ctx: for them
 */
struct fwt_oracle_state {
	bool (*under)(void *ctx, const struct fwt_rule *rule, u32 which, const u32 *key,
		      u32 words, const struct fwt_packet *p);
	u32 (*turn)(void *ctx, const struct fwt_rule *rule);
	u32 (*count)(void *ctx, u64 table, const u32 *key, u32 words);
	u64 (*key)(void *ctx, const struct fwt_rule *rule);
	void *ctx;
};

/**
 * struct fwt_oracle - one policy, to ask
 * @ast: checked by fwt_compile()
 * @resolver: for words
 * @state: or NULL
 * @node: what a node of another module answers, and sets (of MARK and DSCP); a match
 *	holds where that is odd, of a select it is the branch of that number. NULL: no,
 *	none, and nothing
 * @filter: does a packet pass a "bpf". NULL: nobody has its bytes, and no test by them
 *	holds
 */
struct fwt_oracle {
	const struct fwt_policy_ast *ast;
	struct fwt_resolver *resolver;
	const struct fwt_oracle_state *state;
	u32 (*node)(const char *name, const struct fwt_packet *p, struct fwt_env_node *said);
	bool (*filter)(const char *text, const struct fwt_packet *p);
};

/**
 * struct fwt_oracle_charge - a limit, a quota or a split that a walk met
 * @rule: the statement
 * @which: of its limits and quotas; a split is FWT_NONE
 * @key: tells its keys apart
 * @over: it was over
 */
struct fwt_oracle_charge {
	const struct fwt_rule *rule;
	u32 which;
	u32 key;
	bool over;
};

/**
 * struct fwt_oracle_count - a "ct count" that a walk met
 * @rule: the statement
 * @which: of its counts
 * @key: tells its keys apart
 */
struct fwt_oracle_count {
	const struct fwt_rule *rule;
	u32 which;
	u32 key;
};

/* More than the walk has room for: those that are over are not told by it. */
#define FWT_ORACLE_CHARGES	256

/**
 * struct fwt_oracle_effect - something that a walk met
 * @rule: the statement
 * @mod: its modifier; NULL where the rule itself took part
 */
struct fwt_oracle_effect {
	const struct fwt_rule *rule;
	const struct fwt_modifier *mod;
};

/**
 * struct fwt_oracle_result - what it came to, as struct fwt_decision has it
 * @ended: false: the packet ran off the end, and nothing else here counts but
 *	the effects
 * @rule: that decided, NULL if none did
 * @n_under: of the charges, those that something is taken from
 * @n_updates: of sets
 */
struct fwt_oracle_result {
	bool ended;
	u8 verdict;
	u8 reject;
	u8 reason;
	u16 flags;
	u16 mss;
	u16 queue;
	const struct fwt_rule *rule;
	u32 n_effects;
	u32 n_charges;
	u32 n_under;
	u32 n_counts;
	u32 n_updates;
	struct fwt_oracle_effect effect[FWT_EFFECTS_MAX];
	struct fwt_oracle_count count[FWT_DECISION_COUNTS];
	struct fwt_oracle_charge charge[FWT_ORACLE_CHARGES];
};

/**
 * fwt_oracle_walk() - decide a packet
 * @o: policy
 * @hook: where
 * @p: packet; modified as fwt_walk() does
 * @env: the world
 * @r: the outcome
 */
void fwt_oracle_walk(const struct fwt_oracle *o, const struct fwt_ast_hook *hook,
		     struct fwt_packet *p, const struct fwt_env *env,
		     struct fwt_oracle_result *r);

/* oracle_set.c; @v: NULL, or what a map gives */
void fwt_oracle_set(const struct fwt_oracle *o, const struct fwt_modifier *m,
		    const struct fwt_value *v, struct fwt_packet *p,
		    struct fwt_oracle_result *r);

/* oracle_map.c */

/** fwt_oracle_map() - what a map gives a packet, by its text; NULL for nothing */
const struct fwt_value *fwt_oracle_map(const struct fwt_oracle *o, const struct fwt_name *name,
				       const struct fwt_fields *keys, bool source,
				       const struct fwt_packet *p, const struct fwt_env *env);

/** fwt_oracle_mapped() - an address, a port or both; what is not given is left alone */
void fwt_oracle_mapped(const struct fwt_oracle *o, const struct fwt_value *v, u32 words,
		       u32 *addr, u16 *port);

/* oracle_match.c */

/**
 * fwt_oracle_matches() - do all of a rule's matches hold
 * @r: what limits they meet is written down there
 *
 * Return: 1, 0, or -1 where the walk has no room for one more limit or count.
 */
int fwt_oracle_matches(const struct fwt_oracle *o, const struct fwt_rule *rule,
		       const struct fwt_packet *p, const struct fwt_env *env,
		       struct fwt_oracle_result *r);

#define FWT_ORACLE_IFNAME	24

/** fwt_oracle_ifname() - addr() or net() as the world is asked for it (ifname.h) */
void fwt_oracle_ifname(const struct fwt_value *v, char *buf);

/** fwt_oracle_element() - are a packet's fields, cut to their prefixes, one element's */
bool fwt_oracle_element(const struct fwt_oracle *o, const struct fwt_fields *fields,
			const struct fwt_value *v, const struct fwt_packet *p,
			const struct fwt_env *env);

/** fwt_oracle_charge() - write one down, once; false where the walk has no room for it */
bool fwt_oracle_charge(struct fwt_oracle_result *r, const struct fwt_rule *rule, u32 which,
		       u32 key, bool over);

/** fwt_oracle_share() - which number a split's fields come to, less than @sum */
u32 fwt_oracle_share(const struct fwt_oracle *o, const struct fwt_rule *rule, u32 sum,
		     const struct fwt_packet *p, const struct fwt_env *env);

bool fwt_oracle_field(const struct fwt_ast_ref *ref, const struct fwt_packet *p,
		      u32 *value);
bool fwt_oracle_key(const struct fwt_oracle *o, const struct fwt_fields *fields,
		    const struct fwt_values *values, const struct fwt_packet *p,
		    const struct fwt_env *env);

/** fwt_oracle_there() - has the packet all of these fields */
bool fwt_oracle_there(const struct fwt_fields *fields, const struct fwt_packet *p,
		      const struct fwt_env *env);
u32 fwt_oracle_number(const struct fwt_oracle *o, const struct fwt_ast_ref *ref,
		      const struct fwt_value *v);

#endif /* FWT_ORACLE_H */
