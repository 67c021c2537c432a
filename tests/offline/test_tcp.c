// SPDX-License-Identifier: GPL-2.0
/* TCP tracking: core/tcp.c against vectors, endpoints and a forger. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <glob.h>
#include <cmocka.h>

#include "packet.h"
#include "tcp.h"
#include "tcp_vectors.h"

/* A case runs with each pair of these added to the sequences of both sides, so
 * that all comparisons meet the wrap, and the middle.
 */
static const u32 offsets[] = {
	0, 0xffffffffu - 1001, 0xffffffffu - 5001, 0xffffffffu - 2000,
	0x7fffffffu - 1001, 0x7fffffffu - 5001, 0xdeadbeef,
};

static unsigned int failures;

static void run_at(const struct tcp_vector_case *c, u32 client, u32 server)
{
	u32 offset[2] = { client, server };
	const struct tcp_vector_segment *e;
	struct fwt_tcp_segment s;
	struct fwt_tcp_verdict v;
	struct fwt_tcp t, before;
	unsigned int i;

	for (i = 0; i < c->n; i++) {
		e = &c->segment[i];
		s = e->s;
		s.seq += offset[e->dir];
		if (s.flags & FWT_TCP_ACK)
			s.ack += offset[!e->dir];
		if (s.has_sack)
			s.sack_edge += offset[!e->dir];
		if (!i) {
			fwt_tcp_init(&t, &s, c->loose, &v);
		} else {
			before = t;
			fwt_tcp_packet(&t, e->dir, &s, &v);
			if (v.result == FWT_TCP_INVALID &&
			    memcmp(&before, &t, sizeof(t))) {
				print_error("%s:%u: %s: invalid, but changed\n",
					    c->file, e->line, c->name);
				failures++;
			}
		}
		if (v.result == FWT_TCP_REOPEN && e->result == FWT_TCP_REOPEN) {
			fwt_tcp_init(&t, &s, false, &v);
			v.result = FWT_TCP_REOPEN;
		}
		if (v.result == e->result && t.state == e->state &&
		    v.timeout == e->timeout && v.timeout_cap == e->cap &&
		    (e->assured < 0 || e->assured == v.assured) &&
		    !!v.why == (v.result == FWT_TCP_INVALID))
			continue;
		print_error("%s:%u: %s: segment %u, sequences from %u and %u:\n"
			    "\twant %s %s %s cap %u assured %d\n"
			    "\tgot  %s %s %s cap %u assured %d %s\n",
			    c->file, e->line, c->name, i, client, server,
			    tcp_result_name(e->result),
			    fwt_tcp_state_name[e->state],
			    tcp_timeout_name(e->timeout), e->cap, e->assured,
			    tcp_result_name(v.result),
			    fwt_tcp_state_name[t.state],
			    tcp_timeout_name(v.timeout), v.timeout_cap,
			    v.assured, v.why ? v.why : "");
		failures++;
		return;
	}
}

static void run_case(const struct tcp_vector_case *c, void *arg)
{
	unsigned int i, j, failed = failures;

	(void)arg;
	for (i = 0; i < ARRAY_SIZE(offsets); i++)
		for (j = 0; j < ARRAY_SIZE(offsets); j++)
			if (failures == failed)
				run_at(c, offsets[i], offsets[j]);
}

static void test_vectors(void **state)
{
	const char *top = getenv("FWT_TOP");
	char pattern[512];
	int cases = 0, n;
	glob_t g;
	size_t i;

	(void)state;
	snprintf(pattern, sizeof(pattern), "%s/tests/vectors/tcp/*.vec",
		 top ? top : ".");
	assert_int_equal(glob(pattern, 0, NULL, &g), 0);
	for (i = 0; i < g.gl_pathc; i++) {
		n = tcp_vectors_read(g.gl_pathv[i], run_case, NULL);
		assert_true(n > 0);
		cases += n;
	}
	globfree(&g);
	print_message("%d cases\n", cases);
	assert_true(cases >= 60);
	assert_int_equal(failures, 0);
}

static void test_timeouts(void **state)
{
	/* R27's table, said once more */
	static const u32 want[__FWT_TIMEOUT_MAX][2] = {
		{ 120, 240 }, { 60, 240 }, { 86400, 86400 }, { 120, 240 },
		{ 60, 240 }, { 30, 240 }, { 120, 120 }, { 10, 240 },
		{ 30, 120 }, { 120, 300 }, { 30, 60 }, { 600, 600 },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < __FWT_TIMEOUT_MAX; i++) {
		assert_int_equal(fwt_timeout_default(i, false), want[i][0]);
		assert_int_equal(fwt_timeout_default(i, true), want[i][1]);
	}
	assert_int_equal(fwt_timeout_default(__FWT_TIMEOUT_MAX, true), 0);
}

