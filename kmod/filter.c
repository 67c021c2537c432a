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
