// SPDX-License-Identifier: GPL-2.0
/*
 * No sequence of segments brings a connection to a state, or from one to another,
 * that no diagram of Documentation/connections.rst shows (R16): segments of all
 * flags, with sequences near everything that the tracker keeps, from both sides.
 * Each arrow is met, too; and whatever comes, what is invalid changes nothing, and
 * each verdict has a timeout of the state.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "packet.h"
#include "tcp.h"

#define CONNECTIONS	60000
#define SEGMENTS	40

static u32 seen[__FWT_TCPS_MAX][__FWT_TCPS_MAX];

/* The arrows, besides "as it was". One segment may go along two or three: an ACK that
 * completes the handshake and has FIN, a FIN that acknowledges the other's.
 */
#define ARROWS(X) \
	/* Opening */ \
	X(SYN_SENT, SYN_RECV) X(SYN_SENT, SYN_SENT2) X(SYN_SENT, CLOSE) \
	X(SYN_SENT2, SYN_RECV) X(SYN_SENT2, CLOSE) \
	X(SYN_RECV, ESTABLISHED) X(SYN_RECV, FIN_WAIT) X(SYN_RECV, CLOSE_WAIT) \
	X(SYN_RECV, LAST_ACK) X(SYN_RECV, TIME_WAIT) X(SYN_RECV, CLOSE) \
	/* Closing */ \
	X(ESTABLISHED, FIN_WAIT) X(ESTABLISHED, CLOSE_WAIT) X(ESTABLISHED, CLOSE) \
	X(FIN_WAIT, CLOSE_WAIT) X(FIN_WAIT, LAST_ACK) X(FIN_WAIT, TIME_WAIT) \
	X(FIN_WAIT, CLOSE) X(CLOSE_WAIT, LAST_ACK) X(CLOSE_WAIT, TIME_WAIT) \
	X(CLOSE_WAIT, CLOSE) X(LAST_ACK, TIME_WAIT) X(LAST_ACK, CLOSE) \
	X(TIME_WAIT, CLOSE) \
	/* A FIN that more follows to, and that nobody acknowledged, was none */ \
	X(FIN_WAIT, ESTABLISHED) X(LAST_ACK, FIN_WAIT) X(LAST_ACK, CLOSE_WAIT) \
	/* A SYN that was noted, and a server that answers it */ \
	X(ESTABLISHED, SYN_RECV) X(FIN_WAIT, SYN_RECV) X(CLOSE_WAIT, SYN_RECV) \
	X(LAST_ACK, SYN_RECV) X(TIME_WAIT, SYN_RECV)

#define ARROW(from, to) [FWT_TCPS_##from][FWT_TCPS_##to] = true,
static const bool drawn[__FWT_TCPS_MAX][__FWT_TCPS_MAX] = { ARROWS(ARROW) };

static u64 rng;

static u32 rnd(u32 below)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (u32)(rng >> 16) % below;
}

/* A number near what is known of the two sides: what @p sent, what @q heard. */
static u32 near(const struct fwt_tcp *t, const struct fwt_tcp_peer *p,
		const struct fwt_tcp_peer *q)
{
	static const int off[] = { 0, 0, 0, 0, 0, 0, 1, -1, 2, 100, -100, 70000, -70000 };
	const u32 around[] = {
		p->end, p->end, q->maxack, p->maxend, t->noted, t->syn_end, t->syn_end - 1,
		p->end - q->maxwin, (u32)rng,
	};

	return around[rnd(ARRAY_SIZE(around))] + off[rnd(ARRAY_SIZE(off))];
}

