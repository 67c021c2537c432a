// SPDX-License-Identifier: GPL-2.0
/*
 * Plays a trace of headers into a device's receive path, for benchmarks.
 *
 *	cat trace >/proc/fwtree_trace		struct header, one after the other
 *	cat trace >/proc/fwtree_trace6		the same of struct header6
 *	echo 'd0 1000000 8' >/proc/fwtree_inject	so many packets, round and round,
 *						in so many parts
 *	echo 'd0 1000000 8 fresh' >/proc/fwtree_inject	the same, a buffer for each
 *	cat /proc/fwtree_inject			nanoseconds and packets, of each part
 *
 * One buffer is used for all packets, as pktgen's bursts do: what a hook at the
 * device drops has not been written to. What is not dropped there goes by fresh
 * buffers, as from a driver that has checked the sums. The frames are made
 * beforehand, so what is measured besides the hook is a copy of 54 bytes, 74 of IPv6 (and
 * the buffer), and the kernel's own way to the hook.
 */
#include <linux/etherdevice.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <linux/vmalloc.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/net_namespace.h>
#include <net/tcp.h>

#define FRAMES_MAX	(1u << 20)
#define BATCH		64
#define PARTS_MAX	64

struct header {
	__be32 saddr;
	__be32 daddr;
	__be16 sport;
	__be16 dport;
	u8 protocol;
	u8 pad[3];
};

struct header6 {
	struct in6_addr saddr;
	struct in6_addr daddr;
	__be16 sport;
	__be16 dport;
	u8 protocol;
	u8 pad[3];
};

struct frame {
	struct ethhdr eth;
	struct iphdr ip;
	union {
		struct tcphdr tcp;
		struct udphdr udp;
	};
	u8 pad[10];		/* 64 bytes: none shares a line with another */
} __packed;

#define FRAME_LEN	60

struct frame6 {
	struct ethhdr eth;
	struct ipv6hdr ip;
	union {
		struct tcphdr tcp;
		struct udphdr udp;
	};
	u8 pad[54];		/* 128 bytes */
} __packed;

#define FRAME6_LEN	74

static struct frame *frames;
static u32 n_frames;
static bool six;			/* they are struct frame6 */
static u32 next;			/* frame to play */
static DEFINE_MUTEX(lock);

static struct part {
	u64 took;		/* nanoseconds */
	u32 packets;
} parts[PARTS_MAX];
static u32 n_parts;

static void make_frame(struct frame *f, const struct header *h)
{
	u16 len = FRAME_LEN - ETH_HLEN;

	memset(f, 0, sizeof(*f));
	eth_broadcast_addr(f->eth.h_source);
	f->eth.h_source[0] = 2;
	f->eth.h_proto = htons(ETH_P_IP);
	f->ip.version = 4;
	f->ip.ihl = 5;
	f->ip.tot_len = htons(len);
	f->ip.ttl = 64;
	f->ip.protocol = h->protocol;
	f->ip.saddr = h->saddr;
	f->ip.daddr = h->daddr;
	ip_send_check(&f->ip);
	f->tcp.source = h->sport;
	f->tcp.dest = h->dport;
	if (h->protocol == IPPROTO_TCP) {
		f->tcp.doff = 5;
		f->tcp.syn = 1;
		f->tcp.window = htons(64240);
		f->tcp.check = tcp_v4_check(len - sizeof(f->ip), h->saddr, h->daddr,
					    csum_partial(&f->tcp, len - sizeof(f->ip), 0));
	} else if (h->protocol == IPPROTO_UDP) {
		f->udp.len = htons(len - sizeof(f->ip));
	}
}

