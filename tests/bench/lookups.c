// SPDX-License-Identifier: GPL-2.0
/*
 * Look-ups a second, in userspace, over ClassBench filter sets.
 *
 *	lookups [-n LOOKUPS] [-t HEADERS] [-c CHECKS] [-m RULES] FILE...	(.xz too)
 *
 * Each set becomes a policy, is parsed, compiled and verified as fwctl and the
 * module do it, and is asked about headers drawn from its rules, from their edges
 * plus and minus one (some of the other family), and uniformly: HEADERS that differ.
 * CHECKS are held against first match over the filters as they were read; a difference is
 * an error, shown with the least filters that have it. What is counted of a look-up ends
 * where the walk does, or that is an error, too. RULES is the least number that becomes a forest. A
 * line a set, of words to be read by the benchmark: name=value; none with -n 0,
 * which checks alone.
 */
#include <stdlib.h>
#include <time.h>

#include "ast.h"
#include "box.h"
#include "classbench.h"
#include "compile.h"
#include "diag.h"
#include "filters.h"
#include "parse.h"
#include "sema_sample.h"
#include "tree.h"

#define HEADERS		(1u << 16)	/* those that are timed, unless other is said */
#define LANES		4		/* trees in step, as core/forest.c has it */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

#define LINES_MAX	1024	/* of memory, a look-up; more are not told apart */

struct counts {
	u64 cuts, boxes, lines;
	u32 most_cuts, most_boxes, most_lines;
};

/* The lines of 64 bytes that a look-up reads of the program. */
struct lines {
	uintptr_t line[LINES_MAX];
	u32 n;
};

static void touch(struct lines *l, const void *from, size_t len)
{
	uintptr_t at = (uintptr_t)from >> 6, end = ((uintptr_t)from + len - 1) >> 6;
	u32 i;

	for (; at <= end; at++) {
		/* The last ones first: a look-up stays near where it was. */
		for (i = l->n; i && l->line[i - 1] != at; i--)
			;
		if (!i && l->n < LINES_MAX)
			l->line[l->n++] = at;
	}
}

/**
 * struct counting - one look-up, as struct search of core/forest.c
 * @key: the packet's point, by enum fwt_dim or fwt_dim6
 * @best: the least node of a box that holds the packet
 */
struct counting {
	const struct fwt_program *prog;
	bool six, ports;
	u32 key[__FWT_DIM6_MAX];
	u32 best;
	u32 cuts, boxes;
	struct lines lines;
};

static bool holds4(const struct counting *c, const struct fwt_box4 *b)
{
	return c->key[FWT_DIM_SADDR] >= b->saddr_lo && c->key[FWT_DIM_SADDR] <= b->saddr_hi &&
	       c->key[FWT_DIM_DADDR] >= b->daddr_lo && c->key[FWT_DIM_DADDR] <= b->daddr_hi &&
	       c->key[FWT_DIM_SPORT] >= b->sport_lo && c->key[FWT_DIM_SPORT] <= b->sport_hi &&
	       c->key[FWT_DIM_DPORT] >= b->dport_lo && c->key[FWT_DIM_DPORT] <= b->dport_hi &&
	       c->key[FWT_DIM_PROTOCOL] >= b->protocol_lo &&
	       c->key[FWT_DIM_PROTOCOL] <= b->protocol_hi &&
	       (c->ports || !(b->flags & FWT_BOX_PORTS));
}

static bool holds6(const struct counting *c, const struct fwt_prog_box6 *b)
{
	u32 d;

	for (d = 0; d < 8; d++)
		if (c->key[d] < b->addr_lo[d] || c->key[d] > b->addr_hi[d])
			return false;
	return c->key[FWT_DIM6_SPORT] >= b->sport_lo && c->key[FWT_DIM6_SPORT] <= b->sport_hi &&
	       c->key[FWT_DIM6_DPORT] >= b->dport_lo && c->key[FWT_DIM6_DPORT] <= b->dport_hi &&
	       c->key[FWT_DIM6_PROTOCOL] >= b->protocol_lo &&
	       c->key[FWT_DIM6_PROTOCOL] <= b->protocol_hi &&
	       (c->ports || !(b->flags & FWT_BOX_PORTS));
}

