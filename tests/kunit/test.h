/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suites share: namespaces to test in, and how large a test may be.
 *
 * Two kinds of namespace. fwt_test_net() makes a bare struct fwt_net, which no
 * packet ever meets: for the table of connections and for slots.
 * fwt_test_netns_new() makes a real network namespace with two devices, by ip(8),
 * since nothing that makes one is exported to modules.
 */
#ifndef FWT_KUNIT_TEST_H
#define FWT_KUNIT_TEST_H

#include <kunit/test.h>

#include "conn.h"
#include "netns.h"

/* Where each access is checked, a tenth of the work finds as much. */
#if IS_ENABLED(CONFIG_KASAN) || IS_ENABLED(CONFIG_PROVE_LOCKING)
#define FWT_TEST_MANY(n)	((n) / 10)
#else
#define FWT_TEST_MANY(n)	(n)
#endif

/* A bare one, with a table of connections; goes with the test, which it fails
 * if a record is left over then.
 */
struct fwt_net *fwt_test_net(struct kunit *test);

/* Connections that were made, have ended, and are there: the books. */
struct fwt_test_books {
	u64 created;
	u64 ended;
	u32 records;
};

void fwt_test_books(struct fwt_net *fn, struct fwt_test_books *b);

/**
 * struct fwt_test_ns - a network namespace
 * @net: it
 * @fn: ours of it
 * @in: device "d0" with 192.0.2.1/24 and 2001:db8:1::1/64
 * @out: device "d1" with 203.0.113.1/24 and 2001:db8:2::1/64
 * @id: by which ip(8) knows it
 */
struct fwt_test_ns {
	struct net *net;
	struct fwt_net *fn;
	struct net_device *in;
	struct net_device *out;
	int id;
};

struct fwt_test_ns *fwt_test_netns_new(void);
void fwt_test_netns_free(struct fwt_test_ns *ns);

/**
 * FWT_TEST_SUITE_IN_NS() - a suite whose tests share a namespace
 * @title: name of the suite
 * @in: the variable that points to the namespace, in this file
 * @list: its cases
 */
#define FWT_TEST_SUITE_IN_NS(title, in, list)				\
static int suite_begins(struct kunit_suite *suite)			\
{									\
	(in) = fwt_test_netns_new();					\
	return (in) ? 0 : -ENODEV;					\
}									\
									\
static void suite_ends(struct kunit_suite *suite)			\
{									\
	fwt_test_netns_free(in);					\
}									\
									\
static struct kunit_suite suite = {					\
	.name = (title),						\
	.suite_init = suite_begins,					\
	.suite_exit = suite_ends,					\
	.test_cases = (list),						\
};									\
									\
kunit_test_suite(suite)

/* ip(8) in there: "link add x type dummy". Returns its status. */
int fwt_test_ip(const struct fwt_test_ns *ns, const char *what);

/* A policy takes the place of the former one; it must be accepted. */
void fwt_test_apply(struct kunit *test, struct fwt_test_ns *ns, void *blob,
		    size_t len);

/* The policy goes, and what it did: nothing may be left. */
void fwt_test_clear(struct kunit *test, struct fwt_test_ns *ns);

#endif /* FWT_KUNIT_TEST_H */
