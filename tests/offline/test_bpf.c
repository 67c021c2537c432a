// SPDX-License-Identifier: GPL-2.0
/*
 * Filters: what the checker lets by, held against libpcap's own; what a policy's
 * expressions become.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>
#include <pcap/pcap.h>

#include "ast.h"
#include "bpf.h"
#include "compile.h"
#include "diag.h"
#include "filter.h"
#include "parse.h"
#include "pkt.h"
#include "verify.h"

static u64 state_of = 1;

static u32 rnd(u32 below)
{
	u64 z;

	state_of += 0x9e3779b97f4a7c15ull;
	z = state_of;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return (u32)(((z ^ z >> 31) >> 32) * below >> 32);
}

/* What we take libpcap takes; of what it takes we refuse what is no packet's byte, and
 * what a shift or a word beside it would hide.
 */
static void test_against_libpcap(void **state)
{
	static const u16 codes[] = {
		0x20, 0x28, 0x30, 0x40, 0x48, 0x50, 0x80, 0x00, 0x60, 0x81, 0xb1, 0x01, 0x61,
		0x02, 0x03, 0x04, 0x0c, 0x14, 0x24, 0x34, 0x3c, 0x44, 0x54, 0x5c, 0x64, 0x6c,
		0x74, 0x84, 0x94, 0xa4, 0x05, 0x15, 0x1d, 0x25, 0x35, 0x45, 0x4d, 0x06, 0x16,
		0x07, 0x87,
	};
	struct fwt_prog_insn insn[6];
	struct bpf_insn theirs[6];
	u32 i, k, n, taken = 0;

	(void)state;
	for (i = 0; i < 2000000; i++) {
		n = 1 + rnd(6);
		for (k = 0; k < n; k++) {
			insn[k].code = rnd(8) ? codes[rnd(ARRAY_SIZE(codes))] : (u16)rnd(300);
			if (k == n - 1 && rnd(8))
				insn[k].code = 6;
			insn[k].jt = (u8)rnd(4);
			insn[k].jf = (u8)rnd(4);
			insn[k].k = rnd(4) ? rnd(40) : 0u - rnd(5000);
			theirs[k].code = insn[k].code;
			theirs[k].jt = insn[k].jt;
			theirs[k].jf = insn[k].jf;
			theirs[k].k = insn[k].k;
		}
		if (fwt_filter_check(insn, n))
			continue;
		taken++;
		if (!bpf_validate(theirs, (int)n))
			fail_msg("taken: %u instructions, the first one is 0x%x", n, insn[0].code);
	}
	assert_in_range(taken, 50000, 1000000);
}

static void refused(u16 code, u8 jt, u8 jf, u32 k, const char *want)
{
	const struct fwt_prog_insn insn[3] = { { code, jt, jf, k }, { 0x06, 0, 0, 1 },
					       { 0x06, 0, 0, 0 } };
	const char *wrong = fwt_filter_check(insn, 3);

	if (!want != !wrong || (want && !strstr(wrong, want)))
		fail_msg("0x%x %u %u %u: %s", code, jt, jf, k, wrong ? wrong : "is taken");
}

static void test_refused(void **state)
{
	const struct fwt_prog_insn open[1] = { { 0x28, 0, 0, 12 } };

	(void)state;
	refused(0x28, 0, 0, 12, NULL);			/* ldh [12] */
	refused(0x28, 0, 0, 0xfffff000, "not in the packet");	/* SKF_AD_OFF */
	refused(0x30, 0, 0, 0xfff00000, "not in the packet");	/* SKF_NET_OFF */
	refused(0x50, 0, 0, 0x80000000, "not in the packet");
	refused(0x60, 0, 0, 15, NULL);			/* ld M[15] */
	refused(0x60, 0, 0, 16, "outside of its memory");
	refused(0x02, 0, 0, 16, "outside of its memory");
	refused(0x03, 0, 0, 0xffffffff, "outside of its memory");
	refused(0x34, 0, 0, 0, "divides by zero");
	refused(0x94, 0, 0, 0, "divides by zero");
	refused(0x3c, 0, 0, 0, NULL);			/* div x: the engine asks */
	refused(0x64, 0, 0, 32, "shifts too far");
	refused(0x74, 0, 0, 31, NULL);
	refused(0x15, 1, 0, 0, NULL);
	refused(0x15, 2, 0, 0, "jumps out of itself");
	refused(0x15, 0, 255, 0, "jumps out of itself");
	refused(0x05, 0, 0, 1, NULL);
	refused(0x05, 0, 0, 2, "jumps out of itself");
	refused(0x05, 0, 0, 0xffffffff, "jumps out of itself");	/* back by one */
	refused(0x38, 0, 0, 0, "not known");		/* 64 bits */
	refused(0x16, 0, 0, 0, NULL);			/* ret a */
	refused(0x0e, 0, 0, 0, "not known");		/* ret x */
	refused(0xb4, 0, 0, 0, "not known");
	refused(0x106, 0, 0, 0, "not known");
	refused(0xffff, 0, 0, 0, "not known");
	assert_string_equal(fwt_filter_check(open, 1), "does not end");
}

