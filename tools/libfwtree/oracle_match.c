// SPDX-License-Identifier: GPL-2.0
/*
 * The oracle's matches: one value after the other, each read as it stands.
 */
#include "limit.h"
#include "ifname.h"
#include "oracle.h"

/* What a packet has in a field; @words 0 where it lacks it. */
struct got {
	u32 words;
	u32 word[4];
};

/* By enum fwt_ast_field, one more than the core's; 0 where that has none. */
static const u8 core_fields[FWT_AST_FIELD_COUNT] = {
#define SAME(id) [FWT_AST_##id] = FWT_FIELD_##id + 1,
	SAME(IIF) SAME(OIF) SAME(ETHER_SADDR) SAME(ETHER_DADDR)
	SAME(ETHER_TYPE) SAME(VLAN_ID) SAME(VLAN_PCP) SAME(ARP_OP)
	SAME(ARP_SADDR) SAME(ARP_DADDR) SAME(PKTTYPE) SAME(FAMILY)
	SAME(SADDR) SAME(DADDR) SAME(PROTOCOL) SAME(DSCP) SAME(TTL)
	SAME(LENGTH) SAME(FRAGMENT) SAME(SPORT) SAME(DPORT)
	SAME(TCP_FLAGS) SAME(TCP_SEQ) SAME(TCP_ACK) SAME(TCP_WINDOW)
	SAME(TCP_OPTION_MSS) SAME(ICMP_TYPE) SAME(ICMP_CODE) SAME(ICMP_ID)
	SAME(ICMPV6_TYPE) SAME(ICMPV6_CODE) SAME(ICMPV6_ID) SAME(CT_STATE)
	SAME(MARK) SAME(PRIORITY) SAME(CT_STATUS) SAME(CT_DIRECTION)
	SAME(CT_MARK) SAME(CT_ORIGINAL_SADDR) SAME(CT_ORIGINAL_DADDR)
	SAME(CT_ORIGINAL_PROTOCOL) SAME(CT_ORIGINAL_SPORT)
	SAME(CT_ORIGINAL_DPORT)
	SAME(ROUTE_OIF) SAME(ROUTE_TYPE) SAME(ROUTE_NEXTHOP) SAME(ROUTE_SADDR)
	SAME(ROUTE_REVERSE) SAME(UID) SAME(GID) SAME(CGROUP)
#undef SAME
};

static u8 core_field(enum fwt_ast_field field)
{
	u8 id = core_fields[field];

	return id ? id - 1 : __FWT_FIELD_MAX;
}

static bool implied(const struct fwt_ast_ref *ref, const struct fwt_packet *p)
{
	static const u8 protocol[] = {
		[FWT_IMPLIES_TCP] = 6, [FWT_IMPLIES_UDP] = 17,
		[FWT_IMPLIES_SCTP] = 132, [FWT_IMPLIES_DCCP] = 33,
		[FWT_IMPLIES_UDPLITE] = 136,
	};
	u32 word[4];

	if (ref->implies == FWT_IMPLIES_NONE)
		return true;
	if (!(p->have & FWT_HAVE_IP))
		return false;
	if (ref->implies == FWT_IMPLIES_IPV4)
		return p->family == 4;
	if (ref->implies == FWT_IMPLIES_IPV6)
		return p->family == 6;
	if (ref->field >= FWT_AST_CT_ORIGINAL_SADDR && ref->field <= FWT_AST_CT_ORIGINAL_DPORT)
		return fwt_field_get(p, FWT_FIELD_CT_ORIGINAL_PROTOCOL, word) &&
		       word[0] == protocol[ref->implies];
	return p->protocol == protocol[ref->implies];
}

static struct got get(const struct fwt_ast_ref *ref, const struct fwt_packet *p,
		      const struct fwt_env *env)
{
	struct got g = { 0 };

	if (implied(ref, p))
		g.words = (u32)fwt_field(p, env, core_field(ref->field), g.word);
	return g;
}

/* The value of a field of one word; false where the packet lacks it. */
bool fwt_oracle_field(const struct fwt_ast_ref *ref, const struct fwt_packet *p,
		      u32 *value)
{
	struct got g = get(ref, p, NULL);

	*value = g.word[0];
	return g.words == 1;
}

