// SPDX-License-Identifier: GPL-2.0
/*
 * SYNs from sources at random, as fast as a packet socket takes them.
 *
 *	flood DEV MAC DADDR DPORT COUNT [SEED SOURCES [FIRST]]
 *
 * MAC is who they are sent to. Sources are of 10.0.0.0/8, ports at random; the
 * checksums are right. Prints how many left. Two of one SEED send the same, from
 * so many SOURCES with a port each; COUNT 0 is without end. With FIRST, sources come
 * one after the other, from the so-manieth of the network on.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64

struct frame {
	struct ethhdr eth;
	struct iphdr ip;
	struct tcphdr tcp;
} __attribute__((packed));

static uint64_t state;
static int in_turn;
static uint32_t next_source;

static uint32_t random32(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state >> 16;
}

static uint32_t sum(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint32_t s = 0;
	size_t i;

	for (i = 0; i < len; i += 2)
		s += p[i] << 8 | p[i + 1];
	return s;
}

static uint16_t fold(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return htons(~s & 0xffff);
}

static void renew(struct frame *f, uint32_t sources)
{
	uint32_t r = in_turn ? next_source++ : random32();

	if (sources)
		r %= sources;
	f->ip.saddr = htonl(0x0a000000 | (r & 0xffffff));
	f->tcp.source = htons(1024 + (sources || in_turn ? r : random32()) % 60000);
	f->tcp.seq = random32();
	f->ip.check = 0;
	f->ip.check = fold(sum(&f->ip, sizeof(f->ip)));
	f->tcp.check = 0;
	f->tcp.check = fold(sum(&f->ip.saddr, 8) + IPPROTO_TCP + sizeof(f->tcp) +
			    sum(&f->tcp, sizeof(f->tcp)));
}

int main(int argc, char **argv)
{
	static struct frame frame[BATCH];
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_halen = 6 };
	long count, sent = 0, sources = 0;
	unsigned int m[6];
	int fd, i, n, on = 1;

	if ((argc != 6 && argc != 8 && argc != 9) ||
	    sscanf(argv[2], "%x:%x:%x:%x:%x:%x", m, m + 1, m + 2, m + 3, m + 4, m + 5) != 6) {
		fprintf(stderr, "usage: flood DEV MAC DADDR DPORT COUNT [SEED SOURCES [FIRST]]\n");
		return 2;
	}
	count = atol(argv[5]);
	state = (uint64_t)time(NULL) << 20 | getpid();
	if (argc >= 8) {
		state = 88172645463325252ull + atol(argv[6]);
		sources = atol(argv[7]);
	}
	if (argc == 9) {
		in_turn = 1;
		next_source = atol(argv[8]);
	}
	to.sll_ifindex = if_nametoindex(argv[1]);
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (fd < 0 || !to.sll_ifindex) {
		perror("flood");
		return 1;
	}
	setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on));
	memset(msg, 0, sizeof(msg));
	for (i = 0; i < BATCH; i++) {
		struct frame *f = &frame[i];
		int k;

		for (k = 0; k < 6; k++)
			f->eth.h_dest[k] = m[k];
		f->eth.h_source[0] = 2;
		f->eth.h_proto = htons(ETH_P_IP);
		f->ip.version = 4;
		f->ip.ihl = 5;
		f->ip.ttl = 64;
		f->ip.protocol = IPPROTO_TCP;
		f->ip.tot_len = htons(sizeof(f->ip) + sizeof(f->tcp));
		f->ip.daddr = inet_addr(argv[3]);
		f->tcp.dest = htons(atoi(argv[4]));
		f->tcp.doff = 5;
		f->tcp.syn = 1;
		f->tcp.window = htons(64240);
		iov[i].iov_base = f;
		iov[i].iov_len = sizeof(*f);
		msg[i].msg_hdr.msg_name = &to;
		msg[i].msg_hdr.msg_namelen = sizeof(to);
		msg[i].msg_hdr.msg_iov = &iov[i];
		msg[i].msg_hdr.msg_iovlen = 1;
	}
	while (!count || sent < count) {
		int want = count && count - sent < BATCH ? count - sent : BATCH;

		for (i = 0; i < want; i++)
			renew(&frame[i], sources);
		n = sendmmsg(fd, msg, want, 0);
		if (n <= 0) {
			perror("flood: send");
			return 1;
		}
		sent += n;
	}
	printf("%ld\n", sent);
	return 0;
}
