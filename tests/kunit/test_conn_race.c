// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that do to the same few connections all that can be done at once.
 * Afterwards the books balance: what was made has ended, and nothing is left.
 * It needs two CPUs to say much: the race flavour has them, and tests/check races
 * gives each test a minute there.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/prandom.h>

#include "conns.h"
#include "test.h"
#include "test_race.h"

unsigned int fwt_test_race_seconds;
module_param_named(race_seconds, fwt_test_race_seconds, uint, 0444);
MODULE_PARM_DESC(race_seconds, "how long each race goes on at least");

#define THREADS		6
#define RACE_TIME	(2 * HZ)
#define RACE_TIME_MOST	(60 * HZ)	/* where a machine is so slow that too little was done */
#define DONE_LEAST	100

struct racer {
	struct fwt_net *fn;
	struct task_struct *task;
	struct rnd_state rnd;
	u32 done;
	u32 wrong;
};

static void some_end(struct racer *r, u8 family, struct fwt_end *e)
{
	u32 x = prandom_u32_state(&r->rnd);

	fwt_test_end(e, family, x & 3, 1000 + (x >> 8 & 1));
}

static void some_tuple(struct racer *r, struct fwt_tuple *t)
{
	u8 family = prandom_u32_state(&r->rnd) & 1 ? 4 : 6;

	memset(t, 0, sizeof(*t));
	t->family = family;
	t->protocol = FWT_IPPROTO_UDP;
	some_end(r, family, &t->src);
	some_end(r, family, &t->dst);
}

/* As the two hooks of a first packet do. */
static void begin_one(struct racer *r)
{
	struct fwt_conn *c, *other;
	struct fwt_tuple t;
	struct fwt_end end;
	enum fwt_dir dir;
	int ret;

	some_tuple(r, &t);
	rcu_read_lock();
	c = fwt_test_alloc(r->fn, &t);
	if (IS_ERR(c)) {
		r->wrong += PTR_ERR(c) != -ENOSPC;
		goto out;
	}
	if (prandom_u32_state(&r->rnd) & 1) {
		some_end(r, t.family, &end);
		fwt_ends_set(&c->ends, FWT_S, &end);
	}
	ret = fwt_test_link(c, &t, &other);
	if (ret) {
		fwt_conn_discard(c);
		r->wrong += ret != -EEXIST && ret != -EADDRINUSE;
		goto out;
	}
	r->done++;
	if (prandom_u32_state(&r->rnd) & 1) {
		some_end(r, t.family, &end);
		ret = fwt_test_bind(c, &end, end.port & 1 ? 1000 : 0, 1007);
		r->wrong += ret && ret != -EADDRINUSE && ret != -EBUSY;
		if (ret)
			fwt_conn_end(c, FWT_END_DELETED);
	}
	spin_lock_bh(&c->lock);
	if (!(c->flags & BIT(FWT_CONN_DEAD))) {
		c->flags |= BIT(FWT_CONN_CONFIRMED) |
			(prandom_u32_state(&r->rnd) & 1 ? BIT(FWT_CONN_REPLIED) : 0);
		fwt_conn_expire(c, prandom_u32_state(&r->rnd) & 3);
	}
	spin_unlock_bh(&c->lock);
	c = fwt_conn_find(r->fn, fwt_hash_tuple(&r->fn->conns, &t), &t, &dir);
	if (c && c->ends.family != t.family)
		r->wrong++;
out:
	rcu_read_unlock();
}

static void end_one(struct racer *r)
{
	struct fwt_tuple t;
	struct fwt_conn *c;
	enum fwt_dir dir;

	some_tuple(r, &t);
	rcu_read_lock();
	c = fwt_conn_find(r->fn, fwt_hash_tuple(&r->fn->conns, &t), &t, &dir);
	if (c) {
		fwt_conn_end(c, FWT_END_DELETED);
		r->done++;
	}
	rcu_read_unlock();
}

