// SPDX-License-Identifier: GPL-2.0
/* Rule slots: whom they belong to, and when they are free again. */
#include <linux/delay.h>
#include <linux/kthread.h>

#include "test.h"
#include "core/tree.h"

/* Rules of keys @first to @first + @n - 1, as a program holds them. */
struct rules {
	struct fwt_program prog;
	struct fwt_prog_rule *rule;
	struct fwt_prog_file file;
	u32 *counter;
	u32 *slot;
};

static const char strings[] = "home.fwt\0a rule\0hits";

#define STR_ID		9
#define STR_COUNTER	16

static struct rules *rules_new(struct kunit *test, u32 first, u32 n, u32 counters)
{
	struct rules *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->rule = kunit_kcalloc(test, n + 1, sizeof(*r->rule), GFP_KERNEL);
	r->counter = kunit_kcalloc(test, counters + 1, sizeof(u32), GFP_KERNEL);
	r->slot = kunit_kcalloc(test, n + counters + 1, sizeof(u32), GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, r->rule && r->counter && r->slot);
	for (i = 0; i < n; i++) {
		r->rule[i].key = 0x1234567800000000ull + first + i;
		r->rule[i].id = i ? FWT_NONE : STR_ID;
		r->rule[i].line = i + 1;
	}
	for (i = 0; i < counters; i++)
		r->counter[i] = STR_COUNTER;
	r->prog.rule = r->rule;
	r->prog.file = &r->file;
	r->prog.counter = r->counter;
	r->prog.string = strings;
	r->prog.n[FWT_SEC_RULES] = n;
	r->prog.n[FWT_SEC_COUNTERS] = counters;
	r->prog.n[FWT_SEC_FILES] = 1;
	r->prog.n[FWT_SEC_STRINGS] = sizeof(strings);
	return r;
}

static int get(struct fwt_net *fn, struct rules *r)
{
	int ret;

	mutex_lock(&fn->lock);
	ret = fwt_slots_get(fn, &r->prog, false, r->slot);
	mutex_unlock(&fn->lock);
	return ret;
}

static void put(struct fwt_net *fn, struct rules *r)
{
	mutex_lock(&fn->lock);
	fwt_slots_put(fn, r->slot, r->prog.n[FWT_SEC_RULES] +
				   r->prog.n[FWT_SEC_COUNTERS]);
	mutex_unlock(&fn->lock);
}

static void ref(struct fwt_net *fn, u32 slot, int by)
{
	rcu_read_lock();
	fwt_slot_ref(fn, slot, by);
	rcu_read_unlock();
}

static void count(struct fwt_net *fn, u32 slot, u32 packets)
{
	local_bh_disable();
	rcu_read_lock();
	fwt_slot_hit(fn, slot);
	fwt_slot_count(fn, slot, packets, 100 * packets);
	rcu_read_unlock();
	local_bh_enable();
}

static struct fwt_slot_count read(struct fwt_net *fn, u32 slot)
{
	struct fwt_slot_count sum;

	mutex_lock(&fn->lock);
	fwt_slot_read(fn, slot, &sum);
	mutex_unlock(&fn->lock);
	return sum;
}

static u32 n_alike(const struct rules *a, const struct rules *b, u32 n)
{
	u32 i, alike = 0;

	for (i = 0; i < n; i++)
		alike += a->slot[i] == b->slot[i];
	return alike;
}

static void same_key_same_slot(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	struct rules *a = rules_new(test, 0, 100, 1);
	struct rules *b = rules_new(test, 50, 100, 1);
	const struct fwt_slot *s;
	struct fwt_slot_count n;
	u32 i, alike = 0;

	KUNIT_ASSERT_EQ(test, get(fn, a), 0);
	KUNIT_EXPECT_EQ(test, fn->slots.n_used, 101);
	count(fn, a->slot[70], 3);
	KUNIT_ASSERT_EQ(test, get(fn, b), 0);
	KUNIT_EXPECT_EQ(test, fn->slots.n_used, 151);
	for (i = 0; i < 50; i++)
		alike += a->slot[50 + i] == b->slot[i];
	KUNIT_EXPECT_EQ_MSG(test, alike, 50, "rules of both programs");
	KUNIT_EXPECT_EQ_MSG(test, a->slot[100], b->slot[100], "the counter");

	put(fn, a);
	KUNIT_EXPECT_EQ_MSG(test, fn->slots.n_used, 101, "of the later program");
	n = read(fn, b->slot[20]);
	KUNIT_EXPECT_EQ_MSG(test, n.packets, 3, "counts outlive the program");
	KUNIT_EXPECT_EQ(test, n.bytes, 300);
	KUNIT_EXPECT_EQ(test, n.hits, 1);
	rcu_read_lock();
	s = fwt_slot_peek(fn, b->slot[0]);
	KUNIT_EXPECT_EQ_MSG(test, s->line, 51, "not in force yet");
	rcu_read_unlock();
	mutex_lock(&fn->lock);
	fwt_slots_place(fn, &b->prog, false, b->slot);
	mutex_unlock(&fn->lock);
	rcu_read_lock();
	KUNIT_EXPECT_EQ_MSG(test, s->line, 1, "the line it has now");
	KUNIT_EXPECT_STREQ(test, s->file->text, "home.fwt");
	rcu_read_unlock();
	put(fn, b);
	KUNIT_EXPECT_EQ(test, fn->slots.n_used, 0);

	KUNIT_ASSERT_EQ(test, get(fn, b), 0);
	n = read(fn, b->slot[20]);
	KUNIT_EXPECT_EQ_MSG(test, n.packets, 0, "a slot that was free begins at 0");
	put(fn, b);
}

