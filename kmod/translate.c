// SPDX-License-Identifier: GPL-2.0
/*
 * The core's parser and rewriting, on an skb.
 *
 * A header is made private before it is written to (skb_ensure_writable());
 * payload is never copied for it. With CHECKSUM_PARTIAL the transport checksum
 * is only the pseudo header's so far, which also makes GSO packets right; with
 * CHECKSUM_COMPLETE the sum over the packet is brought along.
 */
#include <linux/netfilter.h>
#include <linux/sctp.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ipv6.h>
#include <net/sctp/checksum.h>

#include "way.h"
#include "core/packet_parse.h"

/* Each header names the next, so parsing may ask for more bytes once a header: 8
 * extension headers at most (core/packet.c), a fragment's, the transport's, its
 * options. Who asks more often than that is not believed.
 */
#define PULL_TRIES	24

int fwt_skb_parse(struct sk_buff *skb, struct fwt_packet *p)
{
	int off = skb_network_offset(skb), tries;

	p->have = 0;
	p->ether_type = ntohs(skb->protocol);
	for (tries = 0; tries < PULL_TRIES; tries++) {
		int need = fwt_packet_parse(p, skb_network_header(skb),
					    skb_headlen(skb) - off, skb->len - off,
					    FWT_PARSE_NETWORK);

		if (!need)
			return 0;
		if (!pskb_may_pull(skb, off + need))
			return -ENOMEM;
	}
	return -EINVAL;
}

int fwt_skb_quote(struct sk_buff *skb, const struct fwt_packet *p,
		  struct fwt_quote *q)
{
	int off = skb_network_offset(skb), tries;

	for (tries = 0; tries < PULL_TRIES; tries++) {
		int need = fwt_packet_quote(p, q, skb_network_header(skb),
					    skb_headlen(skb) - off, skb->len - off);

		if (need <= 0)
			return need;
		if (!pskb_may_pull(skb, off + need))
			return -ENOMEM;
	}
	return -EINVAL;
}

/* A checksum over the first @cover bytes from the transport header on, which says that
 * there are @len.
 */
static bool covered_ok(const struct fwt_way *w, u32 cover, u32 len)
{
	const struct fwt_packet *p = &w->p;
	struct sk_buff *skb = w->skb;
	__wsum sum;

	if (fwt_skb_vouched(skb))
		return true;
	if (cover > len)
		return false;
	sum = skb_checksum(skb, skb_network_offset(skb) + p->l4, cover, 0);
	if (p->family == 4)
		return !csum_tcpudp_magic(ip_hdr(skb)->saddr, ip_hdr(skb)->daddr, len,
					  p->protocol, sum);
	return !csum_ipv6_magic(&ipv6_hdr(skb)->saddr, &ipv6_hdr(skb)->daddr, len,
				p->protocol, sum);
}

/* A datagram that ends before its packet does (RFC 768; RFC 9868 has options there): the
 * kernel sums what follows it, too, except where it is received. As with SCTP it is
 * vouched for then: who refuses it is answered.
 */
static bool short_udp_ok(const struct fwt_way *w, u32 len)
{
	if (fwt_skb_vouched(w->skb))
		return true;
	if (!covered_ok(w, len, len))
		return false;
	w->skb->ip_summed = CHECKSUM_UNNECESSARY;
	return true;
}

/* Its CRC; while it is summed its place in the header is zero, so that the header
 * must be ours alone. As the kernel's own tracking does, it is vouched for then: nobody
 * sums it again.
 */
static bool sctp_ok(const struct fwt_way *w)
{
	unsigned int off = skb_network_offset(w->skb) + w->p.l4;
	struct sk_buff *skb = w->skb;
	__le32 said;

	if (fwt_skb_vouched(skb))
		return true;
	if (skb_ensure_writable(skb, off + sizeof(struct sctphdr)))
		return false;
	memcpy(&said, skb->data + off + offsetof(struct sctphdr, checksum), sizeof(said));
	if (said != sctp_compute_cksum(skb, off))
		return false;
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	return true;
}

