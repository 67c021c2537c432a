// SPDX-License-Identifier: GPL-2.0
/*
 * Rules that one before them covers, as they are found where no diagram has room
 * (analyse_cover.c): what is told, and what must not be; and on policies at random,
 * whatever is told is told by the diagram as well.
 *
 * FWT_POLICIES says how many (default 150), FWT_SEED the first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "analyse.h"
#include "given.h"
#include "parse.h"

#define LINES_MAX 512

/* By line: the one that hides it, 0 for none, ~0 where it is told without one. */
static bool look(const char *text, u32 budget, u32 *by, struct fwt_analysis *found)
{
	struct fwt_analyse_opts opts = { .budget = budget };
	struct fwt_policy_ast *ast;
	struct fwt_diag diag;
	size_t e;

	memset(by, 0, LINES_MAX * sizeof(*by));
	fwt_diag_init(&diag);
	ast = fwt_parse_buffer("t.fw", text, strlen(text), &diag, NULL);
	assert_non_null(ast);
	if (fwt_diag_failed(&diag)) {
		fwt_diag_print(&diag, stderr);
		fail();
	}
	fwt_diag_sources(&diag, ast->sources);
	assert_int_equal(fwt_analyse(ast, &diag, &opts, found), 0);
	for (e = 0; e < diag.count; e++) {
		const struct fwt_diag_entry *d = &diag.entries[e];
		u32 line = ~0u;

		/* What can't be for its own sake never matches, either. */
		if (d->severity != FWT_WARNING || strstr(d->message, "changes nothing"))
			continue;
		assert_in_range(d->line, 1, LINES_MAX - 1);
		if (sscanf(d->message, "never matches: line %u takes", &line) != 1)
			line = ~0u;
		by[d->line] = line;
	}
	fwt_diag_sources(&diag, NULL);
	fwt_diag_clean(&diag);
	fwt_ast_free(ast);
	return found->exact;
}

/* Each line that is hidden ends in a comment, "# N": line N hides it. */
static void as_commented(const char *text)
{
	u32 by[LINES_MAX], line, want;
	struct fwt_analysis found;
	const char *at = text, *end, *hash;
	bool wrong = false;

	assert_false(look(text, 10, by, &found));
	for (line = 1; *at; line++, at = end + 1) {
		end = strchr(at, '\n');
		hash = memchr(at, '#', (size_t)(end - at));
		want = hash ? (u32)atoi(hash + 1) : 0;
		if (by[line] == want)
			continue;
		print_error("line %u: %u hides it, not %u: %.*s\n", line, by[line], want,
			    (int)(end - at), at);
		wrong = true;
	}
	assert_false(wrong);
}

static void boxes(void **state)
{
	(void)state;
	as_commented("ingress {\n"
		"	saddr 10.0.0.0/8 tcp dport 0-1023 drop\n"
		"	saddr fd00::/8 accept\n"
		"	udp dport 53 accept\n"
		"	saddr 10.1.0.0/16 daddr 192.0.2.1 tcp dport 22 accept		#2\n"
		"	saddr 10.1.0.0/16 dport 22 accept\n"
		"	saddr fd00:1::/32 tcp dport 22 accept				#3\n"
		"	saddr 10.0.0.0/7 tcp dport 22 accept\n"
		"	udp sport 53 dport 53 saddr 192.0.2.1 accept			#4\n"
		"	udp sport 53 accept\n"
		"	saddr 10.2.0.0/16 tcp dport { 22, 1024 } accept\n"
		"	saddr 10.2.0.0/16 tcp dport { 22, 80 } accept			#2\n"
		"	protocol 100-120 accept\n"
		"	protocol 110 accept						#13\n"
		"	dport 40000-49151 reject\n"
		"	udp dport 40960 drop						#15\n"
		"	udp dport 39999-40000 drop\n"
		"	family ipv6 protocol 50 drop\n"
		"	ip6 saddr fc01::/16 protocol 50 accept				#18\n"
		"	ip saddr 192.0.2.1 protocol 50 accept\n"
		"	drop\n"
		"}\n");
}