static u64 number_of(const struct fwt_oracle *o, const struct fwt_ast_ref *ref,
		     const struct fwt_value *v)
{
	static const s16 protocol[] = {
		[FWT_IMPLIES_NONE] = -1, [FWT_IMPLIES_IPV4] = -1,
		[FWT_IMPLIES_IPV6] = -1, [FWT_IMPLIES_TCP] = 6,
		[FWT_IMPLIES_UDP] = 17, [FWT_IMPLIES_SCTP] = 132,
		[FWT_IMPLIES_DCCP] = 33, [FWT_IMPLIES_UDPLITE] = 136,
	};
	uint64_t n = 0;

	if (v->kind == FWT_VALUE_NUMBER || v->kind == FWT_VALUE_SIZE)
		return v->number;
	fwt_resolve_word(o->resolver, fwt_ast_field_info(ref->field)->class,
			 protocol[ref->implies], v->text, &n);
	return n;
}

u32 fwt_oracle_number(const struct fwt_oracle *o, const struct fwt_ast_ref *ref,
		      const struct fwt_value *v)
{
	return (u32)number_of(o, ref, v);
}

static bool same_name(const struct got *g, const struct fwt_value *v)
{
	char name[17] = { 0 };
	size_t len = strlen(v->text);
	u32 i;

	for (i = 0; i < 16; i++)
		name[i] = (char)(g->word[i / 4] >> (24 - 8 * (i % 4)));
	if (v->kind == FWT_VALUE_WORD && !strcmp(v->text, "none"))
		return !name[0];
	if (v->flags & FWT_VALUE_WILDCARD)
		return !strncmp(name, v->text, len - 1);
	return !strcmp(name, v->text);
}

/* As the world is asked for it: what is no wildcard is the name of one interface. */
void fwt_oracle_ifname(const struct fwt_value *v, char *buf)
{
	snprintf(buf, FWT_ORACLE_IFNAME, "%s%s", v->flags & FWT_VALUE_WILDCARD ? "" : "/",
		 v->text);
}

/* The bytes of an address or MAC as they stand on the wire. */
static u32 wire(const struct got *g, u8 out[16])
{
	u32 i;

	for (i = 0; i < 4 * g->words; i++)
		out[i] = (u8)(g->word[i / 4] >> (24 - 8 * (i % 4)));
	return 4 * g->words;
}

static u32 literal_bytes(const struct fwt_value *v)
{
	switch (v->kind) {
	case FWT_VALUE_IPV4:
	case FWT_VALUE_PREFIX4:
		return 4;
	case FWT_VALUE_IPV6:
	case FWT_VALUE_PREFIX6:
		return 16;
	default:
		return 0;
	}
}

/* -1, 0, 1: less, equal, greater; 2: of another kind, so nothing of it */
static int order(const struct fwt_oracle *o, const struct fwt_ast_ref *ref,
		 const struct got *g, const struct fwt_value *v)
{
	u8 bytes[16];
	u32 n;
	int c;

	if (literal_bytes(v)) {
		if (wire(g, bytes) != literal_bytes(v))
			return 2;
		c = memcmp(bytes, v->addr, literal_bytes(v));
		return c < 0 ? -1 : c > 0;
	}
	if (v->kind == FWT_VALUE_MAC) {
		wire(g, bytes);
		c = memcmp(bytes + 2, v->addr, 6);
		return c < 0 ? -1 : c > 0;
	}
	if (fwt_ast_field_info(ref->field)->class == FWT_CLASS_IFNAME)
		return same_name(g, v) ? 0 : 2;
	if (fwt_ast_field_info(ref->field)->class == FWT_CLASS_ADDR) {
		for (n = 0; n < g->words; n++)	/* "none" */
			if (g->word[n])
				return 2;
		return 0;
	}
	if (fwt_ast_field_info(ref->field)->class == FWT_CLASS_CGROUP) {
		u64 id = (u64)g->word[0] << 32 | g->word[1];

		return id == number_of(o, ref, v) ? 0 : 2;
	}
	n = fwt_oracle_number(o, ref, v);
	if (fwt_ast_field_info(ref->field)->class == FWT_CLASS_CT_STATE)
		return 1u << g->word[0] & n ? 0 : 2;
	if (fwt_ast_field_info(ref->field)->class == FWT_CLASS_CT_STATUS)
		return g->word[0] == 2 || g->word[0] == (n == 1 ? 1 : 3) ? 0 : 2;
	if (fwt_ast_field_info(ref->field)->class == FWT_CLASS_BOOL)
		return !!g->word[0] == n ? 0 : 2;
	return g->word[0] < n ? -1 : g->word[0] > n;
}

