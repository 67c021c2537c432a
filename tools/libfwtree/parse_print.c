// SPDX-License-Identifier: GPL-2.0
/*
 * The tree as text: the canonical form, which reads back as the same tree.
 */
#include <inttypes.h>

#include "parse_print.h"
#include "source.h"

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

static void print_set(FILE *out, const struct fwt_set *s)
{
	if (s->resolvers)
		return;
	fputs("set ", out);
	fwt_print_name(out, s->name.text);
	fputs(" : ", out);
	print_types(out, &s->type);
	fputs(" {\n", out);
	print_setting(out, "timeout", s->timeout);
	print_setting(out, "max", s->max);
	if (s->interval)
		fputs("\tinterval\n", out);
	if (s->elements.count) {
		fputs("\telements = ", out);
		fwt_print_values(out, &s->elements);
		putc('\n', out);
	}
	if (s->names.count) {
		fputs("\telements = ", out);
		fwt_print_values(out, &s->names);
		putc('\n', out);
	}
	fputs("}\n", out);
}

void fwt_ast_print_defines(FILE *out, const struct fwt_policy_ast *ast,
			   bool (*constant)(const struct fwt_value *v))
{
	const struct fwt_define *d;
	const struct fwt_value *v;
	const struct fwt_set *s;
	bool any, late = false;
	uint32_t i;

	for (d = ast->defines; d; d = d->next) {
		fputs("define ", out);
		fwt_print_name(out, d->name.text);
		fputs(" = ", out);
		fwt_print_values(out, &d->values);
		if (d->late)
			fprintf(out, " " FWT_LATE "%u:%u", d->name.loc.file, d->name.loc.line);
		putc('\n', out);
		late |= d->late;
	}
	for (i = 1; late && i < ast->sources->count; i++)
		fprintf(out, FWT_FILE "%u %u:%u\n", i, ast->sources->source[i]->included.file,
			ast->sources->source[i]->included.line);
	for (s = ast->sets; s; s = s->next) {
		if (s->resolvers)
			continue;
		fputs("set ", out);
		fwt_print_name(out, s->name.text);
		fputs(" : ", out);
		print_types(out, &s->type);
		fputs(" {", out);
		for (any = false, v = s->elements.first; v; v = v->next) {
			if (constant(v))
				continue;
			fputs(any ? ", " : " elements = { ", out);
			fwt_ast_print_value(out, v);
			any = true;
		}
		fputs(any ? " } }\n" : " }\n", out);
	}
}

static void print_map(FILE *out, const struct fwt_map *m)
{
	const struct fwt_map_element *e;

	fputs("map ", out);
	fwt_print_name(out, m->name.text);
	fputs(" : ", out);
	print_types(out, &m->key);
	fputs(" -> ", out);
	print_types(out, &m->value);
	fputs(" {\n", out);
	print_setting(out, "timeout", m->timeout);
	print_setting(out, "max", m->max);
	if (m->interval)
		fputs("\tinterval\n", out);
	if (m->trees.count) {
		fputs("\ttrees = ", out);
		fwt_print_values(out, &m->trees);
		putc('\n', out);
	}
	if (m->elements)
		fputs("\telements = {\n", out);
	for (e = m->elements; e; e = e->next) {
		fputs("\t\t", out);
		fwt_ast_print_value(out, e->key);
		fputs(" -> ", out);
		fwt_ast_print_value(out, e->value);
		fputs(e->next ? ",\n" : "\n\t}\n", out);
	}
	fputs("}\n", out);
}

void fwt_print_server(FILE *out, const struct fwt_server *s)
{
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
}

static void print_pool(FILE *out, const struct fwt_pool *pool)
{
	const struct fwt_server *s;

	fputs("pool ", out);
	fwt_print_name(out, pool->name.text);
	fputs(" {\n", out);
	if (pool->scheduler_written)
		fprintf(out, "\tscheduler %s\n", fwt_scheduler_name(pool->scheduler));
	if (pool->health_passive)
		fputs("\thealth passive\n", out);
	for (s = pool->servers; s; s = s->next) {
		putc('\t', out);
		fwt_print_server(out, s);
		putc('\n', out);
	}
	fputs("}\n", out);
}

static void print_option(FILE *out, const struct fwt_ast_option *o)
{
	fprintf(out, "option %s ", o->name.text);
	if (o->state.text)
		fprintf(out, "%s ", o->state.text);
	fwt_ast_print_value(out, o->value);
	putc('\n', out);
}

static void print_hook(FILE *out, const struct fwt_ast_hook *h)
{
	const struct fwt_value *v;

	fputs(h->egress ? "egress " : "ingress ", out);
	if (h->device)
		fputs("device ", out);
	for (v = h->devices.first; v; v = v->next) {
		fwt_ast_print_value(out, v);
		fputs(v->next ? ", " : " ", out);
	}
	fwt_print_block(out, &h->block, 0);
	putc('\n', out);
}

void fwt_ast_print(FILE *out, const struct fwt_policy_ast *ast)
{
	const struct fwt_ast_option *o;
	const struct fwt_pool *p;
	const struct fwt_ast_hook *h;
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
		fwt_print_name(out, t->name.text);
		putc(' ', out);
		fwt_print_block(out, &t->block, 0);
		putc('\n', out);
	}
}
