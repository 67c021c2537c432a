/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A program with a few rules more and a few less, without making it anew.
 *
 * What a patch is made of stands in fwtree_patch.h. Rules, modifiers and objects of a
 * patched program are numbered on behind those of the base, and tests and objects that a
 * decision names; fwt_program_of_rule(), fwt_program_of_mod() and fwt_program_of_test() say
 * whose a number is. A set of a patch is one that the base has; which, fwt_patch_object()
 * says. Limits, quotas and turns are a patch's own, and live with the rules that it adds.
 */
#ifndef FWT_CORE_PATCH_H
#define FWT_CORE_PATCH_H

#include "verify.h"
#include "fwtree_patch.h"

/* In the order of rules: a rule of the base whose node is @key or greater stands
 * behind the added rule that begins at @node.
 */
struct fwt_patch_order {
	u32 key;
	u32 node;
};

/**
 * struct fwt_patch - a verified patch
 * @prog: the rules that are added
 * @group: what the patch says; likewise the following ones
 * @n: elements of each, by enum fwt_patch_section
 * @gone: bitmap by nodes of the base: no box that leads there counts
 * @order: by place
 * @shift: by edit: lines behind it, up to the next one, moved by so many
 * @object: by index in OBJECTS of @prog: the same in the base; FWT_NONE for what is a rule's own
 * @steps_max: the most steps of a walk of the base with the patch
 */
struct fwt_patch {
	struct fwt_program prog;
	const struct fwt_patch_group *group;
	const struct fwt_patch_place *place;
	const u32 *deleted;
	const struct fwt_patch_edit *edit;
	const char *text;
	u32 n[__FWT_PATCH_MAX];
	u32 *gone;
	struct fwt_patch_order *order;
	s32 *shift;
	u32 object[FWT_PATCH_OBJECTS_MAX];
	u32 steps_max;
};

/**
 * struct fwt_patchable - what is to be known of a program to patch it
 * @forest: by forest
 * @rule: by rule: the forest that it stands in, FWT_NONE for none
 */
struct fwt_patchable {
	struct fwt_forest_info *forest;
	u32 *rule;
};

/**
 * fwt_patchable_init() - learn it from a verification
 * @of: its arrays have room for all forests, and rules
 * @prog: that was just verified
 * @scratch: with this memory
 */
void fwt_patchable_init(struct fwt_patchable *of, const struct fwt_program *prog,
			const void *scratch);

/**
 * struct fwt_patch_memory - what verifying a patch takes
 * @scratch: bytes, for as long as that lasts
 * @tables: bytes, for as long as the patch does
 */
struct fwt_patch_memory {
	size_t scratch;
	size_t tables;
};

/**
 * fwt_patch_memory() - how much it takes
 * @blob: the patch, as it came
 * @len: bytes at @blob
 * @base: what it is for
 */
struct fwt_patch_memory fwt_patch_memory(const void *blob, size_t len,
					 const struct fwt_program *base);

/**
 * fwt_patch_verify() - prove that a program is safe to walk with a patch
 * @blob: the patch, hostile; aligned to 64; must not change any more
 * @len: bytes at @blob
 * @base: verified
 * @of: about @base
 * @scratch: memory, see fwt_patch_memory(); aligned to 8
 * @tables: likewise
 * @patch: filled in; its pointers lead into @blob and @tables
 * @err: filled in where it is refused; the section is of no meaning
 *
 * Return: 0 or as fwt_verify().
 */
int fwt_patch_verify(const void *blob, size_t len, const struct fwt_program *base,
		     const struct fwt_patchable *of, void *scratch, void *tables,
		     struct fwt_patch *patch, struct fwt_verify_error *err);

/**
 * fwt_patch_find() - the first rule that a packet matches, of a forest and what was
 * added to it
 * @prog: with a patch
 * @at: a FOREST node
 * @on: FWT_NONE; or the FOREST node of the patch's program that a walk from an added rule,
 *	found from @at, came to: the rules behind that one are meant
 * @p: packet
 * @env: the world; NULL where there is none
 * @added: set to whether the rule was added
 *
 * Return: as fwt_forest_find(); a node of the patch's program if @added.
 */
