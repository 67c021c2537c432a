// SPDX-License-Identifier: GPL-2.0
/*
 * What the text of a policy is recognised by, for "fwctl apply" of a file that differs by
 * little: it asks for this instead of megabytes.
 *
 * Made with the policy, where it is one pass among many over the text; an answer to a
 * question that comes once in a while, but then is waited for.
 */
#include <linux/mm.h>
#include <linux/once.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "policy.h"

static struct fwt_digest_key the_key;

const struct fwt_digest_key *fwt_digest_key(void)
{
	get_random_once(&the_key, sizeof(the_key));
	return &the_key;
}

int fwt_digests_make(struct fwt_base *b)
{
	u32 len = b->prog.n[FWT_SEC_SOURCE], n = fwt_digest_blocks(len), i;
	const char *text = b->prog.source;

	b->digest = kvmalloc_array(n + 1, sizeof(*b->digest), GFP_KERNEL_ACCOUNT);
	if (!b->digest)
		return -ENOMEM;
	for (i = 0; i < n; i++, text += FWT_DIGEST_BLOCK, len -= FWT_DIGEST_BLOCK) {
		u32 size = min(len, FWT_DIGEST_BLOCK);

		fwt_digest_sums(fwt_digest_key(), text, size, b->digest[i].sum);
		b->digest[i].lines = fwt_digest_lines(text, size);
		b->digest[i].pad = 0;
		cond_resched();
	}
	return 0;
}
