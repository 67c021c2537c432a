// SPDX-License-Identifier: GPL-2.0
/* Early drop: who goes first where room is short (R4). */
#include <linux/delay.h>

#include "conns.h"
#include "test.h"

enum kind { ASSURED, UNPROVEN, UNREPLIED, CLOSED, KINDS };

#define EACH	12

/* Of unproven ones so few that they are no crowd, however few others are left. */
static const u32 many[KINDS] = { EACH, 4, EACH, EACH };

struct crowd {
	struct fwt_net *fn;
	/* Of each kind, the oldest first; NULL once it was found to be gone. */
	struct fwt_conn *c[KINDS][EACH];
	u32 newcomers;
};

static struct fwt_tuple member(enum kind kind, u32 i)
{
	return fwt_test_tuple(4, 1 + kind * 1000 + i, 1000, 2, 53);
}

static void becomes(struct fwt_conn *c, enum kind kind)
{
	fwt_test_flag(c, BIT(FWT_CONN_CONFIRMED) |
		      (kind == UNREPLIED ? 0 : BIT(FWT_CONN_REPLIED)) |
		      (kind == ASSURED ? BIT(FWT_CONN_ASSURED) : 0));
	if (kind == CLOSED)
		WRITE_ONCE(c->timeout, FWT_TIMEOUT_TCP_CLOSE);
}

/* A server has answered a SYN, and the client not yet that. */
static void half_opens(struct fwt_conn *c)
{
	becomes(c, UNPROVEN);
	WRITE_ONCE(c->timeout, FWT_TIMEOUT_TCP_SYN_RECV);
}

/* Until the collector has put each where it belongs: who is assured stands in no
 * queue any more.
 */
static void sorted(struct kunit *test, struct crowd *w)
{
	int i, tries;

	for (tries = 0; tries < 400; tries++) {
		u32 left = 0;

		for (i = 0; i < EACH; i++) {
			left += READ_ONCE(w->c[ASSURED][i]->queued) != 0;
			left += READ_ONCE(w->c[CLOSED][i]->queued) ==
				READ_ONCE(w->c[UNREPLIED][i]->queued);
		}
		for (i = 0; i < many[UNPROVEN]; i++)
			left += READ_ONCE(w->c[UNPROVEN][i]->queued) ==
				READ_ONCE(w->c[UNREPLIED][i]->queued);
		if (!left)
			return;
		msleep(20);
	}
	KUNIT_FAIL(test, "the collector did not come by");
}

/* Worst first into the table: who is evicted first is not who came first. */
static void gather(struct kunit *test, struct crowd *w)
{
	struct fwt_tuple t;
	enum kind kind;
	u32 i, total = 0;

	for (kind = 0; kind < KINDS; kind++) {
		for (i = 0; i < many[kind]; i++) {
			t = member(kind, i);
			KUNIT_ASSERT_EQ(test, fwt_test_insert(w->fn, &t, NULL,
							      &w->c[kind][i]), 0);
			becomes(w->c[kind][i], kind);
		}
		total += many[kind];
	}
	sorted(test, w);
	/* One more, and another one has to go. */
	w->fn->conn_max = total + 8;
}

/* One that is as good as established at once. */
static int comes(struct crowd *w)
{
	struct fwt_tuple t = fwt_test_tuple(4, 100000 + w->newcomers++, 1000, 2, 53);
	struct fwt_conn *c;
	int ret = fwt_test_insert(w->fn, &t, NULL, &c);

	if (!ret)
		becomes(c, ASSURED);
	/* What went counts until its grace period is over. */
	rcu_barrier();
	return ret;
}

static bool there(struct crowd *w, enum kind kind, u32 i)
{
	struct fwt_tuple t = member(kind, i);
	int dir;

	return fwt_test_find(w->fn, &t, &dir);
}

static u32 left_of(struct crowd *w, enum kind kind)
{
	u32 i, n = 0;

	for (i = 0; i < many[kind]; i++)
		n += there(w, kind, i);
	return n;
}

/* What is closed stands before all others. */
static void without_closed(struct kunit *test, struct crowd *w)
{
	u32 i;

	for (i = 0; i < many[CLOSED]; i++)
		KUNIT_ASSERT_EQ(test, comes(w), 0);
	KUNIT_ASSERT_EQ(test, left_of(w, CLOSED), 0);
	KUNIT_ASSERT_EQ(test, left_of(w, UNREPLIED), EACH);
}

