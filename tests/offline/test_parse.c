// SPDX-License-Identifier: GPL-2.0
/*
 * The front end: what parses to what, what is refused and where, and that
 * neither well-meant nor random text upsets it.
 *
 * Whole policies stand in policies/: good ones parse without a word and print
 * to text that prints to itself; bad ones have their messages beside them, to
 * the letter.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "ast.h"
#include "diag.h"
#include "parse.h"
#include "source.h"

/* The folder of the policies, wherever the test is run from */
static const char *policies(void)
{
	static char dir[4096];
	const char *slash = strrchr(__FILE__, '/');

	snprintf(dir, sizeof(dir), "%.*spolicies", slash ? (int)(slash - __FILE__ + 1) : 0,
		 __FILE__);
	return access(dir, R_OK) ? "tests/offline/policies" : dir;
}

static char *printed(const struct fwt_policy_ast *ast)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	fwt_ast_print(out, ast);
	fclose(out);
	return text;
}

static char *messages(const struct fwt_diag *diag)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	fwt_diag_print(diag, out);
	fclose(out);
	return text;
}

static struct fwt_policy_ast *parse(const char *text, struct fwt_diag *diag)
{
	fwt_diag_init(diag);
	return fwt_parse_buffer("t", text, strlen(text), diag, NULL);
}

/* @text parses without a word and prints as @want */
static void prints(const char *text, const char *want)
{
	struct fwt_policy_ast *ast;
	struct fwt_diag diag;
	char *got;

	ast = parse(text, &diag);
	if (!ast || diag.count) {
		fwt_diag_print(&diag, stderr);
		fail_msg("does not parse: %s", text);
	}
	got = printed(ast);
	assert_string_equal(got, want);
	free(got);
	fwt_ast_free(ast);
	fwt_diag_clean(&diag);
}

/* One rule of an ingress hook, and what it prints as; NULL: as it stands */
static void rule(const char *text, const char *want)
{
	char in[2048], out[2048];

	snprintf(in, sizeof(in), "ingress {\n\t%s\n}\n", text);
	snprintf(out, sizeof(out), "ingress {\n\t%s\n}\n", want ? want : text);
	prints(in, out);
}

static void test_matches(void **state)
{
	(void)state;
	rule("tcp dport 22 accept", NULL);
	rule("protocol tcp tcp dport 53 accept", NULL);
	rule("iif lo", NULL);
	rule("tcp dport 80, 443 accept", "tcp dport { 80, 443 } accept");
	rule("tcp dport { 80,\n\n 443, } accept", "tcp dport { 80, 443 } accept");
	rule("dport 1024-65535 accept", NULL);
	rule("dport http - https accept", NULL);
	rule("saddr 10.0.0.1-10.0.0.9 drop", NULL);
	rule("saddr { ::1, fe80::/10, ::ffff:1.2.3.4 } drop", NULL);
	rule("ether saddr 00:11:22:33:44:55 drop", NULL);
	rule("saddr != @blocked drop", NULL);
	rule("ttl < 5 length >= 100 mark <= 0xff priority > 1 drop", NULL);
	rule("protocol . dport { tcp . 443, udp . { 53, 123 } } accept", NULL);
	rule("protocol . dport tcp . 443 accept", NULL);
	rule("route reverse != iif drop", NULL);
	rule("iif == \"mark\" drop", NULL);
	rule("daddr & ::ffff:ffff:ffff:ffff == ::10 accept", NULL);
	rule("tcp flags & { syn, ack } != syn drop", NULL);
	rule("not tcp dport 22 drop", "not { tcp dport 22 } drop");
	rule("not { tcp dport 22 iif lo } drop", NULL);
	rule("not { saddr 10.0.0.1 } { accept }", "not { saddr 10.0.0.1 } {\n\t\taccept\n\t}");
	rule("not saddr 10.0.0.1 { drop }", "not { saddr 10.0.0.1 } {\n\t\tdrop\n\t}");
	rule("not { mark 5 } icmp code 6 { accept }",
	     "not { mark 5 } icmp code 6 {\n\t\taccept\n\t}");
	rule("not dport { 1, 2 } not { not fragment } { accept }",
	     "not { dport { 1, 2 } } not { not { fragment } } {\n\t\taccept\n\t}");
	rule("not { not { iif lo }\n mark 5 } select iif { lo -> not mark 7 { drop } }",
	     "not { not { iif lo } mark 5 } select iif {\n"
	     "\t\tlo -> not { mark 7 } {\n\t\t\tdrop\n\t\t}\n\t}");
	rule("limit over 10/second burst 5 by saddr/24/64 . dport drop", NULL);
	rule("limit rate 1M/second drop", "limit 1M/second drop");
	rule("ct count by saddr > 10 drop", NULL);
	rule("quota over 10M drop", NULL);
	rule("random 1/3 drop", NULL);
	rule("node geo { country de; fast } drop", "node geo { country = de, fast } drop");
	rule("fragment drop", NULL);
	rule("fragment == yes drop", NULL);
	rule("bpf \"tcp port 80\" drop", NULL);
	rule("iif wg* iif \"6in4\" accept", NULL);
	rule("iif br-* iif eth0.* accept", NULL);
	rule("daddr addr(eth0) saddr net(\"6in4\") accept", NULL);
	rule("iif \\\n lo accept", "iif lo accept");
	rule("ct original ip saddr 10.0.0.1 accept", NULL);
	rule("iifname lo jump x", "iif lo call x");
	rule("ip saddr 10.0.0.1 ip6 daddr ::1 accept", NULL);
	rule("th dport 53 meta mark 1 meta l4proto tcp accept",
	     "dport 53 mark 1 protocol tcp accept");
}

