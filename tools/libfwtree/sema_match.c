// SPDX-License-Identifier: GPL-2.0
/*
 * Matches -> conditions.
 */
#include <stdlib.h>

#include "bpf.h"
#include "pcap_load.h"
#include "sema.h"

struct fwt_cond *fwt_sema_all_of(struct fwt_sema *s, struct fwt_cond *list)
{
	struct fwt_cond *c = list;
	u32 i;

	/* Not "not all of them". */
	for (i = 0; i < 2; i++) {
		struct fwt_cond *outer = fwt_sema_alloc(s, sizeof(*outer));

		if (!outer)
			return list;
		outer->kind = FWT_COND_NOT;
		outer->inner = c;
		c = outer;
	}
	return c;
}

static bool is_interface(const struct fwt_value *v)
{
	return v->kind == FWT_VALUE_ADDR_OF || v->kind == FWT_VALUE_NET_OF;
}

void fwt_sema_append(struct fwt_cond **list, struct fwt_cond *c)
{
	while (*list)
		list = &(*list)->next;
	*list = c;
}

struct fwt_cond *fwt_sema_any_of(struct fwt_sema *s, struct fwt_cond *list)
{
	struct fwt_cond *any;

	if (!list || !list->next)
		return list;
	any = fwt_sema_alloc(s, sizeof(*any));
	if (any) {
		any->kind = FWT_COND_ANY;
		any->inner = list;
	}
	return any;
}

/* One of the values (or none of them, negated): the constant ones are a single
 * look-up, each set, addr() and net() is a test of its own.
 */
struct fwt_cond *fwt_sema_in_values(struct fwt_sema *s, const struct fwt_sema_key *k,
				    const struct fwt_values *values, bool negate)
{
	struct fwt_cond *list = NULL, **last;
	const struct fwt_value *v;
	struct fwt_prog_test t;
	bool constant = false;

	for (v = values->first; v; v = v->next)
		constant |= fwt_sema_is_constant(v);
	if (constant) {
		fwt_sema_lookup(s, k, values, &t);
		t.flags = negate ? FWT_TEST_NEGATE : 0;
		fwt_sema_append(&list, fwt_sema_test(s, &t));
	}
	for (v = values->first, last = &list; v; v = v->next) {
		struct fwt_cond *c = fwt_sema_is_constant(v) ? NULL :
				     fwt_sema_value(s, k, v, negate);

		if (!c)
			continue;
		while (*last)
			last = &(*last)->next;
		/* Of those in ANY one must hold: several that must all are one. */
		*last = negate || !c->next ? c : fwt_sema_all_of(s, c);
	}
	return negate ? list : fwt_sema_any_of(s, list);
}

static const char *const op_text[] = { "==", "!=", "<", "<=", ">", ">=" };

static bool has_order(const struct fwt_ast_ref *ref)
{
	switch (fwt_ast_field_info(ref->field)->class) {
	case FWT_CLASS_IFNAME:
	case FWT_CLASS_MAC:
	case FWT_CLASS_BOOL:
	case FWT_CLASS_FAMILY:
	case FWT_CLASS_PKTTYPE:
	case FWT_CLASS_TCP_FLAGS:
	case FWT_CLASS_CT_STATE:
	case FWT_CLASS_CT_STATUS:
	case FWT_CLASS_ROUTE_TYPE:
	case FWT_CLASS_CGROUP:
		return false;
	default:
		return true;
	}
}

/* Adds or takes one; false where that leads over the end. */
static bool step(u32 *key, u32 words, bool up)
{
	while (words--) {
		key[words] += up ? 1 : -1u;
		if (key[words] != (up ? 0 : -1u))
			return true;
	}
	return false;
}