static int look(struct fwt_conn *c, void *ctx)
{
	struct racer *r = ctx;

	r->wrong += !c->fn || (c->ends.family != 4 && c->ends.family != 6);
	return 0;
}

static void walk_all(struct racer *r)
{
	struct fwt_hash_walk walk = { };

	r->wrong += fwt_conns_walk(r->fn, &walk, look, r);
	r->done++;
}

static int race(void *data)
{
	struct racer *r = data;
	u32 i = 0;

	while (!kthread_should_stop()) {
		u32 what = prandom_u32_state(&r->rnd) % 64;

		if (what == 0)
			fwt_conns_flush(r->fn);
		else if (what < 4)
			walk_all(r);
		else if (what < 16)
			end_one(r);
		else
			begin_one(r);
		if (i++ % 32 == 0)
			cond_resched();
	}
	return 0;
}

/* R24: look-ups without a lock, while others insert, end, translate and walk. */
static void everything_at_once(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	struct fwt_test_books b;
	struct racer *r;
	unsigned long enough, end;
	u32 i, done;

	/* Small, so that evicting takes part. */
	fn->conn_max = 24;
	r = kunit_kcalloc(test, THREADS, sizeof(*r), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, r);
	for (i = 0; i < THREADS; i++) {
		r[i].fn = fn;
		prandom_seed_state(&r[i].rnd, get_random_u64());
		r[i].task = kthread_run(race, &r[i], "fwt-race/%u", i);
		KUNIT_ASSERT_FALSE(test, IS_ERR(r[i].task));
	}
	enough = fwt_test_race_time(RACE_TIME);
	end = jiffies + enough + RACE_TIME_MOST;
	do {
		schedule_timeout_uninterruptible(enough);
		for (i = 0, done = 0; i < THREADS; i++)
			done += READ_ONCE(r[i].done);
	} while (done <= DONE_LEAST && time_before(jiffies, end));
	for (i = 0, done = 0; i < THREADS; i++) {
		kthread_stop(r[i].task);
		KUNIT_EXPECT_EQ_MSG(test, r[i].wrong, 0, "in thread %u", i);
		done += r[i].done;
	}
	KUNIT_EXPECT_GT_MSG(test, done, DONE_LEAST, "done");
	fwt_conns_flush(fn);
	fwt_test_books(fn, &b);
	KUNIT_EXPECT_GT(test, b.created, 100);
	KUNIT_EXPECT_EQ_MSG(test, b.created, b.ended, "made and ended");
	KUNIT_EXPECT_EQ_MSG(test, b.records, 0, "records left");
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&fn->conns.links), 0, "links left");
}

/* R24: tables are made anew, larger and smaller, while others look up what is there
 * throughout, walk, and make and end their own.
 */
#define STAY	600
#define COME	(4000 + FWT_TEST_MANY(8000))

struct looker {
	struct fwt_net *fn;
	struct task_struct *task;
	struct rnd_state rnd;
	struct fwt_conn **c;
	u32 number;
	u32 missed;
	u32 lost;
	u32 wrong;
	u64 done;
};

static struct fwt_tuple number_tuple(u32 i)
{
	return fwt_test_tuple(i & 1 ? 6 : 4, i, 1000, 0xffff02, 53);
}

static int seen_one(struct fwt_conn *c, void *ctx)
{
	struct fwt_end client;
	u8 *seen = ctx;

	fwt_ends_get(&c->ends, FWT_C, &client);
	client.addr[0] = c->ends.family == 6 ? client.addr[3] : client.addr[0] & 0xffffff;
	if (client.addr[0] < STAY)
		seen[client.addr[0]]++;
	return 0;
}

static void met_once(struct looker *l)
{
	struct fwt_hash_walk walk = { };
	u8 *seen = kzalloc(STAY, GFP_KERNEL);
	u32 i;

	if (!seen)
		return;
	l->wrong += !!fwt_conns_walk(l->fn, &walk, seen_one, seen);
	for (i = 0; i < STAY; i++)
		l->wrong += seen[i] != 1;
	kfree(seen);
}

