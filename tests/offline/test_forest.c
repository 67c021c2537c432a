// SPDX-License-Identifier: GPL-2.0
/*
 * Forests: found is what the first match over the filters says, whatever the set;
 * memory stays linear, and what a walk can take stays small.
 *
 * FWT_HEADERS says how many headers a set is asked about (default 3,000);
 * FWT_CLASSBENCH names a folder of ClassBench sets (*.rules) that are asked, too.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "ast.h"
#include "compile.h"
#include "diag.h"
#include "filters.h"
#include "gen_policy.h"
#include "parse.h"
#include "sema_sample.h"

struct made {
	struct fwt_policy_ast *ast;
	struct fwt_blob blob;
	struct fwt_program prog;
	void *scratch;
};

static bool make(struct made *m, const char *text, size_t len, u32 forest_min)
{
	struct fwt_compile_opts opts = { .no_warnings = true, .forest_min = forest_min };
	struct fwt_verify_error err;
	struct fwt_diag diag;
	int ret;

	memset(m, 0, sizeof(*m));
	fwt_diag_init(&diag);
	m->ast = fwt_parse_buffer("t.fw", text, len, &diag, NULL);
	assert_non_null(m->ast);
	ret = fwt_compile(m->ast, &diag, &opts, &m->blob);
	fwt_diag_clean(&diag);
	if (ret) {
		fwt_ast_free(m->ast);
		return false;
	}
	m->scratch = malloc(fwt_verify_scratch(m->blob.data, m->blob.len));
	assert_non_null(m->scratch);
	assert_int_equal(fwt_verify(m->blob.data, m->blob.len, m->scratch, &m->prog, &err), 0);
	return true;
}

static void unmake(struct made *m)
{
	fwt_ast_free(m->ast);
	fwt_blob_free(&m->blob);
	free(m->scratch);
}

static u64 headers(u64 other)
{
	const char *text = getenv("FWT_HEADERS");

	return text ? strtoull(text, NULL, 10) : other;
}

/* Bytes of cuts and trees, and of boxes besides one for each rule. */
static u32 index_bytes(const struct fwt_program *p, u32 rules)
{
	u64 boxes = p->n[FWT_SEC_BOXES] * sizeof(struct fwt_prog_box) +
		    p->n[FWT_SEC_BOXES6] * sizeof(struct fwt_prog_box6);
	u64 own = (u64)rules * (p->n[FWT_SEC_BOXES6] ? sizeof(struct fwt_prog_box6) :
						      sizeof(struct fwt_prog_box));

	return (u32)((p->n[FWT_SEC_CUTS] * sizeof(struct fwt_prog_cut) +
		      p->n[FWT_SEC_TREES] * sizeof(struct fwt_prog_tree) +
		      (boxes > own ? boxes - own : 0)) / rules);
}

static void ask(const struct fwt_filter *f, u32 n, const char *name, u32 steps)
{
	u64 state = 4711 + n, i, count = headers(3000);
	struct filter_twin twin;
	struct fwt_decision d;
	struct made m;
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	fwt_filters_print(out, f, n, "ingress");
	fclose(out);
	assert_true(make(&m, text, len, 0));
	assert_int_equal(m.prog.n[FWT_SEC_FORESTS], 1);
	filter_twin_init(&twin, f, n);
	for (i = 0; i < count; i++) {
		struct fwt_packet p;
		u32 line;

		filter_draw(&state, &f[filter_rnd(&state) % n], &p, i % 3, i % 16 == 15);
		line = filter_twin_find(&twin, &p) + 2;
		fwt_walk(&m.prog, m.prog.root[FWT_HOOK_INGRESS], &p, NULL, &d);
		if (d.rule != FWT_NONE && m.prog.rule[d.rule].line == line)
			continue;
		fprintf(stderr, "%s: line %u, not %u: %08x:%u > %08x:%u protocol %u\n", name,
			line, d.rule == FWT_NONE ? 0 : m.prog.rule[d.rule].line, p.saddr[0],
			p.sport, p.daddr[0], p.dport, p.protocol);
		fail();
	}
	if (n == 4000)
		printf("%s: %u bytes of index a rule, %u steps\n", name,
		       index_bytes(&m.prog, n), m.prog.steps_max);
	if (index_bytes(&m.prog, n) > 20 || m.prog.steps_max > steps) {
		fprintf(stderr, "%s: %u bytes of index a rule, %u steps\n", name,
			index_bytes(&m.prog, n), m.prog.steps_max);
		fail();
	}
	filter_twin_clean(&twin);
	unmake(&m);
	free(text);
}

