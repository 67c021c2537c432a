// SPDX-License-Identifier: GPL-2.0
/*
 * The compiler: what it refuses, with line and words; what its programs hold.
 *
 * FWT_TIMES=1 tells how long flat policies take.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "made.h"
#include "parse.h"
#include "sema_sample.h"

static void make(struct made *m, const char *text)
{
	made_with(m, text, 0);
}

static void make_good(struct made *m, const char *text)
{
	make(m, text);
	if (m->ret)
		fwt_diag_print(&m->diag, stderr);
	assert_int_equal(m->ret, 0);
}

#define IN(rules) "ingress {\n" rules "\ndrop\n}\n"
#define OUT(rules) "egress {\n" rules "\ndrop\n}\n"
#define DEV(rules) "ingress device eth0 {\n" rules "\ndrop\n}\n"

static const struct {
	const char *text;
	u32 line;
	const char *message;
} wrong[] = {
	/* hooks */
	{ IN("oif eth0 accept"), 2, "there is no 'oif' in 'ingress'" },
	{ DEV("ct state new accept"), 2, "there is no 'ct state' in 'ingress device'" },
	{ "egress device eth0 {\nreject\n}\n", 2, "there is no 'reject' in 'egress device'" },
	{ DEV("dnat to 10.0.0.1 accept"), 2, "there is no 'dnat'" },
	{ IN("snat to 10.0.0.1 accept"), 2, "there is no 'snat' in 'ingress'" },
	{ IN("masquerade accept"), 2, "there is no 'masquerade'" },
	{ IN("arp op request accept"), 2, "there is no 'arp op' in 'ingress'" },
	{ OUT("ether type arp accept"), 2, "there is no 'ether type' in 'egress'" },
	{ IN("goto a") "tree a {\ncall b\ndrop\n}\ntree b {\noif eth0 drop\n}\n", 10,
	  "reaches tree 'b': ingress -> a (line 2) -> b (line 6)" },
	/* names */
	{ IN("goto nowhere"), 2, "there is no tree 'nowhere'" },
	{ IN("saddr @nobody drop"), 2, "there is no set 'nobody'" },
	{ IN("") "tree a {\ndrop\n}\ntree a {\ndrop\n}\n", 8, "tree 'a' is there already" },
	{ "ingress {\ndrop\n}\ningress {\ndrop\n}\n", 4, "'ingress' is there already" },
	{ DEV("") "ingress device eth1, eth0 {\ndrop\n}\n", 5, "'ingress device eth0' is there" },
	{ "set a : addr { elements = { 10.0.0.1 } }\nset a : port { elements = { 1 } }\n"
	  IN("saddr @a drop"), 2, "set 'a' is there already" },
	{ IN("dport 1 drop id x\ndport 2 drop id x"), 3, "id 'x' is given to the rule in line 2" },
	/* types */
	{ IN("dport 70000 drop"), 2, "70000 is out of range" },
	{ IN("dport 90-80 drop"), 2, "ends before it begins" },
	{ IN("saddr 10.0.0.9-10.0.0.1 drop"), 2, "ends before it begins" },
	{ IN("dport 10.0.0.1 drop"), 2, "'dport' takes a port" },
	{ IN("saddr 02:00:00:00:00:01 drop"), 2, "this is a MAC address" },
	{ IN("ip saddr fd00::/8 drop"), 2, "can't be 'ip saddr', which is IPv4" },
	{ IN("ip6 daddr 10.0.0.1 drop"), 2, "can't be 'ip6 daddr', which is IPv6" },
	{ IN("ct state nwe drop"), 2, "'nwe' is not" },
	{ IN("iif < eth0 drop"), 2, "they have no order" },
	{ IN("dport < { 1, 2 } drop"), 2, "takes one single value" },
	{ IN("dport < 0 drop"), 2, "nothing is less" },
	{ IN("ttl > 255 drop"), 2, "nothing is greater" },
	{ IN("sport == saddr drop"), 2, "never equal" },
	{ IN("mark & 0xf0 == 0x11 drop"), 2, "bits outside of the mask" },
	{ IN("saddr & 255.0.0.0 == fd00:: drop"), 2, "the mask is of another family" },
	{ IN("saddr . dport { 10.0.0.1 } drop"), 2, "2 fields are joined" },
	{ IN("saddr . daddr { 10.0.0.1 . fd00::1 } drop"), 2, "no packet has both" },
	{ "set s : addr { timeout 0s }\n" IN("saddr @s drop"), 1, "a timeout is from 1ms to 365d" },
	{ "set s : addr { timeout 366d }\n" IN("saddr @s drop"), 1, "a timeout is from" },
	{ "set s : addr { max 0 }\n" IN("saddr @s drop"), 1, "'max' is from 1 to" },
	{ "set s : addr { max 1; elements = { 10.0.0.1, 10.0.0.2 } }\n" IN("saddr @s drop"), 1,
	  "set 's' has 2 elements: 1 more than its 'max'" },
	{ "set s : addr { max 1; elements = { 10.0.0.1, 10.0.0.2, 10.0.0.1, 10.0.0.2 } }\n"
	  IN("saddr @s drop"), 1, "set 's' has 2 elements: 1 more than its 'max'" },
	{ "map m : addr -> addr { elements = { 10.0.0.1 -> fd00::1 } }\n" IN("dnat to @m drop"), 1,
	  "an IPv6 address for a key of IPv4: no packet has both" },
	{ "map m : port -> addr { elements = { 1 -> 10.0.0.1, 1 -> 10.0.0.2 } }\n"
	  IN("dnat to @m drop"), 1, "the same key has another value in line 1" },
	{ "map m : port -> addr { elements = { 1 -> 10.0.0.0/24 } }\n" IN("dnat to @m drop"), 1,
	  "a map gives one value, and this is a range of them" },
	{ "map m : port -> addr . port { elements = { 1 -> 10.0.0.1 } }\n"
	  IN("dnat to @m drop"), 1, "map 'm' gives 2 values joined, and here is 1" },
	{ "map m : port -> port { elements = { 1 -> 0 } }\n" IN("dnat to @m drop"), 1,
	  "port 0 is none to translate to" },
	{ "map m : port -> addr { elements = { 1 -> 0.0.0.0 } }\n" IN("dnat to @m drop"), 1,
	  "this is nobody's, or of a group" },
	{ "map m : addr -> addr . port { elements = { fd00::1 -> [::] . 80 } }\n"
	  IN("dnat to @m drop"), 1, "this is nobody's, or of a group" },
	{ "map m : port -> addr { elements = { 1 -> 224.0.0.9 } }\n" IN("dnat to @m drop"), 1,
	  "this is nobody's, or of a group" },
	{ IN("dnat to 224.0.0.9 drop"), 2, "this is of a group or a broadcast" },
	{ IN("dnat to 223.255.255.0-224.0.0.9 drop"), 2, "this is of a group or a broadcast" },
	{ IN("dnat to ff02::1 drop"), 2, "this is of a group or a broadcast" },
	{ IN("dnat to 255.255.255.255 drop"), 2, "this is of a group or a broadcast" },
	{ IN("netmap to ff00:1::/64 drop"), 2, "this is of a group or a broadcast" },
	{ "map m : port -> addr { elements = { 70000 -> 10.0.0.1 } }\n" IN("dnat to @m drop"), 1,
	  "70000 is out of range" },
	{ "map m : port -> addr { elements = { 1 -> 7 } }\n" IN("dnat to @m drop"), 1,
	  "takes an address, and this is a number" },
	{ "map m : port -> addr { max 1; elements = { 1 -> 10.0.0.1, 2 -> 10.0.0.1 } }\n"
	  IN("dnat to @m drop"), 1, "map 'm' has 2 elements: 1 more than its 'max'" },
	{ "map m : port -> addr . port\n" IN("dnat to @m:80 drop"), 3, "map 'm' gives the port" },
	{ "map m : port -> mark\n" IN("dnat to @m drop"), 3,
	  "'dnat' takes a map that gives an 'addr', a 'port' or 'addr . port'" },
	{ "map m : port -> addr . port\negress { snat to @m drop\n drop }\n", 2,
	  "'snat' takes a map that gives an 'addr'" },
	{ "map m : port -> addr\n" IN("set mark @m drop"), 3,
	  "'set mark' takes a map that gives a 'mark'" },
	{ "map m : port -> mark\n" IN("set ttl @m drop"), 3, "'set ttl' is not by a map" },
	{ "map m : port -> addr\n" IN("dnat to saddr map @m drop"), 3,
	  "map 'm' holds 'port' where 'saddr' is asked" },
	{ "map m : port -> addr\n" IN("dnat to @n drop"), 3, "there is no map 'n'" },
	{ "set m : port\n" IN("dnat to @m drop"), 3, "'m' is a set, which gives nothing" },
	{ "map m : addr -> addr\n" IN("saddr @m drop"), 3, "'m' is a map: a set is meant" },
	{ "map m : addr -> addr\n" IN("add @m { saddr } drop"), 3, "'m' is a map: a set is meant" },
	{ "map m : tree -> addr\n" IN("drop"), 1, "a tree is what a map gives, and no key" },
	{ "map m : addr -> mark { trees = { a } }\n" IN("set mark @m drop") "tree a { drop; }\n",
	  1, "'trees' is of maps that give a 'tree', and 'm' gives another type" },
	{ "map m : addr -> tree { trees = { a, b } }\n" IN("goto @m") "tree a {\ndrop\n}\n", 1,
	  "there is no tree 'b'" },
	{ "map m : addr -> tree { trees = { 10.0.0.1 } }\n" IN("goto @m"), 1,
	  "the name of a tree is meant here" },
	{ "map m : addr -> tree { trees = { a } }\n" IN("goto @m") "tree a {\ngoto @m\ndrop\n}\n",
	  7, "leads back to itself: a -> a" },
	{ "map m : addr -> tree { trees = { a } }\n" IN("goto @m")
	  "tree a {\noif eth0 drop\ndrop\n}\n", 7, "there is no 'oif' in 'ingress'" },
	{ "map m : addr -> addr { elements = { a.example -> 10.0.0.1 } }\n" IN("dnat to @m drop"),
	  1, "'saddr' takes an address: DNS names stand in sets" },
	{ "map m : addr -> addr { elements = { 10.0.0.1 -> a.example } }\n" IN("dnat to @m drop"),
	  1, "DNS names stand in sets" },
	{ "option log-rate 10k/second\n" IN(""), 1, "what is counted here are packets, not bytes" },
	{ "option log-rate 2000000000/day\n" IN(""), 1, "'log-rate' can't be that" },
	{ "ingress device 5 {\ndrop\n}\n", 1, "a device is the name of an interface" },
	{ "egress device { 10.0.0.1, 1s, 1s, 10.0.0.1 } {\ndrop\n}\n", 1,
	  "a device is the name of an interface" },
	{ "ingress device \"a/b\" {\ndrop\n}\n", 1, "'a/b' is no interface name" },
	{ IN("saddr addr(\"/lo\") drop"), 2, "'/lo' is no interface name" },
	{ OUT("snat to addr(\"/lo\") accept"), 2, "'/lo' is no interface name" },
	{ "map m : port -> tree . port\n" IN("drop"), 1, "a tree is given alone" },
	{ "map m : port -> tree { elements = { 1 -> a } }\n" IN("drop"), 1,
	  "there is no tree 'a'" },
	{ "map m : port -> addr\n" IN("goto @m"), 3,
	  "'goto' takes a map that gives a 'tree', and 'm' gives another type" },
	{ "map m : port -> tree { elements = { 1 -> a, 2 -> b } }\n"
	  "tree a { call b\n drop }\ntree b { goto dport map @m\n drop }\n" IN("goto @m"), 4,
	  "a tree that leads back to itself: a -> b -> a" },
	{ "map m : port -> tree { elements = { 1 -> a } }\ntree a { accept }\n"
	  "ingress { goto @m }\n", 3, "a packet can run off the end of 'ingress'" },
	{ "set s : addr\n" IN("add @s { dport } drop"), 3, "set 's' holds 'addr' where 'dport'" },
	{ "set s : addr\n" IN("add @s { saddr . dport } drop"), 3, "joins 1 type, and 2 fields" },
	{ "set s : addr\n" IN("add @t { saddr } drop"), 3, "there is no set 't'" },
	{ "set s : addr\n" IN("add @s { saddr } timeout 400d drop"), 3, "a timeout is from" },
	{ "set s : addr . addr\n" IN("saddr . ip daddr @s drop"), 3, "addresses of one family" },
	{ "set s : ifname . ifname . addr . addr\n" IN("add @s { iif . iif . saddr . daddr } drop"),
	  3, "too long together to be added" },
	{ OUT("meta cgroup 1048577 accept"), 2, "'meta cgroup' is net_cls's number of a class" },
	/* room for what a walk meets */
	{ "set s : addr\n" IN("add @s { saddr }\nadd @s { daddr }\nremove @s { saddr }\n"
			      "iif lo { add @s { saddr }\nadd @s { saddr } }\naccept"), 7,
	  "meets 5 changes of sets: with more than 4 it is dropped" },
	{ IN("ct count by saddr > 1 drop\nct count by daddr > 1 drop\n"
	     "ct count by saddr . daddr > 1 drop\nct count by mark > 1 drop\n"
	     "ct count by protocol > 1 drop"), 6, "meets 5 'ct count': with more than 4" },
	{ "set s : addr\n" IN("add @s { saddr }\ncall t\ncall t")
	  "tree t {\nadd @s { saddr }\nudp dport 1 add @s { saddr }\ncall u\n}\n"
	  "tree u {\niif lo add @s { saddr } add @s { saddr } drop\n}\n", 5,
	  "meets 5 changes of sets" },
	{ "set s : addr\n" IN("add @s { saddr/32/64 } drop"), 3,
	  "adds what its packet has, whole" },
	{ "set s : addr . port\n" IN("remove @s { ip6 saddr/64 . dport } drop"), 3,
	  "removes what its packet has, whole" },
	{ "set s : protocol\n" IN("add @s { ip protocol } drop"), 3, "a prefix that these fields" },
	{ "set s : port\n" IN("saddr @s drop"), 3, "set 's' holds 'port'" },
	{ "set a : addr { elements = { 10.0.0.1 } }\n" IN("dport @a drop"), 3,
	  "set 'a' holds 'addr'" },
	{ "set a : addr . port { elements = { 10.0.0.1 . 1 } }\n" IN("saddr @a drop"), 3,
	  "set 'a' joins 2 types" },
	{ "set a : port { elements = { 10.0.0.1 } }\n" IN("dport @a drop"), 1,
	  "here it takes a port, and this is an IPv4 address" },
	{ OUT("snat to 10.0.0.1 dnat to fd00::1 accept"), 2, "of different families" },
	{ IN("dnat to 10.0.0.1:0 accept"), 2, "port 0" },
	{ "option conn-max 3\n" IN(""), 1, "it goes from 16" },
	{ "option adopt 5s\noption adopt 6s\n" IN(""), 2, "'adopt' is set already" },
	{ IN("iif a-name-that-is-too-long drop"), 2, "no interface name" },
	/* where things stand */
	{ IN("limit 1/second saddr 10.0.0.1 drop"), 2, "asked last on its line" },
	{ IN("not { limit 1/second } drop"), 2, "stand in 'not'" },
	{ IN("iif lo quota 5k dport 5 drop"), 2, "asked last on its line" },
	/* limits */
	{ IN("limit 0/second accept"), 2, "a rate of 0" },
	{ IN("limit 10/fortnight accept"), 2, "unknown unit of time" },
	{ IN("limit 1M/minute accept"), 2, "in bytes is per second" },
	{ IN("limit 10/second burst 0 accept"), 2, "a burst of 0" },
	{ IN("limit 1/day burst 367 accept"), 2, "more than a year" },
	{ IN("limit 300000000000/second accept"), 2, "no limit is as high" },
	{ IN("limit 270000000000/second burst 2000000000000 accept"), 2, "no burst is as large" },
	{ IN("limit 10/second by oif accept"), 2, "there is no 'oif'" },
	{ IN("limit 10/second by iif . iif . iif . iif accept"), 2, "too long together" },
	{ IN("limit 1/second limit 2/second limit 3/second limit 4/second limit 5/second "
	     "limit 6/second quota 1k limit 7/second quota 2k accept"), 2, "a rule has at most 8" },
	{ IN("quota 0 accept"), 2, "a quota of 0" },
	{ IN("random 0/3 accept"), 2, "never true" },
	{ IN("random 4/3 accept"), 2, "N is at most M" },
	{ IN("random 1/0 accept"), 2, "N is at most M" },
	{ IN("random 1/4294967296 accept"), 2, "the M of 'random N/M' is at most 4294967295" },
	{ IN("random 1/8589934592 accept"), 2, "the M of 'random N/M' is at most 4294967295" },
	{ IN("random 9999999999/10000000000 accept"), 2, "is at most 4294967295" },
	{ IN("random 1/2 random 1/2 random 1/2 random 1/2 random 1/2 accept"), 2,
	  "a rule has at most 4 'random'" },
	/* splits */
	{ IN("split random { 0 -> accept; 1 -> drop }"), 2, "a weight is from 1" },
	{ IN("split random { 4294967295 -> accept; 1 -> drop }"), 2, "2147483648 is the most" },
	{ IN("split round-robin { 255 -> accept; 1 -> drop }"), 2, "are 256 together" },
	{ IN("split hash oif { 1 -> accept; 1 -> drop }"), 2, "there is no 'oif'" },
	{ IN("split hash iif . iif . iif . iif { 1 -> accept; 1 -> drop }"), 2,
	  "too long together" },
	{ "ingress {\nsplit random {\n1 -> accept\n1 -> set mark 1\n}\n}\n", 2, "after line 2" },
	{ IN("split round-robin {\n1 -> accept\n1 -> goto t\n}\n") "tree t {\niif lo drop\n}\n", 10,
	  "run off the end of tree 't'" },
	/* loops */
	{ IN("goto a") "tree a {\ncall b\ndrop\n}\ntree b {\ngoto a\n}\n", 10,
	  "a tree that leads back to itself: a -> b -> a" },
	{ IN("call a") "tree a {\ncall a\n}\n", 6, "a -> a" },
	/* ends */
	{ "ingress {\nsaddr 10.0.0.1 accept\n}\n", 2,
	  "run off the end of 'ingress' without a verdict after line 2" },
	{ "ingress {\n}\n", 1, "run off the end of 'ingress'" },
	{ "ingress {\nsaddr 10.0.0.1 {\ndport 1 drop\n}\n}\n", 2, "after line 2" },
	{ "ingress {\nselect family {\nipv4 -> drop\n}\n}\n", 2, "after line 2" },
	{ IN("goto a") "tree a {\niif lo drop\n}\n", 6,
	  "run off the end of tree 'a', where 'ingress' leads by goto" },
	{ IN("iif lo return"), 2, "'return' leaves 'ingress' without a verdict" },
	{ IN("goto a") "tree a {\niif lo return\ndrop\n}\n", 6, "'return' leaves tree 'a'" },
	/* not yet */
	{ IN("bpf \"tcp prot 80\" accept"), 2, "for IP packets, libpcap says:" },
	{ IN("bpf \"ether host 02:00:00:00:00:01\" accept"), 2, "for IP packets, libpcap says:" },
	{ DEV("bpf \"wlan type mgt\" accept"), 2, "for frames, libpcap says:" },
	{ IN("goto t") "ingress device eth0 {\ngoto t\n}\ntree t {\n"
	  "bpf \"ether host 02:00:00:00:00:01\" drop\ndrop\n}\n",
	  9, "for IP packets, libpcap says:" },
	{ IN("bpf \"\" accept"), 2, "an empty expression" },
	{ IN("bpf tcp accept"), 2, "'bpf' takes a tcpdump expression in quotes" },
	{ IN("bpf 80 accept"), 2, "'bpf' takes a tcpdump expression in quotes" },
	{ IN("bpf > \"tcp\" accept"), 2, "'bpf' stands alone" },
	{ IN("bpf . saddr \"tcp\" . 10.0.0.1 accept"), 2, "'bpf' stands alone" },
	{ IN("select bpf { \"tcp\" -> accept }"), 2, "'bpf' has no value" },
	{ IN("uid root accept"), 2, "there is no 'uid' in 'ingress'" },
	{ DEV("gid root accept"), 2, "there is no 'gid' in 'ingress device'" },
	{ IN("cgroup 7 accept"), 2, "there is no 'cgroup' in 'ingress'" },
	{ OUT("uid nobody-has-that-name accept"), 2, "'nobody-has-that-name' is not a user" },
	{ OUT("gid nobody-has-that-name accept"), 2, "'nobody-has-that-name' is not a group" },
	{ OUT("cgroup \"/no/such/cgroup\" accept"), 2, "'/no/such/cgroup' is not a cgroup" },
	{ OUT("uid 4294967296 accept"), 2, "out of range" },
	{ OUT("cgroup 1-2 accept"), 2, "there are no ranges of 'cgroup'" },
	{ OUT("cgroup > 1 accept"), 2, "they have no order" },
	{ OUT("uid == gid accept"), 2, "never equal" },
	{ IN("route type loco accept"), 2, "'loco' is not a route type" },
	{ IN("route type 3 accept"), 2, "'route type' takes a route type, and this is a number" },
	{ IN("route type > local accept"), 2, "they have no order" },
	{ IN("route type & 1 == 1 accept"), 2, "'route type' can't be masked" },
	{ IN("route oif == saddr accept"), 2, "never equal" },
	{ IN("route nexthop nobody accept"), 2, "'route nexthop' takes an address" },
	{ IN("saddr none accept"), 2, "'saddr' takes an address" },
	{ DEV("route oif eth0 accept"), 2, "there is no 'route oif' in 'ingress device'" },
};

