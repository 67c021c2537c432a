// SPDX-License-Identifier: GPL-2.0
/*
 * What sets, maps, pools and splits hold, and options. To the rules they are names, and a
 * question of the same name is the same question (prove_test.c); so two policies whose
 * sets alone differ would be the same. What options change is no rule's.
 *
 * Whatever it is becomes a list of short texts: elements, servers, settings. What is in
 * one of two sorted lists alone is told.
 */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdlib.h>

#include "diff.h"
#include "diff_data.h"
#include "sema.h"
#include "set_text.h"
#include "tcp.h"

/* Text to be let go of by the list. */
static bool keep(struct fwt_vec *to, char *text)
{
	char **at = text ? fwt_vec_add(to, 1) : NULL;

	if (at)
		*at = text;
	else
		free(text);
	return at;
}

static bool __attribute__((format(printf, 2, 3))) say(struct fwt_vec *to, const char *fmt, ...)
{
	char text[2 * FWT_SET_TEXT + 8];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return keep(to, strdup(text));
}

static bool say_value(struct fwt_vec *to, const char *word, const struct fwt_value *v)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return false;
	fputs(word, out);
	fwt_ast_print_value(out, v);
	if (fclose(out)) {
		free(text);
		return false;
	}
	return keep(to, text);
}

