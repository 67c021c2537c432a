/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The network of the simulation's kernel: devices, packets in one piece, hooks. See
 * kernel.h.
 */
#ifndef FWT_SIM_KERNEL_NET_H
#define FWT_SIM_KERNEL_NET_H

#include <linux/in.h>
#include <linux/in6.h>

typedef u32 __wsum_t;
#define __wsum u32

struct sim_world;
struct sock;
struct user_namespace { int dummy; };
struct task_struct { unsigned int flags; };
#define PF_KTHREAD		0
extern struct user_namespace init_user_ns;
extern const struct task_struct sim_task;
#define current (&sim_task)

#define IFNAMSIZ 16
#define IFF_BROADCAST	0x2
#define IFF_LOOPBACK	0x8
#define ARPHRD_ETHER	1
#define ARPHRD_LOOPBACK	772
#define ARPHRD_NONE	0xfffe

struct net {
	struct list_head devs;
	struct user_namespace *user_ns;
	void *gen;			/* struct fwt_net */
	struct sim_world *world;
	const struct nf_hook_ops *hook[64];
	u32 n_hooks;
};

struct net_device {
	struct list_head list;
	struct net *net;
	char name[IFNAMSIZ];
	int ifindex;
	unsigned int flags;
	unsigned short type;
	u32 mtu;
	int vrf;		/* index of the one that it is in */
};

#define net_generic(net, id)		((net)->gen)
#define for_each_netdev(net, dev)	list_for_each_entry(dev, &(net)->devs, list)
#define dev_net(dev)			((dev)->net)
#define netif_is_l3_master(dev)		((void)(dev), false)
#define netif_is_l3_slave(dev)		((dev)->vrf != 0)
struct netdev_nested_priv { void *data; };
#define netdev_walk_all_upper_dev_rcu(dev, f, priv) ((void)(dev), (void)(f), (void)(priv), 0)
#define l3mdev_master_ifindex_rcu(dev)	((u32)(dev)->vrf)
#define inet_sdif(skb)			((void)(skb), 0)
#define inet6_sdif(skb)			((void)(skb), 0)
struct net_device *dev_get_by_index_rcu(struct net *net, int ifindex);
struct net_device *dev_get_by_name_rcu(struct net *net, const char *name);

struct notifier_block { int dummy; };
#define NOTIFY_DONE		0
#define notifier_from_errno(e)		((e) ? 0x8000 : 0)
#define NETDEV_REGISTER		5
#define NETDEV_UNREGISTER	6
#define NETDEV_CHANGENAME	10
#define netdev_notifier_info_to_dev(p) ((struct net_device *)(p))
#define rtnl_lock()		((void)0)
#define rtnl_unlock()		((void)0)
#define ASSERT_RTNL()		((void)0)

struct netlink_ext_ack { char text[256]; };
#define NL_SET_ERR_MSG(e, s)		NL_SET_ERR_MSG_FMT(e, "%s", s)
#define NL_SET_ERR_MSG_FMT(e, ...) \
	do { if (e) snprintf((e)->text, sizeof((e)->text), __VA_ARGS__); } while (0)

/* Packets */
#define ETH_P_IPV6		0x86dd
#define PACKET_HOST		0
#define PACKET_BROADCAST	1
#define PACKET_MULTICAST	2
#define PACKET_OTHERHOST	3
#define PACKET_OUTGOING		4
#define PACKET_LOOPBACK		5
#define CHECKSUM_NONE		0
#define CHECKSUM_UNNECESSARY	1
#define CHECKSUM_COMPLETE	2
#define CHECKSUM_PARTIAL	3
#define RTCF_BROADCAST		0x10000000u
#define RTCF_MULTICAST		0x20000000u

struct dst_entry { struct net_device *dev; };
struct rtable { u32 rt_flags; };

/* @data: of the network header, behind @mac bytes of an Ethernet header */
struct sk_buff {
	u8 *data;
	u32 len;
	u32 mac;
	u32 mark;
	u32 priority;
	int skb_iif;
	u8 pkt_type;
	u8 ip_summed;
	u16 protocol;		/* network byte order */
	u32 csum;
	u16 vlan_tci;
	u16 vlan_proto;
	bool vlan;
	u8 nfct;		/* IP_CT_UNTRACKED, or 0 */
	struct sim_cb { u16 flags; int iif; } cb;
	struct net_device *dev;
	struct rtable rt;
	struct sim_way *way;
};

