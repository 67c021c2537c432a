// SPDX-License-Identifier: GPL-2.0
/*
 * What asks more than the packet: limits, quotas, chance, and splits.
 */
#include <stdlib.h>

#include "limit.h"
#include "sema.h"

/* A burst that is not written: of packets as nftables has it; of bytes what comes in
 * a second, but so much that any packet gets by.
 */
#define BURST_PACKETS	5
#define BURST_BYTES	65536

static void put_u64(u32 *param, u64 value)
{
	param[0] = (u32)value;
	param[1] = (u32)(value >> 32);
}

/* The record of the rule whose matches or end are read. */
static u32 record_of(const struct fwt_sema *s)
{
	return s->b.sec[FWT_SEC_RULES].count - 1;
}

/* Which of its rule's things this one is; FWT_NONE for one too many (reported). */
static u32 which_of(struct fwt_sema *s, const struct fwt_loc *loc, u32 most,
		    u32 *rule, u32 *next, const char *what)
{
	u32 record = record_of(s);

	if (*rule != record + 1)
		*next = 0;
	*rule = record + 1;
	if (*next < most)
		return (*next)++;
	fwt_error(s->diag, loc, "a rule has at most %u %s", most, what);
	return FWT_NONE;
}

/* An object is known by its rule's key, its kind, and which of the rule's it is. */
static u32 add_object(struct fwt_sema *s, u32 record, u32 which, struct fwt_prog_object *o)
{
	const struct fwt_prog_rule *r = s->b.sec[FWT_SEC_RULES].data;
	u8 mark[2] = { o->kind, (u8)which };

	o->key = fwt_hash(r[record].key, mark, sizeof(mark));
	o->name = FWT_NONE;
	o->param[FWT_LIMIT_RULE] = record;
	return fwt_builder_add(&s->b, FWT_SEC_OBJECTS, o);
}

static struct fwt_cond *test_of(struct fwt_sema *s, struct fwt_cond *guards,
				const struct fwt_prog_test *t)
{
	struct fwt_cond **last = &guards;

	while (*last)
		last = &(*last)->next;
	*last = fwt_sema_test(s, t);
	return guards;
}

static const struct fwt_prog_test no_fields = {
	.set = { FWT_NONE, FWT_NONE }, .mask = { FWT_NONE, FWT_NONE },
};

static bool key_fits(struct fwt_sema *s, const struct fwt_fields *fields,
		     const struct fwt_sema_key *k)
{
	u32 words = 0, i;

	for (i = 0; i < k->test.n_fields; i++)
		words += fwt_field_info[k->test.field[i]].words6;
	if (words <= FWT_COUNT_WORDS)
		return true;
	fwt_error(s->diag, &fields->loc, "the joined fields are too long together");
	return false;
}

/* What a key is made of: buckets of another kind of key are others. */
static u32 key_mark(const struct fwt_sema *s, const struct fwt_prog_test *t)
{
	const u32 *word = s->b.sec[FWT_SEC_WORDS].data;
	u64 h = fwt_hash(FWT_HASH_SEED, t->field, t->n_fields);
	u32 six, i, words;

	for (six = 0; six < 2; six++) {
		if (t->mask[six] == FWT_NONE)
			continue;
		for (words = 0, i = 0; i < t->n_fields; i++)
			words += six ? fwt_field_info[t->field[i]].words6 :
				       fwt_field_info[t->field[i]].words;
		h = fwt_hash(h, &six, sizeof(six));
		h = fwt_hash(h, word + t->mask[six], words * sizeof(u32));
	}
	return (u32)(h ^ h >> 32) | 1;
}

/* The tree decides connections: their first packets are what it sees. */
static void warn_volume(struct fwt_sema *s, const struct fwt_loc *loc, const char *what)
{
	const struct fwt_ast_option *o;

	if (!s->warnings || !s->tree || !(s->tree->hooks & FWT_HOOKS_INET))
		return;
	for (o = s->ast->options; o; o = o->next)
		if (o->id == FWT_OPT_EVALUATE && o->value &&
		    o->value->kind == FWT_VALUE_WORD && !strcmp(o->value->text, "per-packet"))
			return;
	fwt_warning(s->diag, loc,
		    "%s counts the first packets of connections here, for only those are decided; 'option evaluate per-packet' or a device's tree has all of them",
		    what);
}

