// SPDX-License-Identifier: GPL-2.0
/*
 * What a rule does: its modifiers, and what ends it.
 */
#include "parse_build.h"

/* Modifiers */

struct fwt_modifier *fwt_mod_new(struct fwt_parser *p, const struct fwt_lloc *lloc,
				 enum fwt_modifier_kind kind)
{
	struct fwt_modifier *m = fwt_new(p, sizeof(*m));

	if (!m)
		return NULL;
	m->loc = lloc->loc;
	m->kind = kind;
	return m;
}

/* "dnat to @MAP": one value that is a reference */
static bool is_map(const struct fwt_values *values)
{
	return values->count == 1 && values->first->kind == FWT_VALUE_SETREF;
}

struct fwt_modifier *fwt_mod_nat(struct fwt_parser *p, const struct fwt_lloc *lloc,
				 enum fwt_modifier_kind kind, struct fwt_value *addr,
				 const struct fwt_lloc *a_lloc, struct fwt_value *port,
				 unsigned int flags)
{
	struct fwt_modifier *m = fwt_mod_new(p, lloc, kind);
	const struct fwt_value *v;

	if (!m)
		return NULL;
	m->nat.flags = flags;
	if (port)
		m->nat.port = fwt_value_one(p, port, lloc, "a port or range of ports");
	if (!addr)
		return m;
	m->nat.addr = fwt_values_finish(p, addr, a_lloc);
	if (is_map(&m->nat.addr)) {
		m->nat.map.text = m->nat.addr.first->text;
		m->nat.map.loc = m->nat.addr.first->loc;
		m->nat.addr.first = NULL;
		m->nat.addr.count = 0;
		return m;
	}
	if (!m->nat.addr.count)
		fwt_error(p->diag, &a_lloc->loc, "there is no address to translate to");
	for (v = m->nat.addr.first; v && !port; v = v->next)
		fwt_port_warning(p, v);
	return m;
}

struct fwt_modifier *fwt_mod_map(struct fwt_parser *p, const struct fwt_lloc *lloc,
				 enum fwt_modifier_kind kind, struct fwt_ast_ref *keys,
				 const struct fwt_lloc *k_lloc, const struct fwt_lloc *m_lloc,
				 struct fwt_atom *map, struct fwt_value *port,
				 unsigned int flags)
{
	struct fwt_modifier *m = fwt_mod_new(p, lloc, kind);

	if (!m)
		return NULL;
	m->nat.flags = flags;
	m->nat.keys = fwt_fields_finish(keys, k_lloc);
	if (port)
		m->nat.port = fwt_value_one(p, port, lloc, "a port or range of ports");
	fwt_set_name(&m->nat.map, map, m_lloc);
	return m;
}

struct fwt_modifier *fwt_mod_balance(struct fwt_parser *p, const struct fwt_lloc *lloc,
				     const struct fwt_lloc *n_lloc, struct fwt_atom *pool,
				     unsigned int flags, const struct fwt_ast_end *or_reject)
{
	struct fwt_modifier *m = fwt_mod_new(p, lloc, FWT_AST_MOD_BALANCE);

	if (!m)
		return NULL;
	m->nat.or_reject = or_reject;
	m->nat.flags = flags;
	fwt_set_name(&m->nat.pool, pool, n_lloc);
	return m;
}

struct fwt_modifier *fwt_mod_set(struct fwt_parser *p, const struct fwt_lloc *lloc,
				 struct fwt_ast_ref *target, struct fwt_value *value,
				 const struct fwt_lloc *v_lloc)
{
	struct fwt_modifier *m = fwt_mod_new(p, lloc, FWT_AST_MOD_SET);

	if (!m)
		return NULL;
	m->set.target = *target;
	m->set.value = fwt_values_finish(p, value, v_lloc);
	if (is_map(&m->set.value)) {
		m->set.map.text = m->set.value.first->text;
		m->set.map.loc = m->set.value.first->loc;
		m->set.value.first = NULL;
		m->set.value.count = 0;
		return m;
	}
	if (m->set.value.count != 1)
		fwt_error(p->diag, &v_lloc->loc, "'set' takes one value, here are %u",
			  m->set.value.count);
	return m;
}