/* The first box of a leaf that holds the packet is the one, if none before it was. */
static void count_leaf(struct counting *c, const struct fwt_prog_cut *at)
{
	u32 i, n = at->to & FWT_CUT_MAX, node;
	bool in;

	for (i = 0; i < n; i++) {
		c->boxes++;
		if (c->six) {
			const struct fwt_prog_box6 *b = c->prog->box6 + at->at + i;

			touch(&c->lines, b, sizeof(*b));
			in = holds6(c, b);
			node = b->node;
		} else {
			const struct fwt_prog_box *packed = c->prog->box + at->at + i;
			struct fwt_box4 b = fwt_box_unpack(packed);

			touch(&c->lines, packed, sizeof(*packed));
			in = holds4(c, &b);
			node = b.node;
		}
		if (in) {
			c->best = min(c->best, node);
			return;
		}
	}
}

/* As find_in() there: @n trees in step down to their leaves, and then the leaves, as
 * long as a tree's first rule can be the one. Both children of a cut are read. What is
 * only prefetched is not counted.
 */
static void count_in(struct counting *c, const struct fwt_prog_tree *t, u32 n)
{
	const struct fwt_prog_cut *at[LANES], *child;
	bool more;
	u32 i, to;

	for (i = 0; i < n; i++) {
		at[i] = c->prog->cut + t[i].root;
		touch(&c->lines, &t[i], sizeof(t[i]));
		touch(&c->lines, at[i], sizeof(*at[i]));
	}
	do {
		more = false;
		for (i = 0; i < n; i++) {
			to = at[i]->to;
			if (to >> FWT_CUT_SHIFT == FWT_CUT_LEAF)
				continue;
			child = c->prog->cut + (to & FWT_CUT_MAX);
			touch(&c->lines, child, 2 * sizeof(*child));
			at[i] = child + (c->key[to >> FWT_CUT_SHIFT] > at[i]->at);
			c->cuts++;
			more = true;
		}
	} while (more);
	for (i = 0; i < n && t[i].first < c->best; i++)
		count_leaf(c, at[i]);
}

/* The same way as core/forest.c, counted. Returns the node where the walk goes on. */
static u32 count(const struct fwt_program *prog, const struct fwt_packet *p,
		 struct counts *sum)
{
	const struct fwt_prog_node *root = &prog->node[prog->root[FWT_HOOK_INGRESS]];
	const struct fwt_prog_forest *f = &prog->forest[root->arg];
	struct counting c = {
		.prog = prog, .six = p->family == 6, .ports = p->have & FWT_HAVE_PORTS,
		.best = FWT_NONE,
	};
	u32 part = c.six ? FWT_PART_IPV6 : FWT_PART_IPV4, n = f->n_trees[part], words, i, next;
	const struct fwt_prog_tree *t = prog->tree + f->tree[part];

	words = c.six ? 4 : 1;
	for (i = 0; i < words; i++) {
		c.key[i] = p->saddr[i];
		c.key[words + i] = p->daddr[i];
	}
	c.key[2 * words] = c.ports ? p->sport : 0;
	c.key[2 * words + 1] = c.ports ? p->dport : 0;
	c.key[2 * words + 2] = p->protocol;
	for (; n >= LANES && t->first < c.best; n -= LANES, t += LANES)
		count_in(&c, t, LANES);
	if (n && t->first < c.best)
		count_in(&c, t, min(n, LANES - 1u));
	/* What is done then: the row that says it of its nodes, or the node itself. */
	next = c.best == FWT_NONE ? root->no : c.best;
	touch(&c.lines, &prog->row[next / FWT_ROW], sizeof(*prog->row));
	if (prog->row[next / FWT_ROW].rule == FWT_NONE)
		touch(&c.lines, prog->node + next, sizeof(*prog->node));
	sum->lines += c.lines.n;
	sum->most_lines = max(sum->most_lines, c.lines.n);
	sum->cuts += c.cuts;
	sum->boxes += c.boxes;
	sum->most_cuts = max(sum->most_cuts, c.cuts);
	sum->most_boxes = max(sum->most_boxes, c.boxes);
	return next;
}

