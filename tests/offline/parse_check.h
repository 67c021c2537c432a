/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of reading packets share. */
#ifndef FWT_TESTS_PARSE_CHECK_H
#define FWT_TESTS_PARSE_CHECK_H

#include "packet.h"
#include "pkt.h"

/* The packet at hand, and the state of pkt_random(). */
extern struct pkt built;
extern u32 seed;

extern const struct pkt_spec tcp4;	/* a SYN with an MSS */
extern const struct pkt_spec udp6;

/* Reads @len bytes, all of which are there. */
void parse_bytes(struct fwt_packet *p, const u8 *data, u32 len,
		 enum fwt_parse_from from);

/* Builds @built and reads it. */
void parse(struct fwt_packet *p, const struct pkt_spec *s);

/* What was put in comes out. */
void check_read(const struct pkt_spec *s, const struct fwt_packet *p);

/* Bytes from hexadecimal digits; returns how many. */
u32 unhex(u8 *to, const char *hex);

/* The field has @n words, and these; or is absent (0). */
void expect_field(const struct fwt_packet *p, unsigned int field, int n,
		  u32 a, u32 b, u32 c, u32 d);

#define FIELD(p, id, v)		expect_field(p, FWT_FIELD_##id, 1, v, 0, 0, 0)
#define ABSENT(p, id)		expect_field(p, FWT_FIELD_##id, 0, 0, 0, 0, 0)

/* @built, from the network header on, is malformed, and has nothing of @gone; or is
 * well-formed, and has all of @have.
 */
void expect_bad(const char *what, u32 gone);
void expect_good(const char *what, u32 have);

#define L4_ALL (FWT_HAVE_PORTS | FWT_HAVE_TCP | FWT_HAVE_UDP | FWT_HAVE_ICMP | \
		FWT_HAVE_ICMPV6 | FWT_HAVE_ICMP_ID | FWT_HAVE_ICMP_ERROR)

#endif /* FWT_TESTS_PARSE_CHECK_H */
