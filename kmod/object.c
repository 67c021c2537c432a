// SPDX-License-Identifier: GPL-2.0
/*
 * Finding again what outlives programs.
 *
 * Only the policy in force is asked for an object of the same key: what an
 * earlier one had is gone with it, or waits with a policy that one may go back
 * to and comes back with that one.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "object.h"
#include "policy.h"
#include "pool.h"
#include "set.h"

const struct fwt_object_ops *const fwt_object_ops[__FWT_OBJECT_MAX] = {
	[FWT_OBJECT_LIMIT] = &fwt_limit_ops,
	[FWT_OBJECT_QUOTA] = &fwt_quota_ops,
	[FWT_OBJECT_SPLIT] = &fwt_split_ops,
	[FWT_OBJECT_POOL] = &fwt_pool_ops,
	[FWT_OBJECT_SET] = &fwt_set_ops,
};

static int by_key(const void *a, const void *b)
{
	const struct fwt_object *x = *(const struct fwt_object *const *)a;
	const struct fwt_object *y = *(const struct fwt_object *const *)b;

	return x->key < y->key ? -1 : x->key > y->key;
}

static struct fwt_object *find(struct fwt_object **sorted, u32 n, u64 key)
{
	u32 lo = 0, hi = n;

	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2;

		if (sorted[mid]->key < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n && sorted[lo]->key == key ? sorted[lo] : NULL;
}

static bool alike(const struct fwt_object *o, const struct fwt_program *prog, u32 i)
{
	const struct fwt_prog_object *p = &prog->object[i];

	if (o->kind != p->kind)
		return false;
	if (fwt_object_ops[p->kind]->alike)
		return fwt_object_ops[p->kind]->alike(o, prog, i);
	return !memcmp(o->param, p->param, sizeof(o->param));
}

static struct fwt_object *create(struct fwt_net *fn, const struct fwt_program *prog, u32 i,
				 struct netlink_ext_ack *extack)
{
	const struct fwt_prog_object *p = &prog->object[i];
	char *name = NULL;
	struct fwt_object *o;

	if (p->name != FWT_NONE) {
		name = kstrdup(prog->string + p->name, GFP_KERNEL_ACCOUNT);
		if (!name)
			return ERR_PTR(-ENOMEM);
	}
	o = fwt_object_ops[p->kind]->create(fn, prog, i, extack);
	if (IS_ERR(o)) {
		kfree(name);
		return o;
	}
	o->key = p->key;
	o->kind = p->kind;
	o->name = name;
	o->users = 0;
	memcpy(o->param, p->param, sizeof(o->param));
	return o;
}

/* What a policy has, sorted; of a patch's those are the base's, too, that are sets. */
static struct fwt_object **sort_of(const struct fwt_policy *p, u32 least, u32 *n)
{
	u32 n_base = p ? p->base->prog.n[FWT_SEC_OBJECTS] : 0;
	u32 n_own = p && p->change ? p->change->patch.prog.n[FWT_SEC_OBJECTS] : 0;
	struct fwt_object **sorted;

	*n = n_base + n_own;
	sorted = kvmalloc_array(max(least, *n), sizeof(*sorted), GFP_KERNEL_ACCOUNT);
	if (!sorted || !*n)
		return sorted;
	memcpy(sorted, p->base->object, n_base * sizeof(*sorted));
	if (n_own)
		memcpy(sorted + n_base, p->change->object, n_own * sizeof(*sorted));
	sort(sorted, *n, sizeof(*sorted), by_key, NULL);
	return sorted;
}

/* That which is there already, or another one. */
static struct fwt_object *get(struct fwt_net *fn, struct fwt_object **sorted, u32 n,
			      const struct fwt_program *prog, u32 i,
			      struct netlink_ext_ack *extack)
{
	const struct fwt_prog_object *p = &prog->object[i];
	struct fwt_object *o;

	if (p->kind >= __FWT_OBJECT_MAX || !fwt_object_ops[p->kind]) {
		NL_SET_ERR_MSG_FMT(extack, "object %u is of a kind that is not known here", i);
		return ERR_PTR(-EOPNOTSUPP);
	}
	o = find(sorted, n, p->key);
	return o && alike(o, prog, i) ? o : create(fn, prog, i, extack);
}

void fwt_objects_await(struct fwt_net *fn, const struct fwt_program *prog)
{
	u32 i;

	for (i = 0; i < prog->n[FWT_SEC_OBJECTS]; i++) {
		u32 kind = prog->object[i].kind;

		if (kind >= __FWT_OBJECT_MAX || !fwt_object_ops[kind] ||
		    !fwt_object_ops[kind]->rest)
			continue;
		fwt_policy_alone(fn);
		return;
	}
}

int fwt_objects_prepare(struct fwt_net *fn, const struct fwt_program *prog,
			struct fwt_object **object, struct netlink_ext_ack *extack)
{
	u32 n = prog->n[FWT_SEC_OBJECTS], i;
	int ret = 0;

