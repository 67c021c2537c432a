/* SPDX-License-Identifier: GPL-2.0 */
/*
 * "bpf": tcpdump's expressions, compiled and run by libpcap.
 */
#ifndef FWT_BPF_H
#define FWT_BPF_H

#include "program.h"
#include "tree.h"

/**
 * fwt_filter_compile() - an expression becomes a filter of a program
 * @b: program
 * @text: the expression
 * @link: what its packets begin with
 * @error: what is wrong with it
 * @size: of @error
 *
 * Return: its number, the same for the same; FWT_NONE where @error says why.
 */
u32 fwt_filter_compile(struct fwt_builder *b, const char *text, enum fwt_filter_link link,
		       char *error, size_t size);

/**
 * fwt_filter_run() - does a packet pass
 * @prog: verified
 * @filter: in FILTERS
 * @data: the packet, from where the filter's link begins
 * @len: bytes of it
 */
bool fwt_filter_run(const struct fwt_program *prog, u32 filter, const u8 *data, u32 len);

#endif /* FWT_BPF_H */