static void test_modifiers(void **state)
{
	(void)state;
	rule("snat to 10.0.0.1-10.0.0.5:1000-2000 random persistent accept", NULL);
	rule("dnat to [2001:db8::1]:80 accept", NULL);
	rule("dnat to 10.0.0.1:4000-4010", NULL);
	rule("dnat to :80 accept", NULL);
	rule("dnat to dport map @m accept", NULL);
	rule("dnat to daddr . dport map @m:80-90 random accept", NULL);
	rule("set mark saddr map @m accept", NULL);
	rule("set ct mark @m accept", NULL);
	rule("goto saddr map @m", NULL);
	rule("iif eth0 call saddr . tcp dport map @m", NULL);
	rule("goto @m id x", NULL);
	rule("goto mark id map", NULL);
	rule("dnat to @m accept", NULL);
	rule("masquerade endpoint-independent", NULL);
	rule("redirect to :http accept", NULL);
	rule("redirect", NULL);
	rule("netmap to 10.0.0.0/24", NULL);
	rule("balance @web persistent accept", NULL);
	rule("balance @web or reject accept", NULL);
	rule("node n dport { 1, 2 } accept", NULL);
	rule("node n { a = 1 } mark == { 1, 2 } modify m { b } add @blocked { saddr } accept",
	     NULL);
	rule("balance @web persistent or reject with tcp-reset accept", NULL);
	rule("set mark 7 set ct mark 0x10 set dscp ef set vlan 8", NULL);
	rule("set mark ct mark", NULL);
	rule("mss clamp", NULL);
	rule("set mss 1400", NULL);
	rule("add @s { saddr . dport } timeout 5m remove @t { daddr } drop", NULL);
	rule("log \"a \\\"b\\\" \\\\\" group 3 drop", NULL);
	rule("log prefix \"x\" counter count foo notrack", "log \"x\" counter count foo notrack");
	rule("modify m { x = 1, y }", NULL);
	rule("iif lo masquerade random id foo comment \"why\"", NULL);
}