static struct fwt_cond *in_order(struct fwt_sema *s, const struct fwt_sema_key *k,
				 const struct fwt_match *m)
{
	bool less = m->op == FWT_OP_LT || m->op == FWT_OP_LE;
	const struct fwt_value *v = m->values.first;
	struct fwt_prog_test t = k->test;
	struct fwt_elems elems[2];
	struct fwt_range r;
	bool some = true;
	u32 bits;

	if (k->test.n_fields != 1 || !has_order(k->ref[0])) {
		fwt_error(s->diag, &m->loc,
			  "'%s' does not compare these fields: they have no order",
			  op_text[m->op]);
		return NULL;
	}
	if (v->kind == FWT_VALUE_ERROR)
		return NULL;
	if (v->next || v->kind == FWT_VALUE_SETREF || is_interface(v) ||
	    v->kind == FWT_VALUE_RANGE || v->kind == FWT_VALUE_JOIN) {
		fwt_error(s->diag, &v->loc, "'%s' takes one single value", op_text[m->op]);
		return NULL;
	}
	if (!fwt_sema_range(s, k->ref[0], v, &r))
		return NULL;
	if (memcmp(r.low, r.high, r.words * sizeof(u32))) {
		fwt_error(s->diag, &v->loc, "'%s' takes one single value", op_text[m->op]);
		return NULL;
	}
	bits = fwt_field_info[t.field[0]].bits;
	if (less) {
		if (m->op == FWT_OP_LT)
			some = step(r.high, r.words, false);
		memset(r.low, 0, sizeof(r.low));
	} else {
		if (m->op == FWT_OP_GT)
			some = step(r.low, r.words, true);
		memset(r.high, 0xff, sizeof(r.high));
		if (r.words == 1 && bits < 32)
			r.high[0] = (1u << bits) - 1;
		some &= r.low[0] <= r.high[0];
	}
	if (!some) {
		fwt_error(s->diag, &v->loc, "nothing is %s than that",
			  less ? "less" : "greater");
		return NULL;
	}
	fwt_sema_elems_init(k, elems);
	if (!fwt_elems_add(&elems[k->split && r.family == 6], r.low, r.high, FWT_NONE))
		s->failed = true;
	t.set[0] = fwt_build_set(&s->b, &elems[0]);
	t.set[1] = k->split ? fwt_build_set(&s->b, &elems[1]) : t.set[0];
	fwt_elems_clean(&elems[0]);
	fwt_elems_clean(&elems[1]);
	return fwt_sema_test(s, &t);
}

/* One expression, for each kind of hook that leads here its own program. Frames of a tunnel's
 * device begin with the IP header, too: they lack what an expression wants before that.
 */
static struct fwt_cond *filter(struct fwt_sema *s, const struct fwt_value *v, bool negate)
{
	struct fwt_prog_test t = {
		.op = FWT_TEST_BPF, .flags = negate ? FWT_TEST_NEGATE : 0,
		.set = { FWT_NONE, FWT_NONE }, .mask = { FWT_NONE, FWT_NONE },
	};
	u32 k, n = s->b.sec[FWT_SEC_FILTERS].count;
	u8 hooks = s->tree->hooks;
	char error[256];

	if (v->kind != FWT_VALUE_STRING) {
		fwt_error_hint(s->diag, &v->loc, "as in: bpf \"tcp[13] & 2 != 0\"",
			       "'bpf' takes a tcpdump expression in quotes");
		return NULL;
	}
	if (!v->text[0]) {
		fwt_error(s->diag, &v->loc, "an empty expression passes everything");
		return NULL;
	}
	if (!fwt_pcap_load(error, sizeof(error))) {
		fwt_error(s->diag, &v->loc, "%s", error);
		return NULL;
	}
	for (k = 0; k < 2; k++) {
		if (k && !(hooks & FWT_HOOKS_DEV))
			continue;
		t.set[k] = fwt_filter_compile(&s->b, v->text,
					      k ? FWT_LINK_ETHERNET : FWT_LINK_RAW,
					      error, sizeof(error));
		if (t.set[k] != FWT_NONE || (!k && !(hooks & FWT_HOOKS_INET)))
			continue;
		fwt_error(s->diag, &v->loc, k ? "for frames, libpcap says: %s" :
			  "for IP packets, libpcap says: %s", error);
		return NULL;
	}
	if (n <= FWT_FILTERS_MAX && s->b.sec[FWT_SEC_FILTERS].count > FWT_FILTERS_MAX)
		fwt_error(s->diag, &v->loc,
			  "there are at most %u 'bpf' in a policy; at a device each is two",
			  FWT_FILTERS_MAX);
	/* A patch has no filters; a box neither. */
	s->stateful = true;
	return fwt_sema_test(s, &t);
}

static struct fwt_cond *filters(struct fwt_sema *s, const struct fwt_match *m)
{
	bool negate = m->op == FWT_OP_NE;
	struct fwt_cond *list = NULL;
	const struct fwt_value *v;

	if (m->fields.count != 1 || m->op > FWT_OP_NE) {
		fwt_error(s->diag, &m->fields.loc,
			  "'bpf' stands alone, and is neither joined nor compared by order");
		return NULL;
	}
	for (v = m->values.first; v; v = v->next)
		fwt_sema_append(&list, filter(s, v, negate));
	return negate ? list : fwt_sema_any_of(s, list);
}