static void make_frame6(struct frame6 *f, const struct header6 *h)
{
	u16 len = FRAME6_LEN - ETH_HLEN - sizeof(f->ip);

	memset(f, 0, sizeof(*f));
	eth_broadcast_addr(f->eth.h_source);
	f->eth.h_source[0] = 2;
	f->eth.h_proto = htons(ETH_P_IPV6);
	f->ip.version = 6;
	f->ip.payload_len = htons(len);
	f->ip.hop_limit = 64;
	f->ip.nexthdr = h->protocol;
	f->ip.saddr = h->saddr;
	f->ip.daddr = h->daddr;
	f->tcp.source = h->sport;
	f->tcp.dest = h->dport;
	if (h->protocol == IPPROTO_TCP) {
		f->tcp.doff = 5;
		f->tcp.syn = 1;
		f->tcp.window = htons(64240);
		f->tcp.check = csum_ipv6_magic(&h->saddr, &h->daddr, len, IPPROTO_TCP,
					       csum_partial(&f->tcp, len, 0));
	} else if (h->protocol == IPPROTO_UDP) {
		f->udp.len = htons(len);
		f->udp.check = csum_ipv6_magic(&h->saddr, &h->daddr, len, IPPROTO_UDP,
					       csum_partial(&f->udp, len, 0));
	}
}

static ssize_t trace6_write(struct file *file, const char __user *from, size_t len,
			    loff_t *at)
{
	struct header6 h;
	size_t done;

	mutex_lock(&lock);
	if (!*at)
		n_frames = 0;
	six = true;
	for (done = 0; done + sizeof(h) <= len && n_frames < FRAMES_MAX / 2; done += sizeof(h)) {
		if (copy_from_user(&h, from + done, sizeof(h)))
			break;
		make_frame6((struct frame6 *)frames + n_frames++, &h);
	}
	mutex_unlock(&lock);
	*at += done;
	return done ? done : -EINVAL;
}

static ssize_t trace_write(struct file *file, const char __user *from, size_t len,
			   loff_t *at)
{
	struct header h;
	size_t done;

	mutex_lock(&lock);
	if (!*at)
		n_frames = 0;
	six = false;
	for (done = 0; done + sizeof(h) <= len && n_frames < FRAMES_MAX; done += sizeof(h)) {
		if (copy_from_user(&h, from + done, sizeof(h)))
			break;
		make_frame(&frames[n_frames++], &h);
	}
	mutex_unlock(&lock);
	*at += done;
	return done ? done : -EINVAL;
}

static void play(struct net_device *dev, struct sk_buff *skb, u32 count)
{
	u32 i, k, n = next;

	for (i = 0; i < count; i += BATCH) {
		local_bh_disable();
		for (k = 0; k < BATCH && i + k < count; k++) {
			skb->data = skb->head + NET_SKB_PAD;
			if (six) {
				skb_set_tail_pointer(skb, FRAME6_LEN);
				skb->len = FRAME6_LEN;
				memcpy(skb->data, (struct frame6 *)frames + n, FRAME6_LEN);
			} else {
				skb_set_tail_pointer(skb, FRAME_LEN);
				skb->len = FRAME_LEN;
				memcpy(skb->data, &frames[n], sizeof(struct frame) - 10);
			}
			if (++n == n_frames)
				n = 0;
			skb->protocol = eth_type_trans(skb, dev);
			refcount_inc(&skb->users);
			netif_receive_skb(skb);
		}
		local_bh_enable();
		cond_resched();
	}
	next = n;
}

static int play_fresh(struct net_device *dev, u32 count)
{
	struct sk_buff *skb;
	u32 i, k, n = next;

	for (i = 0; i < count; i += BATCH) {
		local_bh_disable();
		for (k = 0; k < BATCH && i + k < count; k++) {
			skb = netdev_alloc_skb(dev, FRAME_LEN);
			if (!skb)
				break;
			skb_put_data(skb, &frames[n], FRAME_LEN);
			if (++n == n_frames)
				n = 0;
			skb->protocol = eth_type_trans(skb, dev);
			skb->ip_summed = CHECKSUM_UNNECESSARY;
			netif_receive_skb(skb);
		}
		local_bh_enable();
		if (k < BATCH && i + k < count)
			return -ENOMEM;
		cond_resched();
	}
	next = n;
	return 0;
}

