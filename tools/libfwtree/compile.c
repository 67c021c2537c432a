// SPDX-License-Identifier: GPL-2.0
/*
 * From what the policy means to nodes.
 *
 * Everything is made back to front: a statement is given the node that a packet
 * goes on to behind it, makes its own, and returns the first of them. Trees are
 * made callees first, so the root of whatever is gone to or called is there. The
 * finished program has the nodes the other way round (program.h).
 */
#include <stdlib.h>

#include "compile.h"
#include "delta.h"
#include "sema.h"

static u32 emit_block(struct fwt_gen *g, const struct fwt_ir_block *b, u32 next);
static u32 emit_rule(struct fwt_gen *g, const struct fwt_ir_rule *r, u32 next);

static u32 emit_pick(struct fwt_gen *g, struct fwt_ir_pick *p, const u32 *node, u32 next)
{
	u32 test;

	if (!p)
		return next;
	next = emit_pick(g, p->next, node, next);
	if (p->cond)
		return fwt_emit_conds(g, p->cond, node[p->branch], next);
	p->test.set[0] = fwt_build_map(g->b, &p->elems[0], node);
	p->test.set[1] = p->split ? fwt_build_map(g->b, &p->elems[1], node) :
				    p->test.set[0];
	test = fwt_builder_test(g->b, &p->test);
	return fwt_builder_node(g->b, FWT_NODE_SELECT, test, FWT_NONE, next);
}

/* By the branches that another module's node has words for. */
static u32 emit_foreign(struct fwt_gen *g, const struct fwt_ir_select *s, const u32 *node,
			u32 other)
{
	struct fwt_prog_foreign *f = g->b->sec[FWT_SEC_FOREIGN].data;
	struct fwt_prog_mod mod = { .type = FWT_MOD_NODE, .a = s->foreign };
	struct fwt_prog_set set = {
		.kind = FWT_SET_KEYS, .words = 1, .n_dims = 1, .dim = { 1 },
		.count = s->n_labels,
	};
	struct fwt_prog_test test = {
		.op = FWT_TEST_NODE_SELECT, .mask = { FWT_NONE, FWT_NONE },
		.set = { 0, s->foreign },
	};
	u32 *to = malloc((2 * (size_t)s->n_labels + 1) * sizeof(*to)), i;

	if (!to) {
		g->b->failed = true;
		return other;
	}
	for (i = 0; i < s->n_labels; i++) {
		to[i] = node[s->label[i]];
		to[s->n_labels + i] = i;
	}
	mod.rule = f[s->foreign].rule;
	f[s->foreign].mod = fwt_builder_add(g->b, FWT_SEC_MODS, &mod);
	test.set[0] = fwt_builder_set(g->b, &set, to + s->n_labels, to);
	i = fwt_builder_test(g->b, &test);
	free(to);
	return fwt_builder_node(g->b, FWT_NODE_SELECT, i, FWT_NONE, other);
}

struct named {
	const char *name;
	u32 node;
};

