// SPDX-License-Identifier: GPL-2.0
/*
 * What stands outside of all braces: defines, options, sets, maps, pools, trees
 * and hooks.
 */
#include <string.h>

#include "parse_build.h"
#include "parse.tab.h"

/* Each list of the policy grows at its end, in the order written */
#define append(end, node) do {		\
	*(end) = (node);		\
	(end) = &(node)->next;		\
} while (0)

static void twice(struct fwt_parser *p, const struct fwt_lloc *lloc, const char *noun,
		  const char *name, const struct fwt_loc *first)
{
	fwt_error(p->diag, &lloc->loc, "%s '%s' is there already", noun, name);
	fwt_note(p->diag, first, "here");
}

void fwt_define_add(struct fwt_parser *p, const struct fwt_lloc *lloc, struct fwt_atom *name,
		    struct fwt_value *values, const struct fwt_lloc *v_lloc)
{
	struct fwt_define *old = name->decl[FWT_DECL_DEFINE];
	struct fwt_define *d = fwt_new(p, sizeof(*d));

	if (!d)
		return;
	fwt_set_name(&d->name, name, lloc);
	d->values = fwt_values_finish(p, values, v_lloc);
	d->late = p->ast->hooks || p->ast->trees;
	if (old) {
		twice(p, lloc, "the define", name->text, &old->name.loc);
		return;
	}
	name->decl[FWT_DECL_DEFINE] = d;
	append(p->defines, d);
}

/* A declaration that could not be read; of defines the names were, see below */
void fwt_item_lost(struct fwt_parser *p)
{
	if (p->declares != TOK_DEFINE)
		p->ast->lost = true;
}

/* A define whose values could not be read: its uses are no errors besides */
void fwt_define_lost(struct fwt_parser *p, const struct fwt_lloc *lloc,
		     struct fwt_atom *name)
{
	struct fwt_value *v = fwt_new(p, sizeof(*v));

	if (!v)
		return;
	v->kind = FWT_VALUE_ERROR;
	v->loc = lloc->loc;
	fwt_define_add(p, lloc, name, fwt_alone(v), lloc);
}

/* Options */

static void option_unknown(struct fwt_parser *p, const struct fwt_loc *loc, const char *what,
			   const char *word, struct fwt_suggest *s)
{
	char buf[300];

	fwt_error_hint(p->diag, loc, fwt_suggest_hint(s, buf, sizeof(buf)), "unknown %s '%s'",
		       what, word);
}

/* Whether @word is one of those in @words, which blanks separate */
static bool among(const char *words, const char *word)
{
	size_t len = strlen(word), n;

	for (; *words; words += n + (words[n] == ' ')) {
		n = strcspn(words, " ");
		if (n == len && !memcmp(words, word, n))
			return true;
	}
	return false;
}

static bool number_like(const struct fwt_value *v)
{
	return v->kind == FWT_VALUE_NUMBER || v->kind == FWT_VALUE_SIZE;
}

/* NULL, or what the value should have been */
static const char *option_wants(const struct fwt_ast_option *o)
{
	const struct fwt_value *v = o->value;

	switch (fwt_option_form(o->id)) {
	case FWT_OPTION_NUMBER:
		return number_like(v) ? NULL : "a number";
	case FWT_OPTION_DURATION:
	case FWT_OPTION_STATE:
		return v->kind == FWT_VALUE_DURATION ? NULL : "a duration such as 60s";
	case FWT_OPTION_RATE:
		return v->kind == FWT_VALUE_RATE ? NULL : "a rate such as 100/second";
	case FWT_OPTION_RANGE:
		return v->kind == FWT_VALUE_RANGE && v->range.lo->kind == FWT_VALUE_NUMBER &&
		       v->range.hi->kind == FWT_VALUE_NUMBER ? NULL : "a range such as 1024-65535";
	case FWT_OPTION_SWITCH:
		return v->kind == FWT_VALUE_WORD && among(fwt_option_words(o->id), v->text) ?
		       NULL : fwt_option_words(o->id);
	}
	return NULL;
}

