// SPDX-License-Identifier: GPL-2.0
/*
 * A TCP connection as seen from between its ends.
 *
 * OVERVIEW
 *
 * We see each segment before its receiver does, and cannot know whether it will
 * arrive. What we know of a side is what it said, and what the other side said
 * that it may: for each side its end (of what it sent), its maxend (the right
 * edge of the window that it was given), its maxwin (the largest window that it
 * gave) and its maxack (what it acknowledged). With S the sender of a segment
 * and R its receiver, a segment is in the window if
 *
 *	I	seq  <= S.maxend		R said that there is room
 *	II	end  >= S.end - R.maxwin	R may still want it
 *	III	sack <= R.end			R did send that
 *	IV	ack  >= R.end - max(S.maxwin, 66000)
 *
 * (van Rooij; I as nf_conntrack has it: the segment need but begin in the
 * window, for zero-window probes and for senders that fill a window to the last
 * segment.) What fails II or IV is old: a duplicate that was long on its way.
 * The receiver answers it with an ACK, so it passes, and changes nothing. What
 * fails I or III was never sent by a TCP that got what we saw.
 *
 * STATES
 *
 * From ESTABLISHED on the state is not a matter of which kind of segment came
 * last: it follows from four facts, which side sent FIN and which of them are
 * acknowledged (settle()). So an ACK that does not cover the FIN, such as a
 * challenge ACK in LAST_ACK, needs no exception; it leads nowhere.
 *
 *	FIN sent by	acknowledged	state
 *	none		-		ESTABLISHED
 *	one side	no		FIN_WAIT
 *	one side	yes		CLOSE_WAIT
 *	both		not both	LAST_ACK
 *	both		both		TIME_WAIT
 *
 * The way there, and what does not fit, is told kind by kind: on_syn(),
 * on_syn_ack(), on_rst() and on_data().
 *
 * LIFE
 *
 * A record's life is lengthened (OK) by what shows that its connection lives. A
 * side alone cannot do that for ever (R19): SYNs and SYN-ACKs repeated do not
 * count, data that waits for its acknowledgement is good for five minutes, and
 * from the 32nd segment in a row on that brings nothing new, and that the other
 * side has said nothing to, neither is that. A sender without answers runs into
 * its window's edge, and has nothing new then.
 *
 * STRICTER THAN THE KERNEL'S
 *
 * A handshake is completed only by an ACK of the very SYN-ACK, so that a forged
 * source makes no established connection. A RST in answer to a SYN must
 * acknowledge it. A RST ends a connection by its exact sequence alone, in all
 * states (RFC 5961, 3.2), also after FINs. Each FIN must be acknowledged for
 * the state to say so. SYN-ACKs that fit nothing are invalid. The time of
 * TIME_WAIT and CLOSE is lengthened by none but a repeated FIN.
 */
#include "packet.h"
#include "tcp.h"

/* Remaining seconds of what is not certain to live: as the kernel's conntrack
 * has it for retransmissions and unacknowledged data; RFC 1122 wants more than
 * 100 seconds for them.
 */
#define DOUBT		300

/* So often in a row the same may be sent again before it is in doubt, and before
 * it does not count at all. Linux itself gives up after 15.
 */
#define IDLE_DOUBT	3
#define IDLE_MAX	32

/* An ACK this far behind is not yet old (IV), the constant of van Rooij's paper:
 * the largest window without scaling and a bit.
 */
#define ACK_WINDOW	66000

/* What a picked-up connection's windows may be scaled by, at most (RFC 7323). */
#define SCALE_MAX	14
#define WINDOW_MAX	(0xffffu << SCALE_MAX)

