/* SPDX-License-Identifier: GPL-2.0 */
/* How long tests go on that have CPUs race with each other. */
#ifndef FWT_KUNIT_TEST_RACE_H
#define FWT_KUNIT_TEST_RACE_H

#include <kunit/test.h>
#include <linux/jiffies.h>

/* Seconds, at least: a parameter of the module, "tests/kunit/run --seconds". 0 where nobody
 * said so: each test does what it thinks is enough.
 */
extern unsigned int fwt_test_race_seconds;

static inline unsigned long fwt_test_race_time(unsigned long enough)
{
	return max_t(unsigned long, enough, fwt_test_race_seconds * (unsigned long)HZ);
}

/* Of what is done in rounds: is another one to follow. Not of what has failed. */
static inline bool fwt_test_race_goes_on(struct kunit *test, unsigned long begun)
{
	return time_before(jiffies, begun + fwt_test_race_time(0)) &&
	       READ_ONCE(test->status) != KUNIT_FAILURE;
}

#endif /* FWT_KUNIT_TEST_RACE_H */
