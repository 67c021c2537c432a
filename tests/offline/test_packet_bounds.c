// SPDX-License-Identifier: GPL-2.0
/*
 * Nothing outside of the buffer is ever looked at: each is allocated to the very
 * byte, and AddressSanitizer tells (R35).
 */
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

/* Give the parser what it asks for, to the byte, until it is content. */
static int parse_growing(struct fwt_packet *p, struct fwt_quote *q, const u8 *data,
			 u32 len, u32 total, enum fwt_parse_from from)
{
	int ret = 0, quoted = 0;
	u16 type = from == FWT_PARSE_NETWORK && total && data[0] >> 4 == 6 ?
		   0x86dd : 0x0800;
	u8 *copy;

	for (;;) {
		copy = malloc(len);
		assert_non_null(copy);
		memcpy(copy, data, len);
		memset(p, 0, sizeof(*p));
		p->ether_type = type;
		ret = fwt_packet_parse(p, copy, len, total, from);
		quoted = ret ? 0 : fwt_packet_quote(p, q, copy, len, total);
		if (!ret && (p->have & FWT_HAVE_TCP)) {
			struct fwt_tcp_options o;

			assert_true(p->payload <= len);
			fwt_packet_tcp_options(p, copy, &o);
		}
		free(copy);
		assert_true(ret >= 0);
		if (quoted > 0)
			ret = quoted;
		if (!ret)
			break;
		assert_true((u32)ret > len);
		assert_true((u32)ret <= total);
		len = (u32)ret;
	}
	assert_true(p->l3 <= p->l4 && p->l4 <= p->payload);
	assert_true(p->payload <= p->end && p->end <= total);
	if (!quoted) {
		assert_true(q->avail <= p->end);
		assert_true(q->p.payload <= q->p.end && q->p.end <= q->avail);
	}
	return quoted;
}

static void truncate_all(const struct pkt_spec *s)
{
	enum fwt_parse_from from = s->ether ? FWT_PARSE_ETHER : FWT_PARSE_NETWORK;
	struct fwt_packet whole, p;
	struct fwt_quote q, wholeq;
	int ret;
	u32 len;

	pkt_build(&built, s);
	ret = parse_growing(&whole, &wholeq, built.data, built.len, built.len, from);
	assert_int_equal(whole.bad, 0);
	for (len = 0; len <= built.len; len++) {
		/* The rest is elsewhere: it is asked for, and all is the same. */
		assert_int_equal(parse_growing(&p, &q, built.data, len, built.len, from),
				 ret);
		assert_memory_equal(&p, &whole, sizeof(p));
		if (!ret)
			assert_memory_equal(&q, &wholeq, sizeof(q));
		/* There is no rest. */
		parse_growing(&p, &q, built.data, len, len, from);
		if (len < built.end)
			assert_int_equal(p.bad, FWT_REASON_MALFORMED);
		assert_int_equal(p.have & ~whole.have, 0);
	}
}

static const u8 errors4[] = { 3, 4, 5, 11, 12 };

static void random_any(struct pkt_spec *s, struct pkt_spec *in)
{
	u32 r = pkt_random(&seed);

	pkt_random_spec(s, &seed);
	if (r % 3)
		return;
	do {
		pkt_random_spec(in, &seed);
	} while (in->family != s->family);
	in->ether = false;
	in->n_vlan = 0;
	in->padding = 0;
	s->protocol = s->family == 4 ? 1 : 58;
	s->icmp_type = s->family == 4 ? errors4[r / 3 % ARRAY_SIZE(errors4)] :
		       1 + r / 3 % 4;
	s->icmp_id = 0;
	s->quote = in;
	s->quote_len = 1 + (r >> 12) % 120;
	s->extensions = (r >> 20) % 4 == 0;
}

static void test_truncated(void **unused)
{
	struct pkt_spec s, in;
	u32 i;

	(void)unused;
	for (i = 0; i < 400; i++) {
		random_any(&s, &in);
		truncate_all(&s);
	}
}

/* Whatever the bytes: in bounds, and the rewriters keep to theirs. */
static void test_mutated(void **unused)
{
	struct fwt_rewrite to = {
		.src = { .addr = { 1, 2, 3, 4 }, .port = 5 },
		.dst = { .addr = { 6, 7, 8, 9 }, .port = 10 },
	};
	struct pkt_spec s, in;
	struct fwt_packet p;
	struct fwt_quote q;
	u32 i, j, len, at, delta;
	u8 *copy;

	(void)unused;
	for (i = 0; i < 12000; i++) {
		enum fwt_parse_from from;

		random_any(&s, &in);
		from = s.ether ? FWT_PARSE_ETHER : FWT_PARSE_NETWORK;
		pkt_build(&built, &s);
		for (j = 0; j < 20; j++) {
			at = pkt_random(&seed) % built.len;
			/* mostly where the headers are */
			if (j % 4)
				at %= 80;
			if (at >= built.len)
				continue;
			built.data[at] = (u8)pkt_random(&seed);
			len = j % 2 ? built.len : pkt_random(&seed) % (built.len + 1);
			parse_growing(&p, &q, built.data,
				      pkt_random(&seed) % (len + 1), len, from);

			copy = malloc(len);
			memcpy(copy, built.data, len);
			fwt_csum_verify(&p, copy);
			if (!fwt_packet_quote(&p, &q, copy, len, len))
				fwt_rewrite_error(&p, &q, copy, p.end, &to, &to);
			else
				fwt_rewrite(&p, copy, &to, j & 2 ? FWT_CSUM_FULL :
					    FWT_CSUM_PARTIAL, &delta);
			free(copy);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_mutated),
	};

	return cmocka_run_group_tests_name("packet, bounds", tests, NULL, NULL);
}