static void a_connection_keeps(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	struct rules *a = rules_new(test, 0, 20, 0);
	struct rules *b = rules_new(test, 100, 500, 0);
	const struct fwt_slot *s;
	u32 kept, i, taken = 0;

	KUNIT_ASSERT_EQ(test, get(fn, a), 0);
	kept = a->slot[0];
	ref(fn, kept, 1);
	ref(fn, kept, 1);
	count(fn, kept, 5);
	put(fn, a);
	KUNIT_EXPECT_EQ_MSG(test, fn->slots.n_used, 1, "that a connection refers to");
	KUNIT_EXPECT_EQ(test, fn->slots.n_left, 1);
	rcu_read_lock();
	s = fwt_slot_peek(fn, kept);
	KUNIT_EXPECT_STREQ_MSG(test, s->id->text, "a rule", "who it was");
	rcu_read_unlock();

	KUNIT_ASSERT_EQ(test, get(fn, b), 0);
	for (i = 0; i < 500; i++)
		taken += b->slot[i] == kept;
	KUNIT_EXPECT_EQ_MSG(test, taken, 0, "handed out while a connection has it");
	put(fn, b);

	/* Back again while it is kept: the same slot, with its counts. */
	KUNIT_ASSERT_EQ(test, get(fn, a), 0);
	KUNIT_EXPECT_EQ(test, a->slot[0], kept);
	KUNIT_EXPECT_EQ(test, read(fn, kept).packets, 5);
	KUNIT_EXPECT_EQ_MSG(test, fn->slots.n_left, 0, "a program has it again");
	put(fn, a);

	ref(fn, kept, -1);
	mutex_lock(&fn->lock);
	fwt_slots_reap(fn);
	mutex_unlock(&fn->lock);
	KUNIT_EXPECT_EQ_MSG(test, fn->slots.n_used, 1, "one refers still");
	KUNIT_EXPECT_EQ(test, fn->slots.n_left, 1);
	ref(fn, kept, -1);
	mutex_lock(&fn->lock);
	fwt_slots_reap(fn);
	mutex_unlock(&fn->lock);
	KUNIT_EXPECT_EQ(test, fn->slots.n_used, 0);
	KUNIT_EXPECT_EQ(test, fn->slots.n_left, 0);
}

/* Made on one CPU, ended on another: the sum counts. */
static void refs_on_any_cpu(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	struct rules *a = rules_new(test, 0, 1, 0);
	struct fwt_slot_dir *d;
	struct fwt_slot_count __percpu *n;
	u32 last = cpumask_last(cpu_possible_mask);

	KUNIT_ASSERT_EQ(test, get(fn, a), 0);
	d = rcu_dereference_protected(fn->slots.dir, true);
	n = d->chunk[0].count + a->slot[0];
	per_cpu_ptr(n, 0)->refs += 1;
	put(fn, a);
	KUNIT_EXPECT_EQ(test, fn->slots.n_used, 1);
	per_cpu_ptr(n, last)->refs -= 1;
	mutex_lock(&fn->lock);
	fwt_slots_reap(fn);
	mutex_unlock(&fn->lock);
	KUNIT_EXPECT_EQ(test, fn->slots.n_used, 0);
}