static void test_errors(void **state)
{
	u32 i, k, failed = 0;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct made m;
		bool found = false;

		make(&m, wrong[i].text);
		for (k = 0; k < m.diag.count; k++)
			found |= m.diag.entries[k].severity == FWT_ERROR &&
				 m.diag.entries[k].line == wrong[i].line &&
				 m.diag.entries[k].column &&
				 strstr(m.diag.entries[k].message, wrong[i].message);
		if (!m.ret || !found) {
			fprintf(stderr, "%s\nexpected in line %u: %s\n", wrong[i].text,
				wrong[i].line, wrong[i].message);
			fwt_diag_print(&m.diag, stderr);
			failed++;
		}
		assert_true(!m.ret == !!m.blob.data);
		made_clean(&m);
	}
	assert_int_equal(failed, 0);
}

static void test_all_at_once(void **state)
{
	struct made m;

	(void)state;
	make(&m, IN("dport 70000 drop\noif eth0 drop\nsaddr @x drop\ngoto y\nset ttl 0 drop"));
	assert_int_equal(m.ret, -EINVAL);
	assert_int_equal(m.diag.errors, 5);
	made_clean(&m);
}

/* A policy of policies/bad, all its messages to the letter */
static void bad_policy(const char *name)
{
	char path[256], *want = NULL, *got;
	struct fwt_policy_ast *ast;
	struct fwt_blob blob;
	struct fwt_diag diag;
	size_t size = 0, len;
	FILE *f;

	snprintf(path, sizeof(path), "tests/offline/policies/bad/%s.fw", name);
	fwt_diag_init(&diag);
	ast = fwt_parse_file(path, &diag, NULL);
	assert_non_null(ast);
	assert_int_equal(fwt_compile(ast, &diag, NULL, &blob), -EINVAL);
	assert_null(blob.data);
	f = open_memstream(&got, &len);
	assert_non_null(f);
	fwt_diag_print(&diag, f);
	fclose(f);
	snprintf(path, sizeof(path), "tests/offline/policies/bad/%s.expect", name);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_true(getdelim(&want, &size, 0, f) > 0);
	fclose(f);
	assert_string_equal(got, want);
	free(want);
	free(got);
	fwt_ast_free(ast);
	fwt_diag_clean(&diag);
}

