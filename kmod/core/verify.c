// SPDX-License-Identifier: GPL-2.0
/*
 * The verifier: from hostile bytes to a program that is safe to walk.
 *
 * The sections are checked first, each element for what it says of itself.
 * Then come two passes over the nodes, which are in topological order (every
 * successor has a greater index):
 *
 *  - backward, what follows from a node's successors: the most steps that a
 *    walk can still take, how deep calls can still nest, and whether the walk
 *    can come to a RETURN of the tree it is in. A CALL takes the steps of the
 *    called tree and those of what follows the call.
 *  - forward, what follows from a node's predecessors: which hooks reach it;
 *    so each test and modifier is held against the hooks where it can run.
 *
 * A program whose hooks can meet a RETURN has a path without a verdict, and is
 * refused: that walk would take its way back from an empty stack.
 *
 * What a step costs: one for a node, and the comparisons of a look-up.
 */
#include "verify.h"

struct scratch {
	u32 steps;
	u8 depth;
	u8 returns;
	u8 hooks;
	u8 pad;
};

struct ctx {
	struct fwt_program *prog;
	struct fwt_verify_error *err;
	struct scratch *node;
	/* Words of sets and branches that may still be looked at. Sets may lie
	 * over one another in WORDS, but not so that verifying them takes more
	 * than a few times what it takes to read the section.
	 */
	u64 budget;
};

const u8 fwt_section_size[__FWT_SEC_MAX] = {
#define SECTION_SIZE(id, name, type) sizeof(type),
	FWT_SECTIONS(SECTION_SIZE)
#undef SECTION_SIZE
};

static const char *const section_name[__FWT_SEC_MAX + 1] = {
#define SECTION_NAME(id, name, type) name,
	FWT_SECTIONS(SECTION_NAME)
#undef SECTION_NAME
	"header",
};

static noinline int refuse(struct ctx *c, int error, u32 section, u32 index,
			   const char *what)
{
	c->err->section = section;
	c->err->index = index;
	scnprintf(c->err->text, sizeof(c->err->text), "%s %u: %s",
		  section_name[section], index, what);
	return error;
}

#define bad(c, section, index, what) refuse(c, -EINVAL, section, index, what)

static bool index_ok(const struct ctx *c, u32 section, u32 index)
{
	return index < c->prog->n[section];
}

static bool string_ok(const struct ctx *c, u32 off, bool optional)
{
	return (optional && off == FWT_NONE) || index_ok(c, FWT_SEC_STRINGS, off);
}

/* @count things of @words words each at @off of WORDS. */
static bool words_ok(const struct ctx *c, u32 off, u64 count, u32 words)
{
	return off <= c->prog->n[FWT_SEC_WORDS] &&
	       count * words <= c->prog->n[FWT_SEC_WORDS] - off;
}

static bool source_ok(const struct ctx *c, u32 off, u32 len)
{
	return off <= c->prog->n[FWT_SEC_SOURCE] &&
	       len <= c->prog->n[FWT_SEC_SOURCE] - off;
}

static int check_header(struct ctx *c, const void *blob, size_t len)
{
	const u32 head = sizeof(struct fwt_prog_hdr) -
			 __FWT_SEC_MAX * sizeof(struct fwt_prog_section);
	const struct fwt_prog_hdr *h = blob;
	u32 i, n;

	if (len < head)
		return bad(c, __FWT_SEC_MAX, 0, "shorter than a header");
	if (h->magic != FWT_PROGRAM_MAGIC)
		return bad(c, __FWT_SEC_MAX, 0, "no program: magic is wrong");
	if (h->version != FWT_PROGRAM_VERSION)
		return refuse(c, -EOPNOTSUPP, __FWT_SEC_MAX, 0,
			      "program format is of another version");
	if (h->len != len)
		return bad(c, __FWT_SEC_MAX, 0, "says another length than it has");
	if (len > FWT_PROGRAM_SIZE_MAX)
		return refuse(c, -E2BIG, __FWT_SEC_MAX, 0, "program is too large");
	if (h->flags)
		return refuse(c, -EOPNOTSUPP, __FWT_SEC_MAX, 0, "flags are not known");
	if (h->n_sections > __FWT_SEC_MAX)
		return refuse(c, -EOPNOTSUPP, __FWT_SEC_MAX, 0,
			      "has sections that are not known");
	n = h->n_sections;
	if (len < head + n * sizeof(struct fwt_prog_section))
		return bad(c, __FWT_SEC_MAX, 0, "shorter than its section table");

	for (i = 0; i < __FWT_SEC_MAX; i++) {
		u32 off = i < n ? h->sec[i].off : 0;
		u32 count = i < n ? h->sec[i].count : 0;

		c->prog->n[i] = count;
		if (!count)
			continue;
		if (off % 8 || off > len ||
		    (u64)count * fwt_section_size[i] > len - off)
			return bad(c, __FWT_SEC_MAX, i, "a section lies outside of the program");
		if (count >= FWT_NONE / 2)
			return refuse(c, -E2BIG, __FWT_SEC_MAX, i, "a section is too large");
	}
	return 0;
}

