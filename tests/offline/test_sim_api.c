// SPDX-License-Identifier: GPL-2.0
/*
 * libfwtree by its header alone (fwtree_sim.h): what each function does, and what it
 * says where it does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fwtree_sim.h"

static const char policy[] =
	"set seen : addr { timeout 10s; max 2 }\n"
	"set pairs : addr . port { max 10 }\n"
	"pool web { 10.0.0.1:80; 10.0.0.2:80 }\n"
	"ingress {\n"
	"\tsaddr @seen drop id seen\n"
	"\tsaddr . dport @pairs drop id pairs\n"
	"\ttcp dport 22 accept id ssh\n"
	"\ttcp dport 80 balance @web accept\n"
	"\ttcp dport 81 balance @web or reject accept\n"
	"\ttcp dport 99 log \"99 \" drop\n"
	"\tdrop id rest\n"
	"}\n";

static int setup(void **state)
{
	struct fwt_sim *sim = fwt_sim_new();

	*state = sim;
	return !sim || fwt_sim_policy_text(sim, "p.fw", policy, strlen(policy));
}

static int teardown(void **state)
{
	fwt_sim_free(*state);
	return 0;
}

#define SSH "in eth0 tcp 192.0.2.1:1000 to 192.0.2.9:22"

static const struct fwt_sim_result *send(struct fwt_sim *sim, const char *packet)
{
	const struct fwt_sim_result *r = fwt_sim_packet_text(sim, packet);

	if (!r)
		fail_msg("%s: %s", packet, fwt_sim_error(sim));
	return r;
}

static void says(struct fwt_sim *sim, const char *part)
{
	if (!strstr(fwt_sim_error(sim), part))
		fail_msg("'%s' is not in: %s", part, fwt_sim_error(sim));
}

/* What was refused is told whole, and changes nothing. */
static void test_policy(void **state)
{
	static const char wrong[] = "ingress {\n\ttcp dprt 22 accept\n\tudp sport x accept\n}\n";
	struct fwt_sim *sim = *state;

	assert_string_equal(fwt_sim_errors(sim), "");
	assert_int_equal(fwt_sim_policy_text(sim, "w.fw", wrong, strlen(wrong)), -1);
	says(sim, "w.fw:2:2: ");
	assert_non_null(strstr(fwt_sim_errors(sim), "w.fw:2:2: error:"));
	assert_non_null(strstr(fwt_sim_errors(sim), "w.fw:3:"));
	assert_non_null(strstr(fwt_sim_errors(sim), "^"));
	assert_string_equal(send(sim, SSH)->by->id, "ssh");
	assert_int_equal(fwt_sim_policy(sim, "/there/is/none.fw"), -1);
	says(sim, "/there/is/none.fw");
	assert_string_equal(send(sim, SSH)->by->id, "ssh");
	assert_int_equal(fwt_sim_policy_text(sim, "p.fw", "ingress { drop }", 16), 0);
	assert_string_equal(fwt_sim_errors(sim), "");
	/* The connection that was accepted is refused by its next packet. */
	assert_int_equal(send(sim, SSH)->verdict, FWT_SIM_DROP);
}

static void test_expect(void **state)
{
	struct fwt_sim *sim = *state;

	assert_int_equal(fwt_sim_expect(sim, "accept"), -1);
	says(sim, "no packet");
	send(sim, SSH);
	assert_int_equal(fwt_sim_expect(sim, "accept rule ssh state new conn SYN_SENT not log"), 1);
	assert_int_equal(fwt_sim_expect(sim, "accept rule rest"), 0);
	says(sim, "the rule is 'ssh' (p.fw:7), not 'rest'");
	assert_int_equal(fwt_sim_expect(sim, "accept rle ssh"), -1);
	says(sim, "8: 'rle' is nothing that can be expected");
	assert_int_equal(fwt_sim_expect(sim, ""), -1);
	assert_int_equal(fwt_sim_expect(sim, "snat nowhere"), -1);
	send(sim, "in eth0 tcp 192.0.2.1:1000 to 192.0.2.9:99");
	assert_int_equal(fwt_sim_expect(sim, "drop log \"99 \""), 1);
}