struct fwt_modifier *fwt_mod_copy(struct fwt_parser *p, const struct fwt_lloc *lloc,
				  struct fwt_ast_ref *target, struct fwt_ast_ref *from)
{
	struct fwt_modifier *m = fwt_mod_new(p, lloc, FWT_AST_MOD_SET);

	if (!m)
		return NULL;
	m->set.target = *target;
	m->set.from = from;
	return m;
}

struct fwt_modifier *fwt_mod_set_map(struct fwt_parser *p, const struct fwt_lloc *lloc,
				     struct fwt_ast_ref *target, struct fwt_ast_ref *keys,
				     const struct fwt_lloc *k_lloc,
				     const struct fwt_lloc *m_lloc, struct fwt_atom *map)
{
	struct fwt_modifier *m = fwt_mod_new(p, lloc, FWT_AST_MOD_SET);

	if (!m)
		return NULL;
	m->set.target = *target;
	m->set.keys = fwt_fields_finish(keys, k_lloc);
	fwt_set_name(&m->set.map, map, m_lloc);
	return m;
}

struct fwt_modifier *fwt_mod_update(struct fwt_parser *p, const struct fwt_lloc *lloc,
				    enum fwt_modifier_kind kind,
				    const struct fwt_lloc *n_lloc, struct fwt_atom *set,
				    struct fwt_ast_ref *keys, const struct fwt_lloc *k_lloc,
				    struct fwt_value *timeout)
{
	struct fwt_modifier *m = fwt_mod_new(p, lloc, kind);

	if (!m)
		return NULL;
	fwt_set_name(&m->update.set, set, n_lloc);
	m->update.keys = fwt_fields_finish(keys, k_lloc);
	m->update.timeout = timeout;
	return m;
}

struct fwt_modifier *fwt_mod_log(struct fwt_parser *p, const struct fwt_lloc *lloc,
				 const struct fwt_lloc *p_lloc, struct fwt_atom *prefix,
				 struct fwt_value *group)
{
	struct fwt_modifier *m = fwt_mod_new(p, lloc, FWT_AST_MOD_LOG);

	if (!m)
		return NULL;
	if (prefix)
		fwt_set_name(&m->log.prefix, prefix, p_lloc);
	m->log.group = group;
	/* nfnetlink_log: a group is 16 bits wide */
	if (group && group->number > 65535)
		fwt_error(p->diag, &group->loc, "a log group is at most 65535");
	return m;
}

struct fwt_modifier *fwt_mod_count(struct fwt_parser *p, const struct fwt_lloc *lloc,
				   const struct fwt_lloc *n_lloc, struct fwt_atom *name)
{
	struct fwt_modifier *m = fwt_mod_new(p, lloc, FWT_AST_MOD_COUNT);

	if (m)
		fwt_set_name(&m->count, name, n_lloc);
	return m;
}

struct fwt_modifier *fwt_mod_node(struct fwt_parser *p, const struct fwt_lloc *lloc,
				  const struct fwt_lloc *n_lloc, struct fwt_atom *name,
				  struct fwt_arg *args)
{
	struct fwt_modifier *m = fwt_mod_new(p, lloc, FWT_AST_MOD_MODIFY);

	if (!m)
		return NULL;
	fwt_set_name(&m->node.name, name, n_lloc);
	m->node.args = fwt_open_list(args);
	return m;
}

/* Ends */

struct fwt_ast_end *fwt_end_new(struct fwt_parser *p, const struct fwt_lloc *lloc,
				enum fwt_end_kind kind)
{
	struct fwt_ast_end *end = fwt_new(p, sizeof(*end));

	if (!end)
		return NULL;
	end->loc = lloc->loc;
	end->kind = kind;
	p->end_brace = 0;
	return end;
}

