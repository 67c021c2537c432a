// SPDX-License-Identifier: GPL-2.0
/*
 * Choosing a server of a pool, in userspace: the hash of a packet and the choice, of
 * packets that are no two alike.
 *
 *	choose [CHOICES]
 *
 * A line for each scheduler and size, of words to be read by the benchmark:
 * scheduler=NAME servers=N best=NSns build=MSms.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "balance.h"

#define PACKETS	(1u << 14)
#define ROUNDS	5

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static u32 chance(void)
{
	static u64 state = 1;

	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(state >> 32);
}

static double choices(const struct fwt_balance *b, const struct fwt_packet *p, u32 n,
		      bool source)
{
	u32 i, turn = 0, sum = 0;
	volatile u32 sink;
	double begin = now();

	for (i = 0; i < n; i++) {
		u32 hash = b->slot ? fwt_balance_hash(&p[i % PACKETS], source) : 0;

		/* The walk asks, applying charges. */
		sum += fwt_balance_choose(b, hash, false, i * 2654435761u, turn);
		turn = fwt_balance_turn(b, turn);
	}
	sink = sum;
	(void)sink;
	return (now() - begin) * 1e9 / n;
}

static void measure(const char *name, u32 scheduler, u32 n, u32 weights,
		    const struct fwt_packet *p, u32 count)
{
	static struct fwt_balance_server server[FWT_POOL_SERVERS_MAX];
	/* A line each, as they are in the kernel. */
	static u32 load[FWT_POOL_SERVERS_MAX][16];
	bool maglev = fwt_balance_maglev(scheduler, 0);
	void *mem = malloc(fwt_balance_bytes(n, maglev));
	void *scratch = malloc(fwt_balance_scratch(n, maglev) + 1);
	double best = 1e9, build = 1e9, t;
	const struct fwt_balance *b = NULL;
	u32 i;

	if (!mem || !scratch)
		exit(1);
	for (i = 0; i < n; i++) {
		struct fwt_prog_server s = { .family = 4, .addr = { 0x0a000000 + i } };

		load[i][0] = 1 + chance() % 100;
		server[i] = (struct fwt_balance_server){
			.id = fwt_balance_id(&s), .weight = 1 + (weights ? chance() % weights : 0),
			.usable = true, .load = load[i],
		};
	}
	for (i = 0; i < ROUNDS; i++) {
		t = now();
		b = fwt_balance_build(mem, scratch, scheduler, maglev, server, n);
		t = (now() - t) * 1e3;
		build = t < build ? t : build;
	}
	for (i = 0; i < ROUNDS; i++) {
		t = choices(b, p, count, scheduler == FWT_SCHEDULE_SOURCE_HASH);
		best = t < best ? t : best;
	}
	printf("scheduler=%s servers=%u best=%.2fns build=%.2fms\n", name, n, best, build);
	free(mem);
	free(scratch);
}

int main(int argc, char **argv)
{
	u32 count = argc > 1 ? (u32)strtoul(argv[1], NULL, 0) : 4000000, i;
	struct fwt_packet *p = calloc(PACKETS, sizeof(*p));

	if (!p || !count)
		return 1;
	for (i = 0; i < PACKETS; i++) {
		p[i].family = i & 1 ? 6 : 4;
		p[i].have = FWT_HAVE_IP | FWT_HAVE_PORTS;
		p[i].protocol = 6;
		p[i].saddr[0] = chance();
		p[i].saddr[3] = chance();
		p[i].daddr[0] = 0xcb007108;
		p[i].sport = (u16)chance();
		p[i].dport = 443;
	}
	measure("maglev", FWT_SCHEDULE_MAGLEV, 16, 0, p, count);
	measure("maglev", FWT_SCHEDULE_MAGLEV, 512, 100, p, count);
	measure("source-hash", FWT_SCHEDULE_SOURCE_HASH, 16, 0, p, count);
	measure("round-robin", FWT_SCHEDULE_ROUND_ROBIN, 16, 10, p, count);
	measure("round-robin", FWT_SCHEDULE_ROUND_ROBIN, 512, 100, p, count);
	measure("random", FWT_SCHEDULE_RANDOM, 16, 10, p, count);
	measure("least-conn", FWT_SCHEDULE_LEAST_CONN, 16, 0, p, count);
	measure("least-conn", FWT_SCHEDULE_LEAST_CONN, 512, 0, p, count);
	free(p);
	return 0;
}