bool fwt_skb_checksum_ok(const struct fwt_way *w)
{
	const struct fwt_packet *p = &w->p;
	struct sk_buff *skb = w->skb;
	int off = skb_network_offset(skb);
	const u8 *l4 = skb_network_header(skb) + p->l4;
	u32 cover, len = p->end - p->l4;

	if (p->have & FWT_HAVE_FRAG)
		return true;
	/* What is forwarded came in without a connection, and may not get one
	 * on its way out for the same reason; what starts here is not summed yet.
	 */
	if (w->state->hook != NF_INET_PRE_ROUTING &&
	    (w->state->hook != NF_INET_POST_ROUTING || !skb->skb_iif))
		return true;
	/* Summed with where a routing header leads in the end: nothing is known of it. */
	if (p->protocol != IPPROTO_SCTP && unlikely(fwt_ip6_routed(p, skb_network_header(skb))))
		return true;
	switch (p->protocol) {
	case IPPROTO_UDP:
		/* None: by IPv6, too, tunnels go without (RFC 6935). */
		if (!get_unaligned_be16(l4 + 6))
			return true;
		cover = get_unaligned_be16(l4 + 4);
		/* 0: all of it, which is more than can be said there. */
		if (unlikely(cover < len) && cover)
			return short_udp_ok(w, cover);
		fallthrough;
	case IPPROTO_TCP:
	case IPPROTO_ICMPV6:
		return !nf_checksum(skb, NF_INET_PRE_ROUTING, off + p->l4, p->protocol,
				    w->state->pf);
	case IPPROTO_ICMP:
		return !nf_checksum(skb, NF_INET_PRE_ROUTING, off + p->l4, 0,
				    w->state->pf);
	case IPPROTO_UDPLITE:
		cover = get_unaligned_be16(l4 + 4);
		return covered_ok(w, cover ? cover : len, len);
	case IPPROTO_DCCP:
		/* RFC 4340, 9.2: all of it, or the header and so many words more. */
		cover = l4[5] & 0xf;
		return covered_ok(w, cover ? p->payload - p->l4 + (cover - 1) * 4 : len, len);
	case IPPROTO_SCTP:
		return sctp_ok(w);
	}
	return true;
}

/* Is the transport checksum still to be completed: this packet's own, not that of
 * what a tunnel carries.
 */
enum fwt_csum_mode fwt_skb_csum_mode(const struct sk_buff *skb,
				     const struct fwt_packet *p, int off)
{
	if (skb->ip_summed == CHECKSUM_PARTIAL &&
	    skb_checksum_start_offset(skb) == off + (int)p->l4)
		return FWT_CSUM_PARTIAL;
	/* Segmentation will complete the outer checksum of a UDP tunnel. */
	if (p->protocol == IPPROTO_UDP && skb_is_gso(skb) &&
	    skb_shinfo(skb)->gso_type & SKB_GSO_UDP_TUNNEL_CSUM)
		return FWT_CSUM_PARTIAL;
	return FWT_CSUM_FULL;
}

/* The core sums words in host byte order, skb->csum as they stand in memory: the
 * one is the other with its bytes swapped (RFC 1071).
 */
void fwt_skb_csum_add(struct sk_buff *skb, u32 delta)
{
	if (skb->ip_summed != CHECKSUM_COMPLETE)
		return;
	delta = (delta & 0xffff) + (delta >> 16);
	delta = (delta & 0xffff) + (delta >> 16);
	skb->csum = csum_add(skb->csum, (__force __wsum)(u32)(__force u16)htons(delta));
}

static bool same_end(const struct fwt_packet *p, const u32 *addr,
		     const struct fwt_end *to)
{
	return !memcmp(addr, to->addr, p->family == 6 ? 16 : 4);
}

