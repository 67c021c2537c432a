// SPDX-License-Identifier: GPL-2.0
/*
 * The tree as text: the canonical form, which reads back as the same tree.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

#include "ast.h"

static void indent(FILE *out, unsigned int depth)
{
	while (depth--)
		putc('\t', out);
}

static void quoted(FILE *out, const char *text)
{
	putc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putc('\\', out);
		putc(*text, out);
	}
	putc('"', out);
}

/* Names are quoted always: no list of what would need it to keep in step */
static void name(FILE *out, const char *text)
{
	quoted(out, text ? text : "");
}

static void address(FILE *out, int family, const struct fwt_value *v)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(family, v->addr, text, sizeof(text));
	if (v->flags & FWT_VALUE_BRACKETED)
		fprintf(out, "[%s]", text);
	else
		fputs(text, out);
}

static void duration(FILE *out, uint64_t ms)
{
	static const struct {
		uint64_t ms;
		const char *unit;
	} units[] = {
		{ 86400000, "d" }, { 3600000, "h" }, { 60000, "m" }, { 1000, "s" }, { 1, "ms" },
	};
	size_t i = 0;

	if (!ms) {
		fputs("0s", out);
		return;
	}
	while (ms % units[i].ms)
		i++;
	fprintf(out, "%" PRIu64 "%s", ms / units[i].ms, units[i].unit);
}

static void size(FILE *out, uint64_t bytes, bool suffix)
{
	unsigned int i = 0;

	while (i < 4 && bytes && !(bytes & 1023)) {
		bytes >>= 10;
		i++;
	}
	fprintf(out, "%" PRIu64, bytes);
	if (i)
		putc(" kMGT"[i], out);
	else if (suffix)
		putc('k', out);	/* 0k */
}

static void rate(FILE *out, const struct fwt_value *v)
{
	if (v->flags & FWT_VALUE_BYTES)
		size(out, v->rate.count, true);
	else
		fprintf(out, "%" PRIu64, v->rate.count);
	fprintf(out, "/%s", v->rate.per == 1 ? "second" : v->rate.per == 60 ? "minute" :
		v->rate.per == 3600 ? "hour" : "day");
}

static void print_values(FILE *out, const struct fwt_values *values);

static void of(FILE *out, const char *word, const struct fwt_value *v)
{
	fputs(word, out);
	if (v->flags & FWT_VALUE_WILDCARD)
		fputs(v->text, out);
	else
		quoted(out, v->text);
	putc(')', out);
}

void fwt_ast_print_value(FILE *out, const struct fwt_value *v)
{
	const uint8_t *a = v->addr;
	uint32_t i;

	switch ((enum fwt_value_kind)v->kind) {
	case FWT_VALUE_ERROR:
		fputs("<error>", out);
		break;
	case FWT_VALUE_WORD:
		fputs(v->text, out);
		break;
	case FWT_VALUE_STRING:
		quoted(out, v->text);
		break;
	case FWT_VALUE_NUMBER:
		if (v->flags & FWT_VALUE_HEX)
			fprintf(out, "0x%" PRIx64, v->number);
		else
			fprintf(out, "%" PRIu64, v->number);
		break;
	case FWT_VALUE_DURATION:
		duration(out, v->number);
		break;
	case FWT_VALUE_SIZE:
		size(out, v->number, true);
		break;
	case FWT_VALUE_RATE:
		rate(out, v);
		break;
	case FWT_VALUE_IPV4:
		address(out, AF_INET, v);
		break;
	case FWT_VALUE_IPV6:
		address(out, AF_INET6, v);
		break;
	case FWT_VALUE_MAC:
		fprintf(out, "%02x:%02x:%02x:%02x:%02x:%02x", a[0], a[1], a[2], a[3], a[4], a[5]);
		break;
	case FWT_VALUE_PREFIX4:
		address(out, AF_INET, v);
		fprintf(out, "/%u", v->plen);
		break;
	case FWT_VALUE_PREFIX6:
		address(out, AF_INET6, v);
		fprintf(out, "/%u", v->plen);
		break;
	case FWT_VALUE_RANGE:
		fwt_ast_print_value(out, v->range.lo);
		/* words may hold '-' themselves */
		fputs(v->range.lo->kind == FWT_VALUE_WORD ? " - " : "-", out);
		fwt_ast_print_value(out, v->range.hi);
		break;
	case FWT_VALUE_SETREF:
		putc('@', out);
		quoted(out, v->text);
		break;
	case FWT_VALUE_ADDR_OF:
		of(out, "addr(", v);
		break;
	case FWT_VALUE_NET_OF:
		of(out, "net(", v);
		break;
	case FWT_VALUE_JOIN:
		for (i = 0; i < v->parts.count; i++) {
			fputs(i ? " . " : "", out);
			print_values(out, &v->parts.part[i]);
		}
		break;
	}
}

