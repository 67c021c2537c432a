// SPDX-License-Identifier: GPL-2.0
/* Reading TCP's options. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "packet.h"
#include "parse_check.h"
#include "reason.h"
#include "rewrite.h"
#include "tuple.h"

static void options(struct fwt_tcp_options *o, struct fwt_packet *p,
		    const u8 *bytes, u32 n)
{
	struct pkt_spec s = tcp4;

	memset(s.tcp_options, 0, sizeof(s.tcp_options));
	memcpy(s.tcp_options, bytes, n);
	s.n_tcp_options = (u8)((n + 3) / 4 * 4);
	parse(p, &s);
	assert_int_equal(p->bad, 0);
	fwt_packet_tcp_options(p, built.data, o);
}

#define OPTIONS(o, p, ...) options(o, p, (const u8[]){ __VA_ARGS__ }, \
				   sizeof((const u8[]){ __VA_ARGS__ }))

static void test_tcp_options(void **unused)
{
	struct fwt_tcp_options o;
	struct fwt_packet p;

	(void)unused;
	OPTIONS(&o, &p, 1, 1, 3, 3, 200, 4, 2, 2, 4, 1, 2);
	assert_true(o.has_wscale);
	assert_int_equal(o.wscale, 14);
	assert_true(o.sack_perm);
	assert_int_equal(o.mss, 0x102);
	FIELD(&p, TCP_OPTION_MSS, 0x102);

	/* what follows the end is not read */
	OPTIONS(&o, &p, 0, 3, 3, 7, 2, 4, 1, 2);
	assert_false(o.has_wscale);
	ABSENT(&p, TCP_OPTION_MSS);

	/* a length of 0 or 1 would go round for ever */
	OPTIONS(&o, &p, 254, 0, 2, 4, 1, 2);
	assert_int_equal(o.mss, 0);
	OPTIONS(&o, &p, 254, 1, 2, 4, 1, 2);
	assert_int_equal(o.mss, 0);

	/* cut off: by one byte, and after the kind */
	OPTIONS(&o, &p, 4, 2, 1, 1, 2, 5, 1, 2);
	assert_true(o.sack_perm);
	assert_int_equal(o.mss, 0);
	OPTIONS(&o, &p, 1, 1, 1, 2);
	assert_int_equal(o.mss, 0);

	/* of another length than its kind has */
	OPTIONS(&o, &p, 2, 3, 1, 3, 4, 1, 1, 4, 3, 1, 5, 9, 0, 0, 0, 0, 0, 0, 0);
	assert_int_equal(o.mss, 0);
	assert_false(o.has_wscale);
	assert_false(o.sack_perm);
	assert_false(o.has_sack);
	ABSENT(&p, TCP_OPTION_MSS);

	/* the highest edge, round the end of the numbers */
	OPTIONS(&o, &p, 1, 1, 5, 26,
		0, 0, 0, 0, 0xff, 0xff, 0xff, 0xf0,
		0, 0, 0, 0, 0, 0, 0, 0x10,
		0, 0, 0, 0, 0xff, 0xff, 0xff, 0x00);
	assert_true(o.has_sack);
	assert_int_equal(o.sack_edge, 0x10);

	/* An MSS of 0 is one, to a rule that looks for small ones. */
	OPTIONS(&o, &p, 2, 4, 0, 0);
	FIELD(&p, TCP_OPTION_MSS, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcp_options),
	};

	return cmocka_run_group_tests_name("packet, TCP options", tests, NULL, NULL);
}