static bool in_prefix(const struct got *g, const struct fwt_value *v)
{
	u8 bytes[16];
	u32 bit;

	if (wire(g, bytes) != literal_bytes(v))
		return false;
	for (bit = 0; bit < v->plen; bit++)
		if ((bytes[bit / 8] ^ v->addr[bit / 8]) >> (7 - bit % 8) & 1)
			return false;
	return true;
}

static bool is_value(const struct fwt_oracle *o, const struct fwt_ast_ref *ref,
		     const struct got *g, const struct fwt_value *v,
		     const struct fwt_env *env);

static bool is_one_of(const struct fwt_oracle *o, const struct fwt_ast_ref *ref,
		      const struct got *g, const struct fwt_value *v,
		      const struct fwt_env *env)
{
	for (; v; v = v->next)
		if (is_value(o, ref, g, v, env))
			return true;
	return false;
}

static bool is_value(const struct fwt_oracle *o, const struct fwt_ast_ref *ref,
		     const struct got *g, const struct fwt_value *v,
		     const struct fwt_env *env)
{
	char name[FWT_ORACLE_IFNAME];
	int low, high;

	switch (v->kind) {
	case FWT_VALUE_PREFIX4:
	case FWT_VALUE_PREFIX6:
		return in_prefix(g, v);
	case FWT_VALUE_RANGE:
		low = order(o, ref, g, v->range.lo);
		high = order(o, ref, g, v->range.hi);
		return (low == 0 || low == 1) && (high == 0 || high == -1);
	case FWT_VALUE_SETREF:
		return is_one_of(o, ref, g, fwt_ast_set(o->ast, v->text)->elements.first,
				 env);
	case FWT_VALUE_ADDR_OF:
	case FWT_VALUE_NET_OF:
		fwt_oracle_ifname(v, name);
		return env && env->ops->ifaddr(env, name, g->words == 4 ? 6 : 4, g->word,
					       v->kind == FWT_VALUE_NET_OF);
	default:
		return order(o, ref, g, v) == 0;
	}
}

/* All fields against one element. */
static bool is_element(const struct fwt_oracle *o, const struct fwt_fields *fields,
		       const struct got *g, const struct fwt_value *v,
		       const struct fwt_env *env)
{
	const struct fwt_ast_ref *ref;
	u32 i = 0;

	if (v->kind == FWT_VALUE_SETREF) {
		v = fwt_ast_set(o->ast, v->text)->elements.first;
		for (; v; v = v->next)
			if (is_element(o, fields, g, v, env))
				return true;
		return false;
	}
	if (fields->count == 1)
		return is_value(o, fields->first, g, v, env);
	for (ref = fields->first; ref; ref = ref->next, i++)
		if (!is_one_of(o, ref, &g[i], v->parts.part[i].first, env))
			return false;
	return true;
}

static bool get_all(const struct fwt_fields *fields, const struct fwt_packet *p,
		    const struct fwt_env *env, struct got g[FWT_TEST_FIELDS])
{
	const struct fwt_ast_ref *ref;
	u32 i = 0;

	for (ref = fields->first; ref; ref = ref->next, i++) {
		g[i] = get(ref, p, env);
		if (!g[i].words)
			return false;
	}
	return true;
}

static bool is_any(const struct fwt_oracle *o, const struct fwt_fields *fields,
		   const struct got *g, const struct fwt_values *values,
		   const struct fwt_env *env)
{
	const struct fwt_value *v;

	for (v = values->first; v; v = v->next)
		if (is_element(o, fields, g, v, env))
			return true;
	return false;
}

bool fwt_oracle_there(const struct fwt_fields *fields, const struct fwt_packet *p,
		      const struct fwt_env *env)
{
	struct got g[FWT_TEST_FIELDS];

	return get_all(fields, p, env, g);
}

bool fwt_oracle_key(const struct fwt_oracle *o, const struct fwt_fields *fields,
		    const struct fwt_values *values, const struct fwt_packet *p,
		    const struct fwt_env *env)
{
	struct got g[FWT_TEST_FIELDS];

	return get_all(fields, p, env, g) && is_any(o, fields, g, values, env);
}