static const u8 state_timeout[__FWT_TCPS_MAX] = {
	[FWT_TCPS_NONE]		= FWT_TIMEOUT_TCP_CLOSE,
	[FWT_TCPS_SYN_SENT]	= FWT_TIMEOUT_TCP_SYN_SENT,
	[FWT_TCPS_SYN_RECV]	= FWT_TIMEOUT_TCP_SYN_RECV,
	[FWT_TCPS_ESTABLISHED]	= FWT_TIMEOUT_TCP_ESTABLISHED,
	[FWT_TCPS_FIN_WAIT]	= FWT_TIMEOUT_TCP_FIN_WAIT,
	[FWT_TCPS_CLOSE_WAIT]	= FWT_TIMEOUT_TCP_CLOSE_WAIT,
	[FWT_TCPS_LAST_ACK]	= FWT_TIMEOUT_TCP_LAST_ACK,
	[FWT_TCPS_TIME_WAIT]	= FWT_TIMEOUT_TCP_TIME_WAIT,
	[FWT_TCPS_CLOSE]	= FWT_TIMEOUT_TCP_CLOSE,
	[FWT_TCPS_SYN_SENT2]	= FWT_TIMEOUT_TCP_SYN_SENT,
};

/* Sequence numbers wrap: nearer than half of all is before, or after. */
static bool before(u32 a, u32 b)
{
	return (s32)(a - b) < 0;
}

static bool after(u32 a, u32 b)
{
	return before(b, a);
}

/* From @lo to @hi, both included. */
static bool between(u32 x, u32 lo, u32 hi)
{
	return !before(x, lo) && !after(x, hi);
}

static u32 later(u32 a, u32 b)
{
	return after(a, b) ? a : b;
}

static u32 end_of(const struct fwt_tcp_segment *s)
{
	return s->seq + s->len + !!(s->flags & FWT_TCP_SYN) +
	       !!(s->flags & FWT_TCP_FIN);
}

/* The window of a SYN is never scaled. One of 0 still lets a probe through. */
static u32 window_of(const struct fwt_tcp_peer *sender,
		     const struct fwt_tcp_segment *s)
{
	u32 win = s->win;

	if (!(s->flags & FWT_TCP_SYN))
		win <<= sender->scale;
	return win ? win : 1;
}

/* Both sides acknowledged the other's SYN. */
static bool is_open(const struct fwt_tcp *t)
{
	return t->peer[0].flags & t->peer[1].flags & FWT_TCP_PEER_ACKS;
}

static bool all_acked(const struct fwt_tcp *t, int dir)
{
	return !before(t->peer[!dir].maxack, t->peer[dir].end);
}

static void verdict(const struct fwt_tcp *t, struct fwt_tcp_verdict *v,
		    enum fwt_tcp_result result, u16 cap)
{
	v->result = result;
	v->timeout = state_timeout[t->state];
	v->timeout_cap = cap;
	v->assured = is_open(t) && t->state != FWT_TCPS_CLOSE;
	v->why = NULL;
}

static void invalid(const struct fwt_tcp *t, struct fwt_tcp_verdict *v,
		    const char *why)
{
	verdict(t, v, FWT_TCP_INVALID, 0);
	v->why = why;
}

/* The state that follows from who sent FIN, and what of it is acknowledged. */
static void settle(struct fwt_tcp *t)
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

/* A side sends its SYN, with ACK or without. */
static void peer_opens(struct fwt_tcp_peer *p, const struct fwt_tcp_segment *s)
{
	p->end = end_of(s);
	p->maxend = p->end;
	p->maxwin = window_of(p, s);
	p->flags = FWT_TCP_PEER_SEEN;
	p->scale = 0;
	if (s->has_wscale) {
		p->flags |= FWT_TCP_PEER_WSCALE;
		p->scale = min(s->wscale, (u8)SCALE_MAX);
	}
	if (s->sack_perm)
		p->flags |= FWT_TCP_PEER_SACK;
}

/* Both SYNs are there: what only one of them offered does not hold (RFC 7323,
 * RFC 2018), and each side may fill the window of the other's SYN. With TCP Fast
 * Open the server does so before the client has said another word; in a
 * simultaneous open a later window may be smaller, rounded down by its scale.
 */
