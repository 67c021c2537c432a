// SPDX-License-Identifier: GPL-2.0
/*
 * Giving packets to programs: NFQUEUE.
 *
 * A hook may return NF_QUEUE, but then it does not hear whether anybody listens, and
 * a drop would be counted by nobody. So we ask ourselves, as the kernel's hooks would
 * behind us, and tell that we are where the packet is to go on: nf_queue() notes the
 * place of a hook in its list, by which it is found when the packet comes back.
 */
#include <linux/netfilter.h>
#include <net/netfilter/nf_queue.h>

#include "hook.h"
#include "way.h"

/* Where our hook stands among those of its kind; never absent while it runs, but the
 * list may have been replaced by one that has it elsewhere.
 */
static int own_index(const struct nf_hook_state *state)
{
	const struct nf_hook_entries *e;
	unsigned int i;

	if (state->pf == NFPROTO_IPV4)
		e = rcu_dereference(state->net->nf.hooks_ipv4[state->hook]);
	else
		e = rcu_dereference(state->net->nf.hooks_ipv6[state->hook]);
	for (i = 0; e && i < e->num_hook_entries; i++)
		if (e->hooks[i].hook == fwt_hook_inet)
			return i;
	return -1;
}

unsigned int fwt_queue(struct fwt_way *w)
{
	u32 verdict = NF_QUEUE_NR(w->queue & U16_MAX) | NF_VERDICT_FLAG_QUEUE_BYPASS;
	struct nf_hook_state state = *w->state;
	int index = own_index(w->state);

	fwt_stat_inc_bh(w->fn, reason[FWT_REASON_QUEUED]);
	if (w->c)
		fwt_track_wait(w);
	/* A packet that was taken is another's, whatever became of it. */
	if (index >= 0 && !nf_queue(w->skb, &state, index, verdict))
		return NF_STOLEN;
	if (w->queue & FWT_WAY_BYPASS) {
		fwt_stat_inc_bh(w->fn, reason[FWT_REASON_QUEUE_BYPASSED]);
		return NF_ACCEPT;
	}
	if (w->c && !fwt_conn_is(w->c, FWT_CONN_CONFIRMED))
		fwt_conn_end(w->c, FWT_END_UNFINISHED);
	return fwt_drop(w, FWT_REASON_NO_LISTENER);
}