static void in_order(struct kunit *test)
{
	struct crowd *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	enum kind kind;
	u32 i, k, n, gone = 0, more = 0;
	struct fwt_stats s;

	KUNIT_ASSERT_NOT_NULL(test, w);
	w->fn = fwt_test_net(test);
	gather(test, w);
	for (kind = CLOSED; kind > ASSURED; kind--) {
		for (i = 0; i < many[kind]; i++) {
			KUNIT_ASSERT_EQ(test, comes(w), 0);
			KUNIT_EXPECT_EQ_MSG(test, left_of(w, kind), many[kind] - i - 1,
					    "of kind %u are left", kind);
			/* The collector sorts as it finds them, but these are
			 * in the order of their age.
			 */
			for (k = 0; kind == UNREPLIED && k < EACH; k++)
				KUNIT_EXPECT_EQ_MSG(test, there(w, kind, k), k > i,
						    "number %u, after %u", k, i);
		}
		gone += many[kind];
		for (k = 0, n = 0; k < kind; k++)
			n += many[k] - left_of(w, k);
		KUNIT_EXPECT_EQ_MSG(test, n, 0, "of better kinds are gone");
	}
	fwt_stats_read(w->fn, &s);
	KUNIT_EXPECT_EQ(test, s.reason[FWT_REASON_EARLY_EVICT], gone);
	/* Now there is nobody who may be sent away, and the limit is a wall. */
	while (!comes(w) && more < 100)
		more++;
	KUNIT_EXPECT_EQ_MSG(test, more, 8, "more, up to the limit");
	KUNIT_EXPECT_EQ(test, atomic_read(&w->fn->n_conns), w->fn->conn_max);
	KUNIT_EXPECT_EQ_MSG(test, left_of(w, ASSURED), EACH, "of the assured ones are left");
}

/* What the queue said of it is not true any more, and nobody has come by to say
 * so: an answer saves it.
 */
static void answered_meanwhile(struct kunit *test)
{
	struct crowd *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, w);
	w->fn = fwt_test_net(test);
	gather(test, w);
	without_closed(test, w);
	for (i = 0; i < EACH / 2; i++)
		becomes(w->c[UNREPLIED][i], ASSURED);
	for (i = 0; i < EACH / 2; i++)
		KUNIT_ASSERT_EQ(test, comes(w), 0);
	for (i = 0; i < EACH; i++)
		KUNIT_EXPECT_EQ_MSG(test, there(w, UNREPLIED, i), i < EACH / 2,
				    "number %u", i);
	KUNIT_EXPECT_EQ_MSG(test, left_of(w, UNREPLIED), EACH / 2, "answered ones are left");
}

/* A forged source is answered, too: what it half opens goes by its age, before what has
 * waited less long for an answer.
 */
static void half_open(struct kunit *test)
{
	struct crowd *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, w);
	w->fn = fwt_test_net(test);
	gather(test, w);
	without_closed(test, w);
	for (i = 0; i < EACH / 2; i++)
		half_opens(w->c[UNREPLIED][i]);
	for (i = 0; i < EACH / 2; i++)
		KUNIT_ASSERT_EQ(test, comes(w), 0);
	for (i = 0; i < EACH; i++)
		KUNIT_EXPECT_EQ_MSG(test, there(w, UNREPLIED, i), i >= EACH / 2,
				    "number %u", i);
}

/* Where most of what may go has been answered, and has not proved itself, it is what fills
 * the table: it goes before the few that wait for their answers.
 */
