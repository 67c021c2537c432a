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
 * What a step costs: one for a node, and what verify_cost.c says.
 */
#include "verify.h"
#include "verify_private.h"

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

noinline int fwt_verify_refuse(struct fwt_verify *c, int error, u32 section, u32 index,
			       const char *what)
{
	c->err->section = section;
	c->err->index = index;
	scnprintf(c->err->text, sizeof(c->err->text), "%s %u: %s",
		  section_name[section], index, what);
	return error;
}

static int check_header(struct fwt_verify *c, const void *blob, size_t len)
{
	const u32 head = sizeof(struct fwt_prog_hdr) -
			 __FWT_SEC_MAX * sizeof(struct fwt_prog_section);
	const struct fwt_prog_hdr *h = blob;
	u32 i, n;
	u64 sum;

	if (len < head)
		return bad(c, __FWT_SEC_MAX, 0, "shorter than a header");
	if (h->magic != FWT_PROGRAM_MAGIC)
		return bad(c, __FWT_SEC_MAX, 0, "no program: magic is wrong");
	if (h->version != FWT_PROGRAM_VERSION)
		return refuse(c, -EOPNOTSUPP, __FWT_SEC_MAX, 0,
			      "program format is of another version: load the module of this fwctl");
	if (h->len != len)
		return bad(c, __FWT_SEC_MAX, 0, "says another length than it has");
	if (len > FWT_PROGRAM_SIZE_MAX)
		return refuse(c, -E2BIG, __FWT_SEC_MAX, 0, "program is too large");
	if (h->flags & ~FWT_PROGRAM_BEYOND)
		return refuse(c, -EOPNOTSUPP, __FWT_SEC_MAX, 0, "flags are not known");
	if (h->n_sections > __FWT_SEC_MAX)
		return refuse(c, -EOPNOTSUPP, __FWT_SEC_MAX, 0,
			      "has sections that are not known");
	n = h->n_sections;
	if (len < head + n * sizeof(struct fwt_prog_section))
		return bad(c, __FWT_SEC_MAX, 0, "shorter than its section table");
	sum = head + n * sizeof(struct fwt_prog_section);

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
		sum += (u64)count * fwt_section_size[i];
	}
	/* What is made of each, as scratch memory, is bounded by the program's length. */
	if (sum > len)
		return bad(c, __FWT_SEC_MAX, 0, "sections overlap");
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
	p->forest = section(p, FWT_SEC_FORESTS);
	p->tree = section(p, FWT_SEC_TREES);
	p->cut = section(p, FWT_SEC_CUTS);
	p->box = section(p, FWT_SEC_BOXES);
	p->box6 = section(p, FWT_SEC_BOXES6);
	p->object = section(p, FWT_SEC_OBJECTS);
	p->filter = section(p, FWT_SEC_FILTERS);
	p->insn = section(p, FWT_SEC_INSNS);
	p->server = section(p, FWT_SEC_SERVERS);
	p->foreign = section(p, FWT_SEC_FOREIGN);
	p->arg = section(p, FWT_SEC_ARGS);
	p->defines = section(p, FWT_SEC_DEFINES);
}

/* Where a modifier has a way on besides. */
static bool forks(const struct fwt_program *p, const struct fwt_prog_node *n)
{
	return n->type == FWT_NODE_MOD && p->mod[n->arg].flags & FWT_MOD_MAP;
}

static void join(struct fwt_verify_node *p, const struct fwt_verify_node *s)
{
	p->steps = max(p->steps, s->steps);
	p->stretch = max(p->stretch, s->stretch);
	p->leg = max(p->leg, s->leg);
	p->depth = max(p->depth, s->depth);
	p->returns |= s->returns;
	p->misses |= s->misses;
	p->on |= s->on;
	if (!p->to)
		p->to = s->to;
	else if (s->to && s->to != p->to)
		p->to = FWT_VERIFY_SOME;
}

static u32 add(u32 a, u32 b)
{
	return min((u64)a + b, (u64)FWT_STEPS_MANY);
}

