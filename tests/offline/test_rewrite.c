// SPDX-License-Identifier: GPL-2.0
/*
 * Rewriting against its stupid twin: a packet that is rewritten has to be the
 * same, in every byte, as one that was built with the new ends in the first
 * place, whose checksums were summed over all of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "packet.h"
#include "pkt.h"
#include "rewrite.h"
#include "tuple.h"

#define ROUNDS	60000

static struct pkt a, b;
static u32 state = 20260901;

static void parse(struct fwt_packet *p, const struct pkt *k)
{
	memset(p, 0, sizeof(*p));
	p->ether_type = k->data[0] >> 4 == 4 ? 0x0800 : 0x86dd;
	assert_int_equal(fwt_packet_parse(p, k->data + k->l3, k->len - k->l3,
					  k->len - k->l3, FWT_PARSE_NETWORK), 0);
}

static void parse_frame(struct fwt_packet *p, const struct pkt *k, bool ether)
{
	if (!ether) {
		parse(p, k);
		return;
	}
	memset(p, 0, sizeof(*p));
	assert_int_equal(fwt_packet_parse(p, k->data, k->len, k->len,
					  FWT_PARSE_ETHER), 0);
}

/* Ends that differ in some things, and in others not. */
static void random_ends(struct fwt_rewrite *to, const struct pkt_spec *s)
{
	u32 r = pkt_random(&state), i;

	memset(to, 0, sizeof(*to));
	for (i = 0; i < (s->family == 4 ? 1u : 4u); i++) {
		to->src.addr[i] = r & 1 ? pkt_random(&state) : s->saddr[i];
		to->dst.addr[i] = r & 2 ? pkt_random(&state) : s->daddr[i];
	}
	if (r & 64)
		to->src.addr[0] = s->saddr[0] ^ 0xffff;
	to->src.port = r & 4 ? pkt_random(&state) & 0xffff : s->sport;
	to->dst.port = r & 8 ? pkt_random(&state) & 0xffff : s->dport;
	if (r & 16)
		to->src.port = r & 32 ? 0 : 0xffff;
}

/* What a rewriter is to make of the description. */
static void apply(struct pkt_spec *s, const struct fwt_rewrite *to)
{
	u8 request;
	int kind;

	memcpy(s->saddr, to->src.addr, sizeof(s->saddr));
	memcpy(s->daddr, to->dst.addr, sizeof(s->daddr));
	s->sport = to->src.port;
	s->dport = to->dst.port;
	if (s->protocol == 1 || s->protocol == 58) {
		kind = fwt_icmp_is_query(s->family, s->icmp_type, &request);
		if (kind >= 0)
			s->icmp_id = kind ? to->dst.port : to->src.port;
	}
}

static void assert_same_packet(const struct fwt_packet *x,
			       const struct fwt_packet *y)
{
	assert_memory_equal(x, y, sizeof(*x));
}

static u16 sum_of(const struct pkt *k)
{
	return pkt_sum(0, k->data + k->l3, k->len - k->l3);
}

/* Sums are the same if they differ by a multiple of 0xffff. */
static void assert_same_sum(u32 x, u32 y)
{
	assert_int_equal(x % 0xffff, y % 0xffff);
}

static void check_one(const struct pkt_spec *s, const struct fwt_rewrite *to,
		      enum fwt_csum_mode mode)
{
	struct pkt_spec t = *s;
	struct fwt_packet p, twin;
	u32 sum, delta = ~0u;

	apply(&t, to);
	pkt_build(&a, s);
	pkt_build(&b, &t);
	parse_frame(&p, &a, s->ether);
	assert_int_equal(p.bad, 0);
	if (mode == FWT_CSUM_FULL)
		assert_true(fwt_csum_verify(&p, a.data));

	sum = sum_of(&a);
	fwt_rewrite(&p, a.data, to, mode, &delta);
	assert_true(delta <= 0xffff);
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.data, b.data, a.len);
	assert_same_sum(sum + delta, sum_of(&b));
	parse_frame(&twin, &b, s->ether);
	assert_same_packet(&p, &twin);
	if (mode == FWT_CSUM_FULL)
		assert_true(fwt_csum_verify(&p, a.data));
}

