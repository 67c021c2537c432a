// SPDX-License-Identifier: GPL-2.0
/* stats: everything that is counted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program_view.h"
#include "stats_limits.h"

static void print_verdicts(const struct fwt_nl_stats *s)
{
	out_object("verdicts");
	out_text("verdicts (packets)\n");
	out_line_num("accept", "accept", OUT_COUNT, s->verdict[FWTREE_VERDICT_ACCEPT]);
	out_line_num("drop", "drop", OUT_COUNT, s->verdict[FWTREE_VERDICT_DROP]);
	out_line_num("reject", "reject", OUT_COUNT, s->verdict[FWTREE_VERDICT_REJECT]);
	out_end();
}

/* In JSON all of them, for people those that are not 0. */
static void print_reasons(const struct fwt_nl_stats *s)
{
	static const char *const head[] = {
		"\nwhat else happened\n", "\nwhy packets were dropped\n"
	};
	const struct fwt_nl_reason *r;
	char value[OUT_HUMAN];
	size_t i;
	int drop;
	bool any;

	out_object("reasons");
	for (drop = 1; drop >= 0; drop--) {
		any = false;
		for (i = 0; i < s->n_reasons; i++) {
			r = &s->reason[i];
			if (r->drop != drop)
				continue;
			out_object(r->name);
			out_num("value", r->value);
			out_str("unit", r->unit);
			out_str("doc", r->doc);
			out_end();
			if (!r->value)
				continue;
			if (!any)
				out_text("%s", head[drop]);
			any = true;
			out_human(value, sizeof(value), OUT_COUNT, r->value);
			out_text("  %-16s %s %s: %s\n", r->name, value, r->unit,
				 r->doc);
		}
	}
	out_end();
}

static void print_counters(const struct fwt_nl_counters *c)
{
	static const struct out_column columns[] = {
		{ "COUNTER", false }, { "PACKETS", true }, { "BYTES", true },
	};
	size_t i;

	if (out_is_json()) {
		out_object("counters");
		for (i = 0; i < c->count; i++) {
			out_object(c->counter[i].name);
			out_num("packets", c->counter[i].packets);
			out_num("bytes", c->counter[i].bytes);
			out_end();
		}
		out_end();
		return;
	}
	if (!c->count)
		return;
	out_text("\n");
	out_table(NULL, columns, 3);
	for (i = 0; i < c->count; i++) {
		out_row();
		out_cell_str(NULL, c->counter[i].name);
		out_cell_num(NULL, OUT_COUNT, c->counter[i].packets);
		out_cell_num(NULL, OUT_BYTES, c->counter[i].bytes);
		out_row_end();
	}
	out_table_end();
}

static void print_rules(struct fwt_nl_rules *r, const struct view *v)
{
	static const struct out_column columns[] = {
		{ "HITS", true }, { "PACKETS", true }, { "BYTES", true },
		{ "HOOK", false }, { "PLACE", false }, { "RULE", false },
	};
	bool known = v->prog.hdr && view_sort(v, r);
	char *text, hooks[100] = "";
	uint32_t told = 0;
	size_t i;

	if (r->count)
		out_text("\n");
	else if (!out_is_json())
		return;
	out_table("rules", columns, 6);
	for (i = 0; i < r->count; i++) {
		const struct fwt_nl_rule *n = &r->rule[i];

		text = known ? view_rule_text(v, n->index) : NULL;
		/* Mostly those of the rule before. */
		if (!i || n->hooks != told)
			fwctl_hooks(hooks, sizeof(hooks), n->hooks);
		told = n->hooks;
		out_row();
		out_cell_num("hits", OUT_COUNT, n->hits);
		out_cell_num("packets", OUT_COUNT, n->packets);
		out_cell_num("bytes", OUT_BYTES, n->bytes);
		out_cell_str("hook", hooks);
		if (out_is_json()) {
			out_str("tree", n->tree);
			out_str("id", n->id);
			out_str("file", n->file);
			out_num("line", n->line);
			out_str("text", text);
		}
		out_cell_text("%s:%u", n->file, n->line);
		if (n->id)
			out_cell_text("[%s] %s", n->id, text ? text : "");
		else
			out_cell_text("%s", text ? text : "");
		free(text);
		out_row_end();
	}
	out_table_end();
}