static int look_up(void *data)
{
	struct looker *l = data;
	struct fwt_conn *c;
	struct fwt_tuple t;
	u32 i = 0, k;
	int dir;

	while (!kthread_should_stop()) {
		k = prandom_u32_state(&l->rnd) % STAY;
		t = number_tuple(k);
		l->missed += fwt_test_find(l->fn, &t, &dir) != l->c[k];
		t = number_tuple(0x100000 + l->number);
		if (!fwt_test_insert(l->fn, &t, NULL, &c)) {
			l->lost += fwt_test_find(l->fn, &t, &dir) != c;
			l->lost += !fwt_test_end_conn(c);
			l->lost += !!fwt_test_find(l->fn, &t, &dir);
		} else {
			l->lost++;
		}
		l->done++;
		if (i++ % 4096 == 0)
			met_once(l);
		if (i % 32 == 0)
			cond_resched();
	}
	return 0;
}

static bool all_did(const struct looker *l)
{
	u32 i;

	for (i = 0; i < THREADS; i++)
		if (READ_ONCE(l[i].done) <= DONE_LEAST)
			return false;
	return true;
}

static void while_it_is_made_anew(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	unsigned long end = jiffies + fwt_test_race_time(RACE_TIME), last = end + RACE_TIME_MOST;
	struct fwt_conn **c;
	struct looker *l;
	u32 i, bits = 0, made = 0;
	struct fwt_tuple t;

	c = kunit_kcalloc(test, STAY + COME, sizeof(*c), GFP_KERNEL);
	l = kunit_kcalloc(test, THREADS, sizeof(*l), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, c);
	KUNIT_ASSERT_NOT_NULL(test, l);
	for (i = 0; i < STAY; i++) {
		t = number_tuple(i);
		KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, NULL, &c[i]), 0);
	}
	for (i = 0; i < THREADS; i++) {
		l[i] = (struct looker){ .fn = fn, .c = c, .number = i };
		prandom_seed_state(&l[i].rnd, get_random_u64());
		l[i].task = kthread_run(look_up, &l[i], "fwt-look/%u", i);
		KUNIT_ASSERT_FALSE(test, IS_ERR(l[i].task));
	}
	do {
		for (i = 0; i < COME; i++) {
			t = number_tuple(STAY + i);
			if (fwt_test_insert(fn, &t, NULL, &c[STAY + i]))
				l[0].lost++;
			if (i % 32 == 0)
				cond_resched();
		}
		fwt_test_settle(fn);
		made += fn->conns.bits != bits;
		bits = fn->conns.bits;
		for (i = 0; i < COME; i++)
			l[0].lost += !fwt_test_end_conn(c[STAY + i]);
		fwt_hash_shrink(&fn->conns);
		fwt_test_settle(fn);
		made += fn->conns.bits != bits;
		bits = fn->conns.bits;
	} while (time_before(jiffies, end) || (!all_did(l) && time_before(jiffies, last)));
	for (i = 0; i < THREADS; i++) {
		kthread_stop(l[i].task);
		KUNIT_EXPECT_EQ_MSG(test, l[i].missed, 0, "not found, thread %u", i);
		KUNIT_EXPECT_EQ_MSG(test, l[i].lost, 0, "its own, thread %u", i);
		KUNIT_EXPECT_EQ_MSG(test, l[i].wrong, 0, "not met once, thread %u", i);
		KUNIT_EXPECT_GT_MSG(test, l[i].done, DONE_LEAST, "done");
	}
	KUNIT_EXPECT_GE_MSG(test, made, 2, "made anew");
}

/* Two first packets of one connection at once; on one CPU, where they wait for
 * each other a time slice long, in turn.
 */
#define ROUNDS	(num_online_cpus() > 1 ? 2000u : 100u)