static bool has_bpf(const struct fwt_fields *fields)
{
	const struct fwt_ast_ref *ref;

	for (ref = fields->first; ref; ref = ref->next)
		if (ref->field == FWT_AST_BPF)
			return true;
	return false;
}

static struct fwt_cond *field(struct fwt_sema *s, const struct fwt_match *m)
{
	struct fwt_cond *guards = NULL;
	struct fwt_sema_key k;

	if (has_bpf(&m->fields))
		return filters(s, m);
	if (!fwt_sema_key(s, &m->fields, &k, &guards) || !m->values.first)
		return NULL;
	if (m->op == FWT_OP_EQ)
		fwt_sema_never(s, &m->fields, &m->values);
	fwt_sema_append(&guards, m->op > FWT_OP_NE ? in_order(s, &k, m) :
	       fwt_sema_in_values(s, &k, &m->values, m->op == FWT_OP_NE));
	return guards;
}

static struct fwt_cond *flag(struct fwt_sema *s, const struct fwt_match *m)
{
	u32 low = 1, high = 2;	/* first and later fragments */
	struct fwt_elems elems[2];
	struct fwt_sema_key k;

	if (!fwt_sema_key(s, &m->fields, &k, NULL))
		return NULL;
	if (k.test.n_fields != 1 || k.test.field[0] != FWT_FIELD_FRAGMENT) {
		fwt_error(s->diag, &m->loc, "'%s' wants a value",
			  fwt_field_words(k.ref[0]->field, k.ref[0]->implies));
		return NULL;
	}
	fwt_sema_elems_init(&k, elems);
	if (!fwt_elems_add(&elems[0], &low, &high, FWT_NONE))
		s->failed = true;
	k.test.set[0] = fwt_build_set(&s->b, &elems[0]);
	k.test.set[1] = k.test.set[0];
	fwt_elems_clean(&elems[0]);
	return fwt_sema_test(s, &k.test);
}

static struct fwt_cond *compare(struct fwt_sema *s, const struct fwt_match *m)
{
	const struct fwt_ast_ref *a = m->fields.first, *b = m->other;
	struct fwt_prog_test t = {
		.op = FWT_TEST_EQUAL, .n_fields = 2,
		.flags = m->op == FWT_OP_NE ? FWT_TEST_NEGATE : 0,
		.set = { FWT_NONE, FWT_NONE }, .mask = { FWT_NONE, FWT_NONE },
	};
	struct fwt_cond *guards = NULL;
	int first, second;

	first = fwt_sema_field(s, a, &guards);
	second = fwt_sema_field(s, b, &guards);
	if (first < 0 || second < 0)
		return NULL;
	if (m->fields.count != 1) {
		fwt_error(s->diag, &m->fields.loc, "joined fields are not compared to a field");
		return NULL;
	}
	if (m->op > FWT_OP_NE && (!has_order(a) || !has_order(b))) {
		fwt_error(s->diag, &m->loc,
			  "'%s' does not compare these fields: they have no order",
			  op_text[m->op]);
		return NULL;
	}
	if (fwt_ast_field_info(a->field)->class != fwt_ast_field_info(b->field)->class) {
		fwt_error(s->diag, &b->loc, "'%s' is %s, '%s' is %s: they are never equal",
			  fwt_field_words(a->field, a->implies),
			  fwt_class_noun(fwt_ast_field_info(a->field)->class),
			  fwt_field_words(b->field, b->implies),
			  fwt_class_noun(fwt_ast_field_info(b->field)->class));
		return NULL;
	}
	/* a >= b is not a < b, and a > b is b < a. */
	if (m->op > FWT_OP_NE) {
		t.op = FWT_TEST_LESS;
		t.flags = m->op == FWT_OP_GE || m->op == FWT_OP_LE ? FWT_TEST_NEGATE : 0;
	}
	t.field[0] = (u8)(m->op == FWT_OP_GT || m->op == FWT_OP_LE ? second : first);
	t.field[1] = (u8)(m->op == FWT_OP_GT || m->op == FWT_OP_LE ? first : second);
	fwt_sema_append(&guards, fwt_sema_test(s, &t));
	return guards;
}