struct fwt_ast_end *fwt_end_reject(struct fwt_parser *p, const struct fwt_lloc *lloc,
				   const struct fwt_lloc *w_lloc, struct fwt_atom *with)
{
	static const char *const words[] = {
#define X(id, word) word,
		FWT_REJECTS(X)
#undef X
		NULL
	};
	struct fwt_ast_end *end = fwt_end_new(p, lloc, FWT_END_REJECT);
	char hint[300] = "one of:";
	const char *meant;
	size_t n = 7, i;

	if (!end)
		return NULL;
	end->reject.written = true;
	end->reject.with = fwt_reject_find(with->text);
	if (end->reject.with != FWT_AST_REJECT_COUNT)
		return end;
	end->reject.with = FWT_AST_REJECT_DEFAULT;
	meant = fwt_diag_suggest(with->text, words);
	if (meant)
		snprintf(hint, sizeof(hint), "did you mean '%s'?", meant);
	else
		for (i = 0; words[i] && n < sizeof(hint); i++)
			n += snprintf(hint + n, sizeof(hint) - n, "%s %s", i ? "," : "", words[i]);
	fwt_error_hint(p->diag, &w_lloc->loc, hint, "unknown answer '%s'", with->text);
	p->spoiled = true;	/* nftables' answers are of several words */
	return end;
}

struct fwt_ast_end *fwt_end_queue(struct fwt_parser *p, const struct fwt_lloc *lloc,
				  struct fwt_value *number, bool bypass)
{
	struct fwt_ast_end *end = fwt_end_new(p, lloc, FWT_END_QUEUE);

	if (!end)
		return NULL;
	end->queue.number = number->number;
	end->queue.bypass = bypass;
	/* nfnetlink_queue: a queue's number is 16 bits wide */
	if (number->number > 65535)
		fwt_error(p->diag, &number->loc, "a queue is at most 65535");
	return end;
}

struct fwt_ast_end *fwt_end_target(struct fwt_parser *p, const struct fwt_lloc *lloc,
				   enum fwt_end_kind kind, const struct fwt_lloc *n_lloc,
				   struct fwt_atom *name)
{
	struct fwt_ast_end *end = fwt_end_new(p, lloc, kind);

	if (end)
		fwt_set_name(&end->target, name, n_lloc);
	return end;
}

static void end_at_brace(struct fwt_parser *p, const struct fwt_lloc *brace)
{
	p->end_brace = brace->start + 1;
}

static struct fwt_block block(struct fwt_rule *last)
{
	struct fwt_block b = { .first = fwt_open_list(last) };
	const struct fwt_rule *r;

	for (r = b.first; r; r = r->next)
		b.count++;
	return b;
}

struct fwt_ast_end *fwt_end_block(struct fwt_parser *p, const struct fwt_lloc *lloc,
				  const struct fwt_lloc *brace, struct fwt_rule *rules)
{
	struct fwt_ast_end *end = fwt_end_new(p, lloc, FWT_END_BLOCK);

	if (!end)
		return NULL;
	end->block = block(rules);
	end_at_brace(p, brace);
	return end;
}

static void select_fill(struct fwt_parser *p, struct fwt_ast_end *end,
			const struct fwt_lloc *brace, struct fwt_branch *branches)
{
	struct fwt_select *s = end->select;
	struct fwt_branch *b;

	s->branches = fwt_open_list(branches);
	for (b = s->branches; b; b = b->next) {
		s->count++;
		if (!b->is_default)
			continue;
		if (s->fallback) {
			fwt_error(p->diag, &b->loc, "'select' has one 'default'");
			fwt_note(p->diag, &s->fallback->loc, "the first one is here");
		} else {
			s->fallback = b;
		}
	}
	end_at_brace(p, brace);
}