static void test_families(void **state)
{
	static const u32 sizes[] = { 12, 100, 1000, 5000 };
	u32 family, six, i, n;

	(void)state;
	for (family = 0; family < __FILTER_FAMILY_MAX; family++)
		for (six = 0; six < 2; six++)
			for (i = 0; i < ARRAY_SIZE(sizes); i++) {
				struct fwt_filter *f;

				n = sizes[i];
				f = calloc(n, sizeof(*f));
				assert_non_null(f);
				filters_make(f, n, (enum filter_family)family, six, i + 1);
				ask(f, n, filter_family_name[family], 250);
				free(f);
			}
}

static void read_set(const char *folder, const char *name)
{
	struct fwt_vec filters;
	char path[512], error[100];
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	in = fopen(path, "r");
	assert_non_null(in);
	assert_int_equal(fwt_filters_read(in, &filters, error, sizeof(error)), 0);
	fclose(in);
	ask(filters.data, filters.count, name, 1000);
	free(filters.data);
}

static void test_classbench(void **state)
{
	const char *folder = getenv("FWT_CLASSBENCH"), *end;
	struct dirent *e;
	DIR *dir;

	(void)state;
	dir = folder ? opendir(folder) : NULL;
	if (!dir) {
		/* Others' sets do not come with the project; our own are tested above. */
		printf("no sets: FWT_CLASSBENCH names a folder of them\n");
		skip();
	}
	while ((e = readdir(dir))) {
		end = strrchr(e->d_name, '.');
		if (end && !strcmp(end, ".rules"))
			read_set(folder, e->d_name);
	}
	closedir(dir);
}

/* Sets built to hurt. None of the boxes can be told apart in the first, so it is
 * a list; but it is walked to the first match alone.
 */
static void test_hostile(void **state)
{
	enum { ALIKE, NESTED, RANGES, PORTS, WILD, KINDS };
	static const char *const name[] = { "alike", "nested", "ranges", "ports", "wild" };
	static const u32 steps[] = { 4010, 400, 4000, 250, 600 };
	const u32 n = 4000;
	struct fwt_filter *f = calloc(n, sizeof(*f));
	u64 rnd = 99;
	u32 kind, i;

	(void)state;
	assert_non_null(f);
	for (kind = 0; kind < KINDS; kind++) {
		memset(f, 0, n * sizeof(*f));
		for (i = 0; i < n; i++) {
			u32 r = filter_rnd(&rnd);

			f[i].sport_hi = 65535;
			f[i].dport_hi = 65535;
			f[i].any_protocol = true;
			switch (kind) {
			case ALIKE:
				f[i].saddr[0] = 0x0a000000;
				f[i].slen = 8;
				break;
			case NESTED:	/* 32 deep, longest first */
				f[i].slen = (u8)(32 - i % 32);
				f[i].saddr[0] = (r | 1) & ~0u << (i % 32);
				f[i].dlen = (u8)(32 - i / 32 % 32);
				f[i].daddr[0] = 0xc0a80101 & ~0u << (i / 32 % 32);
				break;
			case RANGES:	/* that are no prefixes, and overlap */
				f[i].dport_lo = (u16)min(r & 0xffff, r >> 16);
				f[i].dport_hi = (u16)max(r & 0xffff, r >> 16);
				break;
			case PORTS:
				f[i].dport_lo = (u16)(i * 16);
				f[i].dport_hi = f[i].dport_lo;
				break;
			case WILD:	/* any source; few destinations, many ports */
				f[i].daddr[0] = 0x0a000000 | (r & 15) << 8;
				f[i].dlen = 24;
				f[i].dport_lo = (u16)(r >> 16);
				f[i].dport_hi = (u16)min(f[i].dport_lo + (r >> 8 & 63), 65535u);
				break;
			}
		}
		ask(f, n, name[kind], steps[kind]);
	}
	free(f);
}

/* Rules without verdict, here and there, do not ruin a forest, nor its bound. */
static void test_walking_on(void **state)
{
	struct made m[2];
	struct fwt_filter f[2000];
	u64 rnd = 5, i, n;
	char *text;
	size_t len;
	FILE *out;

	(void)state;
	filters_make(f, 2000, FILTER_ACL, false, 7);
	for (n = 0; n < 2; n++) {
		out = open_memstream(&text, &len);
		assert_non_null(out);
		fprintf(out, "ingress {\n");
		for (i = 0; i < 20000; i++)
			fprintf(out, "\tsaddr 10.%u.%u.%u dport %u %s\n",
				(u32)(i >> 12), (u32)(i >> 6 & 63), (u32)(i & 63),
				filter_rnd(&rnd) % 1024,
				n && !(i % 100) ? "log" : i & 1 ? "accept" : "drop");
		fprintf(out, "\tdrop\n}\n");
		fclose(out);
		assert_true(make(&m[n], text, len, 0));
		free(text);
	}
	printf("%u steps, and %u with 200 rules that go on\n", m[0].prog.steps_max,
	       m[1].prog.steps_max);
	assert_int_equal(m[1].prog.n[FWT_SEC_FORESTS], 1);
	assert_true(m[0].prog.steps_max < 100);
	assert_true(m[1].prog.steps_max < 66 * 100);
	unmake(&m[0]);
	unmake(&m[1]);
}