/* The same set, list, mask or interface, asked again; and others that are like it. */
static void questions(void **state)
{
	(void)state;
	as_commented("set s : addr { elements = { 10.0.0.1 } }\n"
		"set t : addr { elements = { 10.0.0.1 } }\n"
		"set p : addr . port { elements = { 10.0.0.1 . 5 } }\n"
		"ingress {\n"
		"	saddr @s tcp dport 1-100 accept\n"
		"	saddr @s tcp dport 22 drop					#5\n"
		"	saddr @t tcp dport 22 drop\n"
		"	daddr @s tcp dport 22 drop\n"
		"	saddr != @s tcp dport 22 drop\n"
		"	saddr != @s tcp dport 22 ttl 3 accept				#9\n"
		"	tcp dport 22 saddr @s saddr @t drop				#5\n"
		"	saddr & 255.0.255.0 == 10.0.1.0 accept\n"
		"	saddr & 255.0.255.0 == 10.0.1.0 ttl 9 drop			#12\n"
		"	saddr & 255.0.254.0 == 10.0.0.0 ttl 9 drop\n"
		"	daddr addr(eth0) udp dport 53 accept\n"
		"	daddr addr(eth0) udp dport 53 ttl 5 drop			#15\n"
		"	daddr net(eth0) udp dport 53 drop\n"
		"	daddr addr(eth1) udp dport 53 drop\n"
		"	udp dport { 60, 62, 64 } daddr 10.0.0.0/8 accept\n"
		"	udp dport { 60, 62, 64 } daddr 10.1.0.0/16 drop			#19\n"
		"	udp dport { 60, 63, 64 } daddr 10.1.0.0/16 drop\n"
		"	udp dport { 60, 62 } daddr 10.1.0.0/16 drop\n"
		"	not { ttl 7 sport 5 } udp dport 70 accept\n"
		"	not { ttl 7 sport 5 } udp dport 70 daddr 10.1.0.0/16 drop	#23\n"
		"	not { ttl 7 sport 6 } udp dport 70 daddr 10.1.0.0/16 drop\n"
		"	route oif eth0 udp dport 71 accept\n"
		"	route oif eth0 udp dport 71 ttl 1 accept			#26\n"
		"	route reverse != iif udp dport 72 accept\n"
		"	route reverse != iif udp dport 72 ttl 1 accept			#28\n"
		"	saddr . dport @p accept\n"
		"	saddr . dport @p udp dport 73 accept				#30\n"
		"	saddr . sport @p udp dport 73 accept\n"
		"	drop\n"
		"}\n");
}

/* What has a state may say another thing the second time. */
static void states(void **state)
{
	(void)state;
	as_commented("map m : port -> port { elements = { 99 -> 100 } }\n"
		"ingress {\n"
		"	udp dport 1 limit 1/second accept\n"
		"	udp dport 1 limit 1/second accept\n"
		"	udp dport 2 random 1/2 accept\n"
		"	udp dport 2 random 1/2 accept\n"
		"	udp dport 3 ct count by saddr < 5 accept\n"
		"	udp dport 3 ct count by saddr < 5 accept\n"
		"	udp dport 4 quota 1k accept\n"
		"	udp dport 4 accept\n"
		"	udp dport 4 quota 1k accept					#10\n"
		"	udp dport 99 dnat to dport map @m accept\n"
		"	udp dport 99 accept\n"
		"	udp dport 98-99 drop\n"
		"	drop\n"
		"}\n");
}

/* What a rule that goes on has changed is another thing from there on. */
static void changed(void **state)
{
	(void)state;
	as_commented("ingress {\n"
		"	mark 3 accept\n"
		"	saddr 10.0.0.0/8 udp dport 5 accept\n"
		"	mark 3 tcp dport 20 drop					#2\n"
		"	udp dport 1 count c set mark 3\n"
		"	mark 3 tcp dport 22 drop\n"
		"	mark 3 tcp dport 22 ttl 1 drop					#6\n"
		"	saddr 10.1.0.0/16 udp dport 5 drop				#3\n"
		"	ttl 9 set mark 5 accept\n"
		"	mark 3 tcp dport 22 ttl 2 drop					#6\n"
		"	udp dport 6 dnat to 10.1.0.1\n"
		"	saddr 10.1.0.0/16 udp dport 5 ttl 1 drop\n"
		"	protocol 80 {\n"
		"		ttl 1 set dscp 3\n"
		"		ttl 2 accept\n"
		"	}\n"
		"	dscp 3 drop\n"
		"	protocol 80 {\n"
		"		ttl 1 set dscp 3 accept\n"
		"		accept\n"
		"	}\n"
		"	dscp 3 ttl 4 drop						#17\n"
		"	protocol 80 dscp 1 drop						#18\n"
		"	call other\n"
		"	dscp 3 ttl 4 drop\n"
		"	drop\n"
		"}\n"
		"tree other { ttl 77 set dscp 3\n }\n");
}