struct first {
	struct fwt_net *fn;
	struct task_struct *task;
	struct completion ended;
	atomic_t *meet;
	bool dnat;
	u32 made;
	u32 found;
	u32 wrong;
};

static int two_first(void *data)
{
	struct first *f = data;
	struct fwt_conn *c, *other, *found;
	struct fwt_end server;
	struct fwt_tuple t;
	enum fwt_dir dir;
	u32 round;
	u64 hash;
	int ret;

	for (round = 0; round < ROUNDS; round++) {
		t = fwt_test_tuple(4, round, 1000, 0xffff02, 53);
		fwt_test_end(&server, 4, 0xffff03, 53);
		rcu_read_lock();
		c = fwt_test_alloc(f->fn, &t);
		rcu_read_unlock();
		if (IS_ERR(c)) {
			f->wrong++;
			atomic_inc(f->meet);
			continue;
		}
		if (f->dnat) {
			fwt_ends_set(&c->ends, FWT_S, &server);
			c->flags |= BIT(FWT_CONN_DNAT);
		}
		/* Slow machines take longer than a tentative record lives. */
		c->expires = (u32)jiffies + 600 * HZ;
		atomic_inc(f->meet);
		while (atomic_read(f->meet) < 2 * (round + 1))
			cond_resched();
		hash = fwt_hash_tuple(&f->fn->conns, &t);
		rcu_read_lock();
		ret = fwt_test_link(c, &t, &other);
		if (ret) {
			fwt_conn_discard(c);
			f->wrong += ret != -EEXIST;
			found = fwt_conn_find(f->fn, hash, &t, &dir);
			f->found += found == other && found;
		} else {
			f->made++;
		}
		rcu_read_unlock();
	}
	complete(&f->ended);
	return 0;
}

/* @dnat: they are led elsewhere, and stand in the table by two pairs of their ends. */
static void both_first(struct kunit *test, struct fwt_net *fn, bool dnat)
{
	struct first f[2] = { };
	struct fwt_test_books was, b;
	atomic_t meet = ATOMIC_INIT(0);
	int i;

	fwt_test_books(fn, &was);
	for (i = 0; i < 2; i++) {
		f[i].fn = fn;
		f[i].dnat = dnat;
		f[i].meet = &meet;
		init_completion(&f[i].ended);
		f[i].task = kthread_create(two_first, &f[i], "fwt-first/%d", i);
		KUNIT_ASSERT_FALSE(test, IS_ERR(f[i].task));
		if (i < num_online_cpus())
			kthread_bind(f[i].task, i);
	}
	for (i = 0; i < 2; i++)
		wake_up_process(f[i].task);
	for (i = 0; i < 2; i++)
		wait_for_completion(&f[i].ended);
	KUNIT_EXPECT_EQ(test, f[0].wrong + f[1].wrong, 0);
	KUNIT_EXPECT_EQ_MSG(test, f[0].made + f[1].made, ROUNDS,
			    "one record a connection (%u by one, %u by the other)",
			    f[0].made, f[1].made);
	KUNIT_EXPECT_EQ_MSG(test, f[0].found + f[1].found, ROUNDS,
			    "who lost finds the one that won");
	fwt_test_books(fn, &b);
	KUNIT_EXPECT_EQ(test, b.created - was.created, ROUNDS);
	KUNIT_EXPECT_EQ(test, b.records, ROUNDS);
	fwt_conns_flush(fn);
}

static void two_first_packets(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	unsigned long begun = jiffies;

	do {
		both_first(test, fn, false);
		both_first(test, fn, true);
	} while (fwt_test_race_goes_on(test, begun));
}

static struct kunit_case cases[] = {
	KUNIT_CASE_SLOW(everything_at_once),
	KUNIT_CASE_SLOW(while_it_is_made_anew),
	KUNIT_CASE_SLOW(two_first_packets),
	{ }
};

static struct kunit_suite suite = {
	.name = "fwtree-conn-race",
	.test_cases = cases,
};

kunit_test_suite(suite);