	fwt_objects_await(fn, prog);
	for (i = 0; i < n && !ret; i++)
		if (fwt_object_ops[object[i]->kind]->prepare)
			ret = fwt_object_ops[object[i]->kind]->prepare(object[i], prog, i, extack);
	if (ret)
		fwt_objects_cancel(object, n);
	return ret;
}

int fwt_objects_get(struct fwt_net *fn, const struct fwt_program *prog,
		    struct fwt_object **out, struct netlink_ext_ack *extack)
{
	u32 n = prog->n[FWT_SEC_OBJECTS], n_old, i;
	struct fwt_object **sorted, *o;
	int ret = 0;

	if (!n)
		return 0;
	sorted = sort_of(fwt_policy_locked(fn), n, &n_old);
	if (!sorted)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		o = get(fn, sorted, n_old, prog, i, extack);
		if (IS_ERR(o)) {
			ret = PTR_ERR(o);
			break;
		}
		o->users++;
		out[i] = o;
	}
	if (!ret) {
		memcpy(sorted, out, n * sizeof(*sorted));
		sort(sorted, n, sizeof(*sorted), by_key, NULL);
		for (i = 1; i < n; i++)
			if (sorted[i - 1]->key == sorted[i]->key) {
				NL_SET_ERR_MSG(extack, "two objects have one key");
				ret = -EINVAL;
				break;
			}
	}
	kvfree(sorted);
	/* Each once: by now they are known to be different ones. */
	if (!ret)
		ret = fwt_objects_prepare(fn, prog, out, extack);
	if (ret) {
		fwt_objects_put(out, n);
		memset(out, 0, n * sizeof(*out));
	}
	return ret;
}

int fwt_objects_get_added(struct fwt_net *fn, const struct fwt_patch *patch,
			  struct fwt_object **out, struct netlink_ext_ack *extack)
{
	const struct fwt_policy *old = fwt_policy_locked(fn);
	const struct fwt_program *prog = &patch->prog;
	u32 n = prog->n[FWT_SEC_OBJECTS], n_old, i;
	struct fwt_object **sorted, *o;
	int ret = 0;

	if (!n)
		return 0;
	sorted = sort_of(old, 1, &n_old);
	if (!sorted)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		o = patch->object[i] != FWT_NONE ? old->base->object[patch->object[i]] :
						   get(fn, sorted, n_old, prog, i, extack);
		if (IS_ERR(o)) {
			ret = PTR_ERR(o);
			break;
		}
		o->users++;
		out[i] = o;
	}
	kvfree(sorted);
	if (ret) {
		fwt_objects_put(out, n);
		memset(out, 0, n * sizeof(*out));
	}
	return ret;
}

void fwt_objects_publish_added(const struct fwt_patch *patch, struct fwt_object **object)
{
	const struct fwt_program *prog = &patch->prog;
	u32 i;

	for (i = 0; i < prog->n[FWT_SEC_OBJECTS]; i++) {
		struct fwt_object *o = object[i];

		/* Sets are as the base says. */
		if (patch->object[i] != FWT_NONE)
			continue;
		if (fwt_object_ops[o->kind]->publish)
			fwt_object_ops[o->kind]->publish(o, prog, i);
		memcpy(o->param, prog->object[i].param, sizeof(o->param));
	}
}

void fwt_objects_publish(const struct fwt_program *prog, struct fwt_object **object)
{
	u32 i;

	for (i = 0; i < prog->n[FWT_SEC_OBJECTS]; i++) {
		struct fwt_object *o = object[i];

		if (fwt_object_ops[o->kind]->publish)
			fwt_object_ops[o->kind]->publish(o, prog, i);
		memcpy(o->param, prog->object[i].param, sizeof(o->param));
	}
}

void fwt_objects_rest(struct fwt_object *const *object, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		if (fwt_object_ops[object[i]->kind]->rest)
			fwt_object_ops[object[i]->kind]->rest(object[i]);
}

void fwt_objects_cancel(struct fwt_object **object, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		if (object[i] && fwt_object_ops[object[i]->kind]->cancel)
			fwt_object_ops[object[i]->kind]->cancel(object[i]);
}

void fwt_objects_put(struct fwt_object **object, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++) {
		struct fwt_object *o = object[i];

		if (!o || --o->users)
			continue;
		kfree(o->name);
		fwt_object_ops[o->kind]->free(o);
	}
}

struct fwt_object *fwt_object_find(struct fwt_net *fn, u8 kind, const char *name)
{
	const struct fwt_policy *p;
	u32 i;

	p = rcu_dereference_check(fn->policy, lockdep_is_held(&fn->lock));
	if (!p)
		return NULL;
	for (i = 0; i < p->prog.n[FWT_SEC_OBJECTS]; i++) {
		struct fwt_object *o = p->object[i];

		if (o->kind == kind && o->name && !strcmp(o->name, name))
			return o;
	}
	return NULL;
}