/* Ends that nothing goes on behind, and ends that something does. */
static void endings(void **state)
{
	(void)state;
	as_commented("ingress {\n"
		"	udp dport 1 { ttl 1 accept\n"
		"	drop }\n"
		"	udp dport 1 ttl 5 accept					#2\n"
		"	udp dport 2 { ttl 1 accept }\n"
		"	udp dport 2 ttl 5 accept\n"
		"	udp dport 3 select iif { eth0 -> accept\n"
		"	default -> drop }\n"
		"	udp dport 3 ttl 5 accept					#7\n"
		"	udp dport 4 select iif { eth0 -> accept\n"
		"	eth1 -> drop }\n"
		"	udp dport 4 ttl 5 accept\n"
		"	udp dport 5 split random { 1 -> accept\n"
		"	1 -> drop }\n"
		"	udp dport 5 ttl 5 accept					#13\n"
		"	udp dport 6 queue 3\n"
		"	udp dport 6 ttl 5 accept					#16\n"
		"	udp dport 7 call back\n"
		"	udp dport 7 ttl 5 accept\n"
		"	udp dport 8 goto end\n"
		"	udp dport 8 ttl 5 accept					#20\n"
		"	udp dport 9 log\n"
		"	udp dport 9 ttl 5 accept\n"
		"	drop\n"
		"}\n"
		"tree back { ttl 1 return\n"
		"	ttl 1 dscp 5 accept						#26\n"
		"	ttl 2 accept\n"
		"}\n"
		"tree end { drop\n }\n");
}

/* A hundred thousand: what is said is said of all of them. */
static void many(void **state)
{
	u32 i, n = 100000;
	struct fwt_analyse_opts opts = { .budget = 100000 };
	struct fwt_policy_ast *ast;
	struct fwt_analysis found;
	struct fwt_diag diag;
	char *text;
	size_t size, e;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	fprintf(out, "set s : addr { elements = { 10.0.0.1 } }\ningress {\n");
	/* Of each hundred four are hidden: by a net, a set, a port, a set and a port. */
	for (i = 0; i < n / 100; i++) {
		u32 net = i * 7 % 250, host, k;

		fprintf(out, "\tsaddr 10.%u.%u.0/24 tcp dport 0-1000 accept\n", i / 250, net);
		fprintf(out, "\tsaddr @s udp dport %u accept\n", i);
		fprintf(out, "\tudp dport %u ttl 1-%u accept\n", 2000 + i, 1 + i % 200);
		for (k = 0; k < 93; k++) {
			host = i * 93 + k;
			fprintf(out, "\tsaddr 172.%u.%u.%u daddr 192.0.2.%u tcp dport %u %s\n",
				host >> 16, host >> 8 & 255, host & 255, k, 1 + i % 60000,
				k % 2 ? "accept" : "drop");
		}
		fprintf(out, "\tsaddr 10.%u.%u.%u tcp dport %u drop\n", i / 250, net, i % 256,
			i % 1000);
		fprintf(out, "\tsaddr @s udp dport %u ttl 7 drop\n", i);
		fprintf(out, "\tudp dport %u ttl 1 saddr 10.0.0.0/8 drop\n", 2000 + i);
		fprintf(out, "\tsaddr @s udp dport %u daddr 192.0.2.1 sport 9 drop\n", i);
	}
	fprintf(out, "\tdrop\n}\n");
	assert_int_equal(fclose(out), 0);
	fwt_diag_init(&diag);
	ast = fwt_parse_buffer("t.fw", text, size, &diag, NULL);
	assert_non_null(ast);
	assert_false(fwt_diag_failed(&diag));
	fwt_diag_sources(&diag, ast->sources);
	assert_int_equal(fwt_analyse(ast, &diag, &opts, &found), 0);
	assert_false(found.exact);
	assert_int_equal(found.rules, n + 1);
	assert_int_equal(found.compared, n + 1);
	for (e = 0; e < diag.count; e++)
		if (diag.entries[e].severity == FWT_WARNING)
			assert_in_range((diag.entries[e].line - 3) % 100, 96, 99);
	/* Those that are not kept are counted. */
	assert_int_equal(diag.warnings, n / 25);
	fwt_diag_sources(&diag, NULL);
	fwt_diag_clean(&diag);
	fwt_ast_free(ast);
	free(text);
}

/* Against the diagram */

static u32 draw(u64 *state, u32 below)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)((*state >> 33) % below);
}

