/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A TCP connection as seen from between its ends: states and windows.
 *
 * The transitions, and where they are stricter than the kernel's, are argued in
 * tcp.c. The method is Guido van Rooij's, "Real Stateful TCP Packet Filtering in IP
 * Filter" (2000), with window scaling and SACK as nf_conntrack_proto_tcp.c has
 * it, and RST as in RFC 5961.
 */
#ifndef FWT_CORE_TCP_H
#define FWT_CORE_TCP_H

#include "os.h"

enum fwt_dir {
	FWT_ORIGINAL,
	FWT_REPLY,
};

/* Names as users know them from the kernel's own conntrack. */
#define FWT_TCP_STATES(X) \
	X(NONE) X(SYN_SENT) X(SYN_RECV) X(ESTABLISHED) X(FIN_WAIT) \
	X(CLOSE_WAIT) X(LAST_ACK) X(TIME_WAIT) X(CLOSE) X(SYN_SENT2)

enum fwt_tcp_state {
#define FWT_TCP_STATE_ENUM(s) FWT_TCPS_##s,
	FWT_TCP_STATES(FWT_TCP_STATE_ENUM)
#undef FWT_TCP_STATE_ENUM
	__FWT_TCPS_MAX,
};

#define FWT_TCP_PEER_SEEN	0x01	/* it has sent something */
#define FWT_TCP_PEER_ACKS	0x02	/* it has acknowledged the other's SYN */
#define FWT_TCP_PEER_FIN	0x04	/* it has sent FIN, which @end includes */
#define FWT_TCP_PEER_WSCALE	0x08	/* of its SYN */
#define FWT_TCP_PEER_SACK	0x10	/* of its SYN */

/**
 * struct fwt_tcp_peer - what one side has sent, and may send
 * @end: one past the highest sequence number that it sent
 * @maxend: one past the highest that the other side has allowed it
 * @maxwin: the largest window that it announced, scaled
 * @maxack: the highest acknowledgement that it sent; before its first one the
 *	least that it can be, one past the other side's SYN
 * @scale: its window scale
 * @flags: FWT_TCP_PEER_*
 * @syn_data: of the client: bytes of data in the SYN noted, which the server need not take
 */
struct fwt_tcp_peer {
	u32 end;
	u32 maxend;
	u32 maxwin;
	u32 maxack;
	u8 scale;
	u8 flags;
	u16 syn_data;
};

#define FWT_TCP_CONN_LOOSE	0x01	/* picked up: windows are guessed wide */
#define FWT_TCP_CONN_BOTH_OPEN	0x02	/* simultaneous open */
#define FWT_TCP_CONN_LAST_DIR	0x04	/* of the last segment: reply */
#define FWT_TCP_CONN_SYN	0x08	/* @syn_* tell of a SYN that was passed */
#define FWT_TCP_CONN_SYN_WSCALE	0x10	/* it had the option */
#define FWT_TCP_CONN_SYN_SACK	0x20
#define FWT_TCP_CONN_NOTED	0x40	/* @noted holds something */
#define FWT_TCP_CONN_NOTED_DIR	0x80	/* that the reply side sent */

/**
 * struct fwt_tcp - the state of a connection; 56 bytes
 * @peer: by enum fwt_dir of what it sends
 * @state: enum fwt_tcp_state
 * @flags: FWT_TCP_CONN_*
 * @idle: segments in a row of one side that brought nothing new
 * @syn_scale: of the SYN noted: its window scale
 * @syn_win: its window
 * @owner: room for two bytes of who keeps it; not touched but by fwt_tcp_init()
 * @syn_end: one past it. A SYN from the client that does not fit the state is
 *	passed, since only the server can say whether it is in order; these are
 *	what is needed to follow if the server says so
 * @noted: in SYN_SENT what a passed ACK of the server acknowledged, in SYN_RECV what
 *	one of the client did (a RST will have it as its sequence), later the end of a
 *	segment that overshot the window (it may come to be acknowledged), the highest
 *	one of a side
 */
struct fwt_tcp {
	struct fwt_tcp_peer peer[2];
	u8 state;
	u8 flags;
	u8 idle;
	u8 syn_scale;
	u16 syn_win;
	u16 owner;
	u32 syn_end;
	u32 noted;
};

/**
 * struct fwt_tcp_segment - a segment, as far as tracking cares
 * @seq: host byte order
 * @ack: host byte order
 * @len: bytes of payload
 * @win: window field, unscaled
 * @flags: FWT_TCP_*
 * @has_wscale: of a SYN: option is there
 * @wscale: at most 14
 * @sack_perm: of a SYN
 * @has_sack: SACK blocks are there
 * @sack_edge: their highest right edge
 */
struct fwt_tcp_segment {
	u32 seq;
	u32 ack;
	u32 len;
	u16 win;
	u8 flags;
	bool has_wscale;
	u8 wscale;
	bool sack_perm;
	bool has_sack;
	u32 sack_edge;
};