static void target(const struct fwt_way *w, bool egress, struct fwt_rewrite *to)
{
	fwt_ends_get(&w->c->ends, fwt_conn_src(w->c, w->dir, egress), &to->src);
	fwt_ends_get(&w->c->ends, fwt_conn_dst(w->c, w->dir, egress), &to->dst);
}

int fwt_translate_ends(struct fwt_way *w, bool egress)
{
	struct sk_buff *skb = w->skb;
	struct fwt_packet *p = &w->p;
	struct fwt_rewrite to;
	u32 delta = 0;

	if (p->have & FWT_HAVE_PORTS &&
	    fwt_ends_at(&w->c->ends, fwt_conn_src(w->c, w->dir, egress), p->saddr, p->sport) &&
	    fwt_ends_at(&w->c->ends, fwt_conn_dst(w->c, w->dir, egress), p->daddr, p->dport))
		return 0;
	target(w, egress, &to);
	if (same_end(p, p->saddr, &to.src) && same_end(p, p->daddr, &to.dst)) {
		if (p->have & FWT_HAVE_ICMP_ID &&
		    p->icmp_id == (w->dir == FWT_ORIGINAL ? to.src.port : to.dst.port))
			return 0;
		if (!(p->have & (FWT_HAVE_PORTS | FWT_HAVE_ICMP_ID)))
			return 0;
	}
	if (skb_ensure_writable(skb, skb_network_offset(skb) + p->payload))
		return -ENOMEM;
	fwt_rewrite(p, skb_network_header(skb), &to,
		    fwt_skb_csum_mode(skb, p, skb_network_offset(skb)), &delta);
	fwt_skb_csum_add(skb, delta);
	return 1;
}

int fwt_translate_error(struct fwt_way *w, struct fwt_quote *q, bool egress,
			bool ours)
{
	struct sk_buff *skb = w->skb;
	struct fwt_rewrite from, to, outer, inner;
	struct fwt_packet *p = &w->p;

	if (!(READ_ONCE(w->c->flags) & (BIT(FWT_CONN_SNAT) | BIT(FWT_CONN_DNAT))))
		return 0;
	/* The error goes the way of w->dir; what it quotes went the other way. */
	target(w, false, &from);
	target(w, egress, &to);
	inner.src = to.dst;
	inner.dst = to.src;
	outer.dst = to.dst;
	memcpy(outer.src.addr, p->saddr, sizeof(p->saddr));
	outer.src.port = 0;
	/* A host behind a translation is not to be seen outside; nor is a router
	 * on the way to it. An error of our own has our address, unless we are that host:
	 * the kernel writes it from where the packet was led to. Who stands apart is not
	 * hidden.
	 */
	if (egress && (!ours || same_end(p, p->saddr, &from.src)) &&
	    (w->dir == FWT_ORIGINAL ?
	     fwt_conn_is(w->c, FWT_CONN_SNAT) && !fwt_conn_apart(w->c) :
	     fwt_conn_is(w->c, FWT_CONN_DNAT)))
		outer.src = to.src;

	if (same_end(p, p->saddr, &outer.src) && same_end(p, p->daddr, &outer.dst) &&
	    same_end(p, q->p.saddr, &inner.src) && same_end(p, q->p.daddr, &inner.dst) &&
	    (!(q->p.have & FWT_HAVE_PORTS) ||
	     (q->p.sport == inner.src.port && q->p.dport == inner.dst.port)) &&
	    (!(q->p.have & FWT_HAVE_ICMP_ID) ||
	     q->p.icmp_id == (w->dir == FWT_ORIGINAL ? inner.dst.port : inner.src.port)))
		return 0;
	if (skb_ensure_writable(skb, skb_network_offset(skb) + q->avail))
		return -ENOMEM;
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE;
	fwt_rewrite_error(p, q, skb_network_header(skb), q->avail, &outer, &inner);
	return 1;
}
