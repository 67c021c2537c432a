// SPDX-License-Identifier: GPL-2.0
/*
 * Registering hooks, and the device hooks.
 *
 * Hooks are registered before a policy is published and stay across swaps:
 * removing one empties the namespace's NFQUEUEs. They go with the policy.
 *
 * Device hooks bind by name. Devices come, go and are renamed under RTNL, and
 * policies are applied under RTNL where device hooks are concerned, so the two
 * never meet half-way. A binding asks the policy in force for its root by the
 * device's name, once a generation, and remembers.
 */
#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/if_vlan.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/netfilter_netdev.h>
#include <linux/random.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/netfilter/ipv4/nf_defrag_ipv4.h>
#include <net/netfilter/ipv6/nf_defrag_ipv6.h>

#include "hook.h"
#include "route.h"
#include "way.h"
#include "core/ifname.h"
#include "core/verify.h"

/* Before the kernel's conntrack at the first hooks, behind all but its confirm
 * at the last ones.
 */
#define PRIORITY_FIRST	(-210)
#define PRIORITY_LAST	(INT_MAX - 2)

#define HOOK(function, family, number, prio) {				\
	.hook = (function), .pf = (family), .hooknum = (number),	\
	.priority = (prio) }
#define INET_HOOK(family, number, prio)					\
	HOOK(fwt_hook_inet, family, number, prio)

/* Of each namespace its own: so what they are called with is that. */
static const struct nf_hook_ops inet_ops[] = {
	INET_HOOK(NFPROTO_IPV4, NF_INET_PRE_ROUTING, PRIORITY_FIRST),
	HOOK(fwt_hook_routed, NFPROTO_IPV4, NF_INET_PRE_ROUTING, INT_MAX),
	INET_HOOK(NFPROTO_IPV4, NF_INET_LOCAL_OUT, PRIORITY_FIRST),
	INET_HOOK(NFPROTO_IPV4, NF_INET_LOCAL_IN, PRIORITY_LAST),
	INET_HOOK(NFPROTO_IPV4, NF_INET_POST_ROUTING, PRIORITY_LAST),
	INET_HOOK(NFPROTO_IPV6, NF_INET_PRE_ROUTING, PRIORITY_FIRST),
	HOOK(fwt_hook_routed, NFPROTO_IPV6, NF_INET_PRE_ROUTING, INT_MAX),
	INET_HOOK(NFPROTO_IPV6, NF_INET_LOCAL_OUT, PRIORITY_FIRST),
	INET_HOOK(NFPROTO_IPV6, NF_INET_LOCAL_IN, PRIORITY_LAST),
	INET_HOOK(NFPROTO_IPV6, NF_INET_POST_ROUTING, PRIORITY_LAST),
};

struct fwt_hooks {
	struct rcu_head rcu;
	struct nf_hook_ops ops[ARRAY_SIZE(inet_ops)];
};

static int inet_register(struct fwt_net *fn)
{
	struct fwt_hooks *h;
	u32 i;
	int ret;

	if (fn->hooks)
		return 0;
	ret = fwt_conns_init(fn);
	if (ret)
		return ret;
	h = kzalloc(sizeof(*h), GFP_KERNEL_ACCOUNT);
	if (!h)
		return -ENOMEM;
	memcpy(h->ops, inet_ops, sizeof(inet_ops));
	for (i = 0; i < ARRAY_SIZE(inet_ops); i++)
		h->ops[i].priv = fn;
	ret = nf_defrag_ipv4_enable(fn->net);
	if (ret)
		goto no_four;
	ret = nf_defrag_ipv6_enable(fn->net);
	if (ret)
		goto no_six;
	ret = nf_register_net_hooks(fn->net, h->ops, ARRAY_SIZE(h->ops));
	if (ret)
		goto no_hooks;
	fn->hooks = h;
	return 0;
no_hooks:
	nf_defrag_ipv6_disable(fn->net);
no_six:
	nf_defrag_ipv4_disable(fn->net);
no_four:
	/* Some may have been registered, and be seen by who lists hooks. */
	kfree_rcu(h, rcu);
	return ret;
}

