// SPDX-License-Identifier: GPL-2.0
/*
 * The routing logic unit: the routing table of simulations, line by line; what the
 * core knows without a table; that a walk asks once, and anew after a change.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <arpa/inet.h>
#include <cmocka.h>

#include "compile.h"
#include "diag.h"
#include "mock_route.h"
#include "oracle.h"
#include "parse.h"
#include "tree.h"

static void line(struct fwt_mock_routes *m, const char *text)
{
	char error[200] = "";

	if (fwt_mock_routes_line(m, text, error, sizeof(error)))
		fail_msg("%s: %s", text, error);
}

static void refused(const char *text, const char *want)
{
	struct fwt_mock_routes m;
	char error[200] = "";

	fwt_mock_routes_init(&m);
	assert_int_equal(fwt_mock_routes_line(&m, text, error, sizeof(error)), -EINVAL);
	if (!strstr(error, want))
		fail_msg("%s: '%s', not '%s'", text, error, want);
	assert_int_equal(m.route.count + m.address.count, 0);
	fwt_mock_routes_clean(&m);
}

static void words(const char *text, u8 *family, u32 *addr)
{
	u8 bytes[16] = { 0 };
	u32 i;

	*family = strchr(text, ':') ? 6 : 4;
	assert_int_equal(inet_pton(*family == 6 ? AF_INET6 : AF_INET, text, bytes), 1);
	for (i = 0; i < 4; i++)
		addr[i] = get_unaligned_be32(bytes + 4 * i);
}

static struct fwt_packet packet(const char *in, const char *src, const char *dst)
{
	struct fwt_packet p = { .have = FWT_HAVE_IP, .iif = in, .protocol = 17 };

	words(src, &p.family, p.saddr);
	words(dst, &p.family, p.daddr);
	return p;
}

/* A gateway's: two uplinks, of which a mark picks the second. */
static void gateway(struct fwt_mock_routes *m)
{
	static const char *const lines[] = {
		"address 192.168.1.1/24 dev lan   # inside",
		"address 203.0.113.8/24 dev wan",
		"address 2001:db8:1::8/64 dev wan",
		"address fd00:1::1/64 dev lan",
		"route default via 203.0.113.1 dev wan",
		"route ::/0 via 2001:db8:1::1 dev wan",
		"route 0.0.0.0/0 via 198.51.100.1 dev two mark 7",
		"route 10.0.0.0/8 type unreachable",
		"route 10.1.0.0/16 via 192.168.1.9 dev lan src 192.168.1.77",
		"route 10.2.0.0/16 dev one",
		"route 10.2.0.0/16 dev two",
		"route 198.18.0.9 type local",
	};
	u32 i;

	fwt_mock_routes_init(m);
	for (i = 0; i < ARRAY_SIZE(lines); i++)
		line(m, lines[i]);
}

static void want(const char *dst, u32 mark, u8 type, const char *oif, const char *nexthop,
		 const char *saddr)
{
	struct fwt_packet p = packet("lan", strchr(dst, ':') ? "fd00:1::5" : "192.168.1.5", dst);
	struct fwt_mock_route_env env;
	struct fwt_mock_routes m;
	u32 got[4], expect[4];
	u8 family;
	char name[17] = { 0 };
	u32 i;

	gateway(&m);
	p.mark = mark;
	fwt_mock_route_env_init(&env, &m, 1);
	assert_int_equal(fwt_field(&p, &env.env, FWT_FIELD_ROUTE_TYPE, got), 1);
	assert_int_equal(got[0], type);
	assert_int_equal(fwt_field(&p, &env.env, FWT_FIELD_ROUTE_OIF, got), 4);
	for (i = 0; i < 16; i++)
		name[i] = (char)(got[i / 4] >> (24 - 8 * (i % 4)));
	assert_string_equal(name, oif);
	words(nexthop, &family, expect);
	assert_int_equal(fwt_field(&p, &env.env, FWT_FIELD_ROUTE_NEXTHOP, got),
			 p.family == 6 ? 4 : 1);
	assert_memory_equal(got, expect, p.family == 6 ? 16 : 4);
	words(saddr, &family, expect);
	assert_int_equal(fwt_field(&p, &env.env, FWT_FIELD_ROUTE_SADDR, got),
			 p.family == 6 ? 4 : 1);
	assert_memory_equal(got, expect, p.family == 6 ? 16 : 4);
	fwt_mock_routes_clean(&m);
}

