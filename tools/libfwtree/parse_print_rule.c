// SPDX-License-Identifier: GPL-2.0
/*
 * Rules as text, see fwt_ast_print().
 */
#include <inttypes.h>

#include "parse_print.h"

static const char *const op_text[] = {
	[FWT_OP_EQ] = "==", [FWT_OP_NE] = "!=", [FWT_OP_LT] = "<",
	[FWT_OP_LE] = "<=", [FWT_OP_GT] = ">", [FWT_OP_GE] = ">=",
};

static void print_node(FILE *out, const char *word, const struct fwt_node *node)
{
	const struct fwt_arg *a;

	fprintf(out, "%s ", word);
	fwt_print_name(out, node->name.text);
	if (!node->args)
		return;
	fputs(" { ", out);
	for (a = node->args; a; a = a->next) {
		fwt_print_name(out, a->name.text);
		if (a->value) {
			fputs(" = ", out);
			fwt_ast_print_value(out, a->value);
		}
		fputs(a->next ? ", " : " }", out);
	}
}

static void print_match(FILE *out, const struct fwt_match *m)
{
	const struct fwt_match *i;

	switch (m->kind) {
	case FWT_MATCH_FIELD:
		fwt_print_fields(out, &m->fields);
		/* "== x" is a field where x is one; a bare x never is */
		fprintf(out, " %s%s", m->op_written ? op_text[m->op] : "",
			m->op_written ? " " : "");
		fwt_print_values(out, &m->values);
		break;
	case FWT_MATCH_FLAG:
		fwt_print_fields(out, &m->fields);
		break;
	case FWT_MATCH_COMPARE:
		fwt_print_fields(out, &m->fields);
		fprintf(out, " %s ", op_text[m->op]);
		fwt_print_field(out, m->other);
		break;
	case FWT_MATCH_MASK:
		fwt_print_fields(out, &m->fields);
		fputs(" & ", out);
		fwt_print_values(out, m->mask);
		fprintf(out, " %s ", op_text[m->op]);
		fwt_print_values(out, &m->values);
		break;
	case FWT_MATCH_NOT:
		fputs("not { ", out);
		for (i = m->inner; i; i = i->next) {
			print_match(out, i);
			putc(' ', out);
		}
		putc('}', out);
		break;
	case FWT_MATCH_LIMIT:
		fprintf(out, "limit %s", m->over ? "over " : "");
		fwt_ast_print_value(out, m->rate);
		if (m->burst) {
			fputs(" burst ", out);
			fwt_ast_print_value(out, m->burst);
		}
		if (m->fields.count) {
			fputs(" by ", out);
			fwt_print_fields(out, &m->fields);
		}
		break;
	case FWT_MATCH_CT_COUNT:
		fputs("ct count by ", out);
		fwt_print_fields(out, &m->fields);
		fprintf(out, " %s ", op_text[m->op]);
		fwt_ast_print_value(out, m->number);
		break;
	case FWT_MATCH_QUOTA:
		fprintf(out, "quota %s", m->over ? "over " : "");
		fwt_ast_print_value(out, m->number);
		break;
	case FWT_MATCH_RANDOM:
		fprintf(out, "random %" PRIu64 "/%" PRIu64, m->n, m->m);
		break;
	case FWT_MATCH_NODE:
		print_node(out, "node", &m->node);
		break;
	}
}

static void print_map(FILE *out, const struct fwt_fields *keys, const struct fwt_name *map)
{
	if (keys->count) {
		fwt_print_fields(out, keys);
		fputs(" map ", out);
	}
	putc('@', out);
	fwt_print_name(out, map->text);
}