/* What the parser says and what the compiler says, each once, in one order */
static void test_mixed(void **state)
{
	(void)state;
	bad_policy("eight");
	bad_policy("echo");
}

static void test_escape_sample(void **state)
{
	struct made m;

	(void)state;
	make(&m, "ingress {\nfamily ipv4 accept\nprotocol != udp drop\ndport != 53 drop\n}\n");
	assert_int_equal(m.ret, -EINVAL);
	assert_non_null(m.diag.entries[0].hint);
	assert_non_null(strstr(m.diag.entries[0].hint, "such a packet: in "));
	assert_non_null(strstr(m.diag.entries[0].hint, "udp"));
	made_clean(&m);

	/* each way out has a packet of its own */
	make(&m, "ingress {\nsaddr 10.0.0.1 return\niif lo goto t\niif lo drop\n}\n"
		  "tree t {\nudp dport 9 return\ntcp dport 1-1000 accept\n}\n");
	assert_int_equal(m.diag.errors, 4);
	assert_int_equal(m.diag.entries[0].line, 2);
	assert_non_null(strstr(m.diag.entries[0].hint, "10.0.0.1:"));
	assert_int_equal(m.diag.entries[1].line, 4);
	assert_null(strstr(m.diag.entries[1].hint, "10.0.0.1:"));
	assert_non_null(strstr(m.diag.entries[1].hint, "in eth0 tcp"));
	assert_int_equal(m.diag.entries[2].line, 7);
	assert_non_null(strstr(m.diag.entries[2].hint,
			       "in lo udp 198.51.100.7:40000 to 203.0.113.8:9"));
	assert_int_equal(m.diag.entries[3].line, 8);
	assert_non_null(strstr(m.diag.entries[3].hint,
			       "in lo tcp 198.51.100.7:40000 to 203.0.113.8:"));
	made_clean(&m);

	/* nothing escapes, but only the eye sees it */
	make(&m, "ingress {\nfamily ipv4 accept\nfamily ipv6 accept\n}\n");
	assert_int_equal(m.ret, -EINVAL);
	assert_int_equal(m.diag.errors, 1);
	assert_int_equal(m.diag.entries[0].line, 3);
	assert_string_equal(m.diag.entries[0].hint,
			    "end with 'accept' or 'drop', though no packet comes so far");
	made_clean(&m);
}