/* The mask of each family; bits of several words (TCP flags) are put together. */
static bool read_mask(struct fwt_sema *s, const struct fwt_sema_key *k,
		      const struct fwt_values *values, struct fwt_elems elems[2],
		      u32 mask[2][FWT_KEY_WORDS])
{
	const struct fwt_value *v;
	bool flags = k->ref[0]->field == FWT_AST_TCP_FLAGS;
	u32 f, i, n, w;

	for (v = values->first; v; v = v->next)
		if (is_interface(v) || v->kind == FWT_VALUE_SETREF) {
			fwt_error(s->diag, &v->loc, "a mask is a plain value");
			return false;
		} else if (!fwt_sema_elem(s, k, v, elems, FWT_NONE)) {
			return false;
		}
	for (f = 0; f < 2; f++) {
		n = fwt_elems_count(&elems[f]);
		w = elems[f].words;
		if (elems[f].ranges || (n > 1 && !flags)) {
			fwt_error(s->diag, &values->loc, elems[f].ranges ?
				  "a mask is a single value" :
				  "there is one mask for each family");
			return false;
		}
		memset(mask[f], 0, sizeof(mask[f]));
		for (i = 0; i < n * w; i++)
			mask[f][i % w] |= ((u32 *)elems[f].data.data)[i / w * 2 * w + i % w];
	}
	return true;
}

static bool fits_mask(struct fwt_sema *s, const struct fwt_value *v,
		      const struct fwt_elems *e, u32 from, const u32 *mask, bool there)
{
	const u32 *low;
	u32 i;

	for (; from < fwt_elems_count(e); from++) {
		low = (u32 *)e->data.data + (size_t)from * 2 * e->words;
		if (!there) {
			fwt_error(s->diag, &v->loc, "the mask is of another family");
			return false;
		}
		if (memcmp(low, low + e->words, e->words * sizeof(u32)))
			continue;
		for (i = 0; i < e->words; i++) {
			if (!(low[i] & ~mask[i]))
				continue;
			fwt_error(s->diag, &v->loc,
				  "never equal: there are bits outside of the mask");
			return false;
		}
	}
	return true;
}

/* All flags of a list at once, as in a mask: { syn, ack } is both. */
static bool flags_together(struct fwt_sema *s, const struct fwt_values *values,
			   struct fwt_elems *e)
{
	u32 *key = e->data.data, all = 0, i = 0;
	const struct fwt_value *v;

	for (v = values->first; v && i < e->data.count; v = v->next, i += 2) {
		if (key[i] != key[i + 1] || !key[i]) {
			fwt_error_hint(s->diag, &v->loc, "for one or the other write two rules",
				       "behind a mask a list of flags is all of them at once");
			return false;
		}
		all |= key[i];
	}
	key[0] = all;
	key[1] = all;
	e->data.count = 2;
	return true;
}

/* Of joined fields a list is one of its elements, each of which says its flags itself. */
static bool flags_apart(struct fwt_sema *s, const struct fwt_sema_key *k,
			const struct fwt_value *v)
{
	const struct fwt_value *part;
	u32 i;

	for (i = 0; v->kind == FWT_VALUE_JOIN && i < k->test.n_fields; i++) {
		part = v->parts.part[i].first;
		if (k->ref[i]->field != FWT_AST_TCP_FLAGS || !part || !part->next)
			continue;
		fwt_error_hint(s->diag, &v->loc, "as a number, 0x12 is syn and ack",
			       "a list of flags is not joined behind a mask");
		return false;
	}
	return true;
}

static struct fwt_cond *masked(struct fwt_sema *s, const struct fwt_match *m)
{
	u32 mask[2][FWT_KEY_WORDS], before[2], f;
	struct fwt_elems masks[2], elems[2];
	struct fwt_cond *guards = NULL;
	bool ok, there[2], negate = m->op == FWT_OP_NE;
	struct fwt_cond *list = NULL;
	const struct fwt_value *v, *live = NULL;
	struct fwt_sema_key k;

