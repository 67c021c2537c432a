// SPDX-License-Identifier: GPL-2.0
/*
 * First packets on two CPUs at once, in a guest with two.
 *
 *	race HOW SECONDS	both: each end sends the first packet that it knows of;
 *				open: and it is a SYN (a simultaneous open);
 *				same: the client's first packet, twice
 *
 *	  ours ──── cli  race  srv ──── ours
 *
 * However they meet, one entry is made, and both packets go through (R23). Prints
 * what it saw; status 0 if all of it was right. That they never met says nothing: then it
 * goes on, for PATIENCE times as long, and fails. Status 4 where there are no two CPUs.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "fw.h"
#include "packet.h"
#include "pkt.h"
#include "wire.h"

#define BLOCK		500		/* connections, then the books are looked at */
#define CLIENT		0x0a400001
#define SERVER		0x0a800001
#define PATIENCE	10
#define SKIP		4

static struct wire wire;
static struct pkt pkt[2];
static int side[2];
static atomic_uint go, done;
static atomic_bool over;

static void spin(unsigned int n)
{
	while (n--)
		atomic_signal_fence(memory_order_seq_cst);
}

/* One CPU: sends its packet each time it is told to, now a little late, now not. */
static void *cpu(void *arg)
{
	unsigned int me = (unsigned int)(size_t)arg, last = 0, rnd = me + 1;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(me, &set);
	if (pthread_setaffinity_np(pthread_self(), sizeof(set), &set))
		abort();
	while (!atomic_load(&over)) {
		if (atomic_load(&go) == last) {
			sched_yield();
			continue;
		}
		last++;
		spin(pkt_random(&rnd) % 2000);
		if (!wire_send(&wire, side[me], pkt[me].data, pkt[me].len, 0, 0))
			abort();
		atomic_fetch_add(&done, 1);
	}
	return NULL;
}

static bool same, syn;

static void build(unsigned int i)
{
	struct pkt_spec s = {
		.family = 4, .saddr = { CLIENT }, .daddr = { SERVER },
		.protocol = syn ? 6 : 17, .tcp_flags = FWT_TCP_SYN, .tcp_seq = i,
		.tcp_window = 65535,
		.sport = (u16)(1024 + i % 50000), .dport = (u16)(2000 + i / 50000),
		.payload_len = 20, .seed = i + 1,
	};

	pkt_build(&pkt[0], &s);
	side[0] = 0;
	side[1] = 0;
	if (!same) {
		struct pkt_spec r = s;

		r.saddr[0] = SERVER;
		r.daddr[0] = CLIENT;
		r.sport = s.dport;
		r.dport = s.sport;
		s = r;
		side[1] = 1;
	}
	s.payload_len = 30;
	pkt_build(&pkt[1], &s);
}

/* Where what is sent from @at comes out; its length tells which it is. */
static bool comes_out(unsigned int which, u16 *port)
{
	static u8 got[WIRE_MTU];
	int n = wire_read(&wire, !side[which], got, 5000);

	if (n < 28)
		return false;
	*port = get_unaligned_be16(got + 20);
	return true;
}

struct sum {
	unsigned int entries;
	unsigned int wrong;
};

static void add(const struct entry *e, void *arg)
{
	struct sum *s = arg;

	s->entries++;
	if (e->dir[0].packets + e->dir[1].packets != 2 || e->tentative ||
	    (syn && strcmp(e->state, "SYN_SENT2")))
		s->wrong++;
}

static bool block(unsigned int first)
{
	struct sum sum = { 0 };
	unsigned int i;
	u16 port[2];

	for (i = first; i < first + BLOCK; i++) {
		build(i);
		atomic_store(&done, 0);
		atomic_fetch_add(&go, 1);
		while (atomic_load(&done) < 2)
			sched_yield();
		if (!comes_out(0, &port[0]) || !comes_out(1, &port[1])) {
			printf("# connection %u: a packet did not come out\n", i);
			return false;
		}
		if (same && port[0] != port[1]) {
			printf("# connection %u: shown with ports %u and %u\n", i, port[0],
			       port[1]);
			return false;
		}
	}
	if (!fw_conns("race", add, &sum))
		return false;
	if (sum.entries == BLOCK && !sum.wrong)
		return true;
	printf("# %u entries of %u, %u of which are not of two packets\n", sum.entries,
	       BLOCK, sum.wrong);
	return false;
}

/* Has one of two found the other one's entry where it was to put its own. */
static bool met(void)
{
	u64 value[__FWT_REASON_MAX];

	return fw_reasons("race", value) && value[FWT_REASON_RACE_LOST];
}

int main(int argc, char **argv)
{
	bool good = true;
	int seconds = argc == 3 ? atoi(argv[2]) : 0;
	time_t end, last;
	u64 value[__FWT_REASON_MAX];
	unsigned int n = 0;
	pthread_t thread[2];
	size_t i;

	same = argc == 3 && !strcmp(argv[1], "same");
	syn = argc == 3 && !strcmp(argv[1], "open");
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		printf("# one CPU: nothing can meet\n");
		return SKIP;
	}
	end = time(NULL) + seconds;
	last = end + ((PATIENCE - 1) * seconds < 60 ? (PATIENCE - 1) * seconds : 60);
	if (argc != 3 || !wire_open(&wire, "race") ||
	    !fw_apply("race", same ?
		      "option adopt 0s\ningress { ct state untracked accept; ct state invalid drop\n"
		      "daddr 10.128.0.1 protocol udp dnat to 10.192.0.1 accept\naccept }\n"
		      "egress { oif srv snat to 100.64.0.1 accept; accept }\n" :
		      "option adopt 0s\ningress { accept }\negress { accept }\n"))
		return 1;
	for (i = 0; i < 2; i++)
		if (pthread_create(&thread[i], NULL, cpu, (void *)i))
			return 1;
	do {
		good = block(n) && !system("fwctl -n race conn flush >/dev/null");
		n += BLOCK;
	} while (good && (time(NULL) < end || (time(NULL) < last && !met())));
	atomic_store(&over, true);
	for (i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	if (!fw_reasons("race", value))
		return 1;
	printf("# %u connections, %llu of them made by two at once\n", n,
	       (unsigned long long)value[FWT_REASON_RACE_LOST]);
	if (!value[FWT_REASON_RACE_LOST]) {
		printf("# the two never met\n");
		good = false;
	}
	for (i = 1; i < __FWT_REASON_MAX; i++)
		if (fwt_reason_info[i].drop && value[i])
			printf("# %llu dropped as %s\n", (unsigned long long)value[i],
			       fwt_reason_info[i].name);
	return !good;
}
