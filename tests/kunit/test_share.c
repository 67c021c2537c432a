// SPDX-License-Identifier: GPL-2.0
/* What namespaces share: nobody takes what others need, and all is given back. */
#include <linux/kthread.h>
#include <linux/mm.h>

#include "share.h"
#include "test.h"

#define MANY	20

static size_t take_all(struct fwt_share *s, size_t piece)
{
	size_t got = 0;

	for (;; piece = max_t(size_t, piece / 2, 4096)) {
		while (fwt_share_take(s, piece))
			got += piece;
		if (piece == 4096)
			return got;
	}
}

/* Namespaces of one kind want all that there is, one after the other: each has some, and
 * together they have no more than @all, as a part of the machine's memory.
 */
static void greedy(struct kunit *test, enum fwt_share_of of, const struct net *net, u32 all)
{
	size_t ram = (size_t)totalram_pages() << PAGE_SHIFT, got[MANY], sum = 0;
	struct fwt_share *s = kunit_kcalloc(test, MANY, sizeof(*s), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, s);
	for (i = 0; i < MANY; i++) {
		fwt_share_init(&s[i], of, net);
		got[i] = take_all(&s[i], ram / 1024);
		sum += got[i];
		KUNIT_EXPECT_GE_MSG(test, got[i], 4096u, "namespace %u has a share", i);
		KUNIT_EXPECT_LE(test, got[i], ram / all / 5);
		KUNIT_EXPECT_FALSE(test, fwt_share_take(&s[i], 4096));
		KUNIT_EXPECT_EQ_MSG(test, fwt_share_bytes(&s[i]), got[i],
				    "what is refused is not kept");
	}
	/* Who else is in the guest has some, too. */
	KUNIT_EXPECT_GE_MSG(test, got[0], ram / all / 5 - ram / 1024, "the first has a fifth");
	KUNIT_EXPECT_LE(test, sum, ram / all);
	kunit_info(test, "of %zu MiB: %zu KiB, %zu KiB for the last, %zu together\n", ram >> 20,
		   got[0] >> 10, got[MANY - 1] >> 10, sum >> 10);
	for (i = 0; i < MANY; i++)
		fwt_share_give(&s[i], got[i]);
	KUNIT_EXPECT_EQ_MSG(test, take_all(&s[MANY - 1], ram / 1024), got[0], "all was given back");
	fwt_share_give(&s[MANY - 1], got[0]);
}

/* Others' namespaces, and meanwhile the machine's own has what is its. */
static void others(struct kunit *test)
{
	struct net *net = kunit_kzalloc(test, sizeof(*net), GFP_KERNEL);
	size_t ram = (size_t)totalram_pages() << PAGE_SHIFT, got, own;
	struct fwt_share s, mine;

	KUNIT_ASSERT_NOT_NULL(test, net);	/* its owner is nobody */
	greedy(test, FWT_SHARE_SETS, net, 8);
	greedy(test, FWT_SHARE_LIMITS, net, 16);
	fwt_share_init(&s, FWT_SHARE_LIMITS, net);
	fwt_share_init(&mine, FWT_SHARE_LIMITS, &init_net);
	got = take_all(&s, ram / 1024);
	own = take_all(&mine, ram / 1024);
	KUNIT_EXPECT_GE_MSG(test, own, ram / 20 - ram / 1024, "the machine's own has what is its");
	fwt_share_give(&s, got);
	fwt_share_give(&mine, own);
}

static void own(struct kunit *test)
{
	greedy(test, FWT_SHARE_SETS, &init_net, 2);
	greedy(test, FWT_SHARE_LIMITS, &init_net, 4);
}

struct racer {
	struct fwt_share s;
	struct fwt_pot *pot;
	u64 over;
	u64 took;
};

static int takes(void *data)
{
	u64 most = ((u64)totalram_pages() << PAGE_SHIFT >> 9) / 5, held = 0, by = 4096;
	struct racer *r = data;

	while (!kthread_should_stop()) {
		if (fwt_share_take(&r->s, by)) {
			held += by;
			r->took++;
		} else {
			fwt_share_give(&r->s, held);
			held = 0;
		}
		/* What is in the books of all may be too much while it is looked at. */
		r->over += held > most;
		by = by % 65536 + 4096;
		cond_resched();
	}
	fwt_share_give(&r->s, held);
	return 0;
}

/* At once, on all CPUs: nobody ends up with more, and the books are right. */
static void at_once(struct kunit *test)
{
	struct racer *r = kunit_kcalloc(test, 2, sizeof(*r), GFP_KERNEL);
	struct fwt_pot *pot = kunit_kzalloc(test, sizeof(*pot), GFP_KERNEL);
	struct task_struct *task[2];
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, r);
	KUNIT_ASSERT_NOT_NULL(test, pot);
	pot->all = 9;
	for (i = 0; i < 2; i++) {
		r[i].s.pot = pot;
		task[i] = kthread_run(takes, &r[i], "fwtree_share/%u", i);
		KUNIT_ASSERT_FALSE(test, IS_ERR(task[i]));
	}
	for (i = 0; i < 10000 && READ_ONCE(r[0].took) + READ_ONCE(r[1].took) < 10000; i++)
		schedule_timeout_uninterruptible(1);
	for (i = 0; i < 2; i++)
		kthread_stop(task[i]);
	KUNIT_EXPECT_EQ(test, r[0].over + r[1].over, 0u);
	KUNIT_EXPECT_GE(test, r[0].took + r[1].took, 10000u);
	KUNIT_EXPECT_EQ(test, atomic64_read(&pot->used), 0);
	KUNIT_EXPECT_EQ(test, fwt_share_bytes(&r[0].s) + fwt_share_bytes(&r[1].s), 0u);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(others),
	KUNIT_CASE(own),
	KUNIT_CASE(at_once),
	{ }
};

static struct kunit_suite suite = {
	.name = "fwtree-share",
	.test_cases = cases,
};

kunit_test_suite(suite);