static int name_order(const void *a, const void *b)
{
	return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

/* A look-up in the map, and of what it gives among the trees. */
static u32 emit_by_map(struct fwt_gen *g, const struct fwt_ir_select *s, const u32 *node,
		       u32 next)
{
	struct fwt_prog_test test = s->test;
	struct named *tree = calloc(s->count + 1, sizeof(*tree));
	const char **name = calloc(s->count + 1, sizeof(*name));
	u32 *to = calloc(s->count + 1, sizeof(*to)), i;

	if (!tree || !name || !to) {
		g->b->failed = true;
		goto out;
	}
	for (i = 0; i < s->count; i++)
		tree[i] = (struct named){ s->branch[i].ast->end.target.text, node[i] };
	qsort(tree, s->count, sizeof(*tree), name_order);
	for (i = 0; i < s->count; i++) {
		name[i] = tree[i].name;
		to[i] = tree[i].node;
	}
	if (s->count)
		test.set[1] = fwt_sema_tree_names(g->s, name, s->count, to);
	i = fwt_builder_test(g->b, &test);
	next = fwt_builder_node(g->b, FWT_NODE_SELECT, i, FWT_NONE, next);
out:
	free(tree);
	free(name);
	free(to);
	return next;
}

static u32 emit_select(struct fwt_gen *g, const struct fwt_ir_select *s, u32 next)
{
	u32 *node = malloc((s->count + 1) * sizeof(*node));
	u32 other = next, at, i;

	if (!node) {
		g->b->failed = true;
		return next;
	}
	for (i = s->count; i-- > 0;)
		node[i] = emit_rule(g, &s->branch[i], next);
	if (s->fallback != FWT_NONE)
		other = node[s->fallback];
	if (s->by_map)
		at = emit_by_map(g, s, node, other);
	else
		at = s->foreign == FWT_NONE ? emit_pick(g, s->picks, node, other) :
					      emit_foreign(g, s, node, other);
	free(node);
	return fwt_emit_conds(g, s->guards, at, other);
}

/* A look-up of a number below the sum of the weights, which is always there. */
static u32 emit_split(struct fwt_gen *g, const struct fwt_ir_split *s, u32 next)
{
	struct fwt_prog_set set = {
		.kind = FWT_SET_RANGES, .words = 1, .n_dims = 1, .dim = { 1 }, .count = s->count,
	};
	u32 *node = malloc((3 * (size_t)s->count + 1) * sizeof(*node)), *range, at = 0, i;
	struct fwt_prog_test test = s->test;

	if (!node) {
		g->b->failed = true;
		return next;
	}
	range = node + s->count;
	for (i = s->count; i-- > 0;)
		node[i] = emit_rule(g, &s->branch[i], next);
	for (i = 0; i < s->count; i++) {
		range[2 * i] = at;
		at += s->weight[i];
		range[2 * i + 1] = at - 1;
	}
	test.set[0] = fwt_builder_set(g->b, &set, range, node);
	at = fwt_builder_test(g->b, &test);
	at = fwt_builder_node(g->b, FWT_NODE_SELECT, at, FWT_NONE, node[0]);
	free(node);
	return at;
}

u32 fwt_emit_end(struct fwt_gen *g, const struct fwt_ir_rule *r, u32 next)
{
	switch (r->end) {
	case FWT_END_ACCEPT:
	case FWT_END_DROP:
	case FWT_END_REJECT:
	case FWT_END_QUEUE:
		return fwt_builder_verdict(g->b, r->verdict, r->param, r->record);
	case FWT_END_GOTO:
		return r->target->root;
	case FWT_END_CALL:
		if (r->target->back)
			return fwt_builder_node(g->b, FWT_NODE_CALL, 0, next,
						r->target->root);
		return r->target->root;
	case FWT_END_RETURN:
		return g->back;
	case FWT_END_BLOCK:
		return emit_block(g, &r->block, next);
	case FWT_END_SELECT:
		return emit_select(g, r->select, next);
	case FWT_END_SPLIT:
		return emit_split(g, r->split, next);
	}
	return next;
}

static u32 emit_rule(struct fwt_gen *g, const struct fwt_ir_rule *r, u32 next)
{
	return fwt_emit_head(g, r, fwt_emit_end(g, r, next), next);
}

static bool pays(const struct fwt_gen *g, const struct fwt_ir_rule *r, u32 count)
{
	if (g->forest_min == FWT_NONE)
		return false;
	if (count >= g->forest_min)
		return true;
	while (count--)
		if (fwt_forest_pays(g, r++))
			return true;
	return false;
}

/* Long runs of rules that may match or not become forests, and such with long
 * sets. One that always does ends a run.
 */
static u32 emit_block(struct fwt_gen *g, const struct fwt_ir_block *b, u32 next)
{
	u32 end = b->live, from;

	while (end) {
		for (from = end; from && fwt_forest_takes(g, &b->rule[from - 1]); from--)
			;
		if (end > from && pays(g, &b->rule[from], end - from)) {
			next = fwt_emit_forest(g, &b->rule[from], end - from, next);
			end = from;
			continue;
		}
		from -= from && from == end;
		while (end > from)
			next = emit_rule(g, &b->rule[--end], next);
	}
	return next;
}

static void emit_hook(struct fwt_sema *s, const struct fwt_ir_tree *t)
{
	struct fwt_prog_hook h = {
		.hook = (u8)__builtin_ctz(t->hooks), .root = t->root, .dev = FWT_NONE,
	};
	char name[FWT_SEMA_IFNAME];
	const struct fwt_value *v;

	if (t->depth > FWT_CALL_DEPTH)
		fwt_error(s->diag, &t->loc,
			  "calls nest %u deep in '%s': %u more than the %u allowed",
			  t->depth, t->name, t->depth - FWT_CALL_DEPTH, FWT_CALL_DEPTH);
	if (!t->ast_hook->device) {
		fwt_builder_add(&s->b, FWT_SEC_HOOKS, &h);
		return;
	}
	for (v = t->ast_hook->devices.first; v; v = v->next) {
		h.dev = fwt_builder_string(&s->b, fwt_sema_ifname(v, name));
		fwt_builder_add(&s->b, FWT_SEC_HOOKS, &h);
	}
	if (s->b.sec[FWT_SEC_HOOKS].count > FWT_DEVICES_MAX)
		fwt_error(s->diag, &t->loc, "device trees for %u devices: %u is the most",
			  s->b.sec[FWT_SEC_HOOKS].count, FWT_DEVICES_MAX);
}

/* Callees were made first. One that never comes back needs no call. */
static u32 call_depth(const struct fwt_ir_tree *t)
{
	const struct fwt_ir_edge *e;
	u32 depth = 0;

	for (e = t->edges; e; e = e->next)
		depth = max(depth, e->to->depth + (e->call && e->to->back));
	return depth;
}

/* For patches to come. */
static void emit_defines(struct fwt_sema *s)
{
	struct fwt_vec *v = &s->b.sec[FWT_SEC_DEFINES];
	size_t len = 0;
	char *text, *to;
	FILE *out;

	out = open_memstream(&text, &len);
	if (!out) {
		s->failed = true;
		return;
	}
	fwt_delta_print_room(out, s);
	fwt_ast_print_defines(out, s->ast, fwt_sema_is_constant);
	if (fclose(out)) {
		s->failed = true;
		return;
	}
	to = len < FWT_PROGRAM_SIZE_MAX ? fwt_vec_add(v, (u32)len) : NULL;
	if (to)
		memcpy(to, text, len);
	s->failed |= !to;
	free(text);
}

static int emit(struct fwt_sema *s, u32 forest_min)
{
	struct fwt_gen g = { .s = s, .b = &s->b, .forest_min = forest_min };
	struct fwt_ir_tree *t;

	for (t = s->order; t; t = t->after) {
		if (!t->hooks)
			continue;
		g.back = t->back ? fwt_builder_node(g.b, FWT_NODE_RETURN, 0, FWT_NONE,
						    FWT_NONE) : FWT_NONE;
		t->root = emit_block(&g, &t->body, g.back);
		t->depth = call_depth(t);
	}
	for (t = s->trees; t; t = t->next)
		if (t->ast_hook)
			emit_hook(s, t);
	fwt_compile_sources(s);
	fwt_compile_keys(s);
	/* A patch has its own in its text. */
	if (!s->patch)
		emit_defines(s);
	if (s->failed || s->b.failed)
		return -ENOMEM;
	return fwt_diag_failed(s->diag) ? -E2BIG : 0;
}

/* The hook that is entry @index of HOOKS: of a list of devices each has one. */
static const struct fwt_ir_tree *hook_at(const struct fwt_sema *s, u32 index)
{
	const struct fwt_ir_tree *t;
	u32 n;

	for (t = s->trees; t; t = t->next) {
		if (!t->ast_hook)
			continue;
		n = t->ast_hook->device ? t->ast_hook->devices.count : 1;
		if (index < n)
			return t;
		index -= n;
	}
	return NULL;
}

/* What the kernel would refuse is not handed out. */
static int prove(struct fwt_sema *s, const struct fwt_blob *out,
		 struct fwt_program *prog)
{
	size_t size = fwt_verify_scratch(out->data, out->len);
	void *scratch = malloc(size ? size : 1);
	const struct fwt_ir_tree *t = NULL;
	struct fwt_verify_error err;
	int ret;

	if (!scratch)
		return -ENOMEM;
	fwt_progress(s->progress, "verifying", 0, 0);
	ret = fwt_verify(out->data, out->len, scratch, prog, &err);
	free(scratch);
	if (ret == -E2BIG && err.section == FWT_SEC_HOOKS)
		t = hook_at(s, err.index);
	if (t)
		fwt_error(s->diag, &t->loc,
			  "a walk of '%s' can take %u steps: %u more than the %u allowed; "
			  "rules that no address, port or protocol tells apart are tried one by "
			  "one: make them a 'select' by what does",
			  t->name, prog->steps_max, prog->steps_max - FWT_STEPS_MAX,
			  FWT_STEPS_MAX);
	else if (ret)
		fwt_error(s->diag, NULL,
			  "the program made is refused (%s): this is a bug in fwctl",
			  err.text);
	return ret;
}

/* The elements of selects are the one thing outside of the arena. */
static void clean_block(struct fwt_ir_block *b);

static void clean_rule(struct fwt_ir_rule *r)
{
	struct fwt_ir_pick *p;
	u32 i;

	clean_block(&r->block);
	for (i = 0; r->split && r->split->branch && i < r->split->count; i++)
		clean_rule(&r->split->branch[i]);
	if (!r->select)
		return;
	for (p = r->select->picks; p; p = p->next) {
		fwt_elems_clean(&p->elems[0]);
		fwt_elems_clean(&p->elems[1]);
	}
	for (i = 0; r->select->branch && i < r->select->count; i++)
		clean_rule(&r->select->branch[i]);
}

static void clean_block(struct fwt_ir_block *b)
{
	u32 i;

	for (i = 0; i < b->count; i++)
		clean_rule(&b->rule[i]);
}

static void clean(struct fwt_sema *s)
{
	struct fwt_ir_tree *t;

	for (t = s->trees; t; t = t->next)
		clean_block(&t->body);
	fwt_builder_clean(&s->b);
	fwt_index_clean(&s->texts);
	fwt_index_clean(&s->ids);
	fwt_index_clean(&s->counters);
	free(s->seen.data);
	free(s->text);
	if (s->resolver)
		fwt_resolver_free(s->resolver);
	fwt_arena_free(s->arena);
}

/* What long policies have of each: three or four matches a rule, of which half are such as
 * were met before.
 */
static void expect(struct fwt_sema *s, u64 rules)
{
	static const struct {
		enum fwt_section sec;
		u8 each;
	} all[] = {
		{ FWT_SEC_RULES, 2 }, { FWT_SEC_TESTS, 5 }, { FWT_SEC_SETS, 5 },
		{ FWT_SEC_WORDS, 10 }, { FWT_SEC_NODES, 2 },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		fwt_vec_expect(&s->b.sec[all[i].sec], rules * all[i].each);
}

static int understand(struct fwt_sema *s, const struct fwt_policy_ast *ast,
		      struct fwt_diag *diag, bool warnings,
		      const struct fwt_compile_opts *opts,
		      const struct fwt_progress *progress)
{
	memset(s, 0, sizeof(*s));
	s->ast = ast;
	s->diag = diag;
	s->progress = progress;
	s->patch = opts && opts->patch;
	s->elements = opts && opts->elements;
	s->more_files = opts ? opts->more_files : NULL;
	s->book = opts ? opts->book : NULL;
	/* what is missing makes them false */
	s->warnings = warnings && !fwt_diag_failed(diag);
	s->arena = fwt_arena_create();
	s->resolver = fwt_resolver_alloc();
	fwt_builder_init(&s->b);
	expect(s, ast->rules);
	return s->arena && s->resolver ? fwt_sema_run(s) : -ENOMEM;
}

int fwt_understand(struct fwt_sema *s, const struct fwt_policy_ast *ast,
		   struct fwt_diag *diag, bool warnings, const struct fwt_progress *progress)
{
	return understand(s, ast, diag, warnings, NULL, progress);
}

void fwt_understand_end(struct fwt_sema *s)
{
	clean(s);
}

/* A file that was cut to nothing is a policy, too, that lets everything pass. */
static void warn_of_nothing(const struct fwt_policy_ast *ast, struct fwt_diag *diag)
{
	const struct fwt_loc top = { .line = 1, .column = 1, .end_column = 1 };

	if (!ast->hooks)
		fwt_diag_add(diag, FWT_WARNING, &top,
			     "rules stand in 'ingress { ... }' and 'egress { ... }'",
			     "nothing is filtered: this policy has no hook");
}

int fwt_compile(const struct fwt_policy_ast *ast, struct fwt_diag *diag,
		const struct fwt_compile_opts *opts, struct fwt_blob *out)
{
	struct fwt_program prog;
	struct fwt_sema s;
	int ret;

	memset(out, 0, sizeof(*out));
	ret = understand(&s, ast, diag, !(opts && opts->no_warnings), opts,
			 opts ? opts->progress : NULL);
	if (!ret && !(opts && opts->no_warnings))
		warn_of_nothing(ast, diag);
	if (!ret && opts && opts->understood)
		opts->understood(opts->ctx, &s);
	if (!ret)
		ret = emit(&s, opts && opts->forest_min ? opts->forest_min : FWT_FOREST_MIN);
	if (!ret) {
		if (ast->beyond || fwt_resolver_asked(s.resolver))
			s.b.flags |= FWT_PROGRAM_BEYOND;
		ret = fwt_builder_finish(&s.b, out);
		if (ret == -E2BIG)
			fwt_error_hint(diag, NULL, FWT_SMALLER,
				       "the program would have %zu bytes: %zu more than the %u allowed",
				       out->len, out->len - FWT_PROGRAM_SIZE_MAX,
				       FWT_PROGRAM_SIZE_MAX);
		if (!ret)
			ret = prove(&s, out, opts && opts->prog ? opts->prog : &prog);
		if (ret || (opts && opts->check_only))
			fwt_blob_free(out);
	}
	if (ret && ret != -ENOMEM && s.of_whole)
		ret = -EOPNOTSUPP;
	clean(&s);
	/* Of 110k rules it took 94 MB, where the tree of what was read had 79. */
	if (ret == -ENOMEM)
		fwt_error_hint(diag, NULL, FWT_SMALLER,
			       "no memory to compile %u rules: read they take %zu MiB, and compiling takes some %zu MiB more",
			       ast->rules, fwt_arena_bytes(ast->arena) >> 20,
			       (fwt_arena_bytes(ast->arena) >> 20) * 6 / 5 + 1);
	fwt_diag_sort(diag);
	return ret;
}