static void test_ends(void **state)
{
	(void)state;
	rule("reject with tcp-reset", NULL);
	rule("reject", NULL);
	rule("queue 3 bypass", NULL);
	rule("goto \"6in4\"", NULL);
	rule("call sub", NULL);
	rule("return", NULL);
	rule("iif lo { accept; } id x", "iif lo {\n\t\taccept\n\t} id x");
	rule("select iif { lo -> accept; default -> drop }",
	     "select iif {\n\t\tlo -> accept\n\t\tdefault -> drop\n\t}");
	rule("select protocol . dport { tcp . 443 ->\n daddr addr(e) accept }",
	     "select protocol . dport {\n\t\ttcp . 443 -> daddr addr(e) accept\n\t}");
	rule("select node g { a = b } { de, fr -> { accept } }",
	     "select node g { a = b } {\n\t\t{ de, fr } -> {\n\t\t\taccept\n\t\t}\n\t}");
	rule("select node g { de -> accept }", "select node g {\n\t\tde -> accept\n\t}");
	rule("split random { 1 -> set dscp ef; 9 -> set mark 7 }",
	     "split random {\n\t\t1 -> set dscp ef\n\t\t9 -> set mark 7\n\t}");
	rule("split hash saddr/24 { 1 -> accept }",
	     "split hash saddr/24 {\n\t\t1 -> accept\n\t}");
	rule("split round-robin { 1 -> accept }",
	     "split round-robin {\n\t\t1 -> accept\n\t}");
}

static void test_top(void **state)
{
	(void)state;
	prints("", "");
	prints("# nothing\n\n;;\n", "");
	prints("option timeout udp 30s; option conn-max 64k",
	       "option timeout udp 30s\noption conn-max 64k\n");
	prints("set p : addr . port", "set p : addr . port {\n}\n");
	prints("define w = e0, e1\ningress device $w { accept }",
	       "ingress device e0, e1 {\n\taccept\n}\n");
	prints("define w = { e0, e1 }\nset s : ifname { elements = { $w, lo } }",
	       "set s : ifname {\n\telements = { e0, e1, lo }\n}\n");
	prints("define a = 10.0.0.1\ndefine b = 10.0.0.9\ntree t { saddr $a-$b accept }",
	       "tree t {\n\tsaddr 10.0.0.1-10.0.0.9 accept\n}\n");
	prints("define w = { e0, e1 }\ntree t { daddr addr($w) log \"$w\" }",
	       "tree t {\n\tdaddr { addr(e0), addr(e1) } log \"$w\"\n}\n");
	prints("map m : port -> addr . port { elements = { 80 -> 10.0.0.1 . 81 } }",
	       "map m : port -> addr . port {\n\telements = {\n\t\t80 -> 10.0.0.1 . 81\n\t}\n}\n");
	prints("pool w { scheduler random; health passive; [::1]:80 weight 3; a.example }",
	       "pool w {\n\tscheduler random\n\thealth passive\n\t[::1]:80 weight 3\n\ta.example\n}\n");
	prints("set s : addr { timeout 1h30m; max 5; interval }",
	       "set s : addr {\n\ttimeout 90m\n\tmax 5\n\tinterval\n}\n");
	prints("map m : port -> addr { elements file \"tests/offline/policies/good/map.txt\" }",
	       "map m : port -> addr {\n\telements = {\n\t\t80 -> 10.0.0.1,\n\t\t80 -> fd00::1,\n"
	       "\t\t81-90 -> 10.0.0.2\n\t}\n}\n");
}

