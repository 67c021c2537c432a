// SPDX-License-Identifier: GPL-2.0
/*
 * How long the slowest walks take that the verifier lets pass.
 *
 *	worst [-r] [ROUNDS]
 *
 * A program for each kind of step, as long as the steps allow, none of which decides: each
 * costs most where it asks for the longest keys, and where the test, its set and its words are
 * of memory that nobody has touched lately. A line a kind, of words to be read by the
 * benchmark: name=value; with -r the table of Documentation/program-format.rst.
 *
 * The world is made up, and no faster than the kernel's: a limit is some lines of memory of
 * its own, an interface has the addresses that the verifier reckons with. Not here: nodes of
 * other modules, of which nobody can say what they take.
 */
#include <stdlib.h>
#include <time.h>

#include "ast.h"
#include "bpf.h"
#include "compile.h"
#include "delta.h"
#include "diag.h"
#include "ifname.h"
#include "limit.h"
#include "mock_pool.h"
#include "mock_route.h"
#include "mock_set.h"
#include "parse.h"
#include "tree.h"

#define ADDRS "2001:db8::1 . 2001:db8::2"

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The world */

#define OBJECT_WORDS	32	/* of 64 bits: four lines, as struct limit of kmod/rate.c has */
#define BUCKETS		65536u	/* sets of buckets, a line each: what a limit has at most */
#define IFADDRS		32	/* of an interface, as verify_cost.c has it */
#define IFACES		16	/* whose names begin alike */

struct world {
	struct fwt_env env;
	struct fwt_rlu rlu;
	struct fwt_mock_sets sets;
	struct fwt_mock_pools pools;
	struct fwt_mock_routes routes;
	u64 *object;
	u64 *bucket;
	u32 addr[IFACES * IFADDRS][4];
};

static const struct world *around(const struct fwt_env *env)
{
	return (const struct world *)env;
}

static bool mock_has(const struct fwt_env *env, u32 object, bool six, const u32 *key,
		     u32 *value)
{
	return fwt_mock_set_has(&around(env)->sets, object, six, key, value);
}

/* Always over: what is under takes part, and of these there are few. */
static bool mock_under(const struct fwt_env *env, u32 object, const u32 *key, u32 words,
		       const struct fwt_packet *p, u64 *hash)
{
	const u64 *own = around(env)->object + (size_t)object * OBJECT_WORDS;

	(void)p;
	if (!words)
		return own[0] + own[24] < own[8];
	*hash = fwt_choice_words(key, words, own[16] + object, 0);
	return around(env)->bucket[*hash % BUCKETS * 8] + own[0] < own[8];
}

static void mock_route(const struct fwt_env *env, const struct fwt_packet *p,
		       enum fwt_route_ask what, struct fwt_route *r)
{
	fwt_mock_route(&around(env)->routes, p, what, r);
}

static bool mock_ifaddr(const struct fwt_env *env, const char *ifname, u8 family,
			const u32 *addr, bool subnet)
{
	u32 n = fwt_ifname_wild(ifname) ? IFACES * IFADDRS : IFADDRS, i;

	(void)family;
	(void)subnet;
	for (i = 0; i < n; i++)
		if (!memcmp(around(env)->addr[i], addr, sizeof(around(env)->addr[i])))
			return true;
	return false;
}

static bool mock_server(const struct fwt_env *env, u32 object, u64 key,
			const struct fwt_packet *p, bool persistent,
			struct fwt_env_server *to)
{
	(void)object;
	return fwt_mock_pools_server(&around(env)->pools, key, p, persistent, env->seed, to);
}

static bool mock_filter(const struct fwt_env *env, const struct fwt_packet *p,
			const struct fwt_program *prog, u32 filter)
{
	static const u8 bytes[128] = { 0x60 };

	(void)env;
	(void)p;
	return fwt_filter_run(prog, filter, bytes, sizeof(bytes));
}

static const struct fwt_env_ops ops = {
	.set_has = mock_has, .under = mock_under, .route = mock_route, .ifaddr = mock_ifaddr,
	.server = mock_server, .filter = mock_filter,
};

