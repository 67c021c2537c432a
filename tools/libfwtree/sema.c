// SPDX-License-Identifier: GPL-2.0
/*
 * Understanding a policy: trees and hooks, their statements, selects.
 *
 * Order of work: options and sets; then which tree leads to which, so that each
 * is known to the hooks that reach it (sema_flow.c); then every statement of
 * every tree, reached or not; at last whether all ends well (sema_flow.c again).
 */
#include <stdlib.h>

#include "ifname.h"
#include "sema.h"

void *fwt_sema_alloc(struct fwt_sema *s, size_t size)
{
	void *p = fwt_arena_alloc(s->arena, size);

	if (!p)
		s->failed = true;
	return p;
}

const char *fwt_hook_name(unsigned int hook)
{
	static const char *const name[__FWT_HOOK_MAX] = {
		"ingress", "egress", "ingress device", "egress device",
	};

	return name[hook];
}

/* "a -> b -> c", from the hook to the tree. */
static void way(const struct fwt_ir_tree *t, unsigned int hook, char *buf, size_t size)
{
	const struct fwt_ir_edge *e = t->via[hook];
	size_t len;

	if (!e) {
		snprintf(buf, size, "%s", t->name);
		return;
	}
	way(e->from, hook, buf, size);
	len = strlen(buf);
	snprintf(buf + len, size - len, " -> %s (line %u)", t->name, e->loc.line);
}

void fwt_sema_hooks(struct fwt_sema *s, const struct fwt_loc *loc, u8 allowed,
		    const char *hint, const char *what)
{
	char buf[512];
	u8 wrong = s->tree ? s->tree->hooks & ~allowed : 0;
	unsigned int hook;

	if (!wrong)
		return;
	hook = (unsigned int)__builtin_ctz(wrong);
	if (!s->tree->via[hook]) {
		fwt_error_hint(s->diag, loc, hint, "there is no '%s' in '%s'", what,
			       fwt_hook_name(hook));
		return;
	}
	way(s->tree, hook, buf, sizeof(buf));
	fwt_error_hint(s->diag, loc, hint,
		       "there is no '%s' in '%s', which reaches tree '%s': %s", what,
		       fwt_hook_name(hook), s->tree->name, buf);
}

static void block(struct fwt_sema *s, const struct fwt_block *from,
		  struct fwt_ir_block *to);
static void statement(struct fwt_sema *s, const struct fwt_rule *ast,
		      struct fwt_ir_rule *to);

static struct fwt_ir_pick *new_pick(struct fwt_sema *s, const struct fwt_sema_key *k,
				    struct fwt_ir_pick ***last)
{
	struct fwt_ir_pick *pick = fwt_sema_alloc(s, sizeof(*pick));

	if (!pick)
		return NULL;
	pick->test = k->test;
	pick->split = k->split;
	fwt_sema_elems_init(k, pick->elems);
	**last = pick;
	*last = &pick->next;
	return pick;
}

/* Keys up to the next set, addr() or net() are one look-up. */
static void picks(struct fwt_sema *s, const struct fwt_select *from,
		  const struct fwt_sema_key *k, struct fwt_ir_select *to)
{
	struct fwt_ir_pick **last = &to->picks, *pick = NULL;
	const struct fwt_branch *b;
	const struct fwt_value *v;
	u32 n = 0;

	for (b = from->branches; b; b = b->next, n++) {
		if (!b->is_default)
			fwt_sema_never(s, &from->fields, &b->values);
		for (v = b->is_default ? NULL : b->values.first; v; v = v->next) {
			if (!fwt_sema_is_constant(v)) {
				struct fwt_cond *c = fwt_sema_value(s, k, v, false);

				pick = c ? new_pick(s, k, &last) : NULL;
				if (!pick)
					continue;
				pick->cond = c;
				pick->branch = n;
				pick = NULL;
				continue;
			}
			if (!pick)
				pick = new_pick(s, k, &last);
			if (!pick)
				return;
			fwt_sema_elem(s, k, v, pick->elems, n);
		}
	}
}