static void grows(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	u32 n = 5 * FWT_SLOT_CHUNK + 3, i, twice = 0, round;
	struct rules *few = rules_new(test, 0, FWT_SLOT_CHUNK, 0);
	struct rules *few2 = rules_new(test, 0, FWT_SLOT_CHUNK, 0);
	struct rules *many = rules_new(test, 0, n, 2);
	unsigned long *seen = kunit_kzalloc(test, 8192, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, seen);
	KUNIT_ASSERT_EQ(test, get(fn, few), 0);
	count(fn, few->slot[7], 1);
	KUNIT_ASSERT_EQ(test, get(fn, many), 0);
	KUNIT_EXPECT_EQ_MSG(test, n_alike(few, many, FWT_SLOT_CHUNK), FWT_SLOT_CHUNK,
			    "stay where they were");
	KUNIT_EXPECT_EQ(test, read(fn, many->slot[7]).packets, 1);
	for (i = 0; i < n; i++) {
		twice += test_and_set_bit(many->slot[i], seen);
		count(fn, many->slot[i], i + 1);
	}
	KUNIT_EXPECT_EQ_MSG(test, twice, 0, "two rules with one slot");
	for (i = 0; i < n; i++)
		if (read(fn, many->slot[i]).packets != i + 1 + (i == 7))
			twice++;
	KUNIT_EXPECT_EQ_MSG(test, twice, 0, "counts of another rule");

	/* Changing again and again does not use up slots. */
	for (round = 0; round < 20; round++) {
		KUNIT_ASSERT_EQ(test, get(fn, few2), 0);
		put(fn, few2);
	}
	KUNIT_EXPECT_EQ(test, fn->slots.n_used, n + 1);
	put(fn, many);
	put(fn, few);
	KUNIT_EXPECT_EQ(test, fn->slots.n_used, 0);
	KUNIT_EXPECT_LE_MSG(test, rcu_dereference_protected(fn->slots.dir, true)->n_chunks,
			    8, "chunks for %u rules", n);
}

static struct fwt_slot_dir *dir_of(struct fwt_net *fn)
{
	return rcu_dereference_protected(fn->slots.dir, true);
}

/* A policy that is applied over itself needs no room, and so can't fail for it. */
static void over_itself(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	u32 n = 2 * FWT_SLOT_CHUNK, n_more = n + 1, bits;
	struct rules *a = rules_new(test, 0, n - 1, 1);
	struct rules *b = rules_new(test, 0, n - 1, 1);
	struct rules *more = rules_new(test, 0, n_more - 1, 1);
	struct fwt_slot_dir *d;

	KUNIT_ASSERT_EQ(test, get(fn, a), 0);
	d = dir_of(fn);
	bits = fn->slots.bucket_bits;
	KUNIT_EXPECT_EQ(test, d->n_chunks, 2);
	KUNIT_ASSERT_EQ(test, get(fn, b), 0);
	KUNIT_EXPECT_EQ(test, n_alike(a, b, n), n);
	KUNIT_EXPECT_PTR_EQ_MSG(test, dir_of(fn), d, "it is as large as it was");
	KUNIT_EXPECT_EQ(test, fn->slots.bucket_bits, bits);
	KUNIT_EXPECT_EQ(test, fn->slots.n_used, n);
	put(fn, a);
	KUNIT_EXPECT_EQ_MSG(test, fn->slots.n_used, n, "the later program has them");

	KUNIT_ASSERT_EQ(test, get(fn, more), 0);
	KUNIT_EXPECT_EQ_MSG(test, dir_of(fn)->n_chunks, 3, "for one rule more");
	KUNIT_EXPECT_EQ(test, n_alike(b, more, n - 1), n - 1);
	KUNIT_EXPECT_EQ_MSG(test, b->slot[n - 1], more->slot[n], "the counter");
	put(fn, b);
	put(fn, more);
	KUNIT_EXPECT_EQ(test, fn->slots.n_used, 0);
}

/* Of one key in one program. */
static void twice_in_one(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	struct rules *a = rules_new(test, 0, 3, 2);

	a->rule[2].key = a->rule[1].key;
	KUNIT_ASSERT_EQ(test, get(fn, a), 0);
	KUNIT_EXPECT_EQ(test, a->slot[2], a->slot[1]);
	KUNIT_EXPECT_EQ(test, a->slot[4], a->slot[3]);
	KUNIT_EXPECT_EQ(test, fn->slots.n_used, 3);
	put(fn, a);
	KUNIT_EXPECT_EQ(test, fn->slots.n_used, 0);
}