	if (!fwt_sema_key(s, &m->fields, &k, &guards))
		return NULL;
	for (f = 0; f < k.test.n_fields; f++) {
		enum fwt_value_class class = fwt_ast_field_info(k.ref[f]->field)->class;

		if (class == FWT_CLASS_IFNAME || class == FWT_CLASS_CT_STATE ||
		    class == FWT_CLASS_CT_STATUS || class == FWT_CLASS_BOOL ||
		    class == FWT_CLASS_ROUTE_TYPE || class == FWT_CLASS_CGROUP) {
			fwt_error(s->diag, &k.ref[f]->loc, "'%s' can't be masked",
				  fwt_field_words(k.ref[f]->field, k.ref[f]->implies));
			return NULL;
		}
	}
	fwt_sema_elems_init(&k, masks);
	fwt_sema_elems_init(&k, elems);
	ok = read_mask(s, &k, m->mask, masks, mask);
	there[0] = fwt_elems_count(&masks[0]);
	there[1] = fwt_elems_count(&masks[1]);
	for (v = m->values.first; v; v = v->next) {
		if (v->kind == FWT_VALUE_SETREF) {
			live = v;
			continue;
		}
		before[0] = fwt_elems_count(&elems[0]);
		before[1] = fwt_elems_count(&elems[1]);
		if (!fwt_sema_is_constant(v)) {
			fwt_error(s->diag, &v->loc, is_interface(v) ?
				  "an interface's addresses are asked without a mask" :
				  "a value with sets in it is asked without a mask");
			ok = false;
		} else if (!fwt_sema_elem(s, &k, v, elems, FWT_NONE) || !flags_apart(s, &k, v)) {
			ok = false;
		}
		for (f = 0; ok && f < 2; f++)
			ok = fits_mask(s, v, &elems[f], before[f], mask[f], there[f]);
	}
	if (ok && k.ref[0]->field == FWT_AST_TCP_FLAGS && k.test.n_fields == 1 && !live &&
	    fwt_elems_count(&elems[0]) > 1)
		ok = flags_together(s, &m->values, &elems[0]);
	for (f = 0; ok && f < 2; f++) {
		if (there[f])
			k.test.mask[f] = fwt_builder_mask(&s->b, mask[f], elems[f].words);
		k.test.set[f] = fwt_build_set(&s->b, &elems[f]);
	}
	fwt_elems_clean(&masks[0]);
	fwt_elems_clean(&masks[1]);
	fwt_elems_clean(&elems[0]);
	fwt_elems_clean(&elems[1]);
	if (!ok)
		return NULL;
	if (!k.split) {
		k.test.mask[1] = k.test.mask[0];
		k.test.set[1] = k.test.set[0];
	}
	/* Of a family without a mask nothing is equal. */
	if (live && k.split && !(there[0] && there[1])) {
		fwt_error(s->diag, &m->loc, "a mask for each family is needed before a set");
		return NULL;
	}
	k.test.flags = negate ? FWT_TEST_NEGATE : 0;
	if (k.test.set[0] != FWT_NONE || k.test.set[1] != FWT_NONE || !live)
		list = fwt_sema_test(s, &k.test);
	for (v = live ? m->values.first : NULL; v; v = v->next)
		if (v->kind == FWT_VALUE_SETREF)
			fwt_sema_append(&list, fwt_sema_value(s, &k, v, negate));
	fwt_sema_append(&guards, negate ? list : fwt_sema_any_of(s, list));
	return guards;
}

static const char *stateful(const struct fwt_match *m)
{
	switch (m->kind) {
	case FWT_MATCH_LIMIT:
		return "limit";
	case FWT_MATCH_QUOTA:
		return "quota";
	case FWT_MATCH_CT_COUNT:
		return "ct count";
	default:
		return NULL;
	}
}

static void prefix_mask(u32 *mask, u32 words, int plen)
{
	u32 i;

	for (i = 0; i < words; i++)
		mask[i] = plen < 0 || plen >= 32 * (int)(i + 1) ? ~0u :
			  plen <= 32 * (int)i ? 0 : ~0u << (32 - plen % 32);
}

/* The keys' prefixes, for packets with addresses of one word and of four. */
void fwt_sema_key_masks(struct fwt_sema *s, struct fwt_sema_key *k)
{
	u32 mask[FWT_KEY_WORDS], f, i, words, n;
	bool any;

	for (f = 0; f < 2; f++) {
		any = false;
		words = 0;
		for (i = 0; i < k->test.n_fields; i++) {
			const struct fwt_field_info *info = &fwt_field_info[k->test.field[i]];
			int plen = -1;

			n = f ? info->words6 : info->words;
			if (n == 4)
				plen = k->ref[i]->plen6;
			else if (n == 1)
				plen = k->ref[i]->plen4;
			any |= plen >= 0;
			prefix_mask(mask + words, n, plen);
			words += n;
		}
		if (any)
			k->test.mask[f] = fwt_builder_mask(&s->b, mask, words);
	}
}

