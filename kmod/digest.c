// SPDX-License-Identifier: GPL-2.0
/*
 * What the text of a policy is recognised by, for "fwctl apply" of a file that differs by
 * little: it asks for this instead of megabytes.
 *
 * Made with the policy, where it is one pass among many over the text; an answer to a
 * question that comes once in a while, but then is waited for.
 *
 * The key is the policy's own. One for all would be told to whoever has a namespace of
 * his own, and who knows it can write a text that is taken for another one: of a file
 * that he has a hand in, the machine's owner would be told that it is in force already.
 */
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "policy.h"

int fwt_digests_make(struct fwt_base *b)
{
	u32 len = b->prog.n[FWT_SEC_SOURCE], n = fwt_digest_blocks(len), i;
	const char *text = b->prog.source;

	b->digest_key = kmalloc(sizeof(*b->digest_key), GFP_KERNEL_ACCOUNT);
	b->digest = kvmalloc_array(n + 1, sizeof(*b->digest), GFP_KERNEL_ACCOUNT);
	if (!b->digest_key || !b->digest)
		return -ENOMEM;
	get_random_bytes(b->digest_key, sizeof(*b->digest_key));
	for (i = 0; i < n; i++, text += FWT_DIGEST_BLOCK, len -= FWT_DIGEST_BLOCK) {
		u32 size = min(len, FWT_DIGEST_BLOCK);

		fwt_digest_sums(b->digest_key, text, size, b->digest[i].sum);
		b->digest[i].lines = fwt_digest_lines(text, size);
		b->digest[i].pad = 0;
		cond_resched();
	}
	return 0;
}
