// SPDX-License-Identifier: GPL-2.0
/*
 * Pictures.
 *
 * Tables stand in the file before the arrows between them; each rule that leads
 * somewhere has a port, by which its arrow leaves.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ast.h"
#include "graph.h"

#define TEXT_MAX	76	/* letters of a rule */

/**
 * struct drawing - at work
 * @arrows: DOT of them, kept back
 * @boxes: tables made so far
 */
struct drawing {
	const struct fwt_policy_ast *ast;
	const struct fwt_graph_opts *opts;
	FILE *out;
	FILE *arrows;
	unsigned int boxes;
	bool failed;
};

static void rows(struct drawing *d, FILE *to, const char *box, const struct fwt_rule *rule);

/* What a table's cell, and a quoted name, may hold. */
static void escaped(FILE *out, const char *text, size_t most)
{
	size_t n;

	for (n = 0; n < most && text[n]; n++) {
		switch (text[n]) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			if ((unsigned char)text[n] >= ' ')
				putc(text[n], out);
		}
	}
	/* Not within a letter of several bytes. */
	while ((text[n] & 0xc0) == 0x80)
		putc(text[n++], out);
	if (text[n])
		fputs("...", out);
}

/* A node's name: letters alone, so that two names never meet. */
static const char *tree_node(const char *name, char *buf, size_t size)
{
	size_t at = (size_t)snprintf(buf, size, "tree_");

	for (; *name && at + 4 < size; name++)
		if ((*name >= 'a' && *name <= 'z') || (*name >= '0' && *name <= '9'))
			buf[at++] = *name;
		else
			at += (size_t)snprintf(buf + at, size - at, "_%02x",
					       (unsigned char)*name);
	buf[at] = 0;
	return buf;
}

static const char *colour(enum fwt_end_kind end)
{
	switch (end) {
	case FWT_END_ACCEPT:
		return "#d5efd0";
	case FWT_END_DROP:
		return "#f4cccc";
	case FWT_END_REJECT:
		return "#fbe0c0";
	case FWT_END_QUEUE:
		return "#e4d8f0";
	default:
		return "white";
	}
}

static uint64_t hits_of(const struct drawing *d, const struct fwt_rule *r)
{
	return d->opts && d->opts->hits ? d->opts->hits(d->opts->ctx, r) : 0;
}

/* By the power of ten: from 1 to 8 points. */
static double width_of(uint64_t hits)
{
	double width = 1;

	for (; hits; hits /= 10)
		width += 0.7;
	return width > 8 ? 8 : width;
}

static void hits_cell(const struct drawing *d, FILE *to, uint64_t hits)
{
	if (d->opts && d->opts->hits)
		fprintf(to, "<td align=\"right\">%" PRIu64 "</td>", hits);
}

static void arrow_look(const struct drawing *d, const struct fwt_rule *r, bool back)
{
	bool live = d->opts && d->opts->hits;
	uint64_t hits = hits_of(d, r);

	fprintf(d->arrows, " [%s", back ? "style=dashed, " : "");
	if (live)
		fprintf(d->arrows, "penwidth=%.1f%s", width_of(hits),
			hits ? "" : ", color=gray");
	else
		fputs("penwidth=1", d->arrows);
	fputs("];\n", d->arrows);
}

static void begin_box(FILE *to, const char *box, const char *title, size_t most,
		      const char *fill)
{
	fprintf(to, "\t%s [label=<<table border=\"0\" cellborder=\"1\" cellspacing=\"0\">\n"
		"\t\t<tr><td bgcolor=\"%s\" colspan=\"2\" port=\"top\"><b>", box, fill);
	escaped(to, title, most);
	fputs("</b></td></tr>\n", to);
}

static void end_box(FILE *to)
{
	fputs("\t\t</table>>];\n", to);
}

static void head_of(const struct drawing *d, const struct fwt_rule *r, char *buf, size_t size)
{
	fwt_ast_rule_text(d->ast, r, buf, size);
	if (!buf[0])
		snprintf(buf, size, "{ }");
}

/* Decides, and leads nowhere else. */
static bool plain(const struct fwt_rule *r)
{
	return r->end.kind == FWT_END_ACCEPT || r->end.kind == FWT_END_DROP ||
	       r->end.kind == FWT_END_REJECT || r->end.kind == FWT_END_NONE ||
	       r->end.kind == FWT_END_QUEUE || r->end.kind == FWT_END_RETURN;
}

static void run_row(const struct drawing *d, FILE *to, const struct fwt_rule *first,
		    unsigned int count)
{
	unsigned int n[FWT_END_SPLIT + 1] = { 0 }, i;
	const struct fwt_rule *r = first, *last = first;
	const char *sign = "";
	uint64_t hits = 0;

	for (i = 0; i < count; i++, r = r->next) {
		n[r->end.kind]++;
		hits += hits_of(d, r);
		last = r;
	}
	fprintf(to, "\t\t<tr><td align=\"left\"><i>%u rules, lines %u to %u:", count,
		first->loc.line, last->loc.line);
	for (i = 0; i <= FWT_END_SPLIT; i++) {
		static const char *const word[FWT_END_SPLIT + 1] = {
			[FWT_END_ACCEPT] = "accept", [FWT_END_DROP] = "drop",
			[FWT_END_REJECT] = "reject", [FWT_END_QUEUE] = "queue",
			[FWT_END_RETURN] = "return", [FWT_END_NONE] = "go on",
		};

		if (!n[i] || !word[i])
			continue;
		fprintf(to, "%s %u %s", sign, n[i], word[i]);
		sign = ",";
	}
	fputs("</i></td>", to);
	hits_cell(d, to, hits);
	fputs("</tr>\n", to);
}

