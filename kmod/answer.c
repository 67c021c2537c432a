// SPDX-License-Identifier: GPL-2.0
/*
 * Answers to packets that are refused: a RST, or an ICMP error.
 *
 * The kernel builds and sends them; they come by our own LOCAL_OUT hook, where
 * a flag per CPU lets them pass without a walk. Never an answer to broadcast,
 * multicast, a RST or an ICMP error (R32): nf_reject and icmp_send hold to that.
 */
#include <linux/icmpv6.h>
#include <linux/jhash.h>
#include <linux/netdevice.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/dst_metadata.h>
#include <net/ip6_checksum.h>
#include <net/netfilter/ipv4/nf_reject.h>
#include <net/netfilter/ipv6/nf_reject.h>

#include "way.h"

/* Who is sending an answer on this CPU, and where: on a kernel whose softirqs can
 * be preempted another one's packet may come by meanwhile.
 */
struct sender {
	const struct task_struct *task;
	const struct fwt_net *fn;
};

static DEFINE_PER_CPU(struct sender, sender);

bool fwt_answering(const struct fwt_way *w)
{
	return unlikely(this_cpu_read(sender.fn) == w->fn) &&
	       this_cpu_read(sender.task) == current;
}

void fwt_answer_left(void)
{
	this_cpu_write(sender.fn, NULL);
}

/* Not a connection's tuple, but what both ends of lo see alike. Never 0. */
static u64 answer_hash(const struct fwt_packet *p)
{
	u32 h = jhash2(p->saddr, 4, p->protocol);

	h = jhash2(p->daddr, 4, h);
	return (u64)jhash_3words(p->have & FWT_HAVE_PORTS ?
				 (u32)p->sport << 16 | p->dport : 0,
				 p->have & FWT_HAVE_TCP ? p->tcp_seq : p->icmp_type,
				 p->length, h) << 32 | h | 1;
}

void fwt_answer_note(struct fwt_way *w)
{
	struct fwt_net *fn = w->fn;

	if (!(w->state->out->flags & IFF_LOOPBACK))
		return;
	/* What is overwritten before it came in is walked like a stranger. */
	atomic64_set(&fn->answers[fn->next_answer++ % FWT_ANSWERS], answer_hash(&w->p));
}

bool fwt_answer_expected(struct fwt_way *w)
{
	struct fwt_net *fn = w->fn;
	s64 h;
	u32 i;

	if (likely(!w->state->in || !(w->state->in->flags & IFF_LOOPBACK)))
		return false;
	h = answer_hash(&w->p);
	for (i = 0; i < FWT_ANSWERS; i++)
		if (atomic64_read(&fn->answers[i]) == h &&
		    atomic64_cmpxchg(&fn->answers[i], h, 0) == h)
			return true;
	return false;
}

bool fwt_answer_limited(struct fwt_way *w)
{
	if (__ratelimit(&w->fn->answer_limit))
		return false;
	fwt_stat_inc_bh(w->fn, reason[FWT_REASON_ANSWER_LIMITED]);
	return true;
}

u8 fwt_answer_code(const struct fwt_way *w, u8 reject)
{
	static const u8 code[2][__FWT_REJECT_MAX] = { {
		[FWT_REJECT_DEFAULT] = ICMP_PORT_UNREACH,
		[FWT_REJECT_PORT_UNREACHABLE] = ICMP_PORT_UNREACH,
		[FWT_REJECT_HOST_PROHIBITED] = ICMP_HOST_ANO,
		[FWT_REJECT_ADMIN_PROHIBITED] = ICMP_PKT_FILTERED,
	}, {
		[FWT_REJECT_DEFAULT] = ICMPV6_PORT_UNREACH,
		[FWT_REJECT_PORT_UNREACHABLE] = ICMPV6_PORT_UNREACH,
		/* ICMPv6 has one code for both. */
		[FWT_REJECT_HOST_PROHIBITED] = ICMPV6_ADM_PROHIBITED,
		[FWT_REJECT_ADMIN_PROHIBITED] = ICMPV6_ADM_PROHIBITED,
	} };

	return code[w->p.family == 6][reject];
}

static void answer4(const struct fwt_way *w, struct sk_buff *skb, struct sock *sk,
		    unsigned int hook, u8 reject)
{
	if (reject == FWT_REJECT_TCP_RESET)
		nf_send_reset(w->fn->net, sk, skb, hook);
	else
		nf_send_unreach(skb, fwt_answer_code(w, reject), hook);
}