static struct fwt_ir_select *select_of(struct fwt_sema *s, const struct fwt_select *from,
				       u32 record)
{
	struct fwt_ir_select *to = fwt_sema_alloc(s, sizeof(*to));
	const struct fwt_branch *b, *fallback = NULL;
	const struct fwt_sema_ports around = s->ports;
	struct fwt_sema_key k;
	u32 n = 0;

	if (!to)
		return NULL;
	to->fallback = FWT_NONE;
	to->foreign = FWT_NONE;
	to->count = from->count;
	to->branch = fwt_sema_alloc(s, (from->count + 1) * sizeof(*to->branch));
	if (!to->branch)
		return NULL;
	for (b = from->branches; b && n < from->count; b = b->next, n++) {
		if (b->is_default && fallback)
			fwt_error(s->diag, &b->loc,
				  "a select has one 'default'; the other is in line %u",
				  fallback->loc.line);
		if (b->is_default) {
			fallback = b;
			to->fallback = n;
		}
		fwt_sema_ports_asked(s, &from->fields, &b->values, &s->ports);
		statement(s, b->rule, &to->branch[n]);
		s->ports = around;
	}
	if (from->map.text)
		fwt_sema_map_trees(s, from, to);
	else if (from->node.name.text)
		fwt_sema_select_node(s, from, record, to);
	else if (fwt_sema_key(s, &from->fields, &k, &to->guards))
		picks(s, from, &k, to);
	return to;
}

static void shares(struct fwt_sema *s, const struct fwt_split *from, struct fwt_ir_split *to)
{
	const struct fwt_branch *b;
	u32 n = 0;

	for (b = from->branches; to && b && n < to->count; b = b->next)
		statement(s, b->rule, &to->branch[n++]);
}

/* The edges of a tree stand in the order of its statements. */
static struct fwt_ir_tree *target(struct fwt_sema *s, const struct fwt_ast_end *end)
{
	struct fwt_tree *t = fwt_ast_tree(s->ast, end->target.text);

	return t ? t->priv : NULL;
}

static void ending(struct fwt_sema *s, const struct fwt_ast_end *end, struct fwt_ir_rule *to)
{
	to->end = (u8)end->kind;
	switch (end->kind) {
	case FWT_END_NONE:
	case FWT_END_ERROR:
	case FWT_END_RETURN:
		to->enter = true;
		break;
	case FWT_END_ACCEPT:
		to->verdict = FWT_VERDICT_ACCEPT;
		break;
	case FWT_END_DROP:
		to->verdict = FWT_VERDICT_DROP;
		break;
	case FWT_END_REJECT:
		to->verdict = FWT_VERDICT_REJECT;
		to->param = end->reject.written ? (u16)end->reject.with :
						  FWT_REJECT_DEFAULT;
		fwt_sema_hooks(s, &end->loc, FWT_HOOKS_INET | FWT_HOOK_BIT(FWT_HOOK_DEV_INGRESS),
			       "'drop' is what a device can do with what leaves", "reject");
		break;
	case FWT_END_QUEUE:
		to->verdict = end->queue.bypass ? FWT_VERDICT_QUEUE_BYPASS :
						  FWT_VERDICT_QUEUE;
		to->param = (u16)end->queue.number;
		fwt_sema_hooks(s, &end->loc, FWT_HOOKS_INET, NULL, "queue");
		break;
	case FWT_END_GOTO:
	case FWT_END_CALL:
		to->enter = true;
		to->target = target(s, end);
		break;
	case FWT_END_BLOCK:
		to->enter = true;
		block(s, &end->block, &to->block);
		break;
	case FWT_END_SELECT:
		to->enter = true;
		to->select = select_of(s, end->select, to->record);
		break;
	case FWT_END_SPLIT:
		to->enter = true;
		to->split = fwt_sema_split(s, end, to->record);
		shares(s, end->split, to->split);
		break;
	}
}

static void statement(struct fwt_sema *s, const struct fwt_rule *ast,
		      struct fwt_ir_rule *to)
{
	const struct fwt_sema_ports around = s->ports;

	to->ast = ast;
	to->record = fwt_compile_record(s, ast);
	if (!(to->record % FWT_PROGRESS_RULES))
		fwt_progress(s->progress, "checking", to->record, s->ast->rules);
	s->stateful = false;
	to->conds = fwt_sema_matches(s, ast->matches);
	to->stateful = s->stateful;
	fwt_sema_mods(s, to);
	if (ast->end.kind == FWT_END_BLOCK || ast->end.kind == FWT_END_SELECT ||
	    ast->end.kind == FWT_END_SPLIT)
		fwt_sema_ports(s, ast, &s->ports);
	ending(s, &ast->end, to);
	s->ports = around;
}

