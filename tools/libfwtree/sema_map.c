// SPDX-License-Identifier: GPL-2.0
/*
 * Maps: sets whose elements give something. An address that is given is one of the
 * packet's family: so elements with IPv6 addresses, in the key or in what it gives,
 * are apart, as those of sets are.
 */
#include <stdlib.h>

#include "sema.h"
#include "server_text.h"
#include "set_shape.h"

/* Elements as they were written, the program's words of what they give. */
struct reading {
	struct fwt_sema *s;
	const struct fwt_map *map;
	struct fwt_sema_key k, gives;
	bool trees;
	struct fwt_elems elems[2];
	struct fwt_vec values[2];
	struct fwt_vec from[2];		/* const struct fwt_map_element * of each */
	struct fwt_index known[2];
	struct fwt_vec names;		/* const char *, of trees */
};

/* What one element gives; @family 0 where it has no address. */
struct gift {
	u32 words;
	u32 word[FWT_SET_VALUE_WORDS];
	u8 family;
};

static bool one(struct reading *r, u32 i, const struct fwt_value *v, struct gift *g)
{
	struct fwt_range range;

	if (v->kind == FWT_VALUE_ERROR)
		return false;
	if (!fwt_sema_is_constant(v)) {
		fwt_error(r->s->diag, &v->loc, "a map gives a value, not a set or an interface's");
		return false;
	}
	if (!fwt_sema_range(r->s, r->gives.ref[i], v, &range))
		return false;
	if (memcmp(range.low, range.high, range.words * sizeof(u32))) {
		fwt_error(r->s->diag, &v->loc,
			  "a map gives one value, and this is a range of them");
		return false;
	}
	if (r->map->value.type[i] == FWT_TYPE_PORT && !range.low[0]) {
		fwt_error(r->s->diag, &v->loc, "port 0 is none to translate to");
		return false;
	}
	/* Addresses are given to translations alone. */
	if (!r->s->elements && r->map->value.type[i] == FWT_TYPE_ADDR &&
	    fwt_no_host(range.family, range.low, range.high)) {
		fwt_error(r->s->diag, &v->loc,
			  "a map gives a host's address, and this is nobody's, or of a group or a broadcast: no answer would come from it, or to it");
		return false;
	}
	if (range.family)
		g->family = range.family;
	memcpy(g->word + g->words, range.low, range.words * sizeof(u32));
	g->words += range.words;
	return true;
}

static bool tree_name(struct reading *r, const struct fwt_value *v, struct gift *g)
{
	struct fwt_sema *s = r->s;
	const char **name = r->names.data;
	struct fwt_suggest suggest;
	struct fwt_tree *other;
	char hint[128];
	size_t len, i;

	if (v->kind == FWT_VALUE_ERROR)
		return false;
	if ((v->kind != FWT_VALUE_WORD && v->kind != FWT_VALUE_STRING) ||
	    v->flags & FWT_VALUE_WILDCARD) {
		fwt_error(s->diag, &v->loc, "the name of a tree is meant here");
		return false;
	}
	len = strlen(v->text);
	if (!s->elements && !fwt_ast_tree(s->ast, v->text)) {
		if (s->ast->lost)
			return false;
		fwt_suggest_init(&suggest, v->text);
		for (other = s->ast->trees; other; other = other->next)
			fwt_suggest_try(&suggest, other->name.text);
		fwt_error_hint(s->diag, &v->loc, fwt_suggest_hint(&suggest, hint, sizeof(hint)),
			       "there is no tree '%s'", v->text);
		return false;
	}
	if (len > FWT_SET_TREE_NAME) {
		fwt_error(s->diag, &v->loc,
			  "a tree that a map leads to has a name of at most %u bytes",
			  FWT_SET_TREE_NAME);
		return false;
	}
	for (i = 0; i < len; i++)
		g->word[i / 4] |= (u32)(u8)v->text[i] << (24 - 8 * (i % 4));
	g->words = FWT_SET_VALUE_WORDS;
	for (i = 0; i < r->names.count; i++)
		if (!strcmp(name[i], v->text))
			return true;
	name = fwt_vec_add(&r->names, 1);
	s->failed |= !name;
	if (name)
		*name = v->text;
	return name;
}