static void test_property(void **state)
{
	struct fwt_sim *sim = *state, *bare = fwt_sim_new();
	const char *packet;

	assert_int_equal(fwt_sim_property(sim, "never in * udp * to * expect accept", NULL),
			 FWT_SIM_HOLDS);
	assert_int_equal(fwt_sim_property(sim, "never in * tcp * to * expect accept", &packet),
			 FWT_SIM_FAILS);
	assert_int_equal(send(sim, packet)->verdict, FWT_SIM_ACCEPT);
	assert_int_equal(fwt_sim_property(sim, "never in * tcp * to *:22 expect drop", &packet),
			 FWT_SIM_FAILS);
	assert_int_equal(fwt_sim_property(sim, "never in * tcp 10.0.0.0/8 to fd00::/8 "
					  "expect accept", &packet), -1);
	assert_null(packet);
	assert_int_equal(fwt_sim_property(sim, "nver in * tcp * to * expect accept", &packet), -1);
	says(sim, "1: ");
	assert_int_equal(fwt_sim_property(bare, "never in * tcp * to * expect accept", NULL), -1);
	says(bare, "no policy");
	fwt_sim_free(bare);
}

static void test_sets(void **state)
{
	struct fwt_sim *sim = *state, *bare = fwt_sim_new();

	assert_int_equal(fwt_sim_set_has(sim, "seen", "192.0.2.1"), 0);
	assert_int_equal(fwt_sim_set(sim, "add seen 192.0.2.1"), 0);
	assert_int_equal(fwt_sim_set_has(sim, "seen", "192.0.2.1"), 1);
	assert_string_equal(send(sim, SSH)->by->id, "seen");
	fwt_sim_wait(sim, 9000);
	assert_int_equal(fwt_sim_set_has(sim, "seen", "192.0.2.1"), 1);
	fwt_sim_wait(sim, 2000);
	assert_int_equal(fwt_sim_set_has(sim, "seen", "192.0.2.1"), 0);
	assert_int_equal(fwt_sim_now(sim), 11000);
	assert_string_equal(send(sim, SSH)->by->id, "ssh");
	assert_int_equal(fwt_sim_set(sim, "add seen 192.0.2.1 timeout 1h"), 0);
	fwt_sim_wait(sim, 3000000);
	assert_int_equal(fwt_sim_set_has(sim, "seen", "192.0.2.1"), 1);
	assert_int_equal(fwt_sim_set(sim, "delete seen 192.0.2.1"), 0);
	assert_int_equal(fwt_sim_set(sim, "delete seen 192.0.2.1"), -1);
	says(sim, "no such element");

	assert_int_equal(fwt_sim_set(sim, "add pairs 192.0.2.7 . 22"), 0);
	assert_int_equal(fwt_sim_set_has(sim, "pairs", "192.0.2.7 . 22"), 1);
	send(sim, "in eth0 tcp 192.0.2.7:1000 to 192.0.2.9:22");
	assert_int_equal(fwt_sim_expect(sim, "drop rule pairs set pairs 192.0.2.7 . 22"), 1);
	assert_int_equal(fwt_sim_expect(sim, "not set pairs 192.0.2.7 . 23 rule pairs"), 1);

	assert_int_equal(fwt_sim_set(sim, "add seen fd00::1"), 0);
	assert_int_equal(fwt_sim_set(sim, "add seen fd00::2"), 0);
	assert_int_equal(fwt_sim_set(sim, "add seen fd00::3"), -1);
	says(sim, "full");
	assert_int_equal(fwt_sim_set(sim, "flush seen"), 0);
	assert_int_equal(fwt_sim_set_has(sim, "seen", "fd00::1"), 0);

	assert_int_equal(fwt_sim_set(sim, "add sen 192.0.2.1"), -1);
	says(sim, "no set 'sen'");
	assert_int_equal(fwt_sim_set(sim, "remove seen 192.0.2.1"), -1);
	says(sim, "did not understand");
	assert_int_equal(fwt_sim_set(sim, "add seen 192.0.2"), -1);
	assert_int_equal(fwt_sim_set_has(sim, "seen", "x y"), -1);
	assert_int_equal(fwt_sim_set(sim, ""), -1);
	assert_int_equal(fwt_sim_set(bare, "add seen 192.0.2.1"), -1);
	assert_int_equal(fwt_sim_set_has(bare, "seen", "192.0.2.1"), -1);
	fwt_sim_free(bare);
}