static void crowd_pays(struct kunit *test)
{
	enum { ALL = 130, WAITS_EACH = 26, COME = 8 };
	struct crowd *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	struct fwt_conn **c = kunit_kzalloc(test, ALL * sizeof(*c), GFP_KERNEL);
	u32 i, unsorted = ALL, tries, waiting = 0, answered = 0;
	struct fwt_tuple t;
	int dir;

	KUNIT_ASSERT_NOT_NULL(test, w);
	KUNIT_ASSERT_NOT_NULL(test, c);
	w->fn = fwt_test_net(test);
	/* To each CPU its queues: all of them are to be of one. */
	migrate_disable();
	for (i = 0; i < ALL; i++) {
		t = fwt_test_tuple(4, i + 1, 1000, 2, 53);
		if (fwt_test_insert(w->fn, &t, NULL, &c[i])) {
			migrate_enable();
			KUNIT_FAIL_AND_ABORT(test, "no place for one of the crowd");
		}
		becomes(c[i], i % WAITS_EACH ? UNPROVEN : UNREPLIED);
	}
	for (tries = 0; tries < 400 && unsorted; tries++) {
		for (i = 0, unsorted = 0; i < ALL; i++)
			unsorted += i % WAITS_EACH &&
				    READ_ONCE(c[i]->queued) == READ_ONCE(c[0]->queued);
		if (unsorted)
			msleep(20);
	}
	KUNIT_EXPECT_EQ_MSG(test, unsorted, 0, "the collector did not come by");
	w->fn->conn_max = ALL + 8;
	for (i = 0; i < COME; i++)
		KUNIT_EXPECT_EQ(test, comes(w), 0);
	migrate_enable();
	for (i = 0; i < ALL; i++) {
		t = fwt_test_tuple(4, i + 1, 1000, 2, 53);
		if (i % WAITS_EACH)
			answered += !!fwt_test_find(w->fn, &t, &dir);
		else
			waiting += !!fwt_test_find(w->fn, &t, &dir);
	}
	KUNIT_EXPECT_EQ_MSG(test, waiting, ALL / WAITS_EACH, "that wait are left");
	KUNIT_EXPECT_EQ_MSG(test, answered, ALL - ALL / WAITS_EACH - COME,
			    "of the crowd are left");
}

/* One that is over goes before those that stand with it, and is no eviction. */
static void expired_is_no_eviction(struct kunit *test)
{
	struct crowd *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	struct fwt_stats s;

	KUNIT_ASSERT_NOT_NULL(test, w);
	w->fn = fwt_test_net(test);
	gather(test, w);
	without_closed(test, w);
	spin_lock_bh(&w->c[UNREPLIED][0]->lock);
	fwt_conn_expire(w->c[UNREPLIED][0], 0);
	spin_unlock_bh(&w->c[UNREPLIED][0]->lock);
	KUNIT_ASSERT_EQ(test, comes(w), 0);
	fwt_stats_read(w->fn, &s);
	KUNIT_EXPECT_EQ(test, s.reason[FWT_REASON_EARLY_EVICT], EACH);
	KUNIT_EXPECT_TRUE(test, there(w, UNREPLIED, 1));
}

/* A table full of what may go, and newcomers, each of which sends one away: the
 * limit holds, and nobody is refused.
 */
static void flood(struct kunit *test)
{
	struct fwt_net *fn = fwt_test_net(test);
	u32 i, refused = 0, most = 0, total = FWT_TEST_MANY(50000);
	struct fwt_test_books b;
	struct fwt_tuple t;
	struct fwt_conn *c;

	fn->conn_max = 4096;
	for (i = 0; i < total; i++) {
		t = fwt_test_tuple(4, i, 1000, 0xffff02, 53);
		refused += !!fwt_test_insert(fn, &t, NULL, &c);
		most = max_t(u32, most, atomic_read(&fn->n_conns));
		if (i % 256 == 0)
			rcu_barrier();
	}
	KUNIT_EXPECT_LE(test, most, 4096);
	KUNIT_EXPECT_EQ(test, refused, 0);
	fwt_test_books(fn, &b);
	KUNIT_EXPECT_EQ(test, b.created - b.ended, b.records);
	KUNIT_EXPECT_LE(test, b.records, 4096);
}

/* Who fills one namespace takes nothing from another (R26). */
static void to_each_its_own(struct kunit *test)
{
	struct fwt_net *full = fwt_test_net(test), *calm = fwt_test_net(test);
	struct fwt_test_books b;
	struct fwt_tuple t;
	struct fwt_conn *c;
	u32 i, left = 0;
	int dir;

	full->conn_max = 256;
	calm->conn_max = 256;
	for (i = 0; i < 200; i++) {
		t = fwt_test_tuple(4, i, 1000, 0xffff02, 53);
		KUNIT_ASSERT_EQ(test, fwt_test_insert(calm, &t, NULL, &c), 0);
	}
	for (i = 0; i < 3000; i++) {
		t = fwt_test_tuple(4, i, 1000, 0xffff02, 53);
		fwt_test_insert(full, &t, NULL, &c);
		if (i % 16 == 0)
			rcu_barrier();
	}
	for (i = 0; i < 200; i++) {
		t = fwt_test_tuple(4, i, 1000, 0xffff02, 53);
		left += !!fwt_test_find(calm, &t, &dir);
	}
	KUNIT_EXPECT_EQ_MSG(test, left, 200, "of the calm one's are left");
	fwt_test_books(calm, &b);
	KUNIT_EXPECT_EQ(test, b.ended, 0);
	KUNIT_EXPECT_EQ(test, b.records, 200);
	fwt_test_books(full, &b);
	KUNIT_EXPECT_GT(test, b.ended, 2000);
	KUNIT_EXPECT_LE(test, b.records, 256);
}