static void test_full(void **unused)
{
	struct fwt_rewrite to;
	struct pkt_spec s;
	u32 i;

	(void)unused;
	for (i = 0; i < ROUNDS; i++) {
		pkt_random_spec(&s, &state);
		random_ends(&to, &s);
		check_one(&s, &to, FWT_CSUM_FULL);
	}
}

/* The sum of the pseudo header, and nothing of the ports. */
static void test_partial(void **unused)
{
	struct fwt_rewrite to;
	struct pkt_spec s;
	u32 i;

	(void)unused;
	for (i = 0; i < ROUNDS / 2; i++) {
		do {
			pkt_random_spec(&s, &state);
		} while (s.protocol != 6 && s.protocol != 17 &&
			 s.protocol != 132);
		s.no_check = false;
		s.partial = true;
		random_ends(&to, &s);
		check_one(&s, &to, FWT_CSUM_PARTIAL);
	}
}

static void test_fragments(void **unused)
{
	struct fwt_rewrite to;
	struct pkt_spec s;
	u32 i, r;

	(void)unused;
	for (i = 0; i < ROUNDS / 4; i++) {
		pkt_random_spec(&s, &state);
		s.cover = 0;
		s.cscov = 0;
		s.payload_len += 256;
		r = pkt_random(&state);
		s.frag = true;
		s.frag_off = r & 1 ? 24 + (r >> 1) % 16 * 8 : 0;
		s.frag_more = !s.frag_off || (r & 64);
		s.frag_len = s.frag_more ? 64 + (r >> 8) % 4 * 8 : 0;
		random_ends(&to, &s);
		if (s.frag_off) {
			/* Ports are elsewhere: nothing here may change with
			 * them, whatever the bytes look like.
			 */
			to.src.port = s.sport;
			to.dst.port = s.dport;
			s.icmp_id = to.src.port;
			if (s.protocol == 1 || s.protocol == 58)
				to.dst.port = s.icmp_id;
		}
		check_one(&s, &to, FWT_CSUM_FULL);
	}
}

/* A later fragment that looks like a header is none. */
static void test_later_fragment(void **unused)
{
	struct pkt_spec s = {
		.family = 4, .saddr = { 0x0a000001 }, .daddr = { 0x0a000002 },
		.protocol = 17, .sport = 1, .dport = 2, .payload_len = 64,
		.frag = true, .frag_off = 24,
	};
	struct fwt_rewrite to = {
		.src = { .addr = { 0xc0000201 }, .port = 77 },
		.dst = { .addr = { 0xc6336407 }, .port = 88 },
	};
	struct fwt_packet p;
	u8 before[64];
	u32 n;

	(void)unused;
	pkt_build(&a, &s);
	parse(&p, &a);
	n = a.end - a.l4;
	memcpy(before, a.data + a.l4, n);
	fwt_rewrite(&p, a.data, &to, FWT_CSUM_FULL, NULL);
	assert_memory_equal(before, a.data + a.l4, n);
	assert_int_equal(p.saddr[0], 0xc0000201);
	assert_int_equal(p.sport, 0);
	assert_int_equal(pkt_sum(0, a.data, 20), 0xffff);
}

/* Every port, so that every checksum comes up, those that are written in a way
 * of their own among them.
 */
static void sweep(struct pkt_spec *s)
{
	struct fwt_rewrite to = { .dst.port = 53 };
	u32 port;

	memcpy(to.src.addr, s->saddr, sizeof(s->saddr));
	memcpy(to.dst.addr, s->daddr, sizeof(s->daddr));
	for (port = 0; port <= 0xffff; port++) {
		to.src.port = (u16)port;
		/* from there to here, and from the last one here */
		check_one(s, &to, FWT_CSUM_FULL);
		s->sport = (u16)port;
		s->icmp_id = (u16)port;
	}
}

