// SPDX-License-Identifier: GPL-2.0
/*
 * A picture in graphviz' language: see graph.h. Boxes are tables, each row has a port, by
 * which its arrows leave.
 */
#include <inttypes.h>
#include <string.h>

#include "graph.h"
#include "source.h"

/* Letters of a line, and lines of a rule. What is longer is cut in its middle: how it
 * begins and what becomes of it is to be seen.
 */
#define LINE	68
#define LINES	3

static void escaped(FILE *out, const char *text, size_t len)
{
	size_t n;

	for (n = 0; n < len && text[n]; n++) {
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
}

/* How much of a text stands on a line: up to a blank, or up to a letter's end. */
static size_t line_of(const char *text)
{
	size_t len = strlen(text), n;

	if (len <= LINE)
		return len;
	for (n = LINE; n > LINE / 2 && text[n] != ' '; n--)
		;
	if (text[n] == ' ')
		return n;
	for (n = LINE; (text[n] & 0xc0) == 0x80; n--)
		;
	return n;
}

/* The begin of the last line of a text. */
static const char *last_line(const char *text)
{
	const char *at = text + strlen(text) - LINE, *blank = strchr(at, ' ');

	if (blank && blank[1])
		return blank + 1;
	while ((*at & 0xc0) == 0x80)
		at++;
	return at;
}

static void wrapped(FILE *out, const char *text)
{
	static const char newline[] = "<br align=\"left\"/>";
	size_t lines = 1, len;
	bool several = strlen(text) > LINE;

	while (*text) {
		len = line_of(text);
		if (lines == LINES && text[len]) {
			fputs("... ", out);
			text = last_line(text);
			len = strlen(text);
		}
		if (lines++ > 1)
			fputs("&nbsp;&nbsp;&nbsp;", out);
		escaped(out, text, len);
		if (several)
			fputs(newline, out);
		text += len;
		text += strspn(text, " ");
	}
}

static const char *colour(const struct fwt_graph_row *row)
{
	if (row->count != 1)
		return row->count ? "#f7f7f7" : "white";
	switch (row->first->end.kind) {
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

/* From 1 point, by the power of ten. */
static double width(uint64_t hits)
{
	double w = 1;

	for (; hits && hits != FWT_GRAPH_UNCOUNTED; hits /= 10)
		w += 0.7;
	return w > 8 ? 8 : w;
}

static const char *base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void place(FILE *out, const struct fwt_graph *g, const struct fwt_graph_row *row)
{
	fputs("<td align=\"right\" valign=\"top\"><font color=\"#888888\">", out);
	if (row->first->loc.file) {
		const char *name = base(g->ast->sources->source[row->first->loc.file]->name);

		escaped(out, name, strlen(name));
		putc(':', out);
	}
	fprintf(out, "%u", row->first->loc.line);
	if (row->count > 1 && row->last->loc.file == row->first->loc.file &&
	    row->last->loc.line != row->first->loc.line)
		fprintf(out, "-%u", row->last->loc.line);
	fputs("</font></td>", out);
}

/* Whose rules nothing has met is grey. */
static void put_row(FILE *out, const struct fwt_graph *g, const struct fwt_graph_row *row,
		    uint32_t n, bool rules)
{
	const char *italic = row->count > 1 ? "i" : NULL;
	bool idle = g->live && row->count && !row->hits;

	fputs("\t\t<tr>", out);
	if (rules)
		place(out, g, row);
	fprintf(out, "<td align=\"left\" balign=\"left\" bgcolor=\"%s\" port=\"r%u\">%s%s",
		colour(row), n, idle ? "<font color=\"#888888\">" : "", italic ? "<i>" : "");
	wrapped(out, row->text);
	fprintf(out, "%s%s</td>", italic ? "</i>" : "", idle ? "</font>" : "");
	if (g->live && rules) {
		fputs("<td align=\"right\" valign=\"top\">", out);
		if (row->hits == FWT_GRAPH_UNCOUNTED)
			fputs("-", out);
		else
			fprintf(out, "%" PRIu64, row->hits);
		fputs("</td>", out);
	}
	fputs("</tr>\n", out);
}

static void put_box(FILE *out, const struct fwt_graph *g, const struct fwt_graph_box *b,
		    uint32_t n)
{
	static const char *const fill[] = {
		[FWT_GRAPH_HOOK] = "#9fc5e8", [FWT_GRAPH_TREE] = "#cfe2f3",
		[FWT_GRAPH_BLOCK] = "#eeeeee", [FWT_GRAPH_SELECT] = "#eeeeee",
		[FWT_GRAPH_SPLIT] = "#eeeeee", [FWT_GRAPH_SET] = "#fff2cc",
		[FWT_GRAPH_MAP] = "#fff2cc", [FWT_GRAPH_POOL] = "#d9d2e9",
		[FWT_GRAPH_MISSING] = "#ff9999", [FWT_GRAPH_MORE] = "white",
	};
	bool rules = b->kind <= FWT_GRAPH_SPLIT;
	const struct fwt_graph_row *row = b->row.data;
	uint32_t i;

	fprintf(out, "\tb%u [label=<<table border=\"0\" cellborder=\"1\" cellspacing=\"0\">\n"
		"\t\t<tr><td bgcolor=\"%s\" colspan=\"%u\" port=\"top\"><b>", n, fill[b->kind],
		rules ? 2u + g->live : 1u);
	wrapped(out, b->title);
	fputs("</b></td></tr>\n", out);
	for (i = 0; i < b->row.count; i++)
		put_row(out, g, &row[i], i, rules);
	fputs("\t\t</table>>];\n", out);
}

static void put_arrow(FILE *out, const struct fwt_graph *g, const struct fwt_graph_arrow *a)
{
	static const char *const look[] = {
		[FWT_GRAPH_GOTO] = "style=solid", [FWT_GRAPH_CALL] = "style=dashed",
		[FWT_GRAPH_BELOW] = "style=dashed",
		[FWT_GRAPH_ASKS] = "style=dotted, arrowhead=none, color=\"#888888\"",
		[FWT_GRAPH_CHANGES] = "style=dotted, arrowhead=vee, color=\"#888888\"",
	};
	bool counted = g->live && a->lead <= FWT_GRAPH_BELOW;

	fprintf(out, "\tb%u:r%u:e -> b%u:top:w [%s", a->from, a->row, a->to, look[a->lead]);
	if (counted)
		fprintf(out, ", penwidth=%.1f%s", width(a->hits), a->hits ? "" : ", color=gray");
	fputs("];\n", out);
}

void fwt_graph_dot(const struct fwt_graph *g, FILE *out)
{
	const struct fwt_graph_arrow *a = g->arrow.data;
	const struct fwt_graph_box *b = g->box.data;
	uint32_t i, hooks = 0;

	fputs("digraph policy {\n"
	      "\trankdir=LR;\n"
	      "\tranksep=0.8;\n"
	      "\tnode [shape=plaintext, fontname=\"sans-serif\", fontsize=11];\n"
	      "\tedge [color=\"#444444\"];\n", out);
	for (i = 0; i < g->box.count; i++)
		put_box(out, g, &b[i], i);
	/* Below one another, as a packet meets them. */
	while (hooks < g->box.count && b[hooks].kind == FWT_GRAPH_HOOK)
		hooks++;
	for (i = 0; i + 1 < hooks; i++)
		fprintf(out, "\t%sb%u -> b%u [style=invis];%s\n", i ? "" : "{ rank=same; ", i,
			i + 1, i + 2 == hooks ? " }" : "");
	for (i = 0; i < g->arrow.count; i++)
		put_arrow(out, g, &a[i]);
	fputs("}\n", out);
}