static void *need(void *mem)
{
	if (!mem) {
		fprintf(stderr, "out of memory\n");
		exit(1);
	}
	return mem;
}

static void world_init(struct world *w, const struct fwt_program *prog)
{
	size_t objects = (prog->n[FWT_SEC_OBJECTS] + 1) * OBJECT_WORDS * sizeof(u64);
	size_t buckets = (size_t)BUCKETS * 8 * sizeof(u64);
	char error[100];

	memset(w, 0, sizeof(*w));
	w->env.ops = &ops;
	w->env.rlu = &w->rlu;
	/* Pages that were written: those that were not are all the same one. */
	w->object = memset(need(malloc(objects)), 1, objects);
	w->bucket = memset(need(malloc(buckets)), 1, buckets);
	fwt_mock_routes_init(&w->routes);
	if (!fwt_mock_sets_init(&w->sets, prog) || fwt_mock_pools_init(&w->pools, prog) ||
	    fwt_mock_routes_line(&w->routes, "address 2001:db8::9/64 dev eth1", error,
				 sizeof(error)) ||
	    fwt_mock_routes_line(&w->routes, "route default via 2001:db8::8 dev eth1", error,
				 sizeof(error)))
		need(NULL);
}

static void world_clean(struct world *w)
{
	fwt_mock_sets_clean(&w->sets);
	fwt_mock_pools_clean(&w->pools);
	fwt_mock_routes_clean(&w->routes);
	free(w->object);
	free(w->bucket);
}

/* Policies */

static void begin(FILE *out)
{
	fprintf(out, "ingress {\n");
}

static void end(FILE *out)
{
	fprintf(out, "\taccept\n}\n");
}

/* A key of each rule's own, which differs from the packet's in its last word. */
static void chain(FILE *out, u32 n)
{
	u32 i;

	begin(out);
	for (i = 0; i < n; i++)
		fprintf(out, "\tip6 saddr . ip6 daddr . sport . dport . mark { " ADDRS
			" . 1 . 2 . %u } drop\n", i + 1);
	end(out);
}

static void boxes(FILE *out, u32 n)
{
	u32 i;

	begin(out);
	fprintf(out, "\tip6 saddr . ip6 daddr . sport . dport . mark { ");
	for (i = 0; i < n; i++)
		fprintf(out, "%s" ADDRS " . 1 . 1-2 . %u", i ? ", " : "", 2 * i + 1);
	fprintf(out, " } drop\n");
	end(out);
}

static void alike(FILE *out, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		fprintf(out, "\tip6 saddr 2001:db8::/32 mark %u drop\n", i + 1);
}

static void leaf(FILE *out, u32 n)
{
	begin(out);
	alike(out, n);
	end(out);
}

/* Takes part, and goes on: a rule and its modifier are two effects. */
#define GOES_ON	"ip6 saddr 2001:db8::/32 count c"
#define GO_ON	(FWT_EFFECTS_MAX / 2)

/* All of the run is looked at again behind each of them. */
static void again(FILE *out, u32 n)
{
	u32 i;

	begin(out);
	alike(out, n);
	for (i = 0; i < GO_ON; i++)
		fprintf(out, "\t" GOES_ON "\n");
	end(out);
}

static void word(FILE *out, u32 n)
{
	u32 i;

	begin(out);
	for (i = 0; i < n; i++)
		fprintf(out, "\tmark %u drop\n", i + 1);
	end(out);
}

static void fields(FILE *out, u32 n)
{
	u32 i;

	begin(out);
	for (i = 0; i < n; i++)
		fprintf(out, "\tsaddr >= daddr drop\n");
	end(out);
}

static void quota(FILE *out, u32 n)
{
	u32 i;

	begin(out);
	for (i = 0; i < n; i++)
		fprintf(out, "\tquota 1 accept\n");
	end(out);
}

static void limit(FILE *out, u32 n)
{
	u32 i;

	begin(out);
	for (i = 0; i < n; i++)
		fprintf(out, "\tlimit 1/hour by saddr . daddr accept\n");
	end(out);
}