/* Words of all ones and of zeroes, from each to each: by difference alone they look
 * alike.
 */
static void test_ones(void **unused)
{
	static const u32 addr[] = { 0, 0xffffffff, 0x0a000001 };
	static const u16 port[] = { 0, 0xffff, 53 };
	static const u8 protocol[] = { 6, 17, 136 };
	u32 n, i, left;

	(void)unused;
	for (n = 0; n < 3 * 6561; n++) {
		struct pkt_spec s = { .family = 4, .protocol = protocol[n % 3] };
		struct fwt_rewrite to = { 0 };
		u32 k[8];

		for (i = 0, left = n / 3; i < 8; i++, left /= 3)
			k[i] = left % 3;
		s.saddr[0] = addr[k[0]];
		s.daddr[0] = addr[k[1]];
		s.sport = port[k[2]];
		s.dport = port[k[3]];
		to.src.addr[0] = addr[k[4]];
		to.dst.addr[0] = addr[k[5]];
		to.src.port = port[k[6]];
		to.dst.port = port[k[7]];
		check_one(&s, &to, FWT_CSUM_FULL);
	}
}

static void test_zero(void **unused)
{
	struct pkt_spec s = {
		.family = 4, .saddr = { 0x0a000001 }, .daddr = { 0x0a000002 },
		.protocol = 17, .sport = 1, .dport = 53,
	};

	(void)unused;
	sweep(&s);
	s.protocol = 6;
	sweep(&s);
	s.protocol = 136;
	sweep(&s);
	s.family = 6;
	s.protocol = 17;
	sweep(&s);

	/* No checksum stays none. */
	s.family = 4;
	s.no_check = true;
	sweep(&s);
	pkt_build(&a, &s);
	assert_int_equal(get_unaligned_be16(a.data + a.l4 + 6), 0);
}

/* A CRC that is wrong stays wrong, in the very bits in which it was (R9): what was
 * damaged on its way is for its receiver to find.
 */
static void test_wrong_crc(void **unused)
{
	struct fwt_rewrite to;
	struct fwt_packet p;
	struct pkt_spec s;
	u32 i, bit, n;

	(void)unused;
	for (i = 0; i < ROUNDS / 20; i++) {
		struct pkt_spec t;

		do {
			pkt_random_spec(&s, &state);
		} while (s.protocol != 132);
		random_ends(&to, &s);
		t = s;
		apply(&t, &to);
		pkt_build(&a, &s);
		pkt_build(&b, &t);
		/* not the ports, which are written over */
		bit = pkt_random(&state) % ((a.end - a.l4 - 4) * 8);
		n = a.l4 + 4 + bit / 8;
		a.data[n] ^= 1 << bit % 8;
		b.data[n] ^= 1 << bit % 8;
		parse_frame(&p, &a, s.ether);
		fwt_rewrite(&p, a.data, &to, FWT_CSUM_FULL, NULL);
		assert_memory_equal(a.data, b.data, a.len);
	}
}

/* An answer to an echo that is all zeroes has no sum at all. */
static void test_zero_icmp(void **unused)
{
	struct pkt_spec s = {
		.family = 4, .saddr = { 0x0a000001 }, .daddr = { 0x0a000002 },
		.protocol = 1,
	}, t;
	struct fwt_rewrite to = {
		.src = { .addr = { 0xc0000201 } }, .dst = { .addr = { 0xc6336407 } },
	};
	u32 id, len;

	(void)unused;
	for (len = 0; len < 60; len += 13) {
		s.payload_len = len;
		for (id = 0; id <= 0xffff; id += 5) {
			s.icmp_id = (u16)id;
			to.dst.port = 0;
			check_one(&s, &to, FWT_CSUM_FULL);
			t = s;
			t.icmp_id = 0;
			to.dst.port = (u16)id;
			check_one(&t, &to, FWT_CSUM_FULL);
		}
	}
}