static int select_targets(struct fwt_verify *c, u32 i, u32 set, struct fwt_verify_node *all,
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

		if (fwt_rest(k))
			return -EINTR;
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
static int each_target(struct fwt_verify *c, u32 i, struct fwt_verify_node *all, u8 hooks)
{
	const struct fwt_prog_test *t = &c->prog->test[c->prog->node[i].arg];
	int ret;

	if (t->op == FWT_TEST_LIVE_TREE)
		return select_targets(c, i, t->set[1], all, hooks);
	ret = select_targets(c, i, t->set[0], all, hooks);
	if (!ret && t->op == FWT_TEST_IN && t->set[1] != t->set[0])
		ret = select_targets(c, i, t->set[1], all, hooks);
	return ret;
}

static bool forward(const struct fwt_verify *c, u32 i, u32 next)
{
	return next > i && index_ok(c, FWT_SEC_NODES, next);
}

/* Tests that end in MISS stand behind boxes alone: what they take is part of
 * what looking into a leaf takes.
 */
static int check_tests(struct fwt_verify *c)
{
	u32 i = c->prog->n[FWT_SEC_NODES];

	while (i-- > 0) {
		const struct fwt_prog_node *n = &c->prog->node[i];
		struct fwt_verify_node *s = &c->node[i], *yes, *no;

		if (fwt_rest(i))
			return -EINTR;
		s->misses = n->type == FWT_NODE_MISS;
		if (n->type != FWT_NODE_TEST)
			continue;
		if (!index_ok(c, FWT_SEC_TESTS, n->arg))
			return bad(c, FWT_SEC_NODES, i, "no such test");
		if (fwt_test_selects(&c->prog->test[n->arg]))
			return bad(c, FWT_SEC_NODES, i, "asks what is for a select");
		if (!forward(c, i, n->yes) || !forward(c, i, n->no))
			return bad(c, FWT_SEC_NODES, i, "leads back, or nowhere");
		yes = &c->node[n->yes];
		no = &c->node[n->no];
		/* The walk asks it, of a rule that was found. */
		if (fwt_test_noted(&c->prog->test[n->arg])) {
			if (yes->misses | no->misses)
				return bad(c, FWT_SEC_NODES, i,
					   "leads to a miss, and is no box's test");
			continue;
		}
		s->tests = add(1 + fwt_verify_test_cost(c, &c->prog->test[n->arg]),
			       max(yes->tests, no->tests));
		s->misses = yes->misses | no->misses;
	}
	return 0;
}

static int backward(struct fwt_verify *c, u32 i)
{
	const struct fwt_prog_node *n = &c->prog->node[i];
	struct fwt_verify_node p = { 0 };
	u32 own = 1;
	int ret;

	if (n->type >= __FWT_NODE_MAX)
		return refuse(c, -EOPNOTSUPP, FWT_SEC_NODES, i,
			      "a node that is not known here");
	if (n->type != FWT_NODE_VERDICT && (n->sub || n->param))
		return bad(c, FWT_SEC_NODES, i, "has a verdict and is none");
	if (n->type <= FWT_NODE_CALL && n->type != FWT_NODE_SELECT &&
	    !forward(c, i, n->yes))
		return bad(c, FWT_SEC_NODES, i, "leads back, or nowhere");
	if ((n->type <= FWT_NODE_SELECT || n->type == FWT_NODE_CALL ||
	     n->type == FWT_NODE_FOREST) && !forward(c, i, n->no))
		return bad(c, FWT_SEC_NODES, i, "leads back, or nowhere");

	switch (n->type) {
	case FWT_NODE_TEST:
		join(&p, &c->node[n->no]);
		join(&p, &c->node[n->yes]);
		own += fwt_verify_test_cost(c, &c->prog->test[n->arg]);
		break;
	case FWT_NODE_SELECT:
		if (!index_ok(c, FWT_SEC_TESTS, n->arg))
			return bad(c, FWT_SEC_NODES, i, "no such test");
		if ((c->prog->test[n->arg].op != FWT_TEST_IN &&
		     !fwt_test_selects(&c->prog->test[n->arg])) || c->prog->test[n->arg].flags)
			return bad(c, FWT_SEC_NODES, i, "selects by what is no look-up");
		join(&p, &c->node[n->no]);
		ret = each_target(c, i, &p, 0);
		if (ret)
			return ret;
		own += fwt_verify_test_cost(c, &c->prog->test[n->arg]);
		break;
	case FWT_NODE_ENTER:
		if (!index_ok(c, FWT_SEC_RULES, n->arg))
			return bad(c, FWT_SEC_NODES, i, "no such rule");
		join(&p, &c->node[n->yes]);
		c->stretch = max(c->stretch, p.stretch);
		p.stretch = 0;
		break;
	case FWT_NODE_MOD:
		if (!index_ok(c, FWT_SEC_MODS, n->arg))
			return bad(c, FWT_SEC_NODES, i, "no such modifier");
		if (!fwt_verify_foreign_mod(c, n->arg))
			return bad(c, FWT_SEC_NODES, i, "modifies by what is for a select");
		if (forks(c->prog, n) && !forward(c, i, n->no))
			return bad(c, FWT_SEC_NODES, i, "leads back, or nowhere");
		if (forks(c->prog, n))
			join(&p, &c->node[n->no]);
		join(&p, &c->node[n->yes]);
		own += fwt_verify_mod_cost(c, &c->prog->mod[n->arg]);
		break;
	case FWT_NODE_CALL:
		/* What follows is reached only if the tree comes back. */
		join(&p, &c->node[n->yes]);
		c->stretch = max(c->stretch, p.stretch);
		if (c->node[n->no].depth + 1u > FWT_CALL_DEPTH)
			return refuse(c, -E2BIG, FWT_SEC_NODES, i, "calls nest too deep");
		p.depth = max(p.depth, (u8)(c->node[n->no].depth + 1));
		p.steps = add(p.steps, c->node[n->no].steps);
		p.stretch = add(p.stretch, c->node[n->no].stretch);
		p.leg = add(p.leg, c->node[n->no].leg);
		p.misses |= c->node[n->no].misses;
		break;
	case FWT_NODE_RETURN:
		p.returns = true;
		break;
	case FWT_NODE_VERDICT:
		if (n->sub >= __FWT_VERDICT_PROG_MAX ||
		    (n->sub < FWT_VERDICT_QUEUE && n->param >= __FWT_REJECT_MAX))
			return refuse(c, -EOPNOTSUPP, FWT_SEC_NODES, i,
				      "a verdict that is not known here");
		if (!index_ok(c, FWT_SEC_RULES, n->arg))
			return bad(c, FWT_SEC_NODES, i, "no such rule");
		break;
	case FWT_NODE_FOREST:
		if (!index_ok(c, FWT_SEC_FORESTS, n->arg))
			return bad(c, FWT_SEC_NODES, i, "no such forest");
		/* Of its rules those count that lie behind, which are the ones
		 * that were seen.
		 */
		join(&p, &c->forest[n->arg].rules);
		p.misses = false;
		join(&p, &c->node[n->no]);
		own = add(own, c->forest[n->arg].steps);
		break;
	}
	if (n->type == FWT_NODE_FOREST) {
		p.on = true;
		p.to = n->arg + 1;
	}
	p.leg = n->type == FWT_NODE_FOREST ? 1 : add(p.leg, own);
	if (n->type != FWT_NODE_TEST && p.misses)
		return bad(c, FWT_SEC_NODES, i, "leads to a miss, and is no box's test");
	p.steps = add(p.steps, own);
	p.stretch = add(p.stretch, own);
	p.misses |= n->type == FWT_NODE_MISS;
	p.tests = c->node[i].tests;
	p.forest = c->node[i].forest;
	c->node[i] = p;
	if (p.forest)
		join(&c->forest[p.forest - 1].rules, &p);
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
	case FWT_MOD_REDIRECT:
	case FWT_MOD_NETMAP:
	case FWT_MOD_SET_CT_MARK:
	case FWT_MOD_MSS_CLAMP:
	case FWT_MOD_NOTRACK:
	case FWT_MOD_BALANCE:
		return FWT_HOOKS_INET;
	case FWT_MOD_SET_VLAN:
		return FWT_HOOKS_DEV;
	}
	return FWT_HOOKS_ALL;
}

