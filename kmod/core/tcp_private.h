/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What tcp.c and tcp_open.c share. The essay is in tcp.c.
 */
#ifndef FWT_CORE_TCP_PRIVATE_H
#define FWT_CORE_TCP_PRIVATE_H

#include "packet.h"
#include "tcp.h"

/* The largest scale, and the largest window, that there are (RFC 7323). */
#define SCALE_MAX	14
#define WINDOW_MAX	(0xffffu << SCALE_MAX)

extern const u8 fwt_tcp_state_timeout[__FWT_TCPS_MAX];

/* Sequence numbers wrap: nearer than half of all is before, or after. */
static inline bool before(u32 a, u32 b)
{
	return (s32)(a - b) < 0;
}

static inline bool after(u32 a, u32 b)
{
	return before(b, a);
}

/* From @lo to @hi, both included. */
static inline bool between(u32 x, u32 lo, u32 hi)
{
	return !before(x, lo) && !after(x, hi);
}

static inline u32 later(u32 a, u32 b)
{
	return after(a, b) ? a : b;
}

static inline u32 end_of(const struct fwt_tcp_segment *s)
{
	return s->seq + s->len + !!(s->flags & FWT_TCP_SYN) +
	       !!(s->flags & FWT_TCP_FIN);
}

/* The window of a SYN is never scaled. One of 0 still lets a probe through. */
static inline u32 window_of(const struct fwt_tcp_peer *sender,
			    const struct fwt_tcp_segment *s)
{
	u32 win = s->win;

	if (!(s->flags & FWT_TCP_SYN))
		win <<= sender->scale;
	return win ? win : 1;
}

/* Both sides acknowledged the other's SYN. */
static inline bool is_open(const struct fwt_tcp *t)
{
	return t->peer[0].flags & t->peer[1].flags & FWT_TCP_PEER_ACKS;
}

/* Of the SYN noted: it, or some of the data in it (TCP Fast Open). */
static inline bool acks_noted_syn(const struct fwt_tcp *t, u32 ack)
{
	return t->flags & FWT_TCP_CONN_SYN &&
	       between(ack, t->syn_end - t->peer[FWT_ORIGINAL].syn_data, t->syn_end);
}

static inline bool all_acked(const struct fwt_tcp *t, int dir)
{
	return !before(t->peer[!dir].maxack, t->peer[dir].end);
}

static inline void verdict(const struct fwt_tcp *t, struct fwt_tcp_verdict *v,
			   enum fwt_tcp_result result, u16 cap)
{
	v->result = result;
	v->timeout = fwt_tcp_state_timeout[t->state];
	v->timeout_cap = cap;
	v->assured = is_open(t) && t->state != FWT_TCPS_CLOSE;
	v->why = NULL;
}

static inline void invalid(const struct fwt_tcp *t, struct fwt_tcp_verdict *v,
			   const char *why)
{
	verdict(t, v, FWT_TCP_INVALID, 0);
	v->why = why;
}

/* The state that follows from who sent FIN, and what of it is acknowledged. */
static inline void settle(struct fwt_tcp *t)
{
	bool fin0 = t->peer[0].flags & FWT_TCP_PEER_FIN;
	bool fin1 = t->peer[1].flags & FWT_TCP_PEER_FIN;

	if (!is_open(t) && !(t->flags & FWT_TCP_CONN_LOOSE))
		t->state = FWT_TCPS_SYN_RECV;
	else if (fin0 && fin1)
		t->state = all_acked(t, 0) && all_acked(t, 1) ?
			   FWT_TCPS_TIME_WAIT : FWT_TCPS_LAST_ACK;
	else if (fin0 || fin1)
		t->state = all_acked(t, fin1) ?
			   FWT_TCPS_CLOSE_WAIT : FWT_TCPS_FIN_WAIT;
	else
		t->state = FWT_TCPS_ESTABLISHED;
}

/* tcp_open.c: a SYN begins a connection or repeats one; a SYN-ACK answers. */
void fwt_tcp_first_syn(struct fwt_tcp *t, const struct fwt_tcp_segment *s);
void fwt_tcp_on_syn(struct fwt_tcp *t, int dir, const struct fwt_tcp_segment *s,
		    struct fwt_tcp_verdict *v);
void fwt_tcp_on_syn_ack(struct fwt_tcp *t, int dir,
			const struct fwt_tcp_segment *s,
			struct fwt_tcp_verdict *v);

#endif /* FWT_CORE_TCP_PRIVATE_H */