static struct fwt_cond *ct_count(struct fwt_sema *s, const struct fwt_match *m)
{
	u32 record = s->b.sec[FWT_SEC_RULES].count - 1, f, i;
	struct fwt_cond *guards = NULL;
	struct fwt_sema_key k;
	u64 n;

	fwt_sema_hooks(s, &m->loc, FWT_HOOKS_INET, "a device tracks nothing", "ct count");
	if (!fwt_sema_key(s, &m->fields, &k, &guards) || !m->number ||
	    (m->number->kind != FWT_VALUE_NUMBER && m->number->kind != FWT_VALUE_SIZE))
		return NULL;
	if (m->op == FWT_OP_EQ || m->op == FWT_OP_NE) {
		fwt_error(s->diag, &m->loc, "'ct count' is compared by '>', '>=', '<' or '<='");
		return NULL;
	}
	for (f = 0, i = 0; i < k.test.n_fields; i++)
		f += fwt_field_info[k.test.field[i]].words6;
	if (f > FWT_COUNT_WORDS) {
		fwt_error(s->diag, &m->fields.loc, "the joined fields are too long together");
		return NULL;
	}
	/* The one that is asked for counts too: there is always one. */
	n = m->number->number;
	if (m->op == FWT_OP_GE || m->op == FWT_OP_LT) {
		if (!n) {
			fwt_error(s->diag, &m->number->loc, "the connection that asks counts too");
			return NULL;
		}
		n--;
	}
	if (n > 1u << 30) {
		fwt_error(s->diag, &m->number->loc, "there are never so many connections");
		return NULL;
	}
	if (s->count_rule != record + 1)
		s->count_next = 0;
	s->count_rule = record + 1;
	if (s->count_next == FWT_COUNTS_RULE) {
		fwt_error(s->diag, &m->loc, "a rule has at most %u 'ct count'", FWT_COUNTS_RULE);
		return NULL;
	}
	k.test.op = FWT_TEST_COUNT;
	k.test.flags = m->op == FWT_OP_LT || m->op == FWT_OP_LE ? FWT_TEST_NEGATE : 0;
	fwt_sema_key_masks(s, &k);
	k.test.set[0] = (u32)n;
	k.test.set[1] = record;
	k.test.pad = (u8)s->count_next++;
	s->stateful = true;
	fwt_sema_append(&guards, fwt_sema_test(s, &k.test));
	return guards;
}

static struct fwt_cond *match(struct fwt_sema *s, const struct fwt_match *m, bool in_not);

static struct fwt_cond *list_of(struct fwt_sema *s, const struct fwt_match *m, bool in_not)
{
	struct fwt_cond *list = NULL, **last = &list;

	for (; m; m = m->next) {
		if (stateful(m) && !in_not && m->next && !stateful(m->next))
			fwt_error(s->diag, &m->next->loc, "'%s' is asked last on its line",
				  stateful(m));
		*last = match(s, m, in_not);
		while (*last)
			last = &(*last)->next;
	}
	return list;
}

static struct fwt_cond *match(struct fwt_sema *s, const struct fwt_match *m, bool in_not)
{
	struct fwt_cond *c;

	if (m->kind == FWT_MATCH_CT_COUNT && !in_not)
		return ct_count(s, m);
	if (m->kind == FWT_MATCH_LIMIT && !in_not)
		return fwt_sema_limit(s, m);
	if (m->kind == FWT_MATCH_QUOTA && !in_not)
		return fwt_sema_quota(s, m);
	if (stateful(m)) {
		fwt_error(s->diag, &m->loc, "'%s' never stands in 'not'", stateful(m));
		return NULL;
	}
	switch (m->kind) {
	case FWT_MATCH_FIELD:
		return field(s, m);
	case FWT_MATCH_FLAG:
		return flag(s, m);
	case FWT_MATCH_COMPARE:
		return compare(s, m);
	case FWT_MATCH_MASK:
		return masked(s, m);
	case FWT_MATCH_NOT:
		c = fwt_sema_alloc(s, sizeof(*c));
		if (!c)
			return NULL;
		c->kind = FWT_COND_NOT;
		c->inner = list_of(s, m->inner, true);
		return c;
	case FWT_MATCH_RANDOM:
		return fwt_sema_random(s, m);
	case FWT_MATCH_NODE:
		return fwt_sema_node(s, m);
	default:
		return NULL;
	}
}

struct fwt_cond *fwt_sema_matches(struct fwt_sema *s, const struct fwt_match *m)
{
	return list_of(s, m, false);
}
