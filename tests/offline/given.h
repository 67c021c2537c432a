/* SPDX-License-Identifier: GPL-2.0 */
/* What generated tests are given: numbers by the environment, policies that are right. */
#ifndef FWT_TEST_GIVEN_H
#define FWT_TEST_GIVEN_H

#include "ast.h"
#include "os.h"

/** setting() - a number that the environment may set (FWT_SEED, ...); @usual if not */
u64 setting(const char *name, u64 usual);

/** parse_good() - a policy that parses; says why, and aborts, where it does not */
struct fwt_policy_ast *parse_good(const char *text);

#endif /* FWT_TEST_GIVEN_H */
