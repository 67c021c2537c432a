/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * fwtree: what a text in force is recognised by, block by block, so that who has a text
 * of his own need not fetch the other to find what differs.
 *
 * A digest is a universal hash of a block (NH with words of 64 bits, as VMAC has it) by a
 * key that the kernel draws for each policy and tells who may ask: of two blocks that differ, whatever
 * they are, one key in 2^64 gives both the same sum, and of two sums, by keys moved on by
 * 16 bytes, one in 2^128. Who makes a text without knowing the key can't do anything
 * about that.
 */
#ifndef _UAPI_LINUX_FWTREE_DIGEST_H
#define _UAPI_LINUX_FWTREE_DIGEST_H

#include <linux/types.h>

#define FWT_DIGEST_BLOCK	8192u	/* bytes; the last one is as long as it is */
#define FWT_DIGEST_KEY_WORDS	(FWT_DIGEST_BLOCK / 8 + 2)

/**
 * struct fwt_digest_key - what digests are made with
 * @word: at random
 */
struct fwt_digest_key {
	__aligned_u64 word[FWT_DIGEST_KEY_WORDS];
};

/**
 * struct fwt_digest - of a block; blocks begin anew with each file
 * @sum: two of 128 bits, the lower half first, by the key from its first and its third
 *	word on, of words in the byte order of the machine; what lacks at the end is taken
 *	for zeroes
 * @lines: ends of lines in it
 * @pad: 0
 */
struct fwt_digest {
	__aligned_u64 sum[4];
	__u32 lines;
	__u32 pad;
};

#endif /* _UAPI_LINUX_FWTREE_DIGEST_H */
