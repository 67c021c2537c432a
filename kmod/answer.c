// SPDX-License-Identifier: GPL-2.0
/*
 * Answers to packets that are refused: a RST, or an ICMP error.
 *
 * The kernel builds and sends them; they come by our own LOCAL_OUT hook, where
 * a flag per CPU lets them pass without a walk. Never an answer to broadcast,
 * multicast, a RST or an ICMP error (R32): nf_reject and icmp_send hold to that.
 */
#include <linux/icmpv6.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/ip6_checksum.h>
#include <net/netfilter/ipv4/nf_reject.h>
#include <net/netfilter/ipv6/nf_reject.h>

#include "way.h"

static DEFINE_PER_CPU(bool, answering);

bool fwt_answering(void)
{
	return this_cpu_read(answering);
}

static bool limited(struct fwt_way *w)
{
	if (__ratelimit(&w->fn->answer_limit))
		return false;
	fwt_stat_inc(w->fn, reason[FWT_REASON_ANSWER_LIMITED]);
	return true;
}

static void answer4(struct fwt_way *w, u8 reject)
{
	static const u8 code[__FWT_REJECT_MAX] = {
		[FWT_REJECT_DEFAULT] = ICMP_PORT_UNREACH,
		[FWT_REJECT_PORT_UNREACHABLE] = ICMP_PORT_UNREACH,
		[FWT_REJECT_HOST_PROHIBITED] = ICMP_HOST_ANO,
		[FWT_REJECT_ADMIN_PROHIBITED] = ICMP_PKT_FILTERED,
	};

	if (reject == FWT_REJECT_TCP_RESET)
		nf_send_reset(w->fn->net, w->state->sk, w->skb, w->state->hook);
	else
		nf_send_unreach(w->skb, code[reject], w->state->hook);
}

static void answer6(struct fwt_way *w, u8 reject)
{
	static const u8 code[__FWT_REJECT_MAX] = {
		[FWT_REJECT_DEFAULT] = ICMPV6_PORT_UNREACH,
		[FWT_REJECT_PORT_UNREACHABLE] = ICMPV6_PORT_UNREACH,
		/* ICMPv6 has one code for both. */
		[FWT_REJECT_HOST_PROHIBITED] = ICMPV6_ADM_PROHIBITED,
		[FWT_REJECT_ADMIN_PROHIBITED] = ICMPV6_ADM_PROHIBITED,
	};

	if (reject == FWT_REJECT_TCP_RESET)
		nf_send_reset6(w->fn->net, w->state->sk, w->skb, w->state->hook);
	else
		nf_send_unreach6(w->fn->net, w->skb, code[reject], w->state->hook);
}

void fwt_answer(struct fwt_way *w, u8 reject)
{
	bool tcp = w->p.have & FWT_HAVE_TCP;

	if (reject == FWT_REJECT_DEFAULT && tcp)
		reject = FWT_REJECT_TCP_RESET;
	/* A RST to what is no TCP: nothing fits. */
	if (reject == FWT_REJECT_TCP_RESET && !tcp)
		return;
	if (w->p.ct_state == FWT_CT_UNTRACKED || w->p.bad || limited(w))
		return;
	local_bh_disable();
	this_cpu_write(answering, true);
	if (w->p.family == 4)
		answer4(w, reject);
	else
		answer6(w, reject);
	this_cpu_write(answering, false);
	local_bh_enable();
}
