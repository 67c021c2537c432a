// SPDX-License-Identifier: GPL-2.0
/*
 * The verifier's part for what is no node, no forest and no object: each element of
 * a section for what it says of itself.
 */
#include "balance.h"
#include "filter.h"
#include "change.h"
#include "verify_private.h"
#include "limit.h"

static bool source_ok(const struct fwt_verify *c, u32 off, u32 len)
{
	return off <= c->prog->n[FWT_SEC_SOURCE] &&
	       len <= c->prog->n[FWT_SEC_SOURCE] - off;
}

static int check_set(struct fwt_verify *c, u32 i)
{
	const struct fwt_prog_set *s = &c->prog->set[i];
	u32 stride, k, d, sum = 0;
	const u32 *data;

	if (s->kind >= __FWT_SET_MAX || s->pad)
		return bad(c, FWT_SEC_SETS, i, "no such kind");
	if (!s->words || s->words > FWT_KEY_WORDS)
		return bad(c, FWT_SEC_SETS, i, "keys of an impossible length");
	if (!s->n_dims || s->n_dims > FWT_TEST_FIELDS)
		return bad(c, FWT_SEC_SETS, i, "an impossible number of dimensions");
	for (d = 0; d < s->n_dims; d++) {
		if (!s->dim[d])
			return bad(c, FWT_SEC_SETS, i, "a dimension of no words");
		sum += s->dim[d];
	}
	if (sum != s->words)
		return bad(c, FWT_SEC_SETS, i, "dimensions do not add up to the key");
	stride = s->kind == FWT_SET_KEYS ? s->words : 2 * s->words;
	if (!words_ok(c, s->data, s->count, stride))
		return bad(c, FWT_SEC_SETS, i, "elements outside of their section");
	if (s->value != FWT_NONE && !words_ok(c, s->value, s->count, 1))
		return bad(c, FWT_SEC_SETS, i, "values outside of their section");
	if (!spend(c, (u64)s->count * stride))
		return refuse(c, -E2BIG, FWT_SEC_SETS, i, "sets overlap too much");
	data = c->prog->word + s->data;
	for (k = 0; k < s->count; k++, data += stride) {
		if (fwt_rest(k))
			return -EINTR;
		if (s->kind == FWT_SET_RANGES &&
		    words_cmp(data, data + s->words, s->words) > 0)
			return bad(c, FWT_SEC_SETS, i, "a range that ends before it begins");
		/* The high key of the one before, which for KEYS is its key. */
		if (s->kind != FWT_SET_BOXES && k &&
		    words_cmp(data - s->words, data, s->words) >= 0)
			return bad(c, FWT_SEC_SETS, i, "elements out of order");
	}
	return 0;
}

static int check_test_set(struct fwt_verify *c, u32 i, u32 six)
{
	const struct fwt_prog_test *t = &c->prog->test[i];
	const struct fwt_prog_set *s;
	u32 words = 0, d;

	for (d = 0; d < t->n_fields; d++) {
		const struct fwt_field_info *f = &fwt_field_info[t->field[d]];

		words += six ? f->words6 : f->words;
	}
	if (words > FWT_KEY_WORDS)
		return bad(c, FWT_SEC_TESTS, i, "joined fields are too long");
	if (t->mask[six] != FWT_NONE && !words_ok(c, t->mask[six], 1, words))
		return bad(c, FWT_SEC_TESTS, i, "mask outside of its section");
	if (t->set[six] == FWT_NONE)
		return 0;
	if (!index_ok(c, FWT_SEC_SETS, t->set[six]))
		return bad(c, FWT_SEC_TESTS, i, "no such set");
	s = &c->prog->set[t->set[six]];
	if (s->words != words || s->n_dims != t->n_fields)
		return bad(c, FWT_SEC_TESTS, i, "set has keys of another shape");
	for (d = 0; d < t->n_fields; d++) {
		const struct fwt_field_info *f = &fwt_field_info[t->field[d]];

		if (s->dim[d] != (six ? f->words6 : f->words))
			return bad(c, FWT_SEC_TESTS, i, "set has keys of another shape");
	}
	return 0;
}