/* What stands where: enough of the tree's places to draw carets from */
static void test_places(void **state)
{
	const struct fwt_match *m;
	struct fwt_policy_ast *ast;
	const struct fwt_rule *r;
	struct fwt_diag diag;
	char buf[64];

	(void)state;
	ast = parse("ingress {\n  tcp  dport 22   \\\n saddr 10.0.0.1  { accept } id a\n"
		    "select iif { lo, eth0 -> drop }\n}\n", &diag);
	assert_non_null(ast);
	assert_int_equal(diag.count, 0);
	r = ast->hooks->block.first;
	assert_int_equal(r->loc.line, 2);
	assert_int_equal(r->loc.column, 3);
	assert_int_equal(r->loc.end_column, 0);
	m = r->matches;
	assert_int_equal(m->loc.column, 3);
	assert_int_equal(m->loc.end_column, 16);
	assert_int_equal(m->fields.first->loc.end_column, 13);
	assert_int_equal(m->values.first->loc.column, 14);
	assert_int_equal(m->fields.first->field, FWT_AST_DPORT);
	assert_int_equal(m->fields.first->implies, FWT_IMPLIES_TCP);
	assert_int_equal(m->next->loc.line, 3);
	assert_int_equal(fwt_ast_rule_text(ast, r, buf, sizeof(buf)), 27);
	assert_string_equal(buf, "tcp dport 22 saddr 10.0.0.1");
	fwt_ast_rule_text(ast, r, buf, 5);
	assert_string_equal(buf, "tcp ");
	r = r->next;
	fwt_ast_rule_text(ast, r, buf, sizeof(buf));
	assert_string_equal(buf, "select iif");
	fwt_ast_rule_text(ast, r->end.select->branches->rule, buf, sizeof(buf));
	assert_string_equal(buf, "lo, eth0 -> drop");
	assert_null(fwt_ast_tree(ast, "nope"));
	fwt_ast_free(ast);
	fwt_diag_clean(&diag);
}

/* @text has exactly one error, there, that begins with @what */
static void refused(const char *text, uint32_t line, uint32_t column, const char *what)
{
	struct fwt_policy_ast *ast;
	struct fwt_diag diag;
	const struct fwt_diag_entry *e;

	ast = parse(text, &diag);
	if (diag.errors != 1) {
		fwt_diag_print(&diag, stderr);
		fail_msg("%zu errors and not one: %s", diag.errors, text);
	}
	e = &diag.entries[0];
	if (e->line != line || e->column != column || strncmp(e->message, what, strlen(what))) {
		fwt_diag_print(&diag, stderr);
		fail_msg("expected %u:%u: %s", line, column, what);
	}
	fwt_ast_free(ast);
	fwt_diag_clean(&diag);
}

