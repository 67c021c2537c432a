/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names over time: when each is asked again, and what it stands for meanwhile.
 *
 * A question is a name and a family. What its answers do:
 *
 *  * addresses: they count from now on. Those that were in the answer before and are
 *    not in this one count for as long again as that answer was to be kept (at most
 *    FWT_DNS_LINGER_MAX): a client's own resolver may have asked a moment before us,
 *    and of large sites each answer has another few of many addresses.
 *  * none (no such name, or no address of this family): what was there counts for
 *    FWT_DNS_KEEP more, since a zone that is broken for a moment is no reason to cut
 *    anybody off; asked once (@once), it goes now.
 *  * no answer, or an error: what was there counts, for as long as it takes; after one of
 *    them those that say none begin anew.
 *
 * Nothing here asks, nor looks at a clock: times are milliseconds that the caller says.
 */
#ifndef FWT_DNS_STATE_H
#define FWT_DNS_STATE_H

#include "dns_book.h"

#define FWT_DNS_TTL_MIN		5000ull		/* not asked again before; ms all */
#define FWT_DNS_TTL_MAX		3600000ull	/* nor later than that */
#define FWT_DNS_LINGER_MAX	300000ull
#define FWT_DNS_KEEP		600000ull
#define FWT_DNS_RETRY_MIN	5000ull		/* doubled each time ... */
#define FWT_DNS_RETRY_MAX	60000ull	/* ... up to this */
#define FWT_DNS_NONE_AGAIN	60000ull
#define FWT_DNS_FILE_AGAIN	10000ull	/* @resolvers: when its file is read again */

enum fwt_dns_answer {
	FWT_DNS_ADDRESSES,
	FWT_DNS_NONE,
	FWT_DNS_FAILED,
};

/** struct fwt_dns_held - an address, and until when it counts; U64_MAX: it was in the
 * last answer
 */
struct fwt_dns_held {
	struct fwt_dns_addr addr;
	u64 until;
};

/**
 * struct fwt_dns_question - a name, of one family
 * @name: as fwt_dns_name() has it; FWT_DNS_RESOLVERS, whose addresses are of both
 * @six: IPv6's
 * @asked: it is on the way
 * @known: was answered, if only by nothing, since this began
 * @known_since: when that was
 * @due: when it is to be asked again
 * @ttl: of the last answer, ms, within bounds
 * @none_since: when it began to be nothing; 0: it is not
 * @failures: in a row
 * @over: addresses that were too many in the last answer; @over_before: in the one before
 * @held: struct fwt_dns_held, in order
 */
struct fwt_dns_question {
	struct fwt_dns_question *next;
	struct fwt_dns_question *same;	/* of its bucket, while names are looked up */
	char *name;
	bool six;
	bool asked;
	bool known;
	bool wanted;	/* of the policy in force, while that is looked at */
	bool again;	/* the caller's */
	u64 due;
	u64 ttl;
	u64 known_since;
	u64 none_since;
	u32 failures;
	u32 over;
	u32 over_before;
	struct fwt_vec held;
};

/**
 * struct fwt_dns_state - all questions
 * @once: nothing is held beyond an answer
 */
struct fwt_dns_state {
	struct fwt_dns_question *first;
	bool once;
};

void fwt_dns_state_clean(struct fwt_dns_state *s);

/**
 * fwt_dns_state_names() - the questions are those of a policy, from now on
 * @s: state; of names that were there already it keeps what is known
 * @ast: policy, or NULL for none
 *
 * Return: 0, -ENOMEM.
 */
int fwt_dns_state_names(struct fwt_dns_state *s, const struct fwt_policy_ast *ast);

/**
 * fwt_dns_answered() - what came of a question
 * @s: state
 * @q: question
 * @now: ms, not 0
 * @is: how it was answered
 * @addr: FWT_DNS_ADDRESSES: these, in any order, some perhaps twice
 * @n: how many
 * @ttl: ms
 *
 * Return: false without memory: as if it had failed.
 */
bool fwt_dns_answered(const struct fwt_dns_state *s, struct fwt_dns_question *q, u64 now,
		      enum fwt_dns_answer is, const struct fwt_dns_addr *addr, u32 n, u64 ttl);

/**
 * fwt_dns_expire() - let go of what does not count any more
 *
 * Return: whether there was such.
 */
bool fwt_dns_expire(struct fwt_dns_state *s, u64 now);

/** fwt_dns_next() - when something is due, or ends; U64_MAX for never */
u64 fwt_dns_next(const struct fwt_dns_state *s);

/* Begins as an empty book; false without memory. */
bool fwt_dns_state_book(const struct fwt_dns_state *s, struct fwt_dns_book *b);

/**
 * fwt_dns_settled() - is it known of all names of a set what they stand for, for so long
 * that what somebody else has put there for them may go: what lingers, when @s begins
 */
bool fwt_dns_settled(const struct fwt_dns_state *s, const struct fwt_set *set, u64 now);

/* Where a set differs from what it is to be */

/** struct fwt_dns_elem - an element of a set */
struct fwt_dns_elem {
	u32 six;
	u32 low[FWT_KEY_WORDS];
	u32 high[FWT_KEY_WORDS];
};

/**
 * struct fwt_dns_plan - what is to be done to a set; each struct fwt_dns_elem
 * @add: at first
 * @del: and then
 */
struct fwt_dns_plan {
	struct fwt_vec add;
	struct fwt_vec del;
};

void fwt_dns_plan_init(struct fwt_dns_plan *p);
void fwt_dns_plan_clean(struct fwt_dns_plan *p);

/* Appends; false without memory. */
bool fwt_dns_elem_add(struct fwt_vec *v, bool six, const u32 *low, const u32 *high, u32 words);
bool fwt_dns_elems_add(struct fwt_vec *v, const struct fwt_elems elems[2]);

/**
 * fwt_dns_plan() - compare
 * @p: filled in
 * @now: what of the policy's the set has; is sorted
 * @written: what is written out in the policy; is sorted
 * @all: @written and what its names stand for; is sorted
 * @ours: NULL: all that the policy has and that is not in @all goes. Else only what is
 *	in here: since of some name it is not known what it stands for
 *
 * What is written out and is not there was taken away by somebody, and not added.
 *
 * Return: false without memory.
 */
bool fwt_dns_plan(struct fwt_dns_plan *p, struct fwt_vec *now, struct fwt_vec *written,
		  struct fwt_vec *all, struct fwt_vec *ours);

#endif /* FWT_DNS_STATE_H */
