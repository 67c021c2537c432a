// SPDX-License-Identifier: GPL-2.0
/* Counters: verdicts and reasons, rules, and those that the policy names. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/genetlink.h>

#include "arena.h"
#include "nl_priv.h"

static int add_reason(struct fwt_nl_reason **list, size_t *size, size_t *n,
		      const struct nlattr *nest)
{
	const struct nlattr *tb[FWTREE_A_REASON_MAX + 1];
	struct fwt_nl_reason *r;

	if (fwt_nl_grow((void **)list, size, *n, sizeof(*r)))
		return -ENOMEM;
	fwt_nl_parse_nest(nest, tb, FWTREE_A_REASON_MAX);
	r = &(*list)[(*n)++];
	r->id = fwt_nl_u32(tb[FWTREE_A_REASON_ID]);
	r->drop = fwt_nl_u8(tb[FWTREE_A_REASON_DROP]);
	r->name = fwt_nl_dup(tb[FWTREE_A_REASON_NAME]);
	r->unit = fwt_nl_dup(tb[FWTREE_A_REASON_UNIT]);
	r->doc = fwt_nl_dup(tb[FWTREE_A_REASON_DOC]);
	r->value = fwt_nl_u64(tb[FWTREE_A_REASON_VALUE]);
	return r->name && r->unit && r->doc ? 0 : -ENOMEM;
}

static int stats_answer(void *ctx, const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[FWTREE_A_STATS_MAX + 1], *a;
	const struct nlattr *c[FWTREE_A_STATS_CONNS_MAX + 1];
	const struct nlattr *p[FWTREE_A_STATS_PROGRAM_MAX + 1];
	struct fwt_nl_stats *s = ctx;
	size_t size = 0, by_size = 0;
	int ret;

	fwt_nl_parse(nlh, tb, FWTREE_A_STATS_MAX);
	s->generation = fwt_nl_u32(tb[FWTREE_A_STATS_GENERATION]);
	s->verdict[FWTREE_VERDICT_ACCEPT] = fwt_nl_u64(tb[FWTREE_A_STATS_ACCEPT]);
	s->verdict[FWTREE_VERDICT_DROP] = fwt_nl_u64(tb[FWTREE_A_STATS_DROP]);
	s->verdict[FWTREE_VERDICT_REJECT] = fwt_nl_u64(tb[FWTREE_A_STATS_REJECT]);

	fwt_nl_parse_nest(tb[FWTREE_A_STATS_CONNECTIONS], c,
			  FWTREE_A_STATS_CONNS_MAX);
	s->conn_count = fwt_nl_u32(c[FWTREE_A_STATS_CONNS_COUNT]);
	s->conn_max = fwt_nl_u32(c[FWTREE_A_STATS_CONNS_LIMIT]);
	s->conn_created = fwt_nl_u64(c[FWTREE_A_STATS_CONNS_CREATED]);
	s->conn_ended = fwt_nl_u64(c[FWTREE_A_STATS_CONNS_ENDED]);
	s->conn_memory = fwt_nl_u64(c[FWTREE_A_STATS_CONNS_MEMORY]);
	s->conn_timeouts = fwt_nl_u32(c[FWTREE_A_STATS_CONNS_TIMEOUTS]);
	s->conn_hash = fwt_nl_u64(c[FWTREE_A_STATS_CONNS_HASH_MEMORY]);
	s->conn_chain = fwt_nl_u32(c[FWTREE_A_STATS_CONNS_CHAIN]);

	s->has_program = tb[FWTREE_A_STATS_PROGRAM];
	fwt_nl_parse_nest(tb[FWTREE_A_STATS_PROGRAM], p,
			  FWTREE_A_STATS_PROGRAM_MAX);
	s->rules = fwt_nl_u32(p[FWTREE_A_STATS_PROGRAM_RULES]);
	s->nodes = fwt_nl_u32(p[FWTREE_A_STATS_PROGRAM_NODES]);
	s->bytes = fwt_nl_u64(p[FWTREE_A_STATS_PROGRAM_BYTES]);
	s->depth = fwt_nl_u32(p[FWTREE_A_STATS_PROGRAM_DEPTH]);
	s->steps_max = fwt_nl_u32(p[FWTREE_A_STATS_PROGRAM_STEPS_MAX]);

	mnl_attr_for_each(a, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(a) != FWTREE_A_STATS_REASON)
			continue;
		ret = add_reason(&s->reason, &size, &s->n_reasons, a);
		if (ret)
			return ret;
	}
	if (!tb[FWTREE_A_STATS_CONNECTIONS])
		return 0;
	mnl_attr_for_each_nested(a, tb[FWTREE_A_STATS_CONNECTIONS]) {
		if (mnl_attr_get_type(a) != FWTREE_A_STATS_CONNS_ENDED_BY)
			continue;
		ret = add_reason(&s->ended_by, &by_size, &s->n_ended_by, a);
		if (ret)
			return ret;
	}
	return 0;
}

int fwt_nl_stats_get(struct fwt_nl *nl, struct fwt_nl_stats *s)
{
	int ret;

	memset(s, 0, sizeof(*s));
	ret = fwt_nl_talk(nl, fwt_nl_request(nl, FWTREE_CMD_STATS_GET, 0),
			  stats_answer, s);
	if (ret)
		fwt_nl_stats_clean(s);
	return ret;
}

static void free_reasons(struct fwt_nl_reason *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		free(list[i].name);
		free(list[i].unit);
		free(list[i].doc);
	}
	free(list);
}

void fwt_nl_stats_clean(struct fwt_nl_stats *s)
{
	free_reasons(s->reason, s->n_reasons);
	free_reasons(s->ended_by, s->n_ended_by);
	memset(s, 0, sizeof(*s));
}

int fwt_nl_stats_reset(struct fwt_nl *nl, bool quotas)
{
	struct nlmsghdr *nlh = fwt_nl_request(nl, FWTREE_CMD_STATS_RESET, 0);

	if (quotas)
		mnl_attr_put(nlh, FWTREE_A_STATS_QUOTAS, 0, NULL);
	return fwt_nl_talk(nl, nlh, NULL, NULL);
}

/* A string that lies in @all; mostly the one that the rule before has. */
static const char *keep(struct fwt_nl_rules *all, const struct nlattr *a, const char *last)
{
	const char *s = fwt_nl_str(a);
	size_t len;
	char *copy;

	if (!s || (last && !strcmp(s, last)))
		return s ? last : NULL;
	len = strlen(s) + 1;
	copy = fwt_arena_alloc(all->strings, len);
	return copy ? memcpy(copy, s, len) : NULL;
}