static void test_forward(void **state)
{
	(void)state;
	want("192.168.1.9", 0, FWT_ROUTE_UNICAST, "lan", "192.168.1.9", "192.168.1.1");
	want("192.168.1.1", 0, FWT_ROUTE_LOCAL, "lo", "0.0.0.0", "192.168.1.1");
	want("127.0.0.9", 0, FWT_ROUTE_LOCAL, "lo", "0.0.0.0", "127.0.0.9");
	want("198.18.0.9", 0, FWT_ROUTE_LOCAL, "lo", "0.0.0.0", "198.18.0.9");
	want("192.168.1.255", 0, FWT_ROUTE_BROADCAST, "lan", "0.0.0.0", "192.168.1.1");
	want("255.255.255.255", 0, FWT_ROUTE_BROADCAST, "", "0.0.0.0", "0.0.0.0");
	want("224.0.0.251", 0, FWT_ROUTE_MULTICAST, "", "0.0.0.0", "0.0.0.0");
	want("93.184.216.34", 0, FWT_ROUTE_UNICAST, "wan", "203.0.113.1", "203.0.113.8");
	want("93.184.216.34", 7, FWT_ROUTE_UNICAST, "two", "198.51.100.1", "0.0.0.0");
	want("93.184.216.34", 8, FWT_ROUTE_UNICAST, "wan", "203.0.113.1", "203.0.113.8");
	want("10.9.9.9", 0, FWT_ROUTE_UNREACHABLE, "", "0.0.0.0", "0.0.0.0");
	want("10.1.9.9", 0, FWT_ROUTE_UNICAST, "lan", "192.168.1.9", "192.168.1.77");
	/* As a rule by mark does: its table comes first, whatever is longer there. */
	want("10.1.9.9", 7, FWT_ROUTE_UNICAST, "two", "198.51.100.1", "0.0.0.0");
	want("192.168.1.1", 7, FWT_ROUTE_LOCAL, "lo", "0.0.0.0", "192.168.1.1");
	want("2001:db8:1::9", 0, FWT_ROUTE_UNICAST, "wan", "2001:db8:1::9", "2001:db8:1::8");
	want("2001:db8:9::9", 0, FWT_ROUTE_UNICAST, "wan", "2001:db8:1::1", "2001:db8:1::8");
	want("fd00:1::1", 0, FWT_ROUTE_LOCAL, "lo", "::", "fd00:1::1");
	want("fe80::9", 0, FWT_ROUTE_UNICAST, "lan", "fe80::9", "::");
	want("ff02::1", 0, FWT_ROUTE_MULTICAST, "", "::", "::");
}

static void want_reverse(const char *in, const char *src, const char *dst, u8 protocol,
			 const char *oif)
{
	struct fwt_packet p = packet(in, src, dst);
	struct fwt_mock_route_env env;
	struct fwt_mock_routes m;
	u32 got[4], expect[4];

	gateway(&m);
	p.protocol = protocol;
	fwt_mock_route_env_init(&env, &m, 1);
	fwt_ifname_words(oif, expect);
	assert_int_equal(fwt_field(&p, &env.env, FWT_FIELD_ROUTE_REVERSE, got), 4);
	if (memcmp(got, expect, sizeof(got)))
		fail_msg("in %s from %s to %s: not %s", in, src, dst, oif);
	fwt_mock_routes_clean(&m);
}