static int check_count(struct fwt_verify *c, u32 i, u32 six)
{
	const struct fwt_prog_test *t = &c->prog->test[i];
	u32 words = 0, d;

	for (d = 0; d < t->n_fields; d++) {
		const struct fwt_field_info *f = &fwt_field_info[t->field[d]];

		words += six ? f->words6 : f->words;
	}
	if (words > FWT_COUNT_WORDS)
		return bad(c, FWT_SEC_TESTS, i, "joined fields are too long");
	if (t->mask[six] != FWT_NONE && !words_ok(c, t->mask[six], 1, words))
		return bad(c, FWT_SEC_TESTS, i, "mask outside of its section");
	if (!index_ok(c, FWT_SEC_RULES, t->set[1]))
		return bad(c, FWT_SEC_TESTS, i, "counts for no rule");
	return 0;
}

static bool object_ok(const struct fwt_verify *c, u32 i, u8 kind)
{
	return index_ok(c, FWT_SEC_OBJECTS, i) && c->prog->object[i].kind == kind;
}

/* Joined fields as of a count, or none. */
static int check_keys(struct fwt_verify *c, u32 i)
{
	const struct fwt_prog_test *t = &c->prog->test[i];
	u32 words, d, six;

	for (six = 0; six < 2; six++) {
		for (words = 0, d = 0; d < t->n_fields; d++) {
			const struct fwt_field_info *f = &fwt_field_info[t->field[d]];

			words += six ? f->words6 : f->words;
		}
		if (words > FWT_COUNT_WORDS)
			return bad(c, FWT_SEC_TESTS, i, "joined fields are too long");
		if (t->mask[six] != FWT_NONE && !words_ok(c, t->mask[six], 1, words))
			return bad(c, FWT_SEC_TESTS, i, "mask outside of its section");
	}
	return 0;
}

static int check_limit(struct fwt_verify *c, u32 i)
{
	const struct fwt_prog_test *t = &c->prog->test[i];
	const struct fwt_prog_object *o;

	if (!object_ok(c, t->set[0], t->op == FWT_TEST_LIMIT ? FWT_OBJECT_LIMIT :
						       FWT_OBJECT_QUOTA))
		return bad(c, FWT_SEC_TESTS, i, "no such limit or quota");
	o = &c->prog->object[t->set[0]];
	if (!t->n_fields != !(t->op == FWT_TEST_LIMIT &&
			      o->param[FWT_LIMIT_FLAGS] & FWT_LIMIT_KEYED))
		return bad(c, FWT_SEC_TESTS, i, "fields of a limit that has no keys, or none");
	return check_keys(c, i);
}

/* Its set leaves no number below the sum without a branch. */
static int check_split(struct fwt_verify *c, u32 i)
{
	const struct fwt_prog_test *t = &c->prog->test[i];
	const struct fwt_prog_object *o;
	const struct fwt_prog_set *s;
	const u32 *range;
	u32 next = 0, k;

	if (t->n_fields && t->op != FWT_TEST_SPLIT_HASH)
		return bad(c, FWT_SEC_TESTS, i, "a split with fields that it does not ask");
	if (!index_ok(c, FWT_SEC_SETS, t->set[0]))
		return bad(c, FWT_SEC_TESTS, i, "no such set");
	s = &c->prog->set[t->set[0]];
	if (s->kind != FWT_SET_RANGES || s->words != 1 || !s->count || s->value == FWT_NONE)
		return bad(c, FWT_SEC_TESTS, i, "splits by a set of another shape");
	if (!spend(c, s->count))
		return refuse(c, -E2BIG, FWT_SEC_TESTS, i, "too many splits share a set");
	range = c->prog->word + s->data;
	for (k = 0; k < s->count; k++, range += 2) {
		if (fwt_rest(k))
			return -EINTR;
		if (range[0] != next || range[1] == FWT_NONE)
			return bad(c, FWT_SEC_TESTS, i, "a split with a gap");
		next = range[1] + 1;
	}
	if (t->op == FWT_TEST_SPLIT_TURN) {
		if (!object_ok(c, t->set[1], FWT_OBJECT_SPLIT))
			return bad(c, FWT_SEC_TESTS, i, "no such split");
		o = &c->prog->object[t->set[1]];
		if (o->param[FWT_SPLIT_TURNS] != next)
			return bad(c, FWT_SEC_TESTS, i, "other turns than there are branches");
	} else if (!index_ok(c, FWT_SEC_RULES, t->set[1])) {
		return bad(c, FWT_SEC_TESTS, i, "splits for no rule");
	}
	return check_keys(c, i);
}

