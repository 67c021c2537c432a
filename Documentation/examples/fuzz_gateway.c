// SPDX-License-Identifier: GPL-2.0
/*
 * A target of libFuzzer's: bytes become packets, and time, at a gateway; what must hold
 * whatever comes is asserted. Here: nobody outside begins a connection with a machine at
 * home, but by the one port that is open.
 *
 *	clang -g -fsanitize=fuzzer,address fuzz_gateway.c $(pkg-config --cflags --libs libfwtree)
 *	GATEWAY=home-gateway.fw ./a.out -max_total_time=60
 *
 * That fuzzes by chance. What guides it is the library's code, where that is compiled
 * for it: "make lib O=build/fuzzer CC=clang CFLAGS='-O1 -g -fsanitize=fuzzer-no-link,address'".
 *
 * Input: of each packet a byte of flags (1: from home; 2: a minute goes by first), a
 * byte that says how long it is, and so many bytes of it, from the IP header on.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fwtree_sim.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fwt_sim *gateway(void)
{
	static const char *const world[] = {
		"address 203.0.113.8/24 dev eth0", "address 192.168.1.1/24 dev br-lan",
		"address 2001:db8:1::8/64 dev eth0", "address fd00:1::1/64 dev br-lan",
		"route 0.0.0.0/0 via 203.0.113.1 dev eth0", "route ::/0 via 2001:db8:1::1 dev eth0",
	};
	const char *policy = getenv("GATEWAY");
	struct fwt_sim *sim = fwt_sim_new();
	size_t i;

	if (!sim || fwt_sim_policy(sim, policy ? policy : "home-gateway.fw")) {
		fprintf(stderr, "%s\n", sim ? fwt_sim_error(sim) : "out of memory");
		exit(1);
	}
	for (i = 0; i < sizeof(world) / sizeof(*world); i++)
		if (fwt_sim_world(sim, world[i]))
			abort();
	return sim;
}

/* Both DHCP's and neighbour discovery's are no connections with anybody at home. */
static int excused(const struct fwt_sim_result *r)
{
	const struct fwt_sim_conn *c = r->conn;

	return (c->dport[0] == 8080 && c->dnat) || (c->protocol == 17 && c->dport[0] == 68) ||
	       (c->protocol == 17 && c->dport[0] == 546);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fwt_sim *sim = gateway();
	const struct fwt_sim_result *r;

	while (size > 2) {
		uint8_t flags = data[0];
		size_t len = data[1];

		data += 2;
		size -= 2;
		if (!len || len > size)
			break;
		if (flags & 2)
			fwt_sim_wait(sim, 60000);
		r = fwt_sim_packet(sim, &(struct fwt_sim_packet){
			.dev = flags & 1 ? "br-lan" : "eth0", .data = data, .len = len,
		});
		if (r && !(flags & 1) && r->began && r->oif && !strcmp(r->oif, "br-lan") &&
		    !excused(r))
			abort();
		data += len;
		size -= len;
	}
	fwt_sim_free(sim);
	return 0;
}