static const void *section(const struct fwt_program *prog, u32 i)
{
	if (!prog->n[i])
		return NULL;
	return (const u8 *)prog->hdr + prog->hdr->sec[i].off;
}

static void attach(struct fwt_program *p, const void *blob)
{
	p->hdr = blob;
	p->hook = section(p, FWT_SEC_HOOKS);
	p->node = section(p, FWT_SEC_NODES);
	p->test = section(p, FWT_SEC_TESTS);
	p->set = section(p, FWT_SEC_SETS);
	p->word = section(p, FWT_SEC_WORDS);
	p->mod = section(p, FWT_SEC_MODS);
	p->rule = section(p, FWT_SEC_RULES);
	p->counter = section(p, FWT_SEC_COUNTERS);
	p->option = section(p, FWT_SEC_OPTIONS);
	p->file = section(p, FWT_SEC_FILES);
	p->string = section(p, FWT_SEC_STRINGS);
	p->source = section(p, FWT_SEC_SOURCE);
}

static bool spend(struct ctx *c, u64 words)
{
	if (words > c->budget)
		return false;
	c->budget -= words;
	return true;
}

static int cmp(const u32 *a, const u32 *b, u32 words)
{
	u32 i;

	for (i = 0; i < words; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

static int check_set(struct ctx *c, u32 i)
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
		if (s->kind == FWT_SET_RANGES &&
		    cmp(data, data + s->words, s->words) > 0)
			return bad(c, FWT_SEC_SETS, i, "a range that ends before it begins");
		/* The high key of the one before, which for KEYS is its key. */
		if (s->kind != FWT_SET_BOXES && k &&
		    cmp(data - s->words, data, s->words) >= 0)
			return bad(c, FWT_SEC_SETS, i, "elements out of order");
	}
	return 0;
}

static int check_test_set(struct ctx *c, u32 i, u32 six)
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

static bool is_addr(u8 field)
{
	return field == FWT_FIELD_SADDR || field == FWT_FIELD_DADDR ||
	       field == FWT_FIELD_IP_SADDR || field == FWT_FIELD_IP_DADDR ||
	       field == FWT_FIELD_IP6_SADDR || field == FWT_FIELD_IP6_DADDR;
}

static int check_test(struct ctx *c, u32 i)
{
	const struct fwt_prog_test *t = &c->prog->test[i];
	int ret;
	u32 d;

	if (t->op >= __FWT_TEST_MAX || t->flags & ~FWT_TEST_NEGATE || t->pad)
		return bad(c, FWT_SEC_TESTS, i, "no such operation");
	if (!t->n_fields || t->n_fields > FWT_TEST_FIELDS)
		return bad(c, FWT_SEC_TESTS, i, "an impossible number of fields");
	for (d = 0; d < t->n_fields; d++)
		if (t->field[d] >= __FWT_FIELD_MAX)
			return refuse(c, -EOPNOTSUPP, FWT_SEC_TESTS, i,
				      "a field that is not known here");
	switch (t->op) {
	case FWT_TEST_IN:
		ret = check_test_set(c, i, 0);
		return ret ? ret : check_test_set(c, i, 1);
	case FWT_TEST_EQUAL:
		if (t->n_fields != 2)
			return bad(c, FWT_SEC_TESTS, i, "compares other than two fields");
		break;
	case FWT_TEST_IFADDR:
	case FWT_TEST_IFNET:
		if (t->n_fields != 1 || !is_addr(t->field[0]))
			return bad(c, FWT_SEC_TESTS, i, "interface without an address field");
		if (!string_ok(c, t->set[0], false))
			return bad(c, FWT_SEC_TESTS, i, "no interface name");
		break;
	}
	return 0;
}

