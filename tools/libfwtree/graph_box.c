// SPDX-License-Identifier: GPL-2.0
/* Boxes, rows and arrows of a picture, and what is no rule: sets, maps, pools. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "graph_box.h"
#include "parse_print.h"

const char *graph_say(struct drawing *d, const char *fmt, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	text = fwt_arena_alloc(d->g->arena, (size_t)len + 1);
	if (!text) {
		d->failed = true;
		return "";
	}
	va_start(args, fmt);
	vsnprintf(text, (size_t)len + 1, fmt, args);
	va_end(args);
	return text;
}

u32 graph_new_box(struct drawing *d, enum fwt_graph_kind kind, const char *name,
		  const char *title)
{
	struct fwt_graph_box *b = fwt_vec_add(&d->g->box, 1);

	if (!b) {
		d->failed = true;
		return 0;
	}
	b->kind = kind;
	b->name = name;
	b->title = title;
	b->row.size = sizeof(struct fwt_graph_row);
	d->used += kind != FWT_GRAPH_HOOK;
	return d->g->box.count - 1;
}

bool graph_has_room(const struct drawing *d)
{
	return (d->opts && d->opts->all) || d->used < FWT_GRAPH_BOXES;
}

u32 graph_new_row(struct drawing *d, u32 box, const struct fwt_graph_row *row)
{
	struct fwt_graph_row *r = d->failed ? NULL : fwt_vec_add(&graph_box(d, box)->row, 1);

	if (!r) {
		d->failed = true;
		return 0;
	}
	*r = *row;
	return graph_box(d, box)->row.count - 1;
}

static void element(struct drawing *d, u32 box, const char *text)
{
	graph_new_row(d, box, &(struct fwt_graph_row){ .text = text, .hits = FWT_GRAPH_UNCOUNTED });
}

u64 graph_sum(u64 a, u64 b)
{
	return a == FWT_GRAPH_UNCOUNTED ? b : b == FWT_GRAPH_UNCOUNTED ? a : a + b;
}

static u32 arrows_of(const struct spot *at)
{
	const struct fwt_graph_arrow *a = at->d->g->arrow.data;
	u32 n = 0, i;

	for (i = at->d->g->arrow.count; i && a[i - 1].from == at->box &&
	     a[i - 1].row == at->row; i--)
		n++;
	return n;
}

/* Of several rules in a row: no more than can be told apart. */
static bool may_fan(const struct spot *at)
{
	const struct fwt_graph_row *r = graph_box(at->d, at->box)->row.data;

	return r[at->row].count <= 1 || arrows_of(at) < FWT_GRAPH_FAN;
}

/* One from a row to a box of each kind: of several rules, the sum. */
void graph_arrow(const struct spot *at, u32 to, enum fwt_graph_lead lead, u64 hits)
{
	struct fwt_graph_arrow *a = at->d->g->arrow.data;
	u32 n = at->d->g->arrow.count, i;

	for (i = n - arrows_of(at); i < n; i++)
		if (a[i].to == to && a[i].lead == lead) {
			a[i].hits = graph_sum(a[i].hits, hits);
			return;
		}
	if (!may_fan(at))
		return;
	a = fwt_vec_add(&at->d->g->arrow, 1);
	if (a)
		*a = (struct fwt_graph_arrow){ at->box, at->row, to, lead, hits };
	else
		at->d->failed = true;
}

static const char *types(struct drawing *d, const struct fwt_set_type *t)
{
	const char *text = "";
	u32 i;

	for (i = 0; i < t->count; i++)
		text = graph_say(d, "%s%s%s", text, i ? " . " : "", fwt_type_name(t->type[i]));
	return text;
}

static const char *title_of(struct drawing *d, const void *what, enum fwt_graph_kind kind,
			    const char *name)
{
	const struct fwt_set *s = what;
	const struct fwt_map *m = what;

	switch (kind) {
	case FWT_GRAPH_SET:
		return graph_say(d, "set %s : %s", name, types(d, &s->type));
	case FWT_GRAPH_MAP:
		return graph_say(d, "map %s : %s -> %s", name, types(d, &m->key),
				 types(d, &m->value));
	case FWT_GRAPH_POOL:
		return graph_say(d, "pool %s", name);
	case FWT_GRAPH_TREE:
		return graph_say(d, "tree %s", name);
	default:
		return graph_say(d, "there is no %s", name);
	}
}

