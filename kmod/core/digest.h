/* SPDX-License-Identifier: GPL-2.0 */
/* Digests of a text, block by block: fwtree_digest.h. */
#ifndef FWT_CORE_DIGEST_H
#define FWT_CORE_DIGEST_H

#include "os.h"
#include "fwtree_digest.h"

/**
 * fwt_digest_sums() - the sums of a block
 * @key: key
 * @text: block
 * @len: bytes, FWT_DIGEST_BLOCK at most
 * @sum: set
 */
void fwt_digest_sums(const struct fwt_digest_key *key, const char *text, u32 len, u64 sum[4]);

/** fwt_digest_lines() - ends of lines in a text */
u32 fwt_digest_lines(const char *text, u32 len);

/* Blocks of a text. */
static inline u32 fwt_digest_blocks(u32 len)
{
	return len / FWT_DIGEST_BLOCK + !!(len % FWT_DIGEST_BLOCK);
}

#endif /* FWT_CORE_DIGEST_H */