static bool gift(struct reading *r, const struct fwt_value *v, struct gift *g)
{
	u32 n = r->gives.test.n_fields, i;

	memset(g, 0, sizeof(*g));
	if (r->trees)
		return tree_name(r, v, g);
	if (n == 1 && v->kind != FWT_VALUE_JOIN)
		return one(r, 0, v, g);
	if (v->kind == FWT_VALUE_ERROR)
		return false;
	if (v->kind != FWT_VALUE_JOIN || v->parts.count != n) {
		fwt_error(r->s->diag, &v->loc, "map '%s' gives %u value%s joined, and here %s %u",
			  r->map->name.text, n, n == 1 ? "" : "s",
			  v->kind == FWT_VALUE_JOIN && v->parts.count > 1 ? "are" : "is",
			  v->kind == FWT_VALUE_JOIN ? v->parts.count : 1);
		return false;
	}
	for (i = 0; i < n; i++) {
		if (v->parts.part[i].count != 1) {
			fwt_error(r->s->diag, &v->parts.part[i].loc, "a map gives one value");
			return false;
		}
		if (!one(r, i, v->parts.part[i].first, g))
			return false;
	}
	return true;
}

struct wanted {
	const struct fwt_elems *e;
	const u32 *data;
};

static bool same_key(const void *ctx, u32 n)
{
	const struct wanted *w = ctx;
	u32 words = 2 * w->e->words;

	return !memcmp((u32 *)w->e->data.data + (size_t)n * words, w->data, words * sizeof(u32));
}

static void add(struct reading *r, u32 six, const u32 *data, const struct gift *g,
		const struct fwt_map_element *from)
{
	struct fwt_elems *e = &r->elems[six];
	struct wanted w = { e, data };
	u32 n = fwt_elems_count(e), at, *value;
	const struct fwt_map_element **origin;

	at = fwt_index_get(&r->known[six],
			   fwt_hash(FWT_HASH_SEED, data, 2 * e->words * sizeof(u32)), same_key,
			   &w, n);
	if (at == FWT_NONE) {
		r->s->failed = true;
		return;
	}
	if (at != n) {
		value = (u32 *)r->values[six].data + (size_t)at * g->words;
		origin = r->from[six].data;
		if (memcmp(value, g->word, g->words * sizeof(u32)))
			fwt_error(r->s->diag, &from->value->loc,
				  "the same key has another value in line %u",
				  origin[at]->value->loc.line);
		return;
	}
	value = fwt_vec_add(&r->values[six], g->words);
	origin = fwt_vec_add(&r->from[six], 1);
	if (!value || !origin ||
	    !fwt_elems_add(e, data, data + e->words, FWT_NONE)) {
		r->s->failed = true;
		return;
	}
	memcpy(value, g->word, g->words * sizeof(u32));
	*origin = from;
}

static void element(struct reading *r, const struct fwt_map_element *from)
{
	struct fwt_elems keys[2];
	struct gift g;
	u32 six, i;

	if (!from->key || !from->value || from->key->kind == FWT_VALUE_ERROR)
		return;
	if (!fwt_sema_is_constant(from->key)) {
		fwt_error(r->s->diag, &from->key->loc,
			  "a map's keys are values: sets and interfaces' addresses are none");
		return;
	}
	fwt_sema_elems_init(&r->k, keys);
	if (!gift(r, from->value, &g) ||
	    !fwt_sema_elem(r->s, &r->k, from->key, keys, FWT_NONE))
		goto out;
	for (six = 0; six < 2; six++) {
		const u32 *data = keys[six].data.data;
		u32 n = fwt_elems_count(&keys[six]), to = six;

		if (n && g.family) {
			to = g.family == 6;
			if (r->k.split && to != six) {
				fwt_error(r->s->diag, &from->value->loc,
					  "an IPv%u address for a key of IPv%u: no packet has both",
					  g.family, six ? 6 : 4);
				break;
			}
		}
		for (i = 0; i < n; i++, data += 2 * keys[six].words)
			add(r, to, data, &g, from);
	}
out:
	fwt_elems_clean(&keys[0]);
	fwt_elems_clean(&keys[1]);
}

