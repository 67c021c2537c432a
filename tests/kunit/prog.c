// SPDX-License-Identifier: GPL-2.0
/* Programs built by hand; see prog.h. */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "core/box.h"
#include "prog.h"

struct fwt_test_prog *fwt_test_prog_new(struct kunit *test)
{
	struct fwt_test_prog *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	p->file[0].name = fwt_test_string(p, "test.fwt");
	p->n[FWT_SEC_FILES] = 1;
	strscpy(p->source, "accept\n", sizeof(p->source));
	p->n[FWT_SEC_SOURCE] = 7;
	p->file[0].text_len = 7;
	return p;
}

u32 fwt_test_string(struct fwt_test_prog *p, const char *text)
{
	u32 at = p->n[FWT_SEC_STRINGS];

	strscpy(p->string + at, text, sizeof(p->string) - at);
	p->n[FWT_SEC_STRINGS] += strlen(text) + 1;
	return at;
}

void fwt_test_hook(struct fwt_test_prog *p, u8 hook, u32 root, const char *dev)
{
	struct fwt_prog_hook *h = &p->hook[p->n[FWT_SEC_HOOKS]++];

	h->hook = hook;
	h->root = root;
	h->dev = dev ? fwt_test_string(p, dev) : FWT_NONE;
}

u32 fwt_test_rule(struct fwt_test_prog *p, u64 key)
{
	u32 i = p->n[FWT_SEC_RULES]++;
	struct fwt_prog_rule *r = &p->rule[i];

	r->key = key;
	r->id = FWT_NONE;
	r->line = i + 1;
	r->text_len = 6;
	r->node = FWT_NONE;
	return i;
}

void fwt_test_option(struct fwt_test_prog *p, u32 option, u64 value)
{
	struct fwt_prog_option *o = &p->option[p->n[FWT_SEC_OPTIONS]++];

	o->option = option;
	o->value = value;
}

u32 fwt_test_node(struct fwt_test_prog *p, u8 type, u32 arg, u32 yes, u32 no)
{
	u32 i = p->n[FWT_SEC_NODES]++;

	p->node[i] = (struct fwt_prog_node){ .type = type, .arg = arg,
					     .yes = yes, .no = no };
	return i;
}

u32 fwt_test_verdict(struct fwt_test_prog *p, u8 verdict, u32 rule)
{
	u32 i = fwt_test_node(p, FWT_NODE_VERDICT, rule, 0, 0);

	p->node[i].sub = verdict;
	return i;
}

u32 fwt_test_range(struct fwt_test_prog *p, u8 field, u32 lo, u32 hi, u32 yes,
		   u32 no)
{
	u32 t = p->n[FWT_SEC_TESTS]++, s = p->n[FWT_SEC_SETS]++;
	u32 w = p->n[FWT_SEC_WORDS];

	p->n[FWT_SEC_WORDS] += 2;
	p->word[w] = lo;
	p->word[w + 1] = hi;
	p->set[s] = (struct fwt_prog_set){
		.kind = FWT_SET_RANGES, .words = 1, .n_dims = 1, .dim = { 1 },
		.count = 1, .data = w, .value = FWT_NONE,
	};
	p->test[t] = (struct fwt_prog_test){
		.op = FWT_TEST_IN, .n_fields = 1, .field = { field },
		.set = { s, s }, .mask = { FWT_NONE, FWT_NONE },
	};
	return fwt_test_node(p, FWT_NODE_TEST, t, yes, no);
}

u32 fwt_test_mod(struct fwt_test_prog *p, const struct fwt_prog_mod *m, u32 yes)
{
	u32 i = p->n[FWT_SEC_MODS]++;

	p->mod[i] = *m;
	return fwt_test_node(p, FWT_NODE_MOD, i, yes, 0);
}

