// SPDX-License-Identifier: GPL-2.0
/*
 * TCP tracking between two endpoints that are TCPs, if simple ones, on a network
 * that loses, doubles and reorders, while a forger who sees nothing of it sends
 * what he can:
 *
 *	host 0 --- net --- tracker --- net --- host 1
 *	                      ^
 *	                   forger
 *
 * No segment of a host may be INVALID, unless its receiver, too, would ignore it;
 * no forged segment from outside the windows may be OK or change anything that
 * later segments are held against. What the tracker believes is held against what
 * the hosts did. Of a connection picked up the windows are too wide to be outside of:
 * there the forger has all of one side's sequences to try, and all that is asked is that
 * no host is held to what he said.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "packet.h"
#include "tcp.h"

#define SEEDS		6000
#define STEPS		600
#define FLIGHT		128
#define HOLES		16

static u64 rng;

static u32 rnd(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (u32)(rng >> 16);
}

static bool chance(u32 percent)
{
	return rnd() % 100 < percent;
}

static bool before(u32 a, u32 b)
{
	return (s32)(a - b) < 0;
}

enum host_state { LISTEN, SYN_SENT, SYN_RCVD, OPEN, CLOSED };

struct host {
	enum host_state state;
	u32 iss, una, max;	/* max: one past all that was sent */
	u32 edge, wl1, wl2;	/* how far the other lets us send */
	u32 todo;		/* bytes yet to be sent for the first time */
	u32 nxt;		/* next to be received */
	u32 capacity, used;
	u32 right;		/* the furthest edge that we announced */
	u32 hole[HOLES][2];	/* received out of order */
	int holes;
	u32 fin_at;		/* sequence of the other's FIN */
	bool fin_seen, fin_sent, wants_fin, was_reset;
	bool wscale, sack;	/* offered */
	bool peer_sack;
	u8 scale, peer_scale;
	u32 mss;
};

struct flying {
	struct fwt_tcp_segment s;
	int from;
	bool past;		/* the tracker */
	int born;
};

static struct host host[2];
static struct flying flight[FLIGHT];
static int flying, now;
static u32 seed, adopted;
static struct fwt_tcp t;
static bool tracked;
static int adopt_at;	/* from this step on, in the middle; 0: from the SYN */
static int blind;	/* of an adopted one: whose segments are forged, or -1 */
static int blinded;	/* forged ones of them that were believed */
static int kept[4];	/* what the hosts' own were then, by enum fwt_tcp_result */
static int client;	/* the host whose SYN came first */
static int reached[__FWT_TCPS_MAX], forged, passed, ignored, anew;

static u32 window(const struct host *h)
{
	u32 win = h->capacity - h->used;

	return win > (65535u << h->scale) ? 65535u << h->scale : win;
}

static void transmit(int from, u8 flags, u32 seq, u32 len)
{
	struct host *h = &host[from];
	struct fwt_tcp_segment s;
	u32 win = window(h);
	int i;

	memset(&s, 0, sizeof(s));
	s.flags = flags;
	s.seq = seq;
	s.len = len;
	if (flags & FWT_TCP_ACK)
		s.ack = h->nxt;
	if (flags & FWT_TCP_SYN) {
		s.win = win > 65535 ? 65535 : (u16)win;
		s.has_wscale = h->wscale;
		s.wscale = h->scale;
		s.sack_perm = h->sack;
		h->right = h->nxt + s.win;
	} else {
		s.win = (u16)(win >> h->scale);
		if (before(h->right, h->nxt + ((u32)s.win << h->scale)))
			h->right = h->nxt + ((u32)s.win << h->scale);
	}
	if (h->sack && h->peer_sack && !(flags & FWT_TCP_SYN)) {
		for (i = 0; i < h->holes; i++) {
			if (s.has_sack && !before(s.sack_edge, h->hole[i][1]))
				continue;
			s.has_sack = true;
			s.sack_edge = h->hole[i][1];
		}
	}
	if (flying == FLIGHT)
		return;		/* lost */
	flight[flying].s = s;
	flight[flying].from = from;
	flight[flying].past = false;
	flight[flying++].born = now;
}

static void ack(int who)
{
	transmit(who, FWT_TCP_ACK, host[who].max, 0);
}

static void reset(int from, const struct fwt_tcp_segment *to)
{
	struct host *h = &host[from];
	u32 nxt = h->nxt;

	if (to->flags & FWT_TCP_ACK) {
		transmit(from, FWT_TCP_RST, to->ack, 0);
		return;
	}
	h->nxt = to->seq + to->len + !!(to->flags & FWT_TCP_SYN) +
		 !!(to->flags & FWT_TCP_FIN);
	transmit(from, FWT_TCP_RST | FWT_TCP_ACK, 0, 0);
	h->nxt = nxt;
}