static bool option_state(struct fwt_parser *p, struct fwt_ast_option *o, struct fwt_value *state)
{
	struct fwt_suggest s;

	if (!state || state->kind == FWT_VALUE_ERROR)
		return false;
	if (state->kind == FWT_VALUE_WORD) {
		o->state.text = state->text;
		o->state.loc = state->loc;
		o->state_id = fwt_timeout_find(state->text);
		if (o->state_id != FWT_AST_TIMEOUT_COUNT)
			return true;
	} else {
		fwt_error_hint(p->diag, &state->loc, "option timeout STATE DURATION",
			       "'timeout' is of a state");
		return false;
	}
	fwt_suggest_init(&s, state->text);
#define X(id, word) fwt_suggest_try(&s, word);
	FWT_TIMEOUT_STATES(X)
#undef X
	option_unknown(p, &state->loc, "state", state->text, &s);
	return false;
}

static bool option_once(struct fwt_parser *p, const struct fwt_ast_option *o)
{
	bool *seen = o->id == FWT_OPT_TIMEOUT ? &p->seen_timeout[o->state_id] :
					     &p->seen_option[o->id];

	if (*seen)
		fwt_error(p->diag, &o->loc, "the option '%s%s%s' is set already", o->name.text,
			  o->state.text ? " " : "", o->state.text ? o->state.text : "");
	*seen = true;
	return true;
}

void fwt_option_add(struct fwt_parser *p, const struct fwt_lloc *lloc,
		    const struct fwt_lloc *n_lloc, struct fwt_atom *name,
		    struct fwt_value *first, struct fwt_value *second)
{
	struct fwt_ast_option *o = fwt_new(p, sizeof(*o));
	struct fwt_value *last = second;
	struct fwt_lloc at = *lloc;
	const char *wants;
	struct fwt_suggest s;

	if (!o || !last)
		return;
	fwt_set_name(&o->name, name, n_lloc);
	o->loc = lloc->loc;
	o->id = fwt_option_find(name->text);
	if (o->id == FWT_OPT_COUNT) {
		fwt_suggest_init(&s, name->text);
#define X(id, word, form, words) fwt_suggest_try(&s, word);
		FWT_AST_OPTIONS(X)
#undef X
		option_unknown(p, &n_lloc->loc, "option", name->text, &s);
		return;
	}
	at.loc = last->loc;
	o->value = fwt_value_one(p, last, &at, "an option");
	if (!o->value)
		return;
	if (o->id == FWT_OPT_TIMEOUT) {
		if (!option_state(p, o, first ? first : o->value))
			return;
		if (!first) {
			fwt_error_hint(p->diag, &o->value->loc, "option timeout STATE DURATION",
				       "the duration is missing");
			return;
		}
	} else if (first) {
		fwt_error(p->diag, &o->value->loc, "the option '%s' has one value", name->text);
		return;
	}
	wants = option_wants(o);
	if (wants && o->value->kind != FWT_VALUE_ERROR) {
		fwt_error(p->diag, &o->value->loc, "the option '%s' wants %s%s", name->text,
			  fwt_option_form(o->id) == FWT_OPTION_SWITCH ? "one of: " : "", wants);
		return;
	}
	if (option_once(p, o))
		append(p->options, o);
}

/* Trees and hooks */

static struct fwt_block block(struct fwt_rule *last)
{
	struct fwt_block b = { .first = fwt_open_list(last) };
	const struct fwt_rule *r;

	for (r = b.first; r; r = r->next)
		b.count++;
	return b;
}

void fwt_tree_add(struct fwt_parser *p, const struct fwt_lloc *word,
		  const struct fwt_lloc *lloc, struct fwt_atom *name, struct fwt_rule *rules)
{
	struct fwt_tree *old = name->decl[FWT_DECL_TREE];
	struct fwt_tree *t = fwt_new(p, sizeof(*t));

	if (!t)
		return;
	fwt_set_name(&t->name, name, lloc);
	t->loc = fwt_lloc_span(word, lloc).loc;
	t->block = block(rules);
	if (old)
		twice(p, lloc, "the tree", name->text, &old->name.loc);
	else
		name->decl[FWT_DECL_TREE] = t;
	append(p->trees, t);
}

static void check_device(struct fwt_parser *p, const struct fwt_value *v)
{
	size_t len;

	if (v->kind == FWT_VALUE_ERROR)
		return;
	if (v->kind != FWT_VALUE_WORD && v->kind != FWT_VALUE_STRING) {
		fwt_error(p->diag, &v->loc, "a device is the name of an interface");
		return;
	}
	/* IFNAMSIZ counts the NUL */
	len = strlen(v->text) - !!(v->flags & FWT_VALUE_WILDCARD);
	if (len > 15)
		fwt_error(p->diag, &v->loc,
			  "the name of an interface has at most 15 characters");
}

