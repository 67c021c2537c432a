/* SPDX-License-Identifier: GPL-2.0 */
/* Servers of pools as they are typed: what a policy, a command and a test have. */
#ifndef FWT_SERVER_TEXT_H
#define FWT_SERVER_TEXT_H

#include "os.h"
#include "fwtree_program.h"

/**
 * fwt_server_read() - 10.0.0.1, 10.0.0.1:80, fd00::1, [fd00::1]:80-90
 * @text: one of these
 * @s: filled in, with no weight
 *
 * Return: false for anything else, and for an address that no host has.
 */
bool fwt_server_read(const char *text, struct fwt_prog_server *s);

/**
 * fwt_no_host() - has a range an address that no single host has
 * @family: 4 or 6
 * @low: its first address, as in struct fwt_packet; the unspecified one is nobody's
 * @high: its last
 */
bool fwt_no_host(u8 family, const u32 *low, const u32 *high);

/** fwt_weight_read() - 1 to FWT_SERVER_WEIGHT_MAX; false for anything else */
bool fwt_weight_read(const char *text, u32 *weight);

#endif /* FWT_SERVER_TEXT_H */
