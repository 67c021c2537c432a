// SPDX-License-Identifier: GPL-2.0
/*
 * How long the slowest walk takes that the verifier lets pass.
 *
 *	worst [ROUNDS]
 *
 * A step costs most where it asks for the longest keys, and where the test, its set
 * and its words are of memory that nobody has touched lately: so a chain of tests,
 * as long as the steps allow, each with a key of its own that differs from the
 * packet's in its last word. Boxes of a set lie one behind the other: those are the
 * second row; the rules of a forest's leaf the third.
 */
#include <stdlib.h>
#include <time.h>

#include "ast.h"
#include "compile.h"
#include "diag.h"
#include "parse.h"
#include "tree.h"

#define ADDRS "2001:db8::1 . 2001:db8::2"

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void chain(FILE *out, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		fprintf(out, "\tip6 saddr . ip6 daddr . sport . dport . mark { " ADDRS
			" . 1 . 2 . %u } drop\n", i + 1);
}

static void boxes(FILE *out, u32 n)
{
	u32 i;

	fprintf(out, "\tip6 saddr . ip6 daddr . sport . dport . mark { ");
	for (i = 0; i < n; i++)
		fprintf(out, "%s" ADDRS " . 1 . 1-2 . %u", i ? ", " : "", 2 * i + 1);
	fprintf(out, " } drop\n");
}

static void leaf(FILE *out, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		fprintf(out, "\tip6 saddr 2001:db8::/32 mark %u drop\n", i + 1);
}

static bool make(void (*rules)(FILE *out, u32 n), u32 n, u32 forest_min,
		 struct fwt_blob *blob)
{
	struct fwt_compile_opts opts = { .no_warnings = true, .forest_min = forest_min };
	struct fwt_policy_ast *ast;
	struct fwt_diag diag;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int ret;

	fprintf(out, "ingress {\n");
	rules(out, n);
	fprintf(out, "\taccept\n}\n");
	fclose(out);
	fwt_diag_init(&diag);
	ast = fwt_parse_buffer("worst.fw", text, len, &diag, NULL);
	ret = ast ? fwt_compile(ast, &diag, &opts, blob) : -1;
	fwt_ast_free(ast);
	fwt_diag_clean(&diag);
	free(text);
	return !ret;
}

static void measure(const char *name, void (*rules)(FILE *out, u32 n), u32 forest_min,
		    u32 rounds)
{
	struct fwt_packet p = {
		.have = FWT_HAVE_IP | FWT_HAVE_TCP | FWT_HAVE_PORTS, .family = 6,
		.protocol = FWT_IPPROTO_TCP, .sport = 1, .dport = 2,
		.saddr = { 0x20010db8, 0, 0, 1 }, .daddr = { 0x20010db8, 0, 0, 2 },
	};
	u32 lo = 1, hi = FWT_STEPS_MAX, i;
	double took, best = 1e9, worst = 0;
	struct fwt_verify_error err;
	struct fwt_blob blob = { 0 };
	struct fwt_program prog;
	struct fwt_decision d;
	void *scratch;

	/* As many as are allowed, by halving. */
	while (hi - lo > FWT_STEPS_MAX / 64) {
		u32 mid = lo + (hi - lo) / 2;

		if (make(rules, mid, forest_min, &blob))
			lo = mid;
		else
			hi = mid;
		fwt_blob_free(&blob);
	}
	if (!make(rules, lo, forest_min, &blob))
		exit(1);
	scratch = malloc(fwt_verify_scratch(blob.data, blob.len));
	if (fwt_verify(blob.data, blob.len, scratch, &prog, &err))
		exit(1);
	for (i = 0; i < rounds; i++) {
		took = now();
		fwt_walk(&prog, prog.root[0], &p, NULL, &d);
		took = now() - took;
		best = min(best, took);
		worst = max(worst, took);
	}
	printf("worst=%s rules=%u steps=%u program=%zuKiB best=%.0fus worst=%.0fus step=%.1fns\n",
	       name, lo, prog.steps_max, blob.len >> 10, best * 1e6, worst * 1e6,
	       best * 1e9 / prog.steps_max);
	free(scratch);
	fwt_blob_free(&blob);
}

int main(int argc, char **argv)
{
	u32 rounds = argc > 1 ? (u32)strtoul(argv[1], NULL, 10) : 20;

	measure("chain", chain, FWT_NONE, rounds);
	measure("boxes", boxes, FWT_NONE, rounds);
	measure("leaf", leaf, 2, rounds);
	return 0;
}