static void test_pool(void **state)
{
	struct fwt_sim *sim = *state;

	assert_int_equal(fwt_sim_pool(sim, "drain web 10.0.0.1:80"), 0);
	send(sim, "in eth0 tcp 192.0.2.1:1000 to 192.0.2.9:80");
	assert_int_equal(fwt_sim_expect(sim, "accept dnat 10.0.0.2:80"), 1);
	assert_int_equal(fwt_sim_pool(sim, "delete web 10.0.0.2:80"), 0);
	assert_int_equal(send(sim, "in eth0 tcp 192.0.2.1:1001 to 192.0.2.9:80")->verdict,
			 FWT_SIM_DROP);
	assert_int_equal(fwt_sim_expect(sim, "reason no-server"), 1);
	assert_int_equal(send(sim, "in eth0 tcp 192.0.2.1:1001 to 192.0.2.9:81")->verdict,
			 FWT_SIM_REJECT);
	assert_int_equal(fwt_sim_expect(sim, "reject reason reject"), 1);
	assert_int_equal(fwt_sim_pool(sim, "add web 10.0.0.3:80 weight 2"), 0);
	send(sim, "in eth0 tcp 192.0.2.1:1002 to 192.0.2.9:80");
	assert_int_equal(fwt_sim_expect(sim, "dnat 10.0.0.3:80"), 1);
	/* What is no verb is not taken for "delete". */
	assert_int_equal(fwt_sim_pool(sim, "shut web 10.0.0.3:80"), -1);
	says(sim, "'shut'");
	assert_int_equal(fwt_sim_pool(sim, "drain web"), -1);
	assert_int_equal(fwt_sim_pool(sim, "drain wb 10.0.0.3:80"), -1);
	assert_int_equal(fwt_sim_pool(sim, "drain web 10.0.0.9:80"), -1);
	says(sim, "no server");
	send(sim, "in eth0 tcp 192.0.2.1:1003 to 192.0.2.9:80");
	assert_int_equal(fwt_sim_expect(sim, "accept"), 1);
}

static void test_packets(void **state)
{
	static uint8_t large[70000] = { 0x45 };
	struct fwt_sim_packet p = { .dev = "eth0", .data = large };
	struct fwt_sim *sim = *state, *other;

	assert_null(fwt_sim_packet_text(sim, "in eth0 udp 1.1.1.1:1 to 2.2.2.2:2 syn"));
	says(sim, "36: 'syn': TCP alone has flags");
	assert_null(fwt_sim_packet_text(sim, ""));
	p.len = 0;
	assert_null(fwt_sim_packet(sim, &p));
	p.len = sizeof(large);
	assert_null(fwt_sim_packet(sim, &p));
	says(sim, "70000");
	for (p.len = 1; p.len < 60; p.len++) {
		assert_non_null(fwt_sim_packet(sim, &p));
		p.total = 60;
		assert_non_null(fwt_sim_packet(sim, &p));
		p.total = 0;
	}
	p.dev = "a name that is too long";
	assert_null(fwt_sim_packet(sim, &p));
	p.dev = NULL;
	assert_null(fwt_sim_packet(sim, &p));
	assert_int_equal(fwt_sim_world(sim, "address 192.0.2.300/24 dev eth0"), -1);
	assert_int_equal(fwt_sim_world(sim, "rute default dev eth0"), -1);
	assert_int_equal(fwt_sim_world(sim, ""), -1);
	assert_int_equal(fwt_sim_counter(sim, "no such counter"), 0);

	/* Each has its own clock, connections, counters; without a policy all may pass. */
	other = fwt_sim_new();
	assert_non_null(other);
	send(sim, SSH);
	fwt_sim_wait(sim, 5000);
	assert_int_equal(fwt_sim_now(other), 0);
	assert_null(send(other, SSH)->conn);
	assert_int_equal(fwt_sim_expect(other, "accept"), 1);
	assert_true(send(sim, SSH)->conn && !send(sim, SSH)->began);
	fwt_sim_free(sim);
	assert_int_equal(send(other, SSH)->verdict, FWT_SIM_ACCEPT);
	*state = other;
}

