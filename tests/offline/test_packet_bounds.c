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
#include "packet_parse.h"
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

/* What nearly all packets are has a short way through the parser. It says what the long
 * one does, which reads header by header.
 */
static void parse_long(struct fwt_packet *p, const u8 *data, u32 len, u32 total, int *ret)
{
	struct fwt_reader r = { .data = data, .len = min(len, total), .end = total };

	p->have = 0;
	p->end = total;
	*ret = fwt_parse_ip4(p, &r, false);
	if (!*ret)
		*ret = fwt_parse_l4(p, &r);
	if (*ret < 0) {
		p->bad = FWT_REASON_MALFORMED;
		*ret = 0;
	}
}

static void test_short_way(void **state)
{
	u32 i, j, len, total, n_good = 0;
	u32 seed = 4711;

	(void)state;
	for (i = 0; i < 200000; i++) {
		struct fwt_packet a, b;
		int got, want;
		u8 data[64];

		for (j = 0; j < sizeof(data); j++)
			data[j] = (u8)pkt_random(&seed);
		/* Near to a good one, then wrong in a place or two. */
		data[0] = 0x45;
		data[2] = 0;
		data[3] = 28 + pkt_random(&seed) % 36;
		data[6] = pkt_random(&seed) & 0x40;
		data[7] = 0;
		data[9] = i & 1 ? FWT_IPPROTO_UDP : FWT_IPPROTO_TCP;
		if (i & 1) {
			data[24] = 0;
			data[25] = 8 + pkt_random(&seed) % (data[3] - 27);
		} else {
			data[32] = (5 + pkt_random(&seed) % 4) << 4;
			data[33] &= ~(pkt_random(&seed) % 2 ? FWT_TCP_SYN : 0);
			/* Where there are options, there is an MSS. */
			data[40] = 2;
			data[41] = 4;
		}
		for (j = pkt_random(&seed) % 3; j; j--)
			data[pkt_random(&seed) % 34] ^= 1 << pkt_random(&seed) % 8;
		total = pkt_random(&seed) % 4 ? sizeof(data) : pkt_random(&seed) % 65;
		len = pkt_random(&seed) % 4 ? total : pkt_random(&seed) % 65;
		/* What was there before is not to shine through. */
		memset(&a, 0xa5, sizeof(a));
		memset(&b, 0, sizeof(b));
		a.have = 0;
		a.ether_type = 0x0800;
		got = fwt_packet_parse(&a, data, len, total, FWT_PARSE_NETWORK);
		parse_long(&b, data, len, total, &want);
		assert_int_equal(got, want);
		if (got)
			continue;
		n_good += !b.bad;
		assert_int_equal(a.bad, b.bad);
		assert_int_equal(a.have, b.have);
		assert_int_equal(a.family, b.family);
		assert_int_equal(a.protocol, b.protocol);
		assert_int_equal(a.tos, b.tos);
		assert_int_equal(a.ttl, b.ttl);
		assert_memory_equal(&a.tcp_flags, &b.tcp_flags,
				    offsetof(struct fwt_packet, frag_more) + 1 -
				    offsetof(struct fwt_packet, tcp_flags));
		assert_memory_equal(&a.frag_off, &b.frag_off,
				    offsetof(struct fwt_packet, zero) + 60 -
				    offsetof(struct fwt_packet, frag_off));
		assert_int_equal(a.l3, b.l3);
		assert_int_equal(a.l4, b.l4);
		assert_int_equal(a.payload, b.payload);
		assert_int_equal(a.end, b.end);
		assert_int_equal(a.length, b.length);
		assert_int_equal(a.unknown, 0);
	}
	assert_true(n_good > 50000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short_way),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_mutated),
	};

	return cmocka_run_group_tests_name("packet, bounds", tests, NULL, NULL);
}