u32 fwt_test_nat(struct fwt_test_prog *p, u8 type, u8 family, const u32 *addr,
		 u16 lo, u16 hi, u32 yes)
{
	struct fwt_prog_mod m = {
		.type = type, .family = family, .port_lo = lo, .port_hi = hi,
		.flags = lo ? FWT_MOD_PORTS : 0,
	};

	memcpy(m.addr_lo, addr, sizeof(m.addr_lo));
	memcpy(m.addr_hi, addr, sizeof(m.addr_hi));
	return fwt_test_mod(p, &m, yes);
}

void *fwt_test_build(struct kunit *test, const struct fwt_test_prog *p, size_t *len)
{
	static const struct {
		u32 offset;
		u32 size;
	} part[__FWT_SEC_MAX] = {
#define PART(sec, member) [FWT_SEC_##sec] = { \
	offsetof(struct fwt_test_prog, member), sizeof(p->member[0]) }
		PART(HOOKS, hook), PART(NODES, node), PART(TESTS, test),
		PART(SETS, set), PART(WORDS, word), PART(MODS, mod),
		PART(RULES, rule), PART(COUNTERS, counter),
		PART(OPTIONS, option), PART(FILES, file),
		PART(STRINGS, string), PART(SOURCE, source),
		PART(FORESTS, forest), PART(TREES, tree), PART(CUTS, cut),
		PART(BOXES, box), PART(BOXES6, box6), PART(OBJECTS, object),
		PART(FILTERS, filter), PART(INSNS, insn),
		PART(SERVERS, server), PART(FOREIGN, foreign), PART(ARGS, arg),
#undef PART
	};
	struct fwt_prog_hdr *h;
	u32 off = ALIGN(sizeof(*h), 8), i;
	u8 *blob = kvzalloc(sizeof(*p) + 512, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, blob);
	h = (void *)blob;
	h->magic = FWT_PROGRAM_MAGIC;
	h->version = FWT_PROGRAM_VERSION;
	h->n_sections = __FWT_SEC_MAX;
	for (i = 0; i < __FWT_SEC_MAX; i++) {
		h->sec[i].off = off;
		h->sec[i].count = p->n[i];
		memcpy(blob + off, (const u8 *)p + part[i].offset,
		       (size_t)p->n[i] * part[i].size);
		off = ALIGN(off + p->n[i] * part[i].size, 8);
	}
	h->len = off;
	*len = off;
	return blob;
}

void *fwt_test_always(struct kunit *test, u8 verdict, size_t *len)
{
	struct fwt_test_prog *p = fwt_test_prog_new(test);
	u32 root = fwt_test_verdict(p, verdict, fwt_test_rule(p, verdict));

	fwt_test_hook(p, FWT_HOOK_INGRESS, root, NULL);
	fwt_test_hook(p, FWT_HOOK_EGRESS, root, NULL);
	return fwt_test_build(test, p, len);
}

/* Sources up to 10.0.255.255 or behind, ports up to 1023 or behind: a tree of three
 * leaves, one of a single one, and one for IPv6. The TTL of 10.0.0.0/16 is tested.
 *
 *	18 forest, else 23	21 miss
 *	19 TTL to 9? 20 : 21	22 accept
 *	20 drop			23 drop
 */
