// SPDX-License-Identifier: GPL-2.0
/* Limits by rate, and choices; see limit.h. */
#include "limit.h"

/* A second. */
#define SECOND		FWT_LIMIT_TIME(1000000000)

/* A packet's bytes (2^20 at most) times this are within 64 bits. */
#define MULT_MAX	(1ull << 43)
#define SHIFT_MAX	29	/* SECOND is less than 2^34 */

const char *fwt_limit_check(const u32 *param)
{
	u64 rate = fwt_limit_u64(param + FWT_LIMIT_RATE);
	u64 burst = fwt_limit_u64(param + FWT_LIMIT_BURST);
	u32 per = param[FWT_LIMIT_PER];

	if (param[FWT_LIMIT_FLAGS] & ~(FWT_LIMIT_BYTES | FWT_LIMIT_KEYED))
		return "flags are not known";
	if (!rate || rate > FWT_LIMIT_RATE_MAX)
		return "an impossible rate";
	if (per != 1 && (param[FWT_LIMIT_FLAGS] & FWT_LIMIT_BYTES ||
			 (per != 60 && per != 3600 && per != 86400)))
		return "a rate of no known time";
	if (!burst || burst > FWT_LIMIT_BURST_MAX)
		return "an impossible burst";
	/* Below 2^57, below 2^63. */
	if (burst * per > rate * FWT_LIMIT_FILL_MAX)
		return "a bucket that takes too long to fill";
	return NULL;
}

void fwt_limit_rate_init(struct fwt_limit_rate *r, const u32 *param)
{
	u64 rate = fwt_limit_u64(param + FWT_LIMIT_RATE);
	u64 burst = fwt_limit_u64(param + FWT_LIMIT_BURST);
	u64 per = param[FWT_LIMIT_PER] * SECOND;

	r->bytes = param[FWT_LIMIT_FLAGS] & FWT_LIMIT_BYTES;
	r->shift = 0;
	if (!r->bytes) {
		r->mult = div64_u64(per + rate - 1, rate);
		r->burst = burst * r->mult;
		return;
	}
	/* As many bits behind the point as there is room for. */
	for (r->shift = SHIFT_MAX; r->shift; r->shift--)
		if (div64_u64(per << r->shift, rate) < MULT_MAX)
			break;
	r->mult = div64_u64((per << r->shift) + rate - 1, rate);
	/* In pieces, none of which is too long. */
	r->burst = (burst >> 20) * fwt_limit_cost(r, 1u << 20) +
		   fwt_limit_cost(r, (u32)burst & ((1u << 20) - 1));
}

u64 fwt_limit_tokens(const struct fwt_limit_rate *r, u64 full, u64 now)
{
	u64 debt = full > now ? full - now : 0;
	u64 left = debt < r->burst ? r->burst - debt : 0;
	u8 shift = r->shift;
	u64 mult = r->mult;

	/* Digits that nobody reads make room. */
	while (shift && left >> (63 - shift)) {
		shift--;
		mult >>= 1;
	}
	return div64_u64(left << shift, max(mult, (u64)1));
}

/* The finalizer of MurmurHash3 (Appleby); see nat.c. */
static u32 mix(u32 h)
{
	h ^= h >> 16;
	h *= 0x85ebca6b;
	h ^= h >> 13;
	h *= 0xc2b2ae35;
	h ^= h >> 16;
	return h;
}

u32 fwt_choice(u32 seed, u64 key, u32 which)
{
	return fwt_choice_words(&seed, 1, key, which);
}

u32 fwt_choice_words(const u32 *word, u32 n, u64 key, u32 which)
{
	u32 h = mix((u32)key ^ 0x9e3779b9) + which, i;

	h = mix(h ^ (u32)(key >> 32));
	for (i = 0; i < n; i++)
		h = mix(h ^ word[i]) + 0x9e3779b9;
	return mix(h);
}
