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
#include "box.h"
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
	struct fwt_row *row;
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
	m->row = malloc(fwt_n_rows(&m->prog) * sizeof(*m->row));
	assert_non_null(m->row);
	fwt_rows_note(&m->prog, m->row);
	return true;
}

static void unmake(struct made *m)
{
	fwt_ast_free(m->ast);
	fwt_blob_free(&m->blob);
	free(m->scratch);
	free(m->row);
}

/* What a row says of a node is what the node says. */
static void walk_both(struct made *m, struct fwt_packet *p, struct fwt_decision *d)
{
	struct fwt_decision by_row;
	struct fwt_packet copy = *p;

	m->prog.row = m->row;
	fwt_walk(&m->prog, m->prog.root[FWT_HOOK_INGRESS], &copy, NULL, &by_row);
	m->prog.row = NULL;
	fwt_walk(&m->prog, m->prog.root[FWT_HOOK_INGRESS], p, NULL, d);
	assert_int_equal(by_row.node, d->node);
	assert_int_equal(by_row.rule, d->rule);
	assert_int_equal(by_row.verdict, d->verdict);
	assert_int_equal(by_row.reject, d->reject);
	assert_int_equal(by_row.reason, d->reason);
	assert_int_equal(by_row.flags, d->flags);
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
	u64 state = 4711 + n, i, count = headers(3000), others = 0;
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
		others += p.family != (f->six ? 6 : 4);
		p.ct_state = i % 8 ? FWT_CT_NEW : FWT_CT_INVALID;
		walk_both(&m, &p, &d);
		if (d.rule != FWT_NONE && m.prog.rule[d.rule].line == line)
			continue;
		fprintf(stderr, "%s: line %u, not %u: %08x:%u > %08x:%u IPv%u protocol %u\n",
			name, line, d.rule == FWT_NONE ? 0 : m.prog.rule[d.rule].line,
			p.saddr[0], p.sport, p.daddr[0], p.dport, p.family, p.protocol);
		fail();
	}
	assert_true(others || count < 3000);
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

/* Sets built to hurt: found is the first match all the same, by bytes and steps
 * that are bounded. What can't be told apart is a list; but it is walked to the
 * first match alone. So are ranges that share a port: whoever sends to that may
 * match any of them.
 */
static void test_hostile(void **state)
{
	static const u32 steps[__FILTER_HURT_MAX] = {
		[FILTER_ALIKE] = 4010, [FILTER_NESTED] = 400, [FILTER_RANGES] = 4000,
		[FILTER_PORTS] = 100, [FILTER_WILD] = 200, [FILTER_CROSS] = 100,
	};
	const u32 n = 4000, ports = 65536, steps6 = 1300;
	struct fwt_filter *f = calloc(ports, sizeof(*f));
	u32 kind;

	(void)state;
	assert_non_null(f);
	for (kind = 0; kind < __FILTER_HURT_MAX; kind++) {
		filters_hurt(f, n, (enum filter_hurt)kind, false, 1);
		ask(f, n, filter_hurt_name[kind], steps[kind]);
		if (!filter_hurt_has6((enum filter_hurt)kind))
			continue;
		filters_hurt(f, n, (enum filter_hurt)kind, true, 1);
		ask(f, n, filter_hurt_name[kind], steps6);
	}
	filters_hurt(f, ports, FILTER_PORTS, false, 1);
	ask(f, ports, "all ports", 100);
	free(f);
}

/* Rules that differ by what no box has become a list of tests in one leaf. Up to
 * what a walk may take they are searched as written; beyond, the compiler says by
 * how much it is too long, and what would make it shorter.
 */
