// SPDX-License-Identifier: GPL-2.0
/*
 * "bpf": filters of classic BPF, run by the kernel's own engine on the packet as it
 * came to the hook, whatever the walk has made of it meanwhile.
 */
#include <linux/filter.h>
#include <linux/slab.h>

#include "way.h"

int fwt_filters_make(struct fwt_base *b)
{
	u32 n = b->prog.n[FWT_SEC_FILTERS], i;
	int ret;

	BUILD_BUG_ON(sizeof(struct fwt_prog_insn) != sizeof(struct sock_filter) ||
		     offsetof(struct fwt_prog_insn, k) != offsetof(struct sock_filter, k));
	if (!n)
		return 0;
	b->filter = kvcalloc(n, sizeof(*b->filter), GFP_KERNEL_ACCOUNT);
	if (!b->filter)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		const struct fwt_prog_filter *f = &b->prog.filter[i];
		struct sock_fprog_kern fprog = {
			.len = f->count,
			.filter = (void *)(b->prog.insn + f->first),
		};

		ret = bpf_prog_create(&b->filter[i], &fprog);
		if (ret)
			return ret;
	}
	return 0;
}

void fwt_filters_free(struct fwt_base *b)
{
	u32 i;

	for (i = 0; b->filter && i < b->prog.n[FWT_SEC_FILTERS]; i++)
		if (b->filter[i])
			bpf_prog_destroy(b->filter[i]);
	kvfree(b->filter);
}

/* What the filters of a walk may read over, in a namespace that anybody made: a load that is
 * not of the front goes from piece to piece, and a datagram has as many as it came in
 * fragments, some thousand if its sender likes. The longest filter that there is, of 64 KB
 * in 45 fragments, takes less; all of it takes a millisecond or two.
 */
#define PIECES	262144

/* Those chained to it may have others chained to them: a fragment that itself came in
 * fragments, by a tunnel. Deeper than that is more than anybody means.
 */
static u32 pieces(const struct sk_buff *skb, u32 depth)
{
	u32 n = 1 + skb_shinfo(skb)->nr_frags;
	const struct sk_buff *frag;

	if (!skb_has_frag_list(skb))
		return n;
	if (!depth)
		return PIECES;
	skb_walk_frags(skb, frag) {
		n += pieces(frag, depth - 1);
		if (n >= PIECES)
			break;
	}
	return n;
}

/* May @count instructions be run, each of which may go over all pieces. So does counting
 * them: where it was too much once, it is not done again.
 */
static noinline bool spend(const struct fwt_world *w, const struct sk_buff *skb, u32 count)
{
	u32 *spent = (u32 *)&w->pieces;	/* a walk's own, as in world.c */
	u64 cost;

	if (*spent < PIECES) {
		cost = (count + 1ull) * pieces(skb, 2);
		if (cost <= PIECES - *spent) {
			*spent += cost;
			return true;
		}
		*spent = PIECES;
	}
	if (fwt_log_prints(w->net))
		net_warn_ratelimited("fwtree: a packet's walk reads over %u of its pieces and no more, of bpf\n",
				     PIECES);
	return false;
}

bool fwt_world_filter(const struct fwt_env *env, const struct fwt_packet *p,
		      const struct fwt_program *prog, u32 filter)
{
	const struct fwt_world *w = container_of(env, struct fwt_world, env);
	struct sk_buff *skb = w->filtered;
	const u8 *from;
	int head;
	u32 ret;

	if (!skb)
		return false;
	if (unlikely(skb_has_frag_list(skb)) && w->net->user_ns != &init_user_ns &&
	    !spend(w, skb, prog->filter[filter].count))
		return false;
	/* At a device data is the network header, or the frame's, as it comes. What has no
	 * Ethernet header, a tunnel's, begins with the former, whatever is before that.
	 */
	from = p->hook >= FWT_HOOK_DEV_INGRESS && p->have & FWT_HAVE_ETHER ?
	       skb_mac_header(skb) : skb_network_header(skb);
	head = skb->data - from;
	if (head > 0)
		__skb_push(skb, head);
	else
		__skb_pull(skb, -head);
	ret = bpf_prog_run_save_cb(w->pol->base->filter[filter], skb);
	if (head > 0)
		__skb_pull(skb, head);
	else
		__skb_push(skb, -head);
	return ret;
}