static int reach(struct fwt_verify *c, u32 i)
{
	const struct fwt_prog_node *n = &c->prog->node[i];
	const struct fwt_prog_test *t;
	const struct fwt_prog_mod *m;
	u8 hooks;
	u32 d;

	/* A rule of a forest is reached from all its nodes that lie before. */
	if (c->node[i].forest)
		c->node[i].hooks |= c->forest[c->node[i].forest - 1].hooks;
	hooks = c->node[i].hooks;
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
		if (t->op == FWT_TEST_BPF) {
			if ((hooks & FWT_HOOKS_INET && t->set[0] == FWT_NONE) ||
			    (hooks & FWT_HOOKS_DEV && t->set[1] == FWT_NONE))
				return bad(c, FWT_SEC_NODES, i,
					   "has no filter for a hook that leads here");
		} else if (t->op == FWT_TEST_COUNT && hooks & ~FWT_HOOKS_INET) {
			return bad(c, FWT_SEC_NODES, i, "asks for connections at a device");
		}
		if (hooks & ~fwt_verify_foreign_hooks(c, t))
			return bad(c, FWT_SEC_NODES, i, "a hook that its node does not say");
		c->node[n->no].hooks |= hooks;
		if (n->type == FWT_NODE_SELECT)
			return each_target(c, i, NULL, hooks);
		c->node[n->yes].hooks |= hooks;
		break;
	case FWT_NODE_MOD:
		m = &c->prog->mod[n->arg];
		if (m->type == FWT_MOD_NODE && hooks & ~c->prog->foreign[m->a].hooks)
			return bad(c, FWT_SEC_NODES, i, "a hook that its node does not say");
		if (hooks & ~mod_hooks(m->type))
			return bad(c, FWT_SEC_NODES, i,
				   "a modifier that a hook does not have");
		if (m->flags & FWT_MOD_FIELD && hooks & ~fwt_field_info[m->a].hooks)
			return bad(c, FWT_SEC_NODES, i,
				   "sets a field that a hook does not have");
		if (fwt_mod_test(m) != FWT_NONE) {
			t = &c->prog->test[fwt_mod_test(m)];
			for (d = 0; d < t->n_fields; d++)
				if (hooks & ~fwt_field_info[t->field[d]].hooks)
					return bad(c, FWT_SEC_NODES, i,
						   "takes a field that a hook does not have");
		}
		if (forks(c->prog, n))
			c->node[n->no].hooks |= hooks;
		c->node[n->yes].hooks |= hooks;
		break;
	case FWT_NODE_ENTER:
		c->node[n->yes].hooks |= hooks;
		break;
	case FWT_NODE_CALL:
		c->node[n->yes].hooks |= hooks;
		c->node[n->no].hooks |= hooks;
		break;
	case FWT_NODE_FOREST:
		c->node[n->no].hooks |= hooks;
		c->forest[n->arg].hooks |= hooks;
		break;
	case FWT_NODE_VERDICT:
		/* A frame that leaves is answered by nobody: who sent it may be anywhere. */
		if (n->sub == FWT_VERDICT_REJECT && hooks & FWT_HOOK_BIT(FWT_HOOK_DEV_EGRESS))
			return bad(c, FWT_SEC_NODES, i, "reject at a device's egress");
		if (n->sub >= FWT_VERDICT_QUEUE && hooks & FWT_HOOKS_DEV)
			return bad(c, FWT_SEC_NODES, i, "queue at a device");
		break;
	}
	return 0;
}

