/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A policy as a function: from packets (prove_space.h) to what becomes of them.
 *
 * Made back to front, like the program: a statement is given the function of what
 * stands behind it. What a modifier changes is put into the function behind it, so
 * that a rule that asks for a mark which an earlier one has set asks nothing.
 *
 * What becomes of a packet, its outcome, is a leaf: verdict, and the effects met on
 * the way as far as they count.
 */
#ifndef FWT_PROVE_WALK_H
#define FWT_PROVE_WALK_H

#include "prove_space.h"

#define FIELDS_SOURCE	(FWT_FIELD_BIT(SADDR) | FWT_FIELD_BIT(IP_SADDR) | \
			 FWT_FIELD_BIT(IP6_SADDR))
#define FIELDS_DEST	(FWT_FIELD_BIT(DADDR) | FWT_FIELD_BIT(IP_DADDR) | \
			 FWT_FIELD_BIT(IP6_DADDR))
#define FIELDS_PORT	(FWT_FIELD_BIT(DPORT) | FWT_FIELD_BIT(TCP_DPORT) | \
			 FWT_FIELD_BIT(UDP_DPORT))
/* What a route hangs on, of what rules change (rlu.c). */
#define FIELDS_ROUTED	(FWT_FIELD_BIT(MARK) | FWT_FIELD_BIT(DSCP) | FIELDS_SOURCE | \
			 FIELDS_DEST | FIELDS_PORT)

/** fwt_hangs_on() - fields, FWT_FIELD_BIT(), with those that a route among them hangs on
 *
 * In its place: whatever changes one of these says so, and a route besides; once its
 * inputs are there, what was set before them and overwritten is nothing to it.
 */
static inline u64 fwt_hangs_on(u64 fields)
{
	return fields & FWT_FIELDS_ROUTE ? (fields & ~FWT_FIELDS_ROUTE) | FIELDS_ROUTED : fields;
}

/* Beyond enum fwt_verdict. */
enum {
	FWT_OUT_QUEUE = 100,
	FWT_OUT_FALLS,		/* off the end: a policy that is refused */
	FWT_OUT_EXPIRES,	/* its TTL ends here: nobody's verdict */
	FWT_OUT_UNKNOWN,	/* this file does not know what a rule does */
};

/**
 * struct fwt_outcome - what becomes of a packet
 * @verdict: enum fwt_verdict or FWT_OUT_*
 * @reject: enum fwt_ast_reject
 * @queue: number
 * @effect: the first one, number in fwt_outcomes.effect; FWT_NONE for none
 */
struct fwt_outcome {
	u8 verdict;
	u8 reject;
	u32 queue;
	u32 effect;
};

/**
 * struct fwt_out_effect - an effect, in a list that others may share
 * @slot: 0: one of many; else what it is of, and one of these counts
 * @reads: fields that it goes by, bits
 * @again: behind another one of the same words it does nothing more
 * @least: not 0: of as many as have one in a slot the least counts, wherever it stands
 */
struct fwt_out_effect {
	char *text;
	u32 slot;
	u32 next;
	u64 reads;
	u32 least;
	bool again;
};

/** struct fwt_outcomes - all of one question, so that equal ones are one leaf */
struct fwt_outcomes {
	struct fwt_vec outcome;		/* struct fwt_outcome */
	struct fwt_vec effect;		/* struct fwt_out_effect */
};

void fwt_outcomes_init(struct fwt_outcomes *o);
void fwt_outcomes_clean(struct fwt_outcomes *o);
static inline const struct fwt_outcome *fwt_outcome(const struct fwt_outcomes *o, u32 leaf)
{
	return (struct fwt_outcome *)o->outcome.data + (fwt_dd_value(leaf) - 2);
}

/** fwt_outcome_words() - "accept, dnat to 192.0.2.1"; returns @buf */
const char *fwt_outcome_words(const struct fwt_outcomes *o, u32 leaf, char *buf, size_t size);

/** struct fwt_prove_stateful - a rule with a state, and the how manieth of its text */
struct fwt_prove_stateful {
	const struct fwt_rule *rule;
	u64 hash;
	u32 n;
};

/* Policies have a few queues, one for each CPU. */
#define FWT_PROVE_QUEUES	16

/** struct fwt_prove_queue - outcomes that were led by a queue before, and what they became */
struct fwt_prove_queue {
	u32 of;
	u32 by;
	u32 to;
};

