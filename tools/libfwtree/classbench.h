/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ClassBench filter sets: the format in which the literature on packet
 * classification keeps its rules.
 *
 *	@SRC/LEN <TAB> DST/LEN <TAB> LO : HI <TAB> LO : HI <TAB> PROTO/MASK <TAB> FLAGS/MASK
 *
 * Addresses are IPv4 or IPv6; ports of source, then of destination; the first
 * line that matches wins. The flags are not read.
 */
#ifndef FWT_CLASSBENCH_H
#define FWT_CLASSBENCH_H

#include <stdio.h>

#include "program.h"

/**
 * struct fwt_filter - a line
 * @six: the addresses are IPv6
 * @any_protocol: @protocol does not count
 * @saddr: words in host byte order, IPv4 in the first; bits behind the prefix
 *	are 0
 * @slen: of the prefix, in bits
 */
struct fwt_filter {
	bool six;
	bool any_protocol;
	u8 protocol;
	u8 slen;
	u8 dlen;
	u16 sport_lo;
	u16 sport_hi;
	u16 dport_lo;
	u16 dport_hi;
	u32 saddr[4];
	u32 daddr[4];
};

/**
 * fwt_filters_read() - read a filter set
 * @in: the text
 * @to: struct fwt_filter, to be freed by the caller; empty lines are left out
 * @error: filled in with what is wrong
 * @size: of @error
 *
 * Return: 0; the number of the line that is none; -ENOMEM, or why @in can't be read.
 */
int fwt_filters_read(FILE *in, struct fwt_vec *to, char *error, size_t size);

/**
 * fwt_filters_print() - as a policy
 * @out: one rule a line, accept and drop in turn, and "drop" at the end
 * @f: filters
 * @n: how many
 * @hook: "ingress", "ingress device d0"
 */
void fwt_filters_print(FILE *out, const struct fwt_filter *f, u32 n, const char *hook);

/** fwt_filter_print() - one line in ClassBench's own format */
void fwt_filter_print(FILE *out, const struct fwt_filter *f);

#endif /* FWT_CLASSBENCH_H */