static void both_opened(struct fwt_tcp *t)
{
	struct fwt_tcp_peer *a = &t->peer[0];
	struct fwt_tcp_peer *b = &t->peer[1];
	u8 common = a->flags & b->flags;

	if (!(common & FWT_TCP_PEER_WSCALE)) {
		a->scale = 0;
		b->scale = 0;
	}
	a->maxend = later(a->maxend, a->end + b->maxwin);
	b->maxend = later(b->maxend, b->end + a->maxwin);
}

static bool uses_sack(const struct fwt_tcp *t)
{
	return (t->peer[0].flags & t->peer[1].flags & FWT_TCP_PEER_SACK) ||
	       (t->flags & FWT_TCP_CONN_LOOSE);
}

void fwt_tcp_init(struct fwt_tcp *t, const struct fwt_tcp_segment *s, bool loose,
		  struct fwt_tcp_verdict *v)
{
	struct fwt_tcp_peer *a = &t->peer[FWT_ORIGINAL];
	struct fwt_tcp_peer *b = &t->peer[FWT_REPLY];

	BUILD_BUG_ON(sizeof(struct fwt_tcp) > 56);
	memset(t, 0, sizeof(*t));

	if (!fwt_tcp_flags_valid(s->flags)) {
		invalid(t, v, "impossible flags");
		return;
	}

	if (fwt_tcp_opens(s->flags)) {
		peer_opens(a, s);
		b->maxack = s->seq + 1;
		t->state = FWT_TCPS_SYN_SENT;
		verdict(t, v, FWT_TCP_OK, 0);
		return;
	}

	if (!loose || (s->flags & (FWT_TCP_SYN | FWT_TCP_RST))) {
		invalid(t, v, "no connection, and it opens none");
		return;
	}

	/* In the middle: nobody told us the scales, nor what windows were announced
	 * before, so we take the largest that there are. Of the other side we know
	 * what was acknowledged. It may have sent more before we came, hence III is
	 * up to its maxend for ever (on_data()).
	 */
	t->flags = FWT_TCP_CONN_LOOSE;
	a->scale = SCALE_MAX;
	a->maxwin = WINDOW_MAX;
	a->end = end_of(s);
	a->maxend = a->end + WINDOW_MAX;
	a->maxack = s->ack;
	a->flags = FWT_TCP_PEER_SEEN | FWT_TCP_PEER_ACKS;
	if (s->flags & FWT_TCP_FIN)
		a->flags |= FWT_TCP_PEER_FIN;
	b->scale = SCALE_MAX;
	b->maxwin = WINDOW_MAX;
	b->end = s->ack;
	b->maxend = s->ack + WINDOW_MAX;
	b->maxack = s->seq - WINDOW_MAX;
	settle(t);
	verdict(t, v, FWT_TCP_OK, DOUBT);
}

/* A SYN that is not ours to judge: see struct fwt_tcp. One whose sequence was in
 * use lately is a duplicate, which nobody begins anew by.
 */
static void note_syn(struct fwt_tcp *t, const struct fwt_tcp_segment *s)
{
	u32 end = t->peer[FWT_ORIGINAL].end;

	if (is_open(t) &&
	    between(end_of(s), end - t->peer[FWT_REPLY].maxwin, end))
		return;
	t->flags &= ~(FWT_TCP_CONN_SYN_WSCALE | FWT_TCP_CONN_SYN_SACK);
	t->flags |= FWT_TCP_CONN_SYN;
	if (s->has_wscale)
		t->flags |= FWT_TCP_CONN_SYN_WSCALE;
	if (s->sack_perm)
		t->flags |= FWT_TCP_CONN_SYN_SACK;
	t->syn_scale = s->has_wscale ? min(s->wscale, (u8)SCALE_MAX) : 0;
	t->syn_win = s->win;
	t->syn_end = end_of(s);
}