/* Four that have their fields are a drop: these are looked for as far as the last one. */
static void count(FILE *out, u32 n)
{
	u32 i;

	begin(out);
	for (i = 0; i < n; i++)
		fprintf(out, "\tmark != %u ct count by saddr . ct original dport > 1 accept\n",
			i + 1);
	end(out);
}

static void live(FILE *out, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		fprintf(out, "set s%u : addr . addr . port { elements = { " ADDRS " . 1 } }\n", i);
	begin(out);
	for (i = 0; i < n; i++)
		fprintf(out, "\tsaddr . daddr . dport @s%u drop\n", i);
	end(out);
}

/* Each mark makes the walk forget what routing said. */
static void route(FILE *out, u32 n)
{
	u32 i, each = n / GO_ON + 1;

	begin(out);
	for (i = 0; i < n; i++) {
		if (i && i % each == 0)
			fprintf(out, "\tset mark %u\n", i);
		fprintf(out, "\troute %s none drop\n", i & 1 ? "oif" : "reverse");
	}
	end(out);
}

static void iface(FILE *out, u32 n)
{
	u32 i;

	begin(out);
	for (i = 0; i < n; i++)
		fprintf(out, "\tsaddr addr(eth%u) drop\n", i);
	end(out);
}

static void ifaces(FILE *out, u32 n)
{
	u32 i;

	begin(out);
	for (i = 0; i < n; i++)
		fprintf(out, "\tsaddr addr(wg%u*) drop\n", i);
	end(out);
}

static void bpf(FILE *out, u32 n)
{
	u32 i, k;

	begin(out);
	for (i = 0; i < n; i++) {
		fprintf(out, "\tbpf \"len = 1");
		for (k = 0; k < 100; k++)
			fprintf(out, " or ip6[%u] = %u", 40 + (i + k) % 80, 1 + (i * 7 + k) % 255);
		fprintf(out, "\" drop\n");
	}
	end(out);
}

/* A walk comes to the 33rd of them. */
static void least(FILE *out, u32 n)
{
	u32 i, k;

	for (i = 0; i < n; i++) {
		fprintf(out, "pool p%u { scheduler least-conn", i);
		for (k = 0; k < FWT_POOL_SERVERS_MAX; k++)
			fprintf(out, "\n\t[2001:db8::%x]:%u", k + 1, 1 + i);
		fprintf(out, "\n}\n");
	}
	begin(out);
	for (i = 0; i < n; i++)
		fprintf(out, "\tmark != %u balance @p%u\n", i + 1, i);
	end(out);
}

/**
 * struct kind - of steps
 * @name: for the benchmark
 * @text: what the table calls @write's rules
 * @write: a policy of so many
 * @forest_min: as fwt_compile() has it
 * @added: rules that a patch adds, each of which goes on
 * @most: more of them are no longer walk; 0: up to the limit
 */
static const struct kind {
	const char *name;
	const char *text;
	void (*write)(FILE *out, u32 n);
	u32 forest_min;
	u32 added;
	u32 most;
} kinds[] = {
	{ "chain", "tests, each of five joined fields", chain, FWT_NONE, 0, 0 },
	{ "boxes", "joined ranges of a set, tried in turn", boxes, FWT_NONE, 0, 0 },
	{ "leaf", "rules that only a mark tells apart", leaf, 2, 0, 0 },
	{ "word", "tests of a word", word, FWT_NONE, 0, 0 },
	{ "fields", "times two addresses, which is more", fields, FWT_NONE, 0, 0 },
	{ "quota", "quotas, each of them over", quota, FWT_NONE, 0, 0 },
	{ "limit", "limits by both addresses, likewise", limit, FWT_NONE, 0, 0 },
	{ "count", "counts by a field that is absent", count, FWT_NONE, 0, 0 },
	{ "live", "live sets, each of an element", live, FWT_NONE, 0, 0 },
	{ "route", "questions about routes, 32 of each anew", route, FWT_NONE, 0, 0 },
	{ "iface", "times the addresses of an interface", iface, FWT_NONE, 0, 0 },
	{ "ifaces", "times those of 16 whose names begin alike", ifaces, FWT_NONE, 0, 0 },
	{ "bpf", "filters of tcpdump's", bpf, FWT_NONE, 0, 0 },
	{ "least", "pools of 512 servers, by least connections", least, FWT_NONE, 0,
	  FWT_EFFECTS_MAX },
	{ "again", "rules in a run that is searched 33 times", again, 2, 0, 0 },
	{ "patch", "rules in a run, and 32 of a patch that go on", leaf, 2, GO_ON, 0 },
};