static void test_refused(void **state)
{
	static const struct {
		const char *rule;
		uint32_t column;
		const char *what;
	} rules[] = {
		{ "dprot 22 accept", 1, "unknown word 'dprot'" },
		{ "tcp dprot 22 accept", 1, "unknown field 'tcp dprot'" },
		{ "acept", 1, "unknown word 'acept'" },
		{ "pass", 1, "unknown word 'pass'" },
		{ "dport accept", 7, "unexpected 'accept', expected" },
		{ "dport 22 accept drop", 17, "unexpected 'drop', expected the end" },
		{ "dport = 22 accept", 7, "unexpected '='" },
		{ "saddr 10.0.0.256 drop", 7, "'10.0.0.256' is not an IPv4 address" },
		{ "saddr 10.0.0.0/33 drop", 7, "the prefix length" },
		{ "saddr 1::2::3 drop", 7, "'1::2::3' is not an IPv6 address" },
		{ "dport 99999999999999999999999 drop", 7, "the number is too large" },
		{ "dport 22x drop", 7, "'22x' is neither" },
		{ "iif 6in4 drop", 5, "'6in4' is neither" },
		{ "dport 9-5 drop", 7, "the range ends before it begins" },
		{ "saddr 10.0.0.0/8-11.0.0.0 drop", 7, "a range goes from" },
		{ "log \"abc", 5, "the string does not end" },
		{ "log \"a\\n\" drop", 5, "only \\\" and \\\\" },
		{ "set mark 7 dport 22 accept", 12, "a match after a modifier" },
		{ "set colour 7", 5, "'set' cannot change 'colour'" },
		{ "not {} drop", 1, "an empty 'not {}'" },
		{ "not limit 1/second drop", 5, "'limit' may not stand in 'not'" },
		{ "limit 1/fortnight drop", 7, "unknown unit of time" },
		{ "limit 0/second drop", 7, "a rate of 0" },
		{ "limit 1/second by saddr/33 drop", 25, "a prefix length of IPv4" },
		{ "limit 1/second by dport/8 drop", 25, "only addresses have" },
		{ "random 3/2 drop", 1, "'random N/M'" },
		{ "saddr $nope drop", 7, "'$nope' is not defined" },
		{ "reject with tcp-rst", 13, "unknown answer 'tcp-rst'" },
		{ "reject with icmp type host-unreachable", 13, "unknown answer 'icmp'" },
		{ "queue 70000", 7, "a queue is at most" },
		{ "protocol . dport tcp .443 drop", 22, "'.' joins only between blanks" },
		{ "select iif { default -> drop; default -> drop }", 31, "'select' has one" },
		{ "split random { }", 1, "'split' has no shares" },
		{ "split random { 0 -> drop }", 16, "a weight is from 1" },
		{ "drop id a id b", 11, "the rule has an id already" },
		{ "iif caf\xc3\xa9 drop", 8, "unexpected character" },
		{ "comment \"a\xc3\xa9\" dprot", 1, "unexpected 'comment'" },
		{ "log \"\xc3\xa9\" dprot 2", 9, "unknown word 'dprot'" },
		{ "define a = 1", 1, "unknown word 'define'" },
		{ "ct foo drop", 1, "unknown field 'ct foo'" },
	};
	char text[512];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		snprintf(text, sizeof(text), "ingress {\n%s\n}\n", rules[i].rule);
		refused(text, 2, rules[i].column, rules[i].what);
	}
	refused("define a = 1\ndefine a = 2", 2, 8, "the define 'a' is there already");
	refused("ingress { accept }\ningress { drop }", 2, 1, "the hook 'ingress' is there");
	refused("tree a { accept }\ntree a { drop }", 2, 6, "the tree 'a' is there already");
	refused("set a : addr\nmap a : addr -> addr", 2, 5, "the set 'a' is there already");
	refused("pool a { ::1 }\npool a { ::1 }", 2, 6, "the pool 'a' is there already");
	refused("set a : addr { timeout 1h; max 5; timeout 2h }", 1, 35,
		"'timeout' is set already");
	refused("set a : addr { max 5\nmax 5 }", 2, 1, "'max' is set already");
	refused("set a : addr { interval; elements = { ::1 }; interval }", 1, 46,
		"'interval' is set already");
	refused("map a : addr -> mark { max 5; timeout 1s; max 6 }", 1, 43,
		"'max' is set already");
	refused("pool a { scheduler random; ::1; scheduler random }", 1, 43,
		"a pool has one scheduler");
	refused("pool a { health passive; ::1; health passive }", 1, 38, "a pool says once");
	refused("set resolvers : addr", 1, 5, "'@resolvers' is");
	refused("set a : adr", 1, 9, "unknown type 'adr'");
	refused("pool a { scheduler fast }", 1, 20, "unknown scheduler 'fast'");
	refused("option timout 5s", 1, 8, "unknown option 'timout'");
	refused("option timeout tcp 5s", 1, 16, "unknown state 'tcp'");
	refused("option tcp-loose maybe", 1, 18, "the option 'tcp-loose' wants one of");
	refused("option adopt 5", 1, 14, "the option 'adopt' wants a duration");
	refused("option adopt 5s\noption adopt 5s", 2, 1, "the option 'adopt' is set");
	refused("option timeout udp 5s\noption timeout icmp 5s\noption timeout udp 6s", 3, 1,
		"the option 'timeout udp' is set already");
	refused("tree a { accept", 1, 8, "this '{' is never closed");
	refused("tree a { accept }\n}", 2, 1, "this '}' closes nothing");
	refused("dport 22 accept", 1, 1, "unknown word 'dport'");
	refused("table inet f {\n}\n", 1, 1, "unknown word 'table'");
	refused("ingress device 5 { accept }", 1, 16, "a device is the name");
	refused("ingress device abcdefghijklmnop { accept }", 1, 16, "the name of an interface");
	refused("include \"/nonexistent/x\"", 1, 9, "cannot read /nonexistent/x");
}