static void print_values(FILE *out, const struct fwt_values *values)
{
	const struct fwt_value *v;

	if (values->count != 1)
		fputs(values->count ? "{ " : "{", out);
	for (v = values->first; v; v = v->next) {
		fwt_ast_print_value(out, v);
		if (v->next)
			fputs(", ", out);
	}
	if (values->count != 1)
		fputs(values->count ? " }" : "}", out);
}

static void print_field(FILE *out, const struct fwt_field *f)
{
	fputs(fwt_field_words(f->field, f->implies), out);
	if (f->plen4 >= 0)
		fprintf(out, "/%d", f->plen4);
	if (f->plen6 >= 0)
		fprintf(out, "/%d", f->plen6);
}

static void print_fields(FILE *out, const struct fwt_fields *fields)
{
	const struct fwt_field *f;

	for (f = fields->first; f; f = f->next) {
		print_field(out, f);
		if (f->next)
			fputs(" . ", out);
	}
}

static const char *const op_text[] = {
	[FWT_OP_EQ] = "==", [FWT_OP_NE] = "!=", [FWT_OP_LT] = "<",
	[FWT_OP_LE] = "<=", [FWT_OP_GT] = ">", [FWT_OP_GE] = ">=",
};

static void print_node(FILE *out, const char *word, const struct fwt_node *node)
{
	const struct fwt_arg *a;

	fprintf(out, "%s ", word);
	name(out, node->name.text);
	if (!node->args)
		return;
	fputs(" { ", out);
	for (a = node->args; a; a = a->next) {
		name(out, a->name.text);
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
		print_fields(out, &m->fields);
		/* "== x" is a field where x is one; a bare x never is */
		fprintf(out, " %s%s", m->op_written ? op_text[m->op] : "",
			m->op_written ? " " : "");
		print_values(out, &m->values);
		break;
	case FWT_MATCH_FLAG:
		print_fields(out, &m->fields);
		break;
	case FWT_MATCH_COMPARE:
		print_fields(out, &m->fields);
		fprintf(out, " %s ", op_text[m->op]);
		print_field(out, m->other);
		break;
	case FWT_MATCH_MASK:
		print_fields(out, &m->fields);
		fputs(" & ", out);
		print_values(out, &m->mask);
		fprintf(out, " %s ", op_text[m->op]);
		print_values(out, &m->values);
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
			print_fields(out, &m->fields);
		}
		break;
	case FWT_MATCH_CT_COUNT:
		fputs("ct count by ", out);
		print_fields(out, &m->fields);
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

static void print_nat(FILE *out, const char *word, const struct fwt_nat *nat)
{
	fputs(word, out);
	if (nat->map.text || nat->addr.count || nat->port)
		fputs(" to ", out);
	if (nat->map.text) {
		if (nat->keys.count) {
			print_fields(out, &nat->keys);
			fputs(" map ", out);
		}
		putc('@', out);
		quoted(out, nat->map.text);
	} else if (nat->addr.count) {
		print_values(out, &nat->addr);
	}
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
	quoted(out, m->update.set.text);
	fputs(" { ", out);
	print_fields(out, &m->update.keys);
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
		quoted(out, m->log.prefix.text);
	}
	if (m->log.group) {
		fputs(" group ", out);
		fwt_ast_print_value(out, m->log.group);
	}
}