/* The key has the shape of the set's elements, with IPv6 addresses or without. */
static int check_live(struct fwt_verify *c, u32 i, u32 six)
{
	const struct fwt_prog_test *t = &c->prog->test[i];
	u32 flags = t->op == FWT_TEST_LIVE_TREE ? t->pad : t->set[1];
	struct fwt_set_shape s;
	u32 words = 0, d, live;

	if (!index_ok(c, FWT_SEC_OBJECTS, t->set[0]) ||
	    c->prog->object[t->set[0]].kind != FWT_OBJECT_SET ||
	    !fwt_set_shape(c->prog->object[t->set[0]].param, &s))
		return bad(c, FWT_SEC_TESTS, i, "no such live set");
	if (flags & ~(FWT_LIVE_SIX4 | FWT_LIVE_SIX6))
		return bad(c, FWT_SEC_TESTS, i, "flags are not known");
	live = flags >> six & 1;
	if (live && !s.split)
		return bad(c, FWT_SEC_TESTS, i, "set has no addresses");
	if (s.n != t->n_fields)
		return bad(c, FWT_SEC_TESTS, i, "set has keys of another shape");
	for (d = 0; d < t->n_fields; d++) {
		const struct fwt_field_info *f = &fwt_field_info[t->field[d]];

		words += six ? f->words6 : f->words;
		if ((six ? f->words6 : f->words) != s.dim[live][d])
			return bad(c, FWT_SEC_TESTS, i, "set has keys of another shape");
	}
	if (t->mask[six] != FWT_NONE && !words_ok(c, t->mask[six], 1, words))
		return bad(c, FWT_SEC_TESTS, i, "mask outside of its section");
	return 0;
}

static int check_live_tree(struct fwt_verify *c, u32 i)
{
	const struct fwt_prog_test *t = &c->prog->test[i];
	int ret = check_live(c, i, 0);

	if (!ret)
		ret = check_live(c, i, 1);
	if (ret)
		return ret;
	if (!fwt_set_gives_trees(c->prog->object[t->set[0]].param))
		return bad(c, FWT_SEC_TESTS, i, "a map that gives no trees");
	if (t->set[1] != FWT_NONE && !names_ok(c, t->set[1], true))
		return bad(c, FWT_SEC_TESTS, i, "no trees to go to");
	return 0;
}

static bool is_addr(u8 field)
{
	return field == FWT_FIELD_SADDR || field == FWT_FIELD_DADDR ||
	       field == FWT_FIELD_IP_SADDR || field == FWT_FIELD_IP_DADDR ||
	       field == FWT_FIELD_IP6_SADDR || field == FWT_FIELD_IP6_DADDR ||
	       field == FWT_FIELD_ROUTE_NEXTHOP || field == FWT_FIELD_ROUTE_SADDR ||
	       field == FWT_FIELD_CT_ORIGINAL_SADDR || field == FWT_FIELD_CT_ORIGINAL_DADDR;
}

static int check_bpf(struct fwt_verify *c, u32 i)
{
	const struct fwt_prog_test *t = &c->prog->test[i];
	u32 k;

	if (t->n_fields || t->mask[0] != FWT_NONE || t->mask[1] != FWT_NONE)
		return bad(c, FWT_SEC_TESTS, i, "a filter with fields");
	for (k = 0; k < 2; k++) {
		if (t->set[k] == FWT_NONE)
			continue;
		if (!index_ok(c, FWT_SEC_FILTERS, t->set[k]))
			return bad(c, FWT_SEC_TESTS, i, "no such filter");
		if (c->prog->filter[t->set[k]].link != (k ? FWT_LINK_ETHERNET : FWT_LINK_RAW))
			return bad(c, FWT_SEC_TESTS, i, "a filter of another link");
	}
	return 0;
}

