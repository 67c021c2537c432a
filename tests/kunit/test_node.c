// SPDX-License-Identifier: GPL-2.0
/* Nodes of other modules: registered, bound to policies, held, refused; programs that lie
 * about them; and what happens while one is asked. What they decide: test_node_asked.c.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/mm.h>

#include "include/fwtree_node.h"
#include "node.h"
#include "packets.h"
#include "policy.h"
#include "prog.h"
#include "way.h"
#include "core/verify.h"

static struct fwt_test_ns *ns;
static atomic_t made = ATOMIC_INIT(0);
static int init_says;

static int init(struct fwt_node_init *at)
{
	if (init_says) {
		at->bad_param = 0;
		NL_SET_ERR_MSG(at->extack, "not that one");
		return init_says;
	}
	atomic_inc(&made);
	return 0;
}

static void destroy(void *priv)
{
	atomic_dec(&made);
}

static int chooses(const void *priv, struct fwt_node_packet *pkt)
{
	return 0;
}

static int sets(const void *priv, struct fwt_node_packet *pkt, struct fwt_node_sets *to)
{
	return 0;
}

static const struct fwt_node_param params[] = {
	{ .name = "n", .type = FWT_NODE_NUMBER, .min = 2, .max = 9 },
	{ .name = "net", .type = FWT_NODE_PREFIX },
};

static const char *const names[] = { "low", "high" };

static struct fwt_node_ops selector = {
	.owner = THIS_MODULE, .name = "kunit-selector", .kind = FWT_NODE_SELECTOR,
	.n_branches = 2, .branch = names, .param = params, .n_params = ARRAY_SIZE(params),
	.priv_size = 8, .init = init, .destroy = destroy, .select = chooses,
};

static struct fwt_node_ops modifier = {
	.owner = THIS_MODULE, .name = "kunit-modifier", .kind = FWT_NODE_MODIFIER,
	.init = init, .destroy = destroy, .modify = sets,
};

static void registers(struct kunit *test)
{
	static const char long_name[] = "a123456789012345678901234567890x";
	struct fwt_node_param twice[] = { params[0], params[0] };
	struct fwt_node_ops o;

#define REFUSED(from, change) do {						\
	o = (from);								\
	change;									\
	KUNIT_EXPECT_EQ_MSG(test, fwt_node_register(&o), -EINVAL, #change);	\
} while (0)
	REFUSED(selector, o.name = NULL);
	REFUSED(selector, o.name = "");
	REFUSED(selector, o.name = long_name);
	REFUSED(selector, o.name = "a b");
	REFUSED(selector, o.name = "1a");
	REFUSED(selector, o.name = "a-");
	REFUSED(selector, o.kind = 3);
	REFUSED(selector, o.select = NULL);
	REFUSED(selector, o.modify = sets);
	REFUSED(selector, o.n_branches = 0);
	REFUSED(selector, o.n_branches = FWT_NODE_BRANCHES_MAX + 1);
	REFUSED(selector, o.hooks = 0x10);
	REFUSED(selector, o.n_params = FWT_FOREIGN_ARGS + 1);
	REFUSED(selector, o.param = NULL);
	REFUSED(selector, o.param = twice);
	REFUSED(selector, o.priv_size = FWT_NODE_PRIV_MAX + 1);
	REFUSED(modifier, o.n_branches = 1);
	REFUSED(modifier, o.select = chooses);
	REFUSED(modifier, o.modify = NULL);
#undef REFUSED
	o = selector;
	KUNIT_ASSERT_EQ(test, fwt_node_register(&o), 0);
	KUNIT_EXPECT_EQ_MSG(test, fwt_node_register(&selector), -EEXIST, "the name is taken");
	fwt_node_unregister(&o);
	KUNIT_EXPECT_EQ_MSG(test, fwt_node_register(&selector), 0, "it is free again");
	fwt_node_unregister(&selector);
}

static struct fwt_test_prog *program(struct kunit *test)
{
	return fwt_test_foreign(test, selector.name, modifier.name);
}

static int apply(struct kunit *test, const struct fwt_test_prog *p, const char *why)
{
	struct netlink_ext_ack extack = { };
	size_t len;
	void *blob = fwt_test_build(test, p, &len);
	u32 gen;
	int ret;

	ret = fwt_policy_apply(ns->fn, blob, len, FWT_GENERATION_ANY, &extack, &gen);
	if (why)
		KUNIT_EXPECT_STREQ(test, extack._msg ? extack._msg : "", why);
	return ret;
}

static void nothing_left(struct kunit *test, int refs)
{
	int tries;

	/* A program goes after a grace period, by a worker. */
	for (tries = 0; tries < 500 && (atomic_read(&made) ||
					module_refcount(THIS_MODULE) != refs); tries++)
		msleep(20);
	KUNIT_EXPECT_EQ(test, atomic_read(&made), 0);
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), refs);
}

