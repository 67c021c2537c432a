// SPDX-License-Identifier: GPL-2.0
/*
 * A policy that differs from that in force by a patch (core/patch.h).
 *
 * It shares all that is large with the one before: the program, its proof, its
 * rules' slots. So what a patch costs is what it holds itself. It is a policy as any
 * other all the same: published in one pointer swap, with a generation of its own,
 * and the former one is retired.
 *
 * Synchronization. All of it under fwt_net.lock, verifying too, as a patch is
 * small (FWT_PATCH_SIZE_MAX at most); so the base can't go meanwhile.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "count.h"
#include "policy.h"

static bool gone(const struct fwt_change *c, u32 node)
{
	return c && c->patch.gone[node / 32] >> (node % 32) & 1;
}

static struct fwt_change *change_new(const struct fwt_base *b, void *blob, size_t len,
				     struct netlink_ext_ack *extack)
{
	struct fwt_patch_memory need = fwt_patch_memory(blob, len, &b->prog);
	struct fwt_verify_error err = { };
	struct fwt_change *c;
	void *scratch;
	int ret = -ENOMEM;

	c = kzalloc(sizeof(*c), GFP_KERNEL_ACCOUNT);
	if (!c) {
		kvfree(blob);
		return ERR_PTR(ret);
	}
	c->blob = blob;
	c->len = len;
	c->tables = kvmalloc(need.tables + 1, GFP_KERNEL_ACCOUNT);
	scratch = kvmalloc(need.scratch + 1,
			   GFP_KERNEL_ACCOUNT | __GFP_NOWARN | __GFP_RETRY_MAYFAIL);
	if (!c->tables || !scratch)
		goto fail;
	ret = fwt_patch_verify(blob, len, &b->prog, &b->of, scratch, c->tables, &c->patch, &err);
	if (ret) {
		NL_SET_ERR_MSG_FMT(extack, "%s", err.text);
		goto fail;
	}
	ret = -ENOMEM;
	c->slot = kvmalloc_array(fwt_n_slots(&c->patch.prog) + 1, sizeof(u32),
				 GFP_KERNEL_ACCOUNT);
	c->known = bitmap_zalloc(c->patch.prog.n[FWT_SEC_COUNTERS] + 1, GFP_KERNEL_ACCOUNT);
	c->object = kvcalloc(c->patch.prog.n[FWT_SEC_OBJECTS] + 1, sizeof(*c->object),
			     GFP_KERNEL_ACCOUNT);
	if (!c->slot || !c->known || !c->object)
		goto fail;
	kvfree(scratch);
	return c;
fail:
	kvfree(scratch);
	fwt_change_free(c);
	return ERR_PTR(ret);
}

/* As bits; @twice: a rule whose slot another one has, or FWT_NONE. */
static unsigned long *slots_of(struct fwt_net *fn, const struct fwt_change *c, u32 *twice)
{
	u32 rules = c ? c->patch.prog.n[FWT_SEC_RULES] : 0, i;
	unsigned long *set;

	set = kvcalloc(BITS_TO_LONGS(fwt_slots_capacity(fn)), sizeof(long), GFP_KERNEL);
	*twice = FWT_NONE;
	for (i = 0; set && i < rules; i++)
		if (c->slot[i] != FWT_NONE && __test_and_set_bit(c->slot[i], set))
			*twice = i;
	return set;
}

/* Has somebody else the slots than the patch and the one before it? The base perhaps,
 * or a patch that goes just now.
 */
static bool any_shared(struct fwt_net *fn, const struct fwt_change *c, const unsigned long *before)
{
	u32 i;

	for (i = 0; i < c->patch.prog.n[FWT_SEC_RULES]; i++)
		if (c->slot[i] != FWT_NONE &&
		    fwt_slot_users(fn, c->slot[i]) > 1u + test_bit(c->slot[i], before))
			return true;
	return false;
}

static int not_of_base(const struct fwt_base *b, const struct fwt_change *c,
		       const unsigned long *added, struct netlink_ext_ack *extack)
{
	u32 i;

	for (i = 0; i < b->prog.n[FWT_SEC_RULES]; i++) {
		u32 node = b->prog.rule[i].node;

		fwt_rest(i);
		if (test_bit(b->slot[i], added) && (node == FWT_NONE || !gone(c, node))) {
			NL_SET_ERR_MSG_FMT(extack, "rule %u: there already, with that id or text",
					   i);
			return -EEXIST;
		}
	}
	return 0;
}

/* Two rules that count must not share their counters. What is gone may come back. */
static int check_keys(struct fwt_net *fn, const struct fwt_policy *old, const struct fwt_change *c,
		      struct netlink_ext_ack *extack)
{
	unsigned long *added, *before;
	u32 twice, none;
	int ret = 0;

	added = slots_of(fn, c, &twice);
	before = slots_of(fn, old->change, &none);
	if (!added || !before) {
		ret = -ENOMEM;
	} else if (twice != FWT_NONE) {
		NL_SET_ERR_MSG_FMT(extack, "rule %u: added twice", twice);
		ret = -EEXIST;
	} else if (any_shared(fn, c, before)) {
		/* The base's rules may be many, and mostly none is meant. */
		ret = not_of_base(old->base, c, added, extack);
	}
	kvfree(added);
	kvfree(before);
	return ret;
}