/*
 * SYN, without ACK.
 *
 * From the client:
 *  SYN_SENT, SYN_SENT2	said again; or with another sequence, the client began
 *			anew. Passes, and does not lengthen (R19). Which of them
 *			counts will the SYN-ACK say.
 *  SYN_RECV		our SYN-ACK was lost, or the client began anew. As above.
 *  ESTABLISHED to	an old duplicate, or the client lost its memory. The server
 *  LAST_ACK		knows: it answers with a challenge ACK (RFC 5961, 4), to
 *			which the client sends a RST of exact sequence, which ends
 *			this connection; or, having lost its own, with a SYN-ACK
 *			or a RST. So it passes, and is noted.
 *  TIME_WAIT		beyond all that was sent before: a new connection (RFC
 *			1122, 4.2.2.13). Else as in ESTABLISHED.
 *  CLOSE		after a RST nobody remembers anything: a new connection.
 *
 * From the server:
 *  SYN_SENT		simultaneous open.
 *  SYN_RECV		the SYN-ACK of such an open overtook its SYN.
 *  later		of such an open it may be said again. Else it is a new
 *			connection, from a side that has not been asked for one:
 *			not under the cover of this one. But of a connection that
 *			was picked up we do not know who is the client.
 *  TIME_WAIT, CLOSE	as from the client. It will be judged as a first packet.
 */
static void on_syn(struct fwt_tcp *t, int dir, const struct fwt_tcp_segment *s,
		   struct fwt_tcp_verdict *v)
{
	struct fwt_tcp_peer *snd = &t->peer[dir];
	struct fwt_tcp_peer *rcv = &t->peer[!dir];

	if (t->state == FWT_TCPS_CLOSE ||
	    (t->state == FWT_TCPS_TIME_WAIT && !before(s->seq, snd->end))) {
		verdict(t, v, FWT_TCP_REOPEN, 0);
		return;
	}

	if (dir == FWT_ORIGINAL) {
		if (t->state == FWT_TCPS_SYN_SENT && s->seq + 1 == rcv->maxack) {
			/* Again, with other data or other options maybe: which
			 * of the two will arrive we can't know.
			 */
			snd->end = later(snd->end, end_of(s));
			snd->maxwin = max(snd->maxwin, window_of(snd, s));
			if (s->has_wscale) {
				snd->flags |= FWT_TCP_PEER_WSCALE;
				snd->scale = min(s->wscale, (u8)SCALE_MAX);
			}
			if (s->sack_perm)
				snd->flags |= FWT_TCP_PEER_SACK;
		}
		note_syn(t, s);
		verdict(t, v, FWT_TCP_PASS, 0);
		return;
	}

	if (t->state == FWT_TCPS_SYN_SENT) {
		peer_opens(snd, s);
		rcv->maxack = s->seq + 1;
		both_opened(t);
		t->flags |= FWT_TCP_CONN_BOTH_OPEN;
		t->state = FWT_TCPS_SYN_SENT2;
		verdict(t, v, FWT_TCP_OK, 0);
		return;
	}
	if (t->state == FWT_TCPS_SYN_RECV && end_of(s) == snd->end)
		t->flags |= FWT_TCP_CONN_BOTH_OPEN;
	if (t->flags & FWT_TCP_CONN_LOOSE)
		verdict(t, v, FWT_TCP_PASS, 0);
	else if ((t->flags & FWT_TCP_CONN_BOTH_OPEN) ?
		 !after(end_of(s), snd->end) :
		 between(end_of(s), snd->end - rcv->maxwin, snd->end))
		verdict(t, v, FWT_TCP_PASS, 0);
	else
		invalid(t, v, "SYN from the server of a connection");
}

/* A SYN-ACK answers the other side's SYN. */
static void opened(struct fwt_tcp *t, int dir, const struct fwt_tcp_segment *s,
		   struct fwt_tcp_verdict *v)
{
	struct fwt_tcp_peer *snd = &t->peer[dir];
	struct fwt_tcp_peer *rcv = &t->peer[!dir];

