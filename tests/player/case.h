/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cases of packets: what tests/vectors/packets/README tells, and those of
 * tests/vectors/tcp, read into one form.
 */
#ifndef FWT_PLAYER_CASE_H
#define FWT_PLAYER_CASE_H

#include "pkt.h"
#include "reason.h"
#include "tcp.h"
#include "tcp_vectors.h"

#define CASE_LINES	96

enum line_kind {
	LINE_PACKET,
	LINE_ERROR,
	LINE_WAIT,
};

enum line_out {
	OUT_PASS,	/* it comes out on the other side, translated */
	OUT_DROP,	/* it does not; counted for @reason */
};

/* What an ICMP error is about, by name; the numbers are the family's. */
enum error_what {
	ERROR_HOST,
	ERROR_PORT,
	ERROR_BIG,
	ERROR_TIME,
	ERROR_PARAMETER,
	ERROR_QUENCH,
	ERROR_REDIRECT,
	__ERROR_MAX,
};

/**
 * struct line - one line of a case
 * @number: in its file
 * @kind: what it is
 * @times: so often
 * @dir: who sends it
 * @wait: milliseconds
 * @spec: the packet, without its ends
 * @tcp: @segment says the rest
 * @answer: the ICMP query is the answer to one
 * @bad_sum: its transport checksum is wrong
 * @sport_add: added to its source port: another connection
 * @error: what it says
 * @of: the line that it quotes
 * @quote_len: so many bytes of it, 0 for all
 * @extensions: of RFC 4884
 * @mtu: of ERROR_BIG
 * @seq_add: added to the quoted TCP sequence
 * @port_add: added to the quoted source port
 * @elsewhere: it goes to another address than the quoted packet came from
 * @in_pieces: it quotes the first fragment of that packet
 * @later: it quotes another one
 * @out: what becomes of it
 * @reason: for OUT_DROP
 * @of_it: the same where the connection is there of whose ends it is, or 0
 * @state: the entry's then, as fwctl says it; NULL for as it was
 * @timeout: enum fwt_timeout that counts from now on; -1 for as it was
 * @snat_only: only where the source is translated, and it alone
 * @cap: seconds that remain at most, or 0
 * @assured: 1 or 0; -1 for as it was
 * @none: there is no entry then
 * @anew: it is another entry than before
 * @uncounted: passes, and the entry does not count it
 */
struct line {
	unsigned int number;
	enum line_kind kind;
	unsigned int times;
	enum fwt_dir dir;
	unsigned int wait;

	struct pkt_spec spec;
	bool tcp;
	struct fwt_tcp_segment segment;
	bool answer;
	bool bad_sum;
	int sport_add;

	enum error_what error;
	unsigned int of;
	unsigned int quote_len;
	bool extensions;
	unsigned int mtu;
	int seq_add;
	int port_add;
	bool elsewhere;
	bool in_pieces;
	bool later;

	enum line_out out;
	enum fwt_reason reason;
	enum fwt_reason of_it;
	const char *state;
	int timeout;
	bool snat_only;
	unsigned int cap;
	int assured;
	bool none;
	bool anew;
	bool uncounted;
};

/* Which ways a case is played. */
#define ONLY_V4		0x01
#define ONLY_V6		0x02
#define ONLY_PLAIN	0x04	/* without translation */
#define ONLY_NAT	0x08

/**
 * struct test_case - a case
 * @file: name, without folders
 * @name: of the case
 * @only: ONLY_*
 * @loose: with "option tcp-loose on"
 * @adopt: right after the first policy
 * @n: lines
 * @line: the lines
 */
struct test_case {
	char file[64];
	char name[80];
	unsigned int only;
	bool loose;
	bool adopt;
	unsigned int n;
	struct line line[CASE_LINES];
};

/**
 * case_read() - read a file, .vec or .pkt
 * @path: file
 * @add: called with each case
 *
 * Return: cases; -1 with a message on stderr where a line is not understood.
 */
int case_read(const char *path, void (*add)(const struct test_case *c));

#endif /* FWT_PLAYER_CASE_H */