struct fwt_ast_end *fwt_end_select(struct fwt_parser *p, const struct fwt_lloc *lloc,
				   const struct fwt_lloc *brace, struct fwt_ast_ref *fields,
				   const struct fwt_lloc *f_lloc, struct fwt_branch *branches)
{
	struct fwt_ast_end *end = fwt_end_new(p, lloc, FWT_END_SELECT);

	if (!end)
		return NULL;
	end->select = fwt_new(p, sizeof(*end->select));
	if (!end->select)
		return NULL;
	end->select->fields = fwt_fields_finish(fields, f_lloc);
	select_fill(p, end, brace, branches);
	return end;
}

struct fwt_ast_end *fwt_end_select_node(struct fwt_parser *p, const struct fwt_lloc *lloc,
					const struct fwt_lloc *brace,
					const struct fwt_lloc *n_lloc, struct fwt_atom *name,
					struct fwt_arg *args, struct fwt_branch *branches)
{
	struct fwt_ast_end *end = fwt_end_new(p, lloc, FWT_END_SELECT);

	if (!end)
		return NULL;
	end->select = fwt_new(p, sizeof(*end->select));
	if (!end->select)
		return NULL;
	fwt_set_name(&end->select->node.name, name, n_lloc);
	end->select->node.args = fwt_open_list(args);
	select_fill(p, end, brace, branches);
	return end;
}

struct fwt_ast_end *fwt_end_split(struct fwt_parser *p, const struct fwt_lloc *lloc,
				  const struct fwt_lloc *brace, enum fwt_split_kind kind,
				  struct fwt_ast_ref *keys, const struct fwt_lloc *k_lloc,
				  struct fwt_branch *shares)
{
	struct fwt_ast_end *end = fwt_end_new(p, lloc, FWT_END_SPLIT);
	struct fwt_branch *b;

	if (!end)
		return NULL;
	end->split = fwt_new(p, sizeof(*end->split));
	if (!end->split)
		return NULL;
	end->split->kind = kind;
	if (keys)
		end->split->keys = fwt_fields_finish(keys, k_lloc);
	end->split->branches = fwt_open_list(shares);
	for (b = end->split->branches; b; b = b->next)
		end->split->count++;
	if (!end->split->count && !p->spoiled)
		fwt_error(p->diag, &lloc->loc, "'split' has no shares");
	end_at_brace(p, brace);
	return end;
}

/* The statement's text begins at the branch, see struct fwt_branch */
static struct fwt_branch *branch_new(struct fwt_parser *p, const struct fwt_lloc *lloc,
				     struct fwt_rule *rule)
{
	struct fwt_branch *b = fwt_new(p, sizeof(*b));

	if (!b)
		return NULL;
	b->loc = lloc->loc;
	b->rule = rule;
	if (rule)
		rule->text.start = lloc->start;
	return b;
}

struct fwt_branch *fwt_branch_new(struct fwt_parser *p, const struct fwt_lloc *lloc,
				  const struct fwt_lloc *v_lloc, struct fwt_value *values,
				  struct fwt_rule *rule)
{
	struct fwt_branch *b = branch_new(p, lloc, rule);

	if (!b)
		return NULL;
	b->is_default = !values;
	if (values)
		b->values = fwt_values_finish(p, values, v_lloc);
	return b;
}

/* In the place of a branch or share that could not be read */
struct fwt_branch *fwt_branch_lost(struct fwt_parser *p, const struct fwt_lloc *lloc,
				   struct fwt_rule *rules)
{
	struct fwt_rule *rule = fwt_rule_lost(p, lloc, rules);
	struct fwt_branch *b = rule ? branch_new(p, lloc, rule) : NULL;

	if (b)
		b->weight = 1;
	return b;
}

struct fwt_branch *fwt_share_new(struct fwt_parser *p, const struct fwt_lloc *lloc,
				 const struct fwt_lloc *w_lloc, struct fwt_value *weight,
				 struct fwt_rule *rule)
{
	struct fwt_branch *b = branch_new(p, lloc, rule);

	if (!b)
		return NULL;
	b->weight = weight->number;
	if (!b->weight || b->weight > UINT32_MAX)
		fwt_error(p->diag, &w_lloc->loc, "a weight is from 1 to 4294967295");
	return b;
}
