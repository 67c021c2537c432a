// SPDX-License-Identifier: GPL-2.0
/*
 * goto and call by a map: a select whose branches are the trees that the map says it may
 * lead to, and those that its elements name. So whoever asks where a policy
 * can lead finds all of it in the syntax tree.
 */
#include "parse_build.h"

struct fwt_ast_end *fwt_end_map(struct fwt_parser *p, const struct fwt_lloc *lloc, bool call,
				struct fwt_ast_ref *keys, const struct fwt_lloc *k_lloc,
				const struct fwt_lloc *m_lloc, struct fwt_atom *map)
{
	struct fwt_ast_end *end = fwt_end_new(p, lloc, FWT_END_SELECT);
	struct fwt_select *s = end ? fwt_new(p, sizeof(*s)) : NULL;
	struct fwt_branch *b = s ? fwt_new(p, sizeof(*b)) : NULL;

	if (!b)
		return NULL;
	end->select = s;
	s->call = call;
	if (keys)
		s->fields = fwt_fields_finish(keys, k_lloc);
	fwt_set_name(&s->map, map, m_lloc);
	/* Where it stands: of this the branches are made. */
	b->loc = lloc->loc;
	b->rule = fwt_new(p, sizeof(*b->rule));
	if (!b->rule)
		return NULL;
	b->rule->loc = lloc->loc;
	b->rule->text = (struct fwt_text){ lloc->start, lloc->end, lloc->end };
	s->branches = b;
	s->next = p->by_map;
	p->by_map = s;
	return end;
}

static bool is_there(const struct fwt_branch *b, const char *tree)
{
	for (; b; b = b->next)
		if (b->rule->end.target.text == tree)
			return true;
	return false;
}

static struct fwt_branch *branch_to(struct fwt_parser *p, const struct fwt_select *s,
				    const struct fwt_branch *proto, const struct fwt_value *v)
{
	struct fwt_branch *b = fwt_new(p, sizeof(*b));
	struct fwt_rule *rule = b ? fwt_new(p, sizeof(*rule)) : NULL;

	if (!rule)
		return NULL;
	*b = *proto;
	*rule = *proto->rule;
	b->rule = rule;
	rule->end.kind = s->call ? FWT_END_CALL : FWT_END_GOTO;
	rule->end.loc = rule->loc;
	rule->end.target.text = v->text;
	rule->end.target.loc = v->loc;
	p->ast->rules++;
	return b;
}

static bool is_tree(const struct fwt_value *v)
{
	return v && (v->kind == FWT_VALUE_WORD || v->kind == FWT_VALUE_STRING);
}

static struct fwt_branch **lead_to(struct fwt_parser *p, struct fwt_select *s,
				   const struct fwt_branch *proto, const struct fwt_value *v,
				   struct fwt_branch **last)
{
	if (!is_tree(v) || is_there(s->branches, v->text))
		return last;
	*last = branch_to(p, s, proto, v);
	if (!*last)
		return last;
	s->count++;
	return &(*last)->next;
}

static void fill(struct fwt_parser *p, struct fwt_select *s)
{
	const struct fwt_map *map = fwt_ast_map(p->ast, s->map.text);
	const struct fwt_branch *proto = s->branches;
	struct fwt_branch **last = &s->branches;
	const struct fwt_map_element *e;
	const struct fwt_value *v;

	s->branches = NULL;
	if (!map || map->value.count != 1 || map->value.type[0] != FWT_TYPE_TREE)
		return;		/* the compiler says so */
	for (v = map->trees.first; v; v = v->next)
		last = lead_to(p, s, proto, v, last);
	for (e = map->elements; e; e = e->next)
		last = lead_to(p, s, proto, e->value, last);
}

void fwt_end_maps(struct fwt_parser *p)
{
	struct fwt_select *s;

	for (s = p->by_map; s; s = s->next)
		fill(p, s);
}