static int check_mod(struct ctx *c, u32 i)
{
	const struct fwt_prog_mod *m = &c->prog->mod[i];

	if (m->type >= __FWT_MOD_MAX)
		return refuse(c, -EOPNOTSUPP, FWT_SEC_MODS, i,
			      "a modifier that is not known here");
	if (!index_ok(c, FWT_SEC_RULES, m->rule))
		return bad(c, FWT_SEC_MODS, i, "no such rule");
	if (m->flags & ~(FWT_MOD_RANDOM | FWT_MOD_PERSISTENT |
			 FWT_MOD_ENDPOINT_INDEPENDENT | FWT_MOD_PORTS))
		return refuse(c, -EOPNOTSUPP, FWT_SEC_MODS, i, "flags are not known");
	if (m->flags & FWT_MOD_PORTS && (!m->port_lo || m->port_lo > m->port_hi))
		return bad(c, FWT_SEC_MODS, i, "an impossible range of ports");
	switch (m->type) {
	case FWT_MOD_SNAT:
	case FWT_MOD_DNAT:
		if (m->family != 4 && m->family != 6)
			return bad(c, FWT_SEC_MODS, i, "no such family");
		if (cmp(m->addr_lo, m->addr_hi, m->family == 6 ? 4 : 1) > 0)
			return bad(c, FWT_SEC_MODS, i, "an impossible range of addresses");
		break;
	case FWT_MOD_LOG:
		if (!string_ok(c, m->a, true))
			return bad(c, FWT_SEC_MODS, i, "no such prefix");
		break;
	case FWT_MOD_COUNT:
		if (!index_ok(c, FWT_SEC_COUNTERS, m->a))
			return bad(c, FWT_SEC_MODS, i, "no such counter");
		break;
	}
	return 0;
}