/**
 * struct fwt_prove - a policy to be asked
 * @sp: the axes, shared by all policies of a question
 * @out: likewise
 * @s: the policy, understood
 * @tests: sets by number of the test, FWT_NONE before it is asked
 * @n_tests: of @tests
 * @stateful: struct fwt_prove_stateful
 * @hook: enum fwt_hook being worked on: translations differ by it
 * @accepted: what becomes of what is accepted, where that is not all; else 0
 * @falls: what leaves a hook without a verdict, once one was looked at
 * @bare: outcomes are verdicts alone
 * @loops: hooks are those of what has left by lo and comes in again
 * @ends_of: NULL, or a tree of which it is told apart how it leaves it so
 * @fell: off its end
 * @returned: by "return"
 * @called: in so many calls
 * @again: in so many trees that were walked before
 * @followed: rules that one packet has met
 * @refused: the last of them could not lead it where it should, and ended its walk
 * @known: what became of packets at trees: fwt_prove_recall()
 * @queue: by number; each rule with one leads all of the next hook by it
 */
struct fwt_prove {
	struct fwt_space *sp;
	struct fwt_outcomes *out;
	struct fwt_sema *s;
	u32 *tests;
	u32 n_tests;
	struct fwt_vec stateful;
	u32 hook;
	u32 accepted;
	u32 falls;
	bool bare;
	bool loops;
	const struct fwt_ir_tree *ends_of;
	u32 fell;
	u32 returned;
	u32 called;
	u32 again;
	u32 followed;
	bool refused;
	struct fwt_prove_known *known;
	struct fwt_prove_queue queue[FWT_PROVE_QUEUES];
};

/** struct fwt_ways - where walks go that leave a block */
struct fwt_ways {
	u32 next;
	u32 back;
};

/** fwt_prove_init() - @s was understood; tells @sp what the policy tells apart */
void fwt_prove_init(struct fwt_prove *p, struct fwt_space *sp, struct fwt_outcomes *out,
		    struct fwt_sema *s);
void fwt_prove_clean(struct fwt_prove *p);

/* The rest is for a space that is fixed. */

u32 fwt_prove_leaf(struct fwt_prove *p, const struct fwt_outcome *o);

/** fwt_prove_conds() - packets for which conditions of a rule hold */
u32 fwt_prove_conds(struct fwt_prove *p, const struct fwt_ir_rule *r,
		    const struct fwt_cond *c);

/** fwt_prove_test() - packets for which a rule's test, by its number, holds */
u32 fwt_prove_test(struct fwt_prove *p, const struct fwt_ir_rule *r, u32 test);

/** fwt_prove_match() - packets that a rule matches, whatever the maps of its modifiers have */
u32 fwt_prove_match(struct fwt_prove *p, const struct fwt_ir_rule *r);

/**
 * fwt_prove_body() - what becomes of packets that a rule matches
 *
 * Where a map has nothing they go on behind the rule, with what was done before it.
 */
u32 fwt_prove_body(struct fwt_prove *p, const struct fwt_ir_rule *r, struct fwt_ways ways);

/** fwt_prove_end() - the same without the rule's modifiers */
u32 fwt_prove_end(struct fwt_prove *p, const struct fwt_ir_rule *r, struct fwt_ways ways);

/** fwt_prove_rule() - what becomes of packets at a rule */
u32 fwt_prove_rule(struct fwt_prove *p, const struct fwt_ir_rule *r, struct fwt_ways ways);

/**
 * fwt_prove_block() - what becomes of packets at a block
 * @each: NULL, or room for what becomes of them at each statement that is live
 */
u32 fwt_prove_block(struct fwt_prove *p, const struct fwt_ir_block *b, struct fwt_ways ways,
		    u32 *each);

/**
 * fwt_prove_recall() - what became of packets at a tree
 * @back: where walks go that leave it
 * @f: filled in
 *
 * Many ways lead to a tree, twice as many to the one behind it. What is known is so for
 * the hook and all else that @p says; it is forgotten with that.
 *
 * Return: false where it is not known.
 */
bool fwt_prove_recall(struct fwt_prove *p, const struct fwt_ir_tree *t, u32 back, u32 *f);

/** fwt_prove_learn() - now it is; none where the budget is used up */
void fwt_prove_learn(struct fwt_prove *p, const struct fwt_ir_tree *t, u32 back, u32 f);

/** fwt_prove_forget() - nothing is */
void fwt_prove_forget(struct fwt_prove *p);

/** fwt_prove_enter() - a tree is walked; fwt_prove_leave(): with what that returned */
u32 fwt_prove_enter(struct fwt_prove *p, const struct fwt_ir_tree *t);
static inline void fwt_prove_leave(struct fwt_prove *p, u32 again)
{
	p->again -= again;
}

/** fwt_prove_step() - a rule is walked; false where the budget is used up */
bool fwt_prove_step(struct fwt_prove *p);