static void test_warnings(void **state)
{
	struct made m;

	(void)state;
	make_good(&m, "set a : addr { elements = { 10.0.0.1 } }\n"
		  "ingress {\naccept\niif lo drop\n}\ntree t {\ndrop\n}\n");
	assert_int_equal(m.diag.warnings, 3);
	assert_int_equal(m.prog.rule[1].node, FWT_NONE);
	made_clean(&m);
	/* States that no walk meets; one that it may is reason enough to be silent. */
	make_good(&m, "ingress {\nct state { established, related } accept\n"
		  "ct direction reply accept\nct state { new, established } accept\n"
		  "ct state != established accept\n"
		  "select ct state { related -> accept; new -> drop }\ndrop\n}\n");
	assert_int_equal(m.diag.warnings, 3);
	assert_non_null(strstr(m.diag.entries[0].message, "'ct state established' never matches"));
	assert_int_equal(m.diag.entries[1].line, 3);
	assert_int_equal(m.diag.entries[2].line, 6);
	made_clean(&m);
	make_good(&m, "option evaluate per-packet\ningress {\nct state established accept\n"
		  "ct direction reply accept\ndrop\n}\n");
	assert_int_equal(m.diag.warnings, 0);
	made_clean(&m);
}

/* What is alike is there once; lists become what is looked up fastest. */
static void test_sets(void **state)
{
	const struct fwt_prog_set *set;
	struct made m;

	(void)state;
	made_with(&m, IN("dport { 443, 80 } accept\ntcp dport { 80, 443 } accept\n"
			 "sport 80 accept\nsport 80 iif lo accept\n"
			 "length { 5, 10-20, 15-30, 31, 40 } accept"), FWT_NONE);
	assert_int_equal(m.ret, 0);
	assert_int_equal(m.prog.n[FWT_SEC_SETS], 4);
	assert_int_equal(m.prog.n[FWT_SEC_TESTS], 5);
	set = &m.prog.set[m.prog.test[0].set[0]];
	assert_int_equal(set->kind, FWT_SET_KEYS);
	assert_int_equal(m.prog.word[set->data], 80);
	assert_int_equal(m.prog.word[set->data + 1], 443);
	set = &m.prog.set[m.prog.test[4].set[0]];
	assert_int_equal(set->kind, FWT_SET_RANGES);
	assert_int_equal(set->count, 3);
	assert_int_equal(m.prog.word[set->data + 2], 10);
	assert_int_equal(m.prog.word[set->data + 3], 31);
	made_clean(&m);

	/* What boxes say needs no test. */
	made_with(&m, IN("dport { 443, 80 } accept\ntcp dport { 80, 443 } accept\n"
			 "sport 80 accept\nsport 80 iif lo accept\n"
			 "length { 5, 10-20, 15-30, 31, 40 } accept"), 2);
	assert_int_equal(m.ret, 0);
	assert_int_equal(m.prog.n[FWT_SEC_SETS], 2);
	assert_int_equal(m.prog.n[FWT_SEC_TESTS], 2);
	made_clean(&m);
}