static void inet_unregister(struct fwt_net *fn)
{
	struct fwt_hooks *h = fn->hooks;

	if (!h)
		return;
	nf_unregister_net_hooks(fn->net, h->ops, ARRAY_SIZE(h->ops));
	nf_defrag_ipv6_disable(fn->net);
	nf_defrag_ipv4_disable(fn->net);
	fn->hooks = NULL;
	/* Who lists hooks (nfnetlink_hook) reads them under RCU. */
	kfree_rcu(h, rcu);
}

/* The first that matches counts. */
u32 fwt_dev_root(const struct fwt_program *prog, u8 hook, const char *name)
{
	u32 i;

	for (i = 0; i < prog->n[FWT_SEC_HOOKS]; i++) {
		const struct fwt_prog_hook *h = &prog->hook[i];

		if (h->hook == hook && fwt_ifname_fits(prog->string + h->dev, name))
			return h->root;
	}
	return FWT_NONE;
}

static const u8 dev_hook[2] = { FWT_HOOK_DEV_INGRESS, FWT_HOOK_DEV_EGRESS };
static const u8 dev_hooknum[2] = { NF_NETDEV_INGRESS, NF_NETDEV_EGRESS };

static struct hlist_head *bucket(struct fwt_net *fn, const struct net_device *dev)
{
	return &fn->dev_at[(u32)dev->ifindex % FWT_DEV_BUCKETS];
}

/* Each device is looked for when a policy comes, under RTNL. */
static struct fwt_dev *dev_find(struct fwt_net *fn, const struct net_device *dev)
{
	struct fwt_dev *b;

	hlist_for_each_entry(b, bucket(fn, dev), node)
		if (b->dev == dev)
			return b;
	return NULL;
}

static int bind(struct fwt_dev *b, u32 which)
{
	struct nf_hook_ops *ops = &b->ops[which];
	int ret;

	if (b->bound[which])
		return 0;
	ops->hook = fwt_hook_dev;
	ops->priv = b;
	ops->dev = b->dev;
	ops->pf = NFPROTO_NETDEV;
	ops->hooknum = dev_hooknum[which];
	/* Before everything: frames are cheapest to drop here. */
	ops->priority = INT_MIN;
	ret = nf_register_net_hook(b->fn->net, ops);
	b->bound[which] = !ret;
	return ret;
}

static void unbind(struct fwt_dev *b, u32 which)
{
	if (!b->bound[which])
		return;
	nf_unregister_net_hook(b->fn->net, &b->ops[which]);
	b->bound[which] = false;
}

static void dev_release(struct fwt_dev *b)
{
	unbind(b, 0);
	unbind(b, 1);
	list_del(&b->list);
	hlist_del(&b->node);
	kfree_rcu(b, rcu);
}

/* Bind @dev as @prog wants it, unbind what it does not want unless @keep, or something
 * that it wants could not be bound: then what it had stays.
 */
static int dev_settle(struct fwt_net *fn, const struct fwt_program *prog,
		      struct net_device *dev, bool keep)
{
	struct fwt_dev *b = dev_find(fn, dev);
	bool want[2];
	int ret = 0;
	u32 i;

	for (i = 0; i < 2; i++)
		want[i] = prog && fwt_dev_root(prog, dev_hook[i], dev->name) != FWT_NONE;
	if (!b) {
		if (!want[0] && !want[1])
			return 0;
		b = kzalloc(sizeof(*b), GFP_KERNEL_ACCOUNT);
		if (!b)
			return -ENOMEM;
		b->fn = fn;
		b->dev = dev;
		list_add(&b->list, &fn->devs);
		hlist_add_head(&b->node, bucket(fn, dev));
	}
	for (i = 0; i < 2 && !ret; i++)
		if (want[i])
			ret = bind(b, i);
	for (i = 0; i < 2 && !ret && !keep; i++)
		if (!want[i])
			unbind(b, i);
	if (!b->bound[0] && !b->bound[1])
		dev_release(b);
	return ret;
}

