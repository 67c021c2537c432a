// SPDX-License-Identifier: GPL-2.0
/*
 * How a TCP connection opens, and what SYNs and SYN-ACKs do to one that is open.
 * The essay is in tcp.c.
 */
#include "tcp_private.h"

static u8 scale_of(const struct fwt_tcp_segment *s)
{
	return s->wscale < SCALE_MAX ? s->wscale : SCALE_MAX;
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
		p->scale = scale_of(s);
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

void fwt_tcp_first_syn(struct fwt_tcp *t, const struct fwt_tcp_segment *s)
{
	peer_opens(&t->peer[FWT_ORIGINAL], s);
	t->peer[FWT_REPLY].maxack = s->seq + 1;
	t->state = FWT_TCPS_SYN_SENT;
}

/* A SYN that is not ours to judge: see struct fwt_tcp. But that of an open connection
 * whose client has sent nothing else is no other one.
 */
static void note_syn(struct fwt_tcp *t, const struct fwt_tcp_segment *s)
{
	if (is_open(t) && end_of(s) == t->peer[FWT_ORIGINAL].end)
		return;
	t->flags &= ~(FWT_TCP_CONN_SYN_WSCALE | FWT_TCP_CONN_SYN_SACK);
	t->flags |= FWT_TCP_CONN_SYN;
	if (s->has_wscale)
		t->flags |= FWT_TCP_CONN_SYN_WSCALE;
	if (s->sack_perm)
		t->flags |= FWT_TCP_CONN_SYN_SACK;
	t->syn_scale = s->has_wscale ? scale_of(s) : 0;
	t->syn_win = s->win;
	t->syn_end = end_of(s);
	t->peer[FWT_ORIGINAL].syn_data = (u16)min(s->len, 0xffffu);
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
void fwt_tcp_on_syn(struct fwt_tcp *t, int dir, const struct fwt_tcp_segment *s,
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
				snd->scale = scale_of(s);
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

/* Was the sequence of the SYN noted in use lately: it may be a duplicate. Of a connection
 * picked up each of the two may be, whoever was heard.
 */
static bool lately(const struct fwt_tcp *t)
{
	u32 end = t->peer[FWT_ORIGINAL].end;

	return (is_open(t) || t->flags & FWT_TCP_CONN_LOOSE) &&
	       between(t->syn_end, end - t->peer[FWT_REPLY].maxwin, end);
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
 *  all			it answers the SYN that was noted: both begin anew. Where
 *			that may be an old duplicate, so may this be: then only
 *			beyond all that the server sent, which is where one that
 *			takes such a SYN begins (RFC 1122, 4.2.2.13). Of a connection
 *			picked up, whose windows are too wide to tell, this comes
 *			first.
 *			It says again what was said: the last ACK of the handshake
 *			was lost. It passes, so that it is answered, and so does
 *			an older duplicate.
 *			Else nothing was asked that it could be the answer to.
 */
void fwt_tcp_on_syn_ack(struct fwt_tcp *t, int dir,
			const struct fwt_tcp_segment *s,
			struct fwt_tcp_verdict *v)
{
	struct fwt_tcp_peer *snd = &t->peer[dir];
	struct fwt_tcp_peer *rcv = &t->peer[!dir];
	bool both = t->flags & FWT_TCP_CONN_BOTH_OPEN;
	bool loose = t->flags & FWT_TCP_CONN_LOOSE;
	bool fits = between(s->ack, snd->maxack, rcv->end);
	bool known, acks, answers, anew, again;

	if (dir == FWT_ORIGINAL && !both && !loose) {
		invalid(t, v, "SYN-ACK from the client of a connection");
		return;
	}

	if (t->state == FWT_TCPS_SYN_SENT && fits) {
		opened(t, dir, s, v);
		return;
	}
	/* By the sequence of its SYN, which the other side is to acknowledge, while that has
	 * not said how much of the data in it was taken (TCP Fast Open).
	 */
	answers = both && !is_open(t) && !(snd->flags & FWT_TCP_PEER_ACKS) && fits &&
		  (end_of(s) == snd->end ||
		   (!(rcv->flags & FWT_TCP_PEER_ACKS) && s->seq + 1 == rcv->maxack &&
		    before(end_of(s), snd->end)));
	if (t->state == FWT_TCPS_CLOSE &&
	    (answers || (fits && !(snd->flags & FWT_TCP_PEER_SEEN)))) {
		opened(t, dir, s, v);
		t->state = FWT_TCPS_CLOSE;
		verdict(t, v, FWT_TCP_PASS, 0);
		return;
	}
	if (answers) {
		opened(t, dir, s, v);
		return;
	}

	/* Of a connection picked up the ends are not known, but the windows. */
	known = (snd->flags & FWT_TCP_PEER_ACKS) || loose;
	acks = !after(s->ack, loose ? rcv->maxend : rcv->end);
	again = known && acks && between(end_of(s), snd->end - rcv->maxwin,
					 loose ? snd->maxend : snd->end);
	anew = dir == FWT_REPLY && acks_noted_syn(t, s->ack) &&
	       (!lately(t) || after(end_of(s), snd->end));
	if (anew && (loose || !again))
		opened_anew(t, s, v);
	/* Windows that nobody knows are held against nobody, see PICKED UP in tcp.c. */
	else if (again || loose || (known && acks && before(end_of(s), snd->end)))
		verdict(t, v, FWT_TCP_PASS, 0);
	else
		invalid(t, v, "SYN-ACK that answers no SYN");
}

bool fwt_tcp_yields(const struct fwt_tcp *t, u32 seq)
{
	return (t->state == FWT_TCPS_TIME_WAIT || t->state == FWT_TCPS_CLOSE) &&
	       !before(seq, t->peer[FWT_ORIGINAL].end);
}
