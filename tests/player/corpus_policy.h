/* SPDX-License-Identifier: GPL-2.0 */
/* Policies made up from a seed, of all that the language has and a clock can repeat. */
#ifndef FWT_PLAYER_CORPUS_POLICY_H
#define FWT_PLAYER_CORPUS_POLICY_H

#include <stdio.h>

#include "os.h"

/**
 * corpus_policy() - another policy
 * @to: gets its text
 * @draw: a number below its argument
 * @number: of the conversation: what translations make of its clients differs
 */
void corpus_policy(FILE *to, u32 (*draw)(u32 n), unsigned int number);

/**
 * corpus_change() - a change of a live set or pool, as the command has it
 * @set: it is one of a set, else of a pool
 */
void corpus_change(char *buf, size_t size, u32 (*draw)(u32 n), bool *set);

#endif /* FWT_PLAYER_CORPUS_POLICY_H */