/* What stands behind a file that can't be read is read as ever. */
static void test_missing(void **state)
{
	static const char text[] =
		"include \"/nonexistent/x\"\ninclude \"/nonexistent/y\"; option a 1\n"
		"ingress {\ninclude \"/nonexistent/z\"\naccept\n}\n";
	static const char *const what[] = {
		"cannot read /nonexistent/x", "cannot read /nonexistent/y",
		"unknown option 'a'", "cannot read /nonexistent/z",
	};
	struct fwt_policy_ast *ast;
	struct fwt_diag diag;
	size_t i;

	(void)state;
	ast = parse(text, &diag);
	if (diag.errors != 4)
		fwt_diag_print(&diag, stderr);
	assert_int_equal(diag.errors, 4);
	for (i = 0; i < 4; i++)
		assert_memory_equal(diag.entries[i].message, what[i], strlen(what[i]));
	assert_non_null(ast->hooks);
	fwt_ast_free(ast);
	fwt_diag_clean(&diag);
}

static void test_warnings(void **state)
{
	struct fwt_policy_ast *ast;
	struct fwt_diag diag;

	(void)state;
	ast = parse("tree t {\ndnat to 2001:db8::1:80\ndnat to 2001:db8::80\n"
		    "dnat to [2001:db8::1:80]\n}\n", &diag);
	assert_int_equal(diag.errors, 0);
	assert_int_equal(diag.warnings, 1);
	assert_int_equal(diag.entries[0].line, 2);
	assert_int_equal(diag.entries[0].column, 9);
	fwt_ast_free(ast);
	fwt_diag_clean(&diag);
}

static char *slurp(const char *path)
{
	FILE *in = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;

	if (!in)
		fail_msg("cannot read %s", path);
	if (getdelim(&text, &size, '\0', in) < 0)
		fail_msg("%s is empty", path);
	fclose(in);
	return text;
}

static void good(const char *name)
{
	struct fwt_policy_ast *ast;
	struct fwt_diag diag;
	char *one, *two;
	char path[4096];

	snprintf(path, sizeof(path), "%s/good/%s", policies(), name);
	fwt_diag_init(&diag);
	ast = fwt_parse_file(path, &diag, NULL);
	if (!ast || diag.errors) {
		fwt_diag_print(&diag, stderr);
		fail_msg("%s does not parse", path);
	}
	one = printed(ast);
	fwt_ast_free(ast);
	ast = fwt_parse_buffer("printed", one, strlen(one), &diag, NULL);
	assert_non_null(ast);
	if (diag.errors)
		fwt_diag_print(&diag, stderr);
	assert_int_equal(diag.errors, 0);
	two = printed(ast);
	assert_string_equal(one, two);
	free(one);
	free(two);
	fwt_ast_free(ast);
	fwt_diag_clean(&diag);
}

static void test_good(void **state)
{
	(void)state;
	good("gateway.fw");
	good("grammar.fw");
	good("include.fw");
}

/* The messages to the letter; they name files relative to the folder */
static void bad(const char *name)
{
	struct fwt_policy_ast *ast;
	char path[4096], cwd[4096];
	struct fwt_diag diag;
	char *got, *want;

	assert_non_null(getcwd(cwd, sizeof(cwd)));
	snprintf(path, sizeof(path), "%s/bad", policies());
	assert_int_equal(chdir(path), 0);
	fwt_diag_init(&diag);
	snprintf(path, sizeof(path), "%s.fw", name);
	ast = fwt_parse_file(path, &diag, NULL);
	got = messages(&diag);
	snprintf(path, sizeof(path), "%s.expect", name);
	want = slurp(path);
	assert_int_equal(chdir(cwd), 0);
	assert_string_equal(got, want);
	free(got);
	free(want);
	fwt_ast_free(ast);
	fwt_diag_clean(&diag);
}

static void test_bad(void **state)
{
	(void)state;
	bad("five");
	bad("many");
	bad("cycle");
	bad("elements");
	bad("hints");
	bad("list");
}