static int check_filter(struct fwt_verify *c, u32 i)
{
	const struct fwt_prog_filter *f = &c->prog->filter[i];
	const char *wrong;

	if (!f->count || f->count > FWT_FILTER_INSNS_MAX)
		return bad(c, FWT_SEC_FILTERS, i, "an impossible number of instructions");
	if (f->first > c->prog->n[FWT_SEC_INSNS] ||
	    f->count > c->prog->n[FWT_SEC_INSNS] - f->first)
		return bad(c, FWT_SEC_FILTERS, i, "instructions outside of their section");
	if (f->link >= __FWT_LINK_MAX || !string_ok(c, f->text, false))
		return bad(c, FWT_SEC_FILTERS, i, "no such link, or no text");
	if (!spend(c, f->count))
		return refuse(c, -E2BIG, FWT_SEC_FILTERS, i, "filters overlap too much");
	wrong = fwt_filter_check(c->prog->insn + f->first, f->count);
	return wrong ? bad(c, FWT_SEC_FILTERS, i, wrong) : 0;
}

static int check_test(struct fwt_verify *c, u32 i)
{
	const struct fwt_prog_test *t = &c->prog->test[i];
	int ret;
	u32 d;

	if (t->op >= __FWT_TEST_MAX || t->flags & ~FWT_TEST_NEGATE ||
	    t->pad >= (t->op == FWT_TEST_COUNT || t->op == FWT_TEST_RANDOM ||
		       t->op == FWT_TEST_LIVE_TREE ? FWT_COUNTS_RULE : 1))
		return bad(c, FWT_SEC_TESTS, i, "no such operation");
	if (t->op == FWT_TEST_BPF)
		return check_bpf(c, i);
	if (t->op == FWT_TEST_NODE || t->op == FWT_TEST_NODE_SELECT)
		return fwt_verify_foreign_test(c, i);
	if ((!t->n_fields && t->op < FWT_TEST_LIMIT) || t->n_fields > FWT_TEST_FIELDS)
		return bad(c, FWT_SEC_TESTS, i, "an impossible number of fields");
	for (d = 0; d < t->n_fields; d++)
		if (t->field[d] >= __FWT_FIELD_MAX)
			return refuse(c, -EOPNOTSUPP, FWT_SEC_TESTS, i,
				      "a field that is not known here");
	switch (t->op) {
	case FWT_TEST_IN:
		ret = check_test_set(c, i, 0);
		return ret ? ret : check_test_set(c, i, 1);
	case FWT_TEST_COUNT:
		ret = check_count(c, i, 0);
		return ret ? ret : check_count(c, i, 1);
	case FWT_TEST_LIMIT:
	case FWT_TEST_QUOTA:
		return check_limit(c, i);
	case FWT_TEST_RANDOM:
		if (t->n_fields)
			return bad(c, FWT_SEC_TESTS, i, "chance with fields");
		if (!index_ok(c, FWT_SEC_RULES, t->set[1]))
			return bad(c, FWT_SEC_TESTS, i, "chance for no rule");
		break;
	case FWT_TEST_SPLIT_RANDOM:
	case FWT_TEST_SPLIT_HASH:
	case FWT_TEST_SPLIT_TURN:
		return check_split(c, i);
	case FWT_TEST_LIVE:
		ret = check_live(c, i, 0);
		return ret ? ret : check_live(c, i, 1);
	case FWT_TEST_LIVE_TREE:
		return check_live_tree(c, i);
	case FWT_TEST_EQUAL:
	case FWT_TEST_LESS:
		if (t->n_fields != 2)
			return bad(c, FWT_SEC_TESTS, i, "compares other than two fields");
		break;
	case FWT_TEST_IFADDR:
	case FWT_TEST_IFNET:
		if (t->n_fields != 1 || !is_addr(t->field[0]))
			return bad(c, FWT_SEC_TESTS, i, "interface without an address field");
		if (!ifname_ok(c, t->set[0]))
			return bad(c, FWT_SEC_TESTS, i, "no interface name");
		break;
	}
	return 0;
}