static void test_forest(struct fwt_test_prog *p, u32 rule)
{
	u32 at = p->n[FWT_SEC_NODES];
	struct fwt_box4 box, ports;

	fwt_test_node(p, FWT_NODE_FOREST, 0, 0, at + 5);
	fwt_test_range(p, FWT_FIELD_TTL, 0, 9, at + 2, at + 3);
	fwt_test_verdict(p, FWT_VERDICT_DROP, rule);
	fwt_test_node(p, FWT_NODE_MISS, 0, 0, 0);
	fwt_test_verdict(p, FWT_VERDICT_ACCEPT, rule);
	fwt_test_verdict(p, FWT_VERDICT_DROP, rule);

	p->forest[0] = (struct fwt_prog_forest){ { 0, 2, 3 }, { 2, 1, 0 } };
	p->tree[0] = (struct fwt_prog_tree){ 0, at + 1 };
	p->tree[1] = (struct fwt_prog_tree){ 5, at + 4 };
	p->tree[2] = (struct fwt_prog_tree){ 6, at + 4 };
	p->cut[0] = (struct fwt_prog_cut){ 0x0a00ffff, FWT_DIM_SADDR << FWT_CUT_SHIFT | 1 };
	p->cut[1] = (struct fwt_prog_cut){ 0, FWT_CUT_LEAF << FWT_CUT_SHIFT | 2 };
	p->cut[2] = (struct fwt_prog_cut){ 1023, FWT_DIM_DPORT << FWT_CUT_SHIFT | 3 };
	p->cut[3] = (struct fwt_prog_cut){ 2, FWT_CUT_LEAF << FWT_CUT_SHIFT };
	p->cut[4] = (struct fwt_prog_cut){ 2, FWT_CUT_LEAF << FWT_CUT_SHIFT | 1 };
	p->cut[5] = (struct fwt_prog_cut){ 3, FWT_CUT_LEAF << FWT_CUT_SHIFT | 1 };
	p->cut[6] = (struct fwt_prog_cut){ 0, FWT_CUT_LEAF << FWT_CUT_SHIFT | 1 };
	box = (struct fwt_box4){
		.saddr_lo = 0x0a000000, .saddr_hi = 0x0a00ffff, .daddr_hi = ~0u,
		.sport_hi = 65535, .dport_hi = 65535, .protocol_hi = 255,
		.flags = FWT_BOX_TESTS, .node = at + 1,
	};
	p->box[0] = fwt_box_pack(&box);
	box.flags = 0;
	box.node = at + 4;
	p->box[1] = fwt_box_pack(&box);
	ports = box;
	ports.saddr_hi = ~0u;
	ports.dport_lo = 1024;
	ports.flags = FWT_BOX_PORTS;
	p->box[2] = fwt_box_pack(&ports);
	box.saddr_lo = 0;
	box.saddr_hi = ~0u;
	box.protocol_lo = 1;
	box.protocol_hi = 1;
	p->box[3] = fwt_box_pack(&box);
	p->box6[0] = (struct fwt_prog_box6){
		.sport_hi = 65535, .dport_hi = 65535, .protocol_hi = 255, .node = at + 4,
	};
	memset(p->box6[0].addr_hi, 0xff, sizeof(p->box6[0].addr_hi));
	p->n[FWT_SEC_FORESTS] = 1;
	p->n[FWT_SEC_TREES] = 3;
	p->n[FWT_SEC_CUTS] = 7;
	p->n[FWT_SEC_BOXES] = 4;
	p->n[FWT_SEC_BOXES6] = 1;
}

/*
 * 0 iif test -> 1 or 2		8  masquerade -> 10 (egress)
 * 1 select by protocol		9  call 11, back to 12 (ingress, egress)
 * 2 enter -> 3			10 accept
 * 3 count -> 4			11 return
 * 4 log -> 5			12 interface's address? 13 : 10
 * 5 mark -> 9			13 reject
 * 6 dnat -> 9 (ingress)	14 drop (device)
 * 7 snat -> 10 (egress)
 */
void fwt_test_server(struct fwt_test_prog *p, u8 family, u32 host, u16 port, u32 weight)
{
	struct fwt_prog_server *s = &p->server[p->n[FWT_SEC_SERVERS]++];

	*s = (struct fwt_prog_server){
		.family = family, .port_lo = port, .port_hi = port, .weight = weight,
	};
	s->addr[0] = family == 6 ? 0x20010db8 : 0x0a000000 + host;
	if (family == 6)
		s->addr[3] = host;
}

