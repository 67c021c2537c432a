// SPDX-License-Identifier: GPL-2.0
/*
 * Nodes of other modules.
 *
 * Life-cycle. A module registers its nodes; a program that names one has a use of it
 * (struct fwt_node_use), made before the program is published and destroyed when no
 * walk can meet it any more, together with the program. A use holds the module. So a
 * module can't go as long as a policy in force, on trial or waiting to come back names
 * one of its nodes, and a grace period longer. Connections hold nothing: what a node
 * set for them is in their records as numbers.
 *
 * Synchronization. node_lock is over the list and the counts of uses, in process
 * context alone; it is taken under nothing and nothing is taken under it. The data
 * path finds uses by the policy that it walks, under RCU.
 */
#include <linux/completion.h>
#include <linux/cred.h>
#include <linux/ctype.h>
#include <linux/kmod.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "include/fwtree_node.h"
#include "node.h"
#include "way.h"
#include "core/verify.h"

static LIST_HEAD(nodes);
static u32 nodes_seq;
static DEFINE_MUTEX(node_lock);

struct fwt_node_packet {
	const struct fwt_packet *p;
	const struct fwt_env *env;
	struct net *net;
	struct sk_buff *skb;
	u32 seed;
	bool again;
	bool unknown;
};

/* Registering */

static bool name_ok(const char *name)
{
	size_t len = name ? strlen(name) : 0, i;

	if (!len || len > FWT_FOREIGN_NAME || !isalpha(name[0]) || !isalnum(name[len - 1]))
		return false;
	for (i = 0; i < len; i++)
		if (!isalnum(name[i]) && !strchr("_-.", name[i]))
			return false;
	return true;
}

static const char *wrong_params(const struct fwt_node_ops *ops)
{
	u32 i, k;

	if (ops->n_params > FWT_FOREIGN_ARGS || (ops->n_params && !ops->param))
		return "parameters";
	for (i = 0; i < ops->n_params; i++) {
		const struct fwt_node_param *p = &ops->param[i];

		if (!name_ok(p->name) || p->type >= __FWT_NODE_PARAM_MAX ||
		    (p->max && p->max < p->min))
			return "a parameter";
		for (k = 0; k < i; k++)
			if (!strcmp(ops->param[k].name, p->name))
				return "a parameter's name, which is there twice,";
	}
	return NULL;
}

static const char *wrong(const struct fwt_node_ops *ops)
{
	bool selects = ops->kind != FWT_NODE_MODIFIER;
	bool modifies = ops->kind != FWT_NODE_SELECTOR;

	if (!name_ok(ops->name))
		return "its name";
	if (ops->kind > FWT_NODE_SELECTING_MODIFIER)
		return "its kind";
	if (modifies ? ops->select || !ops->modify :
		       !ops->select || ops->modify || ops->apply)
		return "that it has other functions than its kind";
	if (ops->hooks & ~FWT_HOOKS_ALL)
		return "hooks";
	if (selects ? !ops->n_branches || ops->n_branches > FWT_NODE_BRANCHES_MAX :
		      ops->n_branches || ops->branch)
		return "the number of branches";
	if (ops->priv_size > FWT_NODE_PRIV_MAX)
		return "the size of its memory";
	return wrong_params(ops);
}

static struct fwt_node_ops *find(const char *name)
{
	struct fwt_node_ops *ops;

	lockdep_assert_held(&node_lock);
	list_for_each_entry(ops, &nodes, list)
		if (!strcmp(ops->name, name))
			return ops;
	return NULL;
}