void fwt_hook_add(struct fwt_parser *p, const struct fwt_lloc *lloc, bool egress,
		  struct fwt_value *devices, const struct fwt_lloc *d_lloc,
		  struct fwt_rule *rules)
{
	struct fwt_ast_hook *h = fwt_new(p, sizeof(*h));
	const struct fwt_value *v;
	struct fwt_ast_hook *other;

	if (!h)
		return;
	h->loc = lloc->loc;
	h->egress = egress;
	h->block = block(rules);
	if (d_lloc) {
		h->device = true;
		h->devices = fwt_values_finish(p, devices, d_lloc);
		if (!h->devices.count)
			fwt_error(p->diag, &d_lloc->loc, "there is no device");
		for (v = h->devices.first; v; v = v->next)
			check_device(p, v);
	} else {
		for (other = p->ast->hooks; other; other = other->next)
			if (!other->device && other->egress == egress)
				break;
		if (other)
			twice(p, lloc, "the hook", egress ? "egress" : "ingress", &other->loc);
	}
	append(p->hooks, h);
}

/* Sets and maps */

struct fwt_set_type *fwt_type_add(struct fwt_parser *p, struct fwt_set_type *types,
				  const struct fwt_lloc *lloc, struct fwt_atom *word)
{
	enum fwt_type type = fwt_type_find(word->text);
	struct fwt_suggest s;
	const char *hint;
	char buf[128];

	if (!types) {
		types = fwt_new(p, sizeof(*types));
		if (!types)
			return NULL;
		types->loc = lloc->loc;
	} else if (types->loc.line == lloc->loc.line) {
		types->loc.end_column = lloc->loc.end_column;
	}
	if (type == FWT_TYPE_ERROR) {
		fwt_suggest_init(&s, word->text);
#define X(id, text, class) fwt_suggest_try(&s, text);
		FWT_TYPES(X)
#undef X
		hint = fwt_suggest_hint(&s, buf, sizeof(buf));
		fwt_error_hint(p->diag, &lloc->loc,
			       hint ? hint : "one of: addr, port, protocol, ifname, mac, mark",
			       "unknown type '%s'", word->text);
	}
	if (types->count == FWT_SET_TYPES_MAX)
		fwt_error(p->diag, &lloc->loc, "more than %d types are joined", FWT_SET_TYPES_MAX);
	else
		types->type[types->count++] = type;
	return types;
}

static struct fwt_items *fwt_item(struct fwt_parser *p)
{
	if (!p->item)
		p->item = fwt_new(p, sizeof(*p->item));
	/* no memory: what is written there is never read */
	return p->item ? p->item : &p->item_waste;
}

/* What is said once: of two, one would go unheard. */
static void once(struct fwt_parser *p, const struct fwt_lloc *lloc, const char *word,
		 bool is_set, struct fwt_loc *first)
{
	if (is_set) {
		fwt_error(p->diag, &lloc->loc, "'%s' is set already", word);
		fwt_note(p->diag, first, "here");
	} else {
		*first = lloc->loc;
	}
}

void fwt_item_timeout(struct fwt_parser *p, const struct fwt_lloc *lloc,
		      struct fwt_value *timeout)
{
	struct fwt_items *items = fwt_item(p);

	once(p, lloc, "timeout", items->timeout, &items->timeout_loc);
	items->timeout = timeout;
}

void fwt_item_max(struct fwt_parser *p, const struct fwt_lloc *lloc, struct fwt_value *max)
{
	struct fwt_items *items = fwt_item(p);

	once(p, lloc, "max", items->max, &items->max_loc);
	items->max = max;
}

void fwt_item_interval(struct fwt_parser *p, const struct fwt_lloc *lloc)
{
	struct fwt_items *items = fwt_item(p);

	once(p, lloc, "interval", items->interval, &items->interval_loc);
	items->interval = true;
}

void fwt_item_elements(struct fwt_parser *p, struct fwt_value *values,
		       const struct fwt_lloc *lloc)
{
	struct fwt_items *items = fwt_item(p);

	items->elements = fwt_splice(items->elements, values);
	items->elements_lloc = *lloc;
}