static void print_nat(FILE *out, const char *word, const struct fwt_nat *nat)
{
	fputs(word, out);
	if (nat->map.text || nat->addr.count || nat->port)
		fputs(" to ", out);
	if (nat->map.text)
		print_map(out, &nat->keys, &nat->map);
	else if (nat->addr.count)
		fwt_print_values(out, &nat->addr);
	if (nat->port) {
		putc(':', out);
		fwt_ast_print_value(out, nat->port);
	}
	if (nat->flags & FWT_NAT_RANDOM)
		fputs(" random", out);
	if (nat->flags & FWT_NAT_PERSISTENT)
		fputs(" persistent", out);
	if (nat->flags & FWT_NAT_EIM)
		fputs(" endpoint-independent", out);
}

static void print_update(FILE *out, const char *word, const struct fwt_modifier *m)
{
	fprintf(out, "%s @", word);
	fwt_print_name(out, m->update.set.text);
	fputs(" { ", out);
	fwt_print_fields(out, &m->update.keys);
	fputs(" }", out);
	if (m->update.timeout) {
		fputs(" timeout ", out);
		fwt_ast_print_value(out, m->update.timeout);
	}
}

static void print_log(FILE *out, const struct fwt_modifier *m)
{
	fputs("log", out);
	if (m->log.prefix.text) {
		putc(' ', out);
		fwt_print_quoted(out, m->log.prefix.text);
	}
	if (m->log.group) {
		fputs(" group ", out);
		fwt_ast_print_value(out, m->log.group);
	}
}

static void print_reject(FILE *out, const char *before, const struct fwt_ast_end *end)
{
	fprintf(out, "%sreject", before);
	if (end->reject.written && end->reject.with != FWT_AST_REJECT_DEFAULT)
		fprintf(out, " with %s", fwt_reject_name(end->reject.with));
}

static void print_modifier(FILE *out, const struct fwt_modifier *m)
{
	const char *target;

	switch (m->kind) {
	case FWT_AST_MOD_SNAT:
		print_nat(out, "snat", &m->nat);
		break;
	case FWT_AST_MOD_MASQUERADE:
		print_nat(out, "masquerade", &m->nat);
		break;
	case FWT_AST_MOD_DNAT:
		print_nat(out, "dnat", &m->nat);
		break;
	case FWT_AST_MOD_REDIRECT:
		print_nat(out, "redirect", &m->nat);
		break;
	case FWT_AST_MOD_NETMAP:
		print_nat(out, "netmap", &m->nat);
		break;
	case FWT_AST_MOD_BALANCE:
		fputs("balance @", out);
		fwt_print_name(out, m->nat.pool.text);
		print_nat(out, "", &m->nat);
		if (m->nat.or_reject)
			print_reject(out, " or ", m->nat.or_reject);
		break;
	case FWT_AST_MOD_SET:
		target = fwt_set_target_words(m->set.target.field);
		fprintf(out, "set %s ", target ? target : "<error>");
		if (m->set.map.text)
			print_map(out, &m->set.keys, &m->set.map);
		else if (m->set.from)
			fwt_print_field(out, m->set.from);
		else
			fwt_print_values(out, &m->set.value);
		break;
	case FWT_AST_MOD_MSS_CLAMP:
		fputs("mss clamp", out);
		break;
	case FWT_AST_MOD_ADD:
		print_update(out, "add", m);
		break;
	case FWT_AST_MOD_REMOVE:
		print_update(out, "remove", m);
		break;
	case FWT_AST_MOD_LOG:
		print_log(out, m);
		break;
	case FWT_AST_MOD_COUNT:
		if (!m->count.text) {
			fputs("counter", out);
			break;
		}
		fputs("count ", out);
		fwt_print_name(out, m->count.text);
		break;
	case FWT_AST_MOD_NOTRACK:
		fputs("notrack", out);
		break;
	case FWT_AST_MOD_MODIFY:
		print_node(out, "modify", &m->node);
		break;
	}
}

/* Statements */

void fwt_print_block(FILE *out, const struct fwt_block *block, unsigned int depth)
{
	const struct fwt_rule *r;

	fputs("{\n", out);
	for (r = block->first; r; r = r->next)
		fwt_ast_print_rule(out, r, depth + 1);
	fwt_print_indent(out, depth);
	putc('}', out);
}