static void binds(struct kunit *test)
{
	struct fwt_test_prog *p = program(test);
	int refs = module_refcount(THIS_MODULE);

	KUNIT_EXPECT_EQ(test, -ENOENT,
			apply(test, p, "foreign node 0: this kernel has no node 'kunit-selector'"));
	KUNIT_ASSERT_EQ(test, fwt_node_register(&selector), 0);
	KUNIT_EXPECT_EQ(test, -ENOENT,
			apply(test, p, "foreign node 2: this kernel has no node 'kunit-modifier'"));
	nothing_left(test, refs);
	KUNIT_ASSERT_EQ(test, fwt_node_register(&modifier), 0);

	KUNIT_EXPECT_EQ(test, apply(test, p, NULL), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&made), 3);
	KUNIT_EXPECT_EQ_MSG(test, module_refcount(THIS_MODULE), refs + 3, "each use holds it");
	KUNIT_EXPECT_EQ(test, selector.uses, 2);

	/* Refused, what is in force keeps its own. */
	init_says = -EBUSY;
	KUNIT_EXPECT_EQ(test, apply(test, p, "argument 0: not that one"), -EBUSY);
	init_says = 0;
	p->arg[0].word[0] = 10;
	KUNIT_EXPECT_EQ(test, apply(test, p, "argument 0: it goes from 2 to 9"), -EINVAL);
	p->arg[0].word[0] = 7;
	p->arg[0].type = FWT_ARG_FLAG;
	KUNIT_EXPECT_EQ(test, apply(test, p, "argument 0: a number is meant"), -EINVAL);
	p->arg[0].type = FWT_ARG_NUMBER;
	p->arg[1].name = p->arg[0].name;
	KUNIT_EXPECT_EQ(test, apply(test, p, "argument 1: 'n' is given twice"), -EINVAL);
	p->arg[1].name = fwt_test_string(p, "x");
	KUNIT_EXPECT_EQ(test, apply(test, p, "argument 1: 'kunit-selector' takes no 'x'"), -EINVAL);
	p->arg[1].name = fwt_test_string(p, "net");
	p->arg[3].name = fwt_test_string(p, "2");
	KUNIT_EXPECT_EQ(test, apply(test, p, "argument 3: 'kunit-selector' has no branch '2'"),
			-EINVAL);
	p->arg[3].name = fwt_test_string(p, "low");
	p->foreign[0].name = p->foreign[2].name;
	KUNIT_EXPECT_EQ(test, apply(test, p, "foreign node 0: it is a modifier: 'modify' is meant"),
			-EINVAL);
	selector.hooks = FWT_HOOK_BIT(FWT_HOOK_EGRESS);
	p->foreign[0].name = p->foreign[1].name;
	KUNIT_EXPECT_EQ(test, apply(test, p, "foreign node 0: it does not stand in 'ingress'"),
			-EINVAL);
	selector.hooks = 0;
	KUNIT_EXPECT_EQ(test, atomic_read(&made), 3);
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), refs + 3);

	KUNIT_EXPECT_EQ(test, apply(test, p, NULL), 0);
	fwt_test_clear(test, ns);
	nothing_left(test, refs);
	fwt_node_unregister(&selector);
	fwt_node_unregister(&modifier);
}

