// SPDX-License-Identifier: GPL-2.0
/*
 * Ports of this machine's own sockets, which nobody else is given (R13).
 *
 * SCTP is a module that need not be there, and is not to be kept there by us, nor to be
 * loaded for the asking. So the one function of it that tells of sockets is looked up by
 * name, and the module held, for the time of a question: that is asked once for most
 * connections of SCTP that are given a port on an address of this machine. A look-up in
 * the tables of symbols takes some microseconds. A pointer that is kept, and let go of
 * when the module goes, would not do: who is told of that is told when its tables are
 * gone already (delete_module(2) of the kernel calls the exit function first).
 *
 * It tells of endpoints that listen. They are what a stranger can reach: an endpoint that
 * is bound and does not listen is reached by its own associations alone, which stand in
 * the table of connections like all that this machine sends.
 */
#include <linux/module.h>
#include <net/inet_hashtables.h>
#include <net/sctp/sctp.h>
#include <net/tcp.h>
#include <net/udp.h>

#include "bound.h"

static bool tcp_bound(struct net *net, u16 port)
{
	struct inet_hashinfo *h = net->ipv4.tcp_death_row.hashinfo;
	struct inet_bind_hashbucket *head;
	struct inet_bind_bucket *tb;
	bool found = false;

	head = &h->bhash[inet_bhashfn(net, port, h->bhash_size)];
	spin_lock_bh(&head->lock);
	inet_bind_bucket_for_each(tb, &head->chain) {
		if (tb->port == port && net_eq(ib_net(tb), net)) {
			found = true;
			break;
		}
	}
	spin_unlock_bh(&head->lock);
	return found;
}

/* Without a table there is no such protocol. */
static bool udp_bound(struct udp_table *table, struct net *net, u16 port)
{
	struct udp_hslot *slot;
	struct sock *sk;

	if (!table)
		return false;
	slot = udp_hashslot(table, net, port);
	sk_for_each_rcu(sk, &slot->head) {
		if (udp_sk(sk)->udp_port_hash == port && net_eq(sock_net(sk), net))
			return true;
	}
	return false;
}

#if IS_ENABLED(CONFIG_IP_SCTP)
/* SCTP's own walk begins a bucket of its 64 anew after each endpoint, so that many take
 * long: 1024 well spread ones some 10,000 steps. Those past them are not asked. Those of
 * other namespaces it steps over by itself, and they can't be counted.
 */
#define LISTENERS	1024

struct asked {
	u16 port;
	u16 seen;
	bool found;
};

static int is_bound(struct sctp_endpoint *ep, void *p)
{
	struct asked *a = p;

	a->found = ep->base.bind_addr.port == a->port;
	return a->found || ++a->seen == LISTENERS;
}

static bool sctp_bound(struct net *net, u16 port)
{
	typeof(sctp_for_each_endpoint) *each = symbol_get(sctp_for_each_endpoint);
	struct asked a = { .port = port };
	int pos = 0;

	if (!each)
		return false;
	each(is_bound, net, &pos, &a);
	symbol_put(sctp_for_each_endpoint);
	return a.found;
}
#else
static bool sctp_bound(struct net *net, u16 port)
{
	return false;
}
#endif

bool fwt_bound(struct net *net, u8 protocol, u16 port)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return tcp_bound(net, port);
	case IPPROTO_UDP:
		return udp_bound(fwt_udp_table(net), net, port);
	case IPPROTO_UDPLITE:
		return udp_bound(fwt_udplite_table(), net, port);
	case IPPROTO_SCTP:
		return sctp_bound(net, port);
	}
	return false;
}
