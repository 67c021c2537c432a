// SPDX-License-Identifier: GPL-2.0
/* stats: limits, quotas and splits by turns. */
#include <stdio.h>
#include <string.h>

#include "stats_limits.h"

static const struct fwt_nl_rule *rule_of(const struct fwt_nl_rules *r, uint32_t index)
{
	size_t i;

	for (i = 0; i < r->count; i++)
		if (r->rule[i].index == index)
			return &r->rule[i];
	return NULL;
}

static const char *unit_of(uint32_t per)
{
	return per == 1 ? "second" : per == 60 ? "minute" : per == 3600 ? "hour" : "day";
}

/* Where it stands: JSON has the rule's id, file and line, text the last columns. */
static void print_place(const struct fwt_nl_rule *r)
{
	if (out_is_json()) {
		out_str("id", r ? r->id : NULL);
		out_str("file", r ? r->file : NULL);
		if (r)
			out_num("line", r->line);
		else
			out_null("line");
		return;
	}
	if (r)
		out_cell_text("%s:%u", r->file, r->line);
	else
		out_cell_text("%s", "");
	out_cell_text("%s", r && r->id ? r->id : "");
}

static void print_limit(const struct fwt_nl_limit *l, const struct fwt_nl_rule *r)
{
	char number[OUT_HUMAN];

	out_row();
	if (out_is_json()) {
		out_num("rate", l->rate);
		out_num("per", l->per);
		out_num("burst", l->burst);
		out_str("unit", l->bytes ? "bytes" : "packets");
		if (l->keyed) {
			out_null("tokens");
			out_num("keys", l->keys);
			out_num("keys_max", l->keys_max);
			out_num("evicted", l->evicted);
		} else {
			out_num("tokens", l->tokens);
		}
		out_num("passed", l->passed);
		out_num("over", l->over);
		out_num("memory", l->memory);
		print_place(r);
		out_row_end();
		return;
	}
	out_cell_text("%s/%s", out_human(number, sizeof(number), l->bytes ? OUT_BYTES : OUT_COUNT,
					 l->rate), unit_of(l->per));
	out_cell_num(NULL, l->bytes ? OUT_BYTES : OUT_COUNT, l->burst);
	if (l->keyed)
		out_cell_text("%s", "");
	else
		out_cell_num(NULL, l->bytes ? OUT_BYTES : OUT_COUNT, l->tokens);
	if (l->keyed)
		out_cell_num(NULL, OUT_COUNT, l->keys);
	else
		out_cell_text("%s", "");
	if (l->keyed)
		out_cell_num(NULL, OUT_COUNT, l->evicted);
	else
		out_cell_text("%s", "");
	out_cell_num(NULL, OUT_COUNT, l->passed);
	out_cell_num(NULL, OUT_COUNT, l->over);
	print_place(r);
	out_row_end();
}

static void print_quota(const struct fwt_nl_limit *l, const struct fwt_nl_rule *r)
{
	out_row();
	out_cell_num("size", OUT_BYTES, l->quota);
	out_cell_num("used", OUT_BYTES, l->used);
	out_cell_num("passed", OUT_COUNT, l->passed);
	out_cell_num("over", OUT_COUNT, l->over);
	print_place(r);
	out_row_end();
}

static void print_split(const struct fwt_nl_limit *l, const struct fwt_nl_rule *r)
{
	out_row();
	out_cell_num("turn", OUT_PLAIN, l->turn);
	out_cell_num("turns", OUT_PLAIN, l->turns);
	print_place(r);
	out_row_end();
}

void print_limits(const struct fwt_nl_limits *all, const struct fwt_nl_rules *rules)
{
	static const struct out_column limits[] = {
		{ "LIMIT", true }, { "BURST", true }, { "TOKENS", true }, { "KEYS", true },
		{ "EVICTED", true }, { "PASSED", true }, { "OVER", true }, { "PLACE", false },
		{ "RULE", false },
	};
	static const struct out_column quotas[] = {
		{ "QUOTA", true }, { "USED", true }, { "PASSED", true }, { "OVER", true },
		{ "PLACE", false }, { "RULE", false },
	};
	static const struct out_column splits[] = {
		{ "TURN", true }, { "OF", true }, { "PLACE", false }, { "RULE", false },
	};
	static const struct {
		uint32_t kind;
		const char *key;
		const struct out_column *columns;
		size_t n;
		void (*print)(const struct fwt_nl_limit *l, const struct fwt_nl_rule *r);
	} part[] = {
		{ FWTREE_LIMIT_KIND_RATE, "limits", limits, 9, print_limit },
		{ FWTREE_LIMIT_KIND_QUOTA, "quotas", quotas, 6, print_quota },
		{ FWTREE_LIMIT_KIND_SPLIT, "splits", splits, 4, print_split },
	};
	size_t i, k, n;

	for (k = 0; k < sizeof(part) / sizeof(part[0]); k++) {
		for (n = 0, i = 0; i < all->count; i++)
			n += all->limit[i].kind == part[k].kind;
		if (!n && !out_is_json())
			continue;
		out_text("\n");
		out_table(part[k].key, part[k].columns, part[k].n);
		for (i = 0; i < all->count; i++)
			if (all->limit[i].kind == part[k].kind)
				part[k].print(&all->limit[i],
					      rule_of(rules, all->limit[i].rule));
		out_table_end();
	}
}