static int verify(struct kunit *test, const struct fwt_test_prog *p)
{
	struct fwt_verify_error err = { };
	struct fwt_program prog;
	size_t len, need;
	void *blob = fwt_test_build(test, p, &len), *scratch;
	int ret;

	need = fwt_verify_scratch(blob, len);
	scratch = kvmalloc(need + 1, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, scratch);
	ret = fwt_verify(blob, len, scratch, &prog, &err);
	kvfree(scratch);
	kvfree(blob);
	return ret;
}

/* Each of these is a lie, and the program is refused before anybody is asked. */
static void lies(struct kunit *test)
{
	struct fwt_test_prog *good = program(test);
	struct fwt_test_prog *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_ASSERT_EQ(test, verify(test, good), 0);
#define LIE(change) do {							\
	*p = *good;								\
	change;									\
	KUNIT_EXPECT_NE_MSG(test, verify(test, p), 0, #change);			\
} while (0)
	LIE(p->foreign[0].name = p->n[FWT_SEC_STRINGS]);
	LIE(p->foreign[0].name += strlen(selector.name));	/* "" */
	LIE(p->foreign[0].use = __FWT_FOREIGN_USE_MAX);
	LIE(p->foreign[0].use = FWT_FOREIGN_SELECT);
	LIE(p->foreign[1].use = FWT_FOREIGN_MODIFY);
	LIE(p->foreign[2].use = FWT_FOREIGN_MATCH);
	LIE(p->foreign[0].hooks = 0);
	LIE(p->foreign[1].hooks = FWT_HOOK_BIT(FWT_HOOK_EGRESS));
	LIE(p->foreign[2].hooks = 0);
	LIE(p->foreign[2].hooks = 0xff);
	LIE(p->foreign[0].pad = 1);
	LIE(p->foreign[0].rule = 1);
	LIE(p->foreign[0].first = 5);
	LIE(p->foreign[0].first = ~0u);
	LIE(p->foreign[0].n_args = 3);				/* a label among them */
	LIE(p->foreign[0].n_args = 5);
	LIE(p->foreign[0].n_args = ~0u);
	LIE(p->foreign[1].labels = 1);				/* an argument */
	LIE(p->foreign[1].labels = ~0u);
	LIE(p->foreign[1].n_labels = 1);			/* the set has two */
	LIE(p->foreign[1].n_labels = 3);
	LIE(p->foreign[0].n_labels = 1);			/* a match has none */
	LIE(p->foreign[0].mod = 0);
	LIE(p->foreign[1].mod = FWT_NONE);
	LIE(p->foreign[1].mod = 1);
	LIE(p->foreign[2].mod = 2);
	LIE(p->arg[0].type = __FWT_ARG_MAX);
	LIE(p->arg[0].type = FWT_ARG_LABEL);
	LIE(p->arg[2].type = FWT_ARG_FLAG);
	LIE(p->arg[0].pad = 1);
	LIE(p->arg[0].plen = 1);
	LIE(p->arg[1].plen = 33);
	LIE(p->arg[0].name = ~0u);
	LIE(p->arg[0].type = FWT_ARG_STRING; p->arg[0].word[0] = p->n[FWT_SEC_STRINGS]);
	LIE(p->test[0].set[0] = 1);				/* a select's */
	LIE(p->test[0].set[0] = 3);
	LIE(p->test[0].set[1] = 0);
	LIE(p->test[0].n_fields = 1);
	LIE(p->test[0].flags = FWT_TEST_NEGATE);
	LIE(p->test[0].mask[0] = 0);
	LIE(p->test[1].set[0] = 1);
	LIE(p->test[1].set[1] = 0);
	LIE(p->test[1].set[1] = FWT_NONE);
	LIE(p->test[0].op = FWT_TEST_NODE_SELECT);
	LIE(p->test[1].op = FWT_TEST_NODE);
	LIE(p->set[0].kind = FWT_SET_RANGES);
	LIE(p->set[0].value = FWT_NONE);
	LIE(p->set[0].count = 1);
	LIE(p->word[p->set[0].data + 1] = 2);			/* a branch left out */
	LIE(p->word[p->set[0].value] = 0);			/* back */
	LIE(p->mod[1].a = 1);
	LIE(p->mod[1].a = 3);
	LIE(p->mod[1].flags = FWT_MOD_RANDOM);
	LIE(p->mod[1].family = 4);
	LIE(p->node[3].arg = 0);				/* modifies by a select's */
	LIE(p->hook[0].hook = FWT_HOOK_EGRESS);
#undef LIE
}