static bool has_dev_hooks(const struct fwt_program *prog)
{
	u32 i;

	for (i = 0; i < prog->n[FWT_SEC_HOOKS]; i++)
		if (prog->hook[i].hook >= FWT_HOOK_DEV_INGRESS)
			return true;
	return false;
}

bool fwt_hooks_need_rtnl(struct fwt_net *fn, const struct fwt_policy *p)
{
	return has_dev_hooks(&p->prog) || !list_empty(&fn->devs);
}

int fwt_hooks_get(struct fwt_net *fn, struct fwt_policy *p,
		  struct netlink_ext_ack *extack)
{
	bool was_hooked = fn->hooks;
	struct net_device *dev;
	int ret;

	lockdep_assert_held(&fn->lock);
	if (fwt_policy_tracks(p)) {
		ret = inet_register(fn);
		if (ret) {
			NL_SET_ERR_MSG(extack, "the hooks of the IP layer could not be registered");
			return ret;
		}
	}
	if (!has_dev_hooks(&p->prog))
		return 0;
	ASSERT_RTNL();
	for_each_netdev(fn->net, dev) {
		ret = dev_settle(fn, &p->prog, dev, true);
		if (ret) {
			NL_SET_ERR_MSG(extack, "a device's hook could not be registered");
			fwt_hooks_settle(fn);
			if (!was_hooked)
				inet_unregister(fn);
			return ret;
		}
	}
	return 0;
}

void fwt_hooks_settle(struct fwt_net *fn)
{
	const struct fwt_policy *p = fwt_policy_locked(fn);
	struct fwt_dev *b, *next;

	/* What the former one is bound to stays so while it may come back. */
	if (fn->trial.on)
		return;
	list_for_each_entry_safe(b, next, &fn->devs, list)
		dev_settle(fn, p ? &p->prog : NULL, b->dev, false);
}

void fwt_hooks_put(struct fwt_net *fn)
{
	struct fwt_dev *b, *next;

	lockdep_assert_held(&fn->lock);
	inet_unregister(fn);
	list_for_each_entry_safe(b, next, &fn->devs, list)
		dev_release(b);
}

int fwt_dev_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct fwt_net *fn = fwt_pernet(dev_net(dev));
	const struct fwt_policy *p;
	struct fwt_dev *b;
	int ret = 0;

	if (event != NETDEV_REGISTER && event != NETDEV_UNREGISTER &&
	    event != NETDEV_CHANGENAME)
		return NOTIFY_DONE;
	mutex_lock(&fn->lock);
	p = fn->dying ? NULL : fwt_policy_locked(fn);
	b = dev_find(fn, dev);
	if (event == NETDEV_UNREGISTER) {
		if (b)
			dev_release(b);
	} else if (p) {
		if (b) {
			b->renames++;
			atomic64_set(&b->root[0], b->renames);
			atomic64_set(&b->root[1], b->renames);
		}
		ret = dev_settle(fn, &p->prog, dev, false);
	}
	mutex_unlock(&fn->lock);
	/* Who makes it, or names it so, is refused: a device that a policy filters is not
	 * there without. But one that comes from another namespace is not asked for.
	 */
	if (ret)
		pr_warn_ratelimited("fwtree: %s: no memory for its hook\n", dev->name);
	return notifier_from_errno(ret);
}