	if (!(snd->flags & FWT_TCP_PEER_SEEN)) {
		peer_opens(snd, s);
		rcv->maxack = s->seq + 1;
		both_opened(t);
	}
	snd->flags |= FWT_TCP_PEER_ACKS;
	snd->maxack = s->ack;
	rcv->maxend = later(rcv->maxend, s->ack + window_of(snd, s));
	t->flags &= ~(FWT_TCP_CONN_SYN | FWT_TCP_CONN_NOTED);
	t->idle = 0;
	settle(t);
	verdict(t, v, FWT_TCP_OK, 0);
}

/* Client and server are at one about a SYN that did not fit: follow them. */
static void opened_anew(struct fwt_tcp *t, const struct fwt_tcp_segment *s,
			struct fwt_tcp_verdict *v)
{
	struct fwt_tcp_peer *a = &t->peer[FWT_ORIGINAL];

	memset(t->peer, 0, sizeof(t->peer));
	a->end = t->syn_end;
	a->maxend = t->syn_end;
	a->maxwin = t->syn_win ? t->syn_win : 1;
	a->scale = t->syn_scale;
	a->flags = FWT_TCP_PEER_SEEN;
	if (t->flags & FWT_TCP_CONN_SYN_WSCALE)
		a->flags |= FWT_TCP_PEER_WSCALE;
	if (t->flags & FWT_TCP_CONN_SYN_SACK)
		a->flags |= FWT_TCP_PEER_SACK;
	t->flags = 0;
	opened(t, FWT_REPLY, s, v);
}

/*
 * SYN with ACK.
 *
 *  SYN_SENT		from the server, and it acknowledges the SYN, or some of
 *			the data in it (TCP Fast Open): SYN_RECV. From the client
 *			it is nonsense.
 *  SYN_SENT2		from either side, to the other's SYN: SYN_RECV. When the
 *			other side sends its own, each SYN is acknowledged:
 *			ESTABLISHED.
 *  CLOSE		the RST that was sent after it overtook it. Passes.
 *  all			it answers the SYN that was noted: both begin anew.
 *			It says again what was said: the last ACK of the handshake
 *			was lost. It passes, so that it is answered, and so does
 *			an older duplicate.
 *			Else nothing was asked that it could be the answer to.
 */
static void on_syn_ack(struct fwt_tcp *t, int dir,
		       const struct fwt_tcp_segment *s, struct fwt_tcp_verdict *v)
{
	struct fwt_tcp_peer *snd = &t->peer[dir];
	struct fwt_tcp_peer *rcv = &t->peer[!dir];
	bool both = t->flags & FWT_TCP_CONN_BOTH_OPEN;
	bool fits = between(s->ack, snd->maxack, rcv->end);
	bool known, acks;

	if (dir == FWT_ORIGINAL && !both && !(t->flags & FWT_TCP_CONN_LOOSE)) {
		invalid(t, v, "SYN-ACK from the client of a connection");
		return;
	}

	if (t->state == FWT_TCPS_SYN_SENT && fits) {
		opened(t, dir, s, v);
		return;
	}
	if (t->state == FWT_TCPS_CLOSE && fits &&
	    !(snd->flags & FWT_TCP_PEER_SEEN)) {
		opened(t, dir, s, v);
		t->state = FWT_TCPS_CLOSE;
		verdict(t, v, FWT_TCP_PASS, 0);
		return;
	}
	if (both && !is_open(t) && !(snd->flags & FWT_TCP_PEER_ACKS) && fits &&
	    end_of(s) == snd->end) {
		opened(t, dir, s, v);
		return;
	}

	known = (snd->flags & FWT_TCP_PEER_ACKS) ||
		(t->flags & FWT_TCP_CONN_LOOSE);
	acks = !after(s->ack, t->flags & FWT_TCP_CONN_LOOSE ? rcv->maxend :
							      rcv->end);
	if (known && acks &&
	    between(end_of(s), snd->end - rcv->maxwin, snd->end))
		verdict(t, v, FWT_TCP_PASS, 0);
	else if ((t->flags & FWT_TCP_CONN_SYN) && dir == FWT_REPLY &&
		 s->ack == t->syn_end)
		opened_anew(t, s, v);
	else if (known && acks && before(end_of(s), snd->end))
		verdict(t, v, FWT_TCP_PASS, 0);
	else
		invalid(t, v, "SYN-ACK that answers no SYN");
}