/* Live sets that begin alike have elements of their own, however many they are. */
static void test_live_sets(void **state)
{
	u32 sets, i;

	(void)state;
	for (sets = 2; sets <= 64; sets *= 2) {
		struct made m;
		char *text;
		size_t len;
		FILE *out = open_memstream(&text, &len);

		assert_non_null(out);
		fprintf(out, "define bad = { 10.0.0.0/8");
		for (i = 0; i < 200; i++)
			fprintf(out, ", 192.0.2.%u, 2001:db8::%x", i, i);
		fprintf(out, " }\ningress {\n");
		for (i = 0; i < sets; i++)
			fprintf(out, "saddr @s%u drop\n", i);
		fprintf(out, "drop\n}\n");
		for (i = 0; i < sets; i++)
			fprintf(out, "set s%u : addr { elements = { $bad } }\n", i);
		fclose(out);
		make_good(&m, text);
		assert_int_equal(m.prog.n[FWT_SEC_OBJECTS], sets);
		assert_int_equal(m.prog.n[FWT_SEC_SETS], 2 * sets);
		made_clean(&m);
		free(text);
	}
}

static void test_port_map(void **state)
{
	struct made m;

	(void)state;
	make_good(&m, IN("tcp dport 8000-8010 dnat to 10.0.0.1:4000-4010 accept\n"
			 "tcp dport 8000-8011 dnat to 10.0.0.1:4000-4010 accept"));
	assert_int_equal(m.prog.n[FWT_SEC_MODS], 2);
	assert_int_equal(m.prog.mod[0].a + m.prog.mod[1].a, 8000);
	made_clean(&m);
}

