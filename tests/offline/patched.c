// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "diag.h"
#include "parse.h"
#include "patched.h"

static bool make(struct base *m, struct fwt_policy_ast *ast, struct fwt_diag *diag,
		 u32 forest_min)
{
	struct fwt_compile_opts opts = { .no_warnings = true, .forest_min = forest_min };
	struct fwt_verify_error err;
	void *scratch;
	int ret;

	memset(m, 0, sizeof(*m));
	m->ast = ast;
	assert_non_null(m->ast);
	ret = fwt_compile(m->ast, diag, &opts, &m->blob);
	fwt_diag_clean(diag);
	if (ret) {
		fwt_ast_free(m->ast);
		return false;
	}
	scratch = malloc(fwt_verify_scratch(m->blob.data, m->blob.len));
	assert_non_null(scratch);
	assert_int_equal(fwt_verify(m->blob.data, m->blob.len, scratch, &m->prog, &err), 0);
	m->of.forest = calloc(m->prog.n[FWT_SEC_FORESTS] + 1, sizeof(*m->of.forest));
	m->of.rule = calloc(m->prog.n[FWT_SEC_RULES] + 1, sizeof(u32));
	assert_true(m->of.forest && m->of.rule);
	fwt_patchable_init(&m->of, &m->prog, scratch);
	free(scratch);
	return true;
}

bool base_make(struct base *m, const char *text, u32 forest_min)
{
	struct fwt_diag diag;

	fwt_diag_init(&diag);
	return make(m, fwt_parse_buffer("t.fw", text, strlen(text), &diag, NULL), &diag,
		    forest_min);
}

bool base_make_files(struct base *m, const struct text *text, u32 n, u32 forest_min)
{
	char dir[] = "/tmp/fwt-files-XXXXXX", path[FILES_MAX][40], *joined;
	struct fwt_policy_ast *ast;
	struct fwt_diag diag;
	FILE *out;
	bool ok;
	u32 i;

	if (n == 1) {
		joined = text_join(text);
		ok = base_make(m, joined, forest_min);
		free(joined);
		return ok;
	}
	assert_non_null(mkdtemp(dir));
	for (i = 0; i < n; i++) {
		snprintf(path[i], sizeof(path[i]), "%s/" FILE_NAME, dir, i);
		joined = text_join(&text[i]);
		out = fopen(path[i], "w");
		assert_true(out && fputs(joined, out) >= 0 && !fclose(out));
		free(joined);
	}
	fwt_diag_init(&diag);
	ast = fwt_parse_file(path[0], &diag, NULL);
	for (i = 0; i < n; i++)
		unlink(path[i]);
	rmdir(dir);
	return make(m, ast, &diag, forest_min);
}

void base_clean(struct base *m)
{
	fwt_ast_free(m->ast);
	fwt_blob_free(&m->blob);
	free(m->of.forest);
	free(m->of.rule);
}

/* For one more: they may be ten thousand. */
static void make_room(struct text *t)
{
	if (t->n & (t->n - 1))
		return;
	t->line = realloc(t->line, 2 * (t->n + 1) * sizeof(char *));
	assert_non_null(t->line);
}

void text_init(struct text *t, const char *from)
{
	const char *end;

	memset(t, 0, sizeof(*t));
	for (; *from; from = end + 1) {
		end = strchr(from, '\n');
		assert_non_null(end);
		make_room(t);
		t->line[t->n++] = strndup(from, (size_t)(end - from));
	}
}

void text_insert(struct text *t, u32 at, const char *line)
{
	make_room(t);
	memmove(t->line + at + 1, t->line + at, (t->n - at) * sizeof(char *));
	t->line[at] = strdup(line);
	t->n++;
}

void text_insert_raw(struct text *t, u32 at, const char *line)
{
	text_insert(t, at, line);
	t->line[at][strlen(line) - 1] = 0;
}

void text_delete(struct text *t, u32 at)
{
	free(t->line[at]);
	t->n--;
	memmove(t->line + at, t->line + at + 1, (t->n - at) * sizeof(char *));
}

char *text_join(const struct text *t)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	u32 i;

	assert_non_null(out);
	for (i = 0; i < t->n; i++)
		fprintf(out, "%s\n", t->line[i]);
	fclose(out);
	return text;
}

void text_clean(struct text *t)
{
	while (t->n)
		text_delete(t, t->n - 1);
	free(t->line);
}

char patched_refusal[160];