struct made {
	struct fwt_policy_ast *ast;
	struct fwt_blob blob;
	void *scratch;
	struct fwt_program prog;
};

static void make(struct made *m, const char *text)
{
	struct fwt_verify_error err;
	struct fwt_diag diag;

	fwt_diag_init(&diag);
	m->ast = fwt_parse_buffer("t.fw", text, strlen(text), &diag, NULL);
	if (!m->ast || fwt_compile(m->ast, &diag, &(struct fwt_compile_opts){ 0 }, &m->blob)) {
		fwt_diag_print(&diag, stderr);
		fail();
	}
	fwt_diag_clean(&diag);
	m->scratch = malloc(fwt_verify_scratch(m->blob.data, m->blob.len));
	assert_int_equal(fwt_verify(m->blob.data, m->blob.len, m->scratch, &m->prog, &err), 0);
}

static void unmake(struct made *m)
{
	free(m->scratch);
	fwt_blob_free(&m->blob);
	fwt_ast_free(m->ast);
}

static void test_compiled(void **state)
{
	static const u8 syn[] = { 0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
				  0x30, 0x39, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 2 };
	u8 frame[14 + sizeof(syn)] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0 };
	struct made m;
	u32 i;

	(void)state;
	make(&m, "ingress { bpf \"tcp dst port 80\" accept\n goto t }\n"
		 "ingress device eth0 { goto t }\n"
		 "tree t { bpf \"tcp dst port 80\" accept\n bpf \"udp\" accept\n drop }\n");
	/* The same for the same, each kind of hook its own. */
	assert_int_equal(m.prog.n[FWT_SEC_FILTERS], 4);
	memcpy(frame + 14, syn, sizeof(syn));
	for (i = 0; i < 4; i++) {
		const struct fwt_prog_filter *f = &m.prog.filter[i];
		bool ether = f->link == FWT_LINK_ETHERNET;
		bool tcp = !strcmp(m.prog.string + f->text, "tcp dst port 80");

		assert_int_equal(fwt_filter_run(&m.prog, i, ether ? frame : syn,
						ether ? sizeof(frame) : sizeof(syn)), tcp);
		/* Cut off, it says no. */
		assert_false(fwt_filter_run(&m.prog, i, syn, 1));
		assert_true(m.prog.steps_max > f->count);
	}
	unmake(&m);
}

static const u8 *shown;		/* from where the filter's link begins */
static u32 shown_len;

static bool show(const struct fwt_env *env, const struct fwt_packet *p,
		 const struct fwt_program *prog, u32 filter)
{
	bool ether = prog->filter[filter].link == FWT_LINK_ETHERNET;

	(void)env;
	assert_int_equal(ether, !!(p->have & FWT_HAVE_ETHER));
	return fwt_filter_run(prog, filter, shown, shown_len);
}