static void test_alike_but_flags(void **state)
{
	static const char *const flag[] = { "fin", "syn", "rst", "psh", "ack", "urg" };
	u32 n, i, k;

	(void)state;
	for (n = 1000; n <= 300000; n *= 300) {
		struct fwt_compile_opts opts = { .no_warnings = true };
		struct fwt_policy_ast *ast;
		struct fwt_blob blob;
		struct fwt_diag diag;
		char *text, *said;
		size_t len;
		FILE *out = open_memstream(&text, &len);

		assert_non_null(out);
		fprintf(out, "ingress {\n");
		for (i = 0; i < n; i++)
			fprintf(out, "\tsaddr 10.0.0.0/8 tcp flags & %s == %s tcp window %u drop\n",
				flag[i % 6], flag[i % 6], i & 0xffff);
		fprintf(out, "\taccept\n}\n");
		fclose(out);
		if (n < 100000) {
			struct fwt_decision d;
			struct fwt_packet p = {
				.have = FWT_HAVE_IP | FWT_HAVE_TCP | FWT_HAVE_PORTS,
				.family = 4, .protocol = FWT_IPPROTO_TCP,
				.saddr = { 0x0a000001 },
			};
			struct made m;

			assert_true(make(&m, text, len, 0));
			for (i = 0; i < n; i += 7) {
				for (k = 0; k < 6; k++) {
					p.tcp_flags = (u8)(1 << k);
					p.tcp_window = (u16)i;
					fwt_walk(&m.prog, m.prog.root[0], &p, NULL, &d);
					assert_int_equal(m.prog.rule[d.rule].line,
							 k == i % 6 ? i + 2 : n + 2);
				}
			}
			assert_true(m.prog.steps_max < 5 * n);
			unmake(&m);
			free(text);
			continue;
		}
		fwt_diag_init(&diag);
		ast = fwt_parse_buffer("t.fw", text, len, &diag, NULL);
		assert_non_null(ast);
		assert_int_equal(fwt_compile(ast, &diag, &opts, &blob), -E2BIG);
		out = open_memstream(&said, &len);
		assert_non_null(out);
		fwt_diag_print(&diag, out);
		fclose(out);
		printf("%s", said);
		assert_non_null(strstr(said, "steps"));
		assert_non_null(strstr(said, "select"));
		free(said);
		fwt_diag_clean(&diag);
		fwt_ast_free(ast);
		free(text);
	}
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

/* A set of joined ranges, 3,000 of them, in one rule: found by few steps, as the
 * linear walk finds it; in eight rules it is not eight times the memory.
 */
static void test_long_set(void **state)
{
	static const char *const before[] = { "", "tcp flags syn ", "mark 7 ", "iif eth0 ",
					      "protocol { 6, 17 } " };
	const u32 n = 3000, packets = 20000;
	u64 rnd = 77;
	u32 i, k, kind, hits = 0;

	(void)state;
	for (kind = 0; kind <= ARRAY_SIZE(before); kind++) {
		u32 rules = kind < ARRAY_SIZE(before) ? 1 : 8;
		struct made fast, slow;
		struct fwt_packet *p = calloc(packets, sizeof(*p));
		char *text;
		size_t len;
		FILE *out = open_memstream(&text, &len);

		assert_non_null(out);
		assert_non_null(p);
		fprintf(out, "define s = {\n");
		for (i = 0; i < n; i++) {
			u32 r = filter_rnd(&rnd), at = r % packets, port = r >> 16 & 0xfff;
			bool six = kind & 1 && i & 1;

			p[at].family = six ? 6 : 4;
			p[at].saddr[0] = six ? 0x20010db8 : 0x0a000000 | (r & 0xff00);
			p[at].daddr[0] = p[at].saddr[0];
			p[at].saddr[1] = six ? i : 0;
			p[at].dport = (u16)(port + (r >> 28));
			if (six)
				fprintf(out, "\t2001:db8:0:%x::/64 . 2001:db8::/32 . %u-%u%s\n", i,
					port, port + 5, i + 1 < n ? "," : "");
			else
				fprintf(out, "\t10.0.%u.0/24 . 10.0.0.0/16 . %u-%u%s\n",
					r >> 8 & 255, port, port + 5, i + 1 < n ? "," : "");
		}
		fprintf(out, "\t}\ningress {\n");
		for (i = 0; i < rules; i++)
			fprintf(out, "\t%ssaddr . daddr . dport $s mark != %u drop\n",
				kind < ARRAY_SIZE(before) ? before[kind] : "", 100 + i);
		fprintf(out, "\taccept\n}\n");
		fclose(out);
		assert_true(make(&fast, text, len, 0));
		assert_true(make(&slow, text, len, FWT_NONE));
		if (rules == 1)
			assert_true(fast.prog.steps_max < 400);
		assert_true(fast.blob.len < 3 * slow.blob.len);
		for (i = 0; i < packets; i++) {
			struct fwt_packet q;
			struct fwt_decision a, b;

			p[i].have = FWT_HAVE_IP | FWT_HAVE_TCP | FWT_HAVE_PORTS;
			p[i].family = p[i].family ? p[i].family : 4;
			p[i].protocol = FWT_IPPROTO_TCP;
			p[i].tcp_flags = i & 1 ? FWT_TCP_SYN : FWT_TCP_ACK;
			p[i].mark = i % 3 ? 7 : 100;
			p[i].iif = i % 5 ? "eth0" : "eth1";
			for (k = 0; k < 2; k++) {
				q = p[i];
				fwt_walk(k ? &slow.prog : &fast.prog,
					 k ? slow.prog.root[0] : fast.prog.root[0], &q, NULL,
					 k ? &b : &a);
			}
			assert_int_equal(a.verdict, b.verdict);
			assert_int_equal(a.rule, b.rule);
			hits += a.verdict == FWT_VERDICT_DROP;
		}
		unmake(&fast);
		unmake(&slow);
		free(text);
		free(p);
	}
	assert_true(hits > 1000);
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
	u32 i, k, refused = 0;

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
		/* Forests of two rules in forests of two rules may come to more steps
		 * than are allowed, which is told, and is rare.
		 */
		if (!make(&forest, text, strlen(text), 2)) {
			assert_true(++refused < 5);
			unmake(&chain);
			free(text);
			continue;
		}
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

/* A value for a range's end, or near one. */
static u32 near(u64 *state, u32 end, u32 most)
{
	switch (filter_rnd(state) % 6) {
	case 0:
		return 0;
	case 1:
		return most;
	case 2:
		return end & most;
	case 3:
		return (end + 1) & most;
	case 4:
		return (end - 1) & most;
	}
	return (u32)filter_rnd(state) & most;
}

static void range(u64 *state, u32 most, u32 *lo, u32 *hi)
{
	u32 a = near(state, (u32)filter_rnd(state), most);
	u32 b = near(state, a, most);

	*lo = min(a, b);
	*hi = max(a, b);
}

/* Packed boxes hold what they say, whatever else they carry. */
static void test_packed(void **state)
{
	u64 rnd = 2026, i, held = 0;

	(void)state;

	for (i = 0; i < headers(3000) * 100; i++) {
		u32 lo[5], hi[5], v[5], d;
		struct fwt_prog_box packed;
		struct fwt_box4 b, same;
		struct fwt_box_key key;
		bool in = true, ports = filter_rnd(&rnd) % 2;

		for (d = 0; d < 5; d++) {
			u32 most = d < 2 ? ~0u : d < 4 ? 0xffff : 0xff;

			range(&rnd, most, &lo[d], &hi[d]);
			v[d] = filter_rnd(&rnd) % 4 ? lo[d] : near(&rnd, hi[d], most);
			in &= v[d] >= lo[d] && v[d] <= hi[d];
		}
		memset(&b, 0, sizeof(b));
		b = (struct fwt_box4){ lo[0], hi[0], lo[1], hi[1], (u16)lo[2], (u16)hi[2],
			(u16)lo[3], (u16)hi[3], (u8)lo[4], (u8)hi[4],
			.flags = filter_rnd(&rnd) % 4, .node = (u32)filter_rnd(&rnd) >> 3 };
		packed = fwt_box_pack(&b);
		same = fwt_box_unpack(&packed);
		/* What lies behind the flags is padding. */
		assert_memory_equal(&same, &b, offsetof(struct fwt_box4, flags) + sizeof(b.flags));
		assert_int_equal(same.node, b.node);
		in &= ports || !(b.flags & FWT_BOX_PORTS);
		fwt_box_ask(&key, v[0], v[1], (u16)v[2], (u16)v[3], (u8)v[4], ports);
		assert_int_equal(fwt_box_holds(&packed, &key), in);
		held += in;
	}
	assert_in_range(held, i / 10, i - i / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_families), cmocka_unit_test(test_classbench),
		cmocka_unit_test(test_hostile), cmocka_unit_test(test_alike_but_flags),
		cmocka_unit_test(test_long_set), cmocka_unit_test(test_walking_on),
		cmocka_unit_test(test_unknown), cmocka_unit_test(test_packed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
