/* SPDX-License-Identifier: GPL-2.0 */
/* What the suites of nodes share: a table of cases, one a node, of both families. */
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
 * @run: the case; NULL of nodes that modules register, which are test_node.c's
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
		kunit_skip(test, "a registered node's: suite fwtree-node (test_node.c) asks it");
	r->run(test);
	fwt_test_clear(test, ns);
}

#endif /* FWT_KUNIT_NODES_H */