/* What a segment means for a connection. */
enum fwt_tcp_result {
	FWT_TCP_OK,		/* belongs; the state is brought up to date, and the
				 * record lives on for its timeout
				 */
	FWT_TCP_PASS,		/* let pass, but it does not lengthen the record's
				 * life: a repeated SYN, a challenge ACK, what comes
				 * after the end; a RST in the window but not exact,
				 * which @timeout_cap shortens it by
				 */
	FWT_TCP_INVALID,	/* does not belong; the state is untouched */
	FWT_TCP_REOPEN,		/* a SYN that begins a new connection on the same
				 * ends: end this record and treat it as first
				 */
};

/**
 * struct fwt_tcp_verdict - what became of a segment
 * @result: enum fwt_tcp_result
 * @timeout: enum fwt_timeout that now counts
 * @timeout_cap: seconds, or 0. With OK the lesser of this and the timeout counts
 *	from now; with PASS at most so many remain of what there was
 * @assured: both sides have spoken and neither has reset it: it is no longer
 *	evicted first
 * @why: for INVALID a short text
 */
struct fwt_tcp_verdict {
	u8 result;
	u8 timeout;
	u16 timeout_cap;
	bool assured;
	const char *why;
};

/* Remaining seconds of what is not certain to live: as the kernel's conntrack has
 * it for retransmissions and unacknowledged data; RFC 1122 wants more than 100
 * seconds for them.
 */
#define FWT_TCP_DOUBT	300

/* Seconds that an established connection keeps, once it is translated and both sides
 * have spoken, whatever waits for an acknowledgement (RFC 5382, REQ-5).
 */
#define FWT_TCP_FLOOR	7440

/* The timeouts of the table in Documentation/connections.rst, in the order of
 * the options that set them.
 */
enum fwt_timeout {
	FWT_TIMEOUT_TCP_SYN_SENT,
	FWT_TIMEOUT_TCP_SYN_RECV,
	FWT_TIMEOUT_TCP_ESTABLISHED,
	FWT_TIMEOUT_TCP_FIN_WAIT,
	FWT_TIMEOUT_TCP_CLOSE_WAIT,
	FWT_TIMEOUT_TCP_LAST_ACK,
	FWT_TIMEOUT_TCP_TIME_WAIT,
	FWT_TIMEOUT_TCP_CLOSE,
	FWT_TIMEOUT_UDP,
	FWT_TIMEOUT_UDP_STREAM,
	FWT_TIMEOUT_ICMP,
	FWT_TIMEOUT_OTHER,
	__FWT_TIMEOUT_MAX,
};

/**
 * fwt_timeout_default() - seconds, by R27's table
 * @t: enum fwt_timeout
 * @translated: the connection is translated
 */
u32 fwt_timeout_default(unsigned int t, bool translated);

/**
 * fwt_tcp_opens() - may this segment open a connection
 * @flags: FWT_TCP_*
 *
 * Return: true for a SYN without ACK, RST and FIN.
 */
bool fwt_tcp_opens(u8 flags);

/**
 * fwt_tcp_flags_valid() - is this a combination that a TCP ever sends (R18)
 * @flags: FWT_TCP_*
 */
bool fwt_tcp_flags_valid(u8 flags);

/**
 * fwt_tcp_init() - a connection begins
 * @t: filled in
 * @s: its first segment, for which fwt_tcp_opens(); or, with @loose, any ACK, FIN
 *	included, of a connection that was there before. Else it is INVALID
 * @loose: pick it up in the middle: windows are learned
 * @v: what becomes of it
 */
void fwt_tcp_init(struct fwt_tcp *t, const struct fwt_tcp_segment *s, bool loose,
		  struct fwt_tcp_verdict *v);

/**
 * fwt_tcp_resume() - segments have gone by unseen
 * @t: what its sides have sent is forgotten, unless it is over; the first segment that
 *	comes then is where it goes on, as when one is picked up
 */
void fwt_tcp_resume(struct fwt_tcp *t);

/**
 * fwt_tcp_packet() - a later segment
 * @t: brought up to date; the caller holds the record's lock
 * @dir: which way it goes
 * @s: the segment
 * @v: what becomes of it
 */
void fwt_tcp_packet(struct fwt_tcp *t, enum fwt_dir dir,
		    const struct fwt_tcp_segment *s, struct fwt_tcp_verdict *v);

/**
 * fwt_tcp_quote_fits() - can the connection have sent what an ICMP error quotes
 * @t: state
 * @dir: direction of the quoted segment
 * @seq: its sequence number
 *
 * Return: true if @seq lies in what that side sent and could still have on its
 * way, or is that of a SYN that was noted (R21, RFC 5927).
 */
bool fwt_tcp_quote_fits(const struct fwt_tcp *t, enum fwt_dir dir, u32 seq);

/**
 * fwt_tcp_yields() - may another connection have the ends of this one
 * @t: state
 * @seq: of the SYN that would begin it
 *
 * Return: true if this one is closed and @seq lies beyond all that its client
 * sent, so that the server, which may be waiting in TIME_WAIT, takes the SYN for
 * what it is (RFC 9293, 3.6.1; RFC 6191).
 */
bool fwt_tcp_yields(const struct fwt_tcp *t, u32 seq);

extern const char *const fwt_tcp_state_name[__FWT_TCPS_MAX];

#endif /* FWT_CORE_TCP_H */