/* Masks of a family put together; false where there is none for this packet. */
static bool apply_mask(const struct fwt_oracle *o, const struct fwt_ast_ref *ref,
		       struct got *g, const struct fwt_value *v)
{
	u32 mask[4] = { 0 }, i;
	bool there = false;
	u8 *byte;

	for (; v; v = v->next) {
		if (literal_bytes(v)) {
			if (literal_bytes(v) != 4 * g->words)
				continue;
			for (i = 0; i < literal_bytes(v); i++)
				mask[i / 4] |= (u32)v->addr[i] << (24 - 8 * (i % 4));
		} else if (v->kind == FWT_VALUE_MAC) {
			byte = (u8 *)(uintptr_t)v->addr;
			mask[0] |= (u32)byte[0] << 8 | byte[1];
			for (i = 0; i < 4; i++)
				mask[1] |= (u32)byte[2 + i] << (24 - 8 * i);
		} else {
			mask[0] |= fwt_oracle_number(o, ref, v);
		}
		there = true;
	}
	for (i = 0; i < g->words; i++)
		g->word[i] &= mask[i];
	return there;
}

static bool masked(const struct fwt_oracle *o, const struct fwt_match *m,
		   const struct fwt_packet *p, const struct fwt_env *env)
{
	struct got g[FWT_TEST_FIELDS];
	const struct fwt_ast_ref *ref;
	const struct fwt_value *v;
	bool there = true;
	u32 all = 0, i = 0;

	if (!get_all(&m->fields, p, env, g))
		return false;
	for (ref = m->fields.first; ref; ref = ref->next, i++)
		there &= apply_mask(o, ref, &g[i], m->fields.count == 1 ?
				    m->mask->first : m->mask->first->parts.part[i].first);
	ref = m->fields.first;
	if (ref->field == FWT_AST_TCP_FLAGS && m->fields.count == 1 && m->values.first->next) {
		for (v = m->values.first; v; v = v->next)
			all |= fwt_oracle_number(o, ref, v);
		return (g[0].word[0] == all) == (m->op == FWT_OP_EQ);
	}
	return (there && is_any(o, &m->fields, g, &m->values, env)) ==
	       (m->op == FWT_OP_EQ);
}

/* Two numbers, compared byte by byte as they are on the wire. */
static bool in_order(enum fwt_op op, const struct got *a, const struct got *b)
{
	u8 x[16], y[16];
	u32 n = wire(a, x);
	int c;

	if (wire(b, y) != n)
		return false;
	c = memcmp(x, y, n);
	return op == FWT_OP_LT ? c < 0 : op == FWT_OP_LE ? c <= 0 :
	       op == FWT_OP_GT ? c > 0 : c >= 0;
}

static bool compared(const struct fwt_oracle *o, const struct fwt_match *m,
		     const struct fwt_packet *p, const struct fwt_env *env)
{
	struct got g = get(m->fields.first, p, env);
	int c;

	if (!g.words)
		return false;
	c = order(o, m->fields.first, &g, m->values.first);
	switch (m->op) {
	case FWT_OP_LT:
		return c == -1;
	case FWT_OP_LE:
		return c == -1 || c == 0;
	case FWT_OP_GT:
		return c == 1;
	default:
		return c == 1 || c == 0;
	}
}

/* The bits of a key's prefix, one by one. */
static void keep_prefix(struct got *g, int plen)
{
	u32 i;

	for (i = 0; plen >= 0 && i < 32 * g->words; i++)
		if (i >= (u32)plen)
			g->word[i / 32] &= ~(0x80000000u >> i % 32);
}

bool fwt_oracle_element(const struct fwt_oracle *o, const struct fwt_fields *fields,
			const struct fwt_value *v, const struct fwt_packet *p,
			const struct fwt_env *env)
{
	struct got g[FWT_TEST_FIELDS];
	const struct fwt_ast_ref *ref;
	u32 i = 0;

	if (!get_all(fields, p, env, g))
		return false;
	for (ref = fields->first; ref; ref = ref->next, i++)
		keep_prefix(&g[i], g[i].words == 4 ? ref->plen6 : ref->plen4);
	return is_element(o, fields, g, v, env);
}

/* A split looks at fields alone: at what a prefix demands besides only where that
 * makes another field of it.
 */