/* All bits in which its two ends differ are the last ones, 0 in the first. */
static bool is_prefix(const struct fwt_prog_mod *m)
{
	u32 i, n = m->family == 6 ? 4 : 1;
	bool host = false;

	for (i = 0; i < n; i++) {
		u32 diff = m->addr_lo[i] ^ m->addr_hi[i];

		if (diff & (diff + 1) || m->addr_lo[i] & diff ||
		    (host && diff != 0xffffffff))
			return false;
		host |= diff != 0;
	}
	return true;
}

/* A value, or a field of one word, that fits what is set. */
static int check_set_mod(struct fwt_verify *c, u32 i)
{
	const struct fwt_prog_mod *m = &c->prog->mod[i];
	u32 least, most = fwt_set_most(m->type, &least);
	const struct fwt_field_info *f;

	if (m->flags & ~(FWT_MOD_FIELD | FWT_MOD_MAP))
		return bad(c, FWT_SEC_MODS, i, "flags that it has no use for");
	if (!(m->flags & FWT_MOD_FIELD)) {
		if (m->a < least || m->a > most)
			return bad(c, FWT_SEC_MODS, i, "a value that can't be set");
		return 0;
	}
	if (m->a >= __FWT_FIELD_MAX)
		return refuse(c, -EOPNOTSUPP, FWT_SEC_MODS, i,
			      "a field that is not known here");
	f = &fwt_field_info[m->a];
	if (f->words != 1 || f->words6 != 1 || (f->bits < 32 ? (1u << f->bits) - 1 : ~0u) > most)
		return bad(c, FWT_SEC_MODS, i, "a field that does not fit in another");
	return 0;
}

static int check_balance(struct fwt_verify *c, u32 i)
{
	const struct fwt_prog_mod *m = &c->prog->mod[i];

	if (m->family || m->flags & ~(FWT_MOD_PERSISTENT | FWT_MOD_OR_REJECT))
		return bad(c, FWT_SEC_MODS, i, "has what a pool says");
	if (m->flags & FWT_MOD_OR_REJECT && m->addr_lo[0] >= __FWT_REJECT_MAX)
		return refuse(c, -EOPNOTSUPP, FWT_SEC_MODS, i, "an answer that is not known here");
	if (m->port_lo > m->port_hi || !m->port_lo != !m->port_hi)
		return bad(c, FWT_SEC_MODS, i, "an impossible range of ports");
	if (!index_ok(c, FWT_SEC_OBJECTS, m->a) ||
	    c->prog->object[m->a].kind != FWT_OBJECT_POOL)
		return bad(c, FWT_SEC_MODS, i, "no such pool");
	if (m->flags & FWT_MOD_PERSISTENT &&
	    !(c->prog->object[m->a].param[FWT_POOL_FLAGS] & FWT_POOL_PERSISTENT))
		return bad(c, FWT_SEC_MODS, i, "the pool does not know of persistence");
	return 0;
}

static int check_update(struct fwt_verify *c, u32 i)
{
	const struct fwt_prog_mod *m = &c->prog->mod[i];
	const struct fwt_prog_test *t;
	struct fwt_set_shape s;

	if (!index_ok(c, FWT_SEC_TESTS, m->a))
		return bad(c, FWT_SEC_MODS, i, "no such test");
	t = &c->prog->test[m->a];
	if (t->op != FWT_TEST_LIVE || t->flags || t->mask[0] != FWT_NONE ||
	    t->mask[1] != FWT_NONE)
		return bad(c, FWT_SEC_MODS, i, "no key of a live set");
	fwt_set_shape(c->prog->object[t->set[0]].param, &s);
	if (s.words[0] > FWT_COUNT_WORDS || s.words[1] > FWT_COUNT_WORDS || s.n_value)
		return bad(c, FWT_SEC_MODS, i, "a set that walks do not change");
	if (m->addr_lo[2] > 1 || m->addr_lo[3] ||
	    ((u64)m->addr_lo[1] << 32 | m->addr_lo[0]) > FWT_SET_TIMEOUT_MAX)
		return bad(c, FWT_SEC_MODS, i, "an impossible timeout");
	return 0;
}

