/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is odd about a policy that is right: rules that nothing reaches, that change
 * nothing, tests that can't hold together, sets that hold something twice, what
 * would be cut off by mistake.
 *
 * What is said is so for every packet that can be there (prove_space.h), not for
 * some that were tried. Where the diagram outgrows its budget, rules are compared
 * two by two, as boxes: what is found then is as true, but a rule that several
 * others hide together is not.
 */
#ifndef FWT_ANALYSE_H
#define FWT_ANALYSE_H

#include "prove_walk.h"

#define FWT_SSH_OWNERS_MAX	8

/**
 * struct fwt_ssh - the connection that somebody comes by
 * @family: 4 or 6
 * @addr: of the client, and of the server, which is here; in network order
 * @port: likewise
 * @scope: the interface of link-local addresses, "" for none
 * @iif: the interface that it comes in by; "" where not known
 * @owner: the interfaces that have the server's address
 * @owners: how many; none, where not known
 */
struct fwt_ssh {
	u8 family;
	u8 addr[2][16];
	u16 port[2];
	char scope[16];
	char iif[16];
	char owner[FWT_SSH_OWNERS_MAX][16];
	u32 owners;
};

/**
 * fwt_ssh_read() - from sshd's SSH_CONNECTION, "CLIENT PORT SERVER PORT"
 * @ssh: filled in, but for what the text does not say
 *
 * Return: false where it is not one.
 */
bool fwt_ssh_read(struct fwt_ssh *ssh, const char *text);

/**
 * struct fwt_analyse_opts - how to look
 * @budget: nodes of the diagram; 0 for the usual
 * @ssh: the connection that the policy is applied over; NULL for none
 * @progress: told how far it is, or NULL
 */
struct fwt_analyse_opts {
	u32 budget;
	const struct fwt_ssh *ssh;
	const struct fwt_progress *progress;
};

/**
 * struct fwt_analysis - how much was looked at
 * @exact: all of it
 * @rules: of the policy
 * @compared: not @exact: rules that were compared two by two
 * @nodes: of the diagram
 */
struct fwt_analysis {
	bool exact;
	u32 rules;
	u32 compared;
	u32 nodes;
};

/**
 * fwt_analyse() - look at a policy
 * @ast: without errors
 * @diag: told, as warnings with notes
 * @opts: NULL for the usual
 * @found: how much was looked at
 *
 * Return: 0, -ENOMEM, or -EINVAL where the policy has errors.
 */
int fwt_analyse(const struct fwt_policy_ast *ast, struct fwt_diag *diag,
		const struct fwt_analyse_opts *opts, struct fwt_analysis *found);

/**
 * fwt_analyse_understood() - the same, where that is at hand
 * @s: understood, of a policy without errors, and nothing emitted yet; it stays as it is
 * @diag: told, as warnings with notes
 * @opts: NULL for the usual; its progress is not told
 * @found: how much was looked at
 *
 * Return: 0 or -ENOMEM.
 */
int fwt_analyse_understood(struct fwt_sema *s, struct fwt_diag *diag,
			   const struct fwt_analyse_opts *opts, struct fwt_analysis *found);

/**
 * fwt_analyse_ssh() - would a policy cut off a connection
 * @s: understood, of a policy without errors
 * @diag: told of the rule that does
 * @severity: as what
 *
 * Device trees of the interface it comes by are asked, too. It is cut off where
 * nothing that its packets may be is accepted, so what is told of is certain, but
 * for the interface.
 *
 * Return: whether it would.
 */
bool fwt_analyse_ssh(struct fwt_sema *s, struct fwt_diag *diag, const struct fwt_ssh *ssh,
		     enum fwt_severity severity);

/**
 * fwt_analyse_escape() - a packet that runs off the end of a hook's tree
 * @s: understood, but for trees that end without a verdict
 * @hook: where it begins
 * @t: the tree that it leaves, which nothing called
 * @returns: by "return"; else off its end
 * @buf: the packet in words, and what else must be so
 *
 * Return: 1; 0 where there is none, -1 where the budget was too small to know.
 */
int fwt_analyse_escape(struct fwt_sema *s, const struct fwt_ir_tree *hook,
		       const struct fwt_ir_tree *t, bool returns, char *buf, size_t size);

/* What the parts share. */

#define FWT_HIDERS_MAX	4

/**
 * struct fwt_finding - what is known of a rule
 * @rule: it
 * @reached: there are packets that come to it
 * @hit: and that it matches
 * @matters: and for which it makes a difference
 * @branch: it is one of a select
 * @more: there are more hiders than @hider has room for
 * @impossible: what it asks for can't come to where it stands
 * @hiders: how many there are in @hider
 * @hider: rules that take all it would match
 * @same: a rule behind it that does the same
 * @world: packets of the first hook that leads to it
 * @hook: that one
 */
struct fwt_finding {
	const struct fwt_ir_rule *rule;
	bool reached;
	bool hit;
	bool matters;
	bool branch;
	bool more;
	bool impossible;
	u32 hiders;
	const struct fwt_rule *hider[FWT_HIDERS_MAX];
	const struct fwt_rule *same;
	u32 world;
	u32 hook;
};

/**
 * struct fwt_analyser - at work
 * @found: by number of the rule
 * @n: rules
 * @world: packets of the hook being looked at
 */
struct fwt_analyser {
	struct fwt_prove prove;
	struct fwt_space sp;
	struct fwt_outcomes out;
	struct fwt_sema *s;
	struct fwt_diag *diag;
	struct fwt_finding *found;
	u32 n;
	u32 world;
};

/* analyse_rules.c */
void fwt_analyse_hook(struct fwt_analyser *a, const struct fwt_ir_tree *t);
void fwt_analyse_tell(struct fwt_analyser *a);

/* analyse_sets.c */
void fwt_analyse_sets(struct fwt_analyser *a);

/* analyse_cover.c */
u32 fwt_analyse_covers(struct fwt_analyser *a);

/* analyse_question.c: @cond alone, without those behind it in its list */

/* Asked twice of one packet it says the same. */
bool fwt_cond_steady(const struct fwt_sema *s, const struct fwt_cond *cond);

/* Two that say the same of every packet, for they ask the same. */
bool fwt_cond_same(const struct fwt_sema *s, const struct fwt_cond *a, const struct fwt_cond *b);
u64 fwt_cond_hash(const struct fwt_sema *s, const struct fwt_cond *cond);

/* FWT_FIELD_BIT() of what it asks. */
u64 fwt_cond_fields(const struct fwt_sema *s, const struct fwt_cond *cond);

/* analyse_room.c: in diagrams of its own, of @budget nodes */
void fwt_analyse_room(struct fwt_analyser *a, u32 budget);

/* analyse_world.c */
void fwt_analyse_world(struct fwt_analyser *a);

#endif /* FWT_ANALYSE_H */
