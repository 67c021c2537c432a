/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Filters of classic BPF, that policies have by "bpf": are they safe to run.
 */
#ifndef FWT_CORE_FILTER_H
#define FWT_CORE_FILTER_H

#include "os.h"
#include "fwtree_program.h"

/**
 * fwt_filter_check() - look at each instruction of a filter
 * @insn: instructions
 * @n: how many, at least one
 *
 * It only goes forward, ends with a return, and asks for nothing but bytes of the
 * packet and its length: so it takes @n steps at most, and says the same of a packet
 * everywhere. Whether it reads from its memory what it has written there before is
 * for the kernel's own check.
 *
 * Return: NULL, or what is wrong.
 */
const char *fwt_filter_check(const struct fwt_prog_insn *insn, u32 n);

#endif /* FWT_CORE_FILTER_H */