/* Why connections ended: in JSON all reasons, for people those that happened. */
static void print_ended_by(const struct fwt_nl_stats *s)
{
	const struct fwt_nl_reason *r;
	char value[OUT_HUMAN];
	size_t i;

	out_object("ended_by");
	for (i = 0; i < s->n_ended_by; i++) {
		r = &s->ended_by[i];
		out_object(r->name);
		out_num("value", r->value);
		out_str("unit", r->unit);
		out_str("doc", r->doc);
		out_end();
		if (!r->value)
			continue;
		out_human(value, sizeof(value), OUT_COUNT, r->value);
		out_text("    %-14s %s: %s\n", r->name, value, r->doc);
	}
	out_end();
}

static void print_figures(const struct fwt_nl_stats *s)
{
	out_object("connections");
	out_text("\nconnections\n");
	out_line_num("count", "count", OUT_COUNT, s->conn_count);
	out_line_num("max", "max", OUT_PLAIN, s->conn_max);
	out_line_num("created", "created", OUT_COUNT, s->conn_created);
	out_line_num("ended", "ended", OUT_COUNT, s->conn_ended);
	print_ended_by(s);
	out_line_num("memory", "memory", OUT_BYTES, s->conn_memory);
	out_line_num("hash", "hash_memory", OUT_BYTES, s->conn_hash);
	out_line_num("longest chain", "chain", OUT_PLAIN, s->conn_chain);
	out_line_num("timeouts in %", "timeouts_percent", OUT_PLAIN, s->conn_timeouts);
	out_end();
	if (!s->has_program) {
		out_null("program");
		out_text("\nno policy is in force\n");
		return;
	}
	out_object("program");
	out_text("\nprogram\n");
	out_line_num("rules", "rules", OUT_PLAIN, s->rules);
	out_line_num("nodes", "nodes", OUT_PLAIN, s->nodes);
	out_line_num("memory", "bytes", OUT_BYTES, s->bytes);
	out_line_num("depth of calls", "depth", OUT_PLAIN, s->depth);
	out_line_num("steps at most", "steps_max", OUT_PLAIN, s->steps_max);
	out_end();
}

int cmd_stats(struct fwctl *ctl, int argc, char **argv)
{
	bool quotas = argc && !strcmp(argv[0], "--reset-quotas");
	bool reset = quotas || (argc && !strcmp(argv[0], "--reset"));
	struct fwt_nl_counters counters = { 0 };
	struct fwt_nl_limits limits = { 0 };
	struct fwt_nl_rules rules = { 0 };
	struct fwt_nl_stats stats;
	struct view v = { 0 };
	struct fwt_nl nl;
	int ret;

	if (argc && !reset)
		return fwctl_usage(ctl, NULL, "stats: did not understand '%s'", argv[0]);
	ret = fwctl_open(ctl, &nl);
	if (ret)
		return ret;
	if (fwt_nl_stats_get(&nl, &stats))
		return fwctl_refused(&nl);
	if (fwt_nl_counters_get(&nl, &counters)) {
		ret = fwctl_refused(&nl);
		goto out;
	}
	/* What is there at once is shown at once: rules may be a million. */
	out_object(NULL);
	out_num("generation", stats.generation);
	out_text("generation %u\n\n", stats.generation);
	print_verdicts(&stats);
	print_reasons(&stats);
	print_counters(&counters);
	out_flush();
	/* The rules' texts are a comfort: without a program, or one of another
	 * generation, there are none.
	 */
	if (stats.has_program)
		ret = view_fetch_any(&v, &nl);
	if (ret)
		goto out;
	if (fwt_nl_rules_get(&nl, &rules) || fwt_nl_limits_get(&nl, &limits)) {
		ret = fwctl_refused(&nl);
		goto out;
	}
	print_rules(&rules, &v);
	print_limits(&limits, &rules);
	print_figures(&stats);
	out_end();
	/* What nobody could read is not forgotten. */
	if (reset && !out_flush())
		ret = FWCTL_FAILED;
	else if (reset && fwt_nl_stats_reset(&nl, quotas))
		ret = fwctl_refused(&nl);
	fwt_nl_close(&nl);
out:
	fwt_nl_counters_clean(&counters);
	fwt_nl_rules_clean(&rules);
	fwt_nl_limits_clean(&limits);
	fwt_nl_stats_clean(&stats);
	view_clean(&v);
	return ret;
}
