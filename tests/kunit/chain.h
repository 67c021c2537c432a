/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Long programs, made by hand of a short one: its nodes become a chain of tests, none of
 * which the packet passes. For the module's tests and those offline.
 */
#ifndef FWT_KUNIT_CHAIN_H
#define FWT_KUNIT_CHAIN_H

#include "fwtree_program.h"

/**
 * struct fwt_test_links - what a chain is made of
 * @slow: a test, in TESTS; the first @n_slow nodes are of it
 * @n_slow: how many
 * @plain: the test of the others
 * @n: nodes, with the verdict behind them
 * @every: each so many nodes one is of a rule that takes part; 0 for none
 */
struct fwt_test_links {
	__u32 slow;
	__u32 n_slow;
	__u32 plain;
	__u32 n;
	__u32 every;
};

static inline __u32 fwt_test_chain_bytes(__u32 len, const struct fwt_test_links *l)
{
	return (len + 7) / 8 * 8 + l->n * (__u32)sizeof(struct fwt_prog_node);
}

/**
 * fwt_test_chain() - make it
 * @to: fwt_test_chain_bytes() of them, aligned to 8, that begin with the short program; its
 *	first hook begins at the chain's first node then, and rule 0 accepts
 * @len: bytes of that
 * @l: how
 */
static inline void fwt_test_chain(void *to, __u32 len, const struct fwt_test_links *l)
{
	__u32 at = (len + 7) / 8 * 8, i;
	struct fwt_prog_node *node = (struct fwt_prog_node *)((char *)to + at);
	struct fwt_prog_hdr *h = (struct fwt_prog_hdr *)to;
	struct fwt_prog_hook *hook = (struct fwt_prog_hook *)((char *)to +
							      h->sec[FWT_SEC_HOOKS].off);

	hook->root = 0;
	for (i = 0; i + 1 < l->n; i++) {
		if (l->every && i % l->every == l->every - 1)
			node[i] = (struct fwt_prog_node){ .type = FWT_NODE_ENTER, .yes = i + 1 };
		else
			node[i] = (struct fwt_prog_node){
				.type = FWT_NODE_TEST, .arg = i < l->n_slow ? l->slow : l->plain,
				.yes = l->n - 1, .no = i + 1,
			};
	}
	node[i] = (struct fwt_prog_node){ .type = FWT_NODE_VERDICT, .sub = FWT_VERDICT_ACCEPT };
	h->sec[FWT_SEC_NODES] = (struct fwt_prog_section){ at, l->n };
	h->len = fwt_test_chain_bytes(len, l);
}

#endif /* FWT_KUNIT_CHAIN_H */