u32 fwt_test_pool(struct fwt_test_prog *p, const char *name, u32 scheduling, u32 flags)
{
	u32 i = p->n[FWT_SEC_OBJECTS]++, first = 0;

	if (i)
		first = p->object[i - 1].param[FWT_POOL_FIRST] +
			p->object[i - 1].param[FWT_POOL_COUNT];
	p->object[i] = (struct fwt_prog_object){
		.key = 1000 + i, .kind = FWT_OBJECT_POOL, .name = fwt_test_string(p, name),
		.param = { scheduling, flags, first, p->n[FWT_SEC_SERVERS] - first },
	};
	return i;
}

/* A live set of addresses and ports with two elements, asked and added to. */
static u32 test_live(struct fwt_test_prog *p, u32 rule)
{
	static const u32 elements[] = {
		0x0a000000, 80, 0x0a0000ff, 90, 0x0a000102, 1, 0x0a000102, 1,
	};
	struct fwt_prog_mod add = { .type = FWT_MOD_SET_ADD, .a = p->n[FWT_SEC_TESTS] };
	u32 w = p->n[FWT_SEC_WORDS], set = p->n[FWT_SEC_SETS]++, root = p->n[FWT_SEC_NODES];
	u32 o = p->n[FWT_SEC_OBJECTS]++;

	memcpy(p->word + w, elements, sizeof(elements));
	p->n[FWT_SEC_WORDS] += ARRAY_SIZE(elements);
	p->set[set] = (struct fwt_prog_set){
		.kind = FWT_SET_BOXES, .words = 2, .n_dims = 2, .dim = { 1, 1 },
		.count = 2, .data = w, .value = FWT_NONE,
	};
	p->object[o] = (struct fwt_prog_object){
		.key = 77, .kind = FWT_OBJECT_SET, .name = fwt_test_string(p, "live"),
		.param = { 2, FWT_SET_TYPE_ADDR | FWT_SET_TYPE_PORT << 4, 0, 60000, 0, 100,
			   set, FWT_NONE, FWT_NONE, FWT_NONE },
	};
	p->test[p->n[FWT_SEC_TESTS]++] = (struct fwt_prog_test){
		.op = FWT_TEST_LIVE, .n_fields = 2,
		.field = { FWT_FIELD_SADDR, FWT_FIELD_DPORT },
		.set = { o, FWT_LIVE_SIX6 }, .mask = { FWT_NONE, FWT_NONE },
	};
	add.addr_lo[0] = 1000;
	add.addr_lo[2] = 1;
	fwt_test_node(p, FWT_NODE_TEST, add.a, root + 1, root + 2);
	fwt_test_mod(p, &add, root + 2);
	fwt_test_verdict(p, FWT_VERDICT_ACCEPT, rule);
	return root;
}

/* More connections of an address than there are ever: no place in any section. */
static void test_count(struct fwt_test_prog *p, u32 rule)
{
	u32 t = p->n[FWT_SEC_TESTS]++, root = p->n[FWT_SEC_NODES];

	p->test[t] = (struct fwt_prog_test){
		.op = FWT_TEST_COUNT, .n_fields = 1, .field = { FWT_FIELD_SADDR },
		.set = { 0xf0000000, rule }, .mask = { FWT_NONE, FWT_NONE },
	};
	fwt_test_node(p, FWT_NODE_TEST, t, root + 1, root + 2);
	fwt_test_verdict(p, FWT_VERDICT_DROP, rule);
}