/* Sends what is new, as far as it may. */
static void speak(int who)
{
	struct host *h = &host[who];
	u32 len = h->todo, room = h->edge - h->max;
	u8 flags = FWT_TCP_ACK;

	if (h->state != OPEN || h->fin_sent || before(h->edge, h->max))
		return;
	if (len > h->mss)
		len = h->mss;
	if (len > room)
		len = room;
	if (h->wants_fin && len == h->todo && room > len)
		flags |= FWT_TCP_FIN;
	if (!len && !(flags & FWT_TCP_FIN))
		return;
	transmit(who, flags, h->max, len);
	h->max += len;
	h->todo -= len;
	if (flags & FWT_TCP_FIN) {
		h->fin_sent = true;
		h->max++;
	}
}

static void again(int who)
{
	struct host *h = &host[who];
	u32 left, len, at;

	switch (h->state) {
	case SYN_SENT:
		transmit(who, FWT_TCP_SYN, h->iss, 0);
		break;
	case SYN_RCVD:
		transmit(who, FWT_TCP_SYN | FWT_TCP_ACK, h->iss, 0);
		break;
	case OPEN:
		if (h->una != h->max) {		/* retransmission */
			at = h->una + (chance(30) ? rnd() % (h->max - h->una) : 0);
			left = h->max - at;
			len = left - h->fin_sent;
			if (len > h->mss)
				len = h->mss;
			transmit(who, FWT_TCP_ACK |
				 (h->fin_sent && left == len + 1 ? FWT_TCP_FIN : 0),
				 at, len);
		} else if (h->todo && h->edge == h->max) {	/* probe */
			if (chance(50)) {
				transmit(who, FWT_TCP_ACK, h->max, 1);
				h->max++;
				h->todo--;
			} else {
				transmit(who, FWT_TCP_ACK, h->una - 1, 0);
			}
		} else if (!h->fin_sent) {	/* keepalive */
			transmit(who, FWT_TCP_ACK, h->max - 1, rnd() % 2);
		}
		break;
	default:
		break;
	}
}

static void peer_options(struct host *h, const struct fwt_tcp_segment *s)
{
	h->peer_sack = s->sack_perm;
	if (h->wscale && s->has_wscale) {
		h->peer_scale = s->wscale;
	} else {
		h->scale = 0;
		h->peer_scale = 0;
	}
	h->nxt = s->seq + 1;
	h->right = h->nxt;
	h->wl1 = s->seq;
	h->wl2 = s->ack;
}

static void receive(struct host *h, u32 from, u32 to)
{
	bool moved;
	int i;

	if (before(h->right, to))
		to = h->right;
	if (before(from, h->nxt))
		from = h->nxt;
	if (before(from, to) && h->holes < HOLES) {
		h->hole[h->holes][0] = from;
		h->hole[h->holes++][1] = to;
	}
	do {
		moved = false;
		for (i = 0; i < h->holes; i++) {
			if (before(h->nxt, h->hole[i][0]))
				continue;
			if (before(h->nxt, h->hole[i][1])) {
				h->used += h->hole[i][1] - h->nxt;
				h->nxt = h->hole[i][1];
			}
			h->hole[i][0] = h->hole[h->holes - 1][0];
			h->hole[i][1] = h->hole[--h->holes][1];
			moved = true;
			break;
		}
	} while (moved);
}

static bool acceptable(const struct host *h, const struct fwt_tcp_segment *s)
{
	u32 len = s->len + !!(s->flags & FWT_TCP_FIN);

	if (h->right == h->nxt)
		return s->seq == h->nxt;
	return before(s->seq, h->right) && !before(s->seq + len, h->nxt);
}