static void print_modifier(FILE *out, const struct fwt_modifier *m)
{
	const char *target;

	switch (m->kind) {
	case FWT_MOD_SNAT:
		print_nat(out, "snat", &m->nat);
		break;
	case FWT_MOD_MASQUERADE:
		print_nat(out, "masquerade", &m->nat);
		break;
	case FWT_MOD_DNAT:
		print_nat(out, "dnat", &m->nat);
		break;
	case FWT_MOD_REDIRECT:
		print_nat(out, "redirect", &m->nat);
		break;
	case FWT_MOD_NETMAP:
		print_nat(out, "netmap", &m->nat);
		break;
	case FWT_MOD_BALANCE:
		fputs("balance @", out);
		quoted(out, m->nat.pool.text);
		print_nat(out, "", &m->nat);
		break;
	case FWT_MOD_SET:
		target = fwt_set_target_words(m->set.target.field);
		fprintf(out, "set %s ", target ? target : "<error>");
		if (m->set.from)
			print_field(out, m->set.from);
		else
			print_values(out, &m->set.value);
		break;
	case FWT_MOD_MSS_CLAMP:
		fputs("mss clamp", out);
		break;
	case FWT_MOD_ADD:
		print_update(out, "add", m);
		break;
	case FWT_MOD_REMOVE:
		print_update(out, "remove", m);
		break;
	case FWT_MOD_LOG:
		print_log(out, m);
		break;
	case FWT_MOD_COUNT:
		if (!m->count.text) {
			fputs("counter", out);
			break;
		}
		fputs("count ", out);
		name(out, m->count.text);
		break;
	case FWT_MOD_NOTRACK:
		fputs("notrack", out);
		break;
	case FWT_MOD_MODIFY:
		print_node(out, "modify", &m->node);
		break;
	}
}

/* Statements */

static void print_block(FILE *out, const struct fwt_block *block, unsigned int depth)
{
	const struct fwt_rule *r;

	fputs("{\n", out);
	for (r = block->first; r; r = r->next)
		fwt_ast_print_rule(out, r, depth + 1);
	indent(out, depth);
	putc('}', out);
}

static void print_statement(FILE *out, const struct fwt_rule *rule, unsigned int depth);

static void print_branches(FILE *out, const struct fwt_branch *b, bool weights,
			   unsigned int depth)
{
	fputs("{\n", out);
	for (; b; b = b->next) {
		indent(out, depth + 1);
		if (weights)
			fprintf(out, "%" PRIu64, b->weight);
		else if (b->is_default)
			fputs("default", out);
		else
			print_values(out, &b->values);
		fputs(" -> ", out);
		if (b->rule)
			print_statement(out, b->rule, depth + 1);
		putc('\n', out);
	}
	indent(out, depth);
	putc('}', out);
}

static void print_target(FILE *out, const char *word, const struct fwt_end *end)
{
	fprintf(out, "%s ", word);
	name(out, end->target.text);
}

static void print_end(FILE *out, const struct fwt_end *end, unsigned int depth)
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
		fputs("reject", out);
		if (end->reject.written && end->reject.with != FWT_REJECT_DEFAULT)
			fprintf(out, " with %s", fwt_reject_name(end->reject.with));
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
		print_block(out, &end->block, depth);
		break;
	case FWT_END_SELECT:
		fputs("select ", out);
		if (end->select->node.name.text)
			print_node(out, "node", &end->select->node);
		else
			print_fields(out, &end->select->fields);
		putc(' ', out);
		print_branches(out, end->select->branches, false, depth);
		break;
	case FWT_END_SPLIT:
		fprintf(out, "split %s", splits[end->split->kind]);
		if (end->split->keys.count) {
			print_fields(out, &end->split->keys);
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
	if (rule->id.text) {
		fputs(" id ", out);
		name(out, rule->id.text);
	}
	if (rule->comment.text) {
		fputs(" comment ", out);
		quoted(out, rule->comment.text);
	}
}

void fwt_ast_print_rule(FILE *out, const struct fwt_rule *rule, unsigned int depth)
{
	indent(out, depth);
	print_statement(out, rule, depth);
	putc('\n', out);
}

/* Declarations */

static void print_types(FILE *out, const struct fwt_set_type *types)
{
	uint32_t i;

	for (i = 0; i < types->count; i++)
		fprintf(out, "%s%s", i ? " . " : "", fwt_type_name(types->type[i]));
}

static void print_setting(FILE *out, const char *word, const struct fwt_value *v)
{
	if (!v)
		return;
	fprintf(out, "\t%s ", word);
	fwt_ast_print_value(out, v);
	putc('\n', out);
}

