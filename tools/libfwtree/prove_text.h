/* SPDX-License-Identifier: GPL-2.0 */
/* A property as it is written, read. */
#ifndef FWT_PROVE_TEXT_H
#define FWT_PROVE_TEXT_H

#include "prove_space.h"

#define FWT_PROPERTY_SAYS	24

/**
 * struct fwt_saying - a field is within a range
 * @words: of the value: an address of IPv4 has one, of IPv6 four
 */
struct fwt_saying {
	u8 field;
	u8 words;
	u32 low[4];
	u32 high[4];
};

/**
 * struct fwt_property - a property
 * @always: else never
 * @out: of local traffic
 * @verdict: enum fwt_verdict, or FWT_OUT_QUEUE
 * @says: all must be so
 * @family: 4 or 6 where an address says it
 */
struct fwt_property {
	bool always;
	bool out;
	u8 verdict;
	u8 family;
	u32 n;
	struct fwt_saying says[FWT_PROPERTY_SAYS];
};

/** fwt_property_read() - 0, or the column where it goes wrong, from 1 */
int fwt_property_read(struct fwt_property *pr, const char *text, char *error, size_t size);

/** fwt_property_cut() - what it tells apart */
void fwt_property_cut(const struct fwt_property *pr, struct fwt_space *sp);

/** fwt_property_says() - the packets that are as it says */
u32 fwt_property_says(const struct fwt_property *pr, struct fwt_space *sp);

/** fwt_property_first() - packets that open a connection or are never tracked */
u32 fwt_property_first(struct fwt_space *sp);

/**
 * fwt_property_has() - whether it speaks of this one
 * @loose: TCP that is in its middle opens a connection
 */
bool fwt_property_has(const struct fwt_property *pr, const struct fwt_packet *p, bool loose);

#endif /* FWT_PROVE_TEXT_H */
