/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Frames that a bridge passes on and br_netfilter shows to IP's hooks.
 *
 * While it is loaded and net.bridge.bridge-nf-call-iptables says so (its default;
 * Docker, Kubernetes and libvirt want it), each frame of IP that comes by a bridge's
 * port meets PRE_ROUTING with the bridge as its device, before the bridge knows where it
 * goes, and each that goes on by another port meets POST_ROUTING. Our stateful trees
 * are not about those: bridged frames meet device trees only.
 *
 * What the bridge keeps for itself comes to the IP layer after that, with the bridge as
 * its device, and there br_netfilter spares it the second PRE_ROUTING: ip_sabotage_in()
 * takes it past all that is hooked there, us too. We could not tell the two apart at the
 * first, for where a frame goes is for the bridge's table to say, and a flooded one goes
 * both ways. So the first is not ours, and the second is asked for: ip_sabotage_in() does
 * nothing where it has been done. What others hook at PRE_ROUTING meets frames to the
 * IP layer twice by that. Connection tracking and its NAT know a packet again; rules
 * that count, log or limit there do so twice.
 */
#ifndef FWT_BRIDGED_H
#define FWT_BRIDGED_H

#include <linux/netfilter_bridge.h>
#include <linux/skbuff.h>

/**
 * fwt_bridged() - is a packet at a hook of IP's a frame on its way through a bridge
 * @skb: packet; noted in it that the IP layer is to show it to us, should it get there
 * @hook: which hook
 *
 * One look at the packet's extensions where it has none of a bridge's.
 */
static inline bool fwt_bridged(const struct sk_buff *skb, unsigned int hook)
{
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	struct nf_bridge_info *b = nf_bridge_info_get(skb);

	if (likely(!b))
		return false;
	if (hook == NF_INET_PRE_ROUTING && b->in_prerouting) {
		b->sabotage_in_done = 1;
		return true;
	}
	/* Set where a frame goes from port to port; not in one that is routed. */
	return hook == NF_INET_POST_ROUTING && b->physoutdev;
#else
	return false;
#endif
}

#endif /* FWT_BRIDGED_H */