int patched_make(struct patched *p, const struct base *base)
{
	struct fwt_patch_memory m = fwt_patch_memory(p->blob.data, p->blob.len, &base->prog);
	void *scratch = malloc(m.scratch + 1);
	struct fwt_verify_error err = { 0 };
	int ret;

	p->tables = malloc(m.tables + 1);
	assert_true(scratch && p->tables);
	ret = fwt_patch_verify(p->blob.data, p->blob.len, &base->prog, &base->of, scratch,
			       p->tables, &p->patch, &err);
	if (ret && !err.text[0])
		fail_msg("refused without a word");
	snprintf(patched_refusal, sizeof(patched_refusal), "%s", err.text);
	p->prog = base->prog;
	p->prog.patch = &p->patch;
	p->prog.steps_max = p->patch.steps_max;
	free(scratch);
	return ret;
}

void patched_clean(struct patched *p)
{
	free(p->tables);
	fwt_blob_free(&p->blob);
}

/* Of the file's name the number. */
static u32 numbered(const struct fwt_program *prog, u32 file)
{
	const char *name = fwt_program_string(prog, prog->file[file].name);
	u32 n = 0;

	name = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
	return sscanf(name, FILE_NAME, &n) == 1 ? n : 0;
}

u32 patched_line(const struct fwt_program *prog, u32 rule)
{
	const struct fwt_program *own;
	const struct fwt_prog_rule *r;
	u32 line;

	if (rule == FWT_NONE)
		return 0;
	own = fwt_program_of_rule(prog, &rule);
	r = &own->rule[rule];
	line = own == prog ? fwt_patch_line(prog->patch, r->file, r->line) : r->line;
	return line | numbered(own, r->file) << 20;
}

static u32 effect_of(const struct fwt_program *prog, u32 effect)
{
	const struct fwt_program *own;
	u32 mod = effect & ~FWT_EFFECT_MOD;

	if (!(effect & FWT_EFFECT_MOD))
		return patched_line(prog, effect);
	own = fwt_program_of_mod(prog, &mod);
	return own->mod[mod].type << 24 | own->mod[mod].a;
}

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

/* By the set's name, so that two programs of one policy agree. */
static bool a_set(const struct fwt_env *env, u32 object, bool six, const u32 *key, u32 *value)
{
	const struct fwt_program *prog = ((const struct walking *)env)->prog;
	u32 own = fwt_patch_object(prog, object);

	assert_true(own < prog->n[FWT_SEC_OBJECTS]);
	if (value)
		return false;
	return (prog->object[own].key ^ six ^ key[0]) % 3 == 0;
}

/* Likewise by its rule's key. */
static u64 key_of(const struct fwt_env *env, u32 object)
{
	const struct fwt_program *prog = ((const struct walking *)env)->prog;

	prog = fwt_program_of_object(prog, &object);
	assert_true(object < prog->n[FWT_SEC_OBJECTS]);
	return prog->object[object].key;
}

static bool is_under(const struct fwt_env *env, u32 object, const u32 *key, u32 words,
		     const struct fwt_packet *p, u64 *hash)
{
	(void)p;
	*hash = 0;
	return (key_of(env, object) ^ (words ? key[0] : 0)) % 3;
}

static u32 a_turn(const struct fwt_env *env, u32 object)
{
	return (u32)(key_of(env, object) % 7);
}

static u32 a_count(const struct fwt_env *env, u64 table, const u32 *key, u32 words)
{
	(void)env;
	return (u32)(table ^ (words ? key[0] : 0)) % 5;
}

const struct fwt_env_ops patched_ops = {
	.ifaddr = an_ifaddr, .source = a_source, .local = a_local, .set_has = a_set,
	.under = is_under, .turn = a_turn, .count = a_count,
};

struct patched_sum patched_sum;

/* Sets are changed alike: the base's, by whichever program's modifier. */
static bool same_update(const struct fwt_program *got, const struct fwt_decision_update *a,
			const struct fwt_program *want, const struct fwt_decision_update *b)
{
	const struct fwt_prog_mod *m, *n;
	u32 i, k;

	m = fwt_patch_update(got, a, &i);
	n = fwt_patch_update(want, b, &k);
	assert_true(i < got->n[FWT_SEC_OBJECTS]);
	return m->type == n->type && got->object[i].key == want->object[k].key &&
	       a->six == b->six && a->key[0] == b->key[0];
}

static bool same_charge(const struct fwt_program *got, const struct fwt_decision_charge *a,
			const struct fwt_program *want, const struct fwt_decision_charge *b)
{
	u32 i = a->object, k = b->object;
	const struct fwt_program *x = fwt_program_of_object(got, &i);
	const struct fwt_program *y = fwt_program_of_object(want, &k);

	return x->object[i].key == y->object[k].key && a->over == b->over;
}

static bool same_count(const struct fwt_program *got, const struct fwt_decision_count *a,
		       const struct fwt_program *want, const struct fwt_decision_count *b)
{
	u32 i = a->test, k = b->test;
	const struct fwt_program *x = fwt_program_of_test(got, &i);
	const struct fwt_program *y = fwt_program_of_test(want, &k);

	return fwt_count_table(x, &x->test[i]) == fwt_count_table(y, &y->test[k]) &&
	       a->key[0] == b->key[0];
}