/* A map of ports to marks, and one to trees: the mark is set, and one tree is led to. */
static u32 test_maps(struct fwt_test_prog *p, u32 rule)
{
	static const u32 words[] = {
		80, 80, 7,					/* 80 -> 7 */
		81, 81, 0x61000000, 0, 0, 0, 0, 0, 0, 0,	/* 81 -> a */
		0x61000000, 0, 0, 0, 0, 0, 0, 0,		/* a */
	};
	u32 w = p->n[FWT_SEC_WORDS], s = p->n[FWT_SEC_SETS], o = p->n[FWT_SEC_OBJECTS];
	u32 t = p->n[FWT_SEC_TESTS], root = p->n[FWT_SEC_NODES], m = p->n[FWT_SEC_MODS], i;

	memcpy(p->word + w, words, sizeof(words));
	p->word[w + ARRAY_SIZE(words)] = root + 2;
	p->n[FWT_SEC_WORDS] += ARRAY_SIZE(words) + 1;
	for (i = 0; i < 2; i++) {
		p->set[s + i] = (struct fwt_prog_set){
			.kind = FWT_SET_BOXES, .words = 1, .n_dims = 1, .dim = { 1 },
			.count = 1, .data = w + 3 * i, .value = FWT_NONE,
		};
		p->set[s + 2 + i] = (struct fwt_prog_set){
			.kind = FWT_SET_KEYS, .words = 8, .n_dims = 1, .dim = { 8 }, .count = 1,
			.data = w + 13, .value = i ? w + ARRAY_SIZE(words) : FWT_NONE,
		};
		p->object[o + i] = (struct fwt_prog_object){
			.key = 88 + i, .kind = FWT_OBJECT_SET,
			.name = fwt_test_string(p, i ? "trees" : "marks"),
			.param = { 1 | 1 << 8, FWT_SET_TYPE_PORT,
				   i ? FWT_SET_TYPE_TREE : FWT_SET_TYPE_MARK, 0, 0, 100, s + i,
				   FWT_NONE, i ? w + 5 : w + 2, FWT_NONE, i ? s + 2 : 0 },
		};
		p->test[t + i] = (struct fwt_prog_test){
			.op = i ? FWT_TEST_LIVE_TREE : FWT_TEST_LIVE, .n_fields = 1,
			.field = { FWT_FIELD_DPORT }, .set = { o + i, i ? s + 3 : 0 },
			.mask = { FWT_NONE, FWT_NONE },
		};
	}
	p->n[FWT_SEC_SETS] += 4;
	p->n[FWT_SEC_OBJECTS] += 2;
	p->n[FWT_SEC_TESTS] += 2;
	p->mod[m] = (struct fwt_prog_mod){
		.type = FWT_MOD_SET_MARK, .rule = rule, .flags = FWT_MOD_MAP, .addr_lo = { t },
	};
	p->n[FWT_SEC_MODS]++;
	fwt_test_node(p, FWT_NODE_MOD, m, root + 1, root + 2);
	fwt_test_node(p, FWT_NODE_SELECT, t + 1, FWT_NONE, root + 3);
	fwt_test_verdict(p, FWT_VERDICT_ACCEPT, rule);
	fwt_test_verdict(p, FWT_VERDICT_DROP, rule);
	return root;
}

struct fwt_test_prog *fwt_test_rich(struct kunit *test)
{
	struct fwt_test_prog *p = fwt_test_prog_new(test);
	static const u32 server[4] = { 0x0a000009 };
	static const u32 shown[4] = { 0xcb007107 };
	struct fwt_prog_mod m = { };
	u32 r = fwt_test_rule(p, 1), w;

	p->rule[r].id = fwt_test_string(p, "one");
	fwt_test_rule(p, 2);
	p->counter[0] = fwt_test_string(p, "hits");
	p->n[FWT_SEC_COUNTERS] = 1;
	fwt_test_option(p, FWT_OPTION_CONN_MAX, 4096);
	fwt_test_option(p, FWT_OPTION_TIMEOUT_UDP, 30000);
	fwt_test_option(p, FWT_OPTION_NAT_PORTS, 2000u << 16 | 3000);
	fwt_test_option(p, FWT_OPTION_LOG_RATE, 1);