static void test_reverse(void **state)
{
	(void)state;
	want_reverse("wan", "93.184.216.34", "203.0.113.8", 17, "wan");
	want_reverse("lan", "93.184.216.34", "203.0.113.8", 17, "wan");
	want_reverse("lan", "192.168.1.7", "203.0.113.8", 17, "lan");
	want_reverse("wan", "192.168.1.7", "203.0.113.8", 17, "lan");
	want_reverse("wan", "192.168.1.1", "203.0.113.8", 17, "lo");
	want_reverse("wan", "10.9.9.9", "203.0.113.8", 17, "");		/* unreachable */
	want_reverse("wan", "192.168.1.255", "203.0.113.8", 17, "");	/* a broadcast */
	/* Of equal routes the one that it came by, if there is. */
	want_reverse("one", "10.2.0.1", "203.0.113.8", 17, "one");
	want_reverse("two", "10.2.0.1", "203.0.113.8", 17, "two");
	want_reverse("wan", "10.2.0.1", "203.0.113.8", 17, "one");
	/* The exceptions that the language states. */
	want_reverse("tun0", "fe80::1", "ff02::1", 17, "tun0");
	want_reverse("tun0", "fe80::1", "2001:db8:1::8", 6, "tun0");
	want_reverse("tun0", "169.254.3.3", "224.0.0.251", 17, "tun0");
	want_reverse("lan", "0.0.0.0", "255.255.255.255", 17, "lan");
	want_reverse("wan", "0.0.0.0", "192.168.1.255", 17, "wan");
	want_reverse("lan", "0.0.0.0", "224.0.0.1", 2, "lan");
	want_reverse("lan", "0.0.0.0", "239.0.0.1", 2, "");	/* no group of the link */
	want_reverse("lan", "0.0.0.0", "203.0.113.8", 17, "");
	want_reverse("lan", "0.1.2.3", "203.0.113.8", 17, "");
	want_reverse("lan", "::", "ff02::1:ff00:1", 58, "lan");
	want_reverse("lan", "::", "ff02::1:ff00:1", 17, "");
	/* Nobody answers to many. */
	want_reverse("lan", "224.0.0.1", "203.0.113.8", 17, "");
	want_reverse("lan", "255.255.255.255", "203.0.113.8", 17, "");
	want_reverse("lan", "ff02::1", "2001:db8:1::8", 17, "");
}

static void test_bad_lines(void **state)
{
	(void)state;
	refused("", "neither");
	refused("router 10.0.0.0/8 dev x", "neither");
	refused("route", "no address");
	refused("route 10.0.0/8 dev x", "no address");
	refused("route 10.0.0.0/33 dev x", "no length");
	refused("route ::/129 dev x", "no length");
	refused("route 10.0.0.0/ dev x", "no length");
	refused("route 10.0.0.0/8", "'dev IF' is missing");
	refused("route 10.0.0.0/8 dev", "name of an interface");
	refused("route 10.0.0.0/8 dev sixteen-letters-", "name of an interface");
	refused("route 10.0.0.0/8 via ::1 dev x", "IPv6");
	refused("route 10.0.0.0/8 via x dev x", "wants an address");
	refused("route 10.0.0.0/8 dev x type loco", "no type");
	refused("route 10.0.0.0/8 dev x type none", "no type");
	refused("route 10.0.0.0/8 dev x mark -1", "wants a number");
	refused("route 10.0.0.0/8 dev x mark 4294967296", "wants a number");
	refused("route 10.0.0.0/8 dev x metric 3", "no word of a route");
	refused("address 10.0.0.1/24", "'dev IF' is missing");
	refused("address 10.0.0.1/24 dev x via 10.0.0.2", "no word of an address");
	refused("address default dev x", "no address");
}

/* Asked is asked: a world that counts. */
struct asked {
	struct fwt_env env;
	struct fwt_rlu rlu;
	u32 times[__FWT_ROUTE_ASK_MAX];
};

static void count_route(const struct fwt_env *env, const struct fwt_packet *p,
			enum fwt_route_ask what, struct fwt_route *r)
{
	((struct asked *)env)->times[what]++;
	r->type = FWT_ROUTE_UNICAST;
	snprintf(r->oif, sizeof(r->oif), "%s", p->mark == 3 || p->daddr[0] == 0x0a000007 ?
		 "wan" : "lan");
}

static const struct fwt_env_ops asked_ops = { .route = count_route };

static u8 walk(const char *text, struct asked *a, bool memory)
{
	struct fwt_packet p = packet("lan", "10.0.0.1", "10.0.0.2"), q;
	struct fwt_verify_error err;
	struct fwt_oracle_result r;
	struct fwt_oracle o = { 0 };
	struct fwt_policy_ast *ast;
	struct fwt_program prog;
	struct fwt_decision d;
	struct fwt_diag diag;
	struct fwt_blob blob;
	void *scratch;

	q = p;
	memset(a, 0, sizeof(*a));
	a->env.ops = &asked_ops;
	fwt_diag_init(&diag);
	ast = fwt_parse_buffer("t.fw", text, strlen(text), &diag, NULL);
	if (!ast || fwt_compile(ast, &diag, &(struct fwt_compile_opts){ 0 }, &blob)) {
		fwt_diag_print(&diag, stderr);
		fail();
	}
	scratch = malloc(fwt_verify_scratch(blob.data, blob.len));
	assert_int_equal(fwt_verify(blob.data, blob.len, scratch, &prog, &err), 0);
	o.ast = ast;
	o.resolver = fwt_resolver_alloc();
	fwt_oracle_walk(&o, ast->hooks, &q, &a->env, &r);
	memset(a->times, 0, sizeof(a->times));
	/* What a former walk was told is nothing to this one. */
	memset(&a->rlu, 0xff, sizeof(a->rlu));
	if (memory)
		a->env.rlu = &a->rlu;
	fwt_walk(&prog, prog.root[0], &p, &a->env, &d);
	assert_int_equal(d.verdict, r.verdict);
	fwt_resolver_free(o.resolver);
	free(scratch);
	fwt_blob_free(&blob);
	fwt_ast_free(ast);
	fwt_diag_clean(&diag);
	return d.verdict;
}