/* Who lists counters tells each once. Noted here, as a base may have a million of them,
 * which are not to be gone through for each one of the patch.
 */
static int note_counters(struct fwt_net *fn, const struct fwt_base *b, struct fwt_change *c)
{
	const u32 *slot = c->slot + c->patch.prog.n[FWT_SEC_RULES];
	const u32 *base = b->slot + b->prog.n[FWT_SEC_RULES];
	u32 counters = c->patch.prog.n[FWT_SEC_COUNTERS], i;
	unsigned long *told;

	if (!counters)
		return 0;
	told = kvcalloc(BITS_TO_LONGS(fwt_slots_capacity(fn)), sizeof(long), GFP_KERNEL);
	if (!told)
		return -ENOMEM;
	for (i = 0; i < b->prog.n[FWT_SEC_COUNTERS]; i++)
		__set_bit(base[i], told);
	for (i = 0; i < counters; i++)
		if (__test_and_set_bit(slot[i], told))
			__set_bit(i, c->known);
	kvfree(told);
	return 0;
}

/* Slots of rules that one patch takes away and another, or none, does not: their
 * rules are the base's again.
 */
static void give_back(struct fwt_net *fn, const struct fwt_base *b,
		      const struct fwt_change *from, const struct fwt_change *to)
{
	struct fwt_name **file;
	u32 i;

	if (!from || !from->patch.n[FWT_PATCH_DELETED])
		return;
	/* The patch may have had them in another file. */
	file = fwt_names_new(&b->prog);
	for (i = 0; i < from->patch.n[FWT_PATCH_DELETED]; i++) {
		u32 rule = from->patch.deleted[i];

		if (!gone(to, b->prog.rule[rule].node))
			fwt_slot_place(fn, b->slot[rule], &b->prog, rule, false, file);
	}
	fwt_names_free(file, &b->prog);
}

/* Everything that can fail. */
static struct fwt_policy *prepare(struct fwt_net *fn, const struct fwt_policy *old, void *blob,
				  size_t len, struct netlink_ext_ack *extack)
{
	struct fwt_base *b = old->base;
	struct fwt_change *c;
	struct fwt_policy *p;
	int ret;

	c = change_new(b, blob, len, extack);
	if (IS_ERR(c))
		return ERR_CAST(c);
	ret = -ENOMEM;
	p = kzalloc(sizeof(*p), GFP_KERNEL_ACCOUNT);
	if (!p)
		goto fail;
	ret = fwt_nflog_get(p, &b->prog, false, extack);
	if (!ret)
		ret = fwt_nflog_get(p, &c->patch.prog, false, extack);
	if (!ret)
		ret = fwt_slots_get(fn, &c->patch.prog, true, c->slot);
	if (ret)
		goto fail;
	ret = check_keys(fn, old, c, extack);
	if (!ret)
		ret = note_counters(fn, b, c);
	if (!ret && fwt_program_counts(&c->patch.prog))
		ret = fwt_counts_init(fn, old->opt.conn_max);
	if (!ret)
		ret = fwt_objects_get_added(fn, &c->patch, c->object, extack);
	if (ret) {
		fwt_slots_put(fn, c->slot, fwt_n_slots(&c->patch.prog));
		goto fail;
	}
	p->fn = fn;
	p->prog = b->prog;
	p->prog.patch = &c->patch;
	p->prog.row = NULL;
	p->prog.steps_max = c->patch.steps_max;
	p->opt = old->opt;
	p->slot = b->slot;
	p->run = b->run;
	p->object = b->object;
	p->phase = old->phase;
	p->change = c;
	c->users = 1;
	p->applied = ktime_get_real_seconds();
	return p;
fail:
	if (p)
		fwt_nflog_put(p);
	kfree(p);
	fwt_change_free(c);
	return ERR_PTR(ret);
}

int fwt_policy_patch(struct fwt_net *fn, void *blob, size_t len, u32 expect,
		     struct netlink_ext_ack *extack, u32 *gen)
{
	struct fwt_policy *p, *old;
	int ret = 0;

	mutex_lock(&fn->lock);
	old = fwt_policy_locked(fn);
	if (fn->dying) {
		ret = -ENODEV;
	} else if (!old) {
		NL_SET_ERR_MSG(extack, "no policy is in force");
		ret = -ENOENT;
	} else if (expect != fn->generation) {
		NL_SET_ERR_MSG_FMT(extack, "the generation moved from %u to %u", expect,
				   fn->generation);
		ret = -EAGAIN;
	}
	if (ret) {
		mutex_unlock(&fn->lock);
		kvfree(blob);
		return ret;
	}
	p = prepare(fn, old, blob, len, extack);
	if (IS_ERR(p)) {
		mutex_unlock(&fn->lock);
		if (PTR_ERR(p) == -ENOMEM)
			NL_SET_ERR_MSG(extack, "no memory for the patch");
		return PTR_ERR(p);
	}
	p->base = old->base;
	p->base->users++;
	p->gen = ++fn->generation;
	fwt_slots_place(fn, &p->change->patch.prog, true, p->change->slot);
	fwt_objects_publish_added(&p->change->patch, p->change->object);
	rcu_assign_pointer(fn->policy, p);
	give_back(fn, p->base, old->change, p->change);
	*gen = p->gen;
	mutex_unlock(&fn->lock);
	fwt_policy_retire(old);
	return 0;
}