/* In @n parts, each timed by itself. The caller holds the lock. */
static int play_parts(struct net_device *dev, struct sk_buff *skb, u32 count, u32 n, bool fresh)
{
	u32 i, packets;
	u64 start;
	int ret = 0;

	next = 0;
	for (i = 0; fresh && i < n_frames; i++)
		ether_addr_copy(frames[i].eth.h_dest, dev->dev_addr);
	for (n_parts = 0; n_parts < n && !ret; n_parts++) {
		packets = n_parts + 1 < n ? count / n : count - (n - 1) * (count / n);
		start = ktime_get_ns();
		if (fresh)
			ret = play_fresh(dev, packets);
		else
			play(dev, skb, packets);
		parts[n_parts] = (struct part){ ktime_get_ns() - start, packets };
	}
	return ret;
}

static ssize_t inject_write(struct file *file, const char __user *from, size_t len,
			    loff_t *at)
{
	struct net_device *dev;
	char text[64], name[IFNAMSIZ], how[8] = "";
	struct sk_buff *skb;
	u32 count, n;
	int ret;

	if (len >= sizeof(text) || copy_from_user(text, from, len))
		return -EINVAL;
	text[len] = 0;
	if (sscanf(text, "%15s %u %u %7s", name, &count, &n, how) < 3 ||
	    !n || n > PARTS_MAX || count < n || (six && how[0]))
		return -EINVAL;
	dev = dev_get_by_name(current->nsproxy->net_ns, name);
	if (!dev)
		return -ENODEV;
	skb = netdev_alloc_skb(dev, 256);
	mutex_lock(&lock);
	ret = skb && n_frames ? 0 : -EINVAL;
	if (!ret)
		ret = play_parts(dev, skb, count, n, !strcmp(how, "fresh"));
	mutex_unlock(&lock);
	kfree_skb(skb);
	dev_put(dev);
	return ret ? ret : len;
}

static int inject_show(struct seq_file *m, void *v)
{
	u32 i;

	mutex_lock(&lock);
	for (i = 0; i < n_parts; i++)
		seq_printf(m, "%llu %u\n", parts[i].took, parts[i].packets);
	mutex_unlock(&lock);
	return 0;
}

static int inject_open(struct inode *inode, struct file *file)
{
	return single_open(file, inject_show, NULL);
}

static const struct proc_ops trace_ops = {
	.proc_write = trace_write,
	.proc_lseek = noop_llseek,
};

static const struct proc_ops trace6_ops = {
	.proc_write = trace6_write,
	.proc_lseek = noop_llseek,
};

static const struct proc_ops inject_ops = {
	.proc_open = inject_open,
	.proc_read = seq_read,
	.proc_write = inject_write,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
};

static int __init inject_init(void)
{
	BUILD_BUG_ON(sizeof(struct frame) != 64);
	BUILD_BUG_ON(sizeof(struct frame6) != 128);
	frames = vmalloc_array(FRAMES_MAX, sizeof(*frames));
	if (!frames)
		return -ENOMEM;
	if (!proc_create("fwtree_trace", 0200, NULL, &trace_ops) ||
	    !proc_create("fwtree_trace6", 0200, NULL, &trace6_ops) ||
	    !proc_create("fwtree_inject", 0600, NULL, &inject_ops)) {
		remove_proc_subtree("fwtree_trace", NULL);
		remove_proc_subtree("fwtree_trace6", NULL);
		vfree(frames);
		return -ENOMEM;
	}
	return 0;
}

static void __exit inject_exit(void)
{
	remove_proc_entry("fwtree_inject", NULL);
	remove_proc_entry("fwtree_trace6", NULL);
	remove_proc_entry("fwtree_trace", NULL);
	vfree(frames);
}

module_init(inject_init);
module_exit(inject_exit);
MODULE_DESCRIPTION("fwtree: a trace of headers, played into a device");
MODULE_LICENSE("GPL");