/** fwt_prove_hook() - what becomes of packets at a hook */
u32 fwt_prove_hook(struct fwt_prove *p, const struct fwt_ir_tree *t);

/** fwt_prove_branches() - of a select or split; NULL, and 0 of them, of another rule */
const struct fwt_ir_rule *fwt_prove_branches(const struct fwt_ir_rule *r, u32 *count);

/** fwt_prove_picks() - packets that a select or split leads to each of its branches */
void fwt_prove_picks(struct fwt_prove *p, const struct fwt_ir_rule *r, u32 *branch);

/**
 * fwt_prove_after() - a set of packets, once a rule's modifiers have changed them
 * @missed: filled in: those that go on behind the rule, since a map has nothing for them
 */
u32 fwt_prove_after(struct fwt_prove *p, const struct fwt_ir_rule *r, u32 set, u32 *missed);

/**
 * fwt_prove_follow() - the rule that decides one packet
 * @bits: the packet, a byte each bit; changed as the modifiers do
 *
 * Return: NULL where it runs off the end.
 */
const struct fwt_ir_rule *fwt_prove_follow(struct fwt_prove *p, const struct fwt_ir_tree *t,
					   u8 *bits);

/**
 * fwt_prove_hop() - what becomes of packets that are routed
 * @f: what becomes of them behind that
 *
 * A space of which fwt_space_cut_hop() was asked.
 */
u32 fwt_prove_hop(struct fwt_prove *p, u32 f);
void fwt_prove_hop_bits(struct fwt_prove *p, u8 *bits);

/** fwt_prove_loop() - of packets that have left by lo: as they come in */
u32 fwt_prove_loop(struct fwt_prove *p, u32 f);
void fwt_prove_loop_bits(struct fwt_prove *p, u8 *bits);

/** fwt_prove_received() - of packets that a device's tree lets in: as ingress finds them */
u32 fwt_prove_received(struct fwt_prove *p, u32 f);
void fwt_prove_received_bits(struct fwt_prove *p, u8 *bits);

/** fwt_prove_sent() - of packets that egress lets out: as a device's tree finds them */
u32 fwt_prove_sent(struct fwt_prove *p, u32 f);
void fwt_prove_sent_bits(struct fwt_prove *p, u8 *bits);

/**
 * fwt_prove_first_piece() - of a packet whose first fragment comes
 * @f: of that by itself
 *
 * fwt_prove_later_piece(): of one of its others. fwt_prove_whole(): @f of what they are
 * put together to. The length is the first fragment's, of others and of the whole it is
 * not known.
 */
u32 fwt_prove_first_piece(struct fwt_prove *p, u32 f);
void fwt_prove_first_piece_bits(struct fwt_prove *p, u8 *bits);
u32 fwt_prove_later_piece(struct fwt_prove *p, u32 f);
u32 fwt_prove_whole(struct fwt_prove *p, u32 f);
void fwt_prove_whole_bits(struct fwt_prove *p, u8 *bits);

/** fwt_prove_queued() - outcomes of what goes by a queue: what is accepted is by way of that */
u32 fwt_prove_queued(struct fwt_prove *p, u32 f, u32 number, bool bypass);

/**
 * fwt_prove_effect() - outcomes with one effect more, the first of all
 * @p: proof
 * @f: outcomes
 * @effect: all of it but @next
 * @writes: fields that it sets, bits: a later effect that reads these is another one
 */
u32 fwt_prove_effect(struct fwt_prove *p, u32 f, const struct fwt_out_effect *effect,
		     u64 writes);

/**
 * fwt_prove_changed() - what becomes of packets before a rule's modifiers
 * @f: behind them
 * @miss: where a map has nothing: behind the rule
 */
u32 fwt_prove_changed(struct fwt_prove *p, const struct fwt_ir_rule *r, u32 f, u32 miss);

/** fwt_prove_change() - one packet; false where a map has nothing for it, or it is refused */
bool fwt_prove_change(struct fwt_prove *p, const struct fwt_ir_rule *r, u8 *bits);

/* The same for what a select's node of another module may set besides choosing. */
u32 fwt_prove_selected(struct fwt_prove *p, const struct fwt_ir_rule *r, u32 f);
u32 fwt_prove_select_after(struct fwt_prove *p, const struct fwt_ir_rule *r, u32 set);
void fwt_prove_select(struct fwt_prove *p, const struct fwt_ir_rule *r, u8 *bits);
void fwt_prove_collect_mods(struct fwt_prove *p, const struct fwt_ir_rule *r);

#endif /* FWT_PROVE_WALK_H */