static void print_files(FILE *out, const struct fwt_path *f)
{
	for (; f; f = f->next) {
		fputs("\telements file ", out);
		quoted(out, f->path.text);
		putc('\n', out);
	}
}

static void print_set(FILE *out, const struct fwt_set *s)
{
	fputs("set ", out);
	name(out, s->name.text);
	fputs(" : ", out);
	print_types(out, &s->type);
	fputs(" {\n", out);
	print_setting(out, "timeout", s->timeout);
	print_setting(out, "max", s->max);
	if (s->interval)
		fputs("\tinterval\n", out);
	if (s->elements.count) {
		fputs("\telements = ", out);
		print_values(out, &s->elements);
		putc('\n', out);
	}
	print_files(out, s->files);
	fputs("}\n", out);
}

static void print_map(FILE *out, const struct fwt_map *m)
{
	const struct fwt_map_element *e;

	fputs("map ", out);
	name(out, m->name.text);
	fputs(" : ", out);
	print_types(out, &m->key);
	fputs(" -> ", out);
	print_types(out, &m->value);
	fputs(" {\n", out);
	print_setting(out, "timeout", m->timeout);
	print_setting(out, "max", m->max);
	if (m->interval)
		fputs("\tinterval\n", out);
	if (m->elements)
		fputs("\telements = {\n", out);
	for (e = m->elements; e; e = e->next) {
		fputs("\t\t", out);
		fwt_ast_print_value(out, e->key);
		fputs(" -> ", out);
		fwt_ast_print_value(out, e->value);
		fputs(e->next ? ",\n" : "\n\t}\n", out);
	}
	print_files(out, m->files);
	fputs("}\n", out);
}

static void print_pool(FILE *out, const struct fwt_pool *pool)
{
	const struct fwt_server *s;

	fputs("pool ", out);
	name(out, pool->name.text);
	fputs(" {\n", out);
	if (pool->scheduler_written)
		fprintf(out, "\tscheduler %s\n", fwt_scheduler_name(pool->scheduler));
	if (pool->health_passive)
		fputs("\thealth passive\n", out);
	for (s = pool->servers; s; s = s->next) {
		putc('\t', out);
		if (s->addr->kind == FWT_VALUE_IPV6 && !(s->addr->flags & FWT_VALUE_BRACKETED)) {
			putc('[', out);
			fwt_ast_print_value(out, s->addr);
			putc(']', out);
		} else {
			fwt_ast_print_value(out, s->addr);
		}
		if (s->port) {
			putc(':', out);
			fwt_ast_print_value(out, s->port);
		}
		if (s->weight_written)
			fprintf(out, " weight %" PRIu64, s->weight);
		putc('\n', out);
	}
	fputs("}\n", out);
}

static void print_option(FILE *out, const struct fwt_option *o)
{
	fprintf(out, "option %s ", o->name.text);
	if (o->state.text)
		fprintf(out, "%s ", o->state.text);
	fwt_ast_print_value(out, o->value);
	putc('\n', out);
}

static void print_hook(FILE *out, const struct fwt_hook *h)
{
	const struct fwt_value *v;

	fputs(h->egress ? "egress " : "ingress ", out);
	if (h->device)
		fputs("device ", out);
	for (v = h->devices.first; v; v = v->next) {
		fwt_ast_print_value(out, v);
		fputs(v->next ? ", " : " ", out);
	}
	print_block(out, &h->block, 0);
	putc('\n', out);
}

void fwt_ast_print(FILE *out, const struct fwt_policy_ast *ast)
{
	const struct fwt_option *o;
	const struct fwt_pool *p;
	const struct fwt_hook *h;
	const struct fwt_tree *t;
	const struct fwt_set *s;
	const struct fwt_map *m;

	for (o = ast->options; o; o = o->next)
		print_option(out, o);
	for (s = ast->sets; s; s = s->next)
		print_set(out, s);
	for (m = ast->maps; m; m = m->next)
		print_map(out, m);
	for (p = ast->pools; p; p = p->next)
		print_pool(out, p);
	for (h = ast->hooks; h; h = h->next)
		print_hook(out, h);
	for (t = ast->trees; t; t = t->next) {
		fputs("tree ", out);
		name(out, t->name.text);
		putc(' ', out);
		print_block(out, &t->block, 0);
		putc('\n', out);
	}
}