/* Where something is drawn; FWT_NONE where there is no room for it. */
u32 graph_place(struct drawing *d, const void *what, enum fwt_graph_kind kind,
		const char *name)
{
	struct place *p = d->place.data;
	u32 i;

	for (i = 0; i < d->place.count; i++)
		if (p[i].what == what)
			return p[i].box;
	if (!graph_has_room(d)) {
		d->refused = true;
		return FWT_NONE;
	}
	p = fwt_vec_add(&d->place, 1);
	if (!p) {
		d->failed = true;
		return FWT_NONE;
	}
	p->what = what;
	p->box = graph_new_box(d, kind, name, title_of(d, what, kind, name));
	return p->box;
}

void graph_to_place(const struct spot *at, const void *what, enum fwt_graph_kind kind,
		    const char *name, enum fwt_graph_lead lead, u64 hits)
{
	const struct place *p = at->d->place.data;
	u32 to, i = 0;

	/* What is drawn already may have one more; nothing is drawn for no arrow. */
	while (!may_fan(at) && i < at->d->place.count && p[i].what != what)
		i++;
	if (i == at->d->place.count && !may_fan(at)) {
		at->d->refused = true;
		return;
	}
	to = graph_place(at->d, what, kind, name);
	if (to != FWT_NONE && !at->d->failed)
		graph_arrow(at, to, lead, hits);
}

/* What rules ask and change */

static void print_value(FILE *to, const void *what)
{
	fwt_ast_print_value(to, what);
}

static void print_server(FILE *to, const void *what)
{
	fwt_print_server(to, what);
}

static const char *printed(struct drawing *d, void (*print)(FILE *to, const void *what),
			   const void *what)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	const char *kept = "";

	if (to)
		print(to, what);
	if (!to || fclose(to))
		d->failed = true;
	else
		kept = graph_say(d, "%s", text);
	free(text);
	return kept;
}

static const char *value_text(struct drawing *d, const struct fwt_value *v)
{
	return printed(d, print_value, v);
}

static void settings(struct drawing *d, u32 box, const struct fwt_value *timeout,
		     const struct fwt_value *max)
{
	if (timeout || max)
		element(d, box, graph_say(d, "%s%s%s%s%s", timeout ? "timeout " : "",
					  timeout ? value_text(d, timeout) : "",
					  timeout && max ? ", " : "", max ? "max " : "",
					  max ? value_text(d, max) : ""));
}

static bool too_many(struct drawing *d, u32 box, u32 n, u32 all)
{
	if (n < FWT_GRAPH_ELEMENTS || all <= FWT_GRAPH_ELEMENTS + 1 ||
	    (d->opts && d->opts->all))
		return false;
	element(d, box, graph_say(d, "... and %u more", all - n));
	return true;
}

static u32 values(struct drawing *d, u32 box, const struct fwt_values *v, u32 n, u32 all)
{
	const struct fwt_value *e;

	for (e = v->first; e && n != FWT_NONE; e = e->next) {
		if (too_many(d, box, n, all))
			return FWT_NONE;
		element(d, box, value_text(d, e));
		n++;
	}
	return n;
}

static void draw_set(struct drawing *d, u32 box, const struct fwt_set *s)
{
	u32 all = s->elements.count + s->names.count;

	settings(d, box, s->timeout, s->max);
	values(d, box, &s->names, values(d, box, &s->elements, 0, all), all);
	if (s->resolvers)
		element(d, box, "this machine's own DNS servers");
}

static void draw_map(struct drawing *d, u32 box, const struct fwt_map *m)
{
	const struct fwt_map_element *e;
	u32 n = 0;

	settings(d, box, m->timeout, m->max);
	for (e = m->elements; e && !too_many(d, box, n, m->count); e = e->next, n++)
		element(d, box, graph_say(d, "%s -> %s", value_text(d, e->key),
					  value_text(d, e->value)));
}

