/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Policies at random, as text: every shape that the compiler supports, valid by
 * construction (types, hooks, ends), of values that overlap as often as not.
 */
#ifndef GEN_POLICY_H
#define GEN_POLICY_H

#include <stdbool.h>
#include <stdint.h>

/**
 * gen_policy() - a policy
 * @seed: the same one makes the same policy
 *
 * Return: text, one statement (or its head, or its closing brace) a line; to be
 * freed. NULL: no memory.
 */
char *gen_policy(uint64_t seed);

/* With what is for the oracle alone: nodes of other modules, n0 to n3, whose branches are 0 to
 * 4, bpf, ct count, ct status and sets of MACs. Without it a seed's policy is what it was.
 */
extern bool gen_nodes;

#endif /* GEN_POLICY_H */
