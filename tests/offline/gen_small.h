/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Small policies at random, of few values: what they do can be tried on all packets
 * that they tell apart.
 */
#ifndef GEN_SMALL_H
#define GEN_SMALL_H

#include <stdint.h>

/**
 * gen_small() - a policy of one ingress tree, a rule a line
 * @seed: the same one makes the same policy
 * @rules: how many
 * @other: NULL, or which rule is another one: what changed from @seed's
 *
 * Return: text, to be freed. NULL: no memory.
 */
char *gen_small(uint64_t seed, unsigned int rules, const unsigned int *other);

/** gen_small_masks() - the same, where many a field is asked behind a mask that is no prefix */
char *gen_small_masks(uint64_t seed, unsigned int rules, const unsigned int *other);

#endif /* GEN_SMALL_H */
