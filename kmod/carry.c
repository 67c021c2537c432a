// SPDX-License-Identifier: GPL-2.0
/* Across the device of a VRF; see carry.h. */
#include <linux/netfilter/nf_conntrack_common.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "carry.h"
#include "hook_private.h"

/* @skb is never followed; @flags and @iif as the IP layer has them. */
struct carried {
	const struct sk_buff *skb;
	int iif;
	u16 flags;
	bool untracked;
};

static DEFINE_PER_CPU(struct carried, fwt_carried);

static void take(struct carried *n, const struct sk_buff *skb, u8 pf)
{
	n->skb = skb;
	n->untracked = skb_get_nfct(skb) == IP_CT_UNTRACKED;
	if (pf == NFPROTO_IPV4) {
		n->flags = IPCB(skb)->flags & (FWT_SKB_ALONE | FWT_SKB_FOLLOWED | IPSKB_L3SLAVE);
		n->iif = IPCB(skb)->iif;
	} else {
		n->flags = IP6CB(skb)->flags & (FWT_SKB_ALONE | FWT_SKB_FOLLOWED | IP6SKB_L3SLAVE);
		n->iif = IP6CB(skb)->iif;
	}
}

static void give(struct carried *n, struct sk_buff *skb, u8 pf)
{
	if (n->skb != skb)
		return;
	n->skb = NULL;
	if (n->untracked && !skb_get_nfct(skb))
		skb_set_nfct(skb, IP_CT_UNTRACKED);
	if (pf == NFPROTO_IPV4) {
		IPCB(skb)->flags |= n->flags;
		IPCB(skb)->iif = n->iif;
	} else {
		IP6CB(skb)->flags |= n->flags;
		IP6CB(skb)->iif = n->iif;
	}
}

void fwt_carry(struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct carried *n = this_cpu_ptr(&fwt_carried);

	/* What starts here has nothing with it. */
	if (!skb->skb_iif)
		return;
	if (state->hook == NF_INET_POST_ROUTING)
		take(n, skb, state->pf);
	else if (state->hook == NF_INET_LOCAL_OUT)
		give(n, skb, state->pf);
}