static int check_rule(struct ctx *c, u32 i)
{
	const struct fwt_prog_rule *r = &c->prog->rule[i];

	if (!string_ok(c, r->id, true) || !string_ok(c, r->tree, false))
		return bad(c, FWT_SEC_RULES, i, "no such name");
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

static int check_option(struct ctx *c, u32 i)
{
	static const struct {
		u64 min;
		u64 max;
	} limit[__FWT_OPTION_MAX] = {
#define LIMIT(id, name, unit, lo, hi) [FWT_OPTION_##id] = { lo, hi },
		FWT_OPTIONS(LIMIT)
#undef LIMIT
	};
	const struct fwt_prog_option *o = &c->prog->option[i];
	u32 k;

	if (o->option >= __FWT_OPTION_MAX || o->pad)
		return refuse(c, -EOPNOTSUPP, FWT_SEC_OPTIONS, i,
			      "an option that is not known here");
	if (o->value < limit[o->option].min || o->value > limit[o->option].max)
		return bad(c, FWT_SEC_OPTIONS, i, "a value outside of its limits");
	if (o->option == FWT_OPTION_NAT_PORTS &&
	    (!(o->value >> 16) || o->value >> 16 > (o->value & 0xffff)))
		return bad(c, FWT_SEC_OPTIONS, i, "an impossible range of ports");
	for (k = 0; k < i; k++)
		if (c->prog->option[k].option == o->option)
			return bad(c, FWT_SEC_OPTIONS, i, "is set twice");
	return 0;
}

static int check_tables(struct ctx *c)
{
	const struct fwt_program *p = c->prog;
	u32 i;
	int ret = 0;

	if (p->n[FWT_SEC_STRINGS] && p->string[p->n[FWT_SEC_STRINGS] - 1])
		return bad(c, FWT_SEC_STRINGS, p->n[FWT_SEC_STRINGS] - 1,
			   "the last one does not end");
	if (p->n[FWT_SEC_OPTIONS] > __FWT_OPTION_MAX)
		return bad(c, FWT_SEC_OPTIONS, __FWT_OPTION_MAX, "is set twice");
	for (i = 0; !ret && i < p->n[FWT_SEC_SETS]; i++)
		ret = check_set(c, i);
	for (i = 0; !ret && i < p->n[FWT_SEC_TESTS]; i++)
		ret = check_test(c, i);
	for (i = 0; !ret && i < p->n[FWT_SEC_MODS]; i++)
		ret = check_mod(c, i);
	for (i = 0; !ret && i < p->n[FWT_SEC_RULES]; i++)
		ret = check_rule(c, i);
	for (i = 0; !ret && i < p->n[FWT_SEC_OPTIONS]; i++)
		ret = check_option(c, i);
	for (i = 0; !ret && i < p->n[FWT_SEC_COUNTERS]; i++)
		if (!string_ok(c, p->counter[i], false))
			ret = bad(c, FWT_SEC_COUNTERS, i, "has no name");
	for (i = 0; !ret && i < p->n[FWT_SEC_FILES]; i++)
		if (!string_ok(c, p->file[i].name, false) ||
		    !source_ok(c, p->file[i].text, p->file[i].text_len))
			ret = bad(c, FWT_SEC_FILES, i, "no name, or text outside of the source");
	return ret;
}

/* Comparisons that looking up in a set can take. */
static u32 set_cost(const struct fwt_program *p, u32 set)
{
	u32 cost = 0, n;

	if (set == FWT_NONE)
		return 0;
	n = p->set[set].count;
	if (p->set[set].kind == FWT_SET_BOXES)
		return n;
	for (; n > 1; n -= n / 2)
		cost++;
	return cost;
}

/* An interface has as many addresses as its owner gave it; of the usual few. */
#define IFADDR_COST	32

static u32 test_cost(const struct fwt_program *p, const struct fwt_prog_test *t)
{
	if (t->op != FWT_TEST_IN)
		return t->op == FWT_TEST_EQUAL ? 1 : IFADDR_COST;
	return max(set_cost(p, t->set[0]), set_cost(p, t->set[1]));
}

struct promise {
	u32 steps;
	u32 depth;
	bool returns;
};

static void join(struct promise *p, const struct scratch *s)
{
	p->steps = max(p->steps, s->steps);
	p->depth = max(p->depth, (u32)s->depth);
	p->returns |= s->returns;
}

static int select_targets(struct ctx *c, u32 i, u32 set, struct promise *all,
			  u8 hooks)
{
	const struct fwt_prog_set *s;
	u32 k;

	if (set == FWT_NONE)
		return 0;
	s = &c->prog->set[set];
	if (s->value == FWT_NONE)
		return bad(c, FWT_SEC_NODES, i, "selects by a set without values");
	if (!spend(c, s->count))
		return refuse(c, -E2BIG, FWT_SEC_NODES, i, "too many selects share a set");
	for (k = 0; k < s->count; k++) {
		u32 next = c->prog->word[s->value + k];

		if (next <= i || !index_ok(c, FWT_SEC_NODES, next))
			return bad(c, FWT_SEC_NODES, i, "a branch leads back, or nowhere");
		if (all)
			join(all, &c->node[next]);
		c->node[next].hooks |= hooks;
	}
	return 0;
}

/* Both kinds of pass go through a select's targets by this: @all gathers what
 * they promise (backward), @hooks is handed on to them (forward).
 */
static int each_target(struct ctx *c, u32 i, struct promise *all, u8 hooks)
{
	const struct fwt_prog_test *t = &c->prog->test[c->prog->node[i].arg];
	int ret = select_targets(c, i, t->set[0], all, hooks);

	if (!ret && t->set[1] != t->set[0])
		ret = select_targets(c, i, t->set[1], all, hooks);
	return ret;
}

static bool forward(const struct ctx *c, u32 i, u32 next)
{
	return next > i && index_ok(c, FWT_SEC_NODES, next);
}

static int backward(struct ctx *c, u32 i)
{
	const struct fwt_prog_node *n = &c->prog->node[i];
	struct promise p = { 0 };
	u64 steps = 1;
	int ret;

	if (n->type >= __FWT_NODE_MAX)
		return refuse(c, -EOPNOTSUPP, FWT_SEC_NODES, i,
			      "a node that is not known here");
	if (n->type != FWT_NODE_VERDICT && (n->sub || n->param))
		return bad(c, FWT_SEC_NODES, i, "has a verdict and is none");
	if (n->type <= FWT_NODE_CALL && n->type != FWT_NODE_SELECT &&
	    !forward(c, i, n->yes))
		return bad(c, FWT_SEC_NODES, i, "leads back, or nowhere");
	if ((n->type <= FWT_NODE_SELECT || n->type == FWT_NODE_CALL) &&
	    !forward(c, i, n->no))
		return bad(c, FWT_SEC_NODES, i, "leads back, or nowhere");

	switch (n->type) {
	case FWT_NODE_TEST:
	case FWT_NODE_SELECT:
		if (!index_ok(c, FWT_SEC_TESTS, n->arg))
			return bad(c, FWT_SEC_NODES, i, "no such test");
		join(&p, &c->node[n->no]);
		if (n->type == FWT_NODE_TEST) {
			join(&p, &c->node[n->yes]);
		} else {
			if (c->prog->test[n->arg].op != FWT_TEST_IN ||
			    c->prog->test[n->arg].flags)
				return bad(c, FWT_SEC_NODES, i, "selects by what is no look-up");
			ret = each_target(c, i, &p, 0);
			if (ret)
				return ret;
		}
		steps += test_cost(c->prog, &c->prog->test[n->arg]);
		break;
	case FWT_NODE_ENTER:
		if (!index_ok(c, FWT_SEC_RULES, n->arg))
			return bad(c, FWT_SEC_NODES, i, "no such rule");
		join(&p, &c->node[n->yes]);
		break;
	case FWT_NODE_MOD:
		if (!index_ok(c, FWT_SEC_MODS, n->arg))
			return bad(c, FWT_SEC_NODES, i, "no such modifier");
		join(&p, &c->node[n->yes]);
		break;
	case FWT_NODE_CALL:
		/* What follows is reached only if the tree comes back. */
		join(&p, &c->node[n->yes]);
		p.depth = max(p.depth, c->node[n->no].depth + 1u);
		steps += c->node[n->no].steps;
		if (p.depth > FWT_CALL_DEPTH)
			return refuse(c, -E2BIG, FWT_SEC_NODES, i, "calls nest too deep");
		break;
	case FWT_NODE_RETURN:
		p.returns = true;
		break;
	case FWT_NODE_VERDICT:
		if (n->sub >= __FWT_VERDICT_PROG_MAX || n->param >= __FWT_REJECT_MAX)
			return refuse(c, -EOPNOTSUPP, FWT_SEC_NODES, i,
				      "a verdict that is not known here");
		if (!index_ok(c, FWT_SEC_RULES, n->arg))
			return bad(c, FWT_SEC_NODES, i, "no such rule");
		break;
	}
	steps += p.steps;
	if (steps > FWT_STEPS_MAX)
		return refuse(c, -E2BIG, FWT_SEC_NODES, i,
			      "a walk from here could take too many steps");
	c->node[i].steps = steps;
	c->node[i].depth = p.depth;
	c->node[i].returns = p.returns;
	return 0;
}

/* Where a modifier can act. */
static u8 mod_hooks(u8 type)
{
	switch (type) {
	case FWT_MOD_SNAT:
	case FWT_MOD_MASQUERADE:
		return FWT_HOOK_BIT(FWT_HOOK_EGRESS);
	case FWT_MOD_DNAT:
		return FWT_HOOKS_INET;
	}
	return FWT_HOOKS_ALL;
}

static int reach(struct ctx *c, u32 i)
{
	const struct fwt_prog_node *n = &c->prog->node[i];
	u8 hooks = c->node[i].hooks;
	const struct fwt_prog_test *t;
	u32 d;

	if (!hooks)
		return 0;
	switch (n->type) {
	case FWT_NODE_TEST:
	case FWT_NODE_SELECT:
		t = &c->prog->test[n->arg];
		for (d = 0; d < t->n_fields; d++)
			if (hooks & ~fwt_field_info[t->field[d]].hooks)
				return bad(c, FWT_SEC_NODES, i,
					   "asks for a field that a hook does not have");
		if (t->op >= FWT_TEST_IFADDR && hooks & ~FWT_HOOKS_INET)
			return bad(c, FWT_SEC_NODES, i,
				   "asks for an interface's addresses at a device");
		c->node[n->no].hooks |= hooks;
		if (n->type == FWT_NODE_SELECT)
			return each_target(c, i, NULL, hooks);
		c->node[n->yes].hooks |= hooks;
		break;
	case FWT_NODE_MOD:
		if (hooks & ~mod_hooks(c->prog->mod[n->arg].type))
			return bad(c, FWT_SEC_NODES, i,
				   "a translation where a hook can't translate");
		c->node[n->yes].hooks |= hooks;
		break;
	case FWT_NODE_ENTER:
		c->node[n->yes].hooks |= hooks;
		break;
	case FWT_NODE_CALL:
		c->node[n->yes].hooks |= hooks;
		c->node[n->no].hooks |= hooks;
		break;
	case FWT_NODE_VERDICT:
		/* A frame at a device has nobody to answer to. */
		if (n->sub == FWT_VERDICT_REJECT && hooks & FWT_HOOKS_DEV)
			return bad(c, FWT_SEC_NODES, i, "reject at a device");
		break;
	}
	return 0;
}

static int check_hook(struct ctx *c, u32 i)
{
	struct fwt_program *p = c->prog;
	const struct fwt_prog_hook *h = &p->hook[i];
	const struct scratch *s;

	if (h->pad[0] || h->pad[1] || h->pad[2])
		return bad(c, FWT_SEC_HOOKS, i, "padding is not 0");
	if (h->hook >= __FWT_HOOK_MAX)
		return refuse(c, -EOPNOTSUPP, FWT_SEC_HOOKS, i,
			      "a hook that is not known here");
	if (!index_ok(c, FWT_SEC_NODES, h->root))
		return bad(c, FWT_SEC_HOOKS, i, "no such node");
	s = &c->node[h->root];
	if (s->returns)
		return bad(c, FWT_SEC_HOOKS, i, "a walk could end without a verdict");
	if (h->hook <= FWT_HOOK_EGRESS) {
		if (p->root[h->hook] != FWT_NONE)
			return bad(c, FWT_SEC_HOOKS, i, "is there twice");
		if (h->dev != FWT_NONE)
			return bad(c, FWT_SEC_HOOKS, i, "has a device and needs none");
		p->root[h->hook] = h->root;
	} else if (!string_ok(c, h->dev, false)) {
		return bad(c, FWT_SEC_HOOKS, i, "has no device");
	}
	p->steps_max = max(p->steps_max, s->steps);
	p->depth_max = max(p->depth_max, (u32)s->depth);
	c->node[h->root].hooks |= FWT_HOOK_BIT(h->hook);
	return 0;
}

static int check_nodes(struct ctx *c)
{
	struct fwt_program *p = c->prog;
	u32 n = p->n[FWT_SEC_NODES], i;
	int ret = 0;

	if (p->n[FWT_SEC_HOOKS] > FWT_DEVICES_MAX + 2)
		return refuse(c, -E2BIG, FWT_SEC_HOOKS, FWT_DEVICES_MAX + 2,
			      "too many devices");
	memset(c->node, 0, n * sizeof(*c->node));
	for (i = n; !ret && i-- > 0;)
		ret = backward(c, i);
	p->root[FWT_HOOK_INGRESS] = FWT_NONE;
	p->root[FWT_HOOK_EGRESS] = FWT_NONE;
	p->steps_max = 0;
	p->depth_max = 0;
	for (i = 0; !ret && i < p->n[FWT_SEC_HOOKS]; i++)
		ret = check_hook(c, i);
	for (i = 0; !ret && i < n; i++)
		ret = reach(c, i);
	return ret;
}

size_t fwt_verify_scratch(const void *blob, size_t len)
{
	struct fwt_program prog = { 0 };
	struct fwt_verify_error err;
	struct ctx c = { .prog = &prog, .err = &err };

	if (check_header(&c, blob, len))
		return 0;
	return (prog.n[FWT_SEC_NODES] + 1) * sizeof(struct scratch);
}

int fwt_verify(const void *blob, size_t len, void *scratch,
	       struct fwt_program *prog, struct fwt_verify_error *err)
{
	struct ctx c = { .prog = prog, .err = err, .node = scratch };
	int ret;

	memset(prog, 0, sizeof(*prog));
	ret = check_header(&c, blob, len);
	if (ret)
		return ret;
	attach(prog, blob);
	c.budget = 8ull * prog->n[FWT_SEC_WORDS];
	ret = check_tables(&c);
	return ret ? ret : check_nodes(&c);
}