/* R18: of all 256, those that a TCP sends. */
static void test_flags(void **state)
{
	unsigned int f, core;
	bool valid;

	(void)state;
	for (f = 0; f < 256; f++) {
		core = f & ~(FWT_TCP_PSH | FWT_TCP_ECE | FWT_TCP_CWR);
		if (core & FWT_TCP_SYN)
			valid = !(core & (FWT_TCP_FIN | FWT_TCP_RST));
		else if (core & FWT_TCP_RST)
			valid = !(core & (FWT_TCP_FIN | FWT_TCP_URG));
		else
			valid = core & FWT_TCP_ACK;
		assert_int_equal(fwt_tcp_flags_valid((u8)f), valid);
		assert_int_equal(fwt_tcp_opens((u8)f),
				 (f & FWT_TCP_SYN) &&
				 !(f & (FWT_TCP_ACK | FWT_TCP_RST | FWT_TCP_FIN)));
	}
}

static struct fwt_tcp_segment seg(u8 flags, u32 seq, u32 ack, u32 len)
{
	struct fwt_tcp_segment s;

	memset(&s, 0, sizeof(s));
	s.flags = flags;
	s.seq = seq;
	s.ack = ack;
	s.len = len;
	s.win = 65535;
	return s;
}

/* R21 */
static void test_quotes(void **state)
{
	struct fwt_tcp_verdict v;
	struct fwt_tcp_segment s;
	struct fwt_tcp t;

	(void)state;
	s = seg(FWT_TCP_SYN, 0xffffffff, 0, 0);
	fwt_tcp_init(&t, &s, false, &v);
	assert_true(fwt_tcp_quote_fits(&t, FWT_ORIGINAL, 0xffffffff));
	assert_false(fwt_tcp_quote_fits(&t, FWT_ORIGINAL, 0xfffffffe));
	assert_false(fwt_tcp_quote_fits(&t, FWT_ORIGINAL, 1));
	assert_false(fwt_tcp_quote_fits(&t, FWT_REPLY, 0));
	s = seg(FWT_TCP_SYN | FWT_TCP_ACK, 5000, 0, 0);
	fwt_tcp_packet(&t, FWT_REPLY, &s, &v);
	s = seg(FWT_TCP_ACK, 0, 5001, 1000);
	fwt_tcp_packet(&t, FWT_ORIGINAL, &s, &v);
	assert_int_equal(t.state, FWT_TCPS_ESTABLISHED);
	assert_true(fwt_tcp_quote_fits(&t, FWT_ORIGINAL, 0));
	assert_true(fwt_tcp_quote_fits(&t, FWT_ORIGINAL, 500));
	assert_true(fwt_tcp_quote_fits(&t, FWT_ORIGINAL, 1000));
	assert_false(fwt_tcp_quote_fits(&t, FWT_ORIGINAL, 1001));
	s = seg(FWT_TCP_ACK, 5001, 800, 0);
	fwt_tcp_packet(&t, FWT_REPLY, &s, &v);
	assert_true(fwt_tcp_quote_fits(&t, FWT_ORIGINAL, 800));
	assert_false(fwt_tcp_quote_fits(&t, FWT_ORIGINAL, 500));
	assert_true(fwt_tcp_quote_fits(&t, FWT_REPLY, 5000));
	assert_false(fwt_tcp_quote_fits(&t, FWT_REPLY, 5002));
	assert_false(fwt_tcp_quote_fits(&t, FWT_REPLY, 0x80000000));
}

static void says(struct fwt_tcp *t, enum fwt_dir dir, struct fwt_tcp_segment s,
		 enum fwt_tcp_result want)
{
	struct fwt_tcp_verdict v;

	fwt_tcp_packet(t, dir, &s, &v);
	assert_int_equal(v.result, want);
}

/* Segments that nobody looked at: the connection goes on where it is by now, from whichever
 * side, and is followed again.
 */