static void deliver(int who, const struct fwt_tcp_segment *s)
{
	struct host *h = &host[who];
	u32 end = s->seq + s->len;

	switch (h->state) {
	case CLOSED:
		if (!(s->flags & FWT_TCP_RST))
			reset(who, s);
		return;
	case LISTEN:
		if (s->flags & FWT_TCP_RST)
			return;
		if (s->flags & FWT_TCP_ACK) {
			reset(who, s);
			return;
		}
		peer_options(h, s);
		h->edge = h->iss + 1 + s->win;
		h->state = SYN_RCVD;
		h->una = h->iss;
		h->max = h->iss + 1;
		transmit(who, FWT_TCP_SYN | FWT_TCP_ACK, h->iss, 0);
		return;
	case SYN_SENT:
		if ((s->flags & FWT_TCP_ACK) && s->ack != h->iss + 1) {
			if (!(s->flags & FWT_TCP_RST))
				reset(who, s);
			return;
		}
		if (s->flags & FWT_TCP_RST) {
			if (s->flags & FWT_TCP_ACK)
				h->state = CLOSED;
			return;
		}
		if (!(s->flags & FWT_TCP_SYN))
			return;
		peer_options(h, s);
		h->edge = h->iss + 1 + s->win;
		if (s->flags & FWT_TCP_ACK) {
			h->una = h->iss + 1;
			h->state = OPEN;
			ack(who);
		} else {
			h->state = SYN_RCVD;
			transmit(who, FWT_TCP_SYN | FWT_TCP_ACK, h->iss, 0);
		}
		return;
	default:
		break;
	}

	if (s->flags & FWT_TCP_RST) {
		if (s->seq == h->nxt)
			h->state = CLOSED;
		else if (before(h->nxt, s->seq) && before(s->seq, h->right))
			ack(who);
		return;
	}
	if (s->flags & FWT_TCP_SYN) {
		if (h->state == SYN_RCVD && s->seq + 1 == h->nxt) {
			if ((s->flags & FWT_TCP_ACK) && s->ack == h->iss + 1) {
				h->una = h->iss + 1;
				h->state = OPEN;
				ack(who);
			} else {
				transmit(who, FWT_TCP_SYN | FWT_TCP_ACK, h->iss, 0);
			}
			return;
		}
		ack(who);
		return;
	}
	if (!acceptable(h, s)) {
		ack(who);
		return;
	}
	if (h->state == SYN_RCVD) {
		if (s->ack != h->iss + 1) {
			reset(who, s);
			return;
		}
		h->state = OPEN;
		h->edge = s->ack + ((u32)s->win << h->peer_scale);
	}
	if (before(h->max, s->ack)) {
		fail_msg("seed %u: a host was told of what it did not send", seed);
		return;
	}
	if (before(h->una, s->ack))
		h->una = s->ack;
	if (before(h->wl1, s->seq) ||
	    (h->wl1 == s->seq && !before(s->ack, h->wl2))) {
		h->edge = s->ack + ((u32)s->win << h->peer_scale);
		h->wl1 = s->seq;
		h->wl2 = s->ack;
	}
	receive(h, s->seq, end);
	if (s->flags & FWT_TCP_FIN) {
		h->fin_seen = true;
		h->fin_at = end;
	}
	if (h->fin_seen && h->nxt == h->fin_at) {
		h->nxt++;
		h->right = h->nxt;
		h->used = h->capacity;	/* nothing more comes */
		h->fin_seen = false;
		h->wants_fin = h->wants_fin || chance(70);
	}
	if (s->len || (s->flags & FWT_TCP_FIN) || before(s->seq, h->nxt))
		ack(who);
}

/* Would its receiver, as it is now, heed a RST. */
static bool heeded(int who, const struct fwt_tcp_segment *s)
{
	const struct host *h = &host[who];

	switch (h->state) {
	case CLOSED:
	case LISTEN:
		return false;
	case SYN_SENT:
		return (s->flags & FWT_TCP_ACK) && s->ack == h->iss + 1;
	default:
		return s->seq == h->nxt ||
		       (before(h->nxt, s->seq) && before(s->seq, h->right));
	}
}

/* Return: does it go on. */
static bool track(const struct flying *f)
{
	struct fwt_tcp_verdict v;

	if (!tracked) {
		if (now < adopt_at)
			return true;
		if (adopt_at ? (f->s.flags & (FWT_TCP_SYN | FWT_TCP_RST)) :
			       !fwt_tcp_opens(f->s.flags))
			return adopt_at;
		adopted += !!adopt_at;
		fwt_tcp_init(&t, &f->s, adopt_at, &v);
		assert_int_equal(v.result, FWT_TCP_OK);
		tracked = true;
		client = f->from;
		reached[t.state]++;
		return true;
	}
	fwt_tcp_packet(&t, f->from ^ client, &f->s, &v);
	if (v.result == FWT_TCP_INVALID) {
		if ((f->s.flags & FWT_TCP_RST) && !heeded(!f->from, &f->s)) {
			ignored++;
			return true;
		}
		fail_msg("seed %u step %d: %s segment flags %02x seq %u ack %u len %u in %s: %s",
			 seed, now, f->from ^ client ? "reply" : "original",
			 f->s.flags, f->s.seq - host[f->from].iss,
			 f->s.ack - host[!f->from].iss, f->s.len,
			 fwt_tcp_state_name[t.state], v.why);
	}
	if (v.result == FWT_TCP_REOPEN) {	/* a SYN doubled, after the end */
		anew++;
		return false;
	}
	passed += v.result == FWT_TCP_PASS;
	reached[t.state]++;
	if (blind >= 0) {	/* FINs were forged, too */
		kept[v.result] += t.state == FWT_TCPS_ESTABLISHED;
		return true;
	}

	/* What it believes has happened. */
	if (t.state == FWT_TCPS_TIME_WAIT || t.state == FWT_TCPS_LAST_ACK)
		assert_true(host[0].fin_sent && host[1].fin_sent);
	if (t.state == FWT_TCPS_FIN_WAIT || t.state == FWT_TCPS_CLOSE_WAIT)
		assert_true(host[0].fin_sent || host[1].fin_sent);
	if (t.state == FWT_TCPS_CLOSE)
		assert_true(host[0].state == CLOSED || host[1].state == CLOSED);
	return true;
}