u32 fwt_patch_find(const struct fwt_program *prog, u32 at, u32 on, const struct fwt_packet *p,
		   const struct fwt_env *env, bool *added);

/**
 * fwt_patch_line() - where a line of the base stands now
 * @patch: may be NULL
 * @file: in FILES of the base
 * @line: in that file
 */
u32 fwt_patch_line(const struct fwt_patch *patch, u32 file, u32 line);

/**
 * struct fwt_rule_side - a side of a rule, where another one can be added
 * @forest: that it would be added to; FWT_NONE: it can't
 * @at: as struct fwt_patch_place has it; likewise @side
 */
struct fwt_rule_side {
	u32 forest;
	u32 at;
	u32 side;
};

/**
 * struct fwt_rule_spot - where a rule stands, and what a patch can do there
 * @forest: that it stands in, FWT_NONE for none
 * @plain: it ends the walk by itself, or goes on to the rules behind it: no other rule is
 *	gone with it
 * @side: before it, and behind it
 * @lines: in SOURCE, where its first line begins
 * @lines_len: bytes up to the end of its last one
 * @alone: nothing else stands on them but a comment
 */
struct fwt_rule_spot {
	u32 forest;
	bool plain;
	struct fwt_rule_side side[2];
	u32 lines;
	u32 lines_len;
	bool alone;
};

/**
 * fwt_rule_spot() - look a rule's place up
 * @prog: verified program, of which a patch is asked nothing
 * @of: about it
 * @rule: the rule
 * @spot: filled in
 *
 * Looks at all rules once, and at the text around this one.
 */
void fwt_rule_spot(const struct fwt_program *prog, const struct fwt_patchable *of, u32 rule,
		   struct fwt_rule_spot *spot);

/* Whose a rule is: @index becomes its number there. */
static inline const struct fwt_program *fwt_program_of_rule(const struct fwt_program *prog,
							    u32 *index)
{
	if (likely(!prog->patch || *index < prog->n[FWT_SEC_RULES]))
		return prog;
	*index -= prog->n[FWT_SEC_RULES];
	return &prog->patch->prog;
}

/* The same for a modifier. */
static inline const struct fwt_program *fwt_program_of_mod(const struct fwt_program *prog,
							   u32 *index)
{
	if (likely(!prog->patch || *index < prog->n[FWT_SEC_MODS]))
		return prog;
	*index -= prog->n[FWT_SEC_MODS];
	return &prog->patch->prog;
}

/* The same for a test. */
static inline const struct fwt_program *fwt_program_of_test(const struct fwt_program *prog,
							    u32 *index)
{
	if (likely(!prog->patch || *index < prog->n[FWT_SEC_TESTS]))
		return prog;
	*index -= prog->n[FWT_SEC_TESTS];
	return &prog->patch->prog;
}

/* The same for an object. */
static inline const struct fwt_program *fwt_program_of_object(const struct fwt_program *prog,
							      u32 *index)
{
	if (likely(!prog->patch || *index < prog->n[FWT_SEC_OBJECTS]))
		return prog;
	*index -= prog->n[FWT_SEC_OBJECTS];
	return &prog->patch->prog;
}

/* A set's index in the base. */
static inline u32 fwt_patch_object(const struct fwt_program *prog, u32 index)
{
	if (likely(index < prog->n[FWT_SEC_OBJECTS]))
		return index;
	return prog->patch->object[index - prog->n[FWT_SEC_OBJECTS]];
}

/* The modifier that a set is to be changed by, and which set, in the base. */
static inline const struct fwt_prog_mod *
fwt_patch_update(const struct fwt_program *prog, const struct fwt_decision_update *u, u32 *object)
{
	u32 mod = u->mod;
	const struct fwt_program *own = fwt_program_of_mod(prog, &mod);
	const struct fwt_prog_mod *m = &own->mod[mod];

	*object = fwt_patch_object(prog, own->first_object + own->test[m->a].set[0]);
	return m;
}

#endif /* FWT_CORE_PATCH_H */
