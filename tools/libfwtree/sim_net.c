// SPDX-License-Identifier: GPL-2.0
/*
 * Network of the simulation: devices, hooks, sums, and the answers that a kernel
 * writes for a packet that is refused.
 */
#include "kernel.h"
#include "hook.h"
#include "way.h"
#include "sim_net.h"
#include "rewrite.h"

struct sim_way *sim_way_now;

/* Devices */

struct net_device *dev_get_by_name_rcu(struct net *net, const char *name)
{
	struct net_device *dev;

	for_each_netdev(net, dev)
		if (!strcmp(dev->name, name))
			return dev;
	return NULL;
}

struct net_device *dev_get_by_index_rcu(struct net *net, int ifindex)
{
	struct net_device *dev;

	for_each_netdev(net, dev)
		if (dev->ifindex == ifindex)
			return dev;
	return NULL;
}

/* Its MTU; and the VRF that it is in. The VRF's own device is never met: the kernel runs
 * the hooks with it once more, and they pass that over.
 */
static void set_link(struct net *net, struct net_device *dev)
{
	const char *name = fwt_mock_link_vrf(&net->world->routes, dev->name);
	const struct net_device *vrf = *name ? sim_device(net, name) : NULL;

	dev->vrf = vrf ? vrf->ifindex : 0;
	dev->mtu = fwt_mock_link_mtu(&net->world->routes, dev->name);
	if (!dev->mtu)
		dev->mtu = dev->flags & IFF_LOOPBACK ? 65536 : 1500;
}

void sim_devices_link(struct net *net)
{
	struct net_device *dev;

	for_each_netdev(net, dev)
		set_link(net, dev);
}

struct net_device *sim_device(struct net *net, const char *name)
{
	struct net_device *dev = dev_get_by_name_rcu(net, name);
	int last = 0;

	if (dev)
		return dev;
	for_each_netdev(net, dev)
		last = max(last, dev->ifindex);
	dev = calloc(1, sizeof(*dev));
	if (!dev)
		return NULL;
	dev->net = net;
	dev->ifindex = last + 1;
	snprintf(dev->name, sizeof(dev->name), "%s", name);
	dev->type = ARPHRD_ETHER;
	dev->flags = IFF_BROADCAST;
	if (!strcmp(name, "lo")) {
		dev->flags = IFF_LOOPBACK;
		dev->type = ARPHRD_LOOPBACK;
	}
	list_add_tail(&dev->list, &net->devs);
	set_link(net, dev);
	fwt_dev_event(NULL, NETDEV_REGISTER, dev);
	return dev;
}

void sim_devices_clean(struct net *net)
{
	struct net_device *dev, *next;

	list_for_each_entry_safe(dev, next, &net->devs, list)
		free(dev);
}

/* Hooks */

int nf_register_net_hook(struct net *net, const struct nf_hook_ops *ops)
{
	u32 i = net->n_hooks;

	if (i == ARRAY_SIZE(net->hook))
		return -E2BIG;
	/* In the order of their priorities; of equal ones the first first. */
	for (; i && net->hook[i - 1]->priority > ops->priority; i--)
		net->hook[i] = net->hook[i - 1];
	net->hook[i] = ops;
	net->n_hooks++;
	return 0;
}

int nf_register_net_hooks(struct net *net, const struct nf_hook_ops *ops, unsigned int n)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < n; i++)
		ret = nf_register_net_hook(net, &ops[i]);
	return ret;
}

void nf_unregister_net_hook(struct net *net, const struct nf_hook_ops *ops)
{
	u32 i, n = 0;

	for (i = 0; i < net->n_hooks; i++)
		if (net->hook[i] != ops)
			net->hook[n++] = net->hook[i];
	net->n_hooks = n;
}

void nf_unregister_net_hooks(struct net *net, const struct nf_hook_ops *ops, unsigned int n)
{
	while (n--)
		nf_unregister_net_hook(net, &ops[n]);
}

unsigned int sim_hooks(struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct net_device *dev = NULL;
	struct net *net = state->net;
	unsigned int ret = NF_ACCEPT;
	u32 i;

	if (state->pf == NFPROTO_NETDEV)
		dev = state->hook == NF_NETDEV_INGRESS ? state->in : state->out;
	for (i = 0; i < net->n_hooks && ret == NF_ACCEPT; i++) {
		const struct nf_hook_ops *ops = net->hook[i];

		if (ops->pf == state->pf && ops->hooknum == state->hook && ops->dev == dev)
			ret = ops->hook(ops->priv, skb, state);
	}
	return ret;
}