static void reset(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	struct rules *a = rules_new(test, 0, 3, 0);

	KUNIT_ASSERT_EQ(test, get(fn, a), 0);
	count(fn, a->slot[1], 9);
	ref(fn, a->slot[1], 1);
	mutex_lock(&fn->lock);
	fwt_slots_reset(fn);
	mutex_unlock(&fn->lock);
	KUNIT_EXPECT_EQ(test, read(fn, a->slot[1]).packets, 0);
	KUNIT_EXPECT_EQ(test, read(fn, a->slot[1]).hits, 0);
	KUNIT_EXPECT_EQ_MSG(test, read(fn, a->slot[1]).refs, 1, "references are no count");
	count(fn, a->slot[1], 2);
	KUNIT_EXPECT_EQ(test, read(fn, a->slot[1]).packets, 2);
	put(fn, a);
	KUNIT_EXPECT_EQ(test, fn->slots.n_used, 1);
	ref(fn, a->slot[1], -1);
	mutex_lock(&fn->lock);
	fwt_slots_reap(fn);
	mutex_unlock(&fn->lock);
	KUNIT_EXPECT_EQ(test, fn->slots.n_used, 0);
}

static const struct fwt_name *file_of(struct fwt_net *fn, u32 slot)
{
	return rcu_dereference_protected(fwt_slot_peek(fn, slot)->file, true);
}

/* A file's name is there once, though its rules stand between another one's. */
static void names_are_shared(struct kunit *test)
{
	static const struct fwt_prog_file files[] = { { .name = 0 }, { .name = STR_ID } };
	struct fwt_net *fn = fwt_test_net(test);
	struct rules *a = rules_new(test, 0, 4, 0);
	u32 i;

	a->prog.file = files;
	a->prog.n[FWT_SEC_FILES] = ARRAY_SIZE(files);
	for (i = 0; i < 4; i++)
		a->rule[i].file = i & 1;
	KUNIT_ASSERT_EQ(test, get(fn, a), 0);
	mutex_lock(&fn->lock);
	fwt_slots_place(fn, &a->prog, false, a->slot);
	mutex_unlock(&fn->lock);
	rcu_read_lock();
	for (i = 0; i < 2; i++) {
		const struct fwt_name *name = file_of(fn, a->slot[i]);

		KUNIT_EXPECT_STREQ(test, name->text, i ? "a rule" : "home.fwt");
		KUNIT_EXPECT_PTR_EQ(test, name, file_of(fn, a->slot[i + 2]));
		KUNIT_EXPECT_EQ_MSG(test, refcount_read(&name->refs), 2, "a rule each");
	}
	rcu_read_unlock();
	put(fn, a);
	KUNIT_EXPECT_EQ(test, fn->slots.n_used, 0);
}

/* Who lists connections reads names while programs come and go. */
struct reader {
	struct fwt_net *fn;
	u32 slot;
	u32 wrong;
};

static int read_names(void *data)
{
	struct reader *r = data;

	while (!kthread_should_stop()) {
		const struct fwt_slot *s;

		rcu_read_lock();
		s = fwt_slot_peek(r->fn, r->slot);
		r->wrong += strcmp(READ_ONCE(s->file)->text, "home.fwt") != 0;
		rcu_read_unlock();
		cond_resched();
	}
	return 0;
}

static void names_are_read(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	struct rules *a = rules_new(test, 0, 3, 0);
	struct rules *b = rules_new(test, 0, 3, 0);
	struct reader r = { .fn = fn };
	struct task_struct *task;
	u32 i;

	KUNIT_ASSERT_EQ(test, get(fn, a), 0);
	r.slot = a->slot[0];
	ref(fn, r.slot, 1);
	task = kthread_run(read_names, &r, "fwt-names");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	for (i = 0; i < FWT_TEST_MANY(50000); i++) {
		if (get(fn, i & 1 ? a : b))
			break;
		put(fn, i & 1 ? b : a);
		cond_resched();
	}
	kthread_stop(task);
	KUNIT_EXPECT_EQ(test, r.wrong, 0);
	put(fn, i & 1 ? b : a);
	ref(fn, r.slot, -1);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(same_key_same_slot),
	KUNIT_CASE(a_connection_keeps),
	KUNIT_CASE(refs_on_any_cpu),
	KUNIT_CASE(grows),
	KUNIT_CASE(over_itself),
	KUNIT_CASE(twice_in_one),
	KUNIT_CASE(reset),
	KUNIT_CASE(names_are_shared),
	KUNIT_CASE(names_are_read),
	{ }
};

static struct kunit_suite suite = {
	.name = "fwtree-slot",
	.test_cases = cases,
};

kunit_test_suite(suite);