/* R25: however full the table is, an answered translation keeps what RFC 5382 (REQ-5: four
 * minutes for what opens and closes, two hours and four minutes for the rest), RFC 4787
 * (REQ-5: two minutes) and RFC 5508 (REQ-1: one) grant it; others a second.
 */
static void floors(struct kunit *test)
{
	static const u16 granted[__FWT_TIMEOUT_MAX] = {
		[FWT_TIMEOUT_TCP_SYN_SENT] = 240, [FWT_TIMEOUT_TCP_SYN_RECV] = 240,
		[FWT_TIMEOUT_TCP_ESTABLISHED] = 7440, [FWT_TIMEOUT_TCP_FIN_WAIT] = 240,
		[FWT_TIMEOUT_TCP_CLOSE_WAIT] = 240, [FWT_TIMEOUT_TCP_LAST_ACK] = 240,
		[FWT_TIMEOUT_UDP] = 120, [FWT_TIMEOUT_UDP_STREAM] = 120,
		[FWT_TIMEOUT_ICMP] = 60,
	};
	static const u16 kinds[] = {
		0, BIT(FWT_CONN_REPLIED), BIT(FWT_CONN_SNAT),
		BIT(FWT_CONN_SNAT) | BIT(FWT_CONN_REPLIED),
		BIT(FWT_CONN_DNAT) | BIT(FWT_CONN_REPLIED),
	};
	struct fwt_options opt = { .adaptive_start = 10, .adaptive_end = 20 };
	struct fwt_tuple t = fwt_test_tuple(4, 1, 1000, 2, 53);
	struct fwt_net *fn = fwt_test_net(test);
	struct fwt_conn *c;
	u32 i, k, keeps;
	u16 was;

	KUNIT_ASSERT_EQ(test, fwt_test_insert(fn, &t, NULL, &c), 0);
	was = c->flags;
	/* Which asks the policy, of which there is none. */
	cancel_delayed_work_sync(&fn->gc);
	for (i = 0; i < __FWT_TIMEOUT_MAX; i++) {
		opt.timeout[0][i] = 86400 * HZ;
		opt.timeout[1][i] = 86400 * HZ;
	}
	fwt_conns_press(fn, &opt, 20);
	for (i = 0; i < __FWT_TIMEOUT_MAX; i++) {
		for (k = 0; k < ARRAY_SIZE(kinds); k++) {
			WRITE_ONCE(c->flags, was | kinds[k] | BIT(FWT_CONN_CONFIRMED));
			WRITE_ONCE(c->timeout, i);
			keeps = (86400 * HZ - fwt_conn_cut(c)) / HZ;
			KUNIT_EXPECT_EQ_MSG(test, keeps, k > 2 && granted[i] ? granted[i] : 1,
					    "timeout %u, flags %x", i, kinds[k]);
		}
	}
	/* What the option says is less stays so. */
	opt.timeout[1][FWT_TIMEOUT_TCP_ESTABLISHED] = 60 * HZ;
	fwt_conns_press(fn, &opt, 20);
	WRITE_ONCE(c->timeout, FWT_TIMEOUT_TCP_ESTABLISHED);
	KUNIT_EXPECT_EQ(test, fwt_conn_cut(c), 0);
	fwt_conns_press(fn, NULL, 0);
	KUNIT_EXPECT_EQ(test, fwt_conn_cut(c), 0);
	WRITE_ONCE(c->flags, was);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(floors),
	KUNIT_CASE(in_order),
	KUNIT_CASE(answered_meanwhile),
	KUNIT_CASE(half_open),
	KUNIT_CASE(crowd_pays),
	KUNIT_CASE(expired_is_no_eviction),
	KUNIT_CASE(flood),
	KUNIT_CASE(to_each_its_own),
	{ }
};

static struct kunit_suite suite = {
	.name = "fwtree-conn-evict",
	.test_cases = cases,
};

kunit_test_suite(suite);