static void clean(struct fwt_vec list[2])
{
	u32 side, i;

	for (side = 0; side < 2; side++) {
		for (i = 0; i < list[side].count; i++)
			free(((char **)list[side].data)[i]);
		free(list[side].data);
		list[side] = (struct fwt_vec){ .size = sizeof(char *) };
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* One text more that @side alone has. */
static void alone(struct fwt_diff_data *d, u32 side, char **text)
{
	u32 n = d->count[side]++;

	if (n >= FWT_DIFF_TEXTS)
		return;
	d->text[side][n] = *text;
	*text = NULL;
}

/* Tells of @name if the lists differ, and lets go of them. */
static bool hold(struct fwt_diff *diff, const char *what, const char *name,
		 struct fwt_vec list[2])
{
	char **a = list[0].data, **b = list[1].data;
	u32 i = 0, j = 0, n = list[0].count, m = list[1].count;
	struct fwt_diff_data one = { .what = what }, *to;
	int order;

	if (n)
		qsort(a, n, sizeof(*a), by_text);
	if (m)
		qsort(b, m, sizeof(*b), by_text);
	while (i < n || j < m) {
		order = i == n ? 1 : j == m ? -1 : strcmp(a[i], b[j]);
		if (order < 0)
			alone(&one, 0, &a[i]);
		else if (order > 0)
			alone(&one, 1, &b[j]);
		i += order <= 0;
		j += order >= 0;
	}
	clean(list);
	if (!one.count[0] && !one.count[1])
		return true;
	one.name = strdup(name);
	to = one.name ? realloc(diff->data, (diff->n_data + 1) * sizeof(*to)) : NULL;
	if (!to) {
		free(one.name);
		for (n = 0; n < 2 * FWT_DIFF_TEXTS; n++)
			free(one.text[n / FWT_DIFF_TEXTS][n % FWT_DIFF_TEXTS]);
		return false;
	}
	diff->data = to;
	to[diff->n_data++] = one;
	return true;
}

static const struct fwt_prog_object *object(const struct fwt_sema *s, u32 kind, const char *name)
{
	const struct fwt_prog_object *o = s->b.sec[FWT_SEC_OBJECTS].data;
	const char *string = s->b.sec[FWT_SEC_STRINGS].data;
	u32 i;

	for (i = 0; i < s->b.sec[FWT_SEC_OBJECTS].count; i++)
		if (o[i].kind == kind && o[i].name != FWT_NONE &&
		    !strcmp(string + o[i].name, name))
			return &o[i];
	return NULL;
}

/* Sets and maps */

static bool elements(const struct fwt_sema *s, const char *name, struct fwt_vec *to)
{
	const struct fwt_prog_object *o = object(s, FWT_OBJECT_SET, name);
	const u32 *word = s->b.sec[FWT_SEC_WORDS].data, *key, *value = NULL, *p;
	const struct fwt_prog_set *set;
	char a[FWT_SET_TEXT], b[FWT_SET_TEXT] = "";
	u32 six, i, n, gives, types, words;

	if (!o)
		return true;
	p = o->param;
	n = p[FWT_SETP_SHAPE] & 0xff;
	gives = p[FWT_SETP_SHAPE] >> 8;
	types = p[FWT_SETP_VALUE_TYPES];
	for (six = 0; six < 2; six++) {
		if (p[FWT_SETP_ELEMENTS4 + six] == FWT_NONE)
			continue;
		set = s->b.sec[FWT_SEC_SETS].data;
		set += p[FWT_SETP_ELEMENTS4 + six];
		key = word + set->data;
		if (gives)
			value = word + p[FWT_SETP_VALUES4 + six];
		for (words = 0, i = 0; i < gives; i++)
			words += fwt_set_type_words[six][types >> (4 * i) & 15];
		for (i = 0; i < set->count; i++, key += 2 * set->words) {
			fwt_set_elem_text(a, sizeof(a), p[FWT_SETP_TYPES], n, six, key,
					  key + set->words);
			if (gives) {
				fwt_set_elem_text(b, sizeof(b), types, gives, six, value, value);
				value += words;
			}
			if (!say(to, "%s%s%s", a, gives ? " -> " : "", b))
				return false;
		}
	}
	return true;
}

static bool settings(const struct fwt_value *timeout, const struct fwt_value *max,
		     struct fwt_vec *to)
{
	if (timeout && !say_value(to, "timeout ", timeout))
		return false;
	return !max || say(to, "max %llu", (unsigned long long)max->number);
}

/* With what is no element of the program: other sets, interfaces' addresses, DNS names. */
static bool set_texts(const struct fwt_sema *s, const struct fwt_set *set, struct fwt_vec *to)
{
	const struct fwt_value *v;

	if (!elements(s, set->name.text, to) || !settings(set->timeout, set->max, to))
		return false;
	for (v = set->elements.first; v; v = v->next)
		if (!fwt_sema_is_constant(v) && !say_value(to, "", v))
			return false;
	for (v = set->names.first; v; v = v->next)
		if (!say_value(to, "", v))
			return false;
	return true;
}

static bool map_texts(const struct fwt_sema *s, const struct fwt_map *map, struct fwt_vec *to)
{
	return elements(s, map->name.text, to) && settings(map->timeout, map->max, to);
}

/* Pools */

static bool servers(const struct fwt_sema *s, const struct fwt_pool *pool, struct fwt_vec *to)
{
	const struct fwt_prog_object *o = object(s, FWT_OBJECT_POOL, pool->name.text);
	const struct fwt_prog_server *server = s->b.sec[FWT_SEC_SERVERS].data;
	char addr[INET6_ADDRSTRLEN], port[16], weight[24];
	u32 i, k, net[4];
	bool six;

	if (!say(to, "scheduler %s", fwt_scheduler_name(pool->scheduler)) ||
	    (pool->health_passive && !say(to, "health passive")))
		return false;
	for (i = 0; o && i < o->param[FWT_POOL_COUNT]; i++) {
		const struct fwt_prog_server *at = server + o->param[FWT_POOL_FIRST] + i;

		six = at->family == 6;
		for (k = 0; k < 4; k++)
			net[k] = htonl(at->addr[k]);
		inet_ntop(six ? AF_INET6 : AF_INET, net, addr, sizeof(addr));
		port[0] = 0;
		weight[0] = 0;
		if (at->port_hi != at->port_lo)
			snprintf(port, sizeof(port), ":%u-%u", at->port_lo, at->port_hi);
		else if (at->port_lo)
			snprintf(port, sizeof(port), ":%u", at->port_lo);
		if (at->weight != 1)
			snprintf(weight, sizeof(weight), " weight %u", at->weight);
		if (!say(to, six && port[0] ? "[%s]%s%s" : "%s%s%s", addr, port, weight))
			return false;
	}
	return true;
}

/* Splits */

/* A split is known by its rule's text, and the how manieth of that text it is. */
struct split_at {
	char *text;
	u32 nth;
	const struct fwt_split *split;
};

static bool split_add(struct fwt_vec *to, const struct fwt_policy_ast *ast,
		      const struct fwt_rule *r)
{
	size_t size = fwt_ast_rule_text(ast, r, NULL, 0) + 1;
	struct split_at *at, *all;
	char *text = malloc(size);
	u32 i, nth = 1;

	if (!text)
		return false;
	fwt_ast_rule_text(ast, r, text, size);
	for (all = to->data, i = 0; i < to->count; i++)
		nth += !strcmp(all[i].text, text);
	at = fwt_vec_add(to, 1);
	if (at)
		*at = (struct split_at){ text, nth, r->end.split };
	else
		free(text);
	return at;
}

static bool splits(struct fwt_vec *to, const struct fwt_policy_ast *ast, const struct fwt_rule *r)
{
	const struct fwt_branch *b = NULL;

	for (; r; r = r->next) {
		if (r->end.kind == FWT_END_BLOCK && !splits(to, ast, r->end.block.first))
			return false;
		if (r->end.kind == FWT_END_SPLIT && !split_add(to, ast, r))
			return false;
		b = r->end.kind == FWT_END_SPLIT ? r->end.split->branches :
		    r->end.kind == FWT_END_SELECT ? r->end.select->branches : NULL;
		for (; b; b = b->next)
			if (b->rule && !splits(to, ast, b->rule))
				return false;
	}
	return true;
}

static bool all_splits(struct fwt_vec *to, const struct fwt_policy_ast *ast)
{
	const struct fwt_ast_hook *h;
	const struct fwt_tree *t;

	for (h = ast->hooks; h; h = h->next)
		if (!splits(to, ast, h->block.first))
			return false;
	for (t = ast->trees; t; t = t->next)
		if (!splits(to, ast, t->block.first))
			return false;
	return true;
}

static bool weights(const struct fwt_split *split, struct fwt_vec *to)
{
	const struct fwt_branch *b;
	u64 common = 0, n, rest;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return false;

	for (b = split->branches; b; b = b->next)
		for (n = b->weight; n; n = rest) {
			rest = common % n;
			common = n;
		}
	fputs("weights", out);
	for (b = split->branches; b; b = b->next)
		fprintf(out, "%s%llu", b == split->branches ? " " : " : ",
			(unsigned long long)(b->weight / (common ? common : 1)));
	if (fclose(out)) {
		free(text);
		return false;
	}
	return keep(to, text);
}

static bool compare_splits(struct fwt_diff *diff, const struct fwt_vec at[2],
			   struct fwt_vec list[2])
{
	const struct split_at *a = at[0].data, *b = at[1].data;
	u32 i, j;

	for (i = 0; i < at[0].count; i++)
		for (j = 0; j < at[1].count; j++) {
			if (a[i].nth != b[j].nth || strcmp(a[i].text, b[j].text))
				continue;
			if (!weights(a[i].split, &list[0]) || !weights(b[j].split, &list[1]) ||
			    !hold(diff, "rule", a[i].text, list))
				return false;
			break;
		}
	return true;
}

/* Options */

/* What a policy has that does not set one, in the units of a program. */
static const struct {
	u32 option;
	u64 value;
} defaults[] = {
	{ FWT_OPTION_TCP_LOOSE, 0 }, { FWT_OPTION_ADOPT, 60000 },
	{ FWT_OPTION_REVALIDATE, 1 }, { FWT_OPTION_EVALUATE, 0 },
	{ FWT_OPTION_COUNTERS, 1 }, { FWT_OPTION_LOG_RATE, 10 },
	{ FWT_OPTION_ANSWER_RATE, 100 }, { FWT_OPTION_EVENT_RATE, 10000 },
	{ FWT_OPTION_NAT_PORTS, 1024u << 16 | 65535 }, { FWT_OPTION_HAIRPIN, 0 },
};

/* Timeouts hang on whether a connection is translated: as long as both are one. */
static bool option_default(u32 option, u64 *value)
{
	u32 i = option - FWT_OPTION_TIMEOUT_TCP_SYN_SENT, seconds;

	if (i < __FWT_TIMEOUT_MAX) {
		seconds = fwt_timeout_default(i, false);
		*value = 1000ull * seconds;
		return seconds == fwt_timeout_default(i, true);
	}
	for (i = 0; i < ARRAY_SIZE(defaults) && defaults[i].option != option; i++)
		;
	if (i < ARRAY_SIZE(defaults))
		*value = defaults[i].value;
	return i < ARRAY_SIZE(defaults);
}

static bool option_value(const struct fwt_sema *s, u32 option, u64 *value)
{
	const struct fwt_prog_option *o = s->b.sec[FWT_SEC_OPTIONS].data;
	u32 i, n = s->b.sec[FWT_SEC_OPTIONS].count;

	for (i = 0; i < n; i++)
		if (o[i].option == option) {
			*value = o[i].value;
			return true;
		}
	return option_default(option, value);
}

static const char *option_name(const struct fwt_ast_option *o, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s%s", o->name.text, o->state.text ? " " : "",
		 o->state.text ? o->state.text : "");
	return buf;
}

static const struct fwt_ast_option *option_of(const struct fwt_sema *s, const char *name)
{
	const struct fwt_ast_option *o;
	char text[64];

	for (o = s->ast->options; o; o = o->next)
		if (!strcmp(option_name(o, text, sizeof(text)), name))
			return o;
	return NULL;
}

static bool options(struct fwt_diff *diff, const struct fwt_sema *s[2], struct fwt_vec list[2])
{
	static const char *const names[] = {
#define NAME(id, name, unit, lo, hi) [FWT_OPTION_##id] = name,
		FWT_OPTIONS(NAME)
#undef NAME
	};
	const struct fwt_ast_option *o;
	u32 i, side, has;
	u64 value[2];

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		for (side = 0, has = 0; side < 2; side++)
			has += option_value(s[side], i, &value[side]);
		if (!has || (has == 2 && value[0] == value[1]))
			continue;
		for (side = 0; side < 2; side++) {
			o = option_of(s[side], names[i]);
			if (o && !say_value(&list[side], "", o->value))
				return false;
		}
		if (!hold(diff, "option", names[i], list))
			return false;
	}
	return true;
}

