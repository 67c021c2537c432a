/* SPDX-License-Identifier: GPL-2.0 */
/* What the suites of nodes share: a table of cases, one a node, of both families; programs that
 * ask one thing.
 */
#ifndef FWT_KUNIT_NODES_H
#define FWT_KUNIT_NODES_H

#include <linux/netdevice.h>

#include "hook.h"
#include "packets.h"
#include "policy.h"
#include "prog.h"
#include "core/packet.h"

/**
 * struct row - a node and its case
 * @what: its name
 * @op: its number in the list of the program's format
 * @run: the case; NULL of nodes that modules register, which are test_node_asked.c's
 */
struct row {
	const char *what;
	u32 op;
	void (*run)(struct kunit *test);
};

static inline void row_name(const struct row *r, char *name)
{
	strscpy(name, r->what, KUNIT_PARAM_DESC_SIZE);
}

#define for_each_family(f)	for ((f) = 4; (f) <= 6; (f) += 2)

/* The program comes in force; no connection is left of what was before. */
static inline void apply(struct kunit *test, struct fwt_test_ns *ns, const struct fwt_test_prog *p)
{
	size_t len;
	void *blob = fwt_test_build(test, p, &len);

	fwt_test_apply(test, ns, blob, len);
	fwt_conns_flush(ns->fn);
}

/* What @t says yes to is accepted, the rest is dropped; rule 0. At ingress. */
static inline struct fwt_test_prog *asking(struct kunit *test, const struct fwt_prog_test *t)
{
	struct fwt_test_prog *p = fwt_test_prog_new(test);
	u32 rule = fwt_test_rule(p, 1);

	p->test[0] = *t;
	p->test[0].mask[0] = FWT_NONE;
	p->test[0].mask[1] = FWT_NONE;
	p->n[FWT_SEC_TESTS] = 1;
	fwt_test_node(p, FWT_NODE_TEST, 0, 1, 2);
	fwt_test_verdict(p, FWT_VERDICT_ACCEPT, rule);
	fwt_test_verdict(p, FWT_VERDICT_DROP, rule);
	fwt_test_hook(p, FWT_HOOK_INGRESS, 0, NULL);
	return p;
}

/* A set of one key for each family, which are @words and @words6 long. */
static inline void in_set(struct fwt_test_prog *p, const u32 *key, u32 words, const u32 *key6,
			  u32 words6)
{
	u32 i;

	for (i = 0; i < 2; i++) {
		u32 n = i ? words6 : words, w = p->n[FWT_SEC_WORDS], s = p->n[FWT_SEC_SETS]++;

		memcpy(p->word + w, i ? key6 : key, n * sizeof(u32));
		p->n[FWT_SEC_WORDS] += n;
		p->set[s] = (struct fwt_prog_set){
			.kind = FWT_SET_KEYS, .words = n, .n_dims = 1, .dim = { n },
			.count = 1, .data = w, .value = FWT_NONE,
		};
		p->test[0].set[i] = s;
	}
}

static inline u64 reason(const struct fwt_test_ns *ns, u32 r)
{
	struct fwt_stats s;

	fwt_stats_read(ns->fn, &s);
	return s.reason[r];
}

/* Answers to who is at d0. */
static inline u64 sent(const struct fwt_test_ns *ns)
{
	struct rtnl_link_stats64 s;

	dev_get_stats(ns->in, &s);
	return s.tx_packets;
}

/* A case of either table, of the namespace that its suite has. */
static inline void run_row(struct kunit *test, struct fwt_test_ns *ns)
{
	const struct row *r = test->param_value;

	if (!r->run)
		kunit_skip(test, "a registered node's: suite fwtree-node-asked asks it");
	r->run(test);
	fwt_test_clear(test, ns);
}

#endif /* FWT_KUNIT_NODES_H */
