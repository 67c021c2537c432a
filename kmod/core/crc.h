/* SPDX-License-Identifier: GPL-2.0 */
/*
 * SCTP's CRC by difference.
 */
#ifndef FWT_CORE_CRC_H
#define FWT_CORE_CRC_H

#include "os.h"

/**
 * fwt_crc32c_diff() - what a CRC-32C changes by
 * @diff: the first four bytes of what it covers, before and after, XORed; the first
 *	byte lowest
 * @len: bytes that it covers, at least 4
 *
 * The CRC is linear in what it covers: of two texts of a length, the XOR of the CRCs
 * is that of the XORed texts, begun with 0 and not complemented. Zeroes at the end,
 * all that did not change, multiply the register by x^8 each, modulo the polynomial;
 * so that no byte of them is looked at (as zlib's crc32_combine() does). O(log @len).
 *
 * Return: to be XORed to it, lowest byte first.
 */
u32 fwt_crc32c_diff(u32 diff, u32 len);

#endif /* FWT_CORE_CRC_H */