static void test_limits(void **state)
{
	static char text[2 * 20000 + 64];
	struct fwt_policy_ast *ast;
	struct fwt_diag diag;
	size_t n, i;

	(void)state;
	/* blocks in blocks */
	n = snprintf(text, sizeof(text), "tree t ");
	for (i = 0; i < 20000; i++)
		text[n++] = '{';
	for (i = 0; i < 20000; i++)
		text[n++] = '}';
	text[n] = 0;
	refused(text, 1, 72, "blocks are nested deeper than 64");

	/* nots of nots must not take the stack */
	n = snprintf(text, sizeof(text), "tree t { ");
	for (i = 0; i < 6000; i++)
		n += snprintf(text + n, sizeof(text) - n, "not ");
	ast = parse(text, &diag);
	assert_true(diag.errors > 0);
	fwt_ast_free(ast);
	fwt_diag_clean(&diag);

	/* a long word; many errors; NUL */
	n = snprintf(text, sizeof(text), "tree ");
	memset(text + n, 'x', 300);
	snprintf(text + n + 300, 20, " { accept }");
	refused(text, 1, 6, "a name of more than 255");
	text[n] = '"';
	snprintf(text + n + 256, 20, "\" { accept }");
	ast = parse(text, &diag);
	assert_int_equal(diag.errors, 0);
	fwt_ast_free(ast);
	fwt_diag_clean(&diag);
	memset(text + n + 256, 'x', 1);
	snprintf(text + n + 257, 20, "\" { accept }");
	refused(text, 1, 6, "a name of more than 255");
	n = snprintf(text, sizeof(text), "tree t {\n");
	for (i = 0; i < 60; i++)
		n += snprintf(text + n, sizeof(text) - n, "foo\n");
	snprintf(text + n, 8, "}\n");
	ast = parse(text, &diag);
	assert_int_equal(diag.errors, 60);
	assert_int_equal(diag.count, FWT_DIAG_MAX);
	fwt_ast_free(ast);
	fwt_diag_clean(&diag);

	/* defines that double must end somewhere */
	n = snprintf(text, sizeof(text), "define a0 = 1, 2\n");
	for (i = 1; i < 40; i++)
		n += snprintf(text + n, sizeof(text) - n, "define a%zu = $a%zu, $a%zu\n", i,
			      i - 1, i - 1);
	ast = parse(text, &diag);
	assert_true(diag.errors > 0);
	fwt_ast_free(ast);
	fwt_diag_clean(&diag);
}

static void test_suggest(void **state)
{
	static const char *const words[] = { "dport", "sport", "accept", "drop", NULL };

	(void)state;
	assert_string_equal(fwt_diag_suggest("dprot", words), "dport");
	assert_string_equal(fwt_diag_suggest("acept", words), "accept");
	assert_null(fwt_diag_suggest("masquerade", words));
	assert_null(fwt_diag_suggest("", words));
}

static void test_names(void **state)
{
	struct fwt_resolver *r = fwt_resolver_alloc();
	uint64_t value;

	(void)state;
	assert_non_null(r);
	assert_int_equal(fwt_resolve_word(r, FWT_CLASS_PORT, -1, "https", &value), 0);
	assert_int_equal(value, 443);
	assert_int_equal(fwt_resolve_word(r, FWT_CLASS_PROTOCOL, -1, "icmpv6", &value), 0);
	assert_int_equal(value, 58);
	assert_int_equal(fwt_resolve_word(r, FWT_CLASS_ICMPV6_TYPE, -1, "mld2-listener-report",
					  &value), 0);
	assert_int_equal(value, 143);
	assert_int_equal(fwt_resolve_word(r, FWT_CLASS_UID, -1, "root", &value), 0);
	assert_int_equal(value, 0);
	assert_true(fwt_resolve_word(r, FWT_CLASS_PORT, -1, "no-such-service", &value) < 0);
	assert_true(fwt_resolve_word(r, FWT_CLASS_PORT, -1, "no-such-service", &value) < 0);
	assert_true(fwt_resolve_word(r, FWT_CLASS_MAC, -1, "x", &value) < 0);
	assert_string_equal(fwt_class_name(FWT_CLASS_DSCP, 46), "ef");
	assert_string_equal(fwt_class_name(FWT_CLASS_PROTOCOL, 6), "tcp");
	assert_null(fwt_class_name(FWT_CLASS_PROTOCOL, 255));
	assert_string_equal(fwt_field_words(FWT_AST_DPORT, FWT_IMPLIES_TCP), "tcp dport");
	assert_string_equal(fwt_field_words(FWT_AST_SADDR, FWT_IMPLIES_NONE), "saddr");
	fwt_resolver_free(r);
}