#define LED(to) "dnat to 10.0.0.1:" to " accept"

/* To a range ports are led one to one where as many are asked for, in the rule or around it:
 * the first of them; else that it is by chance is told.
 */
static const struct {
	const char *text;
	u32 first;
	u32 warnings;
} port_range[] = {
	{ IN("tcp dport 1000-1009 {\nsaddr 10.0.0.1 " LED("2000-2009") "\n}"), 1000, 0 },
	{ IN("tcp dport 1000-1009 {\nsaddr 10.0.0.1 redirect to :2000-2009 accept\n}"), 1000, 0 },
	{ IN("dport 1-9999 {\ntcp dport 1700-1709 {\nttl 1 " LED("2000-2009") "\n}\n}"), 1700, 0 },
	{ IN("tcp dport 1000-1009 {\ntcp dport { 1001, 1003 } " LED("2000-2009") "\n}"), 1000, 0 },
	{ IN("select tcp dport {\n1100-1109 -> " LED("2000-2009") "\n}"), 1100, 0 },
	{ IN("select tcp dport {\n1100-1109 -> {\nttl 1 " LED("2000-2009") "\n}\n}"), 1100, 0 },
	{ IN("select protocol . dport {\ntcp . 1200-1209 -> " LED("2000-2009") "\n}"), 1200, 0 },
	{ IN("daddr . dport { 1.2.3.4 . 1600-1609, 1.2.3.5 . 1600-1609 } " LED("2000-2009")),
	  1600, 0 },
	{ IN("tcp dport >= 1500 tcp dport <= 1509 " LED("2000-2009")), 1500, 0 },
	{ IN("tcp dport > 1499 tcp dport < 1510 {\nttl 1 " LED("2000-2009") "\n}"), 1500, 0 },
	/* Not known, or not as many. */
	{ IN("tcp dport 1800-1809 goto t") "tree t {\n" LED("2000-2009") "\ndrop\n}\n", 0, 1 },
	{ IN("tcp dport 1000-1009 {\nttl 1 accept\n}\nprotocol tcp " LED("2000-2009")), 0, 1 },
	{ IN("select tcp dport {\n1 -> drop\n1100-1109 -> drop\n}\nprotocol tcp " LED("2000-2009")),
	  0, 1 },
	{ IN("tcp dport 1000-1009 {\nttl 1 " LED("2000-2011") "\n}"), 0, 1 },
	{ IN("tcp dport { 1000-1009, 1020-1029 } " LED("2000-2009")), 0, 1 },
	{ IN("daddr . dport { 1.2.3.4 . 1600-1609, 1.2.3.5 . 1700-1709 } " LED("2000-2009")),
	  0, 1 },
	{ IN("tcp dport >= 1500 " LED("2000-2009")), 0, 1 },
	/* By chance, and meant so: the word, or one port for several. */
	{ IN("tcp dport 1000-1011 dnat to 10.0.0.1:2000-2009 random accept"), 0, 0 },
	{ IN("tcp dport 80 " LED("2000-2009")), 0, 0 },
	{ IN("tcp dport 80 {\nttl 1 " LED("2000-2009") "\n}"), 0, 0 },
};

