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
 * The receiver answers it with an ACK, so it passes, and changes nothing; but what
 * fails IV, brings data or a FIN that nobody has acknowledged yet, and acknowledges less
 * than its sender did two windows ago is none, and a receiver that goes by RFC 793
 * would take it (RFC 5961, 5.2; one window there, of which true ones fall short that
 * others overtook). It is invalid, as what fails I or III, which was never sent by a TCP
 * that got what we saw.
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
 * The way there, and what does not fit, is told kind by kind: on_rst() and
 * on_data() here, fwt_tcp_on_syn() and fwt_tcp_on_syn_ack() in tcp_open.c.
 *
 * PICKED UP
 *
 * Of a connection that is picked up in the middle (LOOSE) neither the scales are known nor
 * what was on its way. Its windows are as wide as there are, a quarter of all segments that
 * are made up fit them, and what nobody knows is held against nobody: what fails I, III or
 * IV passes, and changes nothing. What a side has sent, it alone says: an acknowledgement
 * of more passes, too, as true ones do of what came before us, and tells of its sender's
 * own sequence only. So who forges the segments of one side moves no limit of the other's,
 * and not even that side's own beyond the window that the other gives it.
 *
 * LIFE
 *
 * A record's life is lengthened (OK) by what shows that its connection lives. A
 * side alone cannot do that for ever (R19): SYNs and SYN-ACKs repeated do not
 * count, data that waits for its acknowledgement is good for five minutes, and
 * from the 32nd segment in a row on that brings nothing new, and that the other
 * side has said nothing to, neither is that. A sender without answers runs into
 * its window's edge, and has nothing new then; and to acknowledge more brings something new
 * only as far as the other side was seen to send. What was picked up lives on
 * when both sides have spoken.
 *
 * STRICTER THAN THE KERNEL'S
 *
 * A handshake is completed only by an ACK of the very SYN-ACK, so that a forged
 * source makes no established connection. A RST in answer to a SYN must
 * acknowledge it. A RST ends a connection by its exact sequence alone, in all
 * states (RFC 5961, 3.2), also after FINs, and also behind data that is not yet
 * acknowledged. Each FIN must be acknowledged for
 * the state to say so. SYN-ACKs that fit nothing are invalid. The time of
 * TIME_WAIT and CLOSE is lengthened by none but a repeated FIN.
 */
#include "tcp_private.h"

/* So often in a row the same may be sent again before it is in doubt, and before
 * it does not count at all. Linux itself gives up after 15.
 */
#define IDLE_DOUBT	3
#define IDLE_MAX	32

/* An ACK this far behind is not yet old (IV), the constant of van Rooij's paper:
 * the largest window without scaling and a bit.
 */
#define ACK_WINDOW	66000u

static bool uses_sack(const struct fwt_tcp *t)
{
	return (t->peer[0].flags & t->peer[1].flags & FWT_TCP_PEER_SACK) ||
	       (t->flags & FWT_TCP_CONN_LOOSE);
}

/* In the middle: nobody told us the scales, nor what windows were announced before, so
 * we take the largest that there are. Of the other side we know what was acknowledged.
 * It may have sent more before we came.
 */
static void pick_up(struct fwt_tcp *t, int dir, const struct fwt_tcp_segment *s,
		    struct fwt_tcp_verdict *v)
{
	struct fwt_tcp_peer *a = &t->peer[dir];
	struct fwt_tcp_peer *b = &t->peer[!dir];

	t->flags = FWT_TCP_CONN_LOOSE | (dir == FWT_REPLY ? FWT_TCP_CONN_LAST_DIR : 0);
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
	b->flags = 0;
	settle(t);
	verdict(t, v, FWT_TCP_OK, FWT_TCP_DOUBT);
}

void fwt_tcp_init(struct fwt_tcp *t, const struct fwt_tcp_segment *s, bool loose,
		  struct fwt_tcp_verdict *v)
{
	BUILD_BUG_ON(sizeof(struct fwt_tcp) > 56);
	memset(t, 0, sizeof(*t));

	if (!fwt_tcp_flags_valid(s->flags)) {
		invalid(t, v, "impossible flags");
		return;
	}

	if (fwt_tcp_opens(s->flags)) {
		fwt_tcp_first_syn(t, s);
		verdict(t, v, FWT_TCP_OK, 0);
		return;
	}

	if (!loose || (s->flags & (FWT_TCP_SYN | FWT_TCP_RST))) {
		invalid(t, v, "no connection, and it opens none");
		return;
	}

	pick_up(t, FWT_ORIGINAL, s, v);
}

