// SPDX-License-Identifier: GPL-2.0
/*
 * Plays a trace of headers into a device's receive path, for benchmarks.
 *
 *	cat trace >/proc/fwtree_trace		struct header, one after the other
 *	cat trace >/proc/fwtree_trace6		the same of struct header6
 *	echo '1000 0 4 0' >/proc/fwtree_draw	instead of a trace: COUNT FIRST SHIFT PORTS,
 *						see struct draw
 *	echo 'd0 1000000 8' >/proc/fwtree_inject	so many packets, round and round,
 *						in so many parts
 *	echo 'd0 1000000 8 fresh' >/proc/fwtree_inject	the same, a buffer for each
 *	cat /proc/fwtree_inject			nanoseconds and packets, of each part
 *
 * One buffer is used for all packets, as pktgen's bursts do: what a hook at the
 * device drops has not been written to. What is not dropped there goes by fresh
 * buffers, as from a driver that has checked the sums. Of a trace no more is kept than
 * what tells frames apart, for it goes by caches that what is measured wants for itself;
 * frames are made of it a few at a time. What is measured besides the hook is that, a
 * copy of 54 bytes, 74 of IPv6 (and the buffer), and the kernel's own way to the hook.
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

#define HEADERS_MAX	(1u << 20)
#define BATCH		64
#define MADE		16u	/* frames at a time */
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

/* A header of the trace, and the sums of its frame. */
struct kept {
	struct header h;
	__sum16 ip_sum;
	__sum16 sum;
};

struct kept6 {
	struct header6 h;
	__sum16 sum;
};

/*
 * Sources without a trace, as live sets have elements: address (first + i) * 2654435761,
 * shifted left so far, with random bits below; i is drawn of @count. The port is 1, or
 * (first + i) % @ports.
 */
static struct draw {
	u32 count;		/* 0: there is a trace */
	u32 first;
	u32 shift;
	u32 ports;
} draw;
static u64 drawn = 1;

static void *trace;			/* struct kept, or struct kept6 */
static u32 n_trace;
static bool six;
static u32 next;			/* of the trace */
static DEFINE_MUTEX(lock);

static struct part {
	u64 took;		/* nanoseconds */
	u32 packets;
} parts[PARTS_MAX];
static u32 n_parts;

/* Those that come next. */
static union {
	struct frame four[MADE];
	struct frame6 six[MADE];
} made;

/* What all frames of a protocol have. */
enum { OTHER, TCP, UDP, PROTOCOLS };
static struct frame like[PROTOCOLS];
static struct frame6 like6[PROTOCOLS];

static u32 which(u8 protocol)
{
	return protocol == IPPROTO_TCP ? TCP : protocol == IPPROTO_UDP ? UDP : OTHER;
}

static void make_likes(void)
{
	u32 i;

	for (i = 0; i < PROTOCOLS; i++) {
		struct frame *f = &like[i];
		struct frame6 *f6 = &like6[i];

		eth_broadcast_addr(f->eth.h_source);
		f->eth.h_source[0] = 2;
		f6->eth = f->eth;
		f->eth.h_proto = htons(ETH_P_IP);
		f->ip.version = 4;
		f->ip.ihl = 5;
		f->ip.tot_len = htons(FRAME_LEN - ETH_HLEN);
		f->ip.ttl = 64;
		f6->eth.h_proto = htons(ETH_P_IPV6);
		f6->ip.version = 6;
		f6->ip.payload_len = htons(FRAME6_LEN - ETH_HLEN - sizeof(f6->ip));
		f6->ip.hop_limit = 64;
	}
	like[TCP].tcp.doff = 5;
	like[TCP].tcp.syn = 1;
	like[TCP].tcp.window = htons(64240);
	like6[TCP].tcp = like[TCP].tcp;
	like[UDP].udp.len = htons(FRAME_LEN - ETH_HLEN - sizeof(struct iphdr));
	like6[UDP].udp.len = like6[UDP].ip.payload_len;
}

