// SPDX-License-Identifier: GPL-2.0
/*
 * Dropping, by reason.
 *
 * The kernel's drop monitor and its tracepoint name a drop by a reason of the
 * core's table, which is closed to modules, and by the function that freed the
 * packet. So each reason has a function of its own, whose name says it.
 */
#include <linux/skbuff.h>
#include "way.h"

/* What follows the call keeps it from becoming a jump, which would hide the
 * function from who looks at the return address.
 */
#define FREE_BY_REASON(id, name, doc)					\
static noinline unsigned int fwt_drop_##id(struct sk_buff *skb)	\
{									\
	kfree_skb_reason(skb, SKB_DROP_REASON_NETFILTER_DROP);		\
	barrier();							\
	return NF_STOLEN | EPERM << 16;					\
}

#define NO_DROP(id, name, unit, doc)

FWT_REASONS(FREE_BY_REASON, NO_DROP)

typedef unsigned int (*drop_fn)(struct sk_buff *skb);

#define DROP_ENTRY(id, name, doc) [FWT_REASON_##id] = fwt_drop_##id,

static const drop_fn drop_by[__FWT_REASON_MAX] = {
	FWT_REASONS(DROP_ENTRY, NO_DROP)
};

/* Returns what a hook returns: the packet is gone, and a local sender is told
 * (EPERM in the verdict's upper half).
 */
unsigned int fwt_drop(struct fwt_way *w, u8 reason)
{
	fwt_stat_inc_bh(w->fn, reason[reason]);
	if (reason == FWT_REASON_REJECT)
		fwt_stat_inc_bh(w->fn, verdict[FWT_STAT_REJECT]);
	else
		fwt_stat_inc_bh(w->fn, verdict[FWT_STAT_DROP]);
	return drop_by[reason](w->skb);
}