/* Programs */

struct made {
	struct fwt_blob blob, added;
	struct fwt_program prog;
	struct fwt_patch patch;
	struct fwt_patchable of;
	void *scratch, *tables;
};

static void made_clean(struct made *m)
{
	fwt_blob_free(&m->blob);
	fwt_blob_free(&m->added);
	free(m->of.forest);
	free(m->of.rule);
	free(m->scratch);
	free(m->tables);
}

/* Rules that take part and go on, before the last one of the run. */
static bool make_patch(struct made *m, u32 n, u32 added)
{
	struct fwt_delta_line line = {
		.before = n + 1, .text = "\t" GOES_ON "\n", .has_rule = true,
		.rule = GOES_ON, .tree = "ingress", .name = "worst.fw",
		.hooks = FWT_HOOK_BIT(FWT_HOOK_INGRESS),
	};
	struct fwt_patch_memory memory;
	struct fwt_verify_error err;
	struct fwt_rule_spot spot;
	struct fwt_delta delta;
	struct fwt_diag diag;
	void *scratch = NULL;
	bool ok = false;
	u32 wrong, i;

	m->of.forest = need(calloc(m->prog.n[FWT_SEC_FORESTS] + 1, sizeof(*m->of.forest)));
	m->of.rule = need(calloc(m->prog.n[FWT_SEC_RULES] + 1, sizeof(u32)));
	fwt_patchable_init(&m->of, &m->prog, m->scratch);
	fwt_rule_spot(&m->prog, &m->of, n - 1, &spot);
	line.side = spot.side[FWT_PATCH_BEFORE];
	fwt_delta_init(&delta);
	fwt_diag_init(&diag);
	for (i = 0; i < added; i++)
		fwt_delta_add(&delta, &line, FWT_DELTA_BEHIND);
	if (!fwt_delta_build(&delta, &diag, &wrong, &m->added)) {
		memory = fwt_patch_memory(m->added.data, m->added.len, &m->prog);
		scratch = need(malloc(memory.scratch + 1));
		m->tables = need(malloc(memory.tables + 1));
		ok = !fwt_patch_verify(m->added.data, m->added.len, &m->prog, &m->of, scratch,
				       m->tables, &m->patch, &err);
	}
	m->prog.patch = &m->patch;
	m->prog.steps_max = m->patch.steps_max;
	free(scratch);
	fwt_diag_clean(&diag);
	fwt_delta_clean(&delta);
	return ok;
}

/* False where it would take too many steps. */
static bool make(const struct kind *kind, u32 n, struct made *m)
{
	struct fwt_compile_opts opts = { .no_warnings = true, .forest_min = kind->forest_min };
	struct fwt_policy_ast *ast;
	struct fwt_verify_error err;
	struct fwt_diag diag;
	char *text = NULL;
	size_t len;
	FILE *out = need(open_memstream(&text, &len));
	int ret = -EINVAL;

	memset(m, 0, sizeof(*m));
	kind->write(out, n);
	fclose(out);
	fwt_diag_init(&diag);
	ast = fwt_parse_buffer("worst.fw", text, len, &diag, NULL);
	if (ast)
		ret = fwt_compile(ast, &diag, &opts, &m->blob);
	if (ret && ret != -E2BIG) {
		fprintf(stderr, "%s:\n", kind->name);
		fwt_diag_print(&diag, stderr);
		exit(1);
	}
	fwt_ast_free(ast);
	fwt_diag_clean(&diag);
	free(text);
	if (ret)
		return false;
	m->scratch = need(malloc(fwt_verify_scratch(m->blob.data, m->blob.len)));
	if (fwt_verify(m->blob.data, m->blob.len, m->scratch, &m->prog, &err)) {
		fprintf(stderr, "%s: %s\n", kind->name, err.text);
		exit(1);
	}
	if (!kind->added || make_patch(m, n, kind->added))
		return true;
	made_clean(m);
	return false;
}