static void test_resume(void **state)
{
	struct fwt_tcp_segment s = seg(FWT_TCP_SYN, 1000, 0, 0);
	struct fwt_tcp_verdict v;
	struct fwt_tcp t, was;
	int first;

	(void)state;
	for (first = 0; first < 2; first++) {
		fwt_tcp_init(&t, &s, false, &v);
		says(&t, FWT_REPLY, seg(FWT_TCP_SYN | FWT_TCP_ACK, 5000, 1001, 0), FWT_TCP_OK);
		says(&t, FWT_ORIGINAL, seg(FWT_TCP_ACK, 1001, 5001, 100), FWT_TCP_OK);
		/* A gigabyte each way. */
		was = t;
		says(&t, FWT_ORIGINAL, seg(FWT_TCP_ACK, 0x40000000, 0x50000000, 100),
		     FWT_TCP_INVALID);
		assert_memory_equal(&t, &was, sizeof(t));
		fwt_tcp_resume(&t);
		assert_int_equal(t.state, FWT_TCPS_ESTABLISHED);
		/* What can be forged ends nothing. */
		says(&t, FWT_ORIGINAL, seg(FWT_TCP_RST, 77, 0, 0), FWT_TCP_PASS);
		says(&t, FWT_REPLY, seg(FWT_TCP_SYN | FWT_TCP_ACK, 7, 77, 0), FWT_TCP_PASS);
		if (first)
			says(&t, FWT_REPLY, seg(FWT_TCP_ACK, 0x50000000, 0x40000000, 100),
			     FWT_TCP_OK);
		says(&t, FWT_ORIGINAL, seg(FWT_TCP_ACK, 0x40000000, 0x50000000, 100),
		     FWT_TCP_OK);
		says(&t, FWT_REPLY, seg(FWT_TCP_ACK, 0x50000000, 0x40000064, 100), FWT_TCP_OK);
		says(&t, FWT_ORIGINAL, seg(FWT_TCP_ACK, 0x40000064, 0x50000064, 0), FWT_TCP_OK);
		assert_int_equal(t.state, FWT_TCPS_ESTABLISHED);
		/* Followed: nonsense moves nothing, and a RST is by its sequence. */
		was = t;
		says(&t, FWT_ORIGINAL, seg(FWT_TCP_ACK, 0x40000064, 0xa0000000, 0),
		     FWT_TCP_PASS);
		assert_memory_equal(&t, &was, sizeof(t));
		says(&t, FWT_REPLY, seg(FWT_TCP_RST, 0x50000064, 0, 0), FWT_TCP_OK);
		assert_int_equal(t.state, FWT_TCPS_CLOSE);
		/* What is over stays so. */
		was = t;
		fwt_tcp_resume(&t);
		assert_memory_equal(&t, &was, sizeof(t));
	}
	/* A SYN that its server answers begins anew. */
	fwt_tcp_init(&t, &s, false, &v);
	fwt_tcp_resume(&t);
	says(&t, FWT_ORIGINAL, seg(FWT_TCP_SYN, 1000, 0, 0), FWT_TCP_PASS);
	says(&t, FWT_REPLY, seg(FWT_TCP_SYN | FWT_TCP_ACK, 5000, 1001, 0), FWT_TCP_PASS);
	says(&t, FWT_ORIGINAL, seg(FWT_TCP_ACK, 1001, 5001, 0), FWT_TCP_OK);
	says(&t, FWT_REPLY, seg(FWT_TCP_ACK, 5001, 1001, 0), FWT_TCP_OK);
	assert_int_equal(t.state, FWT_TCPS_ESTABLISHED);
}

/* What one side of a connection picked up acknowledges, and the other was not seen to
 * send, is no news, however it rises.
 */
static void test_acks_of_one_side(void **state)
{
	struct fwt_tcp_segment s = seg(FWT_TCP_ACK, 1000, 5000, 0);
	struct fwt_tcp_verdict v;
	struct fwt_tcp t;
	u32 i;

	(void)state;
	fwt_tcp_init(&t, &s, true, &v);
	says(&t, FWT_REPLY, seg(FWT_TCP_ACK, 5000, 1000, 0), FWT_TCP_OK);
	for (i = 1; i <= 40; i++)
		says(&t, FWT_ORIGINAL, seg(FWT_TCP_ACK, 1000, 5000 + i, 0),
		     i <= 32 ? FWT_TCP_OK : FWT_TCP_PASS);
	/* The other side speaks. */
	says(&t, FWT_REPLY, seg(FWT_TCP_ACK, 5040, 1000, 0), FWT_TCP_OK);
	says(&t, FWT_ORIGINAL, seg(FWT_TCP_ACK, 1000, 5040, 0), FWT_TCP_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_timeouts),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_resume),
		cmocka_unit_test(test_acks_of_one_side),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