static bool limit_burst(struct fwt_sema *s, const struct fwt_match *m, u64 *burst)
{
	bool bytes = m->rate->flags & FWT_VALUE_BYTES;
	const struct fwt_value *v = m->burst;

	*burst = bytes ? max(m->rate->rate.count, (u64)BURST_BYTES) : BURST_PACKETS;
	if (!v)
		return true;
	if (v->kind != FWT_VALUE_NUMBER && v->kind != FWT_VALUE_SIZE)
		return false;
	*burst = v->number;
	if (!*burst) {
		fwt_error(s->diag, &v->loc, "a burst of 0 lets nothing pass");
		return false;
	}
	if (bytes && *burst < 1500 && s->warnings)
		fwt_warning(s->diag, &v->loc,
			    "a packet of more bytes than the burst is always over the limit, and this is less than an Ethernet frame has");
	return true;
}

static bool limit_params(struct fwt_sema *s, const struct fwt_match *m,
			 struct fwt_prog_object *o)
{
	const struct fwt_value *v = m->rate;
	u64 burst;

	if (!v || v->kind != FWT_VALUE_RATE || !limit_burst(s, m, &burst))
		return false;
	if (v->flags & FWT_VALUE_BYTES)
		o->param[FWT_LIMIT_FLAGS] |= FWT_LIMIT_BYTES;
	o->param[FWT_LIMIT_PER] = v->rate.per;
	put_u64(o->param + FWT_LIMIT_RATE, v->rate.count);
	put_u64(o->param + FWT_LIMIT_BURST, burst);
	if (v->rate.count > FWT_LIMIT_RATE_MAX) {
		fwt_error(s->diag, &v->loc, "no limit is as high: %llu is the most",
			  (unsigned long long)FWT_LIMIT_RATE_MAX);
		return false;
	}
	if (burst > FWT_LIMIT_BURST_MAX) {
		fwt_error(s->diag, &m->burst->loc, "no burst is as large: %llu is the most",
			  (unsigned long long)FWT_LIMIT_BURST_MAX);
		return false;
	}
	if (fwt_limit_check(o->param)) {
		fwt_error(s->diag, m->burst ? &m->burst->loc : &v->loc,
			  "at this rate a burst of %llu takes more than a year to come back",
			  (unsigned long long)burst);
		return false;
	}
	return true;
}

struct fwt_cond *fwt_sema_limit(struct fwt_sema *s, const struct fwt_match *m)
{
	struct fwt_prog_object o = { .kind = FWT_OBJECT_LIMIT };
	struct fwt_sema_key k = { .test = no_fields };
	struct fwt_cond *guards = NULL;
	u32 which;

	if (!limit_params(s, m, &o))
		return NULL;
	if (m->fields.count) {
		if (!fwt_sema_key(s, &m->fields, &k, &guards) || !key_fits(s, &m->fields, &k))
			return NULL;
		fwt_sema_key_masks(s, &k);
		o.param[FWT_LIMIT_FLAGS] |= FWT_LIMIT_KEYED;
		o.param[FWT_LIMIT_KEY] = key_mark(s, &k.test);
	}
	if (o.param[FWT_LIMIT_FLAGS] & FWT_LIMIT_BYTES)
		warn_volume(s, &m->loc, "a limit in bytes");
	which = which_of(s, &m->loc, FWT_OBJECTS_RULE, &s->object_rule, &s->object_next,
			 "'limit' and 'quota'");
	if (which == FWT_NONE)
		return NULL;
	o.param[FWT_LIMIT_WHICH] = which;
	k.test.op = FWT_TEST_LIMIT;
	k.test.flags = m->over ? FWT_TEST_NEGATE : 0;
	k.test.set[0] = add_object(s, record_of(s), which, &o);
	k.test.set[1] = FWT_NONE;
	s->stateful = true;
	return test_of(s, guards, &k.test);
}

struct fwt_cond *fwt_sema_quota(struct fwt_sema *s, const struct fwt_match *m)
{
	struct fwt_prog_object o = { .kind = FWT_OBJECT_QUOTA };
	struct fwt_prog_test t = no_fields;
	u32 which;

	if (!m->number || (m->number->kind != FWT_VALUE_NUMBER &&
			   m->number->kind != FWT_VALUE_SIZE))
		return NULL;
	if (!m->number->number || m->number->number > FWT_QUOTA_SIZE_MAX) {
		fwt_error(s->diag, &m->number->loc, m->number->number ?
			  "no quota is as large: 4611686018427387904 is the most" :
			  "a quota of 0 lets nothing pass");
		return NULL;
	}
	warn_volume(s, &m->loc, "a quota");
	which = which_of(s, &m->loc, FWT_OBJECTS_RULE, &s->object_rule, &s->object_next,
			 "'limit' and 'quota'");
	if (which == FWT_NONE)
		return NULL;
	o.param[FWT_QUOTA_WHICH] = which;
	put_u64(o.param + FWT_QUOTA_SIZE, m->number->number);
	t.op = FWT_TEST_QUOTA;
	t.flags = m->over ? FWT_TEST_NEGATE : 0;
	t.set[0] = add_object(s, record_of(s), which, &o);
	s->stateful = true;
	return test_of(s, NULL, &t);
}