/* The table of what a rule has in braces, and the arrow to it. */
static void below(struct drawing *d, const struct fwt_rule *r, const char *from)
{
	const struct fwt_branch *b = NULL;
	size_t size;
	char *text;
	FILE *to = open_memstream(&text, &size);
	char head[400], box[32];

	if (!to) {
		d->failed = true;
		return;
	}
	head_of(d, r, head, sizeof(head));
	if (r->end.kind == FWT_END_SELECT)
		b = r->end.select->branches;
	else if (r->end.kind == FWT_END_SPLIT)
		b = r->end.split->branches;
	snprintf(box, sizeof(box), "box%u", d->boxes++);
	begin_box(to, box, head, TEXT_MAX, "#eeeeee");
	if (r->end.kind == FWT_END_BLOCK)
		rows(d, to, box, r->end.block.first);
	for (; b; b = b->next)
		rows(d, to, box, b->rule);
	end_box(to);
	if (fclose(to))
		d->failed = true;
	else
		fputs(text, d->out);
	free(text);
	fprintf(d->arrows, "\t%s:r%u_%u:e -> %s:top", from, r->loc.file,
		r->text.start, box);
	arrow_look(d, r, true);
}

/* Its place in the text makes its port: a branch's rule stands alone. */
static void row(struct drawing *d, FILE *to, const char *box, const struct fwt_rule *r)
{
	char text[400], tree[1100];
	const struct fwt_branch *b;

	head_of(d, r, text, sizeof(text));
	fprintf(to, "\t\t<tr><td align=\"left\" bgcolor=\"%s\" port=\"r%u_%u\">",
		colour(r->end.kind), r->loc.file, r->text.start);
	escaped(to, text, TEXT_MAX);
	fputs("</td>", to);
	hits_cell(d, to, hits_of(d, r));
	fputs("</tr>\n", to);
	switch (r->end.kind) {
	case FWT_END_GOTO:
	case FWT_END_CALL:
		fprintf(d->arrows, "\t%s:r%u_%u:e -> %s:top", box, r->loc.file,
			r->text.start, tree_node(r->end.target.text ? r->end.target.text : "?",
						 tree, sizeof(tree)));
		arrow_look(d, r, r->end.kind == FWT_END_CALL);
		break;
	case FWT_END_SELECT:
		if (!r->end.select->map.text) {
			below(d, r, box);
			break;
		}
		for (b = r->end.select->branches; b; b = b->next) {
			fprintf(d->arrows, "\t%s:r%u_%u:e -> %s:top", box, r->loc.file,
				r->text.start, tree_node(b->rule->end.target.text, tree,
							 sizeof(tree)));
			arrow_look(d, r, r->end.select->call);
		}
		break;
	case FWT_END_BLOCK:
	case FWT_END_SPLIT:
		below(d, r, box);
		break;
	default:
		break;
	}
}

static void rows(struct drawing *d, FILE *to, const char *box, const struct fwt_rule *rule)
{
	unsigned int run;
	const struct fwt_rule *r;

	while (rule) {
		for (run = 0, r = rule; r && plain(r); r = r->next)
			run++;
		if (run > FWT_GRAPH_RUN) {
			run_row(d, to, rule, run);
			rule = r;
			continue;
		}
		row(d, to, box, rule);
		rule = rule->next;
	}
}

static void whole(struct drawing *d, const char *title, const struct fwt_block *block,
		  const char *tree)
{
	size_t size;
	char *text;
	FILE *to = open_memstream(&text, &size);
	char box[1100];

	if (!to) {
		d->failed = true;
		return;
	}
	if (tree)
		tree_node(tree, box, sizeof(box));
	else
		snprintf(box, sizeof(box), "box%u", d->boxes++);
	begin_box(to, box, title, 200, tree ? "#cfe2f3" : "#9fc5e8");
	rows(d, to, box, block->first);
	end_box(to);
	if (fclose(to))
		d->failed = true;
	else
		fputs(text, d->out);
	free(text);
}

static void hook_title(const struct fwt_ast_hook *h, char *buf, size_t size)
{
	const struct fwt_value *v;
	size_t len;

	snprintf(buf, size, "%s%s", h->egress ? "egress" : "ingress", h->device ? " device" : "");
	for (v = h->device ? h->devices.first : NULL; v; v = v->next) {
		len = strlen(buf);
		snprintf(buf + len, size - len, "%s %s", v == h->devices.first ? "" : ",",
			 v->text ? v->text : "?");
	}
}

void fwt_graph(const struct fwt_policy_ast *ast, const struct fwt_graph_opts *opts, FILE *out)
{
	struct drawing d = { .ast = ast, .opts = opts, .out = out };
	const struct fwt_ast_hook *h;
	const struct fwt_tree *t;
	char *arrows, title[400];
	size_t size;

	d.arrows = open_memstream(&arrows, &size);
	if (!d.arrows)
		return;
	fputs("digraph policy {\n"
	      "\trankdir=LR;\n"
	      "\tnode [shape=plaintext, fontname=\"sans-serif\", fontsize=11];\n"
	      "\tedge [color=\"#444444\"];\n", out);
	for (h = ast->hooks; h; h = h->next) {
		hook_title(h, title, sizeof(title));
		whole(&d, title, &h->block, NULL);
	}
	for (t = ast->trees; t; t = t->next) {
		snprintf(title, sizeof(title), "tree %s", t->name.text);
		whole(&d, title, &t->block, t->name.text);
	}
	if (!fclose(d.arrows))
		fputs(arrows, out);
	free(arrows);
	fputs("}\n", out);
}