/* A module that comes and goes, as the kernel has it: it goes when nobody holds it, and
 * from then on nobody can.
 */
struct guest {
	struct module *mod;
	struct fwt_node_ops node[2];
	u64 came;
};

#define MAGIC	0x6e6f6465

static atomic_t stale = ATOMIC_INIT(0);

static int guest_init(struct fwt_node_init *at)
{
	*(u32 *)at->priv = MAGIC;
	return init(at);
}

static void guest_destroy(void *priv)
{
	*(u32 *)priv = 0;
	destroy(priv);
}

static int guest_select(const void *priv, struct fwt_node_packet *pkt)
{
	if (READ_ONCE(*(const u32 *)priv) != MAGIC)
		atomic_inc(&stale);
	return 0;
}

static int guest_modify(const void *priv, struct fwt_node_packet *pkt, struct fwt_node_sets *to)
{
	return guest_select(priv, pkt);
}

static int comes_and_goes(void *data)
{
	struct guest *g = data;
	u32 i;

	while (!kthread_should_stop()) {
		for (i = 0; i < 2; i++) {
			g->node[i] = i ? modifier : selector;
			g->node[i].owner = g->mod;
			g->node[i].priv_size = sizeof(u32);
			g->node[i].init = guest_init;
			g->node[i].destroy = guest_destroy;
			g->node[i].select = i ? NULL : guest_select;
			g->node[i].modify = i ? guest_modify : NULL;
		}
		g->mod->state = MODULE_STATE_LIVE;
		atomic_set_release(&g->mod->refcnt, 1);
		if (fwt_node_register(&g->node[0]) || fwt_node_register(&g->node[1]))
			return -EINVAL;
		schedule_timeout_uninterruptible(1);
		while (atomic_cmpxchg(&g->mod->refcnt, 1, 0) != 1)
			schedule_timeout_uninterruptible(1);
		g->mod->state = MODULE_STATE_GOING;
		fwt_node_unregister(&g->node[0]);
		fwt_node_unregister(&g->node[1]);
		/* Its memory is somebody else's. */
		memset(g->node, 0x5a, sizeof(g->node));
		g->came++;
		schedule_timeout_uninterruptible(1 + g->came % 4);
	}
	return 0;
}

static int list_one(const struct fwt_node_ops *ops, void *ctx)
{
	*(u32 *)ctx += ops->uses + strlen(ops->name);
	return 0;
}

static int lists(void *data)
{
	unsigned int seq;

	while (!kthread_should_stop()) {
		fwt_nodes_each(list_one, data, &seq);
		cond_resched();
	}
	return 0;
}

struct walker {
	struct fwt_way w;
	struct fwt_world world;
	struct fwt_decision d;
	struct fwt_packet p;
	struct nf_hook_state state;
	u64 walked;
};

static int walks(void *data)
{
	struct walker *k = data;

	while (!kthread_should_stop()) {
		local_bh_disable();
		rcu_read_lock();
		k->w.pol = rcu_dereference(ns->fn->policy);
		if (k->w.pol && k->w.pol->prog.n[FWT_SEC_FOREIGN]) {
			k->p = (struct fwt_packet){ .have = FWT_HAVE_IP, .family = 4 };
			fwt_world_init(&k->world, &k->w, 1);
			fwt_walk(&k->w.pol->prog, k->w.pol->prog.root[0], &k->p, &k->world.env,
				 &k->d);
			k->walked += k->d.verdict == FWT_VERDICT_ACCEPT;
		}
		rcu_read_unlock();
		local_bh_enable();
		cond_resched();
	}
	return 0;
}

/* It comes and goes while policies that name its nodes do, packets are walked, and
 * somebody asks what there is.
 */