struct fwt_cond *fwt_sema_random(struct fwt_sema *s, const struct fwt_match *m)
{
	struct fwt_prog_test t = no_fields;
	u32 which;

	if (!m->m || m->n > m->m || m->m > ~0u)
		return NULL;	/* reported */
	if (!m->n) {
		fwt_error(s->diag, &m->loc, "'random 0/M' is never true");
		return NULL;
	}
	which = which_of(s, &m->loc, FWT_COUNTS_RULE, &s->random_rule, &s->random_next,
			 "'random'");
	if (which == FWT_NONE)
		return NULL;
	t.op = FWT_TEST_RANDOM;
	t.pad = (u8)which;
	/* One less than so many of 2^32, which is at least one. */
	t.set[0] = (u32)((m->n << 32) / m->m - 1);
	t.set[1] = record_of(s);
	return test_of(s, NULL, &t);
}

/* Splits */

static u64 divisor(u64 a, u64 b)
{
	while (b) {
		u64 rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* The weights in their lowest terms; false where they are too large (reported). */
static bool weights(struct fwt_sema *s, const struct fwt_split *from,
		    const struct fwt_loc *loc, struct fwt_ir_split *to)
{
	u64 most = from->kind == FWT_SPLIT_ROUND_ROBIN ? FWT_SPLIT_TURNS_MAX : 1u << 31;
	const struct fwt_branch *b;
	u64 sum = 0, common = 0;
	u32 n = 0;

	for (b = from->branches; b; b = b->next) {
		if (!b->weight || b->weight > ~0u)
			return false;	/* reported */
		common = divisor(b->weight, common);
	}
	for (b = from->branches; b && n < from->count; b = b->next) {
		to->weight[n++] = (u32)(b->weight / common);
		sum += b->weight / common;
	}
	if (sum > most) {
		fwt_error_hint(s->diag, loc,
			       from->kind == FWT_SPLIT_ROUND_ROBIN ?
			       "'split random' takes larger ones" : NULL,
			       "the weights of '%s' are %llu together, in their lowest terms; %llu is the most",
			       from->kind == FWT_SPLIT_ROUND_ROBIN ? "split round-robin" : "split",
			       (unsigned long long)sum, (unsigned long long)most);
		return false;
	}
	to->sum = (u32)sum;
	return true;
}

struct fwt_ir_split *fwt_sema_split(struct fwt_sema *s, const struct fwt_ast_end *end,
				    u32 record)
{
	struct fwt_ir_split *to = fwt_sema_alloc(s, sizeof(*to));
	struct fwt_prog_object o = { .kind = FWT_OBJECT_SPLIT };
	struct fwt_cond *guards = NULL;
	const struct fwt_split *from = end->split;
	struct fwt_sema_key k;

	if (!to)
		return NULL;
	to->count = from->count;
	to->branch = fwt_sema_alloc(s, (from->count + 1) * sizeof(*to->branch));
	to->weight = fwt_sema_alloc(s, (from->count + 1) * sizeof(u32));
	if (!to->branch || !to->weight)
		return NULL;
	to->test = no_fields;
	to->test.set[1] = record;
	weights(s, from, &end->loc, to);
	switch (from->kind) {
	case FWT_SPLIT_ROUND_ROBIN:
		to->test.op = FWT_TEST_SPLIT_TURN;
		o.param[FWT_SPLIT_TURNS] = to->sum;
		to->test.set[1] = add_object(s, record, 0, &o);
		break;
	case FWT_SPLIT_RANDOM:
		to->test.op = FWT_TEST_SPLIT_RANDOM;
		break;
	case FWT_SPLIT_HASH:
		/* What a field's name demands besides is no condition: who lacks a
		 * field is spread by the others.
		 */
		if (!fwt_sema_key(s, &from->keys, &k, &guards) ||
		    !key_fits(s, &from->keys, &k))
			break;
		fwt_sema_key_masks(s, &k);
		to->test = k.test;
		to->test.op = FWT_TEST_SPLIT_HASH;
		to->test.set[1] = record;
		break;
	}
	return to;
}