/*
 * RST.
 *
 * Its receiver goes by the sequence, and so do we; an acknowledgement counts
 * only where the receiver may be in SYN_SENT, which knows no sequence.
 *
 *  exact		what its receiver acknowledged last: CLOSE. In CLOSE it
 *			changes nothing. Not the end of what its sender sent: who
 *			forges a RST can send a byte before it, and would choose
 *			that end himself. Only of a connection picked up, whose
 *			receiver was not heard yet, nothing else is known.
 *  SYN_SENT		from the server: it acknowledges the SYN: CLOSE. From
 *			the client: in answer to an ACK of a server that holds an
 *			older connection; the client will try again, so that the
 *			record stays.
 *  SYN_RECV		from the server, in answer to an ACK of the client that was
 *			of another SYN-ACK: likewise.
 *  a noted SYN		refused by a server that knows nothing of this connection.
 *			A forger could play both parts, so it is but doubted.
 *  in the window	the receiver sends a challenge ACK, to be answered by an
 *			exact RST. Or it had got more than it acknowledged, such
 *			as the data that the RST came behind, and ended; then what
 *			is left is its five minutes, and a new SYN is noted. So
 *			with all of a connection picked up.
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
	exact = known ? s->seq == rcv->maxack : seen && s->seq == snd->end;
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
	} else if (t->state == (dir == FWT_ORIGINAL ? FWT_TCPS_SYN_SENT : FWT_TCPS_SYN_RECV) &&
		   (t->flags & FWT_TCP_CONN_NOTED) && s->seq == t->noted) {
		verdict(t, v, FWT_TCP_PASS, 0);
	} else if (acks && dir == FWT_REPLY && acks_noted_syn(t, s->ack)) {
		verdict(t, v, FWT_TCP_PASS, FWT_TCP_DOUBT);
	} else if (t->flags & FWT_TCP_CONN_LOOSE ||
		   ((seen || known) && between(s->seq, rcv->maxack, snd->maxend))) {
		verdict(t, v, FWT_TCP_PASS, FWT_TCP_DOUBT);
	} else {
		invalid(t, v, "RST outside the window");
	}
}

/* Who has more on its way than the window (II). */
static void widen(const struct fwt_tcp_peer *snd, struct fwt_tcp_peer *rcv)
{
	if (after(snd->end - rcv->maxack, rcv->maxwin))
		rcv->maxwin = snd->end - rcv->maxack;
}

/* A segment up to @end that its receiver may take all the same, @over: of which side. The
 * last one of several counts, in whatever order they come by; and of two sides, for there
 * is room for one, what the other has sent is taken for sent.
 */
static void overshot(struct fwt_tcp *t, u32 end, u8 over)
{
	u8 by = t->flags & FWT_TCP_CONN_NOTED_DIR;
	struct fwt_tcp_peer *other = &t->peer[!over];

	if (t->flags & FWT_TCP_CONN_NOTED && by == over) {
		end = later(end, t->noted);
	} else if (t->flags & FWT_TCP_CONN_NOTED && after(t->noted, other->end)) {
		other->end = t->noted;
		widen(other, &t->peer[!!over]);
	}
	t->noted = end;
	t->flags &= ~FWT_TCP_CONN_NOTED_DIR;
	t->flags |= FWT_TCP_CONN_NOTED | over;
}

/* It does not belong, if the windows are what they are taken for. */
static void misfit(const struct fwt_tcp *t, struct fwt_tcp_verdict *v, const char *why)
{
	if (t->flags & FWT_TCP_CONN_LOOSE)
		verdict(t, v, FWT_TCP_PASS, 0);
	else
		invalid(t, v, why);
}

