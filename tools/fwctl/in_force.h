/* SPDX-License-Identifier: GPL-2.0 */
/* The policy in force, as text to be read again. */
#ifndef FWCTL_IN_FORCE_H
#define FWCTL_IN_FORCE_H

#include "fwctl.h"

struct fwt_diag;
struct fwt_parse_files;
struct fwt_policy_ast;
struct view;

/**
 * in_force_parse() - read the policy in force again
 * @ast: it, to be freed; NULL where there is none
 * @diag: told of what is wrong with it
 *
 * Return: 0, or the exit status after having said why not.
 */
int in_force_parse(struct fwctl *ctl, struct fwt_policy_ast **ast, struct fwt_diag *diag);

/**
 * in_force_read() - read a policy that is or may come to be in force
 * @v: it, with the delta of @v
 * @name: what its file is shown as, where it has no other
 * @diag: told of what is wrong with it
 *
 * Return: it, to be freed; NULL where it can't be read.
 */
struct fwt_policy_ast *in_force_read(const struct view *v, const char *name,
				     struct fwt_diag *diag);

/**
 * in_force_files() - the texts of a policy's files as they are now
 * @v: it, with the delta of @v
 * @files: filled in; in_force_files_clean() frees what it holds, also where this fails
 *
 * Return: false without memory.
 */
bool in_force_files(const struct view *v, struct fwt_parse_files *files);
void in_force_files_clean(struct fwt_parse_files *files);

#endif /* FWCTL_IN_FORCE_H */