/* What a map gives is what the modifier takes. */
static int check_map(struct fwt_verify *c, u32 i)
{
	const u32 addr = FWT_SET_TYPE_ADDR, port = FWT_SET_TYPE_PORT;
	const struct fwt_prog_mod *m = &c->prog->mod[i];
	const struct fwt_prog_test *t;
	const u32 *param;
	u32 types, least;

	if (!index_ok(c, FWT_SEC_TESTS, m->addr_lo[0]))
		return bad(c, FWT_SEC_MODS, i, "no such test");
	t = &c->prog->test[m->addr_lo[0]];
	if (t->op != FWT_TEST_LIVE || t->flags)
		return bad(c, FWT_SEC_MODS, i, "no key of a map");
	param = c->prog->object[t->set[0]].param;
	types = param[FWT_SETP_VALUE_TYPES];
	if (m->family || m->flags & (FWT_MOD_IFADDR | FWT_MOD_FIELD))
		return bad(c, FWT_SEC_MODS, i, "has what a map says");
	if (fwt_set_is(m->type)) {
		if (types != FWT_SET_TYPE_MARK || fwt_set_most(m->type, &least) != ~0u)
			return bad(c, FWT_SEC_MODS, i, "a map of other values");
		return 0;
	}
	if (m->type != FWT_MOD_SNAT && m->type != FWT_MOD_DNAT)
		return bad(c, FWT_SEC_MODS, i, "a map that it has no use for");
	if (types != addr && (m->type == FWT_MOD_SNAT || m->flags & FWT_MOD_PORTS ||
			      (types != port && types != (addr | port << 4))))
		return bad(c, FWT_SEC_MODS, i, "a map of other values");
	return 0;
}

static int check_mod(struct fwt_verify *c, u32 i)
{
	const struct fwt_prog_mod *m = &c->prog->mod[i];
	int ret;

	if (m->type >= __FWT_MOD_MAX)
		return refuse(c, -EOPNOTSUPP, FWT_SEC_MODS, i,
			      "a modifier that is not known here");
	if (!index_ok(c, FWT_SEC_RULES, m->rule))
		return bad(c, FWT_SEC_MODS, i, "no such rule");
	if (m->flags & ~(FWT_MOD_RANDOM | FWT_MOD_PERSISTENT |
			 FWT_MOD_ENDPOINT_INDEPENDENT | FWT_MOD_PORTS |
			 FWT_MOD_IFADDR | FWT_MOD_FIELD | FWT_MOD_MAP |
			 FWT_MOD_OR_REJECT))
		return refuse(c, -EOPNOTSUPP, FWT_SEC_MODS, i, "flags are not known");
	if (m->flags & FWT_MOD_OR_REJECT && m->type != FWT_MOD_BALANCE)
		return bad(c, FWT_SEC_MODS, i, "an answer that it has no use for");
	ret = m->flags & FWT_MOD_MAP ? check_map(c, i) : 0;
	if (ret)
		return ret;
	if (fwt_set_is(m->type))
		return check_set_mod(c, i);
	if (m->flags & FWT_MOD_FIELD)
		return bad(c, FWT_SEC_MODS, i, "a field that it has no use for");
	if (m->flags & FWT_MOD_PORTS && (!m->port_lo || m->port_lo > m->port_hi))
		return bad(c, FWT_SEC_MODS, i, "an impossible range of ports");
	if (m->flags & FWT_MOD_ENDPOINT_INDEPENDENT && m->type != FWT_MOD_SNAT &&
	    m->type != FWT_MOD_MASQUERADE)
		return bad(c, FWT_SEC_MODS, i, "endpoint-independent of no source");
	if (m->flags & FWT_MOD_IFADDR) {
		if (m->type != FWT_MOD_SNAT && m->type != FWT_MOD_DNAT)
			return bad(c, FWT_SEC_MODS, i, "an interface that it has no use for");
		if (m->family || !ifname_ok(c, m->addr_lo[0]))
			return bad(c, FWT_SEC_MODS, i, "no interface name");
	}
	switch (m->type) {
	case FWT_MOD_SNAT:
	case FWT_MOD_DNAT:
		if (!m->family) {
			if (!(m->flags & (FWT_MOD_IFADDR | FWT_MOD_PORTS | FWT_MOD_MAP)))
				return bad(c, FWT_SEC_MODS, i, "neither address nor port");
			break;
		}
		fallthrough;
	case FWT_MOD_NETMAP:
		if (m->family != 4 && m->family != 6)
			return bad(c, FWT_SEC_MODS, i, "no such family");
		if (words_cmp(m->addr_lo, m->addr_hi, m->family == 6 ? 4 : 1) > 0)
			return bad(c, FWT_SEC_MODS, i, "an impossible range of addresses");
		if (m->type == FWT_MOD_NETMAP && !is_prefix(m))
			return bad(c, FWT_SEC_MODS, i, "no prefix");
		break;
	case FWT_MOD_BALANCE:
		return check_balance(c, i);
	case FWT_MOD_LOG:
	case FWT_MOD_NFLOG:
		if (!string_ok(c, m->a, true))
			return bad(c, FWT_SEC_MODS, i, "no such prefix");
		if (m->type == FWT_MOD_NFLOG && m->a != FWT_NONE &&
		    !short_enough(c, m->a, FWT_GROUP_PREFIX_MAX))
			return bad(c, FWT_SEC_MODS, i, "a prefix too long for a log group");
		break;
	case FWT_MOD_COUNT:
		if (!index_ok(c, FWT_SEC_COUNTERS, m->a))
			return bad(c, FWT_SEC_MODS, i, "no such counter");
		break;
	case FWT_MOD_SET_ADD:
	case FWT_MOD_SET_REMOVE:
		return check_update(c, i);
	case FWT_MOD_NODE:
		return fwt_verify_foreign_effect(c, i);
	}
	return 0;
}