unsigned int sim_leave(struct net *net, struct sk_buff *skb, struct net_device *in)
{
	struct nf_hook_state state = {
		.hook = NF_INET_POST_ROUTING, .net = net, .out = skb->dev,
		.pf = *skb->data >> 4 == 6 ? NFPROTO_IPV6 : NFPROTO_IPV4,
	};
	unsigned int ret;

	(void)in;
	ret = sim_hooks(skb, &state);
	if (ret != NF_ACCEPT)
		return ret;
	state.hook = NF_NETDEV_EGRESS;
	state.pf = NFPROTO_NETDEV;
	return sim_hooks(skb, &state);
}

static void ends_of(const struct sk_buff *skb, struct fwt_packet *p)
{
	const u8 *at = skb->data + 12;
	u32 i;

	memset(p, 0, sizeof(*p));
	p->have = FWT_HAVE_IP;
	p->family = *skb->data >> 4;
	p->mark = skb->mark;
	if (p->family == 6) {
		at = skb->data + 8;
		for (i = 0; i < 4; i++) {
			p->saddr[i] = get_unaligned_be32(at + 4 * i);
			p->daddr[i] = get_unaligned_be32(at + 16 + 4 * i);
		}
	} else {
		p->saddr[0] = get_unaligned_be32(at);
		p->daddr[0] = get_unaligned_be32(at + 4);
	}
}

void sim_route(const struct net *net, const struct sk_buff *skb, const char *iif,
	       struct fwt_route *r)
{
	struct fwt_packet p;
	bool many;

	ends_of(skb, &p);
	p.iif = iif;
	p.oif = iif ? NULL : skb->dev->name;
	memset(r, 0, sizeof(*r));
	many = p.family == 6 ? p.daddr[0] >> 24 == 0xff :
	       p.daddr[0] >> 28 == 0xe || p.daddr[0] == 0xffffffff;
	if (many) {
		r->type = p.family == 4 && p.daddr[0] == 0xffffffff ? FWT_ROUTE_BROADCAST :
								     FWT_ROUTE_MULTICAST;
		snprintf(r->oif, sizeof(r->oif), "%s", skb->dev->name);
		return;
	}
	fwt_mock_route(&net->world->routes, &p, FWT_ROUTE_FORWARD, r);
}

static int route_again(struct net *net, struct sk_buff *skb)
{
	struct fwt_route r;

	sim_route(net, skb, NULL, &r);
	if (r.type == FWT_ROUTE_NONE || r.type == FWT_ROUTE_UNREACHABLE) {
		sim_way_now->why = "no-route";
		return -EHOSTUNREACH;
	}
	skb->dev = sim_device(net, r.oif);
	return skb->dev ? 0 : -ENOMEM;
}

u32 sim_mtu(const struct net *net, const struct sk_buff *skb)
{
	struct fwt_packet p;
	u32 mtu;

	ends_of(skb, &p);
	p.oif = skb->dev->name;
	mtu = fwt_mock_route_mtu(&net->world->routes, &p);
	return mtu && mtu < skb->dev->mtu ? mtu : skb->dev->mtu;
}

int ip_route_me_harder(struct net *net, struct sock *sk, struct sk_buff *skb,
		       unsigned int type)
{
	(void)sk;
	(void)type;
	return route_again(net, skb);
}

int ip6_route_me_harder(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	(void)sk;
	return route_again(net, skb);
}

/* Packets */

/* With its Ethernet header. */
struct sk_buff *pskb_copy(const struct sk_buff *skb, unsigned int gfp)
{
	struct sk_buff *to = malloc(sizeof(*to) + skb->mac + skb->len);

	(void)gfp;
	if (!to)
		return NULL;
	*to = *skb;
	to->data = (u8 *)(to + 1) + skb->mac;
	memcpy(to + 1, skb->data - skb->mac, skb->mac + skb->len);
	return to;
}

void kfree_skb(struct sk_buff *skb)
{
	free(skb);
}

/* Sums */

static u32 sum_bytes(u32 sum, const u8 *p, u32 len)
{
	u64 s = sum;
	u32 i;

	for (i = 0; i + 1 < len; i += 2)
		s += (u32)p[i] << 8 | p[i + 1];
	if (len & 1)
		s += (u32)p[len - 1] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (u32)s;
}