/* A walk notes each rule that takes part, and ends where there is no more room
 * for that. So it is no longer than what can lie between two of them, so many
 * times; and going back to a call begins such a stretch, too.
 */
static u32 steps_from(const struct fwt_verify *c, const struct fwt_verify_node *s)
{
	u64 stretches = (u64)(FWT_EFFECTS_MAX + 1) * (s->depth + 1u);

	return min((u64)s->steps, stretches * max(c->stretch, s->stretch));
}

static int check_hook(struct fwt_verify *c, u32 i)
{
	struct fwt_program *p = c->prog;
	const struct fwt_prog_hook *h = &p->hook[i];
	const struct fwt_verify_node *s;
	u32 steps;

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
	if (s->misses)
		return bad(c, FWT_SEC_HOOKS, i, "leads to a miss, and is no box's test");
	steps = steps_from(c, s);
	p->steps_max = max(p->steps_max, steps);
	if (steps > FWT_STEPS_MAX)
		return refuse(c, -E2BIG, FWT_SEC_HOOKS, i,
			      "a walk from here could take too many steps");
	if (h->hook <= FWT_HOOK_EGRESS) {
		if (p->root[h->hook] != FWT_NONE)
			return bad(c, FWT_SEC_HOOKS, i, "is there twice");
		if (h->dev != FWT_NONE)
			return bad(c, FWT_SEC_HOOKS, i, "has a device and needs none");
		p->root[h->hook] = h->root;
	} else if (!ifname_ok(c, h->dev)) {
		return bad(c, FWT_SEC_HOOKS, i, "has no device");
	}
	p->depth_max = max(p->depth_max, (u32)s->depth);
	c->node[h->root].hooks |= FWT_HOOK_BIT(h->hook);
	return 0;
}