/* A tunnel's device has frames without an Ethernet header; what asks for one is absent. */
static void test_device(void **state)
{
	static const struct fwt_env_ops ops = { .filter = show };
	static const struct {
		const char *rule;
		bool frame, tunnel;
	} cases[] = {
		{ "bpf \"udp dst port 53\" accept", true, true },
		{ "bpf \"ip6 or udp dst port 54\" accept", false, false },
		{ "bpf != \"udp dst port 54\" accept", true, true },
		{ "bpf \"ether[12:2] = 0x0800\" accept", true, false },
		{ "bpf \"ether src 2:0:0:0:0:2\" accept", true, false },
		{ "bpf != \"ether src 2:0:0:0:0:2\" accept", false, false },
		{ "not bpf \"ether src 2:0:0:0:0:2\" accept", false, true },
	};
	static const u8 dns[] = { 0x45, 0, 0, 29, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1,
				  10, 0, 0, 2, 0x30, 0x39, 0, 53, 0, 9, 0, 0, 1 };
	u8 frame[14 + sizeof(dns)] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0 };
	struct fwt_env env = { .ops = &ops };
	static const char * const kind[] = { "frame", "tunnel" };
	u32 i, k, need;

	(void)state;
	memcpy(frame + 14, dns, sizeof(dns));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[200];
		struct made m;

		snprintf(text, sizeof(text), "ingress device tun0 { %s; drop }\n", cases[i].rule);
		make(&m, text);
		for (k = 0; k < 2; k++) {
			struct fwt_packet p = { .ether_type = 0x0800 };
			struct fwt_decision d;
			bool taken;

			shown = frame + (k ? 14 : 0);
			shown_len = sizeof(frame) - (k ? 14 : 0);
			need = fwt_packet_parse(&p, shown, shown_len, shown_len,
						k ? FWT_PARSE_NETWORK : FWT_PARSE_ETHER);
			assert_int_equal(need, 0);
			p.hook = FWT_HOOK_DEV_INGRESS;
			fwt_walk(&m.prog, m.prog.hook[0].root, &p, &env, &d);
			taken = cases[i].frame;
			if (k)
				taken = cases[i].tunnel;
			if ((d.verdict == FWT_VERDICT_ACCEPT) != taken)
				fail_msg("%s: %s", cases[i].rule, kind[k]);
		}
		unmake(&m);
	}
}

/* What libpcap says, but for places that are negative and long shifts. */
static void test_run(void **state)
{
	static const char *const texts[] = {
		"tcp[tcpflags] & 2 != 0", "udp[8:4] = 0x42424242", "ip[ip[0] & 15 * 4 - 20] > 9",
		"greater 60 and not udp", "ip6[ip6[6] * 3 / 2:2] & 0x0f0f != 7",
		"tcp[(tcp[12] >> 4) * 4] = ip[8] ^ ip[9]", "(ip[2:2] % 7) * 3 - ip[1] >= ip[3] | 4",
		"ip host 10.0.0.1 or ip net 10.1.0.0/16 and port 80", "ip[8] / ip[1] = 2",
		"icmp[icmptype] = icmp-echo or len < 30", "ip[0] << 3 >> 2 = 138 and -ip[4] < 7",
	};
	u8 bytes[100];
	u32 rng = 7, i, n, k;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		struct bpf_program code;
		char text[200];
		struct made m;
		pcap_t *pcap = pcap_open_dead(DLT_RAW, 65535);

		snprintf(text, sizeof(text), "ingress { bpf \"%s\" drop; accept }", texts[i]);
		make(&m, text);
		assert_int_equal(pcap_compile(pcap, &code, texts[i], 1, PCAP_NETMASK_UNKNOWN), 0);
		for (n = 0; n < 20000; n++) {
			u32 len = 1 + pkt_random(&rng) % sizeof(bytes);

			for (k = 0; k < sizeof(bytes); k++)
				bytes[k] = (u8)(pkt_random(&rng) % (k % 3 ? 256 : 12));
			bytes[0] = pkt_random(&rng) % 3 ? 0x45 : 0x60;
			bytes[9] = "\x06\x11\x01"[pkt_random(&rng) % 3];
			assert_int_equal(fwt_filter_run(&m.prog, 0, bytes, len),
					 !!bpf_filter(code.bf_insns, bytes, len, len));
		}
		pcap_freecode(&code);
		pcap_close(pcap);
		unmake(&m);
	}
}

/* As tests/net/bpf.sh has it of the kernel. */
static void test_negative(void **state)
{
	u8 bytes[60] = { 0x45 };
	struct made m;

	(void)state;
	make(&m, "ingress { bpf \"ip[ip[0] - 1048645] = 0x45\" drop; accept }");
	assert_true(fwt_filter_run(&m.prog, 0, bytes, sizeof(bytes)));
	bytes[0] = 0x46;
	assert_false(fwt_filter_run(&m.prog, 0, bytes, sizeof(bytes)));
	unmake(&m);
}