/* As many as are allowed, within a 64th. */
static u32 most(const struct kind *kind)
{
	u32 good = 16, bad = kind->most ? kind->most + 1 : FWT_STEPS_MAX, steps, n;
	struct made m;

	if (!make(kind, good, &m)) {
		fprintf(stderr, "%s: not even %u\n", kind->name, good);
		exit(1);
	}
	steps = m.prog.steps_max;
	made_clean(&m);
	for (;;) {
		/* So many, if each took the same. */
		n = (u32)((u64)good * FWT_STEPS_MAX / steps);
		if (n >= bad)
			n = good + (bad - good) / 2;
		if (n <= good + good / 64)
			return good;
		if (make(kind, n, &m)) {
			good = n;
			steps = m.prog.steps_max;
			made_clean(&m);
		} else {
			bad = n;
		}
	}
}

/* 21,504 */
static const char *number(u32 n)
{
	static char buf[16];

	snprintf(buf, sizeof(buf), n < 1000 ? "%u" : "%u,%03u", n < 1000 ? n : n / 1000, n % 1000);
	return buf;
}

static void rule(void)
{
	printf("=======================================================  ======  ========  "
	       "=========\n");
}

static void measure(const struct kind *kind, u32 rounds, bool rows)
{
	const struct fwt_packet drawn = {
		.have = FWT_HAVE_IP | FWT_HAVE_TCP | FWT_HAVE_PORTS, .family = 6,
		.protocol = FWT_IPPROTO_TCP, .sport = 1, .dport = 2, .iif = "eth0",
		.saddr = { 0x20010db8, 0, 0, 1 }, .daddr = { 0x20010db8, 0, 0, 2 },
		.length = 60,
	};
	double took, best = 1e9, worst = 0;
	u32 n = most(kind), i;
	struct fwt_decision d;
	struct world w;
	char text[64];
	struct made m;

	if (!make(kind, n, &m))
		exit(1);
	world_init(&w, &m.prog);
	for (i = 0; i < rounds; i++) {
		struct fwt_packet p = drawn;

		took = now();
		fwt_walk(&m.prog, m.prog.root[0], &p, &w.env, &d);
		took = now() - took;
		best = min(best, took);
		worst = max(worst, took);
	}
	/* None decides: the last rule accepts, or there is no more room. */
	if (d.verdict != FWT_VERDICT_ACCEPT && d.reason != FWT_REASON_EFFECTS) {
		fprintf(stderr, "%s: a rule decided before the last one\n", kind->name);
		exit(1);
	}
	if (rows) {
		snprintf(text, sizeof(text), "%s %s", number(n), kind->text);
		printf("%-55s  ", text);
		printf("%6s  %5.2f ms  %6.1f ns\n", number(m.prog.steps_max), best * 1e3,
		       best * 1e9 / m.prog.steps_max);
	} else {
		printf("worst=%s rules=%u steps=%u program=%zuKiB best=%.0fus worst=%.0fus "
		       "step=%.1fns\n", kind->name, n, m.prog.steps_max, m.blob.len >> 10,
		       best * 1e6, worst * 1e6, best * 1e9 / m.prog.steps_max);
	}
	fflush(stdout);
	world_clean(&w);
	made_clean(&m);
}

int main(int argc, char **argv)
{
	bool rows = argc > 1 && !strcmp(argv[1], "-r");
	u32 rounds = argc > 1 + rows ? (u32)strtoul(argv[1 + rows], NULL, 10) : 20, i;

	if (rows) {
		rule();
		printf("%-55s  %6s  %8s  %9s\n", "policy", "steps", "a walk", "a step");
		rule();
	}
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		measure(&kinds[i], max(rounds, 1u), rows);
	if (rows)
		rule();
	return 0;
}
