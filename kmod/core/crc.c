// SPDX-License-Identifier: GPL-2.0
/*
 * Polynomials over GF(2), modulo that of CRC-32C (Castagnoli). The highest power is
 * the lowest bit, as CRCs that begin with the lowest bit of a byte have it: x^n is bit
 * 31 - n.
 */
#include "crc.h"

#define CASTAGNOLI	0x82f63b78u
#define X8		(1u << (31 - 8))

static u32 multiply(u32 a, u32 b)
{
	u32 product = 0;

	for (; a; a <<= 1) {
		if (a & 0x80000000u)
			product ^= b;
		b = b >> 1 ^ (b & 1 ? CASTAGNOLI : 0);
	}
	return product;
}

u32 fwt_crc32c_diff(u32 diff, u32 len)
{
	u32 power = X8;

	for (; len; len >>= 1, power = multiply(power, power))
		if (len & 1)
			diff = multiply(power, diff);
	return diff;
}
