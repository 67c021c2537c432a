// SPDX-License-Identifier: GPL-2.0
/*
 * What is in a picture of a policy: see graph.h.
 *
 * Hooks are drawn first; what they lead to waits in a queue, and is drawn as long as
 * there is room for boxes, so that what is nearest to a packet is what one sees. A
 * rule whose block would find no room is a row as any other.
 */
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "graph_box.h"

static void list(struct drawing *d, u32 box, const struct fwt_rule *const *rule, u32 n);

static u64 hits_of(const struct drawing *d, const struct fwt_rule *r)
{
	return d->opts && d->opts->hits ? d->opts->hits(d->opts->ctx, r) : FWT_GRAPH_UNCOUNTED;
}

static void leads_to_tree(const struct spot *at, const char *name, bool call, u64 hits)
{
	const struct fwt_tree *t = name ? fwt_ast_tree(at->d->g->ast, name) : NULL;
	enum fwt_graph_lead lead = call ? FWT_GRAPH_CALL : FWT_GRAPH_GOTO;

	if (t)
		graph_to_place(at, t, FWT_GRAPH_TREE, name, lead, hits);
	else if (name)
		graph_to_place(at, name, FWT_GRAPH_MISSING,
			       graph_say(at->d, "tree %s", name), lead, hits);
}

static bool has_block(const struct fwt_rule *r)
{
	return r->end.kind == FWT_END_BLOCK || r->end.kind == FWT_END_SPLIT ||
	       (r->end.kind == FWT_END_SELECT && !r->end.select->map.text);
}

/* It, or all that is in its braces. */
static u32 rules_in(const struct fwt_rule *r)
{
	switch (r->end.kind) {
	case FWT_END_BLOCK:
		return r->end.block.count;
	case FWT_END_SELECT:
		return r->end.select->count;
	case FWT_END_SPLIT:
		return r->end.split->count;
	default:
		return 0;
	}
}

static const char *rule_words(struct drawing *d, const struct fwt_rule *r)
{
	size_t len = fwt_ast_rule_text(d->g->ast, r, NULL, 0);
	char *text = fwt_arena_alloc(d->g->arena, len + 1);

	if (!text) {
		d->failed = true;
		return "";
	}
	fwt_ast_rule_text(d->g->ast, r, text, len + 1);
	return len ? text : "{ }";
}

static void below(const struct spot *at, const struct fwt_rule *r)
{
	static const enum fwt_graph_kind kinds[] = {
		[FWT_END_BLOCK] = FWT_GRAPH_BLOCK, [FWT_END_SELECT] = FWT_GRAPH_SELECT,
		[FWT_END_SPLIT] = FWT_GRAPH_SPLIT,
	};
	const struct fwt_branch *b = NULL;
	const struct fwt_rule **all, *one;
	struct drawing *d = at->d;
	u32 box, n = 0, room = rules_in(r);

	all = malloc(((size_t)room + 1) * sizeof(*all));
	if (!all) {
		d->failed = true;
		return;
	}
	box = graph_new_box(d, kinds[r->end.kind], NULL, rule_words(d, r));
	if (!d->failed)
		graph_arrow(at, box, FWT_GRAPH_BELOW, hits_of(d, r));
	if (r->end.kind == FWT_END_BLOCK)
		for (one = r->end.block.first; one && n < room; one = one->next)
			all[n++] = one;
	else
		b = r->end.kind == FWT_END_SELECT ? r->end.select->branches :
						    r->end.split->branches;
	for (; b && n < room; b = b->next)
		all[n++] = b->rule;
	/* What a select asks for is its own, and its branches' to know. */
	for (b = r->end.kind == FWT_END_SELECT ? r->end.select->branches : NULL; b; b = b->next)
		graph_uses_values(at, &b->values);
	if (!d->failed)
		list(d, box, all, n);
	free(all);
}

/* What a rule leads to and uses, at a row that it has for itself or with others. */
static void leads(const struct spot *at, const struct fwt_rule *r)
{
	u64 hits = hits_of(at->d, r);
	const struct fwt_branch *b;

	graph_uses(at, r);
	if (r->end.kind == FWT_END_GOTO || r->end.kind == FWT_END_CALL)
		leads_to_tree(at, r->end.target.text, r->end.kind == FWT_END_CALL, hits);
	if (r->end.kind != FWT_END_SELECT || !r->end.select->map.text)
		return;
	graph_uses_set(at, r->end.select->map.text, FWT_GRAPH_ASKS);
	for (b = r->end.select->branches; b; b = b->next)
		leads_to_tree(at, b->rule->end.target.text, r->end.select->call, hits);
}

static void one(struct drawing *d, u32 box, const struct fwt_rule *r)
{
	struct fwt_graph_row row = {
		.first = r, .last = r, .count = 1, .hits = hits_of(d, r),
		.text = rule_words(d, r),
	};
	struct spot at = { d, box, 0 };
	bool block = has_block(r), draw = block && graph_has_room(d);

	d->refused |= block && !draw;
	if (block && !draw)
		row.text = graph_say(d, "%s { %u rules }", row.text, rules_in(r));
	at.row = graph_new_row(d, box, &row);
	if (d->failed)
		return;
	leads(&at, r);
	if (draw)
		below(&at, r);
}