/*
 * RST.
 *
 * Its receiver goes by the sequence, and so do we; an acknowledgement counts
 * only where the receiver may be in SYN_SENT, which knows no sequence.
 *
 *  exact		what its receiver acknowledged last, or the end of what
 *			its sender sent: CLOSE. In CLOSE it changes nothing.
 *  SYN_SENT		from the server: it acknowledges the SYN: CLOSE. From
 *			the client: in answer to an ACK of a server that holds an
 *			older connection; the client will try again, so that the
 *			record stays.
 *  a noted SYN		refused by a server that knows nothing of this connection.
 *			A forger could play both parts, so it is but doubted.
 *  in the window	the receiver sends a challenge ACK, to be answered by an
 *			exact RST. Or it had got more than we know, and ended.
 *  other		invalid.
 */
static void on_rst(struct fwt_tcp *t, int dir, const struct fwt_tcp_segment *s,
		   struct fwt_tcp_verdict *v)
{
	struct fwt_tcp_peer *snd = &t->peer[dir];
	struct fwt_tcp_peer *rcv = &t->peer[!dir];
	bool seen = snd->flags & FWT_TCP_PEER_SEEN;
	bool acks = s->flags & FWT_TCP_ACK;
	bool known, exact;

	/* Of a connection picked up, what a side acknowledged that was not heard
	 * yet is a guess.
	 */
	known = (rcv->flags & FWT_TCP_PEER_ACKS) ||
		(seen && !(t->flags & FWT_TCP_CONN_LOOSE));
	exact = (seen && s->seq == snd->end) ||
		(known && s->seq == rcv->maxack);
	if (acks && (rcv->flags & FWT_TCP_PEER_SEEN) &&
	    !(rcv->flags & FWT_TCP_PEER_ACKS) &&
	    between(s->ack, snd->maxack, rcv->end))
		exact = true;

	if (exact && t->state == FWT_TCPS_CLOSE) {
		verdict(t, v, FWT_TCP_PASS, 0);
	} else if (exact) {
		t->state = FWT_TCPS_CLOSE;
		t->flags &= ~(FWT_TCP_CONN_SYN | FWT_TCP_CONN_NOTED);
		verdict(t, v, FWT_TCP_OK, 0);
	} else if (t->state == FWT_TCPS_SYN_SENT && dir == FWT_ORIGINAL &&
		   (t->flags & FWT_TCP_CONN_NOTED) && s->seq == t->noted) {
		verdict(t, v, FWT_TCP_PASS, 0);
	} else if (acks && (t->flags & FWT_TCP_CONN_SYN) && dir == FWT_REPLY &&
		   s->ack == t->syn_end) {
		verdict(t, v, FWT_TCP_PASS, DOUBT);
	} else if ((seen || known) &&
		   between(s->seq, rcv->maxack, snd->maxend)) {
		verdict(t, v, FWT_TCP_PASS, DOUBT);
	} else {
		invalid(t, v, "RST outside the window");
	}
}