/* It belongs: what it tells about both sides. */
static void learn(struct fwt_tcp *t, int dir, const struct fwt_tcp_segment *s,
		  u32 sack)
{
	struct fwt_tcp_peer *snd = &t->peer[dir];
	struct fwt_tcp_peer *rcv = &t->peer[!dir];
	bool loose = t->flags & FWT_TCP_CONN_LOOSE;
	u32 end = end_of(s);
	u32 win = window_of(snd, s);

	/* A FIN that more follows to was none, as long as nobody believed it. */
	if (after(end, snd->end)) {
		snd->end = end;
		snd->flags &= ~FWT_TCP_PEER_FIN;
	}
	if ((s->flags & FWT_TCP_FIN) && end == snd->end)
		snd->flags |= FWT_TCP_PEER_FIN;
	snd->maxwin = max(snd->maxwin, win);
	if (!loose || !after(s->ack, rcv->end)) {
		snd->maxack = later(snd->maxack, s->ack);
		rcv->maxend = later(rcv->maxend, s->ack + win);
	} else if (!(snd->flags & FWT_TCP_PEER_ACKS)) {
		/* At least that: before its first word it was a guess. */
		snd->maxack = rcv->end;
	}
	snd->flags |= FWT_TCP_PEER_SEEN | FWT_TCP_PEER_ACKS;
	/* Acknowledged though not seen: it overshot. */
	if (!loose)
		rcv->end = later(rcv->end, sack);
	/* What a side that was not heard yet acknowledged is a guess, of a connection picked
	 * up, and no measure.
	 */
	if (rcv->flags & FWT_TCP_PEER_ACKS || !loose)
		widen(snd, rcv);
	/* Behind what it has sent it is no more than that. */
	if (t->flags & FWT_TCP_CONN_NOTED &&
	    (t->flags & FWT_TCP_CONN_NOTED_DIR) == (dir ? FWT_TCP_CONN_NOTED_DIR : 0) &&
	    !after(t->noted, snd->end))
		t->flags &= ~FWT_TCP_CONN_NOTED;
}

/* The client may hold another SYN-ACK than the last one: a bare ACK, in its window, that
 * acknowledges something else; then more that acknowledges the same.
 */
static bool of_another_syn_ack(const struct fwt_tcp *t, int dir,
			       const struct fwt_tcp_segment *s)
{
	const struct fwt_tcp_peer *a = &t->peer[FWT_ORIGINAL];
	const struct fwt_tcp_peer *b = &t->peer[FWT_REPLY];

	return t->state == FWT_TCPS_SYN_RECV && dir == FWT_ORIGINAL &&
	       !(a->flags & FWT_TCP_PEER_ACKS) &&
	       (end_of(s) == s->seq ||
		(t->flags & FWT_TCP_CONN_NOTED && s->ack == t->noted)) &&
	       between(s->seq, a->end - b->maxwin, a->maxend) &&
	       !between(s->ack, a->maxack, b->end);
}

/* The server goes on where such an ACK said, and not with a RST: it has sent that SYN-ACK.
 * Neither side can know the other's sequence by itself.
 */