/* Nothing is undefined about what nobody has aligned, or about a high port by lo. */
static void test_odd(void **state)
{
	/* SCTP behind Ethernet, an INIT without a sum, IPv4. */
	static const uint8_t init[] = {
		2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0,
		0x45, 0, 0, 52, 0, 0, 0, 0, 64, 132, 0xf6, 0x3b, 192, 0, 2, 1, 192, 0, 2, 9,
		0x03, 0xe8, 0, 22, 0, 0, 0, 0, 0, 0, 0, 0,
		1, 0, 0, 20, 0, 0, 0, 1, 0, 0, 0x10, 0, 0, 1, 0, 1, 0, 0, 0, 1,
	};
	struct fwt_sim_packet p = {
		.dev = "eth0", .ether = true, .data = init, .len = sizeof(init),
	};
	struct fwt_sim *sim = *state;

	assert_non_null(fwt_sim_packet(sim, &p));
	assert_int_equal(fwt_sim_expect(sim, "drop rule rest state invalid"), 1);
	p.summed = true;
	assert_non_null(fwt_sim_packet(sim, &p));
	assert_int_equal(fwt_sim_expect(sim, "drop rule rest state new"), 1);
	send(sim, "in lo tcp 127.0.0.1:40000 to 127.0.0.1:98");
	assert_int_equal(fwt_sim_expect(sim, "drop rule rest"), 1);
}

static void count(void *ctx, const struct fwt_sim_conn *c)
{
	unsigned int *n = ctx;

	assert_int_equal(c->family, 4);
	assert_int_equal(c->dport[0], 22);
	assert_string_equal(c->rule[0].id, "ssh");
	++*n;
}

static void test_looking(void **state)
{
	struct fwt_sim *sim = *state;
	unsigned int n = 0;
	char *way;

	send(sim, SSH);
	send(sim, "in eth0 tcp 192.0.2.1:1001 to 192.0.2.9:22");
	send(sim, "in eth0 tcp 192.0.2.1:1001 to 192.0.2.9:23");
	fwt_sim_conns(sim, count, &n);
	assert_int_equal(n, 2);
	assert_int_equal(fwt_sim_counter(sim, "policy"), 1);
	fwt_sim_trace(sim, true);
	send(sim, "in eth0 tcp 192.0.2.1:1001 to 192.0.2.9:23");
	way = fwt_sim_explain(sim);
	assert_non_null(strstr(way, "p.fw:11"));
	free(way);
	assert_int_equal(fwt_sim_api(), FWT_SIM_API);
	assert_true(strlen(fwt_sim_version()) > 2);
	fwt_sim_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_policy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_expect, setup, teardown),
		cmocka_unit_test_setup_teardown(test_property, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sets, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pool, setup, teardown),
		cmocka_unit_test_setup_teardown(test_packets, setup, teardown),
		cmocka_unit_test_setup_teardown(test_odd, setup, teardown),
		cmocka_unit_test_setup_teardown(test_looking, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