/* It belongs: what it tells about both sides. */
static void learn(struct fwt_tcp *t, int dir, const struct fwt_tcp_segment *s,
		  u32 sack)
{
	struct fwt_tcp_peer *snd = &t->peer[dir];
	struct fwt_tcp_peer *rcv = &t->peer[!dir];
	u32 end = end_of(s);
	u32 win = window_of(snd, s);

	/* A FIN that more follows to was none, as long as nobody believed it. */
	if (after(end, snd->end)) {
		snd->end = end;
		snd->flags &= ~FWT_TCP_PEER_FIN;
	}
	if ((s->flags & FWT_TCP_FIN) && end == snd->end)
		snd->flags |= FWT_TCP_PEER_FIN;
	snd->flags |= FWT_TCP_PEER_SEEN | FWT_TCP_PEER_ACKS;
	snd->maxack = later(snd->maxack, s->ack);
	snd->maxwin = max(snd->maxwin, win);
	/* Acknowledged though not seen: it overshot, or came before us. */
	rcv->end = later(rcv->end, sack);
	rcv->maxend = later(rcv->maxend, s->ack + win);
	/* Who overshoots has more on its way than the window (II). */
	if (after(snd->end - rcv->maxack, rcv->maxwin))
		rcv->maxwin = snd->end - rcv->maxack;
}

/*
 * ACK, with data or FIN or neither.
 *
 *  SYN_SENT		from the server: it holds an older connection, and this is
 *			its challenge; passes, so that the client can send the RST
 *			that clears it. All else cannot be: nothing was agreed.
 *  SYN_SENT2		likewise, from either side.
 *  SYN_RECV		the first one of a side must acknowledge the very SYN. When
 *			each has, ESTABLISHED, or with a FIN, FIN_WAIT. Till then
 *			the server's words do not lengthen.
 *  ESTABLISHED to	I to IV, and settle() draws the conclusion.
 *  LAST_ACK
 *  TIME_WAIT		a FIN again: the last ACK was lost; the wait begins again.
 *			Others pass.
 *  CLOSE		what was on its way, or a challenge, or a segment that
 *			draws another RST; passes.
 */
static void on_data(struct fwt_tcp *t, int dir, const struct fwt_tcp_segment *s,
		    struct fwt_tcp_verdict *v)
{
	struct fwt_tcp_peer *snd = &t->peer[dir];
	struct fwt_tcp_peer *rcv = &t->peer[!dir];
	bool fin = s->flags & FWT_TCP_FIN;
	bool was_open, news, asks;
	u32 end = end_of(s);
	u32 sack = s->ack;
	u32 limit = rcv->end;
	u8 from = dir == FWT_REPLY ? FWT_TCP_CONN_LAST_DIR : 0;
	u8 over = dir == FWT_REPLY ? FWT_TCP_CONN_NOTED_DIR : 0;
	u16 cap = 0;

	if (t->state == FWT_TCPS_SYN_SENT || t->state == FWT_TCPS_SYN_SENT2) {
		if (fin || (dir == FWT_ORIGINAL && t->state == FWT_TCPS_SYN_SENT)) {
			invalid(t, v, "nothing was agreed yet");
			return;
		}
		if (t->state == FWT_TCPS_SYN_SENT) {
			t->noted = s->ack;
			t->flags |= FWT_TCP_CONN_NOTED;
		}
		verdict(t, v, FWT_TCP_PASS, 0);
		return;
	}

	if (s->has_sack && uses_sack(t))
		sack = later(s->ack, s->sack_edge);
	if (t->flags & FWT_TCP_CONN_LOOSE)
		limit = later(limit, rcv->maxend);
	else if ((t->flags & FWT_TCP_CONN_NOTED) &&
		 (t->flags & FWT_TCP_CONN_NOTED_DIR) != over)
		limit = later(limit, t->noted);