void fwt_hooks_waiting(struct fwt_net *fn, void (*say)(void *ctx, const char *name),
		       void *ctx)
{
	const struct fwt_policy *p = fwt_policy_locked(fn);
	struct fwt_dev *b;
	bool bound;
	u32 i;

	for (i = 0; p && i < p->prog.n[FWT_SEC_HOOKS]; i++) {
		const struct fwt_prog_hook *h = &p->prog.hook[i];

		fwt_rest(i);
		if (h->hook < FWT_HOOK_DEV_INGRESS)
			continue;
		bound = false;
		list_for_each_entry(b, &fn->devs, list)
			bound |= fwt_ifname_fits(p->prog.string + h->dev, b->dev->name);
		if (!bound)
			say(ctx, fwt_ifname_plain(p->prog.string + h->dev));
	}
}

/* As in translate.c. */
#define PULL_TRIES	24

/* The frame as it stands at a device: from its Ethernet header if it has one. */
static int parse_frame(struct fwt_way *w, bool egress)
{
	const struct net_device *dev = egress ? w->state->out : w->state->in;
	struct sk_buff *skb = w->skb;
	bool ether = dev->type == ARPHRD_ETHER || dev->type == ARPHRD_LOOPBACK;
	struct fwt_packet *p = &w->p;
	int off, need, tries;

	p->have = 0;
	if (!ether || !skb_mac_header_was_set(skb)) {
		p->ether_type = ntohs(skb->protocol);
		off = skb_network_offset(skb);
	} else {
		off = skb_mac_offset(skb);
	}
	for (tries = 0; tries < PULL_TRIES; tries++) {
		need = fwt_packet_parse(p, skb->data + off, skb_headlen(skb) - off,
					skb->len - off,
					ether && skb_mac_header_was_set(skb) ?
					FWT_PARSE_ETHER : FWT_PARSE_NETWORK);
		if (!need)
			break;
		/* What somebody else holds, too, can't be made linear; taps and bridges
		 * have let go of it by then, or made a copy.
		 */
		if (skb_shared(skb) || !pskb_may_pull(skb, need + off))
			return -ENOMEM;
	}
	if (tries == PULL_TRIES)
		return -EINVAL;
	/* The tag that the device took off, or will put on. */
	if (skb_vlan_tag_present(skb)) {
		p->have |= FWT_HAVE_VLAN;
		p->vlan_tci = skb_vlan_tag_get(skb);
	}
	return 0;
}

/* From skb->data to where the parsed packet's offsets begin. */
static int frame_offset(const struct fwt_way *w)
{
	return w->p.have & FWT_HAVE_ETHER ? skb_mac_offset(w->skb) : skb_network_offset(w->skb);
}

/* The frame's, from its first header on: on the way in the network's is where it begins
 * for the kernel, and a tag stands beside.
 */
static u32 frame_bytes(const struct fwt_way *w)
{
	return w->skb->len - frame_offset(w) + (skb_vlan_tag_present(w->skb) ? VLAN_HLEN : 0);
}

/* The tag's number stands beside the frame, or in it behind its addresses. */
static int change_vlan(struct fwt_way *w)
{
	u16 id = w->after.vlan_tci & VLAN_VID_MASK;
	struct sk_buff *skb = w->skb;
	int at = frame_offset(w) + ETH_HLEN;
	u8 *tci;

	if (skb_vlan_tag_present(skb)) {
		__vlan_hwaccel_put_tag(skb, skb->vlan_proto,
				       (skb_vlan_tag_get(skb) & ~VLAN_VID_MASK) | id);
		return 0;
	}
	if (skb_shared(skb) || skb_ensure_writable(skb, max(at + 2, 0)))
		return -ENOMEM;
	tci = skb->data + at;
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE;
	put_unaligned_be16((get_unaligned_be16(tci) & ~VLAN_VID_MASK) | id, tci);
	return 0;
}