static int check_rule(struct fwt_verify *c, u32 i)
{
	const struct fwt_prog_rule *r = &c->prog->rule[i];

	if (!string_ok(c, r->id, true) || !string_ok(c, r->tree, false))
		return bad(c, FWT_SEC_RULES, i, "no such name");
	if (!name_short(c, r->id))
		return refuse(c, -E2BIG, FWT_SEC_RULES, i, "its id is too long");
	if (!index_ok(c, FWT_SEC_FILES, r->file))
		return bad(c, FWT_SEC_RULES, i, "no such file");
	if (!source_ok(c, r->text, r->text_len))
		return bad(c, FWT_SEC_RULES, i, "text outside of the source");
	if (!index_ok(c, FWT_SEC_NODES, r->node) && r->node != FWT_NONE)
		return bad(c, FWT_SEC_RULES, i, "no such node");
	if (r->hooks & ~FWT_HOOKS_ALL)
		return bad(c, FWT_SEC_RULES, i, "no such hook");
	return 0;
}

static int check_option(struct fwt_verify *c, u32 i)
{
	static const struct {
		u64 min;
		u64 max;
		u8 unit;
	} limit[__FWT_OPTION_MAX] = {
#define LIMIT(id, name, unit, lo, hi) [FWT_OPTION_##id] = { lo, hi, FWT_UNIT_##unit },
		FWT_OPTIONS(LIMIT)
#undef LIMIT
	};
	const struct fwt_prog_option *o = &c->prog->option[i];
	u64 value = o->value;
	u32 k, per = 0;

	if (o->option >= __FWT_OPTION_MAX || o->pad)
		return refuse(c, -EOPNOTSUPP, FWT_SEC_OPTIONS, i,
			      "an option that is not known here");
	if (limit[o->option].unit == FWT_UNIT_RATE) {
		per = FWT_RATE_SECONDS(value);
		value = FWT_RATE_COUNT(value);
	}
	if (per && per != 60 && per != 3600 && per != 86400)
		return bad(c, FWT_SEC_OPTIONS, i, "a rate of no second, minute, hour or day");
	if (value < limit[o->option].min || value > limit[o->option].max)
		return bad(c, FWT_SEC_OPTIONS, i, "a value outside of its limits");
	if (o->option == FWT_OPTION_NAT_PORTS &&
	    (!(o->value >> 16) || o->value >> 16 > (o->value & 0xffff)))
		return bad(c, FWT_SEC_OPTIONS, i, "an impossible range of ports");
	for (k = 0; k < i; k++)
		if (c->prog->option[k].option == o->option)
			return bad(c, FWT_SEC_OPTIONS, i, "is set twice");
	return 0;
}