static void comings(struct kunit *test)
{
	struct fwt_test_prog *p = program(test), *plain = fwt_test_prog_new(test);
	struct guest *g = kunit_kzalloc(test, sizeof(*g), GFP_KERNEL);
	struct walker *k = kunit_kzalloc(test, 2 * sizeof(*k), GFP_KERNEL);
	struct task_struct *task[4];
	unsigned long end = jiffies + 60 * HZ;
	u32 listed = 0, i, in_force = 0, refused = 0, rounds = 0;

	KUNIT_ASSERT_NOT_NULL(test, g);
	KUNIT_ASSERT_NOT_NULL(test, k);
	g->mod = kunit_kzalloc(test, sizeof(*g->mod), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, g->mod);
	strscpy(g->mod->name, "kunit-guest", sizeof(g->mod->name));
	fwt_test_verdict(plain, FWT_VERDICT_ACCEPT, fwt_test_rule(plain, 1));
	fwt_test_hook(plain, FWT_HOOK_INGRESS, 0, NULL);
	atomic_set(&stale, 0);
	for (i = 0; i < 2; i++) {
		k[i].w.fn = ns->fn;
		k[i].w.state = &k[i].state;
		k[i].state.hook = NF_INET_PRE_ROUTING;
		k[i].w.skb = alloc_skb(0, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, k[i].w.skb);
		task[i] = kthread_run(walks, &k[i], "fwtree_walk/%u", i);
	}
	task[2] = kthread_run(comes_and_goes, g, "fwtree_guest");
	task[3] = kthread_run(lists, &listed, "fwtree_list");
	for (i = 0; i < 4; i++)
		KUNIT_ASSERT_FALSE(test, IS_ERR(task[i]));
	while ((in_force < FWT_TEST_MANY(500) || refused < 5) && time_before(jiffies, end)) {
		int ret = apply(test, p, NULL);

		KUNIT_EXPECT_TRUE(test, !ret || ret == -ENOENT);
		in_force += !ret;
		refused += ret == -ENOENT;
		/* On one CPU nobody walks until this one lets them: once is for sure. */
		if (!ret && !(READ_ONCE(k[0].walked) + READ_ONCE(k[1].walked)))
			schedule_timeout_uninterruptible(1);
		KUNIT_EXPECT_EQ(test, apply(test, plain, NULL), 0);
		/* Only where nobody comes after it does a use end, after a grace period. */
		if (!(++rounds % 16))
			schedule_timeout_uninterruptible(2 + rounds / 16 % 8);
	}
	fwt_test_clear(test, ns);
	for (i = 0; i < 4; i++)
		kthread_stop(task[i]);
	kunit_info(test, "came %llu times; in force %u times, refused %u; %llu and %llu walks\n",
		   g->came, in_force, refused, k[0].walked, k[1].walked);
	KUNIT_EXPECT_GT(test, g->came, 2u);
	KUNIT_EXPECT_GE(test, in_force, FWT_TEST_MANY(500));
	KUNIT_EXPECT_GE(test, refused, 5u);
	KUNIT_EXPECT_GT(test, k[0].walked + k[1].walked, 0u);
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&stale), 0, "no walk met a use that was gone");
	KUNIT_EXPECT_EQ(test, atomic_read(&made), 0);
	for (i = 0; i < 2; i++)
		kfree_skb(k[i].w.skb);
}

/* Another CPU has asked the same policy about the connection meanwhile, and knew more. */
static struct fwt_conn *asked;
static u32 learned;

static int asked_meanwhile(const void *priv, struct fwt_node_packet *pkt)
{
	struct fwt_conn *c = asked;
	u32 value[4];

	if (!fwt_node_again(pkt))
		return 1;
	spin_lock(&c->lock);
	if (c->slot[FWT_HOOK_EGRESS] != learned) {
		fwt_slot_ref(c->fn, learned, 1);
		fwt_slot_ref(c->fn, c->slot[FWT_HOOK_EGRESS], -1);
		c->slot[FWT_HOOK_EGRESS] = learned;
		WRITE_ONCE(c->gen, READ_ONCE(c->fn->generation));
	}
	spin_unlock(&c->lock);
	/* No record keeps it: so this walk ends without an answer. */
	fwt_node_field(pkt, FWT_FIELD_TTL, value);
	return 1;
}

static struct fwt_node_ops meanwhile = {
	.owner = THIS_MODULE, .name = "kunit-meanwhile", .kind = FWT_NODE_SELECTOR,
	.n_branches = 2, .select = asked_meanwhile,
};