/* What a record does not keep of its first packet, as kmod/decide.c has it. */
#define NOT_KEPT (FWT_FIELD_BIT(ETHER_SADDR) | FWT_FIELD_BIT(ETHER_DADDR) | \
		  FWT_FIELD_BIT(ETHER_TYPE) | FWT_FIELD_BIT(VLAN_ID) | \
		  FWT_FIELD_BIT(PKTTYPE) | FWT_FIELD_BIT(DSCP) | FWT_FIELD_BIT(TTL) | \
		  FWT_FIELD_BIT(LENGTH) | FWT_FIELD_BIT(TCP_SEQ) | \
		  FWT_FIELD_BIT(TCP_WINDOW) | FWT_FIELD_BIT(PRIORITY))

static bool an_ifaddr(const struct fwt_env *env, const char *ifname, u8 family,
		      const u32 *addr, bool subnet)
{
	(void)env;
	(void)subnet;
	return (strlen(ifname) + family + addr[0]) & 1;
}

static bool a_source(const struct fwt_env *env, const struct fwt_packet *p, u32 *addr)
{
	(void)env;
	memset(addr, 0, 4 * sizeof(u32));
	addr[0] = p->family;
	return true;
}

static bool a_local(const struct fwt_env *env, const char *ifname,
		    const struct fwt_packet *p, u32 *addr)
{
	(void)ifname;
	return a_source(env, p, addr);
}

static void fill(struct fwt_packet *p, u64 *rnd)
{
	p->unknown = 0;
	p->tos = (u8)filter_rnd(rnd);
	p->ttl = (u8)filter_rnd(rnd);
	p->length = filter_rnd(rnd) % 4;
	p->priority = filter_rnd(rnd) % 8;
	p->pkttype = filter_rnd(rnd) % 4;
	p->tcp_window = (u16)(filter_rnd(rnd) % 8);
}

/* A walk that is asked for what is not known may say so. One that decides all
 * the same must be right whatever it was; and where rules tried one by one decide,
 * a forest does.
 */
static void test_unknown(void **state)
{
	static const struct fwt_env_ops ops = {
		.ifaddr = an_ifaddr, .source = a_source, .local = a_local,
	};
	struct fwt_env env = { .ops = &ops };
	u64 rnd = 12, seed, decided = 0, better = 0, same;
	u32 i, k;

	(void)state;
	for (seed = 1; seed < 400; seed++) {
		char *text = gen_policy(seed);
		struct fwt_sampler sampler;
		struct made chain, forest;

		assert_non_null(text);
		if (!make(&chain, text, strlen(text), FWT_NONE)) {
			free(text);
			continue;
		}
		assert_true(make(&forest, text, strlen(text), 2));
		assert_int_equal(fwt_sampler_init(&sampler, chain.ast, seed), 0);
		for (i = 0; i < 200; i++) {
			struct fwt_decision a, b;
			struct fwt_packet p, q;
			u32 hook = i & 1;

			if (chain.prog.root[hook] == FWT_NONE)
				continue;
			fwt_sampler_packet(&sampler, chain.ast->hooks, &p);
			p.hook = (u8)hook;
			p.unknown = NOT_KEPT;
			q = p;
			fwt_walk(&chain.prog, chain.prog.root[hook], &q, &env, &a);
			q = p;
			fwt_walk(&forest.prog, forest.prog.root[hook], &q, &env, &b);
			same = a.verdict == b.verdict && a.rule == b.rule;
			assert_true(same || a.verdict == FWT_VERDICT_UNKNOWN);
			decided += b.verdict != FWT_VERDICT_UNKNOWN;
			better += !same;
			for (k = 0; b.verdict != FWT_VERDICT_UNKNOWN && k < 4; k++) {
				q = p;
				fill(&q, &rnd);
				fwt_walk(&chain.prog, chain.prog.root[hook], &q, &env, &a);
				assert_int_equal(a.verdict, b.verdict);
				assert_int_equal(a.rule, b.rule);
			}
		}
		fwt_sampler_clean(&sampler);
		unmake(&chain);
		unmake(&forest);
		free(text);
	}
	printf("%llu decided, %llu of them only by a forest\n", (unsigned long long)decided,
	       (unsigned long long)better);
	assert_true(decided > 1000 && better);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_families), cmocka_unit_test(test_classbench),
		cmocka_unit_test(test_hostile), cmocka_unit_test(test_walking_on),
		cmocka_unit_test(test_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