static bool other_field(const struct fwt_ast_ref *ref)
{
	if (ref->field == FWT_AST_SPORT || ref->field == FWT_AST_DPORT)
		return ref->implies == FWT_IMPLIES_TCP || ref->implies == FWT_IMPLIES_UDP;
	return ref->field == FWT_AST_SADDR || ref->field == FWT_AST_DADDR;
}

/* The fields that are there, in one; returns how many of @fields are. */
static u32 key_of(const struct fwt_fields *fields, const struct fwt_packet *p,
		  const struct fwt_env *env, bool of_match, u32 *key, u32 *words)
{
	const struct fwt_ast_ref *ref;
	u32 there = 0;

	*words = 0;
	for (ref = fields->first; ref; ref = ref->next) {
		struct got g = { 0 };

		if (of_match || other_field(ref))
			g = get(ref, p, env);
		else
			g.words = (u32)fwt_field(p, env, core_field(ref->field), g.word);
		if (!g.words)
			continue;
		if (g.words == 1)
			keep_prefix(&g, ref->plen4);
		else if (g.words == 4)
			keep_prefix(&g, ref->plen6);
		memcpy(key + *words, g.word, g.words * sizeof(u32));
		*words += g.words;
		there++;
	}
	return there;
}

static u64 rule_key(const struct fwt_oracle *o, const struct fwt_rule *rule)
{
	return o->state && o->state->key ? o->state->key(o->state->ctx, rule) : 0;
}

u32 fwt_oracle_share(const struct fwt_oracle *o, const struct fwt_rule *rule, u32 sum,
		     const struct fwt_packet *p, const struct fwt_env *env)
{
	const struct fwt_split *s = rule->end.split;
	u32 key[FWT_KEY_WORDS], words, h;

	if (s->kind == FWT_SPLIT_HASH) {
		key_of(&s->keys, p, env, false, key, &words);
		h = fwt_choice_words(key, words, rule_key(o, rule), FWT_CHOICE_SPLIT);
	} else {
		h = fwt_choice(env->seed, rule_key(o, rule), FWT_CHOICE_SPLIT);
	}
	return (u32)((u64)h * sum >> 32);
}

bool fwt_oracle_charge(struct fwt_oracle_result *r, const struct fwt_rule *rule, u32 which,
		       u32 key, bool over)
{
	u32 i;

	for (i = 0; i < r->n_charges; i++)
		if (r->charge[i].rule == rule && r->charge[i].which == which &&
		    r->charge[i].key == key)
			return true;
	if (!over && r->n_under == FWT_DECISION_CHARGES)
		return false;
	r->n_under += !over;
	if (r->n_charges < FWT_ORACLE_CHARGES)
		r->charge[r->n_charges++] = (struct fwt_oracle_charge){ rule, which, key, over };
	return true;
}

/* How many matches of some kinds stand before @wanted: it is that one of its rule's. */
static bool before(const struct fwt_match *m, const struct fwt_match *wanted, u32 kinds,
		   u32 *n)
{
	for (; m; m = m->next) {
		if (m == wanted)
			return true;
		if (m->kind == FWT_MATCH_NOT && before(m->inner, wanted, kinds, n))
			return true;
		*n += kinds >> m->kind & 1;
	}
	return false;
}

static int limited(const struct fwt_oracle *o, const struct fwt_rule *rule,
		   const struct fwt_match *m, const struct fwt_packet *p,
		   const struct fwt_env *env, struct fwt_oracle_result *r)
{
	u32 key[FWT_KEY_WORDS], words, which = 0;
	bool under = true;

	if (key_of(&m->fields, p, env, true, key, &words) != m->fields.count)
		return 0;
	before(rule->matches, m, 1u << FWT_MATCH_LIMIT | 1u << FWT_MATCH_QUOTA, &which);
	if (o->state && o->state->under)
		under = o->state->under(o->state->ctx, rule, which, key, words, p);
	if (!fwt_oracle_charge(r, rule, which, fwt_choice_words(key, words, 0, 0), !under))
		return -1;
	return under != m->over;
}

