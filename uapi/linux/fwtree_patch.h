/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * fwtree: a small change to a compiled policy, as it crosses into the kernel.
 *
 * A patch stands beside a program that is in force already, its *base*, and says
 * which of the base's rules count no more and which others do, and where. It is
 * always the whole difference to the base, never one to the patch before it.
 *
 * The rules that are added come as a program of their own, compiled and verified
 * as any other (fwtree_program.h). Each stands in a forest of that program, and
 * belongs to a forest of the base: a GROUP is a forest of the base and the FOREST
 * node that holds what was added to it; a PLACE is a rule of it and where it
 * stands among those of the base. What the base looks up in its forest is looked
 * up in the other, too, and of the two that which stands first counts.
 *
 * Rules are added to forests and taken from forests, and from nowhere else: there
 * whatever matches goes on behind the rule, and where none does there is a way on,
 * so that every path still ends in a verdict, whichever rules are gone.
 *
 * Where an added rule goes on it comes to a FOREST node of that program; then rules behind
 * it are looked for, again in both.
 *
 * OBJECTS of that program are sets that the base has, by name and with the same types, or
 * what is a rule's own: limits, quotas, splits. Sets bring no elements, and no other limits:
 * a rule that asks one asks the base's.
 *
 * EDITS and TEXT are for people: the lines of the base's files that are others now.
 */
#ifndef _UAPI_LINUX_FWTREE_PATCH_H
#define _UAPI_LINUX_FWTREE_PATCH_H

#include <linux/types.h>
#include "fwtree_program.h"

#define FWT_PATCH_MAGIC		0x68637470u	/* "ptch" */
#define FWT_PATCH_VERSION	1

#define FWT_PATCH_SIZE_MAX	(16u << 20)	/* bytes */
#define FWT_PATCH_PLACES_MAX	4096		/* rules that are added */
#define FWT_PATCH_DELETED_MAX	65536		/* rules that are taken away */
#define FWT_PATCH_OBJECTS_MAX	256		/* sets that rules ask, limits that they have */

/* The sections, in their order: X(ID, "what an element is called", its type).
 * DELETED are rules of the base, ascending; PROGRAM is one program.
 */
#define FWT_PATCH_SECTIONS(X) \
	X(GROUPS, "group", struct fwt_patch_group) \
	X(PLACES, "place", struct fwt_patch_place) \
	X(DELETED, "deleted rule", __u32) \
	X(EDITS, "edit", struct fwt_patch_edit) \
	X(TEXT, "text", char) \
	X(PROGRAM, "program", char)

enum fwt_patch_section {
#define FWT_PATCH_SECTION_ENUM(id, name, type) FWT_PATCH_##id,
	FWT_PATCH_SECTIONS(FWT_PATCH_SECTION_ENUM)
#undef FWT_PATCH_SECTION_ENUM
	__FWT_PATCH_MAX,
};

/**
 * struct fwt_patch_hdr - the head of a patch
 * @magic: FWT_PATCH_MAGIC
 * @version: FWT_PATCH_VERSION
 * @n_sections: __FWT_PATCH_MAX
 * @len: bytes of the whole patch
 * @flags: none yet, 0
 * @sec: the sections, as a program has them; PROGRAM begins at a multiple of 64
 */
struct fwt_patch_hdr {
	__u32 magic;
	__u16 version;
	__u16 n_sections;
	__u32 len;
	__u32 flags;
	struct fwt_prog_section sec[__FWT_PATCH_MAX];
};

/**
 * struct fwt_patch_group - what is added to a forest
 * @forest: of the base; groups come in ascending order
 * @node: the FOREST node of the patch's program
 * @first: first one in PLACES
 * @count: how many
 */
struct fwt_patch_group {
	__u32 forest;
	__u32 node;
	__u32 first;
	__u32 count;
};

enum fwt_patch_side {
	FWT_PATCH_BEFORE,	/* directly before the base's rule @at */
	FWT_PATCH_AFTER,	/* directly behind it; it ends the walk */
	__FWT_PATCH_SIDE_MAX,
};

/**
 * struct fwt_patch_place - a rule that is added
 * @rule: in the patch's program
 * @at: rule of the base, in a forest
 * @side: enum fwt_patch_side
 * @edit: that has its text
 * @line: its first line there, from 0
 * @lines: how many
 *
 * Within a group in the order in which they stand, which is that of their nodes.
 */
struct fwt_patch_place {
	__u32 rule;
	__u32 at;
	__u32 side;
	__u32 edit;
	__u32 line;
	__u32 lines;
};

/**
 * struct fwt_patch_edit - lines of a file that are others now
 * @file: in FILES of the base
 * @line: the first one that is taken away, or that before which others stand
 * @removed: how many are taken away
 * @added: how many come in their place
 * @text: these, in TEXT
 * @text_len: bytes
 *
 * In the order of files and lines, and not overlapping.
 */
struct fwt_patch_edit {
	__u32 file;
	__u32 line;
	__u32 removed;
	__u32 added;
	__u32 text;
	__u32 text_len;
};

#endif /* _UAPI_LINUX_FWTREE_PATCH_H */
