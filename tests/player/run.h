/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A case, played in one way: with its ends, and what its entry is to be.
 *
 * Each run has addresses of its own, so that all are played at once. Its packets
 * are described twice, as they come in and as they are to leave; both are built
 * from scratch (pkt.c), and so held against what the module makes by difference.
 */
#ifndef FWT_PLAYER_RUN_H
#define FWT_PLAYER_RUN_H

#include "case.h"
#include "fw.h"
#include "tuple.h"

/* Namespaces, each with a policy of its own. */
enum gateway {
	GW_PLAIN,
	GW_LOOSE,	/* option tcp-loose on */
	GW_SET,		/* every timeout set by option */
	GW_ADOPT,	/* the first minute after a first policy */
	__GW_MAX,
};

extern const char *const gateway_name[__GW_MAX];

/**
 * struct way - how a case is played
 * @name: for people
 * @gw: where
 * @family: 4 or 6
 * @snat: the server sees another client
 * @dnat: the client dialled another server
 */
struct way {
	const char *name;
	enum gateway gw;
	u8 family;
	bool snat;
	bool dnat;
};

/* A packet as it comes in and as it is to leave. */
struct two_sides {
	bool there;
	enum fwt_dir dir;
	struct pkt_spec in;
	struct pkt_spec out;
	struct pkt_spec quote_in;	/* what @in and @out quote */
	struct pkt_spec quote_out;
};

/* What the entry is to be. */
struct model {
	bool there;
	bool anew;		/* another entry than the one seen last */
	u64 id;			/* of the one seen last */
	const char *state;
	u64 expires;		/* milliseconds */
	int assured;		/* 2: not said */
	u64 packets[2];
	u64 bytes[2];
};

enum phase {
	PHASE_LINES,
	PHASE_LAST_SECOND,	/* one second is left: it is there */
	PHASE_OVER,		/* for one second: it is not */
	PHASE_DONE,
};

struct run {
	const struct test_case *c;
	const struct way *way;
	unsigned int index;
	struct fwt_end end[__FWT_WHO_MAX];
	bool n_known;		/* the port that the server sees */
	u32 seq[2];		/* added to sequences, by enum fwt_dir */
	bool partial;		/* checksums are left to the device */
	u8 protocol;

	unsigned int next;
	enum phase phase;
	u64 due;
	bool touched;
	bool failed;
	struct model m;
	struct entry seen;
	bool seen_there;
	struct two_sides *sent;	/* by line */
};

/* Of a case and a way; @index is unique. */
void run_init(struct run *r, const struct test_case *c, const struct way *way,
	      unsigned int index);

/* The rules of the policy that a run needs. */
void run_ingress(const struct run *r, FILE *f);
void run_egress(const struct run *r, FILE *f);

/* An end's address as text; returns @buf. */
const char *run_address(const struct run *r, enum fwt_who who, char *buf);

/**
 * run_packet() - the two sides of a line
 * @r: run
 * @l: line of its case
 * @t: filled in
 *
 * Return: false for one that no single packet can be.
 */
bool run_packet(struct run *r, const struct line *l, struct two_sides *t);

/* Builds it, with what pkt.c leaves open. */
void run_build(const struct run *r, const struct pkt_spec *s, struct pkt *k,
	       bool bad_sum);

/* Takes the port that the server sees from the first packet that left. */
void run_learn(struct run *r, const struct two_sides *t, const u8 *data, u32 len);

/* Seconds that enum fwt_timeout means for this run. */
u32 run_timeout(const struct run *r, int timeout);

#endif /* FWT_PLAYER_RUN_H */
