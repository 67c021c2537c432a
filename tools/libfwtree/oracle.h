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
 * struct fwt_oracle - one policy, to ask
 * @ast: checked by fwt_compile()
 * @resolver: for words
 */
struct fwt_oracle {
	const struct fwt_policy_ast *ast;
	struct fwt_resolver *resolver;
};

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
 */
struct fwt_oracle_result {
	bool ended;
	u8 verdict;
	u8 reject;
	u8 flags;
	u8 reason;
	const struct fwt_rule *rule;
	u32 n_effects;
	struct fwt_oracle_effect effect[FWT_EFFECTS_MAX];
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

/* oracle_match.c */
bool fwt_oracle_matches(const struct fwt_oracle *o, const struct fwt_match *m,
			const struct fwt_packet *p, const struct fwt_env *env);
bool fwt_oracle_key(const struct fwt_oracle *o, const struct fwt_fields *fields,
		    const struct fwt_values *values, const struct fwt_packet *p,
		    const struct fwt_env *env);
u32 fwt_oracle_number(const struct fwt_oracle *o, const struct fwt_ast_ref *ref,
		      const struct fwt_value *v);

#endif /* FWT_ORACLE_H */