/* Each step leads to the next one; added rules' nodes are behind the base's. */
struct trace {
	u32 at;
	u32 last;
	u32 broken;
};

static void keep(void *ctx, const struct fwt_walk_step *s)
{
	struct trace *t = ctx;

	t->broken += s->node != t->at;
	t->at = s->next;
	t->last = s->node;
}

/* Telling the steps changes nothing, and they are those that were taken. */
static void trace(const struct fwt_program *prog, u32 root, const struct fwt_packet *p,
		  const struct fwt_decision *d)
{
	u32 nodes = prog->n[FWT_SEC_NODES], rules = prog->n[FWT_SEC_RULES];
	struct walking w = { .env.ops = &patched_ops, .prog = prog };
	struct trace t = { .at = root };
	const struct fwt_prog_node *n;
	struct fwt_packet q = *p;
	struct fwt_decision e;
	bool added;

	fwt_walk_traced(prog, root, &q, &w.env, &e, keep, &t);
	assert_int_equal(e.verdict, d->verdict);
	assert_int_equal(e.rule, d->rule);
	assert_int_equal(e.node, d->node);
	assert_int_equal(e.snat, d->snat);
	assert_int_equal(e.n_effects, d->n_effects);
	assert_memory_equal(e.effect, d->effect, e.n_effects * sizeof(*e.effect));
	assert_int_equal(t.broken, 0);
	/* Not where a modifier or an unknown field ended it. */
	if (e.rule == FWT_NONE || t.at != FWT_NONE)
		return;
	added = e.rule >= rules;
	assert_int_equal(t.last, e.node);
	assert_int_equal(added, e.node >= nodes);
	n = added ? &prog->patch->prog.node[e.node - nodes] : &prog->node[e.node];
	assert_int_equal(n->type, FWT_NODE_VERDICT);
	assert_int_equal(n->arg, added ? e.rule - rules : e.rule);
}

/* The same packet, both ways. */
void patched_compare(const struct fwt_program *got, const struct fwt_program *want, u32 hook,
		     const struct fwt_packet *p)
{
	struct walking w = { .env.ops = &patched_ops, .prog = got };
	struct fwt_decision a, b;
	struct fwt_packet q, r;
	bool same;
	u32 i;

	if (want->root[hook] == FWT_NONE)
		return;
	q = *p;
	fwt_walk(got, got->root[hook], &q, &w.env, &a);
	trace(got, got->root[hook], p, &a);
	w.prog = want;
	r = *p;
	fwt_walk(want, want->root[hook], &r, &w.env, &b);
	same = a.verdict == b.verdict && a.flags == b.flags && a.n_effects == b.n_effects &&
	       a.reject == b.reject && patched_line(got, a.rule) == patched_line(want, b.rule) &&
	       !memcmp(q.saddr, r.saddr, sizeof(q.saddr)) && q.mark == r.mark &&
	       (a.snat == FWT_NONE) == (b.snat == FWT_NONE);
	same &= a.n_updates == b.n_updates;
	for (i = 0; same && i < a.n_updates; i++)
		same = same_update(got, &a.update[i], want, &b.update[i]);
	same &= a.n_charges == b.n_charges && a.n_counts == b.n_counts;
	for (i = 0; same && i < a.n_charges; i++)
		same = same_charge(got, &a.charge[i], want, &b.charge[i]);
	for (i = 0; same && i < a.n_counts; i++)
		same = same_count(got, &a.count[i], want, &b.count[i]);
	patched_sum.charges += a.n_charges;
	patched_sum.counts += a.n_counts;
	patched_sum.updates += a.n_updates && a.rule != FWT_NONE && a.rule >= got->n[FWT_SEC_RULES];
	/* Numbers of counters and strings are each program's own. */
	for (i = 0; same && i < a.n_effects; i++)
		same = a.effect[i] & FWT_EFFECT_MOD ?
			effect_of(got, a.effect[i]) >> 24 == effect_of(want, b.effect[i]) >> 24 :
			effect_of(got, a.effect[i]) == effect_of(want, b.effect[i]);
	patched_sum.packets++;
	patched_sum.by_added += a.rule != FWT_NONE && a.rule >= got->n[FWT_SEC_RULES];
	if (same)
		return;
	fprintf(stderr, "line %u, not %u; verdict %u, not %u: %08x:%u > %08x:%u protocol %u\n",
		patched_line(got, a.rule), patched_line(want, b.rule), a.verdict, b.verdict,
		p->saddr[0], p->sport, p->daddr[0], p->dport, p->protocol);
	fail();
}