static u32 line_of(const struct fwt_program *prog, u32 rule)
{
	return rule == FWT_NONE ? 0 : prog->rule[rule].line;
}

static u64 rnd = 88172645463325252ull;

struct set {
	struct fwt_vec filters;
	struct fwt_blob blob;
	struct fwt_program prog;
	void *scratch;
	struct fwt_row *row;
	double parsed, compiled, verified;
	size_t text;
};

static bool read_set(struct set *s, const char *name)
{
	char command[512], error[160];
	size_t len = strlen(name);
	bool xz = len > 3 && !strcmp(name + len - 3, ".xz");
	FILE *in;
	int ret;

	memset(s, 0, sizeof(*s));
	snprintf(command, sizeof(command), "xz -dc '%s'", name);
	in = xz ? popen(command, "r") : fopen(name, "r");
	if (!in) {
		perror(name);
		return false;
	}
	ret = fwt_filters_read(in, &s->filters, error, sizeof(error));
	xz ? pclose(in) : fclose(in);
	if (ret)
		fprintf(stderr, "%s:%d: %s\n", name, ret, error);
	return !ret;
}

static bool make(struct set *s, u32 forest_min)
{
	struct fwt_compile_opts opts = { .forest_min = forest_min };
	struct fwt_policy_ast *ast;
	struct fwt_verify_error err;
	struct fwt_diag diag;
	char *text = NULL;
	size_t size;
	double at;
	FILE *out;
	int ret;

	out = open_memstream(&text, &size);
	fwt_filters_print(out, s->filters.data, s->filters.count, "ingress");
	fclose(out);
	s->text = size;

	fwt_diag_init(&diag);
	at = now();
	ast = fwt_parse_buffer("set.fw", text, size, &diag, NULL);
	s->parsed = now() - at;
	at = now();
	ret = ast ? fwt_compile(ast, &diag, &opts, &s->blob) : -1;
	s->compiled = now() - at;
	if (ret)
		fwt_diag_print(&diag, stderr);
	fwt_ast_free(ast);
	fwt_diag_clean(&diag);
	free(text);
	if (ret)
		return false;
	at = now();
	s->scratch = malloc(fwt_verify_scratch(s->blob.data, s->blob.len));
	ret = fwt_verify(s->blob.data, s->blob.len, s->scratch, &s->prog, &err);
	s->verified = now() - at;
	if (ret) {
		fprintf(stderr, "%s\n", err.text);
		return false;
	}
	s->row = malloc(fwt_n_rows(&s->prog) * sizeof(*s->row));
	fwt_rows_note(&s->prog, s->row);
	s->prog.row = s->row;
	return true;
}

static void unmake(struct set *s)
{
	free(s->row);
	free(s->scratch);
	fwt_blob_free(&s->blob);
}

/* The line that is found, 0 where it is the one that is right. */
static u32 wrong_line(const struct set *s, const struct filter_twin *twin,
		      const struct fwt_packet *p, u32 *right)
{
	struct fwt_packet copy = *p;
	struct fwt_decision d;
	u32 line;

	*right = filter_twin_find(twin, p) + 2;
	fwt_walk(&s->prog, s->prog.root[0], &copy, NULL, &d);
	line = line_of(&s->prog, d.rule);
	return line == *right ? 0 : line ? line : FWT_NONE;
}

