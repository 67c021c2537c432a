// SPDX-License-Identifier: GPL-2.0
/*
 * Dropping, by reason.
 *
 * The kernel's drop monitor and its tracepoint name a drop by a reason of the
 * core's table, which is closed to modules, and by the function that freed the
 * packet. So each reason has a function of its own, whose name says it, and of the
 * core's the nearest one.
 */
#include <linux/skbuff.h>
#include "event.h"
#include "trace.h"
#include "way.h"

/* All but these are the firewall's own. */
#define CORE_REASON(id) \
	(FWT_REASON_##id == FWT_REASON_NO_MEMORY ? SKB_DROP_REASON_NOMEM : \
	 SKB_DROP_REASON_NETFILTER_DROP)

/* What follows the call keeps it from becoming a jump, which would hide the
 * function from who looks at the return address.
 */
#define FREE_BY_REASON(id, name, doc)					\
static noinline unsigned int fwt_drop_##id(struct sk_buff *skb)	\
{									\
	kfree_skb_reason(skb, CORE_REASON(id));				\
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

/* The rule that a drop goes back to. */
static u32 rule_slot(const struct fwt_way *w, const struct fwt_decision *d)
{
	enum fwt_hook hook = fwt_hook_of(w->state);

	if (d)
		return fwt_rule_slot(w->pol, d->rule);
	if (w->c && hook <= FWT_HOOK_EGRESS)
		return READ_ONCE(w->c->slot[hook]);
	return FWT_NONE;
}

/* The packet is gone, and a local sender is told (EPERM in the verdict's upper
 * half).
 */
unsigned int fwt_drop_by(struct fwt_way *w, u8 reason, const struct fwt_decision *d)
{
	fwt_stat_inc_bh(w->fn, reason[reason]);
	if (reason == FWT_REASON_REJECT)
		fwt_stat_inc_bh(w->fn, verdict[FWT_STAT_REJECT]);
	else
		fwt_stat_inc_bh(w->fn, verdict[FWT_STAT_DROP]);
	if (trace_fwt_drop_enabled())
		trace_fwt_drop(w, fwt_reason_info[reason].name, rule_slot(w, d));
	if (fwt_event_wanted(w->fn, FWTREE_NLGRP_DROPS))
		fwt_event_drop(w, reason, rule_slot(w, d));
	return drop_by[reason](w->skb);
}