static void test_port_range(void **state)
{
	struct made m;
	u32 i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(port_range); i++) {
		make_good(&m, port_range[i].text);
		if (m.prog.mod[0].a != port_range[i].first ||
		    m.diag.warnings != port_range[i].warnings)
			fprintf(stderr, "%s: by %u, %zu warnings\n", port_range[i].text,
				m.prog.mod[0].a, m.diag.warnings);
		assert_int_equal(m.prog.n[FWT_SEC_MODS], 1);
		assert_int_equal(m.prog.mod[0].a, port_range[i].first);
		assert_int_equal(m.diag.warnings, port_range[i].warnings);
		assert_true(!m.diag.warnings ||
			    strstr(m.diag.entries[0].message, "it is left to chance"));
		made_clean(&m);
	}
	/* A server's range of them. */
	make_good(&m, "pool p { 10.0.0.1:2000-2009 }\n"
		  IN("tcp dport 1900-1909 {\nttl 1 balance @p accept\n}"));
	assert_int_equal(m.prog.mod[0].port_lo, 1900);
	assert_int_equal(m.prog.mod[0].port_hi, 1909);
	made_clean(&m);
}

static u64 key_of(const struct made *m, u32 line)
{
	u32 i;

	for (i = 0; i < m->prog.n[FWT_SEC_RULES]; i++)
		if (m->prog.rule[i].line == line)
			return m->prog.rule[i].key;
	return 0;
}