static void make_frame(struct frame *f, const struct kept *k)
{
	*f = like[which(k->h.protocol)];
	f->ip.protocol = k->h.protocol;
	f->ip.check = k->ip_sum;
	f->ip.saddr = k->h.saddr;
	f->ip.daddr = k->h.daddr;
	f->tcp.source = k->h.sport;
	f->tcp.dest = k->h.dport;
	if (k->h.protocol == IPPROTO_TCP)
		f->tcp.check = k->sum;
}

static void make_frame6(struct frame6 *f, const struct kept6 *k)
{
	u32 i = which(k->h.protocol);

	*f = like6[i];
	f->ip.nexthdr = k->h.protocol;
	f->ip.saddr = k->h.saddr;
	f->ip.daddr = k->h.daddr;
	f->tcp.source = k->h.sport;
	f->tcp.dest = k->h.dport;
	if (i == TCP)
		f->tcp.check = k->sum;
	else if (i == UDP)
		f->udp.check = k->sum;
}

static void keep(struct kept *k, const struct header *h)
{
	const u32 len = FRAME_LEN - ETH_HLEN - sizeof(struct iphdr);
	struct frame f;

	*k = (struct kept){ .h = *h };
	make_frame(&f, k);
	ip_send_check(&f.ip);
	k->ip_sum = f.ip.check;
	k->sum = tcp_v4_check(len, h->saddr, h->daddr, csum_partial(&f.tcp, len, 0));
}

static void keep6(struct kept6 *k, const struct header6 *h)
{
	const u32 len = FRAME6_LEN - ETH_HLEN - sizeof(struct ipv6hdr);
	struct frame6 f;

	*k = (struct kept6){ .h = *h };
	make_frame6(&f, k);
	k->sum = csum_ipv6_magic(&h->saddr, &h->daddr, len, h->protocol,
				 csum_partial(&f.tcp, len, 0));
}

static void draw_frame(struct frame *f)
{
	u32 i, at;

	drawn = drawn * 6364136223846793005ull + 1442695040888963407ull;
	i = draw.first + (u32)(((drawn >> 32) * draw.count) >> 32);
	at = i * 2654435761u << draw.shift | ((u32)(drawn >> 8) & ((1u << draw.shift) - 1));
	*f = like[UDP];
	f->ip.protocol = IPPROTO_UDP;
	f->ip.saddr = htonl(at);
	f->ip.daddr = htonl(0xc6120001);
	f->udp.source = htons(draw.ports ? i % draw.ports : 1);
	f->udp.dest = htons(9);
	ip_send_check(&f->ip);
}

static void make_frames(u32 n)
{
	u32 i;

	for (i = 0; i < n; i++) {
		if (draw.count) {
			draw_frame(&made.four[i]);
			continue;
		}
		if (six)
			make_frame6(&made.six[i], (struct kept6 *)trace + next);
		else
			make_frame(&made.four[i], (struct kept *)trace + next);
		if (++next == n_trace)
			next = 0;
	}
}

