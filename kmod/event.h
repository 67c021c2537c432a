/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Telling who listens what happens.
 */
#ifndef FWT_EVENT_H
#define FWT_EVENT_H

#include <net/genetlink.h>
#include "netlink-gen.h"
#include "netns.h"

struct fwt_decision;
struct fwt_way;

extern bool fwt_event_heard;

/**
 * fwt_event_wanted() - does anybody listen
 * @fn: namespace
 * @group: FWTREE_NLGRP_*
 *
 * Asked for each new connection and each drop, so it is to cost nothing where
 * nobody ever does: one load of what is in the cache anyway.
 */
static inline bool fwt_event_wanted(const struct fwt_net *fn, unsigned int group)
{
	return unlikely(READ_ONCE(fwt_event_heard)) &&
	       genl_has_listeners(&fwtree_nl_family, fn->net, group);
}

/* A namespace begins, and ends. */
void fwt_events_init(struct fwt_net *fn);
void fwt_events_clean(struct fwt_net *fn);

/* Before the family is registered, and after it is unregistered. */
void fwt_events_start(void);
void fwt_events_stop(void);

/* May one more of @told's be told, in this second, and here: not on the stack of who is
 * telling. If not, it is lost, and that will be told. Context: any.
 */
bool fwt_event_allowed(struct fwt_net *fn, unsigned int told);

/* Between these netlink sends a message of ours, or one that we have caused, which devices
 * that show netlink's messages (nlmon) may hand to our hooks. Softirqs are off.
 */
void fwt_event_tell_begin(void);
void fwt_event_tell_end(void);

/* Is this on the stack of who is telling: what there is to tell of then is lost. Context:
 * any; who tells has softirqs off, so that neither the CPU nor what runs on it has changed.
 */
bool fwt_event_telling(void);

/* One was lost, or @n. */
void fwt_event_lost(struct fwt_net *fn, unsigned int told, u32 n);

/**
 * fwt_event_new() - begin a message of events
 * @fn: namespace
 * @told: FWT_TOLD_*
 * @hdr: for fwt_event_send()
 * @before: for it, too: how many were lost before, if the message is the one that says so
 *
 * Begins with the time, and how many were lost before.
 *
 * Return: the message; NULL where there is no memory, and then it is lost.
 */
struct sk_buff *fwt_event_new(struct fwt_net *fn, unsigned int told, void **hdr, u32 *before);

/* Send it; @ret: 0, or it could not be written, and is lost, with what it was to say. */
void fwt_event_send(struct fwt_net *fn, unsigned int told, struct sk_buff *skb,
		    void *hdr, u32 before, int ret);

/* netlink_packet.c: is the packet a netlink message, at a device that shows those (nlmon).
 * Nobody is told of such a one by netlink: that message would be the next.
 */
bool fwt_event_of_netlink(const struct fwt_way *w);

/* netlink_packet.c: of packets; under RCU. @slot: the rule's, or FWT_NONE. */
void fwt_event_log(const struct fwt_way *w, const struct fwt_decision *d,
		   const char *prefix, u32 slot);
void fwt_event_drop(const struct fwt_way *w, u8 reason, u32 slot);

/* log.c: lines that were too many are told of in the kernel's log. */
void fwt_log_tell_lost(struct fwt_net *fn);

#endif /* FWT_EVENT_H */
