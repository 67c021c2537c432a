// SPDX-License-Identifier: GPL-2.0
/*
 * Where rules come from: their records, and the texts they were written in.
 *
 * A rule's counters are known by its key, FNV-1a of 64 bits of
 *
 *	"id" NUL NAME NUL			where it has an id
 *	HOOK-OR-TREE NUL TEXT NUL n		where it has none
 *
 * TEXT as fwt_ast_rule_text() has it, n the number (from 0, 32 bits, little
 * endian) of rules before it in that hook or tree with the same text. So a rule
 * that is moved, re-indented or joined by others keeps its key. Keys must differ
 * within a program: should two meet all the same (once in 3 billion policies of
 * 100,000 rules), the later one is hashed on, with a NUL.
 */
#include <stdlib.h>

#include "sema.h"

static const char *rule_text(struct fwt_sema *s, const struct fwt_rule *rule,
			     size_t *len)
{
	*len = fwt_ast_rule_text(s->ast, rule, s->text, s->text_size);
	if (*len >= s->text_size) {
		size_t size = *len + 1024;
		char *text = realloc(s->text, size);

		if (!text) {
			s->failed = true;
			*len = 0;
			return "";
		}
		s->text = text;
		s->text_size = size;
		*len = fwt_ast_rule_text(s->ast, rule, s->text, s->text_size);
	}
	return s->text;
}

/* How often a text was seen; equal hashes of 64 bits are equal texts here. */
struct seen {
	u64 hash;
	u32 times;
};

struct wanted {
	const struct fwt_sema *s;
	u64 hash;
};

static bool same_text(const void *ctx, u32 n)
{
	const struct wanted *w = ctx;

	return ((const struct seen *)w->s->seen.data)[n].hash == w->hash;
}

static bool same_id(const void *ctx, u32 n)
{
	const struct wanted *w = ctx;
	const struct fwt_prog_rule *r = w->s->b.sec[FWT_SEC_RULES].data;

	return r[n].key == w->hash;
}

static u64 text_key(struct fwt_sema *s, const struct fwt_rule *rule)
{
	size_t len;
	const char *text = rule_text(s, rule, &len);
	u64 hash = fwt_hash(FWT_HASH_SEED, s->tree->name, strlen(s->tree->name) + 1);
	struct wanted w = { .s = s };
	struct seen *seen;
	u32 n, at;
	u8 le[4];

	hash = fwt_hash(hash, text, len);
	hash = fwt_hash(hash, "", 1);
	w.hash = hash;
	s->seen.size = sizeof(*seen);
	at = fwt_index_get(&s->texts, hash, same_text, &w, s->seen.count);
	if (at == s->seen.count && !fwt_vec_add(&s->seen, 1))
		at = FWT_NONE;
	if (at == FWT_NONE) {
		s->failed = true;
		return 0;
	}
	seen = (struct seen *)s->seen.data + at;
	seen->hash = hash;
	n = seen->times++;
	le[0] = (u8)n;
	le[1] = (u8)(n >> 8);
	le[2] = (u8)(n >> 16);
	le[3] = (u8)(n >> 24);
	return fwt_hash(hash, le, sizeof(le));
}

static u64 id_key(struct fwt_sema *s, const struct fwt_rule *rule, u32 record)
{
	const char *id = rule->id->text;
	u64 hash = fwt_hash(fwt_hash(FWT_HASH_SEED, "id", 3), id, strlen(id) + 1);
	const struct fwt_prog_rule *r = s->b.sec[FWT_SEC_RULES].data;
	struct wanted w = { s, hash };
	u32 other = fwt_index_get(&s->ids, hash, same_id, &w, record);

	if (other != record && other != FWT_NONE)
		fwt_error(s->diag, &rule->id->loc, "id '%s' is given to the rule in line %u too",
			  id, r[other].line);
	return hash;
}

u32 fwt_compile_record(struct fwt_sema *s, const struct fwt_rule *rule)
{
	u32 record = s->b.sec[FWT_SEC_RULES].count;
	const struct fwt_source *source = s->ast->sources->source[rule->loc.file];
	struct fwt_prog_rule r = {
		.id = FWT_NONE, .file = rule->loc.file, .line = rule->loc.line,
		.text = rule->text.start, .node = FWT_NONE,
		.text_len = rule->text.end - rule->text.start,
		.hooks = s->tree->hooks,
	};

	if (rule->text.end > source->len || rule->text.start > rule->text.end) {
		r.text = 0;
		r.text_len = 0;
	}
	if (s->tree->string == FWT_NONE)
		s->tree->string = fwt_builder_string(&s->b, s->tree->name);
	r.tree = s->tree->string;
	if (rule->id)
		r.id = fwt_builder_string(&s->b, rule->id->text);
	r.key = rule->id ? id_key(s, rule, record) : text_key(s, rule);
	return fwt_builder_add(&s->b, FWT_SEC_RULES, &r);
}

static int key_order(const void *a, const void *b)
{
	const struct fwt_prog_rule *x = *(struct fwt_prog_rule *const *)a;
	const struct fwt_prog_rule *y = *(struct fwt_prog_rule *const *)b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x < y ? -1 : x > y;
}

void fwt_compile_keys(struct fwt_sema *s)
{
	struct fwt_prog_rule *r = s->b.sec[FWT_SEC_RULES].data, **by_key;
	u32 n = s->b.sec[FWT_SEC_RULES].count, i;
	bool met;

	by_key = malloc((n + 1) * sizeof(struct fwt_prog_rule *));
	if (!by_key) {
		s->failed = true;
		return;
	}
	for (i = 0; i < n; i++)
		by_key[i] = &r[i];
	do {
		qsort(by_key, n, sizeof(by_key[0]), key_order);
		met = false;
		for (i = 1; i < n; i++) {
			if (by_key[i]->key != by_key[i - 1]->key)
				continue;
			by_key[i]->key = fwt_hash(by_key[i]->key, "", 1);
			met = true;
		}
	} while (met);
	free(by_key);
}

/* All texts, one by one, and a single one where it is; records get their place in them. */
void fwt_compile_sources(struct fwt_sema *s)
{
	const struct fwt_sources *all = s->ast->sources;
	struct fwt_vec *v = &s->b.sec[FWT_SEC_SOURCE];
	struct fwt_prog_rule *r = s->b.sec[FWT_SEC_RULES].data;
	const struct fwt_prog_file *files;
	u32 i;

	for (i = 0; i < all->count; i++) {
		const struct fwt_source *source = all->source[i];
		struct fwt_prog_file f = {
			.name = fwt_builder_string(&s->b, source->name),
			.text = v->count, .text_len = (u32)source->len,
		};
		char *to = NULL;

		if (all->count == 1) {
			s->b.source = source->text;
			v->count = (u32)source->len;
		} else if (fwt_vec_reserve(v, (u32)source->len)) {
			to = fwt_vec_add(v, (u32)source->len);
		}
		if (!to && !s->b.source) {
			s->failed = true;
			return;
		}
		if (to && source->len)
			memcpy(to, source->text, source->len);
		fwt_builder_add(&s->b, FWT_SEC_FILES, &f);
	}
	for (i = 0; s->more_files && s->more_files[i]; i++) {
		struct fwt_prog_file f = {
			.name = fwt_builder_string(&s->b, s->more_files[i]), .text = v->count,
		};

		fwt_builder_add(&s->b, FWT_SEC_FILES, &f);
	}
	files = s->b.sec[FWT_SEC_FILES].data;
	for (i = 0; i < s->b.sec[FWT_SEC_RULES].count; i++)
		r[i].text += files[r[i].file].text;
}