static ssize_t trace6_write(struct file *file, const char __user *from, size_t len,
			    loff_t *at)
{
	struct header6 h;
	size_t done;

	mutex_lock(&lock);
	if (!*at)
		n_trace = 0;
	six = true;
	draw.count = 0;
	for (done = 0; done + sizeof(h) <= len && n_trace < HEADERS_MAX / 2; done += sizeof(h)) {
		if (copy_from_user(&h, from + done, sizeof(h)))
			break;
		keep6((struct kept6 *)trace + n_trace++, &h);
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
		n_trace = 0;
	six = false;
	draw.count = 0;
	for (done = 0; done + sizeof(h) <= len && n_trace < HEADERS_MAX; done += sizeof(h)) {
		if (copy_from_user(&h, from + done, sizeof(h)))
			break;
		keep((struct kept *)trace + n_trace++, &h);
	}
	mutex_unlock(&lock);
	*at += done;
	return done ? done : -EINVAL;
}

static ssize_t draw_write(struct file *file, const char __user *from, size_t len, loff_t *at)
{
	struct draw d;
	char text[64];

	if (len >= sizeof(text) || copy_from_user(text, from, len))
		return -EINVAL;
	text[len] = 0;
	if (sscanf(text, "%u %u %u %u", &d.count, &d.first, &d.shift, &d.ports) != 4 ||
	    !d.count || d.shift > 31 || d.ports > 65536)
		return -EINVAL;
	mutex_lock(&lock);
	six = false;
	draw = d;
	mutex_unlock(&lock);
	return len;
}

static void play(struct net_device *dev, struct sk_buff *skb, u32 count)
{
	u32 len = six ? FRAME6_LEN : FRAME_LEN, i, k;

	for (i = 0; i < count; i += BATCH) {
		local_bh_disable();
		for (k = 0; k < BATCH && i + k < count; k++) {
			if (!(k % MADE))
				make_frames(min(MADE, count - i - k));
			skb->data = skb->head + NET_SKB_PAD;
			skb_set_tail_pointer(skb, len);
			skb->len = len;
			if (six)
				memcpy(skb->data, &made.six[k % MADE], FRAME6_LEN);
			else
				memcpy(skb->data, &made.four[k % MADE], sizeof(struct frame) - 10);
			skb->protocol = eth_type_trans(skb, dev);
			refcount_inc(&skb->users);
			netif_receive_skb(skb);
		}
		local_bh_enable();
		cond_resched();
	}
}

static int play_fresh(struct net_device *dev, u32 count)
{
	struct sk_buff *skb;
	u32 i, k;

	for (i = 0; i < count; i += BATCH) {
		local_bh_disable();
		for (k = 0; k < BATCH && i + k < count; k++) {
			if (!(k % MADE))
				make_frames(min(MADE, count - i - k));
			skb = netdev_alloc_skb(dev, FRAME_LEN);
			if (!skb)
				break;
			skb_put_data(skb, &made.four[k % MADE], FRAME_LEN);
			ether_addr_copy(skb->data, dev->dev_addr);
			skb->protocol = eth_type_trans(skb, dev);
			skb->ip_summed = CHECKSUM_UNNECESSARY;
			netif_receive_skb(skb);
		}
		local_bh_enable();
		if (k < BATCH && i + k < count)
			return -ENOMEM;
		cond_resched();
	}
	return 0;
}

/* In @n parts, each timed by itself. The caller holds the lock. */
static int play_parts(struct net_device *dev, struct sk_buff *skb, u32 count, u32 n, bool fresh)
{
	u32 packets;
	u64 start;
	int ret = 0;

	next = 0;
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
	ret = skb && (n_trace || draw.count) ? 0 : -EINVAL;
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

static const struct proc_ops draw_ops = {
	.proc_write = draw_write,
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
	make_likes();
	trace = vmalloc_array(HEADERS_MAX, max(sizeof(struct kept), sizeof(struct kept6) / 2));
	if (!trace)
		return -ENOMEM;
	if (!proc_create("fwtree_trace", 0200, NULL, &trace_ops) ||
	    !proc_create("fwtree_trace6", 0200, NULL, &trace6_ops) ||
	    !proc_create("fwtree_draw", 0200, NULL, &draw_ops) ||
	    !proc_create("fwtree_inject", 0600, NULL, &inject_ops)) {
		remove_proc_subtree("fwtree_trace", NULL);
		remove_proc_subtree("fwtree_trace6", NULL);
		remove_proc_subtree("fwtree_draw", NULL);
		vfree(trace);
		return -ENOMEM;
	}
	return 0;
}

static void __exit inject_exit(void)
{
	remove_proc_entry("fwtree_inject", NULL);
	remove_proc_entry("fwtree_draw", NULL);
	remove_proc_entry("fwtree_trace6", NULL);
	remove_proc_entry("fwtree_trace", NULL);
	vfree(trace);
}

module_init(inject_init);
module_exit(inject_exit);
MODULE_DESCRIPTION("fwtree: a trace of headers, played into a device");
MODULE_LICENSE("GPL");