	fwt_test_range(p, FWT_FIELD_DPORT, 1, 1023, 1, 2);		/* 0 */
	/* 1: TCP to 2, UDP to 6, by a map of two keys. */
	w = p->n[FWT_SEC_WORDS];
	p->word[w] = 6;
	p->word[w + 1] = 17;
	p->word[w + 2] = 2;
	p->word[w + 3] = 6;
	p->n[FWT_SEC_WORDS] += 4;
	p->set[1] = (struct fwt_prog_set){
		.kind = FWT_SET_KEYS, .words = 1, .n_dims = 1, .dim = { 1 },
		.count = 2, .data = w, .value = w + 2,
	};
	p->test[1] = (struct fwt_prog_test){
		.op = FWT_TEST_IN, .n_fields = 1, .field = { FWT_FIELD_PROTOCOL },
		.set = { 1, 1 }, .mask = { FWT_NONE, FWT_NONE },
	};
	p->n[FWT_SEC_SETS] = 2;
	p->n[FWT_SEC_TESTS] = 2;
	fwt_test_node(p, FWT_NODE_SELECT, 1, 0, 9);			/* 1 */
	fwt_test_node(p, FWT_NODE_ENTER, r, 3, 0);			/* 2 */
	m.type = FWT_MOD_COUNT;
	fwt_test_mod(p, &m, 4);						/* 3 */
	m.type = FWT_MOD_LOG;
	m.a = fwt_test_string(p, "kunit ");
	fwt_test_mod(p, &m, 5);						/* 4 */
	m.type = FWT_MOD_SET_MARK;
	m.a = 0x55;
	fwt_test_mod(p, &m, 9);						/* 5 */
	fwt_test_nat(p, FWT_MOD_DNAT, 4, server, 8080, 8090, 9);	/* 6 */
	fwt_test_nat(p, FWT_MOD_SNAT, 4, shown, 4000, 4001, 10);	/* 7 */
	m = (struct fwt_prog_mod){ .type = FWT_MOD_MASQUERADE };
	fwt_test_mod(p, &m, 10);					/* 8 */
	fwt_test_node(p, FWT_NODE_CALL, 0, 12, 11);			/* 9 */
	fwt_test_verdict(p, FWT_VERDICT_ACCEPT, 1);			/* 10 */
	fwt_test_node(p, FWT_NODE_RETURN, 0, 0, 0);			/* 11 */
	p->test[2] = (struct fwt_prog_test){
		.op = FWT_TEST_IFADDR, .n_fields = 1,
		.field = { FWT_FIELD_DADDR },
		.set = { fwt_test_string(p, "d1"), 0 },
		.mask = { FWT_NONE, FWT_NONE },
	};
	p->n[FWT_SEC_TESTS] = 3;
	fwt_test_node(p, FWT_NODE_TEST, 2, 13, 14);			/* 12 */
	fwt_test_verdict(p, FWT_VERDICT_REJECT, r);			/* 13 */
	fwt_test_verdict(p, FWT_VERDICT_ACCEPT, r);			/* 14 */
	fwt_test_range(p, FWT_FIELD_TTL, 0, 1, 16, 14);			/* 15 */
	fwt_test_verdict(p, FWT_VERDICT_DROP, r);			/* 16 */
	p->node[9].no = 11;
	/* 15 leads back to 14 only by mistake: devices have an accept behind. */
	p->node[15].no = fwt_test_verdict(p, FWT_VERDICT_ACCEPT, 1);	/* 17 */

	test_forest(p, r);						/* 18 */

	fwt_test_server(p, 4, 7, 80, 2);
	fwt_test_server(p, 4, 8, 0, 1);
	fwt_test_server(p, 6, 7, 80, 1);
	m = (struct fwt_prog_mod){
		.type = FWT_MOD_BALANCE, .flags = FWT_MOD_PERSISTENT,
		.a = fwt_test_pool(p, "pool", FWT_SCHEDULE_MAGLEV, FWT_POOL_PERSISTENT),
		.port_lo = 53, .port_hi = 60,
	};
	p->node[5].yes = p->n[FWT_SEC_NODES];
	test_count(p, r);
	fwt_test_mod(p, &m, p->n[FWT_SEC_NODES] + 1);
	fwt_test_verdict(p, FWT_VERDICT_ACCEPT, 1);