/* Bytes changed, taken out and doubled: no crash, and what parses reads back */
static void test_mutations(void **state)
{
	static const char *const spice[] = {
		"{", "}", "\n", ";", " -> ", " . ", "$wan", "@x", "not ", "\"", "#", ",", "-",
		"tcp dport ", "10.0.0.0/8", "::1", "select iif {", "accept", "=", "\xff", "\\",
	};
	char path[4096], *text, *copy;
	size_t len, n, at, i;
	time_t end = time(NULL) + 3;
	unsigned int seed = 42, runs = 0;

	(void)state;
	snprintf(path, sizeof(path), "%s/good/grammar.fw", policies());
	text = slurp(path);
	len = strlen(text);
	copy = malloc(len + 1024);
	assert_non_null(copy);
	while (time(NULL) < end) {
		const struct fwt_parse_opts opts = { .no_include = true };
		struct fwt_policy_ast *ast;
		struct fwt_diag diag;

		memcpy(copy, text, len);
		n = len;
		for (i = rand_r(&seed) % 8; i > 0 && n > 64; i--) {
			const char *s = spice[rand_r(&seed) % (sizeof(spice) / sizeof(spice[0]))];
			size_t gone = rand_r(&seed) % 3 ? 0 : rand_r(&seed) % 32;

			at = rand_r(&seed) % (n - 40);
			memmove(copy + at + strlen(s), copy + at + gone, n - at - gone);
			memcpy(copy + at, s, strlen(s));
			n = n + strlen(s) - gone;
		}
		fwt_diag_init(&diag);
		ast = fwt_parse_buffer("m", copy, n, &diag, &opts);
		free(messages(&diag));
		if (ast && !diag.errors)
			free(printed(ast));
		fwt_ast_free(ast);
		fwt_diag_clean(&diag);
		runs++;
	}
	print_message("%u mutations\n", runs);
	free(copy);
	free(text);
}

static void test_speed(void **state)
{
	const unsigned int rules = 110000;
	struct fwt_policy_ast *ast;
	struct timespec a, b;
	struct fwt_diag diag;
	size_t size = (size_t)rules * 110, n;
	char *text = malloc(size);
	unsigned int i;

	(void)state;
	assert_non_null(text);
	n = snprintf(text, size, "ingress {\n");
	for (i = 0; i < rules; i++)
		n += snprintf(text + n, size - n,
			      "saddr %u.%u.%u.0/24 daddr 10.%u.%u.0/24 protocol tcp sport 0-65535 dport %u %s\n",
			      i >> 16, i >> 8 & 255, i & 255, i & 255, i >> 8 & 255, i & 0xffff,
			      i & 1 ? "accept" : "drop");
	n += snprintf(text + n, size - n, "drop\n}\n");
	fwt_diag_init(&diag);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	ast = fwt_parse_buffer("big", text, n, &diag, NULL);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	assert_non_null(ast);
	assert_int_equal(diag.errors, 0);
	assert_int_equal(ast->rules, rules + 1);
	print_message("%u rules, %zu bytes: %.3f s of CPU\n", rules, n,
		      (b.tv_sec - a.tv_sec) + (b.tv_nsec - a.tv_nsec) / 1e9);
	fwt_ast_free(ast);
	fwt_diag_clean(&diag);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matches), cmocka_unit_test(test_modifiers),
		cmocka_unit_test(test_ends), cmocka_unit_test(test_top),
		cmocka_unit_test(test_places), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_warnings), cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_suggest), cmocka_unit_test(test_names),
		cmocka_unit_test(test_mutations), cmocka_unit_test(test_speed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
