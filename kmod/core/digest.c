// SPDX-License-Identifier: GPL-2.0
/*
 * NH (UMAC, RFC 4418, 5.2; with words of 64 bits in VMAC, draft-krovetz-vmac-01): pairs
 * of words are added to pairs of the key's and multiplied, and the products of 128 bits
 * added up. Nothing waits for anything before it but the sum, so this runs at the speed
 * of the multiplier, 16 bytes a time. A cipher or a chain of states takes some times as
 * long, and is for those who may know the key.
 */
#include "digest.h"

struct sum {
#ifdef __SIZEOF_INT128__
	unsigned __int128 all;
#else
	u64 lo;
	u64 hi;
#endif
};

#ifdef __SIZEOF_INT128__
static __always_inline void add(struct sum *s, u64 a, u64 b)
{
	unsigned __int128 product = a;

	s->all += product * b;
}

static void get(const struct sum *s, u64 to[2])
{
	to[0] = (u64)s->all;
	to[1] = (u64)(s->all >> 64);
}
#else
static __always_inline void add(struct sum *s, u64 a, u64 b)
{
	u64 low = (u64)(u32)a * (u32)b, mid = (a >> 32) * (u32)b, more = (u32)a * (b >> 32);
	u64 carry = (low >> 32) + (u32)mid + (u32)more;

	low = carry << 32 | (u32)low;
	s->lo += low;
	s->hi += (a >> 32) * (b >> 32) + (mid >> 32) + (more >> 32) + (carry >> 32) +
		 (s->lo < low);
}

static void get(const struct sum *s, u64 to[2])
{
	to[0] = s->lo;
	to[1] = s->hi;
}
#endif

void fwt_digest_sums(const struct fwt_digest_key *key, const char *text, u32 len, u64 sum[4])
{
	struct sum first = { }, second = { };
	const __u64 *k = key->word;
	u64 m[2];

	for (; len >= sizeof(m); len -= sizeof(m), text += sizeof(m), k += 2) {
		memcpy(m, text, sizeof(m));
		add(&first, m[0] + k[0], m[1] + k[1]);
		add(&second, m[0] + k[2], m[1] + k[3]);
	}
	if (len) {
		memset(m, 0, sizeof(m));
		memcpy(m, text, len);
		add(&first, m[0] + k[0], m[1] + k[1]);
		add(&second, m[0] + k[2], m[1] + k[3]);
	}
	get(&first, sum);
	get(&second, sum + 2);
}

/* Eight bytes at a time: those that are '\n' become zero, and each that is has its
 * highest bit set then; adding up those takes one product.
 */
u32 fwt_digest_lines(const char *text, u32 len)
{
	const u64 ones = ~0ull / 255, low = ones * 0x7f;
	u32 n = 0;

	for (; len >= 8; len -= 8, text += 8) {
		u64 w;

		memcpy(&w, text, 8);
		w ^= ones * '\n';
		w = ~((((w & low) + low) | w | low));
		n += (w >> 7) * ones >> 56;
	}
	while (len--)
		n += *text++ == '\n';
	return n;
}