int fwt_node_register(struct fwt_node_ops *ops)
{
	const char *what = wrong(ops);
	int ret = 0;

	if (what) {
		pr_err("fwtree: node '%s' is refused: %s can't be\n",
		       ops->name ? ops->name : "", what);
		return -EINVAL;
	}
	mutex_lock(&node_lock);
	if (find(ops->name)) {
		pr_err("fwtree: node '%s' is there already\n", ops->name);
		ret = -EEXIST;
	} else {
		ops->uses = 0;
		list_add_tail(&ops->list, &nodes);
		nodes_seq++;
	}
	mutex_unlock(&node_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(fwt_node_register);

void fwt_node_unregister(struct fwt_node_ops *ops)
{
	mutex_lock(&node_lock);
	list_del(&ops->list);
	nodes_seq++;
	/* Only who unregisters elsewhere than in the module's exit gets here with it. */
	WARN_ONCE(ops->uses, "fwtree: node '%s' goes and is used", ops->name);
	mutex_unlock(&node_lock);
}
EXPORT_SYMBOL_GPL(fwt_node_unregister);

void fwt_nodes_each(int (*fn)(const struct fwt_node_ops *ops, void *ctx), void *ctx,
		    unsigned int *seq)
{
	const struct fwt_node_ops *ops;

	mutex_lock(&node_lock);
	*seq = nodes_seq + 1;
	list_for_each_entry(ops, &nodes, list)
		if (fn(ops, ctx))
			break;
	mutex_unlock(&node_lock);
}

static struct fwt_node_ops *get(const char *name)
{
	struct fwt_node_ops *ops;

	mutex_lock(&node_lock);
	ops = find(name);
	/* It may fail yet to be what it wants to be, and goes then, whoever has it. */
	if (ops && ops->owner && ops->owner->state != MODULE_STATE_LIVE)
		ops = NULL;
	if (ops && !try_module_get(ops->owner))
		ops = NULL;
	if (ops)
		ops->uses++;
	mutex_unlock(&node_lock);
	return ops;
}

/* Loading. Policies come by generic netlink, which holds a lock of all its families for
 * as long as a request takes, and a module that has one of its own is loaded once it has
 * registered that: under this lock. So a module is not waited for without end, where it
 * is loaded by who asks for it; who is told to try again finds it there.
 *
 * It may register with every namespace, too, and waits then for the one that is going
 * (pernet_ops_rwsem); which waits for what it has on fwt_wq. So a module is loaded on a
 * queue of its own, that no namespace waits for; and loading one frees no memory.
 *
 * It is who asks that security modules are asked about, not the worker.
 */
#define LOAD_TIME	(2 * HZ)

struct loading {
	struct work_struct work;
	struct completion done;
	refcount_t users;
	const struct cred *cred;
	char name[FWT_FOREIGN_NAME + 1];
};

static struct workqueue_struct *loader;

static void let_go(struct loading *l)
{
	if (!refcount_dec_and_test(&l->users))
		return;
	put_cred(l->cred);
	kfree(l);
}

static void load_work(struct work_struct *work)
{
	struct loading *l = container_of(work, struct loading, work);
	const struct cred *own = override_creds(l->cred);

	request_module("fwt-node-%s", l->name);
	revert_creds(own);
	complete(&l->done);
	let_go(l);
}

/* -EINPROGRESS: it takes longer. */
static int load(const char *name)
{
	struct loading *l = kzalloc(sizeof(*l), GFP_KERNEL);
	int ret = 0;

	if (!l)
		return -ENOMEM;
	INIT_WORK(&l->work, load_work);
	init_completion(&l->done);
	refcount_set(&l->users, 2);
	l->cred = get_current_cred();
	strscpy(l->name, name, sizeof(l->name));
	queue_work(loader, &l->work);
	if (!wait_for_completion_timeout(&l->done, LOAD_TIME))
		ret = -EINPROGRESS;
	let_go(l);
	return ret;
}

int fwt_nodes_init(void)
{
	loader = alloc_workqueue("fwtree-load", WQ_UNBOUND, 0);
	return loader ? 0 : -ENOMEM;
}

void fwt_nodes_exit(void)
{
	destroy_workqueue(loader);
}

static int get_or_load(const char *name, struct fwt_node_ops **ops)
{
	int ret;

	*ops = get(name);
	/* What is not a name of a node is not asked for. */
	if (*ops || !name_ok(name))
		return *ops ? 0 : -ENOENT;
	ret = load(name);
	*ops = get(name);
	return *ops ? 0 : ret ?: -ENOENT;
}

static void put(struct fwt_node_ops *ops)
{
	struct module *owner = ops->owner;

	mutex_lock(&node_lock);
	ops->uses--;
	mutex_unlock(&node_lock);
	module_put(owner);
}

/* Binding */

struct binding {
	const struct fwt_program *prog;
	const struct fwt_prog_foreign *f;
	u32 number;
	struct fwt_node_ops *ops;
	struct netlink_ext_ack *extack;
};

/* Texts of an extack have room for 80 letters. */
#define refuse(b, fmt, ...) \
	NL_SET_ERR_MSG_FMT((b)->extack, "foreign node %u: " fmt, (b)->number, ##__VA_ARGS__)
#define refuse_arg(b, arg, fmt, ...) \
	NL_SET_ERR_MSG_FMT((b)->extack, "argument %u: " fmt, arg, ##__VA_ARGS__)

static const char *text(const struct binding *b, u32 string)
{
	return b->prog->string + string;
}

static int check_use(const struct binding *b)
{
	static const char *const is[] = {
		[FWT_NODE_SELECTOR] = "a selector",
		[FWT_NODE_MODIFIER] = "a modifier",
		[FWT_NODE_SELECTING_MODIFIER] = "a selecting modifier",
	};
	static const char *const word[] = {
		[FWT_NODE_SELECTOR] = "node",
		[FWT_NODE_MODIFIER] = "modify",
		[FWT_NODE_SELECTING_MODIFIER] = "select node",
	};
	static const u8 kinds[] = {
		[FWT_FOREIGN_MATCH] = BIT(FWT_NODE_SELECTOR),
		[FWT_FOREIGN_SELECT] = BIT(FWT_NODE_SELECTOR) |
				       BIT(FWT_NODE_SELECTING_MODIFIER),
		[FWT_FOREIGN_MODIFY] = BIT(FWT_NODE_MODIFIER),
	};
	const struct fwt_node_ops *ops = b->ops;
	u8 wrong;

	if (!(kinds[b->f->use] & BIT(ops->kind))) {
		refuse(b, "it is %s: '%s' is meant", is[ops->kind], word[ops->kind]);
		return -EINVAL;
	}
	wrong = ops->hooks ? b->f->hooks & ~ops->hooks : 0;
	if (wrong) {
		refuse(b, "it does not stand in '%s%s'",
		       wrong & (FWT_HOOK_BIT(FWT_HOOK_INGRESS) |
				FWT_HOOK_BIT(FWT_HOOK_DEV_INGRESS)) ? "ingress" : "egress",
		       wrong & FWT_HOOKS_INET ? "" : " device");
		return -EINVAL;
	}
	return 0;
}

static int check_number(const struct binding *b, u32 arg, const struct fwt_node_param *p,
			u64 n)
{
	if (n >= p->min && (!p->max || n <= p->max))
		return 0;
	if (p->max)
		refuse_arg(b, arg, "it goes from %llu to %llu%s", p->min, p->max,
			   p->type == FWT_NODE_DURATION ? " ms" : "");
	else
		refuse_arg(b, arg, "it is %llu%s at least", p->min,
			   p->type == FWT_NODE_DURATION ? " ms" : "");
	return -EINVAL;
}

static int read_value(const struct binding *b, u32 arg, const struct fwt_node_param *p,
		      struct fwt_node_value *v)
{
	static const char *const want[] = {
		[FWT_NODE_FLAG] = "it takes no value", [FWT_NODE_NUMBER] = "a number is meant",
		[FWT_NODE_DURATION] = "a duration is meant, as in 10s",
		[FWT_NODE_STRING] = "a word or a text in quotes is meant",
		[FWT_NODE_PREFIX] = "an address or a prefix is meant",
	};
	const struct fwt_prog_arg *a = &b->prog->arg[arg];
	size_t len;

	v->given = true;
	switch (p->type) {
	case FWT_NODE_FLAG:
		if (a->type == FWT_ARG_FLAG)
			return 0;
		break;
	case FWT_NODE_NUMBER:
	case FWT_NODE_DURATION:
		v->number = (u64)a->word[1] << 32 | a->word[0];
		if (a->type == (p->type == FWT_NODE_NUMBER ? FWT_ARG_NUMBER : FWT_ARG_DURATION))
			return check_number(b, arg, p, v->number);
		break;
	case FWT_NODE_STRING:
		if (a->type != FWT_ARG_STRING)
			break;
		v->string = text(b, a->word[0]);
		len = strlen(v->string);
		if (len >= p->min && len <= (p->max ? p->max : 255))
			return 0;
		refuse_arg(b, arg, "it has %llu to %llu letters", p->min,
			   p->max ? p->max : 255ull);
		return -EINVAL;
	case FWT_NODE_PREFIX:
		if (a->type != FWT_ARG_ADDR4 && a->type != FWT_ARG_ADDR6)
			break;
		v->family = a->type == FWT_ARG_ADDR4 ? 4 : 6;
		v->plen = a->plen;
		memcpy(v->addr, a->word, v->family == 4 ? 4 : 16);
		return 0;
	default:
		break;
	}
	refuse_arg(b, arg, "%s", want[p->type]);
	return -EINVAL;
}

static int read_values(const struct binding *b, struct fwt_node_value *value, u32 *where)
{
	const struct fwt_node_ops *ops = b->ops;
	u32 arg, i;
	int ret;

	for (arg = b->f->first; arg < b->f->first + b->f->n_args; arg++) {
		const char *name = text(b, b->prog->arg[arg].name);

		for (i = 0; i < ops->n_params && strcmp(ops->param[i].name, name); i++)
			;
		if (i == ops->n_params) {
			refuse_arg(b, arg, "'%.31s' takes no '%.31s'", ops->name, name);
			return -EINVAL;
		}
		if (value[i].given) {
			refuse_arg(b, arg, "'%.31s' is given twice", name);
			return -EINVAL;
		}
		where[i] = arg;
		ret = read_value(b, arg, &ops->param[i], &value[i]);
		if (ret)
			return ret;
	}
	for (i = 0; i < ops->n_params; i++)
		if (ops->param[i].required && !value[i].given) {
			refuse(b, "it wants '%s'", ops->param[i].name);
			return -EINVAL;
		}
	return 0;
}

/* What the node itself says against it. */
static void say(const struct binding *b, const struct fwt_node_init *at, const u32 *where,
		int error)
{
	const char *msg = at->extack->_msg;

	if (!msg)
		msg = error == -ENOMEM ? "no memory" : "it refuses that";
	if (at->bad_param >= 0 && (u32)at->bad_param < b->ops->n_params &&
	    at->value[at->bad_param].given)
		refuse_arg(b, where[at->bad_param], "%.60s", msg);
	else
		refuse(b, "%.60s", msg);
}

static int find_branch(const struct fwt_node_init *at, const char *word, u32 *branch)
{
	u32 i;

	for (i = 0; at->branch && i < at->n_branches; i++)
		if (!strcmp(at->branch[i], word)) {
			*branch = i;
			return 0;
		}
	return kstrtou32(word, 10, branch) || *branch >= at->n_branches ? -ENOENT : 0;
}

/* Which branch each word is for; of two for one the first counts. */
static int read_labels(const struct binding *b, const struct fwt_node_init *at,
		       struct fwt_node_use *use)
{
	u32 i, branch;

	if (!at->n_branches || at->n_branches > FWT_NODE_BRANCHES_MAX) {
		refuse(b, "it has an impossible number of branches, %u", at->n_branches);
		return -EINVAL;
	}
	use->n_branches = at->n_branches;
	if (b->f->use != FWT_FOREIGN_SELECT)
		return 0;
	use->label = kvmalloc_array(use->n_branches, sizeof(u16), GFP_KERNEL_ACCOUNT);
	if (!use->label)
		return -ENOMEM;
	BUILD_BUG_ON(FWT_FOREIGN_LABELS > FWT_NODE_NO_LABEL);
	memset(use->label, 0xff, use->n_branches * sizeof(u16));
	for (i = 0; i < b->f->n_labels; i++) {
		const char *word = text(b, b->prog->arg[b->f->labels + i].name);

		if (find_branch(at, word, &branch)) {
			refuse_arg(b, b->f->labels + i, "'%.31s' has no branch '%.31s'",
				   b->ops->name, word);
			return -EINVAL;
		}
		if (use->label[branch] == FWT_NODE_NO_LABEL)
			use->label[branch] = i;
	}
	return 0;
}

static int make(struct fwt_net *fn, struct binding *b, struct fwt_node_use *use)
{
	struct netlink_ext_ack inner = { };
	struct fwt_node_init at = { .net = fn->net, .bad_param = -1, .extack = &inner };
	struct fwt_node_value *value;
	u32 *where;
	int ret;

	ret = get_or_load(text(b, b->f->name), &b->ops);
	if (ret == -ENOENT)
		refuse(b, "this kernel has no node '%.31s'", text(b, b->f->name));
	else if (ret == -EINPROGRESS)
		refuse(b, "'%.31s' is being loaded: try again", text(b, b->f->name));
	if (ret)
		return ret;
	ret = check_use(b);
	value = kcalloc(b->ops->n_params + 1, sizeof(*value), GFP_KERNEL);
	where = kcalloc(b->ops->n_params + 1, sizeof(*where), GFP_KERNEL);
	if (!ret && (!value || !where))
		ret = -ENOMEM;
	if (!ret)
		ret = read_values(b, value, where);
	if (ret)
		goto out;
	use->priv = kvzalloc(b->ops->priv_size + 1, GFP_KERNEL_ACCOUNT);
	if (!use->priv) {
		ret = -ENOMEM;
		goto out;
	}
	at.priv = use->priv;
	at.value = value;
	at.hooks = b->f->hooks;
	at.n_branches = b->ops->n_branches;
	at.branch = b->ops->branch;
	if (b->ops->init) {
		ret = b->ops->init(&at);
		if (ret) {
			ret = ret < 0 ? ret : -EINVAL;
			say(b, &at, where, ret);
			goto out;
		}
	}
	use->ops = b->ops;	/* from here on it is destroyed with the program */
	if (b->f->use != FWT_FOREIGN_MODIFY)
		ret = read_labels(b, &at, use);
out:
	if (!use->ops) {
		kvfree(use->priv);
		put(b->ops);
	}
	kfree(value);
	kfree(where);
	return ret;
}

int fwt_nodes_make(struct fwt_net *fn, struct fwt_base *base, struct netlink_ext_ack *extack)
{
	u32 n = base->prog.n[FWT_SEC_FOREIGN], i;
	struct binding b = { .prog = &base->prog, .extack = extack };
	int ret = 0;

	if (!n)
		return 0;
	base->node = kvcalloc(n, sizeof(*base->node), GFP_KERNEL_ACCOUNT);
	if (!base->node)
		return -ENOMEM;
	for (i = 0; i < n && !ret; i++) {
		b.number = i;
		b.f = &base->prog.foreign[i];
		ret = make(fn, &b, &base->node[i]);
	}
	return ret;
}

void fwt_nodes_free(struct fwt_base *base)
{
	u32 i;

	for (i = 0; base->node && i < base->prog.n[FWT_SEC_FOREIGN]; i++) {
		struct fwt_node_use *use = &base->node[i];

		if (!use->ops)
			continue;
		if (use->ops->destroy)
			use->ops->destroy(use->priv);
		kvfree(use->priv);
		kvfree(use->label);
		put(use->ops);
	}
	kvfree(base->node);
}

/* Asking */

static void packet_of(const struct fwt_world *w, const struct fwt_packet *p,
		      struct fwt_node_packet *pkt)
{
	pkt->p = p;
	pkt->env = &w->env;
	pkt->net = w->net;
	pkt->skb = w->filtered;
	pkt->seed = fwt_env_draw(&w->env);
	pkt->again = w->again || w->known;
	pkt->unknown = false;
}

/* It is the same for thousands of packets: once in a while says enough. */
static int nonsense(const struct fwt_node_ops *ops, int got)
{
	net_warn_ratelimited("fwtree: node '%s' answered %d, which is no branch of it\n",
			     ops->name, got);
	return FWT_FOREIGN_BAD;
}

int fwt_world_node(const struct fwt_env *env, const struct fwt_program *prog, u32 foreign,
		   const struct fwt_packet *p, struct fwt_env_node *said)
{
	const struct fwt_world *w = container_of(env, struct fwt_world, env);
	const struct fwt_node_use *use = &w->pol->base->node[foreign];
	const struct fwt_node_ops *ops = use->ops;
	struct fwt_node_sets sets = { };
	struct fwt_node_packet pkt;
	int got;

	packet_of(w, p, &pkt);
	if (ops->kind == FWT_NODE_SELECTOR)
		got = ops->select(use->priv, &pkt);
	else
		got = ops->modify(use->priv, &pkt, &sets);
	if (pkt.unknown)
		return FWT_FOREIGN_UNKNOWN;
	said->what = sets.what;
	said->acts = ops->kind != FWT_NODE_SELECTOR;
	BUILD_BUG_ON(sizeof(said->value) != sizeof(sets.value));
	memcpy(said->value, sets.value, sizeof(said->value));
	if (ops->kind == FWT_NODE_MODIFIER)
		return got ? nonsense(ops, got) : 0;
	if (got == FWT_NODE_NO_BRANCH)
		return FWT_FOREIGN_NONE;
	if (got < 0 || (u32)got >= use->n_branches)
		return nonsense(ops, got);
	if (!use->label)
		return !!got;
	return use->label[got] == FWT_NODE_NO_LABEL ? FWT_FOREIGN_NONE : use->label[got];
}

void fwt_node_applied(struct fwt_way *w, const struct fwt_decision *d,
		      const struct fwt_prog_mod *m)
{
	const struct fwt_node_use *use = &w->pol->base->node[m->a];
	struct fwt_node_packet pkt = {
		.p = &w->p, .net = w->fn->net, .skb = w->skb,
		.seed = w->c ? w->c->seed : w->seed,
	};

	if (use->ops->apply)
		use->ops->apply(use->priv, &pkt, d->verdict);
}

int fwt_node_field(struct fwt_node_packet *pkt, enum fwt_field field, u32 *value)
{
	const struct fwt_packet *p = pkt->p;
	int n;

	if ((u32)field >= __FWT_FIELD_MAX ||
	    !(fwt_field_info[field].hooks & FWT_HOOK_BIT(p->hook)))
		return 0;
	if (unlikely(p->unknown >> field & 1)) {
		pkt->unknown = true;
		return 0;
	}
	n = fwt_field_get(p, field, value);
	if (!n && pkt->env)
		n = fwt_field_ask(p, pkt->env, field, value);
	return n;
}
EXPORT_SYMBOL_GPL(fwt_node_field);

const struct sk_buff *fwt_node_skb(struct fwt_node_packet *pkt)
{
	if (!pkt->skb)
		pkt->unknown = true;
	return pkt->skb;
}
EXPORT_SYMBOL_GPL(fwt_node_skb);

const void *fwt_node_bytes(struct fwt_node_packet *pkt, u32 offset, u32 len, void *buffer)
{
	const struct sk_buff *skb = fwt_node_skb(pkt);

	if (!skb || offset > skb->len || len > skb->len)
		return NULL;
	return skb_header_pointer(skb, skb_network_offset(skb) + (int)offset, (int)len, buffer);
}
EXPORT_SYMBOL_GPL(fwt_node_bytes);

bool fwt_node_payload(struct fwt_node_packet *pkt, u32 *offset, u32 *len)
{
	const u32 known = FWT_HAVE_TCP | FWT_HAVE_UDP | FWT_HAVE_PORTS | FWT_HAVE_ICMP |
			  FWT_HAVE_ICMPV6;
	const struct fwt_packet *p = pkt->p;

	if (!fwt_node_skb(pkt) || !(p->have & known) || p->payload > p->end ||
	    p->payload < p->l3)
		return false;
	*offset = p->payload - p->l3;
	*len = p->end - p->payload;
	return true;
}
EXPORT_SYMBOL_GPL(fwt_node_payload);

struct net *fwt_node_net(const struct fwt_node_packet *pkt)
{
	return pkt->net;
}
EXPORT_SYMBOL_GPL(fwt_node_net);

u8 fwt_node_hook(const struct fwt_node_packet *pkt)
{
	return pkt->p->hook;
}
EXPORT_SYMBOL_GPL(fwt_node_hook);

u32 fwt_node_seed(const struct fwt_node_packet *pkt)
{
	return pkt->seed;
}
EXPORT_SYMBOL_GPL(fwt_node_seed);

bool fwt_node_again(const struct fwt_node_packet *pkt)
{
	return pkt->again;
}
EXPORT_SYMBOL_GPL(fwt_node_again);