static struct fwt_tcp_segment any(const struct fwt_tcp *t, int dir)
{
	static const u8 flags[] = {
		FWT_TCP_SYN, FWT_TCP_SYN, FWT_TCP_SYN | FWT_TCP_ACK, FWT_TCP_SYN | FWT_TCP_ACK,
		FWT_TCP_ACK, FWT_TCP_ACK, FWT_TCP_ACK, FWT_TCP_ACK | FWT_TCP_PSH,
		FWT_TCP_ACK | FWT_TCP_FIN, FWT_TCP_ACK | FWT_TCP_FIN,
		FWT_TCP_RST, FWT_TCP_RST | FWT_TCP_ACK, 0xff,
	};
	const struct fwt_tcp_peer *p = &t->peer[dir], *q = &t->peer[!dir];
	struct fwt_tcp_segment s = {
		.flags = flags[rnd(ARRAY_SIZE(flags))],
		.seq = near(t, p, q),
		.ack = near(t, q, p),
		.len = rnd(3) ? 0 : rnd(2000),
		.win = rnd(4) ? 65535 : rnd(65536),
		.has_wscale = rnd(2),
		.wscale = (u8)rnd(15),
		.sack_perm = rnd(2),
		.has_sack = !rnd(4),
	};

	if (s.flags == 0xff)
		s.flags = (u8)rnd(64);
	if (s.flags & FWT_TCP_SYN && rnd(4))
		s.len = 0;
	/* One of two fits the other side, or the two never come to anything. */
	if (rnd(2)) {
		s.seq = q->flags & FWT_TCP_PEER_ACKS || !rnd(2) ? p->end : s.seq;
		s.ack = q->end;
	}
	s.sack_edge = near(t, q, p);
	return s;
}

static void hold(u32 n, const struct fwt_tcp *was, const struct fwt_tcp *t,
		 const struct fwt_tcp_verdict *v)
{
	if (t->state >= __FWT_TCPS_MAX || t->state == FWT_TCPS_NONE)
		fail_msg("connection %u: state %u", n, t->state);
	seen[was->state][t->state]++;
	if (v->result == FWT_TCP_INVALID || v->result == FWT_TCP_REOPEN)
		assert_memory_equal(was, t, sizeof(*t));
	if (was->state != t->state && !drawn[was->state][t->state])
		fail_msg("connection %u: from %s to %s", n, fwt_tcp_state_name[was->state],
			 fwt_tcp_state_name[t->state]);
	if (v->result == FWT_TCP_REOPEN)
		assert_true(t->state == FWT_TCPS_TIME_WAIT || t->state == FWT_TCPS_CLOSE);
}

static void test_arrows(void **state)
{
	struct fwt_tcp t, was;
	struct fwt_tcp_segment s;
	struct fwt_tcp_verdict v;
	u32 n, i, a, b;

	(void)state;
	for (n = 0; n < CONNECTIONS; n++) {
		int dir;

		rng = 88172645463325252ull + n * 2654435761ull;
		memset(&t, 0, sizeof(t));
		s = any(&t, 0);
		s.flags = n % 4 ? FWT_TCP_SYN : FWT_TCP_ACK | (rnd(2) ? FWT_TCP_FIN : 0);
		fwt_tcp_init(&t, &s, !(n % 4), &v);
		assert_int_equal(v.result, FWT_TCP_OK);
		assert_true(t.state == (s.flags == FWT_TCP_SYN ? FWT_TCPS_SYN_SENT :
				s.flags & FWT_TCP_FIN ? FWT_TCPS_FIN_WAIT :
				FWT_TCPS_ESTABLISHED));
		for (i = 0; i < SEGMENTS; i++) {
			dir = rnd(2);
			s = any(&t, dir);
			was = t;
			fwt_tcp_packet(&t, dir, &s, &v);
			hold(n, &was, &t, &v);
		}
	}
	for (a = 0; a < __FWT_TCPS_MAX; a++)
		for (b = 0; b < __FWT_TCPS_MAX; b++) {
			if (drawn[a][b] && !seen[a][b])
				fail_msg("never from %s to %s", fwt_tcp_state_name[a],
					 fwt_tcp_state_name[b]);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arrows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