/* A sequence far from all windows, all else as good as can be guessed. */
static void forge(void)
{
	static const u8 flags[] = {
		FWT_TCP_ACK, FWT_TCP_ACK | FWT_TCP_PSH, FWT_TCP_ACK | FWT_TCP_FIN,
		FWT_TCP_RST, FWT_TCP_RST | FWT_TCP_ACK,
		FWT_TCP_SYN | FWT_TCP_ACK, FWT_TCP_SYN,
	};
	int dir = rnd() % 2;
	struct fwt_tcp_verdict v;
	struct fwt_tcp was = t;
	struct fwt_tcp_segment s;
	bool ahead;

	memset(&s, 0, sizeof(s));
	s.flags = flags[rnd() % ARRAY_SIZE(flags)];
	if (chance(50))
		s.seq = t.peer[dir].end + 0x30000000 + rnd() % 0x40000000;
	else
		s.seq = t.peer[dir].end - 0x30000000 - rnd() % 0x40000000;
	ahead = before(t.peer[dir].end, s.seq);
	s.len = chance(50) ? rnd() % 1400 : 0;
	s.win = (u16)rnd();
	s.has_wscale = chance(50);
	s.wscale = (u8)rnd();
	/* In the handshake it is the acknowledgement that nobody can guess. */
	if (!(t.peer[0].flags & t.peer[1].flags & FWT_TCP_PEER_ACKS) ||
	    chance(30))
		s.ack = t.peer[!dir].end + 0x30000000 + rnd() % 0x40000000;
	else
		s.ack = t.peer[!dir].end;
	/* A forger's SYN in the server's name is a simultaneous open: it cannot be
	 * told from one.
	 */
	if (s.flags == FWT_TCP_SYN && dir == FWT_REPLY &&
	    t.state == FWT_TCPS_SYN_SENT)
		return;

	fwt_tcp_packet(&t, dir, &s, &v);
	forged++;
	if (v.result == FWT_TCP_REOPEN)
		assert_true(s.flags == FWT_TCP_SYN &&
			    (was.state == FWT_TCPS_TIME_WAIT ||
			     was.state == FWT_TCPS_CLOSE));
	else if (v.result == FWT_TCP_OK ||
		 ((s.flags & FWT_TCP_RST) && v.result != FWT_TCP_INVALID) ||
		 (ahead && was.state >= FWT_TCPS_ESTABLISHED &&
		  was.state <= FWT_TCPS_CLOSE && s.flags != FWT_TCP_SYN &&
		  v.result != FWT_TCP_INVALID))
		fail_msg("seed %u step %d: forged: flags %02x dir %d seq %u ack %u in %s",
			 seed, now, s.flags, dir, s.seq, s.ack,
			 fwt_tcp_state_name[was.state]);
	assert_int_equal(v.timeout_cap, 0);
	assert_int_equal(t.state, was.state);
	/* What is noted of a SYN is no state. */
	was.peer[FWT_ORIGINAL].syn_data = t.peer[FWT_ORIGINAL].syn_data;
	assert_memory_equal(t.peer, was.peer, sizeof(t.peer));
}

/* Anything, in the name of one side of a connection picked up. */
static void forge_blind(void)
{
	static const u8 flags[] = {
		FWT_TCP_ACK, FWT_TCP_ACK, FWT_TCP_ACK | FWT_TCP_PSH,
		FWT_TCP_ACK | FWT_TCP_FIN, FWT_TCP_RST,
	};
	struct fwt_tcp_segment s = {
		.flags = flags[rnd() % ARRAY_SIZE(flags)],
		.seq = rnd(),
		.ack = rnd(),
		.len = chance(50) ? rnd() % 1400 : 0,
		.win = (u16)rnd(),
	};
	struct fwt_tcp_verdict v;

	fwt_tcp_packet(&t, blind ^ client, &s, &v);
	assert_int_not_equal(t.state, FWT_TCPS_CLOSE);
	blinded += v.result == FWT_TCP_OK;
}