static void answer6(const struct fwt_way *w, struct sk_buff *skb, struct sock *sk,
		    unsigned int hook, u8 reject)
{
	if (reject == FWT_REJECT_TCP_RESET)
		nf_send_reset6(w->fn->net, sk, skb, hook);
	else
		nf_send_unreach6(w->fn->net, skb, fwt_answer_code(w, reject), hook);
}

void fwt_answer_send(const struct fwt_way *w, struct sk_buff *skb, struct sock *sk,
		     unsigned int hook, u8 reject)
{
	/* A tunnel's without a fixed end is no route, but an address to answer to: kernels
	 * from 6.1.149 on take it for one, and ask it for its device, of which it has none.
	 */
	if (hook == NF_INET_PRE_ROUTING && skb_dst(skb) && !skb_valid_dst(skb))
		skb_dst_drop(skb);
	hook = fwt_way_back(w->fn->net, skb, w->p.family, hook);
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	/* Else a RST to what a bridge handed up goes straight back there, past our hooks. */
	skb_ext_del(skb, SKB_EXT_BRIDGE_NF);
#endif
	local_bh_disable();
	this_cpu_write(sender.task, current);
	this_cpu_write(sender.fn, w->fn);
	if (w->p.family == 4)
		answer4(w, skb, sk, hook, reject);
	else
		answer6(w, skb, sk, hook, reject);
	this_cpu_write(sender.fn, NULL);
	local_bh_enable();
}

/* What fits the packet; false: nothing does, as a RST to what is no TCP. */
static bool fitting(const struct fwt_way *w, u8 *reject)
{
	bool tcp = w->p.have & FWT_HAVE_TCP;

	if (*reject == FWT_REJECT_DEFAULT && tcp)
		*reject = FWT_REJECT_TCP_RESET;
	return *reject != FWT_REJECT_TCP_RESET || tcp;
}

/* Of one host, to one. */
static bool is_single(const struct fwt_packet *p)
{
	if (p->family == 6)
		return p->saddr[0] >> 24 != 0xff && p->daddr[0] >> 24 != 0xff &&
		       (p->saddr[0] | p->saddr[1] | p->saddr[2] | p->saddr[3]);
	return p->saddr[0] && p->saddr[0] >> 28 < 0xe && p->daddr[0] >> 28 < 0xe;
}

static int has_upper(struct net_device *upper, struct netdev_nested_priv *priv)
{
	return 1;
}

/* For another machine, which a tap, a mirror's port or a switch that knows no better lets in:
 * whose it is answers. But where another device stands on this one, a bridge, a VLAN, a bond,
 * it may be for that, or go on.
 */
static bool is_foreign(const struct fwt_way *w)
{
	struct netdev_nested_priv none = { };

	return w->p.pkttype == FWT_PKT_OTHER &&
	       !netdev_walk_all_upper_dev_rcu(w->state->in, has_upper, &none);
}

void fwt_answer_frame(struct fwt_way *w, u8 reject)
{
	const struct fwt_packet *p = &w->p;

	if (!(p->have & FWT_HAVE_IP) || p->bad || p->have & (FWT_HAVE_FRAG | FWT_HAVE_ICMP_ERROR) ||
	    (p->have & FWT_HAVE_TCP && p->tcp_flags & FWT_TCP_RST) ||
	    p->pkttype == FWT_PKT_BROADCAST || p->pkttype == FWT_PKT_MULTICAST ||
	    is_foreign(w) || !is_single(p) || !fitting(w, &reject) || fwt_answer_limited(w))
		return;
	fwt_answer_frame_send(w, reject);
}

void fwt_answer(struct fwt_way *w, u8 reject)
{
	if (!fitting(w, &reject))
		return;
	if (w->p.ct_state == FWT_CT_UNTRACKED || w->p.bad)
		return;
	/* Nor what came in a frame for many, whoever it is for (RFC 1122, 3.2.2; RFC 4443,
	 * 2.4): a hub's worth of machines would answer. nf_reject's resets don't look.
	 */
	if (w->skb->pkt_type == PACKET_BROADCAST || w->skb->pkt_type == PACKET_MULTICAST)
		return;
	if (w->p.family == 4 && w->state->in &&
	    fwt_is_broadcast(w->fn->net, w->state->in, w->p.daddr))
		return;
	/* Whoever it says that it is from may not have sent it. The kernel asks, too, but
	 * of what is forwarded no more, once somebody has. Only of what is answered at all:
	 * summing is work for each byte that somebody cares to send.
	 */
	if (fwt_answer_limited(w) || !fwt_skb_checksum_ok(w))
		return;
	fwt_answer_send(w, w->skb, w->state->sk, w->state->hook, reject);
}