static bool still_wrong(const struct fwt_filter *f, u32 n, const struct fwt_packet *p,
			u32 forest_min)
{
	struct set s = { .filters = { .data = (void *)f, .count = n } };
	struct filter_twin twin;
	bool wrong = false;
	u32 right;

	if (make(&s, forest_min)) {
		filter_twin_init(&twin, f, n);
		wrong = wrong_line(&s, &twin, p, &right);
		filter_twin_clean(&twin);
	}
	unmake(&s);
	return wrong;
}

/* Leaves filters out, many at first, then fewer, while it stays wrong. */
static void show_least(const struct set *s, const struct fwt_packet *p, u32 forest_min)
{
	struct fwt_filter *f, *trial;
	u32 n = s->filters.count, part, i;
	char words[256];

	f = malloc(n * sizeof(*f));
	trial = malloc(n * sizeof(*f));
	if (!f || !trial)
		abort();
	memcpy(f, s->filters.data, n * sizeof(*f));
	for (part = n / 2; part; part /= 2)
		for (i = 0; i < n && n > part;) {
			u32 out = min(part, n - i), left = n - out;

			memcpy(trial, f, i * sizeof(*f));
			memcpy(trial + i, f + i + out, (n - i - out) * sizeof(*f));
			if (still_wrong(trial, left, p, forest_min)) {
				memcpy(f, trial, left * sizeof(*f));
				n = left;
			} else {
				i += out;
			}
		}
	fprintf(stderr, "%u filters are enough:\n", n);
	fwt_filters_print(stderr, f, n, "ingress");
	fwt_sample_words(p, words, sizeof(words));
	fprintf(stderr, "packet: %s\n", words);
	free(f);
	free(trial);
}

static bool check(const struct set *s, u64 checks, u32 forest_min)
{
	const struct fwt_filter *f = s->filters.data;
	struct filter_twin twin;
	u32 found = 0, right;
	u64 i;

	filter_twin_init(&twin, f, s->filters.count);
	for (i = 0; i < checks && !found; i++) {
		const struct fwt_filter *from = &f[filter_rnd(&rnd) % s->filters.count];
		struct fwt_packet p;

		filter_draw(&rnd, from, &p, i % 3 != 0, i % 16 == 15);
		found = wrong_line(s, &twin, &p, &right);
		if (!found)
			continue;
		fprintf(stderr, "line %u is found, %u is right\n",
			found == FWT_NONE ? 0 : found, right);
		show_least(s, &p, forest_min);
	}
	filter_twin_clean(&twin);
	return !found;
}

/* What of a packet a trace holds: a whole one is three lines of memory, and would
 * be what is measured.
 */
struct header {
	u32 saddr[4];
	u32 daddr[4];
	u16 sport;
	u16 dport;
	u16 have;
	u8 family;
	u8 protocol;
};

static void pack(const struct fwt_packet *p, struct header *h)
{
	memcpy(h->saddr, p->saddr, sizeof(h->saddr));
	memcpy(h->daddr, p->daddr, sizeof(h->daddr));
	h->sport = p->sport;
	h->dport = p->dport;
	h->have = (u16)p->have;
	h->family = p->family;
	h->protocol = p->protocol;
}

static void unpack(const struct header *h, struct fwt_packet *p)
{
	memcpy(p->saddr, h->saddr, sizeof(h->saddr));
	memcpy(p->daddr, h->daddr, sizeof(h->daddr));
	p->sport = h->sport;
	p->dport = h->dport;
	p->have = h->have;
	p->family = h->family;
	p->protocol = h->protocol;
}

