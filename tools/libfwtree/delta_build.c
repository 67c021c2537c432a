// SPDX-License-Identifier: GPL-2.0
/*
 * From a delta to a patch.
 *
 * The rules that were added become a small policy: each in its own hook or tree,
 * so that it is checked there and known by the same name, those of one forest of
 * the base side by side, with something in between that belongs to no forest. What
 * is written behind them is never walked; it is there for every path to end.
 */
#include <errno.h>
#include <stdlib.h>

#include "ast.h"
#include "compile.h"
#include "delta.h"
#include "diag.h"
#include "parse.h"

/* What is known of an added rule on the way. */
struct item {
	struct fwt_delta_line *line;
	u32 number;	/* among the lines */
	u32 first;	/* lines of the small policy */
	u32 last;
	u32 rule;	/* of its program */
	u32 edit;
	u32 at;		/* its first line in the edit */
	u32 file;	/* among names */
};

struct build {
	struct fwt_delta *d;
	struct item *item;
	u32 n;
	FILE *out;
	u32 line;	/* of the small policy */
	struct fwt_vec edits, text;
	int failed;
};

static u32 lines_of(const char *text)
{
	u32 n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/* By forest, then in the order of rules: of one file that is the order of lines. */
static int by_forest(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int o = fwt_rule_side_order(&x->line->side, &y->line->side);

	if (x->line->side.forest != y->line->side.forest)
		return x->line->side.forest < y->line->side.forest ? -1 : 1;
	if (o)
		return o;
	return x->number < y->number ? -1 : x->number > y->number;
}

/* By tree, and the same in it. */
static int by_tree(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int o = strcmp(x->line->tree, y->line->tree);

	return o ? o : by_forest(a, b);
}

static bool is_hook(const char *tree, u32 hook)
{
	static const char *const name[] = {
		[FWT_HOOK_INGRESS] = "ingress", [FWT_HOOK_EGRESS] = "egress",
		[FWT_HOOK_DEV_INGRESS] = "ingress device ",
		[FWT_HOOK_DEV_EGRESS] = "egress device ",
	};
	size_t len = strlen(name[hook]);

	return hook >= FWT_HOOK_DEV_INGRESS ? !strncmp(tree, name[hook], len) :
					      !strcmp(tree, name[hook]);
}

static bool any_hook(const char *tree)
{
	u32 hook;

	for (hook = 0; hook < __FWT_HOOK_MAX; hook++)
		if (is_hook(tree, hook))
			return true;
	return false;
}

static void put(struct build *b, const char *text)
{
	b->line += lines_of(text);
	fputs(text, b->out);
}

/* The ways from a hook to the trees that it reaches. */
static void put_ways(struct build *b, u32 hook)
{
	u32 i;

	for (i = 0; i < b->n; i++) {
		const struct fwt_delta_line *l = b->item[i].line;

		if (any_hook(l->tree) || !(l->hooks & FWT_HOOK_BIT(hook)) ||
		    (i && !strcmp(l->tree, b->item[i - 1].line->tree)))
			continue;
		fprintf(b->out, "mark %u goto \"%s\"\n", i, l->tree);
		b->line++;
	}
}

struct definition {
	const char *text;
	const char *end;
	const char *name;
	size_t len;
	bool used;
};

static int by_name(const void *a, const void *b)
{
	const struct definition *x = *(struct definition *const *)a;
	const struct definition *y = *(struct definition *const *)b;
	int o = memcmp(x->name, y->name, min(x->len, y->len));

	return o ? o : (x->len > y->len) - (x->len < y->len);
}

/* What stands at @at, a name, with or without quotes. */
static const char *read_name(const char *at, const char *end, size_t *len)
{
	static const char inner[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789.-";
	const char *to;

	if (at < end && *at == '"') {
		at++;
		to = memchr(at, '"', (size_t)(end - at));
		*len = to ? (size_t)(to - at) : 0;
		return at;
	}
	for (to = at; to < end && memchr(inner, *to, sizeof(inner) - 1); to++)
		;
	while (to > at + 1 && strchr("._-", to[-1]))
		to--;
	*len = (size_t)(to - at);
	return at;
}

/* What @text uses, and what that does. One that is not there is found missing later. */
static void use(struct definition **sorted, u32 n, const char *text, const char *end)
{
	struct definition wanted, *key = &wanted, **found;

	for (; text < end; text++) {
		if (*text != '$' && *text != '@')
			continue;
		wanted.name = read_name(text + 1, end, &wanted.len);
		found = bsearch(&key, sorted, n, sizeof(key), by_name);
		/* A definition and a set may be called the same. */
		while (found && found > sorted && !by_name(found - 1, &key))
			found--;
		for (; found && found < sorted + n && !by_name(found, &key); found++) {
			if ((*found)->used)
				continue;
			(*found)->used = true;
			use(sorted, n, (*found)->text, (*found)->end);
		}
	}
}

/* Of definitions those that rules use. */
static void put_defines(struct build *b)
{
	u32 n = lines_of(b->d->defines), i;
	struct definition *def = calloc(n + 1, sizeof(*def)), *x, **sorted;
	const char *at = b->d->defines;
	size_t sum = 0;

	sorted = calloc(n + 1, sizeof(*sorted));
	if (!def || !sorted) {
		b->failed = -ENOMEM;
		goto out;
	}
	for (i = 0; i < n; i++) {
		x = sorted[i] = &def[i];
		x->text = at;
		at = strchr(at, '\n') + 1;
		x->end = at;
		x->name = memchr(x->text, ' ', (size_t)(at - x->text));
		x->name = read_name(x->name ? x->name + 1 : at, at, &x->len);
	}
	qsort(sorted, n, sizeof(*sorted), by_name);
	for (i = 0; i < b->n; i++) {
		const char *rule = b->item[i].line->rule;

		use(sorted, n, rule, rule + strlen(rule));
	}
	for (x = def; x < def + n; x++) {
		if (!x->used)
			continue;
		sum += (size_t)(x->end - x->text);
		fwrite(x->text, 1, (size_t)(x->end - x->text), b->out);
		b->line++;
	}
	if (sum > FWT_DELTA_DEFINES_MAX)
		b->failed = -EOPNOTSUPP;
out:
	free(def);
	free(sorted);
}

static void put_policy(struct build *b)
{
	bool there[__FWT_HOOK_MAX] = { false };
	u32 i, hook;

	b->line = 1;
	if (b->d->defines)
		put_defines(b);
	put(b, FWT_DELTA_RULES);
	for (i = 0; i < b->n; i++) {
		const struct fwt_delta_line *l = b->item[i].line;
		bool next = !i || strcmp(l->tree, b->item[i - 1].line->tree);

		if (next) {
			if (any_hook(l->tree))
				fprintf(b->out, "%s {\n", l->tree);
			else
				fprintf(b->out, "tree \"%s\" {\n", l->tree);
			b->line++;
		} else if (l->side.forest != b->item[i - 1].line->side.forest) {
			put(b, "log\n");
		}
		b->item[i].first = b->line;
		put(b, l->rule);
		b->item[i].last = b->line;
		put(b, "\n");
		if (i + 1 < b->n && !strcmp(l->tree, b->item[i + 1].line->tree))
			continue;
		put(b, "log\n");
		for (hook = 0; hook < __FWT_HOOK_MAX; hook++)
			if (is_hook(l->tree, hook) && !there[hook]) {
				there[hook] = true;
				put_ways(b, hook);
			}
		put(b, "drop\n}\n");
	}
	for (hook = 0; hook < __FWT_HOOK_MAX; hook++) {
		static const char *const head[] = {
			[FWT_HOOK_INGRESS] = "ingress {\n", [FWT_HOOK_EGRESS] = "egress {\n",
			[FWT_HOOK_DEV_INGRESS] = "ingress device fwtree {\n",
			[FWT_HOOK_DEV_EGRESS] = "egress device fwtree {\n",
		};

		if (there[hook])
			continue;
		put(b, head[hook]);
		put_ways(b, hook);
		put(b, "drop\n}\n");
	}
}

/* Errors are about a line of the small policy: of whose rule, and where in it. */
static void place_errors(const struct build *b, struct fwt_diag *diag, u32 *wrong)
{
	size_t e;
	u32 i;

	for (e = 0; e < diag->count; e++)
		for (i = 0; i < b->n; i++) {
			const struct item *it = &b->item[i];

			if (diag->entries[e].line < it->first || diag->entries[e].line > it->last)
				continue;
			diag->entries[e].line -= it->first - 1;
			*wrong = it->number;
			break;
		}
}

/* What a walk writes down of added rules. */
static void count_in(struct build *b, const struct fwt_block *block)
{
	const struct fwt_rule *r;
	u32 i;

	for (r = block->first; r; r = r->next)
		for (i = 0; i < b->n; i++)
			if (r->loc.line >= b->item[i].first && r->loc.line <= b->item[i].last)
				fwt_delta_count(b->d, r, any_hook(b->item[i].line->tree));
}

static void count(struct build *b, const struct fwt_policy_ast *ast)
{
	const struct fwt_ast_hook *h;
	const struct fwt_tree *t;

	for (t = ast->trees; t; t = t->next)
		count_in(b, &t->block);
	for (h = ast->hooks; h; h = h->next)
		count_in(b, &h->block);
}

/* The names of files, each once: the first one is that of the small policy's text. */
static const char **list_names(struct build *b)
{
	const char **name = calloc(b->n + 1, sizeof(*name));
	u32 i, k;

	for (i = 0; name && i < b->n; i++) {
		for (k = 0; name[k] && strcmp(name[k], b->item[i].line->name); k++)
			;
		name[k] = b->item[i].line->name;
		b->item[i].file = k;
	}
	return name;
}

static int compile(struct build *b, struct fwt_diag *diag, u32 *wrong, struct fwt_blob *prog)
{
	struct fwt_compile_opts opts = { .no_warnings = true, .forest_min = 1,
					 .patch = true };
	const char **name = list_names(b);
	struct fwt_parse_opts parse = { .no_include = true };
	struct fwt_policy_ast *ast;
	char *text = NULL;
	size_t len;
	int ret;

	b->out = name ? open_memstream(&text, &len) : NULL;
	if (!b->out) {
		free(name);
		return -ENOMEM;
	}
	put_policy(b);
	if (fclose(b->out) || b->failed) {
		free(name);
		free(text);
		return b->failed ? b->failed : -ENOMEM;
	}
	opts.more_files = name + 1;
	ast = fwt_parse_buffer(name[0], text, len, diag, &parse);
	ret = ast ? fwt_compile(ast, diag, &opts, prog) : -ENOMEM;
	if (ast)
		count(b, ast);
	fwt_diag_sources(diag, NULL);
	fwt_ast_free(ast);
	free(name);
	free(text);
	if (ret && ret != -EOPNOTSUPP)
		place_errors(b, diag, wrong);
	return ret;
}

/* Lines of the base that are gone, and those that stand before them, in one edit. */
static int make_edits(struct build *b)
{
	const struct fwt_delta_line *l = b->d->added.data;
	const struct fwt_delta_gone *g = b->d->gone.data;
	u32 a = 0, o = 0, end = 0, file = 0;

	for (;;) {
		struct fwt_patch_edit e = { 0 }, *to;
		bool gone;

		while (o < b->d->gone.count && !g[o].lines)
			o++;
		if (a == b->d->added.count && o == b->d->gone.count)
			return 0;
		gone = a == b->d->added.count;
		if (!gone && o < b->d->gone.count)
			gone = g[o].file != l[a].file ? g[o].file < l[a].file :
							g[o].line < l[a].before;
		e.file = gone ? g[o].file : l[a].file;
		e.line = gone ? g[o].line : l[a].before;
		if (e.file == file && e.line < end)
			return -EOPNOTSUPP;
		e.text = b->text.count;
		for (; a < b->d->added.count && l[a].file == e.file && l[a].before == e.line;
		     a++) {
			size_t len = strlen(l[a].text);
			char *text = fwt_vec_add(&b->text, (u32)len);
			u32 i;

			if (!text)
				return -ENOMEM;
			memcpy(text, l[a].text, len);
			for (i = 0; i < b->n; i++)
				if (b->item[i].number == a) {
					b->item[i].edit = b->edits.count;
					b->item[i].at = e.added;
				}
			e.added += lines_of(l[a].text);
		}
		e.text_len = b->text.count - e.text;
		while (o < b->d->gone.count && g[o].file == e.file &&
		       g[o].line == e.line + e.removed) {
			/* What stands before a later one needs an edit of its own. */
			if (a < b->d->added.count && l[a].file == e.file && e.removed &&
			    l[a].before <= g[o].line)
				break;
			e.removed += g[o++].lines;
		}
		file = e.file;
		end = e.line + e.removed;
		to = fwt_vec_add(&b->edits, 1);
		if (!to)
			return -ENOMEM;
		*to = e;
	}
}

/* The lines that rules stand on now. */
static void show_lines(struct build *b)
{
	const struct fwt_patch_edit *e = b->edits.data;
	s64 shift = 0;
	u32 i, k;

	for (i = 0; i < b->edits.count; i++) {
		if (i && e[i].file != e[i - 1].file)
			shift = 0;
		for (k = 0; k < b->n; k++)
			if (b->item[k].edit == i)
				b->item[k].line->shown =
					(u32)(e[i].line + shift + b->item[k].at);
		shift += (s64)e[i].added - e[i].removed;
	}
}

static u32 ends_in(const char *text, u32 len)
{
	u32 n = 0;

	while (len--)
		n += *text++ == '\n';
	return n;
}

/* Which rules of the program are the added ones; each must be whole and alone, and is told
 * to be of the file that it came from, though its text is the small policy's.
 */
static int find_rules(struct build *b, struct fwt_prog_rule *rule, const struct fwt_program *prog,
		      const struct fwt_patchable *of)
{
	u32 i, k;

	for (i = 0; i < prog->n[FWT_SEC_RULES]; i++) {
		for (k = 0; k < b->n; k++)
			if (rule[i].line >= b->item[k].first && rule[i].line <= b->item[k].last)
				break;
		if (k == b->n) {
			rule[i].line = 0;
			continue;
		}
		if (b->item[k].rule != FWT_NONE)
			return -EOPNOTSUPP;	/* two in one */
		b->item[k].rule = i;
	}
	for (k = 0; k < b->n; k++) {
		struct fwt_rule_spot spot;

		i = b->item[k].rule;
		if (i == FWT_NONE)
			return -EOPNOTSUPP;
		fwt_rule_spot(prog, of, i, &spot);
		/* Nor more than it: a line that goes on has others in it. And a tree that it
		 * leads to is the small policy's of that name, not the base's.
		 */
		if (spot.forest == FWT_NONE || !spot.alone || !spot.plain ||
		    ends_in(prog->source + spot.lines, spot.lines_len) >
		    b->item[k].last - b->item[k].first ||
		    strcmp(fwt_program_string(prog, rule[i].tree), b->item[k].line->tree))
			return -EOPNOTSUPP;
		rule[i].line = b->item[k].line->shown;
	}
	for (k = 0; k < b->n; k++)
		rule[b->item[k].rule].file = b->item[k].file;
	return 0;
}

static u32 forest_node(const struct fwt_program *prog, u32 forest)
{
	u32 i;

	for (i = 0; i < prog->n[FWT_SEC_NODES]; i++)
		if (prog->node[i].type == FWT_NODE_FOREST && prog->node[i].arg == forest)
			return i;
	return FWT_NONE;
}

static int make_groups(struct build *b, const struct fwt_program *prog,
		       const struct fwt_patchable *of, struct fwt_vec *groups,
		       struct fwt_vec *places)
{
	u32 i;

	qsort(b->item, b->n, sizeof(b->item[0]), by_forest);
	for (i = 0; i < b->n; i++) {
		const struct item *it = &b->item[i];
		struct fwt_patch_group *g = groups->data;
		struct fwt_patch_place *p;

		if (!i || it[-1].line->side.forest != it->line->side.forest) {
			g = fwt_vec_add(groups, 1);
			if (!g)
				return -ENOMEM;
			g->forest = it->line->side.forest;
			g->node = forest_node(prog, of->rule[it->rule]);
			g->first = i;
		} else {
			g += groups->count - 1;
			if (of->rule[it->rule] != of->rule[it[-1].rule])
				return -EOPNOTSUPP;
		}
		g->count++;
		p = fwt_vec_add(places, 1);
		if (!p)
			return -ENOMEM;
		*p = (struct fwt_patch_place){
			.rule = it->rule, .at = it->line->side.at, .side = it->line->side.side,
			.edit = it->edit, .line = it->at, .lines = lines_of(it->line->text),
		};
	}
	return 0;
}

static int by_number(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

static int make_deleted(const struct fwt_delta *d, struct fwt_vec *deleted)
{
	const struct fwt_delta_gone *g = d->gone.data;
	u32 i, *to;

	for (i = 0; i < d->gone.count; i++) {
		if (g[i].rule == FWT_NONE)
			continue;
		to = fwt_vec_add(deleted, 1);
		if (!to)
			return -ENOMEM;
		*to = g[i].rule;
	}
	if (deleted->count)
		qsort(deleted->data, deleted->count, sizeof(u32), by_number);
	return 0;
}

static int put_together(const struct fwt_vec *sec, const struct fwt_blob *prog,
			struct fwt_blob *out)
{
	struct fwt_patch_hdr *h;
	size_t len = sizeof(*h), at;
	u32 i;

	for (i = 0; i < FWT_PATCH_PROGRAM; i++)
		len = ((len + 7) & ~7ul) + (size_t)sec[i].count * sec[i].size;
	len = ((len + 63) & ~63ul) + ((prog->len + 63) & ~63ul);
	if (len > FWT_PATCH_SIZE_MAX)
		return -EOPNOTSUPP;
	h = aligned_alloc(64, len);
	if (!h)
		return -ENOMEM;
	memset(h, 0, len);
	h->magic = FWT_PATCH_MAGIC;
	h->version = FWT_PATCH_VERSION;
	h->n_sections = __FWT_PATCH_MAX;
	h->len = (u32)len;
	for (i = 0, at = sizeof(*h); i < FWT_PATCH_PROGRAM; i++) {
		at = (at + 7) & ~7ul;
		h->sec[i] = (struct fwt_prog_section){ (u32)at, sec[i].count };
		if (sec[i].count)
			memcpy((u8 *)h + at, sec[i].data, (size_t)sec[i].count * sec[i].size);
		at += (size_t)sec[i].count * sec[i].size;
	}
	at = (at + 63) & ~63ul;
	h->sec[i] = (struct fwt_prog_section){ (u32)at, (u32)prog->len };
	if (prog->len)
		memcpy((u8 *)h + at, prog->data, prog->len);
	out->data = h;
	out->len = len;
	return 0;
}

/* Which ports are led to a range of them one to one may be written around the rule. */
static bool hangs_on_place(const struct fwt_prog_mod *m)
{
	return (m->type == FWT_MOD_DNAT || m->type == FWT_MOD_REDIRECT) &&
	       m->port_hi > m->port_lo && !m->a && !(m->flags & FWT_MOD_RANDOM);
}

/* The rules' part: their program, groups and places. */
static int build_rules(struct build *b, struct fwt_blob *prog, struct fwt_vec *sec)
{
	struct fwt_patchable of = { 0 };
	struct fwt_verify_error err;
	struct fwt_program p;
	void *scratch;
	u32 i;
	int ret;

	scratch = malloc(fwt_verify_scratch(prog->data, prog->len) + 1);
	if (!scratch)
		return -ENOMEM;
	ret = fwt_verify(prog->data, prog->len, scratch, &p, &err);
	/* Sets are the base's, limits the rules' own; a pool is neither. */
	for (i = 0; !ret && i < p.n[FWT_SEC_OBJECTS]; i++)
		if (p.object[i].kind == FWT_OBJECT_POOL)
			ret = -EOPNOTSUPP;
	if (!ret && p.n[FWT_SEC_OBJECTS] > FWT_PATCH_OBJECTS_MAX)
		ret = -EOPNOTSUPP;
	for (i = 0; !ret && i < p.n[FWT_SEC_MODS]; i++)
		if (hangs_on_place(&p.mod[i]))
			ret = -EOPNOTSUPP;
	if (!ret) {
		of.forest = calloc(p.n[FWT_SEC_FORESTS] + 1, sizeof(*of.forest));
		of.rule = calloc(p.n[FWT_SEC_RULES] + 1, sizeof(*of.rule));
		ret = of.forest && of.rule ? 0 : -ENOMEM;
	}
	if (!ret) {
		fwt_patchable_init(&of, &p, scratch);
		/* It is ours still: only lines are set. */
		ret = find_rules(b, (struct fwt_prog_rule *)((u8 *)prog->data +
							     p.hdr->sec[FWT_SEC_RULES].off),
				 &p, &of);
	}
	if (!ret)
		ret = make_groups(b, &p, &of, &sec[FWT_PATCH_GROUPS], &sec[FWT_PATCH_PLACES]);
	free(of.forest);
	free(of.rule);
	free(scratch);
	return ret;
}

int fwt_delta_build(struct fwt_delta *d, struct fwt_diag *diag, u32 *wrong,
		    struct fwt_blob *out)
{
	struct fwt_delta_line *l = d->added.data;
	struct fwt_vec sec[__FWT_PATCH_MAX] = { 0 };
	struct fwt_blob prog = { 0 };
	struct build b = { .d = d };
	u32 i;
	int ret;

	*wrong = FWT_NONE;
	d->counted = false;
	memset(d->takes, 0, sizeof(d->takes));
	memset(out, 0, sizeof(*out));
	sec[FWT_PATCH_GROUPS].size = sizeof(struct fwt_patch_group);
	sec[FWT_PATCH_PLACES].size = sizeof(struct fwt_patch_place);
	sec[FWT_PATCH_DELETED].size = sizeof(u32);
	b.edits.size = sizeof(struct fwt_patch_edit);
	b.text.size = 1;
	b.item = calloc(d->added.count + 1, sizeof(*b.item));
	if (!b.item)
		return -ENOMEM;
	for (i = 0; i < d->added.count; i++)
		if (l[i].has_rule)
			b.item[b.n++] = (struct item){ .line = &l[i], .number = i,
						       .rule = FWT_NONE };
	qsort(b.item, b.n, sizeof(b.item[0]), by_tree);
	ret = make_edits(&b);
	if (!ret) {
		show_lines(&b);
		ret = make_deleted(d, &sec[FWT_PATCH_DELETED]);
	}
	if (!ret && b.n)
		ret = compile(&b, diag, wrong, &prog);
	if (!ret && b.n)
		ret = build_rules(&b, &prog, sec);
	sec[FWT_PATCH_EDITS] = b.edits;
	sec[FWT_PATCH_TEXT] = b.text;
	if (!ret)
		ret = put_together(sec, &prog, out);
	fwt_blob_free(&prog);
	for (i = 0; i < __FWT_PATCH_MAX; i++)
		free(sec[i].data);
	free(b.item);
	return ret;
}