static int name_order(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

u32 fwt_sema_tree_names(struct fwt_sema *s, const char **name, u32 n, const u32 *value)
{
	struct fwt_prog_set set = {
		.kind = FWT_SET_KEYS, .words = FWT_SET_VALUE_WORDS, .n_dims = 1,
		.dim = { FWT_SET_VALUE_WORDS }, .count = n,
	};
	u32 *data = calloc(n + 1, FWT_SET_VALUE_WORDS * sizeof(u32)), at, i;
	size_t k;

	if (!data) {
		s->failed = true;
		return FWT_NONE;
	}
	for (i = 0; i < n; i++)
		for (k = 0; name[i][k] && k < FWT_SET_TREE_NAME; k++)
			data[i * FWT_SET_VALUE_WORDS + k / 4] |=
				(u32)(u8)name[i][k] << (24 - 8 * (k % 4));
	at = fwt_builder_set(&s->b, &set, data, value);
	free(data);
	return at;
}

static void read_map(struct fwt_sema *s, struct fwt_map *map, bool put)
{
	struct fwt_ast_ref ref[FWT_SET_TYPES_MAX], value_ref[FWT_SET_TYPES_MAX];
	struct fwt_sema_named n = {
		.name = &map->name, .key = &map->key, .value = &map->value,
		.timeout = map->timeout, .max = map->max,
	};
	struct reading r = { .s = s, .map = map };
	const struct fwt_map_element *e;
	const struct fwt_value *v;
	struct fwt_fields fields, gives;
	u32 words = 0, six, i;

	for (i = 0; i < map->key.count; i++)
		if (map->key.type[i] == FWT_TYPE_TREE) {
			fwt_error(s->diag, &map->key.loc, "a tree is what a map gives, and no key");
			return;
		}
	r.trees = map->value.type[0] == FWT_TYPE_TREE && map->value.count == 1;
	if (!fwt_sema_type_fields(&map->key, ref, &fields) ||
	    !fwt_sema_key(s, &fields, &r.k, NULL))
		return;
	if (!r.trees && (!fwt_sema_type_fields(&map->value, value_ref, &gives) ||
			 !fwt_sema_key(s, &gives, &r.gives, NULL))) {
		if (map->value.count > 1)
			fwt_error(s->diag, &map->value.loc, "a tree is given alone");
		return;
	}
	for (i = 0; i < r.gives.test.n_fields; i++)
		words += fwt_field_info[r.gives.test.field[i]].words6;
	if (words > FWT_SET_VALUE_WORDS) {
		fwt_error(s->diag, &map->value.loc, "what the map gives is too long together");
		return;
	}
	fwt_sema_elems_init(&r.k, r.elems);
	for (six = 0; six < 2; six++) {
		r.values[six].size = sizeof(u32);
		r.from[six].size = sizeof(void *);
	}
	r.names.size = sizeof(char *);
	if (map->trees.first && !r.trees)
		fwt_error(s->diag, &map->trees.loc,
			  "'trees' is of maps that give a 'tree', and '%s' gives another type",
			  map->name.text);
	for (v = r.trees ? map->trees.first : NULL; v; v = v->next)
		tree_name(&r, v, &(struct gift){ });
	s->in_set = true;
	for (e = map->elements; e; e = e->next)
		element(&r, e);
	s->in_set = false;
	n.trees = r.trees ? FWT_NONE : 0;
	if (r.names.count) {
		qsort(r.names.data, r.names.count, sizeof(char *), name_order);
		if (put)
			n.trees = fwt_sema_tree_names(s, r.names.data, r.names.count, NULL);
	}
	if (put)
		fwt_sema_object(s, &n, r.elems, r.values, map->priv);
	for (six = 0; six < 2; six++) {
		fwt_elems_clean(&r.elems[six]);
		free(r.values[six].data);
		free(r.from[six].data);
		fwt_index_clean(&r.known[six]);
	}
	free(r.names.data);
}

void fwt_sema_map(struct fwt_sema *s, struct fwt_map *map)
{
	struct fwt_set_state *state = fwt_sema_alloc(s, sizeof(*state));

	map->priv = state;
	if (!state)
		return;
	state->object = FWT_NONE;
	read_map(s, map, !s->patch);
}

void fwt_sema_maps_unused(struct fwt_sema *s)
{
	const struct fwt_set_state *state;
	struct fwt_map *map;

	for (map = s->ast->maps; map; map = map->next) {
		state = map->priv;
		if (s->warnings && state && !state->used)
			fwt_warning(s->diag, &map->name.loc, "map '%s' is not used",
				    map->name.text);
		map->priv = NULL;
	}
}

/* Uses of maps */

const struct fwt_map *fwt_sema_map_named(struct fwt_sema *s, const char *name,
					 const struct fwt_loc *loc)
{
	struct fwt_map *map = fwt_ast_map(s->ast, name), *other;
	struct fwt_set_state *state;
	struct fwt_suggest suggest;
	char hint[128];

	if (map) {
		state = map->priv;
		if (!state)
			return NULL;
		if (!state->used && s->patch)
			read_map(s, map, true);
		state->used = true;
		return state->object == FWT_NONE ? NULL : map;
	}
	if (fwt_ast_set(s->ast, name)) {
		fwt_error(s->diag, loc, "'%s' is a set, which gives nothing: a map is meant here",
			  name);
		return NULL;
	}
	if (s->ast->lost)
		return NULL;	/* it may be what was not understood */
	s->of_whole = s->patch;
	fwt_suggest_init(&suggest, name);
	for (other = s->ast->maps; other; other = other->next)
		fwt_suggest_try(&suggest, other->name.text);
	fwt_error_hint(s->diag, loc, fwt_suggest_hint(&suggest, hint, sizeof(hint)),
		       "there is no map '%s'", name);
	return NULL;
}

/* The packet's own, by type. */
static const u8 own[2][FWT_TYPE_COUNT] = {
	{
		[FWT_TYPE_ADDR] = FWT_AST_DADDR, [FWT_TYPE_PORT] = FWT_AST_DPORT,
		[FWT_TYPE_PROTOCOL] = FWT_AST_PROTOCOL, [FWT_TYPE_IFNAME] = FWT_AST_IIF,
		[FWT_TYPE_MAC] = FWT_AST_ETHER_DADDR, [FWT_TYPE_MARK] = FWT_AST_MARK,
	}, {
		[FWT_TYPE_ADDR] = FWT_AST_SADDR, [FWT_TYPE_PORT] = FWT_AST_SPORT,
		[FWT_TYPE_PROTOCOL] = FWT_AST_PROTOCOL, [FWT_TYPE_IFNAME] = FWT_AST_OIF,
		[FWT_TYPE_MAC] = FWT_AST_ETHER_SADDR, [FWT_TYPE_MARK] = FWT_AST_MARK,
	},
};

static bool own_fields(struct fwt_sema *s, const struct fwt_set_type *type,
		       const struct fwt_loc *loc, bool source, struct fwt_fields *to)
{
	struct fwt_ast_ref *ref = fwt_sema_alloc(s, type->count * sizeof(*ref));
	u32 i;

	if (!ref)
		return false;
	*to = (struct fwt_fields){ .first = ref, .count = type->count, .loc = *loc };
	for (i = 0; i < type->count; i++) {
		ref[i].field = own[source][type->type[i]];
		ref[i].loc = *loc;
		ref[i].plen4 = -1;
		ref[i].plen6 = -1;
		ref[i].next = i + 1 < type->count ? &ref[i + 1] : NULL;
	}
	return true;
}

static bool has_addr(const struct fwt_set_type *type)
{
	u32 i;

	for (i = 0; i < type->count; i++)
		if (type->type[i] == FWT_TYPE_ADDR)
			return true;
	return false;
}

bool fwt_sema_map_test(struct fwt_sema *s, const struct fwt_map *map,
		       const struct fwt_fields *keys, const struct fwt_loc *loc, bool source,
		       struct fwt_cond **guards, struct fwt_prog_test *t)
{
	const struct fwt_set_state *state = map->priv;
	struct fwt_fields fields;
	struct fwt_sema_key k;
	u32 flags;

	if (!keys->count) {
		if (!own_fields(s, &map->key, loc, source, &fields))
			return false;
		keys = &fields;
	}
	if (!fwt_sema_key(s, keys, &k, guards) ||
	    !fwt_sema_type_fits(s, "map", map->name.text, loc, &map->key, &k) ||
	    !fwt_sema_families(s, loc, &map->key, &k, &flags))
		return false;
	fwt_sema_key_masks(s, &k);
	/* Of addresses that are given a packet has those of its family. */
	if (has_addr(&map->value) && !has_addr(&map->key))
		flags = FWT_LIVE_SIX6;
	*t = k.test;
	t->op = FWT_TEST_LIVE;
	t->set[0] = state->object;
	t->set[1] = flags;
	return true;
}

void fwt_sema_map_trees(struct fwt_sema *s, const struct fwt_select *from,
			struct fwt_ir_select *to)
{
	const struct fwt_map *map = fwt_sema_map_named(s, from->map.text, &from->map.loc);
	const char *word = from->call ? "call" : "goto";

	to->by_map = true;
	to->test.set[1] = FWT_NONE;
	if (!map)
		return;
	if (map->value.count != 1 || map->value.type[0] != FWT_TYPE_TREE) {
		fwt_error(s->diag, &from->map.loc,
			  "'%s' takes a map that gives a 'tree', and '%s' gives another type",
			  word, map->name.text);
		return;
	}
	if (!fwt_sema_map_test(s, map, &from->fields, &from->map.loc, false, &to->guards,
			       &to->test))
		return;
	to->test.op = FWT_TEST_LIVE_TREE;
	to->test.pad = (u8)to->test.set[1];
	to->test.set[1] = FWT_NONE;
}

static bool gives_fit(struct fwt_sema *s, const struct fwt_modifier *m,
		      const struct fwt_map *map, const struct fwt_loc *loc)
{
	const enum fwt_type *type = map->value.type;
	bool addr = map->value.count == 1 && type[0] == FWT_TYPE_ADDR;
	bool port = map->value.count == 1 && type[0] == FWT_TYPE_PORT;
	bool both = map->value.count == 2 && type[0] == FWT_TYPE_ADDR && type[1] == FWT_TYPE_PORT;
	const char *name = map->name.text;

	switch (m->kind) {
	case FWT_AST_MOD_SET:
		if (m->set.target.field != FWT_AST_MARK && m->set.target.field != FWT_AST_CT_MARK &&
		    m->set.target.field != FWT_AST_PRIORITY) {
			fwt_error(s->diag, loc,
				  "'set %s' is not by a map: marks and the priority are",
				  fwt_set_target_words(m->set.target.field));
			return false;
		}
		if (map->value.count == 1 && type[0] == FWT_TYPE_MARK)
			return true;
		fwt_error(s->diag, loc,
			  "'set %s' takes a map that gives a 'mark', and '%s' gives another type",
			  fwt_set_target_words(m->set.target.field), name);
		return false;
	case FWT_AST_MOD_SNAT:
		if (addr)
			return true;
		fwt_error_hint(s->diag, loc, both || port ?
			       "the ports of a source: snat to @MAP:1024-65535" : NULL,
			       "'snat' takes a map that gives an 'addr', and '%s' gives another type",
			       name);
		return false;
	default:
		if (!addr && !port && !both) {
			fwt_error(s->diag, loc,
				  "'dnat' takes a map that gives an 'addr', a 'port' or 'addr . port', and '%s' gives another type",
				  name);
			return false;
		}
		if (!addr && m->nat.port) {
			fwt_error(s->diag, &m->nat.port->loc, "map '%s' gives the port", name);
			return false;
		}
		return true;
	}
}

bool fwt_sema_map_mod(struct fwt_sema *s, struct fwt_ir_rule *rule,
		      const struct fwt_modifier *m, struct fwt_prog_mod *to)
{
	bool set = m->kind == FWT_AST_MOD_SET;
	const struct fwt_name *name = set ? &m->set.map : &m->nat.map;
	const struct fwt_map *map = fwt_sema_map_named(s, name->text, &name->loc);
	struct fwt_cond *guards = NULL;
	struct fwt_prog_test t;

	rule->maps = true;
	if (!map || !gives_fit(s, m, map, &name->loc) ||
	    !fwt_sema_map_test(s, map, set ? &m->set.keys : &m->nat.keys, &name->loc,
			       m->kind == FWT_AST_MOD_SNAT, &guards, &t))
		return false;
	/* Before what takes a token: a field that is not there takes none. */
	fwt_sema_append(&guards, rule->conds);
	rule->conds = guards;
	to->flags |= FWT_MOD_MAP;
	to->addr_lo[0] = fwt_builder_test(&s->b, &t);
	return true;
}