struct skb_shared_info { u32 gso_type; };
extern const struct skb_shared_info sim_no_shinfo;
#define IPCB(skb)			(&(skb)->cb)
#define IP6CB(skb)			(&(skb)->cb)
#define IPSKB_L3SLAVE			0x80
#define IP6SKB_L3SLAVE			0x40
#define skb_rtable(skb)			(&(skb)->rt)
#define skb_dst(skb)			(&(struct dst_entry){ .dev = (skb)->dev })
#define skb_valid_dst(skb)		((void)(skb), true)
#define skb_dst_drop(skb)		((void)(skb))
#define secpath_exists(skb)		((void)(skb), false)
#define skb_network_offset(skb)		((void)(skb), 0)
#define skb_network_header(skb)		((skb)->data)
#define skb_mac_header_was_set(skb)	((skb)->mac != 0)
#define skb_mac_offset(skb)		(-(int)(skb)->mac)
#define skb_headlen(skb)		((skb)->len)
#define pskb_may_pull(skb, n)		((int)(n) <= (int)(skb)->len)
#define skb_ensure_writable(skb, n)	((u32)(n) <= (skb)->len ? 0 : -ENOMEM)
#define skb_csum_unnecessary(skb)	((skb)->ip_summed == CHECKSUM_UNNECESSARY)
#define skb_checksum_start_offset(skb)	((void)(skb), -1)
#define skb_is_gso(skb)			((void)(skb), false)
#define skb_shinfo(skb)			((void)(skb), &sim_no_shinfo)
#define skb_vlan_tag_present(skb)	((skb)->vlan)
#define skb_vlan_tag_get(skb)		((skb)->vlan_tci)
#define __vlan_hwaccel_put_tag(skb, proto, tci)	((skb)->vlan_tci = (tci))
#define VLAN_VID_MASK			0xfff
#define VLAN_HLEN			4
#define ETH_HLEN			14
#define skb_shared(skb)			((void)(skb), false)
#define IP_CT_UNTRACKED			7
#define skb_get_nfct(skb)		((skb)->nfct)
#define skb_set_nfct(skb, to)		((skb)->nfct = (to))
#define skb_orphan(skb)			((void)(skb))
#define SKB_GSO_UDP_TUNNEL_CSUM		0x800u

struct iphdr_addrs { u8 before[12]; __be32 saddr, daddr; };
struct ipv6hdr_addrs { u8 before[8]; struct in6_addr saddr, daddr; };
#define ip_hdr(skb)			((struct iphdr_addrs *)(void *)(skb)->data)
#define ipv6_hdr(skb)			((struct ipv6hdr_addrs *)(void *)(skb)->data)
struct sctphdr { __be16 source, dest; __be32 vtag; __le32 checksum; };

struct sk_buff *pskb_copy(const struct sk_buff *skb, unsigned int gfp);
void kfree_skb(struct sk_buff *skb);
#define consume_skb(skb)		kfree_skb(skb)

/* 0: right. The packet is parsed anew. */
int nf_checksum(struct sk_buff *skb, unsigned int hook, unsigned int off, u8 protocol,
		unsigned short family);
u32 skb_checksum(const struct sk_buff *skb, int off, int len, u32 sum);
u16 csum_tcpudp_magic(__be32 saddr, __be32 daddr, u32 len, u8 proto, u32 sum);
u16 csum_ipv6_magic(const struct in6_addr *saddr, const struct in6_addr *daddr, u32 len,
		    u8 proto, u32 sum);
u32 csum_add(u32 a, u32 b);
__le32 sctp_compute_cksum(const struct sk_buff *skb, unsigned int off);

/* Hooks */
#define NF_DROP			0u
#define NF_ACCEPT		1u
#define NF_STOLEN		2u
#define NF_QUEUE		3u
#define NF_VERDICT_MASK		0xffu
#define NF_VERDICT_QBITS	16
#define NF_DROP_ERR(e)		(((u32)-(e) << 16) | NF_DROP)
#define NF_QUEUE_NR(n)		(((u32)(n) << 16) | NF_QUEUE)
#define NF_VERDICT_FLAG_QUEUE_BYPASS 0x8000u
#define NFPROTO_IPV4		2
#define NFPROTO_NETDEV		5
#define NFPROTO_IPV6		10
#define RTN_UNSPEC		0
enum { NF_INET_PRE_ROUTING, NF_INET_LOCAL_IN, NF_INET_FORWARD, NF_INET_LOCAL_OUT,
       NF_INET_POST_ROUTING };
enum { NF_NETDEV_INGRESS, NF_NETDEV_EGRESS };

struct nf_hook_state {
	u8 hook;
	u8 pf;
	struct net_device *in;
	struct net_device *out;
	struct sock *sk;
	struct net *net;
};

typedef unsigned int nf_hookfn(void *priv, struct sk_buff *skb,
			       const struct nf_hook_state *state);

struct nf_hook_ops {
	nf_hookfn *hook;
	struct net_device *dev;
	void *priv;
	u8 pf;
	unsigned int hooknum;
	int priority;
};

int nf_register_net_hook(struct net *net, const struct nf_hook_ops *ops);
int nf_register_net_hooks(struct net *net, const struct nf_hook_ops *ops, unsigned int n);
void nf_unregister_net_hook(struct net *net, const struct nf_hook_ops *ops);
void nf_unregister_net_hooks(struct net *net, const struct nf_hook_ops *ops, unsigned int n);
#define nf_defrag_ipv4_enable(net)	0
#define nf_defrag_ipv6_enable(net)	0
#define nf_defrag_ipv4_disable(net)	((void)0)
#define nf_defrag_ipv6_disable(net)	((void)0)

int ip_route_me_harder(struct net *net, struct sock *sk, struct sk_buff *skb,
		       unsigned int type);
int ip6_route_me_harder(struct net *net, struct sock *sk, struct sk_buff *skb);

/* Answers that the kernel builds */
#define ICMP_PORT_UNREACH	3
#define ICMP_HOST_ANO		10
#define ICMP_PKT_FILTERED	13
#define ICMPV6_PORT_UNREACH	4
#define ICMPV6_ADM_PROHIBITED	1
void nf_send_reset(struct net *net, struct sock *sk, struct sk_buff *skb, int hook);
void nf_send_reset6(struct net *net, struct sock *sk, struct sk_buff *skb, int hook);
void nf_send_unreach(struct sk_buff *skb, int code, int hook);
void nf_send_unreach6(struct net *net, struct sk_buff *skb, unsigned char code,
		      unsigned int hook);

#endif /* FWT_SIM_KERNEL_NET_H */