static void test_asked_once(void **state)
{
	static const char three[] =
		"ingress { route oif wan drop\n route type local drop\n"
		"route nexthop 10.0.0.9 drop\n route reverse != iif drop\n"
		"route reverse wan drop\n accept }";
	static const char changes[] =
		"ingress { route oif wan drop\n set mark 3\n route oif != wan drop\n"
		"dnat to 10.0.0.7\n route oif wan accept\n drop }";
	/* What is only written down changes nothing that routing looks at. */
	static const char noted[] =
		"ingress { route oif lan count a\n route oif lan count a\n"
		"route oif lan log\n route oif lan count a\n route oif lan add @s { saddr }\n"
		"route oif wan drop\n route reverse lan count a\n route reverse lan count a\n"
		"route reverse wan drop\n accept }\nset s : addr\n";
	static const char none[] = "ingress { iif wan route oif wan drop\n accept }";
	static const char *const again[] = {
		"set mark 3", "set dscp 8", "notrack", "dnat to 10.0.0.9", "dnat to :9",
	};
	char text[200];
	u32 i;
	struct asked a;

	(void)state;
	assert_int_equal(walk(three, &a, true), FWT_VERDICT_ACCEPT);
	assert_int_equal(a.times[FWT_ROUTE_FORWARD], 1);
	assert_int_equal(a.times[FWT_ROUTE_REVERSE], 1);
	assert_int_equal(a.times[FWT_ROUTE_SOURCE], 0);
	assert_int_equal(walk(three, &a, false), FWT_VERDICT_ACCEPT);
	assert_int_equal(a.times[FWT_ROUTE_FORWARD], 3);
	/* For the packet as it is after a mark, and after a translation. */
	assert_int_equal(walk(changes, &a, true), FWT_VERDICT_ACCEPT);
	assert_int_equal(a.times[FWT_ROUTE_FORWARD], 3);
	assert_int_equal(walk(noted, &a, true), FWT_VERDICT_ACCEPT);
	assert_int_equal(a.times[FWT_ROUTE_FORWARD], 1);
	assert_int_equal(a.times[FWT_ROUTE_REVERSE], 1);
	for (i = 0; i < ARRAY_SIZE(again); i++) {
		snprintf(text, sizeof(text), "ingress { route oif red drop\n %s\n"
			 " route oif red drop\n count a\n route oif red drop\n accept }", again[i]);
		assert_int_equal(walk(text, &a, true), FWT_VERDICT_ACCEPT);
		assert_int_equal(a.times[FWT_ROUTE_FORWARD], 2);
	}
	assert_int_equal(walk(none, &a, true), FWT_VERDICT_ACCEPT);
	assert_int_equal(a.times[FWT_ROUTE_FORWARD], 0);
}

/* Nobody to ask: no route, and not a field that is absent. */
static void test_nobody(void **state)
{
	struct fwt_packet p = packet("lan", "10.0.0.1", "10.0.0.2");
	struct fwt_env env = { .ops = &(struct fwt_env_ops){ 0 } };
	u32 out[4] = { 1, 1, 1, 1 }, i;

	(void)state;
	for (i = FWT_FIELD_ROUTE_OIF; i <= FWT_FIELD_ROUTE_REVERSE; i++) {
		assert_true(fwt_field(&p, NULL, i, out) > 0);
		assert_int_equal(out[0], 0);
		assert_true(fwt_field(&p, &env, i, out) > 0);
		assert_int_equal(out[0], 0);
	}
	p.have = FWT_HAVE_ARP;
	for (i = FWT_FIELD_ROUTE_OIF; i <= FWT_FIELD_ROUTE_REVERSE; i++)
		assert_int_equal(fwt_field(&p, &env, i, out), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forward),
		cmocka_unit_test(test_reverse),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_asked_once),
		cmocka_unit_test(test_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