static int rule_answer(void *ctx, const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[FWTREE_A_RULE_MAX + 1];
	static const struct fwt_nl_rule none;
	struct fwt_nl_rules *all = ctx;
	const struct fwt_nl_rule *last;
	struct fwt_nl_rule *r;

	if (fwt_nl_grow((void **)&all->rule, &all->size, all->count, sizeof(*r)))
		return -ENOMEM;
	if (!all->strings)
		all->strings = fwt_arena_create();
	if (!all->strings)
		return -ENOMEM;
	fwt_nl_parse(nlh, tb, FWTREE_A_RULE_MAX);
	last = all->count ? &all->rule[all->count - 1] : &none;
	r = &all->rule[all->count++];
	r->generation = fwt_nl_u32(tb[FWTREE_A_RULE_GENERATION]);
	r->index = fwt_nl_u32(tb[FWTREE_A_RULE_INDEX]);
	r->slot = fwt_nl_u32(tb[FWTREE_A_RULE_SLOT]);
	r->hooks = fwt_nl_u32(tb[FWTREE_A_RULE_HOOKS]);
	r->key = fwt_nl_u64(tb[FWTREE_A_RULE_KEY]);
	r->id = keep(all, tb[FWTREE_A_RULE_ID], NULL);
	r->tree = keep(all, tb[FWTREE_A_RULE_TREE], last->tree);
	r->file = keep(all, tb[FWTREE_A_RULE_FILE], last->file);
	r->line = fwt_nl_u32(tb[FWTREE_A_RULE_LINE]);
	r->hits = fwt_nl_u64(tb[FWTREE_A_RULE_HITS]);
	r->packets = fwt_nl_u64(tb[FWTREE_A_RULE_PACKETS]);
	r->bytes = fwt_nl_u64(tb[FWTREE_A_RULE_BYTES]);
	return r->tree && r->file && (r->id || !tb[FWTREE_A_RULE_ID]) ? 0 : -ENOMEM;
}

int fwt_nl_rules_get(struct fwt_nl *nl, struct fwt_nl_rules *r)
{
	int ret, i;

	memset(r, 0, sizeof(*r));
	for (i = 0; i < FWT_NL_TRIES; i++) {
		ret = fwt_nl_talk(nl, fwt_nl_request(nl, FWTREE_CMD_RULE_GET,
						     NLM_F_DUMP),
				  rule_answer, r);
		if (!ret)
			return 0;
		fwt_nl_rules_clean(r);
		if (ret != -EINTR)
			break;
	}
	return ret;
}

void fwt_nl_rules_clean(struct fwt_nl_rules *r)
{
	fwt_arena_free(r->strings);
	free(r->rule);
	memset(r, 0, sizeof(*r));
}

static int counter_answer(void *ctx, const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[FWTREE_A_COUNTER_MAX + 1];
	struct fwt_nl_counters *all = ctx;
	struct fwt_nl_counter *c;

	if (fwt_nl_grow((void **)&all->counter, &all->size, all->count,
			sizeof(*c)))
		return -ENOMEM;
	fwt_nl_parse(nlh, tb, FWTREE_A_COUNTER_MAX);
	c = &all->counter[all->count++];
	c->name = fwt_nl_dup(tb[FWTREE_A_COUNTER_NAME]);
	c->packets = fwt_nl_u64(tb[FWTREE_A_COUNTER_PACKETS]);
	c->bytes = fwt_nl_u64(tb[FWTREE_A_COUNTER_BYTES]);
	return c->name ? 0 : -ENOMEM;
}

int fwt_nl_counters_get(struct fwt_nl *nl, struct fwt_nl_counters *c)
{
	int ret, i;

	memset(c, 0, sizeof(*c));
	for (i = 0; i < FWT_NL_TRIES; i++) {
		ret = fwt_nl_talk(nl, fwt_nl_request(nl, FWTREE_CMD_COUNTER_GET,
						     NLM_F_DUMP),
				  counter_answer, c);
		if (!ret)
			return 0;
		fwt_nl_counters_clean(c);
		if (ret != -EINTR)
			break;
	}
	return ret;
}

void fwt_nl_counters_clean(struct fwt_nl_counters *c)
{
	size_t i;

	for (i = 0; i < c->count; i++)
		free(c->counter[i].name);
	free(c->counter);
	memset(c, 0, sizeof(*c));
}