static void block(struct fwt_sema *s, const struct fwt_block *from,
		  struct fwt_ir_block *to)
{
	const struct fwt_rule *r;

	to->rule = fwt_sema_alloc(s, (from->count + 1) * sizeof(*to->rule));
	if (!to->rule)
		return;
	for (r = from->first; r && to->count < from->count; r = r->next)
		statement(s, r, &to->rule[to->count++]);
}

/* Trees and hooks */

static struct fwt_ir_tree *new_tree(struct fwt_sema *s, const char *name,
				    const struct fwt_block *source,
				    const struct fwt_loc *loc, struct fwt_ir_tree ***last)
{
	struct fwt_ir_tree *t = fwt_sema_alloc(s, sizeof(*t));

	if (!t)
		return NULL;
	t->name = name;
	t->source = source;
	t->loc = *loc;
	t->string = FWT_NONE;
	t->last_edge = &t->edges;
	**last = t;
	*last = &t->next;
	return t;
}

/* What else stands where a name is to, has no text. */
static bool is_name(const struct fwt_value *v)
{
	return v->kind == FWT_VALUE_WORD || v->kind == FWT_VALUE_STRING;
}

static bool same_devices(const struct fwt_ast_hook *a, const struct fwt_ast_hook *b,
			 const struct fwt_value **which)
{
	const struct fwt_value *x, *y;

	for (x = a->devices.first; x; x = x->next)
		for (y = b->devices.first; y; y = y->next)
			if (x != y && is_name(x) && is_name(y) && x->flags == y->flags &&
			    !strcmp(x->text, y->text)) {
				*which = x;
				return true;
			}
	return false;
}

/* A pattern before that has all of a name's frames. */
static bool covers(const struct fwt_value *pattern, const struct fwt_value *name)
{
	if (pattern->kind != FWT_VALUE_WORD || !(pattern->flags & FWT_VALUE_WILDCARD) ||
	    !is_name(name))
		return false;
	return !strncmp(pattern->text, name->text, strlen(pattern->text) - 1);
}

static void warn_covered(struct fwt_sema *s, const struct fwt_ast_hook *h,
			 const struct fwt_ast_hook *before)
{
	const struct fwt_value *x, *y;

	for (x = h->devices.first; x && s->warnings; x = x->next)
		for (y = before->devices.first; y; y = y->next)
			if (covers(y, x))
				fwt_warning(s->diag, &x->loc,
					    "no frame of '%s' comes here: '%s device %s' in line %u has them all",
					    x->text, h->egress ? "egress" : "ingress", y->text,
					    before->loc.line);
}

bool fwt_sema_ifname_ok(struct fwt_sema *s, const struct fwt_value *v)
{
	size_t len = strlen(v->text) - !!(v->flags & FWT_VALUE_WILDCARD);

	if (len && len <= 15 && !strpbrk(v->text, "/: \t\n"))
		return true;
	fwt_error(s->diag, &v->loc,
		  "'%s' is no interface name: those have 1 to 15 letters, without blanks, '/' and ':'",
		  v->text);
	return false;
}

static void check_devices(struct fwt_sema *s, const struct fwt_ast_hook *h)
{
	const struct fwt_value *v;

	for (v = h->devices.first; v; v = v->next) {
		if (v->kind == FWT_VALUE_ERROR)
			continue;
		if (!is_name(v)) {
			fwt_error(s->diag, &v->loc, "the name of a device is meant here");
			continue;
		}
		if (fwt_sema_ifname_ok(s, v))
			fwt_sema_quoted_star(s, v);
	}
}

const char *fwt_sema_ifname(const struct fwt_value *v, char *buf)
{
	size_t len = strlen(v->text);

	if (v->flags & FWT_VALUE_WILDCARD || !len || v->text[len - 1] != '*')
		return v->text;
	snprintf(buf, FWT_SEMA_IFNAME, "%c%s", FWT_IFNAME_EXACT, v->text);
	return buf;
}