u32 csum_add(u32 a, u32 b)
{
	u64 s = (u64)a + b;

	return (u32)(s + (s >> 32));
}

u32 skb_checksum(const struct sk_buff *skb, int off, int len, u32 sum)
{
	return sum_bytes(sum, skb->data + off, (u32)len);
}

u16 csum_tcpudp_magic(__be32 saddr, __be32 daddr, u32 len, u8 proto, u32 sum)
{
	sum = sum_bytes(sum, (const u8 *)&saddr, 4);
	sum = sum_bytes(sum, (const u8 *)&daddr, 4);
	return (u16)~sum_bytes(sum + proto + (len & 0xffff) + (len >> 16), NULL, 0);
}

u16 csum_ipv6_magic(const struct in6_addr *saddr, const struct in6_addr *daddr, u32 len,
		    u8 proto, u32 sum)
{
	sum = sum_bytes(sum, (const u8 *)saddr, 16);
	sum = sum_bytes(sum, (const u8 *)daddr, 16);
	return (u16)~sum_bytes(sum + proto + (len & 0xffff) + (len >> 16), NULL, 0);
}

__le32 sctp_compute_cksum(const struct sk_buff *skb, unsigned int off)
{
	u32 crc = ~0u, i, k;

	for (i = off; i < skb->len; i++) {
		/* Its own place counts as zero. */
		crc ^= i - off >= 8 && i - off < 12 ? 0 : skb->data[i];
		for (k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return (__force __le32)htole32(~crc);
}

int nf_checksum(struct sk_buff *skb, unsigned int hook, unsigned int off, u8 protocol,
		unsigned short family)
{
	struct fwt_packet p = { .ether_type = ntohs(skb->protocol) };

	(void)hook;
	(void)off;
	(void)protocol;
	(void)family;
	if (skb_csum_unnecessary(skb))
		return 0;
	if (fwt_packet_parse(&p, skb->data, skb->len, skb->len, FWT_PARSE_NETWORK))
		return 1;
	return !fwt_csum_verify(&p, skb->data);
}

void sim_checksum_ip4(u8 *ip)
{
	put_unaligned_be16(0, ip + 10);
	put_unaligned_be16((u16)~sum_bytes(0, ip, (*ip & 15) * 4u), ip + 10);
}

/* Answers: what nf_reject_ipv4.c and nf_reject_ipv6.c, and icmp_send(), would say of
 * the packet at @skb. They leave by LOCAL_OUT, as any packet that begins here.
 */

static void put_sum(u8 *l4, u32 at, u32 len, u8 family, const u8 *addrs, u8 protocol,
		    bool pseudo)
{
	u32 sum = 0;

	put_unaligned_be16(0, l4 + at);
	if (pseudo)
		sum = sum_bytes(protocol + len, addrs, family == 6 ? 32 : 8);
	put_unaligned_be16((u16)~sum_bytes(sum, l4, len), l4 + at);
}

/* The IP header of an answer to @from; returns the bytes of it. */
static u32 begin(u8 *to, const u8 *from, u8 protocol, u32 payload)
{
	if (*from >> 4 == 6) {
		memset(to, 0, 40);
		*to = 0x60;
		put_unaligned_be16((u16)payload, to + 4);
		to[6] = protocol;
		to[7] = 64;
		memcpy(to + 8, from + 24, 16);
		memcpy(to + 24, from + 8, 16);
		return 40;
	}
	memset(to, 0, 20);
	*to = 0x45;
	put_unaligned_be16((u16)(20 + payload), to + 2);
	to[6] = 0x40;
	to[8] = 64;
	to[9] = protocol;
	memcpy(to + 12, from + 16, 4);
	memcpy(to + 16, from + 12, 4);
	sim_checksum_ip4(to);
	return 20;
}

/* Of an error the address of the interface that the packet came in by is the source,
 * where the destination of the packet is none of ours.
 */
static void own_source(struct net *net, struct sk_buff *skb, u8 *ip)
{
	const struct net_device *dev = dev_get_by_index_rcu(net, skb->skb_iif);
	bool six = *ip >> 4 == 6;
	u8 *src = ip + (six ? 8 : 12);
	struct sk_buff answer = { .data = ip, .dev = skb->dev };
	struct fwt_packet p;
	u32 addr[4], i;

	ends_of(&answer, &p);
	if (dev && !fwt_own_address(net, dev, p.family, p.saddr) &&
	    fwt_mock_local(&net->world->routes, dev->name, &p, addr))
		for (i = 0; i < (six ? 4u : 1u); i++)
			put_unaligned_be32(addr[i], src + 4 * i);
	if (!six)
		sim_checksum_ip4(ip);
}

/* @frame: it goes back by the device that the packet came in by, past all but that one's
 * own tree.
 */
static void lead_back(struct net *net, const struct sk_buff *refused, u32 len, bool frame)
{
	struct sim_answer *a = &sim_way_now->answer;
	u8 *ip = a->frame + SIM_HEADROOM;
	bool six = *ip >> 4 == 6;
	struct sk_buff skb = {
		.data = ip, .len = len, .protocol = htons(six ? 0x86dd : 0x0800),
		.ip_summed = CHECKSUM_UNNECESSARY,
	};
	struct nf_hook_state state = {
		.hook = NF_INET_LOCAL_OUT, .net = net,
		.pf = six ? NFPROTO_IPV6 : NFPROTO_IPV4,
	};

	skb.dev = dev_get_by_index_rcu(net, refused->skb_iif);
	if (!skb.dev)
		skb.dev = refused->dev;
	if (frame) {
		a->len = len;
		a->dropped = sim_leave(net, &skb, NULL) != NF_ACCEPT;
		a->dev = skb.dev;
		return;
	}
	if (route_again(net, &skb))
		sim_way_now->why = NULL;	/* it goes back where that came from */
	state.out = skb.dev;
	a->len = len;
	a->dropped = sim_hooks(&skb, &state) != NF_ACCEPT ||
		     sim_leave(net, &skb, NULL) != NF_ACCEPT;
	a->dev = skb.dev;
}

/* The walks of an answer are none of the packet's that it is for. */
static void say(struct net *net, const struct sk_buff *refused, u32 len, bool frame)
{
	struct sim_walks *w = sim_walks_now;
	size_t n = w->n, n_steps = w->n_steps;

	lead_back(net, refused, len, frame);
	w->n = n;
	w->n_steps = n_steps;
}

static bool parse(struct sk_buff *skb, struct fwt_packet *p)
{
	memset(p, 0, sizeof(*p));
	p->ether_type = ntohs(skb->protocol);
	return !fwt_packet_parse(p, skb->data, skb->len, skb->len, FWT_PARSE_NETWORK);
}

/* nf_reject does not answer what may have been damaged on its way; of what is summed
 * otherwise, or in parts, it asks nothing.
 */
static bool damaged(const struct sk_buff *skb, const struct fwt_packet *p)
{
	if (skb_csum_unnecessary(skb))
		return false;
	switch (p->protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return !fwt_csum_verify(p, skb->data);
	}
	return false;
}

static bool to_many(const struct fwt_packet *p)
{
	return p->family == 6 ? p->daddr[0] >> 24 == 0xff :
	       p->daddr[0] >> 28 == 0xe || p->daddr[0] == 0xffffffff;
}

static void reset(struct net *net, struct sk_buff *skb, bool frame)
{
	u8 *ip = sim_way_now->answer.frame + SIM_HEADROOM, *tcp;
	bool six = *skb->data >> 4 == 6;
	struct fwt_packet p;
	u32 header;

	if (!parse(skb, &p) || !(p.have & FWT_HAVE_TCP) || p.tcp_flags & FWT_TCP_RST ||
	    to_many(&p) || skb->pkt_type == PACKET_BROADCAST ||
	    skb->pkt_type == PACKET_MULTICAST || damaged(skb, &p))
		return;
	header = begin(ip, skb->data, IPPROTO_TCP, 20);
	tcp = ip + header;
	memset(tcp, 0, 20);
	put_unaligned_be16(p.dport, tcp);
	put_unaligned_be16(p.sport, tcp + 2);
	tcp[12] = 5 << 4;
	if (p.tcp_flags & FWT_TCP_ACK) {
		put_unaligned_be32(p.tcp_ack, tcp + 4);
		tcp[13] = FWT_TCP_RST;
	} else {
		put_unaligned_be32(p.tcp_seq + (p.end - p.payload) +
				   !!(p.tcp_flags & FWT_TCP_SYN) +
				   !!(p.tcp_flags & FWT_TCP_FIN), tcp + 8);
		tcp[13] = FWT_TCP_RST | FWT_TCP_ACK;
	}
	put_sum(tcp, 16, 20, six ? 6 : 4, ip + (six ? 8 : 12), IPPROTO_TCP, true);
	say(net, skb, header + 20, frame);
}

static void unreachable(struct net *net, struct sk_buff *skb, u8 type, u8 code, u32 word,
			bool frame)
{
	u8 *ip = sim_way_now->answer.frame + SIM_HEADROOM, *icmp;
	bool six = *skb->data >> 4 == 6;
	struct fwt_packet p;
	u32 header, most, n;

	/* RFC 1122, 3.2.2; RFC 4443, 2.4 */
	if (!parse(skb, &p) || p.have & FWT_HAVE_ICMP_ERROR || p.frag_off || to_many(&p) ||
	    skb->pkt_type == PACKET_BROADCAST || skb->pkt_type == PACKET_MULTICAST)
		return;
	/* Of frames nf_reject allows for options. */
	most = six ? 1280 - 48 - (frame ? 12 : 0) : 576 - 28 - (frame ? 12 : 0);
	n = min(skb->len, most);
	header = begin(ip, skb->data, six ? 58 : 1, 8 + n);
	/* RFC 1812, 4.3.2.5: its kind of service, and precedence 6; by icmp_send(). */
	if (!six && !frame)
		ip[1] = (skb->data[1] & 0x1e) | 0xc0;
	if (!frame)
		own_source(net, skb, ip);
	else if (!six)
		sim_checksum_ip4(ip);
	icmp = ip + header;
	memset(icmp, 0, 8);
	icmp[0] = type;
	icmp[1] = code;
	put_unaligned_be32(word, icmp + 4);
	memcpy(icmp + 8, skb->data, n);
	put_sum(icmp, 2, 8 + n, six ? 6 : 4, ip + (six ? 8 : 12), 58, six);
	say(net, skb, header + 8 + n, frame);
}

void nf_send_reset(struct net *net, struct sock *sk, struct sk_buff *skb, int hook)
{
	(void)sk;
	(void)hook;
	reset(net, skb, false);
}

void nf_send_reset6(struct net *net, struct sock *sk, struct sk_buff *skb, int hook)
{
	(void)sk;
	(void)hook;
	reset(net, skb, false);
}

void nf_send_unreach(struct sk_buff *skb, int code, int hook)
{
	struct fwt_packet p;

	(void)hook;
	if (parse(skb, &p) && !damaged(skb, &p))
		unreachable(skb->dev->net, skb, 3, (u8)code, 0, false);
}

void nf_send_unreach6(struct net *net, struct sk_buff *skb, unsigned char code,
		      unsigned int hook)
{
	struct fwt_packet p;

	(void)hook;
	/* One that ends with its headers is of no transport. */
	if (parse(skb, &p) && p.l4 < skb->len && !damaged(skb, &p))
		unreachable(net, skb, 1, code, 0, false);
}

void sim_say_error(struct net *net, struct sk_buff *skb, u8 type4, u8 code4, u8 type6, u8 code6,
		   u32 word)
{
	if (*skb->data >> 4 == 6)
		unreachable(net, skb, type6, code6, word, false);
	else
		unreachable(net, skb, type4, code4, word, false);
}

void fwt_answer_frame_send(const struct fwt_way *w, u8 reject)
{
	static const u8 code[2][__FWT_REJECT_MAX] = {
		{ [FWT_REJECT_DEFAULT] = 3, [FWT_REJECT_PORT_UNREACHABLE] = 3,
		  [FWT_REJECT_HOST_PROHIBITED] = 10, [FWT_REJECT_ADMIN_PROHIBITED] = 13 },
		{ [FWT_REJECT_DEFAULT] = 4, [FWT_REJECT_PORT_UNREACHABLE] = 4,
		  [FWT_REJECT_HOST_PROHIBITED] = 1, [FWT_REJECT_ADMIN_PROHIBITED] = 1 },
	};
	bool six = w->p.family == 6;
	struct fwt_packet p;

	if (reject == FWT_REJECT_TCP_RESET)
		reset(w->fn->net, w->skb, true);
	else if (parse(w->skb, &p) && !damaged(w->skb, &p))
		unreachable(w->fn->net, w->skb, six ? 1 : 3, code[six][reject], 0, true);
}