static void host_init(struct host *h, u32 iss)
{
	memset(h, 0, sizeof(*h));
	h->state = LISTEN;
	h->iss = iss;
	h->una = iss;
	h->max = iss;
	h->mss = 1 + rnd() % 1460;
	h->todo = chance(20) ? 0 : rnd() % 30000;
	h->capacity = chance(30) ? 1 + rnd() % 3000 :
		      chance(50) ? 65535 : 1u << (16 + rnd() % 6);
	h->wscale = chance(70);
	h->scale = h->wscale ? rnd() % 15 : 0;
	h->sack = chance(70);
}

static void connect_from(int who)
{
	struct host *h = &host[who];

	h->state = SYN_SENT;
	h->max = h->iss + 1;
	transmit(who, FWT_TCP_SYN, h->iss, 0);
}

static void run(void)
{
	u32 loss, twice, order, read, n;
	struct flying f;
	struct host *h;
	int who, i;

	rng = seed * 0x9e3779b97f4a7c15ull + 1;
	for (i = 0; i < 10; i++)
		rnd();
	flying = 0;
	now = 0;
	tracked = false;
	adopt_at = chance(20) ? 1 + (int)(rnd() % 300) : 0;
	blind = adopt_at && chance(50) ? (int)(rnd() % 2) : -1;
	loss = rnd() % 4 * 8;
	twice = rnd() % 4 * 8;
	order = rnd() % 3 * 30;
	read = rnd() % 3 * 10 + 2;
	/* some of them begin just before the wrap */
	host_init(&host[0], chance(50) ? 0u - rnd() % 30000 : rnd());
	host_init(&host[1], chance(50) ? 0u - rnd() % 30000 : rnd());
	connect_from(0);
	if (chance(10))
		connect_from(1);
	else if (chance(5))
		host[1].state = CLOSED;

	for (now = 1; now < STEPS; now++) {
		if (tracked && !adopt_at && chance(5))
			forge();
		if (tracked && blind >= 0 && t.state != FWT_TCPS_CLOSE && chance(30))
			forge_blind();

		if (flying && chance(70)) {
			i = chance(order) ? (int)(rnd() % (u32)flying) : 0;
			f = flight[i];
			if (!chance(twice) || now - f.born > 200) {
				memmove(&flight[i], &flight[i + 1],
					(size_t)(flying - i - 1) * sizeof(f));
				flying--;
			}
			if (chance(loss))
				continue;
			if (f.past) {
				deliver(!f.from, &f.s);
			} else if (track(&f) && flying < FLIGHT) {
				f.past = true;
				flight[flying++] = f;
			}
			continue;
		}

		who = rnd() % 2;
		h = &host[who];
		n = rnd() % 100;
		if (n < 60) {
			speak(who);
		} else if (n < 80) {
			again(who);
		} else if (n < 80 + read / 2) {
			if (h->used && h->used != h->capacity) {
				n = rnd() % (h->used + 1);
				h->used -= n;
				if (h->state == OPEN && n)
					ack(who);
			}
		} else if (n < 97) {
			h->wants_fin = h->wants_fin || chance(10);
		} else if (n == 99 && chance(10) && h->state != LISTEN &&
			   h->state != CLOSED) {
			/* aborts, or is gone without a word */
			if (chance(70) && h->state != SYN_SENT)
				transmit(who, FWT_TCP_RST | FWT_TCP_ACK,
					 h->max, 0);
			h->state = CLOSED;
		}
	}
}

static void test_endpoints(void **state)
{
	int i;

	(void)state;
	for (seed = 1; seed <= SEEDS; seed++)
		run();
	for (i = 1; i < __FWT_TCPS_MAX; i++) {
		print_message("%d segments left %s\n", reached[i],
			      fwt_tcp_state_name[i]);
		/* or the test shows little */
		assert_true(reached[i] > 100);
	}
	print_message("%d passed, %d RSTs ignored, %d anew, %d forged, %d believed\n",
		      passed, ignored, anew, forged, blinded);
	assert_true(adopted > 500);
	assert_true(passed > 1000 && forged > 10000 && blinded > 3000);
	/* It lives by what they say. */
	assert_true(kept[FWT_TCP_OK] > 20 * kept[FWT_TCP_PASS]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_endpoints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