static int counted(const struct fwt_oracle *o, const struct fwt_rule *rule,
		   const struct fwt_match *m, const struct fwt_packet *p,
		   const struct fwt_env *env, struct fwt_oracle_result *r)
{
	u32 key[FWT_KEY_WORDS], words, which = 0;
	u64 n = 1;	/* the one that asks */

	if (key_of(&m->fields, p, env, true, key, &words) != m->fields.count)
		return 0;
	if (r->n_counts == FWT_DECISION_COUNTS)
		return -1;
	before(rule->matches, m, 1u << FWT_MATCH_CT_COUNT, &which);
	r->count[r->n_counts++] = (struct fwt_oracle_count){
		rule, which, fwt_choice_words(key, words, 0, 0),
	};
	if (o->state && o->state->count)
		n += o->state->count(o->state->ctx, rule_key(o, rule) + which, key, words);
	return m->op == FWT_OP_GT ? n > m->number->number :
	       m->op == FWT_OP_GE ? n >= m->number->number :
	       m->op == FWT_OP_LT ? n < m->number->number :
				    n <= m->number->number;
}

/* Is one of the expressions passed, or with "!=" none. */
static bool filtered(const struct fwt_oracle *o, const struct fwt_match *m,
		     const struct fwt_packet *p)
{
	const struct fwt_value *v = m->values.first;

	if (!o->filter)
		return false;
	while (v && !o->filter(v->text, p))
		v = v->next;
	return !!v == (m->op == FWT_OP_EQ);
}

static bool by_chance(const struct fwt_oracle *o, const struct fwt_rule *rule,
		      const struct fwt_match *m, const struct fwt_env *env)
{
	u32 which = 0;
	u64 h;

	before(rule->matches, m, 1u << FWT_MATCH_RANDOM, &which);
	h = fwt_choice(env->seed, rule_key(o, rule), which);
	/* h of 2^32 is less than n of m, as far as 2^32 parts say so. */
	return h < (m->n << 32) / m->m;
}

static int all_hold(const struct fwt_oracle *o, const struct fwt_rule *rule,
		    const struct fwt_match *m, const struct fwt_packet *p,
		    const struct fwt_env *env, struct fwt_oracle_result *r);

static int holds(const struct fwt_oracle *o, const struct fwt_rule *rule,
		 const struct fwt_match *m, const struct fwt_packet *p,
		 const struct fwt_env *env, struct fwt_oracle_result *r)
{
	struct got g[FWT_TEST_FIELDS], other;
	struct fwt_env_node said;

	switch (m->kind) {
	case FWT_MATCH_FIELD:
		if (m->fields.first->field == FWT_AST_BPF)
			return filtered(o, m, p);
		if (m->op > FWT_OP_NE)
			return compared(o, m, p, env);
		return get_all(&m->fields, p, env, g) &&
		       is_any(o, &m->fields, g, &m->values, env) == (m->op == FWT_OP_EQ);
	case FWT_MATCH_FLAG:
		g[0] = get(m->fields.first, p, env);
		return g[0].words && g[0].word[0];
	case FWT_MATCH_COMPARE:
		g[0] = get(m->fields.first, p, env);
		other = get(m->other, p, env);
		if (!g[0].words || !other.words)
			return false;
		if (m->op > FWT_OP_NE)
			return in_order(m->op, &g[0], &other);
		return (g[0].words == other.words &&
			!memcmp(g[0].word, other.word, g[0].words * sizeof(u32))) ==
		       (m->op == FWT_OP_EQ);
	case FWT_MATCH_MASK:
		return masked(o, m, p, env);
	case FWT_MATCH_CT_COUNT:
		return counted(o, rule, m, p, env, r);
	case FWT_MATCH_LIMIT:
	case FWT_MATCH_QUOTA:
		return limited(o, rule, m, p, env, r);
	case FWT_MATCH_RANDOM:
		return by_chance(o, rule, m, env);
	case FWT_MATCH_NOT:
		return !all_hold(o, rule, m->inner, p, env, r);
	case FWT_MATCH_NODE:
		return o->node && o->node(m->node.name.text, p, &said) % 2;
	default:
		return false;
	}
}

static int all_hold(const struct fwt_oracle *o, const struct fwt_rule *rule,
		    const struct fwt_match *m, const struct fwt_packet *p,
		    const struct fwt_env *env, struct fwt_oracle_result *r)
{
	for (; m; m = m->next) {
		int yes = holds(o, rule, m, p, env, r);

		if (yes <= 0)
			return yes;
	}
	return 1;
}

int fwt_oracle_matches(const struct fwt_oracle *o, const struct fwt_rule *rule,
		       const struct fwt_packet *p, const struct fwt_env *env,
		       struct fwt_oracle_result *r)
{
	return all_hold(o, rule, rule->matches, p, env, r);
}
