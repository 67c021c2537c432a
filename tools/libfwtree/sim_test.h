/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tests of policies: a file of packets, and what is to become of them.
 *
 *	route PREFIX [via A] dev IF		the machine
 *	address A/LEN dev IF
 *	seed N
 *	node NAME [ANSWER] [set FIELD N]...	nodes of other modules
 *	name NAME [ADDR...]			what DNS would say, from now on
 *	resolvers [ADDR...]
 *	packet PACKET [as NAME]			what happens
 *	reply NAME [WORD...]
 *	quote NAME [reply] icmp|icmpv6 type N code N from A [WORD...]
 *	wait DURATION
 *	policy FILE
 *	set add|delete SET ELEMENT [timeout D]
 *	pool add|delete|drain|weight POOL SERVER [weight N]
 *	expect WHAT...				of the packet before it
 *	never|always PATTERN expect WHAT...	of all packets that fit
 *
 * Sequence numbers that are not written are those that fit the connection.
 */
#ifndef FWT_SIM_TEST_H
#define FWT_SIM_TEST_H

#include "diag.h"
#include "sim.h"

/**
 * struct fwt_test_outcome - an expectation that was looked at
 * @ok: it was met
 * @file: the test file
 * @line: where it stands
 * @text: as written
 * @packet: what it is about, as written; "" for none
 * @why: NULL, or why it was not met
 * @way: NULL, or the way of the packet, line by line
 * @note: NULL, or how a property was held
 */
struct fwt_test_outcome {
	bool ok;
	const char *file;
	u32 line;
	const char *text;
	const char *packet;
	const char *why;
	const char *way;
	const char *note;
};

/**
 * fwt_sim_test() - run a test file
 * @policy: policy that is in force at its begin
 * @file: test file; other policies that it names are relative to it
 * @diag: told of errors in either; then nothing was run
 * @tell: called with each expectation
 * @ctx: for @tell
 *
 * Return: 0, also where expectations were not met; -1 where @diag has errors.
 */
int fwt_sim_test(const char *policy, const char *file, struct fwt_diag *diag,
		 void (*tell)(void *ctx, const struct fwt_test_outcome *o), void *ctx);

/* Within: sim_test*.c */

enum sim_expect_kind {
	EXPECT_VERDICT,	/* @n: enum fwt_sim_verdict */
	EXPECT_OUT,	/* @text: device */
	EXPECT_LOCAL,	/* it is for this machine */
	EXPECT_HELD,	/* it is a fragment that waits for the others */
	EXPECT_TO,	/* @end: destination */
	EXPECT_FROM,	/* @end: source */
	EXPECT_SNAT,	/* @end */
	EXPECT_DNAT,	/* @end */
	EXPECT_REASON,	/* @text */
	EXPECT_RULE,	/* @text: id, line, or file:line */
	EXPECT_STATE,	/* @text: ct state */
	EXPECT_MARK,	/* @n */
	EXPECT_LOG,	/* @text: in it, or "" for any */
	EXPECT_CONN,	/* @text: state, or "" for any */
	EXPECT_SET,	/* @text: the set, @other the element */
};

/* @any_port: it may be any; @has_port: it is @port */
struct sim_end {
	u8 family;
	u8 addr[16];
	bool has_port;
	bool any_port;
	u16 port;
};

/* @column: OUT: where the interface's name stands */
struct sim_expect {
	struct sim_expect *next;
	enum sim_expect_kind kind;
	bool not;
	u32 n;
	u32 column;
	struct sim_end end;
	char text[80];
	char other[160];
};

enum sim_statement_kind {
	TEST_WORLD,
	TEST_PACKET,
	TEST_REPLY,
	TEST_QUOTE,
	TEST_WAIT,
	TEST_POLICY,
	TEST_SET,
	TEST_POOL,
	TEST_EXPECT,
	TEST_NEVER,
	TEST_ALWAYS,
};

/**
 * struct sim_statement - a line of a test file
 * @line: number
 * @column: of a packet, or what is like one: where its interface's name stands
 * @text: the line, without blanks around it and without comment
 * @rest: in @text: a packet's words, behind "reply NAME", and so on
 * @name: of the flow
 * @of_reply: quote: of what went the other way
 * @from: quote: who sends it; packet, never, always: the interface, if one must be there
 * @ms: wait
 * @path: policy
 * @expect: what is expected
 * @times: packet: so many of them
 */
struct sim_statement {
	struct sim_statement *next;
	enum sim_statement_kind kind;
	u32 line;
	u32 column;
	char *text;
	char *rest;
	char name[32];
	bool of_reply;
	char from[64];
	u64 ms;
	char *path;
	struct sim_expect *expect;
};

struct sim_statement *sim_test_read(const char *file, struct fwt_diag *diag);
void sim_test_free(struct sim_statement *s);

/**
 * sim_expect_holds() - does an outcome meet it
 * @e: what is expected
 * @sim: simulation
 * @r: the outcome
 * @why: told why not
 * @size: of @why
 */
bool sim_expect_holds(const struct sim_expect *e, struct fwt_sim *sim,
		      const struct fwt_sim_result *r, char *why, size_t size);

/* All of a list; @why of the first that is not met. */
bool sim_expects_hold(const struct sim_expect *e, struct fwt_sim *sim,
		      const struct fwt_sim_result *r, char *why, size_t size);

/* Do they name rules, sets and elements that there are; else @why not. */
bool sim_expects_known(const struct sim_expect *e, struct fwt_sim *sim, char *why, size_t size);

/**
 * struct sim_property - "never" or "always"
 * @never: no packet that fits @pattern meets @expect; else all do
 * @pattern: in words
 * @expect: what it is about
 * @first: statements from here on
 * @here: up to here say where things are, and what sets and pools hold
 * @policy: in force
 */
struct sim_property {
	bool never;
	const char *pattern;
	const struct sim_expect *expect;
	const struct sim_statement *first;
	const struct sim_statement *here;
	const char *policy;
};

/* Is the pattern one; else the column, and @error. */
int sim_pattern_check(const char *pattern, char *error, size_t size);

/**
 * sim_property_holds() - sample it
 * @p: property
 * @counter: a packet that breaks it, in words
 * @size: of @counter and of @note
 * @note: how it was held
 * @way: set to the way of @counter, to be freed
 *
 * Return: 1 if no packet was found that breaks it; 0; -1 and @note for an error.
 */
int sim_property_holds(const struct sim_property *p, char *counter, char *note,
		       size_t size, char **way);

#endif /* FWT_SIM_TEST_H */