static void test_keys(void **state)
{
	struct made a, b;

	(void)state;
	make_good(&a, IN("iif lo accept\niif lo accept\ndport 1 drop id x"));
	make_good(&b, IN("dport 7 drop\n   iif   lo accept # why\n"
			 "dport 2 accept id x\niif lo accept"));
	assert_int_equal(key_of(&a, 2), key_of(&b, 3));
	assert_int_equal(key_of(&a, 3), key_of(&b, 5));
	assert_int_equal(key_of(&a, 4), key_of(&b, 4));
	assert_true(key_of(&a, 2) != key_of(&a, 3));
	made_clean(&a);
	made_clean(&b);
}

static char *flat(u32 rules, u32 tests)
{
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);
	u32 i;

	assert_non_null(out);
	fprintf(out, "ingress {\n");
	for (i = 0; i < rules; i++) {
		u32 x = i * 2654435761u;

		fprintf(out, "\tsaddr 10.%u.%u.0/%u", x >> 24, x >> 16 & 255, 20 + x % 13);
		if (tests > 1)
			fprintf(out, " dport %u", x >> 7 & 0xffff);
		if (tests > 2)
			fprintf(out, " protocol tcp");
		fprintf(out, " %s\n", i & 1 ? "accept" : "drop");
	}
	fprintf(out, "\tdrop\n}\n");
	fclose(out);
	return text;
}

/* Rules that no search can tell apart. */
static char *alike(u32 rules)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	u32 i;

	assert_non_null(out);
	fprintf(out, "ingress {\n");
	for (i = 0; i < rules; i++)
		fprintf(out, "\tmark %u accept\n", i);
	fprintf(out, "\tdrop\n}\n");
	fclose(out);
	return text;
}

static void test_limits(void **state)
{
	char *text = alike(40000);
	struct made m;
	u32 i;

	(void)state;
	make(&m, text);
	assert_int_equal(m.ret, -E2BIG);
	assert_non_null(strstr(m.diag.entries[0].message, "80004 steps: 14468 more"));
	made_clean(&m);
	free(text);

	/* A long key is more work than a short one, and counts so. */
	make(&m, IN("ip6 saddr . ip6 daddr . sport . dport "
		    "{ 2001:db8::1 . 2001:db8::2 . 1 . 2 } drop"));
	assert_int_equal(m.ret, 0);
	i = m.prog.steps_max;
	made_clean(&m);
	make(&m, IN("ip6 saddr 2001:db8::1 drop"));
	assert_int_equal(m.ret, 0);
	assert_int_equal(i, m.prog.steps_max + 2);
	made_clean(&m);

	text = calloc(1, 4096);
	assert_non_null(text);
	strcat(text, IN("call t0"));
	for (i = 0; i < 20; i++)
		sprintf(text + strlen(text), "tree t%u {\niif lo drop\ncall t%u\n}\n", i, i + 1);
	strcat(text, "tree t20 {\niif lo drop\n}\n");
	make(&m, text);
	assert_int_equal(m.ret, -E2BIG);
	assert_non_null(strstr(m.diag.entries[0].message,
			       "calls nest 21 deep in 'ingress': 5 more"));
	made_clean(&m);
	free(text);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void test_times(void **state)
{
	static const u32 sizes[] = { 10000, 110000 };
	u32 i;

	(void)state;
	if (!getenv("FWT_TIMES"))
		skip();
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		char *text = flat(sizes[i], 2);
		double start = seconds();
		struct made m;

		make_good(&m, text);
		printf("%u flat rules: %.3f s parsed, compiled and verified twice\n", sizes[i],
		       seconds() - start);
		made_clean(&m);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errors), cmocka_unit_test(test_all_at_once),
		cmocka_unit_test(test_mixed), cmocka_unit_test(test_escape_sample),
		cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_sets), cmocka_unit_test(test_live_sets),
		cmocka_unit_test(test_port_map), cmocka_unit_test(test_port_range),
		cmocka_unit_test(test_keys), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
