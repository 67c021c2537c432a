/* SPDX-License-Identifier: GPL-2.0 */
/* A set of a program of one object, for its tests. */
#ifndef FWT_TEST_SETS_H
#define FWT_TEST_SETS_H

#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "set.h"
#include "set_ranges.h"
#include "set_table.h"
#include "test.h"

struct rig {
	struct fwt_net *fn;
	struct fwt_prog_object object;
	struct fwt_prog_set base[2];
	u32 *word;
	char name[8];
	struct fwt_program prog;
	struct fwt_set *s;
};

static inline void rig_free(void *data)
{
	struct rig *r = data;

	fwt_set_ops.free(&r->s->head);
	rcu_barrier();
	flush_workqueue(fwt_wq);
	if (fwt_share_bytes(&r->fn->sets))
		pr_err("memory of sets is left in the books\n");
}

/* @types: as FWT_SETP_TYPES; @n of them; @gives: 0, or the type of what it gives. */
static inline struct rig *rig_of(struct kunit *test, u32 n, u32 types, u32 gives, u32 max)
{
	struct rig *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->fn = fwt_test_net(test);
	strscpy(r->name, "kunit", sizeof(r->name));
	r->object = (struct fwt_prog_object){ .kind = FWT_OBJECT_SET };
	r->object.param[FWT_SETP_SHAPE] = n;
	r->object.param[FWT_SETP_TYPES] = types;
	if (gives) {
		r->object.param[FWT_SETP_SHAPE] |= 1 << 8;
		r->object.param[FWT_SETP_VALUE_TYPES] = gives;
	}
	r->object.param[FWT_SETP_MAX] = max;
	for (i = FWT_SETP_ELEMENTS4; i <= FWT_SETP_VALUES6; i++)
		r->object.param[i] = FWT_NONE;
	r->prog.object = &r->object;
	r->prog.set = r->base;
	r->prog.string = r->name;
	r->s = fwt_set_of(fwt_set_ops.create(r->fn, &r->prog, 0, NULL));
	KUNIT_ASSERT_FALSE(test, IS_ERR(r->s));
	r->s->head.name = r->name;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, rig_free, r), 0);
	return r;
}

static inline struct rig *rig_new(struct kunit *test, u32 n, u32 types, u32 max)
{
	return rig_of(test, n, types, 0, max);
}

/* The program has @n elements of IPv4 of one word each: @word pairs. */
static inline void rig_base(struct rig *r, const u32 *word, u32 n)
{
	r->prog.word = word;
	r->base[0] = (struct fwt_prog_set){
		.kind = FWT_SET_BOXES, .words = 1, .n_dims = 1, .dim = { 1 }, .count = n,
		.value = FWT_NONE,
	};
	r->object.param[FWT_SETP_ELEMENTS4] = n ? 0 : FWT_NONE;
}

/* A policy comes in force, as policy.c has it: prepared, published, with which nothing is
 * other yet, in force, when those that begin to walk find what it has; and at rest, where
 * nobody walks the former one any more.
 */
static inline int rig_prepare(struct rig *r)
{
	return fwt_set_ops.prepare(&r->s->head, &r->prog, 0, NULL);
}

static inline void rig_publish(struct rig *r)
{
	fwt_set_ops.publish(&r->s->head, &r->prog, 0);
}

static inline void rig_swap(struct rig *r)
{
	WRITE_ONCE(r->fn->phase, !r->fn->phase);
}

static inline void rig_rest(struct rig *r)
{
	fwt_set_ops.rest(&r->s->head);
}

/* From the second step on. */
static inline void rig_in_force(struct rig *r)
{
	rig_publish(r);
	rig_swap(r);
	rig_rest(r);
}

/* By who walks the policy of a phase. */
static inline bool has_in(struct rig *r, u32 phase, u32 key)
{
	bool ret;

	rcu_read_lock();
	ret = fwt_set_has(r->s, phase, false, &key, NULL, NULL);
	rcu_read_unlock();
	return ret;
}

static inline bool has(struct rig *r, bool six, const u32 *key)
{
	bool ret;

	rcu_read_lock();
	ret = fwt_set_has(r->s, r->fn->phase, six, key, NULL, NULL);
	rcu_read_unlock();
	return ret;
}

static inline int insert_with(struct rig *r, bool six, const u32 *low, const u32 *high,
			      const u32 *value, u64 ms)
{
	struct fwt_set_elem e = {
		.six = six, .low = low, .high = high, .value = value, .ms = ms,
	};
	int ret;

	mutex_lock(&r->s->mutex);
	ret = fwt_set_insert(r->s, &e);
	fwt_set_settle(r->s, false);
	mutex_unlock(&r->s->mutex);
	return ret;
}

static inline int insert(struct rig *r, bool six, const u32 *low, const u32 *high, u64 ms)
{
	return insert_with(r, six, low, high, NULL, ms);
}

static inline int delete(struct rig *r, bool six, const u32 *low, const u32 *high)
{
	struct fwt_set_elem e = { .six = six, .low = low, .high = high };
	int ret;

	mutex_lock(&r->s->mutex);
	ret = fwt_set_delete(r->s, &e);
	fwt_set_settle(r->s, false);
	mutex_unlock(&r->s->mutex);
	return ret;
}

static inline bool gives(struct rig *r, bool six, const u32 *key, u32 *value)
{
	bool ret;

	rcu_read_lock();
	ret = fwt_set_has(r->s, r->fn->phase, six, key, value, NULL);
	rcu_read_unlock();
	return ret;
}

#endif /* FWT_TEST_SETS_H */