static void print_statement(FILE *out, const struct fwt_rule *rule, unsigned int depth);

static void print_branches(FILE *out, const struct fwt_branch *b, bool weights,
			   unsigned int depth)
{
	fputs("{\n", out);
	for (; b; b = b->next) {
		fwt_print_indent(out, depth + 1);
		if (weights)
			fprintf(out, "%" PRIu64, b->weight);
		else if (b->is_default)
			fputs("default", out);
		else
			fwt_print_values(out, &b->values);
		fputs(" -> ", out);
		if (b->rule)
			print_statement(out, b->rule, depth + 1);
		putc('\n', out);
	}
	fwt_print_indent(out, depth);
	putc('}', out);
}

static void print_target(FILE *out, const char *word, const struct fwt_ast_end *end)
{
	fprintf(out, "%s ", word);
	fwt_print_name(out, end->target.text);
}

static void print_end(FILE *out, const struct fwt_ast_end *end, unsigned int depth)
{
	static const char *const splits[] = { "round-robin ", "random ", "hash " };

	switch (end->kind) {
	case FWT_END_NONE:
		break;
	case FWT_END_ERROR:
		fputs("<error>", out);
		break;
	case FWT_END_ACCEPT:
		fputs("accept", out);
		break;
	case FWT_END_DROP:
		fputs("drop", out);
		break;
	case FWT_END_REJECT:
		print_reject(out, "", end);
		break;
	case FWT_END_QUEUE:
		fprintf(out, "queue %" PRIu64 "%s", end->queue.number,
			end->queue.bypass ? " bypass" : "");
		break;
	case FWT_END_GOTO:
		print_target(out, "goto", end);
		break;
	case FWT_END_CALL:
		print_target(out, "call", end);
		break;
	case FWT_END_RETURN:
		fputs("return", out);
		break;
	case FWT_END_BLOCK:
		fwt_print_block(out, &end->block, depth);
		break;
	case FWT_END_SELECT:
		if (end->select->map.text) {
			fputs(end->select->call ? "call " : "goto ", out);
			print_map(out, &end->select->fields, &end->select->map);
			break;
		}
		fputs("select ", out);
		if (end->select->node.name.text)
			print_node(out, "node", &end->select->node);
		else
			fwt_print_fields(out, &end->select->fields);
		putc(' ', out);
		print_branches(out, end->select->branches, false, depth);
		break;
	case FWT_END_SPLIT:
		fprintf(out, "split %s", splits[end->split->kind]);
		if (end->split->keys.count) {
			fwt_print_fields(out, &end->split->keys);
			putc(' ', out);
		}
		print_branches(out, end->split->branches, true, depth);
		break;
	}
}

static void print_statement(FILE *out, const struct fwt_rule *rule, unsigned int depth)
{
	const struct fwt_modifier *mod;
	const struct fwt_match *m;
	const char *blank = "";

	for (m = rule->matches; m; m = m->next) {
		fputs(blank, out);
		print_match(out, m);
		blank = " ";
	}
	for (mod = rule->modifiers; mod; mod = mod->next) {
		fputs(blank, out);
		print_modifier(out, mod);
		blank = " ";
	}
	if (rule->end.kind != FWT_END_NONE) {
		fputs(blank, out);
		print_end(out, &rule->end, depth);
	}
	if (rule->id) {
		fputs(" id ", out);
		fwt_print_name(out, rule->id->text);
	}
	if (rule->comment) {
		fputs(" comment ", out);
		fwt_print_quoted(out, rule->comment->text);
	}
}

void fwt_ast_print_rule(FILE *out, const struct fwt_rule *rule, unsigned int depth)
{
	fwt_print_indent(out, depth);
	print_statement(out, rule, depth);
	putc('\n', out);
}
