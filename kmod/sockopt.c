// SPDX-License-Identifier: GPL-2.0
/*
 * The destination that a client dialled, for the program that its connection was
 * led to: a socket option, see uapi/linux/fwtree_sockopt.h.
 */
#include <linux/ipv6.h>
#include <linux/module.h>
#include <linux/netfilter.h>
#include <linux/uaccess.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>

#include "conn.h"
#include "sockopt.h"
#include "fwtree_sockopt.h"

static void end4(struct fwt_end *end, __be32 addr, __be16 port)
{
	end->addr[0] = be32_to_cpu(addr);
	end->port = be16_to_cpu(port);
}

static void end6(struct fwt_end *end, const struct in6_addr *addr, __be16 port)
{
	u32 i;

	for (i = 0; i < 4; i++)
		end->addr[i] = be32_to_cpu(addr->s6_addr32[i]);
	end->port = be16_to_cpu(port);
}

/* What the socket's peer sends, as it stands before routing. */
static int socket_tuple(struct sock *sk, struct fwt_tuple *t)
{
	const struct inet_sock *inet = inet_sk(sk);
	bool link_local = false, six = false;
	int dif, ret = 0;

	memset(t, 0, sizeof(*t));
	lock_sock(sk);
	dif = sk->sk_bound_dev_if;
	t->protocol = sk->sk_protocol;
#if IS_ENABLED(CONFIG_IPV6)
	six = sk->sk_family == AF_INET6 && !ipv6_addr_v4mapped(&sk->sk_v6_daddr);
#endif
	if (!inet->inet_dport) {
		ret = -ENOTCONN;
	} else if (!six) {
		t->family = 4;
		end4(&t->src, inet->inet_daddr, inet->inet_dport);
		end4(&t->dst, inet->inet_rcv_saddr, inet->inet_sport);
#if IS_ENABLED(CONFIG_IPV6)
	} else {
		t->family = 6;
		end6(&t->src, &sk->sk_v6_daddr, inet->inet_dport);
		end6(&t->dst, &sk->sk_v6_rcv_saddr, inet->inet_sport);
		link_local = ipv6_addr_type(&sk->sk_v6_daddr) & IPV6_ADDR_LINKLOCAL;
#endif
	}
	release_sock(sk);

	if (dif && link_local) {
		t->scope = dif;
	} else if (dif) {
		/* A socket of a VRF is bound to the VRF itself, or to a port. */
		struct net_device *dev;

		rcu_read_lock();
		dev = dev_get_by_index_rcu(sock_net(sk), dif);
		if (dev)
			t->scope = l3mdev_master_ifindex_rcu(dev);
		rcu_read_unlock();
	}
	return ret;
}

static int dialled(struct sock *sk, struct fwt_end *end, u8 *family)
{
	struct fwt_net *fn = fwt_pernet(sock_net(sk));
	struct fwt_tuple t;
	struct fwt_conn *c;
	enum fwt_dir dir;
	int ret;

	ret = socket_tuple(sk, &t);
	if (ret)
		return ret;
	/* Pairs with the release in fwt_conns_init(). */
	if (!smp_load_acquire(&fn->conns_ready))
		return -ENOENT;
	rcu_read_lock();
	c = fwt_conn_find(fn, fwt_hash_tuple(&fn->conns, &t), &t, &dir);
	if (c)
		fwt_ends_get(&c->ends, FWT_V, end);
	rcu_read_unlock();
	*family = t.family;
	return c ? 0 : -ENOENT;
}

static int answer(void __user *user, int *len, const void *from, int size)
{
	if (*len < size)
		return -EINVAL;
	*len = size;
	return copy_to_user(user, from, size) ? -EFAULT : 0;
}

static int get4(struct sock *sk, int optval, void __user *user, int *len)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct fwt_end end;
	u8 family;
	int ret;

	ret = dialled(sk, &end, &family);
	if (ret)
		return ret;
	if (family != 4)
		return -ENOTCONN;
	to.sin_port = cpu_to_be16(end.port);
	to.sin_addr.s_addr = cpu_to_be32(end.addr[0]);
	return answer(user, len, &to, sizeof(to));
}

static struct nf_sockopt_ops sockopt4 = {
	.pf = PF_INET,
	.get_optmin = FWT_SO_ORIGINAL_DST,
	.get_optmax = FWT_SO_ORIGINAL_DST + 1,
	.get = get4,
	.owner = THIS_MODULE,
};

#if IS_ENABLED(CONFIG_IPV6)
static int get6(struct sock *sk, int optval, void __user *user, int *len)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6 };
	struct fwt_end end;
	u8 family;
	int ret;
	u32 i;

	ret = dialled(sk, &end, &family);
	if (ret)
		return ret;
	to.sin6_port = cpu_to_be16(end.port);
	if (family == 4)
		ipv6_addr_set_v4mapped(cpu_to_be32(end.addr[0]), &to.sin6_addr);
	else
		for (i = 0; i < 4; i++)
			to.sin6_addr.s6_addr32[i] = cpu_to_be32(end.addr[i]);
	if (ipv6_addr_type(&to.sin6_addr) & IPV6_ADDR_LINKLOCAL)
		to.sin6_scope_id = READ_ONCE(sk->sk_bound_dev_if);
	return answer(user, len, &to, sizeof(to));
}

static struct nf_sockopt_ops sockopt6 = {
	.pf = PF_INET6,
	.get_optmin = FWT_SO_ORIGINAL_DST,
	.get_optmax = FWT_SO_ORIGINAL_DST + 1,
	.get = get6,
	.owner = THIS_MODULE,
};
#endif

int fwt_sockopt_init(void)
{
	int ret = nf_register_sockopt(&sockopt4);

#if IS_ENABLED(CONFIG_IPV6)
	if (!ret) {
		ret = nf_register_sockopt(&sockopt6);
		if (ret)
			nf_unregister_sockopt(&sockopt4);
	}
#endif
	return ret;
}

void fwt_sockopt_clean(void)
{
#if IS_ENABLED(CONFIG_IPV6)
	nf_unregister_sockopt(&sockopt6);
#endif
	nf_unregister_sockopt(&sockopt4);
}
