// SPDX-License-Identifier: GPL-2.0
/*
 * A connection is ended by hand: whoever says the next word is told by answer.c, but
 * its packet goes no further, and the other end would wait for it for hours.
 *
 * The RST is made by the kernel, as an answer to a packet that the other end never
 * sent: with the ends that it knows the connection by, and with an acknowledgement of
 * all that was let pass to it. So the RST's sequence is the one that it expects, as
 * RFC 5961 (3.2) wants it to be, also where the refused packet said something again or
 * is forged.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>

#include "way.h"

static void from_other_end(const struct fwt_way *w, struct sk_buff *skb)
{
	const struct fwt_conn *c = w->c;
	struct tcphdr *th = (struct tcphdr *)(skb_network_header(skb) + w->p.l4);
	struct fwt_rewrite to;

	fwt_ends_target(&c->ends, w->dir, true, &to);
	if (w->p.family == 4) {
		ip_hdr(skb)->saddr = htonl(to.dst.addr[0]);
		ip_hdr(skb)->daddr = htonl(to.src.addr[0]);
	} else {
		fwt_to_in6(to.dst.addr, &ipv6_hdr(skb)->saddr);
		fwt_to_in6(to.src.addr, &ipv6_hdr(skb)->daddr);
	}
	th->source = htons(to.dst.port);
	th->dest = htons(to.src.port);
	th->rst = 0;
	th->ack = 1;
	/* All that was let pass, and not this packet. */
	th->ack_seq = htonl(READ_ONCE(c->tcp.peer[w->dir].end));
}

void fwt_answer_other(struct fwt_way *w)
{
	struct sk_buff *skb;

	/* Who has heard nothing yet begins anew, or gives up, by itself. */
	if (!(w->p.have & FWT_HAVE_TCP) ||
	    !(READ_ONCE(w->c->tcp.peer[w->dir].flags) & FWT_TCP_PEER_SEEN) ||
	    fwt_answer_limited(w))
		return;
	skb = pskb_copy(w->skb, GFP_ATOMIC | __GFP_NOWARN);
	if (!skb)
		return;
	skb_dst_drop(skb);
	skb_ext_reset(skb);
	nf_reset_ct(skb);
	skb->dev = w->state->in ? w->state->in : w->state->out;
	skb->pkt_type = PACKET_HOST;
	/* Its sum is nobody's. */
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	from_other_end(w, skb);
	/* As if it came in: then the way back is asked of routing. */
	fwt_answer_send(w, skb, NULL, NF_INET_PRE_ROUTING, FWT_REJECT_TCP_RESET);
	consume_skb(skb);
}