/* Both lists are circular, and given by their last. */
static void join_pairs(struct fwt_items *items, struct fwt_map_element *pairs)
{
	struct fwt_map_element *first;

	if (items->pairs && pairs) {
		first = items->pairs->next;
		items->pairs->next = pairs->next;
		pairs->next = first;
	}
	if (pairs)
		items->pairs = pairs;
}

void fwt_item_pairs(struct fwt_parser *p, struct fwt_map_element *pairs)
{
	join_pairs(fwt_item(p), pairs);
}

void fwt_item_trees(struct fwt_parser *p, struct fwt_value *values,
		    const struct fwt_lloc *lloc)
{
	struct fwt_items *items = fwt_item(p);

	items->trees = fwt_splice(items->trees, values);
	items->trees_lloc = *lloc;
}

void fwt_item_file(struct fwt_parser *p, const struct fwt_lloc *lloc, struct fwt_atom *path)
{
	struct fwt_path *file = fwt_new(p, sizeof(*file));
	struct fwt_items *items = fwt_item(p);

	if (!file)
		return;
	fwt_set_name(&file->path, path, lloc);
	items->files = fwt_push(items->files, file);
}

struct fwt_map_element *fwt_pair_new(struct fwt_parser *p, struct fwt_value *key,
				     const struct fwt_lloc *k_lloc, struct fwt_value *value,
				     const struct fwt_lloc *v_lloc)
{
	struct fwt_map_element *e = fwt_new(p, sizeof(*e));

	if (!e)
		return NULL;
	e->key = fwt_value_one(p, key, k_lloc, "a map's key");
	e->value = fwt_value_one(p, value, v_lloc, "what a map gives");
	return e;
}

/* Sets and maps share their names: @NAME is either */
static bool name_taken(struct fwt_parser *p, const struct fwt_lloc *lloc,
		       struct fwt_atom *name)
{
	struct fwt_set *set = name->decl[FWT_DECL_SET];
	struct fwt_map *map = name->decl[FWT_DECL_MAP];

	if (!strcmp(name->text, "resolvers")) {
		fwt_error(p->diag, &lloc->loc, "'@resolvers' is the machine's own DNS servers");
		return true;
	}
	if (set)
		twice(p, lloc, "the set", name->text, &set->name.loc);
	else if (map)
		twice(p, lloc, "the map", name->text, &map->name.loc);
	return set || map;
}

void fwt_set_add(struct fwt_parser *p, const struct fwt_lloc *lloc, struct fwt_atom *name,
		 struct fwt_set_type *type, struct fwt_items *items)
{
	struct fwt_set *set = fwt_new(p, sizeof(*set));
	struct fwt_path *file;

	if (!set || !type)
		return;
	fwt_set_name(&set->name, name, lloc);
	set->type = *type;
	if (items) {
		set->timeout = items->timeout;
		set->max = items->max;
		set->interval = items->interval;
		for (file = fwt_open_list(items->files); file; file = file->next)
			items->elements = fwt_splice(items->elements,
						     fwt_elements_read(p, &file->path));
		set->elements = fwt_values_finish(p, items->elements, &items->elements_lloc);
		fwt_set_names(p, set);
	}
	if (!name_taken(p, lloc, name))
		name->decl[FWT_DECL_SET] = set;
	append(p->sets, set);
}

void fwt_map_add(struct fwt_parser *p, const struct fwt_lloc *lloc, struct fwt_atom *name,
		 struct fwt_set_type *key, struct fwt_set_type *value,
		 struct fwt_items *items)
{
	struct fwt_map *map = fwt_new(p, sizeof(*map));
	const struct fwt_map_element *e;
	struct fwt_path *file;

	if (!map || !key || !value)
		return;
	fwt_set_name(&map->name, name, lloc);
	map->key = *key;
	map->value = *value;
	if (items) {
		map->timeout = items->timeout;
		map->max = items->max;
		map->interval = items->interval;
		for (file = fwt_open_list(items->files); file; file = file->next)
			join_pairs(items, fwt_pairs_read(p, &file->path));
		map->elements = fwt_open_list(items->pairs);
		if (items->trees)
			map->trees = fwt_values_finish(p, items->trees, &items->trees_lloc);
	}
	for (e = map->elements; e; e = e->next)
		map->count++;
	if (!name_taken(p, lloc, name))
		name->decl[FWT_DECL_MAP] = map;
	append(p->maps, map);
}

/* Pools */

static struct fwt_pool *pool_item(struct fwt_parser *p)
{
	if (!p->pool_item)
		p->pool_item = fwt_new(p, sizeof(*p->pool_item));
	return p->pool_item;
}