	if (after(sack, limit)) {
		invalid(t, v, "acknowledges what was never sent");
		return;
	}
	if (!(snd->flags & FWT_TCP_PEER_ACKS) && before(s->ack, snd->maxack) &&
	    !(t->flags & FWT_TCP_CONN_LOOSE)) {
		invalid(t, v, "does not acknowledge the SYN");
		return;
	}
	if (before(s->ack, rcv->end - max(snd->maxwin, (u32)ACK_WINDOW)) ||
	    before(end, snd->end - rcv->maxwin)) {
		if (after(s->seq, snd->maxend))
			invalid(t, v, "beyond the window");
		else
			verdict(t, v, FWT_TCP_PASS, 0);
		return;
	}
	if (after(s->seq, snd->maxend)) {
		/* There are TCPs that write on when a window was small. Their
		 * peer may take it, and acknowledge it: remember how far.
		 */
		if (t->state != FWT_TCPS_ESTABLISHED ||
		    after(end, snd->maxend + rcv->maxwin)) {
			invalid(t, v, "beyond the window");
			return;
		}
		t->noted = end;
		t->flags &= ~FWT_TCP_CONN_NOTED_DIR;
		t->flags |= FWT_TCP_CONN_NOTED | over;
		verdict(t, v, FWT_TCP_PASS, 0);
		return;
	}
	if ((snd->flags & FWT_TCP_PEER_FIN) && all_acked(t, dir) &&
	    after(end, snd->end)) {
		invalid(t, v, "after the end of what was sent");
		return;
	}
	if (t->state == FWT_TCPS_CLOSE ||
	    (t->state == FWT_TCPS_TIME_WAIT && !fin)) {
		/* Of what still arrives the answers may still come. */
		learn(t, dir, s, sack);
		t->flags = (t->flags & ~FWT_TCP_CONN_LAST_DIR) | from;
		verdict(t, v, FWT_TCP_PASS, 0);
		return;
	}

	/* Something new, or the first word after the other side's: else it counts
	 * as said again. What asks for an answer is data, FIN or a keepalive,
	 * which has a sequence that was acknowledged.
	 */
	was_open = is_open(t);
	news = after(end, snd->end) || after(s->ack, snd->maxack) ||
	       (t->flags & FWT_TCP_CONN_LAST_DIR) != from ||
	       !(snd->flags & FWT_TCP_PEER_ACKS);
	asks = end != s->seq || before(s->seq, rcv->maxack);

	learn(t, dir, s, sack);
	settle(t);

	if (news)
		t->idle = 0;
	else if (t->idle < 0xff)
		t->idle++;
	t->flags = (t->flags & ~FWT_TCP_CONN_LAST_DIR) | from;
	/* The server speaks in the old connection, or both are at one about this
	 * one just now: the SYN noted led nowhere.
	 */
	if (dir == FWT_REPLY || (is_open(t) && !was_open))
		t->flags &= ~FWT_TCP_CONN_SYN;

	if (!all_acked(t, 0) || !all_acked(t, 1) || !is_open(t) ||
	    (asks && t->idle >= IDLE_DOUBT))
		cap = DOUBT;
	if (t->idle >= IDLE_MAX ||
	    (t->state == FWT_TCPS_SYN_RECV && !was_open))
		verdict(t, v, FWT_TCP_PASS, cap);
	else
		verdict(t, v, FWT_TCP_OK, cap);
}

void fwt_tcp_packet(struct fwt_tcp *t, enum fwt_dir dir,
		    const struct fwt_tcp_segment *s, struct fwt_tcp_verdict *v)
{
	if (!fwt_tcp_flags_valid(s->flags))
		invalid(t, v, "impossible flags");
	else if (s->flags & FWT_TCP_RST)
		on_rst(t, dir, s, v);
	else if (!(s->flags & FWT_TCP_SYN))
		on_data(t, dir, s, v);
	else if (s->flags & FWT_TCP_ACK)
		on_syn_ack(t, dir, s, v);
	else
		on_syn(t, dir, s, v);
}

bool fwt_tcp_quote_fits(const struct fwt_tcp *t, enum fwt_dir dir, u32 seq)
{
	const struct fwt_tcp_peer *snd = &t->peer[dir];
	const struct fwt_tcp_peer *rcv = &t->peer[!dir];

	if (!(snd->flags & FWT_TCP_PEER_SEEN))
		return false;
	/* One less than what was acknowledged: a keepalive, or the SYN itself. */
	return between(seq, rcv->maxack - 1, snd->end);
}
