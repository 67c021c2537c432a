/* SPDX-License-Identifier: GPL-2.0 */
/* The way of a packet, from within: hook.c, hook_again.c, hook_error.c and first.c. */
#ifndef FWT_HOOK_PRIVATE_H
#define FWT_HOOK_PRIVATE_H

#include "core/packet_parse.h"
#include "hook.h"
#include "way.h"

/* Noted in a packet that came in: it has the ends of a connection, and is none of its
 * own; in one that starts here: egress has said at LOCAL_OUT that it is not to be tracked. Of
 * the flags that the IP layer has for it from there on, the last one, which that does not use:
 * it knows eleven of IPv4's and twelve of IPv6's.
 */
#define FWT_SKB_ALONE	BIT(15)

static inline void fwt_skb_note_alone(struct sk_buff *skb, u8 family)
{
	if (family == 4)
		IPCB(skb)->flags |= FWT_SKB_ALONE;
	else
		IP6CB(skb)->flags |= FWT_SKB_ALONE;
}

/* In one that starts here; and by which interface it was to leave then, if its walk counts,
 * else 0: POST_ROUTING asks. The IP layer has there what a packet came in by, which is
 * nothing; it reads that for errors, and so is to find nothing again behind POST_ROUTING.
 * What the kernel's load balancer sends did come in by something, which stays.
 */
static inline void fwt_skb_note_walked(struct sk_buff *skb, u8 family, int oif)
{
	fwt_skb_note_alone(skb, family);
	if (skb->skb_iif)
		return;
	if (family == 4)
		IPCB(skb)->iif = oif;
	else
		IP6CB(skb)->iif = oif;
}

static inline int fwt_skb_walked(const struct sk_buff *skb, u8 family)
{
	return family == 4 ? IPCB(skb)->iif : IP6CB(skb)->iif;
}

/* Of one that starts here. */
static inline void fwt_skb_forget_alone(struct sk_buff *skb, u8 family)
{
	if (family == 4) {
		IPCB(skb)->flags &= ~FWT_SKB_ALONE;
		IPCB(skb)->iif = 0;
	} else {
		IP6CB(skb)->flags &= ~FWT_SKB_ALONE;
		IP6CB(skb)->iif = 0;
	}
}

static inline bool fwt_skb_alone(const struct sk_buff *skb, u8 family)
{
	return (family == 4 ? IPCB(skb)->flags : IP6CB(skb)->flags) & FWT_SKB_ALONE;
}

/* Noted in a packet that came in as one of a connection and can begin none: an answer, what was
 * led elsewhere, an error that was translated. Should the connection be over where it leaves,
 * the packet is no first one of the other end's. Likewise a flag that the IP layer does not use.
 */
#define FWT_SKB_FOLLOWED	BIT(14)

static inline void fwt_skb_note_followed(struct sk_buff *skb, u8 family)
{
	if (family == 4)
		IPCB(skb)->flags |= FWT_SKB_FOLLOWED;
	else
		IP6CB(skb)->flags |= FWT_SKB_FOLLOWED;
}

static inline bool fwt_skb_followed(const struct sk_buff *skb, u8 family)
{
	return (family == 4 ? IPCB(skb)->flags : IP6CB(skb)->flags) & FWT_SKB_FOLLOWED;
}

/* Is a packet that leaves, and has no connection, one that had one as it came in. A tunnel's
 * own may have the note of what is in it, and where that came in by (SRv6): it starts here.
 * What was given a routing header on its way has another destination now, not no connection.
 */
static inline bool fwt_lost(const struct fwt_way *w)
{
	return unlikely(fwt_skb_followed(w->skb, w->p.family)) && w->skb->skb_iif &&
	       !fwt_ip6_routed(&w->p, skb_network_header(w->skb)) &&
	       !fwt_own_address(w->fn->net, w->state->out, w->p.family, w->p.saddr);
}

/* The policy in force is asked about @w->c, which another one has allowed. */
unsigned int fwt_hook_ask_again(struct fwt_way *w);

/**
 * fwt_hook_hold_up() - is what the record says still in force
 * @w: way of a packet of the connection @w->c, or of an error about it
 *
 * If not, the policy in force is asked again.
 *
 * Return: NF_ACCEPT, or what the hook is to return.
 */
static inline unsigned int fwt_hook_hold_up(struct fwt_way *w)
{
	/* A newer policy may have decided already, on another CPU, while this
	 * packet is still under the former one.
	 */
	if (likely((s32)(w->pol->gen - READ_ONCE(w->c->gen)) <= 0))
		return NF_ACCEPT;
	return fwt_hook_ask_again(w);
}

/* A packet of @w->c came in, or leaves, by another interface than those before it; a
 * reply came in by another one than @w->c leaves by. What the hook is to return.
 *
 * Of what came in it is only asked: fwt_hook_moved() is said of a packet that the
 * connection's state has taken for its own.
 */
unsigned int fwt_hook_other_iif(struct fwt_way *w);
void fwt_hook_moved(struct fwt_way *w);
unsigned int fwt_hook_other_oif(struct fwt_way *w);
unsigned int fwt_hook_reply_iif(struct fwt_way *w);

/* Where each packet walks: is it, and by a translation that is another interface's, shown
 * by an address that the interface that it leaves by does not have. Then
 * fwt_hook_shown_by() has ended it; the other one only asks.
 */
bool fwt_hook_shown_by(struct fwt_way *w);
bool fwt_hook_shown_elsewhere(const struct fwt_way *w);

/* A client's packet that comes with the server's end, of a connection that this client
 * has by dialling another one: it is not of that, to whose server it would be the
 * same. A SYN begins it anew where that is over.
 */
unsigned int fwt_hook_clashes(struct fwt_way *w);

/* After a translation or a mark of a packet that was routed already. */
unsigned int fwt_hook_route_again(struct fwt_way *w);

/**
 * fwt_hook_error() - an ICMP error, and what it quotes
 * @w: its way
 * @hook: whose tree is walked where it belongs to no connection
 * @egress: the last hook: translations of egress are done here
 *
 * It belongs to the connection it quotes if it goes where that packet came from and that
 * packet can have been (R21); it never refreshes, nor ends one.
 *
 * Return: what the hook is to return.
 */
unsigned int fwt_hook_error(struct fwt_way *w, enum fwt_hook hook, bool egress);

#endif /* FWT_HOOK_PRIVATE_H */