static bool has_sent_another(const struct fwt_tcp *t, int dir,
			     const struct fwt_tcp_segment *s)
{
	return t->state == FWT_TCPS_SYN_RECV && dir == FWT_REPLY &&
	       t->flags & FWT_TCP_CONN_NOTED && s->seq == t->noted &&
	       between(s->ack, t->peer[FWT_REPLY].maxack, t->peer[FWT_ORIGINAL].maxend);
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
 *			the server's words do not lengthen. A bare ACK of the
 *			client's that does not may be of another SYN-ACK that it got
 *			before: of a server that forgot, or of one more behind the
 *			same address. It passes, and opens nothing: another one
 *			answers with the RST that clears it (RFC 9293, 3.10.7.4); who
 *			sent that SYN-ACK takes it, and with the first word from where
 *			it said the connection is picked up, for what that SYN-ACK
 *			said of windows we don't know.
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
	bool loose = t->flags & FWT_TCP_CONN_LOOSE;
	bool was_open, news, asks, stale;
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
	if (of_another_syn_ack(t, dir, s)) {
		t->noted = s->ack;
		t->flags |= FWT_TCP_CONN_NOTED;
		verdict(t, v, FWT_TCP_PASS, 0);
		return;
	}
	if (has_sent_another(t, dir, s)) {
		pick_up(t, dir, s, v);
		return;
	}

	if (s->has_sack && uses_sack(t))
		sack = later(s->ack, s->sack_edge);
	/* Behind a FIN that was acknowledged there is nothing, whatever we missed. */
	if ((rcv->flags & FWT_TCP_PEER_FIN) && all_acked(t, !dir))
		limit = rcv->end;
	else if (loose)
		limit = later(limit, rcv->maxend);
	else if (t->state != FWT_TCPS_SYN_RECV && (t->flags & FWT_TCP_CONN_NOTED) &&
		 (t->flags & FWT_TCP_CONN_NOTED_DIR) != over)
		limit = later(limit, t->noted);

	if (after(sack, limit)) {
		misfit(t, v, "acknowledges what was never sent");
		return;
	}
	if (!(snd->flags & FWT_TCP_PEER_ACKS) && before(s->ack, snd->maxack) && !loose) {
		invalid(t, v, "does not acknowledge the SYN");
		return;
	}
	stale = before(s->ack, rcv->end - max(snd->maxwin, ACK_WINDOW));
	if (stale || before(end, snd->end - rcv->maxwin)) {
		if (after(s->seq, snd->maxend))
			misfit(t, v, "beyond the window");
		else if (stale && after(end, rcv->maxack) &&
			 before(s->ack, snd->maxack - 2 * max(snd->maxwin, ACK_WINDOW)))
			misfit(t, v, "data with an acknowledgement that is too old");
		else
			verdict(t, v, FWT_TCP_PASS, 0);
		return;
	}
	if (after(s->seq, snd->maxend)) {
		/* There are TCPs that write on when a window was small. Their
		 * peer may take it, and acknowledge it: remember how far.
		 */
		if (t->state != FWT_TCPS_ESTABLISHED || loose ||
		    after(end, snd->maxend + rcv->maxwin)) {
			misfit(t, v, "beyond the window");
			return;
		}
		overshot(t, end, over);
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
	news = after(end, snd->end) ||
	       (after(s->ack, snd->maxack) && !(loose && after(s->ack, rcv->end))) ||
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
	 * one just now: the SYN noted led nowhere, nor did an ACK of another SYN-ACK.
	 */
	if (dir == FWT_REPLY || (is_open(t) && !was_open))
		t->flags &= ~FWT_TCP_CONN_SYN;
	if (is_open(t) && !was_open)
		t->flags &= ~FWT_TCP_CONN_NOTED;

	if (!all_acked(t, 0) || !all_acked(t, 1) || !is_open(t) ||
	    (asks && t->idle >= IDLE_DOUBT))
		cap = FWT_TCP_DOUBT;
	if (t->idle >= IDLE_MAX || !is_open(t))
		verdict(t, v, FWT_TCP_PASS, cap);
	else
		verdict(t, v, FWT_TCP_OK, cap);
}

/* Of one that is there one side at least was seen, else. */
static bool lost(const struct fwt_tcp *t)
{
	return !((t->peer[0].flags | t->peer[1].flags) & FWT_TCP_PEER_SEEN);
}

void fwt_tcp_resume(struct fwt_tcp *t)
{
	int i;

	/* Its sequence is what a new one is known by; and who speaks begins anew. */
	if (t->state == FWT_TCPS_TIME_WAIT || t->state == FWT_TCPS_CLOSE)
		return;
	for (i = 0; i < 2; i++)
		t->peer[i].flags = 0;
	t->flags = FWT_TCP_CONN_LOOSE;
	t->state = FWT_TCPS_ESTABLISHED;
	t->idle = 0;
}

/* The first segment since. There is nothing that a RST or a SYN could be held against: the
 * receiver knows, and what it answers is where the connection goes on.
 */
static void found(struct fwt_tcp *t, int dir, const struct fwt_tcp_segment *s,
		  struct fwt_tcp_verdict *v)
{
	if (!(s->flags & (FWT_TCP_RST | FWT_TCP_SYN)))
		pick_up(t, dir, s, v);
	else if (s->flags & FWT_TCP_RST)
		verdict(t, v, FWT_TCP_PASS, FWT_TCP_DOUBT);
	else
		verdict(t, v, FWT_TCP_PASS, 0);
}

void fwt_tcp_packet(struct fwt_tcp *t, enum fwt_dir dir,
		    const struct fwt_tcp_segment *s, struct fwt_tcp_verdict *v)
{
	if (!fwt_tcp_flags_valid(s->flags))
		invalid(t, v, "impossible flags");
	else if (unlikely(lost(t)))
		found(t, dir, s, v);
	else if (s->flags & FWT_TCP_RST)
		on_rst(t, dir, s, v);
	else if (!(s->flags & FWT_TCP_SYN))
		on_data(t, dir, s, v);
	else if (s->flags & FWT_TCP_ACK)
		fwt_tcp_on_syn_ack(t, dir, s, v);
	else
		fwt_tcp_on_syn(t, dir, s, v);
}

bool fwt_tcp_quote_fits(const struct fwt_tcp *t, enum fwt_dir dir, u32 seq)
{
	const struct fwt_tcp_peer *snd = &t->peer[dir];
	const struct fwt_tcp_peer *rcv = &t->peer[!dir];

	if (!(snd->flags & FWT_TCP_PEER_SEEN))
		return false;
	/* A SYN that begins anew is on its way, too. */
	if (dir == FWT_ORIGINAL && t->flags & FWT_TCP_CONN_SYN &&
	    seq == t->syn_end - snd->syn_data - 1)
		return true;
	/* One less than what was acknowledged: a keepalive, or the SYN itself. */
	return between(seq, rcv->maxack - 1, snd->end);
}