static int take_it(struct fwt_conn *c, void *ctx)
{
	*(struct fwt_conn **)ctx = c;
	return 0;
}

/* Connections that refer to a slot. */
static s64 refs_of(u32 slot)
{
	struct fwt_slot_count sum;

	mutex_lock(&ns->fn->lock);
	fwt_slot_read(ns->fn, slot, &sum);
	mutex_unlock(&ns->fn->lock);
	return sum.refs;
}

static bool passes(const struct fwt_test_pkt *k)
{
	struct sk_buff *skb = fwt_test_skb(k, ns->in);

	skb = skb ? fwt_test_forward(ns, skb, false) : NULL;
	kfree_skb(skb);
	return skb;
}

/* Whose walk ends with "unknown" at egress leaves the rule there as it is: not as it was
 * before the walk.
 *
 * 0 meanwhile? 1 : 2	1 accept	2 accept	3 accept (ingress)
 */
static void decided_meanwhile(struct kunit *test)
{
	struct fwt_test_pkt k = fwt_test_between(4, IPPROTO_UDP);
	struct fwt_test_prog *p = fwt_test_prog_new(test);
	int refs = module_refcount(THIS_MODULE);
	struct fwt_hash_walk walk = { };
	u32 i, former;

	p->foreign[0] = (struct fwt_prog_foreign){
		.name = fwt_test_string(p, meanwhile.name), .use = FWT_FOREIGN_MATCH,
		.hooks = FWT_HOOK_BIT(FWT_HOOK_EGRESS), .mod = FWT_NONE,
	};
	p->n[FWT_SEC_FOREIGN] = 1;
	p->test[0] = (struct fwt_prog_test){
		.op = FWT_TEST_NODE, .set = { 0, FWT_NONE }, .mask = { FWT_NONE, FWT_NONE },
	};
	p->n[FWT_SEC_TESTS] = 1;
	fwt_test_node(p, FWT_NODE_TEST, 0, 1, 2);
	for (i = 0; i < 3; i++)
		fwt_test_verdict(p, FWT_VERDICT_ACCEPT, fwt_test_rule(p, 1 + i));
	fwt_test_hook(p, FWT_HOOK_INGRESS, 3, NULL);
	fwt_test_hook(p, FWT_HOOK_EGRESS, 0, NULL);
	KUNIT_ASSERT_EQ(test, fwt_node_register(&meanwhile), 0);
	KUNIT_EXPECT_EQ(test, apply(test, p, NULL), 0);
	KUNIT_EXPECT_TRUE(test, passes(&k));
	asked = NULL;
	fwt_conns_walk(ns->fn, &walk, take_it, &asked);
	KUNIT_EXPECT_NOT_NULL(test, asked);
	if (!asked)
		goto out;
	mutex_lock(&ns->fn->lock);
	former = fwt_policy_locked(ns->fn)->slot[0];
	learned = fwt_policy_locked(ns->fn)->slot[1];
	mutex_unlock(&ns->fn->lock);
	KUNIT_EXPECT_EQ(test, asked->slot[FWT_HOOK_EGRESS], former);
	KUNIT_EXPECT_EQ(test, refs_of(former), 1);

	KUNIT_EXPECT_EQ(test, apply(test, p, NULL), 0);
	KUNIT_EXPECT_TRUE(test, passes(&k));
	KUNIT_EXPECT_EQ_MSG(test, asked->slot[FWT_HOOK_EGRESS], learned, "what is known stays");
	KUNIT_EXPECT_EQ_MSG(test, refs_of(former), 0, "nobody refers to it");
	KUNIT_EXPECT_EQ(test, refs_of(learned), 1);
out:
	fwt_test_clear(test, ns);
	nothing_left(test, refs);
	fwt_node_unregister(&meanwhile);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(registers),
	KUNIT_CASE(binds),
	KUNIT_CASE(lies),
	KUNIT_CASE(decided_meanwhile),
	KUNIT_CASE_SLOW(comings),
	{ }
};

FWT_TEST_SUITE_IN_NS("fwtree-node", ns, cases);