static const u8 errors4[] = { 3, 4, 5, 11, 12 };

/* The description of an error about @inner. */
static void random_error(struct pkt_spec *s, const struct pkt_spec *inner)
{
	u32 r = pkt_random(&state), i, min = 8;

	pkt_random_spec(s, &state);
	s->family = inner->family;
	s->ip_options = s->family == 4 ? s->ip_options : 0;
	s->n_ext = s->family == 6 ? s->n_ext : 0;
	s->protocol = s->family == 4 ? 1 : 58;
	s->icmp_type = s->family == 4 ? errors4[r % ARRAY_SIZE(errors4)] :
		       1 + r % 4;
	s->icmp_code = r >> 4 & 3;
	/* In these two bytes: unused, a gateway, a pointer, the length. */
	s->icmp_id = 0;
	for (i = 0; i < 4; i++) {
		s->saddr[i] = s->family == 4 && i ? 0 : pkt_random(&state);
		s->daddr[i] = inner->saddr[i];
	}
	s->quote = inner;
	pkt_build(&a, inner);
	min += a.l4 - a.l3;
	r = pkt_random(&state);
	/* mostly around the edges of the transport header */
	s->quote_len = min + (r & 1 ? (r >> 1) % 20 : (r >> 1) % 200);
	/* Half of a checksum can't be told, and is left as it is. */
	if (inner->protocol == 6 && s->quote_len == min + 9)
		s->quote_len++;
	s->extensions = (r >> 16) % 3 == 0 &&
			(s->family == 4 ? s->icmp_type == 3 ||
			 s->icmp_type == 11 || s->icmp_type == 12 :
			 s->icmp_type == 1 || s->icmp_type == 3);
	/* Who appends quotes at least 128 bytes, if there are so many. */
	if (s->extensions && s->quote_len < 128)
		s->quote_len = 128;
	/* Nor can a part of a CRC, nor the zeroes that fill the quote up, where a
	 * checksum would be.
	 */
	if (inner->protocol == 6 && s->extensions && s->quote_len < min + 10)
		s->quote_len = min + 10;
	if (inner->protocol == 132 && s->quote_len > min && s->quote_len < min + 4)
		s->quote_len = min + 4;
}

static void test_error(void **unused)
{
	struct pkt_spec inner, inner2, outer, outer2;
	struct fwt_rewrite to_in, to_out;
	struct fwt_packet p, twin;
	struct fwt_quote q, twinq;
	u32 i;

	(void)unused;
	for (i = 0; i < ROUNDS; i++) {
		pkt_random_spec(&inner, &state);
		inner.ether = false;
		inner.n_vlan = 0;
		inner.padding = 0;
		random_error(&outer, &inner);
		random_ends(&to_in, &inner);
		random_ends(&to_out, &outer);

		inner2 = inner;
		apply(&inner2, &to_in);
		outer2 = outer;
		memcpy(outer2.saddr, to_out.src.addr, sizeof(outer2.saddr));
		memcpy(outer2.daddr, to_out.dst.addr, sizeof(outer2.daddr));
		outer2.quote = &inner2;
		pkt_build(&a, &outer);
		pkt_build(&b, &outer2);

		parse_frame(&p, &a, outer.ether);
		assert_int_equal(p.bad, 0);
		assert_true(fwt_csum_verify(&p, a.data));
		assert_int_equal(fwt_packet_quote(&p, &q, a.data, a.len, a.len), 0);
		assert_true(q.avail <= a.end);
		fwt_rewrite_error(&p, &q, a.data, a.end, &to_out, &to_in);
		assert_memory_equal(a.data, b.data, a.len);
		assert_true(fwt_csum_verify(&p, a.data));

		parse_frame(&twin, &b, outer.ether);
		assert_same_packet(&p, &twin);
		assert_int_equal(fwt_packet_quote(&twin, &twinq, b.data, b.len,
						  b.len), 0);
		assert_same_packet(&q.p, &twinq.p);
		assert_int_equal(q.avail, twinq.avail);
	}
}