/* False where what was counted is not what was walked. */
static bool measure(const struct set *s, const char *name, u64 lookups,
		    u32 headers)
{
	const struct fwt_filter *f = s->filters.data;
	const struct fwt_program *prog = &s->prog;
	struct header *trace = calloc(headers, sizeof(*trace));
	bool searched = prog->node[prog->root[0]].type == FWT_NODE_FOREST;
	struct fwt_packet p = { 0 };
	u64 cuts = prog->n[FWT_SEC_CUTS], boxes = prog->n[FWT_SEC_BOXES];
	u64 boxes6 = prog->n[FWT_SEC_BOXES6], rules = s->filters.count, i, round;
	double best[2] = { 1e9, 1e9 }, took, index;
	struct counts c[2] = { 0 };
	struct fwt_decision d;
	u64 sum = 0, uniform, other = 0;

	/* Headers of the rules; and any at all, which few rules match. */
	for (uniform = 0; uniform < 2; uniform++) {
		for (i = 0; i < headers; i++) {
			filter_draw(&rnd, &f[filter_rnd(&rnd) % rules], &p, false, uniform);
			if (searched) {
				fwt_walk(prog, prog->root[0], &p, NULL, &d);
				other += count(prog, &p, &c[uniform]) != d.node;
			}
			pack(&p, &trace[i]);
		}
		for (round = 0; round < lookups / headers; round++) {
			took = now();
			for (i = 0; i < headers; i++) {
				unpack(&trace[i], &p);
				fwt_walk(prog, prog->root[0], &p, NULL, &d);
				sum += d.rule;
			}
			took = now() - took;
			best[uniform] = min(best[uniform], took);
		}
	}
	index = (double)(cuts * 8 + prog->n[FWT_SEC_TREES] * 8) +
		(double)(boxes + boxes6 > rules ? boxes + boxes6 - rules : 0) * (boxes6 ? 80 : 32);
	printf("set=%s rules=%llu trees=%u steps=%u lookups=%.2fM any=%.2fM ", name,
	       (unsigned long long)rules, prog->n[FWT_SEC_TREES], prog->steps_max,
	       headers / best[0] / 1e6, headers / best[1] / 1e6);
	for (uniform = 0; uniform < 2; uniform++)
		printf("%scuts=%.1f/%u %sboxes=%.1f/%u %slines=%.1f/%u ", uniform ? "any_" : "",
		       (double)c[uniform].cuts / headers, c[uniform].most_cuts,
		       uniform ? "any_" : "", (double)c[uniform].boxes / headers,
		       c[uniform].most_boxes, uniform ? "any_" : "",
		       (double)c[uniform].lines / headers, c[uniform].most_lines);
	printf("index=%.1f copies=%.2f program=%.0f parse=%.0fms compile=%.0fms verify=%.0fms "
	       "sum=%llu\n", index / (double)rules, (double)(boxes + boxes6) / (double)rules,
	       (double)s->blob.len / (double)rules, s->parsed * 1e3, s->compiled * 1e3,
	       s->verified * 1e3, (unsigned long long)sum & 0xff);
	free(trace);
	if (other)
		fprintf(stderr, "%s: of %llu headers the rule counted is not the one walked to\n",
			name, (unsigned long long)other);
	return !other;
}

int main(int argc, char **argv)
{
	u64 lookups = 1 << 20, checks = 20000;
	u32 forest_min = 0, headers = HEADERS;
	int i, ret = 0;

	for (i = 1; i < argc; i++) {
		const char *name = strrchr(argv[i], '/');
		struct set s;

		if (!strcmp(argv[i], "-n") && i + 1 < argc) {
			lookups = strtoull(argv[++i], NULL, 0);
			continue;
		}
		if (!strcmp(argv[i], "-c") && i + 1 < argc) {
			checks = strtoull(argv[++i], NULL, 0);
			continue;
		}
		if (!strcmp(argv[i], "-t") && i + 1 < argc) {
			headers = max((u32)strtoul(argv[++i], NULL, 0), 1u);
			continue;
		}
		if (!strcmp(argv[i], "-m") && i + 1 < argc) {
			forest_min = (u32)strtoul(argv[++i], NULL, 0);
			continue;
		}
		if (!read_set(&s, argv[i]) || !make(&s, forest_min)) {
			ret = 1;
		} else {
			if (!check(&s, checks, forest_min))
				ret = 1;
			if (lookups && !measure(&s, name ? name + 1 : argv[i], lookups, headers))
				ret = 1;
		}
		fflush(stdout);
		unmake(&s);
		free(s.filters.data);
	}
	return ret;
}