static int check_nodes(struct fwt_verify *c)
{
	struct fwt_program *p = c->prog;
	u32 n = p->n[FWT_SEC_NODES], i;
	int ret = 0;

	if (p->n[FWT_SEC_HOOKS] > FWT_DEVICES_MAX + 2)
		return refuse(c, -E2BIG, FWT_SEC_HOOKS, FWT_DEVICES_MAX + 2,
			      "too many devices");
	ret = check_tests(c);
	if (!ret)
		ret = fwt_verify_forests(c);
	for (i = n; !ret && i-- > 0;)
		ret = fwt_rest(i) ?: backward(c, i);
	p->root[FWT_HOOK_INGRESS] = FWT_NONE;
	p->root[FWT_HOOK_EGRESS] = FWT_NONE;
	p->steps_max = 0;
	p->depth_max = 0;
	for (i = 0; !ret && i < p->n[FWT_SEC_HOOKS]; i++)
		ret = check_hook(c, i);
	for (i = 0; !ret && i < n; i++)
		ret = fwt_rest(i) ?: reach(c, i);
	return ret;
}

/* Nodes, forests, cuts. */
static size_t scratch_parts(const struct fwt_program *prog, size_t *forests, size_t *cuts)
{
	size_t at = (prog->n[FWT_SEC_NODES] + 1) * sizeof(struct fwt_verify_node);

	*forests = at;
	at += prog->n[FWT_SEC_FORESTS] * sizeof(struct fwt_verify_forest);
	*cuts = at;
	return at + prog->n[FWT_SEC_CUTS] * sizeof(u32);
}

size_t fwt_verify_scratch(const void *blob, size_t len)
{
	struct fwt_program prog = { 0 };
	struct fwt_verify_error err;
	struct fwt_verify c = { .prog = &prog, .err = &err };
	size_t forests, cuts;

	if (check_header(&c, blob, len))
		return 0;
	return scratch_parts(&prog, &forests, &cuts);
}

int fwt_verify_texts(const void *blob, size_t len, struct fwt_program *prog,
		     struct fwt_verify_error *err)
{
	struct fwt_verify c = { .prog = prog, .err = err };
	int ret;

	memset(prog, 0, sizeof(*prog));
	ret = check_header(&c, blob, len);
	if (ret)
		return ret;
	attach(prog, blob);
	return fwt_verify_records(&c);
}

int fwt_verify_for(const void *blob, size_t len, void *scratch, const struct fwt_program *base,
		   struct fwt_program *prog, struct fwt_verify_error *err)
{
	struct fwt_verify c = { .prog = prog, .err = err, .node = scratch, .base = base };
	size_t forests, cuts, size;
	int ret;

	memset(prog, 0, sizeof(*prog));
	ret = check_header(&c, blob, len);
	if (ret)
		return ret;
	attach(prog, blob);
	size = scratch_parts(prog, &forests, &cuts);
	memset(scratch, 0, size);
	c.forest = (void *)((u8 *)scratch + forests);
	c.cut = (void *)((u8 *)scratch + cuts);
	c.budget = 8ull * prog->n[FWT_SEC_WORDS] + 4ull * prog->n[FWT_SEC_BOXES] +
		   4ull * prog->n[FWT_SEC_BOXES6] + 4ull * prog->n[FWT_SEC_INSNS] +
		   4ull * prog->n[FWT_SEC_ARGS];
	ret = fwt_verify_tables(&c);
	if (!ret)
		ret = fwt_verify_learn_sets(&c);
	return ret ? ret : check_nodes(&c);
}

int fwt_verify(const void *blob, size_t len, void *scratch,
	       struct fwt_program *prog, struct fwt_verify_error *err)
{
	return fwt_verify_for(blob, len, scratch, NULL, prog, err);
}

struct fwt_forest_info fwt_verify_forest_info(const struct fwt_program *prog,
					      const void *scratch, u32 forest)
{
	const struct fwt_verify_forest *f;
	size_t forests, cuts;

	scratch_parts(prog, &forests, &cuts);
	f = (const void *)((const u8 *)scratch + forests);
	return (struct fwt_forest_info){ f[forest].steps, f[forest].hooks, f[forest].count };
}
