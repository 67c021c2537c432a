/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Programs built by hand, node by node: the compiler stays in userspace.
 * Children have greater indices than their parents, so a program is written
 * down from its roots to its verdicts, with fwt_test_node() saying what number
 * a node will have.
 */
#ifndef FWT_KUNIT_PROG_H
#define FWT_KUNIT_PROG_H

#include "core/field.h"
#include "fwtree_program.h"

#define FWT_TEST_MAX	64

struct fwt_test_prog {
	struct fwt_prog_hook hook[8];
	struct fwt_prog_node node[FWT_TEST_MAX];
	struct fwt_prog_test test[16];
	struct fwt_prog_set set[16];
	u32 word[2 * FWT_TEST_MAX];
	struct fwt_prog_mod mod[16];
	struct fwt_prog_rule rule[FWT_TEST_MAX];
	u32 counter[4];
	struct fwt_prog_option option[16];
	struct fwt_prog_file file[2];
	struct fwt_prog_forest forest[2];
	struct fwt_prog_tree tree[8];
	struct fwt_prog_cut cut[16];
	struct fwt_prog_box box[16];
	struct fwt_prog_box6 box6[8];
	struct fwt_prog_object object[8];
	struct fwt_prog_filter filter[2];
	struct fwt_prog_insn insn[8];
	struct fwt_prog_server server[8];
	struct fwt_prog_foreign foreign[4];
	struct fwt_prog_arg arg[8];
	char string[512];
	char source[64];
	u32 n[__FWT_SEC_MAX];
};

/* An empty one, with a file to have rules in; kunit's memory. */
struct fwt_test_prog *fwt_test_prog_new(struct kunit *test);

u32 fwt_test_string(struct fwt_test_prog *p, const char *text);
void fwt_test_hook(struct fwt_test_prog *p, u8 hook, u32 root, const char *dev);
u32 fwt_test_rule(struct fwt_test_prog *p, u64 key);
void fwt_test_option(struct fwt_test_prog *p, u32 option, u64 value);

/* A node; returns its number. */
u32 fwt_test_node(struct fwt_test_prog *p, u8 type, u32 arg, u32 yes, u32 no);
u32 fwt_test_verdict(struct fwt_test_prog *p, u8 verdict, u32 rule);
/* "field" is @lo to @hi, one word: @yes, else @no. */
u32 fwt_test_range(struct fwt_test_prog *p, u8 field, u32 lo, u32 hi, u32 yes,
		   u32 no);
/* A modifier and its node; @yes is the node behind it. */
u32 fwt_test_mod(struct fwt_test_prog *p, const struct fwt_prog_mod *m, u32 yes);
/* To one address of hosts' 10.0.0.0/8 or 2001:db8::/32, see conns.h; ports 0
 * for none.
 */
u32 fwt_test_nat(struct fwt_test_prog *p, u8 type, u8 family, const u32 *addr,
		 u16 lo, u16 hi, u32 yes);

/* A server of the pool to be made next: a host as of fwt_test_nat(). In order. */
void fwt_test_server(struct fwt_test_prog *p, u8 family, u32 host, u16 port, u32 weight);

/* A pool of the servers since the last one; returns its number among OBJECTS. */
u32 fwt_test_pool(struct fwt_test_prog *p, const char *name, u32 scheduling, u32 flags);

/* The block, kvmalloc'ed. */
void *fwt_test_build(struct kunit *test, const struct fwt_test_prog *p, size_t *len);

/* Everything gets the same answer, at both inet hooks. */
void *fwt_test_always(struct kunit *test, u8 verdict, size_t *len);

/* Something of all there is, for who wants to break it. */
struct fwt_test_prog *fwt_test_rich(struct kunit *test);

/* Nodes of other modules at ingress: a match, a select with two words for two branches, and
 * a modifier. @selector has a number "n", a prefix "net", and a branch "high".
 *
 * 0 match? 1 : 2	2 select: "high" 3, "0" 4, else 3	4 accept
 * 1 drop		3 modify -> 4
 */
struct fwt_test_prog *fwt_test_foreign(struct kunit *test, const char *selector,
				       const char *modifier);

#endif /* FWT_KUNIT_PROG_H */