static void folded(struct drawing *d, u32 box, const struct fwt_rule *const *rule, u32 n)
{
	static const char *const word[FWT_END_SPLIT + 1] = {
		[FWT_END_NONE] = "go on", [FWT_END_ACCEPT] = "accept", [FWT_END_DROP] = "drop",
		[FWT_END_REJECT] = "reject", [FWT_END_QUEUE] = "queue",
		[FWT_END_GOTO] = "goto", [FWT_END_CALL] = "call", [FWT_END_RETURN] = "return",
		[FWT_END_BLOCK] = "with a block", [FWT_END_SELECT] = "select",
		[FWT_END_SPLIT] = "split",
	};
	struct fwt_graph_row row = {
		.first = rule[0], .last = rule[n - 1], .count = n, .hits = FWT_GRAPH_UNCOUNTED,
	};
	struct spot at = { d, box, 0 };
	u32 of[FWT_END_SPLIT + 1] = { 0 }, i;
	char text[300] = "";

	for (i = 0; i < n; i++) {
		of[rule[i]->end.kind]++;
		row.hits = graph_sum(row.hits, hits_of(d, rule[i]));
	}
	for (i = 0; i <= FWT_END_SPLIT; i++)
		if (of[i] && word[i])
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%u %s",
				 *text ? ", " : "", of[i], word[i]);
	row.text = graph_say(d, "%u rules: %s", n, text);
	at.row = graph_new_row(d, box, &row);
	for (i = 0; i < n && !d->failed; i++)
		leads(&at, rule[i]);
}

/* Rules one after the other. */
static void list(struct drawing *d, u32 box, const struct fwt_rule *const *rule, u32 n)
{
	u32 i = 0, run, k;

	while (i < n && !d->failed) {
		for (run = 0; i + run < n; run++)
			if (has_block(rule[i + run]) && graph_has_room(d))
				break;
		if (run <= FWT_GRAPH_RUN || (d->opts && d->opts->all)) {
			one(d, box, rule[i++]);
			continue;
		}
		for (k = 0; k < FWT_GRAPH_FIRST; k++)
			one(d, box, rule[i + k]);
		run -= FWT_GRAPH_LAST;
		folded(d, box, rule + i + k, run - k);
		for (i += run, k = 0; k < FWT_GRAPH_LAST && !d->failed; k++)
			one(d, box, rule[i++]);
	}
}

static void block(struct drawing *d, u32 box, const struct fwt_block *b)
{
	const struct fwt_rule **all = malloc(((size_t)b->count + 1) * sizeof(*all)), *r;
	u32 n = 0;

	if (!all) {
		d->failed = true;
		return;
	}
	for (r = b->first; r && n < b->count; r = r->next)
		all[n++] = r;
	list(d, box, all, n);
	free(all);
}

static const char *hook_title(struct drawing *d, const struct fwt_ast_hook *h)
{
	const char *text = h->egress ? "egress" : "ingress";
	const struct fwt_value *v;

	for (v = h->device ? h->devices.first : NULL; v; v = v->next)
		text = graph_say(d, "%s%s%s", text, v == h->devices.first ? " device " : ", ",
				 v->text ? v->text : "?");
	return text;
}

/* Trees that are reached by now; each may reach others. */
static void queued(struct drawing *d)
{
	u32 i;

	for (i = 0; i < d->place.count && !d->failed; i++) {
		struct place *p = (struct place *)d->place.data + i;
		const struct fwt_tree *t = p->what;

		if (graph_box(d, p->box)->kind != FWT_GRAPH_TREE || p->drawn)
			continue;
		p->drawn = true;
		block(d, p->box, &t->block);
	}
}

static void left_out(struct drawing *d)
{
	const struct place *p = d->place.data;
	const struct fwt_tree *t;
	u32 trees = 0, i;

	for (t = d->g->ast->trees; t; t = t->next)
		trees++;
	for (i = 0; i < d->place.count; i++)
		trees -= graph_box(d, p[i].box)->kind == FWT_GRAPH_TREE;
	if (trees)
		graph_new_box(d, FWT_GRAPH_MORE, NULL, graph_say(d, "and %u trees more", trees));
	else if (d->refused)
		graph_new_box(d, FWT_GRAPH_MORE, NULL, "and more than is drawn");
}

bool fwt_graph_make(struct fwt_graph *g, const struct fwt_policy_ast *ast,
		    const struct fwt_graph_opts *opts)
{
	struct drawing d = { .g = g, .opts = opts, .place.size = sizeof(struct place) };
	const struct fwt_ast_hook *h;
	const struct fwt_tree *t;
	u32 order, n = 0;

	memset(g, 0, sizeof(*g));
	g->ast = ast;
	g->live = opts && opts->hits;
	g->box.size = sizeof(struct fwt_graph_box);
	g->arrow.size = sizeof(struct fwt_graph_arrow);
	g->arena = fwt_arena_create();
	if (!g->arena)
		return false;
	/* As a packet meets them: its device, ingress, egress, the other device. */
	for (order = 0; order < 4; order++)
		for (h = ast->hooks; h; h = h->next)
			if (order == (h->egress ? 2u + h->device : !h->device))
				graph_new_box(&d, FWT_GRAPH_HOOK, NULL, hook_title(&d, h));
	for (order = 0; order < 4; order++)
		for (h = ast->hooks; h && !d.failed; h = h->next)
			if (order == (h->egress ? 2u + h->device : !h->device))
				block(&d, n++, &h->block);
	queued(&d);
	/* Nothing leads to these. */
	for (t = ast->trees; t && !d.failed && graph_has_room(&d); t = t->next)
		graph_place(&d, t, FWT_GRAPH_TREE, t->name.text);
	queued(&d);
	graph_objects(&d);
	left_out(&d);
	free(d.place.data);
	return !d.failed;
}

void fwt_graph_clean(struct fwt_graph *g)
{
	struct fwt_graph_box *b = g->box.data;
	u32 i;

	for (i = 0; i < g->box.count; i++)
		free(b[i].row.data);
	free(g->box.data);
	free(g->arrow.data);
	fwt_arena_free(g->arena);
	memset(g, 0, sizeof(*g));
}