/* The gateway of a redirect is not an end of anything. */
static void test_redirect(void **unused)
{
	struct pkt_spec inner = {
		.family = 4, .saddr = { 0x0a000001 }, .daddr = { 0x08080808 },
		.protocol = 17, .sport = 1, .dport = 2, .payload_len = 30,
	};
	struct pkt_spec s = {
		.family = 4, .saddr = { 0x0a0000fe }, .daddr = { 0x0a000001 },
		.protocol = 1, .icmp_type = 5, .icmp_id = 0x0a00,
		.icmp_seq = 0x0001, .quote = &inner, .quote_len = 28,
	};
	struct fwt_rewrite out = {
		.src = { .addr = { 0x0a0000fe } }, .dst = { .addr = { 0xc0000201 } },
	}, in = {
		.src = { .addr = { 0xc0000201 }, .port = 99 },
		.dst = { .addr = { 0x08080808 }, .port = 2 },
	};
	struct fwt_packet p;
	struct fwt_quote q;

	(void)unused;
	pkt_build(&a, &s);
	parse(&p, &a);
	assert_int_equal(fwt_packet_quote(&p, &q, a.data, a.len, a.len), 0);
	fwt_rewrite_error(&p, &q, a.data, a.end, &out, &in);
	assert_int_equal(get_unaligned_be32(a.data + a.l4 + 4), 0x0a000001);
	assert_int_equal(pkt_sum(0, a.data + a.l4, a.end - a.l4), 0xffff);
	assert_int_equal(get_unaligned_be32(a.data + a.l4 + 8 + 12), 0xc0000201);
	assert_int_equal(get_unaligned_be16(a.data + a.l4 + 8 + 20), 99);
}

/* Each bit that a checksum covers, turned round, makes it wrong, and each that
 * it does not cover does not.
 */
static void test_verify(void **unused)
{
	u32 i, bit, cover, start;
	struct fwt_packet p;
	struct pkt_spec s;

	(void)unused;
	for (i = 0; i < ROUNDS / 8; i++) {
		pkt_random_spec(&s, &state);
		s.n_ext = 0;
		s.no_check = false;
		pkt_build(&a, &s);
		parse_frame(&p, &a, s.ether);
		assert_true(fwt_csum_verify(&p, a.data));

		cover = a.end - a.l4;
		if (s.protocol == 136 && s.cover)
			cover = s.cover;
		if (s.protocol == 33 && s.cscov)
			cover = 16 + (s.cscov - 1) * 4;
		if (s.protocol == 132 || s.protocol == 50 || s.protocol == 47)
			cover = 0;
		/* not in the header, which would be read otherwise */
		start = p.payload - a.l4;
		if (start >= a.end - a.l4)
			continue;
		bit = pkt_random(&state) % ((a.end - a.l4 - start) * 8);
		a.data[a.l4 + start + bit / 8] ^= 1 << bit % 8;
		assert_int_equal(fwt_csum_verify(&p, a.data),
				 start + bit / 8 >= cover);
		a.data[a.l4 + start + bit / 8] ^= 1 << bit % 8;
		if (!cover)
			continue;
		if (s.protocol != 1) {
			p.saddr[0] ^= 1u << bit % 32;
			assert_false(fwt_csum_verify(&p, a.data));
			p.saddr[0] ^= 1u << bit % 32;
		}
		/* the sequence, the ports, the id: of each protocol something */
		a.data[a.l4 + (s.protocol == 1 || s.protocol == 58 ? 5 : 1)] ^= 1;
		assert_false(fwt_csum_verify(&p, a.data));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_partial),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_later_fragment),
		cmocka_unit_test(test_ones),
		cmocka_unit_test(test_zero),
		cmocka_unit_test(test_wrong_crc),
		cmocka_unit_test(test_zero_icmp),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_redirect),
		cmocka_unit_test(test_verify),
	};

	return cmocka_run_group_tests_name("rewrite", tests, NULL, NULL);
}