static void draw_pool(struct drawing *d, u32 box, const struct fwt_pool *p)
{
	const char *by = p->scheduler_written ? fwt_scheduler_name(p->scheduler) : NULL;
	const struct fwt_server *s;
	u32 n = 0;

	if (p->scheduler_written || p->health_passive)
		element(d, box, graph_say(d, "%s%s%s%s", by ? "scheduler " : "", by ? by : "",
					  by && p->health_passive ? ", " : "",
					  p->health_passive ? "health passive" : ""));
	for (s = p->servers; s && !too_many(d, box, n, p->count); s = s->next, n++)
		element(d, box, printed(d, print_server, s));
}

void graph_objects(struct drawing *d)
{
	u32 i;

	for (i = 0; i < d->place.count && !d->failed; i++) {
		struct place *p = (struct place *)d->place.data + i;

		if (p->drawn)
			continue;
		p->drawn = true;
		if (graph_box(d, p->box)->kind == FWT_GRAPH_SET)
			draw_set(d, p->box, p->what);
		else if (graph_box(d, p->box)->kind == FWT_GRAPH_MAP)
			draw_map(d, p->box, p->what);
		else if (graph_box(d, p->box)->kind == FWT_GRAPH_POOL)
			draw_pool(d, p->box, p->what);
	}
}

static void uses(const struct spot *at, const void *what, enum fwt_graph_kind kind,
		 const char *name, enum fwt_graph_lead lead)
{
	graph_to_place(at, what, kind, name, lead, FWT_GRAPH_UNCOUNTED);
}

void graph_uses_set(const struct spot *at, const char *name, enum fwt_graph_lead lead)
{
	const struct fwt_set *s = fwt_ast_set(at->d->g->ast, name);
	const struct fwt_map *m = s ? NULL : fwt_ast_map(at->d->g->ast, name);

	if (s)
		uses(at, s, FWT_GRAPH_SET, name, lead);
	else if (m)
		uses(at, m, FWT_GRAPH_MAP, name, lead);
	else
		uses(at, name, FWT_GRAPH_MISSING, graph_say(at->d, "set %s", name), lead);
}

static void uses_pool(const struct spot *at, const char *name)
{
	const struct fwt_pool *p = fwt_ast_pool(at->d->g->ast, name);

	if (p)
		uses(at, p, FWT_GRAPH_POOL, name, FWT_GRAPH_ASKS);
	else
		uses(at, name, FWT_GRAPH_MISSING, graph_say(at->d, "pool %s", name),
		     FWT_GRAPH_ASKS);
}

void graph_uses_values(const struct spot *at, const struct fwt_values *v)
{
	const struct fwt_value *e;
	u32 i;

	for (e = v->first; e; e = e->next) {
		if (e->kind == FWT_VALUE_SETREF)
			graph_uses_set(at, e->text, FWT_GRAPH_ASKS);
		for (i = 0; e->kind == FWT_VALUE_JOIN && i < e->parts.count; i++)
			graph_uses_values(at, &e->parts.part[i]);
	}
}

static void uses_matches(const struct spot *at, const struct fwt_match *m)
{
	for (; m; m = m->next) {
		if (m->kind == FWT_MATCH_FIELD || m->kind == FWT_MATCH_MASK)
			graph_uses_values(at, &m->values);
		else if (m->kind == FWT_MATCH_NOT)
			uses_matches(at, m->inner);
	}
}

static void uses_modifiers(const struct spot *at, const struct fwt_modifier *m)
{
	for (; m; m = m->next) {
		switch (m->kind) {
		case FWT_AST_MOD_SNAT:
		case FWT_AST_MOD_DNAT:
			if (m->nat.map.text)
				graph_uses_set(at, m->nat.map.text, FWT_GRAPH_ASKS);
			break;
		case FWT_AST_MOD_BALANCE:
			if (m->nat.pool.text)
				uses_pool(at, m->nat.pool.text);
			break;
		case FWT_AST_MOD_SET:
			if (m->set.map.text)
				graph_uses_set(at, m->set.map.text, FWT_GRAPH_ASKS);
			break;
		case FWT_AST_MOD_ADD:
		case FWT_AST_MOD_REMOVE:
			if (m->update.set.text)
				graph_uses_set(at, m->update.set.text, FWT_GRAPH_CHANGES);
			break;
		default:
			break;
		}
	}
}

void graph_uses(const struct spot *at, const struct fwt_rule *rule)
{
	uses_matches(at, rule->matches);
	uses_modifiers(at, rule->modifiers);
}