static void check_hook(struct fwt_sema *s, const struct fwt_ast_hook *h)
{
	const struct fwt_value *v = NULL;
	const struct fwt_ast_hook *other;

	if (h->device) {
		check_devices(s, h);
		if (same_devices(h, h, &v))
			fwt_error(s->diag, &v->loc, "device '%s' stands here twice", v->text);
	}
	for (other = s->ast->hooks; other != h; other = other->next) {
		if (other->egress != h->egress || other->device != h->device)
			continue;
		if (!h->device)
			fwt_error(s->diag, &h->loc, "'%s' is there already, in line %u",
				  h->egress ? "egress" : "ingress", other->loc.line);
		else if (same_devices(h, other, &v))
			fwt_error(s->diag, &v->loc, "'%s device %s' is there already, in line %u",
				  h->egress ? "egress" : "ingress", v->text,
				  other->loc.line);
		else
			warn_covered(s, h, other);
	}
}

static const char *hook_title(struct fwt_sema *s, const struct fwt_ast_hook *h)
{
	const char *base = h->egress ? "egress" : "ingress";
	char *name, exact[FWT_SEMA_IFNAME];
	const struct fwt_value *v;
	const char *quote;
	size_t size = 32;

	if (!h->device)
		return base;
	for (v = h->devices.first; v; v = v->next)
		size += is_name(v) ? strlen(v->text) + 4 : 0;
	name = fwt_sema_alloc(s, size);
	if (!name)
		return base;
	snprintf(name, size, "%s device", base);
	for (v = h->devices.first; v; v = v->next) {
		if (!is_name(v))
			continue;
		quote = fwt_sema_ifname(v, exact) == exact ? "\"" : "";
		snprintf(name + strlen(name), size - strlen(name), "%s%s%s%s",
			 v == h->devices.first ? " " : ", ", quote, v->text, quote);
	}
	return name;
}

static void trees(struct fwt_sema *s)
{
	struct fwt_ir_tree **last = &s->trees, *ir;
	struct fwt_ast_hook *h;
	struct fwt_tree *t;

	for (h = s->ast->hooks; h; h = h->next) {
		check_hook(s, h);
		ir = new_tree(s, hook_title(s, h), &h->block, &h->loc, &last);
		if (!ir)
			return;
		ir->ast_hook = h;
		ir->hooks = FWT_HOOK_BIT(h->egress + 2 * h->device);
	}
	for (t = s->ast->trees; t; t = t->next) {
		const struct fwt_tree *first = fwt_ast_tree(s->ast, t->name.text);

		if (first && first != t)
			fwt_error(s->diag, &t->name.loc, "tree '%s' is there already, in line %u",
				  t->name.text, first->name.loc.line);
		ir = new_tree(s, t->name.text, &t->block, &t->loc, &last);
		t->priv = ir;
		if (!ir)
			return;
		ir->ast_tree = t;
	}
}

static void sets(struct fwt_sema *s)
{
	struct fwt_map *map;
	struct fwt_set *set;

	for (set = s->ast->sets; set; set = set->next) {
		const struct fwt_set *first = fwt_ast_set(s->ast, set->name.text);

		if (first && first != set)
			fwt_error(s->diag, &set->name.loc, "set '%s' is there already, in line %u",
				  set->name.text, first->name.loc.line);
		fwt_sema_set(s, set);
	}
	fwt_sema_sets_in_sets(s);
	for (map = s->ast->maps; map; map = map->next)
		fwt_sema_map(s, map);
	fwt_sema_pools(s);
}

int fwt_sema_run(struct fwt_sema *s)
{
	struct fwt_ir_tree *t;
	struct fwt_tree *ast;

	fwt_sema_options(s);
	sets(s);
	trees(s);
	if (!s->failed)
		fwt_flow_edges(s);
	for (t = s->trees; t && !s->failed; t = t->next) {
		s->tree = t;
		block(s, t->source, &t->body);
	}
	s->tree = NULL;
	if (!s->failed)
		fwt_flow_verdicts(s);
	if (!s->failed && !fwt_diag_failed(s->diag))
		fwt_room_check(s);
	fwt_sema_short(s);
	fwt_sema_sets_unused(s);
	fwt_sema_maps_unused(s);
	fwt_sema_pools_unused(s);
	for (ast = s->ast->trees; ast; ast = ast->next)
		ast->priv = NULL;
	if (s->failed || s->b.failed)
		return -ENOMEM;
	return fwt_diag_failed(s->diag) ? -EINVAL : 0;
}