int fwt_diff_data(struct fwt_diff *diff, const struct fwt_sema *a, const struct fwt_sema *b)
{
	struct fwt_vec list[2] = { { .size = sizeof(char *) }, { .size = sizeof(char *) } };
	struct fwt_vec at[2] = { { .size = sizeof(struct split_at) },
				 { .size = sizeof(struct split_at) } };
	const struct fwt_sema *both[2] = { a, b };
	const struct fwt_pool *pool, *pool_b;
	const struct fwt_map *map, *map_b;
	const struct fwt_set *set, *set_b;
	bool ok = true;
	u32 i, k;

	for (set = a->ast->sets; set && ok; set = set->next) {
		set_b = fwt_ast_set(b->ast, set->name.text);
		if (set_b && !set->resolvers)
			ok = set_texts(a, set, &list[0]) && set_texts(b, set_b, &list[1]) &&
			     hold(diff, "set", set->name.text, list);
	}
	for (map = a->ast->maps; map && ok; map = map->next) {
		map_b = fwt_ast_map(b->ast, map->name.text);
		if (map_b)
			ok = map_texts(a, map, &list[0]) && map_texts(b, map_b, &list[1]) &&
			     hold(diff, "map", map->name.text, list);
	}
	for (pool = a->ast->pools; pool && ok; pool = pool->next) {
		pool_b = fwt_ast_pool(b->ast, pool->name.text);
		if (pool_b)
			ok = servers(a, pool, &list[0]) && servers(b, pool_b, &list[1]) &&
			     hold(diff, "pool", pool->name.text, list);
	}
	ok = ok && all_splits(&at[0], a->ast) && all_splits(&at[1], b->ast) &&
	     compare_splits(diff, at, list);
	ok = ok && options(diff, both, list);
	for (k = 0; k < 2; k++) {
		for (i = 0; i < at[k].count; i++)
			free(((struct split_at *)at[k].data)[i].text);
		free(at[k].data);
	}
	clean(list);
	return ok ? 0 : -ENOMEM;
}

void fwt_diff_data_clean(struct fwt_diff *diff)
{
	u32 i, n;

	for (i = 0; i < diff->n_data; i++) {
		for (n = 0; n < 2 * FWT_DIFF_TEXTS; n++)
			free(diff->data[i].text[n / FWT_DIFF_TEXTS][n % FWT_DIFF_TEXTS]);
		free(diff->data[i].name);
	}
	free(diff->data);
	diff->data = NULL;
	diff->n_data = 0;
}
