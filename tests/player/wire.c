// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "wire.h"

static const char *const name[2] = { "cli", "srv" };

static int open_tun(const char *dev)
{
	struct ifreq ifr;
	char command[200];
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);

	memset(&ifr, 0, sizeof(ifr));
	strcpy(ifr.ifr_name, dev);
	ifr.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
	if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr)) {
		perror(dev);
		return -1;
	}
	snprintf(command, sizeof(command),
		 "echo 1 >/proc/sys/net/ipv6/conf/%s/addr_gen_mode; "
		 "ip link set %s mtu %d txqueuelen 5000 up", dev, dev, WIRE_MTU);
	return system(command) ? -1 : fd;
}

static bool add_routes(const char *ns)
{
	char command[600];

	snprintf(command, sizeof(command),
		 "ip -n %s route add 10.0.0.0/9 dev cli; ip -n %s route add default dev srv;"
		 "ip -n %s -6 route add fd00::/32 dev cli; ip -n %s -6 route add default dev srv",
		 ns, ns, ns, ns);
	return !system(command);
}

bool wire_addresses(const char *ns)
{
	char command[600];

	snprintf(command, sizeof(command),
		 "ip -n %s addr add 10.1.0.254/32 dev cli; ip -n %s addr add 192.0.2.1/32 dev srv;"
		 "ip -n %s addr add fd00:0:1::fe/128 dev cli nodad;"
		 "ip -n %s addr add 2001:db8:9::1/128 dev srv nodad", ns, ns, ns, ns);
	return !system(command);
}

bool wire_open(struct wire *w, const char *ns)
{
	int back = open("/proc/self/ns/net", O_RDONLY), there;
	char path[100];
	int i;

	snprintf(path, sizeof(path), "/run/netns/%s", ns);
	there = open(path, O_RDONLY);
	if (back < 0 || there < 0 || setns(there, CLONE_NEWNET)) {
		perror(path);
		return false;
	}
	close(there);
	for (i = 0; i < 2; i++)
		w->fd[i] = open_tun(name[i]);
	if (setns(back, CLONE_NEWNET))
		return false;
	close(back);
	return w->fd[0] >= 0 && w->fd[1] >= 0 && add_routes(ns);
}

u64 wire_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (u64)t.tv_sec * 1000 + (u64)t.tv_nsec / 1000000;
}

void wire_sleep_until(u64 ms)
{
	struct timespec t = {
		.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000,
	};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

bool wire_send(struct wire *w, int side, const u8 *data, u32 len, u16 sum_start,
	       u16 sum_off)
{
	struct virtio_net_hdr h = { 0 };
	struct iovec v[2] = {
		{ &h, sizeof(h) }, { (void *)data, len },
	};

	if (sum_start) {
		h.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		h.csum_start = sum_start;
		h.csum_offset = sum_off;
	}
	return writev(w->fd[side], v, 2) == (ssize_t)(sizeof(h) + len);
}

static bool multicast(const u8 *p)
{
	return *p >> 4 == 6 ? p[24] == 0xff : p[16] >> 4 == 0xe;
}

int wire_read(struct wire *w, int side, u8 *data, int wait)
{
	struct pollfd p = { .fd = w->fd[side], .events = POLLIN };
	struct virtio_net_hdr h;
	struct iovec v[2] = {
		{ &h, sizeof(h) }, { data, WIRE_MTU },
	};
	ssize_t n;

	for (;;) {
		n = readv(w->fd[side], v, 2);
		if (n < 0) {
			if (!wait || poll(&p, 1, wait) <= 0)
				return -1;
			continue;
		}
		n -= (ssize_t)sizeof(h);
		if (n >= 20 && !multicast(data))
			return (int)n;
	}
}