/* @n of them, at @hook; what the compiler says, or "". */
static char *many(const char *hook, u32 n, struct fwt_blob *blob)
{
	struct fwt_policy_ast *ast;
	struct fwt_diag diag;
	char *text, *said;
	size_t size;
	FILE *out;
	u32 i;

	out = open_memstream(&text, &size);
	fprintf(out, "%s {\n", hook);
	for (i = 0; i < n; i++)
		fprintf(out, "bpf \"udp port %u\" accept\n", i + 1);
	fprintf(out, "drop\n}\n");
	fclose(out);
	fwt_diag_init(&diag);
	ast = fwt_parse_buffer("t.fw", text, strlen(text), &diag, NULL);
	assert_non_null(ast);
	*blob = (struct fwt_blob){ 0 };
	(void)fwt_compile(ast, &diag, &(struct fwt_compile_opts){ 0 }, blob);
	out = open_memstream(&said, &size);
	fwt_diag_print(&diag, out);
	fclose(out);
	fwt_ast_free(ast);
	fwt_diag_clean(&diag);
	free(text);
	return said;
}

/* At a device each is two. */
static void test_many(void **state)
{
	static const struct {
		const char *hook;
		u32 n, filters;
	} cases[] = {
		{ "ingress device eth0", 600, 1200 },
		{ "ingress device eth0", FWT_FILTERS_MAX / 2, FWT_FILTERS_MAX },
		{ "ingress device eth0", FWT_FILTERS_MAX / 2 + 3, 0 },
		{ "ingress", FWT_FILTERS_MAX, FWT_FILTERS_MAX },
		{ "ingress", FWT_FILTERS_MAX + 3, 0 },
	};
	u32 i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fwt_verify_error err;
		struct fwt_program prog;
		struct fwt_blob blob;
		char *said = many(cases[i].hook, cases[i].n, &blob), *word, where[32];
		void *scratch;

		if (!cases[i].filters) {
			/* Once, and where the first one is that is too many. */
			snprintf(where, sizeof(where), "t.fw:%u:", cases[i].n - 1);
			word = strstr(said, "there are at most");
			if (!word || strstr(word + 1, "there are at most") || strstr(said, "bug") ||
			    !strstr(said, where))
				fail_msg("%s: %s", cases[i].hook, said);
			free(said);
			continue;
		}
		if (!blob.data)
			fail_msg("%s, %u: %s", cases[i].hook, cases[i].n, said);
		scratch = malloc(fwt_verify_scratch(blob.data, blob.len));
		assert_int_equal(fwt_verify(blob.data, blob.len, scratch, &prog, &err), 0);
		assert_int_equal(prog.n[FWT_SEC_FILTERS], cases[i].filters);
		free(scratch);
		fwt_blob_free(&blob);
		free(said);
	}
}

/* Instructions are steps: what is too long a walk is refused. */
static void test_steps(void **state)
{
	char *text, expr[2000] = "len > 9999";
	struct fwt_diag diag;
	struct fwt_policy_ast *ast;
	struct fwt_blob blob;
	size_t size;
	FILE *out;
	u32 i;

	(void)state;
	for (i = 0; i < 60; i++)
		snprintf(expr + strlen(expr), sizeof(expr) - strlen(expr), " or ip[%u] = %u", i, i);
	out = open_memstream(&text, &size);
	fprintf(out, "ingress {\n");
	for (i = 0; i < 900; i++)
		fprintf(out, "bpf \"(%s) and ip[9] != %u\" accept\n", expr, i % 256);
	fprintf(out, "drop\n}\n");
	fclose(out);
	fwt_diag_init(&diag);
	ast = fwt_parse_buffer("t.fw", text, strlen(text), &diag, NULL);
	assert_non_null(ast);
	assert_int_not_equal(fwt_compile(ast, &diag, &(struct fwt_compile_opts){ 0 }, &blob), 0);
	fwt_ast_free(ast);
	fwt_diag_clean(&diag);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_libpcap),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_compiled),
		cmocka_unit_test(test_device),
		cmocka_unit_test(test_run),
		cmocka_unit_test(test_negative),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
