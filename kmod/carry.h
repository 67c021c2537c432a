/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Across the device of a VRF.
 *
 * What is forwarded by a route to a VRF, and not to one of its ports, goes through that
 * device: it leaves by it, and comes by once more as if it started there, on its way to
 * the port. Between the two the kernel wipes what the IP layer has for a packet, and
 * with it what ingress has said of one that passes alone (hook_private.h), by which port
 * of another VRF it came in, and that it is not tracked. The device has no queue: it is
 * one call, on one CPU, with the same buffer. Where somebody has given it one, such a
 * packet may be taken for one of the connection whose ends it has.
 */
#ifndef FWT_CARRY_H
#define FWT_CARRY_H

#include <linux/netfilter.h>
#include <linux/skbuff.h>

/**
 * fwt_carry() - a packet passes a hook that a VRF runs once more
 * @skb: it
 * @state: of the hook: POST_ROUTING is before the VRF's device, LOCAL_OUT behind it
 *
 * Context: softirqs are off.
 */
void fwt_carry(struct sk_buff *skb, const struct nf_hook_state *state);

#endif /* FWT_CARRY_H */