static void match(FILE *out, u64 *s)
{
	static const char *const some[] = {
		"iif eth0", "iif wg*", "iif != eth1", "saddr 10.0.0.0/8", "saddr 10.1.0.0/16",
		"saddr 10.1.2.3", "saddr fd00::/8", "saddr fd00:1::1", "daddr 10.1.0.0/16",
		"daddr { 10.1.0.0/16, fd00::/8 }", "daddr { 10.1.0.0/24, 10.1.2.0/24 }",
		"saddr @s", "saddr @s", "saddr != @s", "daddr @t", "daddr addr(eth0)",
		"tcp dport 22", "tcp dport 1-1023", "tcp dport { 22, 80 }", "udp dport 53",
		"dport 20-90", "dport { 22, 53 }", "protocol tcp", "protocol { tcp, udp }",
		"protocol 1-20", "mark 3", "mark 3", "mark & 5 == 1", "dscp 3", "ttl 1-9", "ttl 5",
		"not { dport 22 ttl 1-9 }", "family ipv4", "family ipv6", "ct state new",
		"route oif eth0",
	};

	fprintf(out, "%s ", some[draw(s, ARRAY_SIZE(some))]);
}

static void rule(FILE *out, u64 *s, u32 depth)
{
	static const char *const end[] = {
		"accept", "accept", "drop", "drop", "reject", "set mark 3", "set mark 3 accept",
		"set dscp 3", "count c", "log drop", "goto tail", "call more",
		"daddr 10.1.2.3 dnat to 10.1.0.9", "limit 1/second accept",
	};
	u32 n = 1 + draw(s, 3);

	fprintf(out, "\t");
	while (n--)
		match(out, s);
	if (depth || draw(s, 8)) {
		fprintf(out, "%s\n", end[draw(s, ARRAY_SIZE(end))]);
		return;
	}
	fprintf(out, "{\n");
	for (n = 2; n--;)
		rule(out, s, depth + 1);
	fprintf(out, "%s\t}\n", draw(s, 2) ? "\taccept\n" : "");
}

static char *policy(u64 seed)
{
	u64 s = seed * 104729 + 7;
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);
	u32 i;

	assert_non_null(out);
	fprintf(out, "set s : addr { elements = { 10.0.0.1 } }\nset t : addr { }\n"
		"tree more { ttl 5 set dscp 3\n\tmark 3 accept\n }\n"
		"tree tail { dscp 3 accept\n\tdrop\n }\ningress {\n");
	for (i = 0; i < 25; i++)
		rule(out, &s, 0);
	fprintf(out, "\tdrop\n}\n");
	assert_int_equal(fclose(out), 0);
	return text;
}

/* The line of the innermost block that a line stands in, 0 for none. */
static u32 around(const char *text, u32 line)
{
	u32 at[8] = { 0 }, depth = 0, n = 1;

	for (; *text && n < line; text++) {
		if (*text == '{' && text[1] == '\n')
			at[depth++] = n;
		if (*text == '}' && text[-1] == '\t')
			depth--;
		n += *text == '\n';
	}
	return depth > 1 ? at[depth - 1] : 0;
}

static void diagrams_agree(void **state)
{
	u64 n = setting("FWT_POLICIES", 150), seed = setting("FWT_SEED", 1), i;
	u32 told = 0, more = 0, outgrew = 0, line, b;
	u32 by[LINES_MAX], all[LINES_MAX];
	struct fwt_analysis found;

	(void)state;
	for (i = 0; i < n; i++) {
		char *text = policy(seed + i);

		assert_false(look(text, 10, by, &found));
		if (!look(text, 0, all, &found)) {
			outgrew++;
			free(text);
			continue;
		}
		for (line = 1; line < LINES_MAX; line++) {
			/* Of a hidden block the inside is not told again. */
			for (b = line; b && !all[b]; b = around(text, b))
				;
			told += !!by[line];
			more += !by[line] && all[line];
			if (by[line] && !b)
				print_error("seed %llu: line %u is not hidden by line %u\n%s",
					    (unsigned long long)(seed + i), line, by[line],
					    text);
			assert_true(!by[line] || b);
		}
		free(text);
	}
	print_message("%llu policies, %u hidden by one rule, %u more otherwise; %u too large\n",
		      (unsigned long long)n, told, more, outgrew);
	assert_true(told >= n && outgrew * 10 <= n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(boxes),
		cmocka_unit_test(questions),
		cmocka_unit_test(states),
		cmocka_unit_test(changed),
		cmocka_unit_test(endings),
		cmocka_unit_test(many),
		cmocka_unit_test(diagrams_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