void fwt_pool_scheduler(struct fwt_parser *p, const struct fwt_lloc *lloc,
			struct fwt_atom *word)
{
	enum fwt_scheduler scheduler = fwt_scheduler_find(word->text);
	struct fwt_pool *pool = pool_item(p);
	struct fwt_suggest s;

	if (!pool)
		return;
	if (scheduler == FWT_SCHEDULER_COUNT) {
		fwt_suggest_init(&s, word->text);
#define X(id, text) fwt_suggest_try(&s, text);
		FWT_SCHEDULERS(X)
#undef X
		option_unknown(p, &lloc->loc, "scheduler", word->text, &s);
		return;
	}
	if (pool->scheduler_written)
		fwt_error(p->diag, &lloc->loc, "a pool has one scheduler");
	pool->scheduler_written = true;
	pool->scheduler = scheduler;
}

void fwt_pool_health(struct fwt_parser *p, const struct fwt_lloc *lloc,
		     struct fwt_atom *word)
{
	struct fwt_pool *pool = pool_item(p);

	if (!pool)
		return;
	if (strcmp(word->text, "passive"))
		fwt_error_hint(p->diag, &lloc->loc, "health passive",
			       "unknown way to watch servers '%s'", word->text);
	else if (pool->health_passive)
		fwt_error(p->diag, &lloc->loc, "a pool says once how its servers are watched");
	pool->health_passive = true;
}

/* One server, or as many as a define holds; circular */
struct fwt_server *fwt_server_new(struct fwt_parser *p, const struct fwt_lloc *lloc,
				  struct fwt_value *addr, const struct fwt_lloc *a_lloc,
				  struct fwt_value *port)
{
	struct fwt_values values = fwt_values_finish(p, addr, a_lloc);
	struct fwt_value *one_port = NULL;
	struct fwt_server *list = NULL, *s;
	struct fwt_value *v;

	if (port)
		one_port = fwt_value_one(p, port, lloc, "a port");
	if (values.count > FWT_PARSE_COPIES_MAX - p->copies)
		return NULL;
	p->copies += values.count;
	for (v = values.first; v; v = v->next) {
		if (v->kind != FWT_VALUE_IPV4 && v->kind != FWT_VALUE_IPV6 &&
		    v->kind != FWT_VALUE_WORD && v->kind != FWT_VALUE_STRING &&
		    v->kind != FWT_VALUE_ERROR)
			fwt_error(p->diag, &a_lloc->loc, "a server is an address");
		s = fwt_new(p, sizeof(*s));
		if (!s)
			return NULL;
		s->loc = lloc->loc;
		s->addr = v;
		s->port = one_port;
		s->weight = 1;
		if (!port)
			fwt_port_warning(p, v);
		list = fwt_push(list, s);
	}
	return list;
}

void fwt_pool_server(struct fwt_parser *p, struct fwt_server *servers,
		     struct fwt_value *weight)
{
	struct fwt_pool *pool = pool_item(p);
	struct fwt_server *s = servers, *first;

	if (!pool || !servers)
		return;
	if (weight && weight->number > UINT32_MAX)
		fwt_error(p->diag, &weight->loc, "a weight is at most 4294967295");
	do {
		s->weight = weight ? weight->number : 1;
		s->weight_written = weight;
		pool->count++;
		s = s->next;
	} while (s != servers);
	if (pool->servers) {
		first = pool->servers->next;
		pool->servers->next = servers->next;
		servers->next = first;
	}
	pool->servers = servers;
}

void fwt_pool_lost(struct fwt_parser *p)
{
	struct fwt_pool *pool = pool_item(p);

	if (pool)
		pool->lost = true;
}

void fwt_pool_add(struct fwt_parser *p, const struct fwt_lloc *lloc, struct fwt_atom *name,
		  struct fwt_pool *pool)
{
	struct fwt_pool *old = name->decl[FWT_DECL_POOL];

	if (!pool)
		pool = fwt_new(p, sizeof(*pool));
	if (!pool)
		return;
	fwt_set_name(&pool->name, name, lloc);
	pool->servers = fwt_open_list(pool->servers);
	if (old)
		twice(p, lloc, "the pool", name->text, &old->name.loc);
	else
		name->decl[FWT_DECL_POOL] = pool;
	append(p->pools, pool);
}
