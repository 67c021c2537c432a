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
 *
 * Blocks begin anew with each file, so that what one is known by does not depend on those
 * before it.
 */
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "policy.h"

/* Blocks of all files, which stand one behind the other and are all of the text; 0 where
 * they are not, as of no compiler's: that overlap they could be any number.
 */
static u32 count(const struct fwt_program *prog)
{
	u32 at = 0, n = 0, i;

	for (i = 0; i < prog->n[FWT_SEC_FILES] && prog->file[i].text == at; i++) {
		at += prog->file[i].text_len;
		n += fwt_digest_blocks(prog->file[i].text_len);
	}
	return i == prog->n[FWT_SEC_FILES] && at == prog->n[FWT_SEC_SOURCE] ? n : 0;
}

int fwt_digests_make(struct fwt_base *b)
{
	u32 n = count(&b->prog), i, k, left;
	struct fwt_digest *to;
	const char *text;

	b->digest_key = kmalloc(sizeof(*b->digest_key), GFP_KERNEL_ACCOUNT);
	b->digest = kvmalloc_array(n + 1, sizeof(*b->digest), GFP_KERNEL_ACCOUNT);
	if (!b->digest_key || !b->digest)
		return -ENOMEM;
	get_random_bytes(b->digest_key, sizeof(*b->digest_key));
	for (i = 0, k = 0; k < n; i++) {
		text = b->prog.source + b->prog.file[i].text;
		for (left = b->prog.file[i].text_len; left; k++) {
			u32 size = min(left, FWT_DIGEST_BLOCK);

			to = &b->digest[k];
			fwt_digest_sums(b->digest_key, text, size, to->sum);
			to->lines = fwt_digest_lines(text, size);
			to->pad = 0;
			text += size;
			left -= size;
			cond_resched();
		}
	}
	b->n_digests = n;
	return 0;
}