static noinline int change_frame(struct fwt_way *w, const struct fwt_decision *d)
{
	struct fwt_header_change to = { };
	struct fwt_sets s;

	fwt_sets_of(d, &w->after, &s);
	if (s.what & FWT_DECISION_MARK)
		w->skb->mark = s.mark;
	if (s.what & FWT_DECISION_PRIORITY)
		w->skb->priority = s.priority;
	if (d->flags & FWT_DECISION_VLAN && change_vlan(w))
		return -ENOMEM;
	fwt_sets_header(&s, true, &to);
	if (!fwt_header_differs(&w->p, &to))
		return 0;
	return fwt_skb_change(w->skb, &w->p, frame_offset(w), &to);
}

static noinline void decide_frame(struct fwt_way *w, u32 root, struct fwt_decision *d)
{
	struct fwt_world world FWT_UNSET;

	fwt_world_init(&world, w, 0);
	world.drawn = &w->seed;
	world.bytes = frame_bytes(w);
	fwt_walk(&w->pol->prog, root, &w->p, &world.env, d);
}

/* Apart from the way here, whose stack it would have besides. */
static noinline unsigned int walk_frame(struct fwt_way *w, u32 root)
{
	struct fwt_decision d FWT_UNSET;
	u8 tos = w->p.tos, ttl = w->p.ttl;
	u16 mss = w->p.tcp_mss;

	w->later = false;
	w->p.ct_mark = 0;
	w->p.ct_ends = NULL;
	w->p.ct_tuple = NULL;
	decide_frame(w, root, &d);
	fwt_effects(w, &d, frame_bytes(w));
	if (d.verdict == FWT_VERDICT_REJECT)
		fwt_answer_frame(w, d.reject);
	if (d.verdict != FWT_VERDICT_ACCEPT)
		return fwt_drop_by(w, d.reason ? d.reason : FWT_REASON_POLICY, &d);
	fwt_stat_inc_bh(w->fn, verdict[FWT_STAT_ACCEPT]);
	if (likely(!d.flags))
		return NF_ACCEPT;
	fwt_changes_of(&w->p, &w->after);
	w->p.tos = tos;
	w->p.ttl = ttl;
	w->p.tcp_mss = mss;
	if (change_frame(w, &d))
		return fwt_drop_by(w, FWT_REASON_NO_MEMORY, &d);
	return NF_ACCEPT;
}

unsigned int fwt_hook_dev(void *priv, struct sk_buff *skb,
			  const struct nf_hook_state *state)
{
	bool egress = state->hook == NF_NETDEV_EGRESS;
	struct fwt_dev *b = priv;
	struct fwt_way w FWT_UNSET;
	u64 cached;
	u32 root;
	int ret;

	w.fn = b->fn;
	w.pol = rcu_dereference(w.fn->policy);
	if (!w.pol)
		return NF_ACCEPT;
	cached = atomic64_read(&b->root[egress]);
	if (likely(cached >> 32 == w.pol->gen)) {
		root = cached;
	} else {
		root = fwt_dev_root(&w.pol->prog, dev_hook[egress], b->dev->name);
		/* Unless it was renamed meanwhile. */
		atomic64_cmpxchg(&b->root[egress], cached,
				 (u64)w.pol->gen << 32 | root);
	}
	if (root == FWT_NONE)
		return NF_ACCEPT;
	w.skb = skb;
	w.state = state;
	w.c = NULL;
	w.seed = 0;
	w.p.mark = skb->mark;
	w.p.priority = skb->priority;
	w.p.pkttype = skb->pkt_type;
	w.p.iif = egress ? NULL : b->dev->name;
	w.p.oif = egress ? b->dev->name : NULL;
	w.p.unknown = 0;
	w.p.ct_state = FWT_CT_UNTRACKED;
	w.p.ct_status = 0;
	w.p.hook = dev_hook[egress];
	ret = parse_frame(&w, egress);
	if (unlikely(ret))
		return fwt_drop(&w, ret == -ENOMEM ? FWT_REASON_NO_MEMORY :
						     FWT_REASON_MALFORMED);
	return walk_frame(&w, root);
}
