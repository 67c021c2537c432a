/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FWT_CORE_VERIFY_H
#define FWT_CORE_VERIFY_H

#include "tree.h"

/* Bytes of an element, by enum fwt_section. */
extern const u8 fwt_section_size[__FWT_SEC_MAX];

/**
 * struct fwt_verify_error - why a program was refused
 * @section: enum fwt_section of the offender, __FWT_SEC_MAX for the header
 * @index: its index there
 * @text: the whole sentence, with section and index, for people
 */
struct fwt_verify_error {
	u32 section;
	u32 index;
	char text[120];
};

/**
 * fwt_verify_scratch() - memory that verifying takes
 * @blob: the program, as it came
 * @len: bytes at @blob
 *
 * Return: bytes of scratch memory for fwt_verify(); 0 for a program whose
 * header alone makes it unfit (fwt_verify() says why).
 */
size_t fwt_verify_scratch(const void *blob, size_t len);

/**
 * fwt_verify() - prove that a program is safe to walk
 * @blob: the program, hostile; aligned to 8; must not change any more
 * @len: bytes at @blob
 * @scratch: as many bytes as fwt_verify_scratch() says, aligned to 8
 * @prog: filled in; its pointers lead into @blob
 * @err: filled in where it is refused
 *
 * Backward over the nodes for what their successors promise (steps, call depth,
 * whether a walk may come back), forward for which hooks reach them; no
 * recursion. Time is linear in @len: seconds for the largest, so that who calls it must
 * be one who may sleep.
 *
 * Return: 0; -EINVAL for what no program may hold; -E2BIG for limits;
 * -EOPNOTSUPP for a version or section that is not known here; -EINTR for who is
 * killed meanwhile, with nothing in @err.
 */
int fwt_verify(const void *blob, size_t len, void *scratch,
	       struct fwt_program *prog, struct fwt_verify_error *err);

/**
 * fwt_verify_texts() - prove that what a program says of its policy can be read
 * @blob: the program, hostile; aligned to 8; must not change any more
 * @len: bytes at @blob
 * @prog: filled in; its pointers lead into @blob, depth and steps are 0
 * @err: filled in where it is refused
 *
 * Of RULES, FILES, STRINGS, SOURCE, COUNTERS and OPTIONS only: not to be walked,
 * and its nodes, sets and forests not to be looked at.
 *
 * Return: as fwt_verify().
 */
int fwt_verify_texts(const void *blob, size_t len, struct fwt_program *prog,
		     struct fwt_verify_error *err);

/**
 * struct fwt_forest_info - what was proved of a forest
 * @steps: the most that a look-up can take
 * @hooks: FWT_HOOK_BIT() of those that reach it
 * @count: its rules, those that no packet can match aside
 */
struct fwt_forest_info {
	u32 steps;
	u32 hooks;
	u32 count;
};

/**
 * fwt_verify_forest_info() - what was proved of a forest
 * @prog: that was just verified
 * @scratch: with this memory
 * @forest: its number
 */
struct fwt_forest_info fwt_verify_forest_info(const struct fwt_program *prog,
					      const void *scratch, u32 forest);

/**
 * fwt_program_string() - a string of a verified program
 * @prog: program
 * @off: its offset, or FWT_NONE
 *
 * Return: the string, "" for FWT_NONE.
 */
static inline const char *fwt_program_string(const struct fwt_program *prog,
					     u32 off)
{
	return off == FWT_NONE ? "" : prog->string + off;
}

#endif /* FWT_CORE_VERIFY_H */