/* Each is short enough to be copied, compared, and written, in one go. */
static int check_strings(struct fwt_verify *c)
{
	u32 n = c->prog->n[FWT_SEC_STRINGS], i, turn = 0;
	const char *s = c->prog->string;
	size_t len;

	if (n && s[n - 1])
		return bad(c, FWT_SEC_STRINGS, n - 1, "the last one does not end");
	for (i = 0; i < n; i += len + 1) {
		if (fwt_rest(turn++))
			return -EINTR;
		len = strnlen(s + i, FWT_STRING_MAX + 1);
		if (len > FWT_STRING_MAX)
			return refuse(c, -E2BIG, FWT_SEC_STRINGS, i, "is too long");
	}
	return 0;
}

static int check_counter(struct fwt_verify *c, u32 i)
{
	if (!string_ok(c, c->prog->counter[i], false))
		return bad(c, FWT_SEC_COUNTERS, i, "has no name");
	if (!name_short(c, c->prog->counter[i]))
		return refuse(c, -E2BIG, FWT_SEC_COUNTERS, i, "its name is too long");
	return 0;
}

static int check_file(struct fwt_verify *c, u32 i)
{
	const struct fwt_prog_file *f = &c->prog->file[i];

	if (!string_ok(c, f->name, false) || !source_ok(c, f->text, f->text_len))
		return bad(c, FWT_SEC_FILES, i, "no name, or text outside of the source");
	if (!short_enough(c, f->name, FWT_FILE_NAME_MAX))
		return refuse(c, -E2BIG, FWT_SEC_FILES, i, "its name is too long");
	return 0;
}

int fwt_verify_records(struct fwt_verify *c)
{
	const struct fwt_program *p = c->prog;
	u32 i;
	int ret = check_strings(c);

	if (ret)
		return ret;
	if (p->n[FWT_SEC_FILES] > FWT_FILES_MAX)
		return refuse(c, -E2BIG, FWT_SEC_FILES, FWT_FILES_MAX, "too many files");
	if (p->n[FWT_SEC_COUNTERS] > FWT_COUNTERS_MAX)
		return refuse(c, -E2BIG, FWT_SEC_COUNTERS, FWT_COUNTERS_MAX, "too many counters");
	if (p->n[FWT_SEC_OPTIONS] > __FWT_OPTION_MAX)
		return bad(c, FWT_SEC_OPTIONS, __FWT_OPTION_MAX, "is set twice");
	for (i = 0; !ret && i < p->n[FWT_SEC_RULES]; i++)
		ret = fwt_rest(i) ?: check_rule(c, i);
	for (i = 0; !ret && i < p->n[FWT_SEC_OPTIONS]; i++)
		ret = check_option(c, i);
	for (i = 0; !ret && i < p->n[FWT_SEC_COUNTERS]; i++)
		ret = fwt_rest(i) ?: check_counter(c, i);
	for (i = 0; !ret && i < p->n[FWT_SEC_FILES]; i++)
		ret = check_file(c, i);
	return ret;
}

int fwt_verify_tables(struct fwt_verify *c)
{
	const struct fwt_program *p = c->prog;
	int ret = fwt_verify_records(c);
	u32 i;

	for (i = 0; !ret && i < p->n[FWT_SEC_SETS]; i++)
		ret = fwt_rest(i) ?: check_set(c, i);
	if (!ret && p->n[FWT_SEC_FILTERS] > FWT_FILTERS_MAX)
		return refuse(c, -E2BIG, FWT_SEC_FILTERS, FWT_FILTERS_MAX, "too many filters");
	for (i = 0; !ret && i < p->n[FWT_SEC_FILTERS]; i++)
		ret = fwt_rest(i) ?: check_filter(c, i);
	ret = ret ? ret : fwt_verify_foreign(c);
	for (i = 0; !ret && i < p->n[FWT_SEC_TESTS]; i++)
		ret = fwt_rest(i) ?: check_test(c, i);
	for (i = 0; !ret && i < p->n[FWT_SEC_MODS]; i++)
		ret = fwt_rest(i) ?: check_mod(c, i);
	return ret ? ret : fwt_verify_objects(c);
}
