// SPDX-License-Identifier: GPL-2.0
/*
 * A policy's tests as a program of cmocka's: for who has tests in C already, or wants
 * to count, to loop, to look at bytes.
 *
 *	cc test_gateway.c $(pkg-config --cflags --libs libfwtree cmocka)
 *	./a.out home-gateway.fw
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <fwtree_sim.h>

static const char *policy = "home-gateway.fw";

static const char *const world[] = {
	"address 203.0.113.8/24 dev eth0",
	"address 192.168.1.1/24 dev br-lan",
	"route 0.0.0.0/0 via 203.0.113.1 dev eth0",
	"seed 42",
};

static int setup(void **state)
{
	struct fwt_sim *sim = fwt_sim_new();
	size_t i;

	*state = sim;
	if (!sim || fwt_sim_policy(sim, policy))
		goto fail;
	for (i = 0; i < sizeof(world) / sizeof(*world); i++)
		if (fwt_sim_world(sim, world[i]))
			goto fail;
	fwt_sim_trace(sim, true);
	return 0;
fail:
	fprintf(stderr, "%s\n", sim ? fwt_sim_error(sim) : "out of memory");
	fwt_sim_free(sim);
	*state = NULL;
	return -1;
}

static int teardown(void **state)
{
	fwt_sim_free(*state);
	return 0;
}

static const struct fwt_sim_result *send(void **state, const char *packet)
{
	const struct fwt_sim_result *r = fwt_sim_packet_text(*state, packet);

	if (!r)
		fail_msg("%s: %s", packet, fwt_sim_error(*state));
	return r;
}

/* The internet begins nothing with a machine at home, whatever it tries. */
static void test_no_port_is_open(void **state)
{
	const struct fwt_sim_result *r;
	char packet[100];
	int port;

	for (port = 1; port < 65536; port += 7) {
		if (port == 8080)
			continue;
		snprintf(packet, sizeof(packet), "in eth0 tcp 198.51.100.7:40000 to 203.0.113.8:%d",
			 port);
		r = send(state, packet);
		assert_int_equal(r->verdict, FWT_SIM_DROP);
		assert_string_equal(r->by->id, "unsolicited");
	}
}

/* Who goes out has the gateway's address, and another port than anybody else. */
static void test_ports_differ(void **state)
{
	static uint8_t seen[65536];
	const struct fwt_sim_result *r;
	char packet[100];
	int i;

	memset(seen, 0, sizeof(seen));
	for (i = 0; i < 2000; i++) {
		snprintf(packet, sizeof(packet), "in br-lan udp 192.168.1.%d:%d to 9.9.9.9:53",
			 2 + i % 200, 1024 + i);
		r = send(state, packet);
		assert_int_equal(r->end, FWT_SIM_LEFT);
		assert_string_equal(r->oif, "eth0");
		assert_true(r->began && r->conn->snat);
		assert_memory_equal(r->data + 12, "\xcb\x00\x71\x08", 4);
		assert_false(seen[r->conn->dport[1]]);
		seen[r->conn->dport[1]] = 1;
	}
}

/* Of one conversation what a test file would say; and who is there but for it. */
static void test_web_server(void **state)
{
	static const char *const says[] = {
		"accept out br-lan to 192.168.1.10:80 rule nas-web", "not snat", "conn SYN_SENT",
	};
	size_t i;

	send(state, "in eth0 tcp 198.51.100.7:40000 to 203.0.113.8:8080");
	for (i = 0; i < sizeof(says) / sizeof(*says); i++)
		if (fwt_sim_expect(*state, says[i]) != 1)
			fail_msg("%s: %s", says[i], fwt_sim_error(*state));
}

/* For every packet that there can be, not for some that were tried. */
static void test_proved(void **state)
{
	const char *packet;
	int is = fwt_sim_property(*state, "never in eth0 tcp * to 192.168.1.0/24:22 expect accept",
				  &packet);

	if (is == FWT_SIM_FAILS)
		fail_msg("not so for: %s", packet);
	assert_int_equal(is, FWT_SIM_HOLDS);
}

/* Nobody keeps a connection for ever that was never answered. */
static void test_unanswered_ends(void **state)
{
	const struct fwt_sim_result *r;

	r = send(state, "in br-lan tcp 192.168.1.5:40000 to 93.184.216.34:443");
	assert_string_equal(r->conn->state, "SYN_SENT");
	assert_in_range(r->conn->seconds, 1, 600);
	fwt_sim_wait(*state, (r->conn->seconds + 1) * 1000ull);
	r = send(state, "in br-lan tcp 192.168.1.5:40000 to 93.184.216.34:443 ack");
	assert_null(r->conn);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_no_port_is_open, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ports_differ, setup, teardown),
		cmocka_unit_test_setup_teardown(test_web_server, setup, teardown),
		cmocka_unit_test_setup_teardown(test_proved, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unanswered_ends, setup, teardown),
	};

	if (argc > 1)
		policy = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