	fwt_test_hook(p, FWT_HOOK_INGRESS, 0, NULL);
	fwt_test_hook(p, FWT_HOOK_EGRESS, 7, NULL);
	fwt_test_hook(p, FWT_HOOK_DEV_INGRESS, 18, "d0");
	fwt_test_hook(p, FWT_HOOK_DEV_EGRESS, 15, "d*");
	fwt_test_hook(p, FWT_HOOK_DEV_INGRESS, test_live(p, r), "d1");
	fwt_test_hook(p, FWT_HOOK_DEV_INGRESS, test_maps(p, r), "d2");
	return p;
}

struct fwt_test_prog *fwt_test_foreign(struct kunit *test, const char *selector,
				       const char *modifier)
{
	struct fwt_test_prog *p = fwt_test_prog_new(test);
	u32 rule = fwt_test_rule(p, 1), w = p->n[FWT_SEC_WORDS], i;

	p->word[w] = 0;
	p->word[w + 1] = 1;
	p->word[w + 2] = 1;
	p->word[w + 3] = 3;
	p->n[FWT_SEC_WORDS] += 4;
	p->set[0] = (struct fwt_prog_set){
		.kind = FWT_SET_KEYS, .words = 1, .n_dims = 1, .dim = { 1 }, .count = 2,
		.data = w, .value = w + 2,
	};
	p->n[FWT_SEC_SETS] = 1;
	for (i = 0; i < 2; i++)
		p->test[i] = (struct fwt_prog_test){
			.op = i ? FWT_TEST_NODE_SELECT : FWT_TEST_NODE,
			.set = { 0, i ? 1 : FWT_NONE }, .mask = { FWT_NONE, FWT_NONE },
		};
	p->n[FWT_SEC_TESTS] = 2;
	for (i = 0; i < 2; i++)
		p->mod[i] = (struct fwt_prog_mod){
			.type = FWT_MOD_NODE, .rule = rule, .a = i + 1,
		};
	p->n[FWT_SEC_MODS] = 2;
	p->arg[0] = (struct fwt_prog_arg){
		.name = fwt_test_string(p, "n"), .type = FWT_ARG_NUMBER, .word = { 7 },
	};
	p->arg[1] = (struct fwt_prog_arg){
		.name = fwt_test_string(p, "net"), .type = FWT_ARG_ADDR4,
		.word = { 0x0a000000 }, .plen = 8,
	};
	p->arg[2] = (struct fwt_prog_arg){
		.name = fwt_test_string(p, "high"), .type = FWT_ARG_LABEL,
	};
	p->arg[3] = (struct fwt_prog_arg){
		.name = fwt_test_string(p, "0"), .type = FWT_ARG_LABEL,
	};
	p->n[FWT_SEC_ARGS] = 4;
	for (i = 0; i < 3; i++)
		p->foreign[i] = (struct fwt_prog_foreign){
			.name = fwt_test_string(p, i < 2 ? selector : modifier),
			.use = i, .hooks = FWT_HOOK_BIT(FWT_HOOK_INGRESS), .rule = rule,
			.n_args = i < 2 ? 2 : 0, .labels = 2, .n_labels = i == 1 ? 2 : 0,
			.mod = i ? i - 1 : FWT_NONE,
		};
	p->n[FWT_SEC_FOREIGN] = 3;
	fwt_test_node(p, FWT_NODE_TEST, 0, 1, 2);
	fwt_test_verdict(p, FWT_VERDICT_DROP, rule);
	fwt_test_node(p, FWT_NODE_SELECT, 1, 0, 3);
	p->word[w + 2] = 3;
	p->word[w + 3] = 4;
	fwt_test_node(p, FWT_NODE_MOD, 1, 4, 0);
	fwt_test_verdict(p, FWT_VERDICT_ACCEPT, rule);
	fwt_test_hook(p, FWT_HOOK_INGRESS, 0, NULL);
	return p;
}
